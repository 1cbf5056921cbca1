"""Robust statistics of grouped values: weights, medians, scatter."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]

#: Scaled residual at which Tukey's biweight reaches zero.
BIWEIGHT = 5.0

#: Scaled residual from which Huber's weight falls.
HUBER = 1.345

#: Fewer stars than this: weighted median, else biweight (the crossing point measured on simulated outliers).
FEW = 20

#: Of a normal distribution: sigma / median absolute deviation.
MAD = 1.482602218505602

# Croux & Rousseeuw 1992 (COMPSTAT, p. 411): the median absolute deviation of n values is too small by this.
_SMALL = np.array([1.0, 1.0, 1.196, 1.495, 1.363, 1.206, 1.200, 1.140, 1.129, 1.107])

_CELLS = 1 << 18


def biweight(u: NDArray[Any]) -> NDArray[Any]:
    """Return Tukey's weights of scaled residuals."""
    return np.asarray(np.maximum(1.0 - (u * (1.0 / BIWEIGHT)) ** 2, 0.0) ** 2)


def huber(u: NDArray[Any]) -> NDArray[Any]:
    """Return Huber's weights of scaled residuals."""
    return np.asarray(HUBER / np.maximum(np.abs(u), HUBER))


def biweight_slope(u: NDArray[Any]) -> NDArray[Any]:
    """Return the derivative of ``u * biweight(u)``: what one more unit of shift takes from the equations."""
    s = np.minimum((u * (1.0 / BIWEIGHT)) ** 2, 1.0)
    return np.asarray((1.0 - s) * (1.0 - 5.0 * s))


def huber_slope(u: NDArray[Any]) -> NDArray[Any]:
    """Return the derivative of ``u * huber(u)``."""
    return np.asarray((np.abs(u) < HUBER).astype(np.float64))


def small_sample(n: NDArray[Any] | int) -> Array:
    """Return what a scatter from the median absolute deviation of n values must be multiplied with."""
    n = np.asarray(n)
    return np.asarray(np.where(n < 10, _SMALL[np.clip(n, 0, 9)], n / np.maximum(n - 0.8, 1.0)))


def width(x: NDArray[Any]) -> float:
    """Return the robust width about zero."""
    return float(MAD * np.median(np.abs(x)))


def extra_scatter(residual: NDArray[Any], err: NDArray[Any]) -> float:
    """Return the scatter that, added to the errors in quadrature, makes residuals as wide as they are.

    The width is the median absolute deviation, so a share of outliers does not matter.
    """
    residual, err = _sample(residual), _sample(err)
    if len(residual) < 3:
        return 0.0
    residual = residual * float(small_sample(len(residual)))
    if width(residual / np.maximum(err, 1e-9)) <= 1.0:
        return 0.0
    low, high = 0.0, width(residual) + 1e-9
    for _ in range(25):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if width(residual / np.hypot(err, middle)) > 1.0 else (low, middle)
    return 0.5 * (low + high)


def segment_median(value: NDArray[Any], start: Index, count: Index, *, most: int | None = None) -> Array:
    """Return the median of each run of values, NaN where it is empty.

    Runs of like length are sorted side by side as the rows of a matrix, which is many times quicker than sorting
    all values by group.

    Parameters
    ----------
    value : array
        All values, run after run.
    start, count : array of int
        Where each run begins and how many it has.
    most : int, optional
        At most so many values of a run, evenly taken: enough to start from.
    """
    out = np.full(len(count), np.nan)
    start, count = start.astype(np.int64), count.astype(np.int64)
    taken = count if most is None else np.minimum(count, most)
    order = np.argsort(taken, kind="stable")
    length = taken[order]
    i = int(np.searchsorted(length, 1))
    while i < len(order):
        shortest = int(length[i])
        j = min(i + max(1, _CELLS // shortest), int(np.searchsorted(length, 2 * shortest, side="right")))
        g, n = order[i:j], length[i:j]
        cells = _cells(value, start[g], count[g], n)
        cells.sort(axis=1)
        row = np.arange(j - i)
        out[g] = 0.5 * (cells[row, (n - 1) // 2].astype(np.float64) + cells[row, n // 2])
        i = j
    return out


def grouped_median(value: NDArray[Any], weight: NDArray[Any], group: NDArray[Any], n_group: int) -> Array:
    """Return the weighted median of each group, NaN where it is empty; groups in any order."""
    by_value = np.argsort(value)
    small = np.int16 if n_group < 2**15 else np.int64  # numpy sorts 16 bits by radix: four times a lexsort's speed
    order = by_value[np.argsort(group[by_value].astype(small), kind="stable")]
    value, weight, group = value[order], weight[order], group[order]
    count = np.bincount(group, minlength=n_group)
    start = np.concatenate([[0], np.cumsum(count)[:-1]])
    total = np.cumsum(weight, dtype=np.float64)
    before = np.concatenate([[0.0], total])[start]
    share = (total - before[group]) / np.maximum(np.bincount(group, weight, n_group), 1e-300)[group]
    out = np.full(n_group, np.nan)
    there = count > 0
    low = np.bincount(group, share < 0.5 - 1e-9, n_group).astype(np.int64)
    high = np.bincount(group, share <= 0.5 + 1e-9, n_group).astype(np.int64)
    last = start + count - 1
    lower, upper = np.minimum(start + low, last), np.minimum(start + high, last)
    out[there] = 0.5 * (value[lower[there]] + value[upper[there]])
    return out


def _cells(value: NDArray[Any], start: Index, count: Index, taken: Index) -> NDArray[Any]:
    """Return runs as the rows of a matrix, filled up with infinity."""
    widest = int(taken[-1])
    column = np.arange(widest)
    if np.array_equal(taken, count):
        place = start[:, None] + np.minimum(column, count[:, None] - 1)
    else:
        place = start[:, None] + np.minimum(column * count[:, None] // taken[:, None], count[:, None] - 1)
    cells = value[place]
    if taken[0] != widest:
        cells[column >= taken[:, None]] = np.inf
    return cells


def _sample(x: NDArray[Any], most: int = 20_000) -> NDArray[Any]:
    """Return at most so many values, evenly taken."""
    return x[:: max(1, len(x) // most)]
