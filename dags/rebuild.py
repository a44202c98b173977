"""By hand, with *Trigger*: replay landing into a fresh database, and say whether the warehouse comes out the same.

| task | what it does | writes |
| --- | --- | --- |
| compare | what `etl rebuild` does; fails with the first difference, if there is one | a database of its own |

The warehouse itself is only read. It takes about as long as all batches took together.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from airflow.sdk import DAG, Param, task
from events_common import POLICY, terminal_errors
from events_warehouse import read_shards, settings_of, warehouse_url

from etl.cycle.batch import Batch
from etl.errors import InvariantError
from etl.names import REBUILD, of_shard

logger = logging.getLogger(__name__)
LONG = timedelta(days=1)


PARAMS = {
    "is_kept": Param(False, type="boolean", title="Keep", description="Keep the fresh database afterwards."),
}


def rebuild(shard: str | None) -> None:
    """One task."""

    @task(execution_timeout=LONG)
    def compare(params: dict[str, bool]) -> str:
        from etl.operate.rebuild import rebuild as run

        def say(batch: Batch, landed: int) -> None:
            logger.info("of %d rows: %s", landed, batch.summary)

        with terminal_errors():
            found = run(warehouse_url(shard), settings_of(shard), is_kept=params["is_kept"], report=say)
            if found.difference:
                raise InvariantError(f"Landing gives another warehouse. The first difference: {found.difference}")
        return f"{found.landed - found.missing:,} of {found.landed:,} rows replayed in {found.seconds:,.0f} s: the same"

    compare()  # type: ignore[call-arg, misc]  # Airflow passes the params


for each in read_shards():
    with DAG(
        of_shard(REBUILD, each),
        description="Replay landing elsewhere and compare",
        doc_md=__doc__,
        schedule=None,
        params=PARAMS,
        **POLICY | {"dagrun_timeout": LONG},
    ):
        rebuild(each)
