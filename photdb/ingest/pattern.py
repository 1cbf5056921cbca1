"""The fixed pattern of a camera without darks, from the frames themselves where the field drifts over the chip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from photdb.errors import CalibrationError
from photdb.ingest.combine import BAND_PIXELS, frame_stack
from photdb.ingest.planes import read_planes, write_planes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

# Frames a pattern needs, and the most that are read for it.
MIN_FRAMES, MAX_FRAMES = 15, 200
# A place on the chip may lie within one FWHM of the same star in at most this fraction of the frames, ...
MAX_STAY = 0.1
# ... and the field must have moved by this many FWHM in all.
MIN_DRIFT_FWHM = 5.0
# Frames that the first, rough pattern and the drift are taken from.
ROUGH_FRAMES = 31
# Stars are hidden from the median where the smoothed frame stands this many sigma above its background.
STAR_SIGMA = 2.5
_QUARTILES = 1.349  # quartile distance of a normal distribution, in sigma


@dataclass(frozen=True, slots=True)
class Pattern:
    """What one camera adds to every frame of one exposure.

    Attributes
    ----------
    data
        ADU, (height, width), around zero: what stands above or below the smooth background.
    variance
        Variance of `data`, ADU².
    n_frames
        Frames it is the median of.
    drift_px
        Length of the way the field went over the chip, pixels.
    """

    data: NDArray[np.float32]
    variance: NDArray[np.float32]
    n_frames: int
    drift_px: float

    def save(self, path: Path) -> None:
        """Write as FITS, whole or not at all."""
        meta = {"n_frames": self.n_frames, "drift_px": self.drift_px}
        cards = {"IMAGETYP": "pattern", "NCOMBINE": self.n_frames, "DRIFTPX": self.drift_px}
        write_planes(path, {"": self.data, "VARIANCE": self.variance}, meta, cards)

    @classmethod
    def load(cls, path: Path) -> Pattern:
        """Read what `save` wrote; InputError for anything else."""
        (data, variance), meta = read_planes(path, ("", "VARIANCE"))
        return cls(np.ascontiguousarray(data, np.float32), np.ascontiguousarray(variance, np.float32), **meta)


def reason_against(dx: NDArray[np.float64], dy: NDArray[np.float64], fwhm_px: float) -> str | None:
    """Why the frames cannot give a pattern, or None when they can.

    Parameters
    ----------
    dx, dy
        Position of the field on the chip in each frame, pixels from any origin.
    fwhm_px
        Typical FWHM of the stars, pixels.
    """
    if len(dx) < MIN_FRAMES:
        return f"{len(dx)} frames of this detector and exposure, {MIN_FRAMES} are needed"
    drift = float(np.hypot(np.ptp(dx), np.ptp(dy)))
    if drift < MIN_DRIFT_FWHM * fwhm_px:
        return f"the field drifts by {drift:.1f} px in all, {MIN_DRIFT_FWHM * fwhm_px:.1f} are needed"
    near = np.hypot(dx[:, None] - dx[None, :], dy[:, None] - dy[None, :]) < fwhm_px
    stay = float(near.mean(axis=1).max())
    if stay > MAX_STAY:
        return f"the field stands still in {100 * stay:.0f} % of the frames, {100 * MAX_STAY:.0f} % are allowed"
    return None


def pattern_map(
    frames: Sequence[Callable[[], NDArray[np.float32]]],
    *,
    fwhm_px: float = 3.0,
    dx: NDArray[np.float64] | None = None,
    dy: NDArray[np.float64] | None = None,
    max_frames: int = MAX_FRAMES,
    scratch: Path | None = None,
    memory_mb: int = 1024,
) -> Pattern:
    """Median of the background-subtracted frames in detector coordinates, the stars hidden.

    The stars wander, the pattern stays. A first median of 31 frames shows the pattern's outliers; with that one
    subtracted, what stands 2.5 sigma above the background of a smoothed frame is a star, and is left out of the
    final median, so that no star prints into the map along its trail.

    Parameters
    ----------
    frames
        Each returns one trimmed frame in ADU, background in, not divided by a flat: of one detector and one exposure
        time. At most `max_frames`, evenly chosen, are called.
    fwhm_px
        Typical FWHM of the stars, pixels.
    dx, dy
        Position of the field on the chip in each of `frames`, pixels; estimated by phase correlation when None.
    scratch, memory_mb
        Where the frames are laid down when they exceed that memory together.

    Raises
    ------
    CalibrationError
        Too few frames, or the field does not drift enough (see `reason_against`).
    """
    if len(frames) < MIN_FRAMES:
        raise CalibrationError(f"no pattern map: {len(frames)} frames, {MIN_FRAMES} are needed")
    index = np.unique(np.linspace(0, len(frames) - 1, min(max_frames, len(frames))).round().astype(int))
    first = frames[index[0]]()
    with frame_stack(len(index), first.shape, scratch=scratch, memory_mb=memory_mb) as stack:
        for i, which in enumerate(index):
            stack[i] = first if i == 0 else frames[which]()
            _subtract_background(stack[i])
        rough = np.unique(np.linspace(0, len(index) - 1, min(ROUGH_FRAMES, len(index))).round().astype(int))
        if dx is None or dy is None:
            x, y = estimate_drift([stack[i] for i in rough])
        else:
            x, y = np.asarray(dx, float)[index], np.asarray(dy, float)[index]
        against = reason_against(x, y, fwhm_px)
        if against:
            raise CalibrationError(f"no pattern map: {against}", "take darks: they need no drift")
        outliers, _ = _quartile_median(stack, rough, None)
        for i in range(len(index)):
            _hide_stars(stack[i], outliers, fwhm_px)
        data, variance = _quartile_median(stack, np.arange(len(index)), outliers)
    data -= np.median(data)  # the level is the sky's
    return Pattern(data, variance, len(index), float(np.hypot(np.ptp(x), np.ptp(y))))


def estimate_drift(frames: Sequence[NDArray[np.float32]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the field stands in each background-subtracted frame, against the middle one; good to a few pixels.

    Phase correlation of 2x2-binned frames. Single hot pixels, which do not move, are cut to their neighbours' level
    first, and stars to 20 sigma, so that the brightest does not decide alone.
    """
    from scipy import fft

    spectra = [fft.rfft2(_drift_view(frame)) for frame in frames]
    middle = np.conj(spectra[len(spectra) // 2])
    height, width = frames[0].shape[0] // 2, frames[0].shape[1] // 2
    dx, dy = np.empty(len(frames)), np.empty(len(frames))
    for i, spectrum in enumerate(spectra):
        cross = spectrum * middle
        cross /= np.abs(cross) + np.float32(1e-6) * np.abs(cross).max()
        peak = fft.irfft2(cross, s=(height, width))
        y, x = np.unravel_index(int(np.argmax(peak)), peak.shape)
        dx[i] = 2.0 * (x - width if x > width // 2 else x)
        dy[i] = 2.0 * (y - height if y > height // 2 else y)
    return dx, dy


def _drift_view(frame: NDArray[np.float32]) -> NDArray[np.float32]:
    """2x2 means of the frame, hot pixels cut down, stars clipped, tapered towards the edges."""
    cut = frame.copy()
    inner = cut[1:-1, 1:-1]
    around = np.maximum(frame[:-2, 1:-1], frame[2:, 1:-1])
    np.minimum(inner, np.maximum(around, np.maximum(frame[1:-1, :-2], frame[1:-1, 2:])), out=inner)
    h, w = cut.shape[0] // 2 * 2, cut.shape[1] // 2 * 2
    small = cut[:h:2, :w:2] + cut[1:h:2, :w:2] + cut[:h:2, 1:w:2] + cut[1:h:2, 1:w:2]
    sigma = np.float32(1.4826) * np.median(np.abs(small))
    np.clip(small, 3 * sigma, 20 * sigma, out=small)
    small -= 3 * sigma
    return small


def _subtract_background(frame: NDArray[np.float32]) -> None:
    """Take the smooth background off in place, measured on every second pixel of every second row."""
    import sep

    back = sep.Background(np.ascontiguousarray(frame[::2, ::2]), bw=32, bh=32, fw=3, fh=3).back(dtype=np.float32)
    for part in _quarters(frame):
        part -= back[: part.shape[0], : part.shape[1]]


def _hide_stars(frame: NDArray[np.float32], pattern: NDArray[np.float32], fwhm_px: float) -> None:
    """Replace stars by infinity.

    Stars are found on 2x2 sums, smoothed to about the FWHM; the bound follows their wings, and one FWHM more is hidden.
    """
    from scipy import ndimage

    height, width = frame.shape
    small = np.zeros(((height + 1) // 2, (width + 1) // 2), np.float32)
    for part, outliers in zip(_quarters(frame), _quarters(pattern), strict=True):
        small[: part.shape[0], : part.shape[1]] += part - outliers
    half_fwhm = max(1, round(fwhm_px / 2))
    if half_fwhm > 1:
        small = ndimage.uniform_filter(small, half_fwhm, mode="nearest")
    sigma = 1.4826 * float(np.median(np.abs(small[::2, ::2])))
    star = ndimage.maximum_filter((small > STAR_SIGMA * sigma).view(np.uint8), 2 * half_fwhm + 1).view(bool)
    for part in _quarters(frame):
        np.copyto(part, np.float32(np.inf), where=star[: part.shape[0], : part.shape[1]])


def _quarters(frame: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Split into views: even or odd rows, even or odd columns."""
    return [frame[y::2, x::2] for y in (0, 1) for x in (0, 1)]


def _quartile_median(
    stack: NDArray[np.float32], index: NDArray[np.int_], fallback: NDArray[np.float32] | None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Median of what is not hidden in the frames `index`, and the variance of that median, in row bands."""
    from scipy import ndimage

    _, height, width = stack.shape
    n = len(index)
    data, variance = np.empty((height, width), np.float32), np.empty((height, width), np.float32)
    step = max(1, BAND_PIXELS // (n * width))
    for y in range(0, height, step):
        # Frames last and contiguous: numpy then sorts with vector instructions, five times faster than it selects.
        band = np.ascontiguousarray(np.moveaxis(stack[index, y : y + step], 0, -1))
        band.sort(axis=-1)
        data[y : y + step], variance[y : y + step] = _median_of_sorted(band)
    hidden = ~np.isfinite(data)  # under stars in most frames: only what is sharp in the rough median is the camera's
    if hidden.any():
        data[hidden] = 0.0 if fallback is None else (fallback - ndimage.median_filter(fallback, 5))[hidden]
    typical = np.float32(np.median(variance[~hidden]))
    np.maximum(variance, np.float32(0.25) * typical, out=variance)
    variance[hidden] = typical * np.float32(4)
    return data, variance


def _median_of_sorted(band: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Median and its variance along the last axis, hidden values (infinite) behind; infinite where most are hidden."""
    n = band.shape[-1]
    seen = np.isfinite(band).sum(axis=-1)

    def rank(of: NDArray[np.int_]) -> NDArray[np.float32]:
        return np.asarray(np.take_along_axis(band, np.clip(of, 0, n - 1)[..., None], axis=-1)[..., 0])

    few = seen < max(4, n // 4)
    with np.errstate(invalid="ignore"):
        data = (rank((seen - 1) // 2) + rank(seen // 2)) / 2
        sigma = (rank(seen - 1 - seen // 4) - rank(seen // 4)) / np.float32(_QUARTILES)
    variance = sigma**2 * np.float32(np.pi / 2) / np.maximum(seen, 1).astype(np.float32)
    data[few] = np.inf
    return np.asarray(data, np.float32), np.asarray(variance, np.float32)
