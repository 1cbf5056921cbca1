"""``photdb export``: whole tables into files of other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from photdb import query
from photdb.cli import tables
from photdb.cli.options import Db, Format
from photdb.config import store_path
from photdb.errors import NotFoundError, UsageError
from photdb.store.database import Database


def export(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="lightcurve, detection, object or frame.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The file.")],
    object_id: Annotated[
        list[int] | None, typer.Option("--object", metavar="ID", help="Only of this object; may be given again.")
    ] = None,
    cone: Annotated[
        tuple[str, str, float] | None,
        typer.Option(metavar="RA DEC RADIUS", help="Only of the objects around a position; radius in arcsec."),
    ] = None,
    band: Annotated[str | None, typer.Option(metavar="NAME", help="Only of one band.")] = None,
    db: Db = None,
    format: Format = None,
) -> None:
    """Write light curves, detections, objects or frames to a file.

    Sorted, with units and meanings where the format has room for them (VOTable, FITS). The file appears when it is
    complete, and memory stays small.

    Example: photdb export lightcurve --cone 41.58 -30.27 60 --output field.fits
    """
    if object_id and cone:
        raise UsageError("--object and --cone exclude each other", "give one of them")
    with Database.open(store_path(db)) as store:
        objects = object_id or (_objects(store, *cone) if cone else None)
        answer = query.export(store, what, objects=objects, band=band)
        n = tables.show(answer, format=format, output=output)
    if not n:
        raise NotFoundError(f"nothing to export: {output} has no rows", "`photdb status` says what the store holds")


def _objects(store: Database, ra: str, dec: str, radius: float) -> list[int]:
    """Return the objects of a cone."""
    position = query.place(store, [ra, dec])
    found = store.query("cone_ids", ra=position[0], dec=position[1], radius=radius).rows
    if not found:
        raise query.nothing_there(store, *position, radius)
    return [row[0] for row in found]
