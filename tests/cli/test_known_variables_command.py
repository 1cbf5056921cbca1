"""photdb variables --vsx: known variables in the frames, detected or not."""

import json
import shutil
from pathlib import Path

import pytest
from stores import DEC, FAR, HALF_FIELD, N_FRAMES, POSITIONS, RA, STAR, small_store
from test_names import add_variable

from photdb.cli.app import run
from photdb.store.database import Database


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The small store with variables: a linked one, one without an object, a constant one, one outside the frames."""
    path = small_store(tmp_path_factory.mktemp("vsx") / "known.duckdb")
    with Database.open(path, read_only=False) as db:
        add_variable(db, "AG Peg", *POSITIONS[FAR], 1)
        add_variable(db, "FAINT Mira", RA + 0.1, DEC - 0.1, 2)
        add_variable(db, "CST Eri", *POSITIONS[STAR], 3)
        add_variable(db, "OUT Eri", RA, DEC + HALF_FIELD + 0.01, 4)
        db.execute("UPDATE refstar SET is_good = false WHERE source_id = 3")
        db.execute("UPDATE refname SET kind = 'M', period = 300.0, mag_max = 11.5, mag_min = 19.0 WHERE source_id = 2")
        db.execute(f"UPDATE object SET vsx_name = 'AG Peg' WHERE object_id = {FAR}")
    return path


@pytest.fixture
def store(made, monkeypatch):
    """The same for reading."""
    monkeypatch.setenv("PHOTDB", str(made))
    return made


def answer(capsys, *words: str) -> tuple[dict[str, dict], str]:
    """Return the rows by name, and what was said."""
    assert run(["variables", "--vsx", *words, "--format", "json"]) == 0
    out, err = capsys.readouterr()
    return {r["vsx_name"]: r for r in json.loads(out)}, err


def test_variables_in_the_frames_are_listed_detected_or_not(store, capsys):
    rows, err = answer(capsys)
    assert list(rows) == ["AG Peg", "FAINT Mira"]
    seen, missed = rows["AG Peg"], rows["FAINT Mira"]
    assert (seen["n_frames"], seen["n_detected"], seen["object_id"]) == (N_FRAMES, N_FRAMES, str(FAR))
    assert seen["separation_arcsec"] < 0.01
    assert seen["bands"] == ["g", "r"]
    assert (missed["n_frames"], missed["n_detected"], missed["object_id"]) == (N_FRAMES, 0, None)
    assert (missed["kind"], missed["period"], missed["mag_max"], missed["mag_min"]) == ("M", 300.0, 11.5, 19.0)
    assert "2 variable stars of VSX in the frames" in err


def test_frames_of_a_night_and_a_band_alone_are_counted(store, capsys):
    rows, _ = answer(capsys, "--night", "2017-12-19", "--band", "g")
    assert (rows["AG Peg"]["n_frames"], rows["AG Peg"]["n_detected"]) == (3, 3)
    assert rows["AG Peg"]["bands"] == ["g"]


def test_a_condition_and_a_limit_hold(store, capsys):
    assert list(answer(capsys, "--where", "n_detected = 0")[0]) == ["FAINT Mira"]
    assert list(answer(capsys, "--limit", "1")[0]) == ["AG Peg"]


def test_where_vsx_was_not_asked_is_said(made, tmp_path, monkeypatch, capsys):
    store = Path(shutil.copy(made, tmp_path / "own.duckdb"))
    monkeypatch.setenv("PHOTDB", str(store))
    assert "photdb refcat fetch --catalog vsx --frames" in answer(capsys)[1]
    with Database.open(store, read_only=False) as db:
        db.execute(
            "INSERT INTO refcat_tile SELECT 'vsx', 4, cell >> 12, 0, true, 'test', TIMESTAMP '2026-01-01', 1 "
            "FROM (SELECT DISTINCT cell >> 12 << 12 AS cell FROM frame_cover WHERE norder = 10)"
        )
    assert "was not asked" not in answer(capsys)[1]


def test_a_store_without_vsx_says_how_to_get_it(small_store, capsys):
    assert run(["variables", "--vsx", "--db", str(small_store)]) == 3
    err = capsys.readouterr().err
    assert "no star of VSX" in err
    assert "photdb refcat fetch --catalog vsx --frames" in err


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--plot", "a.png"], 2, "--plot and --vsx"),
        (["--sigma", "3"], 2, "--sigma and --vsx"),
        (["--night", "never"], 2, "not a night"),
        (["--night", "1999-01-01"], 3, "no measured frame of 1999-01-01"),
        (["--band", "Q"], 3, "in band Q"),
        (["--where", "nonsense > 1"], 2, "nonsense"),
    ],
)
def test_what_cannot_be_is_said(store, capsys, words, code, says):
    assert run(["variables", "--vsx", *words]) == code
    assert says in capsys.readouterr().err
