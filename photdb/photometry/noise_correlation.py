"""How much more an aperture scatters than its pixels say: neighbouring pixels that share their noise.

Frames that were resampled, drizzled or smoothed have such noise; plain ones do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from photdb.photometry.aperture import variance_rows
from photdb.photometry.empty_places import occupied_pixels

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from photdb.photometry.detection import Found
    from photdb.photometry.pixels import Pixels

#: How far apart (px) pixels may be and share their noise: all but 2 % of what a Gaussian of 1 px smooths.
_LAG = 4
#: Pairs of pixels that far apart (px) tell what is no noise of pixels: the unevenness of the sky.
_FAR = (12, 15)
#: Blocks of this size (px), and at most so many of them, are looked at.
_BLOCK, _BLOCKS = 256, 16
#: The share of empty pixels that a block needs, and the fewest pixels and blocks.
_LEAST_SHARE, _LEAST_PIXELS, _LEAST_BLOCKS = 0.1, 20_000, 4
#: A pixel further off than this (sigma) is something else than noise.
_CLIP = 5.0
#: Where pixels side by side are correlated by this much, only sources with such a peak (sigma) are taken for sources.
_STRONG, _PEAK = 0.2, 5.5
#: Excess variance that counts: above so many of its standard errors, and this share.
_SIGNIFICANT, _LEAST_EXCESS = 4.0, 0.03


@dataclass(frozen=True)
class NoiseCorrelation:
    """Covariance of the noise of pixels, in units of the variance that the errors are made of.

    Attributes
    ----------
    distance : ndarray, (lags,)
        How far apart the pixels of a pair are, px; the first is 0, a pixel with itself.
    covariance : ndarray, (blocks, lags)
        Mean product of the noise of such pixels in parts of the frame; each lag stands for itself and its opposite.
        Empty where nothing could be measured.
    share : float
        The part of the excess variance that empty apertures of the frame show as well: undetected sources and faults of
        the flat make pixels alike too, but apertures with a local sky feel less of them. See
        `photdb.photometry.empty_scatter.confirmed`.
    """

    distance: NDArray[np.float64]
    covariance: NDArray[np.float64]
    share: float = 1.0

    def factor(self, area: ArrayLike, perimeter: ArrayLike) -> NDArray[np.float64]:
        """Return what the noise of the pixels of apertures must be multiplied with; 1 where that is not significant.

        Of the pairs of pixels a lag s apart, an aperture of area A and perimeter P holds ``A - s P / pi`` (exact for
        small lags, averaged over directions), of single pixels, weighted, ``A - P / 6``. The variance of their sum is
        the sum of these numbers times the covariances.

        Parameters
        ----------
        area, perimeter : array_like
            px², px.
        """
        area, perimeter = np.broadcast_arrays(np.asarray(area, float), np.asarray(perimeter, float))
        if len(self.covariance) < _LEAST_BLOCKS:
            return np.ones(area.shape)
        single = np.maximum(area - perimeter / 6, 1e-9)
        pairs = np.maximum(area[..., None] - self.distance[1:] * perimeter[..., None] / np.pi, 0)
        blocks = self.covariance[:, 0] + 2 * (pairs / single[..., None]) @ self.covariance[:, 1:].T
        return self._significant(blocks)

    def of_weights(self, overlap: NDArray[np.float64]) -> float:
        """Return what the noise of a weighted sum of pixels, such as a PSF fit, must be multiplied with.

        Parameters
        ----------
        overlap : ndarray, (lags - 1,)
            Sums of the products of the weights of pixels ``distance[1:]`` apart, in units of the sum of their squares.
        """
        if len(self.covariance) < _LEAST_BLOCKS:
            return 1.0
        return float(self._significant(self.covariance[:, 0] + 2 * self.covariance[:, 1:] @ overlap))

    @cached_property
    def of_level(self) -> float:
        """What the error of the mean of many pixels, made from their own scatter, must be multiplied with."""
        if len(self.covariance) < _LEAST_BLOCKS:
            return 1.0
        blocks = 1 + 2 * self.covariance[:, 1:].sum(axis=1) / self.covariance[:, 0].mean()
        return float(self._significant(blocks))

    @property
    def of_neighbours(self) -> float:
        """Correlation of pixels side by side; 0 where nothing could be measured."""
        if not len(self.covariance):
            return 0.0
        mean = self.covariance.mean(axis=0)
        return float(mean[self.distance == 1].mean() / mean[0])

    @property
    def least_peak(self) -> float:
        """The lowest peak of a source, in the noise of a pixel: where neighbours are so alike lower ones are noise."""
        return _PEAK if self.of_neighbours > _STRONG else 0.0

    def _significant(self, blocks: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the root of the mean of ratios of variances (..., blocks), 1 where it may as well be 1."""
        mean, error = blocks.mean(axis=-1), blocks.std(axis=-1, ddof=1) / np.sqrt(blocks.shape[-1])
        counts = mean - 1 > np.maximum(_SIGNIFICANT * error, _LEAST_EXCESS)
        return np.sqrt(np.where(counts, 1 + self.share * (mean - 1), 1.0))


def noise_correlation(pixels: Pixels, found: Found) -> NoiseCorrelation:
    """Measure how the noise of neighbouring pixels of a frame hangs together, on its empty sky.

    The products of pixels up to four apart, in units of the variance that the errors are made of, are averaged over up
    to sixteen blocks of 256 px; what pixels twelve to fifteen apart have in common is the unevenness of the sky, which
    the local sky of each aperture takes off, and is subtracted. The sum over all pairs in an aperture is its variance:
    right for any resampling, whether the variances know of it or not. Peaks of strongly correlated noise pass for
    sources: where pixels side by side are that alike only sources with a peak above 5.5 sigma are left out.
    """
    made = _measured(pixels, found, ~occupied_pixels(pixels, found))
    if made.least_peak:
        return _measured(pixels, found, ~occupied_pixels(pixels, found, least_peak=made.least_peak))
    return made


def _measured(pixels: Pixels, found: Found, free: NDArray[np.bool_]) -> NoiseCorrelation:
    """Measure the covariance on the free pixels."""
    lags, far = _lags()
    rows = []
    for block in _blocks(free):
        raw = found.subtracted[block] / np.sqrt(variance_rows(pixels, found.background, block))
        scale = max(1.0, 1.4826 * float(np.median(np.abs(raw[free[block]]))))
        kept = free[block] & (np.abs(raw) < _CLIP * scale)
        z, good = np.where(kept, raw, 0).astype(np.float32), kept.astype(np.float32)
        z -= good * np.float32(z.sum(dtype=float) / max(good.sum(dtype=float), 1))
        near = np.array([_product(z, good, lag) for lag in lags])
        rows.append(near - float(np.mean([_product(z, good, lag) for lag in far])))
    return NoiseCorrelation(np.hypot(*np.array(lags, float).T), np.array(rows).reshape(-1, len(lags)))


def _lags() -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return one of each two opposite lags (dy, dx): those near, the first of them none, and some far ones."""
    near = [
        (dy, dx) for dy in range(_LAG + 1) for dx in range(-_LAG, _LAG + 1)
        if np.hypot(dy, dx) <= _LAG and (dy > 0 or dx >= 0)
    ]  # fmt: skip
    near.sort(key=lambda lag: lag != (0, 0))
    far = [(0, d) for d in _FAR] + [(d, 0) for d in _FAR] + [(9, d) for d in (-9, 9)] + [(10, d) for d in (-10, 10)]
    return near, far


def _blocks(free: NDArray[np.bool_]) -> list[tuple[slice, slice]]:
    """Return blocks spread over the frame that hold enough empty pixels."""
    cuts = []
    for size in free.shape:
        n = max(2, size // _BLOCK) if size >= _BLOCK // 2 else 1
        width = min(_BLOCK, size // n)
        cuts.append([slice(start, start + width) for start in np.linspace(0, size - width, n).astype(int)])
    every = [(rows, columns) for rows in cuts[0] for columns in cuts[1]]
    every = [every[k] for k in np.unique(np.linspace(0, len(every) - 1, 2 * _BLOCKS).astype(int))]
    empty = np.array([np.count_nonzero(free[block]) for block in every])
    area = np.array([free[block].size for block in every])
    good = [every[k] for k in np.argsort(-empty / area, kind="stable")[:_BLOCKS] if empty[k] > _LEAST_SHARE * area[k]]
    return good if sum(np.count_nonzero(free[block]) for block in good) >= _LEAST_PIXELS else []


def _product(z: NDArray[np.float32], good: NDArray[np.float32], lag: tuple[int, int]) -> float:
    """Return the mean product of pixels a lag apart."""
    (height, width), (dy, dx) = z.shape, lag
    one = slice(dy, height), slice(max(dx, 0), width + min(dx, 0))
    other = slice(0, height - dy), slice(max(-dx, 0), width + min(-dx, 0))
    n = float(np.einsum("ij,ij->", good[one], good[other]))
    return float(np.einsum("ij,ij->", z[one], z[other])) / max(n, 1.0)
