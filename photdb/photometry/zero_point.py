"""Zero points of frames, solved together or each by itself, with the terms that a model asks for.

``d = m_ref - m_inst = zp + colour_term (colour - pivot) + mag_term (m_inst + zp - mag_pivot) + map(u, v)``, plus the
star's own offset, the same in every frame. docs/concepts/zero-points.md has the formulas.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.photometry import zero_terms
from photdb.photometry.frame_location import Located, OwnTerms, Values, locate
from photdb.photometry.frame_map import fit_maps
from photdb.photometry.robust import extra_scatter, width
from photdb.photometry.star_offsets import Offsets, depends_on_place, star_offsets
from photdb.photometry.zero_measures import Array, Block, Index, Mask, Measures, Model, Rows
from photdb.photometry.zero_terms import LARGEST_ERROR, LEAST_SPREAD, LEAST_STARS, Terms, powers

__all__ = [
    "Located",
    "Measures",
    "Model",
    "Offsets",
    "Solution",
    "depends_on_place",
    "extra_scatter",
    "far_from_others",
    "in_aperture",
    "solve",
    "star_offsets",
    "zero_points",
]


@dataclass(frozen=True, slots=True)
class Solution:
    """Zero points of frames; arrays have one entry a frame, NaN where there is none.

    Attributes
    ----------
    zp
        mag of 1 ADU/s, of a star of the pivot colour and magnitude.
    zp_err
        mag; random error, against the other frames of the group.
    zp_sys
        mag; error of the level at the pivots, common to the group; 0 for a frame that shares no star (`zp_err` holds
        it), NaN without reference magnitudes.
    scatter
        mag; robust scatter of the stars' reference minus instrumental magnitudes, terms taken out, offsets left in;
        relative: of the stars' magnitudes about their means over the frames.
    n_star
        Stars used.
    chi2
        Per degree of freedom.
    colour_term, colour_term_err, mag_term, mag_term_err
        mag per mag.
    zp_map
        mag; n_frame x n_power, coefficients of the macro ``zp_powers``: ``zp`` plus their sum is the zero point at a
        place, ``zp`` its mean over the frame. None without spatial terms.
    offsets
        What the frames have in common.
    group
        Frames of one number are connected by common stars.
    pivots
        Colour and magnitude (mag) that the zero points hold for.
    """

    zp: Array
    zp_err: Array
    zp_sys: Array
    scatter: Array
    n_star: Index
    chi2: Array
    colour_term: Array
    colour_term_err: Array
    mag_term: Array
    mag_term_err: Array
    zp_map: Array | None
    offsets: Offsets
    group: Index
    pivots: tuple[float, float] = (0.0, 0.0)


def solve(
    m: Measures,
    *,
    n_frame: int,
    n_star: int,
    model: Model,
    fixed: Array | None = None,
    relative: bool = False,
    map_group: Index | None = None,
) -> Solution:
    """Return the zero points of frames.

    Parameters
    ----------
    m : Measures
        Of the primary aperture; those kept back are not used.
    n_frame, n_star : int
        How many frames and stars the numbers run over.
    model : Model
        What is fitted.
    fixed : array, optional
        Zero points that are known already (NaN: to be found); with offsets only.
    relative : bool, default=False
        There are no reference magnitudes (``d = -m_inst``): zero points have a median of 0 in each group, and neither
        colour nor magnitude terms can be had.
    map_group : array of int, optional
        Which polynomial over the frame each frame has, from 0 (an epoch of its detector); without it all have one.

    Raises
    ------
    ValueError
        Frames each by itself and relative: they would have nothing to be measured against.
    """
    if relative and not model.offsets:
        raise ValueError("relative zero points need the offsets of the stars that frames share")
    m = _of_pivot(m.used().sorted(), model, relative=relative)
    shared = replace(model, colour="none") if model.colour == "frame" and not model.offsets else model
    terms = zero_terms.chosen(m, n_frame=n_frame, n_star=n_star, model=shared, relative=relative, map_group=map_group)
    if model.offsets or terms.n:
        offsets = _joint(m, terms, n_frame, n_star, model, fixed, relative=relative)
    else:
        offsets = _nothing(n_frame, n_star, terms)
    if not model.offsets:
        offsets = _apart(offsets, n_frame, n_star)
    return _solution(m, offsets, model, relative=relative, first=offsets.zp if model.offsets else None)


def in_aperture(m: Measures, solution: Solution, *, n_frame: int, n_star: int, model: Model) -> Solution:
    """Return the zero points in another aperture.

    The stars' offsets, and colour and magnitude terms, are those of the primary aperture; zero points, their errors
    and the map over the frame are the aperture's own.

    Parameters
    ----------
    m : Measures
        Of the other aperture.
    solution : Solution
        Of the primary aperture.
    n_frame, n_star : int
        As for the primary aperture.
    model : Model
        As for the primary aperture.
    """
    offsets = solution.offsets
    relative = bool(np.isnan(offsets.tie_err).all())
    m = _of_pivot(m.used().sorted(), model, relative=relative)
    if len(offsets.offset) != n_star:
        raise ValueError(f"{n_star} stars, but the primary aperture was solved with {len(offsets.offset)}")
    if offsets.terms is not None and offsets.terms.order and len(m.d):
        offsets = fit_maps(m, offsets, Rows.of(m.frame, n_frame))
    return _solution(m, offsets, model, relative=relative, first=None)


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
    relative = bool(np.isnan(offsets.tie_err).all())
    return _located(m.sorted(), offsets, Rows.of(m.sorted().frame, n_frame), Model(), None, relative=relative)[0]


def far_from_others(zp: Array, others: Array, *, least: float = 0.3, sigmas: float = 5.0) -> Mask:
    """Return which zero points lie beyond `least` mag and `sigmas` scatters of the median of `others`."""
    if len(others) < 3:
        return np.zeros(len(zp), dtype=bool)
    return np.asarray(np.abs(zp - np.median(others)) > max(least, sigmas * width(others - np.median(others))))


def _of_pivot(m: Measures, model: Model, *, relative: bool) -> Measures:
    """Return the measures with a colour term that is given already taken out; unknown colours keep theirs."""
    if model.colour != "fixed" or m.colour is None or relative:
        return m
    return replace(m, d=m.d - model.colour_value * np.nan_to_num(m.colour - model.colour_pivot))


def _joint(
    m: Measures, terms: Terms, n_frame: int, n_star: int, model: Model, fixed: Array | None, *, relative: bool
) -> Offsets:
    """Return the joint solution, without the terms of stars that it cannot tell."""
    while True:
        found = star_offsets(
            m,
            n_frame=n_frame,
            n_star=n_star,
            fixed=fixed,
            relative=relative,
            terms=terms,
            weak=model.weak_prior,
            snr=model.snr,
        )
        certain = found.slope_err <= LARGEST_ERROR
        if certain.all():
            return found
        kept = [name for name, good in zip(terms.names, certain, strict=True) if good]
        fewer = replace(model, colour="shared" if "colour" in kept else "none", magnitude="magnitude" in kept)
        if model.colour == "fixed":
            fewer = replace(fewer, colour="fixed")
        terms = zero_terms.chosen(
            m, n_frame=n_frame, n_star=n_star, model=fewer, relative=relative, map_group=terms.map_group
        )


def _nothing(n_frame: int, n_star: int, terms: Terms) -> Offsets:
    """Return offsets that are all 0."""
    zero = np.zeros(n_star)
    return Offsets(
        np.full(n_frame, np.nan), zero, np.where(terms.tied, 0.0, np.inf), np.ones(n_star, dtype=np.int64), 0.0,
        np.zeros(n_frame), np.arange(n_frame), terms=terms, weight=np.full(n_star, np.inf),
    )  # fmt: skip


def _apart(offsets: Offsets, n_frame: int, n_star: int) -> Offsets:
    """Return the terms of a joint solution, for frames each by itself."""
    terms = offsets.terms if offsets.terms is not None else zero_terms.none(n_frame, n_star)
    alone = _nothing(n_frame, n_star, terms)
    return replace(alone, slopes=offsets.slopes, slope_err=offsets.slope_err, maps=offsets.maps)


def _own_terms(model: Model, offsets: Offsets, *, relative: bool) -> OwnTerms | None:
    """Return which terms each frame has of its own."""
    terms = offsets.terms
    with_colour = model.colour == "frame" and not relative and (not model.offsets or _slope(offsets, "colour") != 0.0)
    k = terms.n_power if terms is not None and terms.order and model.spatial_per == "frame" else 0
    if not with_colour and not k:
        return None
    least = max(LEAST_STARS if with_colour else 0, 3 * k + 3 if k else 0)
    return OwnTerms(
        least,
        np.array([LEAST_SPREAD] * with_colour + [0.0] * k),
        np.array([LARGEST_ERROR] * with_colour + [np.inf] * k),
    )


def _slope(offsets: Offsets, name: str) -> float:
    """Return the slope of a term of the stars, 0 where it was not fitted."""
    names = () if offsets.terms is None else offsets.terms.names
    return float(offsets.slopes[names.index(name)]) if name in names and len(offsets.slopes) else 0.0


def _located(
    m: Measures, offsets: Offsets, rows: Rows, model: Model, first: Array | None, *, relative: bool = False
) -> tuple[Located, Array, Array]:
    """Return each frame's zero point and own terms."""
    own = _own_terms(model, offsets, relative=relative)

    def values(block: Block) -> Values:
        star = m.star[block.rows]
        err2 = np.square(m.err[block.rows], dtype=np.float64)
        ref2 = np.square(m.ref_err[block.rows], dtype=np.float64)
        sigma2 = err2 + (offsets.floor**2 + 1e-10) + offsets.variance[star]
        if not model.offsets:
            sigma2 += ref2
        value = m.d[block.rows] - offsets.explained(m, block)
        columns = None if own is None else _columns(m, block, model, offsets, len(own.spread))
        stretch = 1.0 / np.sqrt(1.0 - offsets.taken(star, sigma2))
        known = None if relative else offsets.offset[star]
        return Values(value, np.sqrt(sigma2), np.sqrt(err2), stretch, known, err2 + ref2, columns)

    return locate(
        rows, values, how=model.robust, start=first, own_scatter=not model.offsets, own_terms=own, snr=model.snr
    )


def _columns(m: Measures, block: Block, model: Model, offsets: Offsets, n: int) -> Array:
    """Return the columns of each frame's own terms."""
    parts: list[NDArray[Any]] = []
    k = 0
    if model.spatial_per == "frame" and offsets.terms is not None and offsets.terms.order:
        k = offsets.terms.n_power
    if n > k:
        unknown = np.full(block.rows.stop - block.rows.start, np.nan)
        parts.append((unknown if m.colour is None else m.colour[block.rows] - model.colour_pivot)[None, :])
    if k and m.u is not None and m.v is not None and offsets.terms is not None:
        parts.append(powers(m.u[block.rows], m.v[block.rows], offsets.terms.order))
    return np.concatenate(parts).astype(np.float64)


def _solution(m: Measures, offsets: Offsets, model: Model, *, relative: bool, first: Array | None) -> Solution:
    """Return the solution of frames from the offsets and terms they have in common."""
    n_frame = len(offsets.zp)
    found, own, own_err = _located(m, offsets, Rows.of(m.frame, n_frame), model, first, relative=relative)
    there = np.isfinite(found.value)
    nan = np.full(n_frame, np.nan)
    growth = 1.0 - _slope(offsets, "magnitude")  # the term is of m_inst, not of the reference: (1 + b) (1 - b') = 1
    colour, colour_err = _colour(model, offsets, own, own_err, relative=relative)
    mag, mag_err = _of_frames(offsets, "magnitude", n_frame)
    shared, mine = _maps(model, offsets, own, n_frame)
    zp, level, zp_map = found.value, nan, None
    if shared is not None:
        zp_map = np.where(there[:, None], (shared + mine) / growth, np.nan)
    if not relative:
        level = np.where(there, offsets.tie_err, np.nan)
        if not model.offsets:
            level = np.where(there, _lever(m, offsets, n_frame), np.nan)
    error = found.error * _of_the_mean(offsets.group)
    if len(offsets.link_err) == n_frame and first is not None:
        error = np.fmax(error, offsets.link_err)
    return Solution(
        zp, error, level, found.scatter, found.n, found.chi2, np.where(there, colour / growth, nan),
        np.where(there, colour_err / growth, nan), np.where(there, mag / growth, nan),
        np.where(there, mag_err / growth**2, nan), zp_map, offsets, offsets.group,
        (model.colour_pivot, model.mag_pivot),
    )  # fmt: skip


def _colour(model: Model, offsets: Offsets, own: Array, own_err: Array, *, relative: bool) -> tuple[Array, Array]:
    """Return the colour term of each frame: the shared one, its own beside it, or the given one."""
    n_frame = len(offsets.zp)
    if model.colour == "fixed":
        return np.full(n_frame, model.colour_value), np.full(n_frame, np.nan)
    shared, error = _of_frames(offsets, "colour", n_frame)
    if _own_terms(model, offsets, relative=relative) is None or model.colour != "frame":
        return shared, error
    mine, mine_err = own[:, 0], own_err[:, 0]
    if not model.offsets:
        return mine, mine_err
    has = np.isfinite(mine)
    return shared + np.where(has, mine, 0.0), np.hypot(error, np.where(has, mine_err, 0.0))


def _of_the_mean(group: Index) -> Array:
    """Return the share of a frame's error against all others that is its error against the mean, itself included."""
    n = np.bincount(group)[group]
    return np.where(n > 1, 1.0 - 1.0 / n, 1.0)


def _of_frames(offsets: Offsets, name: str, n_frame: int) -> tuple[Array, Array]:
    """Return a shared term of the stars and its error, one a frame; NaN where it was not fitted."""
    terms = offsets.terms
    if terms is None or name not in terms.names or not len(offsets.slopes):
        return np.full(n_frame, np.nan), np.full(n_frame, np.nan)
    k = terms.names.index(name)
    return np.full(n_frame, offsets.slopes[k]), np.full(n_frame, offsets.slope_err[k])


def _maps(model: Model, offsets: Offsets, own: Array, n_frame: int) -> tuple[Array | None, Array]:
    """Return each frame's shared polynomial, None without one, and what its own adds to it."""
    terms = offsets.terms
    if terms is None or not terms.order:
        return None, np.zeros(0)
    shared = offsets.maps[terms.map_group] if len(offsets.maps) else np.zeros((n_frame, terms.n_power))
    mine = np.nan_to_num(own[:, -terms.n_power :]) if model.spatial_per == "frame" else np.zeros_like(shared)
    return np.asarray(shared), mine


def _lever(m: Measures, offsets: Offsets, n_frame: int) -> Array:
    """Return what the error of shared slopes does to the level of frames solved each by itself."""
    if offsets.terms is None or not len(offsets.slopes):
        return np.zeros(n_frame)
    weight = np.where(offsets.terms.tied[m.star], 1.0 / (np.square(m.err) + np.square(m.ref_err) + 1e-4), 0.0)
    total = np.maximum(np.bincount(m.frame, weight, n_frame), 1e-300)
    mean = [np.bincount(m.frame, weight * x[m.star], n_frame) / total for x in offsets.terms.of_star]
    return np.asarray(np.sqrt(sum(np.square(x * e) for x, e in zip(mean, offsets.slope_err, strict=True))))
