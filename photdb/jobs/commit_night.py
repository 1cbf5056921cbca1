"""Write a night in one transaction: frames, coverage, what association makes of objects, detections."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from photdb.ingest.frame_header import FrameHeader
from photdb.jobs.crossmatch import Association, associate, match_stored, remeasure
from photdb.jobs.crossmatch_grid import ids_of, stars
from photdb.jobs.frame_psf import psf_table
from photdb.jobs.frame_table import match_radius
from photdb.jobs.ingest_settings import IngestSettings
from photdb.jobs.measure_frame import FrameTask
from photdb.jobs.staging import Staged
from photdb.sky import unit_vector
from photdb.store.database import Database
from photdb.times import airmass, barycentric

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)

#: HEALPix order of frame_cover, and the one for frames wider than WIDE_DEG.
COVER_ORDER, WIDE_ORDER, WIDE_DEG = 10, 7, 3.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """One frame of a night as it will be written."""

    frame_id: int
    file_id: int
    task: FrameTask
    staged: Staged
    master_ids: dict[str, int]
    again: bool


def commit_night(db: Database, outcomes: Sequence[Outcome], *, run_id: int) -> Association:
    """Associate and write a night's frames, coverage, objects and detections.

    Parameters
    ----------
    db : Database
        Open for writing.
    outcomes : sequence of Outcome
        All frames of the night, the failed ones too; ``again`` marks those whose rows are replaced.
    run_id : int

    Returns
    -------
    Association
    """
    rows = [frame_row(o, run_id=run_id) for o in outcomes]
    used = [(o, row) for o, row in zip(outcomes, rows, strict=True) if row["state"] == "ok"]
    _night_frames(db, used)
    again = [o.frame_id for o in outcomes if o.again]
    files = [str(o.staged.table) for o, _ in used]
    association = Association(0, 0, 0)
    with db.transaction():
        contested = withdraw(db, again) if again else set()
        with db.table("given_frames", frame_table(rows)):
            db.job("commit_frame")
        models = [{**model, "frame_id": o.frame_id} for o, _ in used for model in o.staged.facts.get("psf", ())]
        if models:
            with db.table("given_psf", psf_table(models, run_id=run_id)):
                db.job("commit_psf")
        cover = [cell for o, row in used for cell in frame_cells(o.frame_id, row)]
        if cover:
            with db.table("given_cover", _cover_table(cover)):
                db.job("commit_cover")
        if files:
            association = associate(db, files=files, run_id=run_id, again=contested)
            db.job("commit_detections")
        elif contested:
            match_stored(db, contested, run_id=run_id)
    return association


def withdraw(db: Database, frame_ids: list[int]) -> set[int]:
    """Take away all that was measured on frames, inside a transaction; their frame_id stays theirs.

    Returns the stars that have to be matched anew: others compete for what they have left.
    """
    objects = [row[0] for row in db.job("withdraw_objects", frame_ids=frame_ids).rows]
    measures = ("moving", "partitions", "detections", "detections_cold", "cover", "psf", "forced", "forced_objects")
    for job in (*measures, "calibrations", "zeropoints"):
        db.job(f"withdraw_{job}", frame_ids=frame_ids)
    remeasure(db, objects)
    db.job("withdraw_frames", frame_ids=frame_ids)
    with db.table("given_stars", stars(objects)):
        return ids_of(db, "withdraw_contested")


def frame_row(outcome: Outcome, *, run_id: int) -> dict[str, Any]:
    """Return the row of one frame."""
    header, facts = outcome.task.header, outcome.staged.facts
    ok = facts["state"] == "ok"
    row: dict[str, Any] = {
        **header_columns(header),
        "frame_id": outcome.frame_id,
        "file_id": outcome.file_id,
        "run_id": run_id,
        "state": facts["state"],
        "reason": facts.get("reason"),
        "settings": json.dumps(_settings(outcome.task.settings), default=str, sort_keys=True),
        **{f"{kind}_id": master_id for kind, master_id in outcome.master_ids.items()},
    }
    if outcome.task.settings.calibrate_as:
        row["calibrate_as"] = outcome.task.settings.calibrate_as
    if not ok:
        return row
    scale, fwhm = facts.get("pixel_scale"), facts["fwhm_px"]
    row |= {
        name: facts.get(name)
        for name in (
            "width", "height", "x0", "y0", "fwhm_px", "ellipticity", "sky", "sky_rms", "threshold_sigma",
            "n_detections", "primary_aperture_id", "primary_radius_px", "primary_noise", "aper_radius_px", "aper_noise",
            "noise_factor", "noise_share", "noise_covariance",
            "ra", "dec", "corner_ra", "corner_dec", "wcs", "wcs_kind", "wcs_rms_arcsec", "wcs_n_star",
        )
    }  # fmt: skip
    row["warnings"] = [*outcome.task.warnings, *facts.get("warnings", ())]
    row["pixel_scale_arcsec"] = scale
    row["fwhm_arcsec"] = fwhm * scale if scale else None
    row["match_radius_arcsec"] = match_radius(fwhm, scale) if scale and facts.get("wcs") else None
    if row["ra"] is None:
        row["ra"], row["dec"] = header.ra, header.dec
    return row | _time_columns(header, row["ra"], row["dec"])


def header_columns(header: FrameHeader) -> dict[str, Any]:
    """Return the columns of a frame row that its header alone gives."""
    site = header.site
    return {
        "hdu": header.hdu,
        "path": str(header.path.absolute()),
        "night": header.night,
        "telescope": header.telescope,
        "detector": header.detector,
        "site": site.name if site else None,
        "site_latitude": site.latitude if site else None,
        "site_longitude": site.longitude if site else None,
        "site_height": site.height if site else None,
        "object_name": header.object_name,
        "filter": header.filter,
        "band": header.band,
        "calibrate_as": header.calibrate_as,
        "mjd_mid": header.mjd_mid,
        "exptime_s": header.exptime_s,
        "airmass": header.airmass,
        "ra": header.ra,
        "dec": header.dec,
        "width": header.width,
        "height": header.height,
        "binning": f"{header.binning[0]}x{header.binning[1]}",
        "gain": header.gain,
        "read_noise": header.read_noise,
        "saturation": header.saturation,
        "guesses": list(header.guesses),
    }


def _time_columns(header: FrameHeader, ra: float | None, dec: float | None) -> dict[str, Any]:
    """Return TDB, the barycentric vector and the airmass at the centre of the frame."""
    if header.mjd_mid is None:
        return {}
    jd_tdb, vector = barycentric(header.mjd_mid, header.site)
    columns = {
        "jd_tdb": float(jd_tdb),
        "bary_x": float(vector[..., 0]),
        "bary_y": float(vector[..., 1]),
        "bary_z": float(vector[..., 2]),
    }
    if header.site is not None and ra is not None and dec is not None:
        value = float(airmass(header.mjd_mid, ra, dec, header.site))
        if np.isfinite(value):
            columns["airmass"] = value
    return columns


def _settings(settings: IngestSettings) -> dict[str, Any]:
    """Return settings as the store keeps them."""
    return asdict(settings)


def _julian_year(mjd: float) -> float:
    """Return the Julian year of an MJD."""
    return 2000.0 + (mjd - 51544.5) / 365.25


def _night_frames(db: Database, used: list[tuple[Outcome, dict[str, Any]]]) -> None:
    """Lay down the frames of the night for the matching statements."""
    import pyarrow as pa

    table = pa.table(
        {
            "frame_key": pa.array([o.staged.key for o, _ in used], pa.string()),
            "frame_id": pa.array([o.frame_id for o, _ in used], pa.int32()),
            "match_radius_arcsec": pa.array([row["match_radius_arcsec"] for _, row in used], pa.float64()),
            "mjd_mid": pa.array([row["mjd_mid"] for _, row in used], pa.float64()),
            "fwhm_arcsec": pa.array([row["fwhm_arcsec"] for _, row in used], pa.float64()),
            "wcs_rms_arcsec": pa.array([row["wcs_rms_arcsec"] for _, row in used], pa.float64()),
            "epoch": pa.array([_julian_year(row["mjd_mid"]) for _, row in used], pa.float64()),
        }
    )
    with db.table("given_night", table):
        db.job("commit_night_frames")


def frame_table(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Return frame rows as a table with only the columns that some row has."""
    import pyarrow as pa

    lists = {
        "aper_radius_px": pa.list_(pa.float32()),
        "aper_noise": pa.list_(pa.float32()),
        "noise_covariance": pa.list_(pa.float32()),
        "corner_ra": pa.list_(pa.float64()),
        "corner_dec": pa.list_(pa.float64()),
        "guesses": pa.list_(pa.string()),
        "warnings": pa.list_(pa.string()),
    }
    names = sorted({name for row in rows for name in row if row[name] is not None})
    return pa.table({name: pa.array([row.get(name) for row in rows], lists.get(name)) for name in names})


def frame_cells(frame_id: int, row: dict[str, Any]) -> list[tuple[int, int, int]]:
    """Return (norder, cell, frame_id) of every cell that a frame touches."""
    import healpy

    if not row.get("corner_ra"):
        return []
    corners = unit_vector(row["corner_ra"], row["corner_dec"])
    centre = corners.sum(axis=0) / np.linalg.norm(corners.sum(axis=0))
    width = 2 * np.degrees(np.arccos(np.clip(corners @ centre, -1, 1)).max())
    order = WIDE_ORDER if width > WIDE_DEG else COVER_ORDER
    # A per cent wider: the sides of a distorted frame bulge over the great circles between its corners.
    wider = corners + 0.01 * (corners - centre)
    wider /= np.linalg.norm(wider, axis=1, keepdims=True)
    cells = healpy.query_polygon(2**order, wider, inclusive=True, fact=4, nest=True)
    return [(order, int(cell), frame_id) for cell in cells]


def _cover_table(cover: list[tuple[int, int, int]]) -> pa.Table:
    """Return coverage as a table."""
    import pyarrow as pa

    norder, cell, frame_id = zip(*cover, strict=True)
    return pa.table(
        {
            "norder": pa.array(norder, pa.int8()),
            "cell": pa.array(cell, pa.int64()),
            "frame_id": pa.array(frame_id, pa.int32()),
        }
    )
