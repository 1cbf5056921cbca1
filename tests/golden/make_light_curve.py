"""How ``light_curve_features.json`` was made: ``python tests/golden/make_light_curve.py > light_curve_features.json``.

With the package light-curve (PyPI, 0.13.3) in an environment of its own; it is no dependency of photdb or its tests.
"""

import json
import sys

import light_curve as lc
import numpy as np

FEATURES = {
    "skew": lc.Skew(), "kurtosis": lc.Kurtosis(), "mad": lc.MedianAbsoluteDeviation(), "von_neumann": lc.Eta(),
    "stetson_k": lc.StetsonK(), "beyond_1_sigma": lc.BeyondNStd(1.0), "max_slope": lc.MaximumSlope(),
    "chi2_dof": lc.ReducedChi2(), "std": lc.StandardDeviation(), "wmean": lc.WeightedMean(), "mean": lc.Mean(),
    "median": lc.Median(), "excess_variance": lc.ExcessVariance(),
}  # fmt: skip


def main() -> None:
    """Write light curves and their features."""
    rng = np.random.default_rng(20261121)
    curves = []
    for n in (10, 37, 200):
        time = np.sort(rng.uniform(0, 30, n)).round(6)
        err = rng.uniform(0.5, 2.0, n).round(6)
        flux = (100 + 5 * np.sin(time) + err * rng.standard_normal(n)).round(6)
        found = {name: float(f(time, flux, err, sorted=True)[0]) for name, f in FEATURES.items()}
        curves.append({"time": time.tolist(), "flux": flux.tolist(), "err": err.tolist(), "features": found})
    json.dump({"made_by": f"light-curve {lc.__version__}", "curves": curves}, sys.stdout)


if __name__ == "__main__":
    main()
