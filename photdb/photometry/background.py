"""The sky of a frame: a map of its level and one of its noise, made with the sources masked."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import sep

from photdb.errors import InputError
from photdb.photometry.flags import UNUSABLE, Flag

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from photdb.photometry.pixels import Pixels
    from photdb.photometry.settings import MeasureSettings

log = logging.getLogger(__name__)

#: Frames of more pixels than this are sampled at every second pixel of every second row for the maps.
_SAMPLE_ABOVE = 2_000_000
#: With more of the frame hidden than this, sources are not masked (sep leaves out boxes that are half hidden).
_MOST_HIDDEN = 0.4
#: Noise of a pixel after smoothing with (1, 2, 1) both ways, in that of a single one: sqrt(36) / 16.
SMOOTHED_NOISE = 0.375
#: Noise of clipped boxes of normal noise, in its true standard deviation (4 Mpixel simulated, boxes of 1000 and 4000).
_CLIPPED_NOISE = 0.984
#: The mode of source-extractor, 2.5 median - 1.5 mean, lies this many times skewness * sigma / 6 below the mean.
_MODE_SKEW = 2.5
#: A pixel this many (unsmoothed) sigma above the sky hides the pixels this far around it, px, on top of the rows below.
_GROW = ((1.5, 4), (10.0, 4), (100.0, 4), (1000.0, 8))


@dataclass(frozen=True, slots=True)
class Background:
    """Sky level and noise of a frame, held at every `step`-th pixel.

    Attributes
    ----------
    shape : tuple of int
        Height and width of the frame.
    step : int
        Sample (j, i) belongs to pixel (step j, step i).
    level, noise : ndarray of float32
        The samples: sky level and standard deviation of a pixel, ADU.
    sky, sky_rms : float
        Median of the two maps, ADU.
    box : int
        Size of the boxes the maps were made of, px.
    """

    shape: tuple[int, int]
    step: int
    level: NDArray[np.float32]
    noise: NDArray[np.float32]
    sky: float
    sky_rms: float
    box: int

    def level_map(self) -> NDArray[np.float32]:
        """Return the sky level of every pixel, ADU."""
        return self.rows(self.level, 0, self.shape[0])

    def noise_map(self) -> NDArray[np.float32]:
        """Return the standard deviation of every pixel of empty sky, ADU."""
        return self.rows(self.noise, 0, self.shape[0])

    def rows(self, samples: NDArray[np.float32], start: int, stop: int) -> NDArray[np.float32]:
        """Return rows of a map (`level` or `noise`) at full size, linear between the samples; `start` must be even."""
        if self.step == 1:
            return samples[start:stop]
        low = samples[start // 2 : (stop + 1) // 2 + 1]
        wide = np.empty((len(low), self.shape[1]), np.float32)
        wide[:, ::2] = low
        n = (self.shape[1] - 1) // 2
        wide[:, 1 : 2 * n : 2] = 0.5 * (low[:, :n] + low[:, 1 : n + 1])
        wide[:, 2 * n + 1 :] = low[:, n : n + 1]
        out = np.empty((stop - start, self.shape[1]), np.float32)
        out[::2] = wide[: (stop - start + 1) // 2]
        odd = (stop - start) // 2
        after = wide[1 : odd + 1] if len(wide) > odd else np.concatenate([wide[1:], wide[-1:]])
        np.multiply(wide[:odd] + after, 0.5, out=out[1::2])
        return out

    def level_at(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Return the sky level at pixel positions, ADU."""
        return self._at(self.level, x, y)

    def noise_at(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Return the noise of a pixel of empty sky at pixel positions, ADU."""
        return self._at(self.noise, x, y)

    def _at(self, samples: NDArray[np.float32], x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        j = np.clip(np.rint(np.asarray(y, float) / self.step).astype(np.intp), 0, samples.shape[0] - 1)
        i = np.clip(np.rint(np.asarray(x, float) / self.step).astype(np.intp), 0, samples.shape[1] - 1)
        return np.asarray(samples[j, i], dtype=np.float64)


def estimate_background(pixels: Pixels, settings: MeasureSettings) -> Background:
    """Return the background and noise maps of a frame.

    Boxes of clipped modes, median-filtered and joined by splines (sep, after source-extractor), twice: the second time
    without the pixels that the first showed to be sources, grown by the reach of their wings. Frames above 2 Mpixel are
    sampled at every second pixel each way, which leaves 1000 pixels of a box of 64.

    Raises
    ------
    InputError
        When no pixel is usable, or the frame is constant.
    """
    step = 2 if pixels.data.size > _SAMPLE_ABOVE else 1
    sample = np.ascontiguousarray(pixels.data[::step, ::step])
    unusable = _unusable(pixels, sample, step)
    _refuse_empty(sample, unusable)
    first = _maps(sample, unusable, settings, step, sparse=True)
    hidden = unusable | _sources(sample, first, step)
    if hidden.mean() > _MOST_HIDDEN:
        # A crowd, or a nebula: boxes with less than half their pixels left do not count, so clipping must do.
        log.debug("sources hide %.0f %% of the frame; the background is made without masking them", 100 * hidden.mean())
        hidden = unusable
    level, noise = _maps(sample, hidden, settings, step)
    if pixels.gain_known:
        level += (_MODE_SKEW / 6) * poisson_skew(level, noise, pixels.gain)
    return Background(
        shape=(pixels.data.shape[0], pixels.data.shape[1]),
        step=step, level=level, noise=noise,
        sky=float(np.median(level[::4, ::4])), sky_rms=float(np.median(noise[::4, ::4])), box=settings.background_box,
    )  # fmt: skip


def poisson_skew(level: NDArray[Any], noise: NDArray[Any], gain: float) -> NDArray[Any]:
    """Return skewness times standard deviation of the noise of empty sky, ADU.

    The third central moment of photon noise is level / gain², that of read noise none. It matters because medians and
    modes lie below the mean of a skewed distribution, 0.1 to 0.4 e- per pixel here: in an aperture of 90 pixels
    a tenth of its noise. The share of photons in the variance is held below 1 where gain and noise disagree.
    """
    photons = np.clip(level / (gain * noise**2), 0, 1)
    return np.asarray(photons / gain, dtype=level.dtype)


def _unusable(pixels: Pixels, sample: NDArray[np.float32], step: int) -> NDArray[np.bool_]:
    """Pixels of the sample without a measurement of the sky; not-a-numbers become zero."""
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
    values = sample[~unusable]
    if float(values.min()) == float(values.max()):
        raise InputError(f"every usable pixel is {float(values[0]):g} ADU: a constant image")


def _maps(
    sample: NDArray[np.float32],
    hidden: NDArray[np.bool_],
    settings: MeasureSettings,
    step: int,
    *,
    sparse: bool = False,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Level and noise of every sample; a sparse first look reads every second of them."""
    shape = sample.shape
    skip = 2 if sparse and min(shape) > 512 else 1
    if skip > 1:
        sample, hidden = np.ascontiguousarray(sample[::skip, ::skip]), np.ascontiguousarray(hidden[::skip, ::skip])
    box = max(4, round(settings.background_box / (step * skip)))
    box_y, box_x = (box, box) if settings.background == "map" else sample.shape
    filtered = settings.background_filter if settings.background == "map" else 1
    mask = hidden if hidden.any() else None
    made = sep.Background(sample, mask=mask, bw=box_x, bh=box_y, fw=filtered, fh=filtered)
    level, noise = made.back(dtype=np.float32), made.rms(dtype=np.float32) / np.float32(_CLIPPED_NOISE)
    positive = noise > 0
    if not positive.all():  # boxes of one value, as a frame clipped at zero has
        noise[~positive] = np.median(noise[positive]) if positive.any() else max(float(np.std(sample[~hidden])), 1e-6)
    if skip > 1:
        level = np.repeat(np.repeat(level, skip, axis=0), skip, axis=1)[: shape[0], : shape[1]]
        noise = np.repeat(np.repeat(noise, skip, axis=0), skip, axis=1)[: shape[0], : shape[1]]
    return level, noise


def _sources(
    sample: NDArray[np.float32], maps: tuple[NDArray[np.float32], NDArray[np.float32]], step: int
) -> NDArray[np.bool_]:
    """Find samples that are sources, or close enough to be lit by their wings."""
    level, noise = maps
    height = smooth((sample - level) / noise)
    hidden: NDArray[np.bool_] = np.zeros(sample.shape, bool)
    for sigma, reach in reversed(_GROW):
        hidden |= height > sigma
        hidden = _grow(hidden, max(1, reach // step))
    return hidden


def smooth(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the image smoothed with (1, 2, 1)/4 both ways, zero outside."""
    out = 2 * image
    out[1:] += image[:-1]
    out[:-1] += image[1:]
    across = 2 * out
    across[:, 1:] += out[:, :-1]
    across[:, :-1] += out[:, 1:]
    across *= np.float32(1 / 16)
    return across


def _grow(mask: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """Widen the mask by `reach` pixels each way (a square)."""
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
