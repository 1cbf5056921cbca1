"""Magnitudes of reference stars in passbands that their catalogue may not have, by published transformations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from photdb.catalogs import colours, definition
from photdb.catalogs.colours import HIGHEST_POWER, Transformation
from photdb.errors import NotFoundError, UsageError
from photdb.store.answer import Answer
from photdb.store.database import Database, statement

if TYPE_CHECKING:
    import pyarrow as pa

#: The name by which the SQL reads `transformations_table`.
TABLE = "colour_transformation"

#: In the order in which they build on each other.
_STEPS = (
    "colour_inputs", "colour_offers", "colour_stars", "colour_transformed", "colour_forget_stars", "colour_magnitudes",
    "colour_excluded", "colour_forget_transformed",
)  # fmt: skip


def magnitudes(db: Database, known: Sequence[Transformation] | None = None) -> None:
    """Fill ``zp_mag`` and ``zp_mag_excluded``: magnitudes of some stars in some passbands, native or transformed.

    Parameters
    ----------
    db : Database
        Open store, with the temporary tables ``zp_star`` (catalog, source_id) and ``zp_wanted`` (band).
    known : sequence of Transformation, optional
        Those that may be applied; all known ones when not given.

    Notes
    -----
    ``zp_mag`` has catalog, source_id, band, mag, mag_err, mag_system, is_good and path, NULL where the magnitude is the
    catalogue's own. ``zp_mag_excluded`` has catalog, band, path and n_out_of_range.
    """
    with db.table(TABLE, transformations_table(known)):
        for step in _STEPS:
            db.job(step)


def transformations_table(known: Sequence[Transformation] | None = None) -> pa.Table:
    """Return the transformations as the table that ``schema/jobs/colour_*.sql`` read, the best ranked first."""
    import pyarrow as pa

    every = colours.load() if known is None else known
    rows = [_row(one, rank, colours.piece_of(one, every)) for rank, one in enumerate(every)]
    powers = [pa.field(f"{letter}{k}", pa.float64()) for letter in "cv" for k in range(HIGHEST_POWER + 1)]
    limit = pa.struct([("blue", pa.string()), ("red", pa.string()), ("low", pa.float64()), ("high", pa.float64())])
    words = [pa.field(name, pa.string()) for name in ("name", "band", "mag_system", "base", "blue", "red")]
    numbers = [pa.field(name, pa.float64()) for name in ("x_min", "x_max", "scatter")]
    counts = [pa.field(name, pa.int64()) for name in ("rank", "piece")]
    lists = [
        pa.field("inputs", pa.list_(pa.string())),
        pa.field("catalogs", pa.list_(pa.string())),
        pa.field("limits", pa.list_(limit)),
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema([*words, *counts, *numbers, *powers, *lists]))


def listing(db: Database, catalog: str | None = None) -> Answer:
    """Return which passband can be had from which catalogue of the store, by which path; the preferred path first.

    Raises
    ------
    NotFoundError
        If the store has no magnitudes of that catalogue, or none at all.
    """
    given: dict[str, list[str]] = {}
    for name, band in db.query("refcat_passbands").rows:
        given.setdefault(str(name), []).append(str(band))
    if not given:
        raise NotFoundError(
            f"{db.path}: no reference magnitudes",
            "add some with `photdb refcat add FILE --catalog NAME`, or ask `photdb refcat bands --known`",
        )
    if catalog is not None and catalog not in given:
        raise NotFoundError(
            f"{db.path}: no magnitudes of {catalog}",
            f"there are those of {', '.join(sorted(given))}; `photdb refcat bands --known` says it of every catalogue",
        )
    return _answer(db, {name: bands for name, bands in given.items() if catalog in (None, name)})


def known_listing(db: Database, catalog: str | None = None) -> Answer:
    """Return the same of the catalogues that photdb knows, whatever is in a store.

    Raises
    ------
    UsageError
        If the catalogue is not known.
    """
    if catalog is not None and catalog not in definition.names():
        raise UsageError(f"catalogue {catalog!r} is not known", f"known are {', '.join(definition.names())}")
    names = definition.names() if catalog is None else [catalog]
    return _answer(db, {name: list(definition.load(name).bands) for name in names})


def _answer(db: Database, given: dict[str, list[str]]) -> Answer:
    """Return the ways from the bands of catalogues as an answer."""
    rows = [
        {"catalog": name, "band": band, "choice": choice, "path": way.name, "error": way.error if way.name else None}
        for name, bands in given.items()
        for band, ways in colours.paths(bands, name).items()
        for choice, way in enumerate(ways, start=1)
    ]
    return Answer(db, statement("queries", "refcat_bands"), {"ways": rows}, name="passbands")


def _row(one: Transformation, rank: int, piece: int) -> dict[str, Any]:
    """Return a transformation as a row."""
    empty = (0.0,) * (HIGHEST_POWER + 1)
    powers = {
        f"{letter}{k}": value
        for letter, values in (("c", one.coefficients), ("v", [e * e for e in one.errors]))
        for k, value in enumerate((*values, *empty)[: HIGHEST_POWER + 1])
    }
    of_colours = [{"blue": b, "red": r, "low": low, "high": high} for (b, r), (low, high) in one.conditions.items()]
    of_magnitudes = [{"blue": b, "red": None, "low": low, "high": high} for b, (low, high) in one.magnitudes.items()]
    return {
        "name": one.name,
        "band": one.band,
        "mag_system": one.system,
        "base": one.base,
        "blue": one.blue,
        "red": one.red,
        "rank": rank,
        "piece": piece,
        "x_min": one.range[0],
        "x_max": one.range[1],
        "scatter": one.scatter,
        **powers,
        "inputs": sorted(one.inputs),
        "catalogs": list(one.catalogs) or None,
        "limits": of_colours + of_magnitudes,
    }
