"""The PSF models of a frame: made while it is measured, on their way to rows of table frame_psf, and back."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from photdb.errors import InputError
from photdb.magnitudes import POGSON
from photdb.photometry.flags import Flag

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from photdb.photometry.measure import Found
    from photdb.photometry.noise_correlation import NoiseCorrelation
    from photdb.photometry.pixels import Pixels
    from photdb.photometry.psf import Kind, Psf
    from photdb.photometry.settings import MeasureSettings

log = logging.getLogger(__name__)

#: Stars of a first look.
_FIRST_STARS = 24
#: Stars that tell how PSF fluxes compare with those in the primary aperture: signal to noise, the most and the fewest.
_SHIFT_SNR, _SHIFT_MOST, _SHIFT_FEWEST = 30.0, 60, 3
#: What a star's FWHM may differ from the frame's.
_SHIFT_FWHM = 0.25
#: Places along a side of the frame where the noise of an empty PSF fit is taken.
_GRID = 6

#: Columns of frame_psf and their types, but for those that every row has.
_REALS = ("fwhm_x", "fwhm_y", "theta", "beta", "chi2", "residual", "noise", "zp_shift", "zp_shift_err")
_WHOLES = ("n_star", "degree", "size", "oversampling", "n_shift")


@dataclass(frozen=True, slots=True)
class InPrimary:
    """A frame and what was measured of it, in the primary aperture: ADU/s, one element a source of `found`."""

    pixels: Pixels
    found: Found
    flux: NDArray[Any]
    flux_err: NDArray[Any]
    flags: NDArray[Any]
    exptime_s: float
    settings: MeasureSettings
    scintillation: float | None = None
    correlation: NoiseCorrelation | None = None


def first_look(pixels: Pixels, found: Found) -> Psf | None:
    """Return a Moffat profile of a few bright stars, the same all over the frame; None where they are too few.

    It costs a tenth of measuring a frame, what `build_psf` makes of all stars as much as the frame itself. Widths agree
    to a part in a thousand, but fluxes are never fitted with it.
    """
    clean = np.flatnonzero(found.flags == 0)
    signal = found.peak[clean] / found.background.noise_at(found.x[clean], found.y[clean])
    flags = found.flags | np.int32(Flag.DEBLENDED)
    brightest = clean[np.argsort(-signal, kind="stable")[:_FIRST_STARS]]
    flags[brightest] = 0
    try:
        return _built(pixels, replace(found, flags=flags), degree=0)
    except InputError as error:
        log.info("no PSF: %s", error.what)
        return None


def row_of(psf: Psf) -> dict[str, Any]:
    """Return a model as a row of frame_psf, but for frame and run, as JSON has it; no flux is of it."""
    return {**{name: _plain(value) for name, value in psf.as_row().items()}, "in_use": False}


def full_row(frame: InPrimary, psf: Psf) -> dict[str, Any]:
    """Return a model as a row with the noise of its fluxes and how their zero point lies; no flux is of it."""
    return {**row_of(psf), "noise": _noise(frame, psf), **_shift(frame, psf)}


def row_in_use(frame: InPrimary, psf: Psf) -> dict[str, Any]:
    """Return the row of the model that a frame's PSF fluxes are of: always an empirical one."""
    return {**full_row(frame, psf), "in_use": True}


def of_first_look(frame: InPrimary) -> list[dict[str, Any]]:
    """Return the rows of frame_psf of a frame whose PSF no flux is of."""
    psf = first_look(frame.pixels, frame.found)
    return [row_of(psf)] if psf is not None else []


def of_sources(frame: InPrimary) -> tuple[list[dict[str, Any]], NDArray[np.float64], NDArray[np.float64]]:
    """Fit the PSF to every source, together with its neighbours.

    Returns
    -------
    rows, flux, flux_err
        Rows of frame_psf; ADU/s.

    Raises
    ------
    InputError
        If the frame has too few stars for a PSF.
    """
    psf = built(frame, "empirical")
    fluxes = _fitted(frame, psf, frame.found.x, frame.found.y)
    rows = [*of_first_look(frame), row_in_use(frame, psf)]
    return rows, fluxes.flux / frame.exptime_s, fluxes.error / frame.exptime_s


def built(frame: InPrimary, kind: Kind) -> Psf:
    """Return the model that all the stars of a frame make.

    Raises
    ------
    InputError
        If they are too few, or make none.
    """
    return _built(frame.pixels, frame.found, kind=kind)


def _built(pixels: Pixels, found: Found, *, kind: Kind = "moffat", degree: int | None = None) -> Psf:
    """Build a model; one that comes to nothing costs no frame."""
    from photdb.photometry.psf import build_psf

    try:
        with np.errstate(all="ignore"):
            psf = build_psf(pixels, found, kind=kind, degree=degree)
    except (np.linalg.LinAlgError, ArithmeticError) as error:
        raise InputError(
            f"its stars make no PSF: {error}", "look at the frame: trails, clouds, out of focus"
        ) from error
    if not (np.isfinite([psf.fwhm_x, psf.fwhm_y, psf.beta]).all() and np.isfinite(psf.coefficients).all()):
        raise InputError("its stars make no PSF: the fit ran away", "look at the frame: trails, clouds, out of focus")
    return psf


def _fitted(frame: InPrimary, psf: Psf, x: NDArray[Any], y: NDArray[Any], *, neighbours: bool = True) -> Any:
    """Fit a PSF at places of a frame."""
    from photdb.photometry.psf_fit import psf_fluxes

    return psf_fluxes(
        frame.pixels, frame.found, psf, x, y, settings=frame.settings, neighbours=neighbours,
        scintillation=frame.scintillation, correlation=frame.correlation,
    )  # fmt: skip


def _noise(frame: InPrimary, psf: Psf) -> float | None:
    """Return the error of a fitted flux where there is no source, ADU/s: the median over a grid."""
    height, width = frame.pixels.data.shape
    at = (np.arange(_GRID) + 0.5) / _GRID
    y, x = (place.ravel() for place in np.meshgrid(at * height, at * width, indexing="ij"))
    empty = _fitted(frame, psf, x, y, neighbours=False).empty
    empty = empty[np.isfinite(empty)]
    return float(np.median(empty)) / frame.exptime_s if len(empty) and frame.exptime_s else None


def _shift(frame: InPrimary, psf: Psf) -> dict[str, Any]:
    """Return how the zero point of PSF fluxes differs from that of the primary aperture, as bright stars say.

    Light that the aperture misses, and what the model's wings get wrong, is the same share of every star.
    """
    found = frame.found
    with np.errstate(invalid="ignore", divide="ignore"):
        snr = frame.flux / frame.flux_err
        like = np.abs(found.fwhm / found.fwhm_px - 1) < _SHIFT_FWHM
    fit = np.flatnonzero((frame.flags == 0) & (snr > _SHIFT_SNR) & like)
    stars = fit[np.argsort(-snr[fit], kind="stable")][:_SHIFT_MOST]
    fluxes = _fitted(frame, psf, found.x[stars], found.y[stars])
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = 2.5 * np.log10(fluxes.flux / frame.exptime_s / frame.flux[stars])
        error = POGSON * np.hypot(fluxes.error / fluxes.flux, frame.flux_err[stars] / frame.flux[stars])
    good = np.isfinite(shift) & np.isfinite(error)
    n = int(good.sum())
    if n < _SHIFT_FEWEST:
        return {"zp_shift": None, "zp_shift_err": None, "n_shift": n}
    shift, error = shift[good], error[good]
    middle = float(np.median(shift))
    # Of few stars the scatter may be small by chance: photons alone cannot make it smaller.
    scatter = max(1.4826 * float(np.median(np.abs(shift - middle))), float(np.median(error)) / np.sqrt(2.0))
    return {"zp_shift": middle, "zp_shift_err": float(1.2533 * scatter / np.sqrt(n)), "n_shift": n}


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; None for what is not finite."""
    if isinstance(value, np.ndarray):
        return [float(v) for v in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def psf_table(rows: Iterable[Mapping[str, Any]], *, run_id: int) -> pa.Table:
    """Return rows of frame_psf as a table."""
    import pyarrow as pa

    rows = list(rows)
    kinds: dict[str, pa.DataType] = {
        "frame_id": pa.int32(), "kind": pa.string(), "in_use": pa.bool_(), "coefficients": pa.list_(pa.float32()),
        **dict.fromkeys(_WHOLES, pa.int32()), **dict.fromkeys(_REALS, pa.float64()),
    }  # fmt: skip
    table = {name: pa.array([row.get(name) for row in rows], kind) for name, kind in kinds.items()}
    return pa.table({**table, "run_id": pa.array([run_id] * len(rows), pa.int32())})
