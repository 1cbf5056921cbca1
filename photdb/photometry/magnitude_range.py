"""The range of magnitude in which the stars of a frame are neither saturated nor too faint to calibrate with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.photometry.robust import MAD

#: Stars of a running median, fewest stars of a frame, and stars on either side of which the level is taken.
WINDOW, LEAST_STARS = 7, 20

#: A departure (mag) that is always allowed, and the sigmas beyond which it is real.
ALLOWED, SIGMAS = 0.03, 4.0

#: The scatter at the faint end over that of the well measured stars.
GROWTH = 2.5


def useful_range(mag: NDArray[Any], d: NDArray[Any]) -> tuple[float, float]:
    """Return the brightest and the faintest magnitude to calibrate with.

    The level is the median of d over the middle half of the stars, and their scatter about it (1.4826 median absolute
    deviations) is that of a good star. Along the sorted magnitudes runs a median of 7 stars. Saturation loses light:
    the range begins where the running median, from there to the brightest star, is below the level by more than 0.03
    mag and 4 of its own sigmas. It ends where the running scatter, from there to the faintest star, is more than 2.5
    times that of a good star. With fewer than 20 stars there is no telling, and the range is without end.

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
    windows = np.lib.stride_tricks.sliding_window_view(d, WINDOW)
    running = np.median(windows, axis=1)  # running[i] is about star i + WINDOW // 2
    wide = MAD * np.median(np.abs(windows - running[:, None]), axis=1)
    half = WINDOW // 2
    tolerance = max(ALLOWED, SIGMAS * 1.2533 * scatter / np.sqrt(WINDOW))
    low = running < level - tolerance
    n_low = int(np.argmin(low)) if not low.all() else 0
    lower = float(mag[n_low + half]) if n_low else -np.inf
    noisy = (wide > GROWTH * scatter)[::-1]
    n_noisy = int(np.argmin(noisy)) if not noisy.all() else 0
    upper = float(mag[len(mag) - 1 - n_noisy - half]) if n_noisy else np.inf
    return lower, upper
