"""Passbands, as ``ingest/bands.toml`` names them, and the words by which headers call them."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache

from photdb.resources import shipped


@dataclass(frozen=True, slots=True)
class Band:
    """A passband: wavelength in nm, system ``AB``, ``Vega`` or ``none``, the colour of its colour term."""

    name: str
    title: str
    wavelength: float
    system: str
    colour: tuple[str, str]
    catalogue: bool
    words: tuple[str, ...]


@cache
def bands() -> dict[str, Band]:
    """Return all known bands by name."""
    table = tomllib.loads((shipped("ingest") / "bands.toml").read_text(encoding="utf-8"))
    return {
        name: Band(
            name=name,
            title=entry["title"],
            wavelength=float(entry["wavelength"]),
            system=entry["system"],
            colour=(entry["colour"][0], entry["colour"][1]),
            catalogue=entry.get("catalogue", False),
            words=tuple(entry.get("words", ())),
        )
        for name, entry in table.items()
    }


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
