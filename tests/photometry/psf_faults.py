"""What a wrong model of the stars' images does to fluxes, and what its residuals say of that.

    PYTHONPATH=tests:tests/photometry python tests/photometry/psf_faults.py

Stars of S/N 300 to 1000 in images that the profile can be (Moffat, nearly Gaussian) and cannot be (lopsided), sampled
finely and coarsely: scatter of the fluxes, width of their pulls as they are, and with half of the residual beyond noise
added to the errors in quadrature (docs/concepts/psf.md says why that is not done).
"""

from __future__ import annotations

import numpy as np
from psf_skies import Image, sky_of

from photdb.photometry.psf import build_psf
from photdb.photometry.psf_model import Kind

KINDS: tuple[Kind, ...] = ("moffat", "empirical")

CASES = {
    f"{name}, FWHM {fwhm} px": {"fwhm": fwhm, "beta": beta, "image": Image(fwhm=fwhm, tail=tail) if tail else None}
    for name, beta, tail in (("Moffat", 3.2, 0.0), ("Gaussian", None, 0.0), ("lopsided", 3.2, 0.15))
    for fwhm in (1.2, 1.5, 2.0, 3.5)
}


def width(values: np.ndarray) -> float:
    """1 sigma of the middle of a distribution."""
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def faults(kind: Kind, n_frame: int = 3, **image: object) -> tuple[float, ...]:
    """Residual beyond noise; scatter of bright fluxes and their errors, relative; pulls without and with a floor."""
    parts = []
    for seed in range(1, n_frame + 1):
        sky = sky_of([seed, 9], snr=(5, 1000), size=600, **image)
        psf = build_psf(sky.pixels, sky.found, kind=kind)
        flux, error = sky.fitted(psf)
        beyond = psf.residual * np.sqrt(max(1 - 1 / psf.chi2, 0))
        bright = np.isfinite(flux) & (sky.flux > 300 * error)
        truth = sky.flux[bright]
        parts.append((flux[bright] / truth - 1, error[bright] / truth, np.full(truth.size, beyond)))
    off, error, beyond = np.concatenate(parts, axis=1)
    return (
        float(beyond.mean()), width(off), float(np.median(error)), width(off / error),
        width(off / np.hypot(error, 0.5 * beyond)),
    )  # fmt: skip


if __name__ == "__main__":
    print("images, model                          residual  scatter   error  pulls  with half the residual")
    for name, image in CASES.items():
        for kind in KINDS:
            beyond, scatter, error, plain, floored = faults(kind, **image)
            print(
                f"{name:26s} {kind:10s} {beyond:9.4f} {scatter:9.4f} {error:8.4f} {plain:6.2f} {floored:6.2f}",
                flush=True,
            )
