"""Plots of zero points: against time, and against the number of stars as PP's scheme rejects them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.output import plot_style as style
from photdb.output.plot_style import BLUE, GREY, MJD_1970, VERMILION, Floats, Range

#: What the bits of zeropoint.flag mean, and how they are drawn; the last that is set counts.
_FLAGS = ((1, "few stars", "s"), (2, "far from its night", "D"))
_MOST_NIGHTS = 6  # more are drawn on one axis of dates


def draw_time(rows: Sequence[Mapping[str, Any]], path: Path, *, title: str) -> None:
    """Draw zero points against time, a panel for each band and system, nights side by side; up is more sensitive.

    Parameters
    ----------
    rows : sequence of mappings
        One a frame: ``mjd_mid``, ``detector``, ``band``, ``mag_system``, ``zp``, ``zp_err``, ``flag``. Those without a
        zero point or with flag 4 are only counted.
    path : Path
        The picture; its suffix says which kind.
    title : str
        What the frames are.
    """
    known = [r for r in rows if r["zp"] is not None and not r["flag"] & 4]
    systems = [(key, list(group)) for key, group in groupby(sorted(known, key=_panel_rank), key=_panel)]
    nights = style.clusters(np.array([r["mjd_mid"] for r in known])) if known else []
    apart = nights if 1 <= len(nights) <= _MOST_NIGHTS else []
    figure = style.new_figure(9.5, 1.5 + 2.6 * max(len(systems), 1))
    widths = _widths(apart)
    axes = figure.subplots(
        max(len(systems), 1), len(widths), sharey="row", sharex="col", squeeze=False, width_ratios=widths
    )
    for panels, (key, mine) in zip(axes, systems, strict=False):
        _draw_system(panels, key, mine, apart)
    _dress_time(axes[-1], apart)
    style.legend_below(figure, axes.flat)
    style.title(figure, [title, _count(rows, known)])
    style.save(figure, path)


def _panel(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return which panel a frame belongs to."""
    return str(row["band"] or "no band"), str(row["mag_system"]), str(row.get("detector") or "")


def _panel_rank(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the order of the panels, blue to red, and of the frames in them."""
    return (*style.band_rank(row["band"]), *_panel(row), row["mjd_mid"])


def _widths(nights: Sequence[style.Cluster]) -> list[float]:
    """Return how wide the panel of each night is: as it lasted, but none too narrow to read."""
    if not nights:
        return [1.0]
    longest = max(n.last - n.first for n in nights) or 1.0
    return [max((n.last - n.first) / longest, 0.35) for n in nights]


def _draw_system(
    panels: Sequence[Any], key: tuple[str, str, str], rows: list[Mapping[str, Any]], nights: Sequence[style.Cluster]
) -> None:
    """Draw the zero points of one band and system in the panels of the nights."""
    mjd, zp = (np.array([r[name] for r in rows], dtype=float) for name in ("mjd_mid", "zp"))
    err = np.array([np.nan if r["zp_err"] is None else r["zp_err"] for r in rows], dtype=float)
    flag = np.array([r["flag"] for r in rows])
    band, system, detector = key
    ys = Range.of(zp, share=0.0, least=max(0.02, 6 * float(np.nanmedian(err)) if np.isfinite(err).any() else 0.02))
    size = style.size_of(len(rows))
    for ax, night in zip(panels, nights or (None,), strict=True):
        here = np.ones(len(rows), bool) if night is None else (mjd >= night.first) & (mjd <= night.last)
        x = mjd - MJD_1970 if night is None else 24 * (mjd - night.midnight)
        for kind, label, marker, colour in _kinds(flag):
            which = here & kind
            ax.errorbar(
                x[which], zp[which], yerr=np.nan_to_num(err[which]), fmt=marker, ms=size, color=colour, label=label,
                mfc=colour if marker == "o" else "none", mew=1.0, elinewidth=0.8, zorder=2 if marker == "o" else 3,
            )  # fmt: skip
        ax.axhline(float(np.median(zp)), color=GREY, lw=0.8, ls="--", zorder=1)
        ax.set_ylim(ys.low, ys.high)
        style.grid(ax)
    panels[0].set_ylabel(f"zero point {band} ({system})\nmag of 1 ADU/s")
    panels[0].annotate(detector, (0.0, 0.0), (4, 4), "axes fraction", "offset points", fontsize=7, color=GREY)


def _kinds(flag: NDArray[Any]) -> list[tuple[NDArray[np.bool_], str, str, str]]:
    """Return the frames by how they are marked: which, label, marker, colour."""
    worst = np.zeros(len(flag), dtype=int)
    for bit, _, _ in _FLAGS:
        worst[flag & bit > 0] = bit
    found = [(worst == 0, "no flag", "o", BLUE)]
    found += [(worst == bit, f"flag {bit}: {label}", marker, VERMILION) for bit, label, marker in _FLAGS]
    return [kind for kind in found if kind[0].any()]


def _dress_time(bottom: Sequence[Any], nights: Sequence[style.Cluster]) -> None:
    """Name the time axes: hours of each night, or dates."""
    from matplotlib import dates

    picture: Any = dates  # untyped
    if not nights:
        locator = picture.AutoDateLocator()
        bottom[0].xaxis.set_major_locator(locator)
        bottom[0].xaxis.set_major_formatter(picture.ConciseDateFormatter(locator))
        bottom[0].set_xlabel("date (UTC)")
        return
    for ax, night in zip(bottom, nights, strict=True):
        first, last = (24 * (t - night.midnight) for t in (night.first, night.last))
        room = max(0.08 * (last - first), 0.1)
        ax.set_xlim(first - room, last + room)
        ax.locator_params(axis="x", nbins=4 if len(nights) > 2 else 7)
        ax.set_xlabel(f"{style.utc(night.midnight):%Y-%m-%d}\nUTC (h)")


def _count(rows: Sequence[Mapping[str, Any]], known: Sequence[Mapping[str, Any]]) -> str:
    """Return how many frames there are, and how many are not shown."""
    without, flagged = len(rows) - len(known), sum(bool(r["flag"]) for r in known)
    frames = f"{len(known)} frame{'' if len(known) == 1 else 's'}"
    parts = [frames] + ([f"{flagged} flagged"] if flagged else [])
    parts += [f"{without} more without a zero point"] if without else []
    return ", ".join(parts) + "; dashed: median"


@dataclass(frozen=True, slots=True)
class Steps:
    """What a scheme that rejects stars step by step found at each step.

    Attributes
    ----------
    n
        Stars left, decreasing.
    zp, zp_err
        mag.
    chi2
        Per degree of freedom.
    chosen
        Which step was taken.
    n_least
        No step with fewer stars may be taken.
    """

    n: NDArray[np.int64]
    zp: Floats
    zp_err: Floats
    chi2: Floats
    chosen: int
    n_least: int


def draw_number(steps: Steps, path: Path, *, title: str, zp: float | None = None, zp_err: float | None = None) -> None:
    """Draw zero point and reduced chi2 against the number of stars used, as stars are rejected one after another.

    Parameters
    ----------
    steps : Steps
        What was found with how many stars.
    path : Path
        The picture; its suffix says which kind.
    title : str
        Which frame.
    zp, zp_err : float, optional
        The zero point that the calibration gave this frame, drawn as a band.
    """
    figure = style.new_figure(7.5, 6.2)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1.3, 1])
    k, size = steps.chosen, style.size_of(len(steps.n))
    above.fill_between(
        steps.n, steps.zp - steps.zp_err, steps.zp + steps.zp_err, color=BLUE, alpha=0.2, lw=0, label="its error"
    )
    above.plot(steps.n, steps.zp, "o-", color=BLUE, ms=size, lw=0.8, label="zero point of the stars left")
    if zp is not None:
        above.axhline(zp, color=style.COLOURS[2], lw=1.2, ls="-.", label=f"of the calibration, {_value(zp, zp_err)}")
        if zp_err:
            above.axhspan(zp - zp_err, zp + zp_err, color=style.COLOURS[2], alpha=0.25, lw=0)
    below.plot(steps.n, steps.chi2, "o-", color=BLUE, ms=size, lw=0.8)
    if (steps.chi2 > 0).all() and steps.chi2.max() > 20 * steps.chi2.min():
        below.set_yscale("log")
    below.axhline(1.0, color=GREY, lw=0.8, ls="--")
    word = f"taken: {steps.n[k]} stars, {_value(float(steps.zp[k]), float(steps.zp_err[k]))}"
    for ax, values in ((above, steps.zp), (below, steps.chi2)):
        ax.plot(steps.n[k], values[k], "D", color=VERMILION, ms=9, mfc="none", mew=1.8, label=word)
        ax.axvspan(
            0,
            steps.n_least - 0.5,
            color=GREY,
            alpha=0.15,
            lw=0,
            zorder=0,
            label=f"fewer than {steps.n_least}: not taken",
        )
        ax.grid(alpha=0.25, lw=0.5)
    below.set_xlim(max(int(steps.n.max()) * 1.03, int(steps.n.max()) + 1), max(int(steps.n.min()) - 1, 0))
    above.set_ylabel("zero point (mag of 1 ADU/s)")
    above.ticklabel_format(axis="y", useOffset=False)
    below.set_ylabel("reduced chi²")
    below.set_xlabel("stars used (rejected one step after another, to the right)")
    style.legend_above(above, columns=2)
    style.title(figure, [title])
    style.save(figure, path)


def _value(value: float, error: float | None) -> str:
    """Return a number with its error as people read it."""
    return f"{value:.4f} ± {error:.4f}" if error else f"{value:.4f}"
