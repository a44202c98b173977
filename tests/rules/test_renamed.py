"""What is the same button with another text, and what is another button."""

from __future__ import annotations

import pytest

from etl.rules.elements import parse_chain
from etl.rules.renamed import Clicks, texts_in_place_of

CHAIN = 'button.cta:nth-child="{}"nth-of-type="1"text="{}";div.card:nth-child="1"nth-of-type="1"'


def clicks(text, before, missed, *, place=2, page="/cart", chain=CHAIN):
    return Clicks(parse_chain(chain.format(place, text)), page, before, missed)


PURCHASE = clicks("Purchase", 700, 0)


@pytest.mark.parametrize(
    ("others", "found"),
    [
        ([clicks("Add", 0, 90)], [("Add", 90)]),
        ([clicks("Add", 70, 90)], [("Add", 90)]),  # a tenth: seen on the day of the release
        ([clicks("Add", 71, 90)], []),  # one of two variants that there always were
        ([clicks("Add", 0, 20)], [("Add", 20)]),
        ([clicks("Add", 0, 19)], []),  # less than a fifth of a hundred a day
        ([clicks("Add", 0, 90, place=3)], []),
        ([clicks("Add", 0, 90, page="/help")], []),
        ([clicks("Add", 0, 50), clicks("Buy", 0, 60)], [("Buy", 60), ("Add", 50)]),
        ([clicks("Add", 0, 90), clicks("Add", 900, 0, page="/help")], [("Add", 90)]),
        ([clicks("", 0, 90), clicks("  ", 0, 90)], []),
        ([clicks("Add", 0, 90, chain=CHAIN.replace(".cta", ".cta.wide"))], []),
        ([clicks("Add", 0, 90, chain='span:text="+";' + CHAIN)], []),
    ],
)
def test_the_same_place(others, found):
    assert texts_in_place_of("Purchase", [PURCHASE, *others], a_day=100) == found


def test_a_text_of_an_element_around_the_clicked_one():
    chain = 'span:text="+{}";button.cta:nth-child="1"text="{}"'
    old, new = (Clicks(parse_chain(chain.format(1, text)), "/", 700 * (text == "Buy"), 90) for text in ("Buy", "Order"))
    assert texts_in_place_of("Buy", [old, new], a_day=100) == [("Order", 90)]


def test_a_link_must_be_the_same_where_it_is_asked_for():
    chain = 'a:href="/{}"text="{}"'
    old, new = (
        Clicks(parse_chain(chain.format("a", "Old")), "/", 700, 0),
        Clicks(parse_chain(chain.format("b", "New")), "/", 0, 90),
    )
    assert texts_in_place_of("Old", [old, new], a_day=100) == [("New", 90)]
    assert texts_in_place_of("Old", [old, new], a_day=100, has_link=True) == []


def test_few_clicks_say_nothing():
    old, new = clicks("Purchase", 28, 0), clicks("Add", 0, 4)
    assert texts_in_place_of("Purchase", [old, new], a_day=4) == []
