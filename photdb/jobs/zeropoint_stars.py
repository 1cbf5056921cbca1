"""Stars to calibrate with: which catalogue each frame is given, and its stars with all their fluxes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from photdb.catalogs import definition
from photdb.magnitudes import POGSON
from photdb.photometry.flags import Flag
from photdb.photometry.zero_point import Measures
from photdb.sky import chord
from photdb.store.database import Database, statement

if TYPE_CHECKING:
    import pyarrow as pa

#: A detection with one of these is not measured well enough to calibrate with.
BAD_FLAGS = int(Flag.SATURATED | Flag.TRUNCATED | Flag.BAD_PIXEL | Flag.APERTURE_INCOMPLETE)

_HISTORY = 200  # frames that hold up a relative system when a night joins it
_QUARTER_MOTION = 0.25  # arcsec: what a star of 1 arcsec/yr moves in a quarter of a year

Frame = Mapping[str, Any]
Option = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stars:
    """Stars in frames, one row a detection; columns of fluxes: primary, auto, then the apertures.

    Attributes
    ----------
    system
        Number of the detector and band (relative stars only, else 0).
    part
        Part of the detector, out of 8 x 8.
    mag, ref_err
        mag; of the reference star, 0 where there is none.
    """

    frame_id: NDArray[np.int64]
    star: NDArray[np.int64]
    system: NDArray[np.int64]
    part: NDArray[np.int64]
    mag: NDArray[np.float64]
    ref_err: NDArray[np.float64]
    flux: NDArray[np.float64]
    flux_err: NDArray[np.float64]

    @classmethod
    def read(cls, table: pa.Table, n_aper: int) -> Stars:
        """Return the stars of an answer."""

        def numbers(name: str) -> NDArray[np.int64]:
            return np.asarray(table[name].to_numpy()).astype(np.int64)

        def lists(name: str) -> NDArray[np.float64]:
            flat = table[name].combine_chunks().flatten().to_numpy(zero_copy_only=False)
            return np.asarray(flat, dtype=np.float64).reshape(-1, n_aper + 2)

        system = numbers("system") if "system" in table.column_names else np.zeros(table.num_rows, dtype=np.int64)
        mag, ref_err = (np.asarray(table[name].to_numpy()).astype(float) for name in ("mag", "mag_err"))
        return cls(
            numbers("frame_id"), numbers("star"), system, numbers("part"), mag, np.nan_to_num(ref_err),
            lists("flux"), lists("flux_err"),
        )  # fmt: skip

    def where(self, which: NDArray[Any]) -> Stars:
        """Return some of the rows."""
        return Stars(*(getattr(self, f.name)[which] for f in fields(self)))

    def numbered(self, star: NDArray[np.int64]) -> Stars:
        """Return the rows with other stars, numbered from 0."""
        return replace(self, star=np.unique(star, return_inverse=True)[1].astype(np.int64))

    def bright(self, aperture: int, snr: float) -> NDArray[np.bool_]:
        """Return which rows have a flux well above its error in an aperture; never a negative or missing one."""
        flux, err = self.flux[:, aperture], self.flux_err[:, aperture]
        with np.errstate(invalid="ignore"):
            return np.asarray((flux > 0) & (err > 0) & (flux > snr * err))

    def measures(self, aperture: int, frames: NDArray[np.int64], snr: float) -> Measures:
        """Return reference minus instrumental magnitudes in one aperture; frames are numbered as in `frames`."""
        good = self.bright(aperture, snr)
        flux, err = self.flux[good, aperture], self.flux_err[good, aperture]
        number = np.searchsorted(frames, self.frame_id[good])
        d = self.mag[good] + 2.5 * np.log10(flux)
        return Measures(number, self.star[good], d, POGSON * err / flux, self.ref_err[good])


def match(db: Database, *, catalog: str | None, n_aper: int) -> None:
    """Fill the temporary table zp_pair: detections of reference stars in the frames of zp_frame."""
    db.job("zeropoint_objects")
    db.job("zeropoint_refs", catalog=catalog)
    reach = float(db.one("SELECT coalesce(max(reach_arcsec), 2.0) FROM zp_object"))
    cell = float(chord(16.0 * (reach + _QUARTER_MOTION)))  # 16 radii: the quickest measured for this join
    db.job("zeropoint_match", cell=cell, n=int(2.0 / cell) + 8, pad=float(chord(_QUARTER_MOTION)))
    radius = float(db.one("SELECT coalesce(max(aperture_arcsec), 0.0) FROM zp_frame"))
    db.job("zeropoint_crowd", cell=float(chord(max(radius, 2.0))), radius=float(chord(radius)))
    db.job("zeropoint_pairs", bad_flags=BAD_FLAGS, n_aper=n_aper)


def choose(db: Database, frames: Mapping[int, Frame], *, snr: float, min_stars: int) -> dict[int, Option]:
    """Return each frame's catalogue and band.

    Enough stars before few; the frame's own band before one it may be tied to; then the catalogue's rank, unless
    another has twice its stars over all frames; then the number of stars.
    """
    options = db.job("zeropoint_options", snr=snr).dicts()
    total: dict[tuple[Any, ...], int] = {}
    for option in options:
        key = system_of(frames[option["frame_id"]], option)
        total[key] = total.get(key, 0) + option["n_usable"]
    most: dict[tuple[Any, ...], int] = {}
    for (detector, band, _, _, native), n in total.items():
        most[detector, band, native] = max(n, most.get((detector, band, native), 0))

    def merit(option: Option) -> tuple[Any, ...]:
        detector, band, catalog, _, native = key = system_of(frames[option["frame_id"]], option)
        ample = 2 * total[key] >= most[detector, band, native]
        return option["n_usable"] >= min_stars, native, ample, -definition.rank(catalog), option["n_usable"]

    best: dict[int, Option] = {}
    for option in (o for o in options if o["n_usable"]):
        rival = best.get(option["frame_id"])
        if rival is None or merit(option) > merit(rival):
            best[int(option["frame_id"])] = option
    return best


def system_of(frame: Frame, option: Option) -> tuple[Any, ...]:
    """Return what frames must share to be solved together."""
    return frame["detector"], frame["band"], option["catalog"], option["band"], option["is_native"]


def catalogue_stars(db: Database, chosen: Mapping[int, Option], n_aper: int) -> Stars:
    """Return the usable reference stars of the frames, each of its frame's catalogue."""
    import pyarrow as pa

    table = pa.Table.from_pylist(
        [{"frame_id": i, "catalog": c["catalog"], "ref_band": c["band"]} for i, c in chosen.items()],
        schema=pa.schema([("frame_id", pa.int32()), ("catalog", pa.string()), ("ref_band", pa.string())]),
    )
    with db.table("zp_chosen", table):
        return Stars.read(db.arrow(statement("jobs", "zeropoint_catalog_stars")), n_aper)


def common_stars(
    db: Database, frames: list[Frame], *, snr: float, n_aper: int
) -> tuple[Stars, dict[tuple[int, int], float]]:
    """Return the stars that frames share with each other and with earlier frames, and the zero points of these."""
    import pyarrow as pa

    schema = pa.schema([("frame_id", pa.int32()), ("detector", pa.string()), ("band", pa.string())])
    table = pa.Table.from_pylist([{k: f[k] for k in schema.names} for f in frames], schema=schema)
    db.job("zeropoint_history", most=_HISTORY)
    with db.table("zp_relative", table):
        sql = statement("jobs", "zeropoint_relative_stars")
        stars = Stars.read(db.arrow(sql, {"bad_flags": BAD_FLAGS, "n_aper": n_aper, "snr": snr}), n_aper)
    history = db.rows("SELECT frame_id, aperture_id, zp FROM zp_history").rows
    return stars, {(int(f), int(a)): float(z) for f, a, z in history}
