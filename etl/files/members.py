"""Which key of a row or object is what: one rule for every format.

- The members of an event are taken in any case, since some warehouses write names in capitals.
- Without ``properties`` the other keys are the properties. Next to ``properties`` they are not landed, and named.
- PostHog's own exports call some members otherwise: ``elements``, ``people_set`` and ``set`` (BigQuery, Snowflake,
  Postgres destinations), ``id`` (its API). Without ``properties`` an ``id`` is one of them: a product's may be a uuid.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from etl.errors import LandingError
from etl.files.values import fit_for_a_line, is_nothing
from etl.rules.wire import Fields, as_text

JSON_MEMBERS = frozenset({"properties", "$set", "$set_once", "$unset"})
MEMBERS = JSON_MEMBERS | {"uuid", "event", "distinct_id", "timestamp", "ip", "sent_at", "team_id", "elements_chain"}
# Members of a request, which say nothing of an event that must be kept; without ``properties`` they may be properties.
OF_REQUESTS = frozenset({"api_key", "token", "historical_migration"})
KNOWN = MEMBERS | OF_REQUESTS | {"$distinct_id"}
ALIASES = {
    "elements": "elements_chain",
    "people_set": "$set",
    "people_set_once": "$set_once",
    "set": "$set",
    "set_once": "$set_once",
}
MAX_PLANS = 1_000


class Plan(NamedTuple):
    """What the keys of one shape are: members, other names of members, properties, nothing."""

    members: list[tuple[str, str]]
    aliases: list[tuple[str, str]]
    properties: list[tuple[str, str]]
    left: list[str]


class Members:
    """The rule, and the keys that it left out so far."""

    def __init__(self) -> None:
        self.left: dict[str, None] = {}
        self._plans: dict[tuple[str, ...], Plan] = {}

    def plan(self, keys: tuple[str, ...]) -> Plan:
        """What each of the keys of a row is."""
        plan = self._plans.get(keys)
        if plan is None:
            if len(self._plans) >= MAX_PLANS:
                self._plans.clear()
            plan = self._plans[keys] = _plan(keys)
            self.left.update(dict.fromkeys(plan.left))
        return plan

    def of(self, fields: Fields) -> Fields:
        """The members of an event, by the keys of the row that holds it."""
        if fields.keys() <= KNOWN and ("properties" in fields or not fields.keys() & OF_REQUESTS):
            return fields
        plan = self.plan(tuple(fields))
        event: Fields = {member: fields[key] for key, member in plan.members}
        others = plan.properties
        for key, member in plan.aliases:
            if _is_meant(member, fields[key]) and is_nothing(event.get(member)):
                event[member] = fields[key]
            elif "properties" in event:
                if not is_nothing(fields[key]):
                    self.left[key] = None
            else:
                others = [*others, (key, key)]
        if properties := {name: fields[key] for key, name in others if not is_nothing(fields[key])}:
            event["properties"] = properties
        return event


def refuse_duplicates(columns: list[str], name: str) -> None:
    """Raise LandingError if a table has a column twice, or a member in two spellings: one would be lost."""
    seen: dict[str, str] = {}
    for column in filter(None, columns):
        key = column.lower() if column.lower() in MEMBERS else column
        if key in seen:
            both = " and ".join(f"`{fit_for_a_line(each, 40)}`" for each in (seen[key], column))
            raise LandingError(f"{name} has two columns of one name, {both}: name each differently.")
        seen[key] = column


def _plan(keys: tuple[str, ...]) -> Plan:
    lower = {key: key if key in KNOWN else key.strip().lower() for key in keys}
    taken: dict[str, str] = {}
    for key in sorted(keys, key=lambda key: key not in KNOWN):  # of `event` and `Event` the first is meant
        if lower[key] in KNOWN:
            taken.setdefault(lower[key], key)
    has_properties = "properties" in taken
    if not has_properties:
        taken = {member: key for member, key in taken.items() if member not in OF_REQUESTS}
    has_flattened = any(key.startswith("properties.") for key in keys)
    plan = Plan([(key, member) for member, key in taken.items()], [], [], [])
    for key in keys:
        if taken.get(lower[key]) == key:
            continue
        if lower[key] == "id" and "uuid" not in taken and (has_properties or has_flattened):
            plan.aliases.append((key, "uuid"))
        elif lower[key] in OF_REQUESTS:
            plan.aliases.append((key, lower[key]))
        elif has_properties and lower[key] in ALIASES:
            plan.aliases.append((key, ALIASES[lower[key]]))
        elif has_properties:
            plan.left.append(key)
        else:
            plan.properties.append((key, key.removeprefix("properties.")))
    return plan


def _is_meant(member: str, value: Any) -> bool:
    """Whether a value can be this member's: an ``id`` a uuid, ``elements`` a chain, ``token`` that of a project."""
    text = as_text(value) or ""
    if member in OF_REQUESTS:
        return text.startswith("phc_")
    if member == "uuid":
        try:
            return len(text) in {32, 36} and bool(UUID(text))
        except ValueError:
            return False
    if member == "elements_chain":
        return bool(text) and not text.startswith(("[", "{"))
    return text.startswith("{")
