"""``photdb serve``: a store answers questions over the network, while others write to its file.

A process (`photdb.store.serving`) has the file open for reading and runs DuckDB's Quack server. This one watches: when
a writer waits for the file, the server finishes the answers under way and ends; a stand-in tells who asks meanwhile
to ask again; when the writer has let go, a new server takes over the port. The stand-in and the server are never both
there, so a question is answered from the store before the commit or from the one after it.
"""

from __future__ import annotations

import json
import logging
import secrets
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from photdb import errors, progress
from photdb.errors import InputError, NotFoundError, PhotdbError, UsageError
from photdb.store import quack
from photdb.store.opening import is_awaited
from photdb.store.serving import GRACE_S

log = logging.getLogger(__name__)

#: How often is looked whether a writer waits, s.
WATCH_S = 0.05
#: Shorter tokens can be guessed.
MIN_TOKEN = 8
#: Servers that may end by themselves in a row.
MAX_DEATHS = 5


def new_token() -> str:
    """Return a token that nobody guesses."""
    return secrets.token_urlsafe(24)


def serve(
    store: Path,
    *,
    host: str = "127.0.0.1",
    port: int = quack.PORT,
    token: str,
    memory_limit: str | None = None,
    ready: Callable[[quack.Address], None] = lambda address: None,
    go_on: Callable[[], bool] = lambda: True,
) -> None:
    """Serve a store until told to stop.

    Parameters
    ----------
    store : Path
        The file.
    host, port
        Where to listen: 127.0.0.1 is this machine only, 0.0.0.0 every network it is in.
    token : str
        What clients must know.
    memory_limit : str, optional
        As duckdb writes it: ``4GB``.
    ready : callable
        Told once, when it listens.
    go_on : callable
        Asked again and again.

    Raises
    ------
    NotFoundError
        If there is no such store.
    UsageError
        If the token can be guessed.
    InputError
        If the port is taken, or the file is no store.
    PhotdbError
        If this duckdb has no Quack.
    """
    if not store.is_file():
        raise NotFoundError(f"{store}: no such store", "make one with `photdb ingest FOLDER --db FILE`")
    if len(token) < MIN_TOKEN:
        raise UsageError(f"a token of {len(token)} characters can be guessed", f"give {MIN_TOKEN} or more")
    address = quack.Address(f"[{host}]" if ":" in host.strip("[]") else host, port)
    _refuse_taken(address)
    order = {"store": str(store), "host": address.host, "port": port, "token": token, "memory_limit": memory_limit}
    server = _Server(order)
    try:
        server.open(go_on)
        server.serve()
        ready(address)
        _watch(store, address, server, go_on)
    finally:
        server.end()


def _watch(store: Path, address: quack.Address, server: _Server, go_on: Callable[[], bool]) -> None:
    """Hand the file over to every writer that waits for it."""
    deaths = 0
    while go_on():
        time.sleep(WATCH_S)
        if is_awaited(store):
            began = time.monotonic()
            server.end()
            _take_up_again(address, server, go_on)
            log.info("handed %s over for %.1f s", store, time.monotonic() - began)
            deaths = 0
        elif server.has_ended():
            deaths += 1
            if deaths > MAX_DEATHS:
                raise PhotdbError(
                    f"the server of {store} ended {deaths} times by itself", "run photdb -v serve for what it said"
                )
            progress.warn(f"the server of {store} ended by itself: started again")
            server.end()
            time.sleep(deaths * WATCH_S)
            _take_up_again(address, server, go_on)


def _take_up_again(address: quack.Address, server: _Server, go_on: Callable[[], bool]) -> None:
    """Start another server when the file is free; meanwhile a stand-in says so."""
    with _stand_in(address):
        server.open(go_on)
    if go_on():
        server.serve()


def _refuse_taken(address: quack.Address) -> None:
    """Refuse a port that somebody listens on."""
    here = quack.Address("127.0.0.1", address.port) if address.host in ("0.0.0.0", "[::]") else address
    found = quack.who_answers(here, timeout=2.0)
    if found == "no such host":
        raise InputError(f"{address.host}: no such host", "--host 127.0.0.1 is this machine only, 0.0.0.0 all networks")
    if found != "nobody":
        what = "a Quack server" if found in ("quack", "busy") else "a program"
        raise InputError(f"{address}: {what} is there already", f"--port {address.port + 1}, or end it")


class _Server:
    """The process that serves; one after the other."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        self._process: subprocess.Popen[str] | None = None

    def open(self, go_on: Callable[[], bool]) -> None:
        """Start a process, and wait until it has the file."""
        words = [sys.executable, "-m", "photdb.store.serving"]
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, start_new_session=True
        )
        self._tell(json.dumps(self._order))
        self._hear("open", go_on)

    def serve(self) -> None:
        """Let it listen."""
        self._tell("serve")
        self._hear("serving", lambda: True)

    def has_ended(self) -> bool:
        """Whether it is gone."""
        return self._process is None or self._process.poll() is not None

    def end(self) -> None:
        """Let it finish what it answers, and see it gone: it has the file no more."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.close()
            process.wait(GRACE_S + 2)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            pass
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    def _tell(self, line: str) -> None:
        """Write it a line; that it is gone is found when it is heard."""
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            log.debug("the server was gone before it was told")

    def _hear(self, word: str, go_on: Callable[[], bool]) -> None:
        """Wait until it says a word."""
        assert self._process is not None
        out = self._process.stdout
        assert out is not None
        while go_on():
            if not select.select([out], [], [], 0.2)[0]:
                continue
            line = out.readline()
            if not line:
                raise PhotdbError("the process that serves ended at once", "run photdb -v serve for what it said")
            said = json.loads(line)
            if said["now"] == "failed":
                kind = getattr(errors, said["kind"], PhotdbError)
                raise kind(said["what"], said["hint"])
            if said["now"] == word:
                return


@contextmanager
def _stand_in(address: quack.Address) -> Iterator[None]:
    """Tell who asks that the store is being written to."""
    try:
        server = _Listening((address.bare_host, address.port), _Busy)
    except OSError as error:  # then who asks finds nobody for a while, and asks again
        log.debug("no stand-in at %s: %s", address, error)
        yield
        return
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Listening(ThreadingHTTPServer):
    """Listens on a port whose last connections have hardly ended: Quack's sockets share it only by SO_REUSEPORT."""

    allow_reuse_port = True
    daemon_threads = True
    block_on_close = False


class _Busy(BaseHTTPRequestHandler):
    """Answers everything with: later."""

    timeout = 5

    def do_POST(self) -> None:
        """Read what was asked, so that the other side hears the answer."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.do_GET()

    def do_GET(self) -> None:
        """Say later."""
        self.send_response(503, "the store is being written to")
        self.send_header(quack.BUSY_HEADER, "1")
        self.send_header("Retry-After", "1")
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing on stderr."""
