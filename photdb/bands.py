"""Passbands, as ``ingest/bands.toml`` names them, the words by which headers call them, and colour indices."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any

from photdb.errors import UsageError
from photdb.resources import shipped

_PIVOTS = "pivots"


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour index, ``blue - red``, and its pivot (mag): the colour at which zero points hold, one for ever."""

    blue: str
    red: str
    pivot: float

    def __str__(self) -> str:
        """Return its name, as ``zeropoint.colour`` has it: ``g-i``."""
        return f"{self.blue}-{self.red}"


@dataclass(frozen=True, slots=True)
class Band:
    """A passband: wavelength in nm, system ``AB``, ``Vega`` or ``none``, the colours of its colour term, best first."""

    name: str
    title: str
    wavelength: float
    system: str
    colour: tuple[str, ...]
    catalogue: bool
    words: tuple[str, ...]


@cache
def bands() -> dict[str, Band]:
    """Return all known bands by name."""
    table = _table()
    return {
        name: Band(
            name=name,
            title=entry["title"],
            wavelength=float(entry["wavelength"]),
            system=entry["system"],
            colour=tuple(entry["colour"]),
            catalogue=entry.get("catalogue", False),
            words=tuple(entry.get("words", ())),
        )
        for name, entry in table.items()
        if name != _PIVOTS
    }


def aavso_code(band: str, tie: str | None = None) -> str | None:
    """Return AAVSO's code of a band, None where it has none.

    Parameters
    ----------
    band : str
        Our name.
    tie : str, optional
        The catalogue band that magnitudes of an unfiltered band are tied to.

    Examples
    --------
    >>> aavso_code("g"), aavso_code("clear", "V"), aavso_code("clear", "G"), aavso_code("OIII")
    ('SG', 'CV', None, None)
    """
    code = _table().get(band, {}).get("aavso")
    return code.get(tie) if isinstance(code, dict) else code


def pivot_of(index: str) -> float:
    """Return the pivot (mag) of a colour index, ``g-i``: the colour at which zero points hold.

    Raises
    ------
    UsageError
        If ``ingest/bands.toml`` has none for it: a pivot is fixed, and never made up from a frame's own stars.
    """
    pivots = _table()[_PIVOTS]
    if index not in pivots:
        raise UsageError(f"colour {index}: no fixed pivot is known for it", f"there are {', '.join(pivots)}")
    return float(pivots[index])


def colour(index: str) -> Colour:
    """Return the colour index of a name, with its fixed pivot.

    Raises
    ------
    UsageError
        If no pivot is known for it.

    Examples
    --------
    >>> colour("g-i")
    Colour(blue='g', red='i', pivot=0.8)
    """
    blue, _, red = index.partition("-")
    return Colour(blue, red, pivot_of(index))


def colours_of(band: str, tie: str | None = None) -> tuple[str, ...]:
    """Return the colour indices against which a frame's colour term may be fitted, the preferred first.

    Parameters
    ----------
    band : str
        The frame's own band: how its response differs from the catalogue's is a matter of it.
    tie : str, optional
        The catalogue band that the frame is calibrated as; its indices follow, and are all there are for a filter
        that no band names.
    """
    known = bands()
    found = [index for name in (band, tie) if name in known for index in known[name].colour]
    return tuple(dict.fromkeys(found))


def colour_of(band: str, tie: str | None = None, *, available: Collection[str] | None = None) -> Colour | None:
    """Return the colour index of a frame's colour term: the first whose two passbands are available.

    Parameters
    ----------
    band, tie
        As of `colours_of`.
    available : collection of str, optional
        Passbands that the catalogue gives, native or transformed; None: all.

    Returns
    -------
    Colour or None
        None where no index can be had.

    Examples
    --------
    >>> str(colour_of("r")), str(colour_of("clear", "VT", available={"BT", "VT"})), colour_of("r", available={"r"})
    ('g-i', 'BT-VT', None)
    """
    for candidate in map(colour, colours_of(band, tie)):
        if available is None or {candidate.blue, candidate.red} <= set(available):
            return candidate
    return None


def band_of(word: str) -> tuple[str, bool]:
    """Return the band that a header's filter word means, and whether the word is known.

    A word that is not known names a band of its own, so that frames taken through it stay together.

    Examples
    --------
    >>> band_of("SDSS g'"), band_of("Rc"), band_of("r"), band_of("Wratten 21")
    (('g', True), ('R', True), ('r', True), ('Wratten_21', False))
    """
    exact, anycase = _words()
    plain = _plain(word)
    found = exact.get(plain) or anycase.get(plain.lower())
    if found:
        return found, True
    own = re.sub(r"[^\w.+'-]+", "_", word.strip()).strip("_") or "unknown"
    # never by accident the name of a band that means something else: the catalogues' G is not a header's G
    return (f"filter_{own}" if own in bands() else own), False


@cache
def _words() -> tuple[dict[str, str], dict[str, str]]:
    """Return the words as they stand, and in lower case those that only one band claims."""
    exact: dict[str, str] = {}
    claims: dict[str, set[str]] = {}
    for band in bands().values():
        for word in map(_plain, band.words):
            exact[word] = band.name
            claims.setdefault(word.lower(), set()).add(band.name)
    # a header's RP may be anything, but never silently Sloan r' because that is also written rp
    taken = {band.name.lower() for band in bands().values() if band.catalogue}
    claims = {word: names for word, names in claims.items() if len(names) == 1 and len(word) > 1 and word not in taken}
    anycase = {word: next(iter(names)) for word, names in claims.items()}
    return exact, anycase


def _plain(word: str) -> str:
    """Return a word with one kind of space and one kind of prime."""
    return re.sub(r"[\s_-]+", " ", re.sub("[`´’′]", "'", word)).strip()


@cache
def _table() -> dict[str, Any]:
    """Return ``ingest/bands.toml``: the bands by name, and ``pivots``."""
    return tomllib.loads((shipped("ingest") / "bands.toml").read_text(encoding="utf-8"))
