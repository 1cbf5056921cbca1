"""The linear system of PSF fluxes: images of unit flux, weights, overlaps, and its solution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from photdb.photometry.aperture import pixel_variance
from photdb.photometry.flags import UNUSABLE, Flag
from photdb.photometry.shape import stamps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from photdb.photometry.detection import Found
    from photdb.photometry.pixels import Pixels
    from photdb.photometry.psf_model import Psf
    from photdb.photometry.psf_sources import Sources

#: Radius of the pixels fitted, in FWHM.
REACH = 2.0
#: S/N of the star whose noise the weights are made for.
_WEIGHT_SNR = 20.0
#: Sources further apart than this, in FWHM, enter each other's fit through the image of all sources alone.
_PAIR_REACH = 3.0
#: Neighbours that are looked at for an error, and the share of the flux that makes one count.
_NEIGHBOURS, _COUNTS = 8, 0.01
#: A fit with less than this share of its weight left is none.
LEAST_LEFT = 0.25
_CHUNK = 4096


@dataclass(frozen=True)
class Stamps:
    """The stamps of sources and the sums that their fluxes come from; one element or stamp per source.

    Attributes
    ----------
    unit : ndarray of float32, (n, m, m)
        Images of unit flux.
    test : ndarray of float32, (n, m, m)
        Image times weight, zero where a pixel does not count; divided so that test x unit sums to 1.
    variance : ndarray of float32, (n, m, m) or (n, 1, 1)
        Of a pixel without a source, ADU².
    electrons : ndarray, (n,)
        e-/ADU.
    left : ndarray
        Share of the weight of the fit on good pixels; a source with less than a quarter is not fitted.
    edge, masked, saturated : ndarray
        Shares of the light of the fit outside the frame, on unusable, and on saturated pixels.
    bits : ndarray of int32
        Bits of the mask within the fit.
    """

    unit: NDArray[np.float32]
    test: NDArray[np.float32]
    variance: NDArray[np.float32]
    electrons: NDArray[np.float64]
    left: NDArray[np.float64]
    edge: NDArray[np.float64]
    masked: NDArray[np.float64]
    saturated: NDArray[np.float64]
    bits: NDArray[np.int32]

    @property
    def fitted(self) -> NDArray[np.bool_]:
        """Which sources have enough pixels."""
        return np.asarray(self.left >= LEAST_LEFT, bool)

    def sums(self, values: NDArray[Any], part: slice = slice(None)) -> NDArray[np.float64]:
        """Return the sums of test x values, (n, m, m) to (n,)."""
        return _dot(self.test[part], values)

    def chunks(self) -> Iterator[slice]:
        """Walk over the sources, some at a time."""
        return (slice(k, k + _CHUNK) for k in range(0, len(self.unit), _CHUNK))


@dataclass(frozen=True)
class System:
    """The stamps of sources, and what each weighted image sees of the others.

    Attributes
    ----------
    stamps : Stamps
    drawn, coupling : sparse arrays, (n, n)
        Sum of test of i x unit of j: of the sources that stand for themselves; and as it is solved.
    """

    stamps: Stamps
    drawn: Any
    coupling: Any

    def solve(self, right: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the fluxes of a right side."""
        from scipy.sparse.linalg import splu

        if self.coupling.nnz == self.coupling.shape[0]:
            return right
        return np.asarray(splu(self.coupling.tocsc()).solve(right))

    def inflation(self) -> NDArray[np.float64]:
        """Return by how much neighbours that are fitted together make the variance of each flux larger.

        The diagonal of the inverse of the matrix of overlaps with the eight neighbours that overlap most, scaled to 1
        on its own diagonal: what least squares with even weights gives.
        """
        out = np.ones(self.coupling.shape[0])
        matrix = self.coupling.tocsr()
        matrix.setdiag(0.0)
        row = np.repeat(np.arange(len(out)), np.diff(matrix.indptr))
        strong = (np.abs(matrix.data) > _COUNTS) & (matrix.indices != row)
        row, column, value = row[strong], matrix.indices[strong], matrix.data[strong]
        order = np.lexsort((-np.abs(value), row))
        row, column = row[order], column[order]
        first = np.flatnonzero(np.append(True, row[1:] != row[:-1])) if len(row) else np.empty(0, np.int64)
        rank = np.arange(len(row)) - np.repeat(first, np.diff(np.append(first, len(row))))
        row, column, rank = (v[rank < _NEIGHBOURS] for v in (row, column, rank))
        who, index = np.unique(row, return_inverse=True)
        group = np.full((len(who), _NEIGHBOURS + 1), -1)
        group[:, 0] = who
        group[index, rank + 1] = column
        for k in range(0, len(who), _CHUNK):
            out[who[k : k + _CHUNK]] = self._group_inflation(group[k : k + _CHUNK])
        return out

    def _group_inflation(self, group: NDArray[np.intp]) -> NDArray[np.float64]:
        """`inflation` of the first of every group of sources; -1 is none."""
        size = group.shape[1]
        a, b = np.repeat(group, size, axis=1).ravel(), np.tile(group, (1, size)).ravel()
        both = (a >= 0) & (b >= 0)
        value = np.zeros(len(a))
        value[both] = np.asarray(self.coupling[a[both], b[both]]).ravel()
        overlap = value.reshape(len(group), size, size)
        back = overlap.transpose(0, 2, 1)
        both_ways = (overlap != 0) & (back != 0)  # not so for one that stands for another
        overlap = np.where(both_ways, np.sign(overlap) * np.sqrt(np.abs(overlap * back)), overlap + back)
        overlap[:, np.arange(size), np.arange(size)] = 1.0 + 1e-6
        return np.asarray(np.maximum(np.linalg.inv(overlap)[:, 0, 0], 1.0), float)


def make_system(pixels: Pixels, found: Found, psf: Psf, sources: Sources, *, together: bool) -> System:
    """Make the system of sources; `together`: fitted with one another.

    The flux of a source is that for which its weighted image sees no residual: ``sum(test_i (data - sum_j F_j unit_j))
    = 0``. The weight is the inverse of the variance of a star of S/N 20 at this place, whatever the star itself
    has: it knows nothing of the data, so that noise makes no bias; it is the same for faint and bright stars, so that
    what the model gets wrong is the same share of all fluxes and goes into the zero point; and it costs at most a few
    percent of the photon limit at S/N 5 to 50.
    """
    half = max(4, int(np.ceil(REACH * psf.fwhm_x)))
    unit: NDArray[np.float32] = psf.stamps(sources.x, sources.y, half)
    reference = _reference_flux(pixels, found, psf)
    made = _weighted(pixels, unit, sources, half, reference, *_variance(pixels, found, sources, half))
    return System(made, *_overlaps(psf, sources, made, half, together=together))


def _variance(
    pixels: Pixels, found: Found, sources: Sources, half: int
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the variance of the pixels without a source, and e- per ADU."""
    variance = pixel_variance(pixels, found.background, sources.x, sources.y)
    if variance.sky is None:
        return variance.at.astype(np.float32)[:, None, None], variance.electrons
    cut = stamps(variance.sky, sources.x, sources.y, half)[0]
    outside = np.float32(np.median(variance.sky[::8, ::8]))
    return np.asarray(np.where(cut > 0, cut, outside), np.float32), variance.electrons


def _weighted(
    pixels: Pixels,
    unit: NDArray[np.float32],
    sources: Sources,
    half: int,
    reference: float,
    variance: NDArray[np.float32],
    electrons: NDArray[np.float64],
) -> Stamps:
    """Weight images of unit flux, and look at the mask below them."""
    n = np.arange(-half, half + 1)
    disc = np.hypot(n[:, None], n[None, :]) <= half + 0.5
    shared = (reference / electrons).astype(np.float32)[:, None, None]
    inside = unit * disc
    test = np.asarray(inside / (variance + shared * unit), np.float32)
    light, whole = inside.sum(axis=(1, 2), dtype=float), _dot(test, unit)
    bits = _mask_stamps(pixels, sources, half) * disc
    shares = []
    for bit in (_OUTSIDE, UNUSABLE, int(Flag.SATURATED)):
        lost = (bits & bit) != 0
        touched = lost.any(axis=(1, 2))
        share = np.zeros(len(unit))
        share[touched] = _dot(inside[touched], lost[touched]) / light[touched]
        shares.append(share)
    test *= (bits & (_OUTSIDE | UNUSABLE | int(Flag.SATURATED))) == 0
    kept = _dot(test, unit)
    left = kept / np.maximum(whole, 1e-300)
    test *= (np.where(left >= LEAST_LEFT, 1.0, 0.0) / np.maximum(kept, 1e-300)).astype(np.float32)[:, None, None]
    together = np.bitwise_or.reduce(bits.reshape(len(bits), -1), axis=1).astype(np.int32)
    edge, masked, saturated = shares
    return Stamps(unit, test, variance, electrons, left, edge, masked, saturated, together)


def _dot(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64]:
    """Sum of products of every two stamps."""
    return np.asarray(np.einsum("nji,nji->n", a, b, dtype=float))


#: A bit that no mask of a frame has: outside.
_OUTSIDE = 64


def _mask_stamps(pixels: Pixels, sources: Sources, half: int) -> NDArray[np.uint8]:
    """Return the mask around sources, 64 outside the frame."""
    height, width = pixels.mask.shape
    out = np.zeros((len(sources), 2 * half + 1, 2 * half + 1), np.uint8)
    i, j = np.rint(sources.x).astype(np.int64), np.rint(sources.y).astype(np.int64)
    n = np.arange(-half, half + 1)
    if pixels.mask.any():
        rows, columns = np.clip(j[:, None] + n, 0, height - 1), np.clip(i[:, None] + n, 0, width - 1)
        out = pixels.mask[rows[:, :, None], columns[:, None, :]]
    rim = np.flatnonzero((i < half) | (j < half) | (i >= width - half) | (j >= height - half))
    rows, columns = j[rim, None] + n, i[rim, None] + n
    inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
    out[rim] = np.where(inside, out[rim], np.uint8(_OUTSIDE))
    return out


def _reference_flux(pixels: Pixels, found: Found, psf: Psf) -> float:
    """Return the flux of a star of S/N 20, ADU: one for the frame, whichever positions are asked for."""
    height, width = found.subtracted.shape
    middle = psf.stamps([0.5 * width], [0.5 * height], max(4, int(np.ceil(REACH * psf.fwhm_x))))
    area = 1 / float((middle.astype(float) ** 2).sum())
    noise2 = found.sky_rms**2
    if pixels.gain_known:
        noise2 = max(found.sky, 0.0) / pixels.gain + float(np.median(pixels.floor))
    photons = _WEIGHT_SNR**2 / pixels.gain
    return float((photons + np.sqrt(photons**2 + 4 * _WEIGHT_SNR**2 * noise2 * area)) / 2)


def _overlaps(psf: Psf, sources: Sources, made: Stamps, half: int, *, together: bool) -> tuple[Any, Any]:
    """Return what each weighted image sees of the others: of those drawn, and as solved."""
    same = np.arange(len(sources))
    pairs = sources.pairs(_PAIR_REACH * psf.fwhm_x) if together and len(same) > 1 else np.empty((0, 2), np.intp)
    pairs = pairs[sources.drawn[pairs[:, 1]] & made.fitted[pairs].all(axis=1)]
    i0, j0 = np.rint(sources.x).astype(np.int64) - half, np.rint(sources.y).astype(np.int64) - half
    value = np.empty(len(pairs))
    for k in range(0, len(pairs), _CHUNK):
        me, other = pairs[k : k + _CHUNK].T
        image = psf.on(sources.x[other], sources.y[other], i0[me], j0[me], 2 * half + 1)
        value[k : k + _CHUNK] = _dot(made.test[me], image)
    alone = sources.stands_for[pairs[:, 0]] == sources.stands_for[pairs[:, 1]]
    drawn = _with_diagonal(pairs, value, same[sources.drawn & made.fitted], len(same))
    return drawn, _with_diagonal(pairs[~alone], value[~alone], same, len(same))


def _with_diagonal(pairs: NDArray[np.intp], value: NDArray[np.float64], ones: NDArray[np.intp], n: int) -> Any:
    """Return a sparse matrix of pairs, with 1 on some of the diagonal."""
    from scipy.sparse import csr_array

    row, column = np.append(pairs[:, 0], ones), np.append(pairs[:, 1], ones)
    return csr_array((np.append(value, np.ones(len(ones))), (row, column)), shape=(n, n))
