"""Every minute, even when `events_ingest` is stuck: report each problem when it begins, and when it is over.

| task | what it does | writes |
| --- | --- | --- |
| watch | looks for the problems that `etl status` shows; raises and resolves alerts | `ops.alert` |
| tell_webhook, tell_smtp | sends the alerts that have not been sent this way yet | `ops.alert_notice` |

While there is nothing to send, only *watch* runs. Airflow connections, each optional: `events_alert_webhook` (its host
is the whole address, such as one of Slack's incoming webhooks) and `events_alert_smtp` (type SMTP, with `from_email`
and `to` in its extra). If one fails it is tried again; the other does not wait for it. Where Airflow itself may be
down, schedule `etl alert` elsewhere, too.
"""

from __future__ import annotations

from html import escape
from typing import Any

from airflow.configuration import conf
from airflow.sdk import DAG, BaseHook, CronTriggerTimetable, task
from airflow.sdk.exceptions import AirflowNotFoundException
from events_common import POLICY, warehouse
from events_warehouse import read_shards, settings_of

from etl.names import ALERT, ALERT_SMTP, ALERT_WEBHOOK, of_shard, page_url
from etl.operate import alerts
from etl.sql import Row


def connection_of(channel: str) -> Any:
    """The connection of that name, or None where it is not defined."""
    try:
        return BaseHook.get_connection(channel)
    except AirflowNotFoundException:
        return None


def send(channel: str, connection: Any, found: list[Row], footer: alerts.Footer) -> None:
    """Send alerts by one connection."""
    if channel == ALERT_WEBHOOK:
        alerts.post(str(connection.host), found, footer)
        return
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    addresses = {name: connection.extra_dejson[name] for name in ("to", "from_email")}
    html = f"<pre>{escape(alerts.text_of(found, footer))}</pre>"
    SmtpNotifier(
        smtp_conn_id=channel, subject=alerts.subject_of(found, footer.shard), html_content=html, **addresses
    ).notify({})


@task.short_circuit
def watch(shard: str | None) -> bool:
    """Raise and resolve; False where nothing is to be sent by a connection that is defined."""
    with warehouse(shard) as db:
        alerts.watch(db, settings_of(shard))
        unsent = [channel for channel in (ALERT_WEBHOOK, ALERT_SMTP) if alerts.list_unsent(db, channel)]
    return any(connection_of(channel) for channel in unsent)


@task
def tell(shard: str | None, channel: str) -> int:
    """Send the alerts that this channel has not had yet; returns how many."""
    with warehouse(shard) as db:
        found = alerts.list_unsent(db, channel)
        connection = connection_of(channel)
        if not found or connection is None:
            return 0
        link = page_url(conf.get("api", "base_url", fallback=""))
        send(channel, connection, found, alerts.footer_of(db, shard, link))
        alerts.note_sent(db, channel, found)
        return len(found)


def alert(shard: str | None) -> None:
    """Look, then send."""
    channels = (ALERT_WEBHOOK, ALERT_SMTP)
    watch(shard) >> [tell.override(task_id=name.replace(ALERT, "tell"))(shard, name) for name in channels]


for each in read_shards():
    with DAG(
        of_shard(ALERT, each),
        description="Problems, each reported once",
        doc_md=__doc__,
        schedule=CronTriggerTimetable("* * * * *", timezone="UTC"),
        **POLICY,
    ):
        alert(each)
