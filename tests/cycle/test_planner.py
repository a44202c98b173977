"""What a cycle costs grows with its rows, whatever autovacuum saw and whenever: no table is read once for each row.

Counted as rows read by sequential scans, not as seconds.
"""

from __future__ import annotations

import time
from contextlib import suppress

import psycopg
import pytest
from psycopg import sql as psql

from etl import sql
from etl.cycle.run import run_cycle
from tests.bench import events as bench
from tests.bench.kinds import KINDS, land_kind

pytestmark = pytest.mark.long

EVENTS = 1_000
IDS = 2_000
# All statements together pass over a table of this many rows a few dozen times; one that reads it for each id, 2,000.
ROWS_READ = 200 * 4 * IDS

BURST = """
insert into landing.event (event, distinct_id, properties)
select
    (array['$pageview', '$feature_flag_called', '$identify', 'Order created'])[1 + i %% 4],
    case when i %% 4 = 2 then 'user_' || i else 'visitor_' || (i - i %% 4) end,
    case
        when i %% 4 = 2 then jsonb_build_object('$anon_distinct_id', 'visitor_' || (i - 2))
        when i %% 4 = 3 then '{}'
        else jsonb_build_object('$device_id', 'visitor_' || (i - i %% 4), '$browser', 'Chrome')
    end
from generate_series(%(first)s::integer, %(first)s::integer + %(events)s::integer - 1) as i
"""
HELD = """
insert into landing.event (event, distinct_id, properties)
select 'Order created', 'held_' || i, '{"$set": {"plan": "pro"}}'
from generate_series(%(first)s::integer, %(first)s::integer + %(events)s::integer - 1) as i
"""
TABLES = """
select n.nspname as schema, c.relname as name
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
where
    n.nspname in ('staging', 'buffer', 'warehouse') and c.relkind = 'r'
    and not coalesce('autovacuum_enabled=false' = any(c.reloptions), false)
"""


@pytest.fixture
def rows_read(db):
    """A function that gives the table most read by sequential scans since it was last called: how many rows, which."""
    before: dict[str, int] = {}

    def most() -> tuple[int, str]:
        db.execute("select pg_stat_force_next_flush()")
        rows = db.execute("select relid::regclass::text as name, seq_tup_read as n from pg_stat_user_tables").fetchall()
        counts = {row["name"]: row["n"] for row in rows}
        found = max((count - before.get(name, 0), name) for name, count in counts.items())
        before.update(counts)
        return found

    most()
    return most


def autovacuum(database: str) -> None:
    """Take statistics of every table that autovacuum would look at, as it does: by what is committed just now."""
    with psycopg.connect(database, autocommit=True) as session:
        session.execute("set lock_timeout = '50ms'")
        for schema, name in session.execute(TABLES).fetchall():
            # Autovacuum waits for nobody either.
            with suppress(psycopg.errors.LockNotAvailable):
                session.execute(psql.SQL("vacuum (analyze) {}").format(psql.Identifier(schema, name)))


def test_a_first_backlog(db, rows_read, cycle):
    db.execute(BURST, {"first": 0, "events": 4 * IDS})
    cycle()
    count, name = rows_read()
    assert count < ROWS_READ, name


@pytest.mark.parametrize("kind", KINDS)
def test_a_backlog_of_one_kind(db, rows_read, cycle, kind):
    """Once into an empty warehouse, and once more of the same ids."""
    for _ in range(2):
        land_kind(db, kind, 4 * IDS)
        cycle(hold_seconds=0)
        cycle(hold_seconds=0)
        count, name = rows_read()
        assert count < ROWS_READ, name


def test_a_burst_after_quiet_minutes(db, database, rows_read, land, cycle):
    land(event="$pageview", distinct_id="someone", properties={"$device_id": "someone", "$browser": "Chrome"})
    cycle()
    cycle()
    autovacuum(database)
    db.execute(BURST, {"first": 0, "events": 4 * IDS})
    db.execute(HELD, {"first": 0, "events": IDS})
    assert cycle(hold_seconds=1)["held"] == IDS
    time.sleep(1)
    assert cycle(hold_seconds=1)["released"] == IDS
    count, name = rows_read()
    assert count < ROWS_READ, name


@pytest.mark.parametrize("events", [BURST, HELD], ids=["burst", "held"])
def test_autovacuum_in_the_middle_of_every_step(db, database, rows_read, cycle, events):
    def interrupt(_, statement, is_after):
        if not is_after and not statement.startswith(("lock/", "progress/")):
            autovacuum(database)

    with sql.observed(interrupt):
        for first in (0, IDS):
            db.execute(events, {"first": first, "events": IDS})
            cycle()
    count, name = rows_read()
    assert count < ROWS_READ, name


@pytest.mark.parametrize("traffic", ["by SQL", "of posthog-js"])
def test_no_function_is_called_for_each_event(db, database, settings, traffic):
    """PostgreSQL puts a function's text in place of the call, where the rules for that hold. A call of one costs more
    than all that stage does otherwise.
    """
    db.execute(psql.SQL("alter database {} set track_functions = 'all'").format(psql.Identifier(db.info.dbname)))
    bench.land(db, bench.generate(EVENTS, recorded=bench.read_recorded() if traffic == "of posthog-js" else ()))
    with sql.connect(database) as session:
        run_cycle(session, settings)
        session.execute("select pg_stat_force_next_flush()")
        called = session.execute("select funcname from pg_stat_user_functions where calls > %s / 20", [EVENTS])
        assert [row["funcname"] for row in called] == []


def test_staging_is_left_alone_by_autovacuum(shared_db):
    assert "staging" not in {row["schema"] for row in shared_db.execute(TABLES)}
