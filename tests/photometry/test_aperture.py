import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from synth import star_field

from photdb.photometry.aperture import circle_sums, noise_area, reaches_edge
from photdb.photometry.background import Background
from photdb.photometry.local_sky import annulus_for, local_sky
from photdb.photometry.masked import mask_bits, mirror_masked


def overlap(i, j, x, y, r):
    """Area of the pixel (i, j) within a circle, by integrating the height of the circle over the pixel's columns."""

    def column(u):
        half = np.sqrt(max(r * r - (u - x) ** 2, 0))
        return max(0.0, min(j + 0.5, y + half) - max(j - 0.5, y - half))

    turns = [x - r, x + r, x]
    for edge in (j - 0.5, j + 0.5):
        if r > abs(edge - y):
            turns += [x - np.sqrt(r**2 - (edge - y) ** 2), x + np.sqrt(r**2 - (edge - y) ** 2)]
    points = sorted(p for p in turns if i - 0.5 < p < i + 0.5)
    return quad(column, i - 0.5, i + 0.5, points=points or None, epsabs=1e-10, limit=200)[0]


@settings(max_examples=40, deadline=None)
@given(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.floats(2.0, 8.0), st.integers(-9, 9), st.integers(-9, 9))
def test_the_overlap_of_a_circle_and_a_pixel_is_exact(x, y, r, i, j):
    image = np.zeros((25, 25), np.float32)
    image[12 + j, 12 + i] = 1.0
    got = circle_sums(image, np.array([12 + x]), np.array([12 + y]), np.array([2 * r]))[0, 0]
    assert got == pytest.approx(overlap(i, j, x, y, r), abs=1e-6)


def test_a_circle_that_is_not_wanted_is_not_measured():
    sums = circle_sums(
        np.ones((50, 50), np.float32), np.array([25.0]), np.array([25.0]), np.array([4.0, np.nan, 8.0, 4.0])
    )
    np.testing.assert_allclose(sums[0], [np.pi * 4, np.nan, np.pi * 16, np.pi * 4])


def test_noise_of_a_circle_is_that_of_its_squared_weights():
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 1, (1200, 1200)).astype(np.float32)
    x, y = (v.ravel() + rng.uniform(-0.5, 0.5, v.size) for v in np.mgrid[15:1185:20, 15:1185:20])
    d = np.array([4.0, 7.0, 10.5, 16.0])
    spread = circle_sums(noise, x, y, d).std(axis=0)
    np.testing.assert_allclose(spread, np.sqrt(noise_area(d)), rtol=0.04)


def test_circles_over_the_edge_are_known():
    over = reaches_edge((100, 200), np.array([3.0, 100.0, 196.0]), np.array([50.0, 96.0, 50.0]), np.array([6.0, 7.2]))
    np.testing.assert_array_equal(over, [[False, True], [False, True], [False, True]])


def flat_sky(shape, noise):
    return Background(shape, shape, np.array([[100.0]]), np.array([[noise]]), 1000)


def test_local_sky_is_unbiased_and_its_error_true():
    rng = np.random.default_rng(2)
    image = rng.normal(3.0, 10, (1000, 1000)).astype(np.float32)
    x, y = (v.ravel().astype(float) for v in np.mgrid[40:960:40, 40:960:40])
    hidden = np.zeros(image.shape, bool)
    sky = local_sky(image, hidden, flat_sky(image.shape, 10.0), x, y, annulus_for(3.5, 10.5, 12))
    assert sky.level.mean() == pytest.approx(3.0, abs=0.05)
    assert sky.level.std() == pytest.approx(sky.error.mean(), rel=0.08)
    assert not sky.poor.any()


def test_stars_in_the_annulus_are_clipped_and_a_masked_annulus_is_poor():
    rng = np.random.default_rng(3)
    image = (rng.normal(0, 10, (200, 200)) + star_field((200, 200), [115.0, 90], [110.0, 118], [3e4, 5e3])).astype(
        np.float32
    )
    hidden = np.zeros(image.shape, bool)
    hidden[:, :60] = True
    background = flat_sky(image.shape, 10.0)
    sky = local_sky(
        image,
        hidden,
        background,
        np.array([100.0, 45.0, 5.0]),
        np.array([100.0, 100.0, 5.0]),
        annulus_for(3.5, 10.5, 12),
    )
    # The wings beyond what is clipped leave 1.5 ADU (0.4 from noise to noise); both stars whole would add more than 30.
    assert abs(sky.level[0]) < 3.2
    np.testing.assert_array_equal(sky.poor, [False, True, True])
    np.testing.assert_array_equal(sky.level[1:], 0)
    assert (sky.error[1:] > 0).all()


def test_the_annulus_keeps_clear_of_the_primary_aperture_and_has_ten_times_its_area():
    for fwhm in (1.5, 3.0, 8.0):
        primary = max(3 * fwhm, 6.5)
        ring = annulus_for(fwhm, primary, 15.7 * fwhm)
        assert ring.inner >= max(3.5 * fwhm, primary / 2 + fwhm) - 1e-9
        assert (ring.outer**2 - ring.inner**2) * np.pi >= 10 * np.pi * (1.5 * fwhm) ** 2


@pytest.mark.parametrize("shape", [(64, 64), (61, 90), (7, 5)])
def test_mask_bits_are_those_of_every_pixel_looked_at_one_by_one(shape):
    rng = np.random.default_rng(sum(shape))
    mask = np.where(rng.uniform(size=shape) < 0.02, rng.choice([4, 16, 32], shape), 0).astype(np.uint8)
    mask[-1, -1], mask[0, -1] = 1, 2
    x, y = rng.uniform(-6, shape[1] + 6, 60), rng.uniform(-6, shape[0] + 6, 60)
    row, column = np.indices(shape)
    for radius in (0.5, 3.3, 9.0):
        expected = [
            np.bitwise_or.reduce(mask[np.hypot(column - a, row - b) < radius]) for a, b in zip(x, y, strict=True)
        ]
        assert mask_bits(mask, x, y, radius).tolist() == expected
    assert mask_bits(mask, np.empty(0), np.empty(0), 3.0).tolist() == []


def test_mask_bits_are_those_within_the_radius():
    mask = np.zeros((50, 60), np.uint8)
    mask[20, 30], mask[20, 34], mask[0, 0] = 4, 16, 32
    bits = mask_bits(mask, np.array([30.0, 32.0, 31.0, 0.0]), np.array([20.0, 20.0, 23.0, 0.0]), 3.0)
    np.testing.assert_array_equal(bits, [4, 4 | 16, 0, 32])


def test_a_bad_pixel_takes_the_value_across_the_star():
    image = star_field((60, 60), [30.3], [29.8], [1e5], fwhm=3.5).astype(np.float32)
    mask = np.zeros(image.shape, np.uint8)
    mask[31, 32], mask[25, 25] = 16, 32
    broken = np.where(mask > 0, 9e9, image).astype(np.float32)
    index, value, incomplete = mirror_masked(broken, mask, np.array([30.3]), np.array([29.8]), 8.0)
    np.testing.assert_array_equal(index, [25 * 60 + 25, 31 * 60 + 32])
    np.testing.assert_allclose(value, [image[25, 25], image[31, 32]], rtol=0.15, atol=20)
    assert np.isinf(incomplete[0])


def test_two_bad_pixels_across_each_other_cannot_be_filled_in():
    image = star_field((60, 60), [30.0], [30.0], [1e5], fwhm=3.5).astype(np.float32)
    mask = np.zeros(image.shape, np.uint8)
    mask[32, 32], mask[28, 28] = 16, 16
    index, _, incomplete = mirror_masked(image, mask, np.array([30.0]), np.array([30.0]), 8.0)
    assert len(index) == 0
    assert incomplete[0] == pytest.approx(np.hypot(2, 2))
