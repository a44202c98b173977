"""By hand, with *Trigger*: land rows of the quarantine again after their cause was fixed.

| task | what it does | writes |
| --- | --- | --- |
| choose | logs what is meant, by reason and event; goes on unless it is a dry run or nothing is there | |
| land_again | lands them again, with your name and why; the next batch checks them again | `landing`, `quarantine` |

It does what `etl quarantine replay` does. Rows that are refused again are in quarantine again.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from airflow.sdk import DAG, Param, task
from events_common import POLICY, warehouse
from events_warehouse import read_shards

from etl.errors import EtlError
from etl.names import REPLAY, of_shard
from etl.operate import quarantine
from etl.operate.quarantine import Selection

logger = logging.getLogger(__name__)

PARAMS = {
    "why": Param(type="string", minLength=1, title="Why", description="Kept with the rows."),
    "is_dry_run": Param(True, type="boolean", title="Dry run", description="Only say which rows are meant."),
    "reason": Param(None, type=["null", "string"], title="Reason", description="The expectation that the rows failed."),
    "event": Param(None, type=["null", "string"], title="Event", description="The event's name."),
    "batch_id": Param(None, type=["null", "integer"], title="Batch", description="The batch that refused them."),
    "team_id": Param(None, type=["null", "integer"], title="Project", description="The project's number."),
    "since": Param(
        None, type=["null", "string"], title="Since", format="date-time", description="Arrived at this time or later."
    ),
    "until": Param(
        None, type=["null", "string"], title="Until", format="date-time", description="Arrived before this time."
    ),
    "is_everything": Param(False, type="boolean", title="All rows", description="All rows that wait."),
}


def selection_of(params: dict[str, Any]) -> Selection:
    """Which rows are meant."""
    chosen = {name: params[name] for name in ("reason", "event", "batch_id", "team_id")}
    selection = Selection(**chosen, since=_read(params["since"]), until=_read(params["until"]))
    if selection.is_everything and not params["is_everything"]:
        raise EtlError("Say which rows: reason, event, batch, project, since, until, or all rows.")
    return selection


def _read(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def replay(shard: str | None) -> None:
    """Look, then land."""

    @task.short_circuit
    def choose(params: Any) -> bool:
        with warehouse(shard) as db:
            found = quarantine.summarize(db, selection_of(params))
        for row in found:
            logger.info(
                "%d rows fail %s, event %r: %s", *(row[n] for n in ("events", "expectation", "event", "remedy"))
            )
        return bool(found) and not params["is_dry_run"]

    @task
    def land_again(params: Any, dag_run: Any) -> int:
        with warehouse(shard) as db:
            who = dag_run.triggering_user_name or "Airflow"
            return quarantine.replay(db, selection_of(params), why=params["why"], who=who)

    choose() >> land_again()  # type: ignore[call-arg, misc]  # Airflow passes what a task names


for each in read_shards():
    with DAG(
        of_shard(REPLAY, each),
        description="Land refused rows again",
        doc_md=__doc__,
        schedule=None,
        params=PARAMS,
        **POLICY,
    ):
        replay(each)
