"""Associate a night's detections with objects, and make objects of what is left over.

The night is matched as a set, not frame by frame. First every detection takes the nearest object of the store
within its frame's reach. What is left over is matched against the left-over detections of the frame that has the
most of them, which thereby become objects; after a few such rounds, each remaining detection that has no better
one (by signal to noise) within reach becomes an object, until none is left. A detection that is cut by the edge of
its frame joins, and makes an object only where nothing else is. Nothing depends on the order in which the files were
given.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from photdb.photometry.flags import Flag
from photdb.sky import chord, healpix, name_of
from photdb.store.database import Database

log = logging.getLogger(__name__)

#: Edge of a cell of the cube grid in matching radii: 16 was the quickest measured, 4 to 32 differ little.
CELL = 16.0

#: Rounds in which a whole frame's left-over detections become objects, before the rest is settled pair by pair.
FRAME_ROUNDS = 6


@dataclass(frozen=True, slots=True)
class Association:
    """What became of a night's detections."""

    n_detections: int
    n_matched: int
    n_new_objects: int


def associate(db: Database, *, files: list[str], epoch: float, radius_arcsec: float, run_id: int) -> Association:
    """Fill the temporary tables ``staged``, ``assigned`` and ``newborn`` for a night.

    Parameters
    ----------
    db : Database
        Open for writing, with the temporary table ``night_frame`` in place.
    files : list of str
        Parquet files of the workers.
    epoch : float
        Julian year of the night; proper motions carry objects there before matching.
    radius_arcsec : float
        Largest matching radius of the night's frames, arcsec.
    run_id : int
        The run that new objects belong to.

    Returns
    -------
    Association
        Counts, for the night's line.
    """
    db.job("crossmatch_stage", files=files)
    db.job("crossmatch_open", truncated=int(Flag.TRUNCATED))
    db.job("crossmatch_assigned")
    grid = _grid(radius_arcsec)
    db.job("crossmatch_sought_objects", epoch=epoch)
    _match(db, grid)
    n, n_matched = db.job("crossmatch_count").rows[0]
    _make_objects(db, grid)
    newborn = _born(db, epoch=epoch, run_id=run_id)
    with db.table("given_newborn", newborn):
        db.job("crossmatch_keep_newborn")
    db.job("crossmatch_name_newborn")
    return Association(n, n_matched, newborn.num_rows)


def _grid(radius_arcsec: float) -> dict[str, Any]:
    """Return the cube grid for a radius: edge of a cell and cells along an axis."""
    cell = CELL * float(chord(radius_arcsec))
    return {"cell": cell, "n": int(2.0 / cell) + 8}


def _match(db: Database, grid: dict[str, Any]) -> None:
    """Assign loose detections to the sought objects and take them out of the loose ones."""
    db.job("crossmatch_match", **grid)
    db.job("crossmatch_loosen")


def _make_objects(db: Database, grid: dict[str, Any]) -> None:
    """Make objects of the loose detections until none is loose."""
    for round_ in range(10_000):
        fullest = db.job("crossmatch_fullest").dicts()
        if not fullest:
            return
        if round_ < FRAME_ROUNDS and fullest[0]["n"]:
            db.job("crossmatch_sought_frame", frame_id=fullest[0]["frame_id"])
        else:
            db.job("crossmatch_sought_leaders", **grid)
        _match(db, grid)
    raise AssertionError("each round settles at least one detection")


def _born(db: Database, *, epoch: float, run_id: int) -> pa.Table:
    """Return the new objects with their ids, names and reference stars."""
    found = db.job("crossmatch_newborn")
    parent = np.array([r[0] for r in found.rows], dtype=np.int64)
    hpx = np.array([r[1] for r in found.rows], dtype=np.int64)
    unit = np.array([r[2:5] for r in found.rows], dtype=float).reshape(-1, 3)
    reach = np.array([r[5] for r in found.rows], dtype=float)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    ra, dec = np.degrees(np.arctan2(unit[:, 1], unit[:, 0])) % 360.0, np.degrees(np.arcsin(unit[:, 2]))
    star = _reference_stars(db, unit, reach, epoch=epoch)
    birth = np.where(star["found"], star["hpx"], hpx)
    ids = _free_ids(db, birth)
    return pa.table(
        {
            "parent": parent,
            "object_id": ids,
            "name": [name_of(float(r), float(d)) for r, d in zip(ra, dec, strict=True)],
            "hpx": healpix(ra, dec) if ra.size else hpx,
            "ra": ra,
            "dec": dec,
            "ux": unit[:, 0],
            "uy": unit[:, 1],
            "uz": unit[:, 2],
            "epoch": np.full(ra.size, epoch),
            "pm_ra": pa.array(star["pm_ra"], mask=~np.isfinite(star["pm_ra"])),
            "pm_dec": pa.array(star["pm_dec"], mask=~np.isfinite(star["pm_dec"])),
            "ref_catalog": pa.array(star["catalog"], pa.string()),
            "ref_source_id": pa.array(star["source_id"], pa.int64(), mask=~star["found"]),
            "run_id": np.full(ra.size, run_id, dtype=np.int32),
        }
    )


def _reference_stars(
    db: Database, unit: NDArray[np.float64], reach: NDArray[np.float64], *, epoch: float
) -> dict[str, Any]:
    """Return the reference star of each new object: mutual nearest pairs within reach, at the night's date."""
    n = len(unit)
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
    low, high = unit.min(axis=0) - 1e-4, unit.max(axis=0) + 1e-4
    box = {f"{axis}{k}": float(v[i]) for i, axis in enumerate("xyz") for k, v in enumerate((low, high))}
    rows = db.job("crossmatch_refstars", epoch=epoch, **box).rows
    if not rows:
        return star
    theirs = np.array([r[5:8] for r in rows], dtype=float)
    tree = cKDTree(theirs)
    distance, nearest = tree.query(unit)
    _, back = cKDTree(unit).query(theirs)
    for i in np.flatnonzero((distance <= reach) & (back[nearest] == np.arange(n))):
        catalog, source_id, cell, pm_ra, pm_dec = rows[nearest[i]][:5]
        star["found"][i] = True
        star["hpx"][i], star["source_id"][i], star["catalog"][i] = cell, source_id, catalog
        star["pm_ra"][i] = np.nan if pm_ra is None else pm_ra
        star["pm_dec"][i] = np.nan if pm_dec is None else pm_dec
    return star


def _free_ids(db: Database, birth: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return an id for each new object: its birth cell, or the next free one."""
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


def commit_objects(db: Database) -> None:
    """Append the new objects and take tonight's detections into the mean positions; inside a transaction."""
    db.job("commit_objects_new")
    sums = db.job("commit_objects_moved")
    _update_objects(db, sums.rows, keep_old=True)


def recount_objects(db: Database, rows: list[tuple[Any, ...]]) -> None:
    """Set mean positions and counts of objects from sums over all of their detections; inside a transaction."""
    _update_objects(db, rows, keep_old=False)


def _update_objects(db: Database, rows: list[tuple[Any, ...]], *, keep_old: bool) -> None:
    """Write mean positions from sums (object_id, n, sum ux, uy, uz, sum epoch), with or without the old mean."""
    if not rows:
        return
    ids = np.array([r[0] for r in rows], dtype=np.int64)
    n = np.array([r[1] for r in rows], dtype=float)
    sums = np.array([[v or 0.0 for v in r[2:6]] for r in rows], dtype=float)
    with db.table("touched", pa.table({"object_id": ids})):
        old = db.job("commit_objects_sums").rows
    mean = np.array([r[1:5] for r in old], dtype=float)
    count = np.array([r[5] for r in old], dtype=float)
    if keep_old:
        sums += mean * count[:, None]
        n = n + count
    seen = n > 0
    mean[seen] = sums[seen] / n[seen, None]
    unit = mean[:, :3] / np.linalg.norm(mean[:, :3], axis=1, keepdims=True)
    ra, dec = np.degrees(np.arctan2(unit[:, 1], unit[:, 0])) % 360.0, np.degrees(np.arcsin(unit[:, 2]))
    moved = pa.table(
        {
            "object_id": ids,
            "hpx": healpix(ra, dec),
            "ra": ra,
            "dec": dec,
            "ux": unit[:, 0],
            "uy": unit[:, 1],
            "uz": unit[:, 2],
            "epoch": mean[:, 3],
            "n_detections": n.astype(np.int32),
        }
    )
    with db.table("moved", moved):
        db.job("commit_objects_update")
