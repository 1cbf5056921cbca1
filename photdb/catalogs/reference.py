"""Reference stars from a table: our columns from a catalogue's, and their places at a frame's date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from photdb import sky
from photdb.catalogs.columns import Columns
from photdb.catalogs.cuts import passes
from photdb.catalogs.definition import Catalog, Magnitude, Names
from photdb.catalogs.positions import motion_errors, on_the_sky, positions, proper_motions
from photdb.catalogs.source_ids import source_ids
from photdb.errors import InputError
from photdb.magnitudes import POGSON

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

_MAG = {"mag": 1.0, "cmag": 0.01, "0.01mag": 0.01, "mmag": 0.001}


@dataclass(frozen=True, slots=True)
class Reference:
    """Stars of a catalogue in our columns.

    Attributes
    ----------
    stars
        catalog, source_id, hpx, ra, dec, epoch, pm_ra, pm_dec, is_good, pm_err; one row a source_id, sorted by hpx.
    mags
        catalog, source_id, band, mag, mag_err, mag_system, is_good.
    notes
        What was left out or could not be checked.
    names
        catalog, source_id, name, kind, period (d), mag_max, mag_min, for catalogues of variables; else no row.
    """

    stars: pl.DataFrame
    mags: pl.DataFrame
    notes: tuple[str, ...]
    names: pl.DataFrame


def understand(
    table: pl.DataFrame,
    catalog: Catalog,
    *,
    where: str,
    units: Mapping[str, str] | None = None,
    ra_unit: str | None = None,
) -> Reference:
    """Return the reference stars of a table.

    Parameters
    ----------
    table : polars.DataFrame
        As the file has it.
    catalog : Catalog
        What its columns mean.
    where : str
        The file, for messages.
    units : mapping, optional
        Units of columns, where the file says them.
    ra_unit : str, optional
        ``deg`` or ``hours``: what right ascensions are in, whatever the file says.

    Raises
    ------
    InputError
        If columns are missing, no row has a position, or right ascensions look like hours and nothing says so.
    """
    import polars as pl

    columns = Columns(table, units)
    notes: list[str] = []
    ra, dec, epoch = positions(columns, catalog, where, notes, ra_unit)
    usable = on_the_sky(ra, dec, epoch, notes)
    if not usable.any():
        raise InputError(
            f"{where}: none of {table.height} rows has a position in degrees"
            + (f": {'; '.join(notes)}" if notes else ""),
            "are the columns of the positions the right ones? See `photdb refcat add --help`",
        )
    pm_ra, pm_dec = proper_motions(columns, catalog)
    hpx = np.zeros(table.height, dtype=np.int64)
    hpx[usable] = sky.healpix(ra[usable], dec[usable])
    stars = pl.DataFrame(
        {"catalog": [catalog.name] * table.height, "source_id": source_ids(columns, catalog, hpx), "hpx": hpx,
         "ra": ra % 360.0, "dec": dec, "epoch": epoch, "pm_ra": pm_ra, "pm_dec": pm_dec,
         "is_good": passes(columns, catalog.good, notes), "pm_err": motion_errors(columns, catalog),
         "row": np.arange(table.height)}
    )  # fmt: skip
    stars = stars.with_columns(pl.col("pm_ra", "pm_dec", "pm_err").fill_nan(None)).filter(pl.Series(usable))
    once = stars.unique("source_id", keep="first", maintain_order=True)
    if once.height < stars.height:
        notes.append(f"{stars.height - once.height} rows name a star again: the first was taken")
    rows, ids = once["row"].to_numpy(), once["source_id"].to_numpy()
    mags = _magnitudes(columns, catalog, rows, ids, where, notes)
    names = _names(columns, catalog, rows, ids)
    return Reference(once.drop("row").sort("hpx", "source_id"), mags, tuple(notes), names)


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


def _magnitudes(
    columns: Columns, catalog: Catalog, rows: NDArray[np.int64], ids: NDArray[np.int64], where: str, notes: list[str]
) -> pl.DataFrame:
    """Return the magnitudes of all bands that the table has."""
    import polars as pl

    schema = {"source_id": pl.Int64, "mag": pl.Float64, "mag_err": pl.Float64, "is_good": pl.Boolean}
    parts = [
        pl.DataFrame(schema=schema).with_columns(catalog=pl.lit(""), band=pl.lit(""), mag_system=pl.lit(""))
    ]  # a catalogue of names has no bands
    unknown: list[str] = []
    for band, entry in catalog.bands.items():
        name = columns.find(entry.mag)
        if name is None:
            continue
        mag = columns.numbers(name)[rows]
        there = np.isfinite(mag) & ~np.isin(mag, catalog.missing) & (np.abs(mag) < 50)
        mag = mag + entry.offset
        good = passes(columns, entry.good, notes)[rows]
        if entry.range:
            with np.errstate(invalid="ignore"):
                good &= (mag >= entry.range[0]) & (mag <= entry.range[1])
        err, n_bad = _errors(columns, entry, catalog.missing, rows[there])
        if n_bad:
            unknown.append(f"{band} {n_bad}")
        part = pl.DataFrame(
            {"source_id": ids[there], "mag": mag[there], "mag_err": err, "is_good": good[there]}, schema=schema
        )
        parts.append(
            part.with_columns(catalog=pl.lit(catalog.name), band=pl.lit(band), mag_system=pl.lit(entry.system))
        )
    if unknown:
        notes.append(f"errors of 0 or less are none: {', '.join(unknown)}")
    if len(parts) == 1 and catalog.bands:
        wanted = ", ".join(entry.mag[0] for entry in catalog.bands.values())
        raise InputError(
            f"{where}: no magnitudes: needs one of {wanted}; has {', '.join(columns.table.columns[:30])}",
            "is it another catalogue? Or name the columns: --columns ra=...,dec=...,g=...",
        )
    table = pl.concat(parts).with_columns(pl.col("mag_err").fill_nan(None))
    if catalog.bands and not table.height:
        notes.append("its columns hold no magnitude (a number within 50): the stars can be used for positions only")
    return table.select("catalog", "source_id", "band", "mag", "mag_err", "mag_system", "is_good")


def _errors(
    columns: Columns, entry: Magnitude, missing: tuple[float, ...], rows: NDArray[np.int64]
) -> tuple[Array, int]:
    """Return magnitude errors of some rows, NaN where they are unknown, and how many were 0 or less.

    Of a catalogue that gives none at all the floor is the error.
    """
    if not (entry.err or entry.flux_err):
        return np.full(len(rows), entry.error_floor or np.nan), 0
    name = columns.find(entry.err)
    pair = [columns.find([c]) for c in entry.flux_err or ()]
    if name:
        err = columns.numbers(name)[rows] * _err_unit(columns, name, entry)
    elif pair and all(pair):
        with np.errstate(invalid="ignore", divide="ignore"):
            err = POGSON * columns.numbers(str(pair[0]))[rows] / columns.numbers(str(pair[1]))[rows]
    else:
        return np.full(len(rows), np.nan), 0
    absent = ~np.isfinite(err) | np.isin(err, missing)
    with np.errstate(invalid="ignore"):
        known = (err > 0) & ~absent
    n_bad = int((~known & ~absent).sum())
    return np.where(known, np.hypot(entry.error_scale * err, entry.error_floor), np.nan), n_bad


def _err_unit(columns: Columns, name: str, entry: Magnitude) -> float:
    """Return what the errors of a column must be multiplied with: by the file's unit, else by the definition's."""
    said = columns.unit(name).replace(" ", "")
    if said in _MAG:
        return _MAG[said]
    err = columns.numbers(name)
    small = np.isfinite(err).any() and np.nanmax(err) < 1.0  # whole hundredths have become magnitudes on the way
    return 1.0 if small else _MAG[entry.err_unit]


def _names(columns: Columns, catalog: Catalog, rows: NDArray[np.int64], ids: NDArray[np.int64]) -> pl.DataFrame:
    """Return what the stars are called and how they vary."""
    import polars as pl

    known = catalog.names or Names(())
    called = columns.find(known.name)
    schema = {
        "catalog": pl.String, "source_id": pl.Int64, "name": pl.String, "kind": pl.String, "period": pl.Float64,
        "mag_max": pl.Float64, "mag_min": pl.Float64,
    }  # fmt: skip
    if called is None:
        return pl.DataFrame(schema=schema)
    kind, flag = columns.find(known.kind), columns.find(known.is_amplitude)
    period, brightest, faintest = (
        columns.numbers(found)[rows] if (found := columns.find(names)) else np.full(len(rows), np.nan)
        for names in (known.period, known.mag_max, known.mag_min)
    )
    if flag and columns.is_text(flag):
        amplitude = columns.table[flag].fill_null("").str.strip_chars().to_numpy()[rows] != ""
        faintest = np.where(amplitude, brightest + faintest, faintest)
    nothing = pl.Series([None] * len(rows), dtype=pl.String)
    table = pl.DataFrame(
        {"catalog": [catalog.name] * len(rows), "source_id": ids, "name": _words(columns, called)[rows],
         "kind": _words(columns, kind)[rows] if kind else nothing, "period": period, "mag_max": brightest,
         "mag_min": faintest},
        schema=schema,
    )  # fmt: skip
    return table.with_columns(pl.col("period", "mag_max", "mag_min").fill_nan(None)).drop_nulls("name")


def _words(columns: Columns, name: str) -> pl.Series:
    """Return a column as words without blanks around them; null for empty ones."""
    import polars as pl

    text = columns.table[name].cast(pl.String).str.strip_chars()
    return text.replace("", None)
