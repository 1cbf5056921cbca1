"""Where the moving targets of a store are in given frames: measured positions first, then paths, then offsets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from photdb import sky
from photdb.catalogs.ephemeris import EDGE_D, GEOMETRY, Ephemeris
from photdb.store.database import Database

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import ArrayLike, NDArray

    Columns = dict[str, NDArray[np.float64]]

_COLUMNS = ("ra", "dec", "ra_rate", "dec_rate", "sigma_arcsec", *GEOMETRY)

#: d; measured positions so near in time say how fast the target is there.
_NEAR_D = 0.3

#: Positions, itself among them, that the motion at one of them is found from.
_NEIGHBOURS = 5


def places_in_frames(db: Database, frame_id: ArrayLike, mjd_mid: ArrayLike) -> pa.Table:
    """Return where each moving target is in each frame that its positions or its path cover.

    The position that a file gives for the frame itself comes first, then the path for the frame's site, then a path
    that is said for no site. A path for another site is not used: near bodies are elsewhere there.

    Parameters
    ----------
    db : Database
        Open store.
    frame_id : array_like of int
        Frames of the store; of one that is not there (yet) no site and no name is known.
    mjd_mid : array_like of float
        d, UTC; mid-exposure of the frames.

    Returns
    -------
    pyarrow.Table
        target_id, frame_id, ra, dec (deg, ICRS, the target's offset applied), ra_rate, dec_rate (arcsec/h, the first
        with cos(dec)), sigma_arcsec, r_au, delta_au, phase_deg, v_mag (NaN: not known), is_measured (the place is one
        of a file of positions); sorted by target and frame. No row where nothing covers the date. Whether the place is
        inside the frame is not asked.
    """
    import pyarrow as pa

    frames, mjd = np.asarray(frame_id, dtype=np.int64), np.asarray(mjd_mid, dtype=float)
    known = np.isfinite(mjd)
    frames, mjd = frames[known], mjd[known]
    measured = _measured(db, frames)
    followed = _followed(db, frames, mjd)
    targets = sorted(measured.keys() | followed.keys())
    offsets = {int(t): (float(e), float(n)) for t, e, n in db.query("target_offsets").rows} if targets else {}
    parts = [_of_target(t, measured.get(t), followed.get(t), offsets.get(t)) for t in targets]
    empty = {"target_id": pa.array([], pa.int32()), "frame_id": pa.array([], pa.int32())}
    if not parts:
        none = {c: pa.array([], pa.float64()) for c in _COLUMNS}
        return pa.table({**empty, **none, "is_measured": pa.array([], pa.bool_())})
    return pa.concat_tables(parts)


def paths(db: Database, mjd: NDArray[np.float64]) -> dict[tuple[int, str | None], Ephemeris]:
    """Return the part of each target's path that is about some dates, by target and site (None: said for no site)."""
    if not mjd.size:
        return {}
    rows = db.query("ephemeris_around", first=float(mjd.min()) - EDGE_D, last=float(mjd.max()) + EDGE_D).rows
    by_path: dict[tuple[int, str | None], list[tuple[float, ...]]] = {}
    for target_id, site, *values in rows:
        by_path.setdefault((target_id, site), []).append(tuple(values))
    found = {}
    for key, values in by_path.items():
        if len(values) > 1:
            when, ra, dec, ra_rate, dec_rate, sigma, *geometry = np.array(values, dtype=float).T
            given = dict(zip(GEOMETRY, geometry, strict=True))
            found[key] = Ephemeris(when, ra, dec, ra_rate, dec_rate, sigma, "store", geometry=given)
    return found


def _measured(db: Database, frames: NDArray[np.int64]) -> dict[int, tuple[NDArray[np.int64], Columns]]:
    """Return the frames, of those given, that files of positions name, and the places there, by target."""
    rows = db.query("positions_in_frames", targets=None).rows
    if not rows:
        return {}
    table = np.array([(t, f, m, a, d) for t, f, m, _, a, d in rows], dtype=float)
    found = {}
    for target_id in np.unique(table[:, 0]):
        _, numbers, mjd, ra, dec = table[table[:, 0] == target_id].T
        wanted = np.isin(numbers, frames)
        if wanted.any():
            rates = _rates(mjd, ra, dec)
            columns = {c: np.full(len(ra), np.nan) for c in _COLUMNS}
            columns |= {"ra": ra, "dec": dec, "ra_rate": rates[0], "dec_rate": rates[1]}
            found[int(target_id)] = (numbers[wanted].astype(np.int64), {c: v[wanted] for c, v in columns.items()})
    return found


def _rates(mjd: NDArray[np.float64], ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the motion at positions (arcsec/h to the east and north, shape (2, n)): a line through each one's nearest.

    A line through five rather than the difference of two: positions that were measured by hand scatter.
    """
    out = np.full((2, len(mjd)), np.nan)
    for i in np.flatnonzero(np.isfinite(mjd)):
        near = np.flatnonzero(np.abs(mjd - mjd[i]) < _NEAR_D)
        near = near[np.argsort(np.abs(mjd[near] - mjd[i]), kind="stable")][:_NEIGHBOURS]
        hours = (mjd[near] - mjd[i]) * 24.0
        if np.ptp(hours) <= 0:
            continue
        east = (ra[near] - ra[i] + 180.0) % 360.0 - 180.0
        away = np.stack([east * np.cos(np.radians(dec[i])), dec[near] - dec[i]]) * 3600.0
        centred = hours - hours.mean()
        out[:, i] = (away * centred).sum(axis=1) / (centred**2).sum()
    return out


def _followed(
    db: Database, frames: NDArray[np.int64], mjd: NDArray[np.float64]
) -> dict[int, tuple[NDArray[np.int64], Columns]]:
    """Return the frames that paths cover, and the places there, by target: the site's own path before any."""
    all_paths = paths(db, mjd)
    if not all_paths:
        return {}
    site_of = dict(db.query("frame_sites", frames=np.unique(frames).tolist()).rows)
    sites = np.array([site_of.get(f) for f in frames.tolist()], dtype=object)
    found: dict[int, tuple[NDArray[np.int64], Columns]] = {}
    for (target_id, site), path in sorted(all_paths.items(), key=lambda item: (item[0][0], item[0][1] or "")):
        mine = np.ones(len(frames), dtype=bool) if site is None else sites == site
        at = path.at(mjd[mine])
        there = np.isfinite(at.ra)
        if there.any():
            places = (frames[mine][there], {c: getattr(at, c)[there] for c in _COLUMNS})
            found[target_id] = _instead(found.get(target_id), places)
    return found


def _instead(
    some: tuple[NDArray[np.int64], Columns] | None, better: tuple[NDArray[np.int64], Columns]
) -> tuple[NDArray[np.int64], Columns]:
    """Return places with those of some frames replaced by better ones."""
    if some is None:
        return better
    kept = ~np.isin(some[0], better[0])
    columns = {c: np.concatenate([some[1][c][kept], better[1][c]]) for c in _COLUMNS}
    return np.concatenate([some[0][kept], better[0]]), columns


def _of_target(
    target_id: int,
    measured: tuple[NDArray[np.int64], Columns] | None,
    followed: tuple[NDArray[np.int64], Columns] | None,
    offset: tuple[float, float] | None,
) -> pa.Table:
    """Return the places of one target."""
    import pyarrow as pa

    if measured is not None and followed is not None:
        measured = _with_path(measured, followed)
    numbers, columns = _instead(followed, measured) if measured is not None else followed or _nowhere()
    if offset is not None:
        columns["ra"], columns["dec"] = sky.moved(columns["ra"], columns["dec"], *offset)
    order = np.argsort(numbers, kind="stable")
    is_measured = np.isin(numbers, measured[0]) if measured is not None else np.zeros(len(numbers), dtype=bool)
    return pa.table(
        {
            "target_id": pa.array(np.full(len(numbers), target_id), pa.int32()),
            "frame_id": pa.array(numbers[order], pa.int32()),
            **{c: pa.array(columns[c][order], pa.float64()) for c in _COLUMNS},
            "is_measured": pa.array(is_measured[order]),
        }
    )


def _with_path(
    measured: tuple[NDArray[np.int64], Columns], followed: tuple[NDArray[np.int64], Columns]
) -> tuple[NDArray[np.int64], Columns]:
    """Return measured positions with what only a path tells: motion, distances, phase, magnitude."""
    numbers, columns = measured[0], dict(measured[1])
    _, mine, path = np.intersect1d(numbers, followed[0], return_indices=True)
    for name in ("ra_rate", "dec_rate", *GEOMETRY):
        values = columns[name].copy()
        values[mine] = np.where(np.isfinite(followed[1][name][path]), followed[1][name][path], values[mine])
        columns[name] = values
    return numbers, columns


def _nowhere() -> tuple[NDArray[np.int64], Columns]:
    """Return no places."""
    return np.zeros(0, dtype=np.int64), {c: np.zeros(0) for c in _COLUMNS}
