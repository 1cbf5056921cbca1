"""What the store holds: status, frames, migrate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from photdb.cli import console, tables
from photdb.cli.options import AsCalibration, Db, Format, Output, Overwrite
from photdb.config import store_path
from photdb.errors import UsageError
from photdb.store.database import Database


def status(db: Db = None, format: Format = None, output: Output = None, overwrite: Overwrite = False) -> None:
    """Say what the store holds, and what did not finish.

    Frames by night, band and state; detections, objects, reference stars, master frames, calibrations; runs that
    failed or were killed.

    Example: photdb status --db photdb.duckdb
    """
    from photdb import query

    path = store_path(db)
    with Database.open(path) as store:
        if path.is_file():  # it may be elsewhere, behind a server
            beside = [f for f in store.files.rglob("*") if f.is_file()] if store.files.is_dir() else []
            size, more = path.stat().st_size, sum(f.stat().st_size for f in beside)
            console.note(
                f"{path}: {size / 1e6:.1f} MB, and {more / 1e6:.1f} MB in {len(beside)} files in {store.files.name}/"
            )
        tables.show(query.status(store), format=format, output=output, overwrite=overwrite)


def migrate(db: Db = None) -> None:
    """Bring a store of an older photdb up to date.

    All or nothing, in one transaction; a store that is up to date is left alone.

    Example: photdb migrate --db photdb.duckdb
    """
    path = store_path(db)
    with Database.open(path, read_only=False) as store:
        version = store.one("SELECT value FROM meta WHERE key = 'schema_version'")
    console.note(f"{path}: schema {version}, up to date")


def frames(
    state: Annotated[str | None, typer.Option(metavar="NAME", help="Only those: ok, failed or rejected.")] = None,
    night: Annotated[str | None, typer.Option(metavar="DATE", help="Only those of a night, as 2017-12-19.")] = None,
    band: Annotated[str | None, typer.Option(metavar="NAME", help="Only those in a band.")] = None,
    object_name: Annotated[
        str | None, typer.Option("--object", metavar="NAME", help="Only those whose header's OBJECT is this.")
    ] = None,
    relocate: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="OLD NEW", help="The files have moved from folder OLD to NEW: compare them and say so."),
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="With --relocate: move the files that are there and the same.")
    ] = False,
    calibration: AsCalibration = None,
    db: Db = None,
    format: Format = None,
    output: Output = None,
    overwrite: Overwrite = False,
) -> None:
    """List the frames, or tell the store that their files have moved.

    With --relocate every file is read and compared by its sha256 first; nothing is changed unless all are the same.

    Examples: photdb frames --state failed; photdb frames --relocate /old/disk/nights /new/disk/nights
    """
    if relocate is not None:
        _relocate(*relocate, partial=partial, db=db)
        return
    if partial:
        raise UsageError("--partial goes with --relocate", "photdb frames --relocate OLD NEW --partial")
    from photdb import query

    with Database.open(store_path(db), calibration=calibration) as store:
        answer = query.frames(store, state=state, night=night, band=band, object_name=object_name)
        n = tables.show(answer, format=format, output=output, overwrite=overwrite)
    if not n:
        console.note("no such frames")


def _relocate(old: Path, new: Path, *, partial: bool, db: Path | None) -> None:
    """Say where the files are now."""
    from photdb.jobs.relocate import relocate

    with Database.open(store_path(db), read_only=False) as store:
        done = relocate(store, old, new, partial=partial)
    for path, why in done.left:
        console.warn(f"left as it was: {path}: {why}")
    console.note(f"{done.n_moved} files are now known below {new}")
