"""Which database is the warehouse, for every task: one rule, the check that `etl migrate` has prepared it, its asset.

A warehouse is named by its shard; None is the only one, where there are no shards.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

from airflow.sdk import Asset, BaseHook, Connection
from airflow.sdk.exceptions import AirflowNotFoundException
from psycopg import conninfo, pq

from etl import shards, sql
from etl.errors import ConfigurationError
from etl.migrate import check
from etl.names import LOADED, of_shard
from etl.settings import Settings, read_settings


def read_shards() -> list[str | None]:
    """The shards, each of which has DAGs of its own; where there are none, the only warehouse."""
    return [settings.shard for settings in shards.each(read_settings())]


def settings_of(shard: str | None) -> Settings:
    """The settings for a warehouse."""
    return read_settings(shard=shard)


def events_of(shard: str | None) -> Asset:
    """The asset that a loaded batch updates."""
    return Asset(of_shard(LOADED, shard), uri=f"x-event-microbatch://{of_shard('warehouse', shard)}/events")


def warehouse_url(shard: str | None) -> str:
    """The shard's address, or ETL_DATABASE_URL; where it is unset, the Airflow connection of ETL_AIRFLOW_CONNECTION.

    So the DAGs and the command `etl`, which knows no Airflow connections, mean one database in one environment.

    Raises:
        ConfigurationError: there is neither.
    """
    settings = settings_of(shard)
    if url := settings.warehouse_url or _url_of(settings.airflow_connection):
        return url
    raise ConfigurationError(
        "No warehouse: set ETL_DATABASE_URL, or define the Airflow connection "
        f"`{settings.airflow_connection}` (type Postgres; ETL_AIRFLOW_CONNECTION may name another)."
    )


def check_warehouse(shard: str | None) -> None:
    """Let a batch begin only if it is clear which database is meant, and if that one fits this program.

    Raises:
        ConfigurationError: there is no warehouse, or ETL_DATABASE_URL and the connection name different ones.
        MigrationError: its schema is missing, older than this program, or newer.
    """
    settings, url = settings_of(shard), warehouse_url(shard)
    other = url if shard else _url_of(settings.airflow_connection) or url
    if _place(url) != _place(other):
        raise ConfigurationError(
            f"Two warehouses: ETL_DATABASE_URL names {_place(url)}, the Airflow connection "
            f"`{settings.airflow_connection}` names {_place(other)}. Remove one of the two, or make them equal."
        )
    with sql.connect(url, application_name="etl open") as db:
        check(db)


def _url_of(name: str) -> str | None:
    """The Airflow connection as a URL for libpq, or None where it is not defined."""
    try:
        connection: Connection = BaseHook.get_connection(name)
    except AirflowNotFoundException:
        return None
    if not connection.schema:
        raise ConfigurationError(f"The Airflow connection `{name}` names no database: fill in its field for it.")
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    # Airflow's own hooks keep settings among the extras (`cursor`, `iam`, ...) that libpq would refuse.
    extras = {key: value for key, value in connection.extra_dejson.items() if key in known}
    texts = {key: str(int(value) if isinstance(value, bool) else value) for key, value in extras.items()}
    login, password, host, database = (
        quote(part or "", safe="")
        for part in (connection.login, connection.password, connection.host, connection.schema)
    )
    port = f":{connection.port}" if connection.port else ""
    # Not Airflow's own `get_uri`: it writes a space as `+` and some extras as `__extra__`, which libpq does not read.
    return f"postgresql://{login}:{password}@{host}{port}/{database}?{urlencode(texts, quote_via=quote)}"


def _place(url: str) -> str:
    """Server and database, without the login."""
    parts = conninfo.conninfo_to_dict(sql.plain_url(url))
    return f"{parts.get('host', 'localhost')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}"
