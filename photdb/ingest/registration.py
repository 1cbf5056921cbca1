"""Where a frame looks: from the stars found in it, a reference catalogue, and whatever the header says.

A header's WCS is checked against the stars and refined; without one, or when the stars contradict it, the frame is
solved from its pointing and scale by matching triangles; frames no catalogue covers are matched to each other.
No pixel is resampled anywhere. docs/concepts/registration.md says how, and how sure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from photdb.errors import RegistrationError
from photdb.ingest import plate as plates
from photdb.ingest.between_frames import FrameTransform, match_frames, transfer
from photdb.ingest.matching import Match
from photdb.ingest.solving import Orientation, fit_solution, solve
from photdb.ingest.starlist import ReferenceStars, Solution, Stars, star_list, usable
from photdb.ingest.verifying import check_header
from photdb.ingest.wcs import footprint, pixel_to_sky, rough_wcs, shift_wcs, sky_to_pixel, wcs_from_text, wcs_to_text

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = [
    "FrameTransform",
    "ReferenceStars",
    "Solution",
    "footprint",
    "match_frames",
    "pixel_to_sky",
    "register",
    "rough_wcs",
    "shift_wcs",
    "sky_to_pixel",
    "transfer",
    "wcs_from_text",
    "wcs_to_text",
]


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
    rotation_deg: float | None = None,
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
    rotation_deg : float or None
        Position angle of +y, east of north, give or take 10 degrees or half a turn: where given it is tried first, and
        fewer stars suffice.
    sip : int or "auto"
        Highest order of distortion: 0 is none, "auto" up to 3 as the stars carry it.
    pointing_error_deg : float
        How far from the pointing to look.

    Raises
    ------
    RegistrationError
        The stars do not fit the catalogue, or there is too little to go by; the numbers are in the message.
    """
    stars = star_list(x, y, flux, width, height)
    catalogue = usable(reference)
    highest = plates.HIGHEST_ORDER if sip == "auto" else max(int(sip), 1)
    said = ""
    if header_wcs is not None:
        found = check_header(stars, catalogue, header_wcs, highest)
        if isinstance(found, Solution):
            return found
        said, header_pointing, header_scale = found
        pointing, pixel_scale = pointing or header_pointing, pixel_scale or header_scale
    if catalogue is None or pointing is None or len(stars.xy) < 4:
        raise _nothing_to_go_by(stars, catalogue, pointing, said)
    orientation = Orientation(mirrored, rotation_deg)
    match, plane = solve(stars, catalogue, pointing, pixel_scale, orientation, pointing_error_deg)
    if not match.convincing:
        raise _no_match(stars, catalogue, pointing, pixel_scale, pointing_error_deg, match, said)
    first = plates.start_plate(plane, match.matrix, width, height)
    return fit_solution(stars, catalogue, first, highest)


def _no_match(
    stars: Stars,
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
        f"{pointing[0]:.4f} {pointing[1]:+.4f} at {scale}: at best {match.n_common} agree "
        f"where {match.n_needed} are needed"
    )
    return RegistrationError(
        what,
        "check the pointing and the pixel scale, add a catalogue of the field (refcat add), or measure with --no-wcs",
    )


def _nothing_to_go_by(
    stars: Stars, catalogue: ReferenceStars | None, pointing: tuple[float, float] | None, said: str
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
