"""Terms of a zero point beside the zero point itself: polynomials over the frame, colour and magnitude of the star."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.photometry.robust import MAD
from photdb.photometry.zero_measures import Array, Index, Mask, Measures, Model

#: Fewer stars of known colour (or magnitude), less spread (mag), or a larger error (mag per mag): no term is fitted.
LEAST_STARS, LEAST_SPREAD, LEAST_SPREAD_MAG, LARGEST_ERROR = 10, 0.2, 0.5, 0.1


def n_powers(order: int) -> int:
    """Return how many terms a polynomial of an order has, its constant not counted."""
    return (order + 1) * (order + 2) // 2 - 1


def powers(u: NDArray[Any], v: NDArray[Any], order: int) -> Array:
    """Return the terms of a polynomial over the frame, n_powers x n, as the macro ``zp_powers`` has them.

    They are u, v, u^2 - 1/3, uv, v^2 - 1/3 ...: each has a mean of zero over the frame, so that a zero point is that of
    the whole frame, and does not depend on how well the curvature is known.
    """
    u, v = u.astype(np.float64), v.astype(np.float64)
    terms = [u, v, u * u - 1 / 3, u * v, v * v - 1 / 3, u * u * u, u * u * v, u * v * v, v * v * v][: n_powers(order)]
    return np.stack(terms) if terms else np.zeros((0, len(u)))


def place_sum(u: NDArray[Any], v: NDArray[Any], coefficients: Array) -> Array:
    """Return the polynomial at places, as the macro ``zp_at`` has it; coefficients one line a place."""
    order = next(k for k in range(4) if n_powers(k) == coefficients.shape[1])
    return np.asarray(np.einsum("ki,ik->i", powers(u, v, order), coefficients))


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms that frames have in common.

    Attributes
    ----------
    of_star
        n x n_star: colour less its pivot, magnitude less its pivot; 0 where unknown.
    tied
        One a star: it has them all, and so a say in the level.
    order
        Of the polynomial over the frame.
    map_group
        Which polynomial each frame has.
    names
        ``colour`` and ``magnitude``, those that `of_star` has.
    """

    of_star: Array
    tied: Mask
    order: int
    map_group: Index
    names: tuple[str, ...] = ()

    @property
    def n_map(self) -> int:
        """Return how many polynomials there are."""
        return int(self.map_group.max(initial=-1)) + 1 if self.order else 0

    @property
    def n_power(self) -> int:
        """Return how many terms each polynomial has."""
        return n_powers(self.order)

    @property
    def n(self) -> int:
        """Return how many numbers there are to find."""
        return self.n_map * self.n_power + len(self.of_star)

    def split(self, found: Array) -> tuple[Array, Array]:
        """Return the polynomials, n_map x n_power, and the stars' terms."""
        cut = self.n_map * self.n_power
        return found[:cut].reshape(self.n_map, self.n_power), found[cut:]


def none(n_frame: int, n_star: int) -> Terms:
    """Return no terms."""
    return Terms(np.zeros((0, n_star)), np.ones(n_star, dtype=bool), 0, np.zeros(n_frame, dtype=np.int64))


def star_values(m: Measures, n_star: int, model: Model) -> tuple[Array, Array]:
    """Return each star's colour and magnitude less their pivots, NaN where unknown."""
    colour, mag = np.full(n_star, np.nan), np.full(n_star, np.nan)
    if m.colour is not None:
        colour[m.star] = m.colour
    if m.mag is not None:
        mag[m.star] = m.mag
    return colour - model.colour_pivot, mag - model.mag_pivot


def enough(values: Array, least_spread: float) -> bool:
    """Return whether a slope can be fitted over these values (NaN: unknown)."""
    values = values[np.isfinite(values)]
    if len(values) < LEAST_STARS:
        return False
    return bool(MAD * np.median(np.abs(values - np.median(values))) >= least_spread)


def chosen(m: Measures, *, n_frame: int, n_star: int, model: Model, relative: bool, map_group: Index | None) -> Terms:
    """Return the shared terms that can be fitted."""
    colour, mag = star_values(m, n_star, model)
    seen = np.zeros(n_star, dtype=bool)
    seen[m.star] = True
    with_colour = model.colour in ("shared", "frame") and not relative and enough(colour[seen], LEAST_SPREAD)
    with_mag = model.magnitude and not relative and enough(mag[seen], LEAST_SPREAD_MAG)
    columns = {"colour": colour} if with_colour else {}
    columns |= {"magnitude": mag} if with_mag else {}
    of_star = np.array(list(columns.values())).reshape(len(columns), n_star)
    tied = np.isfinite(of_star).all(axis=0)
    if model.colour == "fixed" and not relative:
        tied &= np.isfinite(colour)
    group = np.zeros(n_frame, dtype=np.int64) if map_group is None else np.asarray(map_group, dtype=np.int64)
    order = model.spatial if m.u is not None and m.v is not None else 0
    if model.spatial_per == "frame":
        group = np.zeros(n_frame, dtype=np.int64)
    return Terms(np.where(tied, of_star, 0.0), tied, order, group, tuple(columns))
