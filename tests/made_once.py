"""An empty store made once and copied: hundreds of tests begin with one; making it takes 0.2 s, a copy a fifth of that.

The first one is made as any other, and so are those of processes that tests start.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources.abc import Traversable
from pathlib import Path

import duckdb
import pytest

from photdb.store import migrations
from photdb.store.database import STORAGE_VERSION, Database

CONFIG = {"storage_compatibility_version": STORAGE_VERSION}


@contextmanager
def copied(original: Path) -> Iterator[None]:
    """Let new stores of this process, in files or in memory, be copies of one, made when the first is asked for."""
    make = migrations.create

    def create(connection: duckdb.DuckDBPyConnection, schema: Traversable | None = None) -> None:
        if schema is not None:
            make(connection, schema)
            return
        if not original.exists():
            with duckdb.connect(str(original), config=CONFIG) as first:
                make(first)
        _copy(original, connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "create", create)
        yield


def in_memory(original: Path) -> Database:
    """Return a store in memory with all that a store in a file has."""
    connection = duckdb.connect(":memory:", config=CONFIG)
    _copy(original, connection)
    return Database(connection, Path(":memory:"), read_only=False)


def _copy(original: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Copy tables, views and macros with their rows and comments into an empty database."""
    ((name,),) = connection.execute("SELECT current_database()").fetchall()
    quoted = str(name).replace('"', '""')
    connection.execute(f"ATTACH '{original}' AS made_once (READ_ONLY)")
    connection.execute(f'COPY FROM DATABASE made_once TO "{quoted}"')
    connection.execute("DETACH made_once")
