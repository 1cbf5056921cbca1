"""Ellipses, paths and shifts between the sky and the pixels of a frame, by the WCS around a position.

On the sky an ellipse has semi-axes in arcsec and a position angle of its major one in degrees, from north through east.
In a frame it has semi-axes in px and an angle in rad, from +x towards +y. Nowhere is a scale or an angle of the whole
frame used: the Jacobian of the WCS at the position holds flips, rotation, shear and unequal pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from photdb.ingest.wcs import pixel_to_sky, sky_to_pixel
from photdb.sky import unit_vector

if TYPE_CHECKING:
    from astropy.wcs import WCS
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

#: Half the step of the differences, px.
_HALF = 0.5


def jacobian(wcs: WCS, x: ArrayLike, y: ArrayLike) -> Array:
    """Return how the sky moves with the pixels at positions (0-based px): (n, 2, 2), arcsec per px.

    Rows are east and north, columns x and y. NaN for positions that are not numbers.
    """
    x, y = (v.astype(float) for v in np.broadcast_arrays(np.atleast_1d(x), np.atleast_1d(y)))
    known = np.isfinite(x) & np.isfinite(y)
    out = np.full((len(x), 2, 2), np.nan)
    px = x[known, None] + _HALF * np.array([0, 1, -1, 0, 0])
    py = y[known, None] + _HALF * np.array([0, 0, 0, 1, -1])
    ra, dec = pixel_to_sky(wcs, px, py)
    plane = _offsets(ra, dec)
    out[known, :, 0], out[known, :, 1] = (
        (plane[:, 1] - plane[:, 2]) / (2 * _HALF),
        (plane[:, 3] - plane[:, 4]) / (2 * _HALF),
    )
    return out


def _offsets(ra: Array, dec: Array) -> Array:
    """Return how far the points of each row (n, k) are to the east and north of its first, arcsec: (n, k, 2)."""
    a, d = np.radians(ra[:, 0]), np.radians(dec[:, 0])
    east = np.stack([-np.sin(a), np.cos(a), 0 * a], axis=-1)
    north = np.stack([-np.sin(d) * np.cos(a), -np.sin(d) * np.sin(a), np.cos(d)], axis=-1)
    points = unit_vector(ra, dec)
    plane = np.stack([np.einsum("nki,ni->nk", points, axis) for axis in (east, north)], axis=-1)
    return np.asarray(np.degrees(plane / np.einsum("nki,ni->nk", points, points[:, 0])[:, :, None]) * 3600.0)


def ellipse_in_pixels(
    wcs: WCS, ra: ArrayLike, dec: ArrayLike, a_arcsec: ArrayLike, b_arcsec: ArrayLike, pa_deg: ArrayLike
) -> tuple[Array, Array, Array]:
    """Return an ellipse on the sky as it lies in a frame.

    The ellipse ``v' M v = 1`` of offsets v on the sky is ``p' J' M J p = 1`` of offsets p in px, J being the Jacobian:
    its axes are the eigenvectors of J' M J. In pixels that are not square they are not the images of the sky's axes.

    Parameters
    ----------
    wcs : WCS
    ra, dec : array_like
        Centre, deg.
    a_arcsec, b_arcsec : array_like
        Semi-axes, arcsec.
    pa_deg : array_like
        Position angle of `a_arcsec`, deg, from north through east.

    Returns
    -------
    a, b : ndarray
        Semi-axes, px, the longer first.
    theta : ndarray
        Angle of `a`, rad, from +x towards +y, between -pi/2 and pi/2.
    """
    ra, dec, a, b, pa = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(v, float)) for v in (ra, dec, a_arcsec, b_arcsec, pa_deg))
    )
    jac = jacobian(wcs, *sky_to_pixel(wcs, ra, dec))
    s, c = np.sin(np.radians(pa)), np.cos(np.radians(pa))
    along, across = np.stack([s, c], axis=-1), np.stack([c, -s], axis=-1)
    sky = sum(
        axis[:, :, None] * axis[:, None, :] / size[:, None, None] ** 2 for axis, size in ((along, a), (across, b))
    )
    form = np.swapaxes(jac, 1, 2) @ sky @ jac
    return axes_of(form)


def axes_of(form: Array) -> tuple[Array, Array, Array]:
    """Return semi-axes, the longer first, and the angle of that one, of quadratic forms p' form p = 1, (n, 2, 2)."""
    whole = np.asarray(np.isfinite(form).all(axis=(1, 2)))
    value, vector = np.linalg.eigh(np.where(whole[:, None, None], form, np.eye(2)))
    theta = np.arctan2(vector[:, 1, 0], vector[:, 0, 0])
    theta = (theta + np.pi / 2) % np.pi - np.pi / 2
    a, b = 1 / np.sqrt(np.maximum(value, 1e-300).T)
    return tuple(np.where(whole, v, np.nan) for v in (a, b, theta))  # type: ignore[return-value]


def step_in_pixels(wcs: WCS, ra: ArrayLike, dec: ArrayLike, east: ArrayLike, north: ArrayLike) -> tuple[Array, Array]:
    """Return a small step on the sky (arcsec, east with cos dec, and north) in px along x and y: of a trail."""
    jac = jacobian(wcs, *sky_to_pixel(wcs, np.atleast_1d(ra), np.atleast_1d(dec)))
    step = np.stack(np.broadcast_arrays(np.atleast_1d(east), np.atleast_1d(north)), axis=-1).astype(float)
    whole = np.asarray(np.isfinite(jac).all(axis=(1, 2)))
    out = np.linalg.solve(np.where(whole[:, None, None], jac, np.eye(2)), step[:, :, None])[:, :, 0]
    out[~whole] = np.nan
    return out[:, 0], out[:, 1]


def step_on_sky(wcs: WCS, x: ArrayLike, y: ArrayLike, dx: ArrayLike, dy: ArrayLike) -> tuple[Array, Array]:
    """Return a small step in px from positions in px as arcsec to the east (with cos dec) and to the north."""
    step = np.stack(np.broadcast_arrays(np.atleast_1d(dx), np.atleast_1d(dy)), axis=-1).astype(float)
    out = (jacobian(wcs, x, y) @ step[:, :, None])[:, :, 0]
    return out[:, 0], out[:, 1]
