"""Plate constants: the WCS that fits pairs of pixels and sky positions best, by least squares on the tangent plane.

Robust and weighted: pairs beyond 3.5 sigma are dropped and taken back as the fit improves; the variance of a pair is
s0^2 + s1^2 (f0 / flux)^2, a floor (the catalogue, the optics) and a part that falls with the flux as the centroid
error of a star on a bright sky does, both estimated from the residuals themselves. Distortion is added (SIP, order 2,
then 3) only where the stars carry it: the weighted chi2 falls by more than the Bayesian information criterion asks
(Schwarz 1978, Ann. Statist. 6, 461) with a margin of 10, and the standard error of the polynomial at the frame's
corners stays below one residual.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from photdb.ingest.matching import fit_affine
from photdb.ingest.wcs import TangentPlane, make_wcs, pixel_to_sky

if TYPE_CHECKING:
    from astropy.wcs import WCS
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_CLIP = 3.5  # sigma
_MARGIN = 10.0  # of BIC before a higher order is believed
_SQUARE_BELOW = 8  # pairs: fewer fix a shift, a turn and a scale only
HIGHEST_ORDER = 3


@dataclass(frozen=True, slots=True)
class Plate:
    """A polynomial from pixels to the tangent plane.

    Attributes
    ----------
    plane
        Touches the sky where the middle of the frame is.
    order
        1 is TAN; 2, 3 carry distortion.
    coefficients
        Shape (n_terms, 2), degrees on the plane, for pixels from the middle in units of `unit`.
    middle, unit
        Pixel coordinates of the middle of the frame; half its longer side.
    """

    plane: TangentPlane
    order: int
    coefficients: Array
    middle: tuple[float, float]
    unit: float

    def design(self, pixels: Array, order: int | None = None) -> Array:
        """Return the terms u^i v^j of pixels of shape (n, 2): shape (n, n_terms)."""
        u, v = ((pixels - self.middle) / self.unit).T
        return np.column_stack([u**i * v**j for i, j in powers(order or self.order)])

    def project(self, pixels: Array) -> Array:
        """Return plane coordinates, degrees, of pixels of shape (n, 2)."""
        return np.asarray(self.design(pixels) @ self.coefficients)

    def wcs(self) -> WCS:
        """Return the plate as a TAN or TAN-SIP WCS; exact when the constant term is nil."""
        cd = self.coefficients[1:3].T / self.unit
        if self.order == 1:
            return make_wcs(self.plane.ra, self.plane.dec, *self.middle, cd)
        sip = np.zeros((2, self.order + 1, self.order + 1))
        for (i, j), c in zip(powers(self.order)[3:], self.coefficients[3:], strict=True):
            sip[:, i, j] = np.linalg.solve(cd, c) / self.unit ** (i + j)
        return make_wcs(self.plane.ra, self.plane.dec, *self.middle, cd, (sip[0], sip[1]))


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a model suits its pairs.

    Attributes
    ----------
    kept
        Which pairs took part.
    residual
        Distance of every pair, degrees.
    variance
        Expected squared distance per axis of every pair, degrees squared.
    """

    kept: NDArray[np.bool_]
    residual: Array
    variance: Array

    @property
    def rms(self) -> float:
        """Root mean square residual of the kept pairs on one axis, weighted as the fit was; degrees."""
        weight = self.kept / self.variance
        return (
            float(np.sqrt(np.sum(weight * self.residual**2) / np.sum(weight) / 2)) if self.kept.any() else float("nan")
        )

    @property
    def reach(self) -> float:
        """How far from its place a star may yet belong to the fit, degrees: twice the clip of the poorest star."""
        return float(2 * _CLIP * np.sqrt(self.variance.max(initial=0.0)))

    def root_weight(self) -> Array:
        """Return the factor that each pair's equations are multiplied by; 0 for those left out."""
        return np.where(self.kept, 1.0 / np.sqrt(self.variance), 0.0)[:, None]

    def chi2(self, residual: Array) -> float:
        """Return the chi2 of other residuals under this noise, each pair capped at the clip."""
        return float(np.sum(np.minimum(residual**2 / self.variance, _CLIP**2)))


def powers(order: int) -> list[tuple[int, int]]:
    """Return (i, j) of the terms u^i v^j up to an order: 1, u, v, u^2, ..."""
    return [(n - j, j) for n in range(order + 1) for j in range(n + 1)]


def least_squares(design: Array, target: Array) -> Array:
    """Return the coefficients that fit best; by normal equations, for terms of order one are well conditioned."""
    return np.asarray(np.linalg.pinv(design.T @ design, hermitian=True) @ (design.T @ target))


def judge(residual: Array, flux: Array) -> Fit:
    """Return which pairs to keep and the noise of each, from residuals (degrees) and fluxes."""
    typical = np.median(residual) / 1.1774 + 1e-12  # the median distance in a plane is 1.1774 sigma
    kept = residual < 1.5 * _CLIP * typical
    square, faint = residual**2 / 2, None
    if len(flux) >= 30:
        faint = (np.median(flux) / np.maximum(flux, 1e-6 * np.median(flux))) ** 2
    variance = np.full(len(residual), typical**2)
    for _ in range(3):
        variance = _noise(square, faint, kept, variance)
        again = residual < _CLIP * np.sqrt(variance)
        if not again.any() or (again == kept).all():
            break
        kept = again
    return Fit(kept, residual, variance)


def _noise(square: Array, faint: Array | None, kept: NDArray[np.bool_], before: Array) -> Array:
    """Return s0^2 + s1^2 * faint fitted to squared residuals per axis, both parts positive, or their mean."""
    plain = np.full(len(square), max(float(np.mean(square[kept])) if kept.any() else 0.0, 1e-24))
    if faint is None or kept.sum() < 20:
        return plain
    weight, f, s = 1.0 / before[kept] ** 2, faint[kept], square[kept]  # a square scatters as its own size
    w0, w1, w2 = weight.sum(), weight @ f, weight @ f**2
    t0, t1 = weight @ s, weight @ (f * s)
    det = w0 * w2 - w1**2
    floor, slope = (w2 * t0 - w1 * t1), (w0 * t1 - w1 * t0)
    if not (det > 1e-9 * w0 * w2 and floor > 0 and slope > 0):
        return plain
    return np.asarray((floor + slope * faint) / det)


def start_plate(plane: TangentPlane, matrix: Array, width: float, height: float) -> Plate:
    """Return a first plate from an affine map (2, 3) of pixels to `plane` in degrees."""
    middle, unit = ((width - 1) / 2, (height - 1) / 2), max(width, height) / 2
    ra, dec = plane.sky(matrix @ [*middle, 1.0])
    here = TangentPlane(float(ra), float(dec))
    corners = np.array([[0.0, 0.0], [width, 0.0], [0.0, height], [width, height]])
    there = here.project(*plane.sky(corners @ matrix[:, :2].T + matrix[:, 2]))
    plate = Plate(here, 1, np.zeros((3, 2)), middle, unit)
    return replace(plate, coefficients=least_squares(plate.design(corners), there))


def fit_plate(pixels: Array, target: Array, flux: Array, start: Plate, order: int) -> tuple[Plate, Fit]:
    """Return the plate of an order fitted to pairs, robustly, and how well it suits them.

    Parameters
    ----------
    pixels : ndarray of shape (n, 2)
        0-based.
    target : ndarray of shape (n, 2)
        The same stars on the plane of `start`, degrees.
    flux : ndarray of shape (n,)
        Any linear unit.
    start : Plate
        Where to begin.
    order : int
        1 for TAN, up to 3.
    """
    if order == 1 and len(pixels) < _SQUARE_BELOW:
        return _square_plate(pixels, target, flux, start)
    design, plate = start.design(pixels, order), start
    fit = judge(np.linalg.norm(start.project(pixels) - target, axis=1), flux)
    for _ in range(6):
        before, root = fit.kept, fit.root_weight()
        coefficients = least_squares(design * root, target * root)
        plate = replace(start, order=order, coefficients=coefficients)
        fit = judge(np.linalg.norm(design @ coefficients - target, axis=1), flux)
        if (before == fit.kept).all():
            break
    return plate, fit


def _square_plate(pixels: Array, target: Array, flux: Array, start: Plate) -> tuple[Plate, Fit]:
    """Return a plate of square pixels: few stars fix its four constants better than six at the corners."""
    where = (pixels - start.middle) / start.unit
    matrix = fit_affine(where, target, similarity=True)
    plate = replace(start, order=1, coefficients=np.vstack([matrix[:, 2], matrix[:, :2].T]))
    return plate, judge(np.linalg.norm(plate.project(pixels) - target, axis=1), flux)


def anchored(plate: Plate, pixels: Array, ra: Array, dec: Array, fit: Fit) -> Plate:
    """Return the plate refitted on the plane that touches the sky at the middle of the frame, as a WCS wants it."""
    design, root = plate.design(pixels), fit.root_weight()
    for _ in range(3):
        there = plate.plane.sky(plate.coefficients[0])
        plane = TangentPlane(float(there[0]), float(there[1]))
        target = plane.project(ra, dec)
        if plate.order == 1 and len(pixels) < _SQUARE_BELOW:
            plate = _square_plate(pixels, target, np.ones(len(pixels)), replace(plate, plane=plane))[0]
        else:
            plate = replace(plate, plane=plane, coefficients=least_squares(design * root, target * root))
    return plate


def carried(plate: Plate, pixels: Array, fit: Fit, order: int, width: float, height: float) -> bool:
    """Tell whether the stars carry a polynomial of an order out to the corners of the frame."""
    design = plate.design(pixels[fit.kept], order)
    if len(design) < 2.5 * design.shape[1]:
        return False
    corners = plate.design(np.array([[0.0, 0.0], [width, 0.0], [0.0, height], [width, height]]), order)
    inverse = np.linalg.pinv(design.T @ design)
    return bool(np.max(np.einsum("ci,ij,cj->c", corners, inverse, corners)) < 1.0)


def improves(fit: Fit, residual_before: Array, extra_terms: int) -> bool:
    """Tell whether a fit with `extra_terms` more terms per axis is better than chance would make it."""
    gain = fit.chi2(residual_before) - fit.chi2(fit.residual)
    return bool(gain > 2 * extra_terms * np.log(2 * max(int(fit.kept.sum()), 1)) + _MARGIN)


def refine_wcs(wcs: WCS, pixels: Array, ra: Array, dec: Array, flux: Array) -> tuple[WCS, Fit]:
    """Return a WCS whose reference position and linear part fit the pairs, its distortion kept.

    Parameters
    ----------
    wcs : WCS
        With its linear part as a PC matrix.
    pixels, ra, dec, flux : ndarray
        As for `fit_plate`.
    """
    wcs = wcs.deepcopy()
    wcs.wcs.radesys, wcs.wcs.equinox = "ICRS", np.nan  # whatever it was: it is fitted to the catalogue now
    fit = None
    for _ in range(8):
        plane = TangentPlane(*map(float, wcs.wcs.crval))
        model, target = plane.project(*pixel_to_sky(wcs, pixels[:, 0], pixels[:, 1])), plane.project(ra, dec)
        before, fit = fit, judge(np.linalg.norm(model - target, axis=1), flux)
        if before is not None and (before.kept == fit.kept).all() and abs(before.rms - fit.rms) < 1e-4 * fit.rms:
            break
        root = fit.root_weight()
        design = np.column_stack([np.ones(len(model)), model])
        c = least_squares(design * root, target * root)
        there = plane.sky(c[0])
        wcs.wcs.pc = c[1:].T @ np.asarray(wcs.pixel_scale_matrix)
        wcs.wcs.cdelt = [1.0, 1.0]
        wcs.wcs.crval = [float(there[0]), float(there[1])]
        wcs.wcs.set()
    assert fit is not None
    return wcs, fit
