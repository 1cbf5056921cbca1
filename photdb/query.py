"""Questions to a store: light curves, cones, objects, frames.

`connect` is the door for Python users: its answers are polars tables. The functions below it find what was meant (a
position in any notation, a target, an object) and say what there is when it is not there; the command line uses them.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from photdb.errors import NotFoundError, UsageError
from photdb.resources import shipped
from photdb.sky import parse_dec, parse_ra
from photdb.store.answer import Answer, select
from photdb.store.database import Database, statement

if TYPE_CHECKING:
    import polars

#: An object this near (arcsec) is the one that was meant, however sharp its frames.
LEAST_RADIUS = 5.0
MJD_0 = 2400000.5
_MJD_EPOCH = datetime(1858, 11, 17, tzinfo=UTC)


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
    """

    object_id: int
    name: str
    ra: float
    dec: float
    separation: float | None = None
    others: tuple[str, ...] = ()
    label: str | None = None


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


def resolve(db: Database, words: Sequence[str], *, radius: float | None = None) -> Found:
    """Return the object that a position, a target's name or an object's name means.

    Parameters
    ----------
    db : Database
        The store.
    words : sequence of str
        As a user types them.
    radius : float, optional
        arcsec; by default the match radius of the object's frames, at least `LEAST_RADIUS`.

    Raises
    ------
    NotFoundError
        If there is none; it says what there is.
    """
    position = parse_position(words)
    if position is not None:
        return find_object(db, *position, radius=radius)
    name = " ".join(words).strip()
    if name.isdigit():
        return object_by_id(db, int(name))
    return object_by_name(db, name, radius=radius)


def place(db: Database, words: Sequence[str]) -> tuple[float, float]:
    """Return the position (deg) that words spell, or that of the target or object of that name.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    position = parse_position(words)
    if position is not None:
        return position
    name = " ".join(words).strip()
    targets = db.query("target_by_name", called=name).dicts()
    if targets:
        return targets[0]["ra"], targets[0]["dec"]
    found = object_by_id(db, int(name)) if name.isdigit() else object_by_name(db, name)
    return found.ra, found.dec


def find_object(db: Database, ra: float, dec: float, *, radius: float | None = None) -> Found:
    """Return the object nearest to a position in degrees.

    Raises
    ------
    NotFoundError
        If none is within the radius (arcsec): with the nearest there is, and whether a frame covers the place.
    """
    reach = radius
    if reach is None:
        reach = max(LEAST_RADIUS, db.query("match_radius").rows[0][0] or 0.0)
    near = db.query("object_near", ra=ra, dec=dec, radius=reach).dicts()
    if radius is None:
        near = [n for n in near if n["separation_arcsec"] <= max(LEAST_RADIUS, n["match_radius_arcsec"] or 0.0)]
    if not near:
        raise nothing_there(db, ra, dec, reach)
    first, *rest = near
    alike = 2 * first["separation_arcsec"] + 1.0
    others = tuple(
        f"{n['name']} at {n['separation_arcsec']:.1f} arcsec" for n in rest if n["separation_arcsec"] < alike
    )
    return Found(first["object_id"], first["name"], first["ra"], first["dec"], first["separation_arcsec"], others)


def object_by_id(db: Database, object_id: int) -> Found:
    """Return the object of an id.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    found = db.query("object_by_id", object_id=object_id).dicts() if object_id < 2**63 else []
    if not found:
        raise NotFoundError(
            f"no object {object_id}", "`photdb objects` lists them, `photdb cone RA DEC 60` those of a place"
        )
    return Found(object_id, found[0]["name"], found[0]["ra"], found[0]["dec"])


def object_by_name(db: Database, name: str, *, radius: float | None = None) -> Found:
    """Return the object at the position of a target, or the object of a name.

    Raises
    ------
    NotFoundError
        If neither has that name; or the target is there, but no object at its place.
    """
    targets = db.query("target_by_name", called=name).dicts()
    if targets:
        target = targets[0]
        found = find_object(db, target["ra"], target["dec"], radius=radius)
        return Found(
            found.object_id, found.name, found.ra, found.dec, found.separation, found.others, label=target["name"]
        )
    objects = db.query("object_by_name", called=name.replace(" ", "")).dicts() if re.match(r"J\d{4}", name) else []
    if objects and (len(objects) == 1 or objects[0]["name"] == name):
        return Found(objects[0]["object_id"], objects[0]["name"], objects[0]["ra"], objects[0]["dec"])
    if objects:
        raise NotFoundError(f"{name}: {len(objects)} objects or more begin so", ", ".join(o["name"] for o in objects))
    raise _unknown_name(db, name)


def _unknown_name(db: Database, name: str) -> NotFoundError:
    """Return the error for a name that means nothing, with what it may have meant."""
    from difflib import get_close_matches

    known = db.query("names_known").rows
    targets = {_plain(n): n for source, n in known if source == "target"}
    headers = {_plain(n): n for source, n in known if source == "header"}
    add = f'give it a position: photdb target add "{name}" RA DEC'
    if _plain(name) in headers:
        return NotFoundError(
            f"no target {name!r}; frames have it as OBJECT in their header, which is not a position",
            f'{add}; `photdb frames --object "{headers[_plain(name)]}"` lists the frames',
        )
    close = [targets[n] for n in get_close_matches(_plain(name), list(targets), n=3)]
    if close:
        return NotFoundError(f"no target or object {name!r}", f"did you mean {' or '.join(close)}?")
    return NotFoundError(f"no target or object {name!r}", add)


def _plain(name: str) -> str:
    """Return a name without case and blanks."""
    return name.lower().replace(" ", "")


def nothing_there(db: Database, ra: float, dec: float, radius: float) -> NotFoundError:
    """Return the error for a place without an object: what is nearest, and whether anybody looked."""
    what = f"no object within {radius:.1f} arcsec of {ra:.5f} {dec:+.5f}"
    nearest = db.query("object_nearest", ra=ra, dec=dec).dicts()
    if not nearest:
        return NotFoundError(f"{what}: the store has no objects", "`photdb status` says what it holds")
    near = nearest[0]
    what += f"; the nearest is {near['name']}, {_distance(near['separation_arcsec'])} away"
    nights = frames_at(db, ra, dec)
    if not nights:
        return NotFoundError(f"{what}; no frame covers the place", "`photdb frames` lists the frames")
    n = f"{len(nights)} frame{'s' * (len(nights) > 1)}"
    known = sorted(str(night) for night in nights if night is not None)
    when = "" if not known else f" of {known[0]}" if known[0] == known[-1] else f" of {known[0]} to {known[-1]}"
    wider = (
        f"; --radius {math.ceil(near['separation_arcsec'])} takes the nearest"
        if near["separation_arcsec"] < 300
        else ""
    )
    return NotFoundError(
        f"{what}; {n}{when} cover the place", f"it was too faint, or was not told from a neighbour{wider}"
    )


def _distance(arcsec: float) -> str:
    """Return an angle as people say it."""
    if arcsec < 120:
        return f"{arcsec:.1f} arcsec"
    return f"{arcsec / 60:.1f} arcmin" if arcsec < 7200 else f"{arcsec / 3600:.1f} deg"


def frames_at(db: Database, ra: float, dec: float) -> list[date | None]:
    """Return the nights of the measured frames whose outline holds a position, one entry a frame."""
    from photdb.sky import healpix

    cells = {f"cell_{order}": int(healpix(ra, dec, order)) for order in (7, 10)}
    found = db.query("frames_at_cell", **cells).dicts()
    return [f["night"] for f in found if outline_holds(f["corner_ra"], f["corner_dec"], ra, dec)]


def outline_holds(corner_ra: Sequence[float] | None, corner_dec: Sequence[float] | None, ra: float, dec: float) -> bool:
    """Whether a position lies inside an outline on the sky, all in degrees.

    The outline is seen from the position: its corners go once around inside, and not at all outside. The angles
    are those of great circles, so poles and RA 0 need no care; without an outline the answer is yes.

    Examples
    --------
    >>> outline_holds([359, 1, 1, 359], [-1, -1, 1, 1], 0.5, 0.5), outline_holds([359, 1, 1, 359], [-1, -1, 1, 1], 2, 0)
    (True, False)
    """
    if not corner_ra or not corner_dec:
        return True
    angles = [_position_angle(ra, dec, r, d) for r, d in zip(corner_ra, corner_dec, strict=True)]
    turns = (math.remainder(b - a, 2 * math.pi) for a, b in zip(angles, [*angles[1:], angles[0]], strict=True))
    return abs(sum(turns)) > math.pi


def _position_angle(ra: float, dec: float, to_ra: float, to_dec: float) -> float:
    """Return the direction from one position to another, in radians."""
    a, d, to_d = math.radians(to_ra - ra), math.radians(dec), math.radians(to_dec)
    east = math.cos(to_d) * math.sin(a)
    north = math.sin(to_d) * math.cos(d) - math.cos(to_d) * math.sin(d) * math.cos(a)
    return math.atan2(east, north)


def mjd_of(text: str | float | None, *, end: bool = False) -> float | None:
    """Return the MJD that a user's date means: MJD, JD, or an ISO date in UTC.

    Parameters
    ----------
    text : str, float or None
        ``58107``, ``2458107.5``, ``2017-12-20`` or ``2017-12-20T03:00``.
    end : bool, default=False
        A date without a time means its end instead of its beginning.

    Raises
    ------
    UsageError
        If it is no date.

    Examples
    --------
    >>> mjd_of("58107.25"), mjd_of("2458107.75"), mjd_of("2017-12-20T06:00"), mjd_of("2017-12-20", end=True)
    (58107.25, 58107.25, 58107.25, 58108.0)
    """
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        pass
    else:
        return number - MJD_0 if number > 2e6 else number
    words = str(text).strip()
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        raise UsageError(
            f"{words!r} is not a date", "write MJD (58107.25), 2017-12-20 or 2017-12-20T06:00 (UTC)"
        ) from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    if end and len(words) <= 10:
        moment += timedelta(days=1)
    return (moment - _MJD_EPOCH) / timedelta(days=1)


def light_curve(
    db: Database,
    object_id: int,
    *,
    band: str | None = None,
    start: str | float | None = None,
    stop: str | float | None = None,
    without: int = 0,
    aperture_id: int = 0,
    colour_corrected: bool = False,
    all_columns: bool = False,
) -> Answer:
    """Return the light curve of an object, oldest first.

    Parameters
    ----------
    db : Database
        The store.
    object_id : int
        Of the object.
    band : str, optional
        One band only.
    start, stop : str or float, optional
        MJD or ISO date, UTC.
    without : int, default=0
        Points with any of these flags are left out.
    aperture_id : int, default=0
        0 the primary aperture, -1 auto, else an aperture of table ``aperture``, with that aperture's zero points.
    colour_corrected : bool, default=False
        Magnitudes and mJy of the object's own colour instead of the pivot colour; NULL where that colour is unknown.
        Two columns more: ``colour`` (mag, in the index of the zero point's colour term) and ``colour_source`` (``own``,
        ``catalogue``, ``unknown``; NULL: the zero point has no colour term).
    all_columns : bool, default=False
        `MORE_COLUMNS` too.
    """
    parameters: dict[str, Any] = {
        "object_id": object_id,
        "aperture_id": aperture_id,
        "band": band,
        "from_mjd": mjd_of(start),
        "to_mjd": mjd_of(stop, end=True),
        "without": without,
    }
    if not (colour_corrected or all_columns):
        return Answer(db, statement("queries", "lightcurve"), parameters, "lightcurve")
    parameters["colour_corrected"] = colour_corrected
    whole = Answer(db, statement("queries", "lightcurve_full"), parameters, "lightcurve")
    unwanted = {*(() if all_columns else MORE_COLUMNS), *(() if colour_corrected else COLOUR_COLUMNS)}
    return whole.only([c.name for c in whole.columns if c.name not in unwanted]) if unwanted else whole


#: What a light curve has besides the usual columns, and what it has when it is corrected for colour.
MORE_COLUMNS = ("cal_id", "zp_sys", "mag_err_total", "limit_3_mag")
COLOUR_COLUMNS = ("colour", "colour_source")


@dataclass(frozen=True, slots=True)
class ColourNote:
    """What became of points that were to be corrected for colour.

    Parameters
    ----------
    n_term, n_no_term : int
        Points whose zero point has a colour term, and has none.
    n_unknown, n_object : int
        Points with a flux that have no magnitude because their object's colour is not known; those objects.
    indices, catalogs : str
        The colour indices that are not known, and the catalogues that were looked into.
    """

    n_term: int
    n_no_term: int
    n_unknown: int
    n_object: int
    indices: str
    catalogs: str

    def lines(self) -> list[str]:
        """Return what a user has to know, in words."""
        if not self.n_term:
            how = "(`photdb zeropoint --help` says how one is fitted)"
            return [f"nothing was corrected for colour: no zero point of these points has a colour term {how}"]
        said = []
        if self.n_unknown:
            stars = "1 object" if self.n_object == 1 else f"{self.n_object} objects"
            said.append(
                f"{self.n_unknown} of {self.n_term} points have no magnitude: the colour ({self.indices}) of {stars} "
                f"is not known, neither from both bands nor from a star of {self.catalogs or 'a catalogue'}"
            )
        if self.n_no_term:
            said.append(f"{self.n_no_term} points are not corrected: their zero points have no colour term")
        return said


def colour_note(db: Database, *, objects: Sequence[int] | None = None, band: str | None = None) -> ColourNote:
    """Return what a correction for colour does to the points of some objects (None: of all)."""
    given = None if objects is None else list(objects)
    n_term, n_no_term, n_unknown, n_object, indices, catalogs = db.query(
        "colour_missing", objects=given, band=band
    ).rows[0]
    return ColourNote(n_term, n_no_term, n_unknown, n_object, indices or "", catalogs or "")


def calibration_note(db: Database, cal_id: int | None, *, objects: Sequence[int] | None = None) -> str | None:
    """Return how many frames (of some objects; None: of the store) a calibration does not have; None: it has all."""
    if cal_id is None:
        return None
    given = None if objects is None else list(objects)
    name = "calibration_lacks" if given is None else "calibration_lacks_objects"
    parameters: dict[str, Any] = {"cal_id": cal_id} if given is None else {"cal_id": cal_id, "objects": given}
    n, lacking, uncalibrated = db.query(name, **parameters).rows[0]
    said = []
    if lacking:
        said.append(f"does not have {lacking} of {n} frames: no magnitudes of these")
    if uncalibrated:
        said.append(f"left {uncalibrated} of {n} frames instrumental")
    return f"calibration {cal_id} {'; it '.join(said)}" if said else None


def cone(db: Database, ra: float, dec: float, radius: float, *, colour_corrected: bool = False) -> Answer:
    """Return the objects within a radius (arcsec) of a position (deg), one row an object and band.

    With ``colour_corrected``, magnitudes are of the objects' own colours, and there are three columns more: ``colour``,
    ``colour_source`` and ``n_unknown``, the points without a magnitude because the colour is not known.
    """
    parameters: dict[str, Any] = {"ra": ra, "dec": dec, "radius": radius}
    if not colour_corrected:
        return Answer(db, statement("queries", "cone"), parameters, "object")
    parameters["objects"] = [row[0] for row in db.query("cone_ids", **parameters).rows]
    return Answer(db, statement("queries", "cone_colour"), parameters, "object")


SORTS = ("n_detections", "object_id", "name", "ra", "dec")


def objects(db: Database, *, min_detections: int = 1, sort: str = "n_detections") -> Answer:
    """Return the objects.

    Raises
    ------
    UsageError
        If they cannot be sorted so.
    """
    if sort not in SORTS:
        raise UsageError(f"cannot sort by {sort!r}", f"sort by {', '.join(SORTS)}")
    parameters = {"min_detections": min_detections, "sort": sort}
    return Answer(db, statement("queries", "objects"), parameters, "object")


STATES = ("ok", "failed", "rejected")


def frames(
    db: Database,
    *,
    state: str | None = None,
    night: str | date | None = None,
    band: str | None = None,
    object_name: str | None = None,
) -> Answer:
    """Return the frames and what became of them.

    Raises
    ------
    UsageError
        If there is no such state, or the night is no date.
    """
    if state is not None and state not in STATES:
        raise UsageError(f"no state {state!r}", f"there are {', '.join(STATES)}")
    if isinstance(night, str):
        try:
            night = date.fromisoformat(night)
        except ValueError:
            raise UsageError(f"night {night!r} is not a date", "write it as 2017-12-19") from None
    parameters = {"state": state, "night": night, "band": band, "object": object_name}
    return Answer(db, statement("queries", "frames"), parameters, "frame")


#: What can be exported, and what it can be chosen by.
EXPORTS = {
    "lightcurve": {"objects", "band"},
    "detection": {"objects", "band"},
    "object": {"objects"},
    "frame": {"band"},
}


def export(
    db: Database,
    what: str,
    *,
    objects: Sequence[int] | None = None,
    band: str | None = None,
    colour_corrected: bool = False,
    question: str | None = None,
) -> Answer:
    """Return all of one kind of row, or those of some objects or of one band.

    Parameters
    ----------
    db : Database
        The store.
    what : str
        A key of `EXPORTS`.
    objects : sequence of int, optional
        Only of these objects.
    band : str, optional
        Only of this band.
    colour_corrected : bool, default=False
        Light curves only, as `light_curve` has it.
    question : str, optional
        Another query of ``schema/queries`` with the same parameters: the columns that an output format needs.

    Raises
    ------
    UsageError
        If there is no such kind, or it cannot be chosen so.
    """
    if what not in EXPORTS:
        raise UsageError(f"cannot export {what!r}", f"there are {', '.join(EXPORTS)}")
    given = {"objects": None if objects is None else list(objects), "band": band}
    strange = [name for name, value in given.items() if value is not None and name not in EXPORTS[what]]
    if strange:
        raise UsageError(f"{what}s cannot be chosen by {strange[0]}", f"by {', '.join(sorted(EXPORTS[what]))} they can")
    parameters = {name: value for name, value in given.items() if name in EXPORTS[what]}
    if colour_corrected and (what != "lightcurve" or question):
        raise UsageError(f"{what}s cannot be corrected for colour here", "`photdb export lightcurve` can")
    name = question or f"export_{what}{'_colour' if colour_corrected else ''}"
    return Answer(db, statement("queries", name), parameters, what)


def targets(db: Database) -> Answer:
    """Return the targets."""
    return Answer(db, statement("queries", "targets"), {}, "target")


def status(db: Database) -> Answer:
    """Return what the store holds, one count a row."""
    return Answer(db, statement("queries", "status"), {}, "status")


def audits(db: Database) -> Answer:
    """Return the audits of the store: what each looks for, and how many rows it found."""
    folder = shipped("schema") / "audits"
    names = sorted(f.name.removesuffix(".sql") for f in folder.iterdir() if f.name.endswith(".sql"))
    texts = {name: statement("audits", name) for name in names}
    counts = (
        f"SELECT '{name}' AS audit, '{text.splitlines()[0][3:].rstrip('.')}' AS looks_for, count(*) AS found "
        f"FROM ({text.rstrip().rstrip(';')}) AS bad"
        for name, text in texts.items()
    )
    return Answer(db, " UNION ALL ".join(counts), {}, "audit")


# --- for Python users ---


class Store:
    """A store that is open for reading; `connect` makes it. Answers are polars tables.

    Many may read at once, but no one can write while a store is open: close it, or use ``with``.
    """

    def __init__(self, database: Database, *, calibration: int | None = None) -> None:
        self._db = database
        self._calibration = calibration

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @contextmanager
    def _as(self, calibration: int | None) -> Iterator[None]:
        """Answer a question with the zero points of a calibration; the connection's own choice comes back after it."""
        if calibration is None:
            yield
            return
        self._db.use_calibration(calibration)
        try:
            yield
        finally:
            self._db.use_calibration(self._calibration)

    def sql(self, q: str, **parameters: Any) -> polars.DataFrame:
        """Return the answer to one SELECT, with ``$name`` for every keyword.

        Raises
        ------
        UsageError
            If it is not one SELECT, or duckdb does not understand it.

        Examples
        --------
        >>> import photdb
        >>> with photdb.connect(":memory:") as db:
        ...     db.sql("SELECT $n + 1 AS m", n=41)["m"].to_list()
        [42]
        """
        return _polars(select(self._db, q, parameters))

    def light_curve(
        self,
        ra: float | str | None = None,
        dec: float | str | None = None,
        *,
        object_id: int | None = None,
        name: str | None = None,
        radius: float | None = None,
        band: str | None = None,
        start: str | float | None = None,
        stop: str | float | None = None,
        without: int = 0,
        aperture_id: int = 0,
        colour_corrected: bool = False,
        all_columns: bool = False,
        calibration: int | None = None,
    ) -> polars.DataFrame:
        """Return the light curve of the object at a position, of an id or of a name, oldest point first.

        Parameters
        ----------
        ra, dec : float or str, optional
            deg, or sexagesimal as text (RA in hours).
        object_id : int, optional
            Instead of a position.
        name : str, optional
            Of a target or an object, instead of a position.
        radius : float, optional
            arcsec; by default the match radius of the frames, at least 5.
        band, start, stop, without, aperture_id, colour_corrected, all_columns : optional
            As `photdb.query.light_curve` has them.
        calibration : int, optional
            With the zero points of this calibration instead of those in use (``SELECT * FROM calibration``); frames it
            does not have are without a magnitude.

        Returns
        -------
        polars.DataFrame
            The columns of the view ``lightcurve``, units in the reference of the schema.

        Raises
        ------
        NotFoundError
            If there is no such object or calibration; it says what there is.
        UsageError
            If not exactly one of position, id and name is given.

        Examples
        --------
        >>> import photdb
        >>> with photdb.connect(":memory:") as db:
        ...     db.light_curve(31.0428, 46.6878)
        Traceback (most recent call last):
        photdb.errors.NotFoundError: no object within 5.0 arcsec of 31.04280 +46.68780: the store has no objects
        """
        if sum((ra is not None or dec is not None, object_id is not None, name is not None)) != 1:
            raise UsageError("give a position (ra and dec), object_id or name", "and only one of them")
        if name is not None:
            found = object_by_name(self._db, name, radius=radius)
        elif object_id is not None:
            found = object_by_id(self._db, object_id)
        else:
            found = find_object(self._db, *_position(ra, dec), radius=radius)
        with self._as(calibration):
            curve = light_curve(
                self._db, found.object_id, band=band, start=start, stop=stop, without=without, aperture_id=aperture_id,
                colour_corrected=colour_corrected, all_columns=all_columns,
            )  # fmt: skip
            return _polars(curve)

    def cone(
        self,
        ra: float | str,
        dec: float | str,
        radius: float,
        *,
        colour_corrected: bool = False,
        calibration: int | None = None,
    ) -> polars.DataFrame:
        """Return the objects within a radius (arcsec) of a position, one row an object and band.

        ``colour_corrected`` is as in `photdb.query.cone`, ``calibration`` as in `light_curve`.

        Examples
        --------
        >>> import photdb
        >>> with photdb.connect(":memory:") as db:
        ...     db.cone("02:04:10.3", "+46:41:16", 60).height
        0
        """
        with self._as(calibration):
            return _polars(cone(self._db, *_position(ra, dec), radius, colour_corrected=colour_corrected))

    def objects(self, *, min_detections: int = 1, sort: str = "n_detections") -> polars.DataFrame:
        """Return the objects, the most often detected first."""
        return _polars(objects(self._db, min_detections=min_detections, sort=sort))

    def frames(
        self,
        *,
        state: str | None = None,
        night: str | date | None = None,
        band: str | None = None,
        object_name: str | None = None,
    ) -> polars.DataFrame:
        """Return the frames and what became of them."""
        return _polars(frames(self._db, state=state, night=night, band=band, object_name=object_name))


def connect(path: str | os.PathLike[str], *, calibration: int | None = None) -> Store:
    """Open a store for reading.

    Parameters
    ----------
    path : path-like
        The file, or ``:memory:`` for an empty store.
    calibration : int, optional
        Answer everything, SQL too, with the zero points of this calibration instead of those in use.

    Raises
    ------
    NotFoundError
        If there is no such file (reading never makes one), or no such calibration.
    InputError
        If the file is not a store, or was written by a newer photdb.
    StoreLockedError
        If another process writes to it.

    Examples
    --------
    >>> import photdb
    >>> with photdb.connect(":memory:") as db:
    ...     db.frames().height
    0
    """
    return Store(Database.open(path, calibration=calibration), calibration=calibration)


def _position(ra: float | str | None, dec: float | str | None) -> tuple[float, float]:
    """Return a position in degrees from numbers or text."""
    if ra is None or dec is None:
        raise UsageError("a position is ra and dec", "give both")
    return parse_ra(str(ra)), parse_dec(str(dec))


def _polars(answer: Answer) -> polars.DataFrame:
    """Return an answer as a polars table."""
    import polars as pl

    table = pl.from_arrow(answer.arrow())
    assert isinstance(table, pl.DataFrame)
    return table
