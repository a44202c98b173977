"""Working on the quarantine: landing rows again, giving rows up, and nothing lost or done twice by it."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from typer.testing import CliRunner

from etl import cli
from etl.cycle.open import open_batch
from etl.errors import EtlError, IdentityError, InvariantError
from etl.operate import batch, person
from etl.operate.maintain import check_invariants
from etl.operate.quarantine import Selection, discard, replay, show, summarize
from etl.operate.split import split
from etl.quality.audit import verify
from etl.rules.identity import person_id_of
from tests.landing import moment

ALL = Selection()


@pytest.fixture
def refused(db, land, cycle):
    """Two events of a project that is not known yet, one without a name, and a good one."""
    ids = [
        land("$identify", "a", team_id=7, at=0, timestamp="2022-07-01T11:00:00Z", sent_at="2022-07-01T11:00:10Z"),
        land("page", "a", team_id=7, at=1),
        land("", "b", at=2),
    ]
    land("$identify", "good", at=3)
    assert cycle(at=4)["quarantined"] == 3
    return ids


def test_a_mended_cause_and_a_replay_bring_the_rows_in(db, cycle, refused):
    db.execute("insert into landing.project (team_id, name) values (7, 'seventh')")
    assert replay(db, Selection(reason="team_known"), why="registered", who="ann") == 2
    assert replay(db, Selection(reason="team_known"), why="registered", who="ann") == 0
    assert show(db, refused[0])["fate"] == "waiting"
    assert cycle(at=5)["loaded"] == 2
    row = show(db, refused[0])
    assert (row["fate"], row["resolution"], row["resolved_by"], row["resolved_why"]) == (
        "loaded",
        "replayed",
        "ann",
        "registered",
    )
    assert row["replayed_batch_id"] == 2
    event = db.execute("select * from warehouse.events where landing_id = %s", [row["replayed_landing_id"]]).fetchone()
    assert event["received_at"] == moment(0)
    # Corrected by its own clock and its first arrival: not by the time of the replay.
    assert event["timestamp"] == moment(0) - timedelta(seconds=10)
    assert show(db, refused[2])["fate"] is None
    assert "quarantine_is_accounted_for" in check_invariants(db)


def test_rows_that_are_still_bad_come_back_once_each(db, cycle, refused):
    assert replay(db, ALL, why="try") == 3
    assert cycle(at=5)["quarantined"] == 3
    assert {show(db, landing_id)["fate"] for landing_id in refused} == {"quarantined again"}
    again = show(db, refused[0])["replayed_landing_id"]
    assert show(db, again)["resolution"] is None
    assert [row["events"] for row in summarize(db, ALL)] == [1, 1, 1]
    assert sum(row["events"] for row in summarize(db, ALL, with_resolved=True)) == 6
    check_invariants(db)


def test_rows_are_landed_in_the_order_of_their_arrival(db, refused):
    replay(db, ALL, why="try")
    rows = db.execute("select replayed_landing_id as id from quarantine.event order by landing_id").fetchall()
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)


def test_a_row_given_up_is_kept_and_cannot_be_replayed(db, cycle, refused):
    assert discard(db, Selection(event="", batch_id=1), why="a test", who="ann") == 1
    row = show(db, refused[2])
    assert (row["resolution"], row["resolved_by"], row["fate"], row["distinct_id"]) == (
        "discarded",
        "ann",
        "discarded",
        "b",
    )
    assert replay(db, Selection(landing_id=refused[2]), why="no") == 0
    assert cycle(at=5)["landed"] == 0
    with pytest.raises(EtlError, match="Say why"):
        discard(db, ALL, why="")
    assert db.execute("select count(*)::int as n from quarantine.event where resolution is null").fetchone()["n"] == 2


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(reason="event_name_not_empty"), 1),
        (Selection(event="page"), 1),
        (Selection(batch_id=2), 0),
        (Selection(since=moment(1)), 2),
        (Selection(until=moment(1)), 1),
        (Selection(reason="team_known", since=moment(1), until=moment(2)), 1),
    ],
)
def test_rows_are_selected(db, refused, selection, expected):
    assert sum(row["events"] for row in summarize(db, selection)) == expected
    assert discard(db, selection, why="a test") == expected


def test_a_duplicate_and_a_held_one_say_so(db, land, cycle):
    uuid = "00000000-0000-4000-8000-000000000001"
    bad = [land("page", "c", team_id=7, uuid=uuid, at=0), land("page", "d", team_id=7, at=1)]
    bad.append(land("page", "c", team_id=7, uuid=uuid, at=2))
    cycle(at=3)
    db.execute("insert into landing.project (team_id, name) values (7, 'seventh')")
    replay(db, ALL, why="registered")
    assert cycle(at=4)["held"] == 2
    assert [show(db, landing_id)["fate"] for landing_id in bad] == ["held", "held", "duplicate"]


@pytest.mark.parametrize(
    "damage",
    [
        "delete from quarantine.event where distinct_id = 'b'",
        "delete from landing.event where landing_id > 4",
    ],
)
def test_a_row_that_vanished_breaks_the_invariant(db, refused, damage):
    replay(db, ALL, why="try")
    check_invariants(db)
    db.execute(damage)
    with pytest.raises(InvariantError, match="quarantine_is_accounted_for"):
        check_invariants(db)


def test_a_resolution_needs_its_explanation(db, refused):
    with pytest.raises(psycopg.errors.CheckViolation):
        db.execute("update quarantine.event set resolution = 'discarded'")


@pytest.fixture
def refuse_next(db, cycle, settings):
    """Send all that waits in landing to quarantine, as a person may decide of a batch."""

    def _refuse(at):
        batch.quarantine(db, open_batch(db, settings, now=moment(at)), why="stop", who="ann")
        return cycle(at=at)["quarantined"]

    return _refuse


def owner_of(db, distinct_id):
    row = db.execute(
        "select person_id from warehouse.person_distinct_ids where distinct_id = %s", [distinct_id]
    ).fetchone()
    return row and row["person_id"]


def test_an_operators_split_is_still_one_when_replayed(db, land, cycle, refuse_next, merged):
    split(db, person_id_of(1, "bob"), ["anon"], by="ann", why="two people")
    assert refuse_next(10) == 1
    assert owner_of(db, "anon") == owner_of(db, "bob")
    assert replay(db, ALL, why="go on") == 1
    cycle(at=11)
    assert owner_of(db, "anon") == person_id_of(1, "anon") != owner_of(db, "bob")
    assert db.execute("select outcome from warehouse.merges where event = '$split'").fetchall() == [
        {"outcome": "split"}
    ]
    check_invariants(db)
    assert verify(db).troubles == []


def test_an_erasure_is_carried_out_when_replayed(db, cycle, refuse_next, merged):
    uuid = person.erase(db, person.find(db, distinct_id="bob"), by="ann", why="request 17")
    assert refuse_next(10) == 1
    assert owner_of(db, "bob") is not None
    with pytest.raises(IdentityError, match=r"it was refused \(`etl quarantine show \d+` says why\)"):
        person.read_certificate(db, uuid)
    assert replay(db, ALL, why="go on") == 1
    with pytest.raises(IdentityError, match="the next cycle does it"):
        person.read_certificate(db, uuid)
    cycle(at=11)
    assert owner_of(db, "bob") is None
    assert person.read_certificate(db, uuid).counts["persons"] == 2
    check_invariants(db)
    assert verify(db).troubles == []


def test_a_writers_event_gains_no_authority_by_a_replay(db, cycle, refuse_next, merged):
    db.execute("set role event_writer")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        db.execute("insert into quarantine.event (landing_id, batch_id) values (1, 1)")
    db.execute(
        "insert into landing.event (event, distinct_id, properties) values"
        " ('$split', 'anon', '{\"$split_from\": \"bob\"}'), ('$erase', 'bob', '{}'), ('$withdraw_file', 'bob', '{}')"
    )
    db.execute("reset role")
    assert refuse_next(10) == 3
    assert replay(db, ALL, why="go on") == 3
    assert db.execute("select from landing.event where is_operator").fetchall() == []
    cycle(at=11)
    assert owner_of(db, "anon") == owner_of(db, "bob") == person_id_of(1, "bob")
    assert "split_without_authority" in {row["type"] for row in db.execute("select type from ops.warning")}


def test_a_personless_event_makes_no_person_when_replayed(db, land, cycle):
    land("view", "c", team_id=7, is_personless=True, at=0)
    cycle(at=1)
    db.execute("insert into landing.project (team_id, name) values (7, 'seventh')")
    assert replay(db, ALL, why="registered") == 1
    assert cycle(at=2)["loaded"] == 1
    assert db.execute("select person_mode from warehouse.events").fetchall() == [{"person_mode": "propertyless"}]
    assert owner_of(db, "c") is None


def test_the_commands(database, monkeypatch, refused):
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    monkeypatch.setattr("etl.cli.shared.console.width", 250)

    def etl(*arguments):
        return CliRunner().invoke(cli.app, ["quarantine", *arguments])

    listed = etl("list", "--reason", "team_known").output
    assert "team_known" in listed
    assert "Register the project" in listed
    assert "properties_object" not in listed
    assert isinstance(etl("replay", "--why", "no rows named").exception, EtlError)
    assert "1 rows discarded" in etl("discard", "--why", "a test", "--id", str(refused[2])).output
    assert "2 rows landed again" in etl("replay", "--why", "try", "--all").output
    shown = etl("show", str(refused[0])).output
    assert "landed again as" in shown
    assert "waiting" in shown
