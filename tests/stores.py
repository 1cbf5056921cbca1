"""A small store with everything a question can meet.

Two nights, bands g (AB) and r (relative), three frames each; a frame without zero point, a frame that failed; a star, a
neighbour 4 arcsec from it, a faint star with negative fluxes and flags, a star 200 arcsec away; one target; forced
fluxes of the far star that no light curve shows, for it is detected.
"""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from photdb.sky import healpix, name_of, unit_vector
from photdb.store.database import Database

RA, DEC = 41.58, -30.27
HALF_FIELD = 0.2  # deg
STAR, NEIGHBOUR, FAINT, FAR = 2**61 + 1, 2**61 + 2, 2**61 + 3, 2**61 + 4
POSITIONS = {
    STAR: (RA, DEC),
    NEIGHBOUR: (RA, DEC + 4 / 3600),
    FAINT: (RA + 0.01, DEC + 0.01),
    FAR: (RA, DEC + 200 / 3600),
}
FLUX = {STAR: 1000.0, NEIGHBOUR: 300.0, FAINT: 2.0, FAR: 500.0}
ZP = {"g": 22.5, "r": 0.0}
SYSTEM = {"g": "AB", "r": "relative"}
N_FRAMES, WITHOUT_ZP, FAILED = 12, 12, 13
MJD_0 = 58107.1


def small_store(path: Path, frames_folder: Path | None = None) -> Path:
    """Write the store; the frames' files are said to be in a folder (default: beside the store)."""
    folder = frames_folder or path.parent / "nights"
    rows = _Rows()
    _write_run(rows)
    _write_objects(rows)
    for frame_id in range(1, N_FRAMES + 1):
        _write_frame(rows, frame_id, folder)
    _write_failed(rows, folder)
    for frame_id in range(1, N_FRAMES + 1):
        _write_detections(rows, frame_id)
        _write_zero_points(rows, frame_id)
    added = datetime(2026, 1, 2, 3, 4, 5)
    target = {"target_id": 1, "name": "HAT-P 99", "ra": RA, "dec": DEC, "epoch": 2016.0, "added": added}
    rows.insert("target", [target])
    _write_forced(rows)
    with Database.open(path, read_only=False, create=True) as db, db.transaction():
        rows.write(db)
    return path


class _Rows:
    """Rows by table, and by which columns they have: a statement for each is quicker than one for every few rows."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, ...], list[dict[str, Any]]] = {}

    def insert(self, table: str, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            self._given.setdefault((table, *row), []).append(row)

    def write(self, db: Database) -> None:
        for (table, *_), rows in self._given.items():
            with db.table("given", pa.Table.from_pylist(rows)):
                db.execute(f"INSERT INTO {table} BY NAME SELECT * FROM given")


def _write_run(rows: _Rows) -> None:
    started = datetime(2026, 1, 1)
    run = {"run_id": 1, "command": "ingest", "parameters": "{}", "version": "test", "started": started, "state": "done"}
    rows.insert("run", [run, run | {"run_id": 2, "command": "zeropoint", "state": "running"}])
    rows.insert(
        "aperture",
        [
            {"aperture_id": -1, "kind": "auto", "diameter": None},
            {"aperture_id": 0, "kind": "primary", "diameter": None},
            {"aperture_id": 1, "kind": "arcsec", "diameter": 5.0},
            {"aperture_id": 2, "kind": "fwhm", "diameter": 3.0},
        ],
    )
    rows.insert("calibration", [{"cal_id": 1, "run_id": 1, "method": "median", "settings": "{}", "created": started}])


def _write_objects(rows: _Rows) -> None:
    for object_id, (ra, dec) in POSITIONS.items():
        ux, uy, uz = (float(v) for v in unit_vector(ra, dec))
        row = {
            "object_id": object_id, "name": name_of(ra, dec), "hpx": int(healpix(ra, dec)), "ra": ra, "dec": dec,
            "ux": ux, "uy": uy, "uz": uz, "epoch": 2017.97, "n_detections": N_FRAMES, "run_id": 1,
        }  # fmt: skip
        rows.insert("object", [row])


def night_of(frame_id: int) -> int:
    """0 or 1."""
    return (frame_id - 1) // 6


def band_of(frame_id: int) -> str:
    """g and r in turn."""
    return "gr"[(frame_id - 1) % 2]


def mjd_of(frame_id: int) -> float:
    """Mid-exposure; frames ten minutes apart."""
    return MJD_0 + night_of(frame_id) + ((frame_id - 1) % 6) / 144


def _write_frame(rows: _Rows, frame_id: int, folder: Path) -> None:
    path = str(folder / f"night-{night_of(frame_id)}" / f"frame-{frame_id:03d}.fits")
    rows.insert("file", [{"file_id": frame_id, "path": path, "sha256": f"{frame_id:064x}", "size": 100, "mtime_ns": 1}])
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    row = {
        "frame_id": frame_id, "file_id": frame_id, "hdu": 0, "path": path,
        "night": date(2017, 12, 19 + night_of(frame_id)), "telescope": "simulator", "detector": "sim",
        "object_name": "SIM 1", "filter": band_of(frame_id).upper(), "band": band_of(frame_id),
        "mjd_mid": mjd_of(frame_id), "jd_tdb": mjd_of(frame_id) + 2400000.5 + 69.184 / 86400,
        "bary_x": 0.001, "bary_y": 0.005, "bary_z": 0.002, "exptime_s": 60.0, "airmass": 1.0 + frame_id / 100,
        "ra": RA, "dec": DEC,
        "corner_ra": [RA + HALF_FIELD * dx for dx, _ in corners],
        "corner_dec": [DEC + HALF_FIELD * dy for _, dy in corners],
        "wcs_kind": "solved", "wcs_rms_arcsec": 0.1, "width": 1000, "height": 1000, "fwhm_arcsec": 3.0,
        "n_detections": len(POSITIONS), "match_radius_arcsec": 2.0, "primary_aperture_id": 2,
        "aper_radius_px": [2.5, None], "guesses": ["gain: no card", "a; b"], "run_id": 1, "state": "ok",
    }  # fmt: skip
    rows.insert("frame", [row])
    edge = [RA + HALF_FIELD * k / 4 for k in range(-4, 5)], [DEC + HALF_FIELD * k / 4 for k in range(-4, 5)]
    cells = {int(healpix(ra, dec, 10)) for ra in edge[0] for dec in edge[1]}
    rows.insert("frame_cover", [{"norder": 10, "cell": cell, "frame_id": frame_id} for cell in sorted(cells)])


def _write_failed(rows: _Rows, folder: Path) -> None:
    path = str(folder / "night-1" / "broken.fits")
    rows.insert("file", [{"file_id": FAILED, "path": path, "sha256": f"{FAILED:064x}", "size": 1, "mtime_ns": 1}])
    row = {
        "frame_id": FAILED, "file_id": FAILED, "hdu": 0, "path": path, "night": date(2017, 12, 20), "run_id": 1,
        "state": "failed", "reason": "no exposure time (EXPTIME, EXPOSURE)",
    }  # fmt: skip
    rows.insert("frame", [row])


def flux_of(object_id: int, frame_id: int) -> float:
    """ADU/s in the primary aperture; the faint star's is negative in every third frame."""
    if object_id == FAINT:
        return -1.5 if frame_id % 3 == 0 else 2.0
    return FLUX[object_id] * (1 + 0.01 * (frame_id % 3))


def flags_of(object_id: int, frame_id: int) -> int:
    """Saturated and deblended in every fourth frame of the faint star, deblended always for the neighbour."""
    return 2 if object_id == NEIGHBOUR else (6 if object_id == FAINT and frame_id % 4 == 0 else 0)


def _write_detections(rows: _Rows, frame_id: int) -> None:
    for object_id, (ra, dec) in POSITIONS.items():
        flux = flux_of(object_id, frame_id)
        row = {
            "skey": object_id, "object_id": object_id, "frame_id": frame_id, "ra": ra, "dec": dec, "x": 100.25,
            "y": 200.1, "flux": flux, "flux_err": 1.1, "flux_auto": 1.1 * flux, "flux_auto_err": 2.0,
            "aper_flux": [0.9 * flux, None], "aper_flux_err": [1.0, None], "sky": 40.0,
            "flags": flags_of(object_id, frame_id),
        }  # fmt: skip
        rows.insert("detection_hot", [row])


def _write_forced(rows: _Rows) -> None:
    """Forced fluxes of the far star in two frames that detected it, and why there is none in a third."""
    for frame_id, why in ((1, None), (2, None), (3, "no pixels")):
        row = {
            "skey": FAR, "object_id": FAR, "frame_id": frame_id, "aperture_id": 0, "method": "circle", "reason": why,
            "ra": RA, "dec": POSITIONS[FAR][1], "x": 100.25, "y": 200.1, "flags": 0, "is_detected": True, "run_id": 1,
        }  # fmt: skip
        measured = {"flux": 500.5, "flux_err": 1.2, "noise": 1.1, "sky": 40.0, "frac_edge": 0.0}
        rows.insert("forced", [row | ({} if why else measured)])


def _write_zero_points(rows: _Rows, frame_id: int) -> None:
    if frame_id == WITHOUT_ZP:
        return
    band = band_of(frame_id)
    for aperture_id, shift in ((0, 0.0), (-1, -0.1), (1, 0.1)):
        row = {
            "cal_id": 1, "frame_id": frame_id, "aperture_id": aperture_id, "zp": ZP[band] + shift, "zp_err": 0.002,
            "zp_sys": 0.01, "zp_scatter": 0.02, "n_star": 50, "n_candidate": 60, "limit_mag": ZP[band] + shift - 1.9,
            "mag_system": SYSTEM[band], "flag": 0,
        }  # fmt: skip
        rows.insert("zeropoint", [row])
    rows.insert("frame_calibration", [{"frame_id": frame_id, "cal_id": 1}])
