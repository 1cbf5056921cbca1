"""Every cut removes what it names and nothing else, in the order in which cuts are made."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from zeropoint_store import Sky, add_frame, add_objects, add_reference, new_store, random_sky

from photdb.errors import UsageError
from photdb.jobs import zeropoint, zeropoint_select
from photdb.jobs.zeropoint import Selection, ZeropointSettings
from photdb.jobs.zeropoint_settings import CUT_WORDS, CUTS
from photdb.sky import healpix

N = 60


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


@pytest.fixture
def db(rng):
    with new_store() as store:
        sky = random_sky(rng, N)
        add_reference(store, sky, sky.mag)
        add_objects(store, sky)
        add_frame(store, rng, sky, 1, 22.0, noise=0.01)
        store.execute("UPDATE detection_hot SET fwhm = 2.0, a = 1.2, b = 1.0, class_star = 0.95")
        yield store


def counts(db, selection: Selection, **words) -> dict[str, int]:
    """Return how many stars each cut has removed, ``used`` for those that are left."""
    zeropoint_select.select(db, [1], ZeropointSettings(select=selection, **words))
    (steps,) = zeropoint_select.count_by_cut(db, 1).values()
    assert [s.cut for s in steps] == ["matched", *CUTS]
    left = [s.left for s in steps]
    assert all(a - s.removed == b for (a, b), s in zip(pairwise(left), steps[1:], strict=True))
    return {s.cut: s.removed for s in steps if s.removed} | {"used": steps[-1].left}


def change(db, stars: int, what: str) -> None:
    """Change the detections of the first stars."""
    db.execute(f"UPDATE detection_hot SET {what} WHERE object_id <= {stars}")


def test_the_defaults_use_all_good_stars(db):
    assert counts(db, Selection()) == {"used": N}
    assert set(CUT_WORDS) == set(CUTS)


@pytest.mark.parametrize(
    ("what", "selection", "cut"),
    [
        ("fwhm = 5.0", Selection(fwhm_upper=6.0), "fwhm_range"),
        ("fwhm = 0.5", Selection(fwhm_lower=1.0), "fwhm_range"),
        ("fwhm = NULL", Selection(fwhm_lower=1.0), "fwhm_range"),
        ("class_star = 0.2", Selection(class_star=0.8), "class_star"),
        ("fwhm = 3.0", Selection(fwhm_sigma=5.0), "fwhm_sigma"),
        ("a = 2.0", Selection(elongation=1.7), "elongation"),
        ("a = 1.5", Selection(elongation_sigma=5.0), "elongation"),
        ("flags = 4", Selection(), "flags"),
        ("flags = 8", Selection(), "flags"),
        ("flags = 64", Selection(), "flags"),
        ("flags = 2", Selection(max_flag=1), "flags"),
        ("flags = 16", Selection(), "mask"),
        ("flags = 32", Selection(mask_flags=48), "mask"),
        ("flux = -flux", Selection(), "snr"),
        ("flux_err = flux / 5", Selection(), "snr"),
        ("flux_err = flux / 50000", Selection(max_snr=20_000), "snr"),
    ],
)
def test_each_cut_of_a_detection_removes_what_it_names(db, what, selection, cut):
    change(db, 7, what)
    assert counts(db, selection) == {cut: 7, "used": N - 7}


@pytest.mark.parametrize(
    ("what", "selection", "cut"),
    [
        ("UPDATE refmag SET mag = 10 WHERE source_id < 7", Selection(mag_lower=11.0), "magnitude"),
        ("UPDATE refmag SET mag = 19 WHERE source_id < 7", Selection(mag_upper=18.0), "magnitude"),
        ("UPDATE refmag SET is_good = false WHERE source_id < 7", Selection(), "catalogue"),
        ("UPDATE refstar SET is_good = false WHERE source_id < 7", Selection(), "catalogue"),
        ("UPDATE refmag SET mag_err = 0.2 WHERE source_id < 7", Selection(max_ref_err=0.1), "ref_err"),
    ],
)
def test_each_cut_of_a_reference_star_removes_what_it_names(db, what, selection, cut):
    db.execute(what)
    assert counts(db, selection) == {cut: 7, "used": N - 7}


def test_a_star_is_counted_at_the_first_cut_that_removes_it(db):
    change(db, 5, "flags = 20, class_star = 0.1, flux = -1")
    change(db, 2, "fwhm = 9.0")
    found = counts(db, Selection(fwhm_upper=6.0, class_star=0.8))
    assert found == {"fwhm_range": 2, "class_star": 3, "used": N - 5}


def test_no_detection_may_be_nearer_than_asked(db):
    db.execute("UPDATE detection_hot SET x = object_id * 15, y = 500")
    db.execute("UPDATE detection_hot SET x = 30 WHERE object_id = 1")  # 0 px from star 2
    assert counts(db, Selection(isolation_arcsec=10.0)) == {"isolation": 2, "used": N - 2}
    assert counts(db, Selection()) == {"used": N}


def test_isolation_never_leaves_a_frame_without_stars(db):
    db.execute("UPDATE detection_hot SET x = 500 + object_id, y = 500")
    crowded = Selection(isolation_arcsec=30.0)
    assert counts(db, crowded) == {"used": N}
    zeropoint.calibrate(db, frame_ids=[1], run_id=1, settings=ZeropointSettings(select=crowded))
    reason = db.one("SELECT reason FROM zeropoint WHERE aperture_id = 0")
    assert reason == f"isolation given up: it would take {N} of its few stars"


def test_the_inner_part_is_that_of_the_frame(db):
    db.execute("UPDATE detection_hot SET x = 500, y = 500")
    change(db, 4, "x = 900")
    assert counts(db, Selection(inner=0.7)) == {"inner": 4, "used": N - 4}


def test_known_variables_are_left_out_and_may_be_let_in(db):
    places = db.rows("SELECT ra, dec FROM object ORDER BY object_id LIMIT 4").rows
    for k, ((ra, dec), off) in enumerate(zip(places, (0.5, 2.9, 3.2, 20.0), strict=True)):
        hpx = int(healpix(np.array([ra]), np.array([dec]))[0])
        star = {"catalog": "vsx", "source_id": k + 1, "hpx": hpx, "ra": ra, "dec": dec + off / 3600}
        db.insert("refstar", [{**star, "epoch": 2000.0, "is_good": True}])
    assert counts(db, Selection()) == {"vsx": 2, "used": N - 2}
    assert counts(db, Selection(drop_known=False)) == {"used": N}


def test_stars_that_vary_in_our_own_frames_are_left_out_when_asked(db, rng):
    sky = random_sky(np.random.default_rng(11), N)
    for k in range(2, 15):
        add_frame(db, rng, sky, k, 22.0, noise=0.01)
    db.execute("UPDATE detection_hot SET flux = flux * (1 + 0.3 * (frame_id % 2)) WHERE object_id <= 3")
    zeropoint.calibrate(db, frame_ids=range(1, 15), run_id=1)
    assert counts(db, Selection()) == {"used": N}
    assert counts(db, Selection(max_chi2=9.0)) == {"varying": 3, "used": N - 3}


def test_only_stars_of_solar_colour_when_asked(db):
    mags = db.rows("SELECT source_id, mag FROM refmag WHERE band = 'r' ORDER BY source_id").rows
    for source, r in mags:
        g = r + (0.44 if source < 10 else 0.9)
        for band, mag in (("g", g), ("i", r - 0.11)):
            db.insert("refmag", [{"catalog": "gaiaxp", "source_id": source, "band": band, "mag": mag, "mag_err": 0.01,
                                  "mag_system": "AB", "is_good": True}])  # fmt: skip
    assert counts(db, Selection(solar=True)) == {"solar": N - 10, "used": 10}


def test_saturated_stars_are_found_by_their_magnitudes(db):
    db.execute("UPDATE detection_hot SET flux = flux * power(10, -0.2 * greatest(0, 13.5 - m.mag)) "
               "FROM refmag AS m WHERE m.source_id = object_id - 1")  # fmt: skip
    found = counts(db, Selection(dynamic_range=True))
    rows = db.rows("SELECT max(mag) FILTER (cut = 'magnitude'), min(mag) FILTER (cut IS NULL) FROM zp_pair").rows
    assert found["magnitude"] >= 5
    assert rows[0][0] == pytest.approx(13.5, abs=0.3)


def test_a_catalogue_with_too_few_stars_gives_way_to_the_next_and_the_row_says_why(rng):
    with new_store() as db:
        sky = random_sky(rng, 30)
        few = Sky(sky.ra[:2], sky.dec[:2], sky.mag[:2])
        add_reference(db, few, few.mag, catalog="gaiaxp")
        add_reference(db, sky, sky.mag + 0.3, catalog="apass9")
        add_objects(db, sky)
        add_frame(db, rng, sky, 1, 22.0, noise=0.01)
        asked = ZeropointSettings(catalog=("gaiaxp", "apass9"))
        zeropoint.calibrate(db, frame_ids=[1], run_id=1, settings=asked)
        (row,) = db.rows("SELECT * FROM zeropoint WHERE aperture_id = 0").dicts()
    assert (row["catalog"], row["flag"], row["reason"]) == ("apass9", 0, "gaiaxp r: 2 stars, fewer than 3")
    assert row["zp"] == pytest.approx(22.3, abs=0.01)


def test_words_that_mean_nothing_are_refused():
    for words in ({"method": "best"}, {"colour_term": "some"}, {"spatial": 4}, {"robust": "mean"}, {"method": "manual"},
                  {"min_stars": 0}, {"spatial_per": "night"}):  # fmt: skip
        with pytest.raises(UsageError):
            ZeropointSettings(**words)


@pytest.mark.parametrize(
    "cut", [{"inner": 2.0}, {"inner": -1.0}, {"class_star": 5.0}, {"fwhm_sigma": -1.0}, {"mag_lower": float("nan")}]
)
def test_a_cut_that_means_nothing_is_refused(cut):
    with pytest.raises(UsageError, match=next(iter(cut))):
        Selection(**cut)
