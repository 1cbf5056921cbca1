import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_frames import header, lowell, write

from photdb.errors import CalibrationError, InputError
from photdb.ingest.combine import combine, input_variances
from photdb.ingest.frame_header import Section
from photdb.ingest.image import read_raw
from photdb.ingest.masters import Master, choose_masters, dark_scale, group_calibrations, make_master
from photdb.ingest.overscan import overscan_level, subtract_overscan
from photdb.ingest.pattern import Pattern
from photdb.ingest.reduction import Chosen, reduce

GAIN, READ_NOISE = 2.0, 8.0
SHAPE = (240, 320)


def flat_of(shape=SHAPE):
    """Vignetting, pixel-to-pixel response and one dead pixel."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[: shape[0], : shape[1]]
    r2 = ((x - shape[1] / 2) / shape[1]) ** 2 + ((y - shape[0] / 2) / shape[0]) ** 2
    response = (1.0 - 0.8 * r2) * rng.normal(1.0, 0.01, shape)
    response[50, 60] = 0.1
    return response / np.median(response)


class Camera:
    """A CCD of known bias, dark current and response; electrons in, counts out."""

    def __init__(self, seed=1):
        self.rng = np.random.default_rng(seed)
        self.bias = 1000.0 + np.linspace(-20, 20, SHAPE[1])[None, :] + np.random.default_rng(3).normal(0, 3, SHAPE)
        self.dark = np.random.default_rng(4).gamma(2.0, 0.15, SHAPE)  # e-/s
        self.dark[100, 100] = 40.0
        self.response = flat_of()

    def expose(self, photons, exptime_s):
        """Counts for `photons` electrons a pixel at response 1."""
        mean = photons * self.response + self.dark * exptime_s
        electrons = self.rng.poisson(mean) + self.rng.normal(0, READ_NOISE, SHAPE)
        return np.round(electrons / GAIN + self.bias + self.rng.uniform(-0.5, 0.5, SHAPE))

    def calibrations(self, folder, n=7, dark_s=60.0):
        """Headers of n biases, darks and flats of several levels."""
        found = []
        for i in range(n):
            found.append(write(folder / f"bias{i}.fits", self.expose(0.0, 0.0), "bias"))
            found.append(write(folder / f"dark{i}.fits", self.expose(0.0, dark_s), "dark", exptime_s=dark_s))
            flat = self.expose((20_000.0, 40_000.0, 60_000.0)[i % 3], 3.0)
            found.append(write(folder / f"flat{i}.fits", flat, "flat", exptime_s=3.0))
        return found


def build(headers):
    masters = []
    for group in group_calibrations(headers):
        masters.append(make_master(group, masters))
    return masters


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    folder = tmp_path_factory.mktemp("camera")
    camera = Camera()
    return camera, build(camera.calibrations(folder)), folder


# masters ------------------------------------------------------------------------------------------------------------


def test_masters_recover_bias_dark_and_response_within_their_own_errors(camera):
    truth, (bias, dark, flat), _ = camera
    for master, expected in ((bias, truth.bias), (dark, truth.dark * 60.0 / GAIN), (flat, truth.response)):
        good = ~master.bad
        noise = master.variance + (bias.variance if master is dark else 0.0)
        scale = np.median(expected[good] / master.data[good]) if master is flat else 1.0
        pull = ((master.data * scale - expected) / np.sqrt(noise))[good]
        assert abs(pull.mean()) < 0.05, master.kind
        assert pull.std() == pytest.approx(1.0, abs=0.06), master.kind


def test_hot_and_dead_pixels_are_found_and_little_else(camera):
    _, (bias, dark, flat), _ = camera
    assert dark.bad[100, 100]
    assert flat.bad[50, 60]
    assert all(int(master.bad.sum()) <= most for master, most in ((bias, 1), (dark, 3), (flat, 3)))  # noise has its own


def test_a_cosmic_ray_in_one_input_leaves_no_trace(tmp_path):
    rng = np.random.default_rng(0)
    frames = [np.round(rng.normal(1000, 4, (60, 60))) for _ in range(5)]
    frames[2][30, 30:40] += 500.0
    (bias,) = build([write(tmp_path / f"{i}.fits", f, "bias") for i, f in enumerate(frames)])
    assert np.abs(bias.data[30, 30:40] - 1000.0).max() < 4 * 4 / 2
    assert bias.variance[30, 35] < 2 * np.median(bias.variance)


def test_of_two_frames_that_disagree_the_lower_stays():
    stack = np.random.default_rng(0).normal(100, 1, (2, 50, 50)).astype(np.float32)
    stack[0, 10, 10] += 1000.0
    mean, _ = combine(stack, kappa=4.0, expected=np.ones_like, by_noise=False)
    assert mean[10, 10] < 105.0


def test_a_stack_in_a_scratch_file_gives_the_same_master(tmp_path):
    headers = Camera(2).calibrations(tmp_path, n=3)
    (group, *_) = group_calibrations(headers)
    in_memory = make_master(group)
    on_disk = make_master(group, scratch=tmp_path, memory_mb=0)
    np.testing.assert_array_equal(on_disk.data, in_memory.data)
    np.testing.assert_array_equal(on_disk.variance, in_memory.variance)
    assert not list(tmp_path.glob("*.tmp"))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0.5, 8.0), min_size=3, max_size=6), st.integers(0, 1000))
def test_the_noise_of_each_input_is_told_apart(sigmas, seed):
    rng = np.random.default_rng(seed)
    stack = np.array([rng.normal(50.0, s, (120, 120)) for s in sigmas], np.float32)
    found = np.sqrt(input_variances(stack))
    loudest = max(sigmas)
    floor = np.sqrt(0.05 * np.mean(np.square(sigmas)))  # no frame is believed to be better than that
    np.testing.assert_allclose(
        found, np.maximum(sigmas, floor), atol=0.08 * loudest + 0.25 * loudest * (len(sigmas) == 3)
    )


def test_saturated_and_faint_flats_are_dropped_with_a_word(tmp_path):
    levels = {"good1": 20_000, "good2": 25_000, "good3": 30_000, "faint": 500, "burnt": 58_000}
    rng = np.random.default_rng(0)
    headers = [
        write(tmp_path / f"{k}.fits", rng.normal(v, np.sqrt(v), (64, 64)), "flat", overscan=None)
        for k, v in levels.items()
    ]
    (flat,) = build(headers)
    assert [name[-10:] for name in flat.inputs] == ["good1.fits", "good2.fits", "good3.fits"]
    assert any("faint.fits: this flat has 500 ADU" in text for text in flat.warnings)
    assert any("burnt.fits" in text for text in flat.warnings)


def test_the_gain_is_measured_from_the_flats_and_a_wrong_one_told(camera, tmp_path):
    assert camera[1][2].settings["gain_measured"] == pytest.approx(GAIN, rel=0.02)
    assert not any("gain" in text for text in camera[1][2].warnings)
    rng = np.random.default_rng(6)
    frames = [np.round(rng.poisson(3.6 * level, (256, 256)) / 3.6) for level in (20_000, 24_000, 30_000)]
    (flat,) = build([write(tmp_path / f"{i}.fits", f, "flat", gain=4.95) for i, f in enumerate(frames)])
    assert flat.settings["gain_measured"] == pytest.approx(3.6, rel=0.02)
    assert any("photon noise of these flats says a gain of 3.6" in text and "4.95" in text for text in flat.warnings)


def test_no_usable_frame_is_an_error_that_names_the_first_reason(tmp_path):
    headers = [write(tmp_path / "a.fits", np.linspace(100, 200, 4096).reshape(64, 64), "flat")]
    with pytest.raises(CalibrationError, match=r"none of its 1 frames can be used .*a\.fits"):
        build(headers)


def test_a_master_survives_its_file_and_a_strange_file_is_refused(camera, tmp_path):
    dark = camera[1][1]
    dark.save(tmp_path / "m" / "dark.fits")
    again = Master.load(tmp_path / "m" / "dark.fits")
    for name in Master.__slots__:
        np.testing.assert_array_equal(getattr(again, name), getattr(dark, name), err_msg=name)
    assert again.name == dark.name
    assert [p.name for p in (tmp_path / "m").iterdir()] == ["dark.fits"]
    other = write(tmp_path / "other.fits", np.ones((5, 5)) * [1, 2, 3, 4, 5])
    with pytest.raises(InputError, match=r"other\.fits: not a file that photdb wrote"):
        Master.load(other.path)


# choosing -----------------------------------------------------------------------------------------------------------


def made(kind, **changes):
    fields = {"detector": "test", "binning": (1, 1), "section": (0, 4, 0, 4), "exptime_s": None, "filter": None}
    plane = np.zeros((4, 4), np.float32)
    fields |= {"night": "2026-01-01", "data": plane, "variance": plane, "bad": plane > 0, "n_inputs": 5, "inputs": ()}
    return Master(kind=kind, **(fields | changes))


def test_a_flat_of_another_filter_is_never_used_and_the_user_told(tmp_path):
    light = header(tmp_path / "a", (4, 4), filter="VR")
    chosen = choose_masters(light, [made("bias"), made("flat", filter="V")])
    assert chosen.flat is None
    assert chosen.warnings == ("no flat in VR for test (flats in V are not used for it)",)


@pytest.mark.parametrize("change", [{"detector": "other"}, {"binning": (2, 2)}, {"section": (1, 4, 0, 4)}])
def test_masters_of_another_detector_binning_or_trim_are_not_used(tmp_path, change):
    assert choose_masters(header(tmp_path / "a", (4, 4)), [made("bias", **change)]).bias is None


def test_the_nearest_night_is_chosen_and_an_old_one_warned_about(tmp_path):
    light = header(tmp_path / "a", (4, 4), night="2026-03-01")
    nights = ("2025-12-01", "2026-01-01", "2026-06-01")
    chosen = choose_masters(light, [made("bias", night=n) for n in nights])
    assert chosen.bias.night == "2026-01-01"
    assert "of 2026-01-01, this frame of 2026-03-01" in chosen.warnings[0]


def test_a_dark_of_the_same_exposure_comes_before_a_nearer_one_that_must_be_scaled(tmp_path):
    light = header(tmp_path / "a", (4, 4), exptime_s=120.0)
    same = made("dark", exptime_s=120.0, night="2025-12-20", bias_subtracted=True)
    near = made("dark", exptime_s=60.0, bias_subtracted=True)
    assert choose_masters(light, [made("bias"), near, same]).dark is same
    assert choose_masters(light, [made("bias"), near]).dark is near
    assert dark_scale(near, 120.0) == 2.0


def test_a_dark_with_its_bias_in_serves_its_own_exposure_only_and_replaces_the_bias(tmp_path):
    whole = made("dark", exptime_s=60.0)
    bias = made("bias")
    chosen = choose_masters(header(tmp_path / "a", (4, 4), exptime_s=60.0), [whole, bias])
    assert (chosen.dark, chosen.bias) == (whole, None)
    chosen = choose_masters(header(tmp_path / "a", (4, 4), exptime_s=61.0), [whole, bias])
    assert (chosen.dark, chosen.bias) == (None, bias)


def test_calibrations_are_grouped_biases_first(tmp_path):
    kinds = [("flat", "B", 3.0), ("dark", None, 60.0), ("flat", "V", 3.0), ("dark", None, 30.0), ("light", "V", 60.0)]
    headers = [
        header(tmp_path / f"{i}{j}", (4, 4), kind, filter=name, exptime_s=t)
        for i, (kind, name, t) in enumerate([*kinds, ("bias", None, 0.0)])
        for j in range(2)
    ]
    groups = group_calibrations(headers)
    found = [(g.kind, g.filter, g.exptime_s, len(g.headers)) for g in groups]
    assert [g[0] for g in found] == ["bias", "dark", "dark", "flat", "flat"]
    assert ("dark", None, 30.0, 2) in found
    assert ("flat", "V", None, 2) in found


# overscan -----------------------------------------------------------------------------------------------------------


def test_overscan_follows_drift_and_ramp_and_ignores_outliers():
    rng = np.random.default_rng(2)
    rows = np.arange(400)
    level = 1600.0 + 3.0 * np.sin(rows / 60.0) - 1200.0 * np.exp(-rows / 3.5)
    lines = np.round(level[:, None] + rng.normal(0, 1.9, (400, 45)))
    lines[:, -1] -= 600.0  # a last column that is half read, as Lowell's
    lines[200, 10] += 9000.0
    found = overscan_level(lines)
    assert (found - level)[30:].std() < 0.2  # 0.28 without smoothing
    assert np.abs(found - level).max() < 1.5


def test_overscan_above_the_columns_is_used_too():
    raw = np.tile(np.linspace(0, 50, 90, dtype=np.float32), (60, 1)) + 500.0
    level, _ = subtract_overscan(raw, Section(0, 90, 50, 60))
    assert np.abs(raw).max() < 1.0
    assert level == pytest.approx(525.0, abs=1.0)


# reduction ----------------------------------------------------------------------------------------------------------


def test_reduction_is_the_closed_form(tmp_path):
    rng = np.random.default_rng(8)
    raw = np.round(rng.uniform(2000, 3000, (6, 7))).astype(np.float32)
    planes = {k: rng.uniform(0.5, 1.5, (6, 7)).astype(np.float32) for k in ("bias", "dark", "flat", "pattern")}
    noise = {k: rng.uniform(0.01, 0.02, (6, 7)).astype(np.float32) for k in planes}
    none = np.zeros((6, 7), bool)
    common = {"section": (0, 7, 0, 6), "bad": none}
    bias = made("bias", data=planes["bias"], variance=noise["bias"], **common)
    dark = made(
        "dark", data=planes["dark"], variance=noise["dark"], exptime_s=20.0, bias_subtracted=True,
        settings={"bias": bias.name}, **common
    )  # fmt: skip
    flat = made("flat", data=planes["flat"], variance=noise["flat"], filter="R", **common)
    pattern = Pattern(planes["pattern"], noise["pattern"], 100, 50.0)
    frame = header(tmp_path / "a", (6, 7), exptime_s=60.0)
    pixels = reduce(frame, raw.copy(), Chosen(bias, dark, flat), pattern=pattern, cosmic=False)
    b, d, f, p = (planes[k].astype(float) for k in ("bias", "dark", "flat", "pattern"))
    data = (raw - b - 3 * d - p) / f
    variance = (8.0 / 2.0) ** 2 + 4 * noise["bias"] + 9 * noise["dark"] + 3 * d / 2.0 + noise["pattern"]
    np.testing.assert_allclose(pixels.data, data, rtol=1e-6)
    np.testing.assert_allclose(pixels.floor, variance / f**2 + data**2 * noise["flat"] / f**2, rtol=1e-5)
    assert pixels.response is flat.data
    assert pixels.gain_known
    assert (pixels.data.dtype, pixels.floor.dtype, pixels.mask.dtype) == (np.float32, np.float32, np.uint8)


def test_without_masters_the_floor_is_the_read_noise(tmp_path):
    frame = header(tmp_path / "a", (4, 4), guesses=("read_noise: no card, 8 e- assumed",))
    pixels = reduce(frame, np.arange(16, dtype=np.float32).reshape(4, 4), Chosen())
    assert pixels.floor == (8.0 / 2.0) ** 2
    assert pixels.response is None
    assert not pixels.gain_known


def test_masks_of_saturation_missing_values_and_user(tmp_path):
    raw = np.random.default_rng(0).normal(1000, 3, (40, 50)).astype(np.float32)
    raw[5, 6], raw[7, 8] = 60_000.0, np.nan
    user = np.zeros((40, 50), bool)
    user[20, 30] = True
    frame = header(tmp_path / "a", (40, 50), trim=Section(2, 48, 1, 40), overscan=Section(48, 50, 0, 40))
    raw[:, 48:] = 400.0
    pixels = reduce(frame, raw, Chosen(), user_mask=user, cosmic=False)
    assert (pixels.x0, pixels.y0) == (2, 1)
    assert pixels.data.shape == pixels.mask.shape == (39, 46)
    assert {(int(y), int(x)) for y, x in np.argwhere(pixels.mask == 16)} == {(6, 6), (19, 28)}
    assert {(int(y), int(x)) for y, x in np.argwhere(pixels.mask & 4)} == {(y, x) for y in (3, 4, 5) for x in (3, 4, 5)}
    assert np.isfinite(pixels.data).all()
    assert pixels.saturation == 59_600.0
    assert pixels.data[4, 4] >= pixels.saturation


def test_a_mask_or_master_of_another_size_is_refused(tmp_path):
    frame = header(tmp_path / "a", (8, 8))
    raw = np.ones((8, 8), np.float32)
    with pytest.raises(InputError, match="the mask has 5 x 4 pixels"):
        reduce(frame, raw, Chosen(), user_mask=np.zeros((4, 5), bool))
    with pytest.raises(InputError, match="the master bias has 4 x 4 pixels"):
        reduce(frame, raw, Chosen(bias=made("bias")))


@pytest.mark.parametrize(("photons", "exptime_s"), [(0.0, 60.0), (400.0, 60.0), (400.0, 150.0), (20_000.0, 60.0)])
def test_the_noise_of_reduced_pixels_is_what_floor_and_photons_say(camera, photons, exptime_s):
    truth, masters, folder = camera
    pulls = []
    for _ in range(3):
        frame = write(folder / "light.fits", truth.expose(photons, exptime_s), exptime_s=exptime_s)
        pixels = reduce(frame, read_raw(frame), choose_masters(frame, masters))
        good = pixels.mask == 0
        signal = photons / GAIN * np.median(truth.response / masters[2].data)
        photon_variance = signal / (pixels.gain * pixels.response)
        pulls.append(((pixels.data - signal) / np.sqrt(pixels.floor + photon_variance))[good])
    pull = np.concatenate(pulls)
    assert abs(np.median(pull)) < 0.03
    assert pull.std() == pytest.approx(1.0, abs=0.02)


# the Lowell night ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lowell_night(shared_data):
    headers = lowell(shared_data)
    return headers, build(headers)


def test_lowell_masters_are_bias_v_and_vr_flat_kept_apart(lowell_night):
    headers, masters = lowell_night
    assert [(m.kind, m.filter, m.n_inputs) for m in masters] == [("bias", None, 5), ("flat", "V", 1), ("flat", "VR", 5)]
    bias, _, flat = masters
    assert abs(np.median(bias.data)) < 1.0  # the overscan took the 1625 ADU
    assert np.median(flat.data) == pytest.approx(1.0, abs=1e-4)
    chosen = choose_masters(headers[-1], masters)
    assert chosen.flat is flat
    assert not any("0100" in name for name in flat.inputs)
    # AGAIN_01 says 4.95 e-/ADU; every pair of flats says 3.64.
    assert flat.settings["gain_measured"] == pytest.approx(3.64, abs=0.1)
    assert any("AGAIN" in text or "gain of 3.6" in text for text in flat.warnings)


def test_lowell_overscan_and_bias_leave_less_than_an_adu(lowell_night):
    headers, masters = lowell_night
    frame = headers[0]
    left = reduce(frame, read_raw(frame), Chosen(bias=masters[0]), cosmic=False).data
    assert abs(np.median(left)) < 0.3
    assert np.abs(np.median(left[25:], axis=1)).max() < 1.0  # every row but those of the ramp
    assert np.abs(np.median(left, axis=1)).max() < 3.0


def test_lowell_flat_takes_the_vignetting_out(lowell_night):
    headers, masters = lowell_night
    frame = headers[-1]
    with_flat = reduce(frame, read_raw(frame), choose_masters(frame, masters))
    without = reduce(frame, read_raw(frame), Chosen(bias=masters[0]), cosmic=False)

    def unevenness(data):
        boxes = [np.median(data[y : y + 100, x : x + 100]) for y in (60, 600, 1200) for x in (20, 600, 1180)]
        return np.ptp(boxes) / np.median(boxes)

    assert unevenness(without.data) > 0.15
    assert unevenness(with_flat.data) < 0.05
    saturated = (with_flat.mask & 4) > 0
    assert 100 < saturated.sum() < 3000
    full_response = with_flat.response > 0.98
    assert np.count_nonzero((with_flat.data > with_flat.saturation) & full_response & ~saturated) == 0
