"""``photdb refcat`` from a terminal's point of view."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from vizier_server import Sky

from photdb.cli.app import run
from photdb.store.database import Database


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "a.duckdb"
    monkeypatch.setenv("PHOTDB", str(path))
    return path


def gaia(path: Path, **more: list) -> Path:
    n = 3
    table = {"Source": [1, 2, 3], "RA_ICRS": [40.0, 40.1, 40.2], "DE_ICRS": [-30.0] * n, "gmag": [12.0, 13.0, 14.0]}
    pl.DataFrame(table | more).write_csv(path)
    return path


def test_add_says_what_it_found_and_list_shows_it(tmp_path, store, capsys):
    assert run(["refcat", "add", str(gaia(tmp_path / "g.csv")), "--catalog", "gaiaxp"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "gaiaxp: 3 stars, 3 of them new, 3 good; bands g" in said.err
    assert run(["refcat", "list", "--format", "csv"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert row["catalog"] == "gaiaxp"
    assert row["stars"] == "3"
    assert row["good_stars_by_band"] == "g 3"
    assert (row["complete_tiles"], row["complete_sq_deg"]) == ("0", "0.0")
    assert row["source"].endswith("g.csv")
    assert row["fetched"]


def test_any_other_table_can_be_added_by_naming_its_columns(tmp_path, store, capsys):
    pl.DataFrame({"R": [40.0], "D": [-30.0], "v": [12.0], "ve": [0.02], "y": [2016.0]}).write_csv(tmp_path / "mine.csv")
    columns = "ra=R,dec=D,V=v,e_V=ve,epoch=y"
    assert run(["refcat", "add", str(tmp_path / "mine.csv"), "--catalog", "mine", "--columns", columns]) == 0
    assert "bands V" in capsys.readouterr().err
    assert run(["refcat", "add", str(tmp_path / "mine.csv"), "--catalog", "mine", "--columns", "ra"]) == 2
    assert "is not NAME=COLUMN" in capsys.readouterr().err


def hours(path: Path) -> Path:
    rng = np.random.default_rng(1)
    table = {"RA_ICRS": (20 + rng.uniform(-1, 1, 100)) / 15, "DE_ICRS": rng.uniform(-1, 1, 100), "gmag": [12.0] * 100}
    pl.DataFrame(table).write_csv(path)
    return path


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "empty"),
        ("head.csv", b"Source,RA_ICRS,DE_ICRS,gmag\n", "no rows"),
        ("page.csv", b"<html><head><title>502 Bad Gateway</title></head></html>", "a web page (502 Bad Gateway)"),
        ("other.csv", b"a,b\n1,2\n", "needs columns RA_ICRS, DE_ICRS; has a, b"),
        ("nomag.csv", b"RA_ICRS,DE_ICRS\n1,2\n", "no magnitudes: needs one of Umag"),
        ("nan.csv", b"RA_ICRS,DE_ICRS,gmag\nnan,2,12\n", "none of 1 rows has a position"),
        ("south.csv", b"RA_ICRS,DE_ICRS,gmag\n1,-92,12\n", "with a declination beyond 90 deg"),
        ("cut.vot", b"<?xml version='1.0'?><VOTABLE version='1.4'><RESOURCE><TABLE>", "the VOTable has no end"),
        ("cut.parquet", b"PAR1\x15\x04\x15", "not a table that can be read"),
        ("cut.fits", b"SIMPLE  =                    T /", "not a table that can be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_bad_input_and_changes_nothing(tmp_path, store, capsys, name, content, said):
    gaia(tmp_path / "g.csv")
    assert run(["refcat", "add", str(tmp_path / "g.csv"), "--catalog", "gaiaxp"]) == 0
    (tmp_path / name).write_bytes(content)
    capsys.readouterr()
    assert run(["refcat", "add", str(tmp_path / name), "--catalog", "gaiaxp"]) == 4
    err = capsys.readouterr().err
    assert said in err
    assert name in err
    assert "hint:" in err
    assert "Traceback" not in err
    with Database.open(store) as db:
        assert db.one("SELECT count(*) FROM refstar") == 3
        assert db.one("SELECT count(*) FROM run") == 1


def test_hours_for_degrees_are_refused_until_the_user_says_which(tmp_path, store, capsys):
    file = str(hours(tmp_path / "h.csv"))
    assert run(["refcat", "add", file, "--catalog", "gaiaxp"]) == 4
    assert "say which: --ra-unit hours or --ra-unit deg" in capsys.readouterr().err
    assert run(["refcat", "add", file, "--catalog", "gaiaxp", "--ra-unit", "hours"]) == 0
    assert "times 15" in capsys.readouterr().err
    with Database.open(store) as db:
        assert 18 < db.one("SELECT avg(ra) FROM refstar") < 22
    assert run(["refcat", "add", file, "--catalog", "gaiaxp", "--ra-unit", "parsec"]) == 2


def test_rows_that_are_left_out_are_counted(tmp_path, store, capsys):
    file = gaia(tmp_path / "g.csv", DE_ICRS=[-30.0, 95.0, -30.0], e_gmag=[0.0, 0.01, -1.0], Source=[1, 2, 1])
    assert run(["refcat", "add", str(file), "--catalog", "gaiaxp"]) == 0
    err = capsys.readouterr().err
    assert "gaiaxp: 1 rows with a declination beyond 90 deg left out" in err
    assert "gaiaxp: 1 rows name a star again: the first was taken" in err
    assert "gaiaxp: errors of 0 or less are none: g 1" in err


def test_variables_are_names_without_bands(tmp_path, store, capsys):
    text = "OID,Name,V,RAJ2000,DEJ2000,Type,max,min,Period\n37,AF Vel,0,163.26037,-49.90632,RRAB,10.85,11.75,0.5274\n"
    (tmp_path / "vsx.csv").write_text(text)
    assert run(["refcat", "add", str(tmp_path / "vsx.csv"), "--catalog", "vsx"]) == 0
    assert "vsx: 1 stars, 1 of them new, 1 good; names, no bands" in capsys.readouterr().err
    assert run(["sql", "SELECT name, kind, period FROM refname", "--format", "csv"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "AF Vel,RRAB,0.5274"


@pytest.fixture
def sky(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sky]:
    monkeypatch.delenv("PHOTDB_OFFLINE")
    rng = np.random.default_rng(1)
    columns = {
        "RA_ICRS": ("double", "deg", (41.58 + rng.uniform(-1, 1, 100)).tolist()),
        "DE_ICRS": ("double", "deg", (-30.27 + rng.uniform(-1, 1, 100)).tolist()),
        "Source": ("long", "", list(range(1, 101))),
        "gmag": ("float", "mag", rng.uniform(12, 17, 100).tolist()),
    }
    server = Sky("I/360/syntphot", columns)
    yield server
    server.close()


FETCH = ["refcat", "fetch", "--catalog", "gaiaxp"]


@pytest.mark.parametrize(
    "area",
    [
        ["--cone", "41.58", "-30.27", "0.3"],
        ["--cone", "02:46:19.2", "-30:16:12", "0.3"],
        ["--polygon", "41,-30.5", "42,-30.5", "42,-30", "41,-30"],
        ["--polygon", "41,-30.5 42,-30.5 42,-30 41,-30"],
    ],
)
def test_fetch_brings_an_area_and_says_so(sky, store, capsys, area):
    assert run([*FETCH, *area, "--server", sky.address]) == 0
    err = capsys.readouterr().err
    assert "sq deg" in err
    assert "tiles fetched" in err
    assert run([*FETCH, *area, "--server", sky.address]) == 0
    assert "were there" in capsys.readouterr().err
    assert run(["refcat", "list", "--format", "csv"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert int(row["complete_tiles"]) == int(row["tiles"]) > 0
    assert float(row["complete_sq_deg"]) > 0.5
    assert row["source"] == f"{sky.address} I/360/syntphot"


def test_fetch_of_what_the_frames_need(sky, small_store, tmp_path, capsys):
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(small_store.read_bytes())
    assert run([*FETCH, "--frames", "--server", sky.address, "--db", str(copy)]) == 0
    assert "tiles fetched" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([*FETCH], "name one area"),
        ([*FETCH, "--frames", "--cone", "1", "2", "3"], "name one area"),
        ([*FETCH, "--cone", "1", "95", "3"], "outside -90 to 90"),
        ([*FETCH, "--cone", "1", "2", "0"], "radius of 0 deg"),
        ([*FETCH, "--polygon", "1,2", "3,4"], "2 corners make no polygon"),
        ([*FETCH, "--polygon", "1;2"], "is not RA,DEC"),
        (["refcat", "fetch", "--cone", "1", "2", "3"], "--catalog: which one?"),
        (["refcat", "fetch", "--catalog", "ps2", "--cone", "1", "2", "3"], "'ps2' is not known"),
        (["refcat", "fetch", "--catalog", "ps1", "--cone", "1", "-80", "1"], "does not cover"),
    ],
)
def test_a_fetch_put_wrongly_is_a_usage_error(store, capsys, words, said):
    assert run(words) == 2
    assert said in capsys.readouterr().err
    assert not store.exists()


def test_without_a_network_a_fetch_is_bad_input_and_says_what_else_can_be_done(store, capsys, monkeypatch):
    monkeypatch.delenv("PHOTDB_OFFLINE")
    assert run([*FETCH, "--cone", "1", "2", "0.1", "--server", "http://127.0.0.1:9"]) == 4
    err = capsys.readouterr().err
    assert "http://127.0.0.1:9 cannot be reached: none of" in err
    assert not store.exists()
    assert "photdb refcat add FILE" in err
    assert "Traceback" not in err
