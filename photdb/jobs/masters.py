"""Master frames of an ingest: made once, kept in ``<stem>.files/masters``, recorded, chosen for each frame."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from photdb import progress
from photdb.errors import CalibrationError, InputError, PhotdbError
from photdb.ingest.frame_header import FrameHeader
from photdb.ingest.masters import CalibrationGroup, Chosen, Master, choose_masters, group_calibrations, make_master
from photdb.ingest.overscan import light_section
from photdb.ingest.pattern import MIN_FRAMES, pattern_map
from photdb.ingest.reduction import pattern_frames
from photdb.jobs.inventory import SeenFile, sha256_of
from photdb.jobs.staging import staging_key
from photdb.store.database import Database

log = logging.getLogger(__name__)

#: What a frame row says of a frame that came reduced.
REDUCED = "the header says that the frame is reduced already: no master frame is applied"
#: A pattern of another night may be used when it is this near, nights.
PATTERN_NIGHTS = 30


@dataclass(frozen=True, slots=True)
class KeptMaster:
    """A master on disk: what it is (without its pixels), where it is, its row."""

    master_id: int
    master: Master
    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class KeptPattern:
    """A pattern map on disk."""

    master_id: int
    detector: str
    binning: tuple[int, int]
    section: tuple[int, int, int, int]
    exptime_s: float
    night: str | None
    path: Path
    sha256: str


@dataclass(slots=True)
class Shelf:
    """All masters that frames may be reduced with."""

    folder: Path
    masters: list[KeptMaster]
    patterns: list[KeptPattern]

    def choose(self, header: FrameHeader) -> tuple[Chosen, dict[str, KeptMaster]]:
        """Return the masters of one frame, and their files by kind; none for a frame that is reduced already."""
        if header.is_reduced:
            return Chosen(warnings=(REDUCED,)), {}
        chosen = choose_masters(header, [kept.master for kept in self.masters])
        by_name = {kept.master.name: kept for kept in self.masters}
        found = {
            kind: by_name[master.name]
            for kind, master in (("bias", chosen.bias), ("dark", chosen.dark), ("flat", chosen.flat))
            if master is not None
        }
        return chosen, found

    def pattern(self, header: FrameHeader) -> KeptPattern | None:
        """Return the pattern of one frame's detector and exposure, of the nearest night."""
        if header.is_reduced:
            return None
        fitting = [
            p
            for p in self.patterns
            if (p.detector, p.binning, p.section) == (header.detector, header.binning, light_section(header))
            and header.exptime_s is not None
            and abs(p.exptime_s - header.exptime_s) <= 0.005 * header.exptime_s
            and _nights_apart(p.night, header.night) <= PATTERN_NIGHTS
        ]
        return min(fitting, key=lambda p: (_nights_apart(p.night, header.night), p.master_id), default=None)


def _nights_apart(one: str | None, other: str | None) -> int:
    """Return nights between two dates, many when one is not known."""
    if one is None or other is None:
        return 0 if one == other else 1_000_000
    return abs((date.fromisoformat(one) - date.fromisoformat(other)).days)


def open_shelf(db: Database) -> Shelf:
    """Return the masters of a store."""
    shelf = Shelf(db.files / "masters", [], [])
    for row in db.query("masters").dicts():
        _put_on(shelf, row)
    return shelf


def _put_on(shelf: Shelf, row: Mapping[str, Any]) -> None:
    """Add a recorded master whose file is still there."""
    path = shelf.folder / row["path"]
    if not path.is_file():
        progress.warn(f"{path}: the file of master {row['master_id']} is gone; frames are reduced without it")
        return
    meta = json.loads(row["settings"])
    binning = tuple(int(n) for n in row["binning"].split("x"))
    section, night = tuple(meta["section"]), row["night"].isoformat() if row["night"] else None
    assert len(binning) == 2
    assert len(section) == 4
    if row["kind"] == "pattern":
        shelf.patterns.append(
            KeptPattern(
                row["master_id"], row["detector"], binning, section, row["exptime_s"], night, path, row["sha256"]
            )
        )
        return
    nothing = np.empty((0, 0), np.float32)
    master = Master(
        kind=row["kind"],
        detector=row["detector"],
        binning=binning,
        section=section,
        exptime_s=row["exptime_s"],
        filter=row["filter"],
        night=night,
        data=nothing,
        variance=nothing,
        bad=nothing.astype(bool),
        n_inputs=row["n_inputs"],
        inputs=tuple(meta["inputs"]),
        bias_subtracted=meta["bias_subtracted"],
        band=meta["band"],
        settings=meta["settings"],
    )
    shelf.masters.append(KeptMaster(row["master_id"], master, path, row["sha256"]))


def make_masters(
    headers: Iterable[FrameHeader],
    files: Mapping[Path, SeenFile],
    shelf: Shelf,
    *,
    record: Callable[[dict[str, Any], list[tuple[Path, int]]], int],
    known: Mapping[str, int],
) -> None:
    """Make the masters of calibration frames that were not made before, and put them on the shelf.

    Parameters
    ----------
    headers
        Headers of an ingest, of all types.
    files
        What is known of their files.
    shelf
        Grows by what is made.
    record
        Writes the row of a master and its inputs; returns its master_id.
    known
        master_id by `made_of` of the masters in the store.
    """
    groups = group_calibrations(headers)
    for group in progress.track(groups, "master frames", len(groups)) if groups else ():
        offered = sorted(f"{files[h.path.absolute()].sha256}:{h.hdu}" for h in group.headers)
        made_of = staging_key(group.kind, group.detector, group.binning, group.exptime_s, group.filter, offered)
        if made_of in known:
            continue
        try:
            _make(group, shelf, made_of, record)
        except PhotdbError as error:
            progress.warn(error.what)


def _make(
    group: CalibrationGroup,
    shelf: Shelf,
    made_of: str,
    record: Callable[[dict[str, Any], list[tuple[Path, int]]], int],
) -> None:
    """Make one master, keep and record it."""
    loaded = [_loaded(kept) for kept in shelf.masters if _could_serve(kept.master, group)]
    master = make_master(group, loaded, scratch=shelf.folder)
    for text in master.warnings:
        progress.warn(text)
    shelf.folder.mkdir(parents=True, exist_ok=True)
    path = shelf.folder / f"{master.name}.fits"
    master.save(path)
    meta = {
        "section": master.section,
        "bias_subtracted": master.bias_subtracted,
        "band": master.band,
        "inputs": master.inputs,
        "settings": master.settings,
    }
    row = {
        "kind": master.kind,
        "detector": master.detector,
        "binning": _binning(master.binning),
        "width": master.data.shape[1],
        "height": master.data.shape[0],
        "exptime_s": master.exptime_s,
        "filter": master.filter,
        "night": master.night,
        "path": path.name,
        "sha256": sha256_of(path),
        "n_inputs": master.n_inputs,
        "made_of": made_of,
        "settings": json.dumps(meta),
    }
    used = set(master.inputs)
    master_id = record(row, [(h.path, h.hdu) for h in group.headers if str(h.path) in used])
    nothing = np.empty((0, 0), np.float32)
    light = replace(master, data=nothing, variance=nothing, bad=nothing.astype(bool))
    shelf.masters.append(KeptMaster(master_id, light, path, row["sha256"]))


def _could_serve(master: Master, group: CalibrationGroup) -> bool:
    """Tell whether a master could be needed to make another one."""
    return (
        master.kind in {"dark": ("bias",), "flat": ("bias", "dark")}.get(group.kind, ())
        and (master.detector, tuple(master.binning), tuple(master.section))
        == (group.detector, group.binning, group.section)
        and _nights_apart(master.night, group.night) <= 366
    )


def _loaded(kept: KeptMaster) -> Master:
    """Return a master with its pixels."""
    return Master.load(kept.path)


def make_patterns(
    lights: Sequence[FrameHeader],
    files: Mapping[Path, SeenFile],
    shelf: Shelf,
    *,
    fwhm_px: Callable[[FrameHeader], float],
    record: Callable[[dict[str, Any], list[tuple[Path, int]]], int],
    known: Mapping[str, int],
) -> None:
    """Make the pattern maps of a night's frames without darks, where the field drifts enough.

    Parameters
    ----------
    lights
        Science frames of one night.
    files, shelf, record, known
        As for `make_masters`.
    fwhm_px
        Width of the stars of a frame, px.
    """
    groups: dict[tuple[Any, ...], list[tuple[FrameHeader, Chosen]]] = {}
    for header in lights:
        chosen, kept = shelf.choose(header)
        if "dark" in kept or header.is_reduced:
            continue
        bias = Master.load(kept["bias"].path) if "bias" in kept else None
        key = (header.detector, header.binning, light_section(header), round(header.exptime_s or 0.0, 3))
        groups.setdefault(key, []).append((header, replace(chosen, bias=bias, flat=None)))
    for (detector, binning, section, exptime), frames in groups.items():
        if len(frames) < MIN_FRAMES:
            continue
        frames.sort(key=lambda pair: (pair[0].mjd_mid or 0.0, str(pair[0].path)))
        offered = [f"{files[h.path.absolute()].sha256}:{h.hdu}" for h, _ in frames]
        made_of = staging_key("pattern", detector, binning, section, exptime, offered)
        if made_of in known:
            continue
        night = frames[0][0].night
        progress.say(f"{night}: no dark for {detector}: looking for its fixed pattern in {len(frames)} frames")
        try:
            width = fwhm_px(frames[len(frames) // 2][0])
            pattern = pattern_map(pattern_frames(frames), fwhm_px=width, scratch=shelf.folder)
        except (CalibrationError, InputError) as error:
            progress.say(f"{night}: {error.what}")
            continue
        shelf.folder.mkdir(parents=True, exist_ok=True)
        path = shelf.folder / f"pattern_{_word(detector)}_{_binning(binning)}_{exptime:g}s_{night}_{made_of[:8]}.fits"
        pattern.save(path)
        meta = {"section": section, "drift_px": pattern.drift_px, "fwhm_px": width}
        row = {
            "kind": "pattern",
            "detector": detector,
            "binning": _binning(binning),
            "width": pattern.data.shape[1],
            "height": pattern.data.shape[0],
            "exptime_s": exptime,
            "filter": None,
            "night": night,
            "path": path.name,
            "sha256": sha256_of(path),
            "n_inputs": pattern.n_frames,
            "made_of": made_of,
            "settings": json.dumps(meta),
        }
        master_id = record(row, [(h.path, h.hdu) for h, _ in frames])
        shelf.patterns.append(
            KeptPattern(master_id, detector, binning, section, exptime, night, path, str(row["sha256"]))
        )
        progress.say(
            f"{night}: fixed pattern of {detector} from {pattern.n_frames} frames "
            f"(the field drifts {pattern.drift_px:.0f} px): rms {float(np.std(pattern.data)):.2f} ADU"
        )


def _binning(binning: tuple[int, int]) -> str:
    """Return binning as 1x1."""
    return f"{binning[0]}x{binning[1]}"


def _word(text: str) -> str:
    """Return a text that can stand in a file name."""
    return "".join(c if c.isalnum() or c in ".-+" else "-" for c in text)
