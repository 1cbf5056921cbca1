"""Frames of stars whose images are known: elliptical, changing over the frame, lopsided; and fluxes fitted to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from synth import Camera, expose, grid, star_field

from photdb.photometry.detection import Found, find_sources
from photdb.photometry.pixels import Pixels
from photdb.photometry.psf import Psf, build_psf
from photdb.photometry.psf_fit import psf_fluxes
from photdb.photometry.settings import MeasureSettings

SETTINGS, CAMERA = MeasureSettings(), Camera()
#: Midpoints of a pixel cut into 8 x 8.
_SUB = (np.arange(8) - 3.5) / 8


@dataclass(frozen=True)
class Image:
    """How the stars of a frame look: Moffat, all lengths px; the FWHM grows by `growth` from edge to edge along x.

    By `bowl` it grows from the middle to both edges.
    """

    fwhm: float = 3.5
    ratio: float = 1.0  # minor to major axis
    theta: float = 0.0
    beta: float = 3.2
    growth: float = 0.0
    bowl: float = 0.0
    tail: float = 0.0  # share of the light in a second, wider image to the right

    def at(self, u: float) -> float:
        """FWHM at u, -1 at the left edge and 1 at the right."""
        return self.fwhm * (1 + 0.5 * self.growth * u + self.bowl * u * u)


def moffat_star(dx: NDArray[np.float64], dy: NDArray[np.float64], image: Image, u: float) -> NDArray[np.float64]:
    """One star of unit flux on pixels at distances from it, every pixel the mean of 64 samples: slow, and nobody's."""
    x, y = (dx[:, None] + _SUB).ravel()[None, :], (dy[:, None] + _SUB).ravel()[:, None]
    out = np.zeros((y.size, x.size))
    for share, wide, right in ((1 - image.tail, 1.0, 0.0), (image.tail, 1.5, 2.0)):
        if not share:
            continue
        along = (x - right) * np.cos(image.theta) + y * np.sin(image.theta)
        across = -(x - right) * np.sin(image.theta) + y * np.cos(image.theta)
        major = image.at(u) * wide / np.sqrt(image.ratio) / (2 * np.sqrt(2 ** (1 / image.beta) - 1))
        minor = major * image.ratio
        value = (1 + (along / major) ** 2 + (across / minor) ** 2) ** -image.beta
        out += share * (image.beta - 1) / np.pi / major / minor * value
    return out.reshape(dy.size, 8, dx.size, 8).mean(axis=(1, 3))


def draw(
    shape: tuple[int, int], x: NDArray[np.float64], y: NDArray[np.float64], flux: NDArray[np.float64], image: Image
) -> NDArray[np.float64]:
    """Stars on a frame, 7 FWHM wide each way."""
    out, half = np.zeros(shape), int(7 * image.fwhm)
    n = np.arange(-half, half + 1)
    for a, b, f in zip(x, y, flux, strict=True):
        i, j = int(np.rint(a)), int(np.rint(b))
        star = f * moffat_star(i + n - a, j + n - b, image, 2 * a / (shape[1] - 1) - 1)
        x0, x1, y0, y1 = max(i - half, 0), min(i + half + 1, shape[1]), max(j - half, 0), min(j + half + 1, shape[0])
        out[y0:y1, x0:x1] += star[y0 - j + half : y1 - j + half, x0 - i + half : x1 - i + half]
    return out


def photon_flux(snr: NDArray[np.float64], fwhm: float, camera: Camera) -> NDArray[np.float64]:
    """Flux of a star that a perfect fit would measure with about a S/N, ADU."""
    photons, sky = snr**2 / camera.gain, snr**2 * 2.7 * fwhm**2 * camera.pixel_noise**2
    return (photons + np.sqrt(photons**2 + 4 * sky)) / 2


@dataclass
class Sky:
    """A frame with its truth."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    flux: NDArray[np.float64]
    pixels: Pixels
    found: Found

    def fitted(self, psf: Psf | None = None, **changes: object) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Fluxes and errors at the true places, on the scale of the truth: as a zero point would bring them."""
        psf = psf or build_psf(self.pixels, self.found)
        made = psf_fluxes(self.pixels, self.found, psf, self.x, self.y, settings=SETTINGS, **changes)
        weight = np.where(np.isfinite(made.flux), (self.flux / made.error) ** 2, 0)
        scale = np.average(np.nan_to_num(made.flux / self.flux), weights=np.nan_to_num(weight))
        return made.flux / scale, made.error / scale


def limits(flux: NDArray[np.float64], fwhm: float, beta: float | None, camera: Camera) -> NDArray[np.float64]:
    """The least error that any unbiased flux of an isolated star can have, its place and image known (Cramer-Rao)."""
    unit = np.mean(
        [star_field((61, 61), 30 + a, 30 + b, 1.0, fwhm=fwhm, beta=beta) for a, b in ((0.1, 0.3), (0.4, 0))], 0
    )
    noise2 = camera.pixel_noise**2 + flux[:, None, None] * unit / camera.gain
    return 1 / np.sqrt((unit**2 / noise2).sum(axis=(1, 2)))


def sky_of(
    seed: int | list[int], *, snr: tuple[float, float], size: int = 700, spacing: float = 38.0, fwhm: float = 3.5,
    beta: float | None = 3.2, camera: Camera = CAMERA, image: Image | None = None, gain_known: bool = True,
) -> Sky:  # fmt: skip
    """A frame of stars apart from each other, S/N even in its logarithm."""
    rng = np.random.default_rng(seed)
    x, y = grid((size, size), spacing, rng)
    flux = photon_flux(np.exp(rng.uniform(*np.log(snr), x.size)), fwhm, camera)
    ideal = (
        draw((size, size), x, y, flux, image) if image else star_field((size, size), x, y, flux, fwhm=fwhm, beta=beta)
    )
    pixels = expose(ideal, rng, camera, gain_known=gain_known)
    return Sky(x, y, flux, pixels, find_sources(pixels, SETTINGS))


def pairs_of(seed: int, apart: float, *, size: int = 800, fwhm: float = 3.5) -> tuple[Sky, NDArray[np.int64]]:
    """A crowd of pairs, `apart` FWHM from each other, among lone stars; and 0 lone, 1 the brighter, 2 the fainter."""
    rng, camera = np.random.default_rng(seed), Camera()
    x, y = grid((size, size), 40.0, rng)
    angle, lone = rng.uniform(0, 2 * np.pi, x.size), rng.uniform(size=x.size) < 0.4
    flux = photon_flux(np.exp(rng.uniform(np.log(40), np.log(500), x.size)), fwhm, camera)
    second = [v[~lone] for v in (x + apart * fwhm * np.cos(angle), y + apart * fwhm * np.sin(angle))]
    faint = (flux * 10 ** rng.uniform(-0.8, 0, x.size))[~lone]
    kind = np.concatenate([np.where(lone, 0, 1), np.full(faint.size, 2)])
    x, y, flux = np.append(x, second[0]), np.append(y, second[1]), np.append(flux, faint)
    pixels = expose(star_field((size, size), x, y, flux, fwhm=fwhm), rng, camera)
    return Sky(x, y, flux, pixels, find_sources(pixels, SETTINGS)), kind
