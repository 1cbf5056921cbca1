"""The variable stars that VSX knows in the frames, detected or not."""

from __future__ import annotations

from datetime import date
from typing import Any

from photdb.errors import NotFoundError, UsageError
from photdb.store.answer import Answer, select
from photdb.store.database import Database, statement


def known_variables(
    db: Database,
    *,
    night: str | None = None,
    band: str | None = None,
    where: str | None = None,
    limit: int | None = None,
) -> tuple[Answer, str | None]:
    """Return the known variables inside the frames, with their objects, and what to say of the search.

    Parameters
    ----------
    db : Database
        Open store.
    night : str, optional
        Only frames of this night, as YYYY-MM-DD.
    band : str, optional
        Only frames in this band.
    where : str, optional
        A condition in SQL on the columns of the answer.
    limit : int, optional
        At most so many rows.

    Returns
    -------
    (Answer, str or None)
        vsx_name, kind, period (d), mag_max, mag_min as VSX has them, ra, dec (deg), n_frames that hold the place,
        n_detected of these that show it, bands, first_night, last_night, object_id, name, separation_arcsec; and a
        sentence when part of the frames lies where VSX was not asked.

    Raises
    ------
    UsageError
        If the night is no date.
    NotFoundError
        If there is no such frame, or nothing of VSX in the store.
    """
    asked: dict[str, Any] = {"night": _date(night), "band": band}
    n_lacking, n_frame, n_star = (int(v) for v in db.query("vsx_not_asked", **asked).rows[0])
    if not n_frame:
        which = "".join([f" of {night}" if night else "", f" in band {band}" if band else ""])
        raise NotFoundError(f"no measured frame{which} knows its place on the sky", "photdb frames lists them")
    how = "photdb refcat fetch --catalog vsx --frames"
    if not n_star and n_lacking:
        raise NotFoundError(
            f"the store has no star of VSX, and {n_lacking} of {n_frame} frames lie where it was not asked",
            f"{how}; or from a file: photdb refcat add FILE --catalog vsx",
        )
    note = f"{n_lacking} of {n_frame} frames lie, partly at least, where VSX was not asked whole: {how}"
    sql = statement("queries", "vsx_in_frames").rstrip().rstrip(";")
    chosen = f" WHERE ({where}\n)" if where else ""
    most = f" LIMIT {int(limit)}" if limit else ""
    order = " ORDER BY n_detected DESC, vsx_name"
    question = select(db, f"SELECT * FROM (\n{sql}\n){chosen}{order}{most}", asked)
    return Answer(db, question.sql, asked, name="known_variable"), note if n_lacking else None


def _date(night: str | None) -> date | None:
    """Return a night as a date."""
    try:
        return date.fromisoformat(night) if night else None
    except ValueError:
        raise UsageError(f"{night!r} is not a night", "write the date of its evening, as 2025-11-18") from None
