"""Light curves of detections and forced points: each frame once, limits of one kind, nothing double-counted."""

import math

import pytest
from forced_store import HERE, NOISE, NOTHING, UNDETECTED, UNMEASURED, forced_store, nothing_flux, star_flux
from stores import DEC, FAINT, FAR, N_FRAMES, RA, STAR, WITHOUT_ZP, ZP, band_of

import photdb as package
from photdb import query
from photdb.errors import UsageError
from photdb.store.database import Database


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return forced_store(tmp_path_factory.mktemp("forced") / "forced.duckdb")


@pytest.fixture
def db(path):
    with package.connect(path) as db:
        yield db


def kinds(curve) -> dict[int, str]:
    assert curve["frame_id"].n_unique() == curve.height
    return dict(zip(curve["frame_id"], curve["kind"], strict=True))


MEASURED = {i: "forced" if i in UNDETECTED else "detected" for i in range(1, N_FRAMES + 1) if i != UNMEASURED}


@pytest.mark.parametrize("asked", [{"object_id": STAR}, {"name": "HAT-P 99"}, {"ra": RA, "dec": DEC}])
@pytest.mark.parametrize("more", [{}, {"all_columns": True}, {"sigma": 3}, {"colour_corrected": True}])
def test_a_frame_is_a_detection_or_a_forced_point_never_both(db, asked, more):
    curve = db.light_curve(**asked, **more)
    assert kinds(curve) == MEASURED
    own = curve.filter(kind="forced")
    assert own["flux"].to_list() == pytest.approx([star_flux(i) for i in (1, 2, 4)])


def test_the_view_and_the_queries_agree_to_the_last_digit(db):
    quick = db.light_curve(object_id=STAR)
    view = db.sql("SELECT * FROM lightcurve WHERE object_id = $o ORDER BY mjd_mid, band, frame_id", o=STAR)
    whole = db.light_curve(object_id=STAR, all_columns=True)
    assert quick.equals(whole.select(quick.columns))
    assert quick.equals(view.select(quick.columns))
    for column in ("limit_3_mag", "noise", "is_limit", "target_id", "cal_id", "mag_err_total"):
        assert view[column].to_list() == whole[column].to_list(), column


def test_the_limit_of_a_forced_point_is_of_its_own_noise_and_says_what_is_below_it(db):
    for sigma, column in ((3, "limit_3_mag"), (5, "limit_mag")):
        curve = db.light_curve(name="HAT-P 99", kind="forced", sigma=sigma, all_columns=True)
        for row in curve.filter(curve["zp"].is_not_null()).iter_rows(named=True):
            zp = ZP[band_of(row["frame_id"])]
            assert row[column] == pytest.approx(zp - 2.5 * math.log10(sigma * NOISE), abs=1e-6)
            assert row["is_limit"] == (row["flux"] < sigma * NOISE) == (row["mag"] > row[column])
    assert not db.light_curve(object_id=STAR, kind="detected", sigma=5)["is_limit"].any()


def test_forced_alone_is_every_frame_that_was_measured_and_detected_alone_the_rest(db):
    assert set(kinds(db.light_curve(object_id=STAR, kind="forced"))) == {*range(1, N_FRAMES + 1)} - {UNMEASURED}
    assert set(kinds(db.light_curve(object_id=STAR, kind="detected"))) == {*range(1, N_FRAMES + 1)} - set(UNDETECTED)
    with pytest.raises(UsageError, match="no points of kind 'both'"):
        db.light_curve(object_id=STAR, kind="both")
    with pytest.raises(UsageError, match="no limits of 4 sigma"):
        db.light_curve(object_id=STAR, sigma=4)


@pytest.mark.parametrize("asked", [{"name": "sn2017x"}, {"ra": HERE[0], "dec": HERE[1] + 1 / 3600}])
def test_a_target_without_an_object_has_forced_points_alone_with_their_sign_and_time(db, asked):
    curve = db.light_curve(**asked, sigma=3)
    assert set(kinds(curve).values()) == {"forced"}
    assert curve["flux"].to_list() == pytest.approx([nothing_flux(i) for i in curve["frame_id"]])
    assert (curve["flux"] < 0).sum() == 4 == curve.filter(curve["flux"] < 0)["mag"].null_count()
    assert curve.filter(~curve["is_limit"])["frame_id"].to_list() == [7, 8]
    assert curve["bjd_tdb"].null_count() == 0
    star = db.light_curve(object_id=STAR)
    assert abs(curve["bjd_tdb"][0] - star["bjd_tdb"][0]) < 0.005 * math.radians(0.11)
    assert curve["object_id"].null_count() == curve.height
    assert db.sql("SELECT count(*) AS n FROM lightcurve WHERE target_id = $t", t=NOTHING)["n"][0] == N_FRAMES


def test_an_ellipse_never_stands_beside_circles(db):
    curve = db.light_curve(name="Galaxy", all_columns=True)
    assert set(curve["aperture_id"]) == {-3}
    assert set(curve["method"]) == {"ellipse"}
    assert curve["flux"].to_list() == [800.0] * N_FRAMES
    assert curve["zp"].drop_nulls().to_list() == pytest.approx(
        [ZP[band_of(i)] + 0.2 for i in curve["frame_id"] if i != WITHOUT_ZP]
    )
    by_object = db.light_curve(object_id=FAR)
    assert set(kinds(by_object).values()) == {"detected"}
    assert by_object["flux"].to_list() != curve["flux"].to_list()
    assert set(db.light_curve(object_id=FAR, aperture_id=-3)["kind"]) == {"forced"}


def test_an_aperture_that_detections_lack_is_filled_by_forced_points(db):
    curve = db.light_curve(object_id=STAR, aperture_id=-2, all_columns=True)
    assert kinds(curve) == dict.fromkeys(MEASURED, "forced")
    assert set(curve["method"]) == {"psf"}


def test_lists_of_targets_have_the_same_points_as_one(db):
    many = db.light_curve(targets=["HAT-P 99", "SN 2017x", "Galaxy", {"object_id": FAINT}], sigma=5)
    for name in ("HAT-P 99", "SN 2017x", "Galaxy"):
        assert many.filter(target=name).drop("target").equals(db.light_curve(name=name, sigma=5))
    assert many.filter(target=str(FAINT)).height == N_FRAMES
    assert many.filter(target="Galaxy").height == N_FRAMES


def test_coverage_says_of_each_frame_what_the_light_curve_has_of_it(db):
    for sigma in (3, 5):
        for asked in ({"name": "HAT-P 99"}, {"name": "SN 2017x"}, {"ra": HERE[0], "dec": HERE[1]}, {"object_id": STAR}):
            seen = db.coverage(**asked, sigma=sigma)
            curve = db.light_curve(**asked, sigma=sigma, all_columns=True)
            said = {row["frame_id"]: "limit" if row["is_limit"] else row["kind"] for row in curve.iter_rows(named=True)}
            status = dict(zip(seen["frame_id"], seen["status"], strict=True))
            assert {i: status[i] for i in said} == said
            assert {i for i, s in status.items() if s in ("detected", "forced", "limit")} == set(said)
            both = curve.join(seen, on="frame_id").filter(kind="forced")
            assert both["limit_mag"].to_list() == pytest.approx(both["limit_mag_right"].to_list(), nan_ok=True)


def test_coverage_has_the_signal_to_noise_and_why_a_frame_could_not_be_measured(db):
    seen = {row["frame_id"]: row for row in db.coverage(name="HAT-P 99").iter_rows(named=True)}
    assert (seen[2]["status"], seen[2]["why"]) == ("forced", "S/N 5.5")
    assert (seen[1]["status"], seen[1]["why"]) == ("limit", "S/N 3.5")
    assert seen[UNMEASURED]["status"] == "not detected"
    assert seen[UNMEASURED]["reason"].startswith("no forced flux: part of the aperture")


def test_frames_that_have_a_forced_point_give_no_other_limit(db):
    curve = db.light_curve(name="HAT-P 99", limits=True, sigma=3)
    assert kinds(curve) == MEASURED  # in frame 3, which could not be measured, the neighbour would hide it
    curve = db.light_curve(name="SN 2017x", limits=True, kind="detected")
    assert curve.is_empty()  # what was forced is not a limit of the frame, shown or not


def test_counts_say_what_a_light_curve_consists_of(path):
    with Database.open(path) as store:
        found = query.resolve_measured(store, ["HAT-P 99"])
        counts = query.counted(query.curve_of(store, found, all_columns=True, sigma=5))
    assert (counts.n_detected, counts.n_forced, counts.n_forced_limit, counts.n_limit) == (8, 3, 1, 0)
    assert counts.line(5) == "11 points: 8 detected, 3 forced (1 below 5 sigma: limits)"


def test_exported_light_curves_are_those_of_the_view_and_every_forced_flux_has_an_export_of_its_own(path):
    with Database.open(path) as store:
        curve = query.export(store, "lightcurve", objects=[STAR])
        assert {row[16]: 0 for row in curve.rows()}.keys() == {"detected", "forced"}
        corrected = query.export(store, "lightcurve", objects=[STAR], colour_corrected=True)
        usual = [c.name for c in curve.columns]
        assert list(corrected.only(usual).rows()) == list(curve.rows())  # no zero point has a colour term
        whose = query.export(store, "lightcurve").only(["object_id", "target"]).rows()
        assert {target for number, target in whose if number is None} == {"SN 2017x"}
        every = query.export(store, "forced")
        assert every.count() == store.one("SELECT count(*) FROM forced")
        found = {(r[0], r[1]) for r in every.only(["target", "aperture_id"]).rows()}
        assert found == {("HAT-P 99", 0), ("HAT-P 99", -2), ("SN 2017x", 0), ("Galaxy", 0), ("Galaxy", -3), (None, 0)}
        limits = every.only(["frame_id", "target", "aperture_id", "limit_mag", "limit_3_mag"]).rows()
        (row,) = [r for r in limits if r[:3] == (1, "HAT-P 99", 0)]
        assert row[3:] == pytest.approx([22.5 - 2.5 * math.log10(n * NOISE) for n in (5, 3)])


def test_aavso_gets_a_limit_of_five_sigma_where_a_forced_flux_is_below_it(path, tmp_path):
    from photdb.output import formats

    with Database.open(path) as store:
        curve = query.export(store, "lightcurve", objects=[STAR], band="g")
        formats.write_file(curve, tmp_path / "a.txt", "aavso", {"obscode": "XYZ", "name": "Any"})
    lines = [w.split(",") for w in (tmp_path / "a.txt").read_text().splitlines() if not w.startswith("#")]
    assert len(lines) == 5
    assert lines[0][2:4] == ["<20.00", "na"]
    assert not any(w[2].startswith("<") for w in lines[1:])


def test_points_forced_for_an_object_alone_are_in_every_answer_about_it(tmp_path):
    with Database.open(forced_store(tmp_path / "own.duckdb"), read_only=False) as own:
        own.execute("DELETE FROM forced WHERE target_id IS NOT NULL")
        for chosen in ({}, {"all_columns": True}, {"sigma": 3}):
            curve = query.light_curve(own, STAR, **chosen).only(["frame_id", "kind"])
            assert {i for i, kind in curve.rows() if kind == "forced"} == {1, 2}
        seen = query.coverage(own, RA, DEC, object_id=STAR).only(["frame_id", "status"])
        assert {i for i, status in seen.rows() if status in ("forced", "limit")} == {1, 2}
