"""Zero points: calibrate frames against reference stars, or against each other where there are none.

Matching and selection are sets in SQL (``schema/jobs/zeropoint_*.sql``, `zeropoint_select`), the fit is arithmetic on
arrays (`photdb.photometry.zero_point`), and the answer is written in one transaction: a new calibration that the frames
are pointed at. docs/concepts/zero-points.md says what the numbers mean.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from photdb.bands import bands
from photdb.errors import CalibrationError, InputError, NotFoundError, UsageError
from photdb.jobs import zeropoint_rows as rows
from photdb.jobs import zeropoint_select as select
from photdb.jobs import zeropoint_versions
from photdb.jobs.zeropoint_phase import Phase
from photdb.jobs.zeropoint_rows import Columns, Frames
from photdb.jobs.zeropoint_settings import Selection, ZeropointSettings
from photdb.jobs.zeropoint_solve import FAR_FROM_OTHERS, FEW_STARS, PRIMARY
from photdb.store.database import Database

__all__ = ["Calibrated", "Selection", "ZeropointSettings", "calibrate", "calibrate_store"]

log = logging.getLogger(__name__)

Held = set[tuple[str | None, str | None]]


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What a calibration found.

    Attributes
    ----------
    cal_id
        Its number.
    n_frame, systems, n_flagged, lines
        Frames, frames by mag_system, frames flagged, a line for each band.
    n_active, verdicts, refused
        Frames that were pointed at it, how it compares with what they used before, and why they were not.
    """

    cal_id: int
    n_frame: int
    systems: dict[str, int]
    n_flagged: int
    lines: tuple[str, ...]
    n_active: int = 0
    verdicts: tuple[str, ...] = ()
    refused: CalibrationError | None = None

    def line(self) -> str:
        """Return what was found in a few words."""
        return "; ".join(self.lines) or "nothing to calibrate"


def calibrate(
    db: Database,
    *,
    frame_ids: Iterable[int],
    run_id: int,
    settings: ZeropointSettings | None = None,
    join: bool = True,
    point: bool = True,
    note: str | None = None,
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
    join : bool, default=True
        Calibrate as the active frames of the same detector and band were, where there are any.
    point : bool, default=True
        Point the frames at it.
    note : str, optional
        What the user says of it.
    """
    settings = settings or ZeropointSettings()
    ids = sorted(int(i) for i in frame_ids)
    ids += [int(r[0]) for r in db.job("zeropoint_instrumental", frame_ids=ids).rows]
    parts: list[Columns] = []
    holds: Held = set()
    plans = _plans(db, ids, settings) if join else [(ids, settings, {})]
    for mine, how, known in plans:
        found, held = _find(db, mine, how, known, join=join)
        parts += found
        holds |= held
    select.frames(db, ids, settings.calibrate_as)
    db.execute("CREATE OR REPLACE TEMP TABLE zp_all AS SELECT frame_id, night, detector, band FROM zp_frame")
    table = _flag_far(db, rows.table(parts))
    settings = max(plans, key=lambda plan: len(plan[0]))[1] if plans else settings
    cal_id = _write(db, table, run_id=run_id, settings=settings, holds=holds, point=point, note=note)
    return _summary(db, cal_id, table, settings)


def calibrate_store(
    db: Database,
    *,
    frame_ids: Iterable[int] | None = None,
    settings: ZeropointSettings | None = None,
    activate: bool = True,
    force: bool = False,
    note: str | None = None,
) -> Calibrated:
    """Calibrate all frames of a store, or some, anew and as a run of its own.

    Parameters
    ----------
    db : Database
        Open for writing.
    frame_ids : iterable of int, optional
        Only these; None: all whose magnitudes were not imported.
    settings : ZeropointSettings, optional
        How.
    activate : bool, default=True
        Use it from now on, unless it is worse than what is used on the stars kept back.
    force : bool, default=False
        Use it also where it is worse.
    note : str, optional
        What the user says of it.

    Raises
    ------
    UsageError
        If no such catalogue or band is in the store.
    NotFoundError
        If a frame is not in the store.
    InputError
        If there is no frame to calibrate.
    CalibrationError
        If no frame got a zero point.
    """
    settings = settings or ZeropointSettings()
    _refuse_unknown(db, settings)
    ok = {int(r[0]) for r in db.rows("SELECT frame_id FROM frame WHERE state = 'ok'").rows}
    kept = {int(r[0]) for r in db.job("zeropoint_imported").rows} if frame_ids is None else set()
    wanted = ok - kept if frame_ids is None else {int(i) for i in frame_ids}
    strange = sorted(wanted - ok)
    if strange:
        raise NotFoundError(f"frame {strange[0]} is not in the store, or could not be used", "see `photdb frames`")
    if not wanted:
        hint = (
            "imported magnitudes stay as they are; --frames names frames all the same"
            if kept
            else "photdb ingest FOLDER"
        )
        raise InputError("the store has no frame to calibrate", hint)
    parameters = {**asdict(settings), "frames": sorted(wanted) if frame_ids is not None else "all"}
    with db.run("zeropoint", parameters) as run_id:
        done = calibrate(db, frame_ids=wanted, run_id=run_id, settings=settings, join=False, point=False, note=note)
        zeropoint_versions.measure_quality(db, done.cal_id)
        if activate:
            done = _activated(db, done, run_id=run_id, force=force)
        db.finish_run(run_id, "done", done.line())
    if settings.method != "instrumental" and set(done.systems) <= {"instrumental"}:
        raise CalibrationError(
            f"none of {done.n_frame} frames could be calibrated: {done.lines[0]}",
            "add reference stars (photdb refcat add), or tie the band to one of theirs (--calibrate-as)",
        )
    return done


def _activated(db: Database, done: Calibrated, *, run_id: int, force: bool) -> Calibrated:
    """Let the frames use a calibration, unless it is worse than what they use."""
    try:
        used = zeropoint_versions.activate(db, done.cal_id, run_id=run_id, force=force)
    except CalibrationError as error:
        return replace(done, refused=error)
    return replace(done, n_active=used.n_frame, verdicts=tuple(v.line() for v in used.verdicts))


def _refuse_unknown(db: Database, settings: ZeropointSettings) -> None:
    """Raise when a catalogue or band was asked for that the store does not have."""
    there = db.rows("SELECT DISTINCT catalog, band FROM refmag ORDER BY ALL").rows
    catalogs, known_bands = ([r[k] for r in there] for k in (0, 1))
    for word, name, known in (
        *(("catalogue", c, catalogs) for c in settings.catalogs or []),
        ("band", settings.calibrate_as, known_bands),
    ):
        if name and name not in known:
            raise UsageError(
                f"no reference stars of {word} {name!r}", f"there are: {', '.join(dict.fromkeys(known)) or 'none'}"
            )


def _plans(
    db: Database, ids: list[int], settings: ZeropointSettings
) -> list[tuple[list[int], ZeropointSettings, dict[str, str]]]:
    """Return frames with the settings, and the colour indices by band, of the calibration they join.

    A detector and band joins the calibration that most of its frames use now, where nothing else is asked for. One
    given by hand is not joined: another frame has another zero point.
    """
    if replace(settings, calibrate_as=None) != ZeropointSettings():
        return [(ids, settings, {})]
    found: dict[str, tuple[list[int], dict[str, str]]] = {}
    for frame_id, band, kept, colour in db.job("zeropoint_joined", frame_ids=ids).rows:
        mine, colours = found.setdefault(kept or "", ([], {}))
        mine.append(int(frame_id))
        if colour:
            colours[band] = colour
    plans = []
    for kept, (mine, colours) in sorted(found.items()):
        old = ZeropointSettings.read(json.loads(kept)) if kept else settings
        if old.method in ("manual", "instrumental", "imported"):
            old = settings
        plans.append((mine, replace(old, calibrate_as=settings.calibrate_as or old.calibrate_as), colours))
    return plans


def _find(
    db: Database, ids: list[int], settings: ZeropointSettings, known: dict[str, str], *, join: bool
) -> tuple[list[Columns], Held]:
    """Return the zero points of frames, by a catalogue, else by each other, else none; and which systems hold stars."""
    n_aper = int(db.one("SELECT count(*) FROM aperture WHERE aperture_id > 0"))
    select.frames(db, ids, settings.calibrate_as)
    frames = Frames.read(db, n_aper)
    every = np.arange(len(frames.frame_id))
    if settings.method == "manual":
        return [_manual(frames, settings)], set()
    if settings.method == "instrumental":
        return [rows.instrumental(frames, every, flag=0)], set()
    phase = Phase(db, settings, frames, n_aper, join=join)
    phase.by_catalogue(known)
    left = phase.left()
    if len(left):
        select.frames(db, [int(i) for i in frames.frame_id[left]], settings.calibrate_as)
        phase.by_each_other()
    left = phase.left()
    if len(left):
        phase.parts.append(rows.instrumental(frames, left, known=phase.unusable))
    return phase.parts, phase.holds


def _manual(frames: Frames, settings: ZeropointSettings) -> Columns:
    """Return the zero point that the user gives, for every frame."""
    assert settings.zp is not None
    which = np.arange(len(frames.frame_id))
    systems = [bands()[b].system if b in bands() else "none" for b in frames.band]
    system = np.array([s if s in ("AB", "Vega") else "tied" for s in systems], dtype=object)
    offset = np.array([0.0 if s == "AB" else np.nan for s in system])
    return rows.without_stars(
        frames, which, zp=settings.zp[0], zp_err=settings.zp[1], reason=np.full(len(which), None), mag_system=system,
        ab_offset=offset, flag=np.zeros(len(which)),
    )  # fmt: skip


def _flag_far(db: Database, table: Any) -> Any:
    """Flag the frames whose zero point is far from the others of their night, or, of a short night, of all nights."""
    import pyarrow as pa

    with db.table("zp_found", table):
        far = db.job("zeropoint_far").rows
    if not far:
        return table
    said = {int(f): f"{off:+.2f} mag from the median {middle:.2f} of {n} frames" for f, off, middle, n in far}
    ids = np.asarray(table["frame_id"].to_numpy())
    flag, reason = np.array(table["flag"].to_numpy()), table["reason"].to_pylist()
    for k in np.flatnonzero(np.isin(ids, list(said))):
        flag[k] |= FAR_FROM_OTHERS
        reason[k] = "; ".join(filter(None, [reason[k], said[int(ids[k])]]))
    table = table.set_column(table.schema.get_field_index("flag"), "flag", pa.array(flag))
    return table.set_column(table.schema.get_field_index("reason"), "reason", pa.array(reason, type=pa.string()))


def _write(
    db: Database, table: Any, *, run_id: int, settings: ZeropointSettings, holds: Held, point: bool, note: str | None
) -> int:
    """Write a calibration and point the frames at it, in one transaction; return its number."""
    now = datetime.now(UTC).replace(tzinfo=None)
    there = db.rows("SELECT cal_id, settings FROM calibration WHERE run_id = $run_id", {"run_id": run_id}).rows
    cal_id = int(there[0][0]) if there else db.next_id("calibration", "cal_id")
    before = json.loads(there[0][1]) if there else {}
    held = sorted({tuple(h) for h in before.get("held_back", [])} | holds, key=str)
    kept = json.dumps({**(before or asdict(settings)), "held_back": held})
    with db.transaction(), db.table("zp_found", table):
        if there:
            db.execute("UPDATE calibration SET settings = $kept WHERE cal_id = $cal_id", kept=kept, cal_id=cal_id)
        else:
            calibration = {"cal_id": cal_id, "run_id": run_id, "method": settings.method, "settings": kept}
            db.insert("calibration", [{**calibration, "created": now, "note": note}])
        db.job("zeropoint_withdraw", cal_id=cal_id)
        db.job("zeropoint_write", cal_id=cal_id)
        db.job("zeropoint_of_psf", frame_ids=sorted({int(k) for k in table["frame_id"].to_numpy()}))
        if point:
            n_frame = int(db.one("SELECT count(DISTINCT frame_id) FROM zp_found"))
            db.job("zeropoint_unpoint")
            db.job("zeropoint_point", cal_id=cal_id)
            db.insert("activation", [{"cal_id": cal_id, "run_id": run_id, "activated": now, "n_frame": n_frame}])
    return cal_id


def _summary(db: Database, cal_id: int, table: Any, settings: ZeropointSettings) -> Calibrated:
    """Return what was found, with a line for each band and system."""
    with db.table("zp_found", table):
        found = db.job("zeropoint_summary", few_or_far=FEW_STARS | FAR_FROM_OTHERS, primary=PRIMARY).dicts()
    systems: dict[str, int] = {}
    for group in found:
        systems[group["mag_system"]] = systems.get(group["mag_system"], 0) + int(group["n_frame"])
    lines = tuple(_line(group, settings) for group in found)
    return Calibrated(cal_id, sum(systems.values()), systems, sum(int(g["n_flagged"]) for g in found), lines)


def _line(group: dict[str, Any], settings: ZeropointSettings) -> str:
    """Return one line on a band: how many frames, from what, zero points and their errors."""
    n, system, catalog = int(group["n_frame"]), group["mag_system"], group["catalog"]
    text = f"{group['band'] or 'no band'}: {n} frame{'' if n == 1 else 's'}"
    if system == "instrumental":
        return ": ".join(filter(None, [f"{text} left instrumental", group["reason"]]))
    source = f"tied to {catalog} {group['ref_band']}" if catalog and system == "tied" else system
    if catalog and system != "tied":
        source = f"{system}, {catalog}" + (f" by {group['ref_path']}" if group["ref_path"] else "")
    if not catalog and system != "relative":
        return f"{text} {source}: zero point {group['low']:.3f}, given"
    flagged = f", {group['n_flagged']} flagged" if group["n_flagged"] else ""
    stars = f"{group['n_star']} star{'' if group['n_star'] == 1 else 's'}"
    return (
        f"{text} {source}: zero points {group['low']:.3f} to {group['high']:.3f}, "
        f"error {group['zp_err'] or 0:.4f} mag, {stars}{_terms(group, settings)}{flagged}"
    )


def _terms(group: dict[str, Any], settings: ZeropointSettings) -> str:
    """Return the terms of a band in words, and what was asked for but could not be had."""
    parts: list[str] = []
    if group["colour_term"] is not None:
        parts.append(f"colour term {group['colour_term']:+.4f} ({group['colour']})")
    elif settings.colour and group["catalog"] and settings.colour_term != "none":
        parts.append(f"no colour term: too few stars with {settings.colour}")
    if group["mag_term"] is not None:
        parts.append(f"magnitude term {group['mag_term']:+.4f}")
    if group["extinction_low"] is not None:
        low, high = group["extinction_low"], group["extinction_high"]
        parts.append(f"extinction {low:.2f}" + (f" to {high:.2f}" if high > low else "") + " mag per airmass")
    elif settings.extinction:
        parts.append("no extinction: airmass and zero points do not tell it")
    return "".join(f", {part}" for part in parts)
