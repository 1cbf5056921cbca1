"""PSF fluxes against what was put into simulated frames."""

from dataclasses import replace

import numpy as np
import pytest
from psf_skies import SETTINGS, Sky, limits, pairs_of, photon_flux, sky_of
from scipy.spatial import cKDTree
from synth import Camera, expose, grid, star_field

from photdb.photometry.detection import find_sources
from photdb.photometry.flags import Flag
from photdb.photometry.measure import fluxes_at
from photdb.photometry.noise_correlation import DISTANCE, NoiseCorrelation
from photdb.photometry.psf import build_psf
from photdb.photometry.psf_fit import psf_fluxes
from photdb.photometry.settings import MeasureSettings


@pytest.fixture(scope="module")
def sky():
    return sky_of(1, snr=(3, 500), size=900)


@pytest.fixture(scope="module")
def psf(sky):
    return build_psf(sky.pixels, sky.found)


def fit(sky, psf, x, y, **changes):
    return psf_fluxes(sky.pixels, sky.found, psf, x, y, settings=SETTINGS, **changes)


def test_fluxes_reach_the_photon_limit_with_true_errors(sky, psf):
    flux, error = sky.fitted(psf)
    least = limits(sky.flux, 3.5, 3.2, Camera())
    pull = (flux - sky.flux) / error
    assert pull.std() == pytest.approx(1, abs=0.1)
    assert abs(pull.mean()) < 0.15
    faint = (sky.flux > 5 * least) & (sky.flux < 50 * least)
    assert np.median(error[faint] / least[faint]) < 1.05
    assert np.std((flux - sky.flux)[faint] / least[faint]) < 1.2


def test_pairs_closer_than_their_seeing_are_taken_apart_without_bias():
    sky, kind = pairs_of(2, 1.2)
    flux, error = sky.fitted()
    for k in (0, 1, 2):
        part = kind == k
        bias = np.average((flux / sky.flux - 1)[part], weights=(sky.flux / error)[part] ** 2)
        assert abs(bias) < 0.01, k
        assert ((flux - sky.flux) / error)[part].std() == pytest.approx(1, abs=0.2), k
    made = psf_fluxes(sky.pixels, sky.found, build_psf(sky.pixels, sky.found), sky.x, sky.y, settings=SETTINGS)
    assert (made.flags[kind == 2] & Flag.DEBLENDED).astype(bool).all()
    assert not (made.flags[kind == 0] & Flag.DEBLENDED).any()


def test_a_blend_that_detection_did_not_take_apart_is_not_a_third_source():
    rng, camera = np.random.default_rng(8), Camera()
    x, y = grid((600, 600), 60.0, rng)
    flux = np.full(x.size, 2e4)
    x, y, flux = np.append(x, x[:30] + 4.2), np.append(y, y[:30]), np.append(flux, flux[:30])
    pixels = expose(star_field((600, 600), x, y, flux), rng, camera)
    sky = Sky(x, y, flux, pixels, find_sources(pixels, SETTINGS))
    assert len(sky.found) < len(x) - 15
    fluxes, error = sky.fitted()
    blended = np.r_[:30, len(x) - 30 : len(x)]
    lone = np.median(np.delete(error, blended))
    np.testing.assert_allclose(error[blended], lone, rtol=0.2)
    assert ((fluxes - flux) / error)[blended].std() == pytest.approx(1, abs=0.35)


def test_a_neighbour_that_is_not_fitted_together_adds_its_light():
    sky, kind = pairs_of(2, 1.2)
    psf = build_psf(sky.pixels, sky.found)
    alone = fit(sky, psf, sky.x, sky.y, neighbours=False)
    together = fit(sky, psf, sky.x, sky.y)
    assert np.median((alone.flux / together.flux)[kind == 2]) > 1.3
    np.testing.assert_allclose((alone.flux / together.flux)[(kind == 0) & (together.flux > 5e3)], 1, atol=0.02)


def test_the_parts_of_the_error_add_up_and_the_empty_one_has_no_source(sky, psf):
    made = fit(sky, psf, sky.x, sky.y, scintillation=0.002)
    squares = made.err_source**2 + made.err_pixels**2 + made.err_background**2 + (0.002 * made.flux) ** 2
    np.testing.assert_allclose(made.error**2, squares)
    np.testing.assert_allclose(made.empty**2, made.err_pixels**2 + made.err_background**2)
    assert (made.err_background < 0.4 * made.err_pixels).all()
    assert made.chi2[sky.flux < 1e4].mean() == pytest.approx(1, abs=0.02)
    assert np.isnan(made.shift_x).all()
    assert (made.sky == pytest.approx(200, abs=3)) if np.ndim(made.sky) == 0 else (abs(made.sky - 200) < 3).all()


def test_blank_places_scatter_as_the_empty_noise_says(sky, psf):
    rng = np.random.default_rng(3)
    x, y = rng.uniform(20, 880, (2, 4000))
    far = cKDTree(np.c_[sky.x, sky.y]).query(np.c_[x, y])[0] > 14
    made = fit(sky, psf, x[far], y[far])
    ratio = made.flux / made.empty
    assert (ratio < 0).mean() == pytest.approx(0.5, abs=0.05)
    assert ratio.std() == pytest.approx(1, abs=0.06)
    assert abs(np.median(ratio)) < 0.1


def test_one_position_has_the_flux_it_has_among_all(sky, psf):
    every = fit(sky, psf, sky.x, sky.y)
    for k in (0, 57, 200):
        one = fit(sky, psf, sky.x[k], sky.y[k])
        assert one.flux[0] == pytest.approx(every.flux[k], abs=0.15 * every.error[k])
        assert one.error[0] == pytest.approx(every.error[k], rel=0.01)


def test_bad_pixels_and_cosmic_rays_do_not_count_and_are_flagged(sky, psf):
    clean = fit(sky, psf, sky.x, sky.y)
    bright = np.flatnonzero(sky.flux > 2e4)[:20]
    pixels = replace(sky.pixels, data=sky.pixels.data.copy(), mask=sky.pixels.mask.copy())
    i, j = np.rint(sky.x[bright]).astype(int), np.rint(sky.y[bright]).astype(int)
    pixels.data[j, i + 1], pixels.mask[j, i + 1] = 5e4, Flag.COSMIC_RAY
    pixels.data[j - 1, i], pixels.mask[j - 1, i] = np.nan, Flag.BAD_PIXEL
    found = find_sources(pixels, SETTINGS)
    made = psf_fluxes(pixels, found, psf, sky.x, sky.y, settings=SETTINGS)
    np.testing.assert_allclose(made.flux[bright], clean.flux[bright], rtol=0.03)
    assert (made.error[bright] > clean.error[bright]).all()
    assert (made.flags[bright] & int(Flag.COSMIC_RAY | Flag.BAD_PIXEL) == Flag.COSMIC_RAY | Flag.BAD_PIXEL).all()
    assert (made.frac_masked[bright] > 0.05).all()
    assert (np.delete(made.frac_masked, bright) == 0).all()


def test_a_star_whose_core_is_saturated_is_measured_by_the_rest_and_flagged():
    sky = sky_of(4, snr=(50, 300), size=400)
    psf = build_psf(sky.pixels, sky.found)
    clean = fit(sky, psf, sky.x[:1], sky.y[:1])
    pixels = replace(sky.pixels, mask=sky.pixels.mask.copy())
    i, j = int(np.rint(sky.x[0])), int(np.rint(sky.y[0]))
    pixels.mask[j, i] = Flag.SATURATED
    made = psf_fluxes(pixels, sky.found, psf, sky.x[:1], sky.y[:1], settings=SETTINGS)
    assert made.flux[0] == pytest.approx(clean.flux[0], abs=5 * made.error[0])
    assert made.flags[0] == Flag.SATURATED
    assert 0.03 < made.frac_saturated[0] < 0.15


def test_a_fit_with_too_few_pixels_left_has_no_flux(sky, psf):
    pixels = replace(sky.pixels, mask=sky.pixels.mask.copy())
    i, j = int(np.rint(sky.x[5])), int(np.rint(sky.y[5]))
    pixels.mask[j - 3 : j + 4, i - 3 : i + 4] = Flag.BAD_PIXEL
    made = psf_fluxes(pixels, sky.found, psf, sky.x[:9], sky.y[:9], settings=SETTINGS)
    assert np.isnan([made.flux[5], made.error[5], made.empty[5]]).all()
    assert made.flags[5] & Flag.APERTURE_INCOMPLETE
    assert made.frac_masked[5] > 0.75
    assert np.isfinite(np.delete(made.flux, 5)).all()


def test_positions_outside_the_frame_or_without_numbers_have_no_flux(sky, psf):
    made = fit(sky, psf, [np.nan, -3.0, 450.0, 899.4, 1200.0], [5.0, 5.0, 450.0, 300.0, 1200.0])
    np.testing.assert_array_equal(np.isfinite(made.flux), [False, False, True, True, False])
    np.testing.assert_array_equal((made.flags & Flag.TRUNCATED) != 0, [False, True, False, True, True])
    assert np.isnan(made.frac_edge[0])
    np.testing.assert_allclose(made.frac_edge[1:], [1, 0, 0.5, 1], atol=0.1)
    assert (made.flags[[0, 1, 4]] & Flag.APERTURE_INCOMPLETE).all()
    nothing = fit(sky, psf, [], [])
    assert len(nothing) == 0


def test_two_positions_on_one_star_have_its_flux_each(sky, psf):
    star = int(np.argmin(np.abs(sky.flux - 3e4)))
    x, y = sky.x[star], sky.y[star]
    alone = fit(sky, psf, x, y)
    twice = fit(sky, psf, [x, x + 0.05, sky.x[3]], [y, y, sky.y[3]])
    np.testing.assert_allclose(twice.flux[:2], alone.flux[0], rtol=0.002)
    assert not (twice.flags & Flag.MERGED).any()
    near = fit(sky, psf, [x, x + 1.0, sky.x[3]], [y, y, sky.y[3]])
    np.testing.assert_allclose(near.flux[0], alone.flux[0], rtol=0.002)
    assert 0.7 < near.flux[1] / alone.flux[0] < 1.0
    np.testing.assert_array_equal((near.flags & Flag.MERGED) != 0, [True, True, False])
    np.testing.assert_allclose(near.error[:2], alone.error[0], rtol=0.1)


def test_a_blank_position_beside_a_bright_star_has_no_flux(sky, psf):
    star = int(np.argmax(sky.flux))
    angle = np.linspace(0, 2 * np.pi, 40)
    for reach in (3.0, 6.0):
        made = fit(
            sky,
            psf,
            sky.x[star] + reach * 3.5 * np.cos(angle),
            sky.y[star] + reach * 3.5 * np.sin(angle),
        )
        ratio = made.flux / made.empty
        assert abs(ratio.mean()) < 0.8
        assert np.abs(ratio).max() < 5


def test_where_the_gain_is_a_guess_the_noise_map_makes_the_errors():
    sky = sky_of(5, snr=(5, 60), size=600, gain_known=False)
    flux, error = sky.fitted()
    assert ((flux - sky.flux) / error).std() == pytest.approx(1, abs=0.2)  # of 200 stars: to 0.05


def test_without_local_sky_or_sources_the_map_is_the_sky():
    camera, rng = Camera(), np.random.default_rng(6)
    model = build_psf(*(lambda s: (s.pixels, s.found))(sky_of(7, snr=(100, 300), size=300)))
    pixels = expose(np.zeros((300, 300)), rng, camera)
    found = find_sources(pixels, MeasureSettings(min_stars=0))
    assert len(found) == 0
    x, y = rng.uniform(20, 280, (2, 300))
    psf = replace(model, shape=(300, 300))
    for local in (True, False):
        made = psf_fluxes(pixels, found, psf, x, y, settings=SETTINGS, local_sky=local)
        assert (made.flux / made.empty).std() == pytest.approx(1, abs=0.2)


def test_noise_that_neighbouring_pixels_share_makes_the_errors_larger(sky, psf):
    none, half = np.zeros(len(DISTANCE)), np.where(DISTANCE > 2, 0.0, 0.2)
    none[0], half[:3] = 1.0, (1.0, 0.5, 0.35)
    plain = fit(sky, psf, sky.x[:5], sky.y[:5])
    same = fit(sky, psf, sky.x[:5], sky.y[:5], correlation=NoiseCorrelation(none))
    shared = fit(sky, psf, sky.x[:5], sky.y[:5], correlation=NoiseCorrelation(half))
    np.testing.assert_allclose(same.error, plain.error)
    assert (shared.err_pixels > 1.5 * plain.err_pixels).all()
    assert (shared.err_pixels < 2.28 * plain.err_pixels).all()  # of a sum of even weights: sqrt(1 + 2 + 1.4 + 0.8)
    np.testing.assert_array_equal(shared.err_source, plain.err_source)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["moffat", "empirical"])
@pytest.mark.parametrize(
    "camera", [Camera(), Camera(gain=1.0, read_noise=3.0, sky=15.0)], ids=["bright sky", "dark sky"]
)
def test_stars_of_every_brightness_and_seeing_are_unbiased_with_true_errors(kind, camera):
    pulls, snrs = [], []
    for k in range(16 if kind == "moffat" else 8):
        fwhm = (2.2, 2.8, 3.5, 4.5)[k % 4]
        sky = sky_of([11, k], snr=(0.3, 1200), size=800, fwhm=fwhm, camera=camera)
        flux, error = sky.fitted(build_psf(sky.pixels, sky.found, kind=kind))
        pulls.append((flux - sky.flux) / error)
        snrs.append(sky.flux / limits(sky.flux, fwhm, 3.2, camera))
    pull, snr = np.concatenate(pulls), np.concatenate(snrs)
    for low, high in ((0, 1), (1, 5), (5, 20), (20, 100), (100, 300), (300, 1100)):
        part = pull[(snr > low) & (snr <= high)]
        sampling = 1 / np.sqrt(len(part))
        assert part.std() == pytest.approx(1, abs=0.05 + sampling), (low, high)
        assert abs(part.mean()) < 0.05 + 2 * sampling, (low, high)


@pytest.mark.slow
def test_faint_stars_scatter_by_the_photon_limit_and_less_than_in_any_aperture_of_the_store():
    camera, apart, circles, least, count = Camera(), [], [], [], 0
    for k in range(10):
        sky = sky_of([12, k], snr=(5, 50), size=900)
        bright = sky_of([13, k], snr=(100, 600), size=600)
        psf = replace(build_psf(bright.pixels, bright.found), shape=(900, 900))
        flux, _ = sky.fitted(psf)
        diameters = np.array([2.5, 3.0, 3.5]) * 3.5
        made = fluxes_at(sky.pixels, sky.found, sky.x, sky.y, apertures_px=diameters, settings=SETTINGS)
        weight = (sky.flux[:, None] / made.error) ** 2
        scaled = made.flux / np.average(made.flux / sky.flux[:, None], axis=0, weights=weight)
        limit = limits(sky.flux, 3.5, 3.2, camera)
        inside = (sky.flux / limit > 5) & (sky.flux / limit < 50)
        apart.append(((flux - sky.flux) / limit)[inside])
        circles.append(((scaled - sky.flux[:, None]) / limit[:, None])[inside])
        least.append((sky.flux / limit)[inside])
        count += inside.sum()
    psf_scatter, best = np.concatenate(apart).std(), np.concatenate(circles).std(axis=0).min()
    assert count > 3000
    assert psf_scatter < 1.10
    assert psf_scatter < 0.85 * best


@pytest.mark.slow
def test_a_crowd_of_pairs_is_unbiased_to_a_hundredth_with_true_errors():
    parts = [(*sky.fitted(), sky.flux, kind) for sky, kind in (pairs_of(20 + k, 1.2) for k in range(6))]
    flux, error, true, kind = (np.concatenate([p[k] for p in parts]) for k in range(4))
    for k in (0, 1, 2):
        for low, high in ((5, 30), (30, 100), (100, 500)):
            part = (kind == k) & (true / error > low) & (true / error <= high)
            if part.sum() > 50:
                weight = (true / error)[part] ** 2
                bias = np.average((flux / true - 1)[part], weights=weight)
                assert abs(bias) < 0.01 + 2 / np.sqrt(weight.sum()), (k, low)
                assert ((flux - true) / error)[part].std() == pytest.approx(1, abs=0.15), (k, low)


@pytest.mark.slow
def test_four_thousand_blank_places_have_a_width_of_one_and_no_flux():
    ratio = []
    for k in range(6):
        rng, camera = np.random.default_rng([14, k]), Camera()
        x, y = grid((1000, 1000), 90, rng)
        flux = photon_flux(np.exp(rng.uniform(np.log(20), np.log(800), x.size)), 3.5, camera)
        pixels = expose(star_field((1000, 1000), x, y, flux), rng, camera)
        sky = Sky(x, y, flux, pixels, find_sources(pixels, SETTINGS))
        bx, by = (v.ravel() + rng.uniform(-0.5, 0.5, v.size) for v in np.mgrid[30:970:28, 30:970:28])
        far = cKDTree(np.c_[x, y]).query(np.c_[bx, by])[0] > 12
        made = fit(sky, build_psf(pixels, sky.found), bx[far], by[far])
        ratio.append(made.flux / made.empty)
    every = np.concatenate(ratio)
    assert len(every) > 4000
    assert every.std() == pytest.approx(1, abs=0.045)  # four times 1 / sqrt(2 * 4000)
    assert abs(np.median(every)) < 0.08
