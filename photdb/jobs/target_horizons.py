"""Paths from JPL Horizons: which nights and sites of the store they lack, asked for once and kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from photdb import progress
from photdb.catalogs.ephemeris import EDGE_D, Ephemeris
from photdb.catalogs.fetch_vizier import wait
from photdb.catalogs.horizons import Site, path_of
from photdb.errors import InputError, NotFoundError, PhotdbError
from photdb.jobs.target import Extras, add_path, named, ready_to_move
from photdb.store.database import Database

#: d; nights of one site that are nearer than this are asked for at once.
TOGETHER_D = 1.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which one site took frames: MJD UTC, from the start of the first exposure to the end of the last."""

    site: Site
    first: float
    last: float
    n_frame: int


@dataclass(frozen=True, slots=True)
class Followed:
    """What became of a target that Horizons was asked for.

    Parameters
    ----------
    name, target_id : str, int
    n_asked, n_kept : int
        Stretches of frames that were asked for, and that were there already.
    n_row : int
        Rows of path that came.
    sources : tuple of str
        What Horizons calls it, the site and the step.
    notes : tuple of str
        What the user should know.
    """

    name: str
    target_id: int
    n_asked: int
    n_kept: int
    n_row: int
    sources: tuple[str, ...]
    notes: tuple[str, ...]


def follow(
    store: Path,
    name: str,
    designation: str,
    *,
    extras: Extras | None = None,
    server: str | None = None,
    pause: Callable[[int], None] = wait,
) -> Followed:
    """Add a body of the solar system as a target, with its path for every night and site of the store's frames.

    What the store has is not asked for again, so the same command asks only for nights that came since. The store is
    not held while Horizons is asked. What came before a failure is kept.

    Parameters
    ----------
    store : Path
        The store.
    name : str
        Of the target.
    designation : str
        As `photdb.catalogs.bodies.body_of` understands it.
    extras : Extras, optional
    server, pause
        As `photdb.catalogs.horizons.path_of` has them.

    Raises
    ------
    NotFoundError
        If the store has no frames with a date and a site, or Horizons does not know the body.
    UsageError, ServiceError, InputError
        As `photdb.catalogs.horizons.path_of` has them; or a target of that name does not move.
    """
    with Database.open(store) as db:
        stretches, notes = stretches_of(db)
        missing = _missing(db, name, stretches)
    paths: list[tuple[Stretch, Ephemeris]] = []
    try:
        for s in progress.track(missing, "asking JPL Horizons", len(missing)) if missing else ():
            paths.append((s, path_of(designation, s.site, s.first, s.last, server=server, pause=pause)))
    except PhotdbError as error:
        if not paths:
            raise
        error.what += f"; the path of {len(paths)} of {len(missing)} times came before and is kept"
        error.args = (error.what,)
        _keep(store, name, designation, paths, extras)
        raise
    target_id = _keep(store, name, designation, paths, extras)
    sources = tuple(dict.fromkeys(path.source for _, path in paths))
    n_row = sum(len(path) for _, path in paths)
    return Followed(name, target_id, len(missing), len(stretches) - len(missing), n_row, sources, notes)


def stretches_of(db: Database) -> tuple[list[Stretch], tuple[str, ...]]:
    """Return when which site of the store took frames, and what cannot be asked for.

    Raises
    ------
    NotFoundError
        If there is nothing to ask for.
    """
    rows = db.query("frame_stretches", gap=TOGETHER_D).dicts()
    if not rows:
        raise NotFoundError(
            "the store has no frames with a date, so there is nothing to ask JPL Horizons for", "ingest frames first"
        )
    codes = _codes({row["telescope"] for row in rows if row["longitude"] is None and row["called"] is not None})
    found, lost = [], 0
    for row in rows:
        site = _site(row, codes)
        if site is None:
            lost += row["n_frame"]
        else:
            found.append(Stretch(site, row["start_mjd"], row["stop_mjd"], row["n_frame"]))
    have = "1 frame has" if lost == 1 else f"{lost} frames have"
    what = f"{have} no site: where a near body is as they see it cannot be asked for"
    hint = (
        "give latitude and longitude, or mpc_code, under [site] in the telescope's file (docs/guides/new-telescope.md)"
    )
    if not found:
        raise NotFoundError(what, hint)
    return found, (f"{what}; {hint}",) if lost else ()


def _site(row: dict[str, object], codes: dict[str, str]) -> Site | None:
    """Return the site of some frames, as Horizons takes it; None: where it is is not known."""
    called, longitude, latitude = row["called"], row["longitude"], row["latitude"]
    if called is None:
        return None
    if longitude is not None and latitude is not None:
        height = float(str(row["height"] or 0.0))
        return Site(str(called), float(str(longitude)), float(str(latitude)), height)
    code = codes.get(str(row["telescope"]))
    return None if code is None else Site(str(called), code=code)


def _codes(telescopes: set[str | None]) -> dict[str, str]:
    """Return the codes of the Minor Planet Center that telescope files give."""
    if not telescopes:
        return {}
    from photdb.ingest.telescope import load_telescopes

    return {t.name: t.site.mpc_code for t in load_telescopes().files if t.name in telescopes and t.site.mpc_code}


def _missing(db: Database, name: str, stretches: list[Stretch]) -> list[Stretch]:
    """Return the times that a target's path for the site does not cover."""
    there = named(db, name)
    if there is None:
        return stretches
    if not there["is_moving"]:
        raise InputError(
            f"target {there['name']} is there already, at {there['ra']:.6f} {there['dec']:+.6f}, and does not move",
            f'take it away first: photdb target remove "{there["name"]}"',
        )
    covered = {s: _covered(db, there["target_id"], s) for s in {stretch.site.name for stretch in stretches}}
    return [
        s for s in stretches if not any(a - EDGE_D <= s.first and s.last <= b + EDGE_D for a, b in covered[s.site.name])
    ]


def _covered(db: Database, target_id: int, site: str) -> list[tuple[float, float]]:
    """Return the times that a path covers without gaps."""
    mjd = np.array([row[0] for row in db.query("ephemeris_dates", target_id=target_id, site=site).rows])
    if len(mjd) < 2:
        return []
    nothing = np.zeros(len(mjd))
    path = Ephemeris(mjd, nothing, nothing, nothing, nothing, nothing, "store")
    parts = [mjd[rows] for rows in path.stretches()]
    return [(float(part[0]), float(part[-1])) for part in parts if len(part) > 1]


def _keep(
    store: Path, name: str, designation: str, paths: list[tuple[Stretch, Ephemeris]], extras: Extras | None
) -> int:
    """Write what came; return the number of the target."""
    extras = extras or Extras()
    source = paths[0][1].source if paths else None
    extras = Extras(extras.ellipse, extras.offset, designation, extras.source or source)
    with Database.open(store, read_only=False) as db, db.transaction():
        there = named(db, name)
        if not paths:
            assert there is not None
            return ready_to_move(db, name, there["ra"], there["dec"], 51544.5, extras)
        first = paths[0][1]
        target_id = ready_to_move(db, name, float(first.ra[0]), float(first.dec[0]), float(first.mjd[0]), extras)
        for stretch, path in paths:
            add_path(db, target_id, path, site=stretch.site.name)
    return target_id
