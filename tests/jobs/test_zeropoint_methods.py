"""Methods, terms and versions of zero points; frames that join; what cannot be calibrated."""

from __future__ import annotations

import numpy as np
import pytest
from zeropoint_store import Sky, add_frame, add_objects, add_reference, new_store, pixels, random_sky

from photdb.errors import CalibrationError, UsageError
from photdb.jobs import zeropoint, zeropoint_versions
from photdb.jobs.zeropoint import Selection, ZeropointSettings
from photdb.jobs.zeropoint_solve import FEW_STARS, NONE_MADE, seasons


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(21)


@pytest.fixture
def db():
    with new_store() as store:
        yield store


def active(db, aperture: int = 0) -> dict[int, dict]:
    sql = "SELECT * FROM zeropoint_active WHERE aperture_id = $aperture ORDER BY frame_id"
    return {r["frame_id"]: r for r in db.rows(sql, {"aperture": aperture}).dicts()}


def night(db, rng, sky: Sky, first: int, n: int, **words) -> np.ndarray:
    """Add frames; return their true zero points."""
    zp = 23 + rng.normal(0, 0.05, n)
    for k in range(n):
        add_frame(db, rng, sky, first + k, zp[k], **words)
    return zp


def field(db, rng, n: int = 100, *, noise: float = 0.0, **words) -> Sky:
    """Add a field with its catalogue."""
    sky = random_sky(rng, n)
    add_reference(db, sky, sky.mag + rng.normal(0, noise, n), **words)
    add_objects(db, sky)
    return sky


def add_colours(db, sky: Sky, colour: np.ndarray) -> None:
    """Add g and i, so that r has a colour g-i."""
    for source, (r, c) in enumerate(zip(sky.mag, colour, strict=True)):
        for band, mag in (("g", r + 0.6 * c), ("i", r - 0.4 * c)):
            db.insert("refmag", [{"catalog": "gaiaxp", "source_id": source, "band": band, "mag": mag, "mag_err": 0.01,
                                  "mag_system": "AB", "is_good": True}])  # fmt: skip


@pytest.mark.parametrize("method", ["catalogue", "frame", "ubercal", "pp"])
def test_every_method_finds_the_zero_points(db, rng, method):
    sky = field(db, rng, noise=0.01)
    zp = night(db, rng, sky, 1, 6)
    zeropoint.calibrate_store(db, settings=ZeropointSettings(method=method))
    found = active(db)
    assert [r["zp"] for r in found.values()] == pytest.approx(list(zp), abs=0.015 if method == "pp" else 0.006)
    assert db.one("SELECT method FROM calibration") == method
    assert all(r["limit_3_mag"] - r["limit_mag"] == pytest.approx(2.5 * np.log10(5 / 3)) for r in found.values())


def test_the_error_of_pp_is_its_own(db, rng):
    sky = field(db, rng, noise=0.02)
    night(db, rng, sky, 1, 2)
    zeropoint.calibrate_store(db, settings=ZeropointSettings(method="pp", min_stars=30))
    for row in active(db).values():
        assert row["n_star"] >= 30
        assert 0.01 < row["zp_err"] < 0.06  # scatter and errors together, not that of the mean
        assert row["colour_term"] is None


def test_a_zero_point_may_be_given(db, rng):
    sky = field(db, rng)
    night(db, rng, sky, 1, 2)
    zeropoint.calibrate_store(db, settings=ZeropointSettings(method="manual", zp=(25.3, 0.02)), force=True)
    for row in active(db).values():
        assert (row["zp"], row["zp_err"], row["mag_system"], row["n_star"], row["flag"]) == (25.3, 0.02, "AB", 0, 0)
        assert row["limit_mag"] == pytest.approx(25.3 - 2.5 * np.log10(5 * 2.0))


def test_magnitudes_may_be_left_instrumental(db, rng):
    sky = field(db, rng)
    night(db, rng, sky, 1, 2)
    done = zeropoint.calibrate_store(db, settings=ZeropointSettings(method="instrumental"), force=True)
    assert {(r["zp"], r["mag_system"], r["flag"]) for r in active(db).values()} == {(0.0, "instrumental", 0)}
    assert done.lines == ("r: 2 frames left instrumental",)


def test_a_map_over_the_detector_is_found_and_stored(db, rng):
    sky = field(db, rng, 300)

    def response(x):
        return 10 ** (-0.4 * 0.2 * ((2 * x / 999 - 1) ** 2 - 1 / 3))

    for k, shift in enumerate((-100.0, 0.0, 100.0, 50.0)):
        x = pixels(sky, np.arange(300), shift)[0]
        seen = np.flatnonzero((x > 0) & (x < 999))
        add_frame(db, rng, sky, k + 1, 23.0, stars=seen, shift=shift, response=response)
    zeropoint.calibrate_store(db, settings=ZeropointSettings(spatial=2))
    for aperture in (0, 1, -1):
        for row in active(db, aperture).values():
            assert len(row["zp_map"]) == 5
            assert row["zp_map"][2] == pytest.approx(-0.2, abs=0.02)  # u^2
    # the magnitude of a star does not depend on where it fell
    scatter = db.one("SELECT median(s) FROM (SELECT stddev(mag) AS s FROM lightcurve WHERE mag < 15 GROUP BY object_id "
                     "HAVING count(*) = 4)")  # fmt: skip
    assert scatter < 0.02


def test_a_magnitude_term_is_found(db, rng):
    sky = field(db, rng, 200)
    for k in range(4):
        flux = 10 ** (-0.4 * (sky.mag + 0.02 * (sky.mag - 14) - 23.0))
        add_frame(db, rng, sky, k + 1, 23.0, fluxes=flux)
    zeropoint.calibrate_store(db, settings=ZeropointSettings(magnitude_term=True))
    row = active(db)[1]
    assert row["mag_pivot"] == 14.0
    assert row["mag_term"] == pytest.approx(-0.02 / 1.02, abs=0.003)
    off = db.one(
        "SELECT max(abs(l.mag - m.mag)) FROM lightcurve AS l "
        "JOIN refmag AS m ON m.source_id = l.object_id - 1 WHERE l.flux > 50 * l.flux_err"
    )
    assert off < 0.01


def test_the_whole_star_is_brighter_than_its_largest_aperture(db, rng):
    sky = field(db, rng)
    add_frame(db, rng, sky, 1, 23.0, aper_radius_px=[1.7, 3.3])
    db.execute("UPDATE detection_hot SET aper_flux = [0.8 * flux, 0.95 * flux], aper_flux_err = [flux_err, flux_err]")
    zeropoint.calibrate_store(db)
    whole, largest = active(db, -3)[1], active(db, 2)[1]
    assert 0.0 < whole["zp"] - largest["zp"] < 0.2
    assert whole["limit_mag"] is None


def test_seasons_part_where_no_frame_was_taken_for_four_months():
    assert seasons(np.array([60000.0, 60001, 60119, 60240, 60500])).tolist() == [0, 0, 0, 1, 2]
    assert seasons(np.array([60500.0, 60000.0])).tolist() == [1, 0]


def test_each_season_has_its_own_colour_term(db, rng):
    sky = field(db, rng, 200)
    colour = rng.normal(0.9, 0.5, 200)
    add_colours(db, sky, colour)
    for k in range(8):
        term = 0.05 if k < 4 else -0.02
        seen = Sky(sky.ra, sky.dec, sky.mag + term * (colour - 0.8))
        add_frame(db, rng, seen, k + 1, 25.0, year=2024.1 if k < 4 else 2025.9, night=k // 4)
    zeropoint.calibrate_store(db)
    terms = [r["colour_term"] for r in active(db).values()]
    assert terms == pytest.approx([-0.05] * 4 + [0.02] * 4, abs=0.004)
    assert [r["zp"] for r in active(db).values()] == pytest.approx([25.0] * 8, abs=0.003)
    assert [r["zp"] for r in active(db, 1).values()] == pytest.approx([25.0 + 2.5 * np.log10(0.9)] * 8, abs=0.003)


def test_new_frames_join_a_global_solution_that_is_held_fast(db, rng):
    sky = field(db, rng, 150, noise=0.03)
    first = night(db, rng, sky, 1, 8)
    zeropoint.calibrate_store(db, settings=ZeropointSettings(method="ubercal"))
    before = {k: r["zp"] for k, r in active(db).items()}
    level = np.mean(list(before.values()) - first)
    some = np.arange(0, 150, 3)  # fewer stars: by themselves they would have another level
    second = night(db, rng, sky, 11, 4, night=1, stars=some)
    zeropoint.calibrate(db, frame_ids=range(11, 15), run_id=99)
    after = active(db)
    assert {k: after[k]["zp"] for k in before} == before
    assert [after[k]["zp"] for k in range(11, 15)] == pytest.approx(list(second + level), abs=0.003)
    assert db.one("SELECT method FROM calibration ORDER BY cal_id DESC LIMIT 1") == "ubercal"


def test_new_frames_are_calibrated_as_those_of_their_band_are(db, rng):
    sky = field(db, rng)
    add_colours(db, sky, rng.normal(0.9, 0.5, 100))
    night(db, rng, sky, 1, 4)
    asked = ZeropointSettings(method="frame", colour="g-r", select=Selection(snr=30.0))
    zeropoint.calibrate_store(db, settings=asked)
    night(db, rng, sky, 11, 2, night=1)
    zeropoint.calibrate(db, frame_ids=[11, 12], run_id=99)
    assert {r["colour"] for r in active(db).values()} == {"g-r"}
    kept = db.one("SELECT settings FROM calibration ORDER BY cal_id DESC LIMIT 1")
    assert '"method": "frame"' in kept
    assert '"snr": 30.0' in kept


def test_one_star_in_ten_is_kept_back_where_there_are_fifty(db, rng):
    sky = field(db, rng, 200, noise=0.01)
    night(db, rng, sky, 1, 4)
    zeropoint.calibrate_store(db)
    n_held = db.one("SELECT count(*) FROM refstar WHERE is_held(source_id)")
    assert 10 <= n_held <= 30
    assert {r["n_star"] for r in active(db).values()} <= set(range(200 - n_held - 25, 200 - n_held + 1))
    (row,) = db.rows("SELECT * FROM calibration_quality").dicts()
    assert row["is_held"]
    assert row["repeatability"] < 0.02


def test_a_worse_run_is_kept_and_not_used_without_force(db, rng):
    sky = field(db, rng, 200, noise=0.01)
    night(db, rng, sky, 1, 6)
    zeropoint.calibrate_store(db)
    by_hand = ZeropointSettings(method="manual", zp=(25.0, 0.1))
    worse = zeropoint.calibrate_store(db, settings=by_hand)
    assert isinstance(worse.refused, CalibrationError)
    assert {r["cal_id"] for r in active(db).values()} == {1}
    assert zeropoint.calibrate_store(db, settings=by_hand, force=True).n_active == 6
    assert {r["cal_id"] for r in active(db).values()} == {3}


def test_a_run_may_be_looked_at_before_it_is_used(db, rng):
    sky = field(db, rng)
    night(db, rng, sky, 1, 3)
    zeropoint.calibrate_store(db)
    done = zeropoint.calibrate_store(db, settings=ZeropointSettings(method="frame"), activate=False, note="a try")
    assert {r["cal_id"] for r in active(db).values()} == {1}
    assert db.one("SELECT note FROM calibration WHERE cal_id = $c", c=done.cal_id) == "a try"
    zeropoint_versions.activate(db, done.cal_id, force=True)
    assert {r["cal_id"] for r in active(db).values()} == {done.cal_id}


# --- bad input ---


def test_a_band_no_catalogue_has_is_relative_and_a_single_frame_of_it_instrumental(db, rng):
    sky = field(db, rng)
    for k in (1, 2):
        add_frame(db, rng, sky, k, 23.0, band="Wratten_21")
    add_frame(db, rng, sky, 3, 23.0, band="Wratten_58")
    zeropoint.calibrate(db, frame_ids=[1, 2, 3], run_id=1)
    found = active(db)
    assert [r["mag_system"] for r in found.values()] == ["relative", "relative", "instrumental"]
    assert found[3]["reason"] == "no reference stars in band Wratten_58, and no other frame shares its stars"
    assert found[3]["flag"] == NONE_MADE


def test_a_field_no_catalogue_covers_is_said(db, rng):
    field(db, rng)
    far = random_sky(rng, 50, centre=(200.0, -60.0))
    add_objects(db, far, first=1000)
    add_frame(db, rng, far, 1, 23.0, first=1000)
    with pytest.raises(CalibrationError, match="r: 1 frame left instrumental: no reference stars"):
        zeropoint.calibrate_store(db)
    assert active(db)[1]["mag_system"] == "instrumental"


@pytest.mark.parametrize("method", ["catalogue", "frame", "ubercal", "pp"])
def test_a_frame_of_two_stars_beside_good_ones_is_flagged_and_none_is_lost(db, rng, method):
    sky = field(db, rng, noise=0.01)
    night(db, rng, sky, 1, 4)
    add_frame(db, rng, sky, 5, 23.0, stars=np.array([3, 4]))
    zeropoint.calibrate_store(db, settings=ZeropointSettings(method=method))
    found = active(db)
    assert sorted(found) == [1, 2, 3, 4, 5]
    assert found[5]["flag"] & FEW_STARS or found[5]["flag"] == NONE_MADE
    assert found[5]["reason"]
    assert [found[k]["flag"] for k in range(1, 5)] == [0] * 4


@pytest.mark.parametrize("method", ["catalogue", "frame", "ubercal", "pp"])
def test_a_frame_whose_stars_are_all_saturated_has_a_row_with_the_reason(db, rng, method):
    sky = field(db, rng)
    night(db, rng, sky, 1, 3)
    add_frame(db, rng, sky, 4, 23.0, flags=np.full(100, 4))
    zeropoint.calibrate_store(db, settings=ZeropointSettings(method=method))
    assert active(db)[4]["flag"] == NONE_MADE
    assert "100 reference stars, none usable: 100 saturated, truncated or incomplete" in active(db)[4]["reason"]
    assert len(active(db)) == 4


def test_reference_magnitudes_without_errors_and_without_a_number_do_no_harm(db, rng):
    sky = field(db, rng)
    db.execute("UPDATE refmag SET mag_err = NULL WHERE source_id < 30")
    db.execute("UPDATE refmag SET mag_err = 0 WHERE source_id BETWEEN 30 AND 60")
    db.execute("UPDATE refmag SET mag = 'nan'::DOUBLE WHERE source_id BETWEEN 90 AND 95")
    zp = night(db, rng, sky, 1, 3)
    for method in ("catalogue", "frame", "pp", "ubercal"):
        zeropoint.calibrate_store(db, settings=ZeropointSettings(method=method), force=True)
        assert [r["zp"] for r in active(db).values()] == pytest.approx(list(zp), abs=0.01), method


def test_a_colour_that_no_catalogue_gives_is_no_term(db, rng):
    sky = field(db, rng)
    night(db, rng, sky, 1, 3)
    zeropoint.calibrate_store(db, settings=ZeropointSettings(colour_term="shared", colour="J-H"))
    assert {(r["colour"], r["colour_term"]) for r in active(db).values()} == {(None, None)}
    with pytest.raises(UsageError):
        zeropoint.calibrate_store(db, settings=ZeropointSettings(colour="g-nonsense"))
