"""The fields of a header, one function each: what kind of frame, of what, with which camera, from where."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from photdb.bands import band_of
from photdb.ingest.cards import Value
from photdb.ingest.celestial import CelestialWcs
from photdb.ingest.frame_header import Section, Site
from photdb.ingest.reading import Reading, listed
from photdb.ingest.telescope import PointingRule
from photdb.times import sidereal_hours

UNKNOWN_BAND = "unknown"
_ANGLE = re.compile(
    r"^\s*([+-]?)\s*(\d{1,3})\s*([:hd°\s])\s*(\d{1,2})\s*(?:[:m'′\s]\s*(\d{1,2}(?:\.\d*)?)?\s*(?:s|\"|″|:\d+)?)?\s*$",
    re.IGNORECASE,
)
_SECTION = re.compile(r"^\[?\s*(\d+)\s*:\s*(\d+)\s*,\s*(\d+)\s*:\s*(\d+)\s*\]?$")
_PLAIN_EXTENSIONS = frozenset({"", "SCI", "PRIMARY", "IMAGE", "COMPRESSED_IMAGE", "CHIP1"})
_SIDEREAL = ("LST", "LST-OBS", "ST", "SIDEREAL")
_HOURS, _DEGREES = re.compile(r"\bhours?\b|\bhrs?\b|h:m|hh:mm", re.IGNORECASE), re.compile(r"\bdeg", re.IGNORECASE)


def size(reading: Reading, shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return width, height and number of axes of the raw array; a cube of one plane has two."""
    while len(shape) > 2 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) != 2:
        reading.problem(f"{len(shape)} axes ({' x '.join(map(str, shape))}): only images of two axes can be used")
    width, height = (*shape, 1, 1)[:2]
    return reading.found("width", width, "NAXIS1"), reading.found("height", height, "NAXIS2"), len(shape)


def image_type(reading: Reading, path: Path) -> tuple[str, str | None]:
    """Return the type of the frame and the name of what it shows."""
    telescope, cards = reading.telescope, reading.cards
    said = cards.first(telescope.object_cards)
    name = reading.found("object_name", str(said[1]), said[0]) if said else None
    kind = cards.first(telescope.type_cards)
    if kind is not None:
        for image, words in telescope.type_words:
            if words.match(kind[1]):
                return reading.found("image_type", image, kind[0]), name
        reading.guess("image_type", f"{kind[0]} = {str(kind[1])!r} is not a word known here, taken as other")
        return "other", name
    for image, words in telescope.type_hints:
        for hint, origin in ((name, said[0] if said else ""), (path.name, "file name")):
            if words.match(hint):
                reading.guess("image_type", f"no card ({listed(telescope.type_cards)}), taken from the {origin}")
                return reading.found("image_type", image, origin), name
    if telescope.type_hints:  # a telescope file without hints says that the camera writes lights only
        reading.guess("image_type", f"no card ({listed(telescope.type_cards)}), taken as light")
    return reading.found("image_type", "light", "telescope file"), name


def passband(reading: Reading, kind: str) -> tuple[str | None, str | None]:
    """Return the header's word for the filter and our band; both None for a bias or a dark, whatever the wheel says."""
    if kind in ("bias", "dark"):
        return None, None
    said = _filter_word(reading)
    if said is None:
        if reading.telescope.filter_default is None:
            reading.guess("filter", f"no card ({listed(reading.telescope.filter_cards)}), band {UNKNOWN_BAND!r}")
            return None, UNKNOWN_BAND
        said = reading.telescope.filter_default, "telescope file"
    word = reading.found("filter", *said)
    named = reading.telescope.filter_bands.get(word)
    if named is not None:
        return word, reading.found("band", named, "telescope file")
    band, known = _band(word)
    if not known:
        reading.guess("filter", f"{word!r} is not a filter known here, band {band!r} of its own")
    return word, reading.found("band", band, "bands.toml")


_band = lru_cache(maxsize=256)(band_of)


def _filter_word(reading: Reading) -> tuple[str, str] | None:
    """Return the first card's word; of several wheels (``FILTER1+FILTER2``) those that are not open."""
    for entry in reading.telescope.filter_cards:
        wheels = entry.split("+")
        words = [word for word in map(reading.cards.text, wheels) if word]
        if len(wheels) == 1 and words:
            return words[0], entry
        closed = [word for word in words if not reading.telescope.open_words.match(word)]
        if words:
            return "+".join(closed) or words[0], entry
    return None


def exposure(reading: Reading, kind: str) -> float | None:
    """Return the exposure time in seconds; 0 for a bias that does not say it."""
    rule = reading.telescope.exposure
    value = reading.quantity("exptime_s", rule, low=0.0, high=1e6)
    if value is None and kind == "bias":
        return 0.0
    if value is None:
        reading.problem(f"no exposure time ({listed([use.card for use in rule.cards])})")
    elif value == 0 and kind == "light":
        reading.problem("the exposure time is 0 s")
    return value


def angle(value: Value | None, *, hours: bool) -> float | None:
    """Return degrees from a number or sexagesimal text; `hours` tells what the text counts in.

    A text that says ``d`` or whose first part is 24 or more is in degrees, one that says ``h`` in hours.
    """
    if isinstance(value, bool) or value is None:
        return None
    if not isinstance(value, str):
        return float(value)
    try:
        return float(value)
    except ValueError:
        pass
    found = _ANGLE.match(value)
    if not found or float(found[4]) >= 60 or float(found[5] or 0) >= 60:
        return None
    number = float(found[2]) + float(found[4]) / 60 + float(found[5] or 0) / 3600
    in_hours = found[3].lower() == "h" or (hours and found[3].lower() not in "d°" and float(found[2]) < 24)
    return (-number if found[1] == "-" else number) * (15.0 if in_hours else 1.0)


def pointing(reading: Reading, wcs: CelestialWcs | None, width: int, height: int) -> tuple[float | None, float | None]:
    """Return where the telescope pointed, deg: by the first pair of cards that says it, else by the WCS."""
    for rule in reading.telescope.pointings:
        ra, dec = _right_ascension(reading, rule, wcs), angle(reading.cards.get(rule.dec), hours=False)
        if ra is not None and dec is not None and 0 <= ra <= 360 and abs(dec) <= 90:
            return reading.found("ra", ra % 360.0, rule.ra), reading.found("dec", dec, rule.dec)
    if wcs is not None:
        ra, dec = wcs.at((width - 1) / 2, (height - 1) / 2)
        return reading.found("ra", ra, "WCS"), reading.found("dec", dec, "WCS")
    return None, None


def _right_ascension(reading: Reading, rule: PointingRule, wcs: CelestialWcs | None) -> float | None:
    """Return degrees; what a bare number counts in is decided by the rule, its comment, or other evidence."""
    value = reading.cards.get(rule.ra)
    number = angle(value, hours=rule.ra_unit != "degrees")
    if number is None or (isinstance(value, str) and not _is_number(value)):
        return number
    if rule.ra_unit != "auto":
        return number * 15.0 if rule.ra_unit == "hours" else number
    comment = reading.cards.comment(rule.ra)
    if number > 24 or _DEGREES.search(comment):
        return number
    if _HOURS.search(comment):
        return number * 15.0
    return _by_evidence(reading, rule, number, wcs)


def _by_evidence(reading: Reading, rule: PointingRule, number: float, wcs: CelestialWcs | None) -> float:
    """Decide between hours and degrees of a number below 24 by what else the header says."""
    others = [
        angle(text, hours=True)
        for other in reading.telescope.pointings
        if other.ra != rule.ra and isinstance(text := reading.cards.get(other.ra), str) and not _is_number(text)
    ]
    evidence = wcs.crval[0] if wcs is not None else next((ra for ra in others if ra is not None), None)
    if evidence is None:
        reading.guess("ra", f"{rule.ra} = {number:g} taken as degrees; it could be hours")
        return number
    as_degrees, as_hours = (abs((ra - evidence + 180) % 360 - 180) for ra in (number, number * 15))
    return number * 15.0 if as_hours < as_degrees else number


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def site(reading: Reading, mjd: float | None) -> Site | None:
    """Return where the telescope stands: its cards, else its file, else the standard's OBSGEO cards.

    Where the sign of the longitude is only assumed, the header's sidereal time at `mjd` decides, if it does.
    """
    place = _site(reading)
    if place is None or mjd is None or not reading.telescope.site.longitude_guess or not reading.is_guess("site"):
        return place
    said = next((text for card in _SIDEREAL if isinstance(text := reading.cards.get(card), str)), None)
    degrees = angle(said, hours=True)
    if degrees is None:
        return place
    east, west = (abs((sidereal_hours(mjd, sign * place.longitude) - degrees / 15 + 12) % 24 - 12) for sign in (1, -1))
    if west < 0.1 and east > 0.25:
        reading.guess("site", f"longitude counted to the west: the sidereal time {said} says so")
        return reading.found("site", replace(place, longitude=-place.longitude), "cards and sidereal time")
    return place


def _site(reading: Reading) -> Site | None:
    """Return where the cards or the file say that the telescope stands."""
    rule, cards = reading.telescope.site, reading.cards
    said_lat, said_lon = cards.first(rule.latitude_cards), cards.first(rule.longitude_cards)
    said_name, said_height = cards.first(rule.name_cards), cards.first(rule.height_cards)
    name = rule.name or (str(said_name[1]) if said_name else None)
    height = angle(said_height[1], hours=False) if said_height else None
    if height is None or not -500 < height < 9000:
        height = rule.height
    if said_lat and said_lon:
        latitude, longitude = angle(said_lat[1], hours=False), angle(said_lon[1], hours=False)
        if latitude is not None and longitude is not None and abs(latitude) <= 90 and abs(longitude) <= 360:
            if (latitude, longitude) != (0.0, 0.0):
                if rule.longitude_guess:
                    reading.guess("site", rule.longitude_guess)
                east = longitude if rule.longitude_positive == "east" else -longitude
                return _placed(reading, name, latitude, east, height, f"{said_lat[0]}, {said_lon[0]}")
            reading.guess("site", f"{said_lat[0]} and {said_lon[0]} are both 0 and are disregarded")
    if rule.latitude is not None and rule.longitude is not None:
        return _placed(reading, name, rule.latitude, rule.longitude, height, "telescope file")
    return _obsgeo(reading, name)


def _placed(
    reading: Reading, name: str | None, latitude: float, longitude: float, height: float | None, origin: str
) -> Site:
    if height is None:
        reading.guess("site", "no height, 0 m assumed")
    place = Site(name, latitude, (longitude + 180.0) % 360.0 - 180.0, height or 0.0)
    return reading.found("site", place, origin)


def _obsgeo(reading: Reading, name: str | None) -> Site | None:
    """Return the site of OBSGEO-X, -Y, -Z (FITS standard 4.0, 8.4.1: geocentric, m)."""
    x, y, z = (reading.cards.number(f"OBSGEO-{axis}") for axis in "XYZ")
    if x is None or y is None or z is None or not 6.3e6 < math.hypot(x, y, z) < 6.5e6:
        return None
    import erfa

    longitude, latitude, height = erfa.gc2gd(1, (x, y, z))  # 1: the WGS84 ellipsoid
    return _placed(reading, name, math.degrees(latitude), math.degrees(longitude), float(height), "OBSGEO-X, -Y, -Z")


def detector(reading: Reading, hdu: int) -> str:
    """Return what masters are matched by: telescope file, the detector's cards, and the chip's extension."""
    words = [reading.telescope.name]
    words += [text for card in reading.telescope.detector if (text := reading.cards.text(card)) is not None]
    extension = str(reading.cards.own("EXTNAME") or "") if hdu else ""
    if extension.upper() not in _PLAIN_EXTENSIONS:
        words.append(extension)
    return reading.found("detector", "/".join(words), ", ".join(reading.telescope.detector) or "telescope file")


def binning(reading: Reading) -> tuple[int, int]:
    """Return how many detector pixels, in x and y, make one pixel of the image; 1, 1 where nothing says more."""
    for entry in reading.telescope.binning_cards:
        said = [reading.cards.text(card) for card in entry.split("+")]
        if any(text is None for text in said):
            continue
        numbers = [int(n) for n in re.findall(r"\d+", " ".join(text or "" for text in said).replace(".0", ""))]
        x, y = (numbers * 2)[:2] if numbers else (0, 0)
        if x > 0 and y > 0:
            return reading.found("binning", (x, y), entry)
    if reading.telescope.binning is not None:
        return reading.found("binning", reading.telescope.binning, "telescope file")
    return (1, 1)


def gain(reading: Reading) -> float:
    """Return e-/ADU."""
    value = reading.quantity("gain", reading.telescope.gain, low=1e-4, high=1e4)
    if value is None:
        reading.guess("gain", "no card, 1.0 e-/ADU assumed")
    return 1.0 if value is None else value


def read_noise(reading: Reading) -> float:
    """Return e-."""
    value = reading.quantity("read_noise", reading.telescope.read_noise, low=1e-3, high=1e4)
    if value is None:
        reading.guess("read_noise", "no card, 10 e- assumed")
    return 10.0 if value is None else value


def saturation(reading: Reading) -> float:
    """Return the level of the raw array above which a pixel does not count, ADU."""
    value = reading.quantity("saturation", reading.telescope.saturation, low=1.0, high=1e10)
    if value is not None:
        return value
    level = _largest_value(reading)
    reading.guess("saturation", f"no card, {level:g} ADU assumed, the largest value of a camera of that pixel type")
    return level


def _largest_value(reading: Reading) -> float:
    """Return the largest value of the pixel type; of 32 bits and of floats that of a 16-bit camera."""
    ends = {8: (0.0, 255.0), 16: (-32768.0, 32767.0)}.get(reading.bitpix)
    if ends is None:
        return 65535.0
    scale, zero = reading.cards.number("BSCALE"), reading.cards.number("BZERO")
    largest = max(end * (1.0 if scale is None else scale) + (zero or 0.0) for end in ends)
    return largest if 1.0 <= largest <= 1e10 else 65535.0  # scaled to no camera's counts: the cards are nonsense


def pixel_scale(reading: Reading, bins: tuple[int, int], wcs: CelestialWcs | None) -> float | None:
    """Return arcsec per pixel of the image: of the WCS, else card or file, else pixel size over focal length."""
    telescope = reading.telescope
    if wcs is not None:
        return reading.found("pixel_scale", wcs.scale_arcsec, "WCS")
    value = reading.quantity("pixel_scale", telescope.pixel_scale, low=1e-3, high=3600.0)
    if value is not None:
        return value if telescope.pixel_scale_binned else value * bins[0]
    pixel = reading.quantity("pixel_size", telescope.pixel_size, low=0.1, high=1000.0)
    focal = reading.quantity("focal_length", telescope.focal_length, low=1.0)
    if pixel is None or focal is None:
        return None
    reading.guess("pixel_scale", "from the pixel size, taken as after binning, and the focal length")
    return reading.found("pixel_scale", math.degrees(pixel / focal) * 3600.0, "pixel size and focal length")


def rotation(reading: Reading, wcs: CelestialWcs | None) -> float | None:
    """Return the position angle of +y, degrees east of north: of the WCS, else as the telescope file says."""
    if wcs is not None:
        return reading.found("rotation_deg", wcs.rotation_deg, "WCS")
    value = reading.quantity("rotation_deg", reading.telescope.rotation, low=-360.0, high=360.0)
    return None if value is None else value % 360.0


def mirrored(reading: Reading, wcs: CelestialWcs | None) -> bool | None:
    """Tell whether no rotation brings north up and east to the left."""
    if wcs is not None:
        return reading.found("mirrored", wcs.mirrored, "WCS")
    return reading.telescope.mirrored


def section(
    reading: Reading, field: str, cards: Sequence[str], literal: str | None, width: int, height: int
) -> Section | None:
    """Return a section from a card or the telescope file; None where it is the whole array or nothing."""
    said = reading.cards.first(cards) or (("telescope file", literal) if literal else None)
    found = _SECTION.match(str(said[1])) if said else None
    if said is None or found is None:
        return None
    x0, x1, y0, y1 = (int(number) for number in found.groups())
    place = Section(x0 - 1, x1, y0 - 1, y1)
    if not (0 <= place.x0 < place.x1 <= width and 0 <= place.y0 < place.y1 <= height):
        if x1 or y1:  # [0:0,0:0] is how cameras write that there is none
            reading.guess(field, f"{said[0]} = {said[1]} is not inside the {width} x {height} image: disregarded")
        return None
    if (place.x0, place.x1, place.y0, place.y1) == (0, width, 0, height):
        return None
    return reading.found(field, place, said[0])


def bayer(reading: Reading) -> str | None:
    """Return the colour pattern of a one-shot-colour camera."""
    for card in reading.telescope.bayer_cards:
        word = (reading.cards.text(card) or "").strip().upper()
        if sorted(word) == list("BGGR"):
            return reading.found("bayer", word, card)
    return reading.telescope.bayer
