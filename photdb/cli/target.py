"""``photdb target``: positions with a name."""

from __future__ import annotations

from typing import Annotated

import typer

from photdb.cli import console, tables
from photdb.cli.options import Db, Format, Output
from photdb.config import store_path
from photdb.errors import UsageError
from photdb.store.database import Database

app = typer.Typer(help="Positions with a name: add, list, remove.", rich_markup_mode=None)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="As you write it; case and blanks do not matter when you ask.")],
    position: Annotated[list[str], typer.Argument(metavar="RA DEC", help="Degrees or sexagesimal, ICRS.")],
    epoch: Annotated[float, typer.Option(metavar="YEAR", help="Julian year of the position.")] = 2000.0,
    pm: Annotated[
        tuple[float, float] | None,
        typer.Option(metavar="PM_RA PM_DEC", help="Proper motion, mas/yr, the first with cos(dec)."),
    ] = None,
    db: Db = None,
) -> None:
    """Give a position a name.

    Example: photdb target add "AG Peg" 21:51:01.97 +12:37:32.1
    """
    from photdb.jobs import target
    from photdb.query import parse_position

    where = parse_position(position)
    if where is None:
        raise UsageError(
            f"{' '.join(position)!r} is not a position", "RA and Dec, as 31.0428 46.6878; a name with blanks in quotes"
        )
    with Database.open(store_path(db), read_only=False, create=True) as store:
        pm_ra, pm_dec = pm or (None, None)
        target.add(store, name, *where, epoch=epoch, pm_ra=pm_ra, pm_dec=pm_dec)
    console.note(f"target {name} at {where[0]:.6f} {where[1]:+.6f}")


@app.command("list")
def list_(db: Db = None, format: Format = None, output: Output = None) -> None:
    """List the targets.

    Example: photdb target list
    """
    from photdb import query

    with Database.open(store_path(db)) as store:
        if not tables.show(query.targets(store), format=format, output=output):
            console.note('no targets; add one: photdb target add "NAME" RA DEC')


@app.command()
def remove(
    name: Annotated[list[str], typer.Argument(metavar="NAME", help="Whatever its case and blanks.")], db: Db = None
) -> None:
    """Take a target away; no measurement is lost.

    Example: photdb target remove "AG Peg"
    """
    from photdb.jobs import target

    with Database.open(store_path(db), read_only=False) as store:
        console.note(f"target {target.remove(store, ' '.join(name))} removed")
