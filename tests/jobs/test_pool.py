"""Work spread over processes."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from photdb.errors import PhotdbError
from photdb.jobs.pool import MAX_DEATHS, Workers


def square(x: int) -> int:
    return x * x


def square_or_die(task: tuple[int, str]) -> int:
    """Die by kill -9 on 13 always, on 7 the first time."""
    x, folder = task
    if x == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    mark = Path(folder) / "died"
    if x == 7 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return x * x


def die(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_every_task_is_done_once_and_the_workers_stay():
    with Workers(2) as workers:
        assert sorted(workers.spread(square, range(20))) == [(x, x * x) for x in range(20)]
        assert dict(workers.spread(square, [3])) == {3: 9}


def test_a_process_that_dies_costs_its_own_task_only(tmp_path):
    tasks = [(x, str(tmp_path)) for x in (1, 7, 13, 4, 5, 6)]
    with Workers(2) as workers:
        found = {task[0]: result for task, result in workers.spread(square_or_die, tasks)}
    assert found == {1: 1, 7: 49, 13: None, 4: 16, 5: 25, 6: 36}


def test_processes_that_all_die_are_not_started_for_ever():
    with Workers(1) as workers, pytest.raises(PhotdbError, match="died one after the other"):
        list(workers.spread(die, range(3 * MAX_DEATHS)))
