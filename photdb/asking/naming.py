"""What a name means: a target, an object, a variable star of the store's catalogues, or what CDS knows by it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from photdb.catalogs.names import as_written, plain, spellings
from photdb.config import is_online
from photdb.errors import NotFoundError
from photdb.store.database import Database

#: arcsec; two stars of one name nearer than this are one that is listed twice.
_TWICE_ARCSEC = 5.0


@dataclass(frozen=True, slots=True)
class Meant:
    """What a name means.

    Parameters
    ----------
    name : str
        As who knows it writes it.
    ra, dec : float
        deg, ICRS, moved to the mean date of the store's frames where a proper motion is known.
    source : str
        Who knows it: ``target``, ``object``, ``VSX``, ``Simbad`` ...
    object_id : int or None
        The object, where that is known beyond its place.
    is_moving : bool
        A target with a path: it has no one place.
    target_id : int or None
        Of a target.
    """

    name: str
    ra: float
    dec: float
    source: str
    object_id: int | None = None
    is_moving: bool = False
    target_id: int | None = None

    @property
    def label(self) -> str | None:
        """What to call the object beside its own name."""
        if self.source == "object":
            return None
        return self.name if self.source == "target" else f"{self.name}, {self.source}"

    def line(self) -> str:
        """Return in one line what is meant."""
        return f"{self.name} ({self.source}): {self.ra:.5f} {self.dec:+.5f}"


def meant(db: Database, name: str, *, online: bool | None = None) -> Meant:
    """Return what a name means: a target first, then an object's own name, then a variable star's, then what CDS says.

    Parameters
    ----------
    db : Database
        Open store.
    name : str
        Whatever its case and blanks; of variable stars also as people write them (``V838 Mon``, ``alpha Orionis``).
    online : bool, optional
        Ask CDS where nothing in the store has the name; by default as ``$PHOTDB_ONLINE`` says.

    Raises
    ------
    NotFoundError
        If nothing has it, or several have.
    UsageError, InputError
        If CDS is to be asked but the network is forbidden, or it cannot be asked.
    """
    found = _target(db, name) or _object(db, name) or _variable(db, name)
    if found is None and (is_online() if online is None else online):
        return _online(db, name)
    if found is None:
        raise _unknown(db, name)
    return found


def _target(db: Database, name: str) -> Meant | None:
    """Return the target of a name."""
    there = db.query("target_by_name", called=name).dicts()
    if not there:
        return None
    target = there[0]
    if target["is_moving"]:
        own = db.query("object_of_target", target_id=target["target_id"]).rows
        number = own[0][0] if own else None
        name, target_id = target["name"], target["target_id"]
        return Meant(name, target["ra"], target["dec"], "target", number, is_moving=True, target_id=target_id)
    ra, dec = _moved(db, target)
    return Meant(target["name"], ra, dec, "target", target_id=target["target_id"])


def _object(db: Database, name: str) -> Meant | None:
    """Return the object whose own name begins so.

    Raises
    ------
    NotFoundError
        If several do.
    """
    if not re.match(r"J\d{4}", name, re.IGNORECASE):
        return None
    called = name.replace(" ", "").upper()
    objects = db.query("object_by_name", called=called).dicts()
    if not objects:
        return None
    if len(objects) > 1 and objects[0]["name"] != called:
        raise NotFoundError(f"{name}: {len(objects)} objects or more begin so", ", ".join(o["name"] for o in objects))
    first = objects[0]
    return Meant(first["name"], first["ra"], first["dec"], "object", first["object_id"])


def _variable(db: Database, name: str) -> Meant | None:
    """Return the variable star of a name; the object that it was linked to, if any.

    Raises
    ------
    NotFoundError
        If several stars have it.
    """
    forms = spellings(name)
    stars = db.query("name_written", names=as_written(name)).dicts()
    if not stars:  # in another case, or with other blanks
        stars = db.query("name_spelled", spellings=forms).dicts()
    for form in forms:
        same = [star for star in stars if star["plain"] == form]
        if same:
            break
    else:
        return None
    first = same[0]
    apart = [s for s in same if _separation(first, s) > _TWICE_ARCSEC]
    if apart:
        raise NotFoundError(
            f"{name}: {len(same)} stars of {first['catalog'].upper()} are called so",
            "; ".join(f"{s['ra']:.5f} {s['dec']:+.5f}" for s in same[:5]),
        )
    linked = db.query("object_of_variable", called=first["name"]).rows
    source = first["catalog"].upper()
    return Meant(first["name"], first["ra"], first["dec"], source, linked[0][0] if linked else None)


def place_to_keep(db: Database, name: str, *, online: bool | None = None) -> dict[str, Any]:
    """Return the place of a name as a target has it: ra, dec (deg), epoch, pm_ra, pm_dec (mas/yr), and who says so.

    Of a variable star of the store, else what CDS says, where that is allowed.

    Raises
    ------
    NotFoundError
        If nobody knows the name, or nobody may be asked.
    UsageError, InputError
        As `meant` has them.
    """
    known = _variable(db, name)
    if known is not None:
        return {
            "ra": known.ra,
            "dec": known.dec,
            "epoch": 2000.0,
            "pm_ra": None,
            "pm_dec": None,
            "source": known.source,
        }
    if is_online() if online is None else online:
        return _said_online(name)
    raise NotFoundError(
        f"no star {name!r} in the store's catalogues of names",
        f'give its place: photdb target add "{name}" RA DEC; or ask CDS: --online',
    )


def _said_online(name: str) -> dict[str, Any]:
    """Return what CDS says of a name."""
    from photdb.catalogs.names_online import ask

    said = ask(name)
    return {
        "ra": said.ra, "dec": said.dec, "epoch": 2000.0, "pm_ra": said.pm_ra, "pm_dec": said.pm_dec,
        "source": said.service, "name": said.name,
    }  # fmt: skip


def _online(db: Database, name: str) -> Meant:
    """Return what CDS says of a name, at the date of the store's frames."""
    said = _said_online(name)
    ra, dec = _moved(db, said)
    return Meant(said["name"], ra, dec, said["source"])


def _moved(db: Database, place: dict[str, Any]) -> tuple[float, float]:
    """Return a position moved by its proper motion, if it has one, to the mean date of the store's frames."""
    ra, dec, pm_ra, pm_dec = place["ra"], place["dec"], place["pm_ra"], place["pm_dec"]
    if pm_ra is None or pm_dec is None:
        return ra, dec
    (epoch,) = db.query("frames_epoch").rows[0]
    if epoch is None:
        return ra, dec
    years = epoch - place["epoch"]
    east, north = (math.radians(pm / 3.6e6) * years for pm in (pm_ra, pm_dec))
    a, d = math.radians(ra), math.radians(dec)
    x = math.cos(d) * math.cos(a) - east * math.sin(a) - north * math.sin(d) * math.cos(a)
    y = math.cos(d) * math.sin(a) + east * math.cos(a) - north * math.sin(d) * math.sin(a)
    z = math.sin(d) + north * math.cos(d)
    return math.degrees(math.atan2(y, x)) % 360.0, math.degrees(math.atan2(z, math.hypot(x, y)))


def _separation(a: dict[str, Any], b: dict[str, Any]) -> float:
    """Return the angle between two stars, arcsec."""
    u, v = (
        (math.cos(d) * math.cos(r), math.cos(d) * math.sin(r), math.sin(d))
        for r, d in ((math.radians(s["ra"]), math.radians(s["dec"])) for s in (a, b))
    )
    return math.degrees(2 * math.asin(min(1.0, math.dist(u, v) / 2))) * 3600


def _unknown(db: Database, name: str) -> NotFoundError:
    """Return the error for a name that means nothing, with what it may have meant."""
    from difflib import get_close_matches

    known = db.query("names_known").rows
    targets = {plain(n): n for source, n in known if source == "target"}
    headers = {plain(n): n for source, n in known if source == "header"}
    add = f'give it a position: photdb target add "{name}" RA DEC, or ask CDS: --online'
    if plain(name) in headers:
        return NotFoundError(
            f"no target {name!r}; frames have it as OBJECT in their header, which is not a position",
            f'{add}; `photdb frames --object "{headers[plain(name)]}"` lists the frames',
        )
    close = [targets[n] for n in get_close_matches(plain(name), list(targets), n=3)]
    if close:
        return NotFoundError(f"no target or object {name!r}", f"did you mean {' or '.join(close)}?")
    return NotFoundError(f"no target or object {name!r}", add)
