"""Associate a night's detections with objects, and make objects of what is left over.

Which detections are one object is a pure function of the set of all detections
(`photdb.photometry.association.partition`). Most of it needs no looking at single detections: a star that is alone, and
all of whose new detections are close to it, simply gets them, as a set and in SQL. Where that cannot be told from what
is known of the star's extent, or objects compete, the detections concerned are fetched and matched anew
(`crossmatch_contested`). So the order of frames and nights does not matter, and matching everything from nothing gives
the same objects.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from photdb.jobs import crossmatch_contested as contested
from photdb.jobs.crossmatch_births import placed
from photdb.jobs.crossmatch_fast import FAST_MAS, carry_loose, fast_stars
from photdb.jobs.crossmatch_grid import GRADING, Box, box, columns, grid, ids_of, stars
from photdb.jobs.crossmatch_moving import take_moving
from photdb.store.database import Database

log = logging.getLogger(__name__)

#: A star whose mean may have drifted by this part of its reach is looked at anew, detection by detection.
LARGEST_DRIFT = 0.25

#: Room around a night's detections in which stars are looked for, arcsec.
MARGIN = 60.0


@dataclass(frozen=True, slots=True)
class Association:
    """What became of a night's detections.

    Parameters
    ----------
    n_detections, n_matched : int
        All, and those that belong to an object.
    n_new_objects : int
    n_without : int
        Those that have a position and belong to no object: alone, and not significant enough to make one.
    """

    n_detections: int
    n_matched: int
    n_new_objects: int
    n_without: int = 0


def associate(
    db: Database, *, files: list[str], run_id: int, again: Iterable[int] = (), wished: Mapping[int, int] | None = None
) -> Association:
    """Give a night's detections their objects, and write the objects; inside a transaction.

    Fills the temporary tables ``staged`` (the detections) and ``assigned`` (their objects), which
    ``commit_detections`` writes.

    Parameters
    ----------
    db : Database
        Open for writing, with the temporary table ``night_frame`` in place.
    files : list of str
        Parquet files of the workers.
    run_id : int
        The run that new objects belong to.
    again : iterable of int, optional
        Objects that lost detections just before, to be looked at too.
    wished : mapping of int to int, optional
        Ids (order-29 cells) that detections, by their ``rid``, wish for the object that is born of them; it gets the
        next free one where that is, or was, another's.

    Returns
    -------
    Association
        Counts, for the night's line.
    """
    db.job("crossmatch_stage", files=files, **GRADING)
    db.job("crossmatch_assigned")
    take_moving(db, run_id=run_id)
    db.job("crossmatch_open")
    n_staged = int(db.one("SELECT count(*) FROM staged"))
    n_with_place = int(db.one("SELECT count(*) FROM staged WHERE ra IS NOT NULL"))
    *sides, reach, n_loose = db.job("crossmatch_box").rows[0]
    n_new = 0
    if n_loose or again:
        region = _region(db, sides, reach, again)
        n_new = _match(db, region, set(again), wished or {}, run_id=run_id)
    n_matched = int(db.one("SELECT count(*) FROM assigned"))
    return Association(n_staged, n_matched, n_new, n_with_place - n_matched)


def _region(db: Database, sides: list[float | None], reach: float | None, again: Iterable[int]) -> Box:
    """Return the box of the loose detections and of objects to be looked at again."""
    rows = [] if sides[0] is None else [sides]
    with db.table("given_stars", stars(again)):
        theirs = db.job("crossmatch_box_of_stars").rows[0]
    rows += [] if theirs[0] is None else [list(theirs)]
    corners = np.array(rows, dtype=float)
    return box(corners[:, 0::2].min(axis=0), corners[:, 1::2].max(axis=0), MARGIN + (reach or 0.0))


def _match(db: Database, region: Box, again: set[int], wished: Mapping[int, int], *, run_id: int) -> int:
    """Match the loose detections; return the number of new objects."""
    fast = fast_stars(db, region)
    carry_loose(db, fast)
    cells = look_for_stars(db, region)
    db.job("crossmatch_pairs", **cells["pairs"])
    db.job("crossmatch_judge", gate=LARGEST_DRIFT)
    db.job("crossmatch_settle")
    unsettled = ids_of(db, "crossmatch_unsettled") | again
    db.job("crossmatch_new_places")
    left = contested.leftovers(db, region, fast)
    with db.table("given_stars", stars(contested.near_leftovers(db, left, cells=cells["pairs"]))):
        unsettled |= ids_of(db, "crossmatch_settled")
    unsettled, wider = _closed(db, unsettled, region, tonight=True)
    if wider != region:
        left = contested.leftovers(db, wider, fast)
    with db.table("given_stars", stars(unsettled)):
        db.job("crossmatch_unassign")
        joined = columns(db, "crossmatch_joined")
    tonight = contested.pool(columns(db, "crossmatch_tonight"), fast)
    stored = contested.members(db, unsettled, fast)
    others = contested.joined(tonight, stored)
    given = contested.joined(others, contested.touching(left, others))
    n_new = contested.settle(db, given, unsettled, fast, wished, run_id=run_id) if len(given) else 0
    write_joined(db, joined)
    return n_new


def match_stored(db: Database, ids: set[int], *, run_id: int) -> int:
    """Match the stored detections of objects anew, with all that may be linked to them; inside a transaction.

    Returns the number of new objects.
    """
    with db.table("given_stars", stars(ids)):
        sides = db.job("crossmatch_box_of_stars").rows[0]
    if sides[0] is None:
        return 0
    region = box(np.array(sides[0::2]), np.array(sides[1::2]), MARGIN)
    db.job("crossmatch_nothing_loose")
    look_for_stars(db, region)
    ids, region = _closed(db, ids, region)
    fast = fast_stars(db, region)
    stored = contested.members(db, ids, fast)
    given = contested.joined(stored, contested.touching(contested.leftovers(db, region, fast), stored))
    return contested.settle(db, given, ids, fast, run_id=run_id) if len(given) else 0


def match_region(db: Database, region: Box, *, run_id: int) -> int:
    """Match anew all stored detections of a region that objects compete for or that have none; inside a transaction.

    Returns the number of new objects.
    """
    db.job("crossmatch_nothing_loose")
    cells = look_for_stars(db, region)
    ids = ids_of(db, "crossmatch_linked", **cells["closure"])
    fast = fast_stars(db, region)
    left = contested.leftovers(db, region, fast)
    ids, wider = _closed(db, ids | contested.near_leftovers(db, left, cells=cells["pairs"]), region)
    if wider != region:
        fast = fast_stars(db, wider)
        left = contested.leftovers(db, wider, fast)
    stored = contested.members(db, ids, fast)
    given = contested.joined(stored, contested.well_inside(left, stored, wider))
    return contested.settle(db, given, ids, fast, run_id=run_id) if len(given) else 0


def _closed(db: Database, ids: set[int], region: Box, *, tonight: bool = False) -> tuple[set[int], Box]:
    """Return stars with all that they may be linked to, and the region that surely holds these."""
    cells = grids(db)["closure"]
    while True:
        found = contested.closure(db, ids, cells)
        with db.table("given_stars", stars(found)):
            sides = db.job("crossmatch_box_of_stars").rows[0]
        if sides[0] is None:
            return found, region
        around = box(np.array(sides[0::2]), np.array(sides[1::2]), MARGIN / 2)
        if all((around[k] >= region[k]) if k.endswith("0") else (around[k] <= region[k]) for k in region):
            return found, region
        room = box(np.array(sides[0::2]), np.array(sides[1::2]), 4 * MARGIN)
        region = {k: (min if k.endswith("0") else max)(region[k], room[k]) for k in region}
        cells = look_for_stars(db, region)["closure"]
        if tonight:
            db.job("crossmatch_new_places")


def look_for_stars(db: Database, region: Box) -> dict[str, dict[str, Any]]:
    """Fill the table ``sought`` with the stars of a region; return the grids to look near them with."""
    unknown = ids_of(db, "crossmatch_unknown", **region)
    if unknown:
        remeasure(db, unknown)
    db.job("crossmatch_sought_objects", fast=FAST_MAS, **region)
    return grids(db)


def grids(db: Database) -> dict[str, dict[str, Any]]:
    """Return the grids to look near the stars of ``sought`` with: for detections, and for other stars."""
    spread, reach, loose = db.job("crossmatch_extent").rows[0]
    reach, spread = max(reach or 1.0, loose or 1.0), spread or 0.0
    pairs = grid(reach + max(spread, 0.5 * reach))
    # stars may have grown by what joined them
    return {"pairs": pairs, "closure": grid(reach + 2.0 * max(spread, reach))}


def write_joined(db: Database, found: dict[str, NDArray[Any]]) -> None:
    """Write where settled stars are with the detections that joined them."""
    if not len(found["object_id"]):
        return
    unit = np.column_stack([found[f"u{axis}"] for axis in "xyz"])
    rest = {name: v for name, v in found.items() if name not in ("ux", "uy", "uz")}
    contested.write_moved(db, rest | placed(unit))


def remeasure(db: Database, ids: Iterable[int]) -> None:
    """Set positions, counts and extents of objects from their stored detections; inside a transaction."""
    with db.table("given_stars", stars(ids)):
        found = columns(db, "crossmatch_remeasure", **GRADING)
        unit = np.column_stack([found[f"u{axis}"] for axis in "xyz"]).reshape(-1, 3)
        rest = {name: v for name, v in found.items() if name not in ("ux", "uy", "uz")}
        rest["spread"] = rest["spread"] + contested.ROUNDING
        rest["slack"] = rest["slack"] - contested.ROUNDING
        rest["is_contested"] = rest["is_contested"].astype(bool) | (rest["grade"] < 3)
        contested.write_moved(db, rest | placed(unit))
        with db.table("moved", pa.table({"object_id": rest["object_id"]})):
            db.job("crossmatch_emptied")
