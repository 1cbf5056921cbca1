"""A real `photdb serve` in a process of its own, for tests; skips where duckdb's extension quack cannot be had."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from photdb.store import quack

from waiting import PATIENCE_S, free_port, until  # isort: skip

TOKEN = "a token of the tests"
WITHOUT_QUACK = f"duckdb {duckdb.__version__} without the wheels duckdb-extension-quack and -httpfs of that version"
needs_quack = pytest.mark.skipif(not all(map(quack.wheel, quack.EXTENSIONS)), reason=WITHOUT_QUACK)


@contextmanager
def server(store: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Serve a store; yield its address as --db takes it, and the process."""
    environment = {**os.environ, "PHOTDB_TOKEN": TOKEN}
    with serving(store, *options, environment=environment) as (address, process, _):
        yield address, process


@contextmanager
def serving(
    store: Path, *options: str, environment: dict[str, str]
) -> Iterator[tuple[str, subprocess.Popen[str], str]]:
    """Serve a store; yield its address, the process, and its first line."""
    for left in range(9, -1, -1):  # another program may take the port in between
        port = free_port()
        command = [sys.executable, "-m", "photdb", "serve", "--db", str(store), "--port", str(port), *options]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stderr is not None
            try:
                first = process.stderr.readline()
                if not first.startswith("serving "):
                    said = first + process.stderr.read()
                    assert left, said
                    assert "there already" in said, said
                    continue
                yield f"quack:127.0.0.1:{port}", process, first
                return
            finally:
                process.terminate()
                try:
                    process.wait(PATIENCE_S)
                finally:
                    process.kill()


def who_has_the_file(process: subprocess.Popen[str]) -> int:
    """The process that a server started to answer questions."""
    (pid,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return int(pid)


def until_it_works(process: subprocess.Popen[str], asking: subprocess.Popen[str], *, used_s: float) -> None:
    """Wait until a server has used half a second of processor time more than it had: it is at the question by then."""
    pid = who_has_the_file(process)
    until(lambda: processor_s(pid) > used_s + 0.5 or asking.poll() is not None, "no question is being answered")


def processor_s(pid: int) -> float:
    """Processor time that a process has used, s."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
