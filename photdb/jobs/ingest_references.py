"""Before the first frame is measured: fetch the reference stars that its fields lack, where there is a network.

Fetched stars serve to register frames as well as to calibrate them, so they are wanted around the pointing with room
for an error of it, and before any pixel is read. Nothing here stops an ingest.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from photdb import progress, sky
from photdb.catalogs import definition
from photdb.catalogs.definition import Catalog
from photdb.catalogs.fetch_vizier import SERVER, Vizier
from photdb.catalogs.tiles import declination_overlaps, tiles_of_cone
from photdb.config import is_offline, vizier_server
from photdb.errors import PhotdbError
from photdb.ingest.frame_header import FrameHeader
from photdb.jobs import refcat_fetch
from photdb.jobs.field_references import pointing, scale_of
from photdb.jobs.plan_ingest import Light, Plan
from photdb.store.database import Database

log = logging.getLogger(__name__)

#: Good stars of a field in its band that are enough: no further catalogue is asked for.
ENOUGH = 30

#: More tiles than these are not asked for without being told to: they would take minutes.
MOST_TILES = 300

#: How far a pointing may be wrong, deg: with a WCS in the header, and without.
WCS_DEG, POINTING_DEG = 0.1, 0.5

#: Frames that point within this of each other are one field, deg.
_FIELD_DEG = 0.2

_PATIENCE_S = 30.0  # for one answer: a night should not wait for a service

_TAKEN_TO_BE_DEG = 0.5  # half a field of a camera whose scale nobody knows


@dataclass(slots=True)
class Field:
    """A place that frames look at: centre, radius of what is wanted (deg), scale (arcsec/px) and bands."""

    ra: float
    dec: float
    radius: float
    scale: float
    bands: set[str] = field(default_factory=set)


def fetch_references(store: Path, lights: Sequence[Light], work: Plan) -> None:
    """Fetch what the fields of new frames lack; say what is done, and go on whatever happens."""
    if is_offline():
        return
    try:
        _fetch(store, fields_of(lights, work))
    except PhotdbError as error:
        progress.warn(f"reference stars were not fetched: {error.what}")
    except Exception as error:  # a service that surprises us is no reason not to measure a night
        log.debug("reference stars", exc_info=True)
        progress.warn(f"reference stars were not fetched: {type(error).__name__}: {error}")


def fields_of(lights: Sequence[Light], work: Plan) -> list[Field]:
    """Return the places that frames look at, as far as their headers know, with the bands they want."""
    found: list[Field] = []
    for light in lights:
        header = light.header
        place = None if header.problems else pointing(header)
        if place is None:
            continue
        scale = scale_of(header, work)
        half = 0.5 * float(np.hypot(header.width, header.height)) * scale / 3600 if scale else _TAKEN_TO_BE_DEG
        radius = min(half + (WCS_DEG if header.wcs else POINTING_DEG), 30.0)
        here = next((f for f in found if _near(f, *place) and f.radius >= radius - 1e-6), None)
        if here is None:
            here = Field(*place, radius + _FIELD_DEG, scale or 1.0)
            found.append(here)
        here.bands.add(_wanted_band(header))
    return found


def _near(field: Field, ra: float, dec: float) -> bool:
    """Return whether a place belongs to a field."""
    return float(sky.separation_arcsec(field.ra, field.dec, ra, dec)) < 3600 * _FIELD_DEG


def _wanted_band(header: FrameHeader) -> str:
    """Return the catalogue band that a frame is calibrated with."""
    return header.calibrate_as or header.band or "unknown"


def candidates(field: Field, band: str) -> list[Catalog]:
    """Return the catalogues to ask for a band in a field, the first to be tried first.

    Those that have the band itself, by their rank; then those that have other bands, for registration and
    transformations. Only those that an ingest may ask for, that cover the declination and suit the pixel scale.
    """
    fit = [
        c
        for c in definition.automatic()
        if c.service.scale[0] <= field.scale <= c.service.scale[1]
        and declination_overlaps(c.sky, field.dec, field.radius)
    ]
    return [c for c in fit if band in c.bands] + [c for c in fit if band not in c.bands]


def _fetch(store: Path, fields: Sequence[Field]) -> None:
    """Fetch for every field and band until there are enough stars, or the catalogues are at an end."""
    service = _Service(store)
    for place, band in ((f, b) for f in fields for b in sorted(f.bands)):
        known = candidates(place, band)
        if _has_enough(store, place, band, known):
            continue
        n_asked, too_wide = 0, False
        for catalog in known:
            if n_asked >= 2 or (n_asked and band not in catalog.bands):
                break
            tiles = tiles_of_cone(place.ra, place.dec, place.radius, catalog.service.norder)
            if len(tiles) > MOST_TILES:
                if not too_wide:
                    _leave_to_user(catalog, place, len(tiles))
                too_wide = True
                continue
            if not _is_whole(store, catalog, tiles):
                if not service.answers():
                    return
                if not service.fetch(catalog, tiles, place, band):
                    continue
            n_asked += 1
            if _has_enough(store, place, band, [catalog]):
                break


class _Service:
    """VizieR, looked for when it is first wanted, and the catalogues that it failed to give."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._there: bool | None = None
        self._failed: set[str] = set()

    def answers(self) -> bool:
        """Return whether there is a network, and say it once when there is none."""
        if self._there is None:
            vizier = Vizier(vizier_server() or SERVER)
            self._there = vizier.answers()
            if not self._there:
                progress.say(
                    f"{vizier.server} does not answer: going on with the reference stars that are in the store "
                    "(--offline: do not ask)"
                )
        return self._there

    def fetch(self, catalog: Catalog, tiles: Sequence[int], place: Field, band: str) -> bool:
        """Fetch tiles; return whether any came."""
        if catalog.name in self._failed:
            return False
        progress.say(
            f"no {band} reference stars around {place.ra:.2f} {place.dec:+.2f}: asking {catalog.service} "
            f"for {len(tiles)} tiles of {catalog.title}"
        )
        try:
            done = refcat_fetch.fetch(catalog.name, tiles, store=self._store, attempts=2, timeout_s=_PATIENCE_S)
        except PhotdbError as error:
            self._failed.add(catalog.name)
            progress.warn(error.what)
            return False
        progress.say(done.line())
        return True


def _leave_to_user(catalog: Catalog, place: Field, n_tiles: int) -> None:
    """Say what was not asked for, and how it can be."""
    where = f"{place.ra:.2f} {place.dec:.2f} {place.radius:.1f}"
    progress.say(
        f"{catalog.title} around {place.ra:.2f} {place.dec:+.2f} would be {n_tiles} tiles: not asked for; "
        f"photdb refcat fetch --catalog {catalog.name} --cone {where}"
    )


def _is_whole(store: Path, catalog: Catalog, tiles: Sequence[int]) -> bool:
    """Return whether all tiles of a catalogue are there."""
    with Database.open(store) as db:
        rows = db.query("refcat_complete", catalog=catalog.name, norder=catalog.service.norder).rows
    return set(tiles) <= {int(row[0]) for row in rows}


def _has_enough(store: Path, place: Field, band: str, among: Sequence[Catalog]) -> bool:
    """Return whether the store has good stars enough in a field: of the band, or of any where none has it."""
    norder = 8
    cells = tiles_of_cone(place.ra, place.dec, place.radius, norder)
    with Database.open(store) as db:
        rows = db.query("refcat_in_tiles", catalog=None, shift=2 * (sky.ORDER - norder), cells=cells).rows
    counts = {(catalog, b): n for catalog, b, n in rows}
    possible = any(band in c.bands for c in among)
    enough = [n for (_, b), n in counts.items() if b == band or not possible]
    return max(enough, default=0) >= ENOUGH
