"""Which object a user means: by a position in any notation, by a target's or an object's name, by number."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from photdb import progress
from photdb.asking.measured import MeasuredTarget, measured_near, measured_target
from photdb.asking.seen import nothing_there
from photdb.errors import NotFoundError, UsageError
from photdb.sky import parse_dec, parse_ra
from photdb.store.database import Database

if TYPE_CHECKING:
    from photdb.asking.naming import Meant

#: An object this near (arcsec) is the one that was meant, however sharp its frames.
LEAST_RADIUS = 5.0


@dataclass(frozen=True, slots=True)
class Found:
    """The object that answers to a name, position or id.

    Parameters
    ----------
    object_id, name : int, str
        Of the object.
    ra, dec : float
        deg, ICRS.
    separation : float or None
        From the position that was asked for, arcsec; None: it was not found by position.
    others : tuple of str
        Names and distances of further objects that are hardly further from that position.
    label : str or None
        The name it was asked by, where that is not its own.
    target_id : int or None
        The target whose forced points belong to it.
    is_ellipse : bool
        That target is measured in an ellipse.
    """

    object_id: int
    name: str
    ra: float
    dec: float
    separation: float | None = None
    others: tuple[str, ...] = ()
    label: str | None = None
    target_id: int | None = None
    is_ellipse: bool = False


#: The number of an object that is none: a place without one.
NO_OBJECT = -1


def parse_position(words: Sequence[str]) -> tuple[float, float] | None:
    """Return the position that words spell, in degrees, or None when they are a name.

    Two words are RA and Dec; six are both in sexagesimal with blanks; one may hold all of them.

    Raises
    ------
    UsageError
        If they look like a position and are none.

    Examples
    --------
    >>> parse_position(["41.58", "-30.27"]), parse_position(["02:46:00 -00:30:00"]), parse_position(["AG", "Peg"])
    ((41.58, -30.27), (41.5, -0.5), None)
    """
    parts = " ".join(words).replace(",", " ").split()
    if len(parts) == 6:
        parts = [" ".join(parts[:3]), " ".join(parts[3:])]
    if len(parts) != 2 or not all(_ANGLE.fullmatch(part) for part in parts):
        return None
    return parse_ra(parts[0]), parse_dec(parts[1])


_ANGLE = re.compile(r"[+-]?\.?\d[\d.:hdms°'\"′″ ]*", re.IGNORECASE)


def resolve(db: Database, words: Sequence[str], *, radius: float | None = None, online: bool | None = None) -> Found:
    """Return the object that a position or a name means: a target's, an object's own, or a variable star's in VSX.

    Parameters
    ----------
    db : Database
        The store.
    words : sequence of str
        As a user types them.
    radius : float, optional
        arcsec; by default the match radius of the object's frames, at least `LEAST_RADIUS`.
    online : bool, optional
        Ask CDS for a name that nothing in the store has; by default as ``$PHOTDB_ONLINE`` says.

    Raises
    ------
    NotFoundError
        If there is none; it says what there is.
    """
    position = parse_position(words)
    if position is not None:
        return find_object(db, *position, radius=radius)
    name = " ".join(words).strip()
    if _is_number(db, name):
        return object_by_id(db, int(name))
    return object_by_name(db, name, radius=radius, online=online)


def _is_number(db: Database, name: str) -> bool:
    """Return whether a name is the number of an object; that of an asteroid may be the name of a target."""
    return name.isdigit() and not db.query("target_by_name", called=name).rows


def resolve_measured(
    db: Database, words: Sequence[str], *, radius: float | None = None, online: bool | None = None
) -> Found:
    """Return what a light curve is of: as `resolve`, but a target with forced points counts also without an object.

    The object of such a target is the one that its forced points were linked to, and no other: a star beside it is not
    it. Of a position, what is nearer. Where there is no object, ``object_id`` is `NO_OBJECT`.

    Raises
    ------
    NotFoundError
        If there is neither; it says what there is.
    """
    position = parse_position(words)
    name = " ".join(words).strip()
    if position is None and _is_number(db, name):
        return object_by_id(db, int(name))
    if position is None:
        from photdb.asking.naming import meant

        named = meant(db, name, online=online)
        known = None if named.target_id is None else measured_target(db, named.target_id)
        return _object_meant(db, named, radius) if known is None else _found_target(db, known, named.ra, named.dec)
    return find_measured(db, *position, radius=radius)


def target_alone(db: Database, words: Sequence[str]) -> Found | None:
    """Return the target of a name as something without object and forced points: frames may have seen it all the same.

    None: the words are a position, or no target's name.
    """
    if parse_position(words) is not None:
        return None
    there = db.query("target_by_name", called=" ".join(words).strip()).dicts()
    if not there:
        return None
    from photdb.asking.naming import meant

    named = meant(db, there[0]["name"], online=False)
    return Found(NO_OBJECT, named.name, named.ra, named.dec, target_id=named.target_id)


def find_measured(db: Database, ra: float, dec: float, *, radius: float | None = None) -> Found:
    """Return the object, or the target with forced points, that is nearest to a position (deg); see `resolve_measured`.

    Raises
    ------
    NotFoundError
        If there is neither within the radius (arcsec).
    """
    near = measured_near(db, [(1, ra, dec)], radius=radius).get(1)
    try:
        found = find_object(db, ra, dec, radius=radius)
    except NotFoundError:
        if near is None:
            raise
        return _found_target(db, near, ra, dec)
    if near is None:
        return found
    if near.object_id == found.object_id and not near.is_ellipse:
        return replace(found, label=near.name)  # its forced points are those of the object
    if near.object_id == found.object_id:
        return replace(found, target_id=near.target_id, is_ellipse=True, label=near.name)
    if (near.separation or 0.0) < (found.separation or 0.0):
        return _found_target(db, near, ra, dec)
    return found


def _found_target(db: Database, known: MeasuredTarget, ra: float, dec: float) -> Found:
    """Return a target that was measured, with the object at its place, if there is one."""
    more: dict[str, Any] = {
        "target_id": known.target_id,
        "is_ellipse": known.is_ellipse,
        "separation": known.separation,
    }
    if known.object_id is not None:
        return replace(object_by_id(db, known.object_id), label=known.name, **more)
    ra, dec = (ra, dec) if known.ra is None or known.dec is None else (known.ra, known.dec)
    return Found(NO_OBJECT, known.name, ra, dec, **more)


def place(db: Database, words: Sequence[str], *, online: bool | None = None) -> tuple[float, float]:
    """Return the position (deg) that words spell, or that of what has that name (`resolve`), and say whose it is.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    UsageError
        If it is a moving target's.
    """
    position = parse_position(words)
    if position is not None:
        return position
    name = " ".join(words).strip()
    if _is_number(db, name):
        found = object_by_id(db, int(name))
        return found.ra, found.dec
    from photdb.asking.naming import meant

    named = meant(db, name, online=online)
    if named.is_moving:
        raise UsageError(
            f"target {named.name} moves: it has no one place",
            f'its points: photdb lightcurve "{named.name}"; or give RA and DEC',
        )
    progress.say(named.line())
    return named.ra, named.dec


def refuse_no_radius(radius: float) -> float:
    """Return a radius to look within, arcsec.

    Raises
    ------
    UsageError
        If it is not above 0, or above 180 degrees.
    """
    if not 0 < radius <= 648_000:
        raise UsageError(f"radius {radius:g} arcsec is outside 0 to 648000 (180 deg)", "it is in arcsec, as 60")
    return radius


def reach_of(db: Database, radius: float | None) -> float:
    """Return the radius that is asked for, arcsec; by default the match radius of the frames, at least `LEAST_RADIUS`.

    Raises
    ------
    UsageError
        If it is none: an empty answer would say that nothing was seen.
    """
    if radius is not None:
        return refuse_no_radius(radius)
    return max(LEAST_RADIUS, float(db.query("match_radius").rows[0][0] or 0.0))


def find_object(db: Database, ra: float, dec: float, *, radius: float | None = None) -> Found:
    """Return the object nearest to a position in degrees.

    Raises
    ------
    NotFoundError
        If none is within the radius (arcsec): with the nearest there is, and whether a frame covers the place.
    UsageError
        If the radius is not above 0, or above 180 degrees.
    """
    reach = reach_of(db, radius)
    near = _near(db, ra, dec, reach)
    if radius is None:
        near = _within_their_reach(db, near)
    if not near:
        raise nothing_there(db, ra, dec, reach)
    first, *rest = near
    alike = 2 * first["separation_arcsec"] + 1.0
    others = tuple(
        f"{n['name']} at {n['separation_arcsec']:.1f} arcsec" for n in rest if n["separation_arcsec"] < alike
    )
    return Found(first["object_id"], first["name"], first["ra"], first["dec"], first["separation_arcsec"], others)


#: Up to this radius, arcsec, a box holds few objects besides those of the cone.
_BOX_ARCSEC = 60.0


def _near(db: Database, ra: float, dec: float, radius: float) -> list[dict[str, Any]]:
    """Return the ten objects nearest to a position (deg) within a radius (arcsec), with ``separation_arcsec``."""
    if radius > _BOX_ARCSEC:
        return db.query("object_near", ra=ra, dec=dec, radius=radius).dicts()
    a, d, chord = math.radians(ra), math.radians(dec), 2 * math.sin(math.radians(radius / 3600) / 2)
    place = (math.cos(d) * math.cos(a), math.cos(d) * math.sin(a), math.sin(d))
    box = {f"{axis}_{end}": u + sign * chord for axis, u in zip("xyz", place, strict=True) for end, sign in _ENDS}
    near = []
    for row in db.query("object_box", **box).dicts():
        away = math.dist(place, (row["ux"], row["uy"], row["uz"]))
        if away <= chord:
            near.append({**row, "separation_arcsec": math.degrees(2 * math.asin(away / 2)) * 3600})
    return sorted(near, key=lambda n: (n["separation_arcsec"], n["object_id"]))[:10]


_ENDS = (("lo", -1), ("hi", 1))


def _within_their_reach(db: Database, near: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the objects that are near, or within the match radius of their own frames; most are near."""
    far = [n["object_id"] for n in near if n["separation_arcsec"] > LEAST_RADIUS]
    reach: dict[int, float] = dict(db.query("object_reach", objects=far).rows) if far else {}
    return [n for n in near if n["separation_arcsec"] <= max(LEAST_RADIUS, reach.get(n["object_id"]) or 0.0)]


def object_by_id(db: Database, object_id: int) -> Found:
    """Return the object of an id, also of one that is out of use: the object that has most of its detections now.

    Raises
    ------
    NotFoundError
        If there is none; or there was one, which no detection is of any more.
    """
    found = db.query("object_by_id", object_id=object_id).dicts() if object_id < 2**63 else []
    if found and found[0]["object_id"] is None:
        raise NotFoundError(
            f"object {object_id} is no more: what was taken for it makes no object",
            f"`photdb crossmatch events {object_id}` says when and why",
        )
    if found and found[0]["object_id"] != object_id:
        progress.say(
            f"object {object_id} is part of {found[0]['object_id']} now: "
            f"`photdb crossmatch events {object_id}` says why"
        )
        object_id = found[0]["object_id"]
    if not found:
        raise NotFoundError(
            f"no object {object_id}", "`photdb objects` lists them, `photdb cone RA DEC 60` those of a place"
        )
    return Found(object_id, found[0]["name"], found[0]["ra"], found[0]["dec"])


def object_by_name(db: Database, name: str, *, radius: float | None = None, online: bool | None = None) -> Found:
    """Return the object that has a name, or is at the place of what has it; `resolve` says whose names count.

    Raises
    ------
    NotFoundError
        If nothing has that name; or what has it is known, but no object is at its place.
    """
    from photdb.asking.naming import meant

    return _object_meant(db, meant(db, name, online=online), radius)


def _object_meant(db: Database, named: Meant, radius: float | None) -> Found:
    """Return the object that is meant by a name."""
    if named.object_id is not None:
        found = object_by_id(db, named.object_id)
        return replace(found, label=named.label)
    if named.is_moving:
        raise NotFoundError(
            f"target {named.name} moves, and no detection is at its place in any frame",
            "an ingest matches new frames to its path; `photdb crossmatch` those that are in the store already",
        )
    found = find_object(db, named.ra, named.dec, radius=radius)
    return replace(found, label=named.label)
