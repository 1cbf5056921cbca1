"""One frame, in a process of its own: read, reduce, detect, register, measure, leave it in staging.

A frame that cannot be used becomes facts with a reason, never an exception: the night goes on.
"""

from __future__ import annotations

import errno
import logging
import time
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from photdb.errors import InputError, PhotdbError, RegistrationError
from photdb.ingest import wcs as celestial
from photdb.ingest.frame_header import FrameHeader
from photdb.ingest.image import read_raw
from photdb.ingest.masters import Chosen, Master
from photdb.ingest.pattern import Pattern
from photdb.ingest.reduction import reduce
from photdb.ingest.registration import ReferenceStars, Solution, register
from photdb.jobs import frame_psf
from photdb.jobs.frame_psf import InPrimary
from photdb.jobs.ingest_settings import IngestSettings
from photdb.jobs.staging import Staged, write_staged
from photdb.photometry.flags import Flag
from photdb.photometry.growth import growth_curve
from photdb.photometry.measure import Found, empty_noise, find_sources, measure
from photdb.photometry.pixels import Pixels
from photdb.photometry.scintillation import scintillation_noise
from photdb.photometry.settings import Aperture, diameters_px, primary_px
from photdb.sky import healpix

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

#: Detections join an object within half a FWHM, but at least this (arcsec), ...
MIN_MATCH_ARCSEC = 1.0
#: ... and at least this many pixels: two stars nearer than that are one to an undersampled camera.
MIN_MATCH_PX = 1.7
#: Brightest stars that registration looks at.
REGISTER_STARS = 3000


@dataclass(frozen=True, slots=True)
class FrameTask:
    """Everything a worker needs to know to measure one frame.

    Attributes
    ----------
    header : FrameHeader
    key : str
        Names the result in staging.
    staging : Path
    settings : IngestSettings
    apertures : tuple of (aperture_id, Aperture)
        What to measure, and where it stands in aper_flux.
    bias, dark, flat, pattern : Path or None
        Files of the masters.
    reference : Path or None
        Reference stars around the pointing at the night's date (npz: ra, dec, mag).
    reference_is_own : bool
        They are objects of the store, for want of a catalogue: the WCS they give is a rough one.
    pixel_scale : float or None
        arcsec/px, where the header or earlier frames of the detector tell it.
    night_fwhm_px, growth_px : float or None
        What ``--aperture`` needs to know of the night.
    warnings : tuple of str
        What is missing in the reduction of the frame.
    """

    header: FrameHeader
    key: str
    staging: Path
    settings: IngestSettings
    apertures: tuple[tuple[int, Aperture], ...]
    bias: Path | None = None
    dark: Path | None = None
    flat: Path | None = None
    pattern: Path | None = None
    reference: Path | None = None
    reference_is_own: bool = False
    pixel_scale: float | None = None
    night_fwhm_px: float | None = None
    growth_px: float | None = None
    warnings: tuple[str, ...] = ()


def measure_frame(task: FrameTask) -> Staged:
    """Measure one frame and leave it in staging; a failure is left there too, with its reason."""
    started = time.perf_counter()
    try:
        facts, table = measured(task)
    except PhotdbError as error:
        facts, table = failure(task, error.what, error.hint), None
    except MemoryError:
        facts, table = failure(task, f"{task.header.path}: not enough memory", "use fewer --workers"), None
    except OSError as error:
        facts, table = failure(task, _of_the_system(error, task.header.path), ""), None
    except Exception as error:  # a fault of ours, but it must not cost the other frames of the night
        log.exception("%s", task.header.path)
        what = f"{task.header.path.name}: unexpected {type(error).__name__}: {error}"
        facts, table = failure(task, what, "please report this, with the frame if you can"), None
    facts["seconds"] = round(time.perf_counter() - started, 3)
    try:
        return write_staged(task.staging, task.key, facts, table)
    except OSError as error:
        what = (
            f"{task.staging}: {error.strerror or error}: the measurements of {task.header.path.name} cannot be staged"
        )
        return Staged(task.key, failure(task, what, "make room on that disk, then: photdb ingest --retry"), None)


def failure(task: FrameTask, what: str, hint: str) -> dict[str, Any]:
    """Return the facts of a frame that cannot be used."""
    return {"state": "failed", "reason": what, "hint": hint, "path": str(task.header.path)}


def _of_the_system(error: OSError, path: Path) -> str:
    """Say what the system refused."""
    if error.errno == errno.ENOSPC:
        return f"{path}: no space left on the disk ({error.filename or 'staging'})"
    return f"{path}: {error.strerror or error}"


def measured(task: FrameTask, *, solution: Solution | None = None) -> tuple[dict[str, Any], pa.Table]:
    """Return the facts of a frame and the table of its detections.

    Parameters
    ----------
    task : FrameTask
    solution : Solution, optional
        The frame's WCS where it is known already: the frame is not registered again.

    Raises
    ------
    InputError
        If the frame cannot be read or measured.
    """
    header, settings = task.header, task.settings
    pixels = reduced(task)
    found = _found(pixels, header, settings)
    why = None
    if solution is None:
        solution, why = _register(task, pixels, found)
    circles = settings.mask_circles if solution is not None else ()
    if circles and _mask_circles(pixels, solution, circles):
        found = _found(pixels, header, settings)
    scale = celestial.scale_arcsec(solution.wcs) if solution is not None else task.pixel_scale
    columns, diameters, primary = sources(task, pixels, found, scale)
    models, warnings = _psf(in_primary(task, pixels, found, columns), columns, fit=settings.psf)
    noise = empty_noise(
        pixels,
        found,
        apertures_px=[*diameters, primary],
        exptime_s=float(header.exptime_s or 0.0),
        settings=settings.measure,
    )
    table = _table(task, columns, solution)
    facts = {
        "state": "ok",
        "path": str(header.path),
        "why_unsolved": why,
        "pixel_scale": scale,
        "width": pixels.data.shape[1],
        "height": pixels.data.shape[0],
        "x0": pixels.x0,
        "y0": pixels.y0,
        "fwhm_px": found.fwhm_px,
        "ellipticity": found.ellipticity,
        "sky": found.sky,
        "sky_rms": found.sky_rms,
        "threshold_sigma": found.threshold_sigma,
        "n_detections": table.num_rows,
        "primary_aperture_id": _primary_id(task, diameters, primary),
        "primary_radius_px": primary / 2,
        "primary_noise": _number(noise[-1]),
        "aper_radius_px": _by_id(task, diameters / 2),
        "aper_noise": _by_id(task, noise[:-1]),
        "psf": models,
        "warnings": warnings,
        **(wcs_facts(solution, pixels.data.shape[1], pixels.data.shape[0]) if solution is not None else {}),
    }
    _write_maps(task, found)
    return facts, table


def sources(
    task: FrameTask, pixels: Pixels, found: Found, scale: float | None
) -> tuple[dict[str, NDArray[Any]], NDArray[Any], float]:
    """Return what is measured of the sources of a frame, the diameters of its apertures and of the primary one, px."""
    settings = task.settings
    wanted = [aperture for _, aperture in task.apertures]
    diameters = diameters_px(wanted, fwhm_px=found.fwhm_px, pixel_scale=scale)
    primary = primary_px(
        settings.measure.primary,
        fwhm_px=found.fwhm_px,
        pixel_scale=scale,
        night_fwhm_px=task.night_fwhm_px,
        growth_px=task.growth_px,
    )
    columns = measure(
        pixels,
        found,
        apertures_px=diameters,
        primary_px=primary,
        exptime_s=float(task.header.exptime_s or 0.0),
        settings=settings.measure,
        scintillation=_scintillation(task.header) if settings.scintillation else None,
    )
    return columns, diameters, primary


def _psf(frame: InPrimary, columns: dict[str, NDArray[Any]], *, fit: bool) -> tuple[list[dict[str, Any]], list[str]]:
    """Return rows of the frame's PSF models, and what to warn of; add PSF fluxes to the columns where asked for."""
    if fit:
        try:
            rows, columns["flux_psf"], columns["flux_psf_err"] = frame_psf.of_sources(frame)
            return rows, []
        except InputError as error:
            return [], [f"no PSF fluxes: {error.what}"]
    return frame_psf.of_first_look(frame), []


def in_primary(task: FrameTask, pixels: Pixels, found: Found, columns: dict[str, NDArray[Any]]) -> InPrimary:
    """Return a frame with what was measured in the primary aperture: what a PSF is compared with."""
    return InPrimary(
        pixels, found, columns["flux"], columns["flux_err"], columns["flags"], float(task.header.exptime_s or 0.0),
        task.settings.measure, _scintillation(task.header) if task.settings.scintillation else None,
    )  # fmt: skip


def reduced(task: FrameTask) -> Pixels:
    """Read and reduce the frame of a task."""
    header, settings = task.header, task.settings
    if header.n_axes != 2 or header.problems:
        raise InputError(f"{header.path}: {'; '.join(header.problems)}")
    bias, dark, flat = (_master(path) if path else None for path in (task.bias, task.dark, task.flat))
    return reduce(
        header,
        read_raw(header),
        Chosen(bias, dark, flat),
        pattern=_pattern(task.pattern) if task.pattern else None,
        user_mask=_user_mask(settings.mask) if settings.mask else None,
        cosmic=settings.cosmic,
    )


@lru_cache(maxsize=6)
def _master(path: Path) -> Master:
    """Load a master once per worker."""
    return Master.load(path)


@lru_cache(maxsize=2)
def _pattern(path: Path) -> Pattern:
    """Load a pattern map once per worker."""
    return Pattern.load(path)


@lru_cache(maxsize=2)
def _user_mask(path: Path) -> NDArray[np.bool_]:
    """Load the user's mask once per worker."""
    return np.asarray(read_map(path) != 0)


def read_map(path: Path) -> NDArray[np.float32]:
    """Read the first image of a FITS file.

    Raises
    ------
    InputError
        If there is none.
    """
    from astropy.io import fits

    try:
        with fits.open(path) as hdus:
            images = [hdu.data for hdu in hdus if hdu.is_image and hdu.data is not None and hdu.data.ndim == 2]
    except OSError as error:
        raise InputError(f"{path}: {error}", "give a FITS image") from error
    if not images:
        raise InputError(f"{path}: no two-dimensional image in it", "give a FITS image")
    return np.ascontiguousarray(images[0], dtype=np.float32)


@lru_cache(maxsize=4)
def _reference(path: Path) -> ReferenceStars:
    """Load reference stars once per worker."""
    with np.load(path) as stars:
        return ReferenceStars(stars["ra"], stars["dec"], stars["mag"])


def _found(pixels: Pixels, header: FrameHeader, settings: IngestSettings) -> Found:
    """Find the sources, over the user's own maps where given."""
    level, noise = (_given_map(path, pixels) for path in (settings.background_map, settings.noise_map))
    try:
        found = find_sources(pixels, settings.measure, level=level, noise=noise)
    except InputError as error:
        raise InputError(f"{header.path}: {error.what}", error.hint) from error
    if not np.isfinite(found.fwhm_px):
        raise InputError(
            f"{header.path}: {len(found)} sources, none of them a star whose width can be measured",
            "look at the frame: clouds, a closed dome, out of focus, or --threshold too high",
        )
    return found


def _given_map(path: Path | None, pixels: Pixels) -> NDArray[np.float32] | None:
    """Return the user's map for this frame, None when the path is a folder to write to."""
    if path is None or not path.is_file():
        return None
    data = _load_map(path)
    if data.shape != pixels.data.shape:
        raise InputError(
            f"{path}: the map has {data.shape[1]} x {data.shape[0]} px, the trimmed frame "
            f"{pixels.data.shape[1]} x {pixels.data.shape[0]}",
            "give a map of the trimmed frame",
        )
    return data


@lru_cache(maxsize=2)
def _load_map(path: Path) -> NDArray[np.float32]:
    """Load a map once per worker."""
    return read_map(path)


def _register(task: FrameTask, pixels: Pixels, found: Found) -> tuple[Solution | None, str | None]:
    """Return the WCS, or None and why there is none (other frames of the night may still give one)."""
    if not task.settings.solve:
        return None, None
    header = task.header
    height, width = pixels.data.shape
    x, y, flux = found.brightest(REGISTER_STARS)
    header_wcs = celestial.shift_wcs(header.wcs, pixels.x0, pixels.y0) if header.wcs else None
    try:
        solution = register(
            x,
            y,
            flux,
            width=width,
            height=height,
            reference=_reference(task.reference) if task.reference else None,
            header_wcs=header_wcs,
            pointing=(header.ra, header.dec) if header.ra is not None and header.dec is not None else None,
            pixel_scale=task.pixel_scale,
            mirrored=header.mirrored,
        )
    except RegistrationError as error:
        return None, error.what
    return replace(solution, kind="rough") if task.reference_is_own else solution, None


def _mask_circles(pixels: Pixels, solution: Solution | None, circles: tuple[Any, ...]) -> bool:
    """Mask the places on the sky that are not to be measured; tell whether any is in the frame."""
    assert solution is not None
    height, width = pixels.data.shape
    yy, xx = np.ogrid[:height, :width]
    hit = False
    for circle in circles:
        x, y = celestial.sky_to_pixel(solution.wcs, np.array([circle.ra]), np.array([circle.dec]))
        if not (np.isfinite(x[0]) and np.isfinite(y[0])):
            continue
        radius = circle.radius_arcsec / celestial.scale_arcsec(solution.wcs)
        inside = (xx - x[0]) ** 2 + (yy - y[0]) ** 2 <= radius**2
        pixels.mask[inside] |= np.uint8(Flag.BAD_PIXEL)
        hit = hit or bool(inside.any())
    return hit


def _scintillation(header: FrameHeader) -> float | None:
    """Return the scintillation of the frame, None when the telescope or the airmass is not known."""
    if header.diameter_m is None or header.site is None or header.airmass is None or not header.exptime_s:
        return None
    return scintillation_noise(
        diameter_m=header.diameter_m, height_m=header.site.height, airmass=header.airmass, exptime_s=header.exptime_s
    )


def wcs_facts(solution: Solution, width: int, height: int) -> dict[str, Any]:
    """Return what a frame row says of its WCS."""
    corners = np.asarray(celestial.footprint(solution.wcs, width, height))
    ra, dec = celestial.centre(solution.wcs, width, height)
    return {
        "ra": ra,
        "dec": dec,
        "corner_ra": corners[:, 0].tolist(),
        "corner_dec": corners[:, 1].tolist(),
        "wcs": celestial.wcs_to_text(solution.wcs),
        "wcs_kind": solution.kind,
        "wcs_rms_arcsec": _number(solution.rms_arcsec),
        "wcs_n_star": solution.n_stars,
        "pixel_scale": celestial.scale_arcsec(solution.wcs),
    }


def match_radius(fwhm_px: float, scale: float) -> float:
    """Return how far a detection may be from its object, arcsec: the largest of half a FWHM, 1 arcsec and 1.7 px."""
    return max(MIN_MATCH_ARCSEC, 0.5 * fwhm_px * scale, MIN_MATCH_PX * scale)


def _table(task: FrameTask, columns: dict[str, NDArray[Any]], solution: Solution | None) -> pa.Table:
    """Return the detections in the columns of the store, still without frame and object."""
    import pyarrow as pa

    n = len(columns["x"])
    if solution is not None:
        ra, dec = celestial.pixel_to_sky(solution.wcs, columns["x"], columns["y"])
        position = {"ra": ra, "dec": dec, "hpx": healpix(ra, dec)}
    else:
        position = {"ra": pa.nulls(n, pa.float64()), "dec": pa.nulls(n, pa.float64()), "hpx": pa.nulls(n, pa.int64())}
    single = {
        name: pa.array(np.asarray(columns[name], dtype=np.float32), from_pandas=True)
        if name in columns else pa.nulls(n, pa.float32())
        for name in (
            "x", "y", "flux", "flux_err", "flux_auto", "flux_auto_err", "sky", "peak", "a", "b", "theta", "fwhm",
            "kron_radius", "flux_radius", "class_star", "flux_psf", "flux_psf_err",
        )
    }  # fmt: skip
    return pa.table(
        {
            "frame_key": pa.array([task.key] * n, pa.string()),
            "source": np.arange(n, dtype=np.int32),
            **position,
            **single,
            "aper_flux": _lists(task, columns["aper_flux"]),
            "aper_flux_err": _lists(task, columns["aper_flux_err"]),
            "flags": np.asarray(columns["flags"], dtype=np.int32),
        }
    )


def _lists(task: FrameTask, values: NDArray[Any]) -> pa.Array:
    """Return one list a row, aperture i at place i, NULL where aperture i was not measured."""
    import pyarrow as pa

    length = max((i for i, _ in task.apertures), default=0)
    n = values.shape[0]
    wide = np.full((n, length), np.nan, dtype=np.float32)
    for column, (aperture_id, _) in enumerate(task.apertures):
        wide[:, aperture_id - 1] = values[:, column]
    flat = pa.array(wide.ravel(), from_pandas=True)
    offsets = np.arange(0, n * length + 1, max(length, 1), dtype=np.int32)[: n + 1]
    return pa.ListArray.from_arrays(offsets if length else np.zeros(n + 1, dtype=np.int32), flat)


def _by_id(task: FrameTask, values: NDArray[Any]) -> list[float | None]:
    """Return one number an aperture, aperture i at place i."""
    length = max((i for i, _ in task.apertures), default=0)
    out: list[float | None] = [None] * length
    for (aperture_id, _), value in zip(task.apertures, values, strict=True):
        out[aperture_id - 1] = _number(value)
    return out


def _primary_id(task: FrameTask, diameters: NDArray[Any], primary: float) -> int:
    """Return the aperture that the primary one is, 0 when it has a size of its own."""
    for (aperture_id, _), diameter in zip(task.apertures, diameters, strict=True):
        if np.isfinite(diameter) and abs(diameter - primary) < 1e-6:
            return aperture_id
    return 0


def _number(value: Any) -> float | None:
    """Return a finite number or None, as JSON and the store have it."""
    return float(value) if value is not None and np.isfinite(value) else None


def _write_maps(task: FrameTask, found: Found) -> None:
    """Write the background and noise maps where the user asked for them."""
    from astropy.io import fits

    for folder, data, what in (
        (task.settings.background_map, found.background.level_map, "back"),
        (task.settings.noise_map, found.background.noise_map, "noise"),
    ):
        if folder is None or folder.is_file():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{task.header.path.name.split('.fit')[0].split('.FIT')[0]}.{what}.fits"
        fits.PrimaryHDU(data()).writeto(folder / name, overwrite=True)


#: Diameters (px) that a curve of growth is made of: PHOTOMETRYPIPELINE's radii of 2 to 10 px.
GROWTH_PX = tuple(float(d) for d in np.linspace(4.0, 20.0, 20))


def probe_frame(task: FrameTask) -> dict[str, Any]:
    """Return the FWHM and the growth curve of a frame, for apertures that are decided once for a night."""
    settings = task.settings.measure
    try:
        pixels = reduced(task)
        found = _found(pixels, task.header, task.settings)
        if settings.primary.kind != "growth":
            return {"fwhm_px": found.fwhm_px}
        measured = measure(
            pixels, found, apertures_px=GROWTH_PX, primary_px=GROWTH_PX[-1], exptime_s=1.0, settings=settings
        )
        curve = growth_curve(
            measured["aper_flux"].astype(np.float64),
            measured["aper_flux_err"].astype(np.float64),
            measured["flags"].astype(np.int32),
        )
    except (PhotdbError, OSError, MemoryError) as error:
        log.info("%s: not used for the night's aperture: %s", task.header.path, error)
        return {}
    return {"fwhm_px": found.fwhm_px, "growth": curve}
