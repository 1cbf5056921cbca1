"""Rows as fixed-width binary records, column by column: what FITS and VOTable's BINARY2 are made of.

NULL in a whole number is the lowest of its type (and said beside it), in a float NaN, in a text nothing. Lists have the
length of the longest, filled up with NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from photdb.store.answer import Column

if TYPE_CHECKING:
    import pyarrow as pa

#: duckdb types as FITS letters, VOTable words and big-endian numpy types.
KINDS = {
    "BOOLEAN": ("L", "boolean", "u1"), "TINYINT": ("I", "short", ">i2"), "UTINYINT": ("I", "short", ">i2"),
    "SMALLINT": ("I", "short", ">i2"), "USMALLINT": ("J", "int", ">i4"), "INTEGER": ("J", "int", ">i4"),
    "UINTEGER": ("K", "long", ">i8"), "BIGINT": ("K", "long", ">i8"), "FLOAT": ("E", "float", ">f4"),
    "DOUBLE": ("D", "double", ">f8"),
}  # fmt: skip

Encode = Callable[[str], bytes]


def inner(column: Column) -> str:
    """Return the type of a column, or of what its lists hold."""
    return column.kind.partition("[")[0]


def is_numbers(column: Column) -> bool:
    """Whether a column is a list of numbers."""
    return column.is_list and inner(column) in KINDS and inner(column) != "BOOLEAN"


def is_text(column: Column) -> bool:
    """Whether a column is written as text: words, dates, lists of words, and what no binary type holds."""
    return not is_numbers(column) and column.kind not in KINDS


def record(columns: Sequence[Column], lengths: Mapping[str, int], *, text_width: int = 1) -> np.dtype[Any]:
    """Return the type of a record.

    Parameters
    ----------
    columns : sequence of Column
    lengths : mapping
        The longest list, and the longest text in letters, of the columns that have any.
    text_width : int, default=1
        Bytes a letter.
    """
    fields: list[Any] = []
    for i, column in enumerate(columns):
        if is_numbers(column):
            fields.append((f"f{i}", KINDS[inner(column)][2], (lengths[column.name],)))
        elif is_text(column):
            fields.append((f"f{i}", f"S{lengths[column.name] * text_width}"))
        else:
            fields.append((f"f{i}", KINDS[column.kind][2]))
    return np.dtype(fields)


def packed(batch: pa.RecordBatch, columns: Sequence[Column], kinds: np.dtype[Any], encode: Encode) -> NDArray[Any]:
    """Return a batch of rows as records.

    Parameters
    ----------
    batch : RecordBatch
        Its columns in order.
    columns : sequence of Column
    kinds : dtype
        As `record` returns it; may have more fields before these.
    encode : callable
        Text to bytes.
    """
    table = np.zeros(batch.num_rows, dtype=kinds)
    for i, column in enumerate(columns):
        table[f"f{i}"] = _filled(batch.column(i), column, kinds[f"f{i}"], encode)
    return table


def nulls(batch: pa.RecordBatch) -> NDArray[np.bool_]:
    """Return which values are NULL, shape (rows, columns)."""
    found = np.zeros((batch.num_rows, batch.num_columns), dtype=bool)
    for i, values in enumerate(batch.columns):
        if values.null_count:
            found[:, i] = values.is_null().to_numpy(zero_copy_only=False)
    return found


def null_of(column: Column) -> int:
    """Return the whole number that stands for NULL: the lowest of the type."""
    return int(np.iinfo(KINDS[inner(column)][2]).min)


def _filled(values: pa.Array, column: Column, kind: np.dtype[Any], encode: Encode) -> NDArray[Any]:
    """Return the values of a column, NULL filled in."""
    if kind.subdtype is not None:
        return _lists(values, kind.shape[0], column)
    if is_text(column):
        return _texts(values, kind, encode)
    if column.kind == "BOOLEAN":
        said = np.where(values.fill_null(False).to_numpy(zero_copy_only=False), ord("T"), ord("F"))
        return np.where(values.is_null().to_numpy(zero_copy_only=False), 0, said)
    numbers: NDArray[Any]
    if not values.null_count:
        numbers = values.to_numpy(zero_copy_only=False)
    elif column.is_float:
        numbers = values.fill_null(float("nan")).to_numpy(zero_copy_only=False)
    else:
        numbers = values.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
        numbers[values.is_null().to_numpy(zero_copy_only=False)] = null_of(column)
    return numbers


def _lists(values: pa.Array, length: int, column: Column) -> NDArray[Any]:
    """Return lists of numbers as rows of one length, NaN (or the lowest whole number) where there is none."""
    empty = np.nan if inner(column) in ("FLOAT", "DOUBLE") else null_of(column)
    out = np.full((len(values), length), empty)
    lengths = np.asarray(values.value_lengths().fill_null(0).to_numpy(zero_copy_only=False), dtype=np.int64)
    held = values.flatten()  # without the lists that are NULL
    rows = np.repeat(np.arange(len(values)), lengths)
    places = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    out[rows, places] = held.cast("double").fill_null(empty).to_numpy(zero_copy_only=False)
    return out


def _texts(values: pa.Array, kind: np.dtype[Any], encode: Encode) -> NDArray[Any]:
    """Return words as bytes; each different one is encoded once."""
    import pyarrow as pa

    if not len(values):
        return np.zeros(0, dtype=kind)
    if pa.types.is_list(values.type):
        values = pa.array([None if v is None else "; ".join(map(str, v)) for v in values.to_pylist()], pa.string())
    elif pa.types.is_nested(values.type) or pa.types.is_binary(values.type):
        values = pa.array([None if v is None else str(v) for v in values.to_pylist()], pa.string())
    words = values.cast(pa.string()).fill_null("").dictionary_encode()
    different = np.array([encode(word) for word in words.dictionary.to_pylist()], dtype=kind)
    return np.asarray(different[words.indices.to_numpy(zero_copy_only=False)])
