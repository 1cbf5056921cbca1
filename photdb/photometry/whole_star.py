"""The zero point of the whole star, from those of circular apertures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.photometry.zero_measures import Array

#: Steepness of the wing where two apertures cannot tell it, and how far from it a star's may be.
BETA, BETA_WIDTH = 3.0, 1.0

_ERR = 0.001  # mag: how well zero points of apertures are known against each other
_RANGE = (1.3, 8.0)
_ROUNDS = 40


def whole_star(zp_by_aperture: NDArray[Any], diameter: NDArray[Any]) -> tuple[Array, Array]:
    """Return the zero point of the whole star, and its growth over the largest aperture.

    Zero points of apertures differ by the light that an aperture misses. For a Moffat profile the light beyond radius r
    is ``(1 + (r/a)^2)^-(beta - 1)`` (Moffat 1969, A&A 3, 455), which far out falls as ``r^-2(beta - 1)``. Its width,
    its beta and the zero point of the whole star are fitted to all apertures of a frame; with two of them beta is 3.

    Parameters
    ----------
    zp_by_aperture : array, (n_frame, n_aperture)
        mag; NaN where there is none.
    diameter : array, (n_aperture,) or (n_frame, n_aperture)
        Of the apertures, in any one unit.

    Returns
    -------
    zp, growth : array, (n_frame,)
        mag; ``growth`` is how much the whole star's zero point is above the largest aperture's. NaN for a frame with
        fewer than two apertures of different size.
    """
    zp = np.asarray(zp_by_aperture, dtype=np.float64)
    radius = 0.5 * np.broadcast_to(np.asarray(diameter, dtype=np.float64), zp.shape)
    there = np.isfinite(zp) & (radius > 0)
    largest = np.argmax(np.where(there, radius, -1.0), axis=1)
    row = np.arange(len(zp))
    top, wide = zp[row, largest], radius[row, largest]
    smallest = np.where(there, radius, np.inf).min(axis=1, initial=np.inf)
    able = (there.sum(axis=1) >= 2) & (smallest < 0.999 * wide)
    growth = np.full(len(zp), np.nan)
    if able.any():
        ratio = np.where(there, radius / wide[:, None], 1.0)[able]
        fall = np.where(there, zp - top[:, None], 0.0)[able]
        growth[able] = _fit(ratio, fall, there[able])
    return top + growth, growth


def _fit(ratio: Array, fall: Array, there: NDArray[np.bool_]) -> Array:
    """Return the growth beyond the largest aperture, by damped least squares of log width, beta and growth."""
    n = len(ratio)
    x = np.stack([_first_width(ratio, fall, there), np.full(n, BETA), np.zeros(n)], axis=1)
    x[:, 2] = -_missing(np.ones((n, 1)), x)[:, 0]
    weight = np.where(there, 1.0 / _ERR**2, 0.0)
    damping, now = np.full(n, 1e-3), np.full(n, np.inf)
    now = _misfit(ratio, fall, weight, x)
    for _ in range(_ROUNDS):
        left, slope = fall - x[:, 2:] - _missing(ratio, x), _slopes(ratio, x)
        square = np.einsum("nak,na,nal->nkl", slope, weight, slope)
        right = np.einsum("nak,na,na->nk", slope, weight, left)
        square[:, 1, 1] += 1.0 / BETA_WIDTH**2
        right[:, 1] += (BETA - x[:, 1]) / BETA_WIDTH**2
        square += damping[:, None, None] * np.einsum("nkk->nk", square)[:, :, None] * np.eye(3)
        trial = x + np.linalg.solve(square + 1e-9 * np.eye(3), right[:, :, None])[:, :, 0]
        trial[:, 0] = np.clip(trial[:, 0], -4.0, 1.0)
        trial[:, 1] = np.clip(trial[:, 1], *_RANGE)
        after = _misfit(ratio, fall, weight, trial)
        better = after <= now
        x, now = np.where(better[:, None], trial, x), np.where(better, after, now)
        damping = np.clip(np.where(better, 0.2 * damping, 5.0 * damping), 1e-9, 1e6)
    # The largest aperture's zero point is kept as it was measured: only what is missing beyond it is the model's.
    return np.asarray(-_missing(np.ones((n, 1)), x)[:, 0])


def _first_width(ratio: Array, fall: Array, there: NDArray[np.bool_]) -> Array:
    """Return the log of the width (of the largest radius) that explains the smallest aperture, at a beta of 3."""
    n = len(ratio)
    small = np.argmin(np.where(there, ratio, np.inf), axis=1)
    r, depth = ratio[np.arange(n), small][:, None], fall[np.arange(n), small]
    low, high = np.full(n, -4.0), np.full(n, 1.0)
    for _ in range(30):
        middle = 0.5 * (low + high)
        x = np.stack([middle, np.full(n, BETA), np.zeros(n)], axis=1)
        deeper = (_missing(r, x) - _missing(np.ones((n, 1)), x))[:, 0] < depth
        low, high = np.where(deeper, low, middle), np.where(deeper, middle, high)
    return np.asarray(0.5 * (low + high))


def _missing(ratio: Array, x: Array) -> Array:
    """Return the zero point of an aperture less that of the whole star (mag, negative)."""
    beyond = np.exp(-(x[:, 1:2] - 1.0) * np.log1p(np.square(ratio * np.exp(-x[:, :1]))))
    return np.asarray(2.5 * np.log10(np.maximum(1.0 - beyond, 1e-12)))


def _slopes(ratio: Array, x: Array) -> Array:
    """Return the derivatives of an aperture's zero point by log width, beta and growth."""
    square = np.square(ratio * np.exp(-x[:, :1]))
    beyond = np.exp(-(x[:, 1:2] - 1.0) * np.log1p(square))
    scale = -2.5 / np.log(10.0) / np.maximum(1.0 - beyond, 1e-12) * beyond
    by_width = scale * (x[:, 1:2] - 1.0) * 2.0 * square / (1.0 + square)
    by_beta = -scale * np.log1p(square)
    return np.stack([by_width, by_beta, np.ones_like(ratio)], axis=2)


def _misfit(ratio: Array, fall: Array, weight: Array, x: Array) -> Array:
    """Return what is minimised."""
    left = fall - x[:, 2:] - _missing(ratio, x)
    return np.asarray(np.sum(weight * left**2, axis=1) + ((x[:, 1] - BETA) / BETA_WIDTH) ** 2)
