"""A store with made-up frames, objects, detections and reference stars whose zero points are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from photdb.catalogs.reference import at_epoch
from photdb.sky import healpix, name_of, unit_vector
from photdb.store.database import Database

REFERENCE_EPOCH = 2016.0


@dataclass
class Sky:
    """Stars: places at the reference epoch, magnitudes, proper motions (mas/yr)."""

    ra: np.ndarray
    dec: np.ndarray
    mag: np.ndarray
    pm_ra: np.ndarray = field(default=None)  # type: ignore[assignment]
    pm_dec: np.ndarray = field(default=None)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.pm_ra = np.zeros(len(self.ra)) if self.pm_ra is None else self.pm_ra
        self.pm_dec = np.zeros(len(self.ra)) if self.pm_dec is None else self.pm_dec


#: What audits say of these stores: objects do not count, there are no files, some stars are beside the detector.
MADE_UP = {"object_count", "frame_without_file", "detection_impossible"}


def random_sky(
    rng: np.random.Generator, n: int, *, centre: tuple[float, float] = (0.1, 20.0), width: float = 0.4
) -> Sky:
    """Return stars around a place."""
    dec = centre[1] + rng.uniform(-width / 2, width / 2, n)
    ra = (centre[0] + rng.uniform(-width / 2, width / 2, n) / np.cos(np.radians(dec))) % 360
    return Sky(ra, dec, rng.uniform(12, 17, n))


def new_store(path: Path | str = ":memory:") -> Database:
    """Return an empty store with two apertures, and a run that the frames are of."""
    db = Database.open(path, read_only=False, create=True)
    db.finish_run(db.begin_run("ingest", {}), "done", "")
    db.insert("aperture", [{"aperture_id": k, "kind": "arcsec", "diameter": d} for k, d in ((1, 5.0), (2, 10.0))])
    return db


def add_reference(
    db: Database, sky: Sky, mag: np.ndarray, *, catalog: str = "gaiaxp", band: str = "r", good=None
) -> None:
    """Add reference stars with the magnitudes that a catalogue gives."""
    n = len(sky.ra)
    hpx = healpix(sky.ra, sky.dec)
    good = np.ones(n, dtype=bool) if good is None else good
    stars = {"catalog": [catalog] * n, "source_id": np.arange(n), "hpx": hpx, "ra": sky.ra, "dec": sky.dec,
             "epoch": [REFERENCE_EPOCH] * n, "pm_ra": sky.pm_ra, "pm_dec": sky.pm_dec,
             "is_good": [True] * n}  # fmt: skip
    mags = {"catalog": [catalog] * n, "source_id": np.arange(n), "band": [band] * n, "mag": mag, "mag_err": [0.02] * n,
            "mag_system": ["AB"] * n, "is_good": good}  # fmt: skip
    for name, rows in (("refstar", stars), ("refmag", mags)):
        with db.table("rows_of_test", pa.table(rows)):
            db.execute(f"INSERT INTO {name} BY NAME SELECT * FROM rows_of_test")


def add_objects(db: Database, sky: Sky, *, year: float = 2025.9, first: int = 0) -> None:
    """Add one object a star, at its place in a year."""
    ra, dec = at_epoch(sky.ra, sky.dec, sky.pm_ra, sky.pm_dec, REFERENCE_EPOCH, year)
    unit = unit_vector(ra, dec)
    n = len(ra)
    names = [name_of(r, d) for r, d in zip(ra, dec, strict=True)]
    rows = {"object_id": np.arange(first + 1, first + n + 1), "name": names,
            "hpx": healpix(ra, dec), "ra": ra, "dec": dec, "ux": unit[:, 0], "uy": unit[:, 1], "uz": unit[:, 2],
            "epoch": [year] * n, "pm_ra": [None] * n, "pm_dec": [None] * n, "ref_catalog": [None] * n,
            "ref_source_id": [None] * n, "n_detections": [1] * n, "run_id": [1] * n}  # fmt: skip
    with db.table("rows_of_test", pa.table(rows)):
        db.execute("INSERT INTO object BY NAME SELECT * FROM rows_of_test")


def pixels(sky: Sky, stars: np.ndarray, shift: float) -> tuple[np.ndarray, np.ndarray]:
    """Return where stars fall on a detector of 1000 x 1000 pixels, 1.5 arcsec each."""
    east = ((sky.ra - sky.ra[0] + 180) % 360 - 180) * np.cos(np.radians(sky.dec)) * 2400
    north = sky.dec * 2400
    return (east - np.median(east) + 500 + shift)[stars], (north - np.median(north) + 500)[stars]


def add_frame(
    db: Database, rng: np.random.Generator, sky: Sky, frame_id: int, zp: float, *, band: str = "r", night: int = 0,
    stars: np.ndarray | None = None, year: float = 2025.9, noise: float = 2.0, first: int = 0,
    fluxes: np.ndarray | None = None, flags: np.ndarray | None = None, shift: float = 0.0,
    response: Callable[[np.ndarray], np.ndarray] | None = None, **columns,
) -> None:  # fmt: skip
    """Add a frame that shows some stars; `noise` is that of an empty aperture, ADU/s, `response` that of the pixels."""
    db.insert("frame", [{
        "frame_id": frame_id, "file_id": frame_id, "hdu": 0, "path": f"/f{frame_id}.fits",
        "night": f"2025-11-{18 + night:02d}", "detector": "cam", "band": band,
        "mjd_mid": 51544.5 + (year - 2000) * 365.25 + frame_id * 0.01,
        "pixel_scale_arcsec": 1.5, "primary_radius_px": 4.0, "primary_noise": noise, "aper_noise": [noise, noise],
        "match_radius_arcsec": 2.0, "run_id": 1, "state": "ok",
        "width": 1000, "height": 1000, "wcs_kind": "refined", **columns,
    }])  # fmt: skip
    stars = np.arange(len(sky.ra)) if stars is None else stars
    true = 10 ** (-0.4 * (sky.mag[stars] - zp))
    err = np.sqrt(true * 0.5 + noise**2)
    flux = true + rng.normal(0, err) if fluxes is None else fluxes
    small = 0.9 * flux
    x, y = pixels(sky, stars, shift)
    if response is not None:
        flux, small = flux * response(x), small * response(x)
    n = len(stars)
    rows = {"skey": stars + first + 1, "object_id": stars + first + 1, "frame_id": [frame_id] * n, "x": x, "y": y,
            "flux": flux, "flux_err": err, "flux_auto": 1.05 * flux, "flux_auto_err": 1.05 * err,
            "aper_flux": [[s, None] for s in small], "aper_flux_err": [[e, None] for e in err],
            "flags": np.zeros(n, dtype=int) if flags is None else flags}  # fmt: skip
    with db.table("rows_of_test", pa.table(rows)):
        db.execute("INSERT INTO detection_hot BY NAME SELECT * FROM rows_of_test")
