"""Before the first pixel is read: which frames are new, which files cannot be used, which masters there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from photdb import progress
from photdb.ingest.frame_header import FrameHeader
from photdb.jobs.commit_night import frame_table, header_columns
from photdb.jobs.ingest_settings import IngestSettings
from photdb.jobs.ingest_summary import IngestSummary, without_name
from photdb.jobs.inventory import SeenFile, take_inventory
from photdb.jobs.masters import Shelf, open_shelf
from photdb.jobs.scan import ScanResult
from photdb.photometry.settings import Aperture, apertures
from photdb.store.database import Database


@dataclass(frozen=True, slots=True)
class Light:
    """One science frame to measure."""

    header: FrameHeader
    sha256: str
    file_id: int
    frame_id: int | None


@dataclass(slots=True)
class Plan:
    """What an ingest knows before the first pixel is read."""

    run_id: int
    lights: list[Light]
    calibrations: list[FrameHeader]
    files: dict[Path, SeenFile]
    file_ids: dict[Path, int]
    shelf: Shelf
    made: dict[str, int]
    apertures: tuple[tuple[int, Aperture], ...]
    scales: dict[tuple[str, str], float]


def plan_ingest(
    db: Database,
    run_id: int,
    found: ScanResult,
    settings: IngestSettings,
    summary: IngestSummary,
    *,
    reprocess: bool,
    retry: bool,
) -> Plan:
    """Tell new frames from known ones; record files, and rows of what cannot be used."""
    reasons = {path.absolute(): reason for path, reason in found.unusable}
    by_file: dict[Path, list[FrameHeader]] = {}
    for header in found.headers:
        by_file.setdefault(header.path.absolute(), []).append(header)
    seen = take_inventory(db, sorted({*by_file, *reasons}))
    shelf = open_shelf(db)
    made = {r["made_of"]: r["master_id"] for r in db.query("masters").dicts()}
    work = Plan(run_id, [], [], {f.path: f for f in seen}, {}, shelf, made, (), detector_scales(db))
    with db.transaction():
        work.file_ids = _record_files(db, seen)
        known = {(r["file_id"], r["hdu"]): r for r in db.query("frames_known").dicts()}
        for file in seen:
            file_id = work.file_ids[file.path]
            if file.same_as is not None:
                _duplicate(db, file, file_id, by_file.get(file.path, []), known, run_id, summary)
            elif file.path in reasons:
                _unusable(db, file, file_id, reasons[file.path], known, run_id, summary)
            else:
                _sort_headers(by_file[file.path], file, file_id, known, work, summary, reprocess=reprocess, retry=retry)
        work.apertures = _aperture_ids(db, settings, work)
    return work


def detector_scales(db: Database) -> dict[tuple[str, str], float]:
    """Return the pixel scale of detectors that were solved before."""
    return {(r["detector"], r["binning"]): r["pixel_scale_arcsec"] for r in db.query("detector_scale").dicts()}


def _record_files(db: Database, seen: Sequence[SeenFile]) -> dict[Path, int]:
    """Write rows of files not seen before; follow files that were moved or mended. Return the file_id of each path."""
    ids: dict[Path, int] = {}
    rows = []
    next_id = db.next_id("file", "file_id")
    stored = db.query("files").dicts()
    owner = {r["path"]: r["file_id"] for r in stored}
    looks = {r["file_id"]: (r["size"], r["mtime_ns"]) for r in stored}
    hopeless = {r["file_id"]: r["frame_ids"] for r in db.query("files_never_measured").dicts()}
    for file in seen:
        if file.same_as is not None and not file.same_as.exists():
            # The same content, and no longer where it was: the file was moved.
            ids[file.path] = owner[str(file.same_as)]
            db.job("file_moved", file_id=ids[file.path], path=str(file.path), size=file.size, mtime_ns=file.mtime_ns)
            db.job("frame_moved", file_id=ids[file.path], path=str(file.path))
            continue
        if file.file_id is not None:
            ids[file.path] = file.file_id
            if looks[file.file_id] != (file.size, file.mtime_ns):
                db.job("file_seen", file_id=file.file_id, size=file.size, mtime_ns=file.mtime_ns)
            continue
        if file.same_as is None and owner.get(str(file.path)) in hopeless:
            # It could not be read, and now it has another content: the copy was mended, or the permission given.
            ids[file.path] = owner[str(file.path)]
            look = {"sha256": file.sha256, "size": file.size, "mtime_ns": file.mtime_ns}
            db.job("file_mended", file_id=ids[file.path], **look)
            db.job("withdraw_frames", frame_ids=hopeless[ids[file.path]])
            continue
        ids[file.path] = next_id
        owner[str(file.path)] = next_id
        rows.append(
            {
                "file_id": next_id,
                "path": str(file.path),
                "sha256": file.sha256,
                "size": file.size,
                "mtime_ns": file.mtime_ns,
                "duplicate_of": owner.get(str(file.same_as)) if file.same_as else None,
            }
        )
        next_id += 1
    db.insert("file", rows)
    return ids


def _duplicate(
    db: Database,
    file: SeenFile,
    file_id: int,
    headers: Sequence[FrameHeader],
    known: Mapping[tuple[int, int], Mapping[str, Any]],
    run_id: int,
    summary: IngestSummary,
) -> None:
    """Record a copy of a file under another name; it is not measured."""
    assert file.same_as is not None
    if not file.same_as.exists():  # moved, not copied
        summary.n_known += 1
        return
    summary.n_duplicate += 1
    if not headers or headers[0].image_type != "light" or (file_id, headers[0].hdu) in known:
        return
    reason = f"{file.path.name}: the same content as {file.same_as}"
    progress.warn(reason)
    row = {**header_columns(headers[0]), "file_id": file_id, "run_id": run_id, "state": "rejected", "reason": reason}
    _insert_frame(db, row)


def _unusable(
    db: Database,
    file: SeenFile,
    file_id: int,
    reason: str,
    known: Mapping[tuple[int, int], Mapping[str, Any]],
    run_id: int,
    summary: IngestSummary,
) -> None:
    """Record a file that cannot be read as a frame."""
    if file.path.name not in reason:
        reason = f"{file.path.name}: {reason}"
    summary.n_unusable += 1
    summary.reasons[without_name(reason)] += 1
    progress.warn(reason)
    row = known.get((file_id, 0))
    if row is None:
        _insert_frame(
            db,
            {
                "file_id": file_id,
                "hdu": 0,
                "path": str(file.path),
                "run_id": run_id,
                "state": "failed",
                "reason": reason,
            },
        )


def _insert_frame(db: Database, row: dict[str, Any]) -> None:
    """Append one frame row that has no measurements."""
    with db.table("given_frames", frame_table([{"frame_id": db.next_id("frame", "frame_id"), **row}])):
        db.job("commit_frame")


def _sort_headers(
    headers: Sequence[FrameHeader],
    file: SeenFile,
    file_id: int,
    known: Mapping[tuple[int, int], Mapping[str, Any]],
    work: Plan,
    summary: IngestSummary,
    *,
    reprocess: bool,
    retry: bool,
) -> None:
    """Put the images of a file where they belong."""
    for header in headers:
        if header.image_type in ("bias", "dark", "flat"):
            summary.n_calibration += 1
            work.calibrations.append(header)
            continue
        if header.image_type != "light":
            continue
        row = known.get((file_id, header.hdu))
        again = row is not None and (reprocess or (retry and row["state"] == "failed"))
        if row is not None and not again:
            summary.n_known += 1
            continue
        frame_id = row["frame_id"] if row is not None else None
        work.lights.append(Light(header, file.sha256 or "", file_id, frame_id))


def _aperture_ids(db: Database, settings: IngestSettings, work: Plan) -> tuple[tuple[int, Aperture], ...]:
    """Return the apertures to measure with their ids for ever, adding those that are new to the store."""
    scales = [light.header.pixel_scale for light in work.lights if light.header.pixel_scale]
    scale = float(np.median(scales)) if scales else next(iter(work.scales.values()), None)
    if settings.measure.apertures == "default":
        scale = scale or 1.0  # the default apertures in arcsec are the same at any scale
    wanted = apertures(settings.measure, pixel_scale=scale)
    rows = {(r["kind"], r["diameter"]): r["aperture_id"] for r in db.query("apertures").dicts()}
    next_id = max([0, *rows.values()]) + 1
    new = []
    for aperture in wanted:
        key = (aperture.kind, float(aperture.diameter))
        if key not in rows:
            rows[key] = next_id
            new.append({"aperture_id": next_id, "kind": aperture.kind, "diameter": float(aperture.diameter)})
            next_id += 1
    for aperture_id, kind in ((0, "primary"), (-1, "auto"), (-2, "psf")):
        if (kind, None) not in rows:
            new.append({"aperture_id": aperture_id, "kind": kind, "diameter": None})
    db.insert("aperture", new)
    return tuple(sorted(((rows[(a.kind, float(a.diameter))], a) for a in wanted), key=lambda pair: pair[0]))


def nights_of(lights: Sequence[Light]) -> list[tuple[str | None, list[Light]]]:
    """Return the frames of each night in order of time."""
    nights: dict[str | None, list[Light]] = {}
    for light in lights:
        nights.setdefault(light.header.night, []).append(light)
    for group in nights.values():
        group.sort(key=lambda light: (light.header.mjd_mid or 0.0, str(light.header.path), light.header.hdu))
    return sorted(nights.items(), key=lambda item: item[0] or "")
