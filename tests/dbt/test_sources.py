"""The sources of the dbt project say of the warehouse what the database says of itself."""

from __future__ import annotations

from pathlib import Path

import yaml

MODELS = Path(__file__).parents[2] / "sql" / "dbt" / "models"
COMMENTS = """
select c.relname as relation, a.attname as column, col_description(c.oid, a.attnum) as said
from pg_class as c
inner join pg_attribute as a on c.oid = a.attrelid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = 'warehouse'::regnamespace and c.relkind = 'v'
union all
select c.relname, null, obj_description(c.oid, 'pg_class')
from pg_class as c
where c.relnamespace = 'warehouse'::regnamespace and c.relkind = 'v'
union all
select null, null, obj_description('warehouse'::regnamespace, 'pg_namespace')
"""


def described(source):
    """Descriptions by relation and column; those of a relation or of the schema have no name there."""
    found = {(None, None): source.get("description")}
    for table in source["tables"]:
        found[table["name"], None] = table["description"]
        found |= {(table["name"], each["name"]): each["description"] for each in table.get("columns", [])}
    return found


def test_descriptions_are_the_comments_of_the_database(shared_db):
    """Of every view of the warehouse and of each of its columns. Where a comment changes, copy it to sources.yml."""
    sources = {each["name"]: each for each in yaml.safe_load((MODELS / "sources.yml").read_text())["sources"]}
    comments = {(row["relation"], row["column"]): row["said"] for row in shared_db.execute(COMMENTS)}
    assert len(comments) > 100
    assert described(sources["warehouse"]) == comments
    of_ops = described(sources["ops"])
    del of_ops[None, None]
    for (relation, _), said in of_ops.items():
        row = shared_db.execute("select obj_description(%s::regclass, 'pg_class') as said", (f"ops.{relation}",))
        assert row.fetchone() == {"said": said}, relation
