"""The stars to calibrate with: reference stars matched, every cut made in SQL, the catalogue of each frame chosen.

The temporary tables, in the order in which they come about: ``zp_frame``, ``zp_object``, ``zp_star``, ``zp_wanted``,
``zp_mag``, ``zp_ref``, ``zp_match``, ``zp_crowd``, ``zp_option`` (a catalogue and band for a band of frames),
``zp_candidate`` (a matched object in an option), ``zp_task`` (a frame with an option), ``zp_measured`` (a candidate in
a task, for a range of frames at a time) and the view ``zp_pair`` of it, where each cut has its name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.catalogs import definition
from photdb.jobs.zeropoint_colour import Colours, colour_bands, magnitudes, of_bands
from photdb.jobs.zeropoint_settings import CUT_WORDS, CUTS, Selection, ZeropointSettings
from photdb.photometry.magnitude_range import useful_range
from photdb.sky import chord
from photdb.store.database import Database, statement

#: Detections in memory at a time.
CHUNK = 3_000_000

_QUARTER_MOTION = 0.25  # arcsec: what a star of 1 arcsec/yr moves in a quarter of a year
_VSX_ARCSEC = 3.0
_LEAST_FRAMES = 10  # of a light curve that says whether a star varies
_HISTORY = 200  # frames that hold up new ones

Strings = NDArray[np.object_]
Numbers = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Count:
    """What a cut left: its name (``matched`` first), its words, stars removed, stars left."""

    cut: str
    words: str
    removed: int
    left: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """The frames that have an option with stars; all arrays one a frame, in the order of frame_id.

    Attributes
    ----------
    task, frame_id, option, n_candidate
        Numbers.
    is_new
        To be calibrated; else it holds up the others.
    reason
        Which catalogues gave too few stars; None: the first did.
    """

    task: Numbers
    frame_id: Numbers
    option: Numbers
    n_candidate: Numbers
    is_new: Numbers
    reason: Strings


def frames(db: Database, ids: Iterable[int], calibrate_as: str | None) -> None:
    """Fill zp_frame."""
    db.job("zeropoint_frames", frame_ids=list(ids), calibrate_as=calibrate_as)


def candidates(db: Database, settings: ZeropointSettings, *, known: dict[str, str], held_up: bool = False) -> Colours:
    """Match reference stars to the objects of zp_frame, and fill zp_candidate and zp_task.

    Parameters
    ----------
    db : Database
        With zp_frame.
    settings : ZeropointSettings
        How.
    known : mapping
        Colour index that the frames of a band have already.
    held_up : bool, default=False
        Frames that the global solution has calibrated hold up the new ones.
    """
    bands = dict(db.rows("SELECT band, max(tie) FROM zp_frame WHERE band IS NOT NULL GROUP BY band ORDER BY band").rows)
    db.job("zeropoint_objects")
    db.job("zeropoint_stars", catalogs=settings.catalogs)
    db.job("zeropoint_wanted", colour_bands=colour_bands(bands, settings, known))
    magnitudes(db)
    db.job("zeropoint_refs")
    _match(db)
    db.job("zeropoint_options_of_bands")
    colours = of_bands(db, bands, settings, known)
    _variables(db, settings.select)
    s = settings.select
    db.job(
        "zeropoint_candidates", mag_lower=s.mag_lower, mag_upper=s.mag_upper, only_good=s.only_good,
        max_ref_err=s.max_ref_err, solar=s.solar, drop_known=s.drop_known, colours=colours.triples(),
    )  # fmt: skip
    db.job("zeropoint_history", most=_HISTORY if held_up else 0)
    db.job("zeropoint_frames_history")
    db.job("zeropoint_tasks")
    _prepare(db)
    return colours


def candidates_relative(db: Database, settings: ZeropointSettings, *, held_up: bool = True) -> None:
    """Take every object of zp_frame as its own reference, and fill zp_candidate and zp_task.

    Parameters
    ----------
    db : Database
        With zp_frame.
    settings : ZeropointSettings
        How.
    held_up : bool, default=True
        Frames that were calibrated relatively hold up the new ones.
    """
    db.job("zeropoint_objects")
    _variables(db, settings.select)
    db.job("zeropoint_candidates_relative", drop_known=settings.select.drop_known)
    db.job("zeropoint_history", most=_HISTORY if held_up else 0)
    db.job("zeropoint_frames_history")
    db.job("zeropoint_tasks_relative")
    _prepare(db)


def chunks(db: Database) -> list[tuple[int, int]]:
    """Return ranges of frames of zp_task, with so many detections each that they fit in memory."""
    table = db.arrow("SELECT frame_id, n_detections AS n FROM zp_task ORDER BY frame_id")
    ids, n = (np.asarray(table[name].to_numpy()) for name in ("frame_id", "n"))
    if not len(ids):
        return []
    number = (np.cumsum(n, dtype=np.int64) - 1) // CHUNK
    starts = np.flatnonzero(np.diff(number, prepend=-1))
    firsts = np.unique(ids[starts])
    lasts = np.append(firsts[1:] - 1, ids[-1])
    return [(int(a), int(b)) for a, b in zip(firsts, lasts, strict=True)]


def measure(
    db: Database, first: int, last: int, settings: ZeropointSettings, *, relative: bool = False
) -> dict[int, int]:
    """Fill zp_measured: the candidates in a range of frames, each with the first cut that removes it.

    Returns
    -------
    crowded : dict
        Tasks in which isolation is not asked for, because it would leave too few stars, and how many are not isolated.
    """
    s = settings.select
    crowded: dict[int, int] = {}
    rivals = not relative and bool(db.one("SELECT count(*) FROM zp_candidate WHERE has_rival"))
    db.job("zeropoint_losers", first=first, last=last if rivals else first - 1)
    db.job("zeropoint_near", first=first, last=last, radius=s.isolation_arcsec)
    db.job(
        "zeropoint_measured", first=first, last=last, fwhm_lower=s.fwhm_lower, fwhm_upper=s.fwhm_upper, inner=s.inner,
        neighbours=s.neighbours, class_star=s.class_star, elongation=s.elongation, bad_flags=s.bad_flags,
        mask_flags=s.mask_flags, max_flag=s.max_flag, snr_lower=s.snr, snr_upper=s.max_snr,
    )  # fmt: skip
    if s.dynamic_range and not relative:
        _cut_range(db, s)
    if s.fwhm_sigma is not None:
        db.job("zeropoint_cut_fwhm", sigma=s.fwhm_sigma)
    if s.elongation_sigma is not None:
        db.job("zeropoint_cut_elongation", sigma=s.elongation_sigma)
    if (s.neighbours and not relative) or s.isolation_arcsec is not None:
        crowded = dict(db.job("zeropoint_crowded", min_stars=settings.needed).rows)
        if crowded:
            db.job("zeropoint_relax", tasks=list(crowded))
    db.job("zeropoint_pair")
    return crowded


def counts(db: Database) -> Any:
    """Return task_no, n_candidate and n_used of what is in zp_measured, as an Arrow table."""
    return db.arrow(statement("jobs", "zeropoint_counts"))


def unusable(db: Database) -> dict[int, str]:
    """Return why the frames in zp_measured that use no star use none."""
    said = {}
    for frame_id, catalog, cuts, numbers in db.job("zeropoint_none_used").rows:
        n = sum(numbers)
        words = ", ".join(f"{k} {CUT_WORDS[CUTS[cut - 1]]}" for cut, k in zip(cuts, numbers, strict=True))
        kind = "reference star" if catalog else "star"
        said[int(frame_id)] = f"{n} {kind}{'' if n == 1 else 's'}, none usable: {words}"
    return said


def choose(db: Database, counted: Any, settings: ZeropointSettings) -> Chosen:
    """Return the option of each frame that has any star.

    Enough stars before few; the frame's own band before one by transformation before one it is tied to; then the
    catalogues in the order asked for, else by rank, unless another has twice its stars over all frames; then the number
    of stars.
    """
    with db.table("zp_counted", counted):
        table = db.arrow(
            "SELECT t.task_no, t.frame_id, t.option_no, t.detector, t.band, t.is_new, c.n_candidate, c.n_used "
            "FROM zp_task AS t JOIN zp_counted AS c USING (task_no) WHERE c.n_used > 0 ORDER BY t.frame_id, t.option_no"
        )
    task, frame, option, is_new, n_candidate, n_used = (
        np.asarray(table[name].to_numpy(zero_copy_only=False))
        for name in ("task_no", "frame_id", "option_no", "is_new", "n_candidate", "n_used")
    )
    needed = np.full(len(task), settings.needed)
    share = settings.share
    if share is not None:
        needed = np.maximum(np.ceil(share * n_candidate), 1).astype(np.int64)
    kind, rank = _kinds(db, settings)
    ample = _ample(table, option, n_used, kind) if settings.catalogs is None else np.ones(len(task), dtype=bool)
    enough = n_used >= needed
    preference = (n_used, -rank[option], ample, kind[option], frame)
    plain = np.lexsort(preference)
    order = np.lexsort((*preference[:-1], enough, frame))
    last = np.append(np.diff(frame[order]) != 0, True) if len(order) else np.zeros(0, dtype=bool)
    best, wished = order[last], plain[last]
    reason = np.full(len(best), None, dtype=object)
    names = {int(r[0]): f"{r[1]} {r[2]}" for r in db.rows("SELECT option_no, catalog, ref_band FROM zp_option").rows}
    for k in np.flatnonzero((best != wished) & ~enough[wished]):
        mine = np.flatnonzero((frame == frame[best[k]]) & ~enough)
        reason[k] = "; ".join(
            f"{names[int(option[i])]}: {_stars(int(n_used[i]))}, fewer than {int(needed[i])}" for i in mine
        )
    return Chosen(task[best], frame[best], option[best], n_candidate[best], is_new[best].astype(bool), reason)


def count_by_cut(db: Database, frame_id: int) -> dict[tuple[str | None, str | None, str | None], list[Count]]:
    """Return how many stars of a frame each cut has left, in the order of the cuts, by catalogue, band and path.

    Parameters
    ----------
    db : Database
        With zp_pair, as `measure` made it.
    frame_id : int
        The frame.
    """
    found: dict[tuple[str | None, str | None, str | None], dict[str | None, int]] = {}
    for catalog, band, path, cut, n in db.job("zeropoint_cut_counts", frame_id=frame_id).rows:
        found.setdefault((catalog, band, path), {})[cut] = int(n)
    answer = {}
    for key, removed in found.items():
        left = sum(removed.values())
        steps = [Count("matched", "matched to the catalogue", 0, left)]
        for cut in CUTS:
            left -= removed.get(cut, 0)
            steps.append(Count(cut, CUT_WORDS[cut], removed.get(cut, 0), left))
        answer[key] = steps
    return answer


def select(
    db: Database, frame_ids: Iterable[int], settings: ZeropointSettings, *, known: dict[str, str] | None = None,
    holds: Iterable[tuple[str | None, str | None]] = (), relative: bool = False,
) -> Colours:  # fmt: skip
    """Match and select the stars of a few frames, to look at; fill zp_pair, and return the colour index of each band.

    Parameters
    ----------
    db : Database
        Open for reading will do.
    frame_ids : iterable of int
        Frames.
    settings : ZeropointSettings
        Of the calibration: `ZeropointSettings.read`.
    known : mapping, optional
        Colour index by band, as the calibration has it.
    holds : iterable of (detector, band), optional
        Systems that keep stars back: ``held_back`` in the calibration's settings.
    relative : bool, default=False
        The stars of relative zero points.
    """
    frames(db, frame_ids, settings.calibrate_as)
    colours = Colours()
    if relative:
        candidates_relative(db, settings, held_up=False)
    else:
        colours = candidates(db, settings, known=known or {})
    ids = db.rows("SELECT min(frame_id), max(frame_id) FROM zp_task").rows[0]
    first, last = (0, -1) if ids[0] is None else ids
    measure(db, int(first), int(last), settings, relative=relative)
    wanted = {(d, b) for d, b in holds}
    tasks = db.rows("SELECT DISTINCT detector, band, option_no FROM zp_task").rows
    hold(db, [(d, b, o, (d, b) in wanted) for d, b, o in tasks])
    return colours


def hold(db: Database, systems: list[tuple[str | None, str | None, int, bool]]) -> None:
    """Say which systems (detector, band, option) keep stars back."""
    import pyarrow as pa

    schema = pa.schema(
        [("detector", pa.string()), ("band", pa.string()), ("option_no", pa.int32()), ("holds", pa.bool_())]
    )
    rows = [dict(zip(schema.names, system, strict=True)) for system in systems]
    with db.table("zp_holds_found", pa.Table.from_pylist(rows, schema=schema)):
        db.job("zeropoint_holds")


def _prepare(db: Database) -> None:
    """Make what the view zp_pair reads beside the candidates."""
    db.job("zeropoint_cut_names", cuts=list(CUTS))
    hold(db, [])


def _match(db: Database) -> None:
    """Fill zp_match and zp_crowd."""
    reach = float(db.one("SELECT coalesce(max(reach_arcsec), 2.0) FROM zp_object"))
    cell = float(chord(16.0 * (reach + _QUARTER_MOTION)))  # 16 radii: the quickest measured for this join
    db.job("zeropoint_match", cell=cell, n=int(2.0 / cell) + 8, pad=float(chord(_QUARTER_MOTION)))
    radius = float(db.one("SELECT coalesce(max(aperture_arcsec), 0.0) FROM zp_frame"))
    db.job("zeropoint_crowd", cell=float(chord(max(radius, 2.0))), radius=float(chord(radius)))


def _variables(db: Database, s: Selection) -> None:
    """Fill zp_known_variable and zp_varying."""
    db.job("zeropoint_variables", radius=float(chord(_VSX_ARCSEC)))
    db.job("zeropoint_varying", max_chi2=s.max_chi2, least=_LEAST_FRAMES)


def _cut_range(db: Database, s: Selection) -> None:
    """Cut what is outside the useful range of magnitude of each frame."""
    import pyarrow as pa

    table = db.arrow(statement("jobs", "zeropoint_for_range"), {"snr": s.snr})
    task, mag, d = (np.asarray(table[name].to_numpy()) for name in ("task_no", "mag", "d"))
    tasks, start = np.unique(task, return_index=True)
    bounds = np.append(start, len(task))
    ranges = [useful_range(mag[a:b], d[a:b]) for a, b in pairwise(bounds)]
    lower, upper = (np.array([r[k] for r in ranges], dtype=np.float64) for k in (0, 1))
    with db.table("zp_range", pa.table({"task_no": tasks, "lower": lower, "upper": upper})):
        db.job("zeropoint_cut_range")


def _kinds(db: Database, settings: ZeropointSettings) -> tuple[Numbers, Numbers]:
    """Return how near each option is (2 own band, 1 by transformation, 0 tied), and its catalogue's rank."""
    rows = db.rows("SELECT option_no, catalog, ref_path, is_own FROM zp_option ORDER BY option_no").rows
    kind, rank = np.zeros(len(rows) + 1, dtype=np.int64), np.zeros(len(rows) + 1, dtype=np.int64)
    asked = settings.catalogs
    for number, catalog, path, is_own in rows:
        kind[number] = (2 if path is None else 1) if is_own else 0
        rank[number] = definition.rank(catalog) if asked is None else asked.index(catalog)
    return kind, rank


def _ample(table: Any, option: Numbers, n_used: Numbers, kind: Numbers) -> Numbers:
    """Return whether an option has at least half of the stars of the richest of its kind, detector and band."""
    keys = _numbered(table, "detector") * 100_000 + _numbered(table, "band")
    system = np.unique(keys * 10_000 + option, return_inverse=True)[1]
    total = np.bincount(system, n_used)
    peer = np.unique(keys * 10 + kind[option], return_inverse=True)[1]
    most = np.zeros(int(peer.max(initial=-1)) + 1)
    np.maximum.at(most, peer, total[system])
    return np.asarray(2 * total[system] >= most[peer])


def _numbered(table: Any, name: str) -> Numbers:
    """Return a column of words as numbers."""
    encoded = table[name].combine_chunks().dictionary_encode()
    return np.asarray(encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)).astype(np.int64) + 1


def _stars(n: int) -> str:
    """Return a number of stars in words."""
    return f"{n} star{'' if n == 1 else 's'}"
