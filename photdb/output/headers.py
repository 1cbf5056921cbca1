"""What photdb knows of a frame as FITS cards: under ezphot's names and in its units, and where it comes from."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from photdb.output.ezphot_units import CALIBRATED, lines, zero_of, zero_point

#: A file that photdb wrote has this card.
MARK = "PHOTVER"
Cards = dict[str, tuple[Any, str]]

#: Keywords of a celestial WCS: what a better solution replaces.
_WCS = re.compile(
    r"WCSAXES|WCSNAME|CTYPE[12]|CUNIT[12]|CRVAL[12]|CRPIX[12]|CDELT[12]|CROTA[12]|CRDER[12]|CSYER[12]|CD[12]_[12]|"
    r"PC[12]_[12]|PC00[12]00[12]|PV[12]_\d+|PS[12]_\d+|LONPOLE|LATPOLE|RADESYS|RADECSYS|EQUINOX|"
    r"(A|B|AP|BP)_(ORDER|DMAX|\d+_\d+)|[DC]P[12]|CPERR[12]|WAT[012]_\d{3}|TR[12]_\d+"
)


def is_wcs(keyword: str) -> bool:
    """Whether a keyword belongs to a celestial WCS.

    Examples
    --------
    >>> [is_wcs(word) for word in ("CRVAL1", "A_2_0", "PV1_12", "CRVAL3", "EXPTIME")]
    [True, True, True, False, False]
    """
    return _WCS.fullmatch(keyword) is not None


def cards(
    frame: Mapping[str, Any],
    zeros: Mapping[int, Mapping[str, Any]],
    suffix: Mapping[int, str],
) -> Cards:
    """Return the cards of a frame: keyword to value and comment; what is not known has none.

    Parameters
    ----------
    frame : mapping
        A row of the query ``frames_measured``.
    zeros : mapping
        The frame's zero points in use, by aperture.
    suffix : mapping
        As `photdb.output.ezphot_units.suffixes` returns it.
    """
    found: Cards = {
        "SEEING": (frame["fwhm_arcsec"], "[arcsec] FWHM of the stars"),
        "PEEING": (frame["fwhm_px"], "[px] FWHM of the stars"),
        "SKYVAL": (frame["sky"], "[ADU] background"),
        "SKYSIG": (frame["sky_rms"], "[ADU] noise of the background"),
        "ELLIP": (frame["ellipticity"], "1 - b/a of the stars"),
        "SATURATE": (frame["saturation"], "[ADU] saturation"),
    }
    for aperture_id, name in suffix.items():
        zero = zero_of(zeros, frame, aperture_id)
        constants = zero_point(zero, frame, aperture_id)
        found |= {f"{key}_{name}": (value, _WORDS[key]) for key, value in constants.items()}
        found |= {f"{key}SKY_{name}": (constants[key], _WORDS[key]) for key in ("UL3", "UL5") if key in constants}
        if zero is not None and constants:
            for key, (slope, intercept) in lines(zero).items():
                kind, _, index = key.partition("_")
                tail = f"{name}_{index}" if index else name
                found[f"K_{kind}_{tail}"] = (slope, "slope")
                found[f"C_{kind}_{tail}"] = (intercept, "intercept")
    found |= _provenance(frame, zeros)
    return {key: (value, comment) for key, (value, comment) in found.items() if _is_value(value)}


_WORDS = {
    "ZP": "[mag] of one count in the exposure",
    "ZPERR": "[mag] scatter of the stars",
    "UL3": "[mag] 3 sigma of the sky",
    "UL5": "[mag] 5 sigma of the sky",
}


def _provenance(frame: Mapping[str, Any], zeros: Mapping[int, Mapping[str, Any]]) -> Cards:
    """Return where the numbers come from; errors of the zero point as photdb has them."""
    zero: Mapping[str, Any] = zeros.get(0) or next(iter(zeros.values()), {})
    return {
        "PHOTCAL": (zero.get("cal_id"), "photdb: calibration"),
        "PHOTSYS": (zero.get("mag_system"), "photdb: system of the magnitudes"),
        "PHOTCAT": (zero.get("catalog"), "photdb: catalogue of the reference stars"),
        "PHOTBAND": (zero.get("ref_band"), "photdb: band of the reference magnitudes"),
        "PHOTNREF": (zero.get("n_star"), "photdb: reference stars"),
        "PHOTZP": (
            zero.get("zp") if zero.get("mag_system") in CALIBRATED else None,
            "[mag] photdb: of 1 ADU/s, primary aperture",
        ),
        "PHOTZERR": (zero.get("zp_err"), "[mag] photdb: random error of the zero point"),
        "PHOTZSYS": (zero.get("zp_sys"), "[mag] photdb: error of the tie"),
        "PHOTFRAM": (frame["frame_id"], "photdb: frame_id"),
        "PHOTRUN": (frame["run_id"], "photdb: run that measured it"),
        MARK: (version("photdb"), "photdb: version that wrote this copy"),
    }


def _is_value(value: Any) -> bool:
    """Whether FITS has a way to write a value."""
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))
