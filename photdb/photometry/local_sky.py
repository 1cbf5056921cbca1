"""The sky around each source: the sigma-clipped level of an annulus, and its error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from photdb.photometry.clipping import clipped_means, skew_correction

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photdb.photometry.background import Background

#: Pixels of annuli held at once.
_CHUNK_PIXELS = 1_000_000
#: And gathered at once: they and their places stay in the cache.
_GATHERED = 60_000
#: Fewer pixels, or a smaller share of an annulus, do not make a local sky.
_LEAST_PIXELS, _LEAST_SHARE = 30, 0.25


class Annulus(NamedTuple):
    """Inner and outer radius of the local sky, px."""

    inner: float
    outer: float


@dataclass(frozen=True, slots=True)
class LocalSky:
    """The sky around each source, relative to the background map: level and its error (ADU), and pixels used.

    `poor` marks sources whose annulus was mostly masked: level 0, that is the map alone.
    """

    level: NDArray[np.float64]
    error: NDArray[np.float64]
    n: NDArray[np.int64]
    poor: NDArray[np.bool_]


def annulus_for(fwhm: float, primary: float, widest: float) -> Annulus:
    """Return the annulus of the local sky.

    It begins at 3.5 FWHM, where a star's own light is a few 1e-5 of its flux per FWHM², but outside the primary
    aperture by one FWHM and outside the widest one by half (never beyond 6 FWHM for the sake of that: wide apertures of
    a grid reach into it). Its area is 24 pi FWHM², ten times that of a 3-FWHM aperture, so that it adds 6 % to the
    noise of faint stars, and at least 300 px.

    Parameters
    ----------
    fwhm : float
        FWHM of the frame's stars, px.
    primary, widest : float
        Diameters of the primary and of the widest aperture, px.
    """
    inner = max(3.5 * fwhm, primary / 2 + fwhm, min(widest / 2 + 0.5 * fwhm, 6 * fwhm))
    return Annulus(inner, float(np.sqrt(inner**2 + max(24 * fwhm**2, 300 / np.pi))))


def local_sky(
    image: NDArray[np.float32],
    hidden: NDArray[np.bool_],
    background: Background,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    annulus: Annulus,
    *,
    gain: float | None = None,
) -> LocalSky:
    """Return the sigma-clipped sky in an annulus around each source.

    The level is that of `photdb.photometry.clipping.clipped_means`.

    Parameters
    ----------
    image : ndarray of float32
        Background-subtracted frame, ADU.
    hidden : ndarray of bool
        Bad pixels and the cores of sources.
    background : Background
        For the error where an annulus is poor.
    x, y : ndarray
        Positions, px.
    annulus : Annulus
    gain : float, optional
        e-/ADU where it is known: the level is then corrected for the skewness of photon noise.
    """
    dy, dx = _ring(annulus)
    level, error = np.zeros(len(x)), np.zeros(len(x))
    n = np.zeros(len(x), np.int64)
    rows = max(1, _CHUNK_PIXELS // max(1, len(dy)))
    for start in range(0, len(x), rows):
        part = slice(start, start + rows)
        values, n[part] = _annulus_values(image, hidden, x[part], y[part], dy, dx)
        made = clipped_means(values, n[part])
        level[part], error[part] = made.mean, made.error
    poor = n < max(_LEAST_PIXELS, _LEAST_SHARE * len(dy))
    if gain:
        level += skew_correction(background.level_at(x, y), background.noise_at(x, y), gain)
    plain = sky_of_map(background, x, y)
    return LocalSky(np.where(poor, 0.0, level), np.where(poor, plain.error, error), n, poor)


def sky_of_map(background: Background, x: NDArray[np.float64], y: NDArray[np.float64]) -> LocalSky:
    """Return no sky beyond the background map; its error is that of one box."""
    error = 1.1 * background.noise_at(x, y) / np.sqrt(max(background.n_box, 1.0))
    return LocalSky(np.zeros(len(x)), error, np.zeros(len(x), np.int64), np.zeros(len(x), bool))


def _ring(annulus: Annulus) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Offsets of the pixels of an annulus around a central pixel."""
    reach = int(np.ceil(annulus.outer))
    dy, dx = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    r2 = dx**2 + dy**2
    inside = (r2 >= annulus.inner**2) & (r2 < annulus.outer**2)
    return dy[inside].astype(np.int64), dx[inside].astype(np.int64)


def _annulus_values(
    image: NDArray[np.float32],
    hidden: NDArray[np.bool_],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    dy: NDArray[np.int64],
    dx: NDArray[np.int64],
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the pixels around each source, sorted, those that do not count last; and how many count."""
    height, width = image.shape
    column, row = np.rint(x).astype(np.int64), np.rint(y).astype(np.int64)
    reach = int(np.abs(dy).max())
    rim = (column < reach) | (row < reach) | (column >= width - reach) | (row >= height - reach)
    values, n_good = np.empty((len(x), len(dy)), np.float32), np.empty(len(x), np.int64)
    ring, flat, flat_hidden = dy * width + dx, image.reshape(-1), hidden.reshape(-1)
    rows = max(1, _GATHERED // len(dy))
    for start in range(0, len(x), rows):
        part = slice(start, start + rows)
        index = (row[part] * width + column[part])[:, None] + ring
        off = None
        if rim[part].any():
            yy, xx = row[part, None] + dy, column[part, None] + dx
            off = (yy < 0) | (yy >= height) | (xx < 0) | (xx >= width)
            index[off] = 0
        blind = flat_hidden.take(index)
        if off is not None:
            blind |= off
        flat.take(index, out=values[part], mode="clip")
        np.copyto(values[part], np.nan, where=blind)
        n_good[part] = len(dy) - np.count_nonzero(blind, axis=1)
    values.sort(axis=1)
    return values, n_good
