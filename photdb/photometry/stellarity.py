"""Star or not: how likely the size of a source is that of the frame's stars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Scatter of the sizes of bright stars over a frame, relative.
_FLOOR = 0.04
#: Noise of the size of a faint star: this over its signal-to-noise ratio.
_NOISE = 1.0
#: Sources that are no stars are taken to be spread evenly in ln size, this far each way from the stars.
_RANGE = float(np.log(4.0))


def star_likelihood(fwhm: NDArray[np.float64], frame_fwhm: float, snr: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability that sources are stars, from their size alone: 1 star, 0 extended (or a cosmic ray).

    Stars have ``ln(fwhm / frame's)`` normal around 0 with a width of 4 % and 1/snr in quadrature; everything else
    is spread evenly over a factor of four each way; both are taken to be equally common. Faint sources come out near
    the middle, as they must.

    Parameters
    ----------
    fwhm : ndarray
        FWHM of each source, px.
    frame_fwhm : float
        FWHM of the frame's stars, px.
    snr : ndarray
        Signal-to-noise ratio of each source.

    Returns
    -------
    ndarray
        0 to 1; NaN where a size is not known.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        width = np.hypot(_FLOOR, _NOISE / np.maximum(np.nan_to_num(snr), 1.0))
        z = np.log(fwhm / frame_fwhm) / width
        star = np.exp(-0.5 * z**2) / (width * np.sqrt(2 * np.pi))
        other = 1 / (2 * _RANGE)
        return np.asarray(star / (star + other))
