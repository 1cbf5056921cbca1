"""The work list of forced photometry: which of 10^5 frames saw which of 10^4 targets and have no flux of them.

    python tests/benchmarks/bench_forced_worklist.py [--frames 100000] [--targets 10000] [--fields 1000] [--peer 200]

Fields of 0.35 deg all over the sky, as many frames each, the targets within them, a tenth with a proper motion of up to
3 arcsec a year. Asked for with nothing measured, with all but the last night measured, and with all of it. Beside it a
loop over targets with astropy (``--peer``: so many of them), each against all frames: what a script would do.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from photdb.jobs.commit_night import frame_cells
from photdb.jobs.forced_asked import Who
from photdb.jobs.forced_work import EVERY, Frames, lay_work
from photdb.sky import unit_vector
from photdb.store.database import Database

FIELD_DEG, NIGHTS, MJD = 0.35, 100, 60000.0


def make(path: Path, n_frames: int, n_targets: int, n_fields: int, seed: int = 1) -> None:
    """Write frames, their cells, and targets."""
    rng = np.random.default_rng(seed)
    ra0, dec0 = rng.uniform(0, 360, n_fields), np.degrees(np.arcsin(rng.uniform(-0.98, 0.98, n_fields)))
    which = np.arange(n_frames) % n_fields
    night = np.arange(n_frames) * NIGHTS // n_frames
    ids = np.arange(1, n_frames + 1, dtype=np.int32)
    half = FIELD_DEG / 2
    dy = np.array([-half, -half, half, half])
    corner_dec = dec0[:, None] + dy
    corner_ra = (ra0[:, None] + np.array([-half, half, half, -half]) / np.cos(np.radians(corner_dec))) % 360
    cells = [
        frame_cells(k, {"corner_ra": corner_ra[k].tolist(), "corner_dec": corner_dec[k].tolist()})
        for k in range(n_fields)
    ]
    with Database.open(path, read_only=False, create=True) as db, db.transaction():
        frames = {
            "frame_id": ids, "file_id": ids, "hdu": np.zeros(n_frames, np.int32), "path": [f"/f{i}.fits" for i in ids],
            "night": [date(2023, 2, 25) + timedelta(days=int(n)) for n in night],
            "mjd_mid": MJD + night + (ids % 1000) / 4000, "band": ["r"] * n_frames,
            "exptime_s": np.full(n_frames, 60.0),
            "corner_ra": list(corner_ra[which]), "corner_dec": list(corner_dec[which]), "wcs": ["..."] * n_frames,
            "settings": ["{}"] * n_frames, "primary_radius_px": np.full(n_frames, 5.0),
            "run_id": np.ones(n_frames, np.int32), "state": ["ok"] * n_frames,
        }  # fmt: skip
        with db.table("given", pa.table(frames)):
            db.execute("INSERT INTO frame BY NAME FROM given")
        cover = np.array([cell for field in cells for cell in field])
        with db.table("given", pa.table({"norder": cover[:, 0], "cell": cover[:, 1], "field": cover[:, 2]})):
            db.execute(
                "INSERT INTO frame_cover SELECT g.norder, g.cell, f.frame_id FROM given AS g "
                "JOIN frame AS f ON (f.frame_id - 1) % $n = g.field ORDER BY g.norder, g.cell, f.frame_id",
                n=n_fields,
            )
        field = np.arange(n_targets) % n_fields
        dec = dec0[field] + FIELD_DEG * rng.uniform(-0.5, 0.5, n_targets)
        ra = (ra0[field] + FIELD_DEG * rng.uniform(-0.5, 0.5, n_targets) / np.cos(np.radians(dec))) % 360
        moves = np.where(rng.random(n_targets) < 0.1, 3000.0, np.nan)
        targets = {
            "target_id": np.arange(1, n_targets + 1, dtype=np.int32), "name": [f"T {i}" for i in range(n_targets)],
            "ra": ra, "dec": dec, "epoch": np.full(n_targets, 2016.0),
            "pm_ra": pa.array(moves * rng.uniform(-1, 1, n_targets), from_pandas=True),
            "pm_dec": pa.array(moves * rng.uniform(-1, 1, n_targets), from_pandas=True),
        }  # fmt: skip
        with db.table("given", pa.table(targets)):
            db.execute("INSERT INTO target BY NAME SELECT *, now()::TIMESTAMP AS added FROM given")


def ask(path: Path, frames: Frames = EVERY, *, threads: int = 2) -> tuple[int, float, float]:
    """Ask for the work list; return its length, and seconds of the clock and of the processor."""
    with Database.open(path, threads=threads) as db:
        wall, cpu = time.perf_counter(), time.process_time()
        lay_work(db, Who(targets=None), frames, again=False)
        took = time.perf_counter() - wall, time.process_time() - cpu
        return int(db.one("SELECT count(*) FROM forced_todo")), *took


def measure(path: Path, n_targets: int, *, until: float) -> int:
    """Let everything before a date be measured."""
    with Database.open(path, read_only=False) as db:
        lay_work(db, Who(targets=None), Frames(to_mjd=until), again=False)
        db.execute(
            "INSERT INTO forced BY NAME SELECT t.place AS skey, t.place + 1 AS target_id, t.frame_id, t.aperture_id, "
            "'circle' AS method, 1.0 AS x, 1.0 AS y, 1.0 AS flux, 0 AS flags, false AS is_detected, 1 AS run_id "
            "FROM forced_todo AS t JOIN frame AS f USING (frame_id) ORDER BY f.night, t.place, t.frame_id"
        )
        return int(db.one("SELECT count(*) FROM forced"))


def peer(path: Path, n: int) -> float:
    """Return seconds of the processor a target that a loop takes: each against the outlines of all frames, in numpy."""
    with Database.open(path) as db:
        frames = db.arrow("SELECT corner_ra, corner_dec, mjd_mid FROM frame ORDER BY frame_id")
        targets = np.array(db.rows("SELECT ra, dec, epoch, pm_ra, pm_dec FROM target ORDER BY target_id").rows, float)
    corner = [np.stack(frames[c].to_numpy(zero_copy_only=False)) for c in ("corner_ra", "corner_dec")]
    year = 2000 + (frames["mjd_mid"].to_numpy() - 51544.5) / 365.25
    start = time.process_time()
    vectors = unit_vector(*corner)
    sides = np.cross(vectors, np.roll(vectors, -1, axis=1))
    for ra, dec, epoch, pm_ra, pm_dec in np.nan_to_num(targets[:n]):
        here = dec + pm_dec * (year - epoch) / 3.6e6
        there = ra + pm_ra * (year - epoch) / 3.6e6 / np.cos(np.radians(dec))
        sign = np.einsum("fsk,fk->fs", sides, unit_vector(there, here)) > 0
        np.flatnonzero(sign.all(axis=1) | ~sign.any(axis=1))
    return (time.process_time() - start) / n


def main() -> None:
    """Make a store, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("frames", 100_000), ("targets", 10_000), ("fields", 1000), ("peer", 20), ("repeat", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    print(f"duckdb {duckdb.__version__}, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.duckdb"
        make(path, given.frames, given.targets, given.fields)
        for what, until in (
            ("nothing measured", None),
            ("all but the last night", MJD + NIGHTS - 1),
            ("all of it", 1e9),
        ):
            there = measure(path, given.targets, until=until) if until else 0
            n, wall, cpu = min((ask(path) for _ in range(given.repeat)), key=lambda row: row[1])
            print(f"{what} ({there} fluxes): {n} to measure, {wall:.2f} s of the clock, {cpu:.2f} s of the processor")
        if given.peer:
            each = peer(path, given.peer)
            print(f"a loop over targets in numpy: {each * given.targets:.0f} s of the processor ({given.peer} tried)")


if __name__ == "__main__":
    main()
