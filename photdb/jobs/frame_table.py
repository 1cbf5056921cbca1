"""What is measured of a frame in the columns of the store: facts of its row, and the table of its detections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from photdb.ingest import wcs as celestial
from photdb.ingest.registration import Solution
from photdb.photometry.noise_correlation import NoiseCorrelation
from photdb.sky import healpix

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from photdb.jobs.measure_frame import FrameTask

#: Detections join an object within half a FWHM, but at least this (arcsec), ...
MIN_MATCH_ARCSEC = 1.0
#: ... and at least this many pixels: two stars nearer than that are one to an undersampled camera.
MIN_MATCH_PX = 1.7


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
        "wcs_rms_arcsec": number(solution.rms_arcsec),
        "wcs_n_star": solution.n_stars,
        "pixel_scale": celestial.scale_arcsec(solution.wcs),
    }


def noise_facts(correlation: NoiseCorrelation, primary_px: float) -> dict[str, Any]:
    """Return what a frame row says of the noise that neighbouring pixels share; see `noise_of`."""
    factor = float(correlation.factor(np.pi / 4 * primary_px**2, np.pi * primary_px))
    if correlation.is_none:
        return {"noise_factor": 1.0}
    return {
        "noise_factor": factor,
        "noise_share": correlation.share,
        "noise_covariance": correlation.covariance.tolist(),
    }


def noise_of(frame: Mapping[str, Any]) -> NoiseCorrelation | None:
    """Return what the errors of a frame's detections were made with; None of a frame of an earlier photdb."""
    if frame["noise_factor"] is None:
        return None
    if frame["noise_covariance"] is None:
        return NoiseCorrelation.none()
    return NoiseCorrelation.of(frame["noise_covariance"], frame["noise_share"])


def match_radius(fwhm_px: float, scale: float) -> float:
    """Return how far a detection may be from its object, arcsec: the largest of half a FWHM, 1 arcsec and 1.7 px."""
    return max(MIN_MATCH_ARCSEC, 0.5 * fwhm_px * scale, MIN_MATCH_PX * scale)


def detection_table(task: FrameTask, columns: dict[str, NDArray[Any]], solution: Solution | None) -> pa.Table:
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


def by_id(task: FrameTask, values: NDArray[Any]) -> list[float | None]:
    """Return one number an aperture, aperture i at place i."""
    length = max((i for i, _ in task.apertures), default=0)
    out: list[float | None] = [None] * length
    for (aperture_id, _), value in zip(task.apertures, values, strict=True):
        out[aperture_id - 1] = number(value)
    return out


def primary_id(task: FrameTask, diameters: NDArray[Any], primary: float) -> int:
    """Return the aperture that the primary one is, 0 when it has a size of its own."""
    for (aperture_id, _), diameter in zip(task.apertures, diameters, strict=True):
        if np.isfinite(diameter) and abs(diameter - primary) < 1e-6:
            return aperture_id
    return 0


def number(value: Any) -> float | None:
    """Return a finite number or None, as JSON and the store have it."""
    return float(value) if value is not None and np.isfinite(value) else None
