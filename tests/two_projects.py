"""A story of two projects that leaves a row in every table that has rows of projects, and what is asked of it after."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from etl.files import land as files
from etl.operate import action, cohort, merge, project, quarantine
from etl.quality.audit_log import entry
from etl.report.refresh import refresh
from etl.rules.action import read_actions
from etl.rules.cohort import read_cohorts
from etl.settings import Settings
from etl.sql import Db
from tests.landing import moment

SHOP = 2
SECRET = "secret-4711"
DAY = datetime.now(UTC).date()
UUID = "00000000-0000-4000-8000-000000000001"
COUNTED: dict[str, Any] = {"events": 1, "day": DAY}
STATE = f'{{"set":[[1,1,1,{{"name":"{SECRET}"}}]]}}'
# Tables that the story leaves without a row, and a row of each; None stands for the secret.
LEFT_BY_MAINTENANCE: dict[str, dict[str, Any]] = {
    "ops.incident": {
        "kind": "silent_source", "subject": None, "since_at": DAY, "last_at": DAY, "detail": None, "examples": "[]",
    },
    "ops.event_hour": {
        "hour_at": DAY, "source": None, "event": None, "events": 1, "users": 1, "names": 1, "without_device": 1,
    },
    "ops.action_proposal": {
        "action_id": 1, "day": DAY, "former_step": "{}", "step": "{}", "events_a_day_before": 1, "events": 1,
        "found_at": DAY,
    },
    "ops.dropped_id": {"distinct_id": None},
    "ops.dropped_birth": {
        "distinct_id": None, "is_hold": True, "xid": "1", "landing_id": 1, "born_at": DAY, "timestamp": DAY,
        "uuid": UUID,
    },
    "ops.dropped_group": {"group_type": None, "group_key": None, "created_at": DAY, "property_state": STATE},
    "ops.erased_id": {"distinct_id": None},
    "ops.event_day": {"event": None, "label": None, "profiled_at": DAY, **COUNTED},
    "ops.property_day": {"event": None, "property": None, "type": "string", "sampled": 1, **COUNTED},
    "ops.plan_drift": {
        "day": DAY, "kind": "new_event", "event": None, "subject": None, "details": "{}", "found_at": DAY,
    },
    "ops.user_day": {
        "persons": 1, "persons_without_buffer": 1, "persons_without_merges": 1, "counted_at": DAY, **COUNTED,
    },
    "ops.report_day": {"late_events": 1, "distinct_ids": 1, "unique_users": 1, **COUNTED},
    "ops.report_active_id": {"distinct_id": None, "late_events": 1, **COUNTED},
}  # fmt: skip


def rows_by_table(db: Db, team_id: int) -> dict[str, int]:
    """How many rows of a project each table with a ``team_id`` has."""
    tables = db.execute(
        "select c.oid::regclass::text as name from pg_class as c"
        " inner join pg_attribute as a on c.oid = a.attrelid and a.attname = 'team_id'"
        " where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace <> 'staging'::regnamespace"
    ).fetchall()
    return {
        row["name"]: db.execute(f"select count(*) as n from {row['name']} where team_id = {team_id}").fetchone()["n"]
        for row in tables
    }


def of_project(db: Db, team_id: int) -> list[tuple[str, str, str]]:
    """The entries of the digest of one project."""
    rows = db.execute(
        "select section, key, value from ops.digest_entry where key like %s and section <> 'quarantined events'"
        " order by 1, 2",
        (f"{team_id} %",),
    )
    return [(row["section"], row["key"], row["value"]) for row in rows]


def tell(
    db: Db,
    database: str,
    land: Callable[..., int],
    cycle: Callable[..., Any],
    settings: Settings,
    folder: Path,
) -> None:
    """The same story of two projects: of all that leaves a row somewhere, one. That of the shop has a secret in it."""
    project.add(db, "shop")
    project.set_privacy(db, "shop", dropped=["card"], hashed=[])
    for team_id, word in ((1, "plain"), (SHOP, SECRET)):
        said = {"$set": {"email": word}, "card": word, "utm_source": word}
        click = {"$elements": [{"tag_name": "a", "$el_text": word, "attr__href": f"/{word}"}], "$device_id": word}
        steps = [{"event": "$autocapture", "selector": "a"}, {"event": "page", "url": word}]
        action.add(db, read_actions({"name": f"A {team_id}", "steps": steps}), team_id=team_id, by="ann", why="x")
        cohort.add(
            db,
            read_cohorts({"name": f"C {team_id}", "is_static": True, "distinct_ids": [word]}),
            team_id=team_id,
            by="ann",
            why="x",
        )
        land("$identify", word, team_id=team_id, properties={"$anon_distinct_id": f"d-{word}", **said}, at=0)
        land("$identify", f"bob-{word}", team_id=team_id, properties=said, at=0)
        land("$autocapture", word, team_id=team_id, properties=click, at=0)
        land("page", f"soon-{word}", team_id=team_id, properties=said, at=0)
        land("page", f"f-{word}", team_id=team_id, properties={"$device_id": f"f-{word}"}, at=0)
        land("page", f"x{word}", team_id=team_id, properties={"$process_person_profile": False, **said}, at=0)
        land("page", word, team_id=team_id, uuid=word, properties=said, at=1)
        land("", word, team_id=team_id, properties=said, at=1)
        land("page", word, team_id=team_id, timestamp=word, properties=said, at=1)
        group = {"$group_type": word, "$group_key": word, "$group_set": {"name": word}}
        land("$groupidentify", word, team_id=team_id, properties=group, at=1)
        path = folder / f"{word}.jsonl"
        path.write_text(json.dumps({"event": "page", "distinct_id": word, "properties": said}) + "\nno JSON " + word)
        list(files.land_files(database, [str(path)], team_id=team_id))
    db.execute("update landing.event set received_at = %s where received_at > %s", (moment(1), moment(1000)))
    cycle(at=5)
    for team_id, word in ((1, "plain"), (SHOP, SECRET)):
        land("$identify", f"bob-{word}", team_id=team_id, properties={"$anon_distinct_id": word}, at=6)
        land("$identify", f"soon-{word}", team_id=team_id, properties={"$anon_distinct_id": f"e-{word}"}, at=6)
        land("$identify", f"bob-{word}", team_id=team_id, properties={"$anon_distinct_id": f"f-{word}"}, at=6)
        land("page", f"held-{word}", team_id=team_id, properties={"now": word}, at=70)
        land("$split", word, team_id=team_id, properties={"distinct_ids": [f"d-{word}"]}, is_operator=True, at=6)
    cycle(at=71)
    for refused in db.execute("select * from warehouse.refused_merges").fetchall():
        merge.reject(db, refused["uuid"], by="ann", why="no", team_id=refused["team_id"])
    for team_id in (1, SHOP):
        quarantine.replay(db, quarantine.Selection(team_id=team_id), why="again", who="ann")
    cycle(at=72)
    refresh(db, settings)
    with entry(db, "maintenance", "rows that days of maintenance would leave"):
        for table, columns in LEFT_BY_MAINTENANCE.items():
            values = {"team_id": SHOP, **{name: SECRET if value is None else value for name, value in columns.items()}}
            places = ", ".join(f"%({name})s" for name in values)
            db.execute(f"insert into {table} ({', '.join(values)}) values ({places})", values)
