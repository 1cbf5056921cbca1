"""Light curves of a list of targets in one pass: read the list, find its objects, say which have none and why."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from photdb.asking.finding import LEAST_RADIUS, NO_OBJECT, Found, object_by_id, reach_of, resolve
from photdb.asking.lightcurves import (
    COLOUR_COLUMNS,
    KINDS,
    MORE_COLUMNS,
    checked_sigma,
    light_curve,
    limit_columns,
    mjd_of,
)
from photdb.asking.measured import MeasuredTarget, measured_near
from photdb.asking.seen import known_path, moving_of, seen_in_words
from photdb.errors import InputError, NotFoundError, PhotdbError, UsageError
from photdb.sky import parse_dec, parse_ra
from photdb.store.answer import Answer
from photdb.store.database import Database, statement

#: What a column of a list may be called, in any case.
_CALLED = {
    "name": ("name", "target", "object", "id", "star"),
    "ra": ("ra", "ra_deg", "raj2000", "_raj2000", "ra_icrs", "alpha"),
    "dec": ("dec", "de", "dec_deg", "dej2000", "_dej2000", "de_icrs", "decl", "delta"),
    "object_id": ("object_id", "objectid"),
}
#: The aperture that is the ellipse of a target.
ELLIPSE = -3
#: Names that the store does not have as they are written are looked up one by one, this many at most.
_ONE_BY_ONE = 200


@dataclass(frozen=True, slots=True)
class Target:
    """One target of a list: its name, and a position (deg) or a number; with the object that was found for it.

    Parameters
    ----------
    place : int
        In the list, from 1.
    label : str
        What the answer calls it.
    ra, dec : float, optional
        deg.
    object_id : int, optional
        Of the object.
    name : str, optional
        To be looked up, where there is neither position nor number.
    reason : str
        Why it has no object.
    target_id : int, optional
        The target of the store whose forced points it has.
    is_ellipse : bool
        That target has an ellipse: it has no points but those.
    """

    place: int
    label: str
    ra: float | None = None
    dec: float | None = None
    object_id: int | None = None
    name: str | None = None
    reason: str = ""
    target_id: int | None = None
    is_ellipse: bool = False


def read_targets(path: Path) -> list[Target]:
    """Return the targets of a file with a line of column names: name, ra and dec, or object_id, in any notation.

    Columns are parted by commas, semicolons, tabs or bars; lines that begin with ``#`` are comments.

    Raises
    ------
    NotFoundError
        If there is no such file.
    InputError
        If a line cannot be understood: with its number.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise NotFoundError(
            f"{path}: no such file", "--targets names a CSV with ra and dec, name or object_id"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text: {error}", "--targets names a CSV file") from None
    lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip() and not line.startswith("#")]
    if not lines:
        raise InputError(f"{path}: holds no targets", "a line of column names, then one target a line")
    parting = max(",;\t|", key=lines[0][1].count)
    rows = [[cell.strip() for cell in row] for row in csv.reader((line for _, line in lines), delimiter=parting)]
    columns = _columns(path, rows[0])
    targets = [
        _target(path, n, place, {name: row[k] if k < len(row) else "" for name, k in columns.items()})
        for place, ((n, _), row) in enumerate(zip(lines[1:], rows[1:], strict=True), 1)
    ]
    if not targets:
        raise InputError(f"{path}: holds no targets", "one target a line, below the column names")
    return targets


def _columns(path: Path, names: Sequence[str]) -> dict[str, int]:
    """Return where the columns are that say what a target is."""
    lower = [name.lower().lstrip("#").strip() for name in names]
    found = {key: lower.index(a) for key, called in _CALLED.items() for a in called[::-1] if a in lower}
    if not (found.keys() & {"name", "object_id"} or {"ra", "dec"} <= found.keys()):
        raise InputError(
            f"{path}: its first line has the columns {', '.join(names)}", "it needs ra and dec, name, or object_id"
        )
    return found


def _target(path: Path, line: int, place: int, cells: Mapping[str, str]) -> Target:
    """Return the target of one line."""
    name, ra, dec, number = (cells.get(key, "") for key in ("name", "ra", "dec", "object_id"))
    if number:
        if not number.isdigit() or int(number) >= 2**63:
            raise InputError(f"{path}, line {line}: object_id {number!r} is not a number of an object")
        return Target(place, name or number, object_id=int(number))
    if ra or dec:
        try:
            return Target(place, name or f"{ra} {dec}", parse_ra(ra), parse_dec(dec))
        except UsageError as error:
            raise InputError(f"{path}, line {line}: {error.what}", error.hint) from None
    if name:
        return Target(place, name, name=name)
    raise InputError(f"{path}, line {line}: neither a position, a name nor an object_id", "remove the line, or fill it")


def as_targets(given: Iterable[Any]) -> list[Target]:
    """Return targets from Python: (ra, dec) pairs, object numbers, names, or dicts with the columns of a list.

    Raises
    ------
    UsageError
        If one is none of these.
    """
    out = []
    for place, item in enumerate(given, 1):
        cells: Mapping[str, Any]
        if isinstance(item, Mapping):
            cells = item
        elif isinstance(item, str):
            cells = {"name": item}
        elif isinstance(item, int):
            cells = {"object_id": item}
        elif isinstance(item, Sequence) and len(item) == 2:
            cells = {"ra": item[0], "dec": item[1]}
        else:
            raise UsageError(f"target {item!r} is not understood", "give (ra, dec), an object_id or a name")
        words = {key: "" if value is None else str(value) for key, value in cells.items()}
        try:
            out.append(_target(Path("targets"), place, place, words))
        except InputError as error:
            raise UsageError(error.what, error.hint) from None
    return out


def find_targets(db: Database, targets: Sequence[Target], *, radius: float | None = None) -> list[Target]:
    """Return targets with their objects, and the reason where there is none.

    Parameters
    ----------
    db : Database
        The store.
    targets : sequence of Target
        As read.
    radius : float, optional
        arcsec; by default the match radius of the object's frames, at least `LEAST_RADIUS`.
    """
    named = {t.place: t for t in _named(db, targets, radius)}
    placed = [
        t for t in named.values() if t.object_id is None and t.target_id is None and t.ra is not None and not t.reason
    ]
    found = _nearest(db, placed, radius)
    missing = [t for t in placed if t.place not in found]
    given = measured_near(db, [(t.place, t.ra, t.dec) for t in missing if t.ra is not None and t.dec is not None])
    missing = [t for t in missing if t.place not in given]
    reasons = _unseen(db, missing, radius)
    out = []
    for target in named.values():
        if target.place in found:
            target = replace(target, object_id=found[target.place])
        elif target.place in given:
            target = _of(target, given[target.place])
        out.append(replace(target, reason=reasons.get(target.place, target.reason)))
    return _numbered(db, out)


def _named(db: Database, targets: Sequence[Target], radius: float | None) -> list[Target]:
    """Return targets with the position or the object that their names mean."""
    names = [{"place": t.place, "name": t.name} for t in targets if t.name is not None]
    if not names:
        return list(targets)
    meant = {row["place"]: row for row in reversed(db.query("targets_named", names=json.dumps(names)).dicts())}
    out, asked = [], 0
    for target in targets:
        if target.name is None:
            out.append(target)
        elif (row := meant.get(target.place)) is not None:
            target = replace(target, ra=row["ra"], dec=row["dec"], object_id=row["object_id"])
            known = MeasuredTarget(row["target_id"], row["name"], row["linked_id"], row["is_ellipse"])
            out.append(_of(target, known) if row["is_measured"] else target)
        elif asked < _ONE_BY_ONE:
            asked += 1
            out.append(_resolved(db, target, radius))
        else:
            out.append(replace(target, reason=f"no target or object {target.name!r}"))
    return out


def _of(target: Target, known: MeasuredTarget) -> Target:
    """Return a target of a list as the target of the store that it is."""
    return replace(target, object_id=known.object_id, target_id=known.target_id, is_ellipse=known.is_ellipse)


def _resolved(db: Database, target: Target, radius: float | None) -> Target:
    """Return a target with the object that its name means by any of the ways that one star is asked for."""
    try:
        found = resolve(db, [target.name or ""], radius=radius)
    except PhotdbError as error:
        return replace(target, reason=error.what)
    return replace(target, object_id=found.object_id, ra=found.ra, dec=found.dec)


def _nearest(db: Database, placed: Sequence[Target], radius: float | None) -> dict[int, int]:
    """Return the object nearest to each place, within the radius, or within the reach of its own frames."""
    if not placed:
        return {}
    reach = reach_of(db, radius)
    near = db.query("targets_near", places=_places(placed), radius=reach).dicts()
    if radius is None:
        far = sorted({n["object_id"] for n in near if n["separation_arcsec"] > LEAST_RADIUS})
        own: dict[int, float] = dict(db.query("object_reach", objects=far).rows) if far else {}
        near = [n for n in near if n["separation_arcsec"] <= max(LEAST_RADIUS, own.get(n["object_id"]) or 0.0)]
    found: dict[int, int] = {}
    for row in near:
        found.setdefault(row["place"], row["object_id"])
    return found


def _unseen(db: Database, missing: Sequence[Target], radius: float | None) -> dict[int, str]:
    """Return why each place has no object: nobody looked, or it was not detected, and in how many frames."""
    if not missing:
        return {}
    seen = {row["place"]: row for row in db.query("targets_seen", places=_places(missing)).dicts()}
    within = f"no object within {radius or LEAST_RADIUS:g} arcsec"
    return {
        t.place: f"{within}; {seen_in_words(seen[t.place])}"
        if t.place in seen
        else "never observed: no frame covers it"
        for t in missing
    }


def _numbered(db: Database, targets: Sequence[Target]) -> list[Target]:
    """Return targets with the position of their objects; numbers that are no objects (any more) are looked up."""
    numbers = sorted({t.object_id for t in targets if t.object_id is not None})
    known = (
        {row["object_id"]: row for row in db.query("targets_known", objects=str(numbers)).dicts()} if numbers else {}
    )
    out = []
    for target in targets:
        row = known.get(target.object_id or -1)
        if target.object_id is None:
            out.append(target)
        elif row is not None:
            out.append(replace(target, ra=row["ra"], dec=row["dec"]))
        else:
            out.append(_renamed(db, target))
    return out


def _renamed(db: Database, target: Target) -> Target:
    """Return a target whose number is an old one of an object, or the reason why it is none."""
    try:
        found = object_by_id(db, target.object_id or 0)
    except NotFoundError as error:
        return replace(target, object_id=None, reason=error.what)
    return replace(target, object_id=found.object_id, ra=found.ra, dec=found.dec)


def _places(targets: Sequence[Target]) -> str:
    """Return places as JSON."""
    return json.dumps([{"place": t.place, "ra": t.ra, "dec": t.dec} for t in targets])


def light_curves(
    db: Database,
    targets: Sequence[Target],
    *,
    band: str | None = None,
    start: str | float | None = None,
    stop: str | float | None = None,
    without: int = 0,
    aperture_id: int = 0,
    kind: str = "all",
    sigma: float | None = None,
    colour_corrected: bool = False,
    all_columns: bool = False,
    limits: bool = False,
    named: bool = True,
) -> Answer:
    """Return the light curves of targets, one after another, each oldest point first.

    Parameters
    ----------
    db : Database
        The store.
    targets : sequence of Target
        As `find_targets` returns them; those without an object have forced points and upper limits only.
    band, start, stop, without, aperture_id, kind, sigma, colour_corrected, all_columns : optional
        As `photdb.query.light_curve` has them.
    limits : bool, default=False
        Also a row of kind ``limit`` for each frame that saw a target, did not detect it and has no forced point of it:
        ``limit_mag``, no flux.
    named : bool, default=True
        The first column is ``target``.

    Raises
    ------
    UsageError
        If limits are asked for in another aperture than the primary one. If there is no such kind, or no such limit.
    NotFoundError
        If limits are asked for of one target that moves and nothing says where it was. (Of several targets, such ones
        have no limits.)
    """
    if kind not in KINDS:
        raise UsageError(f"no points of kind {kind!r}", f"there are {', '.join(KINDS)}")
    if limits and aperture_id:
        raise UsageError("--limits are those of the primary aperture", "leave --aperture-id away")
    asked = [
        {
            "place": t.place, "target": t.label, "object_id": t.object_id, "target_id": t.target_id, "ra": t.ra,
            "dec": t.dec, "is_ellipse": t.is_ellipse or aperture_id == ELLIPSE,
        }
        for t in targets
        if t.object_id is not None or t.target_id is not None or (limits and t.ra is not None)
    ]  # fmt: skip
    parameters: dict[str, Any] = {
        "asked": json.dumps(asked), "band": band, "from_mjd": mjd_of(start), "to_mjd": mjd_of(stop, end=True),
        "aperture_id": aperture_id, "without": without, "colour_corrected": colour_corrected, "kind": kind,
        "sigma": checked_sigma(sigma),
    }  # fmt: skip
    sql = statement("queries", "lightcurve_targets")
    if limits:
        parts = (sql, statement("queries", "lightcurve_limits"))
        both = " UNION ALL BY NAME ".join(f"(SELECT * FROM ({part.rstrip().rstrip(';')}\n))" for part in parts)
        sql = f"SELECT * FROM ({both}) AS curve ORDER BY place, mjd_mid, band, frame_id"
        parameters["on_path"] = json.dumps(_on_path(db, targets))
    whole = Answer(db, sql, parameters, "lightcurve")
    more = () if all_columns else (name for name in MORE_COLUMNS if name not in limit_columns(sigma))
    unwanted = {"place", *(() if named else ("target",)), *more}
    unwanted |= set() if colour_corrected else set(COLOUR_COLUMNS)
    return whole.only([c.name for c in whole.columns if c.name not in unwanted])


def _on_path(db: Database, targets: Sequence[Target]) -> list[dict[str, Any]]:
    """Return where those of some targets that move were, one entry a target and frame."""
    moving_objects, moving_targets = {}, set()
    for target_id, _, object_id in db.query("moving_among").rows:
        moving_targets.add(target_id)
        moving_objects[object_id] = target_id
    out = []
    for t in targets:
        if len(targets) > 1 and t.target_id not in moving_targets and t.object_id not in moving_objects:
            continue
        mover = moving_of(db, t.object_id, t.target_id)
        if mover is None:
            continue
        try:
            path = known_path(db, mover)
        except NotFoundError:
            if len(targets) == 1:
                raise
            continue
        out += [{"place": t.place, "target_id": mover.target_id, **at} for at in path]
    return out


def curve_of(db: Database, found: Found, *, limits: bool = False, **chosen: Any) -> Answer:
    """Return the light curve of what was found: of an object, of a target and its object, or of a place without either.

    Parameters
    ----------
    db : Database
        The store.
    found : Found
        As `photdb.query.resolve_measured` returns it.
    limits : bool, default=False
        As `light_curves` has it.
    **chosen : optional
        As `photdb.query.light_curve` has them.
    """
    number = None if found.object_id == NO_OBJECT else found.object_id
    if not limits:
        return light_curve(db, number, target_id=found.target_id, is_ellipse=found.is_ellipse, **chosen)
    target = Target(1, found.name, found.ra, found.dec, number, target_id=found.target_id, is_ellipse=found.is_ellipse)
    return light_curves(db, [target], **chosen, limits=True, named=False)
