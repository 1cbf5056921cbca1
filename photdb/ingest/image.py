"""Pixels of a FITS image as the file has them: float32, native byte order, in raw coordinates."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from photdb.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from photdb.ingest.frame_header import FrameHeader

log = logging.getLogger(__name__)

# Rows converted at a time: small enough to stay in the processor's cache, so that no frame-sized temporary is
# made (a fresh 245 MB array costs ten times the conversion itself).
BAND_ROWS = 64
# A frame with more than this fraction of saturated pixels has nothing left to measure.
MAX_SATURATED = 0.9


def read_raw(header: FrameHeader, *, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """Read the pixels of one frame.

    BSCALE, BZERO and BLANK are applied; tile-compressed (``.fz``) and gzipped files are read as plain ones. A cube
    of one plane is that plane.

    Parameters
    ----------
    header
        What was understood of the frame's header; its path, HDU, trim section and saturation are used.
    out
        Buffer (height, width) to reuse; a new one is made when it is None or of another shape.

    Returns
    -------
    NDArray[np.float32]
        Raw counts in ADU, (height, width), C-contiguous; NaN where the file has no value.

    Raises
    ------
    InputError
        The file cannot be read, is cut short, is no image of two axes, or has no signal: all undefined, constant, or
        saturated all over.
    """
    return _checked(_read(header.path, header.hdu, out), header)


def _read(path: Path, hdu: int, out: NDArray[np.float32] | None) -> NDArray[np.float32]:
    """Open, check the shape, convert; every failure of the file becomes an InputError."""
    from astropy.io import fits

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # verification, truncation: judged below, with numbers
        try:
            with fits.open(path, memmap=True, do_not_scale_image_data=True) as hdus:
                image = _image_hdu(hdus, hdu, path)
                _refuse_truncated(image, path)
                shape = _plane_shape(image, path)
                stored = np.asarray(image.data).reshape(shape)
                scale, zero, blank = _scaling(image)
                return _convert(stored, scale, zero, blank, out)
        except InputError:
            raise
        except FileNotFoundError as error:
            raise InputError(f"{path}: no such file", "was it moved? photdb frames --relocate OLD NEW") from error
        except PermissionError as error:
            raise InputError(f"{path}: not allowed to read it", "check the file's permissions") from error
        except (OSError, EOFError, ValueError, TypeError, KeyError, IndexError) as error:
            raise InputError(
                f"{path}: the pixels of HDU {hdu} cannot be read ({_first_line(error)})",
                "the file is probably cut short or damaged: copy it again",
            ) from error


def _image_hdu(hdus: Any, hdu: int, path: Path) -> Any:
    """Return the HDU asked for, if it is an image."""
    if hdu >= len(hdus):
        raise InputError(f"{path}: HDU {hdu} asked for, the file has {len(hdus)}", "scan the folder again")
    image = hdus[hdu]
    if not image.is_image:
        raise InputError(f"{path}: HDU {hdu} is a table, not an image", "give the HDU in the telescope file")
    return image


def _refuse_truncated(image: Any, path: Path) -> None:
    """Compare the bytes the header promises with the file's, before any of them is touched."""
    info = image.fileinfo()
    if info is None or path.suffix.lower() in {".gz", ".bz2", ".zip"}:
        return  # the decompressor notices by itself
    needed = _stored_bytes(image.header if not hasattr(image, "_bintable") else image._bintable.header)
    there = path.stat().st_size - info["datLoc"]
    if there < needed:
        raise InputError(
            f"{path}: cut short: its pixels need {needed} bytes, {max(there, 0)} are there",
            "copy the file again",
        )


def _stored_bytes(header: Any) -> int:
    """Bytes of a data unit as FITS counts them, without the padding of the last block."""
    axes = [int(header[f"NAXIS{i + 1}"]) for i in range(int(header.get("NAXIS", 0)))]
    if not axes:
        return 0
    groups = int(header.get("GCOUNT", 1)) * (int(header.get("PCOUNT", 0)) + int(np.prod(axes)))
    return abs(int(header["BITPIX"])) // 8 * groups


def _plane_shape(image: Any, path: Path) -> tuple[int, int]:
    """Height and width, if the data have two axes besides those of length one."""
    shape = tuple(int(n) for n in image.shape)
    if len(shape) < 2 or any(n != 1 for n in shape[:-2]) or 0 in shape:
        axes = " x ".join(str(n) for n in reversed(shape)) or "no"
        raise InputError(
            f"{path}: HDU {image.name or ''} has {len(shape)} axes ({axes} pixels), an image needs 2".replace(
                "  ", " "
            ),
            "split a cube into frames, or name the image's HDU in the telescope file",
        )
    return shape[-2], shape[-1]


def _scaling(image: Any) -> tuple[float, float, float | None]:
    """BSCALE, BZERO and BLANK as the file has them; astropy takes them out of the header when it scales."""
    header = image.header
    blank = header.get("BLANK") if int(header["BITPIX"]) > 0 else None
    return float(header.get("BSCALE", 1.0)), float(header.get("BZERO", 0.0)), None if blank is None else float(blank)


def _convert(
    stored: NDArray[Any], scale: float, zero: float, blank: float | None, out: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    """Scale band by band into one float32 buffer."""
    if out is None or out.shape != stored.shape or out.dtype != np.float32 or not out.flags.c_contiguous:
        out = np.empty(stored.shape, np.float32)
    for y in range(0, stored.shape[0], BAND_ROWS):
        band, target = stored[y : y + BAND_ROWS], out[y : y + BAND_ROWS]
        with np.errstate(over="ignore", invalid="ignore"):  # float64 beyond float32 becomes infinite: masked later
            target[...] = band
        if scale != 1.0:
            target *= np.float32(scale)
        if zero != 0.0:
            target += np.float32(zero)
        if blank is not None:
            target[band == blank] = np.nan
    return out


def _checked(raw: NDArray[np.float32], header: FrameHeader) -> NDArray[np.float32]:
    """Refuse an image without signal, saying what it holds."""
    low, high, n_finite = _extent(raw)
    if n_finite == 0:
        raise InputError(f"{header.path}: none of its {raw.size} pixels has a value (all NaN)", "copy the file again")
    if low == high:
        raise InputError(f"{header.path}: all {n_finite} pixels are {low:g} ADU", "the camera or the file is at fault")
    if high >= header.saturation:
        light = raw if header.trim is None else raw[header.trim.y0 : header.trim.y1, header.trim.x0 : header.trim.x1]
        fraction = float(np.count_nonzero(light >= np.float32(header.saturation))) / max(light.size, 1)
        if fraction > MAX_SATURATED:
            raise InputError(
                f"{header.path}: {100 * fraction:.1f} % of its pixels are saturated (>= {header.saturation:g} ADU)",
                "expose shorter; if the saturation level is wrong, set it in the telescope file",
            )
    return raw


def _extent(raw: NDArray[np.float32]) -> tuple[float, float, int]:
    """Lowest and highest finite value and how many are finite; one pass in bands."""
    low, high, n_finite = np.inf, -np.inf, 0
    for y in range(0, raw.shape[0], BAND_ROWS):
        band = raw[y : y + BAND_ROWS]
        bottom, top = float(band.min()), float(band.max())
        if not (np.isfinite(bottom) and np.isfinite(top)):
            band = band[np.isfinite(band)]
            if not band.size:
                continue
            bottom, top = float(band.min()), float(band.max())
        low, high, n_finite = min(low, bottom), max(high, top), n_finite + band.size
    return low, high, n_finite


def _first_line(error: BaseException) -> str:
    """Return what the reader said, in one line."""
    return (str(error) or type(error).__name__).splitlines()[0]
