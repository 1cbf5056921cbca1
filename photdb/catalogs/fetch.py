"""Fetch one tile of a reference catalogue: asked again where that may help, clipped to the tile, never half of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from photdb import sky
from photdb.catalogs.definition import Catalog
from photdb.catalogs.fetch_vizier import Answer, ServiceError, Vizier, wait
from photdb.catalogs.reference import Reference, understand
from photdb.catalogs.tiles import cone_of_tile, declination_overlaps
from photdb.errors import InputError

log = logging.getLogger(__name__)

#: How often a question is asked before a tile counts as failed.
ATTEMPTS = 4

#: An empty answer is believed when this many in a row agree, where other stars make it doubtful.
AGREE = 2


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile as it was answered.

    Attributes
    ----------
    norder, npix
        The HEALPix cell.
    stars
        What lies in it; None: nothing does.
    n_rows
        Rows of the answer, those outside the tile too.
    source
        Where from: address, table, the cone that was asked, conditions, rows.
    """

    norder: int
    npix: int
    stars: Reference | None
    n_rows: int
    source: str

    @property
    def n_star(self) -> int:
        """Stars in it."""
        return 0 if self.stars is None else self.stars.stars.height


def fetch_tile(
    catalog: Catalog,
    npix: int,
    vizier: Vizier,
    *,
    has_stars: bool = False,
    attempts: int = ATTEMPTS,
    pause: Callable[[int], None] = wait,
) -> Tile:
    """Return one tile of a catalogue.

    Parameters
    ----------
    catalog : Catalog
        With a service; its tiles are of ``catalog.service.norder``.
    npix : int
        The tile.
    vizier : Vizier
    has_stars : bool, default=False
        Other catalogues have stars there, so an empty answer is asked for again.
    attempts : int
        How often to ask.
    pause : callable
        Called with the number of the attempt before asking again.

    Raises
    ------
    ServiceError
        If no attempt brought an answer that can be believed.
    """
    norder = catalog.service.norder
    ra, dec, radius = cone_of_tile(norder, npix)
    answer = _believed(catalog, vizier, (ra, dec, radius), has_stars, attempts, pause)
    n_rows = 0 if answer.table is None else answer.table.height
    conditions = "".join(f" {column}{condition}" for column, condition in catalog.service.where.items())
    source = (
        f"{vizier.address} {catalog.service.table} cone {ra:.5f} {dec:+.5f} {radius:.4f} deg{conditions}, {n_rows} rows"
    )
    return Tile(norder, npix, _inside(catalog, answer, norder, npix), n_rows, source)


def _believed(
    catalog: Catalog,
    vizier: Vizier,
    cone: tuple[float, float, float],
    has_stars: bool,
    attempts: int,
    pause: Callable[[int], None],
) -> Answer:
    """Return an answer that can be believed, asking again where one fails or is empty without good reason."""
    n_empty, last = 0, ServiceError(f"{catalog.service}: not asked")
    for attempt in range(attempts):
        if attempt:
            pause(attempt - 1)
        try:
            answer = vizier.cone(catalog.service, *cone)
        except ServiceError as error:
            log.info("%s", error.what)
            if not error.passing:
                raise
            n_empty, last = 0, error
            continue
        if answer.table is not None:
            return answer
        n_empty += 1
        if answer.is_sure and n_empty >= (AGREE if has_stars else 1):
            return answer
        if not answer.is_sure and n_empty >= AGREE and (wider := _looked_around(catalog, vizier, cone)):
            return wider
        last = ServiceError(f"{catalog.service}: an answer without a table, which may be an error")
    raise last


def _looked_around(catalog: Catalog, vizier: Vizier, cone: tuple[float, float, float]) -> Answer | None:
    """Return what there is in a cone three times as wide: the tile is empty when that has stars and the tile none.

    None when that has no table either, unless the catalogue does not cover the place.
    """
    ra, dec, radius = cone
    if not declination_overlaps(catalog.sky, dec, radius):
        return Answer(None, {}, is_sure=True)
    try:
        answer = vizier.cone(catalog.service, ra, dec, 3.0 * radius)
    except ServiceError as error:
        log.info("%s", error.what)
        return None
    return answer if answer.table is not None else None


def _inside(catalog: Catalog, answer: Answer, norder: int, npix: int) -> Reference | None:
    """Return the stars of an answer that lie in the tile."""
    import polars as pl

    if answer.table is None:
        return None
    try:
        found = understand(answer.table, catalog, where=str(catalog.service), units=answer.units)
    except InputError as error:
        raise ServiceError(error.what, f"have its columns changed? See {catalog.name}.toml", passing=False) from error
    inside = (found.stars["hpx"].to_numpy() >> 2 * (sky.ORDER - norder)) == npix
    stars = found.stars.filter(pl.Series(inside))
    if not stars.height:
        return None
    mags, names = (t.join(stars, on="source_id", how="semi") for t in (found.mags, found.names))
    return replace(found, stars=stars, mags=mags, names=names)
