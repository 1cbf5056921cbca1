"""Zero points of stores whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from zeropoint_store import MADE_UP, Sky, add_frame, add_objects, add_reference, new_store, pixels, random_sky

from photdb.errors import CalibrationError, InputError, NotFoundError, UsageError
from photdb.jobs import zeropoint, zeropoint_versions
from photdb.jobs.zeropoint import ZeropointSettings
from photdb.jobs.zeropoint_solve import FAR_FROM_OTHERS, FEW_STARS, NONE_MADE


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def db():
    with new_store() as store:
        yield store


def active(db, aperture: int = 0) -> dict[int, dict]:
    sql = "SELECT * FROM zeropoint_active WHERE aperture_id = $aperture ORDER BY frame_id"
    return {r["frame_id"]: r for r in db.rows(sql, {"aperture": aperture}).dicts()}


def values(rows: dict[int, dict], key: str) -> np.ndarray:
    return np.array([r[key] for r in rows.values()], dtype=float)


def wrong(rng, mag: np.ndarray, share: float = 0.03) -> np.ndarray:
    """Return catalogue magnitudes with 0.02 mag noise and some that are wrong by 0.2 to 1 mag."""
    bad = rng.random(len(mag)) < share
    shift = np.where(bad, rng.choice([-1, 1], len(mag)) * rng.uniform(0.2, 1.0, len(mag)), 0.0)
    return mag + rng.normal(0, 0.02, len(mag)) + shift


@pytest.mark.parametrize("n", [8, 30, 300])
def test_zero_points_are_found_within_four_times_their_scatter_over_root_n(db, rng, n):
    sky = random_sky(rng, n)
    add_reference(db, sky, wrong(rng, sky.mag))
    add_objects(db, sky)
    true = 22 + rng.normal(0, 0.05, 12)
    for k, zp in enumerate(true):
        add_frame(db, rng, sky, k + 1, zp)
    zeropoint.calibrate(db, frame_ids=range(1, 13), run_id=1)
    found = active(db)
    error = values(found, "zp") - true
    assert np.all(np.abs(error) < 4 * values(found, "zp_scatter") / np.sqrt(values(found, "n_star")) + 0.003)
    assert np.std(error) < 3 * np.median(values(found, "zp_err"))
    assert {r["mag_system"] for r in found.values()} == {"AB"}
    assert {r["flag"] for r in found.values()} == {0}
    assert set(db.audit()) <= MADE_UP


def test_errors_mean_what_they_say(db, rng):
    sky = random_sky(rng, 150)
    add_reference(db, sky, wrong(rng, sky.mag))
    add_objects(db, sky)
    true = 22 + rng.normal(0, 0.2, 80)
    for k, zp in enumerate(true):
        add_frame(db, rng, sky, k + 1, zp, stars=np.flatnonzero(rng.random(150) < 0.7))
    zeropoint.calibrate(db, frame_ids=range(1, 81), run_id=1)
    found = active(db)
    error = values(found, "zp") - true
    pull = (error - error.mean()) / values(found, "zp_err")
    assert 0.8 < pull.std() < 1.2
    assert abs(error.mean()) < 3 * found[1]["zp_sys"]
    assert 0.02 / np.sqrt(150) < found[1]["zp_sys"] < 0.03 / np.sqrt(150)


def test_every_aperture_has_its_own_zero_point_and_one_that_was_not_measured_has_none(db, rng):
    sky = random_sky(rng, 100)
    add_reference(db, sky, sky.mag)
    add_objects(db, sky)
    for k in (1, 2):
        add_frame(db, rng, sky, k, 22.0)
    zeropoint.calibrate(db, frame_ids=[1, 2], run_id=1)
    zp = {a: active(db, a)[1] for a in (0, -1, 1)}
    assert zp[1]["zp"] - zp[0]["zp"] == pytest.approx(2.5 * np.log10(0.9), abs=1e-3)
    assert zp[-1]["zp"] - zp[0]["zp"] == pytest.approx(2.5 * np.log10(1.05), abs=1e-3)
    assert not active(db, 2)
    assert zp[0]["limit_mag"] == pytest.approx(zp[0]["zp"] - 2.5 * np.log10(5 * 2.0))
    assert zp[-1]["limit_mag"] is None


def test_a_few_wrong_stars_do_not_move_it(db, rng):
    sky = random_sky(rng, 100)
    mag = sky.mag + rng.normal(0, 0.02, 100)
    add_objects(db, sky)
    for k in range(1, 4):
        add_frame(db, rng, sky, k, 22.0)
    add_reference(db, sky, mag)
    zeropoint.calibrate(db, frame_ids=[1, 2, 3], run_id=1)
    right = values(active(db), "zp")
    db.execute("UPDATE refmag SET mag = mag + 3 WHERE source_id < 5")
    zeropoint.calibrate(db, frame_ids=[1, 2, 3], run_id=2)
    assert np.all(np.abs(values(active(db), "zp") - right) < 0.003)


def test_flagged_faint_negative_and_bad_catalogue_stars_are_left_out(db, rng):
    sky = random_sky(rng, 60)
    good = np.ones(60, dtype=bool)
    good[:5] = False
    add_reference(db, sky, sky.mag + np.where(good, 0, -2), good=good)
    add_objects(db, sky)
    flux = 10 ** (-0.4 * (sky.mag - 22.0))
    flags = np.zeros(60, dtype=int)
    for k, bit in enumerate((4, 8, 16, 64)):
        flags[5 + k], flux[5 + k] = bit, flux[5 + k] * 0.3
    flags[9] = 3  # neighbours and deblended are no reason
    flux[10:13] = -5.0
    add_frame(db, rng, sky, 1, 22.0, fluxes=flux, flags=flags)
    zeropoint.calibrate(db, frame_ids=[1], run_id=1)
    found = active(db)[1]
    assert found["zp"] == pytest.approx(22.0, abs=1e-4)
    assert found["n_candidate"] == 60
    assert found["n_star"] == 60 - 5 - 4 - 3 - int(np.sum(flux[13:] < 10 * np.sqrt(0.5 * flux[13:] + 4)))


def test_stars_of_high_proper_motion_are_matched_at_their_frames_date(db, rng):
    sky = random_sky(rng, 40)
    sky = Sky(sky.ra, sky.dec, np.full(40, 13.0), rng.choice([-1000.0, 1000.0], 40), np.full(40, 500.0))
    add_reference(db, sky, sky.mag)
    add_objects(db, sky, year=2025.9)
    add_objects(db, sky, year=2019.4, first=1000)
    add_frame(db, rng, sky, 1, 22.0, year=2025.9)
    add_frame(db, rng, sky, 2, 22.0, year=2019.4, first=1000)
    zeropoint.calibrate(db, frame_ids=[1, 2], run_id=1)
    assert [r["n_candidate"] for r in active(db).values()] == [40, 40]


@pytest.mark.parametrize("centre", [(0.0, -5.0), (10.0, 89.99), (200.0, -89.95)])
def test_poles_and_ra_0_are_like_any_other_place(db, rng, centre):
    angle, radius = rng.uniform(0, 2 * np.pi, 50), rng.uniform(0.001, 0.05, 50)
    dec = centre[1] + radius * np.cos(angle)
    dec = np.where(np.abs(dec) > 90, np.sign(dec) * 180 - dec, dec)
    sky = Sky((centre[0] + radius * np.sin(angle) / np.cos(np.radians(dec))) % 360, dec, rng.uniform(12, 15, 50))
    add_reference(db, sky, sky.mag)
    add_objects(db, sky)
    add_frame(db, rng, sky, 1, 22.0)
    zeropoint.calibrate(db, frame_ids=[1], run_id=1)
    assert active(db)[1]["n_candidate"] == 50


def test_a_star_with_a_comparable_neighbour_in_the_aperture_is_not_used(db, rng):
    sky = random_sky(rng, 40)
    near = Sky(
        np.append(sky.ra, sky.ra[:2]),
        np.append(sky.dec, sky.dec[:2] + 4 / 3600),
        np.append(sky.mag, sky.mag[:2] + np.array([1.0, 4.0])),
    )
    add_reference(db, near, near.mag)
    add_objects(db, sky)
    flux = 10 ** (-0.4 * (sky.mag - 22.0))
    flux[0] *= 1 + 10**-0.4
    add_frame(db, rng, sky, 1, 22.0, fluxes=flux, noise=0.01)
    zeropoint.calibrate(db, frame_ids=[1], run_id=1)
    found = active(db)[1]
    assert (found["n_candidate"], found["n_star"]) == (40, 39)


def test_pointings_without_a_flat_field_are_not_tied_by_the_edge_they_share(db, rng):
    def vignetting(x):
        return 10 ** (-0.4 * 0.5 * np.abs(x - 500) / 500)

    sky = random_sky(rng, 600)
    add_reference(db, sky, sky.mag + rng.normal(0, 0.1, 600))
    add_objects(db, sky)
    x = pixels(sky, np.arange(600), 0.0)[0]
    seen = {0.0: np.flatnonzero(x < 600), 400.0: np.flatnonzero(x > 300)}
    for k in range(6):
        shift = 400.0 if k < 3 else 0.0
        stars = seen[shift]
        add_frame(db, rng, sky, k + 1, 22.0, stars=stars, shift=shift, response=vignetting)
    zeropoint.calibrate(db, frame_ids=range(1, 7), run_id=1)
    together = values(active(db), "zp")
    for k, ids in ((2, [1, 2, 3]), (3, [4, 5, 6])):
        zeropoint.calibrate(db, frame_ids=ids, run_id=k)
    assert np.all(np.abs(values(active(db), "zp") - together) < 0.02)
    assert np.std(together[:3]) < 0.002


def test_two_stars_make_a_zero_point_that_is_flagged(db, rng):
    sky = random_sky(rng, 2)
    add_reference(db, sky, sky.mag)
    add_objects(db, sky)
    add_frame(db, rng, sky, 1, 22.0)
    zeropoint.calibrate(db, frame_ids=[1], run_id=1)
    found = active(db)[1]
    assert found["flag"] == FEW_STARS
    assert found["reason"] == "only 2 stars"
    assert found["zp"] == pytest.approx(22.0, abs=0.05)


def test_a_match_or_two_among_frames_without_any_are_taken_for_chance(db, rng):
    """Frames that were never tied to the sky: two of ten have one reference star each, 0.7 mag off."""
    sky = random_sky(rng, 60)
    one = Sky(sky.ra[:1], sky.dec[:1], sky.mag[:1])
    add_reference(db, one, one.mag + 0.7)
    add_objects(db, sky)
    for k in range(10):
        add_frame(db, rng, sky, k + 1, 22.0, stars=np.arange(60) if k < 2 else np.arange(1, 60))
    zeropoint.calibrate(db, frame_ids=range(1, 11), run_id=1)
    found = active(db)
    assert {r["mag_system"] for r in found.values()} == {"relative"}
    assert found[1]["reason"] == "gaiaxp r: 1 star, maybe by chance"
    assert np.std(values(found, "zp")) < 0.01


def test_the_band_decides_the_catalogue_and_an_unfiltered_band_is_tied(db, rng):
    sky = random_sky(rng, 50)
    add_reference(db, sky, sky.mag, catalog="tycho2", band="VT")
    add_objects(db, sky)
    add_frame(db, rng, sky, 1, 22.0, band="clear", calibrate_as="VT")
    add_frame(db, rng, sky, 2, 22.0, band="clear")
    zeropoint.calibrate(db, frame_ids=[1], run_id=1)
    tied = active(db)[1]
    assert (tied["mag_system"], tied["catalog"], tied["ref_band"], tied["ab_offset"]) == ("tied", "tycho2", "VT", None)
    zeropoint.calibrate(db, frame_ids=[2], run_id=1)
    assert active(db)[2]["mag_system"] == "instrumental"
    zeropoint.calibrate(db, frame_ids=[2], run_id=2, settings=ZeropointSettings(calibrate_as="VT"))
    assert active(db)[2]["mag_system"] == "tied"


def test_frames_of_one_band_are_calibrated_with_the_better_catalogue(db, rng):
    sky = random_sky(rng, 100)
    add_reference(db, sky, sky.mag + 0.1, catalog="apass9")
    add_reference(db, sky, sky.mag, catalog="gaiaxp")
    add_objects(db, sky)
    add_frame(db, rng, sky, 1, 22.0)
    zeropoint.calibrate(db, frame_ids=[1], run_id=1)
    assert active(db)[1]["catalog"] == "gaiaxp"
    zeropoint.calibrate(db, frame_ids=[1], run_id=2, settings=ZeropointSettings(catalog="apass9"))
    assert active(db)[1]["zp"] == pytest.approx(22.1, abs=0.01)


def test_frames_without_a_catalogue_are_relative_to_each_other(db, rng):
    sky = random_sky(rng, 80)
    sky.mag[:3] = 11.0
    add_objects(db, sky)
    true = 22 + rng.normal(0, 0.3, 15)
    for k, zp in enumerate(true):
        add_frame(db, rng, sky, k + 1, zp, band="clear", stars=np.flatnonzero(rng.random(80) < 0.8))
    zeropoint.calibrate(db, frame_ids=range(1, 16), run_id=1)
    found = active(db)
    assert {r["mag_system"] for r in found.values()} == {"relative"}
    error = values(found, "zp") - true
    assert np.std(error) < 0.004
    assert abs(np.median(values(found, "zp"))) < 0.005
    assert all(r["zp_sys"] is None and r["catalog"] is None for r in found.values())


def test_a_new_night_joins_the_relative_system_of_the_old_ones(db, rng):
    sky = random_sky(rng, 80)
    add_objects(db, sky)
    true = 22 + rng.normal(0, 0.3, 20)
    for k, zp in enumerate(true):
        add_frame(db, rng, sky, k + 1, zp, band="clear", night=k // 10)
    zeropoint.calibrate(db, frame_ids=range(1, 11), run_id=1)
    before = active(db)
    zeropoint.calibrate(db, frame_ids=range(11, 21), run_id=2)
    after = active(db)
    assert all(after[k]["zp"] == before[k]["zp"] for k in before)
    error = values(after, "zp") - true
    assert abs(error[:10].mean() - error[10:].mean()) < 0.003


def test_fields_that_share_no_star_are_anchored_each_by_itself(db, rng):
    one, two = random_sky(rng, 50), random_sky(rng, 50, centre=(120.0, -40.0))
    add_objects(db, one)
    add_objects(db, two, first=1000)
    for k in range(4):
        add_frame(db, rng, one, k + 1, 22.0 + 0.1 * k, band="clear")
        add_frame(db, rng, two, k + 11, 25.0 + 0.1 * k, band="clear", first=1000)
    add_frame(db, rng, random_sky(rng, 5), 20, 22.0, band="clear", first=5000)
    zeropoint.calibrate(db, frame_ids=[*range(1, 5), *range(11, 15), 20], run_id=1)
    found = active(db)
    for ids in (range(1, 5), range(11, 15)):
        assert np.allclose([found[k]["zp"] for k in ids], [-0.15, -0.05, 0.05, 0.15], atol=0.01)
    assert found[20]["mag_system"] == "instrumental"
    assert (found[20]["zp"], found[20]["flag"]) == (0.0, NONE_MADE)
    assert "no other frame shares its stars" in found[20]["reason"]


def test_a_frame_left_instrumental_joins_when_the_next_night_shares_its_stars(db, rng):
    sky = random_sky(rng, 50)
    add_objects(db, sky)
    for k, zp in ((1, 22.0), (2, 22.3), (3, 22.1)):
        add_frame(db, rng, sky, k, zp, band="clear")
    zeropoint.calibrate(db, frame_ids=[1], run_id=1)
    assert active(db)[1]["mag_system"] == "instrumental"
    zeropoint.calibrate(db, frame_ids=[2, 3], run_id=2)
    found = active(db)
    assert {r["mag_system"] for r in found.values()} == {"relative"}
    assert found[2]["zp"] - found[1]["zp"] == pytest.approx(0.3, abs=0.01)


def test_a_frame_far_from_the_others_of_its_night_is_flagged(db, rng):
    sky = random_sky(rng, 80)
    add_reference(db, sky, sky.mag)
    add_objects(db, sky)
    for k, zp in enumerate([22.0, 22.02, 21.98, 22.01, 21.4, 22.03]):
        add_frame(db, rng, sky, k + 1, zp, night=k // 3)
    for ids in ([1, 2, 3], [4, 5, 6]):
        zeropoint.calibrate(db, frame_ids=ids, run_id=1)
    found = active(db)
    assert [k for k, r in found.items() if r["flag"]] == [5]
    assert found[5]["flag"] == FAR_FROM_OTHERS
    assert "mag from the median 22.0" in found[5]["reason"]


def test_a_calibration_is_a_version_and_frames_point_at_the_newest(db, rng):
    sky = random_sky(rng, 50)
    add_reference(db, sky, sky.mag)
    add_objects(db, sky)
    for k in (1, 2):
        add_frame(db, rng, sky, k, 22.0)
    first = zeropoint.calibrate_store(db)
    second = zeropoint.calibrate_store(db, frame_ids=[2])
    assert (first.cal_id, second.cal_id) == (1, 2)
    assert {k: r["cal_id"] for k, r in active(db).items()} == {1: 1, 2: 2}
    assert db.one("SELECT count(*) FROM zeropoint WHERE frame_id = 2 AND aperture_id = 0") == 2
    assert [row[0] for row in zeropoint_versions.listing(db).rows()] == [1, 2]
    assert [row[0] for row in zeropoint_versions.frame_zero_points(db, cal_id=2).rows()] == [2]
    assert len(list(zeropoint_versions.frame_zero_points(db).rows())) == 2
    assert db.one("SELECT count(*) FROM activation") == 2
    assert db.one("SELECT count(*) FROM run WHERE command = 'zeropoint' AND state = 'done'") == 2
    assert set(db.audit()) <= MADE_UP


def test_the_nights_of_one_run_are_one_calibration(db, rng):
    sky = random_sky(rng, 50)
    add_reference(db, sky, sky.mag)
    add_objects(db, sky)
    for k in (1, 2):
        add_frame(db, rng, sky, k, 22.0, night=k)
    ids = {zeropoint.calibrate(db, frame_ids=[k], run_id=5).cal_id for k in (1, 2, 2)}
    assert ids == {1}
    assert db.one("SELECT count(*) FROM zeropoint WHERE aperture_id = 0") == 2


def test_a_frame_without_wcs_says_so(db, rng):
    sky = random_sky(rng, 10)
    add_frame(db, rng, sky, 1, 22.0, wcs_kind=None)
    db.execute("UPDATE detection_hot SET object_id = NULL")
    zeropoint.calibrate(db, frame_ids=[1], run_id=1)
    assert active(db)[1]["reason"].startswith("no WCS")


def test_what_cannot_be_calibrated_is_said(db, rng):
    with pytest.raises(InputError, match="no frame to calibrate"):
        zeropoint.calibrate_store(db)
    sky = random_sky(rng, 10)
    add_objects(db, sky)
    add_frame(db, rng, sky, 1, 22.0)
    with pytest.raises(CalibrationError, match="none of 1 frames could be calibrated"):
        zeropoint.calibrate_store(db)
    with pytest.raises(NotFoundError, match="frame 9 is not in the store"):
        zeropoint.calibrate_store(db, frame_ids=[9])
    with pytest.raises(UsageError, match="no reference stars of band 'VT'"):
        zeropoint.calibrate_store(db, settings=ZeropointSettings(calibrate_as="VT"))
    with pytest.raises(UsageError, match="no reference stars of catalogue 'ps1'"):
        zeropoint.calibrate_store(db, settings=ZeropointSettings(catalog="ps1"))


def test_magnitudes_by_a_transformation_say_so_and_carry_what_it_may_be_off_by(db, rng):
    sky = random_sky(rng, 200)
    add_reference(db, sky, sky.mag, catalog="ps1", band="r_ps1")
    db.execute("INSERT INTO refmag SELECT * REPLACE ('g_ps1' AS band, mag + 0.5 AS mag) FROM refmag")
    add_objects(db, sky)
    add_frame(db, rng, sky, 1, 22.0)
    zeropoint.calibrate(db, frame_ids=[1], run_id=1)
    found = active(db)[1]
    assert (found["catalog"], found["ref_band"], found["ref_path"]) == ("ps1", "r", "tonry2012_r")
    # r of SDSS is r_ps1 - 0.001 + 0.004 (g-r) + 0.007 (g-r)^2, Tonry et al. 2012, table 6
    assert found["zp"] == pytest.approx(22.0 - 0.001 + 0.004 * 0.5 + 0.007 * 0.25, abs=0.003)
    assert found["zp_sys"] >= 0.02
