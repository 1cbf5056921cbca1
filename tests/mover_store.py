"""A store with a night of a field in which a body moves, across RA 0 unless told otherwise.

Stars in all frames; one at the limit, in some frames; noise anew in each frame; a hot pixel while the frames drift; a
satellite's trail in one frame. Nothing is measured: the detections are made up, so the truth is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from photdb.photometry.tracklet_plane import Plane
from photdb.sky import healpix, name_of, unit_vector
from photdb.store.database import Database

N_FRAMES, SCALE, SIZE, HALF = 8, 1.0, 1000, 500.0
MJD_0, HOURS = 59000.1, 3.5
NIGHT = date(2020, 5, 30)
ZP = 22.0


@dataclass(frozen=True)
class Body:
    """A body: arcsec east and north of the centre in the middle of the night, arcsec/h, flux (ADU/s)."""

    x: float = -40.0
    y: float = 60.0
    x_rate: float = 22.0
    y_rate: float = -9.0
    flux: float = 400.0


def mover_store(
    path: Path, *bodies: Body, ra: float = 0.001, dec: float = 12.0, seed: int = 1, calibrated: bool = True
) -> Path:
    """Write the store; without bodies there is nothing to find."""
    rng = np.random.default_rng(seed)
    plane = Plane.around(ra, dec)
    rows = _detections(plane, rng, bodies)
    with Database.open(path, read_only=False, create=True) as db, db.transaction():
        started = datetime(2026, 1, 1)
        run = {"run_id": 1, "command": "ingest", "parameters": "{}", "version": "test", "started": started}
        _insert(db, "run", [run | {"state": "done"}])
        _insert(db, "aperture", [{"aperture_id": 0, "kind": "primary", "diameter": None}])
        for frame_id in range(1, N_FRAMES + 1):
            _write_frame(db, frame_id, plane, sum(r["frame_id"] == frame_id for r in rows), path.parent)
        _write_objects(db, rows)
        _insert(db, "detection_hot", sorted(rows, key=lambda r: r["skey"]))
        if calibrated:
            _write_zero_points(db, started)
    return path


def hours(frame_id: int) -> float:
    """Hours of a frame from the middle of the night."""
    return HOURS * ((frame_id - 1) / (N_FRAMES - 1) - 0.5)


def mjd(frame_id: int) -> float:
    """MJD of the middle of a frame."""
    return MJD_0 + (hours(frame_id) + HOURS / 2) / 24.0


def drift(frame_id: int) -> tuple[float, float]:
    """How far a frame's centre is from the field's, arcsec."""
    return 12.0 * frame_id, 7.0 * frame_id


def _detections(plane: Plane, rng: np.random.Generator, bodies: tuple[Body, ...]) -> list[dict[str, Any]]:
    """Everything that the frames show; object_id is the star's number, None where there is no star."""
    rows: list[dict[str, Any]] = []
    stars = rng.uniform(-HALF + 110, HALF - 110, (80, 2))
    for frame_id in range(1, N_FRAMES + 1):
        t, (dx, dy) = hours(frame_id), drift(frame_id)
        off = rng.normal(0, 0.3, 2)  # of the frame's own solution
        add = _Adder(rows, plane, frame_id, off, rng)
        for k, (x, y) in enumerate(stars):
            add(x, y, 3000.0, object_id=k + 1)
        if frame_id in (2, 5, 7):
            add(150.0, -200.0, 60.0, object_id=900)
        for _ in range(12):
            add(*rng.uniform(-HALF + 110, HALF - 110, 2), float(rng.uniform(60, 500)))
        add(dx + 77.0 - off[0], dy + 33.0 - off[1], 500.0)  # x, y on the detector never change
        if frame_id == 4:
            for k in range(14):
                add(-300.0 + 30.0 * k, 210.0 + 7.0 * k, 700.0)
        for body in bodies:
            add(body.x + body.x_rate * t, body.y + body.y_rate * t, body.flux)
    return rows


class _Adder:
    """Adds detections of one frame."""

    def __init__(self, rows: list[dict[str, Any]], plane: Plane, frame_id: int, off: Any, rng: Any) -> None:
        self.rows, self.plane, self.frame_id, self.off, self.rng = rows, plane, frame_id, off, rng

    def __call__(self, x: float, y: float, flux: float, object_id: int | None = None) -> None:
        error = np.hypot(12.0, np.sqrt(flux))
        dx, dy = self.rng.normal(0, 3.0 / 2.355 * error / flux, 2) + self.off
        ra, dec = (float(v) for v in self.plane.sky(x + dx, y + dy))
        cx, cy = drift(self.frame_id)
        self.rows.append(
            {
                "skey": (object_id or 10_000 + len(self.rows)) * 2**40, "object_id": object_id and object_id * 2**40,
                "frame_id": self.frame_id, "ra": ra, "dec": dec, "x": SIZE / 2 - (x + dx - cx) / SCALE,
                "y": SIZE / 2 + (y + dy - cy) / SCALE, "flux": flux + float(self.rng.normal(0, error)),
                "flux_err": float(error), "sky": 100.0, "peak": flux / 10, "a": 1.3, "b": 1.3, "theta": 0.0,
                "fwhm": 3.0, "class_star": 0.9, "flags": 0,
            }
        )  # fmt: skip


def _insert(db: Database, table: str, rows: list[dict[str, Any]]) -> None:
    with db.table("given", pa.Table.from_pylist(rows)):
        db.execute(f"INSERT INTO {table} BY NAME SELECT * FROM given")


def _write_frame(db: Database, frame_id: int, plane: Plane, n: int, folder: Path) -> None:
    cx, cy = drift(frame_id)
    ra, dec = (float(v) for v in plane.sky(cx, cy))
    corners = [(cx + a * HALF, cy + b * HALF) for a, b in ((1, -1), (-1, -1), (-1, 1), (1, 1))]
    corner_ra, corner_dec = plane.sky([c[0] for c in corners], [c[1] for c in corners])
    path = str(folder / f"frame-{frame_id}.fits")
    file = {"file_id": frame_id, "path": path, "sha256": f"{frame_id:064x}", "size": 1, "mtime_ns": 1}
    _insert(db, "file", [file])
    row = {
        "frame_id": frame_id, "file_id": frame_id, "hdu": 0, "path": path, "night": NIGHT, "telescope": "made-up",
        "site": "Nowhere", "band": "r", "filter": "r", "mjd_mid": mjd(frame_id), "exptime_s": 60.0, "airmass": 1.2,
        "ra": ra, "dec": dec, "corner_ra": corner_ra.tolist(), "corner_dec": corner_dec.tolist(), "wcs": "made up",
        "wcs_kind": "solved", "wcs_rms_arcsec": 0.1, "pixel_scale_arcsec": SCALE, "width": SIZE, "height": SIZE,
        "fwhm_arcsec": 3.0, "fwhm_px": 3.0, "n_detections": n, "match_radius_arcsec": 1.7, "primary_noise": 12.0,
        "primary_aperture_id": 0, "primary_radius_px": 4.5, "run_id": 1, "state": "ok", "origin": "measured",
    }  # fmt: skip
    _insert(db, "frame", [row])
    cells = {int(c) for c in healpix([ra, *corner_ra], [dec, *corner_dec], 10)}
    _insert(db, "frame_cover", [{"norder": 10, "cell": c, "frame_id": frame_id} for c in sorted(cells)])


def _write_objects(db: Database, rows: list[dict[str, Any]]) -> None:
    ids = sorted({r["object_id"] for r in rows if r["object_id"]})
    made = []
    for object_id in ids:
        mine = [r for r in rows if r["object_id"] == object_id]
        unit = np.mean([unit_vector(r["ra"], r["dec"]) for r in mine], axis=0)
        unit = unit / np.linalg.norm(unit)
        ra, dec = float(np.degrees(np.arctan2(unit[1], unit[0])) % 360), float(np.degrees(np.arcsin(unit[2])))
        made.append(
            {
                "object_id": object_id, "name": name_of(ra, dec), "hpx": int(healpix(ra, dec)), "ra": ra, "dec": dec,
                "ux": unit[0], "uy": unit[1], "uz": unit[2], "epoch": 2020.41, "n_detections": len(mine), "run_id": 1,
                "kind": "star", "n_position": len(mine), "grade": 3,
            }
        )  # fmt: skip
    _insert(db, "object", made)


def _write_zero_points(db: Database, started: datetime) -> None:
    _insert(db, "calibration", [{"cal_id": 1, "run_id": 1, "method": "median", "settings": "{}", "created": started}])
    for frame_id in range(1, N_FRAMES + 1):
        row = {
            "cal_id": 1, "frame_id": frame_id, "aperture_id": 0, "zp": ZP, "zp_err": 0.01, "zp_sys": 0.01, "n_star": 50,
            "n_candidate": 60, "mag_system": "AB", "flag": 0, "limit_mag": ZP - 2.5 * np.log10(60.0),
        }  # fmt: skip
        _insert(db, "zeropoint", [row])
        _insert(db, "frame_calibration", [{"frame_id": frame_id, "cal_id": 1}])
