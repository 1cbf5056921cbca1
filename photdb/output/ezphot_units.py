"""ezphot's names and units for a frame: counts of the whole exposure, apertures by suffix, limits from the sky alone.

Its zero point is ours of counts per exposure, ``ZP = zp + 2.5 log10(exptime)``; its ``ZPERR`` is the scatter of the
stars; its limits are ``UL_n = ZP - 2.5 log10(n SKYSIG sqrt(NPIX))``. Colour and magnitude terms are straight lines
there, ``a x + b``: ours are turned into them, ``a = term`` and ``b = -term x pivot``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from photdb.magnitudes import aperture_pixels, per_exposure, sky_limit

#: A zero point that is only relative, or none, must not look calibrated: it gets no ZP in ezphot's files.
CALIBRATED = ("AB", "Vega", "tied")


def suffixes(apertures: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """Return ezphot's suffix of each aperture: fixed ones first, then those in units of the seeing.

    Parameters
    ----------
    apertures : sequence of mappings
        Rows of table ``aperture``.

    Examples
    --------
    >>> suffixes([{"aperture_id": 1, "kind": "fwhm"}, {"aperture_id": 2, "kind": "arcsec"}])
    {-1: 'AUTO', 2: 'APER', 1: 'APER_1'}
    """
    measured = [a for a in apertures if a["aperture_id"] > 0]
    order = sorted(measured, key=lambda a: (a["kind"] != "arcsec", a["aperture_id"]))
    return {-1: "AUTO"} | {a["aperture_id"]: f"APER_{k}" if k else "APER" for k, a in enumerate(order)}


def zero_of(zeros: Mapping[int, Any], frame: Mapping[str, Any], aperture_id: int) -> Any:
    """Return what belongs to an aperture, or to the primary aperture (0) where that is the same one; None: nothing.

    Parameters
    ----------
    zeros : mapping
        By aperture.
    frame : mapping
        A row of ``frame``.
    aperture_id : int
        The aperture, -1 auto.
    """
    found = zeros.get(aperture_id)
    return zeros.get(0) if found is None and frame["primary_aperture_id"] == aperture_id else found


def diameter_px(frame: Mapping[str, Any], aperture_id: int) -> float:
    """Return the diameter (px) of an aperture in a frame, NaN where the frame did not measure it."""
    radii = frame["aper_radius_px"] or []
    radius = radii[aperture_id - 1] if 0 < aperture_id <= len(radii) else None
    return float("nan") if radius is None else 2.0 * float(radius)


def pixels(frame: Mapping[str, Any], aperture_id: int) -> float:
    """Return the area (px) of an aperture in a frame; of the Kron ellipses, their mean (``npix_auto`` of the frame)."""
    if aperture_id == -1:
        return float("nan") if frame["npix_auto"] is None else float(frame["npix_auto"])
    return float(aperture_pixels(diameter_px(frame, aperture_id)))


def zero_point(zero: Mapping[str, Any] | None, frame: Mapping[str, Any], aperture_id: int) -> dict[str, float]:
    """Return ZP, ZPERR, UL3 and UL5 of a frame and aperture as ezphot means them; empty where it is not calibrated.

    Parameters
    ----------
    zero : mapping or None
        A row of ``zeropoint``.
    frame : mapping
        A row of ``frame``, with ``npix_auto``, the mean area (px) of its Kron ellipses.
    aperture_id : int
        The aperture, -1 auto.
    """
    if zero is None or zero["zp"] is None or zero["mag_system"] not in CALIBRATED or not frame["exptime_s"]:
        return {}
    zp = float(per_exposure(zero["zp"], frame["exptime_s"]))
    scatter = zero["zp_err"] if zero["zp_scatter"] is None else zero["zp_scatter"]
    found = {"ZP": zp} | ({} if scatter is None else {"ZPERR": float(scatter)})
    if frame["sky_rms"]:
        area = pixels(frame, aperture_id)
        found |= {f"UL{n}": float(sky_limit(zp, frame["sky_rms"], area, n)) for n in (3, 5)}
    return {name: value for name, value in found.items() if value == value}


def lines(zero: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Return the colour and magnitude terms of a zero point as slope and intercept: ``COLOR_<index>`` and ``MAG``."""
    found = {}
    if zero["colour_term"] is not None:
        found[f"COLOR_{zero['colour']}"] = (zero["colour_term"], -zero["colour_term"] * zero["colour_pivot"])
    if zero["mag_term"] is not None:
        found["MAG"] = (zero["mag_term"], -zero["mag_term"] * zero["mag_pivot"])
    return found
