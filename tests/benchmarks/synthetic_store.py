"""A store of any size for benchmarks: fields, nights and stars as a small survey has them, without pixels.

Every field is a patch of 0.35 deg, with stars ten times as many per 2.5 magnitudes; a night visits a few of them, a
few frames each; a star is found where its signal to noise lets it. Fluxes scatter by their errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from photdb.sky import healpix, name_of, unit_vector
from photdb.store.database import Database

FIELD_DEG, PIXEL_ARCSEC, SIZE = 0.35, 0.62, 2048
APERTURES = np.array([0.8, 1.0, 1.4, 2.0, 3.0])


@dataclass
class Sky:
    """The stars of all fields: (n_field, n_star) arrays, sorted by object_id within a field."""

    object_id: NDArray[np.int64]
    ra: NDArray[np.float64]
    dec: NDArray[np.float64]
    flux: NDArray[np.float64]


def make_sky(n_fields: int, stars: int, seed: int = 1) -> Sky:
    """Draw the stars."""
    rng = np.random.default_rng(seed)
    dec0 = np.degrees(np.arcsin(rng.uniform(-0.98, 0.98, n_fields)))
    ra0 = rng.uniform(0, 360, n_fields)
    dec = dec0[:, None] + FIELD_DEG * rng.uniform(-0.5, 0.5, (n_fields, stars))
    ra = (ra0[:, None] + FIELD_DEG * rng.uniform(-0.5, 0.5, (n_fields, stars)) / np.cos(np.radians(dec))) % 360
    magnitude = 18.5 + np.log10(rng.uniform(1e-8, 1, (n_fields, stars))) / 0.4
    cells = healpix(ra.ravel(), dec.ravel()).reshape(ra.shape)
    order = np.argsort(cells, axis=1)
    take = lambda values: np.take_along_axis(values, order, axis=1)  # noqa: E731
    return Sky(take(cells), take(ra), take(dec), take(10 ** (-0.4 * (magnitude - 21.0))))


def write_objects(db: Database, sky: Sky) -> None:
    """Append the objects, sorted by id."""
    order = np.argsort(sky.object_id.ravel())
    ids, ra, dec = (values.ravel()[order] for values in (sky.object_id, sky.ra, sky.dec))
    keep = np.concatenate([[True], np.diff(ids) > 0])
    ids, ra, dec = ids[keep], ra[keep], dec[keep]
    xyz = unit_vector(ra, dec)
    columns = {"object_id": ids, "hpx": ids, "ra": ra, "dec": dec}
    columns |= {f"u{axis}": xyz[:, k] for k, axis in enumerate("xyz")}
    names = [name_of(r, d) for r, d in zip(ra, dec, strict=True)] if len(ids) < 2_000_000 else ["J"] * len(ids)
    with db.table("given", pa.table(columns | {"name": names})):
        db.execute(
            "INSERT INTO object BY NAME SELECT *, 2025.0 AS epoch, 100 AS n_detections, 1 AS run_id FROM given "
            "ORDER BY object_id"
        )


def night_table(sky: Sky, night: int, *, fields: int, frames: int, first_frame: int) -> tuple[pa.Table, list[int]]:
    """Return a night's detections, sorted by object and frame, and the field of each of its frames."""
    rng = np.random.default_rng(1000 + night)
    n_fields, stars = sky.object_id.shape
    fields_seen = np.repeat(rng.choice(n_fields, min(fields, n_fields), replace=False), frames)
    frame_ids = first_frame + np.arange(len(fields_seen), dtype=np.int32)
    wide = 2.0 + 0.3 * rng.random(len(fields_seen))[:, None]
    sky_level = rng.uniform(200, 2000, len(fields_seen))[:, None] * np.ones((1, stars))
    transparency = 10 ** (-0.4 * rng.exponential(0.1, len(fields_seen)))[:, None]
    true = sky.flux[fields_seen] * transparency
    exptime, gain = 60.0, 1.5
    area = np.pi * (1.5 * wide) ** 2 * 4
    sigma = np.sqrt(true * exptime / gain + area * sky_level / gain) / exptime
    shared = rng.standard_normal(true.shape)
    found = np.flatnonzero((true + sigma * shared > 3 * sigma) & (rng.random(true.shape) > 0.02))
    n = len(found)
    pick = lambda values: np.broadcast_to(values, true.shape).ravel()[found]  # noqa: E731
    flux, err, width = pick(true), pick(sigma), pick(wide)
    noise = pick(shared)
    snr = flux / err
    fields_of = np.broadcast_to(fields_seen[:, None], true.shape).ravel()[found]
    star = np.broadcast_to(np.arange(stars)[None, :], true.shape).ravel()[found]
    ids, ra, dec = sky.object_id[fields_of, star], sky.ra[fields_of, star], sky.dec[fields_of, star]
    centroid = np.maximum(width / snr, 0.02)
    drift = rng.normal(0, 8, (len(fields_seen), 2))
    place = [
        (values - middle) / FIELD_DEG * SIZE * scale
        + SIZE / 2
        + pick(drift[:, k : k + 1])
        + centroid * rng.standard_normal(n)
        for k, (values, middle, scale) in enumerate(
            (
                (ra, sky.ra.mean(1)[fields_of], np.cos(np.radians(dec))),
                (dec, sky.dec.mean(1)[fields_of], 1.0),
            )
        )
    ]
    grow = 1 - np.exp(-((1.2 * APERTURES) ** 2))
    aper = (
        flux[:, None] * grow
        + (err * noise)[:, None] * APERTURES * 0.9
        + err[:, None] * 0.4 * rng.standard_normal((n, 5))
    )
    aper_err = err[:, None] * np.hypot(0.4, 0.9 * APERTURES) * rng.uniform(0.97, 1.03, (n, 1))
    f4 = lambda values: np.asarray(values, dtype=np.float32)  # noqa: E731
    shape = f4(width * (1 + rng.standard_normal(n) / snr))
    offsets = np.arange(0, 5 * n + 1, 5, dtype=np.int32)
    lists = lambda values: pa.ListArray.from_arrays(pa.array(offsets), pa.array(f4(values).ravel()))  # noqa: E731
    table = pa.table(
        {
            "skey": ids,
            "object_id": ids,
            "frame_id": pick(frame_ids[:, None]),
            "ra": ra + centroid * PIXEL_ARCSEC / 3600 * rng.standard_normal(n),
            "dec": dec + centroid * PIXEL_ARCSEC / 3600 * rng.standard_normal(n),
            "x": f4(place[0]),
            "y": f4(place[1]),
            "flux": f4(flux + err * noise),
            "flux_err": f4(err),
            "flux_auto": f4(1.05 * flux + 1.3 * err * noise + 0.5 * err * rng.standard_normal(n)),
            "flux_auto_err": f4(1.4 * err * rng.uniform(0.9, 1.1, n)),
            "aper_flux": lists(aper),
            "aper_flux_err": lists(aper_err),
            "sky": f4(pick(sky_level) + np.sqrt(pick(sky_level) / 200) * rng.standard_normal(n)),
            "peak": f4(60 * flux / (2 * np.pi * width**2) * (1 + rng.standard_normal(n) / snr)),
            "a": shape,
            "b": f4(shape * (0.93 + 0.05 * rng.random(n))),
            "theta": f4(rng.uniform(-1.5, 1.5, n)),
            "fwhm": f4(2.35 * width * (1 + rng.standard_normal(n) / snr)),
            "kron_radius": f4(3.5 + rng.gamma(2, 0.3, n)),
            "flux_radius": f4(1.2 * width * (1 + rng.standard_normal(n) / snr)),
            "class_star": f4(np.clip(0.95 + rng.standard_normal(n) / np.sqrt(snr) / 3, 0, 1)),
            "flags": (rng.random(n) < 0.1).astype(np.int32) * 2,
        }
    )
    order = np.lexsort((np.asarray(table["frame_id"]), ids))
    return table.take(pa.array(order)), list(fields_seen)


def write_frames(db: Database, night: int, first_frame: int, fields_seen: list[int], sky: Sky) -> None:
    """Append a night's frames with a zero point for the primary aperture and five more."""
    n = len(fields_seen)
    rng = np.random.default_rng(night)
    ids = first_frame + np.arange(n, dtype=np.int32)
    mjd = 60000.0 + night + np.linspace(0.1, 0.45, n)
    evening = date(2023, 2, 24) + timedelta(days=night)
    table = pa.table(
        {
            "frame_id": ids, "file_id": ids, "hdu": np.zeros(n, np.int32),
            "path": [f"/n{night}/f{i}.fits" for i in ids],
            "night": [evening] * n, "detector": ["cam"] * n, "band": [("g", "r", "i")[i % 3] for i in range(n)],
            "mjd_mid": mjd, "jd_tdb": mjd + 2400000.5008, "bary_x": np.cos(mjd / 58), "bary_y": np.sin(mjd / 58),
            "bary_z": np.full(n, 0.001), "exptime_s": np.full(n, 60.0), "airmass": rng.uniform(1, 2, n),
            "ra": sky.ra[:, 0][fields_seen], "dec": sky.dec[:, 0][fields_seen], "width": np.full(n, SIZE, np.int32),
            "height": np.full(n, SIZE, np.int32), "fwhm_arcsec": rng.uniform(2, 4, n),
            "n_detections": np.zeros(n, np.int32),
            "match_radius_arcsec": np.full(n, 2.0), "run_id": np.ones(n, np.int32), "state": ["ok"] * n,
        }
    )  # fmt: skip
    with db.table("given", table):
        db.execute("INSERT INTO frame BY NAME FROM given")
        db.execute(
            "INSERT INTO zeropoint BY NAME SELECT 1 AS cal_id, frame_id, a::INTEGER AS aperture_id, "
            "22.5 + 0.3 * (random() - 0.5) AS zp, 0.002 AS zp_err, 0.01 AS zp_sys, 80 AS n_star, 90 AS n_candidate, "
            "[0.01, 0.02, 0.0, 0.01, 0.0] AS zp_map, 21.0 AS limit_mag, 'AB' AS mag_system, 0 AS flag "
            "FROM given, range(6) AS t(a) ORDER BY frame_id, a"
        )
        db.execute("INSERT INTO frame_calibration SELECT frame_id, 1 FROM given ORDER BY 1")


def make_store(
    path: Path,
    *,
    rows: int,
    n_fields: int = 200,
    stars: int = 3500,
    fields: int = 24,
    frames: int = 6,
    memory_limit: str = "2GB",
) -> int:
    """Write a store of at least so many detections, all of them hot; return how many nights it took."""
    sky = make_sky(n_fields, stars)
    with Database.open(path, read_only=False, create=True, memory_limit=memory_limit) as db:
        created = {"cal_id": 1, "run_id": 1, "method": "catalogue", "settings": "{}", "created": datetime(2026, 1, 1)}
        db.insert("calibration", [created])
        write_objects(db, sky)
        done = night = 0
        frame_id = 1
        while done < rows:
            n = add_night(db, sky, night, fields=fields, frames=frames, first_frame=frame_id)
            done, night, frame_id = done + n, night + 1, frame_id + fields * frames
    return night


def add_night(db: Database, sky: Sky, night: int, *, fields: int, frames: int, first_frame: int) -> int:
    """Append a night in one transaction; return its detections."""
    table, fields_seen = night_table(sky, night, fields=fields, frames=frames, first_frame=first_frame)
    with db.transaction():
        write_frames(db, night, first_frame, fields_seen, sky)
        with db.table("given", table):
            db.execute("INSERT INTO detection_hot BY NAME FROM given")
    return table.num_rows
