"""Read a table of anybody's: Parquet, text, VOTable, FITS (LDAC too), SQLite; what it is, its content says.

A table comes back as polars has it, with what the file says of all its rows beside it.
"""

from __future__ import annotations

import gzip
import io
import re
import sqlite3
import warnings
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photdb.errors import InputError
from photdb.ingest.frame_header import FrameHeader
from photdb.jobs.import_mapping import Mapping, TimeRule

if TYPE_CHECKING:
    import polars as pl

NULLS = ["", "na", "NA", "n/a", "N/A", "nan", "NaN", "NAN", "null", "NULL", "None", "--", "...", "\\N"]


@dataclass(slots=True)
class Sheet:
    """One table of a file.

    Attributes
    ----------
    rows
        The table, columns as the file calls them.
    header
        What the header of the image says, of an LDAC file.
    constants
        ``header.NAME`` -> value, the same for all rows.
    times
        What the file itself says of a column of times (VOTable's TIMESYS).
    units
        Units of columns as the file writes them.
    comments
        Comment lines of a text.
    tables
        Names of the tables (or HDUs) in the file.
    table
        The one that was read.
    """

    rows: pl.DataFrame
    header: FrameHeader | None = None
    constants: dict[str, Any] = field(default_factory=dict)
    times: dict[str, TimeRule] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)
    tables: tuple[str, ...] = ()
    table: str | None = None


def read(path: Path, mapping: Mapping | None = None) -> Sheet:
    """Read the table of a file.

    Parameters
    ----------
    path : Path
    mapping : Mapping, optional
        Which says of a text how it is separated and what its columns are called, of others which table is meant.

    Raises
    ------
    InputError
        If the file is empty, damaged, or holds no table.
    """
    try:
        with path.open("rb") as opened:
            begin = opened.read(600)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    if not begin:
        raise InputError(f"{path}: is empty")
    how = mapping.read if mapping is not None else {}
    try:
        if begin[:4] == b"PAR1":
            return _parquet(path)
        if begin[:9] == b"SIMPLE  =":
            return _fits(path, how.get("table"))
        if begin[:15] == b"SQLite format 3":
            return _sqlite(path, how.get("table"))
        if b"<VOTABLE" in begin or begin.lstrip()[:5] == b"<?xml":
            return _votable(path)
        if begin.lstrip()[:1] == b"[":
            return _json(path)
        data = gzip.decompress(path.read_bytes()) if begin[:2] == b"\x1f\x8b" else path.read_bytes()
        return _text(data, path, how.get("separator"), how.get("names"))
    except InputError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # the libraries raise whatever they like at a damaged file
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise InputError(f"{path}: cannot be read as a table: {said[0][:200]}", "is it whole?") from error


def _parquet(path: Path) -> Sheet:
    """Read a Parquet file."""
    import polars as pl

    return Sheet(pl.read_parquet(path))


def _json(path: Path) -> Sheet:
    """Read a JSON array of one object a row."""
    import polars as pl

    return Sheet(pl.read_json(path, infer_schema_length=None))


def _text(data: bytes, path: Path, separator: str | None, names: Sequence[str] | None) -> Sheet:
    """Read lines of text, any separator, the names in the first line or in a comment above it."""
    import polars as pl

    if b"\0" in data[:4096]:
        raise InputError(f"{path}: neither text nor a table that is known", "Parquet, CSV, VOTable, FITS or SQLite")
    lines = data.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    comments = [line for line in lines if line.startswith("#")]
    body = [line for line in lines if line.strip() and not line.startswith("#")]
    if not body:
        raise InputError(f"{path}: no row in it")
    separator = separator or _separator(body)
    if separator == " ":
        body = [",".join(line.split()) for line in body]
        separator = ","
    first = _cells(body[0], separator)
    if names is None and not _is_data(first):
        names, body = first, body[1:]
    elif names is None:
        names = _named_above(comments, len(first))
    names = _unique(list(names)[: len(first)] + [f"column_{i + 1}" for i in range(len(names), len(first))])
    if not body:
        raise InputError(f"{path}: only a line of names, no row")
    rows = pl.read_csv(
        io.BytesIO("\n".join(body).encode()),
        separator=separator,
        has_header=False,
        new_columns=names,
        infer_schema_length=None,
        null_values=NULLS,
        truncate_ragged_lines=True,
        ignore_errors=False,
    )
    return Sheet(rows, comments=comments)


def _separator(lines: Sequence[str]) -> str:
    """Return what stands between the columns: what is as often in every one of the first lines."""
    for mark in ",\t;|":
        counts = {len(_cells(line, mark)) for line in lines[:20]}
        if len(counts) == 1 and counts != {1}:
            return mark
    return " "


def _cells(line: str, separator: str) -> list[str]:
    """Return the cells of a line; a quoted one may hold the separator."""
    import csv

    if separator == " ":
        return line.split()
    return [cell.strip() for cell in next(csv.reader([line], delimiter=separator))]


def _is_data(cells: Sequence[str]) -> bool:
    """Whether a line is a row: a line of names has no number in it."""
    return any(_number(cell) for cell in cells)


def _number(cell: str) -> bool:
    """Whether a cell is a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return cell.lower() not in ("nan", "inf")


def _named_above(comments: Sequence[str], n: int) -> list[str]:
    """Return the names that the last fitting line of the comments gives, else numbers."""
    for line in reversed(comments):
        words = re.split(r"[,;\t|]\s*|\s+", line.lstrip("# ").strip())
        if len(words) == n and not _is_data(words):
            return words
    return [f"column_{i + 1}" for i in range(n)]


def _unique(names: Sequence[str]) -> list[str]:
    """Return names of which none comes twice."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return out


def _votable(path: Path) -> Sheet:
    """Read the first table of a VOTable, with what its TIMESYS say."""
    from astropy.io.votable import parse

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = parse(path)
        table = next((t for t in whole.iter_tables() if len(t.array)), None)
        if table is None:
            raise InputError(f"{path}: a VOTable without a row")
        systems = {t.ID: t for resource in whole.resources for t in resource.time_systems}
        times = {f.name: _time_of(systems[f.ref]) for f in table.fields if f.ref in systems}
        units = {f.name: str(f.unit) for f in table.fields if f.unit is not None}
        rows = _of_astropy(table.to_table(use_names_over_ids=True))
    return Sheet(rows, times=times, units=units, tables=(table.name or "",))


def _time_of(system: Any) -> TimeRule:
    """Return what a TIMESYS says."""
    origin = str(system.timeorigin)
    kind = {"MJD-origin": "mjd", "2400000.5": "mjd", "JD-origin": "jd", "0.0": "jd", "0": "jd"}.get(origin)
    scale = str(system.timescale).lower()
    place = {"BARYCENTER": "barycentre", "HELIOCENTER": "heliocentre"}.get(str(system.refposition), "observatory")
    return TimeRule(kind, scale if scale in ("utc", "tai", "tt", "tdb") else None, place)


def _fits(path: Path, wanted: str | None) -> Sheet:
    """Read a table of a FITS file: the one that is wanted, else LDAC's objects, else the first that has rows."""
    from astropy.io import fits
    from astropy.table import Table

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with fits.open(path, memmap=False) as hdus:
            names = tuple(hdu.name for hdu in hdus)
            tables = [i for i, hdu in enumerate(hdus) if isinstance(hdu, fits.BinTableHDU | fits.TableHDU)]
            wanted_ = [i for i in tables if names[i] in (wanted, "LDAC_OBJECTS")] or [
                i for i in tables if names[i] != "LDAC_IMHEAD" and len(hdus[i].data)
            ]
            if not wanted_:
                what = "no row in its tables" if tables else "a FITS file without a table"
                raise InputError(f"{path}: {what}", "frames are taken by photdb ingest, tables by photdb import")
            i = wanted_[0]
            constants = {f"header.{k}": v for k, v in hdus[i].header.items() if k and not k.startswith("T")}
            header = _image_header(hdus[i - 1], path) if names[i] == "LDAC_OBJECTS" else None
            table = Table.read(hdus[i])
    units = {name: str(table[name].unit) for name in table.colnames if table[name].unit is not None}
    return Sheet(_of_astropy(table), header, constants, {}, units, [], names, names[i])


def _image_header(hdu: Any, path: Path) -> FrameHeader | None:
    """Return what the image header inside an LDAC file says, read as that of a frame."""
    from photdb.ingest.fits import header_of_text
    from photdb.ingest.header import understand
    from photdb.ingest.telescope import load_telescopes

    if hdu.name != "LDAC_IMHEAD" or not len(hdu.data):
        return None
    cards = hdu.data[0][0]
    text = "".join(cards) if not isinstance(cards, str) else cards
    lines = (
        [str(c) for c in cards] if not isinstance(cards, str) else [text[i : i + 80] for i in range(0, len(text), 80)]
    )
    image = header_of_text("\n".join(lines))
    return understand(image, load_telescopes().find(image.cards), path=path, hdu=0)


def _of_astropy(table: Any) -> pl.DataFrame:
    """Return an astropy table as polars has it; masked values are null, vectors are lists."""
    import numpy as np
    import polars as pl

    columns: dict[str, Any] = {}
    for name in table.colnames:
        values = table[name]
        mask = np.ma.getmaskarray(values) if hasattr(values, "mask") else None
        data = np.ma.getdata(values) if mask is not None else np.asarray(values)
        if data.dtype.kind == "S":
            data = np.char.decode(data, "utf-8", "replace")
        if data.ndim > 1 or data.dtype.kind == "O":
            columns[name] = pl.Series(name, [_plain(v) for v in data], strict=False)
            continue
        native = data.astype(data.dtype.newbyteorder("=")) if data.dtype.byteorder == ">" else data
        series = pl.Series(name, native)
        if mask is not None and mask.any():
            series = series.zip_with(pl.Series(~mask), pl.Series(name, [None] * len(series), dtype=series.dtype))
        columns[name] = series
    return pl.DataFrame(columns)


def _plain(value: Any) -> Any:
    """Return a vector as a list, a word as it is."""
    import numpy as np

    if isinstance(value, np.ma.MaskedArray):
        value = value.filled(np.nan) if value.dtype.kind == "f" else value.data
    return value.tolist() if hasattr(value, "tolist") else value


def _sqlite(path: Path, wanted: str | None) -> Sheet:
    """Read a table of an SQLite file, and beside it the row (or the row of the same frame) of its table ``header``."""
    import polars as pl

    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        names = [
            row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        ]
        if not names:
            raise InputError(f"{path}: an SQLite file without a table")
        name: str = (
            wanted if wanted is not None and wanted in names else next((n for n in names if n != "header"), names[0])
        )
        rows = _select(connection, name)
        header = _select(connection, "header") if "header" in names and name != "header" else None
    if header is None or not len(header):
        return Sheet(rows, tables=tuple(names), table=name)
    spoken = header.rename({c: f"header.{c}" for c in header.columns})
    if len(header) > 1 and "frame_id" in header.columns and "frame_id" in rows.columns:
        rows = rows.join(spoken, left_on="frame_id", right_on="header.frame_id", how="left")
        return Sheet(rows, tables=tuple(names), table=name)
    if len(header) > 1:
        raise InputError(f"{path}: {len(header)} rows in table header, and data do not say which is theirs (frame_id)")
    assert isinstance(rows, pl.DataFrame)
    return Sheet(rows, constants=spoken.row(0, named=True), tables=tuple(names), table=name)


def _select(connection: sqlite3.Connection, table: str) -> pl.DataFrame:
    """Return all of an SQLite table."""
    import polars as pl

    quoted = table.replace('"', '""')
    found = connection.execute(f'SELECT * FROM "{quoted}"')
    columns = [d[0] for d in found.description]
    return pl.DataFrame(found.fetchall(), schema=columns, orient="row", infer_schema_length=None)
