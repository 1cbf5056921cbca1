"""``photdb refcat``: reference catalogues in the store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from photdb.cli import console, tables
from photdb.cli.options import Db, Format, Output
from photdb.config import store_path
from photdb.errors import UsageError

app = typer.Typer(help="Reference stars: add a table of them, list what is there.")


@app.command()
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, TSV, VOTable, FITS or Parquet table of stars.")],
    catalog: Annotated[
        str, typer.Option(metavar="NAME", help="Which catalogue it is: tycho2, gaiaxp, apass9, ps1 ...")
    ],
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=COLUMN,...",
            help="What the columns of any other table are: ra, dec, epoch (or a year), pm_ra, pm_dec, id, "
            "and bands with their errors: V=vmag,e_V=verr.",
        ),
    ] = None,
    ra_unit: Annotated[
        str | None,
        typer.Option(metavar="deg|hours", help="What right ascensions are in, where the file does not say it rightly."),
    ] = None,
    db: Db = None,
) -> None:
    """Add a file of reference stars, as VizieR, TOPCAT or astroquery wrote it.

    The same file again adds nothing; a star that is there already is replaced. Rows that cannot be used are left out
    and counted.

    Example: photdb refcat add tycho2.csv --catalog tycho2

    Example: photdb refcat add mine.csv --catalog mine --columns ra=RA,dec=DEC,V=vmag,e_V=verr,epoch=2016.0
    """
    from photdb.jobs import refcat

    added = refcat.add(file, catalog, store=store_path(db), columns=_pairs(columns), ra_unit=ra_unit)
    stars = f"{added.n_star} stars, {added.n_new} of them new, {added.n_good} good"
    bands = f"bands {', '.join(added.bands)}" if added.bands else "names, no bands"
    console.note(f"{added.catalog}: {stars}; {bands}")
    for note in added.notes:
        console.note(f"{added.catalog}: {note}")


@app.command("list")
def list_(db: Db = None, format: Format = None, output: Output = None) -> None:
    """List the catalogues in the store: stars, good stars by band, epochs, coverage, when and from where.

    Example: photdb refcat list
    """
    from photdb.jobs import refcat
    from photdb.store.database import Database

    with Database.open(store_path(db)) as store:
        tables.show(refcat.listing(store), format=format, output=output)


def _pairs(words: str | None) -> dict[str, str] | None:
    """Return NAME=COLUMN,NAME=COLUMN as a dictionary."""
    if words is None:
        return None
    pairs = [word.partition("=") for word in words.split(",") if word.strip()]
    if not pairs or any(not (name.strip() and column.strip()) for name, _, column in pairs):
        raise UsageError(f"--columns: {words!r} is not NAME=COLUMN,NAME=COLUMN", "write ra=RA,dec=DEC,g=gmag,e_g=gerr")
    return {name.strip(): column.strip() for name, _, column in pairs}
