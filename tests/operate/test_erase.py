"""A person that asked for it is nobody afterwards, everywhere; all that was counted stays as it was."""

from __future__ import annotations

import json
from functools import partial

import pytest
from typer.testing import CliRunner

from etl import cli, sql
from etl.cycle.open import open_batch
from etl.cycle.run import run_cycle
from etl.errors import IdentityError, ProjectError
from etl.files import land as files
from etl.files.undo import undo
from etl.operate import merge, person, quarantine
from etl.operate.batch import quarantine as set_apart
from etl.operate.digest import read_digest
from etl.operate.maintain import drop_expired_partitions
from etl.operate.rebuild import rebuild
from etl.quality.audit import verify
from etl.report.refresh import refresh
from etl.report.site import build
from tests.contents import broken, dump, pages
from tests.cycle.test_isolate import BadRowError, failing_on, quarantined
from tests.landing import moment

pytestmark = pytest.mark.long


def found(db, *texts):
    return [(name, line) for name, line in dump(db) for text in texts if text in line]


def erase(db, distinct_id, *, at):
    """Ask for it at a time of the story; the next cycle carries it out."""
    uuid = person.erase(db, person.find(db, distinct_id=distinct_id), by="ann", why="request 17")
    db.execute("update landing.event set received_at = %s where uuid = %s", (moment(at), str(uuid)))
    return uuid


def person_of(db, distinct_id):
    row = db.execute(
        "select person_id from warehouse.person_distinct_ids where distinct_id = %s", (distinct_id,)
    ).fetchone()
    return row and row["person_id"]


UUID = "00000000-0000-4000-8000-{:012d}".format


@pytest.fixture
def known(db, land, cycle):
    """Alice with two devices, a merge, held and refused rows, a duplicate; bob, who was refused a merge with her."""
    secret = {"$set": {"email": "secret@example.com"}, "card": "secret-4711"}
    land(
        "page", "device-alice", properties={"$device_id": "device-alice", "$browser": "secret-fox"}, at=0, uuid=UUID(1)
    )
    land("$identify", "alice", properties={"$anon_distinct_id": "device-alice", **secret}, at=1, uuid=UUID(2))
    land("page", "alice", properties=secret, at=2, uuid=UUID(3), ip="192.0.2.77", sent_at="2022-07-01T12:00:00Z")
    land("page", "alice", properties=secret, at=2, uuid=UUID(3))
    land("page", "alice2", properties={"$set": {"a": 1}, "$device_id": "alice2"}, at=3, uuid=UUID(4))
    land("$identify", "bob", properties={"$device_id": "bob", "kept": "of bob"}, at=4, uuid=UUID(5))
    cycle(at=5)
    land("$identify", "bob", properties={"$anon_distinct_id": "alice", "kept": "too"}, at=6, uuid=UUID(6))
    land("page", "alice", properties=secret, at=7, uuid="secret-uuid")
    land("page", "alice", properties={**secret, "n": 1}, at=7, timestamp="secret-time", uuid=UUID(7))
    land(
        "$groupidentify",
        "alice",
        at=8,
        uuid=UUID(8),
        properties={"$group_type": "firm", "$group_key": "acme", "$group_set": {"owner": "secret"}},
    )
    land("page", "later-on", properties=secret, at=9, uuid=UUID(9))
    cycle(at=10)


def test_nothing_is_left(db, known, cycle, database, settings, tmp_path, caplog):
    refresh(db, settings)
    build(database, settings, tmp_path)
    assert "secret" in pages(tmp_path)
    before = read_digest(db)
    foreseen = person.count_erased(db, person.find(db, distinct_id="device-alice"))
    assert read_digest(db) == before
    caplog.clear()
    caplog.set_level("DEBUG")
    counted = db.execute("select count(*) as n, count(distinct person_id) as p from warehouse.events").fetchone()
    assert {name for name, _ in found(db, "secret")} >= {"quarantine.event", "warehouse.person", "ops.warning"}
    uuid = erase(db, "alice", at=11)
    erase(db, "later-on", at=11)
    assert cycle(at=11)["landed"] == 1
    assert cycle(at=12)["landed"] == 1
    left = found(db, "secret", "device-alice", "later-on", "192.0.2.77")
    assert left == []
    assert [line for _, line in found(db, "alice") if "alice2" not in line] == []
    assert broken(db) == {}
    assert verify(db).troubles == []
    after = read_digest(db)
    assert [(a.name, a.entries) for a in before.sections if a.name not in ("events", "groups")] == [
        (a.name, a.entries) for a in after.sections if a.name not in ("events", "groups")
    ]
    now = db.execute(
        "select count(*) as n, count(distinct person_id) as p from warehouse.events where event <> '$erase'"
    ).fetchone()
    assert now == counted
    build(database, settings, tmp_path)
    for text in ("secret", "device-alice", "later-on"):
        assert text not in pages(tmp_path)
        assert text not in caplog.text
    result = rebuild(database, settings)
    assert (result.difference, result.missing) == (None, 0)
    certificate = person.read_certificate(db, uuid)
    assert certificate.counts == foreseen
    newest = db.execute("select * from ops.audit_entry where batch_id = %s", (certificate.batch_id,)).fetchone()
    assert (certificate.audit_entry, certificate.audit_hash) == (newest["entry_id"], newest["hash"])
    assert verify(db, expected=certificate.audit_hash).troubles == []
    assert certificate.counts == {
        "persons": 1,
        "distinct_ids": 2,
        "landing_rows": 7,
        "events": 5,
        "held_events": 0,
        "quarantined_rows": 1,
        "merges": 1,
        "warnings": 1,
        "groups": 1,
        "event_names_left": 0,
        "reasons_left": 0,
    }


def test_the_same_id_is_somebody_new_and_an_event_sent_again_stays_away(db, known, land, cycle, database, settings):
    erase(db, "alice", at=11)
    cycle(at=12)
    land("page", "alice", properties={"$set": {"email": "secret@example.com"}}, at=13, uuid=UUID(3))
    assert cycle(at=14)["duplicate"] == 1
    assert person_of(db, "alice") is None
    assert [row["type"] for row in db.execute("select type from ops.warning where landing_id > 12")] == []
    land("$identify", "alice", properties={"$set": {"plan": "new"}}, at=15, uuid=UUID(20))
    cycle(at=16)
    new = db.execute("select * from warehouse.persons where person_id = %s", (person_of(db, "alice"),)).fetchone()
    assert (new["properties"], new["created_at"]) == ({"plan": "new"}, moment(15))
    assert [
        row["uuid"] for row in db.execute("select uuid::text from warehouse.events where distinct_id = 'alice'")
    ] == [UUID(20)]
    # Erased a second time: nobody knows of the first.
    erase(db, "alice", at=17)
    cycle(at=18)
    assert person_of(db, "alice") is None
    assert [line for _, line in found(db, "alice") if "alice2" not in line] == []
    assert (broken(db), verify(db).troubles) == ({}, [])
    assert rebuild(database, settings).difference is None


def test_a_held_event_is_released_as_nobodys(db, known, cycle):
    erase(db, "later-on", at=11)
    cycle(at=12)
    [held] = db.execute("select * from buffer.event").fetchall()
    assert held["distinct_id"].startswith("$erased-")
    assert cycle(at=80)["released"] == 1
    [event] = db.execute("select * from warehouse.events where uuid = %s", (UUID(9),)).fetchall()
    assert (event["distinct_id"], event["properties"]) == (held["distinct_id"], {})
    assert db.execute("select properties from warehouse.persons where person_id = %(person_id)s", event).fetchone() == {
        "properties": {}
    }
    assert (broken(db), verify(db).troubles, found(db, "later-on")) == ({}, [], [])


def test_twice_before_a_cycle(db, known, cycle):
    erase(db, "alice", at=11)
    second = erase(db, "alice", at=11)
    cycle(at=12)
    cycle(at=13)
    assert set(person.read_certificate(db, second).counts.values()) == {0}
    assert [line for _, line in found(db, "alice") if "alice2" not in line] == []
    assert (broken(db), verify(db).troubles) == ({}, [])


def test_rows_that_commit_late_are_erased_too(db, database, known, cycle):
    with sql.connect(database) as writer, writer.transaction():
        writer.execute(
            "insert into landing.event (event, distinct_id, properties, received_at)"
            """ values ('page', 'alice', '{"tardy": 1}', %s)""",
            (moment(11),),
        )
        erase(db, "alice", at=11)
        assert cycle(at=12)["landed"] == 0
    assert cycle(at=12)["loaded"] == 1
    assert found(db, "tardy") != []
    assert cycle(at=12)["loaded"] == 1
    assert found(db, "tardy", "device-alice") == []
    assert verify(db).troubles == []


ODD_IDS = ["al%ce", "al_ce", "Alice", "alice 2", 'a"b\\c', r"\u0061lice", "a.c+(", "a\nb", "\u00e9", "42", "a" * 200]


def marks(db, names):
    """How many rows say something of each; the plan of a batch is forgotten with the next one."""
    rows = [line for name, line in dump(db) if not name.startswith("staging.")]
    return {name: sum(f"mark-{number:02}" in line for line in rows) for number, name in enumerate(names)}


@pytest.mark.parametrize("mine", ODD_IDS, ids=ascii)
def test_neighbours_with_similar_ids_stay(db, land, cycle, settings, mine):
    everybody = [*ODD_IDS, "alice", "alice2", "4", "b" * 200]
    for number, name in enumerate(everybody):
        for event in ("$identify", "page"):
            land(event, name, properties={"$set": {"mark": f"mark-{number:02}"}}, at=number)
        land("page", name, properties={"mark": f"mark-{number:02}"}, uuid="no uuid", at=number)
    cycle(at=30)
    db.execute(
        "insert into ops.alert (kind, subject, message) values ('x', '', %s)", (f"wrong: '{mine}', and 'alice2'",)
    )
    before = marks(db, everybody)
    uuid = erase(db, mine, at=31)
    cycle(at=32)
    assert marks(db, everybody) == {**before, mine: 0}
    assert {row["distinct_id"] for row in db.execute("select distinct_id from warehouse.person_distinct_id")} >= set(
        everybody
    ) - {mine}
    assert person_of(db, mine) is None
    message = db.execute("select message from ops.alert").fetchone()["message"]
    assert (message, "alice2" in message) == (message.replace(f"'{mine}'", "!"), True)
    counts = person.read_certificate(db, uuid).counts
    assert (counts["events"], counts["quarantined_rows"], counts["persons"]) == (2, 1, 1)
    assert verify(db).troubles == []


def test_long_ids_are_cut_as_stage_cuts_them(db, land, cycle):
    land("$identify", "x" * 300, at=0)
    land("page", "x" * 1000, properties={"a": "secret"}, at=1)
    land("page", "y" * 1000, at=1)
    cycle(at=2)
    erase(db, "x" * 1000, at=3)
    cycle(at=4)
    assert found(db, "xxxx", "secret") == []
    assert len(found(db, "y" * 1000)) >= 2
    assert (broken(db), verify(db).troubles) == ({}, [])


def test_whatever_breaks_off_the_next_run_finishes(db, known, cycle, settings):
    """One fault after the other, at every statement of the erasure and at the end of load."""
    uuid = erase(db, "alice", at=11)
    names = {f"erase/{path.stem}" for path in (sql.resource("sql") / "erase").glob("*.sql")}
    names.remove("erase/collect_persons")  # of an erasure of events only
    state = read_digest(db)
    for name in [*sorted(names), "load/close_batch", "load/advance_watermark"]:

        def fail(seen, statement, is_done, name=name):
            if statement == name and is_done:
                raise KeyboardInterrupt

        with sql.observed(fail), pytest.raises(KeyboardInterrupt):
            run_cycle(db, settings, now=moment(12))
        assert read_digest(db) == state
        assert person_of(db, "alice") is not None
    cycle(at=12)
    assert person.read_certificate(db, uuid).counts["events"] == 5
    assert [line for _, line in found(db, "alice") if "alice2" not in line] == []
    assert (broken(db), verify(db).troubles) == ({}, [])


FORGED = {
    "warehouse.stored_event": "update warehouse.stored_event set properties = '{}' where distinct_id = 'bob'",
    "landing.event": "update landing.event set properties = '{}' where distinct_id = 'alice2'",
    "quarantine.event": "update quarantine.event set batch_id = 1",
    "ops.amendment": "update ops.amendment set digests = digests || '{\"merges\": 1}' where batch_id = 2",
    "ops.erasure": "update ops.erasure set asked_by = 'eve'",
    "warehouse.merge": "delete from warehouse.merge where distinct_id = 'bob'",
    "ops.erased_id": "delete from ops.erased_id",
}


@pytest.mark.parametrize("table", FORGED)
def test_what_is_forged_next_to_it_is_found(db, known, cycle, table):
    erase(db, "alice", at=11)
    cycle(at=12)
    audit = verify(db)
    assert (audit.troubles, audit.amended) == ([], 3)
    db.execute(FORGED[table])
    assert table in {trouble.table for trouble in verify(db).troubles}


def test_what_tables_say_about_rows(db, known, cycle):
    """Examples, messages, decisions: only what names the person."""
    refused = merge.list_refused(db, status="open")
    merge.reject(db, refused[0]["uuid"], by="ann", why="two people")
    db.execute(
        "insert into ops.alert (kind, subject, message) values ('a', '', 'first: alice'), ('b', '', 'first: alice2');"
        "insert into ops.landed_file (team_id, sha256, name, bytes, unreadable_examples) values"
        """ (1, repeat('0', 64), 'f', 1, '[{"line": 1, "text": "x,alice,y"}, {"line": 2, "text": "x,alice2"}]');"""
        "insert into ops.event_day select '2022-07-01', 1, '$autocapture', label, 1, now()"
        " from unnest(array['Sign out alice', 'b']) as l (label)"
    )
    erase(db, "alice", at=11)
    cycle(at=12)
    assert [row["message"] for row in db.execute("select message from ops.alert order by kind")] == [
        "first: (erased)",
        "first: alice2",
    ]
    [examples] = [row["unreadable_examples"] for row in db.execute("select unreadable_examples from ops.landed_file")]
    assert [each["line"] for each in examples] == [2]
    assert [row["label"] for row in db.execute("select label from ops.event_day")] == ["b"]
    assert [line for _, line in found(db, "alice") if "alice2" not in line] == []


def test_a_file_can_still_be_undone(db, database, land, cycle, tmp_path):
    path = tmp_path / "f.jsonl"
    lines = [{"event": "page", "distinct_id": name, "properties": {"$device_id": name}} for name in ("alice", "bob")]
    path.write_text("\n".join(json.dumps(line) for line in lines))
    list(files.land_files(database, [str(path)]))
    land("$identify", "alice", properties={"$set": {"a": "secret"}})
    cycle()
    erase(db, "alice", at=11)
    cycle()
    undo(db, str(path), by="ann", why="wrong")
    cycle()
    left = db.execute("select distinct_id from warehouse.events where event in ('page', '$identify')").fetchall()
    assert [row["distinct_id"][:8] for row in left] == ["$erased-"]
    assert (broken(db), verify(db).troubles, found(db, "secret")) == ({}, [], [])


def test_a_client_erases_nobody(db, known, land, cycle):
    land("$erase", "bob", properties={"erase": "alice"}, at=11)
    land("$erased", "bob", properties={"erase": "alice"}, at=11)
    assert cycle(at=12)["landed"] == 2
    assert person_of(db, "alice") is not None
    assert db.execute("select from ops.erasure").fetchall() == []


def test_cookieless_visitors_are_erased_by_the_id_they_were_given(db, land, cycle):
    db.execute("update landing.project set cookieless_mode = 'stateless'")
    visitor = {"$cookieless_mode": True, "$raw_user_agent": "secret-fox", "$ip": "192.0.2.1", "$host": "example.com"}
    land("page", "$posthog_cookieless", properties=visitor, at=0)
    cycle(at=1)
    cycle(at=70)
    [given] = db.execute("select distinct_id from warehouse.events").fetchall()
    erase(db, given["distinct_id"], at=71)
    cycle(at=72)
    assert found(db, "secret-fox", given["distinct_id"], "192.0.2.1") == []
    assert verify(db).troubles == []


def test_commands(db, database, known, cycle, monkeypatch):
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments, status=0):
        shown = CliRunner().invoke(cli.app, ["person", *arguments])
        assert shown.exit_code == status, shown.output + str(shown.exception)
        return shown.output if not status else str(shown.exception)

    asked = ["--why", "request 17", "--by", "ann"]
    alice = str(person_of(db, "alice"))
    assert "events: 5\n" in run("erase", alice, "--dry-run", *asked)
    assert "events: 5\n" in run("erase", "--distinct-id", "device-alice", "--dry-run", *asked)
    assert json.loads(run("erase", alice, "--dry-run", "--json", *asked))["quarantined_rows"] == 1
    assert db.execute("select from landing.event where event = '$erase'").fetchall() == []
    assert "names the person" in run("erase", alice, "--why", "alice asked", "--by", "ann", status=1)
    assert "Nothing is known" in run("erase", "--distinct-id", "nobody", *asked, status=1)
    assert "There is no person" in run("erase", UUID(1), *asked, status=1)
    assert "Say whom" in run("erase", *asked, status=1)
    told = json.loads(run("export", "--distinct-id", "device-alice"))
    assert [each["properties"]["email"] for each in told["persons"]] == ["secret@example.com"]
    assert {each["distinct_id"] for each in told["distinct_ids"]} == {"alice", "device-alice"}
    assert {each["uuid"] for each in told["events"]} == {UUID(1), UUID(2), UUID(3), UUID(7), UUID(8)}
    assert [each["properties"]["card"] for each in told["quarantined_rows"]] == ["secret-4711"]
    assert [each["type"] for each in told["warnings"]] == ["ignored_invalid_timestamp"]
    assert [each["source_distinct_id"] for each in told["merges"]] == ["device-alice"]
    assert [(len(told["landed_rows"]), told["held_events"])] == [(7, [])]
    waiting = json.loads(run("export", "--distinct-id", "later-on"))
    assert [len(waiting[name]) for name in ("persons", "held_events", "landed_rows")] == [0, 1, 1]
    landed = json.loads(run("erase", alice, "--json", *asked))["uuid"]
    assert f"The erasure {landed} has not been carried out: the next cycle does it" in run(
        "certificate", landed, status=1
    )
    assert f"No erasure {UUID(9)} was asked for" in run("certificate", UUID(9), status=1)
    db.execute("update landing.event set received_at = %s where event = '$erase'", (moment(11),))
    cycle(at=12)
    told = json.loads(run("certificate", landed))
    assert (told["uuid"], told["asked_by"], told["why"], told["counts"]["events"]) == (landed, "ann", "request 17", 5)
    assert "Nothing is known" in run("erase", "--distinct-id", "alice", *asked, status=1)
    [tomb] = db.execute("select distinct_id from ops.erased_id order by 1 limit 1").fetchall()
    assert "Nothing is known" in run("erase", "--distinct-id", tomb["distinct_id"], *asked, status=1)


def test_only_events_and_only_some(db, land, cycle, database, settings):
    """The person stays, and what the other events say of it."""
    land("$identify", "alice", properties={"$set": {"plan": "old", "since": 1}}, at=0, uuid=UUID(1))
    land("$identify", "bob", properties={"$set": {"plan": "of bob"}}, at=5, uuid=UUID(2))
    land("page", "alice", properties={"card": "secret", "$set": {"plan": "secret"}}, at=10, uuid=UUID(3))
    land("page", "alice", properties={"card": "secret"}, uuid="wrong", at=10)
    land("page", "alice", properties={"kept": 1}, at=20, uuid=UUID(4))
    cycle(at=21)
    alice = person_of(db, "alice")
    scope = person.Scope(is_events_only=True, since_at=moment(10), until_at=moment(20))
    target = person.find(db, person_id=alice)
    foreseen = person.count_erased(db, target, scope)
    uuid = person.erase(db, target, scope, by="ann", why="request 18")
    db.execute("update landing.event set received_at = %s where event = '$erase'", (moment(22),))
    cycle(at=23)
    assert found(db, "secret") == []
    assert person_of(db, "alice") == alice
    said = {
        row["uuid"]: row["properties"]
        for row in db.execute("select uuid::text, properties from warehouse.events where event <> '$erase'")
    }
    assert said == {
        UUID(1): {"$set": {"plan": "old", "since": 1}},
        UUID(2): {"$set": {"plan": "of bob"}},
        UUID(3): {},
        UUID(4): {"kept": 1},
    }
    [properties] = [
        row["properties"]
        for row in db.execute("select properties from warehouse.persons where person_id = %s", (alice,))
    ]
    assert properties == {"plan": "old", "since": 1}
    certificate = person.read_certificate(db, uuid)
    assert (certificate.is_events_only, certificate.since_at, certificate.until_at) == (True, moment(10), moment(20))
    assert (
        certificate.counts
        == foreseen
        == {
            "persons": 0,
            "distinct_ids": 0,
            "landing_rows": 2,
            "events": 1,
            "held_events": 0,
            "quarantined_rows": 1,
            "merges": 0,
            "warnings": 0,
            "groups": 0,
            "event_names_left": 0,
            "reasons_left": 0,
        }
    )
    land("page", "alice", properties={"card": "secret"}, at=24, uuid=UUID(3))
    assert cycle(at=25)["duplicate"] == 1
    assert (broken(db), verify(db).troubles) == ({}, [])
    assert rebuild(database, settings).difference is None
    with pytest.raises(IdentityError, match="add --events-only"):
        person.erase(db, target, person.Scope(since_at=moment(10)), by="ann", why="request 18")


def test_a_range_that_ends_before_it_begins_is_refused(db, known):
    target = person.find(db, distinct_id="alice")
    for since, until in ((20, 10), (10, 10)):
        scope = person.Scope(is_events_only=True, since_at=moment(since), until_at=moment(until))
        for attempt in (person.count_erased, partial(person.erase, by="ann", why="request 18")):
            with pytest.raises(IdentityError, match="give --since the earlier time, and --until the later one"):
                attempt(db, target, scope)
    assert db.execute("select from landing.event where event = '$erase'").fetchall() == []


def test_of_a_project_that_is_not_there_no_cycle_erases_anything(db):
    target = person.Target(77, "somebody")
    for attempt in (person.count_erased, partial(person.erase, by="ann", why="request 18")):
        with pytest.raises(ProjectError, match=r"There is no project 77; there are: 1\."):
            attempt(db, target)
    assert db.execute("select from landing.event where event = '$erase'").fetchall() == []


def test_only_held_events(db, known, cycle):
    scope = person.Scope(is_events_only=True)
    person.erase(db, person.find(db, distinct_id="later-on"), scope, by="ann", why="request 18")
    db.execute("update landing.event set received_at = %s where event = '$erase'", (moment(11),))
    cycle(at=12)
    assert cycle(at=80)["released"] == 1
    [event] = db.execute("select distinct_id, properties from warehouse.events where uuid = %s", (UUID(9),)).fetchall()
    assert event == {"distinct_id": "later-on", "properties": {}}
    assert (broken(db), verify(db).troubles) == ({}, [])


def test_what_it_does_not_reach_is_counted(db, land, cycle):
    land("$identify", "alice", at=0)
    land("Signed up: alice", "alice", at=1)
    land("Signed up: alice2", "alice", at=1)
    land("page", "alice", at=2, uuid="wrong")
    cycle(at=3)
    quarantine.discard(db, quarantine.Selection(), why="alice tests", who="ann")
    uuid = erase(db, "alice", at=4)
    cycle(at=5)
    counts = person.read_certificate(db, uuid).counts
    assert (counts["event_names_left"], counts["reasons_left"]) == (1, 1)
    assert {name for name, line in found(db, "alice") if "alice2" not in line} == {
        "landing.event_default",
        "warehouse.stored_event_default",
        "warehouse.event_key",
        "ops.audit_entry",
    }


def test_what_landing_does_not_hold_any_more(db, land, cycle, settings):
    db.execute("select ops.ensure_day_partition('landing', 'event', 'received_at', '2022-07-01')")
    land("$identify", "alice", properties={"$set": {"a": "secret"}, "$anon_distinct_id": "device-alice"}, at=0)
    land("$identify", "bob", at=1)
    land("$identify", "bob", properties={"$anon_distinct_id": "alice", "b": 1}, at=2)
    land("page", "alice", properties={"a": "secret"}, at=3, uuid="wrong")
    cycle(at=4)
    assert drop_expired_partitions(db, settings, now=moment(86400 * 40)) == ["event_20220701"]
    erase(db, "alice", at=86400 * 41)
    cycle(at=86400 * 41)
    assert found(db, "alice", "secret") == []
    [kept] = db.execute("select properties from warehouse.events where properties ? 'b'").fetchall()
    assert kept["properties"]["$anon_distinct_id"].startswith("$erased-")
    assert (broken(db), verify(db).troubles) == ({}, [])


def test_names_of_those_that_could_not_merge_without_landing(db, land, cycle, settings):
    """Of such an event, and of one that was sent as if it separated persons, there is no merge to be found by."""
    db.execute("select ops.ensure_day_partition('landing', 'event', 'received_at', '2022-07-01')")
    for name in ("alice", "x" * 200):
        land("page", name, properties={"$device_id": name}, at=0)
    land("$create_alias", "null", properties={"alias": "alice", "$device_id": "null"}, at=1, uuid=UUID(1))
    land("$split", "bob", properties={"$split_from": "alice", "$device_id": "bob"}, at=1, uuid=UUID(2))
    land("$identify", "bob", properties={"$anon_distinct_id": "x" * 401}, at=1, uuid=UUID(3))
    cycle(at=2)
    assert drop_expired_partitions(db, settings, now=moment(86400 * 40)) == ["event_20220701"]
    for name in ("alice", "x" * 200):
        erase(db, name, at=86400 * 41)
        cycle(at=86400 * 41)
    assert found(db, "alice", "xxxx") == []
    assert (broken(db), verify(db).troubles) == ({}, [])


@pytest.mark.parametrize("is_landing_dropped", [False, True])
def test_erasures_of_the_same_person_before_name_it_no_more(db, land, cycle, settings, is_landing_dropped):
    """One of events only, and one that could not be carried out."""
    db.execute("select ops.ensure_day_partition('landing', 'event', 'received_at', '2022-07-01')")
    land("$identify", "alice", at=0)
    cycle(at=1)
    scope = person.Scope(is_events_only=True)
    for at in (2, 4):
        uuid = person.erase(db, person.Target(1, "alice"), scope, by="ann", why="request 18")
        db.execute("update landing.event set received_at = %s where uuid = %s", (moment(at), str(uuid)))
        if at == 4:
            batch_id = open_batch(db, settings, now=moment(5))
            [row] = db.execute("select landing_id from landing.event where uuid = %s", (str(uuid),)).fetchall()
            set_apart(db, batch_id, landing_ids=[row["landing_id"]], why="it fails", who="ann")
        cycle(at=at + 1)
    assert db.execute("select count(*) as n from quarantine.event where event = '$erase'").fetchone() == {"n": 1}
    if is_landing_dropped:
        drop_expired_partitions(db, settings, now=moment(86400 * 40))
    erase(db, "alice", at=86400 * 41)
    cycle(at=86400 * 41)
    assert found(db, "alice") == []
    assert (broken(db), verify(db).troubles) == ({}, [])


def test_reasons_of_other_rows_name_the_person_no_more(db, known, land, cycle, database, settings, tmp_path):
    schema = {"properties": {"invited_by": {"maxLength": 3}}}
    entry = {"event": "invited", "mode": "quarantine", "show_values": True, "schema": schema}
    (tmp_path / "invited.json").write_text(json.dumps(entry))
    misfit = land("invited", "bob", properties={"$device_id": "bob", "invited_by": "alice"}, at=11)
    failing = land("page", "bob", properties={"$device_id": "bob"}, at=11)

    def error(_):
        return BadRowError("Key (distinct_id)=(alice) is before (alice2)")

    with failing_on([failing], "load/insert_event", error=error):
        assert cycle(at=12, plan_dir=tmp_path)["quarantined"] == 2
    erase(db, "alice", at=13)
    cycle(at=14)
    reasons = quarantined(db)
    assert reasons[misfit]["reason"] == "invited_by: '(erased)' is too long"
    said = "BadRowError: Key (distinct_id)=((erased)) is before (alice2)"
    assert reasons[failing]["reason"].endswith(said)
    [apart] = db.execute("select error, reason from ops.set_apart").fetchall()
    assert (apart["error"], apart["reason"]) == (said, reasons[failing])
    assert (broken(db), verify(db).troubles) == ({}, [])
    assert rebuild(database, settings).difference is None


def test_events_that_the_same_batch_releases(db, known, cycle, database, settings):
    erase(db, "later-on", at=100)
    batch = cycle(at=100)
    assert (batch["landed"], batch["released"], batch["loaded"]) == (1, 1, 2)
    assert found(db, "later-on") == []
    assert (broken(db), verify(db).troubles) == ({}, [])
    assert rebuild(database, settings).difference is None


# An event, and whether it waits, makes a person at once, or makes none: that follows from its payload.
DECISIVE = {
    "anonymous": ("page", {"$device_id": "x"}),
    "mobile": ("page", {"$lib": "posthog-ios"}),
    "personless": ("page", {"$process_person_profile": False}),
    "flag with groups": ("$feature_flag_called", {"$groups": {"firm": "acme"}}),
}


@pytest.mark.parametrize("kind", DECISIVE)
def test_a_replay_decides_as_before(db, land, cycle, database, settings, kind):
    db.execute("update landing.project set flag_called_personless_default = true")
    event, properties = DECISIVE[kind]
    land(event, "x", properties={**properties, "a": "secret"}, at=0)
    if kind in ("anonymous", "mobile"):
        land("$identify", "alice", properties={"$anon_distinct_id": "x"}, at=10)
    cycle(at=11)
    cycle(at=80)
    erase(db, "x", at=81)
    cycle(at=82)
    assert found(db, "secret") == []
    assert verify(db).troubles == []
    assert rebuild(database, settings).difference is None


@pytest.mark.parametrize("named", ["alice", "a" * 450])
def test_a_held_event_of_somebody_else_that_names_it(db, land, cycle, database, settings, named):
    """An event is held although it names another id, where it cannot merge with it; its payload changes on the way."""
    land("page", named[:200], properties={"$device_id": named[:200]}, at=0, uuid=UUID(1))
    land("$create_alias", "backend" if named != "alice" else "null", properties={"alias": named}, at=0, uuid=UUID(2))
    cycle(at=1)
    uuid = erase(db, named[:200], at=2)
    cycle(at=3)
    assert person.read_certificate(db, uuid).counts["held_events"] == 0
    assert cycle(at=80)["released"] == 1
    assert found(db, named[:200]) == []
    assert (broken(db), verify(db).troubles) == ({}, [])
    result = rebuild(database, settings)
    assert (result.difference, result.missing) == (None, 0)


def said(db, *uuids):
    """The warnings of events, by type, however often an event was landed."""
    rows = db.execute(
        "select distinct l.uuid, w.type from landing.event as l inner join ops.warning as w using (landing_id)"
        " where l.uuid = any(%s) order by 1, 2",
        (list(uuids),),
    )
    return [(row["uuid"], row["type"]) for row in rows]


# An id, and how other people's events name it without being able to merge with it.
UNMERGEABLE = {
    "illegal": ("null", "null"),
    "illegal, other case": ("Anonymous", "Anonymous"),
    "illegal, quoted": ('"undefined"', '"undefined"'),
    "a number": ("0", 0),
    "falsy": ("false", False),
    "too long": ("a" * 200, "a" * 450),
    "an object": ('{"a": 1}', {"a": 1}),
}


@pytest.mark.parametrize("kind", UNMERGEABLE)
def test_who_could_not_merge_with_it_never_does(db, land, cycle, database, settings, kind):
    """Of loaded, held and refused events that name it; in a replay of the refused ones and in one of landing."""
    mine, named = UNMERGEABLE[kind]
    db.execute("update landing.project set drop_events_older_than_seconds = 1000")
    for name in ("d1", "d2", "d3", "d4", mine):
        land("page", name, properties={"$device_id": name}, at=0)
    land("$identify", "d1", properties={"$anon_distinct_id": named, "kept": 1}, at=1, uuid=UUID(1))
    land("$create_alias", "d2", properties={"alias": named}, at=1, uuid=UUID(2))
    old = {"timestamp": "2022-07-01T11:00:00Z", "at": 2}
    land("$identify", "d3", properties={"$anon_distinct_id": named}, uuid=UUID(3), **old)
    land("$create_alias", "d4", properties={"alias": named}, uuid=UUID(4), **old)
    land("$merge_dangerously", "later-on", properties={"alias": named}, at=3, uuid=UUID(5))
    cycle(at=4)
    told = said(db, UUID(1), UUID(2), UUID(5))
    held = len(db.execute("select from buffer.event").fetchall())
    assert held == (kind != "an object")
    counted = "select count(distinct person_id) as n from warehouse.events where event <> '$erase'"
    users = db.execute(counted).fetchone()
    erase(db, mine, at=5)
    cycle(at=6)
    assert db.execute(counted).fetchone() == users
    db.execute("update landing.project set drop_events_older_than_seconds = null")
    assert quarantine.replay(db, quarantine.Selection(), why="let in", who="ann") == (2 if held else 5)
    cycle(at=7)
    cycle(at=100)
    assert db.execute("select from buffer.event").fetchall() == []
    assert db.execute(counted).fetchone() == {"n": users["n"] + held}
    assert db.execute("select from warehouse.merge").fetchall() == []
    assert said(db, UUID(1), UUID(2), UUID(5)) == told
    assert {name for _, name in said(db, UUID(3), UUID(4))} - {"event_dropped_too_old"} == {name for _, name in told}
    left = [
        value
        for table in ("landing.event", "quarantine.event", "warehouse.stored_event")
        for row in db.execute(f"select properties from {table} where event <> '$erase'")
        for value in row["properties"].values()
    ]
    assert [value for value in left if isinstance(value, type(named)) and value == named] == []
    assert (broken(db), verify(db).troubles) == ({}, [])
    result = rebuild(database, settings)
    assert (result.difference, result.missing) == (None, 0)


def test_a_replayed_erasure_renames_nobody(db, land, cycle, database, settings):
    """Not even who has joined the ids that stand in the place of the erased ones, and was erased with these."""
    db.execute("update landing.project set drop_events_older_than_seconds = 1000")
    land("page", "device-alice", properties={"$device_id": "device-alice"}, at=0, uuid=UUID(1))
    land("$identify", "alice", properties={"$anon_distinct_id": "device-alice"}, at=1, uuid=UUID(2))
    land("$identify", "bob", properties={"$anon_distinct_id": "alice"}, at=2, timestamp="2022-07-01", uuid=UUID(3))
    land("page", "bob", properties={"$device_id": "bob"}, at=2, uuid=UUID(4))
    cycle(at=3)
    erase(db, "device-alice", at=4)
    cycle(at=5)
    # Sent again between the two erasures.
    land("page", "device-alice", properties={"$device_id": "device-alice"}, at=6, uuid=UUID(1))
    assert cycle(at=7)["duplicate"] == 1
    land("$merge_dangerously", "bob", properties={"alias": named_by(db, UUID(3))}, at=8, uuid=UUID(5))
    cycle(at=9)
    second = erase(db, "bob", at=10)
    cycle(at=11)
    assert person.read_certificate(db, second).counts["distinct_ids"] == 3
    assert (broken(db), verify(db).troubles) == ({}, [])
    result = rebuild(database, settings)
    assert (result.difference, result.missing) == (None, 0)


def test_one_that_says_what_it_has_renamed_renames_nothing(db, known, cycle):
    before = db.execute("select * from warehouse.person_distinct_id order by distinct_id").fetchall()
    person.land_erasure(db, 1, {"erase": "alice", "erased_ids": ["$erased-1"]}, by="ann", why="request 17")
    db.execute("update landing.event set received_at = %s where event = '$erase'", (moment(11),))
    assert cycle(at=12)["landed"] == 1
    after = db.execute("select * from warehouse.person_distinct_id order by distinct_id").fetchall()
    assert [row for row in after if not row["distinct_id"].startswith("erasure ")] == before
    assert db.execute("select distinct_id from ops.erased_id").fetchall() == [{"distinct_id": "$erased-1"}]


def named_by(db, uuid):
    return db.execute(
        "select properties ->> '$anon_distinct_id' as named from quarantine.event where uuid = %s", (uuid,)
    ).fetchone()["named"]
