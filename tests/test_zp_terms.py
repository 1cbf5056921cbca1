"""The zero point at a place: the macro, the powers it is written with, and the model of the concept page."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photdb.store.database import Database

COEFFICIENT = st.floats(-0.1, 0.1)
PLACE = st.floats(-0.5, 999.5)


@pytest.fixture(scope="module")
def db():
    with Database.open(":memory:", read_only=False, create=True) as opened:
        yield opened


@given(x=PLACE, y=PLACE, data=st.data(), n=st.sampled_from([2, 5, 9]))
def test_the_spatial_term_is_the_sum_of_its_powers(db, x, y, data, n):
    terms = data.draw(st.lists(COEFFICIENT, min_size=n, max_size=n))
    got, powers = db.rows(
        "SELECT zp_at($terms::DOUBLE[], $x, $y, 1000, 500), zp_powers(2 * $x / 999 - 1, 2 * $y / 499 - 1)",
        {"terms": terms, "x": x, "y": y},
    ).rows[0]
    u, v = 2 * x / 999 - 1, 2 * y / 499 - 1
    assert powers == pytest.approx([u, v, u**2 - 1 / 3, u * v, v**2 - 1 / 3, u**3, u**2 * v, u * v**2, v**3], abs=1e-12)
    assert got == pytest.approx(float(np.dot(terms, powers[:n])), abs=1e-12)


def test_without_a_term_it_is_nothing(db):
    assert db.one("SELECT zp_at(NULL::DOUBLE[], 1, 2, 1000, 500)") == 0.0


def test_a_magnitude_term_counts_from_its_pivot_and_needs_a_flux(db):
    ask = (
        "SELECT zp_here(z, $flux, 0, 0, 100, 100) FROM (SELECT 22.0 AS zp, NULL::DOUBLE[] AS zp_map, 0.1 AS mag_term, "
        "15.0 AS mag_pivot) AS z"
    )
    assert db.one(ask, flux=10**2.8) == pytest.approx(22.0)  # a star of 15 mag
    assert db.one(ask, flux=10**2.4) == pytest.approx(22.1)  # of 16 mag
    assert db.one(ask, flux=-1.0) == 22.0
