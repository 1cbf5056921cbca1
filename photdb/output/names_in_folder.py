"""Names for files that are written into one folder, one for each of many files that lie in several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path


def names_in_folder(paths: Mapping[int, Path]) -> dict[int, str]:
    """Return a name for each file: its own, or with its number before the first dot where several are called alike.

    Parameters
    ----------
    paths : mapping
        The files by number.

    Examples
    --------
    >>> names_in_folder({1: Path("a/x.fits"), 2: Path("b/x.fits"), 3: Path("b/y.fits")})
    {1: 'x-1.fits', 2: 'x-2.fits', 3: 'y.fits'}
    """
    # some disks do not tell X.fits from x.fits
    alike = Counter(path.name.lower() for path in paths.values())
    return {n: path.name if alike[path.name.lower()] == 1 else _numbered(path.name, n) for n, path in paths.items()}


def _numbered(name: str, number: int) -> str:
    """Return a name with a number before its suffixes."""
    stem, dot, suffix = name.partition(".fits") if ".fits" in name else name.rpartition(".")
    return f"{stem}-{number}{dot}{suffix}" if dot else f"{name}-{number}"
