"""Where targets are in frames: proper motion, offsets, positions of single frames, paths of sites."""

from __future__ import annotations

import numpy as np
import pytest

from photdb import sky
from photdb.jobs.moving import places_in_frames
from photdb.jobs.places import fixed_places
from photdb.sky import separation_arcsec
from photdb.store.database import Database

MJD = 58568.0
J2000 = 51544.5


@pytest.fixture
def db():
    with Database.open(":memory:", read_only=False, create=True) as store:
        yield store


def a_target(db: Database, target_id: int, **columns) -> None:
    """Insert a target."""
    said = {"ra": 150.0, "dec": 10.0, "epoch": 2000.0, "pm_ra": None, "pm_dec": None, "offset_ra": None}
    said |= {"offset_dec": None} | columns
    db.execute(
        "INSERT INTO target BY NAME SELECT $id AS target_id, 't' || $id::INTEGER AS name, $ra AS ra, $dec AS dec, "
        "$epoch AS epoch, $pm_ra AS pm_ra, $pm_dec AS pm_dec, $offset_ra AS offset_ra, $offset_dec AS offset_dec, "
        "now()::TIMESTAMP AS added",
        id=target_id, **said,
    )  # fmt: skip


def frames(db: Database, *rows: tuple[str, float, str | None]) -> None:
    """Insert frames: path, mid-exposure, site."""
    for number, (path, mjd, site) in enumerate(rows, 1):
        db.execute(
            "INSERT INTO frame BY NAME SELECT $n AS frame_id, $n AS file_id, 0 AS hdu, $path AS path, $mjd AS mjd_mid, "
            "$site AS site, 1 AS run_id, 'ok' AS state",
            n=number, path=path, mjd=mjd, site=site,
        )  # fmt: skip


def path(db: Database, target_id: int, ra: float, *, site: str | None = None, r_au: float | None = None) -> None:
    """Insert a path that goes north by 0.01 deg an hour from a right ascension, for a day."""
    for hour in range(25):
        db.execute(
            "INSERT INTO ephemeris BY NAME SELECT $t AS target_id, $mjd AS mjd, $ra AS ra, $dec AS dec, "
            "'test' AS source, $site AS site, $r AS r_au",
            t=target_id, mjd=MJD + hour / 24, ra=ra, dec=0.01 * hour, site=site,
            r=None if r_au is None else r_au + hour,
        )  # fmt: skip


def position(db: Database, target_id: int, name: str, ra: float, dec: float, mjd: float | None = None) -> None:
    """Insert a position in one frame."""
    db.execute("INSERT INTO target_position VALUES ($t, $n, $m, $r, $d)", t=target_id, n=name, m=mjd, r=ra, d=dec)


def test_proper_motion_carries_targets_to_the_date_as_astropy_has_it(db):
    from astropy import units as u
    from astropy.coordinates import SkyCoord
    from astropy.time import Time

    dec, mjd = np.array([-89.9, -30.0, 0.0, 60.0, 89.9]), 61000.25
    for number, d in enumerate(dec, 1):
        a_target(db, number, ra=359.999, dec=d, epoch=2016.0, pm_ra=-798.58, pm_dec=10328.12)
    found = fixed_places(db, np.arange(1, 6), np.arange(11, 16), [mjd] * 5)
    star = SkyCoord(
        np.full(5, 359.999) * u.deg, dec * u.deg, pm_ra_cosdec=np.full(5, -798.58) * u.mas / u.yr,
        pm_dec=np.full(5, 10328.12) * u.mas / u.yr, distance=np.full(5, 10.0) * u.pc,
        radial_velocity=np.zeros(5) * u.km / u.s, obstime=Time(2016.0, format="jyear", scale="tdb"),
    )  # fmt: skip
    then = star.apply_space_motion(Time(mjd, format="mjd", scale="tdb"))
    assert found["frame_id"].to_pylist() == [11, 12, 13, 14, 15]
    assert separation_arcsec(found["ra"].to_numpy(), found["dec"].to_numpy(), then.ra.deg, then.dec.deg).max() < 1e-3


def test_an_offset_is_as_far_and_in_the_direction_that_was_asked_for(db):
    from astropy import units as u
    from astropy.coordinates import SkyCoord

    rng = np.random.default_rng(4)
    ra, dec, east, north = rng.uniform([0, -89.99, -4000, -4000], [360, 89.99, 4000, 4000], (60, 4)).T
    for i in range(60):
        a_target(db, i, ra=ra[i], dec=dec[i], offset_ra=east[i], offset_dec=north[i])
    found = fixed_places(db, np.arange(60), [1] * 60, [J2000] * 60)
    start = SkyCoord(ra * u.deg, dec * u.deg)
    there = start.directional_offset_by(np.arctan2(east, north) * u.rad, np.hypot(east, north) * u.arcsec)
    ra_there, dec_there = found["ra"].to_numpy(), found["dec"].to_numpy()
    assert separation_arcsec(ra_there, dec_there, there.ra.deg, there.dec.deg).max() < 1e-6
    assert separation_arcsec(*sky.moved(ra, dec, east, north), ra_there, dec_there).max() < 1e-6


def test_a_target_without_motion_and_offset_stays_where_it_was_put_to_the_last_digit(db):
    a_target(db, 1, ra=12.345678901234567, dec=-0.1)
    (row,) = fixed_places(db, [1], [1], [61000.0]).to_pylist()
    assert (row["ra"], row["dec"]) == (12.345678901234567, -0.1)


def test_targets_that_move_have_no_fixed_place(db):
    for number in (1, 2, 3, 4):
        a_target(db, number)
    path(db, 2, 10.0)
    position(db, 3, "a.fits", 1.0, 2.0)
    db.execute("UPDATE target SET designation = '5945' WHERE target_id = 4")
    found = fixed_places(db, [1, 2, 3, 4, 1], [5, 5, 5, 5, 6], [MJD] * 5).to_pylist()
    assert [(r["target_id"], r["frame_id"]) for r in found] == [(1, 5), (1, 6)]
    assert dict(db.rows("FROM target_kind ORDER BY ALL").rows) == {1: "fixed", 2: "moving", 3: "moving", 4: "moving"}


def test_the_position_of_a_frame_goes_before_the_path_and_the_sites_path_before_any(db):
    a_target(db, 1)
    path(db, 1, 10.0, r_au=2.0)
    path(db, 1, 10.1, site="Here", r_au=3.0)
    frames(
        db, ("/n/a.0001.fits.fz", MJD + 0.5, "Here"), ("/n/b.FITS", MJD + 0.5, "Here"),
        ("/n/c.fits", MJD + 0.5, "There"), ("/n/d.fits", MJD + 0.5, None), ("/n/e.fits", MJD + 3, "Here"),
    )  # fmt: skip
    position(db, 1, "a.0001.fits", 10.5, 0.3)
    mjd = [MJD + 0.5] * 4 + [MJD + 3]
    found = {r["frame_id"]: r for r in places_in_frames(db, [1, 2, 3, 4, 5], mjd).to_pylist()}
    assert {f: pytest.approx(r["ra"]) for f, r in found.items()} == {1: 10.5, 2: 10.1, 3: 10.0, 4: 10.0}
    assert [found[f]["is_measured"] for f in (1, 2, 3, 4)] == [True, False, False, False]
    # What only a path tells comes from the path, also where the place was measured.
    assert [found[f]["r_au"] for f in (1, 2, 3, 4)] == pytest.approx([15.0, 15.0, 14.0, 14.0])
    assert [found[f]["dec_rate"] for f in (1, 2)] == pytest.approx([36.0, 36.0])
    assert np.isnan(found[1]["phase_deg"])


def test_a_path_for_one_site_serves_no_other(db):
    a_target(db, 1)
    path(db, 1, 10.1, site="Here")
    frames(db, ("/n/a.fits", MJD + 0.5, "Here"), ("/n/b.fits", MJD + 0.5, "There"), ("/n/c.fits", MJD + 0.5, None))
    assert places_in_frames(db, [1, 2, 3], [MJD + 0.5] * 3)["frame_id"].to_pylist() == [1]


def test_offsets_move_positions_and_paths_alike(db):
    a_target(db, 1, offset_ra=30.0, offset_dec=-20.0)
    path(db, 1, 10.0)
    frames(db, ("/n/a.fits", MJD + 0.5, None), ("/n/b.fits", MJD + 0.5, None))
    position(db, 1, "a", 10.0, 0.12)
    for row in places_in_frames(db, [1, 2], [MJD + 0.5] * 2).to_pylist():
        assert (row["ra"] - 10.0) * 3600 == pytest.approx(30.0, abs=1e-3)
        assert (row["dec"] - 0.12) * 3600 == pytest.approx(-20.0, abs=1e-3)


def test_of_frames_with_one_name_the_position_is_for_the_one_of_its_time(db):
    a_target(db, 1)
    frames(db, ("/a/x1.fits", MJD + 0.1, None), ("/b/x1.fits", MJD + 0.4, None), ("/c/x1.fits", MJD + 9, None))
    position(db, 1, "x1.fits", 10.0, 1.0, MJD + 0.101)
    position(db, 1, "X1.fits", 11.0, 1.0, MJD + 0.101)  # names of files are told apart by case
    found = places_in_frames(db, [1, 2, 3], [MJD + 0.1, MJD + 0.4, MJD + 9]).to_pylist()
    assert [(r["frame_id"], r["ra"]) for r in found] == [(1, 10.0)]
    db.execute("UPDATE target_position SET mjd = NULL")
    assert places_in_frames(db, [1, 2, 3], [MJD, MJD, MJD])["frame_id"].to_pylist() == [1, 2, 3]


def test_measured_positions_say_how_fast_the_target_goes(db):
    a_target(db, 1)
    rng = np.random.default_rng(3)
    hours = np.arange(8) * 0.5
    frames(db, *[(f"/n/f{i}.fits", MJD + h / 24, None) for i, h in enumerate(hours)])
    ra, dec = sky.moved(359.9999, 60.0, 14.6 * hours + rng.normal(0, 0.1, 8), -3.9 * hours + rng.normal(0, 0.1, 8))
    for i in range(8):
        position(db, 1, f"f{i}.fits", float(ra[i]), float(dec[i]), MJD + hours[i] / 24)
    found = places_in_frames(db, np.arange(1, 9), MJD + hours / 24)
    assert found["ra_rate"].to_numpy() == pytest.approx(14.6, abs=0.3)
    assert found["dec_rate"].to_numpy() == pytest.approx(-3.9, abs=0.3)


def test_nothing_is_said_of_the_days_between_two_nights_of_a_path(db):
    a_target(db, 1)
    for night in (0, 1):
        for step in range(10):
            mjd = MJD + night + step / 48
            db.execute(
                "INSERT INTO ephemeris BY NAME SELECT 1 AS target_id, $m AS mjd, $r AS ra, 0.0 AS dec, 's' AS source",
                m=mjd, r=10 + 0.3 * np.sin((mjd - MJD) / 3),
            )  # fmt: skip
    asked = MJD + np.array([0.001, 0.18, 0.5, 1.001, 1.18])
    found = places_in_frames(db, np.arange(5), asked)
    assert found["frame_id"].to_pylist() == [0, 1, 3, 4]
    truth = 10 + 0.3 * np.sin((asked[[0, 1, 3, 4]] - MJD) / 3)
    assert np.abs(found["ra"].to_numpy() - truth).max() * 3600 < 1e-4


def test_a_place_does_not_depend_on_which_other_frames_are_asked_for(db):
    a_target(db, 1)
    for k in range(40):
        mjd = MJD + k / 12
        db.execute(
            "INSERT INTO ephemeris BY NAME SELECT 1 AS target_id, $m AS mjd, $r AS ra, 0.0 AS dec, 's' AS source",
            m=mjd, r=10 + 0.01 * np.sin(2 * np.pi * mjd),
        )  # fmt: skip
    asked = MJD + np.linspace(0.5, 2.9, 30)
    together = places_in_frames(db, np.arange(30), asked)["ra"].to_numpy()
    alone = [places_in_frames(db, [0], [m])["ra"].to_numpy()[0] for m in asked]
    assert np.abs(together - alone).max() * 3600 < 1e-7
