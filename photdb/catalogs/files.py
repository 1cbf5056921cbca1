"""Tables of stars from files as VizieR, TOPCAT and astroquery write them: CSV, TSV, ECSV, VOTable, FITS, Parquet."""

from __future__ import annotations

import csv
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photdb.errors import InputError

if TYPE_CHECKING:
    import polars as pl

_VOTABLE = {".vot", ".votable", ".xml"}
_FITS = {".fits", ".fit", ".fts"}
_SEPARATORS = ",\t;|"


def read_table(path: Path) -> pl.DataFrame:
    """Return a file's table, missing values as nulls.

    Raises
    ------
    InputError
        If there is no such file, it cannot be read as its kind, or it has no rows.
    """
    import polars as pl

    if not path.is_file():
        raise InputError(f"{path}: no such file", "give a CSV, VOTable, FITS or Parquet table of stars")
    try:
        table = _read(path)
    except (
        OSError,
        ValueError,
        TypeError,
        IndexError,
        KeyError,
        UnicodeDecodeError,
        pl.exceptions.PolarsError,
    ) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(
            f"{path}: not a table that can be read: {reason}", "is the download complete? CSV, VOTable, FITS, Parquet"
        ) from error
    if not table.height:
        raise InputError(f"{path}: no rows", "an empty answer of a service may be an error of it: ask again")
    return table


def _read(path: Path) -> pl.DataFrame:
    """Read by the first bytes, else by the ending."""
    import polars as pl

    with path.open("rb") as file:
        head = file.read(512)
    ending = path.suffix.lower()
    if not head:
        raise ValueError("empty")
    if head.startswith(b"PAR1"):
        return pl.read_parquet(path)
    if head.startswith(b"SIMPLE") or ending in _FITS:
        return _astropy(path, format="fits", hdu=1)
    if b"<VOTABLE" in head.upper() or ending in _VOTABLE:
        return _astropy(path, format="votable")
    if head.startswith(b"# %ECSV"):
        return _astropy(path, format="ascii.ecsv")
    return _text(path)


def _astropy(path: Path, **how: Any) -> pl.DataFrame:
    """Read with astropy; its warnings are about units and standards that do not matter here."""
    import numpy as np
    import polars as pl
    from astropy.table import Table

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = Table.read(path, **how)
    columns = {}
    for name in table.colnames:
        values, mask = np.ma.getdata(table[name]), np.ma.getmaskarray(np.ma.asarray(table[name]))
        if values.ndim != 1:
            continue
        if values.dtype.kind == "S":
            values = np.char.decode(values, "utf-8", "replace")
        native = values.astype(values.dtype.newbyteorder("=")) if values.dtype.kind in "iuf" else values
        series = pl.Series(name, native.tolist() if native.dtype.kind in "OU" else native, strict=False)
        columns[name] = series.zip_with(pl.Series(~mask), pl.Series(name, [None] * len(mask), dtype=series.dtype))
    return pl.DataFrame(columns)


def _text(path: Path) -> pl.DataFrame:
    """Read CSV, or VizieR's TSV with its lines of units and dashes."""
    import polars as pl

    with path.open("rb") as file:
        head = [line.decode("utf-8-sig") for _, line in zip(range(2000), file, strict=False)]
    lines = [i for i, line in enumerate(head) if line.strip() and not line.startswith("#")]
    if not lines:
        raise ValueError("no text but comments")
    first = head[lines[0]]
    separator = max(_SEPARATORS, key=first.count)
    names = [name.strip() for name in next(csv.reader([first], delimiter=separator))]
    if len(names) < 2:
        raise ValueError("its first line does not name columns (separated by comma, tab, semicolon or bar)")
    last = next((i for i in lines[1:4] if set(head[i].strip()) <= set("-" + separator + " ")), lines[0])
    with path.open("rb") as file:
        for _ in range(last + 1):
            file.readline()
        body = file.read()
    if not body.strip():
        return pl.DataFrame(schema=names)
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
    return stripped.with_columns(_as_number(stripped[name]) for name in strings)


def _as_number(series: pl.Series) -> pl.Series:
    """Return a column of padded numbers as numbers, any other as it is."""
    import polars as pl

    emptied = series.replace("", None)
    number = emptied.cast(pl.Float64, strict=False)
    return number if number.null_count() == emptied.null_count() and number.null_count() < len(number) else emptied
