"""The period of one star: its points from the store, the search, and the answer in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from photdb.errors import InputError, NotFoundError, UsageError
from photdb.jobs import statistics
from photdb.jobs.statistics_points import curves_of
from photdb.photometry import periods
from photdb.photometry.periods import Data, Peak, Periodogram

if TYPE_CHECKING:
    from photdb.store.database import Database

#: Fewer points than this have no period.
FEWEST = 10

METHODS = ("ls", "bls")

#: A difference of ln(likelihood) that decides nothing.
_UNDECIDED = 5.0


@dataclass(frozen=True, slots=True)
class Searched:
    """A search for periods, and what was searched.

    Parameters
    ----------
    periodogram : Periodogram
        Times of its epochs are BJD_TDB less `zero`, or MJD less `zero` where ``time`` says so.
    data : Data
        The points; passbands are named with their system of magnitudes where there are several.
    zero : float
        d; what was taken from all times.
    time : str
        ``BJD_TDB``, ``MJD (UTC)`` or ``MJD (UTC) at the target``.
    n_left_out : int
        Points that do not count for their flags.
    """

    periodogram: Periodogram
    data: Data
    zero: float
    time: str
    n_left_out: int


def search(
    db: Database,
    object_id: int,
    *,
    band: str | None = None,
    method: str = "ls",
    shortest: float | None = None,
    longest: float | None = None,
    terms: int = 1,
    most: int = 5,
    reduced: bool = False,
) -> Searched:
    """Search an object's points for periods.

    Parameters
    ----------
    db : Database
        The store; the points are calibrated with the zero points it sees.
    object_id : int
        Of the object.
    band : str, optional
        One passband only; else all of them together.
    method : str, default="ls"
        ``ls`` or ``bls``.
    shortest, longest : float, optional
        d; `photdb.photometry.periods.default_range`.
    terms : int, default=1
        Sines of the Lomb-Scargle model.
    most : int, default=5
        Peaks.
    reduced : bool, default=False
        Of a moving target: fluxes as from 1 au of Sun and observer, at the times when the light left it.

    Raises
    ------
    UsageError
        If there is no such method, or the range of periods is none or too wide.
    NotFoundError
        If there are too few points that count.
    InputError
        If the times or fluxes of the points cannot have a period.
    """
    if method not in METHODS:
        raise UsageError(f"no method {method!r}", f"there are {', '.join(METHODS)}")
    data, time, n_left_out = points(db, object_id, band=band, reduced=reduced)
    zero = float(np.floor(data.time.min()))
    moved = Data(data.time - zero, data.flux, data.err, data.band)
    low, high = periods.default_range(moved.time)
    low, high = shortest if shortest is not None else low, longest if longest is not None else high
    _refuse_range(low, high, float(np.ptp(moved.time)))
    try:
        if method == "bls":
            found = periods.box_least_squares(moved, low, high, most=most)
        else:
            found = periods.lomb_scargle(moved, low, high, terms=terms, most=most)
    except ValueError as error:  # LinAlgError is one
        if not str(error).lstrip("-").isdigit():
            raise UsageError(
                f"{len(moved.time)} points are too few, or their times too regular, for {terms} sines of each period",
                "fewer --terms, or longer periods: --min",
            ) from error
        raise UsageError(
            f"periods from {low:g} to {high:g} d in {np.ptp(moved.time):.1f} d of points are {error} to try, too many",
            "look for longer ones: --min",
        ) from error
    if not found.peaks:
        raise InputError("no peak in this range of periods", "widen it with --min and --max")
    return Searched(found, moved, zero, time, n_left_out)


def points(db: Database, object_id: int, *, band: str | None = None, reduced: bool = False) -> tuple[Data, str, int]:
    """Return the points of an object that count, their time scale, and how many do not count.

    Of a moving target, points too far from its path do not count.

    Raises
    ------
    NotFoundError
        If there are fewer than `FEWEST`; or the distances of a target are not known, by which it is to be reduced.
    UsageError
        If an object is to be reduced that does not move.
    """
    statistics.note_frames(db)
    curves = curves_of(db, np.array([object_id]))
    moving = _moving(db, object_id, reduced=reduced)
    times = {int(f): t for f, t in db.job("statistics_bjd", object_id=object_id).rows}
    times |= {f: m.time for f, m in moving.items()}
    runs = [k for k in range(len(curves)) if band is None or curves.keys[int(curves.series[k])][0] == band]
    parts = [slice(curves.start[k], curves.start[k + 1]) for k in runs]
    n = sum(p.stop - p.start for p in parts)
    if n < FEWEST:
        where = f" in band {band}" if band else ""
        there = ", ".join(
            f"{curves.n[k]} in {curves.keys[int(curves.series[k])][0] or 'no band'}" for k in range(len(curves))
        )
        raise NotFoundError(
            f"{n} calibrated points without bad flags{where}: too few for a period ({FEWEST})",
            f"there are {there}" if there else "`photdb lightcurve` shows what there is",
        )
    labels = _labels([curves.keys[int(curves.series[k])] for k in runs])
    frame = np.concatenate([curves.frame[p] for p in parts])
    known = all(times.get(int(f)) is not None for f in frame)
    mjd = np.concatenate([curves.time[p] for p in parts])
    time = np.array([times[int(f)] for f in frame], float) if known else mjd
    data = Data(
        time,
        np.concatenate([curves.flux[p] for p in parts]),
        np.concatenate([curves.err[p] for p in parts]),
        np.concatenate([np.repeat(label, p.stop - p.start) for label, p in zip(labels, parts, strict=True)]),
    )
    n_all = sum(int(curves.flags_start[k + 1] - curves.flags_start[k]) for k in runs)
    if moving:
        data = _of_moving(data, [moving.get(int(f)) for f in frame])
    scale = "MJD (UTC) at the target" if reduced else "BJD_TDB" if known else "MJD (UTC)"
    return data, scale, n_all - len(data.time)


@dataclass(frozen=True, slots=True)
class _Moving:
    """What a moving target's point is taken as: at which time (d), by how much brighter, and whether it counts."""

    time: float | None
    factor: float
    counts: bool


def _moving(db: Database, object_id: int, *, reduced: bool) -> dict[int, _Moving]:
    """Return what the points of a moving target are taken as, by frame; of a star nothing."""
    from photdb import query
    from photdb.asking.moving import extended, moving_target

    target = moving_target(db, object_id)
    if target is None:
        if reduced:
            raise UsageError("only moving targets have reduced magnitudes", "leave out --reduced")
        return {}
    wanted = ["frame_id", "bjd_tdb", "mjd_at_target", "r_au", "delta_au", "rejected"]
    rows = list(extended(db, query.light_curve(db, object_id), object_id).only(wanted).rows())
    if not reduced:
        return {frame: _Moving(bjd, 1.0, rejected is None) for frame, bjd, _, _, _, rejected in rows}
    found = {
        frame: _Moving(left, (r * delta) ** 2, rejected is None)
        for frame, _, left, r, delta, rejected in rows
        if left is not None and r is not None
    }
    if not found:
        raise NotFoundError(
            f"the path of {target['name']} says no distances from Sun and observer",
            "photdb target add NAME --horizons DESIGNATION, or a path with r_au and delta_au",
        )
    return {frame: found.get(frame, _Moving(math.nan, 1.0, counts=False)) for frame, *_ in rows}


def _of_moving(data: Data, taken: Sequence[_Moving | None]) -> Data:
    """Return the points of a moving target that count, as they are to be taken."""
    counts = np.array([m is not None and m.counts for m in taken])
    if counts.sum() < FEWEST:
        raise NotFoundError(
            f"{counts.sum()} points near the predicted places: too few for a period ({FEWEST})",
            "`photdb lightcurve NAME` says which points are rejected",
        )
    factor = np.array([m.factor for m in taken if m is not None and m.counts])
    return Data(data.time[counts], data.flux[counts] * factor, data.err[counts] * factor, data.band[counts])


def _labels(keys: Sequence[tuple[str | None, str, str | None]]) -> list[str]:
    """Return names of passbands, with the system of magnitudes and detector where the same one comes twice."""
    bands = [b or "no band" for b, _, _ in keys]
    return [
        b if bands.count(b) == 1 else " ".join(str(w) for w in (b, system, detector) if w)
        for b, (_, system, detector) in zip(bands, keys, strict=True)
    ]


def _refuse_range(low: float, high: float, span: float) -> None:
    """Refuse a range of periods that is none."""
    if not span > 0:
        raise InputError("all points are of one moment", "a period needs more frames")
    if not 0 < low < high or not np.isfinite(high):
        raise UsageError(f"no periods between {low:g} and {high:g} d", "--min must be above 0 and below --max")


def lines(found: Searched) -> list[str]:
    """Return what was found, in words."""
    p, best = found.periodogram, found.periodogram.peaks[0]
    words = [
        f"{p.n} points in {p.span:.2f} d, {len(p.frequency)} frequencies between periods of "
        f"{1 / p.frequency[-1]:.4g} and {1 / p.frequency[0]:.4g} d"
        + (f"; {found.n_left_out} points left out for their flags" if found.n_left_out else "")
    ]
    words.append(f"best period {_with_error(best)} d, false-alarm probability {probability(best.false_alarm)}")
    if best.false_alarm > 0.01:
        words.append("noise has such a peak too often: this is no period yet")
    echoes = [q for q in p.peaks[1:] if q.alias and _nearly(q, best, p)]
    if echoes:
        words.append(
            "nearly as good: "
            + ", ".join(f"{q.period:.6g} d ({q.alias})" for q in echoes)
            + "; the times decide little"
        )
    if p.window_peaks:
        listed = ", ".join(f"{f:.4g} /d ({power:.2f})" for f, power in p.window_peaks[:4])
        words.append(f"the times themselves repeat at {listed}: a true frequency is echoed at that distance")
    if best.period > p.span / 2:
        words.append(
            "less than two cycles were seen: that it changes is as sure as is said, how long its period is, is not"
        )
    return words


def _nearly(peak: Peak, best: Peak, found: Periodogram) -> bool:
    """Whether a peak is not much less likely than the best: by a factor of e^5 where the power is a share of chi2."""
    if found.method != "ls":
        return peak.power > 0.7 * best.power
    left, least = max(1 - peak.power, 1e-12), max(1 - best.power, 1e-12)
    return bool(found.n / 2 * np.log(left / least) < _UNDECIDED)


def _with_error(peak: Peak) -> str:
    """Return a period with its error, with as many digits as that makes sense of."""
    if not np.isfinite(peak.period_err) or peak.period_err <= 0:
        return f"{peak.period:.8g}"
    digits = int(np.clip(1 - np.floor(np.log10(peak.period_err)), 0, 12))
    return f"{peak.period:.{digits}f} +- {peak.period_err:.{digits}f}"


def probability(p: float) -> str:
    """Return a small probability as people write it."""
    return "below 1e-12" if p < 1e-12 else f"{p:.2g}"


def rows(found: Searched) -> list[dict[str, Any]]:
    """Return one row a peak, the best first."""
    return [
        {
            "period": q.period,
            "period_err": q.period_err if np.isfinite(q.period_err) else None,
            "power": q.power,
            "false_alarm": q.false_alarm,
            "amplitude": q.amplitude if np.isfinite(q.amplitude) else None,
            "t0": found.zero + q.epoch,
            "duration": q.duration if np.isfinite(q.duration) else None,
            "alias": q.alias or None,
        }
        for q in found.periodogram.peaks
    ]
