"""Files of events in the formats people have them in, read as a stream of landing rows.

- JSON lines: an event, an array of events or a request body a line; PostHog's batch export in JSON lines.
- A JSON document of any size: an array of events, or a recorded request body ``{"batch": [...], ...}``.
- CSV and Parquet: a column for each of an event's members, as PostHog's exports have.
- Each of them packed too (``etl.files.packed``). The format is told by content, never by name.

Which key is what, and which time is meant, does not depend on the format: ``members``, ``times``, ``recorder``.

A file was received long ago. The moment it says it was sent stands in for that moment: clocks are not corrected
against the time of landing, which would move every event to today; ``offset`` counts back from it, and means nothing
without it; and an event without a time gets it. A file's ``team_id`` is another server's: it only has to be the same
throughout.
"""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from etl.errors import LandingError
from etl.files.copies import copy
from etl.files.csv_file import read_csv
from etl.files.json_stream import MAX_EVENT_BYTES, read_document
from etl.files.options import Reading
from etl.files.ordering import in_order_of_time
from etl.files.packed import BLOCK_BYTES, as_utf8, chained, refuse_foreign, unpacked
from etl.files.parquet_file import read_parquet
from etl.files.recorder import Recorder
from etl.files.values import is_json
from etl.rules.wire import Fields, LandingRow, Unreadable, read_body

Format = Literal["json lines", "json document", "csv", "parquet"]
Item = tuple[int, LandingRow | Unreadable]
"""The number of a line, row or event, and what stands there."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_VALUES = re.compile(rb"\}\s*\{")  # one after another without line feeds, as Firehose writes them


@dataclass
class Source:
    """An open file: its items in order, the share of it (0 to 1) that has been read for them, and what was met."""

    recorder: Recorder
    items: Iterator[Item]
    share_read: Callable[[], float]
    # What lines that could not be read must stand under to be landed again: the header of a CSV file.
    header: str = ""

    @property
    def noun(self) -> str:
        """What the numbers count."""
        return self.recorder.noun


def recognise(path: Path, name: str | None = None, reading: Reading | None = None) -> Format:
    """What a file holds, by its first bytes.

    Args:
        path: a regular file.
        name: for messages.
        reading: what is known of it.

    Raises:
        LandingError: it cannot be read, or is of a kind that cannot be landed.
    """
    name, reading = name or str(path), reading or Reading()
    try:
        with unpacked(path, name) as opened:
            head = _head(opened.stream)
            packings = opened.packings
    except OSError as error:
        raise LandingError(f"{name} cannot be read: {error.strerror or error}.") from error
    refuse_foreign(head, name, packings)
    if not head and path.stat().st_size == 0 and path.suffix.lower() in {".parquet", ".pq"}:
        raise LandingError(f"{name} has 0 bytes, which no Parquet file has: its upload failed. Fetch it again.")
    if head.startswith(b"PAR1"):
        return "parquet"
    if reading.encoding:
        head = head.decode(reading.encoding, "replace").encode()
    elif head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise LandingError(f"{name} is UTF-16: --encoding utf-16.")
    elif len(head) >= 8 and (order := {head[0:40:2]: "be", head[1:40:2]: "le"}.get(bytes(len(head[1:40:2])))):
        raise LandingError(f"{name} seems to be UTF-16 without a mark: --encoding utf-16-{order}.")
    return _recognise_text(head.removeprefix(BYTE_ORDER_MARK))


@contextmanager
def open_source(
    path: Path, kind: Format, team_id: int, reading: Reading | None = None, name: str | None = None
) -> Iterator[Source]:
    """Open a file whose format ``recognise`` has told.

    Raises:
        LandingError: it is a damaged Parquet file, or a table without a column ``event``.
    """
    name, reading = name or str(path), reading or Reading()
    noun = {"json document": "event", "parquet": "row"}.get(kind, "line")
    recorder = Recorder(team_id, reading, noun)
    size = max(path.stat().st_size, 1)
    with ExitStack() as stack:
        opened = stack.enter_context(unpacked(path, name))
        stream = opened.stream

        def share_read() -> float:
            return min(opened.tell() / size, 1.0)

        header = ""
        if kind == "parquet":
            file = stack.enter_context(_seekable(path, name, stream, is_packed=bool(opened.packings)))
            rows, share = read_parquet(file, name, reading, recorder.members)
            items = _rows(rows, recorder)
        else:
            share = share_read
            with suppress(EOFError):  # to be met again, and told, by the reader
                stream = _text(stream, reading.encoding)
            if kind == "csv":
                head = _head(stream)
                try:
                    found, rows = read_csv(chained(head, stream), head, name, reading)
                except EOFError as error:
                    raise LandingError(f"{name} is damaged: {error}.") from error
                header, items = found.line, _rows(rows, recorder)
            elif kind == "json document":
                items = _document(stream, recorder)
            else:
                items = _lines(stream, recorder)
        items = _guarded(items)
        if reading.order_by:
            items = stack.enter_context(in_order_of_time(items, name))
        yield Source(recorder, items, share, header)


def _text(stream: io.BufferedReader[Any], encoding: str | None) -> io.BufferedReader[Any]:
    """The stream as UTF-8 with line feeds and without a mark."""
    start = stream.peek(3)
    if start.startswith(BYTE_ORDER_MARK):
        stream.read(3)
        start = stream.peek(3)
    if encoding or start.startswith(b"\x1e") or (b"\r" in start and b"\n" not in start):
        head = _head(stream)
        stream = as_utf8(chained(head, stream), head, encoding)
        if stream.peek(3).startswith(BYTE_ORDER_MARK):
            stream.read(3)
    return stream


def _lines(stream: BinaryIO, recorder: Recorder, number: int = 0) -> Iterator[Item]:
    while line := stream.readline(MAX_EVENT_BYTES):
        number += 1
        if len(line) == MAX_EVENT_BYTES and not line.endswith(b"\n"):
            while (rest := stream.readline(MAX_EVENT_BYTES)) and not rest.endswith(b"\n"):
                pass
            yield number, Unreadable.of(f"longer than {MAX_EVENT_BYTES >> 20} MiB", line)
        elif not line.isspace():
            body = read_body(line)
            for row in recorder.rows(number, body.events, body.envelope):
                if isinstance(row, Unreadable) and len(body.events) == 1:
                    yield number, replace(row, whole=line.decode(errors="surrogateescape"))
                else:
                    yield number, row


def _document(stream: io.BufferedReader[Any], recorder: Recorder) -> Iterator[Item]:
    """The events of a document. Where it breaks off and whole lines follow, those are read as lines."""
    number = 0
    left: list[BinaryIO] = []
    try:
        for body in read_document(stream, left):
            for event in body.events:
                for row in recorder.rows(number + 1, (event,), body.envelope):
                    number += 1
                    yield number, row
    except LandingError as error:
        number += 1
        if not left:
            yield number, Unreadable(f"{error}; the rest of the document was not read", "")
            return
        broken = left[0].readline(MAX_EVENT_BYTES)
        yield number, Unreadable.of(f"{error}; what follows was read line by line", broken)
        yield from _lines(left[0], recorder, number)


def _rows(rows: Iterable[tuple[int, Fields | Unreadable]], recorder: Recorder) -> Iterator[Item]:
    for number, fields in rows:
        for row in recorder.rows(number, (fields,)):
            yield number, row


def _guarded(items: Iterator[Item]) -> Iterator[Item]:
    """The items as far as the packed data are whole."""
    number = 0
    try:
        for item in items:
            number = item[0]
            yield item
    except EOFError as error:
        yield number + 1, Unreadable(f"{error}; the rest of the file was not read", "")


def _recognise_text(head: bytes) -> Format:
    text = head.lstrip(b"\x1e \t\r\n")
    if b"\n" not in text:
        text = text.replace(b"\r", b"\n")
    first, _, rest = text.partition(b"\n")
    if text.startswith((b"{", b"[")):
        return _recognise_json(first, rest)
    if not text or (rest.startswith(b"{") and is_json(rest.partition(b"\n")[0])):
        return "json lines"  # the first line may be the rest of one that a log rotation cut
    return "csv"


def _recognise_json(first: bytes, rest: bytes) -> Format:
    """Lines or one document, by the first line and what follows."""
    if is_json(first):
        return "json lines"
    if not rest:
        is_long = len(first) >= BLOCK_BYTES
        return "json document" if is_long or first.startswith(b"[") or _VALUES.search(first) else "json lines"
    if first.startswith(b"[") or first.rstrip().endswith((b"{", b"[", b",", b":")):
        return "json document"
    # The first line is broken: by a writer that crashed, if the second is whole.
    return "json lines" if is_json(rest.partition(b"\n")[0]) else "json document"


def _head(stream: io.BufferedReader[Any]) -> bytes:
    """The first bytes, as far as they can be read; of a JSON line that is longer, all of it."""
    head = b""
    with suppress(EOFError):
        while len(head) < BLOCK_BYTES and (piece := stream.read1(BLOCK_BYTES)):
            head += piece
        if b"\n" not in head.strip() and head.lstrip(BYTE_ORDER_MARK + b" \t\r\n")[:1] in {b"{", b"["}:
            head += stream.readline(MAX_EVENT_BYTES)
    return head


@contextmanager
def _seekable(path: Path, name: str, stream: io.BufferedReader[Any], *, is_packed: bool) -> Iterator[BinaryIO]:
    """The file itself, or if it is packed a temporary copy that is not: Parquet is read from its end."""
    if not is_packed:
        with path.open("rb", buffering=0) as file:
            yield cast(BinaryIO, file)
        return
    with tempfile.TemporaryFile() as file:
        try:
            copy(stream, file, name)
        except EOFError as error:
            raise LandingError(f"{name} is damaged: {error}.") from error
        file.seek(0)
        yield cast(BinaryIO, file)
