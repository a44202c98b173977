"""The names by which an Airflow knows this product. All begin with one prefix, since an Airflow is shared by many.

They stand here, and not with the DAG files, because `etl` sends people to them and never imports Airflow.
"""

from __future__ import annotations

PREFIX = "events_"

# DAGs
INGEST = f"{PREFIX}ingest"
MAINTAIN = f"{PREFIX}maintain"
REPORT = f"{PREFIX}report"
ALERT = f"{PREFIX}alert"
REPLAY = f"{PREFIX}replay"
REBUILD = f"{PREFIX}rebuild"

# The asset that a loaded batch updates.
LOADED = f"{PREFIX}loaded"

# Connections. That of the warehouse is a default: ETL_AIRFLOW_CONNECTION may name another.
WAREHOUSE = f"{PREFIX}warehouse"
ALERT_WEBHOOK = f"{PREFIX}alert_webhook"
ALERT_SMTP = f"{PREFIX}alert_smtp"

# The plugin with the data quality page: its name, its route, and the path below which Airflow serves its files.
PAGE = f"{PREFIX}quality"


def of_shard(name: str, shard: str | None) -> str:
    """A DAG or an asset of one of several shards, or of the only warehouse."""
    return f"{name}_{shard}" if shard else name


def page_url(base_url: str) -> str:
    """The address of the data quality page in the Airflow that has this base URL."""
    return f"{base_url.rstrip('/')}/plugin/{PAGE}"
