"""What photdb knows of one image before its pixels are read: the header in our words and units."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Section:
    """A rectangle of raw pixels, 0-based, half open: ``data[y0:y1, x0:x1]``."""

    x0: int
    x1: int
    y0: int
    y1: int


@dataclass(frozen=True, slots=True)
class Site:
    """Where the telescope stands: geodetic degrees, longitude positive to the EAST, height in metres."""

    name: str | None
    latitude: float
    longitude: float
    height: float


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """One image of one detector, as its header tells it.

    Everything a telescope file or photdb assumed, because no card says it, has a sentence in `guesses`, beginning with
    the name of the field;
    everything that forbids the use as a science frame has one in `problems`.

    Parameters
    ----------
    path, hdu
        The file, and the index of the image in it (0 is the primary; as astropy counts, also in ``.fz``).
    telescope
        Name of the telescope file, ``"generic"`` where none matches.
    detector
        What master frames are matched by: telescope, camera, chip.
    image_type
        ``light``, ``bias``, ``dark``, ``flat`` or ``other``.
    object_name, filter
        The header's words.
    band
        Our name of the passband (``ingest/bands.toml``), ``"unknown"`` where no filter is named.
    calibrate_as
        Catalogue band an unfiltered band is tied to by the telescope file, for example ``"VT"``.
    exptime_s, mjd_start, mjd_mid
        Seconds; MJD, UTC.
    night
        ISO date of the evening at the site.
    ra, dec
        Pointing, deg.
    diameter_m
        Diameter of the telescope's aperture, m.
    width, height, n_axes
        The raw array; anything but two axes cannot be used.
    gain, read_noise, saturation
        e-/ADU, e-, ADU of the raw array.
    pixel_scale
        Arcsec per (binned) pixel.
    rotation_deg, mirrored
        Position angle of +y, degrees east of north; ``mirrored`` where east is clockwise from north's left,
        that is, where the image is not the sky as seen (north up, east left) in any rotation.
    trim, overscan
        Light-sensitive part and overscan of the raw array.
    wcs
        Celestial WCS cards, 80 characters each, cleaned: for ``astropy.wcs.WCS(text)``; in raw pixels.
    bayer
        Colour pattern of the mosaic, for example ``"RGGB"``.
    is_reduced
        The header says that bias, dark and flat were taken out already: no master is applied.
    """

    path: Path
    hdu: int
    telescope: str
    detector: str
    image_type: str
    object_name: str | None
    filter: str | None
    band: str | None
    calibrate_as: str | None
    exptime_s: float | None
    mjd_start: float | None
    mjd_mid: float | None
    night: str | None
    ra: float | None
    dec: float | None
    site: Site | None
    diameter_m: float | None
    width: int
    height: int
    n_axes: int
    binning: tuple[int, int]
    gain: float
    read_noise: float
    saturation: float
    pixel_scale: float | None
    rotation_deg: float | None
    mirrored: bool | None
    airmass: float | None
    trim: Section | None
    overscan: Section | None
    wcs: str | None
    bayer: str | None
    guesses: tuple[str, ...]
    problems: tuple[str, ...]
    is_reduced: bool = False

    def is_guess(self, field: str) -> bool:
        """Tell whether a field holds a guess: every sentence of `guesses` begins with the name of its field."""
        return any(guess.startswith(f"{field}:") for guess in self.guesses)
