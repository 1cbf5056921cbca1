"""Fluxes in ellipses at positions that somebody asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from photdb.photometry.aperture_shapes import Ellipses
from photdb.photometry.flags import Flag
from photdb.photometry.forced import ForcedFluxes, fluxes_in, ground_at
from photdb.photometry.local_sky import Annulus
from photdb.photometry.noise_correlation import NoiseCorrelation, noise_correlation

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from photdb.photometry.detection import Found
    from photdb.photometry.pixels import Pixels
    from photdb.photometry.settings import MeasureSettings

#: The local sky of an ellipse begins at this many semi-major axes: a galaxy goes on far beyond its aperture.
SKY_AXES = 2.5
#: Ellipses whose sizes differ by less than this factor share an annulus.
_STEP = 2**0.25


def forced_ellipses(
    pixels: Pixels,
    found: Found,
    x: ArrayLike,
    y: ArrayLike,
    a: ArrayLike,
    b: ArrayLike,
    theta: ArrayLike,
    *,
    settings: MeasureSettings,
    correlation: NoiseCorrelation | None = None,
    scintillation: float | None = None,
) -> ForcedFluxes:
    """Measure ellipses at given positions, whether or not there is a source.

    The local sky is taken in a circular annulus from 2.5 semi-major axes on (at least 3.5 FWHM and one FWHM outside the
    ellipse), of ten times the area of a circle around the ellipse.

    Parameters
    ----------
    pixels : Pixels
        The frame that `found` was made from.
    found : Found
    x, y : array_like
        Positions, px.
    a, b : array_like
        Semi-axes, px.
    theta : array_like
        Angle of `a`, rad, from +x towards +y (counter-clockwise where y is up); of a position angle on the sky makes it
        `photdb.ingest.sky_ellipse.ellipse_in_pixels`.
    settings : MeasureSettings
    correlation : NoiseCorrelation, optional
        Of the frame, where it has been measured already.
    scintillation : float, optional
        Relative rms of the flux.
    """
    x, y, a, b, theta = (np.array(v) for v in np.broadcast_arrays(*(np.atleast_1d(v) for v in (x, y, a, b, theta))))
    whole = np.isfinite(a) & np.isfinite(b) & np.isfinite(theta) & (np.minimum(a, b) > 0)
    shape = Ellipses.of(np.where(whole, a, 1.0), np.where(whole, b, 1.0), np.where(whole, theta, 0.0))
    correlation = noise_correlation(pixels, found) if correlation is None else correlation
    asked = ForcedFluxes.blank(x, y, a=a, b=b, theta=theta, flags=int(Flag.APERTURE_INCOMPLETE))
    out = ForcedFluxes.blank(x, y)
    x, y = np.where(whole, x, np.nan), np.where(whole, y, np.nan)
    step = np.ceil(np.log(shape.a) / np.log(_STEP) - 1e-9)
    for size in np.unique(step):
        here = np.flatnonzero(step == size)
        reach = float(_STEP**size)
        ground = ground_at(
            pixels, found, x[here], y[here], apertures_px=[2 * reach], primary_px=2 * reach, settings=settings,
            annulus=_annulus(found.fwhm_px, reach), correlation=correlation,
        )  # fmt: skip
        out.put(here, fluxes_in(shape.at(here), pixels, found, ground, scintillation=scintillation))
    none = np.flatnonzero(~whole)
    out.put(none, asked.at(none))
    return out


def _annulus(fwhm: float, reach: float) -> Annulus | None:
    """Return where the sky of an ellipse of a semi-major axis is taken, px."""
    if not np.isfinite(fwhm):
        return None
    inner = max(3.5 * fwhm, reach + fwhm, SKY_AXES * reach)
    return Annulus(inner, float(np.sqrt(inner**2 + max(24 * fwhm**2, 10 * reach**2, 300 / np.pi))))
