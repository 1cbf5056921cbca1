"""Where an answer goes: a table on a terminal, CSV in a pipe, any format in a file."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

from photdb.cli import console
from photdb.errors import InputError, UsageError
from photdb.store.answer import Answer, Column

#: A terminal shows this many rows of the beginning and of the end, unless a table is asked for.
_HEAD = _TAIL = 20

#: What stands between two columns.
_GAP = 3

#: Decimals of a table, by column; other floats get five significant digits. Files carry every digit.
_DECIMALS = {
    "ra": 6, "dec": 6, "mjd_mid": 6, "bjd_tdb": 9, "mag": 4, "mag_err": 4, "median_mag": 3, "mag_scatter": 3, "zp": 3,
    "zp_err": 4, "limit_mag": 2, "airmass": 3, "fwhm_arcsec": 2, "separation_arcsec": 2, "x": 2, "y": 2, "sky": 2,
    "wcs_rms_arcsec": 3, "epoch": 2, "exptime_s": 1, "period": 8, "period_err": 8, "t0": 5,
    "path_from_mjd": 5, "path_to_mjd": 5, "mjd_first": 5, "mjd_last": 5,
}  # fmt: skip


def show(
    answer: Answer,
    *,
    format: str | None,
    output: Path | None,
    overwrite: bool = False,
    options: Mapping[str, str] | None = None,
) -> int:
    """Write an answer where it was asked for; return the number of rows.

    Parameters
    ----------
    answer : Answer
        What to write.
    format : str or None
        ``table`` or the name of an output format; None: by the suffix of the file, else a table on a terminal and
        CSV in a pipe.
    output : Path or None
        A file; None: stdout.
    overwrite : bool, default=False
        Replace a file that is there.
    options : mapping, optional
        What the format wants to be told besides.

    Raises
    ------
    InputError
        If the file is there and is not to be replaced, or cannot be written.
    """
    from photdb.output import formats

    if output is not None and str(output) != "-":
        if format == "table":
            raise UsageError(
                "--format table is for reading, not for a file", f"use one of {', '.join(formats.formats())}"
            )
        refuse_existing(output, overwrite=overwrite)
        n = formats.write_file(answer, output, format or formats.format_for(output), options)
        console.note(f"{n} rows in {output}")
        return n
    if format == "table" or (format is None and console.is_terminal(sys.stdout)):
        return _table(answer, whole=format == "table")
    module = formats.format_of(format or "csv")
    formats.refuse_other_rows(answer, module.NAME)
    if not hasattr(module, "stream"):
        where = (
            "a folder: --output DIR" if getattr(module, "FOLDER", False) else f"a file: --output FILE{module.SUFFIX}"
        )
        raise UsageError(f"--format {format} cannot go to stdout", f"name {where}")
    return int(module.stream(answer, sys.stdout, **formats.checked_options(module.NAME, options)))


def refuse_existing(path: Path, *, overwrite: bool) -> None:
    """Refuse to replace a file that nobody said may go.

    Raises
    ------
    InputError
        If it is there.
    """
    if path.exists() and not path.is_dir() and not overwrite:
        raise InputError(f"{path}: exists", "--overwrite replaces it, or name another file")


def _table(answer: Answer, *, whole: bool) -> int:
    """Print a table for reading; without ``whole`` the middle of a long one, and columns without room, are left out."""
    columns = answer.columns
    rows = answer.rows()
    head = list(rows if whole else islice(rows, _HEAD))
    tail: deque[tuple[int, Any]] = deque(enumerate(rows, start=len(head) + 1), maxlen=_TAIL)
    total = tail[-1][0] if tail else len(head)
    missing = total - len(head) - len(tail)
    shown = [*head, *(row for _, row in tail)]
    cells = [[_cell(value, column) for column, value in zip(columns, row, strict=True)] for row in shown]
    if missing:
        cells.insert(len(head), ["..." for _ in columns])
    kept, same = (list(range(len(columns))), {}) if whole else _with_room(columns, cells, _width())
    _print([columns[i] for i in kept], [[row[i] for i in kept] for row in cells])
    if missing:
        console.note(f"{total} rows, {missing} of them not shown; --format table shows all, --output FILE writes them")
    if same:
        console.note(
            f"in every row{' shown' if missing else ''}: {', '.join(f'{name} {value}' for name, value in same.items())}"
        )
    left = [c.name for i, c in enumerate(columns) if i not in kept and c.name not in same]
    if left:
        console.note(f"no room for {', '.join(left)}; --format table or csv has every column")
    return total


def _with_room(columns: Sequence[Column], cells: list[list[str]], width: int) -> tuple[list[int], dict[str, str]]:
    """Return the places of the columns to show, and those said once because all rows agree, where room is short."""
    widths = [max([len(column.name), *(len(row[i]) for row in cells)]) + _GAP for i, column in enumerate(columns)]
    same: dict[str, str] = {}
    if sum(widths) > width and len(cells) > 1:
        values = [{row[i] for row in cells} - {"..."} for i in range(len(columns))]
        same = {c.name: min(v) for c, v in zip(columns, values, strict=True) if len(v) == 1 and min(v)}
    varied = [i for i, column in enumerate(columns) if column.name not in same]
    ends = list(accumulate(widths[i] for i in varied))
    return [i for i, end in zip(varied, ends, strict=True) if end <= width + _GAP or i == varied[0]], same


def _print(columns: Sequence[Column], cells: list[list[str]]) -> None:
    """Print with rich: numbers to the right, words to the left, nothing cut."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
    for column in columns:
        justify: Any = "right" if column.is_float or column.is_integer else "left"
        table.add_column(Text(column.name), justify=justify, no_wrap=True)
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    wide = max(_width(), 10_000) if not console.is_terminal(sys.stdout) else _width()
    Console(file=sys.stdout, width=wide, highlight=False, soft_wrap=True).print(table)


def _width() -> int:
    """Return the width of the terminal."""
    import shutil

    return shutil.get_terminal_size((100, 24)).columns


def _cell(value: Any, column: Column) -> str:
    """Return a value as a person reads it."""
    if value is None:
        return ""
    write: Callable[[Any], str] = _number if isinstance(value, float) else str
    if isinstance(value, float) and column.name in _DECIMALS:
        return f"{value:.{_DECIMALS[column.name]}f}"
    if isinstance(value, list):
        return "; ".join("" if v is None else (_number(v) if isinstance(v, float) else str(v)) for v in value)
    return write(value).replace("\n", " ")


def _number(value: float) -> str:
    """Return a float with five significant digits."""
    return f"{value:.5g}"
