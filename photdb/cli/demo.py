"""``photdb demo``: a night that is known, through the whole program."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from photdb.jobs.demo import Demo, Score


def demo(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to write it.")] = Path("photdb-demo"),
    seed: Annotated[int, typer.Option(help="Another seed is another sky.")] = 1,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes (default: one a processor).")] = None,
) -> None:
    """Simulate a small night, ingest it, compare what was found with the truth.

    Needs no network and no data. The folder can be looked at afterwards; running it again replaces it.

    Example: photdb demo
    """
    from photdb.jobs.demo import demo as run

    began = time.monotonic()
    done = run(folder, seed=seed, workers=workers)
    for line in _table(done.scores):
        typer.echo(line)
    typer.echo()
    typer.echo(f"frames        {done.n_frames_ok} of {done.n_frames} measured")
    typer.echo(f"positions     {done.position_arcsec:.3f} arcsec from the true ones (median above S/N 50)")
    typer.echo(
        f"zero points   {1000 * done.zp_scatter:.1f} mmag rms about the true ones, after the mean light outside the "
        f"aperture ({done.zp_loss:.3f} mag)"
    )
    typer.echo(f"plot          {done.plot}")
    typer.echo(f"{time.monotonic() - began:.0f} s. What to try next:", err=True)
    for line in next_commands(done):
        typer.echo(f"  {line}", err=True)


def _table(scores: tuple[Score, ...]) -> list[str]:
    """Return the lines of the table: found against true."""
    head = ("", "ra, dec (deg)", "points", "bias (mmag)", "scatter (mmag)", "pull width")
    rows = [head, *(_row(score) for score in scores)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
    return [
        "  ".join(f"{v:<{w}}" if k < 2 else f"{v:>{w}}" for k, (v, w) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]


def _row(score: Score) -> tuple[str, ...]:
    """Return the words of one row."""
    place = "" if score.ra is None or score.dec is None else f"{score.ra:.5f} {score.dec:+.5f}"
    numbers = (f"{1000 * score.bias:+.1f}", f"{1000 * score.scatter:.1f}", f"{score.pull:.2f}")
    return (score.what, place, f"{score.n} of {score.n_true}", *numbers)


def next_commands(done: Demo) -> list[str]:
    """Return commands that work in the demo's folder, written for a shell."""
    from photdb.config import DEFAULT_STORE, store_path

    star = next(score for score in done.scores if score.ra is not None)
    place = f"{star.ra:.5f} {star.dec:.5f}"
    here = "" if store_path() == Path(DEFAULT_STORE) else f" --db {DEFAULT_STORE}"
    busiest = (
        "SELECT object_id, count(*) AS n, stddev(mag) AS scatter FROM lightcurve "
        "GROUP BY ALL ORDER BY n DESC, scatter DESC LIMIT 10"
    )
    return [
        f"cd {done.folder}",
        f"photdb lightcurve {place} --plot eclipse.png{here}",
        f"photdb cone {place} 120{here}",
        f'photdb sql "{busiest}"{here}',
        f"photdb export lightcurve --format parquet --output all.parquet{here}",
        "photdb simulate more --nights 2 --bands gr --frames 6 --clouds 0.2",
        "photdb refcat add more/refcat.csv --catalog gaiaxp --db more.duckdb && photdb ingest more --db more.duckdb",
    ]
