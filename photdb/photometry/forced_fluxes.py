"""What is measured at a place that somebody asked for, whether or not there is a source."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class ForcedFluxes:
    """Fluxes at asked-for positions, one element per position; ADU per exposure, px and rad.

    The squares of the three parts of the error, and of scintillation where it was given, add up to that of `error`.

    Attributes
    ----------
    x, y : ndarray of float64
        Where it was measured, px, 0-based: the position asked for, plus the shift of recentring.
    flux, error : ndarray of float64
        Flux above the local sky, ADU, negative where noise made it so, and its standard error; NaN where part of the
        aperture is missing.
    err_source, err_pixels, err_background : ndarray of float64
        Parts of the error, ADU: photons of the source; pixels without a source (photons of the sky, read noise, dark,
        master frames); the level of the local sky.
    empty : ndarray of float64
        Standard error of the same aperture with no source in it, ADU: what limits are made of.
    empty_scatter : ndarray of float64
        Scatter of such apertures on empty places of the frame, ADU; NaN where there were too few.
    correction : ndarray of float64
        Factor that flux, errors and noise have been multiplied with, so that the aperture holds as much of a star's
        light as the one of the zero point does; 1 for the circle of the zero point itself.
    sky : ndarray of float64
        Whole local background that was taken off, ADU per px.
    frac_edge, frac_masked, frac_saturated : ndarray of float64
        Shares of the aperture outside the frame, on bad pixels and cosmic rays, and on saturated pixels.
    chi2 : ndarray of float64
        Of a PSF fit, per degree of freedom; NaN for apertures.
    flags : ndarray of int32
        Bits of `photdb.photometry.flags.Flag`.
    shift_x, shift_y : ndarray of float64
        How far recentring moved the position, px; NaN where the position asked for was used.
    a, b : ndarray of float64
        Semi-axes, px: the radius of a circle twice; of a trail half its length with the rounded ends, and half its
        width; NaN for a PSF.
    theta : ndarray of float64
        Angle of `a`, rad, counter-clockwise from +x; NaN for a circle and a PSF.
    noise_factor : ndarray of float64
        What the noise of the pixels was multiplied with in `empty`, and in the errors where it is their own noise that
        neighbours share (`photdb.photometry.noise_correlation.NoiseCorrelation.is_resampled`); 1: they share nothing.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    flux: NDArray[np.float64]
    error: NDArray[np.float64]
    err_source: NDArray[np.float64]
    err_pixels: NDArray[np.float64]
    err_background: NDArray[np.float64]
    empty: NDArray[np.float64]
    empty_scatter: NDArray[np.float64]
    correction: NDArray[np.float64]
    sky: NDArray[np.float64]
    frac_edge: NDArray[np.float64]
    frac_masked: NDArray[np.float64]
    frac_saturated: NDArray[np.float64]
    chi2: NDArray[np.float64]
    flags: NDArray[np.int32]
    shift_x: NDArray[np.float64]
    shift_y: NDArray[np.float64]
    a: NDArray[np.float64]
    b: NDArray[np.float64]
    theta: NDArray[np.float64]
    noise_factor: NDArray[np.float64]

    @classmethod
    def blank(cls, x: ArrayLike, y: ArrayLike, **columns: ArrayLike) -> ForcedFluxes:
        """Return fluxes at positions with what is given filled in: the rest NaN, flags 0, factors 1."""
        here = np.array(x, dtype=float).reshape(-1)
        filled = {
            field.name: np.full(
                len(here), {"flags": 0.0, "correction": 1.0, "noise_factor": 1.0}.get(field.name, np.nan)
            )
            for field in fields(cls)
        }
        filled |= {"x": here, "y": np.array(y, dtype=float).reshape(-1)}
        filled |= {
            name: np.broadcast_to(np.asarray(value, float), here.shape).copy() for name, value in columns.items()
        }
        return cls(**{**filled, "flags": filled["flags"].astype(np.int32)})

    def __len__(self) -> int:
        return len(self.x)

    def at(self, which: NDArray[np.intp]) -> ForcedFluxes:
        """Return the fluxes of some of the positions."""
        return replace(self, **{field.name: getattr(self, field.name)[which] for field in fields(self)})

    def put(self, where: NDArray[np.intp], part: ForcedFluxes) -> None:
        """Write the fluxes of some of the positions to their places."""
        for field in fields(self):
            getattr(self, field.name)[where] = getattr(part, field.name)

    def with_scatter(self, scatter: ArrayLike) -> ForcedFluxes:
        """Return the same fluxes with the scatter of empty apertures, ADU, beside them."""
        return replace(self, empty_scatter=np.broadcast_to(np.asarray(scatter, float), self.x.shape).copy())
