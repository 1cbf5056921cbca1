"""Ellipses against galaxies drawn on the sky, on both flips and at any rotation."""

import numpy as np
import pytest
from scipy.special import gamma, gammainc, gammaincinv
from synth import Camera, expose, grid, star_field

from photdb.ingest.sky_ellipse import ellipse_in_pixels
from photdb.ingest.wcs import TangentPlane, linear_part, make_wcs, pixel_to_sky, sky_to_pixel
from photdb.photometry.aperture_shapes import Ellipses
from photdb.photometry.detection import find_sources
from photdb.photometry.flags import Flag
from photdb.photometry.forced import forced_circles
from photdb.photometry.forced_ellipse import forced_ellipses
from photdb.photometry.settings import MeasureSettings

SETTINGS = MeasureSettings()
SIZE = 300
RE, RATIO, PA, TOTAL = 6.0, 0.45, 56.6, 2e6  # arcsec, b/a, deg, ADU
SHEAR = np.array([[1.0, 0.2], [0.05, 0.75]])


def scale_of(n):
    return gammaincinv(2 * n, 0.5)


def share_within(n, radii):
    """Share of a Sersic (1968) galaxy's light within so many half-light radii, on ellipses of its own shape."""
    return gammainc(2 * n, scale_of(n) * radii ** (1 / n))


def galaxy(wcs, ra, dec, n, blur=None):
    """Draw a galaxy: each pixel the mean of the surface brightness at points in it, by their place on the sky."""
    b = scale_of(n)
    central = TOTAL / (2 * np.pi * n * np.exp(b) * b ** (-2 * n) * gamma(2 * n) * RE**2 * RATIO)
    pixel = abs(np.linalg.det(np.asarray(wcs.pixel_scale_matrix))) * 3600**2
    s, c = np.sin(np.radians(PA)), np.cos(np.radians(PA))

    def light(x, y):
        plane = TangentPlane(ra, dec).project(*pixel_to_sky(wcs, x, y)) * 3600
        along, across = plane[..., 0] * s + plane[..., 1] * c, plane[..., 0] * c - plane[..., 1] * s
        radius = np.hypot(along, across / RATIO) / RE
        return central * np.exp(-b * (radius ** (1 / n) - 1)) * pixel

    y, x = np.mgrid[:SIZE, :SIZE].astype(float)
    steps = np.array([-1, 0, 1]) / 3
    image = np.mean([light(x + dx, y + dy) for dx in steps for dy in steps], axis=0)
    cx, cy = (round(float(v[0])) for v in sky_to_pixel(wcs, [ra], [dec]))
    fine = (np.arange(61) + 0.5) / 61 - 0.5
    for j in range(cy - 3, cy + 4):
        for i in range(cx - 3, cx + 4):
            image[j, i] = light(*np.meshgrid(i + fine, j + fine)).mean()
    if blur:
        from scipy.ndimage import gaussian_filter

        image = gaussian_filter(image, blur)
    return image


def measured(n, rotation, mirrored, radii, *, shear=None, blur=None):
    """Flux in an ellipse over the analytic one: with the position angle, and with one wrong by a flip."""
    matrix = linear_part(0.8 / 3600, rotation, mirrored)
    wcs = make_wcs(150.0, -30.0, 150.3, 148.8, matrix if shear is None else matrix @ shear)
    ra, dec = (float(v[0]) for v in pixel_to_sky(wcs, [151.3], [149.2]))
    rng = np.random.default_rng(1)
    gx, gy = grid((SIZE, SIZE), 60, rng)
    far = np.hypot(gx - 150, gy - 150) > 80
    image = galaxy(wcs, ra, dec, n, blur) + star_field((SIZE, SIZE), gx[far], gy[far], 2e4)
    pixels = expose(image, rng, Camera(gain=20.0))
    found = find_sources(pixels, SETTINGS)
    out = []
    for pa in (PA, -PA):
        ellipse = ellipse_in_pixels(wcs, ra, dec, radii * RE, radii * RE * RATIO, pa)
        forced = forced_ellipses(pixels, found, *sky_to_pixel(wcs, [ra], [dec]), *ellipse, settings=SETTINGS)
        out.append(forced.flux[0] / TOTAL / share_within(n, radii))
    return out


@pytest.mark.parametrize("mirrored", [False, True], ids=["east left", "east right"])
@pytest.mark.parametrize(("n", "rotation", "radii"), [(1, 37.0, 2.0), (4, 215.0, 3.0)])
def test_the_light_of_a_galaxy_in_its_ellipse_is_the_analytic_one_and_a_flipped_angle_is_not(
    n, rotation, radii, mirrored
):
    right, flipped = measured(n, rotation, mirrored, radii)
    assert right == pytest.approx(1, abs=0.01)
    assert flipped < 0.95


@pytest.mark.parametrize("mirrored", [False, True], ids=["east left", "east right"])
def test_so_it_is_in_pixels_that_are_neither_square_nor_at_right_angles(mirrored):
    right, flipped = measured(1, 20.0, mirrored, 2.0, shear=SHEAR)
    assert right == pytest.approx(1, abs=0.01)
    assert flipped < 0.95


@pytest.mark.slow
@pytest.mark.parametrize("mirrored", [False, True], ids=["east left", "east right"])
@pytest.mark.parametrize("rotation", [0.0, 90.0, 137.0, 301.0])
@pytest.mark.parametrize("n", [1, 4])
def test_galaxies_of_both_kinds_at_any_rotation(n, rotation, mirrored):
    for radii in (2.0, 3.0):
        right, flipped = measured(n, rotation, mirrored, radii)
        assert right == pytest.approx(1, abs=0.01)
        assert flipped < 0.95


@pytest.mark.parametrize(("n", "least"), [(1, 0.99), (4, 0.96)])
def test_seeing_carries_little_light_out_of_a_wide_ellipse(n, least):
    assert least < measured(n, 37.0, False, 3.0, blur=1.5)[0] < 1.005


def test_a_round_ellipse_is_a_circle():
    rng = np.random.default_rng(4)
    x, y = grid((300, 300), 60, rng)
    pixels = expose(star_field((300, 300), x, y, 3e4), rng, Camera())
    pixels.mask[np.rint(y[0]).astype(int) + 2, np.rint(x[0]).astype(int)] |= 16
    found = find_sources(pixels, SETTINGS)
    local = MeasureSettings(local_background=False)
    circle = forced_circles(pixels, found, x, y, 12.0, settings=local)
    round_one = forced_ellipses(pixels, found, x, y, 6.0, 6.0, 0.3, settings=local)
    np.testing.assert_allclose(round_one.flux, circle.flux, rtol=1e-9)
    np.testing.assert_allclose(round_one.error, circle.error, rtol=1e-9)
    np.testing.assert_array_equal(round_one.flags, circle.flags)
    assert circle.flags[0] & Flag.BAD_PIXEL


@pytest.mark.parametrize("gain_known", [True, False])
def test_blank_ellipses_scatter_as_their_noise_says(gain_known):
    rng = np.random.default_rng(8)
    pixels = expose(star_field((900, 900), *grid((900, 900), 250, rng), 2e4), rng, Camera(), gain_known=gain_known)
    found = find_sources(pixels, SETTINGS)
    x, y = rng.uniform(60, 840, (2, 1500))
    far = np.hypot(x[:, None] - found.x, y[:, None] - found.y).min(axis=1) > 30
    shapes = rng.uniform(7, 9, 1500), rng.uniform(2.5, 4, 1500), rng.uniform(-3, 3, 1500)
    blank = forced_ellipses(pixels, found, x[far], y[far], *(v[far] for v in shapes), settings=SETTINGS)
    ratio = blank.flux / blank.empty
    assert ratio.std() == pytest.approx(1, abs=0.06)
    assert abs(np.median(ratio)) < 0.1


def test_an_ellipse_that_is_none_has_no_flux():
    rng = np.random.default_rng(8)
    pixels = expose(star_field((200, 200), *grid((200, 200), 60, rng), 2e4), rng, Camera())
    found = find_sources(pixels, SETTINGS)
    axes = [np.nan, 5.0, 5.0, 5.0, 5.0], [3.0, 0.0, -2.0, 3.0, 3.0], [0.0, 0.0, 0.0, np.nan, 0.0]
    forced = forced_ellipses(pixels, found, 90.0, 90.0, *axes, settings=SETTINGS)
    np.testing.assert_array_equal(np.isfinite(forced.flux), [False] * 4 + [True])
    assert (forced.flags[:4] & Flag.APERTURE_INCOMPLETE != 0).all()
    np.testing.assert_array_equal(forced.x, 90.0)


def test_an_ellipse_reaches_as_far_as_its_rim():
    shape = Ellipses.of(np.array([10.0, 3.0]), np.array([3.0, 10.0]), np.array([np.pi / 6, np.pi / 6 - np.pi / 2]))
    phi = np.linspace(0, 2 * np.pi, 721)
    x = 10 * np.cos(phi) * np.cos(np.pi / 6) - 3 * np.sin(phi) * np.sin(np.pi / 6)
    y = 10 * np.cos(phi) * np.sin(np.pi / 6) + 3 * np.sin(phi) * np.cos(np.pi / 6)
    for k in (0, 1):
        np.testing.assert_allclose([s[k] for s in shape.span()], [x.max(), y.max()], rtol=1e-4)
    np.testing.assert_allclose(shape.at(np.zeros(721, int)).beyond(x, y), 0, atol=1e-9)
    length = np.hypot(np.diff(x), np.diff(y)).sum()
    np.testing.assert_allclose(shape.perimeter, length, rtol=1e-4)
    assert shape.weights[0] < shape.area[0]
