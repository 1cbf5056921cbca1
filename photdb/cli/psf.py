"""``photdb psf``: what the stars of a frame look like."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from photdb.cli import console, tables
from photdb.cli.options import Db, Format, Output, Overwrite
from photdb.config import store_path
from photdb.errors import UsageError
from photdb.store.answer import Answer
from photdb.store.database import Database, statement


def psf(
    frame: Annotated[str, typer.Argument(metavar="FRAME", help="A frame's number, or the name of its file.")],
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="moffat|empirical",
            help="Which model (default: that of the PSF fluxes, else moffat).",
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw model, stars, residuals, widths over the frame: .png, .pdf or .svg."),
    ] = None,
    db: Db = None,
    format: Format = None,
    output: Output = None,
    overwrite: Overwrite = False,
) -> None:
    """Print what the stars of a frame look like, as a model; build and keep it where the store has none.

    The model is made from all good stars of the frame, which is read again for it. fwhm_x lies along theta (rad,
    counter-clockwise from +x). zp_shift is what its zero point is above that of the primary aperture.

    Example: photdb psf 12

    Example: photdb psf light-007.fits --kind empirical --plot psf.png
    """
    from photdb.jobs import psf as job
    from photdb.output import plot_psf
    from photdb.output.plot_style import refuse_unknown

    if kind is not None and kind not in job.KINDS:
        raise UsageError(f"--kind {kind!r} is not one of {', '.join(job.KINDS)}")
    if plot is not None:
        refuse_unknown(plot)
    for path in filter(None, (plot, output)):
        tables.refuse_existing(path, overwrite=overwrite)
    store = store_path(db)
    with Database.open(store) as opened:
        which = job.frame_of(opened, frame)
        model = job.stored_model(opened, which, kind)
    measured = which.measured() if model is None or plot is not None else None
    if model is None:
        assert measured is not None
        model = job.build(store, which, measured, kind or "moffat")
        console.note(f"{which.name}: {model.kind} PSF of {model.n_star} stars, kept")
    with Database.open(store) as opened:
        answer = Answer(
            opened, statement("queries", "frame_psf"), {"frame_id": which.frame_id, "kind": model.kind}, "frame_psf"
        )
        tables.show(answer, format=format, output=output, overwrite=overwrite)
    if plot is not None:
        assert measured is not None
        plot_psf.draw(job.picture(which, measured, model), plot)
        console.note(f"{plot}: {model.kind} PSF of {which.name}")
