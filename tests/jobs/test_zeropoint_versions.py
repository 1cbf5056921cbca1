"""Calibrations as versions: judged on stars kept back, activated, compared, dropped."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_once import in_memory
from zeropoint_store import MADE_UP, Sky, add_frame, add_objects, add_reference, new_store, random_sky

from photdb import query
from photdb.errors import CalibrationError, NotFoundError
from photdb.jobs import zeropoint
from photdb.jobs import zeropoint_versions as versions
from photdb.jobs.zeropoint import Selection, ZeropointSettings

MANUAL = ZeropointSettings(method="manual", zp=(22.0, 0.01))
N_FRAME = 8


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory) -> tuple[Path, Sky, np.random.Generator]:
    """300 stars in 8 frames of zero points about 22, calibrated with a catalogue of 0.02 mag as calibration 1."""
    rng = np.random.default_rng(11)
    path = tmp_path_factory.mktemp("versions") / "s.duckdb"
    sky = random_sky(rng, 300)
    with new_store(path) as db:
        add_reference(db, sky, sky.mag + rng.normal(0, 0.02, 300))
        add_objects(db, sky)
        for k, zp in enumerate(22 + rng.normal(0, 0.05, N_FRAME)):
            add_frame(db, rng, sky, k + 1, zp, noise=0.5)
        zeropoint.calibrate_store(db)
    return path, sky, rng


@pytest.fixture
def rng(request) -> np.random.Generator:
    is_used = "field" in request.fixturenames
    return deepcopy(request.getfixturevalue("calibrated")[2]) if is_used else np.random.default_rng(11)


@pytest.fixture
def db(request):
    """An empty store, or a copy of the calibrated one for tests of the field."""
    is_calibrated = "field" in request.fixturenames
    with in_memory(request.getfixturevalue("calibrated")[0]) if is_calibrated else new_store() as store:
        yield store


@pytest.fixture
def field(calibrated) -> Sky:
    return calibrated[1]


def copied(db, *, change: str, cal_id: int = 2, where: str = "true") -> int:
    """Make a calibration that is another one with a change of its zero points."""
    db.execute(
        "INSERT INTO calibration BY NAME "
        "SELECT * REPLACE ($cal_id::INTEGER AS cal_id) FROM calibration WHERE cal_id = 1",
        cal_id=cal_id,
    )
    db.execute(
        f"INSERT INTO zeropoint BY NAME SELECT * REPLACE ($cal_id::INTEGER AS cal_id, {change}) FROM zeropoint "
        f"WHERE cal_id = 1 AND {where}",
        cal_id=cal_id,
    )
    return cal_id


def used(db) -> dict[int, int]:
    """The calibration of each frame."""
    return dict(db.rows("SELECT frame_id, cal_id FROM frame_calibration ORDER BY frame_id").rows)


JITTER = "zp + 0.05 * (frame_id % 3) AS zp"  # a frame-to-frame error of 0.04 mag
TILT = "[0.1, 0.1] AS zp_map"  # wrong over the frame, the same in every frame


# --- who is kept back ---


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_every_run_keeps_the_same_stars_back_whatever_their_number(store_of_macros, number):
    held = store_of_macros.one("SELECT is_held($n::BIGINT)", n=number)
    assert held == ((number * 6364136223846793005) % (2**64 - 59) // 2**20 % 10 == 7)


@pytest.fixture(scope="module")
def store_of_macros():
    with new_store() as store:
        yield store


@pytest.mark.parametrize(
    "number",
    [
        "i",
        "2 * i",
        "10 * i + 5",
        "1635721458409799680 + 128 * i",
        "1237645876861272064 + i",
        "2305843009213693952 + 64 * i",
    ],
    ids=["counted", "even", "tens", "Gaia", "SDSS", "cells"],
)
def test_one_star_in_ten_is_kept_back_whatever_the_pattern_of_the_numbers(db, number):
    share = db.one(f"SELECT avg(is_held(({number})::BIGINT)::INTEGER) FROM range(100000) AS t(i)")
    assert share == pytest.approx(0.1, abs=0.003)


# --- quality ---


@pytest.mark.parametrize("n_frame", [3, 4, 5, 12])
def test_the_repeatability_is_the_noise_of_a_measurement_however_few_frames_there_are(db, rng, n_frame):
    sky = random_sky(rng, 1500, width=0.8)
    add_objects(db, sky)
    for k in range(n_frame):
        flux = 10 ** (-0.4 * (sky.mag - 25.0)) * 10 ** (-0.4 * rng.normal(0, 0.010, 1500))
        add_frame(db, rng, sky, k + 1, 25.0, noise=0.5, fluxes=flux)
    zeropoint.calibrate_store(db, settings=MANUAL)
    (row,) = versions.measure_quality(db, 1)
    assert row["repeatability"] == pytest.approx(0.010, rel=0.05)
    assert (row["n_frame"], row["n_star"], row["n_point"]) == (n_frame, 1500, 1500 * n_frame)
    assert not row["is_held"]
    assert row["ref_scatter"] is None


def test_outliers_hardly_move_the_repeatability(db, rng):
    sky = random_sky(rng, 500)
    add_objects(db, sky)
    for k in range(6):
        off = rng.normal(0, 0.010, 500) + np.where(rng.random(500) < 0.03, 0.5, 0.0)
        add_frame(db, rng, sky, k + 1, 25.0, noise=0.5, fluxes=10 ** (-0.4 * (sky.mag - 25.0 + off)))
    zeropoint.calibrate_store(db, settings=MANUAL)
    (row,) = versions.measure_quality(db, 1)
    assert row["repeatability"] == pytest.approx(0.010, rel=0.12)


def test_quality_is_measured_on_stars_that_the_fit_never_used(db, field):
    (row,) = db.rows("SELECT * FROM calibration_quality").dicts()
    held = db.one("SELECT count(*) FROM refstar WHERE is_held(source_id)")
    assert row["is_held"]
    assert 0 < row["n_star"] <= held < 60
    assert row["ref_scatter"] == pytest.approx(0.02, rel=0.5)
    assert abs(row["ref_offset"]) < 0.02
    assert (row["detector"], row["band"], row["n_frame"]) == ("cam", "r", N_FRAME)


def test_faint_flagged_and_negative_measurements_take_no_part(db, field):
    (before,) = versions.measure_quality(db, 1)
    db.execute("UPDATE detection_hot SET flags = 16 WHERE frame_id = 1")
    db.execute("UPDATE detection_hot SET flux = -flux WHERE frame_id = 2")
    db.execute("UPDATE detection_hot SET flux_err = flux / 29 WHERE frame_id = 3")
    (after,) = versions.measure_quality(db, 1)
    assert after["n_frame"] == before["n_frame"] - 3
    assert after["n_point"] < before["n_point"]


def test_a_wrong_catalogue_shows_in_offset_and_scatter_not_in_repeatability(db, field):
    (before,) = versions.measure_quality(db, 1)
    db.execute("UPDATE refmag SET mag = mag + 0.3 + 0.2 * (source_id % 3 % 2)")
    (after,) = versions.measure_quality(db, 1)
    assert after["repeatability"] == before["repeatability"]
    assert after["ref_offset"] == pytest.approx(before["ref_offset"] - 0.4, abs=0.13)
    assert after["ref_scatter"] > 2 * before["ref_scatter"]


def test_the_colour_term_is_applied_where_the_reference_colour_is_known(db, rng):
    sky = random_sky(rng, 400)
    colour = rng.uniform(0, 1.5, 400)
    add_reference(db, sky, sky.mag + 0.2 * (colour - 0.6))
    for band, mag in (("g", sky.mag + colour), ("i", sky.mag)):
        rows = {"band": band, "mag": mag}
        for k in range(400):
            db.insert("refmag", [{"catalog": "gaiaxp", "source_id": k, "band": band, "mag": float(rows["mag"][k]),
                                  "mag_err": 0.01, "mag_system": "AB", "is_good": True}])  # fmt: skip
    add_objects(db, sky)
    for k in range(3):
        add_frame(db, rng, sky, k + 1, 22.0, noise=0.01, fluxes=10 ** (-0.4 * (sky.mag - 22.0)))
    zeropoint.calibrate_store(db, settings=MANUAL)
    db.execute("UPDATE zeropoint SET catalog = 'gaiaxp', ref_band = 'r'")
    (without,) = versions.measure_quality(db, 1)
    db.execute("UPDATE zeropoint SET colour = 'g-i', colour_pivot = 0.6, colour_term = 0.2")
    (corrected,) = versions.measure_quality(db, 1)
    assert without["ref_scatter"] > 0.05
    assert corrected["ref_scatter"] < 1e-4
    assert abs(corrected["ref_offset"]) < 1e-4


def test_measuring_again_replaces_what_was_measured(db, field):
    versions.measure_quality(db, 1)
    versions.measure_quality(db, 1)
    assert db.one("SELECT count(*) FROM calibration_quality") == 1


# --- activation ---


def test_activation_moves_pointers_and_is_remembered_and_goes_back(db, field):
    copied(db, change="zp + 0.001 AS zp")
    before = db.rows("SELECT frame_id, zp FROM zeropoint_active ORDER BY ALL").rows
    done = versions.activate(db, 2)
    assert (done.n_frame, set(used(db).values())) == (N_FRAME, {2})
    assert db.rows("SELECT frame_id, zp FROM zeropoint_active ORDER BY ALL").rows != before
    versions.activate(db, 1)
    assert db.rows("SELECT frame_id, zp FROM zeropoint_active ORDER BY ALL").rows == before
    assert [r[0] for r in db.rows("SELECT cal_id FROM activation ORDER BY activated").rows] == [1, 2, 1]
    assert db.one("SELECT count(*) FROM run WHERE command = 'zeropoint activate' AND state = 'done'") == 2


def test_activating_what_is_used_already_changes_nothing(db, field):
    n = db.one("SELECT count(*) FROM activation")
    assert versions.activate(db, 1).n_frame == 0
    assert db.one("SELECT count(*) FROM activation") == n


def test_only_the_frames_that_are_named_change(db, field):
    copied(db, change="zp + 0.001 AS zp")
    assert versions.activate(db, 2, frame_ids=[2, 3]).n_frame == 2
    assert used(db) == {k: 2 if k in (2, 3) else 1 for k in range(1, N_FRAME + 1)}


def test_a_calibration_that_has_only_some_frames_leaves_the_others_alone(db, field):
    copied(db, change="zp + 0.001 AS zp", where="frame_id < 4")
    versions.activate(db, 2)
    assert used(db) == {k: 2 if k < 4 else 1 for k in range(1, N_FRAME + 1)}


@pytest.mark.parametrize("measured", [True, False])
def test_one_that_repeats_worse_is_refused_with_both_figures(db, field, measured):
    copied(db, change=JITTER)
    if measured:
        versions.measure_quality(db, 2)
    with pytest.raises(CalibrationError, match=r"repeatability [\d.]+ mmag against [\d.]+") as caught:
        versions.activate(db, 2)
    assert "held-back stars" in caught.value.what
    assert "--force" in caught.value.hint
    assert set(used(db).values()) == {1}
    assert db.one("SELECT count(*) FROM activation WHERE cal_id = 2") == 0
    assert db.one("SELECT state FROM run ORDER BY run_id DESC LIMIT 1") == "failed"


def test_one_that_fits_the_catalogue_worse_is_refused(db, field):
    copied(db, change=TILT)
    with pytest.raises(CalibrationError, match=r"scatter to the catalogue [\d.]+ mmag against [\d.]+ now"):
        versions.activate(db, 2)


def test_a_worse_one_is_used_when_it_is_forced_and_the_better_one_comes_back_by_itself(db, field):
    copied(db, change=JITTER)
    assert versions.activate(db, 2, force=True).n_frame == N_FRAME
    done = versions.activate(db, 1)
    assert set(used(db).values()) == {1}
    new, old = done.verdicts[0].repeatability
    assert new < 0.7 * old


def test_too_few_measurements_make_nobody_worse(db, rng):
    sky = random_sky(rng, 9)
    add_reference(db, sky, sky.mag)
    add_objects(db, sky)
    for k in range(3):
        add_frame(db, rng, sky, k + 1, 25.0, noise=0.1)
    zeropoint.calibrate_store(db)
    copied(db, change=JITTER)
    assert db.one("SELECT max(n_point) FROM calibration_quality") == 27
    done = versions.activate(db, 2)
    assert done.n_frame == 3
    assert "nothing to compare by" in done.verdicts[0].line()


def test_a_scatter_to_another_catalogue_says_nothing(db, field):
    copied(db, change=f"{TILT}, 'apass9' AS catalog")
    (verdict,) = versions.against_use(db, 2)
    assert verdict.ref_scatter == (None, None)


def test_frames_that_point_nowhere_are_pointed_even_where_the_others_are_refused(db, field):
    copied(db, change=JITTER)
    db.execute("DELETE FROM frame_calibration WHERE frame_id IN (1, 2)")
    with pytest.raises(CalibrationError, match="2 frames without a calibration use it now"):
        versions.activate(db, 2)
    assert used(db) == {k: 2 if k < 3 else 1 for k in range(1, N_FRAME + 1)}
    assert db.one("SELECT n_frame FROM activation WHERE cal_id = 2") == 2


def test_one_that_would_take_zero_points_away_is_refused(db, field):
    copied(db, change="CASE WHEN frame_id = 5 THEN 'instrumental' ELSE mag_system END AS mag_system")
    with pytest.raises(CalibrationError, match="1 frame would lose the zero point"):
        versions.activate(db, 2)


def test_one_that_would_take_the_tie_to_a_catalogue_away_is_refused_however_well_it_repeats(db, field):
    no_star = ZeropointSettings(select=Selection(mag_lower=1.0, mag_upper=2.0))
    done = zeropoint.calibrate_store(db, settings=no_star)
    assert isinstance(done.refused, CalibrationError)
    assert f"{N_FRAME} frames would be relative only, tied to no catalogue" in str(done.refused)
    assert set(used(db).values()) == {1}
    versions.activate(db, 2, force=True)
    assert {s for (s,) in db.rows("SELECT mag_system FROM zeropoint_active").rows} == {"relative"}
    assert versions.activate(db, 1).n_frame == N_FRAME


def test_what_was_measured_before_says_the_same_as_measuring_now(db, field):
    copied(db, change="zp + 0.002 * (frame_id % 2) AS zp")
    versions.measure_quality(db, 2)
    (quick,) = versions.against_use(db, 2)
    db.execute("DELETE FROM calibration_quality")
    (exact,) = versions.against_use(db, 2)
    assert quick.repeatability == exact.repeatability
    assert quick.ref_scatter == exact.ref_scatter
    assert (quick.n_point, quick.n_star) == (exact.n_point, exact.n_star)


def test_what_was_measured_on_other_frames_is_not_taken(db, field, rng):
    add_frame(db, rng, field, 20, 22.0, noise=0.5)
    zeropoint.calibrate_store(db, frame_ids=[20])
    versions.activate(db, 1)
    copied(db, change=JITTER, cal_id=3, where="frame_id < 5")
    versions.measure_quality(db, 3)
    db.execute("UPDATE calibration_quality SET repeatability = 9 WHERE cal_id = 1")
    with pytest.raises(CalibrationError, match="repeatability"):
        versions.activate(db, 3)


def test_a_calibration_that_is_not_there_says_which_are(db, field):
    for call in (versions.activate, versions.drop, versions.measure_quality):
        with pytest.raises(NotFoundError, match="no calibration 9") as caught:
            call(db, 9)
        assert "there are 1;" in caught.value.hint
    with pytest.raises(NotFoundError, match="none of the 1 frames"):
        versions.activate(db, 1, frame_ids=[99])


def test_a_new_night_leaves_the_pointers_of_the_old_frames_alone(db, field, rng):
    copied(db, change="zp + 0.001 AS zp")
    versions.activate(db, 2, frame_ids=[1, 2, 3])
    before = used(db)
    with db.run("ingest", {}) as run_id:
        for k in (21, 22):
            add_frame(db, rng, field, k, 22.1, night=1, noise=0.5)
        new = zeropoint.calibrate(db, frame_ids=[21, 22], run_id=run_id)
    assert used(db) == before | {21: new.cal_id, 22: new.cal_id}
    assert set(db.audit()) <= MADE_UP


# --- dropping ---


def test_a_calibration_in_use_is_not_dropped_and_says_what_to_do(db, field):
    with pytest.raises(CalibrationError, match="used by 8 frames") as caught:
        versions.drop(db, 1)
    assert "make one first" in caught.value.hint
    copied(db, change="zp + 0.001 AS zp")
    with pytest.raises(CalibrationError) as caught:
        versions.drop(db, 1)
    assert "photdb zeropoint activate 2" in caught.value.hint


def test_a_number_is_never_used_again_and_the_run_stays(db, field):
    second = zeropoint.calibrate_store(db, activate=False)
    runs = db.one("SELECT count(*) FROM run")
    gone = versions.drop(db, second.cal_id)
    assert (gone.cal_id, gone.n_zeropoint > N_FRAME) == (2, True)
    assert db.one("SELECT count(*) FROM zeropoint WHERE cal_id = 2") == 0
    assert db.one("SELECT count(*) FROM run") == runs + 1  # the drop is a run too
    third = zeropoint.calibrate_store(db, activate=False)
    assert third.cal_id == 3
    versions.drop(db, 3)
    assert db.next_id("calibration", "cal_id") == 4
    assert set(db.audit()) <= MADE_UP


# --- comparison ---


def test_a_comparison_finds_the_difference_that_was_made(db, field):
    copied(db, change="zp + 0.030 + 0.004 * (frame_id % 2) AS zp, limit_mag + 0.032 AS limit_mag")
    (row,) = _dicts(versions.compare(db, 1, 2))
    assert row["n_frame"] == N_FRAME
    assert row["zp_diff"] == pytest.approx(0.032, abs=1e-9)
    assert row["zp_diff_scatter"] == pytest.approx(1.4826 * 0.002, abs=1e-9)
    assert row["limit_diff"] == pytest.approx(0.032, abs=1e-9)
    assert row["is_held"]
    (back,) = _dicts(versions.compare(db, 2, 1))
    assert back["zp_diff"] == pytest.approx(-0.032, abs=1e-9)
    for name in ("repeatability", "ref_scatter"):
        assert back[f"{name}_first"] == row[f"{name}_second"]
        assert back[f"{name}_second"] == row[f"{name}_first"]
    frames = _dicts(versions.compare_frames(db, 1, 2))
    assert [f["frame_id"] for f in frames] == list(range(1, N_FRAME + 1))
    assert [round(f["zp_diff"], 6) for f in frames[:2]] == [0.034, 0.030]


def test_both_are_judged_on_the_frames_that_both_have(db, field):
    copied(db, change="zp AS zp", where="frame_id < 5")
    (row,) = _dicts(versions.compare(db, 1, 2))
    assert row["n_frame"] == 4
    assert row["repeatability_first"] == row["repeatability_second"]
    assert row["ref_scatter_first"] == row["ref_scatter_second"]


def test_calibrations_without_a_common_frame_cannot_be_compared(db, field):
    copied(db, change="frame_id + 100 AS frame_id")
    for call in (versions.compare, versions.compare_frames):
        with pytest.raises(NotFoundError, match="no calibrated frame in common"):
            call(db, 1, 2)


# --- answers as another calibration ---


def test_a_light_curve_follows_the_calibration_that_was_asked_for(db, field):
    copied(db, change="zp + 1 AS zp", where="frame_id < 4")

    def curve() -> dict[int, tuple]:
        return {row[1]: row[5:8:2] for row in query.light_curve(db, 1).rows()}

    active = curve()
    db.use_calibration(2)
    other = curve()
    assert all(other[k][0] == pytest.approx(active[k][0] + 1) for k in (1, 2, 3))
    assert {other[k] for k in range(4, N_FRAME + 1)} == {(None, "instrumental")}
    assert db.one("SELECT count(mag) FROM lightcurve WHERE object_id = 1") == 3
    assert query.calibration_note(db, 2, objects=[1]) == (
        "calibration 2 does not have 5 of 8 frames: no magnitudes of these"
    )
    assert query.calibration_note(db, 1) is None
    db.use_calibration(None)
    assert curve() == active
    with pytest.raises(NotFoundError, match="no calibration 7"):
        db.use_calibration(7)


def test_python_users_choose_the_calibration_by_question_or_by_connection(db, field, tmp_path):
    copied(db, change="zp + 1 AS zp")
    path = tmp_path / "s.duckdb"
    db.execute(f"ATTACH '{path}' AS file (STORAGE_VERSION 'v1.5.0')")
    db.execute("COPY FROM DATABASE memory TO file")
    db.execute("DETACH file")
    with query.connect(path) as store:
        first = store.light_curve(object_id=1)["mag"]
        second = store.light_curve(object_id=1, calibration=2)["mag"]
        assert np.allclose(second, first + 1)
        assert store.light_curve(object_id=1)["mag"].to_list() == first.to_list()
        with pytest.raises(NotFoundError, match="no calibration 5"):
            store.light_curve(object_id=1, calibration=5)
    with query.connect(path, calibration=2) as store:
        assert store.light_curve(object_id=1)["mag"].to_list() == second.to_list()
        assert store.light_curve(object_id=1, calibration=1)["mag"].to_list() == first.to_list()
        assert store.sql("SELECT DISTINCT cal_id FROM lightcurve")["cal_id"].to_list() == [2]
    with pytest.raises(NotFoundError, match="no calibration 5"):
        query.connect(path, calibration=5)


# --- audits ---


@pytest.mark.parametrize(
    ("harm", "audit"),
    [
        ("UPDATE calibration SET run_id = 99", "calibration_without_run"),
        ("INSERT INTO frame_calibration VALUES (1, 1)", "pointer_unique"),
        ("DELETE FROM zeropoint WHERE frame_id = 3", "pointer_without_zeropoint"),
        ("UPDATE activation SET cal_id = 5", "activation_without_calibration"),
        ("DELETE FROM calibration", "zeropoint_without_calibration"),
    ],
)
def test_an_audit_finds_the_harm_that_was_done(db, field, harm, audit):
    assert audit not in db.audit()
    db.execute(harm)
    assert audit in db.audit()


def _dicts(answer) -> list[dict]:
    names = [c.name for c in answer.columns]
    return [dict(zip(names, row, strict=True)) for row in answer.rows()]


@pytest.mark.parametrize("chance", range(6))
def test_a_few_stars_that_repeat_differently_by_chance_refuse_nothing(db, chance):
    """Eleven stars are kept back; the zero points change by 4 mmag, below the noise of a measurement."""
    rng = np.random.default_rng(100 + chance)
    sky = random_sky(rng, 110)
    add_reference(db, sky, sky.mag + rng.normal(0, 0.02, 110))
    add_objects(db, sky)
    for k in range(N_FRAME):
        add_frame(db, rng, sky, k + 1, 22.0, noise=0.5)
    zeropoint.calibrate_store(db)
    other = copied(db, change="zp + 0.004 * (frame_id % 3 - 1) AS zp")
    assert versions.activate(db, other).n_frame == N_FRAME
