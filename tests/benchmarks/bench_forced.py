"""CPU time of forced fluxes beside photutils', on one simulated frame.

    python tests/benchmarks/bench_forced.py [--size 4096] [--positions 10000] [--repeat 3]

Both measure the same circle at the same positions of a frame that has been found already: exact sums, errors, the
sigma-clipped sky of the same annulus around each position without the sources, and the share of bad pixels. photdb's
time is `ground_at` and `forced_circles`, noise correlation, flags, edge and saturated shares included; photutils' is
`aperture_photometry` with errors and `ApertureStats` of the annuli at 3 sigma. The figure is user and system time, the
least of interleaved runs. Unfair to photutils: it offers more shapes; to photdb: its sky is corrected for the skewness
of photons, its bad pixels are filled in and its noise correlation measured.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "golden"))

import numpy as np
from bench_photometry import simulate

from photdb.photometry.detection import find_sources
from photdb.photometry.forced import forced_circles, ground_at
from photdb.photometry.local_sky import annulus_for
from photdb.photometry.measure import hidden_pixels
from photdb.photometry.noise_correlation import noise_correlation
from photdb.photometry.pixels import Pixels
from photdb.photometry.settings import MeasureSettings

DIAMETER = 10.8
SETTINGS = MeasureSettings()


def ours(pixels, found, x, y):
    """Return fluxes, errors, sky and shares."""
    ground = ground_at(pixels, found, x, y, apertures_px=[DIAMETER], primary_px=DIAMETER, settings=SETTINGS)
    forced = forced_circles(pixels, found, x, y, DIAMETER, settings=SETTINGS, ground=ground)
    return forced.flux, forced.error


def theirs(pixels, found, x, y):
    """Return the same from photutils."""
    from astropy.stats import SigmaClip

    aperture = import_module("photutils.aperture")  # no dependency of photdb: pip install photutils
    ring = annulus_for(found.fwhm_px, DIAMETER, DIAMETER)
    error = np.sqrt(np.maximum(found.background.level_map(), 0) / pixels.gain + pixels.floor)
    circles = aperture.CircularAperture(np.c_[x, y], DIAMETER / 2)
    sums = aperture.aperture_photometry(found.subtracted, circles, error=error)
    bad = aperture.aperture_photometry((pixels.mask & 48 != 0).astype(float), circles)
    sky = aperture.ApertureStats(
        found.subtracted, aperture.CircularAnnulus(np.c_[x, y], *ring), mask=hidden_pixels(pixels, found, ring),
        sigma_clip=SigmaClip(3.0), sum_method="center",
    )  # fmt: skip
    level, n = sky.mean, sky.center_aper_area.value
    flux = sums["aperture_sum"] - level * circles.area
    flux = np.where(np.asarray(bad["aperture_sum"]) > 0, np.nan, np.asarray(flux))
    source = np.maximum(flux, 0) / pixels.gain
    return flux, np.sqrt(sums["aperture_sum_err"] ** 2 + source + (circles.area * sky.std) ** 2 / n)


def main() -> None:
    """Print the times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=4096)
    parser.add_argument("--positions", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--alone", action="store_true", help="without photutils")
    options = parser.parse_args()
    n = options.size
    rng = np.random.default_rng(2)
    data = simulate((n, n), 14_000 * n * n // 4096**2).astype(np.float32)
    mask = np.zeros((n, n), np.uint8)
    mask[rng.random((n, n)) < 2e-4] = 16
    mask[data > 6e4] |= 4
    pixels = Pixels(data, mask, (8 / 1.5) ** 2, None, 1.5, 8.0, True, 6e4, 0, 0)
    found = find_sources(pixels, SETTINGS)
    x, y = rng.uniform(0, n, (2, options.positions))
    seconds: dict[str, list[float]] = {"photdb": [], "photutils": []}
    answers = {}
    for _ in range(options.repeat):
        for name, run in (("photdb", ours), ("photutils", theirs)):
            if name == "photutils" and (options.alone or not find_spec("photutils")):
                continue
            start = time.process_time()
            answers[name] = run(pixels, found, x, y)
            seconds[name].append(time.process_time() - start)
    start = time.process_time()
    noise_correlation(pixels, found)
    correlation = time.process_time() - start
    print(
        f"{n} x {n}, {len(x)} positions, {len(found)} sources, least of {options.repeat}, load {os.getloadavg()[0]:.1f}"
    )
    print(f"photdb     {min(seconds['photdb']):7.2f} s of CPU, noise correlation {correlation:.2f} s of it")
    if seconds["photutils"]:
        (flux, error), (flux2, error2) = answers["photdb"], answers["photutils"]
        both = np.isfinite(flux) & np.isfinite(flux2)
        apart = np.median(np.abs(flux - flux2)[both] / error[both])
        print(f"photutils  {min(seconds['photutils']):7.2f} s of CPU, version {version('photutils')}")
        print(f"ratio {min(seconds['photutils']) / min(seconds['photdb']):.1f}")
        print(
            f"fluxes differ by {apart:.3f} sigma, errors by {np.median(error2[both] / error[both]) - 1:+.3f} (medians)"
        )


if __name__ == "__main__":
    main()
