"""Fluxes in circular apertures, the sky around each source, and the errors of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import sep

from photdb.photometry.flags import UNUSABLE, Flag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photdb.photometry.background import Background
    from photdb.photometry.pixels import Pixels

#: Pixels of annuli held at once.
_CHUNK_PIXELS = 1_000_000
#: Variance of the mean of the middle half of a normal sample, in sigma²/n.
_MIDDLE_MEAN = 1.195
#: Fewer pixels, or a smaller share of an annulus, do not make a local sky.
_LEAST_PIXELS, _LEAST_SHARE = 30, 0.25
_CLIP = 3.0


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


@dataclass(frozen=True, slots=True)
class Variance:
    """Variance of a pixel of empty sky, and of the photons of a source.

    Attributes
    ----------
    sky : ndarray of float32, (height, width), or None
        Per pixel, ADU²; None where it changes so slowly that `at` holds for a whole aperture.
    at : ndarray of float64, (sources,)
        At each source, ADU²; used where `sky` is None.
    electrons : ndarray of float64, (sources,)
        gain * response at each source: the photon variance of a flux F is F / electrons.
    """

    sky: NDArray[np.float32] | None
    at: NDArray[np.float64]
    electrons: NDArray[np.float64]


def annulus_for(fwhm: float, primary: float, widest: float) -> Annulus:
    """Return the annulus of the local sky.

    It begins at 3.5 FWHM, where a star's own light is a few 1e-5 of its flux per FWHM², but outside the primary
    aperture by one FWHM and outside the widest one by half (never beyond 6 FWHM for the sake of that: wide apertures of
    a grid reach into it). Its area is 24 pi FWHM², ten times that of a 3-FWHM aperture, so that it adds 6 % to the noise
    of faint stars, and at least 300 px.

    Parameters
    ----------
    fwhm : float
        FWHM of the frame's stars, px.
    primary, widest : float
        Diameters of the primary and of the widest aperture, px.
    """
    inner = max(3.5 * fwhm, primary / 2 + fwhm, min(widest / 2 + 0.5 * fwhm, 6 * fwhm))
    return Annulus(inner, float(np.sqrt(inner**2 + max(24 * fwhm**2, 300 / np.pi))))


def pixel_variance(pixels: Pixels, background: Background, x: NDArray[np.float64], y: NDArray[np.float64]) -> Variance:
    """Return the variances that the errors of fluxes at some positions are made of.

    Sky photons, background / (gain * response), plus the frame's floor, pixel by pixel; where gain or read noise
    is a guess, the square of the measured noise map.
    """
    electrons = np.full(len(x), pixels.gain)
    if pixels.response is not None:
        height, width = pixels.response.shape
        at = np.clip(np.rint(y).astype(int), 0, height - 1), np.clip(np.rint(x).astype(int), 0, width - 1)
        electrons = electrons * np.maximum(pixels.response[at], 0.01)
    if not pixels.gain_known:
        return Variance(None, background.noise_at(x, y) ** 2, electrons)
    if pixels.response is None and np.ndim(pixels.floor) == 0:
        return Variance(None, float(pixels.floor) + np.maximum(background.level_at(x, y), 0) / pixels.gain, electrons)
    return Variance(_variance_map(pixels, background), np.empty(0), electrons)


def _variance_map(pixels: Pixels, background: Background) -> NDArray[np.float32]:
    """Variance of every pixel of empty sky, ADU²."""
    out = np.empty(pixels.data.shape, np.float32)
    for start in range(0, len(out), 64):
        rows = slice(start, min(start + 64, len(out)))
        level = np.maximum(background.rows(background.level, rows.start, rows.stop), 0)
        response = 1.0 if pixels.response is None else np.maximum(pixels.response[rows], np.float32(0.01))
        floor = pixels.floor if np.ndim(pixels.floor) == 0 else pixels.floor[rows]  # type: ignore[index]
        out[rows] = level / (np.float32(pixels.gain) * response) + floor
    return out


def circle_sums(
    image: NDArray[np.float32], x: NDArray[np.float64], y: NDArray[np.float64], diameters: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return sums over circles with exact pixel overlaps: (sources, diameters); NaN columns for NaN diameters.

    A circle over the edge is summed as far as the image goes.
    """
    sums = np.full((len(x), len(diameters)), np.nan)
    for k, diameter in enumerate(diameters):
        if np.isfinite(diameter):
            sums[:, k] = sep.sum_circle(image, x, y, 0.5 * diameter, subpix=0)[0]
    return sums


def reaches_edge(
    shape: tuple[int, int], x: NDArray[np.float64], y: NDArray[np.float64], diameters: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which apertures reach over the edge of the frame: (sources, diameters)."""
    height, width = shape
    room = np.minimum(np.minimum(x, width - 1 - x), np.minimum(y, height - 1 - y)) + 0.5
    return np.asarray(room[:, None] < 0.5 * diameters[None, :])


def local_sky(
    image: NDArray[np.float32],
    hidden: NDArray[np.bool_],
    background: Background,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    annulus: Annulus,
) -> LocalSky:
    """Return the sigma-clipped sky in an annulus around each source.

    The pixels that are not hidden are clipped three times at 3 sigma around their median, sigma being half the
    distance of the 16th and 84th percentile; the level is the mean of the middle half of those that stay. It
    withstands neighbours nearly as the median does, has half its excess variance, and does not step with the
    integers of a detector of low gain.

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
    """
    dy, dx = _ring(annulus)
    level, error = np.zeros(len(x)), np.zeros(len(x))
    n = np.zeros(len(x), np.int64)
    rows = max(1, _CHUNK_PIXELS // max(1, len(dy)))
    for start in range(0, len(x), rows):
        part = slice(start, start + rows)
        level[part], error[part], n[part] = _clipped(_annulus_values(image, hidden, x[part], y[part], dy, dx))
    poor = n < max(_LEAST_PIXELS, _LEAST_SHARE * len(dy))
    from_map = 1.25 * background.noise_at(x, y) / (background.box / background.step)
    return LocalSky(np.where(poor, 0.0, level), np.where(poor, from_map, error), n, poor)


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
) -> NDArray[np.float32]:
    """Pixels around each source, sorted, hidden ones and those off the frame not-a-number and last."""
    height, width = image.shape
    column, row = np.rint(x).astype(np.int64), np.rint(y).astype(np.int64)
    reach = int(np.abs(dy).max())
    inside = (column >= reach) & (row >= reach) & (column < width - reach) & (row < height - reach)
    if inside.all():
        index = (row * width + column)[:, None] + (dy * width + dx)[None, :]
        off = None
    else:
        yy, xx = row[:, None] + dy, column[:, None] + dx
        off = (yy < 0) | (yy >= height) | (xx < 0) | (xx >= width)
        index = np.where(off, 0, yy * width + xx)
    values = image.reshape(-1).take(index)
    blind = hidden.reshape(-1).take(index)
    if off is not None:
        blind |= off
    values[blind] = np.nan
    values.sort(axis=1)
    return np.asarray(values)


def _clipped(values: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Clipped middle mean of sorted rows, its error, and how many pixels were good."""
    n_good = np.asarray(values.shape[1] - np.count_nonzero(np.isnan(values), axis=1), dtype=np.int64)
    low, high = np.zeros(len(values), np.int64), n_good.copy()
    with np.errstate(invalid="ignore"):
        for _ in range(3):
            centre, sigma = _middle(values, low, high)
            below, above = (centre - _CLIP * sigma)[:, None], (centre + _CLIP * sigma)[:, None]
            low, high = np.count_nonzero(values < below, axis=1), np.count_nonzero(values <= above, axis=1)
        _, sigma = _middle(values, low, high)
    kept = high - low
    first, last = low + kept // 4, high - kept // 4
    total = np.cumsum(np.nan_to_num(values), axis=1, dtype=np.float64)
    rows = np.arange(len(values))
    inner = total[rows, np.maximum(last - 1, 0)] - np.where(first > 0, total[rows, np.maximum(first - 1, 0)], 0.0)
    mean = inner / np.maximum(last - first, 1)
    return mean, sigma * np.sqrt(_MIDDLE_MEAN / np.maximum(kept, 1)), n_good


def _middle(
    values: NDArray[np.float32], low: NDArray[np.int64], high: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Median and half the 16-84 % width of the sorted values [low, high) of each row."""
    rows, last = np.arange(len(values)), values.shape[1] - 1

    def at(share: float) -> NDArray[np.float64]:
        place = low + share * np.maximum(high - low - 1, 0)
        return np.asarray(values[rows, np.clip(np.rint(place).astype(np.int64), 0, last)], dtype=float)

    return at(0.5), 0.5 * (at(0.8413447) - at(0.1586553))


def mask_bits(
    mask: NDArray[np.uint8], x: NDArray[np.float64], y: NDArray[np.float64], radius: float
) -> NDArray[np.int32]:
    """Return the bits of all mask pixels whose centre is within a radius of each position, px."""
    bits = np.zeros(len(x), np.int32)
    if not mask.any():
        return bits
    height, width = mask.shape
    column, row = np.rint(x).astype(np.int64), np.rint(y).astype(np.int64)
    reach = int(np.ceil(radius + 0.5))
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            yy, xx = row + dy, column + dx
            near = (yy >= 0) & (yy < height) & (xx >= 0) & (xx < width) & ((xx - x) ** 2 + (yy - y) ** 2 < radius**2)
            bits[near] |= mask[yy[near], xx[near]]
    return bits


def mirror_masked(
    image: NDArray[np.float32], mask: NDArray[np.uint8], x: NDArray[np.float64], y: NDArray[np.float64], radius: float
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float64]]:
    """Find values for unusable pixels near sources: those opposite to them across the source's centre.

    Stars are symmetric, so the pixel opposite (linear between four) is the best unbiased guess at what a bad pixel
    would have held; source-extractor's ``MASK_TYPE CORRECT`` does the same for neighbours.

    Parameters
    ----------
    image : ndarray of float32
        Background-subtracted frame, ADU.
    mask : ndarray of uint8
    x, y : ndarray
        Positions, px.
    radius : float
        How far from a source to look, px.

    Returns
    -------
    index : ndarray of int
        Flat indices of the pixels that have a value now.
    value : ndarray of float32
        Their values, ADU; where two sources claim a pixel the nearer one decides.
    incomplete : ndarray of float64, (sources,)
        Distance of the nearest pixel that cannot be filled in so, px; infinite when there is none.
    """
    height, width = mask.shape
    reach = int(np.ceil(radius + 0.5))
    n = np.arange(-reach, reach + 1)
    yy = (np.rint(y).astype(np.int64)[:, None, None] + n[None, :, None]) + 0 * n[None, None, :]
    xx = (np.rint(x).astype(np.int64)[:, None, None] + n[None, None, :]) + 0 * n[None, :, None]
    near = (yy >= 0) & (yy < height) & (xx >= 0) & (xx < width)
    distance = np.hypot(xx - x[:, None, None], yy - y[:, None, None])
    near &= distance < radius + 0.71
    source, jj, ii = np.nonzero(near & ((mask[np.where(near, yy, 0), np.where(near, xx, 0)] & UNUSABLE) != 0))
    yy, xx, distance = yy[source, jj, ii], xx[source, jj, ii], distance[source, jj, ii]
    value, good = _opposite(image, mask, 2 * x[source] - xx, 2 * y[source] - yy)
    incomplete = np.full(len(x), np.inf)
    np.minimum.at(incomplete, source[~good], distance[~good])
    order = np.argsort(-distance[good], kind="stable")
    index = (yy * width + xx)[good][order]
    index, last = np.unique(index[::-1], return_index=True)
    return index, value[good][order][::-1][last], incomplete


def _opposite(
    image: NDArray[np.float32], mask: NDArray[np.uint8], x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Bilinear value at positions, and whether the four pixels are usable."""
    height, width = image.shape
    i, j = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    inside = (i >= 0) & (j >= 0) & (i < width - 1) & (j < height - 1)
    i, j = np.where(inside, i, 0), np.where(inside, j, 0)
    fx, fy = x - i, y - j
    value, good = np.zeros(len(x)), inside.copy()
    for dj, wy in ((0, 1 - fy), (1, fy)):
        for di, wx in ((0, 1 - fx), (1, fx)):
            value += wx * wy * image[j + dj, i + di]
            good &= (wx * wy < 1e-3) | ((mask[j + dj, i + di] & (UNUSABLE | int(Flag.SATURATED))) == 0)
    return value.astype(np.float32), good
