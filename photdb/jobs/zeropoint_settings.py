"""How frames are calibrated, and which stars may take part: all options and their defaults."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from photdb.errors import UsageError
from photdb.photometry.flags import Flag

METHODS = ("catalogue", "frame", "pp", "ubercal", "manual", "instrumental")

#: The cuts in the order in which they are made: number 1 first. `schema/jobs/zeropoint_measured.sql` has the numbers.
CUTS = (
    "fwhm_range", "inner", "isolation", "magnitude", "class_star", "fwhm_sigma", "elongation", "flags", "mask", "snr",
    "catalogue", "ref_err", "solar", "vsx", "varying", "colour",
)  # fmt: skip

#: What each cut removes, in words.
CUT_WORDS: Mapping[str, str] = {
    "fwhm_range": "FWHM out of range",
    "inner": "outside the inner part",
    "isolation": "not isolated",
    "magnitude": "magnitude out of range",
    "class_star": "not like a star",
    "fwhm_sigma": "FWHM unlike the others'",
    "elongation": "elongated",
    "flags": "saturated, truncated or incomplete",
    "mask": "bad pixel or cosmic ray",
    "snr": "signal to noise",
    "catalogue": "doubtful in the catalogue",
    "ref_err": "catalogue error too large",
    "solar": "not of solar colour",
    "vsx": "known variable",
    "varying": "varies in our data",
    "colour": "colour unknown",
}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which stars may take part; None: no such cut. The order is that of `CUTS`.

    The defaults cut what is certainly wrong. What ezphot and PP cut beside it costs stars, and is asked for.

    Attributes
    ----------
    fwhm_lower, fwhm_upper
        arcsec; of the detection.
    inner
        Share of the width and of the height of the frame, about its middle.
    neighbours
        Remove stars with a catalogue neighbour within the primary aperture that is less than 3 mag fainter.
    isolation_arcsec
        Remove detections with another one of the same frame nearer than this. Where isolation would leave a frame
        fewer than `min_stars` of stars that pass all else, it is not asked for in that frame, and the row says so.
    mag_lower, mag_upper
        mag; of the reference star.
    dynamic_range
        Find the useful range of reference magnitudes frame by frame: `photdb.photometry.magnitude_range`.
    class_star
        Least.
    fwhm_sigma, elongation_sigma
        Distance from the median, in 1.4826 median absolute deviations, of the stars that passed the cuts before.
    elongation
        Largest a / b.
    max_flag
        Largest value of the first eight bits of `flags` together, as PP and ezphot cut them.
    bad_flags, mask_flags
        Bits that leave a detection out (docs/reference/flags.md).
    snr, max_snr
        Signal to noise in the aperture concerned; the upper limit is of the primary aperture.
    only_good
        Only stars that the catalogue's file calls good, within the band's useful range.
    max_ref_err
        mag; largest error of the reference magnitude. An unknown error passes.
    solar
        Only stars of solar colour, as PP: ``|(g-r) - 0.44| < 0.2`` and ``|(r-i) - 0.11| < 0.2``, in 2MASS
        ``J-H > 0.09``.
    drop_known
        Remove stars within 3 arcsec of a known variable, where catalogue vsx is in the store.
    max_chi2
        Largest chi2 per degree of freedom of a star's own light curve, as calibrated now, over 10 frames or more.
    """

    fwhm_lower: float | None = None
    fwhm_upper: float | None = None
    inner: float | None = None
    neighbours: bool = True
    isolation_arcsec: float | None = None
    mag_lower: float | None = None
    mag_upper: float | None = None
    dynamic_range: bool = False
    class_star: float | None = None
    fwhm_sigma: float | None = None
    elongation: float | None = None
    elongation_sigma: float | None = None
    max_flag: int | None = None
    bad_flags: int = int(Flag.SATURATED | Flag.TRUNCATED | Flag.APERTURE_INCOMPLETE)
    mask_flags: int = int(Flag.BAD_PIXEL)
    snr: float = 10.0
    max_snr: float | None = None
    only_good: bool = True
    max_ref_err: float | None = None
    solar: bool = False
    drop_known: bool = True
    max_chi2: float | None = None

    def __post_init__(self) -> None:
        """Refuse what means nothing."""
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            _refuse_unless(value is None or low <= value <= high, f"{name} {value}", f"{low:g} to {high:g}")


#: Smallest and largest value of the cuts that are numbers; nothing is within a range that is not a number.
_RANGES: Mapping[str, tuple[float, float]] = {
    "fwhm_lower": (0.0, 1e4), "fwhm_upper": (0.0, 1e4), "inner": (1e-3, 1.0), "isolation_arcsec": (0.0, 1e4),
    "mag_lower": (-30.0, 40.0), "mag_upper": (-30.0, 40.0), "class_star": (0.0, 1.0), "fwhm_sigma": (0.1, 1e3),
    "elongation": (1.0, 1e3), "elongation_sigma": (0.1, 1e3), "max_flag": (0, 255), "snr": (0.0, 1e6),
    "max_snr": (0.0, 1e9), "max_ref_err": (0.0, 10.0), "max_chi2": (0.0, 1e9),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ZeropointSettings:
    """How frames are calibrated.

    Attributes
    ----------
    method
        ``catalogue`` (all frames of a detector and band together, with star offsets), ``frame`` (each by itself),
        ``pp``, ``ubercal`` (the frames hold each other, the catalogue only the level), ``manual`` (`zp`),
        ``instrumental``.
    min_stars
        With fewer, the next catalogue is taken, and a zero point is flagged; a fraction is one of the candidates.
        None: 3. Of ``pp`` it is what its scheme keeps, and None is 0.5.
    calibrate_as
        Catalogue band that bands without reference magnitudes are tied to; None: what the telescope file says.
    catalog
        Only this catalogue, or these in this order; None: the best there is.
    colour_term
        ``auto`` (shared by the frames of a detector, band and season, where it can be had), ``none``, ``shared``,
        ``frame``, or its value (mag per mag).
    colour
        Colour index of the term, as ``g-i``; None: the first of the band's that the catalogue gives for most stars.
    magnitude_term
        Fit a magnitude term, shared by the frames.
    spatial
        Order of the polynomial over the frame, 0 to 3.
    spatial_per
        ``shared`` or ``frame``.
    extinction
        Say the extinction of each night.
    robust
        ``auto`` (median under 20 stars, biweight above), ``median``, ``biweight`` or ``huber``.
    zp
        mag and error of the manual zero point.
    primary_only
        Leave out the other apertures: quicker, but their fluxes then have no zero point in this calibration.
    select
        Which stars.
    """

    method: str = "catalogue"
    min_stars: float | None = None
    calibrate_as: str | None = None
    catalog: str | tuple[str, ...] | None = None
    colour_term: str | float = "auto"
    colour: str | None = None
    magnitude_term: bool = False
    spatial: int = 0
    spatial_per: str = "shared"
    extinction: bool = False
    robust: str = "auto"
    zp: tuple[float, float] | None = None
    primary_only: bool = False
    select: Selection = field(default_factory=Selection)

    def __post_init__(self) -> None:
        """Refuse what means nothing."""
        _refuse_unless(self.method in METHODS, f"method {self.method!r}", f"one of {', '.join(METHODS)}")
        modes = ("auto", "none", "shared", "frame")
        term = self.colour_term
        _refuse_unless(
            term in modes or (isinstance(term, (int, float)) and math.isfinite(term)),
            f"colour term {term!r}", f"{', '.join(modes)} or a number",
        )  # fmt: skip
        _refuse_unless(self.spatial in (0, 1, 2, 3), f"spatial order {self.spatial}", "0 to 3")
        _refuse_unless(
            self.spatial_per in ("shared", "frame"), f"--spatial-per {self.spatial_per!r}", "shared or frame"
        )
        robust = ("auto", "median", "biweight", "huber")
        _refuse_unless(self.robust in robust, f"--robust {self.robust!r}", f"one of {', '.join(robust)}")
        _refuse_unless(
            self.min_stars is None or self.min_stars > 0,
            f"at least {self.min_stars} stars",
            "a number above 0, or a fraction",
        )
        with_or_without = "without a zero point" if self.zp is None else "with a zero point"
        _refuse_unless(
            (self.method == "manual") == (self.zp is not None), f"method {self.method} {with_or_without}",
            "a manual zero point and its error: --zp 25.3 0.02",
        )  # fmt: skip
        _refuse_unless(
            self.zp is None or (all(map(math.isfinite, self.zp)) and self.zp[1] >= 0),
            f"--zp {' '.join(map(str, self.zp or ()))}", "two numbers, mag and an error of 0 or more: --zp 25.3 0.02",
        )  # fmt: skip

    @property
    def catalogs(self) -> list[str] | None:
        """The catalogues in the order asked for."""
        if not self.catalog:
            return None
        return [self.catalog] if isinstance(self.catalog, str) else list(self.catalog)

    @property
    def needed(self) -> int:
        """Fewest stars of a good zero point, where that is a number."""
        return math.ceil(self.min_stars) if self.min_stars is not None and self.min_stars >= 1 else 3

    @property
    def share(self) -> float | None:
        """Share of the candidates that a good zero point must have; None: it is a number."""
        if self.method == "pp" or self.min_stars is None or self.min_stars >= 1:
            return None
        return self.min_stars

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> ZeropointSettings:
        """Return the settings that a calibration has kept as JSON; what it did not know yet has its default."""
        known = {f.name for f in fields(cls)}
        words = {k: v for k, v in kept.items() if k in known}
        cuts = {f.name for f in fields(Selection)}
        words["select"] = Selection(**{k: v for k, v in (words.get("select") or {}).items() if k in cuts})
        for name in ("catalog", "zp"):
            if isinstance(words.get(name), list):
                words[name] = tuple(words[name])
        return cls(**words)


def _refuse_unless(good: bool, found: str, wanted: str) -> None:
    """Raise with what was found and what is wanted."""
    if not good:
        raise UsageError(found, f"wanted: {wanted}")
