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

    from photdb.ingest.proposals import Proposals

    Points = NDArray[np.float64]
    Indices = NDArray[np.int64]
    Pairs = tuple[Indices, Indices]

#: A match is believed when log10 of the probability that chance made it is below this.
CONVINCING = -7.0
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
