"""Where objects compete: all detections concerned are matched anew as a set, and what changed is written.

The detections that no settled star has taken, and those of every star they may be linked to, go through
`photdb.photometry.association.partition`. A group takes the id that most of its detections had. All of this happens
inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from photdb.jobs.crossmatch_births import Births, newborn, placed
from photdb.jobs.crossmatch_events import Change, record
from photdb.jobs.crossmatch_fast import EPOCH, FastStars, carried
from photdb.jobs.crossmatch_grid import GRADING, Box, columns, ids_of, stars
from photdb.jobs.crossmatch_names import inherit
from photdb.photometry.association import (
    ARCSEC,
    BRIGHT,
    UNKNOWN_MOTION,
    Detections,
    Shapes,
    linked,
    partition,
    position_error,
    shapes,
)
from photdb.sky import healpix, unit_vector
from photdb.store.database import Database

#: Room for rounding in what is kept of an object's extent, arcsec.
ROUNDING = 1e-3


@dataclass(frozen=True, slots=True)
class Pool:
    """Detections to be matched anew, arrays of n.

    Parameters
    ----------
    rid : ndarray of int
        Of tonight's; -1: it is stored.
    skey, frame_id : ndarray of int
        Where a stored one is.
    old : ndarray of int
        Its object; 0: none yet.
    unit : ndarray, shape (n, 3)
        Where it was seen.
    epoch : ndarray
        Julian year.
    star : ndarray of int
        The fast star it moves with; -1: none.
    cell : ndarray of int
        Its order-29 cell.
    matched : Detections
        What matching needs.
    """

    rid: NDArray[np.int64]
    skey: NDArray[np.int64]
    frame_id: NDArray[np.int64]
    old: NDArray[np.int64]
    unit: NDArray[np.float64]
    epoch: NDArray[np.float64]
    star: NDArray[np.int64]
    cell: NDArray[np.int64]
    matched: Detections

    def __len__(self) -> int:
        return len(self.rid)

    def take(self, index: NDArray[Any]) -> Pool:
        """Return some of them."""
        return Pool(*(_taken(getattr(self, f.name), index) for f in fields(self)))


def _taken(value: Any, index: NDArray[Any]) -> Any:
    return value.take(index) if isinstance(value, Detections) else value[index]


def pool(found: dict[str, NDArray[Any]], fast: FastStars) -> Pool:
    """Return detections as statements answer them, those of fast stars carried to one date."""
    ra, dec = np.round(found["ra"], 7), np.round(found["dec"], 7)
    unit, epoch = unit_vector(ra, dec).reshape(-1, 3), 2000.0 + (found["mjd"] - 51544.5) / 365.25
    place, star = carried(fast, unit, found["reach"], epoch)
    known = star >= 0
    motion = np.full(len(unit), UNKNOWN_MOTION)
    motion[known] = np.nan_to_num(fast.pm_err[star[known]], nan=1000 * UNKNOWN_MOTION) / 1000.0
    matched = Detections(
        found["frame_id"].astype(np.int64),
        place * ARCSEC,
        found["reach"],
        position_error(found["fwhm"], found["snr"], found["wcs_rms"]),
        found["snr"],
        found["grade"].astype(np.int8),
        found["mjd"],
        motion,
    )
    cell = healpix(ra, dec) if len(ra) else np.zeros(0, dtype=np.int64)
    return Pool(found["rid"], found["skey"], matched.frame, found["object_id"], unit, epoch, star, cell, matched)


def joined(*pools: Pool) -> Pool:
    """Return several pools as one."""
    pools = tuple(p for p in pools if len(p)) or pools[:1]
    if len(pools) == 1:
        return pools[0]
    of = [f.name for f in fields(Pool) if f.name != "matched"]
    parts = {name: np.concatenate([getattr(p, name) for p in pools]) for name in of}
    matched = [np.concatenate([getattr(p.matched, f.name) for p in pools]) for f in fields(Detections)]
    return Pool(**parts, matched=Detections(*matched))


def members(db: Database, ids: Iterable[int], fast: FastStars) -> Pool:
    """Return the stored detections of objects."""
    with db.table("given_stars", stars(ids)):
        return pool(columns(db, "crossmatch_members", **GRADING), fast)


def leftovers(db: Database, region: Box, fast: FastStars) -> Pool:
    """Return the stored detections of a region that belong to no object."""
    return pool(columns(db, "crossmatch_leftovers", **region, **GRADING), fast)


def closure(db: Database, ids: set[int], cells: dict[str, Any]) -> set[int]:
    """Return the stars whose detections may be linked to those of given ones, these included; of table ``sought``."""
    known, new = set(ids), set(ids)
    while new:
        with db.table("given_stars", stars(new)):
            new = ids_of(db, "crossmatch_neighbours", **cells) - known
        known |= new
    return known


def near_leftovers(db: Database, left: Pool, *, cells: dict[str, Any]) -> set[int]:
    """Return the stars of table ``sought`` that a detection without an object may belong to."""
    if not len(left):
        return set()
    place = left.matched.position / ARCSEC
    table = pa.table({"ux": place[:, 0], "uy": place[:, 1], "uz": place[:, 2], "reach": left.matched.reach})
    with db.table("given_places", table):
        return ids_of(db, "crossmatch_beside", **cells)


def touching(left: Pool, others: Pool) -> Pool:
    """Return those leftovers, in whole linked groups, that are near other detections."""
    return left.take(_touch(left, others))


def _touch(left: Pool, others: Pool) -> NDArray[np.bool_]:
    """Whether leftovers are near other detections, or linked to one that is."""
    if not len(left) or not len(others):
        return np.zeros(len(left), dtype=bool)
    from scipy.spatial import cKDTree

    d = left.matched
    reach = 2.0 * max(d.reach.max(), others.matched.reach.max())
    group = linked(d.position, np.full(len(d), d.reach.max()))
    distance, _ = cKDTree(others.matched.position).query(d.position, distance_upper_bound=reach)
    return np.isin(group, group[np.isfinite(distance)])


def well_inside(left: Pool, others: Pool, region: Box) -> Pool:
    """Return the leftovers of a region in whole linked groups: not those that may go on beyond its sides."""
    if not len(left):
        return left
    d = left.matched
    group = linked(d.position, np.full(len(d), d.reach.max()))
    room = 2.0 * d.reach.max()
    at_side = np.zeros(len(d), dtype=bool)
    for k, axis in enumerate("xyz"):
        at_side |= d.position[:, k] < region[f"{axis}0"] * ARCSEC + room
        at_side |= d.position[:, k] > region[f"{axis}1"] * ARCSEC - room
    return left.take(~np.isin(group, group[at_side]) | _touch(left, others))


def settle(
    db: Database, given: Pool, ids: set[int], fast: FastStars, wished: Mapping[int, int] | None = None, *, run_id: int
) -> int:
    """Match a pool anew and write what it changes; return the number of new objects.

    Parameters
    ----------
    db : Database
        In a transaction. Table ``assigned`` gets the objects of tonight's detections.
    given : Pool
    ids : set of int
        All objects that the pool holds the detections of.
    fast : FastStars
        What `Pool.star` counts.
    wished : mapping, optional
        Ids that detections wish for the object that is born of them, by rid.
    run_id : int
    """
    labels, contested = partition(given.matched)
    n = int(labels.max(initial=-1)) + 1
    shape = shapes(given.matched, labels, n)
    rows = _rows(given, labels, shape, contested, fast)
    empty = _waiting(db, ids - set(given.old.tolist()), shape)
    chosen, vanished = inherit(given.old, labels, n, empty)
    born = np.flatnonzero(chosen == 0)
    new = _born(db, given, labels, rows, shape, born, wished or {}, run_id=run_id)
    chosen[born] = new["object_id"].to_numpy()
    _write_objects(db, rows, chosen, born, new)
    after = np.where(labels >= 0, chosen[labels] if n else 0, 0)
    _write_detections(db, given, after)
    record(db, Change(given.old, after, given.rid < 0, set(chosen[born].tolist()), vanished), run_id=run_id)
    return len(born)


def _waiting(db: Database, ids: set[int], shape: Shapes) -> dict[int, int]:
    """Return which cluster lies where an object is that has no detections at present: cluster by id."""
    if not ids or not len(shape.mean):
        return {}
    from scipy.spatial import cKDTree

    with db.table("given_stars", stars(ids)):
        rows = db.job("crossmatch_waiting").rows
    tree = cKDTree(shape.mean)
    found = {}
    for object_id, *unit in rows:
        distance, k = tree.query(np.array(unit) * ARCSEC)
        if distance <= shape.reach[k]:
            found[int(object_id)] = int(k)
    return found


def _rows(
    given: Pool, labels: NDArray[np.int64], shape: Shapes, contested: NDArray[np.bool_], fast: FastStars
) -> dict[str, NDArray[Any]]:
    """Return the columns of objects 0 ... n-1: where they are at their mean date, and their extents."""
    n = len(shape.mean)
    mine = labels >= 0
    label = labels[mine]
    founding = given.matched.grade[mine] == shape.grade[label]
    count = np.maximum(np.bincount(label[founding], minlength=n), 1)
    epoch = np.bincount(label[founding], weights=given.epoch[mine][founding] - 2000.0, minlength=n) / count + 2000.0
    unit = shape.mean / ARCSEC
    star = np.full(n, -1, dtype=np.int64)
    star[label[founding]] = given.star[mine][founding]
    moving = star >= 0
    unit[moving] += (epoch[moving] - EPOCH)[:, None] * fast.velocity[star[moving]]
    pm = {name: np.full(n, np.nan) for name in ("pm_ra", "pm_dec")}
    for name, values in pm.items():
        values[moving] = getattr(fast, name)[star[moving]]
    torn = np.zeros(n, dtype=bool)
    torn[label[contested[mine]]] = True
    return {
        **placed(unit),
        "epoch": epoch,
        "n_detections": shape.n.astype(np.int32),
        "n_position": shape.n_position.astype(np.int32),
        "grade": shape.grade,
        "spread": shape.spread + ROUNDING,
        "slack": shape.slack - ROUNDING,
        "reach": shape.reach,
        "drift": np.zeros(n),
        "is_contested": torn | ~shape.is_simple | (shape.grade < BRIGHT),
        **pm,
    }


def _born(
    db: Database,
    given: Pool,
    labels: NDArray[np.int64],
    rows: dict[str, NDArray[Any]],
    shape: Shapes,
    born: NDArray[np.int64],
    wished: Mapping[int, int],
    *,
    run_id: int,
) -> pa.Table:
    """Return the rows of the clusters that become new objects."""
    cell = _earliest(given, labels, len(shape.mean))
    names = _names_wished(given, labels, wished) if wished else []
    for name, label in reversed(names):  # of several the lowest
        if label >= 0:
            cell[label] = name
    unit = np.column_stack([rows[f"u{axis}"][born] for axis in "xyz"]).reshape(-1, 3)
    named = np.zeros(len(cell), dtype=bool)
    named[[label for _, label in names if label >= 0]] = True
    births = Births(unit, rows["epoch"][born], shape.reach[born], cell[born], named[born])
    return newborn(db, births, run_id=run_id)


def _names_wished(given: Pool, labels: NDArray[np.int64], wished: Mapping[int, int]) -> list[tuple[int, int]]:
    """Return the ids that detections wish for, and the cluster of each that does, the lowest first."""
    return sorted((wished[r], k) for r, k in zip(given.rid.tolist(), labels.tolist(), strict=True) if r in wished)


def _earliest(given: Pool, labels: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Return the order-29 cell of the earliest detection of each of n clusters; of several the lowest."""
    mine = labels >= 0
    label, mjd, cell = labels[mine], given.matched.mjd[mine], given.cell[mine]
    when = np.full(n, np.inf)
    np.minimum.at(when, label, mjd)
    first = mjd == when[label]
    lowest = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(lowest, label[first], cell[first])
    return lowest


def _write_objects(
    db: Database, rows: dict[str, NDArray[Any]], ids: NDArray[np.int64], born: NDArray[np.int64], new: pa.Table
) -> None:
    """Append new objects, and write positions and extents of all."""
    if not len(ids):
        return
    place = {name: rows[name] for name in ("hpx", "ra", "dec", "ux", "uy", "uz", "epoch")}
    table = new
    for name, values in place.items():
        table = table.append_column(name, pa.array(values[born]))
    for name in ("pm_ra", "pm_dec"):
        theirs, ours = new[name].to_numpy(zero_copy_only=False).astype(float), rows[name][born]
        both = np.where(np.isfinite(ours), ours, theirs)
        table = table.set_column(table.column_names.index(name), name, pa.array(both, mask=~np.isfinite(both)))
    table = table.append_column("n_detections", pa.array(np.zeros(len(born), dtype=np.int32)))
    with db.table("newborn", table):
        db.job("commit_objects_new")
    write_moved(db, {"object_id": ids, **{name: v for name, v in rows.items() if name not in ("pm_ra", "pm_dec")}})


def write_moved(db: Database, rows: dict[str, NDArray[Any]]) -> None:
    """Write positions, counts and extents of objects that are there."""
    with db.table("moved", pa.table(rows)):
        db.job("commit_objects_update")


def _write_detections(db: Database, given: Pool, after: NDArray[np.int64]) -> None:
    """Give tonight's detections their objects, and move stored ones that change hands."""
    tonight = (given.rid >= 0) & (after > 0)
    with db.table("given_assigned", pa.table({"rid": given.rid[tonight], "object_id": after[tonight]})):
        if tonight.any():
            db.job("crossmatch_assign")
    moves = (given.rid < 0) & (after != given.old)
    if not moves.any():
        return
    table = pa.table(
        {
            "skey": given.skey[moves],
            "frame_id": given.frame_id[moves],
            "old_id": given.old[moves],
            "object_id": after[moves],
            "new_skey": np.where(after[moves] > 0, after[moves], given.cell[moves]),
        }
    )
    with db.table("given_moves", table):
        db.job("reassign_take")
        found = db.job("reassign_count").rows[0][0]
        if found != len(table):
            raise AssertionError(f"{found} of {len(table)} detections to be reassigned are in the store")
        db.job("reassign_partitions")
        db.job("reassign_drop_hot")
        db.job("reassign_drop_cold")
        db.job("reassign_put")
