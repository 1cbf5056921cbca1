"""Objects know their reference star and the name of their variable: found for those that are new or due again.

An object's star is that of the catalogue of the best astrometry and proper motions (``link_rank`` in the catalogue's
file) among those that have one: the nearest star to the object, and the object the nearest to it, within the match
radius of its frames, at the object's own mean epoch. All of it is set-wise SQL (``schema/jobs/link_*.sql``).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from photdb.catalogs import definition
from photdb.store.database import Database

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

#: arcsec; how far the star of an object may be that has no detections to say so.
OTHERWISE_ARCSEC = 1.0

#: arcsec; how far the name of a variable may be where the match radius is smaller: many of VSX's places are old ones.
NAME_ARCSEC = 3.0

#: arcsec; stars of two catalogues nearer than this at one epoch are one.
SAME_ARCSEC = 1.5

#: With more stars of a catalogue than this within reach, the place alone does not say which of them it is.
CROWD = 3

#: Colours of reference stars, the preferred first: wide ones, of passbands that many catalogues have.
INDICES = (
    ("g", "i"), ("g_ps1", "i_ps1"), ("g_sm", "i_sm"), ("BP", "RP"), ("g", "r"), ("g_ps1", "r_ps1"), ("g_sm", "r_sm"),
    ("B", "V"), ("V", "I"), ("BT", "VT"), ("r", "i"), ("J", "K"), ("J", "H"), ("B1", "R1"), ("B2", "R2"),
)  # fmt: skip

#: Rounds in which objects that lost their star to another look for one again.
ROUNDS = 4

_CELLS = 8  # HEALPix order of the pieces of sky in which stars are looked up


@dataclass(frozen=True, slots=True)
class Links:
    """What became of it: objects that were due, those that have a star now, and a variable's name."""

    n_due: int = 0
    n_linked: int = 0
    n_named: int = 0

    def line(self) -> str:
        """Return it in one line."""
        named = f", {self.n_named} with the name of a variable" if self.n_named else ""
        return f"{self.n_linked} of {self.n_due} objects have a reference star{named}"


def update_links(db: Database, run_id: int, *, anew: bool = False) -> Links:
    """Link the objects that were never looked at, and those where reference stars arrived since.

    Parameters
    ----------
    db : Database
        Open for writing; all is written in one transaction a round.
    run_id : int
        Of the run at work: tiles of reference stars that it brought count as new.
    anew : bool, default=False
        Link every object, whatever was known of it.

    Returns
    -------
    Links
    """
    db.job("link_forget" if anew else "link_renew")
    total = Links()
    for _ in range(ROUNDS):
        n_due = _find_due(db, run_id)
        if not n_due:
            break
        done = _link_due(db, n_due)
        total = Links(total.n_due + done.n_due, total.n_linked + done.n_linked, total.n_named + done.n_named)
    return total


def relink(db: Database) -> Links:
    """Link every object anew, whatever was known: ``photdb crossmatch --links``."""
    with db.run("crossmatch", {"links": True}) as run_id:
        done = update_links(db, run_id, anew=True)
        db.finish_run(run_id, "done", done.line())
    return done


def ranks(db: Database) -> pa.Table:
    """Return the catalogues of the store that objects may be linked to, with their rank."""
    import pyarrow as pa

    known = [(str(row[0]), definition.link_rank(str(row[0]))) for row in db.query("link_catalogs").rows]
    usable = [(name, rank) for name, rank in known if rank is not None]
    return pa.table(
        {
            "catalog": pa.array([name for name, _ in usable], pa.string()),
            "rank": pa.array([rank for _, rank in usable], pa.int32()),
        }
    )


def _find_due(db: Database, run_id: int) -> int:
    """Lay down the objects that are due; return how many."""
    with db.table("fresh_tile", _with_neighbours(db.job("link_fresh_tiles", run_id=run_id).rows)):
        db.job("link_due", run_id=run_id)
    return int(db.one("SELECT count(*) FROM link_due"))


def _with_neighbours(rows: list[tuple[int, int, int]]) -> pa.Table:
    """Return tiles with those around them: a star beyond the edge may be that of an object on this side."""
    import healpy
    import pyarrow as pa

    tiles: dict[tuple[int, int], int] = {}
    for norder, npix, run_id in rows:
        around = healpy.get_all_neighbours(2**norder, npix, nest=True).tolist()
        for tile in (npix, *(p for p in around if p >= 0)):
            tiles[norder, tile] = max(run_id, tiles.get((norder, tile), 0))
    return pa.table(
        {
            "norder": pa.array([norder for norder, _ in tiles], pa.int8()),
            "npix": pa.array([npix for _, npix in tiles], pa.int64()),
            "run_id": pa.array(list(tiles.values()), pa.int32()),
        }
    )


def _link_due(db: Database, n_due: int) -> Links:
    """Find and write the stars and names of the due objects."""
    import pyarrow as pa

    db.job("link_objects", otherwise_arcsec=OTHERWISE_ARCSEC)
    cells = np.array([row[0] for row in db.job("link_cells").rows], dtype=np.int64)
    with db.table("given_cell", pa.table({"cell": _with_those_around(cells)})):
        db.job("link_lay_cells")
    db.job("link_contenders")
    with db.table("given_rank", ranks(db)):
        db.job("link_stars")
    db.job("link_pairs")
    db.job("link_mutual", crowd=CROWD)
    blue, red = zip(*INDICES, strict=True)
    with db.table("given_index", pa.table({"n": np.arange(len(INDICES)), "blue": blue, "red": red})):
        db.job("link_chosen", same_arcsec=SAME_ARCSEC)
    db.job("link_losers")
    with db.transaction():
        db.job("link_write", seen=int(db.one("SELECT coalesce(max(run_id), 0) FROM run")))
        db.job("link_lose")
        db.job("link_names", least_arcsec=NAME_ARCSEC)
        db.job("link_write_names")
        db.job("link_lose_names")
    n_linked = db.one("SELECT count(*) FROM link_chosen WHERE object_id NOT IN (SELECT object_id FROM link_loser)")
    n_named = db.one("SELECT count(*) FROM link_name")
    return Links(n_due, int(n_linked), int(n_named))


def _with_those_around(cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return cells and their neighbours."""
    import healpy

    if not cells.size:
        return cells
    around = healpy.get_all_neighbours(2**_CELLS, cells, nest=True)
    every = np.unique(np.concatenate([cells, around.ravel()]))
    return np.asarray(every[every >= 0], dtype=np.int64)
