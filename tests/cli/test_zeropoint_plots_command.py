"""``photdb zeropoint plot`` and ``--explain``: data on stdout, the rest on stderr, a picture where it was asked for."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from photdb.cli import app as cli
from photdb.jobs.zeropoint import calibrate_store
from photdb.store.database import Database

PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    """Two frames of 80 stars calibrated with a catalogue; every tenth star is saturated."""
    path = tmp_path_factory.mktemp("plots") / "s.duckdb"
    rng = np.random.default_rng(4)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[1] / "jobs"))
        from zeropoint_store import add_frame, add_objects, add_reference, random_sky
    with Database.open(path, read_only=False, create=True) as db:
        db.insert("aperture", [{"aperture_id": k, "kind": "arcsec", "diameter": 5.0 * k} for k in (1, 2)])
        sky = random_sky(rng, 80)
        add_reference(db, sky, sky.mag + rng.normal(0, 0.02, 80))
        add_objects(db, sky)
        for frame_id in (1, 2):
            add_frame(db, rng, sky, frame_id, 22.5, flags=np.where(np.arange(80) % 10 == 0, 4, 0))
        db.execute("UPDATE detection_hot SET fwhm = 2.0")
        calibrate_store(db)
    return path


@pytest.fixture
def photdb(store, monkeypatch, capsys, tmp_path):
    """Run a command line in an empty folder: (exit code, stdout, stderr)."""
    monkeypatch.setenv("PHOTDB", str(store))
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            cli.main(list(words))
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return run


@pytest.mark.parametrize("what", ["time", "magnitude", "mag", "map"])
def test_a_plot_of_all_frames_is_drawn_where_it_was_asked_for(photdb, what: str):
    code, out, err = photdb("zeropoint", "plot", what, "-o", "picture.png")
    assert (code, out) == (0, "")
    assert "drawn in picture.png" in err
    assert Path("picture.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize("what", ["magnitude", "map", "selection", "number"])
def test_a_plot_of_one_frame_names_itself_after_it(photdb, what: str):
    assert photdb("zeropoint", "plot", what, "--frame", "2")[0] == 0
    assert [f.name for f in Path().iterdir()] == [f"zp_{what}_2.png"]


def test_a_zero_point_that_was_given_is_said_to_be_given(photdb, store, tmp_path, monkeypatch):
    own = tmp_path / "own.duckdb"
    own.write_bytes(store.read_bytes())
    monkeypatch.setenv("PHOTDB", str(own))
    assert photdb("zeropoint", "--zp", "22.5", "0.02", "--no-activate")[0] == 0
    code, _, err = photdb("zeropoint", "plot", "magnitude", "--cal", "2")
    assert code == 5
    assert "all 2 frames are given a zero point by hand: there is no reference star to show" in err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["plot", "everything"], 2, "there are time, magnitude"),
        (["plot", "time", "-o", "zp.gif"], 2, ".png"),
        (["plot", "selection"], 2, "--frame ID"),
        (["plot", "number"], 2, "--frame ID"),
        (["plot", "time", "--band", "Q"], 3, "band Q"),
        (["plot", "time", "--cal", "9"], 3, "there are: 1"),
        (["plot", "map", "--frame", "44"], 3, "frame 44"),
        (["plot", "colour"], 5, "has a colour"),
        (["plot", "time", "-o", "no/such/zp.png"], 4, "no such folder"),
        (["--explain", "44"], 3, "frame 44"),
    ],
)
def test_what_cannot_be_drawn_is_said_and_nothing_is_left_behind(photdb, words, code, said):
    found = photdb("zeropoint", *words)
    assert found[0] == code
    assert said in found[2]
    assert not list(Path().iterdir())


def test_explain_prints_the_counts_as_data_and_the_fit_beside_them_and_draws(photdb):
    code, out, err = photdb("zeropoint", "--explain", "1", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert list(rows[0]) == ["cut", "meaning", "n_left", "n_removed"]
    assert (rows[0]["cut"], rows[0]["n_left"]) == ("matched", "80")
    (flags,) = (r for r in rows if r["cut"] == "flags")
    assert flags["n_removed"] == "8"
    assert "not saturated" in flags["meaning"]
    assert f"stars       {rows[-1]['n_left']} used of 80 candidates" in err
    assert "zero point  22." in err
    assert "gaiaxp r, its own magnitudes" in err
    assert Path("zp_frame_1.png").read_bytes().startswith(PNG)


def test_explain_gives_json_and_draws_where_it_was_asked_to(photdb):
    code, out, _ = photdb("zeropoint", "--explain", "1", "--format", "json", "--plot", "why.svg")
    assert code == 0
    assert json.loads(out)[0]["cut"] == "matched"
    assert [f.name for f in Path().iterdir()] == ["why.svg"]


def test_explain_leaves_the_store_as_it_was(photdb, store: Path):
    before = store.read_bytes()
    assert photdb("zeropoint", "--explain", "2")[0] == 0
    assert store.read_bytes() == before
