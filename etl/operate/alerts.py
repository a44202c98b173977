"""Alerts: what ``etl status`` finds wrong, sent once to each channel when it begins and once when it is over."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import datetime
from html import escape
from http.client import HTTPException
from typing import NamedTuple

from etl import sql
from etl.errors import ConfigurationError, UnavailableError
from etl.operate import holder, job
from etl.operate.status import Status, read_status
from etl.settings import Settings
from etl.sql import Db, Row

TIMEOUT_SECONDS = 10.0


def watch(db: Db, settings: Settings) -> Status:
    """Raise an alert for each problem that ``etl status`` shows just now, and resolve those that are over.

    Where the settings say so, transactions that hold rows back are ended, each with an alert of its own.

    Returns:
        What it saw.
    """
    job.note_run(db, "watch")
    status = read_status(db, settings)
    problems = status.problems
    if status.waiting and settings.end_transactions_after_seconds is not None:
        problems = [*problems, *holder.end_old(db, settings.end_transactions_after_seconds)]
    with db.transaction():
        for problem in problems:
            sql.run(db, "alert/raise", {"kind": problem.kind, "subject": problem.subject, "message": problem.message})
        sql.run(db, "alert/resolve", {"still": [f"{problem.kind} {problem.subject}" for problem in problems]})
    return status


def list_unsent(db: Db, channel: str) -> list[Row]:
    """The alerts that were not sent to this channel yet, or not their end; oldest first."""
    return sql.run(db, "alert/list_unsent", {"channel": channel}).fetchall()


def note_sent(db: Db, channel: str, alerts: Sequence[Row]) -> None:
    """These were sent to the channel and are not sent again."""
    with db.transaction():
        for alert in alerts:
            sql.run(db, "alert/note_sent", {**alert, "channel": channel})


def subject_of(alerts: Sequence[Row], shard: str) -> str:
    """One line for all of them; says which of several shards it is."""
    raised = sum(not alert["is_resolved"] for alert in alerts)
    parts = [f"{raised} raised"] if raised else []
    parts += [f"{len(alerts) - raised} resolved"] if raised < len(alerts) else []
    return f"Event ingestion{f' of shard {shard}' if shard else ''}: {', '.join(parts)}"


class Footer(NamedTuple):
    """What stands below alerts: a link to the page, and the newest hash of the audit log, to be kept elsewhere.

    Of several shards also which one it is; that stands in the subject.
    """

    link: str = ""
    audit_hash: str = ""
    shard: str = ""

    def __str__(self) -> str:
        hash_ = f"Newest hash of the audit log, for `etl audit verify --expect`: {self.audit_hash}"
        return "\n".join([*([hash_] if self.audit_hash else []), *([self.link] if self.link else [])])


def footer_of(db: Db, shard: str | None, link: str = "") -> Footer:
    """The footer of alerts that are sent now."""
    return Footer(link, sql.one(db, "audit/read_newest", {"expected": None})["hash"] or "", shard or "")


def text_of(alerts: Sequence[Row], footer: Footer) -> str:
    """What each says: since when, what, what to do; and the footer."""
    lines = [_line(alert) for alert in alerts]
    return "\n\n".join([subject_of(alerts, footer.shard), *lines, *filter(None, [str(footer)])])


def post(url: str, alerts: Sequence[Row], footer: Footer) -> None:
    """POST the alerts as JSON: ``text`` for Slack's incoming webhooks and their like, the rest for programs.

    The address is the secret of many webhooks, so no message or traceback shows it, and no redirect is followed.

    Raises:
        ConfigurationError: the address is none of http or https.
        UnavailableError: nobody answers at the address, or not with success.
    """
    body = {
        "text": escape(text_of(alerts, footer), quote=False),
        "alerts": [
            {name: value.isoformat() if isinstance(value, datetime) else value for name, value in alert.items()}
            for alert in alerts
        ],
        **footer._asdict(),
    }
    if not url.lower().startswith(("http://", "https://")):
        raise ConfigurationError(
            f"{len(alerts)} alerts were not sent: the webhook's address must begin with http:// or https://. "
            "Correct the host of the Airflow connection, or ETL_ALERT_WEBHOOK."
        )
    reason = _post_json(url, json.dumps(body).encode())
    if reason is not None:
        raise UnavailableError(
            f"{len(alerts)} alerts could not be sent to the webhook: {reason}. They are sent with the next try; "
            "check the Airflow connection, or ETL_ALERT_WEBHOOK."
        )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """An answer that sends the request elsewhere is no success."""

    def redirect_request(self, *_: object) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def _post_json(url: str, body: bytes) -> str | None:
    """POST; returns why it failed, in words that do not show the address, or None."""
    try:
        # An address that an operator has configured; http or https.
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310
        with _opener.open(request, timeout=TIMEOUT_SECONDS):
            return None
    except urllib.error.HTTPError as error:
        error.close()
        return f"it answers {error.code}"
    except urllib.error.URLError as error:
        return f"no connection ({type(error.reason).__name__})"
    except (OSError, HTTPException) as error:
        return f"no connection ({type(error).__name__})"
    except ValueError:
        return "its address cannot be read"


def _line(alert: Row) -> str:
    if alert["is_resolved"]:
        return f"RESOLVED at {alert['resolved_at']:%Y-%m-%d %H:%M} UTC ({alert['kind']}): {alert['message']}"
    return f"RAISED at {alert['raised_at']:%Y-%m-%d %H:%M} UTC ({alert['kind']}): {alert['message']}"
