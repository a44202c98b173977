"""Actions: what readers count of them, what was decided about them, and that nothing of it depends on batches."""

from __future__ import annotations

import json

import pytest

from etl.errors import ActionError
from etl.operate import action
from etl.quality.audit import verify
from etl.rules.action import read_actions

BUTTON = 'button.btn:attr__class="btn"nth-child="1"nth-of-type="1"text="{}"'


@pytest.fixture
def add(db):
    """Add an action by its name and steps; gives what was decided."""

    def _add(name, *steps, **members):
        (outcome,) = action.add(
            db, read_actions({"name": name, "steps": list(steps), **members}), team_id=1, by="ann", why="a test"
        )
        return outcome.decision

    return _add


@pytest.fixture
def click(land):
    """Land a click on a button with a text."""

    def _click(text, distinct_id="u1", *, at=0, **columns):
        properties = {"$elements_chain": BUTTON.format(text), **columns.pop("properties", {})}
        return land("$autocapture", distinct_id, at=at, properties={"$device_id": distinct_id, **properties}, **columns)

    return _click


def counts(db, name=None):
    """Events and persons of each action, all days together."""
    rows = db.execute(
        "select action, count(*)::int as events, count(distinct person_id)::int as persons"
        " from warehouse.action_events group by action"
    )
    found = {row["action"]: (row["events"], row["persons"]) for row in rows}
    return found.get(name, (0, 0)) if name else found


def agrees(db):
    assert verify(db).troubles == []


def test_texts_that_drifted_are_one_action(db, add, click, cycle):
    click("Purchase", "a")
    click("Other", "b")
    cycle(at=1)
    assert add("Bought", {"event": "$autocapture", "text": "Purchase"}, {"event": "$autocapture", "text": "Add"}) == "added"
    assert counts(db, "Bought") == (1, 1)
    click("Add", "a", at=2)
    click("Add", "c", at=2)
    click("Add to list", "d", at=2)
    cycle(at=3)
    assert counts(db, "Bought") == (3, 2)
    agrees(db)
