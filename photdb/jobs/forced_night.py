"""A night of forced photometry: tasks for its frames, what workers left of them, one transaction."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from photdb import progress
from photdb.errors import InputError, PhotdbError
from photdb.ingest.telescope import Telescopes
from photdb.jobs.forced_frame import ForcedTask, measure_places
from photdb.jobs.forced_work import Laid
from photdb.jobs.frame_again import solution_of, task_again
from photdb.jobs.frame_psf import psf_table
from photdb.jobs.ingest_summary import without_name
from photdb.jobs.measure_frame import FrameTask
from photdb.jobs.pool import Pool
from photdb.jobs.staging import Staged, read_staged, staging_key
from photdb.store.database import Database

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

#: A header that is read otherwise than then would give other fluxes: these must be the same, to this part.
_SAME = 1e-6
#: What a task has of the places; 0 and NaN stand for nothing.
_COLUMNS = ("target_id", "object_id", "aperture_id", "ra", "dec", "ra_rate", "dec_rate")


@dataclass(frozen=True, slots=True)
class Results:
    """What became of the frames of a night.

    Attributes
    ----------
    files : list of str
        Parquet files of those that were measured.
    models : list of dict
        Rows of frame_psf that were made on the way.
    reasons : pyarrow.Table
        Rows of those that were not.
    failed : Counter
        How many frames there are of each reason.
    """

    files: list[str]
    models: list[dict[str, Any]]
    reasons: pa.Table
    failed: Counter[str]

    def with_more(self, other: Results) -> Results:
        """Return the results of two parts of a night."""
        import pyarrow as pa

        return Results(
            self.files + other.files,
            self.models + other.models,
            pa.concat_tables([self.reasons, other.reasons]),
            self.failed + other.failed,
        )


def make_tasks(
    frames: Sequence[Mapping[str, Any]],
    work: pa.Table,
    laid: Laid,
    masters: Mapping[int, Any],
    *,
    folder: Path,
    telescopes: Telescopes,
) -> tuple[list[ForcedTask], dict[int, str]]:
    """Return the tasks of frames, and why those that have none cannot be measured.

    Parameters
    ----------
    frames : sequence of mapping
        Rows of ``schema/jobs/forced_frames.sql``.
    work : pyarrow.Table
        Of `photdb.jobs.forced_work.positions`, sorted by frame.
    laid : Laid
    masters : mapping
        From `photdb.jobs.frame_again.masters_of`.
    folder : Path
        Beside the store.
    telescopes : Telescopes
    """
    of_frame = _by_frame(work, laid)
    tasks, reasons = [], {}
    for frame in frames:
        try:
            again = task_again(frame, masters, folder / "masters", telescopes=telescopes)
            _refuse_another_header(frame, again)
        except PhotdbError as error:
            reasons[frame["frame_id"]] = error.what
        except TypeError as error:
            reasons[frame["frame_id"]] = f"its settings are not those of this photdb: {error}"
        except OSError as error:
            reasons[frame["frame_id"]] = f"{frame['path']}: {error.strerror or error}"
        else:
            tasks.append(_task(frame, again, of_frame[frame["frame_id"]], laid, folder / "forced"))
    return tasks, reasons


def _refuse_another_header(frame: Mapping[str, Any], again: FrameTask) -> None:
    """Raise InputError where the header says other things of the frame than when it was measured."""
    for name in ("exptime_s", "gain", "mjd_mid"):
        then, now = frame[name], getattr(again.header, name)
        if then is not None and (now is None or abs(now - then) > _SAME * abs(then)):
            raise InputError(
                f"{frame['path']}: {name} is read as {now} now, as {then} when it was measured",
                "a telescope file has changed: photdb ingest --reprocess",
            )


def _by_frame(work: pa.Table, laid: Laid) -> dict[int, dict[str, NDArray[Any]]]:
    """Return the places of each frame, with what its target asks for."""
    columns = {"frame_id": work["frame_id"].to_numpy()}
    for name in _COLUMNS:
        kind = np.int64 if name.endswith("_id") else float
        values = work[name].fill_null(0) if name.endswith("_id") else work[name]
        columns[name] = np.asarray(values.to_numpy(zero_copy_only=False), dtype=kind)
    columns |= _of_targets(columns["target_id"], laid)
    frames, first = np.unique(columns["frame_id"], return_index=True)
    ends = [*first[1:], len(columns["frame_id"])]
    rest = [name for name in columns if name != "frame_id"]
    return {int(f): {name: columns[name][a:b] for name in rest} for f, a, b in zip(frames, first, ends, strict=True)}


def _of_targets(target_id: NDArray[np.int64], laid: Laid) -> dict[str, NDArray[Any]]:
    """Return ellipse and recentring of each place, NaN where there is none."""
    ids, which = np.unique(target_id, return_inverse=True)
    rows = {name: np.full(len(ids), np.nan) for name in ("a", "b", "pa", "recentre")}
    for k, i in enumerate(ids.tolist()):
        target = laid.targets.get(i)
        asked = target.asked if target is not None else laid.of_objects
        if asked.recentre_arcsec is not None:
            rows["recentre"][k] = asked.recentre_arcsec
        if target is not None and target.row["a_arcsec"] is not None:
            for name, column in (("a", "a_arcsec"), ("b", "b_arcsec"), ("pa", "pa_deg")):
                rows[name][k] = target.row[column]
    return {name: values[which] for name, values in rows.items()}


def _task(
    frame: Mapping[str, Any], again: FrameTask, places: dict[str, NDArray[Any]], laid: Laid, staging: Path
) -> ForcedTask:
    """Return the task of one frame."""
    asked = {name: hashlib.sha256(values.tobytes()).hexdigest() for name, values in places.items()}
    sizes = {i: list(aperture) for i, aperture in laid.sizes.items()}
    psf_run = frame["psf"]["run_id"] if frame["psf"] else None
    key = staging_key("forced", frame["frame_id"], frame["sha256"], asdict(again), frame["wcs"], asked, sizes, psf_run)
    given = {f.name: getattr(again, f.name) for f in fields(FrameTask)} | {"key": key, "staging": staging}
    return ForcedTask(**given, frame_id=frame["frame_id"], solution=solution_of(frame), places=places, sizes=laid.sizes)


def measure_all(
    tasks: Sequence[ForcedTask], reasons: Mapping[int, str], work: pa.Table, workers: Pool, night: Any
) -> Results:
    """Measure the frames of a night; those that staging has already are taken from there."""
    staged: list[Staged] = []
    failed, todo = dict(reasons), []
    for task in tasks:
        left = read_staged(task.staging, task.key)
        if left is not None and left.table is not None:
            staged.append(left)
        else:
            todo.append(task)
    if staged:
        progress.say(f"{night or 'no date'}: {len(staged)} frames were measured by an earlier run")
    done = workers.spread(measure_places, todo)
    told = f"forced photometry {night or ''}".strip()
    for task, result in progress.track(done, told, len(todo)) if todo else ():
        if result is None:
            failed[task.frame_id] = "the process that measured it died twice (out of memory?)"
        elif result.table is None:
            failed[task.frame_id] = str(result.facts["reason"])
        else:
            staged.append(result)
    models = [{**row, "frame_id": one.facts["frame_id"]} for one in staged for row in one.facts["psf"]]
    counts = Counter(without_name(reason) for reason in failed.values())
    return Results([str(one.table) for one in staged], models, _reason_rows(work, failed), counts)


def _reason_rows(work: pa.Table, failed: Mapping[int, str]) -> pa.Table:
    """Return rows of frames that could not be measured: what was asked for there, and why there is no flux."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lost = work.filter(pc.is_in(work["frame_id"], pa.array(list(failed), work["frame_id"].type)))
    words = {-2: "psf", -3: "ellipse"}
    return pa.table(
        {
            **{name: lost[name] for name in ("target_id", "object_id", "frame_id", "aperture_id", "ra", "dec")},
            "method": pa.array([words.get(i, "circle") for i in lost["aperture_id"].to_pylist()], pa.string()),
            "reason": pa.array([failed[i] for i in lost["frame_id"].to_pylist()], pa.string()),
            "flags": pa.array(np.zeros(lost.num_rows), pa.int32()),
        }
    )


def commit(db: Database, results: Results, *, run_id: int) -> int:
    """Write what became of a night in one transaction; return how many fluxes it has.

    Parameters
    ----------
    db : Database
        Open for writing.
    results : Results
    run_id : int
    """
    db.job("forced_stage_none")
    if results.files:
        db.job("forced_stage_files", files=results.files)
    with db.table("given_reasons", results.reasons):
        db.job("forced_stage_reasons")
    db.job("forced_new")
    with db.transaction():
        db.job("forced_replace")
        db.job("forced_commit", run_id=run_id)
        if results.models:
            with db.table("given_psf", psf_table(results.models, run_id=run_id)):
                db.job("commit_psf")
            db.job("zeropoint_of_psf", frame_ids=[row["frame_id"] for row in results.models])
    return int(db.one("SELECT count(*) FROM forced_new WHERE flux IS NOT NULL"))
