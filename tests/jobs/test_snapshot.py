"""Copies of a store that is at work."""

import subprocess
import sys
from pathlib import Path

import pytest

from photdb.errors import InputError, NotFoundError, PhotdbError, UsageError
from photdb.jobs import snapshot as job
from photdb.jobs.snapshot import snapshot
from photdb.store.database import Database

#: Commits 1000 rows of each of two tables at a time, as often as it can, in one open file or in many.
WRITE = """
import sys
from itertools import count
from photdb.store.database import Database
for i in count():
    with Database.open(sys.argv[1], read_only=False, wait=600) as db:
        for j in range(3):
            with db.transaction():
                db.execute("INSERT INTO a SELECT range FROM range(1000)")
                db.execute("INSERT INTO b SELECT range FROM range(1000)")
    print(3000 * (i + 1), flush=True)
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "a.duckdb"
    with Database.open(path, read_only=False, create=True) as db:
        db.execute("CREATE TABLE a (i INTEGER)")
        db.execute("CREATE TABLE b (i INTEGER)")
    return path


def rows(path: Path, table: str) -> int:
    with Database.open(path) as db:
        return int(db.one(f"SELECT count(*) FROM {table}"))


def test_copies_made_while_another_process_writes_are_of_whole_commits(store, tmp_path, monkeypatch):
    monkeypatch.setenv("PHOTDB_WAIT", "300")  # not who is quick is tested
    with subprocess.Popen([sys.executable, "-c", WRITE, str(store)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        try:
            acknowledged, n = int(writer.stdout.readline()), 0
            for i in range(5):
                copy = tmp_path / f"copy-{i}.duckdb"
                snapshot(store, copy)
                assert rows(copy, "a") == rows(copy, "b") >= acknowledged > n
                n = rows(copy, "a")
                assert n % 1000 == 0
                while acknowledged <= n:  # it has written more since
                    acknowledged = int(writer.stdout.readline())
        finally:
            writer.kill()
    assert not list(tmp_path.glob(".*"))


def test_what_a_killed_writer_left_in_its_log_is_in_the_copy(store, tmp_path):
    code = (
        "import os, sys; from photdb.store.database import Database; db = Database.open(sys.argv[1], read_only=False);"
        "db.execute('INSERT INTO a SELECT range FROM range(10)'); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", code, str(store)], check=False)
    assert Path(f"{store}.wal").is_file()
    snapshot(store, tmp_path / "copy.duckdb")
    assert rows(tmp_path / "copy.duckdb", "a") == 10
    assert [p.name for p in tmp_path.glob("*copy*")] == ["copy.duckdb"]


def test_a_snapshot_is_a_store_of_its_own(small_store, tmp_path):
    copy = tmp_path / "copy.duckdb"
    size = snapshot(small_store, copy)
    assert size == copy.stat().st_size
    question = "SELECT * FROM lightcurve ORDER BY object_id, frame_id"
    with Database.open(small_store) as one, Database.open(copy) as other:
        assert one.rows(question) == other.rows(question)
    with Database.open(copy, read_only=False) as other:
        other.execute("DELETE FROM detection_hot")
    assert rows(small_store, "detection") > 0


def test_what_is_there_stays_unless_it_is_to_be_overwritten(store, tmp_path):
    target = tmp_path / "copy.duckdb"
    target.write_text("precious")
    with pytest.raises(InputError, match="exists") as caught:
        snapshot(store, target)
    assert "--overwrite" in caught.value.hint
    assert target.read_text() == "precious"
    snapshot(store, target, overwrite=True)
    assert rows(target, "a") == 0


def test_a_store_is_not_copied_onto_itself_or_a_folder_or_nowhere(store, tmp_path):
    with pytest.raises(UsageError, match="itself"):
        snapshot(store, store, overwrite=True)
    with pytest.raises(UsageError, match="folder"):
        snapshot(store, tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        snapshot(store, tmp_path / "none" / "copy.duckdb")
    with pytest.raises(NotFoundError):
        snapshot(tmp_path / "none.duckdb", tmp_path / "copy.duckdb")
    with pytest.raises(UsageError, match="of a file"):
        snapshot(Path("quack:localhost"), tmp_path / "copy.duckdb")


def test_a_copy_that_differs_never_appears(store, tmp_path, monkeypatch):
    counts = iter([{"a": 5}, {"a": 4}])
    monkeypatch.setattr(job, "_count", lambda db: next(counts))
    with pytest.raises(PhotdbError, match="4 rows in a, the store 5"):
        snapshot(store, tmp_path / "copy.duckdb")
    assert [p.name for p in tmp_path.iterdir() if p.suffix != ".files"] == ["a.duckdb"]


def test_a_full_disk_leaves_no_half_copy(store, tmp_path, monkeypatch):
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(job.os, "copy_file_range", full)
    with pytest.raises(InputError, match="No space left"):
        snapshot(store, tmp_path / "copy.duckdb")
    assert not list(tmp_path.glob("*copy*"))


def test_a_file_is_copied_where_blocks_cannot_be_shared(store, tmp_path, monkeypatch):
    def other_disk(*_: object) -> int:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(job.os, "copy_file_range", other_disk)
    monkeypatch.setattr(job, "_PIECE", 1000)
    snapshot(store, tmp_path / "copy.duckdb")
    assert (tmp_path / "copy.duckdb").read_bytes() == store.read_bytes()
