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
        name = "lightcurve" if aperture_id == 0 else "lightcurve_aperture"
        return Answer(db, statement("queries", name), parameters, "lightcurve")
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


def counted_limits(curve: Answer) -> tuple[int, int]:
    """Return how many rows a light curve has, and how many of them are upper limits."""
    counted = "SELECT count(*), count(*) FILTER (kind = 'limit') FROM ("
    whole = Answer(curve.database, f"{counted}{curve.sql.rstrip().rstrip(';')}\n) AS curve", curve.parameters)
    ((n, n_limit),) = whole.rows()
    return n, n_limit
