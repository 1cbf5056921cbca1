"""CPU time of PSF fluxes at given positions beside photutils' PSFPhotometry, on one simulated frame.

    python tests/benchmarks/bench_psf.py [--size 4096] [--stars 14000] [--positions 10000] [--theirs 400] [--repeat 3]

photdb makes the PSF from the frame's own stars and fits all positions together with every detected source beside them,
with the local sky of each and errors by parts. photutils is given the finished PSF (the same Moffat profile, as an
image oversampled four times, its fastest model, or as its own Moffat model), the background-subtracted frame, its
errors and the exact positions, which it holds fixed; it fits some of the positions, because it would take minutes for
all, in groups of neighbours among these, with its local background. The ratio is of CPU seconds a position.
What is unfair: photutils fits by a general least-squares solver, for models of any shape; photdb knows that fluxes at
fixed positions are linear. photutils' positions do not have the detected sources as neighbours; photdb's do.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from importlib import import_module

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from bench_photometry import simulate

from photdb.photometry.detection import Found, find_sources
from photdb.photometry.pixels import Pixels
from photdb.photometry.psf import Psf, build_psf
from photdb.photometry.psf_fit import psf_fluxes
from photdb.photometry.settings import MeasureSettings

SETTINGS = MeasureSettings()


def places(n: int, size: int, found: Found) -> tuple[np.ndarray, np.ndarray]:
    """Half on detected sources, half anywhere."""
    rng = np.random.default_rng(2)
    some = rng.choice(len(found), min(n // 2, len(found)), replace=False)
    x, y = rng.uniform(10, size - 11, (2, n - len(some)))
    order = rng.permutation(n)
    return np.append(found.x[some], x)[order], np.append(found.y[some], y)[order]


def timed(what, repeat: int):
    """Least CPU time of some calls, and the last result."""
    least, out = np.inf, None
    for _ in range(repeat):
        start = time.process_time()
        out = what()
        least = min(least, time.process_time() - start)
    return least, out


def theirs(pixels: Pixels, found: Found, psf: Psf, x: np.ndarray, y: np.ndarray, model: str) -> np.ndarray:
    """Fluxes of photutils at fixed positions."""
    from astropy.table import Table

    peer, sky = import_module("photutils.psf"), import_module("photutils.background")
    half = int(np.ceil(2 * psf.fwhm_x))
    if model == "image":
        steps = (np.arange(-4 * (half + 2), 4 * (half + 2) + 1) / 4).astype(float)
        zero = np.zeros(1, np.int64)
        image = np.array(
            [[psf.on(-np.array([a]), -np.array([b]), zero, zero, 1)[0, 0, 0] for a in steps] for b in steps]
        )
        shape = peer.ImagePSF(image, oversampling=4)
    else:
        alpha = psf.fwhm / (2 * np.sqrt(2 ** (1 / psf.beta) - 1))
        shape = peer.MoffatPSF(alpha=alpha, beta=psf.beta)
    shape.x_0.fixed = shape.y_0.fixed = True
    error = np.sqrt(np.maximum(pixels.data, 1) / pixels.gain + pixels.floor)
    photometry = peer.PSFPhotometry(
        shape, (2 * half + 1, 2 * half + 1), grouper=peer.SourceGrouper(min_separation=3 * psf.fwhm),
        aperture_radius=psf.fwhm,
        local_bkg_estimator=sky.LocalBackground(3.5 * psf.fwhm, 6 * psf.fwhm, bkg_estimator=sky.MMMBackground()),
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = photometry(found.subtracted, error=error, init_params=Table({"x_init": x, "y_init": y}))
    return np.asarray(table["flux_fit"], float)


def main() -> None:
    """Print times, ratios, and how the fluxes compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=4096)
    parser.add_argument("--stars", type=int, default=14_000)
    parser.add_argument("--positions", type=int, default=10_000)
    parser.add_argument("--theirs", type=int, default=400)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    raw = simulate((options.size, options.size), options.stars).astype(np.float32)
    pixels = Pixels(raw, np.zeros(raw.shape, np.uint8), (8 / 1.5) ** 2, None, 1.5, 8.0, True, 6e4, 0, 0)
    found = find_sources(pixels, SETTINGS)
    x, y = places(options.positions, options.size, found)
    print(f"{options.size} x {options.size}, {len(found)} sources, FWHM {found.fwhm_px:.2f} px; least of "
          f"{options.repeat}, load {os.getloadavg()[0]:.1f}")  # fmt: skip
    for kind in ("moffat", "empirical"):
        seconds, psf = timed(lambda kind=kind: build_psf(pixels, found, kind=kind), options.repeat)
        fit, fluxes = timed(lambda psf=psf: psf_fluxes(pixels, found, psf, x, y, settings=SETTINGS), options.repeat)
        each = f"{1e6 * fit / len(x):.0f} us a position, {1e6 * (seconds + fit) / len(x):.0f} with building"
        print(f"photdb {kind}: {psf.n_star} stars in {seconds:.2f} s, {len(x)} positions in {fit:.2f} s: {each}")
        if kind == "moffat":
            ours, model = (seconds + fit) / len(x), psf
            own = fluxes
    try:
        photutils = import_module("photutils")
    except ImportError:
        print("photutils: not installed, no ratio (pip install photutils)")
        return
    n = min(options.theirs, len(x))
    for name in ("image", "moffat"):
        fit, flux = timed(lambda name=name: theirs(pixels, found, model, x[:n], y[:n], name), 1)
        bright = own.flux[:n] > 100 * own.error[:n]
        with np.errstate(invalid="ignore"):
            ratio = np.nanmedian(flux[bright] / own.flux[:n][bright])
        each = f"{1e6 * fit / n:.0f} us a position, {fit / n / ours:.0f} times photdb's with building"
        print(
            f"photutils {photutils.__version__} {name}: {n} positions in {fit:.2f} s: {each}; {ratio:.4f} of our flux"
        )


if __name__ == "__main__":
    main()
