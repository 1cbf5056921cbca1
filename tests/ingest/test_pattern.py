from functools import partial

import numpy as np
import pytest
import sep
from raw_frames import header

from photdb.errors import CalibrationError, InputError
from photdb.ingest.image import read_raw
from photdb.ingest.pattern import Pattern, estimate_drift, pattern_map, reason_against
from photdb.ingest.reduction import Chosen, pattern_frames, reduce
from photdb.photometry.synthetic import star_image

SHAPE, FWHM, NOISE, SKY = (240, 320), 3.0, 6.0, 300.0


class Night:
    """Frames of a drifting field over a camera with a fixed pattern."""

    def __init__(self, n=80, step=2.0, stars=True, seed=0):
        rng = np.random.default_rng(seed)
        self.n = n
        self.pattern = rng.normal(0, 0.6, SHAPE)
        hot = rng.random(SHAPE) < 0.004
        self.pattern[hot] += rng.exponential(20, hot.sum())
        self.dx, self.dy = step * np.arange(n), 0.3 * step * np.arange(n)
        reach = step * n
        count = int(0.002 * (SHAPE[1] + reach + 40) * (SHAPE[0] + 0.3 * reach + 40))
        self.x = rng.uniform(-reach - 20, SHAPE[1] + 20, count)
        self.y = rng.uniform(-0.3 * reach - 20, SHAPE[0] + 20, count)
        self.flux = np.minimum(150 * rng.random(count) ** -1.25, 2e5) * stars
        self.seed = seed

    def frame(self, k):
        image = star_image(SHAPE, self.x + self.dx[k], self.y + self.dy[k], self.flux, FWHM)
        noise = np.random.default_rng([self.seed, k]).normal(SKY, NOISE, SHAPE)
        return (image + noise + self.pattern).astype(np.float32)

    def loaders(self):
        return [partial(self.frame, k) for k in range(self.n)]


@pytest.fixture(scope="module")
def night():
    night = Night()
    return night, pattern_map(night.loaders(), fwhm_px=FWHM)


def test_the_true_pattern_is_recovered_within_its_own_errors(night):
    truth, found = night
    error = found.data - truth.pattern
    pull = (error - np.median(error)) / np.sqrt(found.variance)
    assert 1.4826 * np.median(np.abs(pull)) == pytest.approx(1.0, abs=0.08)
    assert abs(np.median(error)) < 0.1
    hot = truth.pattern > 15
    assert np.median(found.data[hot] / truth.pattern[hot]) == pytest.approx(1.0, abs=0.02)
    assert found.n_frames == truth.n


def test_the_drift_is_found_from_the_frames(night):
    truth, found = night
    assert found.drift_px == pytest.approx(np.hypot(np.ptp(truth.dx), np.ptp(truth.dy)), abs=6.0)


def test_stars_do_not_print_into_the_pattern(night):
    """The same noise with and without stars: what differs is print, and costs bright stars under 0.1 mmag."""
    truth, with_stars = night
    empty = Night(stars=False)
    without = pattern_map(empty.loaders(), fwhm_px=FWHM, dx=truth.dx, dy=truth.dy)
    printed = np.ascontiguousarray(with_stars.data - without.data)
    biases = {}
    for k in range(0, truth.n, 4):
        x, y = truth.x + truth.dx[k], truth.y + truth.dy[k]
        inside = np.flatnonzero((x > 18) & (x < SHAPE[1] - 19) & (y > 18) & (y < SHAPE[0] - 19))
        sums, _, _ = sep.sum_circle(printed, x[inside], y[inside], 1.5 * FWHM, bkgann=(10, 16))
        for star, lost in zip(inside, sums, strict=True):
            biases.setdefault(star, []).append(1085.7 * lost / truth.flux[star])
    mmag = np.array([np.mean(values) for values in biases.values()])
    flux = truth.flux[list(biases)]
    assert abs(mmag[flux > 2e4].mean()) < 0.1
    assert abs(mmag[(flux > 3e3) & (flux < 2e4)].mean()) < 1.5
    assert abs(mmag[flux < 400].mean()) < 40.0  # S/N 3 to 8: under a quarter of their own error


def test_the_pattern_takes_its_noise_out_of_a_frame(night, tmp_path):
    truth, found = night
    raw = (np.random.default_rng(5).normal(SKY, NOISE, SHAPE) + truth.pattern).astype(np.float32)
    frame = header(tmp_path / "a", SHAPE, gain=1e9, read_noise=NOISE * 1e9, exptime_s=60.0)
    before = reduce(frame, raw.copy(), Chosen(), cosmic=False)
    after = reduce(frame, raw.copy(), Chosen(), pattern=found, cosmic=False)
    assert (before.data - SKY).std() > 1.04 * NOISE
    pull = (after.data - SKY - np.median(after.data - SKY)) / np.sqrt(after.floor)
    assert pull.std() == pytest.approx(1.0, abs=0.03)


def test_frames_that_stand_still_or_too_few_are_refused_with_numbers():
    still = Night(n=20, step=0.05)
    with pytest.raises(CalibrationError, match=r"the field drifts by \d\.\d px in all, 15\.0 are needed"):
        pattern_map(still.loaders(), fwhm_px=FWHM)
    with pytest.raises(CalibrationError, match="14 frames, 15 are needed"):
        pattern_map(still.loaders()[:14])
    assert reason_against(np.arange(14.0), np.zeros(14), 1.0).startswith("14 frames")


def test_a_field_that_jumps_once_and_then_stays_is_refused():
    dx = np.where(np.arange(40) < 4, np.arange(40) * 50.0, 300.0)
    assert reason_against(dx, np.zeros(40), FWHM) == "the field stands still in 90 % of the frames, 10 % are allowed"
    assert reason_against(np.arange(40) * 4.0, np.zeros(40), FWHM) is None


def test_at_most_as_many_frames_as_asked_are_read_evenly():
    night, read = Night(n=60, step=4.0), []

    def load(k):
        read.append(k)
        return night.frame(k)

    found = pattern_map([partial(load, k) for k in range(60)], fwhm_px=FWHM, max_frames=30, dx=night.dx, dy=night.dy)
    assert found.n_frames == len(read) == 30
    assert (read[0], read[-1]) == (0, 59)
    assert set(np.diff(read)) <= {2, 3}


def test_drift_is_estimated_in_spite_of_hot_pixels():
    night = Night(n=16, step=6.0)
    dx, dy = estimate_drift([night.frame(k) - np.float32(SKY) for k in range(16)])
    np.testing.assert_allclose(dx - dx[0], night.dx - night.dx[0], atol=4.0)
    np.testing.assert_allclose(dy - dy[0], night.dy - night.dy[0], atol=4.0)


def test_a_pattern_survives_its_file(night, tmp_path):
    found = night[1]
    found.save(tmp_path / "p.fits")
    again = Pattern.load(tmp_path / "p.fits")
    np.testing.assert_array_equal(again.data, found.data)
    np.testing.assert_array_equal(again.variance, found.variance)
    assert (again.n_frames, again.drift_px) == (found.n_frames, found.drift_px)
    (tmp_path / "q.fits").write_text("no")
    with pytest.raises(InputError):
        Pattern.load(tmp_path / "q.fits")


def test_hatp32_gives_the_pattern_that_was_measured_by_hand(shared_data):
    headers = [
        header(path, (500, 650), saturation=4095.0, guesses=("gain: none",))
        for path in sorted((shared_data / "hatp32").glob("*.FITS"))
    ]
    found = pattern_map(pattern_frames([(h, Chosen()) for h in headers]), fwhm_px=2.8)
    assert found.n_frames == 142
    assert found.drift_px == pytest.approx(274.0, abs=15.0)
    assert 1200 < np.count_nonzero(found.data > 5) < 1600
    assert 240 < np.count_nonzero(found.data > 20) < 270
    frame = headers[70]
    before = reduce(frame, read_raw(frame), Chosen(), cosmic=False).data
    after = reduce(frame, read_raw(frame), Chosen(), pattern=found, cosmic=False).data

    hot = (found.data > 20)[1:-1, 1:-1]

    def standing_out(data):
        around = np.median([data[:-2, 1:-1], data[2:, 1:-1], data[1:-1, :-2], data[1:-1, 2:]], axis=0)
        return np.median((data[1:-1, 1:-1] - around)[hot])

    assert standing_out(before) > 25
    assert abs(standing_out(after)) < 1.0
