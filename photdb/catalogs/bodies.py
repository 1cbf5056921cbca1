"""How bodies of the solar system are called: in a header's OBJECT, and so that JPL Horizons knows what is meant.

PHOTOMETRYPIPELINE's rule for OBJECT: a number, or a designation whose year and letters are parted by a blank or an
underscore.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from photdb.catalogs.names import CONSTELLATIONS

_NUMBER = re.compile(r"^\(?(\d{1,7})\)?$")
_NUMBERED = re.compile(r"^(?:\((\d{1,7})\)|(\d{1,7}))\s+([A-Za-z'][\w' .-]*)$")
_PROVISIONAL = re.compile(r"^((?:1[89]|20)\d\d|A[89]\d\d)\s?([A-HJ-Y][A-HJ-Z])\s?(\d{0,3})$", re.IGNORECASE)
_SURVEY = re.compile(r"^(\d{4})\s?(P-L|T-[123])$", re.IGNORECASE)
_COMET = re.compile(
    r"^([PCDXAI])/\s?((?:1[89]|20)\d\d)\s?([A-HJ-Y][A-HJ-Z]?\d{1,3}(?:-[A-Z]{1,2})?)(?:\s.*|\s*\(.*)?$", re.I
)
_PERIODIC = re.compile(r"^(\d{1,4}[PDI])(?:[/\s(].*)?$")


@dataclass(frozen=True, slots=True)
class Body:
    """A body as Horizons is asked for it.

    Parameters
    ----------
    command : str
        What names it.
    kind : str or None
        As astroquery has it: ``smallbody``, ``designation``; None: planets, moons, spacecraft first, then small ones.
    is_periodic : bool
        A comet that comes again: Horizons has an orbit for each of its apparitions, and its fragments.
    """

    command: str
    kind: str | None = None
    is_periodic: bool = False


def body_of(name: str) -> Body:
    """Return the body that a name means to JPL Horizons.

    Parameters
    ----------
    name : str
        A number, a number with a name, a designation (with blank, underscore or neither), a comet, a planet's name, or
        what Horizons itself understands (with ``;`` or ``=``).

    Examples
    --------
    >>> body_of("(5945) Roachapproach"), body_of("2001_SF"), body_of("2001 SF_").command
    (Body(command='5945', kind='smallbody', is_periodic=False), Body(command='2001 SF', kind='designation', \
is_periodic=False), '2001 SF')
    """
    return _looks_like(name) or Body(_plain(name))


def is_body(name: str) -> bool:
    """Return whether a name has the form of a number or a designation of a minor planet or comet.

    Examples
    --------
    >>> [is_body(n) for n in ("5945", "2001 SF_", "1998QE2", "C/2020 F3 (NEOWISE)", "HAT-P-32", "M67", "2MASS J1234")]
    [True, True, True, True, False, False, False]
    """
    return _looks_like(name) is not None


def is_certain(name: str) -> bool:
    """Return whether a name can be nothing else than a body: a designation, a comet, or a number in brackets.

    A bare number may count frames or fields, also where a word follows it.

    Examples
    --------
    >>> [is_certain(n) for n in ("2012 DA14", "(5945) Roachapproach", "(5945)", "C/2020 F3", "29P", "P/2010 A2")]
    [True, True, True, True, True, True]
    >>> [is_certain(n) for n in ("5945", "5945 Roachapproach", "2026 dark", "M 31", "field 22")]
    [False, False, False, False, False]
    """
    text = _plain(name)
    return is_body(text) and not re.match(r"\d+(?:\s+(?!(?:P-L|T-[123])$)[A-Za-z'][a-z']|$)", text)


def _looks_like(name: str) -> Body | None:
    """Return the body whose form a name has."""
    text = _plain(name)
    if ";" in text or "=" in text:
        return Body(text)
    if found := _PROVISIONAL.match(text):
        year, letters, number = found.groups()
        return Body(f"{year.upper()} {letters.upper()}{number}", "designation")
    if found := _SURVEY.match(text):
        return Body(f"{found[1]} {found[2].upper()}", "designation")
    if found := _NUMBER.match(text):
        return Body(found[1], "smallbody")
    if (found := _NUMBERED.match(text)) and not _is_constellation(found[3]):
        return Body(found[1] or found[2], "smallbody")
    if found := _COMET.match(text):
        return Body(
            f"{found[1].upper()}/{found[2]} {found[3].upper()}", "designation", is_periodic=found[1].upper() in "PD"
        )
    if found := _PERIODIC.match(text):
        return Body(found[1], "designation", is_periodic=True)
    return None


def _is_constellation(word: str) -> bool:
    """Return whether a word makes a number before it that of a star (51 Peg) or a cluster (47 Tuc)."""
    known = {w.lower() for abbreviation, names in CONSTELLATIONS.items() for w in (abbreviation, *names.split())}
    return word.split()[0].lower() in known


def _plain(name: str) -> str:
    """Return a name with blanks for underscores, and one blank for several."""
    return " ".join(name.replace("_", " ").split())
