"""Zero points from arrays: robust, with each star's offset taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photdb.photometry import zero_point
from photdb.photometry.robust import grouped_median
from photdb.photometry.zero_point import Measures


@dataclass
class Made:
    """Measures made of known zero points and offsets."""

    measures: Measures
    zp: np.ndarray
    offset: np.ndarray


def made(
    rng: np.random.Generator, *, n_frame: int = 20, n_star: int = 200, noise: float = 0.02, outliers: float = 0.03,
    seen: float = 0.7, err: float = 0.01, wrong_measures: float = 0.0,
) -> Made:  # fmt: skip
    offset = rng.normal(0, noise, n_star)
    bad = rng.random(n_star) < outliers
    offset += np.where(bad, rng.choice([-1, 1], n_star) * rng.uniform(0.2, 1.0, n_star), 0)
    zp = 22 + rng.normal(0, 0.2, n_frame)
    frame, star = np.nonzero(rng.random((n_frame, n_star)) < seen)
    errors = err * rng.uniform(0.3, 3.0, len(frame))
    d = zp[frame] + offset[star] + rng.normal(0, errors)
    d += np.where(rng.random(len(d)) < wrong_measures, rng.uniform(-1, 1, len(d)), 0)
    return Made(Measures(frame, star, d, errors, np.full(len(d), noise)), zp, offset)


def solved(m: Made, **how) -> tuple[zero_point.Offsets, zero_point.Located]:
    n_frame, n_star = len(m.zp), len(m.offset)
    offsets = zero_point.star_offsets(m.measures, n_frame=n_frame, n_star=n_star, **how)
    return offsets, zero_point.zero_points(m.measures, offsets, n_frame=n_frame)


def many(seeds: int, **how) -> tuple[np.ndarray, np.ndarray]:
    """Return pulls of frames among each other, and of their common level, over many skies."""
    pulls, ties = [], []
    for seed in range(seeds):
        m = made(np.random.default_rng(seed), **how)
        offsets, found = solved(m)
        error = found.value - m.zp
        n = len(error)
        if n > 1:
            pulls += ((error - error.mean()) / found.error * np.sqrt(n / (n - 1))).tolist()
        ties.append(error.mean() / np.hypot(offsets.tie_err[0], np.mean(found.error) / np.sqrt(n)))
    return np.array(pulls), np.array(ties)


@pytest.mark.parametrize("how", [{}, {"n_star": 15}, {"n_star": 60, "seen": 0.3}, {"wrong_measures": 0.03}])
def test_errors_mean_what_they_say(how):
    pulls, ties = many(25, n_frame=12, **how)
    assert 0.8 < pulls.std() < 1.2
    assert 0.65 < ties.std() < 1.35


def test_a_single_frame_carries_the_catalogues_noise_in_its_own_error():
    _, ties = many(60, n_frame=1, seen=1.0)
    assert 0.75 < ties.std() < 1.25
    offsets, found = solved(made(np.random.default_rng(1), n_frame=1, seen=1.0))
    assert offsets.tie_err.tolist() == [0.0]
    assert found.error[0] > 0.02 / np.sqrt(200)


def test_frames_that_share_stars_differ_only_by_the_noise_of_the_frames():
    m = made(np.random.default_rng(3), n_frame=20, n_star=200, seen=0.7)
    _, found = solved(m)
    assert np.std(found.value - m.zp) < 1.5 * 0.01 / np.sqrt(140)  # catalogue noise alone would give 0.0017


def test_wrong_catalogue_stars_do_not_move_the_level():
    clean = made(np.random.default_rng(4), outliers=0.0)
    before = solved(clean)[1].value
    shift = np.where(np.arange(200) < 6, 0.7, 0.0)
    m = clean.measures
    wrong = Measures(m.frame, m.star, m.d + shift[m.star], m.err, m.ref_err)
    after = solved(Made(wrong, clean.zp, clean.offset))[1].value
    assert np.all(np.abs(after - before) < 0.001)


def test_the_scatter_is_that_of_the_magnitudes_themselves():
    _, found = solved(made(np.random.default_rng(5), noise=0.2, outliers=0.0))
    assert np.all(np.abs(found.scatter - 0.2) < 0.05)
    assert np.all(np.abs(found.chi2 - 1.0) < 0.5)


def test_relative_zero_points_have_a_median_of_zero_and_the_right_differences():
    m = made(np.random.default_rng(6), noise=2.0, outliers=0.0, n_frame=30)
    offsets, found = solved(m, relative=True)
    assert abs(np.median(found.value)) < 0.002
    assert np.std(found.value - m.zp) < 1.5 * 0.01 / np.sqrt(140)
    assert np.all(np.isnan(offsets.tie_err))


def test_a_known_zero_point_holds_the_others():
    m = made(np.random.default_rng(7), noise=2.0, outliers=0.0, n_frame=10)
    fixed = np.full(10, np.nan)
    fixed[:3] = m.zp[:3] + 5.0
    offsets, found = solved(m, relative=True, fixed=fixed)
    assert offsets.zp[:3] == pytest.approx(fixed[:3], abs=1e-12)
    assert found.value[3:] == pytest.approx(m.zp[3:] + 5.0, abs=0.004)


def test_a_chain_of_frames_is_solved_from_end_to_end():
    rng = np.random.default_rng(8)
    frame = np.repeat(np.arange(40), 60)
    star = frame * 30 + np.tile(np.arange(60), 40)  # every frame shares half of its stars with the next
    magnitude = rng.normal(0, 1, star.max() + 1)
    zp = rng.normal(0, 0.3, 40)
    d = zp[frame] + magnitude[star] + rng.normal(0, 0.005, len(frame))
    measures = Measures(frame, star, d, np.full(len(d), 0.005), np.zeros(len(d)))
    offsets, found = solved(Made(measures, zp, magnitude), relative=True)
    assert len(set(offsets.group.tolist())) == 1
    assert np.std(np.diff(found.value - zp)) < 0.003
    assert np.std(found.value - zp) < 0.015


def test_stars_measured_differently_across_the_detector_are_noticed():
    rng = np.random.default_rng(9)
    m = made(rng, n_frame=8, seen=1.0, outliers=0.0).measures
    part = np.where(m.frame < 4, m.star % 32, m.star % 32 + 32)
    assert not zero_point.depends_on_place(m, part, n_frame=8)
    response = rng.normal(0, 0.1, 64)
    uneven = Measures(m.frame, m.star, m.d + response[part], m.err, m.ref_err)
    assert zero_point.depends_on_place(uneven, part, n_frame=8)
    assert not zero_point.depends_on_place(uneven, m.star % 32, n_frame=8)  # it never fell anywhere else


def test_extra_scatter_is_what_was_put_in():
    rng = np.random.default_rng(10)
    err = rng.uniform(0.005, 0.03, 5000)
    assert zero_point.extra_scatter(rng.normal(0, np.hypot(err, 0.02)), err) == pytest.approx(0.02, rel=0.08)
    assert zero_point.extra_scatter(rng.normal(0, 0.9 * err), err) == 0.0


def test_one_far_zero_point_is_far_and_a_cloudy_night_is_not():
    night = np.array([17.55, 17.6, 17.52, 17.58, 17.01])
    assert zero_point.far_from_others(night, night).tolist() == [False] * 4 + [True]
    cloudy = 17.5 - np.abs(np.random.default_rng(1).normal(0, 0.25, 12))
    assert not zero_point.far_from_others(cloudy, cloudy).any()
    assert not zero_point.far_from_others(np.array([1.0]), np.array([1.0, 5.0])).any()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.floats(-10, 10)), min_size=1, max_size=60))
def test_the_median_of_groups_is_numpys(rows):
    group, value = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    found = grouped_median(value, np.ones(len(rows)), group, 5)
    for k in range(5):
        mine = value[group == k]
        assert np.isnan(found[k]) if not len(mine) else found[k] == pytest.approx(np.median(mine))


def test_no_star_is_no_zero_point():
    nothing = Measures(*(np.zeros(0, dtype=t) for t in (int, int, float, float, float)))
    offsets = zero_point.star_offsets(nothing, n_frame=2, n_star=0)
    assert np.all(np.isnan(zero_point.zero_points(nothing, offsets, n_frame=2).value))
