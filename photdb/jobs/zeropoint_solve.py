"""Zero points of the frames that are solved together: one detector, band and catalogue, in every aperture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.jobs.zeropoint_settings import ZeropointSettings
from photdb.jobs.zeropoint_stars import Candidates, Stars, dense
from photdb.photometry import zero_point
from photdb.photometry.pp_scheme import solve_pp
from photdb.photometry.zero_measures import Measures, Model
from photdb.photometry.zero_point import Solution
from photdb.photometry.zero_terms import place_sum

#: Bits of zeropoint.flag.
FEW_STARS, FAR_FROM_OTHERS, NONE_MADE = 1, 2, 4

PRIMARY, AUTO, PSF, WHOLE = 0, -1, -2, -3

#: Where a magnitude term is zero (mag): the same for all bands, in the middle of what small telescopes calibrate with.
MAG_PIVOT = 14.0

#: Days without frames after which a new season begins: long enough for a mirror to be washed or a filter to be changed.
SEASON_GAP = 120.0

_SAMPLE, _FRAMES = 30_000, 40  # measurements and frames that tell whether the detector measures alike everywhere

Numbers = NDArray[Any]


@dataclass(frozen=True, slots=True)
class System:
    """The frames that are solved together; arrays one a frame, in the order of frame_id.

    Attributes
    ----------
    detector, band
        Of the frames.
    option
        Catalogue, ref_band, ref_path, mag_system, is_own; empty: relative.
    frame_id, n_candidate, reason, is_new, mjd
        One a frame; frames that are not new hold up the others.
    colour
        Index and pivot of the colour term; None: there is none.
    fixed
        mag; zero points that are known (NaN: to be found); None: none is.
    given_term, given_map
        Colour term and map of the frames that hold up the others: theirs are kept.
    """

    detector: str | None
    band: str | None
    option: dict[str, Any]
    option_no: int
    frame_id: Numbers
    n_candidate: Numbers
    reason: Numbers
    is_new: Numbers
    mjd: Numbers
    colour: tuple[str, float] | None = None
    fixed: Numbers | None = None
    given_term: float | None = None
    given_map: Numbers | None = None
    last_term: float | None = None

    @property
    def relative(self) -> bool:
        """Whether there is no catalogue."""
        return not self.option


@dataclass(frozen=True, slots=True)
class Solved:
    """The primary aperture of a system, and how its stars are numbered.

    Attributes
    ----------
    keys
        What the stars are, in the order of their numbers.
    by_part
        Stars are numbered for each part of the detector by itself.
    """

    solution: Solution
    model: Model
    keys: Numbers
    by_part: bool
    holds: bool
    term: Numbers
    term_err: Numbers


def seasons(mjd: Numbers) -> Numbers:
    """Return the season of each frame, from 0: a new one begins after 120 days without a frame."""
    order = np.argsort(mjd, kind="stable")
    out = np.zeros(len(mjd), dtype=np.int64)
    gaps = np.diff(np.nan_to_num(mjd[order]), prepend=np.nan_to_num(mjd[order[:1]]) if len(mjd) else 0.0)
    out[order] = np.cumsum(gaps >= SEASON_GAP)
    return out


def solve_primary(
    stars: Stars, known: Candidates, system: System, settings: ZeropointSettings, *, holds: bool
) -> Solved:
    """Return the solution of a system in its primary aperture; `holds`: the stars kept back are not among the stars."""
    if settings.method == "pp" and not system.relative:
        return _pp(stars, known, system, settings, holds)
    model = _model(system, settings)
    by_part = _depends_on_place(stars, known, system, model)
    key = _key(stars, known, by_part)
    keys = np.unique(key) if by_part else np.flatnonzero(np.bincount(key))
    m = _measures(stars, known, _places(key, keys), system, model)
    season = seasons(system.mjd)
    m, model, term, term_err = _season_terms(m, model, season, len(keys), system)
    solution = _solve(m, model, system, len(keys), season)
    unknown = term is None and model.colour == "shared" and not np.isfinite(solution.colour_term).any()
    if unknown and system.last_term is not None:  # this night cannot tell: the season's term is kept
        model = replace(model, colour="fixed", colour_value=system.last_term)
        solution = _solve(m, model, system, len(keys), season)
    if term is None:
        term, term_err = solution.colour_term, solution.colour_term_err
    return Solved(solution, model, keys, by_part, holds, term, term_err)


def solve_aperture(
    stars: Stars, known: Candidates, system: System, settings: ZeropointSettings, solved: Solved
) -> Solution:
    """Return the solution of a system in another aperture."""
    if solved.holds:
        stars = stars.where(~known.held[stars.star])
    if settings.method == "pp" and not system.relative:
        return _pp(stars, known, system, settings, solved.holds).solution
    place = _places(_key(stars, known, solved.by_part), solved.keys)
    stars, place = stars.where(place >= 0), place[place >= 0]
    m = _measures(stars, known, place, system, solved.model)
    if solved.model.colour == "none" and system.colour and np.isfinite(solved.term).any():
        m = _without_term(m, known, stars, system, solved.term)
    return zero_point.in_aperture(
        m, solved.solution, n_frame=len(system.frame_id), n_star=len(solved.keys), model=solved.model
    )


def _model(system: System, settings: ZeropointSettings) -> Model:
    """Return what is fitted."""
    joint = settings.method != "frame" or system.relative
    colour, value = "none", 0.0
    if system.colour and not system.relative:
        mode = "shared" if settings.colour_term == "auto" else settings.colour_term
        colour, value = (mode, 0.0) if isinstance(mode, str) else ("fixed", float(mode))
    if system.given_term is not None:
        colour, value = "fixed", system.given_term
    held_up = system.fixed is not None and system.given_map is not None
    return Model(
        offsets=joint, robust=settings.robust, colour=colour, colour_value=value,
        colour_pivot=system.colour[1] if system.colour else 0.0,
        magnitude=settings.magnitude_term and not system.relative, mag_pivot=MAG_PIVOT,
        spatial=0 if held_up else settings.spatial, spatial_per=settings.spatial_per,
        weak_prior=settings.method == "ubercal" and not system.relative, snr=settings.select.snr,
    )  # fmt: skip


def _measures(stars: Stars, known: Candidates, number: Numbers, system: System, model: Model) -> Measures:
    """Return the stars as they are solved, what the frames before have of a map taken out."""
    m = stars.measures(known, number, colour=model.colour != "none", place=model.spatial > 0, magnitude=model.magnitude)
    if system.given_map is not None:
        u, v = stars.u, stars.v
        assert u is not None
        assert v is not None
        m = replace(m, d=m.d - place_sum(u, v, np.broadcast_to(system.given_map, (len(u), len(system.given_map)))))
    return m


def _solve(m: Measures, model: Model, system: System, n_star: int, season: Numbers) -> Solution:
    """Solve."""
    return zero_point.solve(
        m, n_frame=len(system.frame_id), n_star=n_star, model=model, relative=system.relative,
        fixed=system.fixed if model.offsets else None,
        map_group=season if model.spatial and model.spatial_per == "shared" else None,
    )  # fmt: skip


def _season_terms(
    m: Measures, model: Model, season: Numbers, n_star: int, system: System
) -> tuple[Measures, Model, Numbers | None, Numbers]:
    """Take out the colour term of each season, where there are several; return it for each frame (None: not yet)."""
    n_season = int(season.max(initial=0)) + 1
    if model.colour != "shared" or n_season < 2:
        return m, model, None, np.zeros(0)
    terms, errors = np.full(n_season, np.nan), np.full(n_season, np.nan)
    of_row = season[m.frame]
    for k in range(n_season):
        place = np.cumsum(season == k) - 1
        mine = m.take(of_row == k)
        mine = replace(mine, frame=place[mine.frame])
        if len(mine.d):
            n = int((season == k).sum())
            found = zero_point.solve(mine, n_frame=n, n_star=n_star, model=replace(model, spatial=0))
            terms[k], errors[k] = _one(found.colour_term), _one(found.colour_term_err)
    if not np.isfinite(terms).any():
        return m, replace(model, colour="none"), np.full(len(season), np.nan), np.full(len(season), np.nan)
    unknown = ~np.isfinite(terms)
    terms[unknown] = np.nanmedian(terms)
    assert m.colour is not None
    m = replace(m, d=(m.d - terms[of_row] * (m.colour - model.colour_pivot)).astype(np.float32))
    return m, replace(model, colour="none"), terms[season], errors[season]


def _without_term(m: Measures, known: Candidates, stars: Stars, system: System, term: Numbers) -> Measures:
    """Return measures of another aperture with the terms of the seasons taken out."""
    assert system.colour is not None
    shift = np.nan_to_num(term)[m.frame] * np.nan_to_num(known.colour[stars.star] - system.colour[1])
    return replace(m, d=(m.d - shift).astype(np.float32))


def _one(values: Numbers) -> float:
    """Return the value that all frames have, NaN where there is none."""
    there = values[np.isfinite(values)]
    return float(there[0]) if len(there) else float("nan")


def _depends_on_place(stars: Stars, known: Candidates, system: System, model: Model) -> bool:
    """Return whether the detector measures differently from place to place, on frames evenly chosen."""
    if system.relative or not model.offsets or model.spatial or not len(stars.d) or system.given_map is not None:
        return False
    n_frame = int(stars.frame[-1]) + 1
    step = min(-(-len(stars.d) // _SAMPLE), max(n_frame // _FRAMES, 1))
    if step > 1:  # runs of consecutive frames: they share their stars
        run = max(n_frame // (20 * step), 1)
        chosen = (np.arange(n_frame) // run) % step == 0
        stars = stars.where(np.flatnonzero(chosen[stars.frame]))
    frame, n_frame = dense(stars.frame)
    number, _ = dense(known.source[stars.star])
    m = Measures(frame, number, stars.d, stars.err, known.mag_err[stars.star])
    return zero_point.depends_on_place(m, stars.part, n_frame=n_frame)


def _key(stars: Stars, known: Candidates, by_part: bool) -> Numbers:
    """Return what a star is: the reference star, or the reference star on a part of the detector."""
    source = known.source[stars.star]
    return source.astype(np.int64) * 64 + stars.part if by_part else source


def _places(key: Numbers, keys: Numbers) -> Numbers:
    """Return where each key is among the sorted ones, -1 where it is not."""
    if not len(keys):
        return np.full(len(key), -1, dtype=np.int32)
    table = np.full(int(max(keys[-1], key.max(initial=0))) + 1, -1, dtype=np.int32)
    table[keys] = np.arange(len(keys))
    return table[key]


def _pp(stars: Stars, known: Candidates, system: System, settings: ZeropointSettings, holds: bool) -> Solved:
    """Return the zero points by PP's scheme; its error is the scatter and the errors together."""
    n = len(system.frame_id)
    share = 0.5 if settings.min_stars is None else settings.min_stars
    found = solve_pp(stars.d, known.mag_err[stars.star], stars.err, stars.frame, n_frame=n, min_stars=share)
    nan, zero = np.full(n, np.nan), np.zeros(n)
    number, n_star = dense(known.source[stars.star])
    m = stars.measures(known, number, colour=False, place=False, magnitude=False)
    plain = zero_point.solve(m, n_frame=n, n_star=n_star, model=Model(offsets=False))
    there = np.isfinite(found.zp)
    solution = replace(
        plain, zp=found.zp, zp_err=found.sigma, zp_sys=np.where(there, zero, nan), n_star=found.n, chi2=found.red_chi2,
    )  # fmt: skip
    return Solved(solution, Model(offsets=False), np.unique(known.source[stars.star]), False, holds, nan, nan)
