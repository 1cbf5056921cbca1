"""A frame of the store, ready to be measured again: the same file, masters, settings, apertures and WCS as then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from photdb.errors import InputError
from photdb.ingest.frame_header import FrameHeader
from photdb.ingest.header import read_frames
from photdb.ingest.registration import Solution, wcs_from_text
from photdb.ingest.telescope import Telescopes, load_telescopes
from photdb.jobs.frame_table import noise_of
from photdb.jobs.ingest_settings import IngestSettings
from photdb.jobs.inventory import sha256_of
from photdb.jobs.measure_frame import FrameTask
from photdb.photometry.settings import Aperture, PrimaryRule
from photdb.store.database import Database


def masters_of(db: Database) -> dict[int, Any]:
    """Return the rows of the store's master frames, by id."""
    return {row["master_id"]: row for row in db.query("masters").dicts()}


def task_again(
    frame: Mapping[str, Any], masters: Mapping[int, Any], folder: Path, *, telescopes: Telescopes | None = None
) -> FrameTask:
    """Return the task that measures a frame as its row says that it was measured.

    Parameters
    ----------
    frame : mapping
        Columns of table frame, and the sha256 of its file: as schema/jobs/check_frames.sql has them. Where the file's
        size and mtime_ns are there too and are still the same, its content is not read to compare it.
    masters : mapping
        From `masters_of`.
    folder : Path
        Where their files are.
    telescopes : Telescopes, optional
        Those of `load_telescopes`, for who has many frames.

    Raises
    ------
    InputError
        If the frame's file or a master is missing, or is another one than then.
    TypeError
        If the settings are those of another photdb.
    """
    header = _header(frame, telescopes or load_telescopes())
    settings = IngestSettings.from_json(frame["settings"])
    # Maps are only read here, never written; the aperture is the one that was decided then, whatever the rule.
    settings = replace(
        settings,
        solve=False,
        measure=replace(settings.measure, primary=PrimaryRule("growth", None)),
        background_map=_file(settings.background_map),
        noise_map=_file(settings.noise_map),
    )
    return FrameTask(
        header=header,
        key="",
        staging=Path(),
        settings=settings,
        apertures=_apertures(frame["aper_radius_px"], frame["fwhm_px"]),
        pixel_scale=frame["pixel_scale_arcsec"],
        growth_px=2 * frame["primary_radius_px"],
        correlation=noise_of(frame),
        bias=_master(frame, "bias", masters, folder),
        dark=_master(frame, "dark", masters, folder),
        flat=_master(frame, "flat", masters, folder),
        pattern=_master(frame, "pattern", masters, folder),
    )


def solution_of(frame: Mapping[str, Any]) -> Solution | None:
    """Return the WCS that the frame has in the store."""
    if not frame["wcs"]:
        return None
    return Solution(wcs_from_text(frame["wcs"]), frame["wcs_kind"], frame["wcs_rms_arcsec"], frame["wcs_n_star"])


def _header(frame: Mapping[str, Any], telescopes: Telescopes) -> FrameHeader:
    """Return the header of a frame's file, which must be the one that was measured."""
    path = Path(frame["path"])
    if not path.is_file():
        raise InputError(f"{path}: no such file", "`photdb frames --relocate OLD NEW` says where the files are now")
    if frame["sha256"] and not _looks_the_same(path, frame) and sha256_of(path) != frame["sha256"]:
        raise InputError(f"{path}: its content is not what was measured", "bring the file back, or ingest it as new")
    for header in read_frames(path, telescopes):
        if header.hdu == frame["hdu"]:
            return header
    raise InputError(f"{path}: extension {frame['hdu']} is not taken for a frame any more", "photdb telescopes check")


def _looks_the_same(path: Path, frame: Mapping[str, Any]) -> bool:
    """Whether a file has the size and time of change that it had when it was hashed."""
    now = path.stat()
    return (now.st_size, now.st_mtime_ns) == (frame.get("size"), frame.get("mtime_ns"))


@lru_cache(maxsize=1000)
def _digest(path: Path, size: int, mtime_ns: int) -> str:
    """Return the digest of a master's content, read once: it serves many frames."""
    return sha256_of(path)


def _master(frame: Mapping[str, Any], kind: str, masters: Mapping[int, Any], folder: Path) -> Path | None:
    """Return the file of a master that was used, which must be the one that was used."""
    if frame[f"{kind}_id"] is None:
        return None
    master = masters.get(frame[f"{kind}_id"])
    if master is None:
        raise InputError(f"master {kind} {frame[f'{kind}_id']} is not in the store", "photdb ingest --reprocess")
    path = folder / str(master["path"])
    if not path.is_file() or _digest(path, path.stat().st_size, path.stat().st_mtime_ns) != master["sha256"]:
        raise InputError(f"{path}: the master is missing or another one", "photdb ingest --reprocess")
    return path


def _file(path: Path | None) -> Path | None:
    """Return a path where it is a file."""
    return path if path is not None and path.is_file() else None


def _apertures(radius_px: list[float | None], fwhm_px: float) -> tuple[tuple[int, Aperture], ...]:
    """Return the apertures that a frame was measured in, by the radius they had there."""
    sizes = enumerate(radius_px or [], start=1)
    return tuple((i, Aperture("fwhm", 2 * r / fwhm_px)) for i, r in sizes if r is not None and np.isfinite(r))
