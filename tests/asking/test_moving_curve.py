"""The light curve of a moving target: predicted and found, distances, times, and what does not count."""

import json
import math
import shutil
from dataclasses import replace

import numpy as np
import pytest
from moving_store import (
    ASTEROID,
    BRIGHT,
    DELTA_AU,
    FAINT_IN,
    FAR_OFF,
    NEAR_STAR,
    OFF_EAST,
    OFF_NORTH,
    R_AU,
    SATURATED,
    TARGET,
    flux_in,
    measured_in,
    moving_store,
    path_at,
)
from stores import N_FRAMES, STAR, mjd_of

from photdb import query
from photdb.asking.moving import COLUMNS, Rejection, drawable, extended, moving_target, rejected_in_words, with_path
from photdb.cli.app import run
from photdb.errors import NotFoundError, UsageError
from photdb.store.database import Database


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return moving_store(tmp_path_factory.mktemp("moving") / "moving.duckdb")


@pytest.fixture(scope="module")
def db(path):
    with Database.open(path) as opened:
        yield opened


def points(db: Database, reject: str | None = None) -> list[dict]:
    curve = extended(db, query.light_curve(db, ASTEROID), ASTEROID, Rejection.of(reject))
    names = [c.name for c in curve.columns]
    return [dict(zip(names, row, strict=True)) for row in curve.rows()]


def test_the_columns_of_the_path_follow_those_of_every_light_curve(db):
    usual = [c.name for c in query.light_curve(db, ASTEROID).columns]
    found = points(db)
    assert [*found[0]] == [*usual, *COLUMNS]
    assert [p["frame_id"] for p in found] == list(range(1, N_FRAMES + 1))
    units = {c.name: c.unit for c in extended(db, query.light_curve(db, ASTEROID), ASTEROID).explained}
    assert (units["residual_ra"], units["r_au"], units["mjd_at_target"], units["mag"]) == ("arcsec", "au", "d", "mag")


def test_the_light_curve_of_a_star_stays_what_it_is(db):
    curve = query.light_curve(db, STAR)
    assert extended(db, curve, STAR) is curve


def test_a_target_that_was_never_detected_has_its_path_too(db):
    assert moving_target(db, -1, TARGET)["name"] == "(5945) Roachapproach"
    assert moving_target(db, STAR, 1) is None  # HAT-P 99 stands still
    curve = replace(query.light_curve(db, STAR), sql=query.light_curve(db, STAR).sql.replace("'detected'", "'forced'"))
    found = extended(db, curve, -1, target_id=TARGET).only(["frame_id", "predicted_ra", "measured_ra", "rejected"])
    for frame_id, predicted, *rest in found.rows():
        assert predicted == pytest.approx(float(path_at(mjd_of(frame_id))[0]), abs=1e-8)
        assert rest == [None, None]


def test_residuals_are_measured_less_predicted_in_arcsec_on_the_sky(db):
    for point in points(db):
        k = point["frame_id"]
        ra, dec = path_at(mjd_of(k))
        assert (point["predicted_ra"], point["predicted_dec"]) == pytest.approx((ra, dec), abs=1e-8)
        assert (point["measured_ra"], point["measured_dec"]) == measured_in(k)
        north = OFF_NORTH + (20 if k == FAR_OFF else 0)
        assert point["residual_ra"] == pytest.approx(OFF_EAST, abs=1e-4)
        assert point["residual_dec"] == pytest.approx(north, abs=1e-4)
        assert point["residual_arcsec"] == pytest.approx(math.hypot(OFF_EAST, north), abs=1e-3)


def test_reduced_magnitudes_and_light_time_are_those_of_the_distances(db):
    for point in points(db):
        assert (point["r_au"], point["delta_au"], point["phase_deg"]) == pytest.approx((R_AU, DELTA_AU, 12.0))
        # 149597870.7 km / 299792.458 km/s
        assert (point["mjd_mid"] - point["mjd_at_target"]) * 86400 == pytest.approx(DELTA_AU * 499.004784, abs=1e-3)
        if point["mag"] is not None:
            assert point["mag"] - point["mag_reduced"] == pytest.approx(5 * math.log10(R_AU * DELTA_AU), abs=1e-9)


def test_the_barycentric_date_is_that_of_the_place_in_the_frame(db):
    for point in points(db):
        ra, dec = np.radians(path_at(point["mjd_mid"]))
        toward = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
        expected = point["mjd_mid"] + 2400000.5 + 69.184 / 86400 + toward @ [0.001, 0.005, 0.002]
        assert point["bjd_tdb"] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (None, {FAR_OFF: "pos"}),
        ("pos", {FAR_OFF: "pos"}),
        ("pos=25", {}),
        ("none", {}),
        ("flags", {SATURATED: "flags"}),
        ("sigma", {FAINT_IN: "sigma"}),
        ("mag", {FAINT_IN: "mag", BRIGHT: "mag"}),
        ("star", {NEAR_STAR: "star"}),
        ("pos,flags,mag,sigma,star", {FAR_OFF: "pos", SATURATED: "flags", FAINT_IN: "sigma,mag", NEAR_STAR: "star",
                                      BRIGHT: "mag"}),
    ],
)  # fmt: skip
def test_each_schema_marks_the_points_it_is_for_and_leaves_none_out(db, words, expected):
    found = points(db, words)
    assert len(found) == N_FRAMES
    assert {p["frame_id"]: p["rejected"] for p in found if p["rejected"]} == expected


def test_what_is_rejected_is_said(db):
    curve = extended(db, query.light_curve(db, ASTEROID), ASTEROID, Rejection.of("pos,sigma"))
    said = rejected_in_words(curve)
    assert said.startswith("2 of 12 points are rejected")
    assert "1 pos (farther than 10 arcsec" in said
    assert rejected_in_words(extended(db, query.light_curve(db, ASTEROID), ASTEROID, Rejection(()))) is None


@pytest.mark.parametrize("words", ["shape", "pos=x", "pos=-1", "flags=3", "pos,colour"])
def test_a_schema_that_is_none_is_refused(words):
    with pytest.raises(UsageError, match="--reject"):
        Rejection.of(words)


def test_a_point_without_a_path_is_kept_and_has_no_residual(db):
    path = [{"frame_id": 1, "ra": 41.0, "dec": -30.0}]
    curve = with_path(query.light_curve(db, ASTEROID), ASTEROID, TARGET, path)
    names = [c.name for c in curve.columns]
    found = [dict(zip(names, row, strict=True)) for row in curve.rows()]
    assert len(found) == N_FRAMES
    assert [p["predicted_ra"] for p in found] == [41.0, *[None] * (N_FRAMES - 1)]
    assert all(p["residual_arcsec"] is None and p["rejected"] is None and p["r_au"] is None for p in found[1:])
    assert found[0]["rejected"] == "pos"


@pytest.mark.parametrize("shift", [None, 0.4])
def test_a_forced_flux_has_a_measured_place_only_where_it_was_recentred(path, tmp_path, shift):
    ra, dec = map(float, path_at(mjd_of(6)))
    row = {
        "skey": ASTEROID, "object_id": ASTEROID, "target_id": TARGET, "frame_id": 6, "aperture_id": 0,
        "method": "circle", "ra": ra, "dec": dec, "shift_ra": shift, "shift_dec": shift, "flux": 5.0, "flux_err": 1.0,
        "flags": 0, "is_detected": False, "run_id": 1,
    }  # fmt: skip
    with Database.open(shutil.copy(path, tmp_path / "own.duckdb"), read_only=False) as own:
        own.insert("forced", [row])
        curve = query.light_curve(own, ASTEROID)
        forced = replace(curve, sql=f"SELECT * REPLACE ('forced' AS kind) FROM ({curve.sql.rstrip().rstrip(';')})")
        answer = with_path(forced, ASTEROID, TARGET, [{"frame_id": 6, "ra": ra, "dec": dec}])
        assert dict(answer.only(["frame_id", "measured_ra"]).rows())[6] == (ra if shift else None)


def test_reduced_points_are_drawn_without_those_rejected(db):
    found = points(db)
    kept = drawable(found)
    assert FAR_OFF not in {p["frame_id"] for p in kept}
    assert len(kept) == N_FRAMES - 1
    reduced = drawable(found, reduced=True)
    assert [p["mag"] for p in reduced if p["mag"]] == pytest.approx([p["mag_reduced"] for p in kept if p["mag"]])
    assert all(p["mjd_mid"] == p["mjd_at_target"] and p["bjd_tdb"] is None for p in reduced)
    with pytest.raises(NotFoundError, match="no distances"):
        drawable([p | {"r_au": None} for p in found], reduced=True)
    with pytest.raises(NotFoundError, match="all 12 points are rejected"):
        drawable([p | {"rejected": "pos"} for p in found])


def test_periods_are_of_points_near_the_path_and_reduced_where_asked(path, tmp_path):
    from photdb.jobs.statistics_period import points as counted

    with Database.open(shutil.copy(path, tmp_path / "own.duckdb"), read_only=False) as own:
        with pytest.raises(NotFoundError, match="9 points near the predicted places"):
            counted(own, ASTEROID)  # one is too far off, one saturated, one without zero point
        own.execute(f"UPDATE detection_hot SET flags = 0 WHERE object_id = {ASTEROID}")
        plain, scale, left_out = counted(own, ASTEROID)
        reduced, reduced_scale, _ = counted(own, ASTEROID, reduced=True)
        bjd = {p["bjd_tdb"] for p in points(own) if p["mag"] is not None and not p["rejected"]}
        assert (scale, reduced_scale, left_out) == ("BJD_TDB", "MJD (UTC) at the target", 1)
        assert set(plain.time) == bjd
        assert reduced.flux / plain.flux == pytest.approx((R_AU * DELTA_AU) ** 2)
        late = [mjd_of(k) - DELTA_AU * 499.004784 / 86400 for k in range(1, N_FRAMES) if k != FAR_OFF]
        assert sorted(reduced.time) == pytest.approx(late, abs=1e-8)
        with pytest.raises(UsageError, match="only moving targets"):
            counted(own, STAR, reduced=True)
        own.execute("UPDATE ephemeris SET r_au = NULL")
        with pytest.raises(NotFoundError, match="says no distances"):
            counted(own, ASTEROID, reduced=True)


def test_the_command_prints_the_path_and_says_what_is_rejected(path, tmp_path, capsys):
    picture = tmp_path / "curve.png"
    asked = ["lightcurve", "(5945) Roachapproach", "--db", str(path), "--format", "json"]
    assert run([*asked, "--reject", "pos,star", "--plot", str(picture), "--reduced"]) == 0
    out, err = capsys.readouterr()
    rows = json.loads(out)
    assert {r["frame_id"] for r in rows if r["rejected"]} == {FAR_OFF, NEAR_STAR}
    assert "2 of 12 points are rejected" in err
    assert picture.stat().st_size > 5000
    assert flux_in(1) == pytest.approx(rows[0]["flux"])


def test_what_is_rejected_is_in_no_mean(path, capsys):
    asked = ["lightcurve", "(5945) Roachapproach", "--db", str(path), "--format", "json", "--coadd", "night"]
    means = []
    for reject in ("none", "pos,flags,mag,sigma"):
        assert run([*asked, "--reject", reject]) == 0
        means.append([(night["n_point"], night["chi2"]) for night in json.loads(capsys.readouterr().out)])
    assert [n for n, _ in means[0]] == [6, 5]  # one has no zero point
    assert [n for n, _ in means[1]] == [3, 4]
    assert means[0][1][1] > 1e4 > means[1][1][1]  # one point of the second night is five times as bright


def test_pythons_light_curve_of_a_moving_target_has_its_path_too(path):
    with query.connect(path) as store:
        found = store.light_curve(name="(5945) Roachapproach", reject="pos,star")
        assert found.columns[-len(COLUMNS) :] == [*COLUMNS]
        assert found.drop_nulls("rejected")["frame_id"].to_list() == [FAR_OFF, NEAR_STAR]
        assert "residual_ra" not in store.light_curve(41.58, -30.27).columns
        with pytest.raises(UsageError, match="no such schema"):
            store.light_curve(41.58, -30.27, reject="shape")


def test_a_star_has_no_path_and_the_option_says_so(path, capsys):
    assert run(["lightcurve", "41.58", "-30.27", "--db", str(path), "--reject", "pos"]) == 2
    assert "does not move" in capsys.readouterr().err
