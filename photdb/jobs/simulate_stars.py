"""The stars of a simulated survey: where they are, what they do, and what a catalogue says of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from photdb.errors import UsageError
from photdb.jobs.simulate_nights import frame_wcs, window
from photdb.jobs.simulate_setup import PASSBANDS, Setup
from photdb.photometry.synthetic_sky import BANDS, draw_magnitudes, eclipse, sawtooth, sine

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

#: Epoch of the catalogue's positions (Gaia DR3), Julian year and MJD.
EPOCH, EPOCH_MJD = 2016.0, 57388.5
_YEAR_D = 365.25
#: What a star cannot be seen at.
ABSENT = 99.0


@dataclass(frozen=True, slots=True)
class Field:
    """All stars of a simulation; arrays of one length.

    Attributes
    ----------
    ra, dec, pm_ra, pm_dec
        At epoch 2016.0, deg; mas/yr (pm_ra with cos dec).
    mags
        Mean magnitudes by band.
    kind
        star, sine, sawtooth, eclipse, transient or asteroid.
    amplitude, period, t0
        mag; days; MJD of phase 0 (of the middle of an eclipse; of the appearance).
    rate, angle
        Motion of asteroids, arcsec per hour; its position angle, deg. Their ra, dec hold at t0.
    eclipse_hours
        From first to last contact.
    """

    ra: NDArray[np.float64]
    dec: NDArray[np.float64]
    pm_ra: NDArray[np.float64]
    pm_dec: NDArray[np.float64]
    mags: dict[str, NDArray[np.float64]]
    kind: NDArray[np.str_]
    amplitude: NDArray[np.float64]
    period: NDArray[np.float64]
    t0: NDArray[np.float64]
    rate: NDArray[np.float64]
    angle: NDArray[np.float64]
    eclipse_hours: float = field(default=2.5)

    @property
    def n(self) -> int:
        """Number of stars."""
        return int(self.ra.size)

    def positions(self, mjd: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return right ascension and declination of a moment, deg."""
        years = (mjd - EPOCH_MJD) / _YEAR_D
        hours = (mjd - self.t0) * 24.0
        turn = np.radians(self.angle)
        east = self.pm_ra * years / 1000.0 + self.rate * hours * np.sin(turn)
        north = self.pm_dec * years / 1000.0 + self.rate * hours * np.cos(turn)
        dec = self.dec + north / 3600.0
        return (self.ra + east / 3600.0 / np.cos(np.radians(self.dec))) % 360.0, dec

    def magnitudes(self, band: str, mjd: float) -> NDArray[np.float64]:
        """Return the magnitudes of a moment; `ABSENT` where a transient has not appeared."""
        days = mjd - self.t0
        phase = days / self.period
        hours = ((phase + 0.5) % 1.0 - 0.5) * self.period * 24.0
        mag = self.mags[band].copy()
        for kind, curve in (
            ("sine", sine(phase)),
            ("sawtooth", sawtooth(phase)),
            ("eclipse", eclipse(hours, self.eclipse_hours)),
        ):
            mag += np.where(self.kind == kind, self.amplitude * curve, 0.0)
        new = self.kind == "transient"
        return np.where(new & (days < 0), ABSENT, mag + np.where(new, self.amplitude * days, 0.0))

    def table(self) -> pl.DataFrame:
        """Return the table of the truth: one row per star."""
        import polars as pl

        own = {"ra": self.ra, "dec": self.dec, "pm_ra": self.pm_ra, "pm_dec": self.pm_dec}
        varies = {
            "amplitude": self.amplitude,
            "period": self.period,
            "t0": self.t0,
            "rate": self.rate,
            "angle": self.angle,
        }
        return pl.DataFrame({"id": np.arange(self.n), "kind": self.kind, **own, **self.mags, **varies})


def draw_field(setup: Setup, rng: np.random.Generator) -> Field:
    """Return the stars of a setup: over the frame and a margin for pointing, drift and flip.

    Raises
    ------
    UsageError
        If too few stars are bright enough, unsaturated and alone to be the variables asked for.
    """
    slack = 4.0 * (setup.pointing_error + setup.dither) + abs(setup.drift) * setup.hours + 60.0
    half = 0.5 * np.hypot(setup.width, setup.height) + slack / setup.scale
    n = int(rng.poisson(setup.stars * (2.0 * half) ** 2 / (setup.width * setup.height)))
    x, y = rng.uniform(-half, half, (2, n))
    mags = draw_magnitudes(n, setup.brightest, setup.faintest, rng)
    pm = rng.normal(0.0, 4.0, (2, n))
    kind = np.full(n, "star", dtype="U9")
    amplitude, period, t0 = np.zeros(n), np.ones(n), np.full(n, window(setup, 0)[0])
    begin, end, _ = window(setup, 0)
    wanted = setup.variables + setup.eclipses
    chosen = _choose(setup, x, y, mags["r"], wanted, rng)
    for k, j in enumerate(chosen):
        if k < setup.eclipses:
            kind[j], amplitude[j], t0[j] = "eclipse", setup.eclipse_depth, (begin + end) / 2.0
        else:
            kind[j], amplitude[j] = ("sine", "sawtooth")[(k - setup.eclipses) % 2], setup.amplitude
            period[j] = rng.uniform(*setup.period)
            t0[j] += rng.random() * period[j]
    movers = rng.permutation(np.setdiff1d(_candidates(setup, x, y, mags["r"]), chosen))[: setup.movers]
    size, turn = rng.uniform(100.0, 1000.0, movers.size), rng.uniform(0.0, 2.0 * np.pi, movers.size)
    pm[:, movers] = size * np.sin(turn), size * np.cos(turn)
    extra = setup.transients + setup.asteroids
    last = window(setup, setup.nights - 1)[1]
    if extra:
        near = min(setup.width, setup.height) / 4.0
        x, y = np.r_[x, rng.uniform(-near, near, extra)], np.r_[y, rng.uniform(-near, near, extra)]
        low, high = _useful(setup)
        late = draw_magnitudes(extra, low + 0.5, high, rng)
        mags = {band: np.r_[mags[band], late[band]] for band in BANDS}
        kind = np.r_[kind, ["transient"] * setup.transients + ["asteroid"] * setup.asteroids]
        pm = np.hstack([pm, np.zeros((2, extra))])
        amplitude, period = np.r_[amplitude, np.where(kind[n:] == "transient", 0.3, 0.0)], np.r_[period, np.ones(extra)]
        t0 = np.r_[t0, np.full(extra, (begin + last) / 2.0)]
    moves = kind == "asteroid"
    wcs = frame_wcs(setup, *setup.field, False, distorted=False)
    ra, dec = wcs.all_pix2world(x + (setup.width - 1) / 2.0, y + (setup.height - 1) / 2.0, 0)
    return Field(
        ra=np.asarray(ra), dec=np.asarray(dec), pm_ra=np.round(pm[0], 3), pm_dec=np.round(pm[1], 3),
        mags=mags, kind=kind, amplitude=amplitude, period=period, t0=t0, rate=np.where(moves, setup.asteroid_rate, 0.0),
        angle=np.where(moves, rng.uniform(0.0, 360.0, x.size), 0.0), eclipse_hours=setup.eclipse_hours,
    )  # fmt: skip


def _useful(setup: Setup) -> NDArray[np.float64]:
    """Return the magnitudes (r) between which a star is neither near saturation nor lost in noise, in all bands."""
    area = np.pi * (setup.fwhm * 0.85 / setup.scale) ** 2 / 2.0 + 1.0  # pixels that hold the light of a peak
    zero = PASSBANDS[setup.bands[0]][0] + 5.0 * np.log10(setup.diameter / 0.5)
    full = 0.3 * setup.saturation * setup.gain * area / setup.exptime
    bright = zero - 2.5 * np.log10(full)
    return np.array([bright, bright + 2.5])


def _candidates(
    setup: Setup, x: NDArray[np.float64], y: NDArray[np.float64], r: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the stars of useful brightness in the middle of the frame with no neighbour within 5 FWHM."""
    from scipy.spatial import KDTree

    places = np.c_[x, y]
    apart = np.atleast_2d(KDTree(places).query(places, k=2)[0])[:, 1] if x.size > 1 else np.full(x.size, np.inf)
    low, high = _useful(setup)
    middle = (np.abs(x) < 0.35 * setup.width) & (np.abs(y) < 0.35 * setup.height)
    return np.flatnonzero(middle & (r > low) & (r < high) & (apart > 5.0 * setup.fwhm / setup.scale))


def _choose(
    setup: Setup,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    r: NDArray[np.float64],
    n: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Return n stars to vary, the brightest of the drawn first."""
    candidates = _candidates(setup, x, y, r)
    if candidates.size < n:
        low, high = _useful(setup)
        raise UsageError(
            f"{n} variables and eclipses are asked for, and {candidates.size} of {x.size} stars are alone, near the "
            f"middle and between magnitude {low:.1f} and {high:.1f}, where they neither saturate nor fade",
            "more stars, a larger frame, or fewer variables",
        )
    drawn = rng.permutation(candidates)[:n]
    return np.asarray(drawn[np.argsort(r[drawn])])


def write_catalog(path: Path, field: Field, setup: Setup, rng: np.random.Generator) -> None:
    """Write what VizieR would say of the field (Gaia XP synthetic photometry): noisy magnitudes, a few quite wrong."""
    import polars as pl

    known = np.isin(field.kind, ("transient", "asteroid"), invert=True) & (field.mags["r"] < setup.catalog_limit)
    n = int(known.sum())
    wrong = rng.random(n) < setup.catalog_outliers
    shift = np.where(wrong, rng.choice([-1.0, 1.0], n) * rng.uniform(0.2, 1.0, n), 0.0)
    columns: dict[str, NDArray[Any]] = {
        "RA_ICRS": np.round(field.ra[known], 11), "DE_ICRS": np.round(field.dec[known], 11),
        "pmRA": field.pm_ra[known], "pmDE": field.pm_dec[known],
    }  # fmt: skip
    for band in BANDS:
        columns[f"{band}mag"] = np.round(
            field.mags[band][known] + shift + setup.catalog_noise * rng.standard_normal(n), 4
        )
        columns[f"{band}Flag"] = np.ones(n, dtype=int)  # inside the range the synthetic magnitudes were validated for
    for band in BANDS:
        columns[f"e_{band}mag"] = np.full(n, round(max(setup.catalog_noise, 0.001), 4))
    pl.DataFrame(columns).write_csv(path)
