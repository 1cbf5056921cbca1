"""Units, UCDs, times and axes are said in every format that has room for them; large tables stay small in memory."""

import io
import subprocess
import sys
import warnings

import numpy as np
import pytest
from stores import FAINT, STAR

from photdb import query
from photdb.output import formats, votable
from photdb.output.columns import described, ucds, units
from photdb.store.answer import Answer, Column, select
from photdb.store.database import Database


@pytest.fixture
def store(small_store):
    with Database.open(small_store) as opened:
        yield opened


def test_every_column_that_is_exported_has_a_meaning_and_nearly_every_one_a_ucd(store):
    found = {c.name: c for what in query.EXPORTS for c in query.export(store, what).explained}
    assert [name for name, c in found.items() if not c.meaning] == []
    said = {name: found[name].unit for name in ("zp", "gain", "read_noise", "pixel_scale_arcsec", "saturation")}
    assert list(said.values()) == ["mag", "e-/ADU", "e-", "arcsec/px", "ADU"]
    assert found["zp"].meaning.startswith("of 1 ADU/s: ")
    assert found["colour_term"].unit == ""
    without = {name for name in found if name not in ucds()}
    assert len(without) < len(found) / 3, sorted(without)


def test_every_unit_of_a_comment_is_known_to_the_standards(store):
    said = {c.unit for what in query.EXPORTS for c in query.export(store, what).explained}
    assert said - {""} <= set(units())


def test_a_column_is_described_once_for_all_formats():
    mid, barycentric, ra, other = described(
        [Column("mjd_mid", "DOUBLE", "d"), Column("bjd_tdb", "DOUBLE", "d"), Column("ra", "DOUBLE", "deg"),
         Column("strange", "DOUBLE", "furlong")]
    )  # fmt: skip
    assert (mid.moment.origin, mid.moment.scale, mid.moment.place) == ("MJD", "UTC", "TOPOCENTER")
    assert (barycentric.moment.origin, barycentric.moment.scale, barycentric.moment.place) == (
        "JD", "TDB", "BARYCENTER",
    )  # fmt: skip
    assert (ra.is_icrs, ra.ucd, mid.is_icrs) == (True, "pos.eq.ra;meta.main", False)
    assert (other.unit, other.fits_unit, other.ucd, other.moment) == ("furlong", "", "", None)


@pytest.mark.parametrize("what", sorted(query.EXPORTS))
@pytest.mark.parametrize("small", [0, 1000])
def test_astropys_validator_finds_nothing_in_a_votable(store, tmp_path, monkeypatch, what, small):
    from astropy.io.votable import table as validator

    monkeypatch.setattr(votable, "SMALL", small)
    path = tmp_path / "t.vot"
    formats.write_file(query.export(store, what), path, "votable")
    assert (b"BINARY2" in path.read_bytes()) == (small == 0)
    said = io.StringIO()
    valid = validator.validate(str(path), said)
    assert valid, said.getvalue()


def test_binary_and_text_votables_hold_the_same(store, tmp_path, monkeypatch):
    from astropy.table import Table

    tables = []
    for small in (0, 1000):
        monkeypatch.setattr(votable, "SMALL", small)
        formats.write_file(query.export(store, "frame"), tmp_path / f"{small}.vot", "votable")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tables.append(Table.read(tmp_path / f"{small}.vot"))
    binary, text = tables
    assert binary.colnames == text.colnames
    for name in ("frame_id", "mjd_mid", "band", "exptime_s", "path", "reason"):
        assert list(np.ma.filled(binary[name], 0 if binary[name].dtype.kind in "if" else "")) == list(
            np.ma.filled(text[name], 0 if text[name].dtype.kind in "if" else "")
        )
    assert np.ma.is_masked(binary["mjd_mid"][-1])  # the frame that failed has no time
    assert np.ma.is_masked(binary["n_detections"][-1])
    assert (binary["frame_id"].unit, binary["mjd_mid"].unit.to_string()) == (None, "d")


def test_accents_survive_votable_and_become_question_marks_in_fits(store, tmp_path, monkeypatch):
    from astropy.table import Table

    answer = select(
        store, "SELECT 'Höhe' AS object_name, 9007199254740993 AS object_id, NULL::INTEGER AS n, NULL::FLOAT f"
    )
    for small in (0, 1000):
        monkeypatch.setattr(votable, "SMALL", small)
        formats.write_file(answer, tmp_path / f"{small}.vot", "votable")
        (row,) = Table.read(tmp_path / f"{small}.vot")
        assert (row["object_name"], int(row["object_id"])) == ("Höhe", 9007199254740993)
        assert row["n"] is np.ma.masked
    formats.write_file(answer, tmp_path / "a.fits", "fits")
    (row,) = Table.read(tmp_path / "a.fits")
    assert (row["object_name"], int(row["object_id"])) == ("H?he", 9007199254740993)
    assert row["n"] is np.ma.masked


def test_a_fits_table_says_what_its_columns_and_times_are(store, tmp_path):
    from astropy.io import fits
    from astropy.table import Table
    from astropy.time import Time

    formats.write_file(query.light_curve(store, STAR), tmp_path / "lc.fits", "fits")
    with fits.open(tmp_path / "lc.fits") as hdus:
        hdus.verify("exception")
        header = hdus[1].header
        names = {header[f"TTYPE{i}"]: i for i in range(1, header["TFIELDS"] + 1)}
    assert (header["TIMESYS"], header["MJDREF"]) == ("UTC", 0.0)
    k = names["bjd_tdb"]
    assert (header[f"TCTYP{k}"], header[f"TRPOS{k}"], header[f"TUCD{k}"]) == ("TDB", "BARYCENTER", ucds()["bjd_tdb"])
    assert header[f"TCRPX{k}"] == 2400000.5  # a reader that applies it gets MJD
    assert header[f"TUNIT{names['flux']}"] == "adu/s"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that an observatory's place is not said
        native = Table.read(tmp_path / "lc.fits", astropy_native=True)
    assert isinstance(native["mjd_mid"], Time)
    assert native["mjd_mid"].scale == "utc"
    plain = Table.read(tmp_path / "lc.fits")
    assert np.allclose(native["mjd_mid"].mjd, plain["mjd_mid"], rtol=0, atol=1e-9)


def test_positions_are_said_to_be_icrs(store, tmp_path):
    from astropy.io import fits

    formats.write_file(query.export(store, "detection", objects=[FAINT]), tmp_path / "d.fits", "fits")
    assert fits.getheader(tmp_path / "d.fits", 1)["RADESYS"] == "ICRS"
    formats.write_file(query.export(store, "detection", objects=[FAINT]), tmp_path / "d.vot", "votable")
    assert 'ref="icrs"' in (tmp_path / "d.vot").read_text()


_GROW = """
import resource, sys
from pathlib import Path
from photdb.output import formats
from photdb.store.answer import select
from photdb.store.database import Database

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

folder, name = Path(sys.argv[1]), sys.argv[2]
with Database.open(folder / "s.duckdb", read_only=False, create=True, memory_limit="200MB", threads=1) as db:
    db.execute("CREATE TABLE t AS SELECT i AS object_id, i / 7.0 AS mjd_mid, 'g' AS band, [i, 2]::FLOAT[] AS l, "
               "(i % 97)::FLOAT AS mag FROM range(2000000) AS r(i)")
    few = select(db, "SELECT * FROM t LIMIT 100000")
    formats.write_file(few, folder / f"few{formats.formats()[name]}", name)
    before = peak()
    n = formats.write_file(select(db, "SELECT * FROM t"), folder / f"all{formats.formats()[name]}", name)
    print(n, peak() - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fits", "votable", "csv", "parquet"])
def test_two_million_rows_need_no_more_memory_than_a_few(tmp_path, name):
    done = subprocess.run(
        [sys.executable, "-c", _GROW, str(tmp_path), name], capture_output=True, text=True, check=True
    )
    n, grown = done.stdout.split()
    assert int(n) == 2_000_000
    assert float(grown) < 150, f"{grown} MB more for 60 to 140 MB of output"


def test_no_rows_make_a_valid_votable_and_fits_table(store, tmp_path):
    from astropy.table import Table

    nothing = query.export(store, "lightcurve", band="K")
    assert isinstance(nothing, Answer)
    for name in ("fits", "votable"):
        path = tmp_path / f"none{formats.formats()[name]}"
        formats.write_file(nothing, path, name)
        assert len(Table.read(path)) == 0
