"""Open a store, run its SQL by name, write sets of rows.

This is the only package that imports duckdb, and it imports nothing heavy: a question from the command line
must start quickly.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from photdb.config import patience
from photdb.errors import InputError, NotFoundError, PhotdbError, UsageError
from photdb.resources import shipped
from photdb.store import migrations
from photdb.store.opening import connect, damage_told

if TYPE_CHECKING:
    import polars
    import pyarrow

#: Files are written so that duckdb 1.5.5 and later can open them.
STORAGE_VERSION = "v1.5.0"

_PARAMETER = re.compile(r"\$([a-z_][a-z0-9_]*)", re.IGNORECASE)
_COMMENT = re.compile(r"--[^\n]*")


@cache
def statement(folder: str, name: str) -> str:
    """Return the SQL of ``schema/<folder>/<name>.sql``."""
    return (shipped("schema") / folder / f"{name}.sql").read_text(encoding="utf-8")


@cache
def parameters_of(sql: str) -> frozenset[str]:
    """Return the names of the ``$parameters`` of a statement."""
    return frozenset(_PARAMETER.findall(_COMMENT.sub("", sql)))


@dataclass(frozen=True, slots=True)
class Rows:
    """An answer: column names and rows of Python values."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def dicts(self) -> list[dict[str, Any]]:
        """Return one dictionary a row."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)


class Database:
    """A store, open for reading (many at once, briefly) or for writing (one process).

    Use `Database.open` as a context manager. Parameters of a statement are given by keyword; those the
    statement does not name are an error of ours, so they are passed exactly.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path, *, read_only: bool) -> None:
        self._con = connection
        self.path = path
        self.read_only = read_only

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        read_only: bool = True,
        create: bool = False,
        memory_limit: str | None = None,
        threads: int | None = None,
        calibration: int | None = None,
        wait: float | None = None,
    ) -> Database:
        """Open the store.

        Parameters
        ----------
        path : path-like
            The file; ``quack:HOST`` or ``quack:HOST:PORT``, what `photdb serve` serves there; or ``:memory:`` (a new,
            empty store for tests).
        read_only : bool, default=True
            Readers never create or change a file.
        create : bool, default=False
            Make the store when there is none (only for writers).
        memory_limit : str, optional
            As duckdb writes it: ``2GB``.
        threads : int, optional
            Threads duckdb may use.
        calibration : int, optional
            See the zero points of this one instead of those in use: `use_calibration`.
        wait : float, optional
            How long to wait for a process that holds it, s; by default ``$PHOTDB_WAIT``, else 5.

        Raises
        ------
        NotFoundError
            If there is no such file and it is not to be made, no such server, or no such calibration.
        InputError
            If the file is not a store, or was written by a newer photdb.
        StoreLockedError
            If another process holds it.
        """
        wait = patience() if wait is None else wait
        if str(path).startswith("quack:"):
            from photdb.store.remote import open_remote

            return open_remote(str(path), read_only=read_only, calibration=calibration, wait=wait)
        in_memory = str(path) == ":memory:"
        path = Path(path)
        fresh = in_memory or not path.exists()
        if fresh and not in_memory:
            _refuse_missing(path, create=create and not read_only)
        config: dict[str, Any] = {"storage_compatibility_version": STORAGE_VERSION} if fresh else {}
        if memory_limit:
            config["memory_limit"] = memory_limit
        if threads:
            config["threads"] = threads
        connection = connect(path, read_only=read_only and not fresh, config=config, wait=wait)
        database = cls(connection, path, read_only=read_only)
        try:
            if fresh:
                migrations.create(connection)
            else:
                with damage_told(path):
                    migrations.check(connection, path, read_only=read_only)
            if calibration is not None:
                database.use_calibration(calibration)
        except BaseException:
            connection.close()
            raise
        return database

    def close(self) -> None:
        """Close the connection; a writer's changes are checkpointed into the file."""
        with self._complaints():
            self._con.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def files(self) -> Path:
        """The folder beside the store for master frames, staging and maps."""
        return self.path.with_name(f"{self.path.stem}.files")

    # Questions

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Rows:
        """Return the answer to a statement as Python values."""
        return self._execute(sql, parameters)

    def query(self, name: str, **parameters: Any) -> Rows:
        """Return the answer to ``schema/queries/<name>.sql``."""
        return self.rows(statement("queries", name), parameters)

    def one(self, sql: str, **parameters: Any) -> Any:
        """Return the single value that a statement answers, or None."""
        rows = self._execute(sql, parameters).rows
        return rows[0][0] if rows else None

    def polars(self, sql: str, parameters: Mapping[str, Any] | None = None) -> polars.DataFrame:
        """Return the answer to a statement as a polars table."""
        import polars as pl

        table = pl.from_arrow(self.arrow(sql, parameters))
        assert isinstance(table, pl.DataFrame)
        return table

    def arrow(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pyarrow.Table:
        """Return the answer to a statement as an Arrow table."""
        with self.batches(sql, parameters) as reader:
            return reader.read_all()

    def batches(
        self, sql: str, parameters: Mapping[str, Any] | None = None, *, size: int = 100_000
    ) -> pyarrow.RecordBatchReader:
        """Return the answer to a statement piece by piece, in bounded memory."""
        with self._complaints():
            relation = self._con.sql(sql, params=dict(parameters) if parameters else None)
            if relation is None:
                raise UsageError("SQL: the statement answers nothing")
            return relation.to_arrow_reader(size)

    def copy(self, sql: str, parameters: Mapping[str, Any] | None, path: Path, options: str) -> int:
        """Write the answer to a file by duckdb's own COPY; return the number of rows.

        ``options`` is one of our own constants (``FORMAT parquet, COMPRESSION zstd``), never a user's word.
        """
        target = str(path).replace("'", "''")
        rows = self._execute(f"COPY ({sql.rstrip().rstrip(';')}) TO '{target}' ({options})", parameters).rows
        return int(rows[0][0]) if rows else 0

    def relation_columns(self, name: str) -> dict[str, str]:
        """Return the columns of a table or view and their duckdb types; none where there is no such table."""
        try:
            found = self.rows("SELECT name, type FROM pragma_table_info($name) ORDER BY cid", {"name": name})
        except UsageError:
            return {}
        return {str(column): str(kind) for column, kind in found.rows}

    def audit(self) -> dict[str, Rows]:
        """Run every audit; return those that found bad rows."""
        names = sorted(Path(f.name).stem for f in (shipped("schema") / "audits").iterdir() if f.name.endswith(".sql"))
        found = {name: self.rows(statement("audits", name)) for name in names}
        return {name: rows for name, rows in found.items() if len(rows)}

    def audit_rows(self, name: str, n: int) -> list[dict[str, Any]]:
        """Return the first rows that one audit finds."""
        return self.rows(f"SELECT * FROM ({statement('audits', name).rstrip().rstrip(';')}) LIMIT {int(n)}").dicts()

    # Calibrations

    def calibrations(self) -> list[int]:
        """Return the numbers of the calibrations, the oldest first."""
        return [int(row[0]) for row in self.rows("SELECT cal_id FROM calibration ORDER BY cal_id").rows]

    def refuse_unknown_calibration(self, cal_id: int) -> None:
        """Raise NotFoundError, saying which there are, when there is no calibration of that number."""
        known = self.calibrations()
        if cal_id not in known:
            there = f"there are {', '.join(map(str, known))}" if known else "there are none yet: photdb zeropoint"
            raise NotFoundError(f"no calibration {cal_id}", f"{there}; `photdb zeropoint list` says more")

    def use_calibration(self, cal_id: int | None) -> None:
        """Let this connection see the zero points of one calibration instead of those in use; None: those in use.

        Sets the session variable that the view ``zeropoint_active`` reads. A frame that the calibration does not have
        is then without a zero point.

        Raises
        ------
        NotFoundError
            If there is no such calibration.
        """
        if cal_id is None:
            self.execute("RESET VARIABLE photdb_calibration")
            return
        self.refuse_unknown_calibration(cal_id)
        self.execute(f"SET VARIABLE photdb_calibration = {int(cal_id)}")

    # Writing

    def job(self, name: str, **parameters: Any) -> Rows:
        """Run ``schema/jobs/<name>.sql``."""
        return self.rows(statement("jobs", name), parameters)

    def execute(self, sql: str, **parameters: Any) -> None:
        """Run a statement that answers nothing."""
        self._execute(sql, parameters)

    def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append a few rows of Python values to a table; columns not named are NULL."""
        if not rows:
            return
        known = self.relation_columns(table)
        columns = list(rows[0])
        strange = [c for c in columns if c not in known]
        if strange:
            raise ValueError(f"table {table} has no column {strange[0]}")
        names = ", ".join(columns)
        marks = ", ".join(f"${c}" for c in columns)
        for row in rows:
            self._execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", row)

    @contextmanager
    def table(self, name: str, data: Any) -> Iterator[None]:
        """Let statements read an Arrow or polars table by a name."""
        self._con.register(name, data)
        try:
            yield
        finally:
            self._con.unregister(name)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing."""
        self._execute("BEGIN TRANSACTION", None)
        try:
            yield
        except BaseException:
            # The statement that failed may already have ended the transaction.
            with suppress_duckdb():
                self._con.execute("ROLLBACK").fetchall()
            raise
        self._execute("COMMIT", None)

    def checkpoint(self) -> None:
        """Write what was committed from the log into the file."""
        self._execute("CHECKPOINT", None)

    def next_id(self, table: str, column: str) -> int:
        """Return the next number of a counted column (one writer, so no race), above all that were retired."""
        if column not in self.relation_columns(table):
            raise ValueError(f"table {table} has no column {column}")
        retired = self.one("SELECT value FROM meta WHERE key = $key", key=_retired(table, column))
        return max(int(self.one(f"SELECT coalesce(max({column}), 0) FROM {table}")), int(retired or 0)) + 1

    def retire_id(self, table: str, column: str, number: int) -> None:
        """Never give a number of a counted column again, though its row goes."""
        key = _retired(table, column)
        before = self.one("SELECT value FROM meta WHERE key = $key", key=key)
        self.execute("DELETE FROM meta WHERE key = $key", key=key)
        self.insert("meta", [{"key": key, "value": str(max(number, int(before or 0)))}])

    def begin_run(self, command: str, parameters: Mapping[str, Any]) -> int:
        """Record that a run begins; return its run_id."""
        run_id = self.next_id("run", "run_id")
        self.insert(
            "run",
            [
                {
                    "run_id": run_id,
                    "command": command,
                    "parameters": json.dumps(parameters, default=str, sort_keys=True),
                    "version": _versions(),
                    "started": _now(),
                    "state": "running",
                }
            ],
        )
        return run_id

    @contextmanager
    def run(self, command: str, parameters: Mapping[str, Any]) -> Iterator[int]:
        """Record a run around a block of work; yield its run_id."""
        run_id = self.begin_run(command, parameters)
        try:
            yield run_id
        except KeyboardInterrupt:
            self.finish_run(run_id, "interrupted", "interrupted")
            raise
        except BaseException as error:
            self.finish_run(run_id, "failed", str(error)[:1000])
            raise
        if self.one("SELECT state FROM run WHERE run_id = $run_id", run_id=run_id) == "running":
            self.finish_run(run_id, "done", "")

    def finish_run(self, run_id: int, state: str, message: str) -> None:
        """Write how a run ended."""
        self._execute(
            "UPDATE run SET state = $state, message = $message, finished = $now WHERE run_id = $run_id",
            {"state": state, "message": message, "now": _now(), "run_id": run_id},
        )

    def _execute(self, sql: str, parameters: Mapping[str, Any] | None) -> Rows:
        """Run a statement and fetch all: duckdb 2 refuses other work while a result is unfinished."""
        with self._complaints():
            result = self._con.execute(sql, _quickly(sql, parameters) if parameters else None)
            columns = tuple(d[0] for d in result.description or ())
            return Rows(columns, result.fetchall() if columns else [])

    @contextmanager
    def _complaints(self) -> Iterator[None]:
        """Turn duckdb's errors that a user can act on into ours."""
        try:
            with damage_told(self.path):
                yield
        except (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException) as error:
            raise UsageError(f"SQL: {str(error).strip()}") from error
        except duckdb.ConversionException as error:
            raise UsageError(f"SQL: {str(error).strip()}") from error
        except duckdb.OutOfMemoryException as error:
            raise PhotdbError(f"out of memory: {str(error).strip()}", "ask for less at once") from error
        except (duckdb.IOException, duckdb.TransactionException, duckdb.FatalException) as error:
            if "no space left" in str(error).lower():
                raise InputError(
                    f"{self.path}: no space left on its disk; what was being written is not in the store",
                    "make room, then the same command again",
                ) from error
            raise InputError(f"{self.path}: {str(error).strip()}", "is the disk full, or the file damaged?") from error
        except duckdb.InvalidInputException as error:
            if self.read_only:
                raise UsageError(f"SQL: {str(error).strip()}", "the store is open for reading only") from error
            raise


_LONG = 100
_ALL_CAST = re.compile(r"\$([a-z_][a-z0-9_]*)(?!\w)(::(?:INTEGER|BIGINT)\[\])?", re.IGNORECASE)


def _quickly(sql: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters with long lists of numbers as text, where the statement casts them.

    duckdb 1.5 takes 70 us a number of a Python list, 7 s for 100 000 frames.
    """
    return {name: str(value) if _is_long(value) and name in _cast(sql) else value for name, value in parameters.items()}


def _is_long(value: Any) -> bool:
    """Whether a parameter is a long list of nothing but Python's whole numbers."""
    return isinstance(value, list) and len(value) > _LONG and all(type(v) is int for v in value)


@cache
def _cast(sql: str) -> frozenset[str]:
    """Return the parameters that a statement casts to a list of whole numbers wherever it names them."""
    found = _ALL_CAST.findall(_COMMENT.sub("", sql))
    return frozenset(name for name, _ in found) - frozenset(name for name, cast in found if not cast)


@contextmanager
def suppress_duckdb() -> Iterator[None]:
    """Let an error of duckdb pass."""
    try:
        yield
    except duckdb.Error:
        return


def _refuse_missing(path: Path, *, create: bool) -> None:
    """Say that there is no such store, or that its folder is missing."""
    if not create:
        raise NotFoundError(
            f"{path}: no such store",
            "make one with `photdb ingest FOLDER --db FILE`, or name yours with --db or $PHOTDB",
        )
    if not path.absolute().parent.is_dir():
        raise InputError(f"{path.absolute().parent}: no such folder", "make the folder of the store first")


def _retired(table: str, column: str) -> str:
    """Return the key of meta under which the highest number stands whose row is gone."""
    return f"retired_{table}_{column}"


def _now() -> datetime:
    """Return the time in UTC, as the store keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)


@cache
def _versions() -> str:
    """Return what measured: photdb and the libraries the numbers depend on."""
    parts = []
    for name in ("photdb", "duckdb", "sep", "astropy", "numpy"):
        try:
            parts.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            parts.append(f"{name} ?")
    return ", ".join(parts)
