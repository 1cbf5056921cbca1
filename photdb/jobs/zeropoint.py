"""Zero points: calibrate frames against reference stars, or against each other where there are none.

Matching and selection are sets in SQL (``schema/jobs/zeropoint_*.sql``), the fit is arithmetic on arrays
(`photdb.photometry.zero_point`), and the answer is written in one transaction: a new calibration that the frames are
pointed at. docs/concepts/zero-points.md says what the numbers mean.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from photdb.errors import CalibrationError, InputError, UsageError
from photdb.jobs import zeropoint_solve as solve
from photdb.jobs.zeropoint_solve import Row
from photdb.jobs.zeropoint_stars import Frame, catalogue_stars, choose, common_stars, match
from photdb.photometry.zero_point import far_from_others
from photdb.store.answer import Answer
from photdb.store.database import Database, statement

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ZeropointSettings:
    """How frames are calibrated.

    Attributes
    ----------
    snr
        Least signal to noise of a star.
    min_stars
        With fewer, a catalogue is not used if another has more, and the zero point is flagged.
    calibrate_as
        Catalogue band that bands without reference magnitudes are tied to; None: what the telescope file says.
    catalog
        Only this catalogue; None: the best there is.
    """

    snr: float = 10.0
    min_stars: int = 3
    calibrate_as: str | None = None
    catalog: str | None = None


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What a calibration found: cal_id, frames by mag_system, frames flagged, and a line for each band."""

    cal_id: int
    n_frame: int
    systems: dict[str, int]
    n_flagged: int
    lines: tuple[str, ...]

    def line(self) -> str:
        """Return what was found in a few words."""
        return "; ".join(self.lines) or "nothing to calibrate"


def calibrate(
    db: Database, *, frame_ids: Iterable[int], run_id: int, settings: ZeropointSettings | None = None
) -> Calibrated:
    """Find the zero points of frames, write them as a calibration and point the frames at it.

    Calls with one `run_id` add to one calibration, so that an ingest of many nights is one version.

    Parameters
    ----------
    db : Database
        Open for writing, with the frames' rows committed.
    frame_ids : iterable of int
        Frames; those that are not ``ok`` are left out.
    run_id : int
        The run that calibrates.
    settings : ZeropointSettings, optional
        How.
    """
    settings = settings or ZeropointSettings()
    ids = sorted(int(i) for i in frame_ids)
    ids += [int(r[0]) for r in db.job("zeropoint_instrumental", frame_ids=ids).rows]
    db.job("zeropoint_frames", frame_ids=ids, calibrate_as=settings.calibrate_as)
    frames = {int(f["frame_id"]): f for f in db.rows("SELECT * FROM zp_frame ORDER BY frame_id").dicts()}
    found = _find(db, frames, settings)
    _flag_far(db, found, frames)
    cal_id = _write(db, found, run_id=run_id, settings=settings)
    return _summary(cal_id, found, frames)


def calibrate_store(
    db: Database, *, frame_ids: Iterable[int] | None = None, settings: ZeropointSettings | None = None
) -> Calibrated:
    """Calibrate all frames of a store, or some, anew and as a run of its own.

    Raises
    ------
    UsageError
        If no such catalogue or band is in the store.
    InputError
        If there is no frame to calibrate, or a frame is not in the store.
    CalibrationError
        If no frame got a zero point.
    """
    settings = settings or ZeropointSettings()
    _refuse_unknown(db, settings)
    ok = {int(r[0]) for r in db.rows("SELECT frame_id FROM frame WHERE state = 'ok'").rows}
    wanted = ok if frame_ids is None else {int(i) for i in frame_ids}
    strange = sorted(wanted - ok)
    if strange:
        raise InputError(f"frame {strange[0]} is not in the store, or could not be used", "see `photdb frames`")
    if not wanted:
        raise InputError("the store has no frame to calibrate", "photdb ingest FOLDER")
    parameters = {**asdict(settings), "frames": sorted(wanted) if frame_ids is not None else "all"}
    with db.run("zeropoint", parameters) as run_id:
        done = calibrate(db, frame_ids=wanted, run_id=run_id, settings=settings)
        db.finish_run(run_id, "done", done.line())
    if set(done.systems) <= {"instrumental"}:
        raise CalibrationError(
            f"none of {done.n_frame} frames could be calibrated: {done.lines[0]}",
            "add reference stars (photdb refcat add), or tie the band to one of theirs (--calibrate-as)",
        )
    return done


def calibrations(db: Database) -> Answer:
    """Return one row a calibration."""
    return Answer(db, statement("queries", "zeropoint_calibrations"), name="calibration")


def frame_zero_points(db: Database, *, cal_id: int | None = None) -> Answer:
    """Return one row a frame: its zero point in use, or in one calibration."""
    return Answer(db, statement("queries", "zeropoint_frames"), {"cal_id": cal_id}, name="zeropoint")


def _refuse_unknown(db: Database, settings: ZeropointSettings) -> None:
    """Raise when a catalogue or band was asked for that the store does not have."""
    there = db.rows("SELECT DISTINCT catalog, band FROM refmag ORDER BY ALL").rows
    for word, name, known in (
        ("catalogue", settings.catalog, [r[0] for r in there]),
        ("band", settings.calibrate_as, [r[1] for r in there]),
    ):
        if name and name not in known:
            raise UsageError(
                f"no reference stars of {word} {name!r}", f"there are: {', '.join(dict.fromkeys(known)) or 'none'}"
            )


def _find(db: Database, frames: dict[int, dict[str, Any]], settings: ZeropointSettings) -> list[Row]:
    """Return the zero points of all frames: by a catalogue, else by each other, else none."""
    n_aper = int(db.one("SELECT count(*) FROM aperture WHERE aperture_id > 0"))
    cuts: dict[str, Any] = {"snr": settings.snr, "min_stars": settings.min_stars}
    match(db, catalog=settings.catalog, n_aper=n_aper)
    rows: list[Row] = []
    chosen = choose(db, frames, **cuts)
    if chosen:
        rows += solve.by_catalogue(catalogue_stars(db, chosen, n_aper), chosen, frames, **cuts)
    left = _left(frames, rows)
    if left:
        stars, history = common_stars(db, left, snr=settings.snr, n_aper=n_aper)
        rows += solve.by_each_other(stars, {f["frame_id"] for f in left}, history, **cuts)
    rows += [solve.instrumental(frame) for frame in _left(frames, rows)]
    for row in rows:
        row["limit_mag"] = solve.limit_of(row, frames[row["frame_id"]])
    return sorted(rows, key=lambda r: (r["frame_id"], r["aperture_id"]))


def _left(frames: dict[int, dict[str, Any]], rows: list[Row]) -> list[Frame]:
    """Return the frames that have no zero point yet."""
    done = {row["frame_id"] for row in rows}
    return [frame for frame_id, frame in frames.items() if frame_id not in done]


def _flag_far(db: Database, rows: list[Row], frames: dict[int, dict[str, Any]]) -> None:
    """Flag the frames whose zero point is far from the others of their night, or, of a short night, of all nights."""
    others = db.job("zeropoint_others").dicts()
    primary = [r for r in rows if r["aperture_id"] == solve.PRIMARY and not r["flag"] & solve.NONE_MADE]
    here = [
        {**{k: frames[r["frame_id"]][k] for k in ("night", "detector", "band")},
         **{k: r.get(k) for k in ("frame_id", "mag_system", "catalog", "ref_band", "zp")}}
        for r in primary
    ]  # fmt: skip
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for known in (*here, *others):
        groups.setdefault(
            tuple(known[k] for k in ("detector", "band", "mag_system", "catalog", "ref_band")), []
        ).append(known)
    far: dict[int, str] = {}
    mine = {h["frame_id"] for h in here}
    for group in groups.values():
        nights: dict[Any, list[dict[str, Any]]] = {}
        for known in group:
            nights.setdefault(known["night"], []).append(known)
        for night in nights.values():
            far |= _far_of_night([h for h in night if h["frame_id"] in mine], night if len(night) >= 5 else group)
    for row in rows:
        if row["frame_id"] in far:
            row["flag"] |= solve.FAR_FROM_OTHERS
            row["reason"] = "; ".join(filter(None, [row["reason"], far[row["frame_id"]]]))


def _far_of_night(new: list[dict[str, Any]], peers: list[dict[str, Any]]) -> dict[int, str]:
    """Return the new frames whose zero point is far from their peers', and why."""
    zp, among = np.array([h["zp"] for h in new]), np.array([p["zp"] for p in peers])
    middle = float(np.median(among)) if len(among) else 0.0
    return {
        int(h["frame_id"]): f"{h['zp'] - middle:+.2f} mag from the median {middle:.2f} of {len(peers)} frames"
        for h, is_far in zip(new, far_from_others(zp, among), strict=True)
        if is_far
    }


_SCHEMA = (
    ("frame_id", "int32"), ("aperture_id", "int32"), ("zp", "float64"), ("zp_err", "float64"), ("zp_sys", "float64"),
    ("zp_scatter", "float64"), ("n_star", "int32"), ("n_candidate", "int32"), ("catalog", "string"),
    ("ref_band", "string"), ("chi2", "float64"), ("limit_mag", "float64"), ("mag_system", "string"),
    ("ab_offset", "float64"), ("flag", "int32"), ("reason", "string"),
)  # fmt: skip


def _write(db: Database, rows: list[dict[str, Any]], *, run_id: int, settings: ZeropointSettings) -> int:
    """Write a calibration and point the frames at it, in one transaction; return its number."""
    import pyarrow as pa

    now = datetime.now(UTC).replace(tzinfo=None)
    there = db.rows("SELECT cal_id FROM calibration WHERE run_id = $run_id", {"run_id": run_id}).rows
    cal_id = int(there[0][0]) if there else db.next_id("calibration", "cal_id")
    schema = pa.schema([("cal_id", pa.int32()), *((name, getattr(pa, kind)()) for name, kind in _SCHEMA)])
    table = pa.Table.from_pylist([{**r, "cal_id": cal_id} for r in rows], schema=schema)
    n_frame = len({r["frame_id"] for r in rows})
    with db.transaction(), db.table("zp_found", table):
        if not there:
            calibration = {
                "cal_id": cal_id,
                "run_id": run_id,
                "method": "median",
                "settings": json.dumps(asdict(settings)),
            }
            db.insert("calibration", [{**calibration, "created": now}])
        db.job("zeropoint_withdraw", cal_id=cal_id)
        db.job("zeropoint_write")
        db.job("zeropoint_unpoint")
        db.job("zeropoint_point", cal_id=cal_id)
        db.insert("activation", [{"cal_id": cal_id, "run_id": run_id, "activated": now, "n_frame": n_frame}])
    return cal_id


def _summary(cal_id: int, rows: list[Row], frames: dict[int, dict[str, Any]]) -> Calibrated:
    """Return what was found, with a line for each band and system."""
    primary = [r for r in rows if r["aperture_id"] == solve.PRIMARY]
    systems: dict[str, int] = {}
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for r in primary:
        systems[r["mag_system"]] = systems.get(r["mag_system"], 0) + 1
        groups.setdefault(
            (frames[r["frame_id"]]["band"], r["mag_system"], r.get("catalog"), r.get("ref_band")), []
        ).append(r)
    lines = tuple(_line(key, groups[key]) for key in sorted(groups, key=str))
    n_flagged = sum(bool(r["flag"] & (solve.FEW_STARS | solve.FAR_FROM_OTHERS)) for r in primary)
    return Calibrated(cal_id, len(primary), systems, n_flagged, lines)


def _line(key: tuple[Any, ...], rows: list[dict[str, Any]]) -> str:
    """Return one line on a band: how many frames, from what, zero points and their errors."""
    band, system, catalog, ref_band = key
    frames = f"{band or 'no band'}: {len(rows)} frame{'' if len(rows) == 1 else 's'}"
    if system == "instrumental":
        return f"{frames} left instrumental: {rows[0]['reason']}"
    zp, err = np.array([r["zp"] for r in rows]), np.array([r["zp_err"] for r in rows], dtype=float)
    stars = int(np.median([r["n_star"] for r in rows]))
    source = f"tied to {catalog} {ref_band}" if system == "tied" else f"{system}, {catalog}" if catalog else "relative"
    flagged = sum(bool(r["flag"]) for r in rows)
    return (
        f"{frames} {source}: zero points {zp.min():.3f} to {zp.max():.3f}, error {np.median(err):.4f} mag, "
        f"{stars} stars{f', {flagged} flagged' if flagged else ''}"
    )
