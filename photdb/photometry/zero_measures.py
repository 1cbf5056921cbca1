"""What a zero point is made of: stars measured in frames, and the model that is fitted to them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]

#: Measurements worked on at a time: they stay in the processor's cache.
_BLOCK = 1 << 16

_LN_FLUX = 0.4 * math.log(10.0)  # of a magnitude
_MARGIN = 4.0  # in S/N, whose noise is 1
_LEAST_BRIGHT = 5


@dataclass(frozen=True, slots=True)
class Measures:
    """Reference minus instrumental magnitude of stars in frames; all arrays of one length, sorted by frame.

    Any width of number will do: 32 bits halve the memory of a large solution, and lose nothing.

    Attributes
    ----------
    frame, star
        Numbers from 0.
    d
        mag; m_ref - m_inst, or -m_inst where there is no reference.
    err
        mag; error of m_inst.
    ref_err
        mag; error of m_ref that the catalogue gives, 0 where it gives none.
    colour
        mag; of the reference star, NaN where unknown; the same in every frame.
    u, v
        Place in the frame, -1 to 1.
    mag
        mag; for the magnitude term: the reference magnitude, NaN where unknown; the same in every frame.
    held
        Kept back: never used in a fit.
    """

    frame: NDArray[Any]
    star: NDArray[Any]
    d: NDArray[Any]
    err: NDArray[Any]
    ref_err: NDArray[Any]
    colour: NDArray[Any] | None = None
    u: NDArray[Any] | None = None
    v: NDArray[Any] | None = None
    mag: NDArray[Any] | None = None
    held: NDArray[Any] | None = None

    def take(self, which: NDArray[Any] | slice) -> Measures:
        """Return some of them."""
        optional = (self.colour, self.u, self.v, self.mag, self.held)
        return Measures(
            self.frame[which], self.star[which], self.d[which], self.err[which], self.ref_err[which],
            *(None if x is None else x[which] for x in optional),
        )  # fmt: skip

    def used(self) -> Measures:
        """Return those that are not kept back."""
        return self if self.held is None or not self.held.any() else self.take(~self.held.astype(bool))

    def sorted(self) -> Measures:
        """Return them sorted by frame."""
        if np.all(self.frame[1:] >= self.frame[:-1]):
            return self
        return self.take(np.argsort(self.frame, kind="stable"))


@dataclass(frozen=True, slots=True)
class Model:
    """What is fitted: ``d = zp + colour term + magnitude term + map(u, v) + the star's offset``.

    Attributes
    ----------
    offsets
        Stars have an offset that is the same in all frames; else each frame is solved by itself.
    robust
        How a frame's zero point is located: ``auto`` (weighted median under 20 stars, biweight from there), ``median``,
        ``biweight`` or ``huber``.
    colour
        ``none``, ``shared`` (one term for all frames), ``frame`` (one a frame), ``fixed`` (`colour_value`).
    colour_value, colour_pivot
        mag per mag, and the colour (mag) that a zero point holds for.
    magnitude
        Fit ``mag_term (m_inst + zp - mag_pivot)``, shared by all frames.
    mag_pivot
        mag.
    spatial
        Order of the polynomial over the frame, 0 (none) to 3.
    spatial_per
        ``shared`` (one of the detector, or one an epoch) or ``frame``.
    weak_prior
        The catalogue only holds the level and the large gradients; the frames hold each other.
    snr
        Signal to noise that measurements were selected above, 0: they were not. Near it only those remain that noise
        made brighter, so what is *expected* within 4 of it has no say in a frame that has five better stars.
    """

    offsets: bool = True
    robust: str = "auto"
    colour: str = "none"
    colour_value: float = 0.0
    colour_pivot: float = 0.0
    magnitude: bool = False
    mag_pivot: float = 0.0
    spatial: int = 0
    spatial_per: str = "shared"
    weak_prior: bool = False
    snr: float = 0.0

    def __post_init__(self) -> None:
        """Refuse words that mean nothing."""
        words = {
            "robust": (self.robust, ("auto", "median", "biweight", "huber")),
            "colour": (self.colour, ("none", "shared", "frame", "fixed")),
            "spatial": (self.spatial, (0, 1, 2, 3)),
            "spatial_per": (self.spatial_per, ("shared", "frame")),
        }
        for name, (word, allowed) in words.items():
            if word not in allowed:
                raise ValueError(f"{name} is {word!r}, not one of {', '.join(map(str, allowed))}")


@dataclass(frozen=True, slots=True)
class Rows:
    """Where each frame's measurements lie: frame k has ``bounds[k]`` to ``bounds[k + 1]``."""

    bounds: Index

    @classmethod
    def of(cls, frame: NDArray[Any], n_frame: int) -> Rows:
        """Return where the measurements of each frame lie, in an array sorted by frame."""
        numbers = np.arange(
            n_frame + 1, dtype=np.asarray(frame).dtype
        )  # of another type, all of `frame` would be copied
        return cls(np.searchsorted(frame, numbers).astype(np.int64))

    def blocks(self, size: int = _BLOCK) -> Iterator[Block]:
        """Yield consecutive frames, of about so many measurements together."""
        n = len(self.bounds) - 1
        first = 0
        while first < n:
            last = int(np.searchsorted(self.bounds, self.bounds[first] + size, side="right")) - 1
            last = min(max(last, first + 1), n)
            yield Block.of(first, last, self.bounds)
            first = last


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive frames: which, their rows, and where each begins and how many it has."""

    frames: slice
    rows: slice
    start: Index
    count: Index
    local: Index

    @classmethod
    def of(cls, first: int, last: int, bounds: Index) -> Block:
        """Return the block of frames first to last."""
        count = np.diff(bounds[first : last + 1])
        start = bounds[first:last] - bounds[first]
        local = np.repeat(np.arange(last - first), count)
        return cls(slice(first, last), slice(int(bounds[first]), int(bounds[last])), start, count, local)

    def total(self, x: NDArray[Any]) -> Array:
        """Return the sum over each frame of values, one a row of the block."""
        there = self.count > 0
        if there.all():
            return np.asarray(np.add.reduceat(x, self.start), dtype=np.float64) if len(x) else np.zeros(len(there))
        out = np.zeros(len(self.count))
        if len(x):
            out[there] = np.add.reduceat(x, self.start[there])
        return out


def expected_variance(block: Block, err: NDArray[Any], residual: NDArray[Any], snr: float = 0.0) -> Array:
    """Return the squared errors (mag^2) of a block's measurements at the fluxes that are expected of their stars.

    A flux that noise made brighter has a smaller error in magnitudes, and would have more weight than one that noise
    made fainter: zero points would be too bright, by 3 mmag for a typical field. The error of a flux is that of the
    background mostly, and does not change with the noise.

    Parameters
    ----------
    block : Block
        The frames.
    err : array
        mag; as measured.
    residual : array
        mag; m_ref - m_inst less what is expected. No more than 3 errors of it are taken for noise.
    snr : float, default=0
        Signal to noise that measurements were selected above: infinite for what is expected within 4 of it, in frames
        that have five better ones.
    """
    reach = 3.0 * err
    out = err * np.exp(_LN_FLUX * np.clip(residual, -reach, reach))
    if snr > 0.0:
        faint = out > 1.0 / (_LN_FLUX * (snr + _MARGIN))
        ample = block.total((~faint).astype(np.float64)) >= _LEAST_BRIGHT
        out = np.where(faint & ample[block.local], np.inf, out)
    return np.asarray(np.square(out, dtype=np.float64))
