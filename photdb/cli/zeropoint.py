"""``photdb zeropoint``: calibrate frames again, list calibrations and zero points."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from photdb.cli import console, headers, zeropoint_plots, zeropoint_versions
from photdb.cli.options import Db
from photdb.config import store_path

app = typer.Typer(help="Calibrate frames: zero points as versions that can be compared.", invoke_without_command=True)
app.command("plot")(zeropoint_plots.plot)

_STARS, _FIT, _VERSION = "Which stars", "The fit", "The version"


@app.callback()
def zeropoint(
    context: typer.Context,
    frames: Annotated[
        str | None, typer.Option(metavar="ID,ID-ID,...", help="Only these frames: 3,7-12. Default: all.")
    ] = None,
    explain: Annotated[
        int | None,
        typer.Option(
            metavar="FRAME", help="Calibrate nothing: say what each cut left of this frame's stars, and draw them."
        ),
    ] = None,
    cal: Annotated[
        int | None, typer.Option(metavar="ID", help="With --explain: this calibration. Default: the one in use.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --explain: where to draw. Default: zp_frame_ID.png.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="With --plot: replace a picture that is there.")
    ] = False,
    format: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --explain: of the counts: table, csv or json.")
    ] = None,
    catalog: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only reference stars of this catalogue; several: in this order."),
    ] = None,
    calibrate_as: Annotated[
        str | None,
        typer.Option(metavar="BAND", help="Tie bands that no catalogue has to this one of a catalogue: VT."),
    ] = None,
    min_stars: Annotated[
        float | None,
        typer.Option(
            metavar="N",
            help="With fewer stars the next catalogue is tried, and a zero point is flagged; below 1 a share. "
            "Default: 3; of pp 0.5.",
        ),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="catalogue (frames together, with star offsets), frame (each by itself), ubercal (the frames hold "
            "each other), pp (PHOTOMETRYPIPELINE's), manual, instrumental.",
            rich_help_panel=_FIT,
        ),
    ] = "catalogue",
    zp: Annotated[
        tuple[float, float] | None,
        typer.Option(metavar="MAG ERR", help="This zero point, for all frames.", rich_help_panel=_FIT),
    ] = None,
    colour_term: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="auto and shared (one a detector, band and season), frame (one a frame), none, or its value.",
            rich_help_panel=_FIT,
        ),
    ] = "auto",
    colour: Annotated[
        str | None,
        typer.Option(metavar="INDEX", help="Colour index of the term: g-i. Default: by band.", rich_help_panel=_FIT),
    ] = None,
    magnitude_term: Annotated[
        bool, typer.Option("--magnitude-term", help="Fit a term in magnitude.", rich_help_panel=_FIT)
    ] = False,
    spatial: Annotated[
        int, typer.Option(metavar="N", help="Order of a polynomial over the detector, 0 to 3.", rich_help_panel=_FIT)
    ] = 0,
    spatial_per: Annotated[
        str, typer.Option(metavar="KIND", help="shared (one a season) or frame.", rich_help_panel=_FIT)
    ] = "shared",
    extinction: Annotated[
        bool, typer.Option("--extinction", help="Say the extinction of each night.", rich_help_panel=_FIT)
    ] = False,
    robust: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="auto (median under 20 stars, else biweight), median, biweight, huber.",
            rich_help_panel=_FIT,
        ),
    ] = "auto",
    primary_only: Annotated[
        bool,
        typer.Option("--primary-only", help="Leave out the other apertures: quicker.", rich_help_panel=_FIT),
    ] = False,
    snr: Annotated[
        float, typer.Option(min=0.0, help="Least signal to noise of a star.", rich_help_panel=_STARS)
    ] = 10.0,
    max_snr: Annotated[
        float | None, typer.Option(metavar="S/N", help="Largest signal to noise.", rich_help_panel=_STARS)
    ] = None,
    mag: Annotated[
        str | None,
        typer.Option(
            metavar="LO,HI",
            help="Reference magnitudes; auto finds where stars saturate and where they are too faint, frame by frame.",
            rich_help_panel=_STARS,
        ),
    ] = None,
    fwhm: Annotated[
        str | None, typer.Option(metavar="LO,HI", help="FWHM of a star, arcsec.", rich_help_panel=_STARS)
    ] = None,
    fwhm_sigma: Annotated[
        float | None, typer.Option(metavar="K", help="FWHM within so many sigma.", rich_help_panel=_STARS)
    ] = None,
    elongation: Annotated[
        float | None, typer.Option(metavar="MAX", help="Largest a/b.", rich_help_panel=_STARS)
    ] = None,
    elongation_sigma: Annotated[
        float | None, typer.Option(metavar="K", help="a/b within so many sigma.", rich_help_panel=_STARS)
    ] = None,
    class_star: Annotated[
        float | None, typer.Option(metavar="MIN", help="Least class_star.", rich_help_panel=_STARS)
    ] = None,
    inner: Annotated[
        float | None, typer.Option(metavar="SHARE", help="Only the inner part of the frame.", rich_help_panel=_STARS)
    ] = None,
    isolation: Annotated[
        float | None, typer.Option(metavar="ARCSEC", help="No other detection nearer.", rich_help_panel=_STARS)
    ] = None,
    max_flag: Annotated[
        int | None,
        typer.Option(metavar="N", help="Largest value of the flags' first eight bits.", rich_help_panel=_STARS),
    ] = None,
    mask_flags: Annotated[
        int | None,
        typer.Option(
            metavar="BITS", help="Flags that leave a star out: 16 bad pixel, 32 cosmic ray.", rich_help_panel=_STARS
        ),
    ] = None,
    max_ref_err: Annotated[
        float | None,
        typer.Option(metavar="MAG", help="Largest error of a reference magnitude.", rich_help_panel=_STARS),
    ] = None,
    doubtful: Annotated[
        bool, typer.Option("--doubtful", help="Also stars the catalogue calls doubtful.", rich_help_panel=_STARS)
    ] = False,
    solar: Annotated[
        bool, typer.Option("--solar", help="Only stars of solar colours.", rich_help_panel=_STARS)
    ] = False,
    variables: Annotated[
        bool, typer.Option("--variables", help="Also known variables (of vsx).", rich_help_panel=_STARS)
    ] = False,
    max_chi2: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="Leave out stars that vary more, in 10 frames of ours or more: 9.", rich_help_panel=_STARS
        ),
    ] = None,
    activate: Annotated[
        bool,
        typer.Option(
            "--activate/--no-activate", help="Use it from now on, if it is not worse.", rich_help_panel=_VERSION
        ),
    ] = True,
    force: Annotated[
        bool, typer.Option("--force", help="Use it even where it is worse.", rich_help_panel=_VERSION)
    ] = False,
    note: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What this calibration is for.", rich_help_panel=_VERSION)
    ] = None,
    write_headers: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Then write copies of these frames, as `photdb headers` does.", rich_help_panel=_VERSION
        ),
    ] = None,
    db: Db = None,
) -> None:
    """Calibrate the frames of the store anew, as a new calibration that they use from now on.

    Each frame gets a zero point for every aperture: from reference stars in its band, else from stars whose magnitudes
    are transformed to it, else in the band it is tied to (--calibrate-as, or its telescope file), else relative to the
    other frames that share its stars. No pixel and no detection is touched; the calibrations before stay, and are
    listed by `photdb zeropoint list`.

    Example: photdb zeropoint --db photdb.duckdb

    Example: photdb zeropoint --calibrate-as VT --frames 1-25

    Example: photdb zeropoint --method ubercal --spatial 2 --note "star flat of November"

    Example: photdb zeropoint --explain 7
    """
    if context.invoked_subcommand is not None:
        return
    if explain is not None:
        zeropoint_plots.explain(explain, cal=cal, picture=plot, overwrite=overwrite, db=db, format=format)
        return
    from photdb.jobs import zeropoint as job
    from photdb.store.database import Database

    fwhm_lower, fwhm_upper = _limits("--fwhm", fwhm)
    mag_lower, mag_upper = _limits("--mag", None if mag == "auto" else mag)
    given: dict[str, Any] = {} if mask_flags is None else {"mask_flags": mask_flags}
    stars = job.Selection(
        fwhm_lower=fwhm_lower, fwhm_upper=fwhm_upper, inner=inner, isolation_arcsec=isolation, mag_lower=mag_lower,
        mag_upper=mag_upper, dynamic_range=mag == "auto", class_star=class_star, fwhm_sigma=fwhm_sigma,
        elongation=elongation, elongation_sigma=elongation_sigma, max_flag=max_flag, snr=snr, max_snr=max_snr,
        only_good=not doubtful, max_ref_err=max_ref_err, solar=solar, drop_known=not variables, max_chi2=max_chi2,
        **given,
    )  # fmt: skip
    settings = job.ZeropointSettings(
        method="manual" if zp is not None and method == "catalogue" else method, zp=zp, calibrate_as=calibrate_as,
        catalog=tuple(catalog) if catalog else None, min_stars=min_stars, colour_term=_term(colour_term), colour=colour,
        magnitude_term=magnitude_term, spatial=spatial, spatial_per=spatial_per, extinction=extinction, robust=robust,
        primary_only=primary_only, select=stars,
    )  # fmt: skip
    wanted = _numbers(frames)
    with Database.open(store_path(db), read_only=False) as store:
        done = job.calibrate_store(
            store, frame_ids=wanted, settings=settings, activate=activate, force=force, note=note
        )
    for line in (*done.lines, *done.verdicts):
        console.note(line)
    if done.refused is not None:
        raise done.refused
    if activate:
        console.note(
            f"calibration {done.cal_id}: {done.n_active} frames use it now; see `photdb zeropoint list --frames`"
        )
    else:
        console.note(f"calibration {done.cal_id}: kept; `photdb zeropoint activate {done.cal_id}` lets frames use it")
    if write_headers is not None:
        headers.headers(write_headers, frames=frames, calibration=done.cal_id, db=db)


zeropoint_versions.add_to(app)


def _term(word: str) -> str | float:
    """Return a colour term as a word or a number."""
    try:
        return float(word)
    except ValueError:
        return word


def _limits(option: str, word: str | None) -> tuple[float | None, float | None]:
    """Return 12,16.5 as numbers; either may be left out: 12, or ,16.5."""
    from photdb.errors import UsageError

    if word is None:
        return None, None
    low, comma, high = word.partition(",")
    try:
        limits = tuple(float(w) if w.strip() else None for w in (low, high))
    except ValueError:
        limits = (None, None)
    if not comma or limits == (None, None):
        raise UsageError(f"{option}: {word!r} is not a range", "write 12,16.5 (or 12, or ,16.5)")
    if limits[0] is not None and limits[1] is not None and limits[0] >= limits[1]:
        raise UsageError(f"{option}: {word!r} holds nothing", "write the smaller number first: 12,16.5")
    return limits[0], limits[1]


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
