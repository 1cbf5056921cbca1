"""Real catalogues against each other, as VizieR wrote them, added by photdb and compared in SQL.

Medians are those of the systems and stay within what the data's own README found; scatters are as small or smaller.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from catalogue_pairs import Comparison, add, compare, transform

from photdb.store.database import Database


@pytest.fixture(scope="module")
def ngc1097(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("south") / "south.duckdb"
    add(path, shared_data, ["apass9", "gaiaxp", "skymapper1"])
    with Database.open(path, read_only=False) as db:
        transform(db, ["B", "V", "R", "g", "r", "i", "g_sm", "r_sm", "i_sm"])
        yield db


@pytest.fixture(scope="module")
def north(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("north") / "north.duckdb"
    add(path, shared_data, ["ps1", "sdss12"])
    with Database.open(path, read_only=False) as db:
        transform(db, ["g", "r", "i", "z", "g_ps1", "r_ps1", "i_ps1", "z_ps1"])
        yield db


def slope(found: Comparison) -> float:
    """Trend of the difference with g-r, mag per mag, of the stars that are not far off."""
    near = np.abs(found.difference - found.median) < 5 * found.mad
    near &= np.isfinite(found.colour)
    return float(np.polyfit(found.colour[near], found.difference[near], 1)[0])


def test_apass_v_against_gaia_xp(ngc1097: Database) -> None:
    found = compare(ngc1097, "apass9", "gaiaxp", "V")
    assert found.median == pytest.approx(-0.021, abs=0.003)
    assert found.mad < 0.016  # 0.025 before the quality cuts
    assert len(found) > 800


def test_apass_gri_against_gaia_xp(ngc1097: Database) -> None:
    for band, most in (("g", 0.02), ("r", 0.01), ("i", 0.02)):
        found = compare(ngc1097, "apass9", "gaiaxp", band)
        assert abs(found.median) < most, band
        assert found.mad < 0.03, band


def test_skymapper_r_against_gaia_xp_as_it_is(ngc1097: Database) -> None:
    found = compare(ngc1097, "skymapper1", "gaiaxp", "r", raw="r_sm")
    assert found.median == pytest.approx(0.026, abs=0.003)
    assert found.mad < 0.019
    assert len(found) > 1900


@pytest.mark.parametrize(("band", "most", "mad"), [("g", 0.04, 0.02), ("r", 0.006, 0.008), ("i", 0.01, 0.006)])
def test_skymapper_brought_to_sdss_is_nearer_to_gaia_xp(ngc1097: Database, band: str, most: float, mad: float) -> None:
    raw = compare(ngc1097, "skymapper1", "gaiaxp", band, raw=f"{band}_sm")
    found = compare(ngc1097, "skymapper1", "gaiaxp", band, path=f"wolf2018_{band}")
    assert abs(found.median) < min(most, abs(raw.median))
    assert found.mad < min(mad, raw.mad)
    assert abs(slope(found)) < abs(slope(raw))
    assert len(found) > 1200


def test_r_of_apass_by_lupton_is_that_of_gaia_xp(ngc1097: Database) -> None:
    found = compare(ngc1097, "apass9", "gaiaxp", "R", path="lupton2005_R")
    assert found.median == pytest.approx(0.0, abs=0.005)
    assert found.mad < 0.015


@pytest.mark.parametrize(
    ("band", "median", "mad"), [("g", 0.022, 0.014), ("r", 0.006, 0.011), ("i", 0.030, 0.011), ("z", 0.013, 0.014)]
)
def test_pan_starrs_brought_to_sdss_by_tonry(north: Database, band: str, median: float, mad: float) -> None:
    raw = compare(north, "ps1", "sdss12", band, raw=f"{band}_ps1", other_range=(15.0, 18.5))
    found = compare(north, "ps1", "sdss12", band, path=f"tonry2012_{band}", other_range=(15.0, 18.5))
    assert found.median == pytest.approx(median, abs=0.004)
    assert found.mad < mad
    assert found.mad < 1.1 * raw.mad
    assert abs(slope(found)) < 0.03
    assert len(found) > 200


def test_transformed_errors_are_as_large_as_the_scatter(north: Database, ngc1097: Database) -> None:
    found = [compare(north, "ps1", "sdss12", b, path=f"tonry2012_{b}", other_range=(15.0, 18.5)) for b in "griz"]
    found += [compare(ngc1097, "skymapper1", "gaiaxp", b, path=f"wolf2018_{b}") for b in "gri"]
    for one in found:
        pulls = (one.difference - one.median) / np.hypot(one.one_err, one.other_err)
        assert 0.25 < 1.4826 * np.median(np.abs(pulls)) < 1.3
