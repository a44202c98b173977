"""What readers see in psql, dbt or a notebook says what it is: schemas, relations, functions and columns."""

from __future__ import annotations

VISIBLE = """
select format('%%s.%%s', n.nspname, c.relname) as name, c.oid, n.nspname as schema
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
where
    c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition and n.nspname = any(%(schemas)s)
    and has_table_privilege('auditor', c.oid, 'select')
"""


def visible(db, *schemas):
    rows = db.execute(VISIBLE, {"schemas": list(schemas)}).fetchall()
    assert {row["schema"] for row in rows} == set(schemas)
    return {row["name"]: row["oid"] for row in rows}


def test_every_relation_that_readers_see_has_a_comment(shared_db):
    relations = visible(shared_db, "warehouse", "quarantine", "buffer", "ops")
    assert {"warehouse.events", "warehouse.stored_event", "ops.batch", "quarantine.event"} <= relations.keys()
    rows = shared_db.execute(
        "select o.oid from unnest(%s::oid[]) as o (oid) where coalesce(obj_description(o.oid, 'pg_class'), '') = ''",
        (list(relations.values()),),
    ).fetchall()
    without = {row["oid"] for row in rows}
    assert [name for name, oid in relations.items() if oid in without] == []


def test_every_column_of_the_warehouse_has_a_comment(shared_db):
    rows = shared_db.execute(
        "select format('%%s.%%s', a.attrelid::regclass, a.attname) as name,"
        " col_description(a.attrelid, a.attnum) as said"
        " from pg_attribute as a where a.attrelid = any(%s) and a.attnum > 0 and not a.attisdropped",
        (list(visible(shared_db, "warehouse").values()),),
    ).fetchall()
    assert len(rows) > 100
    assert [row["name"] for row in rows if not row["said"]] == []


def test_every_function_of_the_warehouse_has_a_comment(shared_db):
    rows = shared_db.execute(
        "select oid::regprocedure::text as name, obj_description(oid, 'pg_proc') as said from pg_proc"
        " where pronamespace = 'warehouse'::regnamespace and has_function_privilege('auditor', oid, 'execute')"
    ).fetchall()
    assert len(rows) >= 8
    assert [row["name"] for row in rows if not row["said"]] == []


def test_the_schema_says_where_to_begin(shared_db):
    row = shared_db.execute("select obj_description('warehouse'::regnamespace, 'pg_namespace') as said").fetchone()
    assert "views" in row["said"]
