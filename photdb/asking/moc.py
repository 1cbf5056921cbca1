"""Multi-order coverage maps (MOC): read from text or a file, written as ASCII, JSON or FITS.

IVOA Recommendation MOC 2.0, https://www.ivoa.net/documents/MOC/20220727/. Inside photdb a MOC is text, which the macro
``moc`` of the store understands, or ranges of order-29 cells (first and last, both in).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from photdb.errors import InputError, NotFoundError, PhotdbError, UsageError
from photdb.sky import ORDER

#: What a MOC looks like in ASCII, or begins with in JSON.
_TEXT = re.compile(r"\s*(s?\s*\d+\s*/|\{)")
_FORMATS = {".fits": "fits", ".json": "json", ".txt": "ascii", ".moc": "ascii", ".ascii": "ascii"}


def moc_text(given: str) -> str:
    """Return the text of a MOC that is given as text, or as the name of a file with text or FITS.

    Raises
    ------
    NotFoundError
        If it is no MOC, nor a file.
    InputError
        If the file is not a MOC of places on the sky, in equatorial coordinates.

    Examples
    --------
    >>> moc_text("5/123-130 6/600")
    '5/123-130 6/600'
    """
    if _TEXT.match(given):
        return given
    path = Path(given)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise NotFoundError(
            f"{given!r}: no such file, nor a MOC", 'write a MOC as "5/123-130 6/600", or name its file'
        ) from None
    except OSError as error:
        raise InputError(f"{given}: cannot be read: {error.strerror or error}", "name the file of a MOC") from None
    if content.startswith((b"SIMPLE", b"\x1f\x8b")):
        return as_ascii(_fits_ranges(path))
    text = content.decode("utf-8", errors="replace")
    if not _TEXT.match(text):
        raise InputError(f"{path}: not a MOC: it begins with {text[:30].strip()!r}", "MOCs are ASCII, JSON or FITS")
    return text


def not_a_moc(given: str, text: str, error: UsageError) -> PhotdbError:
    """Return the error for a text that the store does not take for a MOC: of a file, or of what was typed."""
    _, found, what = error.what.partition("not a MOC: ")
    if not found:
        return error
    hint = 'write cells by order, as "5/123-130 6/600"'
    return UsageError(f"not a MOC: {what}", hint) if given == text else InputError(f"{given}: not a MOC: {what}", hint)


def _fits_ranges(path: Path) -> list[tuple[int, int]]:
    """Return the ranges of a FITS MOC, of either version of the standard."""
    from astropy.io import fits

    try:
        with fits.open(path) as hdus:
            table = next((h for h in hdus if isinstance(h, fits.BinTableHDU)), None)
            if table is None:
                raise InputError(f"{path}: has no table", "a MOC in FITS is a table of cells")
            _refuse_other_mocs(path, table.header)
            return _of_table(path, table)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{path}: cannot be read as FITS: {error}", "is the file whole?") from error


def _refuse_other_mocs(path: Path, header: Mapping[str, Any]) -> None:
    """Refuse what is a MOC of times, or in other coordinates."""
    dimension, system = str(header.get("MOCDIM", "SPACE")).strip(), str(header.get("COORDSYS", "C")).strip()
    if dimension != "SPACE":
        raise InputError(f"{path}: a MOC of {dimension}, not of places alone", "give the MOC of its places")
    if system not in ("C", "ICRS"):
        raise InputError(f"{path}: a MOC in coordinates {system!r}", "only equatorial ones (COORDSYS C) are understood")


def _of_table(path: Path, table: Any) -> list[tuple[int, int]]:
    """Return the ranges of the first column: unique numbers of cells, or firsts and those after the last in turn."""
    kind = str(table.header.get("ORDERING", "NUNIQ")).strip()
    values = [int(v) for v in table.data.field(0)] if len(table.data) else []
    if kind == "NUNIQ":
        return merged(_of_unique(path, v) for v in values)
    if kind == "RANGE":
        return merged((lo, hi - 1) for lo, hi in zip(values[::2], values[1::2], strict=True))
    raise InputError(f"{path}: cells in ORDERING {kind!r}", "NUNIQ and RANGE are understood")


def _of_unique(path: Path, value: int) -> tuple[int, int]:
    """Return the range of a cell that is written as ``4 x 4^order + cell``."""
    order = (value.bit_length() - 3) // 2 if value >= 4 else -1
    if not 0 <= order <= ORDER:
        raise InputError(f"{path}: {value} is no cell number of a MOC", "is the file whole?")
    return _range(order, value - 4 * 4**order)


def _range(order: int, cell: int) -> tuple[int, int]:
    """Return the order-29 cells of a cell."""
    finer = 2 * (ORDER - order)
    return cell << finer, ((cell + 1) << finer) - 1


def of_cells(order: int, cells: Iterable[int]) -> list[tuple[int, int]]:
    """Return the ranges of cells of one order."""
    return merged(_range(order, cell) for cell in cells)


def merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return ranges sorted, and those that touch or overlap as one.

    Examples
    --------
    >>> merged([(4, 6), (0, 1), (2, 2), (5, 9)])
    [(0, 2), (4, 9)]
    """
    out: list[tuple[int, int]] = []
    for lo, hi in sorted(ranges):
        if out and lo <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(hi, out[-1][1]))
        else:
            out.append((lo, hi))
    return out


def by_order(ranges: Sequence[tuple[int, int]]) -> dict[int, list[int]]:
    """Return the fewest cells that make up ranges, by order.

    Examples
    --------
    >>> by_order(of_cells(29, [4, 5, 6, 7, 8]))
    {28: [1], 29: [8]}
    """
    found: dict[int, list[int]] = {}
    for lo, hi in ranges:
        while lo <= hi:
            order = ORDER
            while order > 0 and lo % 4 ** (ORDER - order + 1) == 0 and lo + 4 ** (ORDER - order + 1) - 1 <= hi:
                order -= 1
            found.setdefault(order, []).append(lo >> 2 * (ORDER - order))
            lo += 4 ** (ORDER - order)
    return {order: sorted(found[order]) for order in sorted(found)}


def as_ascii(ranges: Sequence[tuple[int, int]]) -> str:
    """Return a MOC in ASCII.

    Examples
    --------
    >>> as_ascii(of_cells(3, [8, 9, 10, 11, 20, 21, 30]))
    '2/2 3/20-21 30'
    """
    parts = []
    for order, cells in by_order(ranges).items():
        runs = merged((c, c) for c in cells)
        parts.append(f"{order}/{' '.join(str(a) if a == b else f'{a}-{b}' for a, b in runs)}")
    return " ".join(parts)


def as_json(ranges: Sequence[tuple[int, int]]) -> str:
    """Return a MOC in JSON.

    Examples
    --------
    >>> as_json(of_cells(3, [8, 9, 10, 11, 20]))
    '{"2": [2], "3": [20]}'
    """
    return json.dumps({str(order): cells for order, cells in by_order(ranges).items()})


def format_of_moc(path: Path) -> str:
    """Return ascii, json or fits, by the suffix of a file.

    Raises
    ------
    UsageError
        If the suffix says none.
    """
    if path.suffix.lower() not in _FORMATS:
        raise UsageError(f"{path.name}: the name does not say which format", f"end it in one of {', '.join(_FORMATS)}")
    return _FORMATS[path.suffix.lower()]


def write_moc(ranges: Sequence[tuple[int, int]], path: Path, kind: str, order: int) -> None:
    """Write a MOC to a file.

    Parameters
    ----------
    ranges : sequence of (int, int)
        Order-29 cells.
    path : Path
        The file.
    kind : str
        ``ascii``, ``json`` or ``fits``.
    order : int
        The finest order of its cells.
    """
    if kind == "fits":
        _write_fits(ranges, path, order)
        return
    path.write_text((as_ascii if kind == "ascii" else as_json)(ranges) + "\n", encoding="utf-8")


def _write_fits(ranges: Sequence[tuple[int, int]], path: Path, order: int) -> None:
    """Write unique cell numbers, which readers of both versions of the standard understand."""
    import numpy as np
    from astropy.io import fits

    unique = [4 * 4**o + c for o, cells in by_order(ranges).items() for c in cells]
    table = fits.BinTableHDU.from_columns([fits.Column("UNIQ", "K", array=np.array(unique, dtype=np.int64))])
    for key, value in (
        ("MOCVERS", "2.0"), ("MOCDIM", "SPACE"), ("ORDERING", "NUNIQ"), ("COORDSYS", "C"), ("MOCORD_S", order),
        ("MOCORDER", order), ("MOCTOOL", "photdb"), ("PIXTYPE", "HEALPIX"),
    ):  # fmt: skip
        table.header[key] = value
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path)
