import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_dilation

from photdb.ingest.saturation import saturation_mask

FULL = 65535.0


def burnt_star(height=80, width=70):
    """A saturated star whose core fell back, with a bleeding column."""
    y, x = np.mgrid[:height, :width]
    r = np.hypot(x - 35, (y - 40) / 2)
    raw = np.where(r < 9, FULL, 2000.0 * np.exp(-r / 10))
    raw[r < 6] = 48_000.0
    raw[5:75, 34:36] = np.where(raw[5:75, 34:36] == 48_000.0, 48_000.0, FULL)
    return raw.astype(np.float32), r


def test_the_fallen_core_of_a_burnt_star_is_saturated():
    raw, r = burnt_star()
    mask = saturation_mask(raw, FULL)
    assert mask[r < 9].all()
    assert not mask[(r > 12) & (abs(np.arange(70) - 34.5) > 2)[None, :]].any()


def test_neighbours_of_the_bleeding_column_are_saturated_and_the_next_ones_not():
    mask = saturation_mask(burnt_star()[0], FULL)
    assert mask[6:15, 33:37].all()
    assert not mask[6:15, [32, 37]].any()


def test_faint_pixels_between_saturated_stars_stay():
    raw = np.full((60, 60), 500.0, np.float32)
    for y, x in ((30, 20), (30, 40), (20, 30), (40, 30)):
        raw[y, x] = FULL
    assert not saturation_mask(raw, FULL)[30, 30]


def test_a_frame_without_saturation_and_one_full_of_it_are_returned_as_they_are():
    raw = np.full((20, 20), 500.0, np.float32)
    assert not saturation_mask(raw, FULL).any()
    raw[:, :10] = FULL
    np.testing.assert_array_equal(saturation_mask(raw, FULL), raw >= FULL)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(60, 90), st.integers(60, 90))
def test_lone_saturated_pixels_on_a_faint_sky_give_their_neighbourhood(seed, height, width):
    rng = np.random.default_rng(seed)
    raw = np.full((height, width), 100.0, np.float32)
    raw[rng.integers(0, height, 12), rng.integers(0, width, 12)] = FULL
    np.testing.assert_array_equal(saturation_mask(raw, FULL), binary_dilation(raw >= FULL, np.ones((3, 3))))
