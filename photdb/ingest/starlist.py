"""The stars of a frame and of a catalogue as registration wants them: finite, brightest first; and its answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from photdb.sky import unit_vector

if TYPE_CHECKING:
    from astropy.wcs import WCS
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

Kind = Literal["header", "refined", "solved", "rough"]
#: px: how far from its place a first transform may leave a star
REACH = 4.0


@dataclass(frozen=True, slots=True)
class ReferenceStars:
    """Catalogue stars at the frame's date: ra, dec (deg, ICRS) and mag (any one band), arrays of one length."""

    ra: Array
    dec: Array
    mag: Array

    def __len__(self) -> int:
        return len(self.ra)


@dataclass(frozen=True, slots=True)
class Solution:
    """A frame's WCS and how well it is known.

    Attributes
    ----------
    wcs
        astropy's WCS, pixels of the frame that was registered.
    kind
        header (the file's own, no stars to check it), refined (the file's own, fitted to the catalogue),
        solved (from the stars alone) or rough (from the pointing, or by way of another rough frame).
    rms_arcsec
        Root mean square residual of stars against the catalogue on one axis, as SCAMP's ASTRRMS; the typical distance
        in the plane is 1.41 times it. NaN where there was no catalogue.
    n_stars
        Stars that took part.
    """

    wcs: WCS
    kind: Kind
    rms_arcsec: float
    n_stars: int


@dataclass(frozen=True, slots=True)
class Stars:
    """Stars of a frame, brightest first."""

    xy: Array
    flux: Array
    width: float
    height: float

    @property
    def diagonal(self) -> float:
        """From corner to corner, pixels."""
        return float(np.hypot(self.width, self.height))

    @property
    def centre(self) -> Array:
        """Middle of the frame, pixels."""
        return np.array([(self.width - 1) / 2, (self.height - 1) / 2])

    def without(self, taken: NDArray[np.int64]) -> Stars:
        """Return the others."""
        return replace(self, xy=np.delete(self.xy, taken, axis=0), flux=np.delete(self.flux, taken))


def star_list(x: ArrayLike, y: ArrayLike, flux: ArrayLike, width: int, height: int) -> Stars:
    """Return the stars with a position and a positive flux, brightest first."""
    xy, f = np.column_stack([np.asarray(x, float), np.asarray(y, float)]), np.asarray(flux, float)
    good = np.isfinite(xy).all(axis=1) & np.isfinite(f) & (f > 0)
    order = np.flatnonzero(good)[np.argsort(-f[good], kind="stable")]
    return Stars(xy[order], f[order], float(width), float(height))


def usable(reference: ReferenceStars | None) -> ReferenceStars | None:
    """Return the stars with a position, brightest first (those without magnitude last)."""
    if reference is None:
        return None
    ra, dec, mag = (np.asarray(v, float) for v in (reference.ra, reference.dec, reference.mag))
    good = np.isfinite(ra) & np.isfinite(dec)
    order = np.flatnonzero(good)[np.argsort(np.where(np.isfinite(mag[good]), mag[good], np.inf), kind="stable")]
    return ReferenceStars(ra[order], dec[order], mag[order]) if len(order) else None


def around(catalogue: ReferenceStars, where: tuple[float, float], radius_deg: float) -> ReferenceStars:
    """Return the catalogue stars within a radius of a place."""
    near = unit_vector(catalogue.ra, catalogue.dec) @ unit_vector(*where) > np.cos(np.radians(min(radius_deg, 80.0)))
    return ReferenceStars(catalogue.ra[near], catalogue.dec[near], catalogue.mag[near])
