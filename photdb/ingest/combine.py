"""Many frames of the same thing into one: clipped weighted mean and the variance of that mean."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

# Rows of all inputs held at a time.
BAND_PIXELS = 1 << 21
# A pixel's own scatter between the inputs is trusted as much as this many degrees of freedom of the expected one.
PRIOR_DOF = 10.0
# Pixels of each input that its noise is measured from.
SAMPLE_PIXELS = 200_000
_TINY = 1e-12


@contextmanager
def frame_stack(
    n: int, shape: tuple[int, int], *, scratch: Path | None, memory_mb: int
) -> Iterator[NDArray[np.float32]]:
    """Room for n frames (n, height, width): memory, or a scratch file beyond `memory_mb`, gone afterwards."""
    size = (n, *shape)
    if n * shape[0] * shape[1] * 4 <= memory_mb << 20:
        yield np.empty(size, np.float32)
        return
    with tempfile.NamedTemporaryFile(dir=scratch, prefix="stack-", suffix=".tmp") as file:
        stack = np.memmap(file.name, np.float32, "w+", shape=size)
        try:
            yield stack
        finally:
            del stack


def combine(
    stack: NDArray[np.float32],
    *,
    kappa: float,
    expected: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    by_noise: bool,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Clipped mean of frames, weighted by their noise.

    Values further than kappa sigma from the pixel's median are left out; sigma is the mean square of the frame's
    noise and the pixel's own scatter, so that one star or cosmic ray goes and a restless pixel stays. Two frames
    that disagree leave the lower value: what should not be there adds light.

    The variance of the mean is the frames' expected noise scaled by the pixel's own scatter, the latter shrunk to
    the expectation with 10 degrees of freedom: with five inputs the scatter of one pixel alone is uncertain by 70 %.

    Parameters
    ----------
    stack
        Frames (n, height, width), NaN where there is no value.
    kappa
        Clipping limit in sigma.
    expected
        Maps the mean (rows, width) to the expected variance of a pixel relative to the typical pixel's.
    by_noise
        Weight each frame by 1 / its measured variance; else all alike.

    Returns
    -------
    mean, variance : NDArray[np.float32]
        (height, width); NaN where no frame has a value.
    """
    n, height, width = stack.shape
    sigma2 = input_variances(stack)
    if not by_noise:
        sigma2 = np.full(n, sigma2.mean())
    mean = np.empty((height, width), np.float32)
    variance = np.empty((height, width), np.float32)
    step = max(1, BAND_PIXELS // (n * width))
    for y in range(0, height, step):
        band = np.array(stack[:, y : y + step])
        mean[y : y + step], variance[y : y + step] = _combine_band(band, sigma2.astype(np.float32), kappa, expected)
    return mean, variance


def input_variances(stack: NDArray[np.float32]) -> NDArray[np.float64]:
    """Variance of a typical pixel of each frame (n,), from its differences to the mean of the others.

    With V_i the variance of frame i minus the mean of the n - 1 others, V_i = s_i + (T - s_i) / (n - 1)², T = sum s,
    which is solved for the s_i. A single frame gives its neighbour-to-neighbour noise.
    """
    n, height, width = stack.shape
    step = max(1, int(np.sqrt(height * width / SAMPLE_PIXELS)))
    sample = np.asarray(stack[:, ::step, ::step], np.float64)
    if n == 1:
        pairs = np.asarray(stack[0, ::step], np.float64)
        return np.array([robust_variance(pairs[:, 1::2] - pairs[:, : pairs.shape[1] // 2 * 2 : 2]) / 2.0])
    total = sample.sum(axis=0)
    v = np.array([robust_variance(one - (total - one) / (n - 1)) for one in sample])
    if n == 2:
        return np.maximum(v / 2.0, _TINY)
    others = (n - 1.0) ** 2
    t = v.sum() * (n - 1) / n
    return np.asarray(np.maximum((v - t / others) / (1.0 - 1.0 / others), 0.05 * t / n + _TINY))


def photon_transfer(
    stack: NDArray[np.float32], levels: NDArray[np.float64], response: NDArray[np.float32], read_noise: float
) -> float:
    """Gain in e-/ADU from the photon noise of flats: what two of them differ by, pixel against neighbour.

    For flats i and j divided by their levels L, with response f, var(f_i - f_j) = f (1/L_i + 1/L_j) / g +
    (R/g)² (1/L_i² + 1/L_j²). Differences of neighbouring pixels take out what changes slowly between the two. The
    median over consecutive pairs counts.

    Parameters
    ----------
    stack
        Flats divided by their levels, (n, height, width), n >= 2.
    levels
        ADU, (n,).
    response
        Their combination; pixels within 10 % of 1 are used.
    read_noise
        e-.

    Returns
    -------
    float
        NaN where it cannot be told.
    """
    step = max(1, int(response.shape[0] * response.shape[1] // 2_000_000))
    even = np.abs(response[::step] - 1.0) < 0.1
    pairs = even[:, 1::2] & even[:, : even.shape[1] // 2 * 2 : 2]
    gains = []
    for i in range(len(levels) - 1):
        difference = np.asarray(stack[i, ::step], np.float64) - stack[i + 1, ::step]
        v = robust_variance((difference[:, 1::2] - difference[:, : even.shape[1] // 2 * 2 : 2])[pairs]) / 2.0
        a = (1.0 / levels[i : i + 2]).sum()
        b = read_noise**2 * (1.0 / levels[i : i + 2] ** 2).sum()
        if v > 0:  # v g² - a g - b = 0
            gains.append((a + np.sqrt(a * a + 4.0 * v * b)) / (2.0 * v))
    return float(np.median(gains)) if gains else float("nan")


def robust_variance(values: NDArray[np.float64]) -> float:
    """Variance of the values within 4 sigma of their median (whole-ADU data: a mere median deviation is too coarse)."""
    values = values[np.isfinite(values)]
    if values.size < 2:
        return 0.0
    for _ in range(3):
        middle = np.median(values)
        sigma = 1.4826 * np.median(np.abs(values - middle))
        kept = np.abs(values - middle) <= 4.0 * max(float(sigma), 1e-12)
        if sigma == 0 or kept.all():
            break
        values = values[kept]
    return float(values.var())


def _combine_band(
    band: NDArray[np.float32],
    sigma2: NDArray[np.float32],
    kappa: float,
    expected: Callable[[NDArray[np.float32]], NDArray[np.float32]],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Clipped weighted mean and its variance of rows (n, rows, width)."""
    kept = _kept(band, sigma2, kappa)
    weights = np.where(kept, (1.0 / sigma2)[:, None, None], np.float32(0))
    total = weights.sum(axis=0)
    values = np.where(kept, band, np.float32(0))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (values * weights).sum(axis=0) / total
        prior = expected(mean)
        chi2 = (weights * (values - mean) ** 2 * kept).sum(axis=0) / prior
        dof = np.maximum(kept.sum(axis=0) - 1, 0)
        variance = prior * (chi2 + PRIOR_DOF) / (dof + PRIOR_DOF) / total
    return mean.astype(np.float32), variance.astype(np.float32)


def _kept(band: NDArray[np.float32], sigma2: NDArray[np.float32], kappa: float) -> NDArray[np.bool_]:
    """Which values stay."""
    finite = np.isfinite(band)
    if band.shape[0] == 1:
        return np.asarray(finite)
    if band.shape[0] == 2:
        with np.errstate(invalid="ignore"):
            apart = np.abs(band[0] - band[1]) > kappa * np.sqrt(sigma2.sum())
            return np.asarray(finite & ~(apart & (band == band.max(axis=0))))
    median = np.median
    if not finite.all():
        band, median = np.where(finite.any(axis=0), band, np.float32(0)), np.nanmedian
    away = np.abs(band - median(band, axis=0))
    own = np.float32(1.4826**2) * median(away, axis=0) ** 2
    with np.errstate(invalid="ignore"):
        return np.asarray(finite & (away**2 <= np.float32(kappa**2 / 2.0) * (sigma2[:, None, None] + own)))
