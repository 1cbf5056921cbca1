"""Where targets that stand still are in frames: proper motion to the date of the frame, then the offset.

In SQL the same is said by the macro ``place_at`` and the view ``target_kind``, for work lists that are one statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from photdb.store.database import Database, statement

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import ArrayLike


def fixed_places(db: Database, target_id: ArrayLike, frame_id: ArrayLike, mjd_mid: ArrayLike) -> pa.Table:
    """Return where targets are in frames, one row a pair of target and frame.

    Parameters
    ----------
    db : Database
        Open store.
    target_id, frame_id : array_like of int, shape (n,)
        Pairs; targets that move are left out.
    mjd_mid : array_like of float, shape (n,)
        d, UTC; mid-exposure of each pair's frame.

    Returns
    -------
    pyarrow.Table
        target_id, frame_id, ra, dec (deg, ICRS, at the date of the frame); sorted by target and frame.
    """
    import pyarrow as pa

    pairs = {
        "target_id": pa.array(np.asarray(target_id, dtype=np.int32)),
        "frame_id": pa.array(np.asarray(frame_id, dtype=np.int32)),
        "mjd_mid": pa.array(np.asarray(mjd_mid, dtype=np.float64)),
    }
    with db.table("given_pairs", pa.table(pairs)):
        return db.arrow(statement("queries", "places_fixed"))
