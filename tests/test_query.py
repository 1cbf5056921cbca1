"""Questions: positions, names, light curves, cones, what is said when nothing is there."""

import math
import shutil

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stores import DEC, FAINT, FAR, NEIGHBOUR, RA, STAR, WITHOUT_ZP, flux_of, mjd_of

import photdb
from photdb import query
from photdb.errors import InputError, NotFoundError, UsageError
from photdb.store.database import Database

COLUMNS = [
    "object_id",
    "frame_id",
    "band",
    "mjd_mid",
    "bjd_tdb",
    "mag",
    "mag_err",
    "mag_system",
    "flux_mjy",
    "flux_mjy_err",
    "flux",
    "flux_err",
    "limit_mag",
    "zp",
    "zp_err",
    "aperture_id",
    "kind",
    "flags",
    "airmass",
    "fwhm_arcsec",
    "sky",
    "x",
    "y",
]


@pytest.fixture
def db(small_store):
    with photdb.connect(small_store) as opened:
        yield opened


@pytest.fixture
def store(small_store):
    with Database.open(small_store) as opened:
        yield opened


def test_a_light_curve_has_the_columns_of_the_design_in_their_order(db):
    assert db.light_curve(RA, DEC).columns == COLUMNS


@pytest.mark.parametrize("object_id", [STAR, FAINT])
def test_the_quick_light_curve_is_the_one_of_the_view(db, object_id):
    by_id = db.light_curve(object_id=object_id)
    view = db.sql("SELECT * FROM lightcurve WHERE object_id = $o ORDER BY mjd_mid", o=object_id).select(COLUMNS)
    assert by_id.height == 12
    assert by_id.equals(view)


def test_magnitudes_are_those_of_the_zero_points_and_negative_fluxes_have_none(db):
    for row in db.light_curve(object_id=FAINT).iter_rows(named=True):
        flux = flux_of(FAINT, row["frame_id"])
        assert row["flux"] == flux
        if flux < 0 or row["frame_id"] == WITHOUT_ZP:
            assert row["mag"] is None
        else:
            assert row["mag"] == pytest.approx(row["zp"] - 2.5 * math.log10(flux))
            assert row["mag_err"] == pytest.approx(2.5 / math.log(10) * 1.1 / flux)


def test_only_calibrated_bands_have_a_physical_flux_and_each_point_names_its_system(db):
    rows = db.light_curve(object_id=STAR).iter_rows(named=True)
    found = {(r["band"], r["mag_system"], r["flux_mjy"] is None) for r in rows}
    assert found == {("g", "AB", False), ("r", "relative", True), ("r", "instrumental", True)}


def test_one_point_has_no_scatter(small_store, tmp_path):
    shutil.copyfile(small_store, tmp_path / "one.duckdb")
    with duckdb.connect(tmp_path / "one.duckdb") as con:
        con.execute("DELETE FROM detection_hot WHERE object_id = $o AND frame_id > 1", {"o": STAR})
    with photdb.connect(tmp_path / "one.duckdb") as db:
        (star,) = db.cone(RA, DEC, 600).filter(pl.col("object_id") == STAR).iter_rows(named=True)
    assert (star["n_points"], star["mag_scatter"]) == (1, None)
    assert star["median_mag"] is not None


def test_another_aperture_brings_its_own_flux_and_zero_point(db):
    auto = db.light_curve(object_id=STAR, aperture_id=-1, band="g")
    assert auto["flux"].to_list() == pytest.approx([1.1 * flux_of(STAR, i) for i in auto["frame_id"]], rel=1e-6)
    assert set(auto["zp"]) == {22.4}
    unmeasured = db.light_curve(object_id=STAR, aperture_id=2)
    assert unmeasured["flux"].null_count() == unmeasured["mag"].null_count() == 12


def test_points_are_chosen_by_band_time_and_flags(db):
    assert set(db.light_curve(object_id=STAR, band="r")["band"]) == {"r"}
    assert db.light_curve(object_id=STAR, stop="2017-12-20")["frame_id"].to_list() == [1, 2, 3, 4, 5, 6]
    assert db.light_curve(object_id=STAR, start=mjd_of(12))["frame_id"].to_list() == [12]
    assert db.light_curve(object_id=FAINT, without=4).height == 9


def test_bjd_of_a_point_is_the_frames_tdb_and_the_way_of_the_light(db):
    row = db.light_curve(object_id=STAR).row(0, named=True)
    ra, dec = math.radians(RA), math.radians(DEC)
    way = 0.001 * math.cos(dec) * math.cos(ra) + 0.005 * math.cos(dec) * math.sin(ra) + 0.002 * math.sin(dec)
    assert row["bjd_tdb"] == pytest.approx(mjd_of(1) + 2400000.5 + 69.184 / 86400 + way, abs=1e-9)


@pytest.mark.parametrize("name", ["HAT-P 99", "hat-p99", " HAT-P  99 ", "J024619.20-301612.0"])
def test_a_name_is_a_target_or_an_object(store, name):
    assert query.resolve(store, name.split()).object_id == STAR


def test_a_number_alone_is_an_object(store):
    assert query.resolve(store, [str(FAR)]).object_id == FAR


def test_the_nearest_object_is_taken_and_one_that_is_hardly_further_is_named(store):
    assert query.find_object(store, RA, DEC + 1.8 / 3600).others[0].startswith("J024619.20-301608.0 at 2.2")
    assert query.find_object(store, RA, DEC + 3.9 / 3600).object_id == NEIGHBOUR
    assert query.find_object(store, RA, DEC + 3.9 / 3600).others == ()


def test_a_place_without_an_object_says_what_is_nearest_and_that_frames_cover_it(store):
    with pytest.raises(
        NotFoundError, match=r"J024619.20-301252.0, 21.0 arcsec.*12 frames of 2017-12-19 to 2017-12-20"
    ) as e:
        query.find_object(store, RA, DEC + 221 / 3600)
    assert "--radius 21" in e.value.hint or "--radius 22" in e.value.hint
    assert query.find_object(store, RA, DEC + 221 / 3600, radius=22).object_id == FAR


def test_a_place_that_no_frame_covers_is_said_to_be_so(store):
    # the second place is in a cell that the frames touch, but outside their outline
    for ra, dec in ((200.0, 80.0), (RA, DEC + 0.201)):
        with pytest.raises(NotFoundError, match="no frame covers the place"):
            query.find_object(store, ra, dec)


def test_an_object_header_is_no_position(store):
    with pytest.raises(NotFoundError, match="OBJECT in their header") as caught:
        query.resolve(store, ["sim1"])
    assert 'target add "sim1" RA DEC' in caught.value.hint


def test_a_mistyped_name_is_told_from_a_wrong_one(store):
    with pytest.raises(NotFoundError) as caught:
        query.resolve(store, ["HATP-99"])
    assert "HAT-P 99" in caught.value.hint
    with pytest.raises(NotFoundError) as caught:
        query.resolve(store, ["Betelgeuse"])
    assert "target add" in caught.value.hint


def test_a_beginning_that_many_names_share_lists_them(store):
    with pytest.raises(NotFoundError, match="4 objects") as caught:
        query.resolve(store, ["J0246"])
    assert "J024621.60-301536.0" in caught.value.hint


def test_an_unknown_number_is_not_found(store):
    for number in ("17", "9" * 25):
        with pytest.raises(NotFoundError, match="no object"):
            query.resolve(store, [number])


def test_a_cone_lists_each_band_nearest_first(db):
    found = db.cone(RA, DEC, 60)
    assert found["object_id"].to_list() == [STAR, STAR, NEIGHBOUR, NEIGHBOUR, FAINT, FAINT]
    assert found["band"].to_list() == ["g", "r"] * 3
    assert found["n_points"].to_list() == [6] * 6
    assert found["mag_system"].to_list() == ["AB", "relative"] * 3
    assert found["separation_arcsec"][2] == pytest.approx(4, abs=1e-6)
    star = sorted(22.5 - 2.5 * math.log10(flux_of(STAR, i)) for i in range(1, 13, 2))
    assert found["median_mag"][0] == pytest.approx((star[2] + star[3]) / 2)


def test_objects_and_frames_are_listed(db):
    assert db.objects(min_detections=12).height == 4
    assert db.objects(min_detections=13).height == 0
    assert db.objects(sort="dec")["object_id"].to_list() == [STAR, NEIGHBOUR, FAINT, FAR]
    assert db.frames().height == 13
    assert db.frames(state="failed")["reason"].to_list() == ["no exposure time (EXPTIME, EXPOSURE)"]
    assert db.frames(night="2017-12-19", band="g", object_name="sim1")["file"].to_list() == [
        f"frame-{i:03d}.fits" for i in (1, 3, 5)
    ]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda db: db.objects(sort="size"), "cannot sort"),
        (lambda db: db.frames(state="lost"), "no state"),
        (lambda db: db.frames(night="yesterday"), "not a date"),
        (lambda db: db.light_curve(), "position"),
        (lambda db: db.light_curve(1.0), "ra and dec"),
        (lambda db: db.light_curve(1.0, 2.0, name="x"), "position"),
        (lambda db: db.light_curve(object_id=STAR, start="soon"), "not a date"),
        (lambda db: db.light_curve("25:00:00", 2.0), "outside"),
        (lambda db: db.sql("DELETE FROM frame"), "not a SELECT"),
        (lambda db: db.sql("SELECT 1; SELECT 2"), "2 statements"),
        (lambda db: db.sql("COPY frame TO 'x.csv'"), "not a SELECT"),
        (lambda db: db.sql("SELECT CAST('a' AS INTEGER)"), "Conversion"),
        (lambda db: query.export(db._db, "nights"), "cannot export"),
        (lambda db: query.export(db._db, "frame", objects=[1]), "chosen by objects"),
    ],
)
def test_a_question_put_wrongly_is_a_usage_error(db, call, words):
    with pytest.raises(UsageError, match=words):
        call(db)


def test_a_mistyped_table_or_column_is_answered_with_what_was_meant(db):
    with pytest.raises(UsageError) as caught:
        db.sql("SELECT * FROM fram")
    assert "frame" in caught.value.hint
    assert "LINE 1: SELECT * FROM fram\n                      ^" in caught.value.what
    with pytest.raises(UsageError) as caught:
        db.sql("SELECT objct_id FROM object")
    assert "object_id" in caught.value.hint


def test_a_file_in_sql_that_is_not_there_is_bad_input(db):
    with pytest.raises(InputError, match=r"nofile\.csv"):
        db.sql("SELECT * FROM 'nofile.csv'")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["41.58", "-30.27"], (41.58, -30.27)),
        (["02:46:19.2", "-30:16:12"], (41.58, -30.27)),
        (["02h46m19.2s", "-30d16m12s"], (41.58, -30.27)),
        (["02:46:19.2 -30:16:12"], (41.58, -30.27)),
        (["41.58,-30.27"], (41.58, -30.27)),
        (["02", "46", "19.2", "-30", "16", "12"], (41.58, -30.27)),
        (["10", "-00:30:00"], (10.0, -0.5)),
        (["AG", "Peg"], None),
        (["M67"], None),
        (["HD", "209458"], None),
        (["TOI", "700", "d"], None),
    ],
)
def test_positions_are_read_in_every_notation_and_names_are_not_positions(words, expected):
    assert query.parse_position(words) == (None if expected is None else pytest.approx(expected))


def test_a_position_off_the_sky_is_refused():
    with pytest.raises(UsageError, match="outside -90 to 90"):
        query.parse_position(["10", "-91"])


@given(st.floats(0, 359.999), st.floats(-89.9, 89.9), st.floats(0.001, 5), st.floats(0, 6.283), st.floats(0.05, 2.5))
def test_an_outline_holds_what_is_nearer_than_its_sides_and_nothing_beyond_its_corners(ra, dec, half, angle, ratio):
    """A square about any place, poles and RA 0 included; the point lies at ratio half sides from the centre."""
    corners = [_offset(ra, dec, half * math.sqrt(2), a) for a in (0.785398, 2.356194, 3.926991, 5.497787)]
    place = _offset(ra, dec, half * ratio, angle)
    if 0.97 < ratio < 1.45:
        return
    assert query.outline_holds([c[0] for c in corners], [c[1] for c in corners], *place) == (ratio <= 0.97)


def _offset(ra, dec, distance, angle):
    """The place at a distance (deg) in a direction (rad)."""
    s, d = math.radians(distance), math.radians(dec)
    sin_dec = math.sin(d) * math.cos(s) + math.cos(d) * math.sin(s) * math.cos(angle)
    step = math.atan2(math.sin(angle) * math.sin(s) * math.cos(d), math.cos(s) - math.sin(d) * sin_dec)
    return (ra + math.degrees(step)) % 360, math.degrees(math.asin(max(-1.0, min(1.0, sin_dec))))
