"""The recipes of sql/recipes, on a history of two weeks; every number is worked out by hand."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal

import psycopg
import pytest

from etl import sql
from tests.history import act, land_two_weeks

FOLDER = sql.resource("sql") / "recipes"
BOTH_WEEKS = {"team_id": 1, "since": "2022-07-04", "until": "2022-07-18"}

# Recipe, what it is asked, what comes out.
ANSWERS = [
    (
        "trend",
        {"event": "$pageview", "until": "2022-07-08"},
        [(date(2022, 7, 4), 2, 2), (date(2022, 7, 5), 1, 1), (date(2022, 7, 6), 1, 1), (date(2022, 7, 7), 0, 0)],
    ),
    ("breakdown", {"event": "$pageview", "property": "$browser"}, [("Chrome", 3, 2), (None, 2, 2), ("Firefox", 1, 1)]),
    # Ann looks, orders, and looks again two days later; Bob orders a day later.
    (
        "funnel",
        {"first": "$pageview", "second": "Order created", "third": "$pageview", "within": "7 days"},
        [(3, 2, 1)],
    ),
    (
        "funnel",
        {"first": "$pageview", "second": "Order created", "third": "$pageview", "within": "1 hour"},
        [(3, 1, 0)],
    ),
    (
        "retention",
        {"event": "$pageview", "returning_event": "$pageview"},
        [(date(2022, 7, 4), 0, 3, 3), (date(2022, 7, 4), 1, 3, 2), (date(2022, 7, 11), 0, 2, 2)],
    ),
    (
        "retention",
        {"event": "$pageview", "returning_event": "Order created"},
        [(date(2022, 7, 4), 0, 3, 2), (date(2022, 7, 4), 1, 3, 1), (date(2022, 7, 11), 0, 2, 1)],
    ),
    # Bob on one day; the visitor on two; Ann on three, one of them before it was known who she is.
    ("stickiness", {"event": "$pageview"}, [(1, 1), (2, 1), (3, 1)]),
    ("groups", {"event": "Order created", "group_type": "company"}, [("acme", "Acme", 2, 1)]),
    # A number sent as text counts; a text that is no number adds nothing and breaks nothing.
    (
        "property_sum",
        {"event": "Order created", "property": "subtotal", "by": "planId"},
        [
            (date(2022, 7, 4), "pro", Decimal(10), Decimal(10), 1),
            (date(2022, 7, 5), "free", Decimal("5.5"), Decimal("5.5"), 1),
            (date(2022, 7, 11), "pro", None, None, 1),
        ],
    ),
    (
        "sessions",
        {},
        [
            (date(2022, 7, 4), "$direct", 1, 1, 1, 0, 1),
            (date(2022, 7, 4), "google", 1, 1, 0, 120, 1),
            (date(2022, 7, 5), "bing.com", 1, 1, 1, 0, 1),
        ],
    ),
]


def ask(db, recipe, **parameters):
    text = (FOLDER / f"{recipe}.sql").read_text()
    return [tuple(row.values()) for row in db.execute(text, BOTH_WEEKS | parameters).fetchall()]


@pytest.fixture
def two_weeks(land, cycle):
    land_two_weeks(land, cycle)


def test_answers_worked_out_by_hand(db, two_weeks):
    for recipe, parameters, answer in ANSWERS:
        assert ask(db, recipe, **parameters) == answer, recipe


def test_the_script_counts_and_draws(database, db, two_weeks, tmp_path):
    """Ann and her device are two ids on the day of her sign-up."""
    page = tmp_path / "users.html"
    script = [sys.executable, FOLDER / "unique_users.py", database, page]
    shown = subprocess.run(script, check=True, capture_output=True, text=True).stdout
    assert [tuple(line.split()) for line in shown.splitlines()[2:]] == [
        ("2022-07-04", "00:00:00+00:00", "3", "2"),
        ("2022-07-05", "00:00:00+00:00", "2", "2"),
        ("2022-07-06", "00:00:00+00:00", "1", "1"),
        ("2022-07-11", "00:00:00+00:00", "2", "2"),
    ]
    (spec,) = re.findall(r"var spec = (\{.*?\});\n", page.read_text())
    (rows,) = json.loads(spec)["datasets"].values()
    assert {(row["day"][:10], row["counted"], row["number"]) for row in rows} >= {
        ("2022-07-04", "distinct_ids", 3),
        ("2022-07-04", "users", 2),
    }
    assert len(rows) == 8


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati"])
@pytest.mark.parametrize("form", [str, date.fromisoformat, datetime.fromisoformat], ids=["text", "date", "time"])
def test_the_time_zone_of_the_session_changes_nothing(db, two_weeks, zone, form):
    db.execute(f"set time zone '{zone}'")
    for recipe, parameters, rows in ANSWERS:
        days = {name: form(day) for name, day in (BOTH_WEEKS | parameters).items() if name in {"since", "until"}}
        assert ask(db, recipe, **parameters | days) == rows, recipe


def test_a_time_with_a_zone_is_refused(db, two_weeks):
    """Its zone would be dropped without a word."""
    with pytest.raises(psycopg.errors.InvalidDatetimeFormat):
        ask(db, "trend", event="$pageview", since=datetime(2022, 7, 4, tzinfo=UTC))


def test_every_recipe_has_an_answer():
    assert {recipe for recipe, _, _ in ANSWERS} == {path.stem for path in FOLDER.glob("*.sql")}


def test_other_projects_are_left_out(db, two_weeks):
    for recipe, parameters, _ in ANSWERS:
        persons = [row[1:] for row in ask(db, recipe, **parameters | {"team_id": 2})]
        assert not any(value for row in persons for value in row), recipe


def test_a_funnel_takes_the_start_that_leaves_most_time(db, land, cycle):
    """Eve's second start counts; Fay's order came before her look; Gil pays a day too late for his look."""
    for who, event, at in [
        ("eve", "look", "01 10:00"),
        ("eve", "look", "09 10:00"),
        ("eve", "order", "10 10:00"),
        ("eve", "pay", "11 09:00"),
        ("fay", "order", "01 09:00"),
        ("fay", "look", "01 10:00"),
        ("gil", "look", "01 10:00"),
        ("gil", "order", "02 10:00"),
        ("gil", "pay", "03 11:00"),
    ]:
        act(land, who, event, at)
    cycle()
    steps = {"first": "look", "second": "order", "third": "pay", "since": "2022-07-01"}
    assert ask(db, "funnel", within="2 days", **steps) == [(3, 2, 1)]
    assert ask(db, "funnel", within="3 days", **steps) == [(3, 2, 2)]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.sql")), ids=lambda path: path.stem)
def test_a_recipe_says_what_it_asks_for(path):
    """Its comment names each parameter, in words that its text uses."""
    text = path.read_text()
    comment = " ".join(re.findall(r"^-- (.*)$", text, re.MULTILINE))
    asked = set(re.findall(r"%\((\w+)\)s", text))
    assert {"team_id", "since", "until"} <= asked
    assert [name for name in asked if not re.search(rf"\b{name}\b", comment)] == []
