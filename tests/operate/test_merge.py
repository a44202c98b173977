"""Refused merges: each names what a person needs to decide, and the decision is history like everything else."""

from __future__ import annotations

from uuid import UUID

import pytest
from typer.testing import CliRunner

from etl import cli
from etl.errors import IdentityError
from etl.operate import merge, quarantine
from etl.operate.status import read_status
from etl.rules.identity import person_id_of

REFUSED = UUID(int=7, version=4)
ALICE, BOB = person_id_of(1, "alice"), person_id_of(1, "bob")


@pytest.fixture
def refused(land, cycle):
    """Two identified users of one browser without reset(): bob's alias to alice is refused."""
    land("$identify", "alice", properties={"$anon_distinct_id": "d1"}, at=0)
    land("$identify", "bob", properties={"$anon_distinct_id": "d2"}, at=1)
    land("$create_alias", "bob", properties={"alias": "alice"}, at=2, uuid=str(REFUSED))
    cycle(at=3)


def persons(db):
    return {row["person_id"] for row in db.execute("select person_id from warehouse.person_distinct_ids")}


def test_a_refusal_names_ids_persons_event_and_remedy(db, refused):
    (row,) = merge.list_refused(db, status="open")
    assert (row["uuid"], row["event"]) == (REFUSED, "$create_alias")
    assert (row["distinct_id"], row["source_distinct_id"]) == ("bob", "alice")
    assert row["reason"] == "the other id's person is already identified"
    assert len({row["person_id"], row["source_person_id"]}) == 2
    assert (row["present_person_id"], row["present_source_person_id"]) == (row["person_id"], row["source_person_id"])
    assert f"etl merge accept {REFUSED}" in row["remedy"]


def test_accepting_twice_merges_once(db, refused, cycle):
    first = merge.accept(db, REFUSED, by="ann", why="the same customer")
    again = merge.accept(db, REFUSED, by="bea")
    assert (first.is_new, again.is_new) == (True, False)
    assert first.landed_uuid == again.landed_uuid
    batch = cycle(at=9)
    assert (batch["landed"], batch["persons_merged"]) == (1, 1)
    assert len(persons(db)) == 1
    (row,) = merge.list_refused(db)
    assert (row["status"], row["decided_by"], row["why"]) == ("accepted", "ann", "the same customer")
    landed = db.execute("select properties from warehouse.events where uuid = %s", (first.landed_uuid,)).fetchone()
    assert landed["properties"]["$decided_by"] == "ann"


def test_a_rejection_keeps_them_apart_and_may_be_revised(db, refused, cycle):
    assert merge.reject(db, REFUSED, by="ann", why="two people").is_new
    assert not merge.reject(db, REFUSED, by="ann").is_new
    assert merge.list_refused(db, status="open") == []
    assert cycle(at=9)["landed"] == 0
    assert merge.accept(db, REFUSED, by="bea").is_new
    decisions = db.execute("select decision, decided_by from ops.merge_decision order by decision_id").fetchall()
    assert [tuple(row.values()) for row in decisions] == [("rejected", "ann"), ("accepted", "bea")]
    with pytest.raises(IdentityError, match=r"was accepted by bea.*etl split"):
        merge.reject(db, REFUSED, by="ann")


def test_what_is_one_person_already_is_moot(db, refused, land, cycle):
    land("$merge_dangerously", "bob", properties={"alias": "alice"}, at=4)
    cycle(at=5)
    assert merge.list_refused(db, status="open") == []
    with pytest.raises(IdentityError, match="are one person already"):
        merge.accept(db, REFUSED, by="ann")


def test_an_unknown_refusal(db, refused):
    with pytest.raises(IdentityError, match="There is no refused merge"):
        merge.accept(db, UUID(int=8, version=4), by="ann")


def test_the_list_shows_what_to_copy(database, refused, monkeypatch):
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    shown = CliRunner().invoke(cli.app, ["merge", "list"], catch_exceptions=False).output
    assert f"{REFUSED}  2022-07-01 12:00:02  open\n  $create_alias of 'bob', person" in shown
    assert "etl merge accept UUID" in shown


@pytest.fixture
def customers(land, cycle):
    """Three identified users."""
    for at, name in enumerate(("alice", "bob", "carol")):
        land("$identify", name, properties={"$anon_distinct_id": f"device of {name}"}, at=at)
    cycle(at=9)


def test_a_visitor_cannot_make_all_customers_one(db, land, cycle, customers, settings):
    """One who has found the token in a page, and guesses ids."""
    for at, name in enumerate(("alice", "bob", "carol"), 10):
        land("$merge_dangerously", "mallory", properties={"alias": name}, at=at, is_captured=True)
    batch = cycle(at=20)
    assert (batch["loaded"], batch["persons_merged"]) == (3, 0)
    assert len(persons(db)) == 4
    found = merge.list_refused(db, status="open")
    assert {row["source_distinct_id"] for row in found} == {"alice", "bob", "carol"}
    assert {row["reason"] for row in found} == {
        "the other id's person is already identified, and the project lets no client merge it"
    }
    warnings = db.execute("select distinct type, remedy from ops.warning").fetchall()
    assert [row["type"] for row in warnings] == ["cannot_merge_already_identified"]
    assert "etl project merges PROJECT --allow-clients" in warnings[0]["remedy"]
    merge.accept(db, found[0]["uuid"], by="ann")
    assert cycle(at=30)["persons_merged"] == 1


def test_a_client_may_merge_whom_nobody_identified(db, land, cycle):
    land("page", "d1", properties={"$device_id": "d1"}, at=0)
    land("$merge_dangerously", "alice", properties={"alias": "d1"}, at=1, is_captured=True)
    cycle(at=2)
    assert len(persons(db)) == 1


@pytest.mark.parametrize("is_allowed", [True, False])
def test_a_project_may_let_its_clients_merge(database, db, land, cycle, customers, monkeypatch, is_allowed):
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    switch = "--allow-clients" if is_allowed else "--no-allow-clients"
    assert CliRunner().invoke(cli.app, ["project", "merges", "default", switch]).exit_code == 0
    listed = CliRunner().invoke(cli.app, ["project", "list"]).output
    assert ("clients may merge identified persons" in listed) is is_allowed
    land("$merge_dangerously", "alice", properties={"alias": "bob"}, at=10, is_captured=True)
    assert cycle(at=20)["persons_merged"] == int(is_allowed)


def test_writers_by_sql_may_merge(db, land, cycle, customers):
    land("$merge_dangerously", "alice", properties={"alias": "bob"}, at=10)
    assert cycle(at=20)["persons_merged"] == 1


def test_a_quarantined_merge_of_a_client_stays_a_clients(db, land, cycle, customers):
    """Replaying is no way around: what came with a public token is known by it."""
    land("$merge_dangerously", "alice", properties={"alias": "bob"}, uuid="no uuid", at=10, is_captured=True)
    assert cycle(at=20)["quarantined"] == 1
    db.execute("update quarantine.event set uuid = null")
    assert quarantine.replay(db, quarantine.Selection(batch_id=2), why="a test", who="ann") == 1
    assert cycle(at=30)["persons_merged"] == 0
    assert merge.list_refused(db, status="open")[0]["source_distinct_id"] == "bob"


def test_many_dangerous_merges_raise_an_alert(db, land, cycle, settings):
    for number in range(5):
        land("$identify", f"u{number}", properties={"$anon_distinct_id": f"d{number}"})
    cycle()
    for number in range(1, 5):
        land("$merge_dangerously", "u0", properties={"alias": f"u{number}"})
    assert cycle()["persons_merged"] == 4
    kinds = [
        [
            problem.kind
            for problem in read_status(db, settings.model_copy(update={"alert_dangerous_merges": n})).problems
        ]
        for n in (4, 3)
    ]
    assert kinds == [[], ["merges"]]


def test_more_ids_than_ten_thousand_do_not_move_at_once(db, land, cycle):
    """An id that thousands of devices share by accident does not swallow, or join, a customer."""
    land("$identify", "alice", properties={"$anon_distinct_id": "d"})
    cycle()
    db.execute(
        "insert into landing.event (event, distinct_id, properties)"
        " select '$identify', 'till', jsonb_build_object('$anon_distinct_id', 'customer-' || n)"
        " from generate_series(1, 10000) as n"
    )
    cycle()
    land("$merge_dangerously", "alice", properties={"alias": "till"})
    batch = cycle()
    assert (batch["persons_merged"], batch["quarantined"]) == (0, 1)
    db.execute("update landing.project set merge_move_limit = 10001")
    assert quarantine.replay(db, quarantine.Selection(reason="merge_move_limit_exceeded"), why="yes", who="ann") == 1
    assert cycle()["persons_merged"] == 1
