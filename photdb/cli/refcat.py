"""``photdb refcat``: reference catalogues in the store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from photdb.cli import console, refcat_bands, tables
from photdb.cli.options import Db, Format, Output, Overwrite
from photdb.config import store_path
from photdb.errors import UsageError

app = typer.Typer(help="Reference stars: fetch them, add a table of them, list what is there.", rich_markup_mode=None)


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


@app.command()
def fetch(
    corners: Annotated[
        list[str] | None, typer.Argument(metavar="[RA,DEC]...", help="Further corners of --polygon.")
    ] = None,
    catalog: Annotated[str, typer.Option(metavar="NAME", help="Which catalogue: gaiaxp, refcat2, ps1 ...")] = "",
    frames: Annotated[
        bool, typer.Option("--frames", help="What the frames in the store need, with a margin around each.")
    ] = False,
    cone: Annotated[
        tuple[str, str, float] | None, typer.Option(metavar="RA DEC RADIUS", help="A circle; its radius in degrees.")
    ] = None,
    polygon: Annotated[
        str | None, typer.Option(metavar="RA,DEC RA,DEC RA,DEC ...", help="A convex polygon, its corners in order.")
    ] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask again for tiles that are there.")] = False,
    server: Annotated[
        str | None, typer.Option(metavar="HOST", help="A mirror of VizieR (default: $PHOTDB_VIZIER, else CDS).")
    ] = None,
    parallel: Annotated[int, typer.Option(min=1, max=4, help="Questions under way at once.")] = 3,
    db: Db = None,
) -> None:
    """Fetch reference stars from VizieR, tile by tile, and keep them in the store.

    A tile that is there is not asked for again; interrupt it whenever you like, the same command goes on.

    Example: photdb refcat fetch --catalog gaiaxp --frames

    Example: photdb refcat fetch --catalog refcat2 --cone 41.58 -30.27 0.5

    Example: photdb refcat fetch --catalog ps1 --polygon 10,20 11,20 11,21 10,21
    """
    from photdb.jobs import refcat_fetch

    if not catalog:
        raise UsageError("--catalog: which one?", "photdb refcat fetch --catalog gaiaxp --frames")
    tiles = _tiles(catalog, frames, cone, [*([polygon] if polygon else []), *(corners or [])], store_path(db))
    if not tiles:
        raise UsageError(f"{catalog} does not cover that part of the sky", "photdb refcat fetch --catalog gaiaxp ...")
    console.note(f"{catalog}: {len(tiles)} tiles, {refcat_fetch.sq_deg(catalog, len(tiles)):.2f} sq deg")
    fetched = refcat_fetch.fetch(
        catalog, tiles, store=store_path(db), server=server, refresh=refresh, parallel=parallel
    )
    console.note(fetched.line())
    for note, n in fetched.notes.items():
        console.note(f"{catalog}: {note} ({n} tiles)")
    if fetched.n_failed:
        console.warn(f"{fetched.n_failed} tiles are missing; the same command again asks for these")


@app.command("list")
def list_(db: Db = None, format: Format = None, output: Output = None, overwrite: Overwrite = False) -> None:
    """List the catalogues in the store: stars, good stars by band, epochs, coverage, when and from where.

    Example: photdb refcat list
    """
    from photdb.jobs import refcat
    from photdb.store.database import Database

    with Database.open(store_path(db)) as store:
        tables.show(refcat.listing(store), format=format, output=output, overwrite=overwrite)


app.command()(refcat_bands.bands)


def _pairs(words: str | None) -> dict[str, str] | None:
    """Return NAME=COLUMN,NAME=COLUMN as a dictionary."""
    if words is None:
        return None
    pairs = [word.partition("=") for word in words.split(",") if word.strip()]
    if not pairs or any(not (name.strip() and column.strip()) for name, _, column in pairs):
        raise UsageError(f"--columns: {words!r} is not NAME=COLUMN,NAME=COLUMN", "write ra=RA,dec=DEC,g=gmag,e_g=gerr")
    return {name.strip(): column.strip() for name, _, column in pairs}


def _tiles(
    catalog: str, frames: bool, cone: tuple[str, str, float] | None, corners: list[str], store: Path
) -> list[int]:
    """Return the tiles of the one area that was named."""
    from photdb.catalogs.tiles import tiles_of_polygon
    from photdb.jobs import refcat_fetch
    from photdb.sky import parse_dec, parse_ra
    from photdb.store.database import Database

    if sum((frames, cone is not None, bool(corners))) != 1:
        raise UsageError("name one area", "--frames, or --cone RA DEC RADIUS, or --polygon RA,DEC RA,DEC RA,DEC")
    if cone is not None:
        if not 0 < cone[2] <= 180:
            raise UsageError(f"--cone: a radius of {cone[2]:g} deg", "degrees, above 0")
        return refcat_fetch.tiles_near(catalog, parse_ra(cone[0]), parse_dec(cone[1]), cone[2])
    if corners:
        words = [word.split(",") for corner in corners for word in corner.split()]
        if any(len(word) != 2 for word in words):
            raise UsageError(f"--polygon: {' '.join(corners)!r} is not RA,DEC RA,DEC ...", "no blank after a comma")
        vertices = [(parse_ra(ra), parse_dec(dec)) for ra, dec in words]
        return tiles_of_polygon(vertices, refcat_fetch.with_service(catalog).service.norder)
    with Database.open(store) as db:
        return refcat_fetch.tiles_of_frames(db, catalog)
