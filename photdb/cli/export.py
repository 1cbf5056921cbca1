"""``photdb export``: whole tables into files of other programs, the whole store into a collection."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from photdb import query
from photdb.asking.measured import measured_within
from photdb.cli import console, tables
from photdb.cli.ask import say_calibration, say_colours
from photdb.cli.options import AsCalibration, ColourCorrected, Db
from photdb.config import store_path
from photdb.errors import InputError, NotFoundError, UsageError
from photdb.store.database import Database

#: What duckdb may use while it exports, whatever the size of the store.
MEMORY = "2GB"


def export(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="WHAT", help="lightcurve, detection, forced, object, frame or zeropoint; --format hats takes none."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The file; with --partition, --format hats or ezphot the folder."
        ),
    ] = None,
    object_id: Annotated[
        list[int] | None, typer.Option("--object", metavar="ID", help="Only of this object; may be given again.")
    ] = None,
    cone: Annotated[
        tuple[str, str, float] | None,
        typer.Option(metavar="RA DEC RADIUS", help="Only of the objects around a position; radius in arcsec."),
    ] = None,
    target: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only of the object of this name, or at this target.")
    ] = None,
    band: Annotated[str | None, typer.Option(metavar="NAME", help="Only of one band.")] = None,
    colour_corrected: ColourCorrected = False,
    calibration: AsCalibration = None,
    db: Db = None,
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="csv, json, parquet, votable or fits (default: by the suffix of --output); ezphot for detections, pp "
            "for the light curve of one object, mpc and ades for positions of moving targets, aavso; hats for a "
            "collection of everything.",
        ),
    ] = None,
    partition: Annotated[
        bool, typer.Option("--partition", help="A folder of Parquet by HEALPix cell: norder=K/npix=P.")
    ] = False,
    rows: Annotated[
        int | None,
        typer.Option(
            "--rows-per-partition", metavar="N", help="Split cells of the sky above so many rows (default: 1000000)."
        ),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(metavar="ARCSEC", help="--format hats: width of the margins (default: 10; 0: none)."),
    ] = None,
    append: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="--format hats: bring this collection up to date; the rest of it is kept."),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="What a format wants to be told: --format aavso --set obscode=XYZ."
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file or folder that is there.")] = False,
) -> None:
    """Write light curves, detections, objects, frames to a file or collection.

    Sorted, with units and meanings where the format has room for them (VOTable, FITS, HATS). The file or folder appears
    when it is complete, and memory stays small.

    --format hats writes what LSDB and Dask open: objects with nested light curves, sources, margins, an index.
    --format ezphot writes a folder with one catalogue a frame, --format pp the photometry_<target>.dat of one object,
    --format ades and mpc what the Minor Planet Center takes: measured places of moving targets, never predicted ones.

    Example: photdb export lightcurve --cone 41.58 -30.27 60 --output field.fits

    Example: photdb export --format hats --output survey.hats

    Example: photdb export --format hats --append survey.hats

    Example: photdb export lightcurve --partition --output survey

    Example: photdb export detection --format ezphot --output catalogues

    Example: photdb export --format pp --target "(5945) Roachapproach"

    Example: photdb export --format ades --target "2018 AA1" --set observers="J. Doe" --set astcat=Gaia2 -o report.psv

    Example: photdb export lightcurve --target "AG Peg" --band V --format aavso --set obscode=XYZ --output agpeg.txt
    """
    from photdb.output import formats

    if sum(map(bool, (object_id, cone, target))) > 1:
        raise UsageError("--object, --cone and --target exclude each other", "give one of them")
    chosen = Chosen(object_id, cone, target, band)
    if format in formats.collections():
        _refuse_for_collection(what, colour_corrected=colour_corrected, partition=partition)
        job = formats.collections()[format or ""]
        _collection(job, output, append, chosen, rows, margin, calibration, store_path(db), overwrite=overwrite)
        return
    if append is not None or margin is not None:
        raise UsageError(f"{'--append' if append else '--margin'} is for collections", "--format hats")
    what = what or formats.programs().get(format or "")
    output = output or _named_after(target, format)
    if what is None:
        raise UsageError("export what?", f"one of {', '.join(query.EXPORTS)}; or --format hats for everything")
    if output is None:
        raise UsageError("no --output", "name a file, or with --partition a folder")
    if rows is not None and not partition:
        raise UsageError("--rows-per-partition needs --partition", "or --format hats")
    if partition and format not in (None, "parquet"):
        raise UsageError(f"--partition writes Parquet, not {format}", "leave --format away")
    question = _question(what, format)
    with _opened(store_path(db), calibration, whole=partition) as store:
        objects, targets = chosen.objects_and_targets(store, what)
        if partition:
            n = _partitioned(store, what, output, objects, targets, band, rows, colour_corrected, overwrite=overwrite)
        else:
            answer = query.export(
                store, what, objects=objects, band=band, colour_corrected=colour_corrected, question=question,
                targets=targets,
            )  # fmt: skip
            _refuse_existing(output, overwrite=overwrite)
            options = _pairs(set_)
            if format in formats.programs():
                from photdb.jobs.reports import completed

                formats.checked_options(format or "", options)
                answer = completed(store, answer, objects, options.get("reject"), targets=targets)
            n = tables.show(answer, format=format, output=output, overwrite=overwrite, options=options)
        if what == "lightcurve" and n:
            _say_alone(store, objects, targets, band, format)
        if colour_corrected and n:
            say_colours(store, objects, band)
        say_calibration(store, calibration, objects)
    if not n:
        raise NotFoundError(f"nothing to export: {output} has no rows", "`photdb status` says what the store holds")


def _named_after(target: str | None, format: str | None) -> Path | None:
    """Return the file that a format names after its target; None: it does not."""
    if target is None or format != "pp":
        return None
    from photdb.output import pp

    return Path(pp.file_name(target))


def _pairs(words: list[str] | None) -> dict[str, str]:
    """Return ``name=value`` words as a dictionary."""
    found = {}
    for word in words or []:
        name, equals, value = word.partition("=")
        if not (name and equals):
            raise UsageError(f"--set {word!r}", "write --set name=value")
        found[name.strip()] = value.strip()
    return found


@dataclass(frozen=True)
class Chosen:
    """What of a store is wanted, as it was typed."""

    object_id: list[int] | None
    cone: tuple[str, str, float] | None
    target: str | None
    band: str | None

    def objects(self, store: Database) -> list[int] | None:
        """Return the objects; None: all."""
        if self.target:
            return [query.resolve(store, [self.target]).object_id]
        if self.cone:
            return _objects(store, *self.cone)
        return [query.object_by_id(store, i).object_id for i in self.object_id] if self.object_id else None

    def objects_and_targets(self, store: Database, what: str) -> tuple[list[int] | None, list[int] | None]:
        """Return the objects (None: all), and of light curves and forced fluxes the targets that may have none."""
        if what not in ("forced", "lightcurve") or not (self.target or self.cone):
            return self.objects(store), None
        if self.cone:
            return _objects_and_targets(store, *self.cone) if what == "lightcurve" else (self.objects(store), None)
        found = query.resolve_measured(store, [self.target or ""])
        mine = None if found.target_id is None else [found.target_id]
        return [] if found.object_id == query.NO_OBJECT else [found.object_id], mine

    def words(self) -> str | None:
        """Return in words which objects; None: all."""
        if self.target:
            return f"target {self.target}"
        if self.cone:
            return f"the objects within {self.cone[2]:g} arcsec of {self.cone[0]} {self.cone[1]}"
        return f"objects {', '.join(map(str, self.object_id))}" if self.object_id else None


def _opened(path: Path, calibration: int | None, *, whole: bool) -> Database:
    """Open a store for an export; one that works in pieces needs the file itself."""
    if whole and str(path).startswith("quack:"):
        raise UsageError(f"{path}: a folder is exported from the file itself", "`photdb snapshot` makes a copy of it")
    return Database.open(path, calibration=calibration, memory_limit=MEMORY)


def _refuse_for_collection(what: str | None, **given: bool) -> None:
    """Refuse what a collection has no room for."""
    if what is not None:
        raise UsageError(f"a collection holds everything, not {what}s alone", "leave WHAT away")
    for name in (n for n, value in given.items() if value):
        raise UsageError(f"--{name.replace('_', '-')} is not for collections", "leave it away")


def _collection(
    name: str,
    output: Path | None,
    append: Path | None,
    chosen: Chosen,
    rows: int | None,
    margin: float | None,
    calibration: int | None,
    path: Path,
    *,
    overwrite: bool,
) -> None:
    """Write a collection, or bring one up to date."""  # fmt: skip
    from importlib import import_module

    job: Any = import_module(f"photdb.jobs.{name}")
    if (output is None) == (append is None):
        raise UsageError("a collection needs --output DIR (a new one) or --append DIR (that one)", "give one of them")
    if append is not None:
        if chosen != Chosen(None, None, None, None) or rows is not None or margin is not None or overwrite:
            raise UsageError("--append keeps what the collection holds", "choose when it is written: --output DIR")
        calibration = job.choice_of(append).calibration if calibration is None else calibration
        with _opened(path, calibration, whole=True) as store:
            done = job.append(store, append, calibration=calibration)
    else:
        assert output is not None
        choice = job.Choice(
            chosen.band, calibration, job.ROWS if rows is None else rows, job.MARGIN if margin is None else margin,
            chosen.words(),
        )  # fmt: skip
        with _opened(path, calibration, whole=True) as store:
            done = job.export(store, output, choice, objects=chosen.objects(store), overwrite=overwrite)
            say_calibration(store, calibration, None)
    for line in done.lines():
        console.note(line)
    console.note(f"{append or output}: open it with lsdb.open_catalog({str(append or output)!r})")


def _partitioned(
    store: Database,
    what: str,
    output: Path,
    objects: list[int] | None,
    targets: list[int] | None,
    band: str | None,
    rows: int | None,
    colour_corrected: bool,
    *,
    overwrite: bool,
) -> int:
    """Write a folder of Parquet by cell; return the number of rows."""  # fmt: skip
    from photdb.jobs import export_partitioned

    n = export_partitioned.export(
        store, what, output, objects=objects, targets=targets, band=band, colour_corrected=colour_corrected,
        rows=export_partitioned.ROWS if rows is None else rows, overwrite=overwrite,
    )  # fmt: skip
    console.note(f"{n} rows in {output}")
    return n


def _refuse_existing(output: Path, *, overwrite: bool) -> None:
    """Refuse to replace a file that nobody said may go."""
    if output.is_file() and not overwrite:
        raise InputError(f"{output}: exists", "--overwrite replaces it, or name another file")


def _question(what: str, format: str | None) -> str | None:
    """Return the query that a format of another program asks, None for a format that holds any rows."""
    from photdb.output import formats

    of = formats.programs().get(format or "")
    if of is None:
        return None
    if of != what:
        raise UsageError(f"--format {format} holds {of}s, not {what}s", f"photdb export {of} --format {format}")
    return str(formats.format_of(format or "").QUESTION)


def _objects_and_targets(store: Database, ra: str, dec: str, radius: float) -> tuple[list[int], list[int]]:
    """Return the objects of a cone, and the targets there that stand still and have no object."""
    position = query.place(store, [ra, dec])
    near = measured_within(store, *position, radius=query.refuse_no_radius(radius))
    targets = [t.target_id for t in near if t.object_id is None]
    try:
        return _objects(store, ra, dec, radius), targets
    except NotFoundError:
        if not targets:
            raise
        return [], targets


def _say_alone(
    store: Database, objects: list[int] | None, targets: list[int] | None, band: str | None, format: str | None
) -> None:
    """Say whose points have no object, so that nobody takes the empty object_id for a fault."""
    from photdb.output import formats

    if format in formats.programs():
        return
    alone = store.query("targets_alone", targets=None if objects is None else targets or [], band=band).dicts()
    if alone:
        names = ", ".join(t["name"] for t in alone[:3]) + (", ..." if len(alone) > 3 else "")
        console.note(
            f"{sum(t['n_point'] for t in alone)} points are of targets without an object ({names}): object_id is "
            "empty, target_id and target say whose they are"
        )


def _objects(store: Database, ra: str, dec: str, radius: float) -> list[int]:
    """Return the objects of a cone."""
    position = query.place(store, [ra, dec])
    found = store.query("cone_ids", ra=position[0], dec=position[1], radius=query.refuse_no_radius(radius)).rows
    if not found:
        raise query.nothing_there(store, *position, radius)
    return [row[0] for row in found]
