"""Every catalogue from a file in VizieR's columns: one good star, one that a cut removes, one too bright."""

import numpy as np
import polars as pl
import pytest

from photdb.catalogs import definition
from photdb.catalogs.reference import understand

PLACE = {"RAJ2000": [150.1, 150.2, 150.3], "DEJ2000": [2.1, 2.2, 2.3]}
ICRS = {"RA_ICRS": PLACE["RAJ2000"], "DE_ICRS": PLACE["DEJ2000"]}
SOUTH = {"RAICRS": PLACE["RAJ2000"], "DEICRS": PLACE["DEJ2000"]}
PM = {"pmRA": [10.0, -5.0, 0.0], "pmDE": [-20.0, 5.0, 0.0]}


def mags(
    names: str, good: float = 15.0, bright: float = 3.0, *, err: str = "e_", suffix: str = "mag", error=0.01
) -> dict:
    """Magnitudes and errors of bands: the third star is brighter than any catalogue's range."""
    out: dict = {}
    for band in names.split():
        out |= {f"{band}{suffix}": [good, good, bright], f"{err}{band}{suffix}": [error] * 3}
    return out


# name: (table, bands, source_id of the first star or None, epoch, note that the second star fails by)
FILES = {
    "gaia_dr3": (
        {"Source": [11, 12, 13], **ICRS, **PM, "RUWE": [1.0, 1.5, 1.0], "Dup": [0] * 3,
         "VarFlag": ["NOT_AVAILABLE", "VARIABLE", "NOT_AVAILABLE"], **mags("G BP RP")},
        {"G": 15.0, "BP": 15.0, "RP": 15.0}, 11, 2016.0,
    ),
    "gaiaxp": (
        {"Source": [11, 12, 13], **ICRS, **mags("U B V R I u g r i z"),
         **{f"{b}Flag": [1, 0, 1] for b in "UBVRIugriz"}},
        dict.fromkeys("UBVRIugriz", 15.0), 11, 2016.0,
    ),
    "ps1": (
        {"objID": [11, 12, 13], **PLACE, "Qual": [52, 48, 52], "Nd": [9] * 3, "Epoch": [56290.0] * 3,
         "rKmag": [15.0, 15.0, 3.0], **mags("g r i z y")},
        {"g_ps1": 15.0, "r_ps1": 15.0, "i_ps1": 15.0, "z_ps1": 15.0, "y": 15.0}, 11, 2000 + (56290 - 51544.5) / 365.25,
    ),
    "ps1_dr2": (
        {"objID": [11, 12, 13], "raMean": PLACE["RAJ2000"], "decMean": PLACE["DEJ2000"], "qualityFlag": [52, 48, 52],
         "nDetections": [9] * 3, "rMeanKronMag": [15.0, 15.0, 3.0],
         **{f"{b}MeanPSFMag": [15.0, 15.0, 3.0] for b in "grizy"},
         **{f"{b}MeanPSFMagErr": [0.01] * 3 for b in "grizy"}},
        {"g_ps1": 15.0, "r_ps1": 15.0, "i_ps1": 15.0, "z_ps1": 15.0, "y": 15.0}, 11, 2012.5,
    ),
    "apass9": (
        {**PLACE, "nobs": [4, 1, 4], **mags("V B g' r' i'")},
        {"B": 15.0, "V": 15.0, "g": 15.0, "r": 15.0, "i": 15.0}, None, 2012.0,
    ),
    "sdss16": (
        {"objID": [11, 12, 13], **ICRS, "class": [6, 3, 6], "mode": [1] * 3, "q_mode": ["+"] * 3,
         "ObsDate": [2004.5] * 3, **PM, **mags("u g r i z", good=16.0), **mags("up gp rp ip zp", good=15.5)},
        {"u": 15.46, "g": 15.5, "r": 15.5, "i": 15.5, "z": 15.52}, 11, 2004.5,
    ),
    "sdss12": (
        {**ICRS, "class": [6, 3, 6], "mode": [1] * 3, "q_mode": ["+"] * 3, "ObsDate": [2004.5] * 3,
         **mags("u g r i z", good=16.0)},
        {"u": 15.96, "g": 16.0, "r": 16.0, "i": 16.0, "z": 16.02}, None, 2004.5,
    ),
    "sdss9": (
        {**ICRS, "cl": [6, 3, 6], "mode": [1] * 3, "q_mode": ["+"] * 3, "ObsDate": [2004.5] * 3,
         **mags("u g r i z", good=16.0)},
        {"u": 15.96, "g": 16.0, "r": 16.0, "i": 16.0, "z": 16.02}, None, 2004.5,
    ),
    "skymapper1": (
        {"ObjectId": [11, 12, 13], **SOUTH, "flags": [0, 4, 0], "Niflags": [0] * 3, "ClassStar": [0.95] * 3,
         **{f"Ngood{b}": [3] * 3 for b in "uvgriz"}, **mags("u v g r i z", suffix="PSF")},
        {f"{b}_sm": 15.0 for b in "uvgriz"}, 11, 2015.0,
    ),
    "skymapper4": (
        {"ObjectId": [11, 12, 13], **SOUTH, "flags": [0, 4, 0], "Niflags": [0] * 3, "ClassStar": [0.95] * 3,
         **{f"Ngood{b}": [3] * 3 for b in "uvgriz"}, **mags("u v g r i z", suffix="PSF")},
        {f"{b}_sm": 15.0 for b in "uvgriz"}, 11, 2017.0,
    ),
    "2mass": (
        {**PLACE, "2MASS": ["10002400+0206000"] * 3, "Qflg": ["AAA", "AAA", "AAA"], "Rflg": ["222", "222", "222"],
         "Cflg": ["000"] * 3, "Xflg": [0, 1, 0], **mags("J H K", good=12.0)},
        {"J": 12.0, "H": 12.0, "K": 12.0}, None, 1999.5,
    ),
    "urat1": (
        {"URAT1": ["461-000011", "461-000012", "461-000013"], **PLACE, "Epoch": [2013.4] * 3, **PM,
         **mags("f.", bright=2.0), **mags("B V g r i", error=0.03), "e_Vmag": [0.03, 0.0, 0.03]},
        {"f_urat": 15.0, "B": 15.0, "V": 15.0, "g": 15.0, "r": 15.0, "i": 15.0}, 461000011, 2013.4,
    ),
    "usnob1": (
        {"USNO-B1.0": ["0921-0000011", "0921-0000012", "0921-0000013"], **PLACE, **PM,
         **{f"{b}mag": [15.0, 15.0, 3.0] for b in ("B1", "R1", "B2", "R2", "I")}},
        {"B1": 15.0, "R1": 15.0, "B2": 15.0, "R2": 15.0, "I2": 15.0}, 9210000011, 2000.0,
    ),
    "refcat2": (
        {**ICRS, **PM, "dupvar": [0, 2, 0], "rp1": [99.9] * 3, **mags("g r i z")},
        {"g_ps1": 15.0, "r_ps1": 15.0, "i_ps1": 15.0, "z_ps1": 15.0}, None, 2015.5,
    ),
    "ucac4": (
        {"UCAC4": ["461-000011", "461-000012", "461-000013"], **PLACE, **PM, "of": [0, 3, 0], "db": [0] * 3,
         "f.mag": [13.0, 13.0, 3.0], "e_a.mag": [0.02] * 3, **mags("B V g r i", good=13.0, error=4),
         **mags("J H K", good=12.0)},
        {"f_ucac": 13.0, "B": 13.0, "V": 13.0, "g": 13.0, "r": 13.0, "i": 13.0, "J": 12.0, "H": 12.0, "K": 12.0},
        461000011, 2000.0,
    ),
    "tycho2": (
        {"TYC1": [1, 1, 1], "TYC2": [13, 14, 15], "TYC3": [1, 1, 1], "RAmdeg": PLACE["RAJ2000"],
         "DEmdeg": PLACE["DEJ2000"], **PM, **mags("BT VT", good=11.0, bright=1.0)},
        {"BT": 11.0, "VT": 11.0}, 1000131, 2000.0,
    ),
}  # fmt: skip
WITHOUT_A_BAD_STAR = {"usnob1", "tycho2", "urat1"}  # these have no cut on the star


def test_every_catalogue_with_bands_is_tried_here():
    assert set(FILES) == {name for name in definition.names() if definition.load(name).bands}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_each_catalogue_gives_its_stars_their_bands_and_what_is_good(name):
    table, bands, first, epoch = FILES[name]
    found = understand(pl.DataFrame(table), definition.load(name), where=f"{name}.csv")
    stars = found.stars.sort("ra")
    assert stars.height == 3
    assert not [note for note in found.notes if "not checked" in note]
    assert stars["source_id"][0] == (stars["hpx"][0] if first is None else first)
    assert stars["epoch"].to_list() == pytest.approx([epoch] * 3)
    if "pmRA" in table:
        assert stars["pm_dec"].to_list() == [-20.0, 5.0, 0.0]
    ids = stars["source_id"].to_list()
    mags = {(m["source_id"], m["band"]): m for m in found.mags.iter_rows(named=True)}
    assert {band for _, band in mags} == set(bands)
    for band, mag in bands.items():
        star = mags[ids[0], band]
        assert star["mag"] == pytest.approx(mag)
        assert star["mag_err"] > 0
        assert stars["is_good"][0]
        assert star["is_good"], band
        assert not mags[ids[2], band]["is_good"]  # too bright for the catalogue
    second = [stars["is_good"][1] and mags[ids[1], band]["is_good"] for band in bands]
    assert all(second) == (name in {"usnob1", "tycho2"})
    assert any(second) == (name in WITHOUT_A_BAD_STAR)


def test_errors_of_ucac4_are_hundredths_unless_the_file_says_or_shows_otherwise():
    table, ucac = FILES["ucac4"][0], definition.load("ucac4")

    def error(column: list, units: dict | None = None) -> float:
        found = understand(pl.DataFrame(table | {"e_Vmag": column}), ucac, where="u.csv", units=units)
        return found.mags.filter(pl.col("band") == "V")["mag_err"][0]

    assert error([4, 4, 4]) == pytest.approx(np.hypot(0.04, 0.02))
    assert error([0.04] * 3) == pytest.approx(np.hypot(0.04, 0.02))
    assert error([4, 4, 4], {"e_Vmag": "cmag"}) == pytest.approx(np.hypot(0.04, 0.02))
    assert error([0.04] * 3, {"e_Vmag": "mag"}) == pytest.approx(np.hypot(0.04, 0.02))


def test_photographic_magnitudes_have_the_error_of_their_catalogue():
    found = understand(pl.DataFrame(FILES["usnob1"][0]), definition.load("usnob1"), where="u.csv")
    assert set(found.mags["mag_err"]) == {0.3}


def test_variables_have_names_types_periods_and_ranges_and_need_no_band():
    table = {
        "OID": [37, 38, 39], **PLACE, "Name": ["AF Vel", "NSV 1", "not one"], "V": [0, 1, 2],
        "Type": ["RRAB", None, ""], "max": [10.85, 11.0, 12.0], "f_min": [None, "(", None], "min": [11.75, 0.3, None],
        "Period": [0.5274, None, None],
    }  # fmt: skip
    found = understand(pl.DataFrame(table), definition.load("vsx"), where="vsx.csv")
    names = {row["source_id"]: row for row in found.names.iter_rows(named=True)}
    assert names[37] == {
        "catalog": "vsx", "source_id": 37, "name": "AF Vel", "kind": "RRAB", "period": 0.5274, "mag_max": 10.85,
        "mag_min": 11.75,
    }  # fmt: skip
    assert names[38]["mag_min"] == pytest.approx(11.3)  # an amplitude
    assert (names[39]["kind"], names[39]["period"], names[39]["mag_min"]) == (None, None, None)
    assert found.stars.sort("source_id")["is_good"].to_list() == [True, True, False]
    assert found.mags.height == 0


def test_tycho_numbers_are_the_same_in_three_columns_and_in_one():
    one = {"TYC": ["1 13 1", "1-14-1", "9537-381-2"], "ra": [1.0, 2.0, 3.0], "dec": [0.0] * 3, "epoch": [1991.25] * 3,
           "VTmag": [9.0] * 3}  # fmt: skip
    found = understand(pl.DataFrame(one), definition.load("tycho2"), where="t.csv")
    assert found.stars.sort("ra")["source_id"].to_list() == [1000131, 1000141, 9537003812]


def test_a_row_without_a_number_is_named_by_its_place_and_the_others_keep_theirs():
    table = {"Source": [7, None, 9], **ICRS, "gmag": [12.0, 13.0, 14.0]}
    stars = understand(pl.DataFrame(table), definition.load("gaiaxp"), where="g.csv").stars.sort("ra")
    assert stars["source_id"].to_list() == [7, stars["hpx"][1], 9]


def test_catalogues_that_an_ingest_may_ask_for_come_by_rank():
    names = [c.name for c in definition.automatic()]
    assert names[0] == "gaiaxp"
    assert {"refcat2", "ps1", "skymapper4", "apass9", "2mass", "tycho2"} <= set(names)
    assert "usnob1" not in names


def test_every_catalogue_asks_for_the_columns_it_reads():
    for name in definition.names():
        catalog = definition.load(name)
        asked = set(catalog.service.columns)
        for band, entry in catalog.bands.items():
            assert asked & set(entry.mag), (name, band)
            assert not (entry.err or entry.flux_err) or asked & {*entry.err, *(entry.flux_err or ())}, (name, band)
        assert any({*p.ra} & asked and {*p.dec} & asked for p in catalog.positions), name
