"""How a store's file grows over many nights, each followed by the compaction that an ingest does.

    python tests/benchmarks/bench_growth.py [--nights 300] [--fields 8] [--stars 600] [--every]

The figure to look at is the file's size against that of a fresh copy of the same rows, and whether it still grows
faster than its rows at the end.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from photdb.jobs.compact import compact
from photdb.store.database import Database

sys.path.insert(0, str(Path(__file__).parent))
from synthetic_store import add_night, make_sky, write_objects


def fresh_size(path: Path) -> int:
    """Return the size of a file that holds the same rows and nothing else."""
    copy = path.with_name("fresh.duckdb")
    copy.unlink(missing_ok=True)
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{path}' AS old (READ_ONLY)")
        con.execute(f"ATTACH '{copy}' AS new (STORAGE_VERSION 'v1.5.0')")
        for table in ("detection_cold", "detection_hot", "object", "frame", "zeropoint"):
            con.execute(f"CREATE TABLE new.{table} AS FROM old.{table}")
        con.execute("CHECKPOINT new")
    size = copy.stat().st_size
    copy.unlink()
    return size


def main() -> None:
    """Add nights and compact, and say how large the file is from time to time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nights", type=int, default=300)
    parser.add_argument("--fields", type=int, default=8)
    parser.add_argument("--stars", type=int, default=600)
    parser.add_argument("--every", action="store_true", help="compact all of it after each night")
    args = parser.parse_args()
    print(f"duckdb {duckdb.__version__}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    sky = make_sky(40, args.stars)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.duckdb"
        with Database.open(path, read_only=False, create=True) as db:
            write_objects(db, sky)
        rows, began, spent = 0, time.monotonic(), 0.0
        for night in range(args.nights):
            with Database.open(path, read_only=False) as db:
                first = 1 + night * args.fields * 4
                rows += add_night(db, sky, night, fields=args.fields, frames=4, first_frame=first)
            start = time.monotonic()
            compact(path, every=args.every)
            spent += time.monotonic() - start
            if night + 1 in (10, 30, 60, 100, 150, 200, 250, args.nights):
                size, fresh = path.stat().st_size, fresh_size(path)
                print(
                    f"night {night + 1}: {rows} detections, file {size / 1e6:.0f} MB, {size / rows:.0f} B a detection, "
                    f"{size / fresh:.2f} of a fresh copy; compaction {1e3 * spent / (night + 1):.0f} ms a night",
                    flush=True,
                )
        print(f"{time.monotonic() - began:.0f} s in all")


if __name__ == "__main__":
    main()
