"""Cosmic rays: L.A.Cosmic's test, made only where a pixel could pass it.

The test is that of van Dokkum (2001, PASP 113, 1420): a pixel whose sharp edges (a 2x2-subsampled Laplacian without its
negative lobes) stand out of the noise, and out of what the sky's own fine structure can show. On whole frames it costs
600-1100 ms/Mpix (astroscrappy 1.3), fifteen to thirty times the measurement of all stars. Here a bound of the
Laplacian, five passes over the frame, leaves some thousand candidates, and medians are taken around those alone.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photdb.photometry.pixels import Pixels

log = logging.getLogger(__name__)

COSMIC, SATURATED = 32, 4
# Laplacian over noise of a hit, and of its neighbours once it is one.
SIGMA, NEIGHBOUR_SIGMA = 5.0, 1.5
# Laplacian over fine structure. A star of Gaussian profile reaches 0.4 at a FWHM of 3 px, 1.2 at 2, 1.7 at 1.8, 4.4 at
# 1.4 and 25 at 1.0 (any pixel phase).
CONTRAST = 5.0
# Sharpness is the 3x3 median of a bright peak over the peak (7x7 median off): 0.43 for stars of FWHM 2 px, 0.36 at 1.8,
# 0.21 at 1.4; cosmic rays stay under 0.15. Frames whose stars are sharper than this are left alone.
MIN_SHARPNESS, NOT_A_STAR = 0.32, 0.15
# Peaks above this many sigma tell the frame's sharpness; of them this fraction must look like stars.
BRIGHT_SIGMA, MIN_STARS, MIN_STAR_FRACTION = 30.0, 5, 0.1
ITERATIONS = 4
BAND_ROWS = 64
_EDGE = 4


@dataclass(frozen=True, slots=True)
class CosmicRays:
    """What was found: number of pixels, and the sharpness of the frame's stars (NaN where too few are bright)."""

    n_pixels: int
    sharpness: float
    skipped: bool


def mask_cosmic_rays(pixels: Pixels) -> CosmicRays:
    """Set bit 32 of the mask where a cosmic ray hit; the data stay as they are.

    Nothing is masked in frames whose stars are undersampled (FWHM under about 1.9 px): their cores cannot be told
    from hits. Pixels within 4 px of the edge or 3 px of a saturated pixel are not judged.
    """
    height, width = pixels.data.shape
    if min(height, width) <= 2 * _EDGE + 1:
        return CosmicRays(0, float("nan"), skipped=True)
    frame = _Frame(pixels)
    candidates = frame.candidates()
    sharpness, undersampled = frame.sharpness(candidates)
    if undersampled:
        log.info("stars too sharp (%.2f) to tell them from cosmic rays: none masked", sharpness)
        return CosmicRays(0, sharpness, skipped=True)
    hits = frame.hits(candidates)
    pixels.mask.reshape(-1)[hits] |= np.uint8(COSMIC)
    return CosmicRays(int(hits.size), sharpness, skipped=False)


class _Frame:
    """One frame as a flat array, its noise, and the test at any set of its pixels."""

    def __init__(self, pixels: Pixels) -> None:
        self.pixels = pixels
        self.width = pixels.data.shape[1]
        self.flat = pixels.data.reshape(-1)
        self.masked = pixels.mask.reshape(-1)
        self.window7 = self._window(3)
        self.window5 = self._window(2)
        self.ring = np.delete(self._window(1), 4)
        self.sky, self.sky_noise, self.scale = self._noise()

    def _window(self, half: int) -> NDArray[np.int64]:
        """Flat offsets of a square window."""
        steps = np.arange(-half, half + 1)
        return np.asarray((steps[:, None] * self.width + steps).reshape(-1))

    def _noise(self) -> tuple[float, float, float]:
        """Level of the sky, its noise, and what the expected variance must be scaled by to agree with that noise."""
        data = self.pixels.data[::8]
        n = data.shape[1] // 2 * 2
        seen = float(np.median(np.abs(data[:, 1:n:2] - data[:, 0:n:2])) / 0.6745) ** 2 / 2.0
        index = np.arange(0, self.flat.size, 61)
        sky = float(np.median(self.flat[index]))
        seen = max(seen, 1e-6)
        if not self.pixels.gain_known:
            return sky, float(np.sqrt(seen)), 1.0
        model = max(float(np.median(self._expected(index, self.flat[index]))), 1e-6)
        scale = max(seen / model, 1.0)
        return sky, float(np.sqrt(model * scale)), scale

    def _expected(self, index: NDArray[np.int64], level: NDArray[np.float32]) -> NDArray[np.float32]:
        """Variance expected at pixels of that level from floor and photons."""
        p = self.pixels
        floor = p.floor if isinstance(p.floor, float | int) else p.floor.reshape(-1)[index]
        return np.asarray(floor + np.maximum(level, 0) / self._gain(index), np.float32)

    def _gain(self, index: NDArray[np.int64]) -> NDArray[np.float32] | float:
        """Electrons per reduced ADU."""
        p = self.pixels
        return p.gain if p.response is None else p.gain * p.response.reshape(-1)[index]

    def noise(self, index: NDArray[np.int64], level: NDArray[np.float32]) -> NDArray[np.float32]:
        """Noise in ADU at pixels of that level, never under half the sky's; the sky's own where the gain is a guess."""
        if self.pixels.gain_known:
            variance = self._expected(index, level) * np.float32(self.scale)
        else:
            variance = self.sky_noise**2 + np.maximum(level - self.sky, 0) / self._gain(index)
        return np.asarray(np.maximum(np.sqrt(variance), 0.5 * self.sky_noise), np.float32)

    def candidates(self) -> NDArray[np.int64]:
        """Pixels whose Laplacian reaches the limit; most are ruled out by a bound of it that knows no corners."""
        data = self.pixels.data
        height, width = data.shape
        limit = 1.8 * SIGMA * self.sky_noise
        left, inner, right = (slice(_EDGE + i, width - _EDGE + i) for i in (-1, 0, 1))
        low, vertical = (np.empty((BAND_ROWS, width - 2 * _EDGE), np.float32) for _ in range(2))
        found = []
        for y in range(_EDGE, height - _EDGE, BAND_ROWS):
            stop = min(y + BAND_ROWS, height - _EDGE)
            middle, a, b = data[y:stop, inner], low[: stop - y], vertical[: stop - y]
            np.minimum(data[y:stop, left], data[y:stop, right], out=a)
            np.minimum(data[y - 1 : stop - 1, inner], data[y + 1 : stop + 1, inner], out=b)
            a += b
            a -= middle
            np.subtract(middle, a, out=b)  # 2p - min(left, right) - min(down, up)
            ys, xs = np.divmod(np.flatnonzero(b >= np.float32(limit)), b.shape[1])
            found.append((ys + y) * width + xs + _EDGE)
        index = np.concatenate(found)
        index = index[self.masked[index] == 0]
        return np.asarray(index[self.laplacian(index) > limit])

    def laplacian(self, index: NDArray[np.int64]) -> NDArray[np.float32]:
        """Laplacian of the 2x2-subsampled frame without its negative lobes, averaged back: any shape of pixels."""
        middle = self.flat[index]
        left, right = middle - self.flat[index - 1], middle - self.flat[index + 1]
        down, up = middle - self.flat[index - self.width], middle - self.flat[index + self.width]
        total = np.zeros_like(middle)
        for a in (left, right):
            for b in (down, up):
                total += np.maximum(a + b, 0)
        return np.asarray(total / 4)

    def sharpness(self, candidates: NDArray[np.int64]) -> tuple[float, bool]:
        """Typical sharpness of the bright peaks, and whether it is that of undersampled stars."""
        values = self.flat[candidates]
        ring = self.flat[candidates[:, None] + self.ring].max(axis=1)
        peaks = candidates[(values > ring) & (values > self.sky + BRIGHT_SIGMA * self.sky_noise)]
        peaks = peaks[:: max(1, peaks.size // 2000)]
        peaks = peaks[~self._near_saturated(peaks)]
        if peaks.size < MIN_STARS:
            return float("nan"), False
        around = _middle(self.flat[peaks[:, None] + self.window7])
        core = _middle(self.flat[peaks[:, None] + self._window(1)])
        with np.errstate(divide="ignore", invalid="ignore"):
            sharp = (core - around) / (self.flat[peaks] - around)
        stars = sharp[sharp > NOT_A_STAR]
        if stars.size < max(MIN_STARS, MIN_STAR_FRACTION * peaks.size):
            return float("nan"), True
        middle = float(np.median(stars))
        return middle, middle < MIN_SHARPNESS

    def hits(self, candidates: NDArray[np.int64]) -> NDArray[np.int64]:
        """Test, grow, fill the hits with their surroundings and test what they hid; the frame is given back whole."""
        found = np.empty(0, np.int64)
        kept = np.empty(0, np.float32)
        taken = self.masked != 0
        todo = candidates
        for _ in range(ITERATIONS):
            new = todo[self.is_hit(todo, SIGMA, CONTRAST)]
            if not new.size:
                break
            taken[new] = True
            near = self._free(new[:, None] + self.ring, taken)
            new = np.concatenate([new, near[self.is_hit(near, NEIGHBOUR_SIGMA, CONTRAST)]])
            taken[new] = True
            found, kept = np.concatenate([found, new]), np.concatenate([kept, self.flat[new]])
            self.flat[new] = self._surroundings(new, taken)
            todo = self._free(new[:, None] + self.window5, taken)
        self.flat[found] = kept
        return found

    def _free(self, index: NDArray[np.int64], taken: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Each pixel once, without those at the edge, masked or found."""
        index = np.sort(index, axis=None)
        index = index[np.concatenate([[True], index[1:] != index[:-1]])]
        y, x = np.divmod(index, self.width)
        inside = (x >= _EDGE) & (x < self.width - _EDGE) & (y >= _EDGE) & (y < self.pixels.data.shape[0] - _EDGE)
        index = index[inside]
        return np.asarray(index[~taken[index]])

    def _near_saturated(self, index: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether a saturated pixel lies within 3 px."""
        return np.asarray((self.masked[index[:, None] + self.window7] & SATURATED).any(axis=1))

    def is_hit(self, index: NDArray[np.int64], sigma: float, contrast: float) -> NDArray[np.bool_]:
        """L.A.Cosmic's two limits at the given pixels."""
        hit = np.zeros(index.size, bool)
        laplacian = self.laplacian(index) / 2
        maybe = np.flatnonzero(laplacian > 0.5 * sigma * self.sky_noise)  # medians only where they can matter
        if not maybe.size:
            return hit
        index, laplacian = index[maybe], laplacian[maybe]
        core = _middle(self.flat[index[:, None] + self._window(1)])
        around = _lower_quartile(self.flat[index[:, None] + self.window7])
        fine = np.maximum(core - around, np.float32(0.01 * self.sky_noise))
        sharp = laplacian > contrast * fine
        maybe, index, fine, laplacian = maybe[sharp], index[sharp], fine[sharp], laplacian[sharp]
        window = index[:, None] + self.window5
        noise = self.noise(index, _middle(self.flat[window]))
        laplacian = laplacian - _middle(self.laplacian(window)) / 2
        good = (laplacian > sigma * noise) & (laplacian > contrast * fine)
        good[good] = ~self._near_saturated(index[good])
        hit[maybe[good]] = True
        return hit

    def _surroundings(self, index: NDArray[np.int64], taken: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Median of the 5x5 pixels around that are no hits; the sky where all are."""
        window = index[:, None] + self.window5
        values = np.where(taken[window], np.float32(np.nan), self.flat[window])
        values[np.isnan(values).all(axis=1)] = self.sky
        return np.asarray(np.nanmedian(values, axis=1))


def _middle(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Median of each row of an odd number of values; numpy sorts short rows several times faster than it selects."""
    rows.sort(axis=1)
    return rows[:, rows.shape[1] // 2]


def _lower_quartile(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lower quartile of each row: the sky beside a star even where a brighter one fills half of its surroundings."""
    rows.sort(axis=1)
    return rows[:, rows.shape[1] // 4]
