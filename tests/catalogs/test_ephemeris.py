"""Paths of moving targets: files of two kinds, and the place between two rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photdb.catalogs.ephemeris import GOOD_ARCSEC, Ephemeris
from photdb.catalogs.ephemeris_files import RawRows as Rows
from photdb.catalogs.ephemeris_files import checked, read
from photdb.errors import InputError
from photdb.jobs import target
from photdb.jobs.moving import places_in_frames
from photdb.sky import separation_arcsec, unit_vector
from photdb.store.database import Database

MJD = 58568.0


def seen(mjd: np.ndarray, pole: np.ndarray, period: float, distance: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the place (deg) of a body on a great circle, seen from a turning Earth: a parallax of 8.8"/distance."""
    pole = pole / np.linalg.norm(pole)
    first = np.cross(pole, [0.3, -0.5, 0.8])
    first /= np.linalg.norm(first)
    angle = 2 * np.pi * (mjd - MJD) / period
    u = np.cos(angle)[:, None] * first + np.sin(angle)[:, None] * np.cross(pole, first)
    day = 2 * np.pi * (mjd - MJD)
    radius = np.radians(8.8 / 3600) / distance
    u = u - radius * np.stack([0.8 * np.cos(day), 0.8 * np.sin(day), np.full_like(day, 0.6)], axis=1)
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    return np.degrees(np.arctan2(u[:, 1], u[:, 0])) % 360, np.degrees(np.arcsin(u[:, 2]))


def rates(mjd: np.ndarray, *body) -> tuple[np.ndarray, np.ndarray]:
    """Return the rates (arcsec/h, the first with cos(dec)) by a central difference of a minute."""
    h = 30 / 86400
    a, b = (unit_vector(*seen(mjd + k * h, *body)) for k in (-1, 1))
    v = (b - a) / (2 * h * 24) * np.degrees(3600)
    ra, dec = (np.radians(x) for x in seen(mjd, *body))
    east = np.stack([-np.sin(ra), np.cos(ra), np.zeros_like(ra)], axis=1)
    north = np.stack([-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)], axis=1)
    return (v * east).sum(axis=1), (v * north).sum(axis=1)


def path_of(mjd: np.ndarray, body: tuple, *, with_rates: bool) -> Ephemeris:
    ra, dec = seen(mjd, *body)
    none = np.full(len(mjd), np.nan)
    east, north = rates(mjd, *body) if with_rates else (none, none)
    return checked(Rows(list(mjd), list(ra), list(dec), list(east), list(north), list(none), "test", []), Path("p.csv"))


directions = st.tuples(*[st.floats(-1, 1).filter(lambda v: abs(v) > 0.05)] * 3).map(np.array)


@settings(max_examples=60)
@given(
    pole=directions,
    period=st.floats(400, 3000),
    distance=st.floats(0.3, 5),
    with_rates=st.booleans(),
    step_h=st.floats(0.2, 2.0),
)
def test_places_between_rows_of_an_hour_or_two_are_good_to_50_mas_at_poles_and_ra_0_too(
    pole, period, distance, with_rates, step_h
):
    body = (pole, period, distance)
    mjd = MJD + np.arange(0, 24 / step_h) * step_h / 24
    path = path_of(mjd, body, with_rates=with_rates)
    asked = np.random.default_rng(1).uniform(mjd[0], mjd[-1], 200)
    at = path.at(asked)
    assert separation_arcsec(at.ra, at.dec, *seen(asked, *body)).max() < GOOD_ARCSEC
    east, north = rates(asked, *body)
    assert np.abs(at.ra_rate - east).max() < 0.5
    assert np.abs(at.dec_rate - north).max() < 0.5


def test_over_the_pole_and_over_ra_0_a_path_goes_straight_on():
    path = read_rows([0, 0.1, 0.2, 0.3], [10.0, 10.0, 190.0, 190.0], [89.7, 89.9, 89.9, 89.7])
    assert separation_arcsec(0, 90, path.at(MJD + 0.15).ra, path.at(MJD + 0.15).dec)[0] < 0.01
    path = read_rows([0, 0.1, 0.2, 0.3], [359.7, 359.9, 0.1, 0.3], [5.0] * 4)
    assert separation_arcsec(0, 5, path.at(MJD + 0.15).ra, path.at(MJD + 0.15).dec)[0] < 0.01


def read_rows(day: list[float], ra: list[float], dec: list[float]) -> Ephemeris:
    none = [float("nan")] * len(day)
    return checked(Rows([MJD + d for d in day], ra, dec, none, none, none, "test", []), Path("p.csv"))


def test_nothing_is_said_before_the_first_and_after_the_last_row():
    path = read_rows([0, 1], [10, 11], [0, 0])
    at = path.at([MJD - 0.01, MJD, MJD + 0.5, MJD + 1, MJD + 1.01])
    assert np.isnan(at.ra).tolist() == [True, False, False, False, True]
    assert at.ra[1:4] == pytest.approx([10, 10.5, 11])
    assert at.ra_rate[2] == pytest.approx(150, rel=1e-4)


def test_rows_too_far_apart_say_so_and_have_it_in_their_errors():
    body = (np.array([0.1, 0.2, 1.0]), 400.0, 0.05)
    path = path_of(MJD + np.arange(0, 6, 0.5), body, with_rates=True)
    assert "12 h apart" in path.notes[0]
    asked = np.random.default_rng(2).uniform(MJD, MJD + 5.5, 100)
    at = path.at(asked)
    off = separation_arcsec(at.ra, at.dec, *seen(asked, *body))
    assert 0.05 < off.max() < 4 * path.sigma_arcsec[0]


#: Asteroid (5945) as measured by hand in eleven frames of one night: MJD, ra, dec.
MEASURED = np.array([
    (58568.104180, 124.7580420, 25.3482763), (58568.125641, 124.7603011, 25.3477745),
    (58568.147102, 124.7625590, 25.3472666), (58568.168560, 124.7648339, 25.3467449),
    (58568.190020, 124.7671013, 25.3462086), (58568.211481, 124.7693829, 25.3456799),
    (58568.232946, 124.7716882, 25.3451146), (58568.254407, 124.7739896, 25.3445470),
    (58568.275870, 124.7763320, 25.3439860), (58568.297411, 124.7787052, 25.3433906),
    (58568.318877, 124.7810818, 25.3428020),
])  # fmt: skip


@pytest.mark.parametrize(("rows", "within"), [([0, 10], 0.8), ([0, 5, 10], 0.15), ([0, 3, 7, 10], 0.06)])
def test_a_few_measured_positions_are_a_path_for_the_frames_between_them(rows, within):
    """Its parallax bends the path by 0.8 arcsec in five hours; README of the frames: 14.6 and -3.9 arcsec/h."""
    mjd, ra, dec = MEASURED.T
    path = read_rows(list(mjd[rows] - MJD), list(ra[rows]), list(dec[rows]))
    assert "from so few" in path.notes[-1]
    at = path.at(mjd)
    assert separation_arcsec(at.ra, at.dec, ra, dec).max() < within
    assert (at.ra_rate[5], at.dec_rate[5]) == pytest.approx((14.6, -3.9), abs=0.2)


CSV = """\
mjd,ra,dec,ra_rate,dec_rate,sigma_arcsec
58568.1,150.0,10.0,14.6,-3.9,0.2
58568.2,150.0098851,9.9974,14.6,-3.9,0.2
"""


def test_a_csv_says_dates_and_places_in_any_notation(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text(CSV)
    path = read(file)
    assert path.ra.tolist() == [150.0, 150.0098851]
    assert (path.ra_rate[0], path.sigma_arcsec[0]) == (14.6, 0.2)
    assert path.source == "CSV: a.csv"
    file.write_text(
        "# mine\ntime;RA;Dec\n2019-03-26T02:24:00;10:00:00;+10:00:00\n2019-03-26 04:48:00Z;10:00:02.4;+9:59:50\n"
    )
    path = read(file)
    assert path.mjd == pytest.approx([58568.1, 58568.2])
    assert path.ra[1] == pytest.approx(150.01)
    file.write_text("jd,ra,dec\n2458568.7,150.01,10\n2458568.6,150.0,10\n")
    assert read(file).mjd == pytest.approx([58568.1, 58568.2])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("a,b\n1,2\n", "needed are mjd"),
        ("mjd,ra,dec\n", "no rows"),
        ("mjd,ra,dec\n58568.1,150,10\n", "one row"),
        ("mjd,ra,dec\n58568.1,150,10\n58568.1,151,10\n", "there twice"),
        ("mjd,ra,dec\n58568.1,150,95\n58568.2,150,10\n", "line 2.*95"),
        ("mjd,ra,dec\n58568.1,15x,10\n58568.2,150,10\n", "line 2.*15x"),
        ("mjd,ra,dec\n58568.1,150\n58568.2,150,10\n", "line 2"),
        ("mjd,ra,dec\n2458568.1,150,10\n2458568.2,150,10\n", "2.45857e\\+06 is not a date"),
        ("mjd,ra,dec\n58568.1,15,10\n58568.2,150,10\n", "deg from MJD"),
        ("time,ra,dec\nyesterday,15,10\n58568.2,150,10\n", "line 2.*yesterday"),
        (CSV.replace("14.6", "0.2433"), "ra_rate is 0.2433 where the places move by 14.6"),
        (CSV.replace("-3.9,", "3.9,"), "dec_rate"),
    ],
)
def test_nonsense_is_refused_with_what_is_wrong_and_where(tmp_path, text, words):
    file = tmp_path / "bad.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        read(file)
    assert "bad.csv" in caught.value.what


def test_rates_without_the_cosine_of_declination_are_refused():
    ra, dec, rate = [150.0, 150.1], [70.0, 70.0], [360.0, 360.0]
    none = [float("nan")] * 2
    rows = Rows([MJD, MJD + 1 / 24], ra, dec, rate, [0.0, 0.0], none, "test", [])
    with pytest.raises(InputError, match="ra_rate is 360 where the places move by 123"):
        checked(rows, Path("p.csv"))


HEAD = """\
*******************************************************************************
Target body name: 5945 Roachapproach (1984 SQ3)   {source: JPL#64}
Center-site name: Lowell Observatory, Flagstaff
*******************************************************************************
"""
COLUMNS = """\
 Date__(UT)__HR:MN     R.A._____(ICRF)_____DEC  dRA*cosD d(DEC)/dt   APmag   S-brt  RA_3sigma DEC_3sigma
********************************************************************************************************
$$SOE
 2019-Mar-26 02:00 *   10 00 00.0000 +10 00 00.000  14.6000  -3.90000   16.8    5.1      0.300      0.150
 2019-Mar-26 03:00 Nm  10 00 00.9883 +09 59 56.100  14.6000  -3.90000   16.8   n.a.      0.300      0.150
 2019-Mar-26 04:00  m  10 00 01.9767 +09 59 52.200  14.6000  -3.90000   16.8    5.1      0.300      0.150
$$EOE
"""
COMMAS = """\
 Date__(UT)__HR:MN:SS, , , R.A._(ICRF), DEC_(ICRF), dRA*cosD,d(DEC)/dt,
**************
$$SOE
 2019-Mar-26 02:00:00.000,*,m,150.000000000,10.000000000, 14.60000,-3.900000,
 2019-Mar-26 03:00:00.000, ,m,150.004118000, 9.998916667, 14.60000,-3.900000,
$$EOE
"""


def test_the_observer_tables_of_horizons_are_read_in_columns_and_with_commas(tmp_path):
    file = tmp_path / "horizons.txt"
    for text in (HEAD + COLUMNS, HEAD + COMMAS):
        file.write_text(text)
        path = read(file)
        assert path.mjd[:2] == pytest.approx([58568 + 2 / 24, 58568 + 3 / 24])
        assert path.ra[1] == pytest.approx(150.004118, abs=2e-6)
        assert path.dec[1] == pytest.approx(9.99891667, abs=1e-7)
        assert (path.ra_rate[0], path.dec_rate[0]) == (14.6, -3.9)
        assert [note for note in path.notes if "from so few" not in note] == []
    file.write_text(HEAD + COLUMNS)
    assert read(file).sigma_arcsec.tolist() == pytest.approx([0.1] * 3)


def test_dates_in_julian_days_and_in_dynamical_time_are_brought_to_utc(tmp_path):
    file = tmp_path / "horizons.txt"
    rows = "2458568.583333333, , ,150.0,10.0,\n2458568.625000000, , ,150.0041,9.9989,\n"
    file.write_text(f"{HEAD} Date_________JDTDB, , , R.A._(ICRF), DEC_(ICRF),\n$$SOE\n{rows}$$EOE\n")
    assert read(file).mjd[0] == pytest.approx(58568 + 2 / 24 - 69.184 / 86400, abs=1e-8)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD + COLUMNS.replace("$$EOE", ""), "has no end"),
        (HEAD + COLUMNS.replace("R.A._____(ICRF)_____DEC", "R.A.__(a-apparent)__DEC"), "apparent"),
        (HEAD + COLUMNS.replace("Date__(UT)__HR:MN", "nothing"), "without columns"),
        (HEAD + COLUMNS.replace("10 00 00.9883", "10 00 rubbish"), "line 9.*cannot be read"),
    ],
)
def test_tables_of_horizons_that_are_none_are_refused(tmp_path, text, words):
    file = tmp_path / "horizons.txt"
    file.write_text(text)
    with pytest.raises(InputError, match=words):
        read(file)


def test_a_view_from_the_centre_of_the_earth_is_said_to_be_one(tmp_path):
    file = tmp_path / "horizons.txt"
    file.write_text(HEAD.replace("Lowell Observatory, Flagstaff", "GEOCENTRIC") + COLUMNS)
    assert "centre of the Earth" in read(file).notes[0]


def test_the_store_knows_where_a_moving_target_is_in_each_frame():
    body = (np.array([0.1, -0.7, 0.4]), 900.0, 1.2)
    path = path_of(MJD + np.arange(0, 2, 1 / 24), body, with_rates=False)
    other = path_of(MJD + 0.5 + np.arange(0, 1, 1 / 24), (np.array([0.9, 0.1, 0.2]), 700.0, 2.0), with_rates=True)
    mjd = MJD + np.array([0.31, -1.0, 1.93, 0.77, np.nan])
    with Database.open(":memory:", read_only=False, create=True) as db:
        assert places_in_frames(db, [1, 2], [MJD, MJD + 1]).num_rows == 0
        first = target.add_moving(db, "(5945) Roachapproach", path)
        second = target.add_moving(db, "2019 AB", other)
        found = places_in_frames(db, [10, 11, 12, 13, 14], mjd).to_pylist()
        assert [(r["target_id"], r["frame_id"]) for r in found] == [(first, 10), (first, 12), (first, 13), (second, 13)]
        for row in found[:3]:
            truth = seen(mjd[row["frame_id"] - 10 : row["frame_id"] - 9], *body)
            assert separation_arcsec(row["ra"], row["dec"], *truth)[0] < 0.01
        (listed,) = [t for t in db.query("targets").dicts() if t["target_id"] == first]
        assert (listed["n_path"], listed["path_from_mjd"]) == (48, MJD)


def test_more_of_a_path_is_added_and_replaces_what_was_said_of_its_dates():
    with Database.open(":memory:", read_only=False, create=True) as db:
        number = target.add_moving(db, "A", read_rows([0, 1, 2], [10, 11, 12], [0, 0, 0]))
        assert target.add_moving(db, "a", read_rows([1, 2, 3], [11.5, 12.5, 13.5], [0, 0, 0])) == number
        assert db.rows("SELECT ra FROM ephemeris ORDER BY mjd").rows == [(10.0,), (11.5,), (12.5,), (13.5,)]
        target.add(db, "fixed", 1.0, 2.0)
        with pytest.raises(InputError, match="there already"):
            target.add_moving(db, "fixed", read_rows([0, 1], [10, 11], [0, 0]))
        target.remove(db, "A")
        assert db.one("SELECT count(*) FROM ephemeris") == 0


#: The layouts of Horizons (columns or commas, sexagesimal or degrees, one date or two) with distances and phase angle.
WIDE = """\
 Date__(UT)__HR:MN Date_________JDUT     R.A._____(ICRF)_____DEC  R.A.__(a-app)___DEC_  dRA*cosD d(DEC)/dt \
 Azi_(a-app)___Elev_ L_Ap_Sid_Time   APmag   S-brt                r        rdot             delta      deldot \
    S-O-T /r     S-T-O   RA_3sigma DEC_3sigma
*****
$$SOE
 2019-Mar-26 02:00 2458568.583333333 *m  10 00 00.0000 +10 00 00.000 10 00 59.00 +09 54 00.0 14.6000  -3.90000 \
 121.5 45.1  12 34 56.78   16.812    n.a.  2.104567800000   5.1234567  1.23456789012345  10.1234567  140.1234 /T  \
 15.2345   0.300      0.150
 >..... Daylight Cut-off Requested .....
 2019-Mar-26 03:00 2458568.625000000  m  10 00 00.9883 +09 59 56.100 10 00 59.99 +09 53 56.0 14.6000  -3.90000 \
 131.5 45.1  13 34 56.78   16.814    n.a.  2.104667800000   5.1234567  1.23466789012345  10.1234567  140.1234 /T  \
 15.2445   0.300      0.150
$$EOE
"""
DEGREES = """\
 Date__(UT)__HR:MN     R.A.___(ICRF)___DEC             r        rdot             delta      deldot    S-T-O
*****
$$SOE
 2019-Mar-26 02:00 C  150.000000000  10.000000000   314838861.6   5.1234567  184688727.6  10.1234567   15.2345
 2019-Mar-26 03:00    150.004118000   9.998916667   314853821.4   5.1234567  184703687.4  10.1234567   15.2445
$$EOE
"""
SHEET = """\
 Date__(UT)__HR:MN, Date_________JDUT, , , R.A._(ICRF), DEC_(ICRF),   T-mag,  N-mag,    r,   rdot,  delta, deldot,\
 S-O-T,/r,  S-T-O,   phi,
*****
$$SOE
 2019-Mar-26 02:00, 2458568.583333333,*,m,150.000000000,10.000000000, 16.812, n.a., 2.1045678, 5.12, 1.23456789, \
10.1, 140.1,/T, 15.2345, 15.2,
 2019-Mar-26 03:00, 2458568.625000000, ,m,150.004118000, 9.998916667, 16.814, n.a., 2.1046678, 5.12, 1.23466789, \
10.1, 140.1,/T, n.a., 15.2445,
$$EOE
"""


@pytest.mark.parametrize("text", [WIDE, DEGREES, SHEET])
def test_distances_phase_and_magnitude_are_read_from_every_layout_of_horizons(tmp_path, text):
    file = tmp_path / "horizons.txt"
    file.write_text(HEAD + text)
    path = read(file)
    assert (path.ra[1], path.dec[1]) == pytest.approx((150.004118, 9.998916667), abs=2e-6)
    said = {name: values.tolist() for name, values in path.geometry.items()}
    assert said["r_au"] == pytest.approx([2.1045678, 2.1046678], rel=1e-6)
    assert said["delta_au"] == pytest.approx([1.23456789, 1.23466789], rel=1e-6)
    assert said["phase_deg"] == pytest.approx([15.2345, 15.2445])
    assert said.get("v_mag", [16.812, 16.814]) == pytest.approx([16.812, 16.814])
    assert not [note for note in path.notes if "told apart" in note]
    at = path.at(path.mjd.mean())
    assert (at.r_au[0], at.phase_deg[0]) == pytest.approx((2.1046178, 15.2395), rel=1e-6)
    assert np.isnan(path.at(path.mjd[0] - 1).delta_au[0])


def test_columns_that_cannot_be_told_apart_are_left_out_and_said(tmp_path):
    file = tmp_path / "horizons.txt"
    file.write_text(HEAD + COLUMNS.replace("  16.8  ", "  16.8 7.7 "))
    path = read(file)
    assert path.geometry == {}
    assert "told apart" in path.notes[0]
    assert np.isnan(path.ra_rate).all()
    file.write_text(HEAD + COLUMNS.replace("APmag   S-brt", "APmag   T-O-M/MN_Illu%"))
    assert read(file).geometry["v_mag"].tolist() == [16.8] * 3


def test_a_csv_says_distances_too_as_astroquery_names_them(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text(
        "datetime_jd,RA,DEC,V,r,delta,alpha\n2458568.6,150.0,10,16.8,2.1,1.2,15\n2458568.7,150.01,10,,2.2,,15\n"
    )
    path = read(file)
    assert path.geometry["r_au"].tolist() == [2.1, 2.2]
    assert path.geometry["v_mag"] == pytest.approx([16.8, np.nan], nan_ok=True)
    assert path.geometry["phase_deg"].tolist() == [15.0, 15.0]


def test_what_astroquery_keeps_of_a_real_answer_of_horizons_is_read(tmp_path):
    from importlib.resources import files

    text = files("astroquery.jplhorizons").joinpath("tests/data/ceres_ephemerides_range.txt")
    if not text.is_file():
        pytest.skip("astroquery came without its tests")
    file = tmp_path / "ceres.txt"
    file.write_text(text.read_text())
    path = read(file)
    assert (path.ra[0], path.dec[0]) == (101.73343, 26.78554)
    assert 2.5 < path.geometry["r_au"][0] < 2.98
    assert path.geometry["delta_au"][0] > path.geometry["r_au"][0]
    assert path.geometry["v_mag"][0] == pytest.approx(8.8, abs=0.5)
    assert "centre of the Earth" in path.notes[0]
