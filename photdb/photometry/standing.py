"""Leftovers that stand still, on the sky or on the detector: stars at the limit, hot pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from photdb.photometry.tracklet_fit import Frames, Leftovers, Limits, poisson_tail

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Detections beside each other stand still when chance makes so many in less than this share.
_RARE = 0.005


def standing(leftovers: Leftovers, frames: Frames, limits: Limits, *, reach: float) -> NDArray[np.bool_]:
    """Return which leftovers stand still: others are at the same place when a body would have gone.

    Parameters
    ----------
    leftovers : Leftovers
    frames : Frames
    limits : Limits
        A body moves at ``min_rate`` at least.
    reach : float
        arcsec; what is nearer is at the same place.

    Returns
    -------
    bool array (n,)
    """
    t = frames.t[leftovers.frame]
    near = _near(leftovers.x, leftovers.y, reach)
    near = near[np.abs(t[near[:, 0]] - t[near[:, 1]]) > 2.0 * reach / limits.min_rate]
    return _too_often(near, leftovers.frame, np.pi * reach**2 * float(frames.density.sum()))


def standing_on_detector(
    leftovers: Leftovers, x: Floats, y: Floats, *, radius: float, moved: float, area: float
) -> NDArray[np.bool_]:
    """Return which leftovers stand still on the detector while the sky passes by: hot pixels.

    Parameters
    ----------
    leftovers : Leftovers
    x, y : float array (n,)
        px; their places on the detector.
    radius : float
        px; what is nearer is at the same place.
    moved : float
        arcsec; the sky has passed by when it has gone so far.
    area : float
        px^2; of the detector.

    Returns
    -------
    bool array (n,)
    """
    near = _near(x, y, radius)
    a, b = near.T
    gone = np.hypot(leftovers.x[a] - leftovers.x[b], leftovers.y[a] - leftovers.y[b]) > moved
    return _too_often(near[gone], leftovers.frame, np.pi * radius**2 * len(x) / area, least=2)


def _near(x: Floats, y: Floats, radius: float) -> Ints:
    """Return the pairs of places within a radius, (m, 2)."""
    if len(x) < 2:
        return np.zeros((0, 2), dtype=np.int64)
    pairs: Ints = cKDTree(np.column_stack([x, y])).query_pairs(radius, output_type="ndarray").astype(np.int64)
    return pairs


def _too_often(near: Ints, frame: Ints, expected: float, *, least: int = 1) -> NDArray[np.bool_]:
    """Return what has others beside it in more frames than chance would put there, and in so many at least."""
    both = np.concatenate([near, near[:, ::-1]])
    beside = np.unique(np.column_stack([both[:, 0], frame[both[:, 1]]]), axis=0)
    count = np.bincount(beside[:, 0], minlength=len(frame))
    return np.asarray((count >= least) & (poisson_tail(count, np.full(len(frame), expected)) < _RARE))
