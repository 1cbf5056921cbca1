"""Headers and raw frames for the tests of reading and reduction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.ingest.frame_header import FrameHeader, Section


def header(path: Path, shape: tuple[int, int], image_type: str = "light", **changes: Any) -> FrameHeader:
    """A header as a well-described camera gives it; `changes` replace its fields."""
    fields: dict[str, Any] = {
        **dict.fromkeys(("object_name", "band", "calibrate_as", "mjd_start", "mjd_mid", "ra", "dec", "site")),
        **dict.fromkeys(("diameter_m", "pixel_scale", "rotation_deg", "mirrored", "airmass", "wcs", "bayer")),
        **{"path": path, "hdu": 0, "telescope": "test", "detector": "test", "image_type": image_type, "filter": "R"},
        **{"exptime_s": 0.0 if image_type == "bias" else 60.0, "night": "2026-01-01", "binning": (1, 1)},
        **{"width": shape[1], "height": shape[0], "n_axes": 2, "gain": 2.0, "read_noise": 8.0, "saturation": 60000.0},
        **{"trim": None, "overscan": None, "guesses": (), "problems": ()},
    }
    return FrameHeader(**(fields | changes))


def write(path: Path, raw: NDArray[Any], image_type: str = "light", **changes: Any) -> FrameHeader:
    """Write a raw frame (float data as unsigned 16-bit counts) and return its header."""
    from astropy.io import fits

    if raw.dtype.kind == "f":
        raw = np.clip(np.round(raw), 0, 65535).astype(np.uint16)
    fits.PrimaryHDU(raw).writeto(path, overwrite=True)
    return header(path, (raw.shape[-2], raw.shape[-1]), image_type, **changes)


def lowell(folder: Path) -> list[FrameHeader]:
    """Headers of the Lowell 42-inch night, as its cards say (filters of the calibrations from FILTNAME)."""
    from astropy.io import fits

    found = []
    for path in sorted((folder / "lowell5945").glob("*.fits.fz")):
        cards = fits.getheader(path, 1)
        image_type = {"BIAS": "bias", "SKYFLAT": "flat", "OBJECT": "light"}[cards["OBSTYPE"].strip()]
        found.append(
            header(
                path, (1370, 1432), image_type, hdu=1, detector="nasa42", binning=(3, 3), night="2019-03-25",
                filter=(cards.get("FILTNAME") or cards.get("FILTER")).strip(), exptime_s=float(cards["EXPTIME"]),
                gain=4.95, read_noise=9.3, saturation=65535.0,
                trim=Section(17, 1382, 0, 1370), overscan=Section(1387, 1432, 0, 1370),
            )
        )  # fmt: skip
    return found
