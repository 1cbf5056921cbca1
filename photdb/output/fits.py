"""FITS binary table, written in pieces: one row a row, lists as vector columns, units in TUNIT, meanings in TCOMM.

FITS Standard 4.0 (2018), section 7.3. NULL is TNULL in whole numbers, NaN in floats, blanks in texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from photdb.store.answer import Answer, Column

NAME = "fits"
SUFFIX = ".fits"

#: Our units as the FITS standard writes them; what it has no word for is left to the comment.
UNITS = {
    "ADU": "adu", "ADU/s": "adu/s", "ADU/px": "adu/pixel", "px": "pixel", "arcsec/px": "arcsec/pixel", "e-": "electron",
    "e-/ADU": "electron/adu", "light-days": "d", "bytes": "byte", "deg": "deg", "rad": "rad", "arcsec": "arcsec",
    "mas/yr": "mas/yr", "d": "d", "s": "s", "m": "m", "mag": "mag", "mJy": "mJy", "ns": "ns",
}  # fmt: skip
_CODES = {
    "BOOLEAN": ("L", "i1"), "TINYINT": ("I", ">i2"), "UTINYINT": ("I", ">i2"), "SMALLINT": ("I", ">i2"),
    "USMALLINT": ("J", ">i4"), "INTEGER": ("J", ">i4"), "UINTEGER": ("K", ">i8"), "BIGINT": ("K", ">i8"),
    "FLOAT": ("E", ">f4"), "DOUBLE": ("D", ">f8"),
}  # fmt: skip
_CHUNK = 10_000


def write(answer: Answer, path: Path) -> int:
    """Write a file; return the number of rows."""
    from astropy.io import fits

    columns = answer.explained
    lengths = answer.longest([c.name for c in columns if _is_long(c)])
    kinds = np.dtype([(f"f{i}", *_kind(c, lengths)) for i, c in enumerate(columns)])
    n_rows = answer.count()
    header = _header(columns, lengths, kinds.itemsize, n_rows, answer.name)
    written, block, pending = 0, [], 0
    path.unlink(missing_ok=True)
    fits.PrimaryHDU().writeto(path)
    with path.open("ab") as out:
        out.write(header.tostring(sep="", endcard=True, padding=True).encode("ascii"))
        for row in answer.rows():
            block.append(row)
            if len(block) == _CHUNK:
                pending += out.write(_packed(block, columns, kinds))
                written, block = written + len(block), []
        pending += out.write(_packed(block, columns, kinds))
        out.write(b"\0" * (-pending % 2880))
    return written + len(block)


def _is_long(column: Column) -> bool:
    """Whether the length of a column's values differs."""
    return column.is_list or column.kind not in _CODES


def _kind(column: Column, lengths: dict[str, int]) -> tuple[Any, ...]:
    """Return the numpy type of a column (and its shape, for lists of numbers)."""
    inner = column.kind.partition("[")[0]
    if column.is_list and inner in _CODES:
        return _CODES[inner][1], (lengths[column.name],)
    return (f"S{lengths[column.name]}",) if _is_long(column) else (_CODES[column.kind][1],)


def _header(columns: Sequence[Column], lengths: dict[str, int], width: int, n_rows: int, name: str) -> Any:
    """Return the header of the table."""
    from astropy.io import fits

    header = fits.Header()
    header["XTENSION"] = ("BINTABLE", "binary table")
    header["BITPIX"], header["NAXIS"] = 8, 2
    header["NAXIS1"], header["NAXIS2"] = (width, "bytes in a row"), (n_rows, "rows")
    header["PCOUNT"], header["GCOUNT"], header["TFIELDS"] = 0, 1, len(columns)
    header["EXTNAME"] = name.upper()
    for i, column in enumerate(columns, start=1):
        inner = column.kind.partition("[")[0]
        length = lengths.get(column.name, 1)
        header[f"TTYPE{i}"] = column.name
        header[f"TFORM{i}"] = f"{length}{_CODES[inner][0] if inner in _CODES else 'A'}"
        if column.unit in UNITS:
            header[f"TUNIT{i}"] = UNITS[column.unit]
        if column.is_integer:
            header[f"TNULL{i}"] = _null(column)
        if column.meaning:
            header[f"TCOMM{i}"] = column.meaning.encode("ascii", "replace").decode()
    return header


def _null(column: Column) -> int:
    """Return the whole number that means NULL: the lowest of the type."""
    return int(np.iinfo(_CODES[column.kind][1]).min)


def _packed(rows: Sequence[Sequence[Any]], columns: Sequence[Column], kinds: np.dtype[Any]) -> bytes:
    """Return rows as the bytes of the table."""
    table = np.zeros(len(rows), dtype=kinds)
    for i, column in enumerate(columns):
        values = [row[i] for row in rows]
        table[f"f{i}"] = _filled(values, column, kinds[f"f{i}"])
    return table.tobytes()


def _filled(values: list[Any], column: Column, kind: np.dtype[Any]) -> Any:
    """Return the values of a column with NULL as FITS has it."""
    if column.is_list and kind.subdtype is not None:
        return [_padded(v, kind.shape[0]) for v in values]
    if column.is_list:
        return [_text("; ".join(map(str, v or []))) for v in values]
    if column.is_float:
        return [np.nan if v is None else v for v in values]
    if column.kind == "BOOLEAN":
        return [0 if v is None else ord("T") if v else ord("F") for v in values]
    if column.is_integer:
        return [_null(column) if v is None else v for v in values]
    return [_text("" if v is None else str(v)) for v in values]


def _padded(values: Sequence[float | None] | None, length: int) -> list[float]:
    """Return a list of numbers with NaN where there is none."""
    found = [np.nan if v is None else v for v in values or []]
    return found + [np.nan] * (length - len(found))


def _text(value: str) -> bytes:
    """Return a text in the ASCII that FITS allows."""
    return value.encode("ascii", "replace")
