"""The command line of places: cones, polygons, MOCs, conditions in SQL, and outputs that exist."""

import csv
import io
from pathlib import Path

import pytest
from stores import DEC, FAINT, FAR, NEIGHBOUR, RA, STAR

import photdb as package
from photdb.asking import moc
from photdb.cli import app as cli
from photdb.errors import InputError, NotFoundError, UsageError
from photdb.sky import healpix

HERE = ["41.58", "-30.27"]
BOX = "41.57 -30.28 41.589 -30.28 41.589 -30.265 41.57 -30.265"
CELL = int(healpix(RA, DEC, 14))


@pytest.fixture
def photdb(small_store, monkeypatch, capsys):
    """Run a command line on the small store: (exit code, stdout, stderr)."""
    monkeypatch.setenv("PHOTDB", str(small_store))

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            cli.main(list(words))
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return run


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(
    "polygon",
    [
        BOX,
        "41.57 -30.265 41.589 -30.265 41.589 -30.28 41.57 -30.28",
        "02:46:16.8 -30:16:48, 02:46:21.36 -30:16:48, 02:46:21.36 -30:15:54, 02:46:16.8 -30:15:54",
        f"{BOX} 41.57 -30.28",
    ],
)
def test_a_polygon_lists_what_a_cone_lists_of_its_objects(photdb, polygon):
    code, out, err = photdb("cone", "--polygon", polygon)
    assert code == 0, err
    found = rows(out)
    assert [int(r["object_id"]) for r in found] == [STAR, STAR, NEIGHBOUR, NEIGHBOUR]
    round_cone = rows(photdb("cone", *HERE, "10")[1])
    assert [r["median_mag"] for r in found] == [r["median_mag"] for r in round_cone]


def test_a_moc_is_text_or_a_file_of_any_kind(photdb, tmp_path):
    ranges = moc.of_cells(14, [CELL, CELL + 1])
    texts = [moc.as_ascii(ranges), moc.as_json(ranges)]
    for suffix in (".txt", ".json", ".fits"):
        moc.write_moc(ranges, tmp_path / f"moc{suffix}", moc.format_of_moc(Path(f"a{suffix}")), 14)
        texts.append(str(tmp_path / f"moc{suffix}"))
    for given in texts:
        code, out, err = photdb("cone", "--moc", given, "--format", "csv")
        assert code == 0, err
        assert {int(r["object_id"]) for r in rows(out)} == {STAR, NEIGHBOUR}


def test_a_fits_moc_of_ranges_is_read_and_mocpy_reads_ours(photdb, tmp_path):
    from astropy.io import fits

    ranges = moc.of_cells(14, [CELL])
    column = fits.Column("RANGE", "K", array=[v for lo, hi in ranges for v in (lo, hi + 1)])
    table = fits.BinTableHDU.from_columns([column])
    table.header["ORDERING"] = "RANGE"
    table.writeto(tmp_path / "range.fits")
    assert moc.moc_text(str(tmp_path / "range.fits")) == f"14/{CELL}"
    table.header["MOCDIM"] = "TIME"
    table.writeto(tmp_path / "time.fits")
    with pytest.raises(InputError, match="MOC of TIME"):
        moc.moc_text(str(tmp_path / "time.fits"))
    mocpy = pytest.importorskip("mocpy")
    moc.write_moc(ranges, tmp_path / "ours.fits", "fits", 14)
    assert mocpy.MOC.load(str(tmp_path / "ours.fits"), format="fits").to_string("ascii").split()[0] == f"14/{CELL}"


@pytest.mark.parametrize("colours", [[], ["--colour-corrected"]])
def test_a_polygon_can_be_of_another_calibration_or_colour_corrected(photdb, colours):
    code, out, _ = photdb("cone", "--polygon", BOX, "--as", "1", *colours)
    assert code == 0
    assert ("colour_source" in rows(out)[0]) == bool(colours)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["cone"], 2, "--polygon or --moc"),
        (["cone", *HERE, "60", "--moc", "3/1"], 2, "--polygon or --moc"),
        (["cone", "400", "-30", "60"], 2, "outside 0 to 360"),
        (["cone", "41", "95", "60"], 2, "outside -90 to 90"),
        (["cone", "41", "nan", "60"], 3, "no target"),
        (["cone", *HERE, "0"], 2, "outside 0 to 648000"),
        (["cone", *HERE, "-5"], 2, "outside 0 to 648000"),
        (["cone", *HERE, "648001"], 2, "outside 0 to 648000"),
        (["cone", *HERE, "nan"], 2, "outside 0 to 648000"),
        (["cone", *HERE, "648000"], 0, ""),
        (["cone", "--polygon", "1 1 2 2"], 2, "2 corners"),
        (["cone", "--polygon", "1 1 2 2 1 1 2 2 1 1"], 2, "cross"),
        (["cone", "--polygon", "1 1 2 2 3"], 2, "not pairs"),
        (["cone", "--polygon", "1 1 2 2 a 3"], 2, "is not an angle"),
        (["cone", "--polygon", "1 1 2 2 3 95"], 2, "outside -90 to 90"),
        (["cone", "--polygon", "0 0 1 1 1 0 0 1"], 2, "corners 1 and 3 cross"),
        (["cone", "--polygon", "0 0 120 0 240 0"], 2, "half of the sky"),
        (["cone", "--polygon", "0 80 120 80 240 80"], 3, "inside the polygon"),
        (["cone", "--moc", "nothing.fits"], 3, "no such file, nor a MOC"),
        (["cone", "--moc", "5/999999"], 2, "order 5 has no cell 999999"),
        (["cone", "--moc", "31/2"], 2, "above 29"),
        (["cone", "--moc", "5/7-3"], 2, "backwards"),
        (["cone", "--moc", "5/x"], 2, "not a MOC"),
        (["cone", "--moc", "3/1"], 3, "inside the MOC"),
        (["cone", *HERE, "60", "--format", "xlsx"], 2, "no output format"),
        (["cone", *HERE, "60", "-o", "/nowhere/x.csv"], 4, "no such folder"),
        (["cone", *HERE, "60", "-o", "/proc/x.csv"], 4, "/proc/x.csv"),
        (["objects", "--where", "dec >"], 2, "parentheses and quotes"),
        (["objects", "--where", "true) --"], 2, "parentheses and quotes"),
        (["objects", "--where", "true; DROP TABLE frame"], 2, "LINE 1: true; DROP TABLE frame\n            ^"),
        (["objects", "--where", "dec < 0\nAND nmae = 'x'"], 2, "LINE 2: AND nmae = 'x'\n            ^"),
        (["objects", "--where", "name = 'x"], 2, "SQL"),
        (["objects", "--where", "name::INTEGER > 1"], 2, "Conversion"),
        (["sql", "SELECT *\nFROM fram"], 2, "LINE 2: FROM fram\n             ^"),
    ],
)
def test_nonsense_is_refused_with_what_is_wrong_with_it(photdb, words, code, says):
    got, _, err = photdb(*words)
    assert got == code, err
    assert says in err
    assert "Traceback" not in err


def test_files_that_are_no_moc_are_bad_input(photdb, tmp_path):
    from astropy.io import fits

    (tmp_path / "bad.txt").write_text("these are words")
    (tmp_path / "backwards.txt").write_text("5/7-3")
    fits.PrimaryHDU().writeto(tmp_path / "image.fits")
    (tmp_path / "half.fits").write_bytes(b"SIMPLE  = rubbish")
    for name, says in (
        ("bad.txt", "begins with 'these are words'"), ("backwards.txt", "backwards"), ("image.fits", "no table"),
        ("half.fits", "as FITS"),
    ):  # fmt: skip
        code, _, err = photdb("cone", "--moc", str(tmp_path / name))
        assert code == 4, err
        assert says in err


def test_objects_are_chosen_by_a_condition(photdb):
    code, out, _ = photdb("objects", "--where", f"dec > {DEC + 0.001} OR -- not the star\n object_id = {STAR}")
    assert code == 0
    assert {int(r["object_id"]) for r in rows(out)} == {STAR, NEIGHBOUR, FAINT, FAR}
    code, out, err = photdb("objects", "--where", "n_detections > 1000")
    assert (code, rows(out)) == (0, [])
    assert "no such objects" in err


@pytest.mark.parametrize(
    ("words", "option", "name"),
    [
        (["lightcurve", *HERE], "--output", "a.csv"),
        (["lightcurve", *HERE], "--plot", "a.png"),
        (["cone", *HERE, "60"], "--output", "a.parquet"),
        (["objects"], "--output", "a.json"),
        (["frames"], "--output", "a.vot"),
        (["sql", "SELECT 1 AS x"], "--output", "a.csv"),
        (["status"], "--output", "a.csv"),
        (["target", "list"], "--output", "a.csv"),
        (["export", "object"], "--output", "a.fits"),
        (["zeropoint", "list"], "--output", "a.csv"),
        (["telescopes", "list"], "--output", "a.csv"),
        (["zeropoint", "plot", "time"], "--output", "a.png"),
    ],
)
def test_a_file_that_is_there_is_replaced_only_when_told(photdb, tmp_path, words, option, name):
    path = tmp_path / name
    path.write_text("mine")
    code, _, err = photdb(*words, option, str(path))
    assert code == 4, err
    assert f"{path}: exists" in err
    assert "--overwrite" in err
    assert path.read_text() == "mine"
    code, _, err = photdb(*words, option, str(path), "--overwrite")
    assert code == 0, err
    assert path.read_bytes() != b"mine"


def test_python_asks_for_places_as_the_command_line_does(small_store):
    with package.connect(small_store) as db:
        corners = [(41.57, -30.28), (41.589, -30.28), (41.589, -30.265), (41.57, -30.265)]
        assert set(db.cone(polygon=corners)["object_id"]) == {STAR, NEIGHBOUR}
        assert db.cone(moc=f"14/{CELL}").equals(db.cone(polygon=corners))
        assert set(db.objects(where="dec > -30.2695")["object_id"]) == {NEIGHBOUR, FAINT, FAR}
        for wrong in ({}, {"ra": RA, "dec": DEC}, {"ra": RA, "dec": DEC, "radius": 1.0, "moc": "1/1"}):
            with pytest.raises(UsageError):
                db.cone(**wrong)
        with pytest.raises(NotFoundError):
            db.cone(moc="nothing")
