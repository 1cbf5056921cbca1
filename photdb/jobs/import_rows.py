"""One table of somebody else's in our columns, units and times; what had to be guessed, and what could not be used.

Nothing here is done row by row. A row without a position, a time (of a light curve), or a flux or magnitude is left out
and counted under its reason.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping as Table
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from photdb.bands import band_of
from photdb.errors import InputError, UsageError
from photdb.jobs.import_mapping import FIELDS, Mapping, Recognise, TimeRule, mappings
from photdb.jobs.import_reading import Sheet, read
from photdb.sky import parse_dec, parse_ra, unit_vector
from photdb.times import MJD_0, barycentric, heliocentric, mjd_of, parse_clock, parse_date, utc_of

if TYPE_CHECKING:
    import polars as pl

Numbers = NDArray[np.float64]

#: Fluxes in these units are flux densities: the zero point that makes AB magnitudes of them is exact.
JANSKYS = {"mJy": 2.5 * np.log10(3631e3), "uJy": 2.5 * np.log10(3631e6), "Jy": 2.5 * np.log10(3631.0)}
#: Magnitudes beyond this stand for "none" (99, -99.9, 9999 ...).
NO_MAGNITUDE = 80.0
_MJD = (15_000.0, 100_000.0)
_JD = (2_415_000.0, 2_500_000.0)
_NUMBERS = tuple(
    f
    for f in FIELDS
    if f
    not in (
        "object",
        "frame",
        "band",
        "filter",
        "mag_system",
        "aper_flux",
        "aper_flux_err",
        "detector",
        "time",
        "ra",
        "dec",
    )
)


@dataclass(frozen=True, slots=True)
class Given:
    """What the user says of the files, over what they say themselves.

    Attributes
    ----------
    mapping
        The format; None: found out.
    columns
        Field -> column of the file.
    time
        What the times are.
    at
        Time (MJD UTC of mid-exposure) of source tables that have none.
    filter, exptime, object, mag_system, telescope
        The same for every row of every file.
    position
        ra, dec (deg) of light curves that have none.
    """

    mapping: Mapping | None = None
    columns: Table[str, str] = field(default_factory=dict)
    time: TimeRule = field(default_factory=TimeRule)
    at: float | None = None
    filter: str | None = None
    exptime: float | None = None
    object: str | None = None
    mag_system: str | None = None
    telescope: str | None = None
    position: tuple[float, float] | None = None


@dataclass(slots=True)
class Imported:
    """One file in our words.

    Attributes
    ----------
    path, mapping
        Where it came from and how it was read.
    rows
        Columns of `FIELDS` (where there are any), all usable; ``mjd_mid`` is the time.
    guesses, warnings
        What was assumed; what users should know.
    left_out
        Reason -> rows.
    facts
        What holds for all of its frames: columns of table frame.
    """

    path: Path
    mapping: Mapping
    rows: pl.DataFrame
    guesses: list[str]
    warnings: list[str]
    left_out: Counter[str]
    facts: dict[str, Any]


def recognise(path: Path, given: Mapping | None) -> tuple[Sheet, Mapping]:
    """Read a file and find out which format it is.

    Raises
    ------
    InputError
        If it cannot be read, or no mapping knows it.
    """
    if given is not None:
        return read(path, given), given
    by_name = [m for m in mappings().values() if m.recognise.suffix and path.name.lower().endswith(m.recognise.suffix)]
    if by_name:
        return read(path, by_name[0]), by_name[0]
    sheet = read(path)
    for mapping in mappings().values():
        if not mapping.recognise.suffix and _fits(mapping, sheet):
            named = bool(mapping.read.get("names")) and sheet.rows.columns[0].startswith("column_")
            return (read(path, mapping) if named else sheet), mapping
    raise InputError(
        f"{path}: no mapping knows its columns: {', '.join(sheet.rows.columns[:12])}",
        "say which is what (--columns time=...,mag=...,mag_err=...), or write a mapping (--map FILE)",
    )


def _fits(mapping: Mapping, sheet: Sheet) -> bool:
    """Whether a table is of a format."""
    told: Recognise = mapping.recognise
    there = {c.lower() for c in sheet.rows.columns}
    if told.table and told.table not in sheet.tables:
        return False
    if told.sqlite and not (sheet.table and set(told.sqlite) <= set(sheet.tables)):
        return False
    if told.comment and not any(c.lower().startswith(told.comment) for c in sheet.comments):
        return False
    if told.columns and not {c.lower() for c in told.columns} <= there:
        return False
    fields = all(there & {c.lower() for c in mapping.columns.get(f, ())} for f in told.fields)
    brightness = not told.fields or any(
        there & {c.lower() for c in mapping.columns.get(f, ())} for f in ("mag", "flux")
    )
    return fields and brightness


def in_our_words(path: Path, given: Given, places: Places | None = None) -> Imported:
    """Return one file in our columns.

    Parameters
    ----------
    path : Path
    given : Given
        What the user says.
    places : Places, optional
        Where the stars of light curves are.

    Raises
    ------
    InputError
        If it cannot be read, no mapping knows it, or what is needed is missing.
    """
    if given.columns and given.mapping is None:
        sheet, mapping = _guessed(path, given)
    else:
        sheet, mapping = recognise(path, given.mapping)
    mapping = mapping.changed(given.columns)
    return _Reader(path, sheet, mapping, given, places).all()


def _guessed(path: Path, given: Given) -> tuple[Sheet, Mapping]:
    """Return the table, and the mapping that knows it or the general one: the user names the columns."""
    try:
        return recognise(path, None)
    except InputError:
        kind = "generic_lightcurve" if "time" in given.columns else "generic_sources"
        return read(path), mappings()[kind]


@dataclass(frozen=True, slots=True)
class Places:
    """Where stars are, by any of the names that a table of them has.

    Parameters
    ----------
    place
        Name or number, in lower case -> (ra, dec) in deg.
    """

    place: Table[str, tuple[float, float]]

    @classmethod
    def read(cls, path: Path) -> Places:
        """Read a table of stars: any column of names or numbers, and positions.

        Raises
        ------
        InputError
            If it has no positions or no names.
        """
        import polars as pl

        sheet = read(path)
        general = mappings()["generic_sources"]
        found = _Columns(sheet, replace(general, columns={**general.columns, "object": _NAMES}))
        if not found.has("ra") or not found.has("dec"):
            raise InputError(
                f"{path}: no columns of positions (ra, dec)", f"it has {', '.join(sheet.rows.columns[:12])}"
            )
        ra, dec = _right_ascension(found, path), _declination(found, path)
        names = [c for c in sheet.rows.columns if c.lower() in _NAMES]
        if not names:
            raise InputError(f"{path}: no column of names or numbers of the stars", f"one of {', '.join(_NAMES)}")
        good = np.isfinite(ra) & np.isfinite(dec)
        place: dict[str, tuple[float, float]] = {}
        for name in reversed(names):
            words = sheet.rows[name].cast(pl.String).to_list()
            place |= {
                w.strip().lower(): (float(r), float(d))
                for w, r, d, ok in zip(words, ra, dec, good, strict=True)
                if w and ok
            }
        return cls(place)


_NAMES = (
    "object_id",
    "id",
    "name",
    "object",
    "star",
    "source_id",
    "num",
    "number",
    "objid",
    "vsx_name",
    "auid",
    "starid",
)


class _Columns:
    """The columns of a table by field."""

    def __init__(self, sheet: Sheet, mapping: Mapping) -> None:
        self.sheet, self.mapping = sheet, mapping
        by_lower = {c.lower(): c for c in reversed(sheet.rows.columns)}
        constants = {c.lower(): c for c in sheet.constants}
        self.column: dict[str, str] = {}
        self.constant: dict[str, Any] = dict(mapping.values)
        for name, candidates in mapping.columns.items():
            for candidate in candidates:
                exact = candidate if candidate in sheet.rows.columns else by_lower.get(candidate.lower())
                if exact:
                    self.column[name] = exact
                    break
                if candidate.lower() in constants:
                    self.constant[name] = sheet.constants[constants[candidate.lower()]]
                    break
        if "time" in self.column:
            # A table may have several, and fill one alone: AAVSO's download has JD, and an HJD that most leave blank.
            there = (by_lower.get(candidate.lower()) for candidate in mapping.columns["time"])
            self.column["time"] = max([self.column["time"], *filter(None, there)], key=lambda c: _n_said(sheet.rows[c]))

    def has(self, name: str) -> bool:
        """Whether there is such a field."""
        return name in self.column or name in self.constant

    def series(self, name: str) -> pl.Series:
        """Return a field as it stands."""
        import polars as pl

        if name in self.column:
            return self.sheet.rows[self.column[name]].alias(name)
        return pl.Series(name, [self.constant[name]] * len(self.sheet.rows))

    def numbers(self, name: str) -> Numbers:
        """Return a field as float64, NaN where it is no number; the first element of vectors."""
        return _numbers(self.series(name))

    def words(self, name: str) -> pl.Series:
        """Return a field as text."""
        import polars as pl

        values = self.series(name)
        if isinstance(values.dtype, pl.List | pl.Array):
            values = values.cast(pl.List(pl.String)).list.join("; ")
        if values.dtype.is_float() and (values.drop_nulls() % 1 == 0).all():
            values = values.cast(pl.Int64)
        return values.cast(pl.String).str.strip_chars()


def _n_said(values: pl.Series) -> int:
    """Return in how many rows a column says anything."""
    import polars as pl

    values = values.drop_nulls()
    if values.dtype == pl.String:
        return int((values.str.strip_chars() != "").sum())
    return len(values.drop_nans() if values.dtype.is_float() else values)


def _numbers(values: pl.Series) -> Numbers:
    """Return a column as float64."""
    import polars as pl

    if isinstance(values.dtype, pl.List | pl.Array):
        values = values.list.first() if isinstance(values.dtype, pl.List) else values.arr.first()
    if values.dtype == pl.String:
        values = values.str.strip_chars().str.strip_prefix("<")
    found = values.cast(pl.Float64, strict=False).to_numpy()
    return np.array(found, dtype=float)


def _right_ascension(columns: _Columns, path: Path) -> Numbers:
    """Return right ascensions, deg; a negative one down to -180 is counted the other way round."""
    ra = _angle(columns, "ra", parse_ra, path)
    if columns.mapping.units.get("ra") == "hours":
        ra = ra * 15.0
    return np.where((ra < 0) & (ra >= -180), ra + 360.0, ra)


def _declination(columns: _Columns, path: Path) -> Numbers:
    """Return declinations, deg."""
    return _angle(columns, "dec", parse_dec, path)


def _angle(columns: _Columns, name: str, parse: Any, path: Path) -> Numbers:
    """Return an angle, deg, of numbers or of sexagesimal words."""
    import polars as pl

    values = columns.series(name)
    if values.dtype != pl.String:
        return _numbers(values)
    plain = values.str.strip_chars().cast(pl.Float64, strict=False)
    if plain.null_count() == values.null_count():
        return _numbers(plain)
    known: dict[str, float] = {}
    for word in values.drop_nulls().unique().to_list():
        try:
            known[word] = parse(word)
        except UsageError:
            known[word] = np.nan
    return np.array([np.nan if v is None else known[v] for v in values.to_list()], dtype=float)


class _Reader:
    """Turns one table into ours, step by step."""

    def __init__(self, path: Path, sheet: Sheet, mapping: Mapping, given: Given, places: Places | None) -> None:
        self.path, self.sheet, self.mapping, self.given, self.places = path, sheet, mapping, given, places
        self.columns = _Columns(sheet, mapping)
        self.n = len(sheet.rows)
        self.guesses: list[str] = []
        self.warnings: list[str] = []
        self.named = _of_name(path, mapping)
        self.out: dict[str, Any] = {}

    def all(self) -> Imported:
        """Return the table in our words."""
        import polars as pl

        header = self.sheet.header
        if header is not None:
            self.guesses += list(header.guesses)
        for name in _NUMBERS:
            if self.columns.has(name):
                self.out[name] = self.columns.numbers(name)
        for name in ("aper_flux", "aper_flux_err"):
            if self.columns.has(name):
                self.out[name] = _list_of(self.columns.series(name))
        self._who()
        self._where()
        self._which_band()
        self._how_long()
        self._when()
        self._how_bright()
        self._flags()
        self._pixels()
        self._forced()
        rows, left_out = self._usable(pl.DataFrame(self.out))
        return Imported(
            self.path, self.mapping, rows, list(dict.fromkeys(self.guesses)), self.warnings, left_out, self._facts()
        )

    def _who(self) -> None:
        """Name the stars of a light curve, and the frames."""
        import polars as pl

        name: Any = None
        if self.given.object:
            name = pl.Series([self.given.object] * self.n, dtype=pl.String)
        elif self.columns.has("object"):
            name = self.columns.words("object")
        elif self.mapping.kind == "lightcurve" or "object" in self.named:
            name = pl.Series([self.named.get("object") or _stem(self.path)] * self.n, dtype=pl.String)
        if name is not None:  # of a source table it is what the telescope was pointed at, unless it is a number of ours
            is_star = self.mapping.kind == "lightcurve" or self.mapping.name.startswith("photdb")
            self.out["object" if is_star else "field"] = name
        if self.columns.has("frame"):
            self.out["frame"] = self.columns.words("frame")

    def _where(self) -> None:
        """Find positions: in the table, else as given, else by the names of the stars."""
        self.out.pop("ra", None), self.out.pop("dec", None)
        if self.columns.has("ra") and self.columns.has("dec"):
            self.out["ra"], self.out["dec"] = (
                _right_ascension(self.columns, self.path),
                _declination(self.columns, self.path),
            )
            return
        if self.given.position is not None:
            self.out["ra"], self.out["dec"] = (np.full(self.n, v) for v in self.given.position)
            return
        if self.places is None or "object" not in self.out:
            raise InputError(
                f"{self.path}: no positions in it",
                "say where the star is (--position RA DEC), or give a table of names and positions (--objects FILE)",
            )
        different = self.out["object"].unique().to_list()
        known = {name: self.places.place.get(str(name).lower(), (np.nan, np.nan)) for name in different}
        where = np.array([known[name] for name in self.out["object"].to_list()], dtype=float).reshape(-1, 2)
        if self.n and not np.isfinite(where).any():
            raise InputError(f"{self.path}: {different[0]!r} is not in the table of positions", "--objects FILE")
        self.out["ra"], self.out["dec"] = where[:, 0], where[:, 1]

    def _which_band(self) -> None:
        """Find the passband of every row: our own word, or what its filter's word means."""
        import polars as pl

        header = self.sheet.header
        word = self.given.filter or self.named.get("filter")
        column = None
        if self.given.filter is None:
            column = next((f for f in ("band", "filter") if self.columns.has(f)), None)
        if column is not None:
            words = self.columns.words(column)
            known = {w: self._band(w) for w in words.unique().to_list() if w is not None}
            self.out["filter"] = words
            self.out["band"] = words.replace_strict(known, default="unknown", return_dtype=pl.String)
            return
        if word is None and header is not None and header.band:
            self.out["filter"] = pl.Series([header.filter] * self.n, dtype=pl.String)
            self.out["band"] = pl.Series([header.band] * self.n, dtype=pl.String)
            return
        if word is None and self.mapping.name != "photdb_detection":  # there the table of frames says
            self.guesses.append("band: nothing names the filter")
        self.out["filter"] = pl.Series([word] * self.n, dtype=pl.String)
        self.out["band"] = pl.Series([self._band(word) if word else "unknown"] * self.n, dtype=pl.String)

    def _band(self, word: str) -> str:
        """Return the band that a word means."""
        if word in self.mapping.filters:
            return self.mapping.filters[word]
        if self.mapping.name.startswith("photdb"):
            return word
        band, known = band_of(word)
        if not known:
            self.guesses.append(f"band: {word!r} is no filter that is known: a band of its own")
        return band

    def _how_long(self) -> None:
        """Find the exposure time, s."""
        header = self.sheet.header
        found = self.given.exptime
        if found is None and "exptime" not in self.out:
            found = _float(self.named.get("exptime"))
            found = header.exptime_s if found is None and header is not None else found
        if found is not None:
            self.out["exptime"] = np.full(self.n, found)

    def _when(self) -> None:
        """Find MJD (UTC) of mid-exposure."""
        rule = self.mapping.time
        header = self.sheet.header
        if self.given.at is not None:
            self.out["mjd_mid"] = np.full(self.n, self.given.at)
            return
        if self.columns.has("time"):
            column = self.columns.column.get("time", "")
            rule = rule.updated(self.mapping.times.get(column.lower(), TimeRule()))
            rule = rule.updated(self.sheet.times.get(column, TimeRule())).updated(self._said_in_comments())
            self.out["mjd_mid"] = self._moments(rule.updated(self.given.time), column)
        elif "year" in self.named:
            self.out["mjd_mid"] = np.full(self.n, self._mid(_moment_of_name(self.named), rule.updated(self.given.time)))
        elif header is not None and header.mjd_mid is not None:
            self.out["mjd_mid"] = np.full(self.n, header.mjd_mid)
        elif self.columns.has("frame"):
            self.out["mjd_mid"] = np.full(self.n, np.nan)  # the table of frames will say
        else:
            raise InputError(
                f"{self.path}: nothing says when it was observed",
                "--time 2024-01-31T23:05:00 (UTC, mid-exposure), or --columns time=NAME",
            )

    def _said_in_comments(self) -> TimeRule:
        """Return what ``#DATE=HJD`` of the AAVSO's format says."""
        words = {c[1:].strip().lower() for c in self.sheet.comments if c.lower().startswith("#date=")}
        return TimeRule("jd", "utc", "heliocentre") if "date=hjd" in words else TimeRule()

    def _moments(self, rule: TimeRule, column: str) -> Numbers:
        """Return a column of times as MJD (UTC) of mid-exposure; what nothing says is guessed, and noted."""
        import polars as pl

        values = self.columns.series("time")
        if values.dtype in (pl.Datetime, pl.Date):
            values = values.cast(pl.Datetime("us")).dt.to_string("%Y-%m-%dT%H:%M:%S%.6f")
        numbers = _numbers(values)
        kind = rule.format
        if kind == "iso" or (values.dtype == pl.String and not np.isfinite(numbers).any()):
            moments = _iso(values)
        else:
            kind = kind or self._guessed_format(numbers, column)
            moments = numbers - MJD_0 if kind == "jd" else numbers
        if rule.refers_to is None and (exptime := self.out.get("exptime")) is not None and np.nanmax(exptime) > 0:
            self.guesses.append(f"time: {column} is taken as mid-exposure")
        found: Numbers = self._mid(moments, rule)
        return found

    def _guessed_format(self, numbers: Numbers, column: str) -> str:
        """Return whether times are MJD or JD, by their size."""
        some = numbers[np.isfinite(numbers)]
        if not some.size:
            return "mjd"
        middle = float(np.median(some))
        kind = "jd" if _JD[0] < middle < _JD[1] else "mjd"
        if kind == "mjd" and not _MJD[0] < middle < _MJD[1]:
            raise InputError(
                f"{self.path}: times in {column} are near {middle:g}, neither MJD nor JD",
                "say what they are: --time-format mjd or jd; add to the file what was taken off",
            )
        if "jd" not in column.lower():
            self.guesses.append(f"time: {column} is taken as {kind.upper()}, by its size")
        return kind

    def _mid(self, moments: Any, rule: TimeRule) -> Any:
        """Return moments as UTC, at the observatory, in the middle of the exposure."""
        moments = np.asarray(moments, dtype=float)
        scale, place = rule.scale, rule.place or "observatory"
        if scale is None:
            scale = "utc"
            self.guesses.append("time: no scale is said, UTC is taken")
        exptime = self.out.get("exptime")
        if rule.refers_to in ("start", "end"):
            if exptime is None:
                self.guesses.append(
                    f"time: {rule.refers_to} of an exposure whose length is not known is taken as its middle"
                )
            else:
                half = np.nan_to_num(exptime if moments.ndim else exptime[:1].mean()) / 2 / 86400
                moments = moments + (half if rule.refers_to == "start" else -half)
        if place != "observatory":
            moments = _at_the_observatory(moments, scale, place, self.out["ra"], self.out["dec"])
            self.guesses.append("time: no observatory is known: BJD and UTC agree to 21 ms only")
        found = np.full(moments.shape, np.nan)
        good = np.isfinite(moments) & (moments > 0) & (moments < 200_000)
        found[good] = utc_of(moments[good], scale)
        return found if found.ndim else float(found)

    def _how_bright(self) -> None:
        """Bring fluxes to ADU/s, and say what the magnitudes are."""
        mapping, n = self.mapping, self.n
        unit = mapping.units_of.get(self.columns.column.get("flux", ""), mapping.units.get("flux"))
        unit = unit or _unit(self.sheet.units.get(self.columns.column.get("flux", "")))
        if "mag" in self.out:
            mag = self.out["mag"]
            mag[np.abs(mag) > NO_MAGNITUDE] = np.nan
            if self.columns.column.get("mag") and _is_limit(self.columns.series("mag")) is not None:
                limits = _is_limit(self.columns.series("mag"))
                self.out.setdefault("limit_mag", np.full(n, np.nan))
                self.out["limit_mag"] = np.where(limits, mag, self.out["limit_mag"])
                mag[limits] = np.nan
                if limits.any():
                    self.guesses.append("magnitudes written <15.0 are taken as limits of 5 sigma")
        if "mag_err" in self.out:
            self.out["mag_err"] = _error(self.out["mag_err"])
        if "flux" not in self.out and "mag" not in self.out:
            raise InputError(
                f"{self.path}: neither magnitudes nor fluxes",
                "--columns mag=NAME or flux=NAME says which column they are",
            )
        names = ("flux", "flux_err", "flux_auto", "flux_auto_err", "flux_psf", "flux_psf_err")
        if unit == "counts":
            exptime = self.out.get("exptime")
            if exptime is None or not (np.nan_to_num(exptime) > 0).any():
                self.guesses.append(
                    "flux: counts of an exposure whose length is not known are taken as counts a second"
                )
            else:
                for name in names:
                    if name in self.out:
                        self.out[name] = self.out[name] / exptime
        if "flux_err" in self.out:
            self.out["flux_err"] = _error(self.out["flux_err"])
        if unit in JANSKYS and "mag" not in self.out:
            self.out["zp"] = np.full(n, JANSKYS[unit])
        self._system(unit)

    def _system(self, unit: str | None) -> None:
        """Say what the magnitudes are: as the user, the table or the mapping says, else relative."""
        import polars as pl

        said = self.given.mag_system
        if said is None and self.columns.has("mag_system"):
            self.out["mag_system"] = self.columns.words("mag_system")
            return
        if said is None and "mag" not in self.out and unit in JANSKYS:
            said = "AB"
        if said is None and "mag" in self.out:
            said = "relative"
            self.warnings.append("nothing says what system its magnitudes are in: they are relative (--mag-system AB)")
        if said is None:
            said = "instrumental"
        self.out["mag_system"] = pl.Series([said] * self.n, dtype=pl.String)

    def _flags(self) -> None:
        """Bring flags to our bits; of flags that nothing explains nothing is taken."""
        kind = self.mapping.units.get("flags")
        flags = self.out.pop("flags", None)
        if flags is None or kind not in ("photdb", "source-extractor"):
            self.out["flags"] = np.zeros(self.n, dtype=np.int32)
            return
        bits = np.nan_to_num(flags).astype(np.int64)
        if kind == "source-extractor":  # its 16 is our 64, and its first four bits are ours
            bits = (bits & 15) | np.where(bits & 16, 64, 0)
        self.out["flags"] = bits.astype(np.int32)

    def _pixels(self) -> None:
        """Count pixels from 0, and angles in radians."""
        first = self.mapping.units.get("pixels_from", 0)
        for name in ("x", "y"):
            if name in self.out:
                self.out[name] = self.out[name] - first
        if "theta" in self.out and self.mapping.units.get("theta") == "deg":
            self.out["theta"] = np.radians(self.out["theta"])

    def _usable(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, Counter[str]]:
        """Return the rows that can be used, and how many are not, by reason."""
        import polars as pl

        has_time = pl.col("mjd_mid").is_finite() if self.mapping.kind == "lightcurve" else pl.lit(True)
        bright = [pl.col(c).is_finite() for c in ("mag", "flux") if c in rows.columns]
        if self.mapping.name.startswith("photdb"):  # a star cut by the edge is detected, and its primary flux NULL
            bright.append(pl.lit(pl.Series(self._detected())))
        limited = pl.col("limit_mag").is_finite() if "limit_mag" in rows.columns else pl.lit(False)
        only_limit = ~pl.any_horizontal(bright).fill_null(False) & limited.fill_null(False)
        kept = only_limit & pl.lit(self.mapping.kind == "lightcurve" and not self.mapping.name.startswith("photdb"))
        rows = rows.with_columns(kept.alias("only_limit"))
        reason = (
            pl.when(~(pl.col("ra").is_between(0, 360) & pl.col("dec").is_between(-90, 90)).fill_null(False))
            .then(pl.lit("without a possible position"))
            .when(~has_time.fill_null(False))
            .then(pl.lit("without a time"))
            .when(only_limit & ~pl.col("only_limit"))
            .then(pl.lit("only a limit"))
            .when(~pl.any_horizontal(bright).fill_null(False) & ~pl.col("only_limit"))
            .then(pl.lit("without flux or magnitude"))
        )
        judged = rows.with_columns(reason.alias("reason"))
        left = judged.filter(pl.col("reason").is_not_null())["reason"].value_counts()
        counts = Counter({str(r): int(n) for r, n in left.iter_rows()})
        return judged.filter(pl.col("reason").is_null()).drop("reason"), counts

    def _forced(self) -> None:
        """Tell forced points of our own light curves from detections: a limit of theirs is not the frame's."""
        if not self.mapping.name.startswith("photdb") or "kind" not in self.sheet.rows.columns:
            return
        forced = (self.sheet.rows["kind"] == "forced").fill_null(False).to_numpy()
        if not forced.any():
            return
        self.out["is_forced"] = forced
        for name in ("limit_mag", "limit_3_mag"):
            if name in self.out:
                limit = np.asarray(self.out[name], dtype=float)
                self.out[f"own_{name}"], self.out[name] = (
                    np.where(forced, limit, np.nan),
                    np.where(forced, np.nan, limit),
                )

    def _detected(self) -> NDArray[np.bool_]:
        """Return which rows of our own are detections, not limits."""
        if "kind" not in self.sheet.rows.columns:
            return np.ones(self.n, dtype=bool)
        return (self.sheet.rows["kind"] == "detected").fill_null(False).to_numpy()

    def _facts(self) -> dict[str, Any]:
        """Return what holds for all frames of the file."""
        header = self.sheet.header
        detector = self.named.get("detector")
        facts: dict[str, Any] = {
            "telescope": self.given.telescope or self.mapping.telescope or (header.telescope if header else "imported"),
            "airmass": _float(self.named.get("airmass")),
        }
        facts["detector"] = " ".join(filter(None, [facts["telescope"], detector])) if detector else facts["telescope"]
        if header is not None:
            site = header.site
            facts |= {
                "detector": header.detector,
                "airmass": header.airmass,
                "gain": header.gain,
                "read_noise": header.read_noise,
                "saturation": header.saturation,
                "object_name": header.object_name,
                "width": header.width or None,
                "height": header.height or None,
                "calibrate_as": header.calibrate_as,
                "site": site.name if site else None,
                "site_latitude": site.latitude if site else None,
                "site_longitude": site.longitude if site else None,
                "site_height": site.height if site else None,
            }
        return {k: v for k, v in facts.items() if v is not None}


def _stem(path: Path) -> str:
    """Return the name of a file without its suffixes."""
    return re.sub(r"(\.(gz|csv|tsv|txt|dat|parquet|vot|xml|fits|fit|ecsv))+$", "", path.name, flags=re.IGNORECASE)


def _of_name(path: Path, mapping: Mapping) -> dict[str, str]:
    """Return what the name of a file says."""
    found = mapping.pattern.search(path.name) if mapping.pattern is not None else None
    if found is None:
        return {}
    point = str.maketrans(dict.fromkeys(mapping.point, "."))
    words = {k: v for k, v in found.groupdict().items() if v is not None}
    decimals = {"airmass", "exptime", "second", "jd", "mjd"}
    return {k: v.translate(point) if k in decimals else v for k, v in words.items()}


def _moment_of_name(named: Table[str, str]) -> float:
    """Return MJD of the date and time in a file's name."""
    day, _ = parse_date(f"{named['year']}-{named['month']}-{named['day']}")
    return mjd_of(day, 3600 * int(named["hour"]) + 60 * int(named["minute"]) + float(named["second"]))


def _iso(values: pl.Series) -> Numbers:
    """Return MJD of dates written out."""
    known: dict[str | None, float] = {None: np.nan}
    for word in values.unique().to_list():
        if word is not None:
            try:
                day, clock = parse_date(word)
                seconds, zone = parse_clock(clock) if clock else (0.0, None)
                known[word] = mjd_of(day, seconds - 3600 * (zone or 0.0))
            except InputError:
                known[word] = np.nan
    return np.array([known[v] for v in values.to_list()], dtype=float)


def _at_the_observatory(moments: Numbers, scale: str, place: str, ra: Numbers, dec: Numbers) -> Numbers:
    """Return when light arrived at the Earth that arrives at the Sun or the barycentre at these moments."""
    towards = unit_vector(np.nan_to_num(ra), np.nan_to_num(np.clip(dec, -90, 90)))
    good = np.isfinite(moments) & (moments > 0) & (moments < 200_000)
    here = np.where(good, moments, 51544.5)
    start = here
    for _ in range(2):  # the Earth moves by 5 ms of light time in the 500 s between
        at = utc_of(here, scale)
        vector = heliocentric(at) if place == "heliocentre" else barycentric(at, None)[1]
        here = start - np.sum(vector * towards, axis=-1)
    return np.where(good, here, np.nan)


@cache
def _unit(word: str | None) -> str | None:
    """Return the unit of flux that a file's own word means."""
    if word is None:
        return None
    plain = word.replace(" ", "")
    known = {
        "mjy": "mJy",
        "ujy": "uJy",
        "jy": "Jy",
        "microjy": "uJy",
        "adu/s": "ADU/s",
        "count/s": "ADU/s",
        "ct/s": "ADU/s",
        "electron/s": "ADU/s",
        "count": "counts",
        "ct": "counts",
        "adu": "counts",
    }
    return known.get(plain.lower())


def _is_limit(values: pl.Series) -> Any:
    """Return which magnitudes are written ``<15.2``, None where none can be."""
    import polars as pl

    if values.dtype != pl.String:
        return None
    return values.str.strip_chars().str.starts_with("<").fill_null(False).to_numpy()


def _error(values: Numbers) -> Numbers:
    """Return errors; one of zero or less, or of 9 and more of a magnitude's size, says nothing."""
    return np.where(np.isfinite(values) & (values > 0), values, np.nan)


def _list_of(values: pl.Series) -> pl.Series:
    """Return lists of numbers; of a text, the numbers in it."""
    import polars as pl

    if values.dtype == pl.String:
        inside = values.str.strip_chars("[]").str.split(", ")
        values = inside.list.eval(pl.element().str.replace("NULL", "").cast(pl.Float32, strict=False))
    found = values.cast(pl.List(pl.Float32))
    return found.list.eval(pl.when(pl.element().is_nan()).then(None).otherwise(pl.element()))


def _float(word: str | None) -> float | None:
    """Return the number that a word is, None where it is none."""
    try:
        return None if word is None else float(word)
    except ValueError:
        return None
