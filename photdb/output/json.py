"""JSON: an array of one object a row, each in its own line; ids are strings, NaN is null."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from photdb.store.answer import Answer

NAME = "json"
SUFFIX = ".json"


def write(answer: Answer, path: Path) -> int:
    """Write a file; return the number of rows."""
    return answer.copy_json(path)


def stream(answer: Answer, out: TextIO) -> int:
    """Write line by line, as the rows are found; return the number of rows."""
    n = 0
    for line in answer.jsons():
        out.write(("[\n" if n == 0 else ",\n") + line)
        n += 1
    out.write("[]\n" if n == 0 else "\n]\n")
    return n
