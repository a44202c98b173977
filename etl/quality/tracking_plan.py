"""The tracking plan: an optional JSON Schema for the properties of an event, by name and version.

A file of the plan folder is one schema::

    {"event": "Order created", "version": 2, "mode": "quarantine", "schema": {"type": "object", ...}}

``version`` is optional and compared with the event's property ``schema_version``; a file without one is for every event
of that name that no other file fits. ``mode``: ``report`` (default) records a warning, ``quarantine`` sets rows apart.
``show_values``: a row's reason repeats the value that does not fit; by default it does not, for it may be personal.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from etl import sql
from etl.errors import ConfigurationError
from etl.quality.gate import MAX_EXAMPLES, Finding
from etl.quality.json_schema import SchemaError, describe, validator_of
from etl.sql import Db

SUITE = "plan"
VERSION = "schema_version"


class _Written(msgspec.Struct):
    event: str
    schema: dict[str, Any] | bool
    version: str | int | float | None = None
    mode: str = "report"
    show_values: bool = False


@dataclass(frozen=True)
class Entry:
    """One schema of the plan."""

    event: str
    version: str | None
    mode: str
    validator: Any
    file: str
    is_value_shown: bool

    @property
    def name(self) -> str:
        """How results name it."""
        return self.event if self.version is None else f"{self.event} v{self.version}"


Plan = dict[tuple[str, str | None], Entry]


def find_plan(folder: Path | None) -> Plan:
    """The plan in a folder that a setting names; None: in the one of the product, if somebody has made it.

    Raises:
        ConfigurationError: there is no such folder, or see :func:`read_plan`.
    """
    if folder is None:
        return read_plan(sql.resource("expectations") / "plan")
    if not folder.is_dir():
        raise ConfigurationError(
            f"ETL_PLAN_DIR={folder}: there is no such folder, so no event would be compared with the tracking plan. "
            "Correct or unset it."
        )
    return read_plan(folder)


def read_plan(folder: Path) -> Plan:
    """The plan in a folder; none where there is no such folder.

    Raises:
        ConfigurationError: a file is no JSON, lacks a member, or is no JSON Schema; nothing is let through unseen.
    """
    plan: Plan = {}
    for path in sorted(folder.glob("*.json")):
        try:
            written = msgspec.json.decode(path.read_bytes(), type=_Written)
            validator = validator_of(written.schema)
        except (msgspec.DecodeError, SchemaError) as error:
            reason = str(error).splitlines()[0]
            raise ConfigurationError(
                f"{path} is no entry of a tracking plan: {reason}. It needs `event` and `schema` (JSON Schema 2020-12)."
            ) from error
        if written.mode not in {"report", "quarantine"}:
            raise ConfigurationError(f"{path}: mode is `report` or `quarantine`, not {written.mode!r}.")
        version = None if written.version is None else str(written.version)
        if (written.event, version) in plan:
            raise ConfigurationError(
                f"{path} and {plan[written.event, version].file} are for the same event and version."
            )
        plan[written.event, version] = Entry(
            written.event, version, written.mode, validator, path.name, written.show_values
        )
    return plan


@dataclass
class Breach:
    """An event that does not fit its schema, and why."""

    landing_id: int
    entry: Entry
    reason: str
    reason_without_value: str

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return f"Correct the sender, or {self.entry.file} of the tracking plan; then replay."


def find_breaches(db: Db, plan: Plan) -> tuple[list[Breach], list[Finding]]:
    """Compare the staged events that the plan names with it; others cost nothing."""
    if not plan:
        return [], []
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
            if reasons := _misfit(plan[key], values):
                breaches.append(Breach(landing_id, plan[key], *reasons))
    breaches.sort(key=lambda breach: breach.landing_id)
    return breaches, [_finding(entry, counts[key], breaches) for key, entry in plan.items()]


def _misfit(entry: Entry, properties: Any) -> tuple[str, str] | None:
    """The reasons with the value, if wanted, and without."""
    from jsonschema.exceptions import best_match

    try:
        error = best_match(entry.validator.iter_errors(properties))
    except Exception as trouble:  # a text can be made on which the check of a format fails, or the nesting be too deep
        reason = f"properties: cannot be compared with the schema ({type(trouble).__name__})"
        return reason, reason
    return error and (describe(error, is_value_shown=entry.is_value_shown), describe(error))


def _finding(entry: Entry, evaluated: int, breaches: list[Breach]) -> Finding:
    mine = [breach for breach in breaches if breach.entry is entry]
    keys = [breach.landing_id for breach in mine]
    return Finding(
        suite=SUITE,
        name=entry.name,
        type="json_schema",
        column="properties",
        severity="critical" if entry.mode == "quarantine" else "warning",
        # Results stay forever, whoever is erased.
        reason=mine[0].reason_without_value if mine else "",
        remedy=mine[0].remedy if mine else "",
        is_success=not mine,
        evaluated=evaluated,
        unexpected=len(keys),
        unexpected_keys=keys,
        examples=keys[:MAX_EXAMPLES],
    )
