"""``photdb movers``: asteroids and comets found by chance."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from photdb.cli import console, tables
from photdb.cli.options import AsCalibration, Db, Format, Output, Overwrite
from photdb.config import is_online, store_path
from photdb.errors import NotFoundError, UsageError
from photdb.store.answer import Answer
from photdb.store.database import Database

if TYPE_CHECKING:
    from photdb.jobs.movers import Found, Search, Settings
    from photdb.jobs.sky_bodies import Question

_MOTION, _BODIES, _TARGETS = "What counts as a body", "Known bodies", "Targets"


def movers(
    night: Annotated[str | None, typer.Option(metavar="DATE", help="Only this night (default: all).")] = None,
    min_rate: Annotated[float, typer.Option(metavar="ARCSEC/H", help="Slowest motion.", rich_help_panel=_MOTION)] = 3.0,
    max_rate: Annotated[
        float, typer.Option(metavar="ARCSEC/H", help="Fastest motion.", rich_help_panel=_MOTION)
    ] = 100.0,
    min_frames: Annotated[
        int, typer.Option(metavar="N", help="Frames that show it, at least.", rich_help_panel=_MOTION)
    ] = 4,
    min_snr: Annotated[
        float, typer.Option(metavar="N", help="Signal to noise of a detection, at least.", rich_help_panel=_MOTION)
    ] = 3.0,
    chance: Annotated[
        float,
        typer.Option(
            metavar="N", help="List it when fewer than so many are expected by chance.", rich_help_panel=_MOTION
        ),
    ] = 0.01,
    fixed: Annotated[
        bool,
        typer.Option(
            "--fixed-on-detector",
            help="Also what stands still on the detector: hot pixels, or what the telescope followed.",
            rich_help_panel=_MOTION,
        ),
    ] = False,
    points: Annotated[bool, typer.Option("--points", help="One row a detection instead of one a body.")] = False,
    known: Annotated[
        bool,
        typer.Option(
            "--known",
            help="The bodies that SkyBoT knows in the frames instead, detected or not; asked once, then kept.",
            rich_help_panel=_BODIES,
        ),
    ] = False,
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="With --known: also those too faint, or too uncertain, to find.", rich_help_panel=_BODIES
        ),
    ] = False,
    online: Annotated[
        bool,
        typer.Option("--online", help="Ask SkyBoT which tracklets are known bodies.", rich_help_panel=_BODIES),
    ] = False,
    site: Annotated[
        str | None,
        typer.Option(
            metavar="CODE",
            help="The MPC's code of the observatory (default: the telescope file's, else 500, the Earth's centre).",
            rich_help_panel=_BODIES,
        ),
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Make a moving target of the tracklet.", rich_help_panel=_TARGETS),
    ] = None,
    tracklet: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Which one, as 2019-03-25.2.", rich_help_panel=_TARGETS),
    ] = None,
    keep_all: Annotated[
        bool,
        typer.Option("--keep-all", help="Make moving targets of all that are none yet.", rich_help_panel=_TARGETS),
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the fields with what was found: .png, .pdf or .svg.")
    ] = None,
    calibration: AsCalibration = None,
    db: Db = None,
    format: Format = None,
    output: Output = None,
    overwrite: Overwrite = False,
) -> None:
    """Find asteroids and comets among the detections that are no star.

    Detections of a night that belong to no object that lasts are searched for motion along a line: a body is in several
    frames, each time where the others have it, as bright, and moving. chance is the number of such tracklets that would
    be expected if none were real. What SkyBoT was asked before names them.

    Example: photdb movers --night 2019-03-25 --plot movers.png

    Example: photdb movers --tracklet 2019-03-25.2 --keep "(5945) Roachapproach"

    Example: photdb movers --known --site 688
    """
    from photdb.catalogs.skybot import refuse_no_code
    from photdb.jobs import movers as job
    from photdb.photometry.tracklet_fit import Limits

    _refuse(keep, keep_all=keep_all, tracklet=tracklet, known=known, everything=everything, chance=chance)
    _refuse_files(output, plot, overwrite=overwrite)
    site = refuse_no_code(site) if site is not None else None
    settings = job.Settings(Limits(min_rate, max_rate, min_frames, chance=chance), min_snr, fixed)
    path = store_path(db)
    with Database.open(path, calibration=calibration) as store:
        search = job.search(store, settings, night=night)
    _report(search, settings)
    if known or online or is_online():
        _say_guess(search, site)
        _ask(path, search, site)
    with Database.open(path, calibration=calibration) as store:
        asked, names = _named(store, search, site)
        chosen = _chosen(search, tracklet)
        if known:
            _show_known(store, search, asked, names, everything=everything, points=points, format=format, output=output,
                        overwrite=overwrite)  # fmt: skip
        else:
            _show(store, chosen, names, points=points, format=format, output=output, overwrite=overwrite)
        if plot is not None:
            _draw(search, names, plot)
    if keep is not None or keep_all:
        _keep(path, chosen, names, keep)


def _refuse(
    keep: str | None, *, keep_all: bool, tracklet: str | None, known: bool, everything: bool, chance: float
) -> None:
    """Refuse options that do not go together."""
    if keep is not None and keep_all:
        raise UsageError("--keep and --keep-all exclude each other", "--keep-all names targets after their tracklets")
    if known and (keep is not None or keep_all or tracklet):
        raise UsageError("--known lists bodies, not tracklets", "keep tracklets in a command of its own")
    if everything and not known:
        raise UsageError("--all goes with --known", "photdb movers --known --all")
    if not chance > 0:
        raise UsageError(f"--chance {chance:g} is not above 0", "the default is 0.01")


def _refuse_files(output: Path | None, plot: Path | None, *, overwrite: bool) -> None:
    """Refuse what is there already and what names no picture, before anything is searched."""
    for path in filter(None, (output, plot)):
        tables.refuse_existing(path, overwrite=overwrite)
    if plot is not None:
        from photdb.output.plot_style import refuse_unknown

        refuse_unknown(plot)


def _report(search: Search, settings: Settings) -> None:
    """Say what was searched, and what was left out."""
    for field in search.fields:
        ra, dec = (float(v) for v in field.plane.sky(0.0, 0.0))
        frames, left = len(field.times.t), len(field.left.x)
        console.note(
            f"{field.night} at {ra:.4f} {dec:+.4f}: {frames} frames, {left} detections of no star "
            f"({field.n_still} more beside stars or standing still)"
        )
        if field.min_rate >= settings.limits.max_rate:
            console.note(
                f"{field.night}: not searched: in so short a time only motions above {field.min_rate:.0f} arcsec/h can "
                "be told from stars (--max-rate)"
            )
        elif field.min_rate > settings.limits.min_rate * 1.001:
            console.note(
                f"{field.night}: in so short a time only motions above {field.min_rate:.1f} arcsec/h can be told from "
                "stars"
            )
    if search.n_short:
        fields = f"{search.n_short} field{'s' * (search.n_short != 1)}"
        console.note(f"{fields} with fewer than {settings.limits.min_frames} frames not searched (--min-frames)")
    n_hot = sum(f.n_hot for f in search.fields)
    if n_hot or search.n_fixed:
        console.note(
            f"{n_hot} detections and {search.n_fixed} tracklets left out that stand still on the detector: hot pixels, "
            "or what the telescope followed (--fixed-on-detector)"
        )
    if search.n_unseen:
        console.note(f"{search.n_unseen} left out that most frames deep enough for them do not show")


def _say_guess(search: Search, given: str | None) -> None:
    """Say for which observatories the centre of the Earth is taken, because nobody knows their code."""
    from photdb.jobs.sky_bodies import site_of

    if given is not None:
        return
    guessed = [f for f in search.fields if site_of(f) is None]
    if guessed:
        places = sorted({str(s) for f in guessed for s in f.frames["site"].tolist() if s is not None})
        where = f" of {', '.join(places)}" if places else ""
        console.note(
            "guessed: observatory 500, the centre of the Earth: places are off by up to 8.8 arcsec divided by the "
            f"distance in au; --site CODE, or mpc_code under [site] of the telescope's file, is the MPC's code{where}"
        )


def _ask(path: Path, search: Search, site: str | None) -> None:
    """Ask SkyBoT what the store does not know of the fields."""
    from photdb.jobs import sky_bodies

    with Database.open(path) as store:
        asked = [q for f in search.fields for q in sky_bodies.questions(store, f, site)]
    n = sky_bodies.ask(path, asked)
    if asked:
        console.note(f"SkyBoT: {n} answers fetched, {len(asked) - n} were in the store")


def _named(
    store: Database, search: Search, site: str | None
) -> tuple[dict[int, list[Question]], dict[str, tuple[str, float]]]:
    """Return what SkyBoT said of each field, and what tracklets are called by it or by targets."""
    from photdb.jobs import movers_known, sky_bodies

    asked = {k: sky_bodies.questions(store, f, site) for k, f in enumerate(search.fields)}
    asked = {k: [q for q in qs if q.query_id is not None] for k, qs in asked.items()}
    return asked, movers_known.named(store, search, asked)


def _chosen(search: Search, tracklet: str | None) -> Search:
    """Return the search with the one tracklet that was asked for."""
    from dataclasses import replace

    if tracklet is None:
        return search
    found = [f for f in search.found if f.name == tracklet]
    if not found:
        there = ", ".join(f.name for f in search.found)
        raise NotFoundError(f"no tracklet {tracklet}", f"there are {there}" if there else "there are none")
    return replace(search, found=found)


def _show(store: Database, search: Search, names: dict[str, tuple[str, float]], *, points: bool, **where: Any) -> None:
    """Print tracklets or their detections."""
    from photdb.jobs import movers_rows as rows

    table = rows.points(search) if points else rows.tracklets(search, names)
    with _answer(store, table) as answer:
        n = tables.show(answer, **where)
    if not n:
        console.note("no moving body found")


def _show_known(
    store: Database,
    search: Search,
    asked: dict[int, list[Question]],
    names: dict[str, tuple[str, float]],
    *,
    everything: bool,
    points: bool,
    **where: Any,
) -> None:
    """Print known bodies or their places in frames."""
    from photdb.jobs import movers_known as job
    from photdb.jobs.movers_rows import as_table

    found = job.known_bodies(store, search, asked, names, everything=everything)
    table = as_table(found.points, job.KNOWN_POINT) if points else as_table(found.bodies, job.KNOWN)
    with _answer(store, table) as answer:
        n = tables.show(answer, **where)
    if not n:
        console.note("SkyBoT knows no body in the frames that they could show")
    if found.n_left:
        console.note(f"{found.n_left} bodies too faint or too uncertain left out; --all lists them")
    if found.n_unjudged:
        console.note("frames without a zero point in a standard system: bodies are listed however faint")


@contextmanager
def _answer(store: Database, table: Any) -> Iterator[Answer]:
    """Yield a table as an answer."""
    with store.table("mover_row", table):
        yield Answer(store, "SELECT * FROM mover_row", name="movers")


def _keep(path: Path, search: Search, names: dict[str, tuple[str, float]], keep: str | None) -> None:
    """Make targets of tracklets, and say what is next."""
    from photdb.jobs import movers_keep
    from photdb.jobs.writer import writing

    wanted = _wanted(search, names, keep)
    if not wanted:
        console.note("nothing to keep: every tracklet is a target already" if search.found else "nothing to keep")
        return
    with writing(path) as store, store.run("movers", {"keep": [name for name, _ in wanted]}):
        kept = movers_keep.keep(store, wanted)
    for name in kept:
        console.note(f"moving target {name}")
    console.note("next: photdb crossmatch, which gives them their detections; photdb forced, for the other frames")


def _wanted(search: Search, names: dict[str, tuple[str, float]], keep: str | None) -> list[tuple[str, Found]]:
    """Return the tracklets to keep and what to call them."""
    if keep is not None:
        if len(search.found) != 1:
            there = ", ".join(f.name for f in search.found)
            raise UsageError(
                f"--keep {keep!r}: there are {len(search.found)} tracklets",
                f"--tracklet says which one: {there}" if there else "there is none to keep",
            )
        found = search.found[0]
        if _is_target(found, names):
            raise UsageError(f"tracklet {found.name} is {names[found.name][0]} already", "photdb target list")
        return [(keep, found)]
    return [(names.get(f.name, (f"tracklet {f.name}", 0.0))[0], f) for f in search.found if not _is_target(f, names)]


def _is_target(found: Found, names: dict[str, tuple[str, float]]) -> bool:
    """Return whether a tracklet is a target already."""
    return names.get(found.name, ("", 0.0))[0].startswith("target ")


def _draw(search: Search, names: dict[str, tuple[str, float]], path: Path) -> None:
    """Draw the fields: those with tracklets, or where there are none the first four."""
    import numpy as np

    from photdb.output.formats import appearing
    from photdb.output.plot_movers import Panel, Track, draw

    panels = []
    for field in search.fields:
        mine = [f for f in search.found if f.field is field]
        corners = zip(field.frames["corner_ra"], field.frames["corner_dec"], strict=True)
        outlines = [field.plane.project(np.asarray(ra, float), np.asarray(dec, float)) for ra, dec in corners]
        tracks = [
            Track(field.left.x[r] / 60.0, field.left.y[r] / 60.0, names.get(f.name, (f.name, 0.0))[0])
            for f in mine
            for r in [f.track.rows[np.argsort(field.left.frame[f.track.rows])]]
        ]
        ra, dec = (float(v) for v in field.plane.sky(0.0, 0.0))
        title = f"{field.night}, {ra:.4f} {dec:+.4f}: {len(field.times.t)} frames, {len(mine)} tracklets"
        panels.append(
            Panel(title, field.left.x / 60.0, field.left.y / 60.0, [(x / 60.0, y / 60.0) for x, y in outlines], tracks)
        )
    drawn = [p for p in panels if p.paths][:12] or panels[:4]
    with appearing(path) as temporary:
        draw(drawn, temporary)
    console.note(f"drawn in {path}" + (f": {len(drawn)} of {len(panels)} fields" if len(drawn) < len(panels) else ""))
