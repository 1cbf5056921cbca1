"""Positions on the sphere: unit vectors, separations, HEALPix cells, names and notations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from photdb.errors import UsageError

if TYPE_CHECKING:  # a question from the command line parses positions, and starts 90 ms sooner without numpy
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

#: HEALPix order of `hpx` (NESTED); coarser cells are ``hpx >> 2 * (29 - order)``.
ORDER = 29


def unit_vector(ra: ArrayLike, dec: ArrayLike) -> NDArray[np.float64]:
    """Return unit vectors of shape (..., 3) for ICRS positions in degrees."""
    import numpy as np

    ra, dec = np.radians(np.asarray(ra, dtype=float)), np.radians(np.asarray(dec, dtype=float))
    cos_dec = np.cos(dec)
    return np.stack([cos_dec * np.cos(ra), cos_dec * np.sin(ra), np.sin(dec)], axis=-1)


def chord(radius_arcsec: ArrayLike) -> Any:
    """Return the chord on the unit sphere of an angle in arcsec."""
    import numpy as np

    return 2.0 * np.sin(np.radians(np.asarray(radius_arcsec, dtype=float) / 3600.0) / 2.0)


def separation_arcsec(ra1: ArrayLike, dec1: ArrayLike, ra2: ArrayLike, dec2: ArrayLike) -> NDArray[np.float64]:
    """Return the angle between positions in degrees, in arcsec; exact at any distance and at the poles."""
    import numpy as np

    distance = np.linalg.norm(unit_vector(ra1, dec1) - unit_vector(ra2, dec2), axis=-1)
    return np.asarray(np.degrees(2.0 * np.arcsin(np.clip(distance / 2.0, 0.0, 1.0))) * 3600.0)


def moved(ra: ArrayLike, dec: ArrayLike, east: ArrayLike, north: ArrayLike) -> tuple[Any, Any]:
    """Return the places (deg) so many arcsec to the east and north of others, along great circles."""
    import numpy as np

    a, d = np.radians(np.asarray(ra, dtype=float)), np.radians(np.asarray(dec, dtype=float))
    e, n = (np.radians(np.asarray(v, dtype=float) / 3600.0) for v in (east, north))
    angle = np.hypot(e, n)
    share = np.sinc(angle / np.pi)
    x = np.cos(angle) * np.cos(d) * np.cos(a) - share * (e * np.sin(a) + n * np.sin(d) * np.cos(a))
    y = np.cos(angle) * np.cos(d) * np.sin(a) + share * (e * np.cos(a) - n * np.sin(d) * np.sin(a))
    z = np.cos(angle) * np.sin(d) + share * n * np.cos(d)
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))


def healpix(ra: ArrayLike, dec: ArrayLike, order: int = ORDER) -> NDArray[np.int64]:
    """Return NESTED HEALPix cells of ICRS positions in degrees."""
    import healpy
    import numpy as np

    cells = healpy.ang2pix(2**order, np.asarray(ra, dtype=float), np.asarray(dec, dtype=float), nest=True, lonlat=True)
    return np.asarray(cells, dtype=np.int64)


def name_of(ra: float, dec: float) -> str:
    """Return the name ``Jhhmmss.ss+ddmmss.s`` of a position in degrees (truncated, as the IAU asks).

    Examples
    --------
    >>> name_of(31.04284, 46.68783)
    'J020410.28+464116.1'
    """
    hours = int(ra % 360.0 / 15.0 * 360000.0 + 1e-6)  # hundredths of a second of time
    arc = int(abs(dec) * 36000.0 + 1e-6)  # tenths of an arcsecond
    h, rest = divmod(hours, 360000)
    m, s = divmod(rest, 6000)
    d, rest = divmod(arc, 36000)
    dm, ds = divmod(rest, 600)
    sign = "-" if dec < 0 else "+"
    return f"J{h:02d}{m:02d}{s // 100:02d}.{s % 100:02d}{sign}{d:02d}{dm:02d}{ds // 10:02d}.{ds % 10}"


def names_of(ra: ArrayLike, dec: ArrayLike) -> list[str]:
    """Return what `name_of` returns, of many positions at once.

    Examples
    --------
    >>> names_of([31.04284, 359.99999], [46.68783, -0.5])
    ['J020410.28+464116.1', 'J235959.99-003000.0']
    """
    import numpy as np

    dec = np.asarray(dec, dtype=float)
    hours = (np.asarray(ra, dtype=float) % 360.0 / 15.0 * 360000.0 + 1e-6).astype(np.int64)
    arc = (np.abs(dec) * 36000.0 + 1e-6).astype(np.int64)
    text = np.tile(np.frombuffer(b"J000000.00+000000.0", dtype=np.uint8), (len(dec), 1))
    text[dec < 0, 10] = ord("-")
    sixty = ((hours, 360000, 1), (hours, 6000, 3), (hours, 100, 5), (arc, 36000, 11), (arc, 600, 13), (arc, 10, 15))
    for number, unit, at in sixty:
        two = number // unit if at in (1, 11) else number // unit % 60
        text[:, at] += (two // 10).astype(np.uint8)
        text[:, at + 1] += (two % 10).astype(np.uint8)
    for number, unit, at in ((hours, 10, 8), (hours, 1, 9), (arc, 1, 18)):
        text[:, at] += (number // unit % 10).astype(np.uint8)
    return [name.decode() for name in text.view("S19").ravel().tolist()]


_SEXAGESIMAL = re.compile(
    r"^\s*([+-]?)(\d+)\s*[:hd°\s]\s*(\d+)(?:\s*[:m'′\s]\s*(\d+(?:\.\d*)?))?\s*[s\"″]?\s*$", re.IGNORECASE
)


def _angle(text: str, what: str) -> tuple[float, bool]:
    """Return the number and whether it was sexagesimal."""
    try:
        return float(text), False
    except ValueError:
        pass
    found = _SEXAGESIMAL.match(text)
    if not found:
        raise UsageError(
            f"{what} {text!r} is not an angle",
            "write degrees (31.0428), 02:04:10.3 or 02h04m10.3s, +46:41:16 or +46d41m16s",
        )
    sign, a, b, c = found.groups()
    if float(b) >= 60 or float(c or 0) >= 60:
        raise UsageError(f"{what} {text!r} has minutes or seconds of 60 or more")
    value = float(a) + float(b) / 60.0 + float(c or 0) / 3600.0
    return (-value if sign == "-" else value), True


def parse_ra(text: str) -> float:
    """Return a right ascension in degrees: a number is degrees, sexagesimal is hours (or degrees with ``d``).

    Examples
    --------
    >>> parse_ra("02:04:00"), parse_ra("31.0")
    (31.0, 31.0)
    """
    value, sexagesimal = _angle(text.strip(), "right ascension")
    if sexagesimal and "d" not in text.lower() and "°" not in text:
        value *= 15.0
    if not 0 <= value <= 360:
        raise UsageError(f"right ascension {text!r} is {value:g} deg, outside 0 to 360")
    return value % 360.0


def parse_dec(text: str) -> float:
    """Return a declination in degrees, from a number or sexagesimal degrees.

    Examples
    --------
    >>> parse_dec("-30:30:00"), parse_dec("-30.5"), parse_dec("-00d30m00s")
    (-30.5, -30.5, -0.5)
    """
    value, _ = _angle(text.strip(), "declination")
    if not -90 <= value <= 90:
        raise UsageError(f"declination {text!r} is {value:g} deg, outside -90 to 90")
    return value
