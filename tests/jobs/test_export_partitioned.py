"""Parquet in folders by HEALPix cell: nothing lost, what a place needs is in one folder, others are not read."""

import shutil

import polars as pl
import pytest
from export_store import STARS, UNPLACED, made

from photdb import query
from photdb.errors import InputError, NotFoundError, UsageError
from photdb.jobs.export_partitioned import PLACED, export
from photdb.sky import healpix
from photdb.store.database import Database


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return made(tmp_path_factory.mktemp("hive") / "s.duckdb")


@pytest.fixture(scope="module")
def db(store):
    with Database.open(store) as opened:
        yield opened


def rows_of(db: Database, sql: str) -> list[str]:
    return sorted(str(row) for row in db.rows(sql).rows)


@pytest.mark.parametrize("what", PLACED)
def test_every_row_is_there_once_with_its_own_columns(db, tmp_path, what):
    folder = tmp_path / "out"
    n = export(db, what, folder, rows=500)
    answer = query.export(db, what)
    names = ", ".join(f'"{c.name}"' for c in answer.columns)
    found = rows_of(db, f"SELECT {names} FROM read_parquet('{folder}/**/*.parquet', hive_partitioning = true)")
    assert n == len(found)
    assert found == sorted(str(row) for row in answer.rows())
    assert len(list(folder.rglob("*.parquet"))) > (1 if what == "frame" else 4 if what != "object" else 0)
    assert [f.name for f in tmp_path.iterdir()] == ["out"]


def test_a_row_is_in_the_folder_of_its_object(db, tmp_path):
    export(db, "lightcurve", tmp_path / "out", rows=500)
    found = db.rows(
        "SELECT count(*) FROM read_parquet($files, hive_partitioning = true) AS p JOIN object AS o USING (object_id) "
        "WHERE o.hpx >> (2 * (29 - norder::BIGINT)) <> npix::BIGINT",
        {"files": f"{tmp_path}/out/**/*.parquet"},
    )
    assert found.rows == [(0,)]


def test_duckdb_and_polars_read_only_the_folder_of_a_place(db, tmp_path):
    folder = tmp_path / "out"
    export(db, "lightcurve", folder, rows=500)
    star, (ra, dec, _) = next(iter(STARS.items()))
    place = int(healpix(ra, dec))
    here = next(
        f for f in folder.rglob("*.parquet") if place >> 2 * (29 - _number(f.parts[-3])) == _number(f.parts[-2])
    )
    for other in folder.rglob("*.parquet"):
        if other != here:
            other.write_bytes(b"not a Parquet file")  # whoever looks into it fails
    order, pixel = (_number(part) for part in here.parts[-3:-1])
    wanted = db.one("SELECT count(*) FROM lightcurve WHERE object_id = $id", id=star)
    found = pl.scan_parquet(
        f"{folder}/**/*.parquet", hive_partitioning=True, schema=pl.read_parquet_schema(here),
        hive_schema={"norder": pl.Int64, "npix": pl.Int64},
    ).filter(pl.col("norder") == order, pl.col("npix") == pixel, pl.col("object_id") == star)  # fmt: skip
    assert found.collect().height == wanted > 0
    (folder / "norder=0").mkdir(exist_ok=True)  # duckdb takes the columns from the first file that it sees
    (folder / "norder=0" / "npix=0").mkdir(exist_ok=True)
    here.rename(folder / "norder=0" / "npix=0" / "a.parquet")
    shutil.copy(folder / "norder=0" / "npix=0" / "a.parquet", here)
    sql = "FROM read_parquet($files, hive_partitioning = true) "
    sql += "WHERE object_id = $id AND norder = $order AND npix = $pixel"
    parameters = {"files": f"{folder}/*/*/*.parquet", "id": star, "order": order, "pixel": pixel}
    assert len(db.rows(sql, parameters)) == wanted


def _number(part: str) -> int:
    return int(part.split("=")[1])


def test_what_has_no_place_is_in_a_folder_of_its_own(db, tmp_path):
    export(db, "detection", tmp_path / "out", rows=500)
    found = db.rows(
        "SELECT count(*), count(ra) FROM read_parquet($files, hive_partitioning = true) WHERE npix IS NULL",
        {"files": f"{tmp_path}/out/**/*.parquet"},
    )
    ((n, placed),) = found.rows
    assert n - placed == 2 * UNPLACED


def test_some_objects_and_one_band(db, tmp_path):
    chosen = list(STARS)[:3]
    n = export(db, "lightcurve", tmp_path / "out", objects=chosen, band="g")
    table = pl.read_parquet(tmp_path / "out/**/*.parquet", hive_partitioning=False)
    assert table.height == n
    assert set(table["object_id"]) == set(chosen)
    assert set(table["band"]) == {"g"}


def test_bad_requests_are_refused_and_leave_nothing(db, tmp_path):
    with pytest.raises(NotFoundError, match="nothing to export"):
        export(db, "lightcurve", tmp_path / "out", band="K")
    with pytest.raises(UsageError, match="cannot export 'nights'"):
        export(db, "nights", tmp_path / "out")
    with pytest.raises(UsageError, match="forced fluxes are not written in partitions"):
        export(db, "forced", tmp_path / "out")
    for what in set(query.EXPORTS) - set(PLACED) - {"forced"}:
        with pytest.raises(UsageError, match=f"{what}s have no place"):
            export(db, what, tmp_path / "out")
    with pytest.raises(UsageError, match="0 rows a partition"):
        export(db, "object", tmp_path / "out", rows=0)
    with pytest.raises(InputError, match="no such folder"):
        export(db, "object", tmp_path / "no" / "out")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file"):
        export(db, "object", tmp_path / "file")
    assert [f.name for f in tmp_path.iterdir()] == ["file"]
