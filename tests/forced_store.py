"""The small store with forced fluxes: of a target at a star, of one where no object is, of one with an ellipse.

The star is not detected in frames 1 to 4. Its target (number 1) was measured in all frames; frame 3 could not be. The
star was asked for as an object as well, so that frames 1 and 2 have two rows. Target 2, 0.1 deg north, has no object:
its flux is 0.9 of the noise, below zero in every third frame, and 4 times the noise in frames 7 and 8. Target 3 has an
ellipse, at the far star.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from stores import DEC, FAR, N_FRAMES, POSITIONS, RA, STAR, small_store

from photdb.sky import healpix
from photdb.store.database import Database

NOTHING, ELLIPSE = 2, 3
HERE = (RA, DEC + 0.1)
#: Of empty apertures, ADU/s; the star's forced fluxes are 3.9 and 6 times it in turn.
NOISE = 2.0
UNDETECTED = (1, 2, 3, 4)
UNMEASURED = 3
REASON = "part of the aperture is outside the frame"


def forced_store(path: Path) -> Path:
    """Write the store."""
    small_store(path)
    with Database.open(path, read_only=False) as db, db.transaction():
        db.execute(f"DELETE FROM detection_hot WHERE object_id = {STAR} AND frame_id IN {UNDETECTED}")
        db.execute(f"UPDATE target SET object_id = {STAR}")
        db.execute("UPDATE frame SET primary_radius_px = 4, pixel_scale_arcsec = 1.5 WHERE state = 'ok'")
        db.execute("UPDATE zeropoint SET limit_3_mag = limit_mag + 2.5 * log10(5 / 3)")
        db.execute("UPDATE zeropoint SET aperture_id = -2, zp = zp + 0.05 WHERE aperture_id = 1 AND frame_id > 6")
        db.execute(
            "INSERT INTO zeropoint SELECT * REPLACE (-3 AS aperture_id, zp + 0.2 AS zp) FROM zeropoint "
            "WHERE aperture_id = 0"
        )
        added = datetime(2026, 1, 2)
        place = {"epoch": 2016.0, "added": added}
        _insert(db, "aperture", [{"aperture_id": -2, "kind": "psf"}, {"aperture_id": -3, "kind": "whole"}])
        _insert(db, "target", [{"target_id": NOTHING, "name": "SN 2017x", "ra": HERE[0], "dec": HERE[1], **place}])
        ra, dec = POSITIONS[FAR]
        shape = {"a_arcsec": 9.0, "b_arcsec": 4.0, "pa_deg": 30.0}
        _insert(db, "target", [{"target_id": ELLIPSE, "name": "Galaxy", "ra": ra, "dec": dec, **shape, **place}])
        _insert(db, "forced", [row for frame_id in range(1, N_FRAMES + 1) for row in rows_of(frame_id)])
    return path


def rows_of(frame_id: int) -> list[dict[str, Any]]:
    """The rows of one frame."""
    star = star_flux(frame_id)
    why = REASON if frame_id == UNMEASURED else None
    seen = frame_id not in UNDETECTED
    out = [forced(frame_id, STAR, 1, (RA, DEC), star, is_detected=seen, reason=why)]
    out += [forced(frame_id, STAR, 1, (RA, DEC), star, is_detected=seen, reason=why, aperture_id=-2, method="psf")]
    if frame_id in (1, 2):
        out.append(forced(frame_id, STAR, None, (RA, DEC), star + 0.01))
    out.append(forced(frame_id, None, NOTHING, HERE, nothing_flux(frame_id)))
    far = POSITIONS[FAR]
    for aperture_id, method, flux in ((0, "circle", 500.0), (-3, "ellipse", 800.0)):
        out.append(forced(frame_id, FAR, ELLIPSE, far, flux, is_detected=True, aperture_id=aperture_id, method=method))
    return out


def star_flux(frame_id: int) -> float:
    """ADU/s; above 3 sigma always, above 5 in even frames."""
    return NOISE * (3.9 if frame_id % 2 else 6.0)


def nothing_flux(frame_id: int) -> float:
    """ADU/s; of the target where no object is."""
    return NOISE * (4.0 if frame_id in (7, 8) else (-0.9 if frame_id % 3 == 0 else 0.9))


def forced(
    frame_id: int,
    object_id: int | None,
    target_id: int | None,
    place: tuple[float, float],
    flux: float,
    *,
    is_detected: bool = False,
    reason: str | None = None,
    aperture_id: int = 0,
    method: str = "circle",
) -> dict[str, Any]:
    """One row."""
    measured = {
        "flux": flux, "flux_err": 1.1 * NOISE, "noise": NOISE, "err_source": 0.5, "err_pixels": 1.9,
        "err_background": 0.3, "sky": 40.0, "frac_edge": 0.0, "frac_masked": 0.0, "frac_saturated": 0.0,
    }  # fmt: skip
    return {
        "skey": object_id or int(healpix(*place)), "object_id": object_id, "target_id": target_id, "frame_id": frame_id,
        "aperture_id": aperture_id, "method": method, "reason": reason, "ra": place[0], "dec": place[1], "x": 100.25,
        "y": 200.1, "flags": 0, "is_detected": is_detected, "run_id": 1, **({} if reason else measured),
    }  # fmt: skip


def _insert(db: Database, table: str, rows: list[dict[str, Any]]) -> None:
    keys = dict.fromkeys(key for row in rows for key in row)
    whole = pa.Table.from_pylist([{key: row.get(key) for key in keys} for row in rows])
    with db.table("given", whole):
        db.execute(f"INSERT INTO {table} BY NAME SELECT * FROM given")
