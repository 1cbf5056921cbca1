"""The linear system of zero points, offsets and common terms: stars eliminated, frames by conjugate gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_array
from scipy.sparse.linalg import LinearOperator, cg

from photdb.photometry.zero_measures import Array, Index, Mask

#: Up to so many frames the reduced system is also factorised: chains of frames then converge at once.
DENSE = 2500

_PAIRS = 2e8  # of frames by common stars, and cells of frames x stars: more are not multiplied out
_RIDGE = 1e-9  # groups without a tie stay where they are


@dataclass
class System:
    """Weighted sums of the residuals, for one step from the present solution.

    Attributes
    ----------
    weight
        One a measurement.
    star, bounds
        Of the measurements, sorted by frame.
    of_frame, of_star
        Sums of weights; the stars' with their prior's.
    right_frame, right_star, right_term
        Sums of weight x residual; the stars' less the pull of the prior.
    by_frame, by_star, square
        Sums of weight x term by frame (n_frame x n_term) and by star (n_term x n_star), of weight x term x term.
    group, star_group
        Connected groups of frames and stars.
    """

    weight: Array
    star: NDArray[np.int32]
    bounds: NDArray[np.int32]
    of_frame: Array
    of_star: Array
    right_frame: Array
    right_star: Array
    right_term: Array
    by_frame: Any
    by_star: Any
    square: Array
    group: Index
    star_group: Index

    def __post_init__(self) -> None:
        """Look at the weights as a matrix of frames by stars."""
        shape = (len(self.of_frame), len(self.of_star))
        self.of_star = np.maximum(self.of_star, 1e-12)
        self.w = csr_array((self.weight, self.star, self.bounds), shape=shape)
        self.wt = self.w.T
        self.diagonal = self.of_frame * (1.0 + _RIDGE)

    @property
    def n_term(self) -> int:
        """Return how many common terms there are."""
        return len(self.square)

    def step(self, free: Mask, *, tolerance: float, factor: Any = None) -> tuple[Array, Array, Array]:
        """Return the changes of zero points, offsets and terms; frames that are not free do not change."""
        pull = self.right_star / self.of_star
        right = np.concatenate([
            (self.right_frame - self.w @ pull)[free],
            self.right_term - self.by_star @ pull if self.n_term else self.right_term,
        ])  # fmt: skip
        n, x = len(right), np.zeros(len(right))
        if n and np.any(right):
            matrix = LinearOperator((n, n), matvec=lambda y: self.normal(y, free), dtype=np.float64)
            first = self._first(free, factor)
            x, _ = cg(matrix, right, rtol=tolerance, maxiter=1000, M=LinearOperator((n, n), first, dtype=np.float64))
        frames, terms = self._parts(x, free)
        return frames, (self.right_star - self._on_stars(frames, terms)) / self.of_star, terms

    def normal(self, x: Array, free: Mask) -> Array:
        """Return the reduced matrix times a vector of free frames and terms."""
        frames, terms = self._parts(x, free)
        through = self._on_stars(frames, terms) / self.of_star
        up = self.diagonal * frames - self.w @ through
        if not self.n_term:
            return np.asarray(up[free])
        up += self.by_frame @ terms
        return np.concatenate([up[free], self.by_frame.T @ frames + self.square @ terms - self.by_star @ through])

    def factor(self, free: Mask, seen: Index) -> Any:
        """Return the factorised system of the frames alone, None where that would cost more than it saves."""
        n_frame = len(self.of_frame)
        few_pairs = self._is_dense() or np.sum(seen.astype(float) ** 2) <= _PAIRS
        if not 2 <= n_frame <= DENSE or not free.any() or not few_pairs:
            return None
        reduced = -self.by_pairs(1.0 / self.of_star)
        reduced[np.diag_indices(n_frame)] += np.where(self.of_frame > 0, self.of_frame * (1.0 + 1e-7), 1.0)
        try:
            return cho_factor(reduced[np.ix_(free, free)], lower=True, overwrite_a=True, check_finite=False)
        except np.linalg.LinAlgError:  # rounding: without it the solution takes longer, and is the same
            return None

    def by_pairs(self, scale: Array) -> Array:
        """Return the sum over stars of weight x weight x the star's scale for every pair of frames."""
        half = csr_array((self.weight * np.sqrt(scale)[self.star], self.star, self.bounds), shape=self.w.shape)
        if not self._is_dense():
            return np.asarray((half @ half.T).toarray())
        full = half.toarray()
        return np.asarray(full @ full.T)

    def _is_dense(self) -> bool:
        """Return whether the matrix of frames by stars is best multiplied as a full one."""
        cells = self.w.shape[0] * self.w.shape[1]
        return bool(cells <= min(5e7, 20 * len(self.weight)))

    def _first(self, free: Mask, factor: Any) -> Any:
        """Return the preconditioner."""
        own = np.where(self.of_frame > 0, self.of_frame, 1.0)[free]
        if self.n_term:
            through = np.asarray((self.by_star.power(2) / self.of_star).sum(axis=1)) if self.n_term else np.zeros(0)
            spread = np.maximum(np.diag(self.square) - through, 1e-3 * np.diag(self.square))
            own = np.concatenate([own, np.maximum(spread, 1e-300)])
        n = int(free.sum())
        if factor is None:
            mine, level = self.group[free], self._levels(free)
            return lambda y: np.concatenate([
                y[:n] / own[:n] + (np.bincount(mine, y[:n], len(level)) * level)[mine], y[n:] / own[n:]
            ])  # fmt: skip
        return lambda y: np.concatenate([cho_solve(factor, y[:n], check_finite=False), y[n:] / own[n:]])

    def _levels(self, free: Mask) -> Array:
        """Return the inverse of the matrix for the common level of each group: the weakest modes, found at once."""
        size = int(max(self.group.max(initial=0), self.star_group.max(initial=0))) + 1
        frames = np.where(free, self.of_frame, 0.0)
        stars = np.square(self.wt @ free.astype(np.float64)) / self.of_star
        whole = np.bincount(self.group, frames, size)
        held = whole - np.bincount(self.star_group, stars, size)
        return np.where(held > 1e-8 * whole, 1.0 / np.maximum(held, 1e-300), 0.0)

    def _parts(self, x: Array, free: Mask) -> tuple[Array, Array]:
        """Return the zero points of all frames, and the terms, of a vector of the free ones."""
        n = len(x) - self.n_term
        frames = np.zeros(len(free))
        frames[free] = x[:n]
        return frames, x[n:]

    def _on_stars(self, frames: Array, terms: Array) -> Array:
        """Return the weighted sum on every star of what zero points and terms say."""
        on = np.asarray(self.wt @ frames)
        return on + self.by_star.T @ terms if self.n_term else on
