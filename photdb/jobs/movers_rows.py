"""Tracklets and their detections as rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from photdb.jobs.movers import Found, Search

_TEXT, _INT, _FLOAT = pa.string(), pa.int64(), pa.float64()

#: Columns of a tracklet. ra, dec, rates: at mjd_mid, the middle of its own detections.
TRACKLET = {
    "tracklet": _TEXT, "night": pa.date32(), "band": _TEXT, "n_frames": _INT, "n_covered": _INT, "mjd_first": _FLOAT,
    "mjd_last": _FLOAT, "mjd_mid": _FLOAT, "ra": _FLOAT, "dec": _FLOAT, "ra_rate": _FLOAT, "dec_rate": _FLOAT,
    "rms_arcsec": _FLOAT, "mag": _FLOAT, "mag_system": _TEXT, "chance": _FLOAT, "known": _TEXT, "known_arcsec": _FLOAT,
}  # fmt: skip

#: Columns of a detection of one.
POINT = {
    "tracklet": _TEXT, "frame_id": _INT, "file": _TEXT, "mjd_mid": _FLOAT, "ra": _FLOAT, "dec": _FLOAT, "x": _FLOAT,
    "y": _FLOAT, "snr": _FLOAT, "mag": _FLOAT, "mag_err": _FLOAT, "off_ra": _FLOAT, "off_dec": _FLOAT,
}  # fmt: skip


def place_at(found: Found, hours: Any) -> tuple[Any, Any, Any, Any, Any]:
    """Return ra, dec (deg), their rates (arcsec/h, to the east and to the north) and 1 sigma (arcsec) at hours."""
    x, y, sigma = found.track.fit.at(hours)
    x_rate, y_rate = found.track.fit.rates_at(hours)
    plane = found.field.plane
    return (*plane.sky(x, y), *plane.rates(x, y, x_rate, y_rate), sigma)


def span(found: Found) -> tuple[float, float]:
    """Return the hours of the first and the last detection of a tracklet."""
    hours = found.field.times.t[found.field.left.frame[found.track.rows]]
    return float(hours.min()), float(hours.max())


def middle(found: Found) -> float:
    """Return the hour between the first and the last detection."""
    return sum(span(found)) / 2


def tracklets(search: Search, known: Mapping[str, tuple[str, float]]) -> pa.Table:
    """Return one row a tracklet; ``known``: name and distance (arcsec) of the body at a tracklet's place."""
    rows = [_tracklet(f, *known.get(f.name, (None, None))) for f in search.found]
    return as_table(rows, TRACKLET)


def points(search: Search) -> pa.Table:
    """Return one row a detection of a tracklet, in order of time."""
    return as_table([row for f in search.found for row in _points(f)], POINT)


def _tracklet(found: Found, known: str | None, known_arcsec: float | None) -> dict[str, Any]:
    """Return the row of one tracklet."""
    fit, here = found.track.fit, found.field
    first, last = span(found)
    ra, dec, ra_rate, dec_rate, _ = (v.item() for v in place_at(found, (first + last) / 2))
    system = _system(found) if np.isfinite(fit.mag) else None
    return {
        "tracklet": found.name, "night": here.night, "band": here.band, "n_frames": len(found.track.rows),
        "n_covered": found.n_covered, "mjd_first": float(here.mjd(first)), "mjd_last": float(here.mjd(last)),
        "mjd_mid": float(here.mjd((first + last) / 2)), "ra": ra, "dec": dec, "ra_rate": ra_rate, "dec_rate": dec_rate,
        "rms_arcsec": fit.rms, "mag": fit.mag if np.isfinite(fit.mag) else None, "mag_system": system,
        "chance": found.track.chance, "known": known, "known_arcsec": known_arcsec,
    }  # fmt: skip


def _system(found: Found) -> str:
    """Return the system of the magnitude: that of the frames it was measured in."""
    rows = found.track.rows[np.isfinite(found.field.left.mag[found.track.rows])]
    systems = sorted({str(s) for s in found.field.frames["mag_system"][found.field.left.frame[rows]]})
    return systems[0] if len(systems) == 1 else "mixed"


def _points(found: Found) -> list[dict[str, Any]]:
    """Return the rows of the detections of one tracklet."""
    here, rows = found.field, found.track.rows[np.argsort(found.field.left.frame[found.track.rows], kind="stable")]
    at = here.left.frame[rows]
    x, y, _ = found.track.fit.at(here.times.t[at])
    table, frames = here.table, here.frames
    return [
        {
            "tracklet": found.name, "frame_id": int(frames["frame_id"][k]), "file": Path(str(frames["path"][k])).name,
            "mjd_mid": float(frames["mjd_mid"][k]), **{c: float(table[c][r]) for c in ("ra", "dec", "x", "y", "snr")},
            "mag": float(table["mag"][r]), "mag_err": float(table["mag_err"][r]),
            "off_ra": float(here.left.x[r] - x[i]), "off_dec": float(here.left.y[r] - y[i]),
        }
        for i, (r, k) in enumerate(zip(rows, at, strict=True))
    ]  # fmt: skip


def as_table(rows: list[dict[str, Any]], columns: Mapping[str, pa.DataType]) -> pa.Table:
    """Return rows as a table; NaN is NULL."""
    return pa.table({c: pa.array([r[c] for r in rows], kind, from_pandas=True) for c, kind in columns.items()})
