import numpy as np
import pytest
from synth import Camera, expose, grid, star_field

from photdb.errors import InputError
from photdb.photometry.background import Background, divide_by_steps, estimate_background, with_maps
from photdb.photometry.settings import MeasureSettings


def test_a_map_of_a_plane_is_that_plane_up_to_the_edges():
    shape, boxes = (130, 200), (2, 3)
    box = shape[0] / boxes[0], shape[1] / boxes[1]
    y, x = np.mgrid[: boxes[0], : boxes[1]]
    plane = 3 + 2 * ((y + 0.5) * box[0] - 0.5) - 1.5 * ((x + 0.5) * box[1] - 0.5)
    background = Background(shape, box, plane, np.ones(boxes), 100)
    yy, xx = np.mgrid[: shape[0], : shape[1]]
    np.testing.assert_allclose(background.level_map(), 3 + 2 * yy - 1.5 * xx, atol=1e-3)
    np.testing.assert_allclose(background.level_at(xx, yy), 3 + 2 * yy - 1.5 * xx, atol=1e-3)
    np.testing.assert_allclose(background.level_rows(9, 51, 2), (3 + 2 * yy - 1.5 * xx)[9:51:2, ::2], atol=1e-3)


def test_positions_and_rows_of_a_rough_map_agree():
    rng = np.random.default_rng(0)
    background = Background((640, 512), (64.0, 64.0), rng.normal(0, 1, (10, 8)), rng.uniform(4, 6, (10, 8)), 100)
    y, x = rng.integers(0, 512, (2, 500))
    np.testing.assert_allclose(background.level_map()[y, x], background.level_at(x, y), atol=0.05)
    np.testing.assert_allclose(background.noise_map()[y, x], background.noise_at(x, y), atol=0.05)


@pytest.mark.parametrize("size", [700, 1500])  # the larger frame is sampled at every second pixel
def test_level_and_noise_are_true_under_a_field_of_stars(size):
    rng, camera = np.random.default_rng(size), Camera(sky=150.0)
    x, y = grid((size, size), 45, rng)
    stars = star_field((size, size), x, y, 10 ** rng.uniform(2, 5, x.size), fwhm=3.5)
    slope = np.linspace(-30, 30, size)[None, :] * np.ones((size, 1))
    background = estimate_background(expose(stars + slope, rng, camera), MeasureSettings())
    error = background.level_map() - (150 + slope)
    assert abs(error.mean()) < 0.02 * camera.pixel_noise
    assert error.std() < 0.06 * camera.pixel_noise
    assert background.sky_rms == pytest.approx(camera.pixel_noise, rel=0.015)


def test_bad_and_saturated_pixels_and_not_a_numbers_do_not_count():
    rng, camera = np.random.default_rng(3), Camera()
    pixels = expose(np.zeros((256, 256)), rng, camera)
    pixels.data[:100], pixels.mask[:100] = 3e4, 16
    pixels.data[120:140, :50], pixels.data[200, 200] = 6e4, np.nan
    pixels.mask[120:140, :50] = 4
    background = estimate_background(pixels, MeasureSettings())
    np.testing.assert_allclose(background.level_map()[150:], camera.sky, atol=0.15 * camera.pixel_noise)
    assert np.isfinite(background.level_map()).all()


def test_a_constant_background_is_one_number():
    rng = np.random.default_rng(4)
    slope = np.linspace(-50, 50, 300)[None, :] * np.ones((300, 1))
    background = estimate_background(expose(slope, rng), MeasureSettings(background="constant"))
    assert np.ptp(background.level_map()) < 1e-3
    assert background.sky == pytest.approx(200, abs=3)


@pytest.mark.parametrize(
    ("fill", "mask", "words"),
    [(np.nan, 0, "usable"), (100.0, 0, "constant"), (65535.0, 4, "usable"), (100.0, 16, "usable")],
)
def test_a_frame_that_holds_no_picture_is_refused(fill, mask, words):
    pixels = expose(np.zeros((100, 120)), np.random.default_rng(0))
    pixels.data[:], pixels.mask[:] = fill, mask
    with pytest.raises(InputError, match=words):
        estimate_background(pixels, MeasureSettings())


def test_maps_of_the_users_own_are_used_pixel_by_pixel():
    rng = np.random.default_rng(7)
    made = estimate_background(expose(np.zeros((150, 170)), rng), MeasureSettings())
    level, noise = rng.normal(200, 5, (150, 170)).astype(np.float32), rng.uniform(5, 20, (150, 170)).astype(np.float32)
    own = with_maps(made, level=level, noise=noise)
    np.testing.assert_allclose(own.level_map(), level, rtol=1e-6)
    np.testing.assert_allclose(own.noise_map(), noise, rtol=1e-6)
    y, x = rng.integers(0, 150, (2, 50))
    np.testing.assert_allclose(own.noise_at(x, y), noise[y, x], rtol=1e-6)
    divided = np.ones((64, 170), np.float32)
    divide_by_steps(divided, own.noise_steps(64, 128), divided, own.knot)
    np.testing.assert_allclose(divided, 1 / noise[64:128], rtol=1e-5)
    np.testing.assert_allclose(with_maps(made, level=level, noise=None).noise_map(), made.noise_map(), rtol=1e-5)


def test_a_map_with_holes_is_refused():
    made = estimate_background(expose(np.zeros((150, 170)), np.random.default_rng(8)), MeasureSettings())
    with pytest.raises(InputError, match="noise of zero"):
        with_maps(made, level=None, noise=np.zeros((150, 170), np.float32))


@pytest.mark.parametrize(("box", "shape"), [(8, (90, 130)), (8, (1500, 1510)), (64, (30, 40)), (1000, (300, 200))])
def test_boxes_of_any_size_make_a_map(box, shape):
    pixels = expose(np.zeros(shape), np.random.default_rng(9))
    background = estimate_background(pixels, MeasureSettings(background_box=box))
    assert background.level_map().shape == background.noise_map().shape == shape
    assert background.sky == pytest.approx(200, abs=1.5)
