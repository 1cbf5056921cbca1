"""Targets that the frames' own headers name: where the header says they are, or where JPL Horizons has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from photdb import sky
from photdb.asking.moving import path_in
from photdb.asking.seen import outline_holds
from photdb.catalogs.bodies import body_of, is_body, is_certain
from photdb.catalogs.fetch_vizier import wait
from photdb.errors import NotFoundError, PhotdbError, UsageError
from photdb.jobs.target import Extras, add, named, remove
from photdb.jobs.target_horizons import follow
from photdb.store.database import Database

#: Cards for the place of the object (not of the telescope), that of hours or degrees told by its notation.
_PLACES = (
    ("OBJRA", "OBJDEC"), ("OBJCTRA", "OBJCTDEC"), ("OBJ-RA", "OBJ-DEC"), ("RA_OBJ", "DEC_OBJ"), ("OBJ_RA", "OBJ_DEC"),
    ("CAT-RA", "CAT-DEC"), ("CATRA", "CATDEC"), ("RA_TARG", "DEC_TARG"), ("TARGRA", "TARGDEC"),
)  # fmt: skip

#: arcsec; headers of one object that differ by more say where the telescope pointed, or that it moves.
_SAME_ARCSEC = 5.0

_FRAMES = r"(?:none|unknown|test|focus|bias|zero|darks?|dome|flats?|(?:sky|dome|twilight)[ _-]?flats?|lights?)"

#: Words for frames, with or without a number before or behind: no name of an object.
_NO_OBJECT = re.compile(
    rf"^[ _\d]*{_FRAMES}[ _\d]*$|^\d+[ _]+(?:{_FRAMES}|field|pointing|offset|sky|sec|s|min|deg)\b", re.IGNORECASE
)


@dataclass(slots=True)
class FromHeaders:
    """What became of the objects that headers name.

    Attributes
    ----------
    added
        One line each.
    known
        Names that were targets already, and are no body whose path lacks nights.
    without
        Why others have no position, one line each.
    errors
        Of questions to Horizons that failed.
    no_object
        What the headers of light frames say instead of an object: words for frames.
    """

    added: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    errors: list[PhotdbError] = field(default_factory=list)
    no_object: list[str] = field(default_factory=list)


def from_headers(store: Path, *, server: str | None = None, pause: Callable[[int], None] = wait) -> FromHeaders:
    """Make targets of the objects that the store's frames have in their headers.

    A name that looks like a body of the solar system (a number, a designation) is asked for at JPL Horizons; a place in
    a header would be that of one moment. A bare number may count fields or frames: such a body is taken only where it
    was in one of the frames that name it. Any other name is where the headers of its frames have it, if they agree.

    Parameters
    ----------
    store : Path
        The store.
    server, pause
        As `photdb.jobs.target_horizons.follow` has them.

    Raises
    ------
    NotFoundError
        If no frame names an object.
    """
    with Database.open(store) as db:
        rows = db.query("header_objects").dicts()
        there = {row["object_name"]: named(db, row["object_name"]) for row in rows}
        bodies = _bodies(db)
    no_object = [row["object_name"] for row in rows if _NO_OBJECT.match(row["object_name"].strip())]
    rows = [row for row in rows if row["object_name"] not in no_object]
    if not rows:
        raise NotFoundError("no frame names an object in its header", "photdb target add NAME RA DEC")
    found = FromHeaders(no_object=no_object)
    for row in rows:
        name = " ".join(row["object_name"].replace("_", " ").split()) if is_body(row["object_name"]) else ""
        known = there[row["object_name"]] or (bodies.get(body_of(name).command) if name else None)
        if name and (known is None or known["designation"] is not None):
            called = name if known is None else known["name"]
            sure = known is not None or is_certain(name)
            _ask(store, called, name, row, found, server, pause, is_certain=sure)
        elif known is not None:
            found.known.append(known["name"])
        else:
            _place(store, row, found)
    return found


def _bodies(db: Database) -> dict[str, dict[str, Any]]:
    """Return the moving targets by what Horizons is asked for them, whatever they are called."""
    rows = [row for row in db.query("targets").dicts() if row["kind"] == "moving"]
    return {body_of(row["designation"] or row["name"]).command: row for row in rows}


def _ask(
    store: Path,
    name: str,
    designation: str,
    row: Mapping[str, Any],
    found: FromHeaders,
    server: str | None,
    pause: Callable[[int], None],
    *,
    is_certain: bool,
) -> None:
    """Add a body with its path; one of a bare number only where it was in a frame that names it."""  # fmt: skip
    n_frame = row["n_frame"]
    if found.errors and not isinstance(found.errors[-1], NotFoundError):
        found.without.append(f"{name} ({_frames(n_frame)}): not asked for after that failed")
        return
    try:
        done = follow(store, name, designation, extras=Extras(source="header OBJECT"), server=server, pause=pause)
    except PhotdbError as error:
        found.errors.append(error)
        found.without.append(f"{name} ({_frames(n_frame)}): {error.what}")
        return
    if not is_certain and not _was_there(store, done.target_id, row["object_name"]):
        with Database.open(store, read_only=False) as db:
            remove(db, name)
        found.without.append(
            f"{name} ({_frames(n_frame)}): a bare number, and {done.sources[0].split(';')[0]} was in none of these "
            f"frames: left out; photdb target add {name!r} --horizons {body_of(name).command} takes it all the same"
        )
        return
    if done.n_asked:
        found.added.append(f"{name} ({_frames(n_frame)}): {done.n_row} rows of {done.sources[0]}")
    else:
        found.known.append(name)
    found.without += done.notes


def _was_there(store: Path, target_id: int, object_name: str) -> bool:
    """Return whether a target was inside one of the frames of that name when it was taken."""
    with Database.open(store) as db:
        frames = {row["frame_id"]: row for row in db.query("header_frames", object_name=object_name).dicts()}
        path = path_in(db, target_id, {number: row["mjd_mid"] for number, row in frames.items()})
    outlines = ((frames[at["frame_id"]], at) for at in path)
    return any(outline_holds(f["corner_ra"], f["corner_dec"], at["ra"], at["dec"]) for f, at in outlines)


def _place(store: Path, row: dict[str, object], found: FromHeaders) -> None:
    """Add a target where the headers of its frames have it."""
    name, n_frame = " ".join(str(row["object_name"]).split()), row["n_frame"]
    places = [place for path in (row["first_path"], row["last_path"]) if (place := _in_header(Path(str(path))))]
    if not places:
        found.without.append(f"{name} ({_frames(n_frame)}): no position is known; photdb target add {name!r} RA DEC")
        return
    (ra, dec, cards), (ra_last, dec_last, _) = places[0], places[-1]
    apart = float(sky.separation_arcsec(ra, dec, ra_last, dec_last))
    if apart > _SAME_ARCSEC:
        found.without.append(
            f"{name} ({_frames(n_frame)}): {cards} of its first and its last frame are {apart:.0f} arcsec apart; "
            f"photdb target add {name!r} RA DEC"
        )
        return
    try:
        with Database.open(store, read_only=False) as db:
            add(db, name, ra, dec, extras=Extras(source=f"header {cards}"))
    except UsageError as error:
        found.without.append(f"{name} ({_frames(n_frame)}): {error.what}")
        return
    found.added.append(f"{name} ({_frames(n_frame)}): {ra:.6f} {dec:+.6f}, from {cards} in the header")


def _frames(n: object) -> str:
    """Return so many frames in words."""
    return "1 frame" if n == 1 else f"{n} frames"


def _in_header(path: Path) -> tuple[float, float, str] | None:
    """Return the place of the object in the header of a file, and the cards it is from; None: it says none."""
    from astropy.io import fits

    try:
        with fits.open(path) as hdus:
            headers = [hdu.header for hdu in hdus]
    except OSError:
        return None
    for header in headers:
        for cards in _PLACES:
            said = [header.get(card) for card in cards]
            if None in said or "" in said:
                continue
            try:
                ra, dec = sky.parse_ra(str(said[0]).strip()), sky.parse_dec(str(said[1]).strip())
            except UsageError:
                continue
            if (ra, dec) != (0.0, 0.0):
                return ra, dec, ", ".join(cards)
    return None
