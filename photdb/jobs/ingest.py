"""``photdb ingest``: a folder of FITS frames becomes rows of the store, night by night.

What happens in which order: look at the headers, tell new files from known ones, make master frames, measure each
frame in a process of its own, place the frames the catalogue could not, associate, commit a night in one
transaction, calibrate it. The store is held only while something is written. Whatever was acknowledged by a line
stays, whatever was measured but not committed waits in staging for the next run.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from photdb import progress
from photdb.config import default_workers
from photdb.errors import CalibrationError, InputError, PhotdbError
from photdb.ingest.frame_header import FrameHeader
from photdb.ingest.registration import ReferenceStars
from photdb.ingest.telescope import load_telescopes
from photdb.jobs import refcat, zeropoint
from photdb.jobs.commit_night import Outcome, commit_night, frame_table, header_columns
from photdb.jobs.ingest_settings import IngestSettings
from photdb.jobs.inventory import SeenFile, take_inventory
from photdb.jobs.masters import KeptMaster, Shelf, make_masters, make_patterns, open_shelf
from photdb.jobs.measure_frame import FrameTask, failure, measure_frame, probe_frame
from photdb.jobs.pool import Workers
from photdb.jobs.register_night import register_among
from photdb.jobs.scan import ScanResult, scan
from photdb.jobs.staging import Staged, discard, read_staged, staging_key, sweep
from photdb.jobs.writer import sole_ingest, writing
from photdb.photometry.growth import choose_aperture
from photdb.photometry.settings import Aperture, apertures
from photdb.sky import unit_vector
from photdb.store.database import Database

if TYPE_CHECKING:
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

#: How far a pointing may be wrong, deg.
POINTING_DEG = 2.0
#: Reference stars handed to a worker, the brightest.
MAX_REFERENCE = 200_000
#: Frames of one detector pointing within this of each other share their reference stars, deg.
FIELD_DEG = 0.5


@dataclass(frozen=True, slots=True)
class NightSummary:
    """What became of a night."""

    night: str | None
    n_frames: int
    n_ok: int
    n_detections: int
    n_new_objects: int
    zero_points: str


@dataclass(slots=True)
class IngestSummary:
    """What became of an ingest."""

    nights: list[NightSummary] = field(default_factory=list)
    n_known: int = 0
    n_calibration: int = 0
    n_unusable: int = 0
    n_duplicate: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def n_frames(self) -> int:
        """Science frames that were tried, unreadable files among them."""
        return sum(n.n_frames for n in self.nights) + self.n_unusable

    @property
    def n_ok(self) -> int:
        """Science frames measured."""
        return sum(n.n_ok for n in self.nights)

    def line(self) -> str:
        """Return the whole in one line."""
        parts = [f"{self.n_ok} of {self.n_frames} science frames measured"]
        if self.n_frames > self.n_ok:
            parts.append(f"{self.n_frames - self.n_ok} failed (photdb frames --state failed)")
        if self.n_known:
            parts.append(f"{self.n_known} files already known")
        if self.n_duplicate:
            parts.append(f"{self.n_duplicate} copies of known files passed over")
        if self.n_calibration:
            parts.append(f"{self.n_calibration} calibration frames")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class _Light:
    """One science frame to measure."""

    header: FrameHeader
    sha256: str
    file_id: int
    frame_id: int | None


@dataclass(slots=True)
class _Work:
    """What an ingest knows before the first pixel is read."""

    run_id: int
    lights: list[_Light]
    calibrations: list[FrameHeader]
    files: dict[Path, SeenFile]
    file_ids: dict[Path, int]
    shelf: Shelf
    made: dict[str, int]
    apertures: tuple[tuple[int, Aperture], ...]
    scales: dict[tuple[str, str], float]


def ingest(
    paths: Sequence[str | Path],
    *,
    store: Path,
    settings: IngestSettings | None = None,
    workers: int | None = None,
    reprocess: bool = False,
    retry: bool = False,
) -> IngestSummary:
    """Measure the frames of folders and files into a store.

    Parameters
    ----------
    paths : sequence of path
        Folders (searched with all below them) and files.
    store : Path
        The store; made when there is none.
    settings : IngestSettings, optional
    workers : int, optional
        Processes; by default as many as there are processors.
    reprocess : bool, default=False
        Measure again what the store has; frame ids stay.
    retry : bool, default=False
        Try again the frames that failed.

    Returns
    -------
    IngestSummary

    Raises
    ------
    InputError
        If there is no FITS file, or not one science frame could be used.
    StoreLockedError
        If another ingest works on this store, or another process holds it for long.
    """
    store, settings = Path(store), settings or IngestSettings()
    with sole_ingest(store):
        found = scan(paths, telescopes=load_telescopes())
        summary = IngestSummary()
        with writing(store, create=True) as db:
            run_id = _begin(db, paths, settings, reprocess=reprocess, retry=retry)
        try:
            with Workers(workers or default_workers()) as pool:
                _ingest(store, run_id, found, settings, pool, summary, reprocess, retry)
        except BaseException as error:
            state = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            _finish(store, run_id, state, str(error))
            raise
        _finish(store, run_id, "done", summary.line())
    if summary.n_frames and not summary.n_ok:
        reasons = "; ".join(f"{n} x {reason}" for reason, n in summary.reasons.most_common(3))
        raise InputError(
            f"none of {summary.n_frames} science frames could be used: {reasons}",
            "photdb frames --state failed tells the reason of each",
        )
    return summary


def _begin(db: Database, paths: Sequence[str | Path], settings: IngestSettings, *, reprocess: bool, retry: bool) -> int:
    """Record the run; mark those of killed processes."""
    db.job("run_abandoned")
    given = {"paths": [str(p) for p in paths], "reprocess": reprocess, "retry": retry, "settings": asdict(settings)}
    return db.begin_run("ingest", given)


def _finish(store: Path, run_id: int, state: str, message: str) -> None:
    """Record how the run ended; the reason it ended matters more than failing to record it."""
    try:
        with writing(store) as db:
            db.finish_run(run_id, state, message[:1000])
    except PhotdbError as error:
        log.warning("the end of run %d could not be recorded: %s", run_id, error.what)


def _ingest(
    store: Path,
    run_id: int,
    found: ScanResult,
    settings: IngestSettings,
    workers: Workers,
    summary: IngestSummary,
    reprocess: bool,
    retry: bool,
) -> None:
    """Do all of it, night by night."""
    with writing(store) as db:
        work = _plan(db, run_id, found, settings, summary, reprocess=reprocess, retry=retry)
    recorder = _Recorder(store, work)
    make_masters(work.calibrations, work.files, work.shelf, record=recorder, known=work.made)
    _warn_of_guesses(work.lights)
    for night, lights in _nights(work.lights):
        summary.nights.append(_night(store, night, lights, work, settings, workers, recorder, summary))
        progress.say(_night_line(summary.nights[-1]))
    with writing(store) as db:
        _calibrate_leftovers(db, run_id, settings)
    sweep(_staging(store))


def _plan(
    db: Database,
    run_id: int,
    found: ScanResult,
    settings: IngestSettings,
    summary: IngestSummary,
    *,
    reprocess: bool,
    retry: bool,
) -> _Work:
    """Tell new frames from known ones; record files, and rows of what cannot be used."""
    reasons = {path.absolute(): reason for path, reason in found.unusable}
    by_file: dict[Path, list[FrameHeader]] = {}
    for header in found.headers:
        by_file.setdefault(header.path.absolute(), []).append(header)
    seen = take_inventory(db, sorted({*by_file, *reasons}))
    known = {(r["file_id"], r["hdu"]): r for r in db.query("frames_known").dicts()}
    shelf = open_shelf(db)
    made = {r["made_of"]: r["master_id"] for r in db.query("masters").dicts()}
    work = _Work(run_id, [], [], {f.path: f for f in seen}, {}, shelf, made, (), _scales(db))
    with db.transaction():
        work.file_ids = _record_files(db, seen, summary)
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


def _scales(db: Database) -> dict[tuple[str, str], float]:
    """Return the pixel scale of detectors that were solved before."""
    return {(r["detector"], r["binning"]): r["pixel_scale_arcsec"] for r in db.query("detector_scale").dicts()}


def _record_files(db: Database, seen: Sequence[SeenFile], summary: IngestSummary) -> dict[Path, int]:
    """Write rows of files not seen before; follow files that were moved. Return the file_id of each path."""
    ids: dict[Path, int] = {}
    rows = []
    next_id = db.next_id("file", "file_id")
    stored = db.query("files").dicts()
    owner = {r["path"]: r["file_id"] for r in stored}
    looks = {r["file_id"]: (r["size"], r["mtime_ns"]) for r in stored}
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
    summary.n_unusable += 1
    summary.reasons[_without_name(reason)] += 1
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


def _without_name(reason: str) -> str:
    """Return a reason without the file it begins with, so that like ones can be counted."""
    head, colon, rest = reason.partition(": ")
    return rest if colon and ("/" in head or "." in head) else reason


def _sort_headers(
    headers: Sequence[FrameHeader],
    file: SeenFile,
    file_id: int,
    known: Mapping[tuple[int, int], Mapping[str, Any]],
    work: _Work,
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
        work.lights.append(_Light(header, file.sha256 or "", file_id, frame_id))


def _aperture_ids(db: Database, settings: IngestSettings, work: _Work) -> tuple[tuple[int, Aperture], ...]:
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


def _warn_of_guesses(lights: Sequence[_Light]) -> None:
    """Say once a night what the headers did not say."""
    counts = Counter((light.header.night, guess) for light in lights for guess in light.header.guesses)
    for (night, guess), n in sorted(counts.items(), key=str):
        progress.warn(f"{night or 'no date'}: guessed: {guess} ({_frames(n)})")


def _frames(n: int) -> str:
    """Return a number of frames in words."""
    return "1 frame" if n == 1 else f"{n} frames"


def _nights(lights: Sequence[_Light]) -> list[tuple[str | None, list[_Light]]]:
    """Return the frames of each night in order of time."""
    nights: dict[str | None, list[_Light]] = {}
    for light in lights:
        nights.setdefault(light.header.night, []).append(light)
    for group in nights.values():
        group.sort(key=lambda light: (light.header.mjd_mid or 0.0, str(light.header.path), light.header.hdu))
    return sorted(nights.items(), key=lambda item: item[0] or "")


def _night(
    store: Path,
    night: str | None,
    lights: Sequence[_Light],
    work: _Work,
    settings: IngestSettings,
    workers: Workers,
    recorder: _Recorder,
    summary: IngestSummary,
) -> NightSummary:
    """Measure, place, commit and calibrate one night."""
    usable = [light.header for light in lights if not light.header.problems]
    if settings.use_pattern:
        fwhm = _Widths(work, settings)
        make_patterns(usable, work.files, work.shelf, fwhm_px=fwhm, record=recorder, known=work.made)
    references = _export_references(store, lights, work) if settings.solve else {}
    tasks = [_task(store, light, work, settings, references.get(light.header.path)) for light in lights]
    for warning, n in Counter(text for task in tasks for text in task.warnings).items():
        progress.warn(f"{night or 'no date'}: {warning} ({_frames(n)})")
    tasks = _with_night_apertures(tasks, settings, workers)
    staged = _measure_all(tasks, workers, night)
    outcomes = (
        register_among([(t, staged[t.key]) for t in tasks], _Loaded(tasks))
        if settings.solve
        else [(t, staged[t.key]) for t in tasks]
    )
    with writing(store) as db:
        rows = _numbered(db, lights, outcomes, work)
        association = commit_night(db, rows, run_id=work.run_id)
        ids = [row.frame_id for row in rows if row.staged.facts["state"] == "ok"]
        zero_points = _calibrate(db, ids, work.run_id, settings)
        work.scales = {**work.scales, **_scales(db)}
    _forget(store, outcomes, references)
    return _summed(night, outcomes, association.n_detections, association.n_new_objects, zero_points, summary)


def _summed(
    night: str | None,
    outcomes: Sequence[tuple[FrameTask, Staged]],
    n_detections: int,
    n_new: int,
    zero_points: str,
    summary: IngestSummary,
) -> NightSummary:
    """Count a night, and its failures by reason."""
    n_ok = 0
    for task, staged in outcomes:
        if staged.facts["state"] == "ok":
            n_ok += 1
        else:
            reason = staged.facts["reason"]
            summary.reasons[_without_name(reason)] += 1
            progress.warn(reason if task.header.path.name in reason else f"{task.header.path.name}: {reason}")
    return NightSummary(night, len(outcomes), n_ok, n_detections, n_new, zero_points)


def _night_line(night: NightSummary) -> str:
    """Return the line that acknowledges a night; printed only after its commit."""
    failed = f", {night.n_frames - night.n_ok} failed" if night.n_frames > night.n_ok else ""
    return (
        f"{night.night or 'no date'}: {night.n_ok} of {night.n_frames} frames{failed}, "
        f"{night.n_detections} detections, {night.n_new_objects} new objects; {night.zero_points}"
    )


class _Recorder:
    """Writes the row of a master frame and of what it was made from."""

    def __init__(self, store: Path, work: _Work) -> None:
        self._store, self._work = store, work

    def __call__(self, row: dict[str, Any], inputs: list[tuple[Path, int]]) -> int:
        with writing(self._store) as db, db.transaction():
            master_id = db.next_id("master", "master_id")
            db.insert("master", [{"master_id": master_id, **row, "run_id": self._work.run_id}])
            ids = self._work.file_ids
            db.insert(
                "master_input",
                [{"master_id": master_id, "file_id": ids[path.absolute()], "hdu": hdu} for path, hdu in inputs],
            )
        self._work.made[row["made_of"]] = master_id
        return master_id


class _Widths:
    """Width of the stars of a frame before anything else is known of its night."""

    def __init__(self, work: _Work, settings: IngestSettings) -> None:
        self._work, self._settings = work, settings

    def __call__(self, header: FrameHeader) -> float:
        _, kept = self._work.shelf.choose(header)
        task = FrameTask(header, "", Path(), replace(self._settings, cosmic=False), (), **_paths(kept))
        return float(probe_frame(task).get("fwhm_px", 3.0))


def _paths(kept: Mapping[str, KeptMaster]) -> dict[str, Any]:
    """Return the files of masters by kind."""
    return {kind: master.path for kind, master in kept.items()}


def _staging(store: Path) -> Path:
    """Return the folder where workers leave their results."""
    return store.absolute().with_name(f"{store.stem}.files") / "staging"


def _task(
    store: Path, light: _Light, work: _Work, settings: IngestSettings, reference: tuple[Path, str] | None
) -> FrameTask:
    """Return what a worker needs to know of one frame."""
    header = light.header
    chosen, kept = work.shelf.choose(header)
    pattern = work.shelf.pattern(header) if settings.use_pattern and "dark" not in kept else None
    scale = header.pixel_scale or work.scales.get((header.detector, f"{header.binning[0]}x{header.binning[1]}"))
    key = staging_key(
        light.sha256,
        header.hdu,
        asdict(header),
        asdict(settings),
        work.apertures,
        {kind: master.sha256 for kind, master in kept.items()},
        pattern.sha256 if pattern else None,
        reference[1] if reference else None,
        scale,
    )
    return FrameTask(
        header=header,
        key=key,
        staging=_staging(store),
        settings=settings,
        apertures=work.apertures,
        **_paths(kept),
        pattern=pattern.path if pattern else None,
        reference=reference[0] if reference else None,
        pixel_scale=scale,
        warnings=chosen.warnings,
    )


def _export_references(store: Path, lights: Sequence[_Light], work: _Work) -> dict[Path, tuple[Path, str]]:
    """Write the reference stars around each pointing for the workers; frames of one field share a file."""
    fields: list[tuple[NDArray[np.float64], float, tuple[Path, str] | None]] = []
    out: dict[Path, tuple[Path, str]] = {}
    folder = _staging(store)
    with Database.open(store) as db:
        for light in lights:
            header = light.header
            place = _pointing(header)
            if place is None or header.mjd_mid is None:
                continue
            unit = unit_vector(*place)
            radius = _reference_radius(header, work)
            near = np.cos(np.radians(FIELD_DEG))
            shared = next((f for f in fields if f[0] @ unit > near and f[1] >= radius - 1e-9), None)
            if shared is None:
                epoch = 2000.0 + (header.mjd_mid - 51544.5) / 365.25
                stars = _reference_stars(db, place, radius + FIELD_DEG, epoch)
                shared = (unit, radius, _write_reference(folder, stars) if stars is not None else None)
                fields.append(shared)
            if shared[2] is not None:
                out[header.path] = shared[2]
    return out


def _pointing(header: FrameHeader) -> tuple[float, float] | None:
    """Return where a frame looks as far as its header knows, its WCS before its pointing."""
    if header.wcs:
        from photdb.ingest.wcs import centre, wcs_from_text

        try:
            return centre(wcs_from_text(header.wcs), header.width, header.height)
        except PhotdbError:
            log.info("%s: its WCS cannot be read", header.path)
    if header.ra is None or header.dec is None:
        return None
    return header.ra, header.dec


def _reference_radius(header: FrameHeader, work: _Work) -> float:
    """Return how far around the pointing reference stars are needed, deg."""
    scale = header.pixel_scale or work.scales.get((header.detector, f"{header.binning[0]}x{header.binning[1]}"))
    if header.wcs:
        from photdb.ingest.wcs import scale_arcsec, wcs_from_text

        with suppress(PhotdbError):
            scale = scale_arcsec(wcs_from_text(header.wcs))
    half = 0.5 * np.hypot(header.width, header.height) * scale / 3600 if scale else 1.0
    return float(min(half * 1.1 + POINTING_DEG, 90.0))


def _reference_stars(db: Database, place: tuple[float, float], radius: float, epoch: float) -> ReferenceStars | None:
    """Return catalogue stars around a place, None where no catalogue has any."""
    stars = refcat.reference_stars(db, *place, radius, epoch=epoch, limit=MAX_REFERENCE)
    return stars if len(stars) else None


def _write_reference(folder: Path, stars: ReferenceStars) -> tuple[Path, str]:
    """Write reference stars once, under a digest of themselves."""
    digest = staging_key(stars.ra.tobytes().hex(), stars.dec.tobytes().hex(), stars.mag.tobytes().hex())
    path = folder / f"reference-{digest}.npz"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        with temporary.open("wb") as stream:
            np.savez(stream, ra=stars.ra, dec=stars.dec, mag=stars.mag)
        temporary.replace(path)
    return path, digest


class _Loaded(Mapping[str, "ReferenceStars | None"]):
    """Reference stars by staging key, read when asked for."""

    def __init__(self, tasks: Iterable[FrameTask]) -> None:
        self._paths = {task.key: task.reference for task in tasks}

    def __getitem__(self, key: str) -> ReferenceStars | None:
        path = self._paths[key]
        if path is None:
            return None
        with np.load(path) as stars:
            return ReferenceStars(stars["ra"], stars["dec"], stars["mag"])

    def __iter__(self) -> Any:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


def _with_night_apertures(tasks: list[FrameTask], settings: IngestSettings, workers: Workers) -> list[FrameTask]:
    """Decide the primary aperture per detector and band of the night, where the user asked for that."""
    rule = settings.measure.primary
    if rule.kind not in ("night-fwhm", "growth"):
        return tasks
    groups: dict[tuple[str, str | None], list[dict[str, Any]]] = {}
    probes = workers.spread(probe_frame, tasks)
    for task, probe in progress.track(probes, "the night's aperture", len(tasks)):
        if probe:
            groups.setdefault((task.header.detector, task.header.band), []).append(probe)
    decided: dict[tuple[str, str | None], dict[str, Any]] = {}
    for group, found in groups.items():
        decided[group] = {"night_fwhm_px": float(np.median([p["fwhm_px"] for p in found]))}
        if rule.kind == "growth":
            from photdb.jobs.measure_frame import GROWTH_PX

            try:
                chosen = choose_aperture([p["growth"] for p in found], np.array(GROWTH_PX))
            except CalibrationError as error:
                progress.warn(error.what)
                continue
            decided[group]["growth_px"] = chosen
            progress.say(f"{group[0]} {group[1]}: aperture of {chosen:.2f} px from {len(found)} growth curves")
    out = []
    for task in tasks:
        found_for = decided.get((task.header.detector, task.header.band), {})
        key = staging_key(task.key, found_for)
        out.append(replace(task, key=key, **found_for))
    return out


def _measure_all(tasks: Sequence[FrameTask], workers: Workers, night: str | None) -> dict[str, Staged]:
    """Measure the frames that staging does not have yet."""
    staged: dict[str, Staged] = {}
    todo = []
    for task in tasks:
        left = read_staged(task.staging, task.key)
        if left is not None and left.facts["state"] == "ok":
            staged[task.key] = left
        elif task.header.problems:
            what = f"{task.header.path.name}: {'; '.join(task.header.problems)}"
            staged[task.key] = Staged(task.key, failure(task, what, ""), None)
        else:
            todo.append(task)
    if len(todo) < len(tasks) and any(s.table for s in staged.values()):
        progress.say(f"{night}: {sum(1 for s in staged.values() if s.table)} frames were measured by an earlier run")
    results = workers.spread(measure_frame, todo)
    for task, result in progress.track(results, f"measuring {night or 'frames'}", len(todo)):
        if result is None:
            what = f"{task.header.path.name}: the process that measured it died twice (out of memory?)"
            result = Staged(task.key, failure(task, what, "use fewer --workers"), None)
        staged[task.key] = result
    return staged


def _numbered(
    db: Database, lights: Sequence[_Light], outcomes: Sequence[tuple[FrameTask, Staged]], work: _Work
) -> list[Outcome]:
    """Give each frame its id: its own where it had one, else the next, in order of time."""
    next_id = db.next_id("frame", "frame_id")
    rows = []
    for light, (task, staged) in zip(lights, outcomes, strict=True):
        frame_id = light.frame_id
        if frame_id is None:
            frame_id, next_id = next_id, next_id + 1
        rows.append(
            Outcome(frame_id, light.file_id, task, staged, _master_ids(task, work), again=light.frame_id is not None)
        )
    return rows


def _master_ids(task: FrameTask, work: _Work) -> dict[str, int]:
    """Return the masters a frame was reduced with, by kind."""
    ids = {kept.path: kept.master_id for kept in work.shelf.masters}
    ids |= {kept.path: kept.master_id for kept in work.shelf.patterns}
    paths = {"bias": task.bias, "dark": task.dark, "flat": task.flat, "pattern": task.pattern}
    return {kind: ids[path] for kind, path in paths.items() if path is not None}


def _calibrate(db: Database, frame_ids: list[int], run_id: int, settings: IngestSettings) -> str:
    """Give frames their zero points; say in a few words what came of it."""
    if not frame_ids:
        return "nothing to calibrate"
    summary = zeropoint.calibrate(
        db,
        frame_ids=frame_ids,
        run_id=run_id,
        settings=zeropoint.ZeropointSettings(calibrate_as=settings.calibrate_as),
    )
    return summary.line()


def _calibrate_leftovers(db: Database, run_id: int, settings: IngestSettings) -> None:
    """Calibrate frames of nights whose run was killed between commit and calibration."""
    left = [row[0] for row in db.query("frames_uncalibrated").rows]
    if left:
        progress.say(
            f"{len(left)} frames of an earlier run had no zero point: {_calibrate(db, left, run_id, settings)}"
        )


def _forget(
    store: Path, outcomes: Sequence[tuple[FrameTask, Staged]], references: Mapping[Path, tuple[Path, str]]
) -> None:
    """Remove from staging what is now in the store."""
    folder = _staging(store)
    discard(folder, [staged.key for _, staged in outcomes])
    discard(folder, [f"{staged.key}.placed" for _, staged in outcomes])
    for path, _ in references.values():
        path.unlink(missing_ok=True)
