"""VOTable 1.4 (TABLEDATA): every column with its unit, meaning and UCD, and what its times and positions refer to.

IVOA Recommendation VOTable 1.4, https://www.ivoa.net/documents/VOTable/20191021/; UCD1+ words of the IVOA's list 1.5.
An empty cell is null, whatever the type (since version 1.3).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO
from xml.sax.saxutils import escape, quoteattr

from photdb.store.answer import Answer, Column

NAME = "votable"
SUFFIX = ".vot"

UCDS = {
    "object_id": "meta.id;meta.main",
    "frame_id": "meta.id;obs.image",
    "name": "meta.id",
    "target_id": "meta.id",
    "band": "instr.bandpass",
    "filter": "meta.id;instr.filter",
    "mjd_mid": "time.epoch",
    "bjd_tdb": "time.epoch;meta.main",
    "jd_tdb": "time.epoch",
    "night": "time.epoch",
    "mag": "phot.mag;meta.main",
    "mag_err": "stat.error;phot.mag",
    "mag_system": "meta.code;phot.mag",
    "flux_mjy": "phot.flux.density",
    "flux_mjy_err": "stat.error;phot.flux.density",
    "flux": "phot.count",
    "flux_err": "stat.error;phot.count",
    "limit_mag": "phot.mag;stat.max",
    "zp": "phot.mag;arith.zp",
    "zp_err": "stat.error;phot.mag;arith.zp",
    "flags": "meta.code.qual",
    "airmass": "obs.airMass",
    "fwhm_arcsec": "instr.obsty.seeing",
    "sky": "instr.skyLevel",
    "x": "pos.cartesian.x;instr.det",
    "y": "pos.cartesian.y;instr.det",
    "ra": "pos.eq.ra;meta.main",
    "dec": "pos.eq.dec;meta.main",
    "pm_ra": "pos.pm;pos.eq.ra",
    "pm_dec": "pos.pm;pos.eq.dec",
    "epoch": "time.epoch",
    "exptime_s": "time.duration;obs.exposure",
    "n_detections": "meta.number;obs",
    "path": "meta.ref.url;meta.file",
    "hpx": "pos.healpix",
    "kind": "meta.code.class",
}
#: Our units as VOUnits 1.0 writes them; a time in light is a time.
UNITS = {
    "ADU": "adu", "ADU/s": "adu/s", "ADU/px": "adu/pixel", "px": "pixel", "arcsec/px": "arcsec/pixel", "e-": "electron",
    "e-/ADU": "electron/adu", "light-days": "d", "bytes": "byte",
}  # fmt: skip
_TYPES = {
    "BOOLEAN": "boolean", "TINYINT": "short", "UTINYINT": "unsignedByte", "SMALLINT": "short", "USMALLINT": "int",
    "INTEGER": "int", "UINTEGER": "long", "BIGINT": "long", "FLOAT": "float", "DOUBLE": "double",
}  # fmt: skip
_TIMES = {"mjd_mid": "utc", "bjd_tdb": "tdb"}
_SYSTEMS = """\
<COOSYS ID="icrs" system="ICRS"/>
<TIMESYS ID="utc" timeorigin="MJD-origin" timescale="UTC" refposition="TOPOCENTER"/>
<TIMESYS ID="tdb" timeorigin="0" timescale="TDB" refposition="BARYCENTER"/>
"""


def write(answer: Answer, path: Path) -> int:
    """Write a file; return the number of rows."""
    with path.open("w", encoding="utf-8") as out:
        return stream(answer, out)


def stream(answer: Answer, out: TextIO) -> int:
    """Write row by row, as they are found; return the number of rows."""
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    out.write('<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n<RESOURCE>\n')
    out.write(f"{_SYSTEMS}<TABLE name={quoteattr(answer.name)}>\n")
    for column in answer.explained:
        out.write(_field(column))
    out.write("<DATA>\n<TABLEDATA>\n")
    writers = [_writer(column) for column in answer.columns]
    n = 0
    for row in answer.rows():
        cells = (f"<TD>{w(v)}</TD>" if v is not None else "<TD/>" for w, v in zip(writers, row, strict=True))
        out.write(f"<TR>{''.join(cells)}</TR>\n")
        n += 1
    out.write("</TABLEDATA>\n</DATA>\n</TABLE>\n</RESOURCE>\n</VOTABLE>\n")
    return n


def _field(column: Column) -> str:
    """Return the FIELD element of a column."""
    kind = column.kind.partition("[")[0] if column.is_list else column.kind
    attributes = {"name": column.name, "datatype": _TYPES.get(kind, "char")}
    if kind not in _TYPES or column.is_list:
        attributes["arraysize"] = "*"
    if column.unit:
        attributes["unit"] = UNITS.get(column.unit, column.unit)
    if column.name in UCDS:
        attributes["ucd"] = UCDS[column.name]
    reference = _TIMES.get(column.name) or ("icrs" if column.name in ("ra", "dec") else None)
    if reference:
        attributes["ref"] = reference
    written = " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items())
    return f"<FIELD {written}><DESCRIPTION>{escape(column.meaning)}</DESCRIPTION></FIELD>\n"


def _writer(column: Column) -> Callable[[Any], str]:
    """Return what writes a value of a column."""
    if column.is_list:
        kind = column.kind.partition("[")[0]
        return _numbers(_single if kind == "FLOAT" else _double) if kind in _TYPES else _words
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
