"""FITS binary table, written in pieces: one row a row, lists as vector columns.

Units are in TUNIT, UCDs in TUCD, meanings in TCOMM; what times are in is said of each column (TCTYP, TRPOS) and of the
table (TIMESYS). NULL is TNULL in whole numbers, NaN in floats, blanks in texts.

References
----------
.. [1] FITS Standard 4.0 (2018), sections 7.3 (binary tables) and 9 (times).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from photdb.output.columns import Described, described
from photdb.output.packing import KINDS, inner, is_text, null_of, packed, record
from photdb.store.answer import Answer, Column

NAME = "fits"
SUFFIX = ".fits"

_BLOCK = 2880
#: Days from JD 0 to MJD 0: what a column of Julian dates is shifted by, since the table's times are MJD.
_MJD_0 = 2400000.5


def write(answer: Answer, path: Path) -> int:
    """Write a file; return the number of rows."""
    from astropy.io import fits

    columns = answer.explained
    lengths = answer.longest([c.name for c in columns if c.is_list or is_text(c)])
    kinds = record(columns, lengths)
    n_rows = answer.count()
    header = _header(columns, lengths, kinds, n_rows, answer.name)
    pending = 0
    path.unlink(missing_ok=True)
    fits.PrimaryHDU().writeto(path)
    with path.open("ab") as out:
        out.write(header.tostring(sep="", endcard=True, padding=True).encode("ascii"))
        for batch in answer.batches():
            pending += out.write(packed(batch, columns, kinds, _ascii).tobytes())
        out.write(b"\0" * (-pending % _BLOCK))
    return n_rows


def _header(columns: Sequence[Column], lengths: dict[str, int], kinds: np.dtype[Any], n_rows: int, name: str) -> Any:
    """Return the header of the table."""
    from astropy.io import fits

    header = fits.Header()
    header["XTENSION"] = ("BINTABLE", "binary table")
    header["BITPIX"], header["NAXIS"] = 8, 2
    header["NAXIS1"], header["NAXIS2"] = (kinds.itemsize, "bytes in a row"), (n_rows, "rows")
    header["PCOUNT"], header["GCOUNT"], header["TFIELDS"] = 0, 1, len(columns)
    header["EXTNAME"] = name.upper()
    spoken = described(columns)
    if any(c.is_icrs for c in spoken):
        header["RADESYS"] = ("ICRS", "axes of the positions")
    if any(c.moment for c in spoken):
        header["TIMESYS"] = ("UTC", "time scale where a column names none (TCTYP)")
        header["MJDREF"] = (0.0, "times count from MJD 0")
    for i, (column, words) in enumerate(zip(columns, spoken, strict=True), start=1):
        header[f"TTYPE{i}"] = column.name
        header[f"TFORM{i}"] = f"{lengths.get(column.name, 1)}{'A' if is_text(column) else KINDS[inner(column)][0]}"
        if column.is_integer and column.kind in KINDS:
            header[f"TNULL{i}"] = null_of(column)
        _describe(header, i, words)
    return header


def _describe(header: Any, i: int, words: Described) -> None:
    """Write what a column is: unit, UCD, meaning, and of a time its scale and place."""
    if words.fits_unit:
        header[f"TUNIT{i}"] = words.fits_unit
    if words.ucd:
        header[f"TUCD{i}"] = words.ucd
    if words.meaning:
        header[f"TCOMM{i}"] = words.meaning.encode("ascii", "replace").decode()
    if words.moment is None:
        return
    header[f"TCTYP{i}"] = (words.moment.scale, "time scale")
    header[f"TRPOS{i}"] = (words.moment.place, "where the time holds")
    if words.moment.origin == "JD":
        header[f"TCRPX{i}"] = (_MJD_0, "a Julian date ...")
        header[f"TCRVL{i}"] = (0.0, "... of which this is MJD 0 ...")
        header[f"TCDLT{i}"] = (1.0, "... and that counts days")
        header[f"TCUNI{i}"] = "d"


def _ascii(text: str) -> bytes:
    """Return a text in the ASCII that FITS allows."""
    return text.encode("ascii", "replace")
