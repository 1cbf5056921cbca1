"""The ingest as a whole: a frame against its detection and photometry, two workers against one, a night's commit.

    python tests/benchmarks/bench_ingest.py [--size 2048] [--stars 4000] [--frames 12] [--rows 1000000]

frame    CPU time (user + system) of everything a worker does for a frame, over that of detection and photometry alone;
         the least of some repeats in one process, so without the start of Python; also with PSF fluxes
workers  wall time of the measuring of a night with one worker and with two, their start left out
commit   rows a second of `commit_night` from staged Parquet, association included, into an empty store and again
         into the store that has all the objects
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import duckdb
import numpy as np
import pyarrow as pa

from photdb.ingest.header import read_frames
from photdb.ingest.telescope import load_telescopes
from photdb.jobs import measure_frame as worker
from photdb.jobs import refcat
from photdb.jobs.crossmatch import associate
from photdb.jobs.ingest_settings import IngestSettings
from photdb.jobs.pool import Workers
from photdb.jobs.simulate import simulate
from photdb.jobs.staging import replace_table
from photdb.photometry.measure import find_sources, measure
from photdb.photometry.settings import apertures, diameters_px
from photdb.sky import healpix
from photdb.store.database import Database


def tasks_of(folder: Path, args: argparse.Namespace) -> list[worker.FrameTask]:
    """Simulate a night and return its frames as tasks for workers."""
    simulate(
        folder / "sim", size=args.size, stars=args.stars, frames=args.frames, calibrations=1, variables=0, eclipses=0
    )
    refcat.add(folder / "sim/refcat.csv", "gaiaxp", store=folder / "ref.duckdb")
    with Database.open(folder / "ref.duckdb") as db:
        stars = refcat.reference_stars(db, 41.58, -30.27, 3.0, epoch=2025.9)
    np.savez(folder / "ref.npz", ra=stars.ra, dec=stars.dec, mag=stars.mag)
    settings = IngestSettings()
    wanted = tuple(enumerate(apertures(settings.measure, pixel_scale=1.5), 1))
    known = load_telescopes()
    return [
        worker.FrameTask(
            read_frames(path, known)[0], path.stem, folder / "staging", settings, wanted,
            reference=folder / "ref.npz", pixel_scale=1.5,
        )
        for path in sorted((folder / "sim/night-0").glob("light-*.fits"))
    ]  # fmt: skip


def frame(tasks: list[worker.FrameTask], repeat: int) -> None:
    """CPU time of a whole frame over detection and photometry, and of one whose every source is fitted with the PSF."""
    task, settings = tasks[0], tasks[0].settings.measure
    fitted = replace(task, settings=replace(task.settings, psf=True))
    whole, psf, parts, n = [], [], [], 0
    for _ in range(repeat):
        for one, times in ((task, whole), (fitted, psf)):
            began = time.process_time()
            worker.measure_frame(one)
            times.append(time.process_time() - began)
        pixels = worker.reduced(task)
        began = time.process_time()
        found = find_sources(pixels, settings)
        diameters = diameters_px([a for _, a in task.apertures], fwhm_px=found.fwhm_px, pixel_scale=1.5)
        measure(pixels, found, apertures_px=diameters, primary_px=7.0, exptime_s=60.0, settings=settings)
        parts.append(time.process_time() - began)
        n = len(found)
    print(f"frame    {min(whole) * 1e3:.0f} ms of CPU for {n} sources, {min(parts) * 1e3:.0f} ms of it detection and "
          f"photometry: ratio {min(whole) / min(parts):.2f}; with --psf {min(psf) * 1e3:.0f} ms")  # fmt: skip


def warm(_: int) -> None:
    """Import what a frame needs."""
    import astropy.io.fits  # noqa: F401
    import scipy.spatial  # noqa: F401


def workers(tasks: list[worker.FrameTask], repeat: int) -> None:
    """Wall time with one worker and with two, in turn."""
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(repeat):
        for n in (1, 2):
            with Workers(n) as pool:
                list(pool.spread(warm, range(4 * n)))
                list(pool.spread(worker.measure_frame, tasks[:n]))
                began = time.perf_counter()
                list(pool.spread(worker.measure_frame, tasks))
                seconds[n].append(time.perf_counter() - began)
    one, two = min(seconds[1]), min(seconds[2])
    print(f"workers  one {one:.2f} s, two {two:.2f} s for {len(tasks)} frames: {one / two:.2f} x")


def commit(folder: Path, rows: int) -> None:
    """Rows a second of a night's commit, association included."""
    rng = np.random.default_rng(1)
    n_frames = 200
    n = rows // n_frames
    ra, dec = 40 + rng.uniform(0, 1, n), 20 + rng.uniform(0, 1, n)
    files = []
    for i in range(n_frames):
        files.append(folder / f"c{i}.parquet")
        replace_table(files[-1], staged(f"c{i}", ra + rng.normal(0, 3e-5, n), dec + rng.normal(0, 3e-5, n), rng))
    with Database.open(folder / "commit.duckdb", read_only=False, create=True) as db:
        for label, first in (("into an empty store", 1), ("again", 1 + n_frames)):
            table = pa.table(
                {
                    "frame_key": [f"c{i}" for i in range(n_frames)],
                    "frame_id": pa.array(range(first, first + n_frames), pa.int32()),
                    "match_radius_arcsec": np.full(n_frames, 1.5),
                    "mjd_mid": 60000.0 + np.arange(n_frames) / 1000,
                    "epoch": np.full(n_frames, 2024.0),
                    "fwhm_arcsec": np.full(n_frames, 3.0),
                    "wcs_rms_arcsec": np.full(n_frames, 0.05),
                }
            )
            with db.table("given_night", table):
                db.job("commit_night_frames")
            began = time.perf_counter()
            with db.transaction():
                associate(db, files=[str(f) for f in files], run_id=1)
                db.job("commit_detections")
            db.checkpoint()
            seconds = time.perf_counter() - began
            print(f"commit   {rows / seconds / 1e6:.2f} M rows/s {label}, checkpoint included ({seconds:.2f} s)")
    size = (folder / "commit.duckdb").stat().st_size
    print(f"store    {size / 2 / rows:.0f} bytes a row with 6 apertures, auto and all errors (hot, not compacted)")


def staged(key: str, ra: np.ndarray, dec: np.ndarray, rng: np.random.Generator) -> pa.Table:
    """A worker's table."""
    n = len(ra)
    plain = ("x", "y", "flux", "flux_err", "flux_auto", "flux_auto_err", "sky", "peak", "a", "b", "theta", "fwhm")
    names = (*plain, "kron_radius", "flux_radius", "class_star")
    lists = [rng.uniform(1, 100, 6 * n).astype(np.float32) for _ in range(2)]
    return pa.table(
        {
            "frame_key": pa.array([key] * n, pa.string()),
            "source": np.arange(n, dtype=np.int32),
            "ra": ra,
            "dec": dec,
            "hpx": healpix(ra, dec),
            **{name: rng.uniform(1, 1000, n).astype(np.float32) for name in names},
            "aper_flux": pa.ListArray.from_arrays(np.arange(0, 6 * n + 1, 6, dtype=np.int32), lists[0]),
            "aper_flux_err": pa.ListArray.from_arrays(np.arange(0, 6 * n + 1, 6, dtype=np.int32), lists[1]),
            "flags": np.zeros(n, dtype=np.int32),
        }
    )


def main() -> None:
    """Run the three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--stars", type=int, default=4000)
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    print(f"duckdb {duckdb.__version__}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tasks = tasks_of(folder, args)
        frame(tasks, args.repeat)
        workers(tasks, args.repeat)
        commit(folder, args.rows)


if __name__ == "__main__":
    main()
