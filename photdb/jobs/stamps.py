"""Cut-outs of reduced frames around a star or a target, in order of time, with where it should be and where it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from photdb.asking.finding import find_object, object_by_id, parse_position
from photdb.asking.naming import meant
from photdb.errors import InputError, NotFoundError, PhotdbError
from photdb.ingest import wcs as celestial
from photdb.jobs.frame_again import masters_of, task_again
from photdb.jobs.frame_pixels import reduced
from photdb.jobs.moving import places_in_frames
from photdb.output.plot_stamps import Stamp
from photdb.progress import track
from photdb.sky import separation_arcsec
from photdb.store.database import Database

#: Half the side of a stamp, in radii of the primary aperture.
HALF_SIDE = 4.0


@dataclass(frozen=True, slots=True)
class Sought:
    """Whose stamps they are: a place, or the places in frames of what moves.

    Attributes
    ----------
    title
        What to call it.
    frames, ra, dec
        The frames that may show it, and where it should be in each: deg, ICRS.
    object_id, target_id
        Whose measurements are drawn; None: nobody's.
    """

    title: str
    frames: tuple[int, ...]
    ra: tuple[float, ...]
    dec: tuple[float, ...]
    object_id: int | None
    target_id: int | None


def sought(db: Database, words: Sequence[str], *, object_id: int | None = None, online: bool | None = None) -> Sought:
    """Return whose stamps are asked for, and the frames that may show it.

    Raises
    ------
    NotFoundError
        If nothing has that name, or no frame covers the place.
    """
    if object_id is not None:
        found = object_by_id(db, object_id)
        return _standing(db, found.name, found.ra, found.dec, found.object_id, None)
    position = parse_position(words)
    if position is not None:
        return _standing(db, f"{position[0]:.5f} {position[1]:+.5f}", *position, _near(db, *position), None)
    named = meant(db, " ".join(words).strip(), online=online)
    rows = db.query("target_by_name", called=named.name).dicts() if named.source == "target" else []
    target_id = int(rows[0]["target_id"]) if rows else None
    if named.is_moving and target_id is not None:
        return _moving(db, named.name, target_id, named.object_id)
    near = named.object_id if named.object_id is not None else _near(db, named.ra, named.dec)
    return _standing(db, named.name, named.ra, named.dec, near, target_id)


def _near(db: Database, ra: float, dec: float) -> int | None:
    """Return the object at a place, where there is one."""
    try:
        return find_object(db, ra, dec).object_id
    except NotFoundError:
        return None


def _standing(db: Database, title: str, ra: float, dec: float, object_id: int | None, target_id: int | None) -> Sought:
    """Return the frames of a place."""
    frames = tuple(
        int(row[0]) for row in db.rows("SELECT frame_id FROM frames_at($ra, $dec)", {"ra": ra, "dec": dec}).rows
    )
    if not frames:
        raise NotFoundError(f"{title}: no measured frame covers {ra:.5f} {dec:+.5f}", "photdb coverage says more")
    return Sought(title, frames, (ra,) * len(frames), (dec,) * len(frames), object_id, target_id)


def _moving(db: Database, title: str, target_id: int, object_id: int | None) -> Sought:
    """Return the frames at whose date the path of a target is known."""
    dated = db.query("frames_dated").rows
    places = places_in_frames(db, [row[0] for row in dated], [row[1] for row in dated])
    mine = places.filter([t == target_id for t in places["target_id"].to_pylist()])
    if not mine.num_rows:
        raise NotFoundError(f"target {title}: its path covers no frame", "photdb target list says which dates it has")
    frames, ra, dec = (tuple(mine[name].to_pylist()) for name in ("frame_id", "ra", "dec"))
    return Sought(title, frames, ra, dec, object_id, target_id)


def stamps(
    db: Database,
    whose: Sought,
    *,
    frames: Sequence[int] | None = None,
    band: str | None = None,
    from_mjd: float | None = None,
    to_mjd: float | None = None,
    side_arcsec: float | None = None,
    limit: int | None = None,
) -> list[Stamp]:
    """Cut a stamp from each frame that shows a place; a frame that cannot be read is a stamp that says why.

    Parameters
    ----------
    db : Database
    whose : Sought
    frames : sequence of int, optional
        Only of these.
    band : str, optional
    from_mjd, to_mjd : float, optional
        d, UTC.
    side_arcsec : float, optional
        Side of a stamp; by default eight radii of the widest primary aperture.
    limit : int, optional
        At most so many, spread over all there are.

    Raises
    ------
    NotFoundError
        If no frame that was chosen shows the place.
    """
    place = {f: (r, d) for f, r, d in zip(whose.frames, whose.ra, whose.dec, strict=True)}
    wanted = [f for f in place if frames is None or f in set(frames)]
    rows = db.query("stamp_frames", frames=wanted, band=band, from_mjd=from_mjd, to_mjd=to_mjd).dicts()
    inside = [(row, found) for row in rows if (found := _inside(row, *place[row["frame_id"]])) is not None]
    if not inside:
        n = len(whose.frames)
        raise NotFoundError(
            f"{whose.title}: not in any of the chosen frames ({n} frame{'s' * (n != 1)} may show it)",
            "photdb coverage says which frames show a place; --frames, --band, --from and --to choose among them",
        )
    if limit is not None and len(inside) > limit:
        inside = [inside[i] for i in np.unique(np.linspace(0, len(inside) - 1, limit).round().astype(int))]
    points = _points(db, whose)
    ellipses = {row["frame_id"]: row for row in db.query("stamp_ellipses", target_id=whose.target_id).dicts()}
    masters, folder = masters_of(db), db.files.absolute() / "masters"
    side = side_arcsec or max(2 * HALF_SIDE * row["primary_radius_px"] * row["pixel_scale_arcsec"] for row, _ in inside)
    return [
        _cut(row, masters, folder, found, side, points.get(row["frame_id"]), ellipses.get(row["frame_id"]))
        for row, found in track(inside, "frames cut", len(inside))
    ]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a place is on a frame, px, and how the sky lies there."""

    x: float
    y: float
    north: tuple[float, float]
    east: tuple[float, float]


def _inside(row: Mapping[str, Any], ra: float, dec: float) -> _Place | None:
    """Return the place on a frame; None outside of it."""
    wcs = celestial.wcs_from_text(row["wcs"])
    step = 1.0 / 3600.0
    up = -1.0 if dec > 89.9 else 1.0  # the step must not go over the pole
    across = step / max(np.cos(np.radians(dec)), 1e-6)
    x, y = celestial.sky_to_pixel(wcs, np.array([ra, ra, ra + across]), np.array([dec, dec + up * step, dec]))
    if not (np.isfinite(x).all() and -0.5 <= x[0] <= row["width"] - 0.5 and -0.5 <= y[0] <= row["height"] - 0.5):
        return None
    if separation_arcsec(ra, dec, *celestial.pixel_to_sky(wcs, x[:1], y[:1]))[0] > 1.0:
        return None  # behind the tangent plane, a WCS has a place for the other side of the sky too
    north, east = (_unit(sign * (x[k] - x[0]), sign * (y[k] - y[0])) for k, sign in ((1, up), (2, 1.0)))
    return _Place(float(x[0]), float(y[0]), north, east)


def _unit(dx: float, dy: float) -> tuple[float, float]:
    """Return a direction."""
    length = float(np.hypot(dx, dy))
    return float(dx) / length, float(dy) / length


def _points(db: Database, whose: Sought) -> dict[int, dict[str, Any]]:
    """Return what was measured, by frame; a detection before a forced point."""
    if whose.object_id is None and whose.target_id is None:
        return {}
    found: dict[int, dict[str, Any]] = {}
    for row in db.query("stamp_points", object_id=whose.object_id, target_id=whose.target_id).dicts():
        found.setdefault(row["frame_id"], row)
    return found


def _cut(
    row: Mapping[str, Any],
    masters: Mapping[int, Any],
    folder: Path,
    place: _Place,
    side_arcsec: float,
    point: Mapping[str, Any] | None,
    ellipse: Mapping[str, Any] | None,
) -> Stamp:
    """Cut one stamp."""
    scale = row["pixel_scale_arcsec"]
    half = max(3, round(side_arcsec / scale / 2))
    column, line = round(place.x), round(place.y)
    left, bottom = max(column - half, 0), max(line - half, 0)
    pixels, why_not = None, ""
    try:
        data = reduced(task_again(row, masters, folder)).data
        pixels = np.array(data[bottom : line + half + 1, left : column + half + 1], dtype=np.float32)
    except PhotdbError as error:
        why_not = error.what
    except OSError as error:
        why_not = f"{row['path']}: {error.strerror or error}"
    except TypeError as error:
        why_not = f"its settings are not those of this photdb: {error}"
    return Stamp(
        row["frame_id"], row["mjd_mid"], row["band"], pixels, left, bottom, half, place.x, place.y,
        row["primary_radius_px"], point, place.north, place.east, scale, why_not, ellipse,
    )  # fmt: skip


def refuse_all_failed(cut: Sequence[Stamp]) -> None:
    """Refuse to draw when not one frame could be read.

    Raises
    ------
    InputError
        With the reason of the first.
    """
    if all(stamp.pixels is None for stamp in cut):
        raise InputError(
            f"none of {len(cut)} frames could be read: {cut[0].why_not}",
            "`photdb frames --relocate OLD NEW` says where the files are now",
        )
