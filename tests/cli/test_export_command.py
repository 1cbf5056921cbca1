"""``photdb export`` of collections and folders, as a user types it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from stores import DEC, FAINT, RA, STAR

from photdb.cli.app import run


@pytest.fixture
def photdb(small_store, tmp_path, monkeypatch, capfd):
    """Run a command line in an empty folder with the small store: exit code, stdout, stderr."""
    monkeypatch.setenv("PHOTDB", str(small_store))
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run(list(words))
        out, err = capfd.readouterr()
        return code, out, err

    return call


def test_everything_goes_into_a_collection_and_is_brought_up_to_date(photdb):
    code, out, err = photdb("export", "--format", "hats", "--output", "s.hats")
    assert (code, out) == (0, "")
    assert "4 objects with 48 points in their light curves: every detection that has an object; 48 sources" in err
    assert "lsdb.open_catalog('s.hats')" in err
    assert Path("s.hats/collection.properties").is_file()
    code, _, err = photdb("export", "--format", "hats", "--append", "s.hats")
    assert code == 0
    assert "1 partitions, 0 of them written now" in err or "1 partition, 0 of them written now" in err


def test_a_cone_a_star_and_a_target_go_into_collections_too(photdb):
    ra, dec = str(RA), str(DEC)
    for n, words in enumerate([("--cone", ra, dec, "10"), ("--object", str(STAR)), ("--target", "HAT-P 99")]):
        code, _, err = photdb("export", "--format", "hats", *words, "-o", f"{n}.hats")
        assert code == 0, err
        objects = pl.read_parquet(f"{n}.hats/objects/dataset/Norder=0/Dir=0/Npix=8.parquet")
        assert objects.height == (2 if n == 0 else 1)
        code, _, err = photdb("export", "--format", "hats", "--append", f"{n}.hats")
        assert (code, "holds only" in err) == (2, True)


def test_folders_by_cell_hold_what_a_file_holds(photdb):
    for what in ("lightcurve", "detection", "object", "frame"):
        assert photdb("export", what, "--partition", "-o", what)[0] == 0
        assert photdb("export", what, "-o", f"{what}.parquet")[0] == 0
        parts = pl.read_parquet(f"{what}/**/*.parquet", hive_partitioning=False)
        assert sorted(map(str, parts.rows())) == sorted(map(str, pl.read_parquet(f"{what}.parquet").rows()))
    code, _, err = photdb("export", "lightcurve", "--object", str(FAINT), "--partition", "-o", "faint")
    assert (code, "12 rows in faint" in err) == (0, True)


def test_the_calibration_asked_for_is_exported_and_kept(photdb):
    assert photdb("export", "--format", "hats", "--as", "1", "-o", "one.hats")[0] == 0
    assert photdb("export", "--format", "hats", "--append", "one.hats")[0] == 0
    assert '"calibration": 1' in Path("one.hats/photdb_manifest.json").read_text()
    assert photdb("export", "--format", "hats", "--as", "9", "-o", "nine.hats")[0] == 3


def test_what_exists_is_replaced_only_when_asked(photdb):
    Path("o.csv").write_text("mine")
    code, _, err = photdb("export", "object", "-o", "o.csv")
    assert (code, "o.csv: exists" in err, "--overwrite" in err) == (4, True, True)
    assert Path("o.csv").read_text() == "mine"
    assert photdb("export", "object", "-o", "o.csv", "--overwrite")[0] == 0
    for words in (["object", "--partition"], ["--format", "hats"]):
        shutil.rmtree("d", ignore_errors=True)
        Path("d").mkdir()
        Path("d/mine").touch()
        code, _, err = photdb("export", *words, "-o", "d")
        assert (code, "exists and is not empty" in err) == (4, True)
        assert photdb("export", *words, "-o", "d", "--overwrite")[0] == 0
        assert not Path("d/mine").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--format", "hats"], 2, "--output DIR"),
        (["lightcurve", "--format", "hats", "-o", "x"], 2, "holds everything, not lightcurves alone"),
        (["--format", "hats", "-o", "x", "--partition"], 2, "--partition is not for collections"),
        (["--format", "hats", "-o", "x", "--append", "y"], 2, "give one of them"),
        (["--format", "hats", "--append", "y", "--band", "g"], 2, "--append keeps what the collection holds"),
        (["--format", "hats", "--append", "nowhere.hats"], 4, "no such folder"),
        (["--format", "hats", "-o", "x", "--margin", "-3"], 2, "margin of -3"),
        (["--format", "hats", "-o", "x", "--rows-per-partition", "7"], 2, "7 rows a partition"),
        (["--format", "hats", "-o", "no/where"], 4, "no such folder"),
        (["--format", "hats", "-o", "x", "--band", "K"], 3, "nothing to export"),
        (["--format", "hats", "-o", "x", "--db", "quack:h"], 2, "from the file itself"),
        (["lightcurve", "--format", "fits", "--partition", "-o", "x"], 2, "--partition writes Parquet"),
        (["lightcurve", "--margin", "3", "-o", "x.csv"], 2, "--margin is for collections"),
        (["lightcurve", "--rows-per-partition", "3000", "-o", "x.csv"], 2, "needs --partition"),
        (["lightcurve", "--format", "hatz", "-o", "x"], 2, "hats"),
        (["-o", "x.csv"], 2, "export what?"),
        (["frame"], 2, "--output"),
        (["object", "--object", "5", "-o", "x.csv"], 3, "no object 5"),
    ],
)
def test_bad_requests_say_what_and_leave_nothing(photdb, words, code, said):
    found, _, err = photdb("export", *words)
    assert (found, said in err) == (code, True), err
    assert list(Path().iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
@pytest.mark.parametrize("words", [["--format", "hats"], ["lightcurve", "--partition"]])
def test_a_full_disk_is_said_and_leaves_nothing(photdb, small_store, tmp_path, words):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("cannot mount a small disk here")
    try:
        code, _, err = photdb("export", *words, "-o", str(disk / "x"))
        assert (code, "Traceback" in err) == (4, False)
        assert "space" in err
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_of_others_is_said(photdb, tmp_path):
    tmp_path.chmod(0o500)
    code, _, err = photdb("export", "--format", "hats", "-o", "x")
    tmp_path.chmod(0o700)
    assert (code, "cannot be written" in err) == (4, True)


def test_neither_help_nor_one_light_curve_waits_for_the_export():
    code = (
        "import sys; import photdb.cli.export; print([m for m in ('pyarrow', 'healpy', 'astropy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
