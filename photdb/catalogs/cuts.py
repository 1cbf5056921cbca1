"""Cuts on the columns of a catalogue, as its file writes them: which rows are good stars."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from photdb.catalogs.columns import Columns, floats
from photdb.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CUT = re.compile(r"^(?P<left>.+?)\s*(?P<op><=|>=|==|!=|<|>|&|\bin\b)\s*(?P<right>.+?)(?P<missing>\s+or missing)?$")
_COMPARE = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def passes(columns: Columns, cuts: Iterable[str], notes: list[str]) -> NDArray[np.bool_]:
    """Return the rows that pass all cuts; a cut on a column that is not there is left out, with a note."""
    good = np.ones(columns.table.height, dtype=bool)
    for cut in cuts:
        passed = _pass(columns, cut)
        if passed is not None:
            good &= passed
        elif (note := f"{cut}: no such column, not checked") not in notes:
            notes.append(note)
    return good


def _pass(columns: Columns, cut: str) -> NDArray[np.bool_] | None:
    """Return the rows that pass one cut, None when its column is not in the table.

    ``column < 3``, ``a - b < 0.05``, ``Qual & 4`` (a bit), ``Qflg[0] in A B`` (a character), ``column != WORD``;
    ``class / cl == 6`` takes the first of the names that is there.
    A missing value fails, but for ``!=`` and ``or missing``.
    """
    import polars as pl

    found = _CUT.match(cut)
    if not found:
        raise InputError(f"cut {cut!r} cannot be understood", "column < number, column in WORD WORD, column & bit")
    left, op, right = found["left"], found["op"], found["right"]
    first, _, second = left.partition(" - ")
    place = re.match(r"^(.+)\[(\d)\]$", first)
    name = columns.find((place[1] if place else first).split(" / "))
    other = columns.find(second.split(" / ")) if second else None
    if name is None or (second and other is None):
        return None
    values = columns.table[name]
    if place:
        values = values.cast(pl.String).str.slice(int(place[2]), 1)
    missing = values.is_null().to_numpy() if values.dtype == pl.String else ~np.isfinite(floats(values))
    absent_passes = op == "!=" or bool(found["missing"])
    if op == "in":
        passed = values.cast(pl.String).is_in(right.split()).fill_null(False).to_numpy()
    elif op == "&":
        passed = (values.cast(pl.Int64, strict=False).fill_null(0).to_numpy() & int(right)) != 0
    elif values.dtype == pl.String and op in ("==", "!="):
        passed = _COMPARE[op](values.fill_null(""), right).to_numpy()
    else:
        number = floats(values) - (floats(columns.table[other]) if other else 0.0)
        with np.errstate(invalid="ignore"):
            passed = _COMPARE[op](number, float(right))
    return np.asarray(np.where(missing, absent_passes, passed), dtype=bool)
