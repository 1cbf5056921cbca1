"""The calibrated points of some objects as arrays, and their robust statistics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from photdb.jobs.statistics import calibrate_points
from photdb.photometry import variability
from photdb.store.database import statement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from photdb.store.database import Database

Floats = NDArray[np.float64]
Index = NDArray[np.int64]

#: Points of so many are looked at together when all objects are asked for.
_AT_ONCE = 2_000_000

#: A correlation of fewer points says nothing.
_FEWEST = 8


@dataclass(frozen=True, slots=True)
class Curves:
    """Light curves, each a run of the arrays: one object on one scale of magnitudes, in order of time.

    Parameters
    ----------
    object_id, series : array of int, shape (m,)
        Of each run.
    start : array of int, shape (m + 1,)
        Where it begins.
    time, flux, err : array
        d (MJD, UTC); flux in units of magnitude 0 and its error, with that of the frame's zero point.
    fwhm : array
        arcsec; of the stars of the frame, NaN where it is not known.
    frame : array of int
        The frame of each point.
    keys : dict
        (band, mag_system, detector) of each series.
    flags, flags_start : array of int
        Flags of all points of each run, also of those that do not count.
    """

    object_id: Index
    series: Index
    start: Index
    time: Floats
    flux: Floats
    err: Floats
    fwhm: Floats
    frame: Index
    keys: dict[int, tuple[str | None, str, str | None]]
    flags: Index
    flags_start: Index

    @property
    def n(self) -> Index:
        """Points of each run."""
        return np.diff(self.start)

    def __len__(self) -> int:
        return len(self.object_id)

    def robust(self) -> variability.Robust:
        """Return the robust statistics of each run."""
        return variability.robust(self.time, self.flux, self.err, self.start)

    def stetson_j_bands(self) -> tuple[Floats, Index]:
        """Return Stetson's J of pairs with other passbands, and the number of pairs, of each run."""
        of = np.repeat(np.arange(len(self)), self.n)
        delta = variability.deviations(self.flux, self.err, self.start)
        return variability.stetson_j_bands(self.object_id[of], self.series[of], self.time, delta, of, len(self))

    def run_of(self, object_id: int, band: str | None, mag_system: str, detector: str | None) -> int | None:
        """Return the run of an object on a scale, None: it has no point that counts."""
        series = next((s for s, key in self.keys.items() if key == (band, mag_system, detector)), None)
        first, last = np.searchsorted(self.object_id, [object_id, object_id + 1])
        found = first + np.flatnonzero(self.series[first:last] == series)
        return int(found[0]) if len(found) else None

    def seeing(self, run: int) -> float:
        """Return the rank correlation of a run's flux with the seeing; 0 of fewer than 8 points or without FWHM."""
        from scipy.stats import spearmanr

        part = slice(self.start[run], self.start[run + 1])
        flux, fwhm = self.flux[part], self.fwhm[part]
        good = np.isfinite(fwhm)
        if good.sum() < _FEWEST or np.ptp(fwhm[good]) == 0 or np.ptp(flux[good]) == 0:
            return 0.0
        return float(spearmanr(flux[good], fwhm[good]).statistic)

    def flag_shares(self, run: int) -> Callable[[int], float]:
        """Return a function that gives the share of a run's points that have any of some flags."""
        flags = self.flags[self.flags_start[run] : self.flags_start[run + 1]]
        return lambda mask: float(np.mean(flags & mask != 0)) if len(flags) else 0.0


def curves_of(db: Database, object_ids: NDArray[Any]) -> Curves:
    """Return the light curves of objects, within `photdb.jobs.statistics.counted` or after `note_frames`."""
    db.job("statistics_wanted", object_ids=[int(i) for i in object_ids])
    db.job("statistics_from_touched")
    return _fetched(db)


def all_curves(db: Database) -> Iterator[Curves]:
    """Yield the light curves of all objects, some at a time, in bounded memory."""
    for low, high in db.job("statistics_ranges", size=_AT_ONCE).rows:
        db.job("statistics_range", low=low, high=high)
        db.job("statistics_from_range")
        yield _fetched(db)


def _fetched(db: Database) -> Curves:
    """Return the light curves of the detections in stat_detection."""
    calibrate_points(db)
    table = db.arrow(statement("jobs", "statistics_fetch"))
    object_id, series, time, flux, err, fwhm, flags, frame = (
        np.asarray(table.column(k).to_numpy(zero_copy_only=False))
        for k in ("object_id", "series", "mjd_mid", "f", "e", "fwhm_arcsec", "flags", "frame_id")
    )
    keys = {
        int(s): (b, m, d) for s, b, m, d in db.rows("SELECT series, band, mag_system, detector FROM stat_series").rows
    }
    return _runs(object_id, series.astype(np.int64), time, flux, err, fwhm, frame, flags.astype(np.int64), keys)


def _runs(
    object_id: Index, series: Index, time: Floats, flux: Floats, err: Floats, fwhm: Floats, frame: Index, flags: Index,
    keys: dict[int, tuple[str | None, str, str | None]],
) -> Curves:  # fmt: skip
    """Cut arrays in order of object, series and time into runs; those without a point that counts are left out."""
    begins = np.ones(len(object_id), bool)
    begins[1:] = (object_id[1:] != object_id[:-1]) | (series[1:] != series[:-1])
    of = np.cumsum(begins) - 1
    counts = np.isfinite(flux) & np.isfinite(err)
    n = np.bincount(of[counts], minlength=int(begins.sum()))
    kept = n > 0
    whole = kept[of]
    first = np.flatnonzero(begins)[kept]
    sizes = np.bincount(of, minlength=len(n))[kept]
    return Curves(
        object_id=object_id[first],
        series=series[first],
        start=np.concatenate([[0], np.cumsum(n[kept])]),
        time=time[counts],
        flux=flux[counts],
        err=err[counts],
        fwhm=fwhm[counts],
        frame=frame[counts],
        keys=keys,
        flags=flags[whole],
        flags_start=np.concatenate([[0], np.cumsum(sizes)]),
    )


#: The columns of robust statistics.
ROBUST = (
    "median", "mad", "iqr", "p5", "p95", "low", "high", "von_neumann", "lag_1", "stetson_j", "stetson_k", "skew",
    "kurtosis", "beyond_1_sigma", "max_slope",
)  # fmt: skip


def write_robust(db: Database) -> int:
    """Give every row of ``object_band``, which must be up to date, its robust statistics; return the number of rows.

    Objects are taken some at a time, in bounded memory; all are written in one transaction.
    """
    n = 0
    with db.transaction():
        for curves in all_curves(db):
            with db.table("stat_robust", _robust_table(curves)):
                db.job("statistics_robust")
            n += len(curves)
    return n


def _robust_table(curves: Curves) -> Any:
    """Return robust statistics as an Arrow table, NULL where there is none."""
    import pyarrow as pa

    found, (j_bands, _) = curves.robust(), curves.stetson_j_bands()
    columns = {name: getattr(found, name) for name in ROBUST} | {"stetson_j_bands": j_bands}
    numbers = {name: pa.array(values, from_pandas=True) for name, values in columns.items()}
    return pa.table({"object_id": curves.object_id, "series": curves.series, **numbers})
