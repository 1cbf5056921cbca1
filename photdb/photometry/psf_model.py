"""The image of a star as a model: an elliptical Moffat profile, or one with a table of what that leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Kind = Literal["moffat", "empirical"]

#: Terms of a polynomial in the place on the frame, by its degree.
TERMS = {0: 1, 1: 3, 2: 6}
#: Parameters of the profile (ln FWHM, two of the ellipse, ln exponent), and with its place against the centroid.
SHAPE, PARAMETERS = 4, 6
#: Least FWHM, px, for which so many Gauss-Legendre nodes along a pixel are enough: fluxes are right to 5e-5.
_NODES = ((3.2, 2), (2.0, 3), (0.0, 5))
#: Pixels worked on at once, so that they stay in the cache.
_CHUNK = 250_000


@dataclass(frozen=True, eq=False)
class Psf:
    """The images of the stars of one frame.

    The profile is ``(beta - 1) / (pi a b) (1 + q)^-beta``, q the elliptical distance squared in units of its scale
    lengths a and b, integrated over pixels. The logarithm of the FWHM, the two numbers of the ellipse, ln beta, and how
    far the profile's centre lies off the centroid of lopsided stars, may change over the frame as polynomials of degree
    0, 1 or 2. The empirical kind adds a table of what is left of the
    stars within a few FWHM, made of cubic B-splines, with its own polynomial.

    Either has a total flux of 1 over the infinite plane: the wings beyond any stamp are those of the Moffat profile.
    A PSF flux is thus that of the whole star as far as the profile knows its wings. It lies a factor, one for all stars
    of a frame, off that of a wide aperture; zero points of PSF fluxes are fitted to PSF fluxes.

    Attributes
    ----------
    kind : "moffat" or "empirical"
    n_star : int
        Stars it was made from.
    fwhm_x, fwhm_y : float
        Full widths at half maximum at the centre of the frame, px: along theta, and across it.
    theta : float
        rad, counter-clockwise from +x.
    beta : float
        Exponent, at the centre of the frame.
    degree : int
        Of the polynomial.
    size, oversampling : int or None
        Splines along a side of the table, and splines a pixel; None for a Moffat profile.
    coefficients : ndarray of float32
        Term by term the six parameters of the profile; then, term by term, the table.
    chi2 : float
        Of the stars it was made from, per degree of freedom.
    residual : float
        rms of their residuals in a pixel within one FWHM, as a share of the star's brightest pixel.
    shape : tuple of int
        Height and width of the frame, px.
    """

    kind: Kind
    n_star: int
    fwhm_x: float
    fwhm_y: float
    theta: float
    beta: float
    degree: int
    size: int | None
    oversampling: int | None
    coefficients: NDArray[np.float32]
    chi2: float
    residual: float
    shape: tuple[int, int]

    @property
    def fwhm(self) -> float:
        """Geometric mean of the two widths, px."""
        return float(np.sqrt(self.fwhm_x * self.fwhm_y))

    @cached_property
    def profile(self) -> NDArray[np.float64]:
        """Coefficients of the parameters of the profile: (terms, 6)."""
        n = TERMS[self.degree] * PARAMETERS
        return self.coefficients[:n].astype(float).reshape(-1, PARAMETERS)

    @cached_property
    def table(self) -> NDArray[np.float32] | None:
        """Coefficients of the splines of the table, (terms, size, size), in flux a pixel; None without one."""
        if self.size is None:
            return None
        return self.coefficients[TERMS[self.degree] * PARAMETERS :].reshape(-1, self.size, self.size)

    def parameters(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Return the parameters of the profile at places on the frame: (n, 6); the last two are x and y, px."""
        return place_terms(x, y, self.shape, self.degree) @ self.profile

    def stamps(self, x: ArrayLike, y: ArrayLike, half: int) -> NDArray[np.float32]:
        """Return images of stars of unit flux on the pixels around the nearest one: (n, 2 half + 1, 2 half + 1)."""
        x, y = np.asarray(x, float).reshape(-1), np.asarray(y, float).reshape(-1)
        return self.on(x, y, np.rint(x).astype(np.int64) - half, np.rint(y).astype(np.int64) - half, 2 * half + 1)

    def on(
        self, x: NDArray[np.float64], y: NDArray[np.float64], i0: NDArray[np.int64], j0: NDArray[np.int64], m: int
    ) -> NDArray[np.float32]:
        """Return images of stars of unit flux on squares of m x m pixels from given columns and rows on: (n, m, m)."""
        out = np.empty((len(x), m, m), np.float32)
        nodes, weights = quadrature(self.fwhm_y)
        rows = max(1, _CHUNK // m**2)
        for start in range(0, len(x), rows):
            part = slice(start, start + rows)
            here = self.parameters(x[part], y[part])
            dx = (i0[part] - x[part] - here[:, 4])[:, None] + np.arange(m)
            dy = (j0[part] - y[part] - here[:, 5])[:, None] + np.arange(m)
            moffat(here[:, :SHAPE], dx.astype(np.float32), dy.astype(np.float32), nodes, weights, out=out[part])
            if self.table is not None:
                self._add_table(out[part], x[part], y[part], dx, dy)
        return out

    def _add_table(
        self,
        out: NDArray[np.float32],
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        dx: NDArray[np.float64],
        dy: NDArray[np.float64],
    ) -> None:
        """Add the table to profiles, and scale the sum to unit flux."""
        table, size, step = self.table, self.size, self.oversampling
        assert table is not None and size is not None and step is not None  # noqa: PT018
        degree = {n: d for d, n in TERMS.items()}[len(table)]
        terms = place_terms(x, y, self.shape, degree).astype(np.float32)
        near = (np.abs(dx) * step < size / 2 + 2).any(1) & (np.abs(dy) * step < size / 2 + 2).any(1)
        if near.any():
            along, down = spline_weights(dx[near], size, step), spline_weights(dy[near], size, step)
            for k, splines in enumerate(table):
                out[near] += terms[near, k, None, None] * np.matmul(np.matmul(down, splines), along.transpose(0, 2, 1))
        out /= (1 + terms @ (table.sum(axis=(1, 2)) / np.float32(step**2)))[:, None, None]

    def as_row(self) -> dict[str, Any]:
        """Return the columns of the table `frame_psf`, but for the frame and the run."""
        names = ("kind", "n_star", "fwhm_x", "fwhm_y", "theta", "beta", "degree", "size", "oversampling")
        row = {name: getattr(self, name) for name in names}
        return row | {"coefficients": self.coefficients, "chi2": self.chi2, "residual": self.residual}

    @classmethod
    def from_row(cls, row: Mapping[str, Any], shape: tuple[int, int]) -> Psf:
        """Make the model again from a row of `frame_psf` and the (height, width) of its frame."""
        names = ("kind", "n_star", "fwhm_x", "fwhm_y", "theta", "beta", "degree", "size", "oversampling")
        return cls(
            **{name: row[name] for name in names}, coefficients=np.asarray(row["coefficients"], np.float32),
            chi2=row["chi2"], residual=row["residual"], shape=shape,
        )  # fmt: skip


def place_terms(x: ArrayLike, y: ArrayLike, shape: tuple[int, int], degree: int) -> NDArray[np.float64]:
    """Return the terms of a polynomial in the place on a frame, which runs from -1 to 1 both ways: (n, terms)."""
    u = 2 * np.asarray(x, float).reshape(-1) / max(shape[1] - 1, 1) - 1
    v = 2 * np.asarray(y, float).reshape(-1) / max(shape[0] - 1, 1) - 1
    return np.stack([np.ones_like(u), u, v, u * u, u * v, v * v][: TERMS[degree]], axis=1)


def quadrature(fwhm: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return nodes and weights along a pixel that are enough for stars of a FWHM, px."""
    nodes, weights = np.polynomial.legendre.leggauss(next(n for least, n in _NODES if fwhm >= least))
    return 0.5 * nodes, 0.5 * weights


def moffat(
    parameters: NDArray[np.float64],
    dx: NDArray[Any],
    dy: NDArray[Any],
    nodes: NDArray[np.float64],
    weights: NDArray[np.float64],
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Return elliptical Moffat profiles of unit flux, integrated over pixels.

    Parameters
    ----------
    parameters : ndarray, (n, 4)
        ln FWHM, e1, e2 and ln beta: the logarithm of the matrix of widths is
        ``[[ln FWHM + e1, e2], [e2, ln FWHM - e1]]``, so that any numbers make an ellipse.
    dx, dy : ndarray, (n, m)
        Pixel centres from the star, px; the result has their type.
    nodes, weights : ndarray
        Quadrature of a pixel.
    out : ndarray, (n, m, m), optional
        Where to put the result.

    Returns
    -------
    ndarray, (n, m, m)
        Rows are y.
    """
    kind = dx.dtype.type
    size, e1, e2, log_beta = parameters.T
    e = np.hypot(e1, e2)
    stretch = np.where(e > 1e-9, np.sinh(2 * e) / np.maximum(e, 1e-9), 2.0)
    beta = np.exp(log_beta)
    inverse = np.exp(-2 * size) * 4 * (2 ** (1 / beta) - 1)
    xx, yy, xy = (
        (inverse * v).astype(kind)[:, None]
        for v in (np.cosh(2 * e) - stretch * e1, np.cosh(2 * e) + stretch * e1, -stretch * e2)
    )
    minus = -beta.astype(kind)[:, None, None]
    norm = ((beta - 1) / np.pi * inverse).astype(kind)[:, None, None]
    made = np.zeros((len(dx), dy.shape[1], dx.shape[1]), kind)
    q = np.empty_like(made)
    for sy, wy in zip(nodes, weights, strict=True):
        y = dy + kind(sy)
        cross = (2 * xy * y)[:, :, None]
        own = (1 + yy * y * y)[:, :, None]
        for sx, wx in zip(nodes, weights, strict=True):
            x = dx + kind(sx)
            np.multiply(cross, x[:, None, :], out=q)
            q += (xx * x * x)[:, None, :]
            q += own
            np.log(q, out=q)
            q *= minus
            np.exp(q, out=q)
            q *= kind(wx * wy)
            made += q
    target: NDArray[Any] = made if out is None else out
    np.multiply(made, norm, out=target)
    return target


def widths(parameters: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Return FWHM along and across theta (px), theta (rad, counter-clockwise from +x) and beta of parameters."""
    size, e1, e2, log_beta = (float(v) for v in parameters[:SHAPE])
    e = float(np.hypot(e1, e2))
    return float(np.exp(size + e)), float(np.exp(size - e)), 0.5 * float(np.arctan2(e2, e1)), float(np.exp(log_beta))


def spline_weights(d: NDArray[np.float64], size: int, step: int) -> NDArray[np.float32]:
    """Return the cubic B-splines of a table at distances from its middle, px: (n, m) to (n, m, size)."""
    t = np.abs((d * step)[:, :, None] - (np.arange(size) - (size - 1) / 2)).astype(np.float32)
    outer = np.maximum(2 - t, 0)
    inner = np.maximum(1 - t, 0)
    return np.asarray((outer**3 - 4 * inner**3) / np.float32(6))
