"""Transformed magnitudes in SQL, against the same written in numpy and against drawn stars."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photdb.catalogs import colours
from photdb.catalogs.colours import Transformation
from photdb.errors import NotFoundError, UsageError
from photdb.jobs import refcat_bands
from photdb.store.database import Database

Star = Mapping[str, tuple[float, float | None] | tuple[float, float | None, bool]]


def known(*names: str) -> list[Transformation]:
    return [one for one in colours.load() if one.name in names]


@cache
def _empty() -> Database:
    return Database.open(":memory:", read_only=False, create=True)


@pytest.fixture(scope="module", autouse=True)
def _closed() -> Iterator[None]:
    yield
    _empty().close()
    _empty.cache_clear()


@contextmanager
def store(catalogs: Mapping[str, Sequence[Star]], wanted: Sequence[str]) -> Iterator[Database]:
    """A store with stars, each a mapping of passband to magnitude, error and whether it is good."""
    db = _empty()
    db.execute("DELETE FROM refmag")
    rows = [
        {
            "catalog": catalog, "source_id": number, "band": band, "mag": mag, "mag_err": err, "mag_system": "AB",
            "is_good": good[0] if good else True,
        }
        for catalog, stars in catalogs.items()
        for number, star in enumerate(stars)
        for band, (mag, err, *good) in star.items()
    ]  # fmt: skip
    with db.table("given", pa.Table.from_pylist(rows)):
        db.execute("INSERT INTO refmag BY NAME SELECT * FROM given")
    db.execute("CREATE OR REPLACE TEMP TABLE zp_star AS SELECT DISTINCT catalog, source_id FROM refmag")
    db.execute("CREATE OR REPLACE TEMP TABLE zp_wanted AS SELECT unnest($bands::VARCHAR[]) AS band", bands=list(wanted))
    yield db


def asked(
    stars: Sequence[Star], wanted: Sequence[str], use: Sequence[Transformation] | None = None, catalog: str = "c"
) -> dict[tuple[int, str], dict[str, Any]]:
    with store({catalog: stars}, wanted) as db:
        refcat_bands.magnitudes(db, use)
        found = db.rows("FROM zp_mag").dicts()
    answer = {(row["source_id"], row["band"]): row for row in found}
    assert len(answer) == len(found)
    return answer


def value(one: Transformation, mags: np.ndarray, coefficients: np.ndarray) -> float:
    base, blue, red = mags
    return float(base + sum(c * (blue - red) ** k for k, c in enumerate(coefficients)))


def by_numpy(one: Transformation, star: Star) -> tuple[float, float]:
    """The magnitude and its error by small steps in everything that goes in, one after another."""
    names = sorted({one.base, one.blue, one.red})
    mags = np.array([star[name][0] for name in names])
    errors = np.array([star[name][1] for name in names], dtype=float)
    order = [names.index(name) for name in (one.base, one.blue, one.red)]
    coefficients = np.array(one.coefficients)

    def at(m: np.ndarray, c: np.ndarray) -> float:
        return value(one, m[order], c)

    step, variance = 1e-5, one.scatter**2
    for i, error in enumerate(errors):
        d = step * np.eye(len(mags))[i]
        variance += ((at(mags + d, coefficients) - at(mags - d, coefficients)) / (2 * step) * error) ** 2
    for k, error in enumerate(one.errors):
        d = step * np.eye(len(coefficients))[k]
        variance += ((at(mags, coefficients + d) - at(mags, coefficients - d)) / (2 * step) * error) ** 2
    return at(mags, coefficients), float(np.sqrt(variance))


def in_its_range(one: Transformation, rng: np.random.Generator) -> Star:
    """A star in the range of a transformation, with a magnitude and an error in every passband that goes in."""
    lows = {band: low for band, (low, _) in one.magnitudes.items()}
    for _ in range(5000):
        star = {band: lows.get(band, 12.0) + rng.uniform(1.0, 3.0) for band in one.inputs}
        star[one.blue] = star[one.red] + rng.uniform(*one.range)
        for (blue, red), limits in one.conditions.items():
            if red in (one.blue, one.red) and blue not in (one.blue, one.red):
                star[blue] = star[red] + rng.uniform(*limits)
            elif blue in (one.blue, one.red) and red not in (one.blue, one.red):
                star[red] = star[blue] - rng.uniform(*limits)
        fine = [low <= star[b] - star[r] <= high for (b, r), (low, high) in one.conditions.items()]
        fine += [low <= star[b] <= high for b, (low, high) in one.magnitudes.items()]
        x = star[one.blue] - star[one.red]
        if all(fine) and one.range[0] <= x < one.range[1]:
            return {band: (mag, rng.uniform(0.005, 0.1)) for band, mag in star.items()}
    raise AssertionError(one.name)


@pytest.mark.parametrize("one", colours.load(), ids=lambda one: f"{one.name}{one.range}")
def test_sql_gives_what_numpy_gives(one: Transformation) -> None:
    rng = np.random.default_rng(7)
    stars = [in_its_range(one, rng) for _ in range(20)]
    found = asked(stars, [one.band], [one])
    assert len(found) == len(stars)
    for number, star in enumerate(stars):
        row = found[number, one.band]
        mag, error = by_numpy(one, star)
        assert row["mag"] == pytest.approx(mag, abs=1e-9)
        assert row["mag_err"] == pytest.approx(error, rel=1e-5)
        assert (row["path"], row["mag_system"], row["is_good"]) == (one.name, one.system, True)


@pytest.mark.parametrize(
    "name", ["chonis2008_B", "chonis2008_V", "chonis2008_R", "chonis2008_I", "gaia2021_r", "tonry2012_V"]
)
def test_errors_are_the_scatter_of_drawn_stars(name: str) -> None:
    (one,) = known(name)
    rng = np.random.default_rng(1)
    star = in_its_range(one, rng)
    (row,) = asked([star], [one.band], [one]).values()
    n = 200_000
    drawn = {band: rng.normal(mag, err, n) for band, (mag, err) in star.items()}
    x = drawn[one.blue] - drawn[one.red]
    mags = drawn[one.base] + rng.normal(0.0, one.scatter, n)
    for k, (c, e) in enumerate(zip(one.coefficients, one.errors, strict=True)):
        mags += rng.normal(c, e, n) * x**k
    assert row["mag_err"] == pytest.approx(float(mags.std()), rel=0.02)


def test_the_error_of_v_from_g_has_the_derivative_1_minus_0_587_and_not_1_plus() -> None:
    (one,) = known("chonis2008_V")
    one = replace(one, errors=(0.0, 0.0), scatter=1e-9)
    star = {"g": (16.0, 0.1), "r": (15.5, 0.0), "i": (15.3, 0.0)}
    (row,) = asked([star], ["V"], [one]).values()
    assert row["mag_err"] == pytest.approx((1 - 0.587) * 0.1, rel=1e-6)  # photometrypipeline: 1.587
    (one,) = known("chonis2008_I")
    one = replace(one, errors=(0.0, 0.0), scatter=1e-9)
    star = {"g": (16.0, 0.0), "r": (15.5, 0.0), "i": (15.3, 0.1)}
    (row,) = asked([star], ["I"], [one]).values()
    assert row["mag_err"] == pytest.approx((1 + 0.337) * 0.1, rel=1e-6)


def test_a_magnitude_of_its_own_goes_before_every_transformation() -> None:
    star = {"g": (16.0, 0.02), "r": (15.5, 0.02), "i": (15.3, 0.02), "R": (1.0, 0.5, False)}
    row = asked([star], ["R"])[0, "R"]
    assert (row["mag"], row["mag_err"], row["path"], row["is_good"]) == (1.0, 0.5, None, False)


def test_the_smallest_error_in_range_is_taken_star_by_star() -> None:
    both = {"g": (16.0, 0.02), "r": (15.5, 0.02), "i": (15.3, 0.02)}
    without_i = {"g": (16.0, 0.02), "r": (15.5, 0.02)}
    red = {"g": (16.0, 0.02), "r": (14.9, 0.02), "i": (13.9, 0.02)}
    found = asked([both, without_i, red], ["R"])
    assert found[0, "R"]["path"] == "lupton2005_R"
    assert found[1, "R"]["path"] == "lupton2005_R_gr"
    assert (2, "R") not in found


def test_a_transformation_of_bad_magnitudes_is_taken_only_where_there_is_no_other_and_is_not_good() -> None:
    star = {"g": (16.0, 0.02), "r": (15.5, 0.02), "i": (15.3, 0.02, False)}
    row = asked([star], ["R"])[0, "R"]
    assert (row["path"], row["is_good"]) == ("lupton2005_R_gr", True)
    star = {"g": (16.0, 0.02), "r": (15.5, 0.02, False), "i": (15.3, 0.02)}
    row = asked([star], ["R"])[0, "R"]
    assert (row["path"], row["is_good"]) == ("lupton2005_R", False)


def test_stars_out_of_range_are_left_out_and_counted() -> None:
    use = known("chonis2008_B", "lupton2005_B")
    stars: list[Star] = [
        {"g": (16.0, 0.02), "r": (15.5, 0.02), "i": (15.3, 0.02)},  # in both
        {"g": (16.0, 0.02), "r": (15.5, 0.02), "i": (14.8, 0.02)},  # r-i of 0.7: not Chonis'
        {"g": (13.0, 0.02), "r": (12.5, 0.02), "i": (12.3, 0.02)},  # too bright for Chonis
        {"g": (16.0, 0.02), "r": (14.0, 0.02), "i": (13.8, 0.02)},  # g-r of 2
        {"g": (16.0, 0.02), "r": (15.5, 0.02)},  # nothing known of r-i: not counted there
        {"g": (16.0, 0.02), "r": (14.0, 0.02), "i": (13.8, 0.02), "B": (17.0, 0.02)},  # has its own
    ]
    with store({"c": stars}, ["B"]) as db:
        refcat_bands.magnitudes(db, use)
        excluded = db.rows("SELECT path, n_out_of_range FROM zp_mag_excluded WHERE catalog = 'c' AND band = 'B'").rows
        n = db.one("SELECT count(*) FROM zp_mag")
    assert dict(excluded) == {"chonis2008_B": 3, "lupton2005_B": 1}
    assert n == 5
    assert [number for number, _ in asked(stars[:5], ["B"], known("chonis2008_B"))] == [0]


def test_each_star_is_in_one_piece_and_out_of_range_only_out_of_all_of_them() -> None:
    stars = [{"g_sm": (16.0 + x, 0.01), "i_sm": (16.0, 0.01)} for x in np.arange(-1.0, 4.0, 0.25)]
    with store({"c": stars}, ["i"]) as db:
        refcat_bands.magnitudes(db)
        n = dict(db.rows("SELECT band, count(*) FROM zp_mag GROUP BY band").rows)
        out = dict(db.rows("SELECT band, sum(n_out_of_range)::INT FROM zp_mag_excluded GROUP BY band").rows)
    inside = sum(-0.2 <= x < 3.0 for x in np.arange(-1.0, 4.0, 0.25))
    assert n == {"i": inside}
    assert out == {"i": len(stars) - inside}


def test_an_unknown_error_of_a_passband_that_matters_makes_the_error_unknown() -> None:
    found = asked([{"BT": (10.5, None), "VT": (10.0, None)}], ["V"])
    assert found[0, "V"]["mag_err"] is None
    (one,) = known("chonis2008_U")  # a constant: the colour only says whether it holds
    star = {"u": (17.0, 0.03), "g": (16.0, None), "r": (15.5, None), "i": (15.3, None)}
    assert asked([star], ["U"], [one])[0, "U"]["mag_err"] == pytest.approx(np.hypot(0.03, np.hypot(0.007, 0.05)))


def test_what_is_transformed_is_not_transformed_again() -> None:
    star = {"g_ps1": (16.0, 0.02), "r_ps1": (15.5, 0.02)}
    found = asked([star], ["g", "r", "B", "V", "R"])
    assert {row["path"] for row in found.values()} == {f"tonry2012_{band}" for band in "grBVR"}


def test_a_transformation_for_one_catalogue_is_not_applied_to_another() -> None:
    (one,) = known("tonry2012_g")
    star = {"g_ps1": (16.0, 0.02), "r_ps1": (15.5, 0.02)}
    mine = [replace(one, catalogs=("refcat2",))]
    assert asked([star], ["g"], mine, catalog="ps1") == {}
    assert len(asked([star], ["g"], mine, catalog="refcat2")) == 1


@settings(max_examples=25)
@given(st.sets(st.sampled_from(["g", "r", "i", "z", "B", "V", "J", "H", "K", "G", "BP", "RP", "BT", "VT"])))
def test_there_is_a_magnitude_just_where_a_path_says_so(bands: set[str]) -> None:
    if not bands:
        return
    star = {band: (16.0 - 0.4 * i, 0.01) for i, band in enumerate(sorted(bands, key=lambda b: "uBgGVrRIizJHK".find(b)))}
    wanted = ["B", "V", "R", "I", "g", "r", "i", "z", "J_mko"]
    found = {band for _, band in asked([star], wanted)}
    assert found <= set(colours.paths(bands))
    assert found >= bands & set(wanted)


def test_several_catalogues_go_each_their_own_way() -> None:
    ps1 = [{"g_ps1": (16.0, 0.02), "r_ps1": (15.5, 0.02)}]
    apass = [{"V": (15.7, 0.02), "g": (16.0, 0.02), "r": (15.5, 0.02)}]
    with store({"ps1": ps1, "apass9": apass}, ["V"]) as db:
        refcat_bands.magnitudes(db)
        assert db.rows("SELECT catalog, path FROM zp_mag ORDER BY catalog").rows == [
            ("apass9", None),
            ("ps1", "tonry2012_V"),
        ]


def test_the_listing_says_it_of_the_store_and_of_every_known_catalogue() -> None:
    with store({"ps1": [{"g_ps1": (16.0, 0.02), "r_ps1": (15.5, 0.02)}]}, []) as db:
        rows = list(refcat_bands.listing(db).rows())
        assert ("ps1", "V", 1, "tonry2012_V", 0.012) in rows
        assert ("ps1", "g_ps1", 1, "native", None) in rows
        assert not [row for row in rows if row[1] == "i"]
        with pytest.raises(NotFoundError, match="apass9"):
            refcat_bands.listing(db, "apass9")
        every = list(refcat_bands.known_listing(db).rows())
        assert ("tycho2", "V", 1, "mamajek2002_V", 0.02) in every
        assert {row[0] for row in refcat_bands.known_listing(db, "2mass").rows()} == {"2mass"}
        with pytest.raises(UsageError, match="nothing"):
            refcat_bands.known_listing(db, "nothing")


def test_a_store_without_reference_magnitudes_says_what_to_do() -> None:
    with (
        Database.open(":memory:", read_only=False, create=True) as db,
        pytest.raises(NotFoundError, match="no reference magnitudes") as refused,
    ):
        refcat_bands.listing(db)
    assert "--known" in (refused.value.hint or "")
