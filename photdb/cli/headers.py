"""``photdb headers``: copies of the frames with what was found in their headers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from photdb.cli import console
from photdb.cli.options import AsCalibration, Db, numbers
from photdb.config import store_path


def headers(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the copies go; made where it is missing.")],
    frames: Annotated[
        str | None, typer.Option(metavar="ID,ID-ID,...", help="Only these frames: 3,7-12. Default: all.")
    ] = None,
    calibration: AsCalibration = None,
    db: Db = None,
) -> None:
    """Write copies of frames, zero points, limits and WCS in their headers.

    Keywords and units are ezphot's: SEEING (arcsec), PEEING (px), SKYVAL, SKYSIG, ELLIP, SATURATE, and for every
    aperture ZP_, ZPERR_, UL3_, UL5_ and the colour and magnitude terms K_ and C_, for counts of the whole exposure.
    PHOTCAL and others say where they come from. Pixels, extensions and compression stay; the frames themselves are
    never written to.

    Example: photdb headers calibrated --frames 1-25
    """
    from photdb.jobs.write_headers import write_headers
    from photdb.store.database import Database

    wanted = numbers(frames)
    with Database.open(store_path(db), calibration=calibration) as store:
        done = write_headers(store, folder, wanted)
    for line in done.lines:
        console.note(line)
    console.note(f"written in {folder}")
