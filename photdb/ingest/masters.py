"""Master bias, dark and flat frames: which to make, making them, keeping them."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from photdb.errors import CalibrationError, InputError
from photdb.ingest.bad_pixels import bad_pixels, sampled_median
from photdb.ingest.choosing import Chosen, choose_masters, dark_scale
from photdb.ingest.combine import combine, frame_stack, photon_transfer
from photdb.ingest.image import read_raw
from photdb.ingest.overscan import light_section, subtract_overscan
from photdb.ingest.planes import read_planes, write_planes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from photdb.ingest.frame_header import FrameHeader

__all__ = [
    "CalibrationGroup",
    "Chosen",
    "Master",
    "choose_masters",
    "dark_scale",
    "group_calibrations",
    "make_master",
]

log = logging.getLogger(__name__)

KINDS = ("bias", "dark", "flat")
# Clipping limit of the combination, sigma.
KAPPA = 4.0
# Level of a usable flat above its bias, as a fraction of saturation.
FLAT_LEVELS = (0.02, 0.9)
# A flat with more than this fraction of saturated pixels is dropped.
FLAT_SATURATED = 0.01
# Photon transfer from a few flats is good to 2 %; a gain off by this fraction is worth a word.
GAIN_TOLERANCE = 0.1


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
    filter, band
        Of a flat: the header's word, and our passband where it is a known one.
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
    band: str | None = None
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
    *("bias_subtracted", "band", "settings", "warnings"),
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
    needed = {"bias": (), "dark": ("bias",), "flat": ("bias", "dark")}[group.kind]
    chosen = choose_masters(group.headers[0], [m for m in masters if m.kind in needed])
    settings: dict[str, Any] = {"kappa": kappa, "overscan": group.headers[0].overscan is not None}
    x0, x1, y0, y1 = group.section
    with frame_stack(len(group.headers), (y1 - y0, x1 - x0), scratch=scratch, memory_mb=memory_mb) as room:
        used, levels, warnings = _fill(room, group, chosen)
        stack = room[: len(used)]
        by_noise = group.kind == "flat"
        data, variance = combine(stack, kappa=kappa, expected=_expected(group.kind, used[0]), by_noise=by_noise)
        if group.kind == "flat" and len(used) > 1:
            gain = photon_transfer(stack, np.asarray(levels), data, used[0].read_noise)
            settings["gain_measured"] = round(gain, 4) if np.isfinite(gain) else None
            warnings += _doubtful_gain(gain, used[0])
    if group.kind == "flat":
        data, variance = _normalised_flat(data, variance, levels, chosen)
        dark = chosen.dark.name if chosen.dark else None
        settings |= {"levels_adu": [round(level, 1) for level in levels], "dark": dark}
        if chosen.bias is None and chosen.dark is None and not settings["overscan"]:
            warnings.append("the flats have no bias, dark or overscan: their pedestal is still in")
    if group.kind != "bias":
        settings["bias"] = chosen.bias.name if chosen.bias else None
    if len(used) < 3:
        warnings.append(f"master {group.kind} made of {len(used)}: stars and cosmic rays in it cannot be told apart")
    for text in warnings:
        log.warning(text)
    return _finished(group, data, variance, used, chosen.bias is not None, settings, tuple(warnings))


def _fill(
    stack: NDArray[np.float32], group: CalibrationGroup, chosen: Chosen
) -> tuple[list[FrameHeader], list[float], list[str]]:
    """Lay the usable frames into the stack, divided by their levels; say which were left out."""
    used: list[FrameHeader] = []
    levels: list[float] = []
    left_out: list[str] = []
    for header in group.headers:
        try:
            frame = _prepared(header)
            level = _subtract_and_level(frame, header, group.kind, chosen)
        except InputError as error:
            left_out.append(f"left out of the master {group.kind}: {error.what}")
            continue
        np.divide(frame, np.float32(level), out=stack[len(used)])
        used.append(header)
        levels.append(level)
    if not used:
        raise CalibrationError(
            f"no master {group.kind} for {group.detector} on {group.night}: none of its "
            f"{len(group.headers)} frames can be used ({left_out[0]})",
            "take the frames again, or ingest those of another night first",
        )
    return used, levels, left_out


def _normalised_flat(
    data: NDArray[np.float32], variance: NDArray[np.float32], levels: list[float], chosen: Chosen
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Bring the flat's median to 1, and the noise of the bias and dark that all its frames share into its variance."""
    inverse = float(np.mean(1.0 / np.asarray(levels))) ** 2
    for subtracted in (chosen.bias, chosen.dark):
        if subtracted is not None:
            variance = variance + np.float32(inverse) * subtracted.variance
    middle = np.float32(sampled_median(data))
    return data / middle, variance / middle**2


def _finished(
    group: CalibrationGroup,
    data: NDArray[np.float32],
    variance: NDArray[np.float32],
    used: list[FrameHeader],
    bias_subtracted: bool,
    settings: dict[str, Any],
    warnings: tuple[str, ...],
) -> Master:
    """Find the bad pixels and give what has no value one that does no harm."""
    bad = ~np.isfinite(data) | ~np.isfinite(variance) | bad_pixels(group.kind, data, used[0])
    unusable = bad if group.kind == "flat" else ~np.isfinite(data)  # a dead pixel's response divides nothing
    data = np.where(unusable, np.float32(1.0 if group.kind == "flat" else 0.0), data)
    variance = np.where(np.isfinite(variance), variance, np.float32(0))
    return Master(
        kind=group.kind,
        detector=group.detector,
        binning=group.binning,
        section=group.section,
        exptime_s=group.exptime_s,
        filter=group.filter,
        night=group.night,
        data=np.ascontiguousarray(data, np.float32),
        variance=np.ascontiguousarray(variance, np.float32),
        bad=bad,
        n_inputs=len(used),
        inputs=tuple(str(header.path) for header in used),
        bias_subtracted=bias_subtracted,
        band=_band(used[0]) if group.kind == "flat" else None,
        settings=settings,
        warnings=warnings,
    )


def _doubtful_gain(gain: float, header: FrameHeader) -> list[str]:
    """Say when the noise of the flats contradicts the gain that flux errors would be made with."""
    if not np.isfinite(gain) or abs(gain / header.gain - 1.0) < GAIN_TOLERANCE:
        return []
    text = f"the photon noise of these flats says a gain of {gain:.3g} e-/ADU for {header.detector}, the header "
    return [text + f"{header.gain:.3g}: flux errors are made with the header's; set the gain in the telescope file"]


def _band(header: FrameHeader) -> str | None:
    """Our passband, None where the header names none."""
    return None if header.filter is None or header.band in (None, "unknown") else header.band


def _prepared(header: FrameHeader) -> NDArray[np.float32]:
    """One calibration frame: overscan subtracted, trimmed, saturated pixels without a value."""
    raw = read_raw(header)
    saturated = raw >= np.float32(header.saturation)
    subtract_overscan(raw, header.overscan)
    raw[saturated] = np.nan
    x0, x1, y0, y1 = light_section(header)
    return np.ascontiguousarray(raw[y0:y1, x0:x1])


def _subtract_and_level(frame: NDArray[np.float32], header: FrameHeader, kind: str, chosen: Chosen) -> float:
    """Take bias and dark off in place; the level to divide by is 1 but for flats."""
    if kind == "bias":
        return 1.0
    if chosen.bias is not None:
        frame -= chosen.bias.data
    if kind == "dark":
        return 1.0
    if chosen.dark is not None:
        frame -= chosen.dark.data * np.float32(dark_scale(chosen.dark, header.exptime_s))
    saturated = 1.0 - np.count_nonzero(np.isfinite(frame)) / frame.size
    level = sampled_median(frame)
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
