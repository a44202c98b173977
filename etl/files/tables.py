"""Tables of events: CSV and Parquet, a row an event, read as the members of events."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from etl.errors import LandingError
from etl.files.json_stream import BLOCK_BYTES, MAX_EVENT_BYTES
from etl.rules.wire import Fields, Unreadable

JSON_MEMBERS = frozenset({"properties", "$set", "$set_once", "$unset"})
MEMBERS = JSON_MEMBERS | {"uuid", "event", "distinct_id", "timestamp", "ip", "sent_at", "team_id", "elements_chain"}
PARQUET_ROWS = 1_000  # decoded at a time

csv.field_size_limit(MAX_EVENT_BYTES)


class Columns:
    """What each column of a table is: a member of the event, a property, or nothing that is landed.

    Names of members are taken in any case, since some warehouses export them in capitals.
    """

    def __init__(self, header: Sequence[str]) -> None:
        members = {name: name.strip().lower() for name in header if name.strip().lower() in MEMBERS}
        self.header = list(header)
        self.has_event = "event" in members.values()
        self.has_properties = "properties" in members.values()
        self.ignored = [name for name in header if self.has_properties and name not in members]
        self._members = [(place, members[name]) for place, name in enumerate(header) if name in members]
        self._properties = [
            (place, name.removeprefix("properties."))
            for place, name in enumerate(header)
            if not self.has_properties and name not in members
        ]

    @property
    def shown(self) -> str:
        """The header for a message."""
        text = ", ".join(self.header)
        text = "".join(character for character in text if character.isprintable())
        return text if len(text) <= 80 else f"{text[:80]}..."

    def fields(self, cells: Sequence[Any]) -> Fields:
        """A row as an event; empty cells are left out."""
        fields = {name: cells[place] for place, name in self._members if cells[place] not in (None, "")}
        if not self.has_properties:
            fields["properties"] = {
                name: cells[place] for place, name in self._properties if cells[place] not in (None, "")
            }
        return fields


class Table(NamedTuple):
    """A table's rows with their numbers, what they are called, the share read, and the columns that are not landed."""

    noun: str
    rows: Iterator[tuple[int, Fields | Unreadable]]
    share_read: Callable[[], float]
    ignored: list[str]


def read_header(line: bytes) -> tuple[Columns, str]:
    """The columns of a CSV file and the delimiter, by its first line."""
    text = line.decode(errors="replace").rstrip("\r\n")
    delimiter = max(",;\t|", key=text.count)
    return Columns(next(csv.reader([text], delimiter=delimiter), [])), delimiter


def read_csv(stream: BufferedReader[Any], share_read: Callable[[], float]) -> Table:
    """A CSV file. Its cells are text and stay so: whether `007` is a number only the writer knew."""
    lines_before = 1
    while (header := stream.readline(BLOCK_BYTES)).isspace():
        lines_before += 1
    columns, delimiter = read_header(header)
    damage: list[str] = []

    def lines() -> Iterator[str]:
        while line := stream.readline(MAX_EVENT_BYTES):
            try:
                yield line.decode()
            except UnicodeDecodeError as error:
                damage.append(f"not UTF-8 (byte {error.start} of the line)")
                yield line.decode(errors="replace")

    def rows() -> Iterator[tuple[int, Fields | Unreadable]]:
        reader = csv.reader(lines(), delimiter=delimiter, strict=True)
        while True:
            damage.clear()
            cells: list[str] = []
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                damage.append(f"not CSV: {error}")
            if cells and len(cells) != len(columns.header):
                damage.append(f"{len(cells)} cells under a header of {len(columns.header)}")
            number = reader.line_num + lines_before
            if damage:
                yield number, Unreadable.of(damage[0], delimiter.join(cells).encode())
            elif cells:
                yield number, columns.fields(cells)

    return Table("line", rows(), share_read, columns.ignored)


def read_parquet(file: BinaryIO, path: Path) -> Table:
    """A Parquet file, from anything that can seek; ``path`` is for messages.

    Raises:
        LandingError: it is damaged, or has no column ``event``.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    try:
        # Buffered and not pre-buffered: pages are read as they are needed, not a row group at once.
        parquet = pq.ParquetFile(file, pre_buffer=False, buffer_size=BLOCK_BYTES)
    except (pa.ArrowException, OSError) as error:
        raise LandingError(f"{path} is not a whole Parquet file: {error}.") from error
    columns = Columns(parquet.schema_arrow.names)
    if not columns.has_event:
        raise LandingError(f"{path} has no column `event`: {columns.shown}.")
    wanted = [name for name in columns.header if name not in columns.ignored] if columns.has_properties else None

    def cells(column: Any) -> list[Any]:
        is_time = pa.types.is_timestamp(column.type)
        values: list[Any] = (pc.cast(column, pa.string()) if is_time else column).to_pylist(maps_as_pydicts="lossy")
        return values

    number = 0

    def rows() -> Iterator[tuple[int, Fields | Unreadable]]:
        nonlocal number
        try:
            for batch in parquet.iter_batches(batch_size=PARQUET_ROWS, columns=wanted):
                selected = Columns(batch.schema.names)
                for row in zip(*map(cells, batch.columns), strict=True):
                    number += 1
                    yield number, selected.fields(row)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            yield number + 1, Unreadable(f"damaged: {error}; the rest of the file was not read", "")

    total = max(parquet.metadata.num_rows, 1)
    return Table("row", rows(), lambda: number / total, columns.ignored)
