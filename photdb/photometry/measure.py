"""Everything measured of the sources of a frame, as columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import sep

from photdb.photometry.aperture import CircleFluxes, Variance, circle_fluxes, circle_sums, pixel_variance
from photdb.photometry.aperture_shapes import Ellipses
from photdb.photometry.detection import Found, find_sources
from photdb.photometry.empty_places import wing_reach
from photdb.photometry.flags import UNUSABLE, Flag
from photdb.photometry.local_sky import Annulus, annulus_for
from photdb.photometry.masked import mask_bits
from photdb.photometry.settings import MeasureSettings
from photdb.photometry.stellarity import star_likelihood

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from photdb.photometry.noise_correlation import NoiseCorrelation
    from photdb.photometry.pixels import Pixels

__all__ = ["Found", "MeasureSettings", "empty_noise", "find_sources", "fluxes_at", "measure"]

#: Kron's factor and the least reach of the auto aperture, in axes of the moments: source-extractor's PHOT_AUTOPARAMS.
_KRON_FACTOR, _KRON_LEAST = 2.5, 3.5
#: How far out the Kron radius is taken, in axes.
_KRON_REACH = 6.0
#: A neighbour counts when it may bring this share of a source's flux into its primary aperture.
NEIGHBOUR_SHARE = 0.01


def measure(
    pixels: Pixels,
    found: Found,
    *,
    apertures_px: ArrayLike,
    primary_px: float,
    exptime_s: float,
    settings: MeasureSettings,
    correlation: NoiseCorrelation | None = None,
    scintillation: float | None = None,
) -> dict[str, NDArray[np.generic]]:
    """Measure the sources of a frame.

    Errors are of the measurement alone: photons of source and sky, the frame's floor (read noise, dark, master frames)
    summed over the aperture, the error of the local sky, and scintillation where it is given. What neighbouring pixels
    share of their noise makes all of it but the source's photons and scintillation larger. A bad pixel or cosmic
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
    correlation : NoiseCorrelation, optional
        Of neighbouring pixels, from `photdb.photometry.empty_scatter.believed_correlation`; without it each has its own
        noise.
    scintillation : float, optional
        Relative rms of the flux, from `photdb.photometry.scintillation`.

    Returns
    -------
    dict of str to ndarray
        One element (or row of k) per source. Fluxes and errors in ADU/s: flux, flux_err (primary), flux_auto,
        flux_auto_err, aper_flux, aper_flux_err. Lengths in px: x, y, a, b, fwhm, flux_radius. theta: rad, from +x
        towards +y. kron_radius: reach of the auto ellipse in units of a and b. peak, sky: ADU per px (sky is the whole
        local background). snr, ellipticity, elongation: pure numbers; class_star: 0 (extended) to 1 (star); npix: px;
        flags: bits of Flag.
    """
    diameters = np.append(np.asarray(apertures_px, float).reshape(-1), float(primary_px))
    variance = pixel_variance(pixels, found.background, found.x, found.y)
    annulus = _annulus(found, diameters, settings)
    circles = circle_fluxes(
        pixels, found.background, found.subtracted, hidden_pixels(pixels, found, annulus), found.x, found.y, diameters,
        variance=variance, annulus=annulus, correlation=correlation, scintillation=scintillation,
    )  # fmt: skip
    auto, auto_err, kron = _auto(found, variance, correlation)
    flux, error, sky = circles.flux, circles.error, circles.sky
    flags = found.flags | mask_bits(pixels.mask, found.x, found.y, 0.5 * primary_px) | _neighbours(found, primary_px)
    for flag, where in (
        (Flag.LOCAL_SKY_POOR, sky.poor),
        (Flag.TRUNCATED, circles.over[:, -1]),
        (Flag.APERTURE_INCOMPLETE, circles.missing[:, -1]),
    ):
        flags = flags | np.where(where, int(flag), 0).astype(np.int32)
    with np.errstate(invalid="ignore", divide="ignore"):
        snr = flux[:, -1] / error[:, -1]
        elongation = np.where(found.b > 0, found.a / found.b, np.nan)
    return {
        "x": found.x, "y": found.y, "a": found.a, "b": found.b, "theta": found.theta, "fwhm": found.fwhm,
        "peak": found.peak, "sky": found.background.level_at(found.x, found.y) + sky.level,
        "flux": flux[:, -1] / exptime_s, "flux_err": error[:, -1] / exptime_s,
        "flux_auto": auto / exptime_s, "flux_auto_err": auto_err / exptime_s,
        "aper_flux": flux[:, :-1] / exptime_s, "aper_flux_err": error[:, :-1] / exptime_s,
        "kron_radius": kron, "flux_radius": _half_light(found, auto, circles, diameters), "snr": snr,
        "class_star": star_likelihood(found.fwhm, found.fwhm_px, snr),
        "ellipticity": found.ellipticity_source, "elongation": elongation, "npix": found.npix, "flags": flags,
    }  # fmt: skip


def fluxes_at(
    pixels: Pixels,
    found: Found,
    x: ArrayLike,
    y: ArrayLike,
    *,
    apertures_px: ArrayLike,
    settings: MeasureSettings,
    primary_px: float | None = None,
    correlation: NoiseCorrelation | None = None,
    scintillation: float | None = None,
) -> CircleFluxes:
    """Measure circles at given positions of a frame, whether or not there is a source: forced and blank apertures.

    Fluxes are in ADU per exposure; see `photdb.photometry.aperture.CircleFluxes`. The annulus is that of detections
    with this primary aperture; without one it is that of the widest circle.
    """
    where = np.asarray(x, float).reshape(-1), np.asarray(y, float).reshape(-1)
    diameters = np.asarray(apertures_px, float).reshape(-1)
    annulus = _annulus(found, np.append(diameters, primary_px or np.nanmax(diameters)), settings)
    return circle_fluxes(
        pixels, found.background, found.subtracted, hidden_pixels(pixels, found, annulus), *where, diameters,
        variance=pixel_variance(pixels, found.background, *where), annulus=annulus, correlation=correlation,
        scintillation=scintillation,
    )  # fmt: skip


def empty_noise(
    pixels: Pixels,
    found: Found,
    *,
    apertures_px: ArrayLike,
    exptime_s: float,
    settings: MeasureSettings,
    primary_px: float | None = None,
    correlation: NoiseCorrelation | None = None,
) -> NDArray[np.float64]:
    """Return the noise of apertures with no source in them, ADU/s: the median over a grid of 12 x 12 positions.

    The limiting magnitude of a frame is ``zp - 2.5 log10(5 * this)``. With the primary aperture and the correlation of
    the detections it is the noise of a forced flux at a typical place.
    """
    height, width = found.subtracted.shape
    y, x = np.meshgrid(np.linspace(0.1, 0.9, 12) * height, np.linspace(0.1, 0.9, 12) * width)
    circles = fluxes_at(
        pixels, found, x, y, apertures_px=apertures_px, primary_px=primary_px, settings=settings,
        correlation=correlation,
    )  # fmt: skip
    noise = np.median(circles.empty, axis=0)
    return np.asarray(noise / exptime_s)


def _annulus(found: Found, diameters: NDArray[np.float64], settings: MeasureSettings) -> Annulus | None:
    """Return the annulus of the local sky; None where the user, or the lack of stars, leaves the map alone."""
    if not settings.local_background or not np.isfinite(found.fwhm_px):
        return None
    return annulus_for(found.fwhm_px, float(diameters[-1]), float(np.nanmax(diameters)))


def hidden_pixels(pixels: Pixels, found: Found, annulus: Annulus | None) -> NDArray[np.bool_]:
    """Return the pixels that no annulus may use: unusable ones, and discs on the sources as far as their wings reach.

    Discs never reach the source's own annulus, or the bright stars alone would lose the light of their wings there.
    """
    hidden = (pixels.mask & np.uint8(UNUSABLE)).astype(bool)
    if annulus:
        disc = np.minimum(wing_reach(found), annulus.inner - 1.0)
        sep.mask_ellipse(hidden, found.x, found.y, disc, disc, np.zeros(len(found)), 1.0)
    return hidden


def _auto(
    found: Found, variance: Variance, correlation: NoiseCorrelation | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Kron flux and error, ADU, and the reach of its ellipse; on the background map alone, as source-extractor's."""
    shape = found.x, found.y, np.maximum(found.a, 1e-3), np.maximum(found.b, 1e-3), found.theta
    kron, _ = sep.kron_radius(found.subtracted, *shape, _KRON_REACH)
    reach = np.where(np.isfinite(kron) & (kron > 0), np.maximum(_KRON_FACTOR * kron, _KRON_LEAST), _KRON_LEAST)
    flux = sep.sum_ellipse(found.subtracted, *shape, reach, subpix=1)[0]
    if variance.sky is None:
        below = variance.at * np.pi * shape[2] * shape[3] * reach**2
    else:
        below = sep.sum_ellipse(variance.sky, *shape, reach, subpix=1)[0]
    if correlation is not None and correlation.is_resampled:
        ellipses = Ellipses.of(shape[2] * reach, shape[3] * reach, shape[4])
        below = below * correlation.factor(ellipses.area, ellipses.perimeter) ** 2
    return flux, np.sqrt(np.maximum(below + np.maximum(flux, 0) / variance.electrons, 0)), reach


def _half_light(
    found: Found, auto: NDArray[np.float64], circles: CircleFluxes, diameters: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Radius within which half the auto flux falls, px: from the circles measured and two within a FWHM."""
    if not np.isfinite(found.fwhm_px):
        return np.full(len(found), np.nan)
    inner = found.fwhm_px * np.array([0.5, 0.7])
    outer = 0.5 * diameters
    use = outer > inner[-1]
    sums = circle_sums(found.subtracted, found.x, found.y, 2 * inner) - circles.sky.level[:, None] * np.pi * inner**2
    radii = np.concatenate([[0.0], inner, outer[use]])
    curve = np.concatenate([np.zeros((len(found), 1)), sums, circles.flux[:, use]], axis=1)
    order = np.argsort(radii, kind="stable")
    return _crossing(radii[order], curve[:, order], 0.5 * auto)


def _crossing(
    radii: NDArray[np.float64], curve: NDArray[np.float64], wanted: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Where growth curves first reach a flux, linear in area between radii; NaN where they do not."""
    with np.errstate(invalid="ignore", divide="ignore"):
        beyond = (curve >= wanted[:, None]) & (wanted[:, None] > 0)
        k = np.maximum(np.argmax(beyond, axis=1), 1)
        rows = np.arange(len(curve))
        low, high = curve[rows, k - 1], curve[rows, k]
        area = radii[k - 1] ** 2 + (wanted - low) / (high - low) * (radii[k] ** 2 - radii[k - 1] ** 2)
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
    spilt = spill(distance - 0.5 * primary_px, fwhm)
    for me, other in ((0, 1), (1, 0)):
        mine, theirs = found.flux_iso[pairs[:, me]], found.flux_iso[pairs[:, other]]
        out[pairs[spilt * theirs > NEIGHBOUR_SHARE * np.maximum(mine, 1e-6), me]] = int(Flag.NEIGHBOURS)
    return out


def spill(beyond: NDArray[np.float64], fwhm: float) -> NDArray[np.float64]:
    """Rough share of a star's light past a straight edge at a distance from it (a Moffat profile of beta 3)."""
    u = beyond / (fwhm / (2 * np.sqrt(2 ** (1 / 3) - 1)))
    return np.asarray(np.where(u > 0, 0.5 * (1 + u**2) ** -1.5, 1.0))
