"""Frames of positions for tests of the association: a store's nights without pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from photdb.jobs.crossmatch import Association, associate
from photdb.sky import healpix, unit_vector
from photdb.store.database import Database

EPOCH = 2025.5
Floats = NDArray[np.float64]


def mjd_of_year(year: float) -> float:
    return 51544.5 + (year - 2000.0) * 365.25


def offset(ra: float, dec: float, east: Floats, north: Floats) -> Floats:
    """Return ra, dec of offsets in arcsec on the tangent plane: right at the poles and at RA 0."""
    a, d = np.radians(ra), np.radians(dec)
    e = np.array([-np.sin(a), np.cos(a), 0.0])
    n = np.array([-np.sin(d) * np.cos(a), -np.sin(d) * np.sin(a), np.cos(d)])
    u = unit_vector(ra, dec) + np.radians(np.asarray(east) / 3600)[:, None] * e
    u = u + np.radians(np.asarray(north) / 3600)[:, None] * n
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    return np.column_stack([np.degrees(np.arctan2(u[:, 1], u[:, 0])) % 360, np.degrees(np.arcsin(u[:, 2]))])


@dataclass(frozen=True)
class Frame:
    """Detections of one frame: rows of ra, dec (deg), flux (its error is 1), flags."""

    rows: Floats
    mjd: float
    radius: float = 1.5
    wcs_rms: float = 0.05
    numbers: list[int] = field(default_factory=list)


def frame(
    places: Floats, flux: Floats | float = 50.0, *, year: float = EPOCH, radius: float = 1.5, flags: int = 0
) -> Frame:
    """Return a frame of detections at places (ra, dec)."""
    n = len(places)
    rows = np.column_stack([places, np.broadcast_to(flux, n), np.full(n, flags)])
    return Frame(rows, mjd_of_year(year), radius)


def night(db: Database, folder: Path, frames: list[Frame], *, run_id: int = 1) -> Association:
    """Associate and commit frames, as a night does; each keeps the flux that names its detections."""
    first = int(db.one("SELECT coalesce(max(frame_id), 0) + 1 FROM frame"))
    numbers = list(range(first, first + len(frames)))
    files = []
    for number, one in zip(numbers, frames, strict=True):
        files.append(str(folder / f"k{number}.parquet"))
        pq.write_table(_staged(f"k{number}", one.rows), files[-1])
    facts = pa.table(
        {
            "frame_key": [f"k{number}" for number in numbers],
            "frame_id": pa.array(numbers, pa.int32()),
            "match_radius_arcsec": [f.radius for f in frames],
            "mjd_mid": [f.mjd for f in frames],
            "epoch": [2000.0 + (f.mjd - 51544.5) / 365.25 for f in frames],
            "fwhm_arcsec": [2 * f.radius for f in frames],
            "wcs_rms_arcsec": [f.wcs_rms for f in frames],
        }
    )
    with db.table("given_night", facts), db.transaction():
        db.job("commit_night_frames")
        db.execute(
            "INSERT INTO frame BY NAME SELECT * EXCLUDE (frame_key, epoch), frame_id AS file_id, 0 AS hdu, "
            "frame_key AS path, $run_id AS run_id, 'ok' AS state FROM given_night",
            run_id=run_id,
        )
        association = associate(db, files=files, run_id=run_id)
        db.job("commit_detections")
    return association


def _staged(key: str, rows: Floats) -> pa.Table:
    n = len(rows)
    names = ("x", "y", "flux_auto", "flux_auto_err", "sky", "peak", "a", "b")
    single = {name: np.zeros(n, dtype=np.float32) for name in names}
    names = ("theta", "fwhm", "kron_radius", "flux_radius", "class_star")
    single |= {name: np.zeros(n, dtype=np.float32) for name in names}
    return pa.table(
        {
            "frame_key": pa.array([key] * n, pa.string()),
            "source": np.arange(n, dtype=np.int32),
            "ra": rows[:, 0],
            "dec": rows[:, 1],
            "hpx": healpix(rows[:, 0], rows[:, 1]) if n else np.zeros(0, dtype=np.int64),
            **single,
            "flux": pa.array(rows[:, 2].astype(np.float32), from_pandas=True),
            "flux_err": np.ones(n, dtype=np.float32),
            "aper_flux": pa.array([[1.0]] * n, pa.list_(pa.float32())),
            "aper_flux_err": pa.array([[1.0]] * n, pa.list_(pa.float32())),
            "flags": rows[:, 3].astype(np.int32),
        }
    )


def partition_of(db: Database) -> set[frozenset[tuple[float, float]]]:
    """Return which detections are one object, each by its position (which nothing changes)."""
    groups: dict[int, set[tuple[float, float]]] = {}
    found = db.rows("SELECT object_id, round(ra, 7), round(dec, 7) FROM detection WHERE object_id IS NOT NULL")
    for object_id, ra, dec in found.rows:
        groups.setdefault(object_id, set()).add((ra, dec))
    return {frozenset(g) for g in groups.values()}


def ids_of(db: Database) -> dict[tuple[float, float], int]:
    """Return the object of each detection."""
    found = db.rows("SELECT round(ra, 7), round(dec, 7), object_id FROM detection WHERE object_id IS NOT NULL")
    return {(ra, dec): object_id for ra, dec, object_id in found.rows}


@dataclass(frozen=True)
class Sky:
    """A field with what makes association hard: blends, fast stars, noise, edges."""

    stars: Floats  # east, north (arcsec) at 2016
    motion: Floats  # arcsec/yr
    snr: Floats
    half: float


def sky(rng: np.random.Generator, *, n: int = 40, half: float = 40.0, n_fast: int = 2, close: int = 6) -> Sky:
    """Return a field: stars at random, some in close pairs, some fast."""
    stars = rng.uniform(-half, half, (n, 2))
    pairs = min(close, n // 2)
    angle, apart = rng.uniform(0, 2 * np.pi, pairs), rng.uniform(0.8, 4.0, pairs)
    stars[:pairs] = stars[pairs : 2 * pairs] + apart[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    motion = np.zeros((n, 2))
    motion[n - n_fast :] = rng.uniform(-1.0, 1.0, (n_fast, 2))
    return Sky(stars, motion, 10 ** rng.uniform(0.4, 2.0, n), half)


def seen(rng: np.random.Generator, field_: Sky, year: float, *, centre: tuple[float, float] = (20.0, 10.0)) -> Frame:
    """Return a frame of a field: its own seeing and scale, blends below it, noise, detections cut at an edge."""
    fwhm, scale = rng.uniform(1.5, 4.0), rng.choice([0.4, 0.8, 1.5])
    radius = max(1.0, 0.5 * fwhm, 1.7 * scale)
    place = field_.stars + field_.motion * (year - 2016.0)
    snr = field_.snr * rng.lognormal(0.0, 0.15, len(place))
    keep = np.ones(len(place), dtype=bool)
    order = np.argsort(-snr)
    for k, i in enumerate(order):  # a fainter star within 0.9 FWHM of a brighter one is not told apart
        for j in order[k + 1 :]:
            if keep[i] and keep[j] and np.hypot(*(place[i] - place[j])) < 0.9 * fwhm:
                weight = snr[j] / (snr[i] + snr[j])
                place[i] += weight * (place[j] - place[i])
                keep[j] = False
    keep &= rng.random(len(place)) < 0.95
    keep &= snr > 2.0
    place, snr = place[keep], snr[keep]
    place = place + rng.normal(0, 1, place.shape) * np.sqrt((fwhm / 2.355 / snr) ** 2 + 0.05**2)[:, None]
    flags = np.zeros(len(place))
    edge = place[:, 0] > field_.half - 4.0
    flags[edge] = 8
    place[edge, 0] -= rng.uniform(0, 1.5, edge.sum())
    n_noise = int(rng.integers(0, 6))
    noise = rng.uniform(-field_.half, field_.half, (n_noise, 2))
    place, snr = np.vstack([place, noise]), np.r_[snr, rng.uniform(2.0, 6.0, n_noise)]
    flags = np.r_[flags, np.where(rng.random(n_noise) < 0.3, 32, 0)]
    rows = np.column_stack([offset(*centre, place[:, 0], place[:, 1]), snr, flags])
    return Frame(np.round(rows, 9), mjd_of_year(year), radius)


def add_references(db: Database, field_: Sky, *, centre: tuple[float, float] = (20.0, 10.0)) -> None:
    """Put the fast stars into the reference catalogue, as it has them at 2016."""
    moving = np.flatnonzero(np.hypot(*field_.motion.T) > 0)
    place = offset(*centre, field_.stars[moving, 0], field_.stars[moving, 1])
    for k, i in enumerate(moving):
        db.execute(
            "INSERT INTO refstar BY NAME SELECT 'gaia_dr3' AS catalog, $k::BIGINT AS source_id, $hpx::BIGINT AS hpx, "
            "$ra AS ra, $dec AS dec, 2016.0 AS epoch, $pm_ra AS pm_ra, $pm_dec AS pm_dec, true AS is_good, "
            "0.1 AS pm_err",
            k=int(k) + 1, hpx=int(healpix(*place[k])), ra=float(place[k, 0]), dec=float(place[k, 1]),
            pm_ra=float(field_.motion[i, 0] * 1000), pm_dec=float(field_.motion[i, 1] * 1000),
        )  # fmt: skip
