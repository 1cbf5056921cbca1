"""Reference stars from a table: our columns from a catalogue's, and their places at a frame's date."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from photdb import sky
from photdb.catalogs.definition import Catalog, Epoch, Magnitude
from photdb.errors import InputError
from photdb.magnitudes import POGSON

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

_CUT = re.compile(r"^(?P<left>.+?)\s*(?P<op><=|>=|==|!=|<|>|&|\bin\b)\s*(?P<right>.+?)(?P<missing>\s+or missing)?$")
_COMPARE = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True, slots=True)
class Reference:
    """Stars of a catalogue in our columns.

    Attributes
    ----------
    stars
        catalog, source_id, hpx, ra, dec, epoch, pm_ra, pm_dec, is_good; one row a source_id, sorted by hpx.
    mags
        catalog, source_id, band, mag, mag_err, mag_system, is_good.
    notes
        What was left out or could not be checked.
    """

    stars: pl.DataFrame
    mags: pl.DataFrame
    notes: tuple[str, ...]


class Columns:
    """The columns of a table under the names that different programs give them."""

    def __init__(self, table: pl.DataFrame) -> None:
        self.table = table
        self._plain = _unambiguous(table.columns, _plain)
        self._anycase = _unambiguous(table.columns, lambda c: _plain(c).lower())

    def find(self, names: Iterable[str], *, any_case: bool = False) -> str | None:
        """Return the first of the names that the table has, as it stands or with ' . ( ) as _.

        In any case only where asked: gmag and Gmag, RFlag and rFlag are different things.
        """
        for name in names:
            found = name if name in self.table.columns else self._plain.get(_plain(name))
            if any_case:
                found = found or self._anycase.get(_plain(name).lower())
            if found:
                return found
        return None

    def numbers(self, name: str) -> Array:
        """Return a column as numbers, NaN where it has none."""
        import polars as pl

        return self.table[name].cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy().astype(np.float64)


def understand(table: pl.DataFrame, catalog: Catalog, *, where: str) -> Reference:
    """Return the reference stars of a table.

    Parameters
    ----------
    table : polars.DataFrame
        As the file has it.
    catalog : Catalog
        What its columns mean.
    where : str
        The file, for messages.

    Raises
    ------
    InputError
        If columns are missing, or no row has a position.
    """
    import polars as pl

    columns = Columns(table)
    notes: list[str] = []
    ra, dec, epoch = _position(columns, catalog, where)
    usable = _on_the_sky(ra, dec) & np.isfinite(epoch)
    if not usable.any():
        raise InputError(
            f"{where}: none of {table.height} rows has a position in degrees", "see `photdb refcat add --help`"
        )
    if not usable.all():
        notes.append(f"{int((~usable).sum())} rows without a position left out")
    pm_ra, pm_dec = _proper_motion(columns, catalog)
    hpx = np.zeros(table.height, dtype=np.int64)
    hpx[usable] = sky.healpix(ra[usable], dec[usable])
    ids = _source_ids(columns, catalog, hpx)
    good = _passes(columns, catalog.good, notes)
    stars = pl.DataFrame(
        {"catalog": [catalog.name] * table.height, "source_id": ids, "hpx": hpx, "ra": ra % 360.0, "dec": dec,
         "epoch": epoch, "pm_ra": pm_ra, "pm_dec": pm_dec, "is_good": good, "row": np.arange(table.height)}
    )  # fmt: skip
    stars = stars.with_columns(pl.col("pm_ra", "pm_dec").fill_nan(None)).filter(pl.Series(usable))
    once = stars.unique("source_id", keep="first", maintain_order=True)
    if once.height < stars.height:
        notes.append(f"{stars.height - once.height} rows name a star again: the first was taken")
    mags = _magnitudes(columns, catalog, once["row"].to_numpy(), once["source_id"].to_numpy(), where, notes)
    return Reference(once.drop("row").sort("hpx", "source_id"), mags, tuple(notes))


def at_epoch(
    ra: ArrayLike, dec: ArrayLike, pm_ra: ArrayLike, pm_dec: ArrayLike, epoch: ArrayLike, to: float
) -> tuple[Array, Array]:
    """Return positions (deg) moved by their proper motion to a Julian year.

    The unit vector is moved along its tangent plane, so the poles and RA 0 are like any other place; perspective
    acceleration is left out (below 1 mas in 30 years but for the few nearest stars).

    Parameters
    ----------
    ra, dec : array_like
        deg, ICRS at `epoch`.
    pm_ra, pm_dec : array_like
        mas/yr, with cos(dec); NaN is taken as none.
    epoch : array_like
        Julian year.
    to : float
        Julian year.
    """
    a, d = np.radians(np.asarray(ra, dtype=float)), np.radians(np.asarray(dec, dtype=float))
    years = to - np.asarray(epoch, dtype=float)
    da, dd = (np.radians(np.nan_to_num(np.asarray(pm, dtype=float)) / 3.6e6) * years for pm in (pm_ra, pm_dec))
    x = np.cos(d) * np.cos(a) - da * np.sin(a) - dd * np.sin(d) * np.cos(a)
    y = np.cos(d) * np.sin(a) + da * np.cos(a) - dd * np.sin(d) * np.sin(a)
    z = np.sin(d) + dd * np.cos(d)
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))


def _plain(name: str) -> str:
    """Return a column's name as astropy and TOPCAT make it."""
    return re.sub(r"[^0-9A-Za-z]+", "_", name)


def _unambiguous(columns: list[str], key: Any) -> dict[str, str]:
    """Return the columns by a key that only one of them has."""
    found: dict[str, list[str]] = {}
    for column in columns:
        found.setdefault(key(column), []).append(column)
    return {k: v[0] for k, v in found.items() if len(v) == 1}


def _position(columns: Columns, catalog: Catalog, where: str) -> tuple[Array, Array, Array]:
    """Return ra, dec (deg) and epoch by the first position whose columns are all there."""
    for position in catalog.positions:
        ra, dec = columns.find(position.ra, any_case=True), columns.find(position.dec, any_case=True)
        years = _epochs(columns, position.epoch) if ra and dec else None
        if ra and dec and years is not None:
            return _angles(columns, ra, 15.0), _angles(columns, dec, 1.0), years
    wanted = " or ".join(
        f"{p.ra[0]}, {p.dec[0]}{f', {p.epoch.column}' if p.epoch.year is None else ''}" for p in catalog.positions
    )
    raise InputError(
        f"{where}: not {catalog.title} as {catalog.name}.toml knows it: needs columns {wanted}; "
        f"has {', '.join(columns.table.columns[:30])}",
        "is it another catalogue? Or name the columns: --columns ra=...,dec=...,g=...",
    )


def _epochs(columns: Columns, epoch: Epoch) -> Array | None:
    """Return the Julian year of every row, None when the column is needed and not there."""
    name = columns.find([epoch.column], any_case=True) if epoch.column else None
    if name is None:
        return None if epoch.year is None else np.full(columns.table.height, epoch.year)
    value = columns.numbers(name)
    day0 = {"mjd": 51544.5, "jd": 2451545.0}.get(epoch.scale)
    years = value if day0 is None else 2000.0 + (value - day0) / 365.25
    return years if epoch.year is None else np.where(np.isfinite(years), years, epoch.year)


def _angles(columns: Columns, name: str, degrees_an_hour: float) -> Array:
    """Return angles in degrees; text is sexagesimal, hours for right ascensions."""
    import polars as pl

    if columns.table[name].dtype != pl.String:
        return columns.numbers(name)
    parts = columns.table[name].str.strip_chars().str.extract(r"^([+-])", 1) == "-"
    fields = columns.table[name].str.extract_all(r"\d+(?:\.\d*)?").list
    whole, minutes, seconds = (fields.get(k, null_on_oob=True).cast(pl.Float64, strict=False) for k in range(3))
    value = (whole + minutes / 60 + seconds.fill_null(0.0) / 3600).fill_null(float("nan")).to_numpy()
    sign = np.where(parts.fill_null(False).to_numpy(), -1.0, 1.0)
    return np.asarray(sign * value * degrees_an_hour, dtype=float)


def _on_the_sky(ra: Array, dec: Array) -> NDArray[np.bool_]:
    """Return where a position is one."""
    with np.errstate(invalid="ignore"):
        return np.asarray((ra >= -360) & (ra <= 360) & (dec >= -90) & (dec <= 90))


def _proper_motion(columns: Columns, catalog: Catalog) -> tuple[Array, Array]:
    """Return proper motions, mas/yr, NaN where there are none."""
    found = [columns.find(names, any_case=True) for names in catalog.pm or ((), ())]
    if not all(found):
        none = np.full(columns.table.height, np.nan)
        return none, none
    return columns.numbers(str(found[0])), columns.numbers(str(found[1]))


def _source_ids(columns: Columns, catalog: Catalog, hpx: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the catalogue's own numbers, or the cells where it has none."""
    import polars as pl

    factors = [(columns.find([name], any_case=True), factor) for name, factor in catalog.id]
    if factors and all(name and factor for name, factor in factors):
        parts = [columns.table[str(name)].cast(pl.Int64, strict=False) * int(factor or 1) for name, factor in factors]
        number = sum(parts[1:], parts[0])
    else:
        own = next((name for name, factor in factors if name and factor is None), None)
        if own is None:
            return hpx
        text = columns.table[own].cast(pl.String).str.extract(r"(\d+)\s*$", 1)  # "Gaia DR3 1234"
        number = text.cast(pl.Int64, strict=False)
    if number.null_count():
        return hpx
    return np.asarray(number.to_numpy(), dtype=np.int64)


def _magnitudes(
    columns: Columns, catalog: Catalog, rows: NDArray[np.int64], ids: NDArray[np.int64], where: str, notes: list[str]
) -> pl.DataFrame:
    """Return the magnitudes of all bands that the table has."""
    import polars as pl

    parts = []
    for band, entry in catalog.bands.items():
        name = columns.find(entry.mag)
        if name is None:
            continue
        mag = columns.numbers(name)[rows]
        there = np.isfinite(mag) & ~np.isin(mag, catalog.missing) & (np.abs(mag) < 50)
        mag = mag + entry.offset
        good = _passes(columns, entry.good, notes)[rows]
        if entry.range:
            with np.errstate(invalid="ignore"):
                good &= (mag >= entry.range[0]) & (mag <= entry.range[1])
        part = pl.DataFrame(
            {"source_id": ids, "mag": mag, "mag_err": _errors(columns, entry, catalog.missing)[rows], "is_good": good}
        ).filter(pl.Series(there))
        parts.append(
            part.with_columns(catalog=pl.lit(catalog.name), band=pl.lit(band), mag_system=pl.lit(entry.system))
        )
    if not any(part.height for part in parts):
        wanted = ", ".join(entry.mag[0] for entry in catalog.bands.values())
        raise InputError(
            f"{where}: no magnitudes: needs one of {wanted}; has {', '.join(columns.table.columns[:30])}",
            "is it another catalogue? Or name the columns: --columns ra=...,dec=...,g=...",
        )
    table = pl.concat(parts).with_columns(pl.col("mag_err").fill_nan(None))
    return table.select("catalog", "source_id", "band", "mag", "mag_err", "mag_system", "is_good")


def _errors(columns: Columns, entry: Magnitude, missing: tuple[float, ...]) -> Array:
    """Return magnitude errors, NaN where the catalogue gives none (0 is none)."""
    name = columns.find(entry.err)
    pair = [columns.find([c]) for c in entry.flux_err or ()]
    if name:
        err = columns.numbers(name)
    elif pair and all(pair):
        with np.errstate(invalid="ignore", divide="ignore"):
            err = POGSON * columns.numbers(str(pair[0])) / columns.numbers(str(pair[1]))
    else:
        return np.full(columns.table.height, np.nan)
    with np.errstate(invalid="ignore"):
        known = (err > 0) & ~np.isin(err, missing)
    return np.where(known, np.hypot(entry.error_scale * err, entry.error_floor), np.nan)


def _passes(columns: Columns, cuts: Iterable[str], notes: list[str]) -> NDArray[np.bool_]:
    """Return the rows that pass all cuts; a cut on a column that is not there is left out, with a note."""
    good = np.ones(columns.table.height, dtype=bool)
    for cut in cuts:
        passed = _pass(columns, cut)
        if passed is not None:
            good &= passed
        elif (note := f"{cut}: no such column, not checked") not in notes:
            notes.append(note)
    return good


def _pass(columns: Columns, cut: str) -> NDArray[np.bool_] | None:
    """Return the rows that pass one cut, None when its column is not in the table.

    ``column < 3``, ``a - b < 0.05``, ``Qual & 4`` (a bit), ``Qflg[0] in A B`` (a character), ``column != WORD``.
    A missing value fails, but for ``!=`` and ``or missing``.
    """
    import polars as pl

    found = _CUT.match(cut)
    if not found:
        raise InputError(f"cut {cut!r} cannot be understood", "column < number, column in WORD WORD, column & bit")
    left, op, right = found["left"], found["op"], found["right"]
    first, _, second = left.partition(" - ")
    place = re.match(r"^(.+)\[(\d)\]$", first)
    name, other = columns.find([place[1] if place else first]), columns.find([second]) if second else None
    if name is None or (second and other is None):
        return None
    values = columns.table[name]
    if place:
        values = values.cast(pl.String).str.slice(int(place[2]), 1)
    missing = values.is_null().to_numpy() if values.dtype == pl.String else ~np.isfinite(_floats(values))
    absent_passes = op == "!=" or bool(found["missing"])
    if op == "in":
        passed = values.cast(pl.String).is_in(right.split()).fill_null(False).to_numpy()
    elif op == "&":
        passed = (values.cast(pl.Int64, strict=False).fill_null(0).to_numpy() & int(right)) != 0
    elif values.dtype == pl.String and op in ("==", "!="):
        passed = _COMPARE[op](values.fill_null(""), right).to_numpy()
    else:
        number = _floats(values) - (_floats(columns.table[other]) if other else 0.0)
        with np.errstate(invalid="ignore"):
            passed = _COMPARE[op](number, float(right))
    return np.asarray(np.where(missing, absent_passes, passed), dtype=bool)


def _floats(values: pl.Series) -> Array:
    """Return a column as numbers, NaN where it has none."""
    import polars as pl

    return np.asarray(values.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy(), dtype=np.float64)
