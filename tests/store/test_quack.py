"""Addresses, who answers there, and what is sent."""

import math
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photdb.errors import InputError, NotFoundError, PhotdbError, UsageError
from photdb.store import quack, remote
from photdb.store.database import Database
from photdb.store.remote import literal

from waiting import PATIENCE_S, nobody_listens  # isort: skip


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("quack:localhost", "localhost:9494"),
        ("quack:peak.example:80", "peak.example:80"),
        ("quack:/10.0.0.7:9", "10.0.0.7:9"),  # what a Path makes of quack://10.0.0.7:9
        ("quack:[::1]", "[::1]:9494"),
    ],
)
def test_an_address_is_host_and_port(text, meant):
    assert str(quack.parse(text)) == meant


@pytest.mark.parametrize("text", ["quack:", "quack:a:b", "quack:a:0", "quack:a:99999", "quack:a b", "quack:a/b"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(UsageError, match="no address"):
        quack.parse(text)


@contextmanager
def listening(answer: bytes | None) -> Iterator[quack.Address]:
    """A program on a port that says something, or nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        kept = []

        def talk() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                kept.append(client)
                if answer is not None:
                    client.recv(1000)
                    client.sendall(answer)
                    client.close()

        threading.Thread(target=talk, daemon=True).start()
        yield quack.Address("127.0.0.1", listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
        for client in kept:
            client.close()


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nThis is a DuckDB Quack RPC endpoint.", "quack"),
        (b"HTTP/1.0 503 later\r\nX-Photdb-Busy: 1\r\n\r\n", "busy"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "other"),
        (b"", "other"),
        (None, "silent"),
    ],
)
def test_who_answers_is_told_by_what_it_says(answer, found):
    with listening(answer) as address:
        assert quack.who_answers(address, timeout=PATIENCE_S if found != "silent" else 0.3) == found


def test_where_nobody_listens_nobody_answers():
    with nobody_listens() as port:
        assert quack.who_answers(quack.Address("127.0.0.1", port), timeout=PATIENCE_S) == "nobody"


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(st.characters(codec="utf-8")),
    st.dates(), st.datetimes(),
)  # fmt: skip


@given(VALUES)
def test_a_value_that_is_sent_as_text_comes_back_as_it_was(value):
    if isinstance(value, str) and "\0" in value:
        return  # duckdb's own texts end there
    (found,) = duckdb.sql(f"SELECT {literal(value)}").fetchall()[0]
    assert found == value or (isinstance(value, float) and math.isnan(value) and math.isnan(found))


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_lists_come_back_as_they_were(value):
    assert duckdb.sql(f"SELECT {literal(value)}::BIGINT[]").fetchall() == [(value,)]


def test_numbers_of_numpy_and_times_with_a_zone_are_sent_and_other_things_refused():
    assert literal(np.float32(0.5)) == "'0.5'::DOUBLE"
    assert literal(np.int64(7)) == "7"
    assert literal(datetime(2026, 1, 2, tzinfo=UTC)) == "'2026-01-02 00:00:00+00:00'::TIMESTAMPTZ"
    assert literal((date(2026, 1, 2),)) == "['2026-01-02'::DATE]"
    struct = {"a": [1], "it's": None}
    assert duckdb.sql(f"SELECT {literal(struct)}").fetchall() == [(struct,)]
    for strange in ({1: 2}, b"bytes", object()):
        with pytest.raises(InputError, match="cannot be sent"):
            literal(strange)


def test_a_duckdb_without_the_extension_says_which_wheels_it_wants(monkeypatch):
    monkeypatch.setattr(quack, "find_spec", lambda name: None)
    monkeypatch.setenv("HOME", "/nonexistent")
    with pytest.raises(PhotdbError, match=r"no extension quack") as caught, duckdb.connect() as con:
        con.execute("SET extension_directory = '/nonexistent/extensions'")
        quack.load(con)
    assert f"duckdb-extension-quack=={duckdb.__version__}" in caught.value.hint
    assert "photdb[serve]" in caught.value.hint


def test_a_server_is_only_asked_and_only_with_a_token(monkeypatch):
    with pytest.raises(UsageError, match="takes no changes"):
        Database.open("quack:localhost", read_only=False)
    monkeypatch.delenv("PHOTDB_TOKEN", raising=False)
    with pytest.raises(UsageError, match="no token") as caught:
        Database.open(Path("quack:localhost"))
    assert "--token-file" in caught.value.hint


@pytest.fixture
def without_extension(monkeypatch):
    """Who is there is found out before anything is asked of the extension."""
    monkeypatch.setenv("PHOTDB_TOKEN", "a token of the tests")
    monkeypatch.setattr(quack, "load", lambda con: None)


def test_a_server_that_says_nothing_is_not_waited_for(without_extension, monkeypatch):
    monkeypatch.setattr(remote, "ANSWER_S", 0.2)
    with listening(None) as address, pytest.raises(NotFoundError, match=r"no answer within 0.2 s"):
        Database.open(address.uri)


def test_a_port_where_nobody_listens_is_not_waited_for_long(without_extension):
    with nobody_listens() as port, pytest.raises(NotFoundError, match="nobody listens"):
        Database.open(f"quack:127.0.0.1:{port}", wait=0.1)


def test_a_host_that_does_not_exist_is_named(without_extension):
    with pytest.raises(NotFoundError, match=r"no machine of the name nowhere\.invalid"):
        Database.open("quack:nowhere.invalid")
