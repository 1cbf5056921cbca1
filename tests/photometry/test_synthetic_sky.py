"""The simulated sky has the counts, colours and curves it is asked for."""

import numpy as np
import pytest

from photdb.photometry.synthetic_sky import BANDS, draw_magnitudes, eclipse, sawtooth, scintillation, sine


def test_star_counts_grow_with_magnitude_by_the_slope():
    r = draw_magnitudes(200_000, 10.0, 20.0, np.random.default_rng(1), slope=0.3)["r"]
    assert r.min() >= 10
    assert r.max() <= 20
    counts = np.histogram(r, [16, 17, 18, 19])[0]
    assert np.diff(np.log10(counts)) == pytest.approx([0.3, 0.3], abs=0.02)


def test_colours_are_those_of_stars():
    mags = draw_magnitudes(5000, 10.0, 20.0, np.random.default_rng(2))
    assert set(mags) == set(BANDS)
    g_i = mags["g"] - mags["i"]
    assert 0.2 <= g_i.min() < 0.4
    assert 0.7 < np.median(g_i) < 1.2
    assert 2.0 < g_i.max() < 2.81
    # the Sun's twin: g - r 0.44, B - V 0.65 (Willmer 2018; Ramirez et al. 2012)
    sun = np.abs(mags["g"] - mags["r"] - 0.44) < 0.02
    assert np.median((mags["B"] - mags["V"])[sun]) == pytest.approx(0.65, abs=0.05)


def test_a_sawtooth_brightens_fast_and_fades_slowly():
    phase = np.linspace(0, 1, 2001)[:-1]
    curve = sawtooth(phase)
    assert curve.max() == pytest.approx(1.0)
    assert curve.min() == pytest.approx(-1.0)
    assert (np.diff(curve) < 0).mean() == pytest.approx(0.15, abs=0.01)
    assert np.abs(np.diff(curve)).max() < 0.05  # no jump
    assert sawtooth(1.3) == pytest.approx(float(sawtooth(0.3)))


def test_a_sine_is_a_sine():
    assert sine([0.0, 0.25, 0.75]) == pytest.approx([0.0, 1.0, -1.0])


def test_an_eclipse_lasts_and_is_flat_at_its_bottom():
    hours = np.linspace(-3, 3, 601)
    depth = eclipse(hours, 2.0)
    assert depth[np.abs(hours) >= 1.0] == pytest.approx(0.0, abs=1e-12)
    assert depth[np.abs(hours) <= 0.6] == pytest.approx(1.0)
    assert depth[np.abs(hours) < 0.999].min() > 0


def test_scintillation_is_young_s():
    # 1 m at sea level, 1 s, zenith: 0.09 * 100^(-2/3) / sqrt(2) = 2.95 mmag-like parts in a thousand
    assert scintillation(1.0, 1.0, 1.0, 0.0) == pytest.approx(2.954e-3, rel=1e-3)
    assert scintillation(1.0, 100.0, 2.0, 8000.0) == pytest.approx(2.954e-4 * 2**1.75 / np.e, rel=1e-3)
