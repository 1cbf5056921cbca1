"""Zero points of many frames together: robust, with each star's own offset where frames share stars.

The model is ``d = m_ref - m_inst = zp[frame] + offset[star] + noise``. A star's offset holds the error of its
catalogue magnitude (and of its colour): it is the same in every frame, so taking it out leaves only the noise of the
frames themselves between them. Without reference magnitudes the offsets are free, and the zero points relative.
docs/concepts/zero-points.md says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import LinearOperator, cg

Array = NDArray[np.float64]
Index = NDArray[np.int64]

#: Scaled residual at which Tukey's biweight reaches zero.
BIWEIGHT = 6.0

#: Fewer stars than this: weighted median, else biweight (the crossing point measured on simulated outliers).
FEW = 20

_MAD = 1.482602218505602  # of a normal distribution: sigma / median absolute deviation
_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Measures:
    """Reference minus instrumental magnitude of stars in frames; all arrays of one length, sorted by frame.

    Attributes
    ----------
    frame, star
        Numbers from 0.
    d
        mag; m_ref - m_inst, or -m_inst where there is no reference.
    err
        mag; error of m_inst.
    ref_err
        mag; error of m_ref that the catalogue gives, 0 where it gives none.
    """

    frame: Index
    star: Index
    d: Array
    err: Array
    ref_err: Array

    def take(self, which: NDArray[Any]) -> Measures:
        """Return some of them."""
        return Measures(self.frame[which], self.star[which], self.d[which], self.err[which], self.ref_err[which])


@dataclass(frozen=True, slots=True)
class Offsets:
    """What the frames have in common.

    Attributes
    ----------
    zp
        mag, one a frame: the solution itself, to start from.
    offset
        mag, one a star; 0 for a star seen in one frame only.
    variance
        mag^2, one a star: of the offset that was *not* taken out (stars seen once).
    seen
        Frames that a star was seen in.
    floor
        mag; scatter of a single measurement beyond its error.
    tie_err
        mag, one a frame: error of the mean of the offsets, common to the frames that share stars; 0 for a frame
        that shares none (its own error holds it), NaN without reference magnitudes.
    group
        One a frame: frames of one number are connected by common stars.
    """

    zp: Array
    offset: Array
    variance: Array
    seen: Index
    floor: float
    tie_err: Array
    group: Index


@dataclass(frozen=True, slots=True)
class Located:
    """Robust location of each group: value, its error, robust scatter (of the raw values), number used, chi2/dof."""

    value: Array
    error: Array
    scatter: Array
    n: Index
    chi2: Array


def star_offsets(
    m: Measures, *, n_frame: int, n_star: int, fixed: Array | None = None, relative: bool = False
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
    """
    group, star_group = _groups(m, n_frame, n_star)
    seen = np.bincount(m.star, minlength=n_star)
    known = np.full(n_frame, np.nan) if fixed is None else fixed
    zp, offset = _start(m, known, n_frame, n_star, relative=relative)
    floor, spread, prior = 0.0, np.inf, np.zeros(n_star)
    n_free = max(len(m.d) - n_frame - n_star, 1)
    for round_ in range(_ROUNDS):
        residual = m.d - zp[m.frame] - offset[m.star]
        shared = seen[m.star] > 1
        dof = (
            np.sqrt(max(len(m.d), 1) / n_free)
            if shared.all()
            else np.sqrt(seen[m.star] / np.maximum(seen[m.star] - 1, 1))
        )
        floor = extra_scatter((residual * dof)[shared], m.err[shared])
        sigma2 = m.err**2 + floor**2
        weight = _biweight(residual / np.sqrt(sigma2)) / sigma2
        if not relative:
            ref2 = _first(m.ref_err, m.star, n_star) ** 2
            noise2 = 1.0 / np.maximum(np.bincount(m.star, weight, n_star), 1e-12)
            there = (seen > 0) & (noise2 < 1.0)
            spread = extra_scatter(offset[there], np.sqrt(ref2 + noise2)[there])
            total2 = ref2 + spread**2 + 1e-10
            prior = _biweight(offset / np.sqrt(total2 + noise2)) / total2
        before = zp
        zp, offset = _solve(m, weight, prior, zp, known)
        if relative:
            zp, offset = _anchor(zp, offset, group, star_group, known)
        if round_ > 2 and np.nanmax(np.abs(zp - before), initial=0.0) < 1e-6:
            break
    once = seen < 2
    ref2 = _first(m.ref_err, m.star, n_star) ** 2
    variance = np.where(once, ref2 + (0.0 if relative else spread**2), 0.0)
    tie = np.full(n_frame, np.nan) if relative else _tie_error(weight, prior, m, group, star_group, n_star)
    return Offsets(zp, np.where(once, 0.0, offset), variance, seen, floor, tie, group)


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
    keys, place = np.unique(m.star * 64 + part, return_inverse=True)
    whole, star_of = np.unique(keys // 64, return_inverse=True)
    if len(keys) == len(whole):
        return False
    by_part = Measures(m.frame, place, m.d, m.err, m.ref_err)
    offsets = star_offsets(by_part, n_frame=n_frame, n_star=len(keys))
    return _between_parts(by_part, offsets, star_of, len(whole)) > tolerance


def zero_points(m: Measures, offsets: Offsets, *, n_frame: int) -> Located:
    """Return the zero point of every frame from its stars, their offsets taken out.

    Weighted median under 20 stars, biweight from there on.

    Parameters
    ----------
    m : Measures
        Of any aperture: the offsets are those of the primary one.
    offsets : Offsets
        As `star_offsets` found them.
    n_frame : int
        How many frames the numbers run over.

    Returns
    -------
    Located
        One a frame: NaN where it has no star. The scatter is that of the reference minus instrumental magnitudes
        themselves, offsets left in.
    """
    seen = offsets.seen[m.star]
    sigma = np.sqrt(m.err**2 + offsets.floor**2 + offsets.variance[m.star] + 1e-10)
    stretch = np.sqrt(seen / np.maximum(seen - 1.0, 1.0))  # a star's offset has taken its share of the residuals
    value = m.d - offsets.offset[m.star]
    centre, error, used = _locate(value, sigma, stretch, m.frame, n_frame)
    raw = m.d - centre[m.frame]
    n = np.bincount(m.frame, used, n_frame).astype(np.int64)
    kept = used > 0
    scatter = _MAD * _median(np.abs(raw[kept]), np.ones(int(kept.sum())), m.frame[kept], n_frame)
    near = kept & (np.abs(raw) <= 5.0 * scatter[m.frame])  # a wrong catalogue star serves, its offset taken out
    deviation2 = (raw**2 / (m.err**2 + m.ref_err**2))[near]
    n_near = np.bincount(m.frame[near], minlength=n_frame)
    chi2 = np.bincount(m.frame[near], deviation2, n_frame) / np.maximum(n_near - 1, 1)
    return Located(centre, error, scatter, n, np.where(n_near > 1, chi2, np.nan))


def extra_scatter(residual: Array, err: Array) -> float:
    """Return the scatter that, added to the errors in quadrature, makes residuals as wide as they are.

    The width is the median absolute deviation, so a share of outliers does not matter.
    """
    residual, err = _sample(residual), _sample(err)
    if len(residual) < 5 or _width(residual / np.maximum(err, 1e-9)) <= 1.0:
        return 0.0
    low, high = 0.0, float(_width(residual)) + 1e-9
    for _ in range(25):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _width(residual / np.hypot(err, middle)) > 1.0 else (low, middle)
    return 0.5 * (low + high)


def far_from_others(zp: Array, others: Array, *, least: float = 0.3, sigmas: float = 5.0) -> NDArray[np.bool_]:
    """Return which zero points lie beyond `least` mag and `sigmas` scatters of the median of `others`."""
    if len(others) < 3:
        return np.zeros(len(zp), dtype=bool)
    return np.asarray(np.abs(zp - np.median(others)) > max(least, sigmas * _width(others - np.median(others))))


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


def _width(x: Array) -> float:
    """Return the robust width about zero."""
    return float(_MAD * np.median(np.abs(x)))


def _sample(x: Array, most: int = 20_000) -> Array:
    """Return at most so many values, evenly taken."""
    return x[:: max(1, len(x) // most)]


def _biweight(u: Array) -> Array:
    """Return Tukey's weights of scaled residuals."""
    return np.asarray(np.where(np.abs(u) < BIWEIGHT, (1.0 - (u / BIWEIGHT) ** 2) ** 2, 0.0))


def _first(values: Array, index: Index, n: int) -> Array:
    """Return one value for each number (they are all the same for one star)."""
    out = np.zeros(n)
    out[index] = values
    return out


def _groups(m: Measures, n_frame: int, n_star: int) -> tuple[Index, Index]:
    """Return the connected group of every frame and star."""
    links = coo_array((np.ones(len(m.d), dtype=np.int8), (m.frame, n_frame + m.star)), shape=(n_frame + n_star,) * 2)
    _, label = connected_components(links, directed=False)
    return label[:n_frame].astype(np.int64), label[n_frame:].astype(np.int64)


def _start(m: Measures, known: Array, n_frame: int, n_star: int, *, relative: bool) -> tuple[Array, Array]:
    """Return robust first zero points and offsets."""
    if relative:
        zp = np.where(np.isfinite(known), known, 0.0)
        offset = _median(m.d - zp[m.frame], 1.0 / m.err, m.star, n_star)
        zp, offset = _solve(m, 1.0 / (m.err**2 + 1e-4), np.zeros(n_star), zp, known)
    else:
        zp = _median(m.d, np.ones(len(m.d)), m.frame, n_frame)
        zp = np.where(np.isfinite(known), known, zp)
    offset = _median(m.d - zp[m.frame], 1.0 / np.hypot(m.err, 0.01), m.star, n_star)
    return zp, np.nan_to_num(offset)


def _solve(m: Measures, weight: Array, prior: Array, zp: Array, known: Array) -> tuple[Array, Array]:
    """Return the weighted least-squares zero points (of the frames not known) and offsets."""
    n_frame, n_star = len(zp), len(prior)
    w = coo_array((weight, (m.frame, m.star)), shape=(n_frame, n_star)).tocsr()
    wt = w.T.tocsr()
    of_star = np.maximum(np.bincount(m.star, weight, n_star) + prior, 1e-12)
    of_frame = np.bincount(m.frame, weight, n_frame)
    wd_star, wd_frame = np.bincount(m.star, weight * m.d, n_star), np.bincount(m.frame, weight * m.d, n_frame)
    free = ~np.isfinite(known) & (of_frame > 0)
    held = np.where(np.isfinite(known), known, 0.0)
    ridge = 1e-9 * of_frame  # groups without a tie: stay where they are

    def normal(x: Array) -> Array:
        full = np.zeros(n_frame)
        full[free] = x
        return np.asarray(((of_frame + ridge) * full - w @ ((wt @ full) / of_star))[free])

    right = wd_frame - w @ ((wd_star - wt @ held) / of_star) + ridge * np.nan_to_num(zp)
    if free.any():
        n = int(free.sum())
        scale = LinearOperator((n, n), matvec=lambda x: x / of_frame[free], dtype=float)
        matrix = LinearOperator((n, n), matvec=normal, dtype=float)
        x, _ = cg(matrix, right[free], x0=np.nan_to_num(zp[free]), rtol=1e-9, maxiter=1000, M=scale)
        held = held.copy()
        held[free] = x
    offset = (wd_star - wt @ held) / of_star
    return np.where(np.isfinite(known) | free, held, np.nan_to_num(zp)), offset


def _anchor(zp: Array, offset: Array, group: Index, star_group: Index, known: Array) -> tuple[Array, Array]:
    """Return zero points whose median is 0 in every group that has no fixed one."""
    size = int(max(group.max(initial=0), star_group.max(initial=0))) + 1
    has_fixed = np.bincount(group, np.isfinite(known).astype(float), size) > 0
    shift = np.nan_to_num(_median(zp, np.ones(len(zp)), group, size))
    shift[has_fixed] = 0.0
    return zp - shift[group], offset + shift[star_group]


def _tie_error(weight: Array, prior: Array, m: Measures, group: Index, star_group: Index, n_star: int) -> Array:
    """Return the error of the mean offset of each frame's group."""
    of_star = np.bincount(m.star, weight, n_star)
    with np.errstate(divide="ignore"):
        information = np.where((prior > 0) & (of_star > 0), 1.0 / (1.0 / prior + 1.0 / of_star), 0.0)
    size = int(max(group.max(initial=0), star_group.max(initial=0))) + 1
    total = np.bincount(star_group, information, size)[group]
    alone = np.bincount(group, minlength=size)[group] < 2
    with np.errstate(divide="ignore"):
        return np.where(alone, 0.0, np.where(total > 0, 1.0 / np.sqrt(total), np.nan))


def _locate(value: Array, sigma: Array, stretch: Array, group: Index, n_group: int) -> tuple[Array, Array, Array]:
    """Return location, error and what was used (0 or 1) of each group."""
    centre = _median(value, 1.0 / sigma, group, n_group)
    count = np.bincount(group, minlength=n_group)
    scaled = (value - centre[group]) * stretch / sigma
    width = np.maximum(_MAD * _median(np.abs(scaled), np.ones(len(value)), group, n_group), 1.0)
    many = count >= FEW
    for _ in range(5):
        u = (value - centre[group]) * stretch / (sigma * width[group])
        weight = _biweight(u) / sigma**2
        total = np.bincount(group, weight, n_group)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.bincount(group, weight * value, n_group) / total
        centre = np.where(many & (total > 0), mean, centre)
    residual = (value - centre[group]) * stretch
    u = residual / (sigma * width[group])
    weight, used = _biweight(u) / sigma**2, (np.abs(u) < BIWEIGHT).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        total = np.bincount(group, weight, n_group)
        found = np.sqrt(np.bincount(group, (weight * residual) ** 2, n_group)) / total
        formal = 1.0 / np.sqrt(np.bincount(group, used / sigma**2, n_group))
        few = 1.2533 * width * formal  # a median is sqrt(pi/2) wider than a mean
        lost = np.sqrt(np.bincount(group, weight * stretch**2, n_group) / total)  # what the offsets took of the stars
        error = np.where(many, np.maximum(found * np.sqrt(count / np.maximum(count - 1.0, 1.0)), formal), few)
    return centre, np.where(count > 0, error * lost, np.nan), used


def _median(value: Array, weight: Array, group: Index, n_group: int) -> Array:
    """Return the weighted median of each group, NaN where it is empty."""
    by_value = np.argsort(value)
    small = np.int16 if n_group < 2**15 else np.int64  # numpy sorts 16 bits by radix: four times a lexsort's speed
    order = by_value[np.argsort(group[by_value].astype(small), kind="stable")]
    value, weight, group = value[order], weight[order], group[order]
    count = np.bincount(group, minlength=n_group)
    start = np.concatenate([[0], np.cumsum(count)[:-1]])
    total = np.cumsum(weight)
    before = np.concatenate([[0.0], total])[start]
    share = (total - before[group]) / np.maximum(np.bincount(group, weight, n_group), 1e-300)[group]
    out = np.full(n_group, np.nan)
    there = count > 0
    low = np.bincount(group, share < 0.5 - 1e-9, n_group).astype(np.int64)
    high = np.bincount(group, share <= 0.5 + 1e-9, n_group).astype(np.int64)
    last = start + count - 1
    lower, upper = np.minimum(start + low, last), np.minimum(start + high, last)
    out[there] = 0.5 * (value[lower[there]] + value[upper[there]])
    return out
