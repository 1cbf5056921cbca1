"""Who may write: one ingest at a time, and the store held only while something is written."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from photdb.config import patience
from photdb.errors import InputError, StoreLockedError, UsageError
from photdb.store.database import Database

#: How long an ingest waits for who reads, s: questions are short, a snapshot of a large store takes minutes.
PATIENCE_S = 900.0


def refuse_served(store: Path) -> None:
    """Refuse to write to the address of a server: it lets go of its file for who writes to the file.

    Raises
    ------
    UsageError
        If it is one.
    """
    if str(store).startswith("quack:"):
        raise UsageError(
            f"{store}: a server is only asked; it takes no changes",
            "ingest on the machine that has the file, with --db FILE: the server lets it write and serves on",
        )


@contextmanager
def sole_ingest(store: Path) -> Iterator[None]:
    """Hold the ingest lock of a store, which outlives no process.

    Raises
    ------
    StoreLockedError
        If another ingest into the same store is at work.
    InputError
        If the folder of the store cannot be written to.
    """
    folder = store.with_name(f"{store.stem}.files")
    if not store.absolute().parent.is_dir():
        raise InputError(f"{store.absolute().parent}: no such folder", "make the folder of the store first")
    try:
        folder.mkdir(exist_ok=True)
        handle = (folder / "ingest.lock").open("a+")
    except OSError as error:
        raise InputError(
            f"{folder}: {error.strerror or error}", "check who owns it and that the disk has room"
        ) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.seek(0)
            holder = handle.read().strip() or "unknown"
            raise StoreLockedError(
                f"{store}: process {holder} is ingesting into it", "wait until it has finished, or end it"
            ) from None
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield


@contextmanager
def writing(store: Path, *, create: bool = False) -> Iterator[Database]:
    """Open a store for writing, waiting a while for readers that hold it."""
    with Database.open(store, read_only=False, create=create, wait=patience(PATIENCE_S)) as database:
        yield database
