"""Fluxes in circular apertures and their errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import sep

from photdb.photometry.local_sky import Annulus, LocalSky, local_sky, sky_of_map
from photdb.photometry.masked import Patched

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from photdb.photometry.background import Background
    from photdb.photometry.noise_correlation import NoiseCorrelation
    from photdb.photometry.pixels import Pixels


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


@dataclass(frozen=True, slots=True)
class CircleFluxes:
    """Fluxes in circles around positions, ADU per exposure; (positions, diameters) each but for `sky`.

    Attributes
    ----------
    flux, error : ndarray
        Flux above the local sky and its standard error; NaN where part of the circle is missing.
    empty : ndarray
        Noise of the same circle with no source in it: what limits are made of.
    over : ndarray of bool
        The circle reaches over the edge of the frame.
    missing : ndarray of bool
        So it does, or holds a bad pixel that could not be filled in.
    sky : LocalSky
        The sky that was taken off.
    """

    flux: NDArray[np.float64]
    error: NDArray[np.float64]
    empty: NDArray[np.float64]
    over: NDArray[np.bool_]
    missing: NDArray[np.bool_]
    sky: LocalSky


def circle_fluxes(
    pixels: Pixels,
    background: Background,
    image: NDArray[np.float32],
    hidden: NDArray[np.bool_],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    diameters: NDArray[np.float64],
    *,
    variance: Variance,
    annulus: Annulus | None,
    correlation: NoiseCorrelation | None = None,
    scintillation: float | None = None,
) -> CircleFluxes:
    """Measure fluxes in circles.

    Parameters
    ----------
    pixels : Pixels
    background : Background
    image : ndarray of float32
        The frame without its background, ADU; unusable pixels in it change for a moment.
    hidden : ndarray of bool
        Pixels no annulus may use: bad ones and the cores of sources.
    x, y : ndarray
        Positions, px.
    diameters : ndarray
        px; NaN is not measured.
    variance : Variance
        From `pixel_variance` at these positions.
    annulus : Annulus or None
        Where the local sky is taken; None is the background map alone.
    correlation : NoiseCorrelation, optional
        Of neighbouring pixels; without it each has its own noise.
    scintillation : float, optional
        Relative rms of the flux.
    """
    gain = pixels.gain if pixels.gain_known else None
    sky = local_sky(image, hidden, background, x, y, annulus, gain=gain) if annulus else sky_of_map(background, x, y)
    with Patched(image, pixels.mask, x, y, 0.5 * float(np.nanmax(diameters))) as patched:
        sums = circle_sums(image, x, y, diameters)
    area = np.pi / 4 * diameters**2
    flux = sums - sky.level[:, None] * area
    per_pixel = variance.at[:, None] if variance.sky is None else circle_sums(variance.sky, x, y, diameters) / area
    parts = error_parts(
        flux, area, noise_area(diameters), per_pixel, sky.level[:, None], sky.error[:, None],
        variance.electrons[:, None], scintillation,
    )  # fmt: skip
    below = parts.below(correlation, area, np.pi * diameters)
    total = parts.below(correlation and correlation.in_errors, area, np.pi * diameters)
    total = total + parts.source + parts.scintillation
    over = reaches_edge(image.shape, x, y, diameters)
    missing = over | (patched.incomplete[:, None] < 0.5 * diameters[None, :] + 0.5)
    flux[missing], total[missing] = np.nan, np.nan
    return CircleFluxes(flux, np.sqrt(total), np.sqrt(below), over, missing, sky)


class ErrorParts(NamedTuple):
    """Independent parts of the variance of a flux, ADU²: see `error_parts`."""

    source: NDArray[np.float64]
    pixels: NDArray[np.float64]
    background: NDArray[np.float64]
    scintillation: NDArray[np.float64]

    def shared(self, correlation: NoiseCorrelation, area: ArrayLike, perimeter: ArrayLike) -> ErrorParts:
        """Return the parts where neighbouring pixels share their noise; the photons of the source stay its own."""
        if correlation.is_none:
            return self
        return self._replace(
            pixels=self.pixels * correlation.factor(area, perimeter) ** 2,
            background=self.background * correlation.of_level**2,
        )

    def below(self, correlation: NoiseCorrelation | None, area: ArrayLike, perimeter: ArrayLike) -> NDArray[np.float64]:
        """Return the variance without the source, with what neighbouring pixels share."""
        parts = self if correlation is None else self.shared(correlation, area, perimeter)
        return np.asarray(parts.pixels + parts.background)


def error_parts(
    flux: NDArray[np.float64],
    area: ArrayLike,
    weights: ArrayLike,
    per_pixel: NDArray[np.float64],
    level: NDArray[np.float64],
    level_error: NDArray[np.float64],
    electrons: NDArray[np.float64],
    scintillation: float | None,
) -> ErrorParts:
    """Return the parts of the variance of fluxes in apertures of any shape.

    Parameters
    ----------
    flux : ndarray
        Above the local sky, ADU.
    area, weights : array_like
        Sums of the weights of the pixels and of their squares, px².
    per_pixel : ndarray
        Variance of a pixel at the level of the background map, ADU².
    level, level_error : ndarray
        Local sky above that map and its error, ADU per px.
    electrons : ndarray
        gain * response.
    scintillation : float or None
        Relative rms of the flux.
    """
    return ErrorParts(
        np.maximum(flux, 0) / electrons,
        (per_pixel + np.maximum(level, 0) / electrons) * np.asarray(weights, dtype=float),
        (level_error * np.asarray(area, dtype=float)) ** 2,
        ((scintillation or 0.0) * flux) ** 2,
    )


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
        out[rows] = variance_rows(pixels, background, (rows, slice(None)))
    return out


def variance_rows(pixels: Pixels, background: Background, part: tuple[slice, slice]) -> NDArray[np.float32]:
    """Return the variance of the pixels of empty sky in a part of the frame, ADU²; as `pixel_variance` has it."""
    if not pixels.gain_known:
        return np.asarray(background.noise_part(part) ** 2)
    level = np.maximum(background.level_part(part), 0)
    response = 1.0 if pixels.response is None else np.maximum(pixels.response[part], np.float32(0.01))
    floor = pixels.floor if np.ndim(pixels.floor) == 0 else pixels.floor[part]  # type: ignore[index]
    return np.asarray(level / (np.float32(pixels.gain) * response) + floor, np.float32)


def circle_sums(
    image: NDArray[np.float32], x: NDArray[np.float64], y: NDArray[np.float64], diameters: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return sums over circles with exact pixel overlaps: (sources, diameters); NaN columns for NaN diameters.

    A circle over the edge is summed as far as the image goes.
    """
    sums = np.full((len(x), len(diameters)), np.nan)
    different, which = np.unique(diameters, return_inverse=True)
    for k, diameter in enumerate(different):
        if np.isfinite(diameter):
            sums[:, which == k] = sep.sum_circle(image, x, y, 0.5 * diameter, subpix=0)[0][:, None]
    return sums


def noise_area(diameters: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of the squared pixel weights of circles, px²: what the variance of a pixel is multiplied with.

    Pixels on the rim count with their overlap w, their variance with w². A rim of length L crosses pixels whose sum of
    w (1 - w) is L / 6 (exact along an axis, 0.165 L averaged over angles).
    """
    return np.asarray(np.pi / 4 * diameters**2 - np.pi * diameters / 6)


def reaches_edge(
    shape: tuple[int, int], x: NDArray[np.float64], y: NDArray[np.float64], diameters: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which apertures reach over the edge of the frame: (sources, diameters)."""
    height, width = shape
    room = np.minimum(np.minimum(x, width - 1 - x), np.minimum(y, height - 1 - y)) + 0.5
    return np.asarray(room[:, None] < 0.5 * diameters[None, :])
