"""One SELECT and its answer: its columns with units, its rows piece by piece or written to a file.

Text is made by duckdb itself, so that a number looks the same in every text format, on a screen and in a file: floats
with the fewest digits that read back as the same float, times in days with nine decimals.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from photdb.errors import InputError, PhotdbError, UsageError
from photdb.store.database import Database
from photdb.store.opening import damage_told

if TYPE_CHECKING:
    import pyarrow

#: Columns that name something: JSON readers that keep numbers as doubles would change them beyond 2^53.
_NAMES_OF_THINGS = re.compile(r"(.*_)?(object_id|source_id)|skey|hpx|cell|npix")
_DAYS = {"bjd_tdb", "jd_tdb"}
_UNITS = {
    "deg", "rad", "arcsec", "mas/yr", "arcsec/px", "px", "d", "s", "m", "mag", "mJy", "ADU", "ADU/s", "ADU/px",
    "e-", "e-/ADU", "light-days", "bytes", "ns",
}  # fmt: skip
_MEANT = re.compile(r"(Did you mean .*?|Candidate bindings: .*?)(?=\n\n|$)", re.DOTALL)
_DESCRIBE = "DESCRIBE "


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an answer: its name, duckdb type, unit (empty: none) and meaning."""

    name: str
    kind: str
    unit: str = ""
    meaning: str = ""

    @property
    def is_text(self) -> bool:
        """Whether its values are words or dates."""
        return not self.is_list and self.kind.startswith(
            ("VARCHAR", "DATE", "TIME", "INTERVAL", "UUID", "BLOB", "ENUM")
        )

    @property
    def is_list(self) -> bool:
        """Whether its values are lists."""
        return self.kind.endswith("]")

    @property
    def is_float(self) -> bool:
        """Whether its values are floating-point numbers."""
        return self.kind in ("FLOAT", "DOUBLE")

    @property
    def is_integer(self) -> bool:
        """Whether its values are whole numbers."""
        return self.kind.removeprefix("U") in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")


@dataclass(frozen=True)
class Answer:
    """A SELECT that is ready to be asked.

    Parameters
    ----------
    database : Database
        Where to ask.
    sql : str
        One SELECT.
    parameters : mapping
        Values of its ``$parameters``.
    name : str
        What the rows are: ``lightcurve``, ``frame`` ... Tables get it as their name, and columns their units from
        the comments on the columns of the view or table of that name.
    meanings : mapping
        Unit and meaning of columns that no view or table has.
    """

    database: Database
    sql: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    name: str = "answer"
    meanings: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The names and types of the columns, found without running the statement."""
        described = self._stream(f"{_DESCRIBE}{_bare(self.sql)}", 1000)
        return tuple(Column(name, kind) for name, kind, *_ in described)

    @cached_property
    def explained(self) -> tuple[Column, ...]:
        """The columns with their units and meanings."""
        meanings = {**_comments(self.database, self.name), **self.meanings}
        return tuple(Column(c.name, c.kind, *meanings.get(c.name, ("", ""))) for c in self.columns)

    def rows(self, *, size: int = 2000) -> Iterator[tuple[Any, ...]]:
        """Yield the rows as Python values; whole results are never held."""
        return self._stream(_bare(self.sql), size)

    def batches(self, *, size: int = 50_000) -> Iterator[pyarrow.RecordBatch]:
        """Yield the rows as Arrow batches; whole results are never held."""
        _ = self.columns  # describing says where in the line a mistake is
        with readable(self.database), self.database.batches(_bare(self.sql), self.parameters, size=size) as reader:
            yield from reader

    def texts(self, *, size: int = 2000) -> Iterator[tuple[str | None, ...]]:
        """Yield the rows as text, None for NULL."""
        return self._stream(self._selected(_as_text), size)

    def jsons(self, *, size: int = 2000) -> Iterator[str]:
        """Yield each row as a JSON object; ids are strings, NaN and infinity are null."""
        inner = self._selected(_as_json)
        return (
            row[0] for row in self._stream(f"SELECT CAST(to_json(answer) AS VARCHAR) FROM ({inner}) AS answer", size)
        )

    def arrow(self) -> pyarrow.Table:
        """Return all rows as an Arrow table."""
        _ = self.columns  # describing says where in the line a mistake is
        with readable(self.database):
            relation = self.database._con.sql(_bare(self.sql), params=dict(self.parameters) or None)
            return relation.to_arrow_table()

    def count(self) -> int:
        """Return the number of rows."""
        (row,) = self._stream(f"SELECT count(*) FROM ({_bare(self.sql)}) AS answer", 1)
        return int(row[0])

    def copy_csv(self, path: Path) -> int:
        """Write a CSV file; return the number of rows."""
        with readable(self.database):
            return self.database.copy(self._selected(_as_text), self.parameters, path, "FORMAT csv, HEADER")

    def copy_json(self, path: Path) -> int:
        """Write a JSON file, an array of one object a row; return the number of rows."""
        with readable(self.database):
            return self.database.copy(self._selected(_as_json), self.parameters, path, "FORMAT json, ARRAY true")

    def copy_parquet(self, path: Path) -> int:
        """Write a Parquet file; return the number of rows."""
        with readable(self.database):
            return self.database.copy(_bare(self.sql), self.parameters, path, "FORMAT parquet, COMPRESSION zstd")

    def longest(self, names: list[str]) -> dict[str, int]:
        """Return the length of the longest text (UTF-8 bytes) or list of columns, at least 1.

        A list of texts is as long as they are together, with ``; `` between them.
        """
        if not names:
            return {}
        kinds = {c.name: c for c in self.columns}
        terms = [_length(kinds[name]) for name in names]
        (row,) = self._stream(f"SELECT {', '.join(terms)} FROM ({_bare(self.sql)}) AS answer", 1)
        return {name: max(int(value or 0), 1) for name, value in zip(names, row, strict=True)}

    def only(self, names: list[str]) -> Answer:
        """Return the answer with some of its columns, in the order asked for.

        Raises
        ------
        UsageError
            If there is no such column.
        """
        known = [c.name for c in self.columns]
        for name in names:
            if name not in known:
                raise UsageError(f"no column {name!r}", f"there are {', '.join(known)}")
        chosen = ", ".join(_quoted(name) for name in names)
        return Answer(
            self.database,
            f"SELECT {chosen} FROM ({_bare(self.sql)}) AS answer",
            self.parameters,
            self.name,
            self.meanings,
        )

    def _selected(self, expression: Callable[[Column, str], str]) -> str:
        """Return the statement with every column written as another one of the same name."""
        places = [f"c{i}" for i in range(len(self.columns))]  # names may come twice in a user's SQL
        columns = (f"{expression(c, p)} AS {_quoted(c.name)}" for c, p in zip(self.columns, places, strict=True))
        return f"SELECT {', '.join(columns)} FROM ({_bare(self.sql)}) AS answer({', '.join(places)})"

    def _stream(self, sql: str, size: int) -> Iterator[tuple[Any, ...]]:
        """Yield rows as they are found."""
        with readable(self.database):
            result = self.database._con.execute(sql, dict(self.parameters) or None)
            while rows := result.fetchmany(size):
                yield from rows


def select(database: Database, sql: str, parameters: Mapping[str, Any] | None = None) -> Answer:
    """Return the answer to a user's own SQL.

    Raises
    ------
    UsageError
        If it is not exactly one SELECT (or DESCRIBE, SHOW, SUMMARIZE): what is asked must change nothing.
    """
    with readable(database):
        statements = database._con.extract_statements(sql)
    if not statements:
        raise UsageError("SQL: there is no statement", 'write one: photdb sql "SELECT count(*) FROM detection"')
    if len(statements) > 1:
        raise UsageError(f"SQL: {len(statements)} statements", "ask one at a time")
    if statements[0].type != duckdb.StatementType.SELECT:
        raise UsageError(
            f"SQL: {statements[0].type.name} is not a SELECT",
            "a question changes nothing and writes no file; see `photdb export`",
        )
    return Answer(database, sql, parameters or {})


@contextmanager
def readable(database: Database) -> Iterator[None]:
    """Turn what duckdb says about a question into ours, with its own suggestion as the hint."""
    try:
        with damage_told(database.path):
            yield
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except duckdb.OutOfMemoryException as error:
        raise PhotdbError(f"out of memory: {_first(error)}", "ask for less at once") from error
    except duckdb.IOException as error:
        raise InputError(f"SQL: {_first(error)}") from error
    except (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException) as error:
        raise _suggested(f"SQL: {str(error).strip()}") from error
    except duckdb.Error as error:
        raise UsageError(f"SQL: {_first(error)}") from error


def _first(error: Exception) -> str:
    """Return what duckdb says, without the line of the statement, which is partly ours."""
    return str(error).strip().partition("\n\nLINE")[0]


def _suggested(text: str) -> UsageError:
    """Return an error whose hint is what duckdb thinks was meant, and that shows the user's own line."""
    place = re.compile(rf"(LINE 1: ){_DESCRIBE}(.*\n) {{{len(_DESCRIBE)}}}")
    text = place.sub(r"\1\2", text)
    found = _MEANT.search(text)
    if not found:
        return UsageError(text)
    hint = found[1][:1].lower() + " ".join(found[1][1:].split())
    return UsageError((text[: found.start()].rstrip() + text[found.end() :]).strip(), hint)


def _bare(sql: str) -> str:
    """Return a statement without its final semicolon; a comment in its last line must not swallow what follows."""
    return sql.rstrip().rstrip(";") + "\n"


def _quoted(name: str) -> str:
    """Return a column name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _length(column: Column) -> str:
    """Return the expression of the length of a column's longest value."""
    name = _quoted(column.name)
    if column.kind == "VARCHAR[]":
        return f"max(strlen(array_to_string({name}, '; ')))"
    return f"max(len({name}))" if column.is_list else f"max(strlen(CAST({name} AS VARCHAR)))"


def _as_text(column: Column, place: str) -> str:
    """Return the expression of a column's text."""
    if column.name in _DAYS and column.kind == "DOUBLE":
        return f"CAST(TRY_CAST({place} AS DECIMAL(18, 9)) AS VARCHAR)"
    if column.is_float:  # nan, never -nan
        return f"CASE WHEN isnan({place}) THEN 'nan' ELSE CAST({place} AS VARCHAR) END"
    return f"CAST({place} AS VARCHAR)"


def _as_json(column: Column, place: str) -> str:
    """Return the expression of a column's JSON value."""
    if column.name in _DAYS and column.kind == "DOUBLE":
        return f"CASE WHEN isfinite({place}) THEN round({place}, 9) END"
    if column.kind == "DOUBLE":
        return f"CASE WHEN isfinite({place}) THEN {place} END"
    if column.kind == "FLOAT":  # by way of text: 0.1, not 0.10000000149011612
        return f"CASE WHEN isfinite({place}) THEN CAST(CAST({place} AS VARCHAR) AS DOUBLE) END"
    if column.kind in ("FLOAT[]", "DOUBLE[]"):
        numbers = f"CAST(CAST({place} AS VARCHAR) AS DOUBLE[])"
        return f"list_transform({numbers}, lambda v: CASE WHEN isfinite(v) THEN v END)"
    if column.kind == "BIGINT" and _NAMES_OF_THINGS.fullmatch(column.name):
        return f"CAST({place} AS VARCHAR)"
    if column.kind in ("BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT"):
        text = f"to_json(CAST({place} AS VARCHAR))"
        return f"CASE WHEN abs({place}) <= 9007199254740992 THEN to_json({place}) ELSE {text} END"
    return place


def _comments(database: Database, name: str) -> dict[str, tuple[str, str]]:
    """Return unit and meaning of the columns of a table or view, from their comments."""
    found = database.rows(
        # the view detection shows the columns of detection_hot; rows of table forced are exported calibrated
        "SELECT column_name, comment FROM duckdb_columns() "
        "WHERE table_name IN ($name, $name || '_hot', $name || '_flux') AND comment IS NOT NULL",
        {"name": name},
    )
    return {column: _unit_and_meaning(comment) for column, comment in found.rows}


def _unit_and_meaning(comment: str) -> tuple[str, str]:
    """Split ``deg; ICRS, of the centre``, ``mag of 1 ADU/s`` and ``e-``; ``mag per mag`` is no unit of ours."""
    found = _UNIT.fullmatch(comment)
    return (found[1], found[2] or found[3] or comment) if found and found[1] in _UNITS else ("", comment)


_UNIT = re.compile(r"(\S+?)(?:; (.*)| ((?:of|at|in) .*))?", re.DOTALL)
