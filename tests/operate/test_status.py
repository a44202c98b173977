"""`etl status` and the other commands: what a person sees, and the exit status a monitor sees."""

from __future__ import annotations

import json
import re
import time

import psycopg
import pytest
from typer.testing import CliRunner

from etl import cli
from etl.errors import EtlError
from etl.operate import status as module
from etl.operate.status import read_status


@pytest.fixture
def etl(database, monkeypatch):
    """Run a command against the test's own database."""
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    monkeypatch.setenv("COLUMNS", "200")

    def _etl(*arguments):
        return CliRunner().invoke(cli.app, arguments, catch_exceptions=False)

    return _etl


def test_a_new_database_says_that_nothing_has_run(etl):
    result = etl("status")
    assert result.exit_code == 1
    assert "No batch has run yet" in result.output


def test_a_working_one_is_fine(etl, land):
    land("$identify", "u")
    land("signup", "held")
    assert "landed 2, loaded 1, held 1" in etl("cycle").output
    result = etl("status")
    assert (result.exit_code, "held 1, the oldest for" in result.output) == (0, True)
    assert "backlog 0 rows" in result.output


def test_json_holds_the_same(etl, land):
    land("$identify", "u")
    etl("cycle")
    found = json.loads(etl("status", "--json").output)
    assert (found["batches"][0]["loaded"], found["backlog"], found["problems"]) == (1, 0, [])


def test_a_late_batch(etl, land, monkeypatch):
    etl("cycle")
    monkeypatch.setenv("ETL_LATE_AFTER_SECONDS", "0.001")
    land("$identify", "u")
    time.sleep(0.01)
    result = etl("status")
    assert result.exit_code == 1
    assert "The newest batch is late" in result.output
    assert "backlog 1 rows" in result.output


def test_a_ledger_that_does_not_balance(etl, db):
    etl("cycle")
    db.execute("alter table ops.batch drop constraint ledger_balances")
    db.execute("update ops.batch set loaded = loaded + 1")
    result = etl("status")
    assert result.exit_code == 1
    assert "The ledger of batch 1 does not balance" in result.output


def test_what_the_audit_or_an_invariant_finds_is_a_problem(etl, db, land):
    land("$identify", "u")
    etl("cycle")
    assert etl("maintain").exit_code == 0
    assert etl("status").exit_code == 0
    db.execute("update warehouse.person set is_identified = not is_identified")
    db.execute("update warehouse.stored_event set person_id = gen_random_uuid()")
    with pytest.raises(EtlError, match="event_agrees_with_distinct_id"):
        etl("maintain")
    said = etl("status")
    assert said.exit_code == 1
    assert "found 1 things that do not agree, the first: warehouse.person" in said.output
    assert "(1 rows, as of " in said.output


def test_the_transaction_that_holds_the_watermark_back_is_named(db, database, land, cycle, settings, monkeypatch):
    cycle()
    monkeypatch.setattr(module, "HOLDER_SECONDS", 0.0)
    with psycopg.connect(database, application_name="slow writer") as writer:
        writer.execute("insert into landing.event (event, distinct_id) values ('first', 'u')")
        land("behind", "u")
        found = read_status(db, settings)
        assert (found.backlog, found.waiting) == (1, 1)
        assert found.holder["pid"] == writer.info.backend_pid
        assert "slow writer" in str(found.problems[0])
        assert str(writer.info.backend_pid) in found.problems[0].message
        writer.rollback()
    assert read_status(db, settings).is_fine


def test_commands_without_a_warehouse_say_what_to_do(monkeypatch, tmp_path, capsys):
    monkeypatch.delenv("ETL_DATABASE_URL", raising=False)
    monkeypatch.setenv("ETL_HOME", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["etl", "status"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 1
    assert "make run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value"), [("ETL_BATCH_SIZE", "many"), ("ETL_HOLD_SECONDS", "-1"), ("ETL_DATABASE_URL", "mysql://u@h/d")]
)
def test_a_wrong_setting_is_one_clear_line(monkeypatch, capsys, name, value):
    monkeypatch.setenv("ETL_DATABASE_URL", "postgresql://u:p@127.0.0.1:1/d")
    monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", ["etl", "cycle"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 1
    error = capsys.readouterr().err
    assert name in error
    assert error.count("\n") == 1


def test_maintain_says_what_it_did(etl, land):
    land("$identify", "u")
    etl("cycle")
    output = etl("maintain").output
    assert "overrides folded into events: 0" in output
    assert "ledger_balances" in output


def test_maintenance_that_is_paused_is_missed(etl, db):
    etl("cycle")
    assert etl("status").exit_code == 0
    db.execute("update ops.batch set opened_at = opened_at - interval '4 hours'")
    assert "Maintenance has not run yet; it should every hour." in etl("status").output
    db.execute("update ops.batch set opened_at = opened_at + interval '4 hours'")
    etl("maintain")
    assert etl("status").exit_code == 0
    db.execute("update ops.job set ran_at = ran_at - interval '4 hours'")
    result = etl("status")
    assert result.exit_code == 1
    assert re.search(r"Maintenance has not run since \d{4}-\d\d-\d\d \d\d:\d\d UTC", result.output)
    assert "`events_maintain`, or schedule `etl maintain`" in result.output


def test_alerts_that_are_paused_are_missed_by_those_who_had_them(etl, db):
    etl("cycle")
    db.execute("update ops.batch set opened_at = opened_at - interval '1 hour'")
    assert etl("status").exit_code == 0
    assert (etl("alert").exit_code, etl("status").exit_code) == (0, 0)
    db.execute("update ops.job set ran_at = ran_at - interval '1 hour'")
    assert "Nobody has looked for problems since" in etl("status").output
