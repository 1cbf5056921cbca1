"""The plot of scatter against magnitude: what is usual for a brightness, and who stands out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from photdb.output import plot_style as style

#: So many candidates are named beside their points in one panel; more would cover each other.
_NAMED = 15


@dataclass(frozen=True, slots=True)
class Star:
    """One star: the panel it is in, magnitude, rms and what is usual (mag), and its name where it is a candidate."""

    band: str
    mag: float
    rms: float
    usual: float
    label: str | None = None


def draw_scatter(stars: Sequence[Star], path: Path, *, sigma: float) -> None:
    """Draw rms against magnitude, one panel a band, with the usual rms and the candidates named.

    Parameters
    ----------
    stars : sequence of Star
        Those without a finite magnitude or scatter are left out.
    path : Path
        The picture; its suffix says which kind.
    sigma : float
        From which excess stars are candidates, for the legend.
    """
    bands = list(dict.fromkeys(s.band for s in stars))
    figure = style.new_figure(9, 1.0 + 4.2 * len(bands))
    axes = figure.subplots(len(bands), 1, squeeze=False)[:, 0]
    for ax, band in zip(axes, bands, strict=True):
        good = [s for s in stars if s.band == band and np.isfinite(s.mag) and s.rms > 0]
        _panel(ax, good, sigma)
        ax.set_title(
            f"{band}: {len(good)} stars, {sum(s.label is not None for s in good)} candidates", fontsize=10, loc="left"
        )
    style.legend_below(figure, axes)
    style.save(figure, path)


def _panel(ax: Any, stars: Sequence[Star], sigma: float) -> None:
    """Draw one band."""
    ax.set_yscale("log")
    plain = [s for s in stars if s.label is None]
    found = sorted((s for s in stars if s.label is not None), key=lambda s: -s.rms / s.usual)
    look = {"ls": "none", "marker": "o", "ms": style.size_of(len(stars)), "rasterized": len(plain) > 2000}
    ax.plot([s.mag for s in plain], [s.rms for s in plain], color=style.GREY, alpha=0.6, label="stars", **look)
    usual = sorted((s.mag, s.usual) for s in stars if s.usual > 0)
    if usual:
        mag, rms = (np.array(v) for v in zip(*usual, strict=True))
        places, middle = _smooth(mag, rms)
        ax.plot(places, middle, color="black", lw=1.4, label="usual for the brightness")
    marks = {"ls": "none", "marker": "D", "ms": 5, "color": style.VERMILION, "zorder": 4}
    ax.plot(
        [s.mag for s in found], [s.rms for s in found], label=f"candidates (above {sigma:g} sigma, and more)", **marks
    )
    _name(ax, found)
    ax.set_xlabel("magnitude")
    ax.set_ylabel("rms (mag)")
    ax.grid(alpha=0.25, lw=0.5, which="both")


def _smooth(mag: Any, rms: Any) -> tuple[Any, Any]:
    """Return the median of the usual rms along magnitude: that of single stars differs with their errors."""
    parts = np.array_split(np.arange(len(mag)), min(60, max(1, len(mag) // 5)))
    return np.array([np.median(mag[p]) for p in parts]), np.array([np.median(rms[p]) for p in parts])


def _name(ax: Any, found: Sequence[Star]) -> None:
    """Write names beside the candidates, the clearest first, where they cover neither another name nor a candidate."""
    ax.set(xlim=ax.get_xlim(), ylim=ax.get_ylim())  # the axes are as they will be
    to_axes = ax.transData + ax.transAxes.inverted()
    places = [to_axes.transform((s.mag, s.rms)) for s in found]
    taken = [(x - 0.008, y - 0.012, x + 0.008, y + 0.012) for x, y in places]
    for star, (x, y) in list(zip(found, places, strict=True))[:_NAMED]:
        wide = 0.0085 * len(star.label or "")
        for right, up in ((1, 0.012), (1, -0.04), (-1, 0.012), (-1, -0.04)):
            left = x + 0.01 if right > 0 else x - 0.01 - wide
            box = (left, y + up, left + wide, y + up + 0.028)
            if box[0] < 0 or box[2] > 1 or any(_cover(box, other) for other in taken):
                continue
            ax.text(left, y + up, star.label, fontsize=7, transform=ax.transAxes, va="bottom", zorder=5)
            taken.append(box)
            break


def _cover(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    """Whether two boxes (left, bottom, right, top) overlap."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
