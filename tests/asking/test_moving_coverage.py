"""Frames that saw a moving target at their time: its coverage, and its limits in light curves."""

import csv
import io
import shutil

import numpy as np
import pytest
from moving_store import ASTEROID, NAME, NEAR_STAR, TARGET, moving_store, path_at, put
from stores import FAR, POSITIONS, mjd_of

import photdb
from photdb.cli import app as cli
from photdb.errors import NotFoundError
from photdb.store.database import Database

#: Frames without a detection of it; OFF looked beside it.
FORCED, NOTHING, MASKED, OFF, BELOW = 1, 2, 3, 4, 6
FAILED, UNSOLVED, LATE = 20, 21, 22
#: In the second night it has left the field.
NIGHT_1 = range(1, 7)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """The asteroid of `moving_store`, not detected in the frames of one night, each time for a reason of its own."""
    path = moving_store(tmp_path_factory.mktemp("moving") / "moving.duckdb")
    with Database.open(path, read_only=False) as db:
        gone = (FORCED, NEAR_STAR, NOTHING, BELOW, MASKED, OFF)
        db.execute(f"DELETE FROM detection_hot WHERE object_id = {ASTEROID} AND frame_id IN {gone}")
        for frame_id, flux in ((FORCED, 40.0), (BELOW, -0.5)):
            ra, dec = path_at(mjd_of(frame_id))
            put(db, "forced", [{
                "skey": ASTEROID, "object_id": ASTEROID, "target_id": TARGET, "frame_id": frame_id, "aperture_id": 0,
                "method": "circle", "ra": float(ra), "dec": float(dec), "x": 300.0, "y": 400.0, "flux": flux,
                "flux_err": 1.1, "noise": 1.0, "flags": 0, "run_id": 1, "is_detected": False,
            }])  # fmt: skip
        ra, dec = (float(v) for v in path_at(mjd_of(MASKED)))
        circles = f'{{"mask_circles": [{{"ra": {ra}, "dec": {dec}, "radius_arcsec": 9}}]}}'
        db.execute("UPDATE frame SET settings = $c WHERE frame_id = $f", c=circles, f=MASKED)
        # a frame beside the path, whose cells hold it
        db.execute(
            f"UPDATE frame SET corner_dec = list_transform(corner_dec, lambda d: d + 0.35) WHERE frame_id = {OFF}"
        )
        ra, dec = (float(v) for v in path_at(mjd_of(3)))
        columns = "frame_id, file_id, hdu, path, run_id, state, reason, ra, dec, object_name, mjd_mid"
        for values in (
            f"({FAILED}, 20, 0, '/f20.fits', 1, 'failed', 'trailed', {ra + 0.3}, {dec}, 'OTHER', {mjd_of(3)})",
            f"({UNSOLVED}, 21, 0, '/f21.fits', 1, 'ok', NULL, NULL, NULL, 'SIM 1', {mjd_of(4)})",
            f"({LATE}, 22, 0, '/f22.fits', 1, 'ok', NULL, {ra}, {dec}, 'SIM 1', {mjd_of(4) + 100})",
        ):
            db.execute(f"INSERT INTO frame ({columns}) VALUES {values}")
    return path


@pytest.fixture
def run(path, monkeypatch, capsys):
    monkeypatch.setenv("PHOTDB", str(path))

    def asked(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            cli.main(list(words))
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return asked


def test_every_frame_says_what_became_of_the_target_at_its_own_place(run):
    code, out, err = run("coverage", NAME)
    assert code == 0, err
    found = {int(r["frame_id"]): r for r in csv.DictReader(io.StringIO(out))}
    said = {k: (r["status"], r["why"]) for k, r in found.items()}
    assert said[FORCED] == ("forced", "S/N 36.4")
    assert said[BELOW] == ("limit", "S/N -0.5")
    assert said[MASKED] == ("not detected", "masked")
    assert said[NOTHING] == ("not detected", "missed")  # 16th magnitude elsewhere
    assert said[NEAR_STAR] == ("not detected", "blended")  # the star FAR, 1 arcsec away in that frame alone
    assert found[NEAR_STAR]["reason"].endswith("was measured 0.9 arcsec from the place")
    assert said[OFF][0] == "outside"
    assert (said[FAILED][0], said[UNSOLVED][0]) == ("failed", "no WCS")
    assert sorted(found) == [*NIGHT_1, FAILED, UNSOLVED]
    for k in NIGHT_1:
        place = float(found[k]["predicted_ra"]), float(found[k]["predicted_dec"])
        assert place == pytest.approx([float(v) for v in path_at(mjd_of(k))], abs=1e-7)
    assert (
        f"{NAME} moves: each frame is asked of its own place of it; of 1 frames of the store its path says no place"
        in err
    )
    assert f'`photdb forced --target "{NAME}"`' in err


def test_its_limits_are_rows_of_its_light_curve_and_agree_with_its_coverage(run):
    code, out, err = run("lightcurve", NAME, "--limits")
    assert code == 0, err
    rows = {int(r["frame_id"]): r for r in csv.DictReader(io.StringIO(out))}
    assert {k: r["kind"] for k, r in rows.items() if r["kind"] != "detected"} == {
        FORCED: "forced", BELOW: "forced", NOTHING: "limit",
    }  # fmt: skip
    assert (rows[NOTHING]["mag"], rows[NOTHING]["limit_mag"]) == ("", "20.6")
    ra, dec = np.radians([float(v) for v in path_at(mjd_of(NOTHING))])
    toward = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    bjd = mjd_of(NOTHING) + 2400000.5 + 69.184 / 86400 + toward @ [0.001, 0.005, 0.002]
    assert float(rows[NOTHING]["bjd_tdb"]) == pytest.approx(bjd, abs=1e-8)
    assert rows[NOTHING]["predicted_ra"]
    assert "1 upper limits of frames that did not detect it" in err


def test_python_and_lists_of_targets_have_them_too(path):
    with photdb.connect(path) as db:
        assert db.coverage(name=NAME).equals(db.coverage(object_id=ASTEROID))
        many = db.light_curve(targets=[FAR, NAME], limits=True)
        one = db.light_curve(name=NAME, limits=True)
        limits = many.filter(object_id=ASTEROID, kind="limit")
        assert limits["frame_id"].to_list() == one.filter(kind="limit")["frame_id"].to_list() == [NOTHING]
        alone = db.light_curve(targets=[FAR], limits=True)
        assert many.filter(object_id=FAR).drop("target").equals(alone.drop("target"))


def test_a_target_that_was_neither_detected_nor_forced_was_seen_all_the_same(path, tmp_path, monkeypatch, capsys):
    own = shutil.copy(path, tmp_path / "own.duckdb")
    with Database.open(own, read_only=False) as db:
        db.execute(f"DELETE FROM object WHERE object_id = {ASTEROID}")
        db.execute(f"DELETE FROM detection_hot WHERE object_id = {ASTEROID}")
        db.execute("DELETE FROM forced")
    monkeypatch.setenv("PHOTDB", str(own))
    with pytest.raises(SystemExit) as end:
        cli.main(["coverage", NAME])
    out, err = capsys.readouterr()
    assert end.value.code == 0, err
    rows = {int(r["frame_id"]): (r["status"], r["why"]) for r in csv.DictReader(io.StringIO(out))}
    assert rows[1] == ("not detected", "too faint")
    assert "no detection and no forced flux yet" in err
    with pytest.raises(SystemExit) as end:
        cli.main(["lightcurve", NAME, "--limits"])
    out, err = capsys.readouterr()
    assert end.value.code == 0, err
    assert {r["kind"] for r in csv.DictReader(io.StringIO(out))} == {"limit"}


def test_where_nothing_says_where_it_was_that_is_said(path, tmp_path):
    own = shutil.copy(path, tmp_path / "own.duckdb")
    with Database.open(own, read_only=False) as db:
        db.execute("UPDATE ephemeris SET mjd = mjd + 50")
    with photdb.connect(own) as db, pytest.raises(NotFoundError, match="nothing says where it was when the 15 frames"):
        db.coverage(name=NAME)
    with Database.open(own, read_only=False) as db:
        db.execute("UPDATE object SET target_id = NULL")
    with photdb.connect(own) as db, pytest.raises(NotFoundError, match="no target says where it was"):
        db.light_curve(object_id=ASTEROID, limits=True)


def test_a_star_beside_the_path_is_in_the_way_in_its_own_frame_only(path):
    with photdb.connect(path) as db:
        blended = db.coverage(name=NAME).filter(why="blended")
    assert blended["frame_id"].to_list() == [NEAR_STAR]
    ra, dec = path_at(mjd_of(NEAR_STAR))
    assert np.hypot((ra - POSITIONS[FAR][0]) * np.cos(np.radians(dec)), dec - POSITIONS[FAR][1]) * 3600 < 1.5
