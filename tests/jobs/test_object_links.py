"""Objects and their reference stars: which catalogue, which star, when again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree
from zeropoint_store import REFERENCE_EPOCH, Sky, add_objects, add_reference, new_store, random_sky

from photdb.catalogs import definition
from photdb.catalogs.reference import at_epoch
from photdb.jobs.object_links import relink, update_links
from photdb.jobs.refcat import add
from photdb.sky import chord, healpix, separation_arcsec, unit_vector
from photdb.store.database import Database

YEAR = 2025.9
ARCSEC = 1 / 3600


def link(db: Database) -> dict[int, tuple]:
    """Link and return catalogue and star of each object."""
    with db.run("test", {}) as run_id:
        update_links(db, run_id)
    rows = db.rows("SELECT object_id, ref_catalog, ref_source_id FROM object ORDER BY object_id").rows
    return {row[0]: row[1:] for row in rows}


def tile(db: Database, catalog: str, ra: float, dec: float) -> None:
    """Write down that stars of a catalogue came now."""
    with db.run("refcat add", {}) as run_id:
        db.insert("refcat_tile", [{
            "catalog": catalog, "norder": 5, "npix": int(healpix(ra, dec, 5)), "n_star": 1, "is_complete": False,
            "source": "test", "fetched": "2026-01-01", "run_id": run_id,
        }])  # fmt: skip


def name_star(db: Database, ra: float, dec: float, name: str, number: int, *, good: bool = True) -> None:
    """Add a variable star of VSX."""
    db.insert("refstar", [{"catalog": "vsx", "source_id": number, "hpx": int(healpix(ra, dec)), "ra": ra, "dec": dec,
                           "epoch": 2000.0, "is_good": good}])  # fmt: skip
    db.insert("refname", [{"catalog": "vsx", "source_id": number, "name": name}])


def test_every_catalogue_of_stars_has_a_rank_of_its_own_and_one_of_names_none():
    ranks = {name: definition.load(name).link_rank for name in definition.names()}
    assert ranks.pop("vsx") is None
    assert len(set(ranks.values())) == len(ranks)
    first = sorted(ranks, key=ranks.__getitem__)
    assert first[:3] == ["gaia_dr3", "gaiaxp", "refcat2"]
    with_motion = [definition.load(name).pm is not None for name in first if name != "usnob1"]
    assert with_motion == sorted(with_motion, reverse=True)


def test_the_catalogue_of_the_best_rank_is_taken_not_the_one_of_the_most_stars():
    rng = np.random.default_rng(1)
    sky = random_sky(rng, 200)
    few = Sky(sky.ra[:20], sky.dec[:20], sky.mag[:20])
    with new_store() as db:
        add_objects(db, sky)
        add_reference(db, sky, sky.mag, catalog="ps1")
        add_reference(db, few, few.mag, catalog="gaia_dr3")
        found = link(db)
    assert [found[k][0] for k in range(1, 201)] == ["gaia_dr3"] * 20 + ["ps1"] * 180
    assert [found[k][1] for k in range(1, 201)] == list(range(200))


def test_a_catalogue_that_comes_later_takes_over_where_it_is_better_and_nothing_is_looked_at_twice():
    rng = np.random.default_rng(2)
    sky = random_sky(rng, 50)
    with new_store() as db:
        add_objects(db, sky)
        assert set(link(db).values()) == {(None, None)}
        assert update_links(db, 0).n_due == 0
        add_reference(db, sky, sky.mag, catalog="tycho2")
        tile(db, "tycho2", sky.ra[0], sky.dec[0])
        assert {c for c, _ in link(db).values()} == {"tycho2"}
        add_reference(db, sky, sky.mag, catalog="gaiaxp")
        tile(db, "gaiaxp", sky.ra[0], sky.dec[0])
        assert {c for c, _ in link(db).values()} == {"gaiaxp"}
        add_reference(db, sky, sky.mag, catalog="usnob1")
        tile(db, "usnob1", sky.ra[0], sky.dec[0])
        assert {c for c, _ in link(db).values()} == {"gaiaxp"}
        assert update_links(db, 0).n_due == 0
        assert relink(db).n_linked == 50


def test_a_fast_star_is_found_where_it_was_at_the_objects_epoch_and_the_mean_position_stays():
    """5 arcsec a year: a star 50 arcsec away in the catalogue is the object's, the one beneath it is not."""
    fast = Sky(np.array([359.9999]), np.array([70.0]), np.array([12.0]), np.array([3000.0]), np.array([4000.0]))
    ra, dec = at_epoch(fast.ra, fast.dec, fast.pm_ra, fast.pm_dec, REFERENCE_EPOCH, YEAR)
    with new_store() as db:
        add_objects(db, fast, year=YEAR)
        add_reference(db, fast, fast.mag, catalog="gaia_dr3", band="BP")
        db.execute("UPDATE refstar SET pm_err = 0.05")
        there = Sky(np.array([*ra, 0.01]), np.array([*(dec + 0.4 * ARCSEC), 70.0]), np.array([15.0, 16.0]))
        db.execute("UPDATE refstar SET source_id = 77")
        add_reference(db, there, there.mag, catalog="gaia_dr3")
        before = db.rows("SELECT ra, dec, ux, uy, uz, epoch FROM object").rows
        link(db)
        (row,) = db.rows("SELECT * FROM object").dicts()
        assert db.rows("SELECT ra, dec, ux, uy, uz, epoch FROM object").rows == before
    assert (row["ref_source_id"], row["pm_ra"], row["pm_dec"], row["pm_err"]) == (77, 3000.0, 4000.0, 0.05)


def test_a_star_is_one_objects_and_the_nearer_has_it_whoever_came_first():
    sky = Sky(np.array([10.0]), np.array([0.0]), np.array([12.0]))
    far = Sky(sky.ra, sky.dec + 0.8 * ARCSEC, sky.mag)
    near = Sky(sky.ra, sky.dec - 0.2 * ARCSEC, sky.mag)
    with new_store() as db:
        add_reference(db, sky, sky.mag, catalog="gaiaxp")
        add_objects(db, far)
        assert link(db)[1] == ("gaiaxp", 0)
        add_objects(db, near, first=1)
        assert link(db) == {1: (None, None), 2: ("gaiaxp", 0)}
        assert update_links(db, 0).n_due == 0


def test_in_a_crowd_the_place_does_not_say_which_star_it_is():
    rng = np.random.default_rng(3)
    crowd = Sky(10 + rng.uniform(-0.9, 0.9, 6) * ARCSEC, rng.uniform(-0.9, 0.9, 6) * ARCSEC / 2, np.full(6, 15.0))
    with new_store() as db:
        add_objects(db, Sky(np.array([10.0]), np.array([0.0]), np.array([12.0])))
        add_reference(db, crowd, crowd.mag, catalog="gaiaxp")
        one = Sky(np.array([10.0]), np.array([0.1 * ARCSEC]), np.array([12.0]))
        add_reference(db, one, one.mag, catalog="tycho2")
        assert link(db)[1] == ("tycho2", 0)


def test_motion_and_colour_that_the_best_catalogue_lacks_come_from_the_next_that_has_the_same_star():
    sky = Sky(np.array([10.0, 10.1]), np.array([0.0, 0.0]), np.array([12.0, 13.0]))
    moving = Sky(sky.ra, sky.dec, sky.mag, np.full(2, 7.0), np.full(2, -8.0))
    beside = Sky(sky.ra, sky.dec + np.array([0.0, 1.8]) * ARCSEC, sky.mag, np.full(2, 7.0), np.full(2, -8.0))
    with new_store() as db:
        add_objects(db, sky)
        db.execute("UPDATE frame SET match_radius_arcsec = 3")
        add_reference(db, sky, sky.mag, catalog="gaiaxp", band="r")
        db.execute("UPDATE refstar SET pm_ra = NULL, pm_dec = NULL")
        add_reference(db, beside, sky.mag + 0.6, catalog="ucac4", band="B")
        add_reference(db, beside, sky.mag, catalog="ucac4", band="V")
        db.execute("CREATE TEMP TABLE one AS SELECT DISTINCT * FROM refstar")
        db.execute("DELETE FROM refstar")
        db.execute("INSERT INTO refstar SELECT * FROM one")
        link(db)
        rows = db.rows("SELECT ref_catalog, pm_ra, pm_dec, ref_colour, ref_colour_index FROM object ORDER BY ra").rows
    assert rows[0] == ("gaiaxp", 7.0, -8.0, pytest.approx(0.6), "B-V")
    assert rows[1] == ("gaiaxp", None, None, None, None)
    assert moving.pm_ra[0] == 7.0


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), centre=st.sampled_from([(0.0, 20.0), (120.0, 89.99), (300.0, -89.99), (77.0, 0.0)]))
def test_links_are_those_of_a_tree_of_all_pairs_and_the_same_in_whatever_order_objects_come(seed, centre):
    rng = np.random.default_rng(seed)
    n, spread = 120, 30.0
    east, north = rng.uniform(-spread, spread, (2, n))
    sky = on_sky(*centre, east, north)
    star = Sky(*sky, np.full(n, 12.0), rng.normal(0, 100, n), rng.normal(0, 100, n))
    moved = at_epoch(star.ra, star.dec, star.pm_ra, star.pm_dec, REFERENCE_EPOCH, YEAR)
    shown = on_sky(*centre, east + rng.normal(0, 0.5, n), north + rng.normal(0, 0.5, n))
    objects = Sky(*at_epoch(*shown, star.pm_ra, star.pm_dec, REFERENCE_EPOCH, YEAR), star.mag)
    expected = mutual(unit_vector(objects.ra, objects.dec), unit_vector(*moved), float(chord(1.0)))
    answers = []
    for batches in ([n], [n // 2, n - n // 2]):
        with new_store() as db:
            add_reference(db, star, star.mag, catalog="gaia_dr3")
            done = 0
            for size in batches:
                part = slice(done, done + size)
                add_objects(db, Sky(objects.ra[part], objects.dec[part], objects.mag[part]), year=YEAR, first=done)
                done += size
                found = link(db)
            answers.append({k: v[1] for k, v in found.items()})
    assert answers[0] == answers[1]
    unclear = {k for k, v in expected.items() if v != answers[0][k] and crowd_of(objects, moved, k) > 3}
    assert {k: v for k, v in answers[0].items() if k not in unclear} == {
        k: v for k, v in expected.items() if k not in unclear
    }


def on_sky(ra: float, dec: float, east: np.ndarray, north: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return places at offsets (arcsec) on the tangent plane."""
    a, d = np.radians(ra), np.radians(dec)
    e = np.array([-np.sin(a), np.cos(a), 0.0])
    k = np.array([-np.sin(d) * np.cos(a), -np.sin(d) * np.sin(a), np.cos(d)])
    u = unit_vector(ra, dec) + np.radians(east * ARCSEC)[:, None] * e + np.radians(north * ARCSEC)[:, None] * k
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    return np.degrees(np.arctan2(u[:, 1], u[:, 0])) % 360, np.degrees(np.arcsin(u[:, 2]))


def mutual(objects: np.ndarray, stars: np.ndarray, reach: float) -> dict[int, int | None]:
    """Return the star of each object, counted from 1, where each is the nearest to the other."""
    distance, nearest = cKDTree(stars).query(objects)
    _, back = cKDTree(objects).query(stars)
    good = (distance <= reach) & (back[nearest] == np.arange(len(objects)))
    return {i + 1: int(nearest[i]) if good[i] else None for i in range(len(objects))}


def crowd_of(objects: Sky, stars: tuple[np.ndarray, np.ndarray], k: int) -> int:
    """Return how many stars are within reach of an object."""
    return int((separation_arcsec(objects.ra[k - 1], objects.dec[k - 1], *stars) <= 1.0).sum())


def test_the_reach_is_that_of_the_frames_an_object_was_seen_in():
    sky = Sky(np.array([10.0]), np.array([0.0]), np.array([12.0]))
    away = Sky(sky.ra, sky.dec + 8 * ARCSEC, sky.mag)
    with new_store() as db:
        add_objects(db, sky)
        add_reference(db, away, away.mag, catalog="tycho2")
        assert link(db)[1] == (None, None)
        db.insert("frame", [{"frame_id": 1, "file_id": 1, "hdu": 0, "path": "/f", "run_id": 1, "state": "ok",
                             "match_radius_arcsec": 10.0}])  # fmt: skip
        db.insert("detection_hot", [{"skey": 1, "object_id": 1, "frame_id": 1, "x": 1.0, "y": 1.0, "flags": 0}])
        db.job("link_forget")
        assert link(db)[1] == ("tycho2", 0)


def test_an_object_without_a_star_is_looked_at_again_when_a_frame_shows_it_and_when_detections_changed_hands():
    sky = Sky(np.array([10.0, 10.1]), np.array([0.0, 0.0]), np.array([12.0, 12.0]))
    with new_store() as db:
        add_objects(db, Sky(sky.ra, sky.dec + 8 * ARCSEC, sky.mag))
        add_reference(db, sky, sky.mag, catalog="gaiaxp")
        assert set(link(db).values()) == {(None, None)}
        db.execute("DELETE FROM object")
        add_objects(db, sky)
        db.execute("UPDATE object SET linked_run_id = 1")
        assert update_links(db, 1).n_due == 0
        db.insert("frame", [{"frame_id": 1, "file_id": 1, "hdu": 0, "path": "/f", "run_id": 3, "state": "ok",
                             "match_radius_arcsec": 1.0}])  # fmt: skip
        db.insert("detection_hot", [{"skey": 1, "object_id": 1, "frame_id": 1, "x": 1.0, "y": 1.0, "flags": 0}])
        assert link(db) == {1: ("gaiaxp", 0), 2: (None, None)}
        db.insert("object_event", [{"event_id": 1, "run_id": 3, "time": "2026-01-01", "event": "reassign",
                                    "object_id": 1, "other_id": 2, "n_detections": 1, "reason": "test"}])  # fmt: skip
        assert link(db) == {1: ("gaiaxp", 0), 2: ("gaiaxp", 1)}
        db.insert("related_frame", [{"frame_id": 1, "run_id": 3}])
        assert update_links(db, 3).n_due == 0


def test_an_object_has_the_name_of_the_variable_nearest_to_it_and_only_one_has_it():
    """The third is called constant by its catalogue; the fourth has moved 4 arcsec since 2000."""
    ra, dec = np.array([10.0, 10.0, 10.1, 10.2]), np.array([0.0, 2.5 * ARCSEC, 0.0, 0.0])
    sky = Sky(ra, dec, np.full(4, 12.0))
    with new_store() as db:
        add_objects(db, sky, year=2020.0)
        moving = Sky(ra[3:], dec[3:], sky.mag[3:], np.array([0.0]), np.array([200.0]))
        at_2016 = Sky(ra[3:], dec[3:] - 0.8 * ARCSEC, sky.mag[3:], moving.pm_ra, moving.pm_dec)
        add_reference(db, at_2016, at_2016.mag, catalog="gaiaxp")
        name_star(db, 10.0, 1.0 * ARCSEC, "AG Peg", 1)
        name_star(db, 10.1, 0.2 * ARCSEC, "V0838 Mon", 2, good=False)
        name_star(db, 10.2, -4.0 * ARCSEC, "RR Lyr", 3)
        link(db)
        names = [row[0] for row in db.rows("SELECT vsx_name FROM object ORDER BY object_id").rows]
        assert names == ["AG Peg", None, None, "RR Lyr"]
        nearer = Sky(np.array([10.0]), np.array([1.1 * ARCSEC]), np.array([12.0]))
        add_objects(db, nearer, first=4)
        link(db)
        names = [row[0] for row in db.rows("SELECT vsx_name FROM object ORDER BY object_id").rows]
        assert names == [None, None, None, "RR Lyr", "AG Peg"]


def test_a_moving_target_is_no_star():
    sky = Sky(np.array([10.0]), np.array([0.0]), np.array([12.0]))
    with new_store() as db:
        add_objects(db, sky)
        db.execute("UPDATE object SET kind = 'moving', target_id = 1")
        add_reference(db, sky, sky.mag, catalog="gaiaxp")
        assert update_links(db, 0).n_due == 0
        assert link(db)[1] == (None, None)


def test_adding_reference_stars_links_the_objects_of_the_store(tmp_path: Path):
    store, file = tmp_path / "s.duckdb", tmp_path / "g.csv"
    sky = Sky(np.array([10.0]), np.array([0.0]), np.array([12.0]))
    with Database.open(store, read_only=False, create=True) as db:
        db.finish_run(db.begin_run("ingest", {}), "done", "")
        add_objects(db, sky, year=2016.0)
        update_links(db, 1)
    pl.DataFrame(
        {"Source": [123], "RA_ICRS": [10.0], "DE_ICRS": [0.0], "pmRA": [1.0], "pmDE": [2.0], "e_pmRA": [0.1],
         "e_pmDE": [0.2], "Gmag": [12.0], "BPmag": [12.4], "RPmag": [11.4]}
    ).write_csv(file)  # fmt: skip
    add(file, "gaia_dr3", store=store)
    with Database.open(store) as db:
        (row,) = db.rows("SELECT ref_catalog, ref_source_id, pm_err, ref_colour, ref_colour_index FROM object").rows
    assert row == ("gaia_dr3", 123, 0.2, pytest.approx(1.0), "BP-RP")


def test_the_table_of_ranks_leaves_out_catalogues_of_names():
    from photdb.jobs.object_links import ranks

    with new_store() as db:
        name_star(db, 1.0, 1.0, "X", 1)
        sky = Sky(np.array([10.0]), np.array([0.0]), np.array([12.0]))
        add_reference(db, sky, sky.mag, catalog="mine")
        table = ranks(db)
    assert isinstance(table, pa.Table)
    assert table.to_pylist() == [{"catalog": "mine", "rank": definition.LAST}]
