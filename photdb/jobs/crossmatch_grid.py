"""Places near places in SQL: a cube grid on unit vectors, and boxes of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from photdb.photometry.association import ARCSEC, GATE_SNR
from photdb.photometry.flags import Flag
from photdb.store.database import Database

#: Edge of a cell of the cube grid in matching radii: 4 to 32 differ little where stars are few; of a dense field, large
#: cells hold too many.
CELL = 8.0

#: Least edge of a cell on the unit sphere (2 arcsec): so that the number of a cell is exact as a DOUBLE.
LEAST_CELL = 1e-5

#: Bits of `flags` that say that a detection is not where its star is.
NOT_THERE = int(Flag.TRUNCATED | Flag.COSMIC_RAY)

#: What decides the grade of a detection, for the statements that need it.
GRADING: dict[str, Any] = {"cut": NOT_THERE, "gate_snr": GATE_SNR}

Box = dict[str, float]


def grid(radius_arcsec: float) -> dict[str, Any]:
    """Return the cube grid for a radius: edge of a cell, cells along an axis, and the radius on the unit sphere."""
    radius = radius_arcsec / ARCSEC
    cell = max(CELL * radius, LEAST_CELL)
    return {"cell": cell, "n": int(2.0 / cell) + 8, "radius": radius}


def box(low: NDArray[np.float64], high: NDArray[np.float64], margin_arcsec: float) -> Box:
    """Return the parameters of a box of unit vectors with a margin."""
    margin = margin_arcsec / ARCSEC
    lows = {f"{axis}0": float(v) - margin for axis, v in zip("xyz", low, strict=True)}
    return lows | {f"{axis}1": float(v) + margin for axis, v in zip("xyz", high, strict=True)}


def all_sky() -> Box:
    """Return the box that holds every place."""
    return box(np.full(3, -1.0), np.full(3, 1.0), 1.0)


def stars(ids: Iterable[int]) -> pa.Table:
    """Return a table of object ids for the statements that read ``given_stars``."""
    return pa.table({"object_id": pa.array(sorted({int(i) for i in ids}), pa.int64())})


def ids_of(db: Database, job: str, **parameters: Any) -> set[int]:
    """Return the object ids that a statement answers."""
    return {int(row[0]) for row in db.job(job, **parameters).rows}


def columns(db: Database, job: str, **parameters: Any) -> dict[str, NDArray[Any]]:
    """Return the answer of a statement as arrays; NULL is NaN, or 0 in a column of whole numbers."""
    from photdb.store.database import statement

    table = db.arrow(statement("jobs", job), parameters)
    return {name: _array(table[name]) for name in table.column_names}


def _array(column: pa.ChunkedArray) -> NDArray[Any]:
    """Return a column as an array; what is there already is not computed: pyarrow's functions take 0.2 s to load."""
    if pa.types.is_floating(column.type) and not pa.types.is_float64(column.type):
        column = column.cast(pa.float64())
    if pa.types.is_integer(column.type) and column.null_count:
        column = column.fill_null(0)
    return np.asarray(column.to_numpy())
