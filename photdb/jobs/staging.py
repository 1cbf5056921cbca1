"""What workers leave for the writer: one Parquet file of detections and one JSON of facts a frame.

Both are written whole or not at all (a temporary name, then a rename; the JSON last), so that what a killed run
left behind can be trusted by the next one. The name of a pair is a digest of everything its content depends on.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Staged:
    """One measured frame in staging."""

    key: str
    facts: dict[str, Any]
    table: Path | None


def staging_of(store: Path) -> Path:
    """Return the folder where workers leave their results for a store."""
    return store.absolute().with_name(f"{store.stem}.files") / "staging"


def staging_key(*parts: Any) -> str:
    """Return the digest of what a result depends on: content of the file, extension, masters, settings, version."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def write_staged(folder: Path, key: str, facts: dict[str, Any], table: pa.Table | None) -> Staged:
    """Leave a frame's detections and facts; without a table the frame failed."""
    folder.mkdir(parents=True, exist_ok=True)
    path = None
    if table is not None:
        path = folder / f"{key}.parquet"
        replace_table(path, table)
    _write_facts(folder, key, facts, has_table=table is not None)
    return Staged(key, facts, path)


def keep_staged(folder: Path, brought: Staged, table: bytes | None) -> Staged:
    """Leave here what a worker measured elsewhere: its facts, and the bytes of its table."""
    folder.mkdir(parents=True, exist_ok=True)
    path = None
    if table is not None:
        path = folder / f"{brought.key}.parquet"
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        temporary.write_bytes(table)
        temporary.replace(path)
    _write_facts(folder, brought.key, brought.facts, has_table=path is not None)
    return Staged(brought.key, brought.facts, path)


def _write_facts(folder: Path, key: str, facts: dict[str, Any], *, has_table: bool) -> None:
    """Write the JSON of a frame, whole or not at all."""
    temporary = folder / f"{key}.json.{os.getpid()}.tmp"
    temporary.write_text(json.dumps({**facts, "has_table": has_table}))
    temporary.replace(folder / f"{key}.json")


def replace_table(path: Path, table: pa.Table) -> None:
    """Write a Parquet file under its name only when it is whole.

    Measured values hardly repeat: without dictionaries the file is smaller, and written and read sooner.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    words = [column.name for column in table.schema if pa.types.is_string(column.type)]
    try:
        pq.write_table(table, temporary, compression="lz4", use_dictionary=words)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def read_staged(folder: Path, key: str) -> Staged | None:
    """Return what an earlier run left under a key, if it is whole."""
    try:
        facts = json.loads((folder / f"{key}.json").read_text())
    except (OSError, ValueError):
        return None
    path = folder / f"{key}.parquet"
    if facts.pop("has_table", False):
        return Staged(key, facts, path) if path.is_file() else None
    return Staged(key, facts, None)


def discard(folder: Path, keys: list[str]) -> None:
    """Remove what has been committed."""
    for key in keys:
        for suffix in (".parquet", ".json"):
            (folder / f"{key}{suffix}").unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove what killed workers left half written, and the folder itself when it is empty."""
    if not folder.is_dir():
        return
    for leftover in folder.glob("*.tmp"):
        leftover.unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()
