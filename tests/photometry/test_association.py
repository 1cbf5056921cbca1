"""Which detections are one object: the arithmetic, and the numbered cases of other pipelines."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photdb.photometry.association import (
    ARCSEC,
    BRIGHT,
    CUT,
    ERROR_FALLBACK,
    WHOLE,
    Detections,
    linked,
    negative_log_likelihood,
    one_to_one,
    partition,
    position_error,
    shapes,
)
from photdb.sky import unit_vector


def detections(frames, *, reach=1.0, sigma=0.05, snr=50.0, centre=(1.0, 1.0)) -> Detections:
    """Frames of (east, north) offsets in arcsec."""
    frame = np.concatenate([np.full(len(f), k) for k, f in enumerate(frames)]).astype(np.int64)
    off = np.array([p for f in frames for p in f], dtype=float).reshape(-1, 2)
    ra = centre[0] + off[:, 0] / 3600 / np.cos(np.radians(centre[1]))
    n = len(frame)
    snr = np.broadcast_to(snr, n).astype(float)
    return Detections(
        frame,
        unit_vector(ra, centre[1] + off[:, 1] / 3600) * ARCSEC,
        np.broadcast_to(reach, n).astype(float),
        np.broadcast_to(sigma, n).astype(float),
        snr,
        np.where(snr >= 5, BRIGHT, WHOLE).astype(np.int8),
        60000.0 + frame,
        np.full(n, 0.01),
    )


def groups(d: Detections) -> set[frozenset[int]]:
    labels, _ = partition(d)
    return {frozenset(np.flatnonzero(labels == k).tolist()) for k in range(labels.max(initial=-1) + 1)}


# The cases of LSST's ap_association (tests/test_association_task.py), as facts


def test_half_an_arcsecond_is_matched_though_it_is_seven_sigma():
    assert groups(detections([[(0, 0)], [(0, 0.5)]])) == {frozenset({0, 1})}


def test_a_likelihood_is_half_chi2_plus_the_logarithm_of_the_variances():
    variance = 2 * 0.05**2
    score = negative_log_likelihood(np.array([0.05]), np.array([variance]))[0]
    assert score == pytest.approx(0.5 * 0.5 + 0.5 * np.log(variance * variance))


def test_a_tight_near_object_beats_a_loose_far_one_whose_chi2_is_less():
    tight, loose = 0.05**2 + 0.05**2, 0.05**2 + 0.5**2
    assert 0.30**2 / loose < 0.15**2 / tight
    score = negative_log_likelihood(np.array([0.15, 0.30]), np.array([tight, loose]))
    assert score[0] < score[1]


@pytest.mark.parametrize(("fallback", "chi2"), [(0.05, 50.0), (0.2, 3.125)])
def test_without_errors_half_an_arcsecond_has_the_chi2_of_the_fallback(fallback, chi2):
    variance = 2 * fallback**2
    score = negative_log_likelihood(np.array([0.5]), np.array([variance]))[0]
    assert score - np.log(variance) == pytest.approx(0.5 * chi2)


def test_the_error_of_a_position_falls_back_where_there_is_none():
    nothing = np.array([np.nan])
    assert position_error(nothing, np.array([10.0]), nothing)[0] == ERROR_FALLBACK
    assert position_error(np.array([2.355]), np.array([1e6]), np.array([0.0]))[0] == pytest.approx(0.05, rel=1e-6)


def test_right_ascension_has_no_edge():
    assert groups(detections([[(0.036, 0)], [(-0.036, 0)]], centre=(0.0, 0.0))) == {frozenset({0, 1})}


def test_a_source_is_not_lost_because_a_better_one_takes_its_nearest_object():
    """Objects at 0 and 0.99, sources at 0.4 and 0: the second takes the first object, the first the other."""
    found = groups(detections([[(0, 0), (0, 0.99)], [(0, 0.4), (0, 0)]], sigma=0.5))
    assert found == {frozenset({0, 3}), frozenset({1, 2})}


def test_of_two_sources_at_one_object_the_farther_one_is_new():
    found = groups(detections([[(0, 0)], [(0, 0.2), (0, 0.5)]], sigma=0.1))
    assert {len(g) for g in found} == {1, 2}
    assert frozenset({0, 1}) in found


# Those of TraP (tests/test_database/test_associations.py), scaled from its beam of 100" to a reach of 100"


def test_one_source_with_two_in_the_next_frame_does_not_fork():
    found = groups(detections([[(0, 0)], [(-20, 0), (21, 0)]], reach=100.0, sigma=7.8))
    assert found == {frozenset({0, 1}), frozenset({2})}


def test_two_sources_with_one_in_the_next_frame_share_no_history():
    found = groups(detections([[(-54, 0), (54, 0)], [(1, 0)]], reach=100.0, sigma=7.8))
    assert found == {frozenset({0}), frozenset({1, 2})}


def test_many_to_many_is_one_to_one_with_the_nearest():
    found = groups(detections([[(-20, 0), (20, 0)], [(-19, 0), (21, 0)]], reach=100.0, sigma=30.0))
    assert found == {frozenset({0, 2}), frozenset({1, 3})}


def test_a_rhombus_where_nothing_decides_is_two_objects_the_same_ones_every_time():
    """East and west, then north and south: TraP stops here; we pair them, and always the same way."""
    rhombus = detections([[(-20, 0), (20, 0)], [(0, 20), (0, -20)]], reach=100.0, sigma=30.0, centre=(123.0, 10.5))
    found = groups(rhombus)
    assert sorted(len(g) for g in found) == [2, 2]
    assert not {frozenset({0, 1}), frozenset({2, 3})} & found
    order = np.array([3, 1, 2, 0])
    swapped = groups(dataclasses.replace(rhombus.take(order), frame=1 - rhombus.frame[order]))
    assert {frozenset(order[list(g)].tolist()) for g in swapped} == found


@pytest.mark.parametrize("extra", [(0, 20), (0, -20), (-21, 1)])
def test_three_in_the_second_frame_leave_one_new(extra):
    found = groups(detections([[(-20, 0), (20, 0)], [(-19, 0), (21, 0), extra]], reach=100.0, sigma=30.0))
    assert sorted(len(g) for g in found) == [1, 2, 2]


# Ours


@pytest.mark.parametrize("ra_dec", [(0.0, 89.99999), (180.0, -90.0), (359.99999, 0.0), (12.0, 60.0)])
def test_places_near_a_pole_or_ra_zero_are_like_any_other(ra_dec):
    rng = np.random.default_rng(1)
    u = unit_vector(*ra_dec)
    p = u * ARCSEC + rng.normal(0, 20, (60, 3))
    p *= ARCSEC / np.linalg.norm(p, axis=1, keepdims=True)
    group = linked(p, np.full(60, 6.0))
    near = np.linalg.norm(p[:, None] - p[None, :], axis=2) <= 6.0
    assert (near <= (group[:, None] == group[None, :])).all()
    reachable = np.linalg.matrix_power(near.astype(float), 60) > 0
    assert (reachable == (group[:, None] == group[None, :])).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_each_source_has_one_place_and_the_least_cost_of_all_ways(seed):
    from itertools import permutations

    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 5, 2).tolist()
    cost = rng.uniform(-5, 5, (n, m))
    allowed = rng.random((n, m)) < 0.7
    i, j = np.nonzero(allowed)
    source, place = one_to_one(i, j, cost[i, j])
    assert len(set(source)) == len(source)
    assert len(set(place)) == len(place)
    best = (0, 0.0)
    for ways in permutations([*range(m), *[-1] * n], n):
        pairs = [(a, b) for a, b in enumerate(ways) if b >= 0 and allowed[a, b]]
        best = min(best, (-len(pairs), sum(cost[a, b] for a, b in pairs)))
    assert -len(source) == best[0]
    assert cost[source, place].sum() == pytest.approx(best[1])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), crowd=st.sampled_from([4.0, 8.0, 20.0]))
def test_the_partition_is_that_of_the_set_whatever_the_order_and_the_numbers_of_frames(seed, crowd):
    rng = np.random.default_rng(seed)
    stars = rng.uniform(-crowd, crowd, (10, 2))
    frames = [stars[rng.random(10) < 0.8] for _ in range(6)]
    frames = [f + rng.normal(0, 0.2, f.shape) for f in frames]
    d = detections(frames, reach=rng.choice([1.0, 2.0]), snr=rng.uniform(2.5, 12.0, sum(map(len, frames))))
    d = dataclasses.replace(d, grade=np.where(rng.random(len(d)) < 0.1, CUT, d.grade).astype(np.int8))
    d = dataclasses.replace(d, reach=rng.choice([1.0, 1.5, 2.5], 6)[d.frame])
    order = rng.permutation(len(d))
    again = dataclasses.replace(d.take(order), frame=rng.permutation(6)[d.frame[order]].astype(np.int64))
    assert {frozenset(order[list(g)].tolist()) for g in groups(again)} == groups(d)
    labels, _ = partition(d)
    held = np.column_stack([labels, d.frame])[labels >= 0]
    assert len(np.unique(held, axis=0)) == len(held)


def test_weak_detections_join_a_star_and_make_none_alone():
    d = detections([[(0, 0)], [(0.4, 0)], [(30, 0)]], snr=np.array([20.0, 3.0, 4.0]))
    labels, _ = partition(d)
    assert labels.tolist() == [0, 0, -1]


def test_weak_detections_that_add_up_are_an_object():
    d = detections([[(0.1 * k, 0)] for k in range(4)], snr=4.5)
    assert partition(d)[0].tolist() == [0, 0, 0, 0]
    assert partition(d.take(np.arange(2)))[0].tolist() == [-1, -1]


def test_a_shape_says_whether_joining_the_mean_is_what_the_whole_set_gives():
    tight = detections([[(0.1 * k, 0)] for k in range(5)])
    chain = detections([[(0.9 * k, 0)] for k in range(5)])
    for d, simple in ((tight, True), (chain, False)):
        known = shapes(d, np.zeros(5, dtype=np.int64), 1)
        assert bool(known.is_simple[0]) is simple
    assert shapes(tight, np.zeros(5, dtype=np.int64), 1).spread[0] == pytest.approx(0.2, abs=1e-4)
