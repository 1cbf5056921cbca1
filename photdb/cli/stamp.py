"""``photdb stamp``: what the frames show at a place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from photdb.cli import console, tables
from photdb.cli.options import Db, Online, Overwrite, numbers
from photdb.config import store_path
from photdb.errors import UsageError
from photdb.store.database import Database


def stamp(
    where: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TARGET | RA DEC]", help="A target's or object's name, or a position."),
    ] = None,
    object_id: Annotated[int | None, typer.Option("--object", metavar="ID", help="The object's number.")] = None,
    frames: Annotated[
        str | None, typer.Option("--frames", metavar="IDS", help="Only these frames, as 3,7-12 (default: all).")
    ] = None,
    band: Annotated[str | None, typer.Option(metavar="NAME", help="Only frames of this band.")] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="MJD, JD or ISO date (UTC); earlier frames are left out."),
    ] = None,
    stop: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="MJD, JD or ISO date (UTC); a day is taken whole.")
    ] = None,
    size: Annotated[
        float | None, typer.Option(metavar="ARCSEC", help="Side of a stamp (default: eight radii of the aperture).")
    ] = None,
    limit: Annotated[int | None, typer.Option(metavar="N", help="At most so many, spread over all there are.")] = None,
    columns: Annotated[int | None, typer.Option(metavar="N", help="Stamps in a row of the sheet.")] = None,
    seconds: Annotated[float, typer.Option(metavar="S", help="How long a film shows each stamp.")] = 0.3,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="A sheet (.png, .pdf, .svg) or a film (.gif)."),
    ] = None,
    online: Online = False,
    db: Db = None,
    overwrite: Overwrite = False,
) -> None:
    """Draw what the frames show at a place, in order of time: a sheet or a film of cut-outs.

    A cross stands where it should be (a moving target: where its path has it), a circle is the primary aperture: solid
    where it was detected, dashed where the flux was forced; a target's ellipse is dashed too. Pixels are those of the
    reduced frame, as they are.

    Example: photdb stamp "AG Peg" -o agpeg.png

    Example: photdb stamp 41.58 -30.27 --frames 3,7-12 -o star.gif
    """
    from photdb.asking.lightcurves import mjd_of
    from photdb.jobs import stamps as job
    from photdb.output import plot_stamps

    if bool(where) == (object_id is not None):
        raise UsageError("give a name, RA and DEC, or --object ID", "as photdb stamp 41.58 -30.27 -o star.png")
    if output is None:
        raise UsageError("a picture needs a file", "-o star.png for a sheet, -o star.gif for a film")
    _refuse_numbers(size, limit, columns, seconds)
    plot_stamps.refuse_unknown(output)
    tables.refuse_existing(output, overwrite=overwrite)
    with Database.open(store_path(db)) as store:
        whose = job.sought(store, where or [], object_id=object_id, online=online or None)
        cut = job.stamps(
            store, whose, frames=numbers(frames), band=band, from_mjd=mjd_of(start),
            to_mjd=mjd_of(stop, end=True), side_arcsec=size, limit=limit,
        )  # fmt: skip
    for one in cut:
        if one.pixels is None:
            console.warn(f"frame {one.frame_id}: {one.why_not}")
    job.refuse_all_failed(cut)
    plot_stamps.draw(cut, output, title=whose.title, columns=columns, seconds=seconds)
    n = sum(one.pixels is not None for one in cut)
    console.note(f"{output}: {n} stamp{'s' * (n != 1)} of {whose.title}")


def _refuse_numbers(size: float | None, limit: int | None, columns: int | None, seconds: float) -> None:
    """Refuse numbers that mean nothing."""
    if size is not None and not 0 < size <= 36000:
        raise UsageError(f"--size {size:g} arcsec is outside 0 to 36000", "it is the side of a stamp, as 60")
    for name, value in (("--limit", limit), ("--columns", columns)):
        if value is not None and value < 1:
            raise UsageError(f"{name} {value} is not a number of stamps", "give 1 or more")
    if not 0.02 <= seconds <= 60:
        raise UsageError(f"--seconds {seconds:g} is outside 0.02 to 60", "the default is 0.3")
