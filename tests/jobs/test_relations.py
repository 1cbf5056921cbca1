"""Stars that stand close: which are neighbours, which are blends, and which detections hold the light of two."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from photdb.jobs.relations import BLEND, NEIGHBOUR, rebuild_relations, update_relations
from photdb.sky import chord, healpix, separation_arcsec, unit_vector
from photdb.store.database import Database

ARCSEC = 1 / 3600
MERGED = 1024


def new_store() -> Database:
    db = Database.open(":memory:", read_only=False, create=True)
    db.finish_run(db.begin_run("ingest", {}), "done", "")
    return db


def add_objects(db: Database, ra: np.ndarray, dec: np.ndarray) -> None:
    unit = unit_vector(ra, dec)
    n = len(ra)
    rows = {"object_id": np.arange(1, n + 1), "name": [f"J{k}" for k in range(n)], "hpx": healpix(ra, dec), "ra": ra,
            "dec": dec, "ux": unit[:, 0], "uy": unit[:, 1], "uz": unit[:, 2], "epoch": [2025.0] * n,
            "n_detections": [1] * n, "run_id": [1] * n}  # fmt: skip
    with db.table("rows_of_test", pa.table(rows)):
        db.execute("INSERT INTO object BY NAME SELECT * FROM rows_of_test")


def add_frame(db: Database, frame_id: int, fwhm: float, fluxes: dict[int, float], *, run_id: int = 1) -> None:
    """Add a frame of some sharpness, covering all objects, in which some of them are detected."""
    db.insert("frame", [{"frame_id": frame_id, "file_id": frame_id, "hdu": 0, "path": f"/f{frame_id}", "run_id": run_id,
                         "state": "ok", "fwhm_arcsec": fwhm, "match_radius_arcsec": 1.0}])  # fmt: skip
    db.execute(
        "INSERT INTO frame_cover BY NAME SELECT DISTINCT 10 AS norder, hpx >> 38 AS cell, $f AS frame_id FROM object",
        f=frame_id,
    )
    n = len(fluxes)
    rows = {"skey": list(fluxes), "object_id": list(fluxes), "frame_id": [frame_id] * n, "x": [1.0] * n,
            "y": [1.0] * n, "flux": list(fluxes.values()), "flags": [2] * n}  # fmt: skip
    with db.table("rows_of_test", pa.table(rows)):
        db.execute("INSERT INTO detection_hot BY NAME SELECT * FROM rows_of_test")


def pairs(db: Database) -> dict[tuple[int, int], str]:
    return {row[:2]: row[2] for row in db.rows("SELECT object_id, other_id, kind FROM object_relation").rows}


def flagged(db: Database) -> set[tuple[int, int]]:
    return set(db.rows(f"SELECT object_id, frame_id FROM detection WHERE flags & {MERGED} > 0").rows)


@settings(max_examples=6)
@given(seed=st.integers(0, 1000), centre=st.sampled_from([(0.0, 89.999), (359.999, 0.0), (200.0, -45.0)]))
def test_pairs_are_those_of_a_tree_at_poles_and_ra_0_too(seed, centre):
    rng = np.random.default_rng(seed)
    n = 150
    u = unit_vector(*centre) + np.radians(rng.uniform(-60, 60, (n, 3)) * ARCSEC)
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    ra, dec = np.degrees(np.arctan2(u[:, 1], u[:, 0])) % 360, np.degrees(np.arcsin(u[:, 2]))
    every = dict.fromkeys(range(1, n + 1), 10.0)
    with new_store() as db:
        add_objects(db, ra, dec)
        for frame_id, fwhm in enumerate((2.0, 2.0, 5.0), 1):
            add_frame(db, frame_id, fwhm, every)
        update_relations(db, 1)
        found = pairs(db)
    u = unit_vector(ra, dec)
    expected = {}
    for a, b in cKDTree(u).query_pairs(float(chord(BLEND * 5.0)) * 1.0001):
        away = float(separation_arcsec(ra[a], dec[a], ra[b], dec[b]))
        kind = "blend" if away < BLEND * 5.0 else "neighbour" if away < NEIGHBOUR * 2.0 else None
        if kind:
            expected[a + 1, b + 1] = expected[b + 1, a + 1] = kind
    assert found == expected


def test_neighbours_and_blends_have_their_separation_and_the_sharpness_of_the_frames():
    ra, dec = np.full(4, 40.0), np.array([0.0, 3.0, 8.5, 20.0]) * ARCSEC
    with new_store() as db:
        add_objects(db, ra, dec)
        for frame_id, fwhm in enumerate((2.0, 2.0, 3.0), 1):
            add_frame(db, frame_id, fwhm, {1: 5.0, 2: 5.0, 3: 5.0, 4: 5.0})
        done = update_relations(db, 1)
        rows = db.rows("SELECT * FROM object_relation WHERE object_id < other_id ORDER BY 1, 2").dicts()
    assert [(r["object_id"], r["other_id"], r["kind"]) for r in rows] == [(1, 2, "blend"), (2, 3, "neighbour")]
    assert rows[0]["separation_arcsec"] == pytest.approx(3.0)
    assert (rows[0]["fwhm_arcsec"], rows[0]["worst_fwhm_arcsec"], rows[0]["n_frame"]) == (2.0, 3.0, 0)
    assert (done.n_neighbour, done.n_blend, done.n_merged) == (1, 1, 0)


#: Two stars 3 arcsec apart, of 100 and 60: sharp frames show both, in soft ones the light of both is the first's.
SHARP, SOFT = (1.5, {1: 100.0, 2: 60.0, 3: 80.0}), (4.0, {1: 160.0, 3: 80.0})


def seen_in_order(order: list[tuple[float, dict[int, float]]], nights: int) -> tuple[set, dict, int]:
    """Add frames in an order, some a night, and return what is flagged (as sharp or soft), the pairs, and n_frame."""
    with new_store() as db:
        add_objects(db, np.full(3, 40.0), np.array([0.0, 3.0, 60.0]) * ARCSEC)
        for part in np.array_split(np.arange(len(order)), nights):
            for k in part:
                add_frame(db, int(k) + 1, *order[k])
            update_relations(db, 1)
        found = {(object_id, order[frame_id - 1][0]) for object_id, frame_id in flagged(db)}
        n_flagged = len(flagged(db))
        (n_frame,) = db.rows("SELECT DISTINCT n_frame FROM object_relation WHERE kind = 'blend'").rows[0]
        return found, {"n_flagged": n_flagged, "pairs": pairs(db)}, n_frame


@pytest.mark.parametrize("nights", [1, 2, 5])
@pytest.mark.parametrize("order", sorted(set(itertools.permutations([1, 1, 0, 0, 0])))[::3])
def test_a_step_of_flux_by_seeing_is_flagged_whatever_the_order_of_frames(order, nights):
    frames = [SHARP if sharp else SOFT for sharp in order]
    found, rest, n_frame = seen_in_order(frames, nights)
    assert found == {(1, 4.0)}
    assert rest == {"n_flagged": 3, "pairs": {(1, 2): "blend", (2, 1): "blend"}}
    assert n_frame == 3


def test_an_earlier_frame_is_flagged_when_the_pair_becomes_known_hot_or_compacted():
    with new_store() as db:
        add_objects(db, np.full(3, 40.0), np.array([0.0, 3.0, 60.0]) * ARCSEC)
        db.execute("UPDATE object SET n_detections = 0 WHERE object_id = 2")
        add_frame(db, 1, *SOFT)
        update_relations(db, 1)
        assert not flagged(db)
        db.execute(
            "INSERT INTO detection_cold BY NAME SELECT skey, object_id, frame_id, 1 AS x, 1 AS y, flux, "
            "flags FROM detection_hot "
            "WHERE object_id = 1"
        )
        db.execute("DELETE FROM detection_hot WHERE object_id = 1")
        add_frame(db, 2, *SOFT)
        db.execute("UPDATE object SET n_detections = 1")
        add_frame(db, 3, *SHARP)
        assert update_relations(db, 1).n_merged == 2
        assert flagged(db) == {(1, 1), (1, 2)}
        flags = db.rows("SELECT DISTINCT flags FROM detection WHERE object_id = 1 AND frame_id < 3").rows
        assert flags == [(2 | MERGED,)]


def test_a_faint_neighbour_that_a_shallow_frame_does_not_show_changes_nothing():
    with new_store() as db:
        add_objects(db, np.full(2, 40.0), np.array([0.0, 3.0]) * ARCSEC)
        add_frame(db, 1, 1.5, {1: 1000.0, 2: 5.0})
        add_frame(db, 2, 4.0, {1: 1000.0})
        add_frame(db, 3, 4.0, {2: 700.0})
        update_relations(db, 1)
        assert pairs(db)[1, 2] == "blend"
        assert flagged(db) == {(2, 3)}
        add_frame(db, 4, 4.0, {1: 1000.0})
        update_relations(db, 1)
        assert flagged(db) == {(2, 3)}


def test_a_star_that_is_too_faint_for_a_frame_is_not_said_to_be_merged_with_its_neighbour_in_it():
    """The second star is two sigma above the noise of the soft frames: one of them does not show it by chance."""
    with new_store() as db:
        add_objects(db, np.full(2, 40.0), np.array([0.0, 3.0]) * ARCSEC)
        add_frame(db, 1, 1.5, {1: 100.0, 2: 60.0})
        add_frame(db, 2, 4.0, {1: 100.0})
        add_frame(db, 3, 4.0, {1: 100.0})
        db.execute("UPDATE detection_hot SET flux_err = CASE frame_id WHEN 2 THEN 30.0 ELSE 3.0 END")
        update_relations(db, 1)
        assert flagged(db) == {(1, 3)}


def test_a_star_beside_a_source_that_one_frame_of_many_as_sharp_shows_is_not_said_to_be_merged_with_it():
    """The telescope jumped in the second frame, and every star was two."""
    with new_store() as db:
        add_objects(db, np.full(2, 40.0), np.array([0.0, 3.0]) * ARCSEC)
        for frame_id in range(1, 8):
            add_frame(db, frame_id, 2.5 + 0.01 * frame_id, {1: 100.0, 2: 80.0} if frame_id == 4 else {1: 100.0})
        update_relations(db, 1)
        assert pairs(db)[1, 2] == "blend"
        assert not flagged(db)
        db.execute("UPDATE object SET ref_catalog = 'gaiaxp', ref_source_id = 7 WHERE object_id = 2")
        rebuild_relations(db, 1)
        assert {frame_id for _, frame_id in flagged(db)} == {1, 2, 3, 5, 6, 7}


def test_a_variable_that_is_resolved_and_a_frame_sharp_enough_are_not_flagged():
    with new_store() as db:
        add_objects(db, np.full(2, 40.0), np.array([0.0, 3.0]) * ARCSEC)
        add_frame(db, 1, 1.5, {1: 100.0, 2: 60.0})
        add_frame(db, 2, 4.0, {1: 160.0, 2: 70.0})
        add_frame(db, 3, 1.5, {1: 300.0})
        update_relations(db, 1)
        assert not flagged(db)


def test_frames_are_looked_at_once_and_again_when_measured_again():
    with new_store() as db:
        add_objects(db, np.full(2, 40.0), np.array([0.0, 3.0]) * ARCSEC)
        add_frame(db, 1, 1.5, {1: 100.0, 2: 60.0})
        assert update_relations(db, 1).n_frame == 1
        assert update_relations(db, 1).n_frame == 0
        db.execute("UPDATE frame SET run_id = 2")
        assert update_relations(db, 2).n_frame == 1
        assert db.one("SELECT count(*) FROM related_frame") == 1
        before = pairs(db)
        assert rebuild_relations(db, 3).n_frame == 1
        assert pairs(db) == before
        db.execute("DELETE FROM object WHERE object_id = 2")
        add_frame(db, 5, 1.5, {1: 100.0})
        update_relations(db, 3)
        assert not pairs(db)


def test_a_moving_target_is_nobodys_neighbour():
    with new_store() as db:
        add_objects(db, np.full(2, 40.0), np.array([0.0, 3.0]) * ARCSEC)
        db.execute("UPDATE object SET kind = 'moving', target_id = 1 WHERE object_id = 2")
        add_frame(db, 1, 1.5, {1: 100.0, 2: 60.0})
        update_relations(db, 1)
        assert not pairs(db)


def test_the_flag_is_taken_away_where_later_frames_show_that_the_other_star_is_faint_hot_or_compacted():
    with new_store() as db:
        add_objects(db, np.full(2, 40.0), np.array([0.0, 3.0]) * ARCSEC)
        add_frame(db, 1, 4.0, {1: 1000.0})
        add_frame(db, 2, 4.0, {1: 1000.0})
        add_frame(db, 3, 4.0, {2: 500.0})
        update_relations(db, 1)
        assert flagged(db) == {(1, 1), (1, 2), (2, 3)}
        db.execute(
            "INSERT INTO detection_cold BY NAME SELECT skey, object_id, frame_id, 1 AS x, 1 AS y, flux, "
            "flags FROM detection_hot WHERE frame_id = 2"
        )
        db.execute("DELETE FROM detection_hot WHERE frame_id = 2")
        add_frame(db, 4, 1.5, {1: 1000.0, 2: 5.0})
        update_relations(db, 1)
        assert flagged(db) == {(2, 3)}
        assert db.rows("SELECT DISTINCT flags FROM detection WHERE object_id = 1").rows == [(2,)]


def test_flags_of_a_star_whose_neighbour_or_whose_frame_is_no_more_are_taken_away():
    with new_store() as db:
        add_objects(db, np.full(2, 40.0), np.array([0.0, 3.0]) * ARCSEC)
        add_frame(db, 1, *SHARP)
        add_frame(db, 2, *SOFT)
        update_relations(db, 1)
        assert flagged(db) == {(1, 2)}
        for job in ("detections", "cover", "frames"):
            db.job(f"withdraw_{job}", frame_ids=[1])
        db.execute("UPDATE object SET n_detections = 0 WHERE object_id = 2")
        update_relations(db, 1)
        assert not flagged(db)
        assert not pairs(db)


@settings(max_examples=5)
@given(seed=st.integers(0, 10_000))
def test_flags_and_pairs_do_not_depend_on_the_order_of_frames_and_a_rebuild_changes_none(seed):
    """Three stars in a row and one far off, in frames of any sharpness that show any of them."""
    rng = np.random.default_rng(seed)
    frames = [
        (
            float(rng.choice([1.5, 2.0, 3.0, 4.0])),
            {k: float(rng.lognormal(4, 1)) for k in range(1, 5) if rng.random() < 0.6},
        )
        for _ in range(6)
    ]
    answers = []
    for order in (range(6), rng.permutation(6)):
        with new_store() as db:
            add_objects(db, np.full(4, 40.0), np.array([0.0, 3.0, 6.5, 60.0]) * ARCSEC)
            for k in order:
                add_frame(db, int(k) + 1, *frames[k])
                db.execute(
                    "UPDATE object SET n_detections = "
                    "(SELECT count(*) FROM detection AS d WHERE d.object_id = object.object_id)"
                )
                update_relations(db, 1)
            relations = "SELECT object_id, other_id, kind, n_frame, fwhm_arcsec FROM object_relation ORDER BY ALL"
            answers.append((flagged(db), db.rows(relations).rows))
            rebuild_relations(db, 1)
            answers.append((flagged(db), db.rows(relations).rows))
    assert all(answer == answers[0] for answer in answers[1:])
