"""The observer tables of JPL Horizons: text between ``$$SOE`` and ``$$EOE``, in columns or with commas."""

from __future__ import annotations

import re
from pathlib import Path

from photdb import sky, times
from photdb.catalogs.ephemeris import RawRows
from photdb.errors import InputError, UsageError

_HINT = "ask Horizons for an observer table with quantities 1 (astrometric RA and Dec), 3 (rates) and 36 (uncertainty)"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CALENDAR = re.compile(r"^\s*(?:A\.D\.\s*)?(\d{4})-(\w{3}|\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::(\d\d(?:\.\d*)?))?(.*)$")
_JULIAN = re.compile(r"^\s*(\d{7}\.\d+)(.*)$")
_MARKERS = re.compile(r"^[*CNA ]?[mrtsxep ]{0,2}(?=\s)")
_DATE = re.compile(r"Date_+\((\w+)\)|Date_+JD(\w*)", re.IGNORECASE)
_POSITION = re.compile(r"R\.?A\.?_*\((ICRF|ICRF/J2000\.0|J2000\.0|a-app|a-appar)[^)]*\)", re.IGNORECASE)


def read_horizons(text: str, path: Path) -> RawRows:
    """Return the rows of an observer table.

    Raises
    ------
    InputError
        If it is cut short, is not of places, or its places are not astrometric.
    """
    before, _, rest = text.partition("$$SOE")
    body, end, _ = rest.partition("$$EOE")
    if not end:
        raise InputError(f"{path}: the table of Horizons has no end ($$EOE)", "is the download complete?")
    title = next((line for line in reversed(before.splitlines()) if _DATE.search(line)), "")
    position = _POSITION.search(title)
    date = _DATE.search(title)
    if date is None or position is None:
        raise InputError(f"{path}: a text of Horizons without columns of date and R.A.", _HINT)
    if "app" in position[1].lower():
        raise InputError(f"{path}: its places are apparent ones, of the date's equator", _HINT)
    scale = {"UT": "utc", "UTC": "utc", "TT": "tt", "TDB": "tdb", "": "utc"}.get((date[1] or date[2] or "").upper())
    if scale is None:
        raise InputError(f"{path}: dates in {date[1] or date[2]}", "ask Horizons for UT")
    commas = "," in title
    columns = [word.strip() for word in title.split(",")] if commas else title[position.start() :].split()
    rows = RawRows([], [], [], [], [], [], "JPL Horizons", _notes(before))
    for number, line in enumerate(body.splitlines(), before.count("\n") + 1):
        if not line.strip() or set(line.strip()) <= set("*- "):
            continue
        try:
            mjd, words = _split(line, columns, commas)
            rows.mjd.append(times.to_utc(mjd, scale))
            rows.ra.append(sky.parse_ra(words["ra"]))
            rows.dec.append(sky.parse_dec(words["dec"]))
            rows.ra_rate.append(_number(words, "dRA*cosD"))
            rows.dec_rate.append(_number(words, "d(DEC)/dt"))
            rows.sigma.append(_sigma(words))
        except (ValueError, KeyError, IndexError, UsageError) as error:
            what = error.what if isinstance(error, UsageError) else str(error)
            raise InputError(f"{path}, line {number}: {line.strip()[:80]!r} cannot be read: {what}", _HINT) from None
    return rows


def _notes(before: str) -> list[str]:
    """Return what the head of the text says that matters: whether it is seen from the middle of the Earth."""
    if re.search(r"Center-site name\s*:\s*GEOCENTRIC", before, re.IGNORECASE):
        far = "from an observatory the place differs by up to 8.8 arcsec divided by the distance in au"
        return [f"it is seen from the centre of the Earth: {far}"]
    return []


def _split(line: str, columns: list[str], commas: bool) -> tuple[float, dict[str, str]]:
    """Return the date of a row and its words by the name of their column."""
    if commas:
        words = [word.strip() for word in line.split(",")]
        mjd, _ = _date(words[0])
        named = dict(zip(columns, words, strict=False))
        ra = next(name for name in columns if _POSITION.search(name))
        return mjd, {**named, "ra": named[ra], "dec": named[columns[columns.index(ra) + 1]]}
    mjd, rest = _date(line)
    words = _MARKERS.sub("", rest).split()
    while words and not re.fullmatch(r"[-+]?[\d.]+", words[0]):  # marks of daylight and of the Moon
        words = words[1:]
    sexagesimal = "." not in words[0]
    n = 3 if sexagesimal else 1
    places = {"ra": ":".join(words[:n]), "dec": ":".join(words[n : 2 * n])}
    return mjd, {**dict(zip(columns[1:], words[2 * n :], strict=False)), **places}


def _date(text: str) -> tuple[float, str]:
    """Return the MJD that a text begins with, and the rest."""
    calendar = _CALENDAR.match(text)
    if calendar:
        year, month, day, hours, minutes, seconds, rest = calendar.groups()
        number = int(month) if month.isdigit() else _MONTHS.index(month.lower()) + 1
        mjd, _ = times.parse_date(f"{year}-{number:02d}-{day}")
        return mjd + (int(hours) + int(minutes) / 60 + float(seconds or 0) / 3600) / 24.0, rest
    julian = _JULIAN.match(text)
    if not julian:
        raise ValueError("it begins with no date")
    return float(julian[1]) - 2400000.5, julian[2]


def _number(words: dict[str, str], name: str) -> float:
    """Return a number of a row, NaN where it has none."""
    text = words.get(name, "")
    return float(text) if re.fullmatch(r"[-+]?[\d.]+(?:[eE][-+]?\d+)?", text) else float("nan")


def _sigma(words: dict[str, str]) -> float:
    """Return the error of a place: Horizons gives three sigma of each coordinate."""
    three = [_number(words, name) for name in ("RA_3sigma", "DEC_3sigma")]
    return float(max(three)) / 3.0 if all(value == value for value in three) else float("nan")
