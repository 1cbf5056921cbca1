"""Positions and sizes: windowed moments of every source, and the FWHM of the frame from Moffat fits to its stars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Gaussian sigma in FWHM.
_SIGMA = 1 / 2.3548200450309493
#: Sources worked on at a time: their stamps stay in the cache.
_CHUNK = 1024
#: Stars fitted for the FWHM of the frame.
_FITTED = 40
#: Two-point Gauss-Legendre nodes of a pixel: exact for cubics, enough down to 1.5 px FWHM.
_NODES = np.array([-0.5, 0.5]) / np.sqrt(3.0)


@dataclass(frozen=True, slots=True)
class Shapes:
    """Positions and sizes of the sources of a frame; see `photdb.photometry.detection.Found`."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    fwhm: NDArray[np.float64]
    ellipticity: NDArray[np.float64]
    frame_fwhm: float
    frame_beta: float
    frame_ellipticity: float
    n_stars: int


@dataclass(frozen=True, slots=True)
class Moments:
    """Windowed positions, and second moments corrected for the window, px²; NaN where they did not converge."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    xx: NDArray[np.float64]
    yy: NDArray[np.float64]
    xy: NDArray[np.float64]


def measure_shapes(
    image: NDArray[np.float32],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    peak: NDArray[np.float64],
    noise: NDArray[np.float64],
    npix: NDArray[np.int64],
    threshold: NDArray[np.float64],
    unfit: NDArray[np.bool_],
) -> Shapes:
    """Measure positions and sizes of sources and the FWHM of the frame.

    The window of the moments is a Gaussian of the stars' FWHM, first guessed from isophotal areas: a Gaussian star
    covers ``pi FWHM² ln(peak/threshold) / (4 ln 2)`` pixels above a threshold. The stars of the frame are the bright,
    unflagged sources around the most common size; the frame's FWHM is the median of Moffat profiles, integrated over
    pixels, fitted to up to 40 of them. Sizes of single sources are windowed moments, scaled so that stars have the
    frame's FWHM.

    Parameters
    ----------
    image : ndarray of float32, (height, width)
        Background-subtracted frame, ADU.
    x, y : ndarray
        Barycentres, px.
    peak, noise, threshold : ndarray
        Highest pixel, noise of a pixel and isophotal threshold of each source, ADU.
    npix : ndarray
        Pixels above the threshold.
    unfit : ndarray of bool
        Sources that say nothing about stars: saturated, cut, deblended, masked.
    """
    guess = _guess(npix, peak, threshold, noise, unfit)
    if not np.isfinite(guess):
        nan = np.full(len(x), np.nan)
        return Shapes(x, y, nan, nan, float("nan"), float("nan"), float("nan"), 0)
    moments = windowed_moments(image, x, y, guess)
    rough = _sizes(moments)
    stars = _stars(rough, moments, peak / noise, unfit)
    fwhm, beta, _ = moffat_fits(image, moments.x[stars][:_FITTED], moments.y[stars][:_FITTED], guess)
    frame, n = _consensus(fwhm)
    if not np.isfinite(frame):
        frame, n = float(np.median(rough[stars])) if len(stars) else guess, len(stars)
    scale = frame / float(np.median(rough[stars])) if len(stars) else 1.0
    ellipticity = _ellipticity(moments)
    near = np.hypot(moments.x - x, moments.y - y) < max(1.0, 0.5 * frame)
    return Shapes(
        np.where(near, moments.x, x), np.where(near, moments.y, y),
        np.where(near, rough * scale, np.nan), np.where(near, ellipticity, np.nan),
        frame, float(np.nanmedian(beta)) if np.isfinite(beta).any() else float("nan"),
        float(np.median(ellipticity[stars])) if len(stars) else float("nan"), n,
    )  # fmt: skip


def _guess(
    npix: NDArray[np.int64],
    peak: NDArray[np.float64],
    threshold: NDArray[np.float64],
    noise: NDArray[np.float64],
    unfit: NDArray[np.bool_],
) -> float:
    """Return the most common FWHM of the bright sources by their isophotal area, px."""
    for least, fit in ((20.0, ~unfit), (5.0, ~unfit), (0.0, np.ones(len(unfit), bool))):
        use = np.flatnonzero(fit & (peak > np.maximum(1.5 * threshold, least * noise)))
        if len(use) >= 5 or (least == 0.0 and len(use)):
            use = use[np.argsort(-peak[use], kind="stable")][:300]
            size = np.sqrt(4 * np.log(2) / np.pi * npix[use] / np.log(peak[use] / threshold[use]))
            return float(np.clip(half_sample_mode(size), 1.0, 60.0))
    return float("nan")


def half_sample_mode(values: NDArray[np.float64]) -> float:
    """Return the most common value: the densest half of the densest half, and so on (Bickel & Fruehwirth 2006)."""
    v = np.sort(values)
    while len(v) > 3:
        half = (len(v) + 1) // 2
        start = int(np.argmin(v[half - 1 :] - v[: len(v) - half + 1]))
        v = v[start : start + half]
    return float(np.median(v))


def windowed_moments(
    image: NDArray[np.float32], x: NDArray[np.float64], y: NDArray[np.float64], fwhm: float
) -> Moments:
    """Return windowed positions and second moments of sources.

    The window is a circular Gaussian of the given FWHM. Positions are iterated as source-extractor's XWIN_IMAGE,
    ``x += 2 sum(w I (x_i - x)) / sum(w I)``, which for a Gaussian star is the best unbiased estimate there is. The
    second moments have the window taken out by the rule for two Gaussians: inverse covariances add. All sources are
    iterated at once on stamps, the window being a product of a row and a column.
    """
    chunks = [_windowed(image, x[i : i + _CHUNK], y[i : i + _CHUNK], fwhm) for i in range(0, len(x), _CHUNK)]
    parts = [np.concatenate([c[k] for c in chunks]) if chunks else np.empty(0) for k in range(5)]
    return Moments(*parts)


def _windowed(
    image: NDArray[np.float32], x: NDArray[np.float64], y: NDArray[np.float64], fwhm: float
) -> tuple[NDArray[np.float64], ...]:
    """`windowed_moments` of one chunk."""
    sigma = fwhm * _SIGMA
    half = max(3, int(np.ceil(3.0 * sigma)))
    stamp, i0, j0 = stamps(image, x, y, half)
    column, row = i0[:, None] + np.arange(2 * half + 1), j0[:, None] + np.arange(2 * half + 1)
    cx, cy = x.copy(), y.copy()
    active = np.arange(len(x))
    settled = np.zeros(len(x), bool)
    with np.errstate(all="ignore"):
        for _ in range(8):
            dx, dy = column[active] - cx[active, None], row[active] - cy[active, None]
            wx, wy = _window(dx, sigma), _window(dy, sigma)
            part = stamp if len(active) == len(stamp) else stamp[active]
            along = np.einsum("nji,nj->ni", part, wy)
            flux = np.einsum("ni,ni->n", along, wx)
            sx = 2 * np.einsum("ni,ni,ni->n", along, wx, dx) / flux
            sy = 2 * np.einsum("nj,nj,nj->n", np.einsum("nji,ni->nj", part, wx), wy, dy) / flux
            cx[active] += np.clip(sx, -1, 1)
            cy[active] += np.clip(sy, -1, 1)
            done = np.hypot(sx, sy) < 1e-3
            settled[active[done]] = True
            lost = (
                ~np.isfinite(sx + sy)
                | (np.abs(cx[active] - x[active]) > half)
                | (np.abs(cy[active] - y[active]) > half)
            )
            active = active[~done & ~lost]
            if not len(active):
                break
        dx, dy = column - cx[:, None], row - cy[:, None]
        wx, wy = _window(dx, sigma), _window(dy, sigma)
        along = np.einsum("nji,nj->ni", stamp, wy)
        flux = (along * wx).sum(1)
        xx = (along * wx * dx**2).sum(1) / flux
        yy = (np.einsum("nji,ni->nj", stamp, wx) * wy * dy**2).sum(1) / flux
        xy = (np.einsum("nji,nj->ni", stamp, wy * dy.astype(np.float32)) * wx * dx).sum(1) / flux
        out = _without_window(xx, yy, xy, sigma)
    bad = ~settled
    return tuple(np.where(bad, np.nan, v) for v in (cx, cy, *out))


def _window(distance: NDArray[np.float64], sigma: float) -> NDArray[np.float32]:
    """Return a Gaussian."""
    return np.asarray(np.exp(np.float32(-0.5 / sigma**2) * (distance * distance).astype(np.float32)))


def _without_window(
    xx: NDArray[np.float64], yy: NDArray[np.float64], xy: NDArray[np.float64], sigma: float
) -> tuple[NDArray[np.float64], ...]:
    """Second moments of the source: inverse of (inverse of the windowed ones - inverse of the window's)."""
    det = xx * yy - xy**2
    ixx, iyy, ixy = yy / det - sigma**-2, xx / det - sigma**-2, -xy / det
    idet = ixx * iyy - ixy**2
    good = (det > 0) & (idet > 0) & (ixx > 0)
    return tuple(np.where(good, v / idet, np.nan) for v in (iyy, ixx, -ixy))


def stamps(
    image: NDArray[np.float32], x: NDArray[np.float64], y: NDArray[np.float64], half: int
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """Return square cut-outs around positions, zero outside the frame, and their first columns and rows."""
    height, width = image.shape
    i0, j0 = np.rint(x).astype(np.int64) - half, np.rint(y).astype(np.int64) - half
    n = np.arange(2 * half + 1)
    column, row = i0[:, None] + n, j0[:, None] + n
    index = (np.clip(row, 0, height - 1) * width)[:, :, None] + np.clip(column, 0, width - 1)[:, None, :]
    cut = image.reshape(-1).take(index)
    outside = np.flatnonzero((i0 < 0) | (j0 < 0) | (i0 + 2 * half >= width) | (j0 + 2 * half >= height))
    if len(outside):
        c, r = column[outside], row[outside]
        inside = ((r >= 0) & (r < height))[:, :, None] & ((c >= 0) & (c < width))[:, None, :]
        cut[outside] *= inside
    return cut, i0, j0


def _sizes(m: Moments) -> NDArray[np.float64]:
    """FWHM of the Gaussian of the same windowed moments, px."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.sqrt(np.sqrt(m.xx * m.yy - m.xy**2)) / _SIGMA)


def _ellipticity(m: Moments) -> NDArray[np.float64]:
    """1 - b/a."""
    with np.errstate(invalid="ignore"):
        mean, half = 0.5 * (m.xx + m.yy), np.hypot(0.5 * (m.xx - m.yy), m.xy)
        return np.asarray(1 - np.sqrt(np.maximum(mean - half, 0) / (mean + half)))


def _stars(
    size: NDArray[np.float64], moments: Moments, peak_snr: NDArray[np.float64], unfit: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """Select the bright sources of the most common size, the brightest first."""
    for least, fit in ((30.0, ~unfit), (10.0, ~unfit), (0.0, ~unfit), (0.0, np.ones(len(unfit), bool))):
        use = np.flatnonzero(fit & (peak_snr > least) & np.isfinite(size))
        if len(use) >= 10 or (least == 0.0 and len(use)):
            break
    if not len(use):
        return use
    use = use[np.argsort(-peak_snr[use], kind="stable")][:400]
    centre = half_sample_mode(size[use])
    spread = 1.4826 * float(np.median(np.abs(size[use] - centre)))
    keep = np.abs(size[use] - centre) < np.clip(2.5 * spread, 0.05 * centre, 0.25 * centre)
    return np.asarray(use[keep])


def _consensus(fwhm: NDArray[np.float64]) -> tuple[float, int]:
    """Median of the fits after clipping, and how many they are."""
    good = fwhm[np.isfinite(fwhm)]
    if not len(good):
        return float("nan"), 0
    centre = float(np.median(good))
    spread = max(1.4826 * float(np.median(np.abs(good - centre))), 0.01 * centre)
    good = good[np.abs(good - centre) < 3 * spread]
    return float(np.median(good)), len(good)


def moffat_fits(
    image: NDArray[np.float32], x: NDArray[np.float64], y: NDArray[np.float64], guess: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Fit circular, pixel-integrated Moffat profiles to stars: FWHM (px), exponent and flux, NaN where it failed.

    Least squares by Levenberg-Marquardt for all stars at once, with six parameters each: ln flux, x, y, ln alpha,
    ln beta and a constant. The wings of a Gaussian make beta run away; it is held below 30.
    """
    if not len(x):
        return np.empty(0), np.empty(0), np.empty(0)
    half = max(4, int(np.ceil(1.5 * guess)))
    cut, i0, j0 = stamps(image, x, y, half)
    n = np.arange(2 * half + 1)
    px, py = (i0[:, None] + n).astype(float), (j0[:, None] + n).astype(float)
    data = cut.reshape(len(x), -1).astype(float)
    core = np.maximum(cut[:, half - 1 : half + 2, half - 1 : half + 2].max(axis=(1, 2)), 1e-6)
    beta0 = 3.5
    alpha0 = guess / (2 * np.sqrt(2 ** (1 / beta0) - 1))
    p = np.stack(
        [np.log(core * np.pi * alpha0**2 / (beta0 - 1)), x, y, np.full(len(x), np.log(alpha0)),
         np.full(len(x), np.log(beta0)), np.zeros(len(x))], axis=1,
    )  # fmt: skip
    p = _levenberg(data, px, py, p)
    beta = np.exp(p[:, 4])
    fwhm = 2 * np.exp(p[:, 3]) * np.sqrt(2 ** (1 / beta) - 1)
    with np.errstate(invalid="ignore"):
        good = (np.hypot(p[:, 1] - x, p[:, 2] - y) < guess) & (fwhm > 0.3 * guess) & (fwhm < 3 * guess)
    return np.where(good, fwhm, np.nan), np.where(good, beta, np.nan), np.where(good, np.exp(p[:, 0]), np.nan)


def _levenberg(
    data: NDArray[np.float64], px: NDArray[np.float64], py: NDArray[np.float64], p: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Damped least squares of all stars side by side."""
    damp = np.full(len(p), 1e-2)
    model, jac = _moffat(px, py, p)
    cost = ((data - model) ** 2).sum(1)
    eye = np.eye(p.shape[1])
    for _ in range(25):
        normal = np.matmul(jac.transpose(0, 2, 1), jac)
        right = np.matmul(jac.transpose(0, 2, 1), (data - model)[:, :, None])[:, :, 0]
        scale = np.einsum("nii->ni", normal) + 1e-12
        step = np.linalg.solve(normal + damp[:, None, None] * eye * scale[:, :, None], right[:, :, None])[:, :, 0]
        trial = p + np.clip(step, [-1, -1, -1, -0.3, -0.7, -np.inf], [1, 1, 1, 0.3, 0.7, np.inf])
        trial[:, 4] = np.clip(trial[:, 4], np.log(1.2), np.log(30.0))
        new_model, new_jac = _moffat(px, py, trial)
        new_cost = ((data - new_model) ** 2).sum(1)
        better = new_cost < cost
        moved = better & (cost - new_cost > 1e-5 * cost)
        p[better], model[better], jac[better], cost[better] = (
            trial[better],
            new_model[better],
            new_jac[better],
            new_cost[better],
        )
        damp = np.where(better, damp * 0.3, damp * 5).clip(1e-7, 1e7)
        if not moved.any() and (better | (damp > 1e3)).all():
            break
    return p


def _moffat(
    px: NDArray[np.float64], py: NDArray[np.float64], p: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values (n, pixels) and derivatives (n, pixels, 6) of pixel-integrated Moffat profiles plus a constant."""
    flux, alpha2, beta = np.exp(p[:, 0]), np.exp(2 * p[:, 3]), np.exp(p[:, 4])
    norm = (flux * (beta - 1) / np.pi / alpha2)[:, None, None]
    alpha2, beta = alpha2[:, None, None], beta[:, None, None]
    total = [np.zeros((len(p), py.shape[1], px.shape[1])) for _ in range(5)]
    for sx in _NODES:
        dx = (px + sx - p[:, 1:2])[:, None, :]
        for sy in _NODES:
            dy = (py + sy - p[:, 2:3])[:, :, None]
            q = (dx**2 + dy**2) / alpha2
            log1 = np.log1p(q)
            value = 0.25 * norm * np.exp(-beta * log1)
            slope = value * beta / (1 + q)
            total[0] += value
            total[1] += slope * 2 * dx / alpha2
            total[2] += slope * 2 * dy / alpha2
            total[3] += -2 * value + slope * 2 * q
            total[4] += value * (beta / (beta - 1) - beta * log1)
    value = total[0]
    jac = np.stack([value, *total[1:], np.ones_like(value)], axis=-1)
    return (value + p[:, 5, None, None]).reshape(len(p), -1), jac.reshape(len(p), -1, 6)
