import numpy as np
import pytest
import sep
from scipy.spatial import cKDTree
from synth import Camera, expose, grid, star_field

from photdb.errors import InputError
from photdb.photometry import extraction
from photdb.photometry.background import smooth
from photdb.photometry.detection import find_sources
from photdb.photometry.flags import Flag
from photdb.photometry.settings import MeasureSettings

CAMERA = Camera()


def field(seed, *, size=500, fwhm=3.5, beta=3.2, snr=(6, 300), spacing=36.0, camera=CAMERA):
    rng = np.random.default_rng(seed)
    x, y = grid((size, size), spacing, rng)
    s = np.exp(rng.uniform(*np.log(snr), x.size))
    sky = np.pi * (1.5 * fwhm) ** 2 * camera.pixel_noise**2
    flux = (s**2 / camera.gain + np.sqrt((s**2 / camera.gain) ** 2 + 4 * s**2 * sky)) / 2
    return expose(star_field((size, size), x, y, flux, fwhm=fwhm, beta=beta), rng, camera), x, y, s


def nearest(found, x, y):
    return cKDTree(np.c_[found.x, found.y]).query(np.c_[x, y])


@pytest.mark.parametrize("fwhm", [1.7, 2.5, 4.0, 8.0])
def test_every_star_of_signal_to_noise_ten_is_found_and_nothing_else(fwhm):
    pixels, x, y, snr = field(int(10 * fwhm), size=900, fwhm=fwhm, snr=(7, 40), spacing=max(36.0, 9 * fwhm))
    found = find_sources(pixels, MeasureSettings())
    distance, _ = nearest(found, x, y)
    assert (distance[snr > 10] < 1.5 + 0.1 * fwhm).all()
    assert (distance[snr > 8] < 1.5 + 0.1 * fwhm).mean() > 0.97
    # the 3x3 kernel leaves bumps on stars far wider than itself, and faint ones come apart: 0.10 of them, +-0.025
    assert len(found) <= len(x) + (2 if fwhm < 6 else 0.2 * len(x))


def test_empty_sky_has_no_sources():
    pixels = expose(np.zeros((1500, 1500)), np.random.default_rng(6))
    assert len(find_sources(pixels, MeasureSettings(min_stars=0))) <= 1


def test_the_search_by_tiles_finds_what_sep_finds_on_the_whole_frame():
    rng = np.random.default_rng(8)
    size = 600
    x, y = rng.uniform(0, size, (2, 500))  # crowded: many are taken apart
    image = star_field((size, size), x, y, 10 ** rng.uniform(2.5, 5, 500)) + rng.normal(0, 12, (size, size))
    significance = smooth((image / 12).astype(np.float32))
    settings = MeasureSettings(clean=False)
    mine, _ = extraction.extract(significance, extraction.count_tiles(significance, 1.5), settings)
    sep.set_extract_pixstack(1_000_000)
    theirs = sep.extract(significance, 1.5, minarea=5, filter_kernel=None, clean=False)
    assert len(mine) == len(theirs)
    for column in ("x", "y", "a", "npix", "cflux"):
        np.testing.assert_allclose(np.sort(mine[column]), np.sort(theirs[column]), rtol=1e-6)


def test_cleaning_drops_about_what_seps_does():
    pixels, *_ = field(9, size=700, snr=(50, 3000), spacing=40)
    image = smooth(((pixels.data - 200) / CAMERA.pixel_noise).astype(np.float32))
    sep.set_extract_pixstack(1_000_000)
    all_of_them = len(sep.extract(image, 1.1, minarea=5, filter_kernel=None, clean=False))
    theirs = len(sep.extract(image, 1.1, minarea=5, filter_kernel=None))
    mine = len(extraction.extract(image, extraction.count_tiles(image, 1.1), MeasureSettings(threshold_sigma=1.1))[0])
    assert theirs < all_of_them
    assert abs(mine - theirs) <= 3 + 0.15 * (all_of_them - theirs)


def test_a_full_pixel_buffer_is_enlarged(monkeypatch):
    monkeypatch.setattr(extraction, "_PIXEL_STACK", 1500)
    pixels, x, _, _ = field(10, snr=(100, 300))
    assert len(find_sources(pixels, MeasureSettings())) >= len(x)


def test_the_recorded_threshold_is_the_applied_one():
    pixels, *_ = field(11, size=600, snr=(6, 30))
    low, high = (find_sources(pixels, MeasureSettings(threshold_sigma=t)) for t in (1.5, 4.0))
    assert (low.threshold_sigma, high.threshold_sigma) == (1.5, 4.0)
    assert len(high) < 0.8 * len(low)
    smoothed = smooth(high.subtracted / high.background.noise_map())
    at = zip(np.rint(high.y).astype(int), np.rint(high.x).astype(int), strict=True)
    peaks = [smoothed[j - 2 : j + 3, i - 2 : i + 3].max() for j, i in at]
    assert min(peaks) > 4.0


def test_positions_are_as_good_as_the_photons_allow():
    pixels, x, y, snr = field(12, size=1200, snr=(20, 300))
    found = find_sources(pixels, MeasureSettings())
    distance, j = nearest(found, x, y)
    error = np.hypot(found.x[j] - x, found.y[j] - y)
    for low, high, limit in ((20, 40, 0.10), (80, 300, 0.022)):
        use = (snr > low) & (snr < high) & (distance < 1)
        assert np.sqrt((error[use] ** 2).mean() / 2) < limit
    assert abs(np.mean((found.x[j] - x)[snr > 50])) < 0.005


def test_neighbours_taken_apart_are_flagged_and_a_star_at_the_edge_is_cut():
    x, y = np.array([100.0, 106.5, 200.0, 60.0]), np.array([100.0, 100.0, 1.0, 200.0])
    pixels = expose(star_field((260, 260), x, y, [5e4, 3e4, 5e4, 5e4]), np.random.default_rng(13))
    found = find_sources(pixels, MeasureSettings())
    _, j = nearest(found, x, y)
    assert (found.flags[j[:2]] & Flag.DEBLENDED).all()
    assert found.flags[j[2]] & Flag.TRUNCATED
    assert found.flags[j[3]] == 0
    assert len(found) == 4


def test_saturated_cosmic_and_bad_pixels_leave_their_flags_and_no_false_sources():
    rng = np.random.default_rng(14)
    x, y = np.array([60.0, 130.0, 200.0]), np.array([60.0, 130.0, 200.0])
    pixels = expose(star_field((260, 260), x, y, [3e6, 5e4, 5e4]), rng)
    pixels.data[100, 100:140], pixels.mask[100, 100:140] = 5e4, 32
    pixels.data[200, 201], pixels.mask[200, 201] = -300, 16
    pixels.data[20:60, 180:240], pixels.mask[20:60, 180:240] = 4e4, 16
    pixels.data[230, 30] = np.nan
    found = find_sources(pixels, MeasureSettings())
    _, j = nearest(found, x, y)
    assert len(found) == 3
    assert [bool(found.flags[k] & Flag.SATURATED) for k in j] == [True, False, False]
    assert found.flags[j[2]] & Flag.BAD_PIXEL
    assert np.isfinite(found.subtracted).all()


def test_the_brightest_come_in_order_and_without_cosmic_rays():
    pixels, x, y, snr = field(15)
    found = find_sources(pixels, MeasureSettings())
    bright = found.brightest(10)
    assert len(bright.x) == 10
    assert (np.diff(bright.flux) <= 0).all()
    order = np.argsort(-snr)[:5]
    assert (cKDTree(np.c_[bright.x, bright.y]).query(np.c_[x, y][order])[0] < 1).all()


def test_the_source_mask_covers_the_stars_and_little_else():
    pixels, x, y, _ = field(16, snr=(30, 100))
    mask = find_sources(pixels, MeasureSettings()).source_mask()
    assert mask[np.rint(y).astype(int), np.rint(x).astype(int)].all()
    assert mask.mean() < 0.2


def test_too_few_stars_is_an_error_with_numbers():
    pixels = expose(star_field((200, 200), [100.0], [100.0], [1e5]), np.random.default_rng(17))
    with pytest.raises(InputError, match="1 sources"):
        find_sources(pixels, MeasureSettings(min_stars=5))


def test_a_buffer_is_used_again_and_the_frame_is_not_changed():
    pixels, *_ = field(18)
    before, buffer = pixels.data.copy(), np.empty(pixels.data.shape, np.float32)
    found = find_sources(pixels, MeasureSettings(), out=buffer)
    assert found.subtracted is buffer
    np.testing.assert_array_equal(pixels.data, before)
