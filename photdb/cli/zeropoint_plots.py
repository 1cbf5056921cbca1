"""``photdb zeropoint plot`` and ``photdb zeropoint --explain``: see why a zero point is what it is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from photdb.cli import console, tables
from photdb.cli.options import Db, Overwrite
from photdb.config import store_path
from photdb.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from photdb.store.database import Database


def plot(
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="time, magnitude, colour, map, selection or number; see below.")
    ],
    frame: Annotated[int | None, typer.Option(metavar="ID", help="Only this frame.")] = None,
    band: Annotated[str | None, typer.Option(metavar="NAME", help="Only frames of this band.")] = None,
    cal: Annotated[
        int | None, typer.Option(metavar="ID", help="The zero points of this calibration (default: those in use).")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="The picture: .png, .pdf or .svg (default: zp_WHAT.png)."),
    ] = None,
    overwrite: Overwrite = False,
    db: Db = None,
) -> None:
    """Draw zero points, or what their fit left over.

    time: zero points with their errors, flagged frames marked. magnitude, colour: what the fit left over, with the
    term that was fitted; a colour term's pivot is marked. map: the same over the detector, with the fitted map.
    selection: magnitude and FWHM of the stars of a frame, coloured by the cut that removed each. number: zero point and
    reduced chi2 of a frame as PP's scheme rejects one star after another.

    Example: photdb zeropoint plot time --band g -o night.png

    Example: photdb zeropoint plot colour --frame 7 --cal 3 -o colour.pdf
    """
    draw = _PLOTS.get(_SHORT.get(what, what))
    if draw is None:
        raise UsageError(f"no plot of {what!r}", f"there are {', '.join(_PLOTS)}")
    path = output or Path(f"zp_{what}{f'_{frame}' if frame is not None else ''}.png")
    if output is not None:
        tables.refuse_existing(output, overwrite=overwrite)
    with _drawing(path, db) as (store, temporary):
        draw(store, temporary, frame, band, cal)


def explain(
    frame: int,
    *,
    cal: int | None = None,
    picture: Path | None = None,
    overwrite: bool = False,
    db: Path | None = None,
    format: str | None = None,
) -> None:
    """Print what each cut left of a frame's candidates and the fit, and draw the candidates.

    Parameters
    ----------
    frame : int
        frame_id.
    cal : int, optional
        This calibration (default: the one in use).
    picture : Path, optional
        Where to draw (default: ``zp_frame_ID.png`` in the working folder, drawn anew).
    overwrite : bool, default=False
        Replace a picture of a name that was given.
    db : Path, optional
        The store.
    format : str, optional
        Of the counts on stdout: table, csv, json.
    """
    from photdb.jobs import zeropoint_explain as job
    from photdb.jobs import zeropoint_words as words

    if picture is not None:
        tables.refuse_existing(picture, overwrite=overwrite)
    path = picture or Path(f"zp_frame_{frame}.png")
    with _drawing(path, db) as (store, temporary):
        row = job.one_frame(store, frame, cal_id=cal)
        stars = job.candidates(store, [row], relative=True)
        with job.counts(store, row) as answer:
            tables.show(answer, format=format, output=None)
        for line in (*words.fit_lines(row), *job.others(store, row), *job.differences(row, stars)):
            console.note(line)
        _draw_selection(store, temporary, row, stars)


@contextmanager
def _drawing(path: Path, db: Path | None) -> Iterator[tuple[Database, Path]]:
    """Yield the store, open for reading, and where to draw; the picture appears whole or not at all."""
    from photdb.output.formats import appearing
    from photdb.output.plot_style import refuse_unknown
    from photdb.store.database import Database

    refuse_unknown(path)
    with Database.open(store_path(db)) as store, appearing(path) as temporary:
        yield store, temporary
    console.note(f"drawn in {path}")


def _rows(store: Database, frame: int | None, band: str | None, cal: int | None) -> list[dict[str, Any]]:
    """Return the frames that were asked for."""
    from photdb.jobs import zeropoint_explain as job

    return job.frames(store, frame_ids=None if frame is None else [frame], band=band, cal_id=cal)


def _the_frame(store: Database, what: str, frame: int | None, cal: int | None) -> dict[str, Any]:
    """Return the one frame that a plot is of."""
    from photdb.jobs import zeropoint_explain as job

    if frame is None:
        raise UsageError(f"{what}: a plot of one frame", "name it with --frame ID (photdb zeropoint list --frames)")
    return job.one_frame(store, frame, cal_id=cal)


def _time(store: Database, path: Path, frame: int | None, band: str | None, cal: int | None) -> None:
    """Draw zero points against time."""
    from photdb.jobs import zeropoint_words as words
    from photdb.output.plot_zeropoint import draw_time

    rows = _rows(store, frame, band, cal)
    rows = [row | {"flag": row["flag"] or 0} for row in rows]
    draw_time(rows, path, title=words.name_of(rows))


def _stars(store: Database, frame: int | None, band: str | None, cal: int | None) -> Any:
    """Return the candidates of the frames that were asked for."""
    from photdb.jobs import zeropoint_explain as job

    rows = _rows(store, frame, band, cal)
    job.band_of(rows)  # refuses several
    stars = job.candidates(store, rows)
    if len(stars.frames) < len(rows):
        console.note(f"{len(stars.frames)} of {len(rows)} frames are drawn")
    return stars


def _magnitude(store: Database, path: Path, frame: int | None, band: str | None, cal: int | None) -> None:
    """Draw what the fit left over against magnitude."""
    from photdb.jobs import zeropoint_explain as job
    from photdb.jobs import zeropoint_words as words
    from photdb.output.plot_zeropoint_stars import draw_mag

    stars = _stars(store, frame, band, cal)
    title, name = words.name_of(stars.frames), job.band_of(stars.frames)
    draw_mag(stars.residuals(), path, title=title, band=name, lines=job.mag_lines(stars.frames))


def _colour(store: Database, path: Path, frame: int | None, band: str | None, cal: int | None) -> None:
    """Draw what the fit left over against colour."""
    from photdb.jobs import zeropoint_explain as job
    from photdb.jobs import zeropoint_words as words
    from photdb.output.plot_zeropoint_stars import draw_colour

    stars = _stars(store, frame, band, cal)
    index, lines = job.colour_of(stars), job.colour_lines(stars.frames)
    draw_colour(stars.residuals(), path, title=words.name_of(stars.frames), index=index, lines=lines)


def _map(store: Database, path: Path, frame: int | None, band: str | None, cal: int | None) -> None:
    """Draw what the fit left over on the detector."""
    from photdb.jobs import zeropoint_explain as job
    from photdb.jobs import zeropoint_words as words
    from photdb.output.plot_zeropoint_stars import draw_map

    stars = _stars(store, frame, band, cal)
    surface, size = job.surface(store, stars.frames), job.size_of(stars.frames)
    draw_map(stars.residuals(), path, title=words.name_of(stars.frames), surface=surface, size=size)


def _selection(store: Database, path: Path, frame: int | None, band: str | None, cal: int | None) -> None:
    """Draw the stars of a frame by the cut that removed each."""
    from photdb.jobs import zeropoint_explain as job

    row = _the_frame(store, "selection", frame, cal)
    _draw_selection(store, path, row, job.candidates(store, [row], relative=True))


def _draw_selection(store: Database, path: Path, row: dict[str, Any], stars: Any) -> None:
    """Draw the candidates of a frame."""
    from photdb.jobs import zeropoint_explain as job
    from photdb.jobs import zeropoint_words as words
    from photdb.jobs.zeropoint_settings import CUT_WORDS, CUTS
    from photdb.output.plot_zeropoint_selection import draw_selection

    limits = job.limits(store, row)
    name = f"reference magnitude {row['ref_band']}" if row["catalog"] else f"relative magnitude {row['band']}"
    draw_selection(
        stars.selection(), path, title=words.name_of([row]), cuts=CUTS, words=CUT_WORDS, mag_name=name, **limits
    )


def _number(store: Database, path: Path, frame: int | None, band: str | None, cal: int | None) -> None:
    """Draw the steps of PP's scheme."""
    from photdb.jobs import zeropoint_explain as job
    from photdb.jobs import zeropoint_words as words
    from photdb.output.plot_zeropoint import draw_number

    row = _the_frame(store, "number", frame, cal)
    steps = job.steps(row, job.candidates(store, [row]))
    draw_number(steps, path, title=words.name_of([row]), zp=row["zp"], zp_err=row["zp_err"])


_PLOTS: dict[str, Callable[[Database, Path, int | None, str | None, int | None], None]] = {
    "time": _time, "magnitude": _magnitude, "colour": _colour, "map": _map, "selection": _selection, "number": _number,
}  # fmt: skip
_SHORT = {"mag": "magnitude", "color": "colour"}
