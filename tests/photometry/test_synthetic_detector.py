"""The simulated detector has the noise, faults and limits that it is given."""

import numpy as np
import pytest

from photdb.photometry.synthetic_detector import Detector, cosmic_rays, make_bias, make_dark, make_flat

SHAPE = (300, 200)


def detector(gain=2.0, read_noise=8.0, clip=65535.0, bias=500.0, dark=0.0):
    return Detector(gain, read_noise, clip, np.full(SHAPE, bias), np.full(SHAPE, dark))


@pytest.mark.parametrize("electrons", [0.0, 300.0, 20000.0])
def test_mean_and_variance_follow_gain_and_read_noise(electrons):
    raw = detector().expose(np.full(SHAPE, electrons), 1.0, np.random.default_rng(1)).astype(float)
    variance = (electrons + 8.0**2) / 2.0**2 + 1 / 12  # rounding to whole counts
    assert raw.mean() == pytest.approx(500 + electrons / 2.0, abs=5 * np.sqrt(variance / raw.size))
    assert raw.var() == pytest.approx(variance, rel=5 * np.sqrt(2 / raw.size))


def test_dark_current_grows_with_the_exposure():
    dark = detector(dark=3.0)
    short, long = (dark.expose(0.0, t, np.random.default_rng(2)).mean() for t in (10.0, 110.0))
    assert long - short == pytest.approx(3.0 * 100.0 / 2.0, rel=0.01)


def test_a_full_pixel_ends_at_its_clip_and_never_beyond_16_bit():
    assert detector(clip=40000.0).expose(1e6, 1.0, np.random.default_rng(3)).max() == 40000
    assert detector(clip=99999.0).expose(1e6, 1.0, np.random.default_rng(3)).max() == 65535


def test_a_bias_below_zero_does_not_wrap_round():
    assert detector(bias=-50.0).expose(0.0, 0.0, np.random.default_rng(4)).max() < 60


def test_the_bias_has_a_ramp_and_columns():
    bias = make_bias(SHAPE, 1000.0, np.random.default_rng(5))
    assert (bias[-1] - bias[0]) == pytest.approx(2.0)
    assert 0.4 < bias[0].std() < 0.6


def test_the_asked_share_of_pixels_is_hot():
    dark = make_dark((1000, 1000), 0.02, 1e-3, np.random.default_rng(6))
    assert 850 < (dark > 0.02).sum() < 1150
    assert np.median(dark[dark > 0.02]) == pytest.approx(7.0, rel=0.15)


def test_a_flat_has_median_one_and_dark_corners():
    flat = make_flat(SHAPE, 0.2, 0.0, np.random.default_rng(7))
    assert np.median(flat) == pytest.approx(1.0)
    assert flat[0, 0] / flat[150, 100] == pytest.approx(0.8, abs=1e-3)
    noisy = make_flat(SHAPE, 0.0, 0.03, np.random.default_rng(7))
    assert noisy.std() == pytest.approx(0.03, rel=0.02)


def test_cosmic_rays_come_in_the_asked_number_as_thin_tracks():
    scipy = pytest.importorskip("scipy.ndimage")
    image = cosmic_rays((3000, 3000), 400.0, np.random.default_rng(8))
    labels, n = scipy.label(image > 0, structure=np.ones((3, 3)))
    assert 320 < n < 480
    sizes = np.bincount(labels.ravel())[1:]
    assert sizes.max() <= 45
    assert 2 < np.median(sizes) < 8
    assert cosmic_rays(SHAPE, 0.0, np.random.default_rng(8)).max() == 0
