"""Ask VizieR for the stars in a cone, by astroquery, and tell an empty sky from an answer that failed.

VizieR says some errors with HTTP status 200 in a document without a table, which astroquery takes for an empty answer
(astropy/astroquery#3626, until 0.4.12). Every answer is therefore looked at here: its status, its end, what it says
of itself, and whether it has the table that was asked for.
"""

from __future__ import annotations

import re
import socket
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from photdb.catalogs.definition import Service
from photdb.catalogs.files import votable
from photdb.errors import PhotdbError

if TYPE_CHECKING:
    import polars as pl

#: Where VizieR is asked, unless the user names a mirror.
SERVER = "vizier.cds.unistra.fr"

_INFO = re.compile(rb"<(?:\w+:)?INFO\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?INFO>)", re.DOTALL | re.IGNORECASE)
_ATTRIBUTE = re.compile(r'(\w+)\s*=\s*"([^"]*)"')
_TABLE = re.compile(rb"<(?:\w+:)?FIELD\b", re.IGNORECASE)
_ROW = re.compile(rb"<(?:\w+:)?(?:TR|STREAM)\b", re.IGNORECASE)


class ServiceError(PhotdbError):
    """A service did not answer, or not with what was asked for.

    Parameters
    ----------
    passing : bool
        Whether asking again later may help.
    """

    exit_code = 4

    def __init__(self, what: str, hint: str = "", *, passing: bool = True) -> None:
        super().__init__(what, hint)
        self.passing = passing


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said.

    Attributes
    ----------
    table
        Its rows; None where there are none.
    units
        Units of the columns.
    is_sure
        False: no row, and no table either that would say that the question was understood.
    """

    table: pl.DataFrame | None
    units: Mapping[str, str]
    is_sure: bool


class Vizier:
    """A VizieR server.

    Parameters
    ----------
    server : str
        Its host; with ``http://`` before it, a server without encryption, as a proxy in the house may be.
    timeout_s : float, optional
        s; how long to wait for an answer at most, whatever a catalogue's file allows.
    """

    def __init__(self, server: str = SERVER, *, timeout_s: float | None = None) -> None:
        self.server, self._timeout_s = server, timeout_s

    @property
    def address(self) -> str:
        """The server as a URL."""
        return self.server.rstrip("/") if "://" in self.server else f"https://{self.server}"

    def answers(self, timeout_s: float = 3.0) -> bool:
        """Return whether a connection to the server can be made, within seconds whatever the network does."""
        host, number = _way_to(self.address)
        reached = threading.Event()

        def reach() -> None:
            try:
                with socket.create_connection((host, number), timeout=timeout_s):
                    reached.set()
            except OSError:
                return

        # A look-up of a name has no time limit of its own: it is left behind when it takes too long.
        thread = threading.Thread(target=reach, daemon=True, name="photdb-reach")
        thread.start()
        thread.join(timeout_s)
        return reached.is_set()

    def cone(self, service: Service, ra: float, dec: float, radius_deg: float) -> Answer:
        """Return a table's rows in a cone (deg, ICRS).

        Raises
        ------
        ServiceError
            If there is no answer, or one that is an error, not whole, or not a table.
        """
        from astropy import units as u
        from astropy.coordinates import SkyCoord

        place = SkyCoord(ra, dec, unit="deg", frame="icrs")
        try:
            with _quiet():
                response = self._client(service).query_region_async(
                    place,
                    radius=radius_deg * u.deg,
                    catalog=service.table,
                    column_filters=dict(service.where),
                    frame="icrs",
                    cache=False,
                )
            return judge(int(response.status_code), bytes(response.content), service)
        except OSError as error:  # all errors of requests are
            raise ServiceError(f"{self.server}: no answer: {_why(error)}", "is there a network?") from error

    def _client(self, service: Service) -> Any:
        """Return astroquery's client for one question: it is not made for threads."""
        with _quiet():
            from astroquery.vizier import VizierClass

        client = VizierClass(
            columns=list(service.columns),
            row_limit=-1,
            timeout=min(service.timeout_s, self._timeout_s or service.timeout_s),
            vizier_server=self.server,
        )
        if "://" in self.server:
            address = self.address
            client._server_to_url = lambda return_type="votable": f"{address}/viz-bin/{return_type}"
        return client


def _way_to(address: str) -> tuple[str, int]:
    """Return host and port that a connection to an address is made to: those of a proxy where there is one."""
    from urllib.parse import urlsplit
    from urllib.request import getproxies, proxy_bypass

    wanted = urlsplit(address)
    proxy = getproxies().get(wanted.scheme)
    if proxy and not proxy_bypass(wanted.hostname or ""):
        wanted = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    return wanted.hostname or "", wanted.port or (443 if wanted.scheme == "https" else 80)


def judge(status: int, content: bytes, service: Service) -> Answer:
    """Return the rows of an answer, or say why it is none.

    Parameters
    ----------
    status : int
        Of HTTP.
    content : bytes
        The document.
    service : Service
        What was asked.

    Raises
    ------
    ServiceError
        If it is an error, cut short, something else than a VOTable, or not all rows.
    """
    if status != 200:
        raise ServiceError(f"{service}: HTTP status {status}", passing=status >= 500 or status in (408, 425, 429))
    if b"VOTABLE" not in content[:2000].upper():
        raise ServiceError(f"{service}: an answer of {len(content)} bytes that is no VOTable")
    if not re.search(rb"</(?:\w+:)?VOTABLE\s*>\s*$", content[-200:], re.IGNORECASE):
        raise ServiceError(f"{service}: the answer breaks off after {len(content)} bytes")
    _look_for_errors(content, service)
    if not _TABLE.search(content):
        return Answer(None, {}, is_sure=False)
    if not _ROW.search(content):
        return Answer(None, {}, is_sure=True)
    try:
        found = votable(content)
    except Exception as error:  # whatever a library thinks of it
        raise ServiceError(f"{service}: the answer cannot be read: {_first(error)}") from error
    if not found.table.height:
        return Answer(None, {}, is_sure=True)
    return Answer(found.table, found.units, is_sure=True)


def wait(attempt: int, *, first_s: float = 1.0, longest_s: float = 30.0) -> None:
    """Sleep before asking again: twice as long each time, and by chance up to half of that longer."""
    import random

    time.sleep(min(first_s * 2.0**attempt, longest_s) * (1.0 + random.random() / 2))


def _look_for_errors(content: bytes, service: Service) -> None:
    """Raise where the document says that it is an error, or not all of the answer."""
    errors = []
    content = content if len(content) < 100_000 else content[:50_000] + content[-50_000:]  # not between the rows
    for attributes, text in _INFO.findall(content):
        said = dict(_ATTRIBUTE.findall(attributes.decode("utf-8", "replace")))
        name, value = said.get("name", "").upper(), said.get("value", "")
        if name == "QUERY_STATUS" and value.upper() == "OVERFLOW":
            raise ServiceError(
                f"{service}: more rows in a tile than it gives", "raise norder in the catalogue's file", passing=False
            )
        if name == "ERROR" or (name == "QUERY_STATUS" and value.upper() == "ERROR"):
            words = (value if name == "ERROR" else text.decode("utf-8", "replace")).strip()
            errors += [words] if words else []
    if errors or re.search(rb'name="QUERY_STATUS"\s+value="ERROR"', content, re.IGNORECASE):
        what = re.sub(r"\s+", " ", errors[0]) if errors else "no reason given"
        raise ServiceError(f"{service}: the service says: {what[:200]}")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep warnings of libraries about units and versions of formats from the user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _why(error: Exception) -> str:
    """Return in few words why a question had no answer."""
    text = str(error)
    if "Timeout" in type(error).__name__:
        return "it took too long"
    if "NameResolution" in text or "getaddrinfo" in text:
        return "its name cannot be resolved"
    return "the connection was refused" if "refused" in text else _first(error)


def _first(error: Exception) -> str:
    """Return the first line of an error."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
