import numpy as np
import pytest
from scipy.ndimage import maximum_filter

from photdb.ingest.cosmic import mask_cosmic_rays
from photdb.photometry.pixels import Pixels
from photdb.photometry.synthetic import star_image

GAIN, READ_NOISE, SKY, FULL = 1.5, 8.0, 300.0, 40_000.0


def exposure(fwhm, *, beta=3.5, size=512, n_stars=400, n_rays=80, seed=0):
    """A frame, the light of its cosmic rays and its stars' pixels."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(8, size - 9, (2, n_stars))
    image = star_image((size, size), x, y, 10 ** rng.uniform(2.3, 5.6, n_stars), fwhm, beta=beta)
    rays = np.zeros((size, size))
    for _ in range(n_rays):
        x0, y0 = rng.uniform(8, size - 9, 2)
        length, angle, charge = rng.choice([0, 0, 1, 2, 6, 15]), rng.uniform(0, np.pi), 10 ** rng.uniform(2, 4)
        for s in np.arange(0, length + 0.5, 0.5):
            at = int(y0 + s * np.sin(angle)) % size, int(x0 + s * np.cos(angle)) % size
            rays[at] += charge * rng.uniform(0.5, 1.0)
    counts = rng.poisson((image + SKY) * GAIN) / GAIN + rays + rng.normal(0, READ_NOISE / GAIN, image.shape)
    return counts.astype(np.float32), rays, (np.round(x).astype(int), np.round(y).astype(int))


def pixels_of(counts, *, gain_known=True, response=None):
    mask = (counts > FULL).astype(np.uint8) * np.uint8(4)
    floor = (READ_NOISE / GAIN) ** 2
    return Pixels(counts.copy(), mask, floor, response, GAIN, READ_NOISE, gain_known, FULL, 0, 0)


def stars_hit(mask, rays, stars):
    """Stars whose 3x3 core is masked though no ray came within 2 px."""
    near = maximum_filter(rays > 0, 5)
    wrong = (mask & 32 > 0) & ~near
    return sum(bool(wrong[y - 1 : y + 2, x - 1 : x + 2].any()) for x, y in zip(*stars, strict=True))


@pytest.mark.parametrize("beta", [None, 3.5])
@pytest.mark.parametrize("fwhm", [1.8, 2.0, 2.5, 4.0])
def test_rays_are_found_and_no_star_is_hit(fwhm, beta):
    counts, rays, stars = exposure(fwhm, beta=beta)
    pixels = pixels_of(counts)
    found = mask_cosmic_rays(pixels)
    hit = pixels.mask & 32 > 0
    strong = rays > 8 * np.sqrt(READ_NOISE**2 / GAIN**2 + SKY / GAIN)
    strong &= maximum_filter(counts - rays, 5) < SKY + 100  # on the sky
    assert not found.skipped
    assert found.n_pixels == hit.sum()
    assert stars_hit(pixels.mask, rays, stars) == 0
    assert hit[strong].mean() > 0.94
    assert (hit & ~maximum_filter(rays > 0, 3)).sum() <= 5
    np.testing.assert_array_equal(pixels.data, counts)


@pytest.mark.parametrize("beta", [None, 3.5])
@pytest.mark.parametrize("fwhm", [1.0, 1.2, 1.4])
def test_undersampled_frames_are_left_alone(fwhm, beta):
    counts, _, _ = exposure(fwhm, beta=beta)
    pixels = pixels_of(counts)
    assert mask_cosmic_rays(pixels).skipped
    assert not (pixels.mask & 32).any()


def test_a_wrong_gain_hits_no_star_either():
    counts, rays, stars = exposure(2.2)
    for gain in (0.3, 1.5, 15.0):
        pixels = pixels_of(counts, gain_known=False)
        pixels.gain = gain
        mask_cosmic_rays(pixels)
        assert stars_hit(pixels.mask, rays, stars) == 0
        assert (pixels.mask & 32 > 0)[rays > 500].mean() > 0.8


def test_a_flat_field_changes_nothing_but_the_noise():
    counts, rays, stars = exposure(2.5)
    response = np.linspace(0.4, 1.2, counts.size, dtype=np.float32).reshape(counts.shape)
    rng = np.random.default_rng(1)
    electrons = rng.poisson(np.maximum(counts - rays, 0) * GAIN * response)
    dim = ((electrons / GAIN + rng.normal(0, READ_NOISE / GAIN, counts.shape)) / response + rays).astype(np.float32)
    pixels = pixels_of(dim, response=response)
    pixels.floor = ((READ_NOISE / GAIN) ** 2 / response**2).astype(np.float32)
    mask_cosmic_rays(pixels)
    assert stars_hit(pixels.mask, rays, stars) == 0
    assert (pixels.mask & 32 > 0)[rays > 1000].mean() > 0.85


def test_pixels_already_masked_and_their_neighbours_beyond_the_limit_stay():
    counts, _, _ = exposure(3.0, n_stars=100, n_rays=0)
    counts[100, 100] += 5000.0
    pixels = pixels_of(counts)
    pixels.mask[100, 100] = 16
    assert mask_cosmic_rays(pixels).n_pixels <= 3
    assert pixels.mask[100, 100] == 16


@pytest.mark.parametrize("shape", [(5, 5), (9, 400), (60, 10)])
def test_tiny_frames_pass(shape):
    pixels = pixels_of(np.random.default_rng(0).normal(SKY, 10, shape).astype(np.float32))
    assert mask_cosmic_rays(pixels).n_pixels <= 1


@pytest.mark.slow
@pytest.mark.parametrize("fwhm", [1.8, 2.0, 2.5, 3.0])
def test_not_one_of_ten_thousand_stars_is_hit(fwhm):
    hits = 0
    for seed in range(25):
        counts, rays, stars = exposure(fwhm, beta=None if seed % 2 else 3.5, seed=seed + 10)
        pixels = pixels_of(counts)
        mask_cosmic_rays(pixels)
        hits += stars_hit(pixels.mask, rays, stars)
    assert hits == 0


def test_astroscrappy_finds_the_same_rays():
    """The program whose test this is, on the same frame: nine in ten of either's pixels on the sky are the other's."""
    astroscrappy = pytest.importorskip("astroscrappy")
    counts, rays, _ = exposure(2.8)
    pixels = pixels_of(counts)
    mask_cosmic_rays(pixels)
    theirs, _ = astroscrappy.detect_cosmics(
        counts * np.float32(GAIN), readnoise=READ_NOISE, gain=1.0, satlevel=FULL * GAIN, sigclip=5.0, objlim=5.0
    )
    sky = (maximum_filter(counts - rays, 7) < SKY + 150) & (
        np.minimum.outer(*[np.minimum(np.arange(512), 511 - np.arange(512))] * 2) > 8
    )
    ours = pixels.mask & 32 > 0
    both = (ours & theirs & sky).sum()
    assert both > 0.9 * (theirs & sky & (rays > 0)).sum()
    assert both > 0.8 * (ours & sky & (rays > 0)).sum()
