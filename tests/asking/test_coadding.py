"""The mean of the fluxes of a light curve: as the arithmetic on arrays has it, and of a star that no frame shows."""

import shutil

import numpy as np
import pytest
from forced_store import NOTHING, forced_store
from stores import N_FRAMES, STAR, ZP, band_of

from photdb import query
from photdb.asking.coadding import coadded
from photdb.errors import UsageError
from photdb.photometry.coadd import coadd
from photdb.store.database import Database

#: Flux of the star in units of the noise of the shallowest frame, which no frame shows at five sigma.
FLUX = 5.0
G_FRAMES = [i for i in range(1, N_FRAMES + 1) if band_of(i) == "g"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Target 2 is a star of 5 ADU/s, in frames of which each has a noise and a zero point of its own."""
    path = forced_store(tmp_path_factory.mktemp("coadd") / "coadd.duckdb")
    rng = np.random.default_rng(11)
    with Database.open(path, read_only=False) as db:
        for frame_id in range(1, N_FRAMES + 1):
            noise, shift = rng.uniform(1.6, 2.6), rng.uniform(-0.3, 0.3)
            scale = 10 ** (0.4 * shift)  # ADU/s of the same star where the zero point is higher
            db.execute(
                f"UPDATE forced SET flux = $f, flux_err = $e, noise = $n WHERE target_id = {NOTHING} AND frame_id = $i",
                f=scale * (FLUX + noise * rng.normal()), e=scale * 1.05 * noise, n=scale * noise, i=frame_id,
            )  # fmt: skip
            db.execute(
                "UPDATE zeropoint SET zp = zp + $s, limit_mag = limit_mag + $s WHERE frame_id = $i", s=shift, i=frame_id
            )
    with Database.open(path) as db:
        yield db


def curve_of(store, name, **chosen):
    return query.curve_of(store, query.resolve_measured(store, [name]), all_columns=True, **chosen)


def dicts(answer) -> list[dict]:
    names = [c.name for c in answer.columns]
    return [dict(zip(names, row, strict=True)) for row in answer.rows()]


def test_a_star_that_no_frame_shows_is_recovered_from_all_of_them(store):
    points = dicts(curve_of(store, "SN 2017x", band="g", sigma=5))
    assert [p["frame_id"] for p in points] == G_FRAMES
    assert all(p["is_limit"] for p in points)
    (mean,) = dicts(coadded(curve_of(store, "SN 2017x", band="g"), "all"))
    assert (mean["n_point"], mean["n_forced"], mean["is_limit"]) == (6, 6, False)
    assert mean["snr"] > 5
    truth = 3.631e6 * 10 ** (-0.4 * ZP["g"]) * FLUX
    assert abs(mean["flux_mjy"] - truth) < 2.5 * mean["flux_mjy_err"]
    assert abs(mean["mag"] - (ZP["g"] - 2.5 * np.log10(FLUX))) < 2.5 * mean["mag_err"]
    assert mean["mag"] < mean["limit_mag"] < mean["limit_3_mag"]


@pytest.mark.parametrize("by", ["night", "all"])
def test_the_mean_is_that_of_the_arithmetic_on_arrays(store, by):
    points = dicts(curve_of(store, "SN 2017x", band="g"))
    unit = [p["flux_mjy"] / p["flux"] for p in points]
    group = [int(p["mjd_mid"]) if by == "night" else 0 for p in points]
    expected = coadd(
        [p["flux_mjy"] for p in points], [p["flux_mjy_err"] for p in points],
        [p["noise"] * u for p, u in zip(points, unit, strict=True)], group,
    )  # fmt: skip
    found = dicts(coadded(curve_of(store, "SN 2017x", band="g"), by))
    assert [m["n_point"] for m in found] == expected.n.tolist()
    np.testing.assert_allclose([m["flux_mjy"] for m in found], expected.flux, rtol=1e-6)
    np.testing.assert_allclose([m["flux_mjy_err"] for m in found], expected.error, rtol=1e-6)
    np.testing.assert_allclose([m["chi2"] for m in found], expected.chi2, rtol=1e-5)
    limits = 3.631e6 * 10 ** (-0.4 * np.array([m["limit_mag"] for m in found])) / 5
    np.testing.assert_allclose(limits, expected.noise, rtol=1e-6)


def test_noise_that_is_not_in_the_errors_does_not_go_down_with_more_frames(store, tmp_path):
    shutil.copy(store.path, tmp_path / "raw.duckdb")
    with Database.open(tmp_path / "raw.duckdb", read_only=False) as raw:
        raw.execute("UPDATE forced SET noise = 2 * flux_err")
        points = dicts(curve_of(raw, "SN 2017x", band="g"))
        (mean,) = dicts(coadded(curve_of(raw, "SN 2017x", band="g"), "all"))
    unit = np.array([p["flux_mjy"] / p["flux"] for p in points])
    noise = [p["noise"] for p in points] * unit
    expected = coadd([p["flux_mjy"] for p in points], [p["flux_mjy_err"] for p in points], noise)
    assert 3.631e6 * 10 ** (-0.4 * mean["limit_mag"]) / 5 == pytest.approx(expected.noise[0], rel=1e-6)
    assert expected.noise[0] > 0.86 * min(noise)  # sqrt(3) / 2 of it is common to all
    assert mean["snr"] == pytest.approx(mean["flux_mjy"] / expected.noise[0], rel=1e-6)
    assert mean["is_limit"]


def test_negative_fluxes_count(store, tmp_path):
    (before,) = dicts(coadded(curve_of(store, "SN 2017x", band="g"), "all"))
    shutil.copy(store.path, tmp_path / "below.duckdb")
    with Database.open(tmp_path / "below.duckdb", read_only=False) as below:
        below.execute("UPDATE forced SET flux = -flux")
        (after,) = dicts(coadded(curve_of(below, "SN 2017x", band="g"), "all"))
    assert after["n_point"] == before["n_point"]
    assert after["flux_mjy"] == pytest.approx(-before["flux_mjy"])
    assert after["mag"] is None
    assert after["is_limit"]


def test_detections_and_forced_points_are_added_each_frame_once(store):
    both = dicts(coadded(curve_of(store, "HAT-P 99", band="g"), "all"))
    assert [(m["n_point"], m["n_forced"]) for m in both] == [(5, 1)]
    forced = dicts(coadded(curve_of(store, "HAT-P 99", band="g", kind="forced"), "all"))
    assert [(m["n_point"], m["n_forced"]) for m in forced] == [(5, 5)]
    detected = dicts(coadded(query.light_curve(store, STAR, kind="detected", band="g", all_columns=True), "night"))
    assert [(m["n_point"], m["n_forced"]) for m in detected] == [(1, 0), (3, 0)]
    (first, *_) = dicts(query.light_curve(store, STAR, kind="detected", band="g"))
    assert detected[0]["mag"] == pytest.approx(first["mag"])
    assert detected[0]["mag_err"] == pytest.approx(first["mag_err"])


def test_frames_without_a_zero_point_take_no_part_and_words_are_checked(store):
    every = dicts(coadded(curve_of(store, "SN 2017x"), "all"))
    assert {m["band"]: m["n_point"] for m in every} == {"g": 6, "r": 5}
    assert [m["flux_mjy"] is None for m in every] == [False, True]  # relative magnitudes have no mJy
    with pytest.raises(UsageError, match="--coadd 'week'"):
        coadded(curve_of(store, "SN 2017x"), "week")
    meanings = {c.name: c.meaning for c in coadded(curve_of(store, "SN 2017x"), "all").explained}
    assert [name for name, meaning in meanings.items() if not meaning] == ["band", "mag_system"]
