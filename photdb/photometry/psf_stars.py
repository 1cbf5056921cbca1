"""The stars that a model of the stars' images is made from, and their pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from photdb.errors import InputError
from photdb.photometry.aperture import pixel_variance
from photdb.photometry.flags import UNUSABLE, Flag
from photdb.photometry.shape import half_sample_mode, stamps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photdb.photometry.detection import Found
    from photdb.photometry.pixels import Pixels

#: Fewer stars make no model.
LEAST_STARS = 3
#: Stars used at most, of each of 4 x 4 parts of the frame.
_PER_PART, _PARTS = 15, 4
#: And their pixels, at most.
_PIXELS = 110_000
#: Reach of the pixels used, in FWHM.
REACH = 3.0
#: Steps of selection, until there are enough stars: least S/N of the highest pixel, nearest neighbour (FWHM) that is
#: brighter than a share of the star, that share.
_STEPS = ((20.0, 5.0, 0.02), (10.0, 4.0, 0.05), (5.0, 3.0, 0.1), (5.0, 2.0, 0.2))
_ENOUGH = 30
#: Flags of stars that show what stars look like; neighbours are looked at apart.
_UNFIT = ~int(Flag.NEIGHBOURS | Flag.LOCAL_SKY_POOR)
#: Sizes that differ more than this from the most common one are not stars; a PSF that changes over the frame has room.
_SIZES = 0.3


@dataclass(frozen=True)
class Stars:
    """Pixels of stars: arrays of one element, or one square of m x m pixels, per star.

    Attributes
    ----------
    x, y, flux : ndarray
        First positions, px, and isophotal fluxes, ADU.
    i0, j0 : ndarray of int
        First column and row of the squares.
    data : ndarray of float64, (n, m, m)
        The background subtracted, ADU.
    noise2 : ndarray of float64, (n, 1, 1)
        Variance of a pixel of empty sky, ADU².
    electrons : ndarray of float64, (n, 1, 1)
        e- per ADU.
    good : ndarray of bool, (n, m, m)
        Pixels that count.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    flux: NDArray[np.float64]
    i0: NDArray[np.int64]
    j0: NDArray[np.int64]
    data: NDArray[np.float64]
    noise2: NDArray[np.float64]
    electrons: NDArray[np.float64]
    good: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.x)

    def take(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> Stars:
        """Return some of the stars."""
        return Stars(*(getattr(self, name)[which] for name in self.__dataclass_fields__))


def psf_stars(pixels: Pixels, found: Found) -> Stars:
    """Select the stars of a frame that show what a star looks like, and cut out their pixels.

    They are not saturated, cut, blended or hit, have the most common size within 30 %, no neighbour that matters, and
    a highest pixel of at least 20 times the noise, where enough stars have; the brightest 15 of each of 16 parts of
    the frame, so that every part has a say.

    Raises
    ------
    InputError
        When there are fewer than 3.
    """
    fwhm = found.fwhm_px
    chosen = _chosen(found, fwhm) if np.isfinite(fwhm) else np.empty(0, np.intp)
    if len(chosen) < LEAST_STARS:
        raise InputError(
            f"{len(chosen)} of {len(found)} sources are stars that can show what a star looks like (bright, alone, not "
            f"saturated, no bad pixels); a PSF needs at least {LEAST_STARS}",
            "measure apertures on this frame, or look at it: clouds, a short exposure, trails, a crowd",
        )
    return _cut(pixels, found, chosen, max(4, int(np.ceil(REACH * fwhm))))


def _chosen(found: Found, fwhm: float) -> NDArray[np.intp]:
    """Return the indices of the stars, the brightest first."""
    height, width = found.subtracted.shape
    margin = np.minimum(np.minimum(found.x, width - 1 - found.x), np.minimum(found.y, height - 1 - found.y))
    signal = found.peak / found.background.noise_at(found.x, found.y)
    fit = ((found.flags & _UNFIT) == 0) & (margin > 2 * fwhm) & np.isfinite(found.fwhm) & (signal > _STEPS[-1][0])
    if not fit.any():
        return np.empty(0, np.intp)
    bright = np.flatnonzero(fit)[np.argsort(-signal[fit], kind="stable")][:400]
    fit &= np.abs(found.fwhm / half_sample_mode(found.fwhm[bright]) - 1) < _SIZES
    chosen = np.empty(0, np.intp)
    for least, reach, share in _STEPS:
        alone = fit & (signal > least)
        alone[_crowded(found, reach * fwhm, share)] = False
        chosen = np.flatnonzero(alone)
        if len(chosen) >= _ENOUGH:
            break
    chosen = chosen[np.argsort(-signal[chosen], kind="stable")]
    part = (found.y[chosen] * _PARTS // height) * _PARTS + found.x[chosen] * _PARTS // width
    rank = np.zeros(len(chosen), np.int64)
    for p in np.unique(part):
        rank[part == p] = np.arange(np.count_nonzero(part == p))
    most = min(_PER_PART, max(4, int(_PIXELS / (_PARTS * (2 * REACH * fwhm + 1)) ** 2)))
    return np.asarray(chosen[(rank < most) | (len(chosen) <= _ENOUGH)])


def _crowded(found: Found, reach: float, share: float) -> NDArray[np.intp]:
    """Return the sources with another of at least a share of their flux within a distance."""
    from scipy.spatial import cKDTree

    pairs = cKDTree(np.c_[found.x, found.y]).query_pairs(reach, output_type="ndarray")
    a, b = found.flux_iso[pairs[:, 0]], found.flux_iso[pairs[:, 1]]
    return np.unique(np.concatenate([pairs[b > share * a, 0], pairs[a > share * b, 1]]))


def _cut(pixels: Pixels, found: Found, chosen: NDArray[np.intp], half: int) -> Stars:
    """Cut out the pixels of stars."""
    x, y = found.x[chosen], found.y[chosen]
    data, i0, j0 = stamps(found.subtracted, x, y, half)
    inside = stamps(np.ones_like(found.subtracted), x, y, half)[0] > 0
    masked = stamps(((pixels.mask & (UNUSABLE | int(Flag.SATURATED))) != 0).astype(np.float32), x, y, half)[0] > 0
    variance = pixel_variance(pixels, found.background, x, y)
    noise2 = variance.at if variance.sky is None else stamps(variance.sky, x, y, half)[0].mean(axis=(1, 2))
    n = np.arange(2 * half + 1) - half
    disc = np.hypot(n[:, None], n[None, :]) <= half + 0.5
    return Stars(
        x, y, found.flux_iso[chosen], i0, j0, data.astype(float), noise2.astype(float)[:, None, None],
        variance.electrons[:, None, None], inside & ~masked & disc,
    )  # fmt: skip
