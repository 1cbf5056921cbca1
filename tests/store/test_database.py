"""The store: opening, refusing, transactions, runs, audits."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from photdb.errors import InputError, NotFoundError, StoreLockedError, UsageError
from photdb.resources import shipped
from photdb.store import migrations
from photdb.store.database import Database, parameters_of, statement


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "night.duckdb"
    Database.open(path, read_only=False, create=True).close()
    return path


def test_reading_never_creates_a_file(tmp_path):
    with pytest.raises(NotFoundError, match="no such store"):
        Database.open(tmp_path / "none.duckdb")
    assert not (tmp_path / "none.duckdb").exists()


def test_a_file_that_is_not_duckdb_is_refused_by_name(tmp_path):
    path = tmp_path / "not.duckdb"
    path.write_text("SIMPLE  =                    T" * 500)
    with pytest.raises(InputError, match=r"not\.duckdb.*DuckDB") as caught:
        Database.open(path)
    assert caught.value.exit_code == 4


def test_a_duckdb_file_without_our_tables_is_refused(tmp_path):
    path = tmp_path / "other.duckdb"
    duckdb.connect(str(path)).close()
    with pytest.raises(InputError, match="not a photdb store"):
        Database.open(path)


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE meta (a INTEGER)"],
        ["CREATE TABLE meta (key INTEGER, value VARCHAR)", "INSERT INTO meta VALUES (1, 'a')"],
        ["CREATE TABLE meta (key VARCHAR, value VARCHAR)", "INSERT INTO meta VALUES ('schema_version', '2.1')"],
        ["CREATE TABLE meta (key VARCHAR, value VARCHAR)", "INSERT INTO meta VALUES ('schema_version', NULL)"],
        ["CREATE SCHEMA theirs", "CREATE TABLE theirs.meta (key VARCHAR, value VARCHAR)"],
    ],
)
def test_the_table_meta_of_another_program_makes_no_store(tmp_path, statements):
    path = tmp_path / "other.duckdb"
    with duckdb.connect(str(path)) as con:
        for sql in statements:
            con.execute(sql)
    for read_only in (True, False):
        with pytest.raises(InputError, match="not a photdb store"):
            Database.open(path, read_only=read_only)


def test_a_store_of_a_newer_photdb_is_refused(store):
    with Database.open(store, read_only=False) as db:
        db.execute("UPDATE meta SET value = '999' WHERE key = 'schema_version'")
    with pytest.raises(InputError, match="newer photdb"):
        Database.open(store)


def test_a_locked_store_names_the_process(store):
    code = (
        "import sys, photdb.store.database as d\n"
        f"db = d.Database.open({str(store)!r}, read_only=False)\nprint('open', flush=True)\nsys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline().strip() == b"open"
        with pytest.raises(StoreLockedError, match=str(holder.pid)) as caught:
            Database.open(store, wait=0.1)
        assert caught.value.exit_code == 6
        holder.stdin.close()


def test_a_reader_cannot_write(store):
    with Database.open(store) as db, pytest.raises(UsageError, match="read-only"):
        db.execute("DELETE FROM frame")


def test_a_failed_transaction_leaves_nothing(store):
    row = {"key": "a", "value": "1"}
    with Database.open(store, read_only=False) as db:
        with pytest.raises(ValueError, match="no column"), db.transaction():
            db.insert("meta", [row])
            db.insert("meta", [{"nothing": 1}])
        assert db.one("SELECT count(*) FROM meta WHERE key = 'a'") == 0


def test_a_run_is_recorded_with_how_it_ended(store):
    with Database.open(store, read_only=False) as db:
        with db.run("ingest", {"paths": ["night"]}):
            pass
        with pytest.raises(ValueError, match="no"), db.run("zeropoint", {}):
            raise ValueError("no stars")
        runs = db.rows("SELECT command, state, message FROM run ORDER BY run_id").rows
    assert runs == [("ingest", "done", ""), ("zeropoint", "failed", "no stars")]


def test_batches_and_tables_pass_through_arrow(store):
    with Database.open(store, read_only=False) as db, db.table("given", pa.table({"a": [1, 2, 3]})):
        found = db.arrow("SELECT a FROM given WHERE a > $least ORDER BY a", {"least": 1})
        assert found.column("a").to_pylist() == [2, 3]
        assert db.polars("SELECT a FROM given")["a"].sum() == 6


def test_wrong_sql_is_the_users_error_and_says_what_was_meant(store):
    with Database.open(store) as db, pytest.raises(UsageError, match="fram"):
        db.rows("SELECT * FROM fram")


def test_the_macros_and_views_of_a_new_store_work_from_any_client(store):
    with duckdb.connect(str(store), read_only=True) as con:
        assert con.execute("SELECT flux_to_mag(100.0, 25.0), flux_to_mag(-1.0, 25.0)").fetchone() == (20.0, None)
        assert con.execute("SELECT separation_arcsec(359.9999, 0, 0.0001, 0)").fetchone()[0] == pytest.approx(0.72)
        assert con.execute("SELECT * FROM cone(10, 20, 5)").fetchall() == []
        columns = [d[0] for d in con.execute("SELECT * FROM lightcurve").description]
    first = "object_id frame_id band mjd_mid bjd_tdb mag mag_err mag_system flux_mjy flux_mjy_err flux flux_err"
    then = "limit_mag zp zp_err aperture_id kind flags airmass fwhm_arcsec sky x y"
    assert " ".join(columns[:23]) == f"{first} {then}"


def test_every_audit_of_an_empty_store_is_clean(store):
    with Database.open(store) as db:
        assert db.audit() == {}


@pytest.mark.parametrize("kind", ["tables", "views", "macros", "queries", "jobs", "audits"])
def test_every_sql_file_begins_by_saying_what_it_is(kind):
    for file in (shipped("schema") / kind).iterdir():
        assert file.name.endswith(".sql")
        assert file.read_text().startswith("-- "), file.name


def test_every_column_has_a_comment(store):
    with Database.open(store) as db:
        bare = db.rows(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal AND comment IS NULL "
            "AND table_name IN (SELECT table_name FROM duckdb_tables())"
        ).rows
    assert bare == []


def test_a_long_list_of_numbers_is_the_same_list_however_the_statement_takes_it(store):
    ids = list(range(5, 3005))
    with Database.open(store) as db:
        cast = "SELECT sum(x)::BIGINT, count(*) FROM (SELECT unnest($ids::INTEGER[]) AS x) -- $ids"
        plain = "SELECT sum(x)::BIGINT, count(*) FROM (SELECT unnest($ids) AS x)"
        both = "SELECT len($ids::BIGINT[]) + len($ids)"
        assert db.rows(cast, {"ids": ids}).rows == db.rows(plain, {"ids": ids}).rows == [(sum(ids), 3000)]
        assert db.one(both, ids=ids) == 6000
        assert db.one("SELECT len($ids::INTEGER[])", ids=[]) == 0


def test_parameters_in_comments_do_not_count():
    assert parameters_of("-- $a BIGINT\nSELECT $b") == {"b"}


def _schema(folder: Path, **migration: str) -> Path:
    """A copy of our schema with further migrations."""
    for part in ("tables", "macros", "views", "migrations"):
        (folder / part).mkdir(parents=True, exist_ok=True)
        source = shipped("schema") / part
        for file in source.iterdir() if source.is_dir() else ():
            (folder / part / file.name).write_text(file.read_text())
    for name, text in migration.items():
        (folder / "migrations" / f"{name.removeprefix('m')}.sql").write_text(text)
    return folder


def test_an_older_store_is_brought_up_to_date_and_keeps_its_rows(tmp_path, store):
    schema = _schema(tmp_path / "schema", m9001_colour="ALTER TABLE frame ADD COLUMN moon_deg DOUBLE")
    con = duckdb.connect(str(store))
    con.execute("INSERT INTO meta VALUES ('kept', 'yes')")
    migrations.check(con, store, read_only=False, schema=schema)
    assert migrations.stored_version(con) == 9001
    assert con.execute("SELECT moon_deg FROM frame").fetchall() == []
    assert con.execute("SELECT value FROM meta WHERE key = 'kept'").fetchone() == ("yes",)
    assert con.execute("SELECT * FROM lightcurve").fetchall() == []
    con.close()


SCHEMA_1 = Path(__file__).parents[1] / "data" / "stores" / "schema_1.sql"


@pytest.fixture
def old_store(tmp_path) -> Path:
    """A store as version 1 made it, with one calibrated frame and a row in every table that has changed since."""
    path = tmp_path / "old.duckdb"
    with duckdb.connect(str(path), config={"storage_compatibility_version": "v1.5.0"}) as con:
        con.execute(SCHEMA_1.read_text(encoding="utf-8"))
        for table, row in {
            "run": "1 AS run_id, 'ingest' AS command, '{}' AS parameters, '0.1' AS version, "
            "TIMESTAMP '2026-11-01' AS started, 'done' AS state",
            "frame": "7 AS frame_id, 1 AS file_id, 0 AS hdu, '/f7.fits' AS path, 'r' AS band, 60000.5 AS mjd_mid, "
            "1 AS run_id, 'ok' AS state, 100 AS width, 100 AS height",
            "object": "3 AS object_id, 'J0' AS name, 0 AS hpx, 0 AS ra, 0 AS dec, 1 AS ux, 0 AS uy, 0 AS uz, "
            "2025 AS epoch, 1 AS n_detections, 1 AS run_id",
            "detection_hot": "3 AS skey, 3 AS object_id, 7 AS frame_id, 50 AS x, 50 AS y, 100 AS flux, 1 AS flux_err, "
            "0 AS flags",
            "calibration": "4 AS cal_id, 1 AS run_id, 'catalogue' AS method, '{}' AS settings, "
            "TIMESTAMP '2026-11-01' AS created",
            "zeropoint": "4 AS cal_id, 7 AS frame_id, 0 AS aperture_id, 22.5 AS zp, 0.01 AS zp_err, 9 AS n_star, "
            "12 AS n_candidate, 'AB' AS mag_system, 0 AS flag",
        }.items():
            con.execute(f"INSERT INTO {table} BY NAME SELECT {row}")
        con.execute("INSERT INTO frame_calibration VALUES (7, 4)")
    return path


def _columns(db: Database) -> dict[tuple[str, str, str], tuple]:
    """The columns of all tables and views: type, whether NULL is allowed, comment."""
    rows = db.rows(
        "SELECT table_name, coalesce(t.comment, v.comment), column_name, data_type, is_nullable, c.comment "
        "FROM duckdb_columns() AS c LEFT JOIN duckdb_tables() AS t USING (table_name) "
        "LEFT JOIN duckdb_views() AS v ON v.view_name = table_name AND NOT v.internal WHERE NOT c.internal"
    ).rows
    return {(r[0], r[2], r[1]): r[3:] for r in rows}


def test_a_store_of_version_1_becomes_what_a_new_one_is(old_store, store):
    with Database.open(old_store, read_only=False) as migrated, Database.open(store) as new:
        assert _columns(migrated) == _columns(new)
        assert len(_columns(new)) > 200
        macros = (
            "SELECT function_name, parameters, function_type FROM duckdb_functions() "
            "WHERE NOT internal AND function_type IN ('macro', 'table_macro') ORDER BY ALL"
        )
        assert migrated.rows(macros).rows == new.rows(macros).rows


def test_a_store_of_version_1_keeps_its_light_curves(old_store):
    with duckdb.connect(str(old_store), read_only=True) as con:
        (before,) = con.execute(
            "SELECT object_id, frame_id, mag, mag_err, mag_system, zp, zp_err FROM lightcurve"
        ).fetchall()
    assert before[2] == pytest.approx(17.5)
    with Database.open(old_store, read_only=False) as db:
        found = db.rows("SELECT object_id, frame_id, mag, mag_err, mag_system, zp, zp_err FROM lightcurve").rows
        assert found == [before]
        assert db.rows("SELECT note FROM calibration").rows == [(None,)]
        assert db.rows("SELECT colour_term_err, zp_map, limit_3_mag FROM zeropoint").rows == [(None, None, None)]
        assert db.audit().keys() <= {"frame_count", "object_count", "frame_without_file"}  # made up as they are


def test_an_older_store_open_for_reading_says_how_to_bring_it_up_to_date(tmp_path, store):
    schema = _schema(tmp_path / "schema", m9001_colour="ALTER TABLE frame ADD COLUMN moon_deg DOUBLE")
    con = duckdb.connect(str(store), read_only=True)
    with pytest.raises(UsageError, match="older") as caught:
        migrations.check(con, store, read_only=True, schema=schema)
    assert "photdb migrate" in caught.value.hint
    con.close()


def test_a_migration_that_fails_leaves_the_store_as_it_was(tmp_path, store):
    schema = _schema(
        tmp_path / "schema", m9001_a="ALTER TABLE frame ADD COLUMN moon_deg DOUBLE", m9002_b="SELECT nothing"
    )
    con = duckdb.connect(str(store))
    before = migrations.stored_version(con)
    assert before == migrations.current_version()
    with pytest.raises(duckdb.Error, match="nothing"):
        migrations.migrate(con, before, schema)
    assert migrations.stored_version(con) == before
    assert "moon_deg" not in [c[0] for c in con.execute("DESCRIBE frame").fetchall()]
    con.close()


def test_a_statement_is_found_by_folder_and_name():
    assert "HAVING" in statement("audits", "object_unique")


def test_views_and_macros_of_another_photdb_with_the_same_tables_are_made_anew(store):
    with Database.open(store, read_only=False) as db:
        db.execute("CREATE OR REPLACE MACRO flux_to_mag(flux, zp) AS 5.0")
        db.execute("CREATE MACRO of_the_user(x) AS x + 1")
        db.execute("UPDATE meta SET value = 'another' WHERE key = 'definitions'")
    with Database.open(store, read_only=False) as db:
        assert db.one("SELECT flux_to_mag(1.0, 20.0)") == 20.0
        assert db.one("SELECT of_the_user(1)") == 2
        assert db.one("SELECT value FROM meta WHERE key = 'definitions'") != "another"
