"""``photdb crossmatch``: match again what is stored, region by region.

A region is one transaction, and what comes out of it depends on the detections alone. So a killed run leaves no region
half done, the same command again goes on, and doing a region twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from photdb import progress
from photdb.jobs.crossmatch import MARGIN, match_region, remeasure
from photdb.jobs.crossmatch_grid import Box, box, columns
from photdb.jobs.crossmatch_moving import take_stored
from photdb.jobs.object_links import update_links
from photdb.jobs.relations import rebuild_relations
from photdb.jobs.statistics import update_statistics
from photdb.jobs.target_links import refresh_targets
from photdb.jobs.writer import sole_ingest, writing
from photdb.photometry.association import RULES
from photdb.store.database import Database

#: Detections that are looked at in one transaction, about; a region of more is divided.
AT_ONCE = 2_000_000

#: HEALPix order of the smallest region.
FINEST = 6


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What matching again has changed.

    Parameters
    ----------
    n_objects : int
        Objects afterwards.
    n_new : int
        Objects that were born.
    n_gone : int
        Ids that are out of use now.
    n_moved : int
        Detections that changed hands.
    n_without : int
        Detections with a position that belong to no object.
    """

    n_objects: int
    n_new: int
    n_gone: int
    n_moved: int
    n_without: int

    def line(self) -> str:
        """Return it in words."""
        objects = f"{self.n_objects} object{'s' * (self.n_objects != 1)}"
        if not (self.n_new or self.n_gone or self.n_moved):
            done = f"{objects}, nothing to change"
        else:
            done = (
                f"{objects}: {self.n_new} new, {self.n_gone} {_plural('id', self.n_gone)} out of use (they lead on), "
                f"{self.n_moved} {_plural('detection', self.n_moved)} changed hands"
            )
        return f"{done}; {self.n_without} {_plural('detection', self.n_without)} of no object"


def _plural(word: str, n: int) -> str:
    """Return a word for so many."""
    return word if n == 1 else f"{word}s"


def crossmatch(store: Path, *, rebuild: bool = False) -> Rebuilt:
    """Associate what is unassociated; or all of it anew.

    Parameters
    ----------
    store : Path
    rebuild : bool, default=False
        Look at every object's detections, not only at those that objects compete for or that have none.

    Returns
    -------
    Rebuilt

    Raises
    ------
    NotFoundError
        If there is no such store.
    StoreLockedError
        If an ingest works on it, or another process holds it for long.
    """
    with Database.open(store):
        pass  # that it is there, and a store, before anything is made beside it
    with sole_ingest(store), writing(store) as db:
        db.job("run_abandoned")  # nobody else writes: what still runs was killed
        return _crossmatch(db, rebuild=rebuild)


def _crossmatch(db: Database, *, rebuild: bool) -> Rebuilt:
    """Match, then bring links and statistics up to date."""
    with db.run("crossmatch", {"rebuild": rebuild, "association": RULES}) as run_id:
        with db.transaction():
            take_stored(db, run_id=run_id)
        measure_anew(db, everything=rebuild)
        match_anew(db, run_id=run_id)
        update_links(db, run_id, anew=rebuild)
        rebuild_relations(db, run_id)
        update_statistics(db)
        refresh_targets(db)
        done = _changes(db, run_id)
        db.finish_run(run_id, "done", done.line())
    return done


def measure_anew(db: Database, *, everything: bool) -> None:
    """Count objects' detections and measure their extents: of all, or of those of which nothing is known."""
    stock = columns(db, "crossmatch_stock")
    chosen = np.ones(len(stock["object_id"]), dtype=bool) if everything else stock["is_unknown"].astype(bool)
    ids, size = stock["object_id"][chosen], np.maximum(stock["n_detections"][chosen], 1)
    pieces = np.split(ids, np.searchsorted(np.cumsum(size), np.arange(AT_ONCE, size.sum(), AT_ONCE)))
    for piece in progress.track([p for p in pieces if len(p)], "measuring objects"):
        with db.transaction():
            remeasure(db, piece.tolist())


def match_anew(db: Database, *, run_id: int) -> None:
    """Match what objects compete for, and what has none, region by region."""
    for region in progress.track(list(_regions(db)), "matching regions"):
        with db.transaction():
            match_region(db, region, run_id=run_id)


def _regions(db: Database) -> Iterator[Box]:
    """Yield boxes that together hold all detections."""
    stock, left = columns(db, "crossmatch_stock"), columns(db, "crossmatch_stock_left")
    cell = np.concatenate([stock["hpx"] >> 46, left["cell"]])
    size = np.concatenate([stock["n_detections"], left["n"]])
    for pixel in range(12):
        yield from _divided(0, pixel, cell, size)


def _divided(order: int, pixel: int, cell: NDArray[np.int64], size: NDArray[np.int64]) -> Iterator[Box]:
    """Yield the boxes of a HEALPix cell, in parts while it holds too much."""
    inside = cell >> 2 * (FINEST - order) == pixel
    cell, size = cell[inside], size[inside]
    if not len(cell):
        return
    if order < FINEST and size.sum() > AT_ONCE:
        for child in range(4 * pixel, 4 * pixel + 4):
            yield from _divided(order + 1, child, cell, size)
        return
    yield _box_of(order, pixel)


def _box_of(order: int, pixel: int) -> Box:
    """Return the box of unit vectors that holds a HEALPix cell, with a margin."""
    import healpy

    sides = healpy.boundaries(2**order, pixel, step=8, nest=True).T
    axes = np.vstack([np.eye(3), -np.eye(3)])
    within = axes[healpy.vec2pix(2**order, *axes.T, nest=True) == pixel]
    points = np.vstack([sides, within])
    # sides bulge between the points of them: by less than a fiftieth of the cell
    bulge = 0.02 * float(np.ptp(points, axis=0).max())
    return box(points.min(axis=0) - bulge, points.max(axis=0) + bulge, MARGIN)


def _changes(db: Database, run_id: int) -> Rebuilt:
    """Return what a run did, from what it wrote."""
    return Rebuilt(*db.job("crossmatch_changes", run_id=run_id).rows[0])
