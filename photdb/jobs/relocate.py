"""Tell the store that the users' files have moved, after a look at every one of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from photdb.errors import InputError, NotFoundError
from photdb.progress import track
from photdb.store.database import Database


@dataclass(frozen=True, slots=True)
class Relocated:
    """How many files are known under their new path, and those left as they were with the reason."""

    n_moved: int
    left: tuple[tuple[str, str], ...]


def relocate(db: Database, old: Path, new: Path, *, partial: bool = False) -> Relocated:
    """Change the folder ``old`` to ``new`` in the paths of all files below it.

    Parameters
    ----------
    db : Database
        Open for writing.
    old, new : Path
        Folders (or single files). ``old`` need not exist any more.
    partial : bool, default=False
        Move the files that are there and the same, and leave the others; without it nothing is changed unless all are.

    Raises
    ------
    NotFoundError
        If the store knows no file below ``old``.
    InputError
        If a file is missing or another one, and ``partial`` is not asked for.
    """
    old, new = Path(old).absolute(), Path(new).absolute()
    known = [f for f in db.query("files_all").dicts() if Path(f["path"]).is_relative_to(old)]
    if not known:
        raise NotFoundError(
            f"the store knows no file below {old}", '`photdb sql "SELECT path FROM file"` lists the paths'
        )
    moved, left = [], []
    for file in track(known, "comparing files"):
        target = new / Path(file["path"]).relative_to(old) if file["path"] != str(old) else new
        why = _difference(target, file["sha256"])
        if why:
            left.append((str(target), why))
        else:
            moved.append({"file_id": file["file_id"], "path": str(target), "mtime_ns": target.stat().st_mtime_ns})
    if left and not partial:
        some = "; ".join(f"{path}: {why}" for path, why in left[:5]) + ("; ..." if left[5:] else "")
        raise InputError(
            f"{len(left)} of {len(known)} files are not the same below {new}: {some}",
            "nothing was changed; --partial moves those that are there and the same",
        )
    if moved:
        parameters = {"old": str(old), "new": str(new), "partial": partial}
        with db.run("frames --relocate", parameters), db.transaction(), db.table("moved", pa.Table.from_pylist(moved)):
            db.job("relocate_files")
            db.job("relocate_frames")
    return Relocated(len(moved), tuple(left))


def _difference(path: Path, sha256: str | None) -> str:
    """Return why a file is not the one that the store knows; nothing when it is."""
    if sha256 is None:
        return "its content was never read, so it cannot be compared" if path.is_file() else "missing"
    try:
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        return error.strerror or str(error)
    return "" if found == sha256 else "another content"
