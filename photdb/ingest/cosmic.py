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
MIN_SHARPNESS, NOT_A_STAR = 0.39, 0.15
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
        self.noise_scale, self.sky_noise = self._noise()

    def _window(self, half: int) -> NDArray[np.int64]:
        """Flat offsets of a square window."""
        steps = np.arange(-half, half + 1)
        return np.asarray((steps[:, None] * self.width + steps).reshape(-1))

    def _noise(self) -> tuple[float, float]:
        """Scale the expected variance to the noise seen in the sky; and that noise, ADU."""
        data = self.pixels.data[::8]
        n = data.shape[1] // 2 * 2
        seen = float(np.median(np.abs(data[:, 1:n:2] - data[:, 0:n:2])) / 0.6745) ** 2 / 2.0
        index = np.arange(0, self.flat.size, 61)
        model = float(np.median(self._model(index, self.flat[index])))
        scale = max(seen, 1e-6) / max(model, 1e-6)
        if self.pixels.gain_known:
            scale = max(scale, 1.0)
        return scale, float(np.sqrt(model * scale))

    def _model(self, index: NDArray[np.int64], level: NDArray[np.float32]) -> NDArray[np.float32]:
        """Variance expected at pixels of that level: floor and photons."""
        p = self.pixels
        floor = p.floor if isinstance(p.floor, float | int) else p.floor.reshape(-1)[index]
        gain = p.gain if p.response is None else p.gain * p.response.reshape(-1)[index]
        return np.asarray(floor + np.maximum(level, 0) / gain, np.float32)

    def noise(self, index: NDArray[np.int64], level: NDArray[np.float32]) -> NDArray[np.float32]:
        """Noise in ADU at pixels of that level, never under half the sky's."""
        sigma = np.sqrt(self._model(index, level) * np.float32(self.noise_scale))
        return np.asarray(np.maximum(sigma, np.float32(0.5 * self.sky_noise)))

    def candidates(self) -> NDArray[np.int64]:
        """Pixels whose Laplacian could reach the limit, whatever their corners."""
        data = self.pixels.data
        height, width = data.shape
        limit = np.float32(1.8 * SIGMA * self.sky_noise)
        found = []
        inner = slice(_EDGE, width - _EDGE)
        for y in range(_EDGE, height - _EDGE, BAND_ROWS):
            rows = slice(y, min(y + BAND_ROWS, height - _EDGE))
            middle = data[rows, inner]
            low = np.minimum(data[rows, _EDGE - 1 : width - _EDGE - 1], data[rows, _EDGE + 1 : width - _EDGE + 1])
            low += np.minimum(
                data[y - 1 : rows.stop - 1, inner],
                data[y + 1 : rows.stop + 1, inner],
            )
            low += limit
            low -= middle
            ys, xs = np.nonzero(low <= middle)
            found.append((ys + y) * width + xs + _EDGE)
        index = np.concatenate(found)
        index = index[self.masked[index] == 0]
        return np.asarray(index[self.laplacian(index) > 1.8 * SIGMA * self.sky_noise])

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
        sky = np.float32(np.median(self.flat[::61]))
        peaks = candidates[(values > ring) & (values > sky + BRIGHT_SIGMA * self.sky_noise)]
        peaks = self._away_from_saturated(peaks)[:5000]
        if peaks.size < MIN_STARS:
            return float("nan"), False
        around = np.median(self.flat[peaks[:, None] + self.window7], axis=1)
        core = np.median(self.flat[peaks[:, None] + self._window(1)], axis=1)
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
        todo = self._away_from_saturated(candidates)
        for _ in range(ITERATIONS):
            new = todo[self.is_hit(todo, SIGMA, CONTRAST)]
            if not new.size:
                break
            near = self._judgeable(np.setdiff1d(new[:, None] + self.ring, np.concatenate([found, new])))
            new = np.union1d(new, near[self.is_hit(near, NEIGHBOUR_SIGMA, CONTRAST)])
            found, kept = np.concatenate([found, new]), np.concatenate([kept, self.flat[new]])
            fill = self._surroundings(new, found)
            self.flat[new] = fill
            todo = np.setdiff1d(self._judgeable(np.unique(new[:, None] + self.window5)), found)
        self.flat[found] = kept
        return found

    def _judgeable(self, index: NDArray[np.int64]) -> NDArray[np.int64]:
        """Leave out what lies at the edge or is masked."""
        y, x = np.divmod(index, self.width)
        height = self.pixels.data.shape[0]
        inside = (x >= _EDGE) & (x < self.width - _EDGE) & (y >= _EDGE) & (y < height - _EDGE)
        index = index[inside]
        return self._away_from_saturated(index[self.masked[index] == 0])

    def _away_from_saturated(self, index: NDArray[np.int64]) -> NDArray[np.int64]:
        """Leave out what lies within 3 px of a saturated pixel."""
        if not index.size:
            return index
        return np.asarray(index[~(self.masked[index[:, None] + self.window7] & SATURATED).any(axis=1)])

    def is_hit(self, index: NDArray[np.int64], sigma: float, contrast: float) -> NDArray[np.bool_]:
        """L.A.Cosmic's two limits at the given pixels."""
        hit = np.zeros(index.size, bool)
        laplacian = self.laplacian(index) / 2
        maybe = np.flatnonzero(laplacian > 0.5 * sigma * self.sky_noise)  # medians only where they can matter
        if not maybe.size:
            return hit
        index, laplacian = index[maybe], laplacian[maybe]
        core = np.median(self.flat[index[:, None] + self._window(1)], axis=1)
        around = np.median(self.flat[index[:, None] + self.window7], axis=1)
        fine = np.maximum(core - around, np.float32(0.01 * self.sky_noise))
        sharp = laplacian > contrast * fine
        maybe, index, fine, laplacian = maybe[sharp], index[sharp], fine[sharp], laplacian[sharp]
        window = index[:, None] + self.window5
        noise = self.noise(index, np.median(self.flat[window], axis=1))
        laplacian = laplacian - np.median(self.laplacian(window), axis=1) / 2
        hit[maybe] = (laplacian > sigma * noise) & (laplacian > contrast * fine)
        return hit

    def _surroundings(self, index: NDArray[np.int64], hits: NDArray[np.int64]) -> NDArray[np.float32]:
        """Median of the 5x5 pixels around that are no hits."""
        window = index[:, None] + self.window5
        values = np.where(np.isin(window, hits), np.float32(np.nan), self.flat[window])
        none_left = np.isnan(values).all(axis=1)
        values[none_left] = self.flat[window][none_left]
        return np.asarray(np.nanmedian(values, axis=1))
