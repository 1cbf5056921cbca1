"""Numbers that the programs photdb replaces have printed, from our own functions: to the last digit they print.

ezphot: its documentation's tables "Aperture Photometry" (first rows of the catalogue and of the forced fluxes) and
"Photometric Calibration" (header of the calibrated frame). PP: the example of asteroid 3552 in its repository
(``example_data/vatt4k/LOG``). calphot: the flux formula of its README.
"""

import numpy as np
import pytest

from photdb.magnitudes import (
    AB_ZERO_MJY,
    ab_to_mjy,
    aperture_pixels,
    flux_to_mag,
    limit_mag,
    mag_error,
    per_exposure,
    sky_limit,
    total_error,
)

SCALE = 0.5064013569110675  # arcsec/px of ezphot's example
#: Diameter (arcsec), NPIX_APER, PIXSIZE_APER.
SIZES = [
    (5.0, 76.5667421487148, 9.873591236996),
    (7.0, 150.07081461148098, 13.8230277317944),
    (10.0, 306.2669685948592, 19.747182473992),
]
#: FLUX_APER, FLUXERR_APER, SKYSIG_APER, MAG_APER, MAGERR_APER, UL5_APER, UL3_APER of the first and the second aperture.
FORCED = [
    (33697.23024050704, 500.00203797547437, 344.1948525899388, -11.318985513254107, 0.016110235506247742,
     -8.089435938830947, -7.534814064790057),
    (40841.10508069295, 625.9960187727874, 482.03070711241617, -11.527743711839946, 0.016641727501574572,
     -8.455111773992641, -7.900489899951752),
]  # fmt: skip
#: ZP_APER_k, NPIX_APER_k, UL5SKY_APER_k of a frame of SKYSIG 39.7305.
LIMITS = [
    (26.302696857378585, 150.07081461148098, 17.837091470084452),
    (26.41774918536101, 306.2669685948592, 17.564888898102517),
]


@pytest.mark.parametrize(("diameter", "n_pixel", "size"), SIZES)
def test_ezphot_counts_the_pixels_of_an_aperture_as_we_do(diameter, n_pixel, size):
    assert diameter / SCALE == pytest.approx(size, rel=1e-12)
    assert aperture_pixels(diameter / SCALE) == pytest.approx(n_pixel, rel=1e-12)


@pytest.mark.parametrize(("flux", "error", "sigma", "mag", "mag_err", "ul5", "ul3"), FORCED)
def test_ezphots_forced_magnitudes_errors_and_limits_are_ours(flux, error, sigma, mag, mag_err, ul5, ul3):
    assert flux_to_mag(flux) == pytest.approx(mag, abs=1e-12)
    assert mag_error(flux, error) == pytest.approx(mag_err, abs=1e-9)
    assert limit_mag(sigma, 0.0, 5) == pytest.approx(ul5, abs=1e-12)
    assert limit_mag(sigma, 0.0, 3) == pytest.approx(ul3, abs=1e-12)


@pytest.mark.parametrize(("zp", "n_pixel", "limit"), LIMITS)
def test_ezphots_limit_of_a_frame_is_ours(zp, n_pixel, limit):
    assert sky_limit(zp, 39.7305, n_pixel) == pytest.approx(limit, abs=1e-12)


def test_ezphots_calibrated_magnitude_is_the_instrumental_one_plus_the_zero_point():
    zp = 14.975660202152492 + 11.466  # MAGSKY_AUTO and MAG_AUTO of the first row
    assert [flux_to_mag(10 ** (-0.4 * m), zp) for m in (-11.528, -9.0874)] == pytest.approx(
        [14.91366020215249, 17.35426020215249], abs=1e-12
    )


def test_pps_error_of_a_calibrated_magnitude_is_the_sum_of_squares():
    assert f"{total_error(0.0122, 0.0283):.4f}" == "0.0308"
    assert f"{total_error(0.0111, 0.0290):.4f}" == "0.0311"
    assert np.allclose(total_error([3.0, 0.0], [4.0, 2.0], 0.0), [5.0, 2.0])


def test_calphots_flux_of_a_comparison_star_is_ours():
    assert ab_to_mjy(16.4) == pytest.approx(3631e3 * 10 ** (-6.56), rel=1e-14)
    # a target of half the counts of two such stars has half of their flux
    assert ab_to_mjy(flux_to_mag(0.5 * 2, 16.4)) == pytest.approx(0.5 * 2 * ab_to_mjy(16.4), rel=1e-12)
    assert ab_to_mjy(0.0) == AB_ZERO_MJY


def test_a_zero_point_of_counts_per_exposure_gives_the_same_magnitude():
    rate, exptime = 12.5, 73.0
    assert flux_to_mag(rate * exptime, per_exposure(22.0, exptime)) == pytest.approx(flux_to_mag(rate, 22.0), abs=1e-12)
