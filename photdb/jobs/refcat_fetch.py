"""``photdb refcat fetch``: reference stars from a service, tile by tile, kept as they come.

A tile that is there whole is not asked for again, so what a later frame needs is already there, and an interrupted
fetch goes on where it stopped. An answered-empty tile is a row; a failed tile is not.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

import numpy as np

from photdb import progress, sky
from photdb.catalogs import definition
from photdb.catalogs.definition import Catalog
from photdb.catalogs.fetch import ATTEMPTS, Tile, fetch_tile
from photdb.catalogs.fetch_vizier import SERVER, ServiceError, Vizier, wait
from photdb.catalogs.tiles import area_sq_deg, declination_overlaps, tiles_of_cone
from photdb.config import is_offline, vizier_server
from photdb.errors import NotFoundError, UsageError
from photdb.jobs.object_links import update_links
from photdb.jobs.refcat_write import borrow_motions, recount, write_stars
from photdb.jobs.writer import writing
from photdb.sky import separation_arcsec
from photdb.store.database import Database

log = logging.getLogger(__name__)

#: Questions under way at once: VizieR is everybody's.
PARALLEL = 3

#: A service that fails this often in a row is left alone.
GIVE_UP = 5

_REACH_S = 10.0  # for a connection

#: Around the outline of a frame stars are wanted too, deg.
FRAME_MARGIN_DEG = 0.1

#: Other catalogues' stars in a tile from which an empty answer is doubted.
DOUBT = 20


@dataclass(slots=True)
class Fetched:
    """What became of a fetch, in tiles; stars that arrived; reasons of the tiles that failed."""

    catalog: str
    n_asked: int
    n_there: int = 0
    n_fetched: int = 0
    n_empty: int = 0
    n_failed: int = 0
    n_star: int = 0
    n_new: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)

    def line(self) -> str:
        """Return it in one line."""
        parts = [f"{self.n_fetched} of {self.n_asked} tiles fetched"]
        if self.n_there:
            parts.append(f"{self.n_there} were there")
        if self.n_empty:
            parts.append(f"{self.n_empty} are empty")
        if self.n_failed:
            parts.append(f"{self.n_failed} failed: {self.reasons.most_common(1)[0][0]}")
        return f"{self.catalog}: {', '.join(parts)}; {self.n_star} stars, {self.n_new} of them new"


def fetch(
    catalog: str,
    tiles: Sequence[int],
    *,
    store: Path,
    server: str | None = None,
    refresh: bool = False,
    parallel: int = PARALLEL,
    attempts: int = ATTEMPTS,
    timeout_s: float | None = None,
    pause: Callable[[int], None] = wait,
) -> Fetched:
    """Bring tiles of a catalogue into a store.

    Parameters
    ----------
    catalog : str
        A known catalogue with a service.
    tiles : sequence of int
        Cells of the catalogue's order: `tiles_near`, `tiles_of_frames`.
    store : Path
        The store; made when there is none.
    server : str, optional
        Host of VizieR or of a mirror of it.
    refresh : bool, default=False
        Ask again for tiles that are there.
    parallel : int, default=3
        Questions under way at once.
    attempts : int, default=4
        How often to ask for a tile.
    timeout_s : float, optional
        s; how long to wait for an answer at most.
    pause : callable
        Called with the number of the attempt before a question is asked again.

    Returns
    -------
    Fetched
        Failed tiles are counted with their reasons: the same command again asks only for these.

    Raises
    ------
    UsageError
        If the catalogue is not known, has no service, or ``$PHOTDB_OFFLINE`` forbids to ask.
    ServiceError
        If not one tile could be had.
    """
    known = with_service(catalog)
    if is_offline():
        raise UsageError(
            "the network is forbidden by $PHOTDB_OFFLINE", "unset it, or add files: photdb refcat add FILE"
        )
    vizier = Vizier(server or vizier_server() or SERVER, timeout_s=timeout_s)
    there = set() if refresh else _already_there(Path(store), known)
    missing = [npix for npix in dict.fromkeys(tiles) if npix not in there]
    if missing and not vizier.answers(_REACH_S):
        raise ServiceError(
            f"{vizier.server} cannot be reached: none of {len(missing)} tiles of {catalog} fetched",
            "is there a network? --server names a mirror; files can be added: photdb refcat add FILE",
        )
    with writing(Path(store), create=True) as db:
        doubtful = _with_other_stars(db, known, missing)
        out = Fetched(catalog, len(set(tiles)), n_there=len(set(tiles)) - len(missing))
        run_id = db.begin_run(
            "refcat fetch",
            {"catalog": catalog, "server": vizier.address, "norder": known.service.norder, "tiles": len(missing)},
        )
    try:
        ask = partial(_ask, known, vizier, doubtful, attempts, pause)
        for tile in progress.track(_answers(ask, missing, parallel, out), f"fetching {known.title}", len(missing)):
            if tile is not None:
                with writing(Path(store)) as db, db.transaction():
                    _keep(db, known, tile, run_id, out)
    except BaseException as error:
        state = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        _finish(Path(store), catalog, run_id, state, str(error) or out.line())
        raise
    _finish(Path(store), catalog, run_id, "failed" if out.n_failed and not out.n_fetched else "done", out.line())
    if out.n_failed and not out.n_fetched:
        raise ServiceError(
            f"{catalog}: none of {len(missing)} tiles could be fetched: {out.reasons.most_common(1)[0][0]}",
            "is there a network? --server names a mirror; files can be added: photdb refcat add FILE",
        )
    return out


def with_service(catalog: str) -> Catalog:
    """Return a catalogue that can be asked for, or raise `UsageError`."""
    known = definition.load(catalog)
    if not known.service.table:
        raise UsageError(
            f"catalogue {catalog!r} has no service to ask", "photdb refcat add FILE --catalog NAME reads its files"
        )
    return known


def tiles_near(catalog: str, ra: float, dec: float, radius_deg: float) -> list[int]:
    """Return the tiles of a catalogue that a circle (deg) touches, without those the catalogue does not cover."""
    known = with_service(catalog)
    if not declination_overlaps(known.sky, dec, radius_deg):
        return []
    return tiles_of_cone(ra, dec, radius_deg, known.service.norder)


def tiles_of_frames(db: Database, catalog: str, *, margin_deg: float = FRAME_MARGIN_DEG) -> list[int]:
    """Return the tiles of a catalogue that the measured frames of a store need.

    Raises
    ------
    NotFoundError
        If no frame has a place on the sky.
    """
    fields = db.query("refcat_fields").dicts()
    if not fields:
        raise NotFoundError(
            "no frame with a place on the sky in the store",
            "name the place: --cone RA DEC RADIUS; or ingest frames first",
        )
    tiles: set[int] = set()
    for frame in fields:
        corners = separation_arcsec(frame["ra"], frame["dec"], frame["corner_ra"], frame["corner_dec"])
        tiles.update(tiles_near(catalog, frame["ra"], frame["dec"], float(np.max(corners)) / 3600 + margin_deg))
    return sorted(tiles)


def _already_there(store: Path, catalog: Catalog) -> set[int]:
    """Return the tiles that a store, if there is one, has whole."""
    if not store.exists():
        return set()
    with Database.open(store) as db:
        rows = db.query("refcat_complete", catalog=catalog.name, norder=catalog.service.norder).rows
    return {int(row[0]) for row in rows}


def _with_other_stars(db: Database, catalog: Catalog, tiles: Sequence[int]) -> set[int]:
    """Return the tiles in which other catalogues have stars."""
    shift = 2 * (sky.ORDER - catalog.service.norder)
    rows = db.query("refcat_elsewhere", catalog=catalog.name, shift=shift, cells=list(tiles), least=DOUBT).rows
    return {int(row[0]) for row in rows}


def _ask(
    catalog: Catalog, vizier: Vizier, doubtful: set[int], attempts: int, pause: Callable[[int], None], npix: int
) -> Tile | ServiceError:
    """Return a tile, or why there is none: in a thread."""
    try:
        return fetch_tile(catalog, npix, vizier, has_stars=npix in doubtful, attempts=attempts, pause=pause)
    except ServiceError as error:
        return error


def _answers(
    ask: Callable[[int], Tile | ServiceError], tiles: Sequence[int], parallel: int, out: Fetched
) -> Iterator[Tile | None]:
    """Yield tiles as they are answered, None for one that failed; stop when the service seems to be down."""
    questions: SimpleQueue[int] = SimpleQueue()
    answers: SimpleQueue[Tile | ServiceError | BaseException] = SimpleQueue()
    for npix in tiles:
        questions.put(npix)
    # Daemons: who interrupts a fetch does not wait for a service that does not answer.
    for k in range(min(parallel, len(tiles))):
        Thread(target=_work, args=(ask, questions, answers), daemon=True, name=f"photdb-fetch-{k}").start()
    expected, failures = len(tiles), 0
    try:
        while expected:
            answer, expected = answers.get(), expected - 1
            if isinstance(answer, ServiceError):
                failures += 1
                out.n_failed += 1
                out.reasons[answer.what] += 1
                if failures >= GIVE_UP or not answer.passing:
                    given_up = _empty(questions)
                    out.n_failed, expected = out.n_failed + given_up, expected - given_up
                yield None
            elif isinstance(answer, BaseException):
                raise answer
            else:
                failures = 0
                yield answer
    finally:
        _empty(questions)


def _work(
    ask: Callable[[int], Tile | ServiceError],
    questions: SimpleQueue[int],
    answers: SimpleQueue[Tile | ServiceError | BaseException],
) -> None:
    """Ask until there is nothing left to ask."""
    while True:
        try:
            npix = questions.get_nowait()
        except Empty:
            return
        try:
            answers.put(ask(npix))
        except BaseException as error:  # told to who waits for it
            answers.put(error)


def _empty(questions: SimpleQueue[int]) -> int:
    """Take away the questions that were not asked yet; return how many."""
    n = 0
    with suppress(Empty):
        while True:
            questions.get_nowait()
            n += 1
    return n


def _keep(db: Database, catalog: Catalog, tile: Tile, run_id: int, out: Fetched) -> None:
    """Write a tile's stars and its row."""
    if tile.stars is not None:
        out.n_new += write_stars(db, tile.stars, catalog.name).n_new
        out.notes.update(tile.stars.notes)
    place = {"catalog": catalog.name, "norder": tile.norder, "npix": tile.npix}
    db.job("refcat_drop_tile", **place)
    now = datetime.now(UTC).replace(tzinfo=None)
    db.job("refcat_put_tile", **place, n_star=tile.n_star, source=tile.source, now=now, run_id=run_id)
    out.n_fetched += 1
    out.n_empty += tile.n_star == 0
    out.n_star += tile.n_star


def _finish(store: Path, catalog: str, run_id: int, state: str, message: str) -> None:
    """Count the tiles again, link the objects there to their stars and record how the run ended."""
    with writing(store) as db:
        borrow_motions(db, catalog)
        recount(db, catalog)
        update_links(db, run_id)
        db.finish_run(run_id, state, message[:1000])


def sq_deg(catalog: str, n_tiles: int) -> float:
    """Return the area of so many tiles of a catalogue."""
    return n_tiles * area_sq_deg(with_service(catalog).service.norder)
