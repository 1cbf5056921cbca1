"""Groups of frames that are connected by common stars."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.photometry.zero_measures import Index, Rows


def connected(star: NDArray[Any], rows: Rows, seen: Index, n_frame: int) -> tuple[Index, Index]:
    """Return the connected group of every frame and star, numbered from 0.

    The least number of a frame spreads over common stars, and whole groups are taken over at a time, so a chain of n
    frames needs about log n rounds. A star that was not seen is in group 0.

    Parameters
    ----------
    star : array
        Of every measurement, sorted by frame.
    rows : Rows
        Where each frame's measurements lie.
    seen : array
        Measurements of each star.
    n_frame : int
        How many frames there are.
    """
    label = np.arange(n_frame, dtype=np.int64)
    of_star = np.zeros(len(seen), dtype=np.int64)
    while True:
        of_star = np.where(seen > 0, n_frame, 0)
        for block in rows.blocks(max(1 << 16, len(seen) // 2)):
            np.minimum.at(of_star, star[block.rows], label[block.frames][block.local])
        least = label.copy()
        for block in rows.blocks():
            there = block.count > 0
            if there.any():
                low = np.minimum.reduceat(of_star[star[block.rows]], block.start[there])
                least[block.frames][there] = np.minimum(low, label[block.frames][there])
        after = least.copy()
        np.minimum.at(after, label, least)  # the frame whose number a group has tells all of the group
        while not np.array_equal(after, after[after]):
            after = after[after]
        if np.array_equal(after, label):
            break
        label = after
    number, group = np.unique(label, return_inverse=True)
    of_star = np.where(seen > 0, np.searchsorted(number, of_star), 0)
    return group.astype(np.int64), of_star.astype(np.int64)
