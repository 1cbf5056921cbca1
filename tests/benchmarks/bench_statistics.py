"""How quickly statistics are counted: ``python tests/benchmarks/bench_statistics.py [MILLION ROWS] [STORE]``.

A store of constant stars in three bands, 60 frames a night, is made (20 million rows when no number is given), or one
that is there is copied and used. Counted are all its objects and bands, at ``memory_limit`` 2 GB, by SQL:

raw       count, sums and weighted sums of raw flux, by object (no zero points)
moments   the additive moments through the view `detection`, calibrated: what `object_band` gets, its anchors known
first     the same with the anchors still to be found
nights    what more it takes to tell scatter within nights from that between them
new night what an update takes when a night has come

Beside them, in the same run and on the same arrays in memory already (reading and calibrating them is not timed),
six of these moments by numpy (bincount over an index of object and band) and by polars (group_by). Wall time, and
processor time of all threads: where others use the machine only the latter means something.
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from photdb.jobs import statistics
from photdb.store.database import Database

FRAMES_A_NIGHT = 60


def make(path: Path, n_row: int) -> None:
    """Write a store; flux is noise about a level for each object, one in fifty points is flagged."""
    n_frame = 600
    with Database.open(path, read_only=False, create=True) as db:
        db.execute(
            "INSERT INTO frame BY NAME SELECT i AS frame_id, i AS file_id, 0 AS hdu, '/f' || i AS path, "
            "'cam' AS detector, DATE '2025-01-01' + (i // 60)::INTEGER AS night, ['g', 'r', 'i'][i % 3 + 1] AS band, "
            "60000 + i // 60 + (i % 60) * 0.005 AS mjd_mid, 1024 AS width, 1024 AS height, 1 AS run_id, 'ok' AS state "
            "FROM range($n) AS t(i)",
            n=n_frame,
        )
        db.execute(
            "INSERT INTO zeropoint BY NAME SELECT 1 AS cal_id, frame_id, 0 AS aperture_id, "
            "22 + 0.1 * sin(frame_id) AS zp, 0.002 AS zp_err, "
            "50 AS n_star, 60 AS n_candidate, 'AB' AS mag_system, 0 AS flag FROM frame"
        )
        db.execute("INSERT INTO frame_calibration SELECT frame_id, 1 FROM frame")
        db.execute(
            "INSERT INTO detection_hot BY NAME SELECT o AS skey, o AS object_id, frame_id, 500::FLOAT AS x, "
            "500::FLOAT AS y, (level * (1 + 0.01 * (random() - 0.5)))::FLOAT AS flux, "
            "sqrt(level)::FLOAT * 0.1 AS flux_err, "
            "CASE WHEN random() < 0.02 THEN 4 ELSE 0 END AS flags "
            "FROM (SELECT o, 10 ** (1 + 3.0 * (o % 1000) / 1000) AS level FROM range(1, $n + 1) AS t(o)) AS star, "
            "frame ORDER BY o, frame_id",
            n=max(1, n_row // n_frame),
        )


def timed(what: Callable[[], object], *, again: int = 1) -> np.ndarray:
    """Return seconds of wall time and of processor time, the least of some runs."""
    found = []
    for _ in range(again):
        wall, cpu = time.perf_counter(), time.process_time()
        what()
        found.append((time.perf_counter() - wall, time.process_time() - cpu))
    return np.min(found, axis=0)


def say(name: str, seconds: np.ndarray, n: int) -> None:
    """Print one line."""
    wall, cpu = n / seconds / 1e6
    print(
        f"{name:30s} {seconds[0]:7.2f} s {wall:7.1f} M rows/s; CPU {seconds[1]:7.2f} s {cpu:6.1f} M rows/s", flush=True
    )


#: Into a table: of an answer that is only counted duckdb would not work out the sums.
RAW = (
    "CREATE OR REPLACE TEMP TABLE raw AS SELECT object_id, count(flux) AS n, sum(flux::DOUBLE) AS s, "
    "sum(flux::DOUBLE * flux) AS ss, sum(1.0 / (flux_err::DOUBLE * flux_err)) AS w, "
    "sum(flux / (flux_err::DOUBLE * flux_err)) AS wf, sum(flux::DOUBLE * flux / (flux_err::DOUBLE * flux_err)) AS wff "
    "FROM detection GROUP BY object_id"
)


def in_sql(path: Path) -> int:
    """Time SQL; return the number of rows."""
    with Database.open(path, read_only=False, memory_limit="2GB") as db:
        n = int(db.one("SELECT count(*) FROM detection"))
        n_night = int(db.one("SELECT max(frame_id) - 59 FROM frame"))
        print(f"{n / 1e6:.1f} M rows, duckdb {duckdb.__version__}, memory_limit 2 GB, load {os.getloadavg()[0]:.1f}")
        say("raw flux, by object", timed(lambda: db.rows(RAW), again=3), n)
        statistics.note_frames(db)
        db.job("statistics_from_all")
        statistics.calibrate_points(db)
        db.job("statistics_anchor_old", keep=False)
        anchors = timed(lambda: db.job("statistics_anchor_new"))
        moments = timed(lambda: db.job("statistics_moments"), again=3)
        say("moments, calibrated", moments, n)
        say("first: with anchors", moments + anchors, n)
        say("nights besides", timed(lambda: db.job("statistics_nights")), n)
        print(f"{db.one('SELECT count(*) FROM stat_moment')} objects and bands")
        whole = timed(lambda: statistics.update_statistics(db, everything=True))
        say("everything, written", whole, n)
        db.execute("DELETE FROM object_band")
        db.execute("DELETE FROM statistics_frame")
        db.execute("CREATE TEMP TABLE late AS SELECT * FROM frame_calibration WHERE frame_id >= $f", f=n_night)
        db.execute("DELETE FROM frame_calibration WHERE frame_id >= $f", f=n_night)
        statistics.update_statistics(db)
        db.execute("INSERT INTO frame_calibration SELECT * FROM late")
        seconds = timed(lambda: print(statistics.update_statistics(db).line()))
        print(f"a new night: CPU {seconds[1]:.2f} s, {whole[1] / seconds[1]:.1f} x less than everything")
    return n


def beside(path: Path) -> None:
    """Time numpy and polars on arrays in memory."""
    with Database.open(path) as db:
        table = db.arrow(
            "SELECT object_id, (frame_id % 3)::TINYINT AS band, flux::DOUBLE * 10 ** (-0.4 * zp) AS f, "
            "flux_err::DOUBLE * 10 ** (-0.4 * zp) AS e, flags FROM detection JOIN zeropoint_active USING (frame_id)"
        )
    n = len(table)
    a = {name: table.column(name).to_numpy() for name in table.column_names}

    def by_numpy() -> None:
        good = a["flags"] & 124 == 0
        _, star = np.unique(a["object_id"][good], return_inverse=True)
        group = 3 * star + a["band"][good]
        f, w = a["f"][good], 1 / a["e"][good] ** 2
        for value in (None, f, f * f, w, w * f, w * f * f):
            np.bincount(group, value)

    frame = pl.DataFrame(a)

    def by_polars() -> None:
        f, w = pl.col("f"), pl.col("e") ** -2
        sums = {
            "n": pl.len(),
            "s": f.sum(),
            "ss": (f * f).sum(),
            "w": w.sum(),
            "wf": (w * f).sum(),
            "wff": (w * f * f).sum(),
        }
        frame.lazy().filter(pl.col("flags") & 124 == 0).group_by("object_id", "band").agg(**sums).collect()

    say(f"numpy {np.__version__}, arrays in memory", timed(by_numpy), n)
    say(f"polars {pl.__version__}, in memory", timed(by_polars, again=2), n)


def main() -> None:
    """Make or copy a store and time."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.duckdb"
        if len(sys.argv) > 2:
            shutil.copy(sys.argv[2], path)
        else:
            make(path, int(float(sys.argv[1]) * 1e6) if len(sys.argv) > 1 else 20_000_000)
        in_sql(path)
        beside(path)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"peak memory of the process, with the arrays, {peak:.1f} GB")


if __name__ == "__main__":
    main()
