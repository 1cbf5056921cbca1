"""Moving bodies among detections that no star explains: linear motion over a night.

Pairs of leftovers of two frames that a body could have moved between predict where it is in the frames around; what is
found there sharpens the prediction, which is carried on to the other frames (Kubica et al. 2007, Icarus 189, 151, link
detections in the same way, by trees). Places are arcsec on a plane that touches the sky in the field, so poles and
RA 0 are places like any other. How many such tracklets chance would make follows from the density of the leftovers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from photdb.errors import InputError
from photdb.photometry.tracklet_chance import expected_by_chance
from photdb.photometry.tracklet_fit import (
    Fit,
    Frames,
    Leftovers,
    Limits,
    Tracklet,
    alike,
    bend,
    fit_motion,
)

__all__ = ["Frames", "Leftovers", "Limits", "Tracklet", "find_tracklets"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Frames between which pairs are made and that tracklets are grown over; the others only add to what was found.
SKELETON = 60

#: A frame is paired with so many that follow it.
PARTNERS = 3

#: The third detection has to be in one of so many frames nearest to the pair.
LOOK = 6

#: Pairs in one field: above it is no search but a guess.
MOST_PAIRS = 6_000_000

#: A place is not looked for when its uncertainty (arcsec), or the number of leftovers expected in it, is above these.
WIDEST, CROWDED = 20.0, 0.3


def find_tracklets(leftovers: Leftovers, frames: Frames, limits: Limits) -> list[Tracklet]:
    """Return the tracklets of one field and night, the least likely to be chance first.

    Parameters
    ----------
    leftovers : Leftovers
        Detections that no star explains.
    frames : Frames
        In order of time.
    limits : Limits

    Returns
    -------
    list of Tracklet
        No detection is in two of them.

    Raises
    ------
    InputError
        If there are so many leftovers that pairs of them mean nothing.
    """
    search = _Search(leftovers, frames, limits)
    grown = [track for pair in search.pairs() for track in search.grow(*pair)]
    if not grown:
        return []
    found = [search.settle(np.array(rows)) for rows in sorted({tuple(rows.tolist()) for rows in grown})]
    return _without_shared([f for f in found if f is not None], search)


def _without_shared(found: list[Tracklet], search: _Search) -> list[Tracklet]:
    """Return the tracklets, the clearest first, each without the detections of those before it."""
    taken = np.zeros(len(search.left.x), dtype=bool)
    kept = []
    for track in sorted(found, key=lambda f: (f.chance, -len(f.rows), f.fit.rms)):
        own = track.rows[~taken[track.rows]]
        if len(own) < max(search.limits.min_frames, 0.6 * len(track.rows)):
            continue
        again = search.settle(own, free=~taken) if len(own) < len(track.rows) else track
        if again is not None and again.chance <= search.limits.chance:
            taken[again.rows] = True
            kept.append(again)
    return kept


class _Search:
    """The leftovers of a field, by frame, with a tree each."""

    def __init__(self, left: Leftovers, frames: Frames, limits: Limits) -> None:
        self.left, self.frames, self.limits = left, frames, limits
        self.rows = [np.flatnonzero(left.frame == f) for f in range(len(frames.t))]
        self.trees = [cKDTree(np.column_stack([left.x[r], left.y[r]])) if len(r) else None for r in self.rows]
        self.everyone = cKDTree(np.column_stack([left.x, left.y]))
        used = np.array([f for f, r in enumerate(self.rows) if len(r)], dtype=np.int64)
        self.skeleton = used[np.unique(np.linspace(0, len(used) - 1, min(len(used), SKELETON)).astype(int))]
        self.sigma = np.array([np.quantile(left.sigma[r], 0.9) if len(r) else np.nan for r in self.rows])
        self.widest = np.minimum(WIDEST, np.sqrt(CROWDED / (np.pi * np.maximum(frames.density, 1e-12))))

    def pairs(self) -> Iterator[tuple[int, int, Ints, Ints]]:
        """Yield two frames and the leftovers of each that a body could have moved between."""
        t, wanted = self.frames.t, []
        for place, i in enumerate(self.skeleton):
            after = [int(j) for j in self.skeleton[place + 1 :] if t[j] > t[i]]
            for rank, j in enumerate(after[:PARTNERS]):
                wanted.append((rank, int(i), j, self._count(int(i), j)))
        total = np.cumsum([w[3] for w in sorted(wanted)])
        if len(total) and wanted and sum(w[3] for w in wanted if w[0] == 0) > MOST_PAIRS:
            raise InputError(
                f"{len(self.left.x)} detections of no star in {len(t)} frames: more than {MOST_PAIRS} pairs",
                "lower --max-rate, or raise --min-snr",
            )
        enough = {w[1:3] for w, n in zip(sorted(wanted), total, strict=True) if w[0] == 0 or n <= MOST_PAIRS}
        for _, i, j, _ in wanted:
            if (i, j) in enough:
                a, b = self._between(i, j)
                if len(a):
                    yield i, j, a, b

    def _reach(self, i: int, j: int) -> float:
        """Return how far apart the places of a body can be in two frames, arcsec."""
        hours = float(self.frames.t[j] - self.frames.t[i])
        return self.limits.max_rate * hours + self.limits.sigmas * float(np.hypot(self.sigma[i], self.sigma[j]))

    def _tree(self, f: int) -> Any:
        """Return the tree of a frame that has leftovers."""
        tree = self.trees[f]
        assert tree is not None
        return tree

    def _count(self, i: int, j: int) -> int:
        first, second = self._tree(i), self._tree(j)
        return int(first.count_neighbors(second, self._reach(i, j)))

    def _between(self, i: int, j: int) -> tuple[Ints, Ints]:
        """Return the pairs of leftovers of two frames that the limits of the rate allow and that are as bright."""
        first, second = self._tree(i), self._tree(j)
        found = first.sparse_distance_matrix(second, self._reach(i, j), output_type="ndarray")
        a, b = self.rows[i][found["i"]], self.rows[j][found["j"]]
        slack = self.limits.sigmas * np.hypot(self.left.sigma[a], self.left.sigma[b])
        hours = float(self.frames.t[j] - self.frames.t[i])
        good = (found["v"] >= self.limits.min_rate * hours - slack) & alike(
            self.left.mag[a], self.left.mag_err[a], self.left.mag[b], self.left.mag_err[b]
        )
        return a[good], b[good]

    def grow(self, i: int, j: int, a: Ints, b: Ints) -> list[Ints]:
        """Return what becomes of pairs: the detections of each tracklet."""
        state = _Growing(self, i, j, a, b)
        middle = (self.frames.t[i] + self.frames.t[j]) / 2
        order = [f for f in self.skeleton[np.argsort(np.abs(self.frames.t[self.skeleton] - middle))] if f not in (i, j)]
        for step, f in enumerate(order):
            if step == LOOK:
                state.keep(state.n > 2)
            if not len(state.n):
                return []
            state.visit(int(f))
        state.keep(state.n >= max(3, self.limits.min_frames if len(self.skeleton) == len(self.frames.t) else 3))
        return [np.sort(m[m >= 0]) for m in state.members]

    def settle(self, rows: Ints, free: NDArray[np.bool_] | None = None) -> Tracklet | None:
        """Return the tracklet that detections lead to, seen in all frames; None if it is none."""
        for _ in range(4):
            if len(rows) < self.limits.min_frames:
                return None
            fit = fit_motion(self.left, self.frames, rows)
            new = self._along(fit, free)
            if np.array_equal(new, rows):
                break
            rows = new
        if len(rows) < self.limits.min_frames:
            return None
        fit = fit_motion(self.left, self.frames, rows)
        if not (self.limits.min_rate <= fit.rate <= self.limits.max_rate and fit.chi2 <= self.limits.chi2):
            return None
        if fit.arc < max(self.limits.min_arc, 2.0 * float(np.max(self.left.sigma[rows]))):
            return None  # it has not moved
        crowd = self._crowd(fit, rows)
        chance = expected_by_chance(self.left, self.frames, self.limits, rows, fit, crowd=crowd)
        return Tracklet(rows, fit, chance) if chance <= self.limits.chance else None

    def _along(self, fit: Fit, free: NDArray[np.bool_] | None) -> Ints:
        """Return the leftovers on a path, one a frame at most."""
        found = []
        x, y, sigma = fit.at(self.frames.t)
        for f, tree in enumerate(self.trees):
            if tree is None or not np.isfinite(sigma[f]):
                continue
            gate = self.limits.sigmas * float(np.hypot(sigma[f], self.sigma[f]))
            near = [int(r) for r in self.rows[f][tree.query_ball_point([x[f], y[f]], min(gate, WIDEST))]]
            best, least = -1, np.inf
            for r in near:
                if free is not None and not free[r]:
                    continue
                d = float(np.hypot(self.left.x[r] - x[f], self.left.y[r] - y[f]))
                own = d / float(np.hypot(sigma[f], self.left.sigma[r]))
                if own <= min(least, self.limits.sigmas) and alike(
                    self.left.mag[r], self.left.mag_err[r], fit.mag, 0.0
                ):
                    best, least = r, own
            if best >= 0:
                found.append(best)
        return np.array(sorted(found), dtype=np.int64)

    def _crowd(self, fit: Fit, rows: Ints) -> Floats:
        """Return how many times as dense as usual leftovers are around each detection of a tracklet, at least 1.

        Along its path when it is there, and at its place at any time: stars at the limit leave clumps that stay.
        """
        x, y, _ = fit.at(self.frames.t)
        every = float(self.frames.density.sum())
        radius = min(float(np.sqrt(30.0 / (np.pi * max(every, 1e-12)))), 0.5 * float(np.sqrt(self.frames.area)))
        n = sum(
            len(tree.query_ball_point([x[f], y[f]], radius)) for f, tree in enumerate(self.trees) if tree is not None
        )
        then = (n - len(rows)) / max(np.pi * radius**2 * every, 1.0)
        wide = max(self.limits.min_arc, float(np.sqrt(1.0 / (np.pi * max(every, 1e-12)))))
        places = np.column_stack([self.left.x[rows], self.left.y[rows]])
        near = self.everyone.query_ball_point(places, wide)
        ever = np.array([np.count_nonzero(~np.isin(np.array(rs), rows)) for rs in near])
        ever = ever / max(np.pi * wide**2 * every, 1.0)
        return np.maximum(max(1.0, then), ever)


class _Growing:
    """Tracklets that began with pairs of two frames, all at once: sums of weighted straight lines."""

    def __init__(self, search: _Search, i: int, j: int, a: Ints, b: Ints) -> None:
        self.search = search
        self.members = np.full((len(a), len(search.frames.t)), -1, dtype=np.int64)
        self.sums = np.zeros((7, len(a)))  # w, wt, wtt, wx, wtx, wy, wty
        self.mag = np.zeros((2, len(a)))
        self.n = np.zeros(len(a), dtype=np.int64)
        self.first, self.last = np.full(len(a), np.inf), np.full(len(a), -np.inf)
        rate = np.hypot(search.left.x[b] - search.left.x[a], search.left.y[b] - search.left.y[a])
        self.bend = bend(rate / float(search.frames.t[j] - search.frames.t[i]))
        everyone = np.arange(len(a))
        self._add(everyone, a, i)
        self._add(everyone, b, j)

    def keep(self, good: NDArray[np.bool_]) -> None:
        """Forget the others."""
        self.members, self.n = self.members[good], self.n[good]
        self.sums, self.mag = self.sums[:, good], self.mag[:, good]
        self.first, self.last, self.bend = self.first[good], self.last[good], self.bend[good]

    def visit(self, f: int) -> None:
        """Look in a frame for each of them."""
        search, t = self.search, float(self.search.frames.t[f])
        w, wt, wtt, wx, wtx, wy, wty = self.sums
        det = np.maximum(w * wtt - wt**2, 1e-30)
        x = (wtt * wx - wt * wtx + t * (w * wtx - wt * wx)) / det
        y = (wtt * wy - wt * wty + t * (w * wty - wt * wy)) / det
        variance = (wtt - 2 * t * wt + t**2 * w) / det
        curved = 0.5 * self.bend * np.abs((t - self.first) * (t - self.last))
        gate = search.limits.sigmas * np.sqrt(variance + search.sigma[f] ** 2) + curved
        asked = np.flatnonzero(gate <= search.widest[f])
        if not len(asked):
            return
        tree = search._tree(f)
        distance, k = tree.query(np.column_stack([x[asked], y[asked]]), distance_upper_bound=float(gate[asked].max()))
        near = distance <= gate[asked]
        who, what = asked[near], search.rows[f][k[near]]
        usual = np.where(self.mag[0, who] > 0, self.mag[1, who] / np.maximum(self.mag[0, who], 1), np.nan)
        same = alike(search.left.mag[what], search.left.mag_err[what], usual, np.zeros(len(who)))
        self._add(who[same], what[same], f)

    def _add(self, who: Ints, what: Ints, f: int) -> None:
        """Add a detection of a frame to some of them."""
        left, t = self.search.left, float(self.search.frames.t[f])
        w = 1.0 / left.sigma[what] ** 2
        x, y = left.x[what], left.y[what]
        self.sums[:, who] += np.array([w, w * t, w * t**2, w * x, w * t * x, w * y, w * t * y])
        known = np.isfinite(left.mag[what])
        self.mag[:, who] += np.array([known, np.where(known, left.mag[what], 0.0)])
        self.n[who] += 1
        self.first[who], self.last[who] = np.minimum(self.first[who], t), np.maximum(self.last[who], t)
        self.members[who, f] = what
