"""Parquet: every column with its type, nothing rounded."""

from __future__ import annotations

from pathlib import Path

from photdb.store.answer import Answer

NAME = "parquet"
SUFFIX = ".parquet"


def write(answer: Answer, path: Path) -> int:
    """Write a file; return the number of rows."""
    return answer.copy_parquet(path)
