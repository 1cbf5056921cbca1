"""Colour transformations: what the files say, against what is known of the Sun and of each other."""

import itertools
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from photdb.bands import bands
from photdb.catalogs import colours, definition
from photdb.errors import InputError

#: Willmer 2018, ApJS 236, 47, and www.sdss.org/dr16/algorithms/ugrizVegaSun; Gaia: BP-RP of the Sun 0.82.
SUN = {"g-r": 0.44, "r-i": 0.11, "i-z": 0.03, "B-V": 0.65, "V-R": 0.36, "V-I": 0.70, "BP-RP": 0.82, "BT-VT": 0.73}

SHIPPED = sorted({one.name for one in colours.load()})


def evaluated(name: str, mags: Mapping[str, float]) -> float:
    """A magnitude by one transformation, written out from its published form."""
    pieces = [one for one in colours.load() if one.name == name]
    x = mags[pieces[0].blue] - mags[pieces[0].red]
    (one,) = [p for p in pieces if p.range[0] <= x < p.range[1]]
    return mags[one.base] + float(np.polyval(one.coefficients[::-1], x))


def sun_sdss() -> dict[str, float]:
    g = 5.0
    return {
        "u": g + 1.43,
        "g": g,
        "r": g - SUN["g-r"],
        "i": g - SUN["g-r"] - SUN["r-i"],
        "z": g - SUN["g-r"] - SUN["r-i"] - SUN["i-z"],
    }


@pytest.mark.parametrize("publication", ["chonis2008", "lupton2005", "jordi2006"])
def test_the_sun_has_the_same_johnson_colours_by_every_publication(publication: str) -> None:
    sun = sun_sdss()
    found = {b: evaluated(f"{publication}_{b}", sun) for b in "BVRI" if f"{publication}_{b}" in SHIPPED}
    for index in ("B-V", "V-R", "V-I"):
        blue, red = index.split("-")
        if {blue, red} <= found.keys():
            assert found[blue] - found[red] == pytest.approx(SUN[index], abs=0.035), index


def test_the_sun_has_its_colours_by_gaia() -> None:
    g = 4.67
    sun = {"G": g, "BP": g + 0.30, "RP": g + 0.30 - SUN["BP-RP"]}
    found = {band: evaluated(f"gaia2021_{band}", sun) for band in ("B", "V", "R", "I", "g", "r", "i", "BT", "VT")}
    for index in ("B-V", "V-R", "V-I", "g-r", "r-i", "BT-VT"):
        blue, red = index.split("-")
        assert found[blue] - found[red] == pytest.approx(SUN[index], abs=0.05), index
    assert found["V"] == pytest.approx(4.81, abs=0.03)  # Willmer 2018


def test_a_star_without_colour_is_as_bright_in_every_vega_band_of_gaia() -> None:
    vega = {"G": 0.0, "BP": 0.0, "RP": 0.0}
    for band in ("B", "V", "R", "I", "BT", "VT", "J", "H", "K"):
        assert evaluated(f"gaia2021_{band}", vega) == pytest.approx(0.0, abs=0.11), band


def test_tycho_and_gaia_agree_on_johnson() -> None:
    for bp_rp in np.arange(0.2, 1.15, 0.1):
        star = {"G": 10.0, "BP": 10.3, "RP": 10.3 - bp_rp}
        star |= {band: evaluated(f"gaia2021_{band}", star) for band in ("BT", "VT")}
        for band in ("V", "B"):
            by_gaia, by_tycho = (evaluated(f"{p}_{band}", star) for p in ("gaia2021", "mamajek2002"))
            assert by_tycho == pytest.approx(by_gaia, abs={"V": 0.04, "B": 0.08}[band]), (band, bp_rp)


def test_two_ways_from_pan_starrs_to_johnson_agree() -> None:
    for x in np.arange(0.25, 1.0, 0.05):
        star = {"r_ps1": 15.0, "g_ps1": 15.0 + x, "i_ps1": 15.0 - 0.4 * x}
        sdss = {band: evaluated(f"tonry2012_{band}", star) for band in "gri"}
        for band, most in (("B", 0.04), ("V", 0.025), ("R", 0.03), ("I", 0.06)):
            directly, by_sdss = evaluated(f"tonry2012_{band}", star), evaluated(f"lupton2005_{band}", sdss)
            assert by_sdss == pytest.approx(directly, abs=most), (band, x)


def test_two_ways_from_gaia_to_johnson_agree() -> None:
    for bp_rp in np.arange(0.6, 1.3, 0.1):
        star = {"G": 15.0, "BP": 15.3, "RP": 15.3 - bp_rp}
        sdss = {band: evaluated(f"gaia2021_{band}", star) for band in "gri"}
        for band, most in (("V", 0.05), ("R", 0.04)):
            directly, by_sdss = evaluated(f"gaia2021_{band}", star), evaluated(f"lupton2005_{band}", sdss)
            assert by_sdss == pytest.approx(directly, abs=most), (band, bp_rp)


def test_a_vega_star_is_the_same_in_2mass_and_ukirt_but_for_published_constants() -> None:
    star = {"J": 10.0, "H": 10.0, "K": 10.0}
    for name, constant in (("Z", 0.0), ("Y", 0.08), ("J", 0.0), ("H", -0.03), ("K", 0.0)):
        assert evaluated(f"hodgkin2009_{name}", star) == pytest.approx(10.0 + constant)


def test_pieces_of_a_transformation_meet() -> None:
    pieces: dict[str, list[colours.Transformation]] = {}
    for one in colours.load():
        pieces.setdefault(one.name, []).append(one)
    seen = 0
    for several in pieces.values():
        several.sort(key=lambda one: one.range)
        for left, right in itertools.pairwise(several):
            assert left.range[1] == right.range[0]
            steps = [np.polyval(one.coefficients[::-1], left.range[1]) for one in (left, right)]
            assert steps[0] == pytest.approx(steps[1], abs=0.04), left.name
            assert [colours.piece_of(one, colours.load()) for one in (left, right)] == [1, 2]
            seen += 1
    assert seen >= 3


@pytest.mark.parametrize("one", colours.load(), ids=lambda one: f"{one.name}{one.range}")
def test_every_transformation_says_where_it_is_from_and_what_was_checked(one: colours.Transformation) -> None:
    assert one.name.endswith(f"_{one.band.partition('_')[0]}") or one.name == "lupton2005_R_gr"
    assert one.reference
    assert one.checked
    assert one.inputs <= set(bands())
    assert {bands()[one.blue].wavelength < bands()[one.red].wavelength} == {True}
    assert 0 < one.error < 0.15
    # the slope of a passband near its base is a correction, not another colour
    assert max(abs(c) for c in one.coefficients[1:] or (0,)) < 2.1


def test_every_catalogue_is_known_with_its_own_bands_first_and_no_chain() -> None:
    for name in definition.names():
        given = set(definition.load(name).bands)
        for band, ways in colours.paths(given, name).items():
            assert (ways[0].name is None) == (band in given)
            used = [one for one in colours.load() for way in ways if one.name == way.name]
            assert all(one.inputs <= given for one in used)
            errors = [way.error for way in ways if way.name]
            assert errors == sorted(errors)


def test_what_can_be_had_of_well_known_catalogues() -> None:
    ps1 = colours.paths(definition.load("ps1").bands)
    assert {"g", "r", "i", "z", "B", "V", "R", "I"} <= ps1.keys()
    assert "u" not in ps1
    assert set("ZYJHK") == {b[0] for b in colours.paths(["J", "H", "K"]) if "_" in b}
    assert next(w.name for w in colours.paths(["B", "V", "g", "r", "i"])["R"]) == "lupton2005_R"
    assert set(colours.paths(["BT", "VT"])) == {"BT", "VT", "B", "V"}


ONE = """
title = "mine"
reference = "me"
doi = ""
checked = "by me"

[[transformation]]
name = "mine_R"
band = "R"
system = "Vega"
base = "V"
colour = "B-V"
coefficients = [0.0, -0.5]
range = [0.0, 1.5]
scatter = 0.05
"""


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "colours").mkdir()
    monkeypatch.setenv("PHOTDB_CONFIG", str(tmp_path))
    return tmp_path / "colours"


def test_a_file_of_ones_own_is_one_transformation_more(own_folder: Path) -> None:
    (own_folder / "mine.toml").write_text(ONE)
    assert [w.name for w in colours.paths(["B", "V"])["R"]] == ["mine_R"]
    assert len(colours.load()) > 40


def test_ones_own_file_replaces_the_shipped_one_of_its_name(own_folder: Path) -> None:
    (own_folder / "tonry2012.toml").write_text(ONE)
    names = {one.name for one in colours.load()}
    assert "mine_R" in names
    assert not any(name.startswith("tonry2012") for name in names)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('band = "R"', 'band = "Rr"', "no passband Rr"),
        ('base = "V"', 'base = "R"', "goes in and comes out"),
        ('system = "Vega"', 'system = "AB"', "R is Vega, not AB"),
        ("range = [0.0, 1.5]", "range = [1.5, 0.0]", "is no range"),
        ("coefficients = [0.0, -0.5]", "coefficients = []", "0 coefficients"),
        ("coefficients = [0.0, -0.5]", "coefficients = [0, 1, 2, 3, 4, 5, 6]", "7 coefficients"),
        ("scatter = 0.05", "scatter = 0.0", "no error"),
        ("scatter = 0.05", "", "scatter"),
        ('colour = "B-V"', 'colour = "BV"', "is not a colour"),
        ("scatter = 0.05", "scater = 0.05", "scater: not known"),
        ('name = "mine_R"', 'name = "lupton2005_R"', "given twice: lupton2005_R"),
        ('title = "mine"', "title = mine", "not a file of transformations"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_with_the_reason(
    own_folder: Path, old: str, new: str, message: str
) -> None:
    (own_folder / "mine.toml").write_text(ONE.replace(old, new))
    with pytest.raises(InputError) as refused:
        colours.load()
    assert message in str(refused.value)
    assert refused.value.hint
