"""The rows of one partition of a HATS export: objects with nested light curves, and sources.

A piece of a partition is fetched once for both. Light curves are nested without copying: rows in the order of object
and time are the values of lists, and where an object ends is where its list ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from photdb.jobs.export_hats_plan import Plan, cells_of
from photdb.output.hats_table import HEALPIX
from photdb.output.sky_partitions import FINEST, Partition
from photdb.sky import ORDER
from photdb.store.database import Database, statement

if TYPE_CHECKING:
    import pyarrow

Ints = NDArray[np.int64]
#: Points fetched at a time, about; an object is never parted.
PIECE = 1_000_000
#: The columns of a point, in the order of a light curve.
POINT = (
    "frame_id", "band", "mjd_mid", "bjd_tdb", "mag", "mag_err", "mag_system", "flux_mjy", "flux_mjy_err", "flux",
    "flux_err", "limit_mag", "zp", "zp_err", "aperture_id", "kind", "flags", "airmass", "fwhm_arcsec", "sky", "x", "y",
    "cal_id", "zp_sys", "mag_err_total",
)  # fmt: skip
#: The columns of a source after its cell.
SOURCE = (
    "object_id", "ra", "dec", *POINT, "flux_auto", "flux_auto_err", "aper_flux", "aper_flux_err", "peak", "a", "b",
    "theta", "fwhm", "kron_radius", "flux_radius", "class_star", "flux_psf", "flux_psf_err", "night",
    "telescope", "detector", "filter", "exptime_s",
)  # fmt: skip
_SHIFT = 2 * (ORDER - FINEST)


@dataclass(frozen=True)
class Piece:
    """What a piece of a partition holds.

    Parameters
    ----------
    objects : pyarrow.Table
        One row an object that has points, ``lightcurve`` nested; by place.
    n_point : int
        Points in all light curves.
    sources : pyarrow.Table
        One row a detection, by place.
    """

    objects: pyarrow.Table
    n_point: int
    sources: pyarrow.Table


def pieces(db: Database, plan: Plan, partition: Partition, *, orphans: bool) -> Iterator[Piece]:
    """Yield what a partition holds, in the order of the sky."""
    region = int(plan.cover.region_of(np.array([partition.lo]))[0])
    frames = frame_facts(db)
    for start, stop in _bounds(db, partition):
        piece = {"lo": start, "hi": stop}
        db.job("export_chunk", **piece)
        ((lo, hi),) = db.job("export_chunk_keys", **piece, born_lo=partition.lo, born_hi=partition.hi).rows
        parameters = {"lo": lo, "hi": hi, "from": start, "to": stop, "orphans": orphans}
        rows = db.arrow(statement("jobs", "export_rows"), parameters)
        objects = db.arrow(statement("jobs", "export_chunk_objects"))
        whole = (start, stop) == (partition.lo, partition.hi)
        yield _piece(_Rows(rows, frames), objects, plan, region, None if whole else (start, stop))


def _bounds(db: Database, partition: Partition) -> list[tuple[int, int]]:
    """Return where to cut a partition so that no piece has many more points than `PIECE`."""
    found = db.job("export_bounds", lo=partition.lo, hi=partition.hi, most=PIECE).rows
    edges = [partition.lo, *(row[0] for row in found), partition.hi]
    return list(pairwise(edges))


def frame_facts(db: Database) -> pyarrow.Table:
    """Return what all rows of a frame share, a row a frame; words as codes: a million rows repeat only those."""
    import pyarrow as pa

    table = db.arrow(statement("jobs", "export_frame_facts")).combine_chunks()
    columns = [c.dictionary_encode() if pa.types.is_string(c.type) else c for c in table.columns]
    return pa.table(columns, names=table.column_names)


@dataclass(frozen=True)
class _Rows:
    """Rows as they were fetched, and what their frames say of them."""

    rows: pyarrow.Table
    frames: pyarrow.Table

    def ints(self, name: str) -> Ints:
        """Return a column of whole numbers; -1 for NULL."""
        import pyarrow.compute as pc

        column = self.rows[name]
        return np.asarray((pc.fill_null(column, -1) if column.null_count else column).to_numpy())

    def taken(self, name: str, wanted: Ints) -> pyarrow.Array:
        """Return a column of some rows, in their order."""
        if name in self.frames.column_names:
            return _one(self.frames[name]).take(self.rows["place"].to_numpy()[wanted])
        return _one(self.rows[name]).take(wanted)


def _one(column: pyarrow.ChunkedArray) -> pyarrow.Array:
    """Return a column in one piece."""
    import pyarrow as pa

    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)


def _piece(rows: _Rows, objects: pyarrow.Table, plan: Plan, region: int, bounds: tuple[int, int] | None) -> Piece:
    """Return a piece, of the rows and objects that were fetched for it."""
    nested, n_point = _nested(rows, objects)
    return Piece(nested, n_point, _sources(rows, plan, region, bounds))


def _nested(rows: _Rows, objects: pyarrow.Table) -> tuple[pyarrow.Table, int]:
    """Return objects with their points as lists, oldest first; those without a point are left out."""
    import pyarrow as pa

    rank = rows.ints("rank")
    own = np.flatnonzero(rank >= 0)
    own = own[np.lexsort((rows.ints("frame_id")[own], rows.rows["mjd_mid"].to_numpy()[own], rank[own]))]
    ends = np.cumsum(np.bincount(rank[own], minlength=objects.num_rows))
    there = np.flatnonzero(np.diff(ends, prepend=0))
    offsets = pa.array(np.concatenate([[0], ends[there]]).astype(np.int32))
    lists = [pa.ListArray.from_arrays(offsets, rows.taken(name, own)) for name in POINT]
    column = pa.StructArray.from_arrays(lists, names=list(POINT))
    return objects.take(there).append_column("lightcurve", column), len(own)


def _sources(rows: _Rows, plan: Plan, region: int, bounds: tuple[int, int] | None) -> pyarrow.Table:
    """Return the rows that lie in the partition, by place; one that arrived is at home elsewhere."""
    import pyarrow as pa

    hpx = cells_of(rows.rows["ra"], rows.rows["dec"])
    arrived = rows.rows["arrived"].to_numpy()
    at_home = plan.cover.region_of(rows.ints("home") << _SHIFT) == region
    wanted = (plan.cover.region_of(hpx) == region) & ~(arrived & at_home)
    if bounds is not None:  # strays come with every piece whose cells of order 10 they share
        wanted &= ~arrived | ((hpx >= bounds[0]) & (hpx < bounds[1]))
    places = np.flatnonzero(wanted)
    places = places[np.argsort(hpx[places], kind="stable")]
    columns = [pa.array(hpx[places]), *(rows.taken(name, places) for name in SOURCE)]
    return pa.table(columns, names=[HEALPIX, *SOURCE])
