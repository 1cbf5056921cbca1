"""Which known bodies are in the frames, which of them were detected, and which tracklets they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from photdb.catalogs.skybot import Body
from photdb.jobs.movers import Field, Found, Search, load_field
from photdb.jobs.movers_rows import middle, place_at
from photdb.jobs.moving import places_in_frames
from photdb.jobs.sky_bodies import Expected, Question, expected, uncertainty
from photdb.photometry.tracklet_plane import holds
from photdb.sky import chord, separation_arcsec, unit_vector
from photdb.store.database import Database

Floats = NDArray[np.float64]

#: Bodies whose place is less certain than this (px), or that are fainter than the 90th percentile of the magnitudes of
#: the frame, are not looked for: the rule of PHOTOMETRYPIPELINE.
UNCERTAIN_PX = 5.0

#: A tracklet is a body when the rates agree to this share, and so many arcsec/h.
_RATE_SHARE, _RATE = 0.2, 3.0

_TEXT, _INT, _FLOAT = pa.string(), pa.int64(), pa.float64()

KNOWN = {
    "body": _TEXT, "number": _TEXT, "kind": _TEXT, "night": pa.date32(), "n_frames": _INT, "n_detected": _INT,
    "n_on_star": _INT, "off_arcsec": _FLOAT, "mjd_mid": _FLOAT, "ra": _FLOAT, "dec": _FLOAT, "ra_rate": _FLOAT,
    "dec_rate": _FLOAT, "v_mag": _FLOAT, "mag": _FLOAT, "sigma_arcsec": _FLOAT, "r_au": _FLOAT, "delta_au": _FLOAT,
    "phase_deg": _FLOAT, "tracklet": _TEXT,
}  # fmt: skip

KNOWN_POINT = {
    "body": _TEXT, "frame_id": _INT, "file": _TEXT, "mjd_mid": _FLOAT, "ra": _FLOAT, "dec": _FLOAT,
    "off_arcsec": _FLOAT, "mag": _FLOAT, "mag_err": _FLOAT, "object_id": _INT, "on_star": pa.bool_(),
}  # fmt: skip


@dataclass
class Known:
    """Rows of bodies and of their places in frames; how many bodies were too faint or too uncertain to look for."""

    bodies: list[dict[str, Any]]
    points: list[dict[str, Any]]
    n_left: int = 0
    n_unjudged: int = 0


def named(db: Database, search: Search, asked: dict[int, list[Question]]) -> dict[str, tuple[str, float]]:
    """Return which target or known body each tracklet is, and how far from its place (arcsec), by tracklet.

    Parameters
    ----------
    db : Database
    search : Search
    asked : dict
        What SkyBoT said, by the place of the field in ``search.fields``.
    """
    found = {}
    for tracklet in search.found:
        at = _target(db, tracklet) or _body(db, tracklet, asked.get(_index(search, tracklet.field), []))
        if at is not None:
            found[tracklet.name] = at
    return found


def _index(search: Search, field: Field) -> int:
    """Return the place of a field."""
    return next(k for k, f in enumerate(search.fields) if f is field)


def _target(db: Database, found: Found) -> tuple[str, float] | None:
    """Return the moving target that has a tracklet's path, if there is one."""
    at = found.field.left.frame[found.track.rows]
    k = int(at[len(at) // 2])
    frames = found.field.frames
    places = places_in_frames(db, [int(frames["frame_id"][k])], [float(frames["mjd_mid"][k])]).to_pylist()
    ra, dec, *_ = place_at(found, found.field.times.t[k])
    near = []
    for place in places:
        off = float(separation_arcsec(ra, dec, place["ra"], place["dec"])[0])
        sigma = place["sigma_arcsec"]
        if off <= float(frames["reach"][k]) + 3.0 * (sigma if sigma is not None and sigma == sigma else 0.0):
            near.append((off, int(place["target_id"])))
    if not near:
        return None
    off, target_id = min(near)
    return "target " + str(db.one("SELECT name FROM target WHERE target_id = $target_id", target_id=target_id)), off


def _body(db: Database, found: Found, known: Sequence[Question]) -> tuple[str, float] | None:
    """Return the body of SkyBoT that has a tracklet's place and rates, if there is one."""
    hours = middle(found)
    ra, dec, ra_rate, dec_rate, _ = (float(v[0]) for v in place_at(found, hours))
    there = expected(db, known, np.array([float(found.field.mjd(hours))]))
    reach = float(found.field.frames["reach"].max())
    near = []
    for k, body in enumerate(there.bodies):
        off = float(separation_arcsec(ra, dec, there.ra[k, 0], there.dec[k, 0]))
        apart = np.hypot((body.ra_rate or 0.0) - ra_rate, (body.dec_rate or 0.0) - dec_rate)
        if off <= reach + uncertainty(body, known[0].site) and apart <= _RATE + _RATE_SHARE * np.hypot(
            ra_rate, dec_rate
        ):
            near.append((off, called(body)))
    if not near:
        return None
    off, name = min(near)
    return name, off


def called(body: Body) -> str:
    """Return the name of a body with its number, as targets are named."""
    return f"({body.number}) {body.name}" if body.number and body.number.isdigit() else body.name


def known_bodies(
    db: Database,
    search: Search,
    asked: dict[int, list[Question]],
    names: dict[str, tuple[str, float]],
    *,
    everything: bool,
) -> Known:
    """Return the known bodies expected in the frames, and whether a detection is there.

    Parameters
    ----------
    db, search, asked
        As for `named`.
    names : dict
        What `named` returned.
    everything : bool
        Also bodies that are too faint or too uncertain to look for.
    """
    result = Known([], [])
    tracklets = {name: tracklet for tracklet, (name, _) in names.items()}
    for index, field in enumerate(search.fields):
        questions = asked.get(index, [])
        if questions:
            there = expected(db, questions, field.frames["mjd_mid"])
            _in_field(db, field, there, questions[0].site, tracklets, result, everything=everything)
    return result


def _in_field(
    db: Database,
    field: Field,
    there: Expected,
    site: str,
    tracklets: dict[str, str],
    result: Known,
    *,
    everything: bool,
) -> None:
    """Add the bodies of one field."""
    inside = _inside(field, there)
    wanted = [k for k in range(len(there.bodies)) if inside[k].any()]
    load_field(db, field)
    depth = {int(f): float(m) for f, m in db.job("movers_depth").rows}
    limits = np.array([depth.get(int(f), np.nan) for f in field.frames["frame_id"]])
    chosen = [k for k in wanted if everything or _worth_it(there.bodies[k], field, limits[inside[k]])]
    result.n_left += len(wanted) - len(chosen)
    result.n_unjudged += sum(not np.isfinite(limits[inside[k]]).any() for k in chosen)
    if not chosen:
        return
    places = [(k, int(f)) for k in chosen for f in np.flatnonzero(inside[k])]
    found = _detections(db, field, there, places, site)
    for k in chosen:
        rows = [_point(field, there, k, f, found.get(n)) for n, (b, f) in enumerate(places) if b == k]
        result.points += rows
        result.bodies.append(_row(field, there, k, rows, tracklets.get(called(there.bodies[k]))))


def _inside(field: Field, there: Expected) -> NDArray[np.bool_]:
    """Return which frames hold the place of each body."""
    inside = np.zeros(there.ra.shape, dtype=bool)
    for f, (ra, dec) in enumerate(zip(field.frames["corner_ra"], field.frames["corner_dec"], strict=True)):
        corners = field.plane.project(np.asarray(ra, float), np.asarray(dec, float))
        for k in range(len(there.bodies)):
            if np.isfinite(there.ra[k, f]):
                x, y = field.plane.project(there.ra[k, f], there.dec[k, f])
                inside[k, f] = holds(*corners, float(x), float(y))
    return inside


def _worth_it(body: Body, field: Field, limits: Floats) -> bool:
    """Return whether a body is certain enough and bright enough to be looked for."""
    pixel = float(np.median(field.frames["pixel_scale_arcsec"]))
    if body.sigma_arcsec is not None and body.sigma_arcsec >= UNCERTAIN_PX * pixel:
        return False
    known = limits[np.isfinite(limits)]
    return body.v_mag is None or not len(known) or body.v_mag < float(known.max())


def _detections(
    db: Database, field: Field, there: Expected, places: list[tuple[int, int]], site: str
) -> dict[int, dict[str, Any]]:
    """Return the detection nearest to each place, by the place's number."""
    ra, dec = (np.array([v[k, f] for k, f in places]) for v in (there.ra, there.dec))
    unit = unit_vector(ra, dec)
    reach = [float(field.frames["reach"][f]) + uncertainty(there.bodies[k], site) for k, f in places]
    table = {
        "place": np.arange(len(places)),
        "frame_id": np.array([int(field.frames["frame_id"][f]) for _, f in places]),
        "ux": unit[:, 0], "uy": unit[:, 1], "uz": unit[:, 2], "radius": chord(np.array(reach)),
    }  # fmt: skip
    with db.table("given_places", pa.table(table)):
        return {int(row["place"]): row for row in db.job("movers_there").dicts()}


def _point(field: Field, there: Expected, k: int, f: int, found: dict[str, Any] | None) -> dict[str, Any]:
    """Return the row of a body in a frame."""
    found = found or {}
    return {
        "body": called(there.bodies[k]), "frame_id": int(field.frames["frame_id"][f]),
        "file": Path(str(field.frames["path"][f])).name, "mjd_mid": float(field.frames["mjd_mid"][f]),
        "ra": float(there.ra[k, f]), "dec": float(there.dec[k, f]), "off_arcsec": found.get("off_arcsec"),
        "mag": found.get("mag"), "mag_err": found.get("mag_err"), "object_id": found.get("object_id"),
        "on_star": found.get("is_star"),
    }  # fmt: skip


def _row(field: Field, there: Expected, k: int, points: list[dict[str, Any]], tracklet: str | None) -> dict[str, Any]:
    """Return the row of a body: what is of stars is counted, and is in no mean."""
    body, middle_ = there.bodies[k], points[len(points) // 2]
    own = [p for p in points if p["off_arcsec"] is not None and not p["on_star"]]
    mags = [p["mag"] for p in own if p["mag"] is not None]
    return {
        "body": called(body), "number": body.number, "kind": body.kind, "night": field.night, "n_frames": len(points),
        "n_detected": len(own), "n_on_star": sum(bool(p["on_star"]) for p in points),
        "off_arcsec": float(np.median([p["off_arcsec"] for p in own])) if own else None,
        "mjd_mid": middle_["mjd_mid"], "ra": middle_["ra"], "dec": middle_["dec"], "ra_rate": body.ra_rate,
        "dec_rate": body.dec_rate, "v_mag": body.v_mag, "mag": float(np.median(mags)) if mags else None,
        "sigma_arcsec": body.sigma_arcsec, "r_au": body.r_au, "delta_au": body.delta_au, "phase_deg": body.phase_deg,
        "tracklet": tracklet,
    }  # fmt: skip
