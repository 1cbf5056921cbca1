"""Pictures of cut-outs: a sheet of them, or a film, in order of time.

A cross stands where the star or target should be; a circle (or the ellipse or trail that was asked for) is the
aperture, solid where it was detected, dashed where the flux was forced. Pixels are drawn as they are; two lines show
north and east on each.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from photdb.errors import UsageError
from photdb.output import plot_style as style

if TYPE_CHECKING:
    from numpy.typing import NDArray

SUFFIXES = (*style.SUFFIXES, ".gif")
#: More stamps than this are no sheet any more that could be looked at.
MOST_ON_SHEET = 400
_INCHES = 1.75


@dataclass(frozen=True, slots=True)
class Stamp:
    """One cut-out of a frame.

    Attributes
    ----------
    frame_id, mjd, band
        Of the frame; d, UTC.
    pixels
        ADU, reduced, not resampled; (side, side) or smaller at the edge of the frame. None: it could not be made.
    left, bottom
        px; place of the first pixel in the trimmed frame.
    half
        px; from the middle pixel to the sides that the stamp has where the frame goes on.
    x, y
        px in the trimmed frame; where it should be.
    radius
        px; of the primary aperture.
    measured
        The point of the light curve: kind, x, y, mag, mag_err, mag_system, flux, flux_err; method, a_px, b_px, theta of
        a forced one. None: there is none.
    north, east
        Directions on the frame: unit vectors (x, y).
    scale
        arcsec/px.
    why_not
        Why there are no pixels.
    ellipse
        The ellipse that was measured besides: x, y, method, a_px, b_px, theta. None: there is none.
    """

    frame_id: int
    mjd: float
    band: str | None
    pixels: NDArray[np.float32] | None
    left: int
    bottom: int
    half: int
    x: float
    y: float
    radius: float
    measured: Mapping[str, Any] | None
    north: tuple[float, float]
    east: tuple[float, float]
    scale: float
    why_not: str = ""
    ellipse: Mapping[str, Any] | None = None


def refuse_unknown(path: Path) -> None:
    """Refuse a file name that names no picture or film.

    Raises
    ------
    UsageError
        If its suffix is none of `SUFFIXES`.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path.name}: not the name of a picture", f"end it in one of {', '.join(SUFFIXES)}")


def draw(stamps: Sequence[Stamp], path: Path, *, title: str, columns: int | None = None, seconds: float = 0.3) -> None:
    """Draw stamps into a file: a film where it ends in .gif, else a sheet.

    Parameters
    ----------
    stamps : sequence of Stamp
        In order of time.
    path : Path
        The suffix says which kind.
    title : str
        Whose they are.
    columns : int, optional
        Stamps in a row of the sheet.
    seconds : float, default=0.3
        How long each is shown in a film.
    """
    if path.suffix.lower() == ".gif":
        _film(stamps, path, title, seconds)
    else:
        _sheet(stamps, path, title, columns)


def _sheet(stamps: Sequence[Stamp], path: Path, title: str, columns: int | None) -> None:
    """Draw all stamps beside each other."""
    if len(stamps) > MOST_ON_SHEET:
        raise UsageError(
            f"{len(stamps)} stamps on one sheet are too many to be seen", f"--limit {MOST_ON_SHEET}, or a film: .gif"
        )
    columns = min(columns or math.ceil(math.sqrt(1.6 * len(stamps))), len(stamps))
    rows = math.ceil(len(stamps) / columns)
    figure = style.new_figure(max(_INCHES * columns, 4.0), (_INCHES + 0.25) * rows + 0.6)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax, stamp in zip(axes, stamps, strict=False):
        _draw_one(ax, stamp)
    for ax in axes[len(stamps) :]:
        ax.set_axis_off()
    figure.suptitle(_heading(stamps, title), fontsize=9)
    style.save(figure, path)


def _film(stamps: Sequence[Stamp], path: Path, title: str, seconds: float) -> None:
    """Draw one stamp after the other."""
    from matplotlib.animation import FuncAnimation, PillowWriter

    figure = style.new_figure(4.0, 4.6)
    ax = figure.subplots()

    def show(k: int) -> list[Any]:
        ax.clear()
        _draw_one(ax, stamps[k], large=True)
        figure.suptitle(f"{title}   {k + 1}/{len(stamps)}", fontsize=9)
        return []

    writer = PillowWriter(fps=1 / seconds)  # type: ignore[arg-type]  # a fraction is well
    with style.told_unwritable(path):
        FuncAnimation(figure, show, frames=len(stamps), blit=False).save(path, writer=writer)


def _heading(stamps: Sequence[Stamp], title: str) -> str:
    """Say whose stamps these are, when they are from and what the marks mean."""
    first, last = style.utc(stamps[0].mjd), style.utc(stamps[-1].mjd)
    n_detected = sum(s.measured is not None and s.measured["kind"] == "detected" for s in stamps)
    span = f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"
    return (
        f"{title}: {len(stamps)} frames, {span}; detected in {n_detected}\n"
        "cross: where it should be; circle: aperture (solid: detected, dashed: forced)"
    )


def _draw_one(ax: Any, stamp: Stamp, *, large: bool = False) -> None:
    """Draw one stamp with its marks."""
    size = 8.0 if large else 5.5
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_title(_caption(stamp), fontsize=size, pad=2)
    if stamp.pixels is None or not stamp.pixels.size:
        ax.set_box_aspect(1)
        ax.text(0.5, 0.5, _wrapped(stamp.why_not or "no pixels"), ha="center", va="center", fontsize=size, wrap=True)
        return
    height, width = stamp.pixels.shape
    low, high = _range(stamp)
    edges = (stamp.left - 0.5, stamp.left + width - 0.5, stamp.bottom - 0.5, stamp.bottom + height - 0.5)
    ax.imshow(
        stamp.pixels, origin="lower", cmap="gray_r", vmin=low, vmax=high, interpolation="nearest", extent=edges
    )  # fmt: skip
    _mark(ax, stamp)
    middle, side = (round(stamp.x), round(stamp.y)), stamp.half + 0.5
    ax.set_facecolor("#E8EEF4")  # beyond the frame
    ax.set_xlim(middle[0] - side, middle[0] + side)
    ax.set_ylim(middle[1] - side, middle[1] + side)
    _compass(ax, stamp, size)


def _mark(ax: Any, stamp: Stamp) -> None:
    """Draw the place that was predicted, and the aperture where something was measured."""
    from matplotlib.patches import Polygon

    gap, arm = 0.45 * stamp.radius, 0.75 * stamp.radius
    for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        ax.plot(
            [stamp.x + gap * dx, stamp.x + (gap + arm) * dx], [stamp.y + gap * dy, stamp.y + (gap + arm) * dy],
            color=style.VERMILION, lw=0.9,
        )  # fmt: skip
    point = stamp.measured
    if point is not None and point["x"] is not None:
        line = "-" if point["kind"] == "detected" else "--"
        ax.add_patch(Polygon(_outline(stamp, point), fill=False, color=style.BLUE, lw=0.9, ls=line))
    if stamp.ellipse is not None:
        ax.add_patch(Polygon(_outline(stamp, stamp.ellipse), fill=False, color=style.BLUE, lw=0.9, ls="--"))


def _outline(stamp: Stamp, point: Mapping[str, Any]) -> NDArray[np.float64]:
    """Return the outline of the aperture that was measured, px: (n, 2)."""
    angle = np.linspace(0, 2 * np.pi, 73)
    if point.get("a_px") is None or point.get("theta") is None:
        radius = point.get("a_px") or stamp.radius
        return np.column_stack([point["x"] + radius * np.cos(angle), point["y"] + radius * np.sin(angle)])
    a, b = point["a_px"], point["b_px"]
    if point["method"] == "trail":  # two half circles at the ends of a straight line
        along, across = b * np.cos(angle) + np.sign(np.cos(angle)) * max(a - b, 0.0), b * np.sin(angle)
    else:
        along, across = a * np.cos(angle), b * np.sin(angle)
    cos, sin = np.cos(point["theta"]), np.sin(point["theta"])
    return np.column_stack([point["x"] + along * cos - across * sin, point["y"] + along * sin + across * cos])


def _compass(ax: Any, stamp: Stamp, size: float) -> None:
    """Draw north and east into the corner."""
    length = 0.22 * (stamp.half + 0.5)
    x, y = (round(v) - stamp.half - 0.5 + 1.9 * length for v in (stamp.x, stamp.y))
    for (dx, dy), name in ((stamp.north, "N"), (stamp.east, "E")):
        ax.plot([x, x + length * dx], [y, y + length * dy], color=style.COLOURS[2], lw=0.8)
        ax.text(
            x + 1.45 * length * dx, y + 1.45 * length * dy, name, color=style.COLOURS[2], fontsize=size - 1,
            ha="center", va="center",
        )  # fmt: skip


def _range(stamp: Stamp) -> tuple[float, float]:
    """Return what is drawn white and black: the sky's scatter below it, and half of the aperture's brightest."""
    assert stamp.pixels is not None
    good = stamp.pixels[np.isfinite(stamp.pixels)]
    if not good.size:
        return 0.0, 1.0
    sky = float(np.median(good))
    scatter = 1.4826 * float(np.median(np.abs(good - sky))) or 1.0
    row, column = np.indices(stamp.pixels.shape)
    within = np.hypot(column + stamp.left - stamp.x, row + stamp.bottom - stamp.y) <= stamp.radius
    peak = float(np.nanmax(stamp.pixels[within])) if np.isfinite(stamp.pixels[within]).any() else sky
    return sky - 2.5 * scatter, max(sky + 8 * scatter, sky + 0.5 * (peak - sky))


def _caption(stamp: Stamp) -> str:
    """Say when, in which band, and how bright."""
    moment = f"{stamp.frame_id}: {style.utc(stamp.mjd):%m-%d %H:%M:%S} {stamp.band or ''}".rstrip()
    return f"{moment}\n{_brightness(stamp)}"


def _brightness(stamp: Stamp) -> str:
    """Say what was measured: a magnitude where there is one, else a flux and its error; never a zero of nothing."""
    point = stamp.measured
    if point is None:
        return "not measured"
    flux, error = point["flux"], point["flux_err"]
    if flux is None:
        return "no flux"
    significant = error is not None and error > 0 and flux > 3 * error
    if point["mag"] is not None and significant:
        return f"{point['mag']:.3f} ± {point['mag_err']:.3f} {point['mag_system']}"
    return f"{flux:.3g} ± {error:.2g} ADU/s" if error is not None else f"{flux:.3g} ADU/s"


def _wrapped(text: str) -> str:
    """Break a reason into short lines."""
    import textwrap

    return "\n".join(textwrap.wrap(text, 28))
