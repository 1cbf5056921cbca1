"""Targets whose flux was measured at their place: what light curves and coverage have of them besides detections."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from photdb.store.database import Database

#: arcsec; a target this near to a position is the one that was meant.
REACH_ARCSEC = 5.0


@dataclass(frozen=True, slots=True)
class MeasuredTarget:
    """A target that has forced points.

    Attributes
    ----------
    target_id, name : int, str
        Of the target.
    object_id : int or None
        The object at its place.
    is_ellipse : bool
        It is measured in an ellipse.
    separation : float or None
        From the place asked for, arcsec.
    ra, dec : float or None
        deg, ICRS, at the mean date of the frames, where it was found by its place.
    """

    target_id: int
    name: str
    object_id: int | None
    is_ellipse: bool
    separation: float | None = None
    ra: float | None = None
    dec: float | None = None


def measured_target(db: Database, target_id: int) -> MeasuredTarget | None:
    """Return a target, or None where it has no forced points (yet)."""
    (row,) = db.query("target_measured", target_id=target_id).dicts()
    if not row["n_forced"]:
        return None
    return MeasuredTarget(row["target_id"], row["name"], row["object_id"], row["is_ellipse"])


def measured_near(
    db: Database, places: Iterable[tuple[int, float, float]], *, radius: float | None = None
) -> dict[int, MeasuredTarget]:
    """Return the nearest target with forced points within a radius (arcsec) of places (number, ra and dec in deg)."""
    asked = [{"place": place, "ra": ra, "dec": dec} for place, ra, dec in places]
    if not asked or not db.one("SELECT count(*) FROM target"):
        return {}
    reach = REACH_ARCSEC if radius is None else radius
    found: dict[int, MeasuredTarget] = {}
    for row in db.query("targets_measured_near", places=json.dumps(asked), radius=reach).dicts():
        found.setdefault(row["place"], _target(row))
    return found


def measured_within(db: Database, ra: float, dec: float, *, radius: float) -> list[MeasuredTarget]:
    """Return the targets that stand still and have forced points within a radius (arcsec) of a place (deg)."""
    place = json.dumps([{"place": 1, "ra": ra, "dec": dec}])
    return [_target(row) for row in db.query("targets_measured_near", places=place, radius=radius).dicts()]


def _target(row: dict[str, Any]) -> MeasuredTarget:
    """Return the target of a row."""
    return MeasuredTarget(
        row["target_id"],
        row["name"],
        row["object_id"],
        row["is_ellipse"],
        row["separation_arcsec"],
        row["ra"],
        row["dec"],
    )
