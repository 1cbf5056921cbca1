"""Paths of moving targets: read from files, and the place at any date between two of their rows.

A file is a CSV with a header (``mjd``, ``jd`` or ``time``; ``ra``, ``dec``; ``ra_rate``, ``dec_rate``,
``sigma_arcsec``, ``r_au``, ``delta_au``, ``phase_deg`` and ``v_mag`` where known), or what JPL Horizons writes for an
observer table (astrometric R.A. and Dec.).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from photdb import sky
from photdb.errors import InputError, UsageError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

#: arcsec; places between rows are good to this, or the file's rows are too far apart and the error is added to theirs.
GOOD_ARCSEC = 0.05

#: deg; a step from row to row above which nothing can be said of the places between.
LONGEST_STEP_DEG = 10.0

#: d; a date so little outside the path is its end: dates of frames and of rows are both rounded.
EDGE_D = 2e-5

#: Rows below which leaving out every second one tells nothing.
_FEW = 5

#: Rates that differ by more than this share (and 1 arcsec/h) from the steps between the rows are something else.
RATE_SHARE = 0.2

#: Rows that a place between two of them is found from.
_ROWS = 6

#: d; a longer time without rows, and so many times longer than the steps beside it, is a gap: nothing is said of it.
GAP_D, GAP_STEPS = 0.3, 4.0

#: What a path may say besides places: au from the Sun, au from the observer, deg at the target between them, mag in V.
GEOMETRY = ("r_au", "delta_au", "phase_deg", "v_mag")

_ARCSEC = np.degrees(1.0) * 3600.0  # in a radian
_MJD_0 = datetime(1858, 11, 17, tzinfo=UTC)
_NAMES = {
    "mjd": ("mjd", "mjd_utc", "mjd_mid"),
    "jd": ("jd", "jd_utc", "datetime_jd"),
    "time": ("time", "date", "utc", "date_utc", "time_utc", "datetime_str", "iso"),
    "ra": ("ra", "ra_deg", "raj2000", "ra_icrs"),
    "dec": ("dec", "dec_deg", "dej2000", "dec_icrs"),
    "ra_rate": ("ra_rate", "dra_cosdec", "ra_rate_arcsec_h"),
    "dec_rate": ("dec_rate", "ddec", "dec_rate_arcsec_h"),
    "sigma": ("sigma_arcsec", "sigma", "err_arcsec"),
    "r_au": ("r_au", "r", "rh", "rhelio_au"),
    "delta_au": ("delta_au", "delta"),
    "phase_deg": ("phase_deg", "phase", "alpha"),
    "v_mag": ("v_mag", "v", "vmag", "apmag"),
}


@dataclass(frozen=True, slots=True)
class Ephemeris:
    """A path: one entry a date, the earliest first.

    Attributes
    ----------
    mjd
        d, UTC.
    ra, dec
        deg, ICRS, astrometric.
    ra_rate, dec_rate
        arcsec/h, the first with cos(dec); NaN: not known.
    sigma_arcsec
        arcsec, 1 sigma of the place; NaN: not known.
    source
        The file and what wrote it.
    notes
        What the user should know of it.
    geometry
        r_au, delta_au (au), phase_deg (deg), v_mag (mag), as far as they are said; NaN: not known.
    """

    mjd: Array
    ra: Array
    dec: Array
    ra_rate: Array
    dec_rate: Array
    sigma_arcsec: Array
    source: str
    notes: tuple[str, ...] = ()
    geometry: Mapping[str, Array] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.mjd)

    def at(self, mjd: ArrayLike) -> Places:
        """Return the places at dates (MJD UTC); NaN before the first row, after the last, and in gaps between nights.

        Between two rows with rates: Hermite's cubic of the unit vectors; without: the polynomial through the six
        rows around (a great circle, where there are only two), because the daily circle of an observer near a close
        body is too much for four rows of two hours. Both are then brought back to the sphere.
        """
        return _places(self, np.atleast_1d(np.asarray(mjd, dtype=float)))

    def part(self, rows: slice) -> Ephemeris:
        """Return some of the rows."""
        return replace(
            self, mjd=self.mjd[rows], ra=self.ra[rows], dec=self.dec[rows], ra_rate=self.ra_rate[rows],
            dec_rate=self.dec_rate[rows], sigma_arcsec=self.sigma_arcsec[rows],
            geometry={name: values[rows] for name, values in self.geometry.items()},
        )  # fmt: skip

    def stretches(self) -> list[slice]:
        """Return the rows between gaps."""
        step = np.diff(self.mjd)
        beside = np.full(len(step), np.inf)
        if len(step) > 1:
            beside = np.fmax(np.append(step[1:], -np.inf), np.insert(step[:-1], 0, -np.inf))
        ends = np.flatnonzero((step > GAP_D) & (step > GAP_STEPS * beside)) + 1
        return [slice(a, b) for a, b in zip([0, *ends.tolist()], [*ends.tolist(), len(self)], strict=True)]


@dataclass(frozen=True, slots=True)
class Places:
    """Where a target is at some dates: deg, arcsec/h (the first with cos(dec)), arcsec, au, mag; NaN: not known."""

    ra: Array
    dec: Array
    ra_rate: Array
    dec_rate: Array
    sigma_arcsec: Array
    r_au: Array
    delta_au: Array
    phase_deg: Array
    v_mag: Array


def read(path: Path) -> Ephemeris:
    """Read a path from a CSV or from what JPL Horizons wrote.

    Raises
    ------
    InputError
        If there is no such file, or it does not say where something is when: what is wrong is said with its line.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file", "a CSV with mjd,ra,dec, or the text of JPL Horizons")
    text = path.read_bytes().decode("utf-8-sig", "replace")
    if not text.strip():
        raise InputError(f"{path}: empty", "a CSV with mjd,ra,dec, or the text of JPL Horizons")
    if "$$SOE" in text:
        from photdb.catalogs.ephemeris_horizons import read_horizons

        rows = read_horizons(text, path)
    else:
        rows = _read_csv(text, path)
    return checked(rows, path)


@dataclass(slots=True)
class RawRows:
    """What a file says, before it is looked at: lists of the same length, NaN for what is not there."""

    mjd: list[float]
    ra: list[float]
    dec: list[float]
    ra_rate: list[float]
    dec_rate: list[float]
    sigma: list[float]
    writer: str
    notes: list[str]
    geometry: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in GEOMETRY})


def _read_csv(text: str, path: Path) -> RawRows:
    """Return the rows of a CSV whose first line names the columns."""
    lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip() and not line.startswith("#")]
    separator = max(",;\t", key=lines[0][1].count) if lines else ","
    header = [word.strip().strip('"').lower() for word in lines[0][1].split(separator)]
    column = {what: next((header.index(n) for n in names if n in header), None) for what, names in _NAMES.items()}
    if column["ra"] is None or column["dec"] is None or all(column[k] is None for k in ("mjd", "jd", "time")):
        raise InputError(
            f"{path}: its first line names {', '.join(filter(None, header))[:80]}; needed are mjd (or jd, or time), ra "
            "and dec",
            "ra_rate, dec_rate (arcsec/h, the first with cos dec), sigma_arcsec, r_au, delta_au, phase_deg, v_mag may "
            "follow; or give JPL Horizons' text",
        )
    rows = RawRows([], [], [], [], [], [], "CSV", [])
    for number, line in lines[1:]:
        words = [word.strip() for word in next(csv.reader([line], delimiter=separator))]
        fields = {what: words[i] if i is not None and i < len(words) else "" for what, i in column.items()}
        try:
            rows.mjd.append(_date(fields))
            rows.ra.append(sky.parse_ra(fields["ra"]))
            rows.dec.append(sky.parse_dec(fields["dec"]))
            known = {"ra_rate": rows.ra_rate, "dec_rate": rows.dec_rate, "sigma": rows.sigma, **rows.geometry}
            for name, kept in known.items():
                kept.append(float(fields[name]) if fields[name] and fields[name] != "--" else np.nan)
        except (ValueError, UsageError) as error:
            what = error.what if isinstance(error, UsageError) else str(error)
            raise InputError(f"{path}, line {number}: {what}", "each row says a date (UTC), ra and dec") from None
    return rows


def _date(fields: dict[str, str]) -> float:
    """Return the MJD of a row."""
    if fields["mjd"]:
        return float(fields["mjd"])
    if fields["jd"]:
        return float(fields["jd"]) - 2400000.5
    moment = datetime.fromisoformat(fields["time"])
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return (moment - _MJD_0).total_seconds() / 86400.0


def checked(rows: RawRows, path: Path) -> Ephemeris:
    """Return the path that rows describe, sorted by date, or say why they describe none."""
    if not rows.mjd:
        raise InputError(f"{path}: no rows", "each row says a date (UTC), ra and dec")
    order = np.argsort(np.array(rows.mjd), kind="stable")
    found = [
        np.array(values, dtype=float)[order]
        for values in (rows.mjd, rows.ra, rows.dec, rows.ra_rate, rows.dec_rate, rows.sigma)
    ]
    mjd, ra, dec, ra_rate, dec_rate, sigma = found
    if not np.isfinite(mjd).all() or mjd[0] < 15020 or mjd[-1] > 88069:
        wrong = mjd[~((mjd >= 15020) & (mjd <= 88069))][0]
        raise InputError(f"{path}: MJD {wrong:g} is not a date of 1900 to 2100", "mjd is JD - 2400000.5, in UTC")
    twice = np.flatnonzero(np.diff(mjd) <= 0)
    if twice.size:
        raise InputError(f"{path}: MJD {mjd[twice[0]]:.6f} is there twice", "one row a date")
    if len(mjd) < 2:
        raise InputError(f"{path}: one row", "a path needs two rows at least, one before and one after the frames")
    step = sky.separation_arcsec(ra[:-1], dec[:-1], ra[1:], dec[1:])
    if step.max() > LONGEST_STEP_DEG * 3600:
        at = int(step.argmax())
        raise InputError(
            f"{path}: {step[at] / 3600:.1f} deg from MJD {mjd[at]:.5f} to {mjd[at + 1]:.5f}",
            "are ra and dec degrees, ICRS? Rows must be near enough to say where it is between them",
        )
    geometry = {name: np.array(v)[order] for name, v in rows.geometry.items() if v and np.isfinite(v).any()}
    source = f"{rows.writer}: {path.name}"
    path_ = Ephemeris(mjd, ra, dec, ra_rate, dec_rate, sigma, source, tuple(rows.notes), geometry)
    _check_rates(path_, path)
    return _with_error_between(path_)


def _check_rates(path: Ephemeris, file: Path) -> None:
    """Refuse rates that are not those of the places: of another unit, or without cos(dec)."""
    east, north = _steps(path)
    hours = np.diff(path.mjd) * 24.0
    for what, rate, moved in (("ra_rate", path.ra_rate, east), ("dec_rate", path.dec_rate, north)):
        mean = (rate[:-1] + rate[1:]) / 2
        known = np.isfinite(mean)
        if not known.any():
            continue
        off = np.abs(mean - moved / hours)[known]
        speed = np.hypot(east, north)[known] / hours[known]
        if np.median(off) > RATE_SHARE * np.median(speed) + 1.0:
            raise InputError(
                f"{file}: {what} is {np.median(mean[known]):.4g} where the places move by "
                f"{np.median((moved / hours)[known]):.4g} arcsec/h",
                "rates are arcsec/h, that of ra with cos(dec); leave them out if they are not known",
            )


def _steps(path: Ephemeris) -> tuple[Array, Array]:
    """Return the motion from row to row on the sky, to the east and to the north of the middle, arcsec."""
    unit = sky.unit_vector(path.ra, path.dec)
    middle = unit[:-1] + unit[1:]
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    east, north = _axes(middle)
    step = np.diff(unit, axis=0) * _ARCSEC
    return (step * east).sum(axis=1), (step * north).sum(axis=1)


def _axes(unit: Array) -> tuple[Array, Array]:
    """Return the directions of east and north at unit vectors."""
    x, y, z = unit.T
    across = np.maximum(np.hypot(x, y), 1e-15)
    east = np.stack([-y / across, x / across, np.zeros_like(z)], axis=1)
    return east, np.cross(unit, east)


def _with_error_between(path: Ephemeris) -> Ephemeris:
    """Return the path with the error of its interpolation in its errors, where that is not small."""
    if len(path) < _FEW:
        note = f"{len(path)} rows: how well places between them are known cannot be told from so few"
        return replace(path, notes=(*path.notes, note))
    error = interpolation_error(path)
    if error <= GOOD_ARCSEC:
        return path
    step = float(np.median(np.diff(path.mjd)))
    note = (
        f"its rows are {_span(step)} apart: places between them are good to {error:.2g} arcsec, which is added to "
        "their errors; smaller steps are better"
    )
    sigma = np.hypot(np.nan_to_num(path.sigma_arcsec), error)
    return replace(path, sigma_arcsec=sigma, notes=(*path.notes, note))


def interpolation_error(path: Ephemeris) -> float:
    """Return how far off places between rows may be (arcsec): every second row is left out, and found again.

    The error of the cubic goes with the fourth power of the step, so it is a sixteenth of what is found; that through
    six rows is smaller still.
    Of fewer than five rows nothing can be said, and it is 0.
    """
    if len(path) < _FEW:
        return 0.0
    off = np.concatenate([_left_out(path.part(rows)) for rows in path.stretches()])
    return float(off.max()) / 16.0 if off.size else 0.0


def _left_out(path: Ephemeris) -> Array:
    """Return how far every second row of a stretch is from where the others have it, arcsec."""
    if len(path) < _FEW:
        return np.zeros(0)
    left_out = slice(1, len(path) - 1 if len(path) % 2 else len(path) - 2, 2)
    there = _between(path.part(slice(None, None, 2)), path.mjd[left_out])
    return np.asarray(sky.separation_arcsec(there.ra, there.dec, path.ra[left_out], path.dec[left_out]))


def _span(days: float) -> str:
    """Return a time as people say it."""
    return f"{days:.3g} d" if days >= 1 else f"{days * 24:.3g} h" if days >= 1 / 24 else f"{days * 1440:.3g} min"


def _places(path: Ephemeris, mjd: Array) -> Places:
    """Return places at dates, in each stretch of rows from its own rows alone."""
    names = [f.name for f in fields(Places)]
    out = {name: np.full(len(mjd), np.nan) for name in names}
    for rows in path.stretches():
        part = path.part(rows)
        mine = (mjd >= part.mjd[0] - EDGE_D) & (mjd <= part.mjd[-1] + EDGE_D)
        if len(part) > 1 and mine.any():
            places = _between(part, mjd[mine])
            for name in names:
                out[name][mine] = getattr(places, name)
    return Places(**out)


def _between(path: Ephemeris, mjd: Array) -> Places:
    """Return places at dates between the rows of a path without gaps."""
    inside = (mjd >= path.mjd[0] - EDGE_D) & (mjd <= path.mjd[-1] + EDGE_D)
    when = np.where(inside, mjd, path.mjd[0])
    before = np.clip(np.searchsorted(path.mjd, when, side="right") - 1, 0, len(path) - 2)
    unit = sky.unit_vector(path.ra, path.dec)
    velocity = _velocities(path, unit)
    smooth, speed = _through_six(path.mjd, unit, before, when)
    moving = np.isfinite(velocity.sum(axis=1))
    both = moving[before] & moving[before + 1]
    hermite, hermite_speed = _hermite(path.mjd, unit, velocity, before, when)
    u = np.where(both[:, None], hermite, smooth)
    v = np.where(both[:, None], hermite_speed, speed)
    u[~inside] = np.nan
    length = np.linalg.norm(u, axis=1, keepdims=True)
    u, v = u / length, v / length
    east, north = _axes(u)
    per_hour = _ARCSEC / 24.0
    sigma = np.fmax(path.sigma_arcsec[before], path.sigma_arcsec[before + 1])
    return Places(
        ra=np.degrees(np.arctan2(u[:, 1], u[:, 0])) % 360.0,
        dec=np.degrees(np.arctan2(u[:, 2], np.hypot(u[:, 0], u[:, 1]))),
        ra_rate=(v * east).sum(axis=1) * per_hour,
        dec_rate=(v * north).sum(axis=1) * per_hour,
        sigma_arcsec=np.where(inside, sigma, np.nan),
        **{name: np.where(inside, _linear(path, name, when), np.nan) for name in GEOMETRY},
    )


def _linear(path: Ephemeris, name: str, when: Array) -> Array:
    """Return what a path says besides places, on straight lines between its rows."""
    values = path.geometry.get(name)
    return np.full(len(when), np.nan) if values is None else np.interp(when, path.mjd, values)


def _velocities(path: Ephemeris, unit: Array) -> Array:
    """Return motions of the unit vectors in a day, NaN where the rates are not known."""
    east, north = _axes(unit)
    both = path.ra_rate[:, None] * east + path.dec_rate[:, None] * north
    return np.asarray(both / _ARCSEC * 24.0)


def _through_six(t: Array, unit: Array, before: NDArray[np.int64], when: Array) -> tuple[Array, Array]:
    """Return Lagrange's polynomial through the six rows around each date (fewer where there are not so many)."""
    n = min(_ROWS, len(t))
    first = np.clip(before - (n - 1) // 2, 0, len(t) - n)
    near = first[:, None] + np.arange(n)
    # In units of the step, from the date: no power of a large number is taken.
    scale = (t[first + n - 1] - t[first])[:, None] / (n - 1)
    x = (t[near] - when[:, None]) / scale
    value, slope = np.zeros((len(when), 3)), np.zeros((len(when), 3))
    for k in range(n):
        others = [j for j in range(n) if j != k]
        below = np.prod([x[:, k] - x[:, j] for j in others], axis=0)
        weight = np.prod([-x[:, j] for j in others], axis=0) / below
        turn = sum(np.prod([-x[:, j] for j in others if j != m], axis=0) for m in others) / below
        value += weight[:, None] * unit[near[:, k]]
        slope += (turn / scale[:, 0])[:, None] * unit[near[:, k]]
    return value, slope


def _hermite(t: Array, unit: Array, velocity: Array, before: NDArray[np.int64], when: Array) -> tuple[Array, Array]:
    """Return the cubic that has place and motion of the rows before and after each date."""
    h = (t[before + 1] - t[before])[:, None]
    s = (when - t[before])[:, None] / h
    u0, u1, v0, v1 = unit[before], unit[before + 1], velocity[before] * h, velocity[before + 1] * h
    value = (
        (2 * s**3 - 3 * s**2 + 1) * u0 + (s**3 - 2 * s**2 + s) * v0 + (3 * s**2 - 2 * s**3) * u1 + (s**3 - s**2) * v1
    )
    slope = (6 * s**2 - 6 * s) * (u0 - u1) + (3 * s**2 - 4 * s + 1) * v0 + (3 * s**2 - 2 * s) * v1
    return value, slope / h
