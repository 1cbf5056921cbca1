"""Light curves of moving targets: beside each point where the target was expected, how far, and why it is rejected."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from photdb.asking.lightcurves import light_curve
from photdb.errors import NotFoundError, UsageError
from photdb.store.answer import Answer
from photdb.store.database import Database, statement

#: What points can be rejected for, and what it means.
SCHEMAS = {
    "pos": "farther than 10 arcsec from the predicted place (pos=3: than 3 arcsec)",
    "flags": "saturated, truncated, bad pixel, cosmic ray, incomplete aperture, suspected blend or merged",
    "sigma": "below 3 sigma",
    "mag": "5 robust sigmas from the median of the night",
    "star": "a star of the store within the aperture",
}
#: arcsec; PHOTOMETRYPIPELINE's limit.
REACH_ARCSEC = 10.0
#: Saturated, truncated, bad pixel, cosmic ray, incomplete aperture, suspected blend, merged.
UNFIT = 4 | 8 | 16 | 32 | 64 | 128 | 1024
#: What the light curve of a moving target has more, with units.
COLUMNS = {
    "predicted_ra": ("deg", "ICRS, astrometric, of the path at mid-exposure"),
    "predicted_dec": ("deg", "ICRS, astrometric, of the path at mid-exposure"),
    "measured_ra": (
        "deg",
        "ICRS, of the detection or of the recentred aperture; NULL: measured where it was predicted",
    ),
    "measured_dec": ("deg", "ICRS, of the detection or of the recentred aperture"),
    "residual_ra": ("arcsec", "measured - predicted, with cos(dec)"),
    "residual_dec": ("arcsec", "measured - predicted"),
    "residual_arcsec": ("arcsec", "distance of the measured from the predicted place"),
    "r_au": ("au", "distance from the Sun"),
    "delta_au": ("au", "distance from the observer"),
    "phase_deg": ("deg", "angle between Sun and observer at the target"),
    "mag_reduced": ("mag", "mag - 5 log10(r_au delta_au)"),
    "mjd_at_target": ("d", "MJD (UTC) when the light left the target: mid-exposure less the light time"),
    "rejected": ("", f"why the point does not count: {', '.join(SCHEMAS)}; NULL: it does"),
}
#: What a path may say of a frame.
_SAID = ("ra", "dec", "r_au", "delta_au", "phase_deg")
#: A number that no object has.
_NO_STAR = -1
_MARK = "SELECT * FROM lightcurve WHERE false"


@dataclass(frozen=True, slots=True)
class Rejection:
    """Which points of a light curve do not count: names of `SCHEMAS`, and arcsec for ``pos``."""

    schemas: tuple[str, ...] = ("pos",)
    reach_arcsec: float = REACH_ARCSEC

    @classmethod
    def of(cls, words: str | None) -> Rejection:
        """Return what words like ``pos,flags``, ``pos=3`` or ``none`` mean; None: as PHOTOMETRYPIPELINE, ``pos``.

        Raises
        ------
        UsageError
            If a word is none of `SCHEMAS`.

        Examples
        --------
        >>> Rejection.of("pos=2.5,star"), Rejection.of("none").schemas
        (Rejection(schemas=('pos', 'star'), reach_arcsec=2.5), ())
        """
        if words is None:
            return cls()
        found, reach = [], REACH_ARCSEC
        for word in filter(None, (w.strip().lower() for w in words.split(","))):
            name, _, value = word.partition("=")
            if name == "none":
                continue
            if name not in SCHEMAS or (value and name != "pos"):
                there = "; ".join(f"{k}: {v}" for k, v in SCHEMAS.items())
                raise UsageError(f"--reject {word}: no such schema", f"none, or with commas between them {there}")
            if value:
                reach = _arcsec(value)
            found.append(name)
        return cls(tuple(dict.fromkeys(found)), reach)


def _arcsec(text: str) -> float:
    """Return a distance above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 3600:
        raise UsageError(f"--reject pos={text}", "a distance in arcsec, as pos=3")
    return value


def moving_target(db: Database, object_id: int, target_id: int | None = None) -> dict[str, Any] | None:
    """Return the moving target that an object is, or of a number: target_id, name, designation, offset_ra, offset_dec.

    None: it does not move. A target without an object was never detected.
    """
    found = db.query("moving_target", object_id=object_id, target_id=target_id).dicts()
    return found[0] if found else None


def with_path(
    curve: Answer,
    object_id: int,
    target_id: int,
    path: Iterable[Mapping[str, Any]],
    rejection: Rejection | None = None,
) -> Answer:
    """Return a light curve of a moving target with `COLUMNS` more, every point marked, none left out.

    Parameters
    ----------
    curve : Answer
        The light curve, with the usual columns at least.
    object_id, target_id : int
        Whose it is.
    path : iterable of mappings
        Of each frame: ``frame_id``, ``ra``, ``dec`` (deg), and ``r_au``, ``delta_au``, ``phase_deg`` where known.
    rejection : Rejection, optional
        What does not count; by default as PHOTOMETRYPIPELINE.

    Returns
    -------
    Answer
        ``bjd_tdb`` is of the place where the target was, not of where it was first seen.
    """  # fmt: skip
    rejection = rejection or Rejection()
    inner = curve.sql.rstrip().rstrip(";")
    text = statement("queries", "lightcurve_moving")
    before, _, after = text.partition(_MARK)
    parameters = {
        **curve.parameters,
        "object_id": object_id,
        "target_id": target_id,
        "path": json.dumps(list(path)),
        "reject": list(rejection.schemas),
        "reach": rejection.reach_arcsec,
        "unfit": UNFIT,
    }
    return replace(curve, sql=f"{before}{inner}\n{after}", parameters=parameters, meanings=COLUMNS)


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
    return with_path(curve, object_id, target["target_id"], _path_of(db, curve, target["target_id"]), rejection)


def _path_of(db: Database, curve: Answer, target_id: int) -> list[dict[str, Any]]:
    """Return where a target was in the frames of a light curve."""
    return path_in(db, target_id, dict(_picked(curve, "frame_id, mjd_mid")))


def _picked(curve: Answer, columns: str) -> Iterator[tuple[Any, ...]]:
    """Return some columns of a light curve, row by row; it is not described first, which takes as long as the rows."""
    inner = curve.sql.rstrip().rstrip(";")
    return replace(curve, sql=f"SELECT {columns} FROM ({inner}\n) AS curve").rows()


def path_in(db: Database, target_id: int, frames: dict[int, float]) -> list[dict[str, Any]]:
    """Return where a target was in frames (frame_id -> MJD of mid-exposure), one entry a frame that its path covers."""
    import numpy as np

    from photdb.asking.paths import places_in_frames

    places = places_in_frames(db, list(frames), list(frames.values()))
    mine = np.asarray(places["target_id"]) == target_id
    columns = {name: np.asarray(places[name])[mine] for name in ("frame_id", *_SAID) if name in places.column_names}
    return [
        {"frame_id": int(frame_id)}
        | {name: float(columns[name][k]) for name in _SAID if name in columns and np.isfinite(columns[name][k])}
        for k, frame_id in enumerate(columns["frame_id"])
    ]


def path_for_export(
    db: Database, objects: list[int], rejection: Rejection | None = None, *, targets: Sequence[int] = ()
) -> str:
    """Return what reports say of moving targets beside their measurements, as JSON: predicted places, and rejections.

    One entry an object and frame: ``object_id``, ``frame_id``, ``ra``, ``dec`` (deg; absent: no path), ``rejected``; of
    ``targets``, which have no object, with ``target_id`` instead.
    """
    said = []
    for object_id, target_id in [*((o, None) for o in objects), *((None, t) for t in targets)]:
        target = moving_target(db, _NO_STAR if object_id is None else object_id, target_id)
        if target is None:
            continue
        number, whose = target["target_id"], {"object_id": object_id, "target_id": target_id}
        points = light_curve(db, object_id, target_id=number)
        curve = with_path(points, object_id or _NO_STAR, number, _path_of(db, points, number), rejection)
        for frame_id, ra, dec, rejected in _picked(curve, "frame_id, predicted_ra, predicted_dec, rejected"):
            said.append({**whose, "frame_id": frame_id, "ra": ra, "dec": dec, "rejected": rejected})
    return json.dumps(said)


def rejected_in_words(curve: Answer) -> str | None:
    """Return how many points of a light curve are rejected and why; None: none is."""
    reasons = [row[0] for row in _picked(curve, "rejected")]
    bad = [r for r in reasons if r]
    if not bad:
        return None
    counts = {name: sum(name in r.split(",") for r in bad) for name in SCHEMAS}
    said = ", ".join(f"{n} {name} ({SCHEMAS[name].partition(' (')[0]})" for name, n in counts.items() if n)
    return f"{len(bad)} of {len(reasons)} points are rejected (column rejected): {said}"


def drawable(points: Sequence[Mapping[str, Any]], *, reduced: bool = False) -> list[dict[str, Any]]:
    """Return the points of a light curve that are drawn: all but rejected ones.

    With ``reduced``, magnitudes and limits are reduced to 1 au from Sun and observer, and times are those when the
    light left the target (no BJD: `photdb.output.plot` then writes MJD).

    Raises
    ------
    NotFoundError
        If all are rejected, or the path says no distances.
    """
    kept = [dict(p) for p in points if not p.get("rejected")]
    if points and not kept:
        raise NotFoundError(f"nothing to draw: all {len(points)} points are rejected", "--reject none draws them all")
    if not reduced:
        return kept
    known = [p for p in kept if p.get("mjd_at_target") is not None and p.get("r_au") is not None]
    if not known:
        raise NotFoundError(
            "no reduced magnitudes: the path of the target says no distances from Sun and observer",
            "photdb target add NAME --horizons DESIGNATION, or a path with r_au and delta_au",
        )
    for point in known:
        nearer = 5 * math.log10(point["r_au"] * point["delta_au"])
        for name in ("mag", "limit_mag", "limit_3_mag"):
            if point.get(name) is not None:
                point[name] -= nearer
        point |= {"mjd_mid": point["mjd_at_target"], "bjd_tdb": None}
    return known
