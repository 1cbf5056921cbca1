"""Ask JPL Horizons, by astroquery, where a body is as one site sees it, and tell a table from what is none.

Horizons says that a name is unknown, or means several bodies, with HTTP status 200 in a text without a table
(https://ssd-api.jpl.nasa.gov/doc/horizons.html). The places are astrometric (quantity 1); its rates (quantity 3) are
those of the apparent place, and are not asked for.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from photdb.catalogs.bodies import Body, body_of
from photdb.catalogs.ephemeris import GOOD_ARCSEC, Ephemeris, interpolation_error
from photdb.catalogs.ephemeris_files import checked
from photdb.catalogs.ephemeris_horizons import read_horizons
from photdb.catalogs.fetch_vizier import ServiceError, wait
from photdb.config import horizons_server, is_offline
from photdb.errors import InputError, NotFoundError, UsageError

#: Where Horizons is asked, unless the user names a mirror.
SERVER = "https://ssd.jpl.nasa.gov/api/horizons.api"

#: s; how long to wait for an answer.
PATIENCE_S = 60.0

#: Astrometric place, magnitude, distances from the Sun and from the observer, phase angle, uncertainty.
QUANTITIES = "1,9,19,20,24,36"

#: min; steps that are tried, the longest first: places between rows must be good to `GOOD_ARCSEC`.
STEPS_MIN = (60, 15, 4, 1)

#: Rows before the first date and after the last that interpolation needs.
_MARGIN = 3

#: How often a question is asked before it counts as failed.
ATTEMPTS = 3

#: A comet's orbit for an apparition is of a date up to so much after it was seen.
_APPARITION = timedelta(days=365)

#: Candidates of an ambiguous name that are listed at most.
_MOST = 12

_MJD_0 = datetime(1858, 11, 17, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Site:
    """Where it is seen from: its name, and its place (deg east, deg, m), or the code of the Minor Planet Center."""

    name: str
    longitude: float | None = None
    latitude: float | None = None
    height: float = 0.0
    code: str | None = None

    @property
    def location(self) -> Any:
        """The site as astroquery takes it."""
        if self.code is not None or self.longitude is None:
            return self.code
        return {"lon": self.longitude, "lat": self.latitude, "elevation": self.height / 1000.0}


def path_of(
    designation: str,
    site: Site,
    first: float,
    last: float,
    *,
    server: str | None = None,
    pause: Callable[[int], None] = wait,
) -> Ephemeris:
    """Return the path of a body between two dates as one site sees it, in steps that can be interpolated.

    Parameters
    ----------
    designation : str
        As `photdb.catalogs.bodies.body_of` understands it.
    site : Site
    first, last : float
        MJD, UTC; three rows more come before and after.
    server : str, optional
        The address of a Horizons; by default ``$PHOTDB_HORIZONS``, else that of JPL.
    pause : callable
        Called with the number of the attempt before asking again.

    Returns
    -------
    Ephemeris
        Its ``source`` names the body, the site and the step.

    Raises
    ------
    UsageError
        If the network is forbidden.
    NotFoundError
        If Horizons knows no such body, or several: they are listed.
    ServiceError, InputError
        If it cannot be asked, its answer is not whole, or it has no places at these dates.
    """
    if is_offline():
        raise UsageError(
            f"{designation!r} is not asked for: the network is forbidden by $PHOTDB_OFFLINE",
            "unset it, or give a file: photdb target add NAME --ephemeris FILE",
        )
    client = _Client(body_of(designation), designation, site, server or horizons_server() or SERVER, pause)
    for step in STEPS_MIN:
        path = client.path(first, last, step)
        error = interpolation_error(path)
        if error <= GOOD_ARCSEC:
            break
    return path


@dataclass(frozen=True, slots=True)
class _Client:
    """One body seen from one site."""

    body: Body
    asked: str
    site: Site
    server: str
    pause: Callable[[int], None]

    def path(self, first: float, last: float, step_min: int) -> Ephemeris:
        """Return the path in one step, asking again where that may help."""
        margin = timedelta(minutes=_MARGIN * step_min)
        start, stop = _moment(first) - margin, _moment(last, up=True) + margin
        for attempt in range(ATTEMPTS):
            if attempt:
                self.pause(attempt - 1)
            try:
                text = self._table(start, stop, step_min)
                break
            except ServiceError as error:
                if not error.passing or attempt == ATTEMPTS - 1:
                    raise
        rows = read_horizons(text, Path("Horizons"))
        covered = bool(rows.mjd) and min(rows.mjd) <= first and max(rows.mjd) >= last
        if not covered:
            raise ServiceError(
                f"{self.server}: {len(rows.mjd)} rows for {self.asked!r}, not of all the dates asked for"
            )
        found = checked(rows, Path("Horizons"))
        source = f"JPL Horizons: {_called(text) or self.asked}, {self.site.name}, step {step_min} min"
        return replace(found, source=source, notes=())

    def _table(self, start: datetime, stop: datetime, step_min: int) -> str:
        """Return the text of an answer with a table, of the last orbit before the dates where there are several."""
        if self.body.is_periodic:
            julian_day = (stop + _APPARITION - _MJD_0) / timedelta(days=1) + 2400000.5
            try:
                return self._text(start, stop, step_min, before=f"<{julian_day:.1f}")
            except NotFoundError:
                pass  # its first orbit is of later years
        return self._text(start, stop, step_min)

    def _text(self, start: datetime, stop: datetime, step_min: int, *, before: str | bool = True) -> str:
        """Return the text of an answer with a table; of a comet's orbits that before a date, else the latest."""
        with _quiet():
            from astroquery.jplhorizons import HorizonsClass

            epochs = {"start": f"{start:%Y-%m-%d %H:%M}", "stop": f"{stop:%Y-%m-%d %H:%M}", "step": f"{step_min}m"}
            client = HorizonsClass(
                id=self.body.command, location=self.site.location, epochs=epochs, id_type=self.body.kind
            )
            comet = {"closest_apparition": before, "no_fragments": True} if self.body.is_periodic else {}
            question = client.ephemerides_async(
                quantities=QUANTITIES, extra_precision=True, get_query_payload=True, cache=False, **comet
            )
            try:
                answer = client._request("GET", self.server, params=question, timeout=PATIENCE_S, cache=False)
            except OSError as error:  # all errors of requests are
                raise ServiceError(
                    f"{self.server} cannot be asked for {self.asked!r}: {_why(error)}",
                    "is there a network? A file does it too: photdb target add NAME --ephemeris FILE",
                    passing=False,
                ) from error
        return judge(int(answer.status_code), answer.text, self.asked, self.server)


def judge(status: int, text: str, asked: str, server: str = SERVER) -> str:
    """Return the text of an answer that has a whole table, or say what it is instead.

    Parameters
    ----------
    status : int
        Of HTTP.
    text : str
        The answer.
    asked : str
        The body that was asked for.
    server : str
        Who answered.

    Raises
    ------
    NotFoundError
        If it says that no body, or several, are called so.
    InputError
        If it says that there are no places at these dates.
    ServiceError
        If it is an error of another kind, or cut short.
    """
    if candidates := _candidates(text):
        more = f" and {len(candidates) - _MOST} more" if len(candidates) > _MOST else ""
        raise NotFoundError(
            f"JPL Horizons knows {len(candidates)} bodies by {asked!r}: {'; '.join(candidates[:_MOST])}{more}",
            f'give the one meant by its record number, as --horizons "{candidates[0].split()[0]};"',
        )
    if re.search(r"No matches found|No such (?:record|object)|no such major", text, re.IGNORECASE):
        raise NotFoundError(
            f"JPL Horizons knows no body {asked!r}: {_said(text)}",
            'a number or a designation, as --horizons 5945 or --horizons "2001 SF"',
        )
    if found := re.search(r"No ephemeris for target.*", text):
        raise InputError(f"JPL Horizons: {found[0].strip()[:200]}", "the frames are outside the dates that it covers")
    if "$$SOE" in text and status == 200:
        if "$$EOE" not in text:
            raise ServiceError(f"{server}: the answer for {asked!r} breaks off after {len(text)} characters")
        return text
    passing = status >= 500 or status in (408, 425, 429)
    hint = "again later, or give a file: photdb target add NAME --ephemeris FILE"
    if status != 200:
        raise ServiceError(f"{server}: HTTP status {status} for {asked!r}: {_said(text)}", hint, passing=passing)
    raise ServiceError(f"{server}: no table for {asked!r}: {_said(text)}", hint, passing=not text.strip())


def _candidates(text: str) -> list[str]:
    """Return the bodies that an ambiguous name may mean, one a line of the table between the dashes and the end."""
    if not re.search(r"Multiple major-bodies match|Matching small-bodies", text):
        return []
    lines = iter(text.splitlines())
    for line in lines:
        if re.match(r"^\s*-{3,}(?:\s+-{2,})+\s*$", line):
            break
    return list(_rows(lines))


def _rows(lines: Iterator[str]) -> Iterator[str]:
    """Yield the rows of a table of bodies, one blank for several."""
    for line in lines:
        if re.search(r"matches|Number of", line) or not re.match(r"^\s*-?\d+\s", line):
            return
        yield " ".join(line.split())


def _called(text: str) -> str:
    """Return what Horizons calls the body."""
    found = re.search(r"Target body name:\s*(.*?)\s*(?:\{source.*)?$", text, re.MULTILINE)
    return found[1] if found else ""


def _said(text: str) -> str:
    """Return the last thing that a text says besides ornaments and its own version."""
    lines = [" ".join(line.split()).strip("*! ") for line in text.splitlines()]
    said = [line for line in lines if line and not line.startswith(("API ", "<"))]
    return said[-1][:200] if said else "nothing"


def _moment(mjd: float, *, up: bool = False) -> datetime:
    """Return a date on the full minute before it, or after it."""
    minutes = int(mjd * 1440)
    return _MJD_0 + timedelta(minutes=minutes + (1 if up else 0))


def _why(error: Exception) -> str:
    """Return in few words why a question had no answer."""
    text = str(error)
    if "Timeout" in type(error).__name__ or "timed out" in text:
        return "it took too long"
    if "NameResolution" in text or "getaddrinfo" in text or "name resolution" in text:
        return "its name cannot be resolved"
    return "the connection was refused" if "refused" in text else (text.splitlines() or ["no reason given"])[0][:200]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep warnings of libraries from the user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
