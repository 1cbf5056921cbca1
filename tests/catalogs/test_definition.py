"""What a catalogue file may say."""

from pathlib import Path

import pytest

from photdb.bands import bands
from photdb.catalogs import definition
from photdb.errors import InputError, UsageError


@pytest.mark.parametrize("name", definition.names())
def test_every_catalogue_file_is_understood_and_says_where_its_facts_are_from(name):
    catalog = definition.load(name)
    assert catalog.reference
    assert catalog.checked
    assert catalog.positions
    for band, entry in catalog.bands.items():
        known = bands().get(band)
        assert known is None or known.system == entry.system, band
        assert entry.mag


def test_no_two_catalogues_share_a_rank():
    ranks = [definition.load(name).rank for name in definition.names()]
    assert len(set(ranks)) == len(ranks)


def test_an_unknown_catalogue_names_the_known_ones():
    with pytest.raises(UsageError, match="'tycho3' is not known") as caught:
        definition.load("tycho3")
    assert "tycho2" in caught.value.hint


def test_the_users_own_definition_is_read_first(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("PHOTDB_CONFIG", str(tmp_path))
    (tmp_path / "catalogs").mkdir()
    (tmp_path / "catalogs" / "own.toml").write_text("title = 3 = 4")
    assert "own" in definition.names()
    with pytest.raises(InputError, match=r"own\.toml: not a catalogue definition"):
        definition.load("own")


def test_columns_named_by_the_user_make_a_catalogue():
    catalog = definition.from_columns("mine", {"ra": "R", "dec": "D", "V": "vm", "e_V": "ve", "epoch": "2015.5"})
    assert catalog.bands["V"].err == ("ve",)
    assert catalog.bands["V"].system == "Vega"
    assert catalog.positions[0].epoch.year == 2015.5


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"ra": "R", "g": "m"}, "no dec"),
        ({"ra": "R", "dec": "D"}, "no band"),
        ({"ra": "R", "dec": "D", "g": "m", "e_r": "x"}, "e_r has no band r"),
    ],
)
def test_columns_that_do_not_make_a_catalogue_are_refused(columns, complaint):
    with pytest.raises(UsageError, match=complaint):
        definition.from_columns("mine", columns)


def test_ab_offsets_are_zero_for_ab_and_unknown_where_nobody_said():
    assert definition.ab_offset("gaiaxp", "g") == 0.0
    assert definition.ab_offset("gaiaxp", "V") == 0.02
    assert definition.ab_offset("tycho2", "VT") is None
    assert definition.ab_offset("mine", "g") == 0.0
