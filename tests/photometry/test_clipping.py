import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photdb.photometry.clipping import clipped_means, skew_correction


def sorted_rows(values):
    v = np.sort(np.asarray(values, np.float32), axis=1)
    return v, v.shape[1] - np.count_nonzero(np.isnan(v), axis=1)


def test_mean_error_and_sigma_of_normal_noise_are_true():
    rows = np.random.default_rng(1).normal(5, 2, (4000, 400))
    made = clipped_means(*sorted_rows(rows))
    assert made.mean.mean() == pytest.approx(5, abs=0.01)
    assert made.mean.std() == pytest.approx(made.error.mean(), rel=0.04)
    assert made.sigma.mean() == pytest.approx(2, rel=0.01)


def test_outliers_and_values_that_do_not_count_change_little():
    rng = np.random.default_rng(2)
    rows = rng.normal(0, 1, (500, 600))
    rows[:, :30] = 500
    rows[:, 30:60] = np.nan
    made = clipped_means(*sorted_rows(rows))
    assert (made.n_good == 570).all()
    assert abs(made.mean.mean()) < 0.01
    assert made.sigma.mean() == pytest.approx(1, rel=0.02)


def test_whole_numbers_of_a_quiet_detector_do_not_make_steps():
    rng = np.random.default_rng(3)
    for level in np.linspace(100, 101, 6):
        made = clipped_means(*sorted_rows(np.rint(rng.normal(level, 1.2, (300, 900)))))
        assert made.mean.mean() == pytest.approx(level, abs=0.04)
        assert made.sigma.mean() == pytest.approx(np.hypot(1.2, 12**-0.5), rel=0.03)


def test_photon_noise_is_skewed_and_the_correction_is_right():
    rng = np.random.default_rng(4)
    gain, level, read = 1.0, 20.0, 3.0
    rows = rng.poisson(level * gain, (2000, 900)) / gain + rng.normal(0, read / gain, (2000, 900))
    made = clipped_means(*sorted_rows(rows))
    lack = skew_correction(np.array(level), made.sigma.mean(), gain)
    assert lack > 0.05
    # Of 0.079 that are lacking 0.014 stay; the mean of these pixels is good to 0.004.
    assert made.mean.mean() + lack == pytest.approx(level, abs=0.03)


def test_rows_of_nothing_one_and_equal_values():
    rows = np.array([[np.nan, np.nan, np.nan], [7, np.nan, np.nan], [3, 3, 3]], np.float32)
    made = clipped_means(*sorted_rows(rows))
    assert np.isnan(made.mean[0])
    np.testing.assert_allclose(made.mean[1:], [7, 3])
    np.testing.assert_array_equal(made.n, [0, 1, 3])


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=60), st.integers(0, 5))
def test_the_mean_lies_within_the_values(values, hidden):
    row = np.array([[*values, *[np.nan] * hidden]], np.float32)
    made = clipped_means(*sorted_rows(row))
    assert min(values) - 1e-2 <= made.mean[0] <= max(values) + 1e-2
    assert 1 <= made.n[0] <= len(values)
