"""Targets that mean the same: one body or one place under two names.

A detection is of one target: of two with the path of one body one has it, and the other has forced points alone. Two
names of one place share the star there, and its flux is forced for each. Neither is refused, since the one may have an
ellipse that the other has not; what follows is said.
"""

from __future__ import annotations

from typing import Any

from photdb.catalogs.bodies import body_of, is_body
from photdb.jobs.target import named
from photdb.store.database import Database

#: arcsec; places nearer than this are one.
SAME_ARCSEC = 1.0


def meant_twice(db: Database, name: str) -> str | None:
    """Return which other target is the same body or the same place, and what follows from it; None: there is none.

    Parameters
    ----------
    db : Database
        The store.
    name : str
        Of a target.
    """
    rows = db.query("targets").dicts()
    there = named(db, name)
    mine = next((row for row in rows if there is not None and row["target_id"] == there["target_id"]), None)
    if mine is None:
        return None
    # a target beside a path claims no detection of the body
    others = [row for row in rows if row["target_id"] != mine["target_id"] and _beside(row) == _beside(mine)]
    if mine["kind"] == "moving":
        body = _body(mine)
        same = [row for row in others if row["kind"] == "moving" and body is not None and _body(row) == body]
        follows = (
            "detections are given to one of them alone, the other has forced points; one name is enough: photdb target "
            "remove NAME"
        )
    else:
        near = db.query("targets_same_place", target_id=mine["target_id"], radius=SAME_ARCSEC).rows
        same = [row for row in others if (row["target_id"],) in near]
        follows = "they share the star there, and its flux is forced for each"
    if not same:
        return None
    what = "the same body" if mine["kind"] == "moving" else "the same place"
    return f"{mine['name']} and {', '.join(row['name'] for row in same)} are {what}: {follows}"


def _beside(row: dict[str, Any]) -> tuple[float, float]:
    """Return how far from its position or path a target is measured, arcsec."""
    return row["offset_ra"] or 0.0, row["offset_dec"] or 0.0


def _body(row: dict[str, Any]) -> str | None:
    """Return the body that a moving target is, as Horizons is asked for it; None: its name is no body's."""
    known = row["designation"] or (row["name"] if is_body(row["name"]) else None)
    return None if known is None else body_of(known).command
