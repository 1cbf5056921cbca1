"""Trails: the same calibrated flux as a star that stood still."""

import numpy as np
import pytest
from synth import Camera, expose, grid, star_field

from photdb.photometry.aperture_shapes import Circles, Pills
from photdb.photometry.detection import find_sources
from photdb.photometry.flags import Flag
from photdb.photometry.forced import forced_circles
from photdb.photometry.forced_trail import forced_trails, trail_correction
from photdb.photometry.settings import MeasureSettings
from photdb.photometry.synthetic import star_image

SETTINGS = MeasureSettings()


def trail(shape, x, y, flux, length, angle, fwhm=3.5, beta=3.2):
    """A star that moved evenly during the exposure: many stars along the path."""
    t = ((np.arange(81) + 0.5) / 81 - 0.5) * length
    return star_image(shape, x + t * np.cos(angle), y + t * np.sin(angle), flux / 81, fwhm, beta=beta)


def pill(length, radius, theta):
    return Pills.of(np.array([length]), np.array([radius]), np.array([theta]))


@pytest.mark.parametrize("theta", [0.0, 0.4, 1.2, -0.9])
def test_a_pill_covers_its_area_and_its_noise_is_that_of_the_squared_weights(theta):
    shape, at = pill(13.3, 4.2, theta), (np.array([30.3]), np.array([30.7]))
    assert shape.sums(np.ones((61, 61)), *at)[0] == pytest.approx(2 * 13.3 * 4.2 + np.pi * 4.2**2, rel=1e-3)
    y, x = np.mgrid[:61, :61]
    squares = [
        (shape.at(np.zeros(61 * 61, int)).overlap((x - 30 - dx).ravel(), (y - 30 - dy).ravel()) ** 2).sum()
        for dx in np.arange(0.05, 1, 0.1)
        for dy in np.arange(0.05, 1, 0.1)
    ]
    assert np.mean(squares) == pytest.approx(shape.weights[0], rel=3e-3)
    assert np.ptp(squares) < 0.04 * shape.weights[0]
    ramp = shape.sums(x.astype(np.float32), *at)[0] / shape.sums(np.ones((61, 61)), *at)[0]
    assert ramp == pytest.approx(30.3, abs=2e-3)


def test_a_pill_of_no_length_is_a_circle():
    image = np.random.default_rng(1).normal(0, 1, (50, 50)).astype(np.float32)
    at = np.array([25.2]), np.array([24.9])
    circle, point = Circles.of(9.0, 1), pill(0.0, 4.5, 0.7)
    assert point.sums(image, *at)[0] == pytest.approx(circle.sums(image, *at)[0], abs=0.05)
    for name in ("area", "perimeter", "weights"):
        assert getattr(point, name)[0] == pytest.approx(getattr(circle, name)[0])


def test_the_correction_is_1_without_motion_and_that_of_a_simulated_trail_with_it():
    assert trail_correction(3.5, 3.2, 10.5, 0.0)[0] == pytest.approx(1, abs=1e-12)
    for diameter, length in ((10.5, 25.0), (7.0, 12.0)):
        star = star_image((201, 201), 100.2, 99.8, 1.0, 3.5, beta=3.2)
        moved = trail((201, 201), 100.2, 99.8, 1.0, length, 0.5)
        at = np.array([100.2]), np.array([99.8])
        in_circle = Circles.of(diameter, 1).sums(star.astype(np.float32), *at)[0]
        in_pill = pill(length, diameter / 2, 0.5).sums(moved, *at)[0]
        assert trail_correction(3.5, 3.2, diameter, length)[0] == pytest.approx(in_circle / in_pill, rel=3e-3)
    wider = trail_correction(3.5, 3.2, 10.5, 20.0, zero_point_diameter=14.0)
    assert wider > trail_correction(3.5, 3.2, 10.5, 20.0)
    assert trail_correction(np.nan, 3.2, 10.5, 20.0) == 1


@pytest.mark.parametrize(("length", "angle"), [(6.0, 0.3), (15.0, 1.5), (40.0, -0.7)])
def test_a_trailed_star_has_the_calibrated_flux_of_one_that_stood_still(length, angle):
    rng = np.random.default_rng(6)
    shape, flux = (420, 420), 3e5
    places = np.array([[110.3, 110.8], [300.6, 120.2], [110.1, 300.4], [300.9, 300.0]])
    gx, gy = grid(shape, 40, rng)
    far = np.hypot(gx[:, None] - places[:, 0], gy[:, None] - places[:, 1]).min(axis=1) > 55
    image = star_field(shape, gx[far], gy[far], 3e4)
    image += sum(trail(shape, *place, flux, length, angle) for place in places)
    pixels = expose(image, rng, Camera(gain=20.0))
    found = find_sources(pixels, SETTINGS)
    stars = forced_circles(pixels, found, gx[far], gy[far], 10.5, settings=SETTINGS)
    share = np.median(stars.flux) / 3e4
    for zero_point, width in ((10.5, 10.5), (10.5, 9.0)):
        forced = forced_trails(
            pixels, found, *places.T, width, length, angle, settings=SETTINGS, zero_point_px=zero_point
        )
        assert np.mean(forced.flux) / share == pytest.approx(flux, rel=0.01)
        assert (forced.error < 0.005 * forced.flux).all()
        np.testing.assert_allclose(forced.a, length / 2 + width / 2)
    assert np.mean(forced_circles(pixels, found, *places.T, 10.5, settings=SETTINGS).flux) < 0.99 * share * flux


def test_blank_pills_scatter_as_their_noise_says():
    rng = np.random.default_rng(3)
    pixels = expose(star_field((1000, 1000), *grid((1000, 1000), 240, rng), 2e4), rng, Camera())
    found = find_sources(pixels, SETTINGS)
    x, y = rng.uniform(60, 940, (2, 1400))
    far = np.hypot(x[:, None] - found.x, y[:, None] - found.y).min(axis=1) > 35
    x, y, angle = x[far], y[far], rng.uniform(-3, 3, far.sum())
    blank = forced_trails(pixels, found, x, y, 9.0, 16.0, angle, settings=SETTINGS)
    assert (blank.flux / blank.empty).std() == pytest.approx(1, abs=0.06)
    assert abs(np.median(blank.flux / blank.empty)) < 0.1
    np.testing.assert_allclose(
        blank.error**2, blank.err_source**2 + blank.err_pixels**2 + blank.err_background**2, rtol=1e-9
    )


def test_a_trail_over_the_edge_or_on_lost_pixels_has_no_flux_and_says_how_much_is_missing():
    rng = np.random.default_rng(3)
    pixels = expose(star_field((200, 200), *grid((200, 200), 50, rng), 2e4), rng, Camera())
    pixels.mask[95:106, 80:121] |= 16
    found = find_sources(pixels, SETTINGS)
    x, y, angle = [3.0, 100.0, np.nan, 60.0], [100.0, 100.0, 50.0, 160.0], [0.0, 0.0, 0.0, np.nan]
    forced = forced_trails(pixels, found, x, y, 9.0, 20.0, angle, settings=SETTINGS)
    assert np.isnan(forced.flux).all()
    assert 0.3 < forced.frac_edge[0] < 0.5
    assert forced.frac_masked[1] == 1
    assert (forced.flags & Flag.APERTURE_INCOMPLETE != 0).all()
    assert forced.flags[0] & Flag.TRUNCATED
    assert forced.flags[1] & Flag.BAD_PIXEL
