"""Why a zero point is what it is: the explanation agrees with the calibration that it explains."""

from itertools import pairwise

import numpy as np
import pytest
from zeropoint_store import add_frame, add_objects, add_reference, new_store, random_sky

from photdb.errors import CalibrationError, NotFoundError, UsageError
from photdb.jobs import zeropoint_explain as explain
from photdb.jobs import zeropoint_words as words
from photdb.jobs.zeropoint import calibrate_store
from photdb.jobs.zeropoint_settings import Selection, ZeropointSettings
from photdb.photometry.flags import Flag

N = 120
SATURATED = np.arange(7)


def made(*, settings: ZeropointSettings | None = None, zp: float = 22.5, **columns):
    """Two frames of 120 stars, seven of them saturated, calibrated."""
    db, rng = new_store(), np.random.default_rng(2)
    sky = random_sky(rng, N)
    add_reference(db, sky, sky.mag + rng.normal(0, 0.02, N))
    add_objects(db, sky)
    flags = np.zeros(N, dtype=int)
    flags[SATURATED] = int(Flag.SATURATED)
    for frame_id in (1, 2):
        add_frame(db, rng, sky, frame_id, zp, flags=flags, **{"fwhm_arcsec": 3.0, "fwhm_px": 2.0} | columns)
    db.execute("UPDATE detection_hot SET fwhm = 2.0")
    calibrate_store(db, settings=settings)
    return db


@pytest.fixture(scope="module")
def db():
    return made()


@pytest.fixture(scope="module")
def row(db):
    return explain.one_frame(db, 1)


@pytest.fixture(scope="module")
def stars(db, row):
    return explain.candidates(db, [row])


def counts_of(db, row) -> list[dict]:
    with explain.counts(db, row) as answer:
        names = [c.name for c in answer.columns]
        return [dict(zip(names, values, strict=True)) for values in answer.rows()]


def test_the_candidates_and_the_stars_used_are_those_of_the_calibration(row, stars):
    assert len(stars) == row["n_candidate"]
    assert int(stars.used.sum()) == row["n_star"]


def test_what_is_left_over_is_centred_on_the_zero_point_and_as_wide_as_its_scatter(row, stars):
    left = stars.residuals().but()[stars.used]
    assert abs(np.median(left)) < 0.01
    assert 1.4826 * np.median(np.abs(left)) == pytest.approx(row["zp_scatter"], rel=0.35)


def test_a_star_that_is_saturated_is_removed_and_says_so(stars):
    removed = stars["cut"][~stars.passed]
    assert len(removed) >= len(SATURATED)
    assert sum("flag" in cut for cut in removed) == len(SATURATED)


def test_each_cut_leaves_what_the_one_before_left_less_what_it_removes(db, row):
    table = counts_of(db, row)
    assert table[0]["n_left"] == row["n_candidate"]
    assert table[0]["n_removed"] == 0
    for before, after in pairwise(table):
        assert after["n_left"] == before["n_left"] - after["n_removed"]
    assert table[-1]["n_left"] == row["n_star"]


def test_the_counts_say_in_words_what_each_cut_asks_for(db, row):
    text = "; ".join(r["meaning"] for r in counts_of(db, row))
    assert "signal to noise at least 10" in text
    assert "not saturated, truncated" in text


def test_a_calibration_is_explained_with_its_own_settings():
    loose, strict = made(), made(settings=ZeropointSettings(select=Selection(snr=60.0)))
    for store in (loose, strict):
        row = explain.one_frame(store, 2)
        assert 0 <= int(explain.candidates(store, [row]).used.sum()) - row["n_star"] < 0.2 * row["n_star"]
    assert explain.settings_of(explain.one_frame(strict, 2)).select.snr == 60.0
    assert explain.one_frame(strict, 2)["n_star"] < explain.one_frame(loose, 2)["n_star"]


def test_settings_that_this_version_does_not_know_are_left_out():
    settings = explain.settings_of({"settings": '{"min_stars": 7, "of_a_later_version": true}'})
    assert settings == ZeropointSettings(min_stars=7)


def test_explaining_needs_no_more_than_a_store_open_for_reading(tmp_path):
    from photdb.store.database import Database

    path = tmp_path / "s.duckdb"
    Database.open(path, read_only=False, create=True).close()
    before = path.read_bytes()
    with Database.open(path) as store, pytest.raises(NotFoundError, match="frame 5"):
        explain.one_frame(store, 5)
    assert path.read_bytes() == before


@pytest.mark.parametrize(("frame_id", "cal_id", "words"), [(77, None, "frame 77"), (1, 9, "calibration 9")])
def test_what_is_not_there_is_named(db, frame_id, cal_id, words):
    with pytest.raises(NotFoundError, match=words):
        explain.one_frame(db, frame_id, cal_id=cal_id)


def test_a_band_that_no_frame_has_is_named(db):
    with pytest.raises(NotFoundError, match="band Q"):
        explain.frames(db, band="Q")


def test_a_relative_frame_has_no_reference_star_to_show():
    db, rng = new_store(), np.random.default_rng(2)
    sky = random_sky(rng, 30)
    add_objects(db, sky)
    for frame_id in (1, 2):
        add_frame(db, rng, sky, frame_id, 22.0)
    calibrate_store(db)
    rows = explain.frames(db)
    with pytest.raises(CalibrationError, match="all 2 frames are relative"):
        explain.candidates(db, rows)
    assert "the other frames that share its stars" in "\n".join(words.fit_lines(rows[0]))
    stars = explain.candidates(db, rows[:1], relative=True)
    assert int(stars.used.sum()) == rows[0]["n_star"]
    assert np.median(stars["mag"]) == pytest.approx(np.median(sky.mag) - 22.0, abs=0.1)
    assert counts_of(db, rows[0])[-1]["n_left"] == rows[0]["n_star"]


def test_stars_that_the_fit_itself_refuses_are_the_last_line_and_no_difference(db, row, stars):
    fewer = row | {"n_star": row["n_star"] - 3}
    table = counts_of(db, fewer)
    assert (table[-1]["cut"], table[-1]["n_removed"], table[-1]["n_left"]) == ("outlier", 3, fewer["n_star"])
    assert explain.differences(fewer, stars) == []


def test_a_store_that_has_changed_since_is_said_with_both_numbers(row, stars):
    assert explain.differences(row, stars) == []
    (line,) = explain.differences(row | {"n_candidate": 115, "n_star": 110}, stars)
    assert f"of {len(stars)} stars" in line
    assert "110 of 115" in line


def test_another_catalogue_is_named_with_the_reason_why_it_was_not_taken():
    db, rng = new_store(), np.random.default_rng(2)
    sky = random_sky(rng, N)
    add_reference(db, sky, sky.mag)
    few = random_sky(rng, 2)
    for name in ("ra", "dec", "mag"):
        setattr(few, name, getattr(sky, name)[:2])
    add_reference(db, few, few.mag, catalog="apass", good=np.array([True, False]))
    add_objects(db, sky)
    add_frame(db, rng, sky, 1, 22.5)
    calibrate_store(db)
    (line,) = explain.others(db, explain.one_frame(db, 1))
    assert "apass r" in line
    assert "1 of 2 stars usable (most lost: doubtful in the catalogue, 1); fewer than 3" in line


def test_bands_that_differ_are_not_mixed_in_one_plot():
    with pytest.raises(UsageError, match="2 reference bands: g, AB, V, Vega"):
        explain.band_of([{"ref_band": "g", "mag_system": "AB"}, {"ref_band": "V", "mag_system": "Vega"}])


def test_the_surface_is_the_macro_of_the_store_row_by_row(db):
    rows = [{"zp_map": [0.02, -0.01]}, {"zp_map": [0.04, -0.03]}]
    mean = explain.surface(db, rows)
    u = np.linspace(-1, 1, len(mean))
    assert mean == pytest.approx(0.03 * u[None, :] - 0.02 * u[:, None], abs=1e-12)
    assert explain.surface(db, [{"zp_map": None}]) is None


def test_more_frames_than_a_plot_can_show_are_thinned_evenly(db, monkeypatch):
    monkeypatch.setattr(explain, "MOST_FRAMES", 1)
    rows = explain.frames(db)
    assert len(explain.candidates(db, rows).frames) == 1


def test_the_steps_of_pps_scheme_end_where_its_rule_says(row, stars):
    steps = explain.steps(row, stars)
    assert steps.n[0] == int(stars.used.sum())
    assert steps.n_least == int(stars.used.sum()) // 2
    assert (np.diff(steps.n) < 0).all()
    best = int(np.argmin(steps.chi2))
    enough = np.flatnonzero(steps.n >= steps.n_least)
    assert steps.chosen == (best if best in enough else enough[-1])
    first = stars["zp"][stars.used]
    assert steps.zp[0] == pytest.approx(np.mean(first), abs=0.01)


def test_pps_scheme_says_when_there_are_too_few_stars(row, stars):
    few = explain.Candidates({name: column[:3] for name, column in stars.columns.items()}, stars.frames, {})
    with pytest.raises(CalibrationError, match="PP's scheme needs 4"):
        explain.steps(row, few)
