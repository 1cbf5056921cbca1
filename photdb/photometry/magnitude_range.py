"""The range of magnitude in which the stars of a frame are neither saturated nor too faint to calibrate with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.photometry.robust import MAD

#: Stars of a running median, of a running scatter, and fewest stars of a frame.
WINDOW, WIDE, LEAST_STARS = 7, 21, 20

#: A departure (mag) that is always allowed, and the sigmas beyond which it is real.
ALLOWED, SIGMAS = 0.03, 4.0

#: The scatter at the faint end over that of the well measured stars.
GROWTH = 2.5


def useful_range(mag: NDArray[Any], d: NDArray[Any]) -> tuple[float, float]:
    """Return the brightest and the faintest magnitude to calibrate with.

    The level is the median of d over the middle half of the stars, and their scatter about it (1.4826 median absolute
    deviations) is that of a good star. Along the sorted magnitudes runs a median of 7 stars. Saturation loses light:
    the range begins where the running median, from there to the brightest star, is below the level by more than 0.03
    mag and 4 of its own sigmas. It ends at the first place, from the middle towards the faint end, where the scatter
    of 21 stars is more than 2.5 times that of a good star. With fewer than 20 stars there is no telling, and the range
    is without end.

    Parameters
    ----------
    mag : array
        mag; of the reference stars.
    d : array
        mag; reference less instrumental magnitude.

    Returns
    -------
    lower, upper : float
        mag; infinite where the stars give no limit.
    """
    good = np.isfinite(mag) & np.isfinite(d)
    order = np.argsort(mag[good], kind="stable")
    mag, d = np.asarray(mag[good][order], dtype=np.float64), np.asarray(d[good][order], dtype=np.float64)
    n = len(mag)
    if n < LEAST_STARS:
        return -np.inf, np.inf
    first, last = n // 4, n - n // 4
    level = float(np.median(d[first:last]))
    scatter = MAD * float(np.median(np.abs(d[first:last] - level))) + 1e-6
    running = np.median(np.lib.stride_tricks.sliding_window_view(d, WINDOW), axis=1)  # [i] is about star i + 3
    tolerance = max(ALLOWED, SIGMAS * 1.2533 * scatter / np.sqrt(WINDOW))
    high = np.flatnonzero(running >= level - tolerance)
    lower = float(mag[high[0] + WINDOW // 2]) if len(high) and high[0] else -np.inf
    return lower, _faint_end(mag, d, level, GROWTH * scatter)


def _faint_end(mag: NDArray[Any], d: NDArray[Any], level: float, most: float) -> float:
    """Return where the scatter of 21 stars first exceeds `most`, going to the faint end from the middle."""
    if len(d) < WIDE:
        return float("inf")
    wide = MAD * np.median(np.lib.stride_tricks.sliding_window_view(np.abs(d - level), WIDE), axis=1)
    middle = max(len(d) // 2 - WIDE // 2, 0)
    beyond = np.flatnonzero(wide[middle:] > most)
    return float(mag[middle + beyond[0] + WIDE // 2]) if len(beyond) else float("inf")
