"""The process that has a store open and serves it; `photdb.jobs.serve` starts it, and another one after each commit.

A process of its own because it must let go of the file at once and for certain: DuckDB holds on to it until the last
query has ended, a process ends when it is told to. It is told by lines on stdin, and ends with it.

What a client may do: the store is open for reading only, files and further extensions cannot be reached, settings
cannot be changed, and functions of the server itself cannot be called.
"""

from __future__ import annotations

import json
import os
import select
import sys
import threading
import time
from pathlib import Path
from typing import Any

import duckdb

from photdb.errors import PhotdbError, UsageError
from photdb.store import migrations, opening, quack

#: How long queries may go on when the store is to be let go, s.
GRACE_S = 10.0
_LONG_S = 1e6
#: Set when no more questions are taken.
_closing = threading.Event()


def start(store: Path, memory_limit: str | None) -> duckdb.DuckDBPyConnection:
    """Open a store to be served, when nobody writes to it any more."""
    con = opening.connect(store, read_only=True, config={}, wait=_LONG_S)
    try:
        if memory_limit:
            con.execute("SET memory_limit = $size", {"size": memory_limit})
    except duckdb.Error as error:
        raise UsageError(f"a memory limit of {memory_limit!r}: {error}", "write --memory-limit 4GB") from error
    migrations.check(con, store, read_only=True)
    quack.load(con)
    con.create_function("photdb_allows", _allows, ["VARCHAR", "VARCHAR"], "BOOLEAN")
    con.execute("SET enable_external_access = false")
    con.execute("SET GLOBAL quack_authorization_function = 'photdb_allows'")
    return con


def serve(con: duckdb.DuckDBPyConnection, address: quack.Address, token: str) -> None:
    """Listen; what asks is answered by threads of duckdb."""
    con.execute(
        "CALL quack_serve($uri, token := $token, allow_other_hostname := $others, disable_ssl := true)",
        {"uri": address.uri, "token": token, "others": not address.is_local},
    ).fetchall()
    con.execute("SET lock_configuration = true")


def stop(con: duckdb.DuckDBPyConnection, address: quack.Address) -> None:
    """Take no more questions, wait a while for the answers under way, and stop, which ends what is left."""
    _closing.set()
    deadline = time.monotonic() + GRACE_S
    active = "SELECT count(*) FROM quack_active_connections() WHERE state = 'active'"
    while con.execute(active).fetchall()[0][0] and time.monotonic() < deadline:
        time.sleep(0.02)
    con.execute("CALL quack_stop($uri)", {"uri": address.uri}).fetchall()


def is_listening(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the server is still there."""
    return bool(con.execute("SELECT count(*) FROM quack_server_list()").fetchall()[0][0])


def _allows(session: str, query: str) -> bool:
    """Whether a client may ask that now: the server's own functions are not its business."""
    return not _closing.is_set() and quack.is_a_question(query)


def _say(word: str, **more: Any) -> None:
    """Tell the process that started this one."""
    print(json.dumps({"now": word, **more}), flush=True)


def main() -> None:
    """Do what the lines on stdin say: what to open, ``serve``, ``stop``."""
    order = json.loads(sys.stdin.readline())
    address = quack.Address(order["host"], order["port"])
    try:
        con = start(Path(order["store"]), order["memory_limit"])
        _say("open")
        if sys.stdin.readline().strip() != "serve":
            return
        serve(con, address, order["token"])
    except PhotdbError as error:
        _say("failed", what=error.what, hint=error.hint, kind=type(error).__name__)
        return
    except duckdb.Error as error:
        _say("failed", what=f"{order['store']}: {str(error).splitlines()[0]}", hint="", kind="InputError")
        return
    _say("serving")
    while not select.select([sys.stdin], [], [], 1.0)[0]:
        if not is_listening(con):
            break
    stop(con, address)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # whatever duckdb still holds goes with the process
