"""Association of a night's detections with objects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from photdb.jobs.crossmatch import associate, commit_objects
from photdb.sky import healpix, separation_arcsec, unit_vector
from photdb.store.database import Database

EPOCH = 2025.5


def offset(ra: float, dec: float, east: NDArray[np.float64], north: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ra, dec of offsets in arcsec on the tangent plane: right at the poles and at RA 0."""
    a, d = np.radians(ra), np.radians(dec)
    e = np.array([-np.sin(a), np.cos(a), 0.0])
    n = np.array([-np.sin(d) * np.cos(a), -np.sin(d) * np.sin(a), np.cos(d)])
    u = unit_vector(ra, dec) + np.radians(np.asarray(east) / 3600)[:, None] * e
    u = u + np.radians(np.asarray(north) / 3600)[:, None] * n
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    return np.column_stack([np.degrees(np.arctan2(u[:, 1], u[:, 0])) % 360, np.degrees(np.arcsin(u[:, 2]))])


def night(
    db: Database, folder: Path, frames: list[NDArray[np.float64]], *, radius: float = 2.0, epoch: float = EPOCH
) -> None:
    """Associate and commit frames of positions (ra, dec, flux, and maybe flags); objects only."""
    keys = [f"{epoch}-{i}" for i in range(len(frames))]
    first = int(db.one("SELECT coalesce(max(frame_id), 0) + 1 FROM detection_hot"))
    files = []
    for key, rows in zip(keys, frames, strict=True):
        files.append(str(folder / f"{key}.parquet"))
        pq.write_table(_staged(key, rows), files[-1])
    given_night = pa.table(
        {
            "frame_key": keys,
            "frame_id": pa.array(range(first, first + len(keys)), pa.int32()),
            "match_radius_arcsec": np.full(len(keys), radius),
            "mjd_mid": 60000.0 + np.arange(len(keys)),
            "epoch": np.full(len(keys), epoch),
        }
    )
    with db.table("given_night", given_night):
        db.execute("CREATE OR REPLACE TEMP TABLE night_frame AS FROM given_night")
    associate(db, files=files, epoch=epoch, radius_arcsec=radius, run_id=1)
    with db.transaction():
        commit_objects(db)
        db.job("commit_detections")


def _staged(key: str, rows: NDArray[np.float64]) -> pa.Table:
    n = len(rows)
    single = {
        c: np.zeros(n, dtype=np.float32) for c in ("x", "y", "flux_auto", "flux_auto_err", "sky", "peak", "a", "b")
    }
    single |= {c: np.zeros(n, dtype=np.float32) for c in ("theta", "fwhm", "kron_radius", "flux_radius", "class_star")}
    return pa.table(
        {
            "frame_key": pa.array([key] * n, pa.string()),
            "source": np.arange(n, dtype=np.int32),
            "ra": rows[:, 0],
            "dec": rows[:, 1],
            "hpx": healpix(rows[:, 0], rows[:, 1]),
            **single,
            "flux": rows[:, 2].astype(np.float32),
            "flux_err": np.ones(n, dtype=np.float32),
            "aper_flux": pa.array([[1.0]] * n, pa.list_(pa.float32())),
            "aper_flux_err": pa.array([[1.0]] * n, pa.list_(pa.float32())),
            "flags": rows[:, 3].astype(np.int32) if rows.shape[1] > 3 else np.zeros(n, dtype=np.int32),
        }
    )


def partition(db: Database) -> set[frozenset[tuple[float, float]]]:
    """Return which detections are one object, by position."""
    groups: dict[int, set[tuple[float, float]]] = {}
    for object_id, ra, dec in db.rows("SELECT object_id, ra, dec FROM detection").rows:
        groups.setdefault(object_id, set()).add((ra, dec))
    return {frozenset(g) for g in groups.values()}


@pytest.fixture
def db() -> Database:
    with Database.open(":memory:", read_only=False, create=True) as db:
        yield db


@pytest.mark.parametrize(("ra", "dec"), [(41.6, -30.3), (0.0, 0.0), (359.9999, 60.0), (123.0, 89.9995), (10.0, -90.0)])
def test_stars_seen_in_many_frames_are_one_object_each_anywhere_on_the_sky(db, tmp_path, ra, dec):
    rng = np.random.default_rng(3)
    stars = offset(ra, dec, rng.uniform(-300, 300, 200), rng.uniform(-300, 300, 200))
    flux = 10 ** rng.uniform(1, 4, 200)
    frames = []
    for _ in range(12):
        moved = np.vstack([offset(*s, rng.normal(0, 0.2, 1), rng.normal(0, 0.2, 1)) for s in stars])
        frames.append(np.column_stack([moved, flux]))
    night(db, tmp_path, frames)
    close = separation_arcsec(stars[:, None, 0], stars[:, None, 1], stars[None, :, 0], stars[None, :, 1])
    np.fill_diagonal(close, np.inf)
    apart = stars[close.min(axis=1) > 6.0]
    found = db.rows("SELECT ra, dec, n_detections FROM object").rows
    for star in apart:
        near = [n for r, d, n in found if separation_arcsec(r, d, *star) < 3.0]
        assert near == [12]
    assert db.rows("SELECT frame_id, object_id FROM detection GROUP BY ALL HAVING count(*) > 1").rows == []
    assert db.audit().keys() <= {"detection_without_frame"}


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), order=st.permutations(range(6)))
def test_the_order_of_frames_does_not_matter(tmp_path_factory, seed, order):
    rng = np.random.default_rng(seed)
    stars = offset(20.0, 10.0, rng.uniform(-40, 40, 40), rng.uniform(-40, 40, 40))
    frames = []
    for _ in range(6):
        seen = rng.random(40) < 0.8
        moved = np.vstack([offset(*s, rng.normal(0, 0.4, 1), rng.normal(0, 0.4, 1)) for s in stars[seen]])
        frames.append(np.column_stack([moved, rng.uniform(1, 100, seen.sum())]))
    partitions = []
    for files in (range(6), order):
        folder = tmp_path_factory.mktemp("night")
        with Database.open(":memory:", read_only=False, create=True) as db:
            _night_in_order(db, folder, frames, list(files))
            partitions.append(partition(db))
    assert partitions[0] == partitions[1]


def _night_in_order(db: Database, folder: Path, frames: list[NDArray[np.float64]], order: list[int]) -> None:
    """Hand over the files of a night in some order; frames keep the ids that their time gives them."""
    keys = [f"k{i}" for i in range(len(frames))]
    for key, rows in zip(keys, frames, strict=True):
        pq.write_table(_staged(key, rows), folder / f"{key}.parquet")
    table = pa.table(
        {
            "frame_key": [keys[i] for i in order],
            "frame_id": pa.array([i + 1 for i in order], pa.int32()),
            "match_radius_arcsec": np.full(len(keys), 1.5),
            "mjd_mid": [60000.0 + i for i in order],
            "epoch": np.full(len(keys), EPOCH),
        }
    )
    with db.table("given_night", table):
        db.execute("CREATE OR REPLACE TEMP TABLE night_frame AS FROM given_night")
    associate(db, files=[str(folder / f"{keys[i]}.parquet") for i in order], epoch=EPOCH, radius_arcsec=1.5, run_id=1)
    with db.transaction():
        commit_objects(db)
        db.job("commit_detections")


def test_every_detection_gets_the_nearest_object_within_reach(db, tmp_path):
    rng = np.random.default_rng(5)
    stars = offset(200.0, 70.0, rng.uniform(-600, 600, 800), rng.uniform(-600, 600, 800))
    night(db, tmp_path, [np.column_stack([stars, np.full(800, 50.0)])])
    objects = np.array(db.rows("SELECT ra, dec, object_id FROM object ORDER BY object_id").rows)
    seen = offset(200.0, 70.0, rng.uniform(-600, 600, 400), rng.uniform(-600, 600, 400))
    before = set(objects[:, 2].astype(np.int64))
    ids = [r[0] for r in db.rows("SELECT object_id FROM object ORDER BY object_id").rows]
    night(db, tmp_path, [np.column_stack([p[None, :], [[9.0]]]) for p in seen], radius=8.0, epoch=EPOCH + 1)
    got = {(ra, dec): o for ra, dec, o in db.rows("SELECT ra, dec, object_id FROM detection WHERE flux = 9").rows}
    assert len(before) == 800
    wrong = 0
    for ra, dec in seen:
        d = separation_arcsec(objects[:, 0], objects[:, 1], ra, dec)
        expected = ids[int(d.argmin())] if d.min() <= 8.0 else None
        mine = got[(ra, dec)]
        wrong += (mine != expected) if expected is not None else (mine in set(ids))
    assert wrong == 0


def test_one_detection_of_a_frame_per_object_and_the_other_becomes_an_object(db, tmp_path):
    pair = offset(50.0, 5.0, np.array([0.0, 0.9]), np.zeros(2))
    night(db, tmp_path, [np.column_stack([pair[:1], [[10.0]]])])
    night(db, tmp_path, [np.column_stack([pair, [10.0, 9.0]])], epoch=EPOCH + 1)
    assert [r[0] for r in db.rows("SELECT n_detections FROM object ORDER BY 1 DESC").rows] == [2, 1]


def test_proper_motion_is_applied_before_matching(db, tmp_path):
    """A star of 1 arcsec a year stays one object over ten years, and its mean position is at its mean epoch."""
    ra, dec = 80.0, 60.0
    star = offset(ra, dec, np.array([0.0]), np.array([0.0]))[0]
    db.execute(
        "INSERT INTO refstar VALUES ('gaiaxp', 7, $hpx, $ra, $dec, 2016.0, 800.0, -600.0, true, NULL)",
        hpx=int(healpix(ra, dec)), ra=float(star[0]), dec=float(star[1]),
    )  # fmt: skip
    for epoch in (2020.0, 2023.0, 2026.0):
        years = epoch - 2016.0
        place = offset(ra, dec, np.array([0.8 * years]), np.array([-0.6 * years]))
        night(db, tmp_path, [np.column_stack([place, [[100.0]]])], epoch=epoch)
    (row,) = db.rows("SELECT n_detections, epoch, ref_source_id, pm_ra, ra, dec FROM object").dicts()
    assert row["n_detections"] == 3
    assert row["epoch"] == pytest.approx(2023.0)
    assert (row["ref_source_id"], row["pm_ra"]) == (7, 800.0)
    expected = offset(ra, dec, np.array([0.8 * 7]), np.array([-0.6 * 7]))[0]
    assert separation_arcsec(row["ra"], row["dec"], *expected) < 0.01


def test_an_object_is_born_in_the_cell_of_its_reference_star_or_the_next_free_one(db, tmp_path):
    place = offset(10.0, 20.0, np.array([0.3]), np.array([0.0]))
    cell = int(healpix(10.0, 20.0))
    db.execute("INSERT INTO refstar VALUES ('tycho2', 1, $hpx, 10.0, 20.0, 2025.5, NULL, NULL, true, NULL)", hpx=cell)
    db.execute(
        "INSERT INTO object BY NAME SELECT $hpx AS object_id, 'taken' AS name, $hpx AS hpx, 200 AS ra, 0 AS dec, "
        "-1 AS ux, 0 AS uy, 0 AS uz, 2025.5 AS epoch, 0 AS n_detections, 1 AS run_id, 'star' AS kind",
        hpx=cell,
    )
    night(db, tmp_path, [np.column_stack([place, [[10.0]]])])
    assert db.rows("SELECT object_id FROM object WHERE name <> 'taken'").rows == [(cell + 1,)]


def test_a_negative_flux_is_a_detection_like_any_other(db, tmp_path):
    place = offset(10.0, 20.0, np.array([0.0]), np.array([0.0]))
    night(db, tmp_path, [np.column_stack([place, [[-3.0]]])])
    assert db.rows("SELECT flux, object_id IS NOT NULL FROM detection").rows == [(-3.0, True)]


def test_a_detection_cut_by_the_edge_joins_its_star_and_makes_no_object_beside_it(db, tmp_path):
    """In the fullest frame one star is cut, its centre 1.5" off: within reach of some of the others, not of all."""
    stars = offset(40.0, -30.0, np.arange(8) * 60.0, np.zeros(8))
    scatter = np.array([-0.6, 0.6, -0.3, 0.3])
    fuller = np.column_stack([stars, np.full(8, 50.0), np.zeros(8)])
    fuller[0, :2] = offset(40.0, -30.0, np.array([-1.5]), np.zeros(1))[0]
    fuller[0, 2:] = np.nan, 8
    others = [
        np.column_stack([offset(40.0, -30.0, np.arange(7) * 60.0 + s, np.zeros(7)), np.full(7, 50.0), np.zeros(7)])
        for s in scatter
    ]
    night(db, tmp_path, [fuller, *others])
    assert db.one("SELECT count(*) FROM object") == 8


def test_a_star_that_is_only_ever_cut_by_the_edge_is_an_object_all_the_same(db, tmp_path):
    cut = np.column_stack([offset(40.0, -30.0, np.zeros(1), np.zeros(1)), [[np.nan, 8]]])
    night(db, tmp_path, [cut, cut])
    assert db.rows("SELECT n_detections FROM object").rows == [(2,)]
