"""``photdb object``: one page about an object."""

from __future__ import annotations

from typing import Annotated

import typer

from photdb import query
from photdb.cli import console, tables
from photdb.cli.options import Db, Format, Online, Output, Overwrite, Radius
from photdb.config import store_path
from photdb.errors import UsageError
from photdb.store.answer import Answer
from photdb.store.database import Database, statement


def page(
    where: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID | NAME | RA DEC", help="The object's number, any name, or a position."),
    ] = None,
    radius: Radius = None,
    online: Online = False,
    db: Db = None,
    format: Format = None,
    output: Output = None,
    overwrite: Overwrite = False,
) -> None:
    """Say what is known of an object: names, star, points, neighbours, history.

    Its ids and names, reference star, colour and proper motion; points in each band; neighbours and blends; history.

    Example: photdb object 2532789194186731301

    Example: photdb object AG Peg
    """
    if not where:
        raise UsageError("which object?", "its number, a name, or RA and DEC: photdb object AG Peg")
    with Database.open(store_path(db)) as store:
        found = query.resolve(store, where, radius=radius, online=online or None)
        if found.label:
            console.note(f"{found.label}: object {found.object_id}")
        answer = Answer(store, statement("queries", "object_page"), {"object_id": found.object_id}, "object")
        tables.show(answer, format=format, output=output, overwrite=overwrite)
        if found.others:
            console.warn(f"hardly further away: {', '.join(found.others)}")
