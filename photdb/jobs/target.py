"""Positions with a name, and paths: add one, take one away."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from photdb.errors import InputError, NotFoundError, UsageError
from photdb.store.database import Database

if TYPE_CHECKING:
    from photdb.catalogs.ephemeris import Ephemeris

#: arcsec; what is farther from a position than this is a position of its own.
_FARTHEST = 1800.0


@dataclass(frozen=True, slots=True)
class Extras:
    """What a target may have besides a place.

    Parameters
    ----------
    ellipse : (float, float, float), optional
        Semi-axes (arcsec) and position angle of the major one (deg, from north through east) to measure in.
    offset : (float, float), optional
        arcsec to the east (with cos(dec)) and north: measured so far beside the position or path.
    designation : str, optional
        What JPL Horizons was asked for.
    source : str, optional
        Where the position is from.
    """

    ellipse: tuple[float, float, float] | None = None
    offset: tuple[float, float] | None = None
    designation: str | None = None
    source: str | None = None

    def columns(self) -> dict[str, Any]:
        """Return the columns of table target.

        Raises
        ------
        UsageError
            If the ellipse or the offset is none.
        """
        a, b, pa = self.ellipse or (None, None, None)
        east, north = self.offset or (None, None)
        if self.ellipse is not None and not (_finite(*self.ellipse) and self.ellipse[0] >= self.ellipse[1] > 0):
            raise UsageError(
                f"an ellipse of {a:g} by {b:g} arcsec at {pa:g} deg is none",
                "semi-axes, the major one first, and the position angle from north through east, as 12 5 37.5",
            )
        if self.offset is not None and not (_finite(*self.offset) and math.hypot(*self.offset) <= _FARTHEST):
            raise UsageError(f"an offset of {east:g} {north:g}", "arcsec to the east and north, as --offset 2.5 -1")
        return {
            "a_arcsec": a, "b_arcsec": b, "pa_deg": None if pa is None else pa % 180.0,
            "offset_ra": east, "offset_dec": north, "designation": self.designation, "source": self.source,
            "methods": None if self.ellipse is None else ["primary", "ellipse"],
        }  # fmt: skip


def add(
    db: Database,
    name: str,
    ra: float,
    dec: float,
    *,
    epoch: float = 2000.0,
    pm_ra: float | None = None,
    pm_dec: float | None = None,
    extras: Extras | None = None,
) -> int:
    """Add a target; return its number.

    Parameters
    ----------
    db : Database
        Open for writing.
    name : str
        As people write it; it will be found whatever its case, blanks and underscores.
    ra, dec : float
        deg, ICRS, at ``epoch``.
    epoch : float, default=2000
        Julian year.
    pm_ra, pm_dec : float, optional
        mas/yr, with cos(dec).
    extras : Extras, optional

    Raises
    ------
    InputError
        If there is a target of that name, or the place is none.
    UsageError
        If the name is empty or a number: numbers are objects.
    """
    return _add(db, name_of_star(name), ra, dec, extras or Extras(), epoch=epoch, pm_ra=pm_ra, pm_dec=pm_dec)


def _add(
    db: Database,
    name: str,
    ra: float,
    dec: float,
    extras: Extras,
    *,
    epoch: float,
    pm_ra: float | None = None,
    pm_dec: float | None = None,
) -> int:
    """Add a target of any name."""
    row = row_of(name, ra, dec, extras, epoch=epoch, pm_ra=pm_ra, pm_dec=pm_dec)
    there = named(db, name)
    if there:
        raise there_already(there)
    target_id = db.next_id("target", "target_id")
    db.insert("target", [{"target_id": target_id, **row}])
    return target_id


def row_of(
    name: str,
    ra: float,
    dec: float,
    extras: Extras,
    *,
    epoch: float,
    pm_ra: float | None = None,
    pm_dec: float | None = None,
) -> dict[str, Any]:
    """Return the row of a new target but for its number.

    Raises
    ------
    UsageError
        If the name is empty.
    InputError
        If the place is none.
    """
    if not name:
        raise UsageError("'' cannot be the name of a target", 'as photdb target add "AG Peg" 327.758 12.626')
    if not _finite(pm_ra or 0.0, pm_dec or 0.0):
        raise InputError(f"target {name}: a proper motion of {pm_ra} {pm_dec}", "mas/yr, the first with cos(dec)")
    if not (_finite(ra, dec, epoch) and -90 <= dec <= 90):
        raise InputError(f"target {name}: {ra} {dec} at {epoch} is no place", "degrees, ICRS, and a Julian year")
    return {
        "name": name, "ra": ra % 360.0, "dec": dec, "epoch": epoch,
        "pm_ra": pm_ra, "pm_dec": pm_dec, "added": datetime.now(UTC).replace(tzinfo=None, microsecond=0),
        **extras.columns(),
    }  # fmt: skip


def there_already(target: Mapping[str, Any]) -> InputError:
    """Return the error for a name that is taken."""
    return InputError(
        f"target {target['name']} is there already, at {target['ra']:.6f} {target['dec']:+.6f}",
        f'take it away first: photdb target remove "{target["name"]}"',
    )


def name_of_star(name: str) -> str:
    """Return the name of a target that stands still, without needless blanks.

    Raises
    ------
    UsageError
        If it is a number: numbers are objects.
    """
    name = " ".join(name.split())
    if name.isdigit():
        raise UsageError(f"{name!r} cannot be the name of a target", "a number means an object; add a letter")
    return name


def named(db: Database, name: str) -> dict[str, Any] | None:
    """Return the target of a name, None: there is none."""
    there = db.query("target_by_name", called=name).dicts()
    return there[0] if there else None


def ready_to_move(db: Database, name: str, ra: float, dec: float, mjd: float, extras: Extras | None = None) -> int:
    """Return the number of a moving target, which is made where there is none of that name; inside a transaction.

    Parameters
    ----------
    db : Database
        Open for writing.
    name : str
        Numbers are names too: those of asteroids.
    ra, dec, mjd : float
        deg, d; where it is at some date: the own position of a new target.
    extras : Extras, optional
        What is given takes the place of what was given before.

    Raises
    ------
    InputError
        If there is a target of that name that stands still.
    """
    name, extras = " ".join(name.split()), extras or Extras()
    there = named(db, name)
    if there is None:
        epoch = 2000.0 + (mjd - 51544.5) / 365.25
        return _add(db, name, ra, dec, extras, epoch=epoch)
    if not there["is_moving"]:
        raise InputError(
            f"target {there['name']} is there already, at {there['ra']:.6f} {there['dec']:+.6f}, and does not move",
            f'take it away first: photdb target remove "{there["name"]}"',
        )
    db.job("target_renew", target_id=there["target_id"], **extras.columns())
    return int(there["target_id"])


def add_moving(
    db: Database, name: str, path: Ephemeris, *, site: str | None = None, extras: Extras | None = None
) -> int:
    """Add a moving target with its path, or more of its path; return its number.

    Parameters
    ----------
    db : Database
        Open for writing.
    name : str
        As people write it; a number is that of an asteroid. The target's own position is that of the first row.
    path : Ephemeris
        What it says for its span of dates takes the place of what was said before for the site; the rest stays.
    site : str, optional
        The site it was computed for, as `photdb.jobs.moving` calls those of frames; by default it serves every one.
    extras : Extras, optional

    Raises
    ------
    InputError
        If there is a target of that name that does not move.
    """
    with db.transaction():
        target_id = ready_to_move(db, name, float(path.ra[0]), float(path.dec[0]), float(path.mjd[0]), extras)
        add_path(db, target_id, path, site=site)
    return target_id


def add_path(db: Database, target_id: int, path: Ephemeris, *, site: str | None = None) -> None:
    """Write the path of a target for its span of dates; inside a transaction."""
    import numpy as np
    import pyarrow as pa

    from photdb.catalogs.ephemeris import GEOMETRY

    nothing = np.full(len(path), np.nan)
    columns = {c: getattr(path, c) for c in ("mjd", "ra", "dec", "ra_rate", "dec_rate", "sigma_arcsec")}
    columns |= {c: path.geometry.get(c, nothing) for c in GEOMETRY}
    db.job("ephemeris_replace", target_id=target_id, site=site, first=float(path.mjd[0]), last=float(path.mjd[-1]))
    rows = {c: pa.array(values, pa.float64(), mask=~np.isfinite(values)) for c, values in columns.items()}
    with db.table("given_path", pa.table(rows)):
        db.job("ephemeris_add", target_id=target_id, source=path.source, site=site)


def remove(db: Database, name: str, *, fluxes_too: bool = False) -> str:
    """Take a target away, with its path and its positions; return its name as it was written.

    Its number is never given again.

    Parameters
    ----------
    db : Database
        Open for writing.
    name : str
    fluxes_too : bool, default=False
        Also what was measured of it by forced photometry; else a target of which there is some stays.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    InputError
        If forced fluxes would be lost that are not to be.
    """
    there = named(db, name)
    if there is None:
        raise NotFoundError(f"no target {name!r}", "`photdb target list` shows them")
    target_id = int(there["target_id"])
    n = int(db.one("SELECT count(flux) FROM forced WHERE target_id = $target_id", target_id=target_id))
    if n and not fluxes_too:
        raise InputError(
            f"target {there['name']} has {n} forced fluxes, which nobody would find without it",
            f'to take them away with it: photdb target remove "{there["name"]}" --fluxes-too',
        )
    with db.transaction():
        for job in ("forced_remove", "ephemeris_remove", "target_positions_remove", "target_remove"):
            db.job(job, target_id=target_id)
        db.retire_id("target", "target_id", target_id)
    return str(there["name"])


def _finite(*values: float) -> bool:
    """Return whether all values are numbers."""
    return all(math.isfinite(v) for v in values)
