"""``photdb export``: whole tables into files of other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from photdb import query
from photdb.cli import tables
from photdb.cli.ask import say_calibration, say_colours
from photdb.cli.options import AsCalibration, ColourCorrected, Db
from photdb.config import store_path
from photdb.errors import NotFoundError, UsageError
from photdb.store.database import Database


def export(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="lightcurve, detection, object or frame.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The file; with --format ezphot the folder.")
    ],
    object_id: Annotated[
        list[int] | None, typer.Option("--object", metavar="ID", help="Only of this object; may be given again.")
    ] = None,
    cone: Annotated[
        tuple[str, str, float] | None,
        typer.Option(metavar="RA DEC RADIUS", help="Only of the objects around a position; radius in arcsec."),
    ] = None,
    target: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only of the object of this name, or at this target.")
    ] = None,
    band: Annotated[str | None, typer.Option(metavar="NAME", help="Only of one band.")] = None,
    colour_corrected: ColourCorrected = False,
    calibration: AsCalibration = None,
    db: Db = None,
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="csv, json, parquet, votable or fits (default: by the suffix of --output); ezphot for detections, pp "
            "for the light curve of one object.",
        ),
    ] = None,
) -> None:
    """Write light curves, detections, objects or frames to a file.

    Sorted, with units and meanings where the format has room for them (VOTable, FITS). The file appears when it is
    complete, and memory stays small.

    --format ezphot writes a folder with one catalogue a frame, --format pp the photometry_<target>.dat of one object.

    Example: photdb export lightcurve --cone 41.58 -30.27 60 --output field.fits

    Example: photdb export detection --format ezphot --output catalogues

    Example: photdb export lightcurve --target "AG Peg" --format pp --output photometry_AG_Peg.dat
    """
    if sum(map(bool, (object_id, cone, target))) > 1:
        raise UsageError("--object, --cone and --target exclude each other", "give one of them")
    question = _question(what, format)
    with Database.open(store_path(db), calibration=calibration) as store:
        objects = object_id or (_objects(store, *cone) if cone else None)
        if target:
            objects = [query.resolve(store, [target]).object_id]
        answer = query.export(
            store, what, objects=objects, band=band, colour_corrected=colour_corrected, question=question
        )
        n = tables.show(answer, format=format, output=output)
        if colour_corrected and n:
            say_colours(store, objects, band)
        say_calibration(store, calibration, objects)
    if not n:
        raise NotFoundError(f"nothing to export: {output} has no rows", "`photdb status` says what the store holds")


def _question(what: str, format: str | None) -> str | None:
    """Return the query that a format of another program asks, None for a format that holds any rows."""
    from photdb.output import formats

    of = formats.programs().get(format or "")
    if of is None:
        return None
    if of != what:
        raise UsageError(f"--format {format} holds {of}s, not {what}s", f"photdb export {of} --format {format}")
    return str(formats.format_of(format or "").QUESTION)


def _objects(store: Database, ra: str, dec: str, radius: float) -> list[int]:
    """Return the objects of a cone."""
    position = query.place(store, [ra, dec])
    found = store.query("cone_ids", ra=position[0], dec=position[1], radius=radius).rows
    if not found:
        raise query.nothing_there(store, *position, radius)
    return [row[0] for row in found]
