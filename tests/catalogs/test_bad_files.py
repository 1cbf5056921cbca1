"""Files of reference stars that cannot be used, or not whole: each is told what is wrong with it."""

import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from astropy.table import Table

from photdb.catalogs import definition
from photdb.catalogs.files import read_file, read_table
from photdb.catalogs.reference import understand
from photdb.errors import InputError


def gaia(n: int = 200, *, ra0: float = 20.0, width: float = 1.0) -> pl.DataFrame:
    rng = np.random.default_rng(5)
    return pl.DataFrame(
        {"Source": np.arange(1, n + 1), "RA_ICRS": ra0 + width * rng.uniform(-0.5, 0.5, n),
         "DE_ICRS": 10 + rng.uniform(-0.5, 0.5, n), "gmag": rng.uniform(12, 16, n), "e_gmag": [0.01] * n}
    )  # fmt: skip


def stars_of(table: pl.DataFrame, **how):
    return understand(table, definition.load("gaiaxp"), where="stars.csv", **how)


def write(table: pl.DataFrame, path: Path) -> Path:
    kinds = {".csv": table.write_csv, ".parquet": table.write_parquet}
    if path.suffix in kinds:
        kinds[path.suffix](path)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            formats = {".vot": "votable", ".fits": "fits"}
            Table(table.to_dict(as_series=False)).write(path, format=formats[path.suffix])
    return path


@pytest.mark.parametrize("ending", ["vot", "fits", "parquet"])
@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9, 0.999])
def test_a_download_that_broke_off_is_refused(tmp_path, ending, kept):
    whole = write(gaia(2000), tmp_path / f"stars.{ending}")
    cut = tmp_path / f"cut.{ending}"
    content = whole.read_bytes()
    cut.write_bytes(content[: int(len(content) * kept)])
    assert read_table(whole).height == 2000
    with pytest.raises(InputError, match="not a table that can be read") as caught:
        read_file(cut)
    assert f"cut.{ending}" in caught.value.what
    assert "complete" in caught.value.hint


def test_the_last_line_of_a_text_that_was_cut_is_left_out_and_said(tmp_path):
    whole = write(gaia(50), tmp_path / "stars.csv").read_text()
    (tmp_path / "cut.csv").write_text(whole.rstrip()[: -len(whole.splitlines()[-1]) // 2])
    found = read_file(tmp_path / "cut.csv")
    assert found.table.height == 49
    assert "the last line is cut short" in found.notes[0]
    (tmp_path / "whole.csv").write_text(whole.rstrip())  # many programs end without a line feed
    assert read_file(tmp_path / "whole.csv").table.height == 50
    assert not read_file(tmp_path / "whole.csv").notes


@pytest.mark.parametrize(
    "page", ["<!DOCTYPE html>\n<html><head><title>503 Service", "<html>\n<body>error, sorry, a, b"]
)
def test_a_web_page_that_was_saved_as_a_table_is_called_one(tmp_path, page):
    (tmp_path / "stars.csv").write_text(page)
    with pytest.raises(InputError, match="a web page"):
        read_file(tmp_path / "stars.csv")


def test_hours_are_taken_as_hours_when_the_file_says_so(tmp_path):
    table = gaia().with_columns(pl.col("RA_ICRS") / 15)
    found = stars_of(table, units={"RA_ICRS": "h"})
    assert found.stars.sort("source_id")["ra"].to_numpy() == pytest.approx(gaia()["RA_ICRS"].to_numpy())
    assert "RA_ICRS: hours, as its unit says: times 15" in found.notes
    votable = Table(table.to_dict(as_series=False))
    votable["RA_ICRS"].unit = "h"
    votable.write(tmp_path / "h.fits", format="fits")
    read = read_file(tmp_path / "h.fits")
    assert stars_of(read.table, units=read.units).stars["ra"].min() > 19


def test_hours_that_nobody_calls_so_are_refused_and_the_user_can_say_which():
    hours = gaia().with_columns(pl.col("RA_ICRS") / 15)
    with pytest.raises(InputError, match="hours, not degrees") as caught:
        stars_of(hours)
    assert "--ra-unit hours" in caught.value.hint
    assert stars_of(hours, ra_unit="hours").stars["ra"].min() > 19
    assert stars_of(hours, ra_unit="deg").stars["ra"].max() < 2


def test_the_whole_sky_in_hours_is_refused_too():
    rng = np.random.default_rng(2)
    n = 500
    table = pl.DataFrame(
        {"RA_ICRS": rng.uniform(0, 24, n), "DE_ICRS": np.degrees(np.arcsin(rng.uniform(-1, 1, n))), "gmag": [12.0] * n}
    )
    with pytest.raises(InputError, match="hours, not degrees"):
        stars_of(table)


@pytest.mark.parametrize(("ra0", "width"), [(12.0, 1.0), (1.0, 0.5), (20.0, 4.0), (12.0, 0.3)])
def test_a_field_at_small_right_ascensions_is_a_field_in_degrees(ra0, width):
    assert stars_of(gaia(ra0=ra0, width=width)).stars.height == 200


def test_a_unit_that_is_no_angle_is_refused():
    with pytest.raises(InputError, match="is in 'km', which is no angle"):
        stars_of(gaia(), units={"RA_ICRS": "km"})


def test_radians_and_arcseconds_are_converted():
    radians = gaia().with_columns(pl.col("RA_ICRS", "DE_ICRS").radians())
    found = stars_of(radians, units={"RA_ICRS": "rad", "DE_ICRS": "rad"})
    assert found.stars.sort("source_id")["dec"].to_numpy() == pytest.approx(gaia()["DE_ICRS"].to_numpy())


def test_units_of_vizier_tsv_are_read(tmp_path):
    text = '#comment\nRA_ICRS\tDE_ICRS\tgmag\n"h:m:s"\tdeg\tmag\n-----\t-----\t-----\n1.5\t10.0\t12.0\n'
    (tmp_path / "v.tsv").write_text(text)
    found = read_file(tmp_path / "v.tsv")
    assert found.units == {"RA_ICRS": "h:m:s", "DE_ICRS": "deg", "gmag": "mag"}
    assert stars_of(found.table, units=found.units).stars["ra"][0] == pytest.approx(22.5)


def test_rows_that_are_nowhere_are_left_out_and_counted_by_what_is_wrong():
    bad = pl.DataFrame(
        {"Source": [1, 2, 3, 4, 5], "RA_ICRS": [10.0, float("nan"), 11.0, 400.0, None],
         "DE_ICRS": [1.0, 1.0, 95.0, 2.0, 3.0], "gmag": [12.0] * 5}
    )  # fmt: skip
    found = stars_of(bad)
    assert found.stars["source_id"].to_list() == [1]
    assert set(found.notes) - {"gFlag == 1: no such column, not checked"} == {
        "2 rows without a position or its date left out",
        "1 rows with a right ascension outside 0 to 360 deg left out",
        "1 rows with a declination beyond 90 deg left out",
    }
    with pytest.raises(InputError, match=r"none of 2 rows has a position.*2 rows with a declination beyond 90"):
        stars_of(bad.with_columns(DE_ICRS=pl.lit(-91.0)).head(3).filter(pl.col("RA_ICRS").is_not_nan()))


def test_errors_of_zero_or_less_are_none_and_counted():
    table = gaia(4).with_columns(e_gmag=pl.Series([0.0, -0.01, None, 0.02]))
    found = stars_of(table)
    assert found.mags.sort("source_id")["mag_err"].to_list() == [None, None, None, 0.02]
    assert "errors of 0 or less are none: g 2" in found.notes


def test_stars_without_any_magnitude_can_still_be_used_for_their_places():
    found = stars_of(gaia(3).with_columns(gmag=pl.lit(None, pl.Float64)))
    assert found.stars.height == 3
    assert found.mags.height == 0
    assert any("no magnitude" in note for note in found.notes)
