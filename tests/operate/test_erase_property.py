"""A property is gone from everything of its project, and nothing else changes."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from etl import cli
from etl.errors import IdentityError, ProjectError
from etl.operate import person
from etl.operate import property as properties
from etl.operate.rebuild import rebuild
from etl.quality.audit import verify
from tests.cycle.test_isolate import BadRowError, failing_on, quarantined
from tests.landing import moment
from tests.operate.test_erase import UUID, broken, found, person_of


@pytest.fixture
def told(db, land, cycle):
    """Persons with the property in every way it can be said; one merged away, one in another project, one held."""
    db.execute("insert into landing.project (team_id, name) values (2, 'second')")
    land("page", "anon", at=0, properties={"$device_id": "anon", "$set": {"email": "s-1", "plan": "a"}}, uuid=UUID(1))
    land(
        "$identify",
        "ann",
        at=1,
        uuid=UUID(2),
        properties={"$anon_distinct_id": "anon", "$set_once": {"email": "s-2", "since": 1}, "email": "s-3", "n": 1},
    )
    land("$identify", "bob", at=2, properties={"$set": {"email": "s-4", "emails": "kept"}}, uuid=UUID(3))
    cycle(at=2)
    land("$merge_dangerously", "ann", at=3, properties={"alias": "bob", "$unset": ["email", "x"]}, uuid=UUID(4))
    land("page", "ann", at=4, properties={"email": "s-5", "nested": {"email": "kept"}}, uuid="wrong")
    land(
        "$groupidentify",
        "ann",
        at=5,
        uuid=UUID(5),
        properties={"$group_type": "firm", "$group_key": "acme", "$group_set": {"email": "s-6", "name": "Acme"}},
    )
    land("$identify", "ann", at=6, properties={"$set": {"email": "kept"}}, team_id=2, uuid=UUID(6))
    land("page", "later-on", at=7, properties={"$set": {"email": "s-7", "plan": "b"}}, uuid=UUID(7))
    land("page", "ann", at=8, properties=["email"], uuid=UUID(8))
    cycle(at=9)


def test_it_is_gone_and_nothing_else(db, told, land, cycle, database, settings):
    foreseen = properties.count_erased(db, "email", team_id=1)
    assert len(found(db, "s-")) > 10
    uuid = properties.erase(db, "email", team_id=1, by="ann", why="request 19")
    db.execute("update landing.event set received_at = %s where event = '$erase'", (moment(10),))
    cycle(at=11)
    assert [row for text in "1234567" for row in found(db, f'"s-{text}"', f's-{text}"')] == []
    said = {row["uuid"]: row["properties"] for row in db.execute("select uuid::text, properties from warehouse.events")}
    assert said[UUID(1)] == {"$device_id": "anon", "$set": {"plan": "a"}}
    assert said[UUID(2)] == {"$anon_distinct_id": "anon", "$set_once": {"since": 1}, "n": 1}
    assert said[UUID(4)] == {"alias": "bob", "$unset": ["x"]}
    assert said[UUID(6)] == {"$set": {"email": "kept"}}
    [refused] = db.execute("select properties from quarantine.event where uuid = 'wrong'").fetchall()
    assert refused["properties"] == {"nested": {"email": "kept"}}
    [ann] = db.execute(
        "select properties from warehouse.persons where person_id = %s", (person_of(db, "bob"),)
    ).fetchall()
    assert ann["properties"] == {"plan": "a", "since": 1, "emails": "kept"}
    assert db.execute("select properties from warehouse.groups").fetchone() == {"properties": {"name": "Acme"}}
    certificate = person.read_certificate(db, uuid)
    assert (certificate.property, certificate.counts) == ("email", foreseen)
    assert foreseen == {"persons": 2, "landing_rows": 7, "events": 5, "quarantined_rows": 1, "warnings": 0, "groups": 1}
    # The held one comes without it, and who sends it again has it again.
    assert cycle(at=80)["released"] == 1
    land("$identify", "carl", at=81, properties={"$set": {"email": "new"}}, uuid=UUID(9))
    cycle(at=82)
    held = db.execute("select properties from warehouse.events where uuid = %s", (UUID(7),)).fetchone()
    assert held == {"properties": {"$set": {"plan": "b"}}}
    assert (broken(db), verify(db).troubles) == ({}, [])
    assert rebuild(database, settings).difference is None


def test_reasons_that_repeat_it(db, land, cycle, database, settings, tmp_path):
    """What a schema does not allow, and what a step failed on; the results of checks never show a value."""
    schema = {"properties": {"email": {"maxLength": 3}, "n": {"maximum": 3}}}
    entry = {"event": "order", "mode": "quarantine", "show_values": True, "schema": schema}
    (tmp_path / "order.json").write_text(json.dumps(entry))
    device = {"$device_id": "d"}
    misfit = land("order", "d", properties={**device, "email": "s-fox"}, at=0)
    other = land("order", "d", properties={**device, "n": 4711}, at=0)
    failing = land("page", "d", properties={**device, "email": "s-fox"}, at=0)
    with failing_on([failing], "load/insert_event", error=lambda _: BadRowError("what: s-fox")):
        assert cycle(at=1, plan_dir=tmp_path)["quarantined"] == 3
    assert {name for name, _ in found(db, "s-fox")} >= {
        "quarantine.event", "ops.set_apart", "ops.step_failure",
    }  # fmt: skip
    assert "ops.expectation_result" not in {name for name, _ in found(db, "s-fox", "4711")}
    properties.erase(db, "email", team_id=1, by="ann", why="request 19")
    db.execute("update landing.event set received_at = %s where event = '$erase'", (moment(2),))
    cycle(at=3)
    assert found(db, "s-fox") == []
    reasons = {landing_id: reason["reason"] for landing_id, reason in quarantined(db).items()}
    assert reasons[misfit] == "email: (erased)"
    assert reasons[other] == "n: 4711 is greater than the maximum of 3"
    assert reasons[failing].endswith("The step load fails on it: (erased)")
    assert (broken(db), verify(db).troubles) == ({}, [])
    assert rebuild(database, settings).difference is None


def test_what_says_who_is_who_stays(db, told):
    with pytest.raises(IdentityError, match="says who is who"):
        properties.erase(db, "$device_id", team_id=1, by="ann", why="request 19")
    with pytest.raises(IdentityError, match="Say why"):
        properties.erase(db, "email", team_id=1, by="ann", why=" ")


def test_lifted_ones_too(db, land, cycle, database, settings):
    """What an event lifts to its person goes with it, and the next event lifts it anew."""
    land("$identify", "ann", at=0, properties={"$browser": "s-fox", "$os": "Linux"}, uuid=UUID(1))
    cycle(at=1)
    properties.erase(db, "$browser", team_id=1, by="ann", why="request 19")
    db.execute("update landing.event set received_at = %s where event = '$erase'", (moment(2),))
    cycle(at=3)
    assert found(db, "s-fox") == []
    land("page", "ann", at=4, properties={"$browser": "Chrome"}, uuid=UUID(2))
    cycle(at=5)
    [row] = db.execute("select properties from warehouse.persons").fetchall()
    assert (row["properties"]["$initial_browser"], row["properties"]["$os"]) == ("Chrome", "Linux")
    assert verify(db).troubles == []
    assert rebuild(database, settings).difference is None


def test_command(db, database, told, monkeypatch):
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    asked = ["property", "erase", "email", "--why", "request 19", "--by", "ann"]
    shown = CliRunner().invoke(cli.app, [*asked, "--dry-run"], catch_exceptions=False)
    assert "landing rows: 7" in shown.output
    assert db.execute("select from landing.event where event = '$erase'").fetchall() == []
    shown = CliRunner().invoke(cli.app, [*asked, "--json"], catch_exceptions=False)
    [landed] = db.execute("select uuid from landing.event where event = '$erase'").fetchall()
    assert json.loads(shown.output) == landed


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_project_that_is_not_there_is_refused(db, database, told, monkeypatch, more):
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    asked = ["property", "erase", "email", "--team", "77", "--why", "request 19", "--by", "ann", *more]
    with pytest.raises(ProjectError, match=r"There is no project 77; there are: 1, 2\."):
        CliRunner().invoke(cli.app, asked, catch_exceptions=False)
    assert db.execute("select from landing.event where event = '$erase'").fetchall() == []
