import numpy as np
import pytest
import sep
from synth import Camera, expose, grid, star_field

from photdb.photometry.detection import find_sources
from photdb.photometry.flags import Flag
from photdb.photometry.measure import measure
from photdb.photometry.settings import MeasureSettings
from photdb.photometry.shape import half_sample_mode, measure_shapes, moffat_fits, windowed_moments


def stars(fwhm, beta, seed, size=600):
    rng = np.random.default_rng(seed)
    x, y = grid((size, size), max(40.0, 8 * fwhm), rng)
    flux = 10 ** rng.uniform(3.8, 4.8, x.size) * max(1.0, fwhm / 3)
    return star_field((size, size), x, y, flux, fwhm=fwhm, beta=beta), x, y, flux, rng


@pytest.mark.parametrize("beta", [2.5, 3.2, 4.5, None])
@pytest.mark.parametrize("fwhm", [1.5, 2.2, 3.5, 8.0])
def test_the_fwhm_of_the_frame_is_right_to_three_per_cent(fwhm, beta):
    image, *_, rng = stars(fwhm, beta, int(10 * fwhm))
    found = find_sources(expose(image, rng), MeasureSettings())
    assert found.fwhm_px == pytest.approx(fwhm, rel=0.03)
    assert found.ellipticity < 0.1
    assert np.nanmedian(found.fwhm) == pytest.approx(fwhm, rel=0.05)


def test_galaxies_and_cosmic_rays_do_not_move_the_fwhm():
    image, *_, rng = stars(3.0, 3.2, 3)
    gx, gy = grid((600, 600), 60, rng)
    image += star_field((600, 600), gx + 20, gy + 20, np.full(gx.size, 4e4), fwhm=7.0, beta=None)
    for i, j in rng.integers(20, 580, (60, 2)):
        image[j, i : i + 3] += 4000
    assert find_sources(expose(image, rng), MeasureSettings()).fwhm_px == pytest.approx(3.0, rel=0.04)


def test_windowed_positions_are_those_of_sep():
    image, x, y, _, rng = stars(3.5, 3.2, 4)
    frame = (image + rng.normal(0, 5, image.shape)).astype(np.float32)
    mine = windowed_moments(frame, np.rint(x), np.rint(y), 3.5)
    theirs = sep.winpos(frame, np.rint(x), np.rint(y), np.full(x.size, 3.5 / 2.35482))
    ok = theirs[2] == 0
    assert ok.mean() > 0.95
    np.testing.assert_allclose(mine.x[ok], theirs[0][ok], atol=0.02)
    np.testing.assert_allclose(mine.y[ok], theirs[1][ok], atol=0.02)


def test_moments_of_an_elongated_gaussian_are_right_once_the_window_is_out():
    y, x = np.mgrid[:61, :61] - 30.0
    u, v = x * np.cos(0.5) + y * np.sin(0.5), -x * np.sin(0.5) + y * np.cos(0.5)
    image = np.exp(-0.5 * ((u / 3.0) ** 2 + (v / 2.0) ** 2)).astype(np.float32)
    m = windowed_moments(image, np.array([30.4]), np.array([29.7]), 6.0)
    assert (m.x[0], m.y[0]) == (pytest.approx(30, abs=1e-3), pytest.approx(30, abs=1e-3))
    tensor = np.array([[m.xx[0], m.xy[0]], [m.xy[0], m.yy[0]]])
    np.testing.assert_allclose(np.sqrt(np.linalg.eigvalsh(tensor)), [2, 3], rtol=0.02)


def test_profiles_without_noise_are_fitted_exactly():
    image, x, y, flux, _ = stars(3.0, 3.2, 5, size=300)
    fwhm, beta, fitted = moffat_fits(image.astype(np.float32), np.rint(x), np.rint(y), 3.6)
    np.testing.assert_allclose(fwhm, 3.0, rtol=0.004)
    np.testing.assert_allclose(beta, 3.2, rtol=0.04)
    np.testing.assert_allclose(fitted, flux, rtol=0.02)


def test_stars_are_stars_and_broad_sources_are_not():
    rng = np.random.default_rng(6)
    x, y = grid((600, 600), 50, rng)
    fwhm = np.where(np.arange(x.size) % 4 == 0, 6.5, 3.0)
    pixels = expose(star_field((600, 600), x, y, 2e4, fwhm=fwhm), rng)
    settings = MeasureSettings()
    found = find_sources(pixels, settings)
    columns = measure(pixels, found, apertures_px=[8.0], primary_px=9.0, exptime_s=1, settings=settings)
    j = np.array([np.argmin(np.hypot(found.x - a, found.y - b)) for a, b in zip(x, y, strict=True)])
    assert np.median(columns["class_star"][j][fwhm == 3.0]) > 0.9
    assert (columns["class_star"][j][fwhm == 6.5] < 0.05).all()


def test_a_close_pair_that_was_not_taken_apart_is_suspected():
    rng = np.random.default_rng(7)
    x, y = grid((500, 500), 50, rng)
    image = star_field((500, 500), x, y, 3e4, fwhm=3.5) + star_field((500, 500), x[:8] + 2.6, y[:8], 2e4, fwhm=3.5)
    found = find_sources(expose(image, rng, Camera()), MeasureSettings(deblend_contrast=1.0))
    j = np.array([np.argmin(np.hypot(found.x - a, found.y - b)) for a, b in zip(x, y, strict=True)])
    suspected = (found.flags[j] & Flag.BLEND_SUSPECTED) != 0
    assert suspected[:8].all()
    assert suspected[8:].mean() < 0.05


def test_the_mode_is_where_values_crowd():
    rng = np.random.default_rng(8)
    values = np.concatenate([rng.normal(3, 0.05, 60), rng.uniform(1, 12, 100)])
    assert half_sample_mode(values) == pytest.approx(3, abs=0.15)


def test_where_no_star_is_fit_to_tell_the_fwhm_none_is_counted():
    assert [len(v) for v in moffat_fits(np.zeros((30, 30), np.float32), np.empty(0), np.empty(0), 3.0)] == [0, 0, 0]
    x, y, one = np.arange(20.0, 200, 20), np.full(9, 50.0), np.ones(9)
    dark = np.zeros((100, 220), np.float32)  # about no such source does a window come to rest
    shapes = measure_shapes(
        dark, x, y, peak=100 * one, noise=one, npix=np.full(9, 40), threshold=1.5 * one, unfit=one < 0
    )
    assert shapes.n_stars == 0
    assert shapes.frame_fwhm > 0  # as the areas above the threshold say
    assert np.isnan(shapes.fwhm).all()
