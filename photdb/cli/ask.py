"""Questions about stars: lightcurve, cone, objects, sql."""

from __future__ import annotations

from typing import Annotated

import typer

from photdb.cli import tables
from photdb.cli.options import Db, Format, Output
from photdb.config import store_path
from photdb.store.answer import select
from photdb.store.database import Database


def sql(
    q: Annotated[str, typer.Argument(metavar="QUERY", help="One SELECT, in duckdb's SQL.")],
    db: Db = None,
    format: Format = None,
    output: Output = None,
) -> None:
    """Answer a question put in SQL.

    The store is open for reading, and only a SELECT (or DESCRIBE, SHOW, SUMMARIZE) is answered.

    Example: photdb sql "SELECT band, count(*) FROM lightcurve GROUP BY band"
    """
    with Database.open(store_path(db)) as store:
        tables.show(select(store, q), format=format, output=output)
