"""One frame, in a process of its own: what is asked for at its places, measured on its own pixels, left in staging."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from photdb.errors import PhotdbError
from photdb.ingest import wcs as celestial
from photdb.ingest.registration import Solution
from photdb.ingest.sky_ellipse import step_on_sky
from photdb.jobs.forced_shapes import Frame, Part, measured
from photdb.jobs.frame_pixels import found_again, reduced
from photdb.jobs.measure_frame import FrameTask, failure
from photdb.jobs.staging import Staged, write_staged
from photdb.photometry.recentre import recentred
from photdb.photometry.settings import Aperture

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from photdb.photometry.detection import Found

log = logging.getLogger(__name__)

#: What places have, one element each.
_OF_PLACE = ("ra", "dec", "ra_rate", "dec_rate", "a", "b", "pa", "recentre")


@dataclass(frozen=True, slots=True, eq=False)
class ForcedTask(FrameTask):
    """A frame that is measured again, and the places in it.

    Attributes
    ----------
    frame_id : int
    solution : Solution or None
        Its WCS in the store.
    places : dict of ndarray
        One element a flux: target_id (0: none), object_id (0: not asked as an object), aperture_id, ra, dec (deg, at
        the date of the frame), ra_rate, dec_rate (arcsec/h; NaN: it stands still), a, b (arcsec), pa (deg; NaN: no
        ellipse), recentre (arcsec; NaN: not).
    sizes : dict
        Apertures by number.
    stored_psf : dict or None
        Row of frame_psf of the model that its PSF fluxes are of.
    """

    frame_id: int = 0
    solution: Solution | None = None
    places: dict[str, NDArray[Any]] = field(default_factory=dict)
    sizes: dict[int, Aperture] = field(default_factory=dict)
    stored_psf: dict[str, Any] | None = None


def measure_places(task: ForcedTask) -> Staged:
    """Measure what is asked for in one frame, and leave it in staging; a failure is left there too, with its reason."""
    started = time.perf_counter()
    try:
        table, models = measured_places(task)
        facts: dict[str, Any] = {"state": "ok", "reason": None, "psf": models}
    except PhotdbError as error:
        facts, table = failure(task, error.what, error.hint), None
    except MemoryError:
        facts, table = failure(task, f"{task.header.path}: not enough memory", "use fewer --workers"), None
    except OSError as error:
        facts, table = failure(task, f"{task.header.path}: {error.strerror or error}", ""), None
    except Exception as error:  # a fault of ours, but it must not cost the other frames
        log.exception("%s", task.header.path)
        what = f"{task.header.path.name}: unexpected {type(error).__name__}: {error}"
        facts, table = failure(task, what, "please report this, with the frame if you can"), None
    facts |= {"frame_id": task.frame_id, "seconds": round(time.perf_counter() - started, 3)}
    try:
        return write_staged(task.staging, task.key, facts, table)
    except OSError as error:
        what = f"{task.staging}: {error.strerror or error}: the fluxes in {task.header.path.name} cannot be staged"
        return Staged(task.key, failure(task, what, "make room on that disk") | {"frame_id": task.frame_id}, None)


def measured_places(task: ForcedTask) -> tuple[pa.Table, list[dict[str, Any]]]:
    """Return the rows of table ``forced`` that a frame gives, still without objects, and its new rows of frame_psf.

    Raises
    ------
    InputError
        If the frame cannot be read or measured.
    """
    import pyarrow as pa

    frame, place = _read(task)
    aperture = task.places["aperture_id"]
    parts = []
    for aperture_id in np.unique(aperture).tolist():
        rows = np.flatnonzero(aperture == aperture_id)
        row_of = dict(zip(place[rows].tolist(), rows.tolist(), strict=True))
        for part in measured(frame, aperture_id, place[rows]):
            here = np.array([row_of[k] for k in part.which.tolist()], dtype=np.intp)
            parts.append(_rows(task, frame, here, part))
    return pa.concat_tables(parts), frame.psf_rows


def _read(task: ForcedTask) -> tuple[Frame, NDArray[np.intp]]:
    """Read a frame and find its sources as they were found then; return it, and which place each row of the task is."""
    assert task.solution is not None
    pixels = reduced(task)
    found = found_again(pixels, task.header, task.settings, task.solution)
    who = np.stack([task.places["target_id"], task.places["object_id"]], axis=1)
    _, first, place = np.unique(who, axis=0, return_index=True, return_inverse=True)
    places = {name: task.places[name][first] for name in _OF_PLACE}
    places |= _on_pixels(task.solution, found, places)
    frame = Frame(task, pixels, found, task.solution.wcs, places, task.sizes, task.stored_psf)
    return frame, place.ravel()


def _on_pixels(solution: Solution, found: Found, places: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return where places are measured, px, and how far the light there moved them; 0: it did not, NaN: it may not."""
    x, y = celestial.sky_to_pixel(solution.wcs, places["ra"], places["dec"])
    wanted = np.isfinite(places["recentre"])
    if not wanted.any():
        return {"x": x, "y": y, "shift_x": np.full(len(x), np.nan), "shift_y": np.full(len(x), np.nan)}
    there = recentred(found, x, y, places["recentre"] / celestial.scale_arcsec(solution.wcs))
    shifts = (np.where(wanted, np.nan_to_num(shift), np.nan) for shift in (there.shift_x, there.shift_y))
    return dict(zip(("x", "y", "shift_x", "shift_y"), (there.x, there.y, *shifts), strict=True))


def _rows(task: ForcedTask, frame: Frame, here: NDArray[np.intp], part: Part) -> pa.Table:
    """Return fluxes in the columns of table ``forced``."""
    import pyarrow as pa

    fluxes, exptime = part.fluxes, frame.exptime_s
    ra, dec = task.places["ra"][here], task.places["dec"][here]
    east, north = np.full((2, len(here)), np.nan)
    moved = np.isfinite(fluxes.shift_x)
    if moved.any():
        at = fluxes.x[moved], fluxes.y[moved]
        east[moved], north[moved] = step_on_sky(frame.wcs, *at, fluxes.shift_x[moved], fluxes.shift_y[moved])
        ra, dec = ra.copy(), dec.copy()
        ra[moved], dec[moved] = celestial.pixel_to_sky(frame.wcs, *at)

    def reals(values: NDArray[np.float64]) -> pa.Array:
        return pa.array(np.asarray(values, dtype=np.float32), from_pandas=True)

    def rates(values: NDArray[np.float64]) -> pa.Array:
        return reals(values / exptime)

    ids = {name: pa.array(task.places[name][here], kind) for name, kind in _IDS.items()}
    return pa.table(
        {
            "target_id": _or_null(ids["target_id"]), "object_id": _or_null(ids["object_id"]),
            "frame_id": pa.array(np.full(len(here), task.frame_id), pa.int32()), "aperture_id": ids["aperture_id"],
            "method": pa.array([part.method] * len(here), pa.string()), "reason": pa.array(part.reasons, pa.string()),
            "ra": pa.array(ra), "dec": pa.array(dec), "x": reals(fluxes.x), "y": reals(fluxes.y),
            "shift_ra": reals(east), "shift_dec": reals(north),
            "a_px": reals(fluxes.a), "b_px": reals(fluxes.b), "theta": reals(fluxes.theta),
            "flux": rates(fluxes.flux), "flux_err": rates(fluxes.error), "err_source": rates(fluxes.err_source),
            "err_pixels": rates(fluxes.err_pixels), "err_background": rates(fluxes.err_background),
            "noise": rates(fluxes.empty), "noise_empty": rates(fluxes.empty_scatter),
            "correction": reals(fluxes.correction), "sky": reals(fluxes.sky), "frac_edge": reals(fluxes.frac_edge),
            "frac_masked": reals(fluxes.frac_masked), "frac_saturated": reals(fluxes.frac_saturated),
            "chi2": reals(fluxes.chi2), "flags": pa.array(np.asarray(fluxes.flags, dtype=np.int32)),
            "noise_factor": reals(fluxes.noise_factor),
        }
    )  # fmt: skip


_IDS = {"target_id": "int32", "object_id": "int64", "aperture_id": "int32"}


def _or_null(ids: pa.Array) -> pa.Array:
    """Return ids with 0 as NULL."""
    import pyarrow.compute as pc

    return pc.if_else(pc.equal(ids, 0), None, ids)
