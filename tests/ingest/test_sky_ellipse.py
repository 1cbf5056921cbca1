"""Ellipses and steps between sky and pixels: whatever the flip, the rotation and the shape of the pixels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photdb.ingest.sky_ellipse import ellipse_in_pixels, jacobian, step_in_pixels, step_on_sky
from photdb.ingest.wcs import TangentPlane, linear_part, make_wcs, pixel_to_sky


def frame(rotation=0.0, mirrored=False, shear=None, dec=-30.0, ra=150.0):
    matrix = linear_part(0.5 / 3600, rotation, mirrored)
    return make_wcs(ra, dec, 512.0, 512.0, matrix if shear is None else matrix @ np.asarray(shear))


def test_by_default_north_is_up_east_left_and_position_angles_run_counter_clockwise_from_plus_y():
    a, b, theta = ellipse_in_pixels(frame(), 150.0, -30.0, 10.0, 4.0, 0.0)
    assert (a[0], b[0]) == pytest.approx((20, 8), rel=1e-5)
    assert abs(theta[0]) == pytest.approx(np.pi / 2, abs=1e-4)
    assert ellipse_in_pixels(frame(), 150.0, -30.0, 10.0, 4.0, 30.0)[2][0] == pytest.approx(np.radians(-60), abs=1e-4)
    flipped = ellipse_in_pixels(frame(mirrored=True), 150.0, -30.0, 10.0, 4.0, 30.0)[2][0]
    assert flipped == pytest.approx(np.radians(60), abs=1e-4)


@settings(deadline=None, max_examples=60)
@given(
    st.floats(0, 360), st.booleans(), st.floats(0, 180), st.floats(0.2, 0.9), st.floats(-0.3, 0.3), st.floats(0.6, 1.6),
    st.sampled_from([-89.9, -30.0, 0.0, 75.0]),
)  # fmt: skip
def test_the_rim_on_the_sky_is_the_rim_in_the_frame(rotation, mirrored, pa, ratio, skew, squash, dec):
    wcs = frame(rotation, mirrored, [[1.0, skew], [0.0, squash]], dec, ra=0.001)
    x, y = 540.0, 470.0
    ra, dec_here = (float(v[0]) for v in pixel_to_sky(wcs, [x], [y]))
    a, b, theta = ellipse_in_pixels(wcs, ra, dec_here, 8.0, 8.0 * ratio, pa)
    phi = np.linspace(0, 2 * np.pi, 37)
    u, v = a * np.cos(phi), b * np.sin(phi)
    px, py = x + u * np.cos(theta) - v * np.sin(theta), y + u * np.sin(theta) + v * np.cos(theta)
    plane = TangentPlane(ra, dec_here).project(*pixel_to_sky(wcs, px, py)) * 3600
    s, c = np.sin(np.radians(pa)), np.cos(np.radians(pa))
    along, across = plane[:, 0] * s + plane[:, 1] * c, plane[:, 0] * c - plane[:, 1] * s
    np.testing.assert_allclose(np.hypot(along / 8.0, across / (8.0 * ratio)), 1, atol=2e-3)
    assert a >= b
    assert -np.pi / 2 <= theta < np.pi / 2


@pytest.mark.parametrize("mirrored", [False, True])
def test_steps_go_there_and_back(mirrored):
    wcs = frame(63.0, mirrored, [[1.0, 0.1], [0.0, 1.2]])
    ra, dec = pixel_to_sky(wcs, [300.0, 700.0], [200.0, 800.0])
    dx, dy = step_in_pixels(wcs, ra, dec, [3.0, 0.0], [1.0, -5.0])
    there = pixel_to_sky(wcs, np.array([300.0, 700.0]) + dx, np.array([200.0, 800.0]) + dy)
    np.testing.assert_allclose((there[1] - dec) * 3600, [1.0, -5.0], atol=2e-3)
    np.testing.assert_allclose((there[0] - ra) * np.cos(np.radians(dec)) * 3600, [3.0, 0.0], atol=2e-3)
    east, north = step_on_sky(wcs, [300.0, 700.0], [200.0, 800.0], dx, dy)
    np.testing.assert_allclose([east, north], [[3.0, 0.0], [1.0, -5.0]], atol=1e-4)


def test_what_cannot_be_placed_is_not_a_number():
    wcs = frame()
    for values in (
        ellipse_in_pixels(wcs, [np.nan, 330.0], [0.0, 30.0], 5, 3, 0),
        step_in_pixels(wcs, [330.0], [30.0], 1, 0),
    ):
        assert all(np.isnan(v).all() for v in values)
    assert np.isnan(jacobian(wcs, np.nan, 3.0)).all()
    assert np.linalg.det(jacobian(wcs, 100.0, 100.0)[0]) < 0  # east is to the left
