"""Fast stars: their detections are laid where the star was at J2016, and matched there.

A star is fast from `FAST_MAS` on; slower ones are matched where they are seen, with their motion in the error. A
detection moves with the fast reference star that was nearest to it, within its reach, on its own date: that depends on
nothing but the detection and the catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from photdb.jobs.crossmatch_grid import Box, columns, grid
from photdb.photometry.association import ARCSEC
from photdb.store.database import Database

#: mas/yr; slower stars stay within a third of an arcsecond for ten years.
FAST_MAS = 30.0

#: Julian year at which fast stars are matched, and the farthest from it (yr) that there are frames of.
EPOCH, YEARS = 2016.0, 130.0

#: A reference star seen in two catalogues is one star within this, arcsec.
SAME = 1.0


@dataclass(frozen=True, slots=True)
class FastStars:
    """Fast reference stars of a region: where they were at `EPOCH` (unit vectors), and their motion a year."""

    unit: NDArray[np.float64]
    velocity: NDArray[np.float64]
    pm_ra: NDArray[np.float64]
    pm_dec: NDArray[np.float64]
    pm_err: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.unit)


def fast_stars(db: Database, region: Box) -> FastStars:
    """Return the fast stars of a region, each once: of the catalogue that knows their motion best."""
    found = columns(db, "crossmatch_fast_stars", fast=FAST_MAS, **_wider(region))
    unit = np.column_stack([found[f"u{axis}"] for axis in "xyz"]).reshape(-1, 3)
    velocity = np.column_stack([found[f"v{axis}"] for axis in "xyz"]).reshape(-1, 3)
    first = _first_of_each(unit)
    return FastStars(unit[first], velocity[first], *(found[n][first] for n in ("pm_ra", "pm_dec", "pm_err")))


def _wider(region: Box) -> Box:
    """Return a region with room for stars of 3 arcsec a year that come into it."""
    room = 3.0 * 40.0 / ARCSEC
    return {name: value + (room if name.endswith("1") else -room) for name, value in region.items()}


def _first_of_each(unit: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the rows that no earlier row is the same star as."""
    if len(unit) < 2:
        return np.arange(len(unit))
    from scipy.spatial import cKDTree

    pairs = cKDTree(unit).query_pairs(SAME / ARCSEC, output_type="ndarray")
    later = np.unique(pairs.max(axis=1)) if len(pairs) else np.zeros(0, dtype=np.int64)
    return np.setdiff1d(np.arange(len(unit)), later)


def carried(
    stars: FastStars, unit: NDArray[np.float64], reach: NDArray[np.float64], epoch: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return where detections are matched, and the fast star each moves with (-1: none).

    Parameters
    ----------
    stars : FastStars
    unit : ndarray, shape (n, 3)
        Where they were seen.
    reach : ndarray
        arcsec.
    epoch : ndarray
        Julian year.
    """
    with_star = np.full(len(unit), -1, dtype=np.int64)
    if not len(stars) or not len(unit):
        return unit, with_star
    from scipy.spatial import cKDTree

    tree = cKDTree(unit)
    best = np.full(len(unit), np.inf)
    span = (epoch.min() + epoch.max()) / 2 - EPOCH, (epoch.max() - epoch.min()) / 2
    speed = np.linalg.norm(stars.velocity, axis=1)
    for k, near in enumerate(
        tree.query_ball_point(stars.unit + span[0] * stars.velocity, reach.max() / ARCSEC * 1.001 + speed * span[1])
    ):
        i = np.asarray(near, dtype=np.int64)
        if not i.size:
            continue
        there = stars.unit[k] + (epoch[i] - EPOCH)[:, None] * stars.velocity[k]
        distance = np.linalg.norm(unit[i] - there, axis=1) * ARCSEC
        nearer = (distance <= reach[i]) & (distance < best[i])
        best[i[nearer]], with_star[i[nearer]] = distance[nearer], k
    moving = with_star >= 0
    place = unit.copy()
    place[moving] -= (epoch[moving] - EPOCH)[:, None] * stars.velocity[with_star[moving]]
    return place, with_star


def carry_loose(db: Database, stars: FastStars) -> None:
    """Lay the loose detections of fast stars where these were at `EPOCH`."""
    if not len(stars):
        return
    low, high = db.rows("SELECT min(year) + 2000, max(year) + 2000 FROM loose").rows[0]
    reach = float(db.one("SELECT max(reach) FROM loose"))
    middle, half = (low + high) / 2, (high - low) / 2
    there = stars.unit + (middle - EPOCH) * stars.velocity
    radius = reach / ARCSEC * 1.001 + np.linalg.norm(stars.velocity, axis=1) * half
    cells = grid(float(radius.max()) * ARCSEC)
    del cells["radius"]
    places = pa.table({"ux": there[:, 0], "uy": there[:, 1], "uz": there[:, 2], "radius": radius})
    with db.table("given_places", places):
        near = columns(db, "crossmatch_near_places", **cells)
    unit = np.column_stack([near["ux"], near["uy"], near["uz"]]).reshape(-1, 3)
    place, star = carried(stars, unit, near["reach"], near["epoch"])
    moved = star >= 0
    rows = {"rid": near["rid"][moved], **{f"u{axis}": place[moved, k] for k, axis in enumerate("xyz")}}
    with db.table("given_carried", pa.table(rows)):
        db.job("crossmatch_carry")
