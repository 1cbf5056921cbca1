"""Detections of moving targets, taken out before stars are matched.

The detection nearest to where a target's path has it in a frame, within the frame's reach and three sigma of the path,
is the target's; but not one that a reference star is nearer to. It belongs to the target's own object, of kind
``moving``, which takes no part in the matching of stars. A target that is measured beside its path (an offset) takes
none: what is there is not the body.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from photdb.jobs.crossmatch_births import free_ids, placed
from photdb.jobs.crossmatch_events import Change, record
from photdb.jobs.crossmatch_grid import columns, stars
from photdb.jobs.moving import places_in_frames
from photdb.photometry.association import ARCSEC, one_to_one
from photdb.sky import healpix, name_of, unit_vector
from photdb.store.database import Database

#: A path is believed to so many sigma, and to so many arcseconds at most.
SIGMAS, LARGEST = 3.0, 60.0


def take_moving(db: Database, *, run_id: int) -> int:
    """Give tonight's detections at a moving target's place to its object; return how many. Inside a transaction."""
    frames = columns(db, "crossmatch_frames_tonight")
    found = _candidates(db, frames, "crossmatch_near_paths")
    if not len(found["target_id"]):
        return 0
    ids = _objects(db, found, run_id=run_id)
    with db.table("given_assigned", pa.table({"rid": found["rid"], "object_id": ids})):
        db.job("crossmatch_assign")
    _count(db, ids)
    return len(ids)


def take_stored(db: Database, *, run_id: int) -> int:
    """Give stored detections at a moving target's place to its object; return how many. Inside a transaction.

    Stars that lose detections by it are measured anew by what follows; those that lose all were the target.
    """
    frames = columns(db, "crossmatch_frames_stored")
    found = _candidates(db, frames, "crossmatch_near_paths_stored")
    if not len(found["target_id"]):
        return 0
    ids = _objects(db, found, run_id=run_id)
    moves = {name: found[name] for name in ("skey", "frame_id")}
    moves |= {"old_id": found["object_id"], "object_id": ids, "new_skey": ids}
    with db.table("given_moves", pa.table(moves)):
        for job in ("reassign_take", "reassign_partitions", "reassign_drop_hot", "reassign_drop_cold", "reassign_put"):
            db.job(job)
    _count(db, ids)
    old = found["object_id"]
    with db.table("given_stars", stars(old[old > 0].tolist())):
        empty = {int(row[0]) for row in db.job("crossmatch_lost_all").rows}
        db.job("crossmatch_forget_extent")
    homes = {int(o): int(n) for o, n in zip(old, ids, strict=True) if o in empty}
    why = "it is where a moving target was"
    record(db, Change(old, ids, np.ones(len(ids), dtype=bool), set(), homes, why), run_id=run_id)
    return len(ids)


def _candidates(db: Database, frames: dict[str, NDArray[Any]], job: str) -> dict[str, NDArray[Any]]:
    """Return the detections that are moving targets, each target's one in a frame."""
    places = places_in_frames(db, frames["frame_id"], frames["mjd"])
    beside = [row[0] for row in db.query("target_offsets").rows]
    places = places.filter(~np.isin(places["target_id"].to_numpy(), beside))
    if not places.num_rows:
        return {"target_id": np.zeros(0, dtype=np.int64)}
    order = np.argsort(frames["frame_id"])
    frame_id = places["frame_id"].to_numpy()
    reach = frames["reach"][order][np.searchsorted(frames["frame_id"][order], frame_id)]
    sigma = np.nan_to_num(places["sigma_arcsec"].to_numpy(), nan=0.0)
    unit = unit_vector(places["ra"].to_numpy(), places["dec"].to_numpy()).reshape(-1, 3)
    paths = {
        "target_id": places["target_id"].to_numpy(),
        "frame_id": frame_id,
        "ux": unit[:, 0],
        "uy": unit[:, 1],
        "uz": unit[:, 2],
        "radius": np.minimum(reach + SIGMAS * sigma, LARGEST) / ARCSEC,
    }
    with db.table("given_paths", pa.table(paths)):
        near = columns(db, job)
    if not len(near["target_id"]):
        return near
    key = np.unique(np.column_stack([near["rid"], near["skey"], near["frame_id"]]), axis=0, return_inverse=True)[1]
    slot = (near["target_id"].astype(np.int64) << 32) + near["frame_id"]
    key = key.ravel().astype(np.int64)
    chosen, given = one_to_one(key, slot, near["distance"])
    wanted = dict(zip(chosen.tolist(), given.tolist(), strict=True))
    mine = np.array([wanted.get(k) == s for k, s in zip(key.tolist(), slot.tolist(), strict=True)], dtype=bool)
    return {name: values[mine] for name, values in near.items()}


def _objects(db: Database, found: dict[str, NDArray[Any]], *, run_id: int) -> NDArray[np.int64]:
    """Return the object of each detection's target, made where there is none yet."""
    known = {int(t): int(o) for t, o in db.job("crossmatch_moving_objects").rows}
    new = sorted({int(t) for t in found["target_id"]} - known.keys())
    if new:
        first = [np.flatnonzero(found["target_id"] == t)[np.argmin(found["mjd"][found["target_id"] == t])] for t in new]
        unit = unit_vector(found["ra"][first], found["dec"][first]).reshape(-1, 3)
        ids = free_ids(db, healpix(found["ra"][first], found["dec"][first]))
        place = placed(unit)
        rows = {
            "object_id": ids,
            "name": [name_of(float(r), float(d)) for r, d in zip(place["ra"], place["dec"], strict=True)],
            **place,
            "epoch": 2000.0 + (found["mjd"][first] - 51544.5) / 365.25,
            "kind": ["moving"] * len(new),
            "target_id": pa.array(new, pa.int32()),
            "n_detections": np.zeros(len(new), dtype=np.int32),
            "run_id": np.full(len(new), run_id, dtype=np.int32),
        }
        with db.table("newborn", pa.table(rows)):
            db.job("commit_objects_new")
        known |= dict(zip(new, ids.tolist(), strict=True))
    return np.array([known[int(t)] for t in found["target_id"]], dtype=np.int64)


def _count(db: Database, ids: NDArray[np.int64]) -> None:
    """Add to the counts of moving objects."""
    counted, n = np.unique(ids, return_counts=True)
    with db.table("given_counts", pa.table({"object_id": counted, "n": n.astype(np.int32)})):
        db.job("commit_objects_more")
