"""The empirical model: a smooth table of what a Moffat profile leaves of the stars of a frame."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from photdb.photometry.psf_model import SHAPE, TERMS, Psf, place_terms, spline_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photdb.photometry.psf_stars import Stars

#: Splines a FWHM, at least; and reach of the table, in FWHM.
_FINE, _REACH = 5.0, 2.5
#: How much the stars may differ from the profile, as a share of it: what foretells stars left out best is taken.
_AMPLITUDES = (0.003, 0.01, 0.03, 0.1, 0.3)
#: Over this distance, in FWHM, a difference may change sign.
_SMOOTH = 0.4
#: And this share of the central pixel it may have where the profile has no light.
_BASE = 3e-4
#: One star of so many is left out to choose.
_LEFT_OUT = 4
#: Stars that a table that changes over the frame asks for.
_STARS_TO_VARY = 40
#: How far apart (rows, columns) two splines that overlap are; one of each two opposite ways.
_OFFSETS = tuple((dy, dx) for dy in range(4) for dx in range(-3, 4) if dy > 0 or dx >= 0)
#: What no model describes: share of the light of a pixel.
_MODEL_ERROR = 0.003


def with_table(psf: Psf, stars: Stars, place: NDArray[np.float64]) -> Psf:
    """Add a table of what a Moffat profile leaves of its stars, and return the empirical model.

    The table is made of cubic B-splines, at least five a FWHM, out to 2.5 FWHM, and fitted to all pixels of all stars
    at once, at the weights of their errors. It is held smooth: the splines and their second differences have a prior
    in proportion to the profile, whose amplitude is the one that foretells the stars left out best, and the table may
    change linearly over the frame where the profile does and that helps them too. It ends in zero at its rim, so that
    the wings go on as those of the profile.

    Parameters
    ----------
    psf : Psf
        The Moffat model of the same stars.
    stars : Stars
    place : ndarray, (n, 2)
        Centres of the fitted profiles, px.
    """
    held = np.arange(len(stars)) % _LEFT_OUT == _LEFT_OUT - 1
    work = _Work(psf, stars, place)
    costs = [work.costs(work.solved(0, a, ~held))[held] for a in _AMPLITUDES]
    best = int(np.argmin([cost.sum() for cost in costs]))
    degree, amplitude = 0, _AMPLITUDES[best]
    if psf.degree and len(stars) >= _STARS_TO_VARY:
        gain = costs[best] - work.costs(work.solved(1, amplitude, ~held))[held]
        degree = int(gain.sum() > 2 * np.sqrt(len(gain)) * float(gain.std()))
    every = np.ones(len(stars), bool)
    work.use(work.solved(degree, amplitude, every))
    return work.judged(work.solved(degree, amplitude, every))


class _Work:
    """The linear system of the table of one frame."""

    def __init__(self, psf: Psf, stars: Stars, place: NDArray[np.float64]) -> None:
        self.psf, self.stars, self.place = psf, stars, place
        self.centroid = place - psf.parameters(place[:, 0], place[:, 1])[:, SHAPE:]
        self.step = int(np.clip(np.ceil(_FINE / psf.fwhm), 1, 4))
        self.size = 2 * int(np.ceil(_REACH * psf.fwhm * self.step)) + 1
        self.model = psf
        self._profile = self._images(psf)
        self._made: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
        self._known: dict[bytes, NDArray[np.float64]] = {}

    def _images(self, model: Psf) -> NDArray[np.float64]:
        """Return unit images of the stars: (n, pixels)."""
        m = self.stars.data.shape[1]
        made = model.on(self.centroid[:, 0], self.centroid[:, 1], self.stars.i0, self.stars.j0, m)
        return made.astype(float).reshape(len(self.stars), -1)

    def _linear(self, unit: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], Any]:
        """Weights of the pixels, flux and constant of each star by a model's unit images."""
        good = self.stars.good.reshape(len(unit), -1)
        data = self.stars.data.reshape(len(unit), -1)
        light = np.maximum(data, 0).sum(axis=1, where=good, keepdims=True) * unit
        weight = good / (
            self.stars.noise2[:, :, 0] + light / self.stars.electrons[:, :, 0] + (_MODEL_ERROR * light) ** 2
        )
        one = np.einsum("np,np->n", weight, unit)
        square = np.einsum("np,np,np->n", weight, unit, unit)
        total = weight.sum(axis=1)
        a, b = np.einsum("np,np,np->n", weight, unit, data), np.einsum("np,np->n", weight, data)
        det = square * total - one**2
        flux, constant = (a * total - one * b) / det, (square * b - one * a) / det
        return weight, flux, constant

    def _sums(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return normal matrices and right sides of the splines of each star, by the fluxes of the present model.

        Splines three apart do not overlap, so the matrix is kept by how far apart two splines are: (n, offsets,
        size, size), in the order of `_OFFSETS`; and the pixels of a star are a product of rows and columns.
        """
        if self._made is None:
            m = self.stars.data.shape[1]
            weight, flux, constant = self._linear(self._images(self.model))
            left = self.stars.data.reshape(len(flux), -1) - constant[:, None] - flux[:, None] * self._profile
            down, along = (
                spline_weights((origin[:, None] + np.arange(m)) - at[:, None], self.size, self.step).astype(float)
                for origin, at in ((self.stars.j0, self.place[:, 1]), (self.stars.i0, self.place[:, 0]))
            )
            square = (flux[:, None] ** 2 * weight).reshape(-1, m, m)
            matrix = np.zeros((len(flux), len(_OFFSETS), self.size, self.size))
            for dy in range(4):
                rows = np.matmul(_with_next(down, dy).transpose(0, 2, 1), square)
                for k, (_, dx) in enumerate(_OFFSETS):
                    if _OFFSETS[k][0] == dy:
                        matrix[:, k] = np.matmul(rows, _with_next(along, dx))
            seen = (flux[:, None] * weight * left).reshape(-1, m, m)
            self._made = matrix, np.matmul(np.matmul(down.transpose(0, 2, 1), seen), along)
        return self._made

    def solved(self, degree: int, amplitude: float, use: NDArray[np.bool_]) -> Psf:
        """Return the model with the table fitted to some of the stars."""
        from scipy.linalg import solveh_banded

        _, right = self._sums()
        terms = place_terms(self.place[:, 0], self.place[:, 1], self.psf.shape, degree) * use[:, None]
        count, unknown = TERMS[degree], self.size**2
        band = np.zeros(((3 * self.size + 3) * count + count, unknown * count))
        for j in range(count):
            for k in range(count):
                for (dy, dx), values in zip(_OFFSETS, self._summed(terms[:, j] * terms[:, k]), strict=True):
                    below = (dy * self.size + dx) * count + k - j
                    if below >= 0:
                        band[below, j::count] += values
            self._add_prior(band, amplitude if j == 0 else 0.5 * amplitude, j, count)
        side = np.einsum("nk,nyx->yxk", terms, right).ravel()
        found = solveh_banded(band, side, lower=True, overwrite_ab=True).reshape(unknown, count).T
        return replace(
            self.psf, kind="empirical", size=self.size, oversampling=self.step,
            coefficients=np.concatenate([self.psf.profile.ravel(), found.ravel()]).astype(np.float32),
        )  # fmt: skip

    def _summed(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weighted sum of the matrices of the stars: (offsets, splines)."""
        key = weight.tobytes()
        if key not in self._known:
            self._known[key] = np.tensordot(weight, self._sums()[0], axes=1).reshape(len(_OFFSETS), -1)
        return self._known[key]

    def _add_prior(self, band: NDArray[np.float64], amplitude: float, term: int, count: int) -> None:
        """Add the prior of one term to the bands of the matrix."""
        prior = self._prior(amplitude).tocoo()
        row, column = prior.coords
        lower = row >= column
        band[(row[lower] - column[lower]) * count, column[lower] * count + term] += prior.data[lower]

    def _prior(self, amplitude: float) -> Any:
        """Inverse covariance of the splines: small, and smooth."""
        from scipy.sparse import diags_array, eye_array, kron

        half = np.arange(self.size) - (self.size - 1) / 2
        middle = np.rint(self.place.mean(axis=0)) - self.psf.parameters(*self.place.mean(axis=0))[0, SHAPE:]
        reach = int(np.ceil(self.size / 2 / self.step)) + 1
        image = self.psf.on(middle[:1], middle[1:], np.rint(middle[:1]).astype(np.int64) - reach,
                            np.rint(middle[1:]).astype(np.int64) - reach, 2 * reach + 1)[0]  # fmt: skip
        at = np.clip(np.rint(half / self.step).astype(int) + reach, 0, 2 * reach)
        scale = amplitude * (image[np.ix_(at, at)] + _BASE * image.max()).astype(float).ravel()
        second = diags_array([1.0, -2.0, 1.0], offsets=[-1, 0, 1], shape=(self.size, self.size))
        bend = 1.0 / (self.step * _SMOOTH * self.psf.fwhm) ** 2
        one = eye_array(self.size)
        inverse = diags_array(1 / scale)
        parts = [inverse] + [(inverse @ kron(*pair)) * (1 / bend) for pair in ((second, one), (one, second))]
        return sum(part.T @ part for part in parts)

    def use(self, model: Psf) -> None:
        """Take fluxes and constants of the stars from a better model from now on."""
        self.model, self._made = model, None
        self._known.clear()

    def costs(self, model: Psf) -> NDArray[np.float64]:
        """Return the chi² of each star by a model, its flux and constant fitted."""
        return self._chi2(model)[0]

    def _chi2(self, model: Psf) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Chi² of each star, and residuals as shares of its brightest pixel where it has light."""
        unit = self._images(model)
        weight = self._linear(self._profile)[0]
        _, flux, constant = self._linear(unit)
        left = self.stars.data.reshape(len(flux), -1) - constant[:, None] - flux[:, None] * unit
        peak = unit.max(axis=1, keepdims=True)
        core = (weight > 0) & (unit > 0.06 * peak)
        return (weight * left**2).sum(axis=1), (left / (flux[:, None] * peak))[core]

    def judged(self, model: Psf) -> Psf:
        """Return the model with its chi² and residuals."""
        chi2, share = self._chi2(model)
        dof = max(float(self.stars.good.sum()) - 4.0 * len(self.stars), 1.0)
        return replace(model, chi2=float(chi2.sum()) / dof, residual=float(np.sqrt(np.mean(share**2))))


def _with_next(weights: NDArray[np.float64], offset: int) -> NDArray[np.float64]:
    """Return the products of each spline and the one so many further: (n, m, size), 0 where there is none."""
    out = np.zeros_like(weights)
    size = weights.shape[2]
    low, high = max(0, -offset), size - max(0, offset)
    out[:, :, low:high] = weights[:, :, low:high] * weights[:, :, low + offset : high + offset]
    return out
