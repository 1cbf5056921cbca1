"""The level of the electronics under each row, from the overscan, and the part of the chip that saw light."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photdb.ingest.frame_header import FrameHeader, Section

# Lines averaged where the level is smooth. On Lowell 42-inch biases 11 lines predict the other half of the overscan
# as well as 101 do (0.26 ADU, photon-free limit 0.25) and leave bias rows alike to 0.15 ADU, against 0.29 unsmoothed.
SMOOTHED_LINES = 11
# A line that stands off its neighbours by more than this many sigma keeps its own mean: readouts start with a ramp
# (the first 20 rows of that camera climb by 1300 ADU) that no smoothing may touch.
OWN_LEVEL_SIGMA = 4.0


def light_section(header: FrameHeader) -> tuple[int, int, int, int]:
    """Return x0, x1, y0, y1 of the pixels that saw light: the trim section, else the whole array."""
    trim = header.trim
    if trim is None:
        return 0, header.width, 0, header.height
    return max(trim.x0, 0), min(trim.x1, header.width), max(trim.y0, 0), min(trim.y1, header.height)


def subtract_overscan(raw: NDArray[np.float32], overscan: Section | None) -> tuple[float, float]:
    """Take the overscan's level off every line of a raw frame, in place.

    The overscan may stand beside the rows or above the columns; the section is used as given. Each line's mean is
    clipped at 4 sigma about its median, then averaged over 11 lines unless the line stands off its neighbours.
    Lines that the overscan does not cover get its median.

    Parameters
    ----------
    raw
        Raw frame in ADU, (height, width); changed.
    overscan
        Pixels that saw no light; None leaves the frame as it is.

    Returns
    -------
    level : float
        Median level that was subtracted, ADU.
    added : float
        Variance that the subtraction added to every pixel, in units of one overscan pixel's variance.
    """
    if overscan is None:
        return 0.0, 0.0
    strip = raw[overscan.y0 : overscan.y1, overscan.x0 : overscan.x1]
    if not strip.size:
        return 0.0, 0.0
    beside_rows = strip.shape[0] >= strip.shape[1]
    lines = strip if beside_rows else strip.T
    level = overscan_level(lines)
    first = overscan.y0 if beside_rows else overscan.x0
    whole = np.full(raw.shape[0] if beside_rows else raw.shape[1], np.median(level), np.float32)
    whole[first : first + level.size] = level
    raw -= whole[:, None] if beside_rows else whole[None, :]
    return float(np.median(level)), 1.0 / (lines.shape[1] * min(SMOOTHED_LINES, lines.shape[0]))


def overscan_level(lines: NDArray[np.float32]) -> NDArray[np.float32]:
    """Level of each line (n_lines, n_pixels) in ADU: clipped mean, smoothed along the lines where that is true."""
    own, sigma = _clipped_means(np.asarray(lines, np.float64))
    smooth = _running_mean(own, SMOOTHED_LINES)
    stands_off = np.abs(own - smooth) > OWN_LEVEL_SIGMA * sigma
    # A ramp leaks into the mean of its neighbours: average again without the lines that keep their own level.
    weight = (~stands_off).astype(np.float64)
    total = _running_sum(weight, SMOOTHED_LINES)
    smooth = _running_sum(own * weight, SMOOTHED_LINES) / np.maximum(total, 1.0)
    keep = stands_off | (np.abs(own - smooth) > OWN_LEVEL_SIGMA * sigma) | (total < 1.0)
    return np.where(keep, own, smooth).astype(np.float32)


def _clipped_means(lines: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Mean of each line within 4 sigma of its median, and the typical error of such a mean."""
    middle = np.median(lines, axis=1, keepdims=True)
    away = np.abs(lines - middle)
    sigma = max(1.4826 * float(np.median(away)), 0.5)  # whole ADU: the median deviation of a quiet camera can be 0
    kept = away <= 4.0 * sigma
    n = np.maximum(kept.sum(axis=1), 1)
    means = np.where(kept.any(axis=1), (lines * kept).sum(axis=1) / n, middle[:, 0])
    return means, sigma / float(np.sqrt(lines.shape[1]))


def _running_sum(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Sum over a window of `width` that ends at the array's ends."""
    half = width // 2
    total = np.concatenate([[0.0], np.cumsum(values)])
    index = np.arange(values.size)
    upper, lower = np.minimum(index + half + 1, values.size), np.maximum(index - half, 0)
    return np.asarray(total[upper] - total[lower])


def _running_mean(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Mean over a window of `width` that ends at the array's ends."""
    return _running_sum(values, width) / _running_sum(np.ones_like(values), width)
