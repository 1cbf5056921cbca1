"""Zero points as rows of table zeropoint: columns, never an object a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.catalogs import definition
from photdb.jobs.zeropoint_settings import ZeropointSettings
from photdb.jobs.zeropoint_solve import FEW_STARS, MAG_PIVOT, NONE_MADE, PRIMARY, PSF, WHOLE, Solved, System
from photdb.photometry.extinction import extinction
from photdb.photometry.whole_star import whole_star
from photdb.photometry.zero_point import Solution
from photdb.store.database import Database

Numbers = NDArray[Any]
Columns = dict[str, Any]

#: mag; how far magnitudes by a transformation may be off as a whole, however many stars there are: medians of 0.00 to
#: 0.03 were found between real catalogues (docs/concepts/passbands.md).
TRANSFORMED = 0.02

_REALS = (
    "zp", "zp_err", "zp_sys", "zp_scatter", "colour_pivot", "colour_term", "colour_term_err", "mag_pivot", "mag_term",
    "mag_term_err", "extinction", "extinction_err", "chi2", "limit_mag", "limit_3_mag", "ab_offset",
)  # fmt: skip
_WHOLES = ("frame_id", "aperture_id", "n_star", "n_candidate", "flag")
_WORDS = ("catalog", "ref_band", "ref_path", "colour", "mag_system", "reason")


@dataclass(frozen=True, slots=True)
class Frames:
    """What rows need of the frames of zp_frame, sorted by frame_id.

    Attributes
    ----------
    noise, radius
        ADU/s and px; n_frame x (1 + apertures): of the primary aperture, then of every other.
    psf_noise
        ADU/s; of PSF fluxes, NaN where unknown.
    """

    frame_id: Numbers
    detector: list[str | None]
    band: list[str | None]
    has_wcs: Numbers
    night: Numbers
    airmass: Numbers
    mjd: Numbers
    noise: Numbers
    radius: Numbers
    psf_noise: Numbers

    @classmethod
    def read(cls, db: Database, n_aper: int) -> Frames:
        """Read zp_frame."""
        table = db.arrow(
            "SELECT frame_id, detector, band, wcs_kind IS NOT NULL AS has_wcs, airmass, mjd_mid, "
            "(dense_rank() OVER (ORDER BY detector, band, night) - 1)::INTEGER AS night, "
            "list_resize(list_concat([primary_noise], coalesce(aper_noise, [])), $n) AS noise, "
            "list_resize(list_concat([NULL], coalesce(aper_radius_px, [])), $n) AS radius, psf_noise "
            "FROM zp_frame WHERE is_new ORDER BY frame_id",
            {"n": n_aper + 1},
        )
        ids, has_wcs, night = (
            np.asarray(table[name].to_numpy(zero_copy_only=False)) for name in ("frame_id", "has_wcs", "night")
        )
        airmass, mjd, psf_noise = (
            np.asarray(table[name].to_numpy(zero_copy_only=False), dtype=np.float64)
            for name in ("airmass", "mjd_mid", "psf_noise")
        )
        noise, radius = (
            np.asarray(table[name].combine_chunks().flatten().to_numpy(zero_copy_only=False), dtype=np.float64)
            .reshape(-1, n_aper + 1)
            for name in ("noise", "radius")
        )  # fmt: skip
        detector, band = table["detector"].to_pylist(), table["band"].to_pylist()
        return cls(ids, detector, band, has_wcs.astype(bool), night, airmass, mjd, noise, radius, psf_noise)

    def place(self, frame_id: Numbers) -> Numbers:
        """Return where frames are in the arrays."""
        return np.searchsorted(self.frame_id, frame_id)


def of_solution(
    system: System, solved: Solved, solution: Solution, aperture: int, frames: Frames, settings: ZeropointSettings
) -> Columns:
    """Return the rows of one aperture of a system: of the new frames that have a zero point."""
    k = np.flatnonzero(np.isfinite(solution.zp) & system.is_new)
    n = len(k)
    columns: Columns = {
        "frame_id": system.frame_id[k], "aperture_id": np.full(n, aperture), "zp": solution.zp[k],
        "zp_err": solution.zp_err[k], "zp_sys": solution.zp_sys[k], "zp_scatter": solution.scatter[k],
        "n_star": solution.n_star[k], "n_candidate": system.n_candidate[k], "chi2": solution.chi2[k],
    }  # fmt: skip
    columns |= _terms(system, solved, solution, k)
    columns |= _names(system, n)
    if system.given_map is not None:
        columns["zp_map"] = np.broadcast_to(system.given_map, (n, len(system.given_map)))
    if system.relative:
        columns["chi2"] = columns["zp_sys"] = np.full(n, np.nan)
    elif system.option["ref_path"]:
        columns["zp_sys"] = np.hypot(columns["zp_sys"], TRANSFORMED)
    columns |= _limits(solution.zp[k], frames, frames.place(system.frame_id[k]), aperture)
    needed = _needed(settings, columns["n_candidate"])
    few = columns["n_star"] < needed
    columns["flag"] = np.where(few, FEW_STARS, 0)
    columns["reason"] = _reasons(system.reason[k], few, columns["n_star"])
    return columns


def _needed(settings: ZeropointSettings, n_candidate: Numbers) -> Numbers:
    """Return how many stars a zero point must have not to be flagged."""
    if settings.share is None:
        return np.full(len(n_candidate), settings.needed)
    return np.maximum(np.ceil(settings.share * n_candidate), 1)


def _reasons(before: Numbers, few: Numbers, n: Numbers) -> Numbers:
    """Return why a catalogue was passed over and that stars are few."""
    reason = before.copy()
    for k in np.flatnonzero(few):
        said = f"only {n[k]} star{'' if n[k] == 1 else 's'}"
        reason[k] = f"{reason[k]}; {said}" if reason[k] else said
    return reason


def _terms(system: System, solved: Solved, solution: Solution, k: Numbers) -> Columns:
    """Return the terms of some frames."""
    n = len(k)
    columns: Columns = {}
    term = solved.term[k]
    has = np.isfinite(term)
    if system.colour is not None and has.any():
        index, pivot = system.colour
        columns["colour"] = np.array([index if h else None for h in has], dtype=object)
        columns["colour_pivot"] = np.where(has, pivot, np.nan)
        columns["colour_term"], columns["colour_term_err"] = term, solved.term_err[k]
    if np.isfinite(solution.mag_term[k]).any():
        has = np.isfinite(solution.mag_term[k])
        columns["mag_pivot"] = np.where(has, MAG_PIVOT, np.nan)
        columns["mag_term"], columns["mag_term_err"] = solution.mag_term[k], solution.mag_term_err[k]
    if solution.zp_map is not None and n:
        columns["zp_map"] = solution.zp_map[k]
    return columns


def _names(system: System, n: int) -> Columns:
    """Return what the magnitudes are."""
    option = system.option
    if not option:
        return {"mag_system": np.full(n, "relative", dtype=object)}
    own = bool(option["is_own"])
    words = {
        "catalog": option["catalog"], "ref_band": option["ref_band"], "ref_path": option["ref_path"],
        "mag_system": option["mag_system"] if own else "tied",
    }  # fmt: skip
    columns: Columns = {name: np.full(n, word, dtype=object) for name, word in words.items()}
    offset = ab_offset(option) if own else None
    columns["ab_offset"] = np.full(n, np.nan if offset is None else offset)
    return columns


def ab_offset(option: dict[str, Any]) -> float | None:
    """Return m_AB - m of an option: 0 of an AB band, else what the catalogue's file says of the band."""
    return 0.0 if option["mag_system"] == "AB" else definition.ab_offset(option["catalog"], option["ref_band"])


def _limits(zp: Numbers, frames: Frames, place: Numbers, aperture: int) -> Columns:
    """Return the 5- and 3-sigma limits of an aperture, NaN where its noise is not known."""
    if aperture != PSF and not 0 <= aperture < frames.noise.shape[1]:
        return {}
    noise = frames.psf_noise[place] if aperture == PSF else frames.noise[place, aperture]
    noise = np.where(noise > 0, noise, np.nan)
    return {
        "limit_mag": zp - 2.5 * np.log10(5.0 * noise),
        "limit_3_mag": zp - 2.5 * np.log10(3.0 * noise),
    }


def whole(by_aperture: dict[int, Columns], frames: Frames) -> Columns | None:
    """Return the rows of the whole star: of frames with two circular apertures or more."""
    circular = sorted(a for a in by_aperture if a > 0)
    if len(circular) < 2:
        return None
    n_frame = len(frames.frame_id)
    zp, at = np.full((n_frame, len(circular)), np.nan), np.full((n_frame, len(circular)), -1)
    for j, aperture in enumerate(circular):
        place = frames.place(by_aperture[aperture]["frame_id"])
        zp[place, j] = by_aperture[aperture]["zp"]
        at[place, j] = np.arange(len(place))
    radius = frames.radius[:, circular]
    value, growth = whole_star(zp, 2.0 * radius)
    largest = np.argmax(np.where(np.isfinite(zp) & (radius > 0), radius, -1.0), axis=1)
    good = np.flatnonzero(np.isfinite(growth))
    parts = []
    for j, aperture in enumerate(circular):
        mine = good[largest[good] == j]
        if len(mine):
            rows = {name: column[at[mine, j]] for name, column in by_aperture[aperture].items()}
            rows |= {"zp": value[mine], "aperture_id": np.full(len(mine), WHOLE)}
            parts.append({k: v for k, v in rows.items() if not k.startswith("limit")})
    return joined(parts) if parts else None


def joined(parts: list[Columns]) -> Columns:
    """Return rows of one kind as one."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def of_extinction(primary: Columns, frames: Frames) -> dict[int, tuple[float, float]]:
    """Return the extinction and its error by night number, of the nights that can tell."""
    place = frames.place(primary["frame_id"])
    found = extinction(primary["zp"], primary["zp_err"], frames.airmass[place], frames.night[place])
    return {int(k): (float(found.k[k]), float(found.k_err[k])) for k in np.flatnonzero(np.isfinite(found.k))}


def add_extinction(rows: Columns, nights: dict[int, tuple[float, float]], frames: Frames) -> None:
    """Say the extinction of its night in every row."""
    table = np.full((int(frames.night.max(initial=0)) + 1, 2), np.nan)
    for night, values in nights.items():
        table[night] = values
    rows["extinction"], rows["extinction_err"] = table[frames.night[frames.place(rows["frame_id"])]].T


def without_stars(
    frames: Frames, which: Numbers, *, zp: float, zp_err: float, reason: Numbers, **words: Any
) -> Columns:
    """Return rows of the primary aperture that no star has made: instrumental ones, and those given by hand."""
    n = len(which)
    columns: Columns = {
        "frame_id": frames.frame_id[which], "aperture_id": np.full(n, PRIMARY), "zp": np.full(n, zp),
        "zp_err": np.full(n, zp_err), "n_star": np.zeros(n), "n_candidate": np.zeros(n), "reason": reason,
    }  # fmt: skip
    columns |= {name: np.full(n, word) if not isinstance(word, np.ndarray) else word for name, word in words.items()}
    return columns | _limits(columns["zp"], frames, which, PRIMARY)


def no_reason_to_hope(frames: Frames, which: Numbers, known: Mapping[int, str]) -> Numbers:
    """Return why frames are left instrumental; `known` says it of those that have reference stars."""
    return np.array([
        f"{known[int(frames.frame_id[k])]}; and no other frame shares its stars" if int(frames.frame_id[k]) in known
        else f"no reference stars in band {frames.band[k]}, and no other frame shares its stars" if frames.has_wcs[k]
        else "no WCS: its stars are those of no catalogue and no other frame"
        for k in which
    ], dtype=object)  # fmt: skip


def instrumental(
    frames: Frames, which: Numbers, *, flag: int = NONE_MADE, known: Mapping[int, str] | None = None
) -> Columns:
    """Return zero points of 0; with no flag they were asked for."""
    why = no_reason_to_hope(frames, which, known or {}) if flag else np.full(len(which), None, dtype=object)
    n = len(which)
    system = np.full(n, "instrumental", dtype=object)
    return without_stars(frames, which, zp=0.0, zp_err=np.nan, reason=why, mag_system=system, flag=np.full(n, flag))


def table(parts: list[Columns]) -> Any:
    """Return the rows as an Arrow table with the columns of zeropoint, but for cal_id."""
    import pyarrow as pa

    out: dict[str, Any] = {}
    length = [len(part["frame_id"]) for part in parts]
    for name in _WHOLES:
        out[name] = pa.array(np.concatenate([p[name] for p in parts] or [np.zeros(0)]).astype(np.int32))
    for name in _REALS:
        columns = [
            np.asarray(p.get(name, np.full(n, np.nan)), dtype=np.float64) for p, n in zip(parts, length, strict=True)
        ]
        values = np.concatenate(columns or [np.zeros(0)])
        out[name] = pa.array(values, mask=~np.isfinite(values))
    for name in _WORDS:
        columns = [p[name] if name in p else np.full(n, None, dtype=object) for p, n in zip(parts, length, strict=True)]
        out[name] = pa.array(np.concatenate(columns or [np.zeros(0, dtype=object)]), type=pa.string(), from_pandas=True)
    maps = [_map_column(p.get("zp_map"), n) for p, n in zip(parts, length, strict=True)]
    out["zp_map"] = pa.chunked_array(maps, type=pa.list_(pa.float64()))
    return pa.table(out)


def _map_column(coefficients: Numbers | None, n: int) -> Any:
    """Return the maps of some rows; NULL where there is none."""
    import pyarrow as pa

    if coefficients is None:
        return pa.nulls(n, type=pa.list_(pa.float64()))
    there = np.isfinite(coefficients).all(axis=1)
    width = np.where(there, coefficients.shape[1], 0)
    offsets = pa.array(np.concatenate([[0], np.cumsum(width)]).astype(np.int32), mask=np.append(~there, False))
    return pa.ListArray.from_arrays(offsets, pa.array(coefficients[there].ravel()))
