"""``photdb import``: tables of other programs in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_WHAT, _TIME, _MORE = "What the columns are", "Times", "What the file leaves out"


def import_(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files, and folders with all files in them.")],
    as_mapping: Annotated[
        str | None,
        typer.Option("--as-mapping", metavar="NAME", help="The format (default: found out).", rich_help_panel=_WHAT),
    ] = None,
    map_file: Annotated[
        Path | None,
        typer.Option("--map", metavar="FILE", help="A mapping of your own, a TOML file.", rich_help_panel=_WHAT),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=COLUMN,...", help="Columns by name: time=hjd,mag=Vmag.", rich_help_panel=_WHAT),
    ] = None,
    filter: Annotated[
        str | None, typer.Option(metavar="NAME", help="The filter of all rows.", rich_help_panel=_WHAT)
    ] = None,
    mag_system: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="AB, Vega, tied, relative or instrumental (default: as the file says, else relative).",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    time_format: Annotated[
        str | None, typer.Option(metavar="mjd|jd|hjd|bjd|iso", help="What the times are.", rich_help_panel=_TIME)
    ] = None,
    time_scale: Annotated[
        str | None, typer.Option(metavar="utc|tai|tt|tdb", help="Their scale.", rich_help_panel=_TIME)
    ] = None,
    time_of: Annotated[
        str | None, typer.Option(metavar="start|mid|end", help="Of the exposure.", rich_help_panel=_TIME)
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(
            metavar="DATE|MJD", help="Mid-exposure (UTC) of a source table that says none.", rich_help_panel=_TIME
        ),
    ] = None,
    exptime: Annotated[float | None, typer.Option(metavar="S", help="Exposure time.", rich_help_panel=_TIME)] = None,
    object: Annotated[
        str | None, typer.Option(metavar="NAME", help="The star of a light curve.", rich_help_panel=_MORE)
    ] = None,
    position: Annotated[
        tuple[str, str] | None, typer.Option(metavar="RA DEC", help="Where it is.", rich_help_panel=_MORE)
    ] = None,
    objects: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A table of names and positions of the stars.", rich_help_panel=_MORE),
    ] = None,
    frames: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Of `photdb export frame`, for its detections.", rich_help_panel=_MORE),
    ] = None,
    zeropoints: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Of `photdb export zeropoint`, for its detections.", rich_help_panel=_MORE),
    ] = None,
    prefix: Annotated[
        str,
        typer.Option(metavar="WORD", help="Before the names of stars: S82 makes 'S82 4099'.", rich_help_panel=_MORE),
    ] = "",
    telescope: Annotated[
        str | None, typer.Option(metavar="NAME", help="What observed it.", rich_help_panel=_MORE)
    ] = None,
    calibrate: Annotated[
        bool, typer.Option("--calibrate/--no-calibrate", help="Find zero points of source tables.")
    ] = True,
    again: Annotated[
        bool, typer.Option("--again", help="Take known files in place of what was imported of them.")
    ] = False,
    db: Annotated[Path | None, typer.Option(help="The store (default: $PHOTDB, else photdb.duckdb).")] = None,
) -> None:
    """Take light curves and source tables that other programs made.

    Parquet, CSV and other text, VOTable, FITS, source-extractor's LDAC, LCO's .psx, PP's SQLite, AAVSO's format. Which
    column is what is found out by its name; say it where it is not. Magnitudes come out as they went in.

    Example: photdb import curve.csv --position 163.2604 -49.9063 --object "AF Vel" --mag-system Vega

    Example: photdb import light-curves/ --objects stars.csv --mag-system AB --prefix S82

    Example: photdb import lightcurve.parquet --objects object.parquet --db restored.duckdb
    """
    from photdb.cli import console
    from photdb.config import store_path
    from photdb.errors import UsageError
    from photdb.jobs.import_files import import_files
    from photdb.jobs.import_mapping import named, parse_columns, time_rule, user_mapping
    from photdb.jobs.import_rows import Given
    from photdb.query import mjd_of, parse_position

    if as_mapping and map_file:
        raise UsageError("--as-mapping and --map exclude each other", "give one of them")
    where = parse_position(list(position)) if position else None
    if position and where is None:
        raise UsageError(
            f"{' '.join(position)!r} is not a position", "degrees or sexagesimal: --position 163.26 -49.91"
        )
    place = {"hjd": "heliocentre", "bjd": "barycentre"}.get(time_format or "")
    rule = time_rule(
        "--time-format", format="jd" if place else time_format, refers_to=time_of, place=place,
        scale=time_scale or ("tdb" if time_format == "bjd" else None),
    )  # fmt: skip
    given = Given(
        mapping=user_mapping(map_file) if map_file else named(as_mapping) if as_mapping else None,
        columns=parse_columns(columns or []), time=rule, at=mjd_of(time), filter=filter, exptime=exptime, object=object,
        mag_system=mag_system, telescope=telescope, position=where,
    )  # fmt: skip
    done = import_files(
        paths, store=store_path(db), given=given, objects=objects, frames=frames, zeropoints=zeropoints, prefix=prefix,
        again=again, calibrate=calibrate,
    )  # fmt: skip
    console.note(done.line())
    for line in done.calibrated:
        console.note(line)
    if done.left_out:
        console.note("left out: " + ", ".join(f"{n} {reason}" for reason, n in done.left_out.most_common()))
