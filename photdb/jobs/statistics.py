"""The job ``statistics``: moments of every object in every band, kept up to date by adding only what is new.

``object_band`` holds sums about a fixed number near each object's flux (its anchor), so that new nights are added and
no digits are lost. What cannot be added to is counted anew, object by object: frames with another zero point, frames
measured again or withdrawn, detections associated anew. The result is that of counting everything (a property test).

Which frames are in the sums, and with which zero point, stands in ``statistics_frame``; a question never
brings statistics up to date in the store: one that finds them out of date counts for itself (`counted`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from photdb.store.database import Database

log = logging.getLogger(__name__)

#: When more than this part of all frames changed, everything is counted anew.
_MOST = 0.5


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update of the statistics did.

    Parameters
    ----------
    n_frame : int
        Frames that are now in the statistics.
    n_new, n_changed, n_gone : int
        Frames that were not before; that have another zero point or were measured again; that are no longer there.
    n_object : int
        Objects counted anew from all their points.
    whole : bool
        Everything was counted anew.
    """

    n_frame: int
    n_new: int
    n_changed: int
    n_gone: int
    n_object: int
    whole: bool

    def line(self) -> str:
        """Say it in a few words."""
        parts = [f"{self.n_frame} frames"]
        parts += [
            f"{n} {what}" for n, what in ((self.n_new, "new"), (self.n_changed, "changed"), (self.n_gone, "gone")) if n
        ]
        parts.append(
            f"{self.n_object} objects counted {'' if self.whole else 'a'}new" if not self.whole else "all counted"
        )
        return "statistics: " + ", ".join(parts)


def update_statistics(db: Database, *, everything: bool = False) -> Updated:
    """Bring ``object_band`` up to date with the detections and the zero points in use.

    Points of new nights are added to the sums. Objects are counted anew from all their points where a frame changed
    its zero point, was measured again, went, or came to a night that was counted, and where the object's detections
    are no longer those that were counted (the stamp of each object tells, one pass over two columns).

    Parameters
    ----------
    db : Database
        Open for writing.
    everything : bool, default=False
        Count everything anew, the sums about anchors chosen anew too.
    """
    note_frames(db)
    db.job("statistics_news")
    news = {str(what): int(n) for what, n in db.rows("SELECT what, count(*) FROM stat_news GROUP BY what").rows}
    n_frame = int(db.one("SELECT count(*) FROM stat_frame"))
    n_known = int(db.one("SELECT count(*) FROM statistics_frame"))
    altered = sum(n for what, n in news.items() if what != "new")
    whole = everything or not n_known or altered > _MOST * max(n_frame, 1)
    n_object = _all(db, keep=not everything) if whole else _some(db, adds=bool(news.get("new")))
    return Updated(
        n_frame, news.get("new", 0) + news.get("more", 0), news.get("changed", 0), news.get("gone", 0), n_object, whole
    )


def n_stale(db: Database) -> int:
    """Return how many frames' zero points the stored statistics do not have, or have of another calibration."""
    note_frames(db)
    db.job("statistics_news")
    return int(db.one("SELECT count(*) FROM stat_news"))


@contextmanager
def counted(db: Database, *, frame_ids: Sequence[int] | None = None) -> Iterator[None]:
    """Have the moments in a temporary table ``stat_band``: the stored ones, or counted here and now.

    They are counted where the stored ones are not those of the zero points that this connection sees, and where only
    some frames are asked for. The store may be open for reading.
    """
    note_frames(db)
    db.job("statistics_news")
    stale = bool(db.one("SELECT count(*) FROM stat_news"))
    if frame_ids is not None:
        db.job("statistics_only_frames", frame_ids=list(frame_ids))
    if stale or frame_ids is not None:
        db.job("statistics_from_all")
        _count(db, keep=False)
        db.job("statistics_band_fresh")
    else:
        db.job("statistics_band_stored")
    yield


def note_frames(db: Database) -> None:
    """Note the frames with a zero point, and their scales."""
    db.job("statistics_frames")
    db.job("statistics_series")


def _count(db: Database, *, keep: bool) -> None:
    """Count the points of stat_detection into stat_fresh."""
    calibrate_points(db)
    db.job("statistics_anchor_old", keep=keep)
    db.job("statistics_anchor_new")
    db.job("statistics_moments")
    db.job("statistics_nights")
    db.job("statistics_fresh")


def calibrate_points(db: Database) -> None:
    """Let the points be those of stat_detection; only where zero points depend on the place is the place read."""
    varies = db.one("SELECT bool_or(varies) FROM stat_frame")
    db.job("statistics_scaled_placed" if varies else "statistics_scaled")
    db.job("statistics_points")


def _all(db: Database, *, keep: bool) -> int:
    """Count everything; return the number of objects."""
    db.job("statistics_from_all")
    _count(db, keep=keep)
    with db.transaction():
        db.job("statistics_drop_all")
        db.job("statistics_write")
        _remember(db)
    return int(db.one("SELECT count(DISTINCT object_id) FROM stat_fresh"))


def _some(db: Database, *, adds: bool) -> int:
    """Add what is new, count anew what changed; return the number of objects counted anew."""
    db.job("statistics_touched")
    n_object = int(db.one("SELECT count(*) FROM stat_touched"))
    with db.transaction():
        if adds:
            db.job("statistics_new")
            db.job("statistics_from_new")
            _count(db, keep=True)
            db.job("statistics_add")
            db.job("statistics_drop_added")
            db.job("statistics_write")
        if n_object:
            db.job("statistics_from_touched")
            _count(db, keep=True)
            db.job("statistics_drop_touched")
            db.job("statistics_write")
        _remember(db)
    return n_object


def _remember(db: Database) -> None:
    """Note which frames are in the statistics."""
    db.job("statistics_forget_frames")
    db.job("statistics_remember_frames")


def refresh_statistics(db: Database) -> None:
    """Bring the statistics up to date after an ingest, which never fails for it: they can be counted at any time."""
    try:
        update_statistics(db)
    except Exception as error:  # whatever it is, the night is measured, committed and calibrated
        log.warning("the statistics were not brought up to date (photdb statistics does it): %s", error)
