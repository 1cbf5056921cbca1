"""Frames measured by the workers of a Dask cluster (``photdb ingest --scheduler``), as `photdb.jobs.pool` does here.

A worker needs photdb and the user's frames under the same path. What the ingest lays down beside the store (master
frames, reference stars) is read there too where the folder is shared; where it is not, it is sent, and the measurements
come back as the bytes of their Parquet file. What is measured in a frame does not depend on where.
"""

from __future__ import annotations

import hashlib
import logging
import queue
import socket
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from photdb import progress
from photdb.config import patience
from photdb.errors import InputError, NotFoundError, PhotdbError, UsageError
from photdb.jobs.staging import Staged, keep_staged

if TYPE_CHECKING:
    import distributed

T = TypeVar("T")
R = TypeVar("R")

#: How long a scheduler may take to answer, s.
ANSWER_S = 10.0
#: How long a cluster may be without workers, s; they may still be starting.
WORKERS_S = 600.0
#: Fields of a task that are files which the ingest made.
MADE = ("bias", "dark", "flat", "pattern", "reference")
#: What measurements depend on.
LIBRARIES = ("photdb", "numpy", "sep", "astropy", "scipy", "healpy", "astroscrappy", "pyarrow")

_alone = threading.Lock()


class DaskWorkers:
    """The workers of a cluster.

    Parameters
    ----------
    address : str
        Of its scheduler, as ``tcp://host:8786``.

    Raises
    ------
    UsageError
        If Dask is not installed here.
    NotFoundError
        If no scheduler answers there.
    """

    def __init__(self, address: str) -> None:
        try:
            import distributed
        except ImportError:
            raise UsageError("--scheduler: Dask is not installed", "pip install 'photdb[dask]'") from None
        self._address = address
        self._quiet = _Quiet()
        try:
            self._client = distributed.Client(address, timeout=ANSWER_S, set_as_default=False)
        except (OSError, TimeoutError, ValueError, TypeError) as error:
            self._quiet.end()
            raise NotFoundError(
                f"{address}: no Dask scheduler answers ({str(error).splitlines()[0] if str(error) else 'no answer'})",
                "start one with `dask scheduler`, or give the address that it printed: --scheduler tcp://HOST:8786",
            ) from None
        self._sent: dict[Path, Any] = {}
        self._known: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        was_there = self._client.status == "running"
        with suppress(Exception):
            self._client.close(timeout=5)
        if was_there:  # else its tasks go on complaining until this process ends
            self._quiet.end()

    def spread(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[tuple[T, R | None]]:
        """Yield each task with its result as they finish, in any order; None for one whose worker died twice alone.

        Parameters
        ----------
        function
            A function of a module.
        tasks
            `photdb.jobs.measure_frame.FrameTask` each.

        Raises
        ------
        InputError
            If a worker does not see the frames, or is of another photdb.
        PhotdbError
            If the scheduler or all workers are gone.
        """
        if not tasks:
            return
        self._await_workers()
        self._compare_versions()
        shared = self._is_shared(tasks)
        suspects: list[T] = []
        for task, result in self._run(function, tasks, shared):
            if isinstance(result, _Died):
                suspects.append(task)
            else:
                yield task, result
        # Dask blames whatever ran on a worker that died: each once more, alone, so that the guilty one is known.
        for task in suspects:
            ((_, result),) = self._run(function, [task], shared)
            yield task, None if isinstance(result, _Died) else result

    def _run(self, function: Callable[[T], R], tasks: Sequence[T], shared: bool) -> Iterator[tuple[T, Any]]:
        """Hand tasks to the scheduler and yield what comes of them."""
        landed: queue.SimpleQueue[Any] = queue.SimpleQueue()
        flying: dict[str, tuple[T, Any]] = {}
        try:
            for task in tasks:
                future = self._submit(function, task, shared)
                flying[future.key] = (task, future)
                future.add_done_callback(landed.put)
            while flying:
                future = self._next(landed, len(flying))
                if future is None:
                    continue
                task, _ = flying.pop(future.key)
                yield task, self._result(future, task, len(flying) + 1)
        finally:
            if flying:
                with suppress(Exception):
                    self._client.cancel([future for _, future in flying.values()], force=True)

    def _submit(self, function: Callable[[T], R], task: T, shared: bool) -> distributed.Future:
        """Hand one task to the scheduler, with the files it needs where workers do not share them."""
        files = {} if shared else {name: self._send(path) for name, path in _made(task).items()}
        names = {name: path.name for name, path in _made(task).items()} if files else {}
        return self._client.submit(
            _work,
            function,
            _absolute(task),
            names,
            *files.values(),
            key=f"photdb-{uuid.uuid4().hex}",
            pure=False,
            retries=0,
        )

    def _send(self, path: Path) -> distributed.Future:
        """Put a file of ours into the cluster's memory, once."""
        if path not in self._sent:
            self._sent[path] = self._client.scatter(path.read_bytes(), hash=True)
        return self._sent[path]

    def _next(self, landed: queue.SimpleQueue[Any], n: int) -> Any:
        """Return the next future that is done, None when there is none for a moment; see that the cluster is there."""
        try:
            return landed.get(timeout=1.0)
        except queue.Empty:
            if self._client.status != "running":
                raise self._gone(n) from None
            if not self._workers():
                self._await_workers()
            return None

    def _result(self, future: Any, task: Any, n_left: int) -> Any:
        """Return what came of a task, staged here."""
        import distributed

        if future.status == "cancelled":
            raise self._gone(n_left)
        try:
            result = future.result(timeout=ANSWER_S * 6)
        except distributed.KilledWorker:
            return _Died()
        except distributed.CancelledError:
            raise self._gone(n_left) from None
        except OSError as error:
            raise self._gone(n_left) from error
        except ModuleNotFoundError as error:
            raise InputError(
                f"a worker of {self._address} has no module {error.name}", "install photdb where the workers run"
            ) from error
        if isinstance(result, _Brought):
            return keep_staged(task.staging, result.staged, result.table)
        return result

    def _gone(self, n: int) -> PhotdbError:
        """Return the error for a scheduler that went away."""
        left = f"; {n} frame{'s were' if n > 1 else ' was'} being measured" if n else ""
        return PhotdbError(
            f"{self._address}: the Dask scheduler is gone{left}",
            "what was measured is kept: the same command goes on from there",
        )

    def _workers(self) -> dict[str, Any]:
        """Return the workers that are there."""
        return dict(self._client.scheduler_info(n_workers=-1).get("workers", {}))

    def _await_workers(self) -> None:
        """Wait until there is a worker."""
        began, told, wait = time.monotonic(), False, patience(WORKERS_S)
        while not self._workers():
            waited = time.monotonic() - began
            if self._client.status != "running":
                raise self._gone(0)
            if waited > wait:
                raise NotFoundError(
                    f"{self._address}: no worker for {wait:.0f} s",
                    f"start some: dask worker {self._address} --nworkers 4 --nthreads 1",
                )
            if waited > 2.0 and not told:
                progress.say(f"waiting: {self._address} has no workers yet")
                told = True
            time.sleep(0.2)

    def _compare_versions(self) -> None:
        """Refuse workers of another photdb; say which libraries of a worker are others."""
        strangers = [name for name in self._workers() if name not in self._known]
        if not strangers:
            return
        ours = versions()
        try:
            found = self._client.run(versions, workers=strangers, on_error="return")
        except OSError as error:
            raise self._gone(0) from error
        for name, theirs in found.items():
            if isinstance(theirs, ModuleNotFoundError):
                raise InputError(f"worker {name} has no module {theirs.name}", "install photdb where the workers run")
            if not isinstance(theirs, Mapping):
                continue  # it went while it was asked
            if theirs["photdb"] != ours["photdb"]:
                raise InputError(
                    f"worker {name} has photdb {theirs['photdb']}, this is {ours['photdb']}",
                    "install the same where the workers run",
                )
            others = [f"{lib} {theirs[lib]} (here {ours[lib]})" for lib in LIBRARIES if theirs[lib] != ours[lib]]
            if others:
                progress.warn(f"worker {name}: {', '.join(others)}: fluxes may differ in their last digits")
            self._known.add(name)

    def _is_shared(self, tasks: Sequence[Any]) -> bool:
        """Whether all workers see the folder beside the store, as this process does."""
        mark = tasks[0].staging / f"shared-{uuid.uuid4().hex}.tmp"
        try:
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.write_text("seen by all workers?")
            seen = self._client.run(_sees, str(mark), on_error="return")
        except OSError:
            return False
        finally:
            mark.unlink(missing_ok=True)
        return bool(seen) and all(found is True for found in seen.values())


@dataclass(frozen=True, slots=True)
class _Died:
    """The worker of a task died, and so did those that Dask gave it to after."""


@dataclass(frozen=True, slots=True)
class _Brought:
    """What a worker measured that cannot reach staging."""

    staged: Staged
    table: bytes | None


def versions() -> dict[str, str]:
    """Return the versions of what measurements depend on, here."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def _sees(path: str) -> bool:
    """Whether a file is there (on a worker)."""
    return Path(path).is_file()


def _made(task: Any) -> dict[str, Path]:
    """Return the files of a task that the ingest made."""
    return {name: path for name in MADE if (path := getattr(task, name, None)) is not None}


def _absolute(task: Any) -> Any:
    """Return a task whose files are found from any working folder."""
    made = {name: path.absolute() for name, path in _made(task).items()}
    return replace(task, header=replace(task.header, path=task.header.path.absolute()), **made)


def _work(function: Callable[[Any], Any], task: Any, names: dict[str, str], *files: bytes) -> Any:
    """Do one task on a worker; one at a time in a process, which sep and astropy want."""
    if not task.header.path.is_file():
        raise InputError(
            f"worker {socket.gethostname()} does not see {task.header.path}",
            "mount the folder of the frames there under the same path",
        )
    with _alone:
        if not names:
            return function(task)
        with tempfile.TemporaryDirectory(prefix="photdb-") as folder:
            here = Path(folder)
            given = {
                name: _laid_down(file_name, data) for (name, file_name), data in zip(names.items(), files, strict=True)
            }
            result = function(replace(task, staging=here, **given))
            if not isinstance(result, Staged):
                return result
            return _Brought(result, result.table.read_bytes() if result.table is not None else None)


def _laid_down(name: str, data: bytes) -> Path:
    """Return a file with what was sent; it is written once, and goes with the worker."""
    import distributed

    folder = Path(distributed.get_worker().local_directory) / "photdb"
    folder.mkdir(exist_ok=True)
    path = folder / f"{hashlib.sha256(data).hexdigest()[:24]}-{name}"
    if not path.is_file():
        temporary = path.with_name(f"{path.name}.tmp")
        temporary.write_bytes(data)
        temporary.replace(path)
    return path


class _Quiet:
    """Keeps Dask's own log from what the user reads; what matters becomes an error or a line of ours."""

    NAMES = ("distributed", "tornado", "asyncio")

    def __init__(self) -> None:
        known = [
            name for name in logging.root.manager.loggerDict if name.startswith(tuple(f"{n}." for n in self.NAMES))
        ]
        names = [*self.NAMES, *known]
        self._levels = {name: logging.getLogger(name).level for name in names}
        for name in names:
            logging.getLogger(name).setLevel(logging.CRITICAL)

    def end(self) -> None:
        """Let it speak again."""
        for name, level in self._levels.items():
            logging.getLogger(name).setLevel(level)
