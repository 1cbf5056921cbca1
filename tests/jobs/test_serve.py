"""A group asks while a night is being ingested: real processes, the real protocol."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from photdb.store.database import Database

from nights import content, make, with_catalogue  # isort: skip
from served import TOKEN, needs_quack, server  # isort: skip
from stores import small_store  # isort: skip

pytestmark = [needs_quack, pytest.mark.slow]

#: Asks on and on; each answer must be of one moment between two commits.
CLIENT = """
import json, sys, time
from photdb.errors import PhotdbError
from photdb.store.database import Database
address, end = sys.argv[1], float(sys.argv[2])
question = '''SELECT (SELECT count(*) FROM frame), (SELECT count(*) FROM detection),
    (SELECT coalesce(sum(n_detections), 0) FROM frame WHERE state = 'ok'), (SELECT count(*) FROM file)'''
seen, let_in, errors = [], 0, []
print("asking", flush=True)
with open(0) as stop:
    import select
    while not select.select([stop], [], [], 0.05)[0]:
        try:
            with Database.open(address, wait=end) as db:
                seen.append(db.rows(question).rows[0])
        except PhotdbError as error:
            errors.append(error.what)
print(json.dumps({"seen": seen, "errors": errors}))
"""


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("served") / "survey", nights=3, frames=3)


def ingest(survey: Path, store: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "photdb", "ingest", str(survey), "--db", str(store), "--workers", "1"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def client(address: str, token: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PHOTDB_TOKEN": token}
    words = [sys.executable, "-c", CLIENT, address, "60"]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


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
        time.sleep(2)
        heard = [json.loads(one.communicate("")[0]) for one in (*asking, stranger)]
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
        assert one["seen"][-1][0] == n_frames == 9


def test_a_killed_server_lets_go_of_the_file_and_nothing_is_broken(tmp_path):
    store = small_store(tmp_path / "small.duckdb")
    with server(store) as (_, process):
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
        with Database.open(store, read_only=False, wait=10) as db:
            db.execute("INSERT INTO meta VALUES ('after', 'it')")


def test_a_server_that_dies_is_started_again(tmp_path, monkeypatch):
    monkeypatch.setenv("PHOTDB_TOKEN", TOKEN)
    store = small_store(tmp_path / "small.duckdb")
    with server(store) as (address, process):
        pids = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert len(pids) == 1
        os.kill(int(pids[0]), signal.SIGKILL)
        time.sleep(0.5)
        with Database.open(address, wait=20) as db:
            assert db.one("SELECT count(*) FROM frame") == 13


def test_a_question_that_takes_seconds_is_answered_before_a_writer_gets_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("PHOTDB_TOKEN", TOKEN)
    store = small_store(tmp_path / "small.duckdb")
    code = (
        "import sys; from photdb.store.database import Database; db = Database.open(sys.argv[1], wait=60);"
        "print('open', flush=True); n = 'SELECT count(*), count(*) FILTER (a.range * b.range % 7 = 1) FROM '"
        "'range(1000000) a, range(300) b'; before = db.one('SELECT count(*) FROM target'); print(db.rows(n).rows[0]);"
        "print(db.one('SELECT count(*) FROM target'))"
    )
    with server(store) as (address, _):
        words = [sys.executable, "-c", code, address]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as asking:
            assert asking.stdout is not None
            assert asking.stdout.readline() == "open\n"
            time.sleep(0.5)
            with Database.open(store, read_only=False, wait=60) as db:
                db.execute("DELETE FROM target")
            answer, after = asking.communicate(timeout=120)[0].splitlines()
    assert answer.startswith("(300000000, ")
    assert after == "0"


def test_a_question_without_end_does_not_keep_a_writer_out(tmp_path, monkeypatch):
    monkeypatch.setenv("PHOTDB_TOKEN", TOKEN)
    store = small_store(tmp_path / "small.duckdb")
    code = (
        "import sys; from photdb.store.database import Database; db = Database.open(sys.argv[1], wait=1);"
        "print('open', flush=True); db.one('SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b')"
    )
    with server(store) as (address, _):
        words = [sys.executable, "-c", code, address]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as endless:
            assert endless.stdout is not None
            assert endless.stdout.readline() == b"open\n"
            time.sleep(4)  # until it is being answered
            began = time.monotonic()
            with Database.open(store, read_only=False, wait=60):
                waited = time.monotonic() - began
            endless.kill()
    assert 1 < waited < 40


def test_a_question_to_a_server_ends_at_once_with_ctrl_c(tmp_path, monkeypatch):
    monkeypatch.setenv("PHOTDB_TOKEN", TOKEN)
    store = small_store(tmp_path / "small.duckdb")
    endless = "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b"
    with server(store) as (address, _):
        command = [sys.executable, "-m", "photdb", "sql", endless, "--db", address]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as asking:
            time.sleep(5)  # until it is being answered
            assert asking.poll() is None
            asking.send_signal(signal.SIGINT)
            _, err = asking.communicate(timeout=20)
    assert (asking.returncode, err.strip()) == (130, "interrupted")
