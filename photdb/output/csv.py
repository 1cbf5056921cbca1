"""CSV: a header line, then one line a row; NULL is empty."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TextIO

from photdb.store.answer import Answer

NAME = "csv"
SUFFIX = ".csv"

_SPECIAL = re.compile(r'[",\n\r]|^\s|\s$')


def write(answer: Answer, path: Path) -> int:
    """Write a file; return the number of rows."""
    return answer.copy_csv(path)


def stream(answer: Answer, out: TextIO) -> int:
    """Write line by line, as the rows are found; return the number of rows."""
    out.write(",".join(_field(c.name) for c in answer.columns) + "\n")
    n = 0
    for row in answer.texts():
        out.write(",".join(map(_field, row)) + "\n")
        n += 1
    return n


def _field(text: str | None) -> str:
    """Return a value as CSV writes it: NULL is nothing, an empty text is ``""``."""
    if text is None:
        return ""
    if text == "" or _SPECIAL.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text
