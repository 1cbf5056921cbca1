"""Make a moving target of a tracklet: a path over its night that matching and forced photometry follow."""

from __future__ import annotations

import numpy as np

from photdb.catalogs.ephemeris import Ephemeris
from photdb.jobs import target
from photdb.jobs.movers import Found
from photdb.jobs.movers_rows import place_at
from photdb.store.database import Database

#: h; the path goes on for so long before the first and after the last frame of the field.
MARGIN_H = 1.0

#: h; rows of the path are at most so far apart.
_STEP_H = 0.5

#: arcsec; a place is not better known than this.
_FLOOR = 0.05


def path_of(found: Found) -> Ephemeris:
    """Return the path of a tracklet: its motion over all frames of its field and a margin, with its growing error."""
    first, last = float(found.field.times.t.min()) - MARGIN_H, float(found.field.times.t.max()) + MARGIN_H
    hours = np.linspace(first, last, max(5, int(np.ceil((last - first) / _STEP_H)) + 1))
    ra, dec, ra_rate, dec_rate, sigma = place_at(found, hours)
    source = f"tracklet {found.name}: {len(found.track.rows)} detections, rms {found.track.fit.rms:.2f} arcsec"
    return Ephemeris(found.field.mjd(hours), ra, dec, ra_rate, dec_rate, np.hypot(sigma, _FLOOR), source)


def keep(db: Database, named: list[tuple[str, Found]]) -> list[str]:
    """Add moving targets, or more of the path of those that there are; return their names.

    Parameters
    ----------
    db : Database
        Open for writing.
    named : list of (str, Found)
        The target's name and the tracklet.

    Raises
    ------
    InputError
        If there is a target of that name that does not move.
    """
    for name, found in named:
        target.add_moving(db, name, path_of(found))
    return [name for name, _ in named]
