"""Light curves, and what has to be said of their calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from photdb.errors import UsageError
from photdb.store.answer import Answer
from photdb.store.database import Database, statement

MJD_0 = 2400000.5
_MJD_EPOCH = datetime(1858, 11, 17, tzinfo=UTC)


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


#: What a light curve has besides the usual columns, and what it has when it is corrected for colour.
MORE_COLUMNS = (
    "cal_id", "zp_sys", "mag_err_total", "limit_3_mag", "target_id", "method", "noise", "noise_empty", "is_limit",
)  # fmt: skip
COLOUR_COLUMNS = ("colour", "colour_source")

#: What points a light curve may be of.
KINDS = ("all", "detected", "forced")
#: What a limit may be, in times the noise; the first is meant where nothing is said.
SIGMAS = (5, 3)


def limit_columns(sigma: float | None) -> tuple[str, ...]:
    """Return which of `MORE_COLUMNS` say what a limit is, where that is asked for (None: it is not)."""
    if sigma is None:
        return ()
    return ("limit_3_mag", "is_limit") if sigma == 3 else ("is_limit",)


def checked_sigma(sigma: float | None) -> float:
    """Return what a limit is, in times the noise.

    Raises
    ------
    UsageError
        If it is not one of `SIGMAS`.
    """
    if sigma is None:
        return SIGMAS[0]
    if sigma not in SIGMAS:
        raise UsageError(f"no limits of {sigma:g} sigma", "a light curve has limit_mag (5 sigma) and limit_3_mag")
    return sigma


def light_curve(
    db: Database,
    object_id: int | None,
    *,
    target_id: int | None = None,
    is_ellipse: bool = False,
    kind: str = "all",
    sigma: float | None = None,
    band: str | None = None,
    start: str | float | None = None,
    stop: str | float | None = None,
    without: int = 0,
    aperture_id: int = 0,
    colour_corrected: bool = False,
    all_columns: bool = False,
) -> Answer:
    """Return the light curve of an object, oldest first: detections, and forced points where a frame has none.

    Parameters
    ----------
    db : Database
        The store.
    object_id : int or None
        Of the object; None: of a target where no object is.
    target_id : int, optional
        A target at the object's place: its forced points too.
    is_ellipse : bool, default=False
        Only what was measured in the ellipse of the target, in every frame; never beside circles.
    kind : str, default="all"
        One of `KINDS`. ``forced``: also where the frame has a detection.
    sigma : float, optional
        One of `SIGMAS`: a forced point whose flux is below so many times its noise is a limit. Where it is given, the
        columns `limit_columns` follow the usual ones.
    band : str, optional
        One band only.
    start, stop : str or float, optional
        MJD or ISO date, UTC.
    without : int, default=0
        Points with any of these flags are left out.
    aperture_id : int, default=0
        0 the primary aperture, -1 auto, -2 PSF, -3 the ellipse of the target, else an aperture of table ``aperture``,
        with that aperture's zero points.
    colour_corrected : bool, default=False
        Magnitudes and mJy of the object's own colour instead of the pivot colour; NULL where that colour is unknown.
        Two columns more: ``colour`` (mag, in the index of the zero point's colour term) and ``colour_source`` (``own``,
        ``catalogue``, ``unknown``; NULL: the zero point has no colour term).
    all_columns : bool, default=False
        `MORE_COLUMNS` too.

    Raises
    ------
    UsageError
        If there is no such kind, or no such limit.
    """
    chosen: dict[str, Any] = {"band": band, "start": start, "stop": stop, "without": without}
    is_usual = kind == "all" and aperture_id == 0 and not (is_ellipse or colour_corrected or all_columns)
    if is_usual and target_id is None and sigma is None:
        parameters = {
            "object_id": object_id, "band": band, "from_mjd": mjd_of(start), "to_mjd": mjd_of(stop, end=True),
            "without": without,
        }  # fmt: skip
        return Answer(db, statement("queries", "lightcurve"), parameters, "lightcurve")
    from photdb.asking.targets import Target, light_curves

    target = Target(1, "", object_id=object_id, target_id=target_id, is_ellipse=is_ellipse)
    return light_curves(
        db, [target], named=False, kind=kind, sigma=sigma, aperture_id=aperture_id, all_columns=all_columns,
        colour_corrected=colour_corrected, **chosen,
    )  # fmt: skip


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


@dataclass(frozen=True, slots=True)
class Counts:
    """How many points of a light curve were detected, were forced (of these: are limits), or are limits of frames."""

    n_detected: int
    n_forced: int
    n_forced_limit: int
    n_limit: int

    @property
    def n(self) -> int:
        """All rows."""
        return self.n_detected + self.n_forced + self.n_limit

    def line(self, sigma: float) -> str:
        """Return it in words."""
        said = [f"{self.n_detected} detected"] if self.n_detected else []
        if self.n_forced:
            below = f" ({self.n_forced_limit} below {sigma:g} sigma: limits)" if self.n_forced_limit else ""
            said.append(f"{self.n_forced} forced{below}")
        if self.n_limit:
            said.append(f"{self.n_limit} upper limits of frames that did not detect it")
        return f"{self.n} points: {', '.join(said)}"


def counted(curve: Answer) -> Counts:
    """Return what a light curve with the column ``is_limit`` consists of."""
    sql = (
        "SELECT count(*) FILTER (kind = 'detected'), count(*) FILTER (kind = 'forced'), "
        "count(*) FILTER (kind = 'forced' AND is_limit), count(*) FILTER (kind = 'limit') FROM ("
    )
    whole = Answer(curve.database, f"{sql}{curve.sql.rstrip().rstrip(';')}\n) AS curve", curve.parameters)
    (row,) = whole.rows()
    return Counts(*row)
