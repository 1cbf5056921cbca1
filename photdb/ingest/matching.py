"""Which star is which: two lists of points matched by their triangles, and the odds that it is chance.

Both lists are planes sorted brightest first: a frame's pixels and a catalogue's tangent plane, or two frames.
Triangles of near neighbours that agree in shape propose a similarity transform each; proposals that agree vote
together; the best are checked by counting stars that fall on stars, one to one, and refined by least squares.

A match is only believed when chance cannot have made it. Of N points thrown at random on an area that holds M
others, each has a neighbour within r with probability p = 1 - exp(-M pi r^2 / area), so that k of them have one with
probability at most C(N, k) p^k. Three pairs are granted to the fit (an affine map passes through any three), and
the bound is multiplied by the number of transforms that were tried: what is left is an upper limit to the
probability that unrelated lists give as good a match anywhere in the search.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import gammaln

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]
    Indices = NDArray[np.int64]
    Pairs = tuple[Indices, Indices]

#: A match is believed when log10 of the probability that chance made it is below this.
CONVINCING = -7.0
_NEIGHBOURS = 9  # a triangle is a star and two of its nearest neighbours
_SHAPE = 0.012  # two triangles agree when the ratios of their sides do within this
_BIN = 0.02  # votes agree in log scale, in rotation (rad) and in centre (of the frame's diagonal)
_CHECKED = 60  # proposals checked star by star, in each of two grids of votes
_REFINED = 6  # proposals refined by least squares


@dataclass(frozen=True, slots=True)
class Match:
    """Pairs of points and the affine map between their planes.

    Attributes
    ----------
    a, b
        Indices of the paired points in the two lists.
    matrix
        Shape (2, 3): b = matrix @ (x, y, 1) of a.
    tolerance
        Radius, in units of b, within which pairs were taken.
    log10_chance
        log10 of the upper limit to the probability that unrelated lists match as well anywhere in the search.
    n_common, n_needed
        Matches found where the odds were counted, and how many of them would have been convincing there.
    """

    a: Indices
    b: Indices
    matrix: Points
    tolerance: float
    log10_chance: float
    n_common: int
    n_needed: int

    @property
    def convincing(self) -> bool:
        """Tell whether chance is ruled out."""
        return self.log10_chance < CONVINCING


#: What a search without a single proposal returns.
NOTHING = Match(np.zeros(0, np.int64), np.zeros(0, np.int64), np.eye(2, 3), 0.0, 0.0, 0, 0)


@dataclass(frozen=True, slots=True)
class Proposals:
    """Similarity transforms b = alpha * a + beta of complex numbers; a is conjugated first where mirrored."""

    alpha: NDArray[np.complex128]
    beta: NDArray[np.complex128]
    mirrored: NDArray[np.bool_]
    tried: int

    def where(self, wanted: NDArray[np.bool_]) -> Proposals:
        """Return some of them."""
        return Proposals(self.alpha[wanted], self.beta[wanted], self.mirrored[wanted], self.tried)

    def matrices(self) -> Points:
        """Return them as affine matrices of shape (n, 2, 3)."""
        sign = np.where(self.mirrored, -1.0, 1.0)
        re, im = self.alpha.real, self.alpha.imag
        rows = [np.stack([re, -sign * im, self.beta.real], axis=-1), np.stack([im, sign * re, self.beta.imag], axis=-1)]
        return np.stack(rows, axis=1)


def apply(matrix: Points, points: Points) -> Points:
    """Map points of shape (n, 2) by an affine matrix of shape (2, 3), or by (m, 2, 3) to (m, n, 2)."""
    return np.asarray(points @ np.swapaxes(matrix[..., :2], -1, -2) + matrix[..., None, :, 2])


def pair(a: Points, b: Points | cKDTree, radius: float) -> tuple[Indices, Indices]:
    """Return indices of the points that are each other's nearest within `radius`."""
    tree = b if isinstance(b, cKDTree) else cKDTree(b)
    if len(a) == 0 or tree.n == 0:
        return NOTHING.a, NOTHING.b
    distance, nearest = tree.query(a, distance_upper_bound=radius)
    order = np.argsort(distance, kind="stable")
    order = order[np.isfinite(distance[order])]
    _, first = np.unique(nearest[order], return_index=True)
    kept = order[first]
    return kept, np.asarray(nearest[kept], np.int64)


def fit_affine(a: Points, b: Points, weight: NDArray[np.float64] | None = None, *, similarity: bool = False) -> Points:
    """Return the least-squares affine map (2, 3) of a to b; four parameters, of either parity, for a similarity."""
    w = np.ones(len(a)) if weight is None else weight
    w = w / w.sum()
    ca, cb = w @ a, w @ b
    da, db = a - ca, b - cb
    if similarity:
        za, zb = da[:, 0] + 1j * da[:, 1], db[:, 0] + 1j * db[:, 1]
        direct, turned = np.sum(w * zb * za.conj()), np.sum(w * zb * za)
        mirrored = abs(turned) > abs(direct)
        alpha = (turned if mirrored else direct) / np.sum(w * abs(za) ** 2)
        sign = -1.0 if mirrored else 1.0
        linear = np.array([[alpha.real, -sign * alpha.imag], [alpha.imag, sign * alpha.real]])
    else:
        root = np.sqrt(w)[:, None]
        linear = np.linalg.lstsq(root * da, root * db, rcond=None)[0].T
    return np.column_stack([linear, cb - linear @ ca])


def triangles(points: Points, smallest: float) -> tuple[Indices, Points]:
    """Return the triangles of near neighbours: vertices (n, 3), opposite the longest, middle and shortest side; sides.

    Thin triangles and those with a longest side below `smallest` fix no transform and are left out.
    """
    k = min(_NEIGHBOURS, len(points) - 1)
    if k < 2:
        return np.zeros((0, 3), np.int64), np.zeros((0, 3))
    near = cKDTree(points).query(points, k=k + 1)[1]
    first, second = np.triu_indices(k, 1)
    each = np.stack([np.repeat(near[:, :1], len(first), 1), near[:, 1:][:, first], near[:, 1:][:, second]], axis=-1)
    each = np.sort(each.reshape(-1, 3), axis=1).astype(np.int64)
    n = len(points)
    keys = np.unique((each[:, 0] * n + each[:, 1]) * n + each[:, 2])
    vertex = np.stack([keys // (n * n), keys // n % n, keys % n], axis=1)
    side = np.linalg.norm(points[vertex[:, [1, 2, 0]]] - points[vertex[:, [2, 0, 1]]], axis=-1)
    order = np.argsort(-side, axis=1)
    vertex, side = np.take_along_axis(vertex, order, 1), np.take_along_axis(side, order, 1)
    good = (side[:, 0] > smallest) & (side[:, 2] > 0.15 * side[:, 0]) & (side[:, 1] + side[:, 2] > 1.02 * side[:, 0])
    return vertex[good], side[good]


def propose(
    a: Points,
    b: Points,
    *,
    centre: Points,
    diagonal: float,
    scale: tuple[float, float],
    mirrored: bool | None,
    smallest: float,
    turn: tuple[float, float] | None = None,
) -> Proposals:
    """Return the transforms that most triangles of the two lists agree on, best first.

    Parameters
    ----------
    a, b : ndarray of shape (n, 2), (m, 2)
        The points whose triangles are used.
    centre, diagonal
        Centre and size of the frame of `a`.
    scale : tuple of float
        Smallest and largest length in b of a unit length in a.
    mirrored : bool or None
        Parity of the map; None tries both.
    smallest : float
        Longest side, in units of a, below which a triangle is too small to be measured.
    turn : tuple of float, optional
        Angle (rad) that the x axis of a has in b for maps that keep parity and for those that do not, right to
        10 degrees or half a turn.
    """
    (va, sa), (vb, sb) = triangles(a, smallest), triangles(b, smallest * scale[0])
    if len(va) == 0 or len(vb) == 0:
        return Proposals(np.zeros(0, complex), np.zeros(0, complex), np.zeros(0, bool), 0)
    middle, half = np.log(scale[0] * scale[1]) / 2, max(np.log(scale[1] / scale[0]) / 2, 1e-3)
    ia, ib = _alike(sa, sb, middle, half)
    za, zb = _complex(a)[va[ia]], _complex(b)[vb[ib]]
    flipped = _turn(za) != _turn(zb)
    za = np.where(flipped[:, None], za.conj(), za)
    alpha = (zb[:, 1] - zb[:, 2]) / (za[:, 1] - za[:, 2])  # the two ends of the longest side
    if mirrored is not None or turn is not None:
        keep = np.ones(len(flipped), bool) if mirrored is None else flipped == mirrored
        if turn is not None:
            off = np.angle(alpha) - np.where(flipped, turn[1], turn[0])
            keep &= np.abs(np.sin(off)) < np.sin(np.radians(10.0))
        za, zb, alpha, flipped = za[keep], zb[keep], alpha[keep], flipped[keep]
    beta = zb.mean(axis=1) - alpha * za.mean(axis=1)
    return _vote(Proposals(alpha, beta, flipped, len(alpha)), complex(*centre), diagonal)


def _complex(points: Points) -> NDArray[np.complex128]:
    return np.asarray(points[:, 0] + 1j * points[:, 1])


def _turn(z: NDArray[np.complex128]) -> NDArray[np.bool_]:
    """Tell which triangles run anticlockwise."""
    return np.asarray(((z[:, 1] - z[:, 0]).conj() * (z[:, 2] - z[:, 0])).imag > 0)


def _alike(sa: Points, sb: Points, log_scale: float, half_range: float) -> tuple[Indices, Indices]:
    """Return indices of triangles of the same shape, and of the same size within the scale allowed."""
    fa = np.column_stack([sa[:, 1:] / sa[:, :1] / _SHAPE, (np.log(sa[:, 0]) + log_scale) / half_range])
    fb = np.column_stack([sb[:, 1:] / sb[:, :1] / _SHAPE, np.log(sb[:, 0]) / half_range])
    found = cKDTree(fa).sparse_distance_matrix(cKDTree(fb), 1.0, p=np.inf, output_type="ndarray")
    return found["i"].astype(np.int64), found["j"].astype(np.int64)


def _vote(all_: Proposals, centre: complex, diagonal: float) -> Proposals:
    """Return the mean of the proposals in each of the fullest cells of two staggered grids."""
    if all_.tried == 0:
        return all_
    size, turn = np.log(np.abs(all_.alpha)), np.angle(all_.alpha)
    where = all_.alpha * np.where(all_.mirrored, centre.conjugate(), centre) + all_.beta
    unit = _BIN * diagonal * np.exp(np.median(size))
    axes = np.column_stack([size / _BIN, turn / _BIN, where.real / unit, where.imag / unit])
    best: list[tuple[NDArray[np.complex128], NDArray[np.complex128], NDArray[np.bool_], Indices]] = []
    for stagger in (0.0, 0.5):
        cell = np.floor(axes + stagger).astype(np.int64)
        cell -= cell.min(axis=0)
        span = cell.max(axis=0) + 1
        key = ((cell[:, 0] * span[1] + cell[:, 1]) * span[2] + cell[:, 2]) * span[3] + cell[:, 3]
        _, inverse, votes = np.unique(2 * key + all_.mirrored, return_inverse=True, return_counts=True)
        top = np.argsort(-votes, kind="stable")[:_CHECKED]
        chosen = np.flatnonzero(np.isin(inverse, top))
        mean = [
            np.bincount(inverse[chosen], v[chosen], len(votes))[top] / votes[top]
            for v in (size, turn, where.real, where.imag, all_.mirrored)
        ]
        mirrored = mean[4] > 0.5
        alpha = np.exp(mean[0] + 1j * mean[1])
        beta = mean[2] + 1j * mean[3] - alpha * np.where(mirrored, centre.conjugate(), centre)
        best.append((alpha, beta, mirrored, votes[top]))
    alpha, beta, mirrored, votes = (np.concatenate(parts) for parts in zip(*best, strict=True))
    order = np.argsort(-votes, kind="stable")
    return Proposals(alpha[order], beta[order], mirrored[order], all_.tried)


def propose_shifts(a: Points, b: Points, matrix: Points, *, reach: float, unit: float) -> Proposals:
    """Return the shifts that most pairs of the two lists agree on, once `a` is mapped by a similarity (2, 3).

    Parameters
    ----------
    a, b : ndarray of shape (n, 2), (m, 2)
        The points.
    matrix : ndarray of shape (2, 3)
        The similarity that only a shift is missing from.
    reach, unit : float
        Largest shift, and how well shifts must agree, in units of b.
    """
    mapped = apply(matrix, a)
    found = cKDTree(mapped).sparse_distance_matrix(cKDTree(b), reach, output_type="ndarray")
    shift = b[found["j"]] - mapped[found["i"]]
    mirrored = bool(np.linalg.det(matrix[:, :2]) < 0)
    alpha, beta = complex(matrix[0, 0], matrix[1, 0]), complex(matrix[0, 2], matrix[1, 2])
    best: list[tuple[Points, Indices]] = []
    for stagger in (0.0, 0.5) if len(shift) else ():
        cell = np.floor(shift / unit + stagger).astype(np.int64)
        cell -= cell.min(axis=0)
        _, inverse, votes = np.unique(
            cell[:, 0] * (cell[:, 1].max() + 1) + cell[:, 1], return_inverse=True, return_counts=True
        )
        top = np.argsort(-votes, kind="stable")[: _CHECKED // 2]
        mean = np.stack([np.bincount(inverse, shift[:, axis])[top] / votes[top] for axis in (0, 1)], axis=1)
        best.append((mean, votes[top]))
    if not best:
        return Proposals(np.zeros(0, complex), np.zeros(0, complex), np.zeros(0, bool), 0)
    mean, votes = (np.concatenate(parts) for parts in zip(*best, strict=True))
    mean = mean[np.argsort(-votes, kind="stable")]
    n = len(mean)
    return Proposals(np.full(n, alpha), beta + _complex(mean), np.full(n, mirrored), len(shift))


def best_match(
    a: Points,
    b: Points,
    proposals: Proposals,
    *,
    n_used: int,
    width: float,
    height: float,
    tolerance: float,
    tried: int,
) -> Match:
    """Return the proposal that puts most stars on stars, refined, with its odds.

    Parameters
    ----------
    a, b : ndarray of shape (n, 2), (m, 2)
        The whole lists, brightest first.
    proposals : Proposals
        What to check.
    n_used : int
        How many of `a` are looked up in a first check.
    width, height : float
        The frame of `a` is 0 to width, 0 to height.
    tolerance : float
        How far a proposal may put a star from its counterpart, in units of a.
    tried : int
        Transforms tried before these, in the same search.
    """
    if len(proposals.alpha) == 0 or len(a) < 3 or len(b) < 3:
        return NOTHING
    matrices, tree = proposals.matrices(), cKDTree(b)
    reach = tolerance * np.abs(proposals.alpha)
    distance = tree.query(apply(matrices, a[:n_used]).reshape(-1, 2))[0].reshape(len(matrices), -1)
    score = np.sum(distance < reach[:, None], axis=1)
    best = NOTHING
    for i in np.argsort(-score, kind="stable")[:_REFINED]:
        matrix, radius = refine(a[:n_used], tree, matrices[i], float(reach[i]))
        match = _judge(a, b, matrix, radius, n_used=n_used, width=width, height=height, tried=tried + proposals.tried)
        if match.log10_chance < best.log10_chance or best is NOTHING:
            best = match
        if best.log10_chance < 2 * CONVINCING:
            break
    return best


def refine(a: Points, b: cKDTree, matrix: Points, radius: float, *, rounds: int = 6) -> tuple[Points, float]:
    """Return the affine map refitted to its own pairs until it settles, and the radius that holds them."""
    floor = 0.1 * radius
    for _ in range(rounds):
        ia, ib = pair(apply(matrix, a), b, radius)
        if len(ia) < 3:
            break
        target = b.data[ib]
        matrix = fit_affine(a[ia], target, similarity=len(ia) < 6)
        residual = np.linalg.norm(apply(matrix, a[ia]) - target, axis=1)
        radius = float(np.clip(3.0 * np.median(residual), floor, radius))
    return matrix, radius


def _judge(
    a: Points, b: Points, matrix: Points, radius: float, *, n_used: int, width: float, height: float, tried: int
) -> Match:
    """Return the pairs under a map with the odds that they are chance, at the depth where the odds tell most."""
    size = abs(np.linalg.det(matrix[:, :2]))
    if not size > 0:
        return NOTHING
    back = np.linalg.inv(matrix[:, :2])
    position = (b - matrix[:, 2]) @ back.T
    inside = np.flatnonzero((position >= 0).all(axis=1) & (position[:, 0] <= width) & (position[:, 1] <= height))
    per_star = np.pi * radius**2 / (width * height * size)
    mapped, target = apply(matrix, a), b[inside]
    depths = _depths(len(a), len(inside), n_used)
    best = (0.0, 0, 0)
    for n, m in depths:
        k = len(pair(mapped[:n], target[:m], radius)[0])
        chance = log10_chance(n, k, m * per_star) + np.log10(max(tried, 1) * len(depths))
        if chance < best[0] or best[1] == 0:
            best = (min(chance, 0.0), k, _needed(n, m * per_star, tried * len(depths)))
        if chance < 2 * CONVINCING:
            break
    ia, ib = pair(mapped, target, radius)
    return Match(ia, inside[ib], matrix, radius, *best)


def _depths(n: int, m: int, n_used: int) -> list[tuple[int, int]]:
    """Return how many of each list to count with: as bright as each other, deeper in either, and last all."""
    pairs = [(min(n, i), min(m, j)) for i in (n_used, 3 * n_used, n) for j in (i, 3 * i, m)]
    return list(dict.fromkeys(pairs))


def log10_chance(n: int, k: int, expected: float) -> float:
    """Return log10 of the bound C(n', k') p^k' with n' = n - 3, k' = k - 3: see the head of this file."""
    n, k = n - 3, k - 3
    if k <= 0 or expected <= 0:
        return 0.0
    log_p = np.log(-np.expm1(-expected))
    choose = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return float(min((choose + k * log_p) / np.log(10.0), 0.0))


def _needed(n: int, expected: float, tried: int) -> int:
    """Return how many of n would have to match to be convincing (more than n when none suffices)."""
    limit = CONVINCING - np.log10(max(tried, 1))
    for k in range(4, n + 1):
        if k > 1.5 * n * expected and log10_chance(n, k, expected) < limit:
            return k
    return n + 1
