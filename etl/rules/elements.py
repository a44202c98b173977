r"""The elements of an autocaptured event, read from the chain in which PostHog serialises them. Pure.

A chain holds the element that was clicked, then its parent and so on, with ``;`` between them; an element is
``tag.class.class:key="value"key="value"``, classes and keys sorted, with ``\"`` for a quote in a value
(``ops.element_text`` writes it; PostHog: ``elements-chain.ts``). A value may hold ``;``, ``.`` and ``:``, and so may a
class. No backslash is escaped, so a value that ends with one is told from an escaped quote by what follows.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass

MOST_ELEMENTS = 1000
"""Elements of a chain; no page is as deep as that."""

# No name of an attribute is longer: else a chain of nothing but names would be read over and over.
_KEY = r"(?:attr__[^\s\"=]{1,200}|attr_id|href|nth-child|nth-of-type|text)"
_END = rf'(?={_KEY}="|;|$)'
# Read on as long as it can be: `\"` is a quote of the value, unless the chain makes no sense then.
_ATTRIBUTE = rf'({_KEY})="([^"\\]*+(?:\\"?[^"\\]*+)*)"{_END}'
_HEAD = rf'([^".:;]*)(?:(\.[^"]*?)(?::{_END}|$)|:{_END}|(?=;|$))'
_ELEMENT = re.compile(f"{_HEAD}((?:{_ATTRIBUTE})*)(?:;|$)", re.DOTALL)
_ATTRIBUTES = re.compile(_ATTRIBUTE, re.DOTALL)
# The elements around what visitors click on are the same again and again; a page's own text is mostly short.
_REMEMBERED = 10_000
_SHORT = 1000


@dataclass(frozen=True)
class Element:
    """An element of a page.

    Attributes:
        tag: its name, in lower case.
        classes: its classes.
        attributes: what the page's author wrote, by name in lower case, ``class`` and ``id`` among them.
        text: what a visitor reads on it; None where nothing was recorded.
        nth_child: its place among its siblings from 1; None where that was not recorded.
        nth_of_type: the same among those with its tag.
    """

    tag: str
    classes: frozenset[str]
    attributes: Mapping[str, str]
    text: str | None
    nth_child: int | None
    nth_of_type: int | None


def parse_chain(chain: str) -> tuple[Element, ...]:
    """The elements of a chain, from the innermost out; none if it is not one, or has more than ``MOST_ELEMENTS``."""
    elements: list[Element] = []
    at = 0
    while at < len(chain):
        found = _ELEMENT.match(chain, at)
        if found is None or len(elements) == MOST_ELEMENTS:
            return ()
        read = _read_element if found.end() - at <= _SHORT else _read_element.__wrapped__
        elements.append(read(found[1], found[2] or "", found[3]))
        at = found.end()
    return tuple(elements)


@functools.lru_cache(_REMEMBERED)
def _read_element(tag: str, dotted: str, written: str) -> Element:
    values = {each[1]: each[2].replace('\\"', '"') for each in _ATTRIBUTES.finditer(written)}
    attributes = {key[6:].lower(): value for key, value in values.items() if key.startswith("attr__")}
    for name, key in (("id", "attr_id"), ("href", "href")):
        if key in values:
            attributes.setdefault(name, values[key])
    classes = _classes(dotted, attributes.get("class"))
    if classes:
        attributes.setdefault("class", " ".join(sorted(classes)))
    return Element(
        tag=tag.lower(),
        classes=classes,
        attributes=attributes,
        text=values.get("text"),
        nth_child=_place(values.get("nth-child")),
        nth_of_type=_place(values.get("nth-of-type")),
    )


def _classes(dotted: str, written: str | None) -> frozenset[str]:
    """The classes: a class may hold a dot, so they are those of the attribute wherever that is the same as the head."""
    words = (written or "").split()
    if sorted(dotted) == sorted("".join("." + word.replace('"', "") for word in words)):
        return frozenset(words)
    return frozenset(dotted.split(".")) - {""}


def _place(written: str | None) -> int | None:
    """A place from 1; what a client made up is none."""
    return int(written) if written and re.fullmatch("[1-9][0-9]{0,8}", written) else None
