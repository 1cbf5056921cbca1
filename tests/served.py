"""A real `photdb serve` in a process of its own, for tests; skips where duckdb's extension quack cannot be had."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from photdb.store import quack

TOKEN = "a token of the tests"
WITHOUT_QUACK = f"duckdb {duckdb.__version__} without the wheels duckdb-extension-quack and -httpfs of that version"
needs_quack = pytest.mark.skipif(not all(map(quack.wheel, quack.EXTENSIONS)), reason=WITHOUT_QUACK)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(store: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Serve a store; yield its address as --db takes it, and the process."""
    port = free_port()
    command = [sys.executable, "-m", "photdb", "serve", "--db", str(store), "--port", str(port), *options]
    environment = {**os.environ, "PHOTDB_TOKEN": TOKEN}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        try:
            first = process.stderr.readline()
            assert first.startswith("serving "), first + process.stderr.read()
            yield f"quack:127.0.0.1:{port}", process
        finally:
            process.terminate()
            process.wait(30)
