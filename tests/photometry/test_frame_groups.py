"""Groups of frames that share stars, against scipy's."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from photdb.photometry.frame_groups import connected
from photdb.photometry.zero_measures import Rows


def grouped(frame, star, n_frame, n_star):
    rows = Rows.of(frame, n_frame)
    return connected(star, rows, np.bincount(star, minlength=n_star), n_frame)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 14), st.integers(0, 19)), max_size=40))
def test_groups_are_the_connected_components(pairs):
    frame, star = np.array(sorted(set(pairs)), dtype=int).reshape(-1, 2).T
    group, star_group = grouped(frame, star, 15, 20)
    links = coo_array((np.ones(len(frame)), (frame, 15 + star)), shape=(35, 35))
    label = connected_components(links, directed=False)[1]
    same = group[:, None] == group
    assert np.array_equal(same, label[:15, None] == label[:15])
    assert np.array_equal(np.unique(group), np.arange(group.max() + 1))
    assert np.array_equal(star_group[star], group[frame])


def test_a_chain_in_any_order_is_one_group():
    order = np.random.default_rng(1).permutation(3000)
    pairs = np.array([(order[k], k + j) for k in range(3000) for j in (0, 1)])
    frame, star = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))].T
    group, _ = grouped(frame, star, 3000, 3001)
    assert np.all(group == 0)
