"""The plot of a light curve.

A band is told by its colour (Okabe & Ito's palette, which the colour-blind can tell apart) and by its marker. What is
calibrated, relative or instrumental is in panels of their own, named on their axes. Flagged points are hollow; forced
points, measured where no detection is, have five rays; where nothing was found a triangle stands at the limit and
points to fainter. All limits of a picture are of the same sigma, which the legend says. Drawn as a flux, every forced
point is itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from photdb.output import plot_style as style
from photdb.output.plot_style import COLOURS, MARKERS, MJD_1970

#: How a forced point is marked, whatever its band.
FORCED = "*"

_AXIS = {
    "AB": "magnitude (AB)",
    "Vega": "magnitude (Vega)",
    "tied": "magnitude (tied to a catalogue band)",
    "relative": "relative magnitude (not calibrated)",
    "instrumental": "instrumental magnitude (not calibrated)",
}
_FLUX_AXIS = {
    "AB": "flux (mJy)",
    "Vega": "flux (mJy)",
    "tied": "flux / median (tied)",
    "relative": "flux / median (relative)",
    "instrumental": "flux (ADU/s, not calibrated)",
}


def draw(points: Sequence[Mapping[str, Any]], path: Path, *, title: str, flux: bool = False, sigma: float = 5) -> None:
    """Draw a light curve into a file.

    Parameters
    ----------
    points : sequence of mappings
        Rows of the light curve, with its column names.
    path : Path
        The picture; its suffix says which kind.
    title : str
        Name and position of the star.
    flux : bool, default=False
        Draw flux instead of magnitudes.
    sigma : float, default=5
        What a limit is, in times the noise: 3 or 5. The column ``is_limit``, where rows have it, has to be of the same.
    """
    limit = "limit_3_mag" if sigma == 3 else "limit_mag"
    values = [(p["mag_system"], _value(p, points, flux, limit)) for p in points]
    systems = sorted({system for system, _ in values}, key=_rank)
    drawn = {system: [v for s, v in values if s == system and v is not None] for system in systems}
    shown = [system for system in systems if drawn[system]] or systems[:1]
    figure = style.new_figure(9, 1.6 + 3.6 * len(shown))
    axes = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
    time = _Time(points)
    bands = sorted({p["band"] for p in points}, key=style.band_rank)
    for ax, system in zip(axes, shown, strict=True):
        for band in bands:
            _draw_band(ax, [v for v in drawn[system] if v.band == band], band, bands.index(band), time, sigma)
        _dress(ax, drawn[system], system, flux)
    time.dress(axes[0], axes[-1])
    axes[0].set_title(f"{title}\n{_summary(points)}", fontsize=10, loc="left")
    style.save(figure, path)


def _rank(system: str) -> int:
    """Return the place of a system: the best known first."""
    return list(_AXIS).index(system) if system in _AXIS else len(_AXIS)


class _Value:
    """What is drawn of a point: height, error (0 for a limit), and how it is marked."""

    __slots__ = ("band", "error", "flagged", "forced", "limit", "mjd", "y")

    def __init__(self, point: Mapping[str, Any], y: float, error: float, *, limit: bool = False) -> None:
        self.mjd, self.band, self.y, self.error, self.limit = point["mjd_mid"], point["band"], y, error, limit
        self.flagged, self.forced = bool(point["flags"]), point["kind"] == "forced"


def _value(point: Mapping[str, Any], points: Sequence[Mapping[str, Any]], flux: bool, limit: str) -> _Value | None:
    """Return what is drawn of a point, or None: nothing can be."""
    if flux:
        return _flux_value(point, points)
    if point["kind"] != "limit" and not point.get("is_limit") and point["mag"] is not None:
        return _Value(point, point["mag"], point["mag_err"])
    if point.get(limit) is not None:
        return _Value(point, point[limit], 0.0, limit=True)
    if point["zp"] is None and not any(p["zp"] is not None for p in points) and (point["flux"] or 0) > 0:
        return _Value(point, -2.5 * math.log10(point["flux"]), 1.0857362 * point["flux_err"] / point["flux"])
    return None


def _flux_value(point: Mapping[str, Any], points: Sequence[Mapping[str, Any]]) -> _Value | None:
    """Return flux and error: mJy, or over the band's median where frames are only compared, or ADU/s."""
    if point["flux"] is None:
        return None
    if point["flux_mjy"] is not None:
        return _Value(point, point["flux_mjy"], point["flux_mjy_err"])
    if point["zp"] is None:
        return _Value(point, point["flux"], point["flux_err"]) if point["mag_system"] == "instrumental" else None
    like = [p for p in points if p["band"] == point["band"] and p["zp"] is not None and p["flux"] is not None]
    middle = median(_scaled(p) for p in like)
    scale = 10 ** (-0.4 * point["zp"]) / (abs(middle) or 1.0)
    return _Value(point, scale * point["flux"], scale * point["flux_err"])


def _scaled(point: Mapping[str, Any]) -> float:
    """Return the flux of a point on the scale that all frames share."""
    return float(10 ** (-0.4 * point["zp"]) * point["flux"])


def _draw_band(ax: Any, values: Sequence[_Value], band: str | None, place: int, time: _Time, sigma: float) -> None:
    """Draw the points of one band: full, hollow where flagged, rays where forced, triangles for limits."""
    colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
    label = band or "no band"
    look: dict[str, Any] = {"color": colour, "alpha": 0.9}
    for forced, flagged in ((False, False), (False, True), (True, False), (True, True)):
        some = [v for v in values if (v.forced, v.flagged) == (forced, flagged) and not v.limit]
        if some:
            ax.errorbar(
                [time.x(v.mjd) for v in some],
                [v.y for v in some],
                yerr=[v.error or 0.0 for v in some],
                label=", ".join([label, *(["forced"] if forced else []), *(["flagged"] if flagged else [])]),
                mfc="none" if flagged else colour,
                **look | {"fmt": FORCED if forced else marker, "ms": 7 if forced else 4, "elinewidth": 0.8},
            )
    limits = [v for v in values if v.limit]
    if limits:
        places = [time.x(v.mjd) for v in limits], [v.y for v in limits]
        ax.plot(*places, ls="none", marker="v", ms=6, mfc="none", label=f"{label}, {sigma:g}-sigma limits", **look)


def _dress(ax: Any, values: Sequence[_Value], system: str, flux: bool) -> None:
    """Name the axis, turn magnitudes upside down, and keep wild points from squeezing the rest."""
    ax.set_ylabel((_FLUX_AXIS if flux else _AXIS).get(system, system))
    ax.grid(alpha=0.25, lw=0.5)
    ax.ticklabel_format(axis="y", useOffset=False)
    if values:
        ax.legend(fontsize=8, loc="best", framealpha=0.6)
        low, high = _range(values)
        ax.set_ylim(low, high)
    if not flux:
        ax.invert_yaxis()


def _range(values: Sequence[_Value]) -> tuple[float, float]:
    """Return the range of the axis: all points, but error bars only as far as is usual here."""
    usual = median([v.error or 0.0 for v in values if not v.limit] or [0.0])
    ends = [v.y + sign * min(v.error or 0.0, 3 * usual) for v in values for sign in (-1, 1)]
    room = 0.06 * (max(ends) - min(ends)) or max(usual, 0.01)
    return min(ends) - room, max(ends) + room


def _summary(points: Sequence[Mapping[str, Any]]) -> str:
    """Return how many points of which time they are."""
    days = sorted({style.utc(p["mjd_mid"]).date() for p in points})
    when = str(days[0]) if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
    without = sum(p["zp"] is None for p in points)
    flagged = sum(bool(p["flags"]) for p in points)
    forced = sum(p["kind"] == "forced" for p in points)
    parts = [f"{len(points)} points, {when}"]
    parts += [f"{forced} forced"] if forced else []
    parts += [f"{flagged} flagged"] if flagged else []
    parts += [f"{without} without zero point"] if without else []
    return ", ".join(parts)


class _Time:
    """The time axis: within one night BJD less its whole day with UTC above; over nights dates with MJD above."""

    def __init__(self, points: Sequence[Mapping[str, Any]]) -> None:
        times = [p["mjd_mid"] for p in points]
        self.one_night = max(times) - min(times) < 0.8
        lags = [p["bjd_tdb"] - p["mjd_mid"] for p in points if p["bjd_tdb"] is not None]
        #: BJD_TDB less MJD; it changes by less than a second within a night.
        self.lag = median(lags) if lags else None
        self.day = math.floor(min(times) + (self.lag if self.lag is not None else 0.0))

    def x(self, mjd: float) -> float:
        """Return where on the axis a moment is."""
        if self.one_night:
            return float(mjd + (self.lag or 0.0) - self.day)
        return mjd - MJD_1970

    def dress(self, top: Any, bottom: Any) -> None:
        """Write the labels, and the other way to say the time above the topmost panel."""
        from matplotlib import dates

        picture: Any = dates  # untyped
        if not self.one_night:
            locator = picture.AutoDateLocator()
            bottom.xaxis.set_major_locator(locator)
            bottom.xaxis.set_major_formatter(picture.ConciseDateFormatter(locator))
            bottom.set_xlabel("date (UTC)")
            above = top.secondary_xaxis("top", functions=(lambda d: d + MJD_1970, lambda m: m - MJD_1970))
            above.set_xlabel("MJD", fontsize=8)
            above.ticklabel_format(useOffset=False)
        else:
            name = "BJD (TDB)" if self.lag is not None else "MJD (UTC)"
            bottom.set_xlabel(f"{name} - {self.day}")
            shift = self.day - (self.lag or 0.0) - MJD_1970
            above = top.secondary_xaxis("top", functions=(lambda x: x + shift, lambda d: d - shift))
            locator = picture.AutoDateLocator()
            above.xaxis.set_major_locator(locator)
            above.xaxis.set_major_formatter(picture.DateFormatter("%H:%M"))
            above.set_xlabel("UTC", fontsize=8)
        above.tick_params(labelsize=8)
