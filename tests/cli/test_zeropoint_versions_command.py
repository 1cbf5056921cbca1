"""``photdb zeropoint list | compare | activate | drop`` and ``--as``: exit codes, what goes where."""

import csv
import io
import shutil
from pathlib import Path

import numpy as np
import pytest

from photdb.cli import app as cli
from photdb.jobs.zeropoint import ZeropointSettings, calibrate_store
from photdb.store.database import Database


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Four frames of 200 stars; calibration 1 of a catalogue in use, 2 by hand and worse, 3 of frames 1 and 2 only."""
    path = tmp_path_factory.mktemp("versions") / "s.duckdb"
    rng = np.random.default_rng(5)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[1] / "jobs"))
        from zeropoint_store import add_frame, add_objects, add_reference, random_sky
    with Database.open(path, read_only=False, create=True) as db:
        sky = random_sky(rng, 200)
        add_reference(db, sky, sky.mag + rng.normal(0, 0.02, 200))
        add_objects(db, sky)
        for frame_id, zp in enumerate((22.0, 22.1, 22.3, 22.2), start=1):
            add_frame(db, rng, sky, frame_id, zp, noise=0.3)
        calibrate_store(db)
        calibrate_store(db, settings=ZeropointSettings(method="manual", zp=(25.0, 0.1)), note="by hand")
        calibrate_store(db, frame_ids=[1, 2], activate=False)
    return path


@pytest.fixture
def photdb(made, monkeypatch, capsys, tmp_path):
    """Run a command line on a copy of the store: (exit code, stdout, stderr)."""
    own = Path(shutil.copy(made, tmp_path / "own.duckdb"))
    monkeypatch.setenv("PHOTDB", str(own))
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            cli.main(list(words))
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return run


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_list_says_what_is_in_use_and_how_well_it_repeats(photdb):
    code, out, _ = photdb("zeropoint", "list")
    assert code == 0
    found = rows(out)
    assert [(r["cal_id"], r["method"], r["frames"], r["active_frames"], r["note"]) for r in found] == [
        ("1", "catalogue", "4", "4", ""),
        ("2", "manual", "4", "0", "by hand"),
        ("3", "catalogue", "2", "0", ""),
    ]
    assert float(found[0]["repeatability"]) < 0.03 < float(found[1]["repeatability"])


def test_the_zero_points_of_one_calibration_are_listed(photdb):
    code, out, _ = photdb("zeropoint", "list", "--cal", "2")
    assert (code, {r["zp"] for r in rows(out)}, len(rows(out))) == (0, {"25.0"}, 4)
    assert [r["cal_id"] for r in rows(photdb("zeropoint", "list", "--frames")[1])] == ["1"] * 4


def test_two_calibrations_are_compared_by_system_and_by_frame(photdb):
    code, out, _ = photdb("zeropoint", "compare", "1", "2")
    assert code == 0
    (row,) = rows(out)
    assert (row["band"], row["n_frame"]) == ("r", "4")
    assert float(row["repeatability_second"]) > 3 * float(row["repeatability_first"])
    code, out, _ = photdb("zeropoint", "compare", "1", "2", "--frames")
    assert code == 0
    differences = [float(r["zp_diff"]) for r in rows(out)]
    assert differences == pytest.approx([3.0, 2.9, 2.7, 2.8], abs=0.02)


def test_a_worse_one_is_not_activated_without_force(photdb):
    code, out, err = photdb("zeropoint", "activate", "2")
    assert (code, out) == (5, "")
    assert "error: calibration 2 is worse than what 4 frames use now: r, cam: repeatability" in err
    assert "hint: to use it all the same: photdb zeropoint activate 2 --force" in err
    code, _, err = photdb("zeropoint", "activate", "2", "--force")
    assert (code, err.strip()) == (0, "calibration 2: 4 frames more use it now")
    code, _, err = photdb("zeropoint", "activate", "1", "--frames", "1,3-4")
    assert code == 0
    assert "mmag against" in err
    assert [r["cal_id"] for r in rows(photdb("zeropoint", "list", "--frames")[1])] == ["1", "2", "1", "1"]


def test_one_in_use_is_not_dropped_and_another_is(photdb):
    code, _, err = photdb("zeropoint", "drop", "1")
    assert code == 5
    assert "used by 4 frames" in err
    assert "hint: let them use another first: photdb zeropoint activate" in err
    code, _, err = photdb("zeropoint", "drop", "3")
    assert code == 0
    assert "calibration 3 and its" in err
    assert [r["cal_id"] for r in rows(photdb("zeropoint", "list")[1])] == ["1", "2"]
    assert photdb("check")[0] in (0, 4)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["zeropoint", "activate", "9"], 3, "there are 1, 2, 3"),
        (["zeropoint", "drop", "9"], 3, "there are 1, 2, 3"),
        (["zeropoint", "compare", "1", "9"], 3, "no calibration 9"),
        (["zeropoint", "list", "--cal", "0"], 3, "no calibration 0"),
        (["lc", "--object", "1", "--as", "9"], 3, "there are 1, 2, 3"),
        (["sql", "--as", "9", "SELECT 1"], 3, "no calibration 9"),
        (["zeropoint", "activate", "two"], 2, "'two'"),
        (["zeropoint", "compare", "1"], 2, "compare --help"),
        (["lc", "--object", "1", "--as", "two"], 2, "'two'"),
        (["zeropoint", "activate", "3", "--frames", "99"], 3, "none of the 1 frame"),
        (["zeropoint", "activate", "3", "--frames", "a-b"], 2, "write 3,7-12"),
    ],
)
def test_what_is_not_there_and_what_is_no_number_is_said(photdb, words, code, said):
    found, out, err = photdb(*words)
    assert (found, out) == (code, "")
    assert said in err


def test_every_question_is_answered_as_the_calibration_that_was_asked_for(photdb):
    now = {r["frame_id"]: r for r in rows(photdb("lc", "--object", "1")[1])}
    code, out, err = photdb("lc", "--object", "1", "--as", "3")
    assert code == 0
    assert "calibration 3 does not have 2 of 4 frames: no magnitudes of these" in err
    then = {r["frame_id"]: r for r in rows(out)}
    assert [then[k]["mag"] != "" for k in "1234"] == [True, True, False, False]
    assert [then[k]["mag_system"] for k in "34"] == ["instrumental"] * 2

    by_hand = {r["frame_id"]: r for r in rows(photdb("lc", "--object", "1", "--as", "2")[1])}
    shift = {k: float(by_hand[k]["mag"]) - float(now[k]["mag"]) for k in now}
    zp = {k: float(by_hand[k]["zp"]) - float(now[k]["zp"]) for k in now}
    assert shift == pytest.approx(zp)

    where = [*(photdb("sql", "SELECT ra, dec FROM object WHERE object_id = 1")[1].splitlines()[1].split(",")), "5"]
    medians = [rows(photdb("cone", *where, *more)[1])[0]["median_mag"] for more in ([], ["--as", "2"])]
    assert float(medians[1]) - float(medians[0]) == pytest.approx(2.85, abs=0.05)

    assert photdb("export", "lightcurve", "--object", "1", "--as", "2", "-o", "out.csv")[0] == 0
    assert [r["mag"] for r in rows(Path("out.csv").read_text())] == [r["mag"] for r in by_hand.values()]

    zps = rows(photdb("frames", "--as", "2")[1])
    assert {r["zp"] for r in zps} == {"25.0"}
    code, out, err = photdb("sql", "--as", "3", "SELECT DISTINCT cal_id FROM zeropoint_active")
    assert (code, [r["cal_id"] for r in rows(out)]) == (0, ["3"])
    assert "2 of 4 frames" in err
