"""What happened to objects: events that are only ever added, and the aliases of ids that are out of use."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from photdb.jobs.crossmatch_grid import stars
from photdb.store.answer import Answer
from photdb.store.database import Database, statement


@dataclass(frozen=True, slots=True)
class Change:
    """What matching anew did to detections.

    Parameters
    ----------
    old, new : ndarray of int
        The object of each before and after; 0: none.
    stored : ndarray of bool
        Whether it was in the store before.
    born : set of int
        Objects that are new.
    vanished : dict
        Ids that no object has any more, and where they lead; 0: nowhere.
    reason : str
        Why; by default what each change alone tells.
    """

    old: NDArray[np.int64]
    new: NDArray[np.int64]
    stored: NDArray[np.bool_]
    born: set[int]
    vanished: dict[int, int]
    reason: str = ""


def record(db: Database, change: Change, *, run_id: int) -> None:
    """Write the events of a change, and the aliases of the ids that vanished; inside a transaction."""
    moved = change.stored & (change.old != change.new)
    counts = Counter(zip(change.old[moved].tolist(), change.new[moved].tolist(), strict=True))
    homes = _homes(change)
    events = [_event(old, new, n, change.born, homes) for (old, new), n in sorted(counts.items())]
    events = [event | {"reason": change.reason or event["reason"]} for event in events]
    if homes:
        _retire(db, homes, run_id=run_id)
    write_events(db, events, run_id=run_id)


def _homes(change: Change) -> dict[int, int]:
    """Return where vanished ids lead, the ids of new objects filled in."""
    homes = {}
    for old, home in change.vanished.items():
        if home < 0:
            to = Counter(change.new[(change.old == old) & (change.new > 0)].tolist())
            home = min(to, key=lambda k: (-to[k], k))
        homes[old] = home
    return homes


def _event(old: int, new: int, n: int, born: set[int], homes: dict[int, int]) -> dict[str, Any]:
    """Return one event: n detections went from one object to another."""
    if old in homes and new and homes[old] == new:
        what, reason = "merge", "its detections are of one star with the other's"
    elif old in homes and not homes[old]:
        what, reason = "withdraw", "its detections do not make an object any more"
        return {"event": what, "object_id": old, "other_id": None, "n_detections": n, "reason": reason}
    elif new in born and old:
        what, reason = "split", "two stars had one object"
    elif not old:
        what, reason = "reassign", "an object is there now"
    elif not new:
        what, reason = "reassign", "not of this object, and no object by itself"
    else:
        what, reason = "reassign", "nearer to the other object, of those that compete for it"
    return {"event": what, "object_id": new or None, "other_id": old or None, "n_detections": n, "reason": reason}


def write_events(db: Database, events: list[dict[str, Any]], *, run_id: int) -> None:
    """Append events."""
    if not events:
        return
    first, now = db.next_id("object_event", "event_id"), datetime.now(UTC).replace(tzinfo=None)
    table = pa.table(
        {
            "event_id": pa.array(range(first, first + len(events)), pa.int32()),
            "run_id": pa.array([run_id] * len(events), pa.int32()),
            "time": pa.array([now] * len(events), pa.timestamp("us")),
            "event": [e["event"] for e in events],
            "object_id": pa.array([e["object_id"] for e in events], pa.int64()),
            "other_id": pa.array([e["other_id"] for e in events], pa.int64()),
            "n_detections": pa.array([e["n_detections"] for e in events], pa.int32()),
            "reason": [e["reason"] for e in events],
        }
    )
    with db.table("given_events", table):
        db.job("commit_events")


def _retire(db: Database, homes: dict[int, int], *, run_id: int) -> None:
    """Take ids out of use: they lead where their detections are, and so do the aliases that led to them."""
    table = pa.table(
        {
            "old_id": pa.array(list(homes), pa.int64()),
            "object_id": pa.array([home or None for home in homes.values()], pa.int64()),
            "run_id": pa.array([run_id] * len(homes), pa.int32()),
        }
    )
    with db.table("given_aliases", table):
        db.job("commit_aliases_follow")
        db.job("commit_aliases")
    with db.table("given_stars", stars(homes)):
        db.job("commit_objects_gone")


def history(db: Database, object_id: int | None = None) -> Answer:
    """Return the events of one object and of all that became part of it, or all events; the oldest first."""
    return Answer(db, statement("queries", "object_events"), {"object_id": object_id}, "object_event")
