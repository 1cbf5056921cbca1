"""``photdb zeropoint``: calibrate frames again, list calibrations and zero points."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from photdb.cli import console, tables
from photdb.cli.options import Db, Format, Output
from photdb.config import store_path

app = typer.Typer(help="Calibrate frames: zero points as versions that can be compared.", invoke_without_command=True)


@app.callback()
def zeropoint(
    context: typer.Context,
    frames: Annotated[
        str | None, typer.Option(metavar="ID,ID-ID,...", help="Only these frames: 3,7-12. Default: all.")
    ] = None,
    calibrate_as: Annotated[
        str | None,
        typer.Option(metavar="BAND", help="Tie bands that no catalogue has to this one of a catalogue: VT."),
    ] = None,
    catalog: Annotated[str | None, typer.Option(metavar="NAME", help="Only reference stars of this catalogue.")] = None,
    snr: Annotated[float, typer.Option(min=0.0, help="Least signal to noise of a star.")] = 10.0,
    min_stars: Annotated[int, typer.Option(min=1, help="With fewer stars a zero point is flagged.")] = 3,
    write_headers: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Then write copies of these frames, as `photdb headers` does.")
    ] = None,
    db: Db = None,
) -> None:
    """Calibrate the frames of the store anew, as a new calibration that they use from now on.

    Each frame gets a zero point for every aperture: from reference stars in its band, else in the band it is tied to
    (--calibrate-as, or its telescope file), else relative to the other frames that share its stars. No pixel and no
    detection is touched; the calibrations before stay, and are listed by `photdb zeropoint list`.

    Example: photdb zeropoint --db photdb.duckdb

    Example: photdb zeropoint --calibrate-as VT --frames 1-25
    """
    if context.invoked_subcommand is not None:
        return
    from photdb.cli.headers import write
    from photdb.jobs import zeropoint as job
    from photdb.store.database import Database

    settings = job.ZeropointSettings(snr=snr, min_stars=min_stars, calibrate_as=calibrate_as, catalog=catalog)
    wanted = _numbers(frames)
    with Database.open(store_path(db), read_only=False) as store:
        done = job.calibrate_store(store, frame_ids=wanted, settings=settings)
        if write_headers is not None:
            write(store, write_headers, wanted)
    for line in done.lines:
        console.note(line)
    console.note(f"calibration {done.cal_id}: {done.n_frame} frames use it now; see `photdb zeropoint list --frames`")


@app.command("list")
def list_(
    frames: Annotated[bool, typer.Option("--frames", help="The zero point that each frame uses.")] = False,
    cal: Annotated[int | None, typer.Option(metavar="ID", help="The zero points of this calibration.")] = None,
    db: Db = None,
    format: Format = None,
    output: Output = None,
) -> None:
    """List the calibrations, or the zero points of frames.

    Example: photdb zeropoint list

    Example: photdb zeropoint list --frames --format csv
    """
    from photdb.jobs import zeropoint as job
    from photdb.store.database import Database

    with Database.open(store_path(db)) as store:
        answer = job.frame_zero_points(store, cal_id=cal) if frames or cal else job.calibrations(store)
        tables.show(answer, format=format, output=output)


def _numbers(words: str | None) -> list[int] | None:
    """Return 3,7-12 as numbers."""
    from photdb.errors import UsageError

    if words is None:
        return None
    found: list[int] = []
    for word in filter(None, (w.strip() for w in words.split(","))):
        first, dash, last = word.partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            raise UsageError(f"--frames: {word!r} is not a frame or a range of frames", "write 3,7-12")
        found += range(int(first), int(last or first) + 1)
    return found
