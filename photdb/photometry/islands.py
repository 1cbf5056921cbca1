"""Stars that are alone: sets of detections far from all others, whose object needs no matching.

Most detections of a night are of such a star. They are told apart by cells of a cube grid and the few numbers each
cell is described by, so the work grows with the number of detections, not with that of their pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Cells along an axis, at most: the number of a cell has to be a 64-bit integer.
MOST_CELLS = 2_000_000


@dataclass(frozen=True, slots=True)
class Members:
    """The detections of islands, arrays of n sorted by island and frame, and where each island begins.

    Parameters
    ----------
    order : ndarray of int
        Their numbers.
    island : ndarray of int
        0 ... k-1.
    start : ndarray of int, shape (k,)
    is_twice : ndarray of bool, shape (k,)
        Whether a frame has two of an island.
    """

    order: NDArray[np.int64]
    island: NDArray[np.int64]
    start: NDArray[np.int64]
    is_twice: NDArray[np.bool_]


def islands(position: NDArray[np.float64], apart: float) -> NDArray[np.int64]:
    """Return the number of the island of each position: what is nearer than a distance is of one island.

    Parameters
    ----------
    position : ndarray, shape (n, 3)
        arcsec.
    apart : float
        arcsec. Two of different islands are surely farther apart; some that are farther may be of one.

    Returns
    -------
    ndarray of int, shape (n,)
        Counted from 0.

    Examples
    --------
    >>> islands(np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [9.0, 0.0, 0.0]]), 2.0).tolist()
    [0, 0, 1]
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    cell = _cells(position, apart / 2)
    order = np.argsort(cell, kind="stable")
    start = _starts(cell[order])
    count = np.diff(np.r_[start, len(order)])
    number = np.repeat(np.arange(len(start)), count)
    places = position[order]
    centre = np.column_stack([np.add.reduceat(places[:, k], start) for k in range(3)]) / count[:, None]
    radius = np.maximum.reduceat(_length(places - centre[number]), start)
    i, j = cKDTree(centre).query_pairs(apart + 2 * float(radius.max()), output_type="ndarray").T
    near = _length(centre[i] - centre[j]) <= apart + radius[i] + radius[j]
    shape = (len(start), len(start))
    graph = coo_matrix((np.ones(int(near.sum()), dtype=np.int8), (i[near], j[near])), shape=shape)
    _, together = connected_components(graph, directed=False)
    island = np.empty(len(order), dtype=np.int64)
    island[order] = together[number]
    return island


def members(island: NDArray[np.int64], frame: NDArray[np.int64]) -> Members:
    """Return the members of islands, sorted.

    Parameters
    ----------
    island, frame : ndarray of int, shape (n,)
        Both are not negative and less than 2**31; each island has a member.
    """
    key = (island.astype(np.int64) << 32) + frame
    order = np.argsort(key)
    key = key[order]
    of = key >> 32
    start = _starts(of)
    is_twice = np.zeros(len(start), dtype=bool)
    is_twice[of[1:][key[1:] == key[:-1]]] = True
    return Members(order, of, start, is_twice)


def means(
    inside: Members, position: NDArray[np.float64], counts: NDArray[np.bool_], length: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean position of the members that count, on the sphere, and how far each member is from it.

    Parameters
    ----------
    inside : Members
    position : ndarray, shape (n, 3)
        In the order of the members, arcsec.
    counts : ndarray of bool
        In the order of the members; at least one of each island.
    length : float
        Of the radius of the sphere, arcsec.

    Returns
    -------
    mean : ndarray, shape (k, 3)
    distance : ndarray, shape (n,)
    """
    weight = counts.astype(np.float64)
    mean = np.column_stack([np.add.reduceat(position[:, k] * weight, inside.start) for k in range(3)])
    mean *= (length / _length(mean))[:, None]
    return mean, _length(position - mean[inside.island])


def _cells(position: NDArray[np.float64], edge: float) -> NDArray[np.int64]:
    """Return the number of the cell of a cube grid that each position is in."""
    low, high = position.min(axis=0), position.max(axis=0)
    edge = max(edge, float((high - low).max()) / MOST_CELLS)
    x, y, z = ((position[:, k] - low[k]) // edge for k in range(3))
    _, along_y, along_z = ((high - low) // edge).astype(np.int64) + 1
    cell = (x.astype(np.int64) * along_y + y.astype(np.int64)) * along_z + z.astype(np.int64)
    return np.asarray(cell, dtype=np.int64)


def _starts(number: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each new number begins in a sorted array."""
    return np.flatnonzero(np.r_[True, number[1:] != number[:-1]])


def _length(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the lengths of vectors, shape (n, 3)."""
    return np.asarray(np.sqrt(vector[:, 0] ** 2 + vector[:, 1] ** 2 + vector[:, 2] ** 2))
