"""The HEALPix tiles in which catalogues are asked for: which of them a place needs, and the cone that covers one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from photdb.errors import UsageError
from photdb.sky import separation_arcsec, unit_vector

#: A cone reaches this far beyond its tile, deg: positions of other dates, and a service's rounding.
MARGIN_DEG = 0.02


def tiles_of_cone(ra: float, dec: float, radius_deg: float, norder: int) -> list[int]:
    """Return the NESTED cells of an order that a circle (deg) touches."""
    import healpy

    cells = healpy.query_disc(
        2**norder, unit_vector(ra, dec), np.radians(min(radius_deg, 180.0)), inclusive=True, fact=8, nest=True
    )
    return [int(c) for c in cells]


def tiles_of_polygon(vertices: Sequence[tuple[float, float]], norder: int) -> list[int]:
    """Return the NESTED cells of an order that a convex polygon of (ra, dec) in degrees touches.

    Raises
    ------
    UsageError
        If it is not convex, or has fewer than three corners.
    """
    import healpy

    if len(vertices) < 3:
        raise UsageError(
            f"--polygon: {len(vertices)} corners make no polygon", "give three or more: RA,DEC RA,DEC RA,DEC"
        )
    corners = unit_vector(*np.array(vertices, dtype=float).T)
    try:
        cells = healpy.query_polygon(2**norder, corners, inclusive=True, fact=8, nest=True)
    except (RuntimeError, ValueError) as error:
        raise UsageError(
            f"--polygon: not a convex polygon: {error}", "give the corners in order; ask for parts of it one by one"
        ) from error
    return [int(c) for c in cells]


def cone_of_tile(norder: int, npix: int) -> tuple[float, float, float]:
    """Return ra, dec and radius (deg) of the cone that covers a tile, with `MARGIN_DEG` to spare."""
    import healpy

    ra, dec = healpy.pix2ang(2**norder, npix, nest=True, lonlat=True)
    edge = healpy.boundaries(2**norder, npix, step=8, nest=True)
    edge_ra, edge_dec = healpy.vec2ang(edge.T, lonlat=True)
    radius = float(np.max(separation_arcsec(ra, dec, edge_ra, edge_dec))) / 3600.0
    return float(ra), float(dec), radius + MARGIN_DEG


def area_sq_deg(norder: int) -> float:
    """Return the area of a tile of an order."""
    return 41252.96124941927 / (12 * 4.0**norder)


def declination_overlaps(sky: tuple[float, float], dec: float, radius_deg: float) -> bool:
    """Return whether a circle lies, in part, in a range of declination (deg)."""
    return dec + radius_deg >= sky[0] and dec - radius_deg <= sky[1]
