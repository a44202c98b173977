"""Rows and requests that somebody once stopped ingestion with, or might: what becomes of each, by the rules."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.capture.service import TOKEN


class Hostile(NamedTuple):
    """A row of landing, and the reason for which it is refused; None: it is taken, whatever it holds."""

    refusal: str | None
    event: str | None
    distinct_id: str | None
    properties: str | None
    uuid: str | None = None
    timestamp: str | None = None
    sent_at: str | None = None


HUGE = "1e131071"
EMOJI = "".join(chr(0x1F300 + place) for place in range(400))


def letters(count: int) -> str:
    """Text that does not pack."""
    return "".join(random.Random(count).choices("abcdefghijklmnopqrstuvwxyz", k=count))


def arrays(depth: int) -> str:
    return "[" * depth + "]" * depth


def objects(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


def group(kind: str, key: str, properties: str = "{}") -> str:
    named = json.dumps({"$device_id": "d", "$group_type": kind, "$group_key": key})
    return f'{named[:-1]}, "$group_set": {properties}}}'


def numbers(count: int) -> str:
    return "{" + ", ".join(f'"k{place}": {HUGE}' for place in range(count)) + "}"


REFUSED = [
    Hostile("event_name_present", None, "h", "{}"),
    Hostile("event_name_not_empty", "", "h", "{}"),
    Hostile("distinct_id_present", "e", None, "{}"),
    *(Hostile("distinct_id_present", "e", blank, "{}") for blank in (" \t", "\r\n", "\u2028", "\ufeff", "\xa0")),
    Hostile("distinct_id_within_400", "e", "ß" * 401, "{}"),
    Hostile("uuid_valid", "e", "h", "{}", uuid="g0000000-0000-0000-0000-000000000000"),
    Hostile("properties_object", "e", "h", '["$set"]'),
    Hostile("properties_object", "e", "h", "null"),
    Hostile("number_out_of_range", "e", "h", f'{{"a": [0, {{"b": {HUGE}}}]}}'),
    Hostile("number_out_of_range", "$set", "h", f'{{"$set": {numbers(44)}}}'),
    Hostile("number_out_of_range", "$pageview", "h", f'{{"$device_id": "h", "$screen_width": -{HUGE}}}'),
    Hostile("number_out_of_range", "$groupidentify", "h", group("t", "k", numbers(560))),
    Hostile("number_out_of_range", "$create_alias", "h", '{"alias": 1e-16383}'),
    Hostile("number_out_of_range", "e", "h", numbers(1_500)),
    Hostile("group_type_too_long", "$groupidentify", "h", group(letters(3_000), "k")),
    Hostile("group_type_too_long", "$groupidentify", "h", group(EMOJI, EMOJI)),
    Hostile("group_key_too_long", "$groupidentify", "h", group("t", letters(401))),
    Hostile("other_id_a_string", "$identify", "h", '{"$anon_distinct_id": {"a": 1}}'),
    Hostile("other_id_a_string", "$create_alias", "h", '{"alias": [1]}'),
    Hostile("merging_event_personful", "$identify", "h", '{"$process_person_profile": false}'),
    Hostile("client_ingestion_warning", "$$client_ingestion_warning", "h", "{}"),
    Hostile("cookieless_team_disabled", "e", "$posthog_cookieless", '{"$cookieless_mode": true}'),
]

NAMES = [
    "\\", '"', "'", "\\N", "\\.", "a\n\tb", "%(x)s", "%s", "{x}", "$$", "\u202eabc", "\x7f",
    "a\u0301" * 100, "\U0001f468\u200d\U0001f469" * 25, "__proto__", "<script>", "=cmd|'/c calc'!A0", "${jndi:ldap://x}",
    "NaN", "undefined",
]  # fmt: skip
TIMES = [
    "infinity", "-infinity", "0000-01-01T00:00:00Z", "4714-11-24 BC", "294276-12-31T23:59:59Z", "2016-12-31T23:59:60Z",
    "2022-07-01T24:00:01Z", "now", "epoch", "allballs", "1e400", "2022-07-01T12:00:00+99:99", "Jan -01-99T00:00:00", "",
]  # fmt: skip
ELEMENTS = ["1", '"x"', '{"a": 1}', "[null, 2, [[]]]", '[{"tag_name": {"a": 1}, "attributes": [1]}]', arrays(6_000)]
GROUPS = ["[1]", '{"a": [1]}', "1", '{"": ""}', "null"]
OPERATIONS = ["null", "[]", '"a"', "1", '{"": 1}', '[1, null, {"a": 1}, "a"]', '{"__proto__": 1, "keys": {"a": [1]}}']
ALIASES = [("ca", "cb"), ("cb", "cc"), ("cc", "ca"), ("ca", "ca"), *(("hub", f"spoke{place}") for place in range(5))]
OTHER_IDS = [
    ("S", "s"), ("S ", " S"), ("\ufb01", "fi"), ("\u0130", "i"), ("ß", "SS"), ("x" * 201, "x" * 200),
    ("x" * 400, "x" * 399),
]  # fmt: skip


def taken() -> Iterator[Hostile]:
    """Rows that are odd and no more."""
    device = '{"$device_id": "h"}'
    for depth in (100, 126, 127, 128, 129, 131, 1_000, 6_000):
        yield Hostile(None, "$groupidentify", "h", group("t", "k", f'{{"a": {arrays(depth)}}}'))
        yield Hostile(None, "$set", "h", f'{{"$set": {{"a": {arrays(depth)}}}}}')
        yield Hostile(None, "$set", "h", f'{{"$set_once": {{"a": {objects(depth)}}}}}')
        yield Hostile(None, "e", "h", f'{{"$device_id": "h", "a": 1, "$browser": {arrays(depth)}}}')
        yield Hostile(None, "e", "h", f'{{"a": {objects(depth)}}}')
    for each in ELEMENTS:
        yield Hostile(None, "$autocapture", "h", f'{{"$device_id": "h", "$elements": {each}}}')
    for each in GROUPS:
        yield Hostile(None, "e", "h", f'{{"$groups": {each}}}')
    for each in OPERATIONS:
        yield Hostile(None, "$set", "h", f'{{"$set": {each}, "$unset": {each}, "$set_once": {each}}}')
    for name in NAMES:
        yield Hostile(None, name, name, json.dumps({name: name, "$set": {name: name}, "$device_id": name}))
    for time in TIMES:
        yield Hostile(None, "e", "h", device, timestamp=time)
        yield Hostile(None, "e", "h", device, timestamp="9999-12-31T23:59:59Z", sent_at=time)
    for first, second in ALIASES:
        yield Hostile(None, "$create_alias", first, json.dumps({"alias": second}))
        yield Hostile(None, "$merge_dangerously", first, json.dumps({"alias": second}))
    for first, second in OTHER_IDS:
        yield Hostile(None, "$identify", first, json.dumps({"$anon_distinct_id": second}))
    yield Hostile(
        None, "e", "h", '{"$lib": [1], "$device_id": {"a": 1}, "$process_person_profile": "false", "$ip": {}}'
    )


# Each of a megabyte or so, or of thousands of keys: a few of them are a storm.
HEAVY = [
    Hostile("properties_within_limit", "e", "h", json.dumps({"a": "x" * 2_000_000})),
    Hostile("number_out_of_range", "e", "h", numbers(60_000)),
    Hostile(None, "$set", "h", json.dumps({"$set": {f"k{place:05}": place for place in range(60_000)}})),
    Hostile(None, "$set", "h", json.dumps({"$unset": [f"k{place:05}" for place in range(60_000)]})),
    Hostile(None, "$set", "h", json.dumps({"$set": {letters(500_000): 1}})),
    Hostile(None, "é" * 1_000_000, "h", '{"$device_id": "h"}'),
    Hostile("distinct_id_within_400", "e", "x" * 1_000_000, "{}"),
    Hostile(None, "e", "h", '{"$device_id": "h"}', timestamp="2022-07-01T12:00:00" + "0" * 500_000),
    Hostile(None, "$autocapture", "h", json.dumps({"$device_id": "h", "$elements": [{"tag_name": "a"}] * 15_000})),
    *(Hostile(None, "$set", "hot", json.dumps({"$set": {f"key{place}": "x" * 1_000_000}})) for place in range(5)),
]


def batch(*events: str) -> bytes:
    """The body of a request with these events, each as JSON."""
    return f'{{"api_key": "{TOKEN}", "batch": [{",".join(events)}]}}'.encode()


def event(properties: str, name: str = "e") -> str:
    return f'{{"event": "{name}", "distinct_id": "h", "properties": {properties}}}'


def packed(body: bytes) -> bytes:
    return gzip.compress(body, 1)


def requests() -> list[tuple[bytes, int]]:
    """Bodies that froze the server, filled it or blocked a batch, and what each is answered with."""
    deep = f'{{"$group_type": "t", "$group_key": "k", "$group_set": {{"a": {arrays(6_000)}}}}}'
    return [
        (packed(batch(*["{}"] * 5_000)), 400),
        (packed(b"[" + rb"\"" * 4_000 + b"," * 500_001), 400),
        (packed(b"[NaN" + rb"\"" * 32_000), 400),
        (packed(batch(event(json.dumps({"$elements_chain": "ph-no-capture" + "a" * 40_000})))), 200),
        (packed(gzip.compress(b"") * 50_000), 413),
        (packed(b"data=" + b"%25" * 6_000_000), 413),
        (packed(b"a=b&" * 1_000_000), 400),
        (packed(b"0" * 30_000_000), 413),
        (packed(batch(*[event(f'{{"$set": {numbers(44)}}}')] * 200)), 200),
        (batch(event(group(letters(3_000), "k"), "$groupidentify")), 200),
        (batch(event(f'{{"a": {arrays(6_000)}}}'), event("{}")), 200),
        (batch(event(deep, "$groupidentify"), event("{}")), 200),
        (batch(*(event(json.dumps({"alias": name}), "$merge_dangerously") for name in ("alice", "bob", "carol"))), 200),
        (packed(batch(*[event(json.dumps({"$set": {letters(20): "x" * 1_000_000}}), "$set")] * 3)), 200),
        (batch(event("{}")).replace(b'"e"', b'"caf\xe9\n"'), 200),
    ]


def some_request(place: int) -> dict[str, Any]:
    """An honest event of a visitor."""
    return {"event": "$pageview", "distinct_id": f"d{place}", "properties": {"$device_id": f"d{place}", "n": place}}
