"""``photdb scan``: the frames of folders by night, telescope, filter, type and object."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from photdb.cli.options import Format, Output, Overwrite

if TYPE_CHECKING:
    from photdb.ingest.frame_header import FrameHeader
    from photdb.jobs.scan import FrameGroup, ScanResult


def scan(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Folders, searched with all below them, or files.")
    ],
    files: Annotated[bool, typer.Option("--files", help="One line for every image, not for every group.")] = False,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes that read headers.")] = 1,
    format: Format = None,
    output: Output = None,
    overwrite: Overwrite = False,
) -> None:
    """List the frames of folders by night, telescope, filter, type and object.

    Only headers are read. A file that cannot be used is listed on stderr with its reason; what had to be guessed is
    said once for each telescope.

    Example: photdb scan night/
    """
    from photdb import progress
    from photdb.jobs import scan as job

    found = job.scan(paths, workers=workers)
    show_rows(
        "scan_files" if files else "scan_groups",
        file_rows(found) if files else group_rows(found),
        format,
        output,
        overwrite=overwrite,
    )
    for guess in found.guesses():
        frames = f"{_counted(guess.n_frames, 'frame')} of {_counted(guess.n_nights, 'night')}"
        progress.warn(f"{guess.telescope}, {frames}: {guess.sentence}")
    for path, reason in found.unusable:
        progress.warn(f"{path}: {reason}")
    for header in found.headers:
        if header.problems and header.image_type == "light":
            progress.warn(f"{header.path}: {'; '.join(header.problems)}")
    usable = sum(not h.problems for h in found.headers)
    progress.say(f"{len(found.headers)} images, {usable} usable; {len(found.unusable)} files cannot be read")


def group_rows(found: ScanResult) -> list[dict[str, Any]]:
    """Return the groups as rows: night, telescope, filter, type, object, size, exposure, count."""
    return [_group_row(group) for group in found.groups()]


def file_rows(found: ScanResult) -> list[dict[str, Any]]:
    """Return every image as a row, then every unusable file with its reason."""
    return [_file_row(h) for h in found.headers] + [{"path": str(p), "problem": reason} for p, reason in found.unusable]


def show_rows(
    query: str, rows: Sequence[dict[str, Any]], format: str | None, output: Path | None, *, overwrite: bool = False
) -> int:
    """Show rows that come from no store by a statement of ``schema/queries``; return their number."""
    from photdb.cli import tables
    from photdb.store.answer import Answer
    from photdb.store.database import Database, statement

    with Database.open(":memory:") as database:
        answer = Answer(database, statement("queries", query), {"rows": json.dumps(list(rows))}, query)
        return tables.show(answer, format=format, output=output, overwrite=overwrite)


def _counted(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _group_row(group: FrameGroup) -> dict[str, Any]:
    row = asdict(group)
    return {**row, "size": f"{group.width}x{group.height}"}


def _file_row(header: FrameHeader) -> dict[str, Any]:
    return {
        "path": str(header.path),
        "hdu": header.hdu,
        "night": header.night,
        "telescope": header.telescope,
        "filter": header.filter,
        "type": header.image_type,
        "object": header.object_name,
        "size": f"{header.width}x{header.height}",
        "exposure_s": header.exptime_s,
        "mjd_mid": header.mjd_mid,
        "airmass": header.airmass,
        "problem": "; ".join(header.problems) or None,
    }
