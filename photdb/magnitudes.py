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
