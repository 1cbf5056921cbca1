"""Times: dates as headers write them, the barycentre, nights, airmass."""

import warnings
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photdb import times
from photdb.errors import InputError
from photdb.sky import unit_vector


@dataclass(frozen=True)
class Place:
    latitude: float
    longitude: float
    height: float


CHILE = Place(-30.2, -70.7, 2200.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1858-11-17", (0, None)),
        ("2000-01-01T12:00:00", (51544, "12:00:00")),
        ("2000/01/01 12:00", (51544, "12:00")),
        ("21/12/90", (48246, None)),
        ("21/12/1990", (48246, None)),
        ("2024-02-29", (60369, None)),
    ],
)
def test_dates_are_read_as_headers_write_them(text: str, expected: tuple[int, str | None]) -> None:
    assert times.parse_date(text) == expected


@pytest.mark.parametrize("text", ["2023-02-29", "2024-13-01", "0000-00-00", "9999-01-01", "tomorrow", "", "58107"])
def test_an_impossible_date_is_refused_with_its_words(text: str) -> None:
    with pytest.raises(InputError, match=text or "''"):
        times.parse_date(text)


@pytest.mark.parametrize("text", ["24:00:00", "12:60:00", "12:00:61", "noon", "12:00:00+25:00", "1200"])
def test_an_impossible_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        times.parse_clock(text)


@given(st.datetimes(min_value=datetime(1980, 1, 1), max_value=datetime(2100, 1, 1)))
def test_a_written_moment_reads_back(moment: datetime) -> None:
    day, clock = times.parse_date(moment.isoformat())
    seconds, zone = times.parse_clock(clock or "")
    truth = (moment - datetime(1858, 11, 17)).total_seconds()
    assert zone is None
    assert day * 86400 + seconds == pytest.approx(truth, abs=1e-5)


@given(st.floats(0, 86399.9), st.integers(-12, 14), st.sampled_from([0, 30, 45]))
def test_a_zone_is_taken_off_once(seconds: float, hours: int, minutes: int) -> None:
    sign = "-" if hours < 0 else "+"
    offset = (abs(hours) + minutes / 60) * (-1 if hours < 0 else 1)
    if abs(hours) == 14 and minutes:
        return
    h, rest = divmod(seconds, 3600)
    m, s = divmod(rest, 60)
    got, zone = times.parse_clock(
        f"{int(h):02d}:{int(m):02d}:{min(s, 59.9999):09.6f}{sign}{abs(hours):02d}{minutes:02d}"
    )
    assert got == pytest.approx(seconds, abs=1e-3)
    assert zone == pytest.approx(offset)


def test_a_day_with_a_leap_second_is_longer() -> None:
    from astropy.time import Time

    for text in ("2016-12-31T18:00:00", "2016-12-31T23:59:60", "2017-01-01T00:00:00", "1972-06-30T12:00:00"):
        day, clock = times.parse_date(text)
        assert times.mjd_of(day, times.parse_clock(clock or "")[0]) == pytest.approx(Time(text).mjd, abs=1e-10)


@pytest.mark.parametrize("scale", ["utc", "tai", "tt", "tdb"])
def test_other_time_scales_become_utc(scale: str) -> None:
    from astropy.time import Time

    truth = Time(58107.5, format="mjd", scale=scale).utc.mjd
    assert times.to_utc(58107.5, scale) == pytest.approx(truth, abs=3e-8)  # 2.6 ms: TDB is taken as TT


def test_an_unknown_scale_is_refused() -> None:
    with pytest.raises(InputError, match="gps"):
        times.to_utc(58107.5, "gps")


def test_bjd_agrees_with_astropy_over_fifty_years() -> None:
    from astropy import units as u
    from astropy.coordinates import EarthLocation, SkyCoord
    from astropy.time import Time

    rng = np.random.default_rng(1)
    mjd = np.linspace(44000.3, 62000.7, 40)
    ra, dec = rng.uniform(0, 360, 40), rng.uniform(-90, 90, 40)
    location = EarthLocation.from_geodetic(CHILE.longitude, CHILE.latitude, CHILE.height)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # astropy has no polar motion for the last years
        t = Time(mjd, format="mjd", scale="utc", location=location)
        light = t.light_travel_time(SkyCoord(ra * u.deg, dec * u.deg), "barycentric").to_value(u.day)
        tdb = t.tdb.jd
    jd_tdb, vector = times.barycentric(mjd, CHILE)
    assert vector.shape == (40, 3)
    assert np.abs(np.sum(vector * unit_vector(ra, dec), axis=-1) - light).max() * 86400 < 5e-5  # seconds
    assert np.abs(jd_tdb - tdb).max() * 86400 < 1e-4


def test_one_time_gives_what_an_array_gives() -> None:
    one_jd, one = times.barycentric(58107.1, CHILE)
    many_jd, many = times.barycentric(np.array([58107.1, 58108.1]), CHILE)
    # Sines of one number and of many may differ in the last digit.
    assert one_jd == pytest.approx(many_jd[0], rel=0, abs=1e-9)
    np.testing.assert_allclose(one, many[0], rtol=0, atol=1e-14)


def test_without_a_site_the_centre_of_the_earth_is_within_its_radius() -> None:
    _, here = times.barycentric(58107.1, CHILE)
    _, centre = times.barycentric(58107.1, None)
    light_seconds = np.linalg.norm(here - centre) * 86400
    assert light_seconds == pytest.approx(6375.0e3 / 299792458, rel=2e-3)


def test_altitude_and_airmass_agree_with_astropy() -> None:
    from astropy import units as u
    from astropy.coordinates import AltAz, EarthLocation, SkyCoord
    from astropy.time import Time

    mjd = np.linspace(45000.0, 60000.3, 30)
    ra, dec = np.linspace(0, 350, 30), np.linspace(-85, 60, 30)
    location = EarthLocation.from_geodetic(CHILE.longitude, CHILE.latitude, CHILE.height)
    frame = AltAz(obstime=Time(mjd, format="mjd"), location=location)
    truth = SkyCoord(ra * u.deg, dec * u.deg).transform_to(frame).alt.deg
    assert np.abs(times.altitude(mjd, ra, dec, CHILE) - truth).max() < 60 / 3600
    up = truth > 20
    secant = 1 / np.sin(np.radians(truth[up]))
    assert times.airmass(mjd, ra, dec, CHILE)[up] == pytest.approx(secant, rel=0.012)


def test_airmass_is_one_at_the_zenith_and_nan_below_the_horizon() -> None:
    mjd = 60000.0
    ra = np.linspace(0, 359, 360)
    altitude = times.altitude(mjd, ra, -30.2, CHILE)
    airmass = times.airmass(mjd, ra, -30.2, CHILE)
    assert airmass[np.argmax(altitude)] == pytest.approx(1.0, abs=1e-3)
    south = times.airmass(mjd, 0.0, 89.0, CHILE)
    assert np.isnan(south)
    assert times.airmass_of_one(mjd, 0.0, 89.0, CHILE) is None


def test_airmass_at_five_degrees_is_pickering_s() -> None:
    # 10.3 at 5 deg of apparent altitude, which refraction makes of 4.84
    assert times._airmass_at(np, 4.84, Place(0, 0, 0)) == pytest.approx(10.3, abs=0.2)


@given(st.floats(50000, 62000), st.floats(0, 360), st.floats(-89, 89))
def test_the_quick_airmass_is_the_same(mjd: float, ra: float, dec: float) -> None:
    quick, full = times.airmass_of_one(mjd, ra, dec, CHILE), float(times.airmass(mjd, ra, dec, CHILE))
    assert (quick is None and np.isnan(full)) or quick == pytest.approx(full, rel=1e-9)


@pytest.mark.parametrize(
    ("mjd", "longitude", "night"),
    [
        (58107.065, -110.88, "2017-12-19"),  # 18:33 local time
        (58107.36, -110.88, "2017-12-19"),  # after local midnight
        (57640.344, -155.58, "2016-09-08"),
        (60000.5, 150.0, "2023-02-25"),  # 22:00 local
        (60000.9, 150.0, "2023-02-25"),  # 07:36 local, the morning after
    ],
)
def test_a_night_is_named_by_its_evening(mjd: float, longitude: float, night: str) -> None:
    assert times.night_of(mjd, longitude) == night


@given(st.floats(40000, 70000), st.floats(-180, 180))
def test_a_night_lasts_from_noon_to_noon(mjd: float, longitude: float) -> None:
    day, _ = times.parse_date(times.night_of(mjd, longitude))
    assert -1e-9 <= mjd + longitude / 360 - (day + 0.5) < 1 + 1e-9
