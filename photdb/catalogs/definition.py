"""What a reference catalogue's columns mean: ``ingest/catalogs/<name>.toml``, or columns that the user names."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from photdb.bands import bands
from photdb.config import user_folder
from photdb.errors import InputError, UsageError
from photdb.resources import shipped

#: A rank for catalogues that no file knows: after all others.
LAST = 1000

_KEYS = {
    "title", "service", "reference", "checked", "rank", "astrometry_mas", "id", "pm", "good", "missing", "position",
    "bands", "sky", "names", "pm_from", "link_rank",
}  # fmt: skip
_SERVICE_KEYS = {"name", "table", "columns", "norder", "automatic", "scale", "where", "timeout_s"}
_NAME_KEYS = {"name", "kind", "period", "mag_max", "mag_min", "is_amplitude"}
_BAND_KEYS = {
    "mag", "err", "flux_err", "err_unit", "system", "ab_offset", "offset", "error_floor", "error_scale", "good",
    "range",
}  # fmt: skip
_PM_KEYS = {"ra", "dec", "err_ra", "err_dec"}
_POSITIONS = {"ra", "dec", "epoch", "pm_ra", "pm_dec", "id"}


@dataclass(frozen=True, slots=True)
class Epoch:
    """The Julian year of positions: a number, or a column in years or (M)JD, with a number where it is empty."""

    year: float | None = None
    column: str | None = None
    scale: str = "year"  # year, mjd or jd

    @classmethod
    def read(cls, value: float | str | Mapping[str, Any]) -> Epoch:
        """Understand ``2000.0``, ``"epoch"`` or ``{ mjd = "Epoch", otherwise = 2012.5 }``."""
        if isinstance(value, str):
            return cls(column=value)
        if isinstance(value, Mapping):
            scale = next((s for s in ("mjd", "jd") if s in value), "year")
            column = value.get(scale, value.get("column"))
            return cls(year=value.get("otherwise"), column=column, scale=scale)
        return cls(year=float(value))


@dataclass(frozen=True, slots=True)
class Position:
    """Columns of a position, each with the names it may have, and its epoch."""

    ra: tuple[str, ...]
    dec: tuple[str, ...]
    epoch: Epoch


@dataclass(frozen=True, slots=True)
class Magnitude:
    """Columns of one band's magnitude.

    Attributes
    ----------
    mag, err
        Names the columns may have, the preferred first.
    flux_err
        Columns of a flux and its error, in the order (error, flux), for catalogues without magnitude errors.
    err_unit
        ``mag`` or ``cmag`` (0.01 mag): what errors are in where the file does not say.
    system
        AB or Vega.
    ab_offset
        m_AB - m, mag; None: unknown. Of AB bands 0.
    offset
        mag, added to what the file says to bring it to `system`.
    error_floor, error_scale
        The error is ``hypot(scale * err, floor)``.
    good
        Cuts a star must pass to be used in this band.
    range
        mag; where the band is neither saturated nor too faint to trust.
    """

    mag: tuple[str, ...]
    err: tuple[str, ...]
    flux_err: tuple[str, str] | None
    system: str
    ab_offset: float | None = None
    offset: float = 0.0
    error_floor: float = 0.0
    error_scale: float = 1.0
    good: tuple[str, ...] = ()
    range: tuple[float, float] | None = None
    err_unit: str = "mag"


@dataclass(frozen=True, slots=True)
class SourceId:
    """How a source's number is made, a whole number below 2^63.

    One column and no factors: the digits that it ends with. One column and factors: its groups of digits
    (``001-000001``) times the factors. Several columns: each times its factor.
    """

    columns: tuple[str, ...]
    factors: tuple[int, ...] = ()

    @classmethod
    def read(cls, value: str | Mapping[str, Any]) -> SourceId:
        """Understand ``"Source"``, ``{ column = "UCAC4", factors = [...] }`` and the same with several columns."""
        if isinstance(value, str):
            return cls((value,))
        _refuse_strange(value, {"column", "columns", "factors"})
        columns = _words(value.get("columns", value.get("column")))
        factors = tuple(int(f) for f in value["factors"])
        if not columns or (len(columns) > 1 and len(columns) != len(factors)):
            raise ValueError(f"id: {len(columns)} columns and {len(factors)} factors")
        return cls(columns, factors)


@dataclass(frozen=True, slots=True)
class Service:
    """Where a catalogue can be asked for, and how.

    Attributes
    ----------
    name, table
        ``VizieR`` and the name of the table there; empty table: it can only be read from files.
    columns
        Columns to ask for, as the service names them.
    norder
        HEALPix order of the tiles it is asked for in.
    automatic
        Whether an ingest may ask for it by itself.
    scale
        arcsec/px; range of pixel scales for which it is a sensible reference.
    where
        Conditions on columns, in the service's words: keep a dense catalogue to its useful range.
    timeout_s
        s; how long one tile may take.
    """

    name: str
    table: str = ""
    columns: tuple[str, ...] = ()
    norder: int = 6
    automatic: bool = False
    scale: tuple[float, float] = (0.0, 1e9)
    where: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 120.0

    def __str__(self) -> str:
        """Return it in words: ``VizieR I/355/gaiadr3``."""
        return f"{self.name} {self.table}".strip()


@dataclass(frozen=True, slots=True)
class Names:
    """Columns of what a star is called and how it varies, each with the names it may have; empty: not there.

    `is_amplitude` is a column that is not empty where `mag_min` is the amplitude instead.
    """

    name: tuple[str, ...]
    kind: tuple[str, ...] = ()
    period: tuple[str, ...] = ()
    mag_max: tuple[str, ...] = ()
    mag_min: tuple[str, ...] = ()
    is_amplitude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalog:
    """What a catalogue's columns mean.

    Attributes
    ----------
    rank
        Lower is preferred where several catalogues have a band.
    link_rank
        Lower is preferred as what an object is linked to: by astrometry and proper motions; None: never linked.
    astrometry_mas
        Typical error of a position, for the choice of a catalogue to register frames with.
    id
        How a source's number is made: the first whose columns are all there. None of them: named by its place.
    sky
        deg; range of declination that it covers.
    pm_err
        Columns of the errors of the proper motion; empty: not there.
    pm_from
        A catalogue of the same numbers whose proper motions its stars take, where it has none; empty: none.
    names
        What its stars are called, for catalogues of variables; these need no band.
    """

    name: str
    title: str
    service: Service
    reference: str
    checked: str
    rank: int
    astrometry_mas: float
    id: tuple[SourceId, ...]
    positions: tuple[Position, ...]
    pm: tuple[tuple[str, ...], tuple[str, ...]] | None
    good: tuple[str, ...]
    missing: tuple[float, ...]
    bands: Mapping[str, Magnitude] = field(default_factory=dict)
    sky: tuple[float, float] = (-90.0, 90.0)
    names: Names | None = None
    pm_from: str = ""
    pm_err: tuple[tuple[str, ...], ...] = ()
    link_rank: int | None = LAST


def names() -> list[str]:
    """Return the names of all known catalogues."""
    found = {Path(f.name).stem for f in (shipped("ingest") / "catalogs").iterdir() if f.name.endswith(".toml")}
    own = user_folder() / "catalogs"
    return sorted(found | ({f.stem for f in own.glob("*.toml")} if own.is_dir() else set()))


@cache
def load(name: str) -> Catalog:
    """Return the catalogue of a name; the user's own folder is read before the shipped one.

    Raises
    ------
    UsageError
        If there is none.
    InputError
        If its file cannot be understood.
    """
    if name not in names():
        raise UsageError(
            f"catalogue {name!r} is not known",
            f"known are {', '.join(names())}; for any other, say what its columns are: --columns ra=...,dec=...,g=...",
        )
    own = user_folder() / "catalogs" / f"{name}.toml"
    file = own if own.is_file() else shipped("ingest") / "catalogs" / f"{name}.toml"
    try:
        return _understand(name, tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{file}: not a catalogue definition: {error!r}", "compare it with a shipped one") from error


def from_columns(name: str, columns: Mapping[str, str]) -> Catalog:
    """Return a catalogue whose columns the user named.

    Parameters
    ----------
    name : str
        What the catalogue is to be called.
    columns : mapping
        ``ra`` and ``dec`` (needed), ``epoch`` (a column or a Julian year, 2000 when not given), ``pm_ra``, ``pm_dec``,
        ``id``; every other key is a band, or ``e_<band>`` its error.

    Raises
    ------
    UsageError
        If ra, dec or every band is missing, or an error has no band.
    """
    absent = [c for c in ("ra", "dec") if not columns.get(c)]
    found = {b: c for b, c in columns.items() if b not in _POSITIONS and not b.startswith("e_")}
    lost = [c for c in columns if c.startswith("e_") and c[2:] not in found]
    if absent or lost or not found:
        wrong = (
            f"no {' and no '.join(absent)}" if absent else f"{lost[0]} has no band {lost[0][2:]}" if lost else "no band"
        )
        raise UsageError(f"--columns: {wrong}", "write ra=COLUMN,dec=COLUMN,g=COLUMN,e_g=COLUMN,epoch=2016.0")
    magnitudes = {
        band: Magnitude(mag=(column,), err=_words(columns.get(f"e_{band}")), flux_err=None, system=_system(band))
        for band, column in found.items()
    }
    pm = (_words(columns["pm_ra"]), _words(columns["pm_dec"])) if {"pm_ra", "pm_dec"} <= columns.keys() else None
    return Catalog(
        name=name, title=name, service=Service("file"), reference="", checked="columns named by the user", rank=LAST,
        astrometry_mas=LAST, id=tuple(SourceId((c,)) for c in _words(columns.get("id"))),
        positions=(Position((columns["ra"],), (columns["dec"],), _epoch_of(columns.get("epoch", "2000"))),),
        pm=pm, good=(), missing=(-999.0,), bands=magnitudes,
    )  # fmt: skip


def ab_offset(name: str, band: str) -> float | None:
    """Return m_AB - m of a catalogue's band, None where it is not known."""
    if name not in names():
        return 0.0 if _system(band) == "AB" else None
    known = load(name).bands.get(band)
    return known.ab_offset if known else None


def automatic() -> list[Catalog]:
    """Return the catalogues that an ingest may ask for by itself, the preferred first."""
    known = [load(name) for name in names()]
    return sorted((c for c in known if c.service.automatic and c.service.table), key=lambda c: c.rank)


def rank(name: str) -> int:
    """Return how late a catalogue is chosen where others have the band too."""
    return load(name).rank if name in names() else LAST


def link_rank(name: str) -> int | None:
    """Return how late a catalogue is chosen to link objects to, None where it never is."""
    return load(name).link_rank if name in names() else LAST


def astrometry_mas(name: str) -> float:
    """Return the typical error of a catalogue's positions, mas."""
    return load(name).astrometry_mas if name in names() else float(LAST)


def _understand(name: str, table: Mapping[str, Any]) -> Catalog:
    """Return the catalogue of a TOML table."""
    _refuse_strange(table, _KEYS)
    for position in table["position"]:
        _refuse_strange(position, {"ra", "dec", "epoch"})
    pm, named, sky = table.get("pm"), table.get("names"), table.get("sky", (-90.0, 90.0))
    _refuse_strange(pm or {}, _PM_KEYS)
    if not named and not table.get("bands"):
        raise ValueError("neither bands nor names")
    return Catalog(
        name=name,
        title=table["title"],
        service=_service(table["service"]),
        reference=table["reference"],
        checked=table["checked"],
        rank=int(table["rank"]),
        astrometry_mas=float(table["astrometry_mas"]),
        id=tuple(SourceId.read(entry) for entry in table.get("id", ())),
        positions=tuple(Position(_words(p["ra"]), _words(p["dec"]), Epoch.read(p["epoch"])) for p in table["position"]),
        pm=(_words(pm["ra"]), _words(pm["dec"])) if pm else None,
        good=tuple(table.get("good", ())),
        missing=tuple(float(v) for v in table.get("missing", (-999.0,))),
        bands={band: _magnitude(entry) for band, entry in table.get("bands", {}).items()},
        sky=(float(sky[0]), float(sky[1])),
        names=_names(named) if named else None,
        pm_from=str(table.get("pm_from", "")),
        pm_err=tuple(_words(pm[key]) for key in ("err_ra", "err_dec") if key in pm) if pm else (),
        link_rank=int(table.get("link_rank", LAST)) if table.get("bands") else None,
    )


def _service(entry: str | Mapping[str, Any]) -> Service:
    """Return where to ask; a plain text says where files come from, and nothing is asked."""
    if isinstance(entry, str):
        return Service(entry)
    _refuse_strange(entry, _SERVICE_KEYS)
    if entry["name"] != "VizieR":
        raise ValueError(f"service {entry['name']!r} is not known; VizieR is")
    scale = entry.get("scale", (0.0, 1e9))
    return Service(
        name=entry["name"],
        table=entry["table"],
        columns=_words(entry["columns"]),
        norder=int(entry.get("norder", 6)),
        automatic=bool(entry.get("automatic", False)),
        scale=(float(scale[0]), float(scale[1])),
        where={str(k): str(v) for k, v in entry.get("where", {}).items()},
        timeout_s=float(entry.get("timeout_s", 120.0)),
    )


def _names(entry: Mapping[str, Any]) -> Names:
    """Return the columns of names."""
    _refuse_strange(entry, _NAME_KEYS)
    return Names(**{key: _words(value) for key, value in entry.items()})


def _magnitude(entry: Mapping[str, Any]) -> Magnitude:
    """Return the columns of one band."""
    _refuse_strange(entry, _BAND_KEYS)
    if entry["system"] not in ("AB", "Vega"):
        raise ValueError(f"system {entry['system']!r} is neither AB nor Vega")
    flux = entry.get("flux_err")
    limits = entry.get("range")
    return Magnitude(
        mag=_words(entry["mag"]),
        err=_words(entry.get("err")),
        flux_err=(flux[0], flux[1]) if flux else None,
        system=entry["system"],
        ab_offset=entry.get("ab_offset", 0.0 if entry["system"] == "AB" else None),
        offset=float(entry.get("offset", 0.0)),
        error_floor=float(entry.get("error_floor", 0.0)),
        error_scale=float(entry.get("error_scale", 1.0)),
        good=tuple(entry.get("good", ())),
        range=(float(limits[0]), float(limits[1])) if limits else None,
        err_unit=_one_of(entry.get("err_unit", "mag"), "mag", "cmag"),
    )


def _one_of(word: str, *words: str) -> str:
    """Return a word that is one of those allowed."""
    if word not in words:
        raise ValueError(f"{word!r} is not one of {', '.join(words)}")
    return word


def _refuse_strange(table: Mapping[str, Any], known: set[str]) -> None:
    """Raise on a key that means nothing: misspelt, or under the wrong heading."""
    strange = sorted(set(table) - known)
    if strange:
        raise ValueError(f"{strange[0]!r} means nothing there; known are {', '.join(sorted(known))}")


def _words(value: str | list[str] | None) -> tuple[str, ...]:
    """Return one name or several as a tuple."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def _epoch_of(word: str) -> Epoch:
    """Return the epoch of ``--columns epoch=...``: a Julian year or a column."""
    try:
        return Epoch(year=float(word))
    except ValueError:
        return Epoch(column=word)


def _system(band: str) -> str:
    """Return the system of a band's magnitudes; those of a band that no file knows are taken as Vega's."""
    known = bands().get(band)
    return known.system if known and known.system in ("AB", "Vega") else "Vega"
