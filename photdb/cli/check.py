"""Is the store sound? Audits, and with --deep every block of the file and a sample of frames from their pixels."""

from __future__ import annotations

from typing import Annotated

import typer

from photdb.cli import console, tables
from photdb.cli.options import Db, Format, Output, Overwrite
from photdb.config import store_path
from photdb.errors import InputError, UsageError
from photdb.store.database import Database


def check(
    deep: Annotated[
        bool,
        typer.Option(
            "--deep",
            help="Also read every block of the file, compare master frames with their digests, and derive some frames "
            "again from their pixels.",
        ),
    ] = False,
    frames: Annotated[int, typer.Option("--frames", metavar="N", help="With --deep: frames derived again.")] = 3,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="With --deep: another number, other frames.")] = 0,
    db: Db = None,
    format: Format = None,
    output: Output = None,
    overwrite: Overwrite = False,
) -> None:
    """Run the audits of the store; exit 4 when something is wrong.

    Each audit asks for rows that cannot be; none is good. --deep never writes, and takes as long as reading the store
    and measuring the frames.

    Examples: photdb check; photdb check --deep --frames 20 --seed 7
    """
    if frames < 0:
        raise UsageError(f"--frames {frames}: a number of frames is wanted", "0 derives none again")
    with Database.open(store_path(db)) as store:
        wrong = _audit(store, format, output, overwrite=overwrite)
        if deep:
            wrong += _deep(store, frames, seed)
    if wrong:
        for what, _ in wrong[1:]:
            console.warn(what)
        raise InputError(*wrong[0])


def _audit(store: Database, format: str | None, output: Output, *, overwrite: bool) -> list[tuple[str, str]]:
    """Show what the audits found; return it in words."""
    from photdb import query

    audits = query.audits(store)
    tables.show(audits, format=format, output=output, overwrite=overwrite)
    wrong = []
    for name, what, n in audits.rows():
        if n:
            rows = (", ".join(f"{k} {v}" for k, v in row.items()) for row in store.audit_rows(name, 3))
            wrong.append((f"{what}: {n} rows, as {'; '.join(rows)}", "please report it: this is a bug of photdb"))
    return wrong


def _deep(store: Database, frames: int, seed: int) -> list[tuple[str, str]]:
    """Look at every block, at the files beside the store and at some pixels; return what is wrong in words."""
    from photdb.jobs import check as job
    from photdb.jobs.check_pixels import rederive

    read = list(job.read_everything(store))
    console.note(f"every block read: {sum(n for _, (n, _) in read)} rows of {len(read)} tables")
    wrong = [(finding.what, finding.hint) for finding in job.damaged_masters(store)]
    again = rederive(store, frames, seed=seed) if frames else []
    for frame in again:
        if frame.why_not:
            console.warn(f"frame {frame.frame_id} cannot be derived again: {frame.why_not}")
        elif not frame.is_same:
            what = (
                f"frame {frame.frame_id}, {frame.path}: of {frame.n_stored} sources {frame.n_lost} are not found, "
                f"{frame.n_changed} differ (by {frame.worst_sigma:.2g} sigma at most), {frame.n_new} are new"
            )
            wrong.append((what, "photdb ingest --reprocess measures it anew; a changed telescope file does this, too"))
    same = [frame for frame in again if frame.is_same]
    if same:
        worst = max(frame.worst_sigma for frame in same)
        n = sum(frame.n_stored for frame in same)
        console.note(f"{len(same)} frames derived again: the same {n} sources, fluxes within {worst:.2g} sigma")
    return wrong
