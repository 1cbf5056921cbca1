"""photdb movers, as a user meets it."""

import json
import shutil

import numpy as np
import pytest
from mover_store import N_FRAMES, Body, mjd, mover_store
from sky_body_server import FAILED, Asteroid, SkyBodies

from photdb.cli.app import run
from photdb.photometry.tracklet_plane import Plane
from photdb.store.database import Database

MIDDLE = (mjd(1) + mjd(N_FRAMES)) / 2
RA, DEC = (float(v) for v in Plane.around(0.001, 12.0).sky(-40.0, 60.0))
FIELD = [float(v) for v in Plane.around(0.001, 12.0).sky(54.0, 31.5)]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A store with a body."""
    return mover_store(tmp_path_factory.mktemp("movers") / "made.duckdb", Body())


@pytest.fixture
def store(made, tmp_path, monkeypatch):
    """A copy of it that may be written to."""
    path = tmp_path / "own.duckdb"
    shutil.copy(made, path)
    monkeypatch.setenv("PHOTDB", str(path))
    return path


@pytest.fixture
def server(monkeypatch):
    """A SkyBoT that knows the body, one that is too faint, one without a detection, and one elsewhere."""
    monkeypatch.delenv("PHOTDB_OFFLINE", raising=False)
    far = Plane.around(*FIELD).sky(250.0, 250.0)
    sky = SkyBodies(
        Asteroid("Juno", RA, DEC, MIDDLE, 22.0, -9.0, v_mag=15.6, number="3"),
        Asteroid("2008 UC100", *far, MIDDLE, -30.0, 2.0, v_mag=21.5),
        Asteroid("Hidden", *(float(v) for v in Plane.around(*FIELD).sky(-250.0, 250.0)), MIDDLE, 10.0, 2.0, v_mag=14.0),
        Asteroid("Vague", *(float(v) for v in Plane.around(*FIELD).sky(0.0, 250.0)), MIDDLE, v_mag=14.0, sigma=9.0),
        Asteroid("Elsewhere", 40.0, 12.0, MIDDLE),
    )
    monkeypatch.setenv("PHOTDB_SKYBOT", sky.address)
    yield sky
    sky.close()


def answer(capsys, *words: str) -> tuple[list[dict], str]:
    """Return the rows that a command prints as JSON, and what it says."""
    code = run(["movers", *words, "--format", "json"])
    out, err = capsys.readouterr()
    assert code == 0, err
    return json.loads(out), err


def test_a_body_is_a_row_and_what_was_searched_is_said(store, capsys):
    rows, err = answer(capsys)
    (row,) = rows
    assert (row["tracklet"], row["n_frames"], row["known"]) == ("2020-05-30.1", N_FRAMES, None)
    assert row["ra_rate"] == pytest.approx(22.0, abs=0.2)
    assert f"{N_FRAMES} frames, " in err
    assert f"{N_FRAMES} detections and 0 tracklets left out that stand still on the detector" in err


def test_points_are_its_detections(store, capsys):
    rows, _ = answer(capsys, "--points")
    assert [r["frame_id"] for r in rows] == list(range(1, N_FRAMES + 1))
    assert {r["tracklet"] for r in rows} == {"2020-05-30.1"}


def test_a_store_without_a_body_says_that_there_is_none(tmp_path, capsys):
    rows, err = answer(capsys, "--db", str(mover_store(tmp_path / "none.duckdb")))
    assert rows == []
    assert "no moving body found" in err


def test_asking_changes_nothing(store, capsys):
    before = store.read_bytes()
    answer(capsys)
    assert store.read_bytes() == before


def test_a_field_is_drawn(store, tmp_path, capsys):
    _, err = answer(capsys, "--plot", str(tmp_path / "sky.png"))
    assert (tmp_path / "sky.png").stat().st_size > 10_000
    assert "drawn in" in err
    assert run(["movers", "--plot", str(tmp_path / "sky.png")]) == 4
    assert "exists" in capsys.readouterr().err


def test_a_tracklet_is_kept_once(store, capsys):
    _, err = answer(capsys, "--keep", "my asteroid")
    assert "moving target my asteroid" in err
    assert "next: photdb crossmatch" in err
    rows, err = answer(capsys, "--keep-all")
    assert rows[0]["known"] == "target my asteroid"
    assert "every tracklet is a target already" in err
    assert run(["movers", "--keep", "another"]) == 2
    assert "is target my asteroid already" in capsys.readouterr().err
    with Database.open(store) as db:
        assert db.one("SELECT count(*) FROM target") == 1


def test_all_tracklets_are_kept_by_their_names(store, capsys):
    answer(capsys, "--keep-all")
    with Database.open(store) as db:
        assert db.one("SELECT name FROM target") == "tracklet 2020-05-30.1"
        assert db.one("SELECT count(*) FROM ephemeris WHERE sigma_arcsec > 0 AND ra_rate > 20") >= 5


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--min-frames", "2"], 2, "any two detections"),
        (["--min-rate", "200"], 2, "rates from 200 to 100"),
        (["--chance", "0"], 2, "not above 0"),
        (["--night", "today"], 2, "not a night"),
        (["--night", "2021-01-01"], 3, "no measured frame of 2021-01-01"),
        (["--keep", "a", "--keep-all"], 2, "exclude each other"),
        (["--known", "--keep-all"], 2, "not tracklets"),
        (["--all"], 2, "goes with --known"),
        (["--site", "Palomar", "--known"], 2, "no code"),
        (["--tracklet", "2020-05-30.7"], 3, "there are 2020-05-30.1"),
        (["--plot", "sky.jpg"], 2, "not the name of a picture"),
        (["--known"], 2, "PHOTDB_OFFLINE"),
        (["--online"], 2, "PHOTDB_OFFLINE"),
    ],
)
def test_what_means_nothing_or_cannot_be_is_said(store, capsys, words, code, says):
    assert run(["movers", *words]) == code
    assert says in capsys.readouterr().err


def test_known_bodies_are_listed_with_their_detections_and_asked_for_once(store, server, capsys):
    rows, err = answer(capsys, "--known")
    by_name = {r["body"]: r for r in rows}
    assert set(by_name) == {"(3) Juno", "Hidden"}
    juno, hidden = by_name["(3) Juno"], by_name["Hidden"]
    assert (juno["n_frames"], juno["n_detected"], juno["tracklet"]) == (N_FRAMES, N_FRAMES, "2020-05-30.1")
    assert juno["off_arcsec"] < 1.0
    assert juno["mag"] == pytest.approx(22.0 - 2.5 * np.log10(400.0), abs=0.1)
    assert (juno["v_mag"], juno["delta_au"], juno["phase_deg"]) == (15.6, 1.60648073312, 11.95)
    assert hidden["n_frames"] == N_FRAMES
    assert hidden["n_detected"] <= 1  # but for noise
    assert hidden["tracklet"] is None
    assert "2 bodies too faint or too uncertain left out" in err
    assert "guessed: observatory 500" in err
    n = len(server.questions)
    assert n == 2  # 3.5 hours: two dates
    again, err = answer(capsys, "--known")
    assert again == rows
    assert len(server.questions) == n
    assert "0 answers fetched, 2 were in the store" in err


def test_a_tracklet_has_the_name_that_skybot_knows_also_later_without_a_network(store, server, capsys, monkeypatch):
    rows, _ = answer(capsys, "--online", "--site", "688")
    assert rows[0]["known"] == "(3) Juno"
    assert rows[0]["known_arcsec"] < 1.0
    assert {q["-loc"] for q in server.questions} == {"688"}
    monkeypatch.setenv("PHOTDB_OFFLINE", "1")
    assert answer(capsys, "--site", "688")[0][0]["known"] == "(3) Juno"
    assert answer(capsys)[0][0]["known"] is None  # nobody was asked from there
    answer(capsys, "--site", "688", "--known")  # what is in the store needs no network


def test_bodies_too_faint_to_find_are_listed_where_asked_for(store, server, capsys):
    rows, _ = answer(capsys, "--known", "--all", "--site", "688")
    assert {r["body"] for r in rows} == {"(3) Juno", "2008 UC100", "Hidden", "Vague"}


def test_places_of_known_bodies_in_each_frame(store, server, capsys):
    rows, _ = answer(capsys, "--known", "--points", "--site", "688")
    juno = [r for r in rows if r["body"] == "(3) Juno"]
    assert [r["frame_id"] for r in juno] == list(range(1, N_FRAMES + 1))
    assert all(r["off_arcsec"] < 1.0 and not r["on_star"] for r in juno)


def test_a_failure_is_no_empty_field_and_nothing_of_it_is_kept(store, server, capsys):
    server.trouble = lambda n: (200, FAILED)
    assert run(["movers", "--known"]) == 4
    assert "MySQL server" in capsys.readouterr().err
    with Database.open(store) as db:
        assert db.one("SELECT count(*) FROM sky_body_query") == 0


def test_what_came_before_a_failure_is_kept(store, server, capsys):
    server.trouble = lambda n: None if n != 1 else (503, "busy")
    assert run(["movers", "--known"]) == 4
    assert "HTTP status 503" in capsys.readouterr().err
    with Database.open(store) as db:
        assert db.one("SELECT count(*) FROM sky_body_query") == 1
    answer(capsys, "--known")
    assert len(server.questions) == 3


def test_that_there_is_no_body_is_kept_too(store, server, capsys):
    server.bodies = ()
    rows, err = answer(capsys, "--known")
    assert rows == []
    assert "knows no body in the frames" in err
    with Database.open(store) as db:
        assert db.rows("SELECT n_body FROM sky_body_query").rows == [(0,), (0,)]
    answer(capsys, "--known")
    assert len(server.questions) == 2


def test_without_zero_points_bodies_are_listed_however_faint(tmp_path, server, capsys):
    store = mover_store(tmp_path / "bare.duckdb", Body(), calibrated=False)
    rows, err = answer(capsys, "--known", "--site", "688", "--db", str(store))
    assert "2008 UC100" in {r["body"] for r in rows}
    assert "listed however faint" in err
