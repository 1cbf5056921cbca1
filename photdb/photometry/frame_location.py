"""The zero point of each frame from its stars, the offsets and common terms taken out; and terms of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.photometry import robust
from photdb.photometry.robust import BIWEIGHT, FEW, MAD, grouped_median, segment_median, small_sample
from photdb.photometry.zero_measures import Array, Block, Index, Mask, Rows, expected_variance

_ROUNDS = 5
_BISECTIONS = 14


@dataclass(frozen=True, slots=True)
class Located:
    """Robust location of each group: value, its error, robust scatter (of the raw values), number used, chi2/dof."""

    value: Array
    error: Array
    scatter: Array
    n: Index
    chi2: Array


@dataclass(frozen=True, slots=True)
class Values:
    """The measurements of some frames, as they are located.

    Attributes
    ----------
    value
        mag; offsets and terms taken out.
    sigma
        mag; infinite: no say.
    err
        mag; the part of it that is the error of the flux.
    stretch
        By how much a residual is too small, for what a star's offset has taken of it.
    own
        mag; the star's own offset that was taken out; None: stars have no magnitude to be offset from.
    quoted2
        mag^2; error that flux and catalogue give, squared.
    columns
        Terms of the frame's own, n_term x n; NaN: unknown for this star.
    """

    value: Array
    sigma: Array
    err: Array
    stretch: Array
    own: Array | None
    quoted2: Array
    columns: Array | None = None

    def take(self, which: Mask) -> Values:
        """Return some of them."""
        columns = None if self.columns is None else self.columns[:, which]
        return Values(
            self.value[which],
            self.sigma[which],
            self.err[which],
            self.stretch[which],
            None if self.own is None else self.own[which],
            self.quoted2[which],
            columns,
        )


@dataclass(frozen=True, slots=True)
class OwnTerms:
    """Terms that each frame has of its own.

    Attributes
    ----------
    least
        Stars that a frame must have for them.
    spread
        One a term: least robust spread of its column in a frame, 0: any.
    largest_error
        One a term: larger errors make it unknown.
    """

    least: int
    spread: Array
    largest_error: Array


def locate(
    rows: Rows,
    values: Callable[[Block], Values],
    *,
    how: str = "auto",
    start: Array | None = None,
    own_scatter: bool = False,
    own_terms: OwnTerms | None = None,
    snr: float = 0.0,
) -> tuple[Located, Array, Array]:
    """Return the zero point of every frame, and its own terms with their errors (n_frame x n_term, NaN none).

    Parameters
    ----------
    rows : Rows
        Where each frame's measurements lie.
    values : callable
        Gives the measurements of a block of frames.
    how : str, default='auto'
        auto (weighted median under 20 stars, biweight from there), median, biweight or huber.
    start : array, optional
        Robust first zero points; without them the medians.
    own_scatter : bool, default=False
        Each frame has a scatter of its own beyond the errors, to be found.
    own_terms : OwnTerms, optional
        Terms of each frame's own.
    snr : float, default=0
        Signal to noise that measurements were selected above.
    """
    n_frame = len(rows.bounds) - 1
    n_term = 0 if own_terms is None else len(own_terms.spread)
    nan = np.full(n_frame, np.nan)
    found = Located(nan, nan.copy(), nan.copy(), np.zeros(n_frame, np.int64), nan.copy())
    terms, terms_err = np.full((n_frame, n_term), np.nan), np.full((n_frame, n_term), np.nan)
    for whole in rows.blocks():
        block, v = _with_a_say(whole, values(whole))
        first = None if start is None else start[block.frames]
        block, v = _as_expected(block, v, first, snr)
        lever2: Array | float = 0.0
        if own_terms is not None:
            slopes, error, lever2, has = _slopes(block, v, own_terms, how=how, own_scatter=own_scatter)
            terms[block.frames], terms_err[block.frames] = slopes, error
            block, v = _without(block, v, slopes, has)
            first = None
        if own_scatter:
            v = _widened(block, v)
        centre, error, used = _centres(block, v, how, first)
        found.value[block.frames], found.error[block.frames] = centre, np.sqrt(error**2 + lever2)
        found.n[block.frames] = block.total(used).astype(np.int64)
        found.scatter[block.frames], found.chi2[block.frames] = _scatter(block, v, centre, used)
    return found, terms, terms_err


def _with_a_say(block: Block, v: Values, which: Mask | None = None) -> tuple[Block, Values]:
    """Return the measurements that have a say."""
    keep = np.isfinite(v.sigma) if which is None else which
    if keep.all():
        return block, v
    count = np.bincount(block.local[keep], minlength=len(block.count))
    start = np.concatenate([[0], np.cumsum(count)[:-1]])
    return replace(block, start=start, count=count, local=block.local[keep]), v.take(keep)


def _as_expected(block: Block, v: Values, first: Array | None, snr: float) -> tuple[Block, Values]:
    """Return the measurements with the errors that are expected."""
    rough = _medians(block, v, np.zeros(len(block.count), dtype=bool)) if first is None else first
    expected = expected_variance(block, v.err, v.value - rough[block.local], snr)
    sigma = np.sqrt(np.maximum(np.square(v.sigma) - np.square(v.err), 0.0) + expected)
    return _with_a_say(block, replace(v, sigma=sigma))


def _without(block: Block, v: Values, slopes: Array, has: Mask) -> tuple[Block, Values]:
    """Return the values with a frame's own terms taken out; where it has them, stars of unknown colour have no say."""
    if v.columns is None:
        return block, v
    there = np.isfinite(v.columns).all(axis=0)
    own = np.where(np.isfinite(slopes), slopes, 0.0)[block.local]
    value = v.value - np.einsum("ik,ki->i", own, np.where(there, v.columns, 0.0))
    return _with_a_say(block, replace(v, value=value), there | ~has[block.local])


def _weigher(how: str) -> tuple[Callable[[NDArray[Any]], NDArray[Any]], Callable[[NDArray[Any]], NDArray[Any]]]:
    """Return the weight of a scaled residual, and the slope of residual x weight."""
    return (robust.huber, robust.huber_slope) if how == "huber" else (robust.biweight, robust.biweight_slope)


def _few(count: Index, how: str) -> Mask:
    """Return which frames take the weighted median."""
    if how == "median":
        return count > 0
    return np.asarray((count > 0) & (count < (FEW if how == "auto" else 3)))


def _medians(block: Block, v: Values, which: Mask) -> Array:
    """Return the median of each frame: the weighted one of some."""
    level = np.nanmedian(v.value) if len(v.value) else 0.0
    out = segment_median((v.value - level).astype(np.float32), block.start, block.count) + level
    if which.any():
        rows = which[block.local]
        weighted = grouped_median(v.value[rows], 1.0 / v.sigma[rows], block.local[rows], len(which))
        out = np.where(which, weighted, out)
    return np.asarray(out)


def _widths(block: Block, scaled: NDArray[Any]) -> Array:
    """Return the robust width of scaled residuals in each frame, corrected for few."""
    mad = segment_median(np.abs(scaled).astype(np.float32), block.start, block.count)
    return np.asarray(MAD * mad * small_sample(block.count))


def _widened(block: Block, v: Values) -> Values:
    """Return the values with the scatter that each frame has beyond its errors added to them."""
    residual = v.value - _medians(block, v, _few(block.count, "auto"))[block.local]
    high = np.nan_to_num(_widths(block, residual)) + 1e-6
    low = np.zeros(len(high))
    wide = np.nan_to_num(_widths(block, residual / v.sigma)) > 1.0
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        too_wide = _widths(block, residual / np.hypot(v.sigma, middle[block.local])) > 1.0
        low, high = np.where(too_wide, middle, low), np.where(too_wide, high, middle)
    extra = np.where(wide, 0.5 * (low + high), 0.0)
    return replace(v, sigma=np.hypot(v.sigma, extra[block.local]))


def _centres(block: Block, v: Values, how: str, first: Array | None) -> tuple[Array, Array, Array]:
    """Return location and error of each frame, and what was used (0 or 1)."""
    weigh, slope = _weigher(how)
    few, count, local = _few(block.count, how), block.count, block.local
    centre = _medians(block, v, few) if first is None or few.any() else first
    if first is not None:
        centre = np.where(few, centre, first)
    scale = v.stretch / v.sigma
    scatter = np.maximum(np.nan_to_num(_widths(block, (v.value - centre[local]) * scale), nan=1.0), 1.0)
    inverse2 = 1.0 / np.square(v.sigma)
    scale = scale / scatter[local]
    if not few.all():
        for _ in range(_ROUNDS):
            residual = v.value - centre[local]
            weight = weigh(residual * scale) * inverse2
            with np.errstate(invalid="ignore", divide="ignore"):
                change = block.total(weight * residual) / block.total(weight)
            change = np.where(few, 0.0, np.nan_to_num(change))
            centre = centre + change
            if np.abs(change).max(initial=0.0) < 1e-7:
                break
    residual = v.value - centre[local]
    u = residual * scale
    weight, used = weigh(u) * inverse2, (np.abs(u) < BIWEIGHT).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        total = block.total(weight)
        pull = np.sqrt(block.total(np.square(weight * residual * v.stretch)))
        found = pull / np.maximum(block.total(slope(u) * inverse2), 0.3 * total)
        formal = 1.0 / np.sqrt(block.total(used * inverse2))
        of_median = 1.2533 * scatter * formal  # a median is sqrt(pi/2) wider than a mean
        lost = np.sqrt(total / block.total(weight / np.square(v.stretch)))  # what the offsets took of the stars
        error = np.where(few, of_median, np.maximum(found * np.sqrt(count / np.maximum(count - 1.0, 1.0)), formal))
    there = (count > 0) & (total > 0)
    return np.where(there, centre, np.nan), np.where(there, error * lost, np.nan), used


def _scatter(block: Block, v: Values, centre: Array, used: Array) -> tuple[Array, Array]:
    """Return the scatter of the magnitudes themselves, offsets left in, and chi2 per degree of freedom.

    Without reference magnitudes the offset is the star's magnitude: it stays out, and what it took is given back.
    """
    raw = v.value - centre[block.local]
    raw = raw * v.stretch if v.own is None else raw + v.own
    kept, mine = _with_a_say(block, replace(v, value=raw), used > 0)
    scatter = MAD * segment_median(np.abs(mine.value).astype(np.float32), kept.start, kept.count)
    near = np.abs(mine.value) <= 5.0 * scatter[kept.local]  # a wrong catalogue star serves, its offset taken out
    n_near = kept.total(near.astype(np.float64))
    chi2 = kept.total(np.where(near, np.square(mine.value) / np.maximum(mine.quoted2, 1e-12), 0.0))
    return scatter, np.where(n_near > 1, chi2 / np.maximum(n_near - 1, 1), np.nan)


def _slopes(block: Block, v: Values, own: OwnTerms, *, how: str, own_scatter: bool) -> tuple[Array, Array, Array, Mask]:
    """Return each frame's own terms, their errors, what they add to the variance of its level, and which has them."""
    n_frame, k = len(block.count), len(own.spread)
    slopes, error = np.full((n_frame, k), np.nan), np.full((n_frame, k), np.nan)
    lever2, has = np.zeros(n_frame), np.zeros(n_frame, dtype=bool)
    if v.columns is None or not len(v.value):
        return slopes, error, lever2, has
    sub, mine = _with_a_say(block, v, np.asarray(np.isfinite(v.columns).all(axis=0)))
    columns = mine.columns
    if columns is None or not len(mine.value):
        return slopes, error, lever2, has
    if own_scatter:
        mine = _widened(sub, mine)
    has = (sub.count >= own.least) & np.all([
        MAD * segment_median(np.abs(x - segment_median(x, sub.start, sub.count)[sub.local]), sub.start, sub.count) >= s
        for x, s in zip(columns, own.spread, strict=True)
    ], axis=0)  # fmt: skip
    beta, covariance, mean = _regress(sub, mine, has, how)
    found = np.sqrt(np.maximum(np.einsum("fkk->fk", covariance), 0.0))
    has &= np.all(found <= own.largest_error, axis=1)
    slopes[has], error[has] = beta[has], found[has]
    lever2[has] = np.einsum("fk,fkl,fl->f", mean[has], covariance[has], mean[has])
    return slopes, error, lever2, has


def _regress(block: Block, v: Values, has: Mask, how: str) -> tuple[Array, Array, Array]:
    """Return each frame's robust slopes, their covariance, and the weighted mean of the columns."""
    if v.columns is None:
        raise ValueError("no columns to fit")
    weigh, slope_of = _weigher(how)
    x, local, k = v.columns, block.local, len(v.columns)
    n = len(block.count)
    level, slopes, scatter = _medians(block, v, np.zeros(n, dtype=bool)), np.zeros((n, k)), np.ones(n)
    inverse2 = 1.0 / np.square(v.sigma)
    mean, square = np.zeros((n, k)), np.broadcast_to(np.eye(k), (n, k, k)).copy()
    u = np.zeros(len(v.value))
    for round_ in range(10):
        residual = v.value - level[local] - np.einsum("ik,ki->i", slopes[local], x)
        if round_ < 4:
            scatter = np.maximum(np.nan_to_num(_widths(block, residual / v.sigma), nan=1.0), 1.0)
        u = residual / (v.sigma * scatter[local])
        weight = weigh(u) * inverse2
        total = np.maximum(block.total(weight), 1e-300)
        mean = np.stack([block.total(weight * c) / total for c in x], axis=1)
        apart = x - mean[local].T
        square = np.stack([[block.total(weight * a * b) for b in apart] for a in apart]).transpose(2, 0, 1)
        right = np.stack([block.total(weight * residual * a) for a in apart], axis=1)
        square[~has] = np.eye(k)
        change = np.where(has[:, None], np.linalg.solve(square + 1e-9 * np.eye(k), right[:, :, None])[:, :, 0], 0.0)
        slopes = slopes + change
        level = level + block.total(weight * residual) / total - np.sum(change * mean, axis=1)
    apart = x - mean[local].T
    share = block.total(slope_of(u) * inverse2) / np.maximum(block.total(weigh(u) * inverse2), 1e-300)
    pull2 = np.square(weigh(u) * inverse2 * (v.value - level[local] - np.einsum("ik,ki->i", slopes[local], x)))
    meat = np.stack([[block.total(pull2 * a * b) for b in apart] for a in apart]).transpose(2, 0, 1)
    inverse = np.linalg.inv(square + 1e-9 * np.eye(k)) / np.clip(share, 0.3, 1.0)[:, None, None]
    freedom = block.count / np.maximum(block.count - k - 1.0, 1.0)
    return slopes, inverse @ meat @ inverse * freedom[:, None, None], mean
