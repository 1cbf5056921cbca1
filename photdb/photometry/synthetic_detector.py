"""A detector with known faults: electrons in, raw counts out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Raw counts end here: a 16-bit converter.
FULL_SCALE = 65535


@dataclass(frozen=True, slots=True)
class Detector:
    """What a detector does to light; all maps are of shape (height, width).

    Attributes
    ----------
    gain
        e-/ADU.
    read_noise
        e-.
    clip
        Raw ADU at which a pixel is full; never above `FULL_SCALE`.
    bias
        ADU.
    dark
        Dark current with its hot pixels, e-/s.
    """

    gain: float
    read_noise: float
    clip: float
    bias: NDArray[np.float64]
    dark: NDArray[np.float64]

    def expose(
        self, electrons: NDArray[np.float64] | float, exptime_s: float, rng: np.random.Generator
    ) -> NDArray[np.uint16]:
        """Return one raw frame of expected photo-electrons: Poisson noise, dark, full wells, read noise, bias."""
        counts = rng.poisson(electrons + self.dark * exptime_s).astype(float)
        return self.digitise(counts, rng)

    def digitise(self, counts: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.uint16]:
        """Return raw counts of collected electrons."""
        counts += self.read_noise * rng.standard_normal(counts.shape)
        counts *= 1.0 / self.gain
        counts += self.bias
        return np.clip(np.rint(counts), 0, min(self.clip, FULL_SCALE)).astype(np.uint16)


def make_bias(shape: tuple[int, int], level: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a bias level (ADU) with a ramp of 2 ADU along y and fixed column offsets of 0.5 ADU rms."""
    ramp = np.linspace(0.0, 2.0, shape[0])[:, None]
    return np.asarray(level + ramp + 0.5 * rng.standard_normal(shape[1]))


def make_dark(
    shape: tuple[int, int], current: float, hot_pixels: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return a dark current (e-/s) in which the share ``hot_pixels`` of the pixels gives about 7 e-/s more."""
    dark = np.full(shape, current)
    hot = rng.random(shape) < hot_pixels
    dark[hot] += 7.0 * np.exp(rng.standard_normal(int(hot.sum())))
    return dark


def make_flat(
    shape: tuple[int, int], vignetting: float, pixel_noise: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return a response of median 1: light lost towards the corners, and pixels that differ.

    Parameters
    ----------
    shape : tuple of int
        Height and width.
    vignetting : float
        Share of the light lost at half the diagonal from the centre.
    pixel_noise : float
        Relative rms from pixel to pixel.
    rng : numpy.random.Generator
        Of the pixels.
    """
    yy, xx = np.ogrid[: shape[0], : shape[1]]
    cy, cx = (shape[0] - 1) / 2.0, (shape[1] - 1) / 2.0
    r2 = ((yy - cy) ** 2 + (xx - cx) ** 2) / (cy**2 + cx**2)
    flat = (1.0 - vignetting * r2) * (1.0 + pixel_noise * rng.standard_normal(shape))
    return np.asarray(flat / np.median(flat))


def cosmic_rays(shape: tuple[int, int], expected: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the electrons of cosmic rays: straight tracks of 1 to 15 pixels, 500 to 20 000 e- each.

    Parameters
    ----------
    shape : tuple of int
        Height and width.
    expected : float
        Mean number of tracks.
    rng : numpy.random.Generator
        Of their number, places, lengths and charges.
    """
    image = np.zeros(shape)
    for _ in range(rng.poisson(expected)):
        y, x = rng.uniform(0, shape[0]), rng.uniform(0, shape[1])
        angle, length = rng.uniform(0, 2 * np.pi), rng.exponential(3.0)
        charge = 500.0 * 40.0 ** rng.random()
        steps = np.linspace(0.0, min(length, 15.0), 30)
        yy, xx = np.floor(y + steps * np.sin(angle)).astype(int), np.floor(x + steps * np.cos(angle)).astype(int)
        inside = (yy >= 0) & (yy < shape[0]) & (xx >= 0) & (xx < shape[1])
        np.add.at(image, (yy[inside], xx[inside]), charge / steps.size)
    return np.asarray(np.rint(image))
