"""Paths of moving targets, and the place at any date between two of their rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from photdb import sky

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

#: arcsec; places between rows are good to this, or the file's rows are too far apart and the error is added to theirs.
GOOD_ARCSEC = 0.05

#: d; a date so little outside the path is its end: dates of frames and of rows are both rounded.
EDGE_D = 2e-5

#: Rows below which leaving out every second one tells nothing.
FEW = 5

#: Rows that a place between two of them is found from.
_ROWS = 6

#: d; a longer time without rows, and so many times longer than the steps beside it, is a gap: nothing is said of it.
GAP_D, GAP_STEPS = 0.3, 4.0

#: What a path may say besides places: au from the Sun, au from the observer, deg at the target between them, mag in V.
GEOMETRY = ("r_au", "delta_au", "phase_deg", "v_mag")

ARCSEC = np.degrees(1.0) * 3600.0  # in a radian


@dataclass(frozen=True, slots=True)
class Ephemeris:
    """A path: one entry a date, the earliest first.

    Attributes
    ----------
    mjd
        d, UTC.
    ra, dec
        deg, ICRS, astrometric.
    ra_rate, dec_rate
        arcsec/h, the first with cos(dec); NaN: not known.
    sigma_arcsec
        arcsec, 1 sigma of the place; NaN: not known.
    source
        The file and what wrote it.
    notes
        What the user should know of it.
    geometry
        r_au, delta_au (au), phase_deg (deg), v_mag (mag), as far as they are said; NaN: not known.
    """

    mjd: Array
    ra: Array
    dec: Array
    ra_rate: Array
    dec_rate: Array
    sigma_arcsec: Array
    source: str
    notes: tuple[str, ...] = ()
    geometry: Mapping[str, Array] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.mjd)

    def at(self, mjd: ArrayLike) -> Places:
        """Return the places at dates (MJD UTC); NaN before the first row, after the last, and in gaps between nights.

        Between two rows with rates: Hermite's cubic of the unit vectors; without: the polynomial through the six
        rows around (a great circle, where there are only two), because the daily circle of an observer near a close
        body is too much for four rows of two hours. Both are then brought back to the sphere.
        """
        return _places(self, np.atleast_1d(np.asarray(mjd, dtype=float)))

    def part(self, rows: slice) -> Ephemeris:
        """Return some of the rows."""
        return replace(
            self, mjd=self.mjd[rows], ra=self.ra[rows], dec=self.dec[rows], ra_rate=self.ra_rate[rows],
            dec_rate=self.dec_rate[rows], sigma_arcsec=self.sigma_arcsec[rows],
            geometry={name: values[rows] for name, values in self.geometry.items()},
        )  # fmt: skip

    def stretches(self) -> list[slice]:
        """Return the rows between gaps."""
        step = np.diff(self.mjd)
        beside = np.full(len(step), np.inf)
        if len(step) > 1:
            beside = np.fmax(np.append(step[1:], -np.inf), np.insert(step[:-1], 0, -np.inf))
        ends = np.flatnonzero((step > GAP_D) & (step > GAP_STEPS * beside)) + 1
        return [slice(a, b) for a, b in zip([0, *ends.tolist()], [*ends.tolist(), len(self)], strict=True)]


@dataclass(frozen=True, slots=True)
class Places:
    """Where a target is at some dates: deg, arcsec/h (the first with cos(dec)), arcsec, au, mag; NaN: not known."""

    ra: Array
    dec: Array
    ra_rate: Array
    dec_rate: Array
    sigma_arcsec: Array
    r_au: Array
    delta_au: Array
    phase_deg: Array
    v_mag: Array


def axes(unit: Array) -> tuple[Array, Array]:
    """Return the directions of east and north at unit vectors."""
    x, y, z = unit.T
    across = np.maximum(np.hypot(x, y), 1e-15)
    east = np.stack([-y / across, x / across, np.zeros_like(z)], axis=1)
    return east, np.cross(unit, east)


def interpolation_error(path: Ephemeris) -> float:
    """Return how far off places between rows may be (arcsec): every second row is left out, and found again.

    The error of the cubic goes with the fourth power of the step, so it is a sixteenth of what is found; that through
    six rows is smaller still.
    Of fewer than five rows nothing can be said, and it is 0.
    """
    if len(path) < FEW:
        return 0.0
    off = np.concatenate([_left_out(path.part(rows)) for rows in path.stretches()])
    return float(off.max()) / 16.0 if off.size else 0.0


def _left_out(path: Ephemeris) -> Array:
    """Return how far every second row of a stretch is from where the others have it, arcsec."""
    if len(path) < FEW:
        return np.zeros(0)
    left_out = slice(1, len(path) - 1 if len(path) % 2 else len(path) - 2, 2)
    there = _between(path.part(slice(None, None, 2)), path.mjd[left_out])
    return np.asarray(sky.separation_arcsec(there.ra, there.dec, path.ra[left_out], path.dec[left_out]))


def _places(path: Ephemeris, mjd: Array) -> Places:
    """Return places at dates, in each stretch of rows from its own rows alone."""
    names = [f.name for f in fields(Places)]
    out = {name: np.full(len(mjd), np.nan) for name in names}
    for rows in path.stretches():
        part = path.part(rows)
        mine = (mjd >= part.mjd[0] - EDGE_D) & (mjd <= part.mjd[-1] + EDGE_D)
        if len(part) > 1 and mine.any():
            places = _between(part, mjd[mine])
            for name in names:
                out[name][mine] = getattr(places, name)
    return Places(**out)


def _between(path: Ephemeris, mjd: Array) -> Places:
    """Return places at dates between the rows of a path without gaps."""
    inside = (mjd >= path.mjd[0] - EDGE_D) & (mjd <= path.mjd[-1] + EDGE_D)
    when = np.where(inside, mjd, path.mjd[0])
    before = np.clip(np.searchsorted(path.mjd, when, side="right") - 1, 0, len(path) - 2)
    unit = sky.unit_vector(path.ra, path.dec)
    velocity = _velocities(path, unit)
    smooth, speed = _through_six(path.mjd, unit, before, when)
    moving = np.isfinite(velocity.sum(axis=1))
    both = moving[before] & moving[before + 1]
    hermite, hermite_speed = _hermite(path.mjd, unit, velocity, before, when)
    u = np.where(both[:, None], hermite, smooth)
    v = np.where(both[:, None], hermite_speed, speed)
    u[~inside] = np.nan
    length = np.linalg.norm(u, axis=1, keepdims=True)
    u, v = u / length, v / length
    east, north = axes(u)
    per_hour = ARCSEC / 24.0
    sigma = np.fmax(path.sigma_arcsec[before], path.sigma_arcsec[before + 1])
    return Places(
        ra=np.degrees(np.arctan2(u[:, 1], u[:, 0])) % 360.0,
        dec=np.degrees(np.arctan2(u[:, 2], np.hypot(u[:, 0], u[:, 1]))),
        ra_rate=(v * east).sum(axis=1) * per_hour,
        dec_rate=(v * north).sum(axis=1) * per_hour,
        sigma_arcsec=np.where(inside, sigma, np.nan),
        **{name: np.where(inside, _linear(path, name, when), np.nan) for name in GEOMETRY},
    )


def _linear(path: Ephemeris, name: str, when: Array) -> Array:
    """Return what a path says besides places, on straight lines between its rows."""
    values = path.geometry.get(name)
    return np.full(len(when), np.nan) if values is None else np.interp(when, path.mjd, values)


def _velocities(path: Ephemeris, unit: Array) -> Array:
    """Return motions of the unit vectors in a day, NaN where the rates are not known."""
    east, north = axes(unit)
    both = path.ra_rate[:, None] * east + path.dec_rate[:, None] * north
    return np.asarray(both / ARCSEC * 24.0)


def _through_six(t: Array, unit: Array, before: NDArray[np.int64], when: Array) -> tuple[Array, Array]:
    """Return Lagrange's polynomial through the six rows around each date (fewer where there are not so many)."""
    n = min(_ROWS, len(t))
    first = np.clip(before - (n - 1) // 2, 0, len(t) - n)
    near = first[:, None] + np.arange(n)
    # In units of the step, from the date: no power of a large number is taken.
    scale = (t[first + n - 1] - t[first])[:, None] / (n - 1)
    x = (t[near] - when[:, None]) / scale
    value, slope = np.zeros((len(when), 3)), np.zeros((len(when), 3))
    for k in range(n):
        others = [j for j in range(n) if j != k]
        below = np.prod([x[:, k] - x[:, j] for j in others], axis=0)
        weight = np.prod([-x[:, j] for j in others], axis=0) / below
        turn = sum(np.prod([-x[:, j] for j in others if j != m], axis=0) for m in others) / below
        value += weight[:, None] * unit[near[:, k]]
        slope += (turn / scale[:, 0])[:, None] * unit[near[:, k]]
    return value, slope


def _hermite(t: Array, unit: Array, velocity: Array, before: NDArray[np.int64], when: Array) -> tuple[Array, Array]:
    """Return the cubic that has place and motion of the rows before and after each date."""
    h = (t[before + 1] - t[before])[:, None]
    s = (when - t[before])[:, None] / h
    u0, u1, v0, v1 = unit[before], unit[before + 1], velocity[before] * h, velocity[before + 1] * h
    value = (
        (2 * s**3 - 3 * s**2 + 1) * u0 + (s**3 - 2 * s**2 + s) * v0 + (3 * s**2 - 2 * s**3) * u1 + (s**3 - s**2) * v1
    )
    slope = (6 * s**2 - 6 * s) * (u0 - u1) + (3 * s**2 - 4 * s + 1) * v0 + (3 * s**2 - 2 * s) * v1
    return value, slope / h
