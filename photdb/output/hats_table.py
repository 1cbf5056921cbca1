"""One table of a HATS collection: its partitions, and the files that describe them.

HATS (IVOA note, https://www.ivoa.net/documents/Notes/HATS/): ``dataset/Norder=k/Dir=d/Npix=p.parquet`` with
``dataset/_metadata`` and ``_common_metadata``, ``hats.properties``, ``partition_info.csv``, ``skymap.fits``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from photdb.output.sky_partitions import FINEST, Partition

if TYPE_CHECKING:
    import numpy as np
    import pyarrow
    from numpy.typing import NDArray

#: The column of order-29 NESTED cells that every table is sorted by.
HEALPIX = "_healpix_29"
HATS_VERSION = "v1.0"
_VO = b"IVOA.VOTable-Parquet."


def file_of(table: Path, partition: Partition) -> Path:
    """Return where a partition of a table is."""
    folder = f"Norder={partition.order}/Dir={partition.pixel // 10_000 * 10_000}"
    return table / "dataset" / folder / f"Npix={partition.pixel}.parquet"


#: Columns whose least and greatest values spare a reader row groups; of others, all row groups have about the same.
_SOUGHT_BY = {
    HEALPIX, "object_id", "frame_id", "name", "ra", "dec", "mjd_mid", "bjd_tdb", "night", "band", "mag", "n_detections",
    "ref_source_id", "target_id", "kind",
}  # fmt: skip


class PartitionFile:
    """A partition while it is written, piece by piece; sorted pieces make a sorted partition.

    Parameters
    ----------
    path : Path
        The file.
    rows : int
        Rows of a row group: what a reader of one star has to read.
    """

    def __init__(self, path: Path, *, rows: int) -> None:
        self.path, self.rows, self.n_row = path, rows, 0
        self._sink: BinaryIO | None = None
        self._writer: Any = None

    def __enter__(self) -> PartitionFile:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.finish()
        else:
            self.abandon()

    def finish(self) -> None:
        """Complete the file."""
        if self._writer is not None and self._sink is not None:
            self._writer.close()
            self._sink.close()

    def abandon(self) -> None:
        """Let go of a file that is not to be complete: of a full disk, say."""
        if self._writer is not None:
            with suppress(OSError, ValueError):
                self._writer.close()
            self._writer.is_open = False  # or it would try again when it is collected
        if self._sink is not None:
            with suppress(OSError):
                self._sink.close()

    def write(self, table: pyarrow.Table) -> None:
        """Append rows; a file without any is not made."""
        import pyarrow.parquet as pq

        if not table.num_rows:
            return
        if self._writer is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._sink = self.path.open("wb")
            self._writer = pq.ParquetWriter(
                self._sink, table.schema, compression="zstd", compression_level=1, use_dictionary=_words(table.schema),
                use_byte_stream_split=_measured(table.schema),
                write_statistics=[n for n in table.schema.names if n in _SOUGHT_BY],
                store_schema=False,  # words may come as codes, and are to be read as words
            )  # fmt: skip
        self._writer.write_table(table, row_group_size=self.rows)
        self.n_row += table.num_rows


def _words(schema: pyarrow.Schema) -> list[str]:
    """Return the columns of words, which repeat few values."""
    return [name for name, kind in _leaves(schema) if "string" in str(kind)]


def _measured(schema: pyarrow.Schema) -> list[str]:
    """Return the columns of fractions: byte by byte, those of a light curve are a sixth smaller and written sooner."""
    import pyarrow as pa

    return [name for name, kind in _leaves(schema) if pa.types.is_floating(kind)]


def _leaves(schema: pyarrow.Schema) -> Iterator[tuple[str, pyarrow.DataType]]:
    """Yield the columns of a schema, those within lists and structs of lists too, as Parquet calls them."""
    import pyarrow as pa

    for field in schema:
        nested = pa.types.is_struct(field.type)
        parts = [(f"{field.name}.{f.name}", f.type) for f in field.type] if nested else [(field.name, field.type)]
        for name, kind in parts:
            listed = pa.types.is_list(kind)
            yield (f"{name}.list.element", kind.value_type) if listed else (name, kind)


def describe(
    table: Path,
    partitions: Sequence[Partition],
    schema: pyarrow.Schema,
    votable: str,
    properties: Mapping[str, object],
    *,
    skymap: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
) -> None:
    """Write all that a table of partitions has beside them.

    Parameters
    ----------
    table : Path
        Its folder, partitions written.
    partitions : sequence of Partition
        Those that have rows.
    schema : pyarrow.Schema
        Of its files.
    votable : str
        What `photdb.output.hats_columns.votable` says of its columns.
    properties : mapping
        ``hats.properties``.
    skymap : (cells, counts), optional
        Rows in cells of order `FINEST`.
    """
    write_metadata(table, [file_of(table, p) for p in breadth_first(partitions)], schema, votable)
    lines = [f"{p.order},{p.pixel}" for p in breadth_first(partitions)]
    (table / "partition_info.csv").write_text("\n".join(["Norder,Npix", *lines]) + "\n", encoding="ascii")
    found = dict(properties)
    if skymap is not None:
        write_skymap(table / "skymap.fits", *skymap)
        found["hats_skymap_order"] = FINEST
    found["hats_order"] = max((p.order for p in partitions), default=0)
    found["moc_sky_fraction"] = f"{sum(1 / (12 * 4**p.order) for p in partitions):.6f}"
    write_table_properties(table, found)


def write_table_properties(table: Path, properties: Mapping[str, object]) -> None:
    """Write ``hats.properties``, and the same as ``properties`` for older readers, with the size of the table."""
    size = sum(f.stat().st_size for f in table.rglob("*") if f.is_file()) // 1024 + 1
    for name in ("hats.properties", "properties"):
        write_properties(table / name, "HATS catalog", {**properties, "hats_estsize": size})


def breadth_first(partitions: Iterable[Partition]) -> list[Partition]:
    """Return partitions by order, then pixel."""
    return sorted(partitions, key=lambda p: (p.order, p.pixel))


def write_properties(path: Path, title: str, properties: Mapping[str, object]) -> None:
    """Write a Java properties file; None is left out."""
    lines = [f"{key}={_escaped(value)}" for key, value in properties.items() if value is not None]
    path.write_text("\n".join([f"#{title}", *lines]) + "\n", encoding="utf-8")


def read_properties(path: Path) -> dict[str, str]:
    """Return what `write_properties` wrote."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def _escaped(value: object) -> str:
    """Return a value on one line."""
    return " ".join(str(value).replace("\\", "/").split())


def write_metadata(table: Path, files: Sequence[Path], schema: pyarrow.Schema, votable: str) -> None:
    """Write the footers of all files as ``_metadata``, the schema with its VOTable as ``_common_metadata``."""
    import pyarrow.parquet as pq

    dataset = table / "dataset"
    dataset.mkdir(parents=True, exist_ok=True)
    facts = {_VO + b"version": b"1.0", _VO + b"content": votable.encode()} if votable else {}
    pq.write_metadata(schema.with_metadata({**(schema.metadata or {}), **facts}), dataset / "_common_metadata")
    whole = None
    for file in files:
        footer = pq.read_metadata(file)
        footer.set_file_path(file.relative_to(dataset).as_posix())
        if whole is None:
            whole = footer
        else:
            whole.append_row_groups(footer)
    if whole is None:
        pq.write_metadata(schema, dataset / "_metadata")
    else:
        whole.write_metadata_file(dataset / "_metadata")


def write_skymap(path: Path, cells: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
    """Write how many rows each cell of order `FINEST` has: a HEALPix map of the cells that have any."""
    import numpy as np
    from astropy.io import fits

    columns = [
        fits.Column("PIXEL", "K", array=np.asarray(cells, dtype=">i8")),
        fits.Column("VALUE", "K", array=np.asarray(counts, dtype=">i8")),
    ]
    hdu = fits.BinTableHDU.from_columns(columns)
    facts = {
        "PIXTYPE": "HEALPIX", "ORDERING": "NESTED", "INDXSCHM": "EXPLICIT", "COORDSYS": "C", "NSIDE": 2**FINEST,
        "OBS_NPIX": len(cells),
    }  # fmt: skip
    hdu.header.update(facts)
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path)


def created() -> str:
    """Return the time as HATS writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%MUTC")
