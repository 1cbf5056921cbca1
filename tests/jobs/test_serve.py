"""A group asks while a night is being ingested: real processes, the real protocol."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from photdb.store import remote
from photdb.store.database import Database

from nights import content, make, with_catalogue  # isort: skip
from served import TOKEN, needs_quack, processor_s, server, until_it_works, who_has_the_file  # isort: skip
from stores import small_store  # isort: skip
from waiting import PATIENCE_S, lives, until  # isort: skip

pytestmark = [needs_quack, pytest.mark.slow]

#: Asks on and on; each answer must be of one moment between two commits.
CLIENT = """
import json, sys, time
from photdb.errors import PhotdbError
from photdb.store import remote
from photdb.store.database import Database
remote.ANSWER_S = remote.GAP_S = end = float(sys.argv[2])
address = sys.argv[1]
question = '''SELECT (SELECT count(*) FROM frame), (SELECT count(*) FROM detection),
    (SELECT coalesce(sum(n_detections), 0) FROM frame WHERE state = 'ok'), (SELECT count(*) FROM file)'''
seen, errors, stopped = [], [], False
print("asking", flush=True)
with open(0) as stop:
    import select
    while not stopped or len(seen) + len(errors) < 3:
        stopped = bool(select.select([stop], [], [], 1.0)[0])  # and is asked once more
        try:
            with Database.open(address, wait=end) as db:
                seen.append(db.rows(question).rows[0])
        except PhotdbError as error:
            errors.append(error.what)
print(json.dumps({"seen": seen, "errors": errors}))
"""


#: A client that gives a busy server all the time it needs.
PATIENT = f"from photdb.store import remote; remote.ANSWER_S = remote.GAP_S = {PATIENCE_S}; "
ENDLESS = "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b"


@contextmanager
def asks(code: str, address: str, *, wait: float) -> Iterator[subprocess.Popen[str]]:
    """A client that has been answered once, and asks what it is there for when it hears a line."""
    begin = (
        f"import sys; {PATIENT}from photdb.store.database import Database; "
        "db = Database.open(sys.argv[1], wait=float(sys.argv[2])); db.one('SELECT count(*) FROM target'); "
        "print('open', flush=True); sys.stdin.readline(); "
    )
    words = [sys.executable, "-c", begin + code, address, str(wait)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as asking:
        assert asking.stdout is not None
        try:
            assert asking.stdout.readline() == "open\n"
            yield asking
        finally:
            asking.kill()


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("served") / "survey", nights=2, frames=2)


def ingest(survey: Path, store: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "photdb", "ingest", str(survey), "--db", str(store), "--workers", "1"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def client(address: str, token: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PHOTDB_TOKEN": token}
    words = [sys.executable, "-c", CLIENT, address, str(PATIENCE_S)]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


@pytest.mark.timeout(1800)  # eight processes: a machine that has much else to do takes minutes
def test_four_read_while_one_ingests_and_nothing_is_lost_and_no_wrong_token_let_in(survey, tmp_path):
    calm = with_catalogue(tmp_path / "calm.duckdb", survey)
    assert ingest(survey, calm).returncode == 0
    store = with_catalogue(tmp_path / "s.duckdb", survey)
    with ExitStack() as stack:
        address, process = stack.enter_context(server(store))
        asking = [stack.enter_context(client(address, TOKEN)) for _ in range(4)]
        stranger = stack.enter_context(client(address, TOKEN[:-1]))
        for one in (*asking, stranger):
            assert one.stdout is not None
            assert one.stdout.readline() == "asking\n"
        done = ingest(survey, store)
        assert done.returncode == 0, done.stderr
        heard = [json.loads(one.communicate("", timeout=PATIENCE_S)[0]) for one in (*asking, stranger)]
        assert process.poll() is None
    assert content(store) == content(calm)
    assert heard[-1]["seen"] == []
    assert any("the token is not" in what for what in heard[-1]["errors"]), heard[-1]["errors"]
    with Database.open(store) as db:
        n_frames = db.one("SELECT count(*) FROM frame")
    for one in heard[:-1]:
        assert one["errors"] == []
        assert len(one["seen"]) >= 3
        assert one["seen"] == sorted(one["seen"]), "an answer was older than one before it"
        assert all(n == told for _, n, told, _ in one["seen"]), "an answer was of half a commit"
        assert one["seen"][-1][0] == n_frames == 4


def test_a_killed_server_lets_go_of_the_file_and_nothing_is_broken(tmp_path):
    store = small_store(tmp_path / "small.duckdb")
    with server(store) as (_, process):
        os.kill(process.pid, signal.SIGKILL)
        process.wait(PATIENCE_S)
        with Database.open(store, read_only=False, wait=PATIENCE_S) as db:
            db.execute("INSERT INTO meta VALUES ('after', 'it')")


def test_a_server_that_dies_is_started_again(tmp_path, monkeypatch):
    monkeypatch.setenv("PHOTDB_TOKEN", TOKEN)
    monkeypatch.setattr(remote, "ANSWER_S", PATIENCE_S)
    monkeypatch.setattr(remote, "GAP_S", PATIENCE_S)
    store = small_store(tmp_path / "small.duckdb")
    with server(store) as (address, process):
        pid = who_has_the_file(process)
        os.kill(pid, signal.SIGKILL)
        until(lambda: not lives(pid), "the killed server lives on")
        with Database.open(address, wait=PATIENCE_S) as db:
            assert db.one("SELECT count(*) FROM frame") == 13


def test_a_question_that_takes_seconds_is_answered_though_a_writer_wants_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("PHOTDB_TOKEN", TOKEN)
    store = small_store(tmp_path / "small.duckdb")
    code = (
        "n = 'SELECT count(*), count(*) FILTER (a.range * b.range % 7 = 1) FROM range(1000000) a, range(300) b'; "
        "print(db.rows(n).rows[0]); print(db.one('SELECT count(*) FROM target'))"
    )
    with server(store) as (address, process), asks(code, address, wait=500) as asking:
        used_s = processor_s(who_has_the_file(process))
        assert asking.stdin is not None
        asking.stdin.write("ask\n")
        asking.stdin.flush()
        until_it_works(process, asking, used_s=used_s)
        with Database.open(store, read_only=False, wait=PATIENCE_S) as db:
            db.execute("DELETE FROM target")
        answer, after = asking.communicate(timeout=500)[0].splitlines()
    assert answer.startswith("(300000000, ")
    assert after == "0"


def test_a_question_without_end_does_not_keep_a_writer_out(tmp_path, monkeypatch):
    monkeypatch.setenv("PHOTDB_TOKEN", TOKEN)
    store = small_store(tmp_path / "small.duckdb")
    code = f"db.one({ENDLESS!r})"
    with server(store) as (address, process), asks(code, address, wait=1) as asking:
        used_s = processor_s(who_has_the_file(process))
        assert asking.stdin is not None
        asking.stdin.write("ask\n")
        asking.stdin.flush()
        until_it_works(process, asking, used_s=used_s)
        assert asking.poll() is None
        with Database.open(store, read_only=False, wait=PATIENCE_S) as db:
            assert db.one("SELECT count(*) FROM frame") == 13


def test_a_question_to_a_server_ends_at_once_with_ctrl_c(tmp_path, monkeypatch):
    monkeypatch.setenv("PHOTDB_TOKEN", TOKEN)
    store = small_store(tmp_path / "small.duckdb")
    with server(store) as (address, process):
        used_s = processor_s(who_has_the_file(process))
        heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "  # shells may shut it off
        code = f"{heard}{PATIENT}from photdb.cli.app import main; main()"
        command = [sys.executable, "-c", code, "sql", ENDLESS, "--db", address]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as asking:
            until_it_works(process, asking, used_s=used_s)
            assert asking.poll() is None
            asking.send_signal(signal.SIGINT)
            _, err = asking.communicate(timeout=PATIENCE_S)
    assert (asking.returncode, err.strip()) == (130, "interrupted")
