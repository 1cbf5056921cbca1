"""``photdb refcat bands`` from a terminal's point of view."""

import csv
import io
from pathlib import Path

import polars as pl
import pytest

from photdb.cli.app import run


def rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def test_without_a_store_it_says_it_of_every_known_catalogue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PHOTDB", str(tmp_path / "none.duckdb"))
    assert run(["refcat", "bands", "--known", "--format", "csv"]) == 0
    found = rows(capsys)
    assert {"ps1", "gaia_dr3", "2mass", "skymapper1", "tycho2"} <= {row["catalog"] for row in found}
    v = [row for row in found if (row["catalog"], row["band"]) == ("gaia_dr3", "V")]
    assert v == [{"catalog": "gaia_dr3", "band": "V", "choice": "1", "path": "gaia2021_V", "error_mag": "0.0302"}]
    assert not (tmp_path / "none.duckdb").exists()
    assert run(["refcat", "bands"]) == 3
    assert run(["refcat", "bands", "--known", "--catalog", "nothing"]) == 2
    assert "known are" in capsys.readouterr().err


def test_of_a_store_it_says_it_of_the_bands_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PHOTDB", str(tmp_path / "a.duckdb"))
    stars = {"R": [40.0], "D": [-30.0], "g": [12.5], "r": [12.0], "eg": [0.02], "er": [0.02]}
    pl.DataFrame(stars).write_csv(tmp_path / "mine.csv")
    columns = "ra=R,dec=D,g=g,e_g=eg,r=r,e_r=er"
    assert run(["refcat", "add", str(tmp_path / "mine.csv"), "--catalog", "mine", "--columns", columns]) == 0
    capsys.readouterr()
    assert run(["refcat", "bands", "--format", "csv"]) == 0
    found = rows(capsys)
    assert {row["band"] for row in found} == {"g", "r", "B", "V", "R"}
    assert [row["path"] for row in found if row["band"] == "V"] == ["jordi2006_V", "lupton2005_V"]
    assert [row["path"] for row in found if row["band"] == "g"] == ["native"]
    assert run(["refcat", "bands", "--catalog", "ps1"]) == 3
    assert "there are those of mine" in capsys.readouterr().err
