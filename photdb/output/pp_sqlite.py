"""PP's SQLite, all frames in one file: table ``header`` has a row a frame, table ``data`` the sources, in PP's names.

PP writes one such file a frame, with the same two tables; here ``frame_id`` (last in both, with ``object_id``) says
which rows belong together. Of a single frame it is what PP itself would read. Calibrated magnitudes are in
``<band>mag`` and ``e_<band>mag`` (``_<band>mag`` where the catalogue's had to be transformed; ``Johnson`` in the names
of B, V, R and I, as PP has it) and only there: of a relative or instrumental frame there is MAG_APER alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from errno import ENOSPC
from pathlib import Path
from typing import Any

from photdb.store.answer import Answer

NAME = "pp_sqlite"
SUFFIX = ".db"
OF = "detection"
QUESTION = "export_pp_sqlite"

HEADER = ("name", "origin", "description", "magsys", "obstime", "exptime", "obj", "filtername", "frame_id")
_KINDS = {"FLAGS": "INTEGER", "frame_id": "INTEGER", "object_id": "INTEGER"}
#: PP puts this into the names of these bands, so that SQL, which does not tell r from R, keeps them apart.
_JOHNSON = ("B", "V", "R", "I")
_BATCH = 20_000


def write(answer: Answer, path: Path) -> int:
    """Write a file; return the number of sources."""
    frames = {f["frame_id"]: f for f in answer.database.query("pp_frames").dicts()}
    names = [c.name for c in answer.columns]
    measured = names[: names.index("frame_id")]
    magnitudes = {key: i for i, key in enumerate(sorted({_key(f) for f in frames.values() if _is_calibrated(f)}))}
    columns = [*measured, *(c for key in magnitudes for c in _names(*key)), "frame_id", "object_id"]
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(_table("data", {c: _KINDS.get(c, "REAL") for c in columns}))
        used: set[int] = set()
        marks = ", ".join("?" * len(columns))
        rows = _rows(answer, frames, magnitudes, len(measured), used)
        n = connection.executemany(f"INSERT INTO data VALUES ({marks})", rows).rowcount
        connection.execute(_table("header", {c: {"obstime": "REAL", "exptime": "REAL"}.get(c, _KINDS.get(c, "TEXT"))
                                             for c in HEADER}))  # fmt: skip
        spoken = [_header(frames[frame_id]) for frame_id in sorted(used)]
        connection.executemany(f"INSERT INTO header VALUES ({', '.join('?' * len(HEADER))})", spoken)
        connection.execute('CREATE INDEX "data_frame" ON data (frame_id)')
        connection.commit()
    except sqlite3.OperationalError as error:
        if "full" not in str(error):
            raise
        raise OSError(ENOSPC, "no space left on its disk") from error
    finally:
        connection.close()
    return max(n, 0)


def _rows(
    answer: Answer,
    frames: Mapping[int, Mapping[str, Any]],
    magnitudes: Mapping[tuple[str, str], int],
    width: int,
    used: set[int],
) -> Iterator[list[Any]]:
    """Yield the rows of table data."""
    blank: list[Any] = [None] * (2 * len(magnitudes))
    for row in answer.rows(size=_BATCH):
        frame_id, object_id, _, mag, mag_sig = row[width:]
        used.add(frame_id)
        calibrated = list(blank)
        place = magnitudes.get(_key(frames[frame_id])) if mag is not None else None
        if place is not None:
            calibrated[2 * place : 2 * place + 2] = mag, mag_sig
        yield [*row[:width], *calibrated, frame_id, object_id]


def _is_calibrated(frame: Mapping[str, Any]) -> bool:
    """Whether a frame's magnitudes are on a system."""
    return frame["mag_system"] in ("AB", "Vega", "tied")


def _key(frame: Mapping[str, Any]) -> tuple[str, str]:
    """Return the band that a frame's magnitudes are in, and what stands before its name."""
    band = (frame["ref_band"] if frame["mag_system"] == "tied" else None) or frame["band"] or "unknown"
    return str(band), "_" if frame["ref_path"] else ""


def _names(band: str, before: str) -> tuple[str, str]:
    """Return the columns of a band's magnitude and its error."""
    name = f"{band}{'Johnson' if band in _JOHNSON else ''}mag"
    return f"{before}{name}", f"{before}e_{name}"


def _header(frame: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the row of a frame."""
    path = Path(frame["path"])
    band, _ = _key(frame)
    if _is_calibrated(frame):
        catalog = frame["catalog"] or "manual_zp"
        origin = f"{frame['telescope'] or ''};{path.name};{catalog};{band}"
        description = f"calibrated using {catalog}{' (transformed)' if frame['ref_path'] else ''}"
    else:
        origin, description = f"{frame['telescope'] or ''};{path.name}", f"{frame['mag_system']} magnitudes"
    return (
        f"{path.stem}.ldac", origin, description, frame["mag_system"], frame["obstime"], frame["exptime_s"],
        frame["object_name"] or "", frame["band"] or frame["filter"] or "", frame["frame_id"],
    )  # fmt: skip


def _table(name: str, columns: Mapping[str, str]) -> str:
    """Return the statement that makes a table."""
    quoted = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
    return f'CREATE TABLE "{name}" ({quoted})'
