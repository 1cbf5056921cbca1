"""What users type to bring in what other programs made, and to send AAVSO what they measured."""

import shutil

import pytest

from photdb.cli import app as cli


@pytest.fixture
def photdb(monkeypatch, capsys, tmp_path):
    """Run a command line in an empty folder: (exit code, stdout, stderr)."""
    monkeypatch.setenv("PHOTDB", str(tmp_path / "own.duckdb"))
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            cli.main(list(words))
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return run


def test_a_light_curve_comes_in_and_is_found_by_its_name(photdb, tmp_path):
    (tmp_path / "c.csv").write_text("hjd,Vmag,eV\n2458000.5,11.25,0.01\n2458001.5,11.75,0.01\n")
    code, out, err = photdb(
        "import", "c.csv", "--position", "163.26037", "-49.90632", "--object", "AF Vel", "--mag-system", "Vega",
        "--filter", "V", "--columns", "time=hjd,mag=Vmag,mag_err=eV",
    )  # fmt: skip
    assert (code, out) == (0, "")
    assert "1 file: 2 rows in 2 frames; 1 new object; 1 name to ask by; magnitudes Vega (2 frames)" in err
    code, out, _ = photdb("lightcurve", "AF Vel", "--columns", "mag,mag_system", "--format", "csv")
    assert code == 0
    assert [round(float(line.split(",")[0]), 6) for line in out.splitlines()[1:]] == [11.25, 11.75]
    code, _, err = photdb("import", "c.csv", "--position", "163.26037", "-49.90632")
    assert (code, "1 file known already" in err) == (0, True)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["import", "nothing.csv"], 4, "no such file or folder"),
        (["import", "c.csv", "--as-mapping", "ds9"], 2, "no mapping 'ds9'"),
        (["import", "c.csv", "--columns", "mag"], 2, "--columns 'mag'"),
        (["import", "c.csv", "--columns", "magnitude=mag", "--position", "1", "2"], 2, "no such field"),
        (["import", "c.csv", "--time-format", "gps"], 4, "'gps'"),
        (["import", "c.csv", "--mag-system", "Johnson"], 2, "no system of magnitudes"),
        (["import", "c.csv"], 4, "no positions in it"),
        (["import", "c.csv", "--position", "400", "2"], 2, "outside 0 to 360"),
        (["import", "c.csv", "--map", "none.toml"], 4, "none.toml"),
    ],
)
def test_what_cannot_be_imported_is_said_with_what_to_do(photdb, tmp_path, words, code, said):
    (tmp_path / "c.csv").write_text("mjd,mag\n58000,14\n")
    found, _, err = photdb(*words)
    assert said in err
    assert found == code
    assert "Traceback" not in err


def test_aavso_reports_are_asked_for_with_an_observer_code(photdb, small_store, tmp_path):
    shutil.copy(small_store, tmp_path / "own.duckdb")
    words = ("export", "lightcurve", "--target", "HAT-P 99", "--format", "aavso", "--output")
    code, _, err = photdb(*words, "r.txt", "--band", "g")
    assert (code, "--set obscode=XYZ" in err) == (2, True)
    code, _, err = photdb(*words, "r.txt", "--band", "g", "--set", "obscode=XYZ")
    assert (code, "6 rows in r.txt" in err) == (0, True), err
    assert (tmp_path / "r.txt").read_text().startswith("#TYPE=Extended\n#OBSCODE=XYZ\n")
    code, _, err = photdb(*words, "no.txt", "--band", "r", "--set", "obscode=XYZ")
    assert (code, "AAVSO takes calibrated magnitudes only" in err) == (5, True)
    assert not (tmp_path / "no.txt").exists()
    code, _, err = photdb(*words, "r2.txt", "--set", "observer=XYZ")
    assert (code, "no such option of --format aavso" in err) == (2, True)
