"""Partitions cover what there is, never overlap, and know what lies just outside them."""

from itertools import pairwise

import healpy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photdb.errors import UsageError
from photdb.output.sky_partitions import FINEST, Cover, Partition, margin_order, split
from photdb.sky import ORDER, healpix


def sky(seed: int, n: int = 4000) -> np.ndarray:
    """Order-29 cells: a thin sky, a cluster at the pole, one where four base cells meet."""
    rng = np.random.default_rng(seed)
    dec = np.concatenate(
        [np.degrees(np.arcsin(rng.uniform(-1, 1, n))), 90 - abs(rng.normal(0, 0.3, n)), rng.normal(0, 0.3, n)]
    )
    ra = np.concatenate([rng.uniform(0, 360, n), rng.uniform(0, 360, n), 45 + rng.normal(0, 0.3, n)])
    return healpix(ra % 360, dec.clip(-90, 90))


def parted(hpx: np.ndarray, most: int) -> list[Partition]:
    cells, rows = np.unique(hpx >> 2 * (ORDER - FINEST), return_counts=True)
    return split(cells, rows, most)


@given(st.integers(0, 2**32 - 1), st.integers(1, 5000))
def test_every_row_is_in_one_partition_that_is_as_coarse_as_it_may_be(seed, most):
    hpx = sky(seed, 300)
    partitions = parted(hpx, most)
    counts = [int(((hpx >= p.lo) & (hpx < p.hi)).sum()) for p in partitions]
    assert sum(counts) == len(hpx)
    assert all(n <= most or p.order == FINEST for n, p in zip(counts, partitions, strict=True))
    for p in partitions:
        if p.order:
            up = Partition(p.order - 1, p.pixel >> 2)
            assert ((hpx >= up.lo) & (hpx < up.hi)).sum() > most
    assert all(a.hi <= b.lo for a, b in pairwise(partitions))


def test_no_table_has_more_rows_than_asked_for():
    cells = np.array([0, 1, 2, 3], dtype=np.int64)
    rows = np.array([[1, 50], [1, 0], [60, 0], [1, 1]], dtype=np.int64)
    assert split(cells, rows, 63) == [Partition(0, 0)]
    assert split(cells, rows, 62) == [
        Partition(FINEST, 0),
        Partition(FINEST, 1),
        Partition(FINEST, 2),
        Partition(FINEST, 3),
    ]


@given(st.integers(0, 2**32 - 1), st.integers(20, 3000))
def test_a_cover_is_the_whole_sky_once(seed, most):
    cover = Cover(parted(sky(seed, 200), most))
    assert cover.regions[0].lo == 0
    assert cover.regions[-1].hi == 12 << 2 * ORDER
    assert all(a.hi == b.lo for a, b in pairwise(cover.regions))


def test_a_place_knows_its_region():
    hpx = sky(1)
    cover = Cover(parted(hpx, 500))
    found = [cover.regions[i] for i in cover.region_of(hpx)]
    assert all(p.lo <= h < p.hi for p, h in zip(found, hpx, strict=True))
    assert cover.region_of(np.array([-1]))[0] == -1


@pytest.mark.parametrize("seed", [1, 2])
def test_the_margin_of_a_region_is_every_row_in_a_small_cell_that_touches_it(seed):
    hpx = sky(seed)
    cover = Cover(parted(hpx, 400))
    order = margin_order(60.0, cover.partitions)
    rows, regions = cover.beyond(hpx, order)
    small = hpx >> 2 * (ORDER - order)
    around = healpy.get_all_neighbours(2**order, small, nest=True).T  # (n, 8)
    own = cover.region_of(hpx)
    wanted = set()
    for i, cells in enumerate(around):
        there = cover.region_of(cells[cells >= 0] << 2 * (ORDER - order))
        wanted |= {(i, int(r)) for r in there if r != own[i]}
    assert len(rows) == len(wanted) > 100
    assert set(zip(rows.tolist(), regions.tolist(), strict=True)) == wanted


def test_whatever_is_within_the_margin_of_a_partition_is_in_it():
    rng = np.random.default_rng(5)
    ra, dec = 45 + rng.uniform(-0.01, 0.01, 3000), rng.uniform(-0.01, 0.01, 3000)
    hpx = healpix(ra, dec)
    cover = Cover(parted(hpx, 1000))
    rows, regions = cover.beyond(hpx, margin_order(10.0, cover.partitions))
    found = set(zip(rows.tolist(), regions.tolist(), strict=True))
    own = cover.region_of(hpx)
    unit = healpy.ang2vec(ra, dec, lonlat=True)
    near = np.argwhere(unit @ unit.T > np.cos(np.radians(10 / 3600)))
    pairs = {(int(i), int(own[j])) for i, j in near if own[i] != own[j]}
    assert len(pairs) > 100
    assert pairs <= found


def test_regions_that_touch_know_each_other():
    cover = Cover(parted(sky(3), 500))
    touching = {i: set(cover.neighbours(r)) for i, r in enumerate(cover.regions)}
    assert all(i in touching[j] for i, near in touching.items() for j in near)
    rows, regions = cover.beyond(sky(3), margin_order(10.0, cover.partitions))
    own = cover.region_of(sky(3))
    assert all(int(r) in touching[int(own[i])] for i, r in zip(rows, regions, strict=True))


def test_margins_that_cannot_be_are_refused():
    with pytest.raises(UsageError, match="wider than the smallest partitions"):
        margin_order(1000.0, [Partition(10, 5)])
    with pytest.raises(UsageError, match="margin of -1"):
        margin_order(-1.0, [])
