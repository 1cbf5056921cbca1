"""Zero points from arrays: robust, with each star's offset taken out."""

from __future__ import annotations

import dataclasses
import tracemalloc
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zero_skies import sky

from photdb.photometry import zero_point
from photdb.photometry.zero_point import Measures, Model, in_aperture, solve


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
    pulls, ties = many(60, n_frame=12, **how)
    # Found: 0.92 wide with 140 stars a frame, 0.82 with 18, 0.76 with 10 (errors of a few stars are rather too large),
    # to 0.03 in so many skies; the common level 0.75 to 0.95, to 1 / sqrt(120).
    assert 0.65 < pulls.std() < 1.15
    assert 0.5 < ties.std() < 1.3


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
    _, found = solved(made(np.random.default_rng(5), n_star=2000, noise=0.2, outliers=0.0))
    # The median deviation of 1400 stars is good to 0.2 * 1.17 / sqrt(1400) = 0.006, and all frames see the same stars.
    assert np.all(np.abs(found.scatter - 0.2) < 0.035)
    assert np.all(np.abs(found.chi2 - 1.0) < 0.5)


def test_relative_zero_points_have_a_median_of_zero_and_the_right_differences():
    m = made(np.random.default_rng(6), noise=2.0, outliers=0.0, n_frame=30)
    offsets, found = solved(m, relative=True)
    assert abs(np.median(found.value)) < 0.002
    assert np.std(found.value - m.zp) < 1.5 * 0.01 / np.sqrt(140)
    assert np.all(np.isnan(offsets.tie_err))


def test_the_scatter_of_relative_frames_is_that_of_stars_about_their_means():
    m = made(np.random.default_rng(6), noise=2.0, outliers=0.0, n_frame=6)
    found = solve(m.measures, n_frame=6, n_star=200, model=Model(), relative=True)
    spread = [1.4826 * np.median(np.abs((m.measures.d - m.offset[m.measures.star] - m.zp[k])[m.measures.frame == k]))
              for k in range(6)]  # fmt: skip
    assert found.scatter == pytest.approx(np.array(spread), rel=0.3)


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


def test_one_far_zero_point_is_far_and_a_cloudy_night_is_not():
    night = np.array([17.55, 17.6, 17.52, 17.58, 17.01])
    assert zero_point.far_from_others(night, night).tolist() == [False] * 4 + [True]
    cloudy = 17.5 - np.array([0.0, 0.02, 0.05, 0.1, 0.14, 0.17, 0.2, 0.26, 0.3, 0.38, 0.45, 0.6])
    assert not zero_point.far_from_others(cloudy, cloudy).any()
    assert not zero_point.far_from_others(np.array([1.0]), np.array([1.0, 5.0])).any()


def test_no_star_is_no_zero_point():
    nothing = Measures(*(np.zeros(0, dtype=t) for t in (int, int, float, float, float)))
    offsets = zero_point.star_offsets(nothing, n_frame=2, n_star=0)
    assert np.all(np.isnan(zero_point.zero_points(nothing, offsets, n_frame=2).value))
    assert np.all(np.isnan(solve(nothing, n_frame=2, n_star=0, model=Model(colour="shared", spatial=1)).zp))


FRAMES_ALONE = Model(offsets=False)


@pytest.mark.parametrize("robust", ["auto", "biweight", "huber", "median"])
@pytest.mark.parametrize("offsets", [True, False])
def test_zero_points_are_right_and_their_errors_too_however_they_are_located(robust, offsets):
    model, pulls, errors = Model(offsets=offsets, robust=robust), [], []
    for seed in range(40):
        made_ = sky(seed, n_frame=4)
        found = solve(made_.measures, **made_.size, model=model)
        error = found.zp - made_.zp
        errors += error.tolist()
        pulls += (error / np.hypot(found.zp_err, found.zp_sys)).tolist()
    assert abs(np.mean(errors)) < 0.001
    assert 0.85 < np.std(pulls) < 1.15


@pytest.mark.parametrize("n_star", [5, 8, 15])
@pytest.mark.parametrize("offsets", [True, False])
def test_frames_of_a_few_stars_have_errors_that_can_be_believed(n_star, offsets):
    pulls = []
    for seed in range(150):
        made_ = sky(seed, n_frame=2, n_star=n_star, seen=1.0, outliers=0.02)
        found = solve(made_.measures, **made_.size, model=Model(offsets=offsets))
        pulls += ((found.zp - made_.zp) / np.hypot(found.zp_err, found.zp_sys)).tolist()
    pulls = np.array(pulls)
    assert 0.6 < 1.4826 * np.median(np.abs(pulls)) < 1.15
    assert np.mean(np.abs(pulls) > 3) < 0.03


@pytest.mark.parametrize("n_frame", [1, 12])
@pytest.mark.parametrize("n_star", [50, 100])
@pytest.mark.parametrize("model", [Model(), FRAMES_ALONE])
@pytest.mark.parametrize("wrong", [0.15, 0.5, 3.0])
def test_one_wrong_catalogue_star_moves_no_zero_point_by_much_of_its_error(n_frame, n_star, model, wrong):
    """Among 50 stars 0.35 mmag typically, for an error of 3.3; a plain mean would move by 3 to 60 mmag.

    In 25 skies a star 0.5 mag wrong never took more than 0.30 of the error, and one 0.15 mag wrong, which noise may
    bring as near as 5 sigma, 0.56; among more stars each counts less.
    """
    made_ = sky(1, n_frame=n_frame, n_star=n_star, seen=1.0, outliers=0.0, err=0.005)
    m = made_.measures
    found = solve(m, **made_.size, model=model)
    most = (0.65 if wrong < 0.3 else 0.4) * np.hypot(found.zp_err, found.zp_sys) * np.sqrt(50 / n_star)
    for star in range(0, n_star, 5):
        moved = dataclasses.replace(m, d=m.d + np.where(m.star == star, wrong, 0.0))
        after = solve(moved, **made_.size, model=model).zp
        assert np.all(np.abs(after - found.zp) < most)


def test_measures_of_32_bits_give_the_same_zero_points():
    made_ = sky(3, n_frame=30, colour=-0.06)
    m = made_.measures
    half = Measures(
        m.frame.astype(np.int32), m.star.astype(np.int32), *(x.astype(np.float32) for x in (m.d, m.err, m.ref_err)),
        colour=m.colour.astype(np.float32),
    )  # fmt: skip
    model = Model(colour="shared", colour_pivot=0.8)
    whole, single = (solve(x, **made_.size, model=model) for x in (m, half))
    assert single.zp == pytest.approx(whole.zp, abs=5e-6)
    assert single.zp_err == pytest.approx(whole.zp_err, rel=1e-3)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.floats(-3, 3))
def test_zero_points_follow_the_magnitudes_and_not_the_order_of_rows_or_the_numbers_of_stars(seed, shift):
    made_ = sky(5, n_frame=6, n_star=60)
    m, rng = made_.measures, np.random.default_rng(seed)
    before = solve(m, **made_.size, model=Model())
    order, number = rng.permutation(len(m.d)), rng.permutation(60)
    mixed = dataclasses.replace(m, star=number[m.star], d=m.d + shift).take(order)
    after = solve(mixed, **made_.size, model=Model())
    assert after.zp == pytest.approx(before.zp + shift, abs=1e-4)
    assert after.zp_err == pytest.approx(before.zp_err, rel=0.02)
    assert after.n_star.tolist() == pytest.approx(before.n_star.tolist(), abs=1)


def test_stars_kept_back_are_not_used():
    made_ = sky(6)
    m = made_.measures
    held = m.star % 10 == 7
    spoilt = dataclasses.replace(m, d=m.d + np.where(held, 0.03, 0.0), held=held)
    without = m.take(~held)
    assert solve(spoilt, **made_.size, model=Model()).zp == pytest.approx(
        solve(without, **made_.size, model=Model()).zp
    )


@pytest.mark.parametrize("relative", [True, False])
def test_frames_without_stars_have_no_zero_point_and_harm_no_other(relative):
    made_ = sky(7, n_frame=10)
    m = made_.measures.take(~np.isin(made_.measures.frame, [0, 4, 9]))
    found = solve(m, **made_.size, model=Model(), relative=relative)
    assert np.flatnonzero(np.isnan(found.zp)).tolist() == [0, 4, 9]
    assert found.n_star[[0, 4, 9]].tolist() == [0, 0, 0]
    there = np.isfinite(found.zp)
    assert np.std((found.zp - made_.zp)[there]) < 0.0015


def test_a_relative_frame_that_shares_no_star_has_no_zero_point():
    made_ = sky(8, n_frame=6, n_star=100)
    m = made_.measures
    star = np.where(m.frame == 2, m.star + 100, m.star)
    found = solve(dataclasses.replace(m, star=star), n_frame=6, n_star=200, model=Model(), relative=True)
    assert np.isnan(found.zp).tolist() == [False, False, True, False, False, False]


def test_another_aperture_of_other_stars_is_refused():
    made_ = sky(9, n_frame=2, n_star=20)
    found = solve(made_.measures, **made_.size, model=Model())
    with pytest.raises(ValueError, match="21 stars"):
        in_aperture(made_.measures, found, n_frame=2, n_star=21, model=Model())


@pytest.mark.slow
def test_a_hundred_thousand_frames_are_solved_in_little_memory():
    rng = np.random.default_rng(1)
    n_frame, per = 100_000, 200
    field = np.sort(rng.integers(0, 100, n_frame))
    frame = np.repeat(np.arange(n_frame, dtype=np.int32), per)
    within = np.tile(np.arange(per, dtype=np.int32), n_frame) + np.repeat(rng.integers(0, 50, n_frame), per)
    star = (field[frame] * 250 + within).astype(np.int32)
    err = rng.uniform(0.005, 0.03, len(frame)).astype(np.float32)
    offset, zp = rng.normal(0, 0.02, 25_000), 22 + rng.normal(0, 0.2, n_frame)
    d = (zp[frame] + offset[star] + err * rng.standard_normal(len(frame))).astype(np.float32)
    m = Measures(frame, star, d, err, np.full(len(d), 0.02, np.float32))
    tracemalloc.start()
    found = solve(m, n_frame=n_frame, n_star=25_000, model=Model())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert np.std(np.diff(found.zp - zp)) < 0.003
    assert peak < 600e6  # beside 400 MB of measures
