"""Light curves with forced points as commands: which points, which limits, which aperture, and their picture."""

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from forced_store import HERE, N_FRAMES, UNDETECTED, UNMEASURED, forced_store

from photdb.cli import app as cli
from photdb.output import plot
from photdb.store.database import Database


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    return forced_store(tmp_path_factory.mktemp("forced") / "forced.duckdb")


@pytest.fixture
def photdb(store, monkeypatch, capsys):
    """Run a command line on the store: (exit code, stdout, stderr)."""
    monkeypatch.setenv("PHOTDB", str(store))

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            cli.main(list(words))
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return run


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_usual_columns_stay_and_a_limit_that_is_asked_for_is_said_at_the_end(photdb):
    code, out, err = photdb("lightcurve", "HAT-P 99")
    assert code == 0
    assert len(rows(out)) == N_FRAMES - 1
    assert out.splitlines()[0].endswith(",x,y")
    assert "11 points: 8 detected, 3 forced (1 below 5 sigma: limits)" in err
    code, out, err = photdb("lightcurve", "HAT-P 99", "--sigma", "3", "--kind", "forced")
    assert out.splitlines()[0].endswith(",x,y,limit_3_mag,is_limit")
    assert {r["kind"] for r in rows(out)} == {"forced"}
    assert "11 points: 11 forced" in err
    assert "below" not in err
    assert photdb("lightcurve", "HAT-P 99", "--sigma", "5")[1].splitlines()[0].endswith(",x,y,is_limit")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--sigma", "4"], "limits are of 3 or 5 sigma"),
        (["--kind", "both"], "all, detected, forced"),
        (["--aperture", "7arcsec"], "no aperture '7arcsec'"),
        (["--aperture", "psf", "--aperture-id", "1"], "say the same"),
        (["--coadd", "week"], "night and all"),
        (["--coadd", "all", "--limits"], "leave --targets, --plot and --limits away"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_can(photdb, words, says):
    code, _, err = photdb("lightcurve", "HAT-P 99", *words)
    assert (code, says in err) == (2, True), err


def test_apertures_have_names(photdb):
    assert {r["aperture_id"] for r in rows(photdb("lightcurve", "HAT-P 99", "--aperture", "psf")[1])} == {"-2"}
    assert {r["aperture_id"] for r in rows(photdb("lightcurve", "Galaxy", "--aperture", "whole")[1])} == {"-3"}
    assert {r["aperture_id"] for r in rows(photdb("lightcurve", "HAT-P 99", "--aperture", "5arcsec")[1])} == {"1"}


@pytest.mark.parametrize(("aperture", "option"), [("psf", "--psf"), ("5arcsec", "--aperture 5arcsec")])
def test_a_target_that_was_not_forced_in_an_aperture_says_which_command_does_it(photdb, aperture, option):
    code, _, err = photdb("lightcurve", "SN 2017x", "--aperture", aperture)
    assert code == 3
    assert "no points in this aperture" in err
    assert f'`photdb forced --target "SN 2017x" {option}`' in err


def test_a_target_that_has_no_flux_in_an_aperture_says_why(store, tmp_path, capsys):
    own = Path(shutil.copy(store, tmp_path / "own.duckdb"))
    with Database.open(own, read_only=False) as db:
        db.execute(
            "UPDATE forced SET flux = NULL, x = 1, reason = 'no PSF: too few stars', is_detected = false "
            "WHERE aperture_id = -2 AND target_id IS NOT NULL"
        )
    with pytest.raises(SystemExit) as end:
        cli.main(["lightcurve", "HAT-P 99", "--aperture", "psf", "--kind", "forced", "--db", str(own)])
    err = capsys.readouterr().err
    assert end.value.code == 3
    assert "no PSF (" in err
    assert "`photdb forced" not in err


def test_a_place_that_was_not_forced_says_which_command_does_it(photdb):
    code, _, err = photdb("lightcurve", "41.59", "-30.26", "--kind", "forced")
    assert code == 3
    assert "its flux was not measured in any frame" in err
    assert "photdb forced --object" in err
    _, _, err = photdb("coverage", "41.58", "-30.1")
    assert "11 not detected" in err
    assert "12 frames not yet forced: `photdb forced --target NAME`" in err
    _, _, err = photdb("coverage", "SN 2017x", "--sigma", "3")
    assert "12 frames: 10 limit, 2 forced" in err
    assert "not yet forced" not in err


@pytest.mark.parametrize(("sigma", "limits"), [("3", 0), ("5", 1)])
def test_a_picture_has_limits_of_one_sigma_and_says_which(photdb, tmp_path, monkeypatch, sigma, limits):
    drawn = []
    save = plot.style.save
    monkeypatch.setattr(plot.style, "save", lambda figure, path: (drawn.append(figure), save(figure, path)))
    code, _, err = photdb("lightcurve", "HAT-P 99", "--sigma", sigma, "--plot", str(tmp_path / "a.png"))
    assert code == 0, err
    labels = [
        text.get_text() for ax in drawn[0].axes for text in (ax.get_legend().get_texts() if ax.get_legend() else ())
    ]
    assert [w for w in labels if "limits" in w] == [f"g, {sigma}-sigma limits"] * limits
    assert ("g, forced" in labels) == (sigma == "3")  # the only one in g is between the two
    assert {"r", "r, forced", "g"} <= set(labels)
    shapes = [line.get_marker() for ax in drawn[0].axes for line in ax.lines if "limits" in str(line.get_label())]
    assert shapes == ["v"] * limits


def test_as_fluxes_all_forced_points_are_drawn(photdb, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(plot.style, "save", lambda figure, path: (drawn.append(figure), path.touch()))
    assert photdb("lightcurve", "SN 2017x", "--flux", "--plot", str(tmp_path / "a.png"), "--band", "g")[0] == 0
    (ax,) = [ax for ax in drawn[0].axes if ax.get_legend()]
    (line,) = [line for line in ax.lines if line.get_marker() == plot.FORCED]
    assert len(line.get_ydata()) == 6
    assert (line.get_ydata() < 0).sum() == 2


def test_a_mean_is_one_row_a_band_and_night(photdb):
    code, out, err = photdb("lightcurve", "HAT-P 99", "--coadd", "night", "--kind", "forced")
    assert code == 0
    assert [(r["band"], r["night"], r["n_point"]) for r in rows(out)] == [
        ("g", "2017-12-19", str(3 - (UNMEASURED in UNDETECTED))), ("r", "2017-12-19", "3"),
        ("g", "2017-12-20", "3"), ("r", "2017-12-20", "2"),
    ]  # fmt: skip
    assert "the mean of 10 points (without 1 that have no flux, or no zero point)" in err


def test_a_mean_of_points_with_light_of_a_neighbour_says_so(tmp_path, monkeypatch, photdb):
    assert "neighbour" not in photdb("lightcurve", "SN 2017x", "--coadd", "all")[2]
    other = forced_store(tmp_path / "crowded.duckdb")
    with Database.open(other, read_only=False) as db:
        db.execute("UPDATE forced SET flags = 1 WHERE target_id = 2 AND frame_id IN (5, 6, 7)")
    monkeypatch.setenv("PHOTDB", str(other))
    code, _, err = photdb("lightcurve", "SN 2017x", "--coadd", "all")
    assert code == 0
    assert "3 of the points have light of a neighbour in the aperture (flag 1)" in err


def test_forced_fluxes_of_one_target_are_exported_also_where_no_object_is(photdb, tmp_path):
    for target, n in (("SN 2017x", N_FRAMES), ("Galaxy", 2 * N_FRAMES), ("HAT-P 99", 2 * N_FRAMES + 2)):
        file = tmp_path / f"{target}.csv"
        assert photdb("export", "forced", "--target", target, "--output", str(file))[0] == 0
        found = rows(file.read_text())
        assert len(found) == n
        assert {r["target"] for r in found} <= {target, ""}


def written(path: Path) -> list[dict]:
    """The rows of a file; None where there is no value."""
    if path.suffix == ".csv":
        return rows(path.read_text())
    if path.suffix == ".json":
        return json.loads(path.read_text())
    if path.suffix == ".parquet":
        return pl.read_parquet(path).to_dicts()
    from astropy.table import Table

    table = Table.read(path)
    return [{n: None if np.ma.is_masked(r[n]) else r[n] for n in table.colnames} for r in table]


@pytest.mark.parametrize("suffix", [".csv", ".json", ".parquet", ".vot", ".fits"])
def test_light_curves_of_targets_without_an_object_are_exported_with_the_targets_name(photdb, tmp_path, suffix):
    file = tmp_path / f"curves{suffix}"
    code, _, err = photdb("export", "lightcurve", "--output", str(file))
    assert code == 0, err
    said = f"{N_FRAMES} points are of targets without an object (SN 2017x): object_id is empty, target_id and target"
    assert said in err
    one = tmp_path / f"one{suffix}"
    code, _, err = photdb("export", "lightcurve", "--target", "SN 2017x", "--output", str(one))
    assert code == 0, err
    assert said in err
    expected = photdb("lightcurve", "SN 2017x")[1]
    flux = [pytest.approx(float(r["flux"]), rel=1e-6) for r in rows(expected)]
    for path in (file, one):
        found = [r for r in written(path) if r["object_id"] in (None, "")]
        assert [float(r["flux"]) for r in found] == flux
        assert {(int(r["target_id"]), str(r["target"])) for r in found} == {(2, "SN 2017x")}


def test_a_target_without_an_object_is_exported_by_its_place_and_in_partitions_too(photdb, tmp_path):
    file = tmp_path / "cone.csv"
    code, _, err = photdb("export", "lightcurve", "--cone", "41.58", str(HERE[1]), "30", "--output", str(file))
    assert code == 0, err
    assert {r["target"] for r in rows(file.read_text())} == {"SN 2017x"}
    assert len(rows(file.read_text())) == N_FRAMES
    code, _, err = photdb(
        "export", "lightcurve", "--cone", "41.58", "-30.27", "1000", "--output", str(file), "--overwrite"
    )
    found = rows(file.read_text())
    assert sum(r["object_id"] == "" for r in found) == N_FRAMES < len(found)
    assert photdb("export", "lightcurve", "--output", str(tmp_path / "all.csv"))[0] == 0
    n = len(rows((tmp_path / "all.csv").read_text()))
    assert photdb("export", "lightcurve", "--partition", "--output", str(tmp_path / "parts"))[0] == 0
    table = pl.read_parquet(tmp_path / "parts/**/*.parquet", hive_partitioning=False)
    assert (table.height, table["object_id"].null_count()) == (n, N_FRAMES)
    code, _, err = photdb("export", "lightcurve", "--colour-corrected", "--output", str(tmp_path / "tint.csv"))
    assert code == 0, err
    assert len(rows((tmp_path / "tint.csv").read_text())) == n


def test_the_aavso_gets_limits_of_a_target_that_was_never_detected(photdb, tmp_path, monkeypatch):
    other = forced_store(tmp_path / "tied.duckdb")
    with Database.open(other, read_only=False) as db:
        db.execute("UPDATE zeropoint SET catalog = 'ps1', ref_band = 'g' WHERE mag_system = 'AB'")
        db.execute("UPDATE forced SET flux = 40 WHERE target_id = 2 AND frame_id = 7")
    monkeypatch.setenv("PHOTDB", str(other))
    for date in ("JD", "HJD"):
        file = tmp_path / f"{date}.txt"
        code, _, err = photdb(
            "export", "lightcurve", "--target", "SN 2017x", "--band", "g", "--format", "aavso", "--set", "obscode=XYZ",
            "--set", f"date={date}", "--output", str(file),
        )  # fmt: skip
        assert code == 0, err
        lines = [line.split(",") for line in file.read_text().splitlines() if not line.startswith("#")]
        assert [line[0] for line in lines] == ["SN 2017x"] * 6
        limits = [line[2].startswith("<") for line in lines]
        assert limits == [True, True, True, False, True, True]
