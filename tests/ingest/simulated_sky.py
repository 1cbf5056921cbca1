"""A sky and frames of it, with every position known: truth for the tests of registration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.ingest.registration import ReferenceStars
from photdb.ingest.wcs import TangentPlane, linear_part, make_wcs, sky_to_pixel

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """What register() is given, and the WCS that it should find."""

    x: Array
    y: Array
    flux: Array
    width: int
    height: int
    wcs: Any


def sky(rng: np.random.Generator, ra: float, dec: float, radius_deg: float, n: int) -> ReferenceStars:
    """Return n stars in a disc, twice as many with every 0.7 mag."""
    r, angle = radius_deg * np.sqrt(rng.random(n)), rng.uniform(0, 2 * np.pi, n)
    alpha, delta = TangentPlane(ra, dec).sky(np.column_stack([r * np.cos(angle), r * np.sin(angle)]))
    return ReferenceStars(alpha, delta, 16.0 - rng.exponential(1.0, n))


def frame(
    rng: np.random.Generator,
    stars: ReferenceStars,
    ra: float,
    dec: float,
    *,
    scale: float = 1.5,
    rotation: float = 0.0,
    mirrored: bool = False,
    width: int = 1024,
    height: int = 1024,
    noise_px: float = 0.1,
    deepest: int | None = None,
    false: float = 0.3,
    lost: float = 0.0,
    sip: tuple[Array, Array] | None = None,
) -> Frame:
    """Return a frame of the brightest `deepest` stars in it, with a share of false detections and of lost stars."""
    cd = linear_part(scale / 3600, rotation, mirrored)
    wcs = make_wcs(ra, dec, (width - 1) / 2, (height - 1) / 2, cd, sip)
    x, y = sky_to_pixel(wcs, stars.ra, stars.dec)
    inside = np.flatnonzero((x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1))
    inside = inside[np.argsort(stars.mag[inside])][:deepest]
    inside = inside[rng.random(len(inside)) >= lost]
    flux = 10 ** (-0.4 * (stars.mag[inside] - 20.0)) * rng.normal(1.0, 0.1, len(inside))
    n_false = round(false * len(inside) / (1 - false))
    xs = np.concatenate([x[inside] + rng.normal(0, noise_px, len(inside)), rng.uniform(0, width - 1, n_false)])
    ys = np.concatenate([y[inside] + rng.normal(0, noise_px, len(inside)), rng.uniform(0, height - 1, n_false)])
    fluxes = np.concatenate([flux, rng.choice(flux, n_false)])
    order = rng.permutation(len(xs))
    return Frame(xs[order], ys[order], fluxes[order], width, height, wcs)


def distortion(size: int, edge_px: float) -> tuple[Array, Array]:
    """Return the SIP terms of the survey simulator: quadratic, `edge_px` at the frame's edge."""
    a, b = np.zeros((3, 3)), np.zeros((3, 3))
    a[2, 0], b[0, 2] = edge_px / (size / 2) ** 2, -0.8 * edge_px / (size / 2) ** 2
    return a, b


def worst_error_px(wcs: Any, truth: Any, width: int, height: int) -> float:
    """Return the largest distance, in pixels, between two WCS over a grid of the frame."""
    x, y = (v.ravel() for v in np.meshgrid(np.linspace(0, width - 1, 7), np.linspace(0, height - 1, 7)))
    sky_ = truth.all_pix2world(np.column_stack([x, y]), 0)
    there = sky_to_pixel(wcs, sky_[:, 0], sky_[:, 1])
    return float(np.nanmax(np.hypot(there[0] - x, there[1] - y))) if np.isfinite(there).all() else float("inf")
