"""The small store with an asteroid in it: every frame in g and calibrated, its path, and points that do not count.

It moves 30 arcsec/h to the east and 12 to the south, and was measured 0.2 arcsec east and 0.1 north of its path; in
frame 2 20 arcsec from it, in frame 3 saturated, in frame 4 too faint to be sure, in frame 8 five times as bright.
In frame 5 it passes the star FAR at 1 arcsec.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from stores import FAR, N_FRAMES, POSITIONS, mjd_of, small_store

from photdb.sky import healpix, name_of, unit_vector
from photdb.store.database import Database

ASTEROID, TARGET = 2**61 + 9, 7
NAME = "(5945) Roachapproach"
EAST, NORTH = 30.0, -12.0  # arcsec/h
OFF_EAST, OFF_NORTH = 0.2, 0.1  # arcsec
FAR_OFF, SATURATED, FAINT_IN, NEAR_STAR, BRIGHT = 2, 3, 4, 5, 8
R_AU, DELTA_AU, PHASE_DEG = 2.5, 1.6, 12.0
FLUX = 400.0


def path_at(mjd: Any) -> tuple[Any, Any]:
    """Where the asteroid is predicted, deg."""
    ra0, dec0 = POSITIONS[FAR]
    hours = (np.asarray(mjd) - mjd_of(NEAR_STAR)) * 24
    dec = dec0 + (NORTH * hours + 1.0 - OFF_NORTH) / 3600
    return ra0 + (EAST * hours - OFF_EAST) / 3600 / np.cos(np.radians(dec0)), dec


def measured_in(frame_id: int) -> tuple[float, float]:
    """Where it was measured, deg."""
    ra, dec = path_at(mjd_of(frame_id))
    away = 20.0 if frame_id == FAR_OFF else 0.0
    return float(ra + OFF_EAST / 3600 / np.cos(np.radians(dec))), float(dec + (OFF_NORTH + away) / 3600)


def flux_in(frame_id: int) -> float:
    """ADU/s."""
    return {FAINT_IN: 2.0, BRIGHT: 5 * FLUX}.get(frame_id, FLUX * (1 + 0.01 * (frame_id % 3)))


def moving_store(path: Path, frames_folder: Path | None = None) -> Path:
    """Write the store."""
    small_store(path, frames_folder)
    with Database.open(path, read_only=False) as db:
        db.execute(
            "UPDATE frame SET band = 'g', filter = 'g', pixel_scale_arcsec = 1.0, primary_radius_px = 4.0, "
            "wcs_n_star = 50, site = 'Simulated site', site_latitude = -30.0, site_longitude = 20.0, site_height = 500 "
            "WHERE state = 'ok'"
        )
        db.execute(
            "UPDATE zeropoint SET zp = 22.5, limit_mag = 20.6, mag_system = 'AB', catalog = 'ps1', ref_band = 'g'"
        )
        put(db, "object", [_object()])
        put(db, "target", [{"target_id": TARGET, "name": NAME, "ra": 0.0, "dec": 0.0, "epoch": 2017.97,
                             "added": datetime(2026, 1, 1)}])  # fmt: skip
        mjd = mjd_of(1) + np.arange(-2, 28) / 24
        ra, dec = path_at(mjd)
        put(db, "ephemeris", [
            {"target_id": TARGET, "mjd": m, "ra": a, "dec": d, "r_au": R_AU, "delta_au": DELTA_AU,
             "phase_deg": PHASE_DEG, "source": "test"}
            for m, a, d in zip(mjd.tolist(), ra.tolist(), dec.tolist(), strict=True)
        ])  # fmt: skip
        put(db, "detection_hot", [_detection(k) for k in range(1, N_FRAMES + 1)])
    return path


def put(db: Database, table: str, rows: list[dict[str, Any]]) -> None:
    """Append rows to a table."""
    with db.table("given", pa.Table.from_pylist(rows)):
        db.execute(f"INSERT INTO {table} BY NAME SELECT * FROM given")


def _object() -> dict[str, Any]:
    ra, dec = measured_in(1)
    ux, uy, uz = (float(v) for v in unit_vector(ra, dec))
    return {
        "object_id": ASTEROID, "name": name_of(ra, dec), "hpx": int(healpix(ra, dec)), "ra": ra, "dec": dec, "ux": ux,
        "uy": uy, "uz": uz, "epoch": 2017.97, "n_detections": N_FRAMES, "run_id": 1, "kind": "moving",
        "target_id": TARGET,
    }  # fmt: skip


def _detection(frame_id: int) -> dict[str, Any]:
    ra, dec = measured_in(frame_id)
    flux = flux_in(frame_id)
    return {
        "skey": ASTEROID, "object_id": ASTEROID, "frame_id": frame_id, "ra": ra, "dec": dec, "x": 300.0, "y": 400.0,
        "flux": flux, "flux_err": 1.1, "flux_auto": flux, "flux_auto_err": 2.0, "aper_flux": [0.9 * flux, None],
        "aper_flux_err": [1.0, None], "sky": 40.0, "fwhm": 3.1, "flags": 4 if frame_id == SATURATED else 0,
    }  # fmt: skip
