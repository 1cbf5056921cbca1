"""Make a store, and bring an older one up to this schema.

A new store is made from ``schema/tables``; ``schema/migrations/NNNN_what.sql`` changes an older one. The
version of a schema is the number of the last migration, 1 when there is none.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from importlib.resources.abc import Traversable
from pathlib import Path

import duckdb

from photdb.errors import InputError, UsageError
from photdb.resources import shipped


def migrations(schema: Traversable | None = None) -> dict[int, Traversable]:
    """Return the migrations by number."""
    folder = (schema or shipped("schema")) / "migrations"
    if not folder.is_dir():
        return {}
    return {int(f.name[:4]): f for f in sorted(folder.iterdir(), key=lambda f: f.name) if f.name.endswith(".sql")}


def current_version(schema: Traversable | None = None) -> int:
    """Return the version of the schema that this photdb writes."""
    return max(migrations(schema), default=1)


def create(con: duckdb.DuckDBPyConnection, schema: Traversable | None = None) -> None:
    """Make all tables, macros and views in an empty database."""
    schema = schema or shipped("schema")
    con.execute("BEGIN TRANSACTION")
    for text in _texts(schema / "tables"):
        con.execute(text)
    _define(con, schema)
    facts = {
        "schema_version": str(current_version(schema)),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "definitions": _fingerprint(schema),
    }
    for key, value in facts.items():
        con.execute("INSERT INTO meta VALUES ($key, $value)", {"key": key, "value": value})
    con.execute("COMMIT")


def check(con: duckdb.DuckDBPyConnection, path: Path, *, read_only: bool, schema: Traversable | None = None) -> None:
    """Refuse what is not a store or is newer; bring an older one up to date when open for writing.

    Raises
    ------
    InputError
        If the file is a DuckDB file without our tables, or was written by a newer photdb.
    UsageError
        If it is older and open for reading only.
    """
    found = stored_version(con)
    if found is None:
        raise InputError(
            f"{path}: a DuckDB file, but not a photdb store (no table meta says the version of its schema)",
            "give --db the name of a store, or of a new file",
        )
    wanted = current_version(schema)
    if found > wanted:
        raise InputError(
            f"{path}: written by a newer photdb (schema {found}; this one knows {wanted})",
            "upgrade: pip install --upgrade photdb",
        )
    if found < wanted and read_only:
        raise UsageError(f"{path}: schema {found} is older than {wanted}", "bring it up to date with `photdb migrate`")
    if found < wanted:
        migrate(con, found, schema)
    elif not read_only:
        _renew_definitions(con, schema or shipped("schema"))


def stored_version(con: duckdb.DuckDBPyConnection) -> int | None:
    """Return the schema version of an open database, or None when it is not a store."""
    try:  # duckdb takes five times as long to say whether there is a table as to read it
        rows = con.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchall()
    except (duckdb.CatalogException, duckdb.BinderException, duckdb.ConversionException):
        return None  # no such table, or another program's
    found = str(rows[0][0]) if rows else ""
    return int(found) if found.isdecimal() else None


def migrate(con: duckdb.DuckDBPyConnection, found: int, schema: Traversable | None = None) -> None:
    """Run the migrations after version ``found`` in one transaction, then make all comments, views and macros anew."""
    schema = schema or shipped("schema")
    con.execute("BEGIN TRANSACTION")
    try:
        _drop_definitions(con)
        for number, file in migrations(schema).items():
            if number > found:
                con.execute(file.read_text(encoding="utf-8"))
        _comment(con, schema)
        _define(con, schema)
        con.execute(
            "UPDATE meta SET value = $version WHERE key = 'schema_version'", {"version": str(current_version(schema))}
        )
        _remember_definitions(con, schema)
    except BaseException:
        con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")


def _drop_definitions(con: duckdb.DuckDBPyConnection) -> None:
    """Drop our views and macros: they would hold on to columns that a migration changes."""
    views = con.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
    for (name,) in reversed(views):
        con.execute(f'DROP VIEW IF EXISTS "{name}" CASCADE')
    macros = con.execute(
        "SELECT DISTINCT function_name, function_type FROM duckdb_functions() "
        "WHERE NOT internal AND function_type IN ('macro', 'table_macro')"
    ).fetchall()
    for name, kind in macros:
        con.execute(f'DROP {"MACRO TABLE" if kind == "table_macro" else "MACRO"} IF EXISTS "{name}"')


def _comment(con: duckdb.DuckDBPyConnection, schema: Traversable) -> None:
    """Say anew what tables and columns are, in the words of a new store: migrations need not."""
    for text in _texts(schema / "tables"):
        for statement in con.extract_statements(text):
            if statement.type == duckdb.StatementType.ALTER:  # what duckdb takes COMMENT ON for
                con.execute(statement)


def _renew_definitions(con: duckdb.DuckDBPyConnection, schema: Traversable) -> None:
    """Make views and macros anew where those of the store are of another photdb with the same tables."""
    rows = con.execute("SELECT value FROM meta WHERE key = 'definitions'").fetchall()
    if rows and rows[0][0] == _fingerprint(schema):
        return
    con.execute("BEGIN TRANSACTION")
    try:
        _define(con, schema)
        _remember_definitions(con, schema)
    except BaseException:
        con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")


def _remember_definitions(con: duckdb.DuckDBPyConnection, schema: Traversable) -> None:
    """Write down which views and macros the store has."""
    con.execute("DELETE FROM meta WHERE key = 'definitions'")
    con.execute("INSERT INTO meta VALUES ('definitions', $value)", {"value": _fingerprint(schema)})


def _fingerprint(schema: Traversable) -> str:
    """Return what the texts of all views and macros have in common with no others."""
    texts = (*_texts(schema / "macros"), *_texts(schema / "views"))
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def _define(con: duckdb.DuckDBPyConnection, schema: Traversable) -> None:
    """Make the macros of values, the views that use them, the macros of tables that use the views."""
    macros = _texts(schema / "macros")
    for text in (m for m in macros if " AS TABLE" not in m):
        con.execute(text)
    for text in _texts(schema / "views"):
        con.execute(text)
    for text in (m for m in macros if " AS TABLE" in m):
        con.execute(text)


def _texts(folder: Traversable) -> list[str]:
    """Return the SQL files of a folder in the order of their names."""
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return [f.read_text(encoding="utf-8") for f in files]
