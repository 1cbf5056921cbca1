"""Paths of moving targets read from files, and looked at before they are believed.

A file is a CSV with a header (``mjd``, ``jd`` or ``time``; ``ra``, ``dec``; ``ra_rate``, ``dec_rate``,
``sigma_arcsec``, ``r_au``, ``delta_au``, ``phase_deg`` and ``v_mag`` where known), or what JPL Horizons writes for an
observer table (astrometric R.A. and Dec.).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from photdb import sky
from photdb.catalogs.ephemeris import ARCSEC, FEW, GEOMETRY, GOOD_ARCSEC, Ephemeris, axes, interpolation_error
from photdb.errors import InputError, UsageError

if TYPE_CHECKING:
    from photdb.catalogs.ephemeris import Array

#: deg; a step from row to row above which nothing can be said of the places between.
LONGEST_STEP_DEG = 10.0

#: Rates that differ by more than this share (and 1 arcsec/h) from the steps between the rows are something else.
RATE_SHARE = 0.2

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
    east, north = axes(middle)
    step = np.diff(unit, axis=0) * ARCSEC
    return (step * east).sum(axis=1), (step * north).sum(axis=1)


def _with_error_between(path: Ephemeris) -> Ephemeris:
    """Return the path with the error of its interpolation in its errors, where that is not small."""
    if len(path) < FEW:
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


def _span(days: float) -> str:
    """Return a time as people say it."""
    return f"{days:.3g} d" if days >= 1 else f"{days * 24:.3g} h" if days >= 1 / 24 else f"{days * 1440:.3g} min"
