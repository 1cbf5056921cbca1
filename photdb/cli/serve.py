"""``photdb serve``: others ask the store over the network."""

from __future__ import annotations

import signal
from typing import Annotated, Any

import typer

from photdb.cli import console
from photdb.cli.options import Db


def serve(
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where to listen; 0.0.0.0 is every network this machine is in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", min=1, max=65535, help="The port.")] = 9494,
    token: Annotated[
        str | None,
        typer.Option(
            metavar="WORD",
            help="What clients must know (others on this machine can read it here: better --token-file FILE or "
            "$PHOTDB_TOKEN; without any a random one is made and shown once).",
        ),
    ] = None,
    memory_limit: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Memory that answers may take, as 4GB (default: 80 %).")
    ] = None,
    db: Db = None,
) -> None:
    """Let others ask the store over the network, while it is written to.

    Every command that asks takes --db quack:HOST or quack:HOST:PORT, with the token in $PHOTDB_TOKEN or --token-file;
    so does any DuckDB with the extension quack. Clients read; nobody can write or reach other files through it. An
    ingest into the same file goes on beside it: the server lets go of the file for each commit, and clients wait for it
    (--wait). Ctrl-C ends it.

    It needs DuckDB's extension quack: pip install 'photdb[serve]'.

    Example: photdb serve --db survey.duckdb

    Example: photdb serve --db survey.duckdb --host 0.0.0.0 --token-file ~/.photdb-token
    """
    from photdb import config
    from photdb.config import store_path
    from photdb.jobs import serve as job

    store = store_path(db)
    known = token or config.token()
    word = known or job.new_token()

    def ready(address: Any) -> None:
        """Say how to ask."""
        name = f"quack:{address}"
        console.note(f"serving {store} at {name}; Ctrl-C ends it")
        if known is None:
            console.note(f"token: {word} (shown only now)")
        if not address.is_local:
            console.warn(
                f"whoever reaches {address} and has the token can read the store, and what passes is not encrypted: "
                "use it in a network you trust, or behind an ssh tunnel or a proxy with TLS"
            )
        console.note(f"ask: PHOTDB_TOKEN={'TOKEN' if known else word} photdb status --db {name}")

    stopped: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda signum, _: stopped.append(signum))
    job.serve(
        store,
        host=host,
        port=port,
        token=word,
        memory_limit=memory_limit,
        ready=ready,
        go_on=lambda: not stopped,
    )
    console.note("no longer serving")
