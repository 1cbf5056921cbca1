"""Every format gives back what was written, and text looks the same in a pipe and in a file."""

import io
import json
import math
import warnings
from pathlib import Path

import astropy
import numpy as np
import polars as pl
import pytest
from stores import FAINT, STAR

from photdb import query
from photdb.errors import InputError, UsageError
from photdb.output import formats
from photdb.store.answer import Answer, select
from photdb.store.database import Database

FOLDER = Path(formats.__file__).parent
TOOLS = {
    "__init__",
    "columns",
    "designation",
    "ezphot_units",
    "formats",
    "hats_columns",
    "hats_table",
    "headers",
    "names_in_folder",
    "packing",
    "plot",
    "plot_coverage",
    "plot_movers",
    "plot_period",
    "plot_psf",
    "plot_stamps",
    "plot_style",
    "plot_variables",
    "plot_zeropoint",
    "plot_zeropoint_selection",
    "plot_zeropoint_stars",
    "reports",
    "sky_partitions",
    "whole_folder",
}


@pytest.fixture
def store(small_store):
    with Database.open(small_store) as opened:
        yield opened


def read(path: Path, name: str) -> list[dict[str, object]]:
    """The rows of a file, by another program than the one that wrote it."""
    if name == "csv":
        return pl.read_csv(path, infer_schema_length=None).to_dicts()
    if name == "json":
        return json.loads(path.read_text())
    if name == "parquet":
        return pl.read_parquet(path).to_dicts()
    from astropy.io import fits
    from astropy.table import Table

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if name == "fits":  # a logical value may be undefined, which bytes alone tell
            with fits.open(path, logical_as_bytes=True) as hdus:
                table = Table.read(hdus[1])
        else:
            table = Table.read(path)
    return [dict(zip(table.colnames, (_plain(v) for v in row), strict=True)) for row in table]


def _plain(value):
    if value is np.ma.masked or (np.ma.isMaskedArray(value) and value.ndim == 0):
        return None
    if isinstance(value, np.ndarray):
        return [_plain(v) for v in np.ma.filled(value.astype(float), np.nan)]
    if isinstance(value, bytes):
        value = value.decode().rstrip("\0")
    if isinstance(value, str):  # and FITS's logical values: T, F, or nothing
        value = {"T": True, "F": False}.get(value, value)
    value = value.item() if isinstance(value, np.generic) else value
    return None if value == "" or (isinstance(value, float) and math.isnan(value)) else value


def same(found, expected) -> bool:
    """Equal, to 4-byte precision for numbers; lists and dates as their text."""
    if isinstance(expected, list) and isinstance(expected[0], str):
        return found in (expected, "; ".join(expected), "['gain: no card', a; b]")
    if isinstance(expected, list):
        if isinstance(found, str):
            found = [None if v == "NULL" else float(v) for v in found.strip("[]").split(", ")]
        return len(found) == len(expected) and all(same(f, e) for f, e in zip(found, expected, strict=True))
    if expected is None:
        return found is None or found == [] or (isinstance(found, list) and set(found) == {None})
    if isinstance(expected, float):
        return isinstance(found, int | float) and math.isclose(found, expected, rel_tol=1e-7, abs_tol=1e-12)
    return int(found) == expected if isinstance(expected, int) else str(found) == str(expected)


@pytest.mark.parametrize("name", sorted(formats.formats()))
@pytest.mark.parametrize("what", sorted(query.EXPORTS))
def test_every_format_gives_back_every_table(store, tmp_path, name, what):
    answer = query.export(store, what)
    path = tmp_path / f"{what}{formats.formats()[name]}"
    n = formats.write_file(answer, path, name)
    found, expected = read(path, name), store.rows(answer.sql, answer.parameters).dicts()
    assert n == len(found) == len(expected) > 0
    for f, e in zip(found, expected, strict=True):
        if name == "fits" and astropy.__version__.startswith("7.0"):  # it reads FITS's undefined logical as false
            e = {k: False if v is None and f[k] is False else v for k, v in e.items()}
        different = {k: (f[k], e[k]) for k in e if not same(f[k], e[k])}
        assert different == {}
    assert list(found[0]) == list(expected[0])
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("name", sorted(formats.formats()))
def test_numbers_of_objects_survive_every_format(store, tmp_path, name):
    path = tmp_path / f"o{formats.formats()[name]}"
    formats.write_file(query.export(store, "object", objects=[FAINT]), path, name)
    (row,) = read(path, name)
    assert int(row["object_id"]) == FAINT > 2**53
    assert isinstance(row["object_id"], str if name == "json" else int)


@pytest.mark.parametrize("name", ["csv", "json", "votable"])
def test_a_pipe_gets_what_a_file_gets(store, tmp_path, name):
    answer = query.light_curve(store, FAINT)
    path = tmp_path / f"lc{formats.formats()[name]}"
    formats.write_file(answer, path, name)
    out = io.StringIO()
    assert formats.format_of(name).stream(answer, out) == 12
    strip = json.loads if name == "json" else str
    assert strip(out.getvalue()) == strip(path.read_text())


def test_awkward_text_is_quoted_as_duckdb_quotes_it(store, tmp_path):
    answer = select(
        store, """SELECT 'a,b' AS "x,y", 'say "hi"' AS b, '' AS c, NULL AS d, 'two\nlines' AS e, ' f' AS f"""
    )
    out = io.StringIO()
    formats.format_of("csv").stream(answer, out)
    formats.write_file(answer, tmp_path / "a.csv", "csv")
    for text in (out.getvalue(), (tmp_path / "a.csv").read_text()):
        assert pl.read_csv(text.encode()).rows() == [("a,b", 'say "hi"', "", None, "two\nlines", " f")]


def test_floats_keep_their_digits_and_no_more(store):
    day = "2458107.7112345678::DOUBLE AS bjd_tdb"
    answer = select(store, f"SELECT 0.1::FLOAT AS f, 1/3 AS d, {day}, 'nan'::DOUBLE AS n, -'nan'::DOUBLE AS m")
    assert list(answer.texts()) == [("0.1", "0.3333333333333333", "2458107.711234568", "nan", "nan")]
    (line,) = answer.jsons()
    assert json.loads(line) == {"f": 0.1, "d": 1 / 3, "bjd_tdb": 2458107.711234568, "n": None, "m": None}


def test_json_writes_numbers_that_double_precision_would_change_as_text(store):
    (line,) = select(store, "SELECT 5::BIGINT AS object_id, 9007199254740993 AS big, count(*) AS n FROM frame").jsons()
    assert json.loads(line) == {"object_id": "5", "big": "9007199254740993", "n": 13}


def test_columns_of_one_name_are_kept_apart(store):
    assert list(select(store, "SELECT 1 AS a, 2 AS a").texts()) == [("1", "2")]


def test_no_rows_are_written_as_no_rows(store, tmp_path):
    answer = query.export(store, "lightcurve", band="K")
    for name, suffix in formats.formats().items():
        path = tmp_path / f"none{suffix}"
        assert formats.write_file(answer, path, name) == 0
        assert path.stat().st_size > 0 if name != "json" else json.loads(path.read_text()) == []
    out = io.StringIO()
    formats.format_of("json").stream(answer, out)
    assert json.loads(out.getvalue()) == []


def test_units_and_meanings_are_in_the_formats_that_have_room_for_them(store, tmp_path):
    from astropy.io import fits, votable

    formats.write_file(query.light_curve(store, STAR), tmp_path / "lc.fits", "fits")
    with fits.open(tmp_path / "lc.fits", checksum=True) as hdus:
        hdus.verify("exception")
        columns = hdus[1].columns
        assert (columns["flux"].unit, columns["mjd_mid"].unit, columns["mag"].unit) == ("adu/s", "d", "mag")
        assert "mid-exposure" in hdus[1].header["TCOMM4"]
    formats.write_file(query.light_curve(store, STAR), tmp_path / "lc.vot", "votable")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = votable.parse(tmp_path / "lc.vot", verify="exception").get_first_table()
    fields = {f.name: f for f in table.fields}
    assert fields["flux_mjy"].unit == "mJy"
    assert fields["bjd_tdb"].ref == "bjd_tdb"


def test_every_ucd_is_in_the_list_of_the_ivoa():
    from astropy.io.votable.ucd import parse_ucd

    from photdb.output.columns import ucds

    assert len(ucds()) > 80
    for ucd in ucds().values():
        assert parse_ucd(ucd, check_controlled_vocabulary=True, has_colon=False)


def test_every_unit_of_the_schema_is_one_that_others_can_read(store):
    from astropy import units

    from photdb.output.columns import units as known

    found = {c.unit for what in query.EXPORTS for c in query.export(store, what).explained if c.unit}
    assert {"deg", "mag", "ADU/s", "px", "d", "arcsec"} <= found
    for unit in found:
        vounit, fits_unit = known()[unit]
        assert units.Unit(fits_unit, format="fits") is not None
        assert units.Unit(vounit, format="vounit") is not None


def test_an_export_has_every_column_of_its_table(store):
    for what in query.EXPORTS:
        columns = [c.name for c in query.export(store, what).columns]
        if what == "lightcurve":
            assert columns[-2:] == ["target_id", "target"]
            columns = columns[:-2]
        table = list(store.relation_columns("forced_flux" if what == "forced" else what))
        assert columns == table[: len(columns)]
        assert what == "lightcurve" or len(columns) == len(table)
    left = set(store.relation_columns("forced")) - set(store.relation_columns("forced_flux"))
    assert left == {"skey", "run_id"}


def test_every_file_of_the_folder_is_a_format_or_a_known_tool():
    files = {f.stem for f in FOLDER.glob("*.py")}
    assert files - TOOLS == {*formats.formats(), *formats.programs(), *formats.collections()}
    for name, suffix in formats.formats().items():
        module = formats.format_of(name)
        assert (name, suffix) == (module.NAME, module.SUFFIX)
        assert callable(module.write)


def test_a_file_that_cannot_be_finished_does_not_appear(store, tmp_path):
    broken = Answer(store, "SELECT CAST(name AS INTEGER) FROM object", {}, "object")
    for name, suffix in formats.formats().items():
        with pytest.raises(UsageError, match="SQL"):
            formats.write_file(broken, tmp_path / f"x{suffix}", name)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_bad_input(store, tmp_path):
    answer = query.export(store, "object")
    with pytest.raises(InputError, match="no such folder"):
        formats.write_file(answer, tmp_path / "no" / "x.csv", "csv")
    with pytest.raises(InputError, match="is a folder"):
        formats.write_file(answer, tmp_path, "csv")


def test_an_unknown_format_or_suffix_names_those_there_are():
    with pytest.raises(UsageError) as caught:
        formats.format_of("xlsx")
    assert "parquet" in caught.value.hint
    with pytest.raises(UsageError, match="does not say") as caught:
        formats.format_for(Path("star.dat"))
    assert ".fits" in caught.value.hint
    assert formats.format_for(Path("star.FITS")) == "fits"


def test_a_full_disk_is_that_of_the_file_not_of_the_store(store, tmp_path, monkeypatch):
    def full(answer, path):
        raise InputError(f"{store.path}: no space left on its disk; what was being written is not in the store", "")

    monkeypatch.setattr("photdb.output.csv.write", full)
    with pytest.raises(InputError, match=r"x\.csv: no space left on its disk"):
        formats.write_file(query.export(store, "frame"), tmp_path / "x.csv", "csv")
    assert list(tmp_path.glob(".x*")) == []
