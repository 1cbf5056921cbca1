"""Plots of what a fit of zero points left over: against magnitude, against colour, and over the detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.output import plot_style as style
from photdb.output.plot_style import BLUE, GREY, VERMILION, Floats, Range

_FEW = 80  # fewer stars are drawn one by one over the detector
_IN_CELL = 10  # stars, on the average, in a cell of the map
_MOST_CELLS = 24  # along an axis


@dataclass(frozen=True, slots=True)
class Residuals:
    """Stars that a zero point was fitted to, or that were left out; one entry a star and frame.

    Attributes
    ----------
    mag
        mag; of the reference star.
    colour
        mag; of the reference star, NaN unknown.
    u, v
        Place on the detector, -1 to 1.
    left
        mag; m_ref - m_inst - zp.
    by_colour, by_mag, by_place
        mag; what the terms of the fit say of it, 0 where there is no term.
    used, held
        Whether the fit used it; whether it was kept back to judge the fit. Neither: a cut removed it.
    """

    mag: Floats
    colour: Floats
    u: Floats
    v: Floats
    left: Floats
    by_colour: Floats
    by_mag: Floats
    by_place: Floats
    used: NDArray[np.bool_]
    held: NDArray[np.bool_]

    def but(self, *kept: str) -> Floats:
        """Return what is left when all terms are taken away but some."""
        gone = [getattr(self, name) for name in ("by_colour", "by_mag", "by_place") if name not in kept]
        return np.asarray(self.left - sum(gone))


@dataclass(frozen=True, slots=True)
class Line:
    """A term of the fit: slope and error (mag per mag; None: given, not fitted), and where it is zero (the pivot)."""

    slope: float
    error: float | None
    pivot: float

    @property
    def words(self) -> str:
        """The slope with its error."""
        return style.signed(self.slope) + (f" ± {self.error:.4f}" if self.error is not None else " (given)")


def draw_mag(stars: Residuals, path: Path, *, title: str, band: str, lines: Sequence[Line] = ()) -> None:
    """Draw what is left against the reference magnitude, other terms than the magnitude's taken away.

    Parameters
    ----------
    stars : Residuals
        The stars.
    path : Path
        The picture; its suffix says which kind.
    title : str
        Which frames.
    band : str
        Band and system of the reference magnitudes.
    lines : sequence of Line
        The magnitude terms of the frames.
    """
    _draw(
        stars.mag, stars.but("by_mag"), stars, path,
        title=title, lines=lines, term="magnitude term", name=f"reference magnitude {band} (mag)",
    )  # fmt: skip


def draw_colour(stars: Residuals, path: Path, *, title: str, index: str, lines: Sequence[Line] = ()) -> None:
    """Draw what is left against the colour of the stars, other terms than the colour's taken away.

    Parameters
    ----------
    stars : Residuals
        The stars; those without a colour are not drawn.
    path : Path
        The picture; its suffix says which kind.
    title : str
        Which frames.
    index : str
        The colour index, as ``g-i``.
    lines : sequence of Line
        The colour terms of the frames.
    """
    name = f"{index.replace('-', ' − ')} (mag)"
    _draw(
        stars.colour, stars.but("by_colour"), stars, path,
        title=title, lines=lines, term="colour term", name=name,
    )  # fmt: skip


def _draw(
    x: Floats, y: Floats, stars: Residuals, path: Path, *, title: str, lines: Sequence[Line], term: str, name: str
) -> None:
    """Draw residuals against something, with the terms that were fitted to them and what is left without them."""
    figure = style.new_figure(8.0, 5.4)
    ax = figure.subplots()
    known = np.isfinite(x)
    ys = Range.of(y[known & (stars.used | stars.held)], share=0.06)
    _points(ax, x, y, stars, known, ys)
    if len(lines):
        _terms(ax, x[known & stars.used], lines, term)
    else:
        ax.axhline(0.0, color=VERMILION, lw=1.4, label=f"no {term}", zorder=4)
    style.draw_median(ax, x[known & stars.used], y[known & stars.used])
    xs = Range.of(x[known & (stars.used | stars.held)], share=0.0, least=0.2)
    ax.set_xlim(xs.low, xs.high)
    ax.set_ylim(ys.low, ys.high)
    ax.set_xlabel(name)
    ax.set_ylabel("reference − instrumental − zero point (mag)")
    style.grid(ax)
    style.legend_above(ax, columns=3)
    style.title(figure, [title, _beyond(y[known], ys)])
    style.save(figure, path)


def _points(ax: Any, x: Floats, y: Floats, stars: Residuals, known: NDArray[np.bool_], ys: Range) -> None:
    """Draw the stars: those left out, used, and kept back."""
    n = int(known.sum())
    size, alpha = style.size_of(n), float(np.clip((400 / max(n, 1)) ** 0.4, 0.25, 0.9))
    out, used, held = known & ~stars.used & ~stars.held, known & stars.used, known & stars.held
    for which, label, look in (
        (out, "left out by a cut", {"color": GREY, "marker": "x", "zorder": 1}),
        (used, "used", {"color": BLUE, "zorder": 2}),
        (held, "kept back", {"color": "#009E73", "mfc": "none", "marker": "D", "zorder": 3}),
    ):
        if which.any():
            style.draw_points(
                ax, x[which], y[which], ys, label=f"{label} ({which.sum()})", size=size, **{"alpha": alpha} | look
            )


def _terms(ax: Any, x: Floats, lines: Sequence[Line], term: str) -> None:
    """Draw the lines of the terms over the stars used, and their pivots."""
    ends = np.array([np.min(x), np.max(x)]) if len(x) else np.array([0.0, 1.0])
    different = list(dict.fromkeys(lines))
    middle = different[len(different) // 2]
    words = middle.words if len(different) == 1 else _many(different)
    for line in different[:200]:
        ax.plot(
            ends, line.slope * (ends - line.pivot), color=VERMILION, zorder=4,
            lw=1.8 if len(different) == 1 else 0.8, alpha=1.0 if len(different) == 1 else 0.4,
            label=f"{term} {words}" if line is different[0] else None,
        )  # fmt: skip
    ax.axhline(0.0, color=GREY, lw=0.8, zorder=1)
    for pivot in dict.fromkeys(line.pivot for line in different):
        ax.axvline(pivot, color="black", lw=1.0, ls=":", zorder=4, label=f"pivot {pivot:.2f}")


def _many(lines: Sequence[Line]) -> str:
    """Return the slopes of many lines in words."""
    slopes = np.array([line.slope for line in lines])
    return f"{style.signed(slopes.min())} to {style.signed(slopes.max())} ({len(lines)})"


def _beyond(y: Floats, ys: Range) -> str:
    """Return how many stars lie outside the plot."""
    n = int(ys.beyond(y[np.isfinite(y)]).sum())
    return (
        f"{n} star{'' if n == 1 else 's'} beyond the axis, as triangle{'' if n == 1 else 's'} at its edge" if n else ""
    )


def draw_map(
    stars: Residuals, path: Path, *, title: str, surface: Floats | None = None, size: tuple[int, int] | None = None
) -> None:
    """Draw what is left over the detector: medians in cells, and the fitted map as contours.

    With a map there are two panels: before (with the contours) and after it is taken away. Few stars are drawn one by
    one.

    Parameters
    ----------
    stars : Residuals
        The stars; only those used and kept back are drawn.
    path : Path
        The picture; its suffix says which kind.
    title : str
        Which frames.
    surface : array of shape (rows, columns), optional
        mag; the fitted map at evenly spaced places from corner to corner (row: v).
    size : tuple of int, optional
        Width and height of the detector, px; None: axes from -1 to 1.
    """
    good = stars.used | stars.held
    panels = [("before the map, which is drawn as contours", stars.but("by_place")), ("after it", stars.but())]
    panels = panels if surface is not None else [("", stars.but())]
    u, v = stars.u[good], stars.v[good]
    width, height = size or (1000, 1000)
    tall = float(np.clip(height / width, 0.5, 2.0))
    figure = style.new_figure(1.8 + 4.4 * len(panels), 1.6 + 3.7 * tall)
    axes = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    pictures = [_cells(u, v, y[good]) for _, y in panels]
    values = [y[good] for _, y in panels] if len(u) < _FEW else [p[np.isfinite(p)] for p in pictures]
    reach = max([float(np.quantile(np.abs(v_), 0.98)) for v_ in values if len(v_)] + [0.005])
    for ax, (label, y), picture in zip(axes, panels, pictures, strict=True):
        drawn = _over_detector(ax, u, v, y[good], picture, reach, size)
        ax.set_title(_panel_title(label, y[good]), fontsize=9)
        ax.set_xlabel("x (px)" if size else "u")
        ax.set_aspect("equal")
    if surface is not None:
        _contours(axes[0], surface, size)
    axes[0].set_ylabel("y (px)" if size else "v")
    bar = figure.colorbar(drawn, ax=list(axes), shrink=0.85, extend="both")
    bar.set_label("reference − instrumental − zero point (mag)")
    style.title(figure, [title, _said(u)])
    style.save(figure, path)


def _said(u: Floats) -> str:
    """Return how the map is drawn."""
    if len(u) < _FEW:
        return f"{len(u)} stars, drawn one by one"
    side = _side(len(u))
    return f"{len(u)} measurements, medians in {side} × {side} cells; grey: fewer than 3 stars"


def _side(n: int) -> int:
    """Return into how many cells an axis is divided for n stars."""
    return int(np.clip(np.sqrt(n / _IN_CELL), 3, _MOST_CELLS))


def _cells(u: Floats, v: Floats, y: Floats) -> Floats:
    """Return the medians in cells of the detector (row: v), NaN with fewer than 3 stars."""
    side = _side(len(u))
    row, column = (np.clip(np.floor((w + 1) / 2 * side), 0, side - 1).astype(int) for w in (v, u))
    cell = row * side + column
    order = np.argsort(cell, kind="stable")
    found = np.full(side * side, np.nan)
    for some in np.split(order, np.flatnonzero(np.diff(cell[order])) + 1):
        if len(some) >= 3:
            found[cell[some[0]]] = np.median(y[some])
    return found.reshape(side, side)


def _over_detector(
    ax: Any, u: Floats, v: Floats, y: Floats, picture: Floats, reach: float, size: tuple[int, int] | None
) -> Any:
    """Draw cells, or stars where there are few; return what the colour bar is of."""
    look = {"cmap": "RdBu_r", "vmin": -reach, "vmax": reach}
    low, high = _pixels(np.array([-1.0, 1.0]), np.array([-1.0, 1.0]), size)
    ax.set_xlim(low[0], low[1])
    ax.set_ylim(high[0], high[1])
    if len(u) < _FEW:
        x, height = _pixels(u, v, size)
        return ax.scatter(x, height, c=y, s=45, edgecolors="black", linewidths=0.6, clip_on=False, **look)
    ax.set_facecolor("#BFBFBF")  # white is a residual of zero
    return ax.imshow(picture, origin="lower", extent=(*low, *high), interpolation="nearest", **look)


def _pixels(u: Floats, v: Floats, size: tuple[int, int] | None) -> tuple[Floats, Floats]:
    """Return pixel coordinates of places from -1 to 1, or these where the size is not known."""
    if size is None:
        return u, v
    return (u + 1) / 2 * (size[0] - 1), (v + 1) / 2 * (size[1] - 1)


def _contours(ax: Any, surface: Floats, size: tuple[int, int] | None) -> None:
    """Draw the fitted map as contours, labelled in millimagnitudes."""
    from matplotlib.patheffects import withStroke

    rows, columns = surface.shape
    u, v = np.meshgrid(np.linspace(-1, 1, columns), np.linspace(-1, 1, rows))
    height = 1000 * surface
    if np.ptp(height) < 0.01:  # flat: nothing to draw
        return
    x, y = _pixels(u, v, size)
    drawn = ax.contour(x, y, height, levels=7, colors="black", linewidths=0.9)
    for text in ax.clabel(drawn, fmt="%g mmag", fontsize=8):
        text.set_path_effects([withStroke(linewidth=2.5, foreground="white")])


def _panel_title(label: str, y: Floats) -> str:
    """Return what a panel shows, and how much is left."""
    y = y[np.isfinite(y)]
    scatter = 1.4826 * float(np.median(np.abs(y - np.median(y)))) if len(y) else np.nan
    return f"{label}{': ' if label else ''}scatter {scatter:.3f} mag"
