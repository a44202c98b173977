"""A button is renamed, and the step that its action needs is proposed, shown and accepted."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from etl import cli, sql
from etl.errors import DefinitionError
from etl.operate import action
from etl.quality.audit import verify
from etl.quality.daily import check_days
from etl.report.site import build
from etl.rules.action import read_actions
from tests.quality.clicks import BUTTON, store

pytestmark = pytest.mark.long

CANCEL = BUTTON.replace('nth-child="2"nth-of-type="1"text', 'nth-child="3"nth-of-type="2"text')


def noon(ago):
    day = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    return day - timedelta(days=ago)


@pytest.fixture
def define(db, cycle):
    def _define(*steps, name="Bought"):
        action.add(db, read_actions({"name": name, "steps": list(steps)}), team_id=1, by="ann", why="a test")

    cycle()
    for ago in range(8):  # as load makes them for the days of its events
        day = noon(ago).date()
        db.execute("select ops.ensure_day_partition('warehouse', 'stored_event', 'timestamp', %s)", [day])
    return _define


def renamed(db, *, before=30, after=30, text="Add", **columns):
    """A week of one text, and yesterday another one."""
    for ago in range(7, 1, -1):
        store(db, noon(ago), before, text="Purchase")
        store(db, noon(ago), before, text="Cancel", chain=CANCEL)
    store(db, noon(1), after, text=text, **columns)
    store(db, noon(1), before, text="Cancel", chain=CANCEL)


def proposed(db):
    check_days(db)
    return [(row["name"], row["step"], row["events_a_day_before"], row["events"]) for row in action.list_proposals(db)]


PURCHASE = {"event": "$autocapture", "selector": "button.cta", "text": "Purchase"}
ADD = {**PURCHASE, "text": "Add"}


def test_a_life_of_a_proposal(database, db, settings, define, monkeypatch, tmp_path):
    renamed(db, after=28)
    store(db, noon(1), 3, text="Purchase")  # somebody has not loaded the page again
    define(PURCHASE)
    assert proposed(db) == [("Bought", ADD, 30, 28)]
    assert proposed(db) == [("Bought", ADD, 30, 28)]
    monkeypatch.setenv("ETL_DATABASE_URL", database)

    def run(*arguments):
        done = CliRunner().invoke(cli.app, list(arguments), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    shown = run("action", "proposals")
    assert shown.splitlines() == [
        "1  Bought, project 1: 'Add' stands where 'Purchase' stood",
        f"  {noon(1).date()}: 28 clicks that it does not find, 30 a day before",
        "  $autocapture, selector 'button.cta', text exact 'Add'",
        "The same button: etl action accept NUMBER --why TEXT.",
    ]
    assert run("action", "proposals", "--team", "2") == "none\n"
    assert "may need another step: Bought. `etl action proposals`" in run("plan", "drift")
    assert json.loads(run("action", "proposals", "--json"))[0]["step"] == ADD
    build(database, settings, tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert "Actions that may need another step" in page
    assert '<bdi>Purchase</bdi></td><td class="cut"><bdi>Add</bdi></td><td class="num">28</td>' in page
    accepted = run("action", "accept", "1", "--why", "the button was renamed", "--by", "bea")
    assert accepted == "Bought: changed, one step more: $autocapture, selector 'button.cta', text exact 'Add'\n"
    found = action.find(db, "Bought", team_id=1)
    assert (found["steps"], found["decision"], found["decided_by"], found["why"]) == (
        [PURCHASE, ADD], "changed", "bea", "the button was renamed",
    )  # fmt: skip
    # Six days of thirty, yesterday's three and the twenty-eight.
    counted = db.execute("select count(*)::int as n from warehouse.action_events").fetchone()
    assert counted == {"n": 6 * 30 + 3 + 28}
    assert proposed(db) == []
    with pytest.raises(DefinitionError, match="no proposal 1, or its action has changed"):
        action.accept(db, 1, by="bea", why="again")
    build(database, settings, tmp_path)
    assert "Actions that may need another step" not in (tmp_path / "index.html").read_text()
    # The events were not landed, which the audit says; of actions everything agrees.
    assert {trouble.table for trouble in verify(db).troubles} == {"warehouse.stored_event", "warehouse.event_key"}


def test_a_step_without_a_selector_goes_by_the_place(db, define):
    renamed(db)
    store(db, noon(1), 90, text="Help", url="https://shop.example/help")
    define({"text": "Purchase"})
    assert proposed(db) == [("Bought", {"text": "Add"}, 30, 30)]


def test_pages_that_differ_in_an_id_only_are_one(db, define):
    for ago in range(7, 1, -1):
        store(db, noon(ago), 30, text="Purchase", url=f"https://shop.example/item/{ago}?ref=x#top")
    store(db, noon(1), 30, text="Add", url="https://shop.example/item/17")
    define(PURCHASE)
    assert proposed(db) == [("Bought", ADD, 30, 30)]


@pytest.mark.parametrize(
    ("step", "before", "after", "columns"),
    [
        (PURCHASE, 15, 15, {}),  # too few a day to say
        (PURCHASE, 30, 4, {}),  # nor a fifth of what there was
        (PURCHASE, 30, 30, {"url": "https://shop.example/help"}),
        (PURCHASE, 30, 30, {"chain": CANCEL}),
        (PURCHASE, 30, 30, {"chain": BUTTON.replace("btn cta", "btn").replace(".cta", "")}),
        ({**PURCHASE, "selector": "nav button"}, 30, 30, {}),  # the step has never found this button
        ({**PURCHASE, "text": "purchase", "text_matching": "contains"}, 30, 30, {}),
        ({**PURCHASE, "url": "/help"}, 30, 30, {}),
        ({**PURCHASE, "properties": [{"key": "plan", "value": "pro"}]}, 30, 30, {}),
        ({**PURCHASE, "event": "$rageclick"}, 30, 30, {}),
    ],
)
def test_what_is_no_renamed_button_of_this_step(db, define, step, before, after, columns):
    renamed(db, before=before, after=after, **columns)
    define(step)
    assert proposed(db) == []


def test_conditions_on_the_page_and_on_properties_go_on(db, define):
    for ago in range(7, 1, -1):
        store(db, noon(ago), 30, text="Purchase", plan="pro")
    store(db, noon(1), 25, text="Add", plan="pro")
    store(db, noon(1), 60, text="Add", plan="free")
    step = {**PURCHASE, "url": "shop.example%cart", "properties": [{"key": "plan", "value": "pro"}]}
    define(step)
    assert proposed(db) == [("Bought", {**step, "text": "Add"}, 30, 25)]


def test_a_text_that_the_action_finds_already(db, define):
    renamed(db)
    define(PURCHASE, {"event": "$autocapture", "text": "ad", "text_matching": "contains"})
    assert proposed(db) == []


def test_a_day_without_clicks(db, define):
    """A weekend: the text is quiet, and nothing stands in its place."""
    for ago in range(7, 1, -1):
        store(db, noon(ago), 30, text="Purchase")
    store(db, noon(1), 30, "$pageview")
    define(PURCHASE)
    assert proposed(db) == []


def test_a_day_that_is_not_over(db, define):
    for ago in range(7, 0, -1):
        store(db, noon(ago), 30, text="Purchase")
    store(db, noon(0).replace(hour=0), 30, text="Add")
    define(PURCHASE)
    assert proposed(db) == []


def test_one_of_two_texts_that_stood_there_in_turn(db, define):
    for ago in range(7, 1, -1):
        store(db, noon(ago), 30, text="Purchase")
        store(db, noon(ago), 30, text="Buy")
    store(db, noon(1), 60, text="Buy")
    define(PURCHASE)
    assert proposed(db) == []


def test_an_action_that_has_other_steps_now_or_is_disabled(db, define):
    renamed(db)
    define(PURCHASE)
    assert len(proposed(db)) == 1
    define({"event": "Order created"})
    assert action.list_proposals(db) == []
    define(PURCHASE)
    assert len(action.list_proposals(db)) == 1
    action.disable(db, "Bought", team_id=1, by="ann", why="no more")
    assert action.list_proposals(db) == []


def test_a_text_that_names_an_erased_person_is_gone(db, define):
    renamed(db, text="Hello bob-17")
    define(PURCHASE)
    assert len(proposed(db)) == 1
    sql.run(db, "erase/clear_labels", {"team_id": 1, "ids": ["bob-1"]})
    assert len(action.list_proposals(db)) == 1
    sql.run(db, "erase/clear_labels", {"team_id": 1, "ids": ["bob-17"]})
    assert action.list_proposals(db) == []
