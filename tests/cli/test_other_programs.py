"""What users of other programs type: catalogues for ezphot, light curves for PP, magnitudes of a star's own colour."""

import math
import shutil
from pathlib import Path

import pytest
from astropy.io import fits
from stores import STAR

from photdb import query
from photdb.cli import app as cli
from photdb.store.database import Database


@pytest.fixture
def photdb(small_store, monkeypatch, capsys, tmp_path):
    """Run a command line on a store of one's own: (exit code, stdout, stderr)."""
    monkeypatch.setenv("PHOTDB", str(shutil.copy(small_store, tmp_path / "own.duckdb")))
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            cli.main(list(words))
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return run


@pytest.fixture
def with_terms(tmp_path):
    """Give the zero points of that store a colour term that no star's colour is known for."""

    def change() -> None:
        with Database.open(tmp_path / "own.duckdb", read_only=False) as db:
            db.execute(
                "UPDATE zeropoint SET colour = 'g-i', colour_pivot = 0.8, colour_term = -0.06, catalog = 'ps1' "
                "WHERE mag_system = 'AB'"
            )

    return change


def test_ezphots_catalogues_are_a_folder(photdb, tmp_path):
    code, out, err = photdb("export", "detection", "--format", "ezphot", "--band", "g", "-o", "catalogues")
    assert (code, out) == (0, "")
    assert "24 rows in catalogues" in err
    assert len(list((tmp_path / "catalogues").iterdir())) == 6


def test_pps_light_curve_is_asked_for_by_a_targets_name(photdb, tmp_path):
    code, _, err = photdb("export", "lightcurve", "--target", "HAT-P 99", "--format", "pp", "-o", "photometry_H.dat")
    assert (code, "12 rows" in err) == (0, True)
    text = (tmp_path / "photometry_H.dat").read_text()
    assert text.startswith("#                           filename")
    code, out, _ = photdb("export", "lightcurve", "--object", str(STAR), "--format", "pp", "-o", "-")
    assert (code, out) == (0, text)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["export", "lightcurve", "--format", "ezphot", "-o", "x"],
            "--format ezphot holds detections, not lightcurves",
        ),
        (["export", "object", "--format", "pp", "-o", "x"], "--format pp holds lightcurves, not objects"),
        (["export", "lightcurve", "--format", "pp", "-o", "x"], "light curve of one object"),
        (["export", "detection", "--format", "ezphot", "-o", "-"], "cannot go to stdout"),
        (["objects", "--format", "pp"], "columns of its own"),
        (["frames", "--format", "ezphot", "-o", "x"], "columns of its own"),
        (["export", "lightcurve", "-o", "x.dat"], "does not say which format"),
        (["export", "detection", "--colour-corrected", "-o", "x.csv"], "cannot be corrected for colour"),
        (["export", "lightcurve", "--target", "HAT-P 99", "--object", "1", "-o", "x.csv"], "exclude each other"),
        (["headers", "x", "--frames", "1-b"], "'1-b' is not a frame"),
    ],
)
def test_what_cannot_be_written_is_refused_and_nothing_is(photdb, tmp_path, words, said):
    before = set(tmp_path.iterdir())
    code, out, err = photdb(*words)
    assert code == 2
    assert said in err
    assert "hint:" in err
    assert "Traceback" not in err
    assert out == ""
    assert set(tmp_path.iterdir()) == before


def test_a_light_curve_without_a_known_colour_says_so(photdb, with_terms):
    code, out, err = photdb("lightcurve", "--object", str(STAR), "--colour-corrected", "--band", "g", "--format", "csv")
    assert (code, "nothing was corrected for colour" in err) == (0, True)
    with_terms()
    code, out, err = photdb("lightcurve", "--object", str(STAR), "--colour-corrected", "--band", "g", "--format", "csv")
    lines = [line.split(",") for line in out.splitlines()]
    assert lines[0][-2:] == ["colour", "colour_source"]
    assert {(row[5], row[-1]) for row in lines[1:]} == {("", "unknown")}
    assert "6 of 6 points have no magnitude: the colour (g-i) of 1 object is not known" in err


def test_a_cone_and_an_export_say_so_too(photdb, with_terms, tmp_path):
    with_terms()
    code, out, err = photdb("cone", "41.58", "-30.27", "1", "--colour-corrected", "--format", "csv")
    header, first, *_ = [line.split(",") for line in out.splitlines()]
    row = dict(zip(header, first, strict=True))
    assert (code, row["median_mag"], row["colour_source"], row["n_unknown"]) == (0, "", "unknown", "6")
    assert "1 object" in err
    code, _, err = photdb("export", "lightcurve", "--colour-corrected", "-o", "all.csv")
    assert (code, "4 objects" in err) == (0, True)
    assert (tmp_path / "all.csv").read_text().splitlines()[0].endswith(",colour,colour_source")


def test_all_columns_and_single_ones_of_them(photdb):
    code, out, _ = photdb("lightcurve", "--object", str(STAR), "--all-columns", "--format", "csv")
    more = [*query.MORE_COLUMNS]
    assert (code, out.splitlines()[0].split(",")[-len(more) :]) == (0, more)
    assert more[:4] == ["cal_id", "zp_sys", "mag_err_total", "limit_3_mag"]
    code, out, _ = photdb("lightcurve", "--object", str(STAR), "--columns", "mag,mag_err_total", "--format", "csv")
    assert (code, out.splitlines()[0]) == (0, "mag,mag_err_total")


def test_copies_with_headers(photdb, tmp_path):
    code, _, err = photdb("headers", "copies")
    assert code == 4
    assert "none of 12 files could be copied" in err
    path = Path(small_path(tmp_path))
    path.parent.mkdir(parents=True)
    fits.PrimaryHDU().writeto(path)
    code, out, err = photdb("headers", "copies", "--frames", "1-2")
    assert (code, out) == (0, "")
    assert "1 files with 1 frames" in err
    assert "written in copies" in err
    assert "1 files could not be copied" in err
    assert fits.getval(tmp_path / "copies" / path.name, "SEEING") == 3.0


def small_path(folder: Path) -> str:
    """Move the first frame of the store into a folder; return its path."""
    path = str(folder / "frames" / "frame-001.fits")
    with Database.open(folder / "own.duckdb", read_only=False) as db:
        db.execute("UPDATE frame SET path = $p WHERE frame_id = 1", p=path)
        db.execute("UPDATE file SET path = $p WHERE file_id = 1", p=path)
    return path


def test_a_calibration_can_write_the_copies_at_once(photdb, tmp_path):
    path = Path(small_path(tmp_path))
    path.parent.mkdir(parents=True)
    fits.PrimaryHDU().writeto(path)
    with Database.open(tmp_path / "own.duckdb", read_only=False) as db:
        db.execute("UPDATE frame SET primary_aperture_id = 1")
    code, _, err = photdb("zeropoint", "--zp", "21.5", "0.02", "--frames", "1", "--write-headers", "copies")
    assert (code, "1 files with 1 frames: 1 with zero points" in err) == (0, True), err
    header = fits.getheader(tmp_path / "copies" / path.name)
    assert header["PHOTZP"] == 21.5
    assert header["ZP_APER"] == pytest.approx(21.5 + 2.5 * math.log10(60))  # which is the primary one
    assert "ZP_AUTO" not in header
    assert header["PHOTCAL"] == 2
    again = ("zeropoint", "--zp", "21.7", "0.02", "--frames", "1", "--no-activate", "--write-headers", "copies")
    assert photdb(*again)[0] == 0
    header = fits.getheader(tmp_path / "copies" / path.name)
    assert (header["PHOTZP"], header["PHOTCAL"]) == (21.7, 3)  # of the run that was asked for, though not in use
    assert photdb("headers", "copies", "--frames", "1")[0] == 0
    assert fits.getheader(tmp_path / "copies" / path.name)["PHOTCAL"] == 2
    assert photdb("headers", "copies", "--frames", "1", "--as", "3")[0] == 0
    assert fits.getheader(tmp_path / "copies" / path.name)["PHOTCAL"] == 3
