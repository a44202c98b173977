"""Lineage of a loaded batch for OpenLineage: what it read and wrote, how many rows, and what the gate said of them.

Airflow's OpenLineage provider asks the operator once its task has succeeded; without the provider nobody asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.python import ShortCircuitOperator
from events_common import warehouse

from etl.cycle.batch import read_batch
from etl.operate.batch import read_results

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage

# OpenLineage's words: does a failed assertion stop rows, or is it only said.
SEVERITIES = {"critical": "error", "warning": "warn", "info": "warn"}


class LoadOperator(ShortCircuitOperator):
    """Calls its function, skips what follows where that returns nothing, and knows the lineage of the batch loaded."""

    loaded: int | None = None

    def __init__(self, *, shard: str | None, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.shard = shard

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> OperatorLineage[Any, Any] | None:
        """Called by the provider, in the process of the task."""
        del task_instance
        return None if self.loaded is None else lineage_of(self.shard, self.loaded)


def lineage_of(shard: str | None, batch_id: int) -> OperatorLineage[Any, Any]:
    """Landing is read; events, persons, buffer and quarantine are written."""
    from airflow.providers.openlineage.extractors import OperatorLineage
    from openlineage.client import facet_v2 as facets
    from openlineage.client.event_v2 import InputDataset, OutputDataset

    with warehouse(shard) as db:
        batch = read_batch(db, batch_id)
        results = read_results(db, batch_id)
        namespace = f"postgres://{db.info.host}:{db.info.port}"
        database = db.info.dbname
    found = [
        facets.data_quality_assertions_dataset.Assertion(
            assertion=row["type"],
            success=row["is_success"],
            column=row["column"] or None,
            severity=SEVERITIES[row["severity"]],
            name=f"{row['suite']}.{row['expectation']}",
            actual=str(row["unexpected"] if row["observed"] is None else row["observed"]),
        )
        for row in results
    ]
    landing = InputDataset(
        namespace,
        f"{database}.landing.event",
        inputFacets={
            "dataQualityMetrics": facets.data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet(
                {}, rowCount=batch.landed
            ),
            "dataQualityAssertions": facets.data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet(found),
        },
    )
    written = {
        "warehouse.events": batch.loaded,
        "warehouse.persons": None,
        "buffer.event": batch.held,
        "quarantine.event": batch.quarantined,
    }
    of_rows = facets.output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet
    outputs = [
        OutputDataset(
            namespace,
            f"{database}.{name}",
            outputFacets={} if count is None else {"outputStatistics": of_rows(rowCount=count)},
        )
        for name, count in written.items()
    ]
    return OperatorLineage(inputs=[landing], outputs=outputs)
