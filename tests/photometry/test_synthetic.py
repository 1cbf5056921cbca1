"""Star images hold the flux they are given, where they are told to."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photdb.photometry.synthetic import moffat_scale, star_image


def brute_force(shape, x, y, flux, fwhm, beta, order=24):
    """Integrate the profile over every pixel by Gauss-Legendre quadrature of high order."""
    nodes, weights = np.polynomial.legendre.leggauss(order)
    yy, xx = np.mgrid[: shape[0], : shape[1]].astype(float)
    image = np.zeros(shape)
    for dx, wx in zip(nodes / 2, weights / 2, strict=True):
        for dy, wy in zip(nodes / 2, weights / 2, strict=True):
            r2 = (xx + dx - x) ** 2 + (yy + dy - y) ** 2
            if beta is None:
                s2 = (fwhm / 2) ** 2 / (2 * np.log(2))
                image += wx * wy * np.exp(-r2 / 2 / s2) / (2 * np.pi * s2)
            else:
                a = fwhm / 2 / np.sqrt(2 ** (1 / beta) - 1)
                image += wx * wy * (beta - 1) / (np.pi * a**2) * (1 + r2 / a**2) ** -beta
    return flux * image


@pytest.mark.parametrize("fwhm", [1.2, 1.7, 2.5, 4.0, 6.0])
@pytest.mark.parametrize("beta", [2.0, 2.5, 3.2, 4.8, 6.0, None])
def test_every_pixel_holds_the_integral_of_the_profile(fwhm, beta):
    x, y = 15.31, 14.58
    image = star_image((31, 31), x, y, 1e5, fwhm, beta=beta)
    truth = brute_force((31, 31), x, y, 1e5, fwhm, beta)
    held, bright = image > 0, (image > 0) & (truth > 0.05)
    assert np.abs(image - truth)[held].max() < 1e-5 * truth.max()
    assert np.abs(image[bright] / truth[bright] - 1).max() < 1e-4
    assert truth[~held].sum() < 3e-5 * 1e5


@settings(max_examples=40, deadline=None)
@given(
    fwhm=st.floats(1.2, 6.0),
    beta=st.one_of(st.none(), st.floats(2.5, 6.0)),
    dx=st.floats(-0.5, 0.5),
    dy=st.floats(-0.5, 0.5),
    log_flux=st.floats(0.0, 7.0),
)
def test_the_pixels_of_a_star_sum_to_its_flux(fwhm, beta, dx, dy, log_flux):
    flux = 10.0**log_flux
    image = star_image((701, 701), 350 + dx, 350 + dy, flux, fwhm, beta=beta)
    assert abs(image.sum() / flux - 1) < 1e-4


def test_the_centre_of_light_is_where_the_star_was_put():
    image = star_image((121, 101), 50.27, 61.64, 1000.0, 3.0, beta=4.5)
    yy, xx = np.mgrid[:121, :101]
    assert (image * xx).sum() / image.sum() == pytest.approx(50.27, abs=2e-3)
    assert (image * yy).sum() / image.sum() == pytest.approx(61.64, abs=2e-3)


def test_half_the_maximum_is_at_half_the_fwhm():
    image = star_image((1, 201), 100.0, 0.0, 1.0, 60.0, beta=3.2)[0]
    assert image[130] / image[100] == pytest.approx(0.5, abs=1e-3)
    assert (1 + (30.0 / moffat_scale(60.0, 3.2)) ** 2) ** -3.2 == pytest.approx(0.5)


def test_a_crowd_is_the_sum_of_its_stars():
    rng = np.random.default_rng(5)
    x, y = rng.uniform(-20, 120, (2, 30))
    flux, fwhm = 10 ** rng.uniform(1, 6, 30), rng.uniform(2, 4, 30)
    crowd = star_image((100, 100), x, y, flux, fwhm)
    one_by_one = sum(star_image((100, 100), *star) for star in zip(x, y, flux, fwhm, strict=True))
    assert crowd == pytest.approx(one_by_one, abs=0.2)  # stamps end where a pixel holds 0.05


def test_a_star_outside_lends_its_wings():
    wide = star_image((200, 200), 95.0, 150.0, 1e6, 4.0)
    cut = star_image((200, 100), 95.0 - 100.0, 150.0, 1e6, 4.0)
    assert cut.sum() > 1e3
    assert cut == pytest.approx(wide[:, 100:], abs=1e-9)


def test_a_star_far_away_lends_nothing():
    assert star_image((50, 50), [-5000.0, 25.0], [25.0, 9e6], 1e6, 3.0).max() == 0.0


def test_no_stars_make_an_empty_image():
    assert star_image((20, 30), [], [], [], []).shape == (20, 30)


@pytest.mark.parametrize(("fwhm", "beta"), [(0.0, 3.0), (-1.0, 3.0), (np.nan, 3.0), (3.0, 1.5), (3.0, 20.0)])
def test_a_profile_that_cannot_be_drawn_is_refused(fwhm, beta):
    with pytest.raises(ValueError, match=r"FWHM|beta"):
        star_image((20, 20), 10.0, 10.0, 1.0, fwhm, beta=beta)
