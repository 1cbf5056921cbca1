import numpy as np
import pytest

from photdb.errors import CalibrationError
from photdb.photometry.growth import Growth, choose_aperture, growth_curve

DIAMETERS = np.array([2.0, 4.0, 6.0, 8.0, 10.0])


def test_the_narrowest_aperture_with_flux_and_snr_in_balance_is_chosen():
    flux = np.array([0.30, 0.72, 0.85, 0.95, 1.0])
    snr = np.array([0.70, 0.95, 0.88, 0.70, 0.5])
    assert choose_aperture([Growth(flux, snr)] * 3, DIAMETERS) == 6.0  # 4 px: above 70 % but 23 % apart


def test_where_no_two_shares_are_close_the_closest_above_seventy_per_cent_wins():
    flux = np.array([0.30, 0.72, 0.85, 0.95, 1.0])
    assert choose_aperture([Growth(flux, flux + np.array([0, 0.2, 0.08, -0.1, -0.3]))], DIAMETERS) == 6.0


def test_where_no_aperture_holds_seventy_per_cent_the_fullest_wins():
    flux = np.array([0.1, 0.3, 0.5, 0.6, 0.65])
    assert choose_aperture([Growth(flux, flux)], DIAMETERS) == 10.0


def test_apertures_that_were_not_measured_are_left_out_and_order_does_not_matter():
    flux = np.array([np.nan, 0.80, 0.90, 1.0, np.nan])
    curve = Growth(flux, flux.copy())
    assert choose_aperture([curve], DIAMETERS) == 4.0
    back = Growth(flux[::-1], flux[::-1])
    assert choose_aperture([back], DIAMETERS[::-1]) == 4.0


def test_one_bad_frame_does_not_decide_for_the_night():
    good = Growth(np.array([0.5, 0.8, 0.9, 0.97, 1.0]), np.array([0.9, 0.82, 0.9, 0.8, 0.7]))
    bad = Growth(np.full(5, 0.99), np.full(5, 0.99))
    assert choose_aperture([good, good, bad], DIAMETERS) == 4.0


def test_a_night_without_stars_has_no_growth_curve():
    nothing = growth_curve(np.full((3, 5), np.nan), np.full((3, 5), np.nan), np.zeros(3, np.int32))
    with pytest.raises(CalibrationError):
        choose_aperture([nothing], DIAMETERS)
    with pytest.raises(CalibrationError):
        choose_aperture([], DIAMETERS)


def test_a_curve_is_made_of_the_bright_stars_without_flags():
    flux = np.outer([1000.0, 900.0, 1e6], [0.4, 0.7, 0.9, 1.0])
    flux[2] = [1e6, 1.0, 1.0, 1.0]  # flagged: a saturated star
    curve = growth_curve(flux, np.ones_like(flux), np.array([0, 0, 4], np.int32))
    np.testing.assert_allclose(curve.flux, [0.4, 0.7, 0.9, 1.0])
    np.testing.assert_allclose(curve.snr, [0.4, 0.7, 0.9, 1.0])
