"""The empirical model: a smooth table of what a Moffat profile leaves of the stars of a frame."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from photdb.photometry.psf_model import TERMS, Psf, place_terms

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
        Centres of the fitted profiles, px. Centroids of lopsided stars lie off them; the table is put where the
        centroids are, because positions asked for are tied to these.
    """
    place = place - np.median(place - np.stack([stars.x, stars.y], axis=1), axis=0)
    held = np.arange(len(stars)) % _LEFT_OUT == _LEFT_OUT - 1
    work = _Work(psf, stars, place)
    degrees = (0, 1) if psf.degree and len(stars) >= _STARS_TO_VARY else (0,)
    tried = [(work.cost(work.solved(d, a, ~held), held), d, a) for d in degrees for a in _AMPLITUDES]
    _, degree, amplitude = min(tried)
    every = np.ones(len(stars), bool)
    for _ in range(2):
        model = work.solved(degree, amplitude, every)
        work.model = model
    return work.judged(model)


class _Work:
    """The linear system of the table of one frame."""

    def __init__(self, psf: Psf, stars: Stars, place: NDArray[np.float64]) -> None:
        self.psf, self.stars, self.place = psf, stars, place
        self.step = int(np.clip(np.ceil(_FINE / psf.fwhm), 1, 4))
        self.size = 2 * int(np.ceil(_REACH * psf.fwhm * self.step)) + 1
        self.model = psf
        self._profile = self._images(psf)
        self._sums: dict[tuple[int, bytes], tuple[Any, NDArray[np.float64], Psf]] = {}

    def _images(self, model: Psf) -> NDArray[np.float64]:
        """Return unit images of the stars: (n, pixels)."""
        m = self.stars.data.shape[1]
        made = model.on(self.place[:, 0], self.place[:, 1], self.stars.i0, self.stars.j0, m)
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

    def _normal(self, degree: int, use: NDArray[np.bool_]) -> tuple[Any, NDArray[np.float64]]:
        """Return normal matrix and right side of the splines for some stars, by the fluxes of the present model."""
        from scipy.sparse import csr_array

        key = (degree, use.tobytes())
        if key in self._sums and self._sums[key][2] is self.model:
            return self._sums[key][:2]
        weight, flux, constant = self._linear(self._images(self.model))
        left = self.stars.data.reshape(len(flux), -1) - constant[:, None] - flux[:, None] * self._profile
        m = self.stars.data.shape[1]
        first, value = zip(*(
            _four((origin[:, None] + np.arange(m)) - at[:, None], self.size, self.step)
            for origin, at in ((self.stars.j0, self.place[:, 1]), (self.stars.i0, self.place[:, 0]))
        ), strict=True)  # fmt: skip
        column = first[0][:, :, None, :, None] * self.size + first[1][:, None, :, None, :]
        entry = value[0][:, :, None, :, None] * value[1][:, None, :, None, :]
        entry *= (flux[:, None] * np.sqrt(weight)).reshape(-1, m, m)[:, :, :, None, None]
        right = (left * np.sqrt(weight))[use].ravel()
        terms = place_terms(self.place[:, 0], self.place[:, 1], self.psf.shape, degree)
        count, unknown = terms.shape[1], self.size**2
        columns = np.concatenate([column.reshape(len(flux), m * m, 16) + k * unknown for k in range(count)], axis=2)
        entry = entry.reshape(len(flux), m * m, 16)
        entries = np.concatenate([entry * terms[:, k, None, None] for k in range(count)], axis=2)
        rows = int(use.sum()) * m * m
        design = csr_array(
            (entries[use].ravel(), columns[use].ravel(), np.arange(rows + 1) * 16 * count),
            shape=(rows, unknown * count),
        )
        self._sums[key] = design.T @ design, design.T @ right, self.model
        return self._sums[key][:2]

    def solved(self, degree: int, amplitude: float, use: NDArray[np.bool_]) -> Psf:
        """Return the model with the table fitted to some of the stars."""
        from scipy.sparse import block_diag
        from scipy.sparse.linalg import spsolve

        square, right = self._normal(degree, use)
        prior = block_diag([self._prior(amplitude if k == 0 else 0.5 * amplitude) for k in range(TERMS[degree])])
        solved = spsolve((square + prior).tocsc(), right)
        return replace(
            self.psf, kind="empirical", size=self.size, oversampling=self.step,
            coefficients=np.concatenate([self.psf.profile.ravel(), solved]).astype(np.float32),
        )  # fmt: skip

    def _prior(self, amplitude: float) -> Any:
        """Inverse covariance of the splines: small, and smooth."""
        from scipy.sparse import diags_array, eye_array, kron

        half = np.arange(self.size) - (self.size - 1) / 2
        middle = self.place.mean(axis=0)
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

    def cost(self, model: Psf, which: NDArray[np.bool_]) -> float:
        """Return the chi² of some stars by a model, their fluxes and constants fitted."""
        return float(self._chi2(model)[0][which].sum())

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


def _four(d: NDArray[np.float64], size: int, step: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the four splines of a table that reach to distances from its middle, and their values: (n, m, 4)."""
    t = d * step + (size - 1) / 2
    index = np.floor(t).astype(np.int64)[:, :, None] + np.arange(-1, 3)
    far = np.abs(t[:, :, None] - index)
    value = (np.maximum(2 - far, 0) ** 3 - 4 * np.maximum(1 - far, 0) ** 3) / 6
    inside = (index >= 0) & (index < size)
    return np.where(inside, index, 0), np.where(inside, value, 0.0)
