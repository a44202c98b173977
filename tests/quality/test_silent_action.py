"""An action that finds nothing any more is an incident, and one that is quiet anyway is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from etl import sql
from etl.operate import action
from etl.quality import incidents
from etl.rules.action import read_actions
from tests.landing import EPOCH
from tests.quality.clicks import store

pytestmark = pytest.mark.long

HOUR = timedelta(hours=1)
FAR = datetime(2000, 1, 1, tzinfo=UTC)
# EPOCH is a Friday, 12:00. The shop is open from 8 to 20 o'clock on weekdays, and its pages are seen at all hours.
RELEASE = EPOCH


@pytest.fixture
def look(db, cycle):
    """Count the hours up to one after ``RELEASE``, and look for incidents; gives those of actions."""

    def _look(hour):
        now = RELEASE + hour * HOUR
        for day in sorted({(now - back * HOUR).date() for back in range(0, 24 * 32, 24)}):
            sql.run(db, "daily/count_hours", {"day": day})
        for back in (2, 1, 0):
            sql.run(db, "daily/expect_hours", {"day": now.date() - timedelta(days=back)})
        cycle(at=hour * 3600.0)
        incidents.watch(db, now=now)
        return [each for each in incidents.list_incidents(db, over_since=FAR) if each["kind"] == "silent_action"]

    return _look


def weeks(db, *, hours, clicks, weeks=4, pages=100, only=lambda hour: 8 <= hour.hour < 20 and hour.weekday() < 5):
    """Four weeks as usual, then so many hours after the release without the old text."""
    first = RELEASE - timedelta(weeks=weeks)
    for number in range(weeks * 7 * 24 + hours):
        hour = first + number * HOUR
        store(db, hour, pages, "$pageview")
        if only(hour) and hour < RELEASE:
            store(db, hour, clicks, text="Purchase")


def define(db, *texts, name="Bought"):
    steps = [{"event": "$autocapture", "text": text} for text in texts]
    action.add(db, read_actions({"name": name, "steps": steps}), team_id=1, by="ann", why="a test")


def test_a_renamed_button_and_the_step_that_finds_it(db, look):
    weeks(db, hours=5, clicks=10)
    for number in range(5):
        store(db, RELEASE + number * HOUR, 10, text="Add")
    define(db, "Purchase")
    assert look(2) == []  # two hours may be a coincidence
    [found] = look(4)
    assert (found["subject"], found["state"], found["team_id"]) == ("Bought", "open", 1)
    # The last click was ten seconds after 11:00, five hours before; 12 to 16 o'clock has four times ten elsewhere.
    assert found["since_at"] == RELEASE - HOUR + timedelta(seconds=10)
    assert (found["events"], found["users"]) == (40, 10)
    assert found["detail"] == "nothing in 5 hours where about 40 events were expected"
    assert "etl action proposals" in incidents.kinds()["silent_action"].remedy
    # The step counts past clicks too, and the incident is over three hours later.
    define(db, "Purchase", "Add")
    for number in range(5, 8):
        store(db, RELEASE + number * HOUR, 10, text="Add")
    [over] = look(8)
    assert over["state"] == "over"


@pytest.mark.parametrize(
    ("hour", "clicks"),
    [
        (8 + 15, 50),  # Saturday, 11:00: nobody clicks at night and on weekends
        (24 + 24, 50),  # Sunday, 12:00
        (5, 2),  # ten in these hours are too few to say
    ],
)
def test_one_that_is_quiet_anyway(db, look, hour, clicks):
    """The release is not one: on Friday it is clicked as ever."""
    weeks(db, hours=hour, clicks=clicks)
    if hour > 8:
        for number in range(8):
            store(db, RELEASE + number * HOUR, clicks, text="Purchase")
    define(db, "Purchase")
    assert look(hour) == []


def test_what_its_source_explains_is_not_said_twice(db, look):
    weeks(db, hours=5, clicks=10)
    db.execute("delete from warehouse.stored_event where timestamp >= %s", (RELEASE,))
    define(db, "Purchase")
    assert look(5) == []


def test_one_week_is_not_enough_to_expect_anything(db, look):
    weeks(db, hours=5, clicks=10, weeks=1)
    define(db, "Purchase")
    assert look(5) == []


def test_one_that_never_found_anything_or_is_disabled(db, look):
    weeks(db, hours=5, clicks=10)
    define(db, "No such text")
    define(db, "Purchase", name="Off")
    action.disable(db, "Off", team_id=1, by="ann", why="a test")
    assert look(5) == []


def test_a_few_clicks_are_not_none(db, look):
    """Stale tabs: it still finds something; `etl action proposals` is for that."""
    weeks(db, hours=5, clicks=10)
    store(db, RELEASE + 3 * HOUR, 1, text="Purchase")
    define(db, "Purchase")
    assert look(5) == []
