"""The reduced system gives what plain least squares gives."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from photdb.photometry import normal_equations
from photdb.photometry.frame_groups import connected
from photdb.photometry.normal_equations import System
from photdb.photometry.zero_measures import Rows


def made(seed: int, *, n_frame=12, n_star=40, n_term=3):
    rng = np.random.default_rng(seed)
    frame, star = np.nonzero(rng.random((n_frame, n_star)) < 0.5)
    weight, left = rng.uniform(1, 5, len(frame)), rng.normal(size=len(frame))
    x, prior = rng.normal(size=(n_term, len(frame))), rng.uniform(0.5, 2, n_star)
    on_frame = csr_array((np.ones(len(frame)), (np.arange(len(frame)), frame)), shape=(len(frame), n_frame)).toarray()
    on_star = csr_array((np.ones(len(frame)), (np.arange(len(frame)), star)), shape=(len(frame), n_star)).toarray()
    rows = Rows.of(frame, n_frame)
    group, star_group = connected(star, rows, np.bincount(star, minlength=n_star), n_frame)
    wf, ws = on_frame * weight[:, None], on_star * weight[:, None]
    system = System(
        weight, star.astype(np.int32), rows.bounds.astype(np.int32), wf.sum(0), ws.sum(0) + prior, wf.T @ left,
        ws.T @ left, (weight * x) @ left, csr_array(wf.T @ x.T), csr_array(x @ ws), (weight * x) @ x.T,
        group, star_group,
    )  # fmt: skip
    design = np.concatenate([on_frame, on_star, x.T], axis=1)
    square = (design * weight[:, None]).T @ design + np.diag(np.r_[np.zeros(n_frame), prior, np.zeros(n_term)])
    return system, square, design.T @ (weight * left), np.bincount(star, minlength=n_star)


@pytest.mark.parametrize("n_term", [0, 3])
@pytest.mark.parametrize("factorised", [True, False])
@pytest.mark.parametrize("held", [[], [2, 7]])
def test_a_step_is_that_of_plain_least_squares(n_term, factorised, held):
    system, square, right, seen = made(1, n_term=n_term)
    free = ~np.isin(np.arange(12), held)
    kept = np.r_[free, np.ones(40 + n_term, dtype=bool)]
    expected = np.zeros(52 + n_term)
    expected[kept] = np.linalg.solve(square[np.ix_(kept, kept)], right[kept])
    factor = system.factor(free, seen) if factorised else None
    assert (factor is not None) == factorised
    found = np.concatenate(system.step(free, tolerance=1e-11, factor=factor))
    assert found == pytest.approx(expected, abs=1e-6)


def test_many_frames_are_not_factorised(monkeypatch):
    system, _, _, seen = made(2)
    monkeypatch.setattr(normal_equations, "DENSE", 11)
    assert system.factor(np.ones(12, dtype=bool), seen) is None
