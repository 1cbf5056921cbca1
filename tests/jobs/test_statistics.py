"""The job statistics: sums in SQL beside numpy, kept up to date whatever happens to frames and detections."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zeropoint_store import add_frame, add_objects, new_store, random_sky

from photdb.jobs import statistics
from photdb.jobs import statistics_variables as variables
from photdb.jobs.statistics import n_stale, refresh_statistics, update_statistics
from photdb.jobs.statistics_points import write_robust
from photdb.store.database import Database

#: How well sums that were added to agree with those counted anew, relative: rounding alone.
TOLERANCE = 1e-9
N_STAR = 12
KEYS = ("object_id", "band", "mag_system", "detector")


def add_zero_point(db: Database, frame_id: int, cal_id: int, zp: float, *, system: str = "AB", **columns) -> None:
    """Give a frame a zero point and let it be used."""
    row = {"cal_id": cal_id, "frame_id": frame_id, "aperture_id": 0, "zp": zp, "zp_err": 0.002, "n_star": 9,
           "n_candidate": 9, "mag_system": system, "flag": 0, **columns}  # fmt: skip
    db.insert("zeropoint", [row])
    db.execute("DELETE FROM frame_calibration WHERE frame_id = $f", f=frame_id)
    db.insert("frame_calibration", [{"frame_id": frame_id, "cal_id": cal_id}])


def survey(n_frame: int = 0, *, seed: int = 4) -> tuple[Database, np.random.Generator, object]:
    """Return a store with objects and some frames, two bands in turn, four frames a night."""
    db, rng = new_store(), np.random.default_rng(seed)
    sky = random_sky(rng, N_STAR)
    add_objects(db, sky)
    for frame_id in range(1, n_frame + 1):
        add(db, rng, sky, frame_id)
    return db, rng, sky


def add(db: Database, rng: np.random.Generator, sky, frame_id: int, night: int | None = None, **columns) -> None:
    """Add a frame with a zero point; some of its points are flagged, negative, without flux or without error."""
    zp = 22 + 0.1 * np.sin(frame_id)
    add_frame(db, rng, sky, frame_id, zp, band="gr"[frame_id % 2], flags=rng.choice([0, 0, 0, 0, 1, 4, 130], N_STAR))
    night = (frame_id - 1) // 4 if night is None else night
    db.execute("UPDATE frame SET night = DATE '2025-11-18' + $k::INTEGER WHERE frame_id = $f", k=night, f=frame_id)
    odd = {f"o{i}": int(o) for i, o in enumerate(rng.choice(N_STAR, 5, replace=False) + 1)}
    db.execute(
        "UPDATE detection_hot SET flux = CASE object_id WHEN $o0 THEN NULL WHEN $o1 THEN -3 WHEN $o2 THEN 'nan'::FLOAT "
        "ELSE flux END, flux_err = CASE object_id WHEN $o3 THEN 0 WHEN $o4 THEN NULL ELSE flux_err END "
        "WHERE frame_id = $f", f=frame_id, **odd,
    )  # fmt: skip
    add_zero_point(db, frame_id, 1, zp, **columns)


def sums(db: Database) -> dict[tuple, dict]:
    """Return the moments that are stored."""
    rows = db.rows("SELECT * FROM object_band").dicts()
    assert len({tuple(r[k] for k in KEYS) for r in rows}) == len(rows)
    return {tuple(r[k] for k in KEYS): r for r in rows}


def derived(db: Database) -> dict[tuple, dict]:
    """Return what the view says."""
    return {tuple(r[k] for k in KEYS): r for r in db.rows("SELECT * FROM object_statistics").dicts()}


def assert_same_as_anew(db: Database) -> None:
    """Whether what is stored is what counting everything anew says; the view hides what the anchors are."""
    stored = derived(db)
    stamps = {k: (r["stamp"], r["n_point"], r["n_blend"]) for k, r in sums(db).items()}
    update_statistics(db, everything=True)
    anew = derived(db)
    assert stored.keys() == anew.keys()
    assert stamps == {k: (r["stamp"], r["n_point"], r["n_blend"]) for k, r in sums(db).items()}
    for key, row in anew.items():
        for name, value in row.items():
            # the difference of two scatters has their digits; eta of three points can be next to nothing
            least = {"chi2": 1e-7 * (row["chi2_dof"] or 1), "rms": 1e-7, "eta": 1e-9}.get(name.split("_")[0], 1e-30)
            expected = pytest.approx(value, rel=TOLERANCE, abs=least) if isinstance(value, float) else value
            assert stored[key][name] == expected, (key, name)


def test_the_sums_in_sql_are_those_of_numpy():
    db, _, _ = survey(24)
    update_statistics(db)
    points = db.rows(
        "SELECT d.object_id, f.band, f.night, d.flux, d.flux_err, d.flags, z.zp, z.zp_err FROM detection AS d "
        "JOIN frame AS f USING (frame_id) JOIN zeropoint_active AS z ON z.frame_id = d.frame_id AND z.aperture_id = 0"
    ).dicts()
    found = derived(db)
    checked = 0
    for key, row in found.items():
        mine = [p for p in points if (p["object_id"], p["band"]) == key[:2]]
        good = [p for p in mine if p["flux"] is not None and np.isfinite(p["flux"]) and (p["flux_err"] or 0) > 0
                and not p["flags"] & 124]  # fmt: skip
        assert (row["n_point"], row["n"]) == (len(mine), len(good))
        if len(good) < 3:
            continue
        checked += 1
        scale = np.array([10 ** (-0.4 * p["zp"]) for p in good])
        f = scale * [p["flux"] for p in good]
        e2 = (scale * [p["flux_err"] for p in good]) ** 2 + (0.4 * np.log(10) * 0.002 * f) ** 2
        wmean = np.average(f, weights=1 / e2)
        night = np.array([str(p["night"]) for p in good])
        parts = [f[night == k] for k in np.unique(night)]
        expected = {
            "mean": f.mean(), "wmean": wmean, "std": f.std(ddof=1), "v": f.std(ddof=1) / f.mean(),
            "chi2_dof": ((f - wmean) ** 2 / e2).sum() / (len(f) - 1), "n_night": len(parts),
            "excess_variance": (f.var(ddof=1) - e2.mean()) / f.mean() ** 2,
        }  # fmt: skip
        if f.mean() > 0 and len(f) > len(parts):
            within = sum(((p - p.mean()) ** 2).sum() for p in parts) / (len(f) - len(parts))
            expected["rms_within"] = 2.5 / np.log(10) * np.sqrt(within) / f.mean()
        if f.mean() > 0 and len(parts) > 1:
            expected["rms_nights"] = 2.5 / np.log(10) * np.std([p.mean() for p in parts], ddof=1) / f.mean()
        if wmean > 0:
            expected["mag"] = -2.5 * np.log10(wmean)
        for name, value in expected.items():
            assert row[name] == pytest.approx(value, rel=1e-9), (key, name)
    assert checked > 15


def test_nothing_is_infinite_or_nan_whatever_the_points_are():
    db, _, _ = survey(9)
    db.execute("UPDATE detection_hot SET flux = 'inf'::FLOAT WHERE object_id = 1 AND frame_id < 4")
    db.execute("UPDATE detection_hot SET flux = -abs(flux) WHERE object_id = 2")
    db.execute("DELETE FROM detection_hot WHERE object_id = 3 AND frame_id > 1")
    db.execute("UPDATE detection_hot SET flux = 5, flux_err = 1 WHERE object_id = 4")
    db.execute("UPDATE detection_hot SET flags = 4 WHERE object_id = 5")
    update_statistics(db)
    write_robust(db)
    for table in ("object_band", "object_statistics"):
        for row in db.rows(f"SELECT * FROM {table}").dicts():
            for name, value in row.items():
                assert not isinstance(value, float) or np.isfinite(value), (table, row["object_id"], name)
    view = derived(db)
    assert all(r["mag"] is None for k, r in view.items() if k[0] == 2)
    assert all(r["n"] == 0 and r["n_point"] > 0 for k, r in view.items() if k[0] == 5)
    assert [r["n_point"] for k, r in view.items() if k[0] == 3] == [1]


_CHANGES = ("night", "more", "recalibrate", "withdraw", "measure", "reassociate", "flag", "uncalibrate", "move band")


def change(db: Database, rng: np.random.Generator, sky, what: str, next_id: int) -> int:
    """Do something to the store that statistics must follow; return the next frame's number."""
    frames = [r[0] for r in db.rows("SELECT frame_id FROM frame ORDER BY 1").rows]
    frame = int(rng.choice(frames))
    if what == "night":
        for k in range(2):
            add(db, rng, sky, next_id + k, night=20 + next_id)
        return next_id + 2
    if what == "more":
        add(db, rng, sky, next_id, night=0)
        return next_id + 1
    if what == "recalibrate":
        cal = int(db.one("SELECT max(cal_id) + 1 FROM zeropoint"))
        add_zero_point(db, frame, cal, 22.3 + 0.01 * cal)
    elif what == "withdraw":
        for table in ("detection_hot", "frame", "frame_calibration"):
            db.execute(f"DELETE FROM {table} WHERE frame_id = $f", f=frame)
    elif what == "measure":
        db.execute("UPDATE detection_hot SET flux = flux * 1.1 WHERE frame_id = $f", f=frame)
        db.execute("UPDATE frame SET run_id = run_id + 1 WHERE frame_id = $f", f=frame)
    elif what == "reassociate":
        db.execute("UPDATE detection_hot SET object_id = 3 WHERE object_id = 2 AND frame_id = $f", f=frame)
        db.execute("UPDATE detection_hot SET object_id = 777 WHERE object_id = 4 AND frame_id = $f", f=frame)
        db.execute("UPDATE detection_hot SET object_id = NULL WHERE object_id = 6 AND frame_id = $f", f=frame)
    elif what == "flag":
        db.execute("UPDATE detection_hot SET flags = flags | 4 WHERE frame_id = $f AND object_id < 5", f=frame)
    elif what == "uncalibrate":
        db.execute("DELETE FROM frame_calibration WHERE frame_id = $f", f=frame)
    elif what == "move band":
        db.execute("UPDATE frame SET band = 'i' WHERE frame_id = $f", f=frame)
    return next_id


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(_CHANGES), min_size=1, max_size=5), st.integers(0, 2**20), st.booleans())
def test_adding_what_is_new_and_correcting_what_changed_is_counting_everything(changes, seed, often):
    db, rng, sky = survey(8, seed=seed)
    update_statistics(db)
    next_id = 9
    for what in changes:
        next_id = change(db, rng, sky, what, next_id)
        if often:
            update_statistics(db)
    update_statistics(db)
    assert n_stale(db) == 0
    assert_same_as_anew(db)
    db.close()


@pytest.mark.parametrize("what", _CHANGES)
def test_every_kind_of_change_is_followed(what):
    db, rng, sky = survey(16)
    update_statistics(db)
    before = {k: (r["n_point"], r["n"], r["sum_dd"], r["cal_high"]) for k, r in sums(db).items()}
    change(db, rng, sky, what, 17)
    done = update_statistics(db)
    assert not done.whole
    assert before != {k: (r["n_point"], r["n"], r["sum_dd"], r["cal_high"]) for k, r in sums(db).items()}
    assert_same_as_anew(db)


def test_a_new_night_is_added_and_no_object_counted_anew():
    db, rng, sky = survey(8)
    update_statistics(db)
    anchors = {k: r["anchor"] for k, r in sums(db).items()}
    add(db, rng, sky, 9, night=30)
    done = update_statistics(db)
    assert (done.n_new, done.n_object, done.whole) == (1, 0, False)
    now = {k: r["anchor"] for k, r in sums(db).items()}
    assert all(now[k] == a for k, a in anchors.items() if a is not None)
    assert update_statistics(db).n_new == 0


def test_zero_points_that_depend_on_place_and_magnitude_are_those_of_the_light_curve():
    db, rng, sky = survey()
    for frame_id in (1, 2, 3, 4):
        add_frame(db, rng, sky, frame_id, 22.0)
        add_zero_point(db, frame_id, 1, 22.0, zp_map=[0.1, -0.05], mag_term=0.01, mag_pivot=15.0)
    update_statistics(db)
    for object_id, mag in db.rows("SELECT object_id, mag FROM object_statistics").rows:
        points = db.rows("SELECT mag, mag_err FROM lightcurve WHERE object_id = $o", {"o": object_id}).rows
        flux = np.array([10 ** (-0.4 * m) for m, _ in points])
        err = flux * np.hypot([e for _, e in points], 0.002) * 0.4 * np.log(10)
        assert mag == pytest.approx(-2.5 * np.log10(np.average(flux, weights=err**-2.0)), abs=1e-9)


def test_relative_magnitudes_of_two_detectors_are_never_taken_together():
    db, rng, sky = survey()
    for frame_id, detector in ((1, "a"), (2, "b"), (3, "a"), (4, "b")):
        add_frame(db, rng, sky, frame_id, 22.0, detector=detector)
        add_zero_point(db, frame_id, 1, 0.0 if detector == "a" else 5.0, system="relative")
    update_statistics(db)
    rows = db.rows("SELECT detector, n, chi2_dof FROM object_statistics WHERE object_id = 1 ORDER BY 1").rows
    assert [(d, n) for d, n, _ in rows] == [("a", 2), ("b", 2)]
    assert all(chi2 < 30 for *_, chi2 in rows)


def test_robust_statistics_are_forgotten_when_points_come():
    db, rng, sky = survey(12)
    update_statistics(db)
    assert write_robust(db) > N_STAR
    db.job("statistics_frames")
    db.job("statistics_from_all")
    statistics.calibrate_points(db)
    points = db.rows("SELECT f FROM stat_point WHERE object_id = 1 AND f IS NOT NULL AND frame_id % 2 = 0").rows
    (median,) = db.rows("SELECT median FROM object_band WHERE object_id = 1 AND band = 'g'").rows[0]
    assert median == pytest.approx(np.median(points), rel=1e-12)
    add(db, rng, sky, 13, night=40)
    update_statistics(db)
    rows = db.rows("SELECT band, count(median) > 0 FROM object_band GROUP BY band").rows
    assert dict(rows) == {"g": True, "r": False}


def test_statistics_that_fail_do_not_fail_an_ingest(monkeypatch, caplog):
    db, _, _ = survey(2)
    monkeypatch.setattr(statistics, "update_statistics", lambda db: 1 / 0)
    refresh_statistics(db)
    assert "statistics were not brought up to date" in caplog.text


def test_variables_of_another_calibration_are_counted_for_it_and_not_taken_from_the_store():
    db, _, _ = survey(16)
    update_statistics(db)
    stored = derived(db)
    for frame_id in range(1, 17):
        add_zero_point(db, frame_id, 2, 22.0 + 0.3 * (frame_id % 3))
    db.execute("UPDATE frame_calibration SET cal_id = 1")
    assert n_stale(db) == 0
    db.insert(
        "calibration", [{"cal_id": 2, "run_id": 1, "method": "manual", "settings": "{}", "created": "2026-01-01"}]
    )
    db.use_calibration(2)
    assert n_stale(db) == 16
    with variables.counted(db):
        ranked = variables.rank(db, min_points=3)
    assert set(ranked.columns["cal_low"]) == set(ranked.columns["cal_high"]) == {2}
    assert derived(db) == stored


# Candidates


def simulated(db: Database, *, n_star: int, n_frame: int, seed: int, n_variable: int) -> dict[int, str]:
    """Fill a store with constants and variables, outliers, blends and unknown noise; return the kind of each variable.

    A variable whose light hardly changed in any frame (an eclipse that nobody saw) is none.
    """
    rng = np.random.default_rng(seed)
    sky = random_sky(rng, n_star)
    sky.mag = rng.uniform(12, 17, n_star)
    add_objects(db, sky)
    kinds = dict(
        zip(range(1, n_variable + 1), np.resize(["sine", "eclipse", "slow", "flare"], n_variable), strict=True)
    )
    period, size, start = rng.uniform(0.2, 3, n_star), rng.uniform(0.15, 0.6, n_star), rng.uniform(0, 1, n_star)
    sky.mag[:n_variable] = rng.uniform(12.5, 15.0, n_variable)
    frames, rows, signals = [], [], []
    seeing = 3.0 + rng.gamma(2.0, 0.3, n_frame)
    blended = np.arange(n_star) >= n_star - n_star // 20
    floor = 0.004
    for k in range(n_frame):
        t = 60000 + k // 12 + 0.02 * (k % 12)
        shift = np.zeros(n_star)
        phase = ((t - 60000) / period + start) % 1
        for i in range(n_variable):
            shift[i] = {"sine": size[i] / 2 * np.sin(2 * np.pi * phase[i]), "eclipse": size[i] * (phase[i] < 0.12),
                        "slow": size[i] * np.sin((t - 60000) / 3 + start[i]),
                        "flare": -size[i] * np.exp(-((k - n_frame // 2) % 97) / 2.0)}[kinds[i + 1]]  # fmt: skip
        signals.append(shift[:n_variable].copy())
        shift += blended * 0.05 * (seeing[k] - 3.6)
        true = 10 ** (-0.4 * (sky.mag + shift - 22))
        err = np.sqrt(true * 0.5 + 4.0)
        flux = true * (1 + floor * rng.standard_normal(n_star)) + err * rng.standard_normal(n_star)
        flux = np.where(rng.random(n_star) < 0.003, flux * 1.8, flux)  # cosmic rays that nobody saw
        frames.append({"frame_id": k + 1, "file_id": k + 1, "hdu": 0, "path": f"/f{k}",
                       "night": f"2025-01-{1 + k // 12:02d}", "detector": "cam", "band": "r",
                       "mjd_mid": t, "width": 1000, "height": 1000, "run_id": 1,
                       "fwhm_arcsec": seeing[k], "state": "ok"})  # fmt: skip
        ids = np.arange(1, n_star + 1)
        rows.append({"skey": ids, "object_id": ids, "frame_id": np.full(n_star, k + 1),
                     "x": np.zeros(n_star), "y": np.zeros(n_star), "flux": flux, "flux_err": err,
                     "flags": np.where(blended, 2, 0)})  # fmt: skip
    zero = [{"cal_id": 1, "frame_id": f["frame_id"], "aperture_id": 0, "zp": 22.0, "zp_err": 0.001, "n_star": 9,
             "n_candidate": 9, "mag_system": "AB", "flag": 0} for f in frames]  # fmt: skip
    pointer = [{"frame_id": f["frame_id"], "cal_id": 1} for f in frames]
    tables = {"frame": pa.Table.from_pylist(frames), "zeropoint": pa.Table.from_pylist(zero),
              "frame_calibration": pa.Table.from_pylist(pointer),
              "detection_hot": pa.table({k: np.concatenate([r[k] for r in rows]) for k in rows[0]})}  # fmt: skip
    for name, table in tables.items():
        with db.table("rows_of_test", table):
            db.execute(f"INSERT INTO {name} BY NAME SELECT * FROM rows_of_test")
    noise = np.hypot(0.004, np.sqrt(0.5 * 10 ** (0.4 * (sky.mag[:n_variable] - 22))))
    return {i + 1: k for i, k in enumerate(kinds.values()) if np.std(signals, axis=0)[i] > 2 * noise[i]}


def test_variables_are_found_and_constants_are_not():
    db = new_store()
    kinds = simulated(db, n_star=1500, n_frame=60, seed=11, n_variable=60)
    update_statistics(db)
    with variables.counted(db):
        ranked = variables.rank(db)
        found = {int(ranked.columns["object_id"][c.row]): c for c in variables.candidates(db, ranked)}
    hits = {i for i in found if i in kinds}
    false = {i for i in found if i > 60}
    print(f"{len(hits)} of {len(kinds)} found, {len(false)} of 1440 constants with them")
    assert len(hits) >= 0.9 * len(kinds)
    assert len(false) <= 2
    for candidate in found.values():
        assert "sigma above" in candidate.reasons[0]
        assert len(candidate.reasons) > 1
    (n_struck,) = db.rows(
        "SELECT count(DISTINCT object_id) FROM object_statistics WHERE chi2_dof > 3 AND object_id > 60"
    ).rows[0]
    assert n_struck > 100  # what chi2 alone would have listed


def test_a_night_is_ranked_by_itself():
    db = new_store()
    simulated(db, n_star=200, n_frame=24, seed=3, n_variable=8)
    update_statistics(db)
    with variables.counted(db, night="2025-01-02"):
        ranked = variables.rank(db)
    assert set(ranked.moments.n_night) == {1}
    assert ranked.moments.n.max() == 12
    assert {kind for _, kind, _ in ranked.floors} == {"all", "within"}


def test_an_outburst_of_a_blended_star_over_few_nights_is_not_taken_for_seeing_but_what_follows_the_seeing_is():
    """As AG Peg in 2015: steady within nights, more than a magnitude between them, seven nights of some seeing."""
    rng = np.random.default_rng(5)
    seeing = np.array([3.68, 3.73, 3.70, 3.78, 3.65, 3.66, 3.42])
    outburst = np.array([0.50, 1.60, 1.43, 1.46, 1.39, 1.16, 1.00])
    db = new_store()
    simulated(db, n_star=400, n_frame=84, seed=3, n_variable=0)
    factors = {1: outburst, 2: 1 + 0.8 * (seeing - 3.4)}
    for night, fwhm in enumerate(seeing):
        first, last = 12 * night + 1, 12 * night + 12
        for frame_id in range(first, last + 1):
            db.execute(
                "UPDATE frame SET fwhm_arcsec = $w WHERE frame_id = $f", w=fwhm + rng.normal(0, 0.002), f=frame_id
            )
            for star, factor in factors.items():
                db.execute(
                    "UPDATE detection_hot SET flux = $v, flux_err = 20, flags = 2 "
                    "WHERE object_id = $o AND frame_id = $f",
                    v=5000 * factor[night] * (1 + rng.normal(0, 0.004)), o=star, f=frame_id,
                )  # fmt: skip
    with variables.counted(db):
        ranked = variables.rank(db)
        found = {int(ranked.columns["object_id"][c.row]) for c in variables.candidates(db, ranked)}
    assert found & {1, 2} == {1}
