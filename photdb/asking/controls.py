"""The control star of a target: a star measured as the target was, which ought to be constant.

PHOTOMETRYPIPELINE's rule: of the stars that the first and the last frame of the target have in common (within 1
arcsec), in order of brightness in the last frame, the one a twentieth of the way down. Bright enough to be exact, and
not so bright as to be special.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from photdb.asking.finding import Found
from photdb.asking.lightcurves import light_curve
from photdb.asking.moving import UNFIT
from photdb.errors import NotFoundError
from photdb.store.answer import Answer
from photdb.store.database import Database

#: How far down the list of stars, brightest first, the control star is.
SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Control:
    """The control star of a target in one band: where it stands among the stars of its frames."""

    found: Found
    band: str
    place: int
    n_star: int
    first_mjd: float
    last_mjd: float

    def curve(self, db: Database) -> Answer:
        """Return its light curve in the time of the target's points."""
        return light_curve(
            db, self.found.object_id, band=self.band, start=self.first_mjd - 1e-6, stop=self.last_mjd + 1e-6
        )


@dataclass(frozen=True, slots=True)
class Flatness:
    """How constant a light curve is (mag): rms about the weighted mean, the rms error, chi2 a degree of freedom.

    Points that are no measure of the star (saturated, cut by the edge, hit) are left out: ``n_unfit``.
    """

    n: int
    n_unfit: int
    rms: float
    error: float
    chi2_dof: float

    def line(self) -> str:
        """Return it in words."""
        left_out = f"; {self.n_unfit} saturated, cut or hit ones left out" if self.n_unfit else ""
        return (
            f"scatter {self.rms:.4f} mag in {self.n} points, errors {self.error:.4f} mag: "
            f"chi2 {self.chi2_dof:.2f} a degree of freedom{left_out}"
        )


def control_star(
    db: Database, object_id: int | None, *, target_id: int | None = None, band: str | None = None, whole: bool = False
) -> Control:
    """Return the control star of an object.

    Parameters
    ----------
    db : Database
        The store.
    object_id : int or None
        Of the target; None: it has forced points alone.
    target_id : int, optional
        The target, where it has no object.
    band : str, optional
        By default that of most of its points.
    whole : bool, default=False
        The first star from the rule's on, towards fainter ones, that is in every frame of the target and nowhere
        saturated, cut or hit: the rule does not ask.

    Raises
    ------
    NotFoundError
        If the target was measured in fewer than two frames, or these have no star in common.
    """
    rows = (
        light_curve(db, object_id, target_id=target_id, band=band).only(["frame_id", "band", "mjd_mid", "kind"]).rows()
    )
    points = [(b, mjd, frame) for frame, b, mjd, kind in rows if kind != "limit"]
    bands = [b for b, _, _ in points]
    chosen = band or (max(sorted(set(bands)), key=bands.count) if bands else None)
    mine = sorted((mjd, frame) for b, mjd, frame in points if b == chosen)
    if len(mine) < 2:
        raise NotFoundError(
            f"{len(mine)} points{f' in band {chosen}' if chosen else ''}: a control star is one of two frames at least",
            "`photdb coverage NAME` says in which frames a target was seen",
        )
    (first_mjd, first), (last_mjd, last) = mine[0], mine[-1]
    stars = db.query("control_star", object_id=object_id, first=first, last=last).dicts()
    if not stars:
        raise NotFoundError(
            f"frames {first} and {last}, the first and the last of the target, have no star in common",
            "choose nights of one field: --band, or another target",
        )
    place = int(SHARE * len(stars))
    if whole:
        fainter = [s["object_id"] for s in stars[place:]]
        frames = sorted({frame for _, frame in mine})
        good = {row[0] for row in db.query("control_whole", objects=fainter, frames=frames, unfit=UNFIT).rows}
        if not good:
            raise NotFoundError(
                f"no star from the {place + 1}. of {len(stars)} on is whole in all {len(frames)} frames",
                "without --whole it is the star of PP's rule",
            )
        place = next(k for k in range(place, len(stars)) if stars[k]["object_id"] in good)
    star = stars[place]
    found = Found(star["object_id"], star["name"], star["ra"], star["dec"])
    return Control(found, str(chosen), place, len(stars), first_mjd, last_mjd)


def flatness(points: list[dict[str, Any]]) -> Flatness | None:
    """Return how constant the points of a light curve are, None for fewer than two with a magnitude.

    Errors are those of the measurement and the random ones of the zero points.
    """
    known = [p for p in points if p["mag"] is not None and p["mag_err"]]
    good = [(p["mag"], math.hypot(p["mag_err"], p["zp_err"] or 0.0)) for p in known if not p["flags"] & UNFIT]
    if len(good) < 2:
        return None
    weights = [1 / e**2 for _, e in good]
    mean = sum(w * m for w, (m, _) in zip(weights, good, strict=True)) / sum(weights)
    n = len(good)
    return Flatness(
        n=n,
        n_unfit=len(known) - n,
        rms=math.sqrt(sum((m - mean) ** 2 for m, _ in good) / (n - 1)),
        error=math.sqrt(sum(e**2 for _, e in good) / n),
        chi2_dof=sum(w * (m - mean) ** 2 for w, (m, _) in zip(weights, good, strict=True)) / (n - 1),
    )
