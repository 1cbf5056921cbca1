"""Simulated stars of known flux measured where they are, whatever their brightness; empty places; limits."""

import itertools

import numpy as np
import pytest
from scipy.spatial import cKDTree
from synth import Camera, expose, grid, star_field

from photdb.photometry.detection import find_sources
from photdb.photometry.forced import forced_circles
from photdb.photometry.settings import MeasureSettings

SETTINGS = MeasureSettings()
CAMERA = Camera()
EDGES = np.array([0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0])


def flux_of(snr, fwhm):
    """Flux of stars of a signal-to-noise ratio in 3 FWHM, were all the light in it; ADU."""
    photons, sky = snr**2 / CAMERA.gain, snr**2 * np.pi * (1.5 * fwhm) ** 2 * CAMERA.pixel_noise**2
    return (photons + np.sqrt(photons**2 + 4 * sky)) / 2


def slope(size, height):
    """A bent sky, ADU above the lowest point."""
    y, x = np.mgrid[:size, :size] / size - 0.5
    return height * (x + 0.6 * y + 2 * x * y + 0.8)


def pulls(seed, *, frames, size, gradient=0.0, spacing=50.0, gain_known=True):
    """S/N and pull of stars forced at their true places, the seeing another one in each frame."""
    out = []
    for k in range(frames):
        rng = np.random.default_rng([seed, k])
        fwhm = rng.uniform(2.6, 4.6)
        x, y = grid((size, size), spacing, rng)
        snr = np.exp(rng.uniform(np.log(EDGES[0]), np.log(EDGES[-1]), x.size))
        flux = flux_of(snr, fwhm)
        image = star_field((size, size), x, y, flux, fwhm=fwhm) + slope(size, gradient)
        pixels = expose(image, rng, CAMERA, gain_known=gain_known)
        forced = forced_circles(pixels, find_sources(pixels, SETTINGS), x, y, 3 * fwhm, settings=SETTINGS)
        weight = flux / forced.error**2
        share = (weight @ forced.flux) / (weight @ flux)  # what a zero point knows: the light that circles miss
        out.append((snr, (forced.flux - share * flux) / forced.error))
    return (np.concatenate([o[k] for o in out]) for k in (0, 1))


def check_bins(snr, pull, mean, width):
    for low, high in itertools.pairwise(EDGES):
        part = pull[(snr > low) & (snr <= high)]
        assert abs(part.mean()) < mean, (low, high)
        assert part.std() == pytest.approx(1, abs=width), (low, high)


def test_stars_of_every_brightness_are_unbiased_with_true_errors():
    snr, pull = pulls(1, frames=6, size=800)
    assert len(snr) > 1100
    # Of 160 stars in a bin a mean is good to 0.08 and a width to 0.06; of all, to 0.03 and 0.02.
    check_bins(snr, pull, mean=0.3, width=0.23)
    assert abs(pull.mean()) < 0.12
    assert pull.std() == pytest.approx(1, abs=0.08)


@pytest.mark.slow
def test_27_thousand_stars_forced_in_any_seeing_and_sky_have_pulls_of_width_one_in_every_bin():
    even, uneven = (tuple(pulls(2, frames=42, size=1000, gradient=gradient)) for gradient in (0.0, 150.0))
    for snr, pull in (even, uneven):
        assert len(snr) > 13_000
        check_bins(snr, pull, mean=0.09, width=0.065)
        assert abs(pull.mean()) < 0.035  # four times 1 / sqrt(13 000)
        assert pull.std() == pytest.approx(1, abs=0.025)
    check_bins(*(np.concatenate(both) for both in zip(even, uneven, strict=True)), mean=0.065, width=0.05)


def blank(seed, size=1100, gradient=0.0, gain_known=True, flux=2e4):
    """Flux over noise of circles at places far from the stars, and the noise."""
    rng = np.random.default_rng([9, seed])
    x, y = grid((size, size), 120, rng)
    image = star_field((size, size), x, y, flux) + slope(size, gradient)
    pixels = expose(image, rng, CAMERA, gain_known=gain_known)
    found = find_sources(pixels, SETTINGS)
    bx, by = (v.ravel() + rng.uniform(-0.5, 0.5, v.size) for v in np.mgrid[40 : size - 40 : 24, 40 : size - 40 : 24])
    far = cKDTree(np.c_[x, y]).query(np.c_[bx, by])[0] > 25
    forced = forced_circles(pixels, found, bx[far], by[far], 10.5, settings=SETTINGS)
    return forced.flux / forced.empty


def test_empty_places_scatter_as_their_noise_says():
    ratio = np.concatenate([blank(seed) for seed in range(2)])
    assert len(ratio) > 2000
    assert abs(np.median(ratio)) < 0.11  # four times 1.25 / sqrt(2000)
    assert ratio.std() == pytest.approx(1, abs=0.065)


@pytest.mark.slow
@pytest.mark.parametrize("more", [{}, {"gradient": 150.0}, {"gain_known": False}], ids=["plain", "uneven", "guessed"])
def test_ten_thousand_empty_places_have_no_bias_and_a_width_of_one(more):
    ratio = np.concatenate([blank(seed, **more) for seed in range(6)])
    assert len(ratio) > 7000
    assert abs(np.median(ratio)) < 0.05
    assert ratio.std() == pytest.approx(1, abs=0.03)


def above_the_limit(seed, frames):
    """Share of stars injected at the limit of their place whose forced flux is above five times the noise."""
    out = []
    for k in range(frames):
        rng = np.random.default_rng([5, seed, k])
        fwhm, size = rng.uniform(2.8, 4.2), 1000
        x, y = grid((size, size), 45, rng)
        bright = np.arange(len(x)) % 8 == 0
        sky = slope(size, 60.0)
        calm = expose(star_field((size, size), x[bright], y[bright], 3e4, fwhm=fwhm) + sky, rng, CAMERA)
        before = forced_circles(calm, find_sources(calm, SETTINGS), x, y, 3 * fwhm, settings=SETTINGS)
        share = np.median(before.flux[bright]) / 3e4
        flux = np.where(bright, 3e4, 5 * before.empty / share)
        pixels = expose(star_field((size, size), x, y, flux, fwhm=fwhm) + sky, rng, CAMERA)
        forced = forced_circles(pixels, find_sources(pixels, SETTINGS), x, y, 3 * fwhm, settings=SETTINGS)
        out.append((forced.flux > 5 * forced.empty)[~bright])
    return np.concatenate(out)


def test_half_of_the_stars_at_the_limit_are_above_it():
    above = above_the_limit(1, 3)
    assert len(above) > 900
    assert above.mean() == pytest.approx(0.5, abs=0.06)


@pytest.mark.slow
def test_of_five_thousand_stars_at_the_limit_half_are_above_it():
    above = above_the_limit(2, 14)
    assert len(above) > 5000
    assert above.mean() == pytest.approx(0.5, abs=0.03)
