"""Where a frame is empty: pixels free of sources and their wings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import sep

from photdb.photometry.flags import UNUSABLE, Flag
from photdb.photometry.synthetic import moffat_scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photdb.photometry.detection import Found
    from photdb.photometry.pixels import Pixels

#: Wings are left out down to this share of the noise of a pixel ...
_FAINT = 0.1
#: ... but never further out than this, px.
_FARTHEST = 80.0
#: Moffat exponent where the frame's is not known, and the least: steeper wings than assumed would show.
_BETA, _LEAST_BETA = 3.0, 2.0


def occupied_pixels(pixels: Pixels, found: Found) -> NDArray[np.bool_]:
    """Return which pixels are not empty sky: unusable, saturated, or on a source.

    A source is a disc as far as the wings of its Moffat profile reach a tenth of the noise of a pixel, at least three
    times its rms size.
    """
    occupied = (pixels.mask & np.uint8(UNUSABLE | int(Flag.SATURATED))) != 0
    if len(found):
        reach = _reach(found)
        sep.mask_ellipse(occupied, found.x, found.y, reach, reach, np.zeros(len(found)), 1.0)
    return occupied


def _reach(found: Found) -> NDArray[np.float64]:
    """Return how far each source is followed, px."""
    beta = max(found.beta, _LEAST_BETA) if np.isfinite(found.beta) else _BETA
    beta = min(beta, 4.5)  # no star's wings are steeper, whatever its core is
    fwhm = found.fwhm_px if np.isfinite(found.fwhm_px) else 3.0
    alpha = float(moffat_scale(fwhm, beta))
    central = np.maximum(found.flux_iso, 0) * (beta - 1) / (np.pi * alpha**2)
    steps = np.maximum(central / (_FAINT * found.background.noise_at(found.x, found.y)), 1.0)
    wings = alpha * np.sqrt(steps ** (1 / beta) - 1)
    return np.asarray(np.minimum(np.maximum(wings, np.maximum(3 * found.a, fwhm)), _FARTHEST))
