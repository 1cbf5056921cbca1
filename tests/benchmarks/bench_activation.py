"""How long it takes to let every frame of a store use another calibration, and what --as costs a light curve.

    python tests/benchmarks/bench_activation.py [--frames 100000] [--apertures 8] [--repeat 5]

``activate`` is called as the command line calls it: with the look at what was measured of both calibrations on
held-back stars, the update of the pointers and the row of the history, in a file. The light curve is of an object with
2000 points.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb

from photdb import query
from photdb.jobs.zeropoint_versions import activate
from photdb.store.database import Database

POINTS = 2000


def made(path: Path, n_frame: int, n_aperture: int) -> None:
    """Write a store of frames with two calibrations, each with its quality, and one object; no other detection."""
    with Database.open(path, read_only=False, create=True) as db:
        db.execute(
            "INSERT INTO frame BY NAME SELECT i::INTEGER AS frame_id, i::INTEGER AS file_id, 0 AS hdu, "
            "'/f' || i AS path, 'cam' || i % 2 AS detector, 'r' AS band, 60000 + i * 0.001 AS mjd_mid, "
            "1000 AS width, 1000 AS height, 1 AS run_id, 'ok' AS state FROM range(1, $n + 1) AS t(i)",
            n=n_frame,
        )
        for cal_id in (1, 2):
            row = {
                "cal_id": cal_id,
                "run_id": 1,
                "method": "catalogue",
                "settings": "{}",
                "created": datetime(2026, 1, 1),
            }
            db.insert("calibration", [row])
            db.execute(
                "INSERT INTO zeropoint BY NAME SELECT $cal_id::INTEGER AS cal_id, frame_id, a::INTEGER AS aperture_id, "
                "22.0 + 0.001 * $cal_id AS zp, 0.001 AS zp_err, 200 AS n_star, 220 AS n_candidate, "
                "'gaiaxp' AS catalog, 'r' AS ref_band, 'AB' AS mag_system, 0 AS flag "
                "FROM frame, range($n) AS t(a) ORDER BY frame_id, a",
                cal_id=cal_id, n=n_aperture,
            )  # fmt: skip
        db.execute("INSERT INTO frame_calibration SELECT frame_id, 1 FROM frame ORDER BY frame_id")
        db.execute(
            "INSERT INTO calibration_quality SELECT c.cal_id, f.detector, f.band, true, count(*), 20, 20 * count(*), "
            "0.005, 0.0, 0.02 FROM calibration AS c, frame AS f GROUP BY ALL"
        )
        db.execute(
            "INSERT INTO object BY NAME SELECT 1 AS object_id, 'J' AS name, 0 AS hpx, 0 AS ra, 0 AS dec, 1 AS ux, "
            "0 AS uy, 0 AS uz, 2025 AS epoch, $n AS n_detections, 1 AS run_id",
            n=POINTS,
        )
        db.execute(
            "INSERT INTO detection_hot BY NAME SELECT 1 AS skey, 1 AS object_id, frame_id, 5 AS x, 5 AS y, "
            "100 AS flux, 1 AS flux_err, 0 AS flags FROM frame WHERE frame_id <= $n ORDER BY frame_id",
            n=POINTS,
        )


def timed(repeat: int, work: Callable[[int], object]) -> list[float]:
    """Wall time (ms) of a piece of work, done so many times."""
    out = []
    for k in range(repeat):
        began = time.perf_counter()
        work(k)
        out.append(1e3 * (time.perf_counter() - began))
    return out


def main() -> None:
    """Time both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--apertures", type=int, default=8)
    parser.add_argument("--repeat", type=int, default=5)
    args = parser.parse_args()
    print(f"duckdb {duckdb.__version__}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.duckdb"
        made(path, args.frames, args.apertures)
        with Database.open(path, read_only=False) as db:
            found = timed(2 * args.repeat, lambda k: activate(db, 2 - k % 2, run_id=1))
        print(f"activate, {args.frames} frames: least {min(found):.0f} ms, median {statistics.median(found):.0f} ms")
        for label, cal_id in (("in use", None), ("--as 2", 2)):
            with Database.open(path, calibration=cal_id) as db:
                found = timed(4 * args.repeat, lambda _, db=db: list(query.light_curve(db, 1).rows()))
            print(f"light curve of {POINTS} points, {label}: median {statistics.median(found):.1f} ms")


if __name__ == "__main__":
    main()
