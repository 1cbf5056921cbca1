"""Noise that neighbouring pixels share: found where a frame was resampled, not found where it was not."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial import cKDTree
from synth import Camera, expose, grid, star_field

from photdb.photometry.detection import find_sources
from photdb.photometry.forced import forced_circles
from photdb.photometry.noise_correlation import DISTANCE, NoiseCorrelation, noise_correlation
from photdb.photometry.settings import MeasureSettings

SETTINGS = MeasureSettings()


def frame(seed, change=None, size=800, spacing=120, **more):
    rng = np.random.default_rng([31, seed])
    x, y = grid((size, size), spacing, rng)
    pixels = expose(star_field((size, size), x, y, 10 ** rng.uniform(3, 5, x.size)), rng, Camera(), **more)
    if change:
        pixels.data[:] = change(pixels.data)
    return pixels, find_sources(pixels, SETTINGS)


def blank_places(found, size=800, step=19, seed=0):
    rng = np.random.default_rng(seed)
    x, y = (v.ravel() + rng.uniform(-0.5, 0.5, v.size) for v in np.mgrid[30 : size - 30 : step, 30 : size - 30 : step])
    star = found.peak > 5.5 * found.background.noise_at(found.x, found.y)  # others may be peaks of the noise itself
    far = cKDTree(np.c_[found.x, found.y][star]).query(np.c_[x, y])[0] > 20
    return x[far], y[far]


def circle(diameter):
    return np.pi / 4 * diameter**2, np.pi * diameter


def test_what_the_store_keeps_of_a_correlation_makes_the_same_factors():
    measured = noise_correlation(*frame(3, lambda d: ndimage.gaussian_filter(d, 0.8), gain_known=False))
    kept = np.array(measured.covariance, np.float32).tolist()
    again = NoiseCorrelation.of(kept, float(np.float32(measured.share)))
    for diameter in (5.0, 9.0, 20.0):
        assert again.factor(*circle(diameter)) == measured.factor(*circle(diameter)) > 1.5
    assert again.of_level == measured.of_level > 1.5
    assert NoiseCorrelation.of(kept, 0.0).is_none
    assert NoiseCorrelation.of(kept, np.nan).is_none


def test_a_correlation_is_the_covariance_of_white_noise_that_was_smoothed():
    """Two by two pixels added up: neighbours share half, diagonal ones a quarter of the variance, others nothing."""
    steps = (0, 0), (1, 0), (0, 1), (1, 1)
    summed = frame(4, lambda d: sum(np.roll(d, step, (0, 1)) for step in steps), gain_known=False)
    measured = noise_correlation(*summed)
    expected = np.where(DISTANCE <= 1, 1 - DISTANCE / 2, np.where(DISTANCE < 1.5, 0.25, 0.0))
    np.testing.assert_allclose(measured.covariance / measured.covariance[0], expected, atol=0.03)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("known", [True, False], ids=["gain known", "gain guessed"])
def test_a_plain_frame_has_none(seed, known):
    correlation = noise_correlation(*frame(seed, gain_known=known))
    assert correlation.factor(*circle(np.array([5.0, 10.0, 20.0]))).tolist() == [1, 1, 1]
    assert correlation.of_level == 1
    assert correlation.of_weights(np.ones(len(DISTANCE) - 1)) == 1
    assert correlation.is_none


@pytest.mark.parametrize(
    ("name", "change", "known"),
    [
        ("shifted by half a pixel", lambda d: ndimage.shift(d, (0.5, 0.4), order=1, mode="nearest"), False),
        ("smoothed", lambda d: ndimage.gaussian_filter(d, 0.8), False),
        ("enlarged", lambda d: ndimage.zoom(d[:400, :400], 2, order=3), True),
    ],
)
def test_errors_of_a_resampled_frame_are_the_scatter_of_empty_apertures(name, change, known):
    ratio, factor = [], []
    for seed in range(2):
        pixels, found = frame(seed, change, gain_known=known)
        for diameter in (7.0, 12.0):
            forced = forced_circles(pixels, found, *blank_places(found), diameter, settings=SETTINGS)
            ratio.append(forced.flux / forced.empty)
            factor.append(forced.noise_factor[0])
            parts = forced.err_pixels**2 + forced.err_background**2
            np.testing.assert_allclose(forced.empty**2, parts, rtol=1e-12)
    assert min(factor) > 1.5
    assert np.concatenate(ratio).std() == pytest.approx(1, abs=0.08)


def test_where_the_variances_know_of_the_photons_a_shifted_frame_needs_no_factor():
    # Shifting moves noise between pixels but makes none: wide apertures scatter as their photons say.
    pixels, found = frame(1, lambda d: ndimage.shift(d, (0.5, 0.4), order=1, mode="nearest"))
    correlation = noise_correlation(pixels, found)
    assert correlation.covariance[0] < 0.4
    assert correlation.factor(*circle(10.0)) == 1
    assert correlation.of_level > 1.5


def test_a_frame_without_enough_empty_sky_is_taken_as_it_is():
    pixels, found = frame(2, size=100, spacing=30)
    correlation = noise_correlation(pixels, found)
    assert correlation.is_none
    assert correlation.factor(*circle(8.0)) == 1
    assert correlation.of_level == 1


def test_a_crowd_is_not_taken_for_a_resampled_frame():
    rng = np.random.default_rng(3000)
    x, y = rng.uniform(0, 700, (2, 3000))
    flux = np.minimum(10 ** (2.8 + rng.exponential(0.6, 3000)), 1e6)
    pixels = expose(star_field((700, 700), x, y, flux, fwhm=3.0), rng, Camera())
    correlation = noise_correlation(pixels, find_sources(pixels, SETTINGS))
    assert correlation.of_neighbours < 0.1
    assert 1 < correlation.factor(*circle(9.0)) < 1.4  # stars below the threshold are noise as well
    assert noise_correlation(*frame(1, lambda d: ndimage.gaussian_filter(d, 0.8))).of_neighbours > 0.5
