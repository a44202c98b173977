"""Cohorts as PostHog's API writes them, and what is refused with its place."""

from __future__ import annotations

import pytest

from etl.errors import DefinitionError
from etl.rules.cohort import Alternative, Performed, read_cohorts

PLAN = {"key": "plan", "type": "person", "value": ["pro"], "operator": "exact", "negation": False}
PAGE = {
    "key": "$pageview",
    "type": "behavioral",
    "value": "performed_event",
    "event_type": "events",
    "time_value": 30,
    "time_interval": "day",
    "negation": True,
    "bytecode": ["_H", 1],
    "conditionHash": "7d5a",
}
ORDERS = {
    "key": "Order created",
    "type": "behavioral",
    "value": "performed_event_multiple",
    "event_type": "events",
    "operator": "gte",
    "operator_value": 3,
    "explicit_datetime": "-2w",
}
BOUGHT = {**PAGE, "key": "Bought", "event_type": "actions", "negation": False}


def group(kind, *values):
    return {"type": kind, "values": list(values)}


def of(properties, **members):
    return {"id": 1, "name": "C", "is_static": False, "filters": {"properties": properties}, **members}


def one(document):
    (cohort,) = read_cohorts(document)
    return cohort


def test_an_answer_of_the_api():
    page = {"count": 2, "results": [of(group("OR", group("AND", PLAN, PAGE), group("OR", ORDERS, BOUGHT)), groups=[])]}
    page["results"].append({"name": "C", "deleted": True})
    cohort, deleted = read_cohorts(page)
    assert (cohort.name, cohort.is_deleted, deleted.is_deleted) == ("C", False, True)
    plan, seen, orders, bought = cohort.conditions
    assert (plan.filter.key, plan.filter.operator, plan.filter.texts) == ("plan", "exact", ("pro",))
    assert seen.performed == Performed("$pageview", None, "30 day", "gte", 1)
    assert orders.performed == Performed("Order created", None, "2 week", "gte", 3)
    assert bought.performed == Performed(None, "Bought", "30 day", "gte", 1)
    assert cohort.alternatives == (Alternative((0,), (1,)), Alternative((2,), ()), Alternative((3,), ()))
    written = cohort.written["filters"]["properties"]["values"][0]["values"]
    assert written[0] == {"key": "plan", "type": "person", "value": ["pro"], "operator": "exact"}
    assert written[1] == {
        "key": "$pageview", "type": "behavioral", "value": "performed_event", "event_type": "events",
        "time_value": 30, "time_interval": "day", "negation": True,
    }  # fmt: skip


def test_and_of_ors_is_multiplied_out_and_a_condition_that_stands_twice_is_one():
    cohort = one(of(group("AND", group("OR", PLAN, PAGE), group("OR", PLAN, ORDERS))))
    assert len(cohort.conditions) == 3
    assert set(cohort.alternatives) == {
        Alternative((0,), ()),
        Alternative((0, 2), ()),
        Alternative((0,), (1,)),
        Alternative((2,), (1,)),
    }


def test_a_value_that_is_false_or_nought_is_kept():
    for value in (False, 0):
        cohort = one(of(group("AND", {**PLAN, "value": value})))
        assert cohort.written["filters"]["properties"]["values"][0]["value"] is value


def test_a_list_is_sorted_each_id_once_and_cut_as_events_are():
    cohort = one({"name": "L", "is_static": True, "distinct_ids": ["b", "a", "b", "x" * 201, "x" * 200]})
    assert cohort.conditions[0].distinct_ids == ("a", "b", "x" * 200)
    assert cohort.written == {"is_static": True, "distinct_ids": 3}


@pytest.mark.parametrize(
    ("written", "within"),
    [
        ({"time_value": "7", "time_interval": "week"}, "7 week"),
        ({"time_value": 1, "time_interval": "month"}, "1 month"),
        ({"explicit_datetime": "-12h", "time_value": 1, "time_interval": "year"}, "12 hour"),
        ({"explicit_datetime": "-1y"}, "1 year"),
        ({"explicit_datetime": "-100y"}, "100 year"),
    ],
)
def test_how_far_back(written, within):
    bare = {member: value for member, value in PAGE.items() if not member.startswith("time")}
    assert one(of(group("AND", {**bare, **written}))).conditions[0].performed.within == within


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("x", "Cohort: a JSON object with `name`"),
        ({"name": "C"}, "'C' has no `filters.properties`"),
        ({"name": "C", "groups": [{"days": 7}]}, "the older `groups` and `query` are not supported"),
        ({"name": "C" * 401, "filters": {}}, "a name of 401 characters; 400 are the most"),
        ({"name": "C", "is_static": True}, "'C', distinct_ids: a list of distinct ids"),
        ({"name": "C", "distinct_ids": []}, "'C', distinct_ids: a list of distinct ids"),
        ({"name": "C", "distinct_ids": ["a", " "]}, r"'C', distinct_ids\[1\]: ' ' is no distinct id"),
        ({"name": "C", "distinct_ids": [7]}, r"distinct_ids\[0\]: 7 is no distinct id"),
        ({"name": "C", "distinct_ids": ["x" * 401]}, "longer than 400 characters"),
        ([of(group("AND", PLAN)), of(group("OR", PLAN))], "Several have the name 'C'"),
        (of(group("XOR", PLAN)), "'C', filters.properties: a group is"),
        (of(group(["AND"], PLAN)), "'C', filters.properties: a group is"),
        (of(PLAN), "'C', filters.properties: a group is"),
        (of(group("AND")), "filters.properties.values: no condition"),
        (of(group("AND", group("OR"))), r"filters.properties.values\[0\].values: no condition"),
        (of(group("AND", "x")), r"values\[0\]: a condition is a JSON object"),
        (of(group("AND", {"key": "x"})), r"values\[0\].type: conditions of type None"),
        (of(group("AND", PLAN, {"key": "id", "type": "cohort", "value": 3})), r"values\[1\].type: .*'cohort'"),
        (of(group("AND", {**PLAN, "negation": "yes"})), r"values\[0\].negation: true or false"),
        (of(group("AND", {**PLAN, "operator": "is_date_before"})), r"values\[0\].operator: 'is_date_before'"),
        (of(group("AND", {**PLAN, "operator": ["gt"]})), r"values\[0\].operator"),
        (of(group("AND", {**PLAN, "operator": "regex", "value": "(?=a)"})), r"values\[0\].value: .*not supported"),
        (
            of(group("AND", {**PAGE, "value": "performed_event_first_time"})),
            r"values\[0\].value: 'performed_event_first",
        ),
        (of(group("AND", {**PAGE, "event_type": "screens"})), r"event_type: 'screens'"),
        (of(group("AND", {**PAGE, "key": None})), r"values\[0\].key: the name of an event is missing"),
        (of(group("AND", {**BOUGHT, "key": 17})), r"values\[0\].key: the name of an action"),
        (of(group("AND", {**PAGE, "event_filters": [{}]})), r"event_filters: not supported; make an action"),
        (of(group("AND", {**PAGE, "time_value": 0})), r"time_value: 0 is no whole number over 0"),
        (of(group("AND", {**PAGE, "time_value": True})), r"time_value: True is no whole number"),
        (of(group("AND", {**PAGE, "time_value": None})), r"time_value: None is no whole number"),
        (of(group("AND", {**PAGE, "time_interval": "minute"})), r"time_interval: 'minute' is not hour, day"),
        (of(group("AND", {**PAGE, "time_interval": ["day"]})), r"time_interval"),
        (of(group("AND", {**PAGE, "time_value": 101, "time_interval": "year"})), "longer than 100 years"),
        (of(group("AND", {**ORDERS, "explicit_datetime": "2024-01-01"})), r"explicit_datetime: '2024-01-01'"),
        (of(group("AND", {**ORDERS, "explicit_datetime": "-0d"})), "or none"),
        (of(group("AND", {**ORDERS, "explicit_datetime_to": "-1d"})), "explicit_datetime_to: not supported"),
        (of(group("AND", {**ORDERS, "operator": "between"})), r"operator: 'between'"),
        (of(group("AND", {**ORDERS, "operator_value": 2.5})), r"operator_value: 2.5 is no whole number"),
        (
            {"name": "C", "filters": {"properties": group("AND", PLAN), "filterTestAccounts": True}},
            "filters.filterTestAccounts: not supported",
        ),
    ],
)
def test_what_is_not_supported_is_refused_with_its_place(document, said):
    with pytest.raises(DefinitionError, match=said):
        read_cohorts(document)


def test_too_many_alternatives():
    """Ten ORs of two, multiplied out: 1,024."""
    ors = [group("OR", {**PLAN, "key": f"a{n}"}, {**PLAN, "key": f"b{n}"}) for n in range(10)]
    assert len(one(of(group("AND", *ors[:9]))).alternatives) == 512
    with pytest.raises(DefinitionError, match="more than 1,000 alternatives"):
        read_cohorts(of(group("AND", *ors)))
