"""Solve a frame from its pointing: triangles on the tangent plane, then least squares as far as the stars carry it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import ConvexHull, QhullError, cKDTree

from photdb.ingest import matching
from photdb.ingest import plate as plates
from photdb.ingest import proposals as proposing
from photdb.ingest.matching import Match
from photdb.ingest.starlist import REACH, ReferenceStars, Solution, Stars, around
from photdb.ingest.wcs import TangentPlane, linear_part

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photdb.ingest.matching import Pairs

    Array = NDArray[np.float64]

_SCALE_SLACK = 1.1  # a known pixel scale may be wrong by this factor
_UNKNOWN_SCALES = (0.1, 60.0)  # arcsec/px
_STARS_TRIED = (18, 40, 90)  # of the frame, brightest first
_CATALOGUE_TRIED = 6000  # at most


@dataclass(frozen=True, slots=True)
class Orientation:
    """What is known of how the frame lies on the sky: mirrored, position angle of +y (deg)."""

    mirrored: bool | None
    rotation_deg: float | None

    def turns(self) -> list[tuple[float, float] | None]:
        """Return what to try: angles of the +x axis on the plane, for plain and mirrored sky lists, or any."""
        if self.rotation_deg is None:
            return [None]
        axes = [linear_part(1.0, self.rotation_deg, mirrored)[:, 0] for mirrored in (True, False)]
        plain, conjugated = (float(np.arctan2(v[1], v[0])) for v in axes)
        return [(plain, conjugated), None]

    @property
    def conjugated(self) -> bool | None:
        """Whether pixels map to (east, north) with a change of parity: they do where east is left of north."""
        return None if self.mirrored is None else not self.mirrored


def solve(
    stars: Stars,
    catalogue: ReferenceStars,
    pointing: tuple[float, float],
    pixel_scale: float | None,
    orientation: Orientation,
    error_deg: float,
) -> tuple[Match, TangentPlane]:
    """Return the best match of triangles around a pointing, on the tangent plane there, in degrees."""
    plane = TangentPlane(*pointing)
    sky = plane.project(catalogue.ra, catalogue.dec)
    sky = sky[np.isfinite(sky).all(axis=1)]
    best, tried = matching.NOTHING, 0
    for n, scale, error in _attempts(stars, pixel_scale, error_deg):
        near = sky[np.linalg.norm(sky, axis=1) < 0.55 * stars.diagonal * scale[1] + error]
        if len(near) < 3:
            continue
        depths = _depths(n, stars, near, float(np.sqrt(scale[0] * scale[1])))
        for turn, (few, m) in product(orientation.turns(), depths):
            proposals = proposing.propose(
                stars.xy[:few],
                near[:m],
                centre=stars.centre,
                diagonal=stars.diagonal,
                scale=scale,
                mirrored=orientation.conjugated,
                turn=turn,
                smallest=stars.diagonal / 40,
            )
            match = matching.best_match(
                stars.xy,
                near,
                proposals,
                n_used=few,
                width=stars.width,
                height=stars.height,
                tolerance=REACH,
                tried=tried,
            )
            tried += proposals.tried
            if match.log10_chance < best.log10_chance or best.n_common == 0:
                best = match
            if best.convincing:
                return best, plane
    return best, plane


def _attempts(
    stars: Stars, pixel_scale: float | None, error_deg: float
) -> Iterator[tuple[int, tuple[float, float], float]]:
    """Yield a number of stars, a range of scales (deg/px), an error of the pointing (deg): cheap and likely first."""
    if pixel_scale is not None:
        scales = [(pixel_scale / _SCALE_SLACK, pixel_scale * _SCALE_SLACK)]
        steps = [(n, share) for n in _STARS_TRIED for share in (0.4, np.inf)]
    else:
        low, high = np.log(_UNKNOWN_SCALES)
        middles = np.exp(np.linspace(low, high, int(np.ceil((high - low) / np.log(1.5))) + 1))
        scales = sorted(((s / 1.25, s * 1.25) for s in middles), key=lambda s: abs(np.log(s[0] * s[1])))
        steps = [(n, share) for share in (0.4, np.inf) for n in _STARS_TRIED]
    for n, share in steps:
        for low, high in scales:
            field = stars.diagonal * high / 3600
            if share < 1 or 0.4 * field < error_deg:  # else the narrow search was the wide one
                yield n, (low / 3600, high / 3600), min(error_deg, share * field)


def _area(points: Array) -> float:
    """Return the area that points cover."""
    try:
        return float(ConvexHull(points).volume)
    except (QhullError, ValueError):
        return float(np.pi * np.max(np.linalg.norm(points, axis=1)) ** 2)


def _depths(n: int, stars: Stars, near: Array, scale: float) -> list[tuple[int, int]]:
    """Return how many stars of frame and catalogue to match: of one density on the sky, deeper, shallower."""
    density = len(near) / max(_area(near), 1e-12)
    inside = max(density * stars.width * stars.height * scale**2, 3.0)  # catalogue stars expected in the frame
    few = min(n, len(stars.xy), int(max(2.5 * inside, 12)))
    ms = [int(np.clip(len(near) * few * ratio / inside, 12, _CATALOGUE_TRIED)) for ratio in (1.0, 2.5, 0.4)]
    return list(dict.fromkeys((few, min(m, len(near))) for m in ms))


@dataclass(frozen=True, slots=True)
class Fitted:
    """A plate, the pairs it makes and how well it suits them."""

    plate: plates.Plate
    fit: plates.Fit
    pairs: Pairs


def fit_solution(stars: Stars, catalogue: ReferenceStars, first: plates.Plate, highest: int) -> Solution:
    """Return the least-squares solution that grows from a first plate, of the order that the stars carry."""
    where = (first.plane.ra, first.plane.dec)
    scale = np.sqrt(abs(np.linalg.det(first.coefficients[1:3]))) / first.unit
    near = around(catalogue, where, 0.65 * stars.diagonal * scale)
    target = first.plane.project(near.ra, near.dec)
    best = _best_order(stars, target, grow(stars, target, first, 1, scale), highest, scale)
    a, b = best.pairs
    plate = plates.anchored(best.plate, stars.xy[a], near.ra[b], near.dec[b], best.fit)
    return Solution(plate.wcs(), "solved", 3600 * best.fit.rms, int(best.fit.kept.sum()))


def _best_order(stars: Stars, target: Array, best: Fitted, highest: int, scale: float) -> Fitted:
    """Return the plate with as much distortion as the stars carry and ask for; an order may be skipped."""
    for order in range(best.plate.order + 1, highest + 1):
        if not plates.carried(best.plate, stars.xy[best.pairs[0]], best.fit, order, stars.width, stars.height):
            break
        higher = grow(stars, target, best.plate, order, scale)
        a, b = higher.pairs
        plain = plates.fit_plate(stars.xy[a], target[b], stars.flux[a], best.plate, best.plate.order)[1]
        extra = len(plates.powers(order)) - len(plates.powers(best.plate.order))
        if plates.improves(higher.fit, plain.residual, extra):
            best = higher
    return best


def grow(stars: Stars, target: Array, start: plates.Plate, order: int, scale: float) -> Fitted:
    """Return a plate of an order fitted to all the pairs it makes itself."""
    tree, radius, n_pairs = cKDTree(target), REACH * scale, -1
    found = None
    for _ in range(5):
        current = start if found is None else found.plate
        a, b = matching.pair(current.project(stars.xy), tree, radius)
        if len(a) == n_pairs:
            break
        n_pairs = len(a)
        found = Fitted(*plates.fit_plate(stars.xy[a], target[b], stars.flux[a], current, order), (a, b))
        radius = float(np.clip(found.fit.reach, REACH * scale / 6, REACH * scale))
    assert found is not None
    return found
