"""Making the model of the stars' images of a frame from its own stars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from photdb.errors import InputError, UsageError
from photdb.photometry.psf_model import SHAPE, TERMS, Kind, Psf, moffat, place_terms, quadrature, widths
from photdb.photometry.psf_stars import LEAST_STARS, Stars, psf_stars
from photdb.photometry.shape import half_sample_mode

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photdb.photometry.detection import Found
    from photdb.photometry.pixels import Pixels

#: Stars a polynomial of a degree asks for.
_STARS_FOR = {1: 12, 2: 18}
#: Fits at most, each without the stars that fitted badly.
_CLIPS = 6
#: Parts the stars are split into to see whether a polynomial foretells those left out.
_FOLDS = 5
#: What no profile describes: share of the light of a pixel.
_MODEL_ERROR = 0.003
#: By how much chi² of stars left out must fall, the star that gains most not counted. Where nothing changes over the
#: frame it rises, by about one for each parameter of the polynomial.
_CLEARLY = 10.0
#: Exponents that are believed: the wings of a Gaussian would run away.
_BETA = (1.3, 100.0)
#: Steps of the derivatives: x, y (px), ln FWHM, e1, e2, ln beta.
_STEPS = np.array([1e-3, 1e-3, 1e-4, 1e-4, 1e-4, 1e-3])


@dataclass(frozen=True)
class _Sums:
    """Of every star, with its own place, flux and constant eliminated: the quadratic form of its chi².

    `light` is the mean square of the signal in a pixel, in its noise.
    """

    square: NDArray[np.float64]
    right: NDArray[np.float64]
    chi2: NDArray[np.float64]
    dof: NDArray[np.float64]
    light: NDArray[np.float64]


def build_psf(pixels: Pixels, found: Found, *, kind: Kind = "moffat", degree: int | None = None) -> Psf:
    """Make the model of the stars' images of a frame from its own stars.

    One profile is fitted to the pixels of all stars together (Gauss-Newton; every star has its own place, flux and
    constant, which are eliminated). The size and shape change over the frame as a polynomial, of the degree that
    foretells the stars left out of its fit, one fifth at a time, clearly better than the lower one; the exponent is one
    for the frame, because zero points ask for the same wings everywhere. Stars that fit badly are left out. For the
    empirical kind a smooth table of what the profile leaves is fitted to the residuals within 2.5 FWHM.

    Parameters
    ----------
    pixels : Pixels
    found : Found
        The sources of the frame.
    kind : "moffat" or "empirical"
    degree : int, optional
        0, 1 or 2: of the polynomial, whatever the stars say.

    Raises
    ------
    InputError
        When the frame has fewer than 3 stars that can be used, or fewer than twice the terms of the degree asked for.
    UsageError
        For another degree.
    """
    if degree not in (None, *TERMS):
        raise UsageError(f"a PSF of degree {degree} was asked for; there are 0, 1 and 2")
    shape = found.subtracted.shape[0], found.subtracted.shape[1]
    fit = _Fit(psf_stars(pixels, found), shape, found.fwhm_px, found.beta)
    fit.converge(0)
    if degree and len(fit.stars) < 2 * TERMS[degree]:
        raise InputError(
            f"{len(fit.stars)} stars can show what a star looks like; a PSF that changes over the frame with degree "
            f"{degree} needs {2 * TERMS[degree]}",
            "leave the degree to the stars",
        )
    if degree:
        fit.converge(degree)
    elif degree is None:
        while (better := fit.better_degree()) > fit.degree:
            fit.converge(better)
    if kind == "empirical":
        from photdb.photometry.psf_table import with_table

        return with_table(fit.psf(), fit.stars, fit.place)
    return fit.psf()


class _Fit:
    """The joint fit: stars, the profile's polynomial, and the stars' own places, fluxes and constants."""

    def __init__(self, stars: Stars, shape: tuple[int, int], fwhm: float, beta: float) -> None:
        self.every, self.shape = stars, shape
        beta = float(np.clip(beta, 2.0, 8.0)) if np.isfinite(beta) else 3.2
        self.degree, self.nodes = 0, quadrature(fwhm)
        self.profile = np.array([[np.log(fwhm), 0.0, 0.0, np.log(beta)]])
        self._start()

    def _start(self) -> None:
        """Take all stars, where they were found."""
        self.stars = self.every
        self.place = np.stack([self.stars.x, self.stars.y], axis=1)
        self.flux, self.constant = 1.2 * self.stars.flux, np.zeros(len(self.stars))

    def converge(self, degree: int) -> None:
        """Fit a polynomial of a degree to all stars, then without those that fit badly.

        Stars at the edges that a lower degree left out have another chance.
        """
        padded = np.zeros((TERMS[degree], SHAPE))
        n = min(len(padded), len(self.profile))
        padded[:n] = self.profile[:n]
        self.degree, self.profile = degree, padded
        self._start()
        for attempt in range(_CLIPS):
            for _ in range(12):
                if self._step() < 1e-4:
                    break
            if attempt == _CLIPS - 1 or not self._drop_bad():
                break

    def better_degree(self) -> int:
        """Return the degree that foretells stars left out clearly better than the present one, or this.

        To second order the chi² of a star is a quadratic form in the parameters at its place, so polynomials are
        linear fits to these forms, and leaving stars out costs nothing.
        """
        sums = self._sums()
        scale = np.maximum(sums.chi2 / sums.dof, 1.0)
        least = self._foretold(sums, scale, self.degree)
        for degree, stars in _STARS_FOR.items():
            if degree > self.degree and len(self.stars) >= stars:
                gain = least - self._foretold(sums, scale, degree)
                # Few bright stars carry most of what is gained; one alone may be a blend that happens to fit better.
                if gain.sum() - gain.max() > _CLEARLY:
                    return degree
        return self.degree

    def psf(self) -> Psf:
        """Return the model as it is now."""
        sums = self._sums()
        data, model = self.stars.data - self.constant[:, None, None], self._unit() * self.flux[:, None, None]
        middle = place_terms((self.shape[1] - 1) / 2, (self.shape[0] - 1) / 2, self.shape, self.degree) @ self.profile
        fwhm_x, fwhm_y, theta, beta = widths(middle[0])
        core = self.stars.good & (model > 0.06 * model.max(axis=(1, 2), keepdims=True))
        share = (data - model) / model.max(axis=(1, 2), keepdims=True)
        coefficients = np.hstack([self.profile, self._offsets()]).astype(np.float32).ravel()
        return Psf(
            "moffat", len(self.stars), fwhm_x, fwhm_y, theta, beta, self.degree, None, None,
            coefficients, float(sums.chi2.sum() / sums.dof.sum()), float(np.sqrt(np.mean(share[core] ** 2))),
            self.shape,
        )  # fmt: skip

    def _offsets(self) -> NDArray[np.float64]:
        """Return the polynomial of how far the centres of the profiles lie off the centroids: (terms, 2), px.

        Positions asked for are tied to centroids, so the model of lopsided stars has to know.
        """
        apart = self.place - np.stack([self.stars.x, self.stars.y], axis=1)
        terms = place_terms(self.stars.x, self.stars.y, self.shape, self.degree)
        use = np.ones(len(apart), bool)
        for _ in range(3):
            found = np.linalg.lstsq(terms[use], apart[use], rcond=None)[0]
            left = np.hypot(*(apart - terms @ found).T)
            use = left <= 3 * max(float(np.median(left)), 1e-6)
        return np.asarray(found)

    def _unit(self, step: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Images of unit flux; with a step in x, y and the four parameters."""
        move = np.zeros(2 + SHAPE) if step is None else step
        m = np.arange(self.stars.data.shape[1])
        dx = self.stars.i0[:, None] + m - self.place[:, :1] - move[0]
        dy = self.stars.j0[:, None] + m - self.place[:, 1:] - move[1]
        here = place_terms(self.place[:, 0], self.place[:, 1], self.shape, self.degree) @ self.profile
        return np.asarray(moffat(here + move[2:], dx, dy, *self.nodes))

    def _sums(self) -> _Sums:
        """Weighted sums of every star, after its own flux, constant and place were brought up to date."""
        n = len(self.stars)
        unit = self._unit()
        photons = np.maximum(self.flux, 0)[:, None, None] * unit
        variance = self.stars.noise2 + photons / self.stars.electrons + (_MODEL_ERROR * photons) ** 2
        root = (np.where(self.stars.good, 1.0, 0.0) / np.sqrt(variance)).reshape(n, -1, 1)
        linear = np.stack([unit, np.ones_like(unit)], axis=-1).reshape(n, -1, 2) * root
        data = self.stars.data.reshape(n, -1) * root[:, :, 0]
        self.flux, self.constant = _solve(linear, data).T
        slopes = np.empty((n, unit[0].size, len(_STEPS)))
        for k, h in enumerate(_STEPS):
            slopes[:, :, k] = ((self._unit(h * np.eye(len(_STEPS))[k]) - unit) / h).reshape(n, -1)
        slopes *= root * self.flux[:, None, None]
        left = data - np.einsum("npk,nk->np", linear, np.stack([self.flux, self.constant], axis=1))
        own = np.concatenate([linear, slopes[:, :, :2]], axis=2)
        self._own_step, reduced, rest = _eliminate(own, slopes[:, :, 2:], left)
        square = np.einsum("npj,npk->njk", reduced, reduced)
        dof = np.maximum(self.stars.good.sum(axis=(1, 2)) - 4.0, 1.0)
        light = np.maximum(self.flux**2 * np.einsum("np,np->n", linear[:, :, 0], linear[:, :, 0]) / dof, 1e-12)
        return _Sums(square, np.einsum("npj,np->nj", reduced, rest), (rest**2).sum(axis=1), dof, light)

    def _step(self) -> float:
        """Take one step; return its size."""
        sums = self._sums()
        change = self._polynomial(sums, np.ones(len(self.stars)), self.degree)
        low, high = np.log(_BETA)
        if not low < self.profile[0, 3] + change[0, 3] < high:
            change = self._polynomial(sums, np.ones(len(self.stars)), self.degree, exponent=False)
            change[0, 3] = np.clip(self.profile[0, 3] + 0.5 * np.sign(sums.right[:, 3].sum()), low, high)
            change[0, 3] -= self.profile[0, 3]
        change *= min(1.0, 0.5 / max(float(np.abs(change[:, :3]).sum(axis=0).max()), 1e-9))
        self.profile = self.profile + change
        self.place = self.place + np.clip(self._own_step[:, 2:4], -0.5, 0.5)
        return float(np.abs(change).max())

    def _polynomial(
        self, sums: _Sums, weight: NDArray[np.float64], degree: int, *, exponent: bool = True
    ) -> NDArray[np.float64]:
        """Solve for a change of the polynomial: (terms, 4); the exponent, if at all, with the whole frame alone."""
        terms = place_terms(self.place[:, 0], self.place[:, 1], self.shape, degree)
        count = terms.shape[1] * SHAPE
        left = np.einsum("n,nj,nk,nab->jakb", weight, terms, terms, sums.square).reshape(count, count)
        right = np.einsum("n,nj,na->ja", weight, terms, sums.right).reshape(count)
        free = np.array([k % SHAPE != 3 or (k == 3 and exponent) for k in range(count)])
        out = np.zeros(count)
        small = left[np.ix_(free, free)]
        ridge = 1e-6 * np.diag(np.diag(small)) + 1e-9 * np.eye(len(small))
        out[free] = np.linalg.solve(small + ridge, right[free])
        return out.reshape(-1, SHAPE)

    def _foretold(self, sums: _Sums, scale: NDArray[np.float64], degree: int) -> NDArray[np.float64]:
        """Return by how much the chi² of each star changes by a polynomial made from the others."""
        fold = np.arange(len(self.stars)) % _FOLDS
        terms = place_terms(self.place[:, 0], self.place[:, 1], self.shape, degree)
        out = np.zeros(len(self.stars))
        for k in range(_FOLDS):
            change = terms @ self._polynomial(sums, (fold != k) / scale, degree)
            cost = np.einsum("na,nab,nb->n", change, sums.square, change) - 2 * (change * sums.right).sum(axis=1)
            out[fold == k] = (cost / scale)[fold == k]
        return out

    def _drop_bad(self) -> bool:
        """Leave out stars whose chi² stands out from that of stars as bright; return whether there were any.

        Where most stars are blends the lone ones are still the most common kind: what counts is the mode, and the
        spread below it.
        """
        sums = self._sums()
        excess = np.maximum(sums.chi2 / sums.dof - 1, 0)
        usual = 1 + float(np.quantile(excess / sums.light, 0.25)) * sums.light  # the model's error grows with the light
        log = np.log(sums.chi2 / sums.dof / usual)
        centre = half_sample_mode(log)
        least = 1.2 / float(np.sqrt(np.median(sums.dof)))
        below = centre - log[log < centre]
        spread = max(1.4826 * float(np.median(below)), least) if len(below) > 2 else 3 * least
        lost = (np.hypot(*(self.place - np.stack([self.stars.x, self.stars.y], 1)).T) > 1.5) | (self.flux <= 0)
        keep = (log < centre + 5 * spread) & ~lost
        if keep.all() or keep.sum() < LEAST_STARS:
            return False
        self.stars, self.place = self.stars.take(keep), self.place[keep]
        self.flux, self.constant = self.flux[keep], self.constant[keep]
        return True


def _solve(design: NDArray[np.float64], data: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least squares of every star: (n, p, k) and (n, p) to (n, k)."""
    square = np.einsum("npj,npk->njk", design, design)
    square += 1e-12 * np.einsum("njj->n", square)[:, None, None] * np.eye(design.shape[2])
    return np.asarray(np.linalg.solve(square, np.einsum("npj,np->nj", design, data)[:, :, None])[:, :, 0])


def _eliminate(
    own: NDArray[np.float64], common: NDArray[np.float64], left: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Take each star's own parameters out: their step, and the derivatives and residuals perpendicular to them."""
    size = np.sqrt((own**2).sum(axis=1, keepdims=True)) + 1e-300
    basis, upper = np.linalg.qr(own / size)
    along = np.einsum("npj,np->nj", basis, left)
    upper = upper + 1e-12 * np.eye(upper.shape[1])
    step = np.linalg.solve(upper, along[:, :, None])[:, :, 0] / size[:, 0, :]
    reduced = common - np.matmul(basis, np.matmul(basis.transpose(0, 2, 1), common))
    return step, reduced, left - np.einsum("npj,nj->np", basis, along)
