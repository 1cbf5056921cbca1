"""``photdb forced``: flux at asked-for positions in every frame that saw them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from photdb.cli import console
from photdb.cli.options import Db, numbers
from photdb.config import store_path
from photdb.errors import UsageError

if TYPE_CHECKING:
    from photdb.jobs.forced import ForcedSummary

_WHAT, _FRAMES, _RUN = "What is measured", "Which frames", "Run"


def forced(
    target: Annotated[
        list[str] | None,
        typer.Option("--target", metavar="NAME", help="A target; may be given again. Default: all targets."),
    ] = None,
    object_id: Annotated[
        list[int] | None, typer.Option("--object", metavar="ID", help="An object; may be given again.")
    ] = None,
    all_objects: Annotated[
        bool, typer.Option("--all-objects", help="Every object, where frames did not detect it too.")
    ] = False,
    where: Annotated[
        str | None, typer.Option(metavar="SQL", help='Objects of a condition: "vsx_name IS NOT NULL".')
    ] = None,
    aperture: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SIZE",
            help="A circle beside the primary one, a diameter: 5arcsec or 2fwhm; may be given again.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    psf: Annotated[
        bool, typer.Option("--psf", help="Also fit the frame's PSF, neighbours together.", rich_help_panel=_WHAT)
    ] = False,
    recentre: Annotated[
        float | None,
        typer.Option(
            metavar="ARCSEC",
            help="Measure where the light is, if that is no farther from the place than this.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    no_recentre: Annotated[
        bool,
        typer.Option(
            "--no-recentre",
            help="Measure at the place itself again, where --recentre was asked for before.",
            rich_help_panel=_WHAT,
        ),
    ] = False,
    frames: Annotated[
        str | None, typer.Option(metavar="ID,ID-ID,...", help="Only these: 3,7-12.", rich_help_panel=_FRAMES)
    ] = None,
    band: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this band; may be given again.", rich_help_panel=_FRAMES),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="MJD, JD or ISO date (UTC).", rich_help_panel=_FRAMES),
    ] = None,
    stop: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="A date alone is included.", rich_help_panel=_FRAMES)
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Measure anew what is there already.", rich_help_panel=_RUN)
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes (default: one a processor).", rich_help_panel=_RUN)
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="tcp://HOST:PORT",
            help="Measure with the workers of a Dask cluster instead.",
            rich_help_panel=_RUN,
        ),
    ] = None,
    db: Db = None,
) -> None:
    """Measure flux at given positions in every frame that saw them, detected or not.

    At all targets, or at those named, or at objects. Every frame is measured on its own pixels at the place carried by
    proper motion or ephemeris; what is there already is not measured again. The ellipse of a target that has one, and
    the trail of one that moves fast, are measured without being asked. Frames that come later are measured by ingest as
    a target was last asked for.

    Example: photdb forced

    Example: photdb forced --target "AG Peg" --aperture 5arcsec
    """
    from photdb.asking.lightcurves import mjd_of
    from photdb.jobs.forced import forced as run
    from photdb.jobs.forced_asked import Asked, size
    from photdb.jobs.forced_work import Frames

    if workers is not None and scheduler is not None:
        raise UsageError("--workers and --scheduler exclude each other", "the cluster has as many workers as it has")
    if recentre is not None and not 0 < recentre <= 60:
        raise UsageError(f"--recentre {recentre:g} is not a distance between 0 and 60 arcsec")
    if recentre is not None and no_recentre:
        raise UsageError(
            "--recentre and --no-recentre exclude each other", "the one moves apertures, the other does not"
        )
    chosen = numbers(frames)
    summary = run(
        store_path(db),
        targets=tuple(target or ()),
        objects=tuple(object_id or ()),
        all_objects=all_objects,
        where=where,
        asked=Asked(
            tuple(size(text) for text in aperture or ()), psf=psf, recentre_arcsec=recentre, no_recentre=no_recentre
        ),
        frames=Frames(
            tuple(chosen) if chosen is not None else None,
            tuple(band) if band else None,
            mjd_of(start),
            mjd_of(stop, end=True),
        ),
        again=again,
        workers=workers,
        scheduler=scheduler,
    )
    _tell(summary)
    console.note(summary.line())


def _tell(summary: ForcedSummary) -> None:
    """Say what was not as it was asked for."""
    for reason, n in summary.failed.most_common():
        console.warn(f"{_frames(n)} not measured: {reason}")
    if summary.failed:
        console.note('which: photdb sql "SELECT DISTINCT frame_id, reason FROM forced WHERE reason IS NOT NULL"')
    if "no such file" in summary.failed:
        console.note("files that were moved: photdb frames --relocate OLD NEW")
    for why, n in summary.without.items():
        console.warn(f"{n} more {'has' if n == 1 else 'have'} no flux: {why}")
    for name, n in summary.uncovered.items():
        if name not in summary.unseen:
            console.warn(f"{name}: nothing says where it is at the date of {_frames(n)}")
    if summary.unseen:
        more = f" and {len(summary.unseen) - 5} more" if len(summary.unseen) > 5 else ""
        console.warn(f"no frame saw {', '.join(summary.unseen[:5])}{more}")
    if summary.unplaced:
        console.warn(f"no position: {', '.join(summary.unplaced)}")
    for size, n in summary.uncalibrated.items():
        console.warn(
            f"{size}: no zero point in {_frames(n)}: these fluxes stay instrumental "
            "(zero points are made in the apertures that ingest measures: photdb ingest --apertures)"
        )


def _frames(n: int) -> str:
    """Return a number of frames in words."""
    return f"{n} frame{'s' * (n != 1)}"
