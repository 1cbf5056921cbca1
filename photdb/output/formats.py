"""The output formats that there are, found by walking this folder.

A format is a module with ``NAME``, ``SUFFIX`` and ``write(answer, path) -> int`` (rows written); one that can be
written to a pipe has ``stream(answer, out) -> int`` as well.

The format of another program holds one kind of row with columns of its own. It says which: ``OF`` is what `photdb
export` calls the rows, and ``QUESTION`` is the query of ``schema/queries`` (with the parameters of ``export_<OF>``)
whose answer it writes; with ``COLOUR = True`` it takes the one of colour-corrected rows as well. What a format wants to
be told besides is in ``OPTIONS``, name -> meaning: ``write`` gets it by keyword. It is never chosen by a suffix.
With ``FOLDER = True`` it writes a folder of files.

The format of a whole store is a module too: ``JOB`` names the job (`photdb.jobs.<JOB>`) that makes a folder of it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

from photdb.errors import InputError, UsageError
from photdb.store.answer import Answer
from photdb.store.database import statement

_CONSTANT = re.compile(r'^(NAME|SUFFIX|OF|QUESTION|JOB) = "(.+)"$', re.MULTILINE)


@cache
def _constants() -> list[dict[str, str]]:
    """Return what the modules of all formats say of themselves, by name, without importing one."""
    texts = [f.read_text(encoding="utf-8") for f in files("photdb.output").iterdir() if f.name.endswith(".py")]
    found = [dict(_CONSTANT.findall(text)) for text in texts]
    return sorted((f for f in found if {"NAME", "SUFFIX"} <= set(f)), key=lambda f: f["NAME"])


def formats() -> dict[str, str]:
    """Return the name of every format that holds any answer, with its suffix."""
    return {f["NAME"]: f["SUFFIX"] for f in _constants() if not {"OF", "JOB"} & set(f)}


def collections() -> dict[str, str]:
    """Return the name of every format of a whole store, with the job that makes it."""
    return {f["NAME"]: f["JOB"] for f in _constants() if "JOB" in f}


def programs() -> dict[str, str]:
    """Return the name of every format of another program, with the kind of row that it holds."""
    return {f["NAME"]: f["OF"] for f in _constants() if "OF" in f}


def format_of(name: str) -> Any:
    """Return the module of a format, which is called as the format is.

    Raises
    ------
    UsageError
        If there is no such format.
    """
    if name in collections():
        raise UsageError(
            f"--format {name} is made of the whole store, not of one answer",
            f"photdb export --format {name} --output DIR; --object, --cone, --target and --band choose from it",
        )
    if not (files("photdb.output") / f"{name}.py").is_file() or name not in {**formats(), **programs()}:
        raise UsageError(
            f"no output format {name!r}", f"there are {', '.join([*formats(), *programs(), *collections()])}"
        )
    return import_module(f"photdb.output.{name}")


def refuse_other_rows(answer: Answer, name: str) -> None:
    """Refuse to write an answer in the format of another program, unless it is what that format asks for.

    Raises
    ------
    UsageError
        If it is another answer.
    """
    module = format_of(name)
    if name in programs() and answer.sql not in _questions(module):
        raise UsageError(
            f"--format {name} holds {module.OF}s with columns of its own, not this",
            f"photdb export {module.OF} --format {name} --output {'DIR' if _is_folder(module) else 'FILE'}",
        )


def _questions(module: Any) -> set[str]:
    """Return the statements whose answer a format holds: its question, also when it is put of colour-corrected rows."""
    found = {statement("queries", module.QUESTION)}
    if getattr(module, "COLOUR", False):
        found.add(statement("queries", f"{module.QUESTION}_colour"))
    return found


def _is_folder(module: Any) -> bool:
    """Whether a format writes a folder of files."""
    return bool(getattr(module, "FOLDER", False))


def format_for(path: Path) -> str:
    """Return the name of the format that a file name asks for.

    Raises
    ------
    UsageError
        If its suffix belongs to none.
    """
    for name, suffix in formats().items():
        if path.name.lower().endswith(suffix):
            return name
    hint = f"end it in one of {', '.join(formats().values())}, or give --format"
    raise UsageError(f"{path.name}: the name does not say which format", hint)


def write_file(answer: Answer, path: Path, name: str, options: Mapping[str, str] | None = None) -> int:
    """Write an answer to a file, which appears whole or not at all; return the number of rows.

    A format that writes a folder makes it where it is missing, and each of its files appears whole.

    Raises
    ------
    InputError
        If the file cannot be written.
    UsageError
        If the format is another program's and does not hold such rows.
    """
    refuse_other_rows(answer, name)
    said = checked_options(name, options)
    if _is_folder(format_of(name)):
        return int(format_of(name).write(answer, _made(path), **said))
    with appearing(path) as temporary:
        return int(format_of(name).write(answer, temporary, **said))


def checked_options(name: str, options: Mapping[str, str] | None) -> dict[str, str]:
    """Return what a format is told besides the rows; refuse what it does not know.

    Raises
    ------
    UsageError
        If a format knows no such option.
    """
    known = getattr(format_of(name), "OPTIONS", {})
    for word in options or {}:
        if word not in known:
            there = "; ".join(f"{k}: {v}" for k, v in known.items()) or f"{name} has none"
            raise UsageError(f"--set {word}: no such option of --format {name}", there)
    return dict(options or {})


def _made(folder: Path) -> Path:
    """Return a folder, made where it is missing in one that there is."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file", "this format writes a folder: name one with --output")
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be made: {error.strerror or error}", "name another with --output"
        ) from error
    return folder


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """Yield a name to write to; the file takes its own name when all is written.

    Raises
    ------
    InputError
        If the folder is missing or the file cannot be written.
    """
    if not path.absolute().parent.is_dir():
        raise InputError(f"{path.absolute().parent}: no such folder", "make the folder of the output first")
    if path.is_dir():
        raise InputError(f"{path}: is a folder", "name a file with --output")
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    _refuse_unwritable(path, temporary)
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}", "is the disk full?") from error
    except InputError as error:
        if "no space left" in error.what.lower():  # DuckDB says so of the store, which is only read
            raise InputError(
                f"{path}: no space left on its disk (or on the store's, where much is sorted); there is no file",
                "make room, or name a file on another disk",
            ) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _refuse_unwritable(path: Path, temporary: Path) -> None:
    """Refuse a folder that nothing can be written to, before the question is asked."""
    try:
        temporary.touch()
        temporary.unlink()
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written: {error.strerror or error}", "may you write to its folder?"
        ) from error
