"""World coordinates as text, as astropy's object and as plain numbers; no astropy warning leaves this file.

Pixels are 0-based with the centre of a pixel at an integer, angles are degrees. The tangent plane is FITS'
gnomonic projection (Calabretta & Greisen 2002, A&A 395, 1077, section 5.1.3), in degrees, worked with unit vectors
so that poles and RA 0 need no care.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from photdb.errors import InputError
from photdb.sky import unit_vector

if TYPE_CHECKING:
    from astropy.wcs import WCS
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TangentPlane:
    """The gnomonic plane that touches the sky at `ra`, `dec`; x to the east, y to the north, in degrees."""

    ra: float
    dec: float

    def _axes(self) -> Array:
        """Return the unit vectors to the point, to its east and to its north, as rows."""
        a, d = np.radians(self.ra), np.radians(self.dec)
        east, north = [-np.sin(a), np.cos(a), 0.0], [-np.sin(d) * np.cos(a), -np.sin(d) * np.sin(a), np.cos(d)]
        return np.array([[np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)], east, north])

    def project(self, ra: ArrayLike, dec: ArrayLike) -> Array:
        """Return plane coordinates of shape (n, 2); NaN for what is 89 deg or more away."""
        v = unit_vector(ra, dec) @ self._axes().T
        depth = np.where(v[..., 0] > 0.0175, v[..., 0], np.nan)
        return np.asarray(np.degrees(v[..., 1:] / depth[..., None]))

    def sky(self, plane: ArrayLike) -> tuple[Array, Array]:
        """Return ra (0 to 360) and dec of plane coordinates of shape (n, 2)."""
        p = np.radians(np.asarray(plane, dtype=float))
        v = np.concatenate([np.ones((*p.shape[:-1], 1)), p], axis=-1) @ self._axes()
        ra = np.degrees(np.arctan2(v[..., 1], v[..., 0])) % 360.0
        return ra, np.degrees(np.arctan2(v[..., 2], np.hypot(v[..., 0], v[..., 1])))


def wcs_from_text(text: str) -> WCS:
    """Return the celestial WCS of header text (cards of 80 characters, joined or on lines).

    Raises
    ------
    InputError
        The cards make no celestial WCS.
    """
    from astropy.io.fits import Header
    from astropy.wcs import WCS

    header = Header.fromstring(text, sep="\n" if "\n" in text else "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            wcs = WCS(header)
            celestial = wcs.has_celestial and wcs.naxis == 2
            if celestial:
                wcs.wcs.set()
        except Exception as error:  # wcslib and astropy raise half a dozen unrelated types for bad cards
            raise InputError(
                f"the header's WCS cannot be read: {_one_line(error)}",
                "with a pointing and a catalogue of the field the frame is solved without it",
            ) from error
    if not celestial:
        raise InputError(f"the header's WCS has no sky coordinates (CTYPE {', '.join(map(str, wcs.wcs.ctype))})")
    return wcs


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text or type(error).__name__


def wcs_to_text(wcs: WCS) -> str:
    """Return the cards of a WCS, SIP and TPV included, as header text with one card a line."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        header = wcs.to_header(relax=True)
    return str(header.tostring(sep="\n", endcard=False, padding=False))


def shift_wcs(text: str, x0: float, y0: float) -> str:
    """Return header text for the frame that begins at raw pixel (x0, y0): raw = trimmed + (x0, y0)."""
    wcs = wcs_from_text(text)
    return wcs_to_text(moved(wcs, -x0, -y0))


def moved(wcs: WCS, dx: float, dy: float) -> WCS:
    """Return the WCS of pixels renumbered by x + dx, y + dy."""
    new = wcs.deepcopy()
    new.wcs.crpix = np.asarray(wcs.wcs.crpix) + np.array([dx, dy])
    if wcs.sip is not None:
        new.sip = _sip(wcs.sip.a, wcs.sip.b, new.wcs.crpix)
    new.wcs.set()
    return new


def composed(wcs: WCS, matrix: Array) -> WCS:
    """Return the WCS of pixels p that `matrix` (2, 3) maps to the pixels matrix @ (p, 1) of `wcs`; SIP, TPV included.

    An affine map turns a polynomial into another of the same order, so that the SIP terms found on a few points are
    exact.
    """
    new = wcs_from_text(wcs_to_text(wcs))
    linear, old = matrix[:, :2], np.asarray(wcs.wcs.crpix) - 1.0
    crpix = np.linalg.solve(linear, old - matrix[:, 2]) + 1.0
    new.wcs.pc, new.wcs.cdelt, new.wcs.crpix = np.asarray(wcs.pixel_scale_matrix) @ linear, [1.0, 1.0], crpix
    if wcs.sip is not None:
        order = max(wcs.sip.a_order, wcs.sip.b_order)
        u = np.stack(np.meshgrid(*[np.linspace(-1000.0, 1000.0, order + 3)] * 2), axis=-1).reshape(-1, 2)
        shift = wcs.sip.pix2foc(u @ linear.T + wcs.sip.crpix, 1) - u @ linear.T
        a, b = _polynomial(u, np.linalg.solve(linear, shift.T).T, order)
        new.sip = _sip(a, b, crpix)
    new.wcs.set()
    return new


def _polynomial(u: Array, values: Array, order: int) -> Array:
    """Return coefficients (2, order + 1, order + 1) of u^i v^j, i + j from 1 to `order`, through values (n, 2)."""
    unit = np.abs(u).max()
    powers = [(i, j) for i in range(order + 1) for j in range(order + 1 - i) if i + j]
    design = np.column_stack([(u[:, 0] / unit) ** i * (u[:, 1] / unit) ** j for i, j in powers])
    found = np.zeros((2, order + 1, order + 1))
    for (i, j), c in zip(powers, np.linalg.lstsq(design, values, rcond=None)[0], strict=True):
        found[:, i, j] = c / unit ** (i + j)
    return found


def _sip(a: Array, b: Array, crpix: ArrayLike) -> Any:
    from astropy.wcs import Sip

    return Sip(np.ascontiguousarray(a), np.ascontiguousarray(b), None, None, np.asarray(crpix, dtype=float))


def make_wcs(ra: float, dec: float, x: float, y: float, cd: Array, sip: tuple[Array, Array] | None = None) -> WCS:
    """Return a TAN or TAN-SIP WCS.

    Parameters
    ----------
    ra, dec : float
        The point of the sky where the plane touches, deg.
    x, y : float
        Its pixel, 0-based.
    cd : ndarray of shape (2, 2)
        Degrees on the plane for each pixel.
    sip : pair of ndarray of shape (order + 1, order + 1), optional
        A and B of u + A(u, v), v + B(u, v) (Shupe et al. 2005, ASPC 347, 491).
    """
    from astropy.wcs import WCS

    wcs = WCS(naxis=2)
    suffix = "" if sip is None else "-SIP"
    wcs.wcs.ctype = ["RA---TAN" + suffix, "DEC--TAN" + suffix]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.crval, wcs.wcs.crpix = [ra, dec], [x + 1.0, y + 1.0]
    wcs.wcs.cd = cd
    wcs.wcs.radesys = "ICRS"
    if sip is not None:
        wcs.sip = _sip(*sip, wcs.wcs.crpix)
    wcs.wcs.set()
    return wcs


def rough_wcs(
    pointing: tuple[float, float],
    pixel_scale: float,
    rotation_deg: float | None,
    mirrored: bool | None,
    width: int,
    height: int,
) -> WCS:
    """Return the TAN WCS that a pointing alone gives, the pointing at the centre of the frame.

    Parameters
    ----------
    pointing : tuple of float
        ra, dec in degrees.
    pixel_scale : float
        Arcsec per pixel.
    rotation_deg : float or None
        Position angle of +y, east of north; None is taken as 0.
    mirrored : bool or None
        True when east is to the right of north; None is taken as False.
    width, height : int
        The frame, pixels.
    """
    cd = linear_part(pixel_scale / 3600.0, rotation_deg or 0.0, bool(mirrored))
    return make_wcs(pointing[0] % 360.0, pointing[1], (width - 1) / 2, (height - 1) / 2, cd)


def linear_part(scale: float, rotation_deg: float, mirrored: bool) -> Array:
    """Return the CD matrix of square pixels: +y at position angle `rotation_deg`, east left of it unless mirrored."""
    t = np.radians(rotation_deg)
    east_of_x = np.array([-np.cos(t), np.sin(t)]) * (-1.0 if mirrored else 1.0)
    return np.asarray(scale * np.column_stack([east_of_x, [np.sin(t), np.cos(t)]]))


def pixel_to_sky(wcs: WCS, x: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """Return ra (0 to 360) and dec in degrees of 0-based pixels, distortion included; arrays of the shape of `x`."""
    x, y = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
    if x.size == 0:
        return np.zeros(x.shape), np.zeros(x.shape)
    sky = wcs.all_pix2world(np.column_stack([x.ravel(), y.ravel()]), 0)
    return sky[:, 0].reshape(x.shape) % 360.0, sky[:, 1].reshape(x.shape)


def sky_to_pixel(wcs: WCS, ra: ArrayLike, dec: ArrayLike) -> tuple[Array, Array]:
    """Return 0-based pixels of positions in degrees; NaN for what the WCS cannot place (over 60 deg away, say)."""
    ra, dec = np.broadcast_arrays(np.asarray(ra, dtype=float), np.asarray(dec, dtype=float))
    x, y = np.full(ra.shape, np.nan), np.full(ra.shape, np.nan)
    near = unit_vector(ra, dec) @ unit_vector(*wcs.wcs.crval) > 0.5
    if near.any():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pixel = wcs.all_world2pix(np.column_stack([ra[near], dec[near]]), 0, quiet=True)
        x[near], y[near] = pixel[:, 0], pixel[:, 1]
    return x, y


def footprint(wcs: WCS, width: int, height: int) -> Array:
    """Return ra, dec of the frame's outer corners, shape (4, 2), counted round from pixel (-0.5, -0.5)."""
    x, y = np.array([-0.5, width - 0.5, width - 0.5, -0.5]), np.array([-0.5, -0.5, height - 0.5, height - 0.5])
    return np.column_stack(pixel_to_sky(wcs, x, y))


def centre(wcs: WCS, width: int, height: int) -> tuple[float, float]:
    """Return ra, dec of the middle of the frame."""
    ra, dec = pixel_to_sky(wcs, (width - 1) / 2, (height - 1) / 2)
    return float(ra), float(dec)


def scale_arcsec(wcs: WCS) -> float:
    """Return the arcsec per pixel at the reference pixel: the root of a pixel's area."""
    return float(3600.0 * np.sqrt(abs(np.linalg.det(np.asarray(wcs.pixel_scale_matrix)))))
