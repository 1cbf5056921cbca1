"""kill -9 and a full disk while a night is committed, while partitions are compacted, while all is matched anew.

At each moment the store is whole: no acknowledged night is lost, no partition is half done, no audit finds anything
that it did not find before; and the same command again ends where an undisturbed one does. `PHOTDB_KILLS` sets how
many moments there are of each of the three.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from photdb.jobs import ingest as ingest_job
from photdb.jobs.compact import compact
from photdb.jobs.ingest import ingest
from photdb.store.database import Database

from nights import make, with_catalogue  # isort: skip

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from synthetic_store import make_store  # isort: skip

pytestmark = pytest.mark.slow
MOMENTS = int(os.environ.get("PHOTDB_KILLS", "4"))
#: What is the same before and after: which detections there are, with their fluxes as they are kept.
KEPT = (
    "SELECT count(*), bit_xor(hash(frame_id, flux, flags)), round(sum(flux_err::DOUBLE), 0), sum(len(aper_flux)) "
    "FROM detection"
)
#: What each command leads to, whatever happened before: which detections are one object.
MATCHED = "SELECT bit_xor(hash(frame_id, flux, object_id)), count(DISTINCT object_id) FROM detection"


@dataclass
class Case:
    """A store to begin with, the command, and what it leads to undisturbed."""

    store: Path
    words: list[str]
    seconds: float = 0.0
    kept: tuple[object, ...] = ()
    matched: tuple[object, ...] = ()
    audits: frozenset[str] = frozenset()

    def copy(self, folder: Path) -> Path:
        store = folder / "s.duckdb"
        shutil.copy(self.store, store)
        beside = self.store.with_name(f"{self.store.stem}.files")
        if beside.is_dir():
            shutil.copytree(beside, folder / "s.files")
        return store

    def start(self, store: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "photdb", *self.words, "--db", str(store)]
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)

    def undisturbed(self, folder: Path) -> Case:
        """Run it whole; keep what it leads to."""
        store = self.copy(folder)
        began = time.monotonic()
        process = self.start(store)
        _, said = process.communicate()
        assert process.returncode == 0, said
        self.seconds = time.monotonic() - began
        self.kept, self.matched, self.audits = state(store)
        return self


def state(store: Path) -> tuple[tuple[object, ...], tuple[object, ...], frozenset[str]]:
    with Database.open(store) as db:
        return db.rows(KEPT).rows[0], db.rows(MATCHED).rows[0], frozenset(db.audit())


@pytest.fixture(scope="module")
def many_nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten nights that are not compacted."""
    store = tmp_path_factory.mktemp("kill") / "many.duckdb"
    make_store(store, rows=80_000, n_fields=12, stars=500, fields=6, frames=4)
    with Database.open(store, read_only=False) as db, db.transaction():
        db.execute("INSERT INTO file BY NAME SELECT file_id, path, 'x' AS sha256, 1 AS size, 1 AS mtime_ns FROM frame")
        db.execute(
            "UPDATE frame SET n_detections = (SELECT count(*) FROM detection AS d WHERE d.frame_id = frame.frame_id)"
        )
        db.execute(
            "UPDATE object SET n_detections = coalesce((SELECT count(*) FROM detection AS d "
            "WHERE d.object_id = object.object_id), 0)"
        )
        with db.run("ingest", {}):
            pass
    return store


@pytest.fixture(scope="module")
def compaction(many_nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(many_nights, ["compact", "--all"]).undisturbed(tmp_path_factory.mktemp("compaction"))


@pytest.fixture(scope="module")
def rebuild(many_nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Half of it is compacted, and a fifth of the detections have lost their objects."""
    folder = tmp_path_factory.mktemp("rebuild")
    store = folder / "begin.duckdb"
    shutil.copy(many_nights, store)
    compact(store, every=True)
    with Database.open(store, read_only=False) as db, db.transaction():
        lost = "frame_id % 5 = 0 AND object_id IS NOT NULL"
        db.execute(f"UPDATE detection_cold SET object_id = NULL WHERE {lost}")
        db.execute(
            "UPDATE object SET n_detections = coalesce((SELECT count(*) FROM detection AS d "
            "WHERE d.object_id = object.object_id), 0)"
        )
    return Case(store, ["crossmatch", "--rebuild"]).undisturbed(tmp_path_factory.mktemp("rebuilt"))


@pytest.fixture(scope="module")
def commit(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Two nights that are measured and staged, and not yet committed: what is left to an ingest is to write them."""
    folder = tmp_path_factory.mktemp("commit")
    survey = make(folder / "survey", nights=2, frames=6)
    store = with_catalogue(folder / "begin.duckdb", survey)
    patch = pytest.MonkeyPatch()
    for night in ("night-0", "night-1"):
        with patch.context() as context:
            context.setattr(ingest_job, "commit_night", _stop)
            with pytest.raises(KeyboardInterrupt):
                ingest([survey / night], store=store, workers=2)
    case = Case(store, ["ingest", str(survey), "--workers", "1"]).undisturbed(tmp_path_factory.mktemp("committed"))
    assert not case.audits
    return case


def _stop(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("moment", range(MOMENTS))
@pytest.mark.parametrize("what", ["commit", "compaction", "rebuild"])
def test_a_killed_process_leaves_a_whole_store(request, tmp_path, what, moment):
    case: Case = request.getfixturevalue(what)
    store = case.copy(tmp_path)
    before = state(store)
    process = case.start(store)
    time.sleep(random.Random(f"{what} {moment}").uniform(0.25, 1.0) * case.seconds)
    os.killpg(process.pid, signal.SIGKILL)
    _, said = process.communicate()
    kept, matched, audits = state(store)
    assert audits <= before[2] | case.audits
    if what == "commit":
        whole(store, said)
    else:
        assert kept == pytest.approx(before[0], rel=2e-3)  # errors are told to 0.2 per cent once compacted
        assert kept[:2] == before[0][:2]
    if what == "compaction":
        assert matched == before[1]
    if moment % 5 == 0:
        again = case.start(store)
        _, said = again.communicate()
        assert again.returncode == 0, said
        kept, matched, audits = state(store)
        assert kept[:2] == case.kept[:2]
        assert matched == case.matched
        assert audits <= case.audits


def whole(store: Path, said: str) -> None:
    """Each night is there whole or not at all, and is there when it was acknowledged."""
    with Database.open(store) as db:
        counts = dict(db.rows("SELECT night::VARCHAR, count(*) FROM frame WHERE state = 'ok' GROUP BY 1").rows)
    assert set(counts.values()) <= {6}
    assert {line.split(":")[0] for line in said.splitlines() if " frames" in line and "detections" in line} <= set(
        counts
    )


@pytest.fixture
def little_room(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own that can be filled."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)], capture_output=True)
    if made.returncode:
        pytest.skip("a disk that can be filled needs the right to mount one")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("free_mb", [0.3, 3.0])
@pytest.mark.parametrize("what", ["commit", "compaction", "rebuild"])
def test_a_full_disk_leaves_a_whole_store_and_says_so(request, little_room, what, free_mb):
    case: Case = request.getfixturevalue(what)
    store = case.copy(little_room)
    before = state(store)
    room = shutil.disk_usage(little_room).free - int(free_mb * 1e6)
    (little_room / "ballast").write_bytes(bytes(room))
    process = case.start(store)
    _, said = process.communicate()
    (little_room / "ballast").unlink()
    assert "Traceback" not in said
    if process.returncode:
        assert process.returncode == 4, said
        assert "space" in said or "disk" in said
    kept, _, audits = state(store)
    assert audits <= before[2] | case.audits
    if what == "commit":
        whole(store, said)
    else:
        assert kept[:2] == before[0][:2]
    again = case.start(store)
    _, said = again.communicate()
    assert again.returncode == 0, said
    kept, matched, _ = state(store)
    assert kept[:2] == case.kept[:2]
    assert matched == case.matched
