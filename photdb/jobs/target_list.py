"""Many targets from one file: names, places and what else a target has, as columns."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from photdb import progress, sky
from photdb.errors import InputError, PhotdbError, UsageError
from photdb.jobs.target import Extras, name_of_star, row_of, there_already
from photdb.store.database import Database

#: What a column may be called, in any case.
_CALLED = {
    "name": ("name", "target", "object", "id", "star"),
    "ra": ("ra", "ra_deg", "raj2000", "_raj2000", "ra_icrs"),
    "dec": ("dec", "de", "dec_deg", "dej2000", "_dej2000", "de_icrs", "decl"),
    "pm_ra": ("pm_ra", "pmra", "pm_ra_cosdec"),
    "pm_dec": ("pm_dec", "pmdec", "pmde"),
    "epoch": ("epoch", "ref_epoch"),
    "a": ("a", "a_arcsec"),
    "b": ("b", "b_arcsec"),
    "pa": ("pa", "pa_deg"),
    "offset_ra": ("offset_ra",),
    "offset_dec": ("offset_dec",),
}
#: Columns without a use that are named.
_SHOWN = 6

_HINT = "a line of column names (name, ra, dec; pm_ra, pm_dec, epoch, a, b, pa as wanted), then one target a line"


@dataclass(frozen=True, slots=True)
class Listed:
    """A target of a list: its line, name, place (deg, ICRS), epoch (Julian year), motion (mas/yr) and the rest."""

    line: int
    name: str
    ra: float
    dec: float
    epoch: float
    pm_ra: float | None
    pm_dec: float | None
    extras: Extras


def read_list(path: Path) -> list[Listed]:
    """Read a list of targets: with a line of column names, or as PHOTOMETRYPIPELINE's, ``name ra dec`` with blanks.

    Columns are parted by commas, semicolons, tabs or bars; lines that begin with ``#`` are comments.

    Raises
    ------
    InputError
        If there is no such file, it holds no targets, or a line cannot be understood: with its number.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file", _HINT) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text: {error}", _HINT) from None
    lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip() and not line.startswith("#")]
    if not lines:
        raise InputError(f"{path}: holds no targets", _HINT)
    parting = max(",;\t|", key=lines[0][1].count)
    if parting not in lines[0][1]:
        return [_of_words(path, n, line.split()) for n, line in lines]
    rows = [[cell.strip() for cell in row] for row in csv.reader((line for _, line in lines), delimiter=parting)]
    columns = _columns(path, rows[0])
    found = []
    for (n, _), row in zip(lines[1:], rows[1:], strict=True):
        cells = {key: row[k] if k < len(row) else "" for key, k in columns.items()}
        found.append(_listed(path, n, cells))
    if not found:
        raise InputError(f"{path}: holds no targets", _HINT)
    return found


def _columns(path: Path, names: Sequence[str]) -> dict[str, int]:
    """Return where the columns are."""
    lower = [name.lower().strip() for name in names]
    found = {key: lower.index(a) for key, called in _CALLED.items() for a in called[::-1] if a in lower}
    unused = [name for i, name in enumerate(names) if i not in found.values()]
    if unused:  # a misspelt pm_ra would be a star without motion
        more = ", ..." if len(unused) > _SHOWN else ""
        progress.say(f"{path}: not used: {', '.join(unused[:_SHOWN])}{more}")
    missing = [key for key in ("name", "ra", "dec") if key not in found]
    if missing:
        raise InputError(
            f"{path}: its first line has the columns {', '.join(names)[:100]}; {', '.join(missing)} missing", _HINT
        )
    return found


def _of_words(path: Path, line: int, words: list[str]) -> Listed:
    """Return the target of a line without columns."""
    if len(words) < 3:
        raise InputError(f"{path}, line {line}: {' '.join(words)[:80]!r} is not a name with ra and dec", _HINT)
    name = " ".join(words[:-2]).replace("_", " ")
    return _listed(path, line, {"name": name, "ra": words[-2], "dec": words[-1]})


def _listed(path: Path, line: int, cells: Mapping[str, str]) -> Listed:
    """Return the target of a line."""
    where = f"{path}, line {line}"
    if not cells["name"]:
        raise InputError(f"{where}: no name", _HINT)
    try:
        ra, dec = sky.parse_ra(cells["ra"]), sky.parse_dec(cells["dec"])
    except UsageError as error:
        raise InputError(f"{where}: {error.what}", error.hint) from None
    values = {key: _number(where, key, cells.get(key, "")) for key in _CALLED if key not in ("name", "ra", "dec")}
    for group in (("a", "b", "pa"), ("pm_ra", "pm_dec"), ("offset_ra", "offset_dec")):
        given = [key for key in group if values[key] is not None]
        if given and len(given) < len(group):
            raise InputError(f"{where}: {given[0]} without {', '.join(k for k in group if k not in given)}", _HINT)
    a, b, pa, east, north = (values[key] for key in ("a", "b", "pa", "offset_ra", "offset_dec"))
    extras = Extras(
        None if a is None or b is None or pa is None else (a, b, pa),
        None if east is None or north is None else (east, north),
        source=f"list: {path.name}",
    )
    epoch = 2000.0 if values["epoch"] is None else values["epoch"]
    if not 1800 <= epoch <= 2200:
        raise InputError(f"{where}: epoch {epoch:g} is not a Julian year", "as 2016.0 for Gaia DR3")
    return Listed(line, cells["name"], ra, dec, epoch, values["pm_ra"], values["pm_dec"], extras)


def _number(where: str, key: str, text: str) -> float | None:
    """Return the number of a cell; None: an empty one."""
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise InputError(f"{where}: {key} {text!r} is not a number", _HINT) from None
    if value != value or abs(value) == float("inf"):
        raise InputError(f"{where}: {key} {text!r} is not a number", "leave the cell empty where it is not known")
    return value


def add_list(db: Database, targets: Sequence[Listed], *, file: Path) -> int:
    """Add the targets of a list, all or none; return how many.

    Raises
    ------
    InputError
        If one cannot be added: with its line.
    """
    taken = {_plain(row["name"]): row for row in db.rows("SELECT name, ra, dec FROM target").dicts()}
    lines: dict[str, int] = {}
    rows: list[dict[str, Any]] = []
    for one in targets:
        try:
            name = name_of_star(one.name)
            row = row_of(
                name, one.ra, one.dec, one.extras, epoch=one.epoch, pm_ra=one.pm_ra, pm_dec=one.pm_dec
            )  # fmt: skip
            if _plain(name) in lines:
                raise InputError(f"{name} is there twice, first in line {lines[_plain(name)]}", "keep one")
            if _plain(name) in taken:
                raise there_already(taken[_plain(name)])
        except PhotdbError as error:
            raise InputError(
                f"{file}, line {one.line}: {error.what}", f"{error.hint}; nothing of the list was added"
            ) from None
        lines[_plain(name)] = one.line
        rows.append(row)
    _write(db, rows)
    return len(rows)


def _plain(name: str) -> str:
    """Return a name as names are compared: the macro plain_name."""
    return name.lower().replace(" ", "").replace("_", "")


def _write(db: Database, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append targets, numbered in the order of the list."""
    import pyarrow as pa

    types = {"methods": pa.list_(pa.string()), "added": pa.timestamp("us"), "name": pa.string()}
    types |= dict.fromkeys(("designation", "source"), pa.string())
    columns = {key: pa.array([row[key] for row in rows], types.get(key, pa.float64())) for key in rows[0]}
    first = db.next_id("target", "target_id")
    numbers = pa.array(range(first, first + len(rows)), pa.int32())
    with db.transaction(), db.table("given_targets", pa.table({"target_id": numbers, **columns})):
        db.job("targets_add")
