"""Positions moved onto the light near them, and those that are left alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synth import Camera, expose, grid, star_field

from photdb.photometry.detection import find_sources
from photdb.photometry.forced import forced_circles
from photdb.photometry.recentre import recentred, windowed_snr
from photdb.photometry.settings import MeasureSettings

SETTINGS = MeasureSettings()


def field(flux, seed=2, size=500, spacing=45):
    rng = np.random.default_rng(seed)
    x, y = grid((size, size), spacing, rng)
    image = star_field((size, size), x, y, np.resize(flux, x.size))
    pixels = expose(image, rng, Camera())
    return pixels, find_sources(pixels, SETTINGS), x, y


FRAME = field([3e4])


def test_onto_a_detection_it_is_the_detections_own_position():
    _, found, x, y = FRAME
    new = recentred(found, x + 1.5, y - 1.0, 3.0)
    j = np.hypot(x[:, None] - found.x, y[:, None] - found.y).argmin(axis=1)
    np.testing.assert_array_equal(new.x, found.x[j])
    np.testing.assert_allclose(new.shift_x, found.x[j] - x - 1.5)
    np.testing.assert_allclose(new.shift_y, found.y[j] - y + 1.0)


def test_a_star_that_is_just_not_detected_is_found_where_it_is():
    bright, faint = 3e4, 900.0  # S/N about 7 in 3 FWHM
    pixels, found, x, y = field([bright, faint, faint, faint])
    undetected = np.hypot(x[:, None] - found.x, y[:, None] - found.y).min(axis=1) > 3
    hidden = find_sources(pixels, MeasureSettings(threshold_sigma=20.0))  # no faint star is known
    for known in (found, hidden):
        new = recentred(known, x + 0.8, y + 0.5, 2.5)
        moved = np.isfinite(new.shift_x)
        assert moved.mean() > 0.7
        assert np.median(np.hypot(new.x - x, new.y - y)[moved]) < 0.4
    assert len(hidden) < len(found)
    assert undetected.mean() < 0.7


@settings(deadline=None, max_examples=40)
@given(st.floats(-6, 6), st.floats(-6, 6), st.floats(0.1, 5))
def test_nothing_moves_further_than_the_limit(dx, dy, limit):
    _, found, x, y = FRAME
    new = recentred(found, x + dx, y + dy, limit)
    shift = np.hypot(new.shift_x, new.shift_y)
    assert not (shift > limit).any()
    kept = ~np.isfinite(shift)
    np.testing.assert_array_equal(new.x[kept], (x + dx)[kept])
    np.testing.assert_array_equal(new.y[kept], (y + dy)[kept])


def test_noise_is_not_followed():
    rng = np.random.default_rng(5)
    _, found, x, y = FRAME
    bx, by = rng.uniform(20, 480, (2, 900))
    far = np.hypot(bx[:, None] - x, by[:, None] - y).min(axis=1) > 15
    new = recentred(found, bx[far], by[far], 2.0)
    assert np.isfinite(new.shift_x).mean() < 0.01
    assert windowed_snr(found, bx[far], by[far]).std() == pytest.approx(1, abs=0.15)


def test_where_nothing_may_move_nothing_does():
    _, found, x, y = FRAME
    for at, limit in (((x[0], y[0]), np.nan), ((x[0], y[0]), 0.0), ((np.nan, 5.0), 2.0), ((-30.0, 5.0), 2.0)):
        new = recentred(found, *at, limit)
        assert np.isnan(new.shift_x[0])
        np.testing.assert_array_equal([new.x[0], new.y[0]], at)


def test_shifts_stand_beside_the_fluxes():
    pixels, found, x, y = FRAME
    new = recentred(found, [x[0] + 1, 250.0], [y[0], -5.0], 3.0)
    forced = new.noted(forced_circles(pixels, found, new.x, new.y, 9.0, settings=SETTINGS))
    np.testing.assert_allclose(forced.shift_x, [new.x[0] - x[0] - 1, np.nan])
    assert forced.x[0] == new.x[0]
