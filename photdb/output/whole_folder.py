"""A folder of files that appears whole, or not at all.

It is written beside its place under a hidden name and renamed at the end. What takes the place of an older folder moves
that aside first; if the process is killed between the two renames, the next one to come puts the older one back.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOSPC
from pathlib import Path

from photdb.errors import InputError

_NEW, _OLD = ".writing", ".replaced"


@contextmanager
def appearing(folder: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield a folder to write to, which takes the name of ``folder`` when all is written.

    Raises
    ------
    InputError
        If the place is taken and ``overwrite`` is not set, or cannot be written to.
    """
    recover(folder)
    _refuse(folder, overwrite=overwrite)
    new = _beside(folder, _NEW, os.getpid())
    try:
        new.mkdir()
        yield new
        _take_place(new, folder)
    except OSError as error:
        if error.errno == ENOSPC:
            raise _full(folder) from error
        raise InputError(
            f"{folder}: cannot be written: {error.strerror or error}", "is the folder yours, and its disk sound?"
        ) from error
    except InputError as error:
        if "no space left" in error.what.lower():
            raise _full(folder) from error
        raise
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _full(folder: Path) -> InputError:
    """Return the error of a disk without room."""
    return InputError(
        f"{folder}: no space left on its disk (or on the store's, where large exports are sorted); nothing was written",
        "make room, or name a folder on another disk",
    )


def recover(folder: Path) -> None:
    """Put back what a killed process moved aside, and remove what killed ones left unfinished."""
    for old in _left(folder, _OLD):
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(folder)
    for new in _left(folder, _NEW):
        shutil.rmtree(new, ignore_errors=True)


def linked(source: Path, target: Path) -> None:
    """Let a file be in a second folder too, without a copy where the disk allows that."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _refuse(folder: Path, *, overwrite: bool) -> None:
    """Refuse a place that is taken, or whose folder is missing."""
    if not folder.absolute().parent.is_dir():
        raise InputError(f"{folder.absolute().parent}: no such folder", "make the folder of the output first")
    if folder.is_dir():
        if any(folder.iterdir()) and not overwrite:
            raise InputError(f"{folder}: exists and is not empty", "--overwrite replaces it, or name another folder")
    elif folder.exists():
        raise InputError(f"{folder}: is a file", "this format writes a folder: name one with --output")


def _take_place(new: Path, folder: Path) -> None:
    """Rename a finished folder, moving aside what is in its place."""
    if not folder.exists():
        new.rename(folder)
        return
    old = _beside(folder, _OLD, os.getpid())
    folder.rename(old)
    try:
        new.rename(folder)
    except BaseException:
        old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _beside(folder: Path, what: str, pid: int) -> Path:
    """Return a hidden name beside a folder."""
    return folder.absolute().with_name(f".{folder.absolute().name}{what}-{pid}")


def _left(folder: Path, what: str) -> list[Path]:
    """Return the hidden folders of processes that are no more."""
    start = f".{folder.absolute().name}{what}-"
    found = folder.absolute().parent.glob(f"{start}*")
    return [f for f in found if (pid := f.name.removeprefix(start)).isdigit() and not _lives(int(pid))]


def _lives(pid: int) -> bool:
    """Whether a process is there (and is not this one, which has none of its own yet)."""
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
