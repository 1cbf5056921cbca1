"""How well calibrated magnitudes repeat: the figure that a global solution is quoted with."""

from __future__ import annotations

import numpy as np

from photdb.photometry.robust import BIWEIGHT, MAD, segment_median
from photdb.photometry.zero_measures import Array, Measures
from photdb.photometry.zero_point import Solution
from photdb.photometry.zero_terms import place_sum

#: Frames in which a star must be to repeat.
LEAST_FRAMES = 3


def repeatability(m: Measures, solution: Solution) -> float:
    """Return the robust scatter of calibrated magnitudes about each star's own mean (mag); NaN: no star in 3 frames.

    Measured on the stars kept back, on all where none are. A star's mean takes a share of the scatter, which is given
    back: each residual is stretched by ``1 / sqrt(1 - w / sum w)``.

    Parameters
    ----------
    m : Measures
        Of the aperture that the solution is of.
    solution : Solution
        Of any model.
    """
    residual = residuals(m, solution)
    return float("nan") if not len(residual) else float(MAD * np.median(np.abs(residual)))


def residuals(m: Measures, solution: Solution) -> Array:
    """Return calibrated magnitudes less each star's own mean, stretched for what the mean took (mag)."""
    if m.held is not None and m.held.any():
        m = m.take(m.held.astype(bool))
    value = calibrated(m, solution)
    keep = np.isfinite(value)
    star = np.unique(m.star[keep], return_inverse=True)[1]
    value, err = value[keep], m.err[keep].astype(np.float64)
    order = np.argsort(star, kind="stable")
    star, value, err = star[order], value[order], err[order]
    count = np.bincount(star)
    start = np.concatenate([[0], np.cumsum(count)[:-1]]).astype(np.int64)
    near = value - segment_median(value, start, count)[star]
    scale = np.hypot(err, MAD * np.median(np.abs(near)) if len(near) else 0.0) + 1e-9
    weight = np.where(np.abs(near) < BIWEIGHT * scale, 1.0 / scale**2, 0.0)  # one wrong measurement moves no mean
    total = np.bincount(star, weight)
    mean = np.bincount(star, weight * value) / np.maximum(total, 1e-300)
    share = np.minimum(weight / np.maximum(total, 1e-300)[star], 0.9)
    several = np.bincount(star, weight > 0)[star] >= LEAST_FRAMES
    return np.asarray(((value - mean[star]) / np.sqrt(1.0 - share))[several])


def calibrated(m: Measures, solution: Solution) -> Array:
    """Return zero point and terms less the measured difference: the calibrated magnitude against the reference.

    Without a reference it is the calibrated magnitude itself. Stars of unknown colour are taken at the pivot.
    """
    frame = m.frame
    left = solution.zp[frame] - m.d
    if m.colour is not None and solution.offsets.terms is not None:
        lever = np.nan_to_num(m.colour - solution.pivots[0])
        left = left + np.nan_to_num(solution.colour_term[frame]) * lever
    if solution.zp_map is not None and m.u is not None and m.v is not None:
        left = left + place_sum(m.u, m.v, np.nan_to_num(solution.zp_map)[frame])
    if m.mag is not None:
        b = np.nan_to_num(solution.mag_term[frame])
        lever = np.nan_to_num(m.mag - m.d + solution.zp[frame] - solution.pivots[1])
        left = left + b * lever
    return np.asarray(left)
