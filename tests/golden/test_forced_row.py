"""ezphot's forced row, from its documentation ("Circular Aperture Forced Photometry"), all five apertures of it.

Its flux is put into a frame and measured by `forced_circles`; magnitude, error and limits are made of the numbers it
prints, to the last digit. Two things we do otherwise on purpose, and the tests say by how much: a pixel on the rim
counts with its variance times the square of its overlap (ezphot: with the overlap), and the error of the local sky is
part of the noise (ezphot had none here).
"""

import numpy as np
import pytest

from photdb.magnitudes import aperture_pixels, flux_to_mag, limit_mag, mag_error, sky_limit
from photdb.photometry.aperture import error_parts
from photdb.photometry.background import Background
from photdb.photometry.detection import Found
from photdb.photometry.forced import forced_circles
from photdb.photometry.pixels import Pixels
from photdb.photometry.settings import MeasureSettings

X, Y = 3862.600993376912, 2924.854172695419
#: NPIX, FLUX, MAG, FLUXERR, MAGERR, SKYSIG, UL5, UL3 of APER, APER_1 ... APER_4.
ROW = [
    (76.5667421487148, 33697.23024050704, -11.318985513254107, 500.00203797547437, 0.016110235506247742,
     344.1948525899388, -8.089435938830947, -7.534814064790057),
    (150.07081461148098, 40841.10508069295, -11.527743711839946, 625.9960187727874, 0.016641727501574572,
     482.03070711241617, -8.455111773992641, -7.900489899951752),
    (306.2669685948592, 45481.4100576182, -11.644584801580022, 809.4495460038898, 0.01932325046448831,
     688.4402515661817, -8.842090647409243, -8.287468773368353),
    (195.27601427764165, 43102.890300995976, -11.586265982808268, 686.3492119667781, 0.017288728977006056,
     549.8290357775883, -8.597994187481612, -8.043372313440722),
    (382.7409879841777, 45900.01122239523, -11.65453197930196, 882.3990329085555, 0.020872600061695234,
     769.5325207682262, -8.962992455897353, -8.408370581856461),
]  # fmt: skip
SETTINGS = MeasureSettings(local_background=False)


def frame_of(flux, diameter, sky_sigma, gain):
    """Return a frame around the source whose light is spread evenly, and whose every pixel has the same noise."""
    shape = (64, 64)
    even = np.full(shape, flux / aperture_pixels(diameter), np.float32)
    pixels = Pixels(even, np.zeros(shape, np.uint8), sky_sigma**2, None, gain, 5.0, True, 6e4, 0, 0)
    one = np.ones((1, 1))
    background = Background(shape, (64.0, 64.0), 0 * one, sky_sigma * one, 1e12)
    none, whole = np.empty(0), np.empty(0, np.int64)
    nan = float("nan")
    found = Found(
        background, even, none, none, none, none, none, none, none, whole, none, none, whole.astype(np.int32), 3.0, nan,
        nan, 0, 0.0, sky_sigma, 1.5,
    )  # fmt: skip
    return pixels, found


@pytest.mark.parametrize(("area", "flux", "mag", "error", "mag_err", "sigma", "ul5", "ul3"), ROW)
def test_magnitude_error_and_limits_of_every_aperture_are_printed_so(area, flux, mag, error, mag_err, sigma, ul5, ul3):
    assert flux_to_mag(flux) == pytest.approx(mag, abs=1e-14)
    assert mag_error(flux, error) == pytest.approx(mag_err, abs=1e-16)
    assert limit_mag(sigma, 0.0, 5) == pytest.approx(ul5, abs=1e-14)
    assert limit_mag(sigma, 0.0, 3) == pytest.approx(ul3, abs=1e-14)
    assert sky_limit(0.0, sigma / np.sqrt(area), area, 5) == pytest.approx(ul5, abs=1e-14)
    electrons = flux / (error**2 - sigma**2)  # what its error says its gain is: 0.246 to 0.256
    parts = error_parts(
        np.array([flux]), area, area, np.array([sigma**2 / area]), np.zeros(1), np.zeros(1), np.array([electrons]), None
    )
    assert np.sqrt(sum(parts))[0] == pytest.approx(error, rel=1e-14)


@pytest.mark.parametrize(("area", "flux", "mag", "error", "mag_err", "sigma", "ul5", "ul3"), ROW)
def test_measured_in_a_frame_it_is_the_same_row(area, flux, mag, error, mag_err, sigma, ul5, ul3):
    diameter = 2 * np.sqrt(area / np.pi)
    electrons = flux / (error**2 - sigma**2)
    pixels, found = frame_of(flux, diameter, sigma / np.sqrt(area), electrons)
    x, y = X - 3830, Y - 2893
    forced = forced_circles(pixels, found, x, y, diameter, settings=SETTINGS)
    assert forced.flux[0] == pytest.approx(flux, rel=1e-7)  # pixels are single precision
    assert flux_to_mag(forced.flux)[0] == pytest.approx(mag, abs=1e-7)
    assert forced.err_source[0] ** 2 == pytest.approx(error**2 - sigma**2, rel=1e-6)
    # Squared overlaps: 1 - 2 / (3 D) of the variance, 0.02 to 0.04 mag of depth that ezphot does not claim.
    rim = 1 - 2 / (3 * diameter)
    assert forced.err_pixels[0] == pytest.approx(sigma * np.sqrt(rim), rel=1e-9)
    for n_sigma, printed in ((5, ul5), (3, ul3)):
        ours = limit_mag(forced.empty, 0.0, n_sigma)[0]
        assert ours + 1.25 * np.log10(rim) == pytest.approx(printed, abs=1e-7)
        assert 0.01 < ours - printed < 0.04
