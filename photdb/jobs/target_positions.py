"""Positions of a moving target in single frames, from a file as PHOTOMETRYPIPELINE writes and reads them.

A line says ``frame ra dec midtime [name]``, parted by blanks: the name of the frame's file, degrees or sexagesimal, and
the mid-exposure as a Julian day (UTC). Lines that begin with ``#`` are comments.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from photdb import sky
from photdb.errors import InputError, NotFoundError, UsageError
from photdb.jobs.target import Extras, ready_to_move
from photdb.store.database import Database

if TYPE_CHECKING:
    import pyarrow as pa

#: s; a file's time of a frame farther from our mid-exposure is said.
LATE_S = 60.0

#: Names of frames that a warning shows.
_SHOWN = 3

_HINT = "each line says frame ra dec midtime, with blanks between: 20190326.0126.fits 124.75804 25.34828 2458568.60418"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a target is in one frame: deg, ICRS; MJD UTC (None: the file does not say); its name (empty: none)."""

    line: int
    frame: str
    ra: float
    dec: float
    mjd: float | None
    name: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of the positions of one target.

    Parameters
    ----------
    target_id, name : int, str
    n_position, n_frame : int
        Positions that were kept, and frames of the store that they are for.
    notes : tuple of str
        What the user should know.
    """

    target_id: int
    name: str
    n_position: int
    n_frame: int
    notes: tuple[str, ...]


def read_positions(path: Path) -> list[Position]:
    """Read a file of positions.

    Raises
    ------
    InputError
        If there is no such file, it is empty, or a line says no position: with its number.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file", _HINT) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text: {error}", _HINT) from None
    lines = [(n, line.split("#")[0].split()) for n, line in enumerate(text.splitlines(), 1)]
    found = [_position(path, n, words) for n, words in lines if words]
    if not found:
        raise InputError(f"{path}: holds no positions", _HINT)
    seen: dict[tuple[str, str, float | None], int] = {}
    for one in found:
        first = seen.setdefault((one.name, one.frame, one.mjd), one.line)
        if first != one.line:
            raise InputError(f"{path}, line {one.line}: {one.frame} is there twice, first in line {first}", "keep one")
    return found


def _position(path: Path, line: int, words: list[str]) -> Position:
    """Return the position of one line."""
    words = [word.rstrip(",") for word in words]
    if len(words) < 4:
        raise InputError(f"{path}, line {line}: {len(words)} words", _HINT)
    try:
        ra, dec, mjd = sky.parse_ra(words[1]), sky.parse_dec(words[2]), _mjd(words[3])
    except (ValueError, UsageError) as error:
        what = error.what if isinstance(error, UsageError) else str(error)
        raise InputError(f"{path}, line {line}: {what}", _HINT) from None
    return Position(line, PurePath(words[0]).name, ra, dec, mjd, " ".join(words[4:]))


def _mjd(word: str) -> float | None:
    """Return the MJD of a Julian day; of an MJD itself; None for 0 and for what is said not to be known."""
    if word.lower() in ("nan", "none", "-", "--", "n/a"):
        return None
    value = float(word)
    value = value - 2400000.5 if value > 2400000.5 else value
    if value == 0:
        return None
    if not (math.isfinite(value) and 15020 < value < 88069):
        raise ValueError(f"{word} is not a Julian day of 1900 to 2100")
    return value


def add_positions(
    db: Database, positions: list[Position], name: str | None, *, file: Path, extras: Extras | None = None
) -> list[Kept]:
    """Add moving targets with their positions, or more positions of them; those of frames to come are kept too.

    Parameters
    ----------
    db : Database
        Open for writing.
    positions : list of Position
    name : str, optional
        Of the target; without one, the names in the file: one target each.
    file : Path
        Where they are from.
    extras : Extras, optional

    Raises
    ------
    NotFoundError
        If no frame of the store has one of the names.
    UsageError
        If it is not said whose positions they are.
    InputError
        If a target of the name does not move.
    """
    wanted = _by_name(positions, name, file)
    known = _known(db, [p for some in wanted.values() for p in some], file)
    with db.transaction():
        return [_keep(db, called, some, known, file, extras or Extras()) for called, some in wanted.items()]


def _by_name(positions: list[Position], name: str | None, file: Path) -> dict[str, list[Position]]:
    """Return the positions of each target."""
    names = list(dict.fromkeys(p.name for p in positions if p.name))
    if name is None:
        if not names:
            raise UsageError(f"{file}: names no target", f"give its name: photdb target add NAME --positions {file}")
        nameless = next((p for p in positions if not p.name), None)
        if nameless is not None:
            raise InputError(f"{file}, line {nameless.line}: names no target", f"as others do: {names[0]}")
        return {called: [p for p in positions if p.name == called] for called in names}
    mine = [p for p in positions if _plain(p.name) == _plain(name)]
    if mine or len(names) < 2:
        return {name: mine if len(names) > 1 else positions}
    raise NotFoundError(
        f"{file}: positions of {len(names)} targets, none of them {name!r}: {_some(names)}",
        f"add them all by the names in the file: photdb target add --positions {file}",
    )


@dataclass(frozen=True, slots=True)
class _Match:
    """How the position of one line fits the store's frames."""

    n_named: int
    n_frame: int
    apart_s: float | None


def _known(db: Database, positions: list[Position], file: Path) -> dict[int, _Match]:
    """Return how positions fit the store's frames, by line."""
    with db.table("given_positions", _table(positions)):
        rows = db.query("positions_known").rows
    known = {line: _Match(n_named, n_frame, apart) for line, n_named, n_frame, apart in rows}
    if not any(match.n_frame for match in known.values()):
        some = _some([p.frame for p in positions])
        elsewhen = sum(match.n_named > 0 for match in known.values())
        if elsewhen:
            raise NotFoundError(
                f"{file}: {elsewhen} of its {_frames(len(known))} are in the store by their names, but none within "
                f"half a day of the time in the file ({some})",
                "is the midtime a Julian day in UTC? `photdb frames` lists the frames",
            )
        raise NotFoundError(
            f"{file}: none of its {_frames(len(known))} is in the store ({some})",
            "ingest the frames first; `photdb frames` lists those that are there",
        )
    return known


def _keep(
    db: Database, name: str, positions: list[Position], known: dict[int, _Match], file: Path, extras: Extras
) -> Kept:
    """Write the positions of one target."""
    first = min(positions, key=lambda p: (p.mjd is None, p.mjd or 0.0, p.line))
    extras = Extras(extras.ellipse, extras.offset, extras.designation, extras.source or f"positions: {file.name}")
    target_id = ready_to_move(db, name, first.ra, first.dec, first.mjd or 51544.5, extras)
    with db.table("given_positions", _table(positions)):
        db.job("target_positions_replace", target_id=target_id)
        db.job("target_positions_add", target_id=target_id)
    frames = db.query("positions_in_frames", targets=[target_id]).rows
    return Kept(target_id, " ".join(name.split()), len(positions), len(frames), tuple(_notes(positions, known)))


def _notes(positions: list[Position], known: dict[int, _Match]) -> Iterable[str]:
    """Yield what the user should know of the positions of a target."""
    unknown = [p.frame for p in positions if not known[p.line].n_named]
    if unknown:
        yield (
            f"{len(unknown)} of {_frames(len(positions))} not in the store yet: {_some(unknown)}; what is said of them "
            "is kept for when they come"
        )
    elsewhen = [p.frame for p in positions if known[p.line].n_named and not known[p.line].n_frame]
    if elsewhen:
        yield f"{len(elsewhen)} of {_frames(len(positions))} in the store with another date only: {_some(elsewhen)}"
    apart = [(known[p.line].apart_s or 0.0, p.frame) for p in positions if known[p.line].n_frame]
    late = [one for one in apart if one[0] > LATE_S]
    if late:
        yield (
            f"the times of {_frames(len(late))} are up to {max(late)[0]:.0f} s from their mid-exposures "
            f"({_some([frame for _, frame in late])}): a position is taken for its frame, not for its time"
        )


def _table(positions: list[Position]) -> pa.Table:
    """Return positions as a table."""
    import pyarrow as pa

    return pa.table(
        {
            "place": pa.array([p.line for p in positions], pa.int32()),
            "frame_name": pa.array([p.frame for p in positions], pa.string()),
            "mjd": pa.array([p.mjd for p in positions], pa.float64()),
            "ra": pa.array([p.ra for p in positions], pa.float64()),
            "dec": pa.array([p.dec for p in positions], pa.float64()),
        }
    )


def _frames(n: int) -> str:
    """Return so many frames in words."""
    return "1 frame" if n == 1 else f"{n} frames"


def _some(names: list[str]) -> str:
    """Return the first names of many."""
    names = list(dict.fromkeys(names))
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")


def _plain(name: str) -> str:
    """Return a name without case, blanks and underscores."""
    return "".join(name.lower().replace("_", " ").split())
