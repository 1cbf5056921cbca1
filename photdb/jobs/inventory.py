"""Which files an ingest sees for the first time: told by content, hashed once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from photdb import progress
from photdb.store.database import Database

_BLOCK = 1 << 22


@dataclass(frozen=True, slots=True)
class SeenFile:
    """One file on disk, and what the store knows of it.

    Attributes
    ----------
    path, size, mtime_ns, sha256
        As found; `sha256` is None where the content cannot be read.
    file_id
        Of this path and content, when the store has it.
    same_as
        Path of the file with the same content that was seen first (in the store, or earlier in this run).
    """

    path: Path
    size: int | None
    mtime_ns: int | None
    sha256: str | None
    file_id: int | None = None
    same_as: Path | None = None


def sha256_of(path: Path) -> str:
    """Return the digest of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def take_inventory(db: Database, paths: Iterable[Path]) -> list[SeenFile]:
    """Look each file up: by path, size and time of change without reading it, else by content.

    Parameters
    ----------
    db : Database
    paths : iterable of Path
        Files, made absolute here; the order decides which of two copies is the first.

    Returns
    -------
    list of SeenFile
        In the order given.
    """
    absolute = [path.absolute() for path in paths]
    rows = db.query("files").dicts()
    by_path = {row["path"]: row for row in rows}
    by_content = {row["sha256"]: row for row in rows if row["sha256"] and row["duplicate_of"] is None}
    stats = {path: _stat(path) for path in absolute}
    digests: dict[Path, str | None] = {}
    to_hash = []
    for path in absolute:
        row, (size, mtime) = by_path.get(str(path)), stats[path]
        if row is not None and row["sha256"] and (row["size"], row["mtime_ns"]) == (size, mtime):
            digests[path] = row["sha256"]
        else:
            to_hash.append(path)
    with ThreadPoolExecutor(2) as pool:  # hashlib lets go of the interpreter
        hashed = progress.track(pool.map(_digest, to_hash), "reading new files", len(to_hash)) if to_hash else ()
        digests.update(zip(to_hash, hashed, strict=True))
    first: dict[str, Path] = {}
    seen = []
    for path in absolute:
        digest, (size, mtime) = digests[path], stats[path]
        row = by_path.get(str(path))
        file_id = row["file_id"] if row is not None and row["sha256"] == digest else None
        known = by_content.get(digest) if digest else None
        same_as = None
        if known is not None and known["path"] != str(path):
            same_as = Path(known["path"])
        elif digest and digest in first:
            same_as = first[digest]
        if digest:
            first.setdefault(digest, path)
        seen.append(SeenFile(path, size, mtime, digest, file_id, same_as))
    return seen


def _stat(path: Path) -> tuple[int | None, int | None]:
    """Return size and time of change, None where the file cannot be looked at."""
    try:
        found = path.stat()
    except OSError:
        return None, None
    return found.st_size, found.st_mtime_ns


def _digest(path: Path) -> str | None:
    """Return the digest, None where the file cannot be read."""
    try:
        return sha256_of(path)
    except OSError:
        return None
