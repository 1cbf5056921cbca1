"""New objects: their ids, names and reference stars."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from photdb.jobs.object_links import ranks
from photdb.photometry.association import ARCSEC
from photdb.sky import healpix, names_of
from photdb.store.database import Database


@dataclass(frozen=True, slots=True)
class Births:
    """New objects: shape (n, 3) or (n,).

    Parameters
    ----------
    unit : ndarray
        Mean unit vectors at `epoch`.
    epoch : ndarray
        Julian year of them.
    reach : ndarray
        arcsec; how far its reference star may be.
    cell : ndarray
        Order-29 cell of the earliest detection, or an id that was wished for.
    is_wished : ndarray of bool
        Whether it is the latter.
    """

    unit: NDArray[np.float64]
    epoch: NDArray[np.float64]
    reach: NDArray[np.float64]
    cell: NDArray[np.int64]
    is_wished: NDArray[np.bool_]


def newborn(db: Database, births: Births, *, run_id: int) -> pa.Table:
    """Return the rows of new objects, in the given order: with ids that were never used.

    An object is born in the cell of its reference star, else of its earliest detection; if that is taken, in the next
    free one.
    """
    unit = births.unit
    ra, dec = np.degrees(np.arctan2(unit[:, 1], unit[:, 0])) % 360.0, np.degrees(np.arcsin(np.clip(unit[:, 2], -1, 1)))
    star = _reference_stars(db, births)
    return pa.table(
        {
            "object_id": free_ids(db, np.where(star["found"] & ~births.is_wished, star["hpx"], births.cell)),
            "name": pa.array(names_of(ra, dec), pa.string()),
            "pm_ra": pa.array(star["pm_ra"], mask=~np.isfinite(star["pm_ra"])),
            "pm_dec": pa.array(star["pm_dec"], mask=~np.isfinite(star["pm_dec"])),
            "ref_catalog": pa.array(star["catalog"], pa.string()),
            "ref_source_id": pa.array(star["source_id"], pa.int64(), mask=~star["found"]),
            "kind": pa.array(["star"] * len(ra), pa.string()),
            "run_id": np.full(len(ra), run_id, dtype=np.int32),
        }
    )


def _reference_stars(db: Database, births: Births) -> dict[str, Any]:
    """Return the reference star of each new object: mutual nearest pairs within reach, at the objects' date."""
    n = len(births.unit)
    star: dict[str, Any] = {
        "found": np.zeros(n, dtype=bool),
        "hpx": np.zeros(n, dtype=np.int64),
        "source_id": np.zeros(n, dtype=np.int64),
        "pm_ra": np.full(n, np.nan),
        "pm_dec": np.full(n, np.nan),
        "catalog": [None] * n,
    }
    if not n:
        return star
    low, high = births.unit.min(axis=0) - 1e-4, births.unit.max(axis=0) + 1e-4
    sides = {f"{axis}{k}": float(v[i]) for i, axis in enumerate("xyz") for k, v in enumerate((low, high))}
    with db.table("given_rank", ranks(db)):
        rows = db.job("crossmatch_refstars", epoch=float(np.median(births.epoch)), **sides).rows
    for _, of_one in groupby(rows, key=itemgetter(0)):
        _take_stars(star, births, list(of_one))
    return star


def _take_stars(star: dict[str, Any], births: Births, rows: list[tuple[Any, ...]]) -> None:
    """Give the stars of one catalogue to the objects that have none of a better one."""
    from scipy.spatial import cKDTree

    theirs = np.array([r[5:8] for r in rows], dtype=float)
    distance, nearest = cKDTree(theirs).query(births.unit)
    _, back = cKDTree(births.unit).query(theirs)
    mutual = (distance * ARCSEC <= births.reach) & (back[nearest] == np.arange(len(births.unit)))
    for i in np.flatnonzero(mutual & ~star["found"]):
        catalog, source_id, cell, pm_ra, pm_dec = rows[nearest[i]][:5]
        star["found"][i] = True
        star["hpx"][i], star["source_id"][i], star["catalog"][i] = cell, source_id, catalog
        star["pm_ra"][i] = np.nan if pm_ra is None else pm_ra
        star["pm_dec"][i] = np.nan if pm_dec is None else pm_dec


def free_ids(db: Database, birth: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return an id for each new object: its birth cell, or the next free one that no object ever had."""
    if not birth.size:
        return birth
    span = {"low": int(birth.min()), "high": int(birth.max()) + 1000}
    taken = {int(row[0]) for row in db.job("crossmatch_taken", **span).rows}
    ids = np.empty_like(birth)
    for i, cell in enumerate(birth.tolist()):
        while cell in taken:
            cell += 1
        taken.add(cell)
        ids[i] = cell
    return ids


def placed(unit: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """Return the columns of a position: ra, dec (deg), its order-29 cell and unit vector."""
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True) if len(unit) else unit
    ra, dec = np.degrees(np.arctan2(unit[:, 1], unit[:, 0])) % 360.0, np.degrees(np.arcsin(np.clip(unit[:, 2], -1, 1)))
    cells = healpix(ra, dec) if len(ra) else np.zeros(0, dtype=np.int64)
    return {"hpx": cells, "ra": ra, "dec": dec, "ux": unit[:, 0], "uy": unit[:, 1], "uz": unit[:, 2]}
