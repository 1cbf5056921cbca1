"""The observer tables of JPL Horizons: text between ``$$SOE`` and ``$$EOE``, in columns or with commas."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from photdb import sky, times
from photdb.catalogs.ephemeris_files import RawRows
from photdb.errors import InputError, UsageError

_HINT = "ask Horizons for an observer table with quantities 1 (astrometric RA and Dec), 3, 9, 19, 20, 24 and 36"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CALENDAR = re.compile(r"^\s*(?:A\.D\.\s*)?(\d{4})-(\w{3}|\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::(\d\d(?:\.\d*)?))?(.*)$")
_JULIAN = re.compile(r"^\s*(\d{7}\.\d+)(.*)$")
_MARKERS = re.compile(r"^[*CNA ]?[mrtsxep ]{0,2}(?=\s)")
_DATE = re.compile(r"Date_+\((\w+)\)|Date_+JD(\w*)", re.IGNORECASE)
_POSITION = re.compile(r"R\.?A\.?_*\((ICRF|ICRF/J2000\.0|J2000\.0|a-app|a-appar)[^)]*\)", re.IGNORECASE)
#: Titles of two columns in one, of columns of hours, minutes and seconds.
_PAIR = re.compile(r"^R\.?A\.?_.*DEC|^Azi.*Elev", re.IGNORECASE)
_CLOCK = re.compile(r"L_Ap_(?:Sid_Time|SOL_Time|Hour_Ang)")

#: What Horizons calls distances, phase angle and magnitude (of comets the total one): the first that has a number.
_GEOMETRY = {"r_au": ("r",), "delta_au": ("delta",), "phase_deg": ("S-T-O", "phi"), "v_mag": ("APmag", "T-mag")}

#: au; larger distances are kilometres, which Horizons gives where asked to.
_FARTHEST_AU = 1e4
_KM_IN_AU = 149597870.7


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
    layout = Layout.of(title, position.start())
    rows = RawRows([], [], [], [], [], [], "JPL Horizons", _notes(before))
    for number, line in enumerate(body.splitlines(), before.count("\n") + 1):
        if not line.strip() or set(line.strip()) <= set("*- ") or "Cut-off" in line:
            continue
        try:
            mjd, words = layout.split(line)
            rows.mjd.append(times.to_utc(mjd, scale))
            rows.ra.append(sky.parse_ra(words["ra"]))
            rows.dec.append(sky.parse_dec(words["dec"]))
            rows.ra_rate.append(_number(words, "dRA*cosD"))
            rows.dec_rate.append(_number(words, "d(DEC)/dt"))
            rows.sigma.append(_sigma(words))
            for name, called in _GEOMETRY.items():
                rows.geometry[name].append(_first(words, called))
        except (ValueError, KeyError, IndexError, UsageError) as error:
            what = error.what if isinstance(error, UsageError) else str(error)
            raise InputError(f"{path}, line {number}: {line.strip()[:80]!r} cannot be read: {what}", _HINT) from None
    for name in ("r_au", "delta_au"):
        rows.geometry[name] = [v / _KM_IN_AU if v > _FARTHEST_AU else v for v in rows.geometry[name]]
    if layout.is_unsure:
        rows.notes.append("its columns behind the position cannot be told apart and are left out; ask Horizons for CSV")
    return rows


def _notes(before: str) -> list[str]:
    """Return what the head of the text says that matters: whether it is seen from the middle of the Earth."""
    if re.search(r"Center-site name\s*:\s*GEOCENTRIC", before, re.IGNORECASE):
        far = "from an observatory the place differs by up to 8.8 arcsec divided by the distance in au"
        return [f"it is seen from the centre of the Earth: {far}"]
    return []


@dataclass(slots=True)
class Layout:
    """How the rows of a table are cut into words.

    Attributes
    ----------
    columns
        Their names; in a table of columns from the position on.
    commas
        Whether commas part the words.
    has_second_date
        In a table of columns: the date is there twice, as in the calendar and as a Julian day.
    is_unsure
        A row had more or fewer words than its columns account for.
    """

    columns: list[str]
    commas: bool
    has_second_date: bool
    is_unsure: bool = False

    @classmethod
    def of(cls, title: str, start: int) -> Layout:
        """Return the layout of a line of titles, the position being titled from some character on."""
        commas = "," in title
        columns = [word.strip() for word in title.split(",")] if commas else title[start:].split()
        return cls(columns, commas, len(_DATE.findall(title[:start])) > 1)

    def split(self, line: str) -> tuple[float, dict[str, str]]:
        """Return the date of a row and its words by the name of their column."""
        if self.commas:
            words = [word.strip() for word in line.split(",")]
            mjd, _ = _date(words[0])
            named = dict(zip(self.columns, words, strict=False))
            ra = next(name for name in self.columns if _POSITION.search(name))
            return mjd, {**named, "ra": named[ra], "dec": named[self.columns[self.columns.index(ra) + 1]]}
        mjd, rest = _date(line)
        words = _unmarked(_MARKERS.sub("", rest).split())
        words = _unmarked(words[1:]) if self.has_second_date else words
        sexagesimal = "." not in words[0]
        n = 3 if sexagesimal else 1
        places = {"ra": ":".join(words[:n]), "dec": ":".join(words[n : 2 * n])}
        return mjd, {**self._named(words[2 * n :], sexagesimal=sexagesimal), **places}

    def _named(self, words: list[str], *, sexagesimal: bool) -> dict[str, str]:
        """Return the words behind the position by the name of their column, as far as it is sure which is whose."""
        columns = self.columns[1:]
        widths = [_width(name, sexagesimal=sexagesimal) for name in columns]
        sure = len(columns)
        if None in widths or sum(w or 0 for w in widths) != len(words):
            sure = widths.index(None) if None in widths else 0
            self.is_unsure = self.is_unsure or None not in widths
        named, at = {}, 0
        for name, width in zip(columns[:sure], widths[:sure], strict=True):
            named[name] = " ".join(words[at : at + (width or 1)])
            at += width or 1
        return named


def _unmarked(words: list[str]) -> list[str]:
    """Return words without the marks of daylight and of the Moon before them."""
    first = next((i for i, word in enumerate(words) if re.fullmatch(r"[-+]?[\d.]+", word)), 0)
    return words[first:]


def _width(column: str, *, sexagesimal: bool) -> int | None:
    """Return how many words a column has; None: that depends."""
    if _PAIR.search(column):
        return 6 if sexagesimal and column.upper().startswith("R") else 2
    if _CLOCK.search(column):
        return 3 if sexagesimal else 1
    return None if "/" in column and column not in ("/r", "d(DEC)/dt", "I_d(DEC)/dt", "d(ELV)/dt") else 1


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


def _first(words: dict[str, str], names: tuple[str, ...]) -> float:
    """Return the first number that there is of several columns, NaN where there is none."""
    return next((v for name in names if (v := _number(words, name)) == v), float("nan"))


def _sigma(words: dict[str, str]) -> float:
    """Return the error of a place: Horizons gives three sigma of each coordinate."""
    three = [_number(words, name) for name in ("RA_3sigma", "DEC_3sigma")]
    return float(max(three)) / 3.0 if all(value == value for value in three) else float("nan")
