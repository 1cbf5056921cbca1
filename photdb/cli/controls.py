"""``photdb controls``: the control star of a target."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from photdb import query
from photdb.asking.controls import control_star, flatness
from photdb.cli import console, tables
from photdb.cli.options import AsCalibration, Db, Format, Output, Overwrite, Radius
from photdb.config import store_path
from photdb.errors import UsageError
from photdb.store.database import Database


def controls(
    where: Annotated[
        list[str], typer.Argument(metavar="NAME | RA DEC", help="The target, moving or not: its name or position.")
    ],
    radius: Radius = None,
    band: Annotated[
        str | None, typer.Option(metavar="NAME", help="In this band (default: that of most of the target's points).")
    ] = None,
    whole: Annotated[
        bool,
        typer.Option(
            "--whole",
            help="The next fainter star that is in every frame of the target and nowhere saturated, cut or hit.",
        ),
    ] = False,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw it: .png, .pdf or .svg.")] = None,
    calibration: AsCalibration = None,
    db: Db = None,
    format: Format = None,
    output: Output = None,
    overwrite: Overwrite = False,
) -> None:
    """Print the light curve of a target's control star, and how constant it is.

    PHOTOMETRYPIPELINE's rule: of the stars that the target's first and last frame have in common, by brightness, the
    one 5 % down the list. Its scatter should be what its errors say. A target that was only forced has one too.

    Example: photdb controls "(5945) Roachapproach" --plot control.png
    """
    for path in filter(None, (output, plot)):
        tables.refuse_existing(path, overwrite=overwrite)
    if not where:
        raise UsageError("the control star of which target?", "photdb controls NAME")
    with Database.open(store_path(db), calibration=calibration) as store:
        target = query.resolve_measured(store, where, radius=radius)
        alone = target.object_id == query.NO_OBJECT
        control = control_star(
            store, None if alone else target.object_id, target_id=target.target_id if alone else None, band=band,
            whole=whole,
        )  # fmt: skip
        star = control.found
        console.note(
            f"{star.name}, object {star.object_id}, at {star.ra:.5f} {star.dec:+.5f}: star {control.place + 1} of "
            f"{control.n_star} by brightness, band {control.band}"
        )
        curve = control.curve(store)
        tables.show(curve, format=format, output=output, overwrite=overwrite)
        names = [c.name for c in curve.columns]
        points = [dict(zip(names, row, strict=True)) for row in curve.rows()]
        flat = flatness(points)
        if flat is None:
            console.warn("fewer than two good magnitudes: nothing to compare")
        else:
            console.note(flat.line())
        if flat is not None and flat.n_unfit and not whole:
            console.note("--whole takes the next fainter star without such points")
        if plot is not None:
            _draw(points, plot, f"control star of {target.label or target.name} · {star.name}")


def _draw(points: list[dict[str, object]], path: Path, title: str) -> None:
    """Draw the light curve into a file."""
    from photdb.output.formats import appearing
    from photdb.output.plot import draw
    from photdb.output.plot_style import refuse_unknown

    refuse_unknown(path)
    with appearing(path) as temporary:
        draw(points, temporary, title=title)
    console.note(f"drawn in {path}")
