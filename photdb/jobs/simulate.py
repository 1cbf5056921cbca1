"""Nights of raw frames whose every star is known: lights, biases, darks, flats, a reference catalogue and the truth."""

from __future__ import annotations

import json
import logging
import shutil
import zlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from photdb.errors import InputError, UsageError
from photdb.jobs.simulate_nights import Shot, frame_wcs, plan, sky_to_pixels, window
from photdb.jobs.simulate_setup import PASSBANDS, PIVOT, Setup
from photdb.jobs.simulate_stars import ABSENT, Field, draw_field, write_catalog
from photdb.photometry.synthetic import star_image
from photdb.photometry.synthetic_detector import Detector, cosmic_rays, make_bias, make_dark, make_flat
from photdb.photometry.synthetic_sky import scintillation
from photdb.progress import track
from photdb.times import MJD_0, barycentric

if TYPE_CHECKING:
    import polars as pl

log = logging.getLogger(__name__)

#: Written last into the folder of a simulation; says that photdb may write there again.
MARKER = "simulation.json"
TELESCOPE, CAMERA = "SIM-0.5m", "SIMCAM"
FLAT_S, FLAT_ELECTRONS = 4.0, 30000.0
_BEFORE_H = {"bias": 1.6, "dark": 1.4, "flat": 0.9}  # hours before the first light frame


@dataclass(frozen=True, slots=True)
class Simulated:
    """What was written.

    Attributes
    ----------
    folder, nights
        The folder and its folders of raw frames.
    catalog
        Reference catalogue, CSV in VizieR's columns of Gaia XP synthetic photometry.
    stars, frames, lightcurves
        Truth tables, CSV.
    n_lights, n_stars, n_points
        Light frames; stars of the sky; true measurements (stars on frames).
    """

    folder: Path
    nights: tuple[Path, ...]
    catalog: Path
    stars: Path
    frames: Path
    lightcurves: Path
    n_lights: int
    n_stars: int
    n_points: int


def simulate(folder: str | Path, setup: Setup | None = None, **options: Any) -> Simulated:
    """Write a simulated survey into a folder.

    Parameters
    ----------
    folder : path
        New, empty, or holding an earlier simulation, which is replaced.
    setup : Setup, optional
        What to simulate.
    **options
        Fields of `Setup`, over those of ``setup``.

    Returns
    -------
    Simulated

    Raises
    ------
    UsageError
        If an option cannot be followed, or the folder holds something else.
    InputError
        If the folder cannot be written.
    """
    setup = replace(setup or Setup(), **options)
    setup.check()
    for night in range(setup.nights):
        window(setup, night)
    folder = Path(folder)
    _clear(folder)
    field = stars_of(setup)
    (folder / "truth").mkdir()
    write_catalog(folder / "refcat.csv", field, setup, _rng(setup, "catalogue"))
    shots = [shot for night in range(setup.nights) for shot in plan(setup, night, _rng(setup, "night", night))]
    camera = _Camera(setup)
    for night in range(setup.nights):
        _write_calibrations(folder, camera, night)
    truths = [_write_light(folder, camera, field, shot) for shot in track(shots, "simulate", len(shots))]
    counts = _write_truth(folder / "truth", field, truths)
    (folder / MARKER).write_text(json.dumps(asdict(setup), indent=1) + "\n", encoding="utf-8")
    log.info("simulated %d light frames of %d stars in %s", len(shots), field.n, folder)
    return Simulated(
        folder=folder,
        nights=tuple(folder / f"night-{night}" for night in range(setup.nights)),
        catalog=folder / "refcat.csv",
        stars=folder / "truth" / "stars.csv",
        frames=folder / "truth" / "frames.csv",
        lightcurves=folder / "truth" / "lightcurves.csv",
        n_lights=len(shots),
        n_stars=field.n,
        n_points=counts,
    )


def stars_of(setup: Setup) -> Field:
    """Return the stars of a setup, the same each time: their true magnitude at any moment is in them."""
    return draw_field(setup, _rng(setup, "stars"))


def _rng(setup: Setup, what: str, *index: int) -> np.random.Generator:
    """Return the generator of one thing, so that no thing depends on how many numbers another one drew."""
    return np.random.default_rng([setup.seed, zlib.crc32(what.encode()), *index])


def _clear(folder: Path) -> None:
    """Make the folder, or empty it of an earlier simulation; touch nothing else."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file", "name a folder to write the frames into")
    ours = (folder / MARKER).exists()
    old = [*folder.glob("night-*"), *folder.glob("refcat.csv"), *folder.glob("truth"), *folder.glob(MARKER)]
    if old and not ours:
        raise UsageError(f"{folder} holds {old[0].name}, which no simulation has written", "name another folder")
    try:
        for path in old:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder} cannot be written: {error.strerror}", "name a folder that you may write to"
        ) from None


class _Camera:
    """The detector and its flats, and how they become a FITS file."""

    def __init__(self, setup: Setup) -> None:
        shape = (setup.height, setup.width)
        self.setup, self.shape = setup, shape
        self.detector = Detector(
            gain=setup.gain,
            read_noise=setup.read_noise,
            clip=1.05 * setup.saturation,
            bias=make_bias(shape, setup.bias, _rng(setup, "bias")),
            dark=make_dark(shape, setup.dark, setup.hot_pixels, _rng(setup, "dark")),
        )
        self.flats = {
            band: make_flat(shape, setup.vignetting * (1.0 + 0.1 * k), setup.flat_noise, _rng(setup, "flat", k))
            for k, band in enumerate(setup.bands)
        }

    def write(
        self, path: Path, data: NDArray[np.uint16], kind: str, exptime: float, mjd: float, cards: Any = ()
    ) -> None:
        from astropy.io import fits

        setup = self.setup
        header = fits.Header()
        header["TELESCOP"], header["INSTRUME"], header["IMAGETYP"] = TELESCOPE, CAMERA, kind
        header["EXPTIME"] = (exptime, "s")
        header["DATE-OBS"] = (_iso(mjd), "UTC, start of the exposure")
        header["GAIN"], header["RDNOISE"] = (setup.gain, "e-/ADU"), (setup.read_noise, "e-")
        header["SATURATE"] = (setup.saturation, "ADU")
        header["SITELAT"], header["SITELONG"] = (setup.latitude, "deg"), (setup.longitude, "deg, east positive")
        header["SITEELEV"] = (setup.elevation, "m")
        header["APTDIA"], header["PIXSCALE"] = (1000.0 * setup.diameter, "mm"), (setup.scale, "arcsec/pixel")
        header.extend(cards)
        fits.PrimaryHDU(data, header).writeto(path)


def _iso(mjd: float) -> str:
    """Return a moment as FITS writes it, to the millisecond."""
    from astropy.time import Time

    return str(Time(mjd, format="mjd", scale="utc").isot)


def _write_calibrations(folder: Path, camera: _Camera, night: int) -> None:
    """Write the bias, dark and flat frames of one night."""
    setup = camera.setup
    path = folder / f"night-{night}"
    path.mkdir()
    begin = window(setup, night)[0]
    zero = np.zeros(camera.shape)
    for k in range(setup.calibrations):
        rng = _rng(setup, "calibration", night, k)
        at = {kind: begin - hours / 24.0 + k * (setup.exptime + 10.0) / 86400.0 for kind, hours in _BEFORE_H.items()}
        camera.write(path / f"bias-{k}.fits", camera.detector.expose(zero, 0.0, rng), "Bias Frame", 0.0, at["bias"])
        dark = camera.detector.expose(zero, setup.exptime, rng)
        camera.write(path / f"dark-{k}.fits", dark, "Dark Frame", setup.exptime, at["dark"])
        for band, flat in camera.flats.items():
            raw = camera.detector.expose(FLAT_ELECTRONS * (1.0 + 0.05 * k) * flat, FLAT_S, rng)
            cards = [("FILTER", PASSBANDS[band][4])]
            camera.write(path / f"flat-{band}-{k}.fits", raw, "Flat Field", FLAT_S, at["flat"], cards)


@dataclass(frozen=True, slots=True)
class _Truth:
    """What is true of one frame: its own row, and arrays over the stars on it."""

    frame: dict[str, Any]
    stars: dict[str, NDArray[Any]]


def _write_light(folder: Path, camera: _Camera, field: Field, shot: Shot) -> _Truth:
    """Write one light frame and return what is true of it."""
    setup = camera.setup
    rng = _rng(setup, "light", shot.night, shot.number, setup.bands.index(shot.band))
    ra, dec = field.positions(shot.mjd_mid)
    x, y = sky_to_pixels(setup, shot, ra, dec)
    mag = field.magnitudes(shot.band, shot.mjd_mid)
    zero, colour_term, extinction, sky_mag, filter_name = PASSBANDS[shot.band]
    air = setup.extinction * extinction * shot.airmass + shot.cloud + setup.night_drift * shot.night
    zero += 5.0 * np.log10(setup.diameter / 0.5)
    shift = setup.colour_terms * colour_term * (field.mags["g"] - field.mags["i"] - PIVOT)
    electrons = setup.exptime * 10.0 ** (-0.4 * (mag + shift + air - zero))
    near = np.isfinite(x) & (np.abs(x - setup.width / 2) < setup.width) & (np.abs(y - setup.height / 2) < setup.height)
    twinkle = setup.scintillation * scintillation(setup.diameter, setup.exptime, shot.airmass, setup.elevation)
    electrons = np.where(mag < ABSENT, electrons, 0.0)
    seen = electrons * np.maximum(1.0 + twinkle * rng.standard_normal(field.n), 0.0)
    r2 = ((x - setup.width / 2) ** 2 + (y - setup.height / 2) ** 2) / (setup.width**2 + setup.height**2) * 4.0
    fwhm = shot.fwhm_arcsec / setup.scale * (1.0 + setup.psf_gradient * r2)
    sky = setup.exptime * setup.scale**2 * 10.0 ** (-0.4 * (sky_mag + setup.sky - zero))
    image = star_image(camera.shape, x[near], y[near], seen[near], fwhm[near], beta=setup.beta)
    image += sky * (1.0 + setup.sky_gradient * (np.arange(setup.width) / setup.width - 0.5))
    image *= camera.flats[shot.band]
    tracks = setup.cosmic_rays * image.size / 1e6 * setup.exptime / 60.0
    image += cosmic_rays(camera.shape, tracks, rng)
    raw = camera.detector.expose(image, setup.exptime, rng)
    name = f"night-{shot.night}/light-{shot.band}-{shot.number:03d}.fits"
    camera.write(
        folder / name, raw, "Light Frame", setup.exptime, shot.mjd_start, _light_cards(setup, shot, filter_name)
    )
    frame = {
        "night": shot.night, "file": name, "band": shot.band, "mjd_mid": shot.mjd_mid, "exptime": setup.exptime,
        "airmass": shot.airmass, "cloud": shot.cloud, "fwhm_arcsec": shot.fwhm_arcsec,
        "zp": zero - air - 2.5 * np.log10(setup.gain), "sky_adu": sky / setup.gain, "ra": shot.ra, "dec": shot.dec,
        "flipped": shot.flipped,
    }  # fmt: skip
    inside = near & (x > -0.5) & (x < setup.width - 0.5) & (y > -0.5) & (y < setup.height - 0.5) & (mag < ABSENT)
    stars = {
        "id": np.flatnonzero(inside), "ra": ra[inside], "dec": dec[inside], "x": x[inside], "y": y[inside],
        "mag": mag[inside], "electrons": electrons[inside], "flux": electrons[inside] / setup.gain / setup.exptime,
        "saturated": _saturated(raw, x[inside], y[inside], setup.saturation),
        "bjd_tdb": _bjd(setup, shot, ra[inside], dec[inside]),
    }  # fmt: skip
    return _Truth(frame, stars)


def _light_cards(setup: Setup, shot: Shot, filter_name: str) -> list[tuple[str, Any, str]]:
    """Return the cards that only light frames have."""
    from astropy.coordinates import Angle

    ra, dec = Angle(shot.header_ra, "deg"), Angle(shot.header_dec, "deg")
    cards: list[tuple[str, Any, str]] = [
        ("FILTER", filter_name, ""),
        ("OBJECT", setup.object_name, ""),
        ("RA", str(ra.to_string("hour", sep=":", precision=2, pad=True)), "where the telescope believes to point"),
        ("DEC", str(dec.to_string("deg", sep=":", precision=1, pad=True, alwayssign=True)), ""),
        ("AIRMASS", round(shot.airmass, 4), "middle of the exposure"),
        ("PIERSIDE", "WEST" if shot.flipped else "EAST", ""),
    ]
    if setup.wcs != "none":
        exact = setup.wcs == "exact"
        centre = (shot.ra, shot.dec) if exact else (shot.header_ra, shot.header_dec)
        header = frame_wcs(setup, *centre, shot.flipped, distorted=exact).to_header(relax=True)
        cards += [(card.keyword, card.value, card.comment) for card in header.cards]
    return cards


def _saturated(
    raw: NDArray[np.uint16], x: NDArray[np.float64], y: NDArray[np.float64], limit: float
) -> NDArray[np.bool_]:
    """Tell which stars have a saturated pixel at or beside their centre."""
    full = np.pad(raw >= limit, 1)
    i, j = np.rint(y).astype(int), np.rint(x).astype(int)
    return np.asarray(np.any([full[i + a, j + b] for a in range(3) for b in range(3)], axis=0))


def _bjd(setup: Setup, shot: Shot, ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return BJD_TDB of the middle of the exposure for each star."""
    from photdb.sky import unit_vector

    tdb, vector = barycentric(shot.mjd_mid, setup.site)
    return np.asarray((tdb - MJD_0) + unit_vector(ra, dec) @ vector + MJD_0)


def _write_truth(folder: Path, field: Field, truths: list[_Truth]) -> int:
    """Write the three truth tables and return the number of true measurements."""
    import polars as pl

    field.table().write_csv(folder / "stars.csv")
    pl.DataFrame([truth.frame for truth in truths]).write_csv(folder / "frames.csv")
    points: pl.DataFrame = pl.concat([_points(truth) for truth in truths])
    points.write_csv(folder / "lightcurves.csv")
    return points.height


def _points(truth: _Truth) -> pl.DataFrame:
    """Return one frame's rows of the table of light curves."""
    import polars as pl

    same = {key: pl.lit(truth.frame[key]).alias(key) for key in ("file", "band", "mjd_mid")}
    columns = [
        "id",
        "file",
        "band",
        "mjd_mid",
        "bjd_tdb",
        "ra",
        "dec",
        "x",
        "y",
        "mag",
        "flux",
        "electrons",
        "saturated",
    ]
    return pl.DataFrame(truth.stars).with_columns(**same).select(columns)
