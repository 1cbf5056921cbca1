"""Header cards: 80 characters of text each, read into values only when somebody asks.

A night is scanned at thousands of headers a second, and of a few hundred cards some thirty are looked at. So a
header stays text; `Cards` knows where each keyword stands and parses a value on demand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

Value = str | int | float | bool

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[EeDd][+-]?\d+)?")
_WORDLESS = frozenset({"COMMENT", "HISTORY", "", "CONTINUE", "END"})


class Cards:
    """The cards of one header; in a multi-extension file followed by those of the primary header.

    Parameters
    ----------
    images
        Cards of 80 characters, without END.
    inherited
        Header whose cards answer for keywords that this one does not have.
    """

    __slots__ = ("_images", "_inherited", "_known", "_where")

    def __init__(self, images: list[str], inherited: Cards | None = None) -> None:
        self._images = images
        self._inherited = inherited
        self._known: dict[str, Value | None] = {}
        names = [image[:8].rstrip() for image in images]
        names.reverse()  # of a keyword written twice the first one counts
        where = dict(zip(names, range(len(images) - 1, -1, -1), strict=True))
        if "HIERARCH" in where:
            for i, image in enumerate(images):
                if image.startswith("HIERARCH") and "=" in image:
                    where.setdefault(" ".join(image[8 : image.index("=")].split()).upper(), i)
        self._where = where

    @classmethod
    def from_text(cls, text: str) -> Cards:
        """Read cards written one to a line, of any length up to 80, as in ``tests/data/headers``."""
        lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        return cls([line[:80].ljust(80) for line in lines if line.split()[0] != "END"])

    @classmethod
    def from_bytes(cls, block: bytes, inherited: Cards | None = None) -> Cards:
        """Read a whole header of 2880-byte blocks, up to its END card."""
        text = block.decode("latin-1")  # real headers hold degree signs and accents
        return cls([text[i : i + 80] for i in range(0, len(text), 80)], inherited)

    def starting(self, prefixes: tuple[str, ...]) -> list[str]:
        """Return the keywords of this header that begin with one of the prefixes, in its order."""
        return [keyword for keyword in self._where if keyword.startswith(prefixes)][::-1]

    def bare_card(self, keyword: str) -> str | None:
        """Return a card without its comment, 80 characters, if its value stands unquoted as FITS wants a number."""
        image = self._images[self._where[keyword]]
        text = image.partition("/")[0]
        return text.ljust(80) if text[8:10] == "= " and "'" not in text and "D" not in text[10:] else None

    def own(self, keyword: str) -> Value | None:
        """Return the value in this header alone: the shape of an array and its WCS are never inherited."""
        try:
            return self._known[keyword]
        except KeyError:
            i = self._where.get(keyword)
        value = None if i is None or keyword in _WORDLESS else self._value(i)
        self._known[keyword] = value
        return value

    def get(self, keyword: str) -> Value | None:
        """Return the value of a card; `None` where it is absent, blank or says that it does not know."""
        found = self.own(keyword)
        if found is None and self._inherited is not None:
            found = self._inherited.get(keyword)
        return found

    def first(self, keywords: Iterable[str]) -> tuple[str, Value] | None:
        """Return keyword and value of the first of several cards that says something."""
        for keyword in keywords:
            if (value := self.get(keyword)) is not None:
                return keyword, value
        return None

    def text(self, keyword: str) -> str | None:
        """Return the value as text."""
        value = self.get(keyword)
        return None if value is None else str(value)

    def number(self, keyword: str) -> float | None:
        """Return the value as a number, also where it was written as a string (``'10.5'``, ``'11 C'``)."""
        return as_number(self.get(keyword))

    def comment(self, keyword: str) -> str:
        """Return the comment of a card, without the slash."""
        i = self._where.get(keyword)
        if i is None:
            return self._inherited.comment(keyword) if self._inherited is not None else ""
        body = self._images[i][10:]
        if body.lstrip().startswith("'"):
            body = body[_closing_quote(body) + 1 :]
        return body.partition("/")[2].strip()

    def _value(self, i: int) -> Value | None:
        image = self._images[i]
        if image[8:10] == "= ":
            body = image[10:]
        elif image.startswith("HIERARCH"):
            body = image.partition("=")[2]
        elif image[8] == "=":  # against the standard, but written: KEYWORD='value'
            body = image[9:]
        else:
            return None
        body = body.lstrip()
        if body.startswith("'"):
            return self._string(i, body)
        return _bare(body.partition("/")[0].strip())

    def _string(self, i: int, body: str) -> str | None:
        """Return a quoted value with its CONTINUE cards, or None where it is blank."""
        value = body[1 : _closing_quote(body)].replace("''", "'").rstrip()
        while value.endswith("&") and i + 1 < len(self._images) and self._images[i + 1].startswith("CONTINUE"):
            i += 1
            more = self._images[i][8:].strip()
            value = value[:-1] + more[1 : _closing_quote(more)].replace("''", "'").rstrip()
        value = value.strip()
        return None if value.upper() in _SAYS_NOTHING else value


_SAYS_NOTHING = frozenset({"", "N/A", "NAN", "UNKNOWN", "UNDEFINED", "NULL", "NOT AVAILABLE"})


def as_number(value: Value | None) -> float | None:
    """Return a finite number from a card value, or None."""
    if value is None or value is True or value is False:
        return None
    if isinstance(value, str):
        found = _NUMBER.match(value)
        if not found:
            return None
        value = float(found.group().upper().replace("D", "E"))
    number = float(value)
    return number if abs(number) < 1e300 else None  # false for NaN and infinity as well


def _closing_quote(body: str) -> int:
    """Return where a quoted string ends; a doubled quote is a quote in the text."""
    start = body.index("'") + 1
    while (end := body.find("'", start)) != -1:
        if body[end + 1 : end + 2] != "'":
            return end
        start = end + 2
    return len(body)


def _bare(word: str) -> Value | None:
    """Return an unquoted value: T, F, a number, or the word itself where a program forgot the quotes."""
    if not word:
        return None
    if word in ("T", "F"):
        return word == "T"
    try:
        number = float(word)
    except ValueError:
        if _NUMBER.fullmatch(word):  # 1.5D+03, as Fortran writes double precision
            return float(word.upper().replace("D", "E"))
        return None if word.upper() in _SAYS_NOTHING else word
    if word.lstrip("+-").isdigit():
        return int(word)
    return number if number - number == 0.0 else None  # NaN and infinity say nothing
