"""Refused merges: each names what a person needs to decide, and the decision is history like everything else."""

from __future__ import annotations

from uuid import UUID

import pytest
from typer.testing import CliRunner

from etl import cli
from etl.errors import IdentityError
from etl.operate import merge
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
