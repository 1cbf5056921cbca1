"""Filter words and bands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photdb.bands import band_of, bands


@pytest.mark.parametrize(
    ("word", "band"),
    [
        ("SDSS g'", "g"), ("sdss g", "g"), ("gp", "g"), ("g'", "g"), ("SDSS-R", "r"), ("Sloan_i", "i"), ("zs", "z"),
        ("Bessell V", "V"), ("Johnson V", "V"), ("JOHNSON V", "V"), ("Rc", "R"), ("Cousins R", "R"), ("Ic", "I"),
        ("Luminance", "L"), ("Clear", "clear"), ("CLEAR", "clear"), ("VR", "VR"), ("r", "r"), ("R", "R"), ("i", "i"),
        ("I", "I"), ("Ks", "K"), ("H-alpha", "Ha"), ("No Filter", "clear"), ("air", "clear"), ("exop", "CBB"),
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
        assert all(name in bands() for name in band.colour)
        assert band.catalogue != bool(band.words)


@given(st.text(min_size=1, max_size=20))
def test_any_word_gives_a_band_that_can_be_typed(word: str) -> None:
    band, _ = band_of(word)
    assert band
    assert not any(c.isspace() for c in band)
