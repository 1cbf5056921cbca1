"""The columns of a table of stars, under the names and in the units that programs give them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


class Columns:
    """The columns of a table under the names that different programs give them.

    Parameters
    ----------
    table : polars.DataFrame
    units : mapping, optional
        Column to unit, where the file says it.
    """

    def __init__(self, table: pl.DataFrame, units: Mapping[str, str] | None = None) -> None:
        self.table = table
        self._units = units or {}
        self._plain = _unambiguous(table.columns, _plain)
        self._anycase = _unambiguous(table.columns, lambda c: _plain(c).lower())

    def find(self, names: Iterable[str], *, any_case: bool = False) -> str | None:
        """Return the first of the names that the table has, as it stands or with ' . ( ) as _.

        In any case only where asked: gmag and Gmag, RFlag and rFlag are different things.
        """
        for name in names:
            found = name if name in self.table.columns else self._plain.get(_plain(name))
            if any_case:
                found = found or self._anycase.get(_plain(name).lower())
            if found:
                return found
        return None

    def unit(self, name: str) -> str:
        """Return the unit that the file gives a column, in lower case; empty where it says nothing."""
        return self._units.get(name, "").strip().strip('"').lower()

    def is_text(self, name: str) -> bool:
        """Return whether a column holds words."""
        import polars as pl

        return self.table[name].dtype == pl.String

    def numbers(self, name: str) -> Array:
        """Return a column as numbers, NaN where it has none."""
        return floats(self.table[name])


def floats(values: pl.Series) -> Array:
    """Return a column as numbers, NaN where it has none."""
    import polars as pl

    return np.asarray(values.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy(), dtype=np.float64)


def _plain(name: str) -> str:
    """Return a column's name as astropy and TOPCAT make it."""
    return re.sub(r"[^0-9A-Za-z]+", "_", name)


def _unambiguous(columns: list[str], key: Any) -> dict[str, str]:
    """Return the columns by a key that only one of them has."""
    found: dict[str, list[str]] = {}
    for column in columns:
        found.setdefault(key(column), []).append(column)
    return {k: v[0] for k, v in found.items() if len(v) == 1}
