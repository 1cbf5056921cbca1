"""Which masters a frame is reduced with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from photdb.ingest.overscan import light_section

if TYPE_CHECKING:
    from collections.abc import Iterable

    from photdb.ingest.frame_header import FrameHeader
    from photdb.ingest.masters import Master

# Two exposures are the same when they differ by less than this fraction (or 0.05 s).
SAME_EXPOSURE = 0.005
# Nights between a frame and its masters beyond which the user is told.
OLD_NIGHTS = 30


@dataclass(frozen=True, slots=True)
class Chosen:
    """The masters one frame is reduced with, and what is missing or doubtful about them."""

    bias: Master | None = None
    dark: Master | None = None
    flat: Master | None = None
    warnings: tuple[str, ...] = ()


def choose_masters(header: FrameHeader, masters: Iterable[Master]) -> Chosen:
    """Choose the masters for one frame: same detector, binning and pixels, then the nearest night.

    A dark of the same exposure comes first, of another exposure only if its bias was subtracted and a bias is there to
    subtract from the frame. A flat is of the frame's filter: the same word in the header, else another word for the
    same passband ("g" and "SDSS g'"), never another passband.
    """
    fitting = [
        m
        for m in masters
        if (m.detector, tuple(m.binning), tuple(m.section)) == (header.detector, header.binning, light_section(header))
    ]
    bias = _nearest(header, [m for m in fitting if m.kind == "bias"])
    darks = [m for m in fitting if m.kind == "dark" and _dark_fits(m, header, bias)]
    same = [m for m in darks if _same_exposure(m.exptime_s, header.exptime_s)]
    dark = _nearest(header, same or darks)
    if dark is not None and not dark.bias_subtracted:
        bias = None  # it is still in the dark
    flats = [m for m in fitting if m.kind == "flat"]
    same_word = [m for m in flats if m.filter == header.filter]
    same_band = [m for m in flats if m.band is not None and header.filter is not None and m.band == header.band]
    flat = _nearest(header, same_word or same_band)
    warnings = [_old(header, m) for m in (bias, dark, flat) if m is not None and _nights_apart(header, m) > OLD_NIGHTS]
    if header.image_type == "light":
        warnings += _missing(header, bias, dark, flat, flats)
    return Chosen(bias, dark, flat, tuple(warnings))


def dark_scale(dark: Master, exptime_s: float | None) -> float:
    """Factor from the dark's own exposure to the frame's."""
    if not dark.exptime_s or exptime_s is None or not dark.bias_subtracted:
        return 1.0
    return exptime_s / dark.exptime_s


def _dark_fits(dark: Master, header: FrameHeader, bias: Master | None) -> bool:
    """Whether the dark can stand for the frame's exposure."""
    if header.exptime_s is None:
        return False
    if dark.bias_subtracted and bias is not None:
        return bool(dark.exptime_s) or _same_exposure(dark.exptime_s, header.exptime_s)
    return not dark.bias_subtracted and _same_exposure(dark.exptime_s, header.exptime_s)


def _same_exposure(one: float | None, other: float | None) -> bool:
    """Equal within half a per cent or 0.05 s."""
    return one is not None and other is not None and abs(one - other) <= max(SAME_EXPOSURE * other, 0.05)


def _nearest(header: FrameHeader, masters: list[Master]) -> Master | None:
    """Nearest night; of one night the one with most inputs."""
    return min(masters, key=lambda m: (_nights_apart(header, m), -m.n_inputs, m.name), default=None)


def _nights_apart(header: FrameHeader, master: Master) -> int:
    """Nights between frame and master; unknown nights are far from everything but each other."""
    if header.night is None or master.night is None:
        return 0 if header.night == master.night else 1_000_000
    return abs((date.fromisoformat(header.night) - date.fromisoformat(master.night)).days)


def _old(header: FrameHeader, master: Master) -> str:
    """Say that a master is from another season."""
    return f"the nearest master {master.kind} for {header.detector} is of {master.night}, this frame of {header.night}"


def _missing(
    header: FrameHeader, bias: Master | None, dark: Master | None, flat: Master | None, flats: list[Master]
) -> list[str]:
    """Say which corrections are not made."""
    words = []
    if bias is None and dark is None and header.overscan is None:
        words.append(f"no bias, dark or overscan for {header.detector}: the pedestal stays in the sky")
    if flat is None:
        others = sorted({str(m.filter) for m in flats})
        have = f" (flats in {', '.join(others)} are not used for it)" if others else ""
        words.append(f"no flat in {header.filter or 'an unnamed filter'} for {header.detector}{have}")
    return words
