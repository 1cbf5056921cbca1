"""What tracklets are made of, and the motion that is fitted to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: arcsec/h per h. The daily circle of the observer bends the path of a body at 1 au by 8.79" (2 pi / 23.93 h)^2.
BEND = 0.6

#: arcsec/h of such a body at opposition: one that is faster is nearer, and its path bends as much more.
USUAL_RATE = 35.0

#: mag; a body that turns may change by this from frame to frame, beyond the errors.
BRIGHTER = 1.0


@dataclass(frozen=True, slots=True)
class Frames:
    """The frames of a field, in order of time.

    Attributes
    ----------
    t
        h, from any moment near them, of mid-exposure (m,).
    density
        Leftovers per square arcsec (m,).
    area
        Square arcsec of a frame.
    """

    t: Floats
    density: Floats
    area: float


@dataclass(frozen=True, slots=True)
class Leftovers:
    """Detections that no star explains.

    Attributes
    ----------
    frame
        Place in `Frames` (n,).
    x, y
        arcsec on the plane of the field, to the east and to the north (n,).
    sigma
        arcsec; 1 sigma of one axis (n,).
    mag, mag_err
        mag, comparable between frames; NaN: unknown (n,).
    """

    frame: Ints
    x: Floats
    y: Floats
    sigma: Floats
    mag: Floats
    mag_err: Floats


@dataclass(frozen=True, slots=True)
class Limits:
    """What counts as a tracklet.

    Attributes
    ----------
    min_rate, max_rate
        arcsec/h.
    min_frames
        Detections, one a frame.
    sigmas
        How far a detection may be from where the others have the body.
    chi2
        Of the places, per degree of freedom, at most.
    chance
        Expected number of chance tracklets, at most.
    min_arc
        arcsec; from the first to the last detection, at least.
    """

    min_rate: float = 3.0
    max_rate: float = 100.0
    min_frames: int = 4
    sigmas: float = 3.5
    chi2: float = 4.0
    chance: float = 0.01
    min_arc: float = 0.0


@dataclass(frozen=True, slots=True)
class Fit:
    """A motion: place, rate and half the change of the rate at ``t0``, each (2,) or a covariance of the three.

    Attributes
    ----------
    t0
        h.
    motion
        (3, 2): arcsec, arcsec/h and arcsec/h^2 (half), east and north.
    covariance
        (3, 3), of one axis.
    rms
        arcsec, of one axis.
    chi2_sum
        Of the places and of the bend.
    chi2
        That of the places, per degree of freedom.
    rate
        arcsec/h at ``t0``.
    arc
        arcsec; from the first to the last detection.
    mag
        Median; NaN: unknown.
    """

    t0: float
    motion: Floats
    covariance: Floats
    rms: float
    chi2_sum: float
    chi2: float
    rate: float
    arc: float
    mag: float

    def at(self, t: ArrayLike) -> tuple[Floats, Floats, Floats]:
        """Return places (arcsec) and their 1 sigma of one axis at times (h)."""
        powers = _powers(np.atleast_1d(np.asarray(t, dtype=float)) - self.t0)
        x, y = (powers @ self.motion).T
        return x, y, np.sqrt(np.einsum("ij,jk,ik->i", powers, self.covariance, powers))

    def rates_at(self, t: ArrayLike) -> tuple[Floats, Floats]:
        """Return the rates at times, arcsec/h."""
        dt = np.atleast_1d(np.asarray(t, dtype=float)) - self.t0
        x, y = (self.motion[1] + 2.0 * dt[:, None] * self.motion[2]).T
        return x, y


@dataclass(frozen=True, slots=True)
class Tracklet:
    """Detections of one body.

    Attributes
    ----------
    rows
        Of the leftovers.
    fit
        Its motion.
    chance
        So many tracklets like it are expected by chance in the field.
    """

    rows: Ints
    fit: Fit
    chance: float


def bend(rate: ArrayLike) -> Any:
    """Return the largest bend of a path, arcsec/h^2, at a rate in arcsec/h."""
    return BEND * np.maximum(1.0, np.asarray(rate, dtype=float) / USUAL_RATE)


def alike(mag: Any, err: Any, other: Any, other_err: Any) -> NDArray[np.bool_]:
    """Return whether magnitudes may be of one body; true where one is unknown."""
    apart = np.abs(mag - other) > BRIGHTER + 3.0 * np.hypot(err, other_err)
    return np.asarray(~(apart & np.isfinite(mag) & np.isfinite(other)))


def poisson_tail(at_least: NDArray[Any], expected: Floats) -> Floats:
    """Return the probability of at least so many, where ``expected`` are expected."""
    from scipy.special import gammainc

    return np.where(at_least > 0, gammainc(np.maximum(at_least, 1), np.maximum(expected, 0.0)), 1.0)


def fit_motion(left: Leftovers, frames: Frames, rows: Ints) -> Fit:
    """Return the motion through detections: a line that may bend as the path of a body does.

    The bend has a prior of the width of what the observer's own motion makes (`BEND`), so that few detections give a
    straight line and many what they show.
    """
    t, w = frames.t[left.frame[rows]], 1.0 / left.sigma[rows] ** 2
    places = np.column_stack([left.x[rows], left.y[rows]])
    t0 = float(np.sum(w * t) / np.sum(w))
    powers = _powers(t - t0)
    first, last = int(np.argmin(t)), int(np.argmax(t))
    arc = float(np.hypot(*(places[last] - places[first])))
    hours = max(float(t[last] - t[first]), 1e-6)
    normal = (powers * w[:, None]).T @ powers
    stiff = 1.0 / (0.5 * float(bend(arc / hours))) ** 2
    normal[2, 2] += stiff
    covariance = np.asarray(np.linalg.inv(normal), dtype=np.float64)
    motion = covariance @ ((powers * w[:, None]).T @ places)
    off = places - powers @ motion
    free = max(2 * len(rows) - 5, 1)
    chi2 = float(np.sum(w[:, None] * off**2))
    mags = left.mag[rows][np.isfinite(left.mag[rows])]
    return Fit(
        t0=t0,
        motion=motion,
        covariance=covariance,
        rms=float(np.sqrt(np.mean(off**2))),
        chi2_sum=chi2 + stiff * float(np.sum(motion[2] ** 2)),
        chi2=chi2 / free,
        rate=float(np.hypot(*motion[1])),
        arc=arc,
        mag=float(np.median(mags)) if len(mags) else float("nan"),
    )


def _powers(dt: Floats) -> Floats:
    """Return 1, dt, dt^2."""
    return np.column_stack([np.ones_like(dt), dt, dt**2])
