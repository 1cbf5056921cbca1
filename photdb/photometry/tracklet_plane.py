"""The plane that touches the sky in a field: great circles are straight lines on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from photdb.sky import unit_vector

Floats = NDArray[np.float64]

_ARCSEC = float(np.degrees(1.0)) * 3600.0  # in a radian


@dataclass(frozen=True, slots=True)
class Plane:
    """A tangent plane: directions of its centre, of east and of north there, as unit vectors."""

    centre: Floats
    east: Floats
    north: Floats

    @classmethod
    def around(cls, ra: ArrayLike, dec: ArrayLike) -> Plane:
        """Return the plane that touches the sky in the middle of some places (deg)."""
        middle = unit_vector(ra, dec).reshape(-1, 3).mean(axis=0)
        centre = middle / np.linalg.norm(middle)
        east, north = _directions(centre)
        return cls(centre, east, north)

    def project(self, ra: ArrayLike, dec: ArrayLike) -> tuple[Floats, Floats]:
        """Return places (deg) on the plane, arcsec to the east and to the north of its centre."""
        u = unit_vector(ra, dec)
        depth = u @ self.centre
        return _ARCSEC * (u @ self.east) / depth, _ARCSEC * (u @ self.north) / depth

    def sky(self, x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
        """Return places on the plane as ra and dec, deg."""
        u = self._unit(x, y)
        ra = np.degrees(np.arctan2(u[..., 1], u[..., 0])) % 360.0
        return ra, np.degrees(np.arctan2(u[..., 2], np.hypot(u[..., 0], u[..., 1])))

    def rates(self, x: ArrayLike, y: ArrayLike, x_rate: ArrayLike, y_rate: ArrayLike) -> tuple[Floats, Floats]:
        """Return a motion on the plane as motion to the east and to the north at its own place, in the same unit.

        Near a pole east is another direction there than in the centre.
        """
        u = self._unit(x, y)
        along = np.multiply.outer(np.asarray(x_rate, float), self.east)
        along = along + np.multiply.outer(np.asarray(y_rate, float), self.north)
        depth = np.sqrt(1.0 + (np.asarray(x, float) ** 2 + np.asarray(y, float) ** 2) / _ARCSEC**2)
        along = (along - u * np.sum(u * along, axis=-1, keepdims=True)) / np.asarray(depth)[..., None]
        east, north = _directions(u)
        return np.sum(along * east, axis=-1), np.sum(along * north, axis=-1)

    def _unit(self, x: ArrayLike, y: ArrayLike) -> Any:
        """Return places on the plane as unit vectors."""
        v = self.centre + np.multiply.outer(np.asarray(x, float) / _ARCSEC, self.east)
        v = v + np.multiply.outer(np.asarray(y, float) / _ARCSEC, self.north)
        return v / np.linalg.norm(v, axis=-1, keepdims=True)


def holds(corner_x: Floats, corner_y: Floats, x: float, y: float) -> bool:
    """Return whether a place is inside a polygon."""
    if len(corner_x) < 3:
        return False
    x1, y1 = np.roll(corner_x, -1), np.roll(corner_y, -1)
    crossing = (corner_y > y) != (y1 > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = corner_x + (y - corner_y) * (x1 - corner_x) / (y1 - corner_y)
    return bool(np.count_nonzero(crossing & (x < at)) % 2)


def _directions(u: Floats) -> tuple[Floats, Floats]:
    """Return east and north at unit vectors; at a pole, east is that of RA 0."""
    across = np.hypot(u[..., 0], u[..., 1])
    safe = np.where(across > 1e-12, across, 1.0)
    east = np.stack(
        [
            np.where(across > 1e-12, -u[..., 1] / safe, 0.0),
            np.where(across > 1e-12, u[..., 0] / safe, 1.0),
            np.zeros_like(across),
        ],
        axis=-1,
    )
    return east, np.cross(u, east)
