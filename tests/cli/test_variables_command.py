"""photdb statistics, variables and period, as a user meets them."""

import json
import shutil

import numpy as np
import pytest
from stores import STAR

from photdb.cli.app import run
from photdb.store.database import Database


@pytest.fixture
def own_store(small_store, tmp_path):
    """A copy that may be written to."""
    path = tmp_path / "own.duckdb"
    shutil.copy(small_store, path)
    return path


def answer(capsys, *words: str) -> list[dict]:
    """Return the rows that a command prints as JSON."""
    assert run([*words, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_statistics_counts_once_and_says_so(own_store, capsys):
    assert run(["statistics", "--db", str(own_store)]) == 0
    assert "11 frames, 11 new" in capsys.readouterr().err
    assert run(["statistics", "--robust", "--db", str(own_store)]) == 0
    err = capsys.readouterr().err
    assert "0 objects counted anew" in err
    assert "robust statistics of 8 objects and bands" in err
    with Database.open(own_store) as db:
        rows = db.rows("SELECT n, n_point, median_mag FROM object_statistics WHERE object_id = $o", {"o": STAR}).rows
    assert len(rows) == 2
    assert all(n == n_point and mag is not None for n, n_point, mag in rows)


def test_variables_of_a_store_without_statistics_are_counted_for_the_answer(own_store, capsys):
    before = own_store.read_bytes()
    assert run(["variables", "--db", str(own_store), "--min-points", "3"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("object_id,name,ra,dec,band,mag,mag_system")
    assert "counted for this answer alone" in err
    assert "rows of" in err
    assert own_store.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--min-points", "2"], 2, "fewer than 3 points"),
        (["--sigma", "0"], 2, "not above 0"),
        (["--limit", "0"], 2, "not a number of rows"),
        (["--min-points", "500"], 3, "the most points of a star"),
        (["--band", "Q"], 3, "no star has 5 calibrated points in band Q"),
        (["--night", "yesterday"], 2, "not a night"),
        (["--night", "1999-01-01"], 3, "calibrated nights are between 2017-12-19 and 2017-12-20"),
        (["--where", "nothing > 1"], 2, "nothing"),
        (["--where", "1=1); DROP TABLE frame; --"], 2, "SQL"),
        (["--plot", "scatter.txt"], 2, "not the name of a picture"),
        (["--as", "9"], 3, "no calibration 9"),
    ],
)
def test_variables_refuses_what_means_nothing(small_store, capsys, words, code, said):
    assert run(["variables", "--db", str(small_store), *words]) == code
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "give a name"),
        (["--object", str(STAR), "--method", "pdm"], 2, "there are ls, bls"),
        (["--object", str(STAR), "--min", "5", "--max", "2"], 2, "no periods between 5 and 2 d"),
        (["--object", str(STAR), "--min", "0"], 2, "--min must be above 0"),
        (["--object", str(STAR), "--min", "1e-9"], 2, "too many"),
        (["--object", str(STAR), "--terms", "0"], 2, "--terms 0"),
        (["--object", str(STAR), "--peaks", "0"], 2, "--peaks 0"),
        (["--object", str(STAR), "--band", "g"], 3, "too few for a period (10)"),
        (["--object", "17"], 3, "no object 17"),
        (["nobody"], 3, "nobody"),
        (["--object", str(STAR), "--plot", "p.txt"], 2, "not the name of a picture"),
    ],
)
def test_period_refuses_what_means_nothing(small_store, capsys, words, code, said):
    assert run(["period", "--db", str(small_store), *words]) == code
    assert said in capsys.readouterr().err


def test_points_too_few_or_too_regular_for_harmonics_are_said_to_be_so(own_store, capsys):
    with Database.open(own_store, read_only=False) as db:
        db.execute("UPDATE frame SET mjd_mid = 58110 + 0.02146 * frame_id")
    words = ["period", "--object", str(STAR), "--db", str(own_store), "--terms", "3", "--min", "0.03"]
    assert run(words) == 2
    assert "points are too few, or their times too regular, for 3 sines" in capsys.readouterr().err


@pytest.fixture
def varying_store(own_store):
    """The small store with more nights, in which STAR is a sine of 0.37 d."""
    rng = np.random.default_rng(1)
    with Database.open(own_store, read_only=False) as db:
        for k in range(60):
            frame = 100 + k
            mjd = 58110.1 + k // 6 + 0.03 * (k % 6) + 0.003 * rng.random()
            db.execute(
                "INSERT INTO frame BY NAME SELECT * REPLACE ($f AS frame_id, $f AS file_id, $mjd AS mjd_mid, "
                "DATE '2017-12-22' + $n::INTEGER AS night, $mjd + 2400000.5 AS jd_tdb, 'g' AS band) FROM frame "
                "WHERE frame_id = 2",
                f=frame, mjd=mjd, n=k // 6,
            )  # fmt: skip
            db.execute("INSERT INTO detection_hot SELECT * REPLACE ($f AS frame_id) FROM detection_hot "
                       "WHERE frame_id = 2", f=frame)  # fmt: skip
            bright = 1000 * (1 + 0.2 * np.sin(2 * np.pi * mjd / 0.37))
            db.execute("UPDATE detection_hot SET flux = $x WHERE frame_id = $f AND object_id = $o",
                       x=bright, f=frame, o=STAR)  # fmt: skip
            db.execute("INSERT INTO zeropoint BY NAME SELECT * REPLACE ($f AS frame_id, 22.5 AS zp, "
                       "'AB' AS mag_system) FROM zeropoint WHERE frame_id = 2", f=frame)  # fmt: skip
            db.execute("INSERT INTO frame_calibration VALUES ($f, 1)", f=frame)
    return own_store


def test_period_prints_period_error_chance_and_alias_and_draws(varying_store, capsys, tmp_path):
    picture = tmp_path / "period.png"
    words = ["period", "--object", str(STAR), "--band", "g", "--db", str(varying_store), "--min", "0.1", "--max", "2"]
    rows = answer(capsys, *words, "--plot", str(picture))
    best = rows[0]
    assert best["period"] == pytest.approx(0.37, abs=0.002)
    assert best["false_alarm"] < 1e-6
    assert best["alias"] is None
    assert any(row["alias"] and "/d" in row["alias"] for row in rows[1:])
    assert picture.stat().st_size > 20_000
    assert run(words) == 0
    err = capsys.readouterr().err
    assert "best period 0.37" in err
    assert "the times themselves repeat at" in err


def test_variables_names_the_star_in_vsx_and_says_why(varying_store, capsys, tmp_path):
    with Database.open(varying_store, read_only=False) as db:
        db.execute("UPDATE object SET vsx_name = 'V999 For' WHERE object_id = $o", o=STAR)
    assert run(["statistics", "--db", str(varying_store)]) == 0
    capsys.readouterr()
    picture = tmp_path / "scatter.pdf"
    rows = answer(capsys, "variables", "--db", str(varying_store), "--band", "g", "--plot", str(picture))
    assert [row["object_id"] for row in rows] == [str(STAR)]
    assert rows[0]["vsx_name"] == "V999 For"
    assert "sigma above" in rows[0]["reasons"]
    assert picture.stat().st_size > 5000
    assert answer(capsys, "variables", "--db", str(varying_store), "--where", "vsx_name IS NULL AND band = 'g'") == []


def test_a_light_curve_is_drawn_over_its_phase(varying_store, capsys, tmp_path):
    picture = tmp_path / "phased.png"
    words = ["lightcurve", "--object", str(STAR), "--db", str(varying_store), "--band", "g", "--plot", str(picture)]
    assert run([*words, "--phase", "0.37", "--epoch", "58110.1"]) == 0
    assert picture.stat().st_size > 10_000
    assert run(words) == 4  # it is there
    assert run([*words, "--overwrite", "--phase", "-1"]) == 2
    assert "is not a period" in capsys.readouterr().err
    assert run([*words, "--overwrite", "--epoch", "58110.1"]) == 2
    assert "--epoch goes with --phase" in capsys.readouterr().err
    assert run([*words[:-2], "--phase", "0.37"]) == 2
    assert "--phase is for --plot" in capsys.readouterr().err
