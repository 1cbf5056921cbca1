"""Colours of reference stars: which index the colour term of a band has, and where its pivot is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from photdb import bands as passbands
from photdb.jobs import refcat_bands
from photdb.jobs.zeropoint_settings import ZeropointSettings
from photdb.store.database import Database

#: A colour index is taken when at least this share of an option's stars has it.
SHARE = 0.5

_SOLAR = ("g", "r", "i", "J", "H")


@dataclass(frozen=True, slots=True)
class Colours:
    """The colour index of each frame band: its blue and red passband, and its pivot (mag)."""

    index: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    pivot: Mapping[str, float] = field(default_factory=dict)

    def triples(self) -> list[str]:
        """Return band, blue, red, band, blue, red ..."""
        return [word for band, (blue, red) in self.index.items() for word in (band, blue, red)]

    def of(self, band: str | None) -> tuple[str, float] | None:
        """Return the index of a band as ``g-i`` and its pivot, None where it has none."""
        if band is None or band not in self.index:
            return None
        return "-".join(self.index[band]), self.pivot[band]


def colour_bands(bands: Mapping[str, str | None], settings: ZeropointSettings, known: Mapping[str, str]) -> list[str]:
    """Return the passbands that the colours of some frame bands, with what they are tied to, may need."""
    wanted = {band for name, tie in bands.items() for pair in _candidates(name, tie, settings, known) for band in pair}
    if settings.select.solar:
        wanted |= set(_SOLAR)
    return sorted(wanted)


def magnitudes(db: Database) -> None:
    """Fill zp_mag: magnitudes of the stars of zp_star in the passbands of zp_wanted, native or transformed."""
    refcat_bands.magnitudes(db)


def of_bands(
    db: Database, bands: Mapping[str, str | None], settings: ZeropointSettings, known: Mapping[str, str]
) -> Colours:
    """Return the colour index of each frame band: the first that a catalogue gives for most of its stars."""
    index, pivot = {}, {}
    for band, tie in bands.items():
        for blue, red in _candidates(band, tie, settings, known):
            share = db.job("zeropoint_colour_share", band=band, blue=blue, red=red).rows[0][0]
            if (share or 0.0) >= SHARE:
                index[band], pivot[band] = (blue, red), passbands.pivot_of(f"{blue}-{red}")
                break
    return Colours(index, pivot)


def _candidates(
    band: str, tie: str | None, settings: ZeropointSettings, known: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Return the indices of a band in the order of preference; none where no term is wanted."""
    if settings.colour_term == "none" or settings.method in ("manual", "instrumental", "pp"):
        return []
    named = settings.colour or known.get(band)
    names = (named,) if named else passbands.colours_of(band, tie)
    return [(index.blue, index.red) for index in map(passbands.colour, names)]
