"""``photdb refcat bands``: which passband can be had from which catalogue."""

from __future__ import annotations

from typing import Annotated

import typer

from photdb.cli import tables
from photdb.cli.options import Db, Format, Output, Overwrite
from photdb.config import store_path


def bands(
    catalog: Annotated[str | None, typer.Option(metavar="NAME", help="Only this catalogue.")] = None,
    known: Annotated[
        bool, typer.Option("--known", help="Every catalogue that photdb knows, not those in the store; needs no store.")
    ] = False,
    db: Db = None,
    format: Format = None,
    output: Output = None,
    overwrite: Overwrite = False,
) -> None:
    """Say which passband can be had from which catalogue: its own, or by which transformation and how well.

    The first choice is taken, star by star, where the star is in the range of its colours; error_mag is that of a star
    in the middle of the range whose magnitudes are exact.

    Example: photdb refcat bands --catalog ps1 --known
    """
    from photdb.jobs import refcat_bands
    from photdb.store.database import Database

    if known:
        with Database.open(":memory:", read_only=False, create=True) as store:
            tables.show(refcat_bands.known_listing(store, catalog), format=format, output=output, overwrite=overwrite)
    else:
        with Database.open(store_path(db)) as store:
            tables.show(refcat_bands.listing(store, catalog), format=format, output=output, overwrite=overwrite)
