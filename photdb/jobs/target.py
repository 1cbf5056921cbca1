"""Positions with a name: add one, take one away."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from photdb.errors import InputError, NotFoundError, UsageError
from photdb.store.database import Database

if TYPE_CHECKING:
    from photdb.catalogs.ephemeris import Ephemeris


def add(
    db: Database,
    name: str,
    ra: float,
    dec: float,
    *,
    epoch: float = 2000.0,
    pm_ra: float | None = None,
    pm_dec: float | None = None,
) -> int:
    """Add a target; return its number.

    Parameters
    ----------
    db : Database
        Open for writing.
    name : str
        As people write it; it will be found whatever its case and blanks.
    ra, dec : float
        deg, ICRS, at ``epoch``.
    epoch : float, default=2000
        Julian year.
    pm_ra, pm_dec : float, optional
        mas/yr, with cos(dec).

    Raises
    ------
    InputError
        If there is a target of that name.
    UsageError
        If the name is empty or a number: numbers are objects.
    """
    name = " ".join(name.split())
    if not name or name.isdigit():
        raise UsageError(f"{name!r} cannot be the name of a target", "a number means an object; add a letter")
    there = db.query("target_by_name", called=name).dicts()
    if there:
        known = there[0]
        raise InputError(
            f"target {known['name']} is there already, at {known['ra']:.6f} {known['dec']:+.6f}",
            f'take it away first: photdb target remove "{known["name"]}"',
        )
    target_id = db.next_id("target", "target_id")
    row = {
        "target_id": target_id,
        "name": name,
        "ra": ra,
        "dec": dec,
        "epoch": epoch,
        "pm_ra": pm_ra,
        "pm_dec": pm_dec,
        "added": datetime.now(UTC).replace(tzinfo=None, microsecond=0),
    }
    db.insert("target", [row])
    return target_id


def add_moving(db: Database, name: str, path: Ephemeris) -> int:
    """Add a moving target with its path, or more of its path; return its number.

    Parameters
    ----------
    db : Database
        Open for writing.
    name : str
        As for `add`. The target's own position is that of the first row of its path.
    path : Ephemeris
        What it says for its span of dates takes the place of what was said before; the rest of the path stays.

    Raises
    ------
    InputError
        If there is a target of that name that does not move.
    UsageError
        If the name is empty or a number.
    """
    import numpy as np
    import pyarrow as pa

    there = db.query("target_by_name", called=name).dicts()
    moving = bool(there) and bool(db.query("ephemeris_span", target_id=there[0]["target_id"]).rows)
    with db.transaction():
        if not moving:
            epoch = 2000.0 + (float(path.mjd[0]) - 51544.5) / 365.25
            target_id = add(db, name, float(path.ra[0]), float(path.dec[0]), epoch=epoch)
        else:
            target_id = int(there[0]["target_id"])
        first, last = float(path.mjd[0]), float(path.mjd[-1])
        db.job("ephemeris_replace", target_id=target_id, first=first, last=last)
        columns = ("mjd", "ra", "dec", "ra_rate", "dec_rate", "sigma_arcsec")
        rows = {c: pa.array(getattr(path, c), mask=~np.isfinite(getattr(path, c))) for c in columns}
        with db.table("given_path", pa.table(rows)):
            db.job("ephemeris_add", target_id=target_id, source=path.source)
    return target_id


def remove(db: Database, name: str) -> str:
    """Take a target away; return its name as it was written.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    there = db.query("target_by_name", called=name).dicts()
    if not there:
        raise NotFoundError(f"no target {name!r}", "`photdb target list` shows them")
    with db.transaction():
        db.job("ephemeris_remove", target_id=there[0]["target_id"])
        db.job("target_remove", target_id=there[0]["target_id"])
    return str(there[0]["name"])
