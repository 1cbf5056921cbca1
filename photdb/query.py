"""Questions to a store: light curves, cones, objects, frames.

`connect` is the door for Python users: its answers are polars tables. The functions below it find what was meant (a
position in any notation, a target, an object) and say what there is when it is not there; the command line uses them.
They live in `photdb.asking` by subject; this is the door to all of them.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from typing import TYPE_CHECKING, Any

from photdb.asking.finding import (
    LEAST_RADIUS,
    NO_OBJECT,
    Found,
    find_measured,
    find_object,
    object_by_id,
    object_by_name,
    parse_position,
    place,
    refuse_no_radius,
    resolve,
    resolve_measured,
    target_alone,
)
from photdb.asking.lightcurves import (
    COLOUR_COLUMNS,
    KINDS,
    MJD_0,
    MORE_COLUMNS,
    SIGMAS,
    ColourNote,
    calibration_note,
    colour_note,
    counted,
    light_curve,
    mjd_of,
)
from photdb.asking.moc import moc_text, not_a_moc
from photdb.asking.moving import Rejection, extended
from photdb.asking.regions import parse_polygon, refuse_no_polygon
from photdb.asking.seen import coverage, frames_at, never_observed, nothing_there, outline_holds
from photdb.asking.targets import Target, as_targets, curve_of, find_targets, light_curves, read_targets
from photdb.asking.where import chosen_by
from photdb.errors import NotFoundError, UsageError
from photdb.resources import shipped
from photdb.sky import parse_dec, parse_ra
from photdb.store.answer import Answer, select
from photdb.store.database import Database, parameters_of, statement

if TYPE_CHECKING:
    import polars

_log = logging.getLogger(__name__)

__all__ = [
    "COLOUR_COLUMNS",
    "EXPORTS",
    "KINDS",
    "LEAST_RADIUS",
    "MJD_0",
    "MORE_COLUMNS",
    "NO_OBJECT",
    "SIGMAS",
    "SORTS",
    "STATES",
    "ColourNote",
    "Found",
    "Store",
    "Target",
    "as_targets",
    "audits",
    "calibration_note",
    "colour_note",
    "cone",
    "connect",
    "counted",
    "coverage",
    "curve_of",
    "export",
    "find_measured",
    "find_object",
    "find_targets",
    "frames",
    "frames_at",
    "in_moc",
    "in_polygon",
    "light_curve",
    "light_curves",
    "mjd_of",
    "never_observed",
    "nothing_there",
    "object_by_id",
    "object_by_name",
    "objects",
    "objects_in",
    "outline_holds",
    "parse_polygon",
    "parse_position",
    "place",
    "read_targets",
    "refuse_no_radius",
    "resolve",
    "resolve_measured",
    "status",
    "targets",
]


def cone(db: Database, ra: float, dec: float, radius: float, *, colour_corrected: bool = False) -> Answer:
    """Return the objects within a radius (arcsec) of a position (deg), one row an object and band.

    With ``colour_corrected``, magnitudes are of the objects' own colours, and there are three columns more: ``colour``,
    ``colour_source`` and ``n_unknown``, the points without a magnitude because the colour is not known.

    Raises
    ------
    UsageError
        If the radius is not above 0, or more than half of the sky's circle.
    """
    parameters: dict[str, Any] = {"ra": ra, "dec": dec, "radius": refuse_no_radius(radius)}
    if not colour_corrected:
        return Answer(db, statement("queries", "cone"), parameters, "object")
    parameters["objects"] = [row[0] for row in db.query("cone_ids", **parameters).rows]
    return Answer(db, statement("queries", "cone_colour"), parameters, "object")


def in_polygon(db: Database, corners: Sequence[tuple[float, float]]) -> list[int]:
    """Return the numbers of the objects inside a polygon whose sides are great circles; corners (ra, dec) in degrees.

    Raises
    ------
    UsageError
        If it is no polygon: two corners, sides that cross, more than half of the sky.
    """
    given = refuse_no_polygon(corners)
    ras, decs = str([c[0] for c in given]), str([c[1] for c in given])
    return [row[0] for row in db.query("polygon_ids", ras=ras, decs=decs).rows]


def in_moc(db: Database, moc: str) -> list[int]:
    """Return the numbers of the objects inside a MOC: its text in ASCII or JSON, or the name of its file (FITS too).

    Raises
    ------
    NotFoundError
        If there is no such file.
    InputError
        If the file is no MOC.
    UsageError
        If the text is none.
    """
    text = moc_text(moc)
    try:
        return [row[0] for row in db.query("moc_ids", moc=text).rows]
    except UsageError as error:
        raise not_a_moc(moc, text, error) from error


def objects_in(db: Database, objects: Sequence[int], *, colour_corrected: bool = False) -> Answer:
    """Return objects by number, one row an object and band, with the columns of `cone` but for the separation."""
    name = "objects_in_colour" if colour_corrected else "objects_in"
    return Answer(db, statement("queries", name), {"objects": str(list(objects))}, "object")


SORTS = ("n_detections", "object_id", "name", "ra", "dec")


def objects(db: Database, *, min_detections: int = 1, sort: str = "n_detections", where: str | None = None) -> Answer:
    """Return the objects.

    Parameters
    ----------
    db : Database
        The store.
    min_detections : int, default=1
        Detected at least so often.
    sort : str, default="n_detections"
        One of `SORTS`.
    where : str, optional
        A condition in SQL on the columns of table ``object``.

    Raises
    ------
    UsageError
        If they cannot be sorted so, or the condition is no SQL: with its line.
    """
    if sort not in SORTS:
        raise UsageError(f"cannot sort by {sort!r}", f"sort by {', '.join(SORTS)}")
    parameters = {"min_detections": min_detections, "sort": sort}
    if where is None:
        return Answer(db, statement("queries", "objects"), parameters, "object")
    return Answer(db, chosen_by(db, where, parameters), parameters, "object")


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
    "lightcurve": {"objects", "band", "targets"},
    "detection": {"objects", "band"},
    "forced": {"objects", "band", "targets"},
    "object": {"objects"},
    "frame": {"band"},
    "zeropoint": set(),
}


def export(
    db: Database,
    what: str,
    *,
    objects: Sequence[int] | None = None,
    band: str | None = None,
    colour_corrected: bool = False,
    question: str | None = None,
    targets: Sequence[int] | None = None,
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
    targets : sequence of int, optional
        Forced fluxes and light curves: beside those of ``objects``, also of these targets, which may have no object.

    Raises
    ------
    UsageError
        If there is no such kind, or it cannot be chosen so.
    """
    if what not in EXPORTS:
        raise UsageError(f"cannot export {what!r}", f"there are {', '.join(EXPORTS)}")
    lists = {name: None if ids is None else list(ids) for name, ids in (("objects", objects), ("targets", targets))}
    given: dict[str, Any] = {**lists, "band": band}
    strange = [name for name, value in given.items() if value is not None and name not in EXPORTS[what]]
    if strange:
        raise UsageError(f"{what}s cannot be chosen by {strange[0]}", f"by {', '.join(sorted(EXPORTS[what]))} they can")
    if colour_corrected and (what != "lightcurve" or question not in (None, "export_lightcurve")):
        raise UsageError(f"{what}s cannot be corrected for colour here", "`photdb export lightcurve` can")
    sql = statement("queries", f"{question or f'export_{what}'}{'_colour' if colour_corrected else ''}")
    # what else a report wants (the path of a moving target, codes of telescopes) is not known here
    meanings = {"target": ("", "name of the target of a forced point")} if what == "lightcurve" else {}
    return Answer(db, sql, {name: given.get(name) for name in parameters_of(sql)}, what, meanings=meanings)


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
        targets: Iterable[Any] | None = None,
        limits: bool = False,
        kind: str = "all",
        sigma: float | None = None,
        reject: str | None = None,
    ) -> polars.DataFrame:
        """Return the light curve of the object at a position, of an id or of a name, oldest point first.

        It has the detections, and the forced points of frames without one: those of a target there also where there is
        no object.

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
        targets : iterable, optional
            Of thousands of targets in one pass instead: each a pair (ra, dec), a name, an object_id, or a dict with
            ``name``, ``ra`` and ``dec`` or ``object_id``. The first column says which one a point is of; targets
            without an object are left out, and logged with the reason.
        limits : bool, default=False
            Also a row of kind ``limit`` for every frame that saw the place, did not detect the star and has no forced
            point of it: ``limit_mag`` without a flux.
        kind, sigma : optional
            As `photdb.query.light_curve` has them: ``detected`` or ``forced`` points alone; what a limit is.
        reject : str, optional
            Of a moving target, which points are marked as rejected (`photdb.asking.moving.SCHEMAS`); by default
            ``pos``.

        Returns
        -------
        polars.DataFrame
            The columns of the view ``lightcurve``, units in the reference of the schema; of a moving target also
            `photdb.asking.moving.COLUMNS`.

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
        photdb.errors.NotFoundError: no object within 5.0 arcsec of 31.04280 +46.68780: the store is empty
        """
        one = (ra is not None or dec is not None, object_id is not None, name is not None, targets is not None)
        if sum(one) != 1:
            raise UsageError("give a position (ra and dec), object_id, name or targets", "and only one of them")
        rejection = Rejection.of(reject)
        chosen: dict[str, Any] = {
            "band": band, "start": start, "stop": stop, "without": without, "aperture_id": aperture_id,
            "colour_corrected": colour_corrected, "all_columns": all_columns, "kind": kind, "sigma": sigma,
        }  # fmt: skip
        if targets is not None:
            asked = find_targets(self._db, as_targets(targets), radius=radius)
            for target in asked:
                if target.reason:
                    _log.warning("%s: %s", target.label, target.reason)
            with self._as(calibration):
                return _polars(light_curves(self._db, asked, **chosen, limits=limits))
        if name is not None and limits:
            found = _seen(self._db, name, radius)
        elif name is not None:
            found = resolve_measured(self._db, [name], radius=radius)
        elif object_id is not None:
            found = object_by_id(self._db, object_id)
        else:
            found = find_measured(self._db, *_position(ra, dec), radius=radius)
        with self._as(calibration):
            curve = curve_of(self._db, found, limits=limits, **chosen)
            return _polars(extended(self._db, curve, found.object_id, rejection, target_id=found.target_id))

    def coverage(
        self,
        ra: float | str | None = None,
        dec: float | str | None = None,
        *,
        object_id: int | None = None,
        name: str | None = None,
        radius: float | None = None,
        sigma: float | None = None,
        calibration: int | None = None,
    ) -> polars.DataFrame:
        """Return every frame that saw a place or may have seen it: detected or not, how faint, and why not.

        Parameters
        ----------
        ra, dec, object_id, name, radius, sigma : optional
            As `light_curve` has them; a place without an object is fine.
        calibration : int, optional
            With the zero points of this calibration.

        Examples
        --------
        >>> import photdb
        >>> with photdb.connect(":memory:") as db:
        ...     db.coverage(31.0428, 46.6878).height
        0
        """
        if sum((ra is not None or dec is not None, object_id is not None, name is not None)) != 1:
            raise UsageError("give a position (ra and dec), object_id or name", "and only one of them")
        with self._as(calibration):
            if ra is not None or dec is not None:
                place_, star = _position(ra, dec), None
                with suppress(NotFoundError):
                    star = find_measured(self._db, *place_, radius=radius)
            else:
                star = _seen(self._db, name, radius) if name is not None else None
                star = star or object_by_id(self._db, object_id or 0)
                place_ = star.ra, star.dec
            number = None if star is None or star.object_id == NO_OBJECT else star.object_id
            target_id = None if star is None else star.target_id
            return _polars(coverage(self._db, *place_, object_id=number, target_id=target_id, sigma=sigma))

    def cone(
        self,
        ra: float | str | None = None,
        dec: float | str | None = None,
        radius: float | None = None,
        *,
        polygon: Sequence[tuple[float, float]] | None = None,
        moc: str | None = None,
        colour_corrected: bool = False,
        calibration: int | None = None,
    ) -> polars.DataFrame:
        """Return the objects of a place on the sky, one row an object and band.

        Parameters
        ----------
        ra, dec : float or str, optional
            Of the middle of a circle: deg, or sexagesimal as text (RA in hours).
        radius : float, optional
            Of the circle, arcsec.
        polygon : sequence of (float, float), optional
            Instead of a circle: corners (ra, dec) in deg, either way round; its sides are great circles.
        moc : str, optional
            Instead of a circle: a MOC in ASCII or JSON, or the name of its file.
        colour_corrected, calibration : optional
            As `photdb.query.cone` and `light_curve` have them.

        Examples
        --------
        >>> import photdb
        >>> with photdb.connect(":memory:") as db:
        ...     db.cone("02:04:10.3", "+46:41:16", 60).height, db.cone(moc="5/123-130").height
        (0, 0)
        """
        if sum((ra is not None or dec is not None or radius is not None, polygon is not None, moc is not None)) != 1:
            raise UsageError("give ra, dec and radius, polygon or moc", "and only one of them")
        with self._as(calibration):
            if polygon is not None or moc is not None:
                ids = in_moc(self._db, moc) if moc is not None else in_polygon(self._db, polygon or [])
                return _polars(objects_in(self._db, ids, colour_corrected=colour_corrected))
            if radius is None:
                raise UsageError("a cone needs a radius", "in arcsec")
            return _polars(cone(self._db, *_position(ra, dec), radius, colour_corrected=colour_corrected))

    def objects(
        self, *, min_detections: int = 1, sort: str = "n_detections", where: str | None = None
    ) -> polars.DataFrame:
        """Return the objects, the most often detected first; ``where`` is a condition in SQL on table ``object``."""
        return _polars(objects(self._db, min_detections=min_detections, sort=sort, where=where))

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


def _seen(db: Database, name: str, radius: float | None) -> Found:
    """Return what a name means; of a target that nobody detected or forced its place, which frames may have seen."""
    try:
        return resolve_measured(db, [name], radius=radius)
    except NotFoundError:
        alone = target_alone(db, [name])
        if alone is None:
            raise
        return alone


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
