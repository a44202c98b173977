"""What a database's schemas consist of, as text, so that two databases can be compared."""

from __future__ import annotations

from psycopg.rows import tuple_row

from etl.sql import Db

SCHEMAS = ["landing", "ops", "buffer", "quarantine", "warehouse", "staging"]

# Each gives name and definition. Grants are unordered, and partitions of days depend on the date.
PARTS = {
    "schema": """
        select nspname, array(select a::text from unnest(nspacl) as a order by 1)::text
        from pg_namespace where nspname = any(%(schemas)s)
    """,
    "relation": """
        select
            c.oid::regclass::text,
            concat_ws(
                ' ', c.relkind, c.relpersistence, c.reloptions, pg_get_partkeydef(c.oid),
                pg_get_expr(c.relpartbound, c.oid), obj_description(c.oid, 'pg_class'),
                array(select a::text from unnest(c.relacl) as a order by 1)
            )
        from pg_class as c
        where c.relnamespace = any(%(schemas)s::regnamespace[]) and c.relname !~ '_[0-9]{8}(_|$)'
    """,
    "column": """
        select
            format('%%s.%%s', c.oid::regclass, a.attname),
            concat_ws(
                ' ', a.attnum, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
                a.attstorage, a.attcollation::regcollation, pg_get_expr(d.adbin, d.adrelid),
                col_description(c.oid, a.attnum), array(select g::text from unnest(a.attacl) as g order by 1)
            )
        from pg_class as c
        inner join pg_attribute as a on c.oid = a.attrelid and a.attnum > 0 and not a.attisdropped
        left join pg_attrdef as d on a.attrelid = d.adrelid and a.attnum = d.adnum
        where c.relnamespace = any(%(schemas)s::regnamespace[]) and c.relname !~ '_[0-9]{8}(_|$)'
    """,
    "constraint": """
        select format('%%s %%s', c.conrelid::regclass, c.conname), pg_get_constraintdef(c.oid)
        from pg_constraint as c
        where c.connamespace = any(%(schemas)s::regnamespace[]) and c.conrelid::regclass::text !~ '_[0-9]{8}$'
    """,
    "index": """
        select indexrelid::regclass::text, pg_get_indexdef(indexrelid)
        from pg_index
        inner join pg_class as c on indrelid = c.oid
        where c.relnamespace = any(%(schemas)s::regnamespace[]) and c.relname !~ '_[0-9]{8}$'
    """,
    "view": """
        select c.oid::regclass::text, pg_get_viewdef(c.oid)
        from pg_class as c where c.relnamespace = any(%(schemas)s::regnamespace[]) and c.relkind = 'v'
    """,
    "function": """
        select
            p.oid::regprocedure::text,
            concat_ws(
                ' ', pg_get_functiondef(p.oid), obj_description(p.oid, 'pg_proc'),
                array(select a::text from unnest(p.proacl) as a order by 1)
            )
        from pg_proc as p where p.pronamespace = any(%(schemas)s::regnamespace[])
    """,
    "sequence": """
        select seqrelid::regclass::text, concat_ws(' ', seqtypid::regtype, seqstart, seqincrement, seqmax, seqcycle)
        from pg_sequence
        inner join pg_class as c on seqrelid = c.oid
        where c.relnamespace = any(%(schemas)s::regnamespace[])
    """,
    "row": """
        select 'project', to_jsonb(p) - 'created_at' from landing.project as p
        union all
        select 'watermark', to_jsonb(w) from ops.watermark as w
        union all
        select 'report_state', to_jsonb(r) from ops.report_state as r
    """,
}


def read_catalog(db: Db) -> dict[str, str]:
    """Every object of our schemas with its definition, comment, options and grants; and the rows of a new database."""
    found = {}
    for part, query in PARTS.items():
        with db.cursor(row_factory=tuple_row) as cursor:
            for name, definition in cursor.execute(query, {"schemas": SCHEMAS}).fetchall():
                found[f"{part} {name}"] = str(definition)
    return found
