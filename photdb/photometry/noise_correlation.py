"""How much more an aperture scatters than its pixels say: neighbouring pixels that share their noise.

Frames that were resampled, drizzled or smoothed have such noise; plain ones do not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from photdb.photometry.aperture import variance_rows
from photdb.photometry.empty_places import discs_of, occupied_pixels

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
#: In small frames they are smaller, but not than this, that there are so many along a side and their scatter is known.
_LEAST_BLOCK, _ALONG = 100, 4
#: The share of empty pixels that a block needs, and the fewest pixels and blocks.
_LEAST_SHARE, _LEAST_PIXELS, _LEAST_BLOCKS = 0.1, 20_000, 4
#: A pixel further off than this (sigma) is something else than noise; of many pixels some tell that sigma well enough.
_CLIP, _EVERY = 5.0, 29
#: Where pixels side by side are correlated by this much, only sources with such a peak (sigma) are taken for sources.
_STRONG, _PEAK = 0.2, 5.5
#: Excess variance that counts: above so many of its standard errors, and this share.
_SIGNIFICANT, _LEAST_EXCESS = 4.0, 0.03
#: Of the variance of a sky level this share, of which a star's flux has a fifteenth.
_LEAST_OF_LEVEL = 0.3
#: The aperture whose excess is asked for where none is named: 3 FWHM, and the least that is measured so, px.
_FWHM, _LEAST_DIAMETER = 3.0, 6.5


def _lags() -> list[tuple[int, int]]:
    """Return one of each two opposite lags (dy, dx) between pixels that may share noise; the first is none."""
    near = [
        (dy, dx) for dy in range(_LAG + 1) for dx in range(-_LAG, _LAG + 1)
        if np.hypot(dy, dx) <= _LAG and (dy > 0 or dx >= 0)
    ]  # fmt: skip
    return sorted(near, key=lambda lag: lag != (0, 0))


_NEAR = _lags()
_DISTANT = [(0, d) for d in _FAR] + [(d, 0) for d in _FAR] + [(9, d) for d in (-9, 9)] + [(10, d) for d in (-10, 10)]
#: How far apart the pixels of pairs are, px: 0 (a pixel with itself) to 4 ...
DISTANCE, _WHICH, _COUNT = np.unique(
    np.round(np.hypot(*np.array(_NEAR, float).T), 9), return_inverse=True, return_counts=True
)
#: ... and how many pixels are that far from one pixel.
_PARTNERS = np.where(DISTANCE > 0, 2.0, 1.0) * _COUNT


@dataclass(frozen=True, slots=True, eq=False)
class NoiseCorrelation:
    """Covariance of the noise of pixels, in units of the variance that the errors are made of.

    Attributes
    ----------
    covariance : ndarray, (len(DISTANCE),)
        Mean product of the noise of pixels ``DISTANCE`` px apart, at single precision, as the store keeps it: 1 and
        then 0 where pixels share nothing that counts.
    share : float
        The part of the excess variance that empty apertures of the frame show as well: undetected sources and faults of
        the flat make pixels alike too, but apertures with a local sky feel less of them. See
        `photdb.photometry.empty_scatter.confirmed`.
    """

    covariance: NDArray[np.float64]
    share: float = 1.0

    @classmethod
    def none(cls) -> NoiseCorrelation:
        """Return that every pixel has its own noise."""
        return cls(np.where(DISTANCE == 0, 1.0, 0.0), 0.0)

    @classmethod
    def of(cls, covariance: ArrayLike, share: float) -> NoiseCorrelation:
        """Return a correlation rounded to what the store keeps of it; `none` where nothing of it is believed."""
        if not share > 0:
            return cls.none()
        return cls(np.asarray(covariance, np.float32).astype(float), float(np.float32(share)))

    @property
    def is_none(self) -> bool:
        """Whether every pixel has its own noise, so that all factors are 1."""
        return not self.share > 0

    def factor(self, area: ArrayLike, perimeter: ArrayLike) -> NDArray[np.float64]:
        """Return what the noise of the pixels of apertures must be multiplied with; 1 where that is less than 3 %.

        Of the pairs of pixels a lag s apart, an aperture of area A and perimeter P holds ``A - s P / pi`` (exact for
        small lags, averaged over directions), of single pixels, weighted, ``A - P / 6``. The variance of their sum is
        the sum of these numbers times the covariances.

        Parameters
        ----------
        area, perimeter : array_like
            px², px; NaN gives 1.
        """
        area, perimeter = np.broadcast_arrays(np.asarray(area, float), np.asarray(perimeter, float))
        if self.is_none:
            return np.ones(area.shape)
        return self._root(_pairs(area, perimeter) @ self.covariance)

    def of_weights(self, overlap: NDArray[np.float64]) -> float:
        """Return what the noise of a weighted sum of pixels, such as a PSF fit, must be multiplied with.

        Parameters
        ----------
        overlap : ndarray, (len(DISTANCE) - 1,)
            Sums of the products of the weights of pixels ``DISTANCE[1:]`` apart, in units of the sum of their squares.
        """
        if self.is_none:
            return 1.0
        return float(self._root(self.covariance[0] + (_PARTNERS[1:] * self.covariance[1:]) @ overlap))

    @property
    def of_level(self) -> float:
        """What the error of the mean of many pixels, made from their own scatter, must be multiplied with."""
        if self.is_none:
            return 1.0
        return float(self._root(_PARTNERS @ self.covariance / self.covariance[0]))

    @property
    def of_neighbours(self) -> float:
        """Correlation of pixels side by side; 0 where nothing is shared."""
        return float(self.covariance[1] / self.covariance[0])

    @property
    def is_resampled(self) -> bool:
        """Whether pixels side by side are so alike that it is their noise, which another frame will not repeat.

        What faint stars and faults of the flat share is more even, and stays: stars of raw frames scatter from frame to
        frame as their pixels say, places of one frame do not. Limits know of both, errors of fluxes of this one.
        """
        return self.of_neighbours > _STRONG

    @property
    def in_errors(self) -> NoiseCorrelation:
        """What of it the errors of fluxes have."""
        return self if self.is_resampled else NoiseCorrelation.none()

    @property
    def least_peak(self) -> float:
        """The lowest peak of a source, in the noise of a pixel: where neighbours are so alike lower ones are noise."""
        return _PEAK if self.is_resampled else 0.0

    def _root(self, ratio: ArrayLike) -> NDArray[np.float64]:
        """Return the root of ratios of variances, as far as they are believed."""
        ratio = np.asarray(ratio, float)
        return np.sqrt(np.where(ratio - 1 > _LEAST_EXCESS, 1 + self.share * (ratio - 1), 1.0))


def noise_correlation(pixels: Pixels, found: Found, diameter_px: float | None = None) -> NoiseCorrelation:
    """Measure how the noise of neighbouring pixels of a frame hangs together, on its empty sky.

    The products of pixels up to four apart, in units of the variance that the errors are made of, are averaged over up
    to sixteen blocks of at most 256 px; what pixels twelve to fifteen apart have in common is the unevenness of the
    sky, which the local sky of each aperture takes off, and is subtracted. The sum over all pairs in an aperture is its
    variance: right for any resampling, whether the variances know of it or not. Peaks of strongly correlated noise pass
    for sources: where pixels side by side are that alike only sources with a peak above 5.5 sigma are left out.

    Pixels share nothing where the variance of an aperture is not above that of its pixels by four of its standard
    errors (by the blocks) and 3 %, nor that of a sky level by as much and 30 %; then all factors are exactly 1.

    Parameters
    ----------
    pixels : Pixels
        The frame that `found` was made from.
    found : Found
    diameter_px : float, optional
        Of that aperture, px; without it 3 FWHM.
    """
    if diameter_px is None or not np.isfinite(diameter_px):
        diameter_px = max(_LEAST_DIAMETER, np.nan_to_num(_FWHM * found.fwhm_px))
    products = _products(pixels, found, 0.0)
    if products.of_neighbours > _STRONG:
        products = _products(pixels, found, _PEAK)
    if not products.count(diameter_px):
        return NoiseCorrelation.none()
    return NoiseCorrelation.of(products.blocks.mean(axis=0), 1.0)


def _pairs(area: NDArray[np.float64], perimeter: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how many pairs of pixels ``DISTANCE`` apart apertures hold, in units of their weighted single pixels."""
    single = np.maximum(area - perimeter / 6, 1e-9)[..., None]
    pairs = _PARTNERS * np.maximum(area[..., None] - DISTANCE * perimeter[..., None] / np.pi, 0) / single
    return np.where(DISTANCE == 0, 1.0, pairs)


class _Products(NamedTuple):
    """Mean products of pixels ``DISTANCE`` apart in parts of a frame, (blocks, distances)."""

    blocks: NDArray[np.float64]

    @property
    def of_neighbours(self) -> float:
        """Correlation of pixels side by side; 0 where nothing could be measured."""
        mean = self.blocks.mean(axis=0) if len(self.blocks) else np.ones(1)
        return float(mean[1] / mean[0]) if len(mean) > 1 else 0.0

    def count(self, diameter: float) -> bool:
        """Tell whether the noise of an aperture, or of a level, is significantly more than its pixels say."""
        if len(self.blocks) < _LEAST_BLOCKS:
            return False
        circle = _pairs(np.array(np.pi / 4 * diameter**2), np.array(np.pi * diameter))
        level = self.blocks @ np.where(DISTANCE > 0, _PARTNERS, 0.0) / self.blocks[:, 0].mean()
        return _significant(self.blocks @ circle - 1, _LEAST_EXCESS) or _significant(level, _LEAST_OF_LEVEL)


def _significant(excess: NDArray[np.float64], least: float) -> bool:
    """Tell whether the mean of excess variances in parts of the frame counts."""
    error = float(excess.std(ddof=1)) / math.sqrt(len(excess))
    return float(excess.mean()) > max(_SIGNIFICANT * error, least)


def _products(pixels: Pixels, found: Found, least_peak: float) -> _Products:
    """Measure the products of neighbouring pixels where no source of at least a peak (sigma of a pixel) is."""
    rows = []
    for block, free in _blocks(pixels, found, least_peak):
        raw = found.subtracted[block] / np.sqrt(variance_rows(pixels, found.background, block))
        scale = max(1.0, 1.4826 * float(np.median(np.abs(raw[free][::_EVERY]))))
        good = free & (np.abs(raw) < _CLIP * scale)
        z = np.where(good, raw, np.float32(0))
        z -= good * np.float32(z.sum(dtype=float) / max(np.count_nonzero(good), 1))
        near = np.array([_product(z, good, lag) for lag in _NEAR])
        far = float(np.mean([_product(z, good, lag) for lag in _DISTANT]))
        rows.append(np.bincount(_WHICH.ravel(), near - far) / _COUNT)
    return _Products(np.array(rows).reshape(-1, len(DISTANCE)))


def _blocks(pixels: Pixels, found: Found, least_peak: float) -> list[tuple[tuple[slice, slice], NDArray[np.bool_]]]:
    """Return blocks spread over the frame that hold enough empty pixels, and which of their pixels these are."""
    cuts: list[list[slice]] = []
    for size in found.subtracted.shape:
        n = max(size // _BLOCK, min(_ALONG, size // _LEAST_BLOCK), 1)
        width = min(_BLOCK, size // n)
        cuts.append([slice(start, start + width) for start in np.linspace(0, size - width, n).astype(int)])
    every = [(rows, columns) for rows in cuts[0] for columns in cuts[1]]
    every = [every[k] for k in np.unique(np.linspace(0, len(every) - 1, 2 * _BLOCKS).astype(int))]
    discs = discs_of(found, least_peak=least_peak)
    free = [~occupied_pixels(pixels, discs, block) for block in every]
    share = np.array([float(one.mean()) for one in free])
    emptiest = np.argsort(-share, kind="stable")[:_BLOCKS].tolist()
    good = [(every[k], free[k]) for k in emptiest if share[k] > _LEAST_SHARE]
    return good if sum(np.count_nonzero(one) for _, one in good) >= _LEAST_PIXELS else []


def _product(z: NDArray[np.float32], good: NDArray[np.bool_], lag: tuple[int, int]) -> float:
    """Return the mean product of pixels a lag apart."""
    (height, width), (dy, dx) = z.shape, lag
    one = slice(dy, height), slice(max(dx, 0), width + min(dx, 0))
    other = slice(0, height - dy), slice(max(-dx, 0), width + min(-dx, 0))
    n = int(np.count_nonzero(good[one] & good[other]))
    total: float = np.einsum("ij,ij->", z[one], z[other])
    return total / max(n, 1)
