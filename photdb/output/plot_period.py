"""Plots of periods: the periodogram with its window, and points over their phase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.output import plot_style as style

Floats = NDArray[np.float64]

#: More frequencies than this are drawn as the greatest of each piece of the axis.
_DRAWN = 6000


def draw_period(found: Any, data: Any, path: Path, *, title: str, zero: float, time: str) -> None:
    """Draw power over frequency with peaks and window, and the points over the phase of the best period.

    Parameters
    ----------
    found : Periodogram
        Of `photdb.photometry.periods`, with at least one peak.
    data : Data
        The points that were searched, of the same.
    path : Path
        The picture; its suffix says which kind.
    title : str
        Name of the star.
    zero : float
        d; what was taken from the times.
    time : str
        What the times are, as ``BJD_TDB``.
    """
    best = found.peaks[0]
    figure = style.new_figure(9, 9.5)
    power, window, folded = figure.subplots(3, 1, height_ratios=(3, 1.6, 4))
    _power(power, found)
    _line(window, found.window_frequency, found.window_power, color=style.GREY)
    window.set_ylabel("window")
    window.set_xlabel("frequency (1/d)")
    window.set_ylim(0, 1.02)
    style.grid(window)
    _folded(folded, data, best.period, best.epoch)
    folded.set_xlabel(f"phase of {best.period:.7g} d, 0 at {time} {zero + best.epoch:.5f}")
    folded.set_ylabel("flux / mean")
    style.grid(folded)
    style.legend_above(folded)
    style.title(figure, [title, f"{found.n} points in {found.span:.2f} d, method {found.method}"])
    style.save(figure, path)


def _power(ax: Any, found: Any) -> None:
    """Draw the power, its peaks with their names, and the levels of false alarm."""
    _line(ax, found.frequency, found.power, color=style.BLUE)
    top = max(float(np.max(found.power)), max(p.power for p in found.peaks))
    for level, power in found.level.items():
        if power < 1.3 * top:
            ax.axhline(power, color=style.GREY, lw=0.8, ls="--")
            ax.annotate(f"{level:g}", (1.0, power), xycoords=("axes fraction", "data"), fontsize=7, xytext=(2, -2),
                        textcoords="offset points")  # fmt: skip
    for i, peak in enumerate(found.peaks):
        label = f"{peak.period:.6g} d" + (f"\n{peak.alias}" if peak.alias else "")
        ax.plot([1 / peak.period], [peak.power], "v", color=style.VERMILION, ms=6 if i == 0 else 4, zorder=4)
        ax.annotate(
            label, (1 / peak.period, peak.power), xytext=(0, 6), textcoords="offset points", fontsize=7, ha="center"
        )
    ax.set_ylim(min(0.0, float(np.min(found.power))), 1.22 * top)
    ax.set_ylabel("power" if found.method == "ls" else "detection efficiency")
    style.grid(ax)


def _line(ax: Any, x: Floats, y: Floats, *, color: str) -> None:
    """Draw a line of very many points without losing a peak."""
    if len(x) > _DRAWN:
        size = len(x) // (_DRAWN // 2)
        n = len(x) // size * size
        pieces = y[:n].reshape(-1, size)
        x = np.repeat(x[:n].reshape(-1, size).mean(axis=1), 2)
        y = np.column_stack([pieces.min(axis=1), pieces.max(axis=1)]).ravel()
    ax.plot(x, y, color=color, lw=0.7)


def _folded(ax: Any, data: Any, period: float, epoch: float) -> None:
    """Draw flux over its mean against phase, one and a half cycles."""
    for i, band in enumerate(sorted(data.bands(), key=style.band_rank)):
        own = data.of(band)
        mean = float(np.average(own.flux, weights=own.err**-2.0))
        x = _phase(own.time, period, epoch)
        _cycles(ax, x, own.flux / mean, own.err / abs(mean), str(band), i)


def _cycles(ax: Any, x: Floats, y: Floats, err: Floats, label: str, i: int) -> None:
    """Draw points from phase -0.5 to 1, the half that comes twice paler."""
    look: dict[str, Any] = {
        "fmt": style.MARKERS[i % len(style.MARKERS)],
        "ms": style.size_of(len(x)),
        "elinewidth": 0.6,
    }
    look["color"] = style.COLOURS[i % len(style.COLOURS)]
    ax.errorbar(x, y, yerr=err, label=label, alpha=0.9, **look)
    again = x < 0
    ax.errorbar(x[again] + 1, y[again], yerr=err[again], alpha=0.35, **look)


def draw_curve(
    points: Sequence[Mapping[str, Any]], path: Path, *, title: str, period: float, epoch: float | None = None
) -> None:
    """Draw magnitudes over phase; each system of magnitudes in a panel of its own.

    Parameters
    ----------
    points : sequence of mappings
        Rows of a light curve that have a magnitude.
    path : Path
        The picture.
    title : str
        Name of the star.
    period : float
        d.
    epoch : float, optional
        Of phase 0: BJD (TDB), or MJD where it is below 2 million; by default that of the first point.
    """
    time = _times(points)
    if epoch is None:
        epoch = float(np.min(time))
    elif epoch < 2e6 and np.min(time) > 2e6:
        epoch += 2400000.5
    elif epoch > 2e6 and np.max(time) < 2e6:
        epoch -= 2400000.5
    systems = sorted({p["mag_system"] for p in points})
    figure = style.new_figure(9, 1.4 + 4.2 * len(systems))
    axes = figure.subplots(len(systems), 1, sharex=True, squeeze=False)[:, 0]
    bands = sorted({p["band"] for p in points}, key=style.band_rank)
    for ax, system in zip(axes, systems, strict=True):
        for i, band in enumerate(bands):
            here = np.array([p["mag_system"] == system and p["band"] == band for p in points])
            if here.any():
                mag = np.array([p["mag"] for p in points], float)[here]
                err = np.array([p["mag_err"] for p in points], float)[here]
                _cycles(ax, _phase(time[here], period, epoch), mag, err, band or "no band", i)
        ax.set_ylabel(f"magnitude ({system})")
        ax.invert_yaxis()
        style.grid(ax)
        style.legend_above(ax)
    name = "BJD (TDB)" if np.max(time) > 2e6 else "MJD (UTC)"
    axes[-1].set_xlabel(f"phase of {period:.8g} d, 0 at {name} {epoch:.5f}")
    style.title(figure, [title, f"{len(points)} points"])
    style.save(figure, path)


def _times(points: Sequence[Mapping[str, Any]]) -> Floats:
    """Return BJD where all points have it, else MJD."""
    if all(p["bjd_tdb"] is not None for p in points):
        return np.array([p["bjd_tdb"] for p in points], float)
    return np.array([p["mjd_mid"] for p in points], float)


def _phase(time: Floats, period: float, epoch: float) -> Floats:
    """Return phases from -0.5 to 0.5, 0 at the epoch."""
    return np.asarray(np.mod((time - epoch) / period + 0.5, 1.0) - 0.5)
