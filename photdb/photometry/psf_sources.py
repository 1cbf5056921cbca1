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
#: A source that is nearer than this to two positions, in FWHM, is these two.
_BLEND = 1.0


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
        Of each, itself; of a position within half a FWHM of a brighter one that was asked for, that one: both are
        measured, each as though the other were not there, and for the rest of the frame the brighter is the source.
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

    A detected source within half a FWHM of a position, or of a brighter source, is the same one and left out; so is one
    within a FWHM of two positions, which detection did not take apart.

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
    return Sources(every_x, every_y, len(x), _merged(found, every_x, every_y, len(x), SAME * fwhm))


def _beside(
    found: Found, x: NDArray[np.float64], y: NDArray[np.float64], same: float, reach: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return the sources that matter, the brighter of any two that are one."""
    from scipy.spatial import cKDTree

    if not len(found):
        return np.empty(0, np.intp)
    distance, _ = cKDTree(np.c_[x, y]).query(np.c_[found.x, found.y], k=2)  # infinite where there is no second
    blend = distance[:, 1] < _BLEND / SAME * same
    near = np.flatnonzero((distance[:, 0] > same) & ~blend & (distance[:, 0] < reach))
    near = near[np.argsort(-found.flux_iso[near], kind="stable")]
    pairs = cKDTree(np.c_[found.x[near], found.y[near]]).query_pairs(same, output_type="ndarray")
    return np.delete(near, np.unique(pairs.max(axis=1))) if len(pairs) else near


def _merged(
    found: Found, x: NDArray[np.float64], y: NDArray[np.float64], n_asked: int, same: float
) -> NDArray[np.intp]:
    """Return which source each position stands for; only of those asked for some stand for others."""
    from scipy.spatial import cKDTree

    out = np.arange(len(x))
    if n_asked < 2:
        return out
    pairs = cKDTree(np.c_[x[:n_asked], y[:n_asked]]).query_pairs(same, output_type="ndarray")
    height, width = found.subtracted.shape
    column, row = np.rint(x[:n_asked]).astype(int), np.rint(y[:n_asked]).astype(int)
    bright = found.subtracted[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
    rank = np.empty(n_asked, np.intp)
    rank[np.argsort(-bright, kind="stable")] = np.arange(n_asked)
    ranks = np.sort(rank[pairs], axis=1)
    who = np.argsort(rank)
    for first, second in who[ranks[np.lexsort(ranks.T)]]:  # by the fainter one; what it may stand for is settled then
        if out[first] == first and out[second] == second:
            out[second] = first
    return out
