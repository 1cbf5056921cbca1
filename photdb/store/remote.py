"""Questions to a store that `photdb serve` serves: the whole statement is answered there, only its rows come here.

So views, macros and the choice of a calibration are the server's, and answers are those of the file. Every statement
is a session of its own, so that nothing is lost when the server lets go of the file for a commit and takes it up again:
what fails for that is asked anew. Only questions that need temporary tables keep a session, which a commit ends. The
answer comes whole into a database in memory (on disk beyond its limit) before its first row is handed out: no row
comes twice.
"""

from __future__ import annotations

import math
import os
import re
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from itertools import count
from pathlib import Path
from typing import Any, cast

import duckdb

from photdb import progress
from photdb.config import token as given_token
from photdb.errors import InputError, NotFoundError, PhotdbError, StoreLockedError, UsageError
from photdb.store import migrations, quack
from photdb.store.database import Database
from photdb.store.opening import SILENT_S

#: How long a server may take to say that it is there, s.
ANSWER_S = 5.0
#: How long nobody need be there: a server that hands over the file leaves its port for a moment, on a busy machine for
#: some seconds.
GAP_S = 5.0
#: While an answer is waited for, how often the server is asked whether it lives, s, and how often it may say nothing.
PULSE_S, MISSED = 10.0, 3
#: Rows of a table of ours that go to the server with a question.
MAX_SENT = 100_000

_SET = re.compile(r"\s*SET\s+VARIABLE\s+(\w+)\s*=", re.IGNORECASE)
_RESET = re.compile(r"\s*RESET\s+VARIABLE\s+(\w+)\s*;?\s*", re.IGNORECASE)
_MISTAKE = re.compile(
    r"syntax error|not exist|not found|Candidate|Did you mean|No function|must appear|ambiguous", re.I
)
_TEMPORARY = re.compile(r"\s*(?:--[^\n]*\n\s*)*CREATE\s+(?:OR\s+REPLACE\s+)?TEMP(?:ORARY)?\s", re.IGNORECASE)
#: Texts, names and comments, in which a $ means nothing; else a parameter.
_WORDS = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|\$([a-z_]\w*)""", re.IGNORECASE | re.DOTALL)
_OURS = re.compile(r"\n\nLINE \d+: (?:CREATE TABLE|FROM) [^\n]*quack_query.*", re.DOTALL)


def open_remote(address: str, *, read_only: bool, calibration: int | None, wait: float) -> Database:
    """Open what is served at an address.

    Parameters
    ----------
    address : str
        ``quack:HOST`` or ``quack:HOST:PORT``.
    read_only : bool
        Must be true: a server is only asked.
    calibration : int, optional
        As `Database.open` has it.
    wait : float
        How long to wait while the server lets a writer write, s.

    Raises
    ------
    UsageError
        If something is to be written, or there is no token, or not the right one.
    NotFoundError
        If nobody answers there.
    StoreLockedError
        If something is being written all the time.
    InputError
        If what answers serves no store.
    """
    where = quack.parse(address)
    if not read_only:
        raise UsageError(
            f"{address}: a server is only asked; it takes no changes",
            "on the machine that has the file: the same command with --db FILE; the server lets it write",
        )
    token = given_token()
    if token is None:
        raise UsageError(f"{address}: no token", "set PHOTDB_TOKEN, or name its file: --token-file FILE")
    connection = _RemoteConnection(where, token, wait)
    try:
        path = Path(address)
        migrations.check(cast(duckdb.DuckDBPyConnection, connection), path, read_only=True)
        database = _RemoteDatabase(cast(duckdb.DuckDBPyConnection, connection), path, read_only=True)
        if calibration is not None:
            database.use_calibration(calibration)
        return database
    except BaseException:
        connection.close()
        raise


class _RemoteDatabase(Database):
    """A store behind a server."""

    def copy(self, sql: str, parameters: Mapping[str, Any] | None, path: Path, options: str) -> int:
        """Write the answer to a file here; return the number of rows."""
        with self._complaints():
            relation = self._con.sql(sql.rstrip().rstrip(";"), params=dict(parameters) if parameters else None)
        here = cast(_RemoteConnection, self._con)
        target = str(path).replace("'", "''")
        with self._complaints():
            rows = here.local.execute(f"COPY (FROM {relation.alias}) TO '{target}' ({options})").fetchall()
        return int(rows[0][0]) if rows else 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Refuse: there is nothing to write."""
        raise UsageError(f"{self.path}: a server is only asked; it takes no changes", "--db FILE where the file is")
        yield


class _RemoteConnection:
    """As much of a duckdb connection as questions need."""

    def __init__(self, address: quack.Address, token: str, wait: float) -> None:
        self._address, self._token, self._wait = address, token, wait
        self._variables: dict[str, str] = {}
        self._sent: dict[str, str] = {}
        self._in_session = False
        self._abandoned = False
        self._names = (f"answer_{i}" for i in count(1))
        self._read_lazily: deque[str] = deque()
        spill = Path(tempfile.gettempdir()) / f"photdb-{os.getpid()}.tmp"
        self.local = duckdb.connect(":memory:", config={"temp_directory": str(spill)})
        quack.load(self.local)
        self._plain = True
        self._reach(time.monotonic() + wait)

    def close(self) -> None:
        """Forget the answers."""
        if not self._abandoned:  # else closing would wait for an answer that nobody waits for
            self.local.close()

    def extract_statements(self, sql: str) -> list[Any]:
        """Return the statements of a text; they are read here."""
        return self.local.extract_statements(sql)

    def execute(self, sql: str, parameters: Mapping[str, Any] | None = None) -> _Fetched:
        """Ask, and return what can be fetched from."""
        if self._remembers(sql):
            return _Fetched(self.local, None)
        return _Fetched(self.local, self._ask(sql, parameters))

    def sql(self, sql: str, params: Mapping[str, Any] | None = None) -> duckdb.DuckDBPyRelation:
        """Ask, and return a relation."""
        name = self._ask(sql, params)
        self._read_lazily.append(name)
        if len(self._read_lazily) > 4:  # the one before may still be read; older ones hardly
            _drop(self.local, self._read_lazily.popleft())
        return self.local.table(name).set_alias(name)

    def register(self, name: str, data: Any) -> None:
        """Send a small table along with every question, as a view of its rows."""
        self.local.register(name, data)
        try:
            described = self.local.execute(f'DESCRIBE "{name}"').fetchall()
            rows = self.local.execute(f'FROM "{name}"').fetchall()
        finally:
            self.local.unregister(name)
        if len(rows) > MAX_SENT:
            raise UsageError(
                f"{len(rows)} rows are too many to send to a server (at most {MAX_SENT})", "ask about fewer at once"
            )
        columns = ", ".join(
            f'unnest({literal([row[i] for row in rows])}::{kind}[]) AS "{column}"'
            for i, (column, kind, *_) in enumerate(described)
        )
        self._sent[name] = f'CREATE OR REPLACE TEMP VIEW "{name}" AS SELECT {columns}'
        if self._in_session:
            self._insist(next(self._names), self._sent[name])

    def unregister(self, name: str) -> None:
        """Send it no more."""
        self._sent.pop(name, None)

    def _remembers(self, sql: str) -> bool:
        """Keep the value of a variable for the questions that follow."""
        if found := _SET.match(sql):
            self._variables[found[1].lower()] = sql.strip().rstrip(";")
        elif found := _RESET.fullmatch(sql):
            self._variables.pop(found[1].lower(), None)
        if found is not None and self._in_session:
            self._insist(next(self._names), sql)
        return found is not None

    def _ask(self, sql: str, parameters: Mapping[str, Any] | None) -> str:
        """Have a statement answered there; return the name of the table here that has the answer."""
        statements = self.local.extract_statements(sql)
        if len(statements) == 1 and _TEMPORARY.match(sql) and not self._in_session:
            self._begin_session()
        asks = len(statements) == 1 and statements[0].type in (
            duckdb.StatementType.SELECT,
            duckdb.StatementType.EXPLAIN,
        )
        if not asks and not self._in_session:
            what = statements[0].type.name if len(statements) == 1 else f"{len(statements)} statements"
            raise UsageError(
                f"quack:{self._address}: a server answers one SELECT at a time, not {what}",
                "this needs the file itself, or a copy of it: photdb snapshot",
            )
        name = next(self._names)
        self._insist(name, "; ".join([*self._before(), (_bound if asks else _filled_in)(sql, parameters)]))
        return name

    def _before(self) -> list[str]:
        """Return what a session of its own has to hear before a question."""
        return [] if self._in_session else [*self._variables.values(), *self._sent.values()]

    def _begin_session(self) -> None:
        """Keep one session from now on."""
        before = self._before()
        self._reach(time.monotonic() + self._wait)
        try:
            # What ATTACH is given cannot be a parameter.
            plain, token = str(self._plain).lower(), literal(self._token)
            self.local.execute(
                f"ATTACH '{self._address.uri}' AS served (TYPE quack, TOKEN {token}, DISABLE_SSL {plain})"
            )
        except duckdb.InvalidInputException as error:
            raise self._said(
                duckdb.InvalidInputException(_first(error))
            ) from None  # without the line that has the token
        except duckdb.Error:
            raise self._gone("it went away before it had answered") from None
        self._in_session = True
        for text in before:
            self._insist(next(self._names), text)

    def _insist(self, name: str, text: str) -> None:
        """Ask until there is an answer, or the time for it is over: a commit may have come between."""
        began = time.monotonic()
        while True:
            self._reach(began + self._wait)
            try:
                self._patiently(lambda: self._fetch(name, text))
                return
            except duckdb.IOException as error:
                if self._in_session:
                    raise StoreLockedError(
                        f"quack:{self._address}: a commit came between the steps of this question", "ask again"
                    ) from error
                if time.monotonic() - began > max(self._wait, GAP_S):
                    raise self._gone(f"it went away before it had answered: {_first(error)}") from error
                time.sleep(0.05)
            except duckdb.InvalidInputException as error:
                if "Authorization failed" not in str(error) or not quack.is_a_question(text):
                    raise self._said(error) from error
                if time.monotonic() - began > self._wait:  # it is about to hand over the file
                    raise self._busy() from error
                time.sleep(0.05)

    def _fetch(self, name: str, text: str) -> None:
        """Ask once."""
        if self._in_session:
            self.local.execute(f"CREATE TABLE {name} AS FROM quack_query_by_name('served', $text)", {"text": text})
            return
        self.local.execute(
            f"CREATE TABLE {name} AS FROM quack_query($uri, $text, token := $token, disable_ssl := $plain)",
            {"uri": self._address.uri, "text": text, "token": self._token, "plain": self._plain},
        )

    def _reach(self, deadline: float) -> None:
        """Wait until the server is there and not giving way to a writer."""
        began, told = time.monotonic(), False
        while True:
            found = quack.who_answers(self._address, timeout=ANSWER_S)
            now = time.monotonic()
            if found in ("busy", "nobody") and now > began + SILENT_S and not told:
                why = "its store is being written to" if found == "busy" else "nobody listens there"
                progress.say(f"waiting: quack:{self._address}: {why}")
                told = True
            if found in ("quack", "other"):
                self._plain = found == "quack"
                return
            if found == "busy" and now > deadline:
                raise self._busy()
            if found == "silent":
                raise self._gone(f"no answer within {ANSWER_S:g} s")
            if found == "no such host":
                raise self._gone(f"no machine of the name {self._address.host} is known")
            if found == "nobody" and now > began + min(GAP_S, self._wait):
                raise self._gone("nobody listens there")
            time.sleep(0.05)

    def _gone(self, why: str) -> PhotdbError:
        """Return the error for a server that is not there."""
        return NotFoundError(
            f"quack:{self._address}: {why}", "is `photdb serve` running there, on that port, and open to this machine?"
        )

    def _busy(self) -> StoreLockedError:
        """Return the error for a server that has handed over the file all the time."""
        return StoreLockedError(
            f"quack:{self._address}: its store is being written to", "--wait SECONDS waits longer for it"
        )

    def _said(self, error: duckdb.Error) -> Exception:
        """Return what the server said as the error it would have been here."""
        text = _OURS.sub("", str(error)).removeprefix("Invalid Input Error: ").strip()
        if text.startswith("Authentication failed"):
            return UsageError(
                f"quack:{self._address}: the token is not the one of this server",
                "`photdb serve` shows its token when it starts; give it by PHOTDB_TOKEN or --token-file",
            )
        if text.startswith("Authorization failed"):
            return UsageError(
                f"quack:{self._address}: the server does not answer that", "it answers SELECT about the store"
            )
        # A mistake in the statement is shown with its line; a value that cannot be is only named: as on a file.
        return (duckdb.BinderException if _MISTAKE.search(text) else duckdb.ConversionException)(text)

    def _patiently(self, work: Callable[[], None]) -> None:
        """Do what waits for the server in a thread, so that a server that fell silent or Ctrl-C ends it."""
        failed: list[BaseException] = []
        done = threading.Event()

        def run() -> None:
            try:
                work()
            except BaseException as error:
                failed.append(error)
            finally:
                done.set()

        threading.Thread(target=run, daemon=True).start()
        try:
            self._follow(done)
        except BaseException:
            self._abandoned = True
            self.local.interrupt()
            raise
        if failed:
            raise failed[0]

    def _follow(self, done: threading.Event) -> None:
        """Wait until an answer is there, or the server has not been heard of for long."""
        missed = 0
        while not done.wait(PULSE_S):
            found = quack.who_answers(self._address, timeout=ANSWER_S)
            missed = missed + 1 if found in ("silent", "nobody") else 0
            if missed >= MISSED:
                raise self._gone(f"it fell silent: no sign of it for {MISSED * PULSE_S:g} s")


class _Fetched:
    """An answer that is here; it is forgotten when it has been read."""

    def __init__(self, local: duckdb.DuckDBPyConnection, name: str | None) -> None:
        self._local, self._name = local, name
        self._cursor = local.cursor()
        if name is not None:
            self._cursor.execute(f"FROM {name}")

    @property
    def description(self) -> list[Any]:
        """Return the columns as the DB-API has them."""
        return list(self._cursor.description or []) if self._name else []

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return all rows that are left."""
        rows = self._cursor.fetchall() if self._name else []
        self._forget()
        return rows

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        """Return the next rows, none at the end."""
        rows = self._cursor.fetchmany(size) if self._name else []
        if not rows:
            self._forget()
        return rows

    def _forget(self) -> None:
        """Drop the table; a cursor at its end needs it no more."""
        if self._name is not None:
            self._cursor.close()
            _drop(self._local, self._name)
            self._name = None


def _drop(local: duckdb.DuckDBPyConnection, name: str) -> None:
    """Forget an answer."""
    local.execute(f"DROP TABLE IF EXISTS {name}")


def _bound(sql: str, parameters: Mapping[str, Any] | None) -> str:
    """Return a statement with its parameters: prepared, then executed, as duckdb itself binds them."""
    if not parameters:
        return sql
    values = ", ".join(f'"{name}" := {literal(value)}' for name, value in parameters.items())
    return f"PREPARE asked AS {sql.rstrip().rstrip(';')}\n; EXECUTE asked({values})"


def _filled_in(sql: str, parameters: Mapping[str, Any] | None) -> str:
    """Return a statement with its parameters written into it: duckdb prepares no CREATE OR REPLACE.

    Examples
    --------
    >>> print(_filled_in("CREATE TEMP TABLE t AS SELECT $a, '$a' -- $a", {"a": 1}))
    CREATE TEMP TABLE t AS SELECT 1, '$a' -- $a
    """
    given = parameters or {}
    return _WORDS.sub(lambda found: literal(given[found[1]]) if found[1] in given else found[0], sql)


def literal(value: Any) -> str:
    """Return a Python value as SQL writes it.

    Raises
    ------
    InputError
        If it is of a kind that questions do not have.

    Examples
    --------
    >>> print(literal("it's"), literal([1, None]), literal(1.5), literal(True))
    'it''s' [1, NULL] '1.5'::DOUBLE true
    """
    if hasattr(value, "item") and not isinstance(value, str):  # numpy's numbers
        value = value.item()
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"'{value!r}'::DOUBLE" if math.isfinite(value) else f"'{value}'::DOUBLE"
    if isinstance(value, datetime):
        return f"'{value.isoformat(sep=' ')}'::{'TIMESTAMPTZ' if value.tzinfo else 'TIMESTAMP'}"
    if isinstance(value, date):
        return f"'{value.isoformat()}'::DATE"
    if isinstance(value, str | Path):
        return "'" + str(value).replace("'", "''") + "'"
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return "{" + ", ".join(f"{literal(name)}: {literal(item)}" for name, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return f"[{', '.join(map(literal, value))}]"
    raise InputError(
        f"a {type(value).__name__} cannot be sent to a server", "numbers, texts, dates and lists of them can"
    )


def _first(error: Exception) -> str:
    """Return the first line of what duckdb says."""
    return str(error).strip().splitlines()[0]
