"""Robust statistics of groups."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photdb.photometry import robust

ROWS = st.lists(st.tuples(st.integers(0, 4), st.floats(-10, 10)), min_size=1, max_size=60)


@settings(max_examples=100, deadline=None)
@given(ROWS)
def test_the_median_of_groups_is_numpys(rows):
    group, value = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    found = robust.grouped_median(value, np.ones(len(rows)), group, 5)
    for k in range(5):
        mine = value[group == k]
        assert np.isnan(found[k]) if not len(mine) else found[k] == pytest.approx(np.median(mine))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=30), st.integers(0, 2**31))
def test_the_median_of_runs_is_numpys(counts, seed):
    count = np.array(counts)
    start = np.concatenate([[0], np.cumsum(count)[:-1]])
    value = np.random.default_rng(seed).normal(size=count.sum())
    found = robust.segment_median(value, start, count)
    for k, n in enumerate(counts):
        mine = value[start[k] : start[k] + n]
        assert np.isnan(found[k]) if not n else found[k] == pytest.approx(np.median(mine))


def test_a_median_of_some_of_a_long_run_is_near_that_of_all():
    value = np.random.default_rng(1).normal(size=30_000)
    some = robust.segment_median(value, np.array([0, 10_000]), np.array([10_000, 20_000]), most=1001)
    assert np.all(np.abs(some) < 4 * 1.25 / np.sqrt(1001))


@pytest.mark.parametrize("name", ["biweight", "huber"])
def test_the_slope_is_the_derivative_of_the_pull(name):
    weight, slope = getattr(robust, name), getattr(robust, f"{name}_slope")
    u = np.linspace(-7, 7, 141) + 0.013
    step = 1e-6
    by_difference = ((u + step) * weight(u + step) - (u - step) * weight(u - step)) / (2 * step)
    assert slope(u) == pytest.approx(by_difference, abs=1e-5)


def test_extra_scatter_is_what_was_put_in():
    rng = np.random.default_rng(10)
    err = rng.uniform(0.005, 0.03, 5000)
    assert robust.extra_scatter(rng.normal(0, np.hypot(err, 0.02)), err) == pytest.approx(0.02, rel=0.08)
    assert robust.extra_scatter(rng.normal(0, 0.9 * err), err) == 0.0


@pytest.mark.parametrize("n", [3, 4, 5, 7, 9, 12, 30])
def test_a_scatter_of_few_values_is_not_too_small(n):
    x = np.random.default_rng(n).normal(size=(20_000, n))
    mad = np.median(np.abs(x - np.median(x, axis=1)[:, None]), axis=1)
    assert np.mean(robust.MAD * mad * robust.small_sample(n)) == pytest.approx(1.0, abs=0.03)
