"""Periods of light curves: Lomb-Scargle with a floating mean, box least squares, and what imitates a period.

The arithmetic is astropy's (`astropy.timeseries`); here are the grids, the probabilities of false alarm, the errors,
and the names of peaks that are the echo of another one. Formulas and sources: docs/concepts/statistics.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Frequencies for each peak width.
OVERSAMPLING = 8

#: No more frequencies than this are tried at once; a search that needs more is too wide.
MOST_FREQUENCIES = 5_000_000

#: So many peaks of a sine are tried with harmonics, where a passband has so many points for each number of the model,
#: and harmonics must reduce chi2 by so much (as an F statistic) to have a say.
_LOOKED_AT, _POINTS_A_TERM, _MUST_GAIN = 10, 3, 4.0

#: Of fewer cycles than this a period has no error worth saying.
_CYCLES = 2.0

#: Samples of sky seen by night: one a day, and one a sidereal day.
DAY, SIDEREAL_DAY = 1.0, 0.9972695663


@dataclass(frozen=True, slots=True)
class Peak:
    """One candidate period.

    Parameters
    ----------
    period, period_err : float
        d; the error is that of noise (Montgomery & O'Donoghue 1999), not of having taken an alias for it; NaN where
        less than two cycles were seen.
    power : float
        Lomb-Scargle: share of chi2 that goes (0 to 1); bls: signal detection efficiency.
    false_alarm : float
        Probability that noise has such a peak anywhere in the range.
    amplitude : float
        Half of the range of the sine, or depth of the box, over the mean flux.
    alias : str
        What it may be the echo of, as ``1/P + 1 /d``; empty for the best and for what is no echo.
    epoch : float
        d, on the scale of the times: of greatest light of the sine, or the middle of the box.
    duration : float
        d; of the box; NaN for a sine.
    """

    period: float
    period_err: float
    power: float
    false_alarm: float
    amplitude: float
    alias: str
    epoch: float
    duration: float = float("nan")


@dataclass(frozen=True, slots=True)
class Periodogram:
    """Power over frequency, its best peaks, and those of the window (the times alone)."""

    method: str
    frequency: Floats
    power: Floats
    peaks: tuple[Peak, ...]
    window_frequency: Floats
    window_power: Floats
    window_peaks: tuple[tuple[float, float], ...]
    n: int
    span: float
    level: dict[float, float]


@dataclass(frozen=True, slots=True)
class Data:
    """Points of one star: time (d), flux and error in one unit, and the passband of each."""

    time: Floats
    flux: Floats
    err: Floats
    band: NDArray[Any]

    def bands(self, least: int = 1) -> list[Any]:
        """Return the passbands with at least so many points, the one with the most points first."""
        names, count = np.unique(self.band, return_counts=True)
        return [names[i] for i in np.argsort(-count, kind="stable") if count[i] >= least]

    def of(self, band: Any) -> Data:
        """Return the points of one passband."""
        here = self.band == band
        return Data(self.time[here], self.flux[here], self.err[here], self.band[here])

    def only(self, bands: Sequence[Any]) -> Data:
        """Return the points of some passbands."""
        here = np.isin(self.band, bands)
        return Data(self.time[here], self.flux[here], self.err[here], self.band[here])


def default_range(time: Floats) -> tuple[float, float]:
    """Return the shortest and longest period (d) that are looked for when none is said.

    The longest is the time there is; the shortest 0.1 d, or for one night ten times the usual
    distance of points where that is less.
    """
    ordered = np.unique(time)
    span = float(ordered[-1] - ordered[0])
    usual = float(np.median(np.diff(ordered))) if len(ordered) > 1 else span
    return max(min(0.1, 10 * usual), span / 1e6, 1e-3), span


def frequencies(span: float, shortest: float, longest: float) -> Floats:
    """Return evenly spaced frequencies (1/d), `OVERSAMPLING` a peak width.

    Raises
    ------
    ValueError
        If there would be more than `MOST_FREQUENCIES`, or none.
    """
    step = 1.0 / (OVERSAMPLING * span)
    low, high = 1.0 / longest, 1.0 / shortest
    n = int(np.ceil((high - low) / step)) + 1
    if not 0 < shortest < longest or n > MOST_FREQUENCIES:
        raise ValueError(n)
    return np.asarray(low + step * np.arange(n), float)


def lomb_scargle(data: Data, shortest: float, longest: float, *, terms: int = 1, most: int = 5) -> Periodogram:
    """Search for sines with a floating mean; points of several passbands each get a mean, amplitude and phase.

    With several passbands the power is that of VanderPlas & Ivezic 2015 (ApJ 812, 18) without a common term: the
    shares of chi2 that go, weighted by the chi2 of each passband.

    Parameters
    ----------
    data : Data
        Passbands with fewer than 4 + 2 `terms` points are left out.
    shortest, longest : float
        d.
    terms : int, default=1
        Sines: the period and its harmonics; more are for sharp light curves with many points.
    most : int, default=5
        Peaks.
    """
    data = data.only(data.bands(4 + 2 * terms))
    span = float(np.ptp(data.time))
    grid = frequencies(span, shortest, longest)
    power, weights, models = np.zeros(len(grid)), [], []
    for band in data.bands():
        own = data.of(band)
        weight = float(np.sum(((own.flux - np.average(own.flux, weights=own.err**-2.0)) / own.err) ** 2))
        model = _model(own, terms)
        power += weight * _power(model, grid, terms)
        weights.append(weight)
        models.append(model)
    power = np.clip(power / max(sum(weights), 1e-300), 0.0, 1.0)
    n_band = len(models)
    trials = _trials(span, grid)

    def false_alarm(z: float) -> float:
        if n_band == 1 and terms == 1:
            return float(models[0].false_alarm_probability(z, method="baluev", minimum_frequency=grid[0],
                                                           maximum_frequency=grid[-1]))  # fmt: skip
        return chance(z, len(data.time), n_band, terms, trials)

    wgrid, wpower, wpeaks = window(data.time)
    peaks = []
    bests = [_refined(models, weights, f, span, terms) for f in _best(grid, power, span, max(most, _LOOKED_AT))]
    for fine in _by_harmonics(data, bests, span, terms)[:most]:
        z = float(np.clip(_combined(models, weights, np.array([fine]), terms)[0], 0, 1))
        peaks.append(_sine_peak(data, fine, z, false_alarm(z), span, terms))
    peaks = _named(peaks, span, wpeaks)
    level = {p: _level(false_alarm, p) for p in (0.1, 0.001)}
    return Periodogram("ls", grid, power, tuple(peaks), wgrid, wpower, wpeaks, len(data.time), span, level)


def _model(data: Data, terms: int) -> Any:
    """Return astropy's model of one passband."""
    from astropy.timeseries import LombScargle

    return LombScargle(data.time, data.flux, data.err, nterms=terms, fit_mean=True)


def _power(model: Any, grid: Floats, terms: int) -> Floats:
    """Return the power on an even grid."""
    method = ("fast" if terms == 1 else "fastchi2") if len(grid) > 200 else ("cython" if terms == 1 else "chi2")
    found = model.power(grid, method=method, assume_regular_frequency=len(grid) > 200)
    return np.asarray(np.nan_to_num(np.asarray(found)), float)


def _combined(models: list[Any], weights: list[float], grid: Floats, terms: int) -> Floats:
    """Return the power of all passbands at a few frequencies, without approximation."""
    method = "cython" if terms == 1 else "chi2"
    total = sum(
        w * np.nan_to_num(np.asarray(m.power(grid, method=method))) for m, w in zip(models, weights, strict=True)
    )
    return np.asarray(total) / max(sum(weights), 1e-300)


def _refined(models: list[Any], weights: list[float], f: float, span: float, terms: int) -> float:
    """Return the frequency of the top of a peak."""
    half = 1.0 / (OVERSAMPLING * span)
    for _ in range(4):
        near = np.linspace(f - half, f + half, 21)
        near = near[near > 0]
        f = float(near[np.argmax(_combined(models, weights, near, terms))])
        half /= 8
    return f


def _by_harmonics(data: Data, bests: list[float], span: float, terms: int) -> list[float]:
    """Return the frequencies in the order of how well three more sines fit them, where there are points enough.

    An alias takes as much of a sine as the true period, or more by chance, but not of a sharp light curve.
    """
    more = terms + 2
    bands = data.bands(_POINTS_A_TERM * (2 * more + 1))
    if not bands or len(bests) < 2:
        return bests
    models = [_model(data.of(b), more) for b in bands]
    weights = [float(np.sum(((m.y - np.average(m.y, weights=m.dy**-2.0)) / m.dy) ** 2)) for m in models]
    plain = [_model(data.of(b), terms) for b in bands]
    near = np.linspace(-0.5, 0.5, 11) / span
    with_more = [float(np.max(_combined(models, weights, np.maximum(f + near, 1e-9), more))) for f in bests]
    alone = _combined(plain, weights, np.array(bests), terms)
    n, freed = sum(len(m.t) for m in models), 2 * (more - terms) * len(bands)
    gained = (np.array(with_more) - alone) / np.maximum(1.0 - np.array(with_more), 1e-12) * (n - freed) / freed
    if float(gained.max()) < _MUST_GAIN:
        return bests
    return [bests[i] for i in np.argsort(-np.array(with_more), kind="stable")]


def _sine_peak(data: Data, f: float, z: float, false_alarm: float, span: float, terms: int) -> Peak:
    """Return a peak with amplitude, epoch of greatest light, and the error of its period.

    The error of the frequency is sqrt(6 / N) sigma / (pi T a) (Montgomery & O'Donoghue 1999, DSSN 13, 28), with what
    the sine leaves as sigma.
    """
    own = data.of(data.bands()[0])
    model = _model(own, terms)
    phases = np.linspace(0, 1, 200, endpoint=False)
    curve = np.asarray(model.model(own.time.min() + phases / f, f))
    mean = float(np.average(own.flux, weights=own.err**-2.0))
    half = float(np.ptp(curve) / 2)
    left = float(np.std(own.flux - np.asarray(model.model(own.time, f))))
    f_err = np.sqrt(6.0 / len(data.time)) * left / (np.pi * span * half) if half > 0 and f * span > _CYCLES else np.nan
    epoch = float(own.time.min() + phases[np.argmax(curve)] / f)
    return Peak(1 / f, float(f_err) / f**2, z, false_alarm, half / abs(mean) if mean else np.nan, "", epoch)


def chance(z: float, n: int, n_band: int, terms: int, trials: float) -> float:
    """Return the probability that noise has a peak of a power anywhere.

    At one frequency the power of noise is distributed as Beta(terms B, (N - (2 terms + 1) B) / 2) for B passbands,
    and so many independent frequencies are tried.
    """
    from scipy.stats import beta

    rest = max((n - (2 * terms + 1) * n_band) / 2, 0.5)
    return float(-np.expm1(trials * np.log1p(-min(float(beta.sf(z, terms * n_band, rest)), 1 - 1e-16))))


def _trials(span: float, grid: Floats) -> float:
    """Return about how many independent frequencies a grid has."""
    return max(float((grid[-1] - grid[0]) * span), 1.0)


def _level(false_alarm: Any, p: float) -> float:
    """Return the power that noise exceeds with a probability."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if false_alarm(middle) > p else (low, middle)
    return high


def window(time: Floats, *, highest: float = 6.0) -> tuple[Floats, Floats, tuple[tuple[float, float], ...]]:
    """Return frequency (1/d) and power of the times themselves, and its peaks above a tenth.

    The power is the share of a constant that a sine without mean takes: 1 where all points have one phase. It says
    which frequencies a true one is echoed at: f +- these.
    """
    from astropy.timeseries import LombScargle

    span = float(np.ptp(time))
    step = max(1.0 / (5 * span), highest / 200_000) if span > 0 else 1.0
    grid = np.asarray(step * np.arange(1, max(int(highest / step), 2)), float)
    ones = LombScargle(time, np.ones(len(time)), fit_mean=False, center_data=False)
    method = "fast" if len(grid) > 200 else "cython"
    power = np.clip(np.nan_to_num(np.asarray(ones.power(grid, method=method, assume_regular_frequency=True))), 0.0, 1.0)
    far = grid > 1.5 / span
    best = _best(grid, np.where(far, power, 0.0), span, 8)
    best = [f for f in best if f > 1.5 / span]
    peaks = tuple((f, float(np.interp(f, grid, power))) for f in best)
    return grid, power, tuple(p for p in peaks if p[1] > 0.1)


def _best(grid: Floats, power: Floats, span: float, most: int) -> list[float]:
    """Return the frequencies of the highest peaks that are apart by more than a peak's width."""
    top = np.flatnonzero((power >= np.append(power[1:], -1)) & (power > np.append([-1], power[:-1])))
    found: list[float] = []
    for i in top[np.argsort(-power[top])]:
        if all(abs(grid[i] - f) > 1.5 / span for f in found):
            found.append(float(grid[i]))
        if len(found) == most:
            break
    return found


#: What echoes are called: harmonics, and frequencies a number of days^-1 away.
_HARMONICS = ((0.5, "2P"), (2.0, "P/2"), (3.0, "P/3"), (1 / 3, "3P"))
_DAYS = (0.5, 1, 2, 3)


def name_of_echo(f: float, of: float, span: float, others: Sequence[float] = ()) -> str:
    """Return what a frequency is of another one: a harmonic, or an alias of the day or of a window peak; else nothing.

    Two frequencies are the same when they differ by less than 1.5 peak widths (1 / span); of several names the nearest
    is taken, that of a window peak only where there is no other.

    Parameters
    ----------
    f, of : float
        1/d; the echo, and the frequency it may be the echo of.
    span : float
        d; of the times.
    others : sequence of float
        1/d; peaks of the window.

    Examples
    --------
    >>> name_of_echo(1.7, 0.7, 100.0), name_of_echo(1.4, 0.7, 100.0), name_of_echo(0.7, 1.7, 100.0)
    ('1/P + 1 /d', 'P/2', '1/P - 1 /d')
    """
    names = [(abs(f - factor * of), name) for factor, name in _HARMONICS]
    for base, word in ((of, "1/P"), (2 * of, "2/P"), (of / 2, "1/(2P)")):
        for days in _DAYS:
            for shift in (days / DAY, days / SIDEREAL_DAY):
                names.append((abs(f - (base + shift)), f"{word} + {days:g} /d"))
                names.append((abs(f - (base - shift)), f"{word} - {days:g} /d"))
                names.append((abs(f - (shift - base)), f"{days:g} /d - {word}"))
    off, name = min(names, key=lambda pair: pair[0])
    if off < 1.5 / span:
        return name
    names = [(abs(abs(of + s * peak) - f), f"1/P {sign} window peak {peak:.4g} /d")
             for peak in others for s, sign in ((1, "+"), (-1, "-"))]  # fmt: skip
    off, name = min(names, key=lambda pair: pair[0], default=(np.inf, ""))
    return name if off < 1.5 / span else ""


def _named(peaks: list[Peak], span: float, window_peaks: Sequence[tuple[float, float]]) -> list[Peak]:
    """Give the peaks after the best the names of what they may be echoes of."""
    others = [f for f, _ in window_peaks]
    named = peaks[:1]
    for peak in peaks[1:]:
        named.append(replace(peak, alias=name_of_echo(1 / peak.period, 1 / peaks[0].period, span, others)))
    return named


def box_least_squares(
    data: Data, shortest: float, longest: float, *, durations: Sequence[float] | None = None, most: int = 5
) -> Periodogram:
    """Search for boxes (Kovacs et al. 2002, A&A 391, 369), each passband over its own weighted mean.

    Parameters
    ----------
    data : Data
        Flux that is positive in the mean.
    shortest, longest : float
        d.
    durations : sequence of float, optional
        d; by default from a hundredth of the shortest to a fifth of it, at most 0.3 d.
    """
    from astropy.timeseries import BoxLeastSquares

    span = float(np.ptp(data.time))
    scaled = _over_means(data)
    top = min(0.2 * shortest, 0.3)
    lengths = np.asarray(durations) if durations is not None else np.geomspace(max(top / 10, 0.01 * shortest), top, 6)
    model = BoxLeastSquares(scaled.time, scaled.flux, scaled.err)
    grid = box_frequencies(span, shortest, longest, float(np.min(lengths)))
    found = model.power(1.0 / grid, lengths, objective="likelihood", oversample=10)
    gain = np.maximum(np.nan_to_num(np.asarray(found.power) - np.nanmin(found.power)), 0.0)
    snr = np.nan_to_num(np.asarray(found.depth_snr))
    efficiency = (gain - gain.mean()) / max(float(gain.std()), 1e-300)
    wgrid, wpower, wpeaks = window(data.time)
    peaks = []
    for f in _best(grid, np.where(np.asarray(found.depth) > 0, efficiency, -1.0), span, most):
        i = int(np.argmin(np.abs(grid - f)))
        if efficiency[i] <= 0:  # less than an average period: no peak
            continue
        peaks.append(_box_peak(model, scaled, grid[i], float(efficiency[i]), float(snr[i]), found, i, span))
    peaks = _named(peaks, span, wpeaks)
    return Periodogram("bls", grid, efficiency, tuple(peaks), wgrid, wpower, wpeaks, len(data.time), span, {})


def box_frequencies(span: float, shortest: float, longest: float, duration: float) -> Floats:
    """Return frequencies (1/d) in which the phase of a box of this duration shifts by a third of it over the span.

    Raises
    ------
    ValueError
        If there would be more than a tenth of `MOST_FREQUENCIES`, or none.
    """
    step = duration / (3.0 * span * shortest)
    n = int(np.ceil((1 / shortest - 1 / longest) / step)) + 1
    if not 0 < shortest < longest or n > MOST_FREQUENCIES // 10:
        raise ValueError(n)
    return np.asarray(1 / longest + step * np.arange(n), float)


def _over_means(data: Data) -> Data:
    """Return flux over the median of its passband."""
    flux, err = data.flux.copy(), data.err.copy()
    for band in data.bands():
        here = data.band == band
        middle = float(np.median(flux[here]))
        flux[here], err[here] = flux[here] / middle, err[here] / abs(middle)
    return Data(data.time, flux, err, data.band)


def _box_peak(model: Any, data: Data, f: float, efficiency: float, snr: float, found: Any, i: int, span: float) -> Peak:
    """Return a peak; the error of the period is that of the middles of the first and last box over the cycles between.

    The middle of one box of depth d and duration w that n points of error s fall into is known to
    w s / (d sqrt(2 n)) or so; the false alarm is that of the depth's signal to noise among all boxes tried.
    """
    from scipy.stats import norm

    duration, depth = float(found.duration[i]), float(found.depth[i])
    best, at = 1 / f, float(found.transit_time[i])
    near = np.linspace(f - 0.5 * duration * f / span, f + 0.5 * duration * f / span, 41)
    fine = model.power(1 / near[near > 0], duration, objective="likelihood", oversample=20)
    k = int(np.nanargmax(fine.power))
    best, at, depth = float(fine.period[k]), float(fine.transit_time[k]), float(fine.depth[k])
    snr = float(np.nan_to_num(fine.depth_snr[k]))
    middle_err = duration / (2 * max(snr, 1e-9))
    tried = span * f * best / duration * len(found.period) / 3
    false_alarm = float(-np.expm1(tried * np.log1p(-min(float(norm.sf(snr)), 1 - 1e-16))))
    err = middle_err * np.sqrt(12.0) / (span / best) if span / best > _CYCLES else np.nan
    return Peak(best, float(err), efficiency, false_alarm, depth, "", at, duration)
