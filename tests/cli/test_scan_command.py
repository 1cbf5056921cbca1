"""``photdb scan`` and ``photdb telescopes`` from a terminal's point of view."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from photdb.cli.app import run
from photdb.cli.scan import file_rows, group_rows
from photdb.cli.telescopes import check_rows, describe_match
from photdb.ingest.telescope import load_telescopes
from photdb.jobs.scan import scan

HEADERS = Path(__file__).parents[1] / "data" / "headers"


@pytest.fixture
def night(tmp_path: Path) -> Path:
    """A folder of two frames of a generic camera, one of which cannot be used, and a file that is no FITS."""
    cards = {"IMAGETYP": "light", "EXPTIME": 60.0, "FILTER": "V", "DATE-OBS": "2024-01-01T00:00:00", "OBJECT": "M 1"}
    fits.PrimaryHDU(np.zeros((8, 10), np.uint16), fits.Header(cards)).writeto(tmp_path / "a.fits")
    del cards["EXPTIME"]
    fits.PrimaryHDU(np.zeros((8, 10), np.uint16), fits.Header(cards)).writeto(tmp_path / "b.fits")
    (tmp_path / "c.fits").write_text("hello, I am text")
    return tmp_path


def test_scan_prints_the_groups_as_csv_and_the_rest_on_stderr(night: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scan", str(night)]) == 0
    said = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert [tuple(r.values()) for r in rows] == [
        ("2023-12-31", "generic", "V", "light", "M 1", "10x8", "", "1"),
        ("2023-12-31", "generic", "V", "light", "M 1", "10x8", "60.0", "1"),
    ]
    assert "c.fits: not a FITS file" in said.err
    assert "b.fits: no exposure time (EXPTIME" in said.err
    assert "gain: no card" in said.err
    assert "2 images, 1 usable; 1 files cannot be read" in said.err


def test_scan_can_list_files_as_json(night: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scan", str(night), "--files", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [Path(row["path"]).name for row in rows] == ["a.fits", "b.fits", "c.fits"]
    assert [row["problem"] is None for row in rows] == [True, False, False]


def test_scan_of_nothing_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scan", str(tmp_path)]) == 4
    assert run(["scan", str(tmp_path / "missing")]) == 4
    assert "no FITS file in" in capsys.readouterr().err


def test_rows_are_plain_values(night: Path) -> None:
    found = scan([night])
    assert json.loads(json.dumps(group_rows(found))) == group_rows(found)
    assert len(file_rows(found)) == 3


def test_telescopes_are_listed_with_their_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["telescopes", "list"]) == 0
    rows = {row["telescope"]: row for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    assert rows["skycamt"]["matches"] == "INSTRUME = skycamt*"
    assert list(rows)[-1] == "generic"
    assert rows["generic"]["matches"] == "any header"


def test_a_telescope_file_is_shown_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["telescopes", "show", "skycamt"]) == 0
    known = load_telescopes().named("skycamt")
    assert capsys.readouterr().out == Path(known.source).read_text(encoding="utf-8")


def test_a_wrong_name_is_not_found_and_the_nearest_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["telescopes", "show", "skycam"]) == 3
    assert "did you mean skycamt?" in capsys.readouterr().err


def test_check_prints_every_field_with_its_card(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["telescopes", "check", str(HEADERS / "lowell42_light.hdr")]) == 0
    rows = {row["field"]: row for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    assert rows["telescope"]["value"] == "lowell42_nasa42"
    assert (rows["gain"]["value"], rows["gain"]["origin"], rows["gain"]["note"]) == ("3.64", "telescope file", "")
    assert rows["trim"]["value"] == "data[0:1370, 17:1382]"
    assert rows["saturation"]["note"].startswith("guess: ")
    assert rows["mjd_mid"]["origin"] == "DATE-OBS and UTCSTART and half the exposure"


def test_check_says_what_is_missing() -> None:
    rows, missing = check_rows(HEADERS / "m67_v.hdr")
    assert any(row["field"] == "problem" and row["note"].startswith("no exposure time") for row in rows)
    assert any("not said: the pixel scale" in sentence for sentence in missing)
    assert any("no time of observation" in sentence for sentence in missing)


def test_check_of_a_file_that_is_no_fits_is_bad_input(night: Path) -> None:
    assert run(["telescopes", "check", str(night / "c.fits")]) == 4
    assert run(["telescopes", "check", str(night / "missing.hdr")]) == 4


def test_rules_are_told_in_words() -> None:
    known = load_telescopes()
    assert describe_match(known.named("lowell42_nasa42").match) == (
        "LCAMMOD = nasa42 and (TELESCOP = hall | lowell42* or LTELMOD = hall)"
    )
