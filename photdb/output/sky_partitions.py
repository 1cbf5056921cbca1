"""HEALPix partitions of a sky that is full in some places and empty in most, and their borders.

A partition is the coarsest NESTED cell that holds no more rows than asked for (the rule of HATS, IVOA note 2025,
https://www.ivoa.net/documents/Notes/HATS/). Partitions never overlap; `Cover` adds the coarsest cells that fill what
they leave, so that every place of the sky belongs to exactly one region. A margin cell of a region is a small cell that
touches it from outside; its order is that of hats (average size over 1.6 no less than the margin).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from photdb.errors import UsageError
from photdb.sky import ORDER

Cells = NDArray[np.int64]

#: Partitions are never finer than this, and rows are counted in cells of this order (3.4 arcmin).
FINEST = 10


@dataclass(frozen=True, slots=True)
class Partition:
    """A NESTED cell of an order from 0 to `FINEST`."""

    order: int
    pixel: int

    @property
    def lo(self) -> int:
        """The first order-29 cell within."""
        return self.pixel << 2 * (ORDER - self.order)

    @property
    def hi(self) -> int:
        """The order-29 cell after the last within."""
        return (self.pixel + 1) << 2 * (ORDER - self.order)

    def __str__(self) -> str:
        return f"{self.order}/{self.pixel}"


def split(cells: Cells, rows: Cells, most: int) -> list[Partition]:
    """Return partitions with at most so many rows each, unless a cell of order `FINEST` alone has more.

    Parameters
    ----------
    cells : ndarray of shape (n,)
        Distinct cells of order `FINEST`.
    rows : ndarray of shape (n,) or (n, k)
        Rows in each cell, of each of k tables: no table gets more than ``most``.
    most : int
        Rows of a partition.

    Returns
    -------
    list of Partition
        In the order of the sky.
    """
    left = np.argsort(cells)
    cells, rows = cells[left], rows[left] if rows.ndim == 2 else rows[left, None]
    found: list[Partition] = []
    for order in range(FINEST + 1):
        if not len(cells):
            break
        parents, start, count = np.unique(cells >> 2 * (FINEST - order), return_index=True, return_counts=True)
        small = np.add.reduceat(rows, start, axis=0).max(axis=1) <= most
        small |= order == FINEST
        found += [Partition(order, int(p)) for p in parents[small]]
        wide = np.repeat(~small, count)
        cells, rows = cells[wide], rows[wide]
    return sorted(found, key=lambda p: p.lo)


class Cover:
    """The whole sky as partitions and what is between them.

    Parameters
    ----------
    partitions : sequence of Partition
        In the order of the sky, without overlap.
    """

    def __init__(self, partitions: Sequence[Partition]) -> None:
        self.partitions = list(partitions)
        self.regions: list[Partition] = []
        at = 0
        for partition in self.partitions:
            self.regions += _between(at, partition.lo)
            self.regions.append(partition)
            at = partition.hi
        self.regions += _between(at, 12 << 2 * ORDER)

    @cached_property
    def _starts(self) -> Cells:
        return np.array([r.lo for r in self.regions], dtype=np.int64)

    @cached_property
    def _finest(self) -> int:
        return max(r.order for r in self.regions)

    def region_of(self, hpx: Cells) -> Cells:
        """Return the place in ``regions`` of order-29 cells; -1 for a negative cell (no position)."""
        return np.searchsorted(self._starts, hpx, side="right") - 1

    def beyond(self, hpx: Cells, order: int) -> tuple[Cells, Cells]:
        """Return which rows lie in margin cells of which regions.

        Parameters
        ----------
        hpx : ndarray of shape (n,)
            Order-29 cells of the rows.
        order : int
            Order of the margin cells: `margin_order`.

        Returns
        -------
        rows, regions : ndarray of shape (m,)
            Places in ``hpx`` and in ``regions``; a row has a place in the margin of every region it borders on.
        """
        import healpy

        small = hpx >> 2 * (ORDER - order)
        cells, inverse = np.unique(small, return_inverse=True)
        own = self.region_of(cells << 2 * (ORDER - order))
        edge = self._at_edge(cells, own, order)
        cells, own = cells[edge], own[edge]
        around = np.asarray(healpy.get_all_neighbours(2**order, cells, nest=True), dtype=np.int64).reshape(8, -1)
        theirs = np.where(around >= 0, self.region_of(np.maximum(around, 0) << 2 * (ORDER - order)), own)
        pairs = np.unique(
            np.stack([np.tile(np.flatnonzero(edge), 8), theirs.ravel()])[:, (theirs != own).ravel()], axis=1
        )
        return _joined(inverse, pairs[0], pairs[1])

    def _at_edge(self, cells: Cells, own: Cells, order: int) -> NDArray[np.bool_]:
        """Whether small cells touch the edge of their region from inside: only these can have other neighbours."""
        import healpy

        wide = np.array([2 ** (order - r.order) for r in self.regions], dtype=np.int64)[own]
        x, y, _ = healpy.pix2xyf(2**order, cells, nest=True)
        inner = (x % wide != 0) & (x % wide != wide - 1) & (y % wide != 0) & (y % wide != wide - 1)
        return np.asarray(~inner)

    def neighbours(self, region: Partition) -> list[int]:
        """Return the places of the regions that touch one, in the order of the sky."""
        import healpy

        order = self._finest
        side, deep = 2 ** (order - region.order), order - region.order
        along, none = np.arange(side), np.zeros(side, dtype=np.int64)
        x, y = (
            np.concatenate([none, none + side - 1, along, along]),
            np.concatenate([along, along, none, none + side - 1]),
        )
        corner = np.array(healpy.pix2xyf(2**order, np.array([region.pixel << 2 * deep]), nest=True)).ravel()
        cells = healpy.xyf2pix(2**order, corner[0] + x, corner[1] + y, corner[2], nest=True)
        around = np.asarray(healpy.get_all_neighbours(2**order, cells, nest=True), dtype=np.int64).ravel()
        theirs = self.region_of(around[around >= 0] << 2 * (ORDER - order))
        own = int(self.region_of(np.array([region.lo]))[0])
        return [int(t) for t in np.unique(theirs) if t != own]


def margin_order(margin_arcsec: float, partitions: Iterable[Partition]) -> int:
    """Return the order of the cells that make a margin.

    Raises
    ------
    UsageError
        If the margin is none, or too wide for the smallest partitions.
    """
    if not 0 < margin_arcsec < 36000:
        raise UsageError(f"a margin of {margin_arcsec:g} arcsec", "10 is usual, 0 means none")
    size = math.radians(1.6 * margin_arcsec / 3600)
    order = min(max(int(math.log2(math.sqrt(math.pi / 3) / size)), 0), ORDER)
    finest = max((p.order for p in partitions), default=0)
    if order < finest:
        least = math.degrees(math.sqrt(math.pi / 3) / 2**finest) * 3600 / 1.6
        raise UsageError(
            f"a margin of {margin_arcsec:g} arcsec is wider than the smallest partitions (order {finest}) allow",
            f"at most {least:.0f} arcsec, or larger partitions by --rows-per-partition",
        )
    return order


def _between(lo: int, hi: int) -> list[Partition]:
    """Return the coarsest cells that fill a range of order-29 cells."""
    found = []
    while lo < hi:
        order = ORDER
        while order > 0 and lo % (1 << 2 * (ORDER - order + 1)) == 0 and lo + (1 << 2 * (ORDER - order + 1)) <= hi:
            order -= 1
        found.append(Partition(order, lo >> 2 * (ORDER - order)))
        lo += 1 << 2 * (ORDER - order)
    return found


def _joined(keys: Cells, wanted: Cells, values: Cells) -> tuple[Cells, Cells]:
    """Return places in ``keys`` that equal a wanted key, with the wanted key's value, for every such pair."""
    order = np.argsort(wanted, kind="stable")
    wanted, values = wanted[order], values[order]
    first, last = np.searchsorted(wanted, keys, "left"), np.searchsorted(wanted, keys, "right")
    times = last - first
    rows = np.repeat(np.arange(len(keys)), times)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(times) - times, times)
    return rows, values[np.repeat(first, times) + within]
