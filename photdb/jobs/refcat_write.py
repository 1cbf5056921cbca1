"""Write reference stars into the store: which are there already, under which number; the account of tiles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from photdb import sky
from photdb.catalogs import definition
from photdb.catalogs.reference import Reference, at_epoch
from photdb.store.database import Database

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: HEALPix order of the tiles in which stars from files are kept account of: 1.8 deg.
FILE_ORDER = 5

#: A star without a number of the catalogue's own is the one this close to it, arcsec.
SAME_PLACE_ARCSEC = 0.5

_CELLS = 8  # order of the cells in which such a star is sought


@dataclass(frozen=True, slots=True)
class Written:
    """What became of stars that arrived: how many there were, were new, and were there under a better number."""

    n_star: int
    n_new: int
    n_kept: int


def write_stars(db: Database, reference: Reference, catalog: str) -> Written:
    """Write stars in the transaction that is open; a star that is there is replaced whole.

    The incoming stars stay registered as ``incoming_star`` only within this call.
    """
    n_star = reference.stars.height
    reference, replaced, n_kept = _known_by_place(db, reference, catalog)
    with (
        db.table("incoming_star", reference.stars.to_arrow()),
        db.table("incoming_mag", reference.mags.to_arrow()),
        db.table("incoming_name", reference.names.to_arrow()),
        db.table("replaced_star", replaced),
    ):
        n_known = int(db.job("refcat_known", catalog=catalog).rows[0][0])
        for what in ("mags", "names", "stars"):
            db.job(f"refcat_remove_{what}", catalog=catalog)
        db.job("refcat_rename_objects", catalog=catalog)
        for what in ("stars", "mags", "names"):
            db.job(f"refcat_add_{what}")
    return Written(n_star, reference.stars.height - n_known, n_kept)


def account_of_file(db: Database, reference: Reference, catalog: str, *, source: str, run_id: int) -> None:
    """Renew the account of the tiles that a file's stars lie in."""
    now = datetime.now(UTC).replace(tzinfo=None)
    with db.table("incoming_star", reference.stars.to_arrow()):
        db.job("refcat_tiles", catalog=catalog, norder=FILE_ORDER, source=source, now=now, run_id=run_id)
        db.job("refcat_remove_tiles", catalog=catalog, norder=FILE_ORDER)
        db.job("refcat_add_tiles")


def recount(db: Database, catalog: str) -> None:
    """Count the stars of all tiles of a catalogue again: what arrived in one order lies in tiles of others."""
    orders = db.rows("SELECT DISTINCT norder FROM refcat_tile WHERE catalog = $catalog", {"catalog": catalog}).rows
    for (norder,) in orders:
        db.job("refcat_recount", catalog=catalog, norder=int(norder))


def borrow_motions(db: Database, catalog: str) -> None:
    """Fill in proper motions that this catalogue lends to others, or others to it."""
    for name in definition.names():
        lender = definition.load(name).pm_from
        if lender and catalog in (name, lender):
            db.job("refcat_borrow_motions", catalog=name, lender=lender)


def _known_by_place(db: Database, reference: Reference, catalog: str) -> tuple[Reference, Any, int]:
    """Find the stars that are there under another number, because they or those had none of the catalogue's own.

    Returns
    -------
    reference : Reference
        Without the stars that are there with a number of the catalogue's own, while these have none.
    replaced : pyarrow.Table
        source_id: the stars to take away; new_id: what they are called from now on.
    n_kept : int
        Stars left out.
    """
    import polars as pl
    import pyarrow as pa

    stars = reference.stars
    ids, nameless = stars["source_id"].to_numpy(), (stars["source_id"] == stars["hpx"]).to_numpy()
    mine, theirs, there = _pairs(db, reference, catalog)
    old = there["source_id"][theirs]
    old_nameless = old == there["hpx"][theirs]
    differ = ids[mine] != old
    keep_theirs = differ & nameless[mine] & ~old_nameless
    take_mine = differ & old_nameless
    left_out = np.zeros(len(ids), dtype=bool)
    left_out[mine[keep_theirs]] = True
    replaced = pa.table(
        {
            "source_id": np.concatenate([ids[~left_out], old[take_mine]]).astype(np.int64),
            "new_id": np.concatenate([ids[~left_out], ids[mine[take_mine]]]).astype(np.int64),
        }
    )
    if left_out.any():
        gone = stars.filter(pl.Series(left_out))
        mags, names = (t.join(gone, on="source_id", how="anti") for t in (reference.mags, reference.names))
        reference = replace(reference, stars=stars.filter(pl.Series(~left_out)), mags=mags, names=names)
    return reference, replaced, int(left_out.sum())


def _pairs(
    db: Database, reference: Reference, catalog: str
) -> tuple[NDArray[np.int64], NDArray[np.int64], dict[str, Any]]:
    """Return mutual nearest pairs of arriving stars and those in the store, within `SAME_PLACE_ARCSEC` at one date."""
    import healpy
    from scipy.spatial import cKDTree

    stars = reference.stars
    nothing: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
    cells = np.unique(stars["hpx"].to_numpy() >> 2 * (sky.ORDER - _CELLS))
    if cells.size:
        around = healpy.get_all_neighbours(2**_CELLS, cells, nest=True)
        cells = np.unique(np.concatenate([cells, around.ravel()]))
    rows = db.job(
        "refcat_same_place",
        catalog=catalog,
        shift=2 * (sky.ORDER - _CELLS),
        cells=[int(c) for c in cells if c >= 0],
        nameless=not bool((stars["source_id"] == stars["hpx"]).any()),
    )
    columns = list(zip(*rows.rows, strict=True)) or [()] * 7
    there = {
        name: np.array(values, dtype=np.int64 if name in ("source_id", "hpx") else float)
        for name, values in zip(rows.columns, columns, strict=True)
    }
    if not len(rows) or not stars.height:
        return nothing, nothing, there
    here = {c: stars[c].to_numpy().astype(float) for c in ("ra", "dec", "epoch", "pm_ra", "pm_dec")}
    moving = np.isfinite(here["pm_ra"]).mean() > 0.5
    date = float(np.median((there if moving else here)["epoch"]))
    mine, theirs = _places(here, date), _places(there, date)
    distance, nearest = cKDTree(theirs).query(mine, distance_upper_bound=float(sky.chord(SAME_PLACE_ARCSEC)))
    close = np.flatnonzero(np.isfinite(distance))
    _, back = cKDTree(mine).query(theirs[nearest[close]])
    mutual = close[back == close]
    return mutual.astype(np.int64), nearest[mutual].astype(np.int64), there


def _places(stars: dict[str, Any], date: float) -> Array:
    """Return unit vectors at a date."""
    return sky.unit_vector(*at_epoch(stars["ra"], stars["dec"], stars["pm_ra"], stars["pm_dec"], stars["epoch"], date))
