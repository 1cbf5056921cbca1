"""A store as a HATS collection, new or brought up to date.

The collection holds ``objects`` with nested light curves, ``sources`` (every detection that has a position), the
margins of both, an index of object numbers, the frames, and a manifest with a digest of what each file was made from.
Bringing a published collection up to date makes the same plan as a new export and keeps every file whose digest is the
same: the result is that of a new export. It is written beside its place and renamed, so that nobody sees half of it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import photdb
from photdb import progress
from photdb.errors import InputError, NotFoundError, PhotdbError, UsageError
from photdb.jobs.export_hats_manifest import LAYOUT, MANIFEST, MARGIN, ROWS, Choice, Exported, Manifest
from photdb.jobs.export_hats_margin import Margin, touching
from photdb.jobs.export_hats_plan import digest_of, plan
from photdb.jobs.export_hats_rows import Piece, pieces
from photdb.output import hats_columns, hats_table
from photdb.output.hats_table import HATS_VERSION, HEALPIX, PartitionFile, file_of
from photdb.output.sky_partitions import Partition, margin_order
from photdb.output.whole_folder import appearing, linked, recover
from photdb.store.answer import Answer, Column
from photdb.store.database import Database, statement

if TYPE_CHECKING:
    import pyarrow

__all__ = ["MANIFEST", "MARGIN", "ROWS", "Choice", "Exported", "append", "choice_of", "export"]

#: Points of a row group: what a reader of one star has to read.
_GROUP = 131_072
_INDEX = "objects_index_object_id"
_PARQUET = "FORMAT parquet, COMPRESSION zstd"
_POSITION = {"objects": ("ra", "dec"), "sources": ("ra", "dec")}
_DEFAULT = {
    "objects": "object_id name ra dec n_detections lightcurve",
    "sources": "object_id frame_id ra dec band mjd_mid mag mag_err mag_system flux flux_err flags",
}
_ABOUT = {
    "objects": "stars measured by photdb, each with its light curve",
    "sources": "every detection measured by photdb",
}


def export(
    db: Database,
    folder: Path,
    choice: Choice | None = None,
    *,
    objects: Sequence[int] | None = None,
    overwrite: bool = False,
) -> Exported:
    """Write a new collection.

    Parameters
    ----------
    db : Database
        The store, open for reading, with the calibration to use.
    folder : Path
        Of the collection; it appears whole or not at all.
    choice : Choice, optional
        What is exported.
    objects : sequence of int, optional
        Only these.
    overwrite : bool, default=False
        Replace what is there.

    Raises
    ------
    InputError
        If the folder exists, or cannot be written.
    NotFoundError
        If there is nothing to export.
    UsageError
        If partitions or margins cannot be so.
    """  # fmt: skip
    choice = _checked(choice or Choice())
    with appearing(folder, overwrite=overwrite) as new:
        found = _Export(db, new, folder, choice, objects, None)
        return found.write()


def append(db: Database, folder: Path, *, calibration: int | None = None) -> Exported:
    """Bring a published collection up to date: new nights, new zero points, objects merged or gone.

    Parameters
    ----------
    db : Database
        The store, open with the calibration of the collection (`calibration_of`).
    folder : Path
        Of the collection. It stays as it is until the new one is whole.
    calibration : int, optional
        The calibration that ``db`` was opened with.

    Raises
    ------
    InputError
        If there is no such collection, or it is of another store, schema or layout.
    UsageError
        If it holds only some objects, or another calibration.
    """
    recover(folder)
    old = Manifest.read(folder)
    _refuse_other(db, folder, old)
    if calibration != old.choice.calibration:
        has = old.choice.calibration
        raise UsageError(
            f"{folder}: holds calibration {has}" if has is not None else f"{folder}: follows the calibration in use",
            f"--as {has}" if has is not None else "leave --as away, or export it anew with --overwrite",
        )
    try:
        with appearing(folder, overwrite=True) as new:
            return _Export(db, new, folder, old.choice, None, old).write()
    except _UnchangedError as same:
        return same.exported


def choice_of(folder: Path) -> Choice:
    """Return what a collection holds.

    Raises
    ------
    InputError
        If it is none of photdb's.
    """
    recover(folder)
    return Manifest.read(folder).choice


def _checked(choice: Choice) -> Choice:
    """Refuse partitions that make no sense."""
    if choice.rows < 1000:
        raise UsageError(f"{choice.rows} rows a partition", "1000 at least; 1000000 is usual")
    if choice.margin_arcsec:
        margin_order(choice.margin_arcsec, [])
    return choice


def _refuse_other(db: Database, folder: Path, old: Manifest) -> None:
    """Refuse a collection that a store cannot bring up to date."""
    anew = f"export it anew: photdb export --format hats --output {folder} --overwrite"
    db.job("export_frames", band=None)
    here = db.query("export_provenance").dicts()[0]
    if old.store_id != here["store_id"]:
        raise InputError(f"{folder}: made from another store than {db.path}", f"give its store with --db, or {anew}")
    if (old.schema_version, old.layout) != (here["schema_version"], LAYOUT):
        raise InputError(
            f"{folder}: made with schema {old.schema_version} and layout {old.layout}, the store has schema "
            f"{here['schema_version']} and this photdb writes layout {LAYOUT}",
            anew,
        )
    if old.choice.selected:
        raise UsageError(f"{folder}: holds only {old.choice.selected}", anew)


class _UnchangedError(Exception):
    """A collection is as a new export would be: it is left alone."""

    def __init__(self, exported: Exported) -> None:
        super().__init__("unchanged")
        self.exported = exported


class _Export:
    """One export while it is written."""

    def __init__(
        self, db: Database, new: Path, folder: Path, choice: Choice, objects: Sequence[int] | None, old: Manifest | None
    ) -> None:
        self.db, self.new, self.folder, self.choice, self.objects, self.old = db, new, folder, choice, objects, old
        self.margin_digests: dict[str, dict[Partition, str]] = {}
        self._outs: list[PartitionFile] = []

    def write(self) -> Exported:
        """Write all of it."""
        self.plan = plan(self.db, objects=self.objects, band=self.choice.band, rows=self.choice.rows)
        if not self.plan.partitions:
            raise NotFoundError("nothing to export: no detection has a position", "`photdb status` says what there is")
        facts = self.db.query("export_provenance").dicts()[0]
        self.manifest = Manifest(facts["store_id"], facts["schema_version"], LAYOUT, self.choice, facts)
        margins = self._margins()
        n_written = self._write_partitions(margins)
        self._write_margins(margins)
        self._prove()
        if self.manifest == self.old:
            raise _UnchangedError(self._exported(n_written))
        for table in ("objects", "sources"):
            self._describe(table, facts)
        self._write_index(facts)
        self._write_frames()
        self._write_tables()
        self._write_collection(facts)
        self.manifest.write(self.new)
        return self._exported(n_written)

    def _exported(self, n_written: int) -> Exported:
        """Return what was written."""
        rows = self._rows
        return Exported(
            rows("objects"), rows("objects", "points"), rows("sources"), self.plan.n_orphan, self.plan.n_unplaced,
            len(self.plan.partitions), n_written,
        )  # fmt: skip

    # What is kept

    def _kept(self, table: str, place: str, digest: str) -> dict[str, Any] | None:
        """Return what the manifest says of a partition that is as it was, or None."""
        entry = self.old.files.get(table, {}).get(place) if self.old is not None else None
        if entry is None or entry["digest"] != digest:
            return None
        return entry

    def _keep(self, table: str, partition: Partition, entry: dict[str, Any]) -> None:
        """Take a partition of the old collection over."""
        self.manifest.files.setdefault(table, {})[str(partition)] = entry
        if entry["rows"]:
            linked(file_of(self.folder / table, partition), file_of(self.new / table, partition))

    # Partitions

    def _write_partitions(self, margins: dict[str, Margin]) -> int:
        """Write or keep every partition of both tables; return how many were written."""
        n_written = 0
        with self._letting_go(), _behind() as later:
            for partition in progress.track(self.plan.partitions, "partitions"):
                digest = {t: self.plan.digest(t, partition) for t in ("objects", "sources")}
                kept = {t: self._kept(t, str(partition), digest[t]) for t in digest}
                for table, entry in kept.items():
                    if entry is not None:
                        self._keep(table, partition, entry)
                        later(self._put_kept, table, partition, margins)
                if None in kept.values():
                    n_written += 1
                    self._write_partition(partition, digest, [t for t, e in kept.items() if e is None], margins, later)
        return n_written

    def _write_partition(
        self,
        partition: Partition,
        digest: dict[str, str],
        tables: list[str],
        margins: dict[str, Margin],
        later: Callable[..., None],
    ) -> None:
        """Write one partition of the tables that changed."""  # fmt: skip
        n_point = 0
        outs = {t: PartitionFile(file_of(self.new / t, partition), rows=_GROUP) for t in tables}
        self._outs = [*self._outs[-4:], *outs.values()]  # the last ones may still be open, one piece behind
        for piece in pieces(self.db, self.plan, partition, orphans=self.objects is None):
            n_point += piece.n_point
            found = {"objects": piece.objects, "sources": piece.sources}
            if "objects" in outs:
                outs["objects"].rows = _group(piece)
            later(self._put_written, {t: (outs[t], found[t]) for t in tables}, margins)
        later(self._finish, partition, outs, digest, n_point)

    @contextmanager
    def _letting_go(self) -> Iterator[None]:
        """Let go of the files that an error leaves open."""
        try:
            yield
        except BaseException:
            for out in self._outs:
                out.abandon()
            raise

    def _put_written(self, found: dict[str, tuple[PartitionFile, pyarrow.Table]], margins: dict[str, Margin]) -> None:
        """Append a piece to its files, and put aside what of it belongs to margins."""
        for table, (out, rows) in found.items():
            out.write(rows)
            if table in margins:
                margins[table].put(rows)

    def _finish(
        self, partition: Partition, outs: dict[str, PartitionFile], digest: dict[str, str], n_point: int
    ) -> None:
        """Close the files of a partition and write them down."""
        for table, out in outs.items():
            out.finish()
            entry: dict[str, Any] = {"digest": digest[table], "rows": out.n_row}
            if table == "objects":
                entry["points"] = n_point
            self.manifest.files.setdefault(table, {})[str(partition)] = entry

    def _put_kept(self, table: str, partition: Partition, margins: dict[str, Margin]) -> None:
        """Put aside what of a kept partition belongs to margins that are made anew."""
        import pyarrow.parquet as pq

        file = file_of(self.new / table, partition)
        if not file.exists():
            return
        margin = margins.get(table)
        if margin is None or not margin.wanted.intersection(margin.cover.neighbours(partition)):
            return
        opened = pq.ParquetFile(file)
        for group in range(opened.num_row_groups):
            margin.put(opened.read_row_group(group))

    # Margins

    @cached_property
    def _margin_order(self) -> int:
        return margin_order(self.choice.margin_arcsec, self.plan.partitions)

    def _margin_name(self, table: str) -> str:
        return f"{table}_margin_{self.choice.margin_arcsec:g}arcs"

    def _margins(self) -> dict[str, Margin]:
        """Keep the margins that are as they were; return what makes the others."""
        if not self.choice.margin_arcsec:
            return {}
        cover, order = self.plan.cover, self._margin_order
        near = touching(cover)
        found = {}
        for table in ("objects", "sources"):
            name, wanted = self._margin_name(table), set()
            of = {p: self.plan.digest(table, p) for p in cover.partitions}
            for region, partitions in near.items():
                partition = cover.regions[region]
                digest = digest_of([str(partition), order, *(of[p] for p in partitions)])
                self.margin_digests.setdefault(name, {})[partition] = digest
                entry = self._kept(name, str(partition), digest)
                if entry is None:
                    wanted.add(region)
                else:
                    self._keep(name, partition, entry)
            found[table] = Margin(self.new / ".margin" / table, cover, order, wanted)
        return found

    def _write_margins(self, margins: dict[str, Margin]) -> None:
        """Write the margins that were put aside."""
        for table, margin in margins.items():
            name = self._margin_name(table)
            rows = margin.write(self.new / name, rows=_GROUP if table == "sources" else 10_000)
            entries = self.manifest.files.setdefault(name, {})
            for region in margin.wanted:
                partition = margin.cover.regions[region]
                entries[str(partition)] = {
                    "digest": self.margin_digests[name][partition], "rows": rows.get(partition, 0)
                }  # fmt: skip
        shutil.rmtree(self.new / ".margin", ignore_errors=True)

    # What stands beside

    def _rows(self, table: str, what: str = "rows") -> int:
        return sum(e[what] for e in self.manifest.files.get(table, {}).values())

    def _prove(self) -> None:
        """Every detection that was counted must be in the files."""
        found = (self._rows("objects", "points"), self._rows("sources"))
        wanted = (self.plan.points.total, self.plan.sources.total)
        if found != wanted:
            raise PhotdbError(
                f"{found[0]} of {wanted[0]} points and {found[1]} of {wanted[1]} sources are in the files: nothing was "
                "published",
                "this is a bug: please report it; `photdb check` says whether the store is sound",
            )

    def _with_rows(self, table: str) -> list[Partition]:
        """Return the partitions of a table that have rows."""
        found = (Partition(*map(int, k.split("/"))) for k, e in self.manifest.files.get(table, {}).items() if e["rows"])
        return sorted(found, key=lambda p: p.lo)

    @cached_property
    def _columns(self) -> list[Column]:
        """Units and meanings of all columns, those of light curves last to say what counts."""
        views = ("frame", "zeropoint", "object", "detection", "lightcurve")
        return [c for v in views for c in Answer(self.db, f"SELECT * FROM {v}", name=v).explained]

    def _describe(self, table: str, facts: dict[str, Any]) -> None:
        """Write what stands beside the partitions of a table and of its margin."""
        import pyarrow.parquet as pq

        schema = pq.read_schema(file_of(self.new / table, self._with_rows(table)[0]))
        votable = hats_columns.votable(table, _ABOUT[table], schema, self._columns)
        counted = self.plan.sources if table == "sources" else self.plan.objects
        properties = self._properties(table, facts) | {
            "dataproduct_type": "object" if table == "objects" else "source",
            "hats_cols_default": _DEFAULT[table],
            "hats_col_ra": _POSITION[table][0], "hats_col_dec": _POSITION[table][1],
            "hats_col_healpix": HEALPIX, "hats_col_healpix_order": 29, "hats_cols_sort": HEALPIX,
            "hats_max_rows": self.choice.rows, "hats_npix_suffix": ".parquet",
        }  # fmt: skip
        hats_table.describe(
            self.new / table, self._with_rows(table), schema, votable, properties,
            skymap=(counted.cells, counted.rows),
        )  # fmt: skip
        if self.choice.margin_arcsec:
            name = self._margin_name(table)
            more = {
                "obs_collection": self._name(name), "dataproduct_type": "margin", "hats_nrows": self._rows(name),
                "hats_primary_table_url": table, "hats_margin_threshold": self.choice.margin_arcsec,
            }  # fmt: skip
            hats_table.describe(self.new / name, self._with_rows(name), schema, votable, properties | more)

    def _name(self, table: str) -> str:
        return f"{self.folder.absolute().name.removesuffix('.hats')}_{table}"

    def _properties(self, table: str, facts: dict[str, Any]) -> dict[str, object]:
        """Return what every table says of itself."""
        bands = facts["mag_systems"] or ""
        return {
            "obs_collection": self._name(table),
            "obs_title": f"{self._name(table)}: {_ABOUT.get(table, table)}",
            "obs_description": f"{_about_magnitudes(bands)} Detections without an object: {self.plan.n_orphan}; "
            f"without a position, and not here: {self.plan.n_unplaced}.",
            "hats_nrows": self._rows(table),
            "t_min": facts["first_mjd"], "t_max": facts["last_mjd"],
            "prov_progenitor": f"photdb store {facts['store_id']}",
            "hats_builder": f"photdb v{photdb.__version__}",
            "hats_creation_date": hats_table.created(),
            "hats_release_date": "2025-08-22",
            "hats_version": HATS_VERSION,
            "photdb_version": photdb.__version__,
            "photdb_schema_version": facts["schema_version"],
            "photdb_store": facts["store_id"],
            "photdb_run": facts["run_id"],
            "photdb_calibrations": facts["calibrations"] or "none",
            "photdb_mag_systems": bands,
            "photdb_frames": facts["n_frame"],
            "photdb_frames_sha256": facts["frames_sha256"],
            "photdb_points": self._rows("objects", "points"),
            "photdb_orphans": self.plan.n_orphan,
            "photdb_unplaced": self.plan.n_unplaced,
            "photdb_selection": "; ".join(
                filter(None, (self.choice.selected, f"band {self.choice.band}" if self.choice.band else None))
            ) or "everything",
        }  # fmt: skip

    def _write_index(self, facts: dict[str, Any]) -> None:
        """Write which partition holds which object."""
        import pyarrow.parquet as pq

        files = [str(file_of(self.new / "objects", p)) for p in self._with_rows("objects")]
        place = self.new / _INDEX / "dataset" / "index"
        place.mkdir(parents=True)
        sql = statement("jobs", "export_index")
        out = place / "part.0.parquet"
        self.db.copy(sql, {"files": files}, out, "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880")
        hats_table.write_metadata(self.new / _INDEX, [out], pq.read_schema(out), "")
        properties = self._properties("objects", facts) | {
            "obs_collection": self._name("index_object_id"), "dataproduct_type": "index",
            "hats_primary_table_url": "objects", "hats_index_column": "object_id",
        }  # fmt: skip
        hats_table.write_table_properties(self.new / _INDEX, properties)

    def _write_frames(self) -> None:
        """Write the frames, whose sources the collection holds."""
        sql = statement("queries", "export_frames_used")
        self.db.copy(sql, None, self.new / "frames.parquet", _PARQUET)

    def _write_tables(self) -> None:
        """Write what else a store is made of, as it is, where everything is exported: the way back (docs/guides)."""
        if self.objects is not None or self.choice.band is not None:
            return
        folder = self.new / "tables"
        folder.mkdir()
        for (table,) in self.db.query("export_tables").rows:
            self.db.copy(f"SELECT * FROM {table}", None, folder / f"{table}.parquet", _PARQUET)
        self.db.copy(statement("queries", "export_unplaced"), None, folder / "detection_hot.parquet", _PARQUET)

    def _write_collection(self, facts: dict[str, Any]) -> None:
        """Write what makes the tables one collection."""
        margin = self._margin_name("objects") if self.choice.margin_arcsec else None
        properties = {
            **{k: v for k, v in self._properties("objects", facts).items() if not k.startswith("hats_nrows")},
            "obs_collection": self.folder.absolute().name,
            "hats_primary_table_url": "objects",
            "all_margins": margin,
            "default_margin": margin,
            "all_indexes": f"object_id {_INDEX}",
            "default_index": "object_id",
            "photdb_sources": "sources",
            "photdb_sources_margin": self._margin_name("sources") if margin else None,
        }
        hats_table.write_properties(self.new / "collection.properties", "HATS Collection", properties)


def _about_magnitudes(bands: str) -> str:
    """Say what the magnitudes are, and what they are not."""
    low = [b for b in bands.split() if b.endswith((":relative", ":instrumental"))]
    said = f"Magnitudes by band and system (column mag_system): {', '.join(bands.split()) or 'none'}."
    return f"{said} Not calibrated to any catalogue: {', '.join(low)}." if low else said


def _group(piece: Piece) -> int:
    """Return how many objects make a row group of about so many points."""
    return max(int(_GROUP * max(piece.objects.num_rows, 1) / max(piece.n_point, 1)), 1)


@contextmanager
def _behind() -> Iterator[Callable[..., None]]:
    """Yield what runs work in a second thread, in order, at most one piece behind: writing waits for no reading."""
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(1))
        pending: list[Future[None]] = []

        def later(work: Callable[..., None], *given: Any) -> None:
            pending.append(pool.submit(work, *given))
            while len(pending) > 2:
                pending.pop(0).result()

        yield later
        for future in pending:
            future.result()
