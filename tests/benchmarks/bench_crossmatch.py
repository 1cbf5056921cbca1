"""How quickly detections find their objects, beside scipy's KD-tree, astropy and (where installed) LSDB.

    python tests/benchmarks/bench_crossmatch.py [--detections 100000] [--objects 1000000] [--night 200000]

First the match alone: places in dense patches, over the whole sky, at both poles and across RA 0, nearest within 2
arcsec; every answer is compared with the KD-tree's. Then a night's whole association with the objects that an earlier
night left, lone stars nearly all of it, step by step, and its commit. Seconds of processors stand beside those of the
clock: on a busy machine they tell more.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.spatial import cKDTree

from photdb.jobs import crossmatch
from photdb.jobs.crossmatch_grid import grid
from photdb.sky import chord, healpix, unit_vector
from photdb.store.database import Database

REACH = 2.0


def sky(n: int, rng: np.random.Generator) -> np.ndarray:
    """Positions (deg): 60 % in dense patches, 20 % all sky, 10 % in pole caps, 10 % across RA 0."""
    parts = [int(0.6 * n), int(0.2 * n), int(0.1 * n)]
    centres = np.random.default_rng(7).uniform([0, -60], [360, 60], (100, 2))
    patch = centres[rng.integers(0, 100, parts[0])] + rng.uniform(-0.5, 0.5, (parts[0], 2))
    whole = np.column_stack([rng.uniform(0, 360, parts[1]), np.degrees(np.arcsin(rng.uniform(-1, 1, parts[1])))])
    cap = np.column_stack(
        [rng.uniform(0, 360, parts[2]), rng.choice([-1, 1], parts[2]) * rng.uniform(89.5, 90, parts[2])]
    )
    rest = n - sum(parts)
    wrap = np.column_stack([rng.uniform(-0.2, 0.2, rest), rng.uniform(-5, 5, rest)])
    places = np.vstack([patch, whole, cap, wrap])
    places[:, 0] %= 360
    return places


@contextmanager
def timed(name: str, n: int) -> Iterator[None]:
    """Print how long a block took, and a detection's share of it."""
    began, busy = time.perf_counter(), -time.process_time()
    yield
    seconds, busy = time.perf_counter() - began, busy + time.process_time()
    each = f"{1e6 * seconds / n:8.3f} us/detection ({1e6 * busy / n:.3f} of processors)"
    print(f"{name:40s} {seconds:8.3f} s {each}", flush=True)


def match(n: int, m: int) -> None:
    """The match alone, beside the others."""
    rng = np.random.default_rng(1)
    objects = sky(m, rng)
    seen = objects[rng.integers(0, m, n)] + rng.normal(0, 0.4 / 3600, (n, 2))
    seen[:, 1] = np.clip(seen[:, 1], -90, 90)
    u, o = unit_vector(*seen.T), unit_vector(*objects.T)
    with timed("scipy cKDTree, tree included", n):
        distance, nearest = cKDTree(o).query(u, distance_upper_bound=float(chord(REACH)), workers=-1)
    with Database.open(":memory:", read_only=False, create=True) as db:
        vectors = {axis: k for k, axis in enumerate(("ux", "uy", "uz"))}
        loose = pa.table(
            {"rid": np.arange(n), "frame_id": np.zeros(n, np.int32), **{a: u[:, k] for a, k in vectors.items()}}
        )
        sought = pa.table({"object_id": np.arange(m), **{a: o[:, k] for a, k in vectors.items()}})
        with db.table("given", loose):
            db.execute(
                "CREATE TEMP TABLE loose AS SELECT *, $r AS reach, 3::TINYINT AS grade, 0.0 AS year FROM given", r=REACH
            )
        with db.table("given", sought):
            db.execute(
                "CREATE TEMP TABLE sought AS SELECT *, 3::TINYINT AS grade, 0.0 AS reach, 0.0 AS around FROM given"
            )
        for again in ("", ", again"):
            with timed(f"photdb, cube grid in SQL{again}", n):
                db.job("crossmatch_pairs", **grid(REACH))
                db.execute(
                    "CREATE OR REPLACE TEMP TABLE best AS "
                    "SELECT rid, arg_min(object_id, distance) AS o FROM pair GROUP BY rid"
                )
        best = db.arrow("SELECT rid, o FROM best ORDER BY rid")
    mine = np.full(n, m)
    mine[best["rid"].to_numpy()] = best["o"].to_numpy()
    differ = np.flatnonzero(mine != nearest)
    apart = np.linalg.norm(u[differ] - o[np.minimum(mine[differ], m - 1)], axis=1)
    wrong = int(
        (~np.isclose(apart, distance[differ], rtol=1e-9, atol=1e-15)).sum()
    )  # two at one distance are no mismatch
    print(f"{'mismatches with the KD-tree':40s} {wrong:8d}   ({np.isfinite(distance).sum()} of {n} have an object)")
    others(seen, objects, n)


def others(seen: np.ndarray, objects: np.ndarray, n: int) -> None:
    """Other programs, the ones that are installed."""
    from astropy import units
    from astropy.coordinates import SkyCoord

    with timed("astropy match_to_catalog_sky", n):
        SkyCoord(*seen.T, unit=units.deg).match_to_catalog_sky(SkyCoord(*objects.T, unit=units.deg))
    try:
        lsdb, pd = import_module("lsdb"), import_module("pandas")  # no part of what the tests install
    except ImportError:
        print(f"{'LSDB':40s} not installed")
        return
    tables = [pd.DataFrame({"ra": p[:, 0], "dec": p[:, 1]}) for p in (seen, objects)]
    left = lsdb.from_dataframe(tables[0], margin_threshold=None)
    right = lsdb.from_dataframe(tables[1], margin_threshold=10.0)
    with timed("LSDB crossmatch, partitions ready", n):
        left.crossmatch(right, n_neighbors=1, radius_arcsec=REACH, suffixes=("_a", "_b")).compute()


def night(rows: int, folder: Path) -> None:
    """A night's association with what the night before it left, and its commit."""
    rng = np.random.default_rng(2)
    n_frames = 200
    n = rows // n_frames
    fields = [np.column_stack([30 + 1.2 * k + rng.uniform(0, 1, n), 10 + rng.uniform(0, 1, n)]) for k in range(20)]
    with Database.open(folder / "s.duckdb", read_only=False, create=True) as db:
        for number, label in enumerate(("into an empty store", "with its objects", "once more")):
            files, table = _staged(folder, fields, n_frames, number, rng)
            with db.table("given_night", table), db.transaction():
                db.job("commit_night_frames")
                db.execute(
                    "INSERT INTO frame BY NAME SELECT * EXCLUDE (frame_key, epoch), frame_id AS file_id, 0 AS hdu, "
                    "frame_key AS path, 1 AS run_id, 'ok' AS state FROM given_night"
                )
                began, busy = time.perf_counter(), -time.process_time()
                steps: dict[str, float] = {}
                with _steps(db, steps):
                    found = crossmatch.associate(db, files=files, run_id=1)
                associated, busy = time.perf_counter(), busy + time.process_time()
                db.job("commit_detections")
            done = time.perf_counter()
            db.checkpoint()
            end = time.perf_counter()
            print(
                f"night    {label:20s} associated in {1e6 * (associated - began) / rows:.2f} us/detection, all "
                f"{rows / (end - began) / 1e6:.2f} M rows/s (association {associated - began:.2f} s, detections "
                f"{done - associated:.2f} s, checkpoint {end - done:.2f} s; {1e6 * busy / rows:.2f} us/detection of "
                f"processors for the association); {found.n_new_objects} new, {found.n_without} without"
            )
            for name, seconds in sorted(steps.items(), key=lambda s: -s[1])[:8]:
                print(f"           {name:34s} {seconds:6.3f} s")


@contextmanager
def _steps(db: Database, steps: dict[str, float]) -> Iterator[None]:
    """Count the seconds of each statement of a job."""
    job: Callable[..., object] = db.job

    def counted(name: str, **parameters: object) -> object:
        began = time.perf_counter()
        answer = job(name, **parameters)
        steps[name] = steps.get(name, 0.0) + time.perf_counter() - began
        return answer

    db.job = counted  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        del db.job


def _staged(
    folder: Path, fields: list[np.ndarray], n_frames: int, number: int, rng: np.random.Generator
) -> tuple[list[str], pa.Table]:
    """Write what workers leave for a night: each field in turn, with the errors of positions of 0.15 arcsec."""
    files, keys = [], [f"n{number}f{i}" for i in range(n_frames)]
    for i, key in enumerate(keys):
        place = fields[i % len(fields)] + rng.normal(0, 0.15 / 3600, fields[0].shape)
        n = len(place)
        flux = 10 ** rng.uniform(1, 4, n)
        columns = {name: rng.uniform(1, 2, n).astype(np.float32) for name in _NAMES}
        columns |= {"flux": flux.astype(np.float32), "flux_err": np.ones(n, np.float32)}
        lists = pa.array(list(rng.uniform(1, 2, (n, 5)).astype(np.float32)), pa.list_(pa.float32()))
        table = pa.table(
            {
                "frame_key": pa.array([key] * n), "source": np.arange(n, dtype=np.int32), "ra": place[:, 0],
                "dec": place[:, 1], "hpx": healpix(*place.T), **columns, "aper_flux": lists, "aper_flux_err": lists,
                "flags": np.zeros(n, np.int32),
            }
        )  # fmt: skip
        files.append(str(folder / f"{key}.parquet"))
        pq.write_table(table, files[-1], compression="zstd")
    facts = pa.table(
        {
            "frame_key": keys,
            "frame_id": pa.array(range(1 + number * n_frames, 1 + (number + 1) * n_frames), pa.int32()),
            "match_radius_arcsec": np.full(n_frames, 1.5),
            "mjd_mid": 60000.0 + number + np.arange(n_frames) / 1000,
            "epoch": np.full(n_frames, 2023.2),
            "fwhm_arcsec": np.full(n_frames, 3.0),
            "wcs_rms_arcsec": np.full(n_frames, 0.1),
        }
    )
    return files, facts


_NAMES = (
    "x", "y", "flux_auto", "flux_auto_err", "sky", "peak", "a", "b", "theta", "fwhm", "kron_radius", "flux_radius",
    "class_star",
)  # fmt: skip


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--detections", type=int, default=100_000)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--night", type=int, default=200_000)
    given = parser.parse_args()
    print(f"duckdb {duckdb.__version__}, load {os.getloadavg()[0]:.1f}")
    if given.detections:
        match(given.detections, given.objects)
    if given.night:
        with tempfile.TemporaryDirectory() as folder:
            night(given.night, Path(folder))


if __name__ == "__main__":
    main()
