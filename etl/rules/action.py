"""PostHog's actions, read from the JSON of its API and of exports. Pure.

An action is a name for "any of these steps happened"; a step is met where all of its conditions are. What is not
supported is refused when it is read, with its place, so that no action counts something else than it says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from etl.errors import DefinitionError
from etl.rules.definition import WRITTEN, Filter, placed, read_each, read_filter, read_name, read_text
from etl.rules.pattern import to_postgres
from etl.rules.selector import Selector

STEPS = ("steps", "action_steps", "groups")
"""The member that holds the steps: in the API, and in older exports."""

WITH_ELEMENTS = ("$autocapture", "$rageclick", "$dead_click", "$copy_autocapture")
"""Events of which SDKs record the elements."""

_MATCHINGS = ("exact", "contains", "regex")


@dataclass(frozen=True)
class Step:
    """One way in which an action happens: all conditions together; what is None is none.

    Attributes:
        event: the name of the event.
        selector: CSS of one of the elements.
        tag_name: of one of them, in lower case.
        text: on one of them, matched as ``text_matching`` says: ``exact``, ``contains``, ``regex``.
        href: of one of them.
        url: of the page.
        filters: on properties.
        written: what was read of it, as JSON, without what is no condition.
    """

    event: str | None
    selector: Selector | None
    tag_name: str | None
    text: str | None
    text_matching: str
    href: str | None
    href_matching: str
    url: str | None
    url_matching: str
    filters: tuple[Filter, ...]
    written: Mapping[str, Any]


@dataclass(frozen=True)
class Action:
    """A name, and the steps of which any is enough.

    Attributes:
        name: of the action.
        steps: at least one, or none of an action that is deleted.
        is_deleted: in PostHog, where deleted actions are still exported.
    """

    name: str
    steps: tuple[Step, ...]
    is_deleted: bool


def read_actions(document: object) -> list[Action]:
    """The actions of a JSON document: one, a list of them, or a page of PostHog's API (``results``).

    Raises:
        DefinitionError: it is not that, or one of them is not supported; says where.
    """
    return read_each(document, _action)


def _action(written: object) -> Action:
    document, name = read_name(written, "Action", "`steps`")
    if document.get("deleted") is True:
        return Action(name, (), is_deleted=True)
    member = next((member for member in STEPS if document.get(member)), STEPS[0])
    steps = document.get(member)
    if not isinstance(steps, list) or not steps:
        raise DefinitionError(f"Action {name!r} has no steps: PostHog's API has a list of them in `steps`.")
    return Action(name, tuple(_step(step, f"Action {name!r}, {member}[{at}]") for at, step in enumerate(steps)), False)


def _step(step: object, place: str) -> Step:
    if not isinstance(step, dict):
        raise DefinitionError(f"{place}: a step is a JSON object.")
    event = read_text(step, "event", place)
    selector, tag_name = read_text(step, "selector", place), read_text(step, "tag_name", place)
    if tag_name and not re.fullmatch(r"[^\s.:;\"]+", tag_name):
        raise DefinitionError(f"{place}.tag_name: {tag_name!r} can match nothing: it is no name of a tag.")
    text, text_matching = _matched(step, "text", "exact", place)
    href, href_matching = _matched(step, "href", "exact", place)
    url, url_matching = _matched(step, "url", "contains", place)
    elements = {"selector": selector, "tag_name": tag_name, "text": text, "href": href}
    asked = [member for member, value in elements.items() if value is not None]
    if asked and event is not None and event not in WITH_ELEMENTS:
        raise DefinitionError(
            f"{place}.{asked[0]}: can match nothing, because {event!r} has no elements; leave it out, or let "
            "`event` be $autocapture."
        )
    filters = step.get("properties") or []
    if not isinstance(filters, list):
        raise DefinitionError(f"{place}.properties: a list of filters; nothing else is supported.")
    return Step(
        event=event,
        selector=None if selector is None else placed(f"{place}.selector", Selector, selector),
        tag_name=tag_name and tag_name.lower(),
        text=text,
        text_matching=text_matching,
        href=href,
        href_matching=href_matching,
        url=url,
        url_matching=url_matching,
        filters=tuple(read_filter(each, f"{place}.properties[{at}]") for at, each in enumerate(filters)),
        written=_written(step),
    )


def _written(step: Mapping[str, Any]) -> dict[str, Any]:
    conditions = ("event", "selector", "tag_name", "text", "href", "url")
    written = {member: step[member] for member in conditions if step.get(member)}
    for member in ("text", "href", "url"):
        if member in written and (matching := step.get(f"{member}_matching")):
            written[f"{member}_matching"] = matching
    if step.get("properties"):
        written["properties"] = [
            {member: each[member] for member in WRITTEN if each.get(member) is not None} for each in step["properties"]
        ]
    return written


def _matched(step: Mapping[str, Any], member: str, default: str, place: str) -> tuple[str | None, str]:
    """A text that a step asks for, and how; a regular expression as PostgreSQL reads it."""
    wanted, matching = read_text(step, member, place), step.get(f"{member}_matching") or default
    if matching not in _MATCHINGS:
        raise DefinitionError(f"{place}.{member}_matching: {matching!r} is not {', '.join(_MATCHINGS)}.")
    if wanted is not None and matching == "regex":
        wanted = placed(f"{place}.{member}", to_postgres, wanted)
    return wanted, matching
