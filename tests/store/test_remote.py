"""Questions to a real server in a process of its own have the answers of the file."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

import photdb
from photdb.cli import app as cli
from photdb.errors import NotFoundError, PhotdbError, StoreLockedError, UsageError
from photdb.store import quack, remote
from photdb.store.answer import select
from photdb.store.database import Database

from served import TOKEN, needs_quack, server, serving  # isort: skip
from stores import FAINT, STAR, small_store  # isort: skip
from waiting import PATIENCE_S, until  # isort: skip

pytestmark = needs_quack
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A file, and the address where it is served."""
    path = small_store(tmp_path_factory.mktemp("served") / "small.duckdb")
    with server(path) as (address, _):
        yield path, address


@pytest.fixture(autouse=True)
def _token(monkeypatch):
    monkeypatch.setenv("PHOTDB_TOKEN", TOKEN)


@pytest.fixture
def photdb_run(monkeypatch, capsys) -> Run:
    """Run a command line: (exit code, stdout, stderr)."""
    monkeypatch.delenv("NO_COLOR", raising=False)

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            cli.main(list(words))
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return run


@pytest.mark.parametrize(
    "words",
    [
        "status",
        "check",
        "frames",
        "frames --state failed",
        "frames --as 1 --format json",
        "objects --min-detections 3",
        "cone 41.58 -30.27 60",
        "cone 41.58 -30.27 60 --as 1 --format json",
        "cone HAT-P 99 60",
        "lightcurve 41.58 -30.27",
        "lightcurve HAT-P 99 --band r",
        "lightcurve --object 2305843009213693955 --as 1",
        "lightcurve HAT-P 98",
        "lightcurve 10 10",
        "lightcurve 41.58 -30.27 --as 7",
        "target list",
        "zeropoint list",
        "zeropoint compare 1 1",
        "zeropoint --explain 1",
        "variables --format json",
        "period 41.58 -30.27",
        "coverage 41.58 -30.27",
        "coverage 10 10",
        "objects --where n_detections>3",
        "crossmatch events",
        "refcat list",
        "export lightcurve",
        "export detection --format json",
        "sql SELECT+count(*)+AS+n,+avg(mag)+FROM+lightcurve+GROUP+BY+band+ORDER+BY+ALL",
        "sql SELECT+*+FROM+lightcurve+ORDER+BY+ALL --format json",
        "sql --as+1 SELECT+frame_id,+zp+FROM+zeropoint_active+ORDER+BY+ALL",
        "sql DESCRIBE+lightcurve",
        "sql SUMMARIZE+frame",
        "sql SELECT+1+AS+a,+2+AS+a",
        "sql SELECT+nope+FROM+lightcurve",
        "sql SELEC",
        "sql SELECT+CAST('a'+AS+INTEGER)",
        "sql DELETE+FROM+frame",
        "sql SELECT+1;SELECT+2",
    ],
)
def test_every_command_that_asks_answers_as_on_the_file(stores, photdb_run, words):
    path, address = stores
    command = [
        w for word in words.split() for w in ([word.replace("+", " ")] if "+1" not in word[:6] else word.split("+"))
    ]
    expected = photdb_run(*command, "--db", str(path))
    found = photdb_run(*command, "--db", address)
    assert found[:2] == expected[:2], found[2]
    if expected[0]:  # what failed says the same, but for where and for the kind of mistake that duckdb names first
        kinds = re.compile("(Binder|Catalog|Conversion|Parser) Error: ")
        assert kinds.sub("", found[2].replace(address, str(path))) == kinds.sub("", expected[2])


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet", "votable", "fits"])
def test_every_format_is_written_here_as_from_the_file(stores, photdb_run, tmp_path, suffix):
    path, address = stores
    for name, db in (("file", str(path)), ("served", address)):
        out = tmp_path / f"{name}.{suffix}"
        code, _, err = photdb_run("export", "lightcurve", "--format", suffix, "--output", str(out), "--db", db)
        assert code == 0, err
    one, other = ((tmp_path / f"{name}.{suffix}").read_bytes() for name in ("file", "served"))
    if suffix == "parquet":
        import pyarrow.parquet as pq

        assert pq.read_table(tmp_path / "file.parquet").equals(pq.read_table(tmp_path / "served.parquet"))
    elif suffix in ("csv", "json"):
        assert one == other
    else:
        assert len(one) > 1000
        assert abs(len(one) - len(other)) < 200  # they say where and when they were made


def test_python_users_get_the_same_tables(stores):
    path, address = stores
    with photdb.connect(path) as one, photdb.connect(address) as other:
        assert one.light_curve(41.58, -30.27).equals(other.light_curve(41.58, -30.27))
        assert one.light_curve(name="HAT-P 99", calibration=1).equals(other.light_curve(name="HAT-P 99", calibration=1))
        assert one.cone(41.58, -30.27, 60).equals(other.cone(41.58, -30.27, 60))
        question = "SELECT * FROM lightcurve WHERE object_id = $id AND flux > $least ORDER BY frame_id"
        for given in ({"id": STAR, "least": 0.5}, {"id": FAINT, "least": -1e9}, {"id": 0, "least": 0}):
            assert one.sql(question, **given).equals(other.sql(question, **given))


def test_rows_come_once_and_in_their_order(stores):
    with Database.open(stores[1]) as db:
        answer = select(db, "SELECT range AS i FROM range(300000) ORDER BY i")
        assert [row[0] for row in answer.rows()] == list(range(300000))


def test_answers_can_be_read_beside_each_other(stores):
    with Database.open(stores[1]) as db:
        one = select(db, "SELECT range FROM range(5000)").rows(size=10)
        other = select(db, "SELECT -range FROM range(5000)").rows(size=10)
        assert all(a[0] == -b[0] for a, b in zip(one, other, strict=True))


def test_a_question_of_several_steps_keeps_its_session(stores):
    with Database.open(stores[1], calibration=1) as db:
        with db.table("mine", pa.table({"object_id": [STAR]})):
            sql = "CREATE OR REPLACE TEMP TABLE t AS SELECT d.frame_id FROM mine JOIN detection d USING (object_id)"
            db.execute(f"{sql} WHERE d.frame_id > $least", least=5)
            assert db.one("SELECT count(*) FROM t WHERE frame_id < $most", most=8) == 2
        db.execute("INSERT INTO t VALUES (100)")
        assert db.one("SELECT max(frame_id) FROM t") == 100
        assert db.one("SELECT getvariable('photdb_calibration')") == 1
        db.use_calibration(None)
        assert db.one("SELECT getvariable('photdb_calibration')") is None
        with pytest.raises(UsageError, match="read-only"):
            db.execute("INSERT INTO meta VALUES ('a', 'b')")


def test_a_table_of_ours_goes_with_the_question(stores):
    with Database.open(stores[1]) as db:
        table = pa.table({"object_id": pa.array([STAR, None], pa.int64()), "name": ["it's", "ß"]})
        with db.table("mine", table):
            found = db.rows("SELECT m.name, count(*) FROM mine m JOIN detection d USING (object_id) GROUP BY ALL").rows
            assert found == [("it's", 12)]
            assert db.rows("SELECT name FROM mine WHERE object_id IS NULL").rows == [("ß",)]
        with pytest.raises(UsageError, match="mine"):
            db.rows("SELECT * FROM mine")


def test_a_wrong_token_lets_nobody_in(stores, photdb_run, monkeypatch, tmp_path):
    monkeypatch.setenv("PHOTDB_TOKEN", TOKEN + "x")
    code, out, err = photdb_run("status", "--db", stores[1])
    assert (code, out) == (2, "")
    assert "the token is not the one of this server" in err
    assert TOKEN not in err
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    assert photdb_run("status", "--db", stores[1], "--token-file", str(tmp_path / "token"))[0] == 0


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM '/etc/hostname'",
        "SELECT * FROM quack_server_list()",
        "SELECT * FROM quack_stop('quack:localhost')",
    ],
)
def test_a_client_reaches_nothing_but_the_store(stores, photdb_run, sql):
    code, out, _ = photdb_run("sql", sql, "--db", stores[1])
    assert (code, out) == (2, "")


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO meta VALUES ('a', 'b')",
        "CREATE TABLE mine AS SELECT 1",
        "COPY (SELECT 1) TO '/tmp/photdb-test-never.csv'",
        "ATTACH '/tmp/photdb-test-never.duckdb' AS other",
        "SET enable_external_access = true",
        "SET GLOBAL quack_authorization_function = 'quack_nop_authorization'",
        "LOAD sqlite",
        "CALL quack_stop('quack:127.0.0.1')",
    ],
)
def test_whoever_has_the_token_can_change_nothing_with_any_program(stores, sql):
    import duckdb

    from photdb.store import quack

    with duckdb.connect() as con:
        quack.load(con)
        with pytest.raises(duckdb.Error, match=r"read-only|disabled|locked|Authorization"):
            con.execute("FROM quack_query($uri, $sql, token := $t)", {"uri": stores[1], "sql": sql, "t": TOKEN})
    assert not list(Path("/tmp").glob("photdb-test-never*"))


@pytest.mark.parametrize(
    "words",
    [
        "target add mine 1 2",
        "target remove HAT-P+99",
        "zeropoint",
        "zeropoint activate 1",
        "migrate",
        "snapshot copy.duckdb",
        "ingest .",
    ],
)
def test_every_command_that_writes_refuses(stores, photdb_run, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    command = [word.replace("+", " ") for word in words.split()]
    code, out, err = photdb_run(*command, "--db", stores[1])
    assert (code, out) == (2, ""), err
    assert "Traceback" not in err
    assert "quack:" in err
    assert sorted(p.name for p in tmp_path.iterdir()) == []


def test_a_server_that_is_gone_is_said_to_be(stores, photdb_run, tmp_path):
    path = small_store(tmp_path / "small.duckdb")
    with server(path) as (address, process):
        with Database.open(address, wait=0.5) as db:
            assert db.one("SELECT count(*) FROM frame") == 13
            process.terminate()
            process.wait(PATIENCE_S)
            with pytest.raises(NotFoundError, match="nobody listens"):
                db.one("SELECT count(*) FROM frame")
        assert process.returncode == 0
    code, out, err = photdb_run("status", "--db", address, "--wait", "0.5")
    assert (code, out) == (3, "")
    assert "is `photdb serve` running there" in err


def test_a_server_that_falls_silent_is_given_up(stores, monkeypatch):
    monkeypatch.setattr(remote, "PULSE_S", 0.1)
    with Database.open(stores[1]) as db:
        monkeypatch.setattr(remote.quack, "who_answers", lambda address, timeout: "silent")
        over = threading.Event()
        with pytest.raises(NotFoundError, match="fell silent"):
            db._con._patiently(lambda: over.wait(PATIENCE_S))  # type: ignore[attr-defined]
        over.set()


def test_a_writer_gets_the_file_while_it_is_served_and_clients_see_what_it_wrote(tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "ANSWER_S", PATIENCE_S)
    monkeypatch.setattr(remote, "GAP_S", PATIENCE_S)
    path = small_store(tmp_path / "small.duckdb")
    counts: list[int] = []
    with server(path) as (address, process), Database.open(address, wait=PATIENCE_S) as db:
        stop, answered = threading.Event(), threading.Event()

        def ask() -> None:
            while not stop.is_set():
                counts.append(int(db.one("SELECT count(*) FROM target")))
                answered.set()
            counts.append(int(db.one("SELECT count(*) FROM target")))

        asking = threading.Thread(target=ask)
        asking.start()
        assert answered.wait(PATIENCE_S), "the first question was not answered"
        for i in range(3):
            command = [sys.executable, "-m", "photdb", "target", "add", f"T{i}", "1", "2", "--db", str(path)]
            done = subprocess.run([*command, "--wait", str(PATIENCE_S)], capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
        assert db.one("SELECT count(*) FROM target") == 4
        stop.set()
        asking.join()
        assert process.poll() is None
    assert counts == sorted(counts)
    assert counts[0] == 1
    assert counts[-1] == 4


def test_while_somebody_writes_a_client_is_told_so_and_which_wait_helps(tmp_path):
    path = small_store(tmp_path / "small.duckdb")
    with server(path) as (address, _), Database.open(path, read_only=False, wait=PATIENCE_S):
        where = quack.parse(address)
        until(lambda: quack.who_answers(where, timeout=PATIENCE_S) == "busy", "nobody says that the store is busy")
        with pytest.raises(StoreLockedError, match="being written to") as caught:
            Database.open(address, wait=0.5)
        assert "--wait" in caught.value.hint
        with pytest.raises(PhotdbError):
            Database.open(address, wait=0)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--db", "none.duckdb"], 3, "no such store"),
        (["--db", "text.duckdb"], 4, "cannot be opened"),
        (["--db", "{store}", "--token", "short"], 2, "can be guessed"),
        (["--db", "{store}", "--token", TOKEN, "--port", "{port}"], 4, "there already"),
        (["--db", "{store}", "--token", TOKEN, "--host", "nowhere.invalid"], 4, "no such host"),
        (["--db", "{store}", "--token", TOKEN, "--memory-limit", "much"], 2, "memory limit of 'much'"),
    ],
)
def test_what_cannot_be_served_is_said(stores, tmp_path, words, code, said):
    (tmp_path / "text.duckdb").write_text("text " * 3000)
    path, address = stores
    given = [w.format(store=path, port=address.rsplit(":", 1)[1]) for w in words]
    command = [sys.executable, "-m", "photdb", "serve", *given]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S, cwd=tmp_path)
    assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (code, True, False), done.stderr


def test_without_a_token_a_random_one_is_made_and_shown_once(stores, tmp_path, monkeypatch):
    monkeypatch.delenv("PHOTDB_TOKEN")
    with serving(stores[0], environment=dict(os.environ)) as (address, process, first):
        assert process.stderr is not None
        token = process.stderr.readline().removeprefix("token: ").split()[0]
        assert len(token) >= 32
        monkeypatch.setenv("PHOTDB_TOKEN", token)
        with Database.open(first.split(" at ")[1].split(";")[0]) as db:
            assert str(db.path) == address
            assert db.one("SELECT count(*) FROM frame") == 13
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
