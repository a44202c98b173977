"""What PostHog clients send, as rows of the landing table: pure functions for files, the endpoint and the player.

JSON is passed through as text wherever nothing must change: ``properties`` reaches the database byte for byte, so
numbers keep every digit, and nothing is decoded only to be encoded again. What PostgreSQL could not take is repaired in
the text: NUL characters and lone surrogates, in strings and in keys, become U+FFFD, Python's ``NaN`` and ``Infinity``
become null, as the SDKs send them, and a number that double precision has no room for becomes a string. Whether an
event is valid is not asked here: that is for the gate.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from etl.errors import LandingError

MAX_DEPTH = 128  # as in PostHog's capture, where it is serde_json's limit; a deeper value overflows a stack somewhere
MAX_NUMBER_CHARACTERS = 1000  # a longer number is nobody's measurement
SHOWN_CHARACTERS = 80

BLANK = (
    " \t\n\v\f\r\u0085\u00a0\u1680\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u200b\u200c\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)
"""What is not to be seen: white space as Unicode has it, and characters without width. As ``ops.is_blank``."""

Fields = dict[str, Any]
"""An event's members: JSON as it came (``Raw``, from ``read_body``), or plain values."""

_UNSTORABLE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a proper pair of surrogates
    rb"|(u0000|u[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb"|.)",
    re.DOTALL,
)
_UNSTORABLE_CHARACTER = re.compile("[\0\ud800-\udfff]")
# Also one that the end of the text cuts off: in what is no JSON quotes may stand anywhere, and from one that matched
# nothing the search would read to the end, and again from the next: quadratic time.
STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)'
TO_BRACKET = re.compile(rb'(?:[^"{}\[\]]++|' + STRING + rb")*+(?:([{}\[\]])|\Z)", re.DOTALL)
_STRING_OR_NOT_A_NUMBER = re.compile(STRING + rb"|(-?(?:NaN|Infinity))", re.DOTALL)
_STRING_OR_NUMBER = re.compile(STRING + rb"|(-?\d[\d.eE+-]*+)", re.DOTALL)
# Nearly no text has what this finds: a number with an exponent of three digits, or with very many digits.
_UNUSUAL_NUMBER = re.compile(rb"(?:\A|[:,\[])\s*+-?+(?:\d[\d.]*+[eE][+-]?\d{3}|[\d.]{300})")
# Found in a fifth of the time where each kind of character that matters has become one character; it may stand in a
# string too.
_KINDS = bytes.maketrans(b",[ \t\n\r.+-123456789E", b"::::::" + b"0" * 12 + b"e")
_MAY_BE_LONG = b"0" * 300
_MAY_BE_EXPONENT = re.compile(rb":0++e000")
_NOT_ZERO = re.compile(rb"-?[0.]*+[1-9]")
_TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"

_value = msgspec.json.Decoder(Raw)
_body = msgspec.json.Decoder(dict[str, Raw] | list[Raw])
_object = msgspec.json.Decoder(dict[str, Raw])
_array = msgspec.json.Decoder(list[Raw])
_string = msgspec.json.Decoder(str)
_encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=str)


class LandingRow(NamedTuple):
    """One row of ``landing.event``, in the order of its COPY; ``properties`` is JSON text."""

    team_id: int
    uuid: str | None
    event: str | None
    distinct_id: str | None
    properties: str | None
    timestamp: str | None
    sent_at: str | None
    ip: str | None


@dataclass(frozen=True)
class Unreadable:
    """Something that is no event at all: why, its first characters, and the whole of it."""

    reason: str
    text: str
    whole: str = ""

    def __str__(self) -> str:
        return f"{self.reason}: {self.text}" if self.text else self.reason

    @classmethod
    def of(cls, reason: str, text: bytes) -> Unreadable:
        """With the first characters of ``text``, whatever its bytes are, fit for a terminal and for jsonb."""
        shown = text[: 4 * SHOWN_CHARACTERS].decode(errors="replace").strip()[:SHOWN_CHARACTERS]
        printable = "".join(character if character.isprintable() else "\ufffd" for character in shown)
        return cls(reason, printable, text.decode(errors="replace").replace("\0", "\ufffd"))


class Body(NamedTuple):
    """The events of one request body or line, and what stood around them (``api_key``, ``sent_at``, ...)."""

    events: list[Fields | Unreadable]
    envelope: Fields


def read_body(text: bytes) -> Body:
    """Split a body into its events: one event, an array of events, or ``{"batch": [...], ...}``. Never raises."""
    try:
        elements, envelope = split_body(text)
    except LandingError as error:
        return Body([Unreadable.of(str(error), text)], {})
    return Body([read_event(each) for each in elements], envelope)


def split_body(text: bytes) -> tuple[Sequence[Raw | Fields], Fields]:
    """The events of a body before ``read_event`` looks at each, so that they can be counted; and its envelope.

    Raises:
        LandingError: it is not JSON, or neither an object nor an array, or one event nested too deep.
    """
    value = _checked(text, _body)
    if isinstance(value, list):
        return value, {}
    batch = _array.decode(value["batch"]) if bytes(value.get("batch", Raw())).startswith(b"[") else None
    # Next to an event's own name a batch is one only if it holds events, as in PostHog (rust/capture); else a property.
    if batch is None or ("event" in value and not (batch and all(map(_has_event, batch)))):
        if _is_too_deep(text):
            raise LandingError(_TOO_DEEP)
        return [value], {}
    del value["batch"]
    return batch, value


def _has_event(element: Raw) -> bool:
    text = bytes(element)
    return text.startswith(b"{") and "event" in _object.decode(text)


def read_event(element: Raw | Fields) -> Fields | Unreadable:
    """The members of one event of ``split_body``. Never raises."""
    if isinstance(element, dict):
        return element
    text = bytes(element)
    if not text.startswith(b"{"):
        return Unreadable.of("JSON, but not an object", text)
    return Unreadable.of(_TOO_DEEP, text) if _is_too_deep(text) else _object.decode(text)


def json_value(text: bytes) -> Raw:
    """A JSON value from outside as text that PostgreSQL can store, except for huge numbers.

    Raises:
        LandingError: it is not JSON, or nested too deep; says where.
    """
    value: Raw = _checked(text, _value)
    if _is_too_deep(text):
        raise LandingError(_TOO_DEEP)
    return value


def landing_row(
    raw: Mapping[str, Any],
    *,
    team_id: int,
    sent_at: str | None = None,
    ip: str | None = None,
    received_at: datetime | None = None,
) -> LandingRow:
    """One event as a landing row. Never refuses: a malformed value survives as text, for the gate to find.

    Args:
        raw: the event's members: of ``read_body``, or plain JSON values.
        team_id: the project it belongs to.
        sent_at: when the request was sent, by the client's clock; default: the event's own ``sent_at``.
        ip: where the request came from; default: the event's own ``ip``.
        received_at: what ``offset`` counts back from; default: now.
    """
    timestamp = as_text(raw.get("timestamp"))
    sent_at = sent_at or as_text(raw.get("sent_at"))
    # PostHog: an offset, milliseconds before arrival, wins over timestamp and sent_at (rust timestamp.rs). The result
    # is by the server's clock already; without a sent_at stage does not correct it.
    if "offset" in raw and (moment := _before(received_at, raw["offset"])):
        timestamp, sent_at = moment.isoformat(), None
    return LandingRow(
        team_id=team_id,
        uuid=as_text(raw.get("uuid")),
        event=as_text(raw.get("event")),
        distinct_id=_distinct_id(as_text(raw.get("distinct_id")), as_text(raw.get("$distinct_id"))),
        properties=_properties(raw),
        timestamp=timestamp,
        sent_at=sent_at,
        ip=ip or as_text(raw.get("ip")),
    )


def is_blank(text: str | None) -> bool:
    """Whether there is nothing to be seen in a text: such an id is none."""
    return not (text and text.strip(BLANK))


def as_text(value: object) -> str | None:
    """A member's value as text: a string as it is, null as None, anything else as compact JSON with sorted keys."""
    if value is None:
        return None
    if isinstance(value, str):
        # Nearly all text is found fine by these two, at a tenth of the search's cost.
        is_fine = value.isascii() and "\0" not in value
        return value if is_fine else _UNSTORABLE_CHARACTER.sub("\ufffd", value)
    text = bytes(value if isinstance(value, Raw) else as_json(value))
    if text.startswith(b'"'):
        return _string.decode(text)
    if text.startswith((b"{", b"[")):
        try:
            return json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        except ValueError:  # it holds an integer of thousands of digits
            return text.decode()
    return None if text == b"null" else text.decode()


def as_json(value: object) -> Raw:
    """A plain value as JSON text; what is JSON text already stays as it is."""
    if isinstance(value, Raw):
        return value
    try:
        text = _encoder.encode(value)
    except UnicodeEncodeError:  # a lone surrogate
        return json_value(json.dumps(value, default=str).encode())
    return Raw(_without_unstorable_characters(text))


def _checked(text: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    """Repair and decode; raises LandingError with the reason if it is not JSON of the decoder's kind."""
    try:
        str(text, "utf-8")
        repaired = _without_unstorable_characters(text)
        try:
            return decoder.decode(repaired)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            if b"NaN" not in text and b"Infinity" not in text:
                raise
            return decoder.decode(
                _STRING_OR_NOT_A_NUMBER.sub(lambda match: b"null" if match[1] else match[0], repaired)
            )
    except UnicodeDecodeError as error:
        raise LandingError(f"not UTF-8 (byte {error.start})") from error
    except msgspec.ValidationError as error:
        raise LandingError("JSON, but neither an object nor an array") from error
    except msgspec.DecodeError as error:
        raise LandingError(f"not JSON: {str(error).removeprefix('JSON is malformed: ')}") from error
    except RecursionError as error:
        raise LandingError(_TOO_DEEP) from error


def _without_unstorable_characters(text: bytes) -> bytes:
    if not _UNSTORABLE.search(text):
        return text
    return _ESCAPE.sub(lambda match: b"\\ufffd" if match[1] else match[0], text)


def _without_huge_numbers(text: bytes) -> bytes:
    """JSON in which numbers that double precision has no room for have become strings, digit for digit."""

    def quoted(match: re.Match[bytes]) -> bytes:
        return b'"%b"' % match[1] if match[1] and _is_huge(match[1]) else match[0]

    kinds = b":%b" % text.translate(_KINDS)
    if not (_MAY_BE_LONG in kinds or _MAY_BE_EXPONENT.search(kinds)) or not _UNUSUAL_NUMBER.search(text):
        return text
    return _STRING_OR_NUMBER.sub(quoted, text)


def _is_huge(number: bytes) -> bool:
    if len(number) > MAX_NUMBER_CHARACTERS:
        return True
    nearest = float(number)
    return math.isinf(nearest) or (nearest == 0 and _NOT_ZERO.match(number) is not None)


def _is_too_deep(text: bytes) -> bool:
    if text.count(b"[") + text.count(b"{") <= MAX_DEPTH:
        return False
    depth = 0
    for bracket in TO_BRACKET.finditer(text):
        depth += {b"[": 1, b"{": 1, None: 0}.get(bracket[1], -1)
        if depth > MAX_DEPTH:
            return True
    return False


def _before(received_at: datetime | None, offset: object) -> datetime | None:
    """The moment ``offset`` milliseconds before arrival, if it is a number and there is such a moment."""
    text = bytes(as_json(offset))
    if not text[:1] or text[:1] not in b"-0123456789":
        return None
    try:
        return (received_at or datetime.now(UTC)) - timedelta(milliseconds=float(text))
    except OverflowError:
        return None


def _distinct_id(first: str | None, second: str | None) -> str | None:
    """The one that is not blank; where both are, what was sent, so that quarantine shows it."""
    return (second if is_blank(first) and not is_blank(second) else first or second) or None


def _properties(raw: Mapping[str, Any]) -> str | None:
    """``properties`` with the event's own ``$set``, ``$set_once`` and ``$unset`` merged over those inside.

    PostHog: normalizeEvent in nodejs/src/common/utils/event.ts.
    """
    given = raw.get("properties")
    properties = None if given is None else bytes(as_json(given))
    if properties == b"null":
        properties = None
    outside = {name: as_json(raw[name]) for name in ("$set", "$set_once", "$unset") if raw.get(name) is not None}
    if outside and (properties is None or properties.startswith(b"{")):
        inside = _object.decode(properties or b"{}")
        for name, value in outside.items():
            merged = _merged(name, inside.get(name, Raw(b"null")), value)
            if merged is not None:
                inside[name] = merged
        properties = _encoder.encode(inside) if inside or properties else None
    return None if properties is None else _without_huge_numbers(properties).decode()


def _merged(name: str, inside: Raw, outside: Raw) -> Raw | None:
    """One property operation of both places; None where the outer one says nothing."""
    kinds = bytes(inside)[:1], bytes(outside)[:1]
    if kinds[1] == b"n":
        return None
    if kinds == (b"{", b"{"):
        return as_json({**_object.decode(inside), **_object.decode(outside)})
    if name == "$unset" and kinds[0] in b"{[" and kinds[1] in b"{[":
        return as_json(list(chain(_names(inside), _names(outside))))
    return outside if kinds[1] == b"{" or kinds[0] == b"n" else inside


def _names(unset: Raw) -> list[Any]:
    """What an ``$unset`` names: the elements of an array, the keys of an object."""
    return _array.decode(unset) if bytes(unset).startswith(b"[") else list(_object.decode(unset))
