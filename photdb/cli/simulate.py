"""``photdb simulate``: nights of frames with known truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

_SKY, _TELESCOPE, _AIR, _FRAME = "Stars", "Telescope and detector", "Air and light", "Pointing and frames"


def simulate(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="New or empty folder, or one an earlier simulation wrote.")
    ],
    seed: Annotated[int, typer.Option(help="The same seed and options give the same files, bit for bit.")] = 1,
    nights: Annotated[int, typer.Option(help="Nights.")] = 1,
    frames: Annotated[int, typer.Option(help="Light frames per band and night.")] = 20,
    bands: Annotated[str, typer.Option(help="Letters out of B V R g r i.")] = "r",
    size: Annotated[str, typer.Option(help="Pixels: 1024, or 1200x800 (width x height).")] = "1024",
    scale: Annotated[float, typer.Option(help="Arcsec per pixel.")] = 1.5,
    field: Annotated[tuple[float, float], typer.Option(metavar="RA DEC", help="Centre, deg.")] = (41.58, -30.27),
    object_name: Annotated[str, typer.Option("--object", help="OBJECT of the headers.")] = "SIM-1",
    date: Annotated[str, typer.Option(help="Evening of the first night at the site.")] = "2025-11-18",
    hours: Annotated[
        float, typer.Option(help="A night's frames are spread over this, less where the field sets.")
    ] = 6.0,
    exptime: Annotated[float, typer.Option(help="Seconds.")] = 60.0,
    calibrations: Annotated[int, typer.Option(help="Bias, dark, flat (per band) frames a night.")] = 5,
    stars: Annotated[int, typer.Option(help="Stars on a frame.", rich_help_panel=_SKY)] = 500,
    brightest: Annotated[float, typer.Option(help="r of the brightest.", rich_help_panel=_SKY)] = 10.5,
    faintest: Annotated[float, typer.Option(help="r of the faintest.", rich_help_panel=_SKY)] = 19.5,
    variables: Annotated[int, typer.Option(help="Sine and sawtooth variables in turn.", rich_help_panel=_SKY)] = 6,
    amplitude: Annotated[float, typer.Option(help="Half their range, mag.", rich_help_panel=_SKY)] = 0.3,
    period: Annotated[
        tuple[float, float], typer.Option(metavar="MIN MAX", help="Their periods, days.", rich_help_panel=_SKY)
    ] = (0.15, 0.6),
    eclipses: Annotated[
        int, typer.Option(help="Stars eclipsed in the middle of every night.", rich_help_panel=_SKY)
    ] = 1,
    eclipse_depth: Annotated[float, typer.Option(help="mag.", rich_help_panel=_SKY)] = 0.1,
    eclipse_hours: Annotated[float, typer.Option(help="First to last contact.", rich_help_panel=_SKY)] = 2.5,
    transients: Annotated[int, typer.Option(help="Stars that appear half-way and fade.", rich_help_panel=_SKY)] = 0,
    asteroids: Annotated[int, typer.Option(help="Bodies that move.", rich_help_panel=_SKY)] = 0,
    asteroid_rate: Annotated[float, typer.Option(help="Arcsec per hour.", rich_help_panel=_SKY)] = 30.0,
    movers: Annotated[int, typer.Option(help="Stars with 100 to 1000 mas/yr.", rich_help_panel=_SKY)] = 0,
    catalog_noise: Annotated[float, typer.Option(help="Error of refcat.csv, mag.", rich_help_panel=_SKY)] = 0.02,
    catalog_outliers: Annotated[
        float, typer.Option(help="Share of it wrong by 0.2-1 mag.", rich_help_panel=_SKY)
    ] = 0.0,
    catalog_limit: Annotated[float, typer.Option(help="Its faintest r.", rich_help_panel=_SKY)] = 18.0,
    diameter: Annotated[float, typer.Option(help="m.", rich_help_panel=_TELESCOPE)] = 0.5,
    gain: Annotated[float, typer.Option(help="e-/ADU.", rich_help_panel=_TELESCOPE)] = 1.6,
    read_noise: Annotated[float, typer.Option(help="e-.", rich_help_panel=_TELESCOPE)] = 7.0,
    bias: Annotated[float, typer.Option(help="ADU.", rich_help_panel=_TELESCOPE)] = 1000.0,
    dark: Annotated[float, typer.Option(help="e-/s.", rich_help_panel=_TELESCOPE)] = 0.02,
    hot_pixels: Annotated[float, typer.Option(help="Share of pixels.", rich_help_panel=_TELESCOPE)] = 2e-5,
    saturation: Annotated[
        float, typer.Option(help="SATURATE, ADU; pixels are full 5 % above.", rich_help_panel=_TELESCOPE)
    ] = 62000.0,
    latitude: Annotated[float, typer.Option(help="deg.", rich_help_panel=_TELESCOPE)] = -30.2,
    longitude: Annotated[float, typer.Option(help="deg east.", rich_help_panel=_TELESCOPE)] = -70.7,
    elevation: Annotated[float, typer.Option(help="m.", rich_help_panel=_TELESCOPE)] = 2200.0,
    fwhm: Annotated[float, typer.Option(help="Seeing at the zenith, arcsec.", rich_help_panel=_AIR)] = 4.5,
    fwhm_scatter: Annotated[float, typer.Option(help="Relative, frame to frame.", rich_help_panel=_AIR)] = 0.08,
    beta: Annotated[float, typer.Option(help="Moffat exponent 2 to 6; 0: Gaussian.", rich_help_panel=_AIR)] = 3.2,
    psf_gradient: Annotated[
        float, typer.Option(help="Growth of the FWHM from centre to corner.", rich_help_panel=_AIR)
    ] = 0.0,
    clouds: Annotated[float, typer.Option(help="Typical cloud, mag.", rich_help_panel=_AIR)] = 0.0,
    extinction: Annotated[float, typer.Option(help="Times the usual mag per airmass.", rich_help_panel=_AIR)] = 1.0,
    colour_terms: Annotated[float, typer.Option(help="Times the usual.", rich_help_panel=_AIR)] = 1.0,
    scintillation: Annotated[float, typer.Option(help="Times Young's formula.", rich_help_panel=_AIR)] = 1.0,
    night_drift: Annotated[
        float, typer.Option(help="Fall of the zero point, mag per night.", rich_help_panel=_AIR)
    ] = 0.03,
    sky: Annotated[float, typer.Option(help="mag added to the usual sky; -3: moonlight.", rich_help_panel=_AIR)] = 0.0,
    sky_gradient: Annotated[float, typer.Option(help="Relative, left to right.", rich_help_panel=_AIR)] = 0.1,
    vignetting: Annotated[float, typer.Option(help="Light lost in the corners.", rich_help_panel=_AIR)] = 0.15,
    flat_noise: Annotated[float, typer.Option(help="Response, pixel to pixel.", rich_help_panel=_AIR)] = 0.01,
    cosmic_rays: Annotated[float, typer.Option(help="Per million pixels and minute.", rich_help_panel=_AIR)] = 6.0,
    pointing_error: Annotated[float, typer.Option(help="Of a night's headers, arcsec.", rich_help_panel=_FRAME)] = 20.0,
    dither: Annotated[float, typer.Option(help="Arcsec.", rich_help_panel=_FRAME)] = 5.0,
    drift: Annotated[float, typer.Option(help="Arcsec per hour, eastward.", rich_help_panel=_FRAME)] = 10.0,
    rotation: Annotated[float, typer.Option(help="Position angle of +y, deg.", rich_help_panel=_FRAME)] = 1.3,
    flip: Annotated[bool, typer.Option(help="Turned by 180 deg after the meridian.", rich_help_panel=_FRAME)] = True,
    mirrored: Annotated[bool, typer.Option(help="Mirror image.", rich_help_panel=_FRAME)] = False,
    sip: Annotated[float, typer.Option(help="Distortion at the edges, pixels.", rich_help_panel=_FRAME)] = 0.0,
    wcs: Annotated[str, typer.Option(help="In the headers: none, rough or exact.", rich_help_panel=_FRAME)] = "none",
) -> None:
    """Write nights of raw frames whose every star is known.

    DIR/night-N/ holds bias, dark, flat and light frames, DIR/refcat.csv a reference catalogue, DIR/truth/ the tables
    stars, frames and lightcurves.

    Example: photdb simulate sky --nights 3 --bands gr --clouds 0.3
    """
    options: dict[str, Any] = dict(locals())
    from photdb.jobs.simulate import simulate as run

    folder = options.pop("folder")
    done = run(folder, **options | {"size": _size(size), "beta": beta or None})
    nights_done = f"{len(done.nights)} night{'s' * (len(done.nights) > 1)}"
    typer.echo(
        f"{done.n_lights} light frames in {nights_done}, {done.n_stars} stars, {done.n_points} true measurements "
        f"in {done.folder}"
    )
    typer.echo(f"next: photdb refcat add {done.catalog} --catalog gaiaxp && photdb ingest {done.folder}", err=True)


def _size(text: str) -> int | tuple[int, int]:
    """Return the pixels of ``1024`` or ``1200x800``."""
    from photdb.errors import UsageError

    parts = text.lower().split("x")
    if not all(part.strip().isdigit() for part in parts) or len(parts) > 2:
        raise UsageError(f"--size {text!r} is not a size", "write it as 1024, or 1200x800 (width x height)")
    return int(parts[0]) if len(parts) == 1 else (int(parts[0]), int(parts[1]))
