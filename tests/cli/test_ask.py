"""The command line of questions: positions as typed, what goes to stdout, how the program ends."""

import csv
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from stores import FAINT, FAR, STAR

from photdb.cli import app as cli
from photdb.store.database import Database

HERE = ["41.58", "-30.27"]


@pytest.fixture
def photdb(small_store, monkeypatch, capsys):
    """Run a command line on the small store: (exit code, stdout, stderr)."""
    monkeypatch.setenv("PHOTDB", str(small_store))
    monkeypatch.delenv("NO_COLOR", raising=False)

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            cli.main(list(words))
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return run


@pytest.fixture
def own(small_store, tmp_path) -> Path:
    """A copy of the small store that may be changed."""
    return Path(shutil.copy(small_store, tmp_path / "own.duckdb"))


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(
    "where",
    [
        HERE,
        ["02:46:19.2", "-30:16:12"],
        ["02h46m19.2s", "-30d16m12s"],
        ["--object", str(STAR)],
        ["HAT-P", "99"],
        ["hat-p99"],
        ["J024619.20-301612.0"],
        ["--", "41.58", "-30.27"],
        ["--band", "g", *HERE, "--no-flags"],
        [*HERE, "--radius", "2", "--from=58107", "--to", "58109"],
        ["41.58", "--radius", "7", "-30.27"],
    ],
)
def test_a_light_curve_is_found_however_the_place_is_written(photdb, where):
    code, out, err = photdb("lightcurve", *where)
    assert code == 0, err
    assert {r["object_id"] for r in rows(out)} == {str(STAR)}
    assert "J024619.20-301612.0" in err


def test_lc_is_short_for_lightcurve_and_both_print_the_columns_of_the_design(photdb):
    code, out, _ = photdb("lc", *HERE)
    assert code == 0
    assert out.splitlines()[0] == (
        "object_id,frame_id,band,mjd_mid,bjd_tdb,mag,mag_err,mag_system,flux_mjy,flux_mjy_err,flux,flux_err,"
        "limit_mag,zp,zp_err,aperture_id,kind,flags,airmass,fwhm_arcsec,sky,x,y"
    )
    assert len(rows(out)[0]["bjd_tdb"].partition(".")[2]) == 9
    assert [r["mag"] == "" for r in rows(out)] == [False] * 11 + [True]


def test_negative_declinations_of_less_than_a_degree_keep_their_sign(photdb):
    code, _, err = photdb("lightcurve", "10", "-00:30:00")
    assert code == 3
    assert "of 10.00000 -0.50000" in err


def test_a_wrong_place_ends_with_3_and_names_the_nearest_object(photdb):
    code, out, err = photdb("lightcurve", "41.58", "-30.2")
    assert (code, out) == (3, "")
    assert err.startswith("error: no object within 5.0 arcsec")
    assert "J024619.20-301252.0, 52.0 arcsec away; it was observed and not detected: 12 frames" in err
    assert "\nhint: " in err
    code, _, err = photdb("cone", "41.58", "-30.2", "10")
    assert code == 3
    assert "J024619.20-301252.0" in err


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["lightcurve"], 2, "RA and DEC"),
        (["lightcurve", *HERE, "--object", "1"], 2, "RA and DEC"),
        (["lightcurve", "41.58", "-130.27"], 2, "outside -90 to 90"),
        (["lightcurve", "--object", "5"], 3, "no object 5"),
        (["lightcurve", "SIM", "1"], 3, "not a position"),
        (["lightcurve", *HERE, "--band", "K"], 3, "6 in g, 6 in r"),
        (["lightcurve", *HERE, "--aperture-id", "9"], 2, "1: 5 arcsec; 2: 3 FWHM"),
        (["lightcurve", *HERE, "--columns", "mag,color"], 2, "no column 'color'"),
        (["lightcurve", *HERE, "--flags", "ugly"], 2, "saturated"),
        (["lightcurve", *HERE, "--from", "soon"], 2, "is not a date"),
        (["lightcurve", *HERE, "--format", "xlsx"], 2, "parquet"),
        (["lightcurve", *HERE, "--format", "fits"], 2, "--output"),
        (["lightcurve", *HERE, "--plot", "star.gif"], 2, ".png"),
        (["lightcurve", *HERE, "--bnad", "g"], 2, "--band"),
        (["lightcurve", *HERE, "--db", "none.duckdb"], 3, "photdb ingest"),
        (["cone", "41.58", "-30.27"], 2, "a radius in arcsec"),
        (["cone", "41.58", "-30.27", "wide"], 2, "not a number"),
        (["cone", "41.58", "-30.27", "-5"], 2, "outside 0"),
        (["lightcurve", *HERE, "--radius", "0"], 2, "outside 0"),
        (["lightcurve", *HERE, "--radius", "-1"], 2, "outside 0"),
        (["lightcurve", *HERE, "--radius", "648001"], 2, "outside 0"),
        (["coverage", *HERE, "--radius", "0"], 2, "outside 0"),
        (["export", "lightcurve", "--cone", *HERE, "0", "--output", "x.csv"], 2, "outside 0"),
        (["frames", "--state", "lost"], 2, "rejected"),
        (["frames", "--partial"], 2, "--relocate"),
        (["sql", "SELECT * FROM fram"], 2, 'did you mean "frame"?'),
        (["sql", "DROP TABLE frame"], 2, "DROP is not a SELECT"),
        (["export", "nights", "--output", "x.csv"], 2, "lightcurve, detection, forced, object, frame"),
        (["export", "frame"], 2, "--output"),
        (["target"], 2, "add, list, remove"),
        (["lightcruve"], 2, "lightcurve"),
    ],
)
def test_what_cannot_be_answered_ends_with_its_code_and_a_hint(photdb, tmp_path, monkeypatch, words, code, says):
    monkeypatch.chdir(tmp_path)
    found, _, err = photdb(*words)
    assert (found, says in err) == (code, True), err
    assert err.splitlines()[-1].startswith(("hint: ", "error: ")) or "\nhint: " in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_points_are_left_out_by_flags(photdb):
    for words, n in ((["--no-flags"], 9), (["--flags", "saturated"], 9), (["--flags", "8"], 12), ([], 12)):
        assert len(rows(photdb("lc", "--object", str(FAINT), *words)[1])) == n


def test_json_is_an_array_with_ids_as_text(photdb):
    found = json.loads(photdb("lc", *HERE, "--format", "json")[1])
    assert {r["object_id"] for r in found} == {str(STAR)}
    assert found[-1]["mag"] is None


def test_columns_come_in_the_order_they_are_asked_for(photdb):
    assert photdb("lc", *HERE, "--columns", "mag, mjd_mid")[1].splitlines()[0] == "mag,mjd_mid"


def test_a_table_is_for_reading(photdb):
    code, out, _ = photdb("objects", "--format", "table")
    assert code == 0
    assert "object_id" in out.splitlines()[0]
    assert str(FAR) in out
    assert "41.580000" in out


def test_a_long_table_on_a_terminal_shows_its_ends_and_says_so(photdb, monkeypatch):
    monkeypatch.setattr("photdb.cli.console.is_terminal", lambda stream: stream is sys.stdout)
    monkeypatch.setenv("COLUMNS", "60")
    _, out, err = photdb(
        "sql", "SELECT range AS n, repeat('x', 50) || n AS x, n + 1 AS last, 7 AS seven FROM range(100)"
    )
    lines = out.splitlines()
    assert sum(line.strip()[:1].isdigit() for line in lines) == 40
    assert any(line.strip().startswith("99") for line in lines)
    assert "60 of them not shown" in err
    assert "no room for last;" in err
    assert "in every row shown: seven 7\n" in err
    assert "…" not in out  # nothing is cut


def test_a_file_is_written_whole_and_named_on_stderr(photdb, tmp_path):
    code, out, err = photdb("lc", *HERE, "--output", str(tmp_path / "star.csv"))
    assert (code, out) == (0, "")
    assert "12 rows" in err
    assert (tmp_path / "star.csv").read_text() == photdb("lc", *HERE)[1]


def test_a_light_curve_is_drawn_into_a_file(photdb, tmp_path):
    for words in ([], ["--flux"]):
        picture = tmp_path / "star.png"
        assert photdb("lc", *HERE, "--plot", str(picture), *words)[0] == 0
        assert picture.read_bytes().startswith(b"\x89PNG")
        picture.unlink()


def test_a_light_curve_is_drawn_though_nobody_reads_its_table_to_the_end(photdb, tmp_path, monkeypatch):
    def read_no_more(*_: object, **__: object) -> int:
        raise BrokenPipeError

    monkeypatch.setattr("photdb.cli.tables.show", read_no_more)
    with pytest.raises(BrokenPipeError):
        cli.run(["lc", *HERE, "--plot", str(tmp_path / "star.png")])
    assert (tmp_path / "star.png").read_bytes().startswith(b"\x89PNG")


def test_a_cone_and_lists_are_tables(photdb):
    cone = rows(photdb("cone", *HERE, "300")[1])
    assert [r["band"] for r in cone] == ["g", "r"] * 4
    assert rows(photdb("cone", "HAT-P", "99", "1")[1])[0]["object_id"] == str(STAR)
    frames = rows(photdb("frames")[1])
    assert len(frames) == 13
    assert [f["reason"] for f in frames if f["state"] == "failed"] == ["no exposure time (EXPTIME, EXPOSURE)"]
    assert {"file", "night", "object", "band", "zp", "limit_mag", "wcs_kind", "fwhm_arcsec"} <= set(frames[0])


def test_status_counts_frames_and_names_runs_that_did_not_finish(photdb):
    code, out, err = photdb("status")
    counts = {(r["what"], r["which"]): r["count"] for r in rows(out)}
    assert code == 0
    assert counts["frames", "2017-12-19 g ok"] == "3"
    assert counts["frames", "2017-12-20 - failed"] == "1"
    assert counts["detections", "with an object"] == "48"
    assert counts["runs running", "zeropoint started 2026-01-01 00:00:00"] == "1"
    assert "MB" in err


def test_check_is_clean_or_ends_with_4_and_names_the_rows(photdb, own):
    assert photdb("check")[0] == 0
    with Database.open(own, read_only=False) as db:
        db.execute("UPDATE detection_hot SET flux_err = -1 WHERE frame_id = 3")
    code, out, err = photdb("check", "--db", str(own))
    assert code == 4
    assert {r["audit"]: r["found"] for r in rows(out)}["negative_error"] == "1"
    assert "frame_id 3" in err


def test_migrate_leaves_a_new_store_as_it_is(photdb, own):
    code, out, err = photdb("migrate", "--db", str(own))
    assert (code, out) == (0, "")
    assert "up to date" in err


@pytest.mark.parametrize("name", ["csv", "json", "parquet", "votable", "fits"])
def test_export_chooses_by_cone_object_or_band(photdb, tmp_path, name):
    from photdb.output.formats import formats

    path = tmp_path / f"field{formats()[name]}"
    for words, n in (
        (["--cone", *HERE, "30"], 24),
        (["--object", str(FAR), "--object", str(STAR)], 24),
        (["--band", "g"], 24),
        ([], 48),
    ):
        code, out, err = photdb("export", "lightcurve", *words, "--overwrite", "--output", str(path))
        assert (code, out) == (0, ""), err
        assert err.startswith(f"{n} rows")


def test_export_of_nothing_ends_with_3(photdb, tmp_path):
    assert photdb("export", "lightcurve", "--band", "K", "--output", str(tmp_path / "x.csv"))[0] == 3


def test_targets_are_added_listed_asked_for_and_removed(photdb, own):
    store = str(own)
    assert photdb("target", "add", "My Star", "02:46:19.2", "-30:16:12", "--pm", "5", "-6", "--db", store)[0] == 0
    names = [r["name"] for r in rows(photdb("target", "list", "--db", store)[1])]
    assert names == ["HAT-P 99", "My Star"]
    assert rows(photdb("lc", "mystar", "--db", store)[1])[0]["object_id"] == str(STAR)
    code, _, err = photdb("target", "add", "MY STAR", "1", "2", "--db", store)
    assert code == 4
    assert "there already" in err
    assert photdb("target", "remove", "my", "star", "--db", store)[0] == 0
    assert photdb("target", "remove", "my", "star", "--db", store)[0] == 3
    assert photdb("target", "add", "AG", "Peg", "1", "2", "--db", store)[0] == 2
    assert photdb("target", "add", "123", "1", "2", "--db", store)[0] == 2


def test_a_locked_store_ends_with_6_and_names_the_process(photdb, own):
    code = (
        f"import sys, photdb.store.database as d; db = d.Database.open({str(own)!r}, read_only=False); "
        "print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"open"
        found, _, err = photdb("lc", *HERE, "--db", str(own), "--wait", "0.1")
        assert (found, str(holder.pid) in err) == (6, True), err
        holder.stdin.close()


def test_a_reader_of_the_pipe_may_leave_early(small_store):
    code = "from photdb.cli.app import main; main()"
    words = [sys.executable, "-c", code, "sql", "SELECT range FROM range(10000000)", "--db", str(small_store)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"range\n"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(300) == 0


def test_an_interrupt_ends_with_130(photdb, monkeypatch):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("photdb.asking.finding.find_object", interrupted)
    code, _, err = photdb("lc", *HERE)
    assert (code, err) == (130, "interrupted\n")


def test_no_colour_but_on_a_terminal_that_wants_it(photdb, monkeypatch):
    assert "\033" not in photdb("lc", "1", "2")[2]
    monkeypatch.setattr("photdb.cli.console.is_terminal", lambda stream: True)
    monkeypatch.setenv("TERM", "xterm")
    assert "\033[1;31merror:" in photdb("lc", "1", "2")[2]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\033" not in photdb("lc", "1", "2")[2]


def test_quiet_leaves_only_errors_wherever_it_stands(photdb):
    assert photdb("lc", *HERE, "--quiet")[2] == ""
    assert photdb("-q", "lc", *HERE)[2] == ""
    assert photdb("lc", "1", "2", "-q")[2].startswith("error: ")


def test_the_version_and_help_are_data(photdb):
    from photdb import __version__

    assert photdb("--version") == (0, f"photdb {__version__}\n", "")
    assert photdb()[1] == photdb("--help")[1] == photdb("-h")[1]


def test_relocated_files_are_compared_before_anything_changes(photdb, own, small_store, tmp_path):
    store, old, new = own, small_store.parent / "nights", tmp_path / "new"
    (new / "night-0").mkdir(parents=True)
    (new / "night-1").mkdir()
    with Database.open(store, read_only=False) as db:
        import hashlib

        for file_id, path in db.rows("SELECT file_id, path FROM file").rows:
            content = f"content {file_id}".encode()
            (new / Path(path).relative_to(old)).write_bytes(content)
            sha = hashlib.sha256(content).hexdigest()
            db.execute("UPDATE file SET sha256 = $sha WHERE file_id = $file_id", sha=sha, file_id=file_id)
    (new / "night-0" / "frame-001.fits").write_bytes(b"other")
    (new / "night-0" / "frame-002.fits").unlink()
    words = ("frames", "--relocate", str(old), str(new), "--db", str(store))

    def known_below(folder: Path) -> list[int]:
        with Database.open(store) as db:
            prefix = {"prefix": f"{folder}/"}
            tables = ("file", "frame")
            return [
                len(db.rows(f"SELECT path FROM {table} WHERE starts_with(path, $prefix)", prefix)) for table in tables
            ]

    code, _, err = photdb(*words)
    assert code == 4
    assert "2 of 13 files" in err
    assert "frame-001.fits: another content" in err
    assert "frame-002.fits: missing" in err
    assert known_below(old) == [13, 13]
    code, _, err = photdb(*words, "--partial")
    assert code == 0
    assert "11 files" in err
    assert (known_below(new), known_below(old)) == ([11, 11], [2, 2])
    assert photdb("frames", "--relocate", str(tmp_path / "nowhere"), str(new), "--db", str(store))[0] == 3


def test_asking_never_makes_or_changes_a_file(photdb, own, tmp_path):
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in tmp_path.iterdir()}
    for words in (
        ["lc", *HERE],
        ["cone", *HERE, "9"],
        ["objects"],
        ["frames"],
        ["status"],
        ["check"],
        ["sql", "FROM run"],
    ):
        assert photdb(*words, "--db", str(own))[0] == 0
    assert {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in tmp_path.iterdir()} == before
