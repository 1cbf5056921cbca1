"""The output formats that there are, found by walking this folder.

A format is a module with ``NAME``, ``SUFFIX`` and ``write(answer, path) -> int`` (rows written); one that can be
written to a pipe has ``stream(answer, out) -> int`` as well.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

from photdb.errors import InputError, UsageError
from photdb.store.answer import Answer

_CONSTANT = re.compile(r'^(NAME|SUFFIX) = "(.+)"$', re.MULTILINE)


@cache
def formats() -> dict[str, str]:
    """Return the name of every format with its suffix, without importing one."""
    texts = [f.read_text(encoding="utf-8") for f in files("photdb.output").iterdir() if f.name.endswith(".py")]
    found = [dict(_CONSTANT.findall(text)) for text in texts]
    return {f["NAME"]: f["SUFFIX"] for f in sorted(found, key=lambda f: f.get("NAME", "")) if len(f) == 2}


def format_of(name: str) -> Any:
    """Return the module of a format, which is called as the format is.

    Raises
    ------
    UsageError
        If there is no such format.
    """
    if not (files("photdb.output") / f"{name}.py").is_file() or name not in formats():
        raise UsageError(f"no output format {name!r}", f"there are {', '.join(formats())}")
    return import_module(f"photdb.output.{name}")


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


def write_file(answer: Answer, path: Path, name: str) -> int:
    """Write an answer to a file, which appears whole or not at all; return the number of rows.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    with appearing(path) as temporary:
        return int(format_of(name).write(answer, temporary))


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
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}", "is the disk full?") from error
    finally:
        temporary.unlink(missing_ok=True)
