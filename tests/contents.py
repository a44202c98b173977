"""What a test asks of a whole database, or of all pages: what is left anywhere, and whether it contradicts itself."""

from __future__ import annotations

from typing import Any

from etl import sql
from etl.quality.suites import read_suite
from etl.sql import Db

INVARIANTS = [each["meta"]["name"] for each in read_suite("warehouse")["expectations"]]


def dump(db: Db) -> list[tuple[str, str]]:
    """Every row of every table but the lock, as text, with the name of its table; partitions too."""
    tables = db.execute(
        "select c.oid::regclass::text as name from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid"
        " where c.relkind = 'r' and n.nspname not like 'pg_%%' and n.nspname <> 'information_schema'"
        " and c.oid <> 'ops.cycle_lock'::regclass order by 1"
    ).fetchall()
    return [
        (row["name"], each["line"])
        for row in tables
        for each in db.execute(f"select t::text as line from {row['name']} as t").fetchall()
    ]


def broken(db: Db) -> dict[str, Any]:
    rows = {name: sql.run(db, f"invariants/{name}").fetchall() for name in INVARIANTS}
    return {name: offenders for name, offenders in rows.items() if offenders}


def pages(folder: Any) -> str:
    return "\n".join(path.read_text() for path in folder.rglob("*") if path.is_file())
