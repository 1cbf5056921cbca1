"""Candidates for variable stars: who scatters more than stars of the same brightness, and what else speaks for it.

A star is compared with its like: the same passband and scale of magnitudes, part of the sky, brightness, and whether
neighbours shine into it. Scatter alone makes no candidate. A single bad point is taken away first, and something else
must agree: the middle of the points, their order in time, pairs of them, or several points on the same side.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from photdb.errors import NotFoundError, UsageError
from photdb.jobs import statistics
from photdb.jobs.statistics_points import Curves, curves_of
from photdb.magnitudes import POGSON
from photdb.photometry import variability
from photdb.photometry.flags import Flag
from photdb.photometry.robust import MAD
from photdb.photometry.variability import Floor, Moments, Robust

if TYPE_CHECKING:
    from photdb.store.database import Database

Floats = NDArray[np.float64]

#: Flags of points with light of a neighbour.
_NEIGHBOUR = int(Flag.NEIGHBOURS | Flag.DEBLENDED | Flag.BLEND_SUSPECTED | Flag.MERGED)

#: A cell of the sky with at least so many stars has a floor of its own.
FIELD_STARS = 100

#: A star is blended when more than this share of its points have light of a neighbour; so many have their own floor.
_BLENDED, FEWEST_BLENDS = 0.3, 30

#: A star whose flux follows the seeing so well (rank correlation) varies by nothing else: one that is blended, any.
_SEEING, _NOTHING_ELSE = 0.5, 0.9

#: Sigma within nights up to which a star is steady there; of so many, rank correlations of a night each are chance.
_STEADY, _CHANCE = 1.5, 2.0

#: What must agree with the scatter, in sigma: the middle of the points; order in time; pairs.
_MIDDLE, _ORDER, _PAIRS = 3.0, 4.0, 4.0

#: The variance of a scatter from the median absolute deviation over that of a standard deviation (efficiency 0.37).
_OF_MAD = 2.7

#: A point this many usual scatters away is far off; so many on one side are no accident.
_FAR, _MANY = 5.0, 3

#: Floors of these, in the order of the reasons.
KINDS = ("all", "within", "nights")


@dataclass(frozen=True, slots=True)
class Ranked:
    """All stars of a store that have enough points, each beside its like.

    Parameters
    ----------
    columns : dict of arrays
        ``object_id``, ``name``, ``ra``, ``dec``, ``vsx_name``, ``band``, ``mag_system``, ``detector``, ``cal_low`` ...
    moments : Moments
        Their statistics.
    usual : dict of arrays
        mag; the rms that is usual for the brightness, by kind: all points, within nights, from night to night.
    excess : dict of arrays
        The same, by how many sigma the star's own is above; NaN: no such scatter, or no field to compare with.
    floors : list
        Label of the field, kind, and its floor.
    """

    columns: dict[str, NDArray[Any]]
    moments: Moments
    usual: dict[str, Floats]
    excess: dict[str, Floats]
    floors: list[tuple[str, str, Floor]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.moments.n)

    @property
    def score(self) -> Floats:
        """The greatest excess of each star; -inf where there is none."""
        stacked = np.stack([self.excess[k] for k in KINDS])
        return np.asarray(np.max(np.where(np.isfinite(stacked), stacked, -np.inf), axis=0))


@dataclass(frozen=True, slots=True)
class Candidate:
    """One candidate in one band: its place in `Ranked`, and what speaks for and against it."""

    row: int
    score: float
    amplitude: float
    von_neumann: float
    stetson_j: float
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]


def rank(db: Database, *, band: str | None = None, min_points: int = 5) -> Ranked:
    """Return the stars with enough points, ranked; within `photdb.jobs.statistics.counted`.

    Raises
    ------
    NotFoundError
        If no star has enough points; it says how many the most have.
    """
    table = db.arrow(_job("statistics_rank"), {"band": band, "least": min_points})
    if not len(table):
        raise _too_few(db, band, min_points)
    columns = {name: _numpy(table.column(name)) for name in table.column_names}
    found = variability.moments(columns)
    usual = {kind: np.full(len(found.n), np.nan) for kind in KINDS}
    excess = {kind: np.full(len(found.n), np.nan) for kind in KINDS}
    ranked = Ranked(columns, found, usual, excess)
    blended = columns["n_blend"] > _BLENDED * columns["n"]
    for label, members in _fields(columns):
        alone, pairs = members[~blended[members]], members[blended[members]]
        _compare(ranked, label, alone, alone)
        _compare(ranked, f"{label}, blended", pairs, pairs if len(pairs) >= FEWEST_BLENDS else members)
    return ranked


def _job(name: str) -> str:
    """Return the text of a job's statement."""
    from photdb.store.database import statement

    return statement("jobs", name)


def _numpy(column: Any) -> NDArray[Any]:
    """Return a column as numpy; numbers that are NULL as NaN."""
    return np.asarray(column.to_numpy(zero_copy_only=False))


def _too_few(db: Database, band: str | None, min_points: int) -> NotFoundError:
    """Return the error for a store in which nothing was seen often enough."""
    most = db.rows("SELECT band, max(n) FROM stat_band GROUP BY band ORDER BY band").rows
    there = ", ".join(f"{n} in {name or 'no band'}" for name, n in most)
    where = f" in band {band}" if band else ""
    hint = (
        f"the most points of a star: {there}; --min-points asks for fewer" if there else "photdb zeropoint calibrates"
    )
    return NotFoundError(f"no star has {min_points} calibrated points{where}", hint)


def _fields(columns: dict[str, NDArray[Any]]) -> list[tuple[str, NDArray[np.int64]]]:
    """Return label and members of what is compared: scale of magnitudes, and part of the sky where stars are many."""
    keys = list(zip(*(map(str, columns[k]) for k in ("band", "mag_system", "detector")), strict=True))
    scales: dict[tuple[str, ...], list[int]] = {}
    for i, key in enumerate(keys):
        scales.setdefault(key, []).append(i)
    found = []
    for (band, system, detector), listed in scales.items():
        label = f"{band} ({system}{'' if detector == 'None' else f', {detector}'})"
        members = np.array(listed)
        _, inverse, count = np.unique(columns["field"][members], return_inverse=True, return_counts=True)
        own = np.flatnonzero(count >= FIELD_STARS)
        found += [(label, members[inverse == k]) for k in own]
        rest = members[~np.isin(inverse, own)]
        if len(rest):
            found.append((label, rest if len(rest) >= FIELD_STARS or not len(own) else members))
    return found


def _compare(ranked: Ranked, label: str, members: NDArray[np.int64], among: NDArray[np.int64]) -> None:
    """Find the floors of some stars, and by how much each member is above."""
    m = ranked.moments
    mag, err = m.mag[members], m.err[members]
    for kind, rms, dof in (
        ("all", m.rms, m.n - 1), ("within", m.rms_within, m.n - m.n_night), ("nights", m.rms_nights, m.n_night - 1),
    ):  # fmt: skip
        own, nu = rms[members], dof[members]
        floor = variability.scatter_floor(m.mag[among], m.err[among], rms[among], dof[among])
        if floor is not None:
            ranked.floors.append((label, kind, floor))
            usual, excess = floor.rms(mag, err), floor.excess(mag, err, own, nu)
        elif kind == "all":
            # no field to compare with: the errors say what is usual, for what they are worth (a factor 1.5)
            usual = err
            with np.errstate(divide="ignore", invalid="ignore"):
                excess = np.log(own / usual) / np.sqrt(np.log(1.5) ** 2 + 0.5 / np.maximum(nu, 1))
        else:
            continue
        there = np.isfinite(mag) & (nu > 0) & (own > 0)
        ranked.usual[kind][members] = usual
        ranked.excess[kind][members] = np.where(there, excess, np.nan)


def candidates(db: Database, ranked: Ranked, *, sigma: float = 5.0) -> list[Candidate]:
    """Return the stars whose scatter stands out and is no accident, the greatest excess first.

    Parameters
    ----------
    db : Database
        Within `photdb.jobs.statistics.counted`.
    ranked : Ranked
        From `rank`.
    sigma : float, default=5
        How far above the usual scatter.
    """
    score = ranked.score
    rows = np.flatnonzero(score >= sigma)
    if not len(rows):
        return []
    curves = curves_of(db, np.unique(ranked.columns["object_id"][rows]))
    found = [c for c in map(_Judge(ranked, curves, sigma).judge, rows.tolist()) if c is not None]
    return sorted(found, key=lambda c: -c.score)


class _Judge:
    """Looks at the points of one star after the other."""

    def __init__(self, ranked: Ranked, curves: Curves, sigma: float) -> None:
        self.ranked, self.curves, self.sigma = ranked, curves, sigma
        self.robust: Robust = curves.robust()
        self.j_bands = curves.stetson_j_bands()
        self.trimmed, self.n_left = variability.trimmed_rms(curves.flux, curves.start)

    def judge(self, row: int) -> Candidate | None:
        """Return the candidate, or None: its scatter is the doing of a point or two, or nothing agrees with it."""
        column, r = self.ranked.columns, self.robust
        run = self.curves.run_of(
            column["object_id"][row], column["band"][row], column["mag_system"][row], column["detector"][row]
        )
        if run is None:
            return None
        far, in_a_row = self._far_points(row, run)
        agreeing = self._agreeing(row, run) + far
        if not agreeing or not (in_a_row or self._without_extremes(row, run)):
            return None
        seeing, blended = self.curves.seeing(run), self.curves.flag_shares(run)(_NEIGHBOUR) > _BLENDED
        if abs(seeing) > (self._seeing_of_chance(row) if blended else _NOTHING_ELSE):
            return None
        kinds = [k for k in KINDS if self.ranked.excess[k][row] >= self.sigma]
        reasons = [_scatter_words(self.ranked, row, k) for k in kinds] + agreeing
        return Candidate(
            row=row,
            score=float(self.ranked.score[row]),
            amplitude=_magnitudes(r.p95[run], r.p5[run]),
            von_neumann=float(r.von_neumann[run]),
            stetson_j=float(r.stetson_j[run]),
            reasons=tuple(reasons),
            warnings=tuple(self._warnings(run, seeing)),
        )

    def _seeing_of_chance(self, row: int) -> float:
        """Return the rank correlation with the seeing above which a blended star is not believed.

        A star that is steady within nights has one brightness and one seeing a night: few of them agree by chance.
        """
        n_night = float(self.ranked.moments.n_night[row])
        if n_night < 3 or not self.ranked.excess["within"][row] < _STEADY:
            return _SEEING
        return float(np.clip(_CHANCE / np.sqrt(n_night - 1), _SEEING, _NOTHING_ELSE))

    def _without_extremes(self, row: int, run: int) -> bool:
        """Whether the star still scatters too much without its most extreme points.

        What happens within nights or from night to night is weaker in all points taken together: where only that stands
        out, all of them need to be above the usual, not by as much.
        """
        dof = max(int(self.n_left[run]) - 1, 1)
        usual = self.ranked.usual["all"][row]
        rms = POGSON * self.trimmed[run]
        if not (rms > 0 and usual > 0):
            return False
        spread = np.log(self.ranked.moments.rms[row] / usual) / self.ranked.excess["all"][row]
        above = np.log(rms / usual) / max(abs(spread), np.sqrt(0.5 / dof))
        needed = 0.6 * self.sigma if self.ranked.excess["all"][row] >= self.sigma else 1.0
        return bool(above >= needed)

    def _agreeing(self, row: int, run: int) -> list[str]:
        """Return what else speaks for a variable, in words."""
        r, usual, n = self.robust, self.ranked.usual["all"][row], int(self.curves.n[run])
        words = []
        middle = POGSON * MAD * r.mad[run] / r.median[run] if r.median[run] > 0 else 0.0
        if middle > 0 and np.log(middle / usual) > _MIDDLE * np.sqrt(0.2**2 + 0.5 * _OF_MAD / max(n - 1, 1)):
            words.append(f"half of the points scatter as well (MAD x 1.48 {_mag(middle)})")
        smooth = (2.0 - r.von_neumann[run]) / np.sqrt(4.0 * (n - 2) / (n * n - 1.0)) if n > 3 else 0.0
        if smooth > _ORDER:
            words.append(f"changes from point to point are small (von Neumann {r.von_neumann[run]:.2f}; noise 2)")
        size = self.ranked.moments.err[row] / usual
        j = r.stetson_j[run] * min(size, 1.0)
        if r.n_pair[run] and j * np.sqrt(r.n_pair[run]) / 0.8 > _PAIRS:
            words.append(f"neighbouring points agree (Stetson J {r.stetson_j[run]:.2f} of {r.n_pair[run]} pairs)")
        bands, pairs = self.j_bands[0][run], self.j_bands[1][run]
        if pairs and bands * min(size, 1.0) * np.sqrt(pairs) / 0.8 > _PAIRS:
            words.append(f"passbands agree (Stetson J {bands:.2f} of {pairs} pairs)")
        return words

    def _far_points(self, row: int, run: int) -> tuple[list[str], bool]:
        """Return words of points far from the middle on one side, and whether enough of them follow each other.

        Three in a row are an eclipse or a flare. As many here and there may be cosmic rays, of which a long light curve
        has several: these need to be more, and a fifteenth of the points.
        """
        flux = self.curves.flux[self.curves.start[run] : self.curves.start[run + 1]]
        middle, usual = self.robust.median[run], self.ranked.usual["all"][row]
        if not middle > 0:
            return [], False
        off = POGSON * (flux - middle) / middle / usual
        for side, far in (("fainter", off < -_FAR), ("brighter", off > _FAR)):
            n, longest = int(far.sum()), _longest(far)
            if longest >= _MANY:
                return [
                    f"{longest} points in a row are {side} than the median by more than {_FAR:g} usual scatters"
                ], True
            if n >= max(_MANY + 1, len(flux) / 15):
                return [f"{n} points are {side} than the median by more than {_FAR:g} usual scatters"], False
        return [], False

    def _warnings(self, run: int, seeing: float) -> list[str]:
        """Return what to be careful about."""
        share = self.curves.flag_shares(run)
        words = []
        for flag, least, text in (
            (Flag.MERGED, 0.1, "one with a neighbour by seeing"), (Flag.BLEND_SUSPECTED, 0.1, "blend suspected"),
            (Flag.DEBLENDED, 0.3, "taken apart from a neighbour"),
            (Flag.NEIGHBOURS, 0.5, "light of a neighbour in the aperture"), (Flag.SATURATED, 0.0, "saturated"),
            (Flag.TRUNCATED | Flag.APERTURE_INCOMPLETE, 0.0, "at the edge of the frame"),
            (Flag.BAD_PIXEL, 0.1, "on bad pixels"), (Flag.COSMIC_RAY, 0.1, "on a cosmic ray"),
        ):  # fmt: skip
            part = share(int(flag))
            if part > least:
                words.append(f"{text} in {part:.0%} of its points" if part >= 0.005 else f"{text} in a few points")
        if abs(seeing) > _SEEING:
            words.append(f"its flux follows the seeing (rank correlation {seeing:+.2f})")
        return words


def _scatter_words(ranked: Ranked, row: int, kind: str) -> str:
    """Return by how much which scatter stands out."""
    m = ranked.moments
    rms = {"all": m.rms, "within": m.rms_within, "nights": m.rms_nights}[kind][row]
    name = {"all": "scatter", "within": "scatter within nights", "nights": "scatter from night to night"}[kind]
    usual, excess = ranked.usual[kind][row], ranked.excess[kind][row]
    points = f" ({m.n[row]} points, {m.n_night[row]} night{'s' * int(m.n_night[row] > 1)})" if kind == "all" else ""
    return f"{name} {_mag(rms)}, {excess:.1f} sigma above the {_mag(usual)} usual at {m.mag[row]:.1f} mag{points}"


def _longest(far: NDArray[np.bool_]) -> int:
    """Return how many true values follow each other at most."""
    ends = np.flatnonzero(np.diff(np.concatenate([[False], far, [False]]).astype(np.int8)))
    return int(np.max(ends[1::2] - ends[::2], initial=0))


def _mag(value: float) -> str:
    """Return a scatter with its unit."""
    return f"{value:.3f} mag" if value < 0.1 else f"{value:.2f} mag"


def _magnitudes(bright: float, faint: float) -> float:
    """Return the ratio of two fluxes in magnitudes, NaN where one is not positive."""
    return float(2.5 * np.log10(bright / faint)) if faint > 0 and bright > 0 else float("nan")


def frames_of_night(db: Database, night: str) -> list[int]:
    """Return the frames of a night.

    Raises
    ------
    UsageError
        If it is no date.
    NotFoundError
        If no frame of that night has a zero point; it says which nights have.
    """
    try:
        day = date.fromisoformat(night)
    except ValueError:
        raise UsageError(f"{night!r} is not a night", "write the date of its evening, as 2025-11-18") from None
    ids = [int(r[0]) for r in db.job("statistics_night", night=day).rows]
    if not ids:
        first, last = db.rows("SELECT min(night), max(night) FROM stat_frame").rows[0]
        there = f"calibrated nights are between {first} and {last}" if first else "no frame has a zero point"
        raise NotFoundError(f"no frame of {night} has a zero point", f"{there}; `photdb status` lists the nights")
    return ids


def counted(db: Database, *, night: str | None = None) -> Any:
    """Have the moments at hand: of everything, or of one night."""
    if night is None:
        return statistics.counted(db)
    statistics.note_frames(db)
    return statistics.counted(db, frame_ids=frames_of_night(db, night))
