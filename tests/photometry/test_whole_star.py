"""The zero point of the whole star, on Moffat profiles of known light."""

from __future__ import annotations

import numpy as np
import pytest

from photdb.photometry.whole_star import whole_star


def apertures(beta, fwhm, diameters, zp=25.0):
    width = fwhm / (2 * np.sqrt(2 ** (1 / beta) - 1))
    beyond = (1 + (diameters / 2 / width) ** 2) ** (1 - beta)
    return zp + 2.5 * np.log10(1 - beyond)


@pytest.mark.parametrize("beta", [2.2, 2.5, 3.0, 3.5, 4.765])
@pytest.mark.parametrize("fwhm", [2.0, 3.0, 4.5])
def test_three_apertures_find_the_whole_star(beta, fwhm):
    zp = apertures(beta, fwhm, np.array([5.0, 8.0, 12.0]))
    found, growth = whole_star(zp[None, :], np.array([5.0, 8.0, 12.0]))
    assert found[0] == pytest.approx(25.0, abs=0.002)
    assert growth[0] == pytest.approx(found[0] - zp[-1], abs=1e-12)


def test_noise_of_a_millimagnitude_makes_an_error_of_a_few():
    rng = np.random.default_rng(1)
    diameters = np.array([4.0, 6.0, 8.0, 10.0, 14.0])
    zp = apertures(3.0, 3.0, diameters) + rng.normal(0, 0.001, (500, 5))
    found, _ = whole_star(zp, diameters)
    assert np.std(found) < 0.004
    assert abs(np.median(found) - 25.0) < 0.002


def test_with_two_apertures_beta_is_3():
    diameters = np.array([5.0, 10.0])
    found, _ = whole_star(apertures(3.0, 3.0, diameters)[None, :], diameters)
    assert found[0] == pytest.approx(25.0, abs=0.001)


def test_each_frame_has_apertures_of_its_own_and_their_order_does_not_matter():
    diameters = np.array([[4.0, 6.0, 12.0], [16.0, 8.0, 6.0]])
    zp = np.stack([apertures(2.5, 2.5, diameters[0], 24.0), apertures(3.5, 3.0, diameters[1], 26.0)])
    found, growth = whole_star(zp, diameters)
    assert found == pytest.approx([24.0, 26.0], abs=0.003)
    assert growth == pytest.approx(found - [zp[0, 2], zp[1, 0]])


def test_missing_apertures_are_left_out_and_a_single_one_says_nothing():
    diameters = np.array([5.0, 8.0, 12.0])
    zp = np.stack([apertures(3.0, 3.0, diameters)] * 3)
    zp[1, 1] = np.nan
    zp[2, 1:] = np.nan
    found, growth = whole_star(zp, diameters)
    assert found[:2] == pytest.approx([25.0, 25.0], abs=0.002)
    assert np.isnan(found[2])
    assert np.isnan(growth[2])


def test_apertures_that_do_not_grow_have_no_light_beyond_them():
    found, growth = whole_star(np.full((1, 3), 25.0), np.array([5.0, 8.0, 12.0]))
    assert found[0] == pytest.approx(25.0, abs=0.001)
    assert 0 <= growth[0] < 0.001
