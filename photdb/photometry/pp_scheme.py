"""The zero point of PHOTOMETRYPIPELINE: the weighted mean, its largest residuals dropped step by step.

Mommert 2017 (Astronomy and Computing 18, 47), and its ``pp_calibrate`` as it behaves: the step of the lowest reduced
chi2 counts, gone back to one that has enough stars.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.photometry.robust import segment_median
from photdb.photometry.zero_measures import Array, Block, Index, Mask, Rows

#: Reference errors below this (mag) are taken to be it.
LEAST_ERROR = 0.01

#: A frame must have more stars than this.
TOO_FEW = 3

#: More stars than this are never demanded.
MOST_DEMANDED = 100


@dataclass(frozen=True, slots=True)
class Steps:
    """Every step of every frame, in order: arrays of one length.

    Attributes
    ----------
    frame
        The frame.
    zp, sigma
        mag.
    red_chi2
        chi2 / (n - 2).
    n
        Stars left.
    chosen
        The step that counts; one a frame.
    """

    frame: Index
    zp: Array
    sigma: Array
    red_chi2: Array
    n: Index
    chosen: Mask


@dataclass(frozen=True, slots=True)
class PPSolution:
    """Zero points by PP's scheme, one a frame; NaN and 0 where a frame has three stars or fewer.

    Attributes
    ----------
    zp
        mag.
    sigma
        mag; ``sqrt(weighted variance + mean of the squared errors)``: scatter and errors together, not the error of the
        mean.
    red_chi2
        chi2 / (n - 2).
    n
        Stars used.
    used
        One a star of the input: whether the chosen step has it.
    steps
        The table of steps.
    """

    zp: Array
    sigma: Array
    red_chi2: Array
    n: Index
    used: Mask
    steps: Steps


def solve_pp(
    d: NDArray[Any], ref_err: NDArray[Any], inst_err: NDArray[Any], frame: NDArray[Any], *, n_frame: int,
    min_stars: float = 0.5, with_steps: bool = True,
) -> PPSolution:  # fmt: skip
    """Return the zero points by PP's scheme.

    Parameters
    ----------
    d : array
        mag; m_ref - m_inst, sorted by frame.
    ref_err, inst_err : array
        mag; the first is taken to be 0.01 where it is less.
    frame : array of int
        From 0.
    n_frame : int
        How many frames there are.
    min_stars : float, default=0.5
        Stars that the chosen step must have if the frame has them: below 1 a share of the frame's, else a number; never
        more than 100 are demanded.
    with_steps : bool, default=True
        Keep the table of steps; without it only the chosen ones, which for many frames is a hundredth.

    Raises
    ------
    ValueError
        The frames are not in order.
    """
    if np.any(frame[1:] < frame[:-1]):
        raise ValueError("the measurements are not sorted by frame")
    rows = Rows.of(frame, n_frame)
    blocks = list(rows.blocks(1 << 18)) or [Block.of(0, 0, rows.bounds)]
    parts = [
        _of_block(block, d[block.rows], ref_err[block.rows], inst_err[block.rows], min_stars, with_steps=with_steps)
        for block in blocks
    ]
    steps = Steps(*(np.concatenate([getattr(p.steps, f.name) for p in parts]) for f in fields(Steps)))
    zp, sigma, red_chi2, n, used = (
        np.concatenate([getattr(p, name) for p in parts]) for name in ("zp", "sigma", "red_chi2", "n", "used")
    )
    return PPSolution(zp, sigma, red_chi2, n, used, steps)


def _of_block(
    block: Block, d: NDArray[Any], ref_err: NDArray[Any], inst_err: NDArray[Any], min_stars: float, *, with_steps: bool
) -> PPSolution:
    """Return the solution of the frames of a block; the steps have the frames' numbers of all."""
    d = d.astype(np.float64)
    error2 = np.maximum(ref_err, LEAST_ERROR).astype(np.float64) ** 2 + np.square(inst_err, dtype=np.float64)
    level = np.nan_to_num(segment_median(d, block.start, block.count))
    order = np.lexsort((d, block.local))
    rows = Rows(np.concatenate([block.start, [len(d)]]))
    found = _chosen(_steps((d - level[block.local])[order], error2[order], rows, level), rows, order, min_stars)
    steps = found.steps
    keep = slice(None) if with_steps else steps.chosen
    columns = [getattr(steps, f.name)[keep] for f in fields(Steps)]
    return replace(found, steps=Steps(columns[0] + block.frames.start, *columns[1:]))


@dataclass(frozen=True, slots=True)
class _Found:
    """Steps as they were made, with the part of the sorted stars that each has."""

    frame: Index
    zp: Array
    sigma: Array
    red_chi2: Array
    first: Index
    last: Index


def _steps(value: Array, error2: Array, rows: Rows, level: Array) -> _Found:
    """Return all steps of all frames, side by side.

    The largest residual is always at one end of the sorted values, so what is left is always one stretch of them and
    its sums are differences of running sums.
    """
    weight = 1.0 / error2
    sums = [np.concatenate([[0.0], np.cumsum(x)]) for x in (weight, weight * value, weight * value**2, error2)]
    first, last = rows.bounds[:-1].copy(), rows.bounds[1:].copy()
    first[last - first <= TOO_FEW] = last[last - first <= TOO_FEW]
    made: list[tuple[Any, ...]] = []
    going = np.flatnonzero(last - first >= TOO_FEW)
    while len(going):
        a, b = first[going], last[going]
        n = b - a
        w, wv, wv2, e2 = (s[b] - s[a] for s in sums)
        zp = wv / w
        chi2 = np.maximum(wv2 - wv * zp, 0.0)
        made.append((going, zp + level[going], np.sqrt(chi2 / w + e2 / n), chi2 / (n - 2), a, b))
        drop = np.maximum(1, n // 50)
        for k in range(int(drop.max())):
            on = drop > k
            low = on & (np.abs(value[np.minimum(a, len(value) - 1)] - zp) >= np.abs(value[b - 1] - zp))
            a, b = a + low, b - (on & ~low)
        first[going], last[going] = a, b
        going = going[b - a >= TOO_FEW]
    if not made:
        none = np.zeros(0)
        return _Found(none.astype(np.int64), none, none, none, none.astype(np.int64), none.astype(np.int64))
    columns = [np.concatenate(column) for column in zip(*made, strict=True)]
    in_order = np.argsort(columns[0], kind="stable")
    return _Found(*(column[in_order] for column in columns))


def _chosen(found: _Found, rows: Rows, order: Index, min_stars: float) -> PPSolution:
    """Return the solution: each frame's step of the lowest reduced chi2 that has enough stars."""
    count = np.diff(rows.bounds)
    n_frame, n = len(count), found.last - found.first
    demanded = (min_stars * count).astype(np.int64) if min_stars < 1 else np.full(n_frame, int(min_stars))
    demanded = np.minimum(demanded, MOST_DEMANDED)
    steps = np.bincount(found.frame, minlength=n_frame)
    start = np.concatenate([[0], np.cumsum(steps)[:-1]]).astype(np.int64)
    there = steps > 0
    best = np.zeros(n_frame, dtype=np.int64)
    by_chi2 = np.lexsort((np.arange(len(n)), found.red_chi2, found.frame))
    best[there] = by_chi2[start[there]]
    enough = np.bincount(found.frame[n >= demanded[found.frame]], minlength=n_frame)
    best = np.minimum(best, start + np.maximum(enough - 1, 0))  # the number left falls from step to step
    chosen = np.zeros(len(n), dtype=bool)
    chosen[best[there]] = True
    out = [np.full(n_frame, np.nan) for _ in range(3)]
    for column, values in zip(out, (found.zp, found.sigma, found.red_chi2), strict=True):
        column[there] = values[best[there]]
    n_used = np.zeros(n_frame, dtype=np.int64)
    n_used[there] = n[best[there]]
    inside = np.zeros(len(order) + 1, dtype=np.int64)
    np.add.at(inside, found.first[chosen], 1)
    np.add.at(inside, found.last[chosen], -1)
    used = np.zeros(len(order), dtype=bool)
    used[order] = np.cumsum(inside[:-1]) > 0
    zp, sigma, red_chi2 = out
    return PPSolution(
        zp, sigma, red_chi2, n_used, used, Steps(found.frame, found.zp, found.sigma, found.red_chi2, n, chosen)
    )
