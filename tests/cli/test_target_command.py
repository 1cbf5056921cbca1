"""``photdb target``: every way to say where something is, what is printed, and how it ends when it cannot be."""

import csv
import io
import shutil

import pytest
from horizons_server import Horizons

from photdb.cli import app as cli
from photdb.store.database import Database


@pytest.fixture
def store(small_store, tmp_path, monkeypatch):
    """Return a store of one's own, with a site for its frames."""
    path = tmp_path / "own.duckdb"
    shutil.copy(small_store, path)
    with Database.open(path, read_only=False) as db:
        db.execute("UPDATE frame SET site = 'Hill', site_latitude = 35.1, site_longitude = -111.5, site_height = 2206")
    monkeypatch.setenv("PHOTDB", str(path))
    return path


@pytest.fixture
def photdb(store, capsys):
    """Run a command line: (exit code, stdout, stderr)."""

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            cli.main(list(words))
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return run


@pytest.fixture
def horizons(monkeypatch):
    server = Horizons()
    monkeypatch.setenv("PHOTDB_HORIZONS", server.address)
    monkeypatch.delenv("PHOTDB_OFFLINE")
    yield server
    server.close()


def listed(photdb) -> dict[str, dict[str, str]]:
    code, out, _ = photdb("target", "list", "--format", "csv")
    assert code == 0
    return {row["name"]: row for row in csv.DictReader(io.StringIO(out))}


def named_frames(store) -> list[tuple[str, float]]:
    with Database.open(store) as db:
        sql = "SELECT parse_filename(path), mjd_mid + 2400000.5 FROM frame WHERE mjd_mid IS NOT NULL ORDER BY 2"
        return db.rows(sql).rows


def test_the_list_shows_kinds_methods_paths_and_positions(photdb, store, horizons, tmp_path):
    file = tmp_path / "positions.dat"
    rows = named_frames(store)
    file.write_text("".join(f"{name} 41.58 -30.27 {jd:.6f}\n" for name, jd in rows))
    assert (
        photdb("target", "add", "gal", "41.58", "-30.27", "--ellipse", "12", "5", "-20", "--offset", "-2", "1.5")[0]
        == 0
    )
    code, _, err = photdb("target", "add", "5945", "--positions", str(file))
    assert (code, f"target 5945: {len(rows)} positions" in err) == (0, True)
    code, _, err = photdb("target", "add", "(5945) Roachapproach", "--horizons", "5945")
    assert code == 0
    assert "JPL Horizons: 5945 Roachapproach (1984 SQ3), Hill, step 60 min" in err
    rates = ("--rates", "14.6", "-3.9", "--at", "58107.2", "--span", "0.5")
    assert photdb("target", "add", "mover", "41.58", "-30.27", *rates)[0] == 0
    found = listed(photdb)
    assert {name: row["kind"] for name, row in found.items()} == {
        "HAT-P 99": "fixed", "gal": "fixed", "5945": "moving", "(5945) Roachapproach": "moving", "mover": "moving",
    }  # fmt: skip
    gal = found["gal"]
    assert (gal["a_arcsec"], gal["pa_deg"], gal["offset_ra"]) == ("12.0", "160.0", "-2.0")
    assert gal["methods"] == "[primary, ellipse]"
    assert found["5945"]["n_position"] == str(len(rows))
    roach = found["(5945) Roachapproach"]
    assert (roach["designation"], roach["path_sites"]) == ("5945", "[Hill]")
    assert float(roach["path_from_mjd"]) < 58107.1 < float(roach["path_to_mjd"])
    assert float(found["mover"]["path_to_mjd"]) == pytest.approx(58107.45)
    assert photdb("target", "remove", "(5945)", "roachapproach")[0] == 0
    with Database.open(store) as db:
        assert db.one("SELECT count(*) FROM ephemeris WHERE site = 'Hill'") == 0
        assert not db.audit().keys() & {"ephemeris_without_target", "target_position_without_target"}


def test_a_target_that_is_a_number_is_asked_for_by_it(photdb, store, tmp_path):
    file = tmp_path / "positions.dat"
    file.write_text("".join(f"{name} 41.58 -30.27 {jd:.6f}\n" for name, jd in named_frames(store)))
    assert "no object 5945" in photdb("lightcurve", "5945")[2]
    assert photdb("target", "add", "5945", "--positions", str(file))[0] == 0
    assert "target 5945 moves" in photdb("lightcurve", "5945")[2]


def test_horizons_is_asked_once_and_then_the_store(photdb, store, horizons, monkeypatch):
    assert photdb("target", "add", "5945", "--horizons", "5945")[0] == 0
    n = len(horizons.questions)
    monkeypatch.setenv("PHOTDB_OFFLINE", "1")
    code, _, err = photdb("target", "add", "5945", "--horizons", "5945")
    assert (code, len(horizons.questions)) == (0, n)
    assert "nothing asked for" in err
    assert "there already" in err


@pytest.mark.parametrize(
    ("designation", "code", "says"),
    [
        ("nobody", 3, "knows no body 'nobody': No matches found"),
        ("Halley", 3, "90000030 1986 1P Halley"),
        ("2001 SF", 4, "No ephemeris for target"),
    ],
)
def test_what_horizons_says_of_a_name_is_said(photdb, store, horizons, designation, code, says):
    found, _, err = photdb("target", "add", "x", "--horizons", designation)
    assert (found, says in err) == (code, True), err
    assert "x" not in listed(photdb)


def test_no_network_is_said_with_what_to_do(photdb, store, monkeypatch):
    code, _, err = photdb("target", "add", "x", "--horizons", "5945")
    assert (code, "forbidden by $PHOTDB_OFFLINE" in err) == (2, True)
    monkeypatch.delenv("PHOTDB_OFFLINE")
    monkeypatch.setenv("PHOTDB_HORIZONS", "http://127.0.0.1:9/api")
    code, _, err = photdb("target", "add", "x", "--horizons", "5945")
    assert (code, "the connection was refused" in err, "--ephemeris FILE" in err) == (4, True, True)


def test_many_targets_come_from_a_file_or_none(photdb, store, tmp_path):
    file = tmp_path / "list.csv"
    file.write_text("name,ra,dec\na,1,2\nb,3,nan\n")
    code, _, err = photdb("target", "add", "--file", str(file))
    assert (code, "list.csv, line 3: declination 'nan'" in err) == (4, True)
    file.write_text("name,ra,dec,pmra_mas\na,1,2,3\nb,3,4,\n")
    _, _, err = photdb("target", "add", "--file", str(file))
    assert "2 targets added" in err
    assert "list.csv: not used: pmra_mas" in err
    assert listed(photdb).keys() == {"HAT-P 99", "a", "b"}


def test_headers_without_a_position_are_said(photdb, store):
    with Database.open(store, read_only=False) as db:
        db.execute("UPDATE frame SET object_name = 'nowhere'")
    code, _, err = photdb("target", "add", "--from-headers")
    assert code == 3
    assert "nowhere (12 frames): no position is known; photdb target add 'nowhere' RA DEC" in err


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ([], 2, "no name"),
        (["x", "1", "2", "--horizons", "5945"], 2, "--horizons and a position"),
        (["x", "--horizons", "5945", "--ephemeris", "f"], 2, "exclude each other"),
        (["x", "--horizons", "5945", "--pm", "1", "2"], 2, "--pm"),
        (["x", "1", "2", "--rates", "1", "2"], 2, "need RA DEC and --at"),
        (["x", "1", "2", "--at", "58000"], 2, "--at goes with --rates"),
        (["x", "1", "2", "--rates", "1", "2", "--at", "2458000"], 2, "is not an MJD"),
        (["x", "1", "2", "--ellipse", "1", "2", "0"], 2, "an ellipse of 1 by 2"),
        (["x", "1", "2", "--offset", "nan", "2"], 2, "an offset of nan"),
        (["x", "1", "2", "--pm", "nan", "2"], 4, "a proper motion of nan"),
        (["x", "--horizons", " "], 2, "--horizons: no designation"),
        (["x", "--positions", "none.dat"], 4, "no such file"),
        (["x", "--ephemeris", "none.txt"], 4, "no such file"),
        (["--file", "none.csv"], 4, "no such file"),
        (["x", "--file", "none.csv"], 2, "--file is of many targets"),
        (["--from-headers", "--offset", "1", "2"], 2, "--from-headers is of many targets"),
        (["123", "1", "2"], 2, "cannot be the name"),
    ],
)
def test_what_cannot_be_a_target_is_refused(photdb, store, words, code, says):
    found, _, err = photdb("target", "add", *words)
    assert (found, says in err) == (code, True), err
    assert listed(photdb).keys() == {"HAT-P 99"}


def test_a_cone_without_a_radius_is_said_to_have_none(photdb, store):
    code, _, err = photdb("cone", "41", "-30")
    assert (code, "a cone is RA, DEC and a radius" in err) == (2, True)


def test_a_second_name_of_one_body_or_place_is_taken_and_said(photdb, store, tmp_path):
    path = tmp_path / "path.csv"
    path.write_text("mjd,ra,dec\n58107,41,-30\n58108,41.1,-30\n58109,41.2,-30\n")
    words = ["--ephemeris", str(path)]
    assert "same body" not in photdb("target", "add", "(5945) Roachapproach", *words)[2]
    code, _, err = photdb("target", "add", "5945", *words)
    assert code == 0
    assert "5945 and (5945) Roachapproach are the same body: detections are given to one of them alone" in err
    assert "same body" not in photdb("target", "add", "5945 jet", *words, "--offset", "5", "0")[2]
    assert "same body" not in photdb("target", "add", "comet", *words)[2]
    assert "same place" not in photdb("target", "add", "A", "41.5", "-30.1")[2]
    code, _, err = photdb("target", "add", "B", "41.5", "-30.1002")
    assert code == 0
    assert "B and A are the same place: they share the star there, and its flux is forced for each" in err
    assert "same place" not in photdb("target", "add", "C", "41.5", "-30.1002", "--offset", "0", "9")[2]
    assert {"A", "B", "C", "5945", "comet"} <= listed(photdb).keys()
