"""Where the moving targets of a store are in given frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from photdb.catalogs.ephemeris import EDGE_D, Ephemeris
from photdb.store.database import Database

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import ArrayLike, NDArray

_COLUMNS = ("ra", "dec", "ra_rate", "dec_rate", "sigma_arcsec")


def places_in_frames(db: Database, frame_id: ArrayLike, mjd_mid: ArrayLike) -> pa.Table:
    """Return where each moving target is in each frame that its path covers.

    Parameters
    ----------
    db : Database
        Open store.
    frame_id : array_like of int
    mjd_mid : array_like of float
        d, UTC; mid-exposure of the frames.

    Returns
    -------
    pyarrow.Table
        target_id, frame_id, ra, dec (deg, ICRS), ra_rate, dec_rate (arcsec/h, the first with cos(dec)), sigma_arcsec
        (NaN: the path does not say); sorted by target and frame. No row where a path does not cover the date. Whether
        the place is inside the frame is not asked.
    """
    import pyarrow as pa

    frames, mjd = np.asarray(frame_id, dtype=np.int64), np.asarray(mjd_mid, dtype=float)
    known = np.isfinite(mjd)
    frames, mjd = frames[known], mjd[known]
    parts = [_in_frames(target_id, path, frames, mjd) for target_id, path in paths(db, mjd).items()]
    empty = {"target_id": pa.array([], pa.int32()), "frame_id": pa.array([], pa.int32())}
    if not parts:
        return pa.table({**empty, **{c: pa.array([], pa.float64()) for c in _COLUMNS}})
    return pa.concat_tables(parts)


def paths(db: Database, mjd: NDArray[np.float64]) -> dict[int, Ephemeris]:
    """Return the part of each target's path that is about some dates, by target."""
    if not mjd.size:
        return {}
    rows = db.query("ephemeris_around", first=float(mjd.min()) - EDGE_D, last=float(mjd.max()) + EDGE_D).rows
    if not rows:
        return {}
    table = np.array(rows, dtype=float)
    found = {}
    for target_id in np.unique(table[:, 0]):
        mine = table[table[:, 0] == target_id]
        if len(mine) > 1:
            _, when, ra, dec, ra_rate, dec_rate, sigma = mine.T
            found[int(target_id)] = Ephemeris(when, ra, dec, ra_rate, dec_rate, sigma, "store")
    return found


def _in_frames(target_id: int, path: Ephemeris, frames: NDArray[np.int64], mjd: NDArray[np.float64]) -> pa.Table:
    """Return the places of one target."""
    import pyarrow as pa

    at = path.at(mjd)
    there = np.isfinite(at.ra)
    order = np.argsort(frames[there], kind="stable")
    n = int(there.sum())
    return pa.table(
        {
            "target_id": pa.array(np.full(n, target_id), pa.int32()),
            "frame_id": pa.array(frames[there][order], pa.int32()),
            **{c: pa.array(getattr(at, c)[there][order], pa.float64()) for c in _COLUMNS},
        }
    )
