"""Matching again what is stored."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from association_fields import add_references, frame, ids_of, night, offset, partition_of, seen, sky

from photdb.errors import NotFoundError, UsageError
from photdb.jobs.crossmatch_rebuild import _regions, crossmatch
from photdb.query import object_by_id
from photdb.sky import unit_vector
from photdb.store.database import Database


def _field(path: Path, seed: int = 4, n_frames: int = 8) -> None:
    """Make a store of a difficult field, in two nights."""
    rng = np.random.default_rng(seed)
    field = sky(rng)
    frames = [seen(rng, field, year) for year in np.sort(rng.uniform(2012, 2028, n_frames))]
    with Database.open(path, read_only=False, create=True) as db:
        add_references(db, field)
        for half in (frames[::2], frames[1::2]):
            with db.run("ingest", {}) as run_id:
                night(db, path.parent, half, run_id=run_id)


@pytest.fixture(scope="module")
def difficult(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("field") / "s.duckdb"
    _field(path)
    return path


@pytest.fixture
def store(difficult: Path, tmp_path: Path) -> Path:
    """The difficult field, to change."""
    return Path(shutil.copy(difficult, tmp_path / "s.duckdb"))


def _state(path: Path):
    with Database.open(path) as db:
        return partition_of(db), ids_of(db), set(db.audit())


def _shuffle(path: Path) -> None:
    """Give the detections of every frame each other's objects, and a fifth of them none."""
    rng = np.random.default_rng(1)
    given = []
    with Database.open(path, read_only=False) as db:
        rows = db.rows("SELECT frame_id, object_id, ra, dec FROM detection_hot WHERE object_id IS NOT NULL").rows
        by_frame: dict[int, list[tuple]] = {}
        for row in rows:
            by_frame.setdefault(row[0], []).append(row)
        for frame_id, theirs in by_frame.items():
            if rng.random() < 0.6:
                continue
            ids = rng.permutation([r[1] for r in theirs])
            for (_, _, ra, dec), new in zip(theirs, ids, strict=True):
                taken = None if rng.random() < 0.2 else int(new)
                cell = int(rng.integers(2**40, 2**60))
                given.append({"frame_id": frame_id, "ra": ra, "dec": dec, "object_id": taken, "cell": cell})
        with db.table("shuffled", pa.Table.from_pylist(given)):
            db.execute(
                "UPDATE detection_hot AS d SET object_id = s.object_id, skey = coalesce(s.object_id, s.cell) "
                "FROM shuffled AS s WHERE d.frame_id = s.frame_id AND d.ra = s.ra AND d.dec = s.dec"
            )
        db.execute("UPDATE object SET n_detections = 1")


def test_a_rebuild_of_what_ingest_did_changes_nothing(store):
    before = _state(store)
    done = crossmatch(store, rebuild=True)
    assert (done.n_new, done.n_gone, done.n_moved) == (0, 0, 0)
    assert _state(store) == before
    with Database.open(store) as db:
        assert db.rows("SELECT command, state FROM run ORDER BY run_id DESC LIMIT 1").rows == [("crossmatch", "done")]


@pytest.mark.parametrize("seed", [4, 11])
def test_a_rebuild_of_shuffled_objects_gives_the_objects_and_most_ids_back(tmp_path, seed):
    store = tmp_path / "s.duckdb"
    _field(store, seed)
    partition, ids, audits = _state(store)
    _shuffle(store)
    assert _state(store)[0] != partition
    crossmatch(store, rebuild=True)
    again, ids_again, audits_again = _state(store)
    assert again == partition
    assert audits_again == audits
    with Database.open(store) as db:
        changed = {i for place, i in ids.items() if ids_again[place] != i}
        assert len(changed) < 0.2 * len(set(ids.values()))
        for old in changed - set(ids_again.values()):  # what is no id any more still leads somewhere
            assert object_by_id(db, old).object_id in set(ids_again.values())


def test_a_store_of_an_older_photdb_is_measured_by_the_first_night(store, tmp_path):
    partition = _state(store)[0]
    rng = np.random.default_rng(4)
    more = [seen(rng, sky(rng), 2029.0)]
    with Database.open(store, read_only=False) as db:
        db.execute("UPDATE object SET spread_arcsec = NULL, n_position = NULL, is_contested = NULL, grade = NULL")
        night(db, tmp_path, more, run_id=3)
    crossmatch(store, rebuild=True)
    after, _, audits = _state(store)
    assert audits <= {"frame_without_file", "frame_without_run"}
    assert sum(any(g <= h for h in after) for g in partition) >= 0.8 * len(partition)


def test_compacted_detections_change_hands_too(store):
    from photdb.jobs.compact import compact

    partition, _, audits = _state(store)
    _shuffle(store)
    compact(store, every=True)
    with Database.open(store) as db:
        assert db.one("SELECT count(*) FROM detection_cold") > 0
    crossmatch(store, rebuild=True)
    assert _state(store)[0] == partition
    assert _state(store)[2] <= audits


def test_associating_again_takes_up_what_belongs_to_nothing(tmp_path):
    with Database.open(tmp_path / "s.duckdb", read_only=False, create=True) as db:
        place = offset(10.0, 20.0, np.array([0.0, 0.2]), np.zeros(2))
        night(db, tmp_path, [frame(place[:1]), frame(place[1:])])
        db.execute("UPDATE detection_hot SET object_id = NULL, skey = 12345 WHERE frame_id = 2")
        db.execute("UPDATE object SET n_detections = 1")
    done = crossmatch(tmp_path / "s.duckdb")
    assert (done.n_moved, done.n_without) == (1, 0)
    with Database.open(tmp_path / "s.duckdb") as db:
        assert db.rows("SELECT n_detections FROM object").rows == [(2,)]


def test_an_id_of_old_leads_to_the_object_and_a_withdrawn_one_says_so(tmp_path):
    with Database.open(":memory:", read_only=False, create=True) as db:
        night(db, tmp_path, [frame(offset(10.0, 20.0, np.zeros(1), np.zeros(1)))])
        (now,) = db.rows("SELECT object_id FROM object").rows[0]
        db.execute("INSERT INTO object_alias VALUES (77, $now, 1), (78, NULL, 1)", now=now)
        assert object_by_id(db, 77).object_id == now
        with pytest.raises(NotFoundError, match="object 78 is no more"):
            object_by_id(db, 78)
        with pytest.raises(NotFoundError, match="no object 79"):
            object_by_id(db, 79)


def test_regions_hold_every_place(tmp_path):
    rng = np.random.default_rng(2)
    ra, dec = rng.uniform(0, 360, 300), np.degrees(np.arcsin(rng.uniform(-1, 1, 300)))
    ra, dec = np.r_[ra, 0.0, 90.0], np.r_[dec, 90.0, -90.0]
    with Database.open(":memory:", read_only=False, create=True) as db:
        night(db, tmp_path, [frame(np.column_stack([ra, dec]))])
        regions = list(_regions(db))
    for u in unit_vector(ra, dec):
        assert any(all(r[f"{a}0"] <= v <= r[f"{a}1"] for a, v in zip("xyz", u, strict=True)) for r in regions)


def test_there_is_nothing_to_match_in_a_store_that_is_not_there(tmp_path):
    with pytest.raises((NotFoundError, UsageError)):
        crossmatch(tmp_path / "none.duckdb")
    assert list(tmp_path.iterdir()) == []


def test_a_region_that_fails_halfway_leaves_the_store_as_it_was(store, monkeypatch):
    import photdb.jobs.crossmatch_contested as contested

    _shuffle(store)
    before = _state(store)[:2]

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("here it stops")

    monkeypatch.setattr(contested, "record", broken)  # the last step of a region
    with pytest.raises(RuntimeError):
        crossmatch(store, rebuild=True)
    assert _state(store)[:2] == before
    with Database.open(store) as db:
        assert db.one("SELECT state FROM run ORDER BY run_id DESC LIMIT 1") == "failed"
        assert db.one("SELECT count(*) FROM object_event WHERE run_id = (SELECT max(run_id) FROM run)") == 0


@pytest.mark.slow
def test_a_rebuild_killed_at_any_moment_does_no_harm(tmp_path):
    """Killed with no chance to tidy up: audits stay clean, and the next rebuild ends where an undisturbed one does."""
    store = tmp_path / "s.duckdb"
    _field(store)
    partition, _, audits = _state(store)
    rng = np.random.default_rng(1)
    program = (
        "from pathlib import Path; from photdb.jobs.crossmatch_rebuild import crossmatch; "
        f"crossmatch(Path({str(store)!r}), rebuild=True)"
    )
    for _ in range(8):
        _shuffle(store)
        with Database.open(store, read_only=False) as db:  # what the shuffle cannot know
            db.execute("UPDATE object SET n_detections = 1")
        process = subprocess.Popen([sys.executable, "-c", program])
        with suppress(subprocess.TimeoutExpired):
            process.wait(float(rng.uniform(0.5, 6.0)))  # whatever the moment, or after the end: this must hold
        process.kill()
        process.wait()
        crossmatch(store, rebuild=True)
        again, _, found = _state(store)
        assert again == partition
        assert found == audits


def test_a_run_records_what_decides_what_is_an_object(tmp_path):
    _field(tmp_path / "s.duckdb", n_frames=2)
    crossmatch(tmp_path / "s.duckdb")
    with Database.open(tmp_path / "s.duckdb") as db:
        (parameters,) = db.rows("SELECT parameters FROM run WHERE command = 'crossmatch'").rows[0]
    assert json.loads(parameters)["association"]["gate_snr"] == 5
