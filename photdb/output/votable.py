"""VOTable 1.4: every column with its unit, meaning and UCD, and what its times and positions refer to.

A small answer, and a stream, is TABLEDATA, which people can read; a large one is BINARY2, which programs read ten times
quicker. An empty cell is null, whatever the type.

References
----------
.. [1] IVOA Recommendation VOTable 1.4, https://www.ivoa.net/documents/VOTable/20191021/; UCD1+ list 1.5.
"""

from __future__ import annotations

import math
import struct
from base64 import b64encode
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, TextIO
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from photdb.output.columns import Described, described
from photdb.output.packing import KINDS, inner, is_numbers, is_text, nulls, packed, record
from photdb.store.answer import Answer, Column

NAME = "votable"
SUFFIX = ".vot"

#: More rows than this are written as BINARY2.
SMALL = 20_000
_LETTER = 2  # bytes of a letter in BINARY2's unicodeChar
_SYSTEMS = """\
<COOSYS ID="icrs" system="ICRS"/>
<TIMESYS ID="mjd_utc" timeorigin="MJD-origin" timescale="UTC" refposition="TOPOCENTER"/>
<TIMESYS ID="jd_tdb" timeorigin="JD-origin" timescale="TDB" refposition="TOPOCENTER"/>
<TIMESYS ID="bjd_tdb" timeorigin="JD-origin" timescale="TDB" refposition="BARYCENTER"/>
"""
_TIMES = {"UTC TOPOCENTER": "mjd_utc", "TDB TOPOCENTER": "jd_tdb", "TDB BARYCENTER": "bjd_tdb"}
_END = "</DATA>\n</TABLE>\n</RESOURCE>\n</VOTABLE>\n"


def write(answer: Answer, path: Path) -> int:
    """Write a file; return the number of rows."""
    if answer.count() <= SMALL:
        with path.open("w", encoding="utf-8") as out:
            return stream(answer, out)
    with path.open("wb") as binary:
        return write_binary(answer, binary)


def stream(answer: Answer, out: TextIO) -> int:
    """Write row by row, as they are found (TABLEDATA); return the number of rows."""
    out.write(_head(answer, {}))
    out.write("<DATA>\n<TABLEDATA>\n")
    writers = [_writer(column) for column in answer.columns]
    n = 0
    for row in answer.rows():
        cells = (f"<TD>{w(v)}</TD>" if v is not None else "<TD/>" for w, v in zip(writers, row, strict=True))
        out.write(f"<TR>{''.join(cells)}</TR>\n")
        n += 1
    out.write(f"</TABLEDATA>\n{_END}")
    return n


def write_binary(answer: Answer, out: IO[bytes]) -> int:
    """Write the rows as BINARY2, in pieces; return their number."""
    columns = answer.explained
    lengths = answer.longest([c.name for c in columns if c.is_list or is_text(c)])
    out.write(_head(answer, lengths).encode())
    out.write(b'<DATA>\n<BINARY2>\n<STREAM encoding="base64">\n')
    fields = record(columns, lengths, text_width=_LETTER)
    mask = np.dtype(("u1", ((len(columns) + 7) // 8,)))
    kinds = np.dtype([("null", mask), *((name, fields[name]) for name in fields.names or ())])
    n, left = 0, b""
    for batch in answer.batches():
        table = packed(batch, columns, kinds, _utf_16)
        table["null"] = np.packbits(nulls(batch), axis=1)
        data = left + table.tobytes()
        whole = len(data) - len(data) % 3  # base64 takes three bytes at a time
        out.write(b64encode(data[:whole]) + b"\n")
        left = data[whole:]
        n += batch.num_rows
    out.write(b64encode(left) + f"\n</STREAM>\n</BINARY2>\n{_END}".encode())
    return n


def _head(answer: Answer, lengths: dict[str, int]) -> str:
    """Return everything before the data."""
    fields = (_field(c, words, lengths) for c, words in zip(answer.columns, described(answer.explained), strict=True))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n<RESOURCE>\n'
        f"{_SYSTEMS}<TABLE name={quoteattr(answer.name)}>\n{''.join(fields)}"
    )


def _field(column: Column, words: Described, lengths: dict[str, int]) -> str:
    """Return the FIELD element of a column; lists and texts have a length where one is given."""
    attributes = {"name": column.name, "datatype": "unicodeChar" if is_text(column) else KINDS[inner(column)][1]}
    if is_text(column) or is_numbers(column):
        attributes["arraysize"] = str(lengths.get(column.name, "*"))
    if words.unit:
        attributes["unit"] = words.unit
    if words.ucd:
        attributes["ucd"] = words.ucd
    if words.moment:
        attributes["ref"] = _TIMES[f"{words.moment.scale} {words.moment.place}"]
    elif words.is_icrs:
        attributes["ref"] = "icrs"
    written = " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items())
    return f"<FIELD {written}><DESCRIPTION>{escape(words.meaning)}</DESCRIPTION></FIELD>\n"


def _utf_16(text: str) -> bytes:
    """Return a text as BINARY2's unicodeChar has it."""
    return text.encode("utf-16-be")


def _writer(column: Column) -> Callable[[Any], str]:
    """Return what writes a value of a column."""
    if column.is_list:
        return _numbers(_single if inner(column) == "FLOAT" else _double) if is_numbers(column) else _words
    if column.kind == "DOUBLE":
        return _nine if column.name in ("bjd_tdb", "jd_tdb") else _double
    if column.kind == "FLOAT":
        return _single
    return (lambda v: "true" if v else "false") if column.kind == "BOOLEAN" else (lambda v: escape(str(v)))


def _double(value: float) -> str:
    """Return a double with the digits that read back as the same."""
    return repr(value) if math.isfinite(value) else _special(value)


def _nine(value: float) -> str:
    """Return a day with nine decimals."""
    return f"{value:.9f}" if math.isfinite(value) else _special(value)


def _single(value: float) -> str:
    """Return a 4-byte float with the fewest digits that read back as the same."""
    if not math.isfinite(value):
        return _special(value)
    for digits in (6, 7, 8):
        text = f"{value:.{digits}g}"
        if struct.unpack("f", struct.pack("f", float(text)))[0] == value:
            return text
    return f"{value:.9g}"


def _special(value: float) -> str:
    """Return what is no number."""
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def _numbers(one: Callable[[float], str]) -> Callable[[Sequence[Any]], str]:
    """Return what writes a list of numbers; NULL within a list is NaN."""
    return lambda values: " ".join("NaN" if v is None else one(v) for v in values)


def _words(values: Sequence[Any]) -> str:
    """Return a list of words as one text."""
    return escape("; ".join(str(v) for v in values))
