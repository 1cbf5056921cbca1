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
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from photdb.errors import InputError, PhotdbError, RegistrationError
from photdb.ingest import wcs as celestial
from photdb.ingest.frame_header import FrameHeader
from photdb.ingest.registration import ReferenceStars, Solution, register
from photdb.jobs import frame_psf
from photdb.jobs.frame_pixels import found_again, found_in, mask_circles, reduced
from photdb.jobs.frame_psf import InPrimary
from photdb.jobs.frame_table import by_id, detection_table, noise_facts, number, primary_id, wcs_facts
from photdb.jobs.ingest_settings import IngestSettings
from photdb.jobs.staging import Staged, write_staged
from photdb.photometry.empty_scatter import believed_correlation
from photdb.photometry.growth import growth_curve
from photdb.photometry.measure import Found, empty_noise, measure
from photdb.photometry.noise_correlation import NoiseCorrelation
from photdb.photometry.pixels import Pixels
from photdb.photometry.scintillation import scintillation_noise
from photdb.photometry.settings import Aperture, diameters_px, primary_px

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

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
    correlation : NoiseCorrelation or None
        What neighbouring pixels share of their noise, where that is known already.
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
    correlation: NoiseCorrelation | None = None
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
    pixels, why = reduced(task), None
    if solution is None:
        found = found_in(pixels, header, settings)
        solution, why = _register(task, pixels, found)
        if solution is not None and mask_circles(pixels, solution, settings.mask_circles):
            found = found_in(pixels, header, settings)
    else:
        found = found_again(pixels, header, settings, solution)
    scale = celestial.scale_arcsec(solution.wcs) if solution is not None else task.pixel_scale
    made = sources(task, pixels, found, scale)
    models, warnings = _psf(in_primary(task, pixels, found, made), made.columns, fit=settings.psf)
    noise = empty_noise(
        pixels, found, apertures_px=[*made.diameters, made.primary], primary_px=made.primary,
        exptime_s=float(header.exptime_s or 0.0), settings=settings.measure, correlation=made.correlation,
    )  # fmt: skip
    table = detection_table(task, made.columns, solution)
    height, width = pixels.data.shape
    facts = {
        "state": "ok",
        "path": str(header.path),
        "why_unsolved": why,
        "pixel_scale": scale,
        "width": width,
        "height": height,
        "x0": pixels.x0,
        "y0": pixels.y0,
        "fwhm_px": found.fwhm_px,
        "ellipticity": found.ellipticity,
        "sky": found.sky,
        "sky_rms": found.sky_rms,
        "threshold_sigma": found.threshold_sigma,
        "n_detections": table.num_rows,
        "primary_aperture_id": primary_id(task, made.diameters, made.primary),
        "primary_radius_px": made.primary / 2,
        "primary_noise": number(noise[-1]),
        "aper_radius_px": by_id(task, made.diameters / 2),
        "aper_noise": by_id(task, noise[:-1]),
        **noise_facts(made.correlation, made.primary),
        "psf": models,
        "warnings": warnings,
        **(wcs_facts(solution, width, height) if solution is not None else {}),
    }
    _write_maps(task, found)
    return facts, table


class Sources(NamedTuple):
    """What is measured of the sources of a frame.

    `columns` are those of `photdb.photometry.measure.measure`, `diameters` those of the apertures, and of the `primary`
    one, px; `correlation` is that of the noise of neighbouring pixels, which the errors are made with.
    """

    columns: dict[str, NDArray[Any]]
    diameters: NDArray[Any]
    primary: float
    correlation: NoiseCorrelation


def sources(task: FrameTask, pixels: Pixels, found: Found, scale: float | None) -> Sources:
    """Measure the sources of a frame."""
    settings = task.settings
    wanted = [aperture for _, aperture in task.apertures]
    diameters = diameters_px(wanted, fwhm_px=found.fwhm_px, pixel_scale=scale)
    primary = primary_px(
        settings.measure.primary, fwhm_px=found.fwhm_px, pixel_scale=scale, night_fwhm_px=task.night_fwhm_px,
        growth_px=task.growth_px,
    )  # fmt: skip
    correlation = task.correlation or believed_correlation(
        pixels, found, primary, settings=settings.measure, apertures_px=diameters
    )
    columns = measure(
        pixels, found, apertures_px=diameters, primary_px=primary, exptime_s=float(task.header.exptime_s or 0.0),
        settings=settings.measure, correlation=correlation, scintillation=scintillation_of(task),
    )  # fmt: skip
    return Sources(columns, diameters, primary, correlation)


def _psf(frame: InPrimary, columns: dict[str, NDArray[Any]], *, fit: bool) -> tuple[list[dict[str, Any]], list[str]]:
    """Return rows of the frame's PSF models, and what to warn of; add PSF fluxes to the columns where asked for."""
    if fit:
        try:
            rows, columns["flux_psf"], columns["flux_psf_err"] = frame_psf.of_sources(frame)
            return rows, []
        except InputError as error:
            return [], [f"no PSF fluxes: {error.what}"]
    return frame_psf.of_first_look(frame), []


def in_primary(task: FrameTask, pixels: Pixels, found: Found, made: Sources) -> InPrimary:
    """Return a frame with what was measured in the primary aperture: what a PSF is compared with."""
    flux, error, flags = (made.columns[name] for name in ("flux", "flux_err", "flags"))
    return InPrimary(
        pixels, found, flux, error, flags, float(task.header.exptime_s or 0.0), task.settings.measure,
        scintillation_of(task), made.correlation,
    )  # fmt: skip


@lru_cache(maxsize=4)
def _reference(path: Path) -> ReferenceStars:
    """Load reference stars once per worker."""
    with np.load(path) as stars:
        return ReferenceStars(stars["ra"], stars["dec"], stars["mag"])


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


def scintillation_of(task: FrameTask) -> float | None:
    """Return the relative rms that scintillation gives fluxes; None where it is not wanted, or cannot be known."""
    header = task.header
    if not task.settings.scintillation or not header.exptime_s:
        return None
    if header.diameter_m is None or header.site is None or header.airmass is None:
        return None
    return scintillation_noise(
        diameter_m=header.diameter_m, height_m=header.site.height, airmass=header.airmass, exptime_s=header.exptime_s
    )


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
        found = found_in(pixels, task.header, task.settings)
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
