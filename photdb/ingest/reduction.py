"""Raw counts to reduced pixels: overscan, bias, dark, pattern, flat, masks and the variance of it all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from photdb.errors import InputError
from photdb.ingest.cosmic import mask_cosmic_rays
from photdb.ingest.image import BAND_ROWS, read_raw
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
from photdb.ingest.saturation import saturation_mask
from photdb.photometry.pixels import Pixels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from photdb.ingest.frame_header import FrameHeader
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

# Bits of photdb.photometry.flags in a pixel mask.
SATURATED, BAD = 4, 16


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
    mask = saturation_mask(raw[y0:y1, x0:x1], header.saturation).view(np.uint8)
    mask *= np.uint8(SATURATED)
    level, overscan_variance = subtract_overscan(raw, header.overscan)
    data = np.ascontiguousarray(raw[y0:y1, x0:x1])
    _mark_bad(data, mask, chosen, _trimmed(user_mask, raw.shape, data.shape, header))
    steps = _Steps.of(header, chosen, pattern, overscan_variance, data.shape)
    pixels = Pixels(
        data=data,
        mask=mask,
        floor=steps.apply(data),
        response=chosen.flat.data if chosen.flat is not None else None,
        gain=header.gain,
        read_noise=header.read_noise,
        gain_known=not _guessed(header),
        saturation=(header.saturation - level - steps.level()) / steps.highest_response(),
        x0=x0,
        y0=y0,
    )
    if cosmic:
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


@dataclass(frozen=True, slots=True)
class _Steps:
    """What is subtracted from one frame and what it is divided by, with the factors of their variances."""

    read_variance: float
    gain: float
    bias: Master | None
    bias_share: float
    dark: Master | None
    scale: float
    pedestal: float
    pattern: Pattern | None
    flat: Master | None

    @classmethod
    def of(
        cls,
        header: FrameHeader,
        chosen: Chosen,
        pattern: Pattern | None,
        overscan_variance: float,
        shape: tuple[int, ...],
    ) -> _Steps:
        """Settle the factors for one frame."""
        bias, dark, flat = chosen.bias, chosen.dark, chosen.flat
        for what, plane in (("bias", bias), ("dark", dark), ("pattern map", pattern), ("flat", flat)):
            if plane is not None and plane.data.shape != shape:
                raise InputError(
                    f"the master {what} has {plane.data.shape[1]} x {plane.data.shape[0]} pixels, "
                    f"{header.path} has {shape[1]} x {shape[0]}",
                    "make it again from frames of the same size and binning",
                )
        scale = dark_scale(dark, header.exptime_s) if dark is not None else 0.0
        # The dark's own bias subtraction gives part of the bias back: none of its noise is left at equal exposures.
        shared = bias is not None and dark is not None and dark.settings.get("bias") == bias.name
        read_variance = (header.read_noise / header.gain) ** 2
        return cls(
            read_variance=read_variance * (1.0 + overscan_variance),
            gain=header.gain,
            bias=bias,
            bias_share=(1.0 - scale) ** 2 if shared else 1.0,
            dark=dark,
            scale=scale,
            pedestal=0.0 if dark is None or dark.bias_subtracted else _pedestal(dark, header, read_variance),
            pattern=pattern,
            flat=flat,
        )

    def apply(self, data: NDArray[np.float32]) -> NDArray[np.float32] | float:
        """Reduce the data in place and return their variance without the photons of sky and stars."""
        if self.bias is None and self.dark is None and self.pattern is None and self.flat is None:
            return self.read_variance
        floor = np.empty_like(data)
        for y in range(0, data.shape[0], BAND_ROWS):  # in bands that stay in the cache: twice as fast
            rows = slice(y, y + BAND_ROWS)
            floor[rows] = self.read_variance
            self._subtract(data[rows], floor[rows], rows)
            if self.flat is not None:
                _divide(data[rows], floor[rows], self.flat.data[rows], self.flat.variance[rows])
        return floor

    def _subtract(self, data: NDArray[np.float32], floor: NDArray[np.float32], rows: slice) -> None:
        """Bias, dark and pattern of some rows, and their noise."""
        if self.bias is not None:
            data -= self.bias.data[rows]
            floor += self.bias.variance[rows] * np.float32(self.bias_share)
        if self.dark is not None:
            current = self.dark.data[rows] * np.float32(self.scale)
            data -= current
            floor += self.dark.variance[rows] * np.float32(self.scale**2)
            # Photon noise of the current; not cut at zero, or the dark's own noise would add to its mean.
            current -= np.float32(self.pedestal)
            floor += np.maximum(current / np.float32(self.gain), np.float32(-0.5 * self.read_variance))
        if self.pattern is not None:
            data -= self.pattern.data[rows]
            floor += self.pattern.variance[rows]

    def level(self) -> float:
        """Typical level that is subtracted, ADU."""
        bias = float(np.median(self.bias.data[::16, ::16])) if self.bias is not None else 0.0
        return bias + (self.scale * float(np.median(self.dark.data[::16, ::16])) if self.dark is not None else 0.0)

    def highest_response(self) -> float:
        """Response that few pixels exceed: saturation lies nowhere lower in the reduced frame."""
        return float(np.percentile(self.flat.data[::8, ::8], 99.9)) if self.flat is not None else 1.0


def _divide(
    data: NDArray[np.float32], floor: NDArray[np.float32], response: NDArray[np.float32], variance: NDArray[np.float32]
) -> None:
    """Divide data and floor by the flat in place: floor / F² + data² var(F) / F², with the divided data."""
    data /= response
    noise = data * data
    noise *= variance
    floor += noise
    np.multiply(response, response, out=noise)
    floor /= noise


def _pedestal(dark: Master, header: FrameHeader, read_variance: float) -> float:
    """Bias still in a dark that is used whole: its median less the current that the scatter of its inputs shows."""
    middle = float(np.median(dark.data[::16, ::16]))
    single = float(np.median(dark.variance[::16, ::16])) * dark.n_inputs
    return middle if _guessed(header) else middle - max(single - read_variance, 0.0) * header.gain


def _mark_bad(
    data: NDArray[np.float32], mask: NDArray[np.uint8], chosen: Chosen, user_mask: NDArray[np.bool_] | None
) -> None:
    """Mask what has no value (it gets the frame's median, so that no NaN spreads), what masters and user call bad."""
    finite = np.isfinite(data)
    if not finite.all():
        data[~finite] = np.median(data[finite])
        mask[~finite] |= BAD
    for master in (chosen.bias, chosen.dark, chosen.flat):
        if master is not None and master.bad.shape == mask.shape:
            mask |= master.bad.view(np.uint8) * np.uint8(BAD)
    if user_mask is not None:
        mask |= user_mask.astype(bool).view(np.uint8) * np.uint8(BAD)


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


def _guessed(header: FrameHeader) -> bool:
    """Whether gain or read noise is an assumption."""
    return any(text.lower().replace("_", " ").startswith(("gain", "read noise")) for text in header.guesses)
