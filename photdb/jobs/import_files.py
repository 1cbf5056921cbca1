"""``photdb import``: light curves and source tables made elsewhere become frames, detections and zero points.

Files are told by content, so that the same one is not taken twice. Each file is read by a mapping of
``ingest/imports``; one that cannot be used is a frame row with its reason and costs the others nothing. Rows are
associated with objects as those of a night are, and a batch of files is committed in one transaction. Magnitudes keep
their values: their frames belong to a calibration of method ``imported``. Source tables of fluxes are calibrated as an
ingest does.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photdb import progress
from photdb.errors import InputError, PhotdbError, UsageError
from photdb.jobs import target, zeropoint
from photdb.jobs.commit_night import frame_table, withdraw
from photdb.jobs.crossmatch import associate
from photdb.jobs.crossmatch_grid import NOT_THERE
from photdb.jobs.import_frames import Layout, lay_out, tidy
from photdb.jobs.import_mapping import SYSTEMS
from photdb.jobs.import_reading import read
from photdb.jobs.import_rows import Given, Imported, Places, in_our_words
from photdb.jobs.inventory import SeenFile, take_inventory
from photdb.jobs.object_links import update_links
from photdb.jobs.staging import staging_key, staging_of, sweep
from photdb.jobs.writer import sole_ingest, writing
from photdb.store.database import Database

if TYPE_CHECKING:
    import polars as pl

log = logging.getLogger(__name__)

#: Rows that are committed together.
BATCH = 2_000_000
#: Files whose gaps are said one by one.
SHOWN = 5
#: Names of stars that become targets, at most: more are a survey, not names that people ask for.
MAX_TARGETS = 10_000


@dataclass(slots=True)
class ImportSummary:
    """What an import did.

    Attributes
    ----------
    n_files, n_known, n_failed
        Files taken, known already, of no use.
    n_frames, n_rows, n_new_objects, n_targets
        What was written.
    left_out
        Reason -> rows that could not be used; ``twice``: rows that stood in a file twice.
    systems
        mag_system -> frames.
    calibrated
        What the calibration of source tables said.
    """

    n_files: int = 0
    n_known: int = 0
    n_failed: int = 0
    n_frames: int = 0
    n_rows: int = 0
    n_limits: int = 0
    n_new_objects: int = 0
    n_targets: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    systems: Counter[str] = field(default_factory=Counter)
    calibrated: list[str] = field(default_factory=list)

    def line(self) -> str:
        """Return what was done in one line."""
        parts = [f"{_count(self.n_files, 'file')}: {self.n_rows} rows in {_count(self.n_frames, 'frame')}"]
        parts.append(f"{_count(self.n_new_objects, 'new object')}")
        if self.n_limits:
            parts.append(f"{_count(self.n_limits, 'upper limit')} (photdb lightcurve NAME --limits)")
        if self.n_targets:
            parts.append(f"{_count(self.n_targets, 'name')} to ask by")
        if self.systems:
            parts.append(
                "magnitudes " + ", ".join(f"{s} ({_count(n, 'frame')})" for s, n in sorted(self.systems.items()))
            )
        if self.n_known:
            parts.append(f"{_count(self.n_known, 'file')} known already")
        if self.n_failed:
            parts.append(f"{_count(self.n_failed, 'file')} of no use")
        return "; ".join(parts)


def import_files(
    paths: Sequence[str | Path],
    *,
    store: Path,
    given: Given | None = None,
    objects: Path | None = None,
    frames: Path | None = None,
    zeropoints: Path | None = None,
    prefix: str = "",
    again: bool = False,
    calibrate: bool = True,
) -> ImportSummary:
    """Take light curves and source tables into a store.

    Parameters
    ----------
    paths : sequence of path
        Files, and folders (all files in them).
    store : Path
        Made when there is none.
    given : Given, optional
        What the user says over what the files say.
    objects : Path, optional
        A table of names (or numbers) and positions of the stars of light curves.
    frames, zeropoints : Path, optional
        What `photdb export frame` and `photdb export zeropoint` wrote, for the detections of the same store.
    prefix : str, default=""
        What is put before the names of stars that become targets.
    again : bool, default=False
        Take files that are known in place of what was imported of them.
    calibrate : bool, default=True
        Find zero points of source tables.

    Raises
    ------
    InputError
        If there is no file, or none could be used.
    StoreLockedError
        If an ingest is at work on the store.
    """
    store, given = Path(store), given or Given()
    if given.mag_system is not None and given.mag_system not in SYSTEMS:
        raise UsageError(f"no system of magnitudes {given.mag_system!r}", f"there are {', '.join(SYSTEMS)}")
    found = _files(paths)
    help_ = _Help.read(objects, frames, zeropoints)
    summary = ImportSummary()
    with sole_ingest(store):
        with writing(store, create=True) as db:
            db.job("run_abandoned")
            run_id = db.begin_run("import", {"paths": [str(p) for p in paths], "again": again, **_said(given)})
        try:
            _import(store, run_id, found, given, help_, prefix, again, calibrate, summary)
        except BaseException as error:
            with writing(store) as db:
                db.finish_run(
                    run_id, "interrupted" if isinstance(error, KeyboardInterrupt) else "failed", str(error)[:1000]
                )
            raise
        with writing(store) as db:
            db.finish_run(run_id, "done", summary.line())
        sweep(staging_of(store))
    if summary.n_failed and not summary.n_files and not summary.n_known:
        raise InputError(f"none of {_count(summary.n_failed, 'file')} could be used", "the lines above say why")
    return summary


@dataclass(frozen=True, slots=True)
class _Help:
    """Tables that say what the files leave out."""

    places: Places | None
    frames: pl.DataFrame | None
    zeropoints: pl.DataFrame | None

    @classmethod
    def read(cls, objects: Path | None, frames: Path | None, zeropoints: Path | None) -> _Help:
        """Read them."""
        tables = []
        for path, needs in ((frames, "mjd_mid"), (zeropoints, "zp")):
            table = tidy(read(path).rows) if path is not None else None
            if table is not None and not {"frame_id", needs} <= set(table.columns):
                raise InputError(f"{path}: no columns frame_id and {needs}", "give what `photdb export` wrote")
            tables.append(table)
        return cls(Places.read(objects) if objects is not None else None, *tables)


def _said(given: Given) -> dict[str, Any]:
    """Return what the user said, for the record of the run."""
    said = asdict(replace(given, mapping=None))
    return said | {"mapping": given.mapping.name if given.mapping else None}


def _files(paths: Sequence[str | Path]) -> list[Path]:
    """Return the files of paths and of folders."""
    found: list[Path] = []
    for given in map(Path, paths):
        if given.is_dir():
            found += sorted(p for p in given.rglob("*") if p.is_file() and not p.name.startswith("."))
        elif given.is_file():
            found.append(given)
        else:
            raise InputError(f"{given}: no such file or folder")
    if not found:
        raise InputError(f"{', '.join(map(str, paths))}: no file in it")
    return list(dict.fromkeys(found))


def _import(
    store: Path,
    run_id: int,
    found: Sequence[Path],
    given: Given,
    help_: _Help,
    prefix: str,
    again: bool,
    calibrate: bool,
    summary: ImportSummary,
) -> None:
    """Read, lay out and commit, batch by batch; then calibrate what has fluxes only."""
    with writing(store) as db:
        new = _new_files(db, found, again, summary)
    left: list[int] = []
    for batch, failed in _batches(new, given, help_, summary):
        with writing(store) as db:
            left += _commit(store, db, run_id, batch, failed, help_, prefix, summary)
    if left and calibrate:
        with writing(store) as db:
            summary.calibrated = _calibrated(db, left, given)
    with writing(store) as db:
        update_links(db, run_id)


def _new_files(
    db: Database, found: Sequence[Path], again: bool, summary: ImportSummary
) -> list[tuple[SeenFile, int, list[int]]]:
    """Return the files to take, each with its number and the frames it had; write the rows of files seen first."""
    import polars as pl

    seen = take_inventory(db, found)
    next_id = db.next_id("file", "file_id")
    ids = {str(s.path): s.file_id for s in seen if s.file_id is not None}
    rows = []
    for file in seen:
        if file.file_id is None:
            ids[str(file.path)] = next_id
            first = ids.get(str(file.same_as)) if file.same_as else None
            rows.append(
                {
                    "file_id": next_id,
                    "path": str(file.path),
                    "sha256": file.sha256,
                    "size": file.size,
                    "mtime_ns": file.mtime_ns,
                    "duplicate_of": first,
                }
            )
            next_id += 1
    if rows:
        schema = {
            "file_id": pl.Int32,
            "duplicate_of": pl.Int32,
            "sha256": pl.String,
            "size": pl.Int64,
            "mtime_ns": pl.Int64,
        }
        with db.table("given_files", pl.DataFrame(rows, schema_overrides=schema).to_arrow()):
            db.job("import_files")
    had: dict[int, list[tuple[int, str]]] = {}
    for frame_id, file_id, state in db.job("import_frames_of", file_ids=sorted(set(filter(None, ids.values())))).rows:
        had.setdefault(file_id, []).append((frame_id, state))
    new = []
    for file in seen:
        file_id = ids[str(file.path)]
        assert file_id is not None
        before = had.get(file_id, [])
        if file.same_as is not None or (before and not again and any(state == "ok" for _, state in before)):
            summary.n_known += 1
            continue
        new.append((file, file_id, [frame_id for frame_id, _ in before]))
    return new


@dataclass(slots=True)
class _Batch:
    """Files that are committed together."""

    files: list[Imported] = field(default_factory=list)
    file_ids: list[int] = field(default_factory=list)
    replaced: list[int] = field(default_factory=list)
    n_rows: int = 0


def _batches(
    new: Sequence[tuple[SeenFile, int, list[int]]], given: Given, help_: _Help, summary: ImportSummary
) -> Iterator[tuple[_Batch, list[tuple[Path, int, str, list[int]]]]]:
    """Read files and yield them in batches, with those that are of no use and why."""
    batch, failed = _Batch(), []
    said: Counter[tuple[str, str]] = Counter()
    n_gappy = 0
    for seen, file_id, before in progress.track(new, "reading", len(new)):
        try:
            table = in_our_words(seen.path, given, help_.places)
            if not len(table.rows):
                raise InputError(f"{seen.path}: no row of it can be used: {_reasons(table.left_out) or 'it has none'}")
        except PhotdbError as error:
            progress.warn(f"{error.what}" + (f" ({error.hint})" if error.hint else ""))
            failed.append((seen.path, file_id, error.what, before))
            summary.n_failed += 1
            continue
        said.update(
            (table.mapping.title, text) for text in [*table.warnings, *(f"guessed: {g}" for g in table.guesses)]
        )
        if table.left_out:
            n_gappy += 1
            if n_gappy <= SHOWN:
                progress.warn(f"{seen.path.name}: left out {_reasons(table.left_out)}")
            summary.left_out.update(table.left_out)
        batch.files.append(table)
        batch.file_ids.append(file_id)
        batch.replaced += before
        batch.n_rows += len(table.rows)
        if batch.n_rows >= BATCH:
            yield batch, failed
            batch, failed = _Batch(), []
    if n_gappy > SHOWN:
        progress.warn(
            f"rows of {n_gappy - SHOWN} more files were left out, {sum(summary.left_out.values())} rows in all"
        )
    for (title, text), n in said.items():
        progress.warn(f"{title}: {text} ({_count(n, 'file')})")
    if batch.files or failed:
        yield batch, failed


def _commit(
    store: Path,
    db: Database,
    run_id: int,
    batch: _Batch,
    failed: list[tuple[Path, int, str, list[int]]],
    help_: _Help,
    prefix: str,
    summary: ImportSummary,
) -> list[int]:
    """Associate and write a batch in one transaction; return the frames that still need zero points."""
    first = db.next_id("frame", "frame_id")
    gone = [*batch.replaced, *(i for *_, before in failed for i in before)]
    if not batch.files:
        with db.transaction():
            if gone:
                withdraw(db, gone)
            _write_failed(db, failed, first, run_id)
        return []
    layout = lay_out(batch.files, batch.file_ids, first_frame=first, run_id=run_id, known_frames=help_.frames)
    without = layout.frames.filter(layout.frames["mjd_mid"].is_null())
    if len(without):
        raise InputError(
            f"{without['path'][0]}: nothing says when its {_count(len(without), 'frame')} were taken",
            "give what `photdb export frame` wrote: --frames FILE",
        )
    zero = _zero_points(layout, help_.zeropoints)
    staged = staging_of(store) / f"{staging_key('import', run_id, first)}.parquet"
    staged.parent.mkdir(parents=True, exist_ok=True)
    try:
        _believed(layout.detections).write_parquet(staged, compression="zstd", compression_level=1)
        with db.transaction():
            if gone:
                withdraw(db, gone)
            with db.table("given_frames", layout.frames.to_arrow()):
                db.job("commit_frame")
            _write_failed(db, failed, first + len(layout.frames), run_id)
            if layout.cover:
                cover = {k: [c[i] for c in layout.cover] for i, k in enumerate(("norder", "cell", "frame_id"))}
                import pyarrow as pa

                kinds = {"norder": pa.int8(), "cell": pa.int64(), "frame_id": pa.int32()}
                with db.table("given_cover", pa.table({k: pa.array(v, kinds[k]) for k, v in cover.items()})):
                    db.job("commit_cover")
            association = _associate(db, layout, staged, run_id)
            names = _named(db, layout, batch.files)
            db.job("commit_detections")
            n_forced = _write_forced(db, layout, run_id)
            _write_zero_points(db, zero, run_id)
            summary.n_targets += _write_targets(db, names, prefix)
    finally:
        staged.unlink(missing_ok=True)
    summary.n_files += len(batch.files)
    summary.n_frames += len(layout.frames)
    summary.n_rows += len(layout.detections) + n_forced
    summary.n_limits += len(layout.limits)
    if n_forced < len(layout.forced):
        summary.left_out["forced points of no star of the file"] += len(layout.forced) - n_forced
    summary.n_new_objects += association
    summary.left_out.update({"twice in the file": layout.n_twice} if layout.n_twice else {})
    summary.systems.update(zero["mag_system"].to_list() if len(zero) else [])
    return [i for i in layout.to_calibrate if help_.zeropoints is None]


def _write_forced(db: Database, layout: Layout, run_id: int) -> int:
    """Write the forced points of our own light curves; return how many have a star."""
    if not len(layout.forced):
        return 0
    with db.table("given_forced", layout.forced.to_arrow()):
        db.job("import_forced", run_id=run_id)
    sql = "SELECT count(*) FROM forced WHERE run_id = $run_id AND frame_id IN (SELECT frame_id FROM given_forced)"
    with db.table("given_forced", layout.forced.select("frame_id").to_arrow()):
        return int(db.one(sql, run_id=run_id))


def _associate(db: Database, layout: Layout, staged: Path, run_id: int) -> int:
    """Match the detections with objects; objects that had a number of ours keep it. Return how many are new."""
    import polars as pl

    mjd = layout.frames["mjd_mid"].to_numpy()
    epoch = 2000.0 + (mjd - 51544.5) / 365.25
    night = layout.frames.select(
        pl.col("frame_id").cast(pl.String).alias("frame_key"),
        "frame_id",
        "match_radius_arcsec",
        "mjd_mid",
        pl.lit(None, pl.Float64).alias("fwhm_arcsec"),
        pl.lit(None, pl.Float64).alias("wcs_rms_arcsec"),
        pl.Series("epoch", epoch),
    )
    with db.table("given_night", night.to_arrow()):
        db.job("commit_night_frames")
    own = _rids(layout).with_columns(pl.col("object").cast(pl.Int64, strict=False).alias("own_id"))
    own = own.filter(pl.col("own_id") > 2**40)  # a number of ours is an order-29 cell: a small one is somebody else's
    wished = dict(zip(own["rid"].to_list(), own["own_id"].to_list(), strict=True))
    found = associate(db, files=[str(staged)], run_id=run_id, wished=wished)
    db.job("import_true_errors")
    return found.n_new_objects


def _believed(detections: pl.DataFrame) -> pl.DataFrame:
    """Return detections as they are staged: whose star is known by name, or whose error is not, makes an object.

    A faint detection of ours that is alone is no object; that these are no noise somebody else has judged. A star that
    is cut by the edge is measured beside its place; a point of a light curve stands at the star's own.
    """
    import polars as pl

    sure = pl.col("object").is_not_null() | pl.col("flux_err").is_null()
    flux = pl.when("at_star").then(pl.col("flux").fill_null(1.0)).otherwise("flux")
    flux_err = pl.when(sure & (flux > 0)).then(flux * 1e-3).otherwise(pl.col("flux_err"))
    flags = pl.when("at_star").then(pl.col("flags") & ~NOT_THERE).otherwise("flags")
    true = (pl.col(c).alias(f"true_{c}") for c in ("flux", "flux_err", "flags"))
    believed = (flux.alias("flux"), flux_err.alias("flux_err"), flags.alias("flags"))
    return detections.with_columns(*true, *believed).drop("frame_id", "object", "at_star")


def _rids(layout: Layout) -> pl.DataFrame:
    """Return the numbers that crossmatch gives detections, with the file's own name of their star."""
    import polars as pl

    rid = pl.col("frame_id").cast(pl.Int64) * 2**24 + pl.col("source").cast(pl.Int64)
    return layout.detections.select(rid.alias("rid"), "object", "ra", "dec").filter(pl.col("object").is_not_null())


def _named(db: Database, layout: Layout, files: Sequence[Imported]) -> list[tuple[str, float, float]]:
    """Return the names of the stars of light curves, with their places; warn of stars that came apart."""
    import polars as pl

    if all(f.mapping.kind != "lightcurve" or f.mapping.name == "photdb_lightcurve" for f in files):
        return []
    named = _rids(layout).rename({"object": "called"})
    with db.table("given_names", named.select("rid", "called").to_arrow()):
        found = db.job("import_objects_named").rows
    apart = [called for called, _, _, n_object in found if n_object > 1]
    if apart:
        progress.warn(
            f"{_count(len(apart), 'star')} became more than one object each, as {apart[0]!r}: their positions differ"
        )
    limits = layout.limits.filter(pl.col("object").is_not_null()).rename({"object": "called"})
    both = pl.concat(
        [named.select("called", "ra", "dec"), limits.select("called", "ra", "dec")], how="vertical_relaxed"
    )
    places = both.group_by("called", maintain_order=True).agg(pl.col("ra").median(), pl.col("dec").median())
    return [(str(c), float(r), float(d)) for c, r, d in places.rows()]


def _write_targets(db: Database, names: list[tuple[str, float, float]], prefix: str) -> int:
    """Let people ask for stars by the names they had; a bare number is not a name here."""
    n = 0
    bare = 0
    for called, ra, dec in names if len(names) <= MAX_TARGETS else []:
        name = " ".join(f"{prefix} {called}".split())
        if not name or name.isdigit():
            bare += 1
            continue
        if not db.query("target_by_name", called=name).rows:
            target.add(db, name, ra, dec)
            n += 1
    if bare:
        progress.warn(
            f"{_count(bare, 'star')} with numbers for names: with --prefix S82 they can be asked for as 'S82 4099'"
        )
    return n


def _zero_points(layout: Layout, known: pl.DataFrame | None) -> pl.DataFrame:
    """Return zero points of the frames: those that were exported with them, else those of their magnitudes."""
    import polars as pl

    if known is None:
        return layout.zeropoints
    numbered = layout.source_frames.rename({"frame_id": "ours"})
    theirs = known.with_columns(pl.col("frame_id").cast(pl.String).alias("frame")).drop(
        "frame_id", "cal_id", strict=False
    )
    return theirs.join(numbered, on="frame", how="inner").rename({"ours": "frame_id"}).drop("frame")


def _write_zero_points(db: Database, zero: pl.DataFrame, run_id: int) -> None:
    """Write zero points as the calibration of this import, and point the frames at it."""
    if not len(zero):
        return
    there = db.rows("SELECT cal_id FROM calibration WHERE run_id = $run_id", {"run_id": run_id}).rows
    now = datetime.now(UTC).replace(tzinfo=None)
    cal_id = int(there[0][0]) if there else db.next_id("calibration", "cal_id")
    if not there:
        settings = json.dumps({"method": "imported"})
        row = {"cal_id": cal_id, "run_id": run_id, "method": "imported", "settings": settings, "created": now}
        db.insert("calibration", [row | {"note": "magnitudes as they were imported"}])
    kept = [c for c in zero.columns if c in db.relation_columns("zeropoint")]
    with db.table("given_zeropoints", zero.select(kept).to_arrow()):
        db.job("import_zeropoints", cal_id=cal_id)
        db.job("import_point", cal_id=cal_id)
    db.insert(
        "activation", [{"cal_id": cal_id, "run_id": run_id, "activated": now, "n_frame": zero["frame_id"].n_unique()}]
    )


def _write_failed(db: Database, failed: list[tuple[Path, int, str, list[int]]], first: int, run_id: int) -> None:
    """Write a frame row with its reason for every file that is of no use, inside a transaction."""
    rows = [
        {
            "frame_id": first + i,
            "file_id": file_id,
            "hdu": 0,
            "path": str(path.absolute()),
            "run_id": run_id,
            "state": "failed",
            "reason": reason,
            "origin": "imported",
        }
        for i, (path, file_id, reason, _) in enumerate(failed)
    ]
    if not rows:
        return
    before = [i for *_, had in failed for i in had]
    if before:
        withdraw(db, before)
    with db.table("given_frames", frame_table(rows)):
        db.job("commit_frame")


def _calibrated(db: Database, frame_ids: list[int], given: Given) -> list[str]:
    """Find zero points of source tables, as an ingest does, in a run of its own."""
    with db.run("zeropoint", {"frames": "imported", **_said(given)}) as run_id:
        done = zeropoint.calibrate(db, frame_ids=frame_ids, run_id=run_id)
        db.finish_run(run_id, "done", done.line())
    return list(done.lines)


def _reasons(left_out: Counter[str]) -> str:
    """Return how many rows were left out, and why."""
    return ", ".join(f"{_count(n, 'row')} {reason}" for reason, n in left_out.most_common())


def _count(n: int, what: str) -> str:
    """Return ``1 file``, ``2 files``."""
    return f"{n} {what}{'' if n == 1 else 's'}"
