"""``photdb coverage``: what was seen of a place, and which places were seen."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from photdb import query
from photdb.asking.finding import target_alone
from photdb.asking.seen import Mover, moving_of, unplaced
from photdb.cli import console, tables
from photdb.cli.options import AsCalibration, Db, Format, Output, Overwrite, Radius
from photdb.config import store_path
from photdb.errors import NotFoundError, UsageError
from photdb.jobs.ingest_summary import frames_in_words
from photdb.store.answer import Answer
from photdb.store.database import Database


def coverage(
    where: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME | RA DEC]", help="A target's or object's name, or a position: degrees or sexagesimal."
        ),
    ] = None,
    object_id: Annotated[int | None, typer.Option("--object", metavar="ID", help="The object's number.")] = None,
    radius: Radius = None,
    sigma: Annotated[
        float | None,
        typer.Option(
            "--sigma", metavar="3|5", help="A forced flux below so many times its noise is a limit (default: 5)."
        ),
    ] = None,
    sky: Annotated[
        Path | None, typer.Option("--map", metavar="FILE", help="Draw what was observed: .png, .pdf or .svg.")
    ] = None,
    moc: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write what was observed as a MOC: .fits, .json or .txt (ASCII)."),
    ] = None,
    order: Annotated[
        int | None,
        typer.Option(metavar="N", help="With --map and --moc: HEALPix order of the cells (default: fit the frames)."),
    ] = None,
    band: Annotated[str | None, typer.Option(metavar="NAME", help="With --map and --moc: one band only.")] = None,
    calibration: AsCalibration = None,
    db: Db = None,
    format: Format = None,
    output: Output = None,
    overwrite: Overwrite = False,
) -> None:
    """List every frame that saw a place: detected or not, and why a point is missing.

    status: detected, forced (not detected, but its flux at the place is above --sigma times the noise), limit (it is
    below), not detected (and not forced), outside (of the frame, but near), failed, rejected or no WCS (it may have
    seen the place). why: S/N of a forced flux; masked, edge, blended (with a neighbour), not calibrated, too faint (for
    the limit), missed.

    Of a moving target, every frame is asked of the place where the target was then, as its path or its positions say.

    --map draws how many frames saw each part of the sky, band by band; --moc writes where there is any.

    Example: photdb coverage 41.58 -30.27

    Example: photdb coverage --map sky.png --moc observed.fits
    """
    if sky is not None or moc is not None:
        if where or object_id is not None or output is not None:
            raise UsageError("--map and --moc are of the whole store", "leave the place and --output away")
        _sky(db, sky, moc, order, band, overwrite=overwrite)
        return
    if order is not None or band is not None:
        raise UsageError("--order and --band go with --map or --moc", "photdb coverage --map sky.png")
    if bool(where) == (object_id is not None):
        raise UsageError("give a name, RA and DEC, or --object ID", "as photdb coverage 41.58 -30.27; or --map FILE")
    with Database.open(store_path(db), calibration=calibration) as store:
        ra, dec, found, target_id = _place(store, where or [], object_id, radius)
        mover = moving_of(store, found, target_id)
        answer = query.coverage(store, ra, dec, object_id=found, target_id=target_id, sigma=sigma)
        n = tables.show(answer, format=format, output=output, overwrite=overwrite)
        if not n and mover is not None:
            raise query.never_observed(store, f"{mover.name} was in none of the frames when they were taken")
        if not n:
            raise query.never_observed(store, f"{ra:.5f} {dec:+.5f} was never observed")
        if mover is not None:
            console.note(f"{mover.name} moves: each frame is asked of its own place of it{unplaced(answer)}")
        for line in _words(store, answer, where or [str(object_id)], is_object=object_id is not None, mover=mover):
            console.note(line)


def _place(
    store: Database, where: list[str], object_id: int | None, radius: float | None
) -> tuple[float, float, int | None, int | None]:
    """Return the place that was asked for, and the object and the target there, if there are any."""
    if object_id is not None:
        found = query.object_by_id(store, object_id)
        return found.ra, found.dec, found.object_id, None
    position = query.parse_position(where)
    try:
        found = query.resolve_measured(store, where, radius=radius)
    except NotFoundError:
        if position is not None:
            console.note("no object is known there")
            return *position, None, None
        alone = target_alone(store, where)
        if alone is None:
            raise
        console.note(f"{alone.name}: no detection and no forced flux yet")
        return alone.ra, alone.dec, None, alone.target_id
    at = position or (found.ra, found.dec)
    away = "" if position is None else f", {found.separation:.1f} arcsec from the position asked for"
    if found.object_id == query.NO_OBJECT:
        moves = moving_of(store, None, found.target_id) is not None
        console.note(f"target {found.name}{away}: {'no frame detected it' if moves else 'no object is known there'}")
        return *at, None, found.target_id
    console.note(f"{found.name}, object {found.object_id}{away}")
    return *at, found.object_id, found.target_id


def _words(store: Database, answer: Answer, where: list[str], *, is_object: bool, mover: Mover | None) -> list[str]:
    """Return how many frames there are of each kind, and what to do about those where nothing was measured."""
    rows = list(answer.only(["status", "why", "reason", "frame_id"]).rows())
    counted = Counter((status, None if status in ("forced", "limit") else why) for status, why, _, _ in rows)
    words = (f"{n} {status}" + (f" ({why})" if why else "") for (status, why), n in counted.most_common())
    lines = [f"{frames_in_words(len(rows))}: {', '.join(words)}"]
    open_ = [k for s, _, r, k in rows if s == "not detected" and not (r or "").startswith("no forced flux")]
    n = len(open_) - (store.query("frames_without_pixels", frame_ids=open_).rows[0][0] if open_ else 0)
    if n:
        who = f"--object {where[0]}" if is_object else "--target NAME"
        who = who if mover is None else f'--target "{mover.name}"'
        there = "it" if n == 1 else "them"
        lines.append(
            f"{frames_in_words(n)} not yet forced: `photdb forced {who}` measures the flux at the place in {there}"
        )
    if n < len(open_):
        lines.append(f"{frames_in_words(len(open_) - n)} imported: no pixels are here, so that nothing can be forced")
    return lines


def _sky(
    db: Path | None, picture: Path | None, moc: Path | None, order: int | None, band: str | None, *, overwrite: bool
) -> None:
    """Draw and write what was observed."""
    from photdb.asking import moc as mocs
    from photdb.asking.sky_map import sky_map
    from photdb.output.formats import appearing
    from photdb.output.plot_style import refuse_unknown

    kind = mocs.format_of_moc(moc) if moc is not None else ""
    if picture is not None:
        refuse_unknown(picture)
    for path in filter(None, (picture, moc)):
        tables.refuse_existing(path, overwrite=overwrite)
    with Database.open(store_path(db)) as store:
        found = sky_map(store, band=band, order=order)
    cells = found.cells()
    area = len(cells) * 41252.96 / (12 * 4**found.order)
    if moc is not None:
        with appearing(moc) as temporary:
            mocs.write_moc(found.ranges(), temporary, kind, found.order)
        console.note(f"MOC in {moc}")
    if picture is not None:
        from photdb.output.plot_coverage import draw

        with appearing(picture) as temporary:
            draw(found.bands, found.order, temporary, title=f"{area:.4g} square degrees observed")
        console.note(f"drawn in {picture}")
    console.note(f"{area:.4g} square degrees were observed, in cells of order {found.order}")
