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
from photdb.ingest import wcs as coordinates
from photdb.ingest.matching import Match
from photdb.ingest.starlist import REACH, Solution, Stars, star_list

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]


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
    one, two = star_list(x1, y1, flux1, width, height), star_list(x2, y2, flux2, width, height)
    still, best, tried = matching.NOTHING, matching.NOTHING, 0
    for n in (20, 50, 120):
        a, b = one.xy[:n], two.xy[: int(1.5 * n)]
        for proposals in _between(a, b, one, mirrored):
            moving = proposals.where(np.array([not _stands_still(m, one) for m in proposals.matrices()], bool))
            for some in (moving, proposals):
                match = matching.best_match(
                    one.xy, two.xy, some, n_used=n, width=one.width, height=one.height, tolerance=REACH, tried=tried
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


def _between(a: Array, b: Array, one: Stars, mirrored: bool | None) -> Iterator[matching.Proposals]:
    """Yield shifts, shifts after half a turn (a meridian flip), and triangles."""
    if mirrored is not True:
        half_turn = np.array([[-1.0, 0.0, one.width - 1], [0.0, -1.0, one.height - 1]])
        for start in (np.eye(2, 3), half_turn):
            yield matching.propose_shifts(a, b, start, reach=0.75 * one.diagonal, unit=REACH)
    yield matching.propose(
        a,
        b,
        centre=one.centre,
        diagonal=one.diagonal,
        scale=(0.97, 1.03),
        mirrored=mirrored,
        smallest=one.diagonal / 40,
    )


def _stands_still(matrix: Array, stars: Stars) -> bool:
    """Tell whether a map moves no corner by more than a pixel."""
    corners = np.array([[0.0, 0.0], [stars.width, 0.0], [0.0, stars.height], [stars.width, stars.height]])
    return bool(np.abs(matching.apply(matrix, corners) - corners).max() < 1.0)


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
