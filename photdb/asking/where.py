"""A user's own condition within a question of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from photdb.errors import UsageError
from photdb.store.answer import select
from photdb.store.database import Database, statement

_MARK = "(true)"
_LINE = re.compile(r"LINE (\d+):")


def chosen_by(db: Database, where: str, parameters: Mapping[str, Any]) -> str:
    """Return the question for the objects that a condition holds for.

    The condition stands on lines of its own, so what duckdb says about it shows the user's line and a caret.

    Raises
    ------
    UsageError
        If the condition is not one that duckdb understands.
    """
    if not where.strip():
        raise UsageError("the condition is empty", 'as --where "n_detections > 10"')
    text = statement("queries", "objects_where")
    before, _, after = text.partition(_MARK)
    sql = f"{before}(\n{where}\n){after}"
    try:
        _ = select(db, sql, parameters).columns
    except UsageError as error:
        raise _in_their_lines(error, before.count("\n") + 1, where) from error
    return sql


def _in_their_lines(error: UsageError, ours: int, where: str) -> UsageError:
    """Return an error with the lines of the condition counted from 1."""
    found = _LINE.search(error.what)
    if not found:
        return error
    line = int(found[1]) - ours
    if line > where.count("\n") + 1:
        return UsageError(
            f"SQL: the condition {where!r} ends too early or too late", "are its parentheses and quotes in pairs?"
        )
    # the caret stands under a letter of the line: it moves with the width of the line's number
    moved = len(found[1]) - len(str(line))
    text = error.what[: found.start()] + f"LINE {line}:" + error.what[found.end() :]
    head, newline, last = text.rpartition("\n")
    return UsageError(head + newline + (last[moved:] if set(last.strip()) == {"^"} else last), error.hint)
