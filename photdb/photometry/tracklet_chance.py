"""How many tracklets like one chance would make.

Of detections strewn evenly over each frame, those that lie on a path as well as the ones of a tracklet do fill a volume
of the space of their places that can be written down: sky x rates x an ellipsoid of residuals. Its product with the
densities is the number of such tracklets to expect.
"""

from __future__ import annotations

from math import exp, lgamma, log, pi

import numpy as np
from numpy.typing import NDArray

from photdb.photometry.tracklet_fit import Fit, Frames, Leftovers, Limits, bend

Ints = NDArray[np.int64]


def expected_by_chance(
    left: Leftovers, frames: Frames, limits: Limits, rows: Ints, fit: Fit, *, crowd: NDArray[np.float64]
) -> float:
    """Return how many tracklets of as many detections, that fit as well, chance makes in the field.

    Parameters
    ----------
    left, frames, limits
        What was searched.
    rows : int array
        The detections of the tracklet.
    fit : Fit
        Its motion. A better one than errors allow counts as one that is as good as they do.
    crowd : float array
        How many times as dense as in the mean leftovers are around each of them.

    Returns
    -------
    float
    """
    at = left.frame[rows]
    k, m = len(rows), int(np.count_nonzero(frames.density > 0))
    dt = frames.t[at] - fit.t0
    powers = np.column_stack([np.ones_like(dt), dt])
    bends = (0.5 * float(bend(fit.rate)) * dt**2)[:, None]
    covariance = np.diag(left.sigma[rows] ** 2) + bends @ bends.T
    inner = powers.T @ np.linalg.solve(covariance, powers)
    shape = float(np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(inner)[1])  # both axes: twice the half
    free = 2 * (k - 2)
    chi2 = max(fit.chi2_sum, float(free))
    ball = free / 2 * log(pi) - lgamma(free / 2 + 1) + free / 2 * log(chi2)
    choices = lgamma(m + 1) - lgamma(k + 1) - lgamma(m - k + 1)
    densities = float(np.sum(np.log(frames.density[at] * crowd)))
    rates = log(pi * (limits.max_rate**2 - limits.min_rate**2))
    return exp(min(choices + densities + log(frames.area) + rates + shape + ball, 700.0))
