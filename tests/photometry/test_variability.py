"""Statistics of light curves, beside scipy, astropy, another program and numbers worked out by hand."""

import json
from pathlib import Path

import numpy as np
import pytest
from astropy.stats import median_absolute_deviation
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from photdb.photometry import variability
from photdb.photometry.variability import moments, robust, scatter_floor, stetson_j, stetson_j_bands, trimmed_rms

GOLDEN = Path(__file__).parents[1] / "golden" / "light_curve_features.json"


def sums_of(flux, err, night=None, anchor=None):
    """Return the sums of one light curve as object_band has them."""
    flux, err = np.asarray(flux, float), np.asarray(err, float)
    night = np.zeros(len(flux), int) if night is None else np.asarray(night)
    anchor = flux[0] if anchor is None else anchor
    d, w = flux - anchor, 1 / err**2
    parts = [(d[night == k], w[night == k]) for k in np.unique(night)]
    means = [p.mean() for p, _ in parts]
    found = {
        "anchor": anchor, "n": len(d), "sum_d": d.sum(), "sum_dd": (d * d).sum(), "sum_w": w.sum(),
        "sum_wd": (w * d).sum(), "sum_wdd": (w * d * d).sum(), "sum_ee": (err**2).sum(), "n_night": len(parts),
        "within_dd": sum(((p - p.mean()) ** 2).sum() for p, _ in parts),
        "within_chi2": sum((v * (p - np.average(p, weights=v)) ** 2).sum() for p, v in parts),
        "night_d": sum(means), "night_dd": sum(m * m for m in means),
    }  # fmt: skip
    return {name: np.array([value]) for name, value in found.items()}


def some_curves(sizes=(5, 8, 40, 300), seed=3):
    """Return time, flux, err and start of light curves of some sizes."""
    rng = np.random.default_rng(seed)
    start = np.concatenate([[0], np.cumsum(sizes)])
    time = np.concatenate([np.sort(rng.uniform(0, 20, n)) for n in sizes])
    err = rng.uniform(0.5, 2.0, start[-1])
    return time, rng.normal(50, 3, start[-1]), err, start


def test_moments_and_shape_are_those_of_another_program():
    golden = json.loads(GOLDEN.read_text())
    for curve in golden["curves"]:
        time, flux, err = (np.array(curve[k]) for k in ("time", "flux", "err"))
        start = np.array([0, len(time)])
        m, r, known = moments(sums_of(flux, err)), robust(time, flux, err, start), curve["features"]
        ours = {"chi2_dof": m.chi2_dof, "std": m.std, "wmean": m.wmean, "mean": m.mean,
                "excess_variance": m.excess_variance, "max_slope": r.max_slope * m.mean}  # fmt: skip
        ours |= {k: getattr(r, k) for k in ("skew", "kurtosis", "mad", "von_neumann", "beyond_1_sigma", "median")}
        for name, value in ours.items():
            assert value[0] == pytest.approx(known[name], rel=1e-9), name
        # Stetson's deviations are from the weighted mean in both, and n / (n - 1) cancels in K
        assert r.stetson_k[0] == pytest.approx(known["stetson_k"], rel=1e-9)


def test_quantiles_and_shape_are_those_of_numpy_scipy_and_astropy():
    time, flux, err, start = some_curves()
    r = robust(time, flux, err, start)
    for k in range(len(start) - 1):
        x = flux[start[k] : start[k + 1]]
        assert r.skew[k] == pytest.approx(stats.skew(x, bias=False), rel=1e-9)
        assert r.kurtosis[k] == pytest.approx(stats.kurtosis(x, bias=False), rel=1e-9)
        assert r.mad[k] == pytest.approx(median_absolute_deviation(x), rel=1e-12)
        assert r.iqr[k] == pytest.approx(stats.iqr(x), rel=1e-12)
        assert (r.p5[k], r.p95[k]) == pytest.approx(tuple(np.percentile(x, [5, 95])), rel=1e-12)
        assert (r.low[k], r.high[k], r.median[k]) == (x.min(), x.max(), np.median(x))
        off = x - x.mean()
        assert r.lag_1[k] == pytest.approx((off[1:] * off[:-1]).sum() / (off**2).sum(), rel=1e-9)


def test_v_and_eta_are_those_of_trap():
    # the formulas of tkp's testutil/db_subs.py lightcurve_metrics, with plain sums
    flux, err = np.array([1.0, 3.0, 2.5, 0.5]), np.array([0.1, 0.3, 0.2, 0.1])
    n, w = len(flux), 1 / err**2
    v = np.sqrt(n / (n - 1) * (np.mean(flux**2) - np.mean(flux) ** 2)) / np.mean(flux)
    eta = n / (n - 1) * (np.mean(w * flux**2) - np.mean(w * flux) ** 2 / np.mean(w))
    m = moments(sums_of(flux, err))
    assert m.v[0] == pytest.approx(v, rel=1e-12) == pytest.approx(np.sqrt(4.25 / 3) / 1.75)
    assert m.chi2_dof[0] == pytest.approx(eta, rel=1e-12)


@given(st.integers(2, 40), st.floats(1e-9, 1e3), st.integers(0, 2**32 - 1))
def test_moments_about_an_anchor_lose_no_digits_of_a_bright_quiet_star(n, level, seed):
    rng = np.random.default_rng(seed)
    flux = level * (1 + 1e-6 * rng.standard_normal(n))
    err = np.full(n, 1e-6 * level)
    m = moments(sums_of(flux, err))
    chi2 = np.sum(((flux - np.average(flux, weights=err**-2.0)) / err) ** 2) / (n - 1)
    assert m.chi2_dof[0] == pytest.approx(chi2, rel=1e-6, abs=1e-9)
    assert m.std[0] == pytest.approx(np.std(flux, ddof=1), rel=1e-6, abs=1e-15 * level)


def test_scatter_is_told_apart_within_nights_and_from_night_to_night():
    night = np.repeat([0, 1, 2], 4)
    flux = np.array([100.0, 102, 98, 100])
    m = moments(sums_of(np.concatenate([flux, flux + 10, flux - 10]), np.ones(12), night))
    assert m.rms_within[0] == pytest.approx(1.0857362 * np.sqrt(24 / 9) / 100)
    assert m.rms_nights[0] == pytest.approx(1.0857362 * 10 / 100)
    assert m.chi2_nights[0] == pytest.approx(4 * 200 / 2)


@pytest.mark.parametrize("flux", [[5.0], [5.0, 5.0, 5.0, 5.0], [-1.0, -2.0, -3.0], [0.0, 0.0], [1e-300, 2e-300]])
def test_degenerate_light_curves_give_no_infinity_and_no_warning(flux):
    flux = np.array(flux)
    err, start = np.ones(len(flux)), np.array([0, len(flux)])
    m, r = moments(sums_of(flux, err)), robust(np.arange(len(flux)) * 0.01, flux, err, start)
    for statistic in (m, r):
        for name in statistic.__slots__:
            assert not np.isinf(getattr(statistic, name)).any(), name
    assert np.isnan(r.lag_1[0]) == (np.ptp(flux) ** 2 == 0)
    trimmed_rms(flux, start)
    none = np.empty(0)
    assert len(robust(none, none, none, np.array([0])).median) == 0


def test_stetson_j_of_noise_is_zero_and_of_a_slow_change_is_large():
    rng = np.random.default_rng(5)
    time, start = np.arange(4000) * 0.01, np.array([0, 4000])
    noise = rng.standard_normal(4000)
    j, n = stetson_j(time, noise, start)
    assert n[0] == 2000
    assert abs(j[0]) < 3 * 0.8 / np.sqrt(2000)
    assert stetson_j(time, noise + 5 * np.sin(time), start)[0][0] > 2


def test_no_point_is_in_two_pairs_and_points_far_apart_are_in_none():
    time = np.array([0.0, 0.01, 0.02, 1.0, 2.0, 2.01])
    delta = np.array([4.0, 1.0, 100.0, 100.0, -9.0, 1.0])
    j, n = stetson_j(time, delta, np.array([0, 6]))
    assert n[0] == 2
    assert j[0] == pytest.approx((2.0 - 3.0) / 2)
    assert np.isnan(stetson_j(time, delta, np.array([0, 3, 4, 6]))[0][1])


def test_pairs_of_passbands_are_of_one_star_and_two_bands():
    star, series = np.array([1, 1, 1, 2]), np.array([0, 1, 1, 0])
    time, delta = np.array([0.0, 0.01, 0.5, 0.5]), np.array([4.0, 4.0, 9.0, 9.0])
    j, n = stetson_j_bands(star, series, time, delta, np.array([0, 1, 1, 2]), 3)
    assert n.tolist() == [1, 1, 0]
    assert j[:2].tolist() == [4.0, 4.0]


def test_the_floor_follows_the_noise_and_leaves_variables_above_it():
    rng = np.random.default_rng(8)
    mag = np.sort(rng.uniform(12, 18, 2000))
    err = 0.003 * 10 ** (0.25 * (mag - 12))
    dof = np.full(2000, 30)
    rms = np.hypot(err, 0.004) * np.sqrt(rng.chisquare(30, 2000) / 30)
    varies = rng.random(2000) < 0.05
    rms[varies] *= 8
    floor = scatter_floor(mag, err, rms, dof)
    assert floor is not None
    inside = slice(20, -20)
    assert np.median(np.abs(np.log(floor.rms(mag, err) / np.hypot(err, 0.004)))[inside]) < 0.05
    excess = floor.excess(mag, err, rms, dof)
    assert (excess[varies] > 5).mean() > 0.97
    assert (excess[~varies] > 5).sum() == 0


def test_a_handful_of_stars_is_no_field():
    few = variability.FEWEST_STARS - 1
    assert scatter_floor(np.arange(few) + 12.0, np.ones(few), np.ones(few), np.full(few, 9)) is None
    assert scatter_floor(np.full(50, np.nan), np.ones(50), np.ones(50), np.full(50, 9)) is None


def test_without_its_extremes_a_cosmic_ray_is_gone_and_an_eclipse_is_not():
    rng = np.random.default_rng(2)
    quiet = 100 + rng.standard_normal(50)
    struck, eclipsed = quiet.copy(), quiet.copy()
    struck[7] += 60
    eclipsed[20:26] -= 20
    rms, n = trimmed_rms(np.concatenate([struck, eclipsed]), np.array([0, 50, 100]))
    assert n.tolist() == [49, 49]
    assert rms[0] < 0.012
    assert rms[1] > 0.05
