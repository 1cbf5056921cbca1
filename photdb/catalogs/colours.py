"""Published transformations between passbands: ``ingest/colours/<publication>.toml``.

A magnitude that a catalogue lacks is a magnitude that it has, plus a polynomial in one of its colours:

    m = m_base + c0 + c1 x + c2 x^2 + ...        x = m_blue - m_red

One step only: what comes out is never put into another. ``schema/jobs/colour_magnitudes.sql`` applies them.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

from photdb.bands import bands
from photdb.config import user_folder
from photdb.errors import InputError
from photdb.resources import shipped

#: Highest power of the colour; the table that SQL reads has a column for each.
HIGHEST_POWER = 5

_KEYS = {"title", "reference", "doi", "checked", "transformation"}
_ENTRY_KEYS = {
    "name", "band", "system", "base", "colour", "coefficients", "errors", "range", "conditions", "magnitudes",
    "scatter", "catalogs",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Transformation:
    """How one passband follows from others.

    Attributes
    ----------
    name
        As ``zeropoint.ref_path`` has it. The pieces of one have one name, band, base and colour, and ranges that do not
        overlap.
    band, system
        The passband that comes out, and the zero of its magnitudes: AB or Vega.
    base, blue, red
        Passbands that go in.
    coefficients, errors
        mag; of the powers 0, 1, 2 ... of ``blue - red``, and their 1 sigma errors (0 where none are published).
    range
        mag; of ``blue - red`` for which it holds, the upper end not included.
    conditions
        mag; ranges of further colours, ``(blue, red)``, for which it holds.
    magnitudes
        mag; ranges of magnitudes in which it was found.
    scatter
        mag; 1 sigma of single stars about it.
    catalogs
        Only for these catalogues; empty: for every one that has the passbands.
    reference, doi, checked
        Of its file: bibcode, DOI, and what was verified against what.
    """

    name: str
    band: str
    system: str
    base: str
    blue: str
    red: str
    coefficients: tuple[float, ...]
    errors: tuple[float, ...]
    range: tuple[float, float]
    scatter: float
    conditions: Mapping[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    magnitudes: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    catalogs: tuple[str, ...] = ()
    reference: str = ""
    doi: str = ""
    checked: str = ""

    @property
    def inputs(self) -> frozenset[str]:
        """The passbands that a star must have."""
        colours = {band for pair in self.conditions for band in pair}
        return frozenset({self.base, self.blue, self.red} | colours | set(self.magnitudes))

    @property
    def error(self) -> float:
        """Error (mag) of a star in the middle of the range whose magnitudes are exact: what the choice goes by."""
        middle = sum(self.range) / 2.0
        return math.hypot(self.scatter, *(e * middle**k for k, e in enumerate(self.errors)))


@dataclass(frozen=True, slots=True)
class Way:
    """How a passband can be had: `name` of the transformation, None when the catalogue has it itself."""

    band: str
    name: str | None
    error: float


def load() -> tuple[Transformation, ...]:
    """Return all known transformations, the more exact first.

    Raises
    ------
    InputError
        If a file cannot be understood, or two transformations have one name.
    """
    return _load(user_folder())


def paths(
    given: Collection[str], catalog: str | None = None, *, known: Collection[Transformation] | None = None
) -> dict[str, tuple[Way, ...]]:
    """Return the passbands that can be had from those a catalogue gives, each with its ways, the preferred first.

    Parameters
    ----------
    given : collection of str
        Passbands of the catalogue.
    catalog : str, optional
        Its name, for transformations that hold for some catalogues only.
    known : collection of Transformation, optional
        All of `load` when not given.

    Returns
    -------
    dict
        By passband. Native first, then by the error of the transformation. One step only.

    Examples
    --------
    >>> [path.name for path in paths({"g_ps1", "r_ps1"})["r"]]
    ['tonry2012_r']
    """
    found: dict[str, list[Way]] = {band: [Way(band, None, 0.0)] for band in given}
    for one in load() if known is None else sorted(known, key=_order):
        usable = one.inputs <= set(given) and (not one.catalogs or catalog in one.catalogs)
        if usable and one.name not in {way.name for way in found.get(one.band, ())}:
            found.setdefault(one.band, []).append(Way(one.band, one.name, one.error))
    return {band: tuple(ways) for band, ways in found.items()}


def piece_of(one: Transformation, known: Collection[Transformation]) -> int:
    """Return which piece of its transformation one is, from 1 on in the order of their ranges."""
    return 1 + sum(other.name == one.name and other.range < one.range for other in known)


@cache
def _load(own: Path) -> tuple[Transformation, ...]:
    """Return the transformations of the shipped files and of a user's folder, whose files replace shipped ones."""
    found = [one for file, text in _files(own) for one in _understand(file, text)]
    twice = sorted({a.name for a, b in combinations(found, 2) if a.name == b.name and not _pieces(a, b)})
    if twice:
        raise InputError(
            f"colour transformations: {len(twice)} names are given twice: {', '.join(twice)}",
            "rename one; pieces of one transformation have the same passbands and ranges that do not overlap",
        )
    return tuple(sorted(found, key=_order))


def _pieces(one: Transformation, other: Transformation) -> bool:
    """Return whether two transformations are pieces of one."""
    same = (one.band, one.base, one.blue, one.red, one.inputs) == (
        other.band, other.base, other.blue, other.red, other.inputs,
    )  # fmt: skip
    return same and (one.range[1] <= other.range[0] or other.range[1] <= one.range[0])


def _order(one: Transformation) -> tuple[float, str]:
    """Return what transformations of one band are sorted by."""
    return one.error, one.name


def _files(own: Path) -> Iterator[tuple[str, str]]:
    """Yield name and text of every file."""
    folder = shipped("ingest") / "colours"
    files = {f.name: f for f in folder.iterdir() if f.name.endswith(".toml")}
    mine = {f.name: f for f in (own / "colours").glob("*.toml")}
    for _, file in sorted({**files, **mine}.items()):
        yield str(file), file.read_text(encoding="utf-8")


def _understand(file: str, text: str) -> list[Transformation]:
    """Return the transformations of a file."""
    try:
        table = tomllib.loads(text)
        _refuse_strange(table, _KEYS)
        about = {key: str(table[key]) for key in ("reference", "doi", "checked")}
        return [_transformation(entry, about) for entry in table["transformation"]]
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{file}: not a file of transformations: {error!r}", "compare it with a shipped one"
        ) from error


def _transformation(entry: Mapping[str, Any], about: Mapping[str, str]) -> Transformation:
    """Return one transformation of a file."""
    _refuse_strange(entry, _ENTRY_KEYS)
    blue, red = _colour(entry["colour"])
    coefficients = tuple(float(c) for c in entry["coefficients"])
    errors = tuple(float(e) for e in entry.get("errors", ())) or (0.0,) * len(coefficients)
    one = Transformation(
        name=entry["name"],
        band=entry["band"],
        system=entry["system"],
        base=entry["base"],
        blue=blue,
        red=red,
        coefficients=coefficients,
        errors=errors,
        range=_range(entry["range"]),
        scatter=float(entry["scatter"]),
        conditions={_colour(colour): _range(limits) for colour, limits in entry.get("conditions", {}).items()},
        magnitudes={band: _range(limits) for band, limits in entry.get("magnitudes", {}).items()},
        catalogs=tuple(entry.get("catalogs", ())),
        **about,
    )
    _check(one)
    return one


def _check(one: Transformation) -> None:
    """Raise ValueError where a transformation contradicts itself or `bands`."""
    known = bands()
    unknown = sorted(band for band in {one.band, *one.inputs} if band not in known)
    if unknown:
        raise ValueError(f"{one.name}: no passband {', '.join(unknown)}")
    if one.band in one.inputs:
        raise ValueError(f"{one.name}: {one.band} goes in and comes out")
    if one.system != known[one.band].system:
        raise ValueError(f"{one.name}: {one.band} is {known[one.band].system}, not {one.system}")
    if not 1 <= len(one.coefficients) <= HIGHEST_POWER + 1 or len(one.errors) != len(one.coefficients):
        raise ValueError(f"{one.name}: {len(one.coefficients)} coefficients (1 to {HIGHEST_POWER + 1}), "
                         f"{len(one.errors)} errors")  # fmt: skip
    if one.scatter < 0 or min(one.errors) < 0 or one.error == 0:
        raise ValueError(f"{one.name}: no error, or a negative one")


def _colour(name: str) -> tuple[str, str]:
    """Return the two passbands of ``g-i``."""
    blue, dash, red = name.partition("-")
    if not (blue and dash and red) or blue == red:
        raise ValueError(f"{name!r} is not a colour")
    return blue, red


def _range(limits: tuple[float, float]) -> tuple[float, float]:
    """Return a range, the lower limit first."""
    low, high = (float(v) for v in limits)
    if not low < high:
        raise ValueError(f"{low} to {high} is no range")
    return low, high


def _refuse_strange(table: Mapping[str, Any], known: set[str]) -> None:
    """Raise ValueError for a word that means nothing: it is a mistake, not a wish."""
    strange = sorted(set(table) - known)
    if strange:
        raise ValueError(f"{', '.join(strange)}: not known; known are {', '.join(sorted(known))}")
