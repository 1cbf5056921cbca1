"""Association of nights of detections with objects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from association_fields import EPOCH, Frame, add_references, frame, ids_of, night, offset, partition_of, seen, sky
from hypothesis import given, settings
from hypothesis import strategies as st

from photdb.jobs.crossmatch import match_stored
from photdb.sky import healpix, separation_arcsec
from photdb.store.database import Database


@pytest.fixture
def db() -> Iterator[Database]:
    with Database.open(":memory:", read_only=False, create=True) as db:
        yield db


def at(east: list[float], north: list[float] | None = None, ra: float = 50.0, dec: float = 5.0) -> np.ndarray:
    return offset(ra, dec, np.array(east), np.array(north or [0.0] * len(east)))


@pytest.mark.parametrize(("ra", "dec"), [(41.6, -30.3), (0.0, 0.0), (359.9999, 60.0), (123.0, 89.9995), (10.0, -90.0)])
def test_stars_seen_in_many_frames_are_one_object_each_anywhere_on_the_sky(db, tmp_path, ra, dec):
    rng = np.random.default_rng(3)
    east, north = rng.uniform(-300, 300, (2, 200))
    stars = offset(ra, dec, east, north)
    flux = 10 ** rng.uniform(1, 4, 200)
    frames = []
    for k in range(12):
        moved = offset(ra, dec, east + rng.normal(0, 0.2, 200), north + rng.normal(0, 0.2, 200))
        frames.append(frame(moved, flux, year=EPOCH + k / 1000, radius=2.0))
    for k in range(0, 12, 4):
        night(db, tmp_path, frames[k : k + 4])
    close = separation_arcsec(stars[:, None, 0], stars[:, None, 1], stars[None, :, 0], stars[None, :, 1])
    np.fill_diagonal(close, np.inf)
    apart = stars[close.min(axis=1) > 6.0]
    found = np.array(db.rows("SELECT ra, dec, n_detections FROM object").rows)
    is_near = separation_arcsec(apart[:, None, 0], apart[:, None, 1], found[:, 0], found[:, 1]) < 3.0
    assert (is_near.sum(axis=1) == 1).all()
    assert (is_near @ found[:, 2] == 12).all()
    assert db.rows("SELECT frame_id, object_id FROM detection GROUP BY ALL HAVING count(*) > 1").rows == []
    assert db.audit().keys() <= {"frame_without_file", "frame_without_run"}


def _matched(folder: Path, nights: list[list[Frame]], field) -> set[frozenset[tuple[float, float]]]:
    with Database.open(":memory:", read_only=False, create=True) as db:
        add_references(db, field)
        for k, frames in enumerate(nights):
            night(db, folder, frames, run_id=k + 1)
        assert db.audit().keys() <= {"frame_without_file", "frame_without_run"}
        found = partition_of(db)
        ids = {row[0] for row in db.rows("SELECT object_id FROM object").rows}
        with db.transaction():
            match_stored(db, ids, run_id=99)
        assert partition_of(db) == found
    return found


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 100_000), shuffled=st.permutations(range(10)), cut=st.integers(1, 9))
def test_objects_do_not_depend_on_the_order_of_frames_and_nights(tmp_path_factory, seed, shuffled, cut):
    rng = np.random.default_rng(seed)
    field = sky(rng)
    frames = [seen(rng, field, year) for year in np.sort(rng.uniform(2010, 2030, 10))]
    together = _matched(tmp_path_factory.mktemp("night"), [frames], field)
    mixed = [frames[i] for i in shuffled]
    apart = _matched(tmp_path_factory.mktemp("night"), [mixed[:cut], mixed[cut:]], field)
    one_by_one = _matched(tmp_path_factory.mktemp("night"), [[f] for f in mixed[:5]] + [mixed[5:]], field)
    assert together == apart == one_by_one


def test_every_detection_near_a_lone_star_belongs_to_it_and_no_other_does(db, tmp_path):
    rng = np.random.default_rng(5)
    grid = np.array([(x, y) for x in range(-300, 300, 30) for y in range(-300, 300, 30)], dtype=float)
    stars = offset(200.0, 70.0, *(grid + rng.uniform(-8, 8, grid.shape)).T)
    night(db, tmp_path, [frame(stars, radius=2.0)])
    ids = np.array([r[0] for r in db.rows("SELECT object_id FROM detection ORDER BY ra, dec").rows])
    stars = np.array(db.rows("SELECT ra, dec FROM detection ORDER BY ra, dec").rows)
    places = offset(200.0, 70.0, *rng.uniform(-320, 320, (3000, 2)).T)
    distance = separation_arcsec(stars[None, :, 0], stars[None, :, 1], places[:, None, 0], places[:, None, 1])
    first = np.unique(distance.argmin(axis=1), return_index=True)[1]
    far = distance.min(axis=1) > 9.0
    later = np.unique(np.concatenate([first[distance[first].min(axis=1) <= 1.9], np.flatnonzero(far)[:50]]))
    night(db, tmp_path, [frame(places[later], flux=77.0, radius=2.0, year=EPOCH + 1)])
    got = {(ra, dec): o for ra, dec, o in db.rows("SELECT ra, dec, object_id FROM detection WHERE flux = 77").rows}
    expected = {tuple(places[i]): ids[distance[i].argmin()] if not far[i] else None for i in later}
    assert sum(not far[i] for i in later) >= 10
    for place, object_id in expected.items():
        assert got[place] == object_id if object_id is not None else got[place] not in set(ids)


def test_one_detection_of_a_frame_per_object_and_the_other_becomes_an_object(db, tmp_path):
    pair = at([0.0, 0.9])
    night(db, tmp_path, [frame(pair[:1])])
    night(db, tmp_path, [frame(pair, year=EPOCH + 1)])
    assert [r[0] for r in db.rows("SELECT n_detections FROM object ORDER BY 1 DESC").rows] == [2, 1]


def test_proper_motion_is_applied_before_matching(db, tmp_path):
    """A star of 1 arcsec a year stays one object over ten years, and its mean position is at its mean epoch."""
    ra, dec = 80.0, 60.0
    db.execute(
        "INSERT INTO refstar VALUES ('gaiaxp', 7, $hpx, $ra, $dec, 2016.0, 800.0, -600.0, true, NULL)",
        hpx=int(healpix(ra, dec)), ra=ra, dec=dec,
    )  # fmt: skip
    for epoch in (2020.0, 2023.0, 2026.0):
        years = epoch - 2016.0
        place = offset(ra, dec, np.array([0.8 * years]), np.array([-0.6 * years]))
        night(db, tmp_path, [frame(place, year=epoch)])
    (row,) = db.rows("SELECT n_detections, epoch, ref_source_id, pm_ra, ra, dec FROM object").dicts()
    assert row["n_detections"] == 3
    assert row["epoch"] == pytest.approx(2023.0)
    assert (row["ref_source_id"], row["pm_ra"]) == (7, 800.0)
    expected = offset(ra, dec, np.array([0.8 * 7]), np.array([-0.6 * 7]))[0]
    assert separation_arcsec(row["ra"], row["dec"], *expected) < 0.01


def test_each_frame_of_a_night_has_its_own_date_for_proper_motion(db, tmp_path):
    """Frames of eight years handed over together, as a folder without dates of nights is."""
    db.execute(
        "INSERT INTO refstar VALUES ('gaiaxp', 7, $hpx, 80.0, 60.0, 2016.0, 800.0, -600.0, true, NULL)",
        hpx=int(healpix(80.0, 60.0)),
    )
    frames = [
        frame(offset(80.0, 60.0, np.array([0.8 * y]), np.array([-0.6 * y])), year=2016.0 + y) for y in (0.0, 3.0, 8.0)
    ]
    night(db, tmp_path, frames)
    assert db.rows("SELECT n_detections FROM object").rows == [(3,)]


def test_an_object_is_born_in_the_cell_of_its_reference_star_or_the_next_free_one(db, tmp_path):
    place = at([0.3], ra=10.0, dec=20.0)
    cell = int(healpix(10.0, 20.0))
    db.execute("INSERT INTO refstar VALUES ('tycho2', 1, $hpx, 10.0, 20.0, 2025.5, NULL, NULL, true, NULL)", hpx=cell)
    db.execute(
        "INSERT INTO object BY NAME SELECT $hpx AS object_id, 'taken' AS name, $hpx AS hpx, 200 AS ra, 0 AS dec, "
        "-1 AS ux, 0 AS uy, 0 AS uz, 2025.5 AS epoch, 0 AS n_detections, 1 AS run_id",
        hpx=cell,
    )
    night(db, tmp_path, [frame(place)])
    assert db.rows("SELECT object_id FROM object WHERE name <> 'taken'").rows == [(cell + 1,)]


def test_a_negative_flux_is_kept_and_makes_no_object_by_itself(db, tmp_path):
    counts = night(db, tmp_path, [frame(at([0.0]), -3.0)])
    assert db.rows(
        "SELECT flux, object_id, skey = $cell FROM detection", {"cell": int(healpix(*at([0.0])[0]))}
    ).rows == [(-3.0, None, True)]
    assert (counts.n_detections, counts.n_matched, counts.n_without) == (1, 0, 1)


def test_a_negative_flux_joins_the_star_that_is_there(db, tmp_path):
    night(db, tmp_path, [frame(at([0.0]))])
    night(db, tmp_path, [frame(at([0.2]), -3.0, year=EPOCH + 1)])
    assert db.rows("SELECT n_detections FROM object").rows == [(2,)]


@pytest.mark.parametrize("weak_first", [True, False])
def test_a_weak_detection_joins_a_star_whichever_was_first(db, tmp_path, weak_first):
    weak, bright = frame(at([0.3]), 3.0), frame(at([0.0]), 50.0, year=EPOCH + 1)
    for one in (weak, bright) if weak_first else (bright, weak):
        night(db, tmp_path, [one])
    assert db.rows("SELECT n_detections FROM object").rows == [(2,)]
    assert db.audit().keys() <= {"frame_without_file", "frame_without_run"}


def test_weak_detections_in_many_frames_become_an_object_when_they_add_up(db, tmp_path):
    for k in range(3):
        assert db.one("SELECT count(*) FROM object") == 0
        night(db, tmp_path, [frame(at([0.1 * k]), 4.7, year=EPOCH + k / 100)])
    assert db.rows("SELECT n_detections, grade FROM object").rows == [(3, 2)]


def test_noise_here_and_there_makes_no_object(db, tmp_path):
    for k in range(4):
        night(db, tmp_path, [frame(at([20.0 * k]), 4.0, year=EPOCH + k / 100)])
    assert db.one("SELECT count(*) FROM object") == 0


def test_a_detection_cut_by_the_edge_joins_its_star_and_makes_no_object_beside_it(db, tmp_path):
    """In the fullest frame one star is cut, its centre 1.2" off: within reach of some of the others, not of all."""
    east = np.arange(8) * 60.0
    cut = Frame(np.column_stack([at(list(east - np.array([1.2] + [0] * 7))), np.full(8, 50.0), [8] + [0] * 7]), 60000.0)
    night(db, tmp_path, [cut, *[frame(at(list(east[:7] + s)), year=EPOCH) for s in (-0.6, 0.6, -0.3, 0.3)]])
    assert db.one("SELECT count(*) FROM object") == 8


def test_a_star_that_is_only_ever_cut_by_the_edge_is_an_object_all_the_same(db, tmp_path):
    night(db, tmp_path, [frame(at([0.0]), flags=8, year=EPOCH + k / 1000) for k in range(3)])
    assert db.rows("SELECT n_detections, grade FROM object").rows == [(3, 1)]


def test_a_position_is_the_mean_of_whole_detections_where_there_are_any(db, tmp_path):
    night(db, tmp_path, [frame(at([0.0])), frame(at([0.1])), frame(at([1.2]), flags=8), frame(at([-1.0]), 3.0)])
    (ra, dec, n, n_position) = db.rows("SELECT ra, dec, n_detections, n_position FROM object").rows[0]
    assert (n, n_position) == (4, 2)
    assert separation_arcsec(ra, dec, *at([0.05])[0]) < 0.001


def test_what_is_told_apart_later_is_two_objects_from_the_beginning(db, tmp_path):
    """A blend of one night joins the star it is nearest to, once a sharper night shows that there are two."""
    night(db, tmp_path, [frame(at([0.4 + 0.05 * k]), 90.0, radius=1.5, year=EPOCH + k / 1000) for k in range(3)])
    old = set(ids_of(db).values())
    assert len(old) == 1
    night(db, tmp_path, [frame(at([0.0, 1.6]), 60.0, radius=1.0, year=EPOCH + 1 + k / 1000) for k in range(3)])
    assert db.rows("SELECT n_detections FROM object ORDER BY 1").rows == [(3,), (6,)]
    assert old < set(ids_of(db).values())


def test_two_objects_become_one_when_that_is_what_all_frames_say_and_the_old_id_leads_there(db, tmp_path):
    """Two detections a reach and a half apart are two stars, until a frame sees the one that links them."""
    night(db, tmp_path, [frame(at([0.0]), radius=1.0)])
    night(db, tmp_path, [frame(at([1.5]), radius=1.0, year=EPOCH + 1)])
    one, other = (ids_of(db)[tuple(np.round(p, 7))] for p in at([0.0, 1.5]))
    assert one != other
    night(db, tmp_path, [frame(at([0.75]), radius=1.0, year=EPOCH + 2)])
    assert db.rows("SELECT object_id, n_detections FROM object").rows == [(min(one, other), 3)]
    assert db.rows("SELECT old_id, object_id FROM object_alias").rows == [(max(one, other), min(one, other))]
    events = db.rows("SELECT event, object_id, other_id, n_detections FROM object_event").rows
    assert events == [("merge", min(one, other), max(one, other), 1)]


def test_an_id_that_was_given_up_is_never_given_again(db, tmp_path):
    test_two_objects_become_one_when_that_is_what_all_frames_say_and_the_old_id_leads_there(db, tmp_path)
    (gone,) = db.rows("SELECT old_id FROM object_alias").rows[0]
    before = set(ids_of(db).values())
    ra, dec = db.rows("SELECT ra, dec FROM detection WHERE frame_id = 1 OR frame_id = 2 ORDER BY skey").rows[-1]
    db.execute("INSERT INTO refstar VALUES ('tycho2', 1, $hpx, $ra, $dec, 2025.5, 0, 0, true, NULL)",
               hpx=gone, ra=ra + 0.01, dec=dec)  # fmt: skip
    night(db, tmp_path, [frame(np.array([[ra + 0.01, dec]]))])
    (new,) = set(ids_of(db).values()) - before
    assert new == gone + 1


def test_a_detection_of_no_object_may_have_the_key_of_one_in_the_same_frame(db, tmp_path):
    """An object is named after the cell of a detection that it may lose; the two are never taken for each other."""
    night(db, tmp_path, [frame(at([0.0, 30.0]), np.array([50.0, 3.0]))])
    (star,) = set(ids_of(db).values())
    db.execute("UPDATE detection_hot SET skey = $star WHERE object_id IS NULL", star=star)
    night(db, tmp_path, [frame(at([30.1]), 60.0, year=EPOCH + 1)])
    assert db.rows("SELECT n_detections FROM object ORDER BY object_id = $star", {"star": star}).rows == [(2,), (1,)]
    assert db.audit().keys() <= {"frame_without_file", "frame_without_run"}
