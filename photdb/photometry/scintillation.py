"""Noise that the air adds to bright stars."""

from __future__ import annotations

import math

#: Median of the sites of Osborn et al. (2015), m^(2/3) s^(1/2).
MEDIAN_COEFFICIENT = 1.5
#: Scale height of the turbulence, m.
SCALE_HEIGHT_M = 8000.0


def scintillation_noise(
    *, diameter_m: float, height_m: float, airmass: float, exptime_s: float, coefficient: float = MEDIAN_COEFFICIENT
) -> float:
    """Return the relative rms of a star's flux caused by scintillation.

    Young's (1967) law as revised by Osborn, Foehring, Dhillon & Wilson (2015, MNRAS 452, 1707), for exposures much
    longer than the crossing time of the shadow pattern:
    ``sigma² = 1e-5 C² D^(-4/3) t^(-1) X³ exp(-2 h / H)``.

    Parameters
    ----------
    diameter_m : float
        Diameter of the telescope, m.
    height_m : float
        Height of the observatory above the sea, m.
    airmass : float
    exptime_s : float
        Exposure time, s.
    coefficient : float
        C, 1.3 to 1.7 at good sites.
    """
    variance = (
        1e-5
        * coefficient**2
        * diameter_m ** (-4 / 3)
        / exptime_s
        * airmass**3
        * math.exp(-2 * height_m / SCALE_HEIGHT_M)
    )
    return math.sqrt(variance)
