"""What all plots share: formats, colours that everyone can tell apart, sizes, time axes, and points beyond the axes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.errors import InputError, UsageError

SUFFIXES = (".png", ".pdf", ".svg")

#: Okabe & Ito 2008, "Color Universal Design", https://jfly.uni-koeln.de/color/ (without the yellow, too pale on white).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
BLUE, VERMILION, GREY = COLOURS[0], COLOURS[1], "#8C8C8C"
MJD_1970 = 40587  # matplotlib counts days from 1970

_MJD_EPOCH = datetime(1858, 11, 17, tzinfo=UTC)
_ORDER = ["u", "U", "B", "g", "V", "r", "R", "i", "I", "z", "y", "clear"]

Floats = NDArray[np.float64]


def refuse_unknown(path: Path) -> None:
    """Refuse a file name that names no picture format.

    Raises
    ------
    UsageError
        If its suffix is none of `SUFFIXES`.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path.name}: not the name of a picture", f"end it in one of {', '.join(SUFFIXES)}")


def new_figure(width: float, height: float) -> Any:
    """Return an empty figure of a size in inches, drawn without a display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", dpi=130)
    FigureCanvasAgg(figure)
    return figure


def save(figure: Any, path: Path) -> None:
    """Write a figure as the kind its suffix says.

    Raises
    ------
    InputError
        If it cannot be written there.
    """
    with told_unwritable(path):
        figure.savefig(path, format=path.suffix[1:].lower())


@contextmanager
def told_unwritable(path: Path) -> Iterator[None]:
    """Say in words that a picture cannot be written to a place."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror or error}; there is no picture", "name a file in a folder of your own"
        ) from error


def band_rank(band: str | None) -> tuple[int, str]:
    """Return the place of a band, blue to red."""
    name = band or ""
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)


def utc(mjd: float) -> datetime:
    """Return the moment of an MJD."""
    return _MJD_EPOCH + timedelta(days=mjd)


def grid(ax: Any) -> None:
    """Dress axes: a faint grid, and numbers written out."""
    ax.grid(alpha=0.25, lw=0.5)
    ax.ticklabel_format(useOffset=False)


def size_of(n: int) -> float:
    """Return the diameter of a marker, points, with which n of them can still be told apart."""
    return float(np.clip(6.0 * (100.0 / max(n, 1)) ** 0.25, 1.6, 6.0))


@dataclass(frozen=True, slots=True)
class Range:
    """The part of an axis that is shown."""

    low: float
    high: float

    @classmethod
    def of(cls, values: Floats, *, share: float = 0.0, least: float = 0.02) -> Range:
        """Return a range with all values, or, of many, without a share at either end that lies far from the rest.

        Parameters
        ----------
        values : array
            NaN counts for nothing.
        share : float, default=0
            Part that may be left out at each end. What lies within half the range of the rest is not left out.
        least : float, default=0.02
            The range is at least so wide.
        """
        good = values[np.isfinite(values)]
        if not len(good):
            return cls(-least, least)
        low, high = (float(v) for v in np.quantile(good, [share, 1 - share]))
        wide = 0.5 * max(high - low, least)
        low, high = max(float(good.min()), low - wide), min(float(good.max()), high + wide)
        room = max(0.05 * (high - low), (least - (high - low)) / 2)
        return cls(low - room, high + room)

    def beyond(self, values: Floats) -> NDArray[np.bool_]:
        """Return which values lie outside."""
        return np.asarray((values < self.low) | (values > self.high))

    def held(self, values: Floats) -> Floats:
        """Return the values, those outside brought to the edge."""
        room = 0.015 * (self.high - self.low)
        return np.asarray(np.clip(values, self.low + room, self.high - room), dtype=float)


def draw_points(ax: Any, x: Floats, y: Floats, ys: Range, *, label: str | None, size: float, **look: Any) -> None:
    """Draw points; those beyond the range of the y axis are triangles at its edge that point outwards."""
    inside = np.isfinite(y) & ~ys.beyond(y)
    look = {"ls": "none", "marker": "o", "ms": size, "mew": 0.8, "rasterized": len(x) > 2000} | look
    ax.plot(x[inside], y[inside], label=label, **look)
    for outside, marker in ((y > ys.high, "^"), (y < ys.low, "v")):
        if outside.any():
            edge = ys.held(y[outside])
            ax.plot(x[outside], edge, **look | {"marker": marker, "ms": max(size, 3.5), "label": None})


def running_median(x: Floats, y: Floats, *, n_bin: int | None = None) -> tuple[Floats, Floats, Floats, int]:
    """Return x, median of y and its error in bins of equal numbers, and how many points a bin has.

    The error is that of a median of normal noise: 1.2533 times the robust scatter (1.4826 x the median absolute
    deviation) over the root of the number.
    """
    good = np.isfinite(x) & np.isfinite(y)
    x, y = x[good], y[good]
    n_bin = n_bin or int(np.clip(len(x) // 20, 0, 14))
    if n_bin < 3 or len(x) < 2 * n_bin:
        return (np.empty(0),) * 3 + (0,)
    order = np.argsort(x, kind="stable")
    parts = np.array_split(order, n_bin)
    middle = np.array([np.median(y[p]) for p in parts])
    scatter = np.array([1.4826 * np.median(np.abs(y[p] - m)) for p, m in zip(parts, middle, strict=True)])
    number = np.array([len(p) for p in parts])
    return np.array([np.median(x[p]) for p in parts]), middle, 1.2533 * scatter / np.sqrt(number), int(number.min())


def draw_median(ax: Any, x: Floats, y: Floats) -> None:
    """Draw the running median of points with its error, where there are enough."""
    places, middle, error, n = running_median(x, y)
    if n:
        look: dict[str, Any] = {"fmt": "s", "ms": 5, "color": "black", "mfc": "white", "elinewidth": 1.2, "zorder": 5}
        ax.errorbar(places, middle, yerr=error, label=f"median of {n}", **look)


def legend_above(ax: Any, *, columns: int = 4) -> None:
    """Put the legend above the axes, where it covers nothing."""
    if ax.get_legend_handles_labels()[0]:
        corner = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "borderaxespad": 0.2}
        _legible(ax.legend(ncols=columns, fontsize=8, frameon=False, handletextpad=0.4, columnspacing=1.2, **corner))


def legend_beside(ax: Any) -> None:
    """Put the legend to the right of the axes, where it covers nothing."""
    if ax.get_legend_handles_labels()[0]:
        _legible(ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), fontsize=8, frameon=False))


def legend_below(figure: Any, axes: Iterable[Any], *, columns: int = 4) -> None:
    """Put one legend of all axes below them, each label once."""
    found: dict[str, Any] = {}
    for ax in axes:
        handles, labels = ax.get_legend_handles_labels()
        found |= dict(zip(labels, handles, strict=True))
    if found:
        figure.legend(found.values(), found, loc="outside lower left", ncols=columns, fontsize=8, frameon=False)


def _legible(legend: Any) -> None:
    """Draw the markers of a legend large and full, however small they are among thousands."""
    for handle in legend.legend_handles:
        if hasattr(handle, "set_markersize"):
            handle.set_markersize(max(handle.get_markersize(), 5.0))
            handle.set_alpha(1.0)


def signed(value: float, decimals: int = 4) -> str:
    """Return a number with its sign, a minus as the axes write it."""
    return f"{value:+.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def title(figure: Any, lines: Sequence[str]) -> None:
    """Write what the figure shows above it, to the left."""
    figure.suptitle("\n".join(line for line in lines if line), fontsize=10, x=0.01, ha="left")


@dataclass(frozen=True, slots=True)
class Cluster:
    """Times without a long gap (a night): first and last MJD."""

    first: float
    last: float

    @property
    def midnight(self) -> int:
        """The MJD of the midnight, UTC, from which its hours are counted."""
        return math.floor(self.first)


def clusters(mjd: Floats, *, gap: float = 0.4) -> list[Cluster]:
    """Return the nights of some times: what lies between gaps of 0.4 d."""
    times = np.sort(mjd)
    ends = np.flatnonzero(np.diff(times) > gap)
    first, last = times[np.r_[0, ends + 1]], times[np.r_[ends, len(times) - 1]]
    return [Cluster(float(a), float(b)) for a, b in zip(first, last, strict=True)]
