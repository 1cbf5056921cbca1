"""One reduced frame: what photometry works on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(slots=True)
class Pixels:
    """One reduced, trimmed frame: photometry's only input.

    Arrays are native-endian, C-contiguous and of one shape (height, width). The buffers may be reused
    for the next frame, so the class is not frozen.

    Attributes
    ----------
    data
        ADU, the sky background still in.
    mask
        Bits of `photdb.photometry.flags`: 4 saturated, 16 bad pixel, 32 cosmic ray; 0 is good.
    floor
        Variance in ADU² of everything but the photons of sky and source: read noise, dark current, noise of the
        master bias, dark, flat and pattern, all after division by the flat.
    response
        Normalised flat that the data were divided by; None means 1 everywhere. The photon variance of a
        signal S (ADU, in `data`) is S / (gain * response).
    gain
        e-/ADU.
    read_noise
        e- per (binned) pixel.
    gain_known
        False when gain or read noise is a guess: errors then use the measured noise map.
    saturation
        ADU in `data` above which a pixel is saturated (mask bit 4 is already set there).
    x0, y0
        Columns and rows trimmed away at the left and the bottom: x_raw = x + x0, y_raw = y + y0.
    """

    data: NDArray[np.float32]
    mask: NDArray[np.uint8]
    floor: NDArray[np.float32] | float
    response: NDArray[np.float32] | None
    gain: float
    read_noise: float
    gain_known: bool
    saturation: float
    x0: int
    y0: int
