"""How quickly stars get magnitudes in passbands they lack: ``python tests/benchmarks/bench_colours.py [STARS]``.

Stars of a made Pan-STARRS catalogue (5 bands) are brought to g, r, i, z of SDSS and B, V, R, I in a store in memory,
and the same is done by numpy on arrays that are already beside each other.
"""

import sys
import time

import duckdb
import numpy as np
import pyarrow as pa

from photdb.catalogs import colours
from photdb.jobs import refcat_bands
from photdb.store.database import Database

BANDS = ("g_ps1", "r_ps1", "i_ps1", "z_ps1", "y")
WANTED = ["g", "r", "i", "z", "B", "V", "R", "I"]


def by_numpy(mags: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the magnitudes only, without errors, ranges or a choice."""
    found = {}
    for one in colours.load():
        if one.name.startswith("tonry2012") and one.band in WANTED:
            x = mags[one.blue] - mags[one.red]
            found[one.band] = mags[one.base] + np.polyval(one.coefficients[::-1], x)
    return found


def main() -> None:
    """Print the time of both, and that they agree."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rng = np.random.default_rng(1)
    brightness, colour = rng.uniform(15, 18, n), rng.uniform(0.0, 1.2, n)
    mags = {band: brightness - 0.6 * colour * k for k, band in enumerate(BANDS)}
    with Database.open(":memory:", read_only=False, create=True, threads=2) as db:
        for band, mag in mags.items():
            given = pa.table({"source_id": np.arange(n), "mag": mag})
            with db.table("given", given):
                db.execute(
                    "INSERT INTO refmag SELECT 'ps1', source_id, $band, mag, 0.02, 'AB', true FROM given", band=band
                )
        db.execute("CREATE TEMP TABLE zp_star AS SELECT DISTINCT catalog, source_id FROM refmag")
        db.execute("CREATE TEMP TABLE zp_wanted AS SELECT unnest($bands::VARCHAR[]) AS band", bands=WANTED)
        walls, cpus = [], []
        for _ in range(3):
            start, cpu = time.perf_counter(), time.process_time()
            refcat_bands.magnitudes(db)
            walls.append(time.perf_counter() - start)
            cpus.append(time.process_time() - cpu)
        start = time.perf_counter()
        expected = by_numpy(mags)
        wall = time.perf_counter() - start
        rows = db.one("SELECT count(*) FROM zp_mag")
        found = np.array(db.rows("SELECT mag FROM zp_mag WHERE band = 'V' ORDER BY source_id").rows)[:, 0]
    assert rows == n * len(WANTED)
    assert np.allclose(found, expected["V"], atol=1e-9)
    took = f"{min(walls):.2f} s on two threads, {min(cpus):.2f} s of CPU"
    print(f"duckdb {duckdb.__version__}: {n} stars x {len(WANTED)} bands, with errors and ranges, in {took}")
    print(f"numpy, magnitudes only, on arrays: {wall:.3f} s")


if __name__ == "__main__":
    main()
