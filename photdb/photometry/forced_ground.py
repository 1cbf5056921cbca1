"""What all apertures at some positions of a frame share: the local sky, the variances, the bad pixels filled in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from photdb.photometry.aperture import Variance, pixel_variance
from photdb.photometry.flags import UNUSABLE, Flag
from photdb.photometry.local_sky import Annulus, LocalSky, annulus_for, local_sky, sky_of_map
from photdb.photometry.masked import Opposite, mask_bits, mirror_masked, opposite_values
from photdb.photometry.measure import hidden_pixels
from photdb.photometry.noise_correlation import NoiseCorrelation, noise_correlation

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from photdb.photometry.detection import Found
    from photdb.photometry.pixels import Pixels
    from photdb.photometry.settings import MeasureSettings

#: A position within this many FWHM of a source is on that source.
SAME_FWHM = 0.5


@dataclass(frozen=True, slots=True)
class Ground:
    """What apertures at some positions share; `sky`, `variance` and `opposite` are of the positions `use`.

    Attributes
    ----------
    x, y : ndarray
        All positions, px.
    use : ndarray of int
        Those within the frame.
    sky : LocalSky
        Relative to the background map.
    level : ndarray
        Whole local background, ADU.
    variance : Variance
        Of the pixels, and of the photons of a source.
    opposite : Opposite
        Bad pixels nearby and what they would have held.
    source : ndarray of int
        The detected source at each position; -1: none.
    correlation : NoiseCorrelation
        Of neighbouring pixels.
    bad, saturated : ndarray of uint8, (height, width), or None
        1 on unusable, and on saturated pixels; None where the frame has none.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    use: NDArray[np.intp]
    sky: LocalSky
    level: NDArray[np.float64]
    variance: Variance
    opposite: Opposite
    source: NDArray[np.intp]
    correlation: NoiseCorrelation
    bad: NDArray[np.uint8] | None
    saturated: NDArray[np.uint8] | None


def ground_at(
    pixels: Pixels,
    found: Found,
    x: ArrayLike,
    y: ArrayLike,
    *,
    apertures_px: ArrayLike,
    primary_px: float,
    settings: MeasureSettings,
    annulus: Annulus | None = None,
    correlation: NoiseCorrelation | None = None,
) -> Ground:
    """Prepare the measurement of positions, for all apertures together.

    With the apertures and the primary one that the detections of the frame were measured in, the local sky and the
    filling of bad pixels are theirs, so that a circle at the place of a detection has exactly its flux.

    Parameters
    ----------
    pixels : Pixels
        The frame that `found` was made from.
    found : Found
    x, y : array_like
        Positions, px; those that are NaN or outside the frame are left out.
    apertures_px : array_like
        Diameters (for other shapes: twice the reach), px; NaN is not measured.
    primary_px : float
        Diameter of the primary aperture, px.
    settings : MeasureSettings
    annulus : Annulus, optional
        Where the local sky is taken, if not where detections have it.
    correlation : NoiseCorrelation, optional
        Of the frame, where it has been measured already.
    """
    x, y = np.array(x, float).reshape(-1), np.array(y, float).reshape(-1)
    height, width = found.subtracted.shape
    use = np.flatnonzero((x >= -0.5) & (x < width - 0.5) & (y >= -0.5) & (y < height - 0.5))
    here = x[use], y[use]
    widest = float(np.fmax.reduce(np.append(np.asarray(apertures_px, float).reshape(-1), primary_px)))
    ring = _annulus(found, primary_px, widest, settings, annulus)
    gain = pixels.gain if pixels.gain_known else None
    if ring:
        sky = local_sky(found.subtracted, hidden_pixels(pixels, found, ring), found.background, *here, ring, gain=gain)
    else:
        sky = sky_of_map(found.background, *here)
    return Ground(
        x=x, y=y, use=use, sky=sky, level=found.background.level_at(*here) + sky.level,
        variance=pixel_variance(pixels, found.background, *here),
        opposite=_opposite(pixels, found, *here, 0.5 * widest), source=_source_at(found, *here),
        correlation=noise_correlation(pixels, found) if correlation is None else correlation,
        bad=_where(pixels.mask, UNUSABLE), saturated=_where(pixels.mask, int(Flag.SATURATED)),
    )  # fmt: skip


def _annulus(
    found: Found, primary: float, widest: float, settings: MeasureSettings, wanted: Annulus | None
) -> Annulus | None:
    """Return the annulus of the local sky; None where the user, or the lack of stars, leaves the map alone."""
    if not settings.local_background or not np.isfinite(found.fwhm_px):
        return None
    return wanted or annulus_for(found.fwhm_px, primary, widest)


def _where(mask: NDArray[np.uint8], bits: int) -> NDArray[np.uint8] | None:
    """Return 1 where a mask has one of some bits, None where it is nowhere."""
    there = (mask & np.uint8(bits)) != 0
    return there.view(np.uint8) if there.any() else None


def _source_at(found: Found, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the nearest source within half a FWHM of each position, -1 where there is none."""
    from scipy.spatial import cKDTree

    if not len(found) or not len(x):
        return np.full(len(x), -1)
    reach = SAME_FWHM * found.fwhm_px if np.isfinite(found.fwhm_px) else 1.0
    distance, nearest = cKDTree(np.c_[found.x, found.y]).query(np.c_[x, y])
    return np.where(distance <= reach, nearest, -1).astype(np.intp)


def _opposite(pixels: Pixels, found: Found, x: NDArray[np.float64], y: NDArray[np.float64], radius: float) -> Opposite:
    """Return what the bad pixels near positions would have held.

    A pixel near a detected source is filled as the source's own measurement fills it, from across the source; others
    from across the position, whatever else is asked for beside it.
    """
    touched = np.flatnonzero(mask_bits(pixels.mask, x, y, radius + 1.0) & UNUSABLE)
    pairs = opposite_values(found.subtracted, pixels.mask, x[touched], y[touched], radius)
    if not len(pairs.pixel):
        return pairs
    near = _sources_near(found, x[touched], y[touched], 2 * radius + 4)
    near = near[(mask_bits(pixels.mask, found.x[near], found.y[near], radius + 1.0) & UNUSABLE) != 0]
    index, value, _ = mirror_masked(found.subtracted, pixels.mask, found.x[near], found.y[near], radius)
    if len(index):
        place = np.minimum(np.searchsorted(index, pairs.pixel), len(index) - 1)
        pairs = pairs._replace(value=np.where(index[place] == pairs.pixel, value[place], pairs.value))
    return pairs._replace(position=touched[pairs.position])


def _sources_near(found: Found, x: NDArray[np.float64], y: NDArray[np.float64], reach: float) -> NDArray[np.intp]:
    """Return the sources within reach of any position."""
    from scipy.spatial import cKDTree

    if not len(found):
        return np.empty(0, np.intp)
    distance, _ = cKDTree(np.c_[x, y]).query(np.c_[found.x, found.y], distance_upper_bound=reach)
    return np.flatnonzero(np.isfinite(distance))
