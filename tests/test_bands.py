"""Filter words and bands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photdb.bands import band_of, bands, colour, colour_of, colours_of, pivot_of
from photdb.errors import UsageError


@pytest.mark.parametrize(
    ("word", "band"),
    [
        ("SDSS g'", "g"), ("sdss g", "g"), ("gp", "g"), ("g'", "g"), ("SDSS-R", "r"), ("Sloan_i", "i"), ("zs", "z"),
        ("Bessell V", "V"), ("Johnson V", "V"), ("JOHNSON V", "V"), ("Rc", "R"), ("Cousins R", "R"), ("Ic", "I"),
        ("Luminance", "L"), ("Clear", "clear"), ("CLEAR", "clear"), ("VR", "VR"), ("r", "r"), ("R", "R"), ("i", "i"),
        ("I", "I"), ("Ks", "K"), ("PS1 g", "g_ps1"), ("z.ps1", "z_ps1"), ("MKO-J", "J_mko"), ("y.ps1", "y"),
        ("H-alpha", "Ha"), ("No Filter", "clear"), ("air", "clear"), ("exop", "CBB"),
    ],
)  # fmt: skip
def test_words_of_headers_mean_bands(word: str, band: str) -> None:
    assert band_of(word) == (band, True)


@pytest.mark.parametrize(
    ("word", "band"),
    [("G", "filter_G"), ("VT", "filter_VT"), ("b", "b"), ("Baader O-III 4nm", "Baader_O-III_4nm"), ("//", "unknown")],
)
def test_an_unknown_word_is_a_band_of_its_own_and_never_a_catalogue_s(word: str, band: str) -> None:
    assert band_of(word) == (band, False)
    assert band not in bands()


def test_no_word_means_two_bands() -> None:
    words = [word for band in bands().values() for word in band.words]
    assert len(words) == len(set(words))


def test_every_band_says_what_it_is() -> None:
    for band in bands().values():
        assert band.system in ("AB", "Vega", "none")
        assert 300 < band.wavelength < 2500
        assert band.colour
        assert band.catalogue != bool(band.words)


def test_every_colour_index_is_of_two_known_bands_the_bluer_first_and_has_one_pivot() -> None:
    for index in {index for band in bands().values() for index in band.colour}:
        found = colour(index)
        assert str(found) == index
        assert bands()[found.blue].wavelength < bands()[found.red].wavelength
        assert bands()[found.blue].system == bands()[found.red].system
        assert 0 < found.pivot == pivot_of(index) < 2


def test_a_pivot_that_is_not_fixed_is_refused_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="u-z") as refused:
        pivot_of("u-z")
    assert "g-i" in (refused.value.hint or "")


def test_the_preferred_colour_that_the_catalogue_gives_is_taken() -> None:
    assert str(colour_of("r")) == "g-i"
    assert str(colour_of("r", available={"g", "r", "i"})) == "g-i"
    assert str(colour_of("r", available={"g", "r"})) == "g-r"
    assert colour_of("r", available={"r"}) is None


def test_an_unfiltered_frame_takes_its_own_index_and_a_filter_without_a_name_that_of_its_tie() -> None:
    assert str(colour_of("clear", "VT", available={"BP", "RP", "BT", "VT"})) == "BP-RP"
    assert str(colour_of("clear", "VT", available={"BT", "VT"})) == "BT-VT"
    assert colours_of("Wratten_21", "VT") == bands()["VT"].colour
    assert colours_of("Wratten_21") == ()


@given(st.text(min_size=1, max_size=20))
def test_any_word_gives_a_band_that_can_be_typed(word: str) -> None:
    band, _ = band_of(word)
    assert band
    assert not any(c.isspace() for c in band)
