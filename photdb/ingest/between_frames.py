"""Frames of one field matched to each other, and a WCS carried from one to the next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from photdb.errors import RegistrationError
from photdb.ingest import matching
from photdb.ingest import plate as plates
from photdb.ingest import proposals as proposing
from photdb.ingest import wcs as coordinates
from photdb.ingest.matching import Match
from photdb.ingest.starlist import REACH, Solution, Stars, star_list

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]


_STILL = 1.5  # px: a map that moves the frame by less may be that of the hot pixels
_TIGHT = 2.5  # px: what the stars of one camera agree to, whatever the optics do to a shifted field


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

    Hot pixels stay where they are while stars move. So when two frames seem not to be shifted at all, what stayed is
    set aside, and a shift that the rest agrees on is preferred.

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
    one, two = star_list(x1, y1, flux1, width, height), star_list(x2, y2, flux2, width, height)
    best = _search(one, two, mirrored)
    if best.convincing and _displacement(best, one) < _STILL:
        rest = one.without(best.a), two.without(best.b)
        moved = _search(*rest, mirrored)
        if moved.convincing and _displacement(moved, one) >= _STILL:
            return _transform(*rest, moved)
    if best.convincing:
        return _transform(one, two, best)
    raise RegistrationError(
        f"two frames of {len(one.xy)} and {len(two.xy)} stars do not match: at best {best.n_common} agree where "
        f"{best.n_needed} are needed",
        "look whether they show the same field; --no-wcs measures without registration",
    )


def _search(one: Stars, two: Stars, mirrored: bool | None) -> Match:
    """Return the first convincing match of two lists, or the best there is."""
    best, tried = matching.NOTHING, 0
    for n in (20, 50, 120):
        for proposals in _between(one.xy[:n], two.xy[: int(1.5 * n)], one, mirrored):
            tried += proposals.tried
            match = matching.best_match(
                one.xy, two.xy, proposals, n_used=n, width=one.width, height=one.height, tolerance=REACH, tried=tried
            )
            best = min(best, match, key=lambda m: (m.log10_chance, -m.n_common))
            if best.convincing and best.tolerance < _TIGHT:
                return best
    return best


def _between(a: Array, b: Array, one: Stars, mirrored: bool | None) -> Iterator[proposing.Proposals]:
    """Yield shifts, shifts after half a turn (a meridian flip), and triangles."""
    if mirrored is not True:
        half_turn = np.array([[-1.0, 0.0, one.width - 1], [0.0, -1.0, one.height - 1]])
        for start in (np.eye(2, 3), half_turn):
            yield proposing.propose_shifts(a, b, start, reach=0.75 * one.diagonal, unit=REACH)
    yield proposing.propose(
        a,
        b,
        centre=one.centre,
        diagonal=one.diagonal,
        scale=(0.97, 1.03),
        mirrored=mirrored,
        smallest=one.diagonal / 40,
    )


def _displacement(match: Match, stars: Stars) -> float:
    """Return by how many pixels a map moves the frame: the median of its centre and the middles of its sides."""
    w, h = stars.width, stars.height
    points = np.array([[w / 2, h / 2], [0.0, h / 2], [w, h / 2], [w / 2, 0.0], [w / 2, h]])
    return float(np.median(np.linalg.norm(matching.apply(match.matrix, points) - points, axis=-1)))


def _transform(one: Stars, two: Stars, match: Match) -> FrameTransform:
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
        radius = float(np.clip(fit.reach, 0.3, REACH))
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
