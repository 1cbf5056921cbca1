"""Terms of zero points: colour, magnitude and place, on skies of known terms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zero_skies import MAG_PIVOT, PIVOT, Sky, sky

from photdb.photometry import zero_terms
from photdb.photometry.zero_point import Measures, Model, Solution, in_aperture, solve

COLOUR = Model(colour="shared", colour_pivot=PIVOT)
PLANE = (0.03, -0.01, 0.05, 0.0, 0.04)


def solved(made: Sky, model: Model, **how) -> Solution:
    return solve(made.measures, **made.size, model=model, **how)


def test_a_shared_colour_term_is_found_within_five_millimagnitudes_and_its_error_is_right():
    errors, pulls, levels = [], [], []
    for seed in range(60):
        made = sky(seed, n_frame=6, colour=-0.06)
        found = solved(made, COLOUR)
        errors.append(found.colour_term[0] + 0.06)
        pulls.append(errors[-1] / found.colour_term_err[0])
        levels.append(np.mean(found.zp - made.zp) / np.hypot(found.zp_sys[0], found.zp_err.mean() / np.sqrt(6)))
    assert np.std(errors) < 0.003
    assert np.max(np.abs(errors)) < 0.01
    assert 0.8 < np.std(pulls) < 1.2
    assert 0.75 < np.std(levels) < 1.25


def test_zero_points_hold_for_the_pivot_however_far_the_stars_are_from_it():
    made = sky(1, colour=-0.06, outliers=0.0)
    near = solved(made, COLOUR)
    far = solved(made, replace(COLOUR, colour_pivot=2.0))
    assert far.zp == pytest.approx(near.zp + near.colour_term * (2.0 - PIVOT), abs=1e-4)
    assert far.colour_term == pytest.approx(near.colour_term, abs=1e-4)
    assert far.zp_sys[0] > 1.5 * near.zp_sys[0]


def test_a_missing_colour_term_moves_the_zero_points_and_a_fitted_one_does_not():
    made = sky(2, colour=-0.06, outliers=0.0)
    without, fitted = solved(made, Model()), solved(made, COLOUR)
    assert np.mean(without.zp - made.zp) == pytest.approx(-0.06 * (1.0 - PIVOT), abs=0.006)
    assert abs(np.mean(fitted.zp - made.zp)) < 0.006
    assert np.all(fitted.scatter < without.scatter)


def test_a_given_colour_term_is_applied():
    made = sky(3, colour=-0.06)
    found = solved(made, replace(COLOUR, colour="fixed", colour_value=-0.06))
    assert abs(np.mean(found.zp - made.zp)) < 0.005
    assert np.all(found.colour_term == -0.06)
    assert np.all(np.isnan(found.colour_term_err))


@pytest.mark.parametrize("offsets", [True, False])
def test_each_frame_may_have_a_colour_term_of_its_own(offsets):
    terms = np.linspace(-0.09, -0.03, 12)
    pulls = []
    for seed in range(15):
        made = sky(seed, n_frame=12, colour=terms)
        found = solved(made, replace(COLOUR, colour="frame", offsets=offsets))
        error = found.colour_term - terms
        pulls += ((error - error.mean()) / found.colour_term_err).tolist()
        assert np.all(np.abs(error) < 0.015)
    assert np.std(pulls) < 1.15


@pytest.mark.parametrize("offsets", [True, False])
def test_stars_of_unknown_colour_have_no_say_in_the_level(offsets):
    made = sky(4, colour=-0.06, uncoloured=0.3, outliers=0.0)
    m = made.measures
    unknown = np.isnan(m.colour)
    moved = replace(m, d=m.d + np.where(unknown, 0.05, 0.0))
    for colour in ("shared", "frame"):
        model = replace(COLOUR, colour=colour, offsets=offsets)
        before, after = solve(m, **made.size, model=model), solve(moved, **made.size, model=model)
        assert after.zp == pytest.approx(before.zp, abs=3e-4)


@pytest.mark.parametrize("why", ["few", "one colour", "uncertain", "none"])
def test_a_colour_term_that_cannot_be_told_is_not_fitted_and_all_stars_make_the_level(why):
    made = sky(5, n_star=60, outliers=0.0, noise=1.0 if why == "uncertain" else 0.02)
    m = made.measures
    colour = {
        "few": np.where(m.star < 9, m.colour, np.nan),
        "one colour": 0.8 + 0.1 * (m.colour - 0.8),
        "uncertain": m.colour,
        "none": None,
    }[why]
    found = solve(replace(m, colour=colour), **made.size, model=COLOUR)
    assert np.all(np.isnan(found.colour_term))
    assert found.zp == pytest.approx(solved(made, Model()).zp, abs=1e-9)


def test_the_detectors_curve_against_magnitude_is_found():
    pulls = []
    for seed in range(25):
        made = sky(seed, n_frame=6, magnitude=0.012, colour=-0.06)
        found = solved(made, replace(COLOUR, magnitude=True, mag_pivot=MAG_PIVOT))
        pulls.append((found.mag_term[0] - 0.012) / found.mag_term_err[0])
        assert abs(found.mag_term[0] - 0.012) < 0.004
        assert abs(found.colour_term[0] + 0.06) < 0.01
        assert abs(np.mean(found.zp - made.zp)) < 0.006
    assert 0.7 < np.std(pulls) < 1.3


def test_the_magnitude_term_is_of_the_instrumental_magnitude_and_not_of_the_references():
    made = sky(8, magnitude=0.08, colour=-0.2, noise=0.001, outliers=0.0, err=0.002)
    found = solved(made, replace(COLOUR, magnitude=True, mag_pivot=MAG_PIVOT))
    assert found.mag_term[0] == pytest.approx(0.08, abs=0.0006)
    assert found.colour_term[0] == pytest.approx(-0.2, abs=0.002)
    assert found.zp == pytest.approx(made.zp, abs=0.001)


def test_a_curve_against_magnitude_needs_a_range_of_magnitudes():
    made = sky(6, magnitude=0.012)
    narrow = replace(made.measures, mag=15 + 0.1 * (made.measures.mag - 15))
    found = solve(narrow, **made.size, model=Model(magnitude=True, mag_pivot=15.0))
    assert np.all(np.isnan(found.mag_term))


@pytest.mark.parametrize("how", [{}, {"offsets": False}, {"spatial_per": "frame"}, {"weak_prior": True}])
def test_a_map_over_the_detector_is_found(how):
    made = sky(7, plane=PLANE, outliers=0.02)
    found = solved(made, Model(spatial=2, **how))
    assert found.zp_map is not None
    # A map of each frame's own is known less well by the square root of the frames.
    assert np.mean(found.zp_map, axis=0) == pytest.approx(PLANE, abs=0.002)
    assert abs(np.mean(found.zp - made.zp)) < 0.006
    assert np.std(found.zp - made.zp) < (0.003 if "spatial_per" in how or "offsets" in how else 0.0015)


def test_every_epoch_has_a_map_of_its_own():
    epoch = np.repeat([0, 1], 10)
    planes = np.array([PLANE, (-0.02, 0.03, 0.0, 0.01, 0.0)])
    made = sky(8, plane=planes[epoch])
    found = solved(made, Model(spatial=2, colour="shared", colour_pivot=PIVOT), map_group=epoch)
    assert found.zp_map is not None
    assert np.all(found.zp_map[0] == found.zp_map[9])
    assert found.zp_map[[0, 10]] == pytest.approx(planes, abs=0.003)
    assert found.zp == pytest.approx(made.zp, abs=0.006)


def test_without_a_dither_the_catalogue_tells_the_map():
    made = sky(9, plane=PLANE, n_frame=10, n_star=600)
    m = made.measures
    rng = np.random.default_rng(9)
    place = rng.uniform(-1, 1, (2, 600))
    was = zero_terms.place_sum(m.u, m.v, np.broadcast_to(PLANE, (len(m.d), 5)))
    u, v = place[:, m.star]
    still = replace(m, u=u, v=v, d=m.d - was + zero_terms.place_sum(u, v, np.broadcast_to(PLANE, (len(m.d), 5))))
    found = solve(still, **made.size, model=Model(spatial=2))
    assert found.zp_map is not None
    assert found.zp_map[0] == pytest.approx(PLANE, abs=0.008)
    assert np.std(found.zp - made.zp) < 0.001


def test_relative_frames_find_the_map_from_their_dither():
    made = sky(10, plane=PLANE, noise=1.0)
    found = solved(made, Model(spatial=2), relative=True)
    assert found.zp_map is not None
    assert found.zp_map[0] == pytest.approx(PLANE, abs=0.002)
    assert np.std(found.zp - made.zp) < 0.0015
    assert np.all(np.isnan(found.colour_term))


def test_another_aperture_keeps_offsets_and_colour_and_has_a_level_and_a_map_of_its_own():
    made = sky(11, colour=-0.06, plane=PLANE)
    model = replace(COLOUR, spatial=2)
    first = solved(made, model)
    m = made.measures
    growth = np.linspace(0.05, 0.15, len(made.zp))
    other = replace(m, d=m.d - growth[m.frame] + 0.02 * m.u)
    found = in_aperture(other, first, **made.size, model=model)
    assert np.std(found.zp - (made.zp - growth)) < 0.0015
    assert np.all(found.colour_term == first.colour_term)
    assert found.zp_map is not None
    assert found.zp_map[0] == pytest.approx(np.add(PLANE, (0.02, 0, 0, 0, 0)), abs=0.003)


def test_the_same_aperture_again_gives_the_same_zero_points():
    made = sky(12, colour=-0.06)
    first = solved(made, COLOUR)
    again = in_aperture(made.measures, first, **made.size, model=COLOUR)
    assert again.zp == pytest.approx(first.zp, abs=2e-5)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 3), st.integers(0, 2**31))
def test_the_mean_of_a_map_over_the_frame_is_that_of_its_places(order, seed):
    rng = np.random.default_rng(seed)
    coefficients = rng.normal(size=zero_terms.n_powers(order))
    nodes, weights = np.polynomial.legendre.leggauss(4)
    u, v = (x.ravel() for x in np.meshgrid(nodes, nodes))
    w = np.outer(weights, weights).ravel() / 4
    by_place = zero_terms.place_sum(u, v, np.broadcast_to(coefficients, (16, len(coefficients))))
    assert np.sum(w * by_place) == pytest.approx(0.0, abs=1e-12)
    assert np.all(np.abs(zero_terms.powers(u, v, order) @ w) < 1e-12)


@pytest.mark.parametrize("word", [{"colour": "blue"}, {"robust": "mean"}, {"spatial": 4}, {"spatial_per": "star"}])
def test_a_model_of_unknown_words_is_refused(word):
    with pytest.raises(ValueError, match=next(iter(word))):
        Model(**word)


def test_relative_frames_cannot_be_solved_each_by_itself():
    nothing = Measures(*(np.zeros(0, dtype=t) for t in (int, int, float, float, float)))
    with pytest.raises(ValueError, match="relative"):
        solve(nothing, n_frame=1, n_star=0, model=Model(offsets=False), relative=True)
