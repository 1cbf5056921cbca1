"""Bad pixels and cosmic rays near sources: which they touch, and what they would have held."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from photdb.photometry.flags import UNUSABLE, Flag

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Pixels around positions that are looked at together.
_CELLS = 500_000
#: Cells of so many pixels a side are looked at first; eight pixels of a mask are one whole number.
_CELL = 8


def mask_bits(
    mask: NDArray[np.uint8], x: NDArray[np.float64], y: NDArray[np.float64], radius: float
) -> NDArray[np.int32]:
    """Return the bits of all mask pixels whose centre is within a radius of each position, px."""
    bits = np.zeros(len(x), np.int32)
    if not len(x):
        return bits
    near = np.flatnonzero(_may_touch(mask, x, y, radius + 2.0))
    bits[near] = _bits_of(mask, x[near], y[near], radius)
    return bits


def _may_touch(
    mask: NDArray[np.uint8], x: NDArray[np.float64], y: NDArray[np.float64], reach: float
) -> NDArray[np.bool_]:
    """Tell which positions have a marked cell of 8 x 8 pixels within reach: most have none, and need no closer look."""
    odd = [(0, -size % _CELL) for size in mask.shape]
    whole = np.ascontiguousarray(np.pad(mask, odd) if np.any(odd) else mask)
    rows = whole.view(np.uint64).reshape(len(whole) // _CELL, _CELL, -1)
    marked = np.bitwise_or.reduce(rows, axis=1) != 0
    below = np.zeros((marked.shape[0] + 1, marked.shape[1] + 1), np.int64)
    marked.cumsum(axis=0, out=below[1:, 1:]).cumsum(axis=1, out=below[1:, 1:])
    (y0, y1), (x0, x1) = (
        [np.clip((v + side) // _CELL + end, 0, n).astype(np.int64) for side, end in ((-reach, 0), (reach, 1))]
        for v, n in zip((y, x), marked.shape, strict=True)
    )
    return np.asarray(below[y1, x1] - below[y0, x1] - below[y1, x0] + below[y0, x0] > 0)


def _bits_of(
    mask: NDArray[np.uint8], x: NDArray[np.float64], y: NDArray[np.float64], radius: float
) -> NDArray[np.int32]:
    """Return what `mask_bits` does, of every position."""
    bits = np.zeros(len(x), np.int32)
    height, width = mask.shape
    column, row = np.rint(x).astype(np.int64), np.rint(y).astype(np.int64)
    reach = int(np.ceil(radius + 0.5))
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            yy, xx = row + dy, column + dx
            near = (yy >= 0) & (yy < height) & (xx >= 0) & (xx < width) & ((xx - x) ** 2 + (yy - y) ** 2 < radius**2)
            bits[near] |= mask[yy[near], xx[near]]
    return bits


def mirror_masked(
    image: NDArray[np.float32], mask: NDArray[np.uint8], x: NDArray[np.float64], y: NDArray[np.float64], radius: float
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float64]]:
    """Find values for unusable pixels near sources: those opposite to them across the source's centre.

    Stars are symmetric, so the pixel opposite (linear between four) is the best unbiased guess at what a bad pixel
    would have held; source-extractor's ``MASK_TYPE CORRECT`` does the same for neighbours.

    Parameters
    ----------
    image : ndarray of float32
        Background-subtracted frame, ADU.
    mask : ndarray of uint8
    x, y : ndarray
        Positions, px.
    radius : float
        How far from a source to look, px.

    Returns
    -------
    index : ndarray of int
        Flat indices of the pixels that have a value now.
    value : ndarray of float32
        Their values, ADU; where two sources claim a pixel the nearer one decides.
    incomplete : ndarray of float64, (sources,)
        Distance of the nearest pixel that cannot be filled in so, px; infinite when there is none.
    """
    found = opposite_values(image, mask, x, y, radius)
    incomplete = nearest_missing(found, len(x))
    good = found.good
    order = np.argsort(-found.distance[good], kind="stable")
    index = found.pixel[good][order]
    index, last = np.unique(index[::-1], return_index=True)
    return index, found.value[good][order][::-1][last], incomplete


class Opposite(NamedTuple):
    """Unusable pixels near positions, one element per pair of both, and what lies opposite across the position.

    `position` counts the positions; `pixel` is the flat index of the pixel, `distance` (px) is from the position;
    `value` (ADU) is the one opposite, where `good`.
    """

    position: NDArray[np.int64]
    pixel: NDArray[np.int64]
    value: NDArray[np.float32]
    good: NDArray[np.bool_]
    distance: NDArray[np.float64]


def opposite_values(
    image: NDArray[np.float32], mask: NDArray[np.uint8], x: NDArray[np.float64], y: NDArray[np.float64], radius: float
) -> Opposite:
    """Return the unusable pixels within a radius (px) of each position, and the values opposite to them."""
    reach = int(np.ceil(radius + 0.5))
    step = max(1, _CELLS // (2 * reach + 1) ** 2)
    parts = []
    for start in range(0, max(len(x), 1), step):
        here = slice(start, start + step)
        part = _opposite_values(image, mask, x[here], y[here], radius, reach)
        parts.append(part._replace(position=part.position + start))
    return Opposite(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _opposite_values(
    image: NDArray[np.float32],
    mask: NDArray[np.uint8],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    radius: float,
    reach: int,
) -> Opposite:
    """`opposite_values` of some positions, on squares of pixels around them."""
    height, width = mask.shape
    n = np.arange(-reach, reach + 1)
    yy = (np.rint(y).astype(np.int64)[:, None, None] + n[None, :, None]) + 0 * n[None, None, :]
    xx = (np.rint(x).astype(np.int64)[:, None, None] + n[None, None, :]) + 0 * n[None, :, None]
    near = (yy >= 0) & (yy < height) & (xx >= 0) & (xx < width)
    distance = np.hypot(xx - x[:, None, None], yy - y[:, None, None])
    near &= distance < radius + 0.71
    source, jj, ii = np.nonzero(near & ((mask[np.where(near, yy, 0), np.where(near, xx, 0)] & UNUSABLE) != 0))
    yy, xx, distance = yy[source, jj, ii], xx[source, jj, ii], distance[source, jj, ii]
    value, good = _opposite(image, mask, 2 * x[source] - xx, 2 * y[source] - yy)
    return Opposite(source, yy * width + xx, value, good, distance)


def nearest_missing(found: Opposite, n: int) -> NDArray[np.float64]:
    """Return the distance of the nearest pixel without a value opposite of each of n positions, px; else infinity."""
    out = np.full(n, np.inf)
    np.minimum.at(out, found.position[~found.good], found.distance[~found.good])
    return out


def _opposite(
    image: NDArray[np.float32], mask: NDArray[np.uint8], x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Bilinear value at positions, and whether the four pixels are usable."""
    height, width = image.shape
    i, j = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    inside = (i >= 0) & (j >= 0) & (i < width - 1) & (j < height - 1)
    i, j = np.where(inside, i, 0), np.where(inside, j, 0)
    fx, fy = x - i, y - j
    value, good = np.zeros(len(x)), inside.copy()
    for dj, wy in ((0, 1 - fy), (1, fy)):
        for di, wx in ((0, 1 - fx), (1, fx)):
            value += wx * wy * image[j + dj, i + di]
            good &= (wx * wy < 1e-3) | ((mask[j + dj, i + di] & (UNUSABLE | int(Flag.SATURATED))) == 0)
    return value.astype(np.float32), good


class Patched:
    """A frame with the unusable pixels near sources filled in from across them, put back on leaving.

    Attributes
    ----------
    incomplete : ndarray of float64, (sources,)
        Distance of the nearest pixel that cannot be filled in, px; infinite when there is none.
    """

    def __init__(
        self,
        image: NDArray[np.float32],
        mask: NDArray[np.uint8],
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        radius: float,
    ) -> None:
        self._flat = image.reshape(-1)
        self._index: NDArray[np.int64] = np.empty(0, np.int64)
        self._new: NDArray[np.float32] = np.empty(0, np.float32)
        self._old = self._new
        self.incomplete = np.full(len(x), np.inf)
        touched = np.flatnonzero(mask_bits(mask, x, y, radius + 1.0) & UNUSABLE)
        if len(touched):
            self._index, self._new, self.incomplete[touched] = mirror_masked(
                image, mask, x[touched], y[touched], radius
            )

    def __enter__(self) -> Patched:
        self._old = self._flat[self._index]
        self._flat[self._index] = self._new
        return self

    def __exit__(self, *_: object) -> None:
        self._flat[self._index] = self._old
