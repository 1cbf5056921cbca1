"""Frames measured by a real cluster: a scheduler and workers, each a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from photdb.errors import InputError, NotFoundError, PhotdbError, UsageError
from photdb.jobs.ingest import ingest
from photdb.jobs.staging import staging_of

from nights import content, make, with_catalogue  # isort: skip
from waiting import PATIENCE_S, free_port, nobody_listens, until  # isort: skip

HAS_DASK = True
try:
    import distributed  # noqa: F401
except ImportError:
    HAS_DASK = False
needs_dask = pytest.mark.skipif(not HAS_DASK, reason="Dask's distributed is not installed: pip install 'photdb[dask]'")
#: Dask's own sockets and loops, which it closes when it can.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("dask") / "survey", nights=2, frames=4)


@pytest.fixture(scope="module")
def local(survey: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[object, ...]]]:
    """What a run without a cluster leaves."""
    store = with_catalogue(tmp_path_factory.mktemp("local") / "s.duckdb", survey)
    ingest([survey], store=store, workers=2)
    return content(store)


def spawn(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    """A process of Dask's, in a folder of its own, with a log there."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log").open("wb") as log:
        path = os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")]))
        environment = {**os.environ, "PYTHONPATH": path}  # for dask_tasks
        command = [sys.executable, "-m", "dask", *words]
        return subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=environment, start_new_session=True)


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and those it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE_S)


class Cluster:
    """A scheduler and its workers."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self._stack = folder, stack
        self.address = f"tcp://127.0.0.1:{free_port()}"
        words = ("scheduler", "--host", "127.0.0.1", "--port", self.address.rsplit(":", 1)[1], "--no-dashboard")
        self.scheduler = self._started("scheduler", *words)
        self.workers: list[subprocess.Popen[bytes]] = []
        until(self._is_there, "no scheduler")

    def _is_there(self) -> bool:
        assert self.scheduler.poll() is None, self.logs()
        return b"Scheduler at" in (self.folder / "scheduler" / "log").read_bytes()

    def add_worker(self) -> subprocess.Popen[bytes]:
        """Start a worker without a nanny that would start it again."""
        name = f"worker-{len(self.workers)}"
        words = (self.address, "--nthreads", "2", "--no-nanny", "--no-dashboard", "--death-timeout", "600")
        self.workers.append(self._started(name, "worker", *words))
        return self.workers[-1]

    def _started(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        process = spawn(self.folder / name, *words)
        self._stack.callback(end, process)
        return process

    def logs(self) -> str:
        return "\n".join(f"{log.parent.name}: {log.read_text()[-2000:]}" for log in self.folder.glob("*/log"))


@contextmanager
def cluster(folder: Path, n_workers: int) -> Iterator[Cluster]:
    with ExitStack() as stack:
        made = Cluster(folder, stack)
        for _ in range(n_workers):
            made.add_worker()
        yield made


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster that tests share."""
    with cluster(tmp_path_factory.mktemp("two"), 2) as made:
        yield made


def start(survey: Path, store: Path, address: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "photdb", "ingest", str(survey), "--db", str(store), "--scheduler", address]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)


#: The command, which stops after its first measured frame until it may go on.
GATED = """
import sys, time
from pathlib import Path
from photdb.cli.app import main
from photdb.jobs.pool_dask import DaskWorkers

gate, spread = Path(sys.argv.pop(1)), DaskWorkers.spread

def gated(self, function, tasks):
    for found in spread(self, function, tasks):
        (gate / "measured").touch()
        while not (gate / "go").exists():
            time.sleep(0.02)
        yield found

DaskWorkers.spread = gated
main()
"""


@contextmanager
def stopped_midway(survey: Path, store: Path, made: Cluster) -> Iterator[subprocess.Popen[str]]:
    """An ingest that has one measured frame, and goes on after the block: it cannot end before."""
    gate = store.parent / "gate"
    gate.mkdir()
    words = [sys.executable, "-c", GATED, str(gate), "ingest", str(survey)]
    words += ["--db", str(store), "--scheduler", made.address]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        until(lambda: (gate / "measured").exists() or process.poll() is not None, "no frame was measured")
        assert process.poll() is None, made.logs()
        assert list(staging_of(store).glob("*.json"))
        yield process
        (gate / "go").touch()
    except BaseException:
        process.kill()
        raise


@needs_dask
@pytest.mark.slow
def test_a_cluster_measures_what_this_machine_does(two, survey, local, tmp_path):
    store = with_catalogue(tmp_path / "s.duckdb", survey)
    summary = ingest([survey], store=store, scheduler=two.address)
    assert summary.n_ok == 8
    assert content(store) == local


@needs_dask
@pytest.mark.slow
def test_workers_that_do_not_share_the_folder_of_the_store_are_sent_what_they_need(
    two, survey, local, tmp_path, monkeypatch
):
    from photdb.jobs.pool_dask import DaskWorkers

    monkeypatch.setattr(DaskWorkers, "_is_shared", lambda self, tasks: False)
    store = with_catalogue(tmp_path / "s.duckdb", survey)
    ingest([survey], store=store, scheduler=two.address)
    assert content(store) == local
    assert not staging_of(store).exists()


@needs_dask
@pytest.mark.slow
def test_a_worker_killed_midway_costs_nothing(survey, local, tmp_path):
    store = with_catalogue(tmp_path / "s.duckdb", survey)
    with cluster(tmp_path / "cluster", 2) as made:
        with stopped_midway(survey, store, made) as process:
            end(made.workers[0])
        _, stderr = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, stderr + made.logs()
    assert content(store) == local


@needs_dask
@pytest.mark.slow
def test_a_scheduler_that_goes_away_is_said_to_and_the_same_command_goes_on(survey, local, tmp_path):
    store = with_catalogue(tmp_path / "s.duckdb", survey)
    with cluster(tmp_path / "first", 1) as made:
        with stopped_midway(survey, store, made) as process:
            end(made.scheduler)
        _, stderr = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 1, stderr
        assert "the Dask scheduler is gone" in stderr
        assert "hint: what was measured is kept" in stderr
        assert "Traceback" not in stderr
    with cluster(tmp_path / "second", 2) as made:
        process = start(survey, store, made.address)
        _, stderr = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, stderr + made.logs()
        assert "measured by an earlier run" in stderr
    assert content(store) == local


@needs_dask
@pytest.mark.slow
def test_a_frame_that_kills_its_workers_is_lost_alone(tmp_path):
    from dask_tasks import Deadly, measured_or_dead, tasks_for  # a module that the workers can import

    from photdb.jobs.pool_dask import DaskWorkers

    # Each death takes a worker for good: they have no nanny.
    with cluster(tmp_path / "cluster", 10) as made, DaskWorkers(made.address) as workers:
        tasks = tasks_for(tmp_path, [1, Deadly.NUMBER, 3, 4])
        found = {task.number: result for task, result in workers.spread(measured_or_dead, tasks)}
    assert found == {1: 1, Deadly.NUMBER: None, 3: 9, 4: 16}


@needs_dask
@pytest.mark.slow
def test_a_worker_that_does_not_see_the_frames_is_named(two, tmp_path):
    from dask_tasks import tasks_for

    from photdb.jobs.pool_dask import DaskWorkers

    (task,) = tasks_for(tmp_path, [1])
    task.header.path.unlink()
    with DaskWorkers(two.address) as workers, pytest.raises(InputError, match="does not see") as caught:
        list(workers.spread(len, [task]))
    assert "same path" in caught.value.hint


@needs_dask
@pytest.mark.slow
def test_workers_of_another_photdb_are_refused(two, survey, tmp_path, monkeypatch):
    from photdb.jobs import pool_dask

    ours = pool_dask.versions()
    monkeypatch.setattr(pool_dask, "versions", _Versions({**ours, "photdb": "99"}))
    with pool_dask.DaskWorkers(two.address) as workers:
        monkeypatch.setattr(workers._client, "run", lambda *_, **__: {"tcp://w": ours})
        with pytest.raises(InputError, match=r"has photdb .*, this is 99"):
            workers._compare_versions()


class _Versions:
    def __init__(self, found: dict[str, str]) -> None:
        self._found = found

    def __call__(self) -> dict[str, str]:
        return self._found


@needs_dask
@pytest.mark.slow
def test_a_cluster_without_workers_is_waited_for_and_then_given_up(tmp_path, monkeypatch):
    from photdb.jobs.pool_dask import DaskWorkers

    monkeypatch.setenv("PHOTDB_WAIT", "0.5")
    with (
        cluster(tmp_path / "empty", 0) as made,
        DaskWorkers(made.address) as workers,
        pytest.raises(NotFoundError, match="no worker for") as caught,
    ):
        list(workers.spread(len, [None]))
    assert "dask worker" in caught.value.hint


@needs_dask
def test_where_no_scheduler_answers_that_is_said(monkeypatch):
    from photdb.jobs import pool_dask

    monkeypatch.setattr(pool_dask, "ANSWER_S", 1.0)
    with nobody_listens() as port:
        for address in (f"tcp://127.0.0.1:{port}", "nonsense"):
            with pytest.raises(NotFoundError, match="no Dask scheduler answers"):
                pool_dask.DaskWorkers(address)


def test_without_dask_the_extra_is_named(monkeypatch):
    from photdb.jobs.pool_dask import DaskWorkers

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match="Dask is not installed") as caught:
        DaskWorkers("tcp://127.0.0.1:1")
    assert "photdb[dask]" in caught.value.hint
    assert issubclass(UsageError, PhotdbError)


def test_what_a_worker_brings_is_staged_as_if_it_were_measured_here(tmp_path):
    from photdb.jobs.staging import Staged, keep_staged, read_staged

    kept = keep_staged(tmp_path / "staging", Staged("k", {"state": "ok"}, Path("/elsewhere/k.parquet")), b"rows")
    assert kept == read_staged(tmp_path / "staging", "k")
    assert kept.table is not None
    assert kept.table.read_bytes() == b"rows"
    failed = keep_staged(tmp_path / "staging", Staged("f", {"state": "failed"}, None), None)
    assert failed == read_staged(tmp_path / "staging", "f")
