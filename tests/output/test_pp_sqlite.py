"""PP's SQLite is read by PP's own statements, and a magnitude that is none is not in it."""

import sqlite3

import pytest
from stores import FAINT, STAR, ZP, flux_of, mjd_of

from photdb import query
from photdb.errors import InputError
from photdb.output import formats
from photdb.store.database import Database


@pytest.fixture
def store(small_store):
    with Database.open(small_store) as opened:
        yield opened


def written(store: Database, path, **chosen) -> int:
    answer = query.export(store, "detection", question="export_pp_sqlite", **chosen)
    return formats.write_file(answer, path, "pp_sqlite")


def as_pp_reads_it(path) -> tuple[dict, dict]:
    """PP's two statements, and what it takes of the header's first row; Johnson names turned back."""
    with sqlite3.connect(path) as connection:
        connection.row_factory = sqlite3.Row
        header = connection.execute("SELECT * FROM header").fetchall()
        data = connection.execute("SELECT * FROM data").fetchall()
    connection.close()
    first = {
        k: header[0][k] for k in ("name", "origin", "description", "magsys", "obstime", "exptime", "obj", "filtername")
    }
    columns = {k.replace("Johnson", ""): [row[k] for row in data] for k in data[0].keys()}  # noqa: SIM118
    return first, columns


def test_pp_reads_header_and_sources_of_a_frame(store, tmp_path):
    path = tmp_path / "one.db"
    assert written(store, path, band="g") == 24
    header, data = as_pp_reads_it(path)
    assert header["name"] == "frame-001.ldac"
    assert header["obstime"] == pytest.approx(mjd_of(1) + 2400000.5, abs=1e-9)
    assert (header["exptime"], header["obj"], header["filtername"], header["magsys"]) == (60.0, "SIM 1", "g", "AB")
    for name in ("ra_deg", "dec_deg", "XWIN_IMAGE", "YWIN_IMAGE", "FLAGS", "FWHM_WORLD", "MAG_APER", "MAGERR_APER"):
        assert name in data  # what PP takes of a source
    star = [i for i, o in enumerate(data["object_id"]) if o == STAR]
    for i in star:
        frame_id = data["frame_id"][i]
        assert data["FLUX_APER"][i] == pytest.approx(60 * flux_of(STAR, frame_id), rel=1e-6)
        zp = data["gmag"][i] - data["MAG_APER"][i]
        assert zp == pytest.approx(ZP["g"] + 4.445378, abs=1e-5)  # of a count in the whole exposure
        assert (data["XWIN_IMAGE"][i], data["YWIN_IMAGE"][i]) == pytest.approx((101.25, 201.1), abs=1e-4)


def test_relative_magnitudes_are_in_no_column_of_magnitudes(store, tmp_path):
    path = tmp_path / "all.db"
    assert written(store, path) == 48
    _, data = as_pp_reads_it(path)
    assert [c for c in data if c.endswith("mag") and "_e_" not in c and not c.startswith("e_")] == ["gmag"]
    band_r = [i for i, f in enumerate(data["frame_id"]) if f % 2 == 0]
    assert {data["gmag"][i] for i in band_r} == {None}
    assert {data["MAG_APER"][i] is None for i, o in enumerate(data["object_id"]) if o == STAR} == {False}


def test_a_negative_flux_stays_and_has_no_magnitude(store, tmp_path):
    written(store, tmp_path / "f.db", objects=[FAINT])
    _, data = as_pp_reads_it(tmp_path / "f.db")
    below = [i for i, f in enumerate(data["FLUX_APER"]) if f < 0]
    assert len(below) == 4
    assert {data["MAG_APER"][i] for i in below} == {None}


def test_one_file_says_which_sources_belong_to_which_frame(store, tmp_path):
    written(store, tmp_path / "all.db")
    with sqlite3.connect(tmp_path / "all.db") as connection:
        found = connection.execute(
            "SELECT h.obstime, h.magsys, count(*) FROM data AS d JOIN header AS h USING (frame_id) GROUP BY frame_id"
        ).fetchall()
    connection.close()
    assert len(found) == 12
    assert {n for _, _, n in found} == {4}
    assert {m for _, m, _ in found} == {"AB", "relative", "instrumental"}


def test_sqls_deaf_ear_for_case_keeps_johnson_r_apart_from_sloan_r(store, tmp_path, small_store):
    import shutil

    own = shutil.copy(small_store, tmp_path / "own.duckdb")
    with Database.open(own, read_only=False) as db:
        db.execute("UPDATE frame SET band = 'R' WHERE frame_id IN (1, 3)")
        db.execute("UPDATE zeropoint SET mag_system = 'Vega' WHERE frame_id IN (1, 3)")
        db.execute("UPDATE frame SET band = 'r' WHERE frame_id IN (5, 7)")
        written(db, tmp_path / "r.db")
    with sqlite3.connect(tmp_path / "r.db") as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(data)")]
    connection.close()
    assert {"RJohnsonmag", "e_RJohnsonmag", "rmag", "e_rmag"} <= set(columns)


def test_a_full_disk_leaves_no_file(store, tmp_path, monkeypatch):
    connect = sqlite3.connect

    def small(path):
        connection = connect(path)
        connection.execute("PRAGMA max_page_count = 2")
        return connection

    monkeypatch.setattr("photdb.output.pp_sqlite.sqlite3.connect", small)
    with pytest.raises(InputError, match="no space left on its disk"):
        written(store, tmp_path / "x.db")
    assert list(tmp_path.glob("*x*")) == []
