"""Detections of moving targets are theirs, not stars."""

from __future__ import annotations

import numpy as np
import pytest
from association_fields import Frame, frame, mjd_of_year, night, offset

from photdb.jobs.commit_night import withdraw
from photdb.jobs.crossmatch_rebuild import crossmatch
from photdb.jobs.target import remove
from photdb.store.database import Database

YEAR = 2025.5
NIGHT = mjd_of_year(YEAR)


def _path(db: Database, *, rate: float = 60.0, sigma: float = 0.3) -> None:
    """An asteroid that goes east by so many arcsec an hour, past a star 20 arcsec away."""
    db.execute(
        "INSERT INTO target BY NAME SELECT 1 AS target_id, 'Lowell' AS name, 30.0 AS ra, 10.0 AS dec, $y AS epoch, "
        "now()::TIMESTAMP AS added",
        y=YEAR,
    )
    for k in range(-2, 5):
        ra, dec = offset(30.0, 10.0, np.array([rate * k]), np.zeros(1))[0]
        db.execute(
            "INSERT INTO ephemeris BY NAME SELECT 1 AS target_id, $mjd AS mjd, $ra AS ra, $dec AS dec, "
            "$rate AS ra_rate, 0.0 AS dec_rate, $sigma AS sigma_arcsec, 'test' AS source",
            mjd=NIGHT + k / 24, ra=float(ra), dec=float(dec), rate=rate, sigma=sigma,
        )  # fmt: skip


def _frames(hours: list[float], *, rate: float = 60.0) -> list[Frame]:
    """Frames with a star 30 arcsec on the way, one far off, and the asteroid half an arcsecond from its path."""
    made = []
    for h in hours:
        east = np.array([30.0, -200.0, rate * h + 0.5])
        one = frame(offset(30.0, 10.0, east, np.zeros(3)), np.array([50.0, 60.0, 20.0]))
        made.append(Frame(one.rows, NIGHT + h / 24, one.radius))
    return made


def test_an_asteroid_is_one_object_and_takes_nothing_from_the_stars(tmp_path):
    with Database.open(":memory:", read_only=False, create=True) as db:
        _path(db)
        night(db, tmp_path, _frames([0.0, 0.1]))
        night(db, tmp_path, _frames([0.2, 0.8, 1.0]))
        rows = db.rows("SELECT kind, target_id, n_detections FROM object ORDER BY kind, 1").rows
        assert rows == [("moving", 1, 5), ("star", None, 5), ("star", None, 5)]
        asked = "SELECT DISTINCT flux FROM detection JOIN object USING (object_id) WHERE kind = 'moving'"
        assert db.rows(asked).rows == [(20.0,)]
        assert db.audit().keys() <= {"frame_without_file", "frame_without_run"}


def test_an_asteroid_stays_one_object_when_one_of_its_frames_is_measured_again(tmp_path):
    with Database.open(":memory:", read_only=False, create=True) as db:
        _path(db)
        night(db, tmp_path, _frames([0.0, 0.1, 0.8]))
        before = db.rows("SELECT object_id, ra, dec, spread_arcsec FROM object WHERE kind = 'moving'").rows
        with db.transaction():
            assert withdraw(db, [2]) == set()
        asked = "SELECT kind, n_detections FROM object ORDER BY kind, 1"
        assert db.rows(asked).rows == [("moving", 2), ("star", 2), ("star", 2)]
        night(db, tmp_path, _frames([0.1]))
        assert db.rows(asked).rows == [("moving", 3), ("star", 3), ("star", 3)]
        assert db.rows("SELECT object_id, ra, dec, spread_arcsec FROM object WHERE kind = 'moving'").rows == before
        found = db.rows("SELECT frame_id FROM detection JOIN object USING (object_id) WHERE kind = 'moving' ORDER BY 1")
        assert found.rows == [(1,), (3,), (4,)]
        assert db.audit().keys() <= {"frame_without_file", "frame_without_run"}


def test_a_path_that_comes_later_takes_its_detections_from_what_were_stars(tmp_path):
    store = tmp_path / "s.duckdb"
    with Database.open(store, read_only=False, create=True) as db:
        night(db, tmp_path, _frames([0.0, 0.1, 0.8]))
        assert db.one("SELECT count(*) FROM object") == 5
        gone = {r[0] for r in db.rows("SELECT object_id FROM detection WHERE flux = 20").rows}
        _path(db)
    crossmatch(store)
    with Database.open(store) as db:
        rows = db.rows("SELECT kind, n_detections FROM object ORDER BY kind, 2").rows
        assert rows == [("moving", 3), ("star", 3), ("star", 3)]
        (moving,) = db.rows("SELECT object_id FROM object WHERE kind = 'moving'").rows[0]
        leads = dict(db.rows("SELECT old_id, object_id FROM object_alias").rows)
        assert set(leads) == gone
        assert set(leads.values()) == {moving}
        assert db.audit().keys() <= {"frame_without_file", "frame_without_run"}
    assert crossmatch(store, rebuild=True).n_moved == 0


@pytest.mark.parametrize("is_known", [True, False])
def test_a_star_of_the_catalogue_beside_the_path_stays_a_star(tmp_path, is_known):
    """The asteroid is too faint to be seen where it passes a star by one arcsecond."""
    with Database.open(":memory:", read_only=False, create=True) as db:
        _path(db)
        star = offset(30.0, 10.0, np.array([31.0]), np.zeros(1))
        if is_known:
            db.execute(
                "INSERT INTO refstar BY NAME SELECT 'gaia_dr3' AS catalog, 1 AS source_id, 5 AS hpx, $ra AS ra, "
                "$dec AS dec, 2016.0 AS epoch, true AS is_good",
                ra=float(star[0, 0]), dec=float(star[0, 1]),
            )  # fmt: skip
        night(db, tmp_path, [Frame(frame(star).rows, NIGHT + 0.5 / 24, 1.5)])
        assert db.rows("SELECT kind FROM object").rows == [("star" if is_known else "moving",)]


def test_a_target_beside_the_path_takes_no_detection_and_one_of_positions_takes_its_own(tmp_path):
    with Database.open(":memory:", read_only=False, create=True) as db:
        _path(db)
        db.execute("UPDATE target SET offset_ra = 0.5, offset_dec = 0.0")  # where the body is, as it happens
        night(db, tmp_path, _frames([0.0]))
        assert db.rows("SELECT DISTINCT kind FROM object").rows == [("star",)]
        db.execute(
            "INSERT INTO target BY NAME SELECT 2 AS target_id, 'measured' AS name, 30.0 AS ra, 10.0 AS dec, "
            "2025.5 AS epoch, now()::TIMESTAMP AS added"
        )
        for number, hour in ((2, 0.1), (3, 0.2)):
            ra, dec = offset(30.0, 10.0, np.array([60.0 * hour + 0.5]), np.zeros(1))[0]
            db.execute(
                "INSERT INTO target_position VALUES (2, $name, NULL, $ra, $dec)",
                name=f"k{number}.fits", ra=float(ra), dec=float(dec),
            )  # fmt: skip
        night(db, tmp_path, _frames([0.1, 0.2, 0.3]))
        moving = db.rows("SELECT target_id, n_detections FROM object WHERE kind = 'moving'").rows
        assert moving == [(2, 2)]
        asked = "SELECT DISTINCT flux FROM detection JOIN object USING (object_id) WHERE kind = 'moving'"
        assert db.rows(asked).rows == [(20.0,)]


def test_a_body_that_is_taken_away_and_added_again_has_its_detections_again(tmp_path):
    store = tmp_path / "s.duckdb"
    with Database.open(store, read_only=False, create=True) as db:
        _path(db)
        night(db, tmp_path, _frames([0.0, 0.1, 0.8]))
        remove(db, "lowell")
        _path(db)
        db.execute("UPDATE target SET target_id = 7")
        db.execute("UPDATE ephemeris SET target_id = 7")
    crossmatch(store)
    with Database.open(store) as db:
        assert db.rows("SELECT target_id, n_detections FROM object WHERE kind = 'moving'").rows == [(7, 3)]
        reasons = db.rows("SELECT DISTINCT event, reason FROM object_event").rows
        assert reasons == [("merge", "it is where a moving target was")]
