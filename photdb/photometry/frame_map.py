"""A polynomial over the frame from measurements whose stars' offsets are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from photdb.photometry.robust import biweight, extra_scatter, segment_median
from photdb.photometry.star_offsets import Offsets
from photdb.photometry.zero_measures import Array, Measures, Rows
from photdb.photometry.zero_terms import powers

_ROUNDS = 6


def fit_maps(m: Measures, offsets: Offsets, rows: Rows) -> Offsets:
    """Return the offsets with the polynomials of another aperture.

    Robust least squares, the zero points of the frames free.

    Parameters
    ----------
    m : Measures
        Of the other aperture, sorted by frame, with places.
    offsets : Offsets
        As the primary aperture has them.
    rows : Rows
        Where each frame's measurements lie.
    """
    terms = offsets.terms
    if terms is None or m.u is None or m.v is None:
        return offsets
    flat = replace(offsets, maps=np.zeros_like(offsets.maps))
    value = np.empty(len(m.d))
    sigma2 = np.square(m.err, dtype=np.float64) + offsets.floor**2 + offsets.variance[m.star] + 1e-10
    for block in rows.blocks():
        value[block.rows] = m.d[block.rows] - flat.explained(m, block)
    count = np.diff(rows.bounds)
    zp = segment_median(value, rows.bounds[:-1], count)
    maps = np.array(offsets.maps)
    wide = np.isfinite(sigma2)
    for _ in range(_ROUNDS):
        few = np.flatnonzero(wide)[:: max(1, int(wide.sum()) // 20_000)]
        sample = m.take(few)
        at = np.einsum("ki,ik->i", powers(sample.u, sample.v, terms.order), maps[terms.map_group[sample.frame]])  # type: ignore[arg-type]
        floor2 = extra_scatter(value[few] - zp[sample.frame] - at, np.sqrt(sigma2[few])) ** 2
        zp, maps = _step(m, value, sigma2 + floor2, zp, maps, rows, offsets)
    return replace(offsets, maps=maps)


def _step(
    m: Measures, value: Array, sigma2: Array, zp: Array, maps: Array, rows: Rows, offsets: Offsets
) -> tuple[Array, Array]:
    """Return the zero points and polynomials after one step of reweighted least squares."""
    terms = offsets.terms
    if terms is None or m.u is None or m.v is None:
        return zp, maps
    n_map, k = maps.shape
    square, right = np.tile(1e-9 * np.eye(k), (n_map, 1, 1)), np.zeros((n_map, k))
    level, mean = np.zeros(len(zp)), np.zeros((len(zp), k))
    for block in rows.blocks():
        x = powers(m.u[block.rows], m.v[block.rows], terms.order)
        group = terms.map_group[block.frames]
        residual = value[block.rows] - zp[block.frames][block.local]
        residual -= np.einsum("ki,ik->i", x, maps[group][block.local])
        weight = biweight(residual / np.sqrt(sigma2[block.rows])) / sigma2[block.rows]
        total = np.maximum(block.total(weight), 1e-300)
        level[block.frames] = block.total(weight * residual) / total
        mean[block.frames] = np.stack([block.total(weight * c) / total for c in x], axis=1)
        apart = x - mean[block.frames][block.local].T
        for a in range(k):
            right[:, a] += np.bincount(group, block.total(weight * residual * apart[a]), n_map)
            for b in range(k):
                square[:, a, b] += np.bincount(group, block.total(weight * apart[a] * apart[b]), n_map)
    change = np.linalg.solve(square, right[:, :, None])[:, :, 0]
    return zp + level - np.sum(mean * change[terms.map_group], axis=1), maps + change
