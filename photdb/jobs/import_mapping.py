"""How the columns of somebody else's table are called here: one file of ``ingest/imports`` a format, found by a walk.

A mapping says how a file is recognised and read, which of its columns is what, in which units, and what its times are.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping as Table
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from photdb.errors import InputError, UsageError
from photdb.resources import shipped

#: What a column can be.
FIELDS = (
    "object",
    "frame",
    "ra",
    "dec",
    "x",
    "y",
    "time",
    "bjd_tdb",
    "band",
    "filter",
    "exptime",
    "airmass",
    "mag",
    "mag_err",
    "mag_system",
    "flux",
    "flux_err",
    "limit_mag",
    "limit_3_mag",
    "zp",
    "zp_err",
    "zp_sys",
    "flags",
    "fwhm",
    "fwhm_arcsec",
    "sky",
    "flux_auto",
    "flux_auto_err",
    "flux_psf",
    "flux_psf_err",
    "aper_flux",
    "aper_flux_err",
    "peak",
    "a",
    "b",
    "theta",
    "kron_radius",
    "flux_radius",
    "class_star",
    "detector",
)
KINDS = ("lightcurve", "sources")
FLUX_UNITS = ("ADU/s", "counts", "mJy", "uJy", "Jy")
SYSTEMS = ("AB", "Vega", "tied", "relative", "instrumental")
FORMATS = ("mjd", "jd", "iso")
SCALES = ("utc", "tai", "tt", "tdb")
PLACES = ("observatory", "heliocentre", "barycentre")
REFERS_TO = ("start", "mid", "end")


@dataclass(frozen=True, slots=True)
class TimeRule:
    """What the times of a table are; None: it is not said, and will be guessed.

    Attributes
    ----------
    format
        ``mjd``, ``jd`` or ``iso``.
    scale
        ``utc``, ``tai``, ``tt`` or ``tdb``.
    place
        ``observatory``, ``heliocentre`` or ``barycentre``.
    refers_to
        ``start``, ``mid`` or ``end`` of the exposure.
    """

    format: str | None = None
    scale: str | None = None
    place: str | None = None
    refers_to: str | None = None

    def updated(self, other: TimeRule) -> TimeRule:
        """Return the rule with what the other one says in place of what this one says."""
        said = {
            k: getattr(other, k) for k in ("format", "scale", "place", "refers_to") if getattr(other, k) is not None
        }
        return replace(self, **said)


@dataclass(frozen=True, slots=True)
class Recognise:
    """By what a file of this format is told; all that is said must hold."""

    suffix: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    table: str | None = None
    sqlite: tuple[str, ...] = ()
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """One format of other programs' tables.

    Attributes
    ----------
    name, title, kind
        ``kind`` is ``lightcurve`` (a row is a star at a time) or ``sources`` (the rows are one frame's sources).
    columns
        Field -> names of columns that may be it, the first that is there is; compared whatever their case.
    values
        Field -> the same for every row.
    units
        ``flux``: one of `FLUX_UNITS`; ``pixels_from``: 0 or 1; ``theta``: rad or deg; ``flags``: photdb or
        source-extractor; ``ra``: deg or hours.
    units_of
        Column name -> unit of flux, where the name says it.
    time, times
        What the times are, and what the name of a column says of them.
    pattern, point
        Regular expression of the file's name, and the letters that stand for a decimal point in its groups.
    filters
        Word of a filter -> our band, where ``ingest/bands.toml`` knows another one.
    last
        0, or how late it is tried.
    """

    name: str
    title: str
    kind: str
    columns: Table[str, tuple[str, ...]]
    recognise: Recognise = field(default_factory=Recognise)
    values: Table[str, Any] = field(default_factory=dict)
    units: Table[str, Any] = field(default_factory=dict)
    units_of: Table[str, str] = field(default_factory=dict)
    time: TimeRule = field(default_factory=TimeRule)
    times: Table[str, TimeRule] = field(default_factory=dict)
    pattern: re.Pattern[str] | None = None
    point: tuple[str, ...] = ()
    filters: Table[str, str] = field(default_factory=dict)
    read: Table[str, Any] = field(default_factory=dict)
    telescope: str | None = None
    last: int = 0

    def changed(self, columns: Table[str, str]) -> Mapping:
        """Return the mapping with columns that the user names in place of its own.

        Raises
        ------
        UsageError
            If there is no such field.
        """
        for name in columns:
            if name not in FIELDS:
                raise UsageError(f"--columns {name}=...: no such field", f"there are {', '.join(FIELDS)}")
        return replace(self, columns={**self.columns, **{k: (v,) for k, v in columns.items()}})


def load(path: Any, name: str) -> Mapping:
    """Read one mapping.

    Parameters
    ----------
    path : Path or Traversable
        The TOML file.
    name : str
        What it will be called.

    Raises
    ------
    InputError
        If it cannot be read, or holds what no mapping has.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}", "--map names a TOML file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a TOML file: {error}", "docs/guides/import.md shows one") from error
    return _mapping(table, name, str(path))


@cache
def mappings() -> dict[str, Mapping]:
    """Return the mappings that photdb knows, in the order in which they are tried."""
    folder = shipped("ingest") / "imports"
    found = [load(f, f.name.removesuffix(".toml")) for f in folder.iterdir() if f.name.endswith(".toml")]
    return {m.name: m for m in sorted(found, key=lambda m: (m.last, m.name))}


def named(name: str) -> Mapping:
    """Return a mapping by its name.

    Raises
    ------
    UsageError
        If there is none.
    """
    if name not in mappings():
        raise UsageError(f"no mapping {name!r}", f"there are {', '.join(mappings())}")
    return mappings()[name]


_SECTIONS = {
    "title",
    "kind",
    "checked",
    "telescope",
    "last",
    "recognise",
    "read",
    "columns",
    "values",
    "units",
    "units_of",
    "time",
    "times",
    "name",
    "filters",
}


def _mapping(table: dict[str, Any], name: str, where: str) -> Mapping:
    """Return the mapping that a TOML table describes."""
    _refuse_strange(set(table), _SECTIONS, where, "section")
    kind = table.get("kind", "lightcurve")
    if kind not in KINDS:
        raise InputError(f"{where}: kind {kind!r}", f"one of {', '.join(KINDS)}")
    columns = {f: tuple([v] if isinstance(v, str) else v) for f, v in table.get("columns", {}).items()}
    values = table.get("values", {})
    _refuse_strange({*columns, *values}, set(FIELDS), where, "field")
    units = table.get("units", {})
    _refuse_strange(set(units), {"flux", "pixels_from", "theta", "flags", "ra"}, where, "unit of")
    units_of = table.get("units_of", {})
    for unit in (units.get("flux", "ADU/s"), *units_of.values()):
        if unit not in FLUX_UNITS:
            raise InputError(f"{where}: unit of flux {unit!r}", f"one of {', '.join(FLUX_UNITS)}")
    told: dict[str, Any] = table.get("recognise", {})
    _refuse_strange(set(told), {"suffix", "columns", "fields", "table", "sqlite", "comment"}, where, "way to recognise")
    try:
        pattern = re.compile(table["name"]["pattern"]) if "name" in table else None
    except (re.error, KeyError) as error:
        raise InputError(f"{where}: [name]: {error}", "pattern is a regular expression") from error
    return Mapping(
        name,
        table.get("title", name),
        kind,
        columns,
        Recognise(**_tuples(told)),
        values,
        units,
        units_of,
        _rule(table.get("time", {}), where),
        {column: _rule(rule, where) for column, rule in table.get("times", {}).items()},
        pattern,
        tuple(table.get("name", {}).get("point", ())),
        table.get("filters", {}),
        table.get("read", {}),
        table.get("telescope"),
        int(table.get("last", 0)),
    )


def _tuples(table: dict[str, Any]) -> dict[str, Any]:
    """Return a table with tuples for lists."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}


def _rule(table: dict[str, str], where: str) -> TimeRule:
    """Return what a mapping says of times."""
    return time_rule(where, **table)


def time_rule(where: str, **said: str | None) -> TimeRule:
    """Return a rule of times.

    Raises
    ------
    InputError
        If a word of it is not known.
    """
    known = {"format": FORMATS, "scale": SCALES, "place": PLACES, "refers_to": REFERS_TO}
    _refuse_strange(set(said), set(known), where, "word on time")
    for word, value in said.items():
        if value is not None and value not in known[word]:
            raise InputError(f"{where}: {word} of time {value!r}", f"one of {', '.join(known[word])}")
    return TimeRule(**said)


def _refuse_strange(found: set[str], known: set[str], where: str, what: str) -> None:
    """Refuse what no mapping has: most likely it is misspelt."""
    strange = sorted(found - known)
    if strange:
        raise InputError(f"{where}: no {what} {strange[0]!r}", f"there are {', '.join(sorted(known))}")


def user_mapping(path: Path) -> Mapping:
    """Return a user's own mapping."""
    return load(path, path.stem)


def parse_columns(words: Sequence[str]) -> dict[str, str]:
    """Return ``time=hjd,mag=Vmag`` as fields and columns.

    Raises
    ------
    UsageError
        If a word is no such pair, or there is no such field.
    """
    found = {}
    for word in (w.strip() for given in words for w in given.split(",")):
        name, equals, column = word.partition("=")
        if not (name and equals and column):
            raise UsageError(f"--columns {word!r}", "write field=column: --columns time=hjd,mag=Vmag,mag_err=eV")
        if name.strip() not in FIELDS:
            raise UsageError(f"--columns {name.strip()}=...: no such field", f"there are {', '.join(FIELDS)}")
        found[name.strip()] = column.strip()
    return found
