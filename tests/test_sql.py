"""House rules for statements: in files, explained, plannable, and nowhere else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from etl import sql

ROOT = sql.resource("sql")
# Those of the dbt project are templates: tests/dbt runs them.
FILES = sorted(
    str(path.relative_to(ROOT))[:-4] for path in ROOT.rglob("*.sql") if not path.is_relative_to(ROOT / "dbt")
)
STATEMENTS = [name for name in FILES if not name.startswith(("schema/", "functions/", "views/"))]
PLANNABLE = re.compile(r"^(select|insert|update|delete|with)\b", re.MULTILINE)


def test_there_are_statements():
    assert len(STATEMENTS) > 50


@pytest.mark.parametrize("name", FILES)
def test_every_file_says_what_and_why(name):
    assert sql.statement(name).startswith(b"-- ")


@pytest.mark.parametrize("name", STATEMENTS)
def test_one_statement_a_file(name):
    code = re.sub(rb"--[^\n]*", b"", sql.statement(name))
    code = re.sub(rb"'[^']*'", b"''", code)
    assert code.count(b";") == 1


def test_every_statement_is_used():
    text = "".join(path.read_text() for path in Path(sql.__file__).parent.rglob("*.py"))
    # Invariants and detectors are run by folder. Recipes are for readers, who run them: see sql/README.md.
    names = {name for name in STATEMENTS if not name.startswith(("invariants/", "detectors/", "recipes/"))}
    named = {name for name in names if f'"{name}"' in text}
    # load lists its person statements by their bare name.
    named |= {name for name in names if name.startswith("load/") and f'"{name[5:]}"' in text}
    assert names - named == set()


def test_no_sql_in_python():
    pattern = re.compile(r"""["'](select|insert into|update|delete from|create|alter|copy|truncate) """)
    shows_one_to_be_pasted = {Path(sql.__file__).parent / "local" / "up.py"}
    for path in set(Path(sql.__file__).parent.rglob("*.py")) - shows_one_to_be_pasted:
        assert pattern.findall(path.read_text()) == [], path


@pytest.mark.parametrize("name", [name for name in STATEMENTS if PLANNABLE.search(sql.statement(name).decode())])
def test_every_statement_can_be_planned(shared_db, name):
    """Catches a wrong column at once; all parameters are null, and nothing is run."""
    parameters = dict.fromkeys(re.findall(r"%\((\w+)\)s", sql.statement(name).decode()))
    shared_db.execute(b"explain " + sql.statement(name), parameters)


def test_every_view_for_readers_is_plural_and_tables_are_singular(shared_db):
    rows = shared_db.execute(
        "select table_name, table_type from information_schema.tables where table_schema = 'warehouse'"
        " and table_name not like 'stored_event_%'"
    ).fetchall()
    for row in rows:
        assert row["table_name"].endswith("s") == (row["table_type"] == "VIEW"), row


def test_every_time_column_has_a_name_of_ours(shared_db):
    """Two clocks, two names: event time is "timestamp", everything else says what happened at that moment."""
    rows = shared_db.execute(
        "select table_schema, table_name, column_name from information_schema.columns"
        " where data_type = 'timestamp with time zone'"
        " and table_schema in ('landing', 'staging', 'buffer', 'quarantine', 'warehouse', 'ops')"
    ).fetchall()
    odd = {
        row["column_name"]
        for row in rows
        if not row["column_name"].endswith("_at") and row["column_name"] not in {"timestamp", "as_of"}
    }
    assert odd == {"arrival_clock", "arrival_clock_before"}
