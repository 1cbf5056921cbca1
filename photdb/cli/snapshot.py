"""``photdb snapshot``: a copy of the store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from photdb.cli import console
from photdb.cli.options import Db


def snapshot(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The copy.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
    db: Db = None,
) -> None:
    """Copy the store to a file, between two commits.

    An ingest may be at work: the copy is of all the nights it has acknowledged, and it waits while the copy is made.
    The copy is a store like the first: read it with --db FILE. It appears when it is complete and has been opened.
    Master frames stay where they are, beside the store.

    Example: photdb snapshot survey-2026-01-15.duckdb --db survey.duckdb
    """
    from photdb.config import store_path
    from photdb.jobs.snapshot import snapshot as copy

    store = store_path(db)
    size = copy(store, file, overwrite=overwrite)
    console.note(f"{file}: {size / 1e6:.1f} MB, a copy of {store}")
