"""The stars that are used, as columns: read range by range of frames, never a Python object a row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.magnitudes import POGSON
from photdb.photometry.zero_measures import Measures
from photdb.store.database import Database, statement

Numbers = NDArray[Any]

#: A system with fewer usable stars keeps none back.
LEAST_TO_HOLD = 50


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
            "SELECT source_no, mag::FLOAT AS mag, coalesce(mag_err, 0.0)::FLOAT AS mag_err, colour::FLOAT AS colour, "
            "is_held(source_id) AS held FROM zp_candidate ORDER BY star"
        )
        source, mag, mag_err, colour, held = (
            np.asarray(table[name].to_numpy(zero_copy_only=False))
            for name in ("source_no", "mag", "mag_err", "colour", "held")
        )
        return cls(source, mag, np.nan_to_num(mag_err), colour.astype(np.float32), held.astype(bool))


@dataclass(frozen=True, slots=True)
class Stars:
    """Stars in the frames of one system, sorted by frame.

    Attributes
    ----------
    frame, star
        Number of the frame in its system, and of the candidate.
    d, err
        mag; reference less instrumental magnitude, and its error.
    part
        Part of the detector, out of 8 x 8.
    u, v
        Place in the frame, -1 to 1; None where no term needs it.
    """

    frame: Numbers
    star: Numbers
    d: Numbers
    err: Numbers
    part: Numbers
    u: Numbers | None = None
    v: Numbers | None = None

    def where(self, which: Numbers) -> Stars:
        """Return some of them."""
        return Stars(*(None if column is None else column[which] for column in self._columns()))  # type: ignore[arg-type]

    def measures(self, known: Candidates, number: Numbers, *, colour: bool, place: bool, magnitude: bool) -> Measures:
        """Return them as they are solved; `number` is each row's star."""
        return Measures(
            self.frame, number, self.d, self.err, known.mag_err[self.star],
            colour=known.colour[self.star] if colour else None,
            u=self.u if place else None, v=self.v if place else None,
            mag=known.mag[self.star].astype(np.float32) if magnitude else None,
        )  # fmt: skip

    def _columns(self) -> list[Numbers | None]:
        """Return the columns in their order."""
        return [getattr(self, f.name) for f in fields(self)]


def joined(parts: list[Stars]) -> Stars:
    """Return stars of several ranges of frames as one; the list is emptied, so that little is in memory twice."""
    if not parts:
        whole, real = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
        return Stars(whole, whole, real, real, np.zeros(0, dtype=np.uint8))
    if len(parts) == 1:
        return parts.pop()
    columns = [list(row) for row in zip(*(p._columns() for p in parts), strict=True)]
    parts.clear()
    return Stars(*(_emptied(column) for column in columns))  # type: ignore[arg-type]


def _emptied(columns: list[Numbers | None]) -> Numbers | None:
    """Return columns as one, and forget them."""
    there = [c for c in columns if c is not None]
    columns.clear()
    return np.concatenate(there) if there else None


def difference(mag: Numbers, flux: Numbers, flux_err: Numbers) -> tuple[Numbers, Numbers]:
    """Return reference less instrumental magnitude and its error, NaN where there is no light."""
    with np.errstate(invalid="ignore", divide="ignore"):
        d = mag + np.float32(2.5) * np.log10(flux)
        err = np.float32(POGSON) * flux_err / flux
    return d.astype(np.float32, copy=False), err.astype(np.float32, copy=False)


class Gathered:
    """Columns of many ranges of frames, system by system; the stars that may be kept back beside the others."""

    def __init__(self, n_system: int, known: Candidates, *, with_place: bool) -> None:
        self._parts: list[list[Stars]] = [[] for _ in range(n_system)]
        self._held: list[list[Stars]] = [[] for _ in range(n_system)]
        self._known, self._with_place = known, with_place

    def add(self, db: Database) -> None:
        """Read the stars used of zp_measured."""
        table = db.arrow(statement("jobs", "zeropoint_used"), {"with_place": self._with_place})
        system, flux, flux_err = (
            np.asarray(table[name].to_numpy(zero_copy_only=False)) for name in ("system", "flux", "flux_err")
        )
        stars = _stars(table, flux, flux_err, self._known, with_place=self._with_place)
        for number, order in _by_system(system, stars.frame):
            held = self._known.held[stars.star[order]]
            self._held[number].append(stars.where(order[held]))
            self._parts[number].append(stars.where(order[~held]))

    def take(self, system: int, *, hold: bool) -> tuple[Stars, bool]:
        """Return the stars of a system, and forget them; and whether some are kept back, as `hold` allows.

        With fewer than 50 stars none is kept back.
        """
        parts, held = self._parts[system], self._held[system]
        there = np.zeros(len(self._known.source), dtype=bool)
        for part in (*parts, *held):
            there[part.star] = True
        n = len(np.unique(self._known.source[there]))
        if hold and n >= LEAST_TO_HOLD:
            held.clear()
            return joined(parts), True
        stars = joined([*parts, *held])
        parts.clear()
        held.clear()
        return stars.where(np.argsort(stars.frame, kind="stable")), False


def apertures(
    db: Database, first: int, last: int, known: Candidates, snr: float, *, with_place: bool
) -> Iterator[tuple[int, int, Stars]]:
    """Yield system, aperture and stars of the range of frames that is in zp_measured.

    `first` and `last` are as in schema/jobs/zeropoint_used_apertures.sql: -1 is PSF, 0 auto. An aperture that no star
    was measured in is left out.

    A star counts in an aperture when it is as well above its error there as it must be in the primary one.
    """
    sql = statement("jobs", "zeropoint_used_apertures")
    table = db.arrow(sql, {"from": first, "to": last, "with_place": with_place})
    n = last - first + 1
    system = np.asarray(table["system"].to_numpy(zero_copy_only=False))
    flux, flux_err = (
        np.asarray(table[name].combine_chunks().flatten().to_numpy(zero_copy_only=False)).reshape(-1, n)
        for name in ("flux", "flux_err")
    )
    for k in range(n):
        with np.errstate(invalid="ignore"):
            bright = (flux[:, k] > 0) & (flux_err[:, k] > 0) & (flux[:, k] > snr * flux_err[:, k])
        if not bright.any():
            continue
        some = _stars(table, flux[:, k], flux_err[:, k], known, with_place=with_place)
        for number, order in _by_system(system, some.frame):
            yield number, first + k if first + k > 0 else first + k - 1, some.where(order[bright[order]])


def dense(number: Numbers) -> tuple[Numbers, int]:
    """Return small numbers counted from 0 without gaps, in the same order, and how many there are."""
    if not len(number):
        return number.astype(np.int32), 0
    there = np.bincount(number) > 0
    place = np.cumsum(there) - 1
    return place.astype(np.int32)[number], int(place[-1]) + 1


def shared(stars: Stars, source: Numbers) -> Stars:
    """Return the stars of the frames that share one with another frame."""
    if not len(stars.d):
        return stars
    number, n = dense(source[stars.star])
    twice = np.bincount(number, minlength=n)[number] > 1
    frames = np.bincount(stars.frame[twice], minlength=int(stars.frame.max()) + 1) > 0
    return stars.where(frames[stars.frame])


def _stars(table: Any, flux: Numbers, flux_err: Numbers, known: Candidates, *, with_place: bool) -> Stars:
    """Return the rows of an answer as they come."""
    frame, star, part = (np.asarray(table[name].to_numpy(zero_copy_only=False)) for name in ("frame", "star", "part"))
    u, v = (np.nan_to_num(table[name].to_numpy(zero_copy_only=False)) if with_place else None for name in ("u", "v"))
    d, err = difference(known.mag[star], flux, flux_err)
    return Stars(frame, star, d, err, part, u, v)


def _by_system(system: Numbers, frame: Numbers) -> Iterator[tuple[int, Numbers]]:
    """Yield each system with its rows, sorted by frame."""
    for number in np.flatnonzero(np.bincount(system)) if len(system) else []:
        alone = bool(np.all(system == number))
        mine = np.arange(len(system)) if alone else np.flatnonzero(system == number)
        of = frame if alone else frame[mine]
        low = int(of.min())
        small = np.uint16 if int(of.max()) - low < 2**16 else np.int64  # 16 bits are sorted by radix
        order = np.argsort((of - low).astype(small), kind="stable")
        yield int(number), order if alone else mine[order]
