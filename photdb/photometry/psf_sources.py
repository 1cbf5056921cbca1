"""Which sources of a frame are fitted together with the positions that somebody asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photdb.photometry.detection import Found

#: Positions nearer than this to each other, in FWHM, are one source.
SAME = 0.5


@dataclass(frozen=True)
class Sources:
    """Positions asked for, then the sources beside them.

    Attributes
    ----------
    x, y : ndarray
        px.
    n_asked : int
        How many of them were asked for.
    stands_for : ndarray of int
        Of each, itself; of a position within half a FWHM of one asked for earlier, that one: both are measured, each
        as though the other were not there, and for the rest of the frame the earlier one is the source.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    n_asked: int
    stands_for: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.x)

    @property
    def drawn(self) -> NDArray[np.bool_]:
        """Which stand for themselves."""
        return np.asarray(self.stands_for == np.arange(len(self)))

    def pairs(self, reach: float) -> NDArray[np.intp]:
        """Return both orders of all pairs nearer than `reach`, px: (pairs, 2)."""
        from scipy.spatial import cKDTree

        one = cKDTree(np.c_[self.x, self.y]).query_pairs(reach, output_type="ndarray")
        return np.concatenate([one, one[:, ::-1]]).astype(np.intp)


def sources_with(
    found: Found, x: NDArray[np.float64], y: NDArray[np.float64], fwhm: float, reach: NDArray[np.float64] | None
) -> Sources:
    """Put the positions asked for and the detected sources beside them into one list.

    A detected source within half a FWHM of a position, or of a brighter source, is the same one and left out.

    Parameters
    ----------
    found : Found
    x, y : ndarray
        Positions asked for, within the frame, px.
    fwhm : float
        px.
    reach : ndarray, (sources of the frame,), or None
        How far from the next position each source matters, px; None: no neighbours.
    """
    near = np.empty(0, np.intp) if reach is None or not len(x) else _beside(found, x, y, SAME * fwhm, reach)
    every_x, every_y = np.append(x, found.x[near]), np.append(y, found.y[near])
    return Sources(every_x, every_y, len(x), _merged(every_x, every_y, len(x), SAME * fwhm))


def _beside(
    found: Found, x: NDArray[np.float64], y: NDArray[np.float64], same: float, reach: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return the sources that matter, the brighter of any two that are one."""
    from scipy.spatial import cKDTree

    if not len(found):
        return np.empty(0, np.intp)
    distance, _ = cKDTree(np.c_[x, y]).query(np.c_[found.x, found.y])
    near = np.flatnonzero((distance > same) & (distance < reach))
    near = near[np.argsort(-found.flux_iso[near], kind="stable")]
    pairs = cKDTree(np.c_[found.x[near], found.y[near]]).query_pairs(same, output_type="ndarray")
    return np.delete(near, np.unique(pairs.max(axis=1))) if len(pairs) else near


def _merged(x: NDArray[np.float64], y: NDArray[np.float64], n_asked: int, same: float) -> NDArray[np.intp]:
    """Return which source each position stands for; only of those asked for some stand for others."""
    from scipy.spatial import cKDTree

    out = np.arange(len(x))
    if n_asked < 2:
        return out
    pairs = np.sort(cKDTree(np.c_[x[:n_asked], y[:n_asked]]).query_pairs(same, output_type="ndarray"), axis=1)
    for first, second in pairs[np.lexsort(pairs.T)]:  # by the later one; its candidates are settled by then
        if out[first] == first and out[second] == second:
            out[second] = first
    return out
