"""Times: dates as headers write them, time scales, BJD_TDB, nights and airmass.

No function here asks the network. UT1 is taken as UTC: they differ by less than 0.9 s, in which the Earth turns an
observatory by 0.42 km, 1.4 microseconds of light time.
"""

from __future__ import annotations

import math
import re
import warnings
from datetime import date, timedelta
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from photdb.errors import InputError

#: MJD 0 is JD 2400000.5.
MJD_0 = 2400000.5
_DAY_S = 86400.0
_ORDINAL_OF_MJD_0 = date(1858, 11, 17).toordinal()
_EARLIEST, _LATEST = 1850, 2200

_ISO = re.compile(r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T\s_]+(.+))?$")
_OLD = re.compile(r"^(\d{1,2})/(\d{1,2})/(\d{2}|\d{4})(?:[T\s_]+(.+))?$")  # FITS before 1998: dd/mm/yy of 19yy
_CLOCK = re.compile(
    r"^(\d{1,2})[:h](\d{1,2})(?:[:m](\d{1,2}(?:\.\d*)?)s?)?\s*(Z|UTC?|[+-]\d{2}:?\d{2})?$", re.IGNORECASE
)


class Place(Protocol):
    """Geodetic position (WGS84): degrees, longitude positive to the east, metres."""

    @property
    def latitude(self) -> float: ...  # noqa: D102
    @property
    def longitude(self) -> float: ...  # noqa: D102
    @property
    def height(self) -> float: ...  # noqa: D102


def parse_date(text: str) -> tuple[int, str | None]:
    """Return the MJD of a calendar date and the words after it (time of day), if any.

    Parameters
    ----------
    text
        ``2017-12-20``, ``2017-12-20T01:33:43``, ``2017/12/20`` or the FITS form of before 1998, ``20/12/97``.

    Raises
    ------
    InputError
        If there is no such date.

    Examples
    --------
    >>> parse_date("2000-01-01T12:00:00"), parse_date("21/12/90")
    ((51544, '12:00:00'), (48246, None))
    """
    text = text.strip()
    found = _ISO.match(text)
    if found:
        year, month, day, clock = int(found[1]), int(found[2]), int(found[3]), found[4]
    elif found := _OLD.match(text):
        day, month, year, clock = int(found[1]), int(found[2]), int(found[3]), found[4]
        year += 1900 if year < 100 else 0
    else:
        raise InputError(f"{text!r} is not a date", "write it as 2017-12-20T01:33:43.317")
    if not _EARLIEST <= year <= _LATEST:
        raise InputError(f"{text!r}: the year {year} is outside {_EARLIEST} to {_LATEST}")
    try:
        return date(year, month, day).toordinal() - _ORDINAL_OF_MJD_0, clock
    except ValueError as error:
        raise InputError(f"{text!r} is an impossible date ({error})") from None


def parse_clock(text: str) -> tuple[float, float | None]:
    """Return seconds since midnight and the zone that the text itself names, in hours east of UTC.

    Raises
    ------
    InputError
        If there is no such time of day.

    Examples
    --------
    >>> parse_clock("18:33:43.5-0700"), parse_clock("01:04:25")
    ((66823.5, -7.0), (3865.0, None))
    """
    found = _CLOCK.match(text.strip())
    if not found:
        raise InputError(f"{text!r} is not a time of day", "write it as 01:33:43.317")
    hours, minutes, seconds = int(found[1]), int(found[2]), float(found[3] or 0)
    if hours > 23 or minutes > 59 or seconds >= 61:
        raise InputError(f"{text!r} is an impossible time of day")
    return hours * 3600 + minutes * 60 + seconds, parse_zone(found[4]) if found[4] else None


def parse_zone(text: str) -> float:
    """Return a zone in hours east of UTC: ``Z``, ``UT``, ``-0700``, ``+05:30``.

    Raises
    ------
    InputError
        If it is not a zone.
    """
    text = text.strip().upper()
    if text in ("Z", "UT", "UTC"):
        return 0.0
    found = re.fullmatch(r"([+-])(\d{2}):?(\d{2})", text)
    if not found or int(found[2]) > 14 or int(found[3]) > 59:
        raise InputError(f"{text!r} is not a time zone", "write it as -0700")
    hours = int(found[2]) + int(found[3]) / 60
    return -hours if found[1] == "-" else hours


def mjd_of(day: int, seconds: float) -> float:
    """Return MJD (UTC) of a moment of a day; a day that ends in a leap second is 86401 s long, as ERFA counts it."""
    return day + seconds / (_DAY_S + 1 if day in _leap_days() else _DAY_S)


@cache
def _leap_days() -> frozenset[int]:
    """Return the MJD of the days with a leap second, since the whole-second steps of 1972."""
    import erfa

    table = erfa.leap_seconds.get()
    return frozenset(
        date(int(row["year"]), int(row["month"]), 1).toordinal() - _ORDINAL_OF_MJD_0 - 1
        for row in table
        if row["year"] > 1971
    ) - {date(1971, 12, 31).toordinal() - _ORDINAL_OF_MJD_0}


def to_utc(mjd: float, scale: str) -> float:
    """Return MJD in UTC of an MJD in another scale.

    Parameters
    ----------
    mjd
        Moment in `scale`.
    scale
        ``utc``, ``ut1`` (taken as UTC), ``tai``, ``tt`` or ``tdb`` (TDB is taken as TT: they differ by < 2 ms).

    Raises
    ------
    InputError
        If the scale is another one.
    """
    if scale in ("utc", "ut1"):
        return mjd
    import erfa

    if scale in ("tt", "tdb"):
        tai = erfa.tttai(MJD_0, mjd)
    elif scale == "tai":
        tai = (MJD_0, mjd)
    else:
        raise InputError(f"time scale {scale!r} is not known", "one of utc, ut1, tai, tt, tdb")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", erfa.ErfaWarning)  # "dubious year": leap seconds of the future are not known
        one, two = erfa.taiutc(*tai)
    return float((one - MJD_0) + two)


def barycentric(mjd_mid_utc: ArrayLike, site: Place | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return TDB and the observatory's barycentric position, from which BJD_TDB is one dot product.

    ``bjd_tdb = jd_tdb + vector . (cos dec cos ra, cos dec sin ra, sin dec)`` for a star at infinity (the Shapiro and
    the curvature terms, below 0.1 ms beyond 1 pc, are left out).

    Parameters
    ----------
    mjd_mid_utc : float or array of shape (n,)
        MJD, UTC.
    site : Place or None
        Without a site the geocentre is taken: an error of up to 21 ms.

    Returns
    -------
    jd_tdb : float64, the shape of the times
        Julian date, TDB (as one double: 40 microseconds).
    vector : float64, shape (..., 3)
        Barycentric position of the observer on the ICRS axes, light-days.

    References
    ----------
    .. [1] Earth: VSOP2000 as ERFA's epv00 (astropy's "builtin"), within 10 km of DE405 (0.03 ms).
    .. [2] Site: IAU 2006/2000A precession and nutation; Eastman, Siverd & Gaudi 2010, PASP 122, 935.
    """
    import erfa

    mjd = np.asarray(mjd_mid_utc, dtype=float)
    day = np.floor(mjd)
    jd1, jd2 = MJD_0 + day, mjd - day
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", erfa.ErfaWarning)  # "dubious year", as above; before 1960 UTC is undefined
        tai1, tai2 = erfa.utctai(jd1, jd2)
        tt1, tt2 = erfa.taitt(tai1, tai2)
        # TDB - TT at the geocentre; the observatory's own term is below 2 microseconds
        tdb1, tdb2 = erfa.tttdb(tt1, tt2, erfa.dtdb(tt1, tt2, jd2, 0.0, 0.0, 0.0))
        _, earth = erfa.epv00(tdb1, tdb2)
    position = np.asarray(earth["p"]) * erfa.DAU
    if site is not None:
        position = position + _geocentric(site, jd1, jd2, tt1, tt2)
    return np.asarray(tdb1 + tdb2), position / (erfa.CMPS * _DAY_S)


def utc_of(mjd: ArrayLike, scale: str) -> NDArray[np.float64]:
    """Return MJD in UTC of moments in another scale: `to_utc` for arrays.

    Parameters
    ----------
    mjd : array-like
        In `scale`.
    scale : str
        ``utc``, ``ut1``, ``tai``, ``tt`` or ``tdb``, as of `to_utc`.
    """
    moments = np.asarray(mjd, dtype=float)
    if scale in ("utc", "ut1"):
        return moments
    import erfa

    if scale not in ("tai", "tt", "tdb"):
        raise InputError(f"time scale {scale!r} is not known", "one of utc, ut1, tai, tt, tdb")
    day = np.floor(moments)
    first, second = MJD_0 + day, moments - day
    if scale != "tai":
        first, second = erfa.tttai(first, second)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", erfa.ErfaWarning)  # "dubious year", as above
        one, two = erfa.taiutc(first, second)
    return np.asarray((one - MJD_0) + two)


def heliocentric(mjd_utc: ArrayLike) -> NDArray[np.float64]:
    """Return the geocentre's position from the Sun, from which HJD is one dot product.

    ``hjd = jd + vector . (cos dec cos ra, cos dec sin ra, sin dec)``; the observatory's own 21 ms are left out.

    Parameters
    ----------
    mjd_utc : float or array of shape (n,)
        MJD, UTC.

    Returns
    -------
    vector : float64, shape (..., 3)
        On the ICRS axes, light-days; VSOP2000 as ERFA's epv00.
    """
    import erfa

    mjd = np.asarray(mjd_utc, dtype=float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", erfa.ErfaWarning)
        from_sun, _ = erfa.epv00(MJD_0, mjd + 69.184 / _DAY_S)  # a second is 0.1 microseconds of light time
    return np.asarray(from_sun["p"] * erfa.DAU / (erfa.CMPS * _DAY_S))


def _geocentric(site: Place, ut1: Any, ut2: Any, tt1: Any, tt2: Any) -> NDArray[np.float64]:
    """Return the site's position from the centre of the Earth on the celestial axes, m."""
    import erfa

    turned = erfa.pvtob(
        np.radians(site.longitude), np.radians(site.latitude), site.height, 0.0, 0.0, 0.0, erfa.era00(ut1, ut2)
    )
    celestial = erfa.trxp(erfa.c2i06a(tt1, tt2), np.asarray(turned["p"]))
    return np.asarray(celestial, dtype=float)


def altitude(mjd_utc: ArrayLike, ra: ArrayLike, dec: ArrayLike, site: Place) -> NDArray[np.float64]:
    """Return the true altitude (no refraction) of ICRS positions, deg.

    Precession to the date is applied; nutation and aberration, 20 arcsec each, are not.

    Parameters
    ----------
    mjd_utc, ra, dec
        MJD (UTC); deg. Arrays are broadcast.
    site
        The observatory.

    References
    ----------
    .. [1] IERS Conventions 2010, equations 5.15 (Earth rotation angle) and 5.16 (polynomial part of X and Y).
    """
    mjd, ra, dec = (np.asarray(values, dtype=float) for values in (mjd_utc, ra, dec))
    return np.asarray(np.degrees(np.asin(np.clip(_sine_of_altitude(np, mjd, ra, dec, site), -1.0, 1.0))))


def airmass(mjd: ArrayLike, ra: ArrayLike, dec: ArrayLike, site: Place) -> NDArray[np.float64]:
    """Return the airmass of ICRS positions by Pickering's formula; NaN below the horizon.

    The formula wants the apparent altitude: refraction is added to the true one, for the mean pressure of the site.

    Parameters
    ----------
    mjd, ra, dec
        MJD (UTC); deg. Arrays are broadcast.
    site
        The observatory.

    References
    ----------
    .. [1] Airmass: Pickering 2002, DIO 12, 1, 20. Refraction: Saemundsson 1986, Sky & Telescope 72, 70.
    """
    true = altitude(mjd, ra, dec, site)
    return np.where(true >= 0, _airmass_at(np, np.maximum(true, 0.0), site), np.nan)


def airmass_of_one(mjd: float, ra: float, dec: float, site: Place) -> float | None:
    """Return `airmass` of one position, None below the horizon; without arrays, for scanning thousands of headers."""
    sine = _sine_of_altitude(math, mjd, ra, dec, site)
    if sine < 0:
        return None
    return float(_airmass_at(math, math.degrees(math.asin(min(sine, 1.0))), site))


def _sine_of_altitude(m: Any, mjd: Any, ra: Any, dec: Any, site: Place) -> Any:
    """Return the sine of the true altitude; `m` is `math` for numbers or `numpy` for arrays."""
    ra, dec = m.radians(ra), m.radians(dec)
    days = mjd - 51544.5
    t = days / 36525.0
    X = m.radians((2004.191898 * t - 0.4297829 * t**2 - 0.19861834 * t**3) / 3600.0)
    Y = m.radians((-0.025896 * t - 22.4072747 * t**2) / 3600.0)
    x, y, z = m.cos(dec) * m.cos(ra), m.cos(dec) * m.sin(ra), m.sin(dec)
    # rotation that takes the celestial pole (X, Y, Z) to the z axis, to second order in X and Y
    x, y, z = (
        (1 - X**2 / 2) * x - X * Y / 2 * y - X * z,
        -X * Y / 2 * x + (1 - Y**2 / 2) * y - Y * z,
        X * x + Y * y + (1 - (X**2 + Y**2) / 2) * z,
    )
    era = 2 * math.pi * ((0.7790572732640 + 0.00273781191135448 * days + days % 1.0) % 1.0)
    hour_angle = era + math.radians(site.longitude) - m.atan2(y, x)
    phi = math.radians(site.latitude)
    return math.sin(phi) * z + math.cos(phi) * m.hypot(x, y) * m.cos(hour_angle)


def sidereal_hours(mjd_utc: float, longitude: float) -> float:
    """Return the local mean sidereal time in hours, within a second for a century around 2000.

    References
    ----------
    .. [1] Capitaine, Wallace & Chapront 2003, A&A 412, 567 (equation 42, to second order).

    Examples
    --------
    >>> round(sidereal_hours(51544.5, 0.0), 4)
    18.6974
    """
    days = mjd_utc - 51544.5
    t = days / 36525.0
    turn = 0.7790572732640 + 0.00273781191135448 * days + days % 1.0
    return (24.0 * turn + (0.014506 + 4612.156534 * t + 1.3915817 * t**2) / 54000.0 + longitude / 15.0) % 24.0


def _airmass_at(m: Any, true: Any, site: Place) -> Any:
    """Return the airmass at a true altitude of 0 to 90 deg."""
    pressure = math.exp(-site.height / 8400.0)
    apparent = true + 1.02 / 60 / m.tan(m.radians(true + 10.3 / (true + 5.11))) * pressure
    return 1.0 / m.sin(m.radians(apparent + 244.0 / (165.0 + 47.0 * apparent**1.1)))


def night_of(mjd_utc: float, longitude: float) -> str:
    """Return the ISO date of the evening to which a moment belongs: nights change at local mean noon.

    Examples
    --------
    >>> night_of(58107.065, -110.88)
    '2017-12-19'
    """
    day = math.floor(mjd_utc + longitude / 360.0 - 0.5)
    return (date(1858, 11, 17) + timedelta(days=day)).isoformat()
