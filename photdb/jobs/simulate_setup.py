"""What a simulation is asked for: every option with its default and its unit."""

from __future__ import annotations

import re
from dataclasses import dataclass

from photdb.errors import UsageError
from photdb.photometry.synthetic_sky import BANDS

#: Of a telescope of 0.5 m, per band: magnitude that gives 1 e-/s above the air, colour term (mag per mag of
#: g - i from the pivot), extinction (mag per airmass), sky (mag per square arcsec), filter as the header writes it.
PASSBANDS = {
    "B": (22.4, 0.10, 0.24, 22.4, "Johnson B"),
    "V": (22.6, -0.04, 0.14, 21.6, "Johnson V"),
    "R": (22.8, -0.03, 0.10, 20.7, "Cousins R"),
    "g": (22.9, 0.06, 0.18, 21.6, "SDSS g'"),
    "r": (23.1, -0.03, 0.10, 20.9, "SDSS r'"),
    "i": (22.6, 0.015, 0.06, 20.0, "SDSS i'"),
}
#: The g - i colour of the stars for which the true zero points hold.
PIVOT = 0.9


@dataclass(frozen=True, slots=True)
class Observatory:
    """Geodetic position: deg, deg east, m."""

    latitude: float
    longitude: float
    height: float


@dataclass(frozen=True, kw_only=True)
class Setup:
    """One simulated survey.

    Attributes
    ----------
    seed
        The same seed and options give the same files, bit for bit.
    nights, frames
        Nights, and light frames per band and night.
    bands
        Letters out of B V R g r i, as ``"gr"``.
    size, scale
        Pixels (one number, or width and height); arcsec per pixel.
    field, object_name
        Centre, deg ICRS; the header's OBJECT.
    date, hours
        Evening of the first night at the site; the frames of a night are spread over this many hours, fewer where the
        field is up for less.
    exptime, calibrations
        Seconds; bias, dark and flat frames (of each band) a night.
    stars, brightest, faintest
        Stars on one frame, and their range of r magnitudes.
    variables, amplitude, period
        Sine and sawtooth variables in turn, mag (half the range), shortest and longest period in days.
    eclipses, eclipse_depth, eclipse_hours
        Stars eclipsed once every night in its middle; mag; from first to last contact.
    transients, asteroids, asteroid_rate
        Stars that appear half-way and fade by 0.3 mag a day; bodies that move; arcsec per hour.
    movers
        Stars with a proper motion of 100 to 1000 mas/yr; the rest have a few mas/yr.
    catalog_noise, catalog_outliers, catalog_limit
        Error of the reference catalogue, mag; share of its stars wrong by 0.2 to 1 mag; its faintest r.
    diameter, gain, read_noise, bias, dark, hot_pixels, saturation
        m, e-/ADU, e-, ADU, e-/s, share of pixels, ADU (header's SATURATE; pixels are full 5 % above).
    latitude, longitude, elevation
        deg, deg east, m.
    fwhm, fwhm_scatter, beta, psf_gradient
        Seeing at the zenith, arcsec; its relative scatter from frame to frame; Moffat exponent (None: Gaussian);
        relative growth of the FWHM from centre to corner.
    clouds, extinction, colour_terms, scintillation, night_drift
        Typical cloud, mag; factors on the usual extinction, colour terms and scintillation; mag that the zero point
        falls every night.
    sky, sky_gradient
        mag added to the usual sky brightness (negative: brighter); relative, from left to right.
    vignetting, flat_noise, cosmic_rays
        Share of light lost in the corners; relative pixel to pixel; tracks per million pixels and minute.
    pointing_error, dither, drift
        Arcsec that the headers' position is wrong each night, rms; rms of deliberate offsets; arcsec per hour eastward.
    rotation, flip, mirrored
        Position angle of +y, deg; turned by 180 deg after the meridian; mirror image.
    sip
        Radial distortion at the middle of the edges, pixels.
    wcs
        ``none``, ``rough`` (from the pointing, no distortion) or ``exact``: what the headers carry.
    """

    seed: int = 1
    nights: int = 1
    frames: int = 20
    bands: str = "r"
    size: int | tuple[int, int] = 1024
    scale: float = 1.5
    field: tuple[float, float] = (41.58, -30.27)
    object_name: str = "SIM-1"
    date: str = "2025-11-18"
    hours: float = 6.0
    exptime: float = 60.0
    calibrations: int = 5
    stars: int = 500
    brightest: float = 10.5
    faintest: float = 19.5
    variables: int = 6
    amplitude: float = 0.3
    period: tuple[float, float] = (0.15, 0.6)
    eclipses: int = 1
    eclipse_depth: float = 0.1
    eclipse_hours: float = 2.5
    transients: int = 0
    asteroids: int = 0
    asteroid_rate: float = 30.0
    movers: int = 0
    catalog_noise: float = 0.02
    catalog_outliers: float = 0.0
    catalog_limit: float = 18.0
    diameter: float = 0.5
    gain: float = 1.6
    read_noise: float = 7.0
    bias: float = 1000.0
    dark: float = 0.02
    hot_pixels: float = 2e-5
    saturation: float = 62000.0
    latitude: float = -30.2
    longitude: float = -70.7
    elevation: float = 2200.0
    fwhm: float = 4.5
    fwhm_scatter: float = 0.08
    beta: float | None = 3.2
    psf_gradient: float = 0.0
    clouds: float = 0.0
    extinction: float = 1.0
    colour_terms: float = 1.0
    scintillation: float = 1.0
    night_drift: float = 0.03
    sky: float = 0.0
    sky_gradient: float = 0.1
    vignetting: float = 0.15
    flat_noise: float = 0.01
    cosmic_rays: float = 6.0
    pointing_error: float = 20.0
    dither: float = 5.0
    drift: float = 10.0
    rotation: float = 1.3
    flip: bool = True
    mirrored: bool = False
    sip: float = 0.0
    wcs: str = "none"

    @property
    def width(self) -> int:
        """Columns."""
        return self.size if isinstance(self.size, int) else self.size[0]

    @property
    def height(self) -> int:
        """Rows."""
        return self.size if isinstance(self.size, int) else self.size[1]

    @property
    def site(self) -> Observatory:
        """Where the telescope stands."""
        return Observatory(self.latitude, self.longitude, self.elevation)

    def check(self) -> None:
        """Refuse what cannot be simulated.

        Raises
        ------
        UsageError
            Naming the option and its value.
        """
        positive = ("nights", "frames", "scale", "hours", "exptime", "calibrations", "diameter", "gain", "fwhm")
        for name in positive:
            if not getattr(self, name) > 0:
                raise UsageError(f"{name} is {getattr(self, name)}; it must be positive")
        counts = ("seed", "stars", "variables", "eclipses", "transients", "asteroids", "movers", "hot_pixels", "dark")
        sizes = ("fwhm_scatter", "clouds", "flat_noise", "cosmic_rays", "dither", "read_noise", "catalog_noise", "bias")
        for name in counts + sizes:
            if getattr(self, name) < 0:
                raise UsageError(f"{name} is {getattr(self, name)}; it cannot be negative")
        if not self.bands or set(self.bands) - set(BANDS) or len(set(self.bands)) < len(self.bands):
            raise UsageError(f"bands are {self.bands!r}", f"letters out of {' '.join(BANDS)}, each once, as 'gr'")
        if min(self.width, self.height) < 64:
            raise UsageError(f"a frame of {self.width} x {self.height} pixels is too small", "at least 64 x 64")
        if self.beta is not None and not 2.0 <= self.beta <= 6.0:
            raise UsageError(f"beta is {self.beta:g}", "a Moffat exponent of 2 to 6, or none for a Gaussian")
        if self.wcs not in ("none", "rough", "exact"):
            raise UsageError(f"wcs is {self.wcs!r}", "none, rough or exact")
        if not self.brightest < self.faintest:
            raise UsageError(f"stars from magnitude {self.brightest:g} to {self.faintest:g}: the first must be smaller")
        if abs(self.field[1]) > 90 or not 0 <= self.field[0] <= 360:
            raise UsageError(
                f"field {self.field[0]:g} {self.field[1]:g} is not a position", "RA 0 to 360, Dec -90 to 90 deg"
            )
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", self.date):
            raise UsageError(f"date {self.date!r} is not a date", "write it as 2025-11-18")
