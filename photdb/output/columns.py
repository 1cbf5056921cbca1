"""What the columns of an answer are in the words of others: units, UCDs, time scales, axes (``schema/columns.toml``).

The units and meanings themselves come from the comments of the tables and views. VOTable, FITS, HATS and the
documentation describe columns by this.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from photdb.resources import shipped
from photdb.store.answer import Column


@dataclass(frozen=True, slots=True)
class Moment:
    """What a column of days refers to.

    Attributes
    ----------
    origin
        ``MJD`` or ``JD``: from when days are counted.
    scale
        ``UTC`` or ``TDB``.
    place
        ``TOPOCENTER`` (the observatory) or ``BARYCENTER``.
    """

    origin: str
    scale: str
    place: str


@dataclass(frozen=True, slots=True)
class Described:
    """A column as other programs describe it.

    Attributes
    ----------
    name, kind, meaning
        Of the column: its duckdb type and what it is.
    unit, fits_unit
        In VOUnits 1.0 and as FITS writes it; empty: none.
    ucd
        UCD1+ words; empty: none fits.
    moment
        For a column of days, else None.
    is_icrs
        Whether it is a coordinate on the axes of the ICRS.
    """

    name: str
    kind: str
    meaning: str
    unit: str
    fits_unit: str
    ucd: str
    moment: Moment | None
    is_icrs: bool


def described(columns: Iterable[Column]) -> tuple[Described, ...]:
    """Return columns in the words of others.

    Parameters
    ----------
    columns : iterable of Column
        With units and meanings, as `photdb.store.answer.Answer.explained` has them.
    """
    return tuple(map(_described, columns))


def _described(column: Column) -> Described:
    """Return one column in the words of others."""
    table = _table()
    unit, fits_unit = table["units"].get(column.unit, (column.unit, ""))
    moment = table["times"].get(column.name)
    return Described(
        column.name, column.kind, column.meaning, unit, fits_unit, table["ucds"].get(column.name, ""),
        Moment(*moment) if moment else None, column.name in table["positions"]["icrs"],
    )  # fmt: skip


def ucds() -> dict[str, str]:
    """Return the UCD of every column name that has one."""
    return dict(_table()["ucds"])


def units() -> dict[str, tuple[str, str]]:
    """Return our units as VOUnits 1.0 and FITS write them."""
    return {ours: (theirs[0], theirs[1]) for ours, theirs in _table()["units"].items()}


@cache
def _table() -> dict[str, Any]:
    """Return ``schema/columns.toml``."""
    return tomllib.loads((shipped("schema") / "columns.toml").read_text(encoding="utf-8"))
