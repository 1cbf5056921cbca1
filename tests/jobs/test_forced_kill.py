"""kill -9 of forced photometry, and of an ingest with targets: whole nights or none, the next run does the rest."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from photdb.jobs import target
from photdb.jobs.forced import forced
from photdb.jobs.ingest import ingest
from photdb.store.database import Database

from nights import make, with_catalogue  # isort: skip

pytestmark = pytest.mark.slow
SQL = (
    "SELECT target_id, frame_id, aperture_id, method, reason, x, y, flux, flux_err, is_detected FROM forced "
    "ORDER BY ALL"
)


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("kill") / "survey", nights=3, frames=2)


@pytest.fixture(scope="module")
def base(survey: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a catalogue and targets, but no frames."""
    store = with_catalogue(tmp_path_factory.mktemp("base") / "s.duckdb", survey)
    with Database.open(store, read_only=False) as db:
        for k, (ra, dec) in enumerate(((41.58, -30.27), (41.60, -30.25), (41.56, -30.29))):
            target.add(db, f"T {k}", ra, dec)
    return store


@pytest.fixture(scope="module")
def undisturbed(survey: Path, base: Path) -> tuple[list[tuple[object, ...]], float]:
    """What a run that nobody disturbs leaves, and how long the ingest takes as a command."""
    started = time.monotonic()
    process = start(["ingest", str(survey)], base)
    process.communicate()
    assert process.returncode == 0
    with Database.open(base) as db:
        return db.rows(SQL).rows, time.monotonic() - started


def start(words: list[str], store: Path) -> subprocess.Popen[str]:
    """Run a command in a process of its own group."""
    command = [sys.executable, "-m", "photdb", *words, "--db", str(store), "--workers", "2"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)


def acknowledged(stderr: str) -> set[str]:
    """Return the nights whose forced fluxes were said to be there."""
    return {line.split(":")[0] for line in stderr.splitlines() if "fluxes in" in line}


def nights_of(store: Path) -> dict[str, int]:
    """Return how many forced fluxes each night has; the store may be used afterwards."""
    with Database.open(store) as db:
        assert db.audit() == {}
        sql = "SELECT f.night::VARCHAR, count(*) FROM forced JOIN frame AS f USING (frame_id) GROUP BY 1"
        return {str(night): int(n) for night, n in db.rows(sql).rows}


@pytest.mark.parametrize("moment", range(2))
def test_a_killed_ingest_leaves_whole_nights_and_the_next_one_measures_what_it_did_not(
    survey, undisturbed, tmp_path, moment
):
    expected, seconds = undisturbed
    store = with_catalogue(tmp_path / "s.duckdb", survey)
    with Database.open(store, read_only=False) as db:
        for k, (ra, dec) in enumerate(((41.58, -30.27), (41.60, -30.25), (41.56, -30.29))):
            target.add(db, f"T {k}", ra, dec)
    process = start(["ingest", str(survey)], store)
    time.sleep(random.Random(moment).uniform(0.4, 0.95) * seconds)
    os.kill(process.pid, signal.SIGKILL)
    _, stderr = process.communicate()
    nights = nights_of(store)
    assert set(nights.values()) <= {6}
    assert acknowledged(stderr) <= set(nights)
    ingest([survey], store=store, workers=2)
    with Database.open(store) as db:
        assert db.rows(SQL).rows == expected
        assert db.audit() == {}


@pytest.mark.parametrize("moment", range(2))
def test_a_killed_run_of_forced_photometry_is_finished_by_the_next(undisturbed, base, tmp_path, moment):
    expected, seconds = undisturbed
    store = Path(shutil.copy(base, tmp_path / "s.duckdb"))
    shutil.copytree(base.with_name("s.files"), tmp_path / "s.files")
    with Database.open(store, read_only=False) as db:
        db.execute("DELETE FROM forced")
    process = start(["forced"], store)
    time.sleep(random.Random(10 + moment).uniform(0.2, 0.6) * seconds)
    os.kill(process.pid, signal.SIGKILL)
    _, stderr = process.communicate()
    nights = nights_of(store)
    assert set(nights.values()) <= {6}
    assert acknowledged(stderr) <= set(nights)
    forced(store, workers=2)
    with Database.open(store) as db:
        assert db.rows(SQL).rows == expected
        assert db.audit() == {}
    assert not store.with_name("s.files").joinpath("forced").exists()
