"""``photdb forced``: flux at asked-for positions in every frame that saw them, past and future, detected or not.

What is to be done is a question to the store (`photdb.jobs.forced_work`), so nothing has to be remembered: whatever a
killed run left undone, a frame that came since, a target that is new, a file that was missing and is back, is found by
the next run. Night by night the frames are read once each for all their positions, in processes of their own, and what
they leave in staging is written in one transaction. The store is held only while something is written.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

from photdb import progress
from photdb.config import default_workers, patience
from photdb.errors import InputError, NotFoundError, PhotdbError
from photdb.ingest.telescope import load_telescopes
from photdb.jobs import forced_asked as asking
from photdb.jobs.forced_asked import PLAIN, Asked, Who
from photdb.jobs.forced_night import Results, commit, make_tasks, measure_all
from photdb.jobs.forced_work import EVERY, Frames, lay_work, nights, positions, unseen
from photdb.jobs.frame_again import masters_of
from photdb.jobs.pool import Pool, Workers
from photdb.jobs.target_links import refresh_targets
from photdb.jobs.writer import PATIENCE_S, refuse_served, sole_ingest, writing
from photdb.photometry.settings import Aperture
from photdb.store.database import Database


@dataclass(slots=True)
class ForcedSummary:
    """What a run of forced photometry did.

    Attributes
    ----------
    n_places, n_frames, n_fluxes : int
        Places asked for; frames measured; fluxes written.
    failed : Counter
        Frames that could not be measured, by reason.
    without : dict
        Why apertures that were measured have no flux, and how many.
    uncalibrated : dict
        Apertures that have no zero point, and in how many frames.
    uncovered : dict
        Moving targets that are nowhere in some of the frames, and in how many: their path does not cover the date.
    unseen, unplaced : list of str
        Targets that no frame saw; those whose position is none.
    n_looked_at : int
        Frames that might have seen them.
    """

    n_places: int = 0
    n_frames: int = 0
    n_fluxes: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    without: dict[str, int] = field(default_factory=dict)
    uncalibrated: dict[str, int] = field(default_factory=dict)
    uncovered: dict[str, int] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)
    unplaced: list[str] = field(default_factory=list)
    n_looked_at: int = 0

    def line(self) -> str:
        """Return it in one line."""
        if not self.n_frames and not self.failed:
            return "nothing to measure: every frame that saw what was asked for has it"
        lost = sum(self.failed.values())
        failed = f"; {_many(lost, 'frame')} could not be measured" if lost else ""
        return f"{_fluxes(self.n_fluxes)} at {_many(self.n_places, 'place')} in {_many(self.n_frames, 'frame')}{failed}"


def _many(n: int, word: str) -> str:
    """Return a number of things in words."""
    return f"{n} {word}{'s' * (n != 1)}"


def _fluxes(n: int) -> str:
    """Return a number of fluxes in words."""
    return "1 flux" if n == 1 else f"{n} fluxes"


def forced(
    store: Path,
    *,
    targets: tuple[str, ...] = (),
    objects: tuple[int, ...] = (),
    all_objects: bool = False,
    where: str | None = None,
    asked: Asked = PLAIN,
    frames: Frames = EVERY,
    again: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
) -> ForcedSummary:
    """Measure what is asked for at targets and objects, in all frames that saw them and have not measured it.

    Parameters
    ----------
    store : Path
    targets : tuple of str
        Names; with nothing else given either: all targets.
    objects : tuple of int
    all_objects : bool
    where : str, optional
        SQL condition on the columns of table object.
    asked : Asked
        What to measure; of targets it is remembered, for the frames to come.
    frames : Frames
        Only in these.
    again : bool, default=False
        Also what is there already.
    workers : int, optional
        Processes; by default as many as there are processors.
    scheduler : str, optional
        Address of a Dask scheduler, whose workers measure the frames instead.

    Returns
    -------
    ForcedSummary

    Raises
    ------
    NotFoundError
        If there is no store, no such target or object, or no frame that saw any of the places.
    InputError
        If a position is none.
    StoreLockedError
        If an ingest works on the store, or another process holds it for long.
    """
    store = Path(store)
    refuse_served(store)
    with Database.open(store) as db:
        who = _who(db, targets, objects, all_objects, where, asked)
    given = {
        "targets": list(targets), "objects": list(objects), "all_objects": all_objects, "where": where,
        "asked": asked.words(), "frames": asdict(frames), "again": again,
    }  # fmt: skip
    with sole_ingest(store):
        with writing(store) as db:
            db.job("run_abandoned")
            run_id = db.begin_run("forced", given)
            remember(db, who, asked)
            refresh_targets(db)
        try:
            with _pool(workers, scheduler) as pool:
                summary = measure_left(store, who, pool, run_id=run_id, frames=frames, again=again)
            shutil.rmtree(_folder(store) / "forced", ignore_errors=True)  # what killed runs left and nobody asked for
            _refuse_nowhere(summary, targets)
        except BaseException as error:
            state = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            _finish(store, run_id, state, str(error))
            raise
        _finish(store, run_id, "done", summary.line())
    return summary


def _who(
    db: Database, targets: tuple[str, ...], objects: tuple[int, ...], all_objects: bool, where: str | None, asked: Asked
) -> Who:
    """Return whose places are meant."""
    if targets or objects or all_objects or where is not None:
        ids = asking.targets_named(db, targets)
        return Who(ids, asking.objects_known(db, objects), all_objects, where, asked)
    if not db.query("targets").rows:
        raise NotFoundError(
            "there are no targets", 'add one: photdb target add "NAME" RA DEC; or --object ID, --all-objects'
        )
    return Who(targets=None, asked=asked)


def remember(db: Database, who: Who, asked: Asked) -> None:
    """Write what is asked of targets into the store, so that the frames to come are measured so too."""
    if who.targets == () and not asked.apertures:
        asking.aperture_ids(db, (), add=True)
        return
    with db.transaction():
        asking.aperture_ids(db, asked.apertures, add=True)
        for target in asking.targets_asked(db, who.targets) if who.targets != () else []:
            before = Asked.of(target.row["methods"])
            if (now := before.with_more(asked)) != before:
                db.job("forced_remember", target_id=target.target_id, methods=now.words())


def measure_left(
    store: Path, who: Who, workers: Pool, *, run_id: int, frames: Frames = EVERY, again: bool = False
) -> ForcedSummary:
    """Measure what the work list has, night by night; who calls holds the ingest lock.

    Parameters
    ----------
    store : Path
    who : Who
    workers : Pool
    run_id : int
    frames : Frames
    again : bool
    """
    with Database.open(store, wait=patience(PATIENCE_S)) as db:
        laid = lay_work(db, who, frames, again=again)
        plan = nights(db)
        masters = masters_of(db) if plan else {}
        summary = ForcedSummary(
            n_places=laid.n_places,
            uncovered={laid.targets[i].name: n for i, n in laid.n_uncovered.items()},
            unseen=unseen(db, laid),
            unplaced=[t.name for t in laid.unplaced],
            n_looked_at=laid.n_frames,
        )
    folder, telescopes = _folder(store), load_telescopes()
    for night, batches in plan:
        parts = []
        for frame_ids in batches:
            with Database.open(store, wait=patience(PATIENCE_S)) as db:
                laid = lay_work(db, who, frames, frame_ids=frame_ids, again=again)
                work = positions(db)
                rows = _frames(db, frame_ids)
            tasks, reasons = make_tasks(rows, work, laid, masters, folder=folder, telescopes=telescopes)
            parts.append(measure_all(tasks, reasons, work, workers, night))
        results = reduce(Results.with_more, parts)
        with writing(store) as db:
            n = commit(db, results, run_id=run_id)
        for file in results.files:
            _forget(Path(file))
        summary.n_frames += len(results.files)
        summary.n_fluxes += n
        summary.failed += results.failed
        progress.say(_night_line(night, len(results.files), n, results.failed))
    if plan:
        with Database.open(store, wait=patience(PATIENCE_S)) as db:
            summary.without = {str(why): int(n) for why, n in db.job("forced_without_flux", run_id=run_id).rows}
            summary.uncalibrated = {str(a): int(n) for a, n in db.job("forced_uncalibrated", run_id=run_id).rows}
    if (folder / "forced").is_dir() and not any((folder / "forced").iterdir()):
        (folder / "forced").rmdir()
    return summary


def _refuse_nowhere(summary: ForcedSummary, named: tuple[str, ...]) -> None:
    """Raise where nothing that was asked for has a place, or is in any frame; a part of it is only told."""
    if summary.unplaced and (named or summary.n_places == 0):
        raise InputError(
            f"target {', '.join(summary.unplaced)}: its position is not one",
            'photdb target list shows it; take it away and add it anew: photdb target remove "NAME"',
        )
    if summary.n_looked_at == 0:
        raise NotFoundError(
            "no frame to look at: none was measured here and has a WCS, of those asked for", "photdb frames lists them"
        )
    if summary.n_places == 0:
        raise NotFoundError("no object is meant: the condition holds of none", "photdb objects --where SQL lists them")
    if summary.unseen and len(summary.unseen) == summary.n_places:
        raise NotFoundError(f"no frame saw {_some(summary.unseen)}", _why_unseen(summary))


def _some(names: Sequence[str]) -> str:
    """Return a few names, and how many more there are."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def _why_unseen(summary: ForcedSummary) -> str:
    """Say why no frame may have seen what was asked for."""
    lost = [name for name in summary.unseen if summary.uncovered.get(name) == summary.n_looked_at]
    if lost:
        return f"nothing says where {_some(lost)} is at the dates of the frames: `photdb target list` shows its path"
    return (
        f"it is outside the outlines of all {summary.n_looked_at} frames: `photdb coverage RA DEC` lists those near it"
    )


def _frames(db: Database, frame_ids: list[int]) -> list[dict[str, Any]]:
    """Return frames as they are needed to be measured again, with the PSF that their fluxes are of."""
    models = {row["frame_id"]: row for row in db.job("forced_psf", frame_ids=frame_ids).dicts()}
    rows = db.job("forced_frames", frame_ids=frame_ids).dicts()
    return [{**row, "psf": models.get(row["frame_id"])} for row in rows]


def measure_new(store: Path, frame_ids: Sequence[int], workers: Pool, *, run_id: int) -> None:
    """Measure all targets in frames that an ingest has just committed, and the objects that had forced fluxes there.

    Parameters
    ----------
    store : Path
    frame_ids : sequence of int
    workers : Pool
    run_id : int
    """
    if not frame_ids:
        return
    with Database.open(store, wait=patience(PATIENCE_S)) as db:
        whose = [Who(targets=None)] if db.one("SELECT EXISTS (FROM target)") else []
        whose += _pending(db, frame_ids)
    for who in whose:
        try:
            measure_left(store, who, workers, run_id=run_id, frames=Frames(tuple(frame_ids)))
        except InputError as error:  # it must not cost the night
            progress.warn(f"no forced photometry: {error.what}")


def _pending(db: Database, frame_ids: Sequence[int]) -> list[Who]:
    """Return the objects whose forced fluxes in some frames are to be made anew, if there are any."""
    rows = db.job("forced_pending", frame_ids=list(frame_ids)).dicts()
    objects = sorted({int(i) for row in rows for i in row["object_ids"]})
    sizes = tuple(Aperture(row["kind"], row["diameter"]) for row in rows if row["aperture_id"] > 0)
    asked = Asked(sizes, psf=any(row["aperture_id"] == asking.PSF for row in rows))
    return [Who(objects=tuple(objects), asked=asked)] if objects else []


def measure_unfinished(store: Path, workers: Pool, *, run_id: int) -> None:
    """Measure all targets in frames of runs that were killed before they did; see `measure_new`."""
    with Database.open(store, wait=patience(PATIENCE_S)) as db:
        frame_ids = [int(row[0]) for row in db.job("forced_unfinished", run_id=run_id).rows]
    measure_new(store, frame_ids, workers, run_id=run_id)


def _night_line(night: Any, n_frames: int, n_fluxes: int, failed: Counter[str]) -> str:
    """Return the line that acknowledges a night; printed only after its commit."""
    lost = sum(failed.values())
    told = f"{night or 'no date'}: {_fluxes(n_fluxes)} in {_many(n_frames, 'frame')}"
    return told + (f", {lost} not measured" if lost else "")


def _folder(store: Path) -> Path:
    """Return the folder beside a store."""
    return store.absolute().with_name(f"{store.stem}.files")


def _forget(file: Path) -> None:
    """Remove from staging what is in the store now."""
    file.with_suffix(".json").unlink(missing_ok=True)
    file.unlink(missing_ok=True)


def _pool(workers: int | None, scheduler: str | None) -> AbstractContextManager[Pool]:
    """Return the processes that measure frames: those of a cluster, else this machine's own."""
    if scheduler is None:
        return Workers(workers or default_workers())
    from photdb.jobs.pool_dask import DaskWorkers

    return DaskWorkers(scheduler)


def _finish(store: Path, run_id: int, state: str, message: str) -> None:
    """Record how the run ended; the reason it ended matters more than failing to record it."""
    try:
        with writing(store) as db:
            db.finish_run(run_id, state, message[:1000])
    except PhotdbError as error:
        progress.warn(f"the end of run {run_id} could not be recorded: {error.what}")
