"""Light curves of many targets in one pass, against a question each and against plain DuckDB on unsorted Parquet.

    python tests/benchmarks/bench_targets.py [--stars 100000] [--frames 100] [--targets 10000] [--store FILE]

A synthetic store is made (stars x frames detections, ten nights, one sorted run a night), and kept where --store says.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

from photdb import query
from photdb.jobs.commit_night import frame_cells
from photdb.store.database import Database

NIGHTS = 10
PER_DEG2 = 1000.0
RA, DEC = 150.0, 30.0


def make(path: Path, n_star: int, n_frame: int) -> None:
    """Write a field of stars that every frame covers."""
    half = (n_star / PER_DEG2) ** 0.5 / 2
    with Database.open(path, read_only=False, create=True) as db:
        with db.transaction():
            _few_rows(db, n_frame, half)
            db.execute(
                "CREATE TEMP TABLE star AS SELECT *, healpix_cell(ra, dec, 29) AS id FROM (SELECT "
                "$ra + $half * (2 * hash(i)::DOUBLE / 18446744073709551615 - 1) / cos(radians($dec)) AS ra, "
                "$dec + $half * (2 * hash(i + 1000000007)::DOUBLE / 18446744073709551615 - 1) AS dec "
                "FROM range($n) AS t(i))",
                ra=RA, dec=DEC, half=half, n=n_star,
            )  # fmt: skip
            db.execute(
                "INSERT INTO object (object_id, name, hpx, ra, dec, ux, uy, uz, epoch, n_detections, run_id, kind) "
                "SELECT id, 'J' || id, id, ra, dec, cos(radians(dec)) * cos(radians(ra)), "
                "cos(radians(dec)) * sin(radians(ra)), sin(radians(dec)), 2020, $n, 1, 'star' FROM star ORDER BY id",
                n=n_frame,
            )
        per = n_frame // NIGHTS
        for night in range(NIGHTS):
            db.execute(
                "INSERT INTO detection_hot BY NAME SELECT id AS skey, id AS object_id, f::INTEGER AS frame_id, ra, "
                "dec, 2000 + 1000 * sin(f) AS x, 2000.0 AS y, (1000 + hash(id // 7 + f) % 1000)::FLOAT AS flux, "
                "1.0 AS flux_err, "
                "1000.0 AS flux_auto, 2.0 AS flux_auto_err, [900.0, 950, 1000, 1010, 1020] AS aper_flux, "
                "[1.0, 1, 1, 1, 1] AS aper_flux_err, 40.0 AS sky, 0 AS flags "
                "FROM star, range($lo, $hi) AS t(f) ORDER BY id, f",
                lo=1 + night * per, hi=1 + (night + 1) * per,
            )  # fmt: skip
        db.checkpoint()


def _few_rows(db: Database, n_frame: int, half: float) -> None:
    """Write the run, the frames with their cover, and the zero points."""
    now = "TIMESTAMP '2026-01-01'"
    db.execute(
        "INSERT INTO run (run_id, command, parameters, version, started, state) "
        f"VALUES (1, 'ingest', '{{}}', 'bench', {now}, 'done')"
    )
    db.execute("INSERT INTO calibration (cal_id, run_id, method, settings, created) "
               f"VALUES (1, 1, 'catalogue', '{{}}', {now})")  # fmt: skip
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    ras = [RA + 1.05 * half * x / 0.8660254 for x, _ in corners]
    decs = [DEC + 1.05 * half * y for _, y in corners]
    db.execute(
        "INSERT INTO frame (frame_id, file_id, hdu, path, night, band, mjd_mid, jd_tdb, bary_x, bary_y, bary_z, "
        "exptime_s, airmass, ra, dec, corner_ra, corner_dec, width, height, fwhm_arcsec, match_radius_arcsec, run_id, "
        "state) SELECT i, i, 0, '/f' || i, DATE '2020-01-01' + ((i - 1) * $nights // $n)::INTEGER, 'g', "
        "59000 + i * 0.01, "
        "2459000.5 + i * 0.01, 0.1, 0.2, 0.3, 60, 1.2, $ra, $dec, $ras::VARCHAR::DOUBLE[], $decs::VARCHAR::DOUBLE[], "
        "4000, 4000, 2.0, 2.0, 1, 'ok' FROM range(1, $n + 1) AS t(i)",
        n=n_frame, nights=NIGHTS, ra=RA, dec=DEC, ras=str(ras), decs=str(decs),
    )  # fmt: skip
    cells = frame_cells(1, {"corner_ra": ras, "corner_dec": decs})
    db.execute(
        "INSERT INTO frame_cover (norder, cell, frame_id) SELECT $norder, c, f FROM "
        "(SELECT unnest($cells::VARCHAR::BIGINT[]) AS c), range(1, $n + 1) AS t(f) ORDER BY 2, 3",
        norder=cells[0][0], cells=str([cell for _, cell, _ in cells]), n=n_frame,
    )  # fmt: skip
    db.execute(
        "INSERT INTO zeropoint (cal_id, frame_id, aperture_id, zp, zp_err, zp_sys, n_star, n_candidate, limit_mag, "
        "mag_system, flag) SELECT 1, i, 0, 22.5, 0.003, 0.01, 50, 60, 19.1, 'AB', 0 FROM range(1, $n + 1) AS t(i)",
        n=n_frame,
    )
    db.execute("INSERT INTO frame_calibration SELECT i, 1 FROM range(1, $n + 1) AS t(i)", n=n_frame)


def timed(label: str, work: Any, n: int, *, scale: float = 1.0) -> float:
    """Print wall and CPU time of work for all targets; return the latter: a busy machine lengthens it less."""
    began, cpu = time.perf_counter(), time.process_time()
    rows = work()
    seconds, cpu = (time.perf_counter() - began) * scale, (time.process_time() - cpu) * scale
    said = "" if scale == 1 else f" (a {scale:.0f}th of them measured)"
    print(f"{label:38s} {seconds:8.2f} s  {cpu:8.2f} s of CPU  {1e3 * cpu / n:7.3f} ms a target  {rows} rows{said}")
    return cpu


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stars", type=int, default=100_000)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--targets", type=int, default=10_000)
    parser.add_argument("--store", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = args.store or Path(folder) / "targets.duckdb"
        if not store.exists():
            make(store, args.stars, args.frames)
        _measure(store, Path(folder), args.targets)


def _measure(store: Path, folder: Path, n: int) -> None:
    """Ask for light curves in three ways."""
    with Database.open(store) as db:
        (total,) = db.rows("SELECT count(*) FROM detection").rows[0]
        print(f"duckdb {duckdb.__version__}, {total} detections, {n} targets, load {os.getloadavg()[0]:.1f}")
        stars = db.rows("SELECT ra, dec FROM object").rows
        chosen = random.Random(1).sample(stars, min(n, len(stars)))
        shifted = [((ra + 0.0003) % 360, dec) for ra, dec in chosen]

        def one_pass() -> int:
            targets = query.find_targets(db, query.as_targets(shifted))
            return query.light_curves(db, targets).copy_parquet(folder / "curves.parquet")

        def each() -> int:
            return sum(
                len(list(query.light_curve(db, query.find_object(db, *place).object_id).rows()))
                for place in shifted[::100]
            )

        timed("photdb: one pass, matched, to Parquet", one_pass, n)
        ours = timed("photdb: the same again", one_pass, n)
        loop = timed("photdb: one question a target", each, n, scale=100)
        db.rows(
            "COPY (SELECT object_id, frame_id, ra, dec, flux, flux_err, flags FROM detection "
            f"ORDER BY hash(object_id + frame_id)) TO '{folder / 'unsorted.parquet'}' (FORMAT parquet)"
        )
    plain = duckdb.connect()

    def of_parquet() -> int:
        found = 0
        for ra, dec in shifted[::1000]:
            found += len(
                plain.execute(
                    f"SELECT * FROM '{folder / 'unsorted.parquet'}' WHERE ra BETWEEN ? AND ? "
                    "AND dec BETWEEN ? AND ? ORDER BY frame_id", [ra - 0.001, ra + 0.001, dec - 0.001, dec + 0.001],
                ).fetchall()
            )  # fmt: skip
        return found

    peer = timed("plain DuckDB on unsorted Parquet, each", of_parquet, n, scale=1000)
    print(f"one pass: {loop / ours:.0f} x as quick as a question each, {peer / ours:.0f} x as plain DuckDB")


if __name__ == "__main__":
    sys.exit(main())
