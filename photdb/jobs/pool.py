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
from typing import Protocol, Self, TypeVar

from photdb.errors import PhotdbError

T = TypeVar("T")
R = TypeVar("R")

log = logging.getLogger(__name__)

#: Deaths in a row after which it is not the frames' fault.
MAX_DEATHS = 6


class Pool(Protocol):
    """Processes that frames are spread over: `Workers` here, or those of a cluster (`photdb.jobs.pool_dask`)."""

    def spread(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[tuple[T, R | None]]:
        """Yield each task with its result as they finish, in any order; None for one whose process died twice alone."""
        ...


class Workers:
    """Spawned worker processes, started when first needed and kept for all the nights of an ingest.

    Parameters
    ----------
    n : int
        Processes. With 1 the work is done in a worker process all the same, so that nothing depends on how many
        there are.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def spread(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[tuple[T, R | None]]:
        """Yield each task with its result as they finish, in any order; None for one whose process died twice alone.

        Parameters
        ----------
        function
            A function of a module: workers are spawned, never forked.
        tasks
            Picklable.
        """
        left = dict(enumerate(tasks))
        suspects: list[int] = []
        died_alone: set[int] = set()
        in_a_row = 0
        while left:
            # After a death those that were at work run one by one, so that the guilty one is known.
            batch = suspects[:1] or list(left)
            finished: list[int] = []
            try:
                for i, result in self._run(function, {i: left[i] for i in batch}, 1 if suspects else self.n):
                    finished.append(i)
                    in_a_row = 0
                    yield left[i], result
            except BrokenProcessPool:
                self._stop()
                in_a_row += 1
                if in_a_row > MAX_DEATHS:
                    raise PhotdbError(
                        f"{in_a_row} worker processes died one after the other without finishing a frame",
                        "use fewer --workers if memory is short; run photdb with -v for what they said",
                    ) from None
                lost = [i for i in batch if i not in finished]
                log.warning("a worker process died with %d frames unfinished", len(lost))
                if suspects and suspects[0] in died_alone:
                    finished.append(suspects[0])
                    yield left[suspects[0]], None
                elif suspects:
                    died_alone.add(suspects[0])  # once alone may be what passes (memory was short): tried once more
                    in_a_row -= 1
                else:
                    suspects = lost[: self.n + 1]
            for i in finished:
                del left[i]
            suspects = [i for i in suspects if i in left]

    def _run(self, function: Callable[[T], R], tasks: dict[int, T], at_once: int) -> Iterator[tuple[int, R]]:
        """Run tasks with one more in flight than are at work."""
        pool = self._started()
        flying: dict[Future[R], int] = {}
        try:
            for i, task in tasks.items():
                flying[pool.submit(function, task)] = i
                if len(flying) > at_once:
                    yield from _landed(flying)
            while flying:
                yield from _landed(flying)
        except BaseException:
            for future in flying:
                future.cancel()
            raise

    def _started(self) -> ProcessPoolExecutor:
        """Return the pool, made when there is none."""
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.n, mp_context=context, initializer=_quiet, initargs=(os.getpid(),))
        return self._pool

    def _stop(self) -> None:
        """Let the workers go."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


def _landed(flying: dict[Future[R], int]) -> Iterator[tuple[int, R]]:
    """Wait for the next results."""
    done, _ = wait(flying, return_when=FIRST_COMPLETED)
    for future in sorted(done, key=flying.__getitem__):
        yield flying[future], future.result()
        del flying[future]


def _quiet(parent: int) -> None:
    """Prepare a worker: one thread each (the frames are the parallelism), and no life without its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    threading.Thread(target=_follow_parent, args=(parent,), daemon=True).start()


def _follow_parent(parent: int) -> None:
    """End this worker when its parent was killed: the queue it waits at would never be closed."""
    while os.getppid() == parent:  # its own word for it: the parent may have been killed before this worker began
        time.sleep(1.0)
    os._exit(1)
