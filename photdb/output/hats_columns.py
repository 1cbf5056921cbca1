"""What the columns of a HATS table are: a VOTable without rows, as VOParquet keeps it beside the schema.

IVOA note "Parquet in the VO" (VOParquet 1.0): key-value metadata of ``_common_metadata``. A column within a nested one
is a FIELD ``lightcurve.mag``; a GROUP names those of each nested column, as hats writes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from photdb.output.columns import described
from photdb.output.hats_table import HEALPIX
from photdb.store.answer import Column

if TYPE_CHECKING:
    import pyarrow

_SYSTEMS = """\
<COOSYS ID="icrs" system="ICRS"/>
<TIMESYS ID="MJD_UTC_TOPOCENTER" timeorigin="MJD-origin" timescale="UTC" refposition="TOPOCENTER"/>
<TIMESYS ID="JD_UTC_TOPOCENTER" timeorigin="JD-origin" timescale="UTC" refposition="TOPOCENTER"/>
<TIMESYS ID="JD_TDB_TOPOCENTER" timeorigin="JD-origin" timescale="TDB" refposition="TOPOCENTER"/>
<TIMESYS ID="JD_TDB_BARYCENTER" timeorigin="JD-origin" timescale="TDB" refposition="BARYCENTER"/>
"""
_MORE = {
    HEALPIX: ("", "order-29 NESTED HEALPix cell of the position", "pos.healpix"),
    "lightcurve": ("", "the points of the light curve, oldest first: one list a column", ""),
}


def votable(name: str, description: str, schema: pyarrow.Schema, columns: Sequence[Column]) -> str:
    """Return the VOTable of a table's columns.

    Parameters
    ----------
    name, description : str
        Of the table.
    schema : pyarrow.Schema
        Its columns; those of a nested one have the meaning of the same names outside.
    columns : sequence of Column
        Units and meanings by name.
    """
    known = {c.name: c for c in columns}
    fields: list[str] = []
    groups: list[str] = []
    for field in schema:
        if str(field.type).startswith("struct"):
            inner = [_field(f"{field.name}.{f.name}", f.name, f.type.value_type, known) for f in field.type]
            references = "".join(f"<FIELDref ref={quoteattr(_id(f'{field.name}.{f.name}'))}/>" for f in field.type)
            fields += inner
            groups.append(
                f"<GROUP name={quoteattr(field.name)}><DESCRIPTION>{escape(_MORE[field.name][1])}</DESCRIPTION>"
                f'<PARAM name="is_nested_column" datatype="boolean" value="t"/>{references}</GROUP>\n'
            )
        else:
            fields.append(_field(field.name, field.name, field.type, known))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n'
        f"<RESOURCE>\n{_SYSTEMS}<TABLE name={quoteattr(name)}>\n<DESCRIPTION>{escape(description)}</DESCRIPTION>\n"
        f"{''.join(fields)}{''.join(groups)}</TABLE>\n</RESOURCE>\n</VOTABLE>\n"
    )


def _field(name: str, own: str, kind: pyarrow.DataType, known: dict[str, Column]) -> str:
    """Return the FIELD of a column."""
    column = known.get(own)
    (facts,) = described([column if column is not None else Column(own, "", *_MORE.get(own, ("", ""))[:2])])
    type_, size = _type(kind)
    attributes = {"ID": _id(name), "name": name, "datatype": type_}
    if size:
        attributes["arraysize"] = size
    if facts.unit:
        attributes["unit"] = facts.unit
    ucd = facts.ucd or (_MORE[own][2] if own in _MORE else "")
    if ucd:
        attributes["ucd"] = ucd
    if facts.moment is not None:
        attributes["ref"] = f"{facts.moment.origin}_{facts.moment.scale}_{facts.moment.place}"
    elif facts.is_icrs:
        attributes["ref"] = "icrs"
    written = " ".join(f"{key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<FIELD {written}><DESCRIPTION>{escape(facts.meaning)}</DESCRIPTION></FIELD>\n"


def _id(name: str) -> str:
    """Return an XML name for a column."""
    return name.replace(".", "-")


def _type(kind: pyarrow.DataType) -> tuple[str, str]:
    """Return the VOTable type of an Arrow type, and its array size."""
    import pyarrow as pa

    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _type(kind.value_type)[0], "*"
    names = {
        "int8": "short", "uint8": "unsignedByte", "int16": "short", "int32": "int", "int64": "long", "float": "float",
        "double": "double", "bool": "boolean",
    }  # fmt: skip
    return (names[str(kind)], "") if str(kind) in names else ("char", "*")
