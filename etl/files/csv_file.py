"""CSV, and the text format of psql: a row an event, its cells text."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from io import BufferedReader
from typing import Any, NamedTuple

from etl.errors import LandingError
from etl.files import tools
from etl.files.json_stream import MAX_EVENT_BYTES
from etl.files.members import MEMBERS, refuse_duplicates
from etl.files.options import Reading
from etl.files.tools import advice
from etl.files.values import fit_for_a_line, unreadable
from etl.rules.wire import Fields, Unreadable, json_value

DELIMITERS = ",;\t|"
MANY_LINES = 20
"""So many lines in a row that are records by themselves are not the text of one cell."""

csv.field_size_limit(MAX_EVENT_BYTES)

_QUOTED = re.compile(r'"[^"]*"?')
_SEPARATOR_HINT = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_COPY_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_COPY_CHARACTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class Header(NamedTuple):
    """The names of the columns, the header as it stands, and how cells are separated."""

    names: list[str]
    line: str
    delimiter: str
    is_copy_text: bool


def read_csv(
    stream: BufferedReader[Any], head: bytes, name: str, reading: Reading
) -> tuple[Header, Iterator[tuple[int, Fields | Unreadable]]]:
    """The header of a CSV file and its rows, each with the number of its first line.

    Cells are text and stay so, unless something else is asked for: whether ``007`` is a number only the writer knew. A
    record that is damaged costs itself and no other: reading goes on behind its first line.

    Raises:
        LandingError: the header cannot be read, names a column twice, or has no column for the event's name.
    """
    lines = _Lines(stream)
    header = _read_header(lines, head, name, reading)
    columns = [column or f"column {place}" for place, column in enumerate(header.names, 1)]
    rows = _rows_of_copy(lines) if header.is_copy_text else _rows(lines, header)
    null = reading.null | {""}
    # Members of events are text in any case.
    typed = [each for each in columns if each.strip().lower() not in MEMBERS] * reading.has_json_cells

    def events() -> Iterator[tuple[int, Fields | Unreadable]]:
        for number, cells in rows:
            if isinstance(cells, Unreadable):
                yield number, cells
            elif len(cells) != len(columns):
                reason = f"{len(cells)} cells under a header of {len(columns)}"
                yield number, unreadable(reason, lines.whole)
            else:
                values = [None if cell in null else cell for cell in cells]
                row = dict(zip(columns, values, strict=True))
                yield number, row | _of_json(row, typed) if typed else row

    return header, events()


def _of_json(row: Fields, columns: Sequence[str]) -> Fields:
    """The cells that are JSON, as what they say; what JSON itself does not know, such as NaN, stays text."""
    found: Fields = {}
    for column in columns:
        if row[column] is not None:
            text = row[column].encode()
            try:
                value = json_value(text)
            except LandingError:
                continue
            if bytes(value) == text:
                found[column] = value
    return found


class _Lines:
    """The lines of a file as text, of which those of the current record can be read again."""

    def __init__(self, stream: BufferedReader[Any]) -> None:
        self.number = 0
        self.record: list[bytes] = []
        self.size = 0
        self.damage: str | None = None
        self._stream = stream
        self._again: deque[bytes] = deque()

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._stream.readline(MAX_EVENT_BYTES)
        if not line:
            raise StopIteration
        self.number += 1
        self.size += len(line)
        if self.record and self.size > MAX_EVENT_BYTES:
            self._again.appendleft(line)
            self.number -= 1
            raise csv.Error(f"a record of more than {MAX_EVENT_BYTES >> 20} MiB")
        self.record.append(line)
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            self.damage = self.damage or f"not UTF-8 (byte {error.start} of the line): --encoding says what it is"
            return line.decode(errors="replace")

    @property
    def whole(self) -> bytes:
        """The lines of the current record."""
        return b"".join(self.record)

    def begin(self) -> None:
        """The next line begins a record."""
        self.record = []
        self.size = 0
        self.damage = None

    def put_back(self) -> None:
        """The current record is read again as a whole."""
        self._again.extendleft(reversed(self.record))
        self.number -= len(self.record)
        self.begin()

    def keep_first(self) -> None:
        """Of the current record only the first line is meant; what follows is read again."""
        self._again.extendleft(reversed(self.record[1:]))
        self.number -= len(self.record) - 1
        del self.record[1:]


def _rows(lines: _Lines, header: Header) -> Iterator[tuple[int, Sequence[str] | Unreadable]]:
    reader = csv.reader(lines, delimiter=header.delimiter, strict=True)
    while True:
        lines.begin()
        first = lines.number + 1
        reason = None
        cells: list[str] = []
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reason = f"not CSV: {error}"
        if len(lines.record) > 1 and (reason or len(cells) != len(header.names) or _is_runaway(lines, header)):
            lines.keep_first()
            yield first, unreadable("a quote is opened and not closed", lines.whole)
        elif reason or lines.damage:
            yield first, unreadable(reason or lines.damage or "", lines.whole)
        elif cells:
            yield first, cells


def _is_runaway(lines: _Lines, header: Header) -> bool:
    """Whether a record holds lines that are records by themselves: a stray quote has swallowed them."""
    inside = lines.record[1:-1]
    if len(inside) < MANY_LINES or len(header.names) == 1:
        return False
    text = [line.decode(errors="replace") for line in inside]
    try:
        return all(len(row) == len(header.names) for row in csv.reader(text, delimiter=header.delimiter, strict=True))
    except csv.Error:
        return False


def _rows_of_copy(lines: _Lines) -> Iterator[tuple[int, Sequence[Any] | Unreadable]]:
    while True:
        lines.begin()
        line = next(lines, None)
        if line is None or line.rstrip("\r\n") == r"\.":
            return
        if lines.damage:
            yield lines.number, unreadable(lines.damage, lines.whole)
        elif text := line.rstrip("\r\n"):
            yield lines.number, [_copy_cell(cell) for cell in text.split("\t")]


def _copy_cell(cell: str) -> str | None:
    r"""A cell of COPY's text format: ``\N`` is null, ``\n`` a line feed (PostgreSQL: COPY, Text Format)."""
    if "\\" not in cell:
        return cell
    return None if cell == r"\N" else _COPY_ESCAPE.sub(_unescaped, cell)


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] == "x" and len(code) > 1:
        return chr(int(code[1:], 16))
    if code[0] in "01234567":
        return chr(int(code, 8) & 255)
    return _COPY_CHARACTERS.get(code, code)


def _read_header(lines: _Lines, head: bytes, name: str, reading: Reading) -> Header:
    line = ""
    while not line.strip():
        lines.begin()
        line = next(lines, "")
        if not line:
            return Header([], "", ",", is_copy_text=False)
    if _CONTROL.search(lines.whole[:1000]):
        raise LandingError(
            f"{name} is neither JSON nor Parquet, nor text. If it is compressed with brotli, which has no sign of its "
            "own, unpack it first with `brotli -d`."
        )
    delimiter = reading.delimiter
    if hint := _SEPARATOR_HINT.fullmatch(line):  # Excel's own note
        delimiter = delimiter or hint[1]
        lines.begin()
        line = next(lines, "")
    delimiter = delimiter or max(DELIMITERS, key=_QUOTED.sub("", line).count)
    if reading.tool == "snowplow" and "\t" in line and not {"event", "app_id"} & set(line.rstrip().split("\t")):
        lines.put_back()
        return Header(list(tools.SNOWPLOW_COLUMNS), "", "\t", is_copy_text=True)
    if lines.damage:
        raise LandingError(f"{name}: its header is {lines.damage}, for example --encoding cp1252.")
    names = _header_cells(lines, line, delimiter, name)
    is_copy_text = _is_copy_text(head, delimiter)
    _check(names, name, reading, is_copy_text=is_copy_text)
    return Header(names, lines.whole.decode(), delimiter, is_copy_text)


def _header_cells(lines: _Lines, line: str, delimiter: str, name: str) -> list[str]:
    """The names in the header, which may go over several lines."""

    def from_here() -> Iterator[str]:
        yield line
        yield from lines

    try:
        return [cell.strip() for cell in next(csv.reader(from_here(), delimiter=delimiter, strict=True))]
    except csv.Error as error:
        raise LandingError(f"{name} is neither JSON nor Parquet, and as CSV its header is damaged: {error}.") from error


def _check(names: list[str], name: str, reading: Reading, *, is_copy_text: bool) -> None:
    lower = [each.lower() for each in names]
    if not reading.is_mapped and "event" not in lower:
        remedy = r"Write it with `\copy ... to FILE with (header)`." if is_copy_text else advice(dict.fromkeys(names))
        raise LandingError(
            f"{name} is neither JSON nor Parquet, and as CSV its header has no column `event`: "
            f"{fit_for_a_line(', '.join(names))}. {remedy}"
        )
    refuse_duplicates(names, name)


def _is_copy_text(head: bytes, delimiter: str) -> bool:
    r"""Whether it is COPY's text format: tabs, never a quoted cell, and ``\N`` or a doubled backslash somewhere."""
    if delimiter != "\t" or re.search(rb'(?:^|[\t\n])"', head):
        return False
    return bool(re.search(rb"(?:^|[\t\n])\\N(?:[\t\r\n]|$)", head)) or b"\\\\" in head
