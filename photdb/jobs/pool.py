"""Work spread over processes, one frame each; a process that dies costs its frame, not the night."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

log = logging.getLogger(__name__)

#: A task that was at work when its process died is tried again, at most so often in all.
TRIES = 2


def spread(function: Callable[[T], R], tasks: Sequence[T], workers: int) -> Iterator[tuple[T, R | None]]:
    """Yield each task with its result as they finish, in any order; None for a task whose process died twice.

    Parameters
    ----------
    function
        A function of a module: workers are spawned, never forked.
    tasks
        Picklable.
    workers
        Processes; with 1 the work is done in a single worker process all the same, so that results do not depend
        on how many there are.
    """
    left = list(tasks)
    deaths = [0] * len(left)
    index = {id(task): i for i, task in enumerate(left)}
    while left:
        # After a death the suspects run alone, so that the guilty task is known.
        suspects = [task for task in left if deaths[index[id(task)]]]
        batch = suspects[:1] or left
        done: list[T] = []
        try:
            for task, result in _run(function, batch, 1 if suspects else workers):
                done.append(task)
                yield task, result
        except BrokenProcessPool:
            finished = {id(task) for task in done}
            lost = [task for task in batch if id(task) not in finished]
            log.warning("a worker process died; %d frames were not finished", len(lost))
            running = lost[: max(workers, 1) + 1] if not suspects else lost[:1]
            for task in running:
                deaths[index[id(task)]] += 1
                if deaths[index[id(task)]] >= TRIES and suspects:
                    done.append(task)
                    yield task, None
        finished = {id(task) for task in done}
        left = [task for task in left if id(task) not in finished]


def _run(function: Callable[[T], R], tasks: Sequence[T], workers: int) -> Iterator[tuple[T, R]]:
    """Run tasks in a pool of spawned processes, never more in flight than are at work or next."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(tasks)), mp_context=context, initializer=_quiet) as pool:
        waiting = iter(tasks)
        flying: dict[Future[R], T] = {}
        try:
            for task in waiting:
                flying[pool.submit(function, task)] = task
                if len(flying) > workers:
                    yield from _landed(flying)
            while flying:
                yield from _landed(flying)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _landed(flying: dict[Future[R], T]) -> Iterator[tuple[T, R]]:
    """Wait for the next results."""
    done, _ = wait(flying, return_when=FIRST_COMPLETED)
    for future in done:
        task = flying.pop(future)
        yield task, future.result()


def _quiet() -> None:
    """Prepare a worker: one thread each (the frames are the parallelism), and no life without its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    threading.Thread(target=_follow_parent, args=(os.getppid(),), daemon=True).start()


def _follow_parent(parent: int) -> None:
    """End this worker when its parent was killed: the queue it waits at would never be closed."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)
