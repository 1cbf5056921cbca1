"""Moving targets whose path does not reach to the frames that came: said, with the command that mends it.

An ingest asks no network for paths by itself; without a word nobody would know that an asteroid was not measured.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from photdb.jobs.moving import places_in_frames
from photdb.store.database import Database

#: So many names are said one by one.
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A moving target that JPL Horizons was asked for once, and in how many of some frames its path says no place."""

    name: str
    designation: str
    n_frame: int


def uncovered_in_run(db: Database, run_id: int) -> tuple[list[Uncovered], int]:
    """Return the targets with a designation whose path does not cover all frames of a run, and how many these are."""
    rows = db.query("frames_of_run", run_id=run_id).rows
    known = [row for row in db.query("targets").dicts() if row["designation"] is not None]
    if not rows or not known:
        return [], len(rows)
    places = places_in_frames(db, [row[0] for row in rows], [row[1] for row in rows])
    covered = Counter(places["target_id"].to_pylist())
    lacking = [(row, len(rows) - covered[row["target_id"]]) for row in known]
    return [Uncovered(row["name"], row["designation"], n) for row, n in lacking if n > 0], len(rows)


def words(lacking: list[Uncovered], n_frame: int) -> str | None:
    """Return it in one line; None: nothing is lacking."""
    if not lacking:
        return None
    most = max(one.n_frame for one in lacking)
    named = ", ".join(one.name for one in lacking[:_NAMED])
    more = f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else ""
    first = lacking[0]
    frames = f"{most} of the {n_frame} new frame{'s' * (n_frame != 1)}"
    return (
        f"nothing says where {named}{more} {'is' if len(lacking) == 1 else 'are'} in {frames}, so nothing of it is "
        f'looked for there: `photdb target add "{first.name}" --horizons "{first.designation}"` asks JPL Horizons; '
        "then `photdb crossmatch` and `photdb forced`"
    )
