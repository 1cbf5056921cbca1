"""CPU time of detection and photometry beside source-extractor's, on simulated frames.

    python tests/benchmarks/bench_photometry.py [--size 4096 4096] [--stars 14000] [--repeat 4]

Both programs read the same 16-bit FITS file, find the same sources (threshold 1.5, five pixels, deblending 32 / 0.005)
and measure five apertures and the auto flux. The figure is user + system time, the least of interleaved runs:
source-extractor's whole process, and of photdb everything between the file and the columns (not the start of Python,
which a worker has once).
"with sky" adds what source-extractor was not asked for: the sigma-clipped annulus.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1] / "golden"))

import make_source_extractor as golden
import numpy as np
from astropy.io import fits

from photdb.photometry.measure import MeasureSettings, find_sources, measure
from photdb.photometry.pixels import Pixels
from photdb.photometry.synthetic import star_image

APERTURES = np.array(golden.DIAMETERS, float)
PRIMARY = 10.0


def simulate(shape: tuple[int, int], stars: int, seed: int = 1) -> np.ndarray:
    """A field of Moffat stars of 3.6 px FWHM, 2.2 times as many per magnitude; sky 200 ADU, gain 1.5, whole ADU."""
    rng = np.random.default_rng(seed)
    y, x = rng.uniform(0, shape[0], stars), rng.uniform(0, shape[1], stars)
    faint = 19 - np.minimum(rng.exponential(1 / (0.35 * np.log(10)), stars), 6.5)
    flux = 10 ** (-0.4 * (faint - 25))
    out = np.empty(shape, np.uint16)
    for start in range(0, shape[0], 512):
        stop = min(start + 512, shape[0])
        near = (y > start - 100) & (y < stop + 100)
        ideal = star_image((stop - start, shape[1]), x[near], y[near] - start, flux[near], 3.6, beta=3.0) + 200
        seen = rng.poisson(ideal * 1.5) / 1.5 + rng.normal(0, 8 / 1.5, ideal.shape)
        out[start:stop] = np.clip(np.rint(seen), 0, 65535)
    return out


def ours(path: Path, settings: MeasureSettings, buffers: tuple[np.ndarray, np.ndarray]) -> int:
    """Read a frame into a buffer and measure it."""
    raw, subtracted = buffers
    with fits.open(path, memmap=True, do_not_scale_image_data=True) as hdus:
        stored = hdus[0].data
        for start in range(0, len(raw), 64):
            np.add(stored[start : start + 64], np.float32(32768), out=raw[start : start + 64], casting="unsafe")
    pixels = Pixels(raw, np.zeros(raw.shape, np.uint8), (8 / 1.5) ** 2, None, 1.5, 8.0, True, 6e4, 0, 0)
    found = find_sources(pixels, settings, out=subtracted)
    measure(pixels, found, apertures_px=APERTURES, primary_px=PRIMARY, exptime_s=1.0, settings=settings)
    return len(found)


def theirs(path: Path, exe: str) -> int:
    """Let source-extractor do the same."""
    return len(golden.run_file(path, exe=exe))


def cpu(who: int) -> float:
    """User and system time so far, s."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print the times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", nargs=2, type=int, default=(4096, 4096), metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--stars", type=int, default=14_000)
    parser.add_argument("--repeat", type=int, default=4)
    options = parser.parse_args()
    shape = (options.size[0], options.size[1])
    exe = shutil.which("source-extractor") or shutil.which("sex")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frame.fits"
        fits.PrimaryHDU(simulate(shape, options.stars)).writeto(path)
        buffers = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        times: dict[str, list[float]] = {"photdb": [], "photdb with sky": [], "source-extractor": []}
        counts: dict[str, int] = {}
        for _ in range(options.repeat):
            for name, sky in (("photdb", False), ("photdb with sky", True)):
                start = time.process_time()
                counts[name] = ours(path, MeasureSettings(local_background=sky), buffers)
                times[name].append(time.process_time() - start)
            if exe:
                start = cpu(resource.RUSAGE_CHILDREN)
                counts["source-extractor"] = theirs(path, exe)
                times["source-extractor"].append(cpu(resource.RUSAGE_CHILDREN) - start)
    mega = shape[0] * shape[1] / 1e6
    print(f"{shape[0]} x {shape[1]}, {options.stars} stars, least of {options.repeat}, load {os.getloadavg()[0]:.1f}")
    for name, seconds in times.items():
        if not seconds:
            print(f"{name}: not installed, no ratio (Debian: apt install source-extractor)")
            continue
        line = (
            f"{name:18s} {1e3 * min(seconds):7.0f} ms  {1e3 * min(seconds) / mega:5.1f} ms/Mpix  {counts[name]} sources"
        )
        if exe and name != "source-extractor":
            line += f"  ratio {min(seconds) / min(times['source-extractor']):.3f}"
        print(line)


if __name__ == "__main__":
    main()
