"""Parquet: a row an event, its cells typed."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO
from uuid import UUID

from etl.errors import LandingError
from etl.files.members import Members, refuse_duplicates
from etl.files.options import Reading
from etl.files.packed import BLOCK_BYTES
from etl.files.tools import advice
from etl.files.values import fit_for_a_line
from etl.rules.wire import Fields, Unreadable, as_json

ROWS = 1_000  # decoded at a time

MARK = b"event-microbatch"
"""The key in a file's metadata that says that `etl export` has written it."""

Convert = Callable[[Any], Any]


def read_parquet(
    file: BinaryIO, name: str, reading: Reading, members: Members
) -> tuple[Iterator[tuple[int, Fields | Unreadable]], Callable[[], float]]:
    """The rows of a Parquet file, from anything that can seek, and the share of them that has been read.

    Types survive: numbers keep every digit and times their zone, a byte string is text where it is UTF-8, 16 bytes are
    a uuid, and a member that a row's struct does not have is absent. Columns that are not landed are not read.

    Raises:
        LandingError: it is damaged, holds a type that cannot be read, or has no column ``event``.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Buffered and not pre-buffered: pages are read as they are needed, not a row group at once.
        # Damage is often readable as something else: only the checksums tell, where the file has them.
        parquet = pq.ParquetFile(file, pre_buffer=False, buffer_size=BLOCK_BYTES, page_checksum_verification=True)
        schema = parquet.schema_arrow
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, NotImplementedError):
            raise LandingError(f"{name} holds what cannot be read: {error}. Write such columns as decimals.") from error
        raise LandingError(f"{name} is not a whole Parquet file: {error}.") from error
    names: list[str] = [each.strip() for each in schema.names]
    if not reading.is_mapped and "event" not in [each.lower() for each in names]:
        columns = fit_for_a_line(", ".join(names))
        raise LandingError(f"{name} has no column `event`: {columns}. {advice(dict.fromkeys(names))}")
    refuse_duplicates(names, name)
    left = [] if reading.is_mapped else members.plan(tuple(schema.names)).left
    wanted = [each for each in schema.names if each not in left]
    # An id that `etl export` has written is what it says, also `null` or `1001.0`. As JSON nothing is read into it.
    verbatim = {"distinct_id"} if MARK in (schema.metadata or {}) else set()
    total = max(parquet.metadata.num_rows, 1)
    number = 0

    def rows() -> Iterator[tuple[int, Fields | Unreadable]]:
        nonlocal number
        try:
            for batch in parquet.iter_batches(batch_size=ROWS, columns=wanted):
                columns = batch.schema.names
                cells = [
                    list(map(as_json, values)) if column in verbatim else values
                    for column, values in zip(columns, map(_cells, batch.columns), strict=True)
                ]
                for row in zip(*cells, strict=True):
                    number += 1
                    yield number, dict(zip(columns, row, strict=True))
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            yield number + 1, Unreadable(f"damaged: {error}; the rest of the file was not read", "")

    return rows(), lambda: number / total


def _cells(column: Any) -> list[Any]:
    """The values of a column as JSON has them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(column.type, pa.DictionaryType):
        column = column.dictionary_decode()
    target = _with_text_for_times(column.type)
    if target != column.type:
        try:
            column = pc.cast(column, target)
        except pa.ArrowInvalid:  # a zone that this machine does not know: the moment is UTC anyway
            column = pc.cast(pc.cast(column, _in_utc(column.type)), target)
    values: list[Any] = column.to_pylist(maps_as_pydicts="lossy")
    convert = _converter(column.type)
    return values if convert is None else [None if value is None else convert(value) for value in values]


def _with_text_for_times(kind: Any) -> Any:
    """The type with text in place of times: pyarrow writes them with all their digits and their zone."""
    import pyarrow as pa

    return _mapped(kind, lambda leaf: pa.string() if pa.types.is_timestamp(leaf) else leaf)


def _in_utc(kind: Any) -> Any:
    import pyarrow as pa

    return _mapped(
        kind, lambda leaf: pa.timestamp(leaf.unit, "UTC") if pa.types.is_timestamp(leaf) and leaf.tz else leaf
    )


def _mapped(kind: Any, change: Convert) -> Any:
    """A type with each type inside it exchanged."""
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return pa.struct([each.with_type(_mapped(each.type, change)) for each in kind])
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_mapped(kind.value_type, change)))
    if pa.types.is_large_list(kind):
        return pa.large_list(kind.value_field.with_type(_mapped(kind.value_type, change)))
    if pa.types.is_map(kind):
        return pa.map_(kind.key_type, kind.item_field.with_type(_mapped(kind.item_type, change)))
    return change(kind)


def _converter(kind: Any) -> Convert | None:
    """What makes JSON of a value of this type where pyarrow does not; None if nothing must change."""
    import pyarrow as pa

    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return _as_text
    if pa.types.is_struct(kind):
        inner = {each.name: _converter(each.type) or _unchanged for each in kind}
        return lambda value: {name: inner[name](each) for name, each in value.items() if each is not None}
    if pa.types.is_map(kind):
        return _of_each(_converter(kind.item_type), lambda value: value.items(), dict)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _of_each(_converter(kind.value_type), enumerate, lambda pairs: [each for _, each in pairs])
    return None


def _of_each(convert: Convert | None, pairs: Convert, joined: Convert) -> Convert | None:
    """What converts each value of a map or list; None if nothing must change."""
    if convert is None:
        return None
    return lambda value: joined([(key, None if each is None else convert(each)) for key, each in pairs(value)])


def _unchanged(value: Any) -> Any:
    return value


def _as_text(data: bytes) -> str:
    """Bytes that carry no mark of text: text where they are, 16 others a uuid, else base64."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = None
    if text is not None and not any(character < " " and character not in "\t\n\r" for character in text):
        return text
    return str(UUID(bytes=data)) if len(data) == 16 else base64.b64encode(data).decode()
