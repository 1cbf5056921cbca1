"""The cube grid that detections find their stars by."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy.spatial import cKDTree

from photdb.jobs.crossmatch_grid import grid
from photdb.photometry.association import ARCSEC
from photdb.sky import unit_vector
from photdb.store.database import Database


@pytest.mark.parametrize("radius", [1e-3, 0.5, 3.0, 3600.0])
def test_the_number_of_a_cell_is_exact_as_a_fraction(radius):
    cells = grid(radius)
    assert cells["n"] ** 3 < 2**53
    assert cells["cell"] >= 2 * cells["radius"]


@pytest.mark.parametrize("reach", [0.4, 2.0, 300.0])
def test_every_pair_within_reach_is_found_once_at_poles_and_across_ra_zero_too(reach):
    rng = np.random.default_rng(3)
    wide = 20 * reach / 3600
    centres = np.array([[0.0, 0.0], [0.0, 90.0], [90.0, -90.0], [180.0, 0.0], [45.0, 45.0]])
    near = centres[rng.integers(0, len(centres), 600)] + rng.uniform(-wide, wide, (600, 2))
    stars, seen = (unit_vector(p[:, 0], np.clip(p[:, 1], -90, 90)).reshape(-1, 3) for p in (near[:300], near[300:]))
    with Database.open(":memory:", read_only=False, create=True) as db:
        for name, unit in (("seen", seen), ("star", stars)):
            columns = {"number": np.arange(len(unit)), **{f"u{axis}": unit[:, k] for k, axis in enumerate("xyz")}}
            with db.table("given", pa.table(columns)):
                db.execute(f"CREATE TEMP TABLE {name} AS FROM given")
        db.execute(
            "CREATE TEMP TABLE loose AS SELECT number AS rid, 1 AS frame_id, ux, uy, uz, $reach AS reach, "
            "3::TINYINT AS grade, 0.0 AS year FROM seen",
            reach=reach,
        )
        db.execute(
            "CREATE TEMP TABLE sought AS SELECT number AS object_id, ux, uy, uz, 3::TINYINT AS grade, 0.0 AS reach, "
            "0.0 AS around FROM star"
        )
        db.job("crossmatch_pairs", **grid(reach))
        found = db.rows("SELECT rid, object_id FROM pair ORDER BY rid, object_id").rows
    near_by = cKDTree(stars).query_ball_point(seen, reach / ARCSEC)
    assert found == [(i, k) for i, those in enumerate(near_by) for k in sorted(those)]
    assert found
