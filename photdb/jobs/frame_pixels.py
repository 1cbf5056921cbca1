"""The pixels of a frame on their way to its sources: read, reduced, masked, its sources found."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from photdb.errors import InputError
from photdb.ingest import wcs as celestial
from photdb.ingest.frame_header import FrameHeader
from photdb.ingest.image import read_raw
from photdb.ingest.masters import Chosen, Master
from photdb.ingest.pattern import Pattern
from photdb.ingest.reduction import reduce
from photdb.ingest.registration import Solution
from photdb.jobs.ingest_settings import IngestSettings, MaskCircle
from photdb.photometry.flags import Flag
from photdb.photometry.measure import Found, find_sources
from photdb.photometry.pixels import Pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photdb.jobs.measure_frame import FrameTask


def reduced(task: FrameTask) -> Pixels:
    """Read and reduce the frame of a task."""
    header, settings = task.header, task.settings
    if header.n_axes != 2 or header.problems:
        raise InputError(f"{header.path}: {'; '.join(header.problems)}")
    bias, dark, flat = (_master(path) if path else None for path in (task.bias, task.dark, task.flat))
    return reduce(
        header,
        read_raw(header),
        Chosen(bias, dark, flat),
        pattern=_pattern(task.pattern) if task.pattern else None,
        user_mask=_user_mask(settings.mask) if settings.mask else None,
        cosmic=settings.cosmic,
    )


@lru_cache(maxsize=6)
def _master(path: Path) -> Master:
    """Load a master once per worker."""
    return Master.load(path)


@lru_cache(maxsize=2)
def _pattern(path: Path) -> Pattern:
    """Load a pattern map once per worker."""
    return Pattern.load(path)


@lru_cache(maxsize=2)
def _user_mask(path: Path) -> NDArray[np.bool_]:
    """Load the user's mask once per worker."""
    return np.asarray(read_map(path) != 0)


def read_map(path: Path) -> NDArray[np.float32]:
    """Read the first image of a FITS file.

    Raises
    ------
    InputError
        If there is none.
    """
    from astropy.io import fits

    try:
        with fits.open(path) as hdus:
            images = [hdu.data for hdu in hdus if hdu.is_image and hdu.data is not None and hdu.data.ndim == 2]
    except OSError as error:
        raise InputError(f"{path}: {error}", "give a FITS image") from error
    if not images:
        raise InputError(f"{path}: no two-dimensional image in it", "give a FITS image")
    return np.ascontiguousarray(images[0], dtype=np.float32)


def found_in(pixels: Pixels, header: FrameHeader, settings: IngestSettings) -> Found:
    """Find the sources, over the user's own maps where given."""
    level, noise = (_given_map(path, pixels) for path in (settings.background_map, settings.noise_map))
    try:
        found = find_sources(pixels, settings.measure, level=level, noise=noise)
    except InputError as error:
        raise InputError(f"{header.path}: {error.what}", error.hint) from error
    if not np.isfinite(found.fwhm_px):
        raise InputError(
            f"{header.path}: {len(found)} sources, none of them a star whose width can be measured",
            "look at the frame: clouds, a closed dome, out of focus, or --threshold too high",
        )
    return found


def _given_map(path: Path | None, pixels: Pixels) -> NDArray[np.float32] | None:
    """Return the user's map for this frame, None when the path is a folder to write to."""
    if path is None or not path.is_file():
        return None
    data = _load_map(path)
    if data.shape != pixels.data.shape:
        raise InputError(
            f"{path}: the map has {data.shape[1]} x {data.shape[0]} px, the trimmed frame "
            f"{pixels.data.shape[1]} x {pixels.data.shape[0]}",
            "give a map of the trimmed frame",
        )
    return data


@lru_cache(maxsize=2)
def _load_map(path: Path) -> NDArray[np.float32]:
    """Load a map once per worker."""
    return read_map(path)


def found_again(pixels: Pixels, header: FrameHeader, settings: IngestSettings, solution: Solution | None) -> Found:
    """Find the sources of a frame whose WCS is known, once the places that are not to be measured are masked."""
    if solution is not None:
        mask_circles(pixels, solution, settings.mask_circles)
    return found_in(pixels, header, settings)


def mask_circles(pixels: Pixels, solution: Solution, circles: tuple[MaskCircle, ...]) -> bool:
    """Mask the places on the sky that are not to be measured; tell whether any is in the frame."""
    if not circles:
        return False
    height, width = pixels.data.shape
    yy, xx = np.ogrid[:height, :width]
    hit = False
    for circle in circles:
        x, y = celestial.sky_to_pixel(solution.wcs, np.array([circle.ra]), np.array([circle.dec]))
        if not (np.isfinite(x[0]) and np.isfinite(y[0])):
            continue
        radius = circle.radius_arcsec / celestial.scale_arcsec(solution.wcs)
        inside = (xx - x[0]) ** 2 + (yy - y[0]) ** 2 <= radius**2
        pixels.mask[inside] |= np.uint8(Flag.BAD_PIXEL)
        hit = hit or bool(inside.any())
    return hit
