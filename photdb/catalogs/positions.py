"""Positions, dates and proper motions out of a table: degrees, Julian years, mas/yr; and what is not a position."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from photdb.catalogs.columns import Columns
from photdb.catalogs.definition import Catalog, Epoch
from photdb.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_HOURS = {"h", "hr", "hour", "hours", "hourangle", "h:m:s", "hms"}
_DEGREES = {
    "": 1.0, "deg": 1.0, "degree": 1.0, "degrees": 1.0, "d": 1.0, "d:m:s": 1.0, "dms": 1.0,
    "rad": 180.0 / np.pi, "arcmin": 1 / 60, "arcsec": 1 / 3600, "mas": 1 / 3.6e6,
}  # fmt: skip

#: Rows from which the shape of a field says something about the unit of its right ascensions.
_TELLING = 30


def positions(
    columns: Columns, catalog: Catalog, where: str, notes: list[str], ra_unit: str | None
) -> tuple[Array, Array, Array]:
    """Return ra, dec (deg) and epoch by the first position whose columns are all there.

    Parameters
    ----------
    columns : Columns
    catalog : Catalog
    where : str
        The file, for messages.
    notes : list of str
        What had to be converted is added.
    ra_unit : str or None
        ``deg`` or ``hours`` where the user said so; else the file's own word is taken, then degrees.

    Raises
    ------
    InputError
        If columns are missing, or their unit is no angle, or right ascensions look like hours and nothing says which.
    """
    for position in catalog.positions:
        ra, dec = columns.find(position.ra, any_case=True), columns.find(position.dec, any_case=True)
        years = _epochs(columns, position.epoch) if ra and dec else None
        if ra and dec and years is not None:
            right = _right_ascension(columns, ra, ra_unit, where, notes)
            declination = _angles(columns, dec, where)
            if ra_unit is None and not columns.unit(ra) and not columns.is_text(ra):
                _refuse_hours(right, declination, ra, where)
            return right, declination, years
    wanted = " or ".join(
        f"{p.ra[0]}, {p.dec[0]}{f', {p.epoch.column}' if p.epoch.year is None else ''}" for p in catalog.positions
    )
    raise InputError(
        f"{where}: not {catalog.title} as {catalog.name}.toml knows it: needs columns {wanted}; "
        f"has {', '.join(columns.table.columns[:30])}",
        "is it another catalogue? Or name the columns: --columns ra=...,dec=...,g=...",
    )


def on_the_sky(ra: Array, dec: Array, epoch: Array, notes: list[str]) -> NDArray[np.bool_]:
    """Return where a row has a position that is one, and count the others by what is wrong with them."""
    known = np.isfinite(ra) & np.isfinite(dec) & np.isfinite(epoch)
    with np.errstate(invalid="ignore"):
        right, declination = (ra >= -360) & (ra <= 360), (dec >= -90) & (dec <= 90)
    for wrong, what in (
        (~known, "without a position or its date"),
        (known & ~right, "with a right ascension outside 0 to 360 deg"),
        (known & right & ~declination, "with a declination beyond 90 deg"),
    ):
        if wrong.any():
            notes.append(f"{int(wrong.sum())} rows {what} left out")
    return known & right & declination


def proper_motions(columns: Columns, catalog: Catalog) -> tuple[Array, Array]:
    """Return proper motions, mas/yr, NaN where there are none."""
    found = [columns.find(names, any_case=True) for names in catalog.pm or ((), ())]
    if not all(found):
        none = np.full(columns.table.height, np.nan)
        return none, none
    return _motion(columns, str(found[0])), _motion(columns, str(found[1]))


def motion_errors(columns: Columns, catalog: Catalog) -> Array:
    """Return errors of proper motions, mas/yr, the larger of the two components; NaN where a file says none.

    A catalogue writes 0 where it has none, or where they are below what it can write.
    """
    found = [columns.find(names, any_case=True) for names in catalog.pm_err]
    if not found or not all(found):
        return np.full(columns.table.height, np.nan)
    larger = np.maximum.reduce([_motion(columns, str(name)) for name in found])
    with np.errstate(invalid="ignore"):
        return np.where(larger > 0, larger, np.nan)


def _motion(columns: Columns, name: str) -> Array:
    """Return a proper motion, mas/yr."""
    factor = 1000.0 if columns.unit(name).replace(" ", "") in ("arcsec/yr", "arcsecyr-1", "arcsec.yr-1") else 1.0
    return columns.numbers(name) * factor


def _epochs(columns: Columns, epoch: Epoch) -> Array | None:
    """Return the Julian year of every row, None when the column is needed and not there."""
    name = columns.find([epoch.column], any_case=True) if epoch.column else None
    if name is None:
        return None if epoch.year is None else np.full(columns.table.height, epoch.year)
    value = columns.numbers(name)
    day0 = {"mjd": 51544.5, "jd": 2451545.0}.get(epoch.scale)
    years = value if day0 is None else 2000.0 + (value - day0) / 365.25
    if epoch.year is None:
        return years
    with np.errstate(invalid="ignore"):  # 0 is no date of an observation
        return np.where((years > 1850) & (years < 2200), years, epoch.year)


def _right_ascension(columns: Columns, name: str, ra_unit: str | None, where: str, notes: list[str]) -> Array:
    """Return right ascensions in degrees; text is sexagesimal hours unless its unit or the user says degrees."""
    unit = columns.unit(name)
    hours = ra_unit == "hours" if ra_unit else (unit in _HOURS or (columns.is_text(name) and not unit.startswith("d")))
    if not hours:
        return _angles(columns, name, where, trusted=ra_unit is not None)
    if not columns.is_text(name):
        notes.append(f"{name}: hours, {'as you say' if ra_unit else 'as its unit says'}: times 15")
    return 15.0 * _angles(columns, name, where, trusted=True)


def _angles(columns: Columns, name: str, where: str, *, trusted: bool = False) -> Array:
    """Return angles in degrees by the unit of the column; text is sexagesimal."""
    unit = columns.unit(name)
    if unit not in _DEGREES and not trusted:
        raise InputError(f"{where}: column {name} is in {unit!r}, which is no angle that is known", "deg, hours or rad")
    if columns.is_text(name):
        return _sexagesimal(columns, name)
    return columns.numbers(name) * (1.0 if trusted else _DEGREES[unit])


def _sexagesimal(columns: Columns, name: str) -> Array:
    """Return the number that ``-00 41 16.2`` or ``-00:41:16.2`` is; NaN for what is neither."""
    import polars as pl

    text = columns.table[name].str.strip_chars()
    fields = text.str.extract_all(r"\d+(?:\.\d*)?").list
    whole, minutes, seconds = (fields.get(k, null_on_oob=True).cast(pl.Float64, strict=False) for k in range(3))
    value = (whole + minutes / 60 + seconds.fill_null(0.0) / 3600).fill_null(float("nan")).to_numpy()
    negative = (text.str.extract(r"^([+-])", 1) == "-").fill_null(False).to_numpy()
    return np.asarray(np.where(negative, -value, value), dtype=float)


def _refuse_hours(ra: Array, dec: Array, name: str, where: str) -> None:
    """Raise where right ascensions look like hours: below 24, and the field 15 times too narrow, or the whole sky's."""
    there = np.isfinite(ra) & np.isfinite(dec)
    ra, dec = ra[there], dec[there]
    if len(ra) < _TELLING or ra.min() < 0 or ra.max() > 24:
        return
    low, middle, high = np.percentile(dec, [5, 50, 95])
    width = float(np.diff(np.percentile(ra, [5, 95]))[0])
    narrow = 1 / 30 < width * np.cos(np.radians(middle)) / max(high - low, 1e-9) < 1 / 7.5
    if (high - low < 30 and narrow) or (high - low >= 30 and width > 18):
        raise InputError(
            f"{where}: {name} runs from {ra.min():.2f} to {ra.max():.2f} while the declinations spread over "
            f"{high - low:.2f} deg: hours, not degrees?",
            "say which: --ra-unit hours or --ra-unit deg",
        )
