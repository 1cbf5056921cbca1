"""The codes of compacted detections lose nothing that a column's own error could tell, and nothing silently."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from photdb.store.database import Database

numbers = st.one_of(
    st.floats(width=32),
    st.floats(min_value=-1e6, max_value=1e6, width=32),
    st.sampled_from([0.0, -0.0, 1e-45, -1e-45, 3.4028234663852886e38, -3.4028234663852886e38, 65535.0, 1e-12]),
)
floats = st.one_of(st.none(), numbers)
errors = st.one_of(floats, st.floats(min_value=0.0009765625, max_value=1e6, width=32))
positions = st.one_of(st.none(), st.floats(min_value=-90, max_value=360), st.sampled_from([0.0, 360.0, -90.0]))


@st.composite
def detections(draw: st.DrawFn) -> dict[str, Any]:
    """A row of detection_hot with anything in it, apertures of any number and missing ones among them."""
    row: dict[str, Any] = {"skey": 5, "object_id": draw(st.sampled_from([5, None])), "frame_id": 1, "flags": 3}
    row |= {name: draw(positions) for name in ("ra", "dec")}
    row |= {name: draw(numbers) for name in ("x", "y")}
    for name in ("flux", "flux_auto"):
        row |= {name: draw(floats), f"{name}_err": draw(errors)}
    pairs = draw(st.one_of(st.none(), st.lists(st.tuples(floats, errors), max_size=6)))
    row["aper_flux"] = None if pairs is None else [flux for flux, _ in pairs]
    row["aper_flux_err"] = None if pairs is None or draw(st.booleans()) else [error for _, error in pairs]
    names = ("sky", "peak", "a", "b", "theta", "fwhm", "kron_radius", "flux_radius", "class_star")
    return row | {name: draw(floats) for name in names}


@pytest.fixture(scope="module")
def db():
    with Database.open(":memory:", read_only=False) as database:
        yield database


def through(db: Database, rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows as the view shows them before and after they became codes."""
    kinds = {"object_id": pa.int64(), "aper_flux": pa.list_(pa.float32()), "aper_flux_err": pa.list_(pa.float32())}
    for row in rows:
        kinds |= {name: pa.float64() if name in ("ra", "dec") else pa.float32() for name in row.keys() - kinds.keys()}
    kinds |= {"skey": pa.int64(), "frame_id": pa.int32(), "flags": pa.int32()}
    numbered = [row | {"skey": k} for k, row in enumerate(rows)]
    table = pa.table({name: pa.array([row[name] for row in numbered], kinds[name]) for name in numbered[0]})
    for name in ("detection_hot", "detection_cold"):
        db.execute(f"DELETE FROM {name}")
    with db.table("given_rows", table):
        db.execute("INSERT INTO detection_hot BY NAME FROM given_rows")
    before = db.rows("FROM detection ORDER BY skey").dicts()
    db.job("compact_write", key_lo=0, key_hi=2**40)
    db.execute("DELETE FROM detection_hot")
    return before, db.rows("FROM detection ORDER BY skey").dicts()


def close(found: float | None, meant: float | None, error: float) -> bool:
    """Whether a number is the one meant, within an error and the last digit of a FLOAT; NULL and NaN are themselves."""
    if meant is None or found is None:
        return found is meant
    if not math.isfinite(meant):
        return math.isnan(found) if math.isnan(meant) else found == meant
    error *= 1 if abs(meant) < 3.3e38 else 2  # the last code of all rounds down: above it there is no FLOAT
    return abs(found - meant) <= error + 2 * float(np.spacing(np.float32(min(abs(meant), 1e38))))


def usable(sigma: float | None) -> bool:
    """Whether an error is one."""
    return sigma is not None and math.isfinite(sigma) and sigma > 0


#: Half a step of each column: a part of the value, or a number of its unit.
RELATIVE = {"flux_err": 1 / 500, "flux_auto_err": 1 / 500, "sky": 1.3e-4, "peak": 1.3e-4}
RELATIVE |= dict.fromkeys(("a", "b", "fwhm", "kron_radius", "flux_radius"), 0.00025)
ABSOLUTE = {"ra": 5.1e-8, "dec": 5.1e-8, "x": 5.01e-4, "y": 5.01e-4, "theta": 5.01e-4, "class_star": 5.01e-4}


@settings(max_examples=40)
@given(st.lists(detections(), min_size=1, max_size=20))
def test_nothing_is_lost_that_the_errors_can_see(db, rows):
    before, after = through(db, rows)
    assert len(after) == len(before) == len(rows)
    for old, new in zip(before, after, strict=True):
        for name in ("skey", "object_id", "frame_id", "flags"):
            assert new[name] == old[name]
        assert close(new["flux"], old["flux"], 0.0)
        for name, part in RELATIVE.items():
            assert close(new[name], old[name], part * abs(old[name] or 0)), name
        for name, step in ABSOLUTE.items():
            if old[name] is None or abs(old[name]) < 1e11:
                assert close(new[name], old[name], step), name
            else:  # 1e15 steps away no sky or detector goes: infinite, not another number
                assert close(new[name], old[name], step) or math.isinf(new[name]), name
        fluxes = [(new["flux_auto"], old["flux_auto"], old["flux_auto_err"])]
        assert (new["aper_flux"] is None) == (old["aper_flux"] is None)
        assert (new["aper_flux_err"] is None) == (old["aper_flux_err"] is None)
        sigmas = old["aper_flux_err"] or [None] * len(old["aper_flux"] or [])
        fluxes += list(zip(new["aper_flux"] or [], old["aper_flux"] or [], sigmas, strict=True))
        for found, meant, sigma in fluxes:
            assert close(found, meant, 0.01 * sigma if usable(sigma) else 0.0)
        for found, meant in zip(new["aper_flux_err"] or [], old["aper_flux_err"] or [], strict=True):
            assert close(found, meant, abs(meant or 0) / 500)


@settings(max_examples=15)
@given(st.lists(detections(), min_size=1, max_size=20))
def test_what_was_decoded_has_the_codes_it_came_from(db, rows):
    _, once = through(db, rows)
    _, twice = through(db, [dict(row) for row in once])
    exact = ("ra", "dec", "x", "y", "flux", "flux_err", "sky", "peak", "a", "theta", "aper_flux_err")
    for first, second in zip(once, twice, strict=True):
        assert repr([first[name] for name in exact]) == repr([second[name] for name in exact])


@example(values=[-1.0, -1e-3, 0.0, 1e-3, 1.0])
@given(st.lists(st.floats(min_value=-(2.0**99), max_value=2.0**99, width=32), min_size=2, max_size=50))
def test_codes_are_in_the_order_of_the_numbers(db, values):
    """So that a filter on a decoded number means the same as on the number."""
    with db.table("given_values", pa.table({"v": pa.array(sorted(values), pa.float32())})):
        found = db.rows(
            "SELECT encode_log(v::DOUBLE, 256e0) AS c, encode_step(v::DOUBLE / 1e20, 1e3) AS s, "
            "encode_flux(v, 1e24::DOUBLE) AS f FROM given_values ORDER BY v"
        ).rows
    for column in zip(*found, strict=True):
        assert list(column) == sorted(column)
