"""Everything measured of the sources of a frame, as columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import sep

from photdb.photometry.aperture import (
    LocalSky,
    Variance,
    annulus_for,
    circle_sums,
    local_sky,
    mask_bits,
    mirror_masked,
    pixel_variance,
    reaches_edge,
)
from photdb.photometry.detection import Found, find_sources
from photdb.photometry.flags import UNUSABLE, Flag
from photdb.photometry.settings import MeasureSettings
from photdb.photometry.stellarity import star_likelihood

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from photdb.photometry.pixels import Pixels

__all__ = ["Found", "MeasureSettings", "find_sources", "measure"]

#: Kron's factor and the least reach of the auto aperture, in axes of the moments: source-extractor's PHOT_AUTOPARAMS.
_KRON_FACTOR, _KRON_LEAST = 2.5, 3.5
#: How far out the Kron radius is taken, in axes.
_KRON_REACH = 6.0
#: A neighbour counts when it may bring this share of a source's flux into its primary aperture.
_NEIGHBOUR_SHARE = 0.01


def measure(
    pixels: Pixels,
    found: Found,
    *,
    apertures_px: ArrayLike,
    primary_px: float,
    exptime_s: float,
    settings: MeasureSettings,
    scintillation: float | None = None,
) -> dict[str, NDArray[np.generic]]:
    """Measure the sources of a frame.

    Errors are of the measurement alone: photons of source and sky, the frame's floor (read noise, dark, master frames)
    summed over the aperture, the error of the local sky, and scintillation where it is given. A bad pixel or cosmic
    ray within an aperture takes the value opposite to it across the source; where that cannot be had, and where an
    aperture reaches over the edge, its flux is NaN.

    Parameters
    ----------
    pixels : Pixels
        The frame that `found` was made from.
    found : Found
    apertures_px : array_like, (k,)
        Diameters, px; NaN is not measured.
    primary_px : float
        Diameter of the primary aperture, px.
    exptime_s : float
        Exposure time, s.
    settings : MeasureSettings
    scintillation : float, optional
        Relative rms of the flux, from `photdb.photometry.scintillation`.

    Returns
    -------
    dict of str to ndarray
        One element (or row of k) per source. Fluxes and errors in ADU/s: flux, flux_err (primary), flux_auto,
        flux_auto_err, aper_flux, aper_flux_err. Lengths in px: x, y, a, b, fwhm, flux_radius. theta: rad, from +x towards
        +y. kron_radius: in units of a and b. peak, sky: ADU per px (sky is the whole local background). snr, ellipticity,
        elongation: pure numbers; class_star: 0 (extended) to 1 (star); npix: px; flags: bits of Flag.
    """
    diameters = np.append(np.asarray(apertures_px, float).reshape(-1), float(primary_px))
    variance = pixel_variance(pixels, found.background, found.x, found.y)
    sky, flags = _sky(found, pixels, diameters, settings), found.flags.copy()
    flags |= np.where(sky.poor, int(Flag.LOCAL_SKY_POOR), 0).astype(np.int32)
    with _Patched(found, pixels, 0.5 * float(np.nanmax(diameters))) as patched:
        sums = circle_sums(found.subtracted, found.x, found.y, diameters)
        auto, auto_err, kron = _auto(found, variance)
        flux_radius = _half_light(found, sums, diameters, sky.level)
    flux, error = _fluxes(sums, diameters, sky, variance, found, scintillation)
    over = reaches_edge(found.subtracted.shape, found.x, found.y, diameters)
    missing = over | (patched.incomplete[:, None] < 0.5 * diameters[None, :] + 0.5)
    flux[missing], error[missing] = np.nan, np.nan
    flags |= mask_bits(pixels.mask, found.x, found.y, 0.5 * primary_px)
    flags |= np.where(over[:, -1], int(Flag.TRUNCATED), 0).astype(np.int32)
    flags |= np.where(missing[:, -1], int(Flag.APERTURE_INCOMPLETE), 0).astype(np.int32)
    flags |= _neighbours(found, primary_px)
    with np.errstate(invalid="ignore", divide="ignore"):
        snr = flux[:, -1] / error[:, -1]
        elongation = np.where(found.b > 0, found.a / found.b, np.nan)
    return {
        "x": found.x, "y": found.y, "a": found.a, "b": found.b, "theta": found.theta, "fwhm": found.fwhm,
        "peak": found.peak, "sky": found.background.level_at(found.x, found.y) + sky.level,
        "flux": flux[:, -1] / exptime_s, "flux_err": error[:, -1] / exptime_s,
        "flux_auto": auto / exptime_s, "flux_auto_err": auto_err / exptime_s,
        "aper_flux": flux[:, :-1] / exptime_s, "aper_flux_err": error[:, :-1] / exptime_s,
        "kron_radius": kron, "flux_radius": flux_radius, "snr": snr,
        "class_star": star_likelihood(found.fwhm, found.fwhm_px, snr),
        "ellipticity": found.ellipticity_source, "elongation": elongation, "npix": found.npix, "flags": flags,
    }  # fmt: skip


class _Patched:
    """The frame with unusable pixels near sources filled in from across them; put back on leaving."""

    def __init__(self, found: Found, pixels: Pixels, radius: float) -> None:
        self.image = found.subtracted.reshape(-1)
        self.incomplete = np.full(len(found), np.inf)
        self.index: NDArray[np.int64] = np.empty(0, np.int64)
        touched = (
            np.flatnonzero(mask_bits(pixels.mask & np.uint8(UNUSABLE), found.x, found.y, radius + 1.0))
            if pixels.mask.any()
            else []
        )
        if len(touched):
            self.index, self.new, self.incomplete[touched] = mirror_masked(
                found.subtracted, pixels.mask, found.x[touched], found.y[touched], radius
            )

    def __enter__(self) -> _Patched:
        if len(self.index):
            self.old = self.image[self.index]
            self.image[self.index] = self.new
        return self

    def __exit__(self, *_: object) -> None:
        if len(self.index):
            self.image[self.index] = self.old


def _sky(found: Found, pixels: Pixels, diameters: NDArray[np.float64], settings: MeasureSettings) -> LocalSky:
    """Return the local sky of every source, or the map's where the user wants that."""
    n = len(found)
    if not settings.local_background or not np.isfinite(found.fwhm_px):
        error = 1.25 * found.background.noise_at(found.x, found.y) / (found.background.box / found.background.step)
        return LocalSky(np.zeros(n), error, np.zeros(n, np.int64), np.zeros(n, bool))
    annulus = annulus_for(found.fwhm_px, float(diameters[-1]), float(np.nanmax(diameters)))
    hidden = (pixels.mask & np.uint8(UNUSABLE)).astype(bool)
    disc = np.minimum(np.maximum(3 * found.a, found.fwhm_px), annulus.inner - 1.0)
    sep.mask_ellipse(hidden, found.x, found.y, disc, disc, np.zeros(n), 1.0)
    return local_sky(found.subtracted, hidden, found.background, found.x, found.y, annulus)


def _fluxes(
    sums: NDArray[np.float64],
    diameters: NDArray[np.float64],
    sky: LocalSky,
    variance: Variance,
    found: Found,
    scintillation: float | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fluxes and errors of circular apertures, ADU."""
    area = np.pi / 4 * diameters**2
    flux = sums - sky.level[:, None] * area
    electrons = variance.electrons[:, None]
    if variance.sky is None:
        below = variance.at[:, None] * area
    else:
        below = circle_sums(variance.sky, found.x, found.y, diameters)
    below = below + np.maximum(sky.level, 0)[:, None] * area / electrons
    total = below + np.maximum(flux, 0) / electrons + (sky.error[:, None] * area) ** 2
    if scintillation:
        total = total + (scintillation * flux) ** 2
    return flux, np.sqrt(np.maximum(total, 0))


def _auto(found: Found, variance: Variance) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Kron flux and error, ADU, and the Kron radius; on the background map alone, as source-extractor's."""
    shape = found.x, found.y, np.maximum(found.a, 1e-3), np.maximum(found.b, 1e-3), found.theta
    kron, _ = sep.kron_radius(found.subtracted, *shape, _KRON_REACH)
    reach = np.where(np.isfinite(kron) & (kron > 0), np.maximum(_KRON_FACTOR * kron, _KRON_LEAST), _KRON_LEAST)
    flux = sep.sum_ellipse(found.subtracted, *shape, reach, subpix=1)[0]
    if variance.sky is None:
        below = variance.at * np.pi * shape[2] * shape[3] * reach**2
    else:
        below = sep.sum_ellipse(variance.sky, *shape, reach, subpix=1)[0]
    return flux, np.sqrt(np.maximum(below + np.maximum(flux, 0) / variance.electrons, 0)), kron


def _half_light(
    found: Found, sums: NDArray[np.float64], diameters: NDArray[np.float64], sky: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Radius within which half the light of the widest circle of 6 FWHM or less falls, px."""
    if not np.isfinite(found.fwhm_px):
        return np.full(len(found), np.nan)
    radii = found.fwhm_px * np.array([0.25, 0.5, 0.75, 1.0, 1.5, 2.5])
    curve = circle_sums(found.subtracted, found.x, found.y, 2 * radii) - sky[:, None] * np.pi * radii**2
    curve = np.concatenate([np.zeros((len(found), 1)), curve], axis=1)
    return _crossing(np.append(0.0, radii), curve)


def _crossing(radii: NDArray[np.float64], curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where growth curves first reach half of their last value, linear in area between radii."""
    half = 0.5 * curve[:, -1:]
    beyond = (curve >= half) & (half > 0)
    k = np.maximum(np.argmax(beyond, axis=1), 1)
    rows = np.arange(len(curve))
    low, high = curve[rows, k - 1], curve[rows, k]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (half[:, 0] - low) / (high - low)
        area = radii[k - 1] ** 2 + share * (radii[k] ** 2 - radii[k - 1] ** 2)
        return np.asarray(np.where(beyond.any(axis=1), np.sqrt(area), np.nan))


def _neighbours(found: Found, primary_px: float) -> NDArray[np.int32]:
    """Flag sources whose primary aperture another one lights up by more than a hundredth."""
    from scipy.spatial import cKDTree

    out = np.zeros(len(found), np.int32)
    fwhm = found.fwhm_px if np.isfinite(found.fwhm_px) else 3.0
    pairs = cKDTree(np.c_[found.x, found.y]).query_pairs(0.5 * primary_px + 2.5 * fwhm, output_type="ndarray")
    if not len(pairs):
        return out
    distance = np.hypot(*(np.c_[found.x, found.y][pairs[:, 0]] - np.c_[found.x, found.y][pairs[:, 1]]).T)
    spilt = _spill(distance - 0.5 * primary_px, fwhm)
    for me, other in ((0, 1), (1, 0)):
        mine, theirs = found.flux_iso[pairs[:, me]], found.flux_iso[pairs[:, other]]
        out[pairs[spilt * theirs > _NEIGHBOUR_SHARE * np.maximum(mine, 1e-6), me]] = int(Flag.NEIGHBOURS)
    return out


def _spill(beyond: NDArray[np.float64], fwhm: float) -> NDArray[np.float64]:
    """Rough share of a star's light past a straight edge at a distance from it (a Moffat profile of beta 3)."""
    u = beyond / (fwhm / (2 * np.sqrt(2 ** (1 / 3) - 1)))
    return np.asarray(np.where(u > 0, 0.5 * (1 + u**2) ** -1.5, 1.0))
