"""How long the program takes to start and to answer: whole processes, the least and the median of some runs.

    python tests/benchmarks/bench_start.py [--db STORE --object ID] [--repeat 10]

Without a store, a small one is made for the light curve.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from stores import STAR, small_store


def seconds(words: list[str], repeat: int) -> list[float]:
    """Wall time of whole processes."""
    out = []
    for _ in range(repeat):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "photdb", *words], capture_output=True, check=True)
        out.append(time.perf_counter() - began)
    return out


def main() -> None:
    """Time --help and one light curve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--db", type=Path)
    parser.add_argument("--object", type=int, default=STAR)
    parser.add_argument("--repeat", type=int, default=10)
    args = parser.parse_args()
    print(f"python {sys.version.split()[0]}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        store = args.db or small_store(Path(folder) / "small.duckdb")
        for label, words in (
            ("--help", ["--help"]),
            ("one light curve", ["lightcurve", "--object", str(args.object), "--db", str(store)]),
        ):
            found = seconds(words, args.repeat)
            print(f"{label:16s} least {min(found):.3f} s, median {statistics.median(found):.3f} s")


if __name__ == "__main__":
    main()
