"""Designations of minor planets and comets: read from names as people write them, packed as in the MPC's records.

References
----------
.. [1] Minor Planet Center, Packed Provisional and Permanent Designations,
   https://www.minorplanetcenter.net/iau/info/PackedDes.html, with the extension of 2025 for more than 15 500
   designations of half a month
.. [2] IAU-ADES/ADES-Master, xsd/submit.xsd: PermIDType, ProvIDType, TrkSubType
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from photdb.errors import UsageError

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#: The letters that count within half a month: there is no I.
_LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"
#: The first number that is packed with a tilde, and the first designation of a half-month with an underscore.
_FIRST_TILDE, _FIRST_UNDERSCORE = 620_000, 15_500

#: Letters and digits of an own name: the columns that an 80-column record has for it.
OWN = 7

_PROVISIONAL = re.compile(r"(1[89]\d\d|20\d\d)[ _]?([A-HJ-Y])([A-HJ-Z])[ _]?(\d*)")
_SURVEY = re.compile(r"(\d{4})[ _](P-L|T-[123])")
_COMET = re.compile(r"([CPDXAI])/(\d{4})[ _]([A-HJ-Y])([A-HJ-Z]?)(\d*)(?:-([A-Z]))?")
_COMET_NUMBER = re.compile(r"(\d{1,4})([PDI])(?:-([A-Z]{1,2}))?(?:[/ _].*)?")
_NUMBER = re.compile(r"\(?(\d{1,8})\)?(?:[ _]+(.*))?")


@dataclass(frozen=True, slots=True)
class Designation:
    """What an object is called in a report: ``perm``, ``prov`` in ADES's unpacked forms, ``temporary`` an own name."""

    perm: str | None = None
    prov: str | None = None
    temporary: str | None = None

    @property
    def packed(self) -> str:
        """Return columns 1 to 12 of an 80-column record."""
        if self.perm is None and self.prov is None:
            return " " * 5 + f"{self.own_name():<7}"
        comet = _COMET_NUMBER.fullmatch(self.perm) if self.perm else None
        if comet:
            fragment = (comet[3] or "").lower()
            return f"{int(comet[1]):04d}{comet[2]}" + (f"{fragment:>7}" if fragment else " " * 7)
        number = _packed_number(int(self.perm)) if self.perm else " " * 5
        provisional = packed_provisional(self.prov) if self.prov and not self.perm else " " * 7
        if self.prov and not self.perm and "/" in self.prov:
            return " " * 4 + self.prov[0] + provisional
        return number + provisional

    def own_name(self) -> str:
        """Return the own name, of at most `OWN` letters and digits, or nothing.

        Raises
        ------
        UsageError
            If it is longer: cut, the names of different bodies would be one.
        """
        own = self.temporary or ""
        if len(own) > OWN:
            raise UsageError(
                f"{own!r} is no designation, and as an own name it has {len(own)} letters and digits: {OWN} at most",
                "--set designation=5945, or 2018 AA1, or an own name as NEW0001; of one body: --target NAME",
            )
        return own


def designation_of(name: str) -> Designation:
    """Return the designation in a name as people write it: of a number, a year with letters, a comet, or an own name.

    Examples
    --------
    >>> designation_of("(5945) Roachapproach").perm, designation_of("2018_AA1234").prov
    ('5945', '2018 AA1234')
    >>> designation_of("1P/Halley").perm
    '1P'
    >>> designation_of("C/2019 Y4-B").prov, designation_of("my_rock-1").temporary
    ('C/2019 Y4-B', 'myrock1')
    """
    words = " ".join(name.split())
    survey = _SURVEY.fullmatch(words)
    if survey:
        return Designation(prov=f"{survey[1]} {survey[2]}")
    provisional = _PROVISIONAL.fullmatch(words)
    if provisional:
        return Designation(prov=f"{provisional[1]} {provisional[2]}{provisional[3]}{provisional[4]}")
    comet = _COMET.match(words)
    if comet and (comet.end() == len(words) or words[comet.end()] in " _("):
        text = f"{comet[1]}/{comet[2]} {comet[3]}{comet[4]}{comet[5]}"
        return Designation(prov=text + (f"-{comet[6]}" if comet[6] else ""))
    numbered = _COMET_NUMBER.fullmatch(words)
    if numbered:
        return Designation(perm=f"{int(numbered[1])}{numbered[2]}" + (f"-{numbered[3]}" if numbered[3] else ""))
    number = _NUMBER.fullmatch(words)
    if number and int(number[1]) and not _looks_like_a_year(number[1], number[2] or ""):
        return Designation(perm=str(int(number[1])))
    own = re.sub(r"[^A-Za-z0-9]", "", words)
    if not own:
        raise UsageError(
            f"{name!r} is no name for a report", "--set designation=5945, or 2018 AA1, or a name of letters"
        )
    return Designation(temporary=own)


def _looks_like_a_year(number: str, rest: str) -> bool:
    """Whether a number with words behind it is more likely a year: 2018 and letters that are no designation."""
    return bool(re.fullmatch(r"(1[89]|20)\d\d", number)) and bool(re.fullmatch(r"[A-Z]{1,2}\d*", rest))


def _packed_number(number: int) -> str:
    """Return a minor planet's number in five characters.

    Examples
    --------
    >>> _packed_number(3202), _packed_number(203289), _packed_number(620000), _packed_number(3140113)
    ('03202', 'K3289', '~0000', '~AZaz')
    """
    if number < _FIRST_TILDE:
        return f"{_DIGITS[number // 10_000]}{number % 10_000:04d}"
    if number - _FIRST_TILDE >= 62**4:
        raise UsageError(f"({number}): the MPC has no such number", "the largest that can be packed is 15396335")
    return "~" + _base_62(number - _FIRST_TILDE)


def packed_provisional(text: str) -> str:
    """Return a provisional designation, of a comet without its letter, in seven characters.

    Examples
    --------
    >>> packed_provisional("1995 XA"), packed_provisional("2007 TA418"), packed_provisional("2040 P-L")
    ('J95X00A', 'K07Tf8A', 'PLS2040')
    >>> packed_provisional("2026 CZ6190"), packed_provisional("C/2033 L89-C"), packed_provisional("P/2088 A103")
    ('_QC0aEM', 'K33L89c', 'K88AA30')
    """
    survey = _SURVEY.fullmatch(text)
    if survey:
        return f"{survey[2].replace('-', '')}S{survey[1]}"
    comet = _COMET.fullmatch(text)
    if comet:
        year, half, second, order, fragment = comet[2], comet[3], comet[4], int(comet[5] or 0), comet[6]
        return _year(year) + half + _cycle(order, text) + (second or (fragment or "0").lower())
    found = _PROVISIONAL.fullmatch(text)
    if not found:
        raise UsageError(f"{text!r} is no provisional designation", "as 2018 AA1234, 2040 P-L or C/2019 Y4")
    year, half, second, cycle = found[1], found[2], found[3], int(found[4] or 0)
    if cycle < _FIRST_UNDERSCORE // len(_LETTERS):
        return _year(year) + half + _cycle(cycle, text) + second
    order = cycle * len(_LETTERS) + _LETTERS.index(second) - _FIRST_UNDERSCORE
    if order >= 62**4 or year < "2000":
        raise UsageError(f"{text!r} cannot be packed")
    return f"_{_DIGITS[int(year[2:])]}{half}{_base_62(order)}"


def _year(year: str) -> str:
    """Return a year in three characters."""
    return _DIGITS[int(year[:2])] + year[2:]


def _cycle(number: int, text: str) -> str:
    """Return a number below 620 in two characters."""
    if number >= 620:
        raise UsageError(f"{text!r} cannot be packed")
    return f"{_DIGITS[number // 10]}{number % 10}"


def _base_62(number: int) -> str:
    """Return a number in four digits of base 62."""
    found = ""
    for _ in range(4):
        number, digit = divmod(number, 62)
        found = _DIGITS[digit] + found
    return found
