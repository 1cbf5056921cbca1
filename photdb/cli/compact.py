"""``photdb compact``: merge the nights of each part of the sky."""

from __future__ import annotations

from typing import Annotated

import typer

from photdb.cli import console
from photdb.cli.options import Db
from photdb.config import store_path


def compact(
    every: Annotated[
        bool, typer.Option("--all", help="Also the parts of the sky that were seen in few nights since.")
    ] = False,
    memory_limit: Annotated[
        str, typer.Option(metavar="SIZE", help="Memory to use at most; what does not fit is sorted on disk.")
    ] = "2GB",
    time_limit: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Stop in time; the same again goes on. Default: none.")
    ] = None,
    db: Db = None,
) -> None:
    """Merge older nights, so that light curves are found in one place.

    An ingest does it by itself, for a minute, where a part of the sky was seen in more than 8 nights since it was last
    done. Each part is written in one transaction; in between others can read. Interrupted, it goes on where it stopped.

    Example: photdb compact --all
    """
    from photdb.jobs.compact import compact as merge
    from photdb.jobs.writer import sole_ingest
    from photdb.store.database import Database

    store = store_path(db)
    Database.open(store).close()
    with sole_ingest(store):
        summary = merge(store, every=every, memory_limit=memory_limit, time_limit=time_limit)
    console.note(summary.line())
