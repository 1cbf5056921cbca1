"""``photdb ingest``: frames in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from photdb.errors import UsageError

if TYPE_CHECKING:
    from photdb.jobs.ingest_settings import MaskCircle

_MEASURE, _SKY, _WCS, _RUN = "Detection and measurement", "Sky and masks", "Registration and calibration", "Run"


def ingest(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Folders (with all below them) and files.")],
    db: Annotated[Path | None, typer.Option(help="The store (default: $PHOTDB, else photdb.duckdb).")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes (default: one a processor).", rich_help_panel=_RUN)
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="tcp://HOST:PORT",
            help="Measure with the workers of a Dask cluster instead (pip install 'photdb[dask]').",
            rich_help_panel=_RUN,
        ),
    ] = None,
    reprocess: Annotated[
        bool, typer.Option("--reprocess", help="Measure again what the store has; ids stay.", rich_help_panel=_RUN)
    ] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Try again the frames that failed.", rich_help_panel=_RUN)
    ] = False,
    aperture: Annotated[
        str,
        typer.Option(
            metavar="SIZE",
            help="Primary aperture, a diameter: 3frame-fwhm, 3fwhm (of the night's median), 7arcsec, or growth.",
            rich_help_panel=_MEASURE,
        ),
    ] = "3frame-fwhm",
    apertures: Annotated[
        str,
        typer.Option(
            metavar="default|grid",
            help="Apertures beside it: 5, 7, 10 arcsec and 2.5, 3, 3.5 FWHM; or a grid of 52.",
            rich_help_panel=_MEASURE,
        ),
    ] = "default",
    threshold: Annotated[
        float, typer.Option(help="Detection threshold, sigma of the noise map.", rich_help_panel=_MEASURE)
    ] = 1.5,
    min_pixels: Annotated[int, typer.Option(help="Pixels that make a source.", rich_help_panel=_MEASURE)] = 5,
    min_stars: Annotated[int, typer.Option(help="A frame with fewer sources fails.", rich_help_panel=_MEASURE)] = 1,
    local_background: Annotated[
        bool,
        typer.Option(
            "--local-background/--no-local-background",
            help="Sky of an annulus around each source.",
            rich_help_panel=_MEASURE,
        ),
    ] = True,
    scintillation: Annotated[
        bool,
        typer.Option(
            "--scintillation/--no-scintillation",
            help="In the errors, where the telescope's size and height are known.",
            rich_help_panel=_MEASURE,
        ),
    ] = True,
    psf: Annotated[
        bool,
        typer.Option(
            "--psf",
            help="Also fit the stars' profile to every source, together with its neighbours: flux_psf.",
            rich_help_panel=_MEASURE,
        ),
    ] = False,
    background: Annotated[
        str, typer.Option(metavar="map|constant", help="Sky as a map or as one number.", rich_help_panel=_SKY)
    ] = "map",
    background_box: Annotated[int, typer.Option(help="Boxes of the map, px.", rich_help_panel=_SKY)] = 64,
    background_filter: Annotated[
        int, typer.Option(help="Median filter over the boxes, boxes.", rich_help_panel=_SKY)
    ] = 3,
    background_map: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|FOLDER",
            help="A FITS map to use as the sky, or a folder to write ours to.",
            rich_help_panel=_SKY,
        ),
    ] = None,
    noise_map: Annotated[
        Path | None,
        typer.Option(metavar="FILE|FOLDER", help="The same for the noise of the sky.", rich_help_panel=_SKY),
    ] = None,
    mask: Annotated[
        Path | None, typer.Option(help="FITS image, not zero where pixels are bad.", rich_help_panel=_SKY)
    ] = None,
    mask_circle: Annotated[
        list[str] | None,
        typer.Option(
            metavar='"RA DEC R"',
            help="A place on the sky not to be measured, radius in arcsec; may be given again.",
            rich_help_panel=_SKY,
        ),
    ] = None,
    cosmic: Annotated[
        bool, typer.Option("--cosmic/--no-cosmic", help="Mask cosmic rays.", rich_help_panel=_SKY)
    ] = True,
    pattern: Annotated[
        bool,
        typer.Option(
            "--pattern/--no-pattern",
            help="Subtract the fixed pattern where darks are missing and the field drifts.",
            rich_help_panel=_SKY,
        ),
    ] = True,
    wcs: Annotated[
        bool,
        typer.Option("--wcs/--no-wcs", help="Without: instrumental fluxes only (trailed stars).", rich_help_panel=_WCS),
    ] = True,
    offline: Annotated[
        bool,
        typer.Option(
            "--offline",
            help="Do not look for a network; else reference stars that a field lacks are fetched where there is one.",
            rich_help_panel=_WCS,
        ),
    ] = False,
    calibrate_as: Annotated[
        str | None,
        typer.Option(metavar="BAND", help="Tie unfiltered frames to a catalogue band, as VT.", rich_help_panel=_WCS),
    ] = None,
) -> None:
    r"""Reduce, register and measure frames, and write them to the store, night by night.

    A night is in the store when its line is printed. Files are told by content: what is there already is passed
    over, whatever its name, and what a killed run left is finished by the next. Your files are never written to.

    Example: photdb ingest night/ --db survey.duckdb

    Example: photdb ingest night/ --aperture 3fwhm --apertures grid

    Example: photdb ingest crowded/ --psf

    Example: photdb ingest night/ --scheduler tcp://head-node:8786
    """
    from photdb import progress
    from photdb.config import store_path
    from photdb.jobs.ingest import ingest as run
    from photdb.jobs.ingest_settings import IngestSettings
    from photdb.photometry.settings import MeasureSettings, PrimaryRule

    settings = IngestSettings(
        measure=MeasureSettings(
            background=_one_of("--background", background, "map", "constant"),  # type: ignore[arg-type]
            background_box=background_box,
            background_filter=background_filter,
            threshold_sigma=threshold,
            min_pixels=min_pixels,
            local_background=local_background,
            apertures=_one_of("--apertures", apertures, "default", "grid"),  # type: ignore[arg-type]
            primary=PrimaryRule.parse(aperture),
            min_stars=min_stars,
        ),
        solve=wcs,
        cosmic=cosmic,
        use_pattern=pattern,
        mask=_existing("--mask", mask),
        mask_circles=tuple(_circle(text) for text in mask_circle or ()),
        background_map=_map("--background-map", background_map),
        noise_map=_map("--noise-map", noise_map),
        calibrate_as=calibrate_as,
        scintillation=scintillation,
        psf=psf,
    )
    if workers is not None and scheduler is not None:
        raise UsageError("--workers and --scheduler exclude each other", "the cluster has as many workers as it has")
    summary = run(
        paths,
        store=store_path(db),
        settings=settings,
        workers=workers,
        scheduler=scheduler,
        reprocess=reprocess,
        retry=retry,
        fetch=not offline,
    )
    progress.say(summary.line())


def _one_of(option: str, word: str, *words: str) -> str:
    """Return a word that is one of those allowed."""
    if word not in words:
        raise UsageError(f"{option} {word!r} is not one of {', '.join(words)}")
    return word


def _existing(option: str, path: Path | None) -> Path | None:
    """Return a file that is there."""
    if path is not None and not path.is_file():
        raise UsageError(f"{option} {path}: no such file")
    return path.absolute() if path is not None else None


def _map(option: str, path: Path | None) -> Path | None:
    """Return a FITS file that is there, or the folder to write maps to."""
    if path is None:
        return None
    if ".fit" in path.name.lower() and not path.is_dir():
        return _existing(option, path)
    return path.absolute()


def _circle(text: str) -> MaskCircle:
    """Read ``RA DEC RADIUS``."""
    from photdb.jobs.ingest_settings import MaskCircle
    from photdb.sky import parse_dec, parse_ra

    words = text.replace(",", " ").split()
    try:
        ra, dec, radius = words
        return MaskCircle(parse_ra(ra), parse_dec(dec), float(radius))
    except ValueError:
        raise UsageError(
            f"--mask-circle {text!r} is not RA DEC RADIUS", 'write "02:04:10.3 +46:41:16 30", the radius in arcsec'
        ) from None
