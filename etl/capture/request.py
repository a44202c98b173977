"""From unpacked JSON to landing rows: whose events they are, when they were sent, and what to do with odd ones.

One bad event never costs its batch. What is no event at all lands too, as properties that the gate quarantines; only
where no event at all has a name and an id nothing lands, because an SDK sends no such request.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import msgspec
import uuid6
from msgspec import Raw

from etl.capture.privacy import Rules, address, clean
from etl.capture.salvage import read_damaged, split_damaged
from etl.errors import LandingError, RefusedError
from etl.rules.wire import Fields, LandingRow, Unreadable, as_text, is_blank, landing_row, read_event, split_body

# Recordings of the screen and the like: PostHog keeps them elsewhere, and nothing here could use them.
NOT_STORED = frozenset({
    "$snapshot",
    "$snapshot_items",
    "$performance_event",
    "$$heatmap",
    "$$client_ingestion_warning",
})  # fmt: skip

# The v1 protocol lifts these out of the properties (posthog-python, capture_v1.py); here they go back.
OPTIONS = {
    "cookieless_mode": "$cookieless_mode",
    "disable_skew_correction": "$ignore_sent_at",
    "product_tour_id": "$product_tour_id",
    "process_person_profile": "$process_person_profile",
}
TOP_LEVEL = {"session_id": "$session_id", "window_id": "$window_id"}
MAX_SDK_INFO = 200

# What says who somebody is. PostHog refuses a request with bytes that are no UTF-8; with U+FFFD in their place two ids
# can become one, and two persons with them.
IDS = ("distinct_id", "$distinct_id", "$anon_distinct_id", "alias", "$device_id", "$group_key")
DAMAGED = "an id with bytes that are no UTF-8"

_INSERT_IDS = uuid.UUID("3f0e2c5a-0c0f-5d5f-9c57-6d0a8b0d7e11")
_BATCHES = uuid.UUID("b2a63f0e-5f0c-5f53-8a4b-6c1f6d4c9d52")
_MILLISECONDS = re.compile(r"[.,](?!000)\d{3}")
_MICROSECONDS = re.compile(r"[.,](?!000000)\d{6}")
_object = msgspec.json.Decoder(dict[str, Raw])


@dataclass(frozen=True)
class Headers:
    """What the v1 protocol says in headers.

    Attributes:
        token: the project's.
        sent_at: when this try was sent, by the client's clock.
        sdk: what the SDK would else say of itself in the properties of each event.
    """

    token: str
    sent_at: str | None
    sdk: Mapping[str, str]

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Headers:
        """Of a request; what is not as it should be is as if it were not there."""
        kind, _, token = headers.get("authorization", "").partition(" ")
        return cls(
            token.strip() if kind.lower() == "bearer" else "",
            _moment(headers.get("posthog-request-timestamp", "")),
            _sdk(headers.get("posthog-sdk-info", "")),
        )


@dataclass(frozen=True)
class Request:
    """What one request holds.

    Attributes:
        token: the project's.
        events: as they came.
        sent_at: by the client's clock.
        repaired: how many events are.
        added: properties that every event gets, over its own.
    """

    token: str
    events: list[Fields | Unreadable]
    sent_at: str | None
    repaired: int
    added: Mapping[str, str]

    @cached_property
    def digest(self) -> str | None:
        """Of all that the events say, where only the same request can say it once more; None: another might.

        A client's clock goes on while it gathers events. So what it sends later has other times, if one of these has
        microseconds, or two differ by milliseconds. Two events of one millisecond may be alike. A fraction of zero is a
        time that a program has given.
        """
        times = {as_text(event.get("timestamp")) or "" for event in self.events if isinstance(event, dict)}
        is_telling = any(map(_MICROSECONDS.search, times)) or sum(map(bool, map(_MILLISECONDS.search, times))) > 1
        if not is_telling or any(isinstance(event, Unreadable) for event in self.events):
            return None
        digest = hashlib.sha256()
        for event in self.events:
            for name, value in event.items():  # type: ignore[union-attr]
                written = value.encode() if isinstance(value, str) else bytes(value)
                digest.update(b"%b\0%b\0" % (name.encode(), written))
            digest.update(b"\0")
        return digest.hexdigest()


@dataclass(frozen=True)
class Rows:
    """The landing rows of one request, how many events were left out on purpose, and how many are not as they came."""

    rows: list[LandingRow]
    not_stored: int
    unreadable: int
    repaired: int


def read_request(
    text: bytes, *, query: Mapping[str, str], max_events: int, is_engage: bool = False, headers: Headers | None = None
) -> Request:
    """Split a body into its events and find the token.

    Args:
        text: JSON.
        query: of the URL; old SDKs say there when they sent it.
        max_events: in one request.
        is_engage: an object without a name is an ``$identify`` (PostHog: /engage).
        headers: of the v1 protocol; they win, because a retry renews them but not the body.

    Raises:
        RefusedError: no events, too many, none that has a name and an id, or no single valid token.
    """
    events, envelope, repaired = _events(text, max_events)
    if is_engage:
        events = [
            {"event": "$identify", **each} if isinstance(each, dict) and "event" not in each else each
            for each in events
        ]
    token = _token(events, envelope) if headers is None else headers.token
    if token is None and all(isinstance(each, Unreadable) for each in events):
        raise RefusedError(400, "unreadable", f"The request cannot be read: {events[0]}")
    token = _checked(token)
    if not any(_has_name_and_id(each) for each in events):
        raise RefusedError(400, "no_event", "No event of the request has a name and a distinct_id: nothing is stored.")
    sent_at = (
        (headers and headers.sent_at)
        or as_text(envelope.get("sent_at"))
        or as_text(envelope.get("sentAt"))  # posthog-python up to 7.15
        or as_text(envelope.get("created_at"))
        or _milliseconds(query)
    )
    return Request(token, events, sent_at, repaired, {} if headers is None else headers.sdk)


def rows_of(request: Request, rules: Rules, *, ip: str | None, received_at: datetime) -> Rows:
    """The landing rows of a request, cleaned by the rules of its project."""
    rows, not_stored, unreadable = [], 0, 0
    day = received_at.date()
    for place, event in enumerate(request.events):
        if isinstance(event, Unreadable):
            rows.append(_unreadable_row(event, rules, ip))
            unreadable += 1
            continue
        row = landing_row(
            _without_options(event, request.added),
            team_id=rules.team_id,
            sent_at=request.sent_at,
            received_at=received_at,
        )
        if row.event in NOT_STORED:
            not_stored += 1
            continue
        properties = None if row.properties is None else clean(row.properties, rules, request.token)
        if request.repaired and _has_damaged_id(row.distinct_id, properties):
            properties = _told(DAMAGED, properties or "")
            unreadable += 1
        rows.append(
            row._replace(
                uuid=row.uuid or _made_uuid(request, place, row, properties),
                properties=properties,
                ip=address(ip, properties, rules, day),
            )
        )
    return Rows(rows, not_stored, unreadable, request.repaired)


def _events(text: bytes, max_events: int) -> tuple[list[Fields | Unreadable], Fields, int]:
    """The events of a request, its envelope, and how many events had to be repaired; counted before any is read."""
    elements: Sequence[Raw | Fields]
    is_damaged = False
    try:
        elements, envelope = split_body(text)
    except LandingError as error:
        is_damaged = True
        try:
            elements, envelope = split_damaged(text, max_events)
        except LandingError:
            return [Unreadable.of(str(error), text)], {}, 0
    if len(elements) > max_events:
        raise RefusedError(413, "too_many_events", f"The request holds more than {max_events:,} events.")
    if not elements:
        raise RefusedError(400, "empty", "The request holds no event.")
    if not is_damaged:
        return [read_event(each) for each in elements], envelope, 0
    read = [read_damaged(each) for each in elements]
    return [event for event, _ in read], envelope, sum(is_repaired for _, is_repaired in read)


def _has_name_and_id(event: Fields | Unreadable) -> bool:
    """Whether the gate can know the event; where it looks for an id: sql/stage/insert_event.sql."""
    if isinstance(event, Unreadable) or is_blank(as_text(event.get("event"))):
        return False
    if _has_id(event):
        return True
    properties = event.get("properties", b"")
    return bytes(properties).startswith(b"{") and _has_id(_object.decode(properties))


def _has_id(fields: Fields) -> bool:
    return not all(is_blank(as_text(fields.get(name))) for name in ("distinct_id", "$distinct_id"))


def _token(events: Sequence[Fields | Unreadable], envelope: Fields) -> str | None:
    """PostHog's order: the envelope, the event, its properties; one for all. None when there is none."""
    if token := as_text(envelope.get("api_key")) or as_text(envelope.get("token")):
        return token
    found = {_event_token(each) for each in events if isinstance(each, dict)} - {None}
    if len(found) > 1:
        raise RefusedError(401, "mixed_tokens", "The request holds events of several tokens.")
    return found.pop() if found else None


def _event_token(event: Fields) -> str | None:
    for name in ("token", "$token", "api_key"):
        if token := as_text(event.get(name)):
            return token
    properties = event.get("properties", b"")
    return as_text(_object.decode(properties).get("token")) if bytes(properties).startswith(b"{") else None


def _checked(token: str | None) -> str:
    """A token of the shape that PostHog takes (rust/capture/src/token.rs)."""
    token = (token or "").strip()
    if not token:
        raise RefusedError(401, "no_token", "API key is not valid: empty")
    if len(token) > 64 or not token.isascii() or not token.isprintable():
        raise RefusedError(401, "invalid_token", "API key is not valid: not 1 to 64 printable ASCII characters")
    if token.startswith("phx_"):
        raise RefusedError(401, "personal_token", "API key is not valid: a personal key (phx_), not a project's")
    return token


def _milliseconds(query: Mapping[str, str]) -> str | None:
    """When an old browser SDK says that it sent the request; seconds are ignored, as PostHog does."""
    for name in ("_", "sent_at"):
        value = query.get(name, "")
        if value.isascii() and value.isdigit() and 12 <= len(value) <= 13:
            return datetime.fromtimestamp(int(value) / 1000, UTC).isoformat(timespec="milliseconds")
    return None


def _moment(text: str) -> str | None:
    """An ISO 8601 time with its zone, in UTC; None if it is none."""
    try:
        moment = datetime.fromisoformat(text)
        return None if moment.tzinfo is None else moment.astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return None


def _sdk(info: str) -> Mapping[str, str]:
    """``name/version`` as the properties that name an SDK; none where PostHog sets none (rust/capture, v1/context.rs).

    The v1 protocol takes these properties out of the events. A long text would be repeated in every one of them.
    """
    name, _, version = (part.strip() for part in info.rpartition("/"))
    if not (name and version) or len(info) > MAX_SDK_INFO or not (info.isascii() and info.isprintable()):
        return {}
    return {"$lib": name, "$lib_version": version}


def _without_options(event: Fields, added: Mapping[str, str]) -> Fields:
    """An event of the v1 protocol in the form that all others have, with properties added."""
    has_options = bytes(event.get("options", b"")).startswith(b"{")
    if not (has_options or added):
        return event
    lifted: Fields = {}
    if has_options:
        options = _object.decode(event["options"])
        lifted = {OPTIONS[name]: value for name, value in options.items() if name in OPTIONS}
        lifted |= {TOP_LEVEL[name]: event[name] for name in TOP_LEVEL if name in event}
    lifted |= added
    properties = event.get("properties", b"{}")
    if not lifted or not bytes(properties).startswith(b"{"):
        return event
    return {**event, "properties": Raw(msgspec.json.encode({**_object.decode(properties), **lifted}))}


def _made_uuid(request: Request, place: int, row: LandingRow, properties: str | None) -> str:
    """A uuid for an event without one, so that a row sent twice to the database counts once.

    posthog-js before 1.100 sends ``$insert_id`` instead, the same at every retry, so the uuid is made of that. Without
    it a batch that is sent again is known by all that it says, where it can be. Else nothing tells a retry from a
    second event, and the second one must not be lost.
    """
    if properties is not None and '"$insert_id"' in properties:
        insert_id = as_text(_object.decode(properties).get("$insert_id"))
        if insert_id:
            return str(uuid.uuid5(_INSERT_IDS, f"{row.team_id}\0{row.event}\0{insert_id}"))
    if request.digest is not None:
        return str(uuid.uuid5(_BATCHES, f"{row.team_id}\0{request.digest}\0{place}"))
    return str(uuid6.uuid7())


def _has_damaged_id(distinct_id: str | None, properties: str | None) -> bool:
    if "\ufffd" in (distinct_id or ""):
        return True
    if properties is None or "\ufffd" not in properties or not properties.startswith("{"):
        return False
    inside = _object.decode(properties)
    return any("\ufffd" in (as_text(inside.get(name)) or "") for name in IDS)


def _told(reason: str, whole: str) -> str:
    """Properties that the gate refuses, because they are a text: why, and what came."""
    return msgspec.json.encode(f"{reason}: {whole}").decode()


def _unreadable_row(event: Unreadable, rules: Rules, ip: str | None) -> LandingRow:
    """A row that the gate quarantines: its properties are no object but say what came and why it is no event."""
    return LandingRow(
        team_id=rules.team_id,
        uuid=str(uuid6.uuid7()),
        event=None,
        distinct_id=None,
        properties=_told(event.reason, event.whole),
        timestamp=None,
        sent_at=None,
        ip=None if rules.anonymizes_ip else ip,
    )
