"""Extinction of a night from the zero points of its frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.photometry.robust import BIWEIGHT, MAD, biweight, biweight_slope, small_sample
from photdb.photometry.zero_measures import Array, Index

#: Fewer frames, or a smaller range of airmass: no extinction.
LEAST_FRAMES, LEAST_RANGE = 5, 0.2


@dataclass(frozen=True, slots=True)
class Extinction:
    """Extinction of nights: mag per airmass, its error, and frames used; NaN where a night cannot tell."""

    k: Array
    k_err: Array
    n: Index


def extinction(
    zp: NDArray[Any], zp_err: NDArray[Any], airmass: NDArray[Any], night: NDArray[Any], *, n_night: int | None = None
) -> Extinction:
    """Return the extinction of each night: ``zp = zp_0 - k airmass``, robust against frames under a cloud.

    Parameters
    ----------
    zp, zp_err : array
        mag; one a frame. NaN is left out.
    airmass : array
        One a frame. NaN is left out.
    night : array of int
        Night of each frame, from 0.
    n_night : int, optional
        How many nights there are; the largest number + 1 without it.
    """
    n_night = int(night.max(initial=-1)) + 1 if n_night is None else n_night
    out = Extinction(np.full(n_night, np.nan), np.full(n_night, np.nan), np.zeros(n_night, dtype=np.int64))
    good = np.isfinite(zp) & np.isfinite(airmass)
    order = np.flatnonzero(good)[np.argsort(night[good], kind="stable")]
    bounds = np.searchsorted(night[order], np.arange(n_night + 1))
    for k in range(n_night):
        mine = order[bounds[k] : bounds[k + 1]]
        if len(mine) >= LEAST_FRAMES and np.ptp(airmass[mine]) >= LEAST_RANGE:
            out.k[k], out.k_err[k], out.n[k] = _slope(zp[mine], np.nan_to_num(zp_err[mine]), airmass[mine])
    return out


def _slope(zp: Array, err: Array, airmass: Array) -> tuple[float, float, int]:
    """Return the extinction of one night, its error, and the frames used."""
    x = airmass - airmass.mean()
    first, second = np.triu_indices(len(x), 1)
    apart = np.abs(x[first] - x[second]) > 0.25 * np.ptp(x)
    slope = float(np.median(((zp[first] - zp[second])[apart]) / (x[first] - x[second])[apart]))
    level = float(np.median(zp - slope * x))
    design = np.stack([np.ones(len(x)), x])
    sigma = u = np.ones(len(x))
    for _ in range(15):
        residual = zp - level - slope * x
        scatter = float(MAD * np.median(np.abs(residual)) * small_sample(len(x)) * np.sqrt(len(x) / (len(x) - 2)))
        sigma = np.maximum(np.hypot(err, max(scatter, 1e-5)), 1e-5)
        u = residual / sigma
        weight = biweight(u) / sigma**2
        square = (design * weight) @ design.T
        change = np.linalg.lstsq(square, design @ (weight * residual), rcond=None)[0]
        level, slope = level + float(change[0]), slope + float(change[1])
        if np.abs(change).max() < 1e-8:
            break
    used = np.abs(u) < BIWEIGHT
    inverse = np.linalg.pinv((design * np.maximum(biweight_slope(u), 0.0) / sigma**2) @ design.T)
    meat = (design * (biweight(u) * u / sigma) ** 2) @ design.T
    n = int(used.sum())
    error = np.sqrt((inverse @ meat @ inverse)[1, 1] * n / max(n - 2, 1))
    return -slope, float(error), n
