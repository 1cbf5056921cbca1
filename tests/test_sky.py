"""Names of positions."""

from __future__ import annotations

import numpy as np

from photdb.sky import name_of, names_of


def test_many_names_are_those_of_each_position():
    rng = np.random.default_rng(1)
    ra = np.r_[rng.uniform(0, 360, 2000), 0.0, 359.9999999999, 15.0, 180.0, 30.0, 12.5]
    dec = np.r_[rng.uniform(-90, 90, 2000), 90.0, -90.0, 0.0, -1e-9, 45.0, -0.0]
    assert names_of(ra, dec) == [name_of(float(r), float(d)) for r, d in zip(ra, dec, strict=True)]


def test_no_positions_have_no_names():
    assert names_of([], []) == []
