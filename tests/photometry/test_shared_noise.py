"""Errors of detections where neighbouring pixels share their noise: the same as of forced fluxes, and true."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial import cKDTree
from synth import Camera, expose, grid, star_field

from photdb.photometry.detection import find_sources
from photdb.photometry.empty_scatter import believed_correlation
from photdb.photometry.forced import forced_circles, ground_at
from photdb.photometry.measure import empty_noise, measure
from photdb.photometry.noise_correlation import NoiseCorrelation
from photdb.photometry.settings import MeasureSettings

SETTINGS = MeasureSettings()
APERTURES, PRIMARY = (8.0, 14.0), 10.5


def smoothed(data):
    return ndimage.gaussian_filter(data, 0.8)


def shifted(data):
    return ndimage.shift(data, (0.5, 0.4), order=1, mode="nearest")


def drizzled(data):
    """Every pixel is dropped on a grid turned by a half: four of them share each."""
    return 0.25 * sum(np.roll(data, step, (0, 1)) for step in ((0, 0), (1, 0), (0, 1), (1, 1)))


def frame(seed, change=None, snr=12.0, size=900, spacing=38, known=False):
    """Return a frame, its sources, and the places and flux of its stars: all of one S/N in the primary aperture."""
    rng, camera = np.random.default_rng([53, seed]), Camera()
    x, y = grid((size, size), spacing, rng)
    noise = camera.pixel_noise * np.sqrt(np.pi / 4) * PRIMARY
    flux = np.full(len(x), snr * noise)
    flux[::19] = 200 * noise  # bright ones tell the FWHM
    pixels = expose(star_field((size, size), x, y, flux), rng, camera, gain_known=known)
    if change:
        pixels.data[:] = change(pixels.data)
    return pixels, find_sources(pixels, SETTINGS), x, y, flux


def columns(pixels, found, correlation=None):
    return measure(
        pixels, found, apertures_px=APERTURES, primary_px=PRIMARY, exptime_s=1.0, settings=SETTINGS,
        correlation=correlation,
    )  # fmt: skip


def believed(pixels, found):
    return believed_correlation(pixels, found, PRIMARY, settings=SETTINGS, apertures_px=APERTURES)


def pulls(made, error, x, y, flux):
    """Return (flux - truth) / error of the faint stars that were found; the truth less what misses the aperture."""
    distance, nearest = cKDTree(np.c_[made["x"], made["y"]]).query(np.c_[x, y])
    bright = flux > 2 * np.median(flux)
    there = distance < 1.5
    share = np.median(made["flux"][nearest[bright & there]] / flux[bright & there])
    use = there & ~bright & (made["flags"][nearest] == 0)
    who = nearest[use]
    return (made["flux"][who] - share * flux[use]) / error[who]


@pytest.mark.parametrize("change", [smoothed, shifted, drizzled])
def test_pulls_of_faint_stars_are_one_wide_where_neighbouring_pixels_share_their_noise(change):
    before, after = [], []
    for seed in range(2):
        pixels, found, x, y, flux = frame(seed, change)
        plain, made = columns(pixels, found), columns(pixels, found, believed(pixels, found))
        before.append(pulls(made, plain["flux_err"], x, y, flux))
        after.append(pulls(made, made["flux_err"], x, y, flux))
        np.testing.assert_array_equal(made["flux"], plain["flux"])
    before, after = np.concatenate(before), np.concatenate(after)
    assert len(after) > 600
    assert before.std() > 1.4
    assert after.std() == pytest.approx(1, abs=0.1)


def test_errors_of_a_plain_frame_are_the_same_with_and_without_a_look():
    for known in (True, False):
        pixels, found, x, y, flux = frame(3, known=known)
        correlation = believed(pixels, found)
        assert correlation.is_none
        plain, made = columns(pixels, found), columns(pixels, found, correlation)
        for name, values in plain.items():
            np.testing.assert_array_equal(made[name], values)
        assert pulls(made, made["flux_err"], x, y, flux).std() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("change", [None, smoothed])
def test_a_circle_on_a_detection_has_its_flux_and_its_error(change):
    pixels, found, *_ = frame(5, change)
    pixels.mask[100:104, 50:400] |= 16
    found = find_sources(pixels, SETTINGS)
    correlation = believed(pixels, found)
    assert correlation.is_none == (change is None)
    made = columns(pixels, found, correlation)
    ground = ground_at(
        pixels, found, found.x, found.y, apertures_px=APERTURES, primary_px=PRIMARY, settings=SETTINGS,
        correlation=correlation,
    )  # fmt: skip
    for k, diameter in enumerate((*APERTURES, PRIMARY)):
        forced = forced_circles(pixels, found, found.x, found.y, diameter, settings=SETTINGS, ground=ground)
        last = diameter == PRIMARY
        flux, error = (made[n] if last else made[f"aper_{n}"][:, k] for n in ("flux", "flux_err"))
        np.testing.assert_allclose(forced.flux, flux, rtol=1e-11, atol=1e-9)
        np.testing.assert_allclose(forced.error, error, rtol=1e-11)


def test_only_what_pixels_share_makes_errors_larger_not_the_photons_of_the_star():
    pixels, found, *_ = frame(6, smoothed)
    pixels = replace(pixels, gain=0.02)  # so few electrons that a bright star is all photons
    found = find_sources(pixels, SETTINGS)
    plain, made = columns(pixels, found), columns(pixels, found, believed(pixels, found))
    for name in ("flux_err", "flux_auto_err"):
        ratio = made[name] / plain[name]
        brightest, faintest = np.argsort(found.peak)[-10:], np.argsort(found.peak)[:50]
        assert np.nanmedian(ratio[brightest]) < 1.1
        assert np.nanmedian(ratio[faintest]) > 1.15 * np.nanmedian(ratio[brightest])


@pytest.mark.parametrize("change", [None, smoothed])
def test_the_limit_of_a_frame_is_the_noise_of_forced_fluxes_where_nothing_is(change):
    pixels, found, *_ = frame(7, change, spacing=110)
    correlation = believed(pixels, found)
    noise = empty_noise(
        pixels, found, apertures_px=[*APERTURES, PRIMARY], primary_px=PRIMARY, exptime_s=2.0, settings=SETTINGS,
        correlation=correlation,
    )  # fmt: skip
    x, y = np.random.default_rng(1).uniform(60, 840, (2, 400))
    ground = ground_at(
        pixels, found, x, y, apertures_px=APERTURES, primary_px=PRIMARY, settings=SETTINGS, correlation=correlation
    )
    forced = forced_circles(pixels, found, x, y, PRIMARY, settings=SETTINGS, ground=ground)
    assert noise[-1] == pytest.approx(np.nanmedian(forced.empty) / 2.0, rel=0.02)


def test_what_faint_stars_share_makes_limits_brighter_but_no_error_larger():
    """Stars below the threshold are the same in every frame: fluxes do not scatter by them from frame to frame."""
    rng = np.random.default_rng(3000)
    x, y = rng.uniform(0, 700, (2, 3000))
    flux = np.minimum(10 ** (2.8 + rng.exponential(0.6, 3000)), 1e6)
    sky = star_field((700, 700), x, y, flux, fwhm=3.0)
    pixels, one, other = (expose(sky, rng, Camera()) for _ in range(3))
    found = find_sources(pixels, SETTINGS)
    correlation = believed(pixels, found)
    assert not correlation.is_none
    assert not correlation.is_resampled
    plain, made = columns(pixels, found), columns(pixels, found, correlation)
    for name in ("flux_err", "flux_auto_err", "aper_flux_err"):
        np.testing.assert_array_equal(made[name], plain[name])
    with_it, without = (
        empty_noise(
            pixels, found, apertures_px=[PRIMARY], primary_px=PRIMARY, exptime_s=1.0, settings=SETTINGS, correlation=c
        )[0]
        for c in (correlation, None)
    )
    assert with_it > 1.01 * without
    # the same apertures on two more pictures of the same sky: they differ as their errors say
    places = rng.uniform(40, 660, (2, 1500))
    fluxes = []
    for again in (one, other):
        found = find_sources(again, SETTINGS)
        ground = ground_at(again, found, *places, apertures_px=[PRIMARY], primary_px=PRIMARY, settings=SETTINGS,
                           correlation=correlation)  # fmt: skip
        fluxes.append(forced_circles(again, found, *places, PRIMARY, settings=SETTINGS, ground=ground))
    pull = (fluxes[0].flux - fluxes[1].flux) / np.hypot(fluxes[0].error, fluxes[1].error)
    pull = pull[np.isfinite(pull)]
    assert 1.4826 * np.median(np.abs(pull - np.median(pull))) == pytest.approx(1, abs=0.12)


def test_crowded_small_and_starless_frames_have_errors_as_before():
    for pixels, found, *_ in (frame(8, smoothed, size=110, spacing=30), frame(9, smoothed, size=400, spacing=13)):
        correlation = believed(pixels, found)
        made = columns(pixels, found, correlation)
        assert np.isfinite(made["flux_err"][np.isfinite(made["flux"])]).all()
        assert correlation.factor(np.nan, np.nan) == 1
    assert NoiseCorrelation.none().factor([50.0, np.nan], [25.0, 1.0]).tolist() == [1, 1]
