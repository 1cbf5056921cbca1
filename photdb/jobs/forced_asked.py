"""What forced photometry is asked for: of which places, and what is measured at each."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from photdb.errors import InputError, NotFoundError, UsageError
from photdb.photometry.settings import Aperture
from photdb.store.database import Database, statement

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What table ``aperture`` has for measures that are no circle of a given size: (aperture_id, kind).
PRIMARY, PSF, ELLIPSE = 0, -2, -3
_KINDS = ((PRIMARY, "primary"), (-1, "auto"), (PSF, "psf"), (ELLIPSE, "whole"))

_SIZE = re.compile(r"([0-9]*\.?[0-9]+)\s*(arcsec|\"|fwhm)")
_RECENTRE = re.compile(r"recentre ([0-9]*\.?[0-9]+)arcsec")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is measured at a place: the primary aperture of the frame always, and what else is asked for.

    Attributes
    ----------
    apertures : tuple of Aperture
        Diameters in arcsec or in the frame's FWHM.
    psf : bool
    ellipse : bool
        In the ellipse of the target.
    recentre_arcsec : float or None
        The brightest light within this distance is taken for the place; None: the place itself.
    no_recentre : bool
        Recentring that was asked for before is taken back.
    """

    apertures: tuple[Aperture, ...] = ()
    psf: bool = False
    ellipse: bool = False
    recentre_arcsec: float | None = None
    no_recentre: bool = False

    def with_more(self, other: Asked) -> Asked:
        """Return what two questions ask for together; the other's recentring counts, or that it has none again."""
        apertures = tuple(dict.fromkeys((*self.apertures, *other.apertures)))
        recentre = self.recentre_arcsec if other.recentre_arcsec is None else other.recentre_arcsec
        recentre = None if other.no_recentre else recentre
        return Asked(apertures, self.psf or other.psf, self.ellipse or other.ellipse, recentre)

    def words(self) -> list[str]:
        """Return it as ``target.methods`` keeps it."""
        sizes = [f"{a.diameter:g}{a.kind}" for a in self.apertures]
        recentre = [] if self.recentre_arcsec is None else [f"recentre {self.recentre_arcsec:g}arcsec"]
        recentre += ["no recentre"] * self.no_recentre  # in the record of a run, never of a target
        return ["primary", *sizes, *(["ellipse"] * self.ellipse), *(["psf"] * self.psf), *recentre]

    @classmethod
    def of(cls, words: Sequence[str] | None) -> Asked:
        """Read what ``target.methods`` keeps; NULL is the primary aperture alone.

        Raises
        ------
        InputError
            If a word is none of ours.
        """
        asked = cls()
        for word in words or ():
            if found := _RECENTRE.fullmatch(word):
                asked = replace(asked, recentre_arcsec=float(found[1]))
            elif word == "psf":
                asked = replace(asked, psf=True)
            elif word == "ellipse":
                asked = replace(asked, ellipse=True)
            elif _SIZE.fullmatch(word):
                asked = replace(asked, apertures=(*asked.apertures, size(word)))
            elif word != "primary":
                raise InputError(
                    f"target.methods has {word!r}", "primary, 5arcsec, 2fwhm, ellipse, psf, recentre 1arcsec are known"
                )
        return asked


#: The primary aperture alone.
PLAIN = Asked()


def size(text: str) -> Aperture:
    """Read the diameter of an aperture: ``5arcsec`` or ``2fwhm``.

    Raises
    ------
    UsageError
        If it is none.
    """
    found = _SIZE.fullmatch(text.strip().lower())
    if not found or not 0 < float(found[1]) <= 3600:
        raise UsageError(f"--aperture {text!r} is not an aperture", "a diameter, as 5arcsec or 2fwhm (of the frame)")
    return Aperture("fwhm" if found[2] == "fwhm" else "arcsec", float(found[1]))


@dataclass(frozen=True, slots=True)
class Who:
    """Whose places: targets (None: not asked; empty: all), objects, a condition on objects, and what of the latter.

    Attributes
    ----------
    targets : tuple of int or None
    objects : tuple of int
    all_objects : bool
    where : str or None
        SQL condition on the columns of table object.
    asked : Asked
        What is measured of objects; targets have their own.
    """

    targets: tuple[int, ...] | None = ()
    objects: tuple[int, ...] = ()
    all_objects: bool = False
    where: str | None = None
    asked: Asked = PLAIN


@dataclass(frozen=True, slots=True)
class Target:
    """A target and what is measured of it."""

    target_id: int
    name: str
    is_moving: bool
    asked: Asked
    row: dict[str, Any]

    @property
    def has_place(self) -> bool:
        """Whether its own position is one, on the sphere."""
        ra, dec = (float(self.row[name]) for name in ("ra", "dec"))
        return math.isfinite(ra) and abs(dec) <= 90


def targets_asked(db: Database, target_ids: Sequence[int] | None) -> list[Target]:
    """Return targets with all that is to be measured of them; None: every one.

    Raises
    ------
    InputError
        If what the store has of that is not understood.
    """
    rows = db.job("forced_targets", target_ids=None if target_ids is None else list(target_ids)).dicts()
    return [_target(row) for row in rows]


def _target(row: dict[str, Any]) -> Target:
    """Return a target of its row."""
    asked = Asked.of(row["methods"])
    if row["a_arcsec"] is not None:
        asked = replace(asked, ellipse=True)
    return Target(row["target_id"], row["name"], row["is_moving"], asked, row)


def targets_named(db: Database, names: Iterable[str]) -> tuple[int, ...]:
    """Return the numbers of targets, whatever case and blanks of their names.

    Raises
    ------
    NotFoundError
        If one is not there.
    """
    found, unknown = [], []
    for name in names:
        rows = db.query("target_by_name", called=name).dicts()
        found += [row["target_id"] for row in rows]
        unknown += [name] if not rows else []
    if unknown:
        there = [row["name"] for row in db.query("targets").dicts()]
        some = ", ".join(there[:8]) + (" ..." if len(there) > 8 else "")
        raise NotFoundError(
            f"no target {', '.join(repr(name) for name in unknown)}",
            f"there are {some}" if there else 'there is none yet: photdb target add "NAME" RA DEC',
        )
    return tuple(dict.fromkeys(found))


def objects_known(db: Database, object_ids: Iterable[int]) -> tuple[int, ...]:
    """Return objects, those of an id out of use as what became of them.

    Raises
    ------
    NotFoundError
        If there is none of an id.
    """
    from photdb.asking.finding import object_by_id

    return tuple(dict.fromkeys(object_by_id(db, object_id).object_id for object_id in object_ids))


def chosen_objects(db: Database, who: Who) -> NDArray[Any] | None:
    """Return the ids of the objects asked for; None: all of them."""
    import numpy as np

    if who.all_objects:
        return None
    ids = list(who.objects)
    if who.where is not None:
        from photdb.asking.where import chosen_by

        parameters = {"min_detections": 0, "sort": "object_id"}
        found = db.arrow(chosen_by(db, who.where, parameters), parameters)["object_id"]
        ids += found.to_pylist()
    return np.unique(np.array(ids, dtype=np.int64))


def object_places(db: Database, who: Who) -> Any:
    """Return the places of the objects asked for, as an Arrow table."""
    ids = chosen_objects(db, who)
    return db.arrow(statement("jobs", "forced_objects"), {"object_ids": None if ids is None else str(ids.tolist())})


def aperture_ids(db: Database, sizes: Iterable[Aperture], *, add: bool) -> dict[Aperture, int]:
    """Return the numbers of apertures in the store; with ``add`` new ones get theirs for ever."""
    rows = {(r["kind"], r["diameter"]): int(r["aperture_id"]) for r in db.query("apertures").dicts()}
    wanted = list(dict.fromkeys(sizes))
    if add:
        fixed = [(i, kind) for i, kind in _KINDS if (kind, None) not in rows]
        new: list[dict[str, Any]] = [{"aperture_id": i, "kind": kind, "diameter": None} for i, kind in fixed]
        following = max([0, *rows.values()]) + 1
        for aperture in wanted:
            if (aperture.kind, aperture.diameter) not in rows:
                rows[aperture.kind, aperture.diameter] = following
                new.append({"aperture_id": following, "kind": aperture.kind, "diameter": aperture.diameter})
                following += 1
        db.insert("aperture", new)
    return {a: rows[a.kind, a.diameter] for a in wanted if (a.kind, a.diameter) in rows}
