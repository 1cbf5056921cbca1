"""Small simulated nights for tests of the ingest, and what can go wrong with a frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from astropy.io import fits

from photdb.jobs import refcat
from photdb.jobs.simulate import simulate
from photdb.store.database import Database

SMALL = {
    "size": 300,
    "scale": 2.0,
    "stars": 90,
    "faintest": 17.5,
    "fwhm": 6.0,
    "frames": 5,
    "calibrations": 3,
    "variables": 1,
    "eclipses": 0,
    "hours": 3.0,
    "cosmic_rays": 2.0,
}


def make(folder: Path, **options: object) -> Path:
    """Simulate nights into a folder; return it."""
    simulate(folder, **{**SMALL, **options})
    return folder


def with_catalogue(store: Path, survey: Path) -> Path:
    """Put the simulated catalogue into a store."""
    refcat.add(survey / "refcat.csv", "gaiaxp", store=store)
    return store


def lights(survey: Path, night: int = 0) -> list[Path]:
    """Return the light frames of a night."""
    return sorted((survey / f"night-{night}").glob("light-*.fits"))


def spoil(path: Path, out: Path, *, data: object = None, drop: tuple[str, ...] = (), **cards: object) -> Path:
    """Copy a frame with other pixels or cards."""
    with fits.open(path) as hdus:
        header = hdus[0].header.copy()
        pixels = hdus[0].data if data is None else np.asarray(data)
    for card in (*drop, "BZERO", "BSCALE"):
        header.remove(card, ignore_missing=True)
    for card, value in cards.items():
        header[card.replace("_", "-")] = value
    fits.PrimaryHDU(pixels, header).writeto(out, output_verify="ignore")
    return out


def content(store: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return what a store says of the sky: everything but when and by which run it was written."""
    questions = {
        "frame": "SELECT frame_id, path, state, reason, wcs_kind, wcs, fwhm_px, n_detections FROM frame ORDER BY 1",
        "object": "SELECT object_id, name, ra, dec, epoch, n_detections, ref_source_id FROM object ORDER BY 1",
        "detection": "SELECT object_id, frame_id, x, y, flux, flux_err, aper_flux, flags FROM detection ORDER BY ALL",
        "zeropoint": "SELECT frame_id, aperture_id, zp, zp_err, n_star, mag_system FROM zeropoint_active ORDER BY 1, 2",
        "cover": "SELECT norder, cell, frame_id FROM frame_cover ORDER BY ALL",
    }
    with Database.open(store) as db:
        return {name: db.rows(sql).rows for name, sql in questions.items()}
