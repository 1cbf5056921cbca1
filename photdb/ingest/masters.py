"""Master bias, dark and flat frames: which to make, making them, keeping them, choosing among them."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from photdb.errors import CalibrationError, InputError
from photdb.ingest.combine import combine, frame_stack
from photdb.ingest.image import read_raw
from photdb.ingest.overscan import light_section, subtract_overscan
from photdb.ingest.planes import read_planes, write_planes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from photdb.ingest.frame_header import FrameHeader

log = logging.getLogger(__name__)

KINDS = ("bias", "dark", "flat")
# Clipping limit of the combination, sigma.
KAPPA = 4.0
# Two exposures are the same when they differ by less than this fraction (or 0.05 s).
SAME_EXPOSURE = 0.005
# Level of a usable flat above its bias, as a fraction of saturation.
FLAT_LEVELS = (0.02, 0.9)
# A flat with more than this fraction of saturated pixels is dropped.
FLAT_SATURATED = 0.01
# Relative response outside of which a pixel is dead or hot, against the median of its surroundings.
DEAD, OVERSENSITIVE = 0.3, 2.0
# A hot pixel stands this many (robust) sigma over the dark's pixels, and its shot noise exceeds the read noise.
HOT_SIGMA = 10.0
# Nights between a frame and its masters beyond which the user is told.
OLD_NIGHTS = 30


@dataclass(frozen=True, slots=True)
class Master:
    """One master frame, trimmed and overscan-subtracted.

    Attributes
    ----------
    kind
        bias, dark or flat.
    section
        x0, x1, y0, y1 of the pixels in the raw array.
    exptime_s
        Seconds the data of a dark stand for; None otherwise.
    data
        ADU (bias; dark in `exptime_s`), or response normalised to a median of 1 (flat).
    variance
        Variance of `data`, per pixel, from the scatter of the inputs.
    bad
        Hot pixels of a dark, dead and oversensitive pixels of a flat, pixels without a value.
    bias_subtracted
        A dark without its bias may be scaled to another exposure; one used whole may not.
    inputs
        Files it was made from, those left out not among them.
    settings
        How it was made.
    warnings
        What the user should know of it.
    """

    kind: str
    detector: str
    binning: tuple[int, int]
    section: tuple[int, int, int, int]
    exptime_s: float | None
    filter: str | None
    night: str | None
    data: NDArray[np.float32]
    variance: NDArray[np.float32]
    bad: NDArray[np.bool_]
    n_inputs: int
    inputs: tuple[str, ...]
    bias_subtracted: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """File name without suffix: what it is, and a digest of what it was made from."""
        words = [self.kind, self.detector, f"{self.binning[0]}x{self.binning[1]}"]
        words += [f"{self.exptime_s:g}s"] if self.exptime_s is not None else []
        words += [w for w in (self.filter, self.night) if w]
        made_of = json.dumps([self.inputs, self.section, self.settings], sort_keys=True)
        words.append(hashlib.sha256(made_of.encode()).hexdigest()[:8])
        return "_".join("".join(c if c.isalnum() or c in ".-+" else "-" for c in w) for w in words)

    def save(self, path: Path) -> None:
        """Write as FITS: image, VARIANCE, BAD and META (JSON); whole or not at all."""
        meta = {key: getattr(self, key) for key in _META}
        cards: dict[str, Any] = {"IMAGETYP": self.kind, "INSTRUME": self.detector, "FILTER": self.filter}
        cards |= {"EXPTIME": self.exptime_s, "NIGHT": self.night, "NCOMBINE": self.n_inputs}
        write_planes(path, {"": self.data, "VARIANCE": self.variance, "BAD": self.bad.astype(np.uint8)}, meta, cards)

    @classmethod
    def load(cls, path: Path) -> Master:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            The file is no master frame of photdb, or cannot be read.
        """
        (data, variance, bad), meta = read_planes(path, ("", "VARIANCE", "BAD"))
        for key in ("binning", "section", "inputs", "warnings"):
            meta[key] = tuple(meta[key])
        return cls(
            data=np.ascontiguousarray(data, np.float32),
            variance=np.ascontiguousarray(variance, np.float32),
            bad=np.ascontiguousarray(bad).astype(bool),
            **meta,
        )


_META = (
    *("kind", "detector", "binning", "section", "exptime_s", "filter", "night", "n_inputs", "inputs"),
    *("bias_subtracted", "settings", "warnings"),
)


@dataclass(frozen=True, slots=True)
class CalibrationGroup:
    """Frames that one master is made from."""

    kind: str
    detector: str
    binning: tuple[int, int]
    section: tuple[int, int, int, int]
    exptime_s: float | None
    filter: str | None
    night: str | None
    headers: tuple[FrameHeader, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The masters one frame is reduced with, and what is missing or doubtful about them."""

    bias: Master | None = None
    dark: Master | None = None
    flat: Master | None = None
    warnings: tuple[str, ...] = ()


def group_calibrations(headers: Iterable[FrameHeader]) -> list[CalibrationGroup]:
    """Sort bias, dark and flat frames into the masters to make: biases first, then darks, then flats.

    One master per detector, binning, trim section and night; darks also by exposure, flats by filter (exact words).
    """
    groups: dict[tuple[Any, ...], list[FrameHeader]] = {}
    for header in headers:
        if header.image_type not in KINDS:
            continue
        if header.image_type == "dark" and header.exptime_s is None:
            log.warning("%s: a dark without an exposure time cannot be used", header.path)
            continue
        exptime = round(header.exptime_s or 0.0, 3) if header.image_type == "dark" else None
        name = header.filter if header.image_type == "flat" else None
        key = (KINDS.index(header.image_type), header.detector, header.binning, light_section(header))
        groups.setdefault((*key, exptime, name, header.night), []).append(header)
    ordered = sorted(groups.items(), key=lambda item: tuple(str(part) for part in item[0]))
    result = []
    for (kind, detector, binning, section, exptime, name, night), found in ordered:
        members = tuple(sorted(found, key=lambda h: (str(h.path), h.hdu)))
        result.append(CalibrationGroup(KINDS[kind], detector, binning, section, exptime, name, night, members))
    return result


def make_master(
    group: CalibrationGroup,
    masters: Sequence[Master] = (),
    *,
    scratch: Path | None = None,
    memory_mb: int = 1024,
    kappa: float = KAPPA,
) -> Master:
    """Combine the frames of one group.

    Darks are bias-subtracted where a bias fits, else used whole; flats lose bias and dark, are normalised each by
    its median, weighted by their noise. Frames that cannot be used are left out and named in `warnings`.

    Parameters
    ----------
    group
        From `group_calibrations`.
    masters
        Those made so far: the biases for the darks, both for the flats.
    scratch
        Folder of the scratch file used when the frames exceed `memory_mb` together.

    Raises
    ------
    CalibrationError
        Not one of the frames can be used.
    """
    settings: dict[str, Any] = {"kappa": kappa, "overscan": group.headers[0].overscan is not None}
    chosen = choose_masters(group.headers[0], masters) if group.kind != "bias" else Chosen()
    dark = chosen.dark if group.kind == "flat" else None
    warnings: list[str] = []
    x0, x1, y0, y1 = group.section
    shape = (y1 - y0, x1 - x0)
    used: list[FrameHeader] = []
    levels: list[float] = []
    with frame_stack(len(group.headers), shape, scratch=scratch, memory_mb=memory_mb) as stack:
        for header in group.headers:
            try:
                frame = _prepared(header)
                level = _subtract_and_level(frame, header, group.kind, chosen.bias, dark)
            except InputError as error:
                warnings.append(f"left out of the master {group.kind}: {error.what}")
                continue
            stack[len(used)] = frame / np.float32(level)
            used.append(header)
            levels.append(level)
        if not used:
            raise CalibrationError(
                f"no master {group.kind} for {group.detector} on {group.night}: none of its "
                f"{len(group.headers)} frames can be used ({warnings[0]})",
                "take the frames again, or ingest those of another night first",
            )
        data, variance = combine(
            stack[: len(used)], kappa=kappa, expected=_expected(group.kind, used[0]), by_noise=group.kind == "flat"
        )
    if group.kind == "flat":
        inverse = float(np.mean(1.0 / np.asarray(levels))) ** 2
        for subtracted in (chosen.bias, dark):
            if subtracted is not None:
                variance += np.float32(inverse) * subtracted.variance
        middle = np.float32(_median(data))
        data, variance = data / middle, variance / middle**2
        settings |= {"levels_adu": [round(level, 1) for level in levels], "dark": dark.name if dark else None}
        if chosen.bias is None and not settings["overscan"] and (dark is None or dark.bias_subtracted):
            warnings.append("the flats have no bias and no overscan: their pedestal is still in")
    if group.kind != "bias":
        settings["bias"] = chosen.bias.name if chosen.bias else None
    if len(used) < 3:
        warnings.append(f"master {group.kind} made of {len(used)}: stars and cosmic rays in it cannot be told apart")
    bad = ~np.isfinite(data) | ~np.isfinite(variance) | _bad_pixels(group.kind, data, used[0])
    unusable = bad if group.kind == "flat" else ~np.isfinite(data)  # a dead pixel's response divides nothing
    data = np.where(unusable, np.float32(1.0 if group.kind == "flat" else 0.0), data)
    variance = np.where(np.isfinite(variance), variance, np.float32(0))
    for text in warnings:
        log.warning(text)
    return Master(
        kind=group.kind, detector=group.detector, binning=group.binning, section=group.section,
        exptime_s=group.exptime_s, filter=group.filter, night=group.night,
        data=np.ascontiguousarray(data, np.float32), variance=np.ascontiguousarray(variance, np.float32), bad=bad,
        n_inputs=len(used), inputs=tuple(str(h.path) for h in used), bias_subtracted=chosen.bias is not None,
        settings=settings, warnings=tuple(warnings),
    )  # fmt: skip


def _prepared(header: FrameHeader) -> NDArray[np.float32]:
    """One calibration frame: overscan subtracted, trimmed, saturated pixels without a value."""
    raw = read_raw(header)
    saturated = raw >= np.float32(header.saturation)
    subtract_overscan(raw, header.overscan)
    raw[saturated] = np.nan
    x0, x1, y0, y1 = light_section(header)
    return np.ascontiguousarray(raw[y0:y1, x0:x1])


def _subtract_and_level(
    frame: NDArray[np.float32], header: FrameHeader, kind: str, bias: Master | None, dark: Master | None
) -> float:
    """Take bias and dark off in place; the level to divide by is 1 but for flats."""
    if kind == "bias":
        return 1.0
    if bias is not None:
        frame -= bias.data
    if kind == "dark":
        return 1.0
    if dark is not None:
        frame -= dark.data * np.float32(dark_scale(dark, header.exptime_s))
    saturated = 1.0 - np.count_nonzero(np.isfinite(frame)) / frame.size
    level = _median(frame)
    if saturated > FLAT_SATURATED or level > FLAT_LEVELS[1] * header.saturation:
        raise InputError(f"{header.path}: {100 * saturated:.1f} % of this flat is saturated, its level {level:.0f} ADU")
    if not level > FLAT_LEVELS[0] * header.saturation:
        raise InputError(
            f"{header.path}: this flat has {level:.0f} ADU above its bias, under {100 * FLAT_LEVELS[0]:g} % of "
            f"saturation ({header.saturation:g})"
        )
    return level


def _expected(kind: str, header: FrameHeader) -> Any:
    """Variance of a pixel relative to the typical one: a flat's goes with its photons, a dark's with its current."""
    if kind == "bias":
        return lambda mean: np.ones_like(mean)
    if kind == "flat":
        return lambda mean: np.clip(mean, 0.05, 20.0)
    read_variance = max((header.read_noise / header.gain) ** 2, 1e-3)
    return lambda mean: 1.0 + np.maximum(mean - np.nanmedian(mean), 0.0) / np.float32(header.gain * read_variance)


def _bad_pixels(kind: str, data: NDArray[np.float32], header: FrameHeader) -> NDArray[np.bool_]:
    """Hot pixels of a dark, dead and oversensitive ones of a flat."""
    with np.errstate(invalid="ignore"):
        if kind == "dark":
            middle = np.float32(_median(data))
            sigma = 1.4826 * _median(np.abs(data - middle))
            shot = header.read_noise**2 / header.gain  # ADU whose photon noise is the read noise
            return np.asarray(data - middle > max(HOT_SIGMA * sigma, shot))
        if kind == "flat":
            around = local_median(data)
            return np.asarray((data < DEAD * around) | (data > OVERSENSITIVE * around) | (data <= 0.05))
    return np.zeros(data.shape, bool)


def local_median(data: NDArray[np.float32], box: int = 16) -> NDArray[np.float32]:
    """Median of the surroundings: of boxes of `box` pixels, bilinear between their centres."""
    height, width = data.shape
    if height < 2 * box or width < 2 * box:
        return np.full(data.shape, _median(data), np.float32)
    ny, nx = height // box, width // box
    blocks = data[: ny * box, : nx * box].reshape(ny, box, nx, box).swapaxes(1, 2).reshape(ny, nx, box * box)
    with np.errstate(invalid="ignore"):
        grid = np.median(blocks, axis=2)
    grid = np.where(np.isfinite(grid), grid, np.float32(_median(data)))
    return _bilinear(_bilinear(grid, height, box).T, width, box).T


def _bilinear(grid: NDArray[np.float32], n: int, box: int) -> NDArray[np.float32]:
    """Stretch the first axis from boxes to pixels."""
    at = np.clip((np.arange(n) - (box - 1) / 2.0) / box, 0.0, grid.shape[0] - 1.0)
    low = np.minimum(at.astype(int), grid.shape[0] - 2)
    part = (at - low).astype(np.float32)[:, None]
    return np.asarray(grid[low] * (1 - part) + grid[low + 1] * part)


def _median(values: NDArray[Any]) -> float:
    """Median of the finite values, every fourth row and column of a large array."""
    step = 4 if values.size > 4_000_000 else 1
    sample = values[::step, ::step]
    finite = sample[np.isfinite(sample)]
    return float(np.median(finite)) if finite.size else float("nan")


def choose_masters(header: FrameHeader, masters: Iterable[Master]) -> Chosen:
    """Choose the masters for one frame: same detector, binning and pixels, then the nearest night.

    A dark of the same exposure comes first, of another exposure only if its bias was subtracted and a bias is there to
    subtract from the frame. A flat is of exactly the frame's filter: never another one.
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
    flat = _nearest(header, [m for m in flats if m.filter == header.filter])
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
