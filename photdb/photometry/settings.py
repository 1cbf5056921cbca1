"""Every choice of detection and measurement, with its default."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from photdb.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: No aperture narrower than this (px) is measured: at 3.3 px, where a star falls within its pixel costs 12 mmag.
MIN_DIAMETER_PX = 4.0
#: The primary aperture is never narrower than this (px).
MIN_PRIMARY_PX = 6.5


class Aperture(NamedTuple):
    """A circular aperture: its diameter in arcsec, or in the frame's FWHM."""

    kind: Literal["arcsec", "fwhm"]
    diameter: float


@dataclass(frozen=True, slots=True)
class PrimaryRule:
    """How wide the primary aperture is: in arcsec, in FWHM of the frame or of the night, or by the growth curve."""

    kind: Literal["fwhm", "night-fwhm", "arcsec", "growth"] = "fwhm"
    diameter: float | None = 3.0

    @classmethod
    def parse(cls, text: str) -> PrimaryRule:
        """Read what follows ``--aperture``: ``7arcsec``, ``3fwhm`` (of the night), ``3frame-fwhm``, ``growth``.

        Raises
        ------
        UsageError
            When the words are none of these.
        """
        if text.strip().lower() == "growth":
            return cls("growth", None)
        found = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*(arcsec|\"|fwhm|night-fwhm|frame-fwhm)?\s*", text.lower())
        if not found or float(found[1]) <= 0:
            raise UsageError(
                f"--aperture {text!r} is not an aperture",
                "give a diameter such as 7arcsec, 3fwhm (of the night's median) or 3frame-fwhm, or the word growth",
            )
        kinds: dict[str, Literal["fwhm", "night-fwhm", "arcsec"]] = {
            "fwhm": "night-fwhm", "night-fwhm": "night-fwhm", "frame-fwhm": "fwhm"
        }  # fmt: skip
        return cls(kinds.get(found[2] or "", "arcsec"), float(found[1]))


@dataclass(frozen=True, slots=True)
class MeasureSettings:
    """Options of detection and measurement; picklable, and equal when they mean the same.

    Attributes
    ----------
    background : "map" or "constant"
        A two-dimensional background and noise map, or one number each for the frame.
    background_box : int
        Size of the boxes of the map, px.
    background_filter : int
        Width of the median filter over the boxes.
    threshold_sigma : float
        A pixel belongs to a source when the 3x3-smoothed frame is this many times the noise of a single pixel
        above the background (source-extractor's DETECT_THRESH).
    min_pixels : int
        Connected pixels that make a source.
    deblend_levels, deblend_contrast
        Levels between threshold and peak, and the share of a branch in the flux that makes it a source.
    clean : bool
        Drop detections that are no more than noise on the wings of a brighter neighbour.
    local_background : bool
        Take the sigma-clipped background of an annulus around each source from its circular apertures.
    apertures : "default" or "grid"
        The apertures below, or 32 of 0.2 to 15.7 FWHM and 20 of 4 to 20 px.
    apertures_arcsec, apertures_fwhm : tuple of float
        Diameters of the default apertures.
    primary : PrimaryRule
        The aperture that `flux` is measured in.
    min_stars : int
        A frame with fewer sources fails.
    """

    background: Literal["map", "constant"] = "map"
    background_box: int = 64
    background_filter: int = 3
    threshold_sigma: float = 1.5
    min_pixels: int = 5
    deblend_levels: int = 32
    deblend_contrast: float = 0.005
    clean: bool = True
    local_background: bool = True
    apertures: Literal["default", "grid"] = "default"
    apertures_arcsec: tuple[float, ...] = (5.0, 7.0, 10.0)
    apertures_fwhm: tuple[float, ...] = (2.5, 3.0, 3.5)
    primary: PrimaryRule = PrimaryRule()
    min_stars: int = 1

    def __post_init__(self) -> None:
        for name, low in (
            ("background_box", 8), ("background_filter", 1), ("threshold_sigma", 0.5), ("min_pixels", 1),
            ("deblend_levels", 1), ("min_stars", 0),
        ):  # fmt: skip
            if not getattr(self, name) >= low:
                raise UsageError(f"{name} is {getattr(self, name)}, the least is {low}")
        if any(d <= 0 for d in (*self.apertures_arcsec, *self.apertures_fwhm)):
            raise UsageError("an aperture diameter is not positive", "diameters are in arcsec or in FWHM of the frame")


def apertures(settings: MeasureSettings, *, pixel_scale: float | None) -> tuple[Aperture, ...]:
    """Return the apertures to measure, in the order of the columns.

    The grid is prose's 32 (radii 0.1 to 7.85 FWHM in steps of 0.25) and PHOTOMETRYPIPELINE's 20 (radii 2 to 10 px in
    equal steps), the latter written in arcsec at the nominal pixel scale so that they mean the same on every frame.

    Parameters
    ----------
    settings : MeasureSettings
    pixel_scale : float or None
        Nominal arcsec per pixel of the detector (not of the frame: apertures are kept for ever). None when it is not
        known: there are no apertures in arcsec then.
    """
    in_fwhm = settings.apertures_fwhm
    in_arcsec = settings.apertures_arcsec if pixel_scale else ()
    if settings.apertures == "grid":
        in_fwhm = tuple(round(2 * float(r), 2) for r in np.arange(0.1, 8.0, 0.25))
        in_arcsec = tuple(round(2 * float(r) * pixel_scale, 3) for r in np.linspace(2, 10, 20)) if pixel_scale else ()
    return (*(Aperture("arcsec", d) for d in in_arcsec), *(Aperture("fwhm", d) for d in in_fwhm))


def diameters_px(wanted: Sequence[Aperture], *, fwhm_px: float, pixel_scale: float | None) -> NDArray[np.float64]:
    """Return diameters in px on a frame, NaN where one is not to be measured: narrower than 4 px, or its unit unknown.

    Parameters
    ----------
    wanted : sequence of Aperture
    fwhm_px : float
        FWHM of the frame's stars, px.
    pixel_scale : float or None
        Arcsec per pixel of the frame.
    """
    scale = {"fwhm": fwhm_px, "arcsec": 1.0 / pixel_scale if pixel_scale else np.nan}
    px = np.array([a.diameter * scale[a.kind] for a in wanted], dtype=float)
    px[~(px >= MIN_DIAMETER_PX * 0.999)] = np.nan  # a thousandth for the rounding of apertures given in arcsec
    return px


def primary_px(
    rule: PrimaryRule,
    *,
    fwhm_px: float,
    pixel_scale: float | None = None,
    night_fwhm_px: float | None = None,
    growth_px: float | None = None,
) -> float:
    """Return the diameter of the primary aperture on a frame, px.

    Parameters
    ----------
    rule : PrimaryRule
    fwhm_px : float
        FWHM of the frame's stars, px.
    pixel_scale : float, optional
        Arcsec per px, for a diameter given in arcsec.
    night_fwhm_px, growth_px : float, optional
        Median FWHM of the night, and the diameter that `photdb.photometry.growth` chose, of this detector and band, px.

    Raises
    ------
    UsageError
        When what the rule needs is not known, or a diameter the user fixed is narrower than 4 px.
    """
    if rule.kind == "fwhm":
        return max(float(rule.diameter or 3.0) * fwhm_px, MIN_PRIMARY_PX)
    given = {
        "arcsec": rule.diameter / pixel_scale if rule.diameter and pixel_scale else None,
        "night-fwhm": rule.diameter * night_fwhm_px if rule.diameter and night_fwhm_px else None,
        "growth": growth_px,
    }[rule.kind]
    if given is None:
        need = {"arcsec": "the pixel scale", "night-fwhm": "the night's FWHM", "growth": "the night's growth curve"}[
            rule.kind
        ]
        raise UsageError(
            f"--aperture in {rule.kind} needs {need}, which is not known", "leave --aperture out for 3 FWHM"
        )
    if given < MIN_DIAMETER_PX:
        raise UsageError(
            f"--aperture is {given:.2f} px wide on this frame; below {MIN_DIAMETER_PX:g} px the place of a star within "
            "its pixel decides the flux",
            "give a wider one",
        )
    return float(given)
