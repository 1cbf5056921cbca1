"""The useful range of magnitudes, on stars that saturate at a known magnitude."""

from __future__ import annotations

import numpy as np
import pytest

from photdb.photometry.magnitude_range import useful_range


def stars(rng: np.random.Generator, n: int, *, saturation: float, faint_noise: float = 0.0):
    """Return magnitudes and d: linear, but for stars that lose half of what is above saturation."""
    mag = rng.uniform(10, 17, n)
    d = 22 + rng.normal(0, 0.02, n) + rng.normal(0, 1, n) * faint_noise * 10 ** (0.4 * (mag - 16))
    return mag, d - 0.5 * np.maximum(saturation - mag, 0)


@pytest.mark.parametrize("saturation", [11.5, 12.2, 13.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_injected_saturation_is_found_within_three_tenths(saturation, seed):
    mag, d = stars(np.random.default_rng(seed), 400, saturation=saturation)
    lower, upper = useful_range(mag, d)
    assert lower == pytest.approx(saturation, abs=0.3)
    assert upper > 16


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_without_saturation_the_bright_end_stays(seed):
    mag, d = stars(np.random.default_rng(seed), 300, saturation=0.0)
    lower, upper = useful_range(mag, d)
    assert lower == -np.inf
    assert upper > 16.5


def test_the_faint_end_is_where_the_scatter_grows():
    rng = np.random.default_rng(4)
    mag, d = stars(rng, 500, saturation=0.0, faint_noise=0.1)
    _, upper = useful_range(mag, d)
    # 2.5 times 0.02 mag is reached where hypot(0.02, noise) is 0.05
    assert upper == pytest.approx(16 + 2.5 * np.log10(0.0458 / 0.1), abs=0.6)


def test_one_wrong_star_in_ten_is_no_saturation():
    rng = np.random.default_rng(5)
    mag, d = stars(rng, 300, saturation=0.0)
    d[rng.random(300) < 0.1] -= 0.5
    assert useful_range(mag, d)[0] < 10.6


def test_few_stars_cannot_tell():
    mag, d = stars(np.random.default_rng(6), 19, saturation=14.0)
    assert useful_range(mag, d) == (-np.inf, np.inf)


def test_a_frame_of_nothing_but_nan_has_no_limits():
    nothing = np.full(50, np.nan)
    assert useful_range(nothing, nothing) == (-np.inf, np.inf)
