"""Incidents: when one begins, lasts, is over and comes back; what people decide about it; where it is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from etl import cli, sql
from etl.errors import EtlError, GateError
from etl.operate.status import read_status
from etl.quality import incidents
from etl.quality.audit import verify
from tests.landing import EPOCH

HOUR = timedelta(hours=1)
FAR = datetime(2000, 1, 1, tzinfo=UTC)


def hours(db, seen, *, source="web", event="", expected=100.0, spread=2.0, first=0):
    """So many events in each hour after EPOCH, where about a hundred are usual."""
    for number, events in enumerate(seen, first):
        db.execute(
            "insert into ops.event_hour values (%s, 1, %s, %s, %s, %s, 1, 0, %s, 9, %s)"
            " on conflict (team_id, source, event, hour_at) do update set events = excluded.events",
            (EPOCH + number * HOUR, source, event, events, events, expected, spread),
        )


@pytest.fixture
def look(db, cycle):
    def _look(hour):
        cycle(at=hour * 3600.0)
        incidents.watch(db, now=EPOCH + hour * HOUR)
        return incidents.list_incidents(db, over_since=FAR)

    return _look


def span(incident):
    over = incident["over_at"] and (incident["over_at"] - EPOCH) / HOUR
    return (incident["since_at"] - EPOCH) / HOUR, over


def test_nothing_is_said_of_an_empty_warehouse(db):
    incidents.watch(db)
    assert incidents.list_incidents(db, over_since=FAR) == []


def test_a_source_that_falls_silent_and_comes_back(db, look):
    hours(db, [100, 100, 3])
    assert look(3) == []  # one hour is no incident
    hours(db, [3, 0], first=2)
    [found] = look(4)
    assert (found["kind"], found["subject"], found["state"]) == ("silent_source", "web", "open")
    assert span(found) == (2, None)
    # 200 were expected in two hours, and 3 came.
    assert (found["events"], found["users"]) == (197, 9)
    hours(db, [100, 100, 100, 100], first=4)
    [found] = look(7)
    assert found["state"] == "open"  # for three hours it may come back
    [found] = look(8)
    assert (found["state"], span(found)) == ("over", (2, 4))


def test_what_comes_back_soon_is_the_same_and_what_comes_back_later_is_another(db, look):
    hours(db, [0, 0, *[100] * 6])
    assert [each["state"] for each in look(8)] == ["over"]
    hours(db, [0, 0], first=8)
    [again] = look(10)
    assert (again["state"], span(again)) == ("open", (0, None))
    hours(db, [100] * 60, first=10)
    assert [each["state"] for each in look(70)] == ["over"]
    hours(db, [0, 0], first=70)
    assert sorted(each["state"] for each in look(72)) == ["open", "over"]


@pytest.mark.parametrize(
    ("seen", "expected", "spread", "is_found"),
    [
        (55, 100.0, 2.0, True),
        (61, 100.0, 2.0, False),  # not below 60 %
        (55, 100.0, 20.0, False),  # usually it varies by more: 4 * 1.4826 * 20 = 119
        (0, 19.0, 0.0, False),  # too few to say
        (10, 25.0, 0.0, False),  # 15 fewer are less than four times the square root of 25
        (4, 25.0, 0.0, True),
    ],
)
def test_how_much_less_is_far_less(db, look, seen, expected, spread, is_found):
    hours(db, [seen] * 3, expected=expected, spread=spread)
    assert len(look(3)) == is_found


def test_an_hour_that_is_not_over_or_not_loaded_says_nothing(db, look, cycle):
    hours(db, [0, 0])
    assert look(1.9) == []
    # The clock goes on, and nothing is loaded: what is missing may only not be loaded yet.
    incidents.watch(db, now=EPOCH + 9 * HOUR)
    assert incidents.list_incidents(db, over_since=FAR) == []


def test_an_event_alone_is_told_and_not_once_more_with_its_source(db, look):
    hours(db, [1000, 1000, 1000, 0, 0, 0])
    hours(db, [0] * 6, event="Order created")
    found = {each["kind"]: span(each) for each in look(6)}
    # The source's own hours explain the last three.
    assert found == {"silent_source": (3, None), "silent_event": (0, None)}
    [event] = [each for each in look(6) if each["kind"] == "silent_event"]
    assert event["events"] == 300


def test_expected_is_the_median_of_the_same_hour_of_four_weeks(db):
    day = EPOCH.date()
    for weeks, events in ((1, 10), (2, 90), (3, 30), (4, 20)):
        hours(db, [events], event="a", first=-24 * 7 * weeks)
    hours(db, [5], event="b", first=-24 * 7)
    hours(db, [7], first=-24 * 7 * 5)  # too old
    db.execute("update ops.event_hour set expected = null, spread = null")
    sql.run(db, "daily/expect_hours", {"day": day})
    rows = db.execute("select event, events, expected, spread from ops.event_hour where hour_at = %s", (EPOCH,))
    # 10, 20, 30, 90: the median is 25, its distances are 15, 5, 5, 65. b was there in one of four weeks only: 0.
    assert [(row["event"], row["events"], row["expected"], row["spread"]) for row in rows] == [("a", 0, 25.0, 10.0)]


def test_one_week_is_not_enough_to_expect_anything(db):
    hours(db, [50], first=-24 * 7)
    sql.run(db, "daily/expect_hours", {"day": EPOCH.date()})
    assert db.execute("select from ops.event_hour where hour_at = %s", (EPOCH,)).fetchall() == []


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("Viewed item 101", "Viewed item <id>"),
        ("order_7f3a9b2c4d_paid 3", "order_7f3a9b2c4d_paid <id>"),
        ("doc 0193f6a2-7b11-7c3d-9e4f-5a6b7c8d9e0f opened", "doc <id> opened"),
        ("job 7f3a9b2c4d done", "job <id> done"),
        ("$pageview", "$pageview"),
        ("Facade added", "Facade added"),
    ],
)
def test_names_that_differ_in_an_id_only_are_one(shared_db, name, pattern):
    found = shared_db.execute("select ops.event_pattern(%s) as found", (name,)).fetchone()["found"]
    assert found == pattern or (name.startswith("order_") and "<id>" in found)


def test_people_acknowledge_and_close(db, look, database, monkeypatch, settings):
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    hours(db, [0, 0])
    [found] = look(2)
    number = str(found["incident_id"])
    [told] = [each for each in read_status(db, settings).problems if each.kind == "incident"]
    assert "A source sends far less than usual: web (0 events in 2 hours where about 200 were expected)" in str(told)
    run = CliRunner().invoke
    assert run(cli.app, ["incident", "acknowledge", number, "--by", "ann", "--why", "a deploy"]).exit_code == 0
    assert [each for each in read_status(db, settings).problems if each.kind == "incident"] == []
    output = run(cli.app, ["incident", "list"]).output
    assert f"{number}  acknowledged  A source sends far less" in output
    assert "acknowledged by ann: a deploy" in output
    assert json.loads(run(cli.app, ["incident", "list", "--json"]).output)[0]["acknowledged_by"] == "ann"
    assert run(cli.app, ["incident", "list", "--team", "7"]).output == "none\n"
    assert run(cli.app, ["incident", "close", number, "--by", "bob", "--why", "it is meant"]).exit_code == 0
    assert run(cli.app, ["incident", "list"]).output == "none\n"
    assert "closed by bob: it is meant" in run(cli.app, ["incident", "list", "--all"]).output
    decisions = db.execute("select record from ops.audit_entry where kind = 'decision' order by entry_id").fetchall()
    assert [row["record"] for row in decisions] == [
        f"incident {number} acknowledged by ann: a deploy",
        f"incident {number} closed by bob: it is meant",
    ]
    assert verify(db).troubles == []


def test_what_was_closed_stays_closed_while_it_is_the_same(db, look):
    hours(db, [0] * 4)
    [found] = look(2)
    incidents.close(db, found["incident_id"], by="ann", why="it is meant")
    db.execute("update ops.incident set over_at = %s", (EPOCH + 2 * HOUR,))
    [again] = look(4)
    assert (again["incident_id"], again["state"]) == (found["incident_id"], "over")


def test_a_decision_that_makes_no_sense_is_refused(db, look):
    hours(db, [0, 0])
    [found] = look(2)
    with pytest.raises(EtlError, match="There is no incident 99"):
        incidents.acknowledge(db, 99, by="ann", why="x")
    with pytest.raises(EtlError, match="Say why"):
        incidents.close(db, found["incident_id"], by="ann", why="  ")
    incidents.close(db, found["incident_id"], by="ann", why="x")
    with pytest.raises(EtlError, match="is over"):
        incidents.acknowledge(db, found["incident_id"], by="ann", why="x")
    with pytest.raises(EtlError, match="was closed by ann"):
        incidents.close(db, found["incident_id"], by="bob", why="x")


def test_info_is_on_the_page_and_no_problem(db, look, settings):
    db.execute(
        "insert into ops.incident (kind, team_id, subject, since_at, last_at, detail, examples)"
        " values ('names_from_ids', 1, 'x <id>', now(), now(), '60 names', '[]')"
    )
    assert [each for each in read_status(db, settings).problems if each.kind == "incident"] == []


def test_a_detector_without_its_entry_is_said_so(monkeypatch):
    written = incidents._written()
    short = incidents._Written(written.hours, written.over_after_hours, written.incidents[1:])
    monkeypatch.setattr(incidents, "_written", lambda: short)
    incidents.kinds.cache_clear()
    with pytest.raises(GateError, match="differ in silent_source"):
        incidents.kinds()
    incidents.kinds.cache_clear()


@pytest.mark.parametrize("name", [kind.name for kind in incidents.kinds().values()])
def test_each_detector_gives_rows_of_one_shape(shared_db, name):
    window = {"since": EPOCH, "until": EPOCH}
    cursor = sql.run(shared_db, f"detectors/{name}", {**window, **incidents.kinds()[name].thresholds})
    shape = "team_id subject since_at last_at events users detail examples"
    assert " ".join(column.name for column in cursor.description) == shape
