"""How quickly frames are calibrated: ``python tests/benchmarks/bench_zeropoint.py [night] [many] [ubercal]``.

night     100 frames x 300 stars x 7 apertures and auto, all of them solved, in a store on disk
many      100 000 frames x 200 stars, the primary aperture: matching, selection, fit, limits, rows written and in use
ubercal   2000 frames x 1000 stars out of 20 000, the primary aperture

Timed is the calibration: matching, selection, fit, limits, rows written. What judging it on the stars kept back and
pointing the frames at it take is printed beside it (`bench_activation.py` has more of that).

Beside the first two runs the plain loop that everybody writes once, over the same frames in the same process: for
each frame astropy's match_coordinates_sky to the catalogue, cuts, a clipped median, and a dictionary a frame; no error
of the level, no offset of a star, no colour term. The store is made beforehand.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from photdb.jobs import zeropoint, zeropoint_versions
from photdb.jobs.zeropoint import ZeropointSettings
from photdb.sky import healpix, unit_vector
from photdb.store.database import Database

COLOUR_TERM = 0.05
LOOP_FRAMES = 500


def insert(db: Database, table: str, columns: dict) -> None:
    """Append columns to a table."""
    with db.table("rows_of_bench", pa.table(columns)):
        db.execute(f"INSERT INTO {table} BY NAME SELECT * FROM rows_of_bench")


def make(path: Path, *, n_frame: int, n_seen: int, n_sky: int, n_aper: int = 0, per_night: int = 100) -> np.ndarray:
    """Write a store of frames that show some stars of a field; return the true zero points."""
    rng = np.random.default_rng(3)
    with Database.open(path, read_only=False, create=True) as db:
        for k in range(n_aper):
            db.insert("aperture", [{"aperture_id": k + 1, "kind": "arcsec", "diameter": 4.0 + 2 * k}])
        width = max(0.4, 0.02 * np.sqrt(n_sky))
        ra, dec = 150 + rng.uniform(0, width, n_sky), 2 + rng.uniform(0, width, n_sky)
        g = rng.uniform(12.5, 16.0, n_sky)
        colour = rng.normal(0.9, 0.4, n_sky)
        hpx, unit = healpix(ra, dec), unit_vector(ra, dec)
        ids = np.arange(1, n_sky + 1)
        insert(db, "refstar", {"catalog": ["gaiaxp"] * n_sky, "source_id": ids, "hpx": hpx, "ra": ra, "dec": dec,
                               "epoch": np.full(n_sky, 2016.0), "is_good": np.ones(n_sky, bool)})  # fmt: skip
        for band, mag in (("g", g), ("i", g - colour)):
            insert(db, "refmag", {"catalog": ["gaiaxp"] * n_sky, "source_id": ids, "band": [band] * n_sky,
                                  "mag": mag + rng.normal(0, 0.02, n_sky), "mag_err": np.full(n_sky, 0.01),
                                  "mag_system": ["AB"] * n_sky, "is_good": np.ones(n_sky, bool)})  # fmt: skip
        insert(db, "object", {"object_id": ids, "name": [str(i) for i in ids], "hpx": hpx, "ra": ra, "dec": dec,
                              "ux": unit[:, 0], "uy": unit[:, 1], "uz": unit[:, 2], "epoch": np.full(n_sky, 2025.0),
                              "n_detections": np.ones(n_sky, int), "run_id": np.ones(n_sky, int)})  # fmt: skip
        zp = 22 + rng.normal(0, 0.1, n_frame)
        frame = np.arange(1, n_frame + 1)
        whole = {"hdu": 0, "width": 1024, "height": 1024, "n_detections": n_seen, "run_id": 1}
        real = {"pixel_scale_arcsec": 1.5, "primary_radius_px": 4.0, "primary_noise": 2.0, "match_radius_arcsec": 2.0}
        words = {"detector": "cam", "band": "g", "wcs_kind": "refined", "state": "ok"}
        same = {name: [value] * n_frame for name, value in (whole | real | words).items()}
        paths = [f"/{i}.fits" for i in frame]
        mjd = 60000 + frame / per_night
        insert(db, "frame", {"frame_id": frame, "file_id": frame, "path": paths, "mjd_mid": mjd, **same})
        db.execute("UPDATE frame SET night = DATE '2023-01-01' + (mjd_mid::INTEGER - 60000)")
        if n_aper:
            db.execute("UPDATE frame SET aper_noise = list_resize([2.0], $n, 2.0), "
                       "aper_radius_px = list_transform(range(1, $n + 1), lambda k: 2.0 + k)", n=n_aper)  # fmt: skip
        size = max(1, 2_000_000 // n_seen)
        for first in range(0, n_frame, size):
            some = np.arange(first, min(first + size, n_frame))
            step = max(1, (n_sky - n_seen) // max(n_frame // 100, 1)) if n_sky > n_seen else 0
            # every hundred frames look at the next part of the field
            star = ((some[:, None] // 100 * step) % (n_sky - n_seen + 1) + np.arange(n_seen)).ravel()
            of = np.repeat(some, n_seen)
            true = g[star] + COLOUR_TERM * (colour[star] - 0.8)
            flux = 10 ** (-0.4 * (true - zp[of]))
            err = np.sqrt(flux * 0.5 + 4).astype(np.float32)
            flux = (flux + rng.normal(0, 1, len(flux)) * err).astype(np.float32)
            order = np.lexsort((star, of // per_night))
            x, y = (rng.uniform(0, 1023, len(star)).astype(np.float32) for _ in "xy")
            columns = {
                "skey": ids[star], "object_id": ids[star], "frame_id": frame[of], "ra": ra[star], "dec": dec[star],
                "x": x, "y": y, "flux": flux, "flux_err": err, "flags": np.zeros(len(star), np.int32),
            }  # fmt: skip
            columns = {name: column[order] for name, column in columns.items()}
            if n_aper:
                growth = 1 - 0.3 * 0.5 ** np.arange(n_aper)
                flux, err = columns["flux"], columns["flux_err"]
                columns |= {"flux_auto": flux, "flux_auto_err": err}
                columns["aper_flux"] = lists(flux[:, None] * growth)
                columns["aper_flux_err"] = lists(np.repeat(err[:, None], n_aper, 1))
            insert(db, "detection_hot", columns)
    return zp


def lists(values: np.ndarray) -> pa.Array:
    """Return a matrix as one list a row."""
    offsets = np.arange(0, values.size + 1, values.shape[1], dtype=np.int32)
    return pa.ListArray.from_arrays(offsets, pa.array(values.astype(np.float32).ravel()))


def loop(path: Path, n: int) -> float:
    """Return the seconds a frame that a plain loop takes."""
    from astropy import units as u
    from astropy.coordinates import SkyCoord, match_coordinates_sky
    from astropy.stats import sigma_clip

    found = []
    with Database.open(path) as db:
        begin = time.perf_counter()
        refs = db.arrow("SELECT ra, dec, mag FROM refstar JOIN refmag USING (catalog, source_id) WHERE band = 'g'")
        ra, dec, mag = (refs[name].to_numpy() for name in ("ra", "dec", "mag"))
        catalogue = SkyCoord(ra * u.deg, dec * u.deg)
        table = db.arrow(
            "SELECT frame_id, ra, dec, flux, flux_err, flags FROM detection WHERE frame_id <= $n ORDER BY frame_id",
            {"n": n},
        )
        frame, dra, ddec, flux, err, flags = (table[name].to_numpy() for name in table.column_names)
        bounds = np.searchsorted(frame, np.arange(1, n + 2))
        for k in range(n):
            s = slice(bounds[k], bounds[k + 1])
            place, separation, _ = match_coordinates_sky(SkyCoord(dra[s] * u.deg, ddec[s] * u.deg), catalogue)
            good = (separation < 2 * u.arcsec) & (flux[s] > 10 * err[s]) & (flags[s] & 92 == 0)
            d = mag[place][good] + 2.5 * np.log10(flux[s][good])
            kept = sigma_clip(d, sigma=3, maxiters=5, masked=False)
            found.append(
                {"frame": k + 1, "zp": np.median(kept), "zp_err": kept.std() / np.sqrt(len(kept)), "n": len(kept)}
            )
        return (time.perf_counter() - begin) / n


def run(path: Path, zp: np.ndarray, *, settings: ZeropointSettings | None = None) -> float:
    """Calibrate a store twice; print time, memory and how right it is; return the seconds of the quicker."""
    times = []
    with Database.open(path, read_only=False, memory_limit="1GB") as db:
        for _ in range(2):
            begin, cpu = time.perf_counter(), time.process_time()
            with db.run("bench", {}) as run_id:
                done = zeropoint.calibrate(
                    db, frame_ids=range(1, len(zp) + 1), run_id=run_id, settings=settings, join=False, point=False
                )
            times.append((time.perf_counter() - begin, time.process_time() - cpu))
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        begin = time.perf_counter()
        zeropoint_versions.measure_quality(db, done.cal_id)
        judged = time.perf_counter() - begin
        begin = time.perf_counter()
        zeropoint_versions.activate(db, done.cal_id, force=True)
        pointed = time.perf_counter() - begin
        found = db.arrow(
            "SELECT zp, colour_term, n_star FROM zeropoint WHERE cal_id = $c AND aperture_id = 0 ORDER BY frame_id",
            {"c": done.cal_id},
        )
        rows = db.one("SELECT count(*) FROM zeropoint WHERE cal_id = $c", c=done.cal_id)
    error = found["zp"].to_numpy() - zp
    print(
        f"  {' and '.join(f'{wall:.2f} s of wall time ({cpu:.2f} s of processor time)' for wall, cpu in times)}, "
        f"{rows} rows, peak {peak:.2f} GB; judging {judged:.2f} s, first pointing {pointed:.2f} s\n"
        f"  frame to frame {1e3 * np.std(error):.2f} mmag rms, level {1e3 * np.mean(error):+.2f} mmag, colour term "
        f"{found['colour_term'][0].as_py() or 0:+.4f}, {np.median(found['n_star'].to_numpy()):.0f} stars"
    )
    return min(times)[0]


def main() -> None:
    """Run what is asked for, or all."""
    wanted = sys.argv[1:] or ["night", "many", "ubercal"]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if "night" in wanted:
            print("night: 100 frames x 300 stars x 7 apertures and auto")
            zp = make(folder / "night.duckdb", n_frame=100, n_seen=300, n_sky=300, n_aper=7)
            seconds = run(folder / "night.duckdb", zp)
            each = loop(folder / "night.duckdb", 100)
            share = seconds / 100 / each
            print(f"  plain loop, primary aperture only: {100 * each:.2f} s; the job, 9 apertures: {share:.2f} of it")
        if "many" in wanted:
            print("many: 100 000 frames x 200 stars, primary aperture")
            path = folder / "many.duckdb"
            zp = make(path, n_frame=100_000, n_seen=200, n_sky=2000)
            seconds = run(path, zp, settings=ZeropointSettings(primary_only=True))
            each = loop(path, LOOP_FRAMES)
            share = seconds / 1e5 / each
            print(f"  plain loop: {1e5 * each:.0f} s (from {LOOP_FRAMES} frames); the job: {share:.3f} of it")
        if "ubercal" in wanted:
            print("ubercal: 2000 frames x 1000 stars")
            zp = make(folder / "uber.duckdb", n_frame=2000, n_seen=1000, n_sky=20_000)
            run(folder / "uber.duckdb", zp, settings=ZeropointSettings(method="ubercal", primary_only=True))


if __name__ == "__main__":
    main()
