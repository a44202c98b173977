"""The quality page as an auditor meets it: through Airflow's login, in Chromium, after things have gone wrong.

Screenshots are kept in the folder SCREENSHOTS, by default var/screenshots.
"""

from __future__ import annotations

import json
import os
import re
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from etl.cycle.run import run_cycle
from etl.names import INGEST, PAGE, REPORT, page_url
from etl.quality.daily import check_days
from etl.quality.incidents import acknowledge, kinds
from etl.quality.warehouse import check_warehouse
from etl.report.refresh import refresh
from etl.report.site import build
from etl.settings import Settings
from etl.sql import Db, json_text
from tests.browser.conftest import FOLDER
from tests.e2e.conftest import ROOT, Program, home, start  # noqa: F401 - fixtures
from tests.landing import land
from tests.report.history import generate

SHOTS = Path(os.environ.get("SCREENSHOTS", ROOT / "var" / "screenshots"))
HOSTILE = "<script>document.title='owned'</script>"
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Airflow:
    """What `etl up` has printed about it, and its REST API."""

    def __init__(self, text: str) -> None:
        self.url, admin = re.search(r"(http://\S+) +user admin, password (\S+)", text).groups()  # type: ignore[union-attr]
        auditor = re.search(r"user auditor, password (\S+)", text)[1]  # type: ignore[index]
        self.passwords = {"admin": admin, "auditor": auditor}

    def call(self, path: str, token: str | None = None, body: Any = None, method: str | None = None) -> tuple[int, str]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, method=method)  # noqa: S310 - our own address
        request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with opener.open(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def token(self, user: str) -> str:
        _, answer = self.call("/auth/token", body={"username": user, "password": self.passwords[user]})
        return str(json.loads(answer)["access_token"])


def break_things(url: str) -> None:
    """A day that went well, and then bad events, a flood of duplicates and a library that changed what it sends."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    rows: list[tuple[Any, ...]] = []
    for number in range(40):
        device = f"device-{number % 8}"
        rows.append((uuid4(), "$pageview", device, {"$device_id": device}, yesterday.isoformat()))
    rows.append((uuid4(), "$identify", "user-1", {"$anon_distinct_id": "device-1"}, yesterday.isoformat()))
    repeated = (uuid4(), "Order created", "device-2", {"$device_id": "device-2"}, datetime.now(UTC).isoformat())
    rows += [repeated] * 40
    rows += [("no-uuid", HOSTILE, "device-3", {HOSTILE: HOSTILE}, None)] * 2
    rows += [(uuid4(), "", "device-3", {"plan": "pro"}, None)] * 3
    rows += [(uuid4(), "Signed up", None, {}, None)]
    rows += [(uuid4(), "page", "device-4", {"$device_id": "device-4"}, "last tuesday")] * 2
    with psycopg.connect(url) as db:
        for uuid, event, distinct_id, properties, timestamp in rows:
            db.execute(
                "insert into landing.event (uuid, event, distinct_id, properties, timestamp)"
                " values (%s, %s, %s, %s, %s)",
                (str(uuid), event, distinct_id, json_text(properties), timestamp),
            )


def log_in(page: Page, airflow: Airflow, user: str) -> None:
    page.goto(airflow.url)
    page.get_by_label("Username").fill(user)
    page.locator("input[type=password]").fill(airflow.passwords[user])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Quality")).to_be_visible(timeout=30_000)


def shot(page: Page, name: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


def overview(page: Page, airflow: Airflow, says: str, seconds: float = 420.0) -> FrameLocator:
    """The page in Airflow's frame, once it says this.

    The longest wait is that for its age: a run that had begun ends, up to two minutes later the page is built once
    more, and it is old two minutes after that.
    """
    until = time.monotonic() + seconds
    frame = page.frame_locator("iframe")
    while True:
        page.goto(page_url(airflow.url), wait_until="commit")
        try:
            expect(frame.locator("body")).to_contain_text(says, timeout=15_000)
        except AssertionError:
            if time.monotonic() > until:
                shot(page, "failed")
                raise
        else:
            return frame


@pytest.mark.timeout(900)
def test_an_auditor_opens_the_page_and_gets_answers(
    chromium: Browser,
    home: Path,  # noqa: F811
    start: Callable[..., Program],  # noqa: F811
) -> None:
    up = start("up", ETL_LATE_AFTER_SECONDS="120")
    text = up.wait_for(lambda text: "Logs are in" in text)
    airflow = Airflow(text)
    writer = re.search(r'psql "(postgresql://writer:[^"]+)"', text)
    assert writer
    break_things(writer[1])

    for path in (f"/{PAGE}/index.html", f"/{PAGE}/quarantine.html", f"/{PAGE}/"):
        assert airflow.call(path)[0] == 401
    auditor = airflow.token("auditor")
    assert airflow.call(f"/api/v2/dags/{INGEST}/dagRuns", auditor, {"logical_date": None})[0] == 403
    assert airflow.call(f"/api/v2/dags/{INGEST}", auditor, {"is_paused": True}, "PATCH")[0] == 403

    context = chromium.new_context(viewport={"width": 1360, "height": 900})
    context.set_default_timeout(60_000)
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if "Content Security" in message.text else None)
    log_in(page, airflow, "auditor")
    frame = overview(page, airflow, "of the rows loaded that day were refused")
    shot(page, "overview-in-airflow")

    body = frame.locator("body")
    expect(frame.get_by_role("heading", level=1)).to_have_text("Can the numbers be trusted?")
    expect(frame.locator("#today")).to_contain_text("Today is usable, but look at this first.")
    expect(body).to_contain_text("The event's name is empty.")
    expect(frame.locator("#yesterday")).to_contain_text("8 unique users")
    expect(body).to_contain_text("9 ids were active, 1 of them another id of somebody counted already")
    expect(body).to_contain_text("Is every row accounted for?")
    expect(body).to_contain_text("timestamp")

    frame.get_by_role("link", name="The event's name is empty.").first.click()
    expect(frame.get_by_role("heading", level=1)).to_have_text("Quarantine")
    expect(body).to_contain_text("Send a name in event.")
    expect(body).to_contain_text(HOSTILE)
    shot(page, "quarantine-in-airflow")
    frame.get_by_role("link", name=re.compile(r"batch \d+")).first.click()
    expect(frame.get_by_role("heading", level=1)).to_have_text(re.compile(r"Batch \d+"))
    expect(body).to_contain_text("Where every row went")
    shot(page, "batch-in-airflow")
    assert page.title() != "owned"
    assert problems == []
    for path in (f"/{PAGE}/../../etc/passwd", f"/{PAGE}/%2e%2e/airflow/passwords.json", f"/{PAGE}/.manifest.json"):
        status, answer = airflow.call(path, auditor)
        assert status == 404 or "Airflow" in answer, path
        assert "passw" not in answer.replace("type", ""), path

    look_at_the_files(chromium, home / "var" / "report")
    go_silent(page, airflow)
    context.close()
    up.stop(signal.SIGTERM)


def look_at_the_files(browser: Browser, site: Path) -> None:
    """The same pages as files, offline: phone and desktop, light and dark; nothing is wider than the window."""
    batch = max(site.glob("batch/*.html"), key=lambda file: int(file.stem))
    day = max(site.glob("day/*.html"))
    names = {"overview": "index.html", "days": "days.html", "batches": "batches.html", "quarantine": "quarantine.html"}
    names |= {"words": "words.html", "batch": str(batch), "day": str(day)}
    for width, scheme in ((1280, "light"), (390, "light"), (390, "dark"), (1280, "dark")):
        context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme, offline=True)
        page = context.new_page()
        errors: list[str] = []
        page.on("console", lambda message: errors.append(message.text))  # noqa: B023 - used within the turn
        for name, file in names.items():
            page.goto((site / file).as_uri())
            assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), file
            shot(page, f"{name}-{width}-{scheme}")
        assert errors == []
        context.close()


def go_silent(page: Page, airflow: Airflow) -> None:
    """`events_ingest` is paused: the page must not go on saying that all is well."""
    admin = airflow.token("admin")
    assert airflow.call(f"/api/v2/dags/{INGEST}", admin, {"is_paused": True}, "PATCH")[0] == 200
    overview(page, airflow, "min old")
    shot(page, "silence-in-airflow")
    assert airflow.call(f"/api/v2/dags/{REPORT}/dagRuns", admin, {"logical_date": None})[0] == 200
    frame = overview(page, airflow, "The newest batch is late")
    expect(frame.locator("#pipeline")).to_contain_text("Events are not loaded in time.")
    expect(frame.locator("#yesterday")).not_to_contain_text("late")
    shot(page, "late-in-airflow")


AXE = (FOLDER / "node_modules" / "axe-core" / "axe.min.js").read_text
FOUND = "axe.run().then(found => found.violations.map(each => `${each.id}: ${each.nodes[0].html}`))"


@pytest.fixture
def site(database: str, db: Db, settings: Settings, tmp_path: Path) -> Path:
    """Every page with something of everything on it."""
    generate(db, 3000, datetime.now(UTC) - timedelta(minutes=2))
    for text in (HOSTILE, "long" * 100, "Viewed item 7"):
        land(db, text[:300], None, properties={text[:300]: text, "$lib": "web"})
        land(db, text[:300], text[:250], timestamp=text[:99], properties={"$lib": "web", "$device_id": text[:250]})
    for kind in kinds():
        db.execute(
            """insert into ops.incident (kind, team_id, subject, since_at, last_at, events, users, detail, examples)
               values (%s, 1, %s, now() - interval '1 day', now(), 1234, 56, 'so many of so many', '["a", "b"]')""",
            (kind, HOSTILE),
        )
    acknowledge(db, 1, by="ann", why="a deploy")
    run_cycle(db, settings)
    refresh(db, settings)
    check_days(db)
    check_warehouse(db)
    db.execute(
        """insert into ops.audit_run (is_period, first_batch_id, last_batch_id, events, seconds, troubles)
           values (false, 1, 3001, 15000, 1.5, '[]')"""
    )
    build(database, settings, tmp_path)
    return tmp_path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_no_page_has_a_barrier(chromium: Browser, site: Path, width: int, scheme: Any) -> None:
    """What axe finds: contrast, names, headings, landmarks, areas that the keyboard cannot reach."""
    names = [str(path.relative_to(site)) for path in sorted(site.glob("*.html"))]
    names += [str(min(site.glob(f"{folder}/*.html")).relative_to(site)) for folder in ("day", "batch")]
    assert len(names) == 12
    # The pages allow no script, so the tool that looks at them must go past that.
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    found = {}
    for name in names:
        page.goto((site / name).as_uri())
        page.evaluate(AXE())
        found[name] = page.evaluate(FOUND)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name
    context.close()
    assert {name: each for name, each in found.items() if each} == {}


def test_a_reader_with_a_keyboard_gets_past_the_navigation_and_keeps_what_they_open(
    chromium: Browser, site: Path
) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.clock.install()
    page.goto((site / "index.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.tagName") == "MAIN"
    summary = page.locator("summary").first
    summary.focus()
    page.keyboard.press("Enter")
    page.clock.fast_forward("15:00")
    assert page.evaluate("document.querySelector('details').open")
    assert page.locator("meta[http-equiv=refresh]").count() == 0
    context.close()


def test_a_printed_page_has_its_numbers_and_not_its_navigation(chromium: Browser, site: Path) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.emulate_media(media="print")
    page.goto((site / "index.html").as_uri())
    expect(page.locator("nav")).to_be_hidden()
    expect(page.locator("#yesterday .big")).to_be_visible()
    expect(page.locator(".stale")).to_be_hidden()
    context.close()
