"""Frames of known truth: stars integrated over pixels, sky, photon and read noise of a known detector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from photdb.photometry.pixels import Pixels
from photdb.photometry.synthetic import star_image


@dataclass(frozen=True)
class Camera:
    gain: float = 1.5  # e-/ADU
    read_noise: float = 8.0  # e-
    sky: float = 200.0  # ADU per px
    saturation: float = 60_000.0  # ADU

    @property
    def floor(self) -> float:
        return (self.read_noise / self.gain) ** 2

    @property
    def pixel_noise(self) -> float:
        """Standard deviation of a pixel of empty sky, ADU."""
        return float(np.sqrt(self.sky / self.gain + self.floor))


def expose(
    ideal: NDArray[np.float64],
    rng: np.random.Generator,
    camera: Camera = Camera(),
    *,
    response: NDArray[np.float32] | None = None,
    gain_known: bool = True,
) -> Pixels:
    """Take a picture of an ideal image of light above the sky, ADU, and divide it by its flat."""
    seen = (ideal + camera.sky) * (1.0 if response is None else response)
    data = rng.poisson(seen * camera.gain) / camera.gain + rng.normal(0, camera.read_noise / camera.gain, ideal.shape)
    floor: NDArray[np.float32] | float = camera.floor
    if response is not None:
        data, floor = data / response, (camera.floor / response**2).astype(np.float32)
    mask = np.where(data > camera.saturation, 4, 0).astype(np.uint8)
    return Pixels(
        np.ascontiguousarray(data, np.float32), mask, floor, response, camera.gain, camera.read_noise, gain_known,
        camera.saturation, 0, 0,
    )  # fmt: skip


def grid(shape: tuple[int, int], spacing: float, rng: np.random.Generator) -> tuple[NDArray[np.float64], ...]:
    """Positions on a loose grid, anywhere within their pixels."""
    y, x = np.mgrid[spacing : shape[0] - spacing : spacing, spacing : shape[1] - spacing : spacing]
    return tuple(v.ravel() + rng.uniform(-3, 3, v.size) for v in (x, y))


def star_field(
    shape: tuple[int, int], x: ArrayLike, y: ArrayLike, flux: ArrayLike, *, fwhm: float = 3.5, beta: float | None = 3.2
) -> NDArray[np.float64]:
    """Stars of given fluxes, ADU; `beta` None is a Gaussian."""
    return star_image(shape, x, y, flux, fwhm, beta=beta)
