"""The noise of empty apertures as they scatter, against what the pixels say."""

import numpy as np
import pytest
from scipy import ndimage
from synth import Camera, expose, grid, star_field

from photdb.photometry.aperture_shapes import Circles
from photdb.photometry.detection import find_sources
from photdb.photometry.empty_places import discs_of, free_places, occupied_pixels
from photdb.photometry.empty_scatter import clipped_scatter, confirmed, empty_scatter
from photdb.photometry.forced import forced_circles
from photdb.photometry.noise_correlation import NoiseCorrelation, noise_correlation
from photdb.photometry.settings import MeasureSettings

SETTINGS = MeasureSettings()


def frame(seed=0, size=800, spacing=110, flux=2e4, **more):
    rng = np.random.default_rng([41, seed])
    x, y = grid((size, size), spacing, rng)
    pixels = expose(star_field((size, size), x, y, flux), rng, Camera(), **more)
    return pixels, find_sources(pixels, SETTINGS)


def test_apertures_of_a_plain_frame_scatter_as_predicted():
    ratios = []
    for seed in range(4):
        pixels, found = frame(seed)
        for diameter in (7.0, 12.0):
            made = empty_scatter(pixels, found, diameter, settings=SETTINGS)
            assert made.n == 400
            assert made.sigma == pytest.approx(made.ratio * np.median(_empty(pixels, found, diameter)), rel=0.02)
            ratios.append(made.ratio)
    assert np.mean(ratios) == pytest.approx(1, abs=0.03)
    assert np.std(ratios) < 0.08


def _empty(pixels, found, diameter):
    return forced_circles(pixels, found, [50.0, 400.0], [60.0, 390.0], diameter, settings=SETTINGS).empty


def test_noise_that_the_pixels_do_not_tell_shows():
    pixels, found = frame(gain_known=False)
    waves = np.random.default_rng(1).normal(0, 1, pixels.data.shape)
    pixels.data += 40 * ndimage.gaussian_filter(waves, 6).astype(np.float32)
    found = find_sources(pixels, SETTINGS)
    assert empty_scatter(pixels, found, 12.0, settings=SETTINGS).ratio > 1.15


def factor(correlation, diameter=7.0):
    return float(correlation.factor(np.pi / 4 * diameter**2, np.pi * diameter))


def test_a_correlation_that_empty_apertures_do_not_show_is_not_believed():
    """Faults of the flat make pixels alike far beyond an aperture: the local sky takes most of that off."""
    pixels, found = frame()
    claimed = NoiseCorrelation.of(noise_correlation(pixels, found).covariance + 0.03, 1.0)
    assert factor(claimed) > 1.3
    assert factor(confirmed(claimed, pixels, found, 7.0, settings=SETTINGS)) < 1.08


def test_a_correlation_that_empty_apertures_show_stays():
    pixels, found = frame(gain_known=False)
    pixels.data[:] = ndimage.gaussian_filter(pixels.data, 0.8)
    found = find_sources(pixels, SETTINGS)
    measured = noise_correlation(pixels, found)
    assert factor(measured) > 1.5
    assert factor(confirmed(measured, pixels, found, 7.0, settings=SETTINGS)) == pytest.approx(
        factor(measured), rel=0.1
    )


def test_a_plain_frame_has_no_correlation_to_confirm_and_a_full_one_no_empty_places_to_do_so():
    plain = frame()
    correlation = noise_correlation(*plain)
    assert confirmed(correlation, *plain, 7.0, settings=SETTINGS) is correlation
    claimed = NoiseCorrelation.of(correlation.covariance + 0.03, 1.0)
    assert confirmed(claimed, *frame(size=200, spacing=30), 40.0, settings=SETTINGS) is claimed


def test_where_a_frame_is_too_small_or_too_full_there_is_no_scatter():
    for made in (
        empty_scatter(*frame(size=90, spacing=30), 12.0, settings=SETTINGS),
        empty_scatter(*frame(size=400, spacing=13), 12.0, settings=SETTINGS),
    ):
        assert made.n < 100
        assert np.isnan(made.ratio)
        assert np.isnan(made.sigma)
    assert np.isnan(empty_scatter(*frame(), np.nan, settings=SETTINGS).ratio)


def test_places_are_free_of_sources_and_bad_pixels_and_the_same_every_time():
    pixels, found = frame()
    pixels.mask[300:500, 300:500] |= 16
    circle = Circles.of(11.0, 1)
    x, y = free_places(pixels, found, circle, 100, 300)
    assert len(x) == 300
    assert np.hypot(x[:, None] - found.x, y[:, None] - found.y).min() > 5.5 + found.fwhm_px
    assert not ((abs(x - 399.5) < 105.5) & (abs(y - 399.5) < 105.5)).any()
    np.testing.assert_array_equal(x, free_places(pixels, found, circle, 100, 300)[0])
    np.testing.assert_array_less(
        occupied_pixels(pixels, discs_of(found, wings=False)).sum(), occupied_pixels(pixels, discs_of(found)).sum()
    )


def test_a_part_of_a_frame_is_as_empty_as_it_is_in_the_whole():
    pixels, found = frame()
    pixels.mask[300:330, 300:330] |= 16
    whole, part = occupied_pixels(pixels, discs_of(found)), (slice(256, 500), slice(128, 384))
    np.testing.assert_array_equal(occupied_pixels(pixels, discs_of(found), part), whole[part])


def test_the_scatter_withstands_outliers():
    rng = np.random.default_rng(3)
    values = np.append(rng.normal(5, 2, 4000), rng.uniform(30, 90, 200))
    assert clipped_scatter(values) == pytest.approx(2, rel=0.04)
    assert clipped_scatter(rng.normal(0, 1, 20_000)) == pytest.approx(1, rel=0.02)
