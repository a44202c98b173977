"""Every minute, whatever becomes of `ingest`: what is wrong is told, once when it begins and once when it is over.

| task | what it does | writes |
| --- | --- | --- |
| watch | raises and resolves alerts by what `etl status` finds | `ops.alert` |
| tell_... | sends what a channel has not been told, by one Airflow connection | `ops.alert_notice` |

Connections, each optional: `alert_webhook` (host: the whole address, such as Slack's incoming webhook), `alert_smtp`
(type SMTP, `from_email` and `to` in its extra). One that fails is tried again and does not hold up the other.
"""

from __future__ import annotations

from html import escape

from airflow.configuration import conf
from airflow.sdk import BaseHook, CronTriggerTimetable, dag, task
from airflow.sdk.exceptions import AirflowNotFoundException
from common import DEFAULT_ARGS, START, TAG, warehouse

from etl.names import page_url
from etl.operate import alerts
from etl.settings import read_settings
from etl.sql import Row


def send(channel: str, found: list[Row]) -> bool:
    """Send alerts by one connection; False where it is not defined."""
    try:
        connection = BaseHook.get_connection(channel)
    except AirflowNotFoundException:
        return False
    link = page_url(conf.get("api", "base_url", fallback=""))
    if channel == "alert_webhook":
        alerts.post(str(connection.host), found, link)
        return True
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    addresses = {name: connection.extra_dejson[name] for name in ("to", "from_email")}
    html = f"<pre>{escape(alerts.text_of(found, link))}</pre>"
    SmtpNotifier(smtp_conn_id=channel, subject=alerts.subject_of(found), html_content=html, **addresses).notify({})
    return True


@task
def watch() -> None:
    """Raise and resolve."""
    with warehouse() as db:
        alerts.watch(db, read_settings())


@task
def tell(channel: str) -> int:
    """Send what this channel has not been told; returns how many alerts."""
    with warehouse() as db:
        found = alerts.list_unsent(db, channel)
        if found and send(channel, found):
            alerts.note_sent(db, channel, found)
        return len(found)


@dag(
    dag_id="alert",
    description="What is wrong is told, once",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("* * * * *", timezone="UTC"),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=[TAG],
)
def alert() -> None:
    """Look, then tell."""
    watch() >> [tell.override(task_id=f"tell_{name}")(name) for name in ("alert_webhook", "alert_smtp")]


alert()
