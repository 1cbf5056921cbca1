"""The stars that are used, as columns: read range by range of frames, never a Python object a row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.magnitudes import POGSON
from photdb.photometry.zero_measures import Measures
from photdb.store.database import Database, statement

Numbers = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Candidates:
    """What is known of every candidate, by its number.

    Attributes
    ----------
    source
        Number of the reference star.
    mag, mag_err, colour
        mag; 0, 0 and NaN where unknown.
    held
        To be kept back where there are enough.
    """

    source: Numbers
    mag: Numbers
    mag_err: Numbers
    colour: Numbers
    held: Numbers

    @classmethod
    def read(cls, db: Database) -> Candidates:
        """Read zp_candidate."""
        table = db.arrow(
            "SELECT source_no, mag, coalesce(mag_err, 0.0)::FLOAT AS mag_err, colour::FLOAT AS colour, "
            "is_held(source_id) AS held FROM zp_candidate ORDER BY star"
        )
        source, mag, mag_err, colour, held = (
            np.asarray(table[name].to_numpy(zero_copy_only=False))
            for name in ("source_no", "mag", "mag_err", "colour", "held")
        )
        return cls(source, mag, mag_err, colour.astype(np.float32), held.astype(bool))


@dataclass(frozen=True, slots=True)
class Stars:
    """Stars in the frames of one system, sorted by frame.

    Attributes
    ----------
    frame, star
        Number of the frame in its system, and of the candidate.
    d, err
        mag; reference less instrumental magnitude, and its error.
    u, v
        Place in the frame, -1 to 1.
    """

    frame: Numbers
    star: Numbers
    d: Numbers
    err: Numbers
    u: Numbers
    v: Numbers

    def where(self, which: Numbers) -> Stars:
        """Return some of them."""
        return Stars(self.frame[which], self.star[which], self.d[which], self.err[which], self.u[which], self.v[which])

    def part(self) -> Numbers:
        """Return the part of the detector, out of 8 x 8, of every row."""
        row, column = (np.clip(4.0 * (np.nan_to_num(x) + 1.0), 0, 7).astype(np.int64) for x in (self.v, self.u))
        return np.asarray(8 * row + column)

    def measures(self, known: Candidates, number: Numbers, *, colour: bool, place: bool, magnitude: bool) -> Measures:
        """Return them as they are solved; `number` is each row's star."""
        return Measures(
            self.frame, number, self.d, self.err, known.mag_err[self.star],
            colour=known.colour[self.star] if colour else None,
            u=np.nan_to_num(self.u) if place else None, v=np.nan_to_num(self.v) if place else None,
            mag=known.mag[self.star].astype(np.float32) if magnitude else None,
        )  # fmt: skip


def difference(mag: Numbers, flux: Numbers, flux_err: Numbers) -> tuple[Numbers, Numbers]:
    """Return reference less instrumental magnitude and its error, NaN where there is no light."""
    with np.errstate(invalid="ignore", divide="ignore"):
        d = (mag + 2.5 * np.log10(flux)).astype(np.float32)
        err = (POGSON * flux_err / flux).astype(np.float32)
    return d, err


class Gathered:
    """Columns of many ranges of frames, system by system."""

    def __init__(self, n_system: int, known: Candidates) -> None:
        self._parts: list[list[Stars]] = [[] for _ in range(n_system)]
        self._known = known

    def add(self, db: Database) -> None:
        """Read the stars used of zp_measured."""
        table = db.arrow(statement("jobs", "zeropoint_used"))
        system, frame, star, flux, flux_err, u, v = (
            np.asarray(table[name].to_numpy(zero_copy_only=False))
            for name in ("system", "frame", "star", "flux", "flux_err", "u", "v")
        )
        d, err = difference(self._known.mag[star], flux, flux_err)
        stars = Stars(frame, star, d, err, u, v)
        for number, mine in _by_system(system, stars):
            self._parts[number].append(mine)

    def take(self, system: int) -> Stars:
        """Return the stars of a system, and forget them."""
        parts, self._parts[system] = self._parts[system], []
        if len(parts) == 1:
            return parts[0]
        columns = zip(*((p.frame, p.star, p.d, p.err, p.u, p.v) for p in parts), strict=True)
        return Stars(*(np.concatenate(c) for c in columns)) if parts else _none()


def apertures(db: Database, first: int, last: int, known: Candidates, snr: float) -> Iterator[tuple[int, int, Stars]]:
    """Yield system, aperture (0: auto) and stars of the range of frames that is in zp_measured.

    A star counts in an aperture when it is as well above its error there as it must be in the primary one.
    """
    table = db.arrow(statement("jobs", "zeropoint_used_apertures"), {"from": first, "to": last})
    n = last - first + 1
    system, frame, star, u, v = (
        np.asarray(table[name].to_numpy(zero_copy_only=False)) for name in ("system", "frame", "star", "u", "v")
    )
    flux, flux_err = (
        table[name].combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(-1, n)
        for name in ("flux", "flux_err")
    )
    for k in range(n):
        with np.errstate(invalid="ignore"):
            bright = (flux[:, k] > 0) & (flux_err[:, k] > 0) & (flux[:, k] > snr * flux_err[:, k])
        d, err = difference(known.mag[star[bright]], flux[bright, k], flux_err[bright, k])
        some = Stars(frame[bright], star[bright], d, err, u[bright], v[bright])
        for number, mine in _by_system(system[bright], some):
            yield number, first + k, mine


def joined(parts: list[Stars]) -> Stars:
    """Return stars of several ranges of frames as one."""
    columns = zip(*((p.frame, p.star, p.d, p.err, p.u, p.v) for p in parts), strict=True)
    return Stars(*(np.concatenate(c) for c in columns))


def dense(number: Numbers) -> tuple[Numbers, int]:
    """Return small numbers counted from 0 without gaps, in the same order, and how many there are."""
    if not len(number):
        return number.astype(np.int32), 0
    there = np.bincount(number) > 0
    place = np.cumsum(there) - 1
    return place.astype(np.int32)[number], int(place[-1]) + 1


def _by_system(system: Numbers, stars: Stars) -> Iterator[tuple[int, Stars]]:
    """Yield the stars of each system, sorted by frame."""
    for number in np.flatnonzero(np.bincount(system)) if len(system) else []:
        mine = stars if np.all(system == number) else stars.where(system == number)
        low = int(mine.frame.min())
        small = np.uint16 if int(mine.frame.max()) - low < 2**16 else np.int64  # 16 bits are sorted by radix
        order = np.argsort((mine.frame - low).astype(small), kind="stable")
        yield int(number), mine.where(order)


def _none() -> Stars:
    """Return no stars."""
    whole, real = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
    return Stars(whole, whole, real, real, real, real)


def shared(stars: Stars, source: Numbers) -> Stars:
    """Return the stars that are in two frames or more, and only frames that have one of them."""
    number, n = dense(source[stars.star])
    return stars.where(np.bincount(number, minlength=n)[number] > 1) if n else stars
