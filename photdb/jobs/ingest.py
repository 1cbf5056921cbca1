"""``photdb ingest``: a folder of FITS frames becomes rows of the store, night by night.

What happens in which order: look at the headers, tell new files from known ones, make master frames, measure each
frame in a process of its own, place the frames the catalogue could not, associate, commit a night in one
transaction, calibrate it. The store is held only while something is written. Whatever was acknowledged by a line
stays, whatever was measured but not committed waits in staging for the next run.
"""

from __future__ import annotations

import errno
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from photdb import progress
from photdb.config import default_workers
from photdb.errors import InputError, PhotdbError
from photdb.ingest.telescope import load_telescopes
from photdb.jobs import zeropoint, zeropoint_versions
from photdb.jobs.commit_night import Outcome, commit_night
from photdb.jobs.compact import compact_if_needed
from photdb.jobs.crossmatch import Association
from photdb.jobs.field_references import FieldStars, References, export_references
from photdb.jobs.forced import measure_new, measure_unfinished
from photdb.jobs.ingest_references import fetch_references
from photdb.jobs.ingest_settings import IngestSettings
from photdb.jobs.ingest_summary import IngestSummary, NightSummary, frames_in_words, without_name
from photdb.jobs.masters import REDUCED, make_masters, make_patterns
from photdb.jobs.measure_frame import FrameTask
from photdb.jobs.measure_night import StarWidths, decide_apertures, measure_all, task_of
from photdb.jobs.object_links import update_links
from photdb.jobs.plan_ingest import Light, Plan, detector_scales, nights_of, plan_ingest
from photdb.jobs.pool import Pool, Workers
from photdb.jobs.register_night import register_among
from photdb.jobs.relations import update_relations
from photdb.jobs.scan import ScanResult, scan
from photdb.jobs.staging import Staged, discard, staging_of, sweep
from photdb.jobs.statistics import refresh_statistics
from photdb.jobs.target_links import refresh_targets
from photdb.jobs.target_uncovered import uncovered_in_run, words
from photdb.jobs.writer import refuse_served, sole_ingest, writing
from photdb.photometry.association import RULES
from photdb.store.database import Database

log = logging.getLogger(__name__)


def ingest(
    paths: Sequence[str | Path],
    *,
    store: Path,
    settings: IngestSettings | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    reprocess: bool = False,
    retry: bool = False,
    fetch: bool = False,
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
    scheduler : str, optional
        Address of a Dask scheduler, as ``tcp://host:8786``, whose workers measure the frames instead.
    reprocess : bool, default=False
        Measure again what the store has; frame ids stay.
    retry : bool, default=False
        Try again the frames that failed.
    fetch : bool, default=False
        Ask for the reference stars that the fields lack, where there is a network.

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
    refuse_served(store)
    found = scan(paths, telescopes=load_telescopes())
    summary = IngestSummary()
    with sole_ingest(store):
        with writing(store, create=True) as db:
            run_id = _begin(db, paths, settings, reprocess=reprocess, retry=retry)
        try:
            with _pool(workers, scheduler) as pool:
                _ingest(store, run_id, found, settings, pool, summary, reprocess, retry, fetch)
        except OSError as error:
            _finish(store, run_id, "failed", str(error))
            full = error.errno == errno.ENOSPC
            raise InputError(
                f"{error.filename or store}: {error.strerror or error}",
                "make room on that disk, then the same again" if full else "the same command again goes on from here",
            ) from error
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


def _pool(workers: int | None, scheduler: str | None) -> AbstractContextManager[Pool]:
    """Return the processes that measure frames: those of a cluster, else this machine's own."""
    if scheduler is None:
        return Workers(workers or default_workers())
    from photdb.jobs.pool_dask import DaskWorkers

    return DaskWorkers(scheduler)


def _begin(db: Database, paths: Sequence[str | Path], settings: IngestSettings, *, reprocess: bool, retry: bool) -> int:
    """Record the run; mark those of killed processes."""
    db.job("run_abandoned")
    given = {"paths": [str(p) for p in paths], "reprocess": reprocess, "retry": retry, "settings": asdict(settings)}
    return db.begin_run("ingest", {**given, "association": RULES})


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
    workers: Pool,
    summary: IngestSummary,
    reprocess: bool,
    retry: bool,
    fetch: bool,
) -> None:
    """Do all of it, night by night."""
    with writing(store) as db:
        work = plan_ingest(db, run_id, found, settings, summary, reprocess=reprocess, retry=retry)
    if fetch and settings.solve:
        fetch_references(store, work.lights, work)
    recorder = _Recorder(store, work)
    make_masters(work.calibrations, work.files, work.shelf, record=recorder, known=work.made)
    _warn_of_guesses(work.lights)
    for night, lights in nights_of(work.lights):
        summary.nights.append(_night(store, night, lights, work, settings, workers, recorder, summary))
        progress.say(_night_line(summary.nights[-1]))
    with writing(store) as db:
        _calibrate_leftovers(db, run_id, settings)
        _measure_quality(db, run_id)
        # Also of nights that a killed run committed and did not come to look at: each knows what is left to do.
        update_links(db, run_id)
        update_relations(db, run_id)
        refresh_statistics(db)
        refresh_targets(db)
        _warn_of_paths(db, run_id)
    measure_unfinished(store, workers, run_id=run_id)
    compact_if_needed(store)
    sweep(staging_of(store))


def _warn_of_paths(db: Database, run_id: int) -> None:
    """Say which moving targets have no path for the frames that came: nobody is asked for one by itself."""
    said = words(*uncovered_in_run(db, run_id))
    if said:
        progress.warn(said)


def _warn_of_guesses(lights: Sequence[Light]) -> None:
    """Say once a night what the headers did not say."""
    counts = Counter((light.header.night, guess) for light in lights for guess in light.header.guesses)
    for (night, guess), n in sorted(counts.items(), key=str):
        progress.warn(f"{night or 'no date'}: guessed: {guess} ({frames_in_words(n)})")


def _night(
    store: Path,
    night: str | None,
    lights: Sequence[Light],
    work: Plan,
    settings: IngestSettings,
    workers: Pool,
    recorder: _Recorder,
    summary: IngestSummary,
) -> NightSummary:
    """Measure, place, commit and calibrate one night."""
    usable = [light.header for light in lights if not light.header.problems]
    if settings.use_pattern:
        fwhm = StarWidths(work, settings)
        make_patterns(usable, work.files, work.shelf, fwhm_px=fwhm, record=recorder, known=work.made)
    references = export_references(store, lights, work) if settings.solve else {}
    tasks = [task_of(store, light, work, settings, references.get(light.header.path)) for light in lights]
    for warning, n in Counter(text for task in tasks for text in task.warnings if text != REDUCED).items():
        progress.warn(f"{night or 'no date'}: {warning} ({frames_in_words(n)})")
    tasks = decide_apertures(tasks, settings, workers)
    staged = measure_all(tasks, workers, night)
    for warning, n in Counter(text for one in staged.values() for text in one.facts.get("warnings", ())).items():
        progress.warn(f"{night or 'no date'}: {warning} ({frames_in_words(n)})")
    outcomes = (
        register_among([(t, staged[t.key]) for t in tasks], References(tasks))
        if settings.solve
        else [(t, staged[t.key]) for t in tasks]
    )
    with writing(store) as db:
        rows = _numbered(db, lights, outcomes, work)
        association = commit_night(db, rows, run_id=work.run_id)
        _forget(store, outcomes, references)  # at once: killed while it calibrates, a run leaves nothing behind
        ids = [row.frame_id for row in rows if row.staged.facts["state"] == "ok"]
        zero_points = _calibrate(db, ids, work.run_id, settings)
        update_links(db, work.run_id)
        refresh_targets(db)
        work.scales = {**work.scales, **detector_scales(db)}
    measure_new(store, ids, workers, run_id=work.run_id)
    return _summed(night, outcomes, association, zero_points, summary)


def _summed(
    night: str | None,
    outcomes: Sequence[tuple[FrameTask, Staged]],
    association: Association,
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
            summary.reasons[without_name(reason)] += 1
            progress.warn(reason if task.header.path.name in reason else f"{task.header.path.name}: {reason}")
    return NightSummary(
        night,
        len(outcomes),
        n_ok,
        association.n_detections,
        association.n_new_objects,
        zero_points,
        association.n_without,
    )


def _night_line(night: NightSummary) -> str:
    """Return the line that acknowledges a night; printed only after its commit."""
    without = f" ({night.n_without} of no object)" if night.n_without else ""
    failed = f", {night.n_frames - night.n_ok} failed" if night.n_frames > night.n_ok else ""
    return (
        f"{night.night or 'no date'}: {night.n_ok} of {night.n_frames} frames{failed}, "
        f"{night.n_detections} detections{without}, {night.n_new_objects} new objects; {night.zero_points}"
    )


class _Recorder:
    """Writes the row of a master frame and of what it was made from."""

    def __init__(self, store: Path, work: Plan) -> None:
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


def _numbered(
    db: Database, lights: Sequence[Light], outcomes: Sequence[tuple[FrameTask, Staged]], work: Plan
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


def _master_ids(task: FrameTask, work: Plan) -> dict[str, int]:
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


def _measure_quality(db: Database, run_id: int) -> None:
    """Say how well the calibration of this run repeats, so that a later one can be compared with it."""
    for (cal_id,) in db.rows("SELECT cal_id FROM calibration WHERE run_id = $run_id", {"run_id": run_id}).rows:
        zeropoint_versions.measure_quality(db, int(cal_id))


def _forget(store: Path, outcomes: Sequence[tuple[FrameTask, Staged]], references: Mapping[Path, FieldStars]) -> None:
    """Remove from staging what is now in the store."""
    folder = staging_of(store)
    discard(folder, [staged.key for _, staged in outcomes])
    discard(folder, [f"{staged.key}.placed" for _, staged in outcomes])
    for field in references.values():
        field.path.unlink(missing_ok=True)
