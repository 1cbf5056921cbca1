"""Is the store what it says it is: ``photdb check``.

The audits ask the tables for rows that cannot be. A deep check also reads every value, so that DuckDB compares every
block of the file with its checksum; compares the files beside the store with their digests; and derives a sample of
frames again from their pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from photdb.errors import InputError, PhotdbError
from photdb.jobs.inventory import sha256_of
from photdb.progress import track
from photdb.store.database import Database, statement


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong.

    Attributes
    ----------
    what
        In words, with numbers.
    hint
        What to do about it.
    """

    what: str
    hint: str


def read_everything(db: Database) -> Iterator[tuple[str, tuple[int, int]]]:
    """Read every value of every table; yield the name of each, its number of rows and a digest of their values.

    Raises
    ------
    InputError
        If a block of the file is not what was written, with the table it belongs to.
    """
    tables = [row[0] for row in db.job("check_tables").rows]
    for name in track(tables, "reading every block", len(tables)):
        try:
            rows = db.rows(statement("jobs", "check_read"), {"name": name}).rows
        except PhotdbError as error:
            raise InputError(f"table {name} cannot be read: {error.what}", error.hint) from error
        yield name, (int(rows[0][0]), int(rows[0][1] or 0))


def damaged_masters(db: Database) -> list[Finding]:
    """Return the master frames beside the store that are not there, or not what was written."""
    folder = db.files.absolute() / "masters"
    found = []
    for master in db.query("masters").dicts():
        path = folder / master["path"]
        if not path.is_file():
            found.append(Finding(f"master {master['kind']} {path} is not there", "photdb ingest makes one anew"))
        elif sha256_of(path) != master["sha256"]:
            found.append(Finding(f"master {master['kind']} {path} is not what was written", "remove it, then ingest"))
    return found
