"""``photdb movers``: moving bodies among the detections of a night that no lasting object explains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from photdb import progress
from photdb.errors import NotFoundError, UsageError
from photdb.jobs.crossmatch_grid import columns
from photdb.photometry.flags import Flag
from photdb.photometry.standing import standing, standing_on_detector
from photdb.photometry.tracklet_fit import Frames, Leftovers, Limits, Tracklet
from photdb.photometry.tracklet_plane import Plane, holds
from photdb.photometry.tracklets import find_tracklets
from photdb.sky import separation_arcsec
from photdb.store.database import Database

Floats = NDArray[np.float64]

#: Detections with one of these are no body: cut by the edge, a cosmic ray, or without a whole aperture.
NO_BODY = int(Flag.TRUNCATED | Flag.COSMIC_RAY | Flag.APERTURE_INCOMPLETE)

#: Detections with one of these are not where their star is.
MISPLACED = NO_BODY | int(Flag.NEIGHBOURS | Flag.DEBLENDED | Flag.SATURATED | Flag.BAD_PIXEL | Flag.MERGED)

#: A body has to go so many reaches during the frames, or it cannot be told from a star.
_GONE = 3.0

#: An object with so large a share of the frames of other nights lasts.
_OFTEN = 0.02

#: What is nearer to a star than so many FWHM is a part of it.
_STUCK_FWHM = 1.2

#: arcsec; places are not better known than this.
_FLOOR = 0.05

#: A frame should show what is so much brighter than its limit (mag); a body is in this share of such frames at least.
_CLEAR, _SHOWN = 1.0, 0.4

#: px; a tracklet whose places on the detector scatter by less, while the sky passes by, is a fault of the detector.
_FIXED_PX = 0.8


@dataclass(frozen=True, slots=True)
class Settings:
    """What is looked for: limits of the motion, and the least signal to noise of a detection."""

    limits: Limits = field(default_factory=Limits)
    min_snr: float = 3.0
    fixed: bool = False


@dataclass(frozen=True)
class Field:
    """The frames of one field in one night, and the detections in them that no star explains.

    Attributes
    ----------
    night, telescope
        As the frames have them.
    frames
        Columns of ``movers_frames``, oldest first.
    table
        Columns of ``movers_leftovers`` of what is searched.
    plane, times, left
        The same as the search takes them.
    t0
        MJD of hour 0.
    band
        The band that ``left.mag`` is in.
    min_rate
        arcsec/h, as searched.
    n_still
        Detections that were left out because they stand still or are part of a star.
    n_hot
        Those that were because they stand still on the detector while the sky passes by.
    lasting
        Which objects last: parameters of ``movers_objects``.
    """

    night: date
    telescope: str | None
    frames: dict[str, NDArray[Any]]
    table: dict[str, NDArray[Any]]
    plane: Plane
    times: Frames
    left: Leftovers
    t0: float
    band: str | None
    min_rate: float
    n_still: int
    n_hot: int
    lasting: dict[str, float]

    def mjd(self, hours: Any) -> Any:
        """Return a time as MJD."""
        return self.t0 + np.asarray(hours) / 24.0


@dataclass(frozen=True)
class Found:
    """A tracklet of a field: its name, and in how many frames its place is."""

    name: str
    field: Field
    track: Tracklet
    n_covered: int


@dataclass
class Search:
    """What came of it: fields, tracklets, and how many tracklets were left out because of what."""

    fields: list[Field] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    n_fixed: int = 0
    n_unseen: int = 0
    n_short: int = 0


def search(db: Database, settings: Settings, *, night: str | None = None) -> Search:
    """Look for moving bodies.

    Parameters
    ----------
    db : Database
        Open store.
    settings : Settings
    night : str, optional
        Only this one, as YYYY-MM-DD.

    Raises
    ------
    UsageError
        If the night is no date, or a limit means nothing.
    NotFoundError
        If no frame of it knows where it is.
    """
    _refuse(settings)
    nights = db.job("movers_nights", night=_date(night)).rows
    if not nights:
        there = db.one("SELECT string_agg(DISTINCT night::VARCHAR, ', ' ORDER BY night::VARCHAR) FROM frame")
        raise NotFoundError(
            f"no measured frame{f' of {night}' if night else ''} knows its place on the sky",
            f"the store has the nights {there}" if there else "photdb ingest FOLDER measures frames",
        )
    result = Search()
    for when, telescope, _ in progress.track(nights, "looking for moving bodies", total=len(nights)):
        before = len(result.found)
        for frames in _fields(db, when, telescope):
            if len(np.unique(frames["mjd_mid"])) < settings.limits.min_frames:
                result.n_short += 1
                continue
            _search_field(db, when, telescope, frames, settings, result)
        _name(result, before)
    return result


def _refuse(settings: Settings) -> None:
    """Refuse limits that mean nothing."""
    limits = settings.limits
    if not 0 < limits.min_rate < limits.max_rate:
        raise UsageError(
            f"rates from {limits.min_rate:g} to {limits.max_rate:g} arcsec/h",
            "--min-rate is above 0 and below --max-rate",
        )
    if limits.min_frames < 3:
        raise UsageError(
            f"--min-frames {limits.min_frames}: any two detections are on a line", "3 at least; 4 is the default"
        )


def _date(night: str | None) -> date | None:
    """Return a night as a date."""
    try:
        return date.fromisoformat(night) if night else None
    except ValueError:
        raise UsageError(f"{night!r} is not a night", "write the date of its evening, as 2025-11-18") from None


def _name(result: Search, before: int) -> None:
    """Give the tracklets of a night their numbers, the clearest first."""
    found = sorted(result.found[before:], key=lambda f: (-len(f.track.rows), f.track.fit.rms))
    taken = sum(f.field.night == found[0].field.night for f in result.found[:before]) if found else 0
    result.found[before:] = [
        Found(f"{f.field.night}.{taken + k}", f.field, f.track, f.n_covered) for k, f in enumerate(found, 1)
    ]


def _fields(db: Database, night: date, telescope: str | None) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield the frames of each field: those that look less than half a frame from its first one."""
    frames = columns(db, "movers_frames", night=night, telescope=telescope)
    frames = {name: np.asarray(values) for name, values in frames.items()}
    loose = np.ones(len(frames["frame_id"]), dtype=bool)
    while loose.any():
        k = int(np.flatnonzero(loose)[0])
        half = 0.5 * float(min(frames["across"][k], frames["down"][k]))
        near = separation_arcsec(frames["ra"], frames["dec"], frames["ra"][k], frames["dec"][k]) <= half
        mine = loose & near
        mine[k] = True
        loose &= ~mine
        yield {name: values[mine] for name, values in frames.items()}


def _search_field(
    db: Database,
    night: date,
    telescope: str | None,
    frames: dict[str, NDArray[Any]],
    settings: Settings,
    result: Search,
) -> None:
    """Look for moving bodies in one field."""
    here = _field(db, night, telescope, frames, settings)
    result.fields.append(here)
    if here.min_rate >= settings.limits.max_rate:
        return
    limits = replace(settings.limits, min_rate=here.min_rate, min_arc=_GONE * float(frames["reach"].max()))
    for track in find_tracklets(here.left, here.times, limits):
        covered, should, shown = _seen(here, track)
        if should and shown < _SHOWN * should:
            result.n_unseen += 1
        elif not settings.fixed and _is_fixed(here, track):
            result.n_fixed += 1
        else:
            result.found.append(Found("", here, track, covered))


def _field(
    db: Database, night: date, telescope: str | None, frames: dict[str, NDArray[Any]], settings: Settings
) -> Field:
    """Return a field with what no star explains in it."""
    plane = Plane.around(frames["ra"], frames["dec"])
    t0 = float(frames["mjd_mid"].mean())
    hours = (frames["mjd_mid"] - t0) * 24.0
    reach = float(frames["reach"].max())
    min_rate = max(settings.limits.min_rate, _GONE * reach / max(float(np.ptp(hours)), 1e-6))
    middle = plane.sky(0.0, 0.0)
    radius = float(0.5 * max(frames["across"].max(), frames["down"].max()))
    n_other = int(
        db.job("movers_elsewhere", night=night, ra=float(middle[0]), dec=float(middle[1]), radius=radius).rows[0][0]
    )
    lasting = {"hours": 2.0 * reach / min_rate, "often": max(3.0, _OFTEN * n_other)}
    _load(db, frames, lasting)
    table = columns(db, "movers_leftovers", min_snr=settings.min_snr, bad=NO_BODY)
    axes = {name: getattr(plane, name).tolist() for name in ("centre", "east", "north")}
    stars, offsets = columns(db, "movers_stars"), columns(db, "movers_offsets", bad=MISPLACED, **axes)
    place = {int(f): k for k, f in enumerate(frames["frame_id"])}
    at = np.array([place[int(f)] for f in table["frame_id"]], dtype=np.int64)
    x, y = plane.project(table["ra"], table["dec"])
    east, north, scatter = _offsets(offsets, place, frames)
    x, y = x - east[at], y - north[at]
    stuck = _stuck(plane, stars, x, y, np.maximum(frames["reach"], _STUCK_FWHM * frames["fwhm_arcsec"])[at])
    band, mag = _magnitudes(frames, table, at)
    sigma = np.hypot(scatter[at], frames["fwhm_arcsec"][at] / (2.355 * table["snr"]))
    left = Leftovers(at, x, y, sigma, mag, table["mag_err"])
    left, free = _only(left, ~stuck), np.flatnonzero(~stuck)
    still = standing(left, _times(left, hours, frames), Limits(min_rate=min_rate), reach=reach)
    left, free = _only(left, ~still), free[~still]
    hot = np.zeros(len(free), dtype=bool)
    if not settings.fixed:
        hot = _hot(left, {n: v[free] for n, v in table.items()}, frames, moved=_GONE * reach)
    left, free = _only(left, ~hot), free[~hot]
    return Field(
        night, telescope, frames, {n: v[free] for n, v in table.items()}, plane, _times(left, hours, frames), left, t0,
        band, min_rate, int(stuck.sum() + still.sum()), int(hot.sum()), lasting,
    )  # fmt: skip


def load_field(db: Database, here: Field) -> None:
    """Have the detections and objects of a field in the temporary tables of the statements again."""
    _load(db, here.frames, here.lasting)


def _load(db: Database, frames: dict[str, NDArray[Any]], lasting: dict[str, float]) -> None:
    """Have the detections of frames, and which of their objects last, in temporary tables."""
    with db.table("given_frames", pa.table({"frame_id": pa.array(frames["frame_id"], pa.int32())})):
        db.job("movers_detections")
    db.job("movers_objects", **lasting)


def _times(left: Leftovers, hours: Floats, frames: dict[str, NDArray[Any]]) -> Frames:
    """Return the frames as the search takes them."""
    area = np.maximum(frames["across"] * frames["down"], 1.0)
    return Frames(hours, np.bincount(left.frame, minlength=len(hours)) / area, float(np.median(area)))


def _only(left: Leftovers, mine: NDArray[np.bool_]) -> Leftovers:
    """Return some of the leftovers."""
    return Leftovers(left.frame[mine], left.x[mine], left.y[mine], left.sigma[mine], left.mag[mine], left.mag_err[mine])


def _offsets(
    offsets: dict[str, NDArray[Any]], place: dict[int, int], frames: dict[str, NDArray[Any]]
) -> tuple[Floats, Floats, Floats]:
    """Return how far each frame is off, east and north, and how well it knows a place: arcsec, from five stars on."""
    n = len(frames["frame_id"])
    east, north = np.zeros(n), np.zeros(n)
    scatter = np.maximum(frames["wcs_rms_arcsec"].astype(float), _FLOOR)
    for k, count in enumerate(offsets["n"]):
        if count >= 5:
            i = place[int(offsets["frame_id"][k])]
            east[i], north[i] = offsets["east"][k], offsets["north"][k]
            scatter[i] = max(float(offsets["scatter"][k]), _FLOOR)
    return east, north, scatter


def _stuck(plane: Plane, stars: dict[str, NDArray[Any]], x: Floats, y: Floats, radius: Floats) -> NDArray[np.bool_]:
    """Return which places are so near to a star that they are a part of it."""
    if not len(stars["ra"]) or not len(x):
        return np.zeros(len(x), dtype=bool)
    tree = cKDTree(np.column_stack(plane.project(stars["ra"], stars["dec"])))
    distance, _ = tree.query(np.column_stack([x, y]), distance_upper_bound=float(radius.max()))
    return np.asarray(distance <= radius)


def _hot(
    left: Leftovers, table: dict[str, NDArray[Any]], frames: dict[str, NDArray[Any]], *, moved: float
) -> NDArray[np.bool_]:
    """Return which detections stand still on the detector while the sky passes by."""
    area = float(np.median(frames["across"] * frames["down"] / frames["pixel_scale_arcsec"] ** 2))
    x, y = table["x"].astype(float), table["y"].astype(float)
    return standing_on_detector(left, x, y, radius=_FIXED_PX, moved=moved, area=max(area, 1.0))


def _magnitudes(
    frames: dict[str, NDArray[Any]], table: dict[str, NDArray[Any]], at: NDArray[np.int64]
) -> tuple[str | None, Floats]:
    """Return the band of most frames, and magnitudes in it alone: colours of bodies are unknown."""
    names = [b if b is not None else "" for b in frames["band"].tolist()]
    kinds = [f"{b} {bool(c)}" for b, c in zip(names, frames["is_calibrated"].tolist(), strict=True)]
    most = max(dict.fromkeys(kinds), key=kinds.count)
    in_band = np.array([k == most for k in kinds])
    mag = np.where(in_band[at], table["mag"].astype(float), np.nan)
    return names[kinds.index(most)] or None, mag


def _seen(here: Field, track: Tracklet) -> tuple[int, int, int]:
    """Return how many frames hold the place of a body, how many of them should show it, and how many of these do."""
    frames = here.frames
    x, y, _ = track.fit.at(here.times.t)
    covered = np.array(
        [
            holds(*here.plane.project(np.asarray(ra, float), np.asarray(dec, float)), float(a), float(b))
            for ra, dec, a, b in zip(frames["corner_ra"], frames["corner_dec"], x, y, strict=True)
        ]
    )
    with np.errstate(invalid="ignore"):
        should = covered & (frames["limit_mag"].astype(float) - track.fit.mag >= _CLEAR)
    should &= np.array([(b or None) == here.band for b in frames["band"].tolist()])
    shown = np.zeros(len(covered), dtype=bool)
    shown[here.left.frame[track.rows]] = True
    return int((covered | shown).sum()), int(should.sum()), int((should & shown).sum())


def _is_fixed(here: Field, track: Tracklet) -> bool:
    """Return whether a tracklet stands still on the detector while the sky passes by: a hot pixel as frames drift."""
    x, y = (here.table[c][track.rows].astype(float) for c in ("x", "y"))
    scale = float(np.median(here.frames["pixel_scale_arcsec"]))
    return bool(max(np.std(x), np.std(y)) < _FIXED_PX and track.fit.arc > 5.0 * _FIXED_PX * scale)
