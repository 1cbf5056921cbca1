"""Fluxes of what moves during the exposure: apertures as long as its path."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from photdb.photometry.aperture_shapes import Pills
from photdb.photometry.flags import Flag
from photdb.photometry.forced import ForcedFluxes, fluxes_in, ground_at
from photdb.photometry.noise_correlation import NoiseCorrelation, noise_correlation
from photdb.photometry.synthetic import moffat_scale

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from photdb.photometry.detection import Found
    from photdb.photometry.pixels import Pixels
    from photdb.photometry.settings import MeasureSettings

    Array = NDArray[np.float64]

#: Directions and places along the path that the share of a trail's light is averaged over.
_DIRECTIONS, _PLACES = 512, 24
#: FWHM of a Gaussian of the variance of a pixel, px.
_PIXEL_FWHM = float(np.sqrt(8 * np.log(2) / 12))
#: Moffat exponent where the frame's is not known, and the most: steeper is a Gaussian.
_BETA, _STEEPEST = 3.0, 30.0


class Profile(Protocol):
    """Width of the frame's stars: what `photdb.photometry.psf.Psf` has of it, px."""

    @property
    def fwhm_x(self) -> float: ...  # noqa: D102

    @property
    def fwhm_y(self) -> float: ...  # noqa: D102

    @property
    def beta(self) -> float: ...  # noqa: D102


def forced_trails(
    pixels: Pixels,
    found: Found,
    x: ArrayLike,
    y: ArrayLike,
    diameter_px: float,
    length: ArrayLike,
    angle: ArrayLike,
    *,
    settings: MeasureSettings,
    psf: Profile | None = None,
    zero_point_px: float | None = None,
    correlation: NoiseCorrelation | None = None,
    scintillation: float | None = None,
) -> ForcedFluxes:
    """Measure pills (stadiums) around the paths of moving sources, their fluxes made comparable with those of stars.

    A pill holds all points within half a diameter of the path. It misses another share of a trail's light than a circle
    misses of a star's: flux, errors and noise are multiplied with `correction`, so that the zero point of the circle
    holds for them.

    Parameters
    ----------
    pixels : Pixels
        The frame that `found` was made from.
    found : Found
    x, y : array_like
        Middles of the paths, px.
    diameter_px : float
        Width of the pills, px; NaN is not measured.
    length : array_like
        How far the source moved during the exposure, px: its rate times the exposure time.
    angle : array_like
        Direction of the path, rad, from +x towards +y.
    settings : MeasureSettings
    psf : Profile, optional
        Width of the frame's stars; without it that of `found`.
    zero_point_px : float, optional
        Diameter of the circle that the zero point belongs to, px; without it `diameter_px`.
    correlation : NoiseCorrelation, optional
        Of the frame, where it has been measured already.
    scintillation : float, optional
        Relative rms of the flux.
    """
    x, y, length, angle = (
        v.astype(float) for v in np.broadcast_arrays(*(np.atleast_1d(v) for v in (x, y, length, angle)))
    )
    whole = np.isfinite(length) & np.isfinite(angle) & (length >= 0) & np.isfinite(diameter_px)
    radius = np.full(len(x), 0.5 * diameter_px)
    out = ForcedFluxes.blank(x, y, a=0.5 * length + radius, b=radius, theta=angle, flags=int(Flag.APERTURE_INCOMPLETE))
    here = np.flatnonzero(whole)
    if not len(here):
        return out
    shape = Pills.of(length[here], radius[here], angle[here])
    widest = 2 * float(shape.a.max())
    ground = ground_at(
        pixels, found, x[here], y[here], apertures_px=[widest], primary_px=widest, settings=settings,
        correlation=noise_correlation(pixels, found) if correlation is None else correlation,
    )  # fmt: skip
    fluxes = fluxes_in(shape, pixels, found, ground, scintillation=scintillation)
    fwhm, beta = _width(found, psf)
    out.put(here, corrected(fluxes, trail_correction(fwhm, beta, diameter_px, length[here], zero_point_px)))
    return out


def corrected(fluxes: ForcedFluxes, factor: ArrayLike) -> ForcedFluxes:
    """Return fluxes with their errors and noise multiplied with a factor, which `correction` then holds as well."""
    names = ("flux", "error", "err_source", "err_pixels", "err_background", "empty", "empty_scatter", "correction")
    return replace(fluxes, **{name: getattr(fluxes, name) * factor for name in names})


def trail_correction(
    fwhm: float, beta: float, diameter: float, length: ArrayLike, zero_point_diameter: float | None = None
) -> Array:
    """Return the share of a star's light in a circle over that of a trail's light in the pill around its path.

    For a Moffat profile the light within a radius r is ``1 - (1 + r²/alpha²)^(1 - beta)`` (Moffat 1969, A&A 3, 455); in
    a convex aperture around the star it is the mean of that over the directions to the rim, and that of a trail the
    mean over its path. The pixels blur as a Gaussian of their variance does, 1/12 px² each way.

    Parameters
    ----------
    fwhm : float
        Of the frame's stars before the pixels blurred them, px; NaN gives 1.
    beta : float
        Exponent of their profile.
    diameter : float
        Of the pill, px.
    length : array_like
        Of the path, px.
    zero_point_diameter : float, optional
        Of the circle, px; without it `diameter`.
    """
    length, which = np.unique(np.atleast_1d(np.asarray(length, float)), return_inverse=True)
    if not np.isfinite(fwhm):
        return np.ones(len(which))
    alpha = float(moffat_scale(np.sqrt(fwhm**2 + _PIXEL_FWHM**2), beta))
    phi = (np.arange(_DIRECTIONS) + 0.5) * 2 * np.pi / _DIRECTIONS
    node, weight = np.polynomial.legendre.leggauss(_PLACES)
    rim = _to_the_rim(0.5 * length[:, None, None] * node[:, None], 0.5 * length[:, None, None], 0.5 * diameter, phi)
    pill = np.einsum("ntp,t->n", 1 - (1 + (rim / alpha) ** 2) ** (1 - beta), weight / (2 * _DIRECTIONS))
    circle = 1 - (1 + (0.5 * (zero_point_diameter or diameter) / alpha) ** 2) ** (1 - beta)
    return np.asarray(circle / pill)[which]


def _to_the_rim(place: Array, half: Array, radius: float, phi: Array) -> Array:
    """Return how far it is to the rim of a pill, from places on its path (from its middle) into directions, px."""
    c, s = np.cos(phi), np.sin(phi)
    side = radius / np.abs(s)
    to_end = place - np.where(c > 0, half, -half)
    cap = -to_end * c + np.sqrt(np.maximum(radius**2 - (to_end * s) ** 2, 0))
    return np.where(np.abs(place + side * c) <= half, side, cap)


def _width(found: Found, psf: Profile | None) -> tuple[float, float]:
    """Return FWHM (px) and exponent of the frame's stars."""
    fwhm, beta = found.fwhm_px, found.beta
    if psf is not None and np.isfinite(psf.fwhm_x) and np.isfinite(psf.fwhm_y) and np.isfinite(psf.beta):
        fwhm, beta = float(np.sqrt(psf.fwhm_x * psf.fwhm_y)), psf.beta
    return fwhm, min(beta, _STEEPEST) if np.isfinite(beta) else _BETA
