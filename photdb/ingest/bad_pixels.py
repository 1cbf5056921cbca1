"""Hot, dead and oversensitive pixels, from master darks and flats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photdb.ingest.frame_header import FrameHeader

# Relative response outside of which a pixel is dead or hot, against the median of its surroundings.
DEAD, OVERSENSITIVE = 0.3, 2.0
# A hot pixel stands this many (robust) sigma over the dark's pixels, and its shot noise exceeds the read noise.
HOT_SIGMA = 10.0


def bad_pixels(kind: str, data: NDArray[np.float32], header: FrameHeader) -> NDArray[np.bool_]:
    """Hot pixels of a dark, dead and oversensitive ones of a flat."""
    with np.errstate(invalid="ignore"):
        if kind == "dark":
            middle = np.float32(sampled_median(data))
            sigma = 1.4826 * sampled_median(np.abs(data - middle))
            shot = header.read_noise**2 / header.gain  # ADU whose photon noise is the read noise
            return np.asarray(data - middle > max(HOT_SIGMA * sigma, shot))
        if kind == "flat":
            around = localsampled_median(data)
            return np.asarray((data < DEAD * around) | (data > OVERSENSITIVE * around) | (data <= 0.05))
    return np.zeros(data.shape, bool)


def localsampled_median(data: NDArray[np.float32], box: int = 16) -> NDArray[np.float32]:
    """Median of the surroundings: of boxes of `box` pixels, bilinear between their centres."""
    height, width = data.shape
    if height < 2 * box or width < 2 * box:
        return np.full(data.shape, sampled_median(data), np.float32)
    ny, nx = height // box, width // box
    blocks = data[: ny * box, : nx * box].reshape(ny, box, nx, box).swapaxes(1, 2).reshape(ny, nx, box * box)
    with np.errstate(invalid="ignore"):
        grid = np.median(blocks, axis=2)
    grid = np.where(np.isfinite(grid), grid, np.float32(sampled_median(data)))
    return _bilinear(_bilinear(grid, height, box).T, width, box).T


def _bilinear(grid: NDArray[np.float32], n: int, box: int) -> NDArray[np.float32]:
    """Stretch the first axis from boxes to pixels."""
    at = np.clip((np.arange(n) - (box - 1) / 2.0) / box, 0.0, grid.shape[0] - 1.0)
    low = np.minimum(at.astype(int), grid.shape[0] - 2)
    part = (at - low).astype(np.float32)[:, None]
    return np.asarray(grid[low] * (1 - part) + grid[low + 1] * part)


def sampled_median(values: NDArray[Any]) -> float:
    """Median of the finite values, every fourth row and column of a large array."""
    step = 4 if values.size > 4_000_000 else 1
    sample = values[::step, ::step]
    finite = sample[np.isfinite(sample)]
    return float(np.median(finite)) if finite.size else float("nan")
