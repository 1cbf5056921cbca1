"""Circles at given places: the numbers of detections, the parts of errors, what is said where there is no flux."""

import dataclasses

import numpy as np
import pytest
from synth import Camera, expose, grid, star_field

from photdb.photometry.aperture import circle_fluxes, pixel_variance
from photdb.photometry.detection import find_sources
from photdb.photometry.flags import Flag
from photdb.photometry.forced import ForcedFluxes, forced_circles, ground_at
from photdb.photometry.local_sky import annulus_for
from photdb.photometry.measure import hidden_pixels, measure
from photdb.photometry.settings import MeasureSettings

SETTINGS = MeasureSettings()
APERTURES = [9.0, np.nan, 12.0, 20.0]
PRIMARY = 10.5


@pytest.fixture(scope="module")
def spoilt():
    """A frame with a flat, saturated stars, one pixel in a hundred bad and cosmic rays."""
    rng = np.random.default_rng(3)
    x, y = grid((420, 480), 30, rng)
    image = star_field((420, 480), x, y, 10 ** rng.uniform(2.5, 6.2, x.size))
    yy, xx = np.mgrid[:420, :480]
    response = (1 - 0.2 * ((xx - 240) ** 2 + (yy - 210) ** 2) / 240**2).astype(np.float32)
    pixels = expose(image, rng, Camera(), response=response)
    for bit, share, value in ((16, 0.01, 0.0), (32, 0.003, 3000.0)):
        hit = rng.random(image.shape) < share
        pixels.mask[hit] |= bit
        pixels.data[hit] = value
    return pixels, find_sources(pixels, SETTINGS)


def clean(seed=5, size=300, **changes):
    rng = np.random.default_rng(seed)
    x, y = grid((size, size), 60, rng)
    pixels = expose(star_field((size, size), x, y, 3e4), rng, Camera(**changes))
    return pixels, find_sources(pixels, SETTINGS)


def test_at_the_place_of_a_detection_flux_error_flags_and_sky_are_the_detections(spoilt):
    pixels, found = spoilt
    columns = measure(
        pixels, found, apertures_px=APERTURES, primary_px=PRIMARY, exptime_s=1, settings=SETTINGS, scintillation=0.003
    )
    ground = ground_at(pixels, found, found.x, found.y, apertures_px=APERTURES, primary_px=PRIMARY, settings=SETTINGS)
    for k, diameter in enumerate([*APERTURES, PRIMARY]):
        forced = forced_circles(
            pixels, found, found.x, found.y, diameter, settings=SETTINGS, ground=ground, scintillation=0.003
        )
        flux, error = (columns[name] if k == 4 else columns[f"aper_{name}"][:, k] for name in ("flux", "flux_err"))
        np.testing.assert_allclose(forced.flux, flux, rtol=1e-11)
        np.testing.assert_allclose(forced.error, error, rtol=1e-12)
    assert (columns["flags"] & (16 | 32 | 64) > 0).sum() > 50
    np.testing.assert_array_equal(forced.flags, columns["flags"])
    np.testing.assert_allclose(forced.sky, columns["sky"], rtol=1e-11)


def test_a_flux_does_not_depend_on_what_else_is_asked_for(spoilt):
    pixels, found = spoilt
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0, 480, 60), rng.uniform(0, 420, 60)
    together = forced_circles(pixels, found, np.append(x, x + 2), np.append(y, y + 1), 9.0, settings=SETTINGS)
    alone = [forced_circles(pixels, found, x[k], y[k], 9.0, settings=SETTINGS).flux[0] for k in range(60)]
    np.testing.assert_allclose(together.flux[:60], alone, rtol=1e-11)


def test_parts_of_the_error_add_up_and_each_means_what_it_says():
    pixels, found = clean()
    forced = forced_circles(pixels, found, found.x, found.y, PRIMARY, settings=SETTINGS, scintillation=0.01)
    parts = forced.err_source**2 + forced.err_pixels**2 + forced.err_background**2 + (0.01 * forced.flux) ** 2
    np.testing.assert_allclose(forced.error**2, parts, rtol=1e-12)
    np.testing.assert_allclose(forced.empty**2, forced.err_pixels**2 + forced.err_background**2, rtol=1e-12)
    np.testing.assert_allclose(forced.err_source, np.sqrt(forced.flux / 1.5), rtol=1e-12)
    pixel = Camera().pixel_noise
    np.testing.assert_allclose(forced.err_pixels, pixel * np.sqrt(np.pi / 4 * PRIMARY**2 * 0.937), rtol=0.02)
    assert (forced.err_background < 0.4 * forced.err_pixels).all()


def test_a_position_that_is_no_number_or_off_the_frame_has_no_flux_and_says_why():
    pixels, found = clean()
    x, y = [np.nan, 5.0, -20.0, 1e300, -1.0, 150.0], [9.0, np.nan, 50.0, 50.0, 50.0, 150.0]
    forced = forced_circles(pixels, found, x, y, 8.0, settings=SETTINGS)
    assert np.isnan(forced.flux[:5]).all()
    assert np.isfinite(forced.flux[5])
    assert (forced.flags[:5] & Flag.APERTURE_INCOMPLETE != 0).all()
    assert (forced.flags[2:5] & Flag.TRUNCATED != 0).all()
    np.testing.assert_array_equal(forced.frac_edge[[2, 3, 5]], [1, 1, 0])
    assert 0.5 < forced.frac_edge[4] < 1
    assert np.isnan(forced.frac_edge[:2]).all()
    assert np.isnan(forced.empty[:5]).all()  # no limit where nothing was measured
    assert len(forced_circles(pixels, found, [], [], 8.0, settings=SETTINGS)) == 0


def test_an_aperture_that_is_not_measured_on_this_frame_has_no_flux():
    pixels, found = clean()
    forced = forced_circles(pixels, found, [150.0], [150.0], np.nan, settings=SETTINGS)
    assert np.isnan(forced.flux[0])
    assert forced.flags[0] & Flag.APERTURE_INCOMPLETE


def test_shares_of_an_aperture_are_areas():
    pixels, found = clean()
    pixels.mask[100:200, 100:150] |= 16
    pixels.mask[100:200, 150:200] |= 4
    at_edge = 299.5 - 4 * np.cos(np.radians(60))
    forced = forced_circles(pixels, found, [149.5, 100.0, at_edge], [150.0, 50.0, 150.0], 8.0, settings=SETTINGS)
    assert forced.frac_masked[0] == pytest.approx(0.5, abs=1e-9)
    assert forced.frac_saturated[0] == pytest.approx(0.5, abs=1e-9)
    assert forced.flags[0] & 4
    assert forced.flags[0] & 16
    assert np.isnan(forced.flux[0])
    segment = (np.radians(60) - np.sin(np.radians(60)) * np.cos(np.radians(60))) / np.pi
    assert forced.frac_edge[2] == pytest.approx(segment, abs=1e-9)
    np.testing.assert_array_equal([forced.frac_edge[1], forced.frac_masked[1], forced.frac_saturated[1]], 0)


def test_light_of_a_neighbour_is_flagged_where_nothing_is_detected():
    pixels, found = clean()
    j = int(np.argmax(found.flux_iso))
    x = found.x[j] + np.array([0.2, 7.0, 25.0])
    forced = forced_circles(pixels, found, x, np.repeat(found.y[j], 3), 8.0, settings=SETTINGS)
    np.testing.assert_array_equal(forced.flags & Flag.NEIGHBOURS, [0, 1, 0])


def test_a_negative_flux_stays_negative():
    pixels, found = clean()
    found.subtracted[148:153, 148:153] -= 100
    forced = forced_circles(pixels, found, [150.0], [150.0], 8.0, settings=SETTINGS)
    assert forced.flux[0] < -1500
    assert forced.err_source[0] == 0
    assert forced.error[0] == forced.empty[0]


def test_circles_of_one_ground_share_its_sky():
    pixels, found = clean()
    ground = ground_at(pixels, found, [150.0], [150.0], apertures_px=[8, 16], primary_px=10, settings=SETTINGS)
    narrow, wide = (forced_circles(pixels, found, 0, 0, d, settings=SETTINGS, ground=ground) for d in (8.0, 16.0))
    assert narrow.sky == wide.sky
    assert wide.err_background == pytest.approx(4 * narrow.err_background)


def test_fluxes_start_as_unknown_and_take_a_scatter():
    blank = ForcedFluxes.blank([1.0, 2.0], [3.0, 4.0], flux=[5.0, 6.0], flags=64)
    assert blank.flags.dtype == np.int32
    assert blank.correction.tolist() == [1, 1]
    with_it = blank.with_scatter(7.0)
    assert with_it.empty_scatter.tolist() == [7, 7]
    assert np.isnan(blank.empty_scatter).all()
    assert {f.name for f in dataclasses.fields(blank)} >= {"err_source", "frac_edge", "shift_x", "theta"}


def test_circles_at_blank_places_are_those_of_the_circle_fluxes_of_detections():
    pixels, found = clean()
    x, y = np.array([100.3, 180.9]), np.array([120.1, 77.7])
    ground = ground_at(pixels, found, x, y, apertures_px=[9.0], primary_px=9.0, settings=SETTINGS)
    forced = forced_circles(pixels, found, x, y, 9.0, settings=SETTINGS, ground=ground)
    ring = annulus_for(found.fwhm_px, 9.0, 9.0)
    circles = circle_fluxes(
        pixels, found.background, found.subtracted, hidden_pixels(pixels, found, ring), x, y, np.array([9.0]),
        variance=pixel_variance(pixels, found.background, x, y), annulus=ring,
    )  # fmt: skip
    np.testing.assert_allclose(forced.flux, circles.flux[:, 0], rtol=1e-11)
    np.testing.assert_allclose(forced.empty, circles.empty[:, 0], rtol=1e-11)
