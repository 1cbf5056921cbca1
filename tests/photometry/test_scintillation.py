import pytest

from photdb.photometry.scintillation import scintillation_noise


def test_a_worked_example():
    # 1e-5 * 2.25 * 1 * (1/10) * 1 * exp(-0.5) = 1.365e-6; its root is 1.168e-3
    noise = scintillation_noise(diameter_m=1.0, height_m=2000, airmass=1.0, exptime_s=10)
    assert noise == pytest.approx(1.1682e-3, rel=1e-3)


def test_larger_telescopes_longer_exposures_and_less_air_are_quieter():
    base = {"diameter_m": 0.5, "height_m": 1000, "airmass": 1.5, "exptime_s": 30}
    noise = scintillation_noise(**base)
    assert scintillation_noise(**{**base, "diameter_m": 4.0}) == pytest.approx(noise * 8 ** (-2 / 3))
    assert scintillation_noise(**{**base, "exptime_s": 120}) == pytest.approx(noise / 2)
    assert scintillation_noise(**{**base, "airmass": 3.0}) == pytest.approx(noise * 2**1.5)
    assert scintillation_noise(**{**base, "height_m": 4000}) < noise
