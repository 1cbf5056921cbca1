"""What reports need besides their rows: the paths of moving targets, what is rejected, codes of telescopes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from photdb.asking.moving import Rejection, path_for_export
from photdb.store.answer import Answer
from photdb.store.database import Database, parameters_of


def completed(db: Database, answer: Answer, objects: Sequence[int] | None = None, reject: str | None = None) -> Answer:
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
    """
    wanted = parameters_of(answer.sql)
    more: dict[str, object] = {}
    if "path" in wanted:
        mine = [row[0] for row in db.query("moving_objects", objects=None if objects is None else list(objects)).rows]
        more["path"] = path_for_export(db, mine, Rejection.of(reject))
        if "telescopes" in wanted and objects is None:
            more["objects"] = mine  # a report of positions is of what moves
    if "telescopes" in wanted:
        more["telescopes"] = _telescopes()
    return replace(answer, parameters={**answer.parameters, **more})


def _telescopes() -> str:
    """Return codes and diameters (m) of the telescopes there are files of, as JSON."""
    from photdb.ingest.telescope import load_telescopes

    said = []
    for t in load_telescopes().files:
        diameter = None if t.diameter.value is None else t.diameter.value * t.diameter.factor
        said.append({"telescope": t.name, "mpc_code": t.site.mpc_code, "diameter_m": diameter})
    return json.dumps(said)
