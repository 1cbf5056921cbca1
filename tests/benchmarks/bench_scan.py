"""How many headers a second a scan reads: ``python tests/benchmarks/bench_scan.py [FILES]``.

Writes that many small frames with the header of an ordinary camera (some fifty cards), some with a WCS, and scans each
folder three times in one process. The least time counts; the first run, which also reads the disk, is not counted.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from astropy.io import fits

from photdb.ingest.telescope import load_telescopes
from photdb.jobs.scan import scan

HEADERS = Path(__file__).parents[1] / "data" / "headers"


def header_of(name: str) -> fits.Header:
    """Return a header of tests/data/headers, filled to about fifty cards."""
    lines = [line.ljust(80)[:80] for line in (HEADERS / f"{name}.hdr").read_text().splitlines()]
    header = fits.Header.fromstring("".join(lines))
    for i in range(max(0, 50 - len(header))):
        header[f"SPARE{i}"] = (i * 1.5, "a card nobody asks for")
    return header


def write(folder: Path, name: str, n: int) -> None:
    """Write frames that differ in their time."""
    folder.mkdir()
    header = header_of(name)
    for i in range(n):
        header["DATE-OBS"] = f"2025-11-18T{i // 3600 % 24:02d}:{i // 60 % 60:02d}:{i % 60:02d}"
        fits.PrimaryHDU(np.zeros((16, 16), np.uint16), header).writeto(folder / f"{i:05d}.fits", output_verify="ignore")


def main() -> None:
    """Print headers per second of wall time and of CPU."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    telescopes = load_telescopes()
    with tempfile.TemporaryDirectory() as place:
        for name in ("simulator", "nina", "maxim", "skycamt"):
            folder = Path(place) / name
            write(folder, name, n)
            scan([folder], telescopes=telescopes)
            walls, cpus = [], []
            for _ in range(3):
                wall, cpu = time.perf_counter(), time.process_time()
                found = scan([folder], telescopes=telescopes)
                walls.append(time.perf_counter() - wall)
                cpus.append(time.process_time() - cpu)
            assert len(found.headers) == n
            wcs = "with WCS" if found.headers[0].wcs else "plain"
            print(f"{name:10} {wcs:8} {n / min(walls):7.0f} headers/s of wall time, {n / min(cpus):7.0f} of CPU")


if __name__ == "__main__":
    main()
