"""What was seen of a place: the frames that cover it, why a star is missing from them, what is said of nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from photdb.asking.lightcurves import checked_sigma
from photdb.asking.moving import COLUMNS, moving_target, path_in
from photdb.errors import NotFoundError
from photdb.store.answer import Answer
from photdb.store.database import Database, statement

_NO_OBJECTS = ": the store has no objects"
#: A number that no object has.
NO_STAR = -1


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

    Of what moves, each frame is asked of its own place: where the path or the positions of the target have it then; two
    columns more, ``predicted_ra`` and ``predicted_dec``.

    Parameters
    ----------
    db : Database
        The store.
    ra, dec : float
        deg, ICRS; of what moves they say nothing.
    object_id : int, optional
        The star at the place; without one, no frame detected it.
    target_id : int, optional
        The target at the place whose forced points count.
    sigma : float, optional
        As `photdb.query.light_curve` has it.

    Raises
    ------
    NotFoundError
        If it moves, and no frame was taken when something says where it was.
    UsageError
        If there are no limits of that sigma.
    """
    whole: dict[str, Any] = {"object_id": object_id, "target_id": target_id, "sigma": checked_sigma(sigma)}
    mover = moving_of(db, object_id, target_id)
    if mover is None:
        return Answer(db, statement("queries", "coverage"), whole | {"ra": ra, "dec": dec}, "lightcurve")
    whole |= {"target_id": mover.target_id, "path": json.dumps(known_path(db, mover))}
    meanings = {name: COLUMNS[name] for name in ("predicted_ra", "predicted_dec")}
    return Answer(db, statement("queries", "coverage_moving"), whole, "lightcurve", meanings=meanings)


@dataclass(frozen=True, slots=True)
class Mover:
    """Something that moves: what it is called, and the target that says where it is (None: nothing does)."""

    name: str
    target_id: int | None


def moving_of(db: Database, object_id: int | None, target_id: int | None = None) -> Mover | None:
    """Return what moves of an object or a target; None: it stands still."""
    target = None if object_id is None and target_id is None else moving_target(db, object_id or NO_STAR, target_id)
    if target is not None:
        return Mover(target["name"], target["target_id"])
    kinds = [] if object_id is None else db.query("object_kind", object_id=object_id).rows
    return Mover(f"object {object_id}", None) if kinds and kinds[0][0] == "moving" else None


def known_path(db: Database, mover: Mover) -> list[dict[str, Any]]:
    """Return where a moving target was in each frame whose date its path or its positions cover: frame_id, ra, dec.

    Raises
    ------
    NotFoundError
        If there is no such frame.
    """
    if mover.target_id is None:
        raise NotFoundError(
            f"{mover.name} moves, and no target says where it was",
            "`photdb target add NAME --horizons DESIGNATION` or --ephemeris FILE does; `photdb lightcurve` has its "
            "points",
        )
    frames = dict(db.query("frames_timed").rows)
    path = path_in(db, mover.target_id, frames)
    if not path:
        raise NotFoundError(
            f"{mover.name} moves, and nothing says where it was when the {len(frames)} frames of the store were taken",
            "`photdb target list` has the dates of its path; `photdb target add` with --horizons, --ephemeris or "
            "--positions adds to it",
        )
    return path


def unplaced(answer: Answer) -> str:
    """Return, for the coverage of what moves, of how many frames nothing says where it was then; empty: of none."""
    n = len(answer.database.query("frames_timed").rows) - len(json.loads(answer.parameters["path"]))
    return f"; of {n} frames of the store its path says no place" if n else ""


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
