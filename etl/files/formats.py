"""Files of events in the formats people have them in, read as a stream of landing rows.

- JSON lines: an event, an array of events or a request body a line; PostHog's batch export in JSON lines.
- A JSON document of any size: an array of events, or a recorded request body ``{"batch": [...], ...}``.
- CSV and Parquet: a column for each of an event's members, as PostHog's exports have; without a column ``properties``
  the columns that PostHog does not know are the properties.
- Each of them gzipped too. The format is told by content, never by name.

A file was received long ago. The moment it says it was sent stands in for that moment: clocks are not corrected
against the time of landing, which would move every event to today; ``offset`` counts back from it; and an event
without a time gets it. A file's ``team_id`` is another server's: it only has to be the same throughout.
"""

from __future__ import annotations

import gzip
import io
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal

from msgspec import Raw

from etl.errors import LandingError
from etl.files.json_stream import BLOCK_BYTES, MAX_EVENT_BYTES, read_document
from etl.files.tables import JSON_MEMBERS, Table, read_csv, read_header, read_parquet
from etl.rules.wire import Fields, LandingRow, Unreadable, as_json, as_text, json_value, landing_row, read_body

Format = Literal["json lines", "json document", "csv", "parquet"]
Item = tuple[int, LandingRow | Unreadable]
"""The number of a line, row or event, and what stands there."""

FOREIGN = {b"PK\x03\x04": "zip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
DAMAGED_GZIP = (EOFError, zlib.error, gzip.BadGzipFile)


@dataclass
class Source:
    """An open file: its items in order, and the share of it (0 to 1) that has been read for them."""

    noun: str
    items: Iterator[Item]
    share_read: Callable[[], float]
    ignored_columns: list[str] = field(default_factory=list)


def recognise(path: Path) -> Format:
    """What a file holds, by its first bytes.

    Raises:
        LandingError: it cannot be read, or holds nothing that can be landed.
    """
    try:
        if not path.is_file():
            what = "is not a regular file: save what it gives as one" if path.exists() else "does not exist"
            raise LandingError(f"{path} {what}.")
        with path.open("rb", buffering=0) as raw, _unzipped(raw) as stream:
            head = _head(stream)
    except OSError as error:
        raise LandingError(f"{path} cannot be read: {error.strerror or error}.") from error
    for magic, name in FOREIGN.items():
        if head.startswith(magic):
            raise LandingError(f"{path} is compressed with {name}: unpack it first, or compress it with gzip.")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise LandingError(f"{path} is UTF-16: convert it first with `iconv -f UTF-16 -t UTF-8`.")
    if head.startswith(b"PAR1"):
        return "parquet"
    head = head.removeprefix(BYTE_ORDER_MARK)
    text = head.lstrip()
    first, _, rest = text.partition(b"\n")
    if text.startswith((b"{", b"[")):
        return _recognise_json(first, rest, is_cut=len(head) >= BLOCK_BYTES and b"\n" not in text)
    if not text or (rest.startswith(b"{") and _is_json(rest.partition(b"\n")[0])):
        return "json lines"  # the first line may be the rest of one that a log rotation cut
    if not (names := read_header(first)[0]).has_event:
        raise LandingError(
            f"{path} is neither JSON nor Parquet, and as CSV its header has no column `event`: {names.shown}."
        )
    return "csv"


@contextmanager
def open_source(path: Path, kind: Format, team_id: int) -> Iterator[Source]:
    """Open a file whose format ``recognise`` has told.

    Raises:
        LandingError: it is a damaged Parquet file, or one without a column ``event``.
    """
    recorder = _Recorder(team_id)
    size = max(path.stat().st_size, 1)
    with path.open("rb", buffering=0) as raw, _unzipped(raw) as stream:

        def share_read() -> float:
            return raw.tell() / size

        if kind == "parquet":
            with _seekable(path, raw, stream) as file:
                yield _table(read_parquet(file, path), recorder)
            return
        with suppress(*DAMAGED_GZIP):  # to be met again, and told, by the reader
            if stream.peek(3).startswith(BYTE_ORDER_MARK):
                stream.read(3)
        if kind == "csv":
            yield _table(read_csv(stream, share_read), recorder)
        elif kind == "json document":
            yield Source("event", _guarded(_document(stream, recorder)), share_read)
        else:
            yield Source("line", _guarded(_lines(stream, recorder)), share_read)


class _Unzipped(gzip.GzipFile):
    """Of damaged data it gives all that can be unzipped before it raises; GzipFile loses up to a buffer."""

    def readinto(self, buffer: Any) -> int:
        data = self.read1(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _Recorder:
    """Turns what a file says of an event into a landing row."""

    def __init__(self, team_id: int) -> None:
        self._team_id = team_id
        self._foreign_team_id: str | None = None

    def row(self, fields: Fields | Unreadable, envelope: Fields | None = None) -> LandingRow | Unreadable:
        if isinstance(fields, Unreadable):
            return fields
        if "team_id" in fields and (team_id := as_text(fields["team_id"])):
            self._foreign_team_id = self._foreign_team_id or team_id
            if team_id != self._foreign_team_id:
                reason = (
                    f"team_id {team_id[:40]!r}, the file began with {self._foreign_team_id[:40]!r}: land them apart"
                )
                return Unreadable.of(reason, bytes(as_json(fields)))
        sent_at = as_text(fields.pop("sent_at", None)) or as_text((envelope or {}).get("sent_at"))
        if sent_at and not as_text(fields.get("timestamp")):
            fields["timestamp"] = sent_at
        _unpack(fields)
        received_at = _moment(sent_at) if sent_at and "offset" in fields else None
        return landing_row(fields, team_id=self._team_id, received_at=received_at)


def _lines(stream: io.BufferedReader[Any], recorder: _Recorder) -> Iterator[Item]:
    number = 0
    while line := stream.readline(MAX_EVENT_BYTES):
        number += 1
        if len(line) == MAX_EVENT_BYTES and not line.endswith(b"\n"):
            while (rest := stream.readline(MAX_EVENT_BYTES)) and not rest.endswith(b"\n"):
                pass
            yield number, Unreadable.of(f"longer than {MAX_EVENT_BYTES >> 20} MiB", line)
        elif not line.isspace():
            body = read_body(line)
            for fields in body.events:
                yield number, recorder.row(fields, body.envelope)


def _document(stream: io.BufferedReader[Any], recorder: _Recorder) -> Iterator[Item]:
    number = 0
    try:
        for body in read_document(stream):
            for fields in body.events:
                number += 1
                yield number, recorder.row(fields, body.envelope)
    except LandingError as error:
        yield number + 1, Unreadable(f"{error}; the rest of the document was not read", "")


def _table(table: Table, recorder: _Recorder) -> Source:
    items = ((number, recorder.row(fields)) for number, fields in table.rows)
    return Source(table.noun, _guarded(items), table.share_read, table.ignored)


def _guarded(items: Iterator[Item]) -> Iterator[Item]:
    """The items as far as the gzip data are whole."""
    number = 0
    try:
        for number, item in items:
            yield number, item
    except DAMAGED_GZIP as error:
        yield number + 1, Unreadable(f"the gzip data are damaged ({error}); the rest of the file was not read", "")


def _unpack(fields: Fields) -> None:
    """Make JSON of JSON members that are given as text, as tables do, and put a separate elements chain back."""
    for name in JSON_MEMBERS.intersection(fields):
        value = fields[name]
        if isinstance(value, str) or (isinstance(value, Raw) and bytes(value).startswith(b'"')):
            text = as_text(value) or ""
            if text.lstrip().startswith(("{", "[")) and _is_json(text.encode()):
                fields[name] = json_value(text.encode())
    if "elements_chain" in fields and (elements := as_text(fields["elements_chain"])):
        properties = bytes(as_json(fields.get("properties", {}))).strip()
        if properties.startswith(b"{"):
            # In front, so that a chain inside the properties wins: of equal keys jsonb keeps the last.
            rest = properties[1:].lstrip()
            comma = b"" if rest == b"}" else b","
            fields["properties"] = Raw(b'{"$elements_chain":' + bytes(as_json(elements)) + comma + rest)


def _moment(text: str) -> datetime | None:
    """A time that a client wrote, if it can be read; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _recognise_json(first: bytes, rest: bytes, *, is_cut: bool) -> Format:
    """Lines or one document, by the first line and what follows; ``is_cut``: the first line is longer than the head."""
    if is_cut:
        return "json document"
    if not rest or _is_json(first):
        return "json lines"
    if first.startswith(b"[") or first.rstrip().endswith((b"{", b"[", b",", b":")):
        return "json document"
    # The first line is broken: by a writer that crashed, if the second is whole.
    return "json lines" if _is_json(rest.partition(b"\n")[0]) else "json document"


def _is_json(text: bytes) -> bool:
    try:
        json_value(text)
    except LandingError:
        return False
    return True


def _head(stream: io.BufferedReader[Any]) -> bytes:
    """The first bytes, as far as they can be read."""
    head = b""
    with suppress(*DAMAGED_GZIP):
        while len(head) < BLOCK_BYTES and (piece := stream.read1(BLOCK_BYTES)):
            head += piece
    return head


@contextmanager
def _unzipped(raw: io.FileIO) -> Iterator[io.BufferedReader[Any]]:
    magic = raw.read(2)
    raw.seek(0)
    stream = io.BufferedReader(raw, BLOCK_BYTES)
    if magic == b"\x1f\x8b":
        with _Unzipped(fileobj=stream) as unzipped:
            yield io.BufferedReader(unzipped, BLOCK_BYTES)
    else:
        yield stream


@contextmanager
def _seekable(path: Path, raw: io.FileIO, stream: io.BufferedReader[Any]) -> Iterator[BinaryIO]:
    """The file itself, or if it is zipped a temporary copy that is not: Parquet is read from its end."""
    if isinstance(stream.raw, gzip.GzipFile):
        with tempfile.TemporaryFile() as copy:
            try:
                shutil.copyfileobj(stream, copy, BLOCK_BYTES)
            except DAMAGED_GZIP as error:
                raise LandingError(f"{path} is damaged: {error}.") from error
            copy.seek(0)
            yield copy
    else:
        yield raw
