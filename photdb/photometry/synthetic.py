"""Star images integrated over pixels: what a detector would hold of stars of known flux."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Step in ln t of the sum of Gaussians; the sum is then right to 3e-6 of the profile for beta <= 6.
_STEP = 0.4
#: Share of a star's flux that may fall outside its stamp.
_LOST = 2e-5
#: A stamp ends where a pixel holds less than this (in the unit of the flux) ...
_FAINT = 0.05
#: ... and never within this many FWHM.
_CORE = 3.0
#: Numbers held at once while stamps are made (8 bytes each).
_CHUNK = 2_000_000


def moffat_scale(fwhm: ArrayLike, beta: float) -> NDArray[np.float64]:
    """Return the scale radius alpha of the Moffat profile ``(1 + r²/alpha²)^-beta`` of a FWHM, in its unit."""
    return np.asarray(np.asarray(fwhm, dtype=float) / (2.0 * np.sqrt(2.0 ** (1.0 / beta) - 1.0)))


def star_image(
    shape: tuple[int, int], x: ArrayLike, y: ArrayLike, flux: ArrayLike, fwhm: ArrayLike, *, beta: float | None = 3.2
) -> NDArray[np.float64]:
    """Return the image of stars, each pixel holding the integral of the profile over its square.

    A Moffat profile is a continuous mixture of Gaussians,
    ``(1 + q)^-beta = 1/Gamma(beta) * integral t^(beta-1) exp(-t) exp(-t q) dt``, and a Gaussian over a pixel is a
    product of two differences of error functions. The mixture is summed by the trapezoidal rule in ln t, whose relative
    error is the same at every radius (below 1e-5), so core and wings are right at any sampling, and a star costs one
    small matrix product.

    Parameters
    ----------
    shape : tuple of int
        Height and width, pixels.
    x, y : array_like
        Positions, pixels, 0-based, the centre of a pixel at an integer. Stars outside lend their wings.
    flux : array_like
        Total flux; the image has its unit.
    fwhm : array_like
        FWHM in pixels, one for all or one per star.
    beta : float or None, default=3.2
        Moffat exponent, 2 to 6 (atmosphere: 2.5 to 4.8). None: a Gaussian.

    Returns
    -------
    ndarray
        float64, (height, width). Of each star at most 2e-5 of the flux is left out, in the far wings.

    Raises
    ------
    ValueError
        For a beta outside 2 to 6, or a FWHM that is not positive.
    """
    x, y, flux, fwhm = (
        a.ravel() for a in np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (x, y, flux, fwhm)))
    )
    if beta is not None and not 2.0 <= beta <= 6.0:
        raise ValueError(f"beta is {beta:g}; a Moffat profile is drawn for 2 to 6, a Gaussian for None")
    if x.size and not fwhm.min() > 0:
        raise ValueError(f"a FWHM is {fwhm.min():g} pixels; it must be positive")
    image = np.zeros(shape)
    half = np.minimum(_half_size(flux, fwhm, beta), max(shape))
    seen = (flux != 0) & (x > -half) & (x < shape[1] + half) & (y > -half) & (y < shape[0] + half)
    for h in np.unique(half[seen]):
        group = np.flatnonzero(seen & (half == h))
        per_chunk = max(1, int(_CHUNK // (2 * h + 1) ** 2))
        for start in range(0, group.size, per_chunk):
            j = group[start : start + per_chunk]
            _add_stamps(image, x[j], y[j], flux[j], fwhm[j], beta, int(h))
    return image


def _half_size(flux: NDArray[np.float64], fwhm: NDArray[np.float64], beta: float | None) -> NDArray[np.int64]:
    """Return the half size of each star's stamp, in few different sizes."""
    if beta is None:
        radius = 5.0 * fwhm / 2.0
    else:
        alpha = moffat_scale(fwhm, beta)
        enough = np.sqrt(_LOST ** (1.0 / (1.0 - beta)) - 1.0)
        central = np.abs(flux) * (beta - 1.0) / (np.pi * alpha**2)
        faint = (np.maximum(central, _FAINT) / _FAINT) ** (0.5 / beta)
        radius = np.maximum(_CORE * fwhm, alpha * np.maximum(enough, faint))
    steps = np.ceil(4.0 * np.log2(np.maximum(radius, 4.0)))
    return np.ceil(2.0 ** (steps / 4.0)).astype(np.int64)


def _gaussians(beta: float | None, reach: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return weights and 1/(sigma sqrt 2) of the Gaussians that make the profile up to ``reach``, in its own scale."""
    if beta is None:
        return np.ones(1), np.array([2.0 * np.sqrt(np.log(2.0))])  # the scale is the FWHM
    from scipy.special import gamma

    lowest = -(np.log1p(reach**2) + 14.0 / beta)
    t = np.exp(np.arange(lowest, 3.4 + _STEP, _STEP))
    weights = _STEP * t ** (beta - 1.0) * np.exp(-t) / gamma(beta - 1.0)
    return weights, np.sqrt(t)


def _add_stamps(
    image: NDArray[np.float64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    flux: NDArray[np.float64],
    fwhm: NDArray[np.float64],
    beta: float | None,
    half: int,
) -> None:
    """Add stars of one stamp size to the image."""
    from scipy.special import erf

    scale = fwhm if beta is None else moffat_scale(fwhm, beta)
    weights, inverse = _gaussians(beta, half * 1.5 / scale.min())
    edges = np.arange(-half, half + 2) - 0.5
    cx, cy = np.rint(x).astype(int), np.rint(y).astype(int)
    along = []
    for offset in (cy - y, cx - x):
        steps = (edges + offset[:, None]) / scale[:, None]  # (star, edge)
        along.append(0.5 * np.diff(erf(inverse[:, None] * steps[:, None, :]), axis=2))  # (star, Gaussian, pixel)
    along[0] *= weights[:, None] * flux[:, None, None]
    stamps = along[0].transpose(0, 2, 1) @ along[1]
    height, width = image.shape
    for stamp, i, j in zip(stamps, cx - half, cy - half, strict=True):
        x0, x1 = max(i, 0), min(i + 2 * half + 1, width)
        y0, y1 = max(j, 0), min(j + 2 * half + 1, height)
        if x0 < x1 and y0 < y1:
            image[y0:y1, x0:x1] += stamp[y0 - j : y1 - j, x0 - i : x1 - i]
