"""Positions moved onto the light that is near them, within a limit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from photdb.photometry.shape import stamps, windowed_moments

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from photdb.photometry.detection import Found
    from photdb.photometry.forced_fluxes import ForcedFluxes

#: Below this signal-to-noise ratio the place of the light is not known well enough to go there.
LEAST_SNR = 5.0
#: Gaussian sigma in FWHM.
_SIGMA = 1 / 2.3548200450309493


@dataclass(frozen=True, slots=True)
class Recentred:
    """Positions to measure at, px; shifts are NaN where the position asked for was kept."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    shift_x: NDArray[np.float64]
    shift_y: NDArray[np.float64]

    def noted(self, fluxes: ForcedFluxes) -> ForcedFluxes:
        """Return fluxes measured at these positions with the shifts beside them."""
        return replace(fluxes, shift_x=self.shift_x, shift_y=self.shift_y)


def recentred(
    found: Found, x: ArrayLike, y: ArrayLike, limit_px: ArrayLike, *, least_snr: float = LEAST_SNR
) -> Recentred:
    """Return positions moved onto the nearest source within a limit.

    A detected source gives its own position. Where none is detected, the windowed position is taken, if it converges
    within the limit on light of enough signal-to-noise ratio in a Gaussian of the frame's FWHM. All others stay where
    they are: a position that follows the noise makes the flux too bright.

    Parameters
    ----------
    found : Found
    x, y : array_like
        Positions, px.
    limit_px : array_like
        How far they may move, px; NaN: not at all.
    least_snr : float
        Of the light to move to.
    """
    x, y, limit = (v.astype(float) for v in np.broadcast_arrays(*(np.atleast_1d(v) for v in (x, y, limit_px))))
    new_x, new_y = np.full(len(x), np.nan), np.full(len(x), np.nan)
    height, width = found.subtracted.shape
    able = np.flatnonzero((x > -0.5) & (x < width - 0.5) & (y > -0.5) & (y < height - 0.5) & (limit > 0))
    source = _nearest_source(found, x[able], y[able], limit[able])
    on = source >= 0
    new_x[able[on]], new_y[able[on]] = found.x[source[on]], found.y[source[on]]
    alone = able[~on]
    if len(alone) and np.isfinite(found.fwhm_px):
        moments = windowed_moments(found.subtracted, x[alone], y[alone], found.fwhm_px)
        near = np.hypot(moments.x - x[alone], moments.y - y[alone]) <= limit[alone]
        alone, there = alone[near], (moments.x[near], moments.y[near])
        bright = windowed_snr(found, *there) >= least_snr
        new_x[alone[bright]], new_y[alone[bright]] = there[0][bright], there[1][bright]
    moved = np.isfinite(new_x)
    return Recentred(np.where(moved, new_x, x), np.where(moved, new_y, y), new_x - x, new_y - y)


def windowed_snr(found: Found, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the signal-to-noise ratio of the light in a Gaussian of the frame's FWHM, against the noise of the sky."""
    sigma = found.fwhm_px * _SIGMA
    cut, i0, j0 = stamps(found.subtracted, x, y, max(3, int(np.ceil(3 * sigma))))
    n = np.arange(cut.shape[1])
    along, down = (np.exp(-0.5 * ((start[:, None] + n - at[:, None]) / sigma) ** 2) for start, at in ((i0, x), (j0, y)))
    light = np.einsum("nji,nj,ni->n", cut, down, along)
    return np.asarray(light / (np.sqrt((along**2).sum(1) * (down**2).sum(1)) * found.background.noise_at(x, y)))


def _nearest_source(
    found: Found, x: NDArray[np.float64], y: NDArray[np.float64], limit: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return the nearest source within the limit of each position, -1 where there is none."""
    from scipy.spatial import cKDTree

    if not len(found) or not len(x):
        return np.full(len(x), -1)
    distance, nearest = cKDTree(np.c_[found.x, found.y]).query(np.c_[x, y])
    return np.where(distance <= limit, nearest, -1).astype(np.intp)
