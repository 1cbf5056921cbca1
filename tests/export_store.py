"""A store whose sky is awkward to export, and nights to add to it.

Fields where four base cells meet (45, 0), at RA 0, at the pole, and a dense one; stars in each, measured with a scatter
that puts some detections into another cell than their object; a moving object; detections without an object, with and
without a position. Bands g (AB) and r (relative).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from photdb.sky import healpix, name_of, unit_vector
from photdb.store.database import Database

FIELDS = {"corner": (45.0, 0.0), "wrap": (0.0, -45.0), "pole": (0.0, 90.0), "dense": (200.0, 30.0)}
N_STAR = {"corner": 60, "wrap": 40, "pole": 40, "dense": 260}
N_FRAME = 4  # of a field and night
MOVING = 77
ORPHANS, UNPLACED = 5, 3  # of a night


def made(path: Path, nights: int = 2) -> Path:
    """Write a store of some nights."""
    with Database.open(path, read_only=False, create=True) as db:
        _objects(db)
        calibration = {"cal_id": 1, "run_id": 1, "method": "m", "settings": "{}", "created": datetime(2026, 1, 1)}
        db.insert("calibration", [calibration, calibration | {"cal_id": 2}])
        for night in range(nights):
            add_night(db, night)
    return path


def add_night(db: Database, night: int, fields: tuple[str, ...] = tuple(FIELDS)) -> None:
    """Append a night of some fields."""
    rng = np.random.default_rng(100 + night)
    run_id = db.begin_run("ingest", {"night": night})
    for k, field in enumerate(FIELDS):
        if field not in fields:
            continue
        for i in range(N_FRAME):
            _frame(db, rng, 1000 * night + 100 * k + i, night, i, field, run_id)
    db.finish_run(run_id, "done", "")
    db.execute(
        "UPDATE object SET n_detections = (SELECT count(*) FROM detection AS d WHERE d.object_id = object.object_id)"
    )


def _positions() -> dict[int, tuple[float, float, str]]:
    """Every star by its number: RA, Dec, field."""
    rng = np.random.default_rng(3)
    found = {}
    for field, (ra0, dec0) in FIELDS.items():
        n = N_STAR[field]
        east, north = rng.uniform(-0.2, 0.2, (2, n))
        if field == "corner":
            east[:20], north[:20] = 1e-5 * rng.standard_normal((2, 20))  # about the very corner
        if field == "pole":
            dec, ra = 90 - np.hypot(east, north), np.degrees(np.arctan2(east, north)) % 360
        else:
            dec = dec0 + north
            ra = (ra0 + east / np.cos(np.radians(dec))) % 360
        found.update({int(healpix(r, d)): (float(r), float(d), field) for r, d in zip(ra, dec, strict=True)})
    return found


STARS = _positions()


def _objects(db: Database) -> None:
    rows = []
    for object_id, (ra, dec, _) in [*STARS.items(), (MOVING, (44.0, 0.0, "corner"))]:
        ux, uy, uz = (float(v) for v in unit_vector(ra, dec))
        rows.append(
            {
                "object_id": object_id, "name": name_of(ra, dec), "hpx": int(healpix(ra, dec)), "ra": ra, "dec": dec,
                "ux": ux, "uy": uy, "uz": uz, "epoch": 2026.0, "n_detections": 0, "run_id": 1,
                "kind": "moving" if object_id == MOVING else "star",
            }
        )  # fmt: skip
    insert(db, "object", sorted(rows, key=lambda r: r["object_id"]))


def insert(db: Database, table: str, rows: list[dict[str, object]]) -> None:
    """Append rows."""
    with db.table("given", pa.Table.from_pylist(rows)):
        db.execute(f"INSERT INTO {table} BY NAME SELECT * FROM given")


def _frame(db: Database, rng: np.random.Generator, frame_id: int, night: int, i: int, field: str, run_id: int) -> None:
    band = "gr"[i % 2]
    path = f"/n{night}/{field}-{i}.fits"
    insert(db, "file", [{"file_id": frame_id, "path": path, "sha256": f"{frame_id:064x}", "size": 1, "mtime_ns": 1}])
    mjd = 61000.0 + night + 0.01 * i
    frame = {
        "frame_id": frame_id, "file_id": frame_id, "hdu": 0, "path": path, "telescope": "t", "detector": "d",
        "night": date(2026, 1, 1) + timedelta(days=night), "filter": band, "band": band, "mjd_mid": mjd,
        "jd_tdb": mjd + 2400000.5 + 69.184 / 86400, "bary_x": 0.001, "bary_y": 0.005, "bary_z": 0.002,
        "exptime_s": 60.0, "airmass": 1.1, "ra": FIELDS[field][0], "dec": FIELDS[field][1], "width": 1000,
        "height": 1000, "fwhm_arcsec": 3.0, "run_id": run_id, "state": "ok",
    }  # fmt: skip
    insert(db, "frame", [frame])
    for cal_id in (1, 2):
        zero = {
            "cal_id": cal_id, "frame_id": frame_id, "aperture_id": 0, "zp": 22.0 + cal_id + 0.01 * i, "zp_err": 0.002,
            "zp_sys": 0.01, "n_star": 50, "n_candidate": 60, "limit_mag": 20.0,
            "mag_system": "AB" if band == "g" else "relative", "flag": 0,
        }  # fmt: skip
        insert(db, "zeropoint", [zero])
    insert(db, "frame_calibration", [{"frame_id": frame_id, "cal_id": 1}])
    rows = [
        _detection(rng, object_id, object_id, frame_id, ra, dec, 1e-5)
        for object_id, (ra, dec, where) in STARS.items()
        if where == field and rng.random() < 0.9
    ]
    if field == "corner":
        rows.append(_detection(rng, MOVING, MOVING, frame_id, 44.0 + 3.0 * night + 0.1 * i, -1.0 + 0.7 * i, 0.0))
        for k in range(ORPHANS if i == 0 else 0):
            ra, dec = 45.0 + 0.01 * k, 0.01
            rows.append(_detection(rng, int(healpix(ra, dec)), None, frame_id, ra, dec, 0.0))
        rows += [_detection(rng, -1, None, frame_id, None, None, 0.0) for _ in range(UNPLACED if i == 0 else 0)]
    insert(db, "detection_hot", sorted(rows, key=lambda r: r["skey"]))


def _detection(
    rng: np.random.Generator,
    skey: int,
    object_id: int | None,
    frame_id: int,
    ra: float | None,
    dec: float | None,
    scatter: float,
) -> dict[str, object]:
    flux = float(rng.normal(20.0, 15.0))
    place = {"ra": None, "dec": None}
    if ra is not None and dec is not None:
        north, east = scatter * rng.standard_normal(2)
        dec = min(dec + north, 90.0)
        place = {"ra": (ra + east / max(np.cos(np.radians(dec)), 0.01)) % 360, "dec": dec}
    return {
        "skey": skey, "object_id": object_id, "frame_id": frame_id, **place, "x": float(rng.uniform(0, 999)), "y": 5.5,
        "flux": flux, "flux_err": 1.5, "flux_auto": 1.1 * flux, "flux_auto_err": 2.0, "aper_flux": [0.9 * flux, None],
        "aper_flux_err": [1.0, None], "flux_psf": 1.2 * flux, "flux_psf_err": 1.2,
        "sky": 40.0, "peak": 3.0, "flags": int(rng.integers(0, 3)),
    }  # fmt: skip
