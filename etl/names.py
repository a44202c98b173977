"""The names by which an Airflow knows this product.

They stand here, and not with the DAG files, because `etl` sends people to them and never imports Airflow.
"""

from __future__ import annotations

PAGE = "quality"
"""The data quality page: the route of its plugin, and the path below which Airflow serves its files."""


def page_url(base_url: str) -> str:
    """The address of the data quality page in the Airflow that has this base URL."""
    return f"{base_url.rstrip('/')}/plugin/{PAGE}"
