"""At least and at most so many unique users: cases worked out by hand from the rule (sql/report/count_bounds.sql)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from etl import sql
from etl.operate import merge, quarantine
from etl.operate.quarantine import Selection
from etl.report.refresh import refresh
from tests.landing import EPOCH, moment

DAY = EPOCH.date()
HOURS = 3600.0


@pytest.fixture
def bounds(db, settings):
    def _bounds(day=DAY):
        refresh(db, settings, now=EPOCH + timedelta(hours=6))
        row = sql.one(db, "report/count_bounds", {"day": day})
        return row["at_least"], row["counted"], row["at_most"]

    return _bounds


def visit(land, who, at=0.0, **columns):
    land("page", who, at=at, properties={"$device_id": who, **columns.pop("properties", {})}, **columns)


def identify(land, user, other, at=1.0):
    land("$identify", user, at=at, properties={"$anon_distinct_id": other})


def test_nothing_is_in_doubt(land, cycle, bounds):
    assert bounds() == (0, 0, 0)
    for who in ("a", "b", "c"):
        visit(land, who)
    cycle(at=2)
    assert bounds() == (3, 3, 3)


def test_a_refused_merge_of_two_users_of_the_day_may_make_them_one(land, cycle, bounds):
    """Both are identified, so the merge is refused; if somebody accepts it, two are one."""
    for who in ("u1", "u2"):
        identify(land, who, f"{who}-phone")
    cycle(at=2)
    identify(land, "u1", "u2", at=3)
    cycle(at=4)
    assert bounds() == (1, 2, 2)


def test_three_merges_between_three_users_leave_one_not_none(land, cycle, bounds):
    for who in ("u1", "u2", "u3"):
        identify(land, who, f"{who}-phone")
    cycle(at=2)
    for who, other in (("u1", "u2"), ("u2", "u3"), ("u3", "u1")):
        identify(land, who, other, at=3)
    cycle(at=4)
    assert bounds() == (1, 3, 3)


def test_two_users_of_the_day_may_be_one_by_way_of_a_third_who_was_not_there(land, cycle, bounds):
    """u2 was there the day before only: u1 and u3 can still become one person through it."""
    for who in ("u1", "u2", "u3"):
        identify(land, who, f"{who}-phone", at=-24 * HOURS)
    cycle(at=-24 * HOURS + 1)
    for who, other in (("u2", "u1"), ("u2", "u3")):
        identify(land, who, other, at=-24 * HOURS + 2)
    cycle(at=-24 * HOURS + 3)
    for who in ("u1", "u3"):
        visit(land, f"{who}-phone")
    cycle(at=2)
    assert bounds() == (1, 2, 2)
    assert bounds(DAY - timedelta(days=1)) == (1, 3, 3)


def test_a_merge_with_somebody_who_was_not_there_that_day_changes_nothing(land, cycle, bounds):
    for who, at in (("u1", 0.0), ("u2", -24 * HOURS)):
        identify(land, who, f"{who}-phone", at=at)
    cycle(at=2)
    land("$create_alias", "u2", at=-23 * HOURS, timestamp=moment(-23 * HOURS).isoformat(), properties={"alias": "u1"})
    cycle(at=4)
    assert bounds() == (1, 1, 1)


@pytest.mark.parametrize("decide", [merge.accept, merge.reject])
def test_what_somebody_has_decided_is_in_doubt_no_more(db, land, cycle, bounds, decide):
    for who in ("u1", "u2"):
        identify(land, who, f"{who}-phone")
    cycle(at=2)
    identify(land, "u1", "u2", at=3)
    cycle(at=4)
    [refused] = merge.list_refused(db, status="open")
    decide(db, refused["uuid"], by="ann", why="asked them")
    cycle(at=10)
    count = 1 if decide is merge.accept else 2
    assert bounds() == (count, count, count)


def test_quarantined_rows_of_three_unknown_ids_may_be_three_more(db, land, cycle, bounds):
    visit(land, "a")
    for who in ("x", "y", "y", "z"):
        land("", who, at=1)
    cycle(at=2)
    assert bounds() == (1, 1, 4)
    assert quarantine.discard(db, Selection(event=""), why="an old test", who="ann") == 4
    assert bounds() == (1, 1, 1)


def test_a_quarantined_row_of_somebody_counted_adds_nobody(land, cycle, bounds):
    visit(land, "a")
    identify(land, "anna", "a")
    for who in ("a", "anna"):
        land("", who, at=2)
    cycle(at=3)
    assert bounds() == (1, 1, 1)


def test_two_ids_of_one_known_person_who_was_not_there_may_be_one_more(land, cycle, bounds):
    visit(land, "a", at=-24 * HOURS)
    identify(land, "anna", "a", at=-24 * HOURS + 1)
    cycle(at=-24 * HOURS + 2)
    visit(land, "b")
    for who in ("a", "anna"):
        land("", who, at=2)
    cycle(at=3)
    assert bounds() == (1, 1, 2)


def test_each_row_without_an_id_may_be_one_more(land, cycle, bounds):
    visit(land, "a")
    for who in (None, "  ", "undefined"):
        land("" if who == "undefined" else "page", who, at=1)
    cycle(at=2)
    assert bounds() == (1, 1, 4)


def test_a_quarantined_row_counts_on_the_day_on_which_it_happened(land, cycle, bounds):
    """Its own time, corrected by what its client's clock is wrong, as of any event; unreadable: its arrival."""
    visit(land, "a")
    land("", "x", at=1, timestamp=moment(-24 * HOURS).isoformat())
    land("", "y", at=1, timestamp=moment(-24 * HOURS).isoformat(), sent_at=moment(-24 * HOURS).isoformat())
    land("", "z", at=1, timestamp="last tuesday")
    cycle(at=2)
    assert bounds() == (1, 1, 3)
    assert bounds(DAY - timedelta(days=1)) == (0, 0, 1)


def test_held_events_of_two_unmatched_ids_may_be_two_more_and_are_not_counted_twice(land, cycle, bounds):
    visit(land, "a")
    for who in ("u1", "u1", "u2"):
        land("page", who, at=1)
    land("", "u1", at=1)
    cycle(at=2)
    assert bounds() == (1, 1, 3)


def test_a_merge_that_waits_in_quarantine_may_make_two_users_one(db, land, cycle, bounds):
    visit(land, "a")
    visit(land, "b")
    land("$identify", "a", at=1, properties={"$anon_distinct_id": "b"}, uuid="not-a-uuid")
    cycle(at=2)
    assert db.execute("select event from quarantine.event").fetchall() == [{"event": "$identify"}]
    assert bounds() == (1, 2, 2)


def test_a_placeholder_may_be_nobody_new_or_a_user_for_each_of_its_events(land, cycle, bounds):
    visit(land, "a")
    for _ in range(5):
        land("page", "undefined", at=1, properties={"$device_id": "undefined"})
    cycle(at=2)
    assert bounds() == (1, 2, 6)


def test_projects_are_kept_apart(db, land, cycle, bounds):
    db.execute("insert into landing.project (team_id, name) values (7, 'shop')")
    for team in (1, 7):
        visit(land, "a", team_id=team)
    land("", "a", at=1, team_id=7)
    land("", "x", at=1, team_id=1)
    land("", "x", at=1, team_id=7)
    cycle(at=2)
    assert bounds() == (2, 2, 4)


def test_a_hub_of_many_refused_merges_is_walked_in_no_time(db, bounds):
    """A shared device: 5,000 users of the day whose merges with one person were refused."""
    db.execute(
        """insert into warehouse.person_distinct_id
               (team_id, distinct_id, person_id, is_personless, tied_by_uuid, updated_at)
           select 1, 'u' || n, md5('p' || n)::uuid, false, md5('x')::uuid, now() from generate_series(0, 5000) as n"""
    )
    db.execute(
        """insert into warehouse.merge
           select 1, 'u' || n, md5('e' || n)::uuid, 'u0', '$identify', now(), now(), '9', n, 1, 'refused',
               null, null, md5('p' || n)::uuid, 'already identified', false
           from generate_series(1, 5000) as n"""
    )
    db.execute(
        """insert into ops.report_active_id
           select %s, 1, 'u' || n, md5('p' || n)::uuid, 1, 0 from generate_series(1, 5000) as n""",
        (DAY,),
    )
    db.execute("analyze")
    db.execute("set statement_timeout = '5s'")
    assert bounds() == (1, 5000, 5000)
