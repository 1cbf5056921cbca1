"""What is said of a zero point: every number of the fit, every limit of a cut, the rule by which a catalogue lost."""

import pytest

from photdb.jobs import zeropoint_words as words
from photdb.jobs.zeropoint_settings import CUTS, Selection, ZeropointSettings

ROW = {"frame_id": 7, "path": "/n/f7.fits", "night": "2025-11-18", "cal_id": 3, "band": "g", "catalog": "ps1",
       "ref_band": "g", "ref_path": None, "mag_system": "AB"}  # fmt: skip


def test_the_fit_is_said_with_every_term_it_has():
    row = {
        "zp": 22.5, "zp_err": 0.002, "zp_sys": 0.01, "zp_scatter": 0.03, "n_star": 80, "n_candidate": 90, "chi2": 1.2,
        "mag_system": "AB", "catalog": "ps1", "ref_band": "g", "ref_path": "tonry2012", "colour": "g-i",
        "colour_term": -0.06, "colour_term_err": 0.003, "colour_pivot": 0.8, "mag_term": 0.01, "mag_term_err": None,
        "mag_pivot": 15.0, "zp_map": [0.01, -0.02], "extinction": 0.21, "extinction_err": 0.01, "limit_mag": 20.1,
        "limit_3_mag": 20.6, "flag": 1, "reason": "only 2 stars",
    }  # fmt: skip
    text = "\n".join(words.fit_lines(row))
    for part in (
        "22.5000 ± 0.0020 ± 0.0100", "80 used of 90", "transformed by tonry2012", "−0.0600 ± 0.0030 on g-i, pivot 0.80",
        "+0.0100 (given), pivot 15.00", "+0.0100, -0.0200", "0.210 ± 0.010", "20.10 mag (5 sigma), 20.60 (3 sigma)",
        "1: only 2 stars",
    ):  # fmt: skip
        assert part in text


def test_a_plain_fit_says_that_it_has_no_colour_term_and_no_limit():
    row = ROW | {
        "zp": 22.5, "zp_err": None, "zp_sys": None, "zp_scatter": None, "n_star": 1, "n_candidate": 1, "chi2": None,
        "colour": None, "colour_term": None, "mag_term": None, "zp_map": None, "extinction": None, "limit_mag": None,
        "limit_3_mag": None, "flag": 0, "reason": None,
    }  # fmt: skip
    assert words.fit_lines(row) == [
        "zero point  22.5000 mag of 1 ADU/s, AB",
        "stars       1 used of 1 candidates",
        "reference   ps1 g, its own magnitudes",
        "colour      no term",
    ]


def test_every_cut_is_said_with_its_limits():
    every = Selection(
        fwhm_lower=1.0, fwhm_upper=15.0, inner=0.7, isolation_arcsec=10.0, mag_lower=12.0, mag_upper=15.5,
        dynamic_range=True, class_star=0.8, fwhm_sigma=5.0, elongation=1.7, elongation_sigma=4.0, max_flag=1,
        max_snr=500.0, max_ref_err=0.1, solar=True, max_chi2=9.0,
    )  # fmt: skip
    said = words.cut_words(every, colour="g-i", found=(12.34, None))
    assert tuple(said) == CUTS
    for cut, part in {
        "fwhm_range": "FWHM 1-15 arcsec", "inner": "inner 0.7", "isolation": "no detection within 10 arcsec",
        "magnitude": "magnitude 12-15.5; magnitude at least 12.34 as found in this frame", "class_star": "at least 0.8",
        "fwhm_sigma": "within 5 sigma", "elongation": "a/b at most 1.7; a/b within 4 sigma", "flags": "flags at most 1",
        "snr": "signal to noise 10-500", "ref_err": "at most 0.1 mag", "solar": "solar", "varying": "at most 9",
        "colour": "g-i",
    }.items():  # fmt: skip
        assert part in said[cut]


def test_a_cut_that_is_not_made_is_not_said():
    none = Selection(neighbours=False, bad_flags=0, mask_flags=0, only_good=False, drop_known=False)
    assert words.cut_words(none, colour=None, found=None) == {"snr": "signal to noise at least 10"}
    only = words.cut_words(Selection(fwhm_upper=8.0), colour=None, found=(None, None))
    assert only["fwhm_range"] == "FWHM at most 8 arcsec"
    assert only["magnitude"] == "any magnitude: too few stars to find their useful range"


@pytest.mark.parametrize(
    ("other", "settings", "reason"),
    [
        ({"n_star": 2}, {}, "fewer than 3"),
        ({"band": "V"}, {}, "another band than g"),
        ({"path": "tonry2012"}, {}, "transformed"),
        ({"catalog": "sdss12"}, {"catalog": ("ps1", "sdss12")}, "asked for after ps1"),
        ({"catalog": "usnob1"}, {}, "ranked after ps1"),
        ({"catalog": "gaiaxp", "n_star": 50}, {}, "fewer stars over all frames"),
    ],
)
def test_a_catalogue_lost_by_the_first_rule_that_it_loses(other, settings, reason):
    rival = {"catalog": "gaiaxp", "band": "g", "path": None, "n_star": 80} | other
    said = words.why_not(rival, {"n_star": 90}, ROW, ZeropointSettings(**settings))
    assert reason in said


def test_a_title_names_the_frame_its_band_its_stars_and_the_calibration():
    assert words.name_of([ROW]) == "frame 7, f7.fits, 2025-11-18; band g; ps1 g; calibration 3"
    later = ROW | {"night": "2025-11-20", "ref_path": "tonry2012"}
    assert words.name_of([ROW, later]) == (
        "2 frames, 2025-11-18 to 2025-11-20; band g; ps1 g, ps1 g by tonry2012; calibration 3"
    )
