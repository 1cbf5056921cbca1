"""The path of something that moves along a great circle at a constant rate, as its observer measured it."""

from __future__ import annotations

import math

import numpy as np

from photdb import sky
from photdb.catalogs.ephemeris import Ephemeris
from photdb.catalogs.ephemeris_files import LONGEST_STEP_DEG
from photdb.errors import UsageError

#: h; rows of the path.
_STEP_H = 1.0


def linear_path(ra: float, dec: float, ra_rate: float, dec_rate: float, *, at: float, days: float) -> Ephemeris:
    """Return the path of something that was at a place at a date.

    Parameters
    ----------
    ra, dec : float
        deg, ICRS.
    ra_rate, dec_rate : float
        arcsec/h; motion to the east (with cos(dec)) and north.
    at : float
        MJD, UTC; when it was there.
    days : float
        How long the path is, half of it before ``at``.

    Raises
    ------
    UsageError
        If the rates, the date or the span are none.
    """
    speed = math.hypot(ra_rate, dec_rate)
    if not (math.isfinite(speed) and speed * _STEP_H < LONGEST_STEP_DEG * 3600):
        raise UsageError(f"rates of {ra_rate:g} {dec_rate:g}", "arcsec/h to the east (with cos dec) and north")
    if not 15020 < at < 88069:
        raise UsageError(f"--at {at:g} is not an MJD of 1900 to 2100", "MJD, UTC, as --at 58568.25")
    if not 0 < days <= 100:
        raise UsageError(f"a path of {days:g} d", "--span is in days, up to 100; rates are constant for hours to days")
    n = max(2, math.ceil(days * 24.0 / _STEP_H) + 1)
    hours = np.linspace(-12.0 * days, 12.0 * days, n)
    places = sky.moved(ra, dec, ra_rate * hours, dec_rate * hours)
    nothing = np.full(n, np.nan)
    source = f"rates {ra_rate:.8g} {dec_rate:.8g} arcsec/h at MJD {at:.10g}"
    return Ephemeris(at + hours / 24.0, places[0], places[1], nothing, nothing, nothing, source)
