"""Alerts: what ``etl status`` finds wrong, told once to each channel when it begins and once when it is over."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import datetime

from etl import sql
from etl.errors import UnavailableError
from etl.operate.status import read_status
from etl.settings import Settings
from etl.sql import Db, Row

TIMEOUT_SECONDS = 10.0


def watch(db: Db, settings: Settings) -> None:
    """Raise an alert for each problem that ``etl status`` shows just now, and resolve those that are over."""
    problems = read_status(db, settings).problems
    with db.transaction():
        for problem in problems:
            sql.run(db, "alert/raise", {"kind": problem.kind, "subject": problem.subject, "message": problem.message})
        sql.run(db, "alert/resolve", {"still": [f"{problem.kind} {problem.subject}" for problem in problems]})


def list_unsent(db: Db, channel: str) -> list[Row]:
    """The alerts that this channel has not been told of, or not of their end; oldest first."""
    return sql.run(db, "alert/list_unsent", {"channel": channel}).fetchall()


def note_sent(db: Db, channel: str, alerts: Sequence[Row]) -> None:
    """The channel has been told of these and is not told again."""
    with db.transaction():
        for alert in alerts:
            sql.run(db, "alert/note_sent", {**alert, "channel": channel})


def subject_of(alerts: Sequence[Row]) -> str:
    """One line for all of them."""
    raised = sum(not alert["is_resolved"] for alert in alerts)
    parts = [f"{raised} raised"] if raised else []
    parts += [f"{len(alerts) - raised} resolved"] if raised < len(alerts) else []
    return f"Event ingestion: {', '.join(parts)}"


def text_of(alerts: Sequence[Row], link: str) -> str:
    """What each says: since when, what, what to do; with a link to the data quality page."""
    lines = [_line(alert) for alert in alerts]
    return "\n\n".join([subject_of(alerts), *lines, *([link] if link else [])])


def post(url: str, alerts: Sequence[Row], link: str) -> None:
    """POST the alerts as JSON: ``text`` for Slack's incoming webhooks and their like, ``alerts`` for programs.

    Raises:
        UnavailableError: nobody answers at the address, or not with success.
    """
    body = {
        "text": text_of(alerts, link),
        "alerts": [
            {name: value.isoformat() if isinstance(value, datetime) else value for name, value in alert.items()}
            for alert in alerts
        ],
        "link": link,
    }
    request = urllib.request.Request(  # noqa: S310 - an address that an operator has configured
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310
            return
    except (OSError, ValueError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        # Without the address, which is the secret of many webhooks.
        raise UnavailableError(
            f"{len(alerts)} alerts could not be sent to the webhook: {error}. They are sent with the next try; "
            "check the Airflow connection."
        ) from error


def _line(alert: Row) -> str:
    if alert["is_resolved"]:
        return f"RESOLVED at {alert['resolved_at']:%Y-%m-%d %H:%M} UTC ({alert['kind']}): {alert['message']}"
    return f"RAISED at {alert['raised_at']:%Y-%m-%d %H:%M} UTC ({alert['kind']}): {alert['message']}"
