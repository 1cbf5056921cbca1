"""Tables of stars from files as VizieR, TOPCAT and astroquery write them: CSV, TSV, ECSV, VOTable, FITS, Parquet."""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from photdb.errors import InputError

if TYPE_CHECKING:
    import polars as pl

_VOTABLE = {".vot", ".votable", ".xml"}
_FITS = {".fits", ".fit", ".fts"}
_SEPARATORS = ",\t;|"


@dataclass(frozen=True, slots=True)
class FileTable:
    """A file's table: missing values are nulls; `units` of columns where the file says them; what was left out."""

    table: pl.DataFrame
    units: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_table(path: Path) -> pl.DataFrame:
    """Return a file's table, missing values as nulls (errors of `read_file`)."""
    return read_file(path).table


def read_file(path: Path) -> FileTable:
    """Return a file's table, with what the file says about its units.

    Raises
    ------
    InputError
        If there is no such file, it cannot be read as its kind, or it has no rows.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file", "give a CSV, VOTable, FITS or Parquet table of stars")
    try:
        found = _read(path)
    except Exception as error:  # whatever a library thinks of a damaged file
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(
            f"{path}: not a table that can be read: {reason}", "is the download complete? CSV, VOTable, FITS, Parquet"
        ) from error
    if not found.table.height:
        raise InputError(f"{path}: no rows", "an empty answer of a service may be an error of it: ask again")
    return found


def _read(path: Path) -> FileTable:
    """Read by the first bytes, else by the ending."""
    import polars as pl

    with path.open("rb") as file:
        head = file.read(2048)
    ending = path.suffix.lower()
    if not head:
        raise ValueError("empty")
    if head.startswith(b"PAR1"):
        return FileTable(pl.read_parquet(path))
    if head.startswith(b"SIMPLE") or ending in _FITS:
        return _astropy(path, format="fits", hdu=1)
    if b"<VOTABLE" in head.upper() or b":VOTABLE" in head.upper() or ending in _VOTABLE:
        return votable(path.read_bytes())
    page = re.search(rb"<\s*(?:!doctype\s+html|html|head|body)\b", head, re.IGNORECASE)
    if page:
        title = re.search(rb"<title>([^<]{1,80})", head, re.IGNORECASE)
        called = f" ({title[1].decode('utf-8', 'replace').strip()})" if title else ""
        raise ValueError(f"a web page{called}, not a table")
    if head.startswith(b"# %ECSV"):
        return _astropy(path, format="ascii.ecsv")
    return _text(path)


def votable(content: bytes) -> FileTable:
    """Return the first table of a VOTable.

    Raises
    ------
    ValueError
        If the document has no end, as after a broken transfer, or has no table.
    """
    import io

    if not re.search(rb"</(?:\w+:)?VOTABLE\s*>\s*$", content[-200:], re.IGNORECASE):
        raise ValueError(f"the VOTable has no end: {len(content)} bytes of it are there")
    # names, not the IDs that are made of them: g'mag
    return _astropy(io.BytesIO(content), format="votable", table_id=0, use_names_over_ids=True)


def _astropy(source: Path | BinaryIO, **how: Any) -> FileTable:
    """Read with astropy; its warnings are about units and standards that do not matter here."""
    import numpy as np
    import polars as pl
    from astropy.table import Table

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message=".*truncated.*")
        table = Table.read(source, **how)
    columns, units = {}, {}
    for name in table.colnames:
        values, mask = np.ma.getdata(table[name]), np.ma.getmaskarray(np.ma.asarray(table[name]))
        if values.ndim != 1:
            continue
        if values.dtype.kind == "S":
            values = np.char.decode(values, "utf-8", "replace")
        native = values.astype(values.dtype.newbyteorder("=")) if values.dtype.kind in "iuf" else values
        series = pl.Series(name, native.tolist() if native.dtype.kind in "OU" else native, strict=False)
        columns[name] = series.zip_with(pl.Series(~mask), pl.Series(name, [None] * len(mask), dtype=series.dtype))
        if table[name].unit is not None:
            units[name] = str(table[name].unit)
    return FileTable(pl.DataFrame(columns), units)


def _text(path: Path) -> FileTable:
    """Read CSV, or VizieR's TSV with its lines of units and dashes."""
    import polars as pl

    content = path.read_bytes()
    head = [line.decode("utf-8-sig") for line in content[:1_000_000].splitlines(keepends=True)[:2000]]
    lines = [i for i, line in enumerate(head) if line.strip() and not line.startswith("#")]
    if not lines:
        raise ValueError("no text but comments")
    first = head[lines[0]]
    separator = max(_SEPARATORS, key=first.count)
    names = [name.strip() for name in next(csv.reader([first], delimiter=separator))]
    if len(names) < 2:
        raise ValueError("its first line does not name columns (separated by comma, tab, semicolon or bar)")
    dashes = next((i for i in lines[1:4] if set(head[i].strip()) <= set("-" + separator + " ")), None)
    units = next(csv.reader([head[dashes - 1]], delimiter=separator)) if dashes and dashes - 1 in lines[1:] else []
    body, notes = _whole_lines(
        b"".join(content.splitlines(keepends=True)[(lines[0] if dashes is None else dashes) + 1 :]), separator, names
    )
    if not body.strip():
        return FileTable(pl.DataFrame(schema=names), notes=notes)
    table = pl.read_csv(
        body,
        separator=separator,
        comment_prefix="#",
        has_header=False,
        infer_schema_length=None,
        null_values=["", "nan", "NaN", "null", "NULL", "--"],
    )
    if table.width != len(names):
        raise ValueError(f"{len(names)} columns are named, {table.width} are there")
    table.columns = names
    strings = [name for name, kind in table.schema.items() if kind == pl.String]
    stripped = table.with_columns(pl.col(name).str.strip_chars() for name in strings)
    numbers = stripped.with_columns(_as_number(stripped[name]) for name in strings)
    said = {name: unit.strip() for name, unit in zip(names, units, strict=False) if unit.strip()}
    return FileTable(numbers, said, notes)


def _whole_lines(body: bytes, separator: str, names: list[str]) -> tuple[bytes, tuple[str, ...]]:
    """Return the lines without a last one that was cut short, and say so."""
    text = body.rstrip(b" \t") if separator != "\t" else body
    if not text.strip() or text.endswith((b"\n", b"\r")):
        return body, ()
    start = max(text.rfind(b"\n"), text.rfind(b"\r")) + 1
    last = text[start:]
    n_fields = len(next(csv.reader([last.decode("utf-8", "replace")], delimiter=separator), []))
    if n_fields < len(names) and start and not last.startswith(b"#"):
        return body[:start], (f"the last line is cut short ({n_fields} of {len(names)} columns): left out",)
    return body, ()


def _as_number(series: pl.Series) -> pl.Series:
    """Return a column of padded numbers as numbers, any other as it is."""
    import polars as pl

    emptied = series.replace("", None)
    number = emptied.cast(pl.Float64, strict=False)
    return number if number.null_count() == emptied.null_count() and number.null_count() < len(number) else emptied
