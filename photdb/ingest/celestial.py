"""The celestial WCS of a header, made clean: what observatories write is not always what wcslib reads.

Conventions: Greisen & Calabretta 2002 (A&A 395, 1061) and Calabretta & Greisen 2002 (A&A 395, 1077); SIP: Shupe et al.
2005 (ASP Conf. 347, 491); TPV: the FITS registry's tpv, as SCAMP writes it under the name TAN.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from photdb.ingest.cards import Cards
from photdb.ingest.reading import Reading

_SIP = re.compile(r"(?:AP?|BP?)_(?:ORDER|\d_\d)$")
_PV = re.compile(r"PV[12]_\d{1,2}$")
_FRAMES = ("ICRS", "FK5", "FK4", "FK4-NO-E")


@dataclass(frozen=True, slots=True)
class CelestialWcs:
    """Cleaned cards, with the linear part in numbers: CRPIX counted from 1, degrees."""

    text: str
    crval: tuple[float, float]
    crpix: tuple[float, float]
    cd: tuple[float, float, float, float]

    @property
    def scale_arcsec(self) -> float:
        """Return the geometric mean of the pixel's sides, arcsec."""
        a, b, c, d = self.cd
        return math.sqrt(abs(a * d - b * c)) * 3600.0

    @property
    def rotation_deg(self) -> float:
        """Return the position angle of +y, degrees east of north, at the reference pixel."""
        return math.degrees(math.atan2(self.cd[1], self.cd[3])) % 360.0

    @property
    def mirrored(self) -> bool:
        """Tell whether no rotation brings north up and east to the left."""
        a, b, c, d = self.cd
        return a * d - b * c > 0

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return ra, dec of a pixel (0-based) by the linear part and the gnomonic projection."""
        dx, dy = x + 1 - self.crpix[0], y + 1 - self.crpix[1]
        xi = math.radians(self.cd[0] * dx + self.cd[1] * dy)
        eta = math.radians(self.cd[2] * dx + self.cd[3] * dy)
        ra0, dec0 = math.radians(self.crval[0]), math.radians(self.crval[1])
        down = math.cos(dec0) - eta * math.sin(dec0)
        ra = ra0 + math.atan2(xi, down)
        dec = math.atan2(math.sin(dec0) + eta * math.cos(dec0), math.hypot(xi, down))
        return math.degrees(ra) % 360.0, math.degrees(dec)


def clean_wcs(reading: Reading, width: int, height: int) -> CelestialWcs | None:
    """Return the celestial WCS of a header, or None where it has none that can be meant.

    Numbers written as strings become numbers; PC, CDELT and CROTA become CD; a TAN with SCAMP's polynomial is named
    TPV, one with SIP coefficients TAN-SIP; RADECSYS becomes RADESYS. Pixels stay those of the raw array.
    """
    cards = reading.cards
    types = [str(cards.own(f"CTYPE{i}") or "").strip().upper() for i in (1, 2)]
    if not _is_celestial(types):
        return None
    crval, crpix = _pair(cards, "CRVAL"), _pair(cards, "CRPIX")
    cd = _cd(cards)
    if crval is None or cd is None:
        reading.guess("wcs", "CTYPE promises one, but CRVAL or the scale (CD, PC, CDELT) is not usable: no WCS taken")
        return None
    if crpix is None:
        crpix = ((width + 1) / 2, (height + 1) / 2)
        reading.guess("wcs", "no CRPIX, the centre of the image assumed")
    projection, extra = _distortion(cards, types[0].rpartition("-")[0] if types[0].endswith("-SIP") else types[0])
    first, second = (types[i][:4] for i in (0, 1))
    lines = [_card("WCSAXES", 2), _card("CTYPE1", first + projection), _card("CTYPE2", second + projection)]
    lines += [_card(f"CUNIT{i}", "deg") for i in (1, 2)]
    lines += [_card(f"CRVAL{i + 1}", crval[i]) for i in (0, 1)] + [_card(f"CRPIX{i + 1}", crpix[i]) for i in (0, 1)]
    lines += [_card(name, value) for name, value in zip(("CD1_1", "CD1_2", "CD2_1", "CD2_2"), cd, strict=True)]
    lines += [_card(name, number) for name in ("LONPOLE", "LATPOLE") if (number := cards.number(name)) is not None]
    lines += _reference_frame(cards) + extra
    swapped = first[:2] != "RA"  # axis 1 is the declination: the order of CRVAL and of the rows of CD follows
    order = (cd[2], cd[3], cd[0], cd[1]) if swapped else cd
    text = "".join(lines)
    reading.found("wcs", first + projection, "CTYPE1, CTYPE2")
    return CelestialWcs(text, (crval[1], crval[0]) if swapped else crval, crpix, order)


def _is_celestial(types: list[str]) -> bool:
    """Tell whether two axes are right ascension and declination in a projection."""
    return sorted(t[:4] for t in types) == ["DEC-", "RA--"] and all(len(t) >= 8 for t in types)


def _pair(cards: Cards, stem: str) -> tuple[float, float] | None:
    one, two = _number(cards, f"{stem}1"), _number(cards, f"{stem}2")
    return None if one is None or two is None else (one, two)


def _number(cards: Cards, keyword: str) -> float | None:
    """Return a number of this header alone: a WCS is never inherited from the primary header."""
    return None if cards.own(keyword) is None else cards.number(keyword)


def _cd(cards: Cards) -> tuple[float, float, float, float] | None:
    """Return the matrix from pixels to degrees, from CD, PC with CDELT, or CROTA with CDELT."""
    cd = [_number(cards, f"CD{i}_{j}") for i in (1, 2) for j in (1, 2)]
    if any(cd):
        matrix = tuple(value or 0.0 for value in cd)
    else:
        cdelt = _pair(cards, "CDELT")
        if cdelt is None:
            return None
        pc = [_number(cards, f"PC{i}_{j}") for i in (1, 2) for j in (1, 2)]
        if all(value is None for value in pc):
            pc = [_number(cards, f"PC{i:03d}{j:03d}") for i in (1, 2) for j in (1, 2)]
        if any(value is not None for value in pc):
            unit = (1.0, 0.0, 0.0, 1.0)
            matrix = tuple((unit[k] if pc[k] is None else pc[k]) * cdelt[k // 2] for k in range(4))  # type: ignore[operator]
        else:
            rho = math.radians(_number(cards, "CROTA2") or _number(cards, "CROTA1") or 0.0)
            sine, cosine = math.sin(rho), math.cos(rho)
            matrix = (cdelt[0] * cosine, -cdelt[1] * sine, cdelt[0] * sine, cdelt[1] * cosine)
    factor = _to_degrees(cards)
    a, b, c, d = (value * factor for value in matrix)
    area = abs(a * d - b * c)
    # 1 (degree per pixel)^2 and more is a placeholder, as is a scale below a tenth of a milliarcsecond
    return (a, b, c, d) if 1e-15 < area < 1.0 else None


def _to_degrees(cards: Cards) -> float:
    """Return the factor from the unit of the matrix to degrees."""
    unit = str(cards.own("CUNIT1") or "deg").strip().lower()
    if unit.startswith("arcs"):
        return 1 / 3600.0
    if unit.startswith("arcm"):
        return 1 / 60.0
    return math.degrees(1.0) if unit.startswith("rad") else 1.0


def _distortion(cards: Cards, ctype: str) -> tuple[str, list[str]]:
    """Return the projection's right name and the cards of its polynomial."""
    projection = ctype[4:].strip("-")
    sip = (
        _polynomial(cards, ("A_", "B_", "AP_", "BP_"), _SIP)
        if cards.own("A_ORDER") is not None and cards.own("B_ORDER") is not None
        else []
    )
    if projection == "TAN" and sip:
        return "-TAN-SIP", sip
    terms = _polynomial(cards, ("PV1_", "PV2_"), _PV)
    if projection in ("TPV", "TAN") and terms and (projection == "TPV" or _is_polynomial(cards)):
        return "-TPV", terms
    return f"-{projection.removesuffix('-SIP')}", [] if projection == "TAN" else terms


def _is_polynomial(cards: Cards) -> bool:
    """Tell SCAMP's polynomial from the standard's PV1_1 to PV1_3; a TAN has no use for any PV2."""
    terms = [key for key in cards.starting(("PV1_", "PV2_")) if _PV.match(key) and cards.number(key)]
    return any(key.startswith("PV2") or int(key[4:]) >= 4 for key in terms)


def _polynomial(cards: Cards, prefixes: tuple[str, ...], pattern: re.Pattern[str]) -> list[str]:
    """Return the cards of a polynomial, as numbers."""
    lines = []
    for key in cards.starting(prefixes):
        if not pattern.match(key):
            continue
        if key.endswith("ORDER"):
            lines.append(_card(key, int(cards.number(key) or 0)))
        elif bare := cards.bare_card(key):
            lines.append(bare)
        elif (number := cards.number(key)) is not None:
            lines.append(_card(key, number))
    return lines


def _reference_frame(cards: Cards) -> list[str]:
    """Return RADESYS and EQUINOX; without them ICRS is left to the reader, FK5 without an equinox is J2000."""
    said = str(cards.get("RADESYS") or cards.get("RADECSYS") or "").strip().upper()
    frame = next((name for name in _FRAMES if said == name or said.startswith(f"{name}/")), None)
    equinox = cards.number("EQUINOX")
    if equinox is None and frame in ("FK5", "FK4", "FK4-NO-E"):
        equinox = 2000.0 if frame == "FK5" else 1950.0
    lines = [_card("RADESYS", frame)] if frame else []
    return [*lines, _card("EQUINOX", equinox)] if equinox and 1800 < equinox < 2200 else lines


def _card(keyword: str, value: str | float) -> str:
    """Return one card of 80 characters."""
    said = f"'{value:<8}'" if isinstance(value, str) else f"{value!r:>20}".replace("e", "E")
    return f"{keyword:<8}= {said}".ljust(80)
