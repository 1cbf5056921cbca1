"""Open the file of a store: wait a while for whoever holds it, say who that is, and let writers in between readers.

DuckDB lets one process write or many read. A reader or writer that finds the file held tries again for some seconds.
A writer that waits says so by a lock on ``<stem>.files/waiting.lock``, which goes with its process: `photdb serve` then
lets go of the file, and readers that come later give way for a moment, or a row of readers would never let it in. A
reader that waits says so by a lock on ``reading.lock`` beside it, and a writer that opens the file again and again lets
it in between.
"""

from __future__ import annotations

import fcntl
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from photdb import progress
from photdb.errors import InputError, StoreLockedError

#: After so long somebody who waits is told for whom, s.
SILENT_S = 1.0
#: How long a reader gives way to a writer that waits, s.
COURTESY_S = 2.0
#: How long a writer gives way to readers that wait, s: longer than the pause between two of their tries.
LET_IN_S = 0.5

#: The files beside a store whose locks say who waits.
WRITERS, READERS = "waiting.lock", "reading.lock"

_HOLDER = re.compile(r"held in (.*?) \(PID (\d+)\)")


def connect(path: Path, *, read_only: bool, config: dict[str, Any], wait: float) -> duckdb.DuckDBPyConnection:
    """Connect to the file of a store.

    Parameters
    ----------
    path : Path
        The file, or ``:memory:``.
    read_only : bool
        Whether others may read at the same time.
    config : dict
        duckdb's.
    wait : float
        How long to wait for a process that holds it, s.

    Raises
    ------
    InputError
        If it is no file that duckdb opens.
    StoreLockedError
        If another process held it all the time; it says which.
    """
    began = time.monotonic()
    others, mine, courtesy = (WRITERS, READERS, COURTESY_S) if read_only else (READERS, WRITERS, LET_IN_S)
    if wait > 0:
        _give_way(path, to=others, deadline=began + min(wait, courtesy))
    told, pause = False, 0.02
    with ExitStack() as stack:
        while True:
            try:
                return _try(path, read_only=read_only, config=config)
            except StoreLockedError as error:
                waited = time.monotonic() - began
                if waited >= wait:
                    raise
                if pause == 0.02:
                    stack.enter_context(waiting(path, mine))
                if waited >= SILENT_S and not told:
                    progress.say(f"waiting: {error.what}")
                    told = True
                time.sleep(min(pause, max(wait - waited, 0.0)))
                pause = min(2 * pause, 0.2)


@contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """Say that the file is damaged where a block is not what was written, whatever duckdb calls the error."""
    try:
        yield
    except duckdb.Error as error:
        if "does not match stored checksum" not in str(error):
            raise
        raise InputError(
            f"{path}: the file is damaged: {str(error).strip()}",
            "put back a copy (photdb snapshot makes them), or ingest the frames, or import what was exported, into a "
            "new store",
        ) from error


@contextmanager
def waiting(path: Path, who: str = WRITERS) -> Iterator[None]:
    """Say to readers and servers of a store that somebody waits to write, or to writers that somebody waits to read."""
    with ExitStack() as stack:
        with suppress(OSError):  # a folder that cannot be written to: the others are only not told
            name = _lock_of(path, who)
            name.parent.mkdir(exist_ok=True)
            handle = stack.enter_context(name.open("a"))
            fcntl.flock(handle, fcntl.LOCK_SH)
        yield


def is_awaited(path: Path, by: str = WRITERS) -> bool:
    """Whether a writer (or reader) waits for a store."""
    try:
        handle = _lock_of(path, by).open()
    except OSError:
        return False
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        return False


def _lock_of(path: Path, who: str) -> Path:
    """Return the file whose lock says that somebody waits; not the store itself, whose locks are duckdb's."""
    return path.with_name(f"{path.stem}.files") / who


def _give_way(path: Path, *, to: str, deadline: float) -> None:
    """Let those that wait go first, but not for long: whoever stays may be what they wait for."""
    while is_awaited(path, to) and time.monotonic() < deadline:
        time.sleep(0.02)


def _try(path: Path, *, read_only: bool, config: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    """Connect, and say who holds the file, or what the file is, when that fails."""
    if path.is_dir():
        raise InputError(f"{path}: is a folder, not a store", "name a file with --db")
    try:
        with damage_told(path):
            return duckdb.connect(str(path), read_only=read_only, config=config)
    except duckdb.IOException as error:
        text = str(error)
        if re.search(r"\block\b", text, re.IGNORECASE):
            raise _locked(path, text) from error
        if "permission denied" in text.lower():
            raise InputError(f"{path}: permission denied", "check who owns the file and its folder") from error
        raise _not_a_database(path, error) from error
    except duckdb.Error as error:
        raise _not_a_database(path, error) from error


def _not_a_database(path: Path, error: Exception) -> InputError:
    """Return the error for a file that is something else."""
    return InputError(
        f"{path}: cannot be opened as a DuckDB file: {str(error).strip().splitlines()[0]}",
        "a store is made by `photdb ingest FOLDER --db FILE`; give --db another name",
    )


def _locked(path: Path, text: str) -> StoreLockedError:
    """Name the process that holds the store."""
    found = _HOLDER.search(text)
    if not found:
        return StoreLockedError(f"{path}: held by another process", "wait until it has finished")
    program, pid = found.groups()
    return StoreLockedError(
        f"{path}: held by process {pid} ({command_of(int(pid)) or program})",
        "--wait SECONDS waits longer for it; or end it. Many can read at once, but one that writes is alone",
    )


def command_of(pid: int) -> str:
    """Return the command line of a process as its user typed it, shortened; empty where the system does not tell.

    Examples
    --------
    >>> import os
    >>> command_of(os.getpid()) != "", command_of(2**30)
    (True, '')
    """
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ""
    if len(words) > 1 and Path(words[0]).name.startswith("python") and not words[1].startswith("-"):
        words = words[1:]
    text = " ".join(" ".join([Path(words[0]).name, *words[1:]]).split())
    return text if len(text) <= 100 else f"{text[:97]}..."
