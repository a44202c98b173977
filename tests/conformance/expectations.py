"""What a case expects, compared with what it left: one small check an expectation, each yielding what is wrong."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from etl.sql import Row
from tests.conformance.runner import Outcome, moment_of

# PostHog's name for a refusal, as the reason of a drop or as the warning beside it: the gate's expectations.
REFUSALS: dict[str, set[str]] = {
    "missing_distinct_id": {"distinct_id_present"},
    "skipping_event_invalid_distinct_id": {"distinct_id_within_400"},
    "skipping_event_invalid_uuid": {"uuid_valid"},
    "missing_event_name": {"event_name_present", "event_name_not_empty"},
    "unknown_team": {"team_known"},
    "invalid_alias": {"other_id_a_string"},
    "invalid_anon_distinct_id": {"other_id_a_string"},
    "invalid_event_for_flags": {"merging_event_personful"},
    "invalid_event_when_process_person_profile_is_false": {"merging_event_personful"},
    # By the rules of resolve/exclude_refused.sql and the move limit, which have PostHog's names.
    "event_dropped_too_old": {"event_too_old"},
    "cookieless_missing_user_agent": {"cookieless_missing_ua"},
    **{
        name: {name}
        for name in (
            "event_too_old",
            "group_key_too_long",
            "merge_move_limit_exceeded",
            "cookieless_team_disabled",
            "cookieless_unsupported_event",
            "cookieless_stateless_no_identify",
            "cookieless_timestamp_out_of_range",
            "cookieless_missing_ua",
            "cookieless_missing_ip",
            "cookieless_missing_host",
        )
    },
}
DUPLICATE = "duplicate_uuid"
# Names in the details of warnings; the rest differ only in being written with capitals.
DETAILS = {
    "eventUuid": "uuid",
    "sourcePersonDistinctId": "other_distinct_id",
    "targetPersonDistinctId": "distinct_id",
}
# What PostHog cuts, ignores or drops without a warning, in some version or in all: its lists of warnings may say
# nothing about these.
OWN_WARNINGS = frozenset([
    "distinct_id_truncated",
    "duplicate_with_other_payload",
    "event_name_truncated",
    "event_timestamp_out_of_range",
    "event_timestamp_in_future",
    "ignored_invalid_sent_at",
    "ignored_invalid_timestamp",
    "other_distinct_id_truncated",
    "invalid_property_operation",
])
SET_AT_CREATION = "$creator_event_uuid"

Check = Callable[[Any, Outcome], Iterator[str]]


def failures(outcome: Outcome) -> list[str]:
    """What the case expects and did not get, a short sentence each."""
    expected = {name: value for name, value in outcome.case.written["expect"].items() if name != "seed_claim"}
    return [problem for name, value in expected.items() for problem in CHECKS.get(name, _unknown(name))(value, outcome)]


def _unknown(name: str) -> Check:
    def check(_expected: Any, _outcome: Outcome) -> Iterator[str]:
        yield f"the runner knows no expectation {name}"

    return check


def _persons(expected: list[Row], outcome: Outcome) -> Iterator[str]:
    is_complete = outcome.case.written["expect"].get("persons_complete", True)
    yield from _persons_of(outcome.case.team_id, expected, outcome, is_complete=is_complete)


def _persons_of(team_id: int, expected: list[Row], outcome: Outcome, *, is_complete: bool) -> Iterator[str]:
    found = {frozenset(person["distinct_ids"]): person for person in outcome.persons if person["team_id"] == team_id}
    wanted = {frozenset(person["distinct_ids"]): person for person in expected}
    if wanted.keys() - found.keys() or (is_complete and found.keys() != wanted.keys()):
        yield f"persons are {_shown(found)}, not {_shown(wanted)}"
    for ids in wanted.keys() & found.keys():
        yield from _person(f"person {_shown([ids])}", wanted[ids], found[ids], outcome)


def _person(name: str, expected: Row, found: Row, outcome: Outcome) -> Iterator[str]:
    if "is_identified" in expected and found["is_identified"] != expected["is_identified"]:
        yield f"{name}: is_identified is {found['is_identified']}"
    if "created_at" in expected and found["created_at"] != moment_of(expected["created_at"]):
        yield f"{name}: created_at is {found['created_at'].isoformat()}, not {expected['created_at']}"
    if "survivor_of" in expected and found["person_id"] != outcome.given_persons[expected["survivor_of"]]:
        yield f"{name} is not the survivor of {expected['survivor_of']!r}"
    yield from _object(name, "properties", expected, found["properties"])
    yield from _absent(name, expected, found["properties"])


def _other_teams(expected: list[Row], outcome: Outcome) -> Iterator[str]:
    for team in expected:
        yield from _persons_of(team["team_id"], team["persons"], outcome, is_complete=True)


def _partition(column: str) -> Check:
    def check(expected: list[list[str]], outcome: Outcome) -> Iterator[str]:
        by_person: dict[Any, set[str]] = defaultdict(set)
        for event in outcome.events:
            by_person[event[column]].add(event["ref"])
        if {frozenset(refs) for refs in by_person.values()} != {frozenset(refs) for refs in expected}:
            yield f"events by {column} are {_shown(by_person.values())}, not {_shown(expected)}"

    return check


def _same_person_pairs(expected: list[list[str]], outcome: Outcome) -> Iterator[str]:
    person_of = {event["ref"]: event["person_id_at_load"] for event in outcome.events}
    for one, other in expected:
        if one not in person_of or person_of[one] != person_of.get(other):
            yield f"{one} and {other} do not share a person at write"


def _decisions(expected: dict[str, str], outcome: Outcome) -> Iterator[str]:
    first: dict[tuple[Any, Any], str] = {}
    for row in outcome.sent:
        # A redelivery shares the decision of the event that it repeats.
        key = row["raw"].get("uuid") or row["ref"], row["raw"].get("distinct_id")
        first.setdefault(key, row["ref"])
        decided = "hold" if any(first[key] in held for held in outcome.held_after) else "pass"
        if expected.get(row["ref"], decided) != decided:
            yield f"the buffer's decision on {row['ref']} is {decided}"


def _held_after_cycle(expected: dict[str, list[str]], outcome: Outcome) -> Iterator[str]:
    for cycle, refs in expected.items():
        if (held := outcome.held_after[int(cycle)]) != set(refs):
            yield f"held after cycle {cycle}: {_shown([held])}, not {_shown([refs])}"


def _released_in_cycle(expected: dict[str, int], outcome: Outcome) -> Iterator[str]:
    if outcome.released_in != expected:
        yield f"released in cycle: {outcome.released_in}, not {expected}"


def _rejected(expected: list[Row], outcome: Outcome) -> Iterator[str]:
    for row in expected:
        ref, reason, fate = row["ref"], row["reason"], outcome.fate(row["ref"])
        if reason == DUPLICATE:
            if fate != "duplicate":
                yield f"{ref} is {fate}, not a duplicate"
        elif reason not in REFUSALS:
            yield f"the gate has no expectation for {reason}: {ref} is {fate}"
        elif not REFUSALS[reason] & outcome.quarantined.get(ref, set()):
            yield f"{ref} is {fate}, not quarantined for {reason}"
    for ref in outcome.quarantined.keys() - {row["ref"] for row in expected}:
        yield f"{ref} is {outcome.fate(ref)}, and should not be"


def _warnings(expected: list[Row], outcome: Outcome) -> Iterator[str]:
    """Complete, but for quarantined rows: there the reasons stand for the warning and are more than PostHog gives."""
    found = list(outcome.warnings)
    for row in expected:
        ref, name = row["ref"], row["type"]
        warning = next((each for each in found if (each["ref"], each["type"]) == (ref, name)), None)
        if warning is not None:
            found.remove(warning)
            yield from _details(f"{name} of {ref}", row.get("details", {}), warning)
        elif not REFUSALS.get(name, set()) & outcome.quarantined.get(ref, set()):
            yield f"no warning {name} of {ref}, which is {outcome.fate(ref)}"
    for warning in (warning for warning in found if warning["type"] not in OWN_WARNINGS):
        yield f"unexpected warning {warning['type']} of {warning['ref']}"


def _details(owner: str, expected: Row, warning: Row) -> Iterator[str]:
    found = {"uuid": warning["uuid"], **warning["details"]}
    wanted = {DETAILS.get(name) or _in_snake_case(name): value for name, value in expected.items()}
    if not _contains(found, wanted):
        yield f"details of {owner} are {_short(found)}, not {_short(wanted)}"


def _in_snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z])[A-Z]", lambda capital: f"_{capital[0]}", name).lower()


def _event_fields(expected: dict[str, Row], outcome: Outcome) -> Iterator[str]:
    for ref, fields in expected.items():
        event = next((event for event in outcome.events if event["ref"] == ref), None)
        if event is None:
            yield f"{ref} is not written but {outcome.fate(ref)}"
            continue
        for name in ("event", "distinct_id", "person_mode", "elements_chain"):
            if name in fields:
                yield from _field(ref, name, fields[name], event)
        if "timestamp" in fields and event["timestamp"] != moment_of(fields["timestamp"]):
            yield f"{ref}: timestamp is {event['timestamp'].isoformat()}, not {fields['timestamp']}"
        yield from _object(ref, "properties", fields, event["properties"])
        yield from _absent(ref, fields, event["properties"])
        if "person_properties" in fields and "person_properties" not in event:
            yield f"{ref}: no person_properties are stored with the event"
        elif "person_properties" in fields:
            yield from _object(ref, "person_properties", fields, event["person_properties"])
        yield from _element_lengths(ref, fields.get("element_lengths", {}), event)


def _field(ref: str, name: str, expected: Any, event: Row) -> Iterator[str]:
    if name not in event:
        yield f"{ref}: no {name} is stored with the event"
    elif event[name] != expected:
        yield f"{ref}: {name} is {_short(event[name])}, not {_short(expected)}"


def _element_lengths(ref: str, expected: dict[str, int], event: Row) -> Iterator[str]:
    if expected and "elements_chain" not in event:
        yield f"{ref}: no elements_chain is stored with the event"
        return
    for name, length in expected.items():
        written = re.search(rf'(?<!\w){name}="((?:[^"\\]|\\.)*)"', event["elements_chain"])
        if written is None or len(written[1]) != length:
            yield f"{ref}: {name} in the elements chain has {len(written[1]) if written else 'no'} characters"


def _rows_written(expected: dict[str, int], outcome: Outcome) -> Iterator[str]:
    written = Counter(event["ref"] for event in outcome.events)
    for ref, count in expected.items():
        if written[ref] != count:
            yield f"{ref} is written {written[ref]} times, not {count}"


def _rows_after_dedup(expected: int, outcome: Outcome) -> Iterator[str]:
    if len(outcome.events) != expected:
        yield f"{len(outcome.events)} rows after de-duplication, not {expected}"


def _object(owner: str, name: str, expected: Row, found: Row) -> Iterator[str]:
    """Compare the object ``expected[name]``: as a whole, or as a part where ``{name}_mode`` says ``subset``."""
    if name not in expected:
        return
    wanted = expected[name]
    if expected.get(f"{name}_mode", "exact") == "exact":
        found = {key: value for key, value in found.items() if key != SET_AT_CREATION or key in wanted}
        is_met = found == wanted
    else:
        is_met = _contains(found, wanted)
    if not is_met:
        keys = sorted(key for key in {*found, *wanted} if found.get(key, ...) != wanted.get(key, ...))
        yield f"{owner}: {name} differ in {', '.join(keys)}: {_short(found)}, not {_short(wanted)}"


def _absent(owner: str, expected: Row, found: Row) -> Iterator[str]:
    if present := [name for name in expected.get("absent_properties", ()) if name in found]:
        yield f"{owner}: properties still hold {', '.join(present)}"


def _contains(found: Mapping[str, Any], part: Mapping[str, Any]) -> bool:
    return all(name in found and found[name] == value for name, value in part.items())


def _shown(groups: Any) -> str:
    return " ".join("{" + " ".join(sorted(group)) + "}" for group in sorted(groups, key=sorted)) or "none"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 160 else f"{text[:160]}..."


CHECKS: dict[str, Check] = {
    "persons": _persons,
    "persons_complete": lambda _expected, _outcome: iter(()),
    "other_teams": _other_teams,
    "events_same_person_at_write": _partition("person_id_at_load"),
    "events_same_person_final": _partition("person_id"),
    "same_person_pairs": _same_person_pairs,
    "decisions": _decisions,
    "held_after_cycle": _held_after_cycle,
    "released_in_cycle": _released_in_cycle,
    "rejected": _rejected,
    "warnings": _warnings,
    "event_fields": _event_fields,
    "rows_written": _rows_written,
    "rows_after_dedup": _rows_after_dedup,
}
