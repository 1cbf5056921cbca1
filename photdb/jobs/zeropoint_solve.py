"""Zero points of the frames that are solved together, as rows of table zeropoint."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.catalogs import definition
from photdb.jobs.zeropoint_stars import Frame, Option, Stars, system_of
from photdb.photometry import zero_point

#: Bits of zeropoint.flag.
FEW_STARS, FAR_FROM_OTHERS, NONE_MADE = 1, 2, 4

PRIMARY, AUTO = 0, -1
_LIMIT_SIGMA = 5.0

Row = dict[str, Any]


def by_catalogue(
    stars: Stars, chosen: Mapping[int, Option], frames: Mapping[int, Frame], *, snr: float, min_stars: int
) -> Iterator[Row]:
    """Yield the zero points of the frames that have reference stars, by detector, band and catalogue."""
    systems: dict[tuple[Any, ...], list[int]] = {}
    for frame_id, option in chosen.items():
        systems.setdefault(system_of(frames[frame_id], option), []).append(frame_id)
    for members in systems.values():
        ids = np.sort(np.array(members, dtype=np.int64))
        option = chosen[members[0]]
        native = bool(option["is_native"])
        words = {
            "catalog": option["catalog"],
            "ref_band": option["band"],
            "mag_system": option["mag_system"] if native else "tied",
            "ab_offset": definition.ab_offset(option["catalog"], option["band"]) if native else None,
        }
        candidates = {i: int(chosen[i]["n_candidate"]) for i in members}
        mine = _by_place(stars.where(np.isin(stars.frame_id, ids)), ids, snr)
        for row in _solve(mine, ids, snr=snr, min_stars=min_stars):
            yield {**row, **words, "n_candidate": candidates[row["frame_id"]]}


def by_each_other(
    stars: Stars, new: set[int], history: Mapping[tuple[int, int], float], *, snr: float, min_stars: int
) -> Iterator[Row]:
    """Yield the relative zero points of the new frames that share stars, by detector and band."""
    words = {"mag_system": "relative"}
    for system in np.unique(stars.system):
        mine = stars.where(stars.system == system)
        mine = mine.where(_shared(mine))
        ids, counts = np.unique(mine.frame_id, return_counts=True)
        candidates = dict(zip(ids.tolist(), counts.tolist(), strict=True))
        fixed = np.array([history.get((int(i), PRIMARY), np.nan) for i in ids])
        mine = mine.numbered(mine.star)
        for row in _solve(mine, ids, snr=snr, min_stars=min_stars, fixed=fixed):
            if row["frame_id"] in new:
                yield {**row, **words, "n_candidate": candidates[row["frame_id"]], "chi2": None}


def instrumental(frame: Frame) -> Row:
    """Return a frame's instrumental zero point, 0, with the reason."""
    if frame["wcs_kind"] is None:
        reason = "no WCS: its stars are those of no catalogue and no other frame"
    else:
        reason = f"no reference stars in band {frame['band']}, and no other frame shares its stars"
    return {
        "frame_id": int(frame["frame_id"]), "aperture_id": PRIMARY, "zp": 0.0, "n_star": 0, "n_candidate": 0,
        "mag_system": "instrumental", "flag": NONE_MADE, "reason": reason,
    }  # fmt: skip


def limit_of(row: Row, frame: Frame) -> float | None:
    """Return the 5-sigma limit of a row's aperture, None where its noise is not known."""
    aperture, noise = row["aperture_id"], None
    if aperture == PRIMARY:
        noise = frame["primary_noise"]
    elif aperture > 0 and frame["aper_noise"] is not None and aperture <= len(frame["aper_noise"]):
        noise = frame["aper_noise"][aperture - 1]
    if noise is None or not noise > 0:  # NaN is not
        return None
    return float(row["zp"]) - 2.5 * math.log10(_LIMIT_SIGMA * noise)


def _by_place(stars: Stars, frames: NDArray[np.int64], snr: float) -> Stars:
    """Return the stars numbered, or where the detector measures differently from place to place, stars by part."""
    stars = stars.numbered(stars.star)
    part = stars.part[stars.bright(0, snr)]
    primary = stars.measures(0, frames, snr)
    if zero_point.depends_on_place(primary, part, n_frame=len(frames)):
        return stars.numbered(stars.star * 64 + stars.part)
    return stars


def _shared(stars: Stars) -> NDArray[np.bool_]:
    """Return the rows of frames that share a star with another frame."""
    _, star = np.unique(stars.star, return_inverse=True)
    frames, frame = np.unique(stars.frame_id, return_inverse=True)
    shares = np.bincount(frame, np.bincount(star)[star] > 1, len(frames)) > 0
    return np.asarray(shares[frame], dtype=bool)


def _solve(
    stars: Stars, frames: NDArray[np.int64], *, snr: float, min_stars: int, fixed: NDArray[np.float64] | None = None
) -> Iterator[Row]:
    """Yield the zero points of frames that are solved together, in every aperture.

    The stars' offsets are those of the primary aperture; ``fixed`` (zero points known before, NaN: to be found) makes
    the solution relative.
    """
    n_star = int(stars.star.max(initial=-1)) + 1
    primary = stars.measures(0, frames, snr)
    offsets = zero_point.star_offsets(
        primary, n_frame=len(frames), n_star=n_star, fixed=fixed, relative=fixed is not None
    )
    for column in range(stars.flux.shape[1]):
        measures = stars.measures(column, frames, snr) if column else primary
        if not len(measures.d):
            continue
        found = zero_point.zero_points(measures, offsets, n_frame=len(frames))
        for k in np.flatnonzero(np.isfinite(found.value)):
            n = int(found.n[k])
            yield {
                "frame_id": int(frames[k]),
                "aperture_id": {0: PRIMARY, 1: AUTO}.get(column, column - 1),
                "zp": float(found.value[k]),
                "zp_err": _number(found.error[k]),
                "zp_sys": _number(offsets.tie_err[k]),
                "zp_scatter": _number(found.scatter[k]),
                "n_star": n,
                "chi2": _number(found.chi2[k]),
                "flag": FEW_STARS if n < min_stars else 0,
                "reason": f"only {n} star{'' if n == 1 else 's'}" if n < min_stars else None,
            }


def _number(value: float) -> float | None:
    """Return a number, NaN as None."""
    return float(value) if np.isfinite(value) else None
