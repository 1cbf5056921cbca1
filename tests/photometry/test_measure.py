"""What is measured of simulated stars, against what was put in."""

import numpy as np
import pytest
from scipy.spatial import cKDTree
from synth import Camera, expose, grid, star_field

from photdb.photometry.detection import find_sources
from photdb.photometry.flags import Flag
from photdb.photometry.measure import empty_noise, fluxes_at, measure
from photdb.photometry.settings import MeasureSettings

SETTINGS = MeasureSettings()
CAMERA = Camera()


def star_flux(snr, fwhm, camera):
    """Flux of stars of a signal-to-noise ratio in 3 FWHM, were all the light in it; ADU."""
    photons, sky = snr**2 / camera.gain, snr**2 * np.pi * (1.5 * fwhm) ** 2 * camera.pixel_noise**2
    return (photons + np.sqrt(photons**2 + 4 * sky)) / 2


def measured(seed, *, frames, size=900, fwhm=3.5, beta=3.2, camera=CAMERA, spacing=38.0, gain_known=True, flat=False):
    """S/N, true flux, and columns of the stars of some frames."""
    out = []
    for k in range(frames):
        rng = np.random.default_rng([seed, k])
        x, y = grid((size, size), spacing, rng)
        snr = np.exp(rng.uniform(np.log(10), np.log(600), x.size))
        flux = star_flux(snr, fwhm, camera)
        response = None
        if flat:
            yy, xx = np.mgrid[:size, :size] / size - 0.5
            response = (1 - 0.5 * (xx**2 + yy**2) + rng.normal(0, 0.01, (size, size))).astype(np.float32)
        image = star_field((size, size), x, y, flux, fwhm=fwhm, beta=beta)
        pixels = expose(image, rng, camera, response=response, gain_known=gain_known)
        found = find_sources(pixels, SETTINGS)
        columns = measure(
            pixels, found, apertures_px=[2.5 * fwhm], primary_px=3 * fwhm, exptime_s=10, settings=SETTINGS
        )
        distance, j = cKDTree(np.c_[found.x, found.y]).query(np.c_[x, y])
        assert (distance[snr > 12] < 1.5).all()
        near = distance < 1.5
        correction = np.median((10 * columns["flux"][j] / flux)[near & (snr > 100)])
        out.append((snr[near], correction * flux[near] / 10, {c: v[j][near] for c, v in columns.items()}))
    snr, true = (np.concatenate([o[k] for o in out]) for k in (0, 1))
    return snr, true, {c: np.concatenate([o[2][c] for o in out]) for c in out[0][2]}


def check_truth(snr, true, columns, *, room):
    pull = (columns["flux"] - true) / columns["flux_err"]
    use = snr > 12
    assert pull[use].std() == pytest.approx(1, abs=0.05 if room < 1.5 else 0.05 * room)
    for low, high in ((12, 20), (20, 40), (40, 80), (80, 160), (160, 600)):
        part = (snr > low) & (snr <= high)
        assert pull[part].std() == pytest.approx(1, abs=0.1 * room), (low, high)
        assert abs(pull[part].mean()) < 0.15 + 3 / np.sqrt(part.sum()), (low, high)
    bright = snr > 50
    assert abs(np.mean(columns["flux"][bright] / true[bright]) - 1) < 0.003


def test_fluxes_are_unbiased_and_errors_mean_what_they_say():
    check_truth(*measured(1, frames=3), room=1.5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "how",
    [{}, {"fwhm": 3.0, "beta": 2.5}, {"fwhm": 4.5, "beta": None, "flat": True},
     {"camera": Camera(gain=1.0, read_noise=3.0, sky=15.0)}],
    ids=["Moffat", "wide wings", "Gaussian and flat", "few photons"],
)  # fmt: skip
def test_more_than_five_thousand_stars_are_unbiased_with_true_errors(how):
    snr, true, columns = measured(2, frames=11, size=1000, **how)
    assert (snr > 12).sum() >= 5000
    check_truth(snr, true, columns, room=1.0)


def test_where_the_gain_is_a_guess_the_noise_map_makes_the_errors():
    check_truth(*measured(3, frames=3, gain_known=False), room=1.5)


def test_blank_apertures_scatter_as_their_noise_says():
    widths = []
    for seed in range(2):
        rng = np.random.default_rng([4, seed])
        x, y = grid((1000, 1000), 90, rng)
        pixels = expose(star_field((1000, 1000), x, y, 1e4), rng, CAMERA)
        found = find_sources(pixels, SETTINGS)
        bx, by = (v.ravel() + rng.uniform(-0.5, 0.5, v.size) for v in np.mgrid[40:960:26, 40:960:26])
        far = cKDTree(np.c_[x, y]).query(np.c_[bx, by])[0] > 35
        blank = fluxes_at(pixels, found, bx[far], by[far], apertures_px=[7.0, 10.5], settings=SETTINGS)
        widths.append(blank.flux / blank.empty)
        expected = empty_noise(pixels, found, apertures_px=[7.0, 10.5], exptime_s=1, settings=SETTINGS)
        np.testing.assert_allclose(np.median(blank.empty, axis=0), expected, rtol=0.02)
    ratio = np.concatenate(widths)
    assert len(ratio) > 1000
    # A thousand places: the width is good to 0.022, the mean to 0.03.
    np.testing.assert_allclose(ratio.std(axis=0), 1, atol=0.09)
    np.testing.assert_allclose(ratio.mean(axis=0), 0, atol=0.12)


@pytest.mark.slow
def test_ten_thousand_blank_apertures_have_a_width_of_one():
    ratio = []
    for seed in range(8):
        rng = np.random.default_rng([5, seed])
        pixels = expose(star_field((1200, 1200), *grid((1200, 1200), 200, rng), 1e4), rng, CAMERA)
        found = find_sources(pixels, SETTINGS)
        bx, by = (v.ravel() + rng.uniform(-0.5, 0.5, v.size) for v in np.mgrid[40:1160:30, 40:1160:30])
        far = cKDTree(np.c_[found.x, found.y]).query(np.c_[bx, by])[0] > 35
        blank = fluxes_at(pixels, found, bx[far], by[far], apertures_px=[10.5], settings=SETTINGS)
        ratio.append(blank.flux[:, 0] / blank.empty[:, 0])
    assert len(np.concatenate(ratio)) > 8000
    assert np.concatenate(ratio).std() == pytest.approx(1, abs=0.03)


def one_star(seed=6, x=100.4, y=99.7, flux=5e4, size=220, **changes):
    rng = np.random.default_rng(seed)
    others = np.array([[40.0, 40], [40, 160], [160, 40], [160, 160]]).T
    image = star_field((size, size), [x, *others[0]], [y, *others[1]], [flux, *[6e4] * 4])
    pixels = expose(image, rng, Camera(gain=20.0, read_noise=5.0, **changes))
    return pixels, np.array([x, y])


def columns_of(pixels, at, diameters=(10.5, 30.0), settings=SETTINGS, **more):
    found = find_sources(pixels, settings)
    j = int(np.argmin(np.hypot(found.x - at[0], found.y - at[1])))
    before = found.subtracted.copy()
    columns = measure(pixels, found, apertures_px=diameters, primary_px=10.5, exptime_s=2.0, settings=settings, **more)
    np.testing.assert_array_equal(found.subtracted, before)
    return {name: values[j] for name, values in columns.items()}


def test_a_cosmic_ray_on_a_star_is_filled_in_from_across_and_flagged():
    clean, at = one_star()
    hit, _ = one_star()
    hit.data[101, 98:101], hit.mask[101, 98:101] = 6e4, 32
    good, mended = columns_of(clean, at), columns_of(hit, at)
    assert mended["flux"] == pytest.approx(good["flux"], rel=0.03)
    assert mended["flags"] == Flag.COSMIC_RAY
    assert good["flags"] == 0


def test_a_flux_that_cannot_be_had_is_missing_and_says_so():
    pixels, at = one_star()
    pixels.data[97:104, 98:104:5], pixels.mask[97:104, 98:104:5] = 0, 16  # both sides of the centre
    lost = columns_of(pixels, at)
    assert np.isnan(lost["flux"])
    assert np.isnan(lost["flux_err"])
    assert lost["flags"] & Flag.APERTURE_INCOMPLETE
    assert lost["flags"] & Flag.BAD_PIXEL


def test_a_star_near_the_edge_keeps_the_apertures_that_fit():
    pixels, at = one_star(x=8.0, flux=4e3)
    star = columns_of(pixels, at)
    assert np.isfinite(star["aper_flux"][0])
    assert np.isnan(star["aper_flux"][1])
    assert star["flags"] & (Flag.TRUNCATED | Flag.APERTURE_INCOMPLETE) == 0
    pixels, at = one_star(x=3.0)
    assert columns_of(pixels, at)["flags"] & Flag.TRUNCATED


def test_saturated_stars_and_close_neighbours_are_flagged():
    pixels, at = one_star(flux=4e6)
    assert columns_of(pixels, at)["flags"] & Flag.SATURATED
    pixels, at = one_star(x=151.0, y=160.0, flux=3e4)
    assert columns_of(pixels, at)["flags"] & Flag.NEIGHBOURS


def test_a_negative_flux_stays_negative():
    pixels, _ = one_star()
    pixels.data[98:103, 18:23] -= 100
    found = find_sources(pixels, SETTINGS)
    hole = fluxes_at(pixels, found, [20.0], [100.0], apertures_px=[8.0], settings=SETTINGS)
    assert hole.flux[0, 0] < -2000
    assert hole.error[0, 0] == hole.empty[0, 0]


def test_scintillation_is_added_in_quadrature():
    pixels, at = one_star()
    without, with_it = columns_of(pixels, at), columns_of(pixels, at, scintillation=0.01)
    added = np.sqrt(with_it["flux_err"] ** 2 - without["flux_err"] ** 2)
    assert added == pytest.approx(0.01 * with_it["flux"], rel=1e-6)


def test_fluxes_are_per_second_and_the_columns_are_whole():
    pixels, at = one_star()
    star = columns_of(pixels, at)
    assert star["flux"] == pytest.approx(5e4 / 2 * 0.92, rel=0.03)
    assert star["aper_flux"][0] == pytest.approx(star["flux"])
    assert star["flux_auto"] == pytest.approx(5e4 / 2 * 0.96, rel=0.04)
    assert 0 < star["flux_err"] < star["flux_auto_err"] < 0.01 * star["flux"]
    assert star["sky"] == pytest.approx(200, abs=1.5)
    assert star["flux_radius"] == pytest.approx(2.05, rel=0.1)
    assert star["fwhm"] == pytest.approx(3.5, rel=0.08)
    assert star["class_star"] > 0.8
    assert star["kron_radius"] > 0


def test_a_local_background_under_a_nebula_is_taken_off():
    rng = np.random.default_rng(9)
    x, y = grid((400, 400), 50, rng)
    nebula = star_field((400, 400), [200.0], [200.0], [6e6], fwhm=180.0, beta=None)
    pixels = expose(star_field((400, 400), x, y, 3e4) + nebula, rng, CAMERA)
    found = find_sources(pixels, SETTINGS)
    circles = fluxes_at(pixels, found, x, y, apertures_px=[10.5], settings=SETTINGS)
    plain = fluxes_at(pixels, found, x, y, apertures_px=[10.5], settings=MeasureSettings(local_background=False))
    assert abs(np.median(circles.flux) / (3e4 * 0.918) - 1) < 0.01
    assert np.std(circles.flux) < 1.05 * np.std(plain.flux)
