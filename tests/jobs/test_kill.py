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
from waiting import lives, until  # isort: skip

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


#: The command, which does something when the n-th measured frame has come.
WHEN_MEASURED = """
import os, signal, sys
from photdb.jobs import pool
from photdb.cli.app import main

n, n_done, spread = int(sys.argv.pop(1)), 0, pool.Workers.spread

def watched(self, function, tasks):
    global n_done
    for found in spread(self, function, tasks):
        n_done += 1
        if n_done == n:
            workers = sorted(self._pool._processes)
            {what}
        yield found

pool.Workers.spread = watched
main()
"""


def run_and(what: str, n: int, survey: Path, store: Path) -> subprocess.CompletedProcess[str]:
    """Run the command, which at the n-th measured frame does ``what``."""
    words = [sys.executable, "-c", WHEN_MEASURED.format(what=what), str(n)]
    words += ["ingest", str(survey), "--db", str(store), "--workers", "2"]
    return subprocess.run(words, capture_output=True, text=True, check=False)


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


@pytest.mark.parametrize("n", [1, 4, 6, 8])  # of twelve: within a night, and between two
def test_a_killed_worker_costs_nothing(survey, undisturbed, tmp_path, n):
    expected, _ = undisturbed
    store = with_catalogue(tmp_path / "s.duckdb", survey)
    done = run_and(
        f"print('killed', flush=True); os.kill(workers[{n} % len(workers)], signal.SIGKILL)", n, survey, store
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines().count("killed") == 1
    assert content(store) == expected


def test_workers_do_not_outlive_a_killed_writer(survey, tmp_path):
    store = with_catalogue(tmp_path / "s.duckdb", survey)
    done = run_and("print(*workers, flush=True); os.kill(os.getpid(), signal.SIGKILL)", 1, survey, store)
    assert done.returncode == -signal.SIGKILL, done.stderr
    workers = [int(pid) for pid in done.stdout.split()]
    assert workers
    until(lambda: not any(map(lives, workers)), f"the workers {workers} live on")
