"""Which detections are one object: a pure function of the set of detections, whatever order they came in.

Detections are taken by grade. Those of the highest grade (whole, and bright enough to be believed one by one) fall into
groups that are linked within reach. A group that no frame has two detections of, all of them within reach of their
mean, is one object. Any other group is taken apart: the detections of its fullest frame are the first seeds, those of
other frames join the seeds one to one, what is left over seeds again, and all are given to the mean positions anew
until nothing changes. Detections of a lower grade join the objects there are, and are grouped among themselves where
there is none; such a group is an object when its detections together are significant enough.

Positions are unit vectors in arcseconds: differences of them are angles on the sky, poles and RA 0 are like any place.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.photometry.islands import islands, means, members

#: Arcseconds in a radian: what a unit vector is multiplied by to be in arcseconds.
ARCSEC = 206264.80624709636

#: Grades of a detection: bright and whole; whole; cut by the edge of its frame, or hit by a cosmic ray.
BRIGHT, WHOLE, CUT = 3, 2, 1

#: A detection of this signal to noise is believed without another one.
GATE_SNR = 5.0
#: Weaker ones, or cut ones, make an object together: from so many frames, at this combined signal to noise.
GROUP_FRAMES, GROUP_SNR = 3, 8.0

#: Least error of a position, and the one of a detection that has none, arcsec.
ERROR_FLOOR, ERROR_FALLBACK = 0.05, 0.2

#: Proper motion that a star without a known one may have, 1 sigma, arcsec/yr.
UNKNOWN_MOTION = 0.01

#: What decides which detections are an object, as runs record it.
RULES = {
    "gate_snr": GATE_SNR,
    "group_frames": GROUP_FRAMES,
    "group_snr": GROUP_SNR,
    "error_floor_arcsec": ERROR_FLOOR,
    "error_fallback_arcsec": ERROR_FALLBACK,
    "unknown_motion_arcsec_yr": UNKNOWN_MOTION,
}

#: Passes over mean positions, at most; few groups need more than three.
PASSES = 12

#: What is so many of the largest reach away has nothing to do with a detection: an object is within reach of its
#: detections, another one competes for a third within its own extent of that, and there is room for rounding.
ALONE = 4.0

#: Pairs that are looked at together: 16 bytes each.
MANY_PAIRS = 20_000_000


@dataclass(frozen=True, slots=True)
class Detections:
    """What matching needs to know of n detections, each an array of n.

    Parameters
    ----------
    frame : ndarray of int
        Which frame; two of one frame are never one object.
    position : ndarray, shape (n, 3)
        arcsec; unit vector times `ARCSEC`, fast stars carried to one common date.
    reach : ndarray
        arcsec; how far from its object it may be: its frame's.
    sigma : ndarray
        arcsec; error of the position on one axis.
    snr : ndarray
        Signal to noise; NaN: unknown.
    grade : ndarray of int
        `BRIGHT`, `WHOLE` or `CUT`.
    mjd : ndarray
        d; date of the frame.
    motion_sigma : ndarray
        arcsec/yr; 1 sigma of its unknown motion.
    """

    frame: NDArray[np.int64]
    position: NDArray[np.float64]
    reach: NDArray[np.float64]
    sigma: NDArray[np.float64]
    snr: NDArray[np.float64]
    grade: NDArray[np.int8]
    mjd: NDArray[np.float64]
    motion_sigma: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.frame)

    def take(self, index: NDArray[Any]) -> Detections:
        """Return some of them, in the order of an index."""
        return Detections(*(getattr(self, f.name)[index] for f in fields(self)))


@dataclass(frozen=True, slots=True)
class Shapes:
    """What is known of each of k objects from its detections, arrays of k; arcsec.

    Parameters
    ----------
    mean : ndarray, shape (k, 3)
        Mean position of its detections of the highest grade.
    grade : ndarray of int
        That grade.
    n_position : ndarray of int
        How many it is the mean of.
    n : ndarray of int
        All its detections.
    spread : ndarray
        Distance of its farthest detection from the mean.
    slack : ndarray
        Least of reach minus distance: below 0, a detection is out of reach.
    reach : ndarray
        Largest reach of its detections.
    is_simple : ndarray of bool
        Linked within reach as one group whatever else there is, all within reach of the mean.
    """

    mean: NDArray[np.float64]
    grade: NDArray[np.int8]
    n_position: NDArray[np.int64]
    n: NDArray[np.int64]
    spread: NDArray[np.float64]
    slack: NDArray[np.float64]
    reach: NDArray[np.float64]
    is_simple: NDArray[np.bool_]


def position_error(
    fwhm: NDArray[np.float64], snr: NDArray[np.float64], wcs_rms: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the error of positions on one axis, arcsec.

    The centroid of a Gaussian star is known to FWHM / (2.355 S/N) on one axis (King 1983, PASP 95, 163); the scatter of
    the frame's astrometry and a floor come on top. Without a signal to noise it is the fallback.

    Parameters
    ----------
    fwhm, wcs_rms : ndarray
        arcsec; of the frame; NaN: unknown.
    snr : ndarray
        Of the detection.

    Examples
    --------
    >>> position_error(np.array([2.355, 2.0]), np.array([10.0, np.nan]), np.array([0.0, 0.0])).round(3).tolist()
    [0.112, 0.2]
    """
    photons = fwhm / (2.355 * np.where(snr > 0, snr, np.nan))
    rms = np.nan_to_num(wcs_rms, nan=0.0)
    sigma = np.sqrt(photons**2 + rms**2 + ERROR_FLOOR**2)
    return np.where(np.isfinite(sigma), np.minimum(sigma, np.maximum(fwhm, ERROR_FALLBACK)), ERROR_FALLBACK)


def negative_log_likelihood(distance: NDArray[np.float64], variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 0.5 chi2 + 0.5 ln(var_ra var_dec) for a separation, with the same variance on both axes, arcsec.

    The logarithm keeps a badly known position from winning by its large error (as in LSST's association of 2026).

    Examples
    --------
    >>> tight = negative_log_likelihood(np.array([0.15]), np.array([0.05**2 + 0.05**2]))
    >>> loose = negative_log_likelihood(np.array([0.30]), np.array([0.05**2 + 0.50**2]))
    >>> bool(tight[0] < loose[0])
    True
    """
    return 0.5 * distance**2 / variance + np.log(variance)


def one_to_one(
    source: NDArray[np.int64], place: NDArray[np.int64], cost: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs that give each source one place at most and each place one source at most.

    As many sources as possible get a place, and of all ways to do so the one of the least cost is taken. Where nobody
    competes that is everyone's own best; the rest is an assignment within each knot of competing sources, with a place
    of its own for each that stays without.

    Parameters
    ----------
    source, place : ndarray of int, shape (n,)
        The candidate pairs.
    cost : ndarray, shape (n,)

    Returns
    -------
    source, place : ndarray of int
        The pairs chosen, sorted by source.

    Examples
    --------
    >>> one_to_one(np.array([7, 7, 8]), np.array([1, 2, 1]), np.array([0.1, 0.9, 0.0]))
    (array([7, 8]), array([2, 1]))
    """
    order = np.lexsort((place, cost, source))
    source, place, cost = source[order], place[order], cost[order]
    first = np.flatnonzero(np.r_[True, source[1:] != source[:-1]]) if source.size else np.zeros(0, dtype=np.int64)
    best = place[first]
    wanted, times = np.unique(best, return_counts=True)
    if (times <= 1).all():
        return source[first], best
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    _, i = np.unique(source, return_inverse=True)
    n = int(i.max()) + 1
    _, j = np.unique(place, return_inverse=True)
    m = int(j.max()) + 1
    graph = coo_matrix((np.ones(len(i)), (i, j + n)), shape=(n + m, n + m))
    _, knot = connected_components(graph, directed=False)
    contested = np.zeros(int(knot.max()) + 1, dtype=bool)
    contested[knot[i[np.isin(place, wanted[times > 1])]]] = True
    free = ~contested[knot[i[first]]]
    chosen_source, chosen_place = [source[first[free]]], [best[free]]
    busy = np.flatnonzero(contested[knot[i]])
    busy = busy[np.argsort(knot[i[busy]], kind="stable")]
    for pairs in np.split(busy, np.flatnonzero(np.diff(knot[i[busy]])) + 1):
        s, p = _assigned(source[pairs], place[pairs], cost[pairs])
        chosen_source.append(s)
        chosen_place.append(p)
    source, place = np.concatenate(chosen_source), np.concatenate(chosen_place)
    order = np.argsort(source, kind="stable")
    return source[order], place[order]


def _assigned(
    source: NDArray[np.int64], place: NDArray[np.int64], cost: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the best one-to-one pairs of one knot."""
    from scipy.optimize import linear_sum_assignment

    sources, i = np.unique(source, return_inverse=True)
    places, j = np.unique(place, return_inverse=True)
    n, m = len(sources), len(places)
    shifted = cost - cost.min()
    ghost = (shifted.max() + 1.0) * (n + 1)  # to stay without costs more than any detour of all others
    table = np.full((n, m + n), ghost * (n + 1))
    table[i, j] = shifted
    table[np.arange(n), m + np.arange(n)] = ghost
    rows, columns = linear_sum_assignment(table)
    real = columns < m
    return sources[rows[real]], places[columns[real]]


def partition(detections: Detections) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return a number for each detection, the same for those of one object, and whether objects compete for it.

    Parameters
    ----------
    detections : Detections
        All that are linked to one another, in any order; or several such sets, which do not touch each other.

    Returns
    -------
    labels : ndarray of int, shape (n,)
        Counted from 0; -1: of no object.
    is_contested : ndarray of bool, shape (n,)
        Of a group that had to be taken apart, or near several objects, or beaten by another detection of its frame.
    """
    if not len(detections):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool)
    labels, is_done = _alone_in_the_sky(detections)
    contested = np.zeros(len(detections), dtype=bool)
    rest = np.flatnonzero(~is_done)
    if rest.size:
        found, contested[rest] = matched(detections.take(rest))
        labels[rest] = np.where(found >= 0, found + labels.max() + 1, -1)
    return labels, contested


def _alone_in_the_sky(d: Detections) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the labels of detections that nothing but one object is near to, and which these are.

    What is `ALONE` largest reaches from everything else neither links nor competes with it. When no frame has two of
    such a set, and all of it is within reach of the mean of those of its best grade, that are linked by the one in the
    middle, matching would make one object of it, or none if it is not significant.
    """
    inside = members(islands(d.position, ALONE * float(d.reach.max())), d.frame)
    grade, reach, start = d.grade[inside.order], d.reach[inside.order], inside.start
    best = np.maximum.reduceat(grade, start)
    founding = grade == best[inside.island]
    _, distance = means(inside, d.position[inside.order], founding, ARCSEC)
    slack = np.minimum.reduceat(reach - distance, start)
    apart = np.minimum.reduceat(np.where(founding, reach - distance, np.inf), start)
    core = np.minimum.reduceat(np.where(founding, distance, np.inf), start)
    is_simple = ~inside.is_twice & (slack >= 0) & (apart >= core)
    snr = np.nan_to_num(np.maximum(d.snr[inside.order], 0.0))
    believed = _significant(np.add.reduceat(np.ones(len(d), np.int64), start), np.add.reduceat(snr**2, start), best)
    number = np.where(is_simple & believed, np.cumsum(is_simple & believed) - 1, -1)
    labels, is_done = np.empty(len(d), dtype=np.int64), np.empty(len(d), dtype=bool)
    labels[inside.order], is_done[inside.order] = number[inside.island], is_simple[inside.island]
    return labels, is_done


def matched(detections: Detections) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return what `partition` returns, all detections looked at one by one: for those that are near others.

    Parameters
    ----------
    detections : Detections
        At least one.

    Returns
    -------
    labels, is_contested : ndarray, shape (n,)
    """
    p = detections.position
    order = np.lexsort((p[:, 2], p[:, 1], p[:, 0], detections.mjd))
    d = detections.take(order)
    labels, contested = np.full(len(d), -1, dtype=np.int64), np.zeros(len(d), dtype=bool)
    for grade in (BRIGHT, WHOLE, CUT):
        mine = np.flatnonzero(d.grade == grade)
        if not mine.size:
            continue
        _join(d, mine, labels)
        rest = mine[labels[mine] < 0]
        if rest.size:
            groups, contested[rest] = _grouped(d.take(rest))
            labels[rest] = groups + labels.max() + 1
    labels = _believed(d, labels)
    contested |= _competed_for(d, labels)
    back = np.empty_like(labels)
    back[order] = labels
    is_contested = np.empty_like(contested)
    is_contested[order] = contested
    return back, is_contested


def _competed_for(d: Detections, labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether detections belong to an object that another one, or another detection, competes with at a lower grade."""
    n = int(labels.max(initial=-1)) + 1
    if not n:
        return np.zeros(len(d), dtype=bool)
    known = shapes(d, labels, n)
    around = np.maximum(known.spread, 0.5 * known.reach)
    lower = np.flatnonzero(d.grade < known.grade.max())
    i, k, distance = _pairs(d.position[lower], d.reach[lower] + around.max(), known.mean)
    i = lower[i]
    near = (distance <= d.reach[i] + around[k]) & (d.grade[i] < known.grade[k])
    i, k = i[near], k[near]
    several = np.bincount(i, minlength=len(d)) > 1
    torn = np.zeros(n, dtype=bool)
    torn[k[several[i] | (labels[i] != k)]] = True
    return np.where(labels >= 0, torn[labels], False)


def shapes(detections: Detections, labels: NDArray[np.int64], n: int) -> Shapes:
    """Return mean positions and extents of objects 0 ... n-1."""
    d, label = detections.take(labels >= 0), labels[labels >= 0]
    grade = np.zeros(n, dtype=np.int8)
    np.maximum.at(grade, label, d.grade)
    founding = d.grade == grade[label]
    count = np.bincount(label[founding], minlength=n)
    mean = _sums(d.position[founding], label[founding], n) / np.maximum(count, 1)[:, None]
    mean *= ARCSEC / np.maximum(np.linalg.norm(mean, axis=1), 1e-9)[:, None]
    distance = np.linalg.norm(d.position - mean[label], axis=1)
    spread, reach = np.zeros(n), np.zeros(n)
    np.maximum.at(spread, label, distance)
    np.maximum.at(reach, label, d.reach)
    slack = np.full(n, np.inf)
    np.minimum.at(slack, label, d.reach - distance)
    core = np.full(n, np.inf)
    np.minimum.at(core, label[founding], distance[founding])
    apart = np.full(n, np.inf)  # the member of the core links every one that is within its reach of it
    np.minimum.at(apart, label[founding], (d.reach - distance)[founding])
    # Joining the mean as it is must be what the whole set gives: the same frame never twice, all linked by the core.
    simple = (count > 0) & _alone(d, label, n) & (slack >= 0) & (apart >= core)
    return Shapes(mean, grade, count, np.bincount(label, minlength=n), spread, slack, reach, simple)


def _sums(values: NDArray[np.float64], label: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """Return sums of vectors by label, shape (n, 3)."""
    return np.column_stack([np.bincount(label, weights=values[:, k], minlength=n) for k in range(3)])


def _believed(d: Detections, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return labels without the groups that are not significant: a bright whole detection, or several that add up."""
    n = int(labels.max()) + 1 if labels.size else 0
    mine = labels >= 0
    snr = np.nan_to_num(np.maximum(d.snr, 0.0))
    combined = np.bincount(labels[mine], weights=snr[mine] ** 2, minlength=n)
    count = np.bincount(labels[mine], minlength=n)
    best = np.zeros(n, dtype=np.int8)
    np.maximum.at(best, labels[mine], d.grade[mine])
    keep = _significant(count, combined, best)
    number = np.where(keep, np.cumsum(keep) - 1, -1)
    return np.where(mine, number[labels], -1) if n else labels


def _significant(count: NDArray[Any], combined: NDArray[Any], grade: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Whether groups are objects: of so many detections, with this sum of squares of S/N and this best grade."""
    return np.asarray((grade == BRIGHT) | ((count >= GROUP_FRAMES) & (combined >= GROUP_SNR**2)))


def _join(d: Detections, mine: NDArray[np.int64], labels: NDArray[np.int64]) -> None:
    """Give detections to the objects of higher grades within their reach, one to one in each frame; in place."""
    n = int(labels.max()) + 1
    if not n:
        return
    known = shapes(d, labels, n)
    i, k, distance = _pairs(d.position[mine], d.reach[mine], known.mean)
    held = _keys(labels[labels >= 0], d.frame[labels >= 0])
    free = ~np.isin(_keys(k, d.frame[mine[i]]), held)
    i, k, distance = i[free], k[free], distance[free]
    found, place = _placed(d.take(mine), i, k, distance, *_errors(d, labels, n))
    labels[mine[found]] = place


def _keys(number: NDArray[np.int64], frame: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return one number for an object in a frame."""
    return (number.astype(np.int64) << 32) + frame


def _errors(d: Detections, labels: NDArray[np.int64], n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the variance of the mean position of each object, arcsec2, and its mean date, d."""
    mine = labels >= 0
    weight = np.bincount(labels[mine], weights=1 / d.sigma[mine] ** 2, minlength=n)
    count = np.maximum(np.bincount(labels[mine], minlength=n), 1)
    return 1 / np.maximum(weight, 1e-12), np.bincount(labels[mine], weights=d.mjd[mine], minlength=n) / count


def _placed(
    d: Detections,
    i: NDArray[np.int64],
    k: NDArray[np.int64],
    distance: NDArray[np.float64],
    variance: NDArray[np.float64],
    mjd: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which detection gets which object, one to one in each frame."""
    drift = d.motion_sigma[i] * (d.mjd[i] - mjd[k]) / 365.25
    cost = negative_log_likelihood(distance, d.sigma[i] ** 2 + variance[k] + drift**2)
    source, place = one_to_one(i, _keys(k, d.frame[i]), cost)
    return source, place >> 32


def _pairs(
    position: NDArray[np.float64], reach: NDArray[np.float64], centres: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the pairs of positions and centres within reach: their numbers and distances."""
    if len(position) * len(centres) <= 200_000:
        apart = np.linalg.norm(position[:, None, :] - centres[None, :, :], axis=2)
        i, k = np.nonzero(apart <= reach[:, None])
        return i, k, apart[i, k]
    from scipy.spatial import cKDTree

    if len(position) and reach.max() <= 2 * np.median(reach):
        # One radius for all and a cut afterwards: pairs come as arrays, not as a list a detection.
        found = cKDTree(position).sparse_distance_matrix(
            cKDTree(centres), float(reach.max()) * (1 + 1e-9), output_type="ndarray"
        )
        order = np.lexsort((found["j"], found["i"]))
        i, k = found["i"][order].astype(np.int64), found["j"][order].astype(np.int64)
    else:
        near = cKDTree(centres).query_ball_point(position, reach * (1 + 1e-9))
        i = np.repeat(np.arange(len(position)), [len(v) for v in near])
        k = np.concatenate([np.asarray(v, dtype=np.int64) for v in near]) if len(i) else np.zeros(0, dtype=np.int64)
    distance = np.linalg.norm(position[i] - centres[k], axis=1)
    inside = distance <= reach[i]
    return i[inside], k[inside], distance[inside]


def _grouped(d: Detections) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the labels of detections of one grade that no object took, and whether they had to be taken apart."""
    group = linked(d.position, d.reach)
    n = int(group.max()) + 1
    simple = _alone(d, group, n) & (shapes(d, group, n).slack >= 0)
    labels = np.where(simple[group], group, -1)
    tangled = np.flatnonzero(~simple[group])
    tangled = tangled[np.argsort(group[tangled], kind="stable")]
    for knot in np.split(tangled, np.flatnonzero(np.diff(group[tangled])) + 1) if tangled.size else []:
        labels[knot] = _untangled(d.take(knot)) + n
        n = int(labels.max()) + 1
    return np.unique(labels, return_inverse=True)[1].astype(np.int64), ~simple[group]


def _alone(d: Detections, label: NDArray[np.int64], n: int) -> NDArray[np.bool_]:
    """Whether no frame has two detections of an object."""
    keys = np.sort(_keys(label, d.frame))
    pair = keys[np.r_[True, keys[1:] != keys[:-1]]] >> 32 if len(keys) else keys
    return np.asarray(np.bincount(pair, minlength=n) == np.bincount(label, minlength=n))


def linked(position: NDArray[np.float64], reach: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the number of the group of each position: two are linked within the larger of their reaches (arcsec)."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    n = len(position)
    tree = cKDTree(position)
    largest = float(reach.max())
    label = np.arange(n)
    expected = int(tree.count_neighbors(tree, largest))
    pieces = max(1, -(-expected // MANY_PAIRS))
    # Neighbours on the sky are neighbours in a piece: sorted along the longest side.
    along = np.argsort(position[:, int(np.ptp(position, axis=0).argmax())], kind="stable")
    for piece in np.array_split(along, pieces):
        if pieces == 1:
            i, j = tree.query_pairs(largest, output_type="ndarray").T
        else:
            near = cKDTree(position[piece]).query_ball_tree(tree, largest)
            i = np.repeat(piece, [len(v) for v in near])
            j = np.concatenate([np.asarray(v, dtype=np.int64) for v in near])
        close = np.linalg.norm(position[i] - position[j], axis=1) <= np.maximum(reach[i], reach[j])
        graph = coo_matrix((np.ones(int(close.sum()), dtype=np.int8), (label[i[close]], label[j[close]])), shape=(n, n))
        _, merged = connected_components(graph, directed=False)
        label = merged[label]
    return np.unique(label, return_inverse=True)[1].astype(np.int64)


def _untangled(d: Detections) -> NDArray[np.int64]:
    """Return the labels of one group that is more than one object; sorted as `partition` sorts."""
    labels = _seeded(d, np.full(len(d), -1, dtype=np.int64))
    for _ in range(PASSES):
        n = int(labels.max()) + 1
        centres = _sums(d.position, labels, n) / np.bincount(labels, minlength=n)[:, None]
        found, place = _placed(d, *_pairs(d.position, d.reach, centres), *_errors(d, labels, n))
        given = np.full(len(d), -1, dtype=np.int64)
        given[found] = place
        given = _numbered(_seeded(d, given))
        if (given == labels).all():
            break
        labels = given
    return labels


def _seeded(d: Detections, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return labels for those that have none: of the fullest frames first, which the others join."""
    labels = labels.copy()
    while (labels < 0).any():
        loose = np.flatnonzero(labels < 0)
        seeds = loose[d.frame[loose] == _fullest(d, loose)]
        first = int(labels.max()) + 1
        labels[seeds] = first + np.arange(len(seeds))
        loose = loose[labels[loose] < 0]
        rest = d.take(loose)
        i, k, distance = _pairs(rest.position, rest.reach, d.position[seeds])
        found, place = _placed(rest, i, k, distance, d.sigma[seeds] ** 2, d.mjd[seeds])
        labels[loose[found]] = first + place
    return _numbered(labels)


def _fullest(d: Detections, loose: NDArray[np.int64]) -> int:
    """Return the frame with the most loose detections; of several the sharpest, then the earliest."""
    frames, first, count = np.unique(d.frame[loose], return_index=True, return_counts=True)
    best = np.lexsort((first, d.reach[loose[first]], -count))[0]
    return int(frames[best])


def _numbered(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return labels counted from 0 in the order in which they first appear."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]
