"""`etl alert`: what the DAG for it does every minute, for cron or systemd."""

from __future__ import annotations

import typer

from etl.cli.shared import console, on_every_shard, warehouse

CHANNEL = "standard_output"


@on_every_shard
def alert() -> None:
    """Look for problems; say each once when it begins and once when it is over, and nothing else.

    With ETL_ALERT_WEBHOOK set they are also sent there. For cron or systemd, which still run when Airflow does not.
    Exit status 1 while something is wrong.
    """
    from etl.names import ALERT_WEBHOOK
    from etl.operate import alerts

    with warehouse() as (db, settings):
        is_fine = alerts.watch(db, settings).is_fine
        footer = alerts.footer_of(db, settings.shard)
        if found := alerts.list_unsent(db, CHANNEL):
            console.print(alerts.text_of(found, footer))
            alerts.note_sent(db, CHANNEL, found)
        # The DAG's channel: an alert that one of the two has sent is not sent again by the other.
        url = settings.alert_webhook
        if url is not None and (unsent := alerts.list_unsent(db, ALERT_WEBHOOK)):
            alerts.post(url.get_secret_value(), unsent, footer)
            alerts.note_sent(db, ALERT_WEBHOOK, unsent)
    raise typer.Exit(0 if is_fine else 1)
