"""The PSF model of a frame: its image, stars beside what it makes of them, residuals, and widths over the frame."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.output.plot_style import BLUE, GREY, VERMILION, new_figure, refuse_unknown, running_median, save, title

Array = NDArray[Any]

#: Half the range of the colours of what is left, in the star's brightest pixel.
_LEAST_LEFT = 0.01


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn of a model.

    Attributes
    ----------
    title
        The frame and the model.
    fwhm, theta, beta, degree, residual
        Of the model at the middle of the frame: px along theta and across it, rad, number, number, share of the peak.
    shape
        Height and width of the frame, px.
    model
        Its image in the middle of the frame, of unit flux.
    radius, profile, model_profile
        Pixels of all its stars: distance (px), value and that of the model, of unit flux.
    stars, models, left
        Some stars, the model of each (ADU), and what it leaves (share of the star's brightest pixel).
    mean_left
        The mean of what is left of all stars.
    grid
        x, y, FWHM (px), ellipticity and theta (rad) of the model over the frame.
    places
        x, y and measured FWHM (px) of its stars.
    """

    title: str
    fwhm: tuple[float, float]
    theta: float
    beta: float
    degree: int
    residual: float
    shape: tuple[int, int]
    model: Array
    radius: Array
    profile: Array
    model_profile: Array
    stars: Array
    models: Array
    left: Array
    mean_left: Array
    grid: tuple[Array, ...]
    places: tuple[Array, ...]


def draw(picture: Picture, path: Path) -> None:
    """Draw a model into a file.

    Raises
    ------
    UsageError
        If the file's name is that of no picture.
    """
    refuse_unknown(path)
    figure = new_figure(12.0, 8.6)
    upper, lower = figure.subfigures(2, 1, height_ratios=(1.0, 1.05))
    _stars(upper, picture)
    model, profile, over = lower.subplots(1, 3, width_ratios=(0.9, 1.15, 1.25))
    _model(lower, model, picture)
    _profile(profile, picture)
    _over_frame(lower, over, picture)
    wide, narrow = picture.fwhm
    words = (
        f"FWHM {wide:.2f} x {narrow:.2f} px, the longer one {np.degrees(picture.theta):.0f}° from +x, "
        f"beta {picture.beta:.2f}, degree {picture.degree}, residuals {100 * picture.residual:.1f} % of the peak"
    )
    title(figure, [picture.title, words])
    save(figure, path)


def _stars(figure: Any, picture: Picture) -> None:
    """Draw some stars, the model of each, and what is left; beside them the mean of what is left of all."""
    n = len(picture.stars)
    axes = figure.subplots(3, n + 1, width_ratios=[1.0] * n + [1.6], squeeze=False)
    limit = max(_LEAST_LEFT, float(np.nanquantile(np.abs(picture.left), 0.99)) if picture.left.size else 0.0)
    shades = {"origin": "lower", "interpolation": "nearest"}
    drawn = None
    for k in range(n):
        top = float(np.nanmax(picture.models[k]))
        for row, image in ((0, picture.stars[k]), (1, picture.models[k])):
            axes[row, k].imshow(np.arcsinh(image / (0.03 * top)), cmap="gray_r", vmin=-1, vmax=np.arcsinh(33), **shades)
        drawn = axes[2, k].imshow(100 * picture.left[k], cmap="RdBu_r", vmin=-100 * limit, vmax=100 * limit, **shades)
    for row, word in enumerate(("star", "model", "star \N{MINUS SIGN} model")):
        axes[row, 0].set_ylabel(word)
    for ax in axes[:, :n].flat:
        ax.set(xticks=[], yticks=[])
    if drawn is not None:
        figure.colorbar(drawn, ax=axes[2, :n].tolist(), label="% of the peak", aspect=12)
    for ax in axes[:, n]:
        ax.remove()
    mean = figure.add_subplot(axes[0, n].get_gridspec()[:, n])
    reach = max(float(np.abs(picture.mean_left).max(initial=0.0)), 1e-3)
    image = mean.imshow(100 * picture.mean_left, cmap="RdBu_r", vmin=-100 * reach, vmax=100 * reach, **shades)
    mean.set_title("mean of what is left of all stars", fontsize=9)
    mean.set(xticks=[], yticks=[])
    figure.colorbar(image, ax=mean, label="% of the peak", shrink=0.6)


def _model(figure: Any, ax: Any, picture: Picture) -> None:
    """Draw the image of the model."""
    half = picture.model.shape[0] // 2
    edge = half + 0.5
    shown = ax.imshow(
        np.log10(np.maximum(picture.model / picture.model.max(), 1e-4)), origin="lower", cmap="magma",
        extent=(-edge, edge, -edge, edge), interpolation="nearest",
    )  # fmt: skip
    n = np.arange(-half, half + 1)
    ax.contour(n, n, picture.model / picture.model.max(), levels=[0.1, 0.5], colors="white", linewidths=0.8)
    ax.set(xlabel="x (px)", ylabel="y (px)")
    ax.set_title("model at the middle of the frame", fontsize=9)
    figure.colorbar(shown, ax=ax, label="log10 of the share of the peak", shrink=0.75)


def _profile(ax: Any, picture: Picture) -> None:
    """Draw the pixels of the stars over their distance, and the model at the same pixels."""
    peak = float(picture.model_profile.max(initial=1e-9))
    ax.plot(picture.radius, picture.profile / peak, ".", ms=1.5, color=GREY, label="pixels of stars", rasterized=True)
    ax.plot(
        picture.radius, picture.model_profile / peak, ".", ms=1.0, color=BLUE, label="model there", rasterized=True
    )  # fmt: skip
    places, middle, _, n = running_median(picture.radius, picture.profile / peak, n_bin=20)
    if n:
        ax.plot(places, middle, "s", ms=4, mfc="white", color="black", label="median of the stars")
    ax.set_yscale("symlog", linthresh=1e-3)
    ax.set(xlabel="distance (px)", ylabel="share of the peak", ylim=(-2e-3, 1.5))
    ax.axvline(0.5 * float(np.sqrt(np.prod(picture.fwhm))), color=VERMILION, lw=0.8, ls="--", label="half of the FWHM")
    ax.legend(fontsize=8, frameon=False, markerscale=2)
    ax.grid(alpha=0.25, lw=0.5)


def _over_frame(figure: Any, ax: Any, picture: Picture) -> None:
    """Draw the width over the frame as colour, ellipticity and its angle as sticks, and the stars as measured."""
    height, width = picture.shape
    x, y, fwhm, ellipticity, theta = picture.grid
    along = round(np.sqrt(len(x)))
    stars_x, stars_y, measured = picture.places
    every = np.concatenate([fwhm, measured[np.isfinite(measured)]])
    low, high = (float(v) for v in np.quantile(every, [0.03, 0.97]))
    low, high = min(low, float(fwhm.min())), max(high, float(fwhm.max()))
    room = max(0.01 * low, 0.02 * (high - low))
    look = {"cmap": "viridis", "vmin": low - room, "vmax": high + room}
    shown = ax.imshow(
        fwhm.reshape(along, along), origin="lower", extent=(-0.5, width - 0.5, -0.5, height - 0.5), **look
    )
    ax.scatter(stars_x, stars_y, c=measured, s=16, edgecolors="white", linewidths=0.4, **look)
    unit = 0.9 * min(height, width) / along / max(float(ellipticity.max(initial=0.0)), 0.1)
    length = unit * ellipticity
    ax.quiver(
        x, y, length * np.cos(theta), length * np.sin(theta), angles="xy", scale_units="xy", scale=1, pivot="middle",
        headwidth=0, headlength=0, headaxislength=0, color="white", width=0.006,
    )  # fmt: skip
    ax.set(xlim=(-0.5, width - 0.5), ylim=(-0.5, height - 0.5), xlabel="x (px)", ylabel="y (px)", aspect="equal")
    ax.set_title(
        f"FWHM: model, stars as dots; sticks: ellipticity <= {float(ellipticity.max(initial=0.0)):.3f}", fontsize=8
    )
    figure.colorbar(shown, ax=ax, label="FWHM (px)", shrink=0.75)
