import pickle

import numpy as np
import pytest

from photdb.errors import UsageError
from photdb.photometry.settings import Aperture, MeasureSettings, PrimaryRule, apertures, diameters_px, primary_px


def test_the_defaults_are_the_apertures_of_the_issue():
    wanted = apertures(MeasureSettings(), pixel_scale=1.0)
    assert [a.diameter for a in wanted if a.kind == "arcsec"] == [5, 7, 10]
    assert [a.diameter for a in wanted if a.kind == "fwhm"] == [2.5, 3, 3.5]


def test_the_grid_is_proses_radii_and_twenty_fixed_ones():
    wanted = apertures(MeasureSettings(apertures="grid"), pixel_scale=0.5)
    in_fwhm = [a.diameter for a in wanted if a.kind == "fwhm"]
    np.testing.assert_allclose(in_fwhm, 2 * np.arange(0.1, 8, 0.25))
    assert len(in_fwhm) == 32
    in_px = np.array([a.diameter for a in wanted if a.kind == "arcsec"]) / 0.5
    np.testing.assert_allclose(in_px, 2 * np.linspace(2, 10, 20), atol=2e-3)
    assert np.isfinite(diameters_px(wanted, fwhm_px=3.0, pixel_scale=0.5)[:20]).all()


def test_without_a_pixel_scale_there_are_no_apertures_in_arcsec():
    assert {a.kind for a in apertures(MeasureSettings(), pixel_scale=None)} == {"fwhm"}


def test_an_aperture_below_four_pixels_is_not_measured():
    px = diameters_px(apertures(MeasureSettings(), pixel_scale=5.17), fwhm_px=2.0, pixel_scale=5.17)
    np.testing.assert_array_equal(np.isnan(px), [True, True, True, False, False, False])
    assert diameters_px([Aperture("arcsec", 4.0)], fwhm_px=2.0, pixel_scale=1.0) == pytest.approx([4.0])
    assert np.isnan(diameters_px([Aperture("fwhm", 3.0)], fwhm_px=np.nan, pixel_scale=1.0)).all()


def test_the_primary_aperture_is_three_fwhm_and_never_below_six_and_a_half_pixels():
    assert primary_px(PrimaryRule(), fwhm_px=3.0) == pytest.approx(9.0)
    assert primary_px(PrimaryRule(), fwhm_px=1.2) == 6.5


def test_a_primary_aperture_is_fixed_in_arcsec_in_the_nights_fwhm_or_by_growth():
    assert primary_px(PrimaryRule.parse("7arcsec"), fwhm_px=3.0, pixel_scale=0.5) == pytest.approx(14.0)
    assert primary_px(PrimaryRule.parse('7"'), fwhm_px=3.0, pixel_scale=0.5) == pytest.approx(14.0)
    assert primary_px(PrimaryRule.parse("7"), fwhm_px=3.0, pixel_scale=0.5) == pytest.approx(14.0)
    assert primary_px(PrimaryRule.parse("2.5 fwhm"), fwhm_px=9.0, night_fwhm_px=4.0) == pytest.approx(10.0)
    assert primary_px(PrimaryRule.parse("4frame-fwhm"), fwhm_px=9.0, night_fwhm_px=4.0) == pytest.approx(36.0)
    assert primary_px(PrimaryRule.parse("growth"), fwhm_px=3.0, growth_px=11.0) == 11.0


@pytest.mark.parametrize("words", ["", "wide", "-3fwhm", "3pc", "0arcsec"])
def test_words_that_are_no_aperture_are_a_usage_error(words):
    with pytest.raises(UsageError):
        PrimaryRule.parse(words)


@pytest.mark.parametrize(
    "rule", [PrimaryRule("arcsec", 7.0), PrimaryRule("night-fwhm", 3.0), PrimaryRule("growth", None)]
)
def test_a_rule_without_what_it_needs_says_so(rule):
    with pytest.raises(UsageError, match="not known"):
        primary_px(rule, fwhm_px=3.0)


def test_an_aperture_fixed_too_narrow_for_the_pixels_is_refused():
    with pytest.raises(UsageError, match=r"1\.35 px"):
        primary_px(PrimaryRule("arcsec", 7.0), fwhm_px=2.0, pixel_scale=5.17)


def test_settings_travel_to_worker_processes_and_refuse_nonsense():
    settings = MeasureSettings(threshold_sigma=2.0, apertures_arcsec=(4.0,))
    assert pickle.loads(pickle.dumps(settings)) == settings
    for wrong in ({"background_box": 2}, {"threshold_sigma": 0.0}, {"min_pixels": 0}, {"apertures_fwhm": (-1.0,)}):
        with pytest.raises(UsageError):
            MeasureSettings(**wrong)
