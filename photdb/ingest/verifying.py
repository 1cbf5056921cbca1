"""Check a header's WCS against the stars, and refine it: one pixel off is repaired, elsewhere is refused."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from photdb.errors import InputError
from photdb.ingest import matching
from photdb.ingest import plate as plates
from photdb.ingest import proposals as proposing
from photdb.ingest import wcs as coordinates
from photdb.ingest.matching import Match
from photdb.ingest.solving import grow
from photdb.ingest.starlist import REACH, ReferenceStars, Solution, Stars, around
from photdb.ingest.wcs import TangentPlane

if TYPE_CHECKING:
    from astropy.wcs import WCS
    from numpy.typing import NDArray

    from photdb.ingest.matching import Pairs

    Array = NDArray[np.float64]

log = logging.getLogger(__name__)

_HEADER_REACH = 150.0  # arcsec: a header's WCS shifted by less is repaired, not replaced
_TOO_FEW = 8  # stars, or reference stars in the frame, below which a header can be neither checked nor contradicted


def check_header(
    stars: Stars, catalogue: ReferenceStars | None, text: str, highest: int
) -> Solution | tuple[str, tuple[float, float] | None, float | None]:
    """Return the header's WCS, refined where stars allow; or what to say against it, its centre and its scale."""
    try:
        wcs = coordinates.wcs_from_text(text)
        where = coordinates.centre(wcs, int(stars.width), int(stars.height))
        scale = coordinates.scale_arcsec(wcs)
    except InputError as error:
        log.warning("%s", error.what)
        return f"{error.what}; ", None, None
    if not (np.isfinite(where).all() and 1e-3 < scale < 3600):
        return f"the header's WCS is no WCS (centre {where}, {scale:g} arcsec/px); ", None, None
    if catalogue is None:
        return Solution(wcs, "header", float("nan"), 0)
    catalogue = around(catalogue, where, (0.6 * stars.diagonal * scale + 2 * _HEADER_REACH) / 3600)
    found = _Straight.of(wcs, stars, where).match(stars, catalogue, scale)
    if isinstance(found, int):
        log.info("the header's WCS is kept unchecked: %d stars, %d reference stars in the frame", len(stars.xy), found)
        return Solution(wcs, "header", float("nan"), 0)
    if not found.convincing:
        said = f"the header's WCS puts {found.n_common} stars on reference stars where {found.n_needed} are needed; "
        log.warning("%ssolving without it", said)
        return said, where, scale
    return _refine(stars, catalogue, wcs, (found.a, found.b), highest)


@dataclass(frozen=True, slots=True)
class _Straight:
    """The frame with its header's distortion taken out: a plane of straight pixels over the tangent plane."""

    plane: TangentPlane
    to_pixels: Array
    wcs: WCS

    @classmethod
    def of(cls, wcs: WCS, stars: Stars, where: tuple[float, float]) -> _Straight:
        """Return the straight pixels nearest to the real ones."""
        plane = TangentPlane(*where)
        gx, gy = np.meshgrid(np.linspace(0, stars.width, 5), np.linspace(0, stars.height, 5))
        grid = np.column_stack([gx.ravel(), gy.ravel()])
        return cls(plane, matching.fit_affine(plane.project(*coordinates.pixel_to_sky(wcs, *grid.T)), grid), wcs)

    def sky(self, ra: Array, dec: Array) -> Array:
        """Return straight pixels of sky positions."""
        return matching.apply(self.to_pixels, self.plane.project(ra, dec))

    def match(self, stars: Stars, catalogue: ReferenceStars, scale: float) -> Match | int:
        """Return the match under a small shift or turn; or the number of catalogue stars where that is too small."""
        a, b = self.sky(*coordinates.pixel_to_sky(self.wcs, *stars.xy.T)), self.sky(catalogue.ra, catalogue.dec)
        reach = max(_HEADER_REACH / scale, 20.0)
        size = np.array([stars.width, stars.height])
        near = np.flatnonzero(((b > -reach) & (b < size + reach)).all(axis=1))
        inside = int(((b >= 0) & (b < size)).all(axis=1).sum())
        if min(inside, len(a)) < _TOO_FEW:
            return inside
        best, tried = matching.NOTHING, 0
        for n in (40, 150):
            n, m = min(n, len(a), 3 * inside), min(3 * n, len(near))
            for proposals in self._proposals(a[:n], b[near[:m]], stars, reach):
                match = matching.best_match(
                    a,
                    b[near],
                    proposals,
                    n_used=n,
                    width=stars.width,
                    height=stars.height,
                    tolerance=REACH,
                    tried=tried,
                )
                tried += proposals.tried
                if _close(match, stars, reach) and (match.log10_chance < best.log10_chance or best.n_common == 0):
                    best = replace(match, b=near[match.b])
                if best.convincing:
                    return best
        return best

    @staticmethod
    def _proposals(a: Array, b: Array, stars: Stars, reach: float) -> Iterator[proposing.Proposals]:
        """Yield shifts first, then triangles of about the right size."""
        yield proposing.propose_shifts(a, b, np.eye(2, 3), reach=reach, unit=REACH)
        size = stars.diagonal
        yield proposing.propose(
            a, b, centre=stars.centre, diagonal=size, scale=(0.93, 1.07), mirrored=False, smallest=size / 40
        )


def _close(match: Match, stars: Stars, reach: float) -> bool:
    """Tell whether a map of pixels is near enough to none for the header to be called right."""
    linear = match.matrix[:, :2]
    shift = np.linalg.norm(matching.apply(match.matrix, stars.centre[None])[0] - stars.centre)
    return bool(np.abs(linear - np.eye(2)).max() < 0.15 and shift < 1.2 * reach)


def _refine(stars: Stars, catalogue: ReferenceStars, wcs: WCS, pairs: Pairs, highest: int) -> Solution:
    """Return the header's WCS fitted to the catalogue; with distortion of our own where the stars ask for it."""
    wcs = coordinates.wcs_from_text(coordinates.wcs_to_text(wcs))  # any form of the linear part becomes PC
    scale = coordinates.scale_arcsec(wcs) / 3600
    for rounds_left in (3, 2, 1, 0):
        a, b = pairs
        wcs, fit = plates.refine_wcs(wcs, stars.xy[a], catalogue.ra[b], catalogue.dec[b], stars.flux[a])
        plane = TangentPlane(*map(float, wcs.wcs.crval))
        target = plane.project(catalogue.ra, catalogue.dec)
        radius = float(np.clip(fit.reach, REACH * scale / 6, REACH * scale))
        again = matching.pair(plane.project(*coordinates.pixel_to_sky(wcs, *stars.xy.T)), cKDTree(target), radius)
        if len(again[0]) == len(a) or rounds_left == 0:
            break
        pairs = again
    ours = _own_distortion(stars, catalogue, wcs, pairs, fit, highest) if highest > 1 else None
    return ours or Solution(wcs, "refined", 3600 * fit.rms, int(fit.kept.sum()))


def _own_distortion(
    stars: Stars, catalogue: ReferenceStars, wcs: WCS, pairs: Pairs, fit: plates.Fit, highest: int
) -> Solution | None:
    """Return a solution with distortion fitted afresh where that suits the stars better than the header's does."""
    a, b = pairs
    scale = coordinates.scale_arcsec(wcs) / 3600
    plane = TangentPlane(*coordinates.centre(wcs, int(stars.width), int(stars.height)))
    matrix = matching.fit_affine(stars.xy[a], plane.project(catalogue.ra[b], catalogue.dec[b]))
    first = plates.start_plate(plane, matrix, stars.width, stars.height)
    target = first.plane.project(catalogue.ra, catalogue.dec)
    header = first.plane.project(*coordinates.pixel_to_sky(wcs, *stars.xy.T))
    best, terms = None, 3
    for order in range(2, highest + 1):
        if not plates.carried(first, stars.xy[a], fit, order, stars.width, stars.height):
            break
        start = plates.fit_plate(stars.xy[a], target[b], stars.flux[a], first, order)[0]
        grown = grow(stars, target, start, order, scale)
        ga, gb = grown.pairs
        if best is None:
            before = np.linalg.norm(header[ga] - target[gb], axis=1)
        else:
            before = plates.fit_plate(stars.xy[ga], target[gb], stars.flux[ga], best.plate, best.plate.order)[
                1
            ].residual
        if plates.improves(grown.fit, before, len(plates.powers(order)) - terms):
            best, terms = grown, len(plates.powers(order))
    if best is None:
        return None
    a, b = best.pairs
    plate = plates.anchored(best.plate, stars.xy[a], catalogue.ra[b], catalogue.dec[b], best.fit)
    log.info("distortion of order %d fitted to %d stars instead of the header's", plate.order, len(a))
    return Solution(plate.wcs(), "refined", 3600 * best.fit.rms, int(best.fit.kept.sum()))
