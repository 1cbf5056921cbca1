"""Raw counts to reduced pixels: overscan, bias, dark, pattern, flat, masks and the variance of it all."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from photdb.errors import InputError
from photdb.ingest.image import read_raw
from photdb.ingest.masters import (
    CalibrationGroup,
    Chosen,
    Master,
    choose_masters,
    dark_scale,
    group_calibrations,
    make_master,
)
from photdb.ingest.overscan import light_section, subtract_overscan
from photdb.photometry.pixels import Pixels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from photdb.ingest.header import FrameHeader
    from photdb.ingest.pattern import Pattern

__all__ = [
    "CalibrationGroup",
    "Chosen",
    "Master",
    "choose_masters",
    "group_calibrations",
    "make_master",
    "pattern_frames",
    "reduce",
]

log = logging.getLogger(__name__)

# Bits of photdb.photometry.flags in a pixel mask.
SATURATED, BAD, COSMIC = 4, 16, 32


def reduce(
    header: FrameHeader,
    raw: NDArray[np.float32],
    chosen: Chosen,
    *,
    pattern: Pattern | None = None,
    user_mask: NDArray[np.bool_] | None = None,
    cosmic: bool = True,
) -> Pixels:
    """Reduce one frame; the derivation of the variance is in docs/concepts/reduction.md.

    Parameters
    ----------
    header
        What was understood of the frame.
    raw
        Raw counts from `read_raw`. The buffer is consumed: its content is changed, and may become `Pixels.data`.
    chosen
        Masters from `choose_masters`.
    pattern
        Pattern map of this detector and exposure; not together with a dark.
    user_mask
        True where a pixel must not be used; of the raw or of the trimmed shape.
    cosmic
        Mask cosmic rays (bit 32). They are never replaced.

    Raises
    ------
    InputError
        A mask, pattern or master of another shape than the frame.
    """
    x0, x1, y0, y1 = light_section(header)
    mask = (raw[y0:y1, x0:x1] >= np.float32(header.saturation)).view(np.uint8)
    mask *= np.uint8(SATURATED)
    level, overscan_variance = subtract_overscan(raw, header.overscan)
    data = np.ascontiguousarray(raw[y0:y1, x0:x1])
    _mark_bad(data, mask, _trimmed(user_mask, raw.shape, data.shape, header))
    floor: NDArray[np.float32] | float = (header.read_noise / header.gain) ** 2 * (1.0 + overscan_variance)
    for master in (chosen.bias, chosen.dark, chosen.flat):
        if master is not None:
            _same_shape(master.kind, master.data, data, header)
            mask[master.bad] |= BAD
    floor, offset = _subtract_dark(data, floor, header, chosen)
    if pattern is not None:
        _same_shape("pattern map", pattern.data, data, header)
        data -= pattern.data
        floor = floor + pattern.variance
    response, brightest = None, 1.0
    if chosen.flat is not None:
        response = np.where(chosen.flat.bad, np.float32(1), chosen.flat.data)
        floor = _divide_by_flat(data, floor, response, chosen.flat.variance)
        brightest = float(np.percentile(response[::4, ::4], 99.9))
    pixels = Pixels(
        data=data,
        mask=mask,
        floor=floor,
        response=response,
        gain=header.gain,
        read_noise=header.read_noise,
        gain_known=not _guessed(header),
        saturation=(header.saturation - level - offset) / brightest,
        x0=x0,
        y0=y0,
    )
    if cosmic:
        from photdb.ingest.cosmic import mask_cosmic_rays

        mask_cosmic_rays(pixels)
    return pixels


def pattern_frames(
    frames: Iterable[tuple[FrameHeader, Chosen]],
) -> list[Callable[[], NDArray[np.float32]]]:
    """Loaders for `pattern.pattern_map`: each reads a frame and reduces it up to the flat, without a dark."""
    return [partial(_before_flat, header, Chosen(bias=chosen.bias)) for header, chosen in frames]


def _before_flat(header: FrameHeader, chosen: Chosen) -> NDArray[np.float32]:
    """One frame with overscan and bias off."""
    return reduce(header, read_raw(header), chosen, cosmic=False).data


def _subtract_dark(
    data: NDArray[np.float32], floor: NDArray[np.float32] | float, header: FrameHeader, chosen: Chosen
) -> tuple[NDArray[np.float32] | float, float]:
    """Take bias and dark off in place; the variance with theirs added, and the median level taken off."""
    bias, dark, offset = chosen.bias, chosen.dark, 0.0
    scale = dark_scale(dark, header.exptime_s) if dark is not None else 0.0
    if bias is not None:
        data -= bias.data
        # The dark's own bias subtraction gives part of the bias back: none of its noise is left at equal exposures.
        shared = dark is not None and dark.settings.get("bias") == bias.name
        floor = floor + bias.variance * np.float32((1.0 - scale) ** 2 if shared else 1.0)
        offset += float(np.median(bias.data[::4, ::4]))
    if dark is not None:
        current = dark.data if scale == 1.0 else dark.data * np.float32(scale)
        data -= current
        pedestal = 0.0 if dark.bias_subtracted else _pedestal(dark, header)
        # Photon noise of the dark current; linear, so that the noise of the dark itself does not add to its mean.
        read_variance = np.float32((header.read_noise / header.gain) ** 2)
        shot = np.maximum((current - np.float32(pedestal)) / np.float32(header.gain), -0.5 * read_variance)
        floor = floor + shot + dark.variance * np.float32(scale**2)
        offset += float(np.median(current[::4, ::4]))
    return floor, offset


def _pedestal(dark: Master, header: FrameHeader) -> float:
    """Bias still in a dark that is used whole: its median less the current that the scatter of its inputs shows."""
    middle = float(np.median(dark.data[::4, ::4]))
    single = float(np.median(dark.variance[::4, ::4])) * dark.n_inputs
    current = (single - (header.read_noise / header.gain) ** 2) * header.gain
    return middle if _guessed(header) else middle - max(current, 0.0)


def _divide_by_flat(
    data: NDArray[np.float32],
    floor: NDArray[np.float32] | float,
    response: NDArray[np.float32],
    variance: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Divide in place; the variance after it: floor / F² + data² var(F) / F²."""
    data /= response
    after: NDArray[np.float32] = data * data
    after *= variance
    after += floor
    after /= response
    after /= response
    return after


def _mark_bad(data: NDArray[np.float32], mask: NDArray[np.uint8], user_mask: NDArray[np.bool_] | None) -> None:
    """Mask what has no value, and give it the frame's median so that no NaN spreads."""
    finite = np.isfinite(data)
    if not finite.all():
        data[~finite] = np.median(data[finite])
        mask[~finite] |= BAD
    if user_mask is not None:
        mask[user_mask] |= BAD


def _trimmed(
    user_mask: NDArray[np.bool_] | None, raw: tuple[int, ...], light: tuple[int, ...], header: FrameHeader
) -> NDArray[np.bool_] | None:
    """Cut the user's mask to the pixels that saw light."""
    if user_mask is None or user_mask.shape == light:
        return user_mask
    if user_mask.shape != raw:
        raise InputError(
            f"the mask has {user_mask.shape[1]} x {user_mask.shape[0]} pixels, "
            f"{header.path} has {raw[1]} x {raw[0]} ({light[1]} x {light[0]} trimmed)",
            "give a mask of the frame's size",
        )
    x0, x1, y0, y1 = light_section(header)
    return user_mask[y0:y1, x0:x1]


def _same_shape(what: str, one: NDArray[np.float32], data: NDArray[np.float32], header: FrameHeader) -> None:
    """Refuse a master of another size."""
    if one.shape != data.shape:
        raise InputError(
            f"the {what} has {one.shape[1]} x {one.shape[0]} pixels, "
            f"{header.path} has {data.shape[1]} x {data.shape[0]}",
            "make it again from frames of the same size and binning",
        )


def _guessed(header: FrameHeader) -> bool:
    """Whether gain or read noise is an assumption."""
    names = {text.split(":")[0].strip().lower().replace("_", " ") for text in header.guesses}
    return bool(names & {"gain", "read noise", "readnoise"})
