"""What an export will hold: where its rows are on the sky, how many, and a digest of what each is made from.

One pass over the positions of all detections, in bounded memory, counts rows in cells of order 10; partitions, the
digests of partitions and the detections that lie in another partition than their object follow from it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from photdb import progress
from photdb.output.sky_partitions import FINEST, Cover, Partition, split
from photdb.sky import ORDER, healpix
from photdb.store.database import Database, statement

if TYPE_CHECKING:
    import pyarrow

Cells = NDArray[np.int64]
_SHIFT = 2 * (ORDER - FINEST)
#: Rows looked at at a time, and cells remembered before they are added up.
_BATCH, _MANY = 250_000, 2_000_000


@dataclass(frozen=True)
class Counted:
    """Rows in cells of order 10.

    Parameters
    ----------
    cells, rows : ndarray of shape (n,)
        Distinct cells in order, and rows in each.
    digests : ndarray of uint64 of shape (n,)
        Of the rows of each, whatever their order.
    """

    cells: Cells
    rows: Cells
    digests: NDArray[np.uint64]

    @property
    def total(self) -> int:
        """All rows."""
        return int(self.rows.sum())

    def within(self, partition: Partition) -> tuple[int, int]:
        """Return the rows of a partition and their digest."""
        lo, hi = np.searchsorted(self.cells, [partition.lo >> _SHIFT, partition.hi >> _SHIFT])
        return int(self.rows[lo:hi].sum()), int(np.bitwise_xor.reduce(self.digests[lo:hi], initial=np.uint64(0)))


@dataclass(frozen=True)
class Plan:
    """What an export will hold.

    Parameters
    ----------
    objects, points, sources : Counted
        Objects; detections with an object, at the place of the object; detections, at their own place.
    n_orphan, n_unplaced : int
        Detections without an object; those of them that have no position either, and are in no table of the sky.
    partitions : list of Partition
        For all tables.
    """

    objects: Counted
    points: Counted
    sources: Counted
    n_orphan: int
    n_unplaced: int
    partitions: list[Partition]

    @cached_property
    def cover(self) -> Cover:
        """The whole sky as partitions and what is between them."""
        return Cover(self.partitions)

    def digest(self, table: str, partition: Partition) -> str:
        """Return what tells whether a partition of ``objects`` or ``sources`` is as it was."""
        counted = (self.objects, self.points) if table == "objects" else (self.sources,)
        return digest_of([str(partition), *(c.within(partition) for c in counted)])


def digest_of(facts: Sequence[object]) -> str:
    """Return a short digest of facts."""
    return hashlib.sha256(repr(list(facts)).encode()).hexdigest()[:16]


def plan(db: Database, *, objects: Sequence[int] | None, band: str | None, rows: int) -> Plan:
    """Look where everything is.

    Leaves the temporary tables ``export_frame``, ``export_object`` and ``export_arriving``.

    Parameters
    ----------
    db : Database
        The store.
    objects : sequence of int, optional
        Only these; None: all, and detections without an object.
    band : str, optional
        Only of this band.
    rows : int
        Rows of a partition.
    """
    db.job("export_frames", band=band)
    db.job("export_objects", objects=None if objects is None else list(objects))
    db.job("export_stray")
    points, sources = _Sum(), _Sum()
    n_orphan = n_unplaced = 0
    reader = db.batches(statement("jobs", "export_positions"), {"orphans": objects is None}, size=_BATCH)
    strays = []
    for batch in progress.track(reader, "looking where everything is (pieces)"):
        home, own, has, digest, stray = _places(batch)
        points.add(home[has], digest[has])
        sources.add(own[own >= 0], digest[own >= 0])
        n_orphan += int((~has).sum())
        n_unplaced += int((own < 0).sum())
        strays.append(stray)
    _remember(db, strays)
    found = db.job("export_object_cells").rows
    held = Counted(
        np.array([r[0] for r in found], dtype=np.int64),
        np.array([r[1] for r in found], dtype=np.int64),
        np.array([r[2] for r in found], dtype=np.uint64),
    )
    counted = points.counted(), sources.counted()
    partitions = _partitions(counted, rows)
    _keep_strays(db, Cover(partitions))
    db.job("export_stray_rows")
    return Plan(held, *counted, n_orphan, n_unplaced, partitions)


def _places(batch: pyarrow.RecordBatch) -> tuple[Any, ...]:
    """Return home and own cells, whether there is an object, digests, and the rows that belong elsewhere."""
    home, digest = batch["home"].to_numpy(), batch["digest"].to_numpy()
    has = batch["has_object"].to_numpy(zero_copy_only=False)
    own = cells_of(batch["ra"], batch["dec"])
    own = np.where(own >= 0, own >> _SHIFT, -1)
    strange = np.flatnonzero(((own != home) & (own >= 0)) | (batch["skey"].to_numpy() >> _SHIFT != home))
    stray = batch.select(["skey", "frame_id", "home"]).take(strange).append_column("own", _array(own[strange]))
    return home, own, has, digest, stray


def cells_of(ra: Any, dec: Any) -> Cells:
    """Return the order-29 cells of Arrow columns of positions (deg); -1 where there is none."""
    ra, dec = (np.asarray(c.to_numpy(zero_copy_only=False), dtype=float) for c in (ra, dec))
    there = np.isfinite(ra) & np.isfinite(dec)
    if there.all():
        return healpix(ra, dec)
    return np.where(there, healpix(np.where(there, ra, 0.0), np.where(there, dec, 0.0)), -1)


def _array(values: Cells) -> pyarrow.Array:
    """Return an Arrow array."""
    import pyarrow as pa

    return pa.array(values, type=pa.int64())


def _remember(db: Database, strays: Sequence[pyarrow.RecordBatch]) -> None:
    """Write down the rows whose own cell of order 10, that of their object and that of its number differ."""
    import pyarrow as pa

    found = [s for s in strays if s.num_rows]
    if found:
        with db.table("strays", pa.Table.from_batches(found)):
            db.execute("INSERT INTO export_stray SELECT DISTINCT *, false FROM strays")


def _keep_strays(db: Database, cover: Cover) -> None:
    """Keep of these rows those that lie in another partition than their object, or whose object was born in another."""
    table = db.arrow("SELECT * EXCLUDE (away) FROM export_stray")
    home, own = (cover.region_of(table[c].to_numpy() << _SHIFT) for c in ("home", "own"))
    away = cover.region_of(table["skey"].to_numpy()) != home
    kept = np.flatnonzero((own != home) & (own >= 0) | away)
    db.execute("DELETE FROM export_stray")
    with db.table("strays", table.take(kept).append_column("away", [away[kept]])):
        db.execute("INSERT INTO export_stray SELECT * FROM strays")


def _partitions(counted: tuple[Counted, Counted], rows: int) -> list[Partition]:
    """Return partitions in which neither light curves nor sources are more than so many rows."""
    cells = np.unique(np.concatenate([c.cells for c in counted]))
    weights = np.zeros((len(cells), len(counted)), dtype=np.int64)
    for column, c in enumerate(counted):
        weights[np.searchsorted(cells, c.cells), column] = c.rows
    return split(cells, weights, rows)


class _Sum:
    """Rows and digests in cells, added up as they come."""

    def __init__(self) -> None:
        self._parts: list[Counted] = []
        self._n = 0

    def add(self, cells: Cells, digests: NDArray[np.uint64]) -> None:
        """Add rows."""
        part = _reduced(cells, np.ones(len(cells), dtype=np.int64), digests)
        self._parts.append(part)
        self._n += len(part.cells)
        if self._n > _MANY:
            self._parts = [self.counted()]
            self._n = len(self._parts[0].cells)

    def counted(self) -> Counted:
        """Return what was added."""
        if not self._parts:
            return Counted(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint64))
        joined = (np.concatenate([getattr(p, name) for p in self._parts]) for name in ("cells", "rows", "digests"))
        return _reduced(*joined)


def _reduced(cells: Cells, rows: Cells, digests: NDArray[np.uint64]) -> Counted:
    """Return rows and digests of distinct cells."""
    if not len(cells):
        return Counted(cells, rows, digests)
    order = np.argsort(cells, kind="stable")
    distinct, start = np.unique(cells[order], return_index=True)
    return Counted(distinct, np.add.reduceat(rows[order], start), np.bitwise_xor.reduceat(digests[order], start))
