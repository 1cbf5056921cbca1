"""Offsets of stars that frames share: what is the same in every frame is taken out of the difference between frames.

The model is ``d = m_ref - m_inst = zp[frame] + terms + offset[star] + noise``. A star's offset holds the error of its
catalogue magnitude: it is the same in every frame, so taking it out leaves only the noise of the frames themselves
between them. Without reference magnitudes the offsets are free, and the zero points relative.
docs/concepts/zero-points.md says why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve
from scipy.sparse import coo_array, csr_array, vstack

from photdb.photometry import zero_terms
from photdb.photometry.frame_groups import connected
from photdb.photometry.normal_equations import System
from photdb.photometry.robust import biweight, extra_scatter, grouped_median, segment_median
from photdb.photometry.zero_measures import Array, Block, Index, Measures, Rows, expected_variance
from photdb.photometry.zero_terms import Terms, powers

_ROUNDS = 12
_SAMPLE = 20_000
_START = 101  # measurements of a frame or a star that a first median needs
_MOST_TAKEN = 0.9
_STILL = 2e-4  # mag: a frame that moves less is at rest, if frames as a whole move ten times less
_WEAK = 0.01  # share of its weight that a weak prior keeps: it then acts over some twenty links of a chain


@dataclass(frozen=True, slots=True)
class Offsets:
    """What the frames have in common.

    Attributes
    ----------
    zp
        mag, one a frame: the solution itself, to start from.
    offset
        mag, one a star; 0 for a star seen in one frame only. The stars' terms are not in it.
    variance
        mag^2, one a star: of the offset that was *not* taken out (stars seen once); infinite for a star seen once
        that has no say in the level.
    seen
        Frames that a star was seen in.
    floor
        mag; scatter of a single measurement beyond its error.
    tie_err
        mag, one a frame: error of the mean of the offsets, common to the frames that share stars; 0 for a frame
        that shares none (its own error holds it), NaN without reference magnitudes.
    group
        One a frame: frames of one number are connected by common stars.
    spread
        mag; scatter of the offsets beyond the errors that the catalogue gives.
    slopes, slope_err
        mag per mag: of the stars' terms.
    maps
        mag; n_map x n_power: coefficients of `zero_terms.powers`.
    terms
        The terms themselves.
    link_err
        mag, one a frame: error against the other frames of its group, as the whole net of common stars has it; NaN
        where the net is too large.
    weight
        mag^-2, one a star: what its offset was found with, the catalogue's say included; infinite where the offset is
        not taken out.
    """

    zp: Array
    offset: Array
    variance: Array
    seen: Index
    floor: float
    tie_err: Array
    group: Index
    spread: float = 0.0
    slopes: Array = field(default_factory=lambda: np.zeros(0))
    slope_err: Array = field(default_factory=lambda: np.zeros(0))
    maps: Array = field(default_factory=lambda: np.zeros((0, 0)))
    terms: Terms | None = None
    link_err: Array = field(default_factory=lambda: np.zeros(0))
    weight: Array | None = None

    def taken(self, star: NDArray[Any], sigma2: Array) -> Array:
        """Return which share of the variance of measurements their own star's offset has taken."""
        if self.weight is None:
            seen = self.seen[star]
            return np.asarray(np.where(seen > 1, 1.0 / np.maximum(seen, 1), 0.0))
        return np.asarray(np.minimum(1.0 / (sigma2 * self.weight[star]), _MOST_TAKEN))

    def explained(self, m: Measures, block: Block | None = None) -> NDArray[Any]:
        """Return what offsets and terms say of measurements; of a block's rows, or of all."""
        rows = slice(None) if block is None else block.rows
        star = m.star[rows]
        terms = self.terms
        of_star = self.offset if terms is None or not len(self.slopes) else self.offset + self.slopes @ terms.of_star
        out = of_star[star]
        if terms is not None and terms.order and m.u is not None and m.v is not None:
            out = out + place_values(m, rows, self.maps[terms.map_group[m.frame[rows]]], terms.order)
        return np.asarray(out)


def place_values(m: Measures, rows: slice, coefficients: Array, order: int) -> Array:
    """Return the polynomial over the frame at the place of each row; coefficients one line a row."""
    if m.u is None or m.v is None:
        raise ValueError("a polynomial over the frame needs the places u and v")
    return np.asarray(np.einsum("ki,ik->i", powers(m.u[rows], m.v[rows], order), coefficients))


def star_offsets(
    m: Measures,
    *,
    n_frame: int,
    n_star: int,
    fixed: Array | None = None,
    relative: bool = False,
    terms: Terms | None = None,
    weak: bool = False,
    snr: float = 0.0,
) -> Offsets:
    """Return the offset of every star that frames share.

    Iteratively reweighted least squares with Tukey's biweight, the stars eliminated and the frames solved by
    conjugate gradients. With reference magnitudes the offsets are drawn to zero by their own, robust, scatter, so a
    wrong catalogue star only loses its say in the zero point, not in the frame-to-frame differences.

    Parameters
    ----------
    m : Measures
        Of the primary aperture.
    n_frame, n_star : int
        How many frames and stars the numbers run over.
    fixed : array, optional
        Zero points that are known already (NaN: to be found).
    relative : bool, default=False
        There are no reference magnitudes: offsets are free, and groups of frames without a fixed zero point get a
        median of 0.
    terms : Terms, optional
        Terms that are fitted with them.
    weak : bool, default=False
        The catalogue only holds the level and the large gradients.
    snr : float, default=0
        Signal to noise that measurements were selected above.
    """
    m = m.sorted()
    terms = zero_terms.none(n_frame, n_star) if terms is None else terms
    known = np.full(n_frame, np.nan) if fixed is None else np.asarray(fixed, dtype=np.float64)
    return _Fit(m, n_frame, n_star, known, terms, relative=relative, weak=weak, snr=snr).run()


def depends_on_place(m: Measures, part: Index, *, n_frame: int, tolerance: float = 0.02) -> bool:
    """Return whether stars are measured differently in different parts of the detector.

    Without a good flat field they are, and frames of different pointing must not be tied by the few stars they share
    at opposite edges. What is measured is the scatter of a star's mean between the parts it fell on, beyond its errors.

    Parameters
    ----------
    m : Measures
        Of the primary aperture, with reference magnitudes.
    part : array
        Part of the detector, 0 to 63, of every measure.
    n_frame : int
        How many frames the numbers run over.
    tolerance : float, default=0.02
        mag; scatter between parts that does no harm.
    """
    keys, place = np.unique(m.star.astype(np.int64) * 64 + part, return_inverse=True)
    whole, star_of = np.unique(keys // 64, return_inverse=True)
    if len(keys) == len(whole):
        return False
    by_part = Measures(m.frame, place, m.d, m.err, m.ref_err)
    offsets = star_offsets(by_part, n_frame=n_frame, n_star=len(keys))
    return _between_parts(by_part, offsets, star_of, len(whole)) > tolerance


class _Fit:
    """One solution on its way: the present zero points, offsets and terms."""

    def __init__(
        self,
        m: Measures,
        n_frame: int,
        n_star: int,
        known: Array,
        terms: Terms,
        *,
        relative: bool,
        weak: bool,
        snr: float,
    ) -> None:
        self.m, self.n_frame, self.n_star, self.known, self.terms = m, n_frame, n_star, known, terms
        self.relative, self.weak, self.snr = relative, weak, snr
        self.rows = Rows.of(m.frame, n_frame)
        self.star = m.star.astype(np.int32, copy=False)
        self.bounds = self.rows.bounds.astype(np.int32)
        self.seen = np.bincount(self.star, minlength=n_star)
        self.ref2 = _first(m.ref_err, m.star, n_star) ** 2
        self.group, self.star_group = connected(self.star, self.rows, self.seen, n_frame)
        self.zp, self.offset, self.found = np.zeros(n_frame), np.zeros(n_star), np.zeros(terms.n)
        self.free = ~np.isfinite(known) & (np.diff(self.rows.bounds) > 0)
        self.weight = np.zeros(len(m.d))
        self.floor, self.spread, self.prior = 0.0, 0.0, np.zeros(n_star)
        few = slice(None, None, max(1, len(m.d) // _SAMPLE))
        self.sample = m.take(few)
        self.factor: Any = None
        self.system: System | None = None

    def run(self) -> Offsets:
        """Solve."""
        self._start()
        self.system = None
        for round_ in range(_ROUNDS):
            self.floor = self._floor()
            system = self._system(robust=True)
            largest, typical = self._step(system, tolerance=1e-3 if round_ < 2 else 1e-5)
            if self.relative:
                self._anchor()
            if round_ > 1 and largest < _STILL and typical < 0.1 * _STILL:
                break
        return self._offsets()

    def _start(self) -> None:
        """Find robust first zero points and offsets."""
        m = self.m
        count = np.diff(self.rows.bounds)
        if self.relative:
            self.zp = np.nan_to_num(self.known)
            self.offset = self._star_medians()
            system = self._system(robust=False)
            self._step(system, tolerance=1e-6)
        else:
            zp = segment_median(m.d, self.rows.bounds[:-1], count, most=_START)
            self.zp = np.nan_to_num(np.where(np.isfinite(self.known), self.known, zp))
        self.offset = self._star_medians()

    def _star_medians(self) -> Array:
        """Return the median of each star's values, the zero points taken out."""
        value = np.empty(len(self.m.d), dtype=np.float32)
        for block in self.rows.blocks():
            value[block.rows] = self.m.d[block.rows] - self.zp[block.frames][block.local]
        by_star = csr_array((value, self.star, self.bounds), shape=(self.n_frame, self.n_star)).tocsc()
        return np.nan_to_num(segment_median(by_star.data, by_star.indptr[:-1], np.diff(by_star.indptr), most=_START))

    def _residual(self, m: Measures, frame: NDArray[Any], rows: slice) -> Array:
        """Return what is left of some measurements."""
        maps, slopes = self.terms.split(self.found)
        of_star = self.offset + slopes @ self.terms.of_star if len(slopes) else self.offset
        left = m.d[rows] - self.zp[frame] - of_star[m.star[rows]]
        if self.terms.order:
            left -= place_values(m, rows, maps[self.terms.map_group[frame]], self.terms.order)
        return np.asarray(left)

    def _floor(self) -> float:
        """Return the scatter of a measurement beyond its error."""
        some = self.sample
        shared = self.seen[some.star] > 1
        residual = self._residual(some, some.frame, slice(None))
        if self.system is None:
            taken = 1.0 / np.maximum(self.seen[some.star], 2)
        else:
            sigma2 = np.square(some.err, dtype=np.float64) + self.floor**2
            of_frame = np.maximum(self.system.of_frame[some.frame], 1e-300)
            taken = (1.0 / self.system.of_star[some.star] + 1.0 / of_frame) / sigma2
        freedom = np.sqrt(1.0 - np.minimum(taken, _MOST_TAKEN))
        return extra_scatter((residual / freedom)[shared], some.err[shared])

    def _system(self, *, robust: bool) -> System:
        """Return the equations of the next step from the present solution."""
        n_term = self.terms.n
        of_frame, right_frame = np.zeros(self.n_frame), np.zeros(self.n_frame)
        of_star, right_star = np.zeros(self.n_star), np.zeros(self.n_star)
        sums = _TermSums(self.terms, self.n_frame, self.n_star, len(self.m.d)) if n_term else None
        for block in self.rows.blocks(max(1 << 16, self.n_star // 2)):
            frame = np.asarray(self.m.frame[block.rows])
            residual = self._residual(self.m, frame, block.rows)
            err = self.m.err[block.rows]
            if robust:
                sigma2 = expected_variance(block, err, residual, self.snr) + (self.floor**2 + 1e-14)
                weight = biweight(residual / np.sqrt(sigma2)) / sigma2
            else:
                weight = 1.0 / (np.square(err, dtype=np.float64) + 1e-4)
            self.weight[block.rows] = weight
            pull = weight * residual
            of_frame[block.frames], right_frame[block.frames] = block.total(weight), block.total(pull)
            star = self.star[block.rows]
            of_star += np.bincount(star, weight, self.n_star)
            right_star += np.bincount(star, pull, self.n_star)
            if sums is not None:
                sums.add(self.m, block, weight, pull)
        if robust and not self.relative:
            self._draw(of_star, right_star)
        by_frame, by_star, square, right_term = (
            (None, None, np.zeros((0, 0)), np.zeros(0)) if sums is None else sums.result(self)
        )
        return System(
            self.weight, self.star, self.bounds, of_frame, of_star + self.prior, right_frame,
            right_star - self.prior * self.offset, right_term, by_frame, by_star, square, self.group, self.star_group,
        )  # fmt: skip

    def _draw(self, of_star: Array, right_star: Array) -> None:
        """Find how strongly the offsets are drawn to zero: by their own scatter, wrong stars not at all."""
        noise2 = 1.0 / np.maximum(of_star, 1e-12)
        catalogue = self.offset + right_star * noise2  # what the measurements alone say
        there = (self.seen > 0) & (noise2 < 1.0) & self.terms.tied
        self.spread = extra_scatter(catalogue[there], np.sqrt(self.ref2 + noise2)[there])
        total2 = self.ref2 + self.spread**2 + 1e-10
        share = _WEAK if self.weak else 1.0
        self.full_prior = np.where(self.terms.tied, biweight(catalogue / np.sqrt(total2 + noise2)) / total2, 0.0)
        self.prior = share * self.full_prior

    def _step(self, system: System, *, tolerance: float) -> tuple[float, float]:
        """Go to the solution of the equations; return the largest and the rms change of a zero point."""
        self.factor = system.factor(self.free, self.seen)
        frames, offsets, terms = system.step(self.free, tolerance=tolerance, factor=self.factor)
        self.zp = self.zp + frames
        self.offset = self.offset + np.where(self.seen > 0, offsets, 0.0)
        self.found = self.found + terms
        self.system = system
        n_free = max(int(self.free.sum()), 1)
        return float(np.abs(frames).max(initial=0.0)), float(np.sqrt(np.sum(frames**2) / n_free))

    def _anchor(self) -> None:
        """Give every group that has no fixed zero point a median of 0."""
        size = int(max(self.group.max(initial=0), self.star_group.max(initial=0))) + 1
        has_fixed = np.bincount(self.group, np.isfinite(self.known).astype(float), size) > 0
        some = self.free | np.isfinite(self.known)
        shift = np.nan_to_num(grouped_median(self.zp[some], np.ones(int(some.sum())), self.group[some], size))
        shift[has_fixed] = 0.0
        self.zp = self.zp - shift[self.group]
        self.offset = self.offset + shift[self.star_group]

    def _offsets(self) -> Offsets:
        """Return what was found, with its errors."""
        once = self.seen < 2
        variance = np.where(once, np.inf if self.relative else self.ref2 + self.spread**2, 0.0)
        maps, slopes = self.terms.split(self.found)
        if self.relative:
            tie, slope_err = np.full(self.n_frame, np.nan), np.full(len(slopes), np.nan)
        else:
            variance = np.where(once & ~self.terms.tied, np.inf, variance)
            tie, slope_err = self._tie()
        return Offsets(
            self.zp, np.where(once, 0.0, self.offset), variance, self.seen, self.floor, tie, self.group, self.spread,
            slopes, slope_err, maps, self.terms, self._link_errors(),
            np.where(once | (self.system is None), np.inf, 0.0 if self.system is None else self.system.of_star),
        )  # fmt: skip

    def _tie(self) -> tuple[Array, Array]:
        """Return the error of the level of each frame's group, and of the slopes of the stars' terms.

        The level is that at the pivots: where the stars' mean is away from them, the error of the slope is in it.
        """
        of_star = np.zeros(self.n_star) if self.system is None else self.system.of_star
        own = np.maximum(of_star - self.prior, 0.0)
        prior = self.full_prior
        with np.errstate(divide="ignore"):
            information = np.where((prior > 0) & (own > 0), 1.0 / (1.0 / prior + 1.0 / own), 0.0)
        size = int(max(self.group.max(initial=0), self.star_group.max(initial=0))) + 1
        total = np.bincount(self.star_group, information, size)
        with np.errstate(divide="ignore", invalid="ignore"):
            level2 = np.where(total > 0, 1.0 / total, np.nan)
        level2[np.bincount(self.group, minlength=size)[:size] < 2] = 0.0
        x = self.terms.of_star
        if not len(x):
            return np.sqrt(level2)[self.group], np.zeros(0)
        at = np.maximum(total, 1e-300)
        mean = np.array([np.bincount(self.star_group, information * k, size) for k in x]) / at
        apart = x - mean[:, self.star_group]
        square = (apart * information) @ apart.T
        covariance = np.linalg.pinv(square)
        lever2 = np.einsum("jg,jk,kg->g", mean, covariance, mean)
        return np.sqrt(level2 + lever2)[self.group], np.sqrt(np.diag(covariance))

    def _link_errors(self) -> Array:
        """Return the error of each free frame against the mean of its group, where the system is small enough.

        With a weak prior the catalogue is better than its weight says, and the errors less than the inverse matrix.
        """
        out = np.full(self.n_frame, np.nan)
        if self.factor is None or self.system is None:
            return out
        free = np.flatnonzero(self.free)
        inverse = cho_solve(self.factor, np.eye(len(free)), check_finite=False)
        if self.weak and not self.relative:
            better = self.system.by_pairs((1.0 - _WEAK) * self.prior / self.system.of_star**2)[np.ix_(free, free)]
            inverse = inverse - inverse @ better @ inverse
        for g in np.unique(self.group[free]):
            mine = np.flatnonzero(self.group[free] == g)
            part = inverse[np.ix_(mine, mine)]
            mean = part.mean(axis=0)
            out[free[mine]] = np.sqrt(np.maximum(np.diag(part) - 2.0 * mean + mean.mean(), 0.0))
        return out


class _TermSums:
    """Weighted sums of the terms, gathered block by block."""

    def __init__(self, terms: Terms, n_frame: int, n_star: int, n: int) -> None:
        self.terms, self.n_star = terms, n_star
        self.k, self.j = (terms.n_power if terms.order else 0), len(terms.of_star)
        self.by_frame = np.zeros((n_frame, self.k + self.j))
        self.square = np.zeros((max(terms.n_map, 1), self.k + self.j, self.k + self.j))
        self.right = np.zeros((n_frame, self.k + self.j))
        self.place = np.zeros((self.k, n))

    def add(self, m: Measures, block: Block, weight: Array, pull: Array) -> None:
        """Add the frames of a block."""
        star = m.star[block.rows]
        parts = [self.terms.of_star[:, star]]
        if self.k and m.u is not None and m.v is not None:
            parts.insert(0, powers(m.u[block.rows], m.v[block.rows], self.terms.order))
        x = np.concatenate(parts)
        wx = weight * x
        self.place[:, block.rows] = wx[: self.k]
        group = self.terms.map_group[block.frames]
        for a in range(len(x)):
            self.by_frame[block.frames, a] = block.total(wx[a])
            self.right[block.frames, a] = block.total(pull * x[a])
            for b in range(a, len(x)):
                both = block.total(wx[a] * x[b])
                self.square[:, a, b] += np.bincount(group if self.k else 0 * group, both, len(self.square))

    def result(self, fit: _Fit) -> tuple[Any, Any, Array, Array]:
        """Return the sums by frame, by star, the squares and the right side, over all numbers to find."""
        terms, k, cut = self.terms, self.k, self.terms.n_map * self.k
        group = terms.map_group
        n_frame = len(group)
        column = np.concatenate(
            [group[:, None] * k + np.arange(k), np.broadcast_to(cut + np.arange(self.j), (n_frame, self.j))], axis=1
        )
        row = np.broadcast_to(np.arange(n_frame)[:, None], column.shape)
        by_frame = coo_array((self.by_frame.ravel(), (row.ravel(), column.ravel())), shape=(n_frame, terms.n)).tocsr()
        right = np.bincount(column.ravel(), self.right.ravel(), terms.n).astype(np.float64)
        square = np.zeros((terms.n, terms.n))
        for g, part in enumerate(self.square):
            at = np.concatenate([g * k + np.arange(k), cut + np.arange(self.j)])
            square[np.ix_(at, at)] += np.triu(part) + np.triu(part, 1).T
        return by_frame, self._by_star(fit, group), square, right

    def _by_star(self, fit: _Fit, group: Index) -> Any:
        """Return the sums on every star, n_term x n_star."""
        terms, parts = self.terms, []
        which = coo_array(
            (np.ones(len(group)), (group, np.arange(len(group)))), shape=(max(terms.n_map, 1), len(group))
        )
        of_power = [
            which.tocsr() @ csr_array((wx, fit.star, fit.bounds), shape=(len(group), self.n_star)) for wx in self.place
        ]
        for g in range(terms.n_map):
            parts += [power[[g], :] for power in of_power]
        own = np.bincount(fit.star, fit.weight, self.n_star)
        parts += [csr_array((own * x)[None, :]) for x in terms.of_star]
        return vstack(parts, format="csr")


def _between_parts(m: Measures, offsets: Offsets, star_of: Index, n_star: int) -> float:
    """Return the scatter of stars' mean residuals between the parts of the detector that they fell on."""
    weight = 1.0 / (m.err**2 + offsets.floor**2 + 1e-10)
    total = np.bincount(m.star, weight, len(star_of))
    mean = np.bincount(m.star, weight * (m.d - offsets.zp[m.frame]), len(star_of)) / total
    parts = np.bincount(star_of, minlength=n_star)
    middle = np.bincount(star_of, total * mean, n_star) / np.bincount(star_of, total, n_star)
    several = parts[star_of] > 1
    stretch = np.sqrt(parts[star_of] / np.maximum(parts[star_of] - 1.0, 1.0))
    return extra_scatter(((mean - middle[star_of]) * stretch)[several], (1.0 / np.sqrt(total))[several])


def _first(values: NDArray[Any], index: NDArray[Any], n: int) -> Array:
    """Return one value for each number (they are all the same for one star)."""
    out = np.zeros(n)
    out[index] = values
    return out
