"""Fluxes at positions that somebody asked for, in circles, and what the other shapes share with them.

Ellipses are in `photdb.photometry.forced_ellipse`, trails in `photdb.photometry.forced_trail`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from photdb.photometry.aperture import error_parts
from photdb.photometry.aperture_shapes import Circles, Shape
from photdb.photometry.flags import Flag
from photdb.photometry.forced_fluxes import ForcedFluxes
from photdb.photometry.forced_ground import Ground, ground_at
from photdb.photometry.masked import mask_bits
from photdb.photometry.measure import NEIGHBOUR_SHARE, spill

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from photdb.photometry.detection import Found
    from photdb.photometry.pixels import Pixels
    from photdb.photometry.settings import MeasureSettings

__all__ = ["ForcedFluxes", "Ground", "fluxes_in", "forced_circles", "ground_at"]

#: Where nothing is detected, the light of a neighbour counts when it may bring this share of the aperture's noise.
_NEIGHBOUR_NOISE = 0.2


def forced_circles(
    pixels: Pixels,
    found: Found,
    x: ArrayLike,
    y: ArrayLike,
    diameter_px: float,
    *,
    settings: MeasureSettings,
    ground: Ground | None = None,
    scintillation: float | None = None,
) -> ForcedFluxes:
    """Measure circles of one diameter at given positions, whether or not there is a source.

    At the place of a detection, and with a ground prepared for the apertures of the detections, flux and error are
    exactly those of `photdb.photometry.measure.measure`. A position that is not a number, or outside the frame, has no
    flux. Where the frame's own noise is more than its pixels explain, because neighbours share it, the errors say so
    (`photdb.photometry.noise_correlation`).

    Parameters
    ----------
    pixels : Pixels
        The frame that `found` was made from.
    found : Found
    x, y : array_like
        Positions, px.
    diameter_px : float
        px; NaN (an aperture not to be measured on this frame) gives NaN everywhere.
    settings : MeasureSettings
        Those of the detections.
    ground : Ground, optional
        From `ground_at` these positions; one for all diameters. Without it the circle is its own primary aperture.
    scintillation : float, optional
        Relative rms of the flux.
    """
    if not np.isfinite(diameter_px):
        return ForcedFluxes.blank(x, y, flags=int(Flag.APERTURE_INCOMPLETE))
    ground = ground or ground_at(
        pixels, found, x, y, apertures_px=[diameter_px], primary_px=diameter_px, settings=settings
    )
    return fluxes_in(Circles.of(diameter_px, len(ground.x)), pixels, found, ground, scintillation=scintillation)


def fluxes_in(
    shape: Shape, pixels: Pixels, found: Found, ground: Ground, *, scintillation: float | None = None
) -> ForcedFluxes:
    """Measure apertures of any shape, one at each position of the ground; see `forced_circles`."""
    use, part = ground.use, shape.at(ground.use)
    x, y = ground.x[use], ground.y[use]
    area = part.area
    flux = part.sums(found.subtracted, x, y) - ground.sky.level * area
    missing = _fill_in(flux, part, found, ground)
    variance = ground.variance
    errors = error_parts(
        flux, area, part.weights, variance.at if variance.sky is None else part.sums(variance.sky, x, y) / area,
        ground.sky.level, ground.sky.error, variance.electrons, scintillation,
    )  # fmt: skip
    empty = errors.below(ground.correlation, area, part.perimeter)
    errors = errors.shared(ground.correlation.in_errors, area, part.perimeter)
    below = errors.pixels + errors.background
    over = _over(part, found.subtracted.shape, x, y)
    missing |= over
    columns = {
        "flux": flux, "error": np.sqrt(below + errors.source + errors.scintillation),
        "err_source": np.sqrt(errors.source), "err_pixels": np.sqrt(errors.pixels),
        "err_background": np.sqrt(errors.background), "empty": np.sqrt(empty),
    }  # fmt: skip
    columns = {name: np.where(missing, np.nan, values) for name, values in columns.items()}
    for name, image in (("frac_masked", ground.bad), ("frac_saturated", ground.saturated)):
        columns[name] = np.zeros(len(use)) if image is None else np.minimum(part.sums(image, x, y) / area, 1.0)
    out = ForcedFluxes.blank(ground.x, ground.y, a=shape.a, b=shape.b, theta=shape.theta)
    columns |= {"sky": ground.level, "noise_factor": ground.correlation.factor(area, part.perimeter)}
    for name, values in columns.items():
        getattr(out, name)[use] = values
    out.frac_edge[:] = _share_outside(shape, found.subtracted.shape, ground.x, ground.y)
    out.flags[:] = _flags_outside(ground)
    out.flags[use] = _flags(part, pixels, found, ground, columns, over, missing)
    return out


def _fill_in(flux: NDArray[np.float64], part: Shape, found: Found, ground: Ground) -> NDArray[np.bool_]:
    """Give the bad pixels of apertures what they would have held; tell which have one that cannot be filled in."""
    missing = np.zeros(len(flux), bool)
    pairs = ground.opposite
    if not len(pairs.pixel):
        return missing
    row, column = np.divmod(pairs.pixel, found.subtracted.shape[1])
    dx, dy = column - ground.x[ground.use][pairs.position], row - ground.y[ground.use][pairs.position]
    shapes = part.at(pairs.position)
    lost = ~pairs.good & shapes.touches(dx, dy)
    missing[pairs.position[lost]] = True
    change = shapes.overlap(dx, dy) * (pairs.value.astype(float) - found.subtracted.reshape(-1)[pairs.pixel])
    flux += np.bincount(pairs.position, np.where(pairs.good, change, 0.0), minlength=len(flux))
    return missing


def _over(part: Shape, frame: tuple[int, ...], x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which apertures reach over the edge of the frame."""
    (height, width), (along_x, along_y) = frame, part.span()
    room_x, room_y = np.minimum(x, width - 1 - x) + 0.5, np.minimum(y, height - 1 - y) + 0.5
    return np.asarray((room_x < along_x) | (room_y < along_y))


def _share_outside(
    shape: Shape, frame: tuple[int, ...], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the share of each aperture outside the frame; NaN where the position is not a number."""
    known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    out = np.full(len(x), np.nan)
    out[known] = 0.0
    over = known[_over(shape.at(known), frame, x[known], y[known])]
    if len(over):
        out[over] = 1.0
        along = shape.at(over).span()
        near = over[
            (x[over] > -1 - along[0]) & (x[over] < frame[1] + along[0])
            & (y[over] > -1 - along[1]) & (y[over] < frame[0] + along[1])
        ]  # fmt: skip
        part = shape.at(near)
        inside = part.sums(np.ones(frame, np.uint8), x[near], y[near]) / part.area
        out[near] = np.clip(1.0 - inside, 0.0, 1.0)
    return out


def _flags_outside(ground: Ground) -> NDArray[np.int32]:
    """Return the flags of positions that are not within the frame."""
    off = np.isfinite(ground.x) & np.isfinite(ground.y)
    return np.where(off, int(Flag.TRUNCATED), 0).astype(np.int32) | np.int32(Flag.APERTURE_INCOMPLETE)


def _flags(
    part: Shape,
    pixels: Pixels,
    found: Found,
    ground: Ground,
    columns: dict[str, NDArray[np.float64]],
    over: NDArray[np.bool_],
    missing: NDArray[np.bool_],
) -> NDArray[np.int32]:
    """Return the flags of the apertures, and of the source that each is on."""
    x, y = ground.x[ground.use], ground.y[ground.use]
    on_source = np.where(ground.source >= 0, found.flags[np.maximum(ground.source, 0)], 0) if len(found) else 0
    flags = np.zeros(len(x), np.int32) | on_source
    if isinstance(part, Circles) and len(part):
        flags |= mask_bits(pixels.mask, x, y, float(part.a[0]))
    else:
        flags |= np.where(columns["frac_masked"] > 0, _bits_near(part, pixels, x, y), 0)
        flags |= np.where(columns["frac_saturated"] > 0, int(Flag.SATURATED), 0)
    for flag, where in (
        (Flag.LOCAL_SKY_POOR, ground.sky.poor), (Flag.TRUNCATED, over), (Flag.APERTURE_INCOMPLETE, missing),
        (Flag.NEIGHBOURS, _neighbours(part, found, ground, columns["empty"])),
    ):  # fmt: skip
        flags |= np.where(where, int(flag), 0).astype(np.int32)
    return np.asarray(flags, np.int32)


def _bits_near(part: Shape, pixels: Pixels, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return which of the bits of bad pixels lie on the apertures."""
    out = np.zeros(len(x), np.int32)
    for flag in (Flag.BAD_PIXEL, Flag.COSMIC_RAY):
        there = (pixels.mask & np.uint8(flag)) != 0
        if there.any():
            out |= np.where(part.sums(there.view(np.uint8), x, y) > 0, int(flag), 0).astype(np.int32)
    return out


def _neighbours(part: Shape, found: Found, ground: Ground, empty: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which apertures another source lights up: by a hundredth of the source on the place, or by its noise."""
    from scipy.spatial import cKDTree

    out = np.zeros(len(part.a), bool)
    if not len(found) or not len(out):
        return out
    x, y = ground.x[ground.use], ground.y[ground.use]
    fwhm = found.fwhm_px if np.isfinite(found.fwhm_px) else 3.0
    reach = float(np.max(np.hypot(*part.span()) if not isinstance(part, Circles) else part.a)) + 2.5 * fwhm
    near = cKDTree(np.c_[x, y]).sparse_distance_matrix(cKDTree(np.c_[found.x, found.y]), reach, output_type="ndarray")
    me, other = near["i"], near["j"]
    mine = ground.source[me]
    keep = other != mine
    me, other, mine = me[keep], other[keep], mine[keep]
    beyond = part.at(me).beyond(found.x[other] - x[me], found.y[other] - y[me])
    enough = np.where(
        mine >= 0, NEIGHBOUR_SHARE * np.maximum(found.flux_iso[np.maximum(mine, 0)], 1e-6), _NEIGHBOUR_NOISE * empty[me]
    )
    out[me[spill(beyond, fwhm) * found.flux_iso[other] > enough]] = True
    return out
