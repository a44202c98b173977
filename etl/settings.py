"""Every setting of the product: one frozen class, read from the environment (prefix ``ETL_``)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, Json, SecretStr, StringConstraints, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from etl import names
from etl.errors import ConfigurationError

# Longer is no time that anybody means, and a date so long ago, or so far off, may be one that no calendar has.
CENTURY_DAYS = 36_500
CENTURY_SECONDS = 86_400.0 * CENTURY_DAYS
MOST = 1_000_000_000_000  # far from where arithmetic of PostgreSQL ends

# It becomes a part of the names of DAGs, and a folder of pages.
ShardName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class Settings(BaseSettings):
    """The settings table of the README, in code. Units are in the names.

    What holds a password is left out of ``repr`` and ``str``, so that no log, traceback or fingerprint can show it.
    """

    model_config = SettingsConfigDict(env_prefix="ETL_", frozen=True, extra="ignore")

    database_url: str | None = Field(
        None,
        repr=False,
        description="The warehouse's PostgreSQL (16 or newer). Unset: a private server is started.",
    )
    shards: Json[dict[ShardName, str]] = Field(
        {},
        validate_default=False,  # it is no JSON text
        repr=False,
        description="Several warehouses, each on a server of its own, instead of `ETL_DATABASE_URL`: a JSON object of "
        "names (`a-z`, `0-9`, `_`) and addresses, new ones at the end.",
    )
    shard: str | None = Field(
        None, description="The one of `ETL_SHARDS` that a command acts on, as `etl --shard NAME` says."
    )
    airflow_database_url: str | None = Field(
        None,
        repr=False,
        description="Airflow's own metadata. Unset: the database `airflow` on the server of the warehouse.",
    )
    airflow_connection: str = Field(
        names.WAREHOUSE,
        description="The Airflow connection to the warehouse, for DAGs where `ETL_DATABASE_URL` is unset.",
    )
    home: Path = Field(Path("var"), description="Folder of the private server, Airflow's home and its logs.")
    one_task: bool = Field(
        False,
        description="Whether `events_ingest` does a whole cycle in one task, where an executor starts a pod a task.",
    )
    batch_size: int = Field(200_000, ge=1, le=MOST, description="Rows of landing that one batch takes at most.")
    sessions: int | None = Field(
        None,
        ge=1,
        description="Sessions of the database that share the work of a batch at most. Unset: the cores of this machine "
        "(at most 8) where the server runs on it, else 2.",
    )
    rows_per_session: int = Field(
        1_000, ge=1, description="Rows of a batch for each session: a small batch is not shared."
    )
    hold_seconds: float = Field(
        60.0,
        ge=0,
        le=CENTURY_SECONDS,
        description="How long an unmatched event of an identified user is held, by the arrival clock.",
    )
    max_properties_bytes: int = Field(
        1_048_576, ge=1024, le=MOST, description="Larger properties are quarantined (`properties_bytes` of the gate)."
    )
    plan_dir: Path | None = Field(None, description="Folder of the tracking plan. Unset: `expectations/plan`.")
    expectations_dir: Path | None = Field(
        None, description="Folder of your own suites for Great Expectations, which maintenance asks. Unset: none."
    )
    landing_retention_days: int = Field(
        30,
        ge=1,
        le=CENTURY_DAYS,
        description="Landing partitions older than this are dropped once they are fully processed.",
    )
    quarantine_retention_days: int | None = Field(
        None,
        ge=1,
        le=CENTURY_DAYS,
        description="Refused rows that are older than this and that landing does not hold any more are dropped, "
        "decided or not. Unset: none.",
    )
    warning_retention_days: int | None = Field(
        None,
        ge=1,
        le=CENTURY_DAYS,
        description="Warnings of batches loaded longer ago than this are dropped. Unset: none.",
    )
    event_retention_days: int | None = Field(
        None,
        ge=7,
        le=CENTURY_DAYS,
        description="Loaded events of days longer ago than this are dropped, once landing has dropped their rows; what "
        "they said of persons stays. Unset: none.",
    )
    airflow_retention_days: int = Field(
        7,
        ge=1,
        le=CENTURY_DAYS,
        description="Days for which the Airflow that `etl up` starts keeps its runs and their logs.",
    )
    partition_days_ahead: int = Field(7, ge=1, le=3_650, description="Day partitions made in advance.")
    partition_days_back: int = Field(
        400,
        ge=1,
        le=CENTURY_DAYS,
        description="Older event times share the default partition instead of getting one a day.",
    )
    late_after_seconds: float = Field(
        180.0,
        gt=0,
        le=CENTURY_SECONDS,
        description="`etl status` reports the newest batch as late when it is older than this.",
    )
    alert_quarantined_share: float = Field(
        0.05, ge=0, le=1, description="An alert when a larger share of the last hour's rows is in quarantine."
    )
    alert_webhook: SecretStr | None = Field(
        None, description="Where `etl alert` sends alerts, such as the address of one of Slack's incoming webhooks."
    )
    alert_dangerous_merges: int = Field(
        100,
        ge=0,
        le=MOST,
        description="An alert when `$merge_dangerously` merges more persons of a project than this within an hour.",
    )
    end_transactions_after_seconds: float | None = Field(
        None,
        gt=0,
        le=CENTURY_SECONDS,
        description="The DAG `events_alert` ends transactions that are open for longer and hold landed rows back, with "
        "an alert; never one of a login that may run a step. Unset: none.",
    )
    report_days: int = Field(30, ge=2, le=3_650, description="Days that the data quality page shows.")
    report_dir: Path | None = Field(
        None, description="Folder of the data quality page that Airflow shows. Unset: `report` below `ETL_HOME`."
    )
    report_in_database: bool = Field(
        False,
        description="Whether the data quality page that Airflow shows is kept in the database instead, where workers "
        "and api-server share no folder. The api-server needs `ETL_DATABASE_URL` then.",
    )
    report_refused_share: float = Field(
        0.01, gt=0, le=1, description="The page asks for a look when a larger share of a day's rows was refused."
    )
    postgres_port: int = Field(54329, ge=1, le=65535, description="Port of the private server, on 127.0.0.1.")
    airflow_port: int = Field(8080, ge=1, le=65535, description="Port of Airflow's UI, on 127.0.0.1.")
    capture_host: str = Field("127.0.0.1", description="Address that `etl capture` listens on.")
    capture_port: int = Field(8000, ge=1, le=65535, description="Port of `etl capture`.")
    capture_database_url: str | None = Field(
        None,
        repr=False,
        description="Login of `etl capture`, a member of the role `event_capture`. Unset: that of the warehouse.",
    )
    capture_static_dir: Path | None = Field(
        None,
        description="Folder `dist` of the npm package posthog-js, served at `/static/*` for PostHog's HTML snippet. "
        "Unset: not served.",
    )
    capture_trusted_proxies: str = Field(
        "", description="Addresses or networks, by comma, of proxies whose `X-Forwarded-For` is believed; `*`: all."
    )
    capture_max_body_bytes: int = Field(
        20_971_520, ge=1024, description="Largest body of a request, as sent and unpacked; larger: 413."
    )
    capture_max_batch_events: int = Field(5_000, ge=1, description="Most events in one request; more: 413.")
    capture_max_pending_bytes: int = Field(
        134_217_728,
        ge=1_048_576,
        description="Memory for requests of more than 64 KB: half for bodies on their way, half for what waits for its "
        "commit. When a half is full: 503.",
    )
    capture_max_connections: int = Field(
        1_000, ge=1, description="Open connections. A new one then ends the longest idle or unfinished one."
    )
    capture_wait_seconds: float = Field(
        8.0, gt=0, description="How long a request waits for a database that is slow or away before it is answered 503."
    )
    capture_header_seconds: float = Field(10.0, gt=0, description="Time for a client to send the head of a request.")
    capture_body_seconds: float = Field(30.0, gt=0, description="Time for a client to send the body of a request.")
    capture_body_rate: float = Field(
        10_240.0,
        gt=0,
        description="Bytes a second, looked at every 5 s, at which a body of more than 64 KB has to come; slower: 503.",
    )
    capture_log_addresses: bool = Field(
        False, description="Whether the log of requests names the address of each client, whatever its project stores."
    )

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> Settings:
        if self.shard is not None and self.shard not in self.shards:
            names = ", ".join(self.shards) or "none"
            raise ValueError(f"There is no shard {self.shard!r}; those of ETL_SHARDS: {names}. Choose one of these")
        for name in ("database_url", "capture_database_url"):
            if self.shards and getattr(self, name) is not None:
                raise ValueError(
                    f"ETL_SHARDS and ETL_{name.upper()} are both set, so which is meant is not clear. Unset one"
                )
        if len(set(self.shards.values())) < len(self.shards):
            raise ValueError("ETL_SHARDS has two names for one address. Leave one out")
        return self

    @property
    def warehouse_url(self) -> str | None:
        """The address of the one warehouse, or of the shard that is chosen; None where neither is said."""
        return self.shards[self.shard] if self.shard else self.database_url


def read_settings(**overrides: object) -> Settings:
    """The settings from the environment, with ``overrides`` on top.

    Raises:
        ConfigurationError: a variable has a value that its setting cannot take.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:  # settings that contradict each other
            raise ConfigurationError(f"{first['ctx']['error']}.") from None
        name = f"ETL_{first['loc'][0]}".upper()
        # Not `from error`: its text repeats the value.
        if name == "ETL_SHARDS":
            raise ConfigurationError(
                f"{name}=...: {first['msg']}. Write a JSON object of names (a-z, 0-9, _) and addresses: "
                '{"eu": "postgresql://...", "us": "postgresql://..."}.'
            ) from None
        shown = "..." if name.endswith("_URL") else repr(first["input"])
        raise ConfigurationError(f"{name}={shown}: {first['msg']}. Correct or unset it.") from None
