"""Reference stars out of tables as other programs write them."""

import warnings
from pathlib import Path

import astropy.units as u
import numpy as np
import polars as pl
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import Table
from astropy.time import Time
from hypothesis import given, settings
from hypothesis import strategies as st

from photdb.catalogs import definition
from photdb.catalogs.files import read_table
from photdb.catalogs.reference import at_epoch, understand
from photdb.errors import InputError
from photdb.sky import separation_arcsec

APASS = {
    "RAJ2000": [10.0, 11.0, 12.0], "DEJ2000": [-5.0, -6.0, -7.0], "nobs": [3, 1, 4],
    "g'mag": [12.0, 13.0, None], "e_g'mag": [0.02, 0.0, None], "Vmag": [11.5, 12.5, 13.5], "e_Vmag": [0.01, 0.0, 0.3],
}  # fmt: skip


def stars_of(table: pl.DataFrame, name: str):
    return understand(table, definition.load(name), where="stars.csv")


def band(reference, name: str) -> pl.DataFrame:
    return reference.mags.filter(pl.col("band") == name).sort("mag")


def test_an_error_of_zero_is_unknown_and_not_good():
    g = band(stars_of(pl.DataFrame(APASS), "apass9"), "g")
    assert g["mag"].to_list() == [12.0, 13.0]
    assert g["mag_err"].to_list() == [0.02, None]
    assert g["is_good"].to_list() == [True, False]
    assert set(g["mag_system"]) == {"AB"}


@pytest.mark.parametrize(
    "names", [{"g'mag": "g_mag", "e_g'mag": "e_g_mag"}, {"RAJ2000": "raj2000", "DEJ2000": "dej2000"}]
)
def test_columns_are_found_under_the_names_astropy_and_topcat_give(names):
    renamed = stars_of(pl.DataFrame(APASS).rename(names), "apass9")
    assert renamed.mags.equals(stars_of(pl.DataFrame(APASS), "apass9").mags)


def test_a_lower_case_magnitude_is_never_taken_for_the_upper_case_one():
    table = pl.DataFrame({"RA_ICRS": [1.0], "DE_ICRS": [2.0], "imag": [13.0], "iFlag": [1]})
    assert stars_of(table, "gaiaxp").mags["band"].to_list() == ["i"]


def write_csv(table: pl.DataFrame, path: Path) -> None:
    table.write_csv(path)


def write_tsv_of_vizier(table: pl.DataFrame, path: Path) -> None:
    lines = table.write_csv(separator="\t").splitlines()
    dashes = "\t".join("-" * 10 for _ in table.columns)
    units = "\t".join("deg" for _ in table.columns)
    path.write_text("\n".join(["#RESOURCE=yCat", "#", "", lines[0], units, dashes, *lines[1:], ""]))


def write_parquet(table: pl.DataFrame, path: Path) -> None:
    table.write_parquet(path)


def masked(table: pl.DataFrame) -> Table:
    columns = {c: np.ma.masked_invalid(table[c].cast(pl.Float64).fill_null(np.nan).to_numpy()) for c in table.columns}
    return Table(columns)


def write_fits(table: pl.DataFrame, path: Path) -> None:
    masked(table).write(path, format="fits")


def write_votable(table: pl.DataFrame, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the primes in the names get an ID without
        masked(table).write(path, format="votable")


@pytest.mark.parametrize(
    ("write", "ending"),
    [
        (write_csv, "csv"),
        (write_tsv_of_vizier, "tsv"),
        (write_parquet, "parquet"),
        (write_fits, "fits"),
        (write_votable, "vot"),
    ],
)
def test_every_format_gives_the_same_stars(tmp_path, write, ending):
    write(pl.DataFrame(APASS), tmp_path / f"stars.{ending}")
    found = stars_of(read_table(tmp_path / f"stars.{ending}"), "apass9")
    assert sorted(found.stars["ra"]) == [10.0, 11.0, 12.0]
    assert found.mags.sort("band", "mag").equals(stars_of(pl.DataFrame(APASS), "apass9").mags.sort("band", "mag"))


def test_tycho2_is_read_as_vizier_writes_it_and_as_an_extract():
    vizier = pl.DataFrame(
        {"TYC1": [1], "TYC2": [13], "TYC3": [1], "RAmdeg": [1.1], "DEmdeg": [2.2], "pmRA": [-16.3], "pmDE": [-9.0],
         "BTmag": [12.146], "e_BTmag": [0.158], "VTmag": [11.5], "e_VTmag": [0.1]}
    )  # fmt: skip
    star = stars_of(vizier, "tycho2").stars.row(0, named=True)
    assert (star["source_id"], star["epoch"], star["pm_ra"]) == (1000131, 2000.0, -16.3)
    extract = pl.DataFrame({"ra": [1.1], "dec": [2.2], "epoch": [1991.25], "VTmag": [11.5]})
    star = stars_of(extract, "tycho2").stars.row(0, named=True)
    assert (star["epoch"], star["pm_ra"]) == (1991.25, None)


def test_sexagesimal_positions_are_hours_and_degrees():
    table = pl.DataFrame({"RA_ICRS": ["02 04 10.28"], "DE_ICRS": ["-00 41 16.2"], "gmag": [12.0]})
    star = stars_of(table, "gaiaxp").stars.row(0, named=True)
    assert star["ra"] == pytest.approx(31.04283333, abs=1e-8)
    assert star["dec"] == pytest.approx(-0.68783333, abs=1e-8)


def test_numbers_beyond_2_to_the_53_are_kept_exactly():
    table = pl.DataFrame({"Source": [5172533445396113921], "RA_ICRS": [1.0], "DE_ICRS": [2.0], "gmag": [12.0]})
    assert stars_of(table, "gaiaxp").stars["source_id"][0] == 5172533445396113921


def test_cuts_read_bits_characters_differences_and_missing_values():
    ps1 = pl.DataFrame(
        {"RAJ2000": [1.0, 2.0, 3.0, 4.0], "DEJ2000": [0.0] * 4, "Qual": [52, 48, 52, 52], "Nd": [9, 9, 9, None],
         "rmag": [15.0, 15.0, 15.0, 15.0], "rKmag": [15.0, 15.0, 14.0, 15.0], "e_rmag": [0.003] * 4}
    )  # fmt: skip
    found = stars_of(ps1, "ps1")
    assert found.stars.sort("ra")["is_good"].to_list() == [True, False, False, False]
    assert found.mags["mag_err"][0] == pytest.approx(np.hypot(0.003, 0.01))
    two = pl.DataFrame({"RAJ2000": [1.0, 2.0], "DEJ2000": [0.0] * 2, "Qflg": ["AAB", "BAA"], "Cflg": ["000"] * 2,
                        "Jmag": [9.0, 9.0], "Kmag": [8.0, 8.0]})  # fmt: skip
    found = stars_of(two, "2mass")
    assert band(found, "J")["is_good"].to_list() == [True, False]
    assert band(found, "K")["is_good"].to_list() == [False, True]
    assert "Xflg == 0: no such column, not checked" in found.notes


def test_a_star_named_twice_is_taken_once_and_a_row_without_place_not_at_all():
    table = pl.DataFrame(
        {"Source": [7, 7, 8], "RA_ICRS": [1.0, 1.0, None], "DE_ICRS": [2.0, 2.0, 2.0], "gmag": [12.0, 13.0, 14.0]}
    )
    found = stars_of(table, "gaiaxp")
    assert found.mags["mag"].to_list() == [12.0]
    assert len(found.notes) >= 2


def test_a_file_of_another_catalogue_says_what_was_found_and_what_is_needed():
    with pytest.raises(InputError, match=r"needs columns RA_ICRS, DE_ICRS; has RAJ2000, DEJ2000"):
        stars_of(pl.DataFrame(APASS), "gaiaxp")
    nothing = pl.DataFrame({"RA_ICRS": [1.0], "DE_ICRS": [2.0], "what": [3.0]})
    with pytest.raises(InputError, match="no magnitudes: needs one of Umag"):
        stars_of(nothing, "gaiaxp")
    with pytest.raises(InputError, match="none of 1 rows has a position"):
        stars_of(pl.DataFrame({"RA_ICRS": [None], "DE_ICRS": [2.0], "gmag": [3.0]}), "gaiaxp")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "empty"),
        (b"ra,dec,VTmag\n", "no rows"),
        (b"\x00\x01\x02", "not a table"),
        (b"PAR1 cut short", "not a table"),
        (b"ra,dec,VTmag", "no rows"),
        (b"# nothing\n", "not a table"),
        (b"SIMPLE  =                    T", "not a table"),
        (b"<?xml version='1.0'?><VOTABLE>", "not a table"),
        (b"ra,dec,VTmag\n1,2,3\n4,5,6,7,8\n", "not a table"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_its_name(tmp_path, content, complaint):
    path = tmp_path / "stars.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=complaint) as caught:
        read_table(path)
    assert "stars.csv" in str(caught.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_table(tmp_path / "none.csv")


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 360), st.floats(-90, 90), st.floats(-3000, 3000), st.floats(-3000, 3000), st.floats(-30, 30))
def test_proper_motion_moves_by_its_angle_everywhere(ra, dec, pm_ra, pm_dec, years):
    moved = at_epoch(ra, dec, pm_ra, pm_dec, 2000.0, 2000.0 + years)
    way = separation_arcsec(ra, dec, *moved)
    assert abs(way - np.hypot(pm_ra, pm_dec) * abs(years) / 1000) < 1e-4
    assert 0 <= moved[0] <= 360


def test_proper_motion_agrees_with_astropy():
    ra, dec, pm_ra, pm_dec = 359.9999, 80.0, 1000.0, -800.0
    sky = SkyCoord(ra * u.deg, dec * u.deg, pm_ra_cosdec=pm_ra * u.mas / u.yr, pm_dec=pm_dec * u.mas / u.yr,
                   distance=1 * u.kpc, obstime=Time(2016.0, format="jyear"))  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an angle at a kpc is nearly at infinity, says ERFA
        theirs = sky.apply_space_motion(Time(2026.0, format="jyear"))
    ours = at_epoch(ra, dec, pm_ra, pm_dec, 2016.0, 2026.0)
    assert separation_arcsec(*ours, theirs.ra.deg, theirs.dec.deg) < 1e-3


def test_real_extracts_are_read_whole(shared_data):
    folder = shared_data / "refcat"
    expected = {
        "tycho2_hatp32.csv": ("tycho2", 189, {"VT"}),
        "NGC1097_GAIA.csv": ("gaiaxp", 2580, {"B", "V", "R", "g", "r", "i"}),
        "NGC1097_APASS.csv": ("apass9", 1194, {"B", "V", "g", "r", "i"}),
        "NGC1097_SMSS.csv": ("skymapper1", 6128, {"u_sm", "v_sm", "g_sm", "r_sm", "i_sm", "z_sm"}),
        "PS1_189+27.csv": ("ps1", 8728, {"g_ps1", "r_ps1", "i_ps1", "z_ps1", "y"}),
        "SDSS12_189+27.csv": ("sdss12", 15538, {"u", "g", "r", "i", "z"}),
    }
    for file, (name, n, names) in expected.items():
        found = stars_of(read_table(folder / file), name)
        assert found.stars.height == n
        assert set(found.mags["band"]) == names


def test_the_error_of_a_proper_motion_is_the_larger_of_its_components_and_0_is_none():
    table = pl.DataFrame(
        {"Source": [1, 2, 3], "RA_ICRS": [10.0, 10.1, 10.2], "DE_ICRS": [5.0] * 3, "pmRA": [1.0] * 3, "pmDE": [2.0] * 3,
         "e_pmRA": [0.02, 0.0, None], "e_pmDE": [0.05, 0.0, 0.1], "Gmag": [12.0] * 3}
    )  # fmt: skip
    stars = understand(table, definition.load("gaia_dr3"), where="g.csv").stars.sort("source_id")
    assert stars["pm_err"].to_list() == [0.05, None, None]
