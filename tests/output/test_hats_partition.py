"""How a partition of a HATS table is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from photdb.output.hats_table import PartitionFile


def rows() -> pa.Table:
    """An object with its points, words and fractions, alone, in lists and nested."""
    lists = [pa.array([[0.1, 0.2], [0.3]], pa.list_(pa.float64())), pa.array([["g", "r"], ["g"]])]
    return pa.table(
        {
            "_healpix_29": np.array([3, 5]),
            "name": ["a", "b"],
            "ra": np.array([1.5, 2.5]),
            "aper_flux": pa.array([[1.0, 2.0], None], pa.list_(pa.float32())),
            "lightcurve": pa.StructArray.from_arrays(lists, names=["mag", "band"]),
        }
    )


def test_fractions_are_written_byte_by_byte_wherever_they_are_and_read_as_they_were(tmp_path: Path):
    with PartitionFile(tmp_path / "Npix=0.parquet", rows=10) as out:
        out.write(rows())
    footer = pq.ParquetFile(tmp_path / "Npix=0.parquet").metadata.row_group(0)
    columns = [footer.column(i) for i in range(footer.num_columns)]
    by_byte = {c.path_in_schema for c in columns if "BYTE_STREAM_SPLIT" in c.encodings}
    in_lists = {"aper_flux", "lightcurve.mag"}
    assert by_byte == {"ra", *(f"{name}.list.element" for name in in_lists)}
    assert pq.read_table(tmp_path / "Npix=0.parquet").to_pylist() == rows().to_pylist()
