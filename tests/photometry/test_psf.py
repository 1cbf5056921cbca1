"""The image of a star as a model: its flux, its shape, and how well a frame's own stars make it."""

import json
from dataclasses import replace

import numpy as np
import pytest
from psf_skies import SETTINGS, Image, draw, moffat_star, sky_of
from synth import Camera, expose, star_field

from photdb.errors import InputError, UsageError
from photdb.photometry.detection import find_sources
from photdb.photometry.psf import Psf, build_psf
from photdb.photometry.psf_stars import psf_stars


def model(fwhm=3.5, beta=3.2, e1=0.0, e2=0.0, shape=(200, 200)):
    parameters = np.array([np.log(fwhm), e1, e2, np.log(beta), 0, 0], np.float32)
    major, minor = fwhm * np.exp(np.hypot(e1, e2)), fwhm * np.exp(-np.hypot(e1, e2))
    theta = float(0.5 * np.arctan2(e2, e1))
    return Psf("moffat", 9, major, minor, theta, beta, 0, None, None, parameters, 1.0, 0.0, shape)


@pytest.mark.parametrize(("fwhm", "beta"), [(1.5, 2.5), (2.0, 4.0), (3.3, 2.5), (6.0, 3.2)])
def test_a_stamp_holds_the_light_of_a_star_integrated_over_its_pixels(fwhm, beta):
    for x, y in ((30.0, 30.0), (30.5, 29.8), (30.2, 30.4)):
        true = star_field((61, 61), x, y, 1.0, fwhm=fwhm, beta=beta)
        made = model(fwhm, beta).stamps([x], [y], 20)[0]
        cut = true[int(np.rint(y)) - 20 : int(np.rint(y)) + 21, int(np.rint(x)) - 20 : int(np.rint(x)) + 21]
        assert np.abs(made - cut).max() < 1e-3 * true.max()
        assert (made * cut).sum() / (made**2).sum() == pytest.approx(1, abs=1.5e-4)


def test_theta_is_counter_clockwise_from_x_and_along_fwhm_x():
    image = Image(fwhm=4.0, ratio=0.7, theta=0.6, beta=3.0)
    e = -0.5 * np.log(image.ratio)
    psf = model(4.0, 3.0, e * np.cos(1.2), e * np.sin(1.2))
    assert psf.theta == pytest.approx(0.6)
    true = moffat_star(np.arange(-15, 16) - 0.2, np.arange(-15, 16) + 0.3, image, 0)
    np.testing.assert_allclose(psf.stamps([50.2], [49.7], 15)[0], true, atol=2e-3 * true.max())


@pytest.mark.parametrize(("fwhm", "beta"), [(2.0, 2.5), (3.5, 2.5), (6.0, 4.0)])
def test_width_and_exponent_of_a_frame_are_recovered(fwhm, beta):
    sky = sky_of(1, snr=(30, 600), fwhm=fwhm, beta=beta)
    psf = build_psf(sky.pixels, sky.found)
    assert psf.degree == 0
    assert psf.fwhm == pytest.approx(fwhm, rel=0.005)
    assert psf.beta == pytest.approx(beta, rel=0.02)
    assert psf.fwhm_x / psf.fwhm_y < 1.005
    assert psf.chi2 == pytest.approx(1, abs=0.03)


def test_the_stars_of_a_gaussian_frame_are_nearly_gaussian():
    sky = sky_of(2, snr=(30, 400), size=500, beta=None)
    psf = build_psf(sky.pixels, sky.found)
    assert psf.fwhm == pytest.approx(3.5, rel=0.015)
    assert psf.beta > 15


def test_axes_and_angle_of_elliptical_stars_are_recovered():
    image = Image(fwhm=4.0, ratio=0.75, theta=-0.9, beta=3.0)
    sky = sky_of(3, snr=(50, 600), size=500, image=image)
    psf = build_psf(sky.pixels, sky.found)
    assert psf.fwhm_x == pytest.approx(4.0 / np.sqrt(0.75), rel=0.01)
    assert psf.fwhm_y == pytest.approx(4.0 * np.sqrt(0.75), rel=0.01)
    assert psf.theta == pytest.approx(-0.9, abs=0.02)


def test_a_width_that_changes_over_the_frame_is_followed_at_its_edges():
    image = Image(growth=0.3)
    sky = sky_of(4, snr=(50, 600), size=600, image=image)
    psf = build_psf(sky.pixels, sky.found)
    assert psf.degree >= 1
    widths = np.exp(psf.parameters([30.0, 300.0, 570.0], [300.0] * 3)[:, 0])
    np.testing.assert_allclose(widths, [image.at(u) for u in (-0.9, 0, 0.9)], rtol=0.01)


@pytest.mark.parametrize(("bowl", "degree"), [(0.3, 2), (0.0, 0)])
def test_few_stars_show_that_the_width_grows_to_all_sides_and_do_not_where_it_does_not(bowl, degree):
    sky = sky_of(14, snr=(15, 300), size=700, spacing=115.0, image=Image(bowl=bowl))
    psf = build_psf(sky.pixels, sky.found)
    assert psf.n_star < 40  # of so few 15 % are seen in eight frames of twelve, 30 % in eleven
    assert psf.degree == degree
    widths = np.exp(psf.parameters([30.0, 350.0, 670.0], [350.0] * 3)[:, 0])
    np.testing.assert_allclose(widths, [Image(bowl=bowl).at(u) for u in (-0.91, 0, 0.91)], rtol=0.06)


def test_lopsided_stars_are_described_by_a_table_and_not_by_a_profile():
    image = Image(tail=0.25)
    sky = sky_of(5, snr=(50, 800), size=600, image=image)
    moffat, table = (build_psf(sky.pixels, sky.found, kind=kind) for kind in ("moffat", "empirical"))
    assert moffat.chi2 > 1.15
    assert table.chi2 < 1.06
    assert table.residual < moffat.residual
    true = moffat_star(np.arange(90, 111) - 100.3, np.arange(90, 111) - 100.4, image, 0)
    apart = [np.abs(at_best_place(psf, true) - true).max() / true.max() for psf in (moffat, table)]
    assert apart[0] > 0.02
    assert apart[1] < 0.008


def at_best_place(psf, true):
    """The model of a star where it fits an image best: centroids of lopsided stars are not where they were drawn.

    Scaled to it, too: far wings are beyond what a frame knows, and the same for all of its stars.
    """
    x, y = (v.ravel() for v in np.meshgrid(100.3 + np.linspace(0, 1, 51), 100.4 + np.linspace(-0.1, 0.1, 11)))
    corner = np.full(x.size, 90)
    images = psf.on(x, y, corner, corner, 21).astype(float)
    images *= ((images * true).sum(axis=(1, 2)) / (images**2).sum(axis=(1, 2)))[:, None, None]
    return images[np.argmin(((images - true) ** 2).sum(axis=(1, 2)))]


def test_an_empirical_model_has_the_flux_of_one_star():
    sky = sky_of(6, snr=(50, 800), size=500, image=Image(tail=0.25, beta=4.0))
    psf = build_psf(sky.pixels, sky.found, kind="empirical")
    assert psf.stamps([250.3], [249.6], 60).sum() == pytest.approx(1, abs=0.002)
    assert (psf.stamps([250.3], [249.6], 30) > 0).all()


@pytest.mark.parametrize("kind", ["moffat", "empirical"])
def test_a_model_is_the_same_after_a_way_through_the_store(kind):
    sky = sky_of(7, snr=(50, 800), size=400)
    psf = build_psf(sky.pixels, sky.found, kind=kind, degree=1)
    row = psf.as_row()
    row = json.loads(json.dumps(row | {"coefficients": [float(v) for v in row["coefficients"]]}))
    again = Psf.from_row(row, (400, 400))
    np.testing.assert_array_equal(again.stamps([20.2, 300], [30, 390.4], 9), psf.stamps([20.2, 300], [30, 390.4], 9))
    assert (again.kind, again.degree, again.n_star) == (kind, 1, psf.n_star)


def test_stars_that_are_saturated_cut_hit_or_blended_make_no_model():
    sky = sky_of(8, snr=(100, 300), size=500)
    flags, mask = sky.found.flags.copy(), sky.pixels.mask
    flags[::2] |= np.array([4, 8, 16, 32, 2, 128])[np.arange(len(flags[::2])) % 6]
    stars = psf_stars(sky.pixels, replace(sky.found, flags=flags))
    kept = {(round(x, 3), round(y, 3)) for x, y in zip(stars.x, stars.y, strict=True)}
    assert kept
    assert not kept & {(round(x, 3), round(y, 3)) for x, y in zip(sky.found.x[::2], sky.found.y[::2], strict=True)}
    assert not mask.any()


def test_a_frame_with_two_stars_has_no_model_and_says_so():
    rng = np.random.default_rng(9)
    pixels = expose(star_field((200, 200), [60, 140], [60, 140], [3e4, 3e4]), rng, Camera())
    with pytest.raises(InputError, match=r"2 of 2 sources .* at least 3"):
        build_psf(pixels, find_sources(pixels, SETTINGS))


def test_a_degree_that_cannot_be_had_is_refused():
    sky = sky_of(10, snr=(100, 300), size=190, spacing=60)
    with pytest.raises(UsageError, match="degree 3"):
        build_psf(sky.pixels, sky.found, degree=3)
    with pytest.raises(InputError, match="needs 12"):
        build_psf(sky.pixels, sky.found, degree=2)


def test_one_blend_among_the_stars_is_left_out():
    rng = np.random.default_rng(11)
    x, y = (v.ravel().astype(float) + rng.uniform(-0.5, 0.5, 36) for v in np.mgrid[40:400:60, 40:400:60])
    flux = np.full(36, 4e4)
    ideal = draw((430, 430), x, y, flux, Image()) + draw((430, 430), x[:1] + 2.2, y[:1] + 0.5, 0.3 * flux[:1], Image())
    pixels = expose(ideal, rng, Camera())
    psf = build_psf(pixels, find_sources(pixels, SETTINGS))
    assert 30 <= psf.n_star <= 35
    assert psf.chi2 < 1.1
