"""What must not be kept is gone before it reaches the database, and nothing else is changed."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from etl.capture.privacy import Rules, clean

PLAIN = Rules(team_id=1)


def cleaned(properties: dict[str, Any], rules: Rules = PLAIN) -> dict[str, Any]:
    return json.loads(clean(json.dumps(properties), rules))


def test_nothing_to_do_changes_no_byte() -> None:
    text = '{ "big": 1180591620717411303424, "f": 1.50, "s": "\\u00fc" }'
    assert clean(text, PLAIN) is text
    assert clean('["token"]', PLAIN) == '["token"]'


def test_the_token_is_no_property() -> None:
    text = '{"token": "phc_x", "f": 1.50, "nested": {"token": 1}}'
    assert clean(text, PLAIN, "phc_x") == '{"f":1.50,"nested":{"token": 1}}'
    assert clean(text, PLAIN, "phc_y") is text


def test_an_address_is_kept_only_if_the_project_says_so() -> None:
    assert cleaned({"$ip": "192.0.2.1", "a": 1}) == {"a": 1}
    assert cleaned({"$ip": "192.0.2.1", "a": 1}, Rules(team_id=1, anonymizes_ip=False))["$ip"] == "192.0.2.1"


def test_names_are_dropped_or_hashed_wherever_properties_are() -> None:
    rules = Rules(team_id=1, dropped=frozenset({"secret"}), hashed=frozenset({"email"}), hash_key=b"k" * 32)
    digest = hmac.digest(b"k" * 32, b"a@example.com", hashlib.sha256).hex()
    number = hmac.digest(b"k" * 32, b"7", hashlib.sha256).hex()
    properties = {"secret": 1, "email": "a@example.com", "kept": "a@example.com"}
    expected = {"email": digest, "kept": "a@example.com"}
    assert cleaned({**properties, "$set": properties, "$set_once": {"secret": 1, "email": 7}}, rules) == {
        **expected,
        "$set": expected,
        "$set_once": {"email": number},
    }
    assert cleaned({"email": None, "$set": "text"}, rules) == {"email": None, "$set": "text"}


CHAIN = (
    'span.inner:attr__class="inner"text="4111 1111"nth-child="1"nth-of-type="1";'
    'div.card.ph-no-capture:attr__class="card ph-no-capture"attr__data-x="; \\" y"nth-child="2"nth-of-type="3";'
    'form#f:attr__id="f"text="kept; ph-no-capture in a text"nth-child="1"nth-of-type="1";body:nth-child="2"'
)


def test_a_marked_element_and_what_is_in_it_leave_the_chain() -> None:
    result = cleaned({"$elements_chain": CHAIN, "$el_text": "4111 1111", "$event_type": "click"})
    assert result == {
        "$event_type": "click",
        "$elements_chain": 'span.ph-no-capture:nth-child="1"nth-of-type="1";'
        'div.ph-no-capture:nth-child="2"nth-of-type="3";'
        'form#f:attr__id="f"text="kept; ph-no-capture in a text"nth-child="1"nth-of-type="1";body:nth-child="2"',
    }


@pytest.mark.parametrize("element", ['b:attr__class="x ph-no-capture"text="t"', 'b.md:p-4.ph-no-capture:text="t"'])
def test_the_class_is_found_in_both_places(element: str) -> None:
    assert cleaned({"$elements_chain": element})["$elements_chain"] == "b.ph-no-capture:"


def test_a_text_or_a_longer_class_is_no_mark() -> None:
    for chain in ('p:text="ph-no-capture"', 'p.ph-no-capture-not:text="x"', 'p.my-ph-no-capture:text="x"'):
        assert cleaned({"$elements_chain": chain, "$el_text": "x"}) == {"$elements_chain": chain, "$el_text": "x"}


@pytest.mark.parametrize(
    "classes",
    [{"classes": ["a", "ph-no-capture"]}, {"attr__class": "a ph-no-capture"}, {"attr_class": ["ph-no-capture"]}],
)
def test_elements_as_an_array(classes: dict[str, Any]) -> None:
    inner = {"tag_name": "span", "$el_text": "4111", "nth_child": 1, "attr__value": "4111"}
    outer = {"tag_name": "body", "attr__id": "kept"}
    elements = cleaned({"$elements": [inner, {"tag_name": "div", **classes, "href": "/4111"}, outer]})["$elements"]
    assert elements == [
        {"tag_name": "span", "nth_child": 1, "classes": ["ph-no-capture"]},
        {"tag_name": "div", "classes": ["ph-no-capture"]},
        outer,
    ]


@pytest.mark.parametrize(
    "odd", ["", '"', "\\", 'a:b="ph-no-capture', 'x.ph-no-capture:y="\\', ";;;ph-no-capture;", "ph-no-capture" * 9]
)
def test_odd_chains_break_nothing(odd: str) -> None:
    assert isinstance(cleaned({"$elements_chain": odd, "$elements": [1, None, odd]}), dict)
