"""The mean of forced fluxes: what frames together show of a star that none of them shows alone.

Fluxes are added, never magnitudes: negative ones count, or the mean of noise would be light. Weights are of the noise
of the empty aperture, not of the error of each flux, whose photons grow with the flux itself: frames in which noise
made the star faint would count more, and the mean would be too faint.

A place differs from the next by stars below the threshold and faults of the flat as well. That is in the noise of an
aperture, not in the error of a flux, because it is the same in the next frame: so it stays in the mean of however many.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Coadded:
    """Weighted means of fluxes, one element a group, in the units of the fluxes.

    Attributes
    ----------
    group : ndarray of int
        The groups, ascending.
    n : ndarray of int
        Fluxes in each.
    flux, error : ndarray
        Weighted mean and its standard error, from the errors of the fluxes.
    noise : ndarray
        The same with no source, and with what stays from frame to frame: 3 and 5 times it are the limits.
    chi2 : ndarray
        Of the fluxes about their mean, per degree of freedom; NaN of a single one. Far above 1 the source varies, and
        its mean is one of these frames only.
    """

    group: NDArray[np.int64]
    n: NDArray[np.int64]
    flux: NDArray[np.float64]
    error: NDArray[np.float64]
    noise: NDArray[np.float64]
    chi2: NDArray[np.float64]


def coadd(flux: ArrayLike, error: ArrayLike, noise: ArrayLike, group: ArrayLike | None = None) -> Coadded:
    """Return the weighted mean of calibrated fluxes, group by group.

    With weights w = 1 / noise², flux = sum(w f) / sum(w), its error² = sum(w² e²) / sum(w)². Of the noise of each, as
    much as its error has is its own; the rest, in quadrature, is common to all (the places of bright stars have none
    of it): the noise² of the mean is sum(w² min(noise, e)²) / sum(w)² + (sum(w rest) / sum(w))². Where errors are not
    below the noise that is 1 / sum(w).

    Parameters
    ----------
    flux, error : array_like, (n,)
        Fluxes that can be compared, as mJy, and their standard errors. Those that are NaN are left out.
    noise : array_like, (n,)
        Standard error of the same aperture with no source in it, in the same unit; above 0.
    group : array_like of int, (n,), optional
        Which belong together: nights or bands by number; without it all.

    Examples
    --------
    >>> mean = coadd([1.0, 3.0], [1.0, 1.0], [1.0, 1.0])
    >>> float(mean.flux[0]), round(float(mean.error[0]), 3), int(mean.n[0])
    (2.0, 0.707, 2)
    """
    f, e, s = (np.asarray(v, dtype=float).reshape(-1) for v in (flux, error, noise))
    groups = np.zeros(len(f), np.int64) if group is None else np.asarray(group, dtype=np.int64).reshape(-1)
    good = np.isfinite(f) & np.isfinite(e) & np.isfinite(s) & (s > 0)
    f, e, s = f[good], e[good], s[good]
    known, which, n = np.unique(groups[good], return_inverse=True, return_counts=True)
    weight = s**-2.0
    total = np.bincount(which, weight, len(known))
    mean = np.bincount(which, weight * f, len(known)) / total
    moves = np.minimum(s, e)
    stays = np.bincount(which, weight * np.sqrt(s**2 - moves**2), len(known))
    least = np.sqrt(np.bincount(which, (weight * moves) ** 2, len(known)) + stays**2) / total
    error_of_mean = np.sqrt(np.bincount(which, (weight * e) ** 2, len(known))) / total
    apart = np.bincount(which, ((f - mean[which]) / e) ** 2, len(known))
    with np.errstate(divide="ignore", invalid="ignore"):
        chi2 = np.where(n > 1, apart / (n - 1), np.nan)
    return Coadded(known, n.astype(np.int64), mean, error_of_mean, least, chi2)
