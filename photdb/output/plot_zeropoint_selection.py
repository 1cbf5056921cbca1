"""The plot of the stars of a frame: magnitude against FWHM, coloured by the cut that removed each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.output import plot_style as style
from photdb.output.plot_style import BLUE, Floats, Range

#: Looks of the cuts, in the order of the cuts: no two have colour and marker in common, nor those of the stars used.
_LOOKS = [
    (colour, marker)
    for marker in ("x", "^", "s", "P", "v")
    for colour in ("#D55E00", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C8C8C")
]


@dataclass(frozen=True, slots=True)
class Selection:
    """The candidates of one frame.

    Attributes
    ----------
    fwhm
        arcsec.
    mag
        mag.
    cut
        Name of the first cut that removed the star, None: it passed all.
    held
        Passed all cuts and was kept back from the fit.
    """

    fwhm: Floats
    mag: Floats
    cut: NDArray[np.object_]
    held: NDArray[np.bool_]


def draw_selection(
    stars: Selection,
    path: Path,
    *,
    title: str,
    cuts: Sequence[str],
    words: Mapping[str, str],
    fwhm_range: tuple[float | None, float | None] = (None, None),
    mag_range: tuple[float | None, float | None] = (None, None),
    mag_name: str = "reference magnitude",
) -> None:
    """Draw magnitude (bright above) against FWHM, every star coloured by the cut that removed it.

    Parameters
    ----------
    stars : Selection
        The candidates.
    path : Path
        The picture; its suffix says which kind.
    title : str
        Which frame.
    cuts : sequence of str
        Names of the cuts in the order in which they are made.
    words : mapping
        What each cut is in words; a cut without words has its name.
    fwhm_range, mag_range : tuple, optional
        arcsec and mag; limits of the cuts, drawn as lines where there are stars; None: there is none.
    mag_name : str
        What the magnitudes are.
    """
    figure = style.new_figure(9.5, 6.0)
    ax = figure.subplots()
    passed = np.array([c is None for c in stars.cut], dtype=bool)
    n = len(stars.cut)
    xs = Range.of(stars.fwhm, share=0.02 if n > 100 else 0.0, least=0.5)
    ys = Range.of(stars.mag, share=0.0, least=1.0)
    size = style.size_of(n)
    fwhm = xs.held(stars.fwhm)
    looks = {
        name: _LOOKS[k % len(_LOOKS)]
        for k, name in enumerate(dict.fromkeys([*cuts, *filter(None, stars.cut.tolist())]))
    }
    kinds = [
        (passed & ~stars.held, "used", BLUE, "o"),
        (passed & stars.held, "kept back to judge the fit", "#009E73", "D"),
    ]
    kinds += [(stars.cut == name, words.get(name, name), *look) for name, look in looks.items()]
    for which, label, colour, marker in kinds:
        some = int(which.sum())
        if some:
            ax.plot(
                fwhm[which], stars.mag[which], ls="none", marker=marker, color=colour, mew=0.9, rasterized=n > 2000,
                mfc=colour if marker == "o" else "none", alpha=0.6 if marker == "o" else 0.85,
                # the many below, the few large: none of them is hidden
                ms=min(style.size_of(some), 2.2 * size), zorder=3 - some / n, label=f"{label} ({some})",
            )  # fmt: skip
    _limits(ax.axvline, fwhm_range, xs)
    _limits(ax.axhline, mag_range, ys)
    ax.set_xlim(xs.low, xs.high)
    ax.set_ylim(ys.high, ys.low)
    ax.set_xlabel("FWHM (arcsec)")
    ax.set_ylabel(f"{mag_name} (mag)")
    style.grid(ax)
    style.legend_beside(ax)
    beyond = int(xs.beyond(stars.fwhm[np.isfinite(stars.fwhm)]).sum())
    unknown = int((~np.isfinite(stars.fwhm)).sum())
    said = [f"{n} candidates"]
    said += [f"{beyond} beyond the FWHM shown, at its edge"] if beyond else []
    said += [f"{unknown} without FWHM, not shown"] if unknown else []
    style.title(figure, [title, "; ".join(said)])
    style.save(figure, path)


def _limits(line: Any, limits: tuple[float | None, float | None], shown: Range) -> None:
    """Draw the limits of a cut that lie within the axes."""
    for limit in limits:
        if limit is not None and shown.low < limit < shown.high:
            line(limit, color="black", lw=0.9, ls="--", zorder=1)
