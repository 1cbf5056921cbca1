"""``photdb target``: positions with a name, and paths of what moves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from photdb.cli import console, tables
from photdb.cli.options import Db, Format, Online, Output, Overwrite
from photdb.config import store_path
from photdb.errors import UsageError
from photdb.store.database import Database

if TYPE_CHECKING:
    from photdb.catalogs.ephemeris import Ephemeris
    from photdb.jobs.target import Extras

app = typer.Typer(help="Positions with a name: add, list, remove.", rich_markup_mode=None)

_PLACE, _MOVING, _MANY = "A position", "What moves", "Many at once"


@app.command()
def add(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="As you write it; case, blanks, underscores do not matter when you ask."),
    ] = None,
    position: Annotated[
        list[str] | None, typer.Argument(metavar="[RA DEC]", help="Degrees or sexagesimal, ICRS.")
    ] = None,
    epoch: Annotated[
        float, typer.Option(metavar="YEAR", help="Julian year of the position.", rich_help_panel=_PLACE)
    ] = 2000.0,
    pm: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="PM_RA PM_DEC", help="Proper motion, mas/yr, the first with cos(dec).", rich_help_panel=_PLACE
        ),
    ] = None,
    ellipse: Annotated[
        tuple[float, float, float] | None,
        typer.Option(
            metavar="A B PA",
            help="Measure in this ellipse too: semi-axes in arcsec, position angle in degrees from north through east.",
        ),
    ] = None,
    offset: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="EAST NORTH", help="Measure so many arcsec beside the position or path, the first with cos(dec)."
        ),
    ] = None,
    horizons: Annotated[
        str | None,
        typer.Option(
            metavar="DESIGNATION",
            help="Ask JPL Horizons for the path, for every night and site of the store's frames; what is there is not "
            "asked again.",
            rich_help_panel=_MOVING,
        ),
    ] = None,
    ephemeris: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The path: a CSV with mjd (or jd, or time; UTC), ra, dec and ra_rate, dec_rate (arcsec/h, the first "
            "with cos dec), sigma_arcsec, r_au, delta_au, phase_deg, v_mag where known; or an observer table of JPL "
            "Horizons.",
            rich_help_panel=_MOVING,
        ),
    ] = None,
    positions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where it is in single frames, a line each: frame ra dec midtime (JD) and, where they are several, "
            "its name.",
            rich_help_panel=_MOVING,
        ),
    ] = None,
    rates: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="EAST NORTH",
            help="It moves from RA DEC so many arcsec/h, the first with cos(dec); with --at.",
            rich_help_panel=_MOVING,
        ),
    ] = None,
    at: Annotated[
        float | None,
        typer.Option(metavar="MJD", help="With --rates: when it is at RA DEC, UTC.", rich_help_panel=_MOVING),
    ] = None,
    span: Annotated[
        float,
        typer.Option(metavar="DAYS", help="With --rates: how long, half of it before.", rich_help_panel=_MOVING),
    ] = 1.0,
    file: Annotated[
        Path | None,
        typer.Option(
            metavar="LIST",
            help="A CSV of targets: name, ra, dec, and pm_ra, pm_dec, epoch, a, b, pa where wanted.",
            rich_help_panel=_MANY,
        ),
    ] = None,
    from_headers: Annotated[
        bool,
        typer.Option(
            "--from-headers",
            help="What the frames' headers name as OBJECT: where the header has it, or JPL Horizons by a number or a "
            "designation.",
            rich_help_panel=_MANY,
        ),
    ] = False,
    online: Online = False,
    db: Db = None,
) -> None:
    """Give a position a name, or a moving target its path.

    Without a position it is the place of the variable star of that name in the store (VSX), or with --online what CDS
    knows by it. New frames are measured at it by ingest, those of before by `photdb forced --target NAME`.

    Example: photdb target add "AG Peg" 21:51:01.97 +12:37:32.1

    Example: photdb target add "(5945) Roachapproach" --horizons 5945

    Example: photdb target add 5945 --positions positions.dat
    """
    from photdb.jobs.target import Extras

    ways = {
        "--horizons": horizons, "--ephemeris": ephemeris, "--positions": positions, "--rates": rates, "--file": file,
        "--from-headers": from_headers or None,
    }  # fmt: skip
    way = _one_way(ways, position, pm, at)
    extras = Extras(ellipse, offset)
    extras.columns()  # refused before anything is asked for
    if file is not None or from_headers:
        _refuse_single(way, name, position, ellipse, offset)
        _add_list(file, db) if file is not None else _add_from_headers(db)
    elif positions is not None:
        _add_positions(name, positions, extras, db)
    elif name is None:
        raise UsageError("no name", 'as photdb target add "AG Peg" 327.758 12.626')
    elif horizons is not None:
        if not horizons.strip():
            raise UsageError("--horizons: no designation", 'as --horizons 5945, "2001 SF" or 29P')
        _follow(name, horizons, extras, db)
    elif ephemeris is not None or rates is not None:
        _add_moving(name, _path(ephemeris, position, rates, at, span), extras, db)
    else:
        _add_fixed(name, position, {"epoch": epoch, "pm": pm}, extras, online=online, db=db)


def _one_way(ways: dict[str, Any], position: list[str] | None, pm: tuple[float, float] | None, at: float | None) -> str:
    """Return the one way in which a target is given, refusing several."""
    given = [option for option, value in ways.items() if value is not None]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} exclude each other", "one way to say where it is")
    way = given[0] if given else ""
    if way and pm:
        raise UsageError(f"{way} and --pm", "proper motion is for targets with a position")
    if way and way != "--rates" and position:
        raise UsageError(f"{way} and a position", "it says itself where the target is")
    if at is not None and way != "--rates":
        raise UsageError("--at goes with --rates", "as photdb target add NAME RA DEC --rates 14.6 -3.9 --at 58568.25")
    return way


def _refuse_single(way: str, name: str | None, *given: object) -> None:
    """Refuse what is of one target where there are many."""
    if name is not None or any(given):
        raise UsageError(f"{way} is of many targets", "their names and the rest are in it")


def _path(
    file: Path | None,
    position: list[str] | None,
    rates: tuple[float, float] | None,
    at: float | None,
    span: float,
) -> Ephemeris:
    """Return the path that a file or rates say."""
    if file is not None:
        from photdb.catalogs.ephemeris_files import read

        return read(file)
    from photdb.catalogs.linear_motion import linear_path

    if at is None or rates is None or not position:
        raise UsageError(
            "--rates need RA DEC and --at", "as photdb target add NAME RA DEC --rates 14.6 -3.9 --at 58568.25"
        )
    ra, dec = _position(position)
    return linear_path(ra, dec, *rates, at=at, days=span)


def _add_fixed(
    name: str, position: list[str] | None, motion: dict[str, Any], extras: Extras, *, online: bool, db: Path | None
) -> None:
    """Add a target that stands still and say where."""
    from dataclasses import replace

    from photdb.jobs import target
    from photdb.jobs.target_links import refresh_targets
    from photdb.jobs.target_twice import meant_twice

    pm_ra, pm_dec = motion["pm"] or (None, None)
    place: dict[str, Any] = {"epoch": motion["epoch"], "pm_ra": pm_ra, "pm_dec": pm_dec}
    if position:
        place["ra"], place["dec"] = _position(position)
    with Database.open(store_path(db), read_only=False, create=True) as store:
        if not position:
            said = _looked_up(store, name, online=online)
            extras = replace(extras, source=said.pop("source"))
            place |= said
        target.add(store, name, **place, extras=extras)
        refresh_targets(store)
        twice = meant_twice(store, name)
    console.note(f"target {name} at {place['ra']:.6f} {place['dec']:+.6f}{_besides(extras)}")
    if twice:
        console.warn(twice)


def _looked_up(store: Database, name: str, *, online: bool) -> dict[str, Any]:
    """Return the place of a name that somebody knows, and who."""
    from photdb.asking.naming import place_to_keep

    said = place_to_keep(store, name, online=online or None)
    console.note(f"{said.get('name', name)}: place and motion from {said['source']}")
    return {key: said[key] for key in ("ra", "dec", "epoch", "pm_ra", "pm_dec", "source")}


def _position(words: list[str]) -> tuple[float, float]:
    """Return the position of a target."""
    from photdb.query import parse_position

    where = parse_position(words)
    if where is None:
        raise UsageError(
            f"{' '.join(words)!r} is not a position", "RA and Dec, as 31.0428 46.6878; a name with blanks in quotes"
        )
    return where


def _besides(extras: Extras) -> str:
    """Return what a target has besides a place, in words."""
    words = ""
    if extras.ellipse is not None:
        a, b, pa = extras.ellipse
        words += f", ellipse {a:g} by {b:g} arcsec at {pa % 180:g} deg"
    if extras.offset is not None:
        words += f", {extras.offset[0]:+g} {extras.offset[1]:+g} arcsec beside it"
    return words


def _add_moving(name: str, path: Ephemeris, extras: Extras, db: Path | None) -> None:
    """Add a moving target and say what its path is."""
    from photdb.jobs import target
    from photdb.jobs.target_twice import meant_twice

    with Database.open(store_path(db), read_only=False, create=True) as store:
        target.add_moving(store, name, path, extras=extras)
        twice = meant_twice(store, name)
    dates = f"MJD {path.mjd[0]:.5f} to {path.mjd[-1]:.5f}"
    console.note(f"target {name}: {len(path)} rows, {dates} ({path.source}){_besides(extras)}")
    for note in [*path.notes, *([twice] if twice else [])]:
        console.warn(note)


def _follow(name: str, designation: str, extras: Extras, db: Path | None) -> None:
    """Add a body with its path from JPL Horizons and say what came."""
    from photdb.jobs.target_horizons import follow
    from photdb.jobs.target_twice import meant_twice

    done = follow(store_path(db), name, designation, extras=extras)
    with Database.open(store_path(db)) as store:
        twice = meant_twice(store, name)
    for source in done.sources:
        console.note(source)
    total = done.n_asked + done.n_kept
    runs = "1 run of nights" if total == 1 else f"{total} runs of nights"
    came = f"{done.n_row} rows" if done.n_asked else "nothing asked for"
    there = f", {done.n_kept} of them there already" if done.n_kept else ""
    console.note(f"target {name}: {came}; the store has frames of {runs}{there}{_besides(extras)}")
    for note in [*done.notes, *([twice] if twice else [])]:
        console.warn(note)


def _add_positions(name: str | None, file: Path, extras: Extras, db: Path | None) -> None:
    """Add targets by their positions in single frames and say what became of these."""
    from photdb.jobs.target_positions import add_positions, read_positions
    from photdb.jobs.target_twice import meant_twice

    found = read_positions(file)
    with Database.open(store_path(db), read_only=False) as store:
        kept = add_positions(store, found, name, file=file, extras=extras)
        twice = {one.name: meant_twice(store, one.name) for one in kept}
    for one in kept:
        positions = f"{one.n_position} position{'s' * (one.n_position != 1)}"
        frames = f"{one.n_frame} frame{'s' * (one.n_frame != 1)}"
        console.note(f"target {one.name}: {positions}, {frames} of the store{_besides(extras)}")
        for note in [*one.notes, *filter(None, [twice[one.name]])]:
            console.warn(note)


def _add_list(file: Path, db: Path | None) -> None:
    """Add the targets of a list and say how many."""
    from photdb.jobs.target_links import refresh_targets
    from photdb.jobs.target_list import add_list, read_list

    targets = read_list(file)
    with Database.open(store_path(db), read_only=False, create=True) as store:
        n = add_list(store, targets, file=file)
        refresh_targets(store)
    console.note(f"{n} {'target' if n == 1 else 'targets'} added")


def _add_from_headers(db: Path | None) -> None:
    """Add what headers name and say what of it has no position."""
    from photdb.errors import NotFoundError
    from photdb.jobs.target_headers import from_headers

    found = from_headers(store_path(db))
    for line in found.added:
        console.note(f"target {line}")
    if found.known:
        console.note(f"already there: {', '.join(found.known)}")
    for line in found.without:
        console.warn(line)
    if found.no_object:
        console.note(f"left out, as words for frames: {', '.join(found.no_object)}")
    if found.added or found.known:
        return
    if found.errors:
        raise found.errors[-1]
    raise NotFoundError("no object of the headers has a known position", "photdb target add NAME RA DEC")


@app.command("list")
def list_(db: Db = None, format: Format = None, output: Output = None, overwrite: Overwrite = False) -> None:
    """List the targets: where they are, what is measured of them, of moving ones the dates of the path.

    Example: photdb target list
    """
    from photdb import query

    with Database.open(store_path(db)) as store:
        if not tables.show(query.targets(store), format=format, output=output, overwrite=overwrite):
            console.note('no targets; add one: photdb target add "NAME" RA DEC')


@app.command()
def remove(
    name: Annotated[list[str], typer.Argument(metavar="NAME", help="Whatever its case, blanks and underscores.")],
    fluxes_too: Annotated[
        bool, typer.Option("--fluxes-too", help="And what forced photometry has measured of it; else it stays then.")
    ] = False,
    db: Db = None,
) -> None:
    """Take a target away; no measurement is lost unless you say so.

    Example: photdb target remove "AG Peg"
    """
    from photdb.jobs import target

    with Database.open(store_path(db), read_only=False) as store:
        console.note(f"target {target.remove(store, ' '.join(name), fluxes_too=fluxes_too)} removed")
