"""The sky of a frame: a map of its level and one of its noise, made with the sources masked."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from photdb.errors import InputError
from photdb.photometry.clipping import clipped_means, skew_correction
from photdb.photometry.flags import UNUSABLE, Flag

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from photdb.photometry.pixels import Pixels
    from photdb.photometry.settings import MeasureSettings

log = logging.getLogger(__name__)

#: Frames of more pixels than this are sampled at every second pixel of every second row.
_SAMPLE_ABOVE = 2_000_000
#: A pixel this many sigma above the sky hides the pixels this far around it, px, on top of the rows below.
_GROW = ((1.5, 4), (10.0, 4), (100.0, 4), (1000.0, 8))
#: A box with less than this share of its pixels takes its neighbours' values.
_LEAST_SHARE = 0.1
#: Rows between which a map is interpolated straight: within 2 % of the change from box to box.
_KNOT = 8
_BAND = 64
#: Pixels of boxes worked on at once.
_GROUP = 500_000


@dataclass(frozen=True)
class Background:
    """Sky level and noise of a frame: two meshes of boxes, joined by cubic convolution.

    Attributes
    ----------
    shape : tuple of int
        Height and width of the frame.
    box : tuple of float
        Height and width of a box, px.
    level, noise : ndarray of float64, (boxes, boxes)
        Sky level and standard deviation of a pixel of empty sky, ADU.
    n_box : float
        Median number of pixels that the statistics of a box were made of.
    """

    shape: tuple[int, int]
    box: tuple[float, float]
    level: NDArray[np.float64]
    noise: NDArray[np.float64]
    n_box: float

    @cached_property
    def sky(self) -> float:
        """Median level, ADU."""
        return float(np.median(self.level))

    @cached_property
    def sky_rms(self) -> float:
        """Median noise, ADU."""
        return float(np.median(self.noise))

    def level_map(self) -> NDArray[np.float32]:
        """Return the sky level of every pixel, ADU."""
        return self._map(self.level_rows)

    def noise_map(self) -> NDArray[np.float32]:
        """Return the standard deviation of every pixel of empty sky, ADU."""
        return self._map(self.noise_rows)

    def level_rows(self, start: int, stop: int, step: int = 1) -> NDArray[np.float32]:
        """Return rows of the level map, every `step`-th pixel both ways."""
        return self._rows(self._wide_level, start, stop, step)

    def noise_rows(self, start: int, stop: int, step: int = 1) -> NDArray[np.float32]:
        """Return rows of the noise map, every `step`-th pixel both ways."""
        return self._rows(self._wide_noise, start, stop, step)

    def level_part(self, part: tuple[slice, slice]) -> NDArray[np.float32]:
        """Return part of the level map in steps of `knot` rows: near enough for a variance."""
        return self._part(self._wide_level, *part)

    def noise_part(self, part: tuple[slice, slice]) -> NDArray[np.float32]:
        """Return part of the noise map in steps of `knot` rows: near enough for a variance."""
        return self._part(self._wide_noise, *part)

    def level_at(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Return the sky level at pixel positions, ADU."""
        return self._at(self._wide_level, x, y)

    def noise_at(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Return the noise of a pixel of empty sky at pixel positions, ADU."""
        return self._at(self._wide_noise, x, y)

    @cached_property
    def _wide_level(self) -> NDArray[np.float32]:
        return self._widened(self.level)

    @cached_property
    def _wide_noise(self) -> NDArray[np.float32]:
        return np.maximum(self._widened(self.noise), np.float32(0.1 * self.noise.min()))

    def _widened(self, mesh: NDArray[np.float64]) -> NDArray[np.float32]:
        """Interpolate a mesh along the rows, phantom rows included: (boxes + 4, width)."""
        if self.box[1] == 1.0:
            return _phantoms(mesh.astype(np.float32))
        node, weight = _cubic(np.arange(self.shape[1]), mesh.shape[1], self.box[1])
        columns = _phantoms(_phantoms(mesh).T)
        return np.ascontiguousarray(np.einsum("nk,nkj->jn", weight, columns[node]), dtype=np.float32)

    def _map(self, rows: Callable[[int, int], NDArray[np.float32]]) -> NDArray[np.float32]:
        out = np.empty(self.shape, np.float32)
        for start in range(0, self.shape[0], _BAND):
            stop = min(start + _BAND, self.shape[0])
            out[start:stop] = rows(start, stop)
        return out

    def _rows(self, wide: NDArray[np.float32], start: int, stop: int, step: int) -> NDArray[np.float32]:
        """Interpolate down the columns: cubic at every knot, straight in between."""
        first = start // self.knot
        at = self._columns(wide[:, ::step], np.arange(first, (stop - 1) // self.knot + 2) * self.knot)
        rise = at[1:] - at[:-1]
        out = np.empty((len(range(start, stop, step)), at.shape[1]), np.float32)
        for row, y in enumerate(range(start, stop, step)):
            k, part = divmod(y, self.knot)
            np.multiply(rise[k - first], np.float32(part / self.knot), out=out[row])
            out[row] += at[k - first]
        return out

    def _part(self, wide: NDArray[np.float32], rows: slice, columns: slice) -> NDArray[np.float32]:
        """Interpolate the middles of every `knot` rows."""
        start, stop = rows.start, min(rows.stop, self.shape[0])
        middles = np.arange(start, stop, self.knot) + 0.5 * (self.knot - 1)
        return np.repeat(self._columns(wide[:, columns], middles), self.knot, axis=0)[: stop - start]

    @property
    def knot(self) -> int:
        """Rows between which the maps are straight; 1 for small boxes, such as the pixels of a user's own map."""
        return _KNOT if self.box[0] >= 2 * _KNOT else 1

    def noise_steps(self, start: int, stop: int, step: int = 1) -> NDArray[np.float32]:
        """Return the noise in the middle of every `knot` rows from `start` on: near enough for a threshold."""
        rows = np.arange(start, stop, max(self.knot, step))
        return self._columns(self._wide_noise[:, ::step], rows + 0.5 * (self.knot - 1))

    def _columns(self, wide: NDArray[np.float32], y: NDArray[Any]) -> NDArray[np.float32]:
        """Return whole rows of an interpolated map."""
        node, weight = _cubic(y, self.level.shape[0], self.box[0])
        out = np.zeros((len(y), wide.shape[1]), np.float32)
        for j in range(4):
            out += weight[:, j, None].astype(np.float32) * wide[node[:, j]]
        return out

    def _at(self, wide: NDArray[np.float32], x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        node, weight = _cubic(np.clip(np.asarray(y, float), 0, self.shape[0] - 1), self.level.shape[0], self.box[0])
        i = np.clip(np.rint(np.asarray(x, float)).astype(np.intp), 0, self.shape[1] - 1)
        return np.asarray(np.sum(wide[node, i[..., None]] * weight, axis=-1), dtype=np.float64)


def _cubic(pixel: NDArray[Any], n: int, box: float) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the four boxes around each pixel and their weights: cubic convolution (Keys 1981, a = -1/2).

    Boxes are counted from the first of the two phantoms that `_phantoms` puts before the mesh.
    """
    place = (pixel + 0.5) / box - 0.5
    k = np.clip(np.floor(place), -1, n - 1)
    distance = np.abs(np.clip(place - k, 0, 1)[..., None] - np.array([-1.0, 0.0, 1.0, 2.0]))
    inner = (1.5 * distance - 2.5) * distance**2 + 1
    outer = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    return k[..., None].astype(np.intp) + np.arange(1, 5), np.where(distance <= 1, inner, outer)


def _phantoms(mesh: NDArray[Any]) -> NDArray[Any]:
    """Return a mesh with two rows more at either end, carrying on straight."""
    first, last = (mesh[0] - mesh[1], mesh[-1] - mesh[-2]) if len(mesh) > 1 else (0 * mesh[0], 0 * mesh[0])
    return np.concatenate(
        [[mesh[0] + 2 * first, mesh[0] + first], mesh, [mesh[-1] + last, mesh[-1] + 2 * last]], dtype=mesh.dtype
    )


def estimate_background(pixels: Pixels, settings: MeasureSettings) -> Background:
    """Return the background and noise maps of a frame.

    The clipped mean and standard deviation of boxes, median-filtered and interpolated, twice: the second time without
    the pixels that the first showed to be sources, grown by the reach of their wings. Frames above 2 Mpixel are
    sampled at every second pixel each way, which leaves 1000 pixels of a box of 64. Where the gain is known, the
    level is corrected for the skewness of photon noise.

    Raises
    ------
    InputError
        When no pixel is usable, or the frame is constant.
    """
    step = 2 if pixels.data.size > _SAMPLE_ABOVE else 1
    sample = np.ascontiguousarray(pixels.data[::step, ::step])
    unusable = _unusable(pixels, sample, step)
    _refuse_empty(sample, unusable)
    shape = (pixels.data.shape[0], pixels.data.shape[1])
    skip = 2 if min(sample.shape) > 512 else 1
    rough = replace(settings, background="map")
    first = _mesh(sample[::skip, ::skip], unusable[::skip, ::skip], rough, shape, step * skip)
    hidden = _sources(sample, first, step) | unusable
    if hidden.mean() > 0.95:  # a nebula or a crowd everywhere: clipping must do
        log.debug("sources cover the frame; the background is made without masking them")
        hidden = unusable
    made = _mesh(sample, hidden, settings, shape, step)
    if not pixels.gain_known:
        return made
    return Background(
        shape, made.box, made.level + skew_correction(made.level, made.noise, pixels.gain), made.noise, made.n_box
    )


def with_maps(
    background: Background, *, level: NDArray[np.float32] | None, noise: NDArray[np.float32] | None
) -> Background:
    """Return a background with maps of one's own, (height, width) in ADU, in place of those given."""
    if level is None and noise is None:
        return background
    level = background.level_map() if level is None else level
    noise = background.noise_map() if noise is None else noise
    if not (np.isfinite(level).all() and np.isfinite(noise).all() and noise.min() > 0):
        raise InputError("the map of the sky or of its noise has pixels that are not finite, or a noise of zero")
    # A mesh of boxes of one pixel is the map itself.
    return replace(background, box=(1.0, 1.0), level=level.astype(np.float64), noise=noise.astype(np.float64))


def _unusable(pixels: Pixels, sample: NDArray[np.float32], step: int) -> NDArray[np.bool_]:
    """Find pixels of the sample without a measurement of the sky; not-a-numbers become zero."""
    unusable: NDArray[np.bool_] = (pixels.mask[::step, ::step] & (UNUSABLE | int(Flag.SATURATED))) != 0
    if not np.isfinite(sample.sum()):
        bad = ~np.isfinite(sample)
        sample[bad] = 0.0
        unusable |= bad
    return unusable


def _refuse_empty(sample: NDArray[np.float32], unusable: NDArray[np.bool_]) -> None:
    """Raise for a frame that holds no picture."""
    good = sample.size - int(np.count_nonzero(unusable))
    if good < max(64, 0.001 * sample.size):
        raise InputError(
            f"only {good} of {sample.size} sampled pixels are usable, the others are masked, saturated or not a number",
            "check the saturation level in the telescope file and the mask",
        )
    values = sample if good == sample.size else sample[~unusable]
    if float(values.min()) == float(values.max()):
        raise InputError(f"every usable pixel is {float(values.flat[0]):g} ADU: a constant image")


def _mesh(
    sample: NDArray[np.float32],
    hidden: NDArray[np.bool_],
    settings: MeasureSettings,
    shape: tuple[int, int],
    step: int,
) -> Background:
    """Statistics of the boxes of every `step`-th pixel of a frame."""
    constant = settings.background == "constant"
    counts = [1 if constant else max(1, round(size / settings.background_box)) for size in shape]
    box = [-(-size // n) for size, n in zip(sample.shape, counts, strict=True)]
    counts = [-(-size // b) for size, b in zip(sample.shape, box, strict=True)]
    stats = []
    group = max(1, _GROUP // (counts[1] * box[0] * box[1]))
    for row in range(0, counts[0], group):
        rows = range(row, min(row + group, counts[0]))
        parts = [slice(r * box[0], (r + 1) * box[0]) for r in rows]
        values = np.concatenate([_boxes(sample[s], hidden[s], counts[1], box) for s in parts])
        values.sort(axis=1)
        stats.append(clipped_means(values, values.shape[1] - np.count_nonzero(np.isnan(values), axis=1)))
    enough = np.concatenate([s.n_good for s in stats]) >= _LEAST_SHARE * box[0] * box[1]
    level, noise = (np.where(enough, np.concatenate([s[k] for s in stats]), np.nan).reshape(counts) for k in (0, 2))
    used = float(np.median(np.concatenate([s.n for s in stats])))
    if not np.isfinite(level).any():
        values = np.sort(sample[~hidden]).reshape(1, -1)
        made = clipped_means(values, np.array([values.size]))
        level[:], noise[:] = made.mean, made.sigma
    level, noise = (_filter(_fill_boxes(mesh), settings.background_filter) for mesh in (level, noise))
    noise = np.maximum(noise, 1e-6 + 0.01 * np.median(noise))  # boxes of one value, as a frame clipped at zero has
    return Background(shape, (box[0] * float(step), box[1] * float(step)), level, noise, used)


def _boxes(sample: NDArray[np.float32], hidden: NDArray[np.bool_], n: int, box: list[int]) -> NDArray[np.float32]:
    """Return the pixels of each box of one row of boxes, hidden ones and those off the frame not-a-number."""
    values = np.full((box[0], n * box[1]), np.nan, np.float32)
    inside = values[: len(sample), : sample.shape[1]]
    inside[:] = sample
    np.copyto(inside, np.nan, where=hidden)
    return np.ascontiguousarray(values.reshape(box[0], n, box[1]).swapaxes(0, 1)).reshape(n, -1)


def _neighbourhood(mesh: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Return the boxes around each box: (width², boxes, boxes). Beyond the edge a mesh carries on straight."""
    half = width // 2
    for axis in (0, 1):
        along = np.swapaxes(mesh, 0, axis)
        for _ in range(half):
            first, last = (2 * along[0] - along[1], 2 * along[-1] - along[-2]) if len(along) > 1 else along[[0, 0]]
            along = np.concatenate([first[None], along, last[None]])
        mesh = np.swapaxes(along, 0, axis)
    windows = np.lib.stride_tricks.sliding_window_view(mesh, (2 * half + 1, 2 * half + 1))
    return np.moveaxis(windows.reshape(*windows.shape[:2], -1), -1, 0)


def _fill_boxes(mesh: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give boxes without a value the mean of their neighbours, from the rim of a gap inwards."""
    mesh = mesh.copy()
    while (empty := np.isnan(mesh)).any() and not empty.all():
        around = _neighbourhood(mesh, 3)
        n = np.count_nonzero(np.isfinite(around), axis=0)
        mesh = np.where(empty & (n > 0), np.nansum(around, axis=0) / np.maximum(n, 1), mesh)
    return mesh


def _filter(mesh: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Smooth a mesh by the running median."""
    if width <= 1 or mesh.size == 1:
        return mesh
    return np.asarray(np.median(_neighbourhood(mesh, width), axis=0))


def _sources(sample: NDArray[np.float32], background: Background, step: int) -> NDArray[np.bool_]:
    """Find samples that are sources, or close enough to be lit by their wings."""
    levels: NDArray[np.uint8] = np.zeros(sample.shape, np.uint8)
    for start in range(0, len(sample), _BAND):
        stop = min(start + _BAND, len(sample))
        low, high = max(start - 1, 0), min(stop + 1, len(sample))
        rows = low * step, min(high * step, background.shape[0]), step
        height = smooth(sample[low:high] - background.level_rows(*rows))[start - low :][: stop - start]
        divide_by_steps(
            height, background.noise_steps(start * step, stop * step, step), height, max(background.knot // step, 1)
        )
        for sigma, _ in _GROW:
            levels[start:stop] += height > sigma
    cells = _cells(levels)
    hidden: NDArray[np.bool_] = np.zeros(cells.shape, bool)
    for k, (_, reach) in reversed(list(enumerate(_GROW, start=1))):
        hidden = grow(hidden | (cells >= k), max(1, reach // (2 * step)))
    wide = np.repeat(hidden, 2, axis=1)
    return np.repeat(wide, 2, axis=0)[: sample.shape[0], : sample.shape[1]]


def divide_by_steps(
    image: NDArray[np.float32], steps: NDArray[np.float32], out: NDArray[np.float32], height: int
) -> None:
    """Divide rows, `height` at a time, by one row of steps each."""
    for k, start in enumerate(range(0, len(image), height)):
        np.divide(image[start : start + height], steps[k], out=out[start : start + height])


def _cells(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the largest of every 2 x 2 values: what is grown need not be finer."""
    if levels.shape[0] % 2 or levels.shape[1] % 2:
        levels = np.pad(levels, ((0, levels.shape[0] % 2), (0, levels.shape[1] % 2)))
    down = np.maximum(levels[::2], levels[1::2])
    return np.maximum(down[:, ::2], down[:, 1::2])


def smooth(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the image smoothed with (1, 2, 1)/4 both ways, zero outside: each way twice a sum of neighbours."""
    height, width = image.shape
    pairs = np.empty((height + 1, width), np.float32)
    pairs[0], pairs[-1] = image[0], image[-1]
    np.add(image[:-1], image[1:], out=pairs[1:-1])
    down = pairs[:-1] + pairs[1:]
    down *= np.float32(1 / 16)
    out = np.empty_like(image)
    if width == 1:
        out[:] = 2 * down
        return out
    across = down[:, :-1] + down[:, 1:]
    np.add(across[:, :-1], across[:, 1:], out=out[:, 1:-1])
    out[:, 0], out[:, -1] = across[:, 0] + down[:, 0], across[:, -1] + down[:, -1]
    return out


def grow(mask: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """Widen a mask by `reach` pixels each way (a square)."""
    for axis in (0, 1):
        done = 0
        while done < reach:
            shift = min(2 * done + 1, reach - done)
            wide = mask.copy()
            a, b = (mask, wide) if axis == 0 else (mask.T, wide.T)
            b[shift:] |= a[:-shift]
            b[:-shift] |= a[shift:]
            mask, done = wide, done + shift
    return mask
