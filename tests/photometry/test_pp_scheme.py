"""PHOTOMETRYPIPELINE's zero point, against a second, literal, implementation of its rule."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from photdb.photometry.pp_scheme import solve_pp


def literally(d, ref_err, inst_err, min_stars):
    """Return (zp, sigma, reduced chi2, n) of the chosen step, and of every step, one star after another."""
    left = [(x, max(r, 0.01) ** 2 + i**2) for x, r, i in zip(d, ref_err, inst_err, strict=True)]
    least = min(int(min_stars * len(left)) if min_stars < 1 else int(min_stars), 100)
    steps, zp = [], 25.0
    while len(left) >= 3:
        x, e2 = np.array(left).T
        fit = minimize(
            lambda z, x=x, e2=e2: float(np.sum((z[0] - x) ** 2 / e2)), [zp], method="Nelder-Mead",
            options={"xatol": 1e-10, "fatol": 1e-12},
        )  # fmt: skip
        zp = fit.x[0]
        sigma = np.sqrt(np.average((x - zp) ** 2, weights=1 / e2) + e2.mean())
        steps.append((zp, sigma, fit.fun / (len(left) - 2), len(left)))
        far = sorted(range(len(left)), key=lambda k: -abs(left[k][0] - zp))[: max(1, len(left) // 50)]
        left = [row for k, row in enumerate(left) if k not in far]
    best = min(range(len(steps)), key=lambda k: steps[k][2])
    while best > 0 and steps[best][3] < least:
        best -= 1
    return steps[best], steps


def frames(seed, counts):
    rng = np.random.default_rng(seed)
    frame = np.repeat(np.arange(len(counts)), counts)
    n = len(frame)
    ref_err, inst_err = rng.uniform(0.0, 0.04, n), rng.uniform(0.002, 0.05, n)
    d = 24 + frame * 0.1 + rng.normal(0, 0.05, n) + np.where(rng.random(n) < 0.1, rng.normal(0, 0.6, n), 0)
    return d, ref_err, inst_err, frame


@pytest.mark.parametrize("min_stars", [0.5, 0.9, 3, 20, 1000])
def test_it_is_pps_rule_step_by_step(min_stars):
    counts = [4, 7, 30, 120, 160]
    d, ref_err, inst_err, frame = frames(1, counts)
    found = solve_pp(d, ref_err, inst_err, frame, n_frame=len(counts), min_stars=min_stars)
    for k in range(len(counts)):
        mine = frame == k
        chosen, steps = literally(d[mine], ref_err[mine], inst_err[mine], min_stars)
        table = found.steps.frame == k
        got = np.stack([x[table] for x in (found.steps.zp, found.steps.sigma, found.steps.red_chi2, found.steps.n)], 1)
        assert got == pytest.approx(np.array(steps), abs=1e-6)
        assert (found.zp[k], found.sigma[k], found.red_chi2[k]) == pytest.approx(chosen[:3], abs=1e-6)
        assert found.n[k] == chosen[3] == found.used[mine].sum()
        assert found.steps.chosen[table].sum() == 1


def test_three_stars_make_no_zero_point_and_four_do():
    d, ref_err, inst_err, frame = frames(2, [3, 4, 0])
    found = solve_pp(d, ref_err, inst_err, frame, n_frame=3)
    assert np.isnan(found.zp).tolist() == [True, False, True]
    assert found.n.tolist()[::2] == [0, 0]
    assert not found.used[frame == 0].any()


def test_no_star_at_all_is_no_error():
    nothing = np.zeros(0)
    assert np.isnan(solve_pp(nothing, nothing, nothing, nothing.astype(int), n_frame=2).zp).all()
    assert not len(solve_pp(nothing, nothing, nothing, nothing.astype(int), n_frame=0).zp)


def test_many_frames_and_few_give_the_same_and_steps_can_be_left_out():
    d, ref_err, inst_err, frame = frames(3, [40] * 8000)  # more than one block
    found = solve_pp(d, ref_err, inst_err, frame, n_frame=8000)
    short = solve_pp(d, ref_err, inst_err, frame, n_frame=8000, with_steps=False)
    np.testing.assert_allclose(short.zp, found.zp, rtol=0, atol=1e-12)
    assert np.array_equal(short.steps.frame, np.arange(8000))
    assert np.array_equal(found.steps.zp[found.steps.chosen], found.zp)
    last = frame == 7999
    alone = solve_pp(d[last], ref_err[last], inst_err[last], frame[last] - 7999, n_frame=1)
    assert found.zp[7999] == pytest.approx(alone.zp[0], abs=1e-9)
    assert np.array_equal(found.used[last], alone.used)


def test_frames_out_of_order_are_refused():
    one = np.ones(2)
    with pytest.raises(ValueError, match="sorted"):
        solve_pp(one, one, one, np.array([1, 0]), n_frame=2)
