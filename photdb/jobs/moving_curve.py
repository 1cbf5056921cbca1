"""The light curve of a moving target with the places that its path has in the frames."""

from __future__ import annotations

import json
from typing import Any

from photdb import query
from photdb.asking.moving import Rejection, moving_target, with_path
from photdb.store.answer import Answer
from photdb.store.database import Database

#: What a path may say of a frame.
_SAID = ("ra", "dec", "r_au", "delta_au", "phase_deg")


def extended(
    db: Database, curve: Answer, object_id: int, rejection: Rejection | None = None, *, target_id: int | None = None
) -> Answer:
    """Return the light curve of an object with the columns of a moving target, where it is one; else as it came.

    Parameters
    ----------
    db : Database
        The store.
    curve : Answer
        The light curve.
    object_id : int
        Whose it is.
    rejection : Rejection, optional
        Which points do not count.
    target_id : int, optional
        Of the target, where it has no object: it was never detected.
    """
    target = moving_target(db, object_id, target_id)
    if target is None:
        return curve
    frames = dict(curve.only(["frame_id", "mjd_mid"]).rows())
    return with_path(curve, object_id, target["target_id"], path_in(db, target["target_id"], frames), rejection)


def path_in(db: Database, target_id: int, frames: dict[int, float]) -> list[dict[str, Any]]:
    """Return where a target was in frames (frame_id -> MJD of mid-exposure), one entry a frame that its path covers."""
    import numpy as np

    from photdb.jobs.moving import places_in_frames

    places = places_in_frames(db, list(frames), list(frames.values()))
    mine = np.asarray(places["target_id"]) == target_id
    columns = {name: np.asarray(places[name])[mine] for name in ("frame_id", *_SAID) if name in places.column_names}
    return [
        {"frame_id": int(frame_id)}
        | {name: float(columns[name][k]) for name in _SAID if name in columns and np.isfinite(columns[name][k])}
        for k, frame_id in enumerate(columns["frame_id"])
    ]


def path_for_export(db: Database, objects: list[int], rejection: Rejection | None = None) -> str:
    """Return what reports say of moving targets beside their measurements, as JSON: predicted places, and rejections.

    One entry an object and frame: ``object_id``, ``frame_id``, ``ra``, ``dec`` (deg; absent: no path), ``rejected``.
    """
    said = []
    for object_id in objects:
        if moving_target(db, object_id) is None:
            continue
        curve = extended(db, query.light_curve(db, object_id), object_id, rejection)
        for frame_id, ra, dec, rejected in curve.only(["frame_id", "predicted_ra", "predicted_dec", "rejected"]).rows():
            said.append({"object_id": object_id, "frame_id": frame_id, "ra": ra, "dec": dec, "rejected": rejected})
    return json.dumps(said)
