"""Which id a group of detections has, and what becomes of ids that no group takes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


def inherit(
    old: NDArray[np.int64], labels: NDArray[np.int64], n: int, waiting: Mapping[int, int] | None = None
) -> tuple[NDArray[np.int64], dict[int, int]]:
    """Return the id of each of n groups (0: a new one), and where the ids go that vanish.

    A group takes the id that most of its detections had; of ids with as many, the lower one. An id that several groups
    want goes to the one with the most of its detections.

    Parameters
    ----------
    old : ndarray of int
        Id that each detection had; 0: none.
    labels : ndarray of int
        Group of each, 0 ... n-1; -1: none.
    n : int
    waiting : mapping, optional
        Ids without detections, and the group at their place: taken where the group has no other.

    Returns
    -------
    ids : ndarray of int, shape (n,)
    vanished : dict
        Id to the id that most of its detections have now; 0: they have none, or the group's id is not made yet and
        stands as minus (group + 1).

    Examples
    --------
    >>> inherit(np.array([7, 7, 9, 0]), np.array([0, 0, 0, 1]), 2)
    (array([7, 0]), {9: 7})
    """
    had = old > 0
    pairs, count = np.unique(np.column_stack([old[had], labels[had]]).reshape(-1, 2), axis=0, return_counts=True)
    ids = np.zeros(n, dtype=np.int64)
    taken: set[int] = set()
    for k in np.lexsort((pairs[:, 1], pairs[:, 0], -count)):
        object_id, label = int(pairs[k, 0]), int(pairs[k, 1])
        if label >= 0 and not ids[label] and object_id not in taken:
            ids[label] = object_id
            taken.add(object_id)
    for object_id, label in sorted((waiting or {}).items()):
        if not ids[label]:
            ids[label] = object_id
            taken.add(object_id)
    vanished: dict[int, int] = {}
    for k in np.lexsort((pairs[:, 1], count)):  # the group with the most comes last and stays
        object_id, label = int(pairs[k, 0]), int(pairs[k, 1])
        if object_id in taken:
            continue
        home = 0 if label < 0 else int(ids[label]) or -(label + 1)
        if home or object_id not in vanished:
            vanished[object_id] = home
    return ids, vanished
