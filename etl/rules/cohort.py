"""PostHog's cohorts, read from the JSON of its API. Pure.

A cohort is a list of distinct ids, or conditions on persons joined by AND and OR. What is not supported is refused when
it is read, with its place, so that no cohort holds other persons than it says.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from etl.errors import DefinitionError
from etl.rules.definition import WRITTEN, Filter, read_each, read_filter, read_name, read_text

MOST_ALTERNATIVES = 1000
"""Of a cohort: its ANDs and ORs multiplied out."""

LONGEST_YEARS = 100
"""Years that "in the last ..." may look back."""

DISTINCT_ID_CHARACTERS = 200
"""Of a distinct id, as events have it: a longer one is cut there, too."""

LONGEST_DISTINCT_ID = 400
"""Characters of one that is cut; an event with a longer one is refused."""

COUNTS = ("gte", "gt", "lte", "lt", "exact")
"""How often something was done is compared in one of these ways."""

_PERFORMED = ("performed_event", "performed_event_multiple")
_DAYS = {"hour": 1 / 24, "day": 1, "week": 7, "month": 31, "year": 366}
_RELATIVE = re.compile(r"-(\d{1,9})([hdwmy])", re.ASCII)
_WRITTEN = (
    *WRITTEN,
    "negation",
    "event_type",
    "time_value",
    "time_interval",
    "explicit_datetime",
    "operator_value",
)


@dataclass(frozen=True)
class Performed:
    """That a person has done something, counted over the last time.

    Attributes:
        event: the name of the event; None: an action is asked for.
        action: the name of the action.
        within: how long back, as PostgreSQL reads an interval.
        operator: how ``times`` is compared, one of ``COUNTS``.
        times: how often.
    """

    event: str | None
    action: str | None
    within: str
    operator: str
    times: int


@dataclass(frozen=True)
class Condition:
    """What a cohort asks of a person: exactly one of three.

    Attributes:
        filter: on a property of the person.
        performed: what it has done.
        distinct_ids: the person has one of them.
    """

    filter: Filter | None = None
    performed: Performed | None = None
    distinct_ids: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Alternative:
    """One way to belong to a cohort.

    Attributes:
        needed: places of the conditions that hold, all of them.
        excluded: places of those of which none holds.
    """

    needed: tuple[int, ...]
    excluded: tuple[int, ...]


@dataclass(frozen=True)
class Cohort:
    """A name for persons.

    Attributes:
        name: of the cohort.
        conditions: each once.
        alternatives: any is enough; none of a cohort that is deleted.
        written: what was read of it, as JSON, without what is no condition, and without distinct ids.
        is_deleted: in PostHog, where deleted cohorts are still exported.
    """

    name: str
    conditions: tuple[Condition, ...]
    alternatives: tuple[Alternative, ...]
    written: Mapping[str, Any]
    is_deleted: bool


def read_cohorts(document: object) -> list[Cohort]:
    """The cohorts of a JSON document: one, a list of them, or a page of PostHog's API (``results``).

    Raises:
        DefinitionError: it is not that, or one of them is not supported; says where.
    """
    return read_each(document, _cohort)


def _cohort(written: object) -> Cohort:
    document, name = read_name(written, "Cohort", "`filters`, or `is_static` and `distinct_ids`")
    if document.get("deleted") is True:
        return Cohort(name, (), (), {}, is_deleted=True)
    place = f"Cohort {name!r}"
    if document.get("is_static") is True or "distinct_ids" in document:
        ids = _distinct_ids(document.get("distinct_ids"), f"{place}, distinct_ids")
        everybody = {"is_static": True, "distinct_ids": len(ids)}
        return Cohort(name, (Condition(distinct_ids=ids),), (Alternative((0,), ()),), everybody, is_deleted=False)
    filters = document.get("filters")
    properties = filters.get("properties") if isinstance(filters, dict) else None
    if not isinstance(filters, dict) or not properties:
        raise DefinitionError(
            f"{place} has no `filters.properties`, where PostHog's API has its conditions; the older `groups` and "
            "`query` are not supported."
        )
    if filters.get("filterTestAccounts"):
        raise DefinitionError(
            f"{place}, filters.filterTestAccounts: not supported; write the filters of test accounts as conditions."
        )
    conditions: list[Condition] = []
    alternatives = _group(properties, f"{place}, filters.properties", conditions)
    return Cohort(
        name,
        tuple(conditions),
        tuple(_alternative(each) for each in alternatives),
        {"filters": {"properties": _without_the_rest(properties)}},
        is_deleted=False,
    )


def _distinct_ids(written: object, place: str) -> tuple[str, ...]:
    if not isinstance(written, list) or not written:
        raise DefinitionError(
            f"{place}: a list of distinct ids; PostHog's API does not say who is in a static cohort, its export does."
        )
    for at, each in enumerate(written):
        if not isinstance(each, str) or not each.strip() or "\0" in each:
            raise DefinitionError(f"{place}[{at}]: {each!r} is no distinct id.")
        if len(each) > LONGEST_DISTINCT_ID:
            raise DefinitionError(
                f"{place}[{at}]: longer than {LONGEST_DISTINCT_ID} characters; no event has such an id."
            )
    return tuple(sorted({each[:DISTINCT_ID_CHARACTERS] for each in written}))


Literals = tuple[tuple[int, bool], ...]
"""Conditions by their place, each with whether it must hold; all of them together."""


def _group(group: object, place: str, conditions: list[Condition]) -> list[Literals]:
    """The alternatives of a group; its conditions are added to ``conditions``."""
    if (
        not isinstance(group, dict)
        or group.get("type") not in ("AND", "OR")
        or not isinstance(group.get("values"), list)
    ):
        raise DefinitionError(f"{place}: a group is a JSON object with `type`, AND or OR, and a list `values`.")
    if not group["values"]:
        raise DefinitionError(f"{place}.values: no condition is in this group.")
    parts = [
        _group(each, f"{place}.values[{at}]", conditions)
        if isinstance(each, dict) and "values" in each
        else [((_place(_condition(each, f"{place}.values[{at}]"), conditions), not _is_negated(each)),)]
        for at, each in enumerate(group["values"])
    ]
    if group["type"] == "OR":
        found = [alternative for part in parts for alternative in part]
    else:
        found = [()]
        for part in parts:
            found = [tuple(dict.fromkeys(left + right)) for left, right in itertools.product(found, part)]
            if len(found) > MOST_ALTERNATIVES:
                break
    if len(found) > MOST_ALTERNATIVES:
        raise DefinitionError(f"{place}: its ANDs and ORs multiply to more than {MOST_ALTERNATIVES:,} alternatives.")
    return found


def _place(condition: Condition, conditions: list[Condition]) -> int:
    if condition not in conditions:
        conditions.append(condition)
    return conditions.index(condition)


def _alternative(literals: Literals) -> Alternative:
    return Alternative(
        tuple(place for place, is_wanted in literals if is_wanted),
        tuple(place for place, is_wanted in literals if not is_wanted),
    )


def _is_negated(written: Mapping[str, Any]) -> bool:
    return written.get("negation") is True


def _condition(written: object, place: str) -> Condition:
    if not isinstance(written, dict):
        raise DefinitionError(f"{place}: a condition is a JSON object.")
    if not isinstance(written.get("negation", False), bool | None):
        raise DefinitionError(f"{place}.negation: true or false.")
    kind = written.get("type")
    if kind == "person":
        return Condition(filter=read_filter(written, place))
    if kind == "behavioral":
        return Condition(performed=_performed(written, place))
    raise DefinitionError(
        f"{place}.type: conditions of type {kind!r} are not supported; `person` and `behavioral` are."
    )


def _performed(written: Mapping[str, Any], place: str) -> Performed:
    kind = written.get("value")
    if kind not in _PERFORMED:
        raise DefinitionError(f"{place}.value: {kind!r} is not supported; {' and '.join(_PERFORMED)} are.")
    event_type = written.get("event_type") or "events"
    if event_type not in ("events", "actions"):
        raise DefinitionError(f"{place}.event_type: {event_type!r} is not `events` or `actions`.")
    if event_type == "actions" and not isinstance(written.get("key"), str):
        raise DefinitionError(
            f"{place}.key: the name of an action of this warehouse, not PostHog's number; `etl action list` has them."
        )
    if not (key := read_text(written, "key", place)):
        raise DefinitionError(f"{place}.key: the name of an event is missing.")
    if written.get("event_filters"):
        raise DefinitionError(f"{place}.event_filters: not supported; make an action of the event and its filters.")
    operator, times = "gte", 1
    if kind == "performed_event_multiple":
        operator, times = str(written.get("operator") or "gte"), _number(written, "operator_value", place)
        operator = "exact" if operator == "eq" else operator
    if operator not in COUNTS:
        raise DefinitionError(f"{place}.operator: {operator!r} is not {', '.join(COUNTS)}.")
    event, action = (key, None) if event_type == "events" else (None, key)
    return Performed(event, action, _within(written, place), operator, times)


def _within(written: Mapping[str, Any], place: str) -> str:
    """How far back, as PostgreSQL reads an interval."""
    if written.get("explicit_datetime_to"):
        raise DefinitionError(f"{place}.explicit_datetime_to: not supported; the time ends now.")
    if explicit := written.get("explicit_datetime"):
        relative = _RELATIVE.fullmatch(explicit) if isinstance(explicit, str) else None
        if relative is None:
            raise DefinitionError(f"{place}.explicit_datetime: {explicit!r} is not like -30d; no other is supported.")
        number = int(relative[1])
        unit = next(unit for unit in _DAYS if unit.startswith(relative[2]))
    else:
        number, unit = _number(written, "time_value", place), str(written.get("time_interval"))
    if unit not in _DAYS:
        raise DefinitionError(f"{place}.time_interval: {unit!r} is not {', '.join(_DAYS)}.")
    if not 0 < number * _DAYS[unit] <= timedelta(days=366 * LONGEST_YEARS).days:
        raise DefinitionError(f"{place}: the time is longer than {LONGEST_YEARS} years, or none.")
    return f"{number} {unit}"


def _number(written: Mapping[str, Any], member: str, place: str) -> int:
    """A number over 0, also one written as text, as PostHog does."""
    value = written.get(member)
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not re.fullmatch(r"0*[1-9]\d{0,8}", text, re.ASCII):
        raise DefinitionError(f"{place}.{member}: {value!r} is no whole number over 0.")
    return int(text)


def _without_the_rest(written: Mapping[str, Any]) -> dict[str, Any]:
    """Groups and conditions, with the members that say something."""
    if "values" in written:
        return {"type": written["type"], "values": [_without_the_rest(each) for each in written["values"]]}
    members = (member for member in _WRITTEN if written.get(member) is not None)
    return {member: written[member] for member in members if member != "negation" or written[member]}
