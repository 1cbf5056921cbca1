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
from photdb.jobs.forced_asked import PRIMARY
from photdb.jobs.measure_frame import FrameTask, _found, _mask_circles, _scintillation, failure, reduced
from photdb.jobs.staging import Staged, write_staged
from photdb.photometry.forced import ForcedFluxes
from photdb.photometry.measure import fluxes_at
from photdb.photometry.settings import Aperture, diameters_px

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

NO_FLUX = "part of the aperture is outside the frame or on bad pixels"


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
    """

    frame_id: int = 0
    solution: Solution | None = None
    places: dict[str, NDArray[Any]] = field(default_factory=dict)
    sizes: dict[int, Aperture] = field(default_factory=dict)


def measure_places(task: ForcedTask) -> Staged:
    """Measure what is asked for in one frame, and leave it in staging; a failure is left there too, with its reason."""
    started = time.perf_counter()
    try:
        table = measured_places(task)
        facts: dict[str, Any] = {"state": "ok", "reason": None}
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


def measured_places(task: ForcedTask) -> pa.Table:
    """Return the rows of table ``forced`` that a frame gives, still without objects.

    Raises
    ------
    InputError
        If the frame cannot be read or measured.
    """
    import pyarrow as pa

    assert task.solution is not None
    pixels = reduced(task)
    found = _found(pixels, task.header, task.settings)
    masked = task.settings.mask_circles
    if masked and _mask_circles(pixels, task.solution, masked):
        found = _found(pixels, task.header, task.settings)
    scintillation = _scintillation(task.header) if task.settings.scintillation else None
    places = task.places
    x, y = celestial.sky_to_pixel(task.solution.wcs, places["ra"], places["dec"])
    parts = []
    for aperture_id in np.unique(places["aperture_id"]):
        here = np.flatnonzero(places["aperture_id"] == aperture_id)
        diameter = _diameter(task, int(aperture_id), found.fwhm_px)
        circles = fluxes_at(
            pixels, found, x[here], y[here], apertures_px=[diameter], settings=task.settings.measure,
            scintillation=scintillation,
        )  # fmt: skip
        fluxes = ForcedFluxes.blank(
            x[here], y[here], flux=circles.flux[:, 0], error=circles.error[:, 0], empty=circles.empty[:, 0],
            sky=circles.sky.level, a=diameter / 2, b=diameter / 2,
        )  # fmt: skip
        parts.append(_rows(task, here, fluxes, "circle"))
    return pa.concat_tables(parts)


def _diameter(task: ForcedTask, aperture_id: int, fwhm_px: float) -> float:
    """Return the diameter of an aperture in this frame, px; as it was measured at ingest, where it was."""
    if aperture_id == PRIMARY:
        return float(task.growth_px or np.nan)
    known = dict(task.apertures).get(aperture_id) or task.sizes[aperture_id]
    return float(diameters_px([known], fwhm_px=fwhm_px, pixel_scale=task.pixel_scale)[0])


def _rows(task: ForcedTask, here: NDArray[np.int64], fluxes: ForcedFluxes, method: str) -> pa.Table:
    """Return fluxes in the columns of table ``forced``."""
    import pyarrow as pa

    n, exptime = len(fluxes), float(task.header.exptime_s or 0.0)
    ra, dec = task.places["ra"][here], task.places["dec"][here]

    def floats(values: NDArray[np.float64]) -> pa.Array:
        return pa.array(np.asarray(values, dtype=np.float32), from_pandas=True)

    ids = {name: pa.array(task.places[name][here], kind) for name, kind in _IDS.items()}
    return pa.table(
        {
            "target_id": _or_null(ids["target_id"]),
            "object_id": _or_null(ids["object_id"]),
            "frame_id": pa.array(np.full(n, task.frame_id), pa.int32()),
            "aperture_id": ids["aperture_id"],
            "method": pa.array([method] * n, pa.string()),
            "reason": pa.array(_why_not(fluxes), pa.string()),
            "ra": pa.array(ra, from_pandas=True),
            "dec": pa.array(dec, from_pandas=True),
            "x": floats(fluxes.x),
            "y": floats(fluxes.y),
            "shift_ra": floats(fluxes.shift_x),
            "shift_dec": floats(fluxes.shift_y),
            "a_px": floats(fluxes.a),
            "b_px": floats(fluxes.b),
            "theta": floats(fluxes.theta),
            "flux": floats(fluxes.flux / exptime),
            "flux_err": floats(fluxes.error / exptime),
            "err_source": floats(fluxes.err_source / exptime),
            "err_pixels": floats(fluxes.err_pixels / exptime),
            "err_background": floats(fluxes.err_background / exptime),
            "noise": floats(fluxes.empty / exptime),
            "noise_empty": floats(fluxes.empty_scatter / exptime),
            "correction": floats(fluxes.correction),
            "sky": floats(fluxes.sky),
            "frac_edge": floats(fluxes.frac_edge),
            "frac_masked": floats(fluxes.frac_masked),
            "frac_saturated": floats(fluxes.frac_saturated),
            "chi2": floats(fluxes.chi2),
            "flags": pa.array(np.asarray(fluxes.flags, dtype=np.int32)),
        }
    )


def _why_not(fluxes: ForcedFluxes) -> list[str | None]:
    """Return why there is no flux, None where there is one."""
    return [None if there else NO_FLUX for there in np.isfinite(fluxes.flux).tolist()]


_IDS = {"target_id": "int32", "object_id": "int64", "aperture_id": "int32"}


def _or_null(ids: pa.Array) -> pa.Array:
    """Return ids with 0 as NULL."""
    import pyarrow.compute as pc

    return pc.if_else(pc.equal(ids, 0), None, ids)
