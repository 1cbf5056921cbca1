"""The plot of a search for moving bodies: a whole field with what no star explains, and the tracklets in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.output import plot_style as style

Floats = NDArray[np.float64]

#: Panels beside each other.
_ACROSS = 2


@dataclass(frozen=True, slots=True)
class Track:
    """A tracklet: arcmin to the east and north of the centre, in order of time; what is written beside it."""

    x: Floats
    y: Floats
    label: str


@dataclass(frozen=True, slots=True)
class Panel:
    """A field: its title, leftovers (arcmin east, north), outlines of its frames, and tracklets."""

    title: str
    x: Floats
    y: Floats
    outlines: Sequence[tuple[Floats, Floats]]
    paths: Sequence[Track]


def draw(panels: Sequence[Panel], path: Path) -> None:
    """Draw fields, east to the left.

    Parameters
    ----------
    panels : sequence of Panel
    path : Path
        The picture; its suffix says which kind.
    """
    across = min(_ACROSS, len(panels))
    down = -(-len(panels) // across)
    figure = style.new_figure(7.5 * across, 7.2 * down + 0.4)
    axes = figure.subplots(down, across, squeeze=False).ravel()
    for ax, panel in zip(axes, panels, strict=False):
        _draw(ax, panel)
    for ax in axes[len(panels) :]:
        ax.remove()
    style.legend_below(figure, axes[: len(panels)])
    style.save(figure, path)


def _draw(ax: Any, panel: Panel) -> None:
    """Draw one field."""
    for k, (x, y) in enumerate(panel.outlines):
        look = {"color": style.GREY, "lw": 0.6, "alpha": 0.5, "label": None if k else "frames"}
        ax.plot(np.append(x, x[0]), np.append(y, y[0]), **look)
    ax.plot(
        panel.x, panel.y, ls="none", marker=".", ms=min(style.size_of(len(panel.x)), 4.0), color=style.GREY, alpha=0.7,
        label="detections of no star", rasterized=len(panel.x) > 2000, mew=0,
    )  # fmt: skip
    for k, track in enumerate(panel.paths):
        _draw_path(ax, track, style.COLOURS[k % len(style.COLOURS)], label="tracklets" if k == 0 else None)
    ax.set_aspect("equal")
    ax.invert_xaxis()
    ax.set_xlabel("east of the centre (arcmin)")
    ax.set_ylabel("north (arcmin)")
    ax.set_title(panel.title, fontsize=10, loc="left")
    style.grid(ax)


def _draw_path(ax: Any, track: Track, colour: str, *, label: str | None) -> None:
    """Draw a tracklet, with an arrow where it goes."""
    ax.plot(track.x, track.y, "-o", color=colour, ms=4.5, mfc="none", mew=1.0, lw=0.8, label=label, zorder=4)
    ahead = track.x[-1] + 0.35 * (track.x[-1] - track.x[0]), track.y[-1] + 0.35 * (track.y[-1] - track.y[0])
    ax.annotate("", xy=ahead, xytext=(track.x[-1], track.y[-1]), arrowprops={"arrowstyle": "->", "color": colour})
    look = {"xytext": (6, 6), "textcoords": "offset points", "fontsize": 8, "color": colour, "zorder": 5}
    ax.annotate(track.label, (track.x[0], track.y[0]), **look)
