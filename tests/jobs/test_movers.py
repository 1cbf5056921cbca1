"""The search for moving bodies in a store: what is found, what is not, and what becomes of it."""

import csv

import numpy as np
import pytest
from mover_store import MJD_0, N_FRAMES, NIGHT, Body, hours, mjd, mover_store
from nights import make, with_catalogue

from photdb.errors import NotFoundError, UsageError
from photdb.jobs.crossmatch_rebuild import crossmatch
from photdb.jobs.ingest import ingest
from photdb.jobs.movers import Settings, search
from photdb.jobs.movers_keep import keep
from photdb.jobs.movers_rows import points, tracklets
from photdb.jobs.moving import places_in_frames
from photdb.photometry.tracklet_fit import Limits
from photdb.photometry.tracklet_plane import Plane
from photdb.sky import separation_arcsec
from photdb.store.database import Database

pytestmark = pytest.mark.usefixtures("in_this_process")


@pytest.fixture(scope="module")
def one_body(tmp_path_factory):
    """A store with a body; never write to it."""
    return mover_store(tmp_path_factory.mktemp("movers") / "one.duckdb", Body())


@pytest.mark.parametrize(("ra", "dec"), [(0.001, 12.0), (120.0, 89.98), (3.0, -89.999)])
def test_a_body_is_found_from_nothing_at_ra_0_and_at_the_poles(tmp_path, ra, dec):
    store = mover_store(tmp_path / "s.duckdb", Body(), ra=ra, dec=dec)
    with Database.open(store) as db:
        found = search(db, Settings())
    (row,) = tracklets(found, {}).to_pylist()
    assert (row["n_frames"], row["n_covered"], row["night"], row["band"]) == (N_FRAMES, N_FRAMES, NIGHT, "r")
    plane = Plane.around(ra, dec)
    assert separation_arcsec(row["ra"], row["dec"], *plane.sky(-40.0, 60.0)) < 0.3
    rates = plane.rates(-40.0, 60.0, 22.0, -9.0)
    np.testing.assert_allclose((row["ra_rate"], row["dec_rate"]), rates, atol=0.2)
    assert row["rms_arcsec"] < 0.1
    assert row["mag"] == pytest.approx(22.0 - 2.5 * np.log10(400.0), abs=0.05)
    assert row["mag_system"] == "AB"
    assert row["chance"] < 1e-10
    assert row["mjd_mid"] == pytest.approx(MJD_0 + 1.75 / 24, abs=1e-6)


def test_a_night_without_a_body_has_no_tracklet(tmp_path):
    for seed in range(3):
        with Database.open(mover_store(tmp_path / f"{seed}.duckdb", seed=seed)) as db:
            assert search(db, Settings()).found == []


def test_a_hot_pixel_in_drifting_frames_is_left_out_and_counted(one_body):
    with Database.open(one_body) as db:
        usual, everything = search(db, Settings()), search(db, Settings(fixed=True))
    assert (len(usual.found), usual.fields[0].n_hot) == (1, N_FRAMES)
    assert (len(everything.found), everything.fields[0].n_hot) == (2, 0)


def test_each_detection_is_a_row_with_its_frame(one_body):
    with Database.open(one_body) as db:
        found = search(db, Settings())
        rows = points(found).to_pylist()
        assert [r["frame_id"] for r in rows] == list(range(1, N_FRAMES + 1))
        for row in rows:
            assert row["mjd_mid"] == pytest.approx(mjd(row["frame_id"]))
            there = db.one(
                "SELECT count(*) FROM detection WHERE frame_id = $f AND ra = $ra AND dec = $dec AND object_id IS NULL",
                f=row["frame_id"], ra=row["ra"], dec=row["dec"],
            )  # fmt: skip
            assert there == 1
    assert all(np.hypot(r["off_ra"], r["off_dec"]) < 0.3 for r in rows)


def test_two_bodies_of_a_night_are_numbered(tmp_path):
    with Database.open(mover_store(tmp_path / "s.duckdb", Body(), Body(120.0, -90.0, -30.0, 4.0))) as db:
        found = search(db, Settings())
    assert [f.name for f in found.found] == [f"{NIGHT}.1", f"{NIGHT}.2"]


def test_without_zero_points_a_body_is_found_all_the_same(tmp_path):
    with Database.open(mover_store(tmp_path / "s.duckdb", Body(), calibrated=False)) as db:
        (row,) = tracklets(search(db, Settings()), {}).to_pylist()
    assert row["mag_system"] == "instrumental"
    assert row["mag"] == pytest.approx(-2.5 * np.log10(400.0), abs=0.05)


def test_too_few_frames_are_not_searched_and_counted(one_body):
    with Database.open(one_body) as db:
        found = search(db, Settings(Limits(min_frames=9)))
    assert (found.found, found.n_short) == ([], 1)


def test_motions_too_slow_for_so_short_a_time_are_not_searched(one_body):
    with Database.open(one_body) as db:
        found = search(db, Settings(Limits(max_rate=10.0)))
        assert found.found == []
        assert found.fields[0].min_rate < 10.0
        brief = search(db, Settings(Limits(min_rate=0.5, max_rate=1.0)))
    assert brief.found == []
    assert brief.fields[0].min_rate > 1.0


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (Limits(min_rate=0.0), "rates from 0"),
        (Limits(min_rate=50.0, max_rate=20.0), "rates from 50 to 20"),
        (Limits(min_frames=2), "any two detections"),
    ],
)
def test_limits_that_mean_nothing_are_refused(one_body, limits, says):
    with Database.open(one_body) as db, pytest.raises(UsageError, match=says):
        search(db, Settings(limits))


def test_a_night_that_is_not_there_says_which_are(one_body):
    with Database.open(one_body) as db:
        with pytest.raises(NotFoundError, match="2021-01-01") as error:
            search(db, Settings(), night="2021-01-01")
        assert str(NIGHT) in error.value.hint
        with pytest.raises(UsageError, match="not a night"):
            search(db, Settings(), night="yesterday")


def test_a_tracklet_that_is_kept_is_a_target_whose_path_goes_through_its_detections(tmp_path):
    store = mover_store(tmp_path / "s.duckdb", Body())
    with Database.open(store) as db:
        found = search(db, Settings())
    with Database.open(store, read_only=False) as db:
        assert keep(db, [("my asteroid", found.found[0])]) == ["my asteroid"]
        frames = list(range(1, N_FRAMES + 1))
        places = places_in_frames(db, frames, [mjd(f) for f in frames]).to_pylist()
        assert len(places) == N_FRAMES
        plane = Plane.around(0.001, 12.0)
        for place in places:
            t = hours(place["frame_id"])
            assert separation_arcsec(place["ra"], place["dec"], *plane.sky(-40 + 22 * t, 60 - 9 * t)) < 0.4
            assert 0.04 < place["sigma_arcsec"] < 0.3
        early = places_in_frames(db, [1], [mjd(1) - 0.9 / 24]).to_pylist()
        assert early[0]["sigma_arcsec"] > places[0]["sigma_arcsec"]


def test_the_detections_of_a_kept_tracklet_become_its_object_and_are_found_no_more(tmp_path):
    store = mover_store(tmp_path / "s.duckdb", Body())
    with Database.open(store) as db:
        found = search(db, Settings())
    with Database.open(store, read_only=False) as db:
        keep(db, [("my asteroid", found.found[0])])
    crossmatch(store)
    with Database.open(store) as db:
        assert db.one("SELECT n_detections FROM object WHERE kind = 'moving'") == N_FRAMES
        assert search(db, Settings()).found == []
        assert db.audit() == {}


@pytest.mark.slow
@pytest.mark.parametrize("n", [0, 2])
def test_simulated_nights_have_the_bodies_they_have_and_no_other(tmp_path, n):
    survey = make(tmp_path / "sim", asteroids=n, frames=8, seed=4, size=400, stars=150, hot_pixels=1e-4)
    store = with_catalogue(tmp_path / "s.duckdb", survey)
    ingest([survey], store=store, workers=1)
    with Database.open(store) as db:
        rows = tracklets(search(db, Settings()), {}).to_pylist()
    with (survey / "truth" / "stars.csv").open(encoding="utf-8") as file:
        bodies = [b for b in csv.DictReader(file) if b["kind"] == "asteroid"]
    assert len(rows) == len(bodies) == n
    for row in rows:
        assert np.hypot(row["ra_rate"], row["dec_rate"]) == pytest.approx(30.0, abs=0.3)
        assert min(_off(row, body) for body in bodies) < 0.5


def _off(row, body):
    """How far a tracklet is from where a simulated body is at its date, arcsec."""
    t, angle = 24 * (row["mjd_mid"] - float(body["t0"])), np.radians(float(body["angle"]))
    plane = Plane.around(float(body["ra"]), float(body["dec"]))
    rate = float(body["rate"])
    place = plane.sky(rate * t * np.sin(angle), rate * t * np.cos(angle))
    return float(separation_arcsec(row["ra"], row["dec"], *place))


@pytest.mark.slow
def test_lowell_5945_is_found_from_nothing_with_two_more_and_no_false_one(tmp_path, shared_data):
    store = tmp_path / "lowell.duckdb"
    ingest([shared_data / "lowell5945"], store=store, workers=1)
    with Database.open(store) as db:
        rows = tracklets(search(db, Settings()), {}).to_pylist()
    seen = [(r["n_frames"], round(r["ra_rate"], 1), round(r["dec_rate"], 1)) for r in rows]
    assert sorted(seen) == [(9, 11.7, -14.7), (12, 4.0, -8.4), (12, 14.6, -3.9)]
    assert all(r["chance"] < 1e-15 and r["rms_arcsec"] < 0.15 for r in rows)
