"""Which text stands now where another one stood: a button that was renamed. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from etl.rules.elements import Element

FEW = 0.1
"""A text is new at a place if it had at most this share of the former one's clicks there."""

ENOUGH = 0.2
"""A new text has at least this share of the clicks that the former one had there in a day."""

LEAST_CLICKS = 5
"""Fewer clicks of a new text say nothing."""


@dataclass(frozen=True)
class Clicks:
    """Clicks on one chain of elements of one page.

    Attributes:
        elements: from the innermost out.
        page: its address, without what differs from visitor to visitor.
        before: clicks before.
        missed: clicks of the day that are looked for.
    """

    elements: Sequence[Element]
    page: str
    before: int
    missed: int


def texts_in_place_of(
    text: str, clicks: Iterable[Clicks], *, a_day: float, has_link: bool = False
) -> list[tuple[str, int]]:
    """The texts that stand where ``text`` stood, on the same element of the same page, with their missed clicks.

    An element is the same if it and those around it have the same tags, classes and places among their siblings.

    Args:
        text: that went quiet.
        clicks: on anything.
        a_day: clicks that it had in a day.
        has_link: whether links must be the same, too.

    Returns:
        The most frequent first.
    """
    texts = [(each, place, found) for each in clicks for place, found in _texts(each, has_link)]
    places = {place for each, place, found in texts if found == text and each.before}
    before, missed = Counter[str](), Counter[str]()
    for each, place, found in texts:
        if place in places:
            before[found] += each.before
            missed[found] += each.missed
    least = max(LEAST_CLICKS, ENOUGH * a_day)
    return [
        (found, count)
        for found, count in missed.most_common()
        if found.strip() and found != text and count >= least and before[found] <= FEW * before[text]
    ]


def _texts(clicks: Clicks, has_link: bool) -> Iterator[tuple[Hashable, str]]:
    """The texts of the elements, each with its place."""
    around = tuple(
        (each.tag, each.classes, each.nth_child, each.nth_of_type, each.attributes.get("href") if has_link else None)
        for each in clicks.elements
    )
    for at, element in enumerate(clicks.elements):
        if element.text is not None:
            yield (clicks.page, around, at), element.text
