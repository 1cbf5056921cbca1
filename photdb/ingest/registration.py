"""Where a frame looks: from the stars found in it, a reference catalogue, and whatever the header says.

A header's WCS is checked against the stars and refined; without one, or when the stars contradict it, the frame is
solved from its pointing and scale by matching triangles; frames no catalogue covers are matched to each other.
No pixel is resampled anywhere. docs/concepts/registration.md says how, and how sure.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.spatial import ConvexHull, QhullError, cKDTree

from photdb.errors import InputError, RegistrationError
from photdb.ingest import matching
from photdb.ingest import plate as plates
from photdb.ingest import wcs as coordinates
from photdb.ingest.matching import Match
from photdb.ingest.wcs import TangentPlane
from photdb.sky import unit_vector

if TYPE_CHECKING:
    from astropy.wcs import WCS
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

log = logging.getLogger(__name__)

Kind = Literal["header", "refined", "solved", "rough"]
_REACH = 4.0  # px: how far from its place a first transform may leave a star
_SCALE_SLACK = 1.1  # a known pixel scale may be wrong by this factor
_HEADER_REACH = 150.0  # arcsec: a header WCS shifted by less is repaired, not replaced
_TOO_FEW = 8  # stars or reference stars in the frame below which a header can be neither checked nor contradicted
_UNKNOWN_SCALES = (0.1, 60.0)  # arcsec/px


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
class _Stars:
    """Stars of a frame, brightest first."""

    xy: Array
    flux: Array
    width: float
    height: float

    @property
    def diagonal(self) -> float:
        return float(np.hypot(self.width, self.height))

    @property
    def centre(self) -> Array:
        return np.array([(self.width - 1) / 2, (self.height - 1) / 2])


def register(
    x: ArrayLike,
    y: ArrayLike,
    flux: ArrayLike,
    *,
    width: int,
    height: int,
    reference: ReferenceStars | None,
    header_wcs: str | None = None,
    pointing: tuple[float, float] | None = None,
    pixel_scale: float | None = None,
    mirrored: bool | None = None,
    sip: int | Literal["auto"] = "auto",
    pointing_error_deg: float = 2.0,
) -> Solution:
    """Return the WCS of a frame from its stars.

    Parameters
    ----------
    x, y, flux : array_like of shape (n,)
        Stars in 0-based pixels of the frame and their fluxes, in any order.
    width, height : int
        The frame, pixels.
    reference : ReferenceStars or None
        Catalogue stars around the field, at the frame's date.
    header_wcs : str or None
        Header text of the file's own WCS, in the same pixels.
    pointing : tuple of float or None
        ra, dec (deg) of the middle of the frame as far as known; the header's WCS stands in for it.
    pixel_scale : float or None
        Arcsec per pixel, right to 10 %; None tries 0.1 to 60.
    mirrored : bool or None
        Whether east is to the right of north; None tries both.
    sip : int or "auto"
        Highest order of distortion: 0 is none, "auto" up to 3 as the stars carry it.
    pointing_error_deg : float
        How far from the pointing to look.

    Raises
    ------
    RegistrationError
        The stars do not fit the catalogue, or there is too little to go by; the numbers are in the message.
    """
    stars = _stars(x, y, flux, width, height)
    catalogue = _usable(reference)
    highest = plates.HIGHEST_ORDER if sip == "auto" else max(int(sip), 1)
    said = ""
    if header_wcs is not None:
        found = _check_header(stars, catalogue, header_wcs, highest)
        if isinstance(found, Solution):
            return found
        said, header_pointing, header_scale = found
        pointing, pixel_scale = pointing or header_pointing, pixel_scale or header_scale
    if catalogue is None or pointing is None or len(stars.xy) < 4:
        raise _nothing_to_go_by(stars, catalogue, pointing, said)
    match, plane, tried = _solve(stars, catalogue, pointing, pixel_scale, mirrored, pointing_error_deg)
    if not match.convincing:
        raise _no_match(stars, catalogue, pointing, pixel_scale, pointing_error_deg, match, said)
    first = plates.start_plate(plane, match.matrix, width, height)
    return _fit(stars, catalogue, first, highest)


def _stars(x: ArrayLike, y: ArrayLike, flux: ArrayLike, width: int, height: int) -> _Stars:
    xy, f = np.column_stack([np.asarray(x, float), np.asarray(y, float)]), np.asarray(flux, float)
    good = np.isfinite(xy).all(axis=1) & np.isfinite(f) & (f > 0)
    order = np.flatnonzero(good)[np.argsort(-f[good], kind="stable")]
    return _Stars(xy[order], f[order], float(width), float(height))


def _usable(reference: ReferenceStars | None) -> ReferenceStars | None:
    """Return the stars with a position, brightest first (those without magnitude last)."""
    if reference is None:
        return None
    ra, dec, mag = (np.asarray(v, float) for v in (reference.ra, reference.dec, reference.mag))
    good = np.isfinite(ra) & np.isfinite(dec)
    order = np.flatnonzero(good)[np.argsort(np.where(np.isfinite(mag[good]), mag[good], np.inf), kind="stable")]
    return ReferenceStars(ra[order], dec[order], mag[order]) if len(order) else None


def _solve(
    stars: _Stars,
    catalogue: ReferenceStars,
    pointing: tuple[float, float],
    pixel_scale: float | None,
    mirrored: bool | None,
    error_deg: float,
) -> tuple[Match, TangentPlane, int]:
    """Return the best match of triangles around a pointing, on the tangent plane there, in degrees."""
    plane = TangentPlane(*pointing)
    sky = plane.project(catalogue.ra, catalogue.dec)
    sky = sky[np.isfinite(sky).all(axis=1)]
    best, tried = matching.NOTHING, 0
    for scale, error in _attempts(stars, pixel_scale, error_deg):
        radius = 0.55 * stars.diagonal * scale[1] + error
        near = sky[np.linalg.norm(sky, axis=1) < radius]
        if len(near) < 3:
            continue
        density = len(near) / _area(near)
        for n, m in _depths(stars, near, np.sqrt(scale[0] * scale[1]), density):
            proposals = matching.propose(
                stars.xy[:n],
                near[:m],
                centre=stars.centre,
                diagonal=stars.diagonal,
                scale=scale,
                mirrored=mirrored,
                smallest=stars.diagonal / 40,
            )
            match = matching.best_match(
                stars.xy,
                near,
                proposals,
                n_used=n,
                width=stars.width,
                height=stars.height,
                tolerance=_REACH,
                tried=tried,
            )
            tried += proposals.tried
            if match.log10_chance < best.log10_chance or best.n_common == 0:
                best = match
            if best.convincing:
                return best, plane, tried
    return best, plane, tried


def _attempts(
    stars: _Stars, pixel_scale: float | None, error_deg: float
) -> Iterator[tuple[tuple[float, float], float]]:
    """Yield ranges of scale (deg/px) and the error of the pointing to look in (deg), likely ones first."""
    if pixel_scale is not None:
        scales = [(pixel_scale / _SCALE_SLACK, pixel_scale * _SCALE_SLACK)]
    else:
        low, high = np.log(_UNKNOWN_SCALES)
        middles = np.exp(np.linspace(low, high, int(np.ceil((high - low) / np.log(1.5))) + 1))
        scales = sorted(((s / 1.25, s * 1.25) for s in middles), key=lambda s: abs(np.log(s[0] * s[1])))
    for share in (0.4, np.inf):
        for low, high in scales:
            yield (low / 3600, high / 3600), min(error_deg, share * stars.diagonal * high / 3600)


def _area(points: Array) -> float:
    """Return the area that points cover."""
    try:
        return float(ConvexHull(points).volume)
    except (QhullError, ValueError):
        return float(np.pi * np.max(np.linalg.norm(points, axis=1)) ** 2)


def _depths(stars: _Stars, near: Array, scale: float, density: float) -> Iterator[tuple[int, int]]:
    """Yield how many stars of the frame and of the catalogue to match: of one density on the sky, then wider."""
    frame_area = stars.width * stars.height * scale**2
    inside = max(density * frame_area, 3.0)  # catalogue stars expected in the frame
    seen: set[tuple[int, int]] = set()
    for n in (18, 40, 90):
        for ratio in (1.0, 2.5, 0.4):
            frame_stars = min(n, len(stars.xy), int(max(2.5 * inside, 12)))
            m = int(np.clip(round(len(near) * frame_stars * ratio / inside), 12, 6000))
            pair = (frame_stars, min(m, len(near)))
            if pair not in seen:
                seen.add(pair)
                yield pair


Pairs = tuple["NDArray[np.int64]", "NDArray[np.int64]"]


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A plate, the pairs it makes and how well it suits them."""

    plate: plates.Plate
    fit: plates.Fit
    pairs: Pairs


def _around(catalogue: ReferenceStars, where: tuple[float, float], radius_deg: float) -> ReferenceStars:
    """Return the catalogue stars within a radius of a place."""
    near = unit_vector(catalogue.ra, catalogue.dec) @ unit_vector(*where) > np.cos(np.radians(min(radius_deg, 80.0)))
    return ReferenceStars(catalogue.ra[near], catalogue.dec[near], catalogue.mag[near])


def _fit(stars: _Stars, catalogue: ReferenceStars, first: plates.Plate, highest: int) -> Solution:
    """Return the least-squares solution that grows from a first plate, of the order that the stars carry."""
    where = (first.plane.ra, first.plane.dec)
    scale = np.sqrt(abs(np.linalg.det(first.coefficients[1:3]))) / first.unit
    near = _around(catalogue, where, 0.65 * stars.diagonal * scale)
    target = first.plane.project(near.ra, near.dec)
    best = _best_order(stars, target, _grow(stars, target, first, 1, scale), highest, scale)
    a, b = best.pairs
    plate = plates.anchored(best.plate, stars.xy[a], near.ra[b], near.dec[b], best.fit)
    return Solution(plate.wcs(), "solved", 3600 * best.fit.rms, int(best.fit.kept.sum()))


def _best_order(stars: _Stars, target: Array, best: _Fitted, highest: int, scale: float) -> _Fitted:
    """Return the plate with as much distortion as the stars carry and ask for; an order may be skipped."""
    for order in range(best.plate.order + 1, highest + 1):
        if not plates.carried(best.plate, stars.xy[best.pairs[0]], best.fit, order, stars.width, stars.height):
            break
        higher = _grow(stars, target, best.plate, order, scale)
        a, b = higher.pairs
        plain = plates.fit_plate(stars.xy[a], target[b], stars.flux[a], best.plate, best.plate.order)[1]
        extra = len(plates.powers(order)) - len(plates.powers(best.plate.order))
        if plates.improves(higher.fit, plain.residual, extra):
            best = higher
    return best


def _grow(stars: _Stars, target: Array, start: plates.Plate, order: int, scale: float) -> _Fitted:
    """Return a plate of an order fitted to all the pairs it makes itself."""
    tree, radius, n_pairs = cKDTree(target), _REACH * scale, -1
    found = None
    for _ in range(5):
        current = start if found is None else found.plate
        a, b = matching.pair(current.project(stars.xy), tree, radius)
        if len(a) == n_pairs:
            break
        n_pairs = len(a)
        found = _Fitted(*plates.fit_plate(stars.xy[a], target[b], stars.flux[a], current, order), (a, b))
        radius = float(np.clip(found.fit.reach, _REACH * scale / 6, _REACH * scale))
    assert found is not None
    return found


def _check_header(
    stars: _Stars, catalogue: ReferenceStars | None, text: str, highest: int
) -> Solution | tuple[str, tuple[float, float] | None, float | None]:
    """Return the header's WCS, refined where stars allow; or, when they contradict it, what to say, its centre and scale."""
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
    catalogue = _around(catalogue, where, (0.6 * stars.diagonal * scale + 2 * _HEADER_REACH) / 3600)
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
    def of(cls, wcs: WCS, stars: _Stars, where: tuple[float, float]) -> _Straight:
        """Return the straight pixels nearest to the real ones."""
        plane = TangentPlane(*where)
        gx, gy = np.meshgrid(np.linspace(0, stars.width, 5), np.linspace(0, stars.height, 5))
        grid = np.column_stack([gx.ravel(), gy.ravel()])
        return cls(plane, matching.fit_affine(plane.project(*coordinates.pixel_to_sky(wcs, *grid.T)), grid), wcs)

    def sky(self, ra: Array, dec: Array) -> Array:
        """Return straight pixels of sky positions."""
        return matching.apply(self.to_pixels, self.plane.project(ra, dec))

    def match(self, stars: _Stars, catalogue: ReferenceStars, scale: float) -> Match | int:
        """Return the match under a small shift, or a small turn; the number of catalogue stars where it is too small."""
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
                    tolerance=_REACH,
                    tried=tried,
                )
                tried += proposals.tried
                if _close(match, stars, reach) and (match.log10_chance < best.log10_chance or best.n_common == 0):
                    best = replace(match, b=near[match.b])
                if best.convincing:
                    return best
        return best

    @staticmethod
    def _proposals(a: Array, b: Array, stars: _Stars, reach: float) -> Iterator[matching.Proposals]:
        """Yield shifts first, then triangles of about the right size."""
        yield matching.propose_shifts(a, b, np.eye(2, 3), reach=reach, unit=_REACH)
        size = stars.diagonal
        yield matching.propose(
            a, b, centre=stars.centre, diagonal=size, scale=(0.93, 1.07), mirrored=False, smallest=size / 40
        )


def _close(match: Match, stars: _Stars, reach: float) -> bool:
    """Tell whether a map of pixels is near enough to none for the header to be called right."""
    linear = match.matrix[:, :2]
    shift = np.linalg.norm(matching.apply(match.matrix, stars.centre[None])[0] - stars.centre)
    return bool(np.abs(linear - np.eye(2)).max() < 0.15 and shift < 1.2 * reach)


def _refine(stars: _Stars, catalogue: ReferenceStars, wcs: WCS, pairs: Pairs, highest: int) -> Solution:
    """Return the header's WCS fitted to the catalogue; with distortion of our own where the stars ask for it."""
    wcs = coordinates.wcs_from_text(coordinates.wcs_to_text(wcs))  # any form of the linear part becomes PC
    scale = coordinates.scale_arcsec(wcs) / 3600
    for rounds_left in (3, 2, 1, 0):
        a, b = pairs
        wcs, fit = plates.refine_wcs(wcs, stars.xy[a], catalogue.ra[b], catalogue.dec[b], stars.flux[a])
        plane = TangentPlane(*map(float, wcs.wcs.crval))
        target = plane.project(catalogue.ra, catalogue.dec)
        radius = float(np.clip(fit.reach, _REACH * scale / 6, _REACH * scale))
        again = matching.pair(plane.project(*coordinates.pixel_to_sky(wcs, *stars.xy.T)), cKDTree(target), radius)
        if len(again[0]) == len(a) or rounds_left == 0:
            break
        pairs = again
    ours = _own_distortion(stars, catalogue, wcs, pairs, fit, highest) if highest > 1 else None
    return ours or Solution(wcs, "refined", 3600 * fit.rms, int(fit.kept.sum()))


def _own_distortion(
    stars: _Stars, catalogue: ReferenceStars, wcs: WCS, pairs: Pairs, fit: plates.Fit, highest: int
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
        grown = _grow(stars, target, start, order, scale)
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


@dataclass(frozen=True, slots=True)
class FrameTransform:
    """The affine map from the pixels of one frame to those of another.

    Attributes
    ----------
    matrix
        Shape (2, 3): (x, y) of the second = matrix @ (x, y, 1) of the first.
    n_stars
        Stars that took part.
    rms_px
        Root mean square residual on one axis, pixels of the second.
    """

    matrix: Array
    n_stars: int
    rms_px: float

    def apply(self, x: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
        """Return the pixels of the second frame for pixels of the first."""
        mapped = matching.apply(self.matrix, np.column_stack([np.ravel(x), np.ravel(y)]).astype(float))
        return mapped[:, 0].reshape(np.shape(x)), mapped[:, 1].reshape(np.shape(y))


def match_frames(
    x1: ArrayLike,
    y1: ArrayLike,
    flux1: ArrayLike,
    x2: ArrayLike,
    y2: ArrayLike,
    flux2: ArrayLike,
    *,
    width: int,
    height: int,
    mirrored: bool | None = False,
) -> FrameTransform:
    """Return the map from the pixels of one frame to those of another of the same camera.

    Hot pixels stay where they are while stars move: when two frames seem not to be shifted at all, any other map that
    chance cannot explain is preferred.

    Parameters
    ----------
    x1, y1, flux1, x2, y2, flux2 : array_like
        Stars of the two frames, in any order.
    width, height : int
        Size of the frames, pixels.
    mirrored : bool or None
        Whether one is the mirror image of the other; None tries both.

    Raises
    ------
    RegistrationError
        The frames share too few stars.
    """
    one, two = _stars(x1, y1, flux1, width, height), _stars(x2, y2, flux2, width, height)
    still, best, tried = matching.NOTHING, matching.NOTHING, 0
    for n in (20, 50, 120):
        a, b = one.xy[:n], two.xy[: int(1.5 * n)]
        for proposals in _between(a, b, one, mirrored):
            moving = proposals.where(np.array([not _stands_still(m, one) for m in proposals.matrices()], bool))
            for some in (moving, proposals):
                match = matching.best_match(
                    one.xy, two.xy, some, n_used=n, width=one.width, height=one.height, tolerance=_REACH, tried=tried
                )
                tried += some.tried
                if _stands_still(match.matrix, one):
                    still = min(still, match, key=lambda m: m.log10_chance)
                elif match.log10_chance < best.log10_chance or best.n_common == 0:
                    best = match
                if best.convincing:
                    return _transform(one, two, best)
    if still.convincing:
        return _transform(one, two, still)
    raise RegistrationError(
        f"two frames of {len(one.xy)} and {len(two.xy)} stars do not match: at best {best.n_common} agree where "
        f"{best.n_needed} are needed",
        "look whether they show the same field; --no-wcs measures without registration",
    )


def _between(a: Array, b: Array, one: _Stars, mirrored: bool | None) -> Iterator[matching.Proposals]:
    """Yield shifts, shifts after half a turn (a meridian flip), and triangles."""
    if mirrored is not True:
        half_turn = np.array([[-1.0, 0.0, one.width - 1], [0.0, -1.0, one.height - 1]])
        for start in (np.eye(2, 3), half_turn):
            yield matching.propose_shifts(a, b, start, reach=0.75 * one.diagonal, unit=_REACH)
    yield matching.propose(
        a,
        b,
        centre=one.centre,
        diagonal=one.diagonal,
        scale=(0.97, 1.03),
        mirrored=mirrored,
        smallest=one.diagonal / 40,
    )


def _stands_still(matrix: Array, stars: _Stars) -> bool:
    """Tell whether a map moves no corner by more than a pixel."""
    corners = np.array([[0.0, 0.0], [stars.width, 0.0], [0.0, stars.height], [stars.width, stars.height]])
    return bool(np.abs(matching.apply(matrix, corners) - corners).max() < 1.0)


def _transform(one: _Stars, two: _Stars, match: Match) -> FrameTransform:
    """Return the weighted, clipped affine fit over all pairs that it makes itself."""
    tree, matrix, radius, n_pairs = cKDTree(two.xy), match.matrix, match.tolerance, -1
    fit = None
    for _ in range(5):
        a, b = matching.pair(matching.apply(matrix, one.xy), tree, radius)
        if len(a) == n_pairs:
            break
        n_pairs, flux = len(a), np.minimum(one.flux[a], two.flux[b])
        fit = plates.judge(np.linalg.norm(matching.apply(matrix, one.xy[a]) - two.xy[b], axis=1), flux)
        for _ in range(3):
            matrix = matching.fit_affine(one.xy[a], two.xy[b], np.where(fit.kept, 1 / fit.variance, 0.0))
            fit = plates.judge(np.linalg.norm(matching.apply(matrix, one.xy[a]) - two.xy[b], axis=1), flux)
        radius = float(np.clip(fit.reach, 0.3, _REACH))
    assert fit is not None
    return FrameTransform(matrix, int(fit.kept.sum()), fit.rms)


def transfer(solution: Solution, transform: FrameTransform) -> Solution:
    """Return the WCS of a frame from that of another: exact, distortion included.

    Parameters
    ----------
    solution : Solution
        Of the second frame of `transform`.
    transform : FrameTransform
        From the pixels of the frame without a WCS to those of the frame with one.

    Returns
    -------
    Solution
        Of kind "rough", for nothing has tied this frame to the sky by itself: give it to `register` as its header's
        WCS where there is a catalogue. The rms is the solution's and the transform's together.
    """
    wcs = coordinates.composed(solution.wcs, transform.matrix)
    rms = float(np.hypot(solution.rms_arcsec, transform.rms_px * coordinates.scale_arcsec(solution.wcs)))
    return Solution(wcs, "rough", rms, transform.n_stars)


def _no_match(
    stars: _Stars,
    catalogue: ReferenceStars,
    pointing: tuple[float, float],
    pixel_scale: float | None,
    error_deg: float,
    match: Match,
    said: str,
) -> RegistrationError:
    scale = f"{pixel_scale:.3g} arcsec/px" if pixel_scale else "unknown scale"
    what = (
        f"{said}no match of {len(stars.xy)} stars with {len(catalogue)} reference stars within {error_deg:g} deg of "
        f"{pointing[0]:.4f} {pointing[1]:+.4f} at {scale}: at best {match.n_common} agree where {match.n_needed} are needed"
    )
    return RegistrationError(
        what,
        "check the pointing and the pixel scale, add a catalogue of the field (refcat add), or measure without it: --no-wcs",
    )


def _nothing_to_go_by(
    stars: _Stars, catalogue: ReferenceStars | None, pointing: tuple[float, float] | None, said: str
) -> RegistrationError:
    if len(stars.xy) < 4:
        return RegistrationError(
            f"{said}{len(stars.xy)} stars found, at least 4 are needed to solve a frame",
            "lower the detection threshold, or --no-wcs",
        )
    if catalogue is None:
        return RegistrationError(
            f"{said}{len(stars.xy)} stars and no reference star around them", "add a catalogue of the field: refcat add"
        )
    return RegistrationError(
        f"{said}{len(stars.xy)} stars and no pointing to look at",
        "name the pointing cards in a telescope file, or --no-wcs",
    )
