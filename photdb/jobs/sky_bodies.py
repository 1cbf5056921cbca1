"""What SkyBoT knows of the fields of a night: asked once, kept in the store, carried to the date of each frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from math import ceil
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from photdb import progress
from photdb.catalogs import skybot
from photdb.catalogs.skybot import Body
from photdb.errors import PhotdbError
from photdb.ingest.telescope import load_telescopes
from photdb.jobs.movers import Field
from photdb.jobs.writer import writing
from photdb.photometry.tracklet_plane import Plane
from photdb.store.database import Database

Floats = NDArray[np.float64]

#: d; a frame is at most half as long from the date of an answer: the paths of bodies at 1 au bend by 0.3" in an hour.
APART = 2.0 / 24.0

#: deg; what moves into the frame within that time is in the answer: 100 arcsec in an hour, and SkyBoT's own errors.
_MARGIN = 0.05

#: arcsec, at 1 au; how far a body seen from the centre of the Earth is off at most.
PARALLAX = 8.8


@dataclass(frozen=True, slots=True)
class Question:
    """A cone (deg, ICRS) at a date (MJD UTC) from an observatory; the answer in the store, None: there is none."""

    ra: float
    dec: float
    radius_deg: float
    mjd: float
    site: str
    query_id: int | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """Bodies and where they are at some dates: ra, dec (deg) of shape (bodies, dates)."""

    bodies: list[Body]
    ra: Floats
    dec: Floats


def site_of(field: Field) -> str | None:
    """Return the MPC's code of the observatory of a field, by its telescope's file; None: it does not say."""
    return next((t.site.mpc_code for t in load_telescopes().files if t.name == field.telescope), None)


def questions(db: Database, field: Field, site: str | None) -> list[Question]:
    """Return what has to be known of a field and its frames, each with its answer where the store has one.

    Without a site it is that of the telescope's file, else the centre of the Earth.
    """
    site = site or site_of(field) or skybot.GEOCENTRE
    times = np.unique(field.frames["mjd_mid"])
    n = max(1, ceil((times[-1] - times[0]) / APART - 1e-9))
    ra, dec = (float(v) for v in field.plane.sky(0.0, 0.0))
    least = _radius(field)
    radius = min(least + _MARGIN, skybot.WIDEST_DEG)
    found = []
    for k in range(n):
        mjd = float(times[0] + (k + 0.5) * (times[-1] - times[0]) / n)
        rows = db.job(
            "sky_bodies_cached", ra=ra, dec=dec, radius=least, mjd=mjd, within=APART / 2 + 1e-6, site=site
        ).rows
        question = Question(ra, dec, radius, mjd, site)
        found.append(replace(question, query_id=int(rows[0][0]), mjd=float(rows[0][1])) if rows else question)
    return found


def _radius(field: Field) -> float:
    """Return how far from its middle the frames of a field reach, deg."""
    outlines = zip(field.frames["corner_ra"], field.frames["corner_dec"], strict=True)
    corners = (field.plane.project(np.asarray(ra, float), np.asarray(dec, float)) for ra, dec in outlines)
    return float(max(np.hypot(x, y).max() for x, y in corners)) / 3600.0


def ask(store: Path, asked: Sequence[Question]) -> int:
    """Ask SkyBoT what the store does not know, and keep the answers; return how many there were.

    Answers that came before one failed are kept.

    Raises
    ------
    UsageError
        If the network is forbidden.
    InputError
        If SkyBoT could not be asked or failed.
    """
    missing = [q for q in asked if q.query_id is None]
    if not missing:
        return 0
    answers: list[tuple[Question, list[Body]]] = []
    trouble: PhotdbError | None = None
    for q in progress.track(missing, "asking SkyBoT", total=len(missing)):
        try:
            answers.append((q, skybot.ask(q.ra, q.dec, q.radius_deg, q.mjd, site=q.site)))
        except PhotdbError as error:
            trouble = error
            break
    if answers:
        with writing(store) as db, db.run("movers", {"skybot": len(answers)}), db.transaction():
            for question, bodies in answers:
                _keep(db, question, bodies)
    if trouble is not None:
        raise trouble
    return len(answers)


def _keep(db: Database, question: Question, bodies: list[Body]) -> None:
    """Write one answer."""
    query_id = db.next_id("sky_body_query", "query_id")
    row = {n: getattr(question, n) for n in ("ra", "dec", "radius_deg", "mjd", "site")}
    now = datetime.now(UTC).replace(tzinfo=None)
    db.insert("sky_body_query", [{"query_id": query_id, **row, "n_body": len(bodies), "asked": now}])
    if bodies:
        with db.table("given_bodies", pa.Table.from_pylist([asdict(b) for b in bodies])):
            db.job("sky_bodies_write", query_id=query_id)


def expected(db: Database, known: Sequence[Question], mjd: Floats) -> Expected:
    """Return where bodies are at dates, each by the answer nearest to it: along its rates from there."""
    answered = [q for q in known if q.query_id is not None]
    lists = [[Body(**row) for row in db.job("sky_bodies_of", query_id=q.query_id).dicts()] for q in answered]
    everyone = {b.name: b for bodies in lists for b in bodies}
    names = list(everyone)
    ra, dec = np.full((len(names), len(mjd)), np.nan), np.full((len(names), len(mjd)), np.nan)
    if answered:
        nearest = np.argmin(np.abs(np.array([q.mjd for q in answered])[:, None] - mjd), axis=0)
        for k, (question, bodies) in enumerate(zip(answered, lists, strict=True)):
            mine = np.flatnonzero(nearest == k)
            for body in bodies:
                hours = (mjd[mine] - question.mjd) * 24.0
                row = names.index(body.name)
                ra[row, mine], dec[row, mine] = carried(body, hours)
    return Expected([everyone[n] for n in names], ra, dec)


def carried(body: Body, hours: Floats) -> tuple[Floats, Floats]:
    """Return where a body is so many hours after the date of its answer, deg."""
    plane = Plane.around(body.ra, body.dec)
    return plane.sky(hours * (body.ra_rate or 0.0), hours * (body.dec_rate or 0.0))


def uncertainty(body: Body, site: str) -> float:
    """Return how far a body may be from its place, arcsec: three sigma, and the parallax where the site is a guess."""
    parallax = PARALLAX / max(body.delta_au or 1.0, 0.05) if site == skybot.GEOCENTRE else 0.0
    return 1.0 + 3.0 * (body.sigma_arcsec or 0.0) + parallax
