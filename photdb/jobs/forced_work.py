"""The work list of forced photometry: a question to the store, asked anew whenever it is needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from photdb.jobs.forced_asked import (
    ELLIPSE,
    PRIMARY,
    PSF,
    Asked,
    Target,
    Who,
    aperture_ids,
    object_places,
    targets_asked,
)
from photdb.jobs.moving import places_in_frames
from photdb.photometry.settings import Aperture
from photdb.store.database import Database, statement

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Frames:
    """Which frames are looked at; all that were measured here and have a WCS, unless something is given.

    Attributes
    ----------
    frame_ids : tuple of int or None
    bands : tuple of str or None
    from_mjd, to_mjd : float or None
        d, UTC, of mid-exposure.
    """

    frame_ids: tuple[int, ...] | None = None
    bands: tuple[str, ...] | None = None
    from_mjd: float | None = None
    to_mjd: float | None = None

    def parameters(self, frame_ids: Sequence[int] | None = None) -> dict[str, Any]:
        """Return them as the statements have them; ``frame_ids`` in place of its own."""
        ids = self.frame_ids if frame_ids is None else frame_ids
        return {
            "frame_ids": None if ids is None else [int(i) for i in ids],
            "bands": None if self.bands is None else list(self.bands),
            "from_mjd": self.from_mjd,
            "to_mjd": self.to_mjd,
        }


#: Fluxes whose places are held in memory at once, about (a flux takes 0.1 kB).
AT_ONCE = 2_000_000

#: All of them.
EVERY = Frames()


@dataclass(frozen=True, slots=True)
class Laid:
    """What was laid down for a work list.

    Attributes
    ----------
    targets : dict
        The targets, by number.
    sizes : dict
        The apertures that have a size of their own, by number.
    of_objects : Asked
        What is asked of objects.
    n_places : int
    n_frames : int
        Frames looked at.
    n_uncovered : dict
        Of moving targets, the frames in which nothing says where they are, by target.
    unplaced : list of Target
        Targets whose position is none.
    """

    targets: dict[int, Target]
    sizes: dict[int, Aperture]
    of_objects: Asked
    n_places: int
    n_frames: int
    n_uncovered: dict[int, int]
    unplaced: list[Target]

    def names(self, target_ids: Iterable[int]) -> list[str]:
        """Return the names of targets."""
        return [self.targets[i].name for i in target_ids]


def lay_work(db: Database, who: Who, frames: Frames, *, frame_ids: Sequence[int] | None = None, again: bool) -> Laid:
    """Ask the store what is to be measured; the answer is in the temporary table ``forced_todo``.

    Parameters
    ----------
    db : Database
        Open; for reading is enough.
    who : Who
    frames : Frames
    frame_ids : sequence of int, optional
        Only these of them.
    again : bool
        Also what is there already.
    """
    db.job("forced_lay_frames", **frames.parameters(frame_ids))
    every = targets_asked(db, who.targets) if who.targets != () else []
    targets = [t for t in every if t.is_moving or t.has_place]
    objects = object_places(db, who) if who.all_objects or who.objects or who.where is not None else None
    asked = list(dict.fromkeys([*(t.asked for t in targets), *([who.asked] if objects is not None else [])]))
    ids = aperture_ids(db, (a for one in asked for a in one.apertures), add=False)
    fixed = [t for t in targets if not t.is_moving]
    with db.table("given_place", _places(fixed, objects, asked, who.asked)):
        db.job("forced_lay_places")
    first = len(fixed) + (objects.num_rows if objects is not None else 0)
    moving = [t for t in targets if t.is_moving]
    path, uncovered = _paths(db, moving, asked, first)
    with db.table("given_path", path):
        db.job("forced_lay_paths")
    with db.table("given_asked", _asked(asked, ids)):
        db.job("forced_worklist", again=again)
    return Laid(
        targets={t.target_id: t for t in targets},
        sizes={i: a for a, i in ids.items()},
        of_objects=who.asked,
        n_places=first + len(moving),
        n_frames=int(db.one("SELECT count(*) FROM forced_frame")),
        n_uncovered=uncovered,
        unplaced=[t for t in every if not (t.is_moving or t.has_place)],
    )


def unseen(db: Database, laid: Laid) -> list[str]:
    """Return the names of the targets that no frame saw, now or before."""
    found = db.job("forced_unseen", target_ids=list(laid.targets)).rows if laid.targets else []
    return laid.names(int(row[0]) for row in found)


def nights(db: Database) -> list[tuple[Any, list[list[int]]]]:
    """Return the nights of the work list: date, and the frames in order of time, in batches that fit into memory."""
    found: dict[Any, list[list[int]]] = {}
    size = 0
    for night, frame_id, n in db.job("forced_nights").rows:
        if night not in found or size + n > AT_ONCE:
            found.setdefault(night, []).append([])
            size = 0
        found[night][-1].append(int(frame_id))
        size += int(n)
    return list(found.items())


def positions(db: Database) -> pa.Table:
    """Return the work list with positions, sorted by frame: frame_id, place, aperture_id, ra ..."""
    return db.arrow(statement("jobs", "forced_positions"))


def measures(asked: Asked, ids: dict[Aperture, int]) -> list[int]:
    """Return the numbers of all that is asked for."""
    rest = [ELLIPSE] * asked.ellipse + [PSF] * asked.psf
    return list(dict.fromkeys([PRIMARY, *(ids[a] for a in asked.apertures if a in ids), *rest]))


def _asked(asked: list[Asked], ids: dict[Aperture, int]) -> pa.Table:
    """Return what is asked for as a table: one row a measure."""
    import pyarrow as pa

    rows = [(n, i) for n, one in enumerate(asked) for i in measures(one, ids)]
    return pa.table(
        {
            "wanted": pa.array([n for n, _ in rows], pa.int32()),
            "aperture_id": pa.array([i for _, i in rows], pa.int32()),
        }
    )


def _places(fixed: list[Target], objects: pa.Table | None, asked: list[Asked], of_objects: Asked) -> pa.Table:
    """Return the places that stand still as a table; ``place`` counts from 0, targets first."""
    import pyarrow as pa

    numbers = ("ra", "dec", "epoch", "pm_ra", "pm_dec", "offset_ra", "offset_dec")
    columns = {
        "wanted": pa.array([asked.index(t.asked) for t in fixed], pa.int32()),
        "is_recentred": pa.array([t.asked.recentre_arcsec is not None for t in fixed], pa.bool_()),
        "target_id": pa.array([t.target_id for t in fixed], pa.int32()),
        "object_id": pa.nulls(len(fixed), pa.int64()),
        **{name: pa.array([t.row[name] for t in fixed], pa.float64()) for name in numbers},
    }
    table = pa.table(columns)
    if objects is not None:
        n = objects.num_rows
        there = {
            "wanted": pa.array(np.full(n, asked.index(of_objects)), pa.int32()),
            "is_recentred": pa.array(np.full(n, of_objects.recentre_arcsec is not None)),
            "target_id": pa.nulls(n, pa.int32()),
            "object_id": objects["object_id"],
            **{c: objects[c] if c in objects.column_names else pa.nulls(n, pa.float64()) for c in numbers},
        }
        table = pa.concat_tables([table, pa.table(there)])
    return table.append_column("place", pa.array(np.arange(table.num_rows), pa.int32()))


def _paths(db: Database, moving: list[Target], asked: list[Asked], first: int) -> tuple[pa.Table, dict[int, int]]:
    """Return where moving targets are in the frames, and in how many frames that is not known."""
    import pyarrow as pa

    frames = np.array(db.rows("SELECT frame_id, mjd_mid FROM forced_frame").rows if moving else [], dtype=float)
    frames = frames.reshape(-1, 2)
    found = places_in_frames(db, frames[:, 0].astype(np.int64), frames[:, 1])
    number = {t.target_id: first + n for n, t in enumerate(moving)}
    wanted = {t.target_id: asked.index(t.asked) for t in moving}
    found = found.filter(pa.array([i in number for i in found["target_id"].to_pylist()], pa.bool_()))
    ids = found["target_id"].to_pylist()
    places = {name: found[name] for name in ("target_id", "frame_id", "ra", "dec", "ra_rate", "dec_rate")}
    places["place"] = pa.array([number[i] for i in ids], pa.int32())
    places["wanted"] = pa.array([wanted[i] for i in ids], pa.int32())
    places["is_recentred"] = pa.array([asked[wanted[i]].recentre_arcsec is not None for i in ids], pa.bool_())
    covered = Counter(ids)
    return pa.table(places), {i: len(frames) - covered[i] for i in number if covered[i] < len(frames)}
