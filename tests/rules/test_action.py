"""Actions as PostHog's API and exports write them, and what is refused with its place."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from etl.errors import DefinitionError
from etl.rules.action import read_actions

# As GET /api/projects/:id/actions/ answers, shortened.
FROM_API = {
    "count": 2,
    "next": None,
    "results": [
        {
            "id": 17,
            "name": "Added to cart",
            "description": "",
            "tags": [],
            "post_to_slack": False,
            "slack_message_format": "",
            "steps": [
                {
                    "event": "$autocapture",
                    "properties": [{"key": "plan", "value": ["pro", "team"], "operator": "exact", "type": "event"}],
                    "selector": "button.cta",
                    "selector_regex": "(^|;)button.*?\\.cta",
                    "tag_name": "BUTTON",
                    "text": "Add",
                    "text_matching": None,
                    "href": None,
                    "href_matching": None,
                    "url": "/shop",
                    "url_matching": None,
                },
                {"event": "Added to cart", "properties": None, "url": "", "selector": "", "url_matching": "contains"},
            ],
            "created_at": "2024-01-01T00:00:00Z",
            "deleted": False,
            "is_action": True,
            "is_calculating": False,
            "bytecode": ["_H", 1, 32],
        },
        {"id": 18, "name": "Old", "steps": [], "deleted": True},
    ],
}


def one(step, **members):
    (action,) = read_actions({"name": "A", "steps": [step], **members})
    return action.steps[0]


def test_an_answer_of_the_api():
    action, deleted = read_actions(json.loads(json.dumps(FROM_API)))
    assert (action.name, action.is_deleted, len(action.steps)) == ("Added to cart", False, 2)
    click, sent = action.steps
    assert (click.event, click.selector.text, click.tag_name) == ("$autocapture", "button.cta", "button")
    assert (click.text, click.text_matching) == ("Add", "exact")
    assert (click.href, click.url, click.url_matching) == (None, "/shop", "contains")
    (plan,) = click.filters
    assert (plan.key, plan.operator, plan.texts, plan.is_of_person) == ("plan", "exact", ("pro", "team"), False)
    assert (sent.event, sent.selector, sent.url, sent.filters) == ("Added to cart", None, None, ())
    assert sent.written == {"event": "Added to cart"}
    assert (deleted.name, deleted.is_deleted) == ("Old", True)


@pytest.mark.parametrize("member", ["steps", "action_steps", "groups"])
def test_older_exports(member):
    written = {
        "name": "Bought",
        member: [{"id": 3, "name": "", "action": 4, "event": "$pageview", "url_matching": None}],
    }
    ((action,),) = [read_actions(written)]
    assert [step.event for step in action.steps] == ["$pageview"]
    assert read_actions([written]) == [action]


def test_any_event():
    assert one({"event": None, "url": "/pay", "url_matching": "exact"}).event is None
    assert one({}).event is None


@pytest.mark.parametrize("event", ["$autocapture", "$rageclick", None])
def test_events_with_elements(event):
    assert one({"event": event, "text": "Buy", "text_matching": "contains"}).text == "Buy"


@pytest.mark.parametrize(
    ("filter_", "texts", "numbers"),
    [
        ({"value": "a"}, ("a",), ()),
        ({"value": True}, ("true",), ()),
        ({"value": [1, "b", 2.5], "operator": None}, ("1", "b", "2.5"), (1, Decimal("2.5"))),
        ({"value": 5, "operator": "gt"}, (), (5,)),
        ({"value": " -5.50 ", "operator": "lte"}, (), (Decimal("-5.5"),)),
        ({"value": ["7"], "operator": "gte"}, (), (7,)),
        ({"value": "is_set", "operator": "is_set"}, (), ()),
        ({"operator": "is_not_set"}, (), ()),
        ({"value": r"\bx", "operator": "regex"}, (r"\yx",), ()),
        ({"value": ["a", "b"], "operator": "not_icontains"}, ("a", "b"), ()),
    ],
)
def test_filters(filter_, texts, numbers):
    (read,) = one({"properties": [{"key": "k", **filter_}]}).filters
    assert (read.texts, read.numbers) == (texts, numbers)


@pytest.mark.parametrize(
    ("step", "place"),
    [
        ({"event": "$autocapture", "selector": ".w-1/2"}, "'A', steps[1].selector: '.w-1/2' is no CSS selector"),
        ({"event": "$autocapture", "selector": "a:hover"}, "steps[1].selector: 'a:hover' asks for :hover"),
        ({"event": "$autocapture", "selector": ".a:not(.a)"}, "can match nothing"),
        ({"event": "$autocapture", "tag_name": "a.b"}, "steps[1].tag_name"),
        ({"event": "$autocapture", "text": 5}, "steps[1].text: 5 is no text"),
        ({"event": "$autocapture", "text": "a(?=b)", "text_matching": "regex"}, "steps[1].text: "),
        ({"event": "$autocapture", "href": "x", "href_matching": "glob"}, "steps[1].href_matching: 'glob'"),
        ({"event": "$pageview", "selector": "a"}, "steps[1].selector: can match nothing, because '$pageview'"),
        ({"event": ["a"]}, "steps[1].event"),
        ({"event": "a\0b"}, "U+0000"),
        ({"url": "(", "url_matching": "starts_with"}, "steps[1].url_matching"),
        ({"properties": {"key": "a"}}, "steps[1].properties: a list"),
        ({"properties": [{"value": "a"}]}, "steps[1].properties[0]: a filter"),
        ({"properties": [{"key": "id", "value": 5, "type": "cohort"}]}, "steps[1].properties[0].type: "),
        ({"properties": [{"key": "text", "value": "a", "type": "element"}]}, "filters of type 'element'"),
        ({"properties": [{"key": "a", "value": 1}, {"type": "AND", "values": []}]}, "steps[1].properties[1]: a filter"),
        ({"properties": [{"key": "a", "value": "x", "operator": "is_date_after"}]}, "steps[1].properties[0].operator"),
        ({"properties": [{"key": "a", "value": "x", "operator": "gt"}]}, "gt needs a number"),
        ({"properties": [{"key": "a", "value": True, "operator": "gt"}]}, "gt needs a number"),
        ({"properties": [{"key": "a", "value": [1, 2], "operator": "gt"}]}, "gt needs a number"),
        ({"properties": [{"key": "a"}]}, "steps[1].properties[0].value"),
        ({"properties": [{"key": "a", "value": []}]}, "steps[1].properties[0].value"),
        ({"properties": [{"key": "a", "value": {"b": 1}}]}, "steps[1].properties[0].value"),
        ({"properties": [{"key": "a", "value": "(a)\\1", "operator": "regex"}]}, "steps[1].properties[0].value"),
        ("a", "steps[1]: a step"),
    ],
)
def test_what_is_not_supported_is_refused_with_its_place(step, place):
    with pytest.raises(DefinitionError) as refused:
        read_actions({"name": "A", "steps": [{"event": "ok"}, step]})
    assert place in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("a", "JSON object with `name`"),
        ([1], "JSON object with `name`"),
        ({"steps": []}, "JSON object with `name`"),
        ({"name": "A"}, "no steps"),
        ({"name": "A", "steps": []}, "no steps"),
        ({"name": "A", "steps": {}}, "no steps"),
        ({"name": "A" * 401, "steps": [{}]}, "401 characters"),
        ([{"name": "A", "steps": [{}]}, {"name": "A", "steps": [{}]}], "Several have the name 'A'"),
    ],
    ids=range(8),
)
def test_what_is_no_action(document, reason):
    with pytest.raises(DefinitionError) as refused:
        read_actions(document)
    assert reason in str(refused.value)
