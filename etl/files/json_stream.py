"""JSON documents of any size, cut into events without being held in memory.

A document is one value after another. An array is cut into its elements. Another value of at most ``MAX_EVENT_BYTES``
is read whole; a longer one must be a ``{"batch": [...]}``, whose elements are cut out, too. Only brackets and strings
are looked at here; whether what lies between them is JSON is found when an event is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

import msgspec
from msgspec import Raw

from etl.errors import LandingError
from etl.files.packed import BLOCK_BYTES, chained
from etl.files.values import is_json
from etl.rules.wire import STRING, Body, Fields, as_text, json_value, read_body

_array = msgspec.json.Decoder(list[Raw])

MAX_EVENT_BYTES = 16 * 1024 * 1024  # PostHog keeps about 1 MB of an event and takes 20 MiB of a request

# Possessive: a match that fails at the end of the window fails at once.
_TO_BRACKET = re.compile(rb'(?:[^"{}\[\]]++|' + STRING + rb")*+[{}\[\]]", re.DOTALL)
_SCALAR = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[^\s,:"{}\[\]]++(?=[\s,:"{}\[\]])', re.DOTALL)
_SPACE = re.compile(rb"\s*+")
_FIRST_KEY = re.compile(rb'\{\s*+"[^"\\]++"\s*+:')


def read_document(stream: BinaryIO, left: list[BinaryIO] | None = None) -> Iterator[Body]:
    """The bodies of a document: one a value, or where the value is long, one an element.

    Args:
        stream: the document.
        left: gets what begins with the broken value if the document breaks there and whole lines of JSON follow.

    Raises:
        LandingError: the document is malformed or breaks off; says where. What came before has been given out.
    """
    scanner = _Scanner(stream)
    try:
        yield from _bodies(scanner)
    except LandingError:
        if left is not None and (rest := scanner.lines_left()):
            left.append(rest)
        raise


def _bodies(scanner: _Scanner) -> Iterator[Body]:
    while first := scanner.peek():
        if first == b"[":
            yield from scanner.elements()
        elif (text := scanner.value()) is not None:
            yield read_body(text)
        elif scanner.peek() == b"{":
            yield from scanner.batch()
        else:
            raise scanner.error(f"a value of more than {MAX_EVENT_BYTES >> 20} MiB that holds no events")


class _Scanner:
    """A window on the stream; what lies before ``_at`` is consumed."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._window = b""
        self._at = 0
        self._dropped = 0
        self._is_unusual = False

    def peek(self) -> bytes:
        """The next byte that is not white space, or nothing at the end."""
        while True:
            space = _SPACE.match(self._window, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._window) or not self._read_on():
                return self._window[self._at : self._at + 1]

    def take(self, allowed: bytes) -> bytes:
        """Consume the next byte, which must be one of ``allowed``."""
        byte = self.peek()
        if not byte or byte not in allowed:
            expected = " or ".join(chr(each) for each in allowed)
            raise self.error(f"{expected} is missing" if byte else "the document breaks off")
        self._at += 1
        return byte

    def value(self) -> bytes | None:
        """Consume a whole value; None, and nothing consumed, if it is too long."""
        first = self.peek()
        if not first or first in b",:]}":
            raise self.error("a value is missing" if first else "the document breaks off")
        to_next = _TO_BRACKET if first in b"{[" else _SCALAR
        length = depth = 0
        while length <= MAX_EVENT_BYTES:
            match = to_next.match(self._window, self._at + length)
            if match:
                length = match.end() - self._at
                if first in b"{[":
                    depth += 1 if self._window[match.end() - 1] in b"{[" else -1
                if depth == 0:
                    self._at += length
                    return self._window[self._at - length : self._at]
            elif len(self._window) - self._at > MAX_EVENT_BYTES:
                break
            elif not self._read_on():
                raise self.error("the document breaks off")
        return None

    def elements(self) -> Iterator[Body]:
        """The elements of an array."""
        self.take(b"[")
        if self.peek() == b"]":
            self.take(b"]")
            return
        while True:
            for element in self._usual_elements() or [self._short_value()]:
                yield read_body(element)
            if self.take(b",]") == b"]":
                return

    def _usual_elements(self) -> list[bytes]:
        """Consume the elements up to the last in the window that begins with the same key as the next: many at once.

        A program writes all objects alike. What parses as whole elements is just that, wherever the window was cut;
        if it does not parse, an inner object has such a key, too, and the elements of this window are taken singly.
        """
        if self.peek() != b"{" or self._is_unusual or not (first_key := _FIRST_KEY.match(self._window, self._at)):
            return []
        last = self._window.rfind(first_key[0])
        text = self._window[self._at : last].rstrip()
        if not text.endswith(b","):
            return []
        try:
            elements = _array.decode(b"[" + text[:-1] + b"]")
        except msgspec.DecodeError:
            self._is_unusual = True
            return []
        self._at += len(text) - 1
        return [bytes(element) for element in elements]

    def batch(self) -> Iterator[Body]:
        """The elements of an object's ``batch``, each with the members that stand before it as its envelope."""
        envelope: Fields = {}
        has_batch = False
        separator = self.take(b"{")
        while separator != b"}":
            name = as_text(json_value(self._short_value())) or ""
            self.take(b":")
            if name == "batch" and self.peek() == b"[":
                has_batch = True
                for body in self.elements():
                    yield Body(body.events, {**envelope, **body.envelope})
            else:
                envelope[name] = json_value(self._short_value())
            separator = self.take(b",}")
        if not has_batch:
            raise self.error(f"an object of more than {MAX_EVENT_BYTES >> 20} MiB without a batch")

    def lines_left(self) -> BinaryIO | None:
        """What is not consumed, if its second line is an object by itself: a writer crashed, and others went on."""
        _, newline, rest = self._window[self._at :].partition(b"\n")
        line, whole, _ = rest.partition(b"\n")
        if not (newline and whole and line.lstrip().startswith(b"{") and is_json(line)):
            return None
        return chained(self._window[self._at :], self._stream)

    def error(self, what: str) -> LandingError:
        """What is wrong here, with the place."""
        return LandingError(f"{what} (byte {self._dropped + self._at})")

    def _short_value(self) -> bytes:
        text = self.value()
        if text is None:
            raise self.error(f"a value of more than {MAX_EVENT_BYTES >> 20} MiB")
        return text

    def _read_on(self) -> bool:
        """Read the next block, forgetting what is consumed; False at the end. Blocks grow with a value that does."""
        rest = self._window[self._at :]
        block = self._stream.read(max(BLOCK_BYTES, len(rest)))
        self._dropped += self._at
        self._window, self._at = rest + block, 0
        self._is_unusual = False
        return bool(block)
