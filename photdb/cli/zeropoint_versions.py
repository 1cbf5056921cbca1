"""``photdb zeropoint list | compare | activate | drop``: calibrations as versions."""

from __future__ import annotations

from typing import Annotated

import typer

from photdb.cli import console, tables
from photdb.cli.options import Db, Format, Output, Overwrite, numbers
from photdb.config import store_path

_Number = Annotated[int, typer.Argument(metavar="CAL", help="Number of a calibration (photdb zeropoint list).")]


def add_to(app: typer.Typer) -> None:
    """Make these commands known to a group."""
    app.command("list")(list_)
    app.command()(compare)
    app.command()(activate)
    app.command()(drop)


def list_(
    frames: Annotated[bool, typer.Option("--frames", help="The zero point that each frame uses.")] = False,
    cal: Annotated[int | None, typer.Option(metavar="CAL", help="The zero points of this calibration.")] = None,
    db: Db = None,
    format: Format = None,
    output: Output = None,
    overwrite: Overwrite = False,
) -> None:
    """List the calibrations, or the zero points of frames.

    active_frames says how many frames use a calibration now; repeatability (mag) is that of stars its fit never used.

    Example: photdb zeropoint list

    Example: photdb zeropoint list --cal 3 --format csv
    """
    from photdb.jobs import zeropoint_versions as job
    from photdb.store.database import Database

    with Database.open(store_path(db)) as store:
        answer = job.frame_zero_points(store, cal_id=cal) if frames or cal is not None else job.listing(store)
        tables.show(answer, format=format, output=output, overwrite=overwrite)


def compare(
    first: _Number,
    second: _Number,
    frames: Annotated[bool, typer.Option("--frames", help="Frame by frame.")] = False,
    db: Db = None,
    format: Format = None,
    output: Output = None,
    overwrite: Overwrite = False,
) -> None:
    """Compare two calibrations on the frames that both have, by detector and band.

    Differences are the second minus the first (mag). Both are judged by the same measurements, of stars that were kept
    back from the fit (is_held; else there were too few to keep any back): how well these repeat from frame to frame,
    and their scatter to the catalogue.

    Example: photdb zeropoint compare 1 2

    Example: photdb zeropoint compare 1 2 --frames --output differences.csv
    """
    from photdb.jobs import zeropoint_versions as job
    from photdb.store.database import Database

    with Database.open(store_path(db)) as store:
        answer = (job.compare_frames if frames else job.compare)(store, first, second)
        tables.show(answer, format=format, output=output, overwrite=overwrite)


def activate(
    cal: _Number,
    frames: Annotated[
        str | None, typer.Option(metavar="ID,ID-ID,...", help="Only these of its frames: 3,7-12. Default: all.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Even where it is worse.")] = False,
    db: Db = None,
) -> None:
    """Let frames use a calibration from now on: an older one to go back, or one made with --no-activate.

    Refused where it is worse than what the frames use now, on stars kept back from the fit. Nothing is calculated anew
    and nothing is lost: the other calibration stays, and is activated in the same way.

    Example: photdb zeropoint activate 2

    Example: photdb zeropoint activate 2 --frames 1-25 --force
    """
    from photdb.jobs import zeropoint_versions as job
    from photdb.store.database import Database

    wanted = numbers(frames)
    with Database.open(store_path(db), read_only=False) as store:
        done = job.activate(store, cal, frame_ids=wanted, force=force)
    for verdict in done.verdicts:
        console.note(verdict.line())
    console.note(done.line())


def drop(cal: _Number, db: Db = None) -> None:
    """Take a calibration away for good, with its zero points; refused while frames use it.

    Its run stays in the history, and its number is never used again.

    Example: photdb zeropoint drop 2
    """
    from photdb.jobs import zeropoint_versions as job
    from photdb.store.database import Database

    with Database.open(store_path(db), read_only=False) as store:
        done = job.drop(store, cal)
    console.note(f"calibration {done.cal_id} and its {done.n_zeropoint} zero points are gone")
