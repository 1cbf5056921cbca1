"""Curves of growth, and the aperture that PHOTOMETRYPIPELINE's rule picks from those of a night."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from photdb.errors import CalibrationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Sources of a frame that its curve is made of.
_SOURCES = 50
#: The smallest share of the flux in the aperture, and the largest difference between the two curves.
_LEAST_FLUX, _LARGEST_DIFFERENCE = 0.70, 0.05


class Growth(NamedTuple):
    """Median flux and signal-to-noise ratio per aperture, as shares of their largest value; NaN: not measured."""

    flux: NDArray[np.float64]
    snr: NDArray[np.float64]


def growth_curve(
    aper_flux: NDArray[np.float64], aper_flux_err: NDArray[np.float64], flags: NDArray[np.int32]
) -> Growth:
    """Return the growth curve of one frame from its 50 brightest sources without flags.

    Parameters
    ----------
    aper_flux, aper_flux_err : ndarray, (sources, apertures)
        Fluxes and errors, in one unit; NaN where not measured.
    flags : ndarray of int, (sources,)
    """
    nothing = np.full(aper_flux.shape[1], np.nan)
    measured = np.isfinite(aper_flux).any(axis=0)
    complete = (flags == 0) & (aper_flux[:, measured] > 0).all(axis=1)
    if not measured.any() or not complete.any():
        return Growth(nothing, nothing.copy())
    flux, error = aper_flux[complete], aper_flux_err[complete]
    order = np.argsort(-np.nanmax(flux, axis=1), kind="stable")[:_SOURCES]
    curves = []
    for values in (flux[order], flux[order] / error[order]):
        curve = nothing.copy()
        share = values[:, measured] / values[:, measured].max(axis=1, keepdims=True)
        curve[measured] = np.median(share, axis=0)
        curves.append(curve)
    return Growth(*curves)


def choose_aperture(curves: Sequence[Growth], diameters: NDArray[np.float64]) -> float:
    """Return the diameter that suits a night: PHOTOMETRYPIPELINE's rule for background stars.

    The curves of the frames are stacked by their median. The choice is the narrowest aperture that holds more than 70 %
    of the flux and where the shares of flux and of signal-to-noise ratio differ by less than 5 %; where none is that
    close, the one of those above 70 % where they differ least; where none holds 70 %, the one that holds most.

    Parameters
    ----------
    curves : sequence of Growth
        One per frame, over the same apertures.
    diameters : ndarray
        Diameters of the apertures, in any unit.

    Returns
    -------
    float
        One of `diameters`.

    Raises
    ------
    CalibrationError
        When no frame has a growth curve.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # an aperture that no frame measured is NaN
        flux = np.nanmedian([c.flux for c in curves], axis=0) if curves else np.full(len(diameters), np.nan)
        snr = np.nanmedian([c.snr for c in curves], axis=0) if curves else flux
    usable = np.isfinite(flux) & np.isfinite(snr) & np.isfinite(diameters)
    if not usable.any():
        raise CalibrationError(
            f"none of {len(curves)} frames has a star without flags in all apertures, so there is no growth curve",
            "leave --aperture out for 3 FWHM of the frame",
        )
    order = np.argsort(diameters[usable], kind="stable")
    d, flux, difference = diameters[usable][order], flux[usable][order], np.abs(flux - snr)[usable][order]
    enough = flux > _LEAST_FLUX
    if not enough.any():
        return float(d[np.argmax(flux)])
    close = enough & (difference < _LARGEST_DIFFERENCE)
    if close.any():
        return float(d[np.argmax(close)])
    return float(d[enough][np.argmin(difference[enough])])
