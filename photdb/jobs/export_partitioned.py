"""Plain Parquet in folders by HEALPix cell (``norder=5/npix=123/part-0.parquet``), as duckdb and polars read it.

Columns are those of the same export in one file. A row is where its object is, so that no light curve straddles two
folders; a frame is where its centre is. What has no place, and light curves of targets where no object is, are in a
folder whose cell is NULL. Cells are as coarse as the
rows asked for allow, and one partition is held at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from photdb import progress, query
from photdb.errors import NotFoundError, UsageError
from photdb.jobs.export_hats_plan import cells_of
from photdb.output.sky_partitions import FINEST, Partition, split
from photdb.output.whole_folder import appearing
from photdb.sky import ORDER
from photdb.store.answer import Answer
from photdb.store.database import Database, statement

ROWS = 1_000_000
#: The kinds of rows that have a place.
PLACED = ("lightcurve", "detection", "object", "frame")
NOWHERE = "norder=__HIVE_DEFAULT_PARTITION__/npix=__HIVE_DEFAULT_PARTITION__"
_FILE = "part-0.parquet"


def export(
    db: Database,
    what: str,
    folder: Path,
    *,
    objects: Sequence[int] | None = None,
    targets: Sequence[int] | None = None,
    band: str | None = None,
    colour_corrected: bool = False,
    rows: int = ROWS,
    overwrite: bool = False,
) -> int:
    """Write one kind of row, or those of some objects or of one band; return the number of rows.

    Parameters
    ----------
    db : Database
        The store.
    what : str
        One of `PLACED`.
    folder : Path
        It appears whole or not at all.
    objects, targets, band, colour_corrected : optional
        As `photdb.query.export` has them.
    rows : int
        Most rows of a partition, about.
    overwrite : bool, default=False
        Replace what is there.

    Raises
    ------
    InputError
        If the folder exists, or cannot be written.
    NotFoundError
        If there is nothing to export.
    UsageError
        If there is no such kind of row, or it cannot be chosen so.
    """  # fmt: skip
    if what == "forced":
        raise UsageError("forced fluxes are not written in partitions", "leave --partition away")
    if what in query.EXPORTS and what not in PLACED:
        raise UsageError(f"{what}s have no place on the sky", f"leave --partition away; {', '.join(PLACED)} have one")
    if rows < 1:
        raise UsageError(f"{rows} rows a partition", "1000000 is usual")

    def answer(ids: Sequence[int] | None) -> Answer:
        return query.export(db, what, objects=ids, band=band, colour_corrected=colour_corrected)

    whole = answer(objects)
    with appearing(folder, overwrite=overwrite) as new:
        n = _frames(whole, new, rows) if what == "frame" else _by_object(db, what, answer, objects, new, rows)
        if what == "detection" and objects is None:
            orphans = Answer(db, statement("queries", "export_detection_orphans"), {"band": band}, what)
            n += _write(orphans, new / NOWHERE)
        alone = _alone(db, objects, targets, band) if what == "lightcurve" else []
        if alone:
            n += _write(replace(whole, parameters={**whole.parameters, "objects": [], "targets": alone}), new / NOWHERE)
        if not n:
            raise NotFoundError(f"nothing to export: no {what} there", "`photdb status` says what the store holds")
    return n


def _alone(db: Database, objects: Sequence[int] | None, targets: Sequence[int] | None, band: str | None) -> list[int]:
    """Return the targets without an object whose points are wanted: all of them where no objects are chosen."""
    chosen = None if objects is None else list(targets or [])
    return [row["target_id"] for row in db.query("targets_alone", targets=chosen, band=band).dicts()]


def _by_object(
    db: Database,
    what: str,
    answer: Callable[[Sequence[int]], Answer],
    objects: Sequence[int] | None,
    new: Path,
    rows: int,
) -> int:
    """Write rows that belong to objects, partition by partition."""  # fmt: skip
    db.job("export_objects", objects=None if objects is None else list(objects))
    found = np.array(db.job("export_cells").rows, dtype=np.int64).reshape(-1, 3)
    n = 0
    for partition in progress.track(split(found[:, 0], found[:, 1 if what == "object" else 2], rows), "partitions"):
        ids = [row[0] for row in db.job("export_ids", lo=partition.lo, hi=partition.hi).rows]
        n += _write(answer(ids), new / place_of(partition))
    return n


def place_of(partition: Partition) -> str:
    """Return the folder of a partition."""
    return f"norder={partition.order}/npix={partition.pixel}"


def _write(answer: Answer, folder: Path) -> int:
    """Write the file of a folder; none where there are no rows."""
    folder.mkdir(parents=True)
    n = answer.copy_parquet(folder / _FILE)
    if not n:
        (folder / _FILE).unlink()
        folder.rmdir()
        if not any(folder.parent.iterdir()):
            folder.parent.rmdir()
    return n


def _frames(answer: Answer, new: Path, rows: int) -> int:
    """Write frames by the cell of their centre."""
    import pyarrow.parquet as pq

    table = answer.arrow()
    hpx = cells_of(table["ra"], table["dec"])
    cells, counts = np.unique(hpx[hpx >= 0] >> 2 * (ORDER - FINEST), return_counts=True)
    chosen = [(place_of(p), (hpx >= p.lo) & (hpx < p.hi)) for p in split(cells, counts, rows)]
    for place, here in [*chosen, (NOWHERE, hpx < 0)]:
        if here.any():
            (new / place).mkdir(parents=True)
            pq.write_table(table.take(np.flatnonzero(here)), new / place / _FILE, compression="zstd")
    return int(table.num_rows)
