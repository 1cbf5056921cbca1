"""Where CDS says that something of a name is: Sesame, which asks Simbad, NED and VizieR in turn.

Only a whole, positive answer is one. That no service knows a name is said apart from that none could be asked, and
neither is kept. The answer is text of lines: ``%J`` the place (deg, ICRS), ``%P`` the proper motion (mas/yr),
``%I.0`` the main name, ``#=S=Simbad`` the service (https://cds.unistra.fr/cgi-bin/Sesame).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from photdb.config import is_offline, name_server
from photdb.errors import InputError, NotFoundError, UsageError

#: Where names are asked for, unless the user names a mirror.
SERVER = "https://cds.unistra.fr/cgi-bin/nph-sesame"

#: s; a question from the command line does not wait longer.
PATIENCE_S = 15.0

_PLACE = re.compile(r"^%J\s+(\d+\.?\d*)\s+([+-]?\d+\.?\d*)", re.MULTILINE)
_MOTION = re.compile(r"^%P\s+([+-]?\d+\.?\d*)\s+([+-]?\d+\.?\d*)", re.MULTILINE)
_NAME = re.compile(r"^%I\.0\s+(.+?)\s*$", re.MULTILINE)
_SERVICE = re.compile(r"^#=\w+=([A-Za-z]+)", re.MULTILINE)
_END = re.compile(r"^#=+Done", re.MULTILINE)
_TROUBLE = re.compile(r"^#!.*(?:time[- ]?out|unavailable|connect|refused|too many|error)", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Resolved:
    """Where a name is: deg, ICRS at J2000.0; mas/yr, the first with cos(dec), None: not known; who says so."""

    name: str
    ra: float
    dec: float
    pm_ra: float | None
    pm_dec: float | None
    service: str


def ask(name: str, *, server: str | None = None, patience_s: float = PATIENCE_S) -> Resolved:
    """Return where CDS says that a name is.

    Parameters
    ----------
    name : str
        As people write it.
    server : str, optional
        The address of a Sesame; by default ``$PHOTDB_SESAME``, else that of CDS.
    patience_s : float
        s; how long to wait.

    Raises
    ------
    UsageError
        If the network is forbidden.
    NotFoundError
        If the services answered, and none knows the name.
    InputError
        If they could not be asked, or the answer is not whole.
    """
    if is_offline():
        raise UsageError(
            f"{name!r} is not asked for: the network is forbidden by $PHOTDB_OFFLINE",
            f'unset it, or give the place: photdb target add "{name}" RA DEC',
        )
    address = (server or name_server() or SERVER).rstrip("/")
    text = _fetch(address, name, patience_s)
    return _understand(text, name, address)


def _fetch(address: str, name: str, patience_s: float) -> str:
    """Return the text of an answer."""
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.parse import quote
    from urllib.request import urlopen

    if not address.startswith(("https://", "http://")):
        raise UsageError(f"{address!r} is no address", "as https://cds.unistra.fr/cgi-bin/nph-sesame")
    hint = f'again later, or give the place: photdb target add "{name}" RA DEC'
    try:
        with urlopen(f"{address}/-oI/SNV?{quote(name)}", timeout=patience_s) as answer:
            content: bytes = answer.read(1_000_000)
    except HTTPError as error:
        with error:
            raise InputError(f"{address}: HTTP status {error.code} for {name!r}", hint) from error
    except (OSError, HTTPException) as error:
        raise InputError(f"{address} cannot be asked for {name!r}: {_why(error)}", hint) from error
    return content.decode("utf-8", "replace")


def _why(error: Exception) -> str:
    """Return in few words why a question had no answer."""
    reason = getattr(error, "reason", error)
    text = str(reason) or type(error).__name__
    if isinstance(reason, TimeoutError) or "timed out" in text:
        return "it took too long"
    if "getaddrinfo" in text or "Name or service" in text or "name resolution" in text:
        return "its name cannot be resolved; is there a network?"
    return "the connection was refused" if "refused" in text else text[:200]


def _understand(text: str, name: str, address: str) -> Resolved:
    """Return what an answer says."""
    hint = f'again later, or give the place: photdb target add "{name}" RA DEC'
    if not _END.search(text):
        raise InputError(f"{address}: an answer of {len(text)} characters for {name!r} that is not whole", hint)
    place = _PLACE.search(text)
    if place is None:
        trouble = _TROUBLE.search(text)
        if trouble:
            raise InputError(f"{address}: {trouble[0].lstrip('#! ')[:200]}", hint)
        raise NotFoundError(
            f"neither Simbad nor NED nor VizieR knows {name!r}", f'give its place: photdb target add "{name}" RA DEC'
        )
    ra, dec = float(place[1]), float(place[2])
    if not (0 <= ra <= 360 and -90 <= dec <= 90):
        raise InputError(f"{address}: {name!r} at {ra:g} {dec:+g}, which is no place", hint)
    before = text[: place.start()]
    services = _SERVICE.findall(before)
    motion, called = _MOTION.search(text, place.start()), _NAME.search(text)
    return Resolved(
        name=called[1] if called else name,
        ra=ra % 360.0,
        dec=dec,
        pm_ra=float(motion[1]) if motion else None,
        pm_dec=float(motion[2]) if motion else None,
        service=services[-1] if services else "Sesame",
    )
