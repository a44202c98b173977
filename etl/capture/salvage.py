"""A body that is no JSON as a whole: its events one by one, so that a broken one costs itself and not its batch.

A client that cuts a text within a character, sends Latin-1 or a raw line break, or nests one event too deep would lose
all events of the request: SDKs throw away what is answered 400. Only strings and brackets are looked at to find where
an event begins and ends; where these do not add up, as in a body that is cut off, nothing is saved.
"""

from __future__ import annotations

import re

from msgspec import Raw

from etl.errors import LandingError
from etl.rules.wire import STRING, TO_BRACKET, Fields, Unreadable, json_value, read_event, split_body

MAX_REPAIRS = 10_000  # in one event: what needs more is binary data and would grow

_STRING = re.compile(STRING, re.DOTALL)
_BATCH = re.compile(rb'(?<!\\)"batch"\s*+:\s*+\Z')
_BATCH_BYTES = 100  # before its bracket, so far the name of an array is looked for
_CONTROL = re.compile(rb"[\x00-\x1f]")
_ESCAPES = {bytes([code]): b"\\u%04x" % code for code in range(0x20)} | {b"\n": b"\\n", b"\r": b"\\r", b"\t": b"\\t"}
_LONG_ESCAPES = bytes(set(range(0x20)) - set(b"\n\r\t"))


def split_damaged(text: bytes, most: int) -> tuple[list[Raw | Fields], Fields]:
    """What ``split_body`` gives for a body that it refuses.

    Args:
        text: of the body.
        most: so many elements and one more are looked for.

    Raises:
        LandingError: this cannot be read either.
    """
    elements: list[Raw | Fields] = []
    depth = inside = begin = after = 0  # `inside`: the depth of the array of events, once it has begun
    for match in TO_BRACKET.finditer(text):
        at = match.start(1)
        if match[1] in {b"[", b"{"}:
            depth += 1
            if not inside and match[1] == b"[" and (depth == 1 or (depth == 2 and _is_batch(text, at))):
                inside, opened, after = depth, at + 1, at + 1
            elif inside and depth == inside + 1:
                begin = at
                elements += _between(text[after:at])
        elif match[1]:
            depth -= 1
            if inside and depth == inside:
                after = at + 1
                elements.append(Raw(text[begin:after]))
            elif inside and depth < inside:
                elements += _between(text[after:at])
                others, envelope = split_body(repaired(text[:opened] + text[at:]))
                if others:
                    raise LandingError("an event that is no JSON, with a batch of its own")
                return elements, envelope
        if len(elements) > most:
            return elements, {}
    others, envelope = split_body(repaired(text))
    return list(others), envelope


def read_damaged(element: Raw | Fields) -> tuple[Fields | Unreadable, bool]:
    """One event of ``split_damaged``, and whether it had to be repaired. Never raises."""
    if isinstance(element, dict):
        return element, True
    try:
        return read_event(json_value(bytes(element))), False
    except LandingError as error:
        try:
            return read_event(json_value(repaired(bytes(element)))), True
        except LandingError:
            return Unreadable.of(str(error), bytes(element)), False


def repaired(text: bytes) -> bytes:
    """JSON in which bytes that are no UTF-8 have become U+FFFD, and raw control characters in strings escapes.

    Raises:
        LandingError: there are too many of them.
    """
    decoded = text.decode(errors="replace")
    if decoded.count("\ufffd") > MAX_REPAIRS or len(text) - len(text.translate(None, _LONG_ESCAPES)) > MAX_REPAIRS:
        raise LandingError("binary data")
    text = decoded.encode()
    if not _CONTROL.search(text):
        return text
    return _STRING.sub(lambda string: _CONTROL.sub(lambda each: _ESCAPES[each[0]], string[0]), text)


def _is_batch(text: bytes, at: int) -> bool:
    """Whether the array that begins there is the member ``batch``."""
    return _BATCH.search(text[max(0, at - _BATCH_BYTES) : at]) is not None


def _between(text: bytes) -> list[Raw]:
    """What stands between two events and should be nothing but a comma."""
    rest = text.strip(b", \t\r\n")
    return [Raw(rest)] if rest else []
