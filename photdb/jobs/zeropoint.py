"""Zero points: calibrate frames against reference stars, or against each other where there are none.

Matching and selection are sets in SQL (``schema/jobs/zeropoint_*.sql``), the fit is arithmetic on arrays
(`photdb.photometry.zero_point`), and the answer is written in one transaction: a new calibration that the frames are
pointed at. docs/concepts/zero-points.md says what the numbers mean.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from photdb.catalogs import definition
from photdb.errors import CalibrationError, InputError, UsageError
from photdb.magnitudes import POGSON, limit_mag
from photdb.photometry import zero_point
from photdb.photometry.flags import Flag
from photdb.photometry.zero_point import Measures
from photdb.sky import chord
from photdb.store.answer import Answer
from photdb.store.database import Database, statement

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)

#: A detection with one of these is not measured well enough to calibrate with.
BAD_FLAGS = int(Flag.SATURATED | Flag.TRUNCATED | Flag.BAD_PIXEL | Flag.APERTURE_INCOMPLETE)

#: Bits of zeropoint.flag.
FEW_STARS, FAR_FROM_OTHERS, NONE_MADE = 1, 2, 4

_PRIMARY, _AUTO = 0, -1
_HISTORY = 200  # frames that hold up a relative system when a night joins it
_QUARTER_MOTION = 0.25  # arcsec: what a star of 1 arcsec/yr moves in a quarter of a year
_LIMIT_SIGMA = 5.0


@dataclass(frozen=True, slots=True)
class ZeropointSettings:
    """How frames are calibrated.

    Attributes
    ----------
    snr
        Least signal to noise of a star.
    min_stars
        With fewer, a catalogue is not used if another has more, and the zero point is flagged.
    calibrate_as
        Catalogue band that bands without reference magnitudes are tied to; None: what the telescope file says.
    catalog
        Only this catalogue; None: the best there is.
    """

    snr: float = 10.0
    min_stars: int = 3
    calibrate_as: str | None = None
    catalog: str | None = None


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What a calibration found: cal_id, frames by mag_system, frames flagged, and a line for each band."""

    cal_id: int
    n_frame: int
    systems: dict[str, int]
    n_flagged: int
    lines: tuple[str, ...]

    def line(self) -> str:
        """Return what was found in a few words."""
        return "; ".join(self.lines) or "nothing to calibrate"


@dataclass(frozen=True, slots=True)
class _Solution:
    """Zero points of some frames from one catalogue and band (None: relative)."""

    frame_id: NDArray[np.int64]
    aperture_id: NDArray[np.int64]
    columns: dict[str, Any]


def calibrate(
    db: Database, *, frame_ids: Iterable[int], run_id: int, settings: ZeropointSettings | None = None
) -> Calibrated:
    """Find the zero points of frames, write them as a calibration and point the frames at it.

    Calls with one `run_id` add to one calibration, so that an ingest of many nights is one version.

    Parameters
    ----------
    db : Database
        Open for writing, with the frames' rows committed.
    frame_ids : iterable of int
        Frames; those that are not ``ok`` are left out.
    run_id : int
        The run that calibrates.
    settings : ZeropointSettings, optional
        How.
    """
    settings = settings or ZeropointSettings()
    ids = sorted(int(i) for i in frame_ids)
    ids += [int(r[0]) for r in db.job("zeropoint_instrumental", frame_ids=ids).rows]
    db.job("zeropoint_frames", frame_ids=ids, calibrate_as=settings.calibrate_as)
    frames = _frames(db)
    n_aper = int(db.one("SELECT count(*) FROM aperture WHERE aperture_id > 0"))
    _match(db, settings, n_aper)
    solutions = list(_by_catalogue(db, frames, settings, n_aper))
    done = {int(i) for s in solutions for i in s.frame_id}
    solutions += _by_each_other(db, [f for f in frames.values() if f["frame_id"] not in done], settings, n_aper)
    done = {int(i) for s in solutions for i in s.frame_id}
    solutions += [_instrumental(f) for f in frames.values() if f["frame_id"] not in done]
    found = _rows(solutions, frames)
    _flag_far(db, found, frames)
    cal_id = _write(db, found, run_id=run_id, settings=settings)
    return _summary(cal_id, found, frames)


def calibrate_store(
    db: Database, *, frame_ids: Iterable[int] | None = None, settings: ZeropointSettings | None = None
) -> Calibrated:
    """Calibrate all frames of a store, or some, anew and as a run of its own.

    Raises
    ------
    UsageError
        If no such catalogue or band is in the store.
    InputError
        If there is no frame to calibrate, or a frame is not in the store.
    CalibrationError
        If no frame got a zero point.
    """
    settings = settings or ZeropointSettings()
    _refuse_unknown(db, settings)
    ok = {int(r[0]) for r in db.rows("SELECT frame_id FROM frame WHERE state = 'ok'").rows}
    wanted = ok if frame_ids is None else {int(i) for i in frame_ids}
    strange = sorted(wanted - ok)
    if strange:
        raise InputError(f"frame {strange[0]} is not in the store, or could not be used", "see `photdb frames`")
    if not wanted:
        raise InputError("the store has no frame to calibrate", "photdb ingest FOLDER")
    parameters = {**asdict(settings), "frames": sorted(wanted) if frame_ids is not None else "all"}
    with db.run("zeropoint", parameters) as run_id:
        done = calibrate(db, frame_ids=wanted, run_id=run_id, settings=settings)
        db.finish_run(run_id, "done", done.line())
    if set(done.systems) <= {"instrumental"}:
        raise CalibrationError(
            f"none of {done.n_frame} frames could be calibrated: {done.lines[0]}",
            "add reference stars (photdb refcat add), or tie the band to one of theirs (--calibrate-as)",
        )
    return done


def calibrations(db: Database) -> Answer:
    """Return one row a calibration."""
    return Answer(db, statement("queries", "zeropoint_calibrations"), name="calibration")


def frame_zero_points(db: Database, *, cal_id: int | None = None) -> Answer:
    """Return one row a frame: its zero point in use, or in one calibration."""
    return Answer(db, statement("queries", "zeropoint_frames"), {"cal_id": cal_id}, name="zeropoint")


# --- matching ---


def _refuse_unknown(db: Database, settings: ZeropointSettings) -> None:
    """Raise when a catalogue or band was asked for that the store does not have."""
    there = db.rows("SELECT DISTINCT catalog, band FROM refmag ORDER BY ALL").rows
    for word, name, known in (
        ("catalogue", settings.catalog, [r[0] for r in there]),
        ("band", settings.calibrate_as, [r[1] for r in there]),
    ):
        if name and name not in known:
            raise UsageError(
                f"no reference stars of {word} {name!r}", f"there are: {', '.join(dict.fromkeys(known)) or 'none'}"
            )


def _frames(db: Database) -> dict[int, dict[str, Any]]:
    """Return the frames to calibrate by id."""
    return {int(f["frame_id"]): f for f in db.rows("SELECT * FROM zp_frame ORDER BY frame_id").dicts()}


def _match(db: Database, settings: ZeropointSettings, n_aper: int) -> None:
    """Fill zp_pair: detections of reference stars in the frames."""
    db.job("zeropoint_objects")
    db.job("zeropoint_refs", catalog=settings.catalog)
    reach = float(db.one("SELECT coalesce(max(reach_arcsec), 2.0) FROM zp_object"))
    db.job("zeropoint_match", **_grid(16.0 * (reach + _QUARTER_MOTION)), pad=float(chord(_QUARTER_MOTION)))
    radius = float(db.one("SELECT coalesce(max(aperture_arcsec), 0.0) FROM zp_frame"))
    db.job("zeropoint_crowd", cell=float(chord(max(radius, 2.0))), radius=float(chord(radius)))
    db.job("zeropoint_pairs", bad_flags=BAD_FLAGS, n_aper=n_aper)


def _grid(edge_arcsec: float) -> dict[str, Any]:
    """Return the cube grid: edge of a cell on the unit sphere, and cells along an axis."""
    cell = float(chord(edge_arcsec))
    return {"cell": cell, "n": int(2.0 / cell) + 8}


# --- against a catalogue ---


def _by_catalogue(
    db: Database, frames: dict[int, dict[str, Any]], settings: ZeropointSettings, n_aper: int
) -> Iterator[_Solution]:
    """Yield the zero points of the frames that have reference stars, by detector, catalogue and band."""
    import pyarrow as pa

    chosen = _choose(db, frames, settings)
    if not chosen:
        return
    table = pa.Table.from_pylist(
        [{"frame_id": i, "catalog": c["catalog"], "ref_band": c["band"]} for i, c in chosen.items()],
        schema=pa.schema([("frame_id", pa.int32()), ("catalog", pa.string()), ("ref_band", pa.string())]),
    )
    with db.table("zp_chosen", table):
        stars = _Stars(db.arrow(statement("jobs", "zeropoint_catalog_stars")), n_aper)
    for key in sorted({_system_of(frames[i], c) for i, c in chosen.items()}, key=str):
        members = np.array([i for i, c in chosen.items() if _system_of(frames[i], c) == key])
        mine = stars.of(members)
        candidates = {int(i): int(chosen[int(i)]["n_candidate"]) for i in members}
        option = chosen[int(members[0])]
        words = {
            "catalog": option["catalog"],
            "ref_band": option["band"],
            "mag_system": option["mag_system"] if option["is_native"] else "tied",
            "ab_offset": definition.ab_offset(option["catalog"], option["band"]) if option["is_native"] else None,
        }
        yield _solve(mine, members, candidates, words, settings)


def _system_of(frame: dict[str, Any], option: dict[str, Any]) -> tuple[Any, ...]:
    """Return what frames must share to be solved together."""
    return frame["detector"], frame["band"], option["catalog"], option["band"], option["is_native"]


def _choose(db: Database, frames: dict[int, dict[str, Any]], settings: ZeropointSettings) -> dict[int, dict[str, Any]]:
    """Return each frame's catalogue and band.

    The frame's own band before one it may be tied to; enough stars before few; then the catalogue's rank, unless
    another has twice its stars over all frames; then the number of stars.
    """
    options = db.job("zeropoint_options", snr=settings.snr).dicts()
    total: dict[tuple[Any, ...], int] = {}
    for o in options:
        total[_system_of(frames[o["frame_id"]], o)] = total.get(_system_of(frames[o["frame_id"]], o), 0) + o["n_usable"]

    def merit(o: dict[str, Any]) -> tuple[Any, ...]:
        frame = frames[o["frame_id"]]
        rivals = [
            n for key, n in total.items() if key[:2] == (frame["detector"], frame["band"]) and key[4] == o["is_native"]
        ]
        ample = 2 * total[_system_of(frame, o)] >= max(rivals)
        enough = o["n_usable"] >= settings.min_stars
        return enough, o["is_native"], ample, -definition.rank(o["catalog"]), o["n_usable"]

    best: dict[int, dict[str, Any]] = {}
    for o in options:
        if o["n_usable"] and (o["frame_id"] not in best or merit(o) > merit(best[o["frame_id"]])):
            best[int(o["frame_id"])] = o
    return best


class _Stars:
    """Stars in frames with all their fluxes: column 0 primary, 1 auto, then the apertures."""

    def __init__(self, table: pa.Table, n_aper: int) -> None:
        self.frame_id = _column(table, "frame_id").astype(np.int64)
        self.star = _column(table, "star").astype(np.int64)
        self.system = _column(table, "system").astype(np.int64) if "system" in table.column_names else None
        self.mag = _column(table, "mag").astype(float)
        self.ref_err = np.nan_to_num(_column(table, "mag_err").astype(float))
        self.flux = _lists(table, "flux", n_aper + 2)
        self.flux_err = _lists(table, "flux_err", n_aper + 2)

    def of(self, frame_ids: NDArray[Any]) -> _Stars:
        """Return the stars of some frames."""
        return self.where(np.isin(self.frame_id, frame_ids))

    def where(self, which: NDArray[Any]) -> _Stars:
        """Return some of the rows."""
        out = object.__new__(_Stars)
        for name, value in vars(self).items():
            setattr(out, name, None if value is None else value[which])
        return out

    def measures(self, aperture: int, frames: NDArray[np.int64], snr: float) -> Measures:
        """Return the measures of one aperture; frames and stars are numbered from 0."""
        flux, err = self.flux[:, aperture], self.flux_err[:, aperture]
        good = (flux > 0) & (err > 0) & (flux > snr * err)
        flux, err = flux[good], err[good]
        number = np.searchsorted(frames, self.frame_id[good])
        d = self.mag[good] + 2.5 * np.log10(flux)
        return Measures(number, self.star[good], d, POGSON * err / flux, self.ref_err[good])


def _column(table: pa.Table, name: str) -> NDArray[Any]:
    """Return a column as an array, NULL as NaN."""
    return np.asarray(table[name].to_numpy())


def _lists(table: pa.Table, name: str, width: int) -> NDArray[np.float64]:
    """Return a column of equally long lists as a matrix, NULL as NaN."""
    flat = table[name].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, dtype=np.float64).reshape(-1, width)


def _solve(
    stars: _Stars,
    frames: NDArray[np.int64],
    candidates: dict[int, int],
    words: dict[str, Any],
    settings: ZeropointSettings,
    *,
    fixed: NDArray[np.float64] | None = None,
) -> _Solution:
    """Return the zero points of frames that are solved together, in every aperture."""
    frames = np.sort(frames)
    relative = words["mag_system"] == "relative"
    _, stars.star = np.unique(stars.star, return_inverse=True)
    n_star = int(stars.star.max(initial=-1)) + 1
    primary = stars.measures(0, frames, settings.snr)
    offsets = zero_point.star_offsets(primary, n_frame=len(frames), n_star=n_star, fixed=fixed, relative=relative)
    parts: list[dict[str, NDArray[Any]]] = []
    for column in range(stars.flux.shape[1]):
        measures = primary if column == 0 else stars.measures(column, frames, settings.snr)
        if not len(measures.d):
            continue
        located = zero_point.zero_points(measures, offsets, n_frame=len(frames))
        found = np.isfinite(located.value)
        if fixed is not None and column == 0:
            found &= ~np.isfinite(fixed)
        parts.append(
            {
                "frame_id": frames[found],
                "aperture_id": np.full(int(found.sum()), _aperture_id(column)),
                "zp": located.value[found],
                "zp_err": located.error[found],
                "zp_sys": offsets.tie_err[found],
                "zp_scatter": located.scatter[found],
                "n_star": located.n[found],
                "chi2": np.full(int(found.sum()), np.nan) if relative else located.chi2[found],
            }
        )
    joined = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]} if parts else {}
    ids = joined.pop("frame_id", np.zeros(0, dtype=np.int64))
    apertures = joined.pop("aperture_id", np.zeros(0, dtype=np.int64))
    few = joined["n_star"] < settings.min_stars if joined else np.zeros(0, dtype=bool)
    n = joined.get("n_star", np.zeros(0, dtype=np.int64))
    return _Solution(
        ids,
        apertures,
        {
            **{key: [value] * len(ids) for key, value in words.items()},
            **joined,
            "n_candidate": [candidates.get(int(i), 0) for i in ids],
            "flag": np.where(few, FEW_STARS, 0),
            "reason": [f"only {k} star{'' if k == 1 else 's'}" if f else None for k, f in zip(n, few, strict=True)],
        },
    )


def _aperture_id(column: int) -> int:
    """Return the aperture of a column of fluxes."""
    return {0: _PRIMARY, 1: _AUTO}.get(column, column - 1)


# --- against each other ---


def _by_each_other(
    db: Database, frames: list[dict[str, Any]], settings: ZeropointSettings, n_aper: int
) -> list[_Solution]:
    """Return relative zero points of frames without reference magnitudes that share stars."""
    import pyarrow as pa

    if not frames:
        return []
    schema = pa.schema([("frame_id", pa.int32()), ("detector", pa.string()), ("band", pa.string())])
    table = pa.Table.from_pylist([{k: f[k] for k in schema.names} for f in frames], schema=schema)
    db.job("zeropoint_history", most=_HISTORY)
    with db.table("zp_relative", table):
        sql = statement("jobs", "zeropoint_relative_stars")
        stars = _Stars(db.arrow(sql, {"bad_flags": BAD_FLAGS, "n_aper": n_aper, "snr": settings.snr}), n_aper)
    history = db.rows("SELECT frame_id, aperture_id, zp FROM zp_history").rows
    new = np.array([f["frame_id"] for f in frames])
    solutions = []
    for system in np.unique(stars.system) if stars.system is not None else []:
        mine = stars.where(stars.system == system)
        solutions.append(_relative(mine, new, {(int(f), int(a)): float(z) for f, a, z in history}, settings))
    return [s for s in solutions if len(s.frame_id)]


def _relative(
    stars: _Stars, new: NDArray[np.int64], history: dict[tuple[int, int], float], settings: ZeropointSettings
) -> _Solution:
    """Return the relative zero points of the new frames of one detector and band."""
    frames = np.unique(stars.frame_id)
    alone = _alone(stars, frames)
    keep = ~np.isin(stars.frame_id, frames[alone])
    stars, frames = stars.where(keep), frames[~alone]
    fixed = np.array([history.get((int(i), _PRIMARY), np.nan) for i in frames])
    counts = dict(zip(*(a.tolist() for a in np.unique(stars.frame_id, return_counts=True)), strict=True))
    words = {"catalog": None, "ref_band": None, "mag_system": "relative", "ab_offset": None}
    solution = _solve(stars, frames, counts, words, settings, fixed=fixed)
    mine = np.isin(solution.frame_id, new)
    columns = {k: [x for x, m in zip(v, mine, strict=True) if m] for k, v in solution.columns.items()}
    return _Solution(solution.frame_id[mine], solution.aperture_id[mine], columns)


def _alone(stars: _Stars, frames: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which frames share no star with another."""
    _, star = np.unique(stars.star, return_inverse=True)
    shared = np.bincount(star)[star] > 1
    return np.asarray(np.bincount(np.searchsorted(frames, stars.frame_id), shared, len(frames)) < 1)


def _instrumental(frame: dict[str, Any]) -> _Solution:
    """Return a frame's instrumental zero point, 0, with the reason."""
    if frame["wcs_kind"] is None:
        reason = "no WCS: its stars are those of no catalogue and no other frame"
    else:
        reason = f"no reference stars in band {frame['band']}, and no other frame shares its stars"
    columns = {
        "zp": [0.0], "n_star": [0], "n_candidate": [0], "mag_system": ["instrumental"], "flag": [NONE_MADE],
        "reason": [reason],
    }  # fmt: skip
    return _Solution(np.array([frame["frame_id"]]), np.array([_PRIMARY]), columns)


# --- writing ---


def _rows(solutions: list[_Solution], frames: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one row of the zeropoint table for each frame and aperture."""
    rows = []
    for s in solutions:
        names = list(s.columns)
        for values in zip(s.frame_id.tolist(), s.aperture_id.tolist(), *map(_plain, s.columns.values()), strict=True):
            row = dict(zip(["frame_id", "aperture_id", *names], values, strict=True))
            row["limit_mag"] = _limit(row, frames[row["frame_id"]])
            rows.append(row)
    return sorted(rows, key=lambda r: (r["frame_id"], r["aperture_id"]))


def _plain(values: Any) -> list[Any]:
    """Return Python values, NaN as None."""
    found = values.tolist() if isinstance(values, np.ndarray) else list(values)
    return [None if isinstance(v, float) and not np.isfinite(v) else v for v in found]


def _limit(row: dict[str, Any], frame: dict[str, Any]) -> float | None:
    """Return the 5-sigma limit of the row's aperture."""
    aperture, noise = row["aperture_id"], None
    if aperture == _PRIMARY:
        noise = frame["primary_noise"]
    elif aperture > 0 and frame["aper_noise"] is not None and aperture <= len(frame["aper_noise"]):
        noise = frame["aper_noise"][aperture - 1]
    if noise is None or row["zp"] is None:
        return None
    limit = float(limit_mag(noise, row["zp"], _LIMIT_SIGMA))
    return limit if np.isfinite(limit) else None


def _flag_far(db: Database, rows: list[dict[str, Any]], frames: dict[int, dict[str, Any]]) -> None:
    """Flag the frames whose zero point is far from the others of their night, or, of a short night, of all nights."""
    others = db.job("zeropoint_others").dicts()
    primary = [r for r in rows if r["aperture_id"] == _PRIMARY and not r["flag"] & NONE_MADE]
    here = [
        {**{k: frames[r["frame_id"]][k] for k in ("night", "detector", "band")},
         **{k: r[k] for k in ("frame_id", "mag_system", "catalog", "ref_band", "zp")}}
        for r in primary
    ]  # fmt: skip
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for known in (*here, *others):
        groups.setdefault(
            tuple(known[k] for k in ("detector", "band", "mag_system", "catalog", "ref_band")), []
        ).append(known)
    far: dict[int, str] = {}
    mine = {h["frame_id"] for h in here}
    for group in groups.values():
        nights: dict[Any, list[dict[str, Any]]] = {}
        for known in group:
            nights.setdefault(known["night"], []).append(known)
        for night in nights.values():
            far |= _far_of_night([h for h in night if h["frame_id"] in mine], night if len(night) >= 5 else group)
    for row in rows:
        if row["frame_id"] in far:
            row["flag"] |= FAR_FROM_OTHERS
            row["reason"] = "; ".join(filter(None, [row["reason"], far[row["frame_id"]]]))


def _far_of_night(new: list[dict[str, Any]], peers: list[dict[str, Any]]) -> dict[int, str]:
    """Return the new frames whose zero point is far from their peers', and why."""
    zp, among = np.array([h["zp"] for h in new]), np.array([p["zp"] for p in peers])
    middle = float(np.median(among)) if len(among) else 0.0
    return {
        int(h["frame_id"]): f"{h['zp'] - middle:+.2f} mag from the median {middle:.2f} of {len(peers)} frames"
        for h, is_far in zip(new, zero_point.far_from_others(zp, among), strict=True)
        if is_far
    }


_SCHEMA = (
    ("frame_id", "int32"), ("aperture_id", "int32"), ("zp", "float64"), ("zp_err", "float64"), ("zp_sys", "float64"),
    ("zp_scatter", "float64"), ("n_star", "int32"), ("n_candidate", "int32"), ("catalog", "string"),
    ("ref_band", "string"), ("chi2", "float64"), ("limit_mag", "float64"), ("mag_system", "string"),
    ("ab_offset", "float64"), ("flag", "int32"), ("reason", "string"),
)  # fmt: skip


def _write(db: Database, rows: list[dict[str, Any]], *, run_id: int, settings: ZeropointSettings) -> int:
    """Write a calibration and point the frames at it, in one transaction; return its number."""
    import pyarrow as pa

    now = datetime.now(UTC).replace(tzinfo=None)
    there = db.rows("SELECT cal_id FROM calibration WHERE run_id = $run_id", {"run_id": run_id}).rows
    cal_id = int(there[0][0]) if there else db.next_id("calibration", "cal_id")
    schema = pa.schema([("cal_id", pa.int32()), *((name, getattr(pa, kind)()) for name, kind in _SCHEMA)])
    table = pa.Table.from_pylist([{**r, "cal_id": cal_id} for r in rows], schema=schema)
    n_frame = len({r["frame_id"] for r in rows})
    with db.transaction(), db.table("zp_found", table):
        if not there:
            calibration = {
                "cal_id": cal_id,
                "run_id": run_id,
                "method": "median",
                "settings": json.dumps(asdict(settings)),
            }
            db.insert("calibration", [{**calibration, "created": now}])
        db.job("zeropoint_withdraw", cal_id=cal_id)
        db.job("zeropoint_write")
        db.job("zeropoint_unpoint")
        db.job("zeropoint_point", cal_id=cal_id)
        db.insert("activation", [{"cal_id": cal_id, "run_id": run_id, "activated": now, "n_frame": n_frame}])
    return cal_id


def _summary(cal_id: int, rows: list[dict[str, Any]], frames: dict[int, dict[str, Any]]) -> Calibrated:
    """Return what was found, with a line for each band and system."""
    primary = [r for r in rows if r["aperture_id"] == _PRIMARY]
    systems: dict[str, int] = {}
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for r in primary:
        systems[r["mag_system"]] = systems.get(r["mag_system"], 0) + 1
        groups.setdefault(
            (frames[r["frame_id"]]["band"], r["mag_system"], r.get("catalog"), r.get("ref_band")), []
        ).append(r)
    lines = tuple(_line(key, groups[key]) for key in sorted(groups, key=str))
    n_flagged = sum(bool(r["flag"] & (FEW_STARS | FAR_FROM_OTHERS)) for r in primary)
    return Calibrated(cal_id, len(primary), systems, n_flagged, lines)


def _line(key: tuple[Any, ...], rows: list[dict[str, Any]]) -> str:
    """Return one line on a band: how many frames, from what, zero points and their errors."""
    band, system, catalog, ref_band = key
    frames = f"{band or 'no band'}: {len(rows)} frame{'' if len(rows) == 1 else 's'}"
    if system == "instrumental":
        return f"{frames} left instrumental: {rows[0]['reason']}"
    zp, err = np.array([r["zp"] for r in rows]), np.array([r["zp_err"] for r in rows], dtype=float)
    stars = int(np.median([r["n_star"] for r in rows]))
    source = f"tied to {catalog} {ref_band}" if system == "tied" else f"{system}, {catalog}" if catalog else "relative"
    flagged = sum(bool(r["flag"]) for r in rows)
    return (
        f"{frames} {source}: zero points {zp.min():.3f} to {zp.max():.3f}, error {np.median(err):.4f} mag, "
        f"{stars} stars{f', {flagged} flagged' if flagged else ''}"
    )
