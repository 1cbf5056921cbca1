"""Which transform might it be: triangles of one shape, or pairs at one shift, propose; proposals that agree vote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from photdb.ingest.matching import apply

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]
    Indices = NDArray[np.int64]

_NEIGHBOURS = 9  # a triangle is a star and two of its nearest neighbours
_SHAPE = 0.012  # two triangles agree when the ratios of their sides do within this
_BIN = 0.02  # votes agree in log scale, in rotation (rad) and in centre (of the frame's diagonal)
_CHECKED = 60  # proposals checked star by star, in each of two grids of votes


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
