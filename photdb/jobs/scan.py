"""Scan folders: which frames there are, what each one shows, and which files cannot be used."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from photdb import progress
from photdb.errors import InputError
from photdb.ingest.frame_header import FrameHeader
from photdb.ingest.header import read_frames
from photdb.ingest.telescope import Telescopes, load_telescopes

SUFFIXES = (".fits", ".fit", ".fts", ".fits.gz", ".fit.gz", ".fts.gz", ".fits.fz", ".fit.fz", ".fts.fz", ".fz")
#: Files handed to a worker at a time: reading one takes less than sending it.
_CHUNK = 100
_TYPES = {"light": 0, "bias": 1, "dark": 2, "flat": 3, "other": 4}


@dataclass(frozen=True, slots=True)
class FrameGroup:
    """Frames of one night that are alike: one line of ``photdb scan``."""

    night: str | None
    telescope: str
    filter: str | None
    type: str
    object: str | None
    width: int
    height: int
    exposure_s: float | None
    count: int


@dataclass(frozen=True, slots=True)
class Guess:
    """What was assumed for frames of a telescope."""

    telescope: str
    sentence: str
    n_nights: int
    n_frames: int


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What a scan found: the images, and the files that cannot be read, each with its reason."""

    headers: list[FrameHeader]
    unusable: list[tuple[Path, str]]

    def groups(self) -> list[FrameGroup]:
        """Return the frames counted by night, telescope, filter, type, object, size and exposure, in that order."""
        counts = Counter(
            (h.night, h.telescope, h.filter, h.image_type, h.object_name, h.width, h.height, h.exptime_s)
            for h in self.headers
        )
        rows = [FrameGroup(*key, count) for key, count in counts.items()]
        return sorted(rows, key=_order)

    def guesses(self) -> list[Guess]:
        """Return each guess once for a telescope, the most frequent first."""
        counts = Counter((h.telescope, guess) for h in self.headers for guess in h.guesses)
        nights: dict[tuple[str, str], set[str | None]] = {}
        for h in self.headers:
            for guess in h.guesses:
                nights.setdefault((h.telescope, guess), set()).add(h.night)
        return [Guess(*key, n_nights=len(nights[key]), n_frames=count) for key, count in counts.most_common()]


def scan(
    paths: Iterable[str | os.PathLike[str]], *, telescopes: Telescopes | None = None, workers: int = 1
) -> ScanResult:
    """Read the headers of all FITS files in folders, below them, or named themselves.

    Hidden files and folders are passed over, as is the ``<stem>.files`` folder beside a store. A file that cannot be
    read is listed with its reason and never stops the scan.

    Parameters
    ----------
    paths
        Folders, searched with all below them, and files (taken whatever their name).
    telescopes
        Telescope files; by default the user's and the shipped ones.
    workers
        Processes; one reads thousands of plain headers a second from a local disk.

    Returns
    -------
    ScanResult
        In the order of the paths, and by name within a folder.

    Raises
    ------
    InputError
        If a path does not exist, or no FITS file is found at all.
    """
    places = [Path(path) for path in paths]
    files = list(find_files(places))
    if not files:
        raise InputError(
            f"no FITS file in {', '.join(map(str, places)) or 'no folder at all'}",
            f"photdb looks for {', '.join(SUFFIXES)} in any case, also in folders below",
        )
    known = telescopes if telescopes is not None else load_telescopes()
    headers: list[FrameHeader] = []
    unusable: list[tuple[Path, str]] = []
    outcomes = _read_all(files, known, workers)
    if len(files) > 1:  # one alone is looked at by those who measure a frame again: not worth a line
        outcomes = progress.track(outcomes, "reading headers", len(files))
    for file, outcome in zip(files, outcomes, strict=True):
        if isinstance(outcome, str):
            unusable.append((file, outcome))
        else:
            headers += outcome
    return ScanResult(headers, unusable)


def find_files(places: Sequence[Path]) -> Iterator[Path]:
    """Yield each FITS file once: those named, and those in and below the folders, by name.

    Raises
    ------
    InputError
        If a path does not exist.
    """
    seen: set[Path] = set()
    for place in places:
        if not place.exists():
            raise InputError(f"{place}: no such file or folder")
        for file in _below(place) if place.is_dir() else [place]:
            if file not in seen:
                seen.add(file)
                yield file


def _below(folder: Path) -> Iterator[Path]:
    """Yield the FITS files of a folder and of all below it; a link that leads back to a folder is not followed."""
    visited: set[tuple[int, int]] = set()
    for root, folders, files in os.walk(folder, followlinks=True):
        status = Path(root).stat()
        if (status.st_dev, status.st_ino) in visited:
            folders.clear()
            continue
        visited.add((status.st_dev, status.st_ino))
        here = Path(root)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not _is_of_a_store(here, name))
        yield from (here / name for name in sorted(files) if not name.startswith(".") and _is_fits(name))


def _is_fits(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def _is_of_a_store(parent: Path, name: str) -> bool:
    """Tell the folder photdb keeps beside a store (``<stem>.files``: masters, staging) from a user's."""
    stem = name.removesuffix(".files")
    return stem != name and any(f.is_file() for f in parent.glob(f"{_escape(stem)}.*"))


def _escape(stem: str) -> str:
    return "".join(f"[{c}]" if c in "[]*?" else c for c in stem)


#: The images of a file, or why it cannot be used.
Outcome = list[FrameHeader] | str


def _read_all(files: list[Path], telescopes: Telescopes, workers: int) -> Iterator[Outcome]:
    """Yield what is in each file, in order."""
    batches = [files[i : i + _CHUNK] for i in range(0, len(files), _CHUNK)]
    if workers <= 1 or len(batches) == 1:
        yield from (_read_one(file, telescopes) for file in files)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(min(workers, len(batches)), mp_context=get_context("spawn")) as pool:
        for outcomes in pool.map(_read_batch, batches, [telescopes] * len(batches)):
            yield from outcomes


def _read_batch(files: list[Path], telescopes: Telescopes) -> list[Outcome]:
    return [_read_one(file, telescopes) for file in files]


def _read_one(file: Path, telescopes: Telescopes) -> Outcome:
    """Read one file."""
    try:
        return read_frames(file, telescopes)
    except InputError as error:
        return error.what.removeprefix(f"{file}: ")


def _order(group: FrameGroup) -> tuple[object, ...]:
    return (
        group.night or "",
        group.telescope,
        _TYPES[group.type],
        group.filter or "",
        group.object or "",
        group.width,
        group.height,
        group.exposure_s or 0.0,
    )
