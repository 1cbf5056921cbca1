"""DuckDB's client-server extension Quack: where it is, how an address is written, who answers there.

The extension is not part of duckdb's wheel. For some versions of duckdb there are wheels that hold it and the httpfs it
needs (``pip install 'photdb[serve]'``); they are loaded by path, without a network. Else duckdb itself is asked for it.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import duckdb

from photdb.config import is_offline
from photdb.errors import PhotdbError, UsageError

#: Quack's own.
PORT = 9494
#: In the order in which they can be loaded.
EXTENSIONS = ("httpfs", "quack")
#: What the server that stands in during a commit writes into its headers.
BUSY_HEADER = "X-Photdb-Busy"

_ADDRESS = re.compile(r"(?:quack:)?/*(?P<host>\[[0-9a-f:.]+\]|[^:/\[\]\s]+)(?::(?P<port>\d{1,5}))?/?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    host: str
    port: int = PORT

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def uri(self) -> str:
        """Return it as Quack reads it."""
        return f"quack:{self}"

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        return self.host in ("localhost", "[::1]") or self.host.startswith("127.")

    @property
    def bare_host(self) -> str:
        """Return the host as sockets take it."""
        return self.host.strip("[]")


def parse(text: str) -> Address:
    """Return the address that ``quack:HOST`` or ``quack:HOST:PORT`` means.

    Raises
    ------
    UsageError
        If it means none.

    Examples
    --------
    >>> str(parse("quack:localhost")), str(parse("quack:[::1]:9500")), str(parse("quack://peak.example:80"))
    ('localhost:9494', '[::1]:9500', 'peak.example:80')
    """
    found = _ADDRESS.fullmatch(text.strip())
    if not found or not 0 < int(found["port"] or PORT) < 65536:
        raise UsageError(f"{text!r} is no address of a server", "write quack:HOST or quack:HOST:PORT")
    return Address(found["host"].lower(), int(found["port"] or PORT))


def load(con: duckdb.DuckDBPyConnection) -> None:
    """Load the extension.

    Raises
    ------
    PhotdbError
        If it cannot be had; it says which version of it is wanted.
    """
    wheels = [wheel(name) for name in EXTENSIONS]
    try:
        if all(wheels):
            for path in wheels:
                con.load_extension(str(path))
        else:
            _load_own(con)
    except duckdb.Error as error:
        version = duckdb.__version__
        raise PhotdbError(
            f"duckdb {version} has no extension quack here: {str(error).strip().splitlines()[0]}",
            f"`pip install duckdb-extension-quack=={version} duckdb-extension-httpfs=={version}` where there are such "
            "wheels (there are for 1.5.5: pip install 'photdb[serve]'), or with a network: "
            "python -c \"import duckdb; duckdb.sql('INSTALL httpfs; INSTALL quack')\"",
        ) from error


def is_a_question(query: str) -> bool:
    """Whether a server lets a client ask that; its own functions it does not."""
    return "quack_" not in query.lower()


def wheel(name: str) -> Path | None:
    """Return the file of an extension in its wheel, when that is of this version of duckdb."""
    found = find_spec(f"duckdb_extension_{name}")
    for folder in (found.submodule_search_locations or []) if found else []:
        path = Path(folder) / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
        if path.is_file():
            return path
    return None


def _load_own(con: duckdb.DuckDBPyConnection) -> None:
    """Load what duckdb has installed for itself, or installs now."""
    for name in EXTENSIONS:
        try:
            con.load_extension(name)
        except duckdb.Error:
            if is_offline():
                raise
            con.install_extension(name)
            con.load_extension(name)


def who_answers(address: Address, *, timeout: float) -> str:
    """Return what is found at an address.

    Returns
    -------
    str
        ``quack``; ``busy``: photdb serves there, and a commit is under way; ``nobody``; ``silent``: no answer in time;
        ``no such host``; ``other``: something else, or Quack behind TLS.
    """
    try:
        with socket.create_connection((address.bare_host, address.port), timeout=timeout) as talk:
            talk.sendall(b"GET / HTTP/1.0\r\nHost: photdb\r\n\r\n")
            return _kind_of(_received(talk))
    except TimeoutError:
        return "silent"
    except socket.gaierror:
        return "no such host"
    except OSError:
        return "nobody"


def _received(talk: socket.socket) -> bytes:
    """Return what comes until the other side has said who it is."""
    answer = b""
    while len(answer) < 4096 and _kind_of(answer) == "other":
        piece = talk.recv(4096)
        if not piece:
            break
        answer += piece
    return answer


def _kind_of(answer: bytes) -> str:
    """Return who answers so."""
    if BUSY_HEADER.encode() in answer:
        return "busy"
    return "quack" if b"Quack" in answer else "other"
