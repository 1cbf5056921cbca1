"""Fluxes, magnitudes and their errors."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: d(mag) = POGSON * d(flux)/flux, that is 2.5 / ln 10.
POGSON = 2.5 / np.log(10.0)

#: AB magnitude zero in millijansky (3631 Jy, Oke & Gunn 1983, ApJ 266, 713).
AB_ZERO_MJY = 3631e3


def flux_to_mag(flux: ArrayLike, zp: ArrayLike = 0.0) -> NDArray[np.float64]:
    """Return ``zp - 2.5 log10(flux)``, NaN where the flux is not positive.

    Parameters
    ----------
    flux : array_like
        ADU/s.
    zp : array_like, default=0
        Magnitude of 1 ADU/s; 0 gives the instrumental magnitude.

    Examples
    --------
    >>> flux_to_mag([100.0, -1.0], 25.0)
    array([20., nan])
    """
    flux = np.asarray(flux, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(flux > 0, zp - 2.5 * np.log10(flux), np.nan)


def mag_error(flux: ArrayLike, flux_err: ArrayLike) -> NDArray[np.float64]:
    """Return the magnitude error ``1.0857 flux_err / flux``, NaN where the flux is not positive."""
    flux = np.asarray(flux, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(flux > 0, POGSON * np.asarray(flux_err, dtype=float) / flux, np.nan)


def limit_mag(sigma: ArrayLike, zp: ArrayLike, n_sigma: float = 5.0) -> NDArray[np.float64]:
    """Return the magnitude of ``n_sigma`` times the noise of an empty aperture (ADU/s)."""
    return flux_to_mag(n_sigma * np.asarray(sigma, dtype=float), zp)


def total_error(*errors: ArrayLike) -> NDArray[np.float64]:
    """Return the root of the sum of squares of independent errors, as ``mag_err_total`` is of its three."""
    squares = (np.square(np.asarray(error, dtype=float)) for error in errors)
    return np.asarray(np.sqrt(sum(squares, start=np.zeros(()))), dtype=float)


def ab_to_mjy(mag: ArrayLike) -> NDArray[np.float64]:
    """Return the flux (mJy) of an AB magnitude, ``3631e3 x 10^(-0.4 mag)``."""
    return AB_ZERO_MJY * 10 ** (-0.4 * np.asarray(mag, dtype=float))


def per_exposure(zp: ArrayLike, exptime_s: ArrayLike) -> NDArray[np.float64]:
    """Return the magnitude of one count in the whole exposure, from that of one count a second.

    Examples
    --------
    >>> float(per_exposure(20.0, 100.0))
    25.0
    """
    return np.asarray(np.asarray(zp, dtype=float) + 2.5 * np.log10(np.asarray(exptime_s, dtype=float)))


def aperture_pixels(diameter_px: ArrayLike) -> NDArray[np.float64]:
    """Return the area (px) of a circle, as source-extractor's users call it ``NPIX``."""
    return np.pi * (np.asarray(diameter_px, dtype=float) / 2) ** 2


def sky_limit(zp: ArrayLike, sky_sigma: ArrayLike, n_pixel: ArrayLike, n_sigma: float = 5.0) -> NDArray[np.float64]:
    """Return ezphot's limit ``zp - 2.5 log10(n_sigma x sky_sigma x sqrt(n_pixel))``.

    It is `limit_mag` of an aperture whose pixels are independent and hold nothing but the noise of the sky.

    Parameters
    ----------
    zp : array_like
        Magnitude of one unit of flux.
    sky_sigma : array_like
        Noise of one pixel, in that unit.
    n_pixel : array_like
        Area of the aperture, px.
    n_sigma : float, default=5
        How many sigma the limit is.
    """
    return limit_mag(np.asarray(sky_sigma, dtype=float) * np.sqrt(n_pixel), zp, n_sigma)
