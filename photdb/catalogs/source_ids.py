"""The numbers by which a catalogue knows its stars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from photdb.catalogs.columns import Columns
from photdb.catalogs.definition import Catalog, SourceId

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray


def source_ids(columns: Columns, catalog: Catalog, hpx: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the catalogue's own numbers; a star that has none is named by its order-29 cell."""
    for way in catalog.id:
        found = [columns.find([name], any_case=True) for name in way.columns]
        if all(found):
            number = _numbers(columns, [str(name) for name in found], way)
            own = number.is_not_null().to_numpy() & (number.fill_null(0) > 0).to_numpy()
            return np.where(own, number.fill_null(0).to_numpy(), hpx).astype(np.int64)
    return hpx


def _numbers(columns: Columns, names: list[str], way: SourceId) -> pl.Series:
    """Return the number of every row, null where it has none."""
    import polars as pl

    if len(names) > 1:
        parts = [
            columns.table[name].cast(pl.Int64, strict=False) * factor
            for name, factor in zip(names, way.factors, strict=True)
        ]
        return sum(parts[1:], parts[0])
    values = columns.table[names[0]]
    if not way.factors:
        if values.dtype.is_integer():
            return values.cast(pl.Int64, strict=False)
        return values.cast(pl.String).str.extract(r"(\d+)\s*$", 1).cast(pl.Int64, strict=False)  # "Gaia DR3 1234"
    groups = values.cast(pl.String).str.extract_all(r"\d+")
    whole = groups.list.len() == len(way.factors)
    number = sum(
        (
            groups.list.get(i, null_on_oob=True).cast(pl.Int64, strict=False) * f
            for i, f in enumerate(way.factors[1:], 1)
        ),
        groups.list.get(0, null_on_oob=True).cast(pl.Int64, strict=False) * way.factors[0],
    )
    return number.zip_with(whole.fill_null(False), pl.Series([None] * len(number), dtype=pl.Int64))
