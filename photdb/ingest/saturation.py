"""Saturated pixels, with the cores that fell back under the limit and the pixels the charge ran into."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Widest fallen core, px, and the least it still holds as a fraction of saturation.
CORE_PX, CORE_LEVEL = 40, 0.25
# Beyond this fraction of the frame the saturated pixels are no stars: nothing is completed.
TOO_MANY = 0.2


def saturation_mask(raw: NDArray[np.float32], saturation: float) -> NDArray[np.bool_]:
    """Return where raw counts are saturated, by value or by company.

    Pixels at or above the limit are. In the brightest stars the core falls back under it (on the Lowell 42-inch to
    48 000 of 65 535 ADU): bright pixels with saturated ones to the left, right, above and below count too. So do the
    eight neighbours of every saturated pixel, which hold charge that ran over.

    Parameters
    ----------
    raw
        Counts before any correction, (height, width).
    saturation
        Limit in ADU.
    """
    mask = raw >= np.float32(saturation)
    y, x = np.nonzero(mask)
    if not y.size or y.size > TOO_MANY * raw.size:
        return mask
    height, width = raw.shape
    holes = np.intersect1d(_between(y, x, width), _transposed(_between(x, y, height), height, width))
    holes = holes[raw.reshape(-1)[holes] > CORE_LEVEL * saturation]
    y, x = np.concatenate([y, holes // width]), np.concatenate([x, holes % width])
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            mask[np.clip(y + dy, 0, height - 1), np.clip(x + dx, 0, width - 1)] = True
    return mask


def _between(line: NDArray[np.int64], place: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """Flat indices (line * length + place) of short gaps between marked pixels of one line."""
    at = np.sort(line * length + place)
    gap = np.diff(at)
    start = np.flatnonzero((gap > 1) & (gap <= CORE_PX) & (at[1:] // length == at[:-1] // length))
    count = gap[start] - 1
    first = np.repeat(at[start] + 1 - (np.cumsum(count) - count), count)
    return np.asarray(first + np.arange(first.size))


def _transposed(index: NDArray[np.int64], height: int, width: int) -> NDArray[np.int64]:
    """Flat indices counted down the columns as indices counted along the rows."""
    x, y = np.divmod(index, height)
    return np.asarray(y * width + x)
