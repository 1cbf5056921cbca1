"""kill -9 at random moments: no acknowledged night is lost, none is partial, the next ingest finishes the rest."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from photdb.jobs.ingest import ingest
from photdb.store.database import Database

from nights import content, make, with_catalogue  # isort: skip

pytestmark = pytest.mark.slow
MOMENTS = 6


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("kill") / "survey", nights=3, frames=4)


@pytest.fixture(scope="module")
def undisturbed(
    survey: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, list[tuple[object, ...]]], float]:
    """What a run that nobody disturbs leaves, and how long it takes as a command."""
    store = with_catalogue(tmp_path_factory.mktemp("calm") / "s.duckdb", survey)
    started = time.monotonic()
    process = start(survey, store)
    process.communicate()
    assert process.returncode == 0
    return content(store), time.monotonic() - started


def start(survey: Path, store: Path) -> subprocess.Popen[str]:
    """Run the command in a process of its own group."""
    command = [sys.executable, "-m", "photdb", "ingest", str(survey), "--db", str(store), "--workers", "2"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)


def workers_of(pid: int) -> list[int]:
    """Return the worker processes of a process."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = status.read_text()
            line = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(text.rsplit(")", 1)[1].split()[1]) == pid and b"spawn_main" in line:
            found.append(int(status.parent.name))
    return found


def acknowledged(stderr: str) -> set[str]:
    """Return the nights whose line was printed."""
    return {line.split(":")[0] for line in stderr.splitlines() if " frames" in line and "detections" in line}


@pytest.mark.parametrize("moment", range(MOMENTS))
def test_a_killed_writer_loses_no_acknowledged_night_and_shows_no_partial_one(survey, undisturbed, tmp_path, moment):
    expected, seconds = undisturbed
    store = with_catalogue(tmp_path / "s.duckdb", survey)
    process = start(survey, store)
    time.sleep(random.Random(moment).uniform(0.2, 1.0) * seconds)
    os.kill(process.pid, signal.SIGKILL)
    _, stderr = process.communicate()
    with Database.open(store) as db:
        assert db.audit() == {}
        counts = dict(db.rows("SELECT night::VARCHAR, count(*) FROM frame WHERE state = 'ok' GROUP BY 1").rows)
    assert set(counts.values()) <= {4}
    assert acknowledged(stderr) <= set(counts)
    ingest([survey], store=store, workers=2)
    assert content(store) == expected
    with Database.open(store) as db:
        assert db.audit() == {}
    assert not store.with_name("s.files").joinpath("staging").exists()


@pytest.mark.parametrize("moment", range(4))
def test_a_killed_worker_costs_nothing(survey, undisturbed, tmp_path, moment):
    expected, seconds = undisturbed
    store = with_catalogue(tmp_path / "s.duckdb", survey)
    process = start(survey, store)
    deadline = time.monotonic() + seconds
    time.sleep(random.Random(100 + moment).uniform(0.3, 0.8) * seconds)
    while time.monotonic() < deadline and process.poll() is None:
        victims = workers_of(process.pid)
        if victims:
            os.kill(victims[moment % len(victims)], signal.SIGKILL)
            break
        time.sleep(0.02)
    process.communicate()
    assert process.returncode == 0
    assert content(store) == expected


def test_workers_do_not_outlive_a_killed_writer(survey, tmp_path):
    store = with_catalogue(tmp_path / "s.duckdb", survey)
    process = start(survey, store)
    workers: list[int] = []
    deadline = time.monotonic() + 60
    while not workers and time.monotonic() < deadline:
        workers = workers_of(process.pid)
        time.sleep(0.05)
    assert workers
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]
