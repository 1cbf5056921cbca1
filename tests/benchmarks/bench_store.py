"""How quickly a store of many nights answers, is compacted and summed up, and how many bytes a detection takes.

    python tests/benchmarks/bench_store.py [--rows 1e7] [--folder DIR] [--repeat 60]

Detections are simulated (`synthetic_store.py`): 200 fields of 3500 stars, 24 of them a night, six frames each, with
five apertures, auto and all errors. Light curves are asked of the store compacted, with eight nights more over every
part of the sky, and of plain duckdb on the same rows in unsorted Parquet, in the same run. Times are the least and the
median of many objects, ms of wall clock, and ms of processor time, which a busy machine leaves alone.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from photdb.jobs.compact import compact
from photdb.query import cone, find_object, light_curve
from photdb.store.database import Database

sys.path.insert(0, str(Path(__file__).parent))
from synthetic_store import FIELD_DEG, Sky, add_night, make_sky, make_store, write_objects

COLD = (
    "import sys, time; from photdb.store.database import Database; from photdb.query import light_curve; "
    "t = time.perf_counter(); db = Database.open(sys.argv[1]); list(light_curve(db, int(sys.argv[2])).rows()); "
    "print(1e3 * (time.perf_counter() - t))"
)
MOMENTS = "SELECT count(*) FROM (SELECT object_id, band, count(*), sum({0}), sum({0} * {0}) FROM {1} GROUP BY ALL)"


def timed(what: str, work: Callable[[Any], object], given: list[Any], limit: float | None = None) -> None:
    """Do some work for each of many, twice, and print how long it took the second time."""
    wall, processor = [], []
    for one in given:
        work(one)
        began, spent = time.perf_counter(), time.process_time()
        work(one)
        processor.append(1e3 * (time.process_time() - spent))
        wall.append(1e3 * (time.perf_counter() - began))
    aim = f", to be <= {limit:g}" if limit else ""
    print(
        f"  {what}: least {min(wall):.1f}, median {statistics.median(wall):.1f} ms{aim}; "
        f"processor {statistics.median(processor):.1f}",
        flush=True,
    )


def per_second(what: str, db: Database, sql: str, n: int, aim: float) -> None:
    """Run a statement over all rows three times and print the rate of the best."""
    best, spent = float("inf"), float("inf")
    for _ in range(3):
        began, before = time.perf_counter(), time.process_time()
        db.rows(sql)
        best, spent = min(best, time.perf_counter() - began), min(spent, time.process_time() - before)
    print(
        f"  {what}: {n / best / 1e6:.1f} M rows/s, to be >= {aim:g}; {1e9 * spent / n:.0f} ns of processor a row",
        flush=True,
    )


def scanned(db: Database, sql: str, object_id: int) -> int:
    """Return how many rows the scans of a statement looked at."""

    def count(node: dict[str, Any]) -> int:
        inner = [*node.get("operator", ()), *node.get("children", ())]  # duckdb 2 has the first, and shorter names
        return int(node.get("operator_rows_scanned") or node.get("rows_scanned") or 0) + sum(map(count, inner))

    con = db._con
    con.execute("PRAGMA enable_profiling = 'no_output'")
    con.execute("PRAGMA profiling_mode = 'detailed'")
    con.execute(sql, {"id": object_id}).fetchall()
    found = json.loads(con.get_profiling_information(format="json"))
    con.execute("PRAGMA disable_profiling")
    return count(found)


def ask(path: Path, sky: Sky, repeat: int, limit: float) -> None:
    """Time light curves by id, by position and of the view, warm and cold."""
    rng = np.random.default_rng(5)
    picks = [(int(f), int(s)) for f, s in zip(rng.integers(0, 200, repeat), rng.integers(0, 3500, repeat), strict=True)]
    ids = [int(sky.object_id[pick]) for pick in picks]
    places = [(float(sky.ra[pick]), float(sky.dec[pick])) for pick in picks]
    view = "SELECT * FROM lightcurve WHERE object_id = $id"
    with Database.open(path) as db:
        timed("light curve by id", lambda i: list(light_curve(db, i).rows()), ids, limit)
        timed(
            "light curve by position",
            lambda p: list(light_curve(db, find_object(db, *p, radius=2.0).object_id).rows()),
            places,
            limit,
        )
        timed("SELECT * FROM lightcurve WHERE object_id =", lambda i: db.rows(view, {"id": i}), ids, 20)
        timed("cone of 60 arcsec", lambda p: list(cone(db, *p, 60.0).rows()), places)
        n = db.one("SELECT count(*) FROM detection WHERE object_id = $i", i=ids[0])
        raw = "SELECT flux FROM detection WHERE object_id = $id"
        print(f"  {n} points; {scanned(db, raw, ids[0])} detections scanned for them")
    cold = []
    for i in ids[:5]:
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        run = subprocess.run(
            [sys.executable, "-c", COLD, str(path), str(i)], capture_output=True, text=True, check=True
        )
        cold.append(float(run.stdout))
    print(
        f"  cold, open included: least {min(cold):.0f}, median {statistics.median(cold):.0f} ms, to be <= 150",
        flush=True,
    )


def peer(path: Path, folder: Path, sky: Sky, repeat: int) -> None:
    """Time the same question of unsorted Parquet in plain duckdb."""
    file = folder / "plain.parquet"
    with Database.open(path, memory_limit="2GB") as db:
        db.rows(
            "COPY (SELECT d.object_id, f.band, f.mjd_mid, d.flux, d.flux_err, z.zp FROM detection AS d JOIN frame AS f "
            "USING (frame_id) JOIN zeropoint AS z ON z.frame_id = d.frame_id AND z.aperture_id = 0 "
            f"ORDER BY hash(d.flux)) TO '{file}' (FORMAT parquet, COMPRESSION zstd)"
        )
    ids = [int(i) for i in np.random.default_rng(5).choice(sky.object_id.ravel(), min(repeat, 10))]
    with duckdb.connect() as con:
        sql = f"SELECT *, zp - 2.5 * log10(flux) FROM '{file}' WHERE object_id = $id AND flux > 0 ORDER BY mjd_mid"
        timed("plain duckdb, unsorted Parquet of 6 columns", lambda i: con.execute(sql, {"id": i}).fetchall(), ids)
    file.unlink()


def big_cone(folder: Path) -> None:
    """Time cones on five million objects."""
    path, sky = folder / "objects.duckdb", make_sky(500, 10_000, seed=3)
    with Database.open(path, read_only=False, create=True) as db:
        write_objects(db, sky)
    rng = np.random.default_rng(6)
    places = [(float(sky.ra[f, 0]), float(sky.dec[f, 0])) for f in rng.integers(0, 500, 40)]
    with Database.open(path) as db:
        timed(
            "cone() of 10 arcsec on 5 M objects",
            lambda p: db.rows("FROM cone($a, $d, 10)", {"a": p[0], "d": p[1]}),
            places,
            6,
        )
    path.unlink()


def main() -> None:
    """Make a store, compact it, ask it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=float, default=1e7)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--repeat", type=int, default=60)
    args = parser.parse_args()
    print(f"duckdb {duckdb.__version__}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        folder = Path(name)
        path, sky = folder / "s.duckdb", make_sky(200, 3500)
        nights = make_store(path, rows=int(args.rows))
        with Database.open(path) as db:
            n = int(db.one("SELECT count(*) FROM detection"))
        print(f"{n} detections of {nights} nights, {path.stat().st_size / n:.1f} B each")
        before = resource.getrusage(resource.RUSAGE_SELF)
        done = compact(path, every=True)
        after = resource.getrusage(resource.RUSAGE_SELF)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(
            f"compaction: {n / done.seconds / 1e6:.2f} M rows/s, to be >= 0.4; "
            f"{1e6 * spent / n:.2f} us of processor a row; {after.ru_maxrss / 1e6:.1f} GB",
            flush=True,
        )
        with Database.open(path, memory_limit="2GB") as db:
            blocks = "SELECT count(DISTINCT block_id) FROM pragma_storage_info('detection_cold') WHERE block_id >= 0"
            print(
                f"compacted: {262144 * db.one(blocks) / n:.1f} B a detection, to be <= 60; of the sky's parts: ", end=""
            )
            print(db.rows("SELECT count(*), min(n_rows), max(n_rows) FROM hpx_partition WHERE n_rows > 0").rows[0])
            flux = "(SELECT object_id, band, flux::DOUBLE AS flux FROM detection JOIN frame USING (frame_id))"
            per_second("moments of raw flux", db, MOMENTS.format("flux", flux), n, 50)
            per_second("moments of magnitudes", db, MOMENTS.format("mag", "lightcurve"), n, 20)
        print("compacted")
        ask(path, sky, args.repeat, 8)
        peer(path, folder, sky, args.repeat)
        shutil.copy(path, folder / "runs.duckdb")
        with Database.open(folder / "runs.duckdb", read_only=False) as db:
            for night in range(8):
                add_night(db, sky, nights + night, fields=200, frames=1, first_frame=10_000_000 + 1000 * night)
        print(f"with eight nights more over every part of the sky (fields of {FIELD_DEG} deg)")
        ask(folder / "runs.duckdb", sky, args.repeat, 12)
        big_cone(folder)


if __name__ == "__main__":
    main()
