"""How long the program takes to start and to answer: whole processes, the least and the median of some runs.

Against Python with nothing but duckdb, which no program in Python that asks a store can undercut. With ``--assert``, it
ends with 1 where --help takes more than 0.15 s or a light curve more than 0.35 s, in the least of the runs.

    python tests/benchmarks/bench_start.py [--db STORE --object ID] [--repeat 10] [--assert]

Without a store, a small one is made for the light curve.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from stores import STAR, small_store

#: Seconds of a whole process, at most.
FIGURES = {"--help": 0.15, "one light curve": 0.35}


def seconds(words: list[str], repeat: int) -> tuple[list[float], float]:
    """Wall times of whole processes, and the CPU time of one of them."""
    out, cpu = [], os.times()
    for _ in range(repeat):
        began = time.perf_counter()
        subprocess.run([sys.executable, *words], capture_output=True, check=True)
        out.append(time.perf_counter() - began)
    used = os.times()
    return out, (used.children_user + used.children_system - cpu.children_user - cpu.children_system) / repeat


def main() -> None:
    """Time --help and one light curve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--db", type=Path)
    parser.add_argument("--object", type=int, default=STAR)
    parser.add_argument("--repeat", type=int, default=10)
    parser.add_argument("--assert", action="store_true", dest="check")
    args = parser.parse_args()
    print(f"python {sys.version.split()[0]}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        store = args.db or small_store(Path(folder) / "small.duckdb")
        position = ["lightcurve", "41.58", "-30.27", "--db", str(store)]
        lines = {
            "python -c 'import duckdb'": ["-c", "import duckdb"],
            "--help": ["-m", "photdb", "--help"],
            "one light curve": ["-m", "photdb", "lightcurve", "--object", str(args.object), "--db", str(store)],
        }
        if args.db is None:
            lines |= {
                "one light curve, by position": ["-m", "photdb", *position],
                "the same with --limits": ["-m", "photdb", *position, "--limits"],
                "cone": ["-m", "photdb", "cone", "41.58", "-30.27", "60", "--db", str(store)],
                "coverage": ["-m", "photdb", "coverage", "41.58", "-30.27", "--db", str(store)],
            }
        slow = []
        for label, words in lines.items():
            found, cpu = seconds(words, args.repeat)
            print(f"{label:30s} least {min(found):.3f} s, median {statistics.median(found):.3f} s, CPU {cpu:.3f} s")
            if min(found) > FIGURES.get(label, math.inf):
                slow.append(label)
    if args.check and slow:
        sys.exit(f"too slow: {', '.join(slow)}")


if __name__ == "__main__":
    main()
