"""When and how the simulated frames are taken: times, airmass, seeing, clouds, pointing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from photdb.errors import UsageError
from photdb.jobs.simulate_setup import Setup
from photdb.times import MJD_0, airmass, altitude, parse_date

if TYPE_CHECKING:
    from astropy.wcs import WCS

#: A field is observed above this altitude, in the dark: the Sun below the second, deg.
LOWEST, DARK = 25.0, -12.0
#: Seconds from the end of one exposure to the start of the next, at least.
READOUT_S = 10.0
_DAY_S = 86400.0
_STEP_D = 1.0 / 288.0  # grid on which a night is looked at


@dataclass(frozen=True, slots=True)
class Shot:
    """One light frame to be taken.

    Attributes
    ----------
    night, number, band
        Night from 0, number in its band and night, band.
    mjd_start, mjd_mid
        MJD UTC.
    airmass, cloud, fwhm_arcsec
        Of the middle of the exposure; mag; arcsec.
    header_ra, header_dec
        Where the telescope believes to point, deg.
    ra, dec
        Where the centre of the frame is, deg.
    flipped
        Whether the frame is turned by 180 deg.
    """

    night: int
    number: int
    band: str
    mjd_start: float
    mjd_mid: float
    airmass: float
    cloud: float
    fwhm_arcsec: float
    header_ra: float
    header_dec: float
    ra: float
    dec: float
    flipped: bool


def sun_altitude(mjd: NDArray[np.float64], setup: Setup) -> NDArray[np.float64]:
    """Return the altitude of the Sun's centre at the site, deg (Earth's orbit from ERFA's epv00)."""
    import erfa

    earth, _ = erfa.epv00(MJD_0, mjd)
    to_sun = -np.asarray(earth["p"])
    ra, dec = (
        np.degrees(np.arctan2(to_sun[:, 1], to_sun[:, 0])),
        np.degrees(np.arcsin(to_sun[:, 2] / np.linalg.norm(to_sun, axis=1))),
    )
    return altitude(mjd, ra, dec, setup.site)


@lru_cache(maxsize=64)
def window(setup: Setup, night: int) -> tuple[float, float, float]:
    """Return begin, end and culmination (MJD UTC) of the stretch of a night in which the field is observed.

    Raises
    ------
    UsageError
        If the field is not up in the dark for as long as the frames take.
    """
    noon = parse_date(setup.date)[0] + night + 0.5 - setup.longitude / 360.0
    grid = noon + np.arange(0.0, 1.0, _STEP_D)
    height = altitude(grid, *setup.field, setup.site)
    up = (height > LOWEST) & (sun_altitude(grid, setup) < DARK)
    edges = np.flatnonzero(np.diff(np.r_[0, up.astype(int), 0]))
    longest = max(zip(edges[::2], edges[1::2], strict=True), key=lambda run: run[1] - run[0], default=(0, 0))
    free = (longest[1] - longest[0]) * _STEP_D * 24.0
    n = setup.frames * len(setup.bands)
    needed = n * (setup.exptime + READOUT_S) / 3600.0
    if free < needed:
        raise UsageError(
            f"night {night} from {setup.date}: the field {setup.field[0]:g} {setup.field[1]:g} is above {LOWEST:g} deg "
            f"in the dark for {free:.1f} h, and {n} frames of {setup.exptime:g} s take {needed:.1f} h",
            "choose another date, field or site, fewer frames or shorter exposures",
        )
    culmination = float(grid[np.argmax(height)])
    span = min(max(setup.hours, needed), free) / 24.0
    begin, end = grid[longest[0]], grid[longest[0]] + free / 24.0
    start = float(np.clip(culmination - span / 2.0, begin, end - span))
    return start, start + span, culmination


def _wander(n: int, rng: np.random.Generator, memory: float = 0.7) -> NDArray[np.float64]:
    """Return n steps of a process of unit variance that remembers, as seeing and clouds do."""
    kicks = rng.standard_normal(n)
    for k in range(1, n):
        kicks[k] = memory * kicks[k - 1] + np.sqrt(1.0 - memory**2) * kicks[k]
    return kicks


def plan(setup: Setup, night: int, rng: np.random.Generator) -> list[Shot]:
    """Return the light frames of one night in the order they are taken, the bands in turn."""
    begin, end, culmination = window(setup, night)
    n = setup.frames * len(setup.bands)
    starts = begin + (end - begin) * np.arange(n) / n
    mids = starts + setup.exptime / 2.0 / _DAY_S
    masses = airmass(mids, *setup.field, setup.site)
    fwhm = setup.fwhm * masses**0.6 * np.exp(setup.fwhm_scatter * _wander(n, rng))
    clouds = setup.clouds * np.abs(_wander(n, rng))
    stretch = 1.0 / np.cos(np.radians(setup.field[1]))
    wrong = rng.standard_normal(2) * setup.pointing_error / 3600.0
    dither = rng.standard_normal((n, 2)) * setup.dither / 3600.0
    drift = setup.drift / 3600.0 * (starts - begin) * 24.0
    shots = []
    for k in range(n):
        header_ra = (setup.field[0] + dither[k, 0] * stretch) % 360.0
        header_dec = float(np.clip(setup.field[1] + dither[k, 1], -90.0, 90.0))
        shots.append(
            Shot(
                night=night,
                number=k // len(setup.bands),
                band=setup.bands[k % len(setup.bands)],
                mjd_start=float(starts[k]),
                mjd_mid=float(mids[k]),
                airmass=float(masses[k]),
                cloud=float(clouds[k]),
                fwhm_arcsec=float(fwhm[k]),
                header_ra=float(header_ra),
                header_dec=header_dec,
                ra=float((header_ra + (wrong[0] + drift[k]) * stretch) % 360.0),
                dec=float(np.clip(header_dec + wrong[1], -90.0, 90.0)),
                flipped=bool(setup.flip and mids[k] > culmination),
            )
        )
    return shots


def frame_wcs(setup: Setup, ra: float, dec: float, flipped: bool, *, distorted: bool) -> WCS:
    """Return the WCS of a frame centred on a position: TAN, or TAN-SIP with the setup's distortion."""
    from astropy.wcs import WCS, Sip

    turn = np.radians(setup.rotation + (180.0 if flipped else 0.0))
    # +y at position angle `turn` (north through east); +x to the west of it, or to the east in a mirror image
    parity = 1.0 if setup.mirrored else -1.0
    east = np.array([parity * np.cos(turn), np.sin(turn)])
    north = np.array([-parity * np.sin(turn), np.cos(turn)])
    bend = _bend(setup) if distorted else 0.0
    wcs: Any = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN-SIP", "DEC--TAN-SIP"] if bend else ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [ra, dec]
    wcs.wcs.crpix = [(setup.width + 1) / 2.0, (setup.height + 1) / 2.0]
    wcs.wcs.cd = setup.scale / 3600.0 * np.array([east, north])
    if bend:
        a, b = np.zeros((4, 4)), np.zeros((4, 4))
        a[3, 0] = a[1, 2] = b[0, 3] = b[2, 1] = bend
        wcs.sip = Sip(a, b, None, None, wcs.wcs.crpix)
    wcs.wcs.set()
    return wcs


def _bend(setup: Setup) -> float:
    """Return the coefficient of the radial distortion ``r -> r + bend r³``, in pixels."""
    return setup.sip / (max(setup.width, setup.height) / 2.0) ** 3


def sky_to_pixels(
    setup: Setup, shot: Shot, ra: NDArray[np.float64], dec: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return 0-based pixels of positions on a frame; NaN where the sky does not reach the detector."""
    wcs = frame_wcs(setup, shot.ra, shot.dec, shot.flipped, distorted=False)
    x, y = (np.asarray(v, dtype=float) for v in wcs.all_world2pix(ra, dec, 0))
    cx, cy = (setup.width - 1) / 2.0, (setup.height - 1) / 2.0
    far = np.hypot(x - cx, y - cy)
    with np.errstate(invalid="ignore", divide="ignore"):
        shrink = np.where(far > 0, _undistort(far, _bend(setup)) / far, 1.0)
    return cx + (x - cx) * shrink, cy + (y - cy) * shrink


def _undistort(radius: NDArray[np.float64], bend: float) -> NDArray[np.float64]:
    """Solve ``r + bend r³ = radius`` by Newton's rule; NaN where the distortion has folded over."""
    r = radius.copy() if bend <= 0 else np.minimum(radius, np.cbrt(radius / bend))
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        for _ in range(50):
            r = r - (r + bend * r**3 - radius) / (1.0 + 3.0 * bend * r**2)
        good = (np.abs(r + bend * r**3 - radius) < 1e-6) & (1.0 + 3.0 * bend * r**2 > 0) & (r >= 0)
    return np.where(good, r, np.nan)
