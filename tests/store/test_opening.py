"""Several real processes and one store."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from photdb import config, progress
from photdb.errors import InputError, StoreLockedError, UsageError
from photdb.store import opening
from photdb.store.database import Database
from photdb.store.opening import is_awaited, waiting

from waiting import PATIENCE_S  # isort: skip

OPEN = "import sys, time; from photdb.store.database import Database; p = sys.argv[1]\n"
#: Holds the file until its stdin ends.
HOLD = OPEN + "with Database.open(p, read_only=False):\n    print('open', flush=True); sys.stdin.read()"
#: Readers that follow each other so closely that between two of them the file is hardly ever free; they end when they
#: have read what a writer wrote.
READ_ON = OPEN + (
    "print('open', flush=True); seen = 0\n"
    "while not seen:\n"
    "    with Database.open(p, wait=300) as db:\n"
    "        seen = db.one(\"SELECT count(*) FROM meta WHERE key = 'a'\"); time.sleep(0.3)\n"
    "print('seen')"
)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "a.duckdb"
    Database.open(path, read_only=False, create=True).close()
    return path


@contextmanager
def started(code: str, store: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has said it is open."""
    words = [sys.executable, "-c", code, str(store)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "open\n"
            yield process
        finally:
            process.kill()


class Heard:
    """A listener that remembers, and has something done when it hears."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.then: Callable[[], object] = lambda: None

    def say(self, text: str) -> None:
        self.lines.append(text)
        self.then()

    warn = say

    def track(self, items, description, total):
        yield from items


def test_a_reader_waits_for_a_writer_and_is_told_for_whom(store, monkeypatch):
    heard = Heard()
    monkeypatch.setattr("photdb.store.opening.SILENT_S", 0.2)
    progress.listen(heard)
    try:
        with started(HOLD, store) as holder:
            assert holder.stdin is not None
            heard.then = holder.stdin.close  # then it lets go
            with Database.open(store, wait=PATIENCE_S) as db:
                assert db.one("SELECT count(*) FROM meta") > 0
    finally:
        progress.listen(None)
    (line,) = heard.lines
    assert line.startswith(f"waiting: {store}: held by process {holder.pid} (")
    assert "import sys" in line  # the command of the process, not only its interpreter


def test_who_waits_too_little_is_told_how_to_wait_longer(store):
    with started(HOLD, store) as holder:
        began = time.monotonic()
        with pytest.raises(StoreLockedError, match=str(holder.pid)) as caught:
            Database.open(store, wait=0.3)
        assert time.monotonic() - began >= 0.3
        assert "--wait" in caught.value.hint
        assert holder.poll() is None


def test_a_row_of_readers_lets_a_writer_in_and_reads_on_after_it(store):
    with ExitStack() as stack:
        readers = [stack.enter_context(started(READ_ON, store)) for _ in range(3)]
        with Database.open(store, read_only=False, wait=60) as db:
            db.execute("INSERT INTO meta VALUES ('a', 'b')")
        assert [reader.communicate(timeout=PATIENCE_S)[0] for reader in readers] == 3 * ["seen\n"]


def test_a_writer_that_waits_is_known_until_it_goes(store):
    assert not is_awaited(store)
    with waiting(store):
        assert is_awaited(store)
        with waiting(store):
            assert is_awaited(store)
        assert is_awaited(store)
    assert not is_awaited(store)


def test_a_writer_lets_readers_in_that_wait_but_not_for_ever(store, monkeypatch):
    monkeypatch.setattr(opening, "LET_IN_S", 0.3)
    with waiting(store, opening.READERS):
        assert not is_awaited(store)
        began = time.monotonic()
        Database.open(store, read_only=False).close()
        assert time.monotonic() - began >= 0.3
    assert not is_awaited(store, opening.READERS)


@pytest.mark.parametrize("given", ["x", "-1", "nan"])
def test_a_wait_that_is_no_time_is_refused(monkeypatch, given):
    monkeypatch.setenv("PHOTDB_WAIT", given)
    with pytest.raises(UsageError, match="seconds"):
        config.patience()


def test_the_command_line_goes_before_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("PHOTDB_WAIT", "7")
    monkeypatch.setenv("PHOTDB_TOKEN", "of the environment")
    (tmp_path / "token").write_text("of the file\n")
    assert (config.patience(60), config.token()) == (7, "of the environment")
    config.give(wait="8", token_file=str(tmp_path / "token"))
    try:
        assert (config.patience(60), config.token()) == (8, "of the file")
        config.give(token_file=str(tmp_path / "none"))
        with pytest.raises(InputError, match="none"):
            config.token()
    finally:
        config.give()
    assert config.patience(60) == 7
