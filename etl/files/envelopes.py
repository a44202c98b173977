"""What events come wrapped in, taken off where it is certain: answers of APIs, messages of Kafka, changes of rows."""

from __future__ import annotations

from typing import Any

from etl.files.values import elements_of, is_nothing, members_of
from etl.rules.wire import Fields, Unreadable, as_json, as_text

MAX_LAYERS = 4
LISTS = ("results", "events", "data", "records", "items", "batch")
MESSAGES = ("payload", "value", "data", "message", "after", "_source", "record")


def unwrap(fields: Fields, depth: int = MAX_LAYERS) -> list[Fields | Unreadable]:
    """The events inside an object that is none itself; the object as it is if none are found."""
    if has_event(fields) or not depth:
        return [fields]
    if (op := as_text(fields.get("op"))) in {"c", "r", "u", "d"} and ("after" in fields or "before" in fields):
        if op in {"u", "d"}:
            what = "an update" if op == "u" else "a deletion"
            return [Unreadable.of(f"{what} of a row, not an event (Debezium, op {op})", bytes(as_json(fields)))]
        return unwrap(members_of(fields.get("after")), depth - 1)
    for name in LISTS:
        elements = elements_of(fields.get(name))
        if elements and (events := _rows(fields, elements) or _objects(elements)):
            return events
    for name in MESSAGES:
        inside = members_of(fields.get(name))
        if inside:
            events = unwrap(inside, depth - 1)
            if any(isinstance(each, Unreadable) or has_event(each) for each in events):
                return events
    return [fields]


def has_event(fields: Fields) -> bool:
    """Whether there is a member ``event``, in any case."""
    return "event" in fields or any(key.strip().lower() == "event" for key in fields)


def _objects(elements: list[Any]) -> list[Fields | Unreadable]:
    """Each element of a list, if the first is an event."""
    if not has_event(members_of(elements[0])):
        return []
    return [members_of(each) or Unreadable.of("JSON, but not an object", bytes(as_json(each))) for each in elements]


def _rows(fields: Fields, elements: list[Any]) -> list[Fields | Unreadable]:
    """Rows next to the names of their columns, as PostHog's query API gives them."""
    columns = [as_text(each) or "" for each in elements_of(fields.get("columns"))]
    if not has_event(dict.fromkeys(columns)):
        return []
    rows = [elements_of(each) for each in elements]
    return [
        {name: None if is_nothing(cell) else cell for name, cell in zip(columns, row, strict=True)}
        if len(row) == len(columns)
        else Unreadable.of(f"{len(row)} cells under {len(columns)} columns", bytes(as_json(row)))
        for row in rows
    ]
