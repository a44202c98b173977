"""Migrations: a database of any age becomes what a new one is, and nothing is applied twice."""

from __future__ import annotations

import re
import shutil

import pytest

from etl import databases, sql
from etl.errors import MigrationError
from etl.migrate import apply_files, describe_applied, migrate
from tests.catalog import read_catalog

ROOT = sql.resource("sql")
OBJECTS = sorted([*(ROOT / "functions").glob("*.sql"), *(ROOT / "views").glob("*.sql")])

# What each of these was before, as a text that the present one is made from.
OLDER = {
    "functions/ops.xor.sql": ("immutable\n", "volatile\n"),
    "functions/ops.json_excerpt.sql": ("return null", "return ''"),
    "functions/warehouse.person_history.sql": ("security definer\nset search_path = ''\n", ""),
    "functions/warehouse.person_at.sql": ("before it had a person.", "before."),
    "views/ops.batch_state.sql": (",\n    b.decided_why", ""),
    "views/warehouse.groups.sql": ("warehouse.group_profile;", "warehouse.group_profile\nwhere group_key <> '';"),
    "views/ops.buffer_day.sql": ("grant select on ops.buffer_day to auditor;", ""),
}


@pytest.fixture
def files(tmp_path):
    """A copy of the files, to be edited."""
    for folder in ("schema", "functions", "views"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


@pytest.fixture
def empty(server_url, tmp_path):
    """A connection to a database without anything of ours."""
    name = f"empty_{tmp_path.name}"
    with databases.temporary_database(server_url, name) as url, sql.connect(url) as db:
        yield db


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_an_older_database_becomes_what_a_new_one_is(empty, files, shared_db, settings):
    for name, (old, new) in OLDER.items():
        edit(files / name, old, new)
    apply_files(empty, files)
    before = read_catalog(empty)
    applied = migrate(empty, settings)
    assert sorted(applied) == sorted(name.removesuffix(".sql") for name in OLDER)
    after = read_catalog(empty)
    assert after == read_catalog(shared_db)
    assert len({name for name in after if before.get(name) != after[name]}) >= len(OLDER)


def test_only_a_changed_text_is_applied_again(empty, files):
    everything = apply_files(empty, files)
    assert len(everything) == len(list(files.rglob("*.sql")))
    assert apply_files(empty, files) == []
    edit(files / "functions" / "ops.json_excerpt.sql", "return null", "return '?'")
    assert apply_files(empty, files) == ["functions/ops.json_excerpt"]
    assert "return '?'" in read_catalog(empty)["function ops.json_excerpt(jsonb,integer)"]
    assert apply_files(empty, files) == []


def test_an_edited_schema_file_is_refused(empty, files):
    apply_files(empty, files)
    edit(files / "schema" / "0004_buffer.sql", "create schema", "\ncreate schema")
    edit(files / "functions" / "ops.json_excerpt.sql", "return null", "return '?'")
    before = read_catalog(empty)
    with pytest.raises(MigrationError, match="0004_buffer was edited"):
        apply_files(empty, files)
    assert read_catalog(empty) == before


def test_a_newer_database_is_refused(empty, files):
    added = files / "schema" / "0099_later.sql"
    added.write_text("-- Later.\ncreate table ops.later (id bigint);\n")
    apply_files(empty, files)
    added.unlink()
    with pytest.raises(MigrationError, match="0099_later"):
        apply_files(empty, files)


def test_a_failed_file_leaves_nothing_behind(empty, files):
    (files / "views" / "warehouse.zero.sql").write_text("create view warehouse.zero as select 1 / nothing as n;")
    with pytest.raises(Exception, match="nothing"):
        apply_files(empty, files)
    assert empty.execute("select to_regnamespace('ops') as ops").fetchone() == {"ops": None}


def test_after_a_schema_file_all_functions_and_views_are_made_again(empty, files):
    apply_files(empty, files)
    (files / "schema" / "0099_later.sql").write_text(
        "-- Later.\ndrop view warehouse.events cascade;\ndrop function ops.xor;\n"
        "alter table staging.event add column is_later boolean;\n"
    )
    before = read_catalog(empty)
    applied = apply_files(empty, files)
    assert applied[0] == "schema/0099_later"
    assert len(applied) == 1 + len(OBJECTS)
    after = read_catalog(empty)
    assert "column staging.accepted_event.is_later" in after
    assert before.keys() <= after.keys()


def test_a_view_comes_after_those_it_reads(empty, files):
    (files / "views" / "ops.a.sql").write_text(
        "-- Reads the next.\ncreate or replace view ops.a as select * from ops.b;"
    )
    (files / "views" / "ops.b.sql").write_text("-- Like ops.a.\ncreate or replace view ops.b as select 1 as n;")
    applied = apply_files(empty, files)
    assert applied.index("views/ops.b") < applied.index("views/ops.a")


def test_a_deleted_view_that_comes_back_is_new(empty, files):
    view = files / "views" / "ops.a.sql"
    view.write_text("-- One.\ncreate or replace view ops.a as select 1 as n;")
    apply_files(empty, files)
    view.unlink()
    (files / "schema" / "0099_no_a.sql").write_text("-- It is gone.\ndrop view ops.a;")
    apply_files(empty, files)
    assert "view ops.a" not in read_catalog(empty)
    view.write_text("-- One.\ncreate or replace view ops.a as select 1 as n;")
    assert apply_files(empty, files) == ["views/ops.a"]


def test_what_was_applied_in_a_few_words():
    assert (
        describe_applied(["schema/0001_a", "functions/a.b", "functions/a.c"]) == "1 schema files, 2 functions applied"
    )
    assert describe_applied([]) == "up to date"


@pytest.mark.parametrize("path", OBJECTS, ids=lambda path: path.stem)
def test_one_object_a_file_of_its_name(path):
    code = re.sub(r"--[^\n]*", "", path.read_text())
    made = re.findall(r"^create or replace (function|view) ([\w.]+)", code, re.MULTILINE)
    assert made == [(path.parent.name.removesuffix("s"), path.stem)]
    assert re.findall(r"^create\b", code, re.MULTILINE) == ["create"]
    # Its comment and its grants, of no other object.
    assert all(path.stem in line for line in re.findall(r"^(?:comment|grant|revoke) .*", code, re.MULTILINE))


def test_every_function_body_is_checked_once_all_is_there(db):
    """Migrating leaves bodies unchecked, because one may name what is made after it."""
    db.execute("set check_function_bodies = on")
    for path in OBJECTS:
        db.execute(path.read_bytes())


def test_autovacuum_leaves_staging_alone(shared_db):
    rows = shared_db.execute(
        "select relname from pg_class where relnamespace = 'staging'::regnamespace and relkind = 'r'"
        " and not coalesce('autovacuum_enabled=false' = any(reloptions), false)"
    ).fetchall()
    assert rows == []
