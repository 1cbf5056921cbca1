"""The global solution: chains, groups, variables, and how well magnitudes repeat."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from zero_skies import sky, strip

from photdb.photometry.ubercal import repeatability, residuals
from photdb.photometry.zero_point import Measures, Model, solve

UBERCAL = Model(weak_prior=True)


def rms(x):
    return float(np.std(x))


def test_the_catalogue_holds_the_gradient_of_a_long_strip_that_links_alone_let_drift():
    free, held, links = [], [], []
    for seed in range(8):
        made = strip(seed, n_frame=300)
        drifting = solve(made.measures, **made.size, model=UBERCAL, relative=True)
        tied = solve(made.measures, **made.size, model=UBERCAL)
        free.append(rms(drifting.zp - made.zp))
        held.append(rms(tied.zp - made.zp))
        links.append(rms(np.diff(tied.zp - made.zp)))
    assert np.mean(free) > 0.012
    assert np.mean(held) < 0.007
    assert np.mean(links) < 0.0035


def test_a_weak_prior_follows_the_frames_where_the_catalogue_has_zones():
    weak, full = [], []
    for seed in range(5):
        made = strip(seed, zones=0.01)
        weak.append(rms(np.diff(solve(made.measures, **made.size, model=UBERCAL).zp - made.zp)))
        full.append(rms(np.diff(solve(made.measures, **made.size, model=Model()).zp - made.zp)))
    clean = strip(0)
    least = rms(np.diff(solve(clean.measures, **clean.size, model=UBERCAL).zp - clean.zp))
    assert np.mean(weak) < 1.25 * least
    assert np.mean(full) > np.mean(weak)


@pytest.mark.parametrize(("model", "relative"), [(Model(), True), (Model(), False), (UBERCAL, False)])
def test_errors_along_a_strip_are_those_of_the_whole_net(model, relative):
    pulls = []
    for seed in range(12):
        made = strip(seed)
        found = solve(made.measures, **made.size, model=model, relative=relative)
        error = found.zp - made.zp
        pulls += ((error - error.mean()) / found.zp_err).tolist()
    assert 0.8 < np.std(pulls) < 1.25


@pytest.mark.parametrize("relative", [True, False])
def test_variable_stars_do_not_move_frames(relative):
    for seed in range(3):
        made = sky(seed, n_frame=40, n_star=600, seen=0.4, noise=0.02)
        spoilt = sky(seed, n_frame=40, n_star=600, seen=0.4, noise=0.02, variables=0.03)
        for one in (made, spoilt):
            found = solve(one.measures, **one.size, model=UBERCAL, relative=relative)
            assert rms(found.zp - one.zp) < 0.001


def test_groups_that_share_no_star_are_found_and_anchored_each_by_itself():
    made = sky(1, n_frame=12, n_star=200, outliers=0.0)
    m = made.measures
    apart = replace(m, star=np.where(m.frame % 3 == 1, m.star + 200, m.star))
    tied = solve(apart, n_frame=12, n_star=400, model=UBERCAL)
    assert [len(set(tied.group[k::3])) for k in range(3)] == [1, 1, 1]
    assert tied.group[0] == tied.group[2] != tied.group[1]
    assert np.all(np.abs(tied.zp - made.zp) < 0.006)
    free = solve(apart, n_frame=12, n_star=400, model=UBERCAL, relative=True)
    for group in (free.group == free.group[0], free.group == free.group[1]):
        assert abs(np.median(free.zp[group])) < 0.002
        assert rms((free.zp - made.zp)[group]) < 0.002


def test_known_frames_hold_a_group_and_others_are_anchored():
    made = sky(2, n_frame=10, n_star=200)
    m = made.measures
    apart = replace(m, star=np.where(m.frame >= 5, m.star + 200, m.star))
    fixed = np.full(10, np.nan)
    fixed[0] = 5.0
    found = solve(apart, n_frame=10, n_star=400, model=UBERCAL, relative=True, fixed=fixed)
    assert found.zp[:5] == pytest.approx(made.zp[:5] - made.zp[0] + 5.0, abs=0.005)
    assert abs(np.median(found.zp[5:])) < 0.002


def test_the_quoted_repeatability_is_the_scatter_of_the_stars_kept_back():
    # Of 200 stars kept back there are 4800 measures: the median tells their scatter to 1.17 / sqrt(4800) = 1.7 %.
    made = sky(3, n_frame=30, n_star=2000, err=0.01, noise=0.05)
    m = replace(made.measures, held=made.measures.star % 10 == 7)
    truth = np.random.default_rng(3).normal(0, 0.015, len(m.d))
    m = replace(m, d=made.zp[m.frame] + 0.3 * np.sin(m.star) + truth, err=np.full(len(m.d), 0.015))
    found = solve(m, **made.size, model=UBERCAL)
    assert repeatability(m, found) == pytest.approx(0.015, rel=0.07)
    worse = replace(m, d=m.d + np.where(m.held, np.random.default_rng(4).normal(0, 0.02, len(m.d)), 0.0))
    assert repeatability(worse, found) == pytest.approx(0.025, rel=0.07)


@pytest.mark.parametrize("n_frame", [3, 4, 6])
def test_the_repeatability_of_stars_seen_a_few_times_is_not_too_small(n_frame):
    rng = np.random.default_rng(n_frame)
    frame, star = (x.ravel() for x in np.mgrid[:n_frame, :4000])
    d = rng.normal(0, 0.01, len(frame))
    m = Measures(frame, star, d, np.full(len(d), 0.01), np.zeros(len(d)))
    found = solve(m, n_frame=n_frame, n_star=4000, model=UBERCAL, relative=True)
    assert repeatability(m, found) == pytest.approx(0.01, rel=0.05)


def test_one_wild_measurement_does_not_spoil_the_others_of_its_star():
    frame, star = (x.ravel() for x in np.mgrid[:8, :300])
    d = np.random.default_rng(1).normal(0, 0.01, len(frame))
    d[frame == star % 8] += 3.0
    m = Measures(frame, star, d, np.full(len(d), 0.01), np.zeros(len(d)))
    found = solve(m, n_frame=8, n_star=300, model=UBERCAL, relative=True)
    assert np.mean(np.abs(residuals(m, found)) > 0.1) == pytest.approx(1 / 8, abs=0.005)
    assert repeatability(m, found) < 0.013


def test_stars_in_two_frames_do_not_repeat():
    frame, star = (x.ravel() for x in np.mgrid[:2, :30])
    m = Measures(frame, star, np.zeros(60), np.full(60, 0.01), np.zeros(60))
    found = solve(m, n_frame=2, n_star=30, model=UBERCAL, relative=True)
    assert np.isnan(repeatability(m, found))


def test_terms_that_are_fitted_make_magnitudes_repeat():
    made = sky(4, colour=np.linspace(-0.2, 0.2, 20), plane=(0.05, 0, 0.04, 0, 0), err=0.004, outliers=0.0)
    m = made.measures
    plain = repeatability(m, solve(m, **made.size, model=Model()))
    full = Model(colour="frame", colour_pivot=0.8, spatial=2)
    assert repeatability(m, solve(m, **made.size, model=full)) < 0.2 * plain


@pytest.mark.slow
@pytest.mark.parametrize("n_star", [1000, 20_000, 400_000])
def test_two_thousand_frames_of_a_thousand_stars_are_solved(n_star):
    rng = np.random.default_rng(1)
    frame = np.repeat(np.arange(2000, dtype=np.int32), 1000)
    first = (np.arange(2000) * (n_star / 2000)).astype(int)
    star = ((np.tile(np.arange(1000), 2000) + np.repeat(first, 1000)) % n_star).astype(np.int32)
    offset, zp = rng.normal(0, 0.02, n_star), 22 + rng.normal(0, 0.2, 2000)
    err = rng.uniform(0.005, 0.03, len(frame))
    d = zp[frame] + offset[star] + rng.normal(0, err)
    m = Measures(frame, star, d, err, np.full(len(d), 0.02))
    found = solve(m, n_frame=2000, n_star=n_star, model=UBERCAL)
    pull = np.diff(found.zp - zp) / (np.sqrt(2.0) * 0.012 / np.sqrt(1000))
    assert np.std(pull) < 2.0
