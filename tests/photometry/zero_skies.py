"""Skies of known zero points, terms and offsets, measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from photdb.photometry.zero_point import Measures

PIVOT, MAG_PIVOT = 0.8, 15.0


@dataclass
class Sky:
    """Measures made of known zero points."""

    measures: Measures
    zp: np.ndarray
    n_star: int

    @property
    def size(self) -> dict[str, Any]:
        return {"n_frame": len(self.zp), "n_star": self.n_star}


def sky(
    seed: int, *, n_frame: int = 20, n_star: int = 300, noise: float = 0.02, outliers: float = 0.03, seen: float = 0.8,
    err: float = 0.01, colour: float | np.ndarray = 0.0, magnitude: float = 0.0, plane: Any = None,
    uncoloured: float = 0.0, variables: float = 0.0,
) -> Sky:  # fmt: skip
    """Return a field that every frame sees.

    plane: coefficients of u, v, u^2 - 1/3, uv, v^2 - 1/3; one line, or one line a frame.
    """
    rng = np.random.default_rng(seed)
    zp = 22 + rng.normal(0, 0.2, n_frame)
    index, mag = rng.normal(1.0, 0.6, n_star), rng.uniform(13, 17, n_star)
    offset = rng.normal(0, noise, n_star)
    wrong = rng.choice([-1, 1], n_star) * rng.uniform(0.2, 1.0, n_star)
    offset += np.where(rng.random(n_star) < outliers, wrong, 0)
    frame, star = np.nonzero(rng.random((n_frame, n_star)) < seen)
    errors = err * rng.uniform(0.3, 3.0, len(frame))
    u, v = rng.uniform(-1, 1, (2, len(frame)))
    terms = np.broadcast_to(colour, n_frame)[frame] * (index[star] - PIVOT)
    if plane is not None:
        terms += np.sum(
            np.broadcast_to(plane, (n_frame, 5))[frame] * np.stack([u, v, u * u - 1 / 3, u * v, v * v - 1 / 3], 1),
            axis=1,
        )
    # m_inst + zp = m_ref - terms - magnitude (m_inst + zp - pivot)
    level = (mag[star] - MAG_PIVOT - terms) / (1 + magnitude)
    d = zp[frame] + terms + magnitude * level + offset[star] + rng.normal(0, errors)
    d += np.where((rng.random(n_star) < variables)[star], rng.normal(0, 0.3, len(d)), 0)
    known = np.where(rng.random(n_star) < uncoloured, np.nan, index)
    ref_err = np.full(len(d), noise)
    return Sky(Measures(frame, star, d, errors, ref_err, colour=known[star], u=u, v=v, mag=mag[star]), zp, n_star)


def strip(seed: int, *, n_frame: int = 100, zones: float = 0.0, variables: float = 0.03) -> Sky:
    """Return a strip of frames that each share half of their stars with the next, and none with others.

    zones: mag; amplitude of errors of the catalogue that run with the place.
    """
    rng = np.random.default_rng(seed)
    frame = np.repeat(np.arange(n_frame), 60)
    star = frame * 30 + np.tile(np.arange(60), n_frame)
    n_star = int(star.max()) + 1
    zp = 22 + rng.normal(0, 0.2, n_frame)
    offset = rng.normal(0, 0.02, n_star) + zones * np.sin(np.arange(n_star) / 90.0)
    err = 0.01 * rng.uniform(0.5, 2.0, len(frame))
    d = zp[frame] + offset[star] + rng.normal(0, err)
    d += np.where((rng.random(n_star) < variables)[star], rng.normal(0, 0.3, len(d)), 0)
    return Sky(Measures(frame, star, d, err, np.full(len(d), 0.02)), zp, n_star)
