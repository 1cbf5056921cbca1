"""``photdb compact``: merge the nights of a part of the sky into one sorted, encoded run, partition by partition.

A night is committed as one run of `detection_hot`, sorted by object. A light curve then lies in as many pieces as
there were nights, and each piece costs the time to find it. A partition is a range of the sort key (a HEALPix cell, as
large as holds about a million detections); when its rows lie in more than `MOST_RUNS` runs they are gathered, encoded,
sorted and written to `detection_cold` as one, in one transaction a partition. A process killed between two partitions,
or within one, leaves every detection where it was or where it was to be, never both or neither; the next call goes on.

The file is closed after every few partitions: that writes it out, frees what was deleted, and lets readers in.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from photdb import progress
from photdb.errors import PhotdbError, UsageError
from photdb.jobs.writer import writing
from photdb.store.database import Database

log = logging.getLogger(__name__)

#: A partition is compacted when its rows lie in more sorted runs than these.
MOST_RUNS = 8
#: A partition with more detections is split in four.
MOST_ROWS = 1_500_000
#: Order of the cells that are counted, and the finest a partition can be.
CELL_ORDER = 12
#: Detections to write before the file is closed and opened again.
BATCH_ROWS = 4_000_000
#: How long readers get to open the file meanwhile, s.
PAUSE_S = 0.1
#: What an ingest gives to compaction at its end, s.
INGEST_SECONDS = 60.0
MEMORY = "2GB"

_KEY_BITS = 58  # of an order-29 cell within its base cell
_MEMORY = re.compile(r"(\d+(?:\.\d+)?) ?([kMGT])i?B", re.IGNORECASE)
#: Less memory than this is not enough to open a store, MB.
_LEAST_MB = 100


@dataclass(frozen=True, slots=True)
class Partition:
    """One key range, as a row of ``hpx_partition``, with what lies in it uncompacted."""

    norder: int
    npix: int
    key_lo: int
    key_hi: int
    n_rows: int = 0
    n_runs: int = 0
    compacted_at: datetime | None = None
    n_hot: int = 0

    @property
    def total(self) -> int:
        """Its detections, compacted or not."""
        return self.n_rows + self.n_hot

    def row(self) -> dict[str, Any]:
        """As the store keeps it."""
        names = ("norder", "npix", "key_lo", "key_hi", "n_rows", "n_runs", "compacted_at")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class CompactSummary:
    """What a compaction did.

    Parameters
    ----------
    n_partitions, n_rows : int
        Partitions written anew, and the detections in them.
    n_left : int
        Partitions that were due and that the time did not suffice for.
    n_hot : int
        Detections that stay as their nights left them.
    seconds : float
    """

    n_partitions: int
    n_rows: int
    n_left: int
    n_hot: int
    seconds: float

    def line(self) -> str:
        """In one line."""
        if not self.n_partitions and not self.n_left:
            return "nothing to compact" + (f": {self.n_hot} detections are of newer nights" if self.n_hot else "")
        left = f"; {self.n_left} more are due" if self.n_left else ""
        parts = f"{self.n_partitions} partition{'s' * (self.n_partitions != 1)}"
        return f"{parts} compacted, {self.n_rows} detections in {self.seconds:.1f} s{left}"


def compact(
    store: Path, *, every: bool = False, memory_limit: str = MEMORY, time_limit: float | None = None
) -> CompactSummary:
    """Merge the sorted runs of the partitions that need it.

    Parameters
    ----------
    store : Path
        The store, which no other process may hold for long.
    every : bool, default=False
        All partitions with detections that are not compacted, not only those of more than `MOST_RUNS` runs.
    memory_limit : str, default="2GB"
        As duckdb writes it; what does not fit is sorted on disk.
    time_limit : float, optional
        s; no partition is begun that would probably end later. What is left is done by the next call.

    Returns
    -------
    CompactSummary

    Raises
    ------
    UsageError
        If the memory limit is none, or the time limit negative.
    StoreLockedError
        If another process holds the store.
    """
    said = _MEMORY.fullmatch(memory_limit.strip())
    if said is None:
        raise UsageError(f"a memory limit of {memory_limit!r} means nothing", "write 2GB or 800MB")
    if float(said[1]) * 1e3 ** "kmgt".index(said[2].lower()) < _LEAST_MB * 1e3:
        raise UsageError(f"a memory limit of {memory_limit} is too little", f"give {_LEAST_MB}MB or more")
    if time_limit is not None and not time_limit > 0:
        raise UsageError(f"a time limit of {time_limit:g} s leaves no time", "give seconds, as 60")
    began = time.monotonic()
    with _writing(store, memory_limit) as db:
        due, n_hot = _plan(db, every=every)
        if not due:
            return CompactSummary(0, 0, 0, n_hot, time.monotonic() - began)
        parameters = {"every": every, "memory_limit": memory_limit, "time_limit": time_limit}
        run_id = db.begin_run("compact", parameters)
    done: list[Partition] = []
    try:
        for batch in _batches(progress.track(due, "compacting", len(due))):
            if not _compact_batch(store, batch, memory_limit, began, time_limit, done):
                break
            time.sleep(PAUSE_S)
    except BaseException as error:
        _finish(store, run_id, "interrupted" if isinstance(error, KeyboardInterrupt) else "failed", str(error))
        raise
    written = sum(p.total for p in done)
    left = n_hot - sum(p.n_hot for p in done)
    summary = CompactSummary(len(done), written, len(due) - len(done), left, time.monotonic() - began)
    _finish(store, run_id, "done", summary.line())
    return summary


def compact_if_needed(
    store: Path, *, memory_limit: str = MEMORY, time_limit: float = INGEST_SECONDS
) -> CompactSummary | None:
    """Compact what a new night made due, for a limited time; whatever goes wrong is a warning, never an error.

    Returns None where it failed: the nights are in the store, and the next ingest or `photdb compact` tries again.
    """
    try:
        return compact(store, memory_limit=memory_limit, time_limit=time_limit)
    except PhotdbError as error:
        progress.warn(f"not compacted: {error.what}; `photdb compact` tries again")
    except Exception as error:  # what was measured is safe, and must not be said to have failed
        log.debug("compaction", exc_info=True)
        progress.warn(f"not compacted: {error}; `photdb compact` tries again")
    return None


@contextmanager
def _writing(store: Path, memory_limit: str) -> Iterator[Database]:
    """Open the store for writing within a limit of memory.

    What is deleted from nights makes duckdb write the rest of them anew at every checkpoint, which was measured to take
    longer than all of the compaction. It is put off to the end, when the run is recorded; nights of which nothing is
    left are freed at once.
    """
    with writing(store) as db:
        db.execute(f"SET memory_limit = '{memory_limit.strip()}'")
        db.execute("SET max_vacuum_tasks = 0")
        db.execute("SET checkpoint_threshold = '1TB'")
        yield db


def _finish(store: Path, run_id: int, state: str, message: str) -> None:
    """Record how the run ended."""
    try:
        with writing(store) as db:
            db.finish_run(run_id, state, message[:1000])
    except PhotdbError as error:
        log.warning("the end of run %d could not be recorded: %s", run_id, error.what)


def _plan(db: Database, *, every: bool) -> tuple[list[Partition], int]:
    """Bring the partitions up to date; return those that are due, and how many detections are not compacted."""
    n_hot = int(db.one("SELECT count(*) FROM detection_hot"))
    (n_commits,) = db.job("compact_commits").rows[0]
    if not n_hot or (not every and n_commits <= MOST_RUNS - 1):
        return [], n_hot
    cells = _cells(db, [])
    tiles = _tiling(db, cells)
    runs = {int(lo): (int(n), int(r)) for lo, n, r in _hot_runs(db, tiles, cells)}
    counted = []
    for tile in tiles:
        n, r = runs.get(tile.key_lo, (0, 0))
        counted.append(replace(tile, n_hot=n, n_runs=r + (tile.n_rows > 0)))
    _write_runs(db, counted)
    due = [p for p in counted if p.n_hot and (every or p.n_runs > MOST_RUNS)]
    # The worst first: time may be short.
    return sorted(due, key=lambda p: (-p.n_runs, p.key_lo)), n_hot


def _tiling(db: Database, hot_cells: list[tuple[int, int, int]]) -> list[Partition]:
    """Return the partitions, those with too many detections split; they cover the sky."""
    columns = ("norder", "npix", "key_lo", "key_hi", "n_rows", "n_runs", "compacted_at")
    stored = [Partition(**dict(zip(columns, row, strict=True))) for row in db.job("compact_tiling").rows]
    known = stored or [Partition(-1, 0, -1, 0), *(Partition(0, k, *_keys(0, k)) for k in range(12))]
    hot = _per_partition(hot_cells, known)
    wide = [p for p in known if p.norder >= 0 and p.n_rows + sum(n for _, n, _ in hot[p.key_lo]) > MOST_ROWS]
    if stored and not wide:
        return stored
    cells = _per_partition(_cells(db, wide), known)
    tiles: list[Partition] = []
    for partition in known:
        tiles += _split(partition, cells[partition.key_lo]) if partition in wide else [partition]
    with db.transaction():
        db.job("compact_forget", key_lo=[p.key_lo for p in stored if p in wide])
        fresh = [p for p in tiles if p not in stored]
        with db.table("given_partitions", _table(fresh)):
            db.job("compact_split")
    return tiles


def _keys(norder: int, npix: int) -> tuple[int, int]:
    """Return the range of order-29 cells in a cell."""
    width = 1 << (_KEY_BITS - 2 * norder)
    return npix * width, (npix + 1) * width


def _cells(db: Database, wide: Sequence[Partition]) -> list[tuple[int, int, int]]:
    """Return (cell of `CELL_ORDER`, detections not compacted, compacted ones in the wide partitions)."""
    lo, hi = [p.key_lo for p in wide], [p.key_hi for p in wide]
    return [(int(c), int(h), int(n)) for c, h, n in db.job("compact_cells", wide_lo=lo, wide_hi=hi).rows]


def _per_partition(
    cells: list[tuple[int, int, int]], partitions: Sequence[Partition]
) -> dict[int, list[tuple[int, int, int]]]:
    """Sort cells into the partitions, both by key; partitions cover the sky."""
    found: dict[int, list[tuple[int, int, int]]] = {p.key_lo: [] for p in partitions}
    shift = _KEY_BITS - 2 * CELL_ORDER
    ordered = iter(sorted(partitions, key=lambda p: p.key_lo))
    partition = next(ordered)
    for cell in cells:
        while (cell[0] << shift) >= partition.key_hi:
            partition = next(ordered)
        found[partition.key_lo].append(cell)
    return found


def _split(partition: Partition, cells: list[tuple[int, int, int]]) -> list[Partition]:
    """Return a partition's quarters, and theirs, until none has too many detections."""
    n_rows = sum(n for _, _, n in cells)
    whole = replace(partition, n_rows=n_rows)
    if partition.norder >= CELL_ORDER or n_rows + sum(n for _, n, _ in cells) <= MOST_ROWS:
        return [whole]
    tiles: list[Partition] = []
    shift = 2 * (CELL_ORDER - partition.norder - 1)
    for quarter in range(4):
        npix = 4 * partition.npix + quarter
        inside = [cell for cell in cells if cell[0] >> shift == npix]
        runs = min(partition.n_runs, 1)
        tile = Partition(
            partition.norder + 1, npix, *_keys(partition.norder + 1, npix), 0, runs, partition.compacted_at
        )
        tiles += _split(tile, inside)
    return tiles


def _hot_runs(db: Database, tiles: Sequence[Partition], cells: list[tuple[int, int, int]]) -> list[tuple[Any, ...]]:
    """Return (key_lo, detections, runs) of each partition with detections that are not compacted."""
    import pyarrow as pa

    pairs = [(cell, lo) for lo, inside in _per_partition(cells, tiles).items() for cell, _, _ in inside]
    columns = [pa.array(column, pa.int64()) for column in zip(*pairs, strict=True)] or [pa.nulls(0, pa.int64())] * 2
    table = pa.table(columns, names=["cell", "key_lo"])
    with db.table("given_cells", table):
        return db.job("compact_runs").rows


def _write_runs(db: Database, tiles: Sequence[Partition]) -> None:
    """Write down how many runs each partition has."""
    import pyarrow as pa

    table = pa.table(
        {
            "key_lo": pa.array([p.key_lo for p in tiles], pa.int64()),
            "n_runs": pa.array([p.n_runs for p in tiles], pa.int32()),
        }
    )
    with db.table("given_runs", table):
        db.job("compact_counted")


def _table(partitions: Sequence[Partition]) -> Any:
    """Return partitions as a table."""
    import pyarrow as pa

    kinds = {"norder": pa.int8(), "n_runs": pa.int32(), "compacted_at": pa.timestamp("us")}
    rows = [p.row() for p in partitions]
    names = list(Partition(-1, 0, -1, 0).row())
    return pa.table({name: pa.array([row[name] for row in rows], kinds.get(name, pa.int64())) for name in names})


def _batches(due: Iterable[Partition]) -> Iterator[list[Partition]]:
    """Yield partitions in batches of some million detections."""
    batch: list[Partition] = []
    for partition in due:
        batch.append(partition)
        if sum(p.total for p in batch) >= BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def _compact_batch(
    store: Path,
    batch: Sequence[Partition],
    memory_limit: str,
    began: float,
    time_limit: float | None,
    done: list[Partition],
) -> bool:
    """Compact partitions one by one while there is time, then close the file; whether there was time for all."""
    with _writing(store, memory_limit) as db:
        for partition in batch:
            if time_limit is not None and done:
                spent = time.monotonic() - began
                pace = spent / max(sum(p.total for p in done), 1)
                if spent + pace * partition.total > time_limit:
                    return False
            compact_partition(db, partition.key_lo, partition.key_hi)
            done.append(partition)
    return True


def compact_partition(db: Database, key_lo: int, key_hi: int) -> int:
    """Make one sorted run of the detections of a key range, in one transaction; return how many they are.

    Parameters
    ----------
    db : Database
        Open for writing.
    key_lo, key_hi : int
        The range of `skey`, its end not in it.
    """
    span = {"key_lo": key_lo, "key_hi": key_hi}
    with db.transaction():
        last = int(db.job("compact_last", **span).rows[0][0])
        n = int(db.job("compact_write", **span).rows[0][0])
        db.job("compact_delete_hot", **span)
        db.job("compact_delete_cold", **span, last=last)
        db.job("compact_done", key_lo=key_lo, n_rows=n, now=datetime.now(UTC).replace(tzinfo=None))
    return n
