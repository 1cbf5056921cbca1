"""``photdb forced`` on the command line: what it refuses, and in which words."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from photdb.cli import app as cli
from photdb.store.database import Database


def change(store: Path, sql: str) -> None:
    with Database.open(store, read_only=False) as db:
        db.execute(sql)


@pytest.fixture
def store(small_store, tmp_path) -> Path:
    """A copy of the small store with its first target alone; its frames have no WCS and no settings yet."""
    path = Path(shutil.copy(small_store, tmp_path / "small.duckdb"))
    change(path, "DELETE FROM forced")
    change(path, "DELETE FROM target WHERE name <> 'HAT-P 99'")
    return path


@pytest.fixture
def photdb(store, monkeypatch, capsys):
    """Run a command line: (exit code, stdout, stderr)."""
    monkeypatch.setenv("PHOTDB", str(store))

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            cli.main(list(words))
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return run


def test_words_that_are_no_aperture_frame_or_date_are_refused(photdb):
    for words, said in (
        (("--aperture", "5"), "--aperture '5' is not an aperture"),
        (("--aperture", "0fwhm"), "--aperture '0fwhm' is not an aperture"),
        (("--recentre", "0"), "--recentre 0 is not a distance"),
        (("--recentre", "2", "--no-recentre"), "exclude each other"),
        (("--frames", "3-x"), "'3-x' is not a frame"),
        (("--from", "yesterday"), "yesterday"),
        (("--workers", "2", "--scheduler", "tcp://a:1"), "exclude each other"),
        (("--where", "no_such = 1"), "no_such"),
    ):
        code, out, err = photdb("forced", *words)
        assert (code, out) == (2, ""), words
        assert said in err, err


def test_what_is_not_there_is_said_with_exit_code_3(photdb, store, tmp_path):
    code, _, err = photdb("forced", "--target", "hat-p 98")
    assert code == 3
    assert "no target 'hat-p 98'" in err
    assert "HAT-P 99" in err
    code, _, err = photdb("forced", "--object", "17")
    assert (code, "no object 17" in err) == (3, True)
    code, _, err = photdb("forced")
    assert (code, "no frame to look at" in err) == (3, True)
    code, _, err = photdb("forced", "--db", str(tmp_path / "none.duckdb"))
    assert (code, "none.duckdb" in err) == (3, True)
    change(store, "DELETE FROM target")
    code, _, err = photdb("forced")
    assert (code, "there are no targets" in err, "photdb target add" in err) == (3, True, True)


def test_a_condition_that_holds_of_no_object_is_not_taken_for_work_that_is_done(photdb, store):
    measurable(store)
    code, out, err = photdb("forced", "--where", "n_detections < 0")
    assert (code, "no object is meant" in err, "nothing to measure" in out + err) == (3, True, False)
    code, _, err = photdb("forced", "--where", " ")
    assert (code, "the condition is empty" in err) == (2, True)


def measurable(store: Path) -> None:
    """Let the frames of the small store look as if they were measured here; their files are not there."""
    change(
        store,
        "UPDATE frame SET wcs = 'x', settings = '{}', primary_radius_px = 5.0, fwhm_px = 3.0, pixel_scale_arcsec = 1.4 "
        "WHERE state = 'ok'",
    )


def test_a_target_beside_every_frame_is_said_with_what_to_do(photdb, store):
    measurable(store)
    change(store, "UPDATE target SET ra = 200")
    code, _, err = photdb("forced")
    assert code == 3
    assert "no frame saw HAT-P 99" in err
    assert "outside the outlines of all 12 frames" in err
    assert "photdb coverage RA DEC" in err


def test_a_position_that_is_none_is_bad_input_and_costs_no_other_target(photdb, store):
    measurable(store)
    change(store, "UPDATE target SET ra = 'nan'::DOUBLE")
    code, _, err = photdb("forced")
    assert (code, "target HAT-P 99: its position is not one" in err) == (4, True)
    good = "(2, 'good', 41.58, -30.27, 2016, now()::TIMESTAMP)"
    change(store, f"INSERT INTO target (target_id, name, ra, dec, epoch, added) VALUES {good}")
    code, _, err = photdb("forced", "--target", "HAT-P 99")
    assert code == 4
    code, _, err = photdb("forced")
    assert code == 0
    assert "no position: HAT-P 99" in err


def test_frames_that_are_gone_are_counted_by_reason_and_are_rows(photdb, store):
    measurable(store)
    code, out, err = photdb("forced", "--band", "g")
    assert (code, out) == (0, "")
    assert "warning: 6 frames not measured: no such file" in err
    assert "photdb frames --relocate OLD NEW" in err
    asked = err.split('photdb sql "')[1].split('"')[0]
    assert photdb("sql", asked, "--format", "csv")[1].count("no such file") == 6
    assert "0 fluxes at 1 place in 0 frames; 6 frames could not be measured" in err
    with Database.open(store) as db:
        rows = db.rows("SELECT count(*), count(reason), count(flux), count(DISTINCT frame_id) FROM forced").rows
        assert rows == [(6, 6, 0, 6)]
    code, _, err = photdb("forced", "--band", "g")
    assert "6 frames not measured" in err
    change(store, "UPDATE target SET object_id = NULL")
    code, _, err = photdb("lightcurve", "HAT-P 99")
    assert (code, "no points: its flux was not measured in any frame" in err) == (3, True), err
    with Database.open(store) as db:
        assert db.one("SELECT count(*) FROM forced") == 6


def test_a_path_that_covers_no_frame_is_said(photdb, store):
    measurable(store)
    path = "(1, 59000, 1, 1, 't'), (1, 59001, 1, 1, 't')"
    change(store, f"INSERT INTO ephemeris (target_id, mjd, ra, dec, source) VALUES {path}")
    code, _, err = photdb("forced", "--target", "HAT-P 99")
    assert code == 3
    assert "no frame saw HAT-P 99" in err
    assert "nothing says where HAT-P 99 is at the dates of the frames" in err


def test_a_target_with_fluxes_is_not_taken_away_by_accident(photdb, store):
    row = "(1, 1, 1, 0, 'circle', 1.0, 0, false, 1)"
    names = "skey, target_id, frame_id, aperture_id, method, flux, flags, is_detected, run_id"
    change(store, f"INSERT INTO forced ({names}) VALUES {row}")
    code, _, err = photdb("target", "remove", "HAT-P 99")
    assert code == 4
    assert "target HAT-P 99 has 1 forced fluxes" in err
    assert "--fluxes-too" in err
    code, _, err = photdb("target", "remove", "HAT-P 99", "--fluxes-too")
    assert (code, "removed" in err) == (0, True)
    with Database.open(store) as db:
        assert db.one("SELECT count(*) FROM forced") == 0
