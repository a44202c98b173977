"""The tracking plan: an optional JSON Schema for the properties of an event, by name and version.

A file of the plan folder is one schema::

    {"event": "Order created", "version": 2, "mode": "quarantine", "schema": {"type": "object", ...}}

``version`` is optional and compared with the event's property ``schema_version``; a file without one is for every event
of that name that no other file fits. ``mode``: ``report`` (default) records a warning, ``quarantine`` sets rows apart.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from etl import sql
from etl.errors import ConfigurationError
from etl.quality.gate import MAX_EXAMPLES, Finding
from etl.sql import Db, Row

SUITE = "plan"
VERSION = "schema_version"


@dataclass(frozen=True)
class Entry:
    """One schema of the plan."""

    event: str
    version: str | None
    mode: str
    validator: Any
    file: str

    @property
    def name(self) -> str:
        """How results name it."""
        return self.event if self.version is None else f"{self.event} v{self.version}"


Plan = dict[tuple[str, str | None], Entry]


def read_plan(folder: Path) -> Plan:
    """The plan in a folder; none where there is no such folder.

    Raises:
        ConfigurationError: a file is no JSON, lacks a member, or is no JSON Schema; nothing is let through unseen.
    """
    plan: Plan = {}
    for path in sorted(folder.glob("*.json")):
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import SchemaError

        try:
            content = msgspec.json.decode(path.read_bytes())
            Draft202012Validator.check_schema(content["schema"])
            version = None if content.get("version") is None else str(content["version"])
            mode = content.get("mode", "report")
            entry = Entry(content["event"], version, mode, Draft202012Validator(content["schema"]), path.name)
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError, SchemaError) as error:
            reason = str(error).splitlines()[0]
            raise ConfigurationError(
                f"{path} is no entry of a tracking plan: {reason}. It needs `event` and `schema` (JSON Schema 2020-12)."
            ) from error
        if mode not in {"report", "quarantine"}:
            raise ConfigurationError(f"{path}: mode is `report` or `quarantine`, not {mode!r}.")
        if (entry.event, version) in plan:
            raise ConfigurationError(
                f"{path} and {plan[entry.event, version].file} are for the same event and version."
            )
        plan[entry.event, version] = entry
    return plan


@dataclass
class Breach:
    """An event that does not fit its schema, and why."""

    landing_id: int
    entry: Entry
    reason: str

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return f"Correct the sender, or {self.entry.file} of the tracking plan; then replay."


def find_breaches(db: Db, plan: Plan) -> tuple[list[Breach], list[Finding]]:
    """Compare the staged events that the plan names with it; others cost nothing."""
    if not plan:
        return [], []
    from jsonschema.exceptions import best_match

    counts = dict.fromkeys(plan, 0)
    breaches: list[Breach] = []
    names = sorted({event for event, _ in plan})
    for rows in sql.stream(db, "validate/read_planned_events", {"events": names}):
        for landing_id, event, properties in rows:
            values = properties or {}
            key = (event, str(values[VERSION]) if VERSION in values else None)
            key = key if key in plan else (event, None)
            if key not in plan:
                continue
            counts[key] += 1
            if error := best_match(plan[key].validator.iter_errors(values)):
                where = "/".join(str(part) for part in error.absolute_path)
                breaches.append(Breach(landing_id, plan[key], f"{where or 'properties'}: {error.message[:300]}"))
    breaches.sort(key=lambda breach: breach.landing_id)
    return breaches, [_finding(entry, counts[key], breaches) for key, entry in plan.items()]


def _finding(entry: Entry, evaluated: int, breaches: list[Breach]) -> Finding:
    mine = [breach for breach in breaches if breach.entry is entry]
    keys = [breach.landing_id for breach in mine]
    return Finding(
        suite=SUITE,
        name=entry.name,
        type="json_schema",
        column="properties",
        severity="critical" if entry.mode == "quarantine" else "warning",
        reason=mine[0].reason if mine else "",
        remedy=mine[0].remedy if mine else "",
        is_success=not mine,
        evaluated=evaluated,
        unexpected=len(keys),
        unexpected_keys=keys,
        examples=keys[:MAX_EXAMPLES],
    )


def infer(db: Db, *, event: str | None = None, days: int = 7) -> list[dict[str, Any]]:
    """Draft entries from what landed: types as seen, required what every sampled event has, no ``$`` properties.

    Events are found by the profile that maintenance makes (``etl maintain``).
    """
    rows = sql.run(db, "plan/sample_properties", {"event": event, "days": days})
    return [_draft(name, list(group)) for name, group in itertools.groupby(rows, key=lambda row: row["event"])]


def _draft(event: str, rows: Iterable[Row]) -> dict[str, Any]:
    rows = list(rows)
    types = {row["property"]: row["types"] if len(row["types"]) > 1 else row["types"][0] for row in rows}
    return {
        "event": event,
        "mode": "report",
        "notes": f"Drafted from {max(row['sampled'] for row in rows):,} events.",
        "schema": {
            "type": "object",
            "properties": {name: {"type": type_} for name, type_ in types.items()},
            "required": [row["property"] for row in rows if row["events"] >= row["sampled"]],
        },
    }


def file_name(event: str) -> str:
    """A safe name for the file of an event."""
    return "".join(c if c.isalnum() else "_" for c in event.lower())[:80] + ".json"
