"""A sky with known stars: magnitudes and colours of a field, and light curves of variables."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Bands that a synthetic star has: gri are AB, BVR are Vega magnitudes.
BANDS = ("B", "V", "R", "g", "r", "i")


def draw_magnitudes(
    n: int, brightest: float, faintest: float, rng: np.random.Generator, *, slope: float = 0.3
) -> dict[str, NDArray[np.float64]]:
    """Return magnitudes of n stars in all `BANDS`.

    The numbers of stars grow as ``10^(slope r)``; g - i is spread about 0.9 as in a field off the Galactic plane,
    g - r follows it along a smooth stellar locus. B, V and R come from gri by Lupton's (2005) equations for stars
    (SDSS DR4, "transformations between ugriz and UBVRI").
    """
    low, high = 10.0 ** (slope * np.array([brightest, faintest]))
    r = np.log10(low + (high - low) * rng.random(n)) / slope
    g_i = np.clip(0.35 + 0.65 * rng.gamma(1.3, 0.75, n), 0.2, 2.8)
    g_r = 1.42 * np.tanh(g_i / 1.75) + 0.01 * rng.standard_normal(n)
    g = r + g_r
    return {
        "B": g + 0.3130 * g_r + 0.2271,
        "V": g - 0.5784 * g_r - 0.0038,
        "R": r - 0.1837 * g_r - 0.0971,
        "g": g,
        "r": r,
        "i": g - g_i,
    }


def sine(phase: ArrayLike) -> NDArray[np.float64]:
    """Return a sine between -1 and 1 of a phase in cycles."""
    return np.asarray(np.sin(2.0 * np.pi * np.asarray(phase, dtype=float)))


def sawtooth(phase: ArrayLike, rise: float = 0.15) -> NDArray[np.float64]:
    """Return a curve in magnitudes that brightens fast and fades slowly, from 1 (faint) to -1 (bright) and back."""
    p = np.asarray(phase, dtype=float) % 1.0
    rising = np.cos(np.pi * p / rise)
    fading = -np.cos(np.pi * np.sqrt((p - rise).clip(0.0) / (1.0 - rise)))
    return np.where(p < rise, rising, fading)


def eclipse(hours: ArrayLike, duration: float) -> NDArray[np.float64]:
    """Return 0 outside and 1 at the flat bottom of an eclipse; ``hours`` from its middle, ``duration`` in hours."""
    z = np.abs(np.asarray(hours, dtype=float)) / (duration / 2.0)
    edge = 0.5 * (1.0 + np.cos(np.pi * np.clip((z - 0.6) / 0.4, 0.0, 1.0)))
    return np.asarray(edge)


def scintillation(diameter_m: float, exptime_s: float, airmass: float, height_m: float) -> float:
    """Return the relative rms of scintillation (Young 1967, AJ 72, 747; 0.09 cm^(2/3) s^(1/2), scale height 8 km)."""
    return float(
        0.09
        * (100.0 * diameter_m) ** (-2.0 / 3.0)
        * airmass**1.75
        * np.exp(-height_m / 8000.0)
        / np.sqrt(2.0 * exptime_s)
    )
