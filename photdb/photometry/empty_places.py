"""Where a frame is empty: pixels free of sources and their wings."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import sep

from photdb.photometry.flags import UNUSABLE, Flag
from photdb.photometry.synthetic import moffat_scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photdb.photometry.aperture_shapes import Shape
    from photdb.photometry.detection import Found
    from photdb.photometry.pixels import Pixels

#: Wings are left out down to this share of the noise of a pixel ...
_FAINT = 0.1
#: ... but never further out than this, px.
_FARTHEST = 80.0
#: Moffat exponent where the frame's is not known, and the least: steeper wings than assumed would show.
_BETA, _LEAST_BETA = 3.0, 2.0


class Discs(NamedTuple):
    """What sources hide of the sky: places and radii of discs, px."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    radius: NDArray[np.float64]

    def hide(self, mask: NDArray[np.bool_], rows: slice, columns: slice) -> None:
        """Mark the pixels on the discs in the mask of a part of the frame."""
        x, y = self.x - columns.start, self.y - rows.start
        near = (x > -self.radius) & (x < mask.shape[1] + self.radius)
        near &= (y > -self.radius) & (y < mask.shape[0] + self.radius)
        radius = self.radius[near]
        sep.mask_ellipse(mask, x[near], y[near], radius, radius, np.zeros(len(radius)), 1.0)


def discs_of(found: Found, *, wings: bool = True, least_peak: float = 0.0) -> Discs:
    """Return the discs of the sources of a frame.

    A disc has three times the source's rms size, at least a FWHM; with `wings` it goes as far as the source's Moffat
    profile is above a tenth of the noise of a pixel. Sources of a peak below `least_peak`, in that noise, have none.
    """
    radius = wing_reach(found) if wings else _core(found)
    discs = Discs(found.x, found.y, radius)
    if not least_peak:
        return discs
    is_one = found.peak >= least_peak * found.background.noise_at(found.x, found.y)
    return Discs(*(values[is_one] for values in discs))


def occupied_pixels(
    pixels: Pixels, discs: Discs, part: tuple[slice, slice] = (slice(0, None), slice(0, None))
) -> NDArray[np.bool_]:
    """Return which pixels of a part of a frame are not empty sky: unusable, saturated, or on the disc of a source."""
    occupied: NDArray[np.bool_] = (pixels.mask[part] & np.uint8(UNUSABLE | int(Flag.SATURATED))) != 0
    discs.hide(occupied, *part)
    return occupied


def wing_reach(found: Found) -> NDArray[np.float64]:
    """Return how far the wings of each source are above a tenth of the noise of a pixel, px."""
    beta = max(found.beta, _LEAST_BETA) if np.isfinite(found.beta) else _BETA
    beta = min(beta, 4.5)  # no star's wings are steeper, whatever its core is
    fwhm = found.fwhm_px if np.isfinite(found.fwhm_px) else 3.0
    alpha = float(moffat_scale(fwhm, beta))
    central = np.maximum(found.flux_iso, 0) * (beta - 1) / (np.pi * alpha**2)
    steps = np.maximum(central / (_FAINT * found.background.noise_at(found.x, found.y)), 1.0)
    wings = alpha * np.sqrt(steps ** (1 / beta) - 1)
    return np.asarray(np.minimum(np.maximum(wings, _core(found)), _FARTHEST))


def _core(found: Found) -> NDArray[np.float64]:
    """Return the least radius that a source occupies, px."""
    return np.asarray(np.maximum(3 * found.a, found.fwhm_px if np.isfinite(found.fwhm_px) else 3.0))


def free_places(
    pixels: Pixels, found: Found, shape: Shape, least: int, most: int, *, least_peak: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return places where an aperture lies on empty sky alone, on a grid as wide as the aperture, px.

    Where fewer than `least` are free of the wings of all sources, three times their rms size and a FWHM must do. The
    same frame gives the same places, at most `most`, evenly drawn. `least_peak` is that of `discs_of`.
    """
    height, width = found.subtracted.shape
    reach = float(max(np.max(along) for along in shape.span()))
    rng = np.random.default_rng(1)
    step = max(2 * reach, 4.0)
    rows, columns = (np.arange(reach + 1, size - reach - 2, step) for size in (height, width))
    y, x = (v.ravel() + rng.uniform(-0.5, 0.5, v.size) for v in np.meshgrid(rows, columns, indexing="ij"))
    free = np.empty(0, np.intp)
    for wings in (True, False):
        occupied = occupied_pixels(pixels, discs_of(found, wings=wings, least_peak=least_peak))
        some = shape.at(np.zeros(len(x), np.intp))
        free = np.flatnonzero(some.sums(occupied.view(np.uint8), x, y) == 0) if len(x) else free
        if len(free) >= least:
            break
    if len(free) > most:
        free = np.sort(rng.choice(free, most, replace=False))
    return x[free], y[free]
