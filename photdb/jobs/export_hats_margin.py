"""Margins of a HATS export: for every region of the sky, the rows that lie just outside it.

While partitions are written, rows near their edges are put aside, a file for each region that they border on; then each
region's files, which come in the order of the sky, become the region's partition of the margin table.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from photdb.output.hats_table import HEALPIX, PartitionFile, file_of
from photdb.output.sky_partitions import Cover, Partition

if TYPE_CHECKING:
    import pyarrow


class Margin:
    """Rows put aside for the margins of one table.

    Parameters
    ----------
    folder : Path
        Where to put them aside.
    cover : Cover
        The regions.
    order : int
        Of the margin cells.
    wanted : collection of int
        Places in ``cover.regions`` whose margins are to be made.
    """

    def __init__(self, folder: Path, cover: Cover, order: int, wanted: Collection[int]) -> None:
        self.folder, self.cover, self.order, self.wanted = folder, cover, order, set(wanted)
        self._n = 0

    def put(self, table: pyarrow.Table) -> None:
        """Put aside what of some rows lies in the margin of a wanted region."""
        import pyarrow.parquet as pq

        if not self.wanted or not table.num_rows:
            return
        rows, regions = self.cover.beyond(table[HEALPIX].to_numpy(), self.order)
        for region in np.unique(regions):
            if int(region) in self.wanted:
                place = self.folder / str(region)
                place.mkdir(parents=True, exist_ok=True)
                self._n += 1
                part = table.take(np.sort(rows[regions == region]))
                pq.write_table(part, place / f"{self._n:09d}", compression="none", store_schema=False)

    def write(self, table: Path, *, rows: int) -> dict[Partition, int]:
        """Write the partitions of a margin table; return their rows."""
        import pyarrow.parquet as pq

        written: dict[Partition, int] = {}
        for region in sorted(self.wanted):
            files = sorted((self.folder / str(region)).glob("*"))
            if files:
                partition = self.cover.regions[region]
                with PartitionFile(file_of(table, partition), rows=rows) as out:
                    for file in files:
                        out.write(pq.read_table(file))
                written[partition] = out.n_row
                shutil.rmtree(self.folder / str(region))
        return written


def touching(cover: Cover) -> dict[int, list[Partition]]:
    """Return, for the place of every region that touches a partition, those partitions."""
    found: dict[int, list[Partition]] = {}
    for partition in cover.partitions:
        for region in cover.neighbours(partition):
            found.setdefault(region, []).append(partition)
    return found
