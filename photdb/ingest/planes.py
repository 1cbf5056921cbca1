"""FITS files of our own (master frames, pattern maps): image planes and what they are, written whole or not at all."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from photdb.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray


def write_planes(
    path: Path, planes: Mapping[str, NDArray[Any]], meta: Mapping[str, Any], cards: Mapping[str, Any]
) -> None:
    """Write image planes (the one named "" first) and a META extension of JSON; a reader never sees half a file.

    Parameters
    ----------
    cards
        For people who open the file elsewhere; those of value None are left out.
    """
    from astropy.io import fits

    hdus = [fits.ImageHDU(data, name=name) if name else fits.PrimaryHDU(data) for name, data in planes.items()]
    hdus.append(fits.ImageHDU(np.frombuffer(json.dumps(meta, sort_keys=True).encode(), np.uint8), name="META"))
    for key, value in cards.items():
        if value is not None:
            hdus[0].header[key] = value[:60] if isinstance(value, str) else value
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        fits.HDUList(hdus).writeto(part, overwrite=True)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def read_planes(path: Path, names: Sequence[str]) -> tuple[list[NDArray[Any]], dict[str, Any]]:
    """Read the named planes and the META of a file that `write_planes` wrote.

    Raises
    ------
    InputError
        The file is not one of ours, or cannot be read.
    """
    from astropy.io import fits

    try:
        with fits.open(path, memmap=False) as hdus:
            meta = json.loads(bytes(np.asarray(hdus["META"].data, np.uint8)).decode())
            return [np.asarray(hdus[name or 0].data) for name in names], meta
    except (OSError, KeyError, ValueError, TypeError) as error:
        said = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"{path}: not a file that photdb wrote ({said})", "delete it and ingest again") from error
