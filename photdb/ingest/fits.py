"""Headers of a FITS file, without its pixels: whole files are told from truncated and foreign ones.

Layout of the file: FITS standard 4.0 (Pence et al. 2010, A&A 524, A42), sections 3 and 4; tile-compressed images
(``.fz``) are its section 10.
"""

from __future__ import annotations

import gzip
import math
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from photdb.errors import InputError
from photdb.ingest.cards import Cards

BLOCK = 2880
_FIRST_READ = 8 * BLOCK
_END = b"END" + b" " * 77
#: A header longer than this is no header (a few thousand cards are known, 36 to a block).
_LONGEST = 2000 * BLOCK
_COPY_AGAIN = "copy the file again, or leave it out"


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """The header of one image of a file, and the place of that image in it.

    `shape` holds the lengths of the axes in the order of the header (x first), `bitpix` the FITS code of the pixel
    type; of a compressed image, those of the image within.
    """

    hdu: int
    cards: Cards
    shape: tuple[int, ...]
    bitpix: int
    compressed: bool


def read_headers(path: str | os.PathLike[str]) -> list[ImageHeader]:
    """Read the headers of every image in a FITS file: plain, gzipped or tile-compressed.

    Parameters
    ----------
    path
        A file; what is in it decides how it is read, not its name.

    Returns
    -------
    list of ImageHeader
        In the order of the file, at least one. Extensions inherit the cards of the primary header.

    Raises
    ------
    InputError
        If the file cannot be read, is empty, is not FITS, ends before its pixels do, or holds no image.
    """
    path = Path(path)
    try:
        with path.open("rb", buffering=0) as raw:
            first = raw.read(_FIRST_READ)
            size = os.fstat(raw.fileno()).st_size
            if first[:2] == b"\x1f\x8b":
                return _read_gzip(path, raw, size)
            return _Walk(path, raw, size, first).images()
    except PermissionError:
        raise InputError(f"{path}: no permission to read it", f"give yourself the right: chmod u+r {path}") from None
    except IsADirectoryError:
        raise InputError(f"{path}: a folder, not a file") from None
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None


def header_of_text(text: str) -> ImageHeader:
    """Return a header from text, one card a line, as the FITS header of an image without the image."""
    cards = Cards.from_text(text)
    shape, bitpix = _array(cards, "Z" if cards.own("ZIMAGE") is True else "")
    return ImageHeader(0, cards, shape, bitpix, compressed=cards.own("ZIMAGE") is True)


def _read_gzip(path: Path, raw: BinaryIO, size: int) -> list[ImageHeader]:
    """Read a gzipped file; its last four bytes tell the length inside (RFC 1952), so nothing is unpacked for it."""
    raw.seek(max(0, size - 4))
    tail = raw.read(4)
    raw.seek(0)
    unpacked = struct.unpack("<I", tail)[0] if len(tail) == 4 else 0
    try:
        with gzip.GzipFile(fileobj=raw, mode="rb") as inside:
            stream = cast(BinaryIO, inside)
            return _Walk(path, stream, unpacked, stream.read(_FIRST_READ)).images()
    except (EOFError, gzip.BadGzipFile, struct.error) as error:
        raise InputError(f"{path}: the gzip data are damaged or cut off ({error})", "copy the file again") from None
    except Exception as error:  # zlib.error has no base of its own
        if type(error).__name__ == "error":
            raise InputError(f"{path}: the gzip data are damaged ({error})", "copy the file again") from None
        raise


class _Walk:
    """One pass over the headers of a file."""

    def __init__(self, path: Path, stream: BinaryIO, size: int, first: bytes) -> None:
        self.path, self.stream, self.size = path, stream, size
        self.buffer, self.start = first, 0  # what was read, and where in the file it begins
        self.seen: list[str] = []

    def images(self) -> list[ImageHeader]:
        self._refuse_foreign()
        found: list[ImageHeader] = []
        primary: Cards | None = None
        position, hdu = 0, 0
        while position < self.size:
            header = self._header_at(position, hdu)
            if header is None:
                break
            block, data_start = header
            cards = Cards.from_bytes(block, primary)
            shape, bitpix = _array(cards, "")
            length = _data_bytes(cards, shape, bitpix)
            image = _image_of(hdu, cards, shape, bitpix)
            if data_start + length > self.size:
                raise InputError(self._truncated(cards, hdu, data_start, length), _COPY_AGAIN)
            if image is not None:
                found.append(image)
            self.seen.append(str(cards.own("XTENSION") or "primary without image").strip())
            primary = primary or cards
            position = data_start + -(-length // BLOCK) * BLOCK
            hdu += 1
        if not found:
            raise InputError(f"{self.path}: no image in its {len(self.seen)} HDUs ({', '.join(self.seen)})")
        return found

    def _refuse_foreign(self) -> None:
        """Say what a file that does not begin as FITS seems to be."""
        if not self.buffer:
            raise InputError(f"{self.path}: the file is empty (0 bytes)", "copy it again, or leave it out")
        if self.buffer.startswith(b"SIMPLE  ="):
            return
        begin = self.buffer[:24]
        what = f"text, beginning with {begin.decode('ascii')!r}" if _is_text(begin) else f"bytes {begin[:8].hex(' ')}"
        raise InputError(f"{self.path}: not a FITS file: it holds {what}, not 'SIMPLE  ='")

    def _header_at(self, position: int, hdu: int) -> tuple[bytes, int] | None:
        """Return a header and where its data begin; None where only filling follows the last HDU."""
        self._move(position)
        if hdu and not self.buffer.startswith(b"XTENSION"):
            return None
        searched = 0
        while True:
            end = self.buffer.find(_END, searched)
            while end % 80 and end != -1:
                end = self.buffer.find(_END, end + 1)
            if end != -1:
                return self.buffer[:end], position + (end // BLOCK + 1) * BLOCK
            searched = max(0, len(self.buffer) - len(self.buffer) % 80 - 80)
            more = self.stream.read(_FIRST_READ) if len(self.buffer) < _LONGEST else b""
            if not more:
                raise InputError(
                    f"{self.path}: the header of HDU {hdu} has no END card in {len(self.buffer)} bytes: truncated",
                    _COPY_AGAIN,
                )
            self.buffer += more

    def _move(self, position: int) -> None:
        """Let the buffer begin at this byte of the file."""
        skip = position - self.start
        if skip < len(self.buffer):
            self.buffer = self.buffer[skip:]
        else:
            self.stream.seek(position)
            self.buffer = self.stream.read(_FIRST_READ)
        self.start = position

    def _truncated(self, cards: Cards, hdu: int, data_start: int, length: int) -> str:
        shape, bitpix = _array(cards, "")
        return (
            f"{self.path}: truncated: HDU {hdu} promises {' x '.join(map(str, shape))} values of {abs(bitpix)} bits "
            f"({length} bytes after the first {data_start}), the file ends after {self.size} bytes"
        )


def _image_of(hdu: int, cards: Cards, shape: tuple[int, ...], bitpix: int) -> ImageHeader | None:
    """Return the image of an HDU, or None for a table or a header without data."""
    kind = str(cards.own("XTENSION") or "").strip().upper()
    if kind in ("", "IMAGE"):
        return ImageHeader(hdu, cards, shape, bitpix, compressed=False) if math.prod(shape) and shape else None
    if cards.own("ZIMAGE") is True:
        inner = _array(cards, "Z")
        return ImageHeader(hdu, cards, *inner, compressed=True) if inner[0] else None
    return None


def _array(cards: Cards, prefix: str) -> tuple[tuple[int, ...], int]:
    """Return the lengths of the axes, x first, and the code of the pixel type."""
    count = min(max(0, _integer(cards, f"{prefix}NAXIS")), 999)  # the standard's limit: a damaged card may say 10^12
    shape = tuple(max(0, _integer(cards, f"{prefix}NAXIS{i}")) for i in range(1, count + 1))
    return shape, _integer(cards, f"{prefix}BITPIX")


def _data_bytes(cards: Cards, shape: tuple[int, ...], bitpix: int) -> int:
    """Return the length of the data, equation 2 of the standard."""
    if not shape:
        return 0
    groups = _integer(cards, "GCOUNT") or 1
    return abs(bitpix) // 8 * groups * (max(0, _integer(cards, "PCOUNT")) + math.prod(shape))


def _integer(cards: Cards, keyword: str) -> int:
    """Return a card that describes the array; 0 where it is absent or not a number."""
    value = cards.own(keyword)
    return int(value) if isinstance(value, int | float) else 0


def _is_text(begin: bytes) -> bool:
    return all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in begin)
