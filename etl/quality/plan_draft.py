"""Draft entries of the tracking plan from what landed, for a person to read before they are put into force."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from etl import sql
from etl.sql import Db, Row

# Of the events that were looked at. A bug of a day or two is no rule, and must not hide one.
LEAST_OF_A_TYPE = 0.01
LEAST_TO_BE_REQUIRED = 0.99
# Of fewer events few values say nothing.
EVENTS_FOR_AN_ENUM = 100


@dataclass(frozen=True)
class Drafts:
    """What was found.

    Attributes:
        entries: as they are written into files, one an event.
        made_of_ids: patterns of names that are made of ids, with ``<id>`` in their place, and how many names each has:
            no schema can be for one.
    """

    entries: list[dict[str, Any]] = field(default_factory=list)
    made_of_ids: dict[str, int] = field(default_factory=dict)


def infer(db: Db, *, event: str | None = None, days: int = 7) -> Drafts:
    """Draft an entry for each event of one's own: types, required properties, and few values as an enum.

    Left out are ``$`` properties and what names the sender (``token``, ``distinct_id``). Events are found by the
    profile that maintenance makes (``etl maintain``).
    """
    asked = {"event": event, "days": days}
    made = {row["pattern"]: row["names"] for row in sql.run(db, "plan/find_made_names", asked)}
    rows = sql.run(db, "plan/sample_properties", {**asked, "made_patterns": list(made)})
    entries = [_entry(name, list(group)) for name, group in itertools.groupby(rows, key=lambda row: row["event"])]
    return Drafts(entries, made)


def file_name(event: str) -> str:
    """A safe name for the file of an event."""
    return "".join(c if c.isalnum() else "_" for c in event.lower())[:80] + ".json"


def _entry(event: str, rows: Iterable[Row]) -> dict[str, Any]:
    rows = list(rows)
    sampled = rows[0]["sampled"]
    schemas, left_out = {}, []
    for row in rows:
        counts: dict[str, int] = row["types"]
        kept = sorted(name for name, count in counts.items() if count >= LEAST_OF_A_TYPE * row["events"])
        left_out += [
            f"{row['property']} as {name} ({count:,} of {row['events']:,})"
            for name, count in counts.items()
            if name not in kept
        ]
        schemas[row["property"]] = _schema(kept, row["choices"], sampled)
    notes = f"Drafted from {sampled:,} events, on {rows[0]['days']} day(s)."
    if left_out:
        notes += f" Seen in under 1 %, and left out: {', '.join(left_out)}."
    return {
        "event": event,
        "mode": "report",
        "notes": notes,
        "schema": {
            "type": "object",
            "properties": schemas,
            "required": [row["property"] for row in rows if row["events"] >= LEAST_TO_BE_REQUIRED * sampled],
        },
    }


def _schema(types: list[str], choices: list[str] | None, sampled: int) -> dict[str, Any]:
    if types == ["string"] and choices and sampled >= EVENTS_FOR_AN_ENUM:
        return {"enum": choices}
    return {"type": types if len(types) > 1 else types[0]}
