"""Compaction moves detections, and changes nothing that is asked of them."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest
import stores

from photdb import query
from photdb.errors import UsageError
from photdb.jobs import compact as job
from photdb.jobs.commit_night import withdraw
from photdb.jobs.compact import compact, compact_if_needed
from photdb.jobs.ingest import ingest
from photdb.store.database import Database

from nights import make, with_catalogue  # isort: skip

pytestmark = pytest.mark.usefixtures("in_this_process")

N_OBJECTS = 40
#: Rows that DuckDB keeps least and greatest values of together.
ROW_GROUP = 122_880


def key_of(k: int) -> int:
    """Objects in four base cells, close together in each."""
    return (k % 4) * 2**58 + 2**57 + k


def grown(path: Path, nights: int, *, first: int = 0) -> Path:
    """Append nights of three frames: objects, detections without an object, and without a place."""
    with Database.open(path, read_only=False, create=True) as db:
        if not first:
            ids = pa.table({"k": pa.array([key_of(k) for k in range(N_OBJECTS)], pa.int64())})
            with db.table("given", ids):
                db.execute(
                    "INSERT INTO object BY NAME SELECT k AS object_id, 'J' || k AS name, k AS hpx, 10 AS ra, "
                    "20 AS dec, 1 AS ux, 0 AS uy, 0 AS uz, 2025 AS epoch, 1 AS n_detections, 1 AS run_id FROM given"
                )
        for night in range(first, first + nights):
            with db.transaction():
                add_night(db, night)
    return path


@pytest.fixture(scope="module")
def nine_nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of nine nights; copy it."""
    return grown(tmp_path_factory.mktemp("nine") / "s.duckdb", 9)


@pytest.fixture
def store(nine_nights: Path, tmp_path: Path) -> Path:
    """A store of nine nights that a test may change."""
    return Path(shutil.copy(nine_nights, tmp_path / "s.duckdb"))


def add_night(db: Database, night: int) -> None:
    """Append one night as an ingest does: in one run, sorted by key."""
    db.execute(
        "INSERT INTO frame BY NAME SELECT (3 * $night::INTEGER + i)::INTEGER AS frame_id, frame_id AS file_id, "
        "0 AS hdu, '/f' || frame_id AS path, DATE '2026-01-01' + $night::INTEGER AS night, 'r' AS band, "
        "60000 + $night + i / 10 AS mjd_mid, 1 AS run_id, 'ok' AS state FROM range(1, 4) AS t(i)",
        night=night,
    )
    keys = [*(key_of(k) for k in range(N_OBJECTS)), -1, 2**57 + 999]
    objects = [*keys[:N_OBJECTS], None, None]
    given = pa.table({"skey": pa.array(keys, pa.int64()), "object_id": pa.array(objects, pa.int64())})
    with db.table("given", given):
        db.execute(
            "INSERT INTO detection_hot BY NAME SELECT skey, object_id, (3 * $night::INTEGER + i)::INTEGER AS frame_id, "
            "CASE WHEN skey >= 0 THEN 10.0 + hash(skey) % 1000 / 1e5 END AS ra, -20.5 AS dec, "
            "100.125 + i AS x, 200.3 AS y, CASE WHEN i = 2 THEN -3.5 ELSE 100.0 * i END AS flux, 1.25 + i AS flux_err, "
            "110 AS flux_auto, NULL AS flux_auto_err, [flux, NULL, -0.1] AS aper_flux, "
            "[flux_err, NULL, 0] AS aper_flux_err, "
            "-12.5 AS sky, 3 AS fwhm, i AS flags FROM given, range(1, 4) AS t(i) ORDER BY skey, frame_id",
            night=night,
        )


def counts(path: Path) -> tuple[int, int]:
    """Detections that are not compacted, and that are."""
    with Database.open(path) as db:
        return db.one("SELECT count(*) FROM detection_hot"), db.one("SELECT count(*) FROM detection_cold")


def asked(path: Path) -> list[tuple[object, ...]]:
    """What a question sees of every detection, in codes that survive encoding."""
    with Database.open(path) as db:
        return db.rows(
            "SELECT skey, object_id, frame_id, flux, round(ln(flux_err) * 20), round(x, 3), flags, len(aper_flux), "
            "aper_flux[2], aper_flux_err[3] FROM detection ORDER BY ALL"
        ).rows


def tiles(path: Path) -> list[dict[str, object]]:
    """The partitions that hold something."""
    with Database.open(path) as db:
        return db.rows("FROM hpx_partition WHERE n_rows > 0 ORDER BY key_lo").dicts()


def test_what_is_asked_is_the_same_after_compaction(store):
    before = asked(store)
    summary = compact(store)
    assert counts(store) == (0, len(before))
    assert summary.n_rows == len(before) == 9 * 3 * (N_OBJECTS + 2)
    assert asked(store) == before
    for tile in tiles(store):
        assert tile["n_runs"] == 1
        assert tile["compacted_at"] is not None
    with Database.open(store) as db:
        assert db.one("SELECT count(*) FROM hpx_partition WHERE key_lo = -1 AND n_rows = 27") == 1
        run = db.rows("SELECT command, state, message FROM run").rows
    assert run == [("compact", "done", summary.line())]


def test_the_partitions_cover_the_sky_and_do_not_overlap(store, nine_nights, monkeypatch):
    monkeypatch.setattr(job, "MOST_ROWS", 100)
    compact(store)
    with Database.open(store) as db:
        found = db.rows("SELECT key_lo, key_hi, norder, npix, n_rows FROM hpx_partition ORDER BY key_lo").rows
        for lo, hi, order, pixel, n in found[1:]:
            assert (lo, hi) == (pixel << (58 - 2 * order), (pixel + 1) << (58 - 2 * order))
            inside = "SELECT count(*) FROM detection_cold WHERE skey >= $lo AND skey < $hi"
            assert n == db.one(inside, lo=lo, hi=hi)
    assert [hi for _, hi, *_ in found[:-1]] == [lo for lo, *_ in found[1:]]
    assert (found[0][0], found[-1][1]) == (-1, 12 << 58)
    assert max(row[2] for row in found) == job.CELL_ORDER  # what cannot be told apart stays together
    assert asked(store) == asked(nine_nights)


def test_few_nights_are_left_alone_unless_all_are_asked_for(tmp_path):
    store = grown(tmp_path / "s.duckdb", job.MOST_RUNS - 1)
    assert compact(store).n_partitions == 0
    assert counts(store)[1] == 0
    assert compact(store, every=True).n_rows == counts(store)[1] > 0


def test_a_compacted_store_is_left_alone(store):
    compact(store)
    before = store.read_bytes()
    assert compact(store).line() == compact(store, every=True).line() == "nothing to compact"
    assert store.read_bytes() == before


def test_nights_after_a_compaction_join_what_is_compacted(store, nine_nights, tmp_path, monkeypatch):
    compact(store)
    grown(store, 8, first=9)
    monkeypatch.setattr(job, "MOST_ROWS", 300)
    compact(store)
    assert counts(store)[0] == 0
    assert asked(store) == asked(grown(Path(shutil.copy(nine_nights, tmp_path / "t.duckdb")), 8, first=9))
    with Database.open(store) as db:  # sorted in every partition
        assert db.one(
            "SELECT count(*) FROM (SELECT skey, lag(skey) OVER (ORDER BY rowid) AS before, rowid FROM detection_cold) "
            "WHERE before > skey"
        ) < len(tiles(store))


def test_time_that_is_over_leaves_the_rest_for_the_next_call(store, nine_nights):
    first = compact(store, time_limit=1e-6)
    assert (first.n_partitions, first.n_left) == (1, 4)
    assert "4 more are due" in first.line()
    second = compact(store)
    assert second.n_partitions == 4
    assert asked(store) == asked(nine_nights)


def test_frames_measured_again_go_from_both_tables(store):
    compact(store)
    grown(store, 2, first=9)
    gone = [1, 2, 14, 30, 31]
    with Database.open(store, read_only=False) as db:
        with db.transaction():
            withdraw(db, gone)
        assert db.one("SELECT count(*) FROM detection WHERE frame_id IN (1, 2, 14, 30, 31)") == 0
        assert db.one("SELECT count(*) FROM detection") == (33 - len(gone)) * (N_OBJECTS + 2)
        assert db.one("SELECT sum(n_rows) FROM hpx_partition") == db.one("SELECT count(*) FROM detection_cold")
        assert db.one("SELECT DISTINCT n_detections FROM object") == 33 - len(gone)


def test_a_filter_on_the_object_prunes_both_tables(tmp_path):
    store = grown(tmp_path / "s.duckdb", 1)
    with Database.open(store, read_only=False) as db:
        for table in ("detection_hot", "detection_cold"):
            db.execute(f"DELETE FROM {table}")
        db.execute(
            "INSERT INTO detection_hot BY NAME SELECT i // 100 AS skey, skey AS object_id, 1 AS frame_id, 1 AS x, "
            "1 AS y, 1 AS flux, 0 AS flags FROM range(500000) AS t(i)"
        )
    compact(store, every=True)
    with Database.open(store, read_only=False) as db:
        db.execute(
            "INSERT INTO detection_hot BY NAME SELECT i // 100 AS skey, skey AS object_id, 2 AS frame_id, 1 AS x, "
            "1 AS y, 1 AS flux, 0 AS flags FROM range(500000) AS t(i)"
        )
    with Database.open(store) as db:
        assert len(db.rows("SELECT flux FROM detection WHERE object_id = 2500")) == 200
        assert scanned(db, "SELECT flux, x, aper_flux FROM detection WHERE object_id = 2500") <= 2 * ROW_GROUP
        assert scanned(db, "SELECT * FROM detection WHERE object_id = 2500 AND flags & 3 = 0") <= 2 * ROW_GROUP


def scanned(db: Database, sql: str) -> int:
    """Rows that the scans of a statement handed on or looked at."""
    import json

    con = db._con
    con.execute("PRAGMA enable_profiling = 'no_output'")
    con.execute("PRAGMA profiling_mode = 'detailed'")
    con.execute(sql).fetchall()
    found = json.loads(con.get_profiling_information(format="json"))
    con.execute("PRAGMA disable_profiling")
    return sum(_scanned(found))


def _scanned(node: dict) -> list[int]:
    return [int(node.get("operator_rows_scanned") or 0)] + [
        n for child in node.get("children", ()) for n in _scanned(child)
    ]


def test_a_limit_that_means_nothing_is_refused(tmp_path):
    store = grown(tmp_path / "s.duckdb", 1)
    with pytest.raises(UsageError, match="memory limit"):
        compact(store, memory_limit="much'")
    with pytest.raises(UsageError, match="time limit"):
        compact(store, time_limit=0)


def test_an_ingest_does_not_fail_where_compaction_does(store, monkeypatch):
    before = asked(store)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is made of cheese")

    monkeypatch.setattr(job, "compact_partition", broken)
    assert compact_if_needed(store) is None
    assert asked(store) == before
    with Database.open(store) as db:
        assert db.rows("SELECT state FROM run").rows == [("failed",)]


def test_light_curves_of_a_small_store_stay_as_they_were(tmp_path):
    store = stores.small_store(tmp_path / "s.duckdb")
    before = light_curves(store)
    compact(store, every=True)
    after = light_curves(store)
    assert counts(store)[0] == 0
    assert after.keys() == before.keys()
    for key, points in before.items():
        assert len(after[key]) == len(points) > 0
        for old, new in zip(points, after[key], strict=True):
            for name in (
                "object_id",
                "frame_id",
                "band",
                "mjd_mid",
                "bjd_tdb",
                "mag_system",
                "flags",
                "zp",
                "limit_mag",
            ):
                assert new[name] == old[name]
            if key[1] == 0:
                assert (new["flux"], new["mag"]) == (old["flux"], old["mag"])
            assert new["flux"] == pytest.approx(old["flux"], abs=0.01 * old["flux_err"])
            assert new["flux_err"] == pytest.approx(old["flux_err"], rel=0.002)
            assert (new["mag"] is None) == (old["mag"] is None)


def light_curves(store: Path) -> dict[tuple[int, int], list[dict[str, object]]]:
    """Of every object, in the primary, auto and first aperture."""
    found = {}
    with Database.open(store) as db:
        for object_id in stores.POSITIONS:
            for aperture_id in (0, -1, 1):
                answer = query.light_curve(db, object_id, aperture_id=aperture_id)
                names = [c.name for c in answer.columns]
                found[object_id, aperture_id] = [dict(zip(names, row, strict=True)) for row in answer.rows()]
    return found


@pytest.mark.slow
def test_a_simulated_survey_answers_the_same_after_compaction(tmp_path):
    survey = make(tmp_path / "survey", nights=1, frames=4)
    store = with_catalogue(tmp_path / "s.duckdb", survey)
    ingest([survey], store=store, workers=2)
    question = "SELECT * EXCLUDE (sky, x, y) FROM lightcurve ORDER BY object_id, frame_id"
    with Database.open(store) as db:
        before, audits = db.rows(question).dicts(), db.audit()
        n = db.one("SELECT count(*) FROM detection")
    summary = compact(store, every=True)
    assert summary.n_rows == n >= len(before) > 100
    with Database.open(store) as db:
        after = db.rows(question).dicts()
        assert db.audit() == audits
    for old, new in zip(before, after, strict=True):
        for name, value in old.items():
            if "err" in name and value is not None:  # of the measurement: two parts in a thousand
                assert new[name] == pytest.approx(value, rel=0.002), name
            else:
                assert new[name] == value, name
    ingest([survey], store=store, workers=2, reprocess=True)
    with Database.open(store) as db:
        assert db.one("SELECT count(*) FROM detection") == n
        assert db.audit() == audits


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(6))
def test_a_killed_compaction_leaves_every_detection_once(tmp_path, moment, monkeypatch):
    monkeypatch.setattr(job, "MOST_ROWS", 100)
    store = grown(tmp_path / "s.duckdb", 12)
    before = asked(store)
    code = (
        "import sys; from pathlib import Path; from photdb.jobs import compact as c; c.MOST_ROWS = 100; c.PAUSE_S = 0; "
        "c.BATCH_ROWS = 500; print('go', flush=True); c.compact(Path(sys.argv[1]))"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(store)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(random.Random(moment).uniform(0.05, 1.2))
        os.kill(process.pid, signal.SIGKILL)
    assert asked(store) == before
    for tile in tiles(store):
        with Database.open(store) as db:
            inside = "SELECT count(*) FROM detection_cold WHERE skey >= $lo AND skey < $hi"
            assert tile["n_rows"] == db.one(inside, lo=tile["key_lo"], hi=tile["key_hi"])
    compact(store)
    assert counts(store)[0] == 0
    assert asked(store) == before


@pytest.mark.parametrize("limit", ["1KB", "99MB", "0.05GB", "much"])
def test_a_limit_of_memory_that_cannot_be_is_refused(tmp_path, limit):
    with pytest.raises(UsageError, match="memory limit"):
        compact(tmp_path / "none.duckdb", memory_limit=limit)
