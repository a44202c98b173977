"""Alerts: raised once, told once to each channel, over once; and the DAG that tells a real webhook and mail server."""

from __future__ import annotations

import json
import re
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from etl import cli, sql
from etl.errors import EtlError, UnavailableError
from etl.names import ALERT, ALERT_SMTP, ALERT_WEBHOOK, page_url
from etl.operate import alerts, holder
from etl.operate.status import read_status
from tests.dags.probe import run_probe
from tests.landing import moment
from tests.logins import login

LINK = page_url("http://127.0.0.1:8080")
FOOTER = alerts.Footer(LINK, "5ea1")


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def webhook(status: int = 200) -> Iterator[tuple[str, list[Any]]]:
    received: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with serving(HTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield f"http://127.0.0.1:{port}/hook", received


@contextmanager
def mail_server() -> Iterator[tuple[int, list[str]]]:
    received: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            for line in iter(self.rfile.readline, b""):
                if line.upper().startswith(b"QUIT"):
                    self.wfile.write(b"221 bye\r\n")
                    return
                if line.upper().startswith(b"DATA"):
                    self.wfile.write(b"354 go on\r\n")
                    received.append(b"".join(iter(self.rfile.readline, b".\r\n")).decode())
                self.wfile.write(b"250 ok\r\n")

    with serving(socketserver.TCPServer(("127.0.0.1", 0), Handler)) as port:
        yield port, received


def kinds(db, channel=ALERT_WEBHOOK):
    return [(alert["kind"], alert["is_resolved"]) for alert in alerts.list_unsent(db, channel)]


def tell(db, channel=ALERT_WEBHOOK):
    alerts.note_sent(db, channel, alerts.list_unsent(db, channel))


def test_each_is_told_once_when_it_begins_and_once_when_it_is_over(db, cycle, settings):
    alerts.watch(db, settings)
    assert kinds(db) == [("late", False)]
    tell(db)
    alerts.watch(db, settings)
    assert kinds(db) == []
    assert kinds(db, ALERT_SMTP) == [("late", False)]
    cycle()
    alerts.watch(db, settings)
    assert kinds(db) == [("late", True)]
    # A channel that never heard of it need not hear that it is over.
    assert kinds(db, ALERT_SMTP) == []
    tell(db)
    assert kinds(db) == []
    alerts.watch(db, settings.model_copy(update={"late_after_seconds": 1e-9}))
    assert kinds(db) == [("late", False)]
    assert db.execute("select count(*) as n from ops.alert").fetchone() == {"n": 2}


def test_a_quarantine_above_the_threshold(db, land, cycle, settings):
    for number in range(110):
        land("page", f"u{number}", properties={"$device_id": f"u{number}"})
    for _ in range(5):
        land(None, "u1")
    cycle()
    assert read_status(db, settings).is_fine
    strict = settings.model_copy(update={"alert_quarantined_share": 0.04})
    [problem] = read_status(db, strict).problems
    assert problem.kind == "quarantine"
    assert "4.3% of the 115 rows" in problem.message
    assert "etl quarantine list" in problem.message
    alerts.watch(db, strict)
    assert kinds(db) == [("quarantine", False)]


def test_an_unbalanced_ledger(db, land, cycle, settings):
    cycle()
    db.execute("alter table ops.batch drop constraint ledger_balances; update ops.batch set loaded = 7")
    alerts.watch(db, settings)
    [alert] = alerts.list_unsent(db, ALERT_WEBHOOK)
    assert (alert["kind"], alert["subject"]) == ("ledger", "batch 1")
    assert "Do not trust" in alerts.text_of([alert], FOOTER)
    assert alerts.text_of([alert], FOOTER).endswith(f"--expect`: 5ea1\n{LINK}")


def test_the_webhook_gets_text_and_data(db, settings):
    alerts.watch(db, settings)
    found = alerts.list_unsent(db, ALERT_WEBHOOK)
    with webhook() as (url, received):
        alerts.post(url, found, FOOTER)
    [body] = received
    assert body["text"].startswith("Event ingestion: 1 raised")
    assert "RAISED at" in body["text"]
    assert body["alerts"][0]["kind"] == "late"
    assert (body["link"], body["audit_hash"], body["shard"]) == FOOTER


@pytest.mark.parametrize("status", [400, 503])
def test_a_webhook_that_refuses_is_an_error_that_does_not_show_the_address(db, settings, status):
    alerts.watch(db, settings)
    with webhook(status) as (url, _), pytest.raises(UnavailableError, match=str(status)) as raised:
        alerts.post(url, alerts.list_unsent(db, ALERT_WEBHOOK), FOOTER)
    assert "hook" not in str(raised.value).replace("webhook", "")
    assert kinds(db) == [("late", False)]


@pytest.mark.parametrize(
    "address",
    [
        "hooks.example.com/services/SECRET",
        "https//hooks.example.com/services/SECRET",
        "http://127.0.0.1:{port}/a b/SECRET",
        "http://127.0.0.1:portSECRET/x",
        "http://127.0.0.1:1/SECRET",
        "file:///etc/SECRET",
        "ftp://127.0.0.1:1/SECRET",
        "http://127.0.0.1:{port}/redirect/SECRET",
        "http://127.0.0.1:{port}/file/SECRET",
        "http://127.0.0.1:{port}/refuse/SECRET",
        "http://[::1/SECRET",
        "http://exa\nmple/SECRET",
        "http://{long}.example/SECRET",
        "None",
        "",
    ],
)
def test_a_slip_in_the_address_neither_loses_the_alert_nor_shows_the_secret(db, settings, address):
    alerts.watch(db, settings)
    reached: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.startswith("/refuse"):
                self.send_response(500, f"boom {self.path}")
            else:
                self.send_response(302)
                here = f"http://127.0.0.1:{self.server.server_address[1]}/inside"
                self.send_header("Location", here if self.path.startswith("/redirect") else "file:///etc/passwd")
            self.end_headers()

        def do_GET(self) -> None:
            reached.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with serving(socketserver.TCPServer(("127.0.0.1", 0), Handler)) as port:
        url = address.format(port=port, long="a" * 70)
        with pytest.raises(EtlError) as raised:
            alerts.post(url, alerts.list_unsent(db, "alert_webhook"), FOOTER)
    assert reached == []
    said = [str(raised.value), *(str(each) for each in (raised.value.__cause__, raised.value.__context__) if each)]
    assert "SECRET" not in " ".join(said)
    assert kinds(db) == [("late", False)]


def test_what_a_login_calls_itself_does_not_reach_the_channel_as_markup():
    alert = {"is_resolved": False, "raised_at": moment(0), "kind": "holder", "message": "by '<!channel>' & co"}
    with webhook() as (url, received):
        alerts.post(url, [alert], FOOTER)
    assert "&lt;!channel&gt;' &amp; co" in received[0]["text"]


@pytest.mark.e2e
def test_the_dag_tells_both_channels(tmp_path, database, db):
    with webhook() as (url, posts), mail_server() as (port, mails):
        smtp = {
            "conn_type": "smtp",
            "host": "127.0.0.1",
            "port": port,
            "extra": {"disable_ssl": True, "disable_tls": True, "from_email": "etl@example.com", "to": "a@example.com"},
        }
        first, again = run_probe(
            tmp_path,
            "run",
            json.dumps([(ALERT, {}, None)] * 2),
            ETL_DATABASE_URL=database,
            AIRFLOW__API__BASE_URL="https://airflow.example/data/",
            AIRFLOW_CONN_EVENTS_ALERT_WEBHOOK=json.dumps({"conn_type": "http", "host": url}),
            AIRFLOW_CONN_EVENTS_ALERT_SMTP=json.dumps(smtp),
        )
    assert first["state"] == again["state"] == "success"
    assert set(first["tasks"].values()) == {"success"}
    assert again["tasks"] == {"watch": "success", "tell_webhook": "skipped", "tell_smtp": "skipped"}
    assert [post["alerts"][0]["kind"] for post in posts] == ["late"]
    assert posts[0]["link"] == page_url("https://airflow.example/data")
    assert len(mails) == 1
    assert "Subject: Event ingestion: 1 raised" in mails[0]
    sent = db.execute("select channel from ops.alert_notice order by channel").fetchall()
    assert sent == [{"channel": ALERT_SMTP}, {"channel": ALERT_WEBHOOK}]


def messages(db):
    return [(alert["kind"], alert["message"]) for alert in alerts.list_unsent(db, ALERT_WEBHOOK)]


def test_transactions_that_hold_rows_back_are_ended_where_the_settings_say_so(db, database, settings, land, cycle):
    """Of any database of the server; never one of a login that may run a step, and none while nothing waits."""
    cycle()
    after = settings.model_copy(update={"end_transactions_after_seconds": 0.3})
    with (
        login(database, "event_writer") as url,
        login(database, "auditor") as other,
        psycopg.connect(url, application_name="left open") as writer,
        psycopg.connect(f"{other.rpartition('/')[0]}/postgres") as elsewhere,
        psycopg.connect(database) as owner,
        psycopg.connect(other) as reader,
    ):
        for each in (writer, elsewhere, owner):
            each.execute("select pg_current_xact_id()")
        reader.execute("select count(*) from warehouse.events")
        time.sleep(0.4)
        alerts.watch(db, after)
        assert messages(db) == []
        land("behind", "u")
        alerts.watch(db, settings)
        assert messages(db) == []
        alerts.watch(db, after)
        ended = [message for kind, message in messages(db) if kind == "ended"]
        assert len(ended) == 2
        assert re.search(
            rf"was ended; .* server process {writer.info.backend_pid}, role 'as_event_writer_\w+', 'left open', "
            r"database 'test_\w+', idle in transaction, open since \d{4}-\d\d-\d\d ",
            ended[0],
        )
        assert "database 'postgres'" in ended[1]
        for gone in (writer, elsewhere):
            with pytest.raises(psycopg.errors.AdminShutdown):
                gone.execute("select 1")
        owner.commit()
        reader.commit()
        assert cycle()["landed"] == 1
        alerts.watch(db, after)
        resolved = db.execute("select count(*) as n from ops.alert where kind = 'ended' and resolved_at is not null")
        assert resolved.fetchone()["n"] == 2


def test_a_login_that_may_end_no_session_says_so(db, database, settings, land, cycle):
    cycle()
    with (
        login(database, "event_writer") as url,
        login(database, "pg_monitor") as watcher,
        psycopg.connect(url) as writer,
    ):
        db.execute("grant usage on schema ops, landing to pg_monitor")
        writer.execute("insert into landing.event (event, distinct_id) values ('first', 'u')")
        time.sleep(0.2)
        with sql.connect(watcher) as weak:
            (problem,) = holder.end_old(weak, 0.1)
        assert "could not be ended: this login is no member of pg_signal_backend" in problem.message
        writer.commit()
        db.execute("revoke usage on schema ops, landing from pg_monitor")


def test_etl_alert_says_each_once_and_shares_the_webhook_with_the_dag(db, database, cycle, monkeypatch):
    """For cron, which mails what a command prints: nothing new, no mail."""
    with webhook() as (url, posts):
        monkeypatch.setenv("ETL_DATABASE_URL", database)
        monkeypatch.setenv("ETL_ALERT_WEBHOOK", url)

        def alert():
            result = CliRunner().invoke(cli.app, ["alert"], catch_exceptions=False)
            return result.exit_code, result.output

        status, said = alert()
        assert status == 1
        assert said.startswith("Event ingestion: 1 raised")
        assert alert() == (1, "")
        assert kinds(db) == []
        cycle()
        status, said = alert()
        assert (status, "RESOLVED" in said) == (0, True)
        newest = db.execute("select hash from ops.audit_entry order by entry_id desc limit 1").fetchone()["hash"]
        assert said.rstrip().endswith(newest)
        assert alert() == (0, "")
    assert [[each["is_resolved"] for each in post["alerts"]] for post in posts] == [[False], [True]]
