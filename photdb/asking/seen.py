"""What was seen of a place: the frames that cover it, why a star is missing from them, what is said of nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from photdb.asking.lightcurves import checked_sigma
from photdb.errors import NotFoundError, UsageError
from photdb.store.answer import Answer
from photdb.store.database import Database, statement

_NO_OBJECTS = ": the store has no objects"


def coverage(
    db: Database,
    ra: float,
    dec: float,
    *,
    object_id: int | None = None,
    target_id: int | None = None,
    sigma: float | None = None,
) -> Answer:
    """Return every frame that saw a place (deg) or may have seen it: detected or not, how faint, and why not.

    Parameters
    ----------
    db : Database
        The store.
    ra, dec : float
        deg, ICRS.
    object_id : int, optional
        The star at the place; without one, no frame detected it.
    target_id : int, optional
        The target at the place whose forced points count.
    sigma : float, optional
        As `photdb.query.light_curve` has it.

    Raises
    ------
    UsageError
        If the object or the target moves, or there are no limits of that sigma.
    """
    refuse_moving(db, object_id, target_id)
    parameters = {
        "ra": ra, "dec": dec, "object_id": object_id, "target_id": target_id, "sigma": checked_sigma(sigma),
    }  # fmt: skip
    return Answer(db, statement("queries", "coverage"), parameters, "lightcurve")


def refuse_moving(db: Database, object_id: int | None, target_id: int | None = None) -> None:
    """Refuse an object or target that has no one place: its limits would be those of where it was first seen.

    Raises
    ------
    UsageError
        If it moves.
    """
    kinds = [] if object_id is None else db.query("object_kind", object_id=object_id).rows
    if kinds and kinds[0][0] == "moving":
        raise UsageError(f"object {object_id} moves: it has no one place", "`photdb lightcurve` has its detections")
    for (name,) in [] if target_id is None else db.query("target_that_moves", target_id=target_id).rows:
        raise UsageError(
            f"target {name} moves: it has no one place",
            f'`photdb lightcurve "{name}"` has its points; `photdb forced` measures it where it was predicted',
        )


def frames_at(db: Database, ra: float, dec: float) -> list[date | None]:
    """Return the nights of the measured frames whose outline holds a position, one entry a frame."""
    return [row[0] for row in db.query("frames_at_nights", ra=ra, dec=dec).rows]


def nothing_there(db: Database, ra: float, dec: float, radius: float) -> NotFoundError:
    """Return the error for a place without an object: what is nearest, whether anybody looked, and how deep."""
    what = f"no object within {radius:.1f} arcsec of {ra:.5f} {dec:+.5f}"
    nearest = db.query("object_nearest", ra=ra, dec=dec).dicts()
    wider = ""
    if nearest:
        near = nearest[0]
        what += f"; the nearest is {near['name']}, {_distance(near['separation_arcsec'])} away"
        if near["separation_arcsec"] < 300:
            wider = f"; --radius {math.ceil(near['separation_arcsec'])} takes the nearest"
    else:
        what += _NO_OBJECTS
    seen = db.query("targets_seen", places=f'[{{"place": 1, "ra": {ra!r}, "dec": {dec!r}}}]').dicts()
    if not seen:
        return never_observed(db, what)
    n = seen[0]["n_frame"]
    return NotFoundError(
        f"{what}; it was observed and not detected: {seen_in_words(seen[0])} cover{'s' * (n == 1)} the place",
        f"it was too faint, or was not told from a neighbour: `photdb coverage {ra:.5f} {dec:.5f}` says in which "
        f"frame; `photdb target add NAME {ra:.5f} {dec:.5f}` and `photdb forced` measure its flux all the same{wider}",
    )


def never_observed(db: Database, what: str) -> NotFoundError:
    """Return the error for a place that no measured frame covers, with what the store knows and has not measured."""
    (row,) = db.query("files_unmeasured").dicts()
    if not row["n_ok"] and not row["n_unusable"] and not row["n_file"]:
        return NotFoundError(
            f"{what.removesuffix(_NO_OBJECTS)}: the store is empty", "`photdb ingest FOLDER` measures them"
        )
    said = []
    if row["n_unusable"]:
        said.append(f"{row['n_unusable']} frame{'s' * (row['n_unusable'] > 1)} failed or rejected")
    if row["n_file"]:
        said.append(
            f"{row['n_file']} known file{'s' * (row['n_file'] > 1)} without a frame (an ingest that did not finish?)"
        )
    if not said:
        return NotFoundError(f"{what}; no frame covers the place", "`photdb frames` lists the frames")
    return NotFoundError(
        f"{what}; no frame covers the place; {' and '.join(said)}",
        "`photdb frames --state failed` says why; `photdb ingest --retry FOLDER` tries again",
    )


def seen_in_words(row: Mapping[str, Any]) -> str:
    """Return how many frames saw a place, when, and how faint they reach."""
    n = "1 frame" if row["n_frame"] == 1 else f"{row['n_frame']} frames"
    first, last = row["first_night"], row["last_night"]
    when = "" if first is None else f" of {first}" if first == last else f" of {first} to {last}"
    depths = row["limits"] or []
    if not depths:
        return f"{n}{when} (not yet calibrated: no limits)"
    words = (
        f"{d['band'] or 'no band'} {d['lo']:.1f}" + (f" to {d['hi']:.1f}" if d["hi"] - d["lo"] >= 0.1 else "")
        for d in depths
    )
    return f"{n}{when} (limits: {', '.join(words)} mag)"


def _distance(arcsec: float) -> str:
    """Return an angle as people say it."""
    if arcsec < 120:
        return f"{arcsec:.1f} arcsec"
    return f"{arcsec / 60:.1f} arcmin" if arcsec < 7200 else f"{arcsec / 3600:.1f} deg"


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
