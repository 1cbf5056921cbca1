"""Copies of the users' frames with what photdb found in their headers; the frames themselves are never written to."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photdb.errors import InputError, NotFoundError, UsageError
from photdb.ingest.wcs import moved, wcs_from_text, wcs_to_text
from photdb.output import headers
from photdb.output.ezphot_units import suffixes
from photdb.output.formats import appearing
from photdb.output.names_in_folder import names_in_folder
from photdb.progress import track
from photdb.store.database import Database

if TYPE_CHECKING:
    from astropy.io.fits import Header

#: Solutions that are better than what the header had.
_BETTER = ("refined", "solved")


@dataclass(frozen=True, slots=True)
class Written:
    """What was written.

    Parameters
    ----------
    n_file, n_frame : int
        Copies, and the measured frames in them.
    n_zero, n_wcs : int
        Frames that got zero points, and those that got a WCS better than their own.
    n_renamed : int
        Copies with a number in their name because several frames are called alike.
    missing : tuple of str
        Frames whose files are not where they were, or cannot be read, with the reason.
    """

    n_file: int
    n_frame: int
    n_zero: int
    n_wcs: int
    n_renamed: int
    missing: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        """What a user has to know, in words."""
        found = f"{self.n_zero} with zero points, {self.n_wcs} with a WCS that photdb found"
        said = [f"{self.n_file} files with {self.n_frame} frames: {found}"]
        if self.n_frame > self.n_zero:
            said.append(
                f"{self.n_frame - self.n_zero} frames have no zero point in AB, Vega or a catalogue band: no ZP"
            )
        if self.n_renamed:
            said.append(f"{self.n_renamed} files are called alike: their copies have a number in their name")
        if self.missing:
            some = "; ".join(self.missing[:3]) + ("; ..." if self.missing[3:] else "")
            said.append(f"{len(self.missing)} files could not be copied: {some}")
        return said


def write_headers(db: Database, folder: Path, frame_ids: Sequence[int] | None = None) -> Written:
    """Write copies of frames into a folder, with seeing, sky, zero points, limits and WCS in their headers.

    Every extension, its compression and its pixels stay as they are. Copies that photdb wrote before are replaced.

    Parameters
    ----------
    db : Database
        The store.
    folder : Path
        Where to; it is made where it is missing.
    frame_ids : sequence of int, optional
        Only of these frames.

    Raises
    ------
    NotFoundError
        If there is no such measured frame.
    UsageError
        If a copy would take the place of a frame of the store, or of a file that photdb did not write.
    InputError
        If the folder cannot be made, or no file could be copied.
    """
    wanted = None if frame_ids is None else list(frame_ids)
    frames = db.query("frames_measured", frames=wanted).dicts()
    if not frames:
        raise NotFoundError("no measured frame to write", "`photdb frames` lists the frames")
    zeros: dict[int, dict[int, dict[str, Any]]] = defaultdict(dict)
    for zero in db.query("zeropoints_of_frames", frames=wanted).dicts():
        zeros[zero["frame_id"]][zero["aperture_id"]] = zero
    suffix = suffixes(db.query("apertures").dicts())
    files: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for frame in frames:
        files[frame["file_id"]].append(frame)
    paths = {file_id: Path(found[0]["path"]) for file_id, found in files.items()}
    names = names_in_folder(paths)
    _refuse(db, folder, names)
    missing, done = [], []
    for file_id, found in track(list(files.items()), "writing copies"):
        new = {f["hdu"]: (f, headers.cards(f, zeros[f["frame_id"]], suffix)) for f in found}
        why = _copy(paths[file_id], folder / names[file_id], new)
        if why:
            missing.append(f"{paths[file_id]}: {why}")
        else:
            done.append(file_id)
    if not done:
        raise InputError(
            f"none of {len(files)} files could be copied: {missing[0]}",
            "`photdb frames --relocate OLD NEW` tells the store where they are now",
        )
    copied = [f for file_id in done for f in files[file_id]]
    return Written(
        n_file=len(done),
        n_frame=len(copied),
        n_zero=sum("PHOTZP" in headers.cards(f, zeros[f["frame_id"]], suffix) for f in copied),
        n_wcs=sum(f["wcs_kind"] in _BETTER for f in copied),
        n_renamed=sum(names[n] != paths[n].name for n in done),
        missing=tuple(missing),
    )


def _refuse(db: Database, folder: Path, names: Mapping[int, str]) -> None:
    """Make the folder, and refuse it where a copy would destroy something, before anything is written."""
    inputs = {Path(f["path"]).resolve() for f in db.query("files_all").dicts()}
    here = folder.resolve()
    among = next((p for p in sorted(inputs) if p.is_relative_to(here) or here.is_relative_to(p.parent)), None)
    if among is not None:
        raise UsageError(
            f"{folder} is among the frames of the store ({among}): the next ingest would measure the copies as well",
            "name a folder beside those of the frames",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror or error}", "name another folder") from error
    for name in names.values():
        target = folder / name
        if target.resolve() in inputs:
            raise UsageError(
                f"{target} is a frame of the store: a copy would take its place", "name a folder without frames in it"
            )
        if target.exists() and not _is_ours(target):
            raise UsageError(f"{target} is there and was not written by photdb", "name a new folder")


def _is_ours(path: Path) -> bool:
    """Whether photdb wrote a file: one of its headers has our mark."""
    from astropy.io import fits

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with fits.open(path, disable_image_compression=True) as hdus:
                return any(headers.MARK in hdu.header for hdu in hdus)
    except OSError:
        return False


def _copy(path: Path, target: Path, new: Mapping[int, tuple[Mapping[str, Any], headers.Cards]]) -> str:
    """Write the copy of a file with new cards in some of its extensions; return why that failed, or nothing."""
    from astropy.io import fits

    if not path.is_file():
        return "no such file"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # compressed images stay tables, and scaled ones whole numbers: no pixel is touched
            source = fits.open(path, memmap=False, disable_image_compression=True, do_not_scale_image_data=True)
        except OSError as error:
            return " ".join(str(error).split())
        with source, appearing(target) as temporary:
            for hdu, (frame, cards) in new.items():
                _update(source[hdu].header, frame, cards)
                if "CHECKSUM" in source[hdu].header:
                    source[hdu].add_checksum()
            source.writeto(temporary, output_verify="silentfix+ignore")
    return ""


def _update(header: Header, frame: Mapping[str, Any], cards: headers.Cards) -> None:
    """Put a better WCS and the cards into a header."""
    if frame["wcs"] is not None and frame["wcs_kind"] in _BETTER:
        _replace_wcs(header, frame)
    for keyword, value in cards.items():
        header[keyword if len(keyword) <= 8 else f"HIERARCH {keyword}"] = value
    header.add_history("photdb: SEEING to PHOTVER, and the WCS where it was refined or solved")


def _replace_wcs(header: Header, frame: Mapping[str, Any]) -> None:
    """Put our WCS, which is that of the trimmed frame, in the place of the header's."""
    from astropy.io.fits import Header

    for keyword in {k for k in header if headers.is_wcs(k)}:
        header.remove(keyword, remove_all=True)
    ours = wcs_to_text(moved(wcs_from_text(frame["wcs"]), frame["x0"] or 0, frame["y0"] or 0))
    for card in Header.fromstring(ours, sep="\n").cards:
        if headers.is_wcs(card.keyword):
            header[card.keyword] = (card.value, card.comment)
