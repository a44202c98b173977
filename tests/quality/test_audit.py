"""The audit: an untouched warehouse agrees with its log; each way of tampering is found, and where."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from typer.testing import CliRunner

from etl import cli, databases, sql
from etl.cycle.run import run_cycle
from etl.errors import AuditError, UnavailableError
from etl.operate import merge, quarantine
from etl.operate.maintain import drop_expired_partitions, squash
from etl.operate.status import read_status
from etl.quality.audit import note_run, verify
from etl.quality.audit_log import entry
from etl.quality.daily import check_days
from etl.quality.warehouse import check_warehouse
from tests.conftest import copy_database, fresh_database
from tests.cycle import crash
from tests.cycle.crash import SETTINGS
from tests.logins import login

AT_ONCE = SETTINGS.model_copy(update={"hold_seconds": 0.0})


@pytest.fixture(scope="session")
def told(server_url, template):
    """The name of a database with four batches, for each test to copy: of every kind of row, holds and releases."""
    with psycopg.connect(f"{server_url}/postgres", autocommit=True) as admin:
        copy_database(admin, "template_audit", template)
    url = databases.database_url(server_url, "template_audit")
    crash.tell_story(url)
    with sql.connect(url) as db:
        run_cycle(db, SETTINGS)
        db.execute("insert into landing.event (event, distinct_id) values ('signup', 'zoe')")
        run_cycle(db, AT_ONCE)
        db.execute(
            "insert into landing.event (event, distinct_id, properties) values"
            ' (\'$groupidentify\', \'zoe\', \'{"$group_type": "firm", "$group_key": "acme", "$group_set": {"a": 1}}\')'
        )
        run_cycle(db, AT_ONCE)
    return "template_audit"


@pytest.fixture
def database(server_url, told):
    """The URL of a copy of it, the test's own."""
    with fresh_database(server_url, told) as url:
        yield url


def tables_of(audit):
    return {trouble.table for trouble in audit.troubles}


def test_an_untouched_warehouse_agrees(db):
    shares = []
    audit = verify(db, progress=shares.append)
    assert audit.troubles == []
    stored = db.execute("select count(*)::int as n from warehouse.events").fetchone()["n"]
    assert (audit.batches, audit.events, audit.dropped) == (4, stored, 0)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    audit.raise_for_trouble()


def test_what_the_product_does_itself_agrees(db, settings):
    """Maintenance, checks, and every decision of a person: each is an entry of the log."""
    check_days(db)
    check_warehouse(db)
    assert squash(db) > 0
    refused = merge.list_refused(db, status="open")
    merge.reject(db, refused[0]["uuid"], by="ann", why="two people")
    waiting = db.execute("select min(landing_id) as id from quarantine.event").fetchone()["id"]
    assert quarantine.replay(db, quarantine.Selection(landing_id=waiting), why="fixed", who="ann") == 1
    quarantine.discard(db, quarantine.Selection(), why="of no use", who="bea")
    run_cycle(db, AT_ONCE)
    person = db.execute("select person_id from warehouse.person_distinct_ids where distinct_id = 'alice'").fetchone()
    assert person
    assert verify(db).troubles == []
    kinds = db.execute("select kind, count(*)::int as n from ops.audit_entry group by kind").fetchall()
    assert {row["kind"] for row in kinds} == {"batch", "maintenance", "decision"}
    said = " ".join(row["record"] for row in db.execute("select record from ops.audit_entry where kind = 'decision'"))
    assert "rejected by ann: two people" in said
    assert "discarded by bea: of no use" in said


def test_the_log_is_one_chain(db):
    rows = db.execute("select * from ops.audit_entry order by entry_id").fetchall()
    assert [row["entry_id"] for row in rows] == list(range(1, len(rows) + 1))
    assert [row["previous_hash"] for row in rows] == ["", *(row["hash"] for row in rows[:-1])]
    assert {len(row["hash"]) for row in rows} == {64}


EVENT = "update warehouse.stored_event set {} where distinct_id = 'anon-3' and event <> '$identify'"
# What was done, the table in which it is found, and the batch, or None: a table as a whole.
TAMPERING = {
    # events
    "a property": (EVENT.format("properties = properties || '{\"a\": 9}'"), "warehouse.stored_event", 2),
    "a name": (EVENT.format("event = 'x'"), "warehouse.stored_event", 2),
    "a time": (EVENT.format('"timestamp" = "timestamp" + interval \'1 s\''), "warehouse.stored_event", 2),
    "another day": (
        "with gone as (delete from warehouse.stored_event where distinct_id = 'anon-3' and event <> '$identify'"
        " returning stored_event) insert into warehouse.stored_event select (jsonb_populate_record(g.stored_event,"
        " jsonb_build_object('timestamp', (g.stored_event).\"timestamp\" - interval '1 day'))).* from gone as g",
        "warehouse.stored_event",
        2,
    ),
    "an arrival": (EVENT.format("received_at = received_at + interval '1 us'"), "warehouse.stored_event", 2),
    "an ip": (EVENT.format("ip = '192.0.2.1'"), "warehouse.stored_event", 2),
    "its mode": (EVENT.format("person_mode = 'propertyless'"), "warehouse.stored_event", 2),
    "its elements": (EVENT.format("elements_chain = 'a'"), "warehouse.stored_event", 2),
    "its place": (EVENT.format("landing_id = landing_id + 1000"), "warehouse.stored_event", 2),
    "its batch": (EVENT.format("batch_id = 1"), "warehouse.stored_event", 1),
    "its own hash": (EVENT.format("row_hash = 7"), "warehouse.stored_event", 2),
    "its person": (EVENT.format("person_id = gen_random_uuid()"), "warehouse.stored_event", 2),
    "its key": (
        "update warehouse.event_key set uuid = gen_random_uuid() where distinct_id = 'anon-3'",
        "warehouse.event_key",
        2,
    ),
    "the time of its key": (
        "update warehouse.event_key set \"timestamp\" = now() where distinct_id = 'anon-1'",
        "warehouse.event_key",
        1,
    ),
    "an event of no batch": (
        "insert into warehouse.stored_event select (jsonb_populate_record(e, jsonb_build_object('batch_id', -1,"
        " 'uuid', gen_random_uuid()))).* from warehouse.stored_event as e where distinct_id = 'zoe' limit 1",
        "warehouse.stored_event",
        -1,
    ),
    "an event that never happens": (
        "insert into warehouse.stored_event select (jsonb_populate_record(e, jsonb_build_object('batch_id', -7,"
        " 'timestamp', 'infinity'))).* from warehouse.stored_event as e where distinct_id = 'zoe' limit 1",
        "warehouse.stored_event",
        -7,
    ),
    "a merge of no batch": (
        "insert into warehouse.merge select (jsonb_populate_record(m, jsonb_build_object('batch_id', -1,"
        " 'uuid', gen_random_uuid()))).* from warehouse.merge as m limit 1",
        "warehouse.merge",
        -1,
    ),
    "no watermark": ("delete from ops.watermark", "ops.watermark", None),
    "a clock put back": ("update ops.watermark set arrival_clock = '2000-01-01'", "ops.watermark", None),
    "an event less": ("delete from warehouse.stored_event where distinct_id = 'anon-1'", "warehouse.stored_event", 1),
    "an event more": (
        "insert into warehouse.stored_event select (jsonb_populate_record(e, '{\"batch_id\": 1}')).*"
        " from warehouse.stored_event as e where distinct_id = 'zoe' limit 1",
        "warehouse.stored_event",
        1,
    ),
    "two of one, none of another": (
        "with gone as (delete from warehouse.stored_event where distinct_id = 'anon-1' returning batch_id)"
        " insert into warehouse.stored_event select (jsonb_populate_record(e, '{\"batch_id\": 1}')).*"
        " from warehouse.stored_event as e where distinct_id = 'anon-3' limit 1",
        "warehouse.stored_event",
        1,
    ),
    "events of no batch": (
        "insert into warehouse.stored_event select (jsonb_populate_record(e, '{\"batch_id\": 99}')).*"
        " from warehouse.stored_event as e limit 1",
        "warehouse.stored_event",
        99,
    ),
    # who is who
    "a person's property": ("update warehouse.person set properties = '{\"a\": 1}'", "warehouse.person", None),
    "a person identified": ("update warehouse.person set is_identified = not is_identified", "warehouse.person", None),
    "a person's age": (
        "update warehouse.person set created_at = created_at - interval '1 h'",
        "warehouse.person",
        None,
    ),
    "a person less": ("delete from warehouse.person where distinct_id = 'zoe'", "warehouse.person", None),
    "a person unmerged": (
        "update warehouse.person set merged_into = null where merged_into is not null",
        "warehouse.person",
        None,
    ),
    "times behind a value": ("update warehouse.person set property_state = '{\"a\": 1}'", "warehouse.person", None),
    "an id moved": (
        "update warehouse.person_distinct_id set person_id = gen_random_uuid() where distinct_id = 'zoe'",
        "warehouse.person_distinct_id",
        None,
    ),
    "an id less": (
        "delete from warehouse.person_distinct_id where distinct_id = 'zoe'",
        "warehouse.person_distinct_id",
        None,
    ),
    "an override less": ("delete from warehouse.person_override", "warehouse.person_override", None),
    "an override redirected": (
        "update warehouse.person_override set person_id = gen_random_uuid()",
        "warehouse.person_override",
        None,
    ),
    "all tables of a person emptied": ("truncate warehouse.person_override", "warehouse.person_override", None),
    "a group's property": ("update warehouse.group_profile set properties = '{}'", "warehouse.group_profile", None),
    "an applied merge less": ("delete from warehouse.merge where outcome = 'merged'", "warehouse.merge", 2),
    "a refusal called a merge": (
        "update warehouse.merge set outcome = 'merged', reason = null where outcome = 'refused'",
        "warehouse.merge",
        2,
    ),
    "all refusals": ("delete from warehouse.merge where outcome = 'refused'", "warehouse.merge", 2),
    # the ledger and its log
    "a count that still balances": (
        "update ops.batch set held = held - 1, loaded = loaded + 1 where batch_id = 2",
        "ops.batch",
        2,
    ),
    "a decision": (
        "update ops.batch set decision = 'quarantined', decided_at = now(), decided_by = 'x', decided_why = 'y'"
        " where batch_id = 2",
        "ops.batch",
        2,
    ),
    "arrivals before": (
        "update ops.batch set arrival_clock_before = arrival_clock_before - interval '1 year' where batch_id = 3",
        "ops.batch",
        3,
    ),
    "the oldest arrival": (
        "update ops.batch set oldest_received_at = oldest_received_at - interval '1 year' where batch_id = 2",
        "ops.batch",
        2,
    ),
    "no oldest arrival": ("update ops.batch set oldest_received_at = null where batch_id = 2", "ops.batch", 2),
    "a digest": ("update ops.batch set digests = digests || '{\"merges\": 1}' where batch_id = 3", "ops.batch", 3),
    "the newest batch": ("delete from ops.batch where batch_id = 4", "ops.batch", 4),
    "the first batch": ("delete from ops.batch where batch_id = 1", "ops.batch", 1),
    "a batch in between": ("delete from ops.batch where batch_id = 2", "ops.batch", 2),
    "the newest batch and its entry": (
        "with b as (delete from ops.batch where batch_id = 4) delete from ops.audit_entry where batch_id = 4",
        "warehouse.stored_event",
        4,
    ),
    "an entry": ("delete from ops.audit_entry where batch_id = 2", "ops.batch", 2),
    "a hash": ("update ops.audit_entry set hash = repeat('0', 64) where batch_id = 1", "ops.audit_entry", 1),
    "a link": ("update ops.audit_entry set previous_hash = repeat('0', 64) where batch_id = 3", "ops.audit_entry", 3),
    "a record in the log": ("update ops.audit_entry set record = 'x' where batch_id = 3", "ops.audit_entry", 3),
    "a digest in the log": (
        "update ops.audit_entry set state = state || '{\"warehouse.person\": 1}' where batch_id = 4",
        "ops.audit_entry",
        4,
    ),
    "the watermark's offset": ("update ops.watermark set xid_offset = xid_offset + 1000", "ops.watermark", None),
    "the watermark back": ("update ops.watermark set landing_id = landing_id - 1", "ops.watermark", None),
    "the hold's clock": ("update ops.watermark set as_of = as_of + interval '1 h'", "ops.watermark", None),
    # results, warnings, quarantine
    "a result": ("update ops.expectation_result set unexpected = 0 where batch_id = 2", "ops.expectation_result", 2),
    "all results": ("delete from ops.expectation_result where batch_id = 2", "ops.expectation_result", 2),
    "all warnings": ("delete from ops.warning", "ops.warning", 2),
    "a warning": ("update ops.warning set details = '{}' where batch_id = 2", "ops.warning", 2),
    "a refused row less": ("delete from quarantine.event", "quarantine.event", 2),
    "a reason": ("update quarantine.event set reasons = '[]'", "quarantine.event", 2),
    "a refused payload": ("update quarantine.event set properties = '{\"a\": 1}'", "quarantine.event", 2),
    "authority of a refused row": ("update quarantine.event set is_operator = true", "quarantine.event", 2),
    "a refused row with persons": (
        "update quarantine.event set is_personless = not is_personless",
        "quarantine.event",
        2,
    ),
    "a discard by a ghost": (
        "update quarantine.event set resolution = 'discarded', resolved_at = now(), resolved_by = 'ghost',"
        " resolved_why = 'boo'",
        "quarantine.event",
        None,
    ),
    "shares of a project": ("update ops.batch_project set refused = 0, written = 1", "ops.batch_project", 1),
    # the buffer
    "a due time": ("update buffer.event set due_at = due_at + interval '1 year'", "buffer.event", None),
    "a held id": ("update buffer.event set distinct_id = 'x'", "buffer.event", None),
    "a held event less": ("delete from buffer.event where distinct_id = 'frank'", "buffer.event", 2),
    "a rescue": ("update buffer.released_event set is_rescued = not is_rescued", "buffer.released_event", 2),
    # landing
    "a landed payload": ("update landing.event set properties = '{}' where distinct_id = 'anon-3'", "landing.event", 2),
    "a landed id": ("update landing.event set distinct_id = 'x' where distinct_id = 'anon-3'", "landing.event", 2),
    "a landed name": ("update landing.event set event = 'x' where distinct_id = 'anon-3'", "landing.event", 2),
    "a landed time": (
        "update landing.event set \"timestamp\" = '2001-01-01' where distinct_id = 'anon-3'",
        "landing.event",
        2,
    ),
    "a landed row less": ("delete from landing.event where distinct_id = 'anon-1'", "landing.event", 1),
    "a place": (
        "update landing.event set landing_id = 10000 where distinct_id = 'zoe' and event = 'signup'",
        "landing.event",
        3,
    ),
    "arrivals swapped": (
        "update landing.event as l set received_at = o.received_at from landing.event as o"
        " where l.distinct_id <> o.distinct_id and l.distinct_id in ('anon-1', 'anon-3')"
        " and o.distinct_id in ('anon-1', 'anon-3')",
        "landing.event",
        1,
    ),
    "the payload of a refused row": (
        "update landing.event set properties = '{\"a\": 1}'"
        " where landing_id = (select min(landing_id) from quarantine.event)",
        "landing.event",
        2,
    ),
    "the payload of a held event": (
        "update landing.event set properties = '{\"a\": 1}'"
        " where landing_id = (select min(landing_id) from buffer.event)",
        "landing.event",
        1,
    ),
    "landing called dropped": (
        "insert into ops.dropped_landing values ('2099-01-01', now())",
        "ops.dropped_landing",
        None,
    ),
}


@pytest.mark.parametrize(
    "time",
    ["1970-01-02", "2022-06-30 23:59:59.999999", "2022-07-01", "2022-07-02 12:00", "2022-07-04", "2100-01-01"],
    ids=["long before", "just before", "first moment of a day", "between days", "last day", "long after"],
)
def test_events_of_every_time_are_looked_at(db, time):
    """In a partition of their day or in the default one, wherever there is no partition."""
    sql.run(db, "maintain/ensure_partitions", {"days_ahead": 1})
    for day in ("2022-07-01", "2022-07-04"):
        db.execute("select ops.ensure_day_partition('warehouse', 'stored_event', 'timestamp', %s)", [day])
    db.execute(
        "with gone as (delete from warehouse.stored_event where distinct_id = 'anon-1' returning stored_event)"
        " insert into warehouse.stored_event select (jsonb_populate_record(g.stored_event, jsonb_build_object("
        "'event', 'forged', 'timestamp', %s::timestamptz))).* from gone as g",
        [time],
    )
    changed = [trouble.what for trouble in verify(db).troubles if "were changed after" in trouble.what]
    assert len(changed) == 1
    assert changed[0].startswith("1 events were changed")


@pytest.mark.parametrize("name", TAMPERING)
def test_tampering_is_found_and_where(db, name):
    statement, table, batch_id = TAMPERING[name]
    assert db.execute(statement).rowcount
    audit = verify(db)
    found = [(trouble.batch_id, trouble.table) for trouble in audit.troubles]
    assert (batch_id, table) in found
    with pytest.raises(AuditError, match=table):
        audit.raise_for_trouble()


@pytest.mark.parametrize(
    ("statement", "uuid_of"),
    [
        (EVENT.format("properties = '{}'"), "anon-3"),
        (EVENT.format("person_id = gen_random_uuid()"), "anon-3"),
        ("update landing.event set properties = '{\"a\": 2}' where distinct_id = 'anon-3'", "anon-3"),
    ],
)
def test_the_first_row_is_named(db, statement, uuid_of):
    rows = db.execute("select uuid::text from warehouse.stored_event where distinct_id = %s order by 1", [uuid_of])
    names = [row["uuid"] for row in rows]
    db.execute(statement)
    said = " ".join(str(trouble) for trouble in verify(db).troubles)
    assert any(f"the first: uuid {name}" in said for name in names)


def test_payload_changed_in_the_warehouse_and_in_landing(db):
    for table in ("warehouse.stored_event", "landing.event"):
        statement = f"update {table} set properties = '{{\"a\": 1}}' where distinct_id = 'anon-3'"
        db.execute(statement)
    assert tables_of(verify(db)) == {"warehouse.stored_event", "landing.event"}


def test_a_held_payload_forged_before_its_release(database, db):
    db.execute(
        "update landing.event set properties = '{\"a\": 1}' where landing_id in (select landing_id from buffer.event)"
    )
    db.execute("update buffer.event set due_at = now()")
    run_cycle(db, AT_ONCE)
    audit = verify(db)
    assert "landing.event" in tables_of(audit)
    # Known for good: the event carries the hash of what had landed, also when landing is gone.
    assert "warehouse.stored_event" in tables_of(audit)


def test_users_forged_consistently_are_found(db):
    """Ids, events and persons changed so that no invariant is broken."""
    db.execute(
        "with p as (insert into warehouse.person select (jsonb_populate_record(p, jsonb_build_object("
        " 'distinct_id', 'zoe2', 'person_id', gen_random_uuid()))).* from warehouse.person as p"
        " where distinct_id = 'zoe' returning person_id),"
        " d as (insert into warehouse.person_distinct_id select (jsonb_populate_record(d, jsonb_build_object("
        " 'distinct_id', 'zoe2', 'person_id', p.person_id))).* from warehouse.person_distinct_id as d, p"
        " where d.distinct_id = 'zoe')"
        " update warehouse.stored_event set distinct_id = 'zoe2', person_id = p.person_id from p"
        " where distinct_id = 'zoe' and event = 'signup'"
    )
    assert {"warehouse.person", "warehouse.person_distinct_id", "warehouse.stored_event"} <= tables_of(verify(db))


def test_a_log_that_was_forged_whole_is_found_by_a_hash_kept_elsewhere(db):
    kept = verify(db).hash
    forge = (
        "update ops.audit_entry as e set record = replace(record, 'a', 'b'), hash = 'x' where entry_id = 4;"
        " update ops.audit_entry as e set hash = encode(sha256(convert_to(ops.audit_text(e), 'UTF8')), 'hex')"
        " where entry_id = 4"
    )
    for statement in forge.split(";"):
        db.execute(statement)
    assert "ops.audit_entry" not in tables_of(verify(db))
    assert "ops.audit_entry" in tables_of(verify(db, expected=kept))


def test_an_older_hash_is_still_in_the_log(db):
    older = db.execute("select hash from ops.audit_entry where entry_id = 2").fetchone()["hash"]
    assert verify(db, expected=older).troubles == []
    assert tables_of(verify(db, expected="0" * 64)) == {"ops.audit_entry"}


def test_since_the_last_run(db):
    first = verify(db)
    assert note_run(db, first)
    assert (verify(db, is_since_last=True).batches, first.batches) == (0, 4)
    db.execute("insert into landing.event (event, distinct_id) values ('page', 'zoe')")
    run_cycle(db, AT_ONCE)
    again = verify(db, is_since_last=True)
    assert (again.batches, again.first_batch_id, again.events, again.troubles) == (1, 5, 1, [])
    db.execute("update warehouse.person set is_identified = not is_identified")
    bad = verify(db, is_since_last=True)
    assert tables_of(bad) == {"warehouse.person"}
    note_run(db, bad)
    assert verify(db, is_since_last=True).batches == 1  # a run that found something does not count


def test_a_period_that_agrees_says_nothing_of_the_rest(db, settings):
    db.execute("update ops.warning set details = '{}' where batch_id = 2")
    note_run(db, verify(db, from_batch=3))
    assert {trouble.batch_id for trouble in verify(db, is_since_last=True).troubles} == {2}
    note_run(db, verify(db))
    note_run(db, verify(db, from_batch=3))
    assert "audit" in {problem.kind for problem in read_status(db, settings).problems}


def test_a_log_that_was_rewritten_since_the_last_run(db):
    note_run(db, verify(db))
    db.execute("delete from ops.audit_entry where entry_id = 4")
    db.execute("delete from ops.batch where batch_id = 4")
    assert "ops.audit_entry" in tables_of(verify(db, is_since_last=True))


def test_a_period_looks_at_its_batches_only(db):
    db.execute("update ops.warning set details = '{}' where batch_id = 2")
    assert verify(db, from_batch=3).troubles == []
    assert verify(db, to_batch=1).troubles == []
    assert {trouble.batch_id for trouble in verify(db, from_batch=2, to_batch=2).troubles} == {2}
    today = datetime.now(UTC).date()
    assert {t.batch_id for t in verify(db, from_day=today - timedelta(days=1), to_day=today).troubles} == {2}
    assert verify(db, from_day=today + timedelta(days=1)).batches == 0


def test_landing_that_was_dropped_after_retention_is_no_contradiction(db, settings):
    now = datetime.now(UTC)
    with entry(db, "maintenance", "the hold ends now"):
        db.execute("update buffer.event set due_at = now()")
    run_cycle(db, SETTINGS)  # nothing is held any more
    later = now + timedelta(days=settings.landing_retention_days + 2)
    assert drop_expired_partitions(db, settings, now=later)
    audit = verify(db)
    assert audit.troubles == []
    assert audit.dropped == 4  # the fifth had no row of its own


def test_the_open_batch_is_no_contradiction(database, db):
    """A run that died has written events ahead."""
    db.execute(
        "insert into landing.event (event, distinct_id, properties) values ('page', 'd', '{\"$device_id\": \"d\"}')"
    )

    def fail(_, name, is_after):
        if name == "load/close_batch" and not is_after:
            raise UnavailableError("away")

    with sql.observed(fail), pytest.raises(UnavailableError):
        run_cycle(db, AT_ONCE)
    assert verify(db).troubles == []


def test_the_auditor_can_audit(database, db):
    with login(database, "auditor") as url, sql.connect(url) as auditor:
        audit = verify(auditor)
        assert (audit.troubles, audit.batches) == ([], 4)
        assert note_run(auditor, audit) is False
        for relation in ("buffer.event", "landing.event", "ops.digest_entry", "ops.audit_run"):
            auditor.execute(f"select * from {relation} limit 1")


def test_the_command(database, monkeypatch, db):
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    result = CliRunner().invoke(cli.app, ["audit", "verify"])
    assert (result.exit_code, "All agree." in result.output) == (0, True)
    kept = verify(db).hash
    assert f"hash {kept}" in result.output
    assert CliRunner().invoke(cli.app, ["audit", "verify", "--from", "2", "--to", "2099-01-01"]).exit_code == 0
    assert CliRunner().invoke(cli.app, ["audit", "verify", "--since-last", "--expect", kept]).exit_code == 0
    assert isinstance(CliRunner().invoke(cli.app, ["audit", "verify", "--expect", "0"]).exception, AuditError)
    nothing = CliRunner().invoke(cli.app, ["audit", "verify", "--from", "2099-01-01"])
    assert "No loaded batch lies in this period" in str(nothing.exception)
    db.execute("delete from quarantine.event")
    result = CliRunner().invoke(cli.app, ["audit", "verify"])
    assert isinstance(result.exception, AuditError)
    runs = db.execute("select troubles <> '[]' as is_bad from ops.audit_run order by run_id").fetchall()
    assert [row["is_bad"] for row in runs] == [False, False, False, True, True]
