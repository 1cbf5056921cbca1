"""What reports need besides their rows: the paths of moving targets, what is rejected, codes of telescopes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from photdb import progress
from photdb.asking.moving import Rejection, path_for_export
from photdb.errors import NotFoundError
from photdb.store.answer import Answer
from photdb.store.database import Database, parameters_of


def completed(
    db: Database,
    answer: Answer,
    objects: Sequence[int] | None = None,
    reject: str | None = None,
    *,
    targets: Sequence[int] | None = None,
) -> Answer:
    """Return the question of a report with what it wants to know of moving targets and telescopes.

    Parameters
    ----------
    db : Database
        The store.
    answer : Answer
        The question; one that asks for neither comes back as it is.
    objects : sequence of int, optional
        Of these objects; by default of all moving targets.
    reject : str, optional
        Which points do not count, as `photdb.asking.moving.Rejection.of` reads it.
    targets : sequence of int, optional
        And of these targets, where no object is theirs.

    Raises
    ------
    NotFoundError
        If a report of positions is to be of targets that were never detected: all that is known of their places is
        predicted.
    """
    wanted = parameters_of(answer.sql)
    more: dict[str, object] = {}
    if "path" in wanted:
        mine = [row[0] for row in db.query("moving_objects", objects=None if objects is None else list(objects)).rows]
        alone = _alone(db, objects, targets)
        if "telescopes" in wanted:
            _refuse_predicted(db, alone, objects)
        else:
            more["targets"] = [t["target_id"] for t in alone]
        moving = [t["target_id"] for t in alone if t["is_moving"] and "telescopes" not in wanted]
        more["path"] = path_for_export(db, mine, Rejection.of(reject), targets=moving)
        if "telescopes" in wanted and objects is None:
            more["objects"] = mine  # a report of positions is of what moves
    if "telescopes" in wanted:
        more["telescopes"] = _telescopes()
    return replace(answer, parameters={**answer.parameters, **more})


def _alone(db: Database, objects: Sequence[int] | None, targets: Sequence[int] | None) -> list[dict[str, Any]]:
    """Return the targets asked for that have forced points and no object."""
    chosen = None if objects is None else list(targets or [])
    return db.query("targets_alone", targets=chosen, band=None).dicts()


def _refuse_predicted(db: Database, alone: Sequence[Mapping[str, Any]], objects: Sequence[int] | None) -> None:
    """Refuse to report targets that were never detected, and say so of those among many."""
    for target in (t for t in alone if t["is_moving"]):
        name, n = target["name"], target["n_point"]
        fluxes = "1 forced flux was" if n == 1 else f"{n} forced fluxes were"
        what = (
            f"{name} is not reported: no frame detected it, its {fluxes} measured where it was predicted to be, and a "
            "prediction must not reach the Minor Planet Center as an observation"
        )
        if objects is not None and not objects:
            raise NotFoundError(
                what,
                f'its brightness is there: photdb lightcurve "{name}", or photdb export --format pp --target "{name}"',
            )
        progress.warn(what)


def _telescopes() -> str:
    """Return codes and diameters (m) of the telescopes there are files of, as JSON."""
    from photdb.ingest.telescope import load_telescopes

    said = []
    for t in load_telescopes().files:
        diameter = None if t.diameter.value is None else t.diameter.value * t.diameter.factor
        said.append({"telescope": t.name, "mpc_code": t.site.mpc_code, "diameter_m": diameter})
    return json.dumps(said)
