"""Calibrations as versions: how good one is, which one frames use, how two differ.

A calibration is judged by stars that its fit never used (`is_held`, one in ten, the same ones in every run): how well
their magnitudes repeat from frame to frame, and how well they agree with the catalogue. Using another calibration moves
a pointer (table ``frame_calibration``); zero points and detections stay as they are. docs/guides/recalibrate.md shows
the commands.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from photdb.errors import CalibrationError, NotFoundError
from photdb.jobs import zeropoint_colour
from photdb.sky import chord
from photdb.store.answer import Answer
from photdb.store.database import Database, statement

#: Measurements of held-back stars below which no calibration is called worse than another.
LEAST_POINTS = 30

#: A repeatability is worse beyond this factor and so many mag more; a scatter to the catalogue likewise.
WORSE_REPEATABILITY = (1.05, 0.0002)
WORSE_SCATTER = (1.2, 0.001)

#: ... and only where the stars agree on it: their mean change, in its own errors.
SURE = 2.0

_QUALITY = (
    "detector", "band", "is_held", "n_frame", "n_star", "n_point", "repeatability", "ref_offset", "ref_scatter",
)  # fmt: skip
_CELL_RADII = 16.0  # edge of the cells of the match in match radii, as `zeropoint_select` has it
_QUARTER_MOTION = 0.25  # arcsec: what a star of 1 arcsec/yr moves in a quarter of a year

Ids = list[int] | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A calibration against what its frames use now, on the same stars and frames of one detector and band.

    Attributes
    ----------
    detector, band
        The system.
    n_point, n_star
        Measurements that were compared, and of how many stars.
    is_held
        Whether neither fit has used the stars.
    repeatability, ref_scatter
        mag; of the new one and of the one in use; None: it could not be measured.
    n_lost
        Frames that have a zero point now and would have none.
    n_untied
        Frames that are tied to a catalogue now and would be relative.
    sure
        Whether the stars agree that it repeats, and scatters, differently: a few stars differ by chance.
    """

    detector: str | None
    band: str | None
    n_point: int
    n_star: int
    is_held: bool
    repeatability: tuple[float | None, float | None]
    ref_scatter: tuple[float | None, float | None]
    n_lost: int = 0
    n_untied: int = 0
    sure: tuple[bool, bool] = (True, True)

    @property
    def is_worse(self) -> bool:
        """Whether the new one is worse by more than the tolerance."""
        return bool(self.n_lost or self.n_untied or self._repeats_worse or self._scatters_worse)

    @property
    def _repeats_worse(self) -> bool:
        return self.sure[0] and _exceeds(self.repeatability, WORSE_REPEATABILITY)

    @property
    def _scatters_worse(self) -> bool:
        return self.sure[1] and _exceeds(self.ref_scatter, WORSE_SCATTER)

    def line(self) -> str:
        """Return both figures in words."""
        parts = []
        if self.repeatability[0] is not None and self.repeatability[1] is not None:
            parts.append(f"repeatability {_mmag(*self.repeatability)}")
        if self.ref_scatter[0] is not None and self.ref_scatter[1] is not None:
            parts.append(f"scatter to the catalogue {_mmag(*self.ref_scatter)}")
        kind = "held-back stars" if self.is_held else "stars (too few to keep any back)"
        said = [f"{', '.join(parts)} now, on {self.n_point} measurements of {self.n_star} {kind}"] if parts else []
        if self.n_lost:
            said.append(f"{_frames(self.n_lost)} would lose the zero point")
        if self.n_untied:
            said.append(f"{_frames(self.n_untied)} would be relative only, tied to no catalogue")
        return (
            f"{self.band or 'no band'}, {self.detector or 'no detector'}: {'; '.join(said) or 'nothing to compare by'}"
        )


@dataclass(frozen=True, slots=True)
class Activated:
    """What an activation did: frames pointed at the calibration, and how it compares with what they used before."""

    cal_id: int
    n_frame: int
    verdicts: tuple[Verdict, ...] = ()

    def line(self) -> str:
        """Return what was done in words."""
        if not self.n_frame:
            return f"calibration {self.cal_id}: its frames use it already"
        return f"calibration {self.cal_id}: {_frames(self.n_frame)} more use{'s' * (self.n_frame == 1)} it now"


@dataclass(frozen=True, slots=True)
class _Use:
    """Frames of a calibration: all, those that point nowhere, and elsewhere; the one other that all of them use."""

    n: int
    n_nowhere: int
    n_elsewhere: int
    only: int | None

    @classmethod
    def read(cls, db: Database, cal_id: int, ids: Ids) -> _Use:
        """Ask the store."""
        rows = db.job("version_pointed", cal_id=cal_id, frame_ids=ids).rows
        counts = {used: int(n) for used, n, _ in rows}
        others = [used for used in counts if used not in (None, cal_id)]
        whole = len(counts) == 1 and len(others) == 1 and not rows[0][2]
        return cls(
            sum(counts.values()), counts.get(None, 0), sum(counts[c] for c in others), others[0] if whole else None
        )


@dataclass(frozen=True, slots=True)
class Dropped:
    """A calibration that is no more: its number, and the zero points that went with it."""

    cal_id: int
    n_zeropoint: int


def listing(db: Database) -> Answer:
    """Return one row a calibration, with how many frames use it and how well it repeats."""
    return Answer(db, statement("queries", "zeropoint_calibrations"), name="calibration")


def frame_zero_points(db: Database, *, cal_id: int | None = None) -> Answer:
    """Return one row a frame: its zero point in use, or in one calibration.

    Raises
    ------
    NotFoundError
        If there is no such calibration.
    """
    if cal_id is not None:
        db.refuse_unknown_calibration(cal_id)
    return Answer(db, statement("queries", "zeropoint_frames"), {"cal_id": cal_id}, name="zeropoint")


def measure_quality(db: Database, cal_id: int) -> list[dict[str, Any]]:
    """Measure how well a calibration repeats and fits its catalogue; write and return a row a detector and band.

    Uses the temporary tables of `zeropoint_select`, so nothing may be under way in them.

    Parameters
    ----------
    db : Database
        Open for writing.
    cal_id : int
        The calibration; rows of it in ``calibration_quality`` are replaced.

    Raises
    ------
    NotFoundError
        If there is no such calibration.
    """
    db.refuse_unknown_calibration(cal_id)
    found = [{"cal_id": cal_id, **{k: row[k] for k in _QUALITY}} for row in _judge(db, cal_id)]
    with db.transaction():
        db.execute("DELETE FROM calibration_quality WHERE cal_id = $cal_id", cal_id=cal_id)
        db.insert("calibration_quality", found)
    return found


def against_use(db: Database, cal_id: int, *, frame_ids: Iterable[int] | None = None) -> list[Verdict]:
    """Return how a calibration compares with what its frames use now, by detector and band; unchanged frames apart.

    What was measured when both were made is taken where it is of the same frames and stars and finds the new one not
    worse; else both are measured on the same ones.
    """
    ids = _ids(frame_ids)
    return _against(db, cal_id, _Use.read(db, cal_id, ids), ids)


def _against(db: Database, cal_id: int, use: _Use, ids: Ids) -> list[Verdict]:
    """Return the verdicts on what is known of the frames' use."""
    if not use.n_elsewhere:
        return []
    changing = db.job("version_in_use", cal_id=cal_id, frame_ids=ids).dicts()
    nothing_lost = not any(row["n_lost"] or row["n_untied"] for row in changing)
    quick = _from_stored(db, cal_id, use.only) if use.only is not None and ids is None and nothing_lost else []
    if quick and not any(v.is_worse for v in quick):
        return quick
    judged = _by_system(_judge(db, cal_id, second=0, frame_ids=_changing(db, cal_id, ids)))
    return [_verdict(_system(row), judged.get(_system(row)), row["n_lost"], row["n_untied"]) for row in changing]


def activate(
    db: Database,
    cal_id: int,
    *,
    run_id: int | None = None,
    frame_ids: Iterable[int] | None = None,
    force: bool = False,
) -> Activated:
    """Let frames use a calibration: one update of ``frame_calibration``, and a row in ``activation``.

    Frames that point nowhere are always pointed at it, also where the others are refused.

    Parameters
    ----------
    db : Database
        Open for writing.
    cal_id : int
        The calibration.
    run_id : int, optional
        The run that does it; by default one of its own.
    frame_ids : iterable of int, optional
        Only these of its frames.
    force : bool, default=False
        Also where it is worse than what the frames use now.

    Raises
    ------
    NotFoundError
        If there is no such calibration, or it has none of the frames.
    CalibrationError
        If it is worse on the held-back stars; the message has both figures.
    """
    db.refuse_unknown_calibration(cal_id)
    ids = _ids(frame_ids)
    use = _Use.read(db, cal_id, ids)
    if not use.n:
        which = "frame" if ids is None else f"of the {len(ids)} frames"
        raise NotFoundError(
            f"calibration {cal_id} has none {which}", f"`photdb zeropoint list --cal {cal_id}` lists its frames"
        )
    if run_id is None:
        with db.run("zeropoint activate", {"cal_id": cal_id, "frame_ids": ids or "all", "force": force}) as own:
            return activate(db, cal_id, run_id=own, frame_ids=ids, force=force)
    verdicts = () if force else tuple(_against(db, cal_id, use, ids))
    worse = [v for v in verdicts if v.is_worse]
    done = Activated(cal_id, use.n_nowhere + (0 if worse else use.n_elsewhere), verdicts)
    if done.n_frame:
        _point(db, done, run_id, ids, new=use.n_nowhere > 0, old=use.n_elsewhere > 0 and not worse)
    if worse:
        pointed = f"; {_frames(use.n_nowhere)} without a calibration use it now" if use.n_nowhere else ""
        raise CalibrationError(
            f"calibration {cal_id} is worse than what {_frames(use.n_elsewhere)} use now: "
            f"{'; '.join(v.line() for v in worse)}{pointed}",
            f"to use it all the same: photdb zeropoint activate {cal_id} --force",
        )
    return done


def compare(db: Database, first: int, second: int) -> Answer:
    """Return how two calibrations differ: one row a detector and band that both have.

    Differences are the second minus the first, over the frames that both calibrate; both are judged by the same
    measurements in these frames, of stars that the second (else the first) kept back. The scatter to the catalogue is
    said where both took the same reference magnitudes.

    Raises
    ------
    NotFoundError
        If there is no such calibration, or they have no frame in common.
    """
    _refuse_nothing_common(db, first, second)
    by_first = not _held_back(db, second) and bool(_held_back(db, first))
    judge, other = (first, second) if by_first else (second, first)
    _judge(db, judge, second=other)
    parameters = {"first": first, "second": second, "judge": judge}
    return Answer(db, statement("jobs", "version_compare"), parameters, name="comparison")


def compare_frames(db: Database, first: int, second: int) -> Answer:
    """Return how two calibrations differ frame by frame, the second minus the first.

    Raises
    ------
    NotFoundError
        If there is no such calibration, or they have no frame in common.
    """
    _refuse_nothing_common(db, first, second)
    return Answer(
        db, statement("queries", "zeropoint_compare_frames"), {"first": first, "second": second}, name="comparison"
    )


def drop(db: Database, cal_id: int) -> Dropped:
    """Take a calibration away for good, with its zero points; its run stays, and its number is never used again.

    Raises
    ------
    NotFoundError
        If there is no such calibration.
    CalibrationError
        If frames use it.
    """
    db.refuse_unknown_calibration(cal_id)
    used = int(db.one("SELECT count(*) FROM frame_calibration WHERE cal_id = $cal_id", cal_id=cal_id))
    if used:
        raise CalibrationError(f"calibration {cal_id} is used by {_frames(used)}", _instead(db, cal_id, used))
    n = int(db.one("SELECT count(*) FROM zeropoint WHERE cal_id = $cal_id", cal_id=cal_id))
    with db.run("zeropoint drop", {"cal_id": cal_id}), db.transaction():
        db.retire_id("calibration", "cal_id", cal_id)
        for table in ("zeropoint", "calibration_quality", "activation", "calibration"):
            db.execute(statement("jobs", f"version_drop_{table}"), cal_id=cal_id)
    return Dropped(cal_id, n)


def _instead(db: Database, cal_id: int, used: int) -> str:
    """Return what to do so that no frame uses a calibration any more."""
    others = db.job("version_instead", cal_id=cal_id).rows
    if not others:
        return "no other calibration has them; make one first: photdb zeropoint"
    other, n = others[0]
    has = "" if n == used else f" (it has {n} of them)"
    return f"let them use another first: photdb zeropoint activate {other}{has}"


def _refuse_nothing_common(db: Database, first: int, second: int) -> None:
    """Raise when one calibration is not there, or the two share no frame that both give a zero point."""
    for cal_id in (first, second):
        db.refuse_unknown_calibration(cal_id)
    if not db.query("zeropoint_common", first=first, second=second).rows[0][0]:
        raise NotFoundError(
            f"calibrations {first} and {second} have no calibrated frame in common",
            f"`photdb zeropoint list --cal {first}` lists the frames of one",
        )


# --- judging ---


def _judge(db: Database, cal_id: int, *, second: int | None = None, frame_ids: Ids = None) -> list[dict[str, Any]]:
    """Measure one calibration, or two on the same frames and stars; a row for each (arm 1, 2), detector and band.

    ``second`` is another calibration, 0 for what each frame uses now.
    """
    held = _held_back(db, cal_id)
    db.job(
        "version_frame", cal_id=cal_id, frame_ids=frame_ids, detectors=[d for d, _ in held], bands=[b for _, b in held]
    )
    db.job("version_zero", first=cal_id, second=second)
    _stars(db)
    db.job("version_point")
    db.job("version_off")
    db.job("version_judge")
    return db.rows("SELECT * FROM version_judged ORDER BY arm, detector, band").dicts()


def _stars(db: Database) -> None:
    """Fill version_star, version_mag and version_colour for the frames of version_zero."""
    frames, catalogs, bands, indices = db.job("version_needs").rows[0]
    db.job("zeropoint_frames", frame_ids=frames or [], calibrate_as=None)
    db.job("zeropoint_objects")
    db.job("zeropoint_stars", catalogs=catalogs or [])
    db.job("zeropoint_wanted", colour_bands=sorted({*bands, *(b for i in indices for b in i.split("-"))}))
    zeropoint_colour.magnitudes(db)
    db.job("version_ref", ref_bands=bands)
    reach = float(db.one("SELECT coalesce(max(reach_arcsec), 2.0) FROM zp_object"))
    cell = float(chord(_CELL_RADII * (reach + _QUARTER_MOTION)))
    db.job("zeropoint_match", cell=cell, n=int(2.0 / cell) + 8, pad=float(chord(_QUARTER_MOTION)))
    db.job("version_star")
    db.job("version_mag")
    db.job("version_colour", indices=indices)


def _held_back(db: Database, cal_id: int) -> list[tuple[str | None, str | None]]:
    """Return detector and band of the systems of which a calibration kept stars back."""
    kept = json.loads(db.one("SELECT settings FROM calibration WHERE cal_id = $cal_id", cal_id=cal_id))
    return [(detector, band) for detector, band in kept.get("held_back", [])]


def _changing(db: Database, cal_id: int, ids: Ids) -> list[int]:
    """Return the frames that an activation would change."""
    return [int(r[0]) for r in db.job("version_changing", cal_id=cal_id, frame_ids=ids).rows]


def _from_stored(db: Database, cal_id: int, used: int) -> list[Verdict]:
    """Return the verdicts of what was measured when both were made; none where frames or stars were not the same."""
    rows = db.job("version_stored", first=cal_id, second=used).dicts()
    new, old = ({_system(r): r for r in rows if r["cal_id"] == c} for c in (cal_id, used))
    alike = ("is_held", "n_frame", "n_star", "n_point")
    if new.keys() != old.keys() or any(new[s][k] != old[s][k] for s in new for k in alike):
        return []
    refs = db.job("version_refs", first=cal_id, second=used).rows
    same = {r[1:] for r in refs if r[0] == cal_id} == {r[1:] for r in refs if r[0] == used}
    found = []
    for system, row in new.items():
        counts = {"n_repeated": row["n_point"], "n_ref": row["n_point"] if same else 0}
        found.append(_verdict(system, ({**row, **counts}, {**old[system], **counts})))
    return found


def _verdict(
    system: tuple[Any, Any], pair: tuple[dict[str, Any], dict[str, Any]] | None, n_lost: int = 0, n_untied: int = 0
) -> Verdict:
    """Return two measurements of one detector and band side by side; a figure from too few points is none."""
    nothing = (None, None)
    if pair is None:
        return Verdict(*system, 0, 0, False, nothing, nothing, n_lost, n_untied)
    new, old = pair
    repeat, scatter = (
        (new[key], old[key]) if min(new[n], old[n]) >= LEAST_POINTS else nothing
        for key, n in (("repeatability", "n_repeated"), ("ref_scatter", "n_ref"))
    )
    t_repeat, t_ref = new.get("t_repeat"), new.get("t_ref")
    sure = (t_repeat is None or t_repeat > SURE, t_ref is None or t_ref > SURE)
    return Verdict(*system, new["n_point"], new["n_star"], new["is_held"], repeat, scatter, n_lost, n_untied, sure)


def _by_system(rows: Sequence[dict[str, Any]]) -> dict[tuple[Any, Any], tuple[dict[str, Any], dict[str, Any]]]:
    """Return the rows of both arms by detector and band, where both are there."""
    first, second = ({_system(r): r for r in rows if r["arm"] == arm} for arm in (1, 2))
    return {key: (first[key], second[key]) for key in first if key in second}


def _system(row: dict[str, Any]) -> tuple[Any, Any]:
    """Return detector and band."""
    return row["detector"], row["band"]


def _exceeds(pair: tuple[float | None, float | None], tolerance: tuple[float, float]) -> bool:
    """Whether the new figure is above the old one by more than a factor and an amount."""
    new, old = pair
    return new is not None and old is not None and new > tolerance[0] * old + tolerance[1]


# --- pointing ---


def _point(db: Database, done: Activated, run_id: int, ids: Ids, *, new: bool, old: bool) -> None:
    """Move the pointers, and write that it was done, in one transaction."""
    with db.transaction():
        if old:
            db.job("version_point_old", cal_id=done.cal_id, frame_ids=ids)
        if new:
            db.job("version_point_new", cal_id=done.cal_id, frame_ids=ids)
        now = datetime.now(UTC).replace(tzinfo=None)
        row = {"cal_id": done.cal_id, "run_id": run_id, "activated": now, "n_frame": done.n_frame}
        db.insert("activation", [row])


def _ids(frame_ids: Iterable[int] | None) -> Ids:
    """Return frames as SQL takes them."""
    return None if frame_ids is None else sorted({int(i) for i in frame_ids})


def _frames(n: int) -> str:
    """Return a number of frames in words."""
    return f"{n} frame{'' if n == 1 else 's'}"


def _mmag(new: float | None, old: float | None) -> str:
    """Return two figures in mmag."""
    assert new is not None
    assert old is not None
    return f"{1e3 * new:.2f} mmag against {1e3 * old:.2f}"
