"""How fast a store leaves as a HATS collection, and as plain partitioned Parquet, beside duckdb's own COPY.

    python tests/benchmarks/bench_export.py [--rows 10000000] [--fields 20] [--frames 300] [--folder DIR]

The store is made here: fields of stars, every star in every frame of its field, five apertures, one zero point a frame,
one sorted run a night. The peer is plain duckdb: the same detections joined to their frames by ``COPY ... (FORMAT
parquet, COMPRESSION zstd, PARTITION_BY (norder, npix))``, with a cell taken from the sort key, no magnitudes, no sorted
light curves, no margins, no second copy. Everything at `memory_limit` 2 GB; wall time, processor time, most memory.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa

from photdb.sky import healpix, unit_vector
from photdb.store.database import Database

N_NIGHT = 10
WIDE = 1.0  # deg, of a field
PEER = """
SELECT d.*, f.band, f.mjd_mid, f.airmass, f.fwhm_arcsec, z.zp, z.zp_err, z.mag_system, 5 AS norder, d.skey >> 48 AS npix
FROM detection AS d JOIN frame AS f USING (frame_id)
LEFT JOIN zeropoint_active AS z ON z.frame_id = d.frame_id AND z.aperture_id = 0
"""


def made(path: Path, n_row: int, n_field: int, n_frame: int) -> int:
    """Write the store; return how many detections it has."""
    rng = np.random.default_rng(7)
    n_star = max(n_row // (n_field * n_frame), 1)
    centre_ra = rng.uniform(0, 360, n_field)
    centre_dec = np.degrees(np.arcsin(rng.uniform(-0.9, 0.9, n_field)))
    field = np.repeat(np.arange(n_field), n_star)
    dec = np.clip(centre_dec[field] + rng.uniform(-WIDE / 2, WIDE / 2, len(field)), -89.9, 89.9)
    ra = (centre_ra[field] + rng.uniform(-WIDE / 2, WIDE / 2, len(field)) / np.cos(np.radians(dec))) % 360
    hpx = healpix(ra, dec)
    unit = unit_vector(ra, dec)
    with Database.open(path, read_only=False, create=True) as db:
        star = {"object_id": hpx, "field": field, "ra": ra, "dec": dec, "mean": 10 ** rng.uniform(1, 4, len(field))}
        star |= {"ux": unit[:, 0], "uy": unit[:, 1], "uz": unit[:, 2]}
        db.execute("SELECT setseed(0.5)")
        with db.table("star", pa.table(star)), db.transaction():
            db.execute(
                "INSERT INTO object BY NAME SELECT object_id, 'J' || object_id AS name, object_id AS hpx, ra, dec, ux, "
                "uy, uz, 2026.0 AS epoch, $n AS n_detections, 1 AS run_id FROM star ORDER BY object_id",
                n=n_frame,
            )
            db.execute(
                "INSERT INTO frame BY NAME SELECT g * $n + i AS frame_id, g * $n + i AS file_id, 0 AS hdu, "
                "'/f/' || g || '/' || i AS path, DATE '2026-01-01' + (i // ($n // $nights))::INTEGER AS night, "
                "'bench' AS telescope, 'cam' AS detector, 'gr'[1 + i % 2] AS band, "
                "61000 + i // ($n // $nights) + 0.001 * i AS mjd_mid, 2461000.5 + 0.001 * i AS jd_tdb, 0.1 AS bary_x, "
                "0.2 AS bary_y, 0.3 AS bary_z, 60.0 AS exptime_s, 1.2 AS airmass, 3.0 AS fwhm_arcsec, "
                "2000 AS width, 2000 AS height, 1 AS run_id, 'ok' AS state "
                "FROM range($fields) AS t(g), range($n) AS u(i)",
                n=n_frame, nights=N_NIGHT, fields=n_field,
            )  # fmt: skip
            db.insert(
                "calibration",
                [{"cal_id": 1, "run_id": 1, "method": "m", "settings": "{}", "created": datetime(2026, 1, 1)}],
            )
            db.execute(
                "INSERT INTO zeropoint BY NAME SELECT 1 AS cal_id, frame_id, 0 AS aperture_id, 22.5 AS zp, 0.002 AS "
                "zp_err, 0.01 AS zp_sys, 100 AS n_star, 120 AS n_candidate, 20.1 AS limit_mag, 'AB' AS mag_system, "
                "0 AS flag FROM frame"
            )
            db.execute("INSERT INTO frame_calibration SELECT frame_id, 1 FROM frame")
        for night in range(N_NIGHT):
            with db.table("star", pa.table(star)):
                db.execute(
                    "INSERT INTO detection_hot BY NAME "
                    "WITH d AS (SELECT s.*, f.frame_id, mean * (1 + 0.02 * (random() - 0.5)) AS flux FROM star AS s "
                    "JOIN frame AS f ON f.frame_id // $n = s.field AND (f.frame_id % $n) // ($n // $nights) = $night) "
                    "SELECT object_id AS skey, object_id, frame_id, ra + 2e-5 * (random() - 0.5) AS ra, "
                    "dec + 2e-5 * (random() - 0.5) AS dec, 2000 * random() AS x, 2000 * random() AS y, flux, "
                    "1 + 0.01 * sqrt(flux) AS flux_err, 1.1 * flux AS flux_auto, 1.5 + 0.01 * sqrt(flux) AS "
                    "flux_auto_err, [flux * random(), flux * random(), flux * random(), flux * random(), "
                    "flux * random()] AS aper_flux, [random(), random(), random(), random(), random()] AS "
                    "aper_flux_err, 40 + random() AS sky, flux / 10 AS peak, 1.5 AS a, 1.4 AS b, random() AS theta, "
                    "3 + 0.1 * random() AS fwhm, 3.5 AS kron_radius, 1.8 AS flux_radius, 0.9 AS class_star, 0 AS flags "
                    "FROM d ORDER BY skey, frame_id",
                    n=n_frame, nights=N_NIGHT, night=night,
                )  # fmt: skip
        return int(db.one("SELECT count(*) FROM detection"))


def peer(store: Path, out: Path) -> None:
    """Write plain hive Parquet with duckdb alone."""
    with Database.open(store, memory_limit="2GB") as db:
        db.execute("SET enable_progress_bar = false")
        db.copy(PEER, None, out, "FORMAT parquet, COMPRESSION zstd, PARTITION_BY (norder, npix)")


def hats(store: Path, out: Path) -> None:
    """Write a HATS collection: objects with their light curves, sources, margins, index."""
    from photdb.jobs import export_hats

    with Database.open(store, memory_limit="2GB") as db:
        db.execute("SET enable_progress_bar = false")
        export_hats.export(db, out)


def hive(store: Path, out: Path) -> None:
    """Write the light curves as plain partitioned Parquet."""
    from photdb.jobs import export_partitioned

    with Database.open(store, memory_limit="2GB") as db:
        db.execute("SET enable_progress_bar = false")
        export_partitioned.export(db, "lightcurve", out)


def measured(work: Callable[[Path, Path], None], store: Path, out: Path) -> tuple[float, float, float, float]:
    """Return wall and processor time (s), peak memory (GB) and size (GB) of a piece of work in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_alone, args=(work, store, out, theirs))
    process.start()
    seconds, processor, memory = ours.recv()
    process.join()
    size = sum(f.stat().st_size for f in out.rglob("*") if f.is_file()) / 1e9
    shutil.rmtree(out)
    return seconds, processor, memory, size


def _alone(work: Callable[[Path, Path], None], store: Path, out: Path, pipe: object) -> None:
    """Work, and say how long it took and how much memory."""
    began, used = time.perf_counter(), time.process_time()
    work(store, out)
    seconds, processor = time.perf_counter() - began, time.process_time() - used
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    pipe.send((seconds, processor, memory))  # type: ignore[attr-defined]


def main() -> None:
    """Make the store and export it in every way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--fields", type=int, default=20)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only", choices=["peer", "hats", "hive"])
    args = parser.parse_args()
    print(f"duckdb {version('duckdb')}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.folder or Path(scratch)
        store = folder / "bench.duckdb"
        if store.exists():
            with Database.open(store) as db:
                n = int(db.one("SELECT count(*) FROM detection"))
        else:
            n = made(store, args.rows, args.fields, args.frames)
        print(f"{n} detections, {store.stat().st_size / n:.0f} B/row in the store")
        for name, work in (("peer", peer), ("hats", hats), ("hive", hive)):
            if args.only in (None, name):
                seconds, processor, memory, size = measured(work, store, folder / f"out-{name}")
                took = f"{seconds:.1f} s, {n / seconds / 1e6:.2f} M rows/s, {processor:.1f} s of processor time"
                print(f"{name}: {took}, {memory:.2f} GB of memory, {size:.2f} GB written")


if __name__ == "__main__":
    main()
