"""Values of files, whether JSON text or plain: what kind they are, and what is inside."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
from msgspec import Raw

from etl.errors import LandingError
from etl.rules.wire import Fields, Unreadable, as_text, json_value

_object = msgspec.json.Decoder(dict[str, Raw])
_array = msgspec.json.Decoder(list[Raw])


def is_nothing(value: Any) -> bool:
    """Null, an empty text or an empty cell."""
    return value is None or value == "" or (isinstance(value, Raw) and bytes(value) in {b"null", b'""'})


def is_text(value: Any) -> bool:
    """A string, of JSON or plain."""
    return bytes(value)[:1] == b'"' if isinstance(value, Raw) else isinstance(value, str)


def opened(value: Any) -> Fields | list[Any] | None:
    """What is inside an object or array, also in one that is given as text; None if it is neither."""
    if isinstance(value, dict | list):
        return value
    text = bytes(value) if isinstance(value, Raw) else value.encode() if isinstance(value, str) else b""
    if text.startswith(b'"'):
        text = (as_text(value) or "").encode()
    start = text.lstrip()[:1]
    try:
        if start == b"{":
            return _object.decode(json_value(text))
        if start == b"[":
            return _array.decode(json_value(text))
    except LandingError:
        pass
    return None


def members_of(value: Any) -> Fields:
    """The members of an object; of anything else none."""
    inside = opened(value)
    return inside if isinstance(inside, dict) else {}


def elements_of(value: Any) -> list[Any]:
    """The elements of an array; of anything else none."""
    inside = opened(value)
    return inside if isinstance(inside, list) else []


def is_json(text: bytes) -> bool:
    """Whether it is one JSON value."""
    try:
        json_value(text)
    except LandingError:
        return False
    return True


def unreadable(reason: str, data: bytes) -> Unreadable:
    """As ``Unreadable.of``, and its ``whole`` gives the bytes back when it is encoded with ``surrogateescape``."""
    return replace(Unreadable.of(reason, data), whole=data.decode(errors="surrogateescape"))


def fit_for_a_line(text: str, length: int = 80) -> str:
    """What a terminal can show, not longer than ``length``."""
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if len(text) <= length else f"{text[:length]}..."
