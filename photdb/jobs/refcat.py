"""Reference catalogues in the store: add them from files, list them, find the stars near a place."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from photdb import sky
from photdb.catalogs import definition
from photdb.catalogs.files import read_file
from photdb.catalogs.reference import Reference, at_epoch, understand
from photdb.errors import NotFoundError, UsageError
from photdb.ingest.registration import ReferenceStars
from photdb.jobs.object_links import update_links
from photdb.jobs.refcat_write import FILE_ORDER, account_of_file, borrow_motions, recount, write_stars
from photdb.store.answer import Answer
from photdb.store.database import Database, statement

if TYPE_CHECKING:
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

#: HEALPix order of the cells in which stars are looked up: 0.11 deg.
_LOOK_UP_ORDER = 9

#: Bands by which the brightness of a star is compared with an unknown camera's, the best first.
_BRIGHTNESS = [
    "r", "r_ps1", "r_sm", "R", "G", "V", "VT", "f_urat", "f_ucac", "g", "g_ps1", "g_sm", "RP", "i", "i_ps1", "i_sm",
    "B", "BP", "BT", "I", "R2", "R1", "z", "z_ps1", "z_sm", "y", "I2", "B2", "B1", "J",
]  # fmt: skip

_MOVED = 0.1  # deg: further than any star but Barnard's moves in 35 years


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a file: stars it holds, how many were new, bands, and what was left out or not checked."""

    catalog: str
    n_star: int
    n_new: int
    n_good: int
    bands: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NearStars:
    """Reference stars at one date: catalogue, source, ra, dec (deg) and a representative mag (NaN: none)."""

    catalog: NDArray[np.object_]
    source_id: NDArray[np.int64]
    ra: NDArray[np.float64]
    dec: NDArray[np.float64]
    mag: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.ra)

    def take(self, which: NDArray[Any]) -> NearStars:
        """Return some of them, by index or mask."""
        return NearStars(self.catalog[which], self.source_id[which], self.ra[which], self.dec[which], self.mag[which])


def add(
    file: Path, catalog: str, *, store: Path, columns: Mapping[str, str] | None = None, ra_unit: str | None = None
) -> Added:
    """Read a file of reference stars into a store.

    Parameters
    ----------
    file : Path
        CSV, VOTable, FITS or Parquet.
    catalog : str
        A known catalogue, or any name when `columns` are given.
    store : Path
        The store; made when there is none.
    columns : mapping, optional
        What the columns mean, where no definition says so: see `photdb.catalogs.definition.from_columns`.
    ra_unit : str, optional
        ``deg`` or ``hours``, where the file's right ascensions are not what it says or seems.

    Returns
    -------
    Added
        The same file again adds nothing; a star that is there already is replaced. A star without a number of the
        catalogue's own is the one within 0.5 arcsec of it.

    Raises
    ------
    UsageError
        If the catalogue is not known and no columns are named.
    InputError
        If the file cannot be read, or is not of this catalogue.
    """
    stars = read(file, catalog, columns=columns, ra_unit=ra_unit)
    with Database.open(store, read_only=False, create=True) as db:
        return add_stars(db, stars, source=str(Path(file).absolute()))


def read(
    file: Path, catalog: str, *, columns: Mapping[str, str] | None = None, ra_unit: str | None = None
) -> Reference:
    """Return the reference stars of a file, before they go anywhere (parameters and errors of `add`)."""
    known = definition.from_columns(catalog, columns) if columns else definition.load(catalog)
    if ra_unit not in (None, "deg", "hours"):
        raise UsageError(f"the unit of right ascensions {ra_unit!r} is neither deg nor hours")
    found = read_file(Path(file))
    reference = understand(found.table, known, where=str(file), units=found.units, ra_unit=ra_unit)
    return replace(reference, notes=(*found.notes, *reference.notes))


def add_stars(db: Database, reference: Reference, *, source: str) -> Added:
    """Write reference stars to an open store in one transaction."""
    stars, mags = reference.stars, reference.mags
    catalog = str(stars["catalog"][0])
    bands = tuple(mags["band"].unique(maintain_order=True).to_list())
    with db.run("refcat add", {"catalog": catalog, "file": source}) as run_id:
        with db.transaction():
            written = write_stars(db, reference, catalog)
            account_of_file(db, reference, catalog, source=source, run_id=run_id)
            borrow_motions(db, catalog)
            recount(db, catalog)
        update_links(db, run_id)
        what = f"bands {', '.join(bands)}" if bands else f"{reference.names.height} names"
        db.finish_run(run_id, "done", f"{stars.height} stars of {catalog}, {written.n_new} new, {what}")
    notes = list(reference.notes)
    if written.n_kept:
        notes.append(f"{written.n_kept} stars are there already under the catalogue's own numbers: kept as they are")
    good = mags.filter(mags["is_good"])["source_id"].n_unique() if bands else int(stars["is_good"].sum())
    return Added(catalog, stars.height, written.n_new, int(good), bands, tuple(notes))


def listing(db: Database) -> Answer:
    """Return one row a catalogue: stars, good stars by band, epochs, coverage, when and from where."""
    return Answer(db, statement("queries", "refcat_list"), name="reference catalogues")


def stars_near(
    db: Database,
    ra: float,
    dec: float,
    radius_deg: float,
    *,
    epoch: float,
    catalogs: Iterable[str] | None = None,
    limit: int | None = None,
) -> NearStars:
    """Return the reference stars around a place, moved to a date.

    Parameters
    ----------
    db : Database
        Open store.
    ra, dec, radius_deg : float
        deg, ICRS.
    epoch : float
        Julian year of the positions returned.
    catalogs : iterable of str, optional
        Only these; all when not given.
    limit : int, optional
        Only the brightest so many.
    """
    found = _look_up(db, ra, dec, radius_deg + _MOVED)
    moved_ra, moved_dec = at_epoch(found["ra"], found["dec"], found["pm_ra"], found["pm_dec"], found["epoch"], epoch)
    stars = NearStars(found["catalog"], found["source_id"], moved_ra, moved_dec, found["mag"])
    inside = sky.separation_arcsec(moved_ra, moved_dec, ra, dec) <= radius_deg * 3600.0
    if catalogs is not None:
        inside &= np.isin(stars.catalog.astype(str), list(catalogs))
    stars = stars.take(inside)
    order = np.argsort(stars.mag, kind="stable")  # stars without a magnitude last
    return stars.take(order[:limit])


def reference_stars(
    db: Database, ra: float, dec: float, radius_deg: float, *, epoch: float, limit: int | None = None
) -> ReferenceStars:
    """Return the stars to register a frame with, of the one catalogue that covers the place best.

    Best is the catalogue that leaves the fewest of eight sectors of the circle empty; among equals, where
    there are 20 stars or more, the one of the best positions, else the one of the most stars.

    Parameters
    ----------
    db : Database
        Open store.
    ra, dec, radius_deg : float
        deg, ICRS: the frame's centre, and half its diagonal with room for a wrong pointing.
    epoch : float
        Julian year of the frame: proper motions are applied.
    limit : int, optional
        Only the brightest so many.

    Returns
    -------
    ReferenceStars
        Empty where no catalogue has stars there.
    """
    stars = stars_near(db, ra, dec, radius_deg, epoch=epoch)
    stars = stars.take(np.isfinite(stars.mag))
    chosen = _best_covering(stars, ra, dec)
    stars = stars.take(stars.catalog == chosen)
    log.debug("%d reference stars of %s", len(stars), chosen)
    kept = stars.take(np.arange(len(stars))[:limit])
    return ReferenceStars(kept.ra, kept.dec, kept.mag)


def require_some(db: Database) -> None:
    """Raise `NotFoundError` when the store has no reference stars at all."""
    if not db.one("SELECT count(*) FROM refcat_tile"):
        raise NotFoundError("no reference catalogue in the store", "add one: photdb refcat add FILE --catalog NAME")


def _look_up(db: Database, ra: float, dec: float, radius_deg: float) -> dict[str, NDArray[Any]]:
    """Return the stars in the cells that a circle touches."""
    import healpy

    order = _LOOK_UP_ORDER if radius_deg < 5 else FILE_ORDER
    centre = sky.unit_vector(ra, dec)
    cells = healpy.query_disc(2**order, centre, np.radians(min(radius_deg, 180.0)), inclusive=True, nest=True)
    shift = 2 * (sky.ORDER - order)
    table = db.query(
        "refcat_near",
        lo=int(cells.min()) << shift,
        hi=((int(cells.max()) + 1) << shift) - 1,
        shift=shift,
        cells=[int(c) for c in cells],
        bands=_BRIGHTNESS,
    )
    values = list(zip(*table.rows, strict=True)) or [()] * len(table.columns)
    named = dict(zip(table.columns, values, strict=True))
    found: dict[str, NDArray[Any]] = {
        name: np.array(named[name], dtype=float) for name in ("ra", "dec", "epoch", "pm_ra", "pm_dec", "mag")
    }
    return {
        **found,
        "catalog": np.array(named["catalog"], dtype=object),
        "source_id": np.array(named["source_id"], dtype=np.int64),
    }


def _best_covering(stars: NearStars, ra: float, dec: float) -> str | None:
    """Return the catalogue to register with, None when there is no star."""
    if not len(stars):
        return None
    east = (stars.ra - ra + 180.0) % 360.0 - 180.0
    sector = np.floor(np.degrees(np.arctan2(stars.dec - dec, east * np.cos(np.radians(dec)))) / 45.0).astype(int)

    def merit(catalog: str) -> tuple[int, bool, float, int]:
        mine = stars.catalog == catalog
        n = int(mine.sum())
        return len(set(sector[mine].tolist())), n >= 20, -definition.astrometry_mas(catalog) if n >= 20 else 0.0, n

    best: str = max(sorted(set(stars.catalog.tolist())), key=merit)
    return best
