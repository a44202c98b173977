"""What PostHog's actions and cohorts have in common: how they are read, and filters on properties. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from etl.errors import DefinitionError
from etl.rules.pattern import to_postgres

T = TypeVar("T")

LONGEST_NAME = 400
"""Characters of a name, as in PostHog."""

WRITTEN = ("key", "value", "operator", "type")
"""The members of a filter that say something."""

_WITHOUT_VALUE = ("is_set", "is_not_set")
_TEXTS = ("exact", "is_not", "icontains", "not_icontains", "regex", "not_regex")
_NUMBERS = ("gt", "gte", "lt", "lte")
_NUMBER = re.compile(r"\s*[-+]?(\d{1,300}\.?\d{0,300}|\.\d{1,300})([eE][-+]?\d{1,3})?\s*", re.ASCII)


class Definition(Protocol):
    """An action or a cohort.

    Attributes:
        name: of it.
        is_deleted: in PostHog, where what is deleted is still exported.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def is_deleted(self) -> bool: ...  # noqa: D102


D = TypeVar("D", bound=Definition)


@dataclass(frozen=True)
class Filter:
    """What a step of an action, or a cohort, asks of a property.

    Attributes:
        is_of_person: of the person, else of the event.
        key: the property's name.
        operator: PostHog's name of the comparison.
        texts: what it is compared with, one of them is enough; regular expressions as PostgreSQL reads them.
        numbers: the same as numbers.
    """

    is_of_person: bool
    key: str
    operator: str
    texts: tuple[str, ...]
    numbers: tuple[Decimal, ...]


def read_each(document: object, read: Callable[[object], D]) -> list[D]:
    """What a JSON document holds: one, a list, or a page of PostHog's API (``results``).

    Args:
        document: JSON.
        read: what one of them is.

    Raises:
        DefinitionError: several have the same name, or as ``read``.
    """
    if isinstance(document, dict) and isinstance(document.get("results"), list):
        document = document["results"]
    found = [read(each) for each in (document if isinstance(document, list) else [document])]
    names = [each.name for each in found if not each.is_deleted]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise DefinitionError(f"Several have the name {repeated[0]!r}.")
    return found


def read_name(document: object, noun: str, members: str) -> tuple[dict[str, Any], str]:
    """A JSON object that has a name, and the name.

    Args:
        document: JSON.
        noun: what it is to be.
        members: the others that it needs, for what is refused.

    Raises:
        DefinitionError: it is none, or its name is too long.
    """
    if not isinstance(document, dict) or not (name := read_text(document, "name", noun)):
        raise DefinitionError(f"{noun}: a JSON object with `name` and {members}, as PostHog's API gives it.")
    if len(name) > LONGEST_NAME:
        raise DefinitionError(
            f"{noun} {name[:40]!r}...: a name of {len(name):,} characters; {LONGEST_NAME} are the most."
        )
    return document, name


def read_filter(written: object, place: str) -> Filter:
    """A filter as PostHog writes it.

    Args:
        written: JSON.
        place: where it stands, for what is refused.

    Raises:
        DefinitionError: it is none, or is not supported; says where.
    """
    if not isinstance(written, dict) or not (key := read_text(written, "key", place)):
        raise DefinitionError(f"{place}: a filter is a JSON object with `key`, `value` and `operator`.")
    kind = written.get("type") or "event"
    if kind not in ("event", "person"):
        raise DefinitionError(f"{place}.type: filters of type {kind!r} are not supported; `event` and `person` are.")
    operator = written.get("operator") or "exact"
    if operator not in (*_WITHOUT_VALUE, *_TEXTS, *_NUMBERS):
        raise DefinitionError(f"{place}.operator: {operator!r} is not supported.")
    texts: tuple[str, ...] = ()
    numbers: tuple[Decimal, ...] = ()
    if operator not in _WITHOUT_VALUE:
        value = written.get("value")
        values: list[Any] = value if isinstance(value, list) else [value]
        if not values or not all(isinstance(each, str | int | float) for each in values):
            raise DefinitionError(f"{place}.value: {operator} needs a text, a number, a boolean, or a list of them.")
        texts = tuple(_as_text(each, place) for each in values)
        if operator in _NUMBERS:
            if len(texts) != 1 or not _NUMBER.fullmatch(texts[0]):
                raise DefinitionError(f"{place}.value: {operator} needs a number.")
            numbers, texts = (Decimal(texts[0].strip()),), ()
        elif operator in {"exact", "is_not"}:
            numbers = tuple(Decimal(str(each)) for each in values if not isinstance(each, str | bool))
        elif operator in {"regex", "not_regex"}:
            texts = tuple(placed(f"{place}.value", to_postgres, text) for text in texts)
    return Filter(kind == "person", key, str(operator), texts, numbers)


def _as_text(value: str | int | float, place: str) -> str:
    """A value as the text that the same value of a property is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _storable(str(value), f"{place}.value")


def read_text(document: Mapping[str, Any], member: str, place: str) -> str | None:
    """A text; None where it is not there, null or empty, which is no condition in PostHog either.

    Raises:
        DefinitionError: it is something else, or no event holds such a text; says where.
    """
    value = document.get(member)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise DefinitionError(f"{place}.{member}: {value!r} is no text.")
    return _storable(value, f"{place}.{member}")


def _storable(text: str, place: str) -> str:
    if "\0" in text:
        raise DefinitionError(f"{place}: can match nothing, because no event holds the character U+0000.")
    return text


def placed(place: str, read: Callable[[str], T], text: str) -> T:
    """What ``read`` makes of a text.

    Raises:
        DefinitionError: what it refuses, with the place.
    """
    try:
        return read(text)
    except DefinitionError as error:
        raise DefinitionError(f"{place}: {error}.") from error
