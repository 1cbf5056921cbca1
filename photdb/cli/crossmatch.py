"""``photdb crossmatch``: which detections are one object, matched again; what happened to objects."""

from __future__ import annotations

from typing import Annotated

import typer

from photdb.cli import console, tables
from photdb.cli.options import Db, Format, Output, Overwrite
from photdb.config import store_path
from photdb.errors import NotFoundError, UsageError

app = typer.Typer(rich_markup_mode=None, invoke_without_command=True)


@app.callback()
def crossmatch(
    ctx: typer.Context,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Look at every object's detections, not only at contested ones.")
    ] = False,
    links: Annotated[
        bool, typer.Option("--links", help="Only link objects with reference stars and names anew.")
    ] = False,
    db: Db = None,
) -> None:
    """Which detections are one object: match again, list what changed.

    Ingest does this for every night; afterwards it is of use when proper motions came with new reference stars, or
    for a store of an older photdb. The same detections give the same objects, in whatever order they came. An object
    keeps the id that most of its detections had; ids that go out of use lead on to the object that has their
    detections.

    Example: photdb crossmatch --rebuild
    """
    if ctx.invoked_subcommand:
        if rebuild or links:
            raise UsageError("events only lists", "give no other option before it")
        return
    if rebuild and links:
        raise UsageError("--rebuild and --links exclude each other", "--rebuild links new objects too")
    if links:
        from photdb.jobs.object_links import relink
        from photdb.jobs.writer import writing
        from photdb.store.database import Database

        with Database.open(store_path(db)):
            pass  # a store that is not there is not made
        with writing(store_path(db)) as store:
            console.note(relink(store).line())
        return
    from photdb.jobs import crossmatch_rebuild as job

    console.note(job.crossmatch(store_path(db), rebuild=rebuild).line())


@app.command()
def events(
    object_id: Annotated[int | None, typer.Argument(metavar="[ID]", help="Of an object, or an id of old.")] = None,
    db: Db = None,
    format: Format = None,
    output: Output = None,
    overwrite: Overwrite = False,
) -> None:
    """List what happened to an object and to those that became part of it: merged, split, reassigned, withdrawn.

    Example: photdb crossmatch events 2532789194186731301
    """
    from photdb.jobs.crossmatch_events import history
    from photdb.store.database import Database

    with Database.open(store_path(db)) as store:
        if object_id is not None and not (
            0 <= object_id < 2**63 and store.query("object_by_id", object_id=object_id).rows
        ):
            raise NotFoundError(f"no object has or had the id {object_id}", "`photdb objects` lists them")
        answer = history(store, object_id)
        tables.show(answer, format=format, output=output, overwrite=overwrite)
        if object_id is not None and not answer.count():
            console.note(f"nothing happened to object {object_id} since it was born")
