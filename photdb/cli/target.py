"""``photdb target``: positions with a name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from photdb.cli import console, tables
from photdb.cli.options import Db, Format, Online, Output, Overwrite
from photdb.config import store_path
from photdb.errors import UsageError
from photdb.store.database import Database

app = typer.Typer(help="Positions with a name: add, list, remove.", rich_markup_mode=None)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="As you write it; case and blanks do not matter when you ask.")],
    position: Annotated[
        list[str] | None, typer.Argument(metavar="[RA DEC]", help="Degrees or sexagesimal, ICRS.")
    ] = None,
    epoch: Annotated[float, typer.Option(metavar="YEAR", help="Julian year of the position.")] = 2000.0,
    pm: Annotated[
        tuple[float, float] | None,
        typer.Option(metavar="PM_RA PM_DEC", help="Proper motion, mas/yr, the first with cos(dec)."),
    ] = None,
    ephemeris: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The path of a moving target instead of a position: a CSV with mjd (or jd, or time; UTC), ra, dec "
            "and ra_rate, dec_rate (arcsec/h, the first with cos dec), sigma_arcsec where known; or an observer table "
            "of JPL Horizons.",
        ),
    ] = None,
    online: Online = False,
    db: Db = None,
) -> None:
    """Give a position a name, or a moving target its path.

    Without a position it is the place of the variable star of that name in the store (VSX), or with --online what CDS
    knows by it.

    Example: photdb target add "AG Peg" 21:51:01.97 +12:37:32.1

    Example: photdb target add "(5945) Roachapproach" --ephemeris horizons.txt
    """
    from photdb.jobs import target

    if ephemeris is not None:
        if position or pm:
            raise UsageError("--ephemeris and a position", "a moving target has only its path")
        _add_moving(name, ephemeris, db)
        return
    pm_ra, pm_dec = pm or (None, None)
    place: dict[str, Any] = {"epoch": epoch, "pm_ra": pm_ra, "pm_dec": pm_dec}
    if position:
        place["ra"], place["dec"] = _position(position)
    with Database.open(store_path(db), read_only=False, create=True) as store:
        if not position:
            place |= _looked_up(store, name, online=online)
        target.add(store, name, **place)
    console.note(f"target {name} at {place['ra']:.6f} {place['dec']:+.6f}")


def _looked_up(store: Database, name: str, *, online: bool) -> dict[str, Any]:
    """Return the place of a name that somebody knows."""
    from photdb.asking.naming import place_to_keep

    said = place_to_keep(store, name, online=online or None)
    console.note(f"{said.get('name', name)}: place and motion from {said['source']}")
    return {key: said[key] for key in ("ra", "dec", "epoch", "pm_ra", "pm_dec")}


def _position(words: list[str]) -> tuple[float, float]:
    """Return the position of a target."""
    from photdb.query import parse_position

    where = parse_position(words)
    if where is None:
        raise UsageError(
            f"{' '.join(words)!r} is not a position", "RA and Dec, as 31.0428 46.6878; a name with blanks in quotes"
        )
    return where


def _add_moving(name: str, file: Path, db: Path | None) -> None:
    """Add a moving target and say what its path is."""
    from photdb.catalogs import ephemeris
    from photdb.jobs import target

    path = ephemeris.read(file)
    with Database.open(store_path(db), read_only=False, create=True) as store:
        target.add_moving(store, name, path)
    console.note(f"target {name}: {len(path)} rows, MJD {path.mjd[0]:.5f} to {path.mjd[-1]:.5f} ({path.source})")
    for note in path.notes:
        console.warn(note)


@app.command("list")
def list_(db: Db = None, format: Format = None, output: Output = None, overwrite: Overwrite = False) -> None:
    """List the targets.

    Example: photdb target list
    """
    from photdb import query

    with Database.open(store_path(db)) as store:
        if not tables.show(query.targets(store), format=format, output=output, overwrite=overwrite):
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
