"""``photdb snapshot``: a copy of a store as it is between two commits.

The file is copied while it is open for reading, so that nobody writes to it meanwhile, under a temporary name that
becomes the copy's own when the copy has been opened and its tables have as many rows. Blocks that the file system can
share between two files are not copied.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from photdb import progress
from photdb.errors import InputError, PhotdbError, UsageError
from photdb.store.database import Database

_PIECE = 1 << 26  # bytes


def snapshot(store: Path, target: Path, *, overwrite: bool = False) -> int:
    """Copy a store to a new file.

    Parameters
    ----------
    store : Path
        Another process may be writing to it: the copy begins when it has let go of it.
    target : Path
        The copy; it appears when it is complete.
    overwrite : bool, default=False
        Replace a file that is there.

    Returns
    -------
    int
        Size of the copy, bytes.

    Raises
    ------
    UsageError
        If the target is a folder or the store itself, or the store is served by another process.
    InputError
        If the target is there or cannot be written, or the copy is not what the store is.
    StoreLockedError
        If another process held the store all the time.
    """
    if str(store).startswith("quack:"):
        raise UsageError(
            f"{store}: a snapshot is of a file", "make it on the machine of the server: it goes on serving"
        )
    _refuse(store, target, overwrite=overwrite)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        _copy_whole(store, temporary)
        temporary.replace(target)
        return target.stat().st_size
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        hint = f"it needs {store.stat().st_size / 1e6:.0f} MB there" if full else "name a file in a folder of your own"
        raise InputError(f"{target}: {error.strerror or error}; there is no copy", hint) from error
    finally:
        for left in (temporary, _log_of(temporary)):
            left.unlink(missing_ok=True)


def _refuse(store: Path, target: Path, *, overwrite: bool) -> None:
    """Refuse to copy a store onto itself, onto a folder, or onto what is there."""
    if target.is_dir():
        raise UsageError(f"{target}: is a folder", f"name a file: {target / store.name}")
    if not target.absolute().parent.is_dir():
        raise InputError(f"{target.absolute().parent}: no such folder", "make it first")
    if target.exists() and store.exists() and target.samefile(store):
        raise UsageError(f"{target}: is the store itself", "give the copy another name")
    if target.exists() and not overwrite:
        raise InputError(f"{target}: exists", "--overwrite replaces it, or name another file")


def _copy_whole(store: Path, temporary: Path) -> None:
    """Copy the file while nobody can write to it, and its log where a killed writer left one; compare the two."""
    # Closing a file of one's own that duckdb has open too drops duckdb's lock on it (POSIX): these close after it.
    with ExitStack() as closed_last, Database.open(store) as db:
        before = _count(db)
        for path, to in ((store, temporary), (_log_of(store), _log_of(temporary))):
            if path.is_file():
                source = closed_last.enter_context(path.open("rb"))
                _copy(source, to)
    with Database.open(temporary, read_only=not _log_of(temporary).is_file()) as copied:
        after = _count(copied)
    if after != before:
        wrong = next(name for name in before if after.get(name) != before[name])
        raise PhotdbError(
            f"the copy of {store} has {after.get(wrong, 0)} rows in {wrong}, the store {before[wrong]}",
            "did a program other than photdb write to it? try again",
        )


def _copy(source: BinaryIO, to: Path) -> None:
    """Copy a file to the disk, not only to memory."""
    n_pieces = max(1, -(-os.fstat(source.fileno()).st_size // _PIECE))
    with to.open("wb") as copy:
        for _ in progress.track(_pieces(source, copy), f"copying {Path(source.name).name}", n_pieces):
            pass
        copy.flush()
        os.fsync(copy.fileno())


def _pieces(source: BinaryIO, copy: BinaryIO) -> Iterator[int]:
    """Copy a file piece by piece, sharing its blocks where the system can."""
    done, size = 0, os.fstat(source.fileno()).st_size
    while done < size:
        try:
            n = os.copy_file_range(source.fileno(), copy.fileno(), _PIECE, done, done)
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
                raise
            source.seek(done)
            copy.seek(done)
            n = copy.write(source.read(_PIECE))
        if n == 0:
            raise InputError(f"{source.name}: ended after {done} of {size} bytes", "did a program replace it?")
        done += n
        yield n


def _count(db: Database) -> dict[str, int]:
    """Return the number of rows of every table."""
    names = [str(row[0]) for row in db.rows("SELECT table_name FROM duckdb_tables() ORDER BY ALL").rows]
    return {name: int(db.one(f'SELECT count(*) FROM "{name}"')) for name in names}


def _log_of(store: Path) -> Path:
    """Return the file in which duckdb keeps what is committed but not yet in the store."""
    return store.with_name(f"{store.name}.wal")
