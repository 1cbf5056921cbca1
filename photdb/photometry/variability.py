"""Statistics of many light curves at once, and what scatter is usual for a star's brightness.

Light curves are runs of one long array, each in order of time. All statistics are of flux: a magnitude of a faint star
is skewed, and that of a negative flux is none. The formulas, with their sources, are in docs/concepts/statistics.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.magnitudes import POGSON
from photdb.photometry.robust import MAD

Floats = NDArray[np.float64]
Index = NDArray[np.int64]

#: Points closer in time than this (d) are a pair to Stetson's J.
PAIR_D = 0.05

#: Fewer stars than this are no field to compare with.
FEWEST_STARS = 12

_WINDOW = 31

#: Stars are never more alike than this: the least spread of ln(rms).
_ALIKE = 0.05


@dataclass(frozen=True, slots=True)
class Moments:
    """What additive sums about an anchor say of each light curve; arrays of one length, NaN where there is no answer.

    Parameters
    ----------
    n, n_night : array of int
        Points; nights.
    mean, wmean, std : array
        Mean, mean weighted by 1/err^2, standard deviation (n - 1).
    chi2_dof : array
        chi2 about the weighted mean over n - 1; the same number is TraP's eta.
    v : array
        TraP's V, std / mean.
    excess_variance : array
        Variance less the mean squared error, over the squared mean (Nandra et al. 1997, ApJ 476, 70).
    rms, rms_within, rms_nights : array
        mag; scatter of all points, about the means of their nights, and of the means of the nights: 1.0857 std / mean.
    chi2_within, chi2_nights : array
        per degree of freedom; about the weighted means of the nights, and of these.
    mag, err : array
        mag; of the weighted mean; root mean squared error of a point.
    """

    n: Index
    n_night: Index
    mean: Floats
    wmean: Floats
    std: Floats
    chi2_dof: Floats
    v: Floats
    excess_variance: Floats
    rms: Floats
    rms_within: Floats
    rms_nights: Floats
    chi2_within: Floats
    chi2_nights: Floats
    mag: Floats
    err: Floats


def moments(sums: dict[str, NDArray[Any]]) -> Moments:
    """Return what the sums of ``object_band`` say.

    Parameters
    ----------
    sums : dict of arrays
        The columns ``anchor``, ``n``, ``sum_d`` ... of that table.
    """
    anchor = np.asarray(sums["anchor"], float)
    n, n_night = np.asarray(sums["n"], np.int64), np.asarray(sums["n_night"], np.int64)
    s = {k: np.asarray(sums[k], float) for k in sums if k.startswith(("sum_", "within_", "night_"))}
    mean = anchor + over(s["sum_d"], n)
    wmean = anchor + over(s["sum_wd"], s["sum_w"])
    variance = over(np.maximum(s["sum_dd"] - over(s["sum_d"] ** 2, n), 0.0), n - 1)
    std = np.sqrt(variance)
    chi2 = np.maximum(s["sum_wdd"] - over(s["sum_wd"] ** 2, s["sum_w"]), 0.0)
    between = np.maximum(s["night_dd"] - over(s["night_d"] ** 2, n_night), 0.0)
    level = POGSON / np.where(mean > 0, mean, np.nan)
    mean_ee = over(s["sum_ee"], n)
    with np.errstate(invalid="ignore", divide="ignore"):
        mag = -2.5 * np.log10(np.where(wmean > 0, wmean, np.nan))
    return Moments(
        n=n,
        n_night=n_night,
        mean=mean,
        wmean=wmean,
        std=std,
        chi2_dof=over(chi2, n - 1),
        v=over(std, mean),
        excess_variance=over(variance - mean_ee, mean**2),
        rms=level * std,
        rms_within=level * np.sqrt(over(s["within_dd"], n - n_night)),
        rms_nights=level * np.sqrt(over(between, n_night - 1)),
        chi2_within=over(s["within_chi2"], n - n_night),
        chi2_nights=over(np.maximum(chi2 - s["within_chi2"], 0.0), n_night - 1),
        mag=mag,
        err=level * np.sqrt(mean_ee),
    )


def over(a: Any, b: Any) -> Floats:
    """Return a / b, NaN where b is zero or less than nothing can be."""
    a, b = np.broadcast_arrays(np.asarray(a, float), np.asarray(b, float))
    return np.asarray(np.divide(a, b, out=np.full(a.shape, np.nan), where=b != 0), float)


@dataclass(frozen=True, slots=True)
class Robust:
    """Statistics of the shape of each light curve; NaN where there are too few points or nothing scatters.

    Parameters
    ----------
    median, mad, iqr, p5, p95, low, high : array
        Of the flux, in its unit; ``mad`` is not scaled to a standard deviation.
    von_neumann : array
        Mean squared step over the variance (von Neumann 1941): 2 for noise.
    lag_1 : array
        Autocorrelation of neighbouring points.
    stetson_j, stetson_k : array
        Stetson 1996 (PASP 108, 851): J of pairs of neighbours less than `PAIR_D` apart; K.
    n_pair : array of int
        Pairs of J.
    skew, kurtosis : array
        Sample skewness and excess kurtosis (unbiased for normal noise).
    beyond_1_sigma : array
        Share of points further than one standard deviation from the mean.
    max_slope : array
        1/d; greatest change between neighbours, over the mean.
    """

    median: Floats
    mad: Floats
    iqr: Floats
    p5: Floats
    p95: Floats
    low: Floats
    high: Floats
    von_neumann: Floats
    lag_1: Floats
    stetson_j: Floats
    n_pair: Index
    stetson_k: Floats
    skew: Floats
    kurtosis: Floats
    beyond_1_sigma: Floats
    max_slope: Floats


def robust(time: Floats, flux: Floats, err: Floats, start: Index) -> Robust:
    """Return the statistics of light curves that are runs of long arrays.

    Parameters
    ----------
    time, flux, err : array, shape (n,)
        d; flux and its error, in one unit; each run in order of time. Every point counts.
    start : array of int, shape (m + 1,)
        Where each of the m runs begins, and the end of the last; no run is empty.
    """
    run = _Runs(start)
    n = run.n
    mean = over(run.sum(flux), n)
    off = flux - mean[run.of]
    m2 = run.sum(off**2)
    std = np.sqrt(over(m2, n - 1))
    quantile = run.quantiles(flux)
    median = quantile(0.5)
    step, gap = run.steps(flux), run.steps(time)
    neighbours = run.sum(np.append(off[1:] * off[:-1], 0.0) * run.inner)
    delta = deviations(flux, err, start)
    j, n_pair = stetson_j(time, delta, start)
    return Robust(
        median=median,
        mad=run.quantiles(np.abs(flux - median[run.of]))(0.5),
        iqr=quantile(0.75) - quantile(0.25),
        p5=quantile(0.05),
        p95=quantile(0.95),
        low=quantile(0.0),
        high=quantile(1.0),
        von_neumann=over(over(run.sum(step**2), n - 1), std**2),
        lag_1=over(neighbours, m2),
        stetson_j=j,
        n_pair=n_pair,
        stetson_k=over(run.sum(np.abs(delta)), np.sqrt(n * run.sum(delta**2))),
        skew=_skew(run, off, m2),
        kurtosis=_kurtosis(run, off, m2),
        beyond_1_sigma=np.where(n > 1, over(run.sum(np.abs(off) > std[run.of]), n), np.nan),
        max_slope=_max_slope(run, step, gap, mean),
    )


def deviations(flux: Floats, err: Floats, start: Index) -> Floats:
    """Return each point's distance from its run's weighted mean in errors, times sqrt(n / (n - 1)); 0 if alone."""
    run = _Runs(start)
    weight = 1.0 / err**2
    wmean = over(run.sum(weight * flux), run.sum(weight))
    factor = np.sqrt(np.where(run.n > 1, run.n / np.maximum(run.n - 1, 1), 0.0))
    return np.asarray((flux - wmean[run.of]) / err * factor[run.of])


def stetson_j(time: Floats, delta: Floats, start: Index) -> tuple[Floats, Index]:
    """Return Stetson's J of each run, and how many pairs it is of; NaN without a pair.

    Neighbours less than `PAIR_D` apart are paired from the beginning of each run, no point twice; points without a
    partner do not count. Noise of the size of the errors gives 0 +- 0.8 / sqrt(pairs).
    """
    run = _Runs(start)
    near = run.inner & (np.append(np.diff(time), np.inf) < PAIR_D)
    first = _pairs(near)
    product = np.where(first, delta * np.append(delta[1:], 0.0), 0.0)
    n_pair = run.sum(first).astype(np.int64)
    return over(run.sum(np.sign(product) * np.sqrt(np.abs(product))), n_pair), n_pair


def stetson_j_bands(
    star: Index, series: Index, time: Floats, delta: Floats, run: Index, n_run: int
) -> tuple[Floats, Index]:
    """Return Stetson's J of pairs of points of one star in different passbands, and the number of pairs, for each run.

    Parameters
    ----------
    star, series, time, delta : array, shape (n,)
        The star, passband, time (d) and deviation of each point.
    run : array of int, shape (n,)
        The run (a star in a passband) each point is of.
    n_run : int
        How many there are.
    """
    order = np.lexsort((series, time, star))
    if not len(order):
        return np.full(n_run, np.nan), np.zeros(n_run, np.int64)
    s, b, t, d, r = (a[order] for a in (star, series, time, delta, run))
    near = np.append((s[1:] == s[:-1]) & (b[1:] != b[:-1]) & (t[1:] - t[:-1] < PAIR_D), False)
    first = np.flatnonzero(_pairs(near))
    product = d[first] * d[first + 1]
    value = np.sign(product) * np.sqrt(np.abs(product))
    members = np.concatenate([r[first], r[first + 1]])
    total = np.bincount(members, np.concatenate([value, value]), n_run)
    n_pair = np.bincount(members, minlength=n_run)
    return over(total, n_pair), n_pair


def _pairs(near: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which points begin a pair, where ``near`` says which point may pair with the next one."""
    place = np.arange(len(near))
    begins = near & ~np.concatenate([[False], near[:-1]])[: len(near)]
    since = place - np.maximum.accumulate(np.where(begins, place, -1))
    return np.asarray(near & (since % 2 == 0))


class _Runs:
    """Sums and quantiles over runs of an array."""

    def __init__(self, start: Index) -> None:
        self.start = np.asarray(start, np.int64)
        self.n = np.diff(self.start)
        self.of = np.repeat(np.arange(len(self.n)), self.n)
        #: Whether the next point is of the same run.
        self.inner = np.append(self.of[1:] == self.of[:-1], False)[: len(self.of)]

    def sum(self, value: NDArray[Any]) -> Floats:
        """Return the sum of each run."""
        return np.add.reduceat(np.asarray(value, float), self.start[:-1]) if len(self.n) else np.empty(0)

    def max(self, value: NDArray[Any]) -> Floats:
        """Return the greatest of each run."""
        return np.maximum.reduceat(np.asarray(value, float), self.start[:-1]) if len(self.n) else np.empty(0)

    def steps(self, value: Floats) -> Floats:
        """Return the step from each point to the next of its run, 0 at the end of a run."""
        return np.where(self.inner, np.append(np.diff(value), 0.0)[: len(value)], 0.0)

    def quantiles(self, value: Floats) -> Any:
        """Return a function that gives a quantile of each run, linear between points."""
        ordered = value[np.lexsort((value, self.of))]

        def quantile(q: float) -> Floats:
            place = self.start[:-1] + q * (self.n - 1)
            low = np.floor(place).astype(np.int64)
            high = np.minimum(low + 1, self.start[1:] - 1)
            part = place - low
            return np.asarray(ordered[low] * (1 - part) + ordered[high] * part)

        return quantile


def _skew(run: _Runs, off: Floats, m2: Floats) -> Floats:
    """Return the sample skewness G1."""
    n = run.n.astype(float)
    g1 = over(run.sum(off**3) / n, (m2 / n) ** 1.5)
    return np.where(n > 2, g1 * over(np.sqrt(n * np.maximum(n - 1, 0)), n - 2), np.nan)


def _kurtosis(run: _Runs, off: Floats, m2: Floats) -> Floats:
    """Return the sample excess kurtosis G2."""
    n = run.n.astype(float)
    g2 = over(run.sum(off**4) / n, (m2 / n) ** 2) - 3.0
    return np.where(n > 3, over(n - 1, (n - 2) * (n - 3)) * ((n + 1) * g2 + 6.0), np.nan)


def _max_slope(run: _Runs, step: Floats, gap: Floats, mean: Floats) -> Floats:
    """Return the greatest change between neighbours of different time, over the mean."""
    slope = np.divide(np.abs(step), gap, out=np.full(len(step), -1.0), where=gap > 0)
    most = run.max(slope) if len(run.n) else np.empty(0)
    return over(np.where(most >= 0, most, np.nan), np.abs(mean))


@dataclass(frozen=True, slots=True)
class Floor:
    """The scatter that is usual for a brightness, in units of the errors, and how it spreads from star to star.

    Parameters
    ----------
    mag : array
        Where it was found, in rising order; linear between, constant beyond.
    level : array
        Median of ln(rms / error) of the stars about that brightness.
    spread : array
        Robust scatter of it that is not the chance of few points.
    n_star : int
        Stars it was found from.
    """

    mag: Floats
    level: Floats
    spread: Floats
    n_star: int

    def rms(self, mag: Floats, err: Floats) -> Floats:
        """Return the usual rms of stars of a brightness whose points have these errors."""
        return np.asarray(err * np.exp(np.interp(mag, self.mag, self.level)))

    def excess(self, mag: Floats, err: Floats, rms: Floats, dof: NDArray[Any]) -> Floats:
        """Return by how many robust sigmas ln(rms) is above the usual; the chance of few points is in sigma."""
        dof = np.maximum(dof, 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            above = np.log(rms / err) + 0.5 / dof - np.interp(mag, self.mag, self.level)
        return np.asarray(above / self.sigma(mag, dof))

    def sigma(self, mag: Floats, dof: NDArray[Any]) -> Floats:
        """Return the sigma of ln(rms): what stars differ by, and the chance of few points."""
        return np.asarray(np.sqrt(np.interp(mag, self.mag, self.spread) ** 2 + 0.5 / np.maximum(dof, 1)))


def scatter_floor(mag: Floats, err: Floats, rms: Floats, dof: NDArray[Any]) -> Floor | None:
    """Return the running median of rms over error along brightness, or None of fewer than `FEWEST_STARS`.

    Each place of the floor is made of the stars nearest to it in brightness: 31, or 1/200 of very many, and down to
    11 at the ends. In units of the errors, because the rms itself changes too fast where bright stars are few. The
    logarithm of the rms of noise of nu degrees of freedom scatters by 1/sqrt(2 nu) about -1/(2 nu); that is added.

    Parameters
    ----------
    mag, err, rms : array
        mag; what is not finite, or no scatter at all, is left out.
    dof : array of int
        Degrees of freedom of the rms.
    """
    with np.errstate(invalid="ignore"):
        good = np.isfinite(mag) & np.isfinite(rms) & (rms > 0) & (err > 0) & (dof > 0)
    n = int(good.sum())
    if n < FEWEST_STARS:
        return None
    order = np.argsort(mag[good], kind="stable")
    m, nu = mag[good][order], dof[good][order].astype(float)
    y = np.log(rms[good][order] / err[good][order]) + 0.5 / nu
    windows = _windows(n)
    centre = np.array([np.median(m[w]) for w in windows])
    level = np.array([np.median(y[w]) for w in windows])
    rest = np.abs(y - np.interp(m, centre, level))
    spread = [np.sqrt(max((MAD * np.median(rest[w])) ** 2 - 0.5 * np.median(1 / nu[w]), _ALIKE**2)) for w in windows]
    return Floor(centre, level, np.array(spread), n)


def _windows(n: int) -> list[slice]:
    """Return overlapping windows over n ordered stars, narrower at the ends."""
    half = max(_WINDOW, n // 200) // 2
    places = np.unique(np.linspace(0, n - 1, min(400, max(2, 4 * n // (2 * half + 1)))).astype(np.int64))
    halves = np.clip(np.minimum(places, n - 1 - places), min(5, half), half)
    return [slice(max(0, p - h), min(n, p + h + 1)) for p, h in zip(places.tolist(), halves.tolist(), strict=True)]


def trimmed_rms(flux: Floats, start: Index, share: float = 0.02) -> tuple[Floats, Index]:
    """Return std / mean of each run without its points furthest from the median, and the points that stay.

    Left out are ``share`` of the points, at least one: what a cosmic ray or satellite does goes, an eclipse stays.
    """
    run = _Runs(start)
    off = np.abs(flux - run.quantiles(flux)(0.5)[run.of])
    order = np.lexsort((off, run.of))
    drop = np.maximum(1, np.ceil(share * run.n)).astype(np.int64)
    keep = np.empty(len(flux), bool)
    keep[order] = np.arange(len(flux)) - run.start[:-1][run.of] < (run.n - drop)[run.of]
    n = run.sum(keep).astype(np.int64)
    mean = over(run.sum(np.where(keep, flux, 0.0)), n)
    m2 = run.sum(np.where(keep, (flux - mean[run.of]) ** 2, 0.0))
    return over(np.sqrt(over(m2, np.maximum(n - 1, 0))), mean), n
